package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// Floor says where an owner's floor was seen last; ok is false where none was. Owners
// are compared without regard to case.
func (s *Store) Floor(ctx context.Context, installation int64, owner string) (source string, ok bool, err error) {
	err = s.reader.QueryRowContext(ctx, `SELECT source FROM floor WHERE installation = $1 AND owner = $2`,
		installation, strings.ToLower(owner)).Scan(&source)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "", false, nil
	case err != nil:
		return "", false, fmt.Errorf("read whether %s has a floor: %w", owner, err)
	}
	return source, true, nil
}

// SaveFloor keeps where an owner's floor was seen.
func (s *Store) SaveFloor(ctx context.Context, installation int64, owner, source string) error {
	_, err := s.writer.ExecContext(ctx, `INSERT INTO floor (installation, owner, source, at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (installation, owner) DO UPDATE SET source = excluded.source, at = excluded.at`,
		installation, strings.ToLower(owner), text(source), s.now().UnixMilli())
	if err != nil {
		return fmt.Errorf("remember the floor of %s: %w", owner, err)
	}
	return nil
}

// ForgetFloor forgets the floor of an owner that has withdrawn it.
func (s *Store) ForgetFloor(ctx context.Context, installation int64, owner string) error {
	if _, err := s.writer.ExecContext(ctx, `DELETE FROM floor WHERE installation = $1 AND owner = $2`, installation, strings.ToLower(owner)); err != nil {
		return fmt.Errorf("forget the floor of %s: %w", owner, err)
	}
	return nil
}
