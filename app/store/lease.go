package store

import (
	"context"
	"fmt"
	"time"
)

// TakeLease gives a lease to holder for some time, unless another holds it that has not
// run out. It reports whether it did. Servers compare their clocks through it, so that
// those may differ by a fraction of that time only.
func (s *Store) TakeLease(ctx context.Context, name, holder string, d time.Duration) (bool, error) {
	now := s.now()
	n, err := s.change(ctx, `INSERT INTO lease (name, holder, until) VALUES ($1, $2, $3)
		ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until WHERE lease.until <= $4`,
		name, holder, now.Add(d).UnixMilli(), now.UnixMilli())
	if err != nil {
		return false, fmt.Errorf("take the lease of %s: %w", name, err)
	}
	return n > 0, nil
}

// RenewLease lets holder keep a lease for some time from now. It reports false where
// somebody else has taken it.
func (s *Store) RenewLease(ctx context.Context, name, holder string, d time.Duration) (bool, error) {
	n, err := s.change(ctx, `UPDATE lease SET until = $1 WHERE name = $2 AND holder = $3`, s.now().Add(d).UnixMilli(), name, holder)
	if err != nil {
		return false, fmt.Errorf("renew the lease of %s: %w", name, err)
	}
	return n > 0, nil
}

// HoldsLease says whether holder has a lease that has not run out.
func (s *Store) HoldsLease(ctx context.Context, name, holder string) (bool, error) {
	var n int
	err := s.reader.QueryRowContext(ctx, `SELECT count(*) FROM lease WHERE name = $1 AND holder = $2 AND until > $3`,
		name, holder, s.now().UnixMilli()).Scan(&n)
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
