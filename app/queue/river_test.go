package queue

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/store"
	"github.com/bonafide-app/bonafide/app/store/enginetest"
)

// later is an error that asks for a pause.
type later time.Duration

func (l later) Error() string             { return "not yet" }
func (l later) RetryAfter() time.Duration { return time.Duration(l) }

// clock is the queue's clock, under the test's control: it stands at no time having
// passed until the test says that the time for trying is over.
type clock struct{ over atomic.Bool }

func (c *clock) now() time.Time {
	if c.over.Load() {
		return time.Now().Add(defaultTryFor)
	}
	return time.Now().Add(-defaultTryFor)
}

// fixture is a queue in a database of its own.
type fixture struct {
	*River
	t     *testing.T
	store *store.Store
}

func openQueue(t *testing.T, database string, o Options, work Work) *fixture {
	t.Helper()
	s, err := store.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	q, err := Open(t.Context(), s, o, work)
	if err != nil {
		t.Fatal(err)
	}
	return &fixture{q, t, s}
}

func startQueue(t *testing.T, database string, o Options, work Work) *fixture {
	t.Helper()
	q := openQueue(t, database, o, work)
	q.start()
	return q
}

func (q *fixture) start() {
	q.t.Helper()
	if err := q.Start(context.WithoutCancel(q.t.Context())); err != nil {
		q.t.Fatal(err)
	}
	q.t.Cleanup(func() { q.stop() })
}

func (q *fixture) stop() {
	q.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := q.Stop(ctx); err != nil {
		q.t.Error(err)
	}
}

func (q *fixture) enqueue(jobs ...Job) {
	q.t.Helper()
	for _, job := range jobs {
		if err := q.Enqueue(q.t.Context(), job); err != nil {
			q.t.Fatal(err)
		}
	}
}

func (q *fixture) idle() {
	q.t.Helper()
	ctx, cancel := context.WithTimeout(q.t.Context(), 5*time.Minute) // for a slow machine; none waits for it
	defer cancel()
	if err := q.Idle(ctx); err != nil {
		q.t.Fatal(err, q.states())
	}
}

// states counts the jobs by state.
func (q *fixture) states() string {
	q.t.Helper()
	rows, err := q.store.DB().QueryContext(q.t.Context(), `SELECT state, count(*) FROM river_job GROUP BY state ORDER BY state`)
	if err != nil {
		q.t.Fatal(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var state string
		var n int
		if err := rows.Scan(&state, &n); err != nil {
			q.t.Fatal(err)
		}
		out = append(out, fmt.Sprint(state, " ", n))
	}
	if err := rows.Err(); err != nil {
		q.t.Fatal(err)
	}
	return strings.Join(out, ", ")
}

func job(delivery string) Job {
	return Job{Delivery: delivery, Kind: PullRequest, Installation: 1, RepositoryID: 2, Owner: "o", Repo: "r", Number: 3, Reason: "opened"}
}

func TestAStoredJobIsWorkedOnOnceAsItWasStored(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		var mu sync.Mutex
		got := map[Job]Attempt{}
		q := startQueue(t, database, Options{}, func(_ context.Context, j Job, a Attempt) error {
			mu.Lock()
			defer mu.Unlock()
			if _, again := got[j]; again {
				t.Errorf("%+v again", j)
			}
			got[j] = a
			return nil
		})
		full := Job{Delivery: "d1", Kind: MergeGroup, Installation: 1, RepositoryID: 2, Owner: "o", Repo: "r", Number: 3,
			Head: strings.Repeat("a", 40), EventHead: strings.Repeat("c", 40), HeadRef: "gh-readonly-queue/main/pr-3", Base: strings.Repeat("b", 40), BaseRef: "main", Reason: "checks_requested"}
		q.enqueue(full, Job{Delivery: "d2", Kind: Evict, Installation: 1})
		q.idle()
		if len(got) != 2 || q.states() != "completed 2" {
			t.Fatalf("%+v, %s", got, q.states())
		}
		if a, ok := got[full]; !ok || a.N != 1 || a.Last || a.Elapsed > time.Minute {
			t.Fatalf("%+v", got)
		}
		for _, bad := range []Job{{}, {Delivery: "d3"}, {Kind: Close}} {
			if q.Enqueue(t.Context(), bad) == nil {
				t.Errorf("%+v was stored", bad)
			}
		}
	})
}

