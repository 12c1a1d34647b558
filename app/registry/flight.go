package registry

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"

	"golang.org/x/sync/singleflight"
)

// flights lets many askers share one request. The request goes on while one of
// them still waits, and ends with the last.
type flights struct {
	group singleflight.Group

	mu   sync.Mutex
	open map[string]*flight
}

type flight struct {
	ctx    context.Context
	cancel context.CancelFunc
	askers int
}

// do returns the result of ask for key, or the error of ctx.
func (f *flights) do(ctx context.Context, key string, ask func(context.Context) (any, error)) (any, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	shared, answer := f.join(ctx, key, ask)
	defer f.leave(key, shared)
	select {
	case r := <-answer:
		return r.Val, r.Err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// join adds an asker. Who is counted shares the answer: counting and asking are one
// step, else the answer could come in between, and the asker would ask again.
func (f *flights) join(ctx context.Context, key string, ask func(context.Context) (any, error)) (*flight, <-chan singleflight.Result) {
	f.mu.Lock()
	defer f.mu.Unlock()
	shared := f.open[key]
	if shared == nil {
		shared = &flight{}
		shared.ctx, shared.cancel = context.WithCancel(context.WithoutCancel(ctx))
		if f.open == nil {
			f.open = map[string]*flight{}
		}
		f.open[key] = shared
	}
	shared.askers++
	return shared, f.group.DoChan(key, func() (answer any, err error) {
		defer func() { // in singleflight's goroutine nobody else could
			if v := recover(); v != nil {
				err = &panicError{v, debug.Stack()}
			}
		}()
		return ask(shared.ctx)
	})
}

func (f *flights) leave(key string, shared *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if shared.askers--; shared.askers == 0 {
		shared.cancel()
		delete(f.open, key)
		f.group.Forget(key)
	}
}

// panicError is a fault of our own while an answer was read.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v\n%s", e.value, e.stack) }
