package app

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/checks"
	"github.com/bonafide-app/bonafide/app/metrics"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/queue"
	"github.com/bonafide-app/bonafide/app/registry"
	"github.com/bonafide-app/bonafide/app/report"
	"github.com/bonafide-app/bonafide/app/review"
	"github.com/bonafide-app/bonafide/app/upkeep"
)

// part is the logger of a part of the server: a line that is about no job names it.
func part(log zerolog.Logger, name string) zerolog.Logger {
	return log.With().Str("part", name).Logger()
}

// seen is work that is measured, and told of in one line when it ends. All lines that
// are written under its context say which job they are about.
func (a *App) seen(work queue.Work) queue.Work {
	return func(ctx context.Context, job queue.Job, attempt queue.Attempt) error {
		t := &trace{stages: map[review.Stage]time.Duration{}, metrics: a.metrics, head: job.Named()}
		log := job.Fields(a.log.With()).Logger().Hook(t)
		ctx = log.WithContext(ctx)
		began := time.Now()
		err := work(review.WithWatcher(ctx, t), job, attempt)
		took, outcome := time.Since(began), string(attempt.Outcome(ctx, err))
		if errors.Is(err, review.ErrSuperseded) || errors.Is(context.Cause(ctx), review.ErrSuperseded) {
			outcome = "superseded"
		}
		a.metrics.Attempt(string(job.Kind), outcome, took, attempt.Waited)
		a.firsts(ctx, job, attempt, t)
		line := log.Info().Str("result", outcome).Int("attempt", attempt.N).Dur("took", took).Dur("waited", attempt.Waited)
		if err != nil {
			line = line.Str("why", err.Error())
			if cause := review.Cause(err); cause != "" {
				line = line.Str("cause", cause)
			}
		}
		t.end(line).Msg("an attempt at a job ended")
		return err
	}
}

// trace is what is told of one attempt. It is a review.Watcher.
type trace struct {
	metrics *metrics.Metrics

	mu        sync.Mutex
	head      string
	stages    map[review.Stage]time.Duration
	published []published
}

// published is a completed check, in numbers.
type published struct {
	sha, conclusion    string
	packages, findings int
	anew               bool // it was not complete before
	at                 time.Time
}

// Run implements zerolog.Hook: every line says which head the job is about, as far as
// that is known by then.
func (t *trace) Run(e *zerolog.Event, _ zerolog.Level, _ string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e.Str("head", t.head)
}

// Judging implements review.Watcher.
func (t *trace) Judging(sha string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.head = sha
}

// Took implements review.Watcher.
func (t *trace) Took(stage review.Stage, d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stages[stage] += d
}

// Published implements review.Watcher.
func (t *trace) Published(run review.Run, check report.Check) {
	p := published{sha: run.HeadSHA, conclusion: "broken", anew: !run.Completed, at: time.Now()}
	if check.Broken == "" {
		p.conclusion = string(check.Conclusion())
	}
	for _, s := range check.Sections {
		p.packages += len(s.Report.Packages)
		p.findings += len(s.Report.Findings)
	}
	t.metrics.Verdict(p.conclusion)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.published = append(t.published, p)
}

// end counts the stages, and tells of everything.
func (t *trace) end(line *zerolog.Event) *zerolog.Event {
	t.mu.Lock()
	defer t.mu.Unlock()
	times := zerolog.Dict()
	for _, s := range slices.Sorted(maps.Keys(t.stages)) {
		t.metrics.Stage(string(s), t.stages[s])
		times.Dur(string(s), t.stages[s])
	}
	checks := zerolog.Arr()
	for _, p := range t.published {
		checks.Dict(zerolog.Dict().Str("commit", p.sha).Str("conclusion", p.conclusion).Int("packages", p.packages).Int("findings", p.findings))
	}
	return line.Dict("stages", times).Array("checks", checks)
}

// counted is a Verifier whose evidence is counted.
type counted struct {
	review.Verifier
	metrics *metrics.Metrics
}

func (c counted) Verify(ctx context.Context, s provenance.Subject) provenance.Evidence {
	e := c.Verifier.Verify(ctx, s)
	for kind, state := range map[string]provenance.State{
		"signature": e.Signature.State, "publish": e.Publish.State, "provenance": e.Provenance.State, "digest": e.Digest.State,
	} {
		if state != "" {
			c.metrics.Evidence(kind, string(state))
		}
	}
	return e
}

// facts is a Cache whose hits are counted.
type facts struct {
	provenance.Cache
	metrics *metrics.Metrics
}

func (f facts) Get(ctx context.Context, key string) ([]byte, bool, error) {
	value, ok, err := f.Cache.Get(ctx, key)
	switch {
	case err != nil:
		f.metrics.Fact("error")
	case ok:
		f.metrics.Fact("hit")
	default:
		f.metrics.Fact("miss")
	}
	return value, ok, err
}

// called tells of calls of GitHub.
func (a *App) called(c checks.Call) { a.metrics.GitHub(c.Method, c.Route, c.Status, c.Took) }

// asked tells of requests to registries.
func (a *App) asked(host string, result registry.Result, took time.Duration) {
	a.metrics.Registry(host, string(result), took)
}

// timed are tasks whose rounds are measured.
func (a *App) timed(tasks []upkeep.Task) []upkeep.Task {
	for i, t := range tasks {
		tasks[i].Do = func(ctx context.Context) error {
			result, began := "panic", time.Now()
			defer func() { a.metrics.Round(t.Name, result, time.Since(began)) }()
			err := t.Do(ctx)
			switch {
			case err == nil:
				result = "done"
			case errors.Is(ctx.Err(), context.Canceled):
				result = "interrupted"
			default:
				result = "failed"
			}
			return err
		}
	}
	return tasks
}

// beginning is a logger for the first line: which server this is, and what it goes by.
func (a *App) beginning(o Options) zerolog.Logger {
	rounds, trust := o.Rounds.withDefaults(), a.trust.Current()
	c := part(o.Logger, "server").With().Str("version", o.Version).Str("database", a.store.Name()).Int("workers", o.Workers).
		Stringer("try_for", o.TryFor).Stringer("sweep_every", rounds.SweepEvery).Stringer("reconcile_every", rounds.ReconcileEvery).
		Str("trust_root", trust.ID()).Strs("registries", o.Registries.Hosts())
	if end := trust.Expires(); !end.IsZero() { // else no end is known
		c = c.Time("trust_root_expires", end.UTC())
	}
	return c.Logger()
}

// show lets the metrics ask for what is so at the moment.
func (a *App) show(client *registry.Client) error {
	return a.metrics.Watch(metrics.State{
		Depth: a.queue.Depth, Limits: a.forge.Limits, Hosts: client.Hosts,
		Trust: a.trust.Status, Expires: func() time.Time { return a.trust.Current().Expires() }, Clock: time.Now,
	})
}
