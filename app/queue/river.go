package queue

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/rs/zerolog"
)

// Options of a queue.
type Options struct {
	Workers int           // jobs at a time, besides those in bulk (a quarter of it), one in each lane at least; 0 is 4
	Timeout time.Duration // of one attempt; 0 is 5 min
	TryFor  time.Duration // from a job's first attempt to its last; 0 is 30 min, less is refused
	Drain   time.Duration // what running jobs get at a stop before they are cancelled; 0 is 10 s
	Logger  zerolog.Logger
	Clock   func() time.Time // nil is time.Now

	pause      time.Duration // before the second attempt at what failed; 0 is firstPause
	margin     time.Duration // after Timeout until a job is taken from a server that vanished; 0 is rescueMargin
	crashPause time.Duration // after the second crash in a row; 0 is firstCrashPause
	beat       time.Duration // between two signs of life; 0 is beatEvery
	poll       time.Duration // until River looks for jobs that it has not heard of; 0 is fetchPoll
}

// River is a Queue on River. https://riverqueue.com
type River struct {
	client       client
	group        group
	db           *sql.DB
	reader       *sql.DB
	lanes        lanes
	installation string // as engine has it
	args         string // as engine has it
	mend         string // as engine has it
	log          zerolog.Logger
	bell         *bell
	recover      func(ctx context.Context) error
	pages        func(prefix string) (http.Handler, error)
	alive        *alive // nil where no other server can have the database open
	end          func() // tells that this server lives no longer; nil before Start
}

// client is what is used of a river.Client, whose type depends on the database.
type client interface {
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
}

// Database is where the jobs are kept. *store.Store is one.
type Database interface {
	// DB writes. On SQLite it has one connection, and this process alone has the
	// database open.
	DB() *sql.DB
	// Reader only reads. It never waits for DB.
	Reader() *sql.DB
	// Pool is PostgreSQL's; nil on SQLite.
	Pool() *pgxpool.Pool
	// Alone runs what changes tables while no other server does.
	Alone(ctx context.Context, do func(context.Context) error) error
}

// Open makes a queue in a database. It makes or updates the queue's tables. Jobs are
// stored from now on and worked on after Start: on PostgreSQL by every server that has
// the database open, each job by one of them.
func Open(ctx context.Context, db Database, o Options, work Work) (*River, error) {
	if pool := db.Pool(); pool != nil {
		// At the start nobody can know which servers died: that shows with time.
		return open(ctx, riverpgxv5.New(pool), db, engine{merge: mergePostgres, installation: installationPostgres, args: "args", recover: nobody, shared: true}, o, work)
	}
	heard := newStored()
	return open(ctx, driverSQLite(db.DB(), heard), db, engine{stored: heard.put, merge: mergeSQLite, installation: installationSQLite, args: argsSQLite, mend: mendSQLite, recover: recoverSQLite}, o, work)
}

// engine is what differs between databases beside River's driver.
type engine struct {
	merge        string // notes.merge
	installation string // SQL for the installation of a job, as text; it never fails
	args         string // SQL for the column of that name, NULL where it does not read
	mend         string // what River.Mend does; "": it needs nothing
	// recover takes up the jobs that a dead process left running and counts them.
	recover func(context.Context, *sql.DB) (int64, error)
	shared  bool // other servers may have the database open
	// stored is told of the lanes that have new jobs; nil where River hears of them at once.
	stored func(lane string)
}

// What engine.installation and engine.args are. SQLite fails a whole statement because of
// one row that is damaged, which must stop no other.
const (
	argsSQLite           = `CASE WHEN json_valid(args, 9) THEN args END`
	installationSQLite   = `CASE WHEN json_valid(args, 9) THEN CAST(args -> 'job' ->> 'installation' AS TEXT) END`
	installationPostgres = `args -> 'job' ->> 'installation'`
)

// nobody is an engine's recover where other servers may be running the jobs.
func nobody(context.Context, *sql.DB) (int64, error) { return 0, nil }

