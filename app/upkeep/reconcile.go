package upkeep

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/queue"
	"github.com/bonafide-app/bonafide/app/review"
)

// Pushed is a repository and when it was pushed to last, the zero time where never.
type Pushed struct {
	review.Repository
	At time.Time
}

// Account is what GitHub knows of where the App is installed. Its errors are those of
// review.Forge.
type Account interface {
	// Installations are those that are not suspended.
	Installations(ctx context.Context) ([]int64, error)
	// Pushed lists the repositories of an installation that can be published in.
	Pushed(ctx context.Context, installation int64) ([]Pushed, error)
}

// Pulls lists the open pull requests of a repository, newest first.
type Pulls interface {
	AllPulls(ctx context.Context, repo review.Repository) ([]review.Pull, error)
}

// Judged says whether a completed verdict of ours is known on a pull request with that
// head into that branch. It asks nobody: what it does not know is judged once more.
type Judged interface {
	Judged(ctx context.Context, installation, repositoryID int64, number int, head, baseRef string) (bool, error)
}

// Jobs is the queue.
type Jobs interface {
	queue.Queue
	// Open lists a repository's jobs that are not done, and those that were given up and
	// are still remembered.
	Open(ctx context.Context, repositoryID int64) ([]queue.Waiting, error)
}

// Reconcile finds the open pull requests whose newest commit has no verdict of ours,
// whatever became of the deliveries about them, and makes a job of each. A round takes
// a request for each hundred installations; an installation's job one for each hundred
// repositories, and one for each repository that is looked at.
type Reconcile struct {
	Account Account
	Pulls   Pulls
	Judged  Judged
	Jobs    Jobs
	Cursors Cursors
	Claims  Claims
	Every   time.Duration
	Clock   func() time.Time
}

// reconcileTask is its name.
const reconcileTask = "reconcile"

// Task makes it one, done at every start, too.
func (r *Reconcile) Task() Task {
	return Task{Name: reconcileTask, Every: r.Every, AtStart: true, Do: r.Do}
}

// CursorOf is the key of what is kept about an installation.
func CursorOf(installation int64) string { return fmt.Sprintf("%s/%d", reconcileTask, installation) }

// Do does one round: it makes a job of every installation, so that the limits and
// troubles of one are its own. Servers that start again and again do not repeat it.
func (r *Reconcile) Do(ctx context.Context) error {
	due, err := r.Claims.Claim(ctx, reconcileTask+" round", min(r.Every, restart))
	if err != nil || !due {
		return err
	}
	installations, err := r.Account.Installations(ctx)
	if err != nil {
		return err
	}
	slot := r.Clock().UnixMilli()
	var failed error
	for _, in := range installations {
		busy, err := r.busy(ctx, in)
		if err == nil && !busy {
			err = r.Jobs.Enqueue(ctx, queue.Job{
				Delivery: fmt.Sprintf("%s/%d", CursorOf(in), slot), Kind: queue.Reconcile, Installation: in, Reason: reconcileTask, Bulk: true,
			})
		}
		failed = errors.Join(failed, err)
	}
	return failed
}

// busy says whether the job of an earlier round still waits.
func (r *Reconcile) busy(ctx context.Context, installation int64) (bool, error) {
	jobs, err := r.Jobs.Open(ctx, 0)
	return slices.ContainsFunc(jobs, func(j queue.Waiting) bool {
		return !j.GivenUp && j.Kind == queue.Reconcile && j.Installation == installation
	}), err
}

// reconciled is how far the rounds got in an installation.
type reconciled struct {
	At    time.Time `json:"at"`    // when the last one began
	After int64     `json:"after"` // the repository that it ended with, by number; 0 where all had their turn
	// Again are the repositories, by number, that could not be looked at in their turn, and
	// Left those that the round had no time for: the next attempt goes on with them.
	Again []int64 `json:"again,omitempty"`
	Left  []int64 `json:"left,omitempty"`
	// Known: every repository has had its turn since the installation was seen first.
	Known bool `json:"known"`
}

