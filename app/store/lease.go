package store

import (
	"context"
	"fmt"
	"time"
)

// TakeLease gives a lease to holder for some time, unless another holds it that has not
// run out. It reports whether it did. It goes by the clock of the database: those of
// servers differ.
func (s *Store) TakeLease(ctx context.Context, name, holder string, d time.Duration) (bool, error) {
	n, err := s.change(ctx, `INSERT INTO lease (name, holder, until) SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), ms + $3 FROM (`+s.clock+`) AS clock WHERE true
		ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until WHERE lease.until <= excluded.until - $3`,
		name, holder, d.Milliseconds())
	if err != nil {
		return false, fmt.Errorf("take the lease of %s: %w", name, err)
	}
	return n > 0, nil
}

// RenewLease lets holder keep a lease for some time from now. It reports false where
// somebody else has taken it.
func (s *Store) RenewLease(ctx context.Context, name, holder string, d time.Duration) (bool, error) {
	n, err := s.change(ctx, `UPDATE lease SET until = (`+s.clock+`) + $1 WHERE name = $2 AND holder = $3`, d.Milliseconds(), name, holder)
	if err != nil {
		return false, fmt.Errorf("renew the lease of %s: %w", name, err)
	}
	return n > 0, nil
}

// HoldsLease says whether holder has a lease that has not run out.
func (s *Store) HoldsLease(ctx context.Context, name, holder string) (bool, error) {
	var n int
	err := s.reader.QueryRowContext(ctx, `SELECT count(*) FROM lease WHERE name = $1 AND holder = $2 AND until > (`+s.clock+`)`,
		name, holder).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("look at the lease of %s: %w", name, err)
	}
	return n > 0, nil
}

// EndLease gives a lease back. One that somebody else has taken stays theirs.
func (s *Store) EndLease(ctx context.Context, name, holder string) error {
	if _, err := s.change(ctx, `DELETE FROM lease WHERE name = $1 AND holder = $2`, name, holder); err != nil {
		return fmt.Errorf("give back the lease of %s: %w", name, err)
	}
	return nil
}

// dropLeases ends what a dead process held, where nobody else can have the database
// open.
func (s *Store) dropLeases(ctx context.Context) error {
	if _, err := s.change(ctx, `DELETE FROM lease`); err != nil {
		return fmt.Errorf("end the leases of the last server: %w", err)
	}
	return nil
}

func (s *Store) change(ctx context.Context, query string, args ...any) (int64, error) {
	result, err := s.writer.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}
