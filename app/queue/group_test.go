package queue

import (
	"context"
	"errors"
	"sync"
	"testing"
)

// What waits while a transaction is under way goes into the next one together; the same
// job is in it once, and one that cannot be stored fails alone.
func TestJobsThatWaitAreStoredTogether(t *testing.T) {
	bad := errors.New("this one cannot be stored")
	begun, proceed := make(chan struct{}, 9), make(chan struct{})
	var mu sync.Mutex
	var batches [][]args
	g := &group{insert: func(_ context.Context, jobs []args) error {
		begun <- struct{}{}
		<-proceed
		mu.Lock()
		defer mu.Unlock()
		batches = append(batches, jobs)
		for _, j := range jobs {
			switch j.Unique {
			case "bad":
				return bad
			case "worse":
				panic("nobody is above")
			}
		}
		return nil
	}}
	results := make(chan error, 1)
	go func() { results <- g.store(t.Context(), args{Unique: "first"}) }()
	<-begun
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := g.store(gone, args{Unique: "gone"}); !errors.Is(err, context.Canceled) {
		t.Errorf("whoever left is told %v", err)
	}
	if len(g.waiting) > 0 {
		t.Error("whoever left is waited for")
	}
	waiters := map[string]chan error{}
	for _, name := range []string{"b", "a", "bad", "worse", "a again"} {
		waiters[name] = make(chan error, 1)
	}
	g.mu.Lock()
	for name, stored := range waiters {
		if name == "a again" {
			name = "a"
		}
		g.waiting = append(g.waiting, waiter{args{Unique: name}, stored})
	}
	g.mu.Unlock()
	close(proceed)
	if err := <-results; err != nil {
		t.Error(err)
	}
	for name, stored := range waiters {
		err := <-stored
		if failed := err != nil; failed != (name == "bad" || name == "worse") {
			t.Errorf("%s: %v", name, err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(batches[0]) != 1 || len(batches[1]) != 4 || batches[1][0].Unique != "a" || batches[1][3].Unique != "worse" {
		t.Errorf("%+v", batches)
	}
	if len(batches) != 2+len(waiters) { // then each by itself
		t.Errorf("%d transactions", len(batches))
	}
}

func TestABurstIsStoredInSeveralTransactions(t *testing.T) {
	most := 0
	g := &group{insert: func(_ context.Context, jobs []args) error { most = max(most, len(jobs)); return nil }, busy: true}
	stored := make(chan error, 3*maxGroup)
	for i := range 3 * maxGroup {
		g.waiting = append(g.waiting, waiter{args{Unique: string(rune(i + 1))}, stored})
	}
	g.run(t.Context())
	if len(stored) != 3*maxGroup || most != maxGroup || g.busy {
		t.Errorf("%d stored, %d at a time, busy: %v", len(stored), most, g.busy)
	}
}