// Installation does an installation's part of a round: it looks at a bounded number of
// repositories, first at those pushed to since the last round, then at the others by
// turns. Whatever was enqueued before a failure is enqueued once. A repository that cannot
// be looked at keeps no other from its turn, and has another one in the next round, with
// those pushed to.
func (r *Reconcile) Installation(ctx context.Context, installation int64) error {
	text, err := r.Cursors.Cursor(ctx, CursorOf(installation))
	if err != nil {
		return err
	}
	var last reconciled
	if text != "" {
		if err := json.Unmarshal([]byte(text), &last); err != nil {
			zerolog.Ctx(ctx).Error().Err(err).Msg("how far the repositories were looked at cannot be understood; it begins with the first")
			last = reconciled{Known: true}
		}
	}
	all, err := r.Account.Pushed(ctx, installation)
	if errors.Is(err, review.ErrGone) {
		return nil
	} else if err != nil {
		return fmt.Errorf("list the repositories of installation %d: %w", installation, err)
	}
	is := last
	var turn []Pushed
	if len(last.Left) > 0 {
		turn = slices.DeleteFunc(all, func(p Pushed) bool { return !slices.Contains(last.Left, p.ID) })
		is.Left = nil
	} else {
		is = reconciled{At: r.Clock()}
		turn, is.After = chosen(all, last)
		is.Known = last.Known || is.After <= last.After
	}
	// What was there before the installation was seen is checked and not commented on.
	reason := Reconciled
	if !last.Known {
		reason = Installed
	}
	looking, cancel := mostOf(ctx)
	defer cancel()
	var failed error
	passed := 0
	for i, repo := range turn {
		err := r.repository(looking, repo.Repository, reason)
		if err == nil {
			passed++
			continue
		}
		failed = fmt.Errorf("look at the pull requests of %s/%s: %w", repo.Owner, repo.Name, err)
		if looking.Err() != nil || limited(err) {
			for _, repo := range turn[i:] {
				is.Left = append(is.Left, repo.ID)
			}
			is.Known = last.Known
			break
		}
		zerolog.Ctx(ctx).Warn().Err(failed).Msg("a repository could not be looked at, and is in the next round")
		is.Again = append(is.Again, repo.ID)
	}
	if passed > 0 && len(is.Left) == 0 {
		failed = nil // it was theirs, not GitHub's
	}
	state, err := json.Marshal(is)
	if err != nil {
		return err
	}
	return errors.Join(failed, r.Cursors.SaveCursor(ctx, CursorOf(installation), string(state)))
}

// mostOf leaves a fifth of the time, to keep how far it got.
func mostOf(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-time.Until(deadline)/5))
}

// The reasons of the jobs about pull requests: one that was found without a verdict,
// and one that was there before we were.
const (
	Reconciled = "reconciled"
	Installed  = "installed"
)

// chosen are the repositories whose turn it is, and the number of the last one that
// had its turn as one of the others, 0 where all of them had.
func chosen(all []Pushed, last reconciled) (turn []Pushed, next int64) {
	since := last.At.Add(-overlap)
	var rest []Pushed
	for _, repo := range all {
		if repo.At.After(since) && !last.At.IsZero() || slices.Contains(last.Again, repo.ID) {
			turn = append(turn, repo)
		} else {
			rest = append(rest, repo)
		}
	}
	slices.SortFunc(turn, func(a, b Pushed) int { return b.At.Compare(a.At) })
	first := min(len(turn), maxRepositories-repositoriesByTurn)
	turn, rest = turn[:first:first], append(rest, turn[first:]...)
	slices.SortFunc(rest, func(a, b Pushed) int {
		return cmp.Or(cmp.Compare(later(a.ID, last.After), later(b.ID, last.After)), cmp.Compare(a.ID, b.ID))
	})
	room := min(maxRepositories-len(turn), len(rest))
	if room < len(rest) && room > 0 {
		next = rest[room-1].ID
	}
	return append(turn, rest[:room]...), next
}

// later orders what comes after a number before what comes up to it.
func later(id, after int64) int {
	if id > after {
		return 0
	}
	return 1
}

func (r *Reconcile) repository(ctx context.Context, repo review.Repository, reason string) error {
	pulls, err := r.Pulls.AllPulls(ctx, repo)
	if errors.Is(err, review.ErrGone) {
		return nil
	} else if err != nil {
		return err
	}
	var known []review.Pull
	for _, p := range pulls {
		judged, err := r.Judged.Judged(ctx, repo.Installation, repo.ID, p.Number, p.HeadSHA, p.BaseRef)
		if err != nil {
			return err
		}
		if !judged {
			known = append(known, p)
		}
	}
	if len(known) == 0 {
		return nil
	}
	open, err := r.Jobs.Open(ctx, repo.ID)
	if err != nil {
		return err
	}
	slot := r.Clock().Truncate(tryAgain).UTC().Format("2006-01-02T15")
	for _, p := range known {
		job := queue.Job{
			Delivery: fmt.Sprintf("%s/%d/%d/%s/%s", reconcileTask, repo.ID, p.Number, p.HeadSHA, slot), Kind: queue.PullRequest,
			Installation: repo.Installation, RepositoryID: repo.ID, Owner: repo.Owner, Repo: repo.Name,
			Number: p.Number, EventHead: p.HeadSHA, Reason: reason, Bulk: reason == Installed,
		}
		if slices.ContainsFunc(open, func(j queue.Waiting) bool {
			return j.Number == p.Number && !j.GivenUp || j.Head == p.HeadSHA && !j.GivenUp || j.Delivery == job.Delivery
		}) {
			continue
		}
		if err := r.Jobs.Enqueue(ctx, job); err != nil {
			return fmt.Errorf("enqueue pull request %d: %w", p.Number, err)
		}
		zerolog.Ctx(ctx).Info().Int("pull_request", p.Number).Str("head", p.HeadSHA).Str("repository", repo.Owner+"/"+repo.Name).
			Msg("a pull request without a verdict was found")
	}
	return nil
}
