package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// SaveCoverage stores the coverage of days of a repository. What is stored of a day already
// stays.
func (s *Store) SaveCoverage(ctx context.Context, installation, repository int64, days []Coverage) error {
	return s.inTx(ctx, fmt.Sprintf("keep the coverage of repository %d", repository), func(tx *sql.Tx) error {
		for _, c := range days {
			if _, err := tx.ExecContext(ctx, `INSERT INTO coverage (installation, repository, day, head, packages, signed, proven)
				VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
				installation, repository, c.Day.UTC().Truncate(24*time.Hour).UnixMilli(), c.Head, c.Packages, c.Signed, c.Proven); err != nil {
				return err
			}
		}
		return nil
	})
}
