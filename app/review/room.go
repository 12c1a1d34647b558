package review

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// Memory is what all reviews of a process may hold at a time, in bytes. A review takes
// what it is about to hold. Where there is not enough left, it lets go of everything,
// waits for as much as it turned out to need, and begins anew: nobody waits while
// holding some, so that nothing can lock up, and who waits holds nothing.
//
// What needs little has a share of its own, so that it does not queue behind what needs
// much. What needs more than there is takes all of the large share and is then alone
// with what needs little.
type Memory struct{ small, large share }

type share struct {
	*semaphore.Weighted
	size int64
}

// NewMemory makes a Memory with the shares for reviews that need little and much.
func NewMemory(small, large int64) *Memory {
	return &Memory{share{semaphore.NewWeighted(small), small}, share{semaphore.NewWeighted(large), large}}
}

// errNoRoom ends a review that is to begin anew with more room.
var errNoRoom = errors.New("there is not enough memory for it now")

// Room is what one review holds of a Memory. A nil Room has no bounds.
type Room struct {
	memory *Memory

	mu    sync.Mutex
	share *share
	held  int64 // of the share
	used  int64
	kept  int64 // of used: results that stay to the end
	needs int64 // what it would have taken, 0 while there was enough
	// shrunk says that some was given back. A review that lacked it then gives nothing back
	// when it begins anew (whole), or it might never come to its end.
	shrunk, whole bool
}

type roomKey struct{}

// RoomOf is the room that a context's review has to keep to; nil for one without bounds.
func RoomOf(ctx context.Context) *Room {
	r, _ := ctx.Value(roomKey{}).(*Room)
	return r
}

// Do runs f, and runs it anew with more room where it had too little. f must not have
// done anything by then that cannot be done twice. What f holds in the end counts until
// leave is called. Where there is no room for longer than patience, it fails with a
// *Later.
func (m *Memory) Do(ctx context.Context, patience time.Duration, f func(ctx context.Context) error) (leave func(), err error) {
	whole := false
	for need := int64(0); ; {
		room, err := m.enter(ctx, need, patience)
		if err != nil {
			return func() {}, err
		}
		room.whole = whole
		err = room.hold(ctx, f)
		lacking := room.lacking()
		if lacking == 0 {
			return room.leave, err
		}
		room.leave() // whatever came of it came of too little room
		whole = whole || room.shrunk
		need = max(lacking, 2*need) // so that few attempts are enough
	}
}

// hold runs f in the room, and gives the room back where f panics.
func (r *Room) hold(ctx context.Context, f func(ctx context.Context) error) (err error) {
	ended := false
	defer func() {
		if !ended {
			r.leave()
		}
	}()
	err = f(context.WithValue(ctx, roomKey{}, r))
	ended = true
	return err
}

// enter waits for room. The share of those that need little is never waited for by those
// that need much, nor the other way round.
func (m *Memory) enter(ctx context.Context, need int64, patience time.Duration) (*Room, error) {
	r := &Room{memory: m, share: &m.small}
	if need > m.small.size/smallestParts {
		r.share = &m.large
	}
	r.held = min(need, r.share.size)
	wait, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := r.share.Acquire(wait, r.held); err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("wait for memory: %w", ctx.Err())
		}
		return nil, &Later{After: roomAgain, Reason: "other large lockfiles are being read, and there is no memory for more at the same time", Err: err}
	}
	return r, nil
}

// Take counts bytes that are about to be held. Its error ends the review, which begins
// anew.
func (r *Room) Take(bytes int64) error {
	return r.take(bytes, bytes)
}

// Ahead makes sure that there will be room for bytes that are taken later.
func (r *Room) Ahead(bytes int64) error {
	return r.take(bytes, 0)
}

func (r *Room) take(room, use int64) error {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.needs > 0 {
		return errNoRoom
	}
	if !r.reach(r.used + room) {
		r.needs = r.used + room
		return errNoRoom
	}
	r.used += use
	return nil
}

// reach makes held at least n, without waiting.
func (r *Room) reach(n int64) bool {
	small, large := &r.memory.small, &r.memory.large
	switch {
	case n <= r.held, r.share == large && r.held == large.size: // all of it: nobody has more
		return true
	case r.share == small && n > small.size/smallestParts:
		if n > large.size || !large.TryAcquire(n) {
			return false
		}
		small.Release(r.held)
		r.share = large
	case n > r.share.size || !r.share.TryAcquire(n-r.held):
		return false
	}
	r.held = n
	return true
}

// Short says that there was not enough room: what is done from then on is for nothing.
func (r *Room) Short() error {
	if r.lacking() > 0 {
		return errNoRoom
	}
	return nil
}

func (r *Room) lacking() int64 {
	if r == nil {
		return 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.needs
}

// Shrink gives back all but bytes of what was taken since the last Keep, and ahead of
// what will be taken next.
func (r *Room) Shrink(bytes, ahead int64) { r.shrink(bytes, ahead, false) }

// Keep is Shrink, and what is left stays to the end.
func (r *Room) Keep(bytes int64) { r.shrink(bytes, 0, true) }

func (r *Room) shrink(bytes, ahead int64, keep bool) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used = min(r.used, r.kept+bytes)
	if keep {
		r.kept = r.used
	}
	if back := r.held - r.used - ahead; back > 0 && !r.whole {
		r.shrunk = true
		r.share.Release(back)
		r.held -= back
	}
}

// leave gives everything back. Nothing can be taken afterwards, by what goes on in the
// background.
func (r *Room) leave() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.share.Release(r.held)
	r.held, r.used = 0, 0
	r.needs = max(r.needs, 1)
}
