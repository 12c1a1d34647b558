package review

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/report"
)

// Saver keeps a finished report. It may be nil in a Runner.
type Saver interface {
	SaveCheck(ctx context.Context, repo Repository, headSHA string, check report.Check) error
}

// Runner does the jobs: it asks the forge for the live state, reviews, and
// publishes. It is safe for concurrent use; the commits of one repository are
// judged one at a time each.
type Runner struct {
	forge       Forge
	reviewer    *Reviewer
	saver       Saver
	acceptances Acceptances
	leases      Leases
	ledger      Ledger
	memory      *Memory
}

// NewRunner makes a Runner. Without acceptances nothing can be accepted; without leases
// it must be the only one that writes.
func NewRunner(forge Forge, reviewer *Reviewer, saver Saver, acceptances Acceptances, leases Leases) (*Runner, error) {
	if forge == nil || reviewer == nil {
		return nil, errors.New("a runner needs a forge and a reviewer")
	}
	if leases == nil {
		leases = &ownLeases{}
	}
	return &Runner{
		forge: watched{forge}, reviewer: reviewer, saver: saver, acceptances: acceptances, leases: leases, ledger: noLedger{},
		memory: NewMemory(SmallMemory, LargeMemory),
	}, nil
}

// PullRequest judges a pull request's live head. The unfinished run of the head it
// had before a push ends cancelled.
func (r *Runner) PullRequest(ctx context.Context, repo Repository, number int, event Event, try Try) error {
	what := fmt.Sprintf("pull request %d", number)
	guess := r.early(ctx, repo, event.Base)
	pull, err := r.forge.PullRequest(ctx, repo, number)
	if errors.Is(err, ErrGone) {
		if err := try.Gone(ctx, what, err); err != nil {
			return err
		}
		return r.ledger.Drop(ctx, repo, number)
	} else if err != nil {
		return fmt.Errorf("read %s: %w", what, err)
	}
	if event.Before != "" && event.Before == pull.HeadSHA && event.Head != event.Before && try.Elapsed < patience && !try.Last {
		return &Later{After: try.wait(), Reason: what + ": GitHub still shows the head before the push"}
	}
	// What it left behind must not keep its new head waiting.
	left := soon(ctx, "ending the run of the head before", func() (left error) {
		for _, sha := range []string{event.Before, event.Head} { // an earlier attempt may have begun the event's own head
			if sha != "" && sha != pull.HeadSHA {
				left = errors.Join(left, try.aside(ctx, "end the run of the head before", r.leave(ctx, repo, number, sha, try)))
			}
		}
		return left
	}, errPanic)
	if !pull.Open {
		err = errors.Join(r.Ended(ctx, repo, number), r.Closed(ctx, repo, pull.HeadSHA, try))
	} else {
		err = r.commit(ctx, repo, pull.HeadSHA, &pull, guess, try)
	}
	return errors.Join(left(), err)
}

// leave is Closed for a commit that a pull request was pushed on from. Mostly its check is
// completed by then, and was about nothing else.
func (r *Runner) leave(ctx context.Context, repo Repository, number int, sha string, try Try) error {
	runs, err := r.forge.Runs(ctx, repo, sha)
	if err == nil && runs.Outlives(number) {
		return nil
	}
	return r.Closed(ctx, repo, sha, try)
}

// Closed ends what runs for a commit that a pull request has left: it was closed, or
// pushed on. Other open pull requests with that head are judged without it.
func (r *Runner) Closed(ctx context.Context, repo Repository, sha string, try Try) error {
	pulls, err := r.forge.OpenPulls(ctx, repo, sha)
	switch {
	case errors.Is(err, ErrGone):
		return try.Gone(ctx, "the repository", err)
	case err != nil:
		return fmt.Errorf("list the pull requests at %s: %w", short(sha), err)
	case len(pulls) > 0:
		return r.commit(ctx, repo, sha, nil, early{}, try)
	}
	ctx, release, err := r.lease(ctx, key(repo, sha), "commit", try)
	if err != nil {
		return err
	}
	defer release()
	if err := r.forge.Cancel(ctx, repo, sha, "No open pull request has this commit as its head any more."); err != nil && !errors.Is(err, ErrGone) {
		return fmt.Errorf("cancel the run of %s: %w", short(sha), err)
	}
	return nil
}

// Commit judges all open pull requests whose head is sha and publishes the worst
// verdict on it: a check belongs to a commit, and several pull requests may share one.
func (r *Runner) Commit(ctx context.Context, repo Repository, sha string, try Try) error {
	return r.commit(ctx, repo, sha, nil, early{}, try)
}

