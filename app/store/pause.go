package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Pause keeps that GitHub is not to be called for an installation (0: as the App itself)
// until then. It makes a pause longer, never shorter: several servers may say so.
func (s *Store) Pause(ctx context.Context, installation int64, until time.Time, reason string) error {
	_, err := s.writer.ExecContext(ctx, `INSERT INTO pause (installation, until, reason) VALUES ($1, $2, $3)
		ON CONFLICT (installation) DO UPDATE SET until = excluded.until, reason = excluded.reason WHERE pause.until < excluded.until`,
		installation, until.UnixMilli(), reason)
	if err != nil {
		return fmt.Errorf("keep the pause of installation %d: %w", installation, err)
	}
	return nil
}

// Paused is until when GitHub is not to be called for an installation, and why; a time
// that is past, or the zero time, where it may be called.
func (s *Store) Paused(ctx context.Context, installation int64) (until time.Time, reason string, err error) {
	var ms int64
	err = s.reader.QueryRowContext(ctx, `SELECT until, reason FROM pause WHERE installation = $1`, installation).Scan(&ms, &reason)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return time.Time{}, "", nil
	case err != nil:
		return time.Time{}, "", fmt.Errorf("read the pause of installation %d: %w", installation, err)
	}
	return time.UnixMilli(ms), reason, nil
}
