package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
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

// Fact is a value to be kept under a key for TTL, or for ever where that is 0.
type Fact struct {
	Key   string
	Value []byte
	TTL   time.Duration
}

// OfInstallation is the key of a fact that belongs to an installation, and is forgotten
// with it.
func OfInstallation(installation int64, key string) string {
	return fmt.Sprintf("installation %d\n%s", installation, key)
}

// Put keeps a fact for ttl, or for ever where ttl is 0. A fact of the same key is
// replaced.
func (s *Store) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	return s.PutAll(ctx, []Fact{{key, value, ttl}})
}

// PutAll keeps facts in one transaction. Where one of them cannot be kept, none is.
func (s *Store) PutAll(ctx context.Context, facts []Fact) error {
	for _, f := range facts {
		if err := f.check(); err != nil {
			return fmt.Errorf("cache a fact: %w", err)
		}
	}
	if len(facts) == 0 {
		return nil
	}
	if err := s.putAll(ctx, facts); err != nil {
		return fmt.Errorf("cache a fact: %w", err)
	}
	return s.sweepInTime(ctx)
}

func (f Fact) check() error {
	switch {
	case f.Key == "" || len(f.Key) > maxKey:
		return fmt.Errorf("the key has %d bytes, allowed are 1 to %d", len(f.Key), maxKey)
	case text(f.Key) != f.Key:
		return errors.New("the key holds a NUL or is not UTF-8")
	case len(f.Value) > maxFact:
		return fmt.Errorf("it has %d bytes, allowed are %d", len(f.Value), maxFact)
	case f.TTL < 0:
		return fmt.Errorf("it expires %s ago", -f.TTL)
	}
	return nil
}

func (s *Store) putAll(ctx context.Context, facts []Fact) error {
	// In the same order everywhere: transactions that write the same rows do not wait for each other in a circle.
	facts = slices.SortedFunc(slices.Values(facts), func(a, b Fact) int { return strings.Compare(a.Key, b.Key) })
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after Commit it does nothing
	insert, err := tx.PrepareContext(ctx, `INSERT INTO fact (key, value, expires) VALUES ($1, $2, $3)
		ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires = excluded.expires`)
	if err != nil {
		return err
	}
	defer func() { _ = insert.Close() }() // Commit has
	for _, f := range facts {
		expires := int64(0)
		if f.TTL > 0 {
			expires = s.now().Add(f.TTL).UnixMilli()
		}
		value := f.Value
		if value == nil {
			value = []byte{}
		}
		if _, err := insert.ExecContext(ctx, f.Key, value, expires); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// forgetFacts deletes the facts of an installation, a part at a time.
func (s *Store) forgetFacts(ctx context.Context, installation int64) error {
	prefix := OfInstallation(installation, "")
	for {
		n, err := s.change(ctx, `DELETE FROM fact WHERE key IN (SELECT key FROM fact WHERE substr(key, 1, $1) = $2 LIMIT $3)`, len(prefix), prefix, maxSwept)
		if err != nil || n == 0 {
			return err
		}
	}
}
