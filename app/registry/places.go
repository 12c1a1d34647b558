package registry

import (
	"context"
	"slices"
	"sync"
	"time"
)

// places are those of the requests in flight to a host, first come, first served. Their
// number adapts to what the host bears, as TCP's window does: one more for every round of
// answers, half as many where it limits requests or does not answer in time.
type places struct {
	mu       sync.Mutex
	taken    int
	limit    float64 // at least 1
	most     float64
	lessened time.Time
	waiting  []chan struct{} // each is closed when its place is there
}

// newPlaces begins with so many, and never has more than most.
func newPlaces(begin, most int) *places {
	return &places{limit: float64(min(begin, most)), most: float64(most)}
}

// take waits for a place; free gives it back.
func (p *places) take(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	mine := p.queue()
	if mine == nil {
		return nil
	}
	select {
	case <-mine:
		return nil
	case <-ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.waiting, mine); i >= 0 {
		p.waiting = slices.Delete(p.waiting, i, i+1)
		return ctx.Err()
	}
	p.taken-- // the place came at the same time
	p.serve()
	return ctx.Err()
}

// queue takes a place, or returns what to wait for.
func (p *places) queue() chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) == 0 && p.taken < int(p.limit) {
		p.taken++
		return nil
	}
	mine := make(chan struct{})
	p.waiting = append(p.waiting, mine)
	return mine
}

func (p *places) free() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken--
	p.serve()
}

// serve is for holders of the lock.
func (p *places) serve() {
	for len(p.waiting) > 0 && p.taken < int(p.limit) {
		p.taken++
		close(p.waiting[0])
		p.waiting = p.waiting[1:]
	}
}

// more is told of an answer. Places that nobody used say nothing of what the host bears.
func (p *places) more() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken >= int(p.limit) {
		p.limit = min(p.limit+1/p.limit, p.most)
		p.serve()
	}
}

// fewer is told of a sign that there are too many. What was in flight together gives its
// signs together: they count once.
func (p *places) fewer(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Sub(p.lessened) >= lessenEvery {
		p.lessened = now
		p.limit = max(p.limit/2, min(leastPlaces, p.most))
	}
}

// atMost lowers what the number may grow to.
func (p *places) atMost(most int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.most = min(p.most, float64(most))
	p.limit = min(p.limit, p.most)
}
