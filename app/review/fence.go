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
// It is asked before every single write, so that a server that was asleep overwrites
// nothing when it wakes up.
type Fence func(ctx context.Context) error

type fenceKey struct{}

// WithFence lets every write under the context be asked for.
func WithFence(ctx context.Context, f Fence) context.Context {
	return context.WithValue(ctx, fenceKey{}, f)
}

// Fenced asks the context's fence. Without one everything may be written.
func Fenced(ctx context.Context) error {
	if f, ok := ctx.Value(fenceKey{}).(Fence); ok {
		return f(ctx)
	}
	return nil
}