func TestTheSameDeliveryIsOneJob(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		var worked atomic.Int32
		fail := errors.New("no")
		q := openQueue(t, database, Options{TryFor: time.Nanosecond, pause: time.Millisecond}, func(_ context.Context, j Job, _ Attempt) error {
			if j.Reason == "fails" {
				return fail
			}
			worked.Add(1)
			return nil
		})
		other := func(change func(*Job)) Job { j := job("d"); change(&j); return j }
		distinct := []Job{
			job("d"), job("e"),
			other(func(j *Job) { j.Kind = Close }),
			other(func(j *Job) { j.RepositoryID = 9 }),
			other(func(j *Job) { j.Number = 4 }),
			other(func(j *Job) { j.Head = strings.Repeat("a", 40) }),
			other(func(j *Job) { j.Installation = 8 }),
		}
		var wg sync.WaitGroup
		for range 5 {
			for _, j := range distinct {
				wg.Go(func() { q.enqueue(j) })
			}
		}
		wg.Wait()
		q.start()
		q.idle()
		q.enqueue(distinct...) // after they were done
		q.idle()
		if int(worked.Load()) != len(distinct) || q.states() != fmt.Sprintf("completed %d", len(distinct)) {
			t.Fatalf("%d times worked, %s", worked.Load(), q.states())
		}

		given := other(func(j *Job) { j.Delivery, j.Reason = "given up", "fails" })
		q.enqueue(given)
		q.idle()
		q.enqueue(given) // GitHub's redelivery of what was given up
		q.idle()
		if q.states() != fmt.Sprintf("completed %d, discarded 2", len(distinct)) {
			t.Fatal(q.states())
		}
	})
}

func TestJobsOutliveAKilledServer(t *testing.T) {
	if path := os.Getenv("BONAFIDE_TEST_QUEUE"); path != "" {
		serveUntilKilled(t, path)
		return
	}
	path := filepath.Join(t.TempDir(), "b.db")
	stored := map[string]bool{}
	for round := range 3 {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestJobsOutliveAKilledServer$")
		child.Env = append(os.Environ(), "BONAFIDE_TEST_QUEUE="+path, fmt.Sprintf("BONAFIDE_TEST_ROUND=%d", round))
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines, acknowledged, running := bufio.NewScanner(out), 0, 0
		for lines.Scan() && (acknowledged < 20 || running < 2) {
			switch what, delivery, _ := strings.Cut(lines.Text(), " "); what {
			case "stored":
				stored[delivery] = true
				acknowledged++
			case "running":
				running++
			default:
				t.Errorf("child: %s", lines.Text())
			}
		}
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() { // what it had said before it died
			if what, delivery, _ := strings.Cut(lines.Text(), " "); what == "stored" {
				stored[delivery] = true
			}
		}
		child.Wait()
	}

	var mu sync.Mutex
	attempts := map[string][]int{}
	q := openQueue(t, path, Options{}, func(_ context.Context, j Job, a Attempt) error {
		mu.Lock()
		defer mu.Unlock()
		attempts[j.Delivery] = append(attempts[j.Delivery], a.N)
		return nil
	})
	if before := q.states(); !strings.Contains(before, "running") { // one that was to wait may be among them
		t.Fatalf("nothing was running: %s", before)
	}
	q.start()
	q.idle()
	again := 0
	for delivery := range stored {
		if len(attempts[delivery]) != 1 {
			t.Errorf("%s was worked on %d times after the restart", delivery, len(attempts[delivery]))
		} else if attempts[delivery][0] > 1 {
			again++
		}
	}
	if again < 2 || strings.Contains(q.states(), ",") {
		t.Fatalf("%d jobs were taken up, %s", again, q.states())
	}
	t.Logf("%d stored jobs, %d of them running when the server was killed", len(stored), again)
}

