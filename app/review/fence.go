package review

import (
	"context"
	"errors"
)

// ErrSuperseded is wrapped by the error for a job whose work another one has taken over:
// the pull request moved on, or the job was given to another server meanwhile. What it
// would still write is out of date.
var ErrSuperseded = errors.New("another job has taken this over")

// Fence says whether a job may still write: nil, or an error that wraps ErrSuperseded.
// Where that cannot be found out it is a *Later: nothing is written on a guess. It is asked before every single write, so that a server that was asleep overwrites
// nothing when it wakes up.
type Fence func(ctx context.Context) error

type fenceKey struct{}

// WithFence lets every write under the context be asked for, after the fences that the
// context has already.
func WithFence(ctx context.Context, f Fence) context.Context {
	outer, ok := ctx.Value(fenceKey{}).(Fence)
	if !ok {
		return context.WithValue(ctx, fenceKey{}, f)
	}
	return context.WithValue(ctx, fenceKey{}, Fence(func(ctx context.Context) error {
		if err := outer(ctx); err != nil {
			return err
		}
		return f(ctx)
	}))
}

// superseded is why the work under a context was interrupted, nil where it was not, or
// not because another job took it over.
func superseded(ctx context.Context) error {
	if cause := context.Cause(ctx); errors.Is(cause, ErrSuperseded) {
		return cause
	}
	return nil
}

// Fenced asks the context's fence. Without one everything may be written.
func Fenced(ctx context.Context) error {
	if f, ok := ctx.Value(fenceKey{}).(Fence); ok {
		return f(ctx)
	}
	return nil
}
