package queue

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/review"
	"github.com/bonafide-app/bonafide/app/store/enginetest"
)

// running makes a stored job one that a server is busy with.
func (q *fixture) running(delivery, server string) {
	q.t.Helper()
	q.enqueue(job(delivery))
	q.do(`UPDATE river_job SET state = 'running', attempt = 1, attempted_at = now(), attempted_by = ARRAY['earlier', $1] WHERE args -> 'job' ->> 'delivery' = $2`, server, delivery)
}

func (q *fixture) do(statement string, args ...any) {
	q.t.Helper()
	if _, err := q.store.DB().ExecContext(q.t.Context(), statement, args...); err != nil {
		q.t.Fatal(err)
	}
}

func TestTheJobsOfAServerThatIsNotHeardOfAreTakenOver(t *testing.T) {
	attempts := make(chan string, 9)
	q := openQueue(t, enginetest.Postgres(t), Options{beat: time.Millisecond}, func(_ context.Context, j Job, a Attempt) error {
		attempts <- fmt.Sprintf("%s, attempt %d", j.Delivery, a.N)
		return nil
	})
	q.running("of the dead", "dead")
	q.running("of the living", "living")
	q.running("of an older version", "older")
	for server, until := range map[string]time.Time{"dead": time.Now(), "earlier": time.Now(), "living": time.Now().Add(time.Hour)} {
		q.do(`INSERT INTO lease (name, holder, until) VALUES ($1, 'somebody', $2)`, serverLease+server, until.UnixMilli())
	}
	q.start()
	if got, want := <-attempts, "of the dead, attempt 2"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	q.stop()
	if got, want := q.states(), "completed 1, running 2"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	var leases int
	if err := q.store.Reader().QueryRowContext(t.Context(), `SELECT count(*) FROM lease WHERE name LIKE 'server/%'`).Scan(&leases); err != nil || leases != 3 {
		t.Errorf("a server that ended is still looked for: %d leases, %v", leases, err)
	}
}

func TestAServerThatWasOnlySlowWritesNothingAboutWhatWasTakenOver(t *testing.T) {
	database := enginetest.Postgres(t)
	begun, ended := make(chan struct{}), make(chan error, 1)
	slow := startQueue(t, database, Options{Workers: 1, beat: time.Hour}, func(ctx context.Context, _ Job, a Attempt) error {
		close(begun)
		<-ctx.Done()
		ended <- errors.Join(context.Cause(ctx), review.Fenced(ctx))
		<-t.Context().Done() // it never comes to its end
		return nil
	})
	slow.enqueue(job("d"))
	<-begun
	attempts := make(chan Attempt, 1)
	other := startQueue(t, database, Options{beat: time.Millisecond}, func(ctx context.Context, _ Job, a Attempt) error {
		attempts <- a
		return review.Fenced(ctx)
	})
	slow.do(`UPDATE lease SET until = 0 WHERE name = $1`, serverLease+slow.alive.id)
	if a := <-attempts; a.N != 2 || a.Crashed {
		t.Errorf("the attempt of the other: %+v", a)
	}
	if err := <-ended; !errors.Is(err, review.ErrSuperseded) {
		t.Errorf("the attempt of the slow one: %v", err)
	}
	other.idle()
	if got, want := other.states(), "completed 1"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
