package queue

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/bonafide-app/bonafide/app/review"
)

// args is a Job as River stores it. River wants a method Kind, which Job has as a
// field, and finds what must be unique by a tag.
type args struct {
	Unique string `json:"unique" river:"unique"`
	Job    Job    `json:"job"`
}

// Kind is one for all jobs: ours is inside.
func (args) Kind() string { return "bonafide" }

func argsOf(j Job) args {
	j = clean(j)
	return args{Job: j, Unique: fmt.Sprintf("%s %s %d %d %d %s", j.Delivery, j.Kind, j.Installation, j.RepositoryID, j.Number, j.Head)}
}

// worker does jobs and decides what follows an attempt.
type worker struct {
	river.WorkerDefaults[args]
	o     Options
	work  Work
	notes notes

	db, reader *sql.DB
	bell       *bell
	turns      turns
}

// Work implements river.Worker.
func (w *worker) Work(ctx context.Context, rj *river.Job[args]) error {
	if rj.Queue == events {
		done, ok := w.turns.take(rj.Args.Job.Installation)
		if !ok {
			return w.stepAside(ctx, rj.JobRow)
		}
		defer done()
	}
	known := w.notes.of(rj.JobRow)
	first := known.First.IsZero()
	if first {
		known.First = w.o.Clock()
	}
	attempt := w.attempt(rj.JobRow, known)
	if err := w.suspected(ctx, rj.JobRow, rj.Args.Job, known); err != nil {
		return err // a pause, or the database cannot be written
	}
	guarded, end, err := w.guarded(ctx, rj)
	if err != nil {
		return err // the database cannot be read: River tries again
	}
	err = w.safely(guarded, rj.Args.Job, attempt)
	if cause := context.Cause(guarded); err != nil && errors.Is(cause, review.ErrSuperseded) {
		err = cause // whatever came of it
	}
	end()
	if err == nil {
		return w.done(ctx, rj)
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return context.Cause(ctx) // the server stops; River keeps the job, and the attempt does not count
	}
	if first { // most jobs need no second attempt: the first costs no write
		if err := w.notes.begin(context.WithoutCancel(ctx), rj.JobRow, known.First); err != nil {
			return err // the database cannot be written: River tries again
		}
	}
	return w.next(ctx, rj, known, attempt, err)
}

// done ends a job, unless another server was given it meanwhile. River asks for no more
// than that the job runs, wherever: its row would be completed under the other, in the
// middle of what that writes. So the job looks again instead.
func (w *worker) done(ctx context.Context, rj *river.Job[args]) error {
	g := guard{w: w, row: rj.JobRow}
	if ours, _, err := g.read(ctx); err == nil && !ours {
		log := rj.Args.Job.Log(w.o.Logger)
		log.Warn().Msg("the job was given to another server while this one did it, and looks again")
		return river.JobSnooze(againWait)
	}
	return nil // also where the database does not say: all that was to be done is
}

// next decides what follows an attempt that ended with an error.
func (w *worker) next(ctx context.Context, rj *river.Job[args], known note, attempt Attempt, err error) error {
	log := rj.Args.Job.Log(w.o.Logger).With().Err(err).Int("attempt", attempt.N).Logger()
	if known.crashes() > 0 && !attempt.Crashed {
		if err := w.notes.ended(context.WithoutCancel(ctx), rj.JobRow, known); err != nil {
			log.Warn().AnErr("note", err).Msg("that the job did not crash could not be kept")
		}
	}
	if errors.Is(err, review.ErrSuperseded) {
		log.Debug().Msg("the job was taken over, and looks again")
		return river.JobSnooze(againWait)
	}
	var later interface{ RetryAfter() time.Duration }
	var limit interface{ Limited() bool }
	if errors.As(err, &limit) && limit.Limited() && errors.As(err, &later) && !attempt.Final {
		wait := min(max(later.RetryAfter(), minWait), maxWait) // to wake before would be no use
		if err := w.notes.rest(ctx, rj.JobRow, known, wait); err != nil {
			log.Warn().AnErr("note", err).Msg("that the job had to wait could not be kept: it counts as trying")
		}
		log.Info().Dur("wait", wait).Msg("the job waits for a limit")
		return river.JobSnooze(wait)
	}
	if errors.As(err, &later) && !attempt.Final {
		wait := w.snooze(later.RetryAfter(), attempt)
		log.Debug().Dur("wait", wait).Msg("the job waits")
		return river.JobSnooze(wait)
	}
	if attempt.Last {
		log.Error().Msg("the job is given up")
		rj.MaxAttempts = rj.Attempt // no further attempt: River discards it
		return storable{err}
	}
	log.Warn().Msg("the job failed and is tried again")
	return storable{err}
}

// stepAside lets a job wait in the crowd, as its installation has its share already. It
// happens to a job once.
func (w *worker) stepAside(ctx context.Context, row *rivertype.JobRow) error {
	if _, err := w.db.ExecContext(ctx, `UPDATE river_job SET queue = $1 WHERE id = $2`, crowd, row.ID); err != nil {
		return fmt.Errorf("queue: let a job wait: %w", err)
	}
	return river.JobSnooze(0)
}

// safely makes a panic an error.
func (w *worker) safely(ctx context.Context, job Job, attempt Attempt) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
			log := job.Log(w.o.Logger)
			log.Error().Str("panic", fmt.Sprint(v)).Bytes("stack", debug.Stack()).Msg("the job panicked")
		}
	}()
	return w.work(ctx, job, attempt)
}

func (w *worker) attempt(row *rivertype.JobRow, known note) Attempt {
	elapsed := time.Duration(0)
	if !known.First.IsZero() {
		elapsed = max(w.o.Clock().Sub(known.First)-min(known.Rested, overtime), 0)
	}
	n := row.Attempt + known.Snoozes - known.Rests
	crashed, tried := known.crashes() >= maxCrashes, n >= minAttempts
	return Attempt{
		N: n, Elapsed: elapsed, Waited: waited(row), Stored: row.CreatedAt, Crashed: crashed,
		Last: crashed || tried && elapsed >= w.o.TryFor, Final: tried && elapsed >= w.o.TryFor+overtime,
	}
}

// waited is how long the job has waited for a worker.
func waited(row *rivertype.JobRow) time.Duration {
	if row.AttemptedAt == nil {
		return 0
	}
	return max(row.AttemptedAt.Sub(row.ScheduledAt), 0)
}

// snooze is the pause that an error asks for, within its bounds and not beyond the
// last attempt. After that one the pause is what was asked for.
func (w *worker) snooze(asked time.Duration, attempt Attempt) time.Duration {
	wait := min(max(asked, minWait), maxWait)
	if attempt.Last {
		return wait
	}
	return w.untilLast(wait, attempt)
}

// NextRetry implements river.Worker for attempts that failed: 1 s, 2 s, 4 s … with
// jitter, not beyond the last attempt.
func (w *worker) NextRetry(rj *river.Job[args]) time.Time {
	pause := longestPause
	if n := rj.Attempt - 1; n < 6 {
		pause = min(w.o.pause<<max(n, 0), longestPause)
	}
	pause += rand.N(pause/4 + 1)
	return time.Now().Add(w.untilLast(min(pause, longestPause), w.attempt(rj.JobRow, w.notes.of(rj.JobRow))))
}

// untilLast cuts a pause short that would end after the time for trying.
func (w *worker) untilLast(wait time.Duration, attempt Attempt) time.Duration {
	if left := w.o.TryFor - attempt.Elapsed; left > 0 {
		return min(wait, max(left, minWait))
	}
	return wait
}
