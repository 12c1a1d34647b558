package queue

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/store/enginetest"
)

func TestTheJobsOfARepositoryAreListed(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		q := openQueue(t, database, Options{}, nil)
		mine, other, nowhere := job("a"), job("b"), Job{Delivery: "c", Kind: Reconcile, Installation: 1}
		mine.EventHead, other.RepositoryID = "e", 3
		given, done := job("d"), job("f")
		q.enqueue(mine, other, nowhere, given, done)
		for state, delivery := range map[string]string{"discarded": "d", "completed": "f", "retryable": "a"} {
			finalized := "created_at"
			if state == "retryable" {
				finalized = "NULL"
			}
			if _, err := q.store.DB().ExecContext(t.Context(), `UPDATE river_job SET state = $1, finalized_at = `+finalized+` WHERE args -> 'job' ->> 'delivery' = $2`, state, delivery); err != nil {
				t.Fatal(err)
			}
		}
		for repository, want := range map[int64][]Waiting{2: {{given, true}, {mine, false}}, 3: {{other, false}}, 0: {{nowhere, false}}, 4: nil} {
			got, err := q.Open(t.Context(), repository)
			if err != nil || len(got) != len(want) {
				t.Fatalf("%d: %+v, %v", repository, got, err)
			}
			for i := range want {
				if got[i] != want[i] {
					t.Errorf("%d: %+v, want %+v", repository, got[i], want[i])
				}
			}
		}
	})
}

func TestAJobWhoseRowIsDamagedHidesNoOther(t *testing.T) {
	q := openQueue(t, t.TempDir()+"/b.db", Options{}, nil)
	q.enqueue(job("damaged"), job("good"))
	for _, state := range []string{"available", "discarded"} {
		if _, err := q.store.DB().ExecContext(t.Context(), `UPDATE river_job SET args = x'ff01ff', state = $1,
			finalized_at = CASE WHEN $1 = 'discarded' THEN created_at END WHERE id = (SELECT min(id) FROM river_job)`, state); err != nil {
			t.Fatal(err)
		}
		if got, err := q.Open(t.Context(), job("").RepositoryID); err != nil || len(got) == 0 || got[len(got)-1].Delivery != "good" {
			t.Errorf("%s: %+v, %v", state, got, err)
		}
		if _, err := q.Depth(t.Context()); err != nil {
			t.Errorf("%s: %v", state, err)
		}
		if err := q.Enqueue(t.Context(), job("after it was "+state)); err != nil {
			t.Errorf("%s: %v", state, err)
		}
	}
}

func TestAJobWhoseRowIsDamagedStopsNoOther(t *testing.T) {
	for _, column := range []string{"args", "metadata", "errors", "tags", "attempted_by"} {
		for _, running := range []bool{false, true} {
			q := openQueue(t, t.TempDir()+"/b.db", Options{Workers: 1}, func(context.Context, Job, Attempt) error { return nil })
			damage := func() {
				t.Helper()
				late := job("damaged")
				q.enqueue(late, job("good"))
				if _, err := q.store.DB().ExecContext(t.Context(), `UPDATE river_job SET state = 'available', finalized_at = NULL, `+column+` = x'ff01ff'
					WHERE id = (SELECT min(id) FROM river_job)`); err != nil {
					t.Fatal(err)
				}
			}
			if running {
				q.start()
				damage()
				if err := q.Mend(t.Context()); err != nil {
					t.Fatal(err)
				}
			} else {
				damage()
				q.start()
			}
			q.idle()
			q.stop()
			if got := q.states(); got != "cancelled 1, completed 1" {
				t.Errorf("%s, running %v: %s", column, running, got)
			}
		}
	}
}

func TestAStoredJobThatDoesNotReadIsGivenUp(t *testing.T) {
	for name, damage := range map[string]map[bool]string{ // on PostgreSQL, or not
		"another shape": {false: `args = jsonb('{"job":[]}')`, true: `args = '{"job":[]}'`},
		"another kind":  {false: `kind = 'stranger'`, true: `kind = 'stranger'`},
	} {
		t.Run(name, func(t *testing.T) {
			enginetest.Each(t, func(t *testing.T, database string) {
				var log bytes.Buffer
				q := openQueue(t, database, Options{Logger: zerolog.New(zerolog.SyncWriter(&log))}, func(context.Context, Job, Attempt) error {
					t.Error("it was done")
					return nil
				})
				q.enqueue(job("a"))
				if _, err := q.store.DB().ExecContext(t.Context(), `UPDATE river_job SET `+damage[q.store.Pool() != nil]); err != nil {
					t.Fatal(err)
				}
				q.start()
				q.idle()
				q.stop()
				if got := q.states(); got != "cancelled 1" || !strings.Contains(log.String(), `"level":"error"`) {
					t.Errorf("%s\n%s", got, &log)
				}
			})
		})
	}
}
