package review

import (
	"context"
	"fmt"
)

// surroundings are what a job finds around a commit.
type surroundings struct {
	runs    Runs
	pulls   []Pull   // open, with the commit as their head
	targets []target // theirs; none where there are no pulls, or too many
}

// around asks for them, what needs no other answer at the same time. Where the error wraps
// ErrGone, gone says what is.
//
// A commit that has no check run of ours yet is taken for the head of the pull request
// alone that was seen with it, as it mostly is. Before anything is published all open ones
// are listed; whoever finds another one begins anew, and finds the run.
func (r *Runner) around(ctx context.Context, repo Repository, sha string, seen *Pull, guess early, try Try) (s surroundings, gone string, err error) {
	type listed struct {
		runs Runs
		err  error
	}
	runs := soon(ctx, "listing the check runs", func() (l listed) {
		l.runs, l.err = r.forge.Runs(ctx, repo, sha)
		return l
	}, listed{err: errPanic})
	defer runs()
	var alone []target
	var failed error
	if seen != nil {
		s.pulls = []Pull{*seen}
		alone, failed = r.targets(ctx, repo, s.pulls, guess)
	}
	if seen == nil || try.Last || runs().err == nil && !runs().runs.None() {
		if s.pulls, err = r.pulls(ctx, repo, sha, seen); err != nil {
			return s, "the repository", err
		}
	}
	switch {
	case len(s.pulls) == 0 || len(s.pulls) > MaxPulls:
		return s, "", nil
	case seen != nil && basesOf(s.pulls) == basesOf([]Pull{*seen}):
		s.targets, err = alone, failed
	default:
		s.targets, err = r.targets(ctx, repo, s.pulls, guess)
	}
	if err != nil {
		return s, "a branch that is merged into", err
	}
	if s.runs, err = runs().runs, runs().err; err != nil {
		return s, "the commit " + short(sha), fmt.Errorf("begin the check of %s: %w", short(sha), err)
	}
	return s, "", nil
}
