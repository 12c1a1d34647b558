package app

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/queue"
)

const (
	// opened is the reason of a job about a pull request that somebody has opened now.
	opened = "opened"
	// created is the reason of the jobs about an installation that is new.
	created = "created"
	// firstTime bounds what is asked of the database about first checks.
	firstTime = 2 * time.Second
	// once is when something that is done once would be done again.
	once = 100 * 365 * 24 * time.Hour
)

// firstOf is the key of when an installation was made, until it has a check.
func firstOf(installation int64) string { return fmt.Sprintf("first check/%d", installation) }

// begins keeps when an installation was made. That it could not is no reason to do less.
func (a *App) begins(ctx context.Context, installation int64, at time.Time) {
	isNew, err := a.store.Claim(ctx, firstOf(installation), once)
	if err == nil && isNew {
		err = a.store.SaveCursor(ctx, firstOf(installation), strconv.FormatInt(at.UnixMilli(), 10))
	}
	if err != nil {
		zerolog.Ctx(ctx).Warn().Err(err).Msg("when the installation was made could not be kept, and its first check is not measured")
	}
}

// firsts measures how long people had to wait for their first check: of a pull request since
// the delivery that it was opened with was stored, and of an installation since it was made.
func (a *App) firsts(ctx context.Context, job queue.Job, attempt queue.Attempt, t *trace) {
	done := t.first()
	if job.Kind != queue.PullRequest || done.IsZero() {
		return
	}
	if job.Reason == opened {
		a.metrics.First("opened", done.Sub(attempt.Stored))
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), firstTime)
	defer cancel()
	since, err := a.store.Cursor(ctx, firstOf(job.Installation))
	if err == nil && since == "" {
		return // it had one already
	}
	if err == nil {
		var ours bool
		if ours, err = a.store.DropCursor(ctx, firstOf(job.Installation), since); err == nil && !ours {
			return
		}
	}
	var ms int64
	if err == nil {
		ms, err = strconv.ParseInt(since, 10, 64)
	}
	if err != nil {
		zerolog.Ctx(ctx).Warn().Err(err).Msg("whether this is the installation's first check could not be found out, and is not measured")
		return
	}
	a.metrics.First("installed", done.Sub(time.UnixMilli(ms)))
}

// first is when the first check was completed that was not complete before; zero: none was.
func (t *trace) first() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range t.published {
		if p.anew {
			return p.at
		}
	}
	return time.Time{}
}
