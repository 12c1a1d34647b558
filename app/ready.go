package app

import (
	"context"
	"errors"
	"time"
)

// Readiness is looked at by several balancers and orchestrators, every second or so.
const (
	// readyFor is how long one look at the database is the answer for all who ask.
	readyFor = 2 * time.Second
	// readyTime bounds a look.
	readyTime = time.Second
)

// errSlow is said while the database is still being looked at.
var errSlow = errors.New("the database does not answer in time")

// readiness says why deliveries cannot be stored, and looks once for all who ask. It is
// safe for concurrent use.
type readiness struct {
	ping  func(context.Context) error // writes
	clock func() time.Time
	turn  chan struct{} // held by who looks, and guards what follows
	at    time.Time
	err   error
}

func newReadiness(ping func(context.Context) error, clock func() time.Time) *readiness {
	return &readiness{ping: ping, clock: clock, turn: make(chan struct{}, 1)}
}

// check is nil where a delivery could be stored, as found out at most readyFor ago.
func (r *readiness) check(ctx context.Context) error {
	select {
	case r.turn <- struct{}{}:
		defer func() { <-r.turn }()
	case <-ctx.Done():
		return errSlow
	}
	if now := r.clock(); r.at.IsZero() || now.Sub(r.at).Abs() >= readyFor {
		// The answer is for others, too: that this one went is no reason to know nothing.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyTime)
		defer cancel()
		r.err, r.at = r.ping(ctx), now
		if errors.Is(r.err, context.DeadlineExceeded) {
			r.err = errSlow
		}
	}
	return r.err
}
