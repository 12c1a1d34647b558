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

	"github.com/bonafide-app/bonafide/app/store/enginetest"
)

func TestReplicasShareTheWorkAndADeliveryIsOneJob(t *testing.T) {
	database := enginetest.Postgres(t)
	var mu sync.Mutex
	worked := map[string]int{}
	var working sync.WaitGroup // both have begun to work
	working.Add(2)
	replica := func() *fixture {
		var once sync.Once
		return openQueue(t, database, Options{Workers: 1}, func(_ context.Context, j Job, _ Attempt) error {
			once.Do(working.Done)
			working.Wait()
			mu.Lock()
			defer mu.Unlock()
			worked[j.Delivery]++
			return nil
		})
	}
	var replicas [2]*fixture
	var wg sync.WaitGroup
	for i := range replicas {
		wg.Go(func() { replicas[i] = replica() }) // their tables are made once
	}
	wg.Wait()
	const deliveries = 20
	for i := range deliveries {
		for _, r := range replicas {
			wg.Go(func() { r.enqueue(job(fmt.Sprint(i))) })
		}
	}
	wg.Wait()
	for _, r := range replicas {
		r.start()
	}
	replicas[0].idle()
	for delivery, n := range worked {
		if n != 1 {
			t.Errorf("%s was worked on %d times", delivery, n)
		}
	}
	if got, want := replicas[1].states(), fmt.Sprintf("completed %d", deliveries); got != want || len(worked) != deliveries {
		t.Errorf("%s, want %s; %d were worked on", got, want, len(worked))
	}
}

func TestTheJobsOfAReplicaThatVanishedAreDoneByAnother(t *testing.T) {
	database := enginetest.Postgres(t)
	// life is what a replica makes of the job of one that vanished long ago.
	life := func(result error) (a Attempt) {
		t.Helper()
		done := make(chan Attempt, 1)
		q := openQueue(t, database, Options{crashPause: 1, pause: time.Millisecond}, func(_ context.Context, _ Job, a Attempt) error {
			done <- a
			return result
		})
		for _, statement := range []string{
			`UPDATE river_job SET state = 'running', attempt = attempt + 1, attempted_at = now() - interval '1 hour', attempted_by = ARRAY['dead']`,
			`DELETE FROM river_leader`,
			`INSERT INTO river_leader (elected_at, expires_at, leader_id) VALUES (now() - interval '2 hours', now() - interval '1 hour', 'dead')`,
		} {
			if _, err := q.store.DB().ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		q.start()
		a = <-done
		q.stop()
		if err := q.store.Close(); err != nil {
			t.Fatal(err)
		}
		return a
	}
	q := openQueue(t, database, Options{}, nil)
	q.enqueue(job("d"))
	if err := q.store.Close(); err != nil {
		t.Fatal(err)
	}
	pause := later(time.Hour)
	if a := life(pause); a.N != 2 || a.Crashed {
		t.Errorf("after the first: %+v", a)
	}
	// An attempt that ended by itself forgives the crashes before it. From now on the
	// replicas vanish without one.
	for crashes := maxCrashes - 2; crashes <= maxCrashes; crashes++ {
		q := openQueue(t, database, Options{}, nil)
		if _, err := q.store.DB().ExecContext(t.Context(), `UPDATE river_job SET metadata = metadata || CAST($1 AS jsonb)`,
			fmt.Sprintf(`{"forgiven": 0, "river:rescue_count": %d}`, crashes-1)); err != nil {
			t.Fatal(err)
		}
		if err := q.store.Close(); err != nil {
			t.Fatal(err)
		}
		if a := life(pause); a.Crashed != (crashes == maxCrashes) || a.Last != a.Crashed {
			t.Errorf("after %d crashes in a row: %+v", crashes, a)
		}
	}
}

func TestARestartOfTheDatabaseLosesNothing(t *testing.T) {
	server := enginetest.StartServer(t)
	started, finish := make(chan struct{}), make(chan struct{})
	var worked atomic.Int32
	q := openQueue(t, server.Database(t), Options{Workers: 1}, func(_ context.Context, j Job, _ Attempt) error {
		if worked.Add(1) == 1 {
			close(started)
			<-finish
		}
		return nil
	})
	q.start()
	q.enqueue(job("running"))
	<-started
	q.enqueue(job("waiting"))
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := q.Enqueue(t.Context(), job("refused")); err == nil {
		t.Error("a job was said to be stored while the database is down")
	}
	close(finish) // it ends while nothing can be stored
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	q.enqueue(job("afterwards"))
	q.idle()
	if q.states() != "completed 3" || worked.Load() != 3 {
		t.Errorf("%s, %d were worked on", q.states(), worked.Load())
	}
}

func TestWhatPostgreSQLWouldRefuseIsStoredAndEnds(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		var attempts atomic.Int32
		var c clock
		note := make(chan string, 9)
		q := startQueue(t, database, Options{Clock: c.now, pause: time.Millisecond}, func(_ context.Context, j Job, _ Attempt) error {
			note <- j.Note
			switch attempts.Add(1) {
			case 1:
				return errors.New("it said \x00 and \xff" + strings.Repeat("é", maxErrorText))
			case 2:
				panic("\x00")
			}
			return nil
		})
		odd := job("d\x00")
		odd.Note = "a\x00b\xffc"
		q.enqueue(odd, odd)
		q.idle()
		if attempts.Load() != 3 || q.states() != "completed 1" {
			t.Fatalf("%d attempts, %s", attempts.Load(), q.states())
		}
		if got := <-note; got != "a\ufffdb\ufffdc" {
			t.Errorf("%q", got)
		}
	})
}