// serveUntilKilled stores jobs and begins to work on them, and says so.
func serveUntilKilled(t *testing.T, path string) {
	q := openQueue(t, path, Options{Workers: 2}, func(ctx context.Context, j Job, _ Attempt) error {
		fmt.Println("running", j.Delivery)
		<-ctx.Done()
		return ctx.Err()
	})
	q.start()
	for i := 0; t.Context().Err() == nil; i++ {
		delivery := fmt.Sprintf("%s-%d", os.Getenv("BONAFIDE_TEST_ROUND"), i)
		q.enqueue(job(delivery))
		fmt.Println("stored", delivery)
	}
}

func TestTheDeadServersLeadIsTaken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "b.db")
	q := openQueue(t, path, Options{}, nil)
	q.enqueue(job("d"))
	for _, statement := range []string{
		`UPDATE river_job SET state = 'running', attempt = 1, attempted_at = datetime('now', 'subsec')`,
		`INSERT INTO river_leader (elected_at, expires_at, leader_id) VALUES (datetime('now'), datetime('now', '+1 hour'), 'dead')`,
	} {
		if _, err := q.store.DB().Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := q.store.Close(); err != nil {
		t.Fatal(err)
	}
	done := make(chan Attempt, 1)
	q = openQueue(t, path, Options{}, func(_ context.Context, _ Job, a Attempt) error { done <- a; return nil })
	q.start()
	if a := <-done; a.N != 2 {
		t.Errorf("attempt %+v", a)
	}
	q.idle()
	var leaders int
	if err := q.store.DB().QueryRow(`SELECT count(*) FROM river_leader WHERE leader_id = 'dead'`).Scan(&leaders); err != nil || leaders != 0 {
		t.Errorf("the dead server leads: %d, %v", leaders, err)
	}
}

func TestAnErrorThatAsksForAPauseGetsItAndTheLastAttemptIsSaid(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		var c clock
		var mu sync.Mutex
		var attempts []Attempt
		var at []time.Time
		q := startQueue(t, database, Options{Clock: c.now}, func(_ context.Context, _ Job, a Attempt) error {
			mu.Lock()
			defer mu.Unlock()
			attempts, at = append(attempts, a), append(at, time.Now())
			if a.N == 2 {
				c.over.Store(true)
			}
			if a.Last {
				return nil
			}
			return fmt.Errorf("wrapped: %w", later(0))
		})
		q.enqueue(job("d"))
		q.idle()
		if len(attempts) != 3 || q.states() != "completed 1" {
			t.Fatalf("%+v, %s", attempts, q.states())
		}
		for i, a := range attempts {
			if a.N != i+1 || a.Last != (i == 2) || a.Last != (a.Elapsed >= defaultTryFor) {
				t.Errorf("attempt %d: %+v", i, a)
			}
			// The database keeps milliseconds.
			if i > 0 && at[i].Sub(at[i-1]) < minWait-2*time.Millisecond {
				t.Errorf("attempt %d came %s after the one before", i, at[i].Sub(at[i-1]))
			}
		}
	})
}

