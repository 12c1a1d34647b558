package queue

import (
	"context"
	"fmt"
	"strconv"
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

// place says where jobs wait that are stored together, and how urgent they are there: 1,
// the first, to 4. Each counts those before it.
func (r *River) place(ctx context.Context, jobs []args) ([]*river.InsertOpts, error) {
	type line struct {
		lane         string
		installation int64
	}
	lines := map[line]int{} // how many wait there
	count := func(l line) (n int, err error) {
		n, known := lines[l]
		if !known {
			n, err = r.waiting(ctx, l.lane, l.installation, crowds[len(crowds)-1])
			lines[l] = n
		}
		return n, err
	}
	opts := make([]*river.InsertOpts, len(jobs))
	for i, a := range jobs {
		l, priority := line{bulk, a.Job.Installation}, 1
		if !a.Job.Bulk {
			l.lane = events
		}
		n, err := count(l)
		if err == nil && l.lane == events && n >= r.lanes.share {
			l.lane = crowd
			n, err = count(l)
		}
		if err != nil {
			return nil, err
		}
		for l.lane != events && priority <= len(crowds) && n >= crowds[priority-1] {
			priority++
		}
		lines[l]++
		opts[i] = &river.InsertOpts{Queue: l.lane, Priority: priority, UniqueOpts: river.UniqueOpts{ByArgs: true}}
	}
	return opts, nil
}

// lineIndex lets the jobs of an installation be counted, whatever else waits. It is
// beside River's own and made at every start: River may make its table anew.
func lineIndex(installation string) string {
	return `CREATE INDEX IF NOT EXISTS river_job_line ON river_job (queue, (` + installation + `)) WHERE state = 'available'`
}

// waiting counts jobs of an installation that could run, up to a limit.
func (r *River) waiting(ctx context.Context, lane string, installation int64, limit int) (n int, err error) {
	err = r.reader.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT 1 FROM river_job WHERE state = 'available' AND queue = $1
		AND (`+r.installation+`) = $2 LIMIT $3) AS waiting`, lane, strconv.FormatInt(installation, 10), limit).Scan(&n)
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