// open is Open for any database of River's.
func open[TTx any](ctx context.Context, driver riverdriver.Driver[TTx], at Database, e engine, o Options, work Work) (*River, error) {
	if o.TryFor < 0 {
		return nil, fmt.Errorf("queue: a job cannot be tried for %v", o.TryFor)
	}
	o = o.withDefaults()
	db, reader := at.DB(), at.Reader()
	// River tells of every failed attempt what the worker tells better.
	log := slog.New(newSparing(zerolog.NewSlogHandler(o.Logger.Level(max(o.Logger.GetLevel(), zerolog.WarnLevel)))))
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: log})
	if err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	err = at.Alone(ctx, func(ctx context.Context) error {
		_, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
		if err == nil {
			_, err = db.ExecContext(ctx, lineIndex(e.installation))
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("queue: bring its tables up to date: %w", err)
	}
	lanes, bell := lanesOf(o.Workers), newBell()
	workers := river.NewWorkers()
	if err := river.AddWorkerSafely(workers, &worker{o: o, work: work, notes: notes{db, e.merge}, db: db, reader: reader, bell: bell, turns: turns{share: lanes.share}}); err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	id := rand.Text()
	c, err := river.NewClient(driver, &river.Config{
		ID:                          id,
		Queues:                      lanes.queues(),
		Workers:                     workers,
		JobTimeout:                  o.Timeout,
		RescueStuckJobsAfter:        o.Timeout + o.margin,
		SoftStopTimeout:             o.Drain,
		CompletedJobRetentionPeriod: keepCompleted,
		MaxAttempts:                 maxAttempts,
		FetchCooldown:               fetchCooldown,
		FetchPollInterval:           o.poll,
		ErrorHandler:                unreadable{o.Logger},
		Logger:                      log,
	})
	if err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	r := &River{client: c, db: db, reader: reader, lanes: lanes, installation: e.installation, args: e.args, mend: e.mend, log: o.Logger, bell: bell, pages: pagesOf(c, log)}
	if e.shared {
		r.alive = &alive{db: db, id: id, every: o.beat, log: o.Logger}
	}
	r.group.insert = inserter(c, driver, r.place, o.Clock, e.stored)
	r.recover = func(ctx context.Context) error {
		if err := r.Mend(ctx); err != nil {
			return err
		}
		n, err := e.recover(ctx, db)
		if err != nil {
			return fmt.Errorf("queue: take up the jobs that were running: %w", err)
		}
		if n > 0 {
			o.Logger.Info().Int64("jobs", n).Msg("took up the jobs that were running when the server ended")
		}
		return nil
	}
	return r, nil
}

func (o Options) withDefaults() Options {
	if o.Workers <= 0 {
		o.Workers = defaultWorkers
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.TryFor == 0 {
		o.TryFor = defaultTryFor
	}
	if o.Drain <= 0 {
		o.Drain = defaultDrain
	}
	if o.pause == 0 {
		o.pause = firstPause
	}
	if o.margin == 0 {
		o.margin = rescueMargin
	}
	if o.beat == 0 {
		o.beat = beatEvery
	}
	if o.poll == 0 {
		o.poll = fetchPoll
	}
	if o.crashPause == 0 {
		o.crashPause = firstCrashPause
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	return o
}

// Enqueue implements Queue.
func (r *River) Enqueue(ctx context.Context, job Job) error {
	if job.Delivery == "" || job.Kind == "" {
		return errors.New("queue: a job needs a delivery and a kind")
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if err := r.group.store(ctx, argsOf(job)); err != nil {
		return fmt.Errorf("queue: store a job: %w", err)
	}
	for _, n := range job.news() {
		r.bell.ring(n.subject)
	}
	return nil
}

// Start begins to work, first on the jobs that were running when the last process
// ended. It returns at once. When ctx ends the queue stops as by Stop.
func (r *River) Start(ctx context.Context) error {
	if err := r.recover(ctx); err != nil {
		return err
	}
	if r.alive != nil {
		if err := r.alive.beat(ctx); err != nil { // before it has a job
			return err
		}
	}
	// River takes only a cancelled context for a stop: with one whose time ran out, parts
	// of it would try again without a pause.
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, stop)
	if err := r.client.Start(running); err != nil {
		stop()
		return fmt.Errorf("queue: start: %w", err)
	}
	if r.alive != nil {
		// Until Stop, not until ctx ends: jobs may still run then.
		living, end := context.WithCancel(context.WithoutCancel(ctx))
		told := make(chan struct{})
		go func() { defer close(told); r.alive.tell(living) }()
		r.end = func() { end(); <-told }
	}
	return nil
}

// Stop begins no further job and lets the running ones end. After Options.Drain they
// are cancelled and stay stored for the next start. It fails where a job has not
// ended when ctx does.
func (r *River) Stop(ctx context.Context) error {
	if err := r.client.Stop(ctx); err != nil {
		return fmt.Errorf("queue: stop: %w", err)
	}
	if r.end != nil {
		r.end()
	}
	return nil
}

// Idle waits until every stored job is done or given up.
func (r *River) Idle(ctx context.Context) error {
	tick := time.NewTicker(idlePoll)
	defer tick.Stop()
	for {
		var open int
		err := r.reader.QueryRowContext(ctx, `SELECT count(*) FROM river_job WHERE state NOT IN ('completed', 'cancelled', 'discarded')`).Scan(&open)
		if err != nil {
			return fmt.Errorf("queue: count its jobs: %w", err)
		}
		if open == 0 {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("queue: %d jobs are not done: %w", open, ctx.Err())
		}
	}
}

// recoverSQLite makes the jobs available that a dead process left running, notes that
// it died with them, and takes the lead from it. River would make them available by
// itself after the job timeout; here nobody else can be running them. It knows
// River's tables, as Idle does: tests hold it to the pinned version.
func recoverSQLite(ctx context.Context, db *sql.DB) (int64, error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback()
	result, err := tx.ExecContext(ctx, `UPDATE river_job SET state = 'available',
		metadata = jsonb_set(metadata, '$.crashes', coalesce(metadata ->> '$.crashes', 0) + 1) WHERE state = 'running'`)
	if err != nil {
		return 0, err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM river_leader`); err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, err
	}
	return n, tx.Commit()
}
