package review

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/mask"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/report"
)

// GiveUp completes the check of a job that failed for good: of a pull request's live
// head, or of the commit head where number is 0. It publishes no verdict. One that was
// published on the very ground that a new one would rest on stands; where that cannot
// be found out the check fails, because it may stand on another.
func (r *Runner) GiveUp(ctx context.Context, repo Repository, number int, head string, cause error) error {
	var seen *Pull
	if number > 0 {
		pull, err := r.forge.PullRequest(ctx, repo, number)
		if errors.Is(err, ErrGone) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read pull request %d: %w", number, err)
		}
		if !pull.Open {
			return nil
		}
		head, seen = pull.HeadSHA, &pull
	}
	if head == "" {
		return nil
	}
	ctx, release, err := r.lease(ctx, key(repo, head), "commit", Try{})
	if err != nil {
		return err
	}
	defer release()
	if r.stands(ctx, repo, head, seen) {
		zerolog.Ctx(ctx).Error().Err(cause).Msg("gave up; the verdict stands that was published on the same ground")
		return nil
	}
	return r.refuse(ctx, repo, head, broken(cause))
}

// stands says whether there is a verdict on what a new one would rest on, and not in doubt
// for too long. What made the
// job fail, be it a panic, must not keep its check from being completed.
func (r *Runner) stands(ctx context.Context, repo Repository, sha string, seen *Pull) (yes bool) {
	defer func() {
		if p := recover(); p != nil {
			zerolog.Ctx(ctx).Error().Interface("panic", p).Bytes("stack", debug.Stack()).Msg("panic while looking for a verdict that stands")
			yes = false
		}
	}()
	pulls, err := r.pulls(ctx, repo, sha, seen)
	if err != nil || len(pulls) == 0 || len(pulls) > MaxPulls {
		return false
	}
	targets, err := r.targets(ctx, repo, pulls, early{})
	if err != nil {
		return false
	}
	for _, p := range pulls {
		v, _, err := r.ledger.Standing(ctx, repo, p.Number)
		if err != nil || !v.Doubt.IsZero() && r.reviewer.clock().Sub(v.Doubt) >= maxDoubt {
			return false
		}
	}
	is, err := r.forge.Stands(ctx, repo, sha, restsOn(targets, ""))
	return err == nil && is
}

// refuse completes the check of a commit as failed, without a verdict.
func (r *Runner) refuse(ctx context.Context, repo Repository, sha, reason string) error {
	run, err := r.forge.Begin(ctx, repo, sha, "no verdict: "+reason)
	if err == nil {
		err = r.forge.Finish(ctx, run, report.Check{Broken: reason})
	}
	if errors.Is(err, ErrGone) {
		return nil
	} else if err != nil {
		return fmt.Errorf("complete the check of %s: %w", short(sha), err)
	}
	return r.ledger.Broke(ctx, repo, sha)
}

// excused says whether every policy lets what could not be verified be: they could be
// read, and what did not answer was GitHub or a registry. A job that ran out of its time
// or crashed is no such thing: a pull request can be made to do that.
func (r *Runner) excused(ctx context.Context, repo Repository, targets []target, cause error) bool {
	if later := (*Later)(nil); !errors.As(cause, &later) || errors.Is(cause, context.DeadlineExceeded) {
		return false
	}
	for _, t := range targets {
		p, problem, err := r.forge.Policy(ctx, repo, t.policyAt)
		if err != nil || problem != nil || p.OnUnknown != policy.UnknownNeutral {
			return false
		}
	}
	return len(targets) > 0
}

// broken is what people read where the job failed for good.
func broken(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "The time for this check ran out before everything was looked at. Re-run it."
	}
	var later *Later
	if errors.As(err, &later) {
		return "GitHub or a registry did not answer for too long: " + mask.Text(later.Reason) + ". Re-run the check."
	}
	return "Bonafide could not finish this check: " + mask.Text(err.Error()) + ". Re-run it; if it fails again, the operator's log has the details."
}
