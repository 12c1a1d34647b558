package review

import (
	"context"
	"sync"
	"time"
)

// Leases let one job at a time be busy with a commit, or speak on a pull request, over
// all servers that share them.
type Leases interface {
	// Take takes the lease of a key. Under the context that it returns every write is
	// fenced by the lease, and the context ends, with a cause that wraps ErrSuperseded,
	// where the lease is lost. release gives it back and may be called once. held is false
	// where somebody else has it: Take does not wait.
	Take(ctx context.Context, key string) (leased context.Context, release func(), held bool, err error)
}

// Waits for a lease that another job has: a worker that waits is one that others lack,
// so the job sleeps instead, longer the longer it has waited.
const (
	busyWait    = 500 * time.Millisecond
	longestBusy = 5 * time.Second
)

// lease takes the lease of a key, or returns a *Later at once.
func (r *Runner) lease(ctx context.Context, key, what string, try Try) (context.Context, func(), error) {
	if err := context.Cause(ctx); err != nil {
		return nil, nil, err
	}
	leased, release, held, err := r.leases.Take(ctx, key)
	switch {
	case err != nil:
		return nil, nil, &Later{After: longestBusy, Reason: "the database does not say whether another job is busy with this " + what, Err: err}
	case !held:
		return nil, nil, &Later{After: min(max(try.Elapsed/4, busyWait), longestBusy), Reason: "another job is busy with this " + what}
	}
	return leased, release, nil
}

// ownLeases are those of one process. Keys that nobody holds take no memory.
type ownLeases struct {
	mu   sync.Mutex
	held map[string]struct{} // guarded by mu
}

// Take implements Leases.
func (o *ownLeases) Take(ctx context.Context, key string) (context.Context, func(), bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, busy := o.held[key]; busy {
		return nil, nil, false, nil
	}
	if o.held == nil {
		o.held = map[string]struct{}{}
	}
	o.held[key] = struct{}{}
	return ctx, func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		delete(o.held, key)
	}, true, nil
}
