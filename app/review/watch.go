package review

import (
	"context"
	"time"

	"github.com/bonafide-app/bonafide/app/report"
)

// Stage is a part of what a job does.
type Stage string

// The stages, in their order. Some go on at the same time for several pull requests of
// one commit; a job's time of a stage is the sum.
const (
	StageRead     Stage = "read"     // GitHub was asked what there is
	StageParse    Stage = "parse"    // lockfiles were read and compared
	StageEvidence Stage = "evidence" // registries were asked, and what they said was verified
	StageJudge    Stage = "judge"    // the policy was applied
	StagePublish  Stage = "publish"  // the check and the comments were written
)

// Watcher is told how a job goes. It must be safe for concurrent use and quick.
type Watcher interface {
	// Took is told that a stage went on for so long.
	Took(stage Stage, d time.Duration)
	// Judging is told which commit the job turned out to be about.
	Judging(sha string)
	// Published is told that the check of a commit is complete; one that was before has
	// run.Completed.
	Published(run Run, check report.Check)
}

type watcherKey struct{}

// WithWatcher lets w be told of what is done under the context.
func WithWatcher(ctx context.Context, w Watcher) context.Context {
	return context.WithValue(ctx, watcherKey{}, w)
}

// watch begins a stage and returns what ends it.
func watch(ctx context.Context, s Stage) (end func()) {
	w, ok := ctx.Value(watcherKey{}).(Watcher)
	if !ok {
		return func() {}
	}
	began := time.Now()
	return func() { w.Took(s, time.Since(began)) }
}

func judging(ctx context.Context, sha string) {
	if w, ok := ctx.Value(watcherKey{}).(Watcher); ok {
		w.Judging(sha)
	}
}

// watched is a Forge whose calls are told as stages. Those that a review's reading
// consists of are told as one by the Runner.
type watched struct{ Forge }

func (f watched) PullRequest(ctx context.Context, repo Repository, number int) (Pull, error) {
	defer watch(ctx, StageRead)()
	pull, err := f.Forge.PullRequest(ctx, repo, number)
	if err == nil {
		judging(ctx, pull.HeadSHA)
	}
	return pull, err
}

func (f watched) OpenPulls(ctx context.Context, repo Repository, sha string) ([]Pull, error) {
	defer watch(ctx, StageRead)()
	return f.Forge.OpenPulls(ctx, repo, sha)
}

func (f watched) AllPulls(ctx context.Context, repo Repository) ([]Pull, error) {
	defer watch(ctx, StageRead)()
	return f.Forge.AllPulls(ctx, repo)
}

func (f watched) Tip(ctx context.Context, repo Repository, branch string) (string, error) {
	defer watch(ctx, StageRead)()
	return f.Forge.Tip(ctx, repo, branch)
}

func (f watched) Home(ctx context.Context, repo Repository) (Home, error) {
	defer watch(ctx, StageRead)()
	return f.Forge.Home(ctx, repo)
}

func (f watched) Begin(ctx context.Context, repo Repository, sha, ground string) (Run, error) {
	defer watch(ctx, StagePublish)()
	judging(ctx, sha)
	return f.Forge.Begin(ctx, repo, sha, ground)
}

func (f watched) Runs(ctx context.Context, repo Repository, sha string) (Runs, error) {
	defer watch(ctx, StageRead)()
	runs, err := f.Forge.Runs(ctx, repo, sha)
	return watchedRuns{runs, sha}, err
}

type watchedRuns struct {
	Runs
	sha string
}

func (l watchedRuns) Begin(ctx context.Context, ground string) (Run, error) {
	defer watch(ctx, StagePublish)()
	judging(ctx, l.sha)
	return l.Runs.Begin(ctx, ground)
}

func (f watched) Standing(ctx context.Context, repo Repository, sha string) (Run, bool, error) {
	defer watch(ctx, StageRead)()
	judging(ctx, sha)
	return f.Forge.Standing(ctx, repo, sha)
}

func (f watched) Finish(ctx context.Context, run Run, check report.Check) error {
	defer watch(ctx, StagePublish)()
	err := f.Forge.Finish(ctx, run, check)
	if w, ok := ctx.Value(watcherKey{}).(Watcher); ok && err == nil {
		w.Published(run, check)
	}
	return err
}

func (f watched) Cancel(ctx context.Context, repo Repository, sha, reason string) error {
	defer watch(ctx, StagePublish)()
	return f.Forge.Cancel(ctx, repo, sha, reason)
}

func (f watched) Comment(ctx context.Context, repo Repository, pull Pull, r report.Report) error {
	defer watch(ctx, StagePublish)()
	return f.Forge.Comment(ctx, repo, pull, r)
}
