package review

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/report"
)

// publish judges every target and completes the commit's check run with the worst
// verdict. now says what the verdict would be about at the end; where that is no
// longer was, nothing is published: a verdict about another base must not stand even
// for a moment. The check is nil where there was nothing to publish on. runs are those of
// the commit, nil where they were not asked for yet.
//
// The check run is begun while the files are read: neither needs the other.
func (r *Runner) publish(ctx context.Context, repo Repository, sha string, runs Runs, targets []target, try Try, now func(context.Context) (ground, error), was ground) (*report.Check, error) {
	at, trust := r.reviewer.clock(), r.ledger.Trust() // what changes from now on is a reason to judge again
	working, stop := context.WithCancel(ctx)
	defer stop()
	begun := soon(ctx, "beginning a check", func() (b begun) {
		b.run, b.quiet, b.err = r.begin(ctx, repo, sha, runs, targets, try)
		if b.err != nil {
			stop() // there is nothing to publish on
		}
		return b
	}, begun{err: errPanic})
	questions := slices.Clone(targets)
	for i := range questions {
		questions[i].pins = func() bool { return try.Pins || begun().run.ShowPins }
	}
	var found ruling
	leave, err := r.memory.Do(working, try.patience(ctx), func(ctx context.Context) (err error) {
		found, err = r.judge(ctx, repo, sha, questions)
		return err
	})
	defer leave()
	run, quiet := begun().run, begun().quiet
	if err := begun().err; errors.Is(err, ErrGone) {
		return nil, try.Gone(ctx, "the commit "+short(sha), err)
	} else if err != nil {
		return nil, fmt.Errorf("begin the check of %s: %w", short(sha), err)
	}
	if cause := superseded(ctx); cause != nil {
		return nil, cause
	}
	if err != nil && !try.Last {
		return nil, err
	}
	check, verdicts := found.Check, found.verdicts(targets, sha, trust, at)
	if err == nil && quiet {
		if publish, err := r.reconsider(ctx, repo, check, verdicts, try); err != nil || !publish {
			return nil, err
		}
	}
	if err == nil && !quiet && !try.Last {
		if reason := unanswered(check, try); reason != "" {
			return nil, &Later{After: max(try.wait(), r.reviewer.rest()), Reason: reason}
		}
	}
	if err != nil && quiet {
		if tooLong, failed := r.doubted(ctx, repo, numbers(targets)...); failed != nil || !tooLong {
			zerolog.Ctx(ctx).Error().Err(err).Msg("gave up to judge again; the verdict stands")
			return nil, failed
		}
	} else if err != nil && run.Completed {
		// A verdict on this very ground stands; only what is beside it was asked for again.
		zerolog.Ctx(ctx).Error().Err(err).Msg("gave up to ask again; the verdict stands")
		return nil, nil
	}
	if err != nil {
		zerolog.Ctx(ctx).Error().Err(err).Msg("giving up")
		check = report.Check{Broken: broken(err), Excused: r.excused(ctx, repo, targets, err)}
	}
	is, err := now(ctx)
	switch {
	case errors.Is(err, ErrGone):
		return nil, try.Gone(ctx, "the repository", err)
	case err != nil:
		return nil, fmt.Errorf("look again at what %s is for: %w", short(sha), err)
	case is == noGround:
		return nil, r.cancel(ctx, repo, sha)
	case is != was:
		return nil, &Later{After: minWait, Reason: "the pull requests with this head changed while it was judged"}
	}
	if err := r.forge.Finish(ctx, run, check); err != nil {
		return nil, fmt.Errorf("complete the check of %s: %w", short(sha), err)
	}
	r.record(ctx, repo, verdicts)
	if r.saver != nil {
		if err := r.saver.SaveCheck(ctx, repo, sha, check); err != nil {
			// The verdict stands on the commit; that it is not kept here is said and no more.
			zerolog.Ctx(ctx).Error().Err(err).Msg("the report could not be stored")
		}
	}
	if check.Broken != "" {
		return nil, r.ledger.Broke(ctx, repo, sha)
	}
	return &check, nil
}

// numbers are the pull requests that some targets are about.
func numbers(targets []target) (list []int) {
	for _, t := range targets {
		if t.pull > 0 {
			list = append(list, t.pull)
		}
	}
	return list
}

// begun is what came of taking up a check run.
type begun struct {
	run   Run
	quiet bool
	err   error
}

// begin takes up the check run of a commit. A quiet run leaves one with a verdict as it
// is; where there is none, nothing stands that could be disturbed.
func (r *Runner) begin(ctx context.Context, repo Repository, sha string, runs Runs, targets []target, try Try) (run Run, quiet bool, err error) {
	if runs == nil {
		if runs, err = r.forge.Runs(ctx, repo, sha); err != nil {
			return run, false, err
		}
	}
	if try.Quiet {
		if run, quiet = runs.Standing(); quiet {
			return run, true, nil
		}
	}
	run, err = runs.Begin(ctx, restsOn(targets, try.Rerun))
	return run, false, err
}
