package app

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/review"
	"github.com/bonafide-app/bonafide/app/store"
)

func newLeases(t *testing.T, renew time.Duration) leases {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "b.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return leases{store: s, renew: renew}
}

func (l leases) exec(t *testing.T, query string) {
	t.Helper()
	if _, err := l.store.DB().ExecContext(t.Context(), query); err != nil {
		t.Fatal(err)
	}
}

func TestALeaseIsOneJobs(t *testing.T) {
	l := newLeases(t, time.Hour)
	leased, release, held, err := l.Take(t.Context(), "a")
	if err != nil || !held || review.Fenced(leased) != nil {
		t.Fatal(held, err)
	}
	if _, _, again, err := l.Take(t.Context(), "a"); err != nil || again {
		t.Error("it was given away twice", err)
	}
	_, other, held, err := l.Take(t.Context(), "b")
	if err != nil || !held {
		t.Fatal("another key", held, err)
	}
	other()
	release()
	_, release, held, err = l.Take(t.Context(), "a")
	if err != nil || !held {
		t.Fatal("after it was given back", held, err)
	}
	release()
}

func TestALeaseThatIsLostInterruptsItsJob(t *testing.T) {
	for name, stolen := range map[string]string{"another has it": `UPDATE lease SET holder = 'another'`, "it is gone": `DELETE FROM lease`} {
		t.Run(name, func(t *testing.T) {
			l := newLeases(t, time.Millisecond)
			leased, release, held, err := l.Take(t.Context(), "a")
			if err != nil || !held {
				t.Fatal(held, err)
			}
			l.exec(t, stolen)
			<-leased.Done()
			if cause := context.Cause(leased); !errors.Is(cause, review.ErrSuperseded) {
				t.Error(cause)
			}
			release()
		})
	}
}

func TestNothingIsWrittenWithoutTheLease(t *testing.T) {
	l := newLeases(t, time.Hour)
	outer := errors.New("not even the job is ours")
	var fails error
	ctx := review.WithFence(t.Context(), func(context.Context) error { return fails })
	leased, release, _, err := l.Take(ctx, "a")
	if err != nil || review.Fenced(leased) != nil {
		t.Fatal(err)
	}
	if fails = outer; !errors.Is(review.Fenced(leased), outer) {
		t.Error("the job's own fence is not asked")
	}
	fails = nil
	l.exec(t, `UPDATE lease SET until = 0`)
	if err := review.Fenced(leased); !errors.Is(err, review.ErrSuperseded) {
		t.Error("it has run out: ", err)
	}
	_, theirs, held, err := l.Take(t.Context(), "a")
	if err != nil || !held {
		t.Fatal("it has run out, and nobody may have it", err)
	}
	if err := review.Fenced(leased); !errors.Is(err, review.ErrSuperseded) {
		t.Error("another has it: ", err)
	}
	release() // does not take it from the other
	if _, _, held, err := l.Take(t.Context(), "a"); err != nil || held {
		t.Error("it was given back by who had lost it", err)
	}
	theirs()

	leased, _, _, err = l.Take(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.store.Reader().Close(); err != nil {
		t.Fatal(err)
	}
	var later *review.Later
	if err := review.Fenced(leased); !errors.As(err, &later) {
		t.Error("the database does not answer: ", err)
	}
}
