package queue

import (
	"context"
	"fmt"
	"sync"

	"github.com/riverqueue/river"
)

// Jobs wait in three lanes, each a queue of River's with workers of its own, so that
// nobody waits for the many jobs of somebody else.
//
// The first few jobs of every installation wait for the events' workers, of which it gets
// its share and no more. What it has beyond goes to the crowd, where those with fewer jobs
// come first. Work that nobody waits for has a lane of its own. A job changes its lane once
// at most: none is taken up and put back again and again.
const (
	events = river.QueueDefault
	crowd  = "crowd"
	bulk   = "bulk"
)

// lanes says how many jobs are done at a time.
type lanes struct {
	events, crowd, bulk int
	share               int // of the events' workers, for one installation on one server
}

func lanesOf(workers int) lanes {
	l := lanes{crowd: max(workers/2, 1), bulk: max(workers/4, 1)}
	l.events = max(workers-l.crowd, 1)
	l.share = max(l.events/2, 1)
	return l
}

func (l lanes) queues() map[string]river.QueueConfig {
	return map[string]river.QueueConfig{events: {MaxWorkers: l.events}, crowd: {MaxWorkers: l.crowd}, bulk: {MaxWorkers: l.bulk}}
}

// crowds are how many waiting jobs of an installation make its next one less urgent.
var crowds = [...]int{4, 16, 64}

// lane is where a job waits, and how urgent it is there: 1, the first, to 4.
func (r *River) lane(ctx context.Context, job Job) (lane string, priority int, err error) {
	lane = bulk
	if !job.Bulk {
		n, err := r.waiting(ctx, events, job.Installation, r.lanes.share)
		if err != nil || n < r.lanes.share {
			return events, 1, err
		}
		lane = crowd
	}
	n, err := r.waiting(ctx, lane, job.Installation, crowds[len(crowds)-1])
	for priority = 1; priority <= len(crowds) && n >= crowds[priority-1]; {
		priority++
	}
	return lane, priority, err
}

// waiting counts jobs of an installation that could run, up to a limit.
func (r *River) waiting(ctx context.Context, lane string, installation int64, limit int) (n int, err error) {
	err = r.reader.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT 1 FROM river_job WHERE state = 'available' AND queue = $1
		AND CAST(args -> 'job' ->> 'installation' AS BIGINT) = $2 LIMIT $3) AS waiting`, lane, installation, limit).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count the jobs of installation %d: %w", installation, err)
	}
	return n, nil
}

// turns counts the running jobs of the events' lane, by installation.
type turns struct {
	share   int
	mu      sync.Mutex
	running map[int64]int // guarded by mu
}

// take reports whether an installation may have a further job running. Where it may,
// done is called when that ends.
func (t *turns) take(installation int64) (done func(), ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.running[installation] >= t.share {
		return nil, false
	}
	if t.running == nil {
		t.running = map[int64]int{}
	}
	t.running[installation]++
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.running[installation]--; t.running[installation] == 0 {
			delete(t.running, installation)
		}
	}, true
}
