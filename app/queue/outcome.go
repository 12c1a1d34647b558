package queue

import (
	"context"
	"errors"
	"time"
)

// Outcome is what came of an attempt.
type Outcome string

// The outcomes of an attempt.
const (
	Done        Outcome = "done"
	Waits       Outcome = "later"       // its error asks for a pause, and gets it
	Failed      Outcome = "failed"      // another attempt follows
	GivenUp     Outcome = "given_up"    // none does
	Interrupted Outcome = "interrupted" // the server is ending; the attempt does not count
)

// Outcome says what follows from the error that Work returned in ctx.
func (a Attempt) Outcome(ctx context.Context, err error) Outcome {
	var later interface{ RetryAfter() time.Duration }
	switch {
	case err == nil:
		return Done
	case errors.Is(ctx.Err(), context.Canceled):
		return Interrupted
	case errors.As(err, &later) && !a.Final:
		return Waits
	case a.Last:
		return GivenUp
	}
	return Failed
}
