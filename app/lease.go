package app

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/review"
	"github.com/bonafide-app/bonafide/app/store"
)

// How long a lease holds without being renewed, and how often it is renewed: several
// times may fail, and a job of a server that vanished is free again within a minute.
// Nobody has to wait for a job that ended by itself.
const (
	leaseTime  = 30 * time.Second
	leaseRenew = 7 * time.Second
	// leaseEnd bounds giving one back.
	leaseEnd = 5 * time.Second
	// fenceWait is when a job goes on that could not be told whether it still may write.
	fenceWait = 5 * time.Second
)

// leases keeps in the store who is busy with what.
type leases struct {
	store *store.Store
	renew time.Duration
}

// Take implements review.Leases.
func (l leases) Take(ctx context.Context, key string) (context.Context, func(), bool, error) {
	holder := rand.Text()
	held, err := l.store.TakeLease(ctx, key, holder, leaseTime)
	if err != nil {
		l.end(ctx, key, holder) // it may have been taken, and the answer lost: the job was interrupted
	}
	if err != nil || !held {
		return nil, nil, false, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	lost := fmt.Errorf("its lease of %s was lost: %w", key, review.ErrSuperseded)
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.keep(ctx, key, holder, func() { cancel(lost) })
	}()
	leased := review.WithFence(ctx, func(ctx context.Context) error {
		switch holds, err := l.store.HoldsLease(ctx, key, holder); {
		case err != nil:
			return &review.Later{After: fenceWait, Reason: "the database does not say whether this job still has its turn", Err: err}
		case !holds:
			return lost
		}
		return nil
	})
	return leased, func() {
		cancel(context.Canceled)
		<-done
		l.end(ctx, key, holder)
	}, true, nil
}

// end gives a lease back.
func (l leases) end(ctx context.Context, key, holder string) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), leaseEnd)
	defer stop()
	if err := l.store.EndLease(ctx, key, holder); err != nil {
		zerolog.Ctx(ctx).Warn().Err(err).Msg("others wait until the lease runs out")
	}
}

// keep renews a lease until ctx ends. Where it cannot be renewed in time, or is somebody
// else's, it says that it is lost.
func (l leases) keep(ctx context.Context, key, holder string, lost func()) {
	tick := time.NewTicker(l.renew)
	defer tick.Stop()
	renewed := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		ours, err := l.store.RenewLease(ctx, key, holder, leaseTime)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil && ours:
			renewed = time.Now()
		case err == nil, time.Since(renewed) >= leaseTime:
			lost()
			return
		}
	}
}