func TestAJobThatFailsIsTriedAgainAndThenGivenUpWithAnErrorInTheLog(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		var c clock
		var log lockedBuffer
		var attempts, last atomic.Int32
		q := startQueue(t, database, Options{Clock: c.now, Logger: zerolog.New(&log), pause: time.Millisecond}, func(_ context.Context, _ Job, a Attempt) error {
			attempts.Add(1)
			if a.Last {
				last.Add(1)
			}
			if a.N == 2 {
				c.over.Store(true)
			}
			return errors.New("the cause")
		})
		q.enqueue(job("d"))
		q.idle()
		if attempts.Load() != 3 || last.Load() != 1 || q.states() != "discarded 1" {
			t.Fatalf("%d attempts, %d last, %s", attempts.Load(), last.Load(), q.states())
		}
		said := log.String()
		for _, want := range []string{`"level":"warn"`, "tried again", `"level":"error"`, "given up", "the cause", `"delivery":"d"`} {
			if !strings.Contains(said, want) {
				t.Errorf("the log lacks %s:\n%s", want, said)
			}
		}
	})
}

func TestAPauseAfterTheLastAttemptIsStillGiven(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		var attempts atomic.Int32
		q := startQueue(t, database, Options{TryFor: time.Nanosecond}, func(_ context.Context, _ Job, a Attempt) error {
			n := attempts.Add(1)
			if a.Last != (n >= minAttempts) || a.Final {
				t.Errorf("%+v", a)
			}
			if n <= minAttempts {
				return later(time.Nanosecond)
			}
			return nil
		})
		q.enqueue(job("d"))
		q.idle()
		if attempts.Load() != minAttempts+1 || q.states() != "completed 1" {
			t.Fatalf("%d attempts, %s", attempts.Load(), q.states())
		}
	})
}

// firstAt is the metadata of a job whose first attempt was then.
func firstAt(then time.Time) []byte {
	return fmt.Appendf(nil, `{"first":%q}`, then.UTC().Format(time.RFC3339Nano))
}

// rested is firstAt of a job that limits made wait.
func rested(first time.Time, wait time.Duration, times int) []byte {
	return fmt.Appendf(nil, `{"first":%q,"rested":%d,"rests":%d}`, first.UTC().Format(time.RFC3339Nano), wait, times)
}

// limit is later for a limit.
type limit struct{ later }

func (limit) Limited() bool { return true }

func TestWaitingForALimitIsNotTrying(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		var attempts []Attempt
		q := startQueue(t, database, Options{TryFor: time.Millisecond}, func(_ context.Context, _ Job, a Attempt) error {
			attempts = append(attempts, a) // one at a time
			if len(attempts) <= minAttempts {
				return limit{later(0)}
			}
			return nil
		})
		q.enqueue(job("d"))
		q.idle()
		if len(attempts) != minAttempts+1 || q.states() != "completed 1" {
			t.Fatalf("%+v, %s", attempts, q.states())
		}
		for _, a := range attempts {
			if a.N != 1 || a.Last {
				t.Errorf("%+v", a)
			}
		}
	})
}

func TestTheTimeForTryingBeginsWithTheFirstAttempt(t *testing.T) {
	now := time.Now()
	w := &worker{o: Options{TryFor: 30 * time.Minute, Clock: func() time.Time { return now }}.withDefaults()}
	long := now.Add(-48 * time.Hour)
	for _, test := range []struct {
		name        string
		row         rivertype.JobRow
		last, final bool
	}{
		{"it waited for its turn", rivertype.JobRow{Attempt: 1, CreatedAt: long, Metadata: []byte(`{}`)}, false, false},
		{"it waited for its turn, and began a minute ago", rivertype.JobRow{Attempt: 4, CreatedAt: long, Metadata: firstAt(now.Add(-time.Minute))}, false, false},
		{"all it did was to wait for GitHub's rate limit", rivertype.JobRow{Attempt: 2, CreatedAt: long, Metadata: firstAt(long)}, false, false},
		{"it was tried", rivertype.JobRow{Attempt: 3, CreatedAt: long, Metadata: firstAt(now.Add(-30 * time.Minute))}, true, false},
		{"its pauses ran out", rivertype.JobRow{Attempt: 3, CreatedAt: long, Metadata: firstAt(long)}, true, true},
		{"limits made it wait", rivertype.JobRow{Attempt: 9, CreatedAt: long, Metadata: rested(now.Add(-40*time.Minute), 20*time.Minute, 1)}, false, false},
		{"most attempts only met a limit", rivertype.JobRow{Attempt: 1, CreatedAt: long, Metadata: fmt.Appendf(nil, `{"first":%q,"snoozes":8,"rests":7}`, long.Format(time.RFC3339Nano))}, false, false},
		{"limits made it wait without end", rivertype.JobRow{Attempt: 9, CreatedAt: long, Metadata: rested(long, 47*time.Hour, 1)}, true, false},
		{"what is known of it does not read", rivertype.JobRow{Attempt: 9, CreatedAt: long, Metadata: []byte(`{"first":7}`)}, false, false},
	} {
		if a := w.attempt(&test.row, w.notes.of(&test.row)); a.Last != test.last || a.Final != test.final || a.Crashed {
			t.Errorf("%s: %+v", test.name, a)
		}
	}
}

