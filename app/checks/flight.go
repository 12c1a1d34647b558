package checks

import (
	"context"
	"errors"
	"sync"
)

// flights lets those who want the same listing at the same time ask for it once.
type flights struct {
	mu    sync.Mutex
	going map[objectKey]*flight
}

type flight struct {
	done chan struct{} // closed when the rest is set
	got  listing
	err  error
}

// listing is what read answers, or what it answers somebody else who is asking right now:
// then joined is set. Where the other one fails, be it that its job ended, read is called
// anew: what went wrong for one job says nothing about the next.
func (f *flights) listing(ctx context.Context, key objectKey, read func() (listing, error)) (l listing, joined bool, err error) {
	f.mu.Lock()
	other, ok := f.going[key]
	if ok {
		f.mu.Unlock()
		select {
		case <-other.done:
		case <-ctx.Done():
			return listing{}, false, ctx.Err()
		}
		if other.err == nil {
			return other.got, true, nil
		}
		l, err = read()
		return l, false, err
	}
	own := &flight{done: make(chan struct{}), err: errors.New("it panicked")}
	if f.going == nil {
		f.going = map[objectKey]*flight{}
	}
	f.going[key] = own
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.going, key)
		close(own.done)
	}()
	own.got, own.err = read()
	return own.got, false, own.err
}
