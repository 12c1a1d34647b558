package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
)

// Key is a secret of 32 bytes that the server made for itself the first time it was asked
// for; servers that share the database have the same.
func (s *Store) Key(ctx context.Context, name string) ([]byte, error) {
	key, err := ownKey(ctx, s.reader, name)
	if errors.Is(err, sql.ErrNoRows) {
		if err = s.makeKey(ctx, name); err == nil {
			key, err = ownKey(ctx, s.writer.DB, name) // it may be another server's
		}
	}
	if err == nil && len(key) != keyBytes {
		err = fmt.Errorf("it has %d bytes", len(key))
	}
	if err != nil {
		return nil, fmt.Errorf("the server's key %q: %w", name, err)
	}
	return key, nil
}

func ownKey(ctx context.Context, db *sql.DB, name string) (key []byte, err error) {
	err = db.QueryRowContext(ctx, `SELECT value FROM own_key WHERE name = $1`, name).Scan(&key)
	return key, err
}

func (s *Store) makeKey(ctx context.Context, name string) error {
	key := make([]byte, keyBytes)
	if _, err := rand.Read(key); err != nil {
		return err
	}
	_, err := s.writer.ExecContext(ctx, `INSERT INTO own_key (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, name, key)
	return err
}
