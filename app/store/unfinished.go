package store

import (
	"context"
	"fmt"
	"time"
)

// Unfinished is a commit whose check run was begun and, as far as is known, not
// completed.
type Unfinished struct {
	Installation, Repository int64 // Repository is GitHub's number of it
	Owner, Repo              string
	Head                     string
	Since                    time.Time // when it was begun first
}

// BeginCheck notes that a check run of a commit is about to be begun. Noting it again
// makes it young again.
func (s *Store) BeginCheck(ctx context.Context, u Unfinished) error {
	now := s.now().UnixMilli()
	_, err := s.writer.ExecContext(ctx, `INSERT INTO unfinished (installation, repository, head, owner, repo, since, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (installation, repository, head) DO UPDATE SET owner = excluded.owner, repo = excluded.repo, at = excluded.at`,
		u.Installation, u.Repository, u.Head, u.Owner, u.Repo, now, now)
	if err != nil {
		return fmt.Errorf("note that the check of %s/%s at %s is begun: %w", u.Owner, u.Repo, u.Head, err)
	}
	return nil
}

// EndCheck notes that the check run of a commit was completed.
func (s *Store) EndCheck(ctx context.Context, installation, repository int64, head string) error {
	_, err := s.writer.ExecContext(ctx, `DELETE FROM unfinished WHERE installation = $1 AND repository = $2 AND head = $3`, installation, repository, head)
	if err != nil {
		return fmt.Errorf("note that the check at %s is completed: %w", head, err)
	}
	return nil
}

// UnfinishedChecks lists the commits that were begun, or noted again, before a time,
// the oldest first, limit at most.
func (s *Store) UnfinishedChecks(ctx context.Context, before time.Time, limit int) ([]Unfinished, error) {
	rows, err := s.reader.QueryContext(ctx, `SELECT installation, repository, owner, repo, head, since FROM unfinished
		WHERE at < $1 ORDER BY at LIMIT $2`, before.UnixMilli(), limit)
	if err != nil {
		return nil, fmt.Errorf("list the unfinished checks: %w", err)
	}
	defer rows.Close()
	var out []Unfinished
	for rows.Next() {
		var u Unfinished
		var since int64
		if err := rows.Scan(&u.Installation, &u.Repository, &u.Owner, &u.Repo, &u.Head, &since); err != nil {
			return nil, fmt.Errorf("list the unfinished checks: %w", err)
		}
		u.Since = time.UnixMilli(since)
		out = append(out, u)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list the unfinished checks: %w", err)
	}
	return out, nil
}
