package store

import (
	"context"
	"fmt"
	"time"
)

// sweepInTime is sweep, every now and then. It is called where something is stored that is
// not kept for ever.
func (s *Store) sweepInTime(ctx context.Context) error {
	if s.now().UnixMilli()-s.swept.Load() < sweepEvery.Milliseconds() {
		return nil
	}
	return s.sweep(ctx)
}

// sweep deletes facts and sessions that have expired, leases that nobody gave back, reports
// and what else happened long ago, and what nobody will compare with any more, the oldest first
// and not all at once: others wait to write meanwhile.
func (s *Store) sweep(ctx context.Context) error {
	now := s.now()
	s.swept.Store(now.UnixMilli())
	for _, old := range []struct {
		table, column string
		before        time.Time
		most          int
	}{
		{"subject", "at", now.Add(-keepSubjects), maxSwept},
		{"fact", "expires", now, maxSwept}, // 0: never
		{"lease", "until", now.Add(-keepLeases), maxSwept},
		{"report", "at", now.Add(-s.keep), maxSweptReports},
		{"run", "at", now.Add(-s.keep), maxSwept},
		{"holding", "gone", now.Add(-s.keep), maxSwept}, // 0: it is there
		{"coverage", "day", now.Add(-keepCoverage), maxSwept},
		{"session", "expires", now, maxSwept},
	} {
		_, err := s.change(ctx, fmt.Sprintf(`DELETE FROM %[1]s WHERE %[2]s > 0 AND %[2]s <= (SELECT max(%[2]s) FROM
			(SELECT %[2]s FROM %[1]s WHERE %[2]s > 0 AND %[2]s <= $1 ORDER BY %[2]s LIMIT %[3]d) AS oldest)`, old.table, old.column, old.most), old.before.UnixMilli())
		if err != nil {
			return fmt.Errorf("delete what is old of the table %s: %w", old.table, err)
		}
	}
	return nil
}
