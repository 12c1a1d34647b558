package queue

import (
	"context"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"sync"
)

// group lets jobs that wait to be stored at the same time share one transaction: each
// commit waits for the disk, and a burst of deliveries would wait once for each.
type group struct {
	insert func(ctx context.Context, jobs []args) error // all or none; no two are the same

	mu      sync.Mutex
	waiting []waiter
	busy    bool // somebody stores
}

type waiter struct {
	args   args
	stored chan error // has room for the one result; its own
}

// store returns when the job is stored, or when ctx ends: it may be stored then. One
// that still waits is not: while the database does not answer, what was refused does
// not pile up.
func (g *group) store(ctx context.Context, a args) error {
	w := waiter{a, make(chan error, 1)}
	g.mu.Lock()
	g.waiting = append(g.waiting, w)
	first := !g.busy
	g.busy = true
	g.mu.Unlock()
	if first {
		go g.run(context.WithoutCancel(ctx)) // it stores the jobs of others too
	}
	select {
	case err := <-w.stored:
		return err
	case <-ctx.Done():
		g.mu.Lock()
		defer g.mu.Unlock()
		g.waiting = slices.DeleteFunc(g.waiting, func(other waiter) bool { return other.stored == w.stored })
		return ctx.Err()
	}
}

// run stores what waits until nothing does.
func (g *group) run(ctx context.Context) {
	for {
		g.mu.Lock()
		n := min(len(g.waiting), maxGroup)
		batch := slices.Clone(g.waiting[:n])
		g.waiting = slices.Delete(g.waiting, 0, n)
		g.busy = n > 0
		g.mu.Unlock()
		if n == 0 {
			return
		}
		g.commit(ctx, batch)
	}
}

// commit stores a batch. Where that fails each job is tried by itself: none may fail
// because of another.
func (g *group) commit(ctx context.Context, batch []waiter) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	jobs := map[string]args{}
	for _, w := range batch {
		jobs[w.args.Unique] = w.args
	}
	list := make([]args, 0, len(jobs))
	for _, unique := range slices.Sorted(maps.Keys(jobs)) { // so that no two servers wait for each other
		list = append(list, jobs[unique])
	}
	err := g.try(ctx, list)
	for _, w := range batch {
		if err != nil && len(list) > 1 {
			w.stored <- g.try(ctx, []args{w.args})
			continue
		}
		w.stored <- err
	}
}

// try is insert with panics made errors: nobody above would keep one from ending the
// process.
func (g *group) try(ctx context.Context, jobs []args) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	return g.insert(ctx, jobs)
}
