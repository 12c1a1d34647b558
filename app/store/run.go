package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Run is one verdict that was published.
type Run struct {
	Number     int
	Head       string
	At         time.Time
	Conclusion string
	Title      string
}

// addRun adds what a report says, where the newest run of its head says something else. Owner
// and Repo are in lower case.
func addRun(ctx context.Context, tx *sql.Tx, r Report) error {
	var conclusion, title string
	err := tx.QueryRowContext(ctx, `SELECT conclusion, title FROM run
		WHERE installation = $1 AND owner = $2 AND repo = $3 AND number = $4 AND head = $5 ORDER BY at DESC LIMIT 1`,
		r.Installation, r.Owner, r.Repo, r.Number, r.Head).Scan(&conclusion, &title)
	switch {
	case err == nil && conclusion == r.Conclusion && title == r.Title:
		return nil
	case err != nil && !errors.Is(err, sql.ErrNoRows):
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO run (installation, owner, repo, number, head, at, conclusion, title)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (installation, owner, repo, number, at, head) DO UPDATE SET conclusion = excluded.conclusion, title = excluded.title`,
		r.Installation, r.Owner, r.Repo, r.Number, r.Head, r.At.UnixMilli(), r.Conclusion, r.Title)
	return err
}

// Runs are the verdicts on a pull request, the newest first, up to max. One that says what
// the one before it on the same head said is not listed again.
func (s *Store) Runs(ctx context.Context, installation int64, owner, repo string, number, max int) ([]Run, error) {
	runs, err := list(ctx, s.reader, func(scan func(...any) error) (Run, error) {
		r, at := Run{Number: number}, int64(0)
		err := scan(&r.Head, &at, &r.Conclusion, &r.Title)
		r.At = moment(at)
		return r, err
	}, `SELECT head, at, conclusion, title FROM run
		WHERE installation = $1 AND owner = $2 AND repo = $3 AND number = $4 ORDER BY at DESC, head LIMIT $5`,
		installation, strings.ToLower(owner), strings.ToLower(repo), number, max)
	if err != nil {
		return nil, fmt.Errorf("read the verdicts on %s/%s#%d: %w", owner, repo, number, err)
	}
	return runs, nil
}

// LastHead is the head of the newest report on a pull request; ok is false where there is none.
func (s *Store) LastHead(ctx context.Context, installation int64, owner, repo string, number int) (head string, ok bool, err error) {
	err = s.reader.QueryRowContext(ctx, `SELECT head FROM report
		WHERE installation = $1 AND owner = $2 AND repo = $3 AND number = $4 ORDER BY at DESC, head DESC LIMIT 1`,
		installation, strings.ToLower(owner), strings.ToLower(repo), number).Scan(&head)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "", false, nil
	case err != nil:
		return "", false, fmt.Errorf("look for the newest report of %s/%s#%d: %w", owner, repo, number, err)
	}
	return head, true, nil
}

// SectionsAt are the numbers of the pull requests (0: a merge group) with a report at a
// commit, the smallest first.
func (s *Store) SectionsAt(ctx context.Context, installation int64, owner, repo, head string) ([]int, error) {
	numbers, err := list(ctx, s.reader, func(scan func(...any) error) (n int, err error) { return n, scan(&n) },
		`SELECT number FROM report WHERE installation = $1 AND owner = $2 AND repo = $3 AND head = $4 ORDER BY number LIMIT $5`,
		installation, strings.ToLower(owner), strings.ToLower(repo), head, maxSections)
	if err != nil {
		return nil, fmt.Errorf("look for the reports of %s/%s at %s: %w", owner, repo, head, err)
	}
	return numbers, nil
}
