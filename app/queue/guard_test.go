package queue

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/review"
	"github.com/bonafide-app/bonafide/app/store/enginetest"
)

// replica is a second server on the same database.
func (q *fixture) replica(o Options, work Work) *fixture {
	q.t.Helper()
	other, err := Open(q.t.Context(), q.store, o, work)
	if err != nil {
		q.t.Fatal(err)
	}
	return &fixture{other, q.t, q.store}
}

// pushed is the job of a push that brings a head.
func pushed(before, head string) Job {
	j := job(before + " to " + head)
	j.Reason, j.Head, j.EventHead = "synchronize", before, head
	return j
}

// busy is work that goes on until it is interrupted the first time, and says why.
func busy(began, cause chan error) Work {
	var once sync.Once
	return func(ctx context.Context, _ Job, _ Attempt) (err error) {
		once.Do(func() {
			began <- review.Fenced(ctx)
			<-ctx.Done()
			cause <- context.Cause(ctx)
			err = ctx.Err()
		})
		return err
	}
}

func (q *fixture) await(what string, ch <-chan error) error {
	q.t.Helper()
	select {
	case err := <-ch:
		return err
	case <-time.After(time.Minute): // the end of a broken test
		q.t.Fatalf("waited in vain until %s", what)
		return nil
	}
}

func TestNewsInterruptsTheRunningJobWhichLooksAgain(t *testing.T) {
	closing := Job{Delivery: "closed", Kind: Close, Installation: 1, RepositoryID: 2, Owner: "o", Repo: "r", Number: 3, Head: "a", Reason: "closed"}
	commit := Job{Delivery: "rerun", Kind: Commit, Installation: 1, RepositoryID: 2, Owner: "o", Repo: "r", Head: "a", Reason: "rerequested"}
	group := commit
	group.Kind, group.BaseRef = MergeGroup, "main"
	for name, tt := range map[string]struct{ runs, news Job }{
		"a push":                              {pushed("a", "b"), pushed("b", "c")},
		"a push, delivered late":              {pushed("b", "c"), pushed("a", "b")},
		"it is closed":                        {job("d"), closing},
		"a commit that is no head any more":   {commit, pushed("a", "b")},
		"a commit whose pull request closed":  {commit, closing},
		"a merge group that was taken apart":  {group, closing},
		"a job that no event has told of yet": {job("d"), pushed("b", "c")},
	} {
		for _, place := range []string{"here", "on another server"} {
			t.Run(name+" "+place, func(t *testing.T) {
				enginetest.Each(t, func(t *testing.T, database string) {
					t.Parallel()
					began, cause := make(chan error), make(chan error)
					var log lockedBuffer
					q := startQueue(t, database, Options{Logger: zerolog.New(&log)}, busy(began, cause))
					q.enqueue(tt.runs)
					if err := q.await("it runs", began); err != nil {
						t.Fatal(err)
					}
					from := q
					if place != "here" {
						from = q.replica(Options{}, nil)
					}
					from.enqueue(tt.runs) // what is known already is no news
					from.enqueue(tt.news)
					if err := q.await("it is interrupted", cause); !errors.Is(err, review.ErrSuperseded) {
						t.Errorf("interrupted by %v", err)
					}
					q.idle()
					if q.states() != "completed 2" || strings.Contains(log.String(), `"level":"warn"`) || strings.Contains(log.String(), `"level":"error"`) {
						t.Errorf("%s\n%s", q.states(), log.String())
					}
				})
			})
		}
	}
}

func (q *fixture) seq(name string) (n int) {
	q.t.Helper()
	if err := q.store.DB().QueryRowContext(q.t.Context(), `SELECT coalesce(max(seq), 0) FROM subject WHERE name = $1`, name).Scan(&n); err != nil {
		q.t.Fatal(err)
	}
	return n
}

func TestWhatIsNoNewsInterruptsNothing(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		q := openQueue(t, database, Options{}, nil)
		opened := job("opened")
		opened.EventHead = "a"
		q.enqueue(opened)
		before := q.seq("pull/3")
		ready, again := opened, job("again")
		ready.Delivery = "ready"
		other := pushed("a", "b")
		other.RepositoryID = 9
		q.enqueue(opened, ready, again, other)
		if after := q.seq("pull/3"); before != 1 || after != 1 {
			t.Errorf("from %d to %d", before, after)
		}
		push := pushed("a", "b")
		q.enqueue(push, push, push)
		if pull, commit := q.seq("pull/3"), q.seq("commit/a"); pull != 2 || commit != 1 {
			t.Errorf("a delivery that came three times: %d and %d", pull, commit)
		}
	})
}