func TestAJobThatKillsTheServerAgainAndAgainIsNotDoneAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "b.db")
	// life is what a server makes of the job after it was killed in the middle of it.
	life := func(result error) (a Attempt) {
		t.Helper()
		done := make(chan Attempt, 1)
		q := openQueue(t, path, Options{pause: time.Hour, crashPause: 1}, func(_ context.Context, _ Job, a Attempt) error {
			done <- a
			return result
		})
		if _, err := q.store.DB().Exec(`UPDATE river_job SET state = 'running', attempt = attempt + 1, attempted_at = datetime('now', 'subsec'), scheduled_at = datetime('now', '-1 second')`); err != nil {
			t.Fatal(err)
		}
		q.start()
		a = <-done
		q.stop()
		if err := q.store.Close(); err != nil {
			t.Fatal(err)
		}
		return a
	}
	// dies is a server that is killed before it got to the job.
	dies := func() {
		t.Helper()
		q := openQueue(t, path, Options{}, nil)
		if _, err := q.store.DB().Exec(`UPDATE river_job SET state = 'running'`); err != nil {
			t.Fatal(err)
		}
		if err := q.recover(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := q.store.Close(); err != nil {
			t.Fatal(err)
		}
	}
	q := openQueue(t, path, Options{}, nil)
	q.enqueue(job("d"))
	if err := q.store.Close(); err != nil {
		t.Fatal(err)
	}
	dies()
	if a := life(errors.New("an ordinary failure")); a.Crashed || a.Last {
		t.Errorf("after two crashes: %+v", a)
	}
	dies()
	if a := life(errors.New("an ordinary failure")); a.Crashed || a.Last {
		t.Errorf("after two crashes and an attempt that ended by itself: %+v", a)
	}
	for range maxCrashes - 1 {
		dies()
	}
	for range 2 { // until somebody has heard of it
		if a := life(later(time.Hour)); !a.Crashed || !a.Last {
			t.Errorf("after %d crashes in a row: %+v", maxCrashes, a)
		}
	}
}

func TestAJobThatWasThereAtEveryCrashWaitsLongerAndLonger(t *testing.T) {
	var total time.Duration
	for crashes := 2; crashes < maxCrashes; crashes++ {
		wait := crashWait(firstCrashPause, crashes)
		if wait < firstCrashPause || wait > longestCrashPause {
			t.Errorf("after %d crashes it waits %v", crashes, wait)
		}
		total += wait
	}
	if total < 5*time.Minute {
		t.Errorf("it is given up after %v", total)
	}
}

func TestNoTimeForTryingIsRefused(t *testing.T) {
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "b.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := Open(t.Context(), s, Options{TryFor: -time.Second}, nil); err == nil {
		t.Error("it was taken for the default")
	}
}

