package queue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/store/enginetest"
)

func TestTheDepthIsWhatIsNotDone(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		begun, release := make(chan struct{}), make(chan struct{})
		q := openQueue(t, database, Options{Workers: 1}, func(_ context.Context, j Job, _ Attempt) error {
			if j.Kind == Commit {
				close(begun)
				<-release
			}
			return nil
		})
		before := time.Now().Add(-time.Second)
		if d, err := q.Depth(t.Context()); err != nil || len(d.Jobs) > 0 || !d.OldestDue.IsZero() || !d.OldestOpen.IsZero() {
			t.Fatalf("of nothing: %+v, %v", d, err)
		}
		first := job("0")
		first.Kind = Commit
		q.enqueue(first)
		q.start()
		<-begun
		other := job("2")
		other.Installation = 9 // two of one would not wait in the same lane
		q.enqueue(job("1"), other)
		d, err := q.Depth(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range d.Jobs {
			got = append(got, fmt.Sprint(c.State, " ", c.Kind, " ", c.N))
		}
		slices.Sort(got)
		if want := []string{"available pull_request 2", "running commit 1"}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		for name, at := range map[string]time.Time{"due": d.OldestDue, "open": d.OldestOpen} {
			if at.Before(before) || at.After(time.Now().Add(time.Second)) {
				t.Errorf("the oldest that is %s is of %v", name, at)
			}
		}
		close(release)
		q.idle()
		if d, err := q.Depth(t.Context()); err != nil || len(d.Jobs) > 0 {
			t.Errorf("at the end: %+v, %v", d, err)
		}
	})
}

func TestTheOutcomeIsWhatTheWorkerDoes(t *testing.T) {
	fails, ended := errors.New("no"), func() context.Context {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		return ctx
	}()
	for _, tt := range []struct {
		ctx     context.Context
		attempt Attempt
		err     error
		want    Outcome
	}{
		{t.Context(), Attempt{}, nil, Done},
		{ended, Attempt{Last: true}, nil, Done},
		{t.Context(), Attempt{}, fails, Failed},
		{t.Context(), Attempt{Last: true}, fails, GivenUp},
		{t.Context(), Attempt{Last: true}, later(time.Second), Waits},
		{t.Context(), Attempt{Last: true, Final: true}, later(time.Second), GivenUp},
		{ended, Attempt{Last: true}, fails, Interrupted},
	} {
		if got := tt.attempt.Outcome(tt.ctx, tt.err); got != tt.want {
			t.Errorf("%+v with %v is %s, want %s", tt.attempt, tt.err, got, tt.want)
		}
	}
}
