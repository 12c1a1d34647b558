package upkeep

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/queue"
	"github.com/bonafide-app/bonafide/app/review"
)

// Check is a check run of ours that was begun and, as far as is known, not completed.
type Check struct {
	Repository review.Repository
	Head       string
	Since      time.Time // when it was begun first
}

// Checks are the notes about check runs that were begun.
type Checks interface {
	// Unfinished lists those that were begun, or begun again, before a time, the oldest
	// first, limit at most.
	Unfinished(ctx context.Context, before time.Time, limit int) ([]Check, error)
	// Again makes one young.
	Again(ctx context.Context, c Check) error
	// Ended forgets one.
	Ended(ctx context.Context, repo review.Repository, sha string) error
}

// Watchdog finishes check runs that no job is busy with: its job was lost, or ended
// without a word. The job it makes judges the commit again, or ends the run as
// cancelled where nothing open has the commit. A round asks the database alone.
type Watchdog struct {
	Checks Checks
	Jobs   Jobs
	Every  time.Duration
	// Age is how long ago a check was begun that is looked after: longer than an attempt
	// may take.
	Age   time.Duration
	Clock func() time.Time
}

const watchdogTask = "watchdog"

// Task makes it one.
func (w *Watchdog) Task() Task { return Task{Name: watchdogTask, Every: w.Every, Do: w.Do} }

// Do does one round.
func (w *Watchdog) Do(ctx context.Context) error {
	now := w.Clock()
	list, err := w.Checks.Unfinished(ctx, now.Add(-w.Age), maxChecks)
	if err != nil {
		return err
	}
	var failed error
	for _, c := range list {
		if err := w.check(ctx, c, now); err != nil {
			failed = errors.Join(failed, fmt.Errorf("the unfinished check of %s/%s at %s: %w", c.Repository.Owner, c.Repository.Name, c.Head, err))
		}
	}
	return failed
}

func (w *Watchdog) check(ctx context.Context, c Check, now time.Time) error {
	log := zerolog.Ctx(ctx).With().Int64("installation", c.Repository.Installation).
		Str("repository", c.Repository.Owner+"/"+c.Repository.Name).Str("head", c.Head).Logger()
	jobs, err := w.Jobs.Open(ctx, c.Repository.ID)
	if err != nil {
		return err
	}
	alive := slices.ContainsFunc(jobs, func(j queue.Waiting) bool {
		return !j.GivenUp && (j.Head == c.Head || j.EventHead == c.Head || j.Kind == queue.PullRequest && j.EventHead == "")
	})
	switch {
	case !alive && now.Sub(c.Since) > maxUnfinished:
		log.Error().Msg("gave up a check that could not be finished for days: the repository is most likely out of reach")
		return w.Checks.Ended(ctx, c.Repository, c.Head)
	case !alive:
		err := w.Jobs.Enqueue(ctx, queue.Job{
			Delivery: fmt.Sprintf("%s/%d/%s/%d", watchdogTask, c.Repository.ID, c.Head, now.UnixMilli()), Kind: queue.Commit,
			Installation: c.Repository.Installation, RepositoryID: c.Repository.ID, Owner: c.Repository.Owner, Repo: c.Repository.Name,
			Head: c.Head, Reason: watchdogTask,
		})
		if err != nil {
			return err
		}
		log.Warn().Msg("a check was left unfinished; it is judged again")
	}
	// The others have their turn before this one is looked at again.
	return w.Checks.Again(ctx, c)
}