func TestNothingAsksForAPauseForEver(t *testing.T) {
	w := &worker{o: Options{TryFor: time.Minute, Clock: func() time.Time { return time.Now().Add(overtime + time.Hour) }}.withDefaults()}
	row := &rivertype.JobRow{Attempt: 5, MaxAttempts: maxAttempts, Metadata: firstAt(time.Now())}
	known := w.notes.of(row)
	err := w.next(t.Context(), &river.Job[args]{JobRow: row}, known, w.attempt(row, known), later(time.Second))
	var snooze *rivertype.JobSnoozeError
	if err == nil || errors.As(err, &snooze) || row.MaxAttempts != row.Attempt {
		t.Fatalf("%v, %+v", err, row)
	}
}

func TestPausesStayWithinTheirBounds(t *testing.T) {
	now := time.Now()
	w := &worker{o: Options{TryFor: 30 * time.Minute, Clock: func() time.Time { return now }}.withDefaults()}
	at := func(elapsed time.Duration) Attempt { return Attempt{Elapsed: elapsed, Last: elapsed >= w.o.TryFor} }
	for _, test := range []struct{ asked, elapsed, want time.Duration }{
		{0, 0, minWait},
		{-time.Hour, 0, minWait},
		{time.Minute, 0, time.Minute},
		{9 * time.Hour, 0, 30 * time.Minute},
		{10 * time.Minute, 25 * time.Minute, 5 * time.Minute},
		{10 * time.Minute, 30*time.Minute - time.Nanosecond, minWait},
		{9 * time.Hour, 30 * time.Minute, maxWait},
		{0, 2 * time.Hour, minWait},
		{time.Hour, 2 * time.Hour, time.Hour},
	} {
		if got := w.snooze(test.asked, at(test.elapsed)); got != test.want {
			t.Errorf("asked for %s after %s: %s, want %s", test.asked, test.elapsed, got, test.want)
		}
	}
	for _, test := range []struct {
		attempt           int
		elapsed, from, to time.Duration
	}{
		{1, 0, time.Second, 1250 * time.Millisecond},
		{2, 0, 2 * time.Second, 2500 * time.Millisecond},
		{4, 0, 8 * time.Second, 10 * time.Second},
		{6, 0, 32 * time.Second, 40 * time.Second},
		{7, 0, time.Minute, time.Minute},
		{30000, 0, time.Minute, time.Minute},
		{9, 30*time.Minute - 10*time.Second, 10 * time.Second, 10 * time.Second},
	} {
		row := &rivertype.JobRow{Attempt: test.attempt, Metadata: firstAt(now.Add(-test.elapsed))}
		for range 20 {
			before := time.Now()
			got := w.NextRetry(&river.Job[args]{JobRow: row}).Sub(before)
			if got < test.from || got > test.to+time.Second {
				t.Fatalf("after attempt %d at %s: %s, want %s to %s", test.attempt, test.elapsed, got, test.from, test.to)
			}
		}
	}
}

func TestAPanicIsAFailedAttemptWithItsStackInTheLog(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		var log lockedBuffer
		var c clock
		var attempts atomic.Int32
		q := startQueue(t, database, Options{Clock: c.now, Logger: zerolog.New(&log)}, func(_ context.Context, j Job, _ Attempt) error {
			if j.Delivery == "bad" && attempts.Add(1) == 1 {
				c.over.Store(true)
				panicDeepDown()
			}
			return nil
		})
		q.enqueue(job("bad"), job("good"))
		q.idle()
		if attempts.Load() != 2 || q.states() != "completed 2" {
			t.Fatalf("%d attempts, %s", attempts.Load(), q.states())
		}
		if said := log.String(); !strings.Contains(said, "panicDeepDown") || !strings.Contains(said, "out of cheese") {
			t.Fatal(said)
		}
	})
}

func panicDeepDown() { panic("out of cheese") }