func TestADeliveryThatRunsOnAnyServerIsNotStoredAgain(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		began, release := make(chan error), make(chan struct{})
		work := func(context.Context, Job, Attempt) error {
			began <- nil
			<-release
			return nil
		}
		q := startQueue(t, database, Options{}, work)
		q.enqueue(job("d"))
		_ = q.await("it runs", began)
		other := q.replica(Options{}, work)
		q.enqueue(job("d"))
		other.enqueue(job("d"))
		close(release)
		q.idle()
		other.enqueue(job("d"))
		if q.states() != "completed 1" {
			t.Error(q.states())
		}
	})
}

// A server that was asleep while its job was given to another one writes nothing.
func TestAnAttemptThatIsNotTheLastIsFenced(t *testing.T) {
	for name, taken := range map[string]string{
		"tried elsewhere":  `UPDATE river_job SET attempt = attempt + 1`,
		"waits to be":      `UPDATE river_job SET state = 'retryable'`,
		"is gone":          `DELETE FROM river_job`,
		"has another head": `INSERT INTO subject (installation, repository, name, seq, mark, at) VALUES (1, 2, 'pull/3', 7, '', 0)`,
	} {
		t.Run(name, func(t *testing.T) {
			enginetest.Each(t, func(t *testing.T, database string) {
				began, fenced := make(chan error), make(chan error)
				next := make(chan struct{})
				var once sync.Once
				q := startQueue(t, database, Options{}, func(ctx context.Context, _ Job, _ Attempt) (err error) {
					once.Do(func() {
						began <- review.Fenced(ctx)
						<-next
						err = review.Fenced(context.WithoutCancel(ctx))
						fenced <- err
					})
					return err
				})
				q.enqueue(job("d"))
				if err := q.await("it runs", began); err != nil {
					t.Fatal(err)
				}
				if _, err := q.store.DB().ExecContext(t.Context(), taken); err != nil {
					t.Fatal(err)
				}
				close(next)
				if err := q.await("it was fenced", fenced); !errors.Is(err, review.ErrSuperseded) {
					t.Error(err)
				}
			})
		})
	}
}

// What a server answers late must not end the job under the one that does it now.
func TestALateAnswerCompletesNoJobThatRunsElsewhere(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		began, release := make(chan error), make(chan struct{})
		var attempts atomic.Int32
		q := startQueue(t, database, Options{}, func(context.Context, Job, Attempt) error {
			if attempts.Add(1) == 1 {
				began <- nil
				<-release // without a look at its context: the server sleeps
			}
			return nil
		})
		q.enqueue(job("d"))
		_ = q.await("it runs", began)
		if _, err := q.store.DB().ExecContext(t.Context(), `UPDATE river_job SET attempt = attempt + 1`); err != nil {
			t.Fatal(err)
		}
		close(release)
		q.idle()
		if attempts.Load() != 2 || q.states() != "completed 1" {
			t.Errorf("%d attempts, %s", attempts.Load(), q.states())
		}
	})
}

func TestNothingIsWrittenWhereTheDatabaseDoesNotAnswer(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		fenced, asked := make(chan error), make(chan error)
		q := startQueue(t, database, Options{}, func(ctx context.Context, _ Job, _ Attempt) error {
			asked <- review.Fenced(ctx)
			<-asked
			err := review.Fenced(ctx)
			fenced <- err
			return err
		})
		q.enqueue(job("d"))
		if err := q.await("it runs", asked); err != nil {
			t.Fatal(err)
		}
		if err := q.store.Reader().Close(); err != nil {
			t.Fatal(err)
		}
		asked <- nil
		var later *review.Later
		if err := q.await("it was fenced", fenced); !errors.As(err, &later) || errors.Is(err, review.ErrSuperseded) {
			t.Error(err)
		}
	})
}

