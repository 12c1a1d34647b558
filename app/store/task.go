package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Claim reports whether the round of a task is the caller's to do: the last one was
// claimed at least every ago, by whichever server and the clock of the database.
func (s *Store) Claim(ctx context.Context, task string, every time.Duration) (bool, error) {
	n, err := s.change(ctx, `INSERT INTO task (name, at, cursor) SELECT CAST($1 AS TEXT), ms, '' FROM (`+s.clock+`) AS clock WHERE true
		ON CONFLICT (name) DO UPDATE SET at = excluded.at WHERE task.at <= excluded.at - $2`, task, every.Milliseconds())
	if err != nil {
		return false, fmt.Errorf("claim the task %s: %w", task, err)
	}
	return n > 0, nil
}

// Cursor is how far a task got, as SaveCursor kept it; "" where it has not begun.
func (s *Store) Cursor(ctx context.Context, task string) (cursor string, err error) {
	err = s.reader.QueryRowContext(ctx, `SELECT cursor FROM task WHERE name = $1`, task).Scan(&cursor)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("read how far the task %s got: %w", task, err)
	}
	return cursor, nil
}

// SaveCursor keeps how far a task got.
func (s *Store) SaveCursor(ctx context.Context, task, cursor string) error {
	_, err := s.writer.ExecContext(ctx, `INSERT INTO task (name, at, cursor) VALUES ($1, 0, $2)
		ON CONFLICT (name) DO UPDATE SET cursor = excluded.cursor`, task, cursor)
	if err != nil {
		return fmt.Errorf("keep how far the task %s got: %w", task, err)
	}
	return nil
}

// DropCursor forgets how far a task got, if it is still that far: of all who see a cursor,
// one drops it.
func (s *Store) DropCursor(ctx context.Context, task, cursor string) (bool, error) {
	n, err := s.change(ctx, `UPDATE task SET cursor = '' WHERE name = $1 AND cursor = $2 AND cursor <> ''`, task, cursor)
	if err != nil {
		return false, fmt.Errorf("forget how far the task %s got: %w", task, err)
	}
	return n > 0, nil
}

// ForgetTask forgets a task, and how far it got.
func (s *Store) ForgetTask(ctx context.Context, task string) error {
	if _, err := s.writer.ExecContext(ctx, `DELETE FROM task WHERE name = $1`, task); err != nil {
		return fmt.Errorf("forget the task %s: %w", task, err)
	}
	return nil
}
