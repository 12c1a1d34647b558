package review

import (
	"context"
	"errors"
	"time"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/report"
)

// ErrGone is wrapped by the methods of Forge where the pull request, the commit,
// the repository or the installation is no longer there, or no longer ours to see.
var ErrGone = errors.New("gone")

// Repository is where a job works.
type Repository struct {
	Installation int64
	Owner, Name  string
	// ID is GitHub's number of it. It stays where a repository is renamed, and another one
	// that takes its name has another.
	ID int64
}

// Pull is the live state of a pull request.
type Pull struct {
	Number  int
	Open    bool
	Draft   bool
	HeadSHA string
	BaseRef string // "main"
	BaseSHA string // the base branch's commit as GitHub states it for the pull request
	// AuthorID is the account that opened it, 0 where that is gone.
	AuthorID int64
}

// Event is what a webhook said of a pull request. It may be older or newer than
// what GitHub's API says a moment later.
type Event struct {
	Head   string // the head SHA, "" where the event has none
	Before string // the head SHA before a push, "" for other events
	Base   string // the branch that it is to be merged into, "" where it is not known
}

// early is the tip of a branch that is asked for before it is known to be needed.
type early struct {
	branch string // "" for none
	tip    func() tip
}

type tip struct {
	sha string
	err error
}

// Group is a merge queue's group.
type Group struct {
	HeadSHA, BaseSHA string
	HeadRef          string // "gh-readonly-queue/main/pr-7-…"; "" where it is not known
	BaseRef          string // "main", without refs/heads/
}

// Run is a check run of ours.
type Run struct {
	Repository Repository
	HeadSHA    string
	ID         int64
	// Completed says that the run was completed on the same ground before: the
	// result is published only if it differs.
	Completed bool
	// ShowPins says that somebody asked to see the pins of this commit's check.
	ShowPins bool
}

// Runs are our check runs of a commit, as they were when they were asked for: under the
// commit's lease nobody else changes them.
type Runs interface {
	// None says that there is none: nobody has looked at the commit yet.
	None() bool
	// Begin and Standing are those of Forge, without asking for the runs again.
	Begin(ctx context.Context, ground string) (Run, error)
	Standing() (run Run, ok bool)
	// Outlives says that nothing is left to be done where a pull request moves on from the
	// commit: all runs are completed, and what has a verdict passed for it alone.
	Outlives(pull int) bool
}

// Forge is what a review needs of GitHub. Package checks implements it. Every
// method may fail with an error that wraps ErrGone, or with a *Later.
type Forge interface {
	// PullRequest reads the live state.
	PullRequest(ctx context.Context, repo Repository, number int) (Pull, error)
	// OpenPulls lists the open pull requests of the repository whose head is sha,
	// from forks too, by number.
	OpenPulls(ctx context.Context, repo Repository, sha string) ([]Pull, error)
	// AllPulls lists the open pull requests, those first that were touched last, up to
	// 1,000.
	AllPulls(ctx context.Context, repo Repository) ([]Pull, error)
	// Tip is the commit at the tip of a branch.
	Tip(ctx context.Context, repo Repository, branch string) (string, error)
	// Policy reads the policy file of the repository at a commit; else that of the
	// owner's .github repository; else the default. A file with an error gives the
	// default policy and a problem of kind PolicyInvalid. The owner's floor is laid over it.
	Policy(ctx context.Context, repo Repository, sha string) (policy.Policy, *policy.Problem, error)
	// Proposed is what Policy would answer once the repository's policy file were the
	// given one; nil: it had none.
	Proposed(ctx context.Context, repo Repository, file *PolicyFile) (policy.Policy, *policy.Problem, error)
	// PolicyFile is the repository's own policy file at a commit, nil where it has none.
	PolicyFile(ctx context.Context, repo Repository, sha string) (*PolicyFile, error)
	// Trees reads both sides of a comparison: the merge base of base and head, and
	// head, both through repo, so that forks work.
	Trees(ctx context.Context, repo Repository, base, head string) (baseTree, headTree Tree, err error)
	// Home is the default branch with its tip. A repository that is archived is ErrGone.
	Home(ctx context.Context, repo Repository) (Home, error)
	// Tree is everything at a commit.
	Tree(ctx context.Context, repo Repository, sha string) (Tree, error)

	// Runs are our check runs of a commit. Nothing is written.
	Runs(ctx context.Context, repo Repository, sha string) (Runs, error)
	// Begin sets the check run of a commit to in_progress. ground says what the
	// verdict will rest on (pull requests, their bases): where a run of ours was
	// completed on the same ground, nothing is written and Completed is set.
	Begin(ctx context.Context, repo Repository, sha, ground string) (Run, error)
	// Standing is the newest run of a commit, where it was completed with a verdict; ok is
	// false where it was not. Nothing is written.
	Standing(ctx context.Context, repo Repository, sha string) (run Run, ok bool, err error)
	// Finish completes the run. It writes only what differs from what is there.
	Finish(ctx context.Context, run Run, check report.Check) error
	// Stands says whether a run of the commit was completed on that ground, and writes
	// nothing.
	Stands(ctx context.Context, repo Repository, sha, ground string) (bool, error)
	// Cancel completes our unfinished runs of a commit as cancelled, with a reason.
	Cancel(ctx context.Context, repo Repository, sha, reason string) error
	// Comment posts at most one review per head, and only for what is new; another one
	// where something became known as malware since. Where
	// comments are refused by GitHub the findings stay in the check alone.
	Comment(ctx context.Context, repo Repository, pull Pull, r report.Report) error

	// Remark reads what somebody wrote on a pull request.
	Remark(ctx context.Context, repo Repository, number int, ref RemarkRef) (Remark, error)
	// Role is what an account may do in the repository now. The id is held against the
	// login: another account may have the name by now.
	Role(ctx context.Context, repo Repository, login string, id int64) (Role, error)
	// React answers a remark with a reaction; a second one of its kind changes nothing.
	React(ctx context.Context, repo Repository, remark Remark, reaction Reaction) error
	// Merged are the commits that were merged into the group's base one after the other
	// to make the group's head: the second parents of the merges on the way. There are
	// none where pull requests are squashed or rebased.
	Merged(ctx context.Context, repo Repository, g Group) ([]string, error)
	// Hub asks GitHub as the repository's installation for what is public. It is never nil.
	Hub(repo Repository) Hub
}

// Later is an error that says when to ask again: a rate limit, or evidence that
// could not be had yet.
type Later struct {
	After  time.Duration // at least this long
	Reason string
	Err    error
	// Limit says that GitHub's limits make it wait: nothing was tried, so that the time
	// is not counted as time of trying.
	Limit bool
}

// Cause is what made a *Later say what it says, for operators: people read its reason, which
// leaves addresses and the words of libraries out. "" where there is none.
func Cause(err error) string {
	var later *Later
	if !errors.As(err, &later) || later.Err == nil {
		return ""
	}
	return later.Err.Error()
}

func (l *Later) Error() string { return l.Reason }
func (l *Later) Unwrap() error { return l.Err }

// RetryAfter tells the queue when to run the job again.
func (l *Later) RetryAfter() time.Duration { return l.After }

// Limited tells the queue not to count the wait.
func (l *Later) Limited() bool { return l.Limit }