func TestAnAttemptEndsWithItsTimeout(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		var c clock
		var attempts atomic.Int32
		q := startQueue(t, database, Options{Timeout: time.Second, Clock: c.now}, func(ctx context.Context, _ Job, _ Attempt) error {
			if attempts.Add(1) > 1 {
				return nil
			}
			c.over.Store(true)
			<-ctx.Done()
			if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
				t.Error(ctx.Err())
			}
			return ctx.Err()
		})
		q.enqueue(job("d"))
		q.idle()
		if attempts.Load() != 2 || q.states() != "completed 1" {
			t.Fatalf("%d attempts, %s", attempts.Load(), q.states())
		}
	})
}

func TestOnlySoManyJobsRunAtATime(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		var now, most atomic.Int32
		both := make(chan struct{}, 40)
		q := startQueue(t, database, Options{Workers: 2}, func(context.Context, Job, Attempt) error {
			n := now.Add(1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			if n == 2 {
				both <- struct{}{}
			}
			if most.Load() < 2 {
				<-both
			}
			now.Add(-1)
			return nil
		})
		for i := range 20 {
			q.enqueue(job(fmt.Sprint(i)))
		}
		q.idle()
		if most.Load() != 2 {
			t.Fatalf("%d at a time", most.Load())
		}
	})
}

func TestAStopLetsRunningJobsEnd(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		started, finish := make(chan struct{}), make(chan struct{})
		q := openQueue(t, database, Options{Workers: 1}, func(context.Context, Job, Attempt) error {
			close(started)
			<-finish
			return nil
		})
		ctx, cancel := context.WithCancel(t.Context())
		if err := q.Start(ctx); err != nil {
			t.Fatal(err)
		}
		q.enqueue(job("running"))
		<-started
		q.enqueue(job("waiting"))
		cancel() // as SIGTERM does
		short, stopShort := context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer stopShort()
		if err := q.Stop(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("it stopped while a job was running: %v", err)
		}
		close(finish)
		q.stop()
		if q.states() != "available 1, completed 1" {
			t.Fatal(q.states())
		}
		q.enqueue(job("late")) // a delivery that arrives while the server drains
		if q.states() != "available 2, completed 1" {
			t.Fatal(q.states())
		}
	})
}

func TestAJobThatDoesNotEndIsKeptForTheNextStart(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		started := make(chan struct{})
		q := openQueue(t, database, Options{Drain: 20 * time.Millisecond, TryFor: time.Nanosecond}, func(ctx context.Context, _ Job, _ Attempt) error {
			close(started)
			<-ctx.Done()
			return errors.New("the registry did not answer") // on its last attempt, but only because of the stop
		})
		q.start()
		q.enqueue(job("d"))
		<-started
		q.stop()
		if q.states() != "available 1" {
			t.Fatal(q.states())
		}
		if err := q.store.Close(); err != nil {
			t.Fatal(err)
		}
		done := make(chan Attempt, 1)
		q = openQueue(t, database, Options{}, func(_ context.Context, _ Job, a Attempt) error { done <- a; return nil })
		q.start()
		if a := <-done; a.N != 1 {
			t.Errorf("the interrupted attempt counts: %+v", a)
		}
		q.idle()
	})
}

func TestWhatCannotBeStoredIsRefused(t *testing.T) {
	q := openQueue(t, filepath.Join(t.TempDir(), "b.db"), Options{}, nil)
	if _, err := q.store.DB().Exec(`PRAGMA query_only = 1`); err != nil {
		t.Fatal(err)
	}
	if err := q.Enqueue(t.Context(), job("d")); err == nil {
		t.Fatal("a job was said to be stored in a database that cannot be written")
	}
	q.store.Close()
	if err := q.Enqueue(t.Context(), job("d")); err == nil {
		t.Fatal("a job was said to be stored in a closed database")
	}
}

func TestIdleEndsWithItsContext(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		q := openQueue(t, database, Options{}, nil)
		if err := q.Idle(t.Context()); err != nil {
			t.Fatal(err)
		}
		q.enqueue(job("d"))
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer cancel()
		if err := q.Idle(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
	})
}

// lockedBuffer is a log that several may write to.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
