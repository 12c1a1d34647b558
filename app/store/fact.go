package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Get returns a cached fact, if there is one that has not expired.
func (s *Store) Get(ctx context.Context, key string) (value []byte, ok bool, err error) {
	if text(key) != key {
		return nil, false, nil // Put takes no such key
	}
	err = s.reader.QueryRowContext(ctx, `SELECT value FROM fact WHERE key = $1 AND (expires = 0 OR expires > $2)`,
		key, s.now().UnixMilli()).Scan(&value)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, false, nil
	case err != nil:
		return nil, false, fmt.Errorf("read a cached fact: %w", err)
	}
	return value, true, nil
}

// Put keeps a fact for ttl, or for ever where ttl is 0. A fact of the same key is
// replaced.
func (s *Store) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	switch {
	case key == "" || len(key) > maxKey:
		return fmt.Errorf("cache a fact: the key has %d bytes, allowed are 1 to %d", len(key), maxKey)
	case text(key) != key:
		return errors.New("cache a fact: the key holds a NUL or is not UTF-8")
	case len(value) > maxFact:
		return fmt.Errorf("cache a fact: it has %d bytes, allowed are %d", len(value), maxFact)
	case ttl < 0:
		return fmt.Errorf("cache a fact: it expires %s ago", -ttl)
	}
	expires := int64(0)
	if ttl > 0 {
		expires = s.now().Add(ttl).UnixMilli()
	}
	if value == nil {
		value = []byte{}
	}
	_, err := s.writer.ExecContext(ctx, `INSERT INTO fact (key, value, expires) VALUES ($1, $2, $3)
		ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires = excluded.expires`, key, value, expires)
	if err != nil {
		return fmt.Errorf("cache a fact: %w", err)
	}
	return s.sweepInTime(ctx)
}
