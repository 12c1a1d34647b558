package queue

import (
	"context"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/store/enginetest"
)

func TestADatabaseThatCannotBeWrittenLosesNoJobAndHealsByItself(t *testing.T) {
	for name, pragma := range map[string][2]string{
		"read-only": {"PRAGMA query_only = 1", "PRAGMA query_only = 0"},
		"full":      {"PRAGMA max_page_count = 1", "PRAGMA max_page_count = 1000000"},
	} {
		t.Run(name, func(t *testing.T) {
			begun, goOn := make(chan struct{}, 1), make(chan struct{})
			var worked atomic.Int32
			// An end that could not be kept in time is made good by the next look at what still
			// counts as running, which the timeout and the margin put off.
			o := Options{Timeout: 20 * time.Second, margin: time.Second}
			q := startQueue(t, enginetest.SQLite(t), o, func(ctx context.Context, j Job, _ Attempt) error {
				worked.Add(1)
				if j.Delivery != "slow" {
					return nil
				}
				select {
				case begun <- struct{}{}:
				default:
				}
				select {
				case <-goOn:
				case <-ctx.Done():
				}
				return ctx.Err()
			})
			exec := func(statement string) {
				t.Helper()
				if _, err := q.store.DB().ExecContext(t.Context(), statement); err != nil {
					t.Fatal(err)
				}
			}
			q.enqueue(job("slow"), job("a"))
			<-begun
			exec(pragma[0])
			refused := false
			for i := 0; i < 200 && !refused; i++ { // a full file has some room left in its pages
				bulky := job("bulk" + string(rune('a'+i)))
				bulky.Note = string(make([]byte, 4096))
				refused = q.Enqueue(t.Context(), bulky) != nil
			}
			if !refused {
				t.Error("jobs were stored")
			}
			close(goOn) // it ends while its end cannot be kept
			exec(pragma[1])
			q.enqueue(job("after"))
			q.idle()
		})
	}
}

func TestAJobThatCannotBeReadStopsNoOther(t *testing.T) {
	var worked atomic.Int32
	q := openQueue(t, filepath.Join(t.TempDir(), "b.db"), Options{Workers: 1}, func(context.Context, Job, Attempt) error {
		worked.Add(1)
		return nil
	})
	q.enqueue(job("odd"), job("good"))
	if _, err := q.store.DB().ExecContext(t.Context(), `UPDATE river_job SET args = jsonb('{"unique":"x","job":"garbage"}') WHERE id = (SELECT min(id) FROM river_job)`); err != nil {
		t.Fatal(err)
	}
	q.start()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for worked.Load() == 0 && ctx.Err() == nil {
		var open int
		if err := q.store.DB().QueryRowContext(ctx, `SELECT count(*) FROM river_job WHERE state = 'completed'`).Scan(&open); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAJobThatIsDamagedKeepsNoDeliveryFromBeingStored(t *testing.T) {
	q := openQueue(t, enginetest.SQLite(t), Options{Workers: 1}, nil)
	q.enqueue(job("odd"), job("odd too"))
	if _, err := q.store.DB().ExecContext(t.Context(), `UPDATE river_job SET args = CAST('no JSON' AS BLOB)`); err != nil {
		t.Fatal(err)
	}
	q.enqueue(job("good"))
	if q.states() != "available 3" {
		t.Error(q.states())
	}
}
