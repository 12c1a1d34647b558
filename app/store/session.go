package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/bonafide-app/bonafide/app/access"
)

var _ access.Rows = (*Store)(nil)

// SaveSession implements access.Rows.
func (s *Store) SaveSession(ctx context.Context, r access.Row) error {
	switch {
	case r.Key == "" || len(r.Key) > maxKey || text(r.Key) != r.Key:
		return errors.New("store a session: its key is none")
	case len(r.Sealed) > maxSession:
		return fmt.Errorf("store a session: it has %d bytes, allowed are %d", len(r.Sealed), maxSession)
	}
	sealed := r.Sealed
	if sealed == nil {
		sealed = []byte{}
	}
	_, err := s.writer.ExecContext(ctx, `INSERT INTO session (key, sealed, expires) VALUES ($1, $2, $3)
		ON CONFLICT (key) DO UPDATE SET sealed = excluded.sealed, expires = excluded.expires`, r.Key, sealed, r.Expires.UnixMilli())
	if err != nil {
		return fmt.Errorf("store a session: %w", err)
	}
	return s.sweepInTime(ctx)
}

// Session implements access.Rows.
func (s *Store) Session(ctx context.Context, key string) (r access.Row, ok bool, err error) {
	if text(key) != key {
		return access.Row{}, false, nil // SaveSession takes no such key
	}
	var expires int64
	err = s.reader.QueryRowContext(ctx, `SELECT sealed, expires FROM session WHERE key = $1 AND expires > $2`,
		key, s.now().UnixMilli()).Scan(&r.Sealed, &expires)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return access.Row{}, false, nil
	case err != nil:
		return access.Row{}, false, fmt.Errorf("read a session: %w", err)
	}
	r.Key, r.Expires = key, moment(expires)
	return r, true, nil
}

// EndSession implements access.Rows.
func (s *Store) EndSession(ctx context.Context, key string) error {
	if _, err := s.writer.ExecContext(ctx, `DELETE FROM session WHERE key = $1`, text(key)); err != nil {
		return fmt.Errorf("end a session: %w", err)
	}
	return nil
}