func TestABusyInstallationKeepsNobodyWaiting(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		const many = 500 // half of them in bulk
		var running atomic.Int32
		quiet, release := make(chan error, 8), make(chan struct{})
		busy := make(chan error, many)
		q := openQueue(t, database, Options{Workers: 8}, func(_ context.Context, j Job, _ Attempt) error {
			if j.Installation != 1 {
				quiet <- nil
				return nil
			}
			running.Add(1)
			busy <- nil
			<-release
			return nil
		})
		for i := range many {
			j := job(fmt.Sprint(i))
			if j.Number = i; i%2 == 0 {
				j.Bulk = true
			}
			q.enqueue(j)
		}
		counted := `CREATE TRIGGER counted AFTER UPDATE ON river_job BEGIN INSERT INTO updates VALUES (new.id); END`
		if q.store.Pool() != nil {
			counted = `CREATE FUNCTION count_update() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO updates VALUES (new.id); RETURN new; END';
			CREATE TRIGGER counted AFTER UPDATE ON river_job FOR EACH ROW EXECUTE FUNCTION count_update()`
		}
		for _, sql := range []string{
			`CREATE TABLE updates (id BIGINT)`,
			counted,
			// As if they had all come at once, before any could be counted.
			`UPDATE river_job SET queue = 'default', priority = 1 WHERE id <= 50`,
			`DELETE FROM updates`,
		} {
			if _, err := q.store.DB().ExecContext(t.Context(), sql); err != nil {
				t.Fatal(err)
			}
		}
		q.start()
		l := lanesOf(8)
		most := l.share + l.crowd + l.bulk
		for range most {
			_ = q.await("the busy one has its share", busy)
		}
		for i := range 3 { // while the busy one's jobs do not end
			j := job(fmt.Sprint("quiet ", i))
			j.Installation, j.Number = 2, i+1
			q.enqueue(j)
			_ = q.await("the quiet one's job runs", quiet)
		}
		if n := int(running.Load()); n != most {
			t.Errorf("%d jobs of one installation run, want %d", n, most)
		}
		var updates int
		if err := q.store.DB().QueryRowContext(t.Context(), `SELECT count(*) FROM updates`).Scan(&updates); err != nil {
			t.Fatal(err)
		}
		if updates > 3*50+4*(most+3) { // those that had to step aside once, and what ran
			t.Errorf("%d rows were updated", updates)
		}
		close(release)
	})
}

func TestWhoHasFewJobsComesFirstInTheCrowd(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		q := openQueue(t, database, Options{Workers: 2}, nil)
		enqueue := func(installation int64, n int, bulk bool) (queue string, priority int) {
			t.Helper()
			for i := range n {
				j := job(fmt.Sprint(installation, bulk, i))
				j.Installation, j.Bulk = installation, bulk
				q.enqueue(j)
			}
			err := q.store.DB().QueryRowContext(t.Context(), `SELECT queue, priority FROM river_job ORDER BY id DESC LIMIT 1`).Scan(&queue, &priority)
			if err != nil {
				t.Fatal(err)
			}
			return queue, priority
		}
		for _, tt := range []struct {
			installation int64
			n            int
			bulk         bool
			queue        string
			priority     int
		}{
			{1, 100, false, crowd, 4}, {2, 1, false, events, 1}, {3, 2, false, crowd, 1}, {4, 1, true, bulk, 1}, {5, 20, true, bulk, 3}, {4, 1, false, events, 1},
		} {
			if queue, priority := enqueue(tt.installation, tt.n, tt.bulk); queue != tt.queue || priority != tt.priority {
				t.Errorf("after %d jobs of %d: %s %d, want %s %d", tt.n, tt.installation, queue, priority, tt.queue, tt.priority)
			}
		}
	})
}

// Deliveries are stored as quickly however many jobs of others wait.
func TestAnInstallationsJobsAreCountedWithoutLookingAtOthers(t *testing.T) {
	q := openQueue(t, enginetest.SQLite(t), Options{}, nil)
	rows, err := q.store.DB().QueryContext(t.Context(), `EXPLAIN QUERY PLAN SELECT 1 FROM river_job WHERE state = 'available' AND queue = $1 AND (`+q.installation+`) = $2`, events, "1")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var plan strings.Builder
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&plan, detail)
	}
	if want := "SEARCH river_job USING INDEX river_job_line (queue=? AND <expr>=?)\n"; plan.String() != want || rows.Err() != nil {
		t.Errorf("%q, %v", plan.String(), rows.Err())
	}
}

func TestJobsThatAreStoredTogetherCountEachOther(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		q := openQueue(t, database, Options{Workers: 4}, nil)
		q.enqueue(job("first"), job("second"))
		var batch []args
		for i := range 6 {
			batch = append(batch, argsOf(job(fmt.Sprint(i))))
		}
		other := job("other")
		other.Installation = 2
		opts, err := q.place(t.Context(), append(batch, argsOf(other), argsOf(other)))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, o := range opts {
			got = append(got, fmt.Sprint(o.Queue, " ", o.Priority))
		}
		if want := "crowd 1, crowd 1, crowd 1, crowd 2, crowd 2, crowd 2, default 1, crowd 1"; strings.Join(got, ", ") != want {
			t.Errorf("%q, want %s", got, want)
		}
	})
}
