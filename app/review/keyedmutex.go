package review

import (
	"context"
	"sync"
	"time"
)

// keyedMutex is one mutex per key; keys that nobody holds take no memory.
type keyedMutex struct {
	mu   sync.Mutex
	held map[string]struct{} // guarded by mu
}

// busyWait is when a job whose commit another job is busy with runs again. It does
// not wait meanwhile: a worker that waits is one that others lack.
const busyWait = 500 * time.Millisecond

// lock takes the mutex of a key and returns what releases it. Where somebody holds
// it, it returns a *Later at once.
func (k *keyedMutex) lock(ctx context.Context, key string) (unlock func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, busy := k.held[key]; busy {
		return nil, &Later{After: busyWait, Reason: "another job is busy with this commit"}
	}
	k.held[key] = struct{}{}
	return func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		delete(k.held, key)
	}, nil
}
