// Package queue stores jobs durably and works on them: every delivery becomes a job
// before it is answered, and every job is tried until it is done or given up.
package queue

import (
	"context"
	"time"
)

// JobKind sorts jobs.
type JobKind string

// The kinds of jobs.
const (
	PullRequest JobKind = "pull_request" // judge a pull request's current head
	Commit      JobKind = "commit"       // judge all open pull requests with this head again
	MergeGroup  JobKind = "merge_group"  // judge a merge queue's group
	Close       JobKind = "close"        // a pull request was closed: end what runs for it, judge others with the same head
	Installed   JobKind = "installed"    // a repository was added, or all of an installation's where none is named: judge the open pull requests
	Evict       JobKind = "evict"        // an installation was suspended or deleted
	Command     JobKind = "command"      // somebody wrote a command on a pull request: answer it
	Button      JobKind = "button"       // somebody clicked on a button of a check that the review answers: do what it asks for
	Reconcile   JobKind = "reconcile"    // look for open pull requests of an installation that have no verdict
	Pushed      JobKind = "pushed"       // a branch was pushed to: judge again what its policy is about, if that differs
	Renamed     JobKind = "renamed"      // a repository has another name
	Removed     JobKind = "removed"      // a repository is gone, no longer ours to see, or archived: forget what is kept of it
	Inventory   JobKind = "inventory"    // look at the packages that a default branch has locked
	Release     JobKind = "release"      // something was released under a tag: look at what the registry has of it
	Retract     JobKind = "retract"      // what a command was written in was edited, deleted or dismissed: what it accepted falls
)

// Job is a webhook event translated into work. It holds ids only, no payload
// (PostgreSQL refuses NUL in JSON, payloads may hold secrets). It is stored before
// the delivery is answered. Every job reads the live state when it runs, so that
// order and doubles do not matter.
type Job struct {
	Delivery     string  `json:"delivery"` // GUID; the same job of one delivery is stored once
	Kind         JobKind `json:"kind"`
	Installation int64   `json:"installation"`
	RepositoryID int64   `json:"repository_id"`
	Owner        string  `json:"owner"`
	Repo         string  `json:"repo"`
	Number       int     `json:"number,omitempty"` // pull request
	// Head is the head SHA that a Commit, MergeGroup, Close or Button is about, or that a
	// branch was Pushed to; of a
	// PullRequest that was pushed to it is the head before the push.
	Head string `json:"head,omitempty"`
	// EventHead is the head SHA of a PullRequest as the event has it, or the commit that
	// whoever wrote a Command looked at; "" where it has none.
	EventHead string `json:"event_head,omitempty"`
	// HeadRef is a MergeGroup's branch, without refs/heads/; "" where it is not known.
	HeadRef string `json:"head_ref,omitempty"`
	Base    string `json:"base,omitempty"` // MergeGroup: the base SHA
	// BaseRef is the branch of a MergeGroup's base, or the one that was Pushed to; of a
	// PullRequest the base as the event has it, "" where it has none.
	BaseRef string `json:"base_ref,omitempty"`
	// Default says that a branch that was Pushed to is the repository's default one.
	Default bool `json:"default,omitempty"`
	// Tag is the one that a Release is about, without refs/tags/.
	Tag string `json:"tag,omitempty"`
	// Former is the name that a repository had until it was Renamed.
	Former string `json:"former,omitempty"`
	// Remark is the id of what a Command or Retract is written in, RemarkKind where that
	// stands: "review", "review_comment" or "issue_comment".
	Remark     int64  `json:"remark,omitempty"`
	RemarkKind string `json:"remark_kind,omitempty"`
	// Digest is the SHA-256, in hex, of a Command's whole text as the event has it: what
	// was edited since is no longer that text.
	Digest string `json:"digest,omitempty"`
	// Clicked is the review.Button that somebody clicked, Offered what it stood for (as
	// policy.Offered names it), By and ByID the login and the id of who did.
	Clicked string `json:"clicked,omitempty"`
	Offered int64  `json:"offered,omitempty"`
	By      string `json:"by,omitempty"`
	ByID    int64  `json:"by_id,omitempty"`
	// Note is what the check is to say besides the verdict, one bounded sentence.
	Note string `json:"note,omitempty"`
	// Due is when a verdict that stands was to be judged again, in unix ms; 0 for others.
	Due int64 `json:"due,omitempty"`
	// Bulk says that nobody waits for it: it never keeps others waiting.
	Bulk   bool   `json:"bulk,omitempty"`
	Reason string `json:"reason"` // "opened", "synchronize", "rerequested", …
}

// Queue stores jobs durably.
type Queue interface {
	// Enqueue returns only after the job would survive kill -9. The same delivery
	// twice is stored once. An error means that nothing was stored and that the
	// delivery must be refused, so that GitHub's log keeps it.
	Enqueue(ctx context.Context, job Job) error
}

// Attempt says which attempt at a job this is.
type Attempt struct {
	N       int           // 1 for the first
	Elapsed time.Duration // since the first attempt began, without what limits made it wait
	Waited  time.Duration // since the attempt was due
	Stored  time.Time     // when the job was
	// Last says that the time for trying is over: what could not be found out by now
	// is to be said. If this attempt fails too, the job is given up; an error that
	// asks for a pause still gets it.
	Last bool
	// Final says that not even an error that asks for a pause gets one.
	Final bool
	// Crashed says that the process has ended in the middle of this job again and
	// again, most likely because of it: it is to be given up without being done. Last
	// is set too.
	Crashed bool
}

// Work does one job. It ends when ctx does. Where another job has taken it over (the pull
// request has another head, another server was given it) ctx ends with a cause that wraps
// review.ErrSuperseded, and is fenced (review.Fenced) until then and after: the job is
// done again soon, on what is so then, which is no failed attempt. Its error decides what follows: one that
// has a method RetryAfter() time.Duration (found by errors.As) lets the job sleep
// that long, any other is retried with growing pauses. A sleep is not counted as trying,
// up to a day in all, where the error also has a method Limited() bool that says so: a
// limit had to be waited out. Work may see a job again that
// it was busy with when the process died.
type Work func(ctx context.Context, job Job, attempt Attempt) error
