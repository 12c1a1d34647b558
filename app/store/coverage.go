package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Coverage is how many packages could say where they come from.
type Coverage struct {
	Day                      time.Time // its beginning, UTC
	Head                     string
	Packages, Signed, Proven int
}

// day is the beginning of a day, UTC.
func day(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// saveCoverage stores the coverage of a day: that of Coverage, or, where it has none, of the
// look.
func saveCoverage(ctx context.Context, tx *sql.Tx, i Inventory) error {
	c := i.Coverage
	if c.Day.IsZero() {
		c.Day = i.Looked
	}
	if c.Head == "" {
		c.Head = i.Head
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO coverage (installation, repository, day, head, packages, signed, proven)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (installation, repository, day) DO UPDATE SET head = excluded.head, packages = excluded.packages,
			signed = excluded.signed, proven = excluded.proven`,
		i.Installation, i.ID, day(c.Day).UnixMilli(), c.Head, c.Packages, c.Signed, c.Proven)
	return err
}

// CoverageOf is the coverage since a day, the oldest first; of two years at most.
func (s *Store) CoverageOf(ctx context.Context, installation, repository int64, since time.Time) ([]Coverage, error) {
	oldest := s.now().Add(-keepCoverage)
	if since.Before(oldest) {
		since = oldest
	}
	days, err := list(ctx, s.reader, func(scan func(...any) error) (c Coverage, err error) {
		var at int64
		err = scan(&at, &c.Head, &c.Packages, &c.Signed, &c.Proven)
		c.Day = moment(at)
		return c, err
	}, `SELECT day, head, packages, signed, proven FROM coverage WHERE installation = $1 AND repository = $2 AND day >= $3 ORDER BY day`,
		installation, repository, day(since).UnixMilli())
	if err != nil {
		return nil, fmt.Errorf("read the coverage of repository %d: %w", repository, err)
	}
	return days, nil
}