// commit is Commit. seen is a pull request that was just read with this head, which
// a list that lags may not show yet.
func (r *Runner) commit(ctx context.Context, repo Repository, sha string, seen *Pull, guess early, try Try) error {
	ctx, release, err := r.lease(ctx, key(repo, sha), "commit", try)
	if err != nil {
		return err
	}
	defer release()
	found, gone, err := r.around(ctx, repo, sha, seen, guess, try)
	if errors.Is(err, ErrGone) {
		return try.Gone(ctx, gone, err)
	} else if err != nil {
		return err
	}
	pulls, targets := found.pulls, found.targets
	if len(pulls) == 0 {
		zerolog.Ctx(ctx).Info().Msg("no open pull request has this head")
		return r.cancel(ctx, repo, sha)
	}
	if len(pulls) > MaxPulls {
		return r.refuse(ctx, repo, sha, fmt.Sprintf("More than %d open pull requests have this commit as their head. Close some of them and run the check again.", MaxPulls))
	}
	for i, t := range targets {
		if seen != nil && seen.Number == t.pull {
			targets[i].note = try.Note
		}
	}
	check, err := r.publish(ctx, repo, sha, found.runs, targets, try, func(ctx context.Context) (ground, error) {
		now, err := r.still(ctx, repo, sha, seen)
		if err != nil {
			return "", err
		}
		return basesOf(now), nil
	}, basesOf(pulls))
	if err != nil || check == nil {
		return err
	}
	for i, p := range pulls {
		if try.Silent {
			continue
		}
		rep := check.Sections[i].Report
		if p.Draft { // nothing new is said; what was said before it became one is still kept true
			rep.Comments = policy.CommentNothing
		}
		if err := r.comment(ctx, repo, p, rep, try); err != nil && !errors.Is(err, ErrGone) {
			err = fmt.Errorf("comment on pull request %d: %w", p.Number, err)
			if err := try.aside(ctx, "comment", err); err != nil {
				return err
			}
		}
	}
	return try.again(check)
}

// cancel ends what is unfinished of a commit that nothing open has any more.
func (r *Runner) cancel(ctx context.Context, repo Repository, sha string) error {
	if err := r.forge.Cancel(ctx, repo, sha, "Nothing open has this commit as its head any more."); err != nil && !errors.Is(err, ErrGone) {
		return fmt.Errorf("cancel the run of %s: %w", short(sha), err)
	}
	return nil
}

// comment comments on a pull request. A job about another commit of it must not say the
// same at the same time.
func (r *Runner) comment(ctx context.Context, repo Repository, p Pull, rep report.Report, try Try) error {
	if len(report.Comments(rep)) > 0 { // else nothing new is said
		leased, release, err := r.lease(ctx, pullKey(repo, p.Number), "pull request", try)
		if err != nil {
			return err
		}
		defer release()
		ctx = leased
	}
	return r.forge.Comment(ctx, repo, p, rep)
}

// pulls are the open pull requests with a head, seen among them.
func (r *Runner) pulls(ctx context.Context, repo Repository, sha string, seen *Pull) ([]Pull, error) {
	pulls, err := r.forge.OpenPulls(ctx, repo, sha)
	if err != nil {
		return nil, fmt.Errorf("list the pull requests at %s: %w", short(sha), err)
	}
	if seen != nil && !slices.ContainsFunc(pulls, func(p Pull) bool { return p.Number == seen.Number }) {
		pulls = withPull(pulls, *seen)
	}
	return pulls, nil
}

// still are the open pull requests that have a head now. A list that lags and leaves out
// the one that was seen is not taken at its word.
func (r *Runner) still(ctx context.Context, repo Repository, sha string, seen *Pull) ([]Pull, error) {
	pulls, err := r.pulls(ctx, repo, sha, nil)
	if err != nil || seen == nil || slices.ContainsFunc(pulls, func(p Pull) bool { return p.Number == seen.Number }) {
		return pulls, err
	}
	now, err := r.forge.PullRequest(ctx, repo, seen.Number)
	switch {
	case errors.Is(err, ErrGone), err == nil && (!now.Open || now.HeadSHA != sha):
		return pulls, nil
	case err != nil:
		return nil, fmt.Errorf("read pull request %d: %w", seen.Number, err)
	}
	return withPull(pulls, now), nil
}

// withPull adds a pull request to some, by number.
func withPull(pulls []Pull, p Pull) []Pull {
	pulls = append(pulls, p)
	slices.SortFunc(pulls, func(a, b Pull) int { return cmp.Compare(a.Number, b.Number) })
	return pulls
}

// AllPulls lists the open pull requests of a repository, newest first.
func (r *Runner) AllPulls(ctx context.Context, repo Repository) ([]Pull, error) {
	return r.forge.AllPulls(ctx, repo)
}

// key and pullKey name leases. A repository's number is the same for the jobs of before and
// after it was renamed.
func key(repo Repository, sha string) string { return fmt.Sprintf("%d@%s", repo.ID, sha) }

func pullKey(repo Repository, number int) string { return fmt.Sprintf("%d#%d", repo.ID, number) }

func short(sha string) string {
	if len(sha) > 7 {
		return sha[:7]
	}
	return sha
}
