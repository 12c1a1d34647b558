package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Report is a stored result. Owner and Repo are compared without regard to case.
type Report struct {
	Installation int64
	Owner, Repo  string
	Number       int    // pull request, 0 where there is none
	Head         string // commit SHA
	JSON         []byte // bonafide.report/v1
	At           time.Time
	Conclusion   string // success, neutral, failure, action_required
	Title        string // the verdict in one sentence
}

// SaveReport stores a report in the place of an earlier one for the same pull
// request and head, and adds a Run where it concludes something else than that one, or says it
// otherwise. Both are kept for as long as KeepReports says.
func (s *Store) SaveReport(ctx context.Context, r Report) error {
	if len(r.JSON) > maxReport {
		return fmt.Errorf("store the report of %s/%s: it has %d bytes, allowed are %d", r.Owner, r.Repo, len(r.JSON), maxReport)
	}
	r.Owner, r.Repo, r.Title = strings.ToLower(r.Owner), strings.ToLower(r.Repo), text(r.Title)
	err := s.inTx(ctx, fmt.Sprintf("store the report of %s/%s", r.Owner, r.Repo), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO report (installation, owner, repo, number, head, json, at, conclusion, title)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (installation, owner, repo, number, head) DO UPDATE SET json = excluded.json, at = excluded.at,
				conclusion = excluded.conclusion, title = excluded.title`,
			r.Installation, r.Owner, r.Repo, r.Number, r.Head, text(string(r.JSON)), r.At.UnixMilli(), r.Conclusion, r.Title)
		if err != nil {
			return err
		}
		return addRun(ctx, tx, r)
	})
	if err != nil {
		return err
	}
	return s.sweepInTime(ctx)
}

// ReportAt is when a stored report was judged, which is another time for another verdict; ok
// is false where there is none. The report itself, which is large, is not read for it.
func (s *Store) ReportAt(ctx context.Context, installation int64, owner, repo string, number int, head string) (at time.Time, ok bool, err error) {
	var ms int64
	// An expression for the head, so that SQLite takes the index that holds the time as well: by
	// the key it would find the row, and go through all of its JSON to what stands behind it.
	err = s.reader.QueryRowContext(ctx, `SELECT at FROM report
		WHERE installation = $1 AND owner = $2 AND repo = $3 AND number = $4 AND head || '' = $5`,
		installation, strings.ToLower(owner), strings.ToLower(repo), number, head).Scan(&ms)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return time.Time{}, false, nil
	case err != nil:
		return time.Time{}, false, fmt.Errorf("look when the report of %s/%s was made: %w", owner, repo, err)
	}
	return time.UnixMilli(ms).UTC(), true, nil
}

// Report reads a stored report; ok is false where there is none.
func (s *Store) Report(ctx context.Context, installation int64, owner, repo string, number int, head string) (r Report, ok bool, err error) {
	var json, conclusion, title string
	var at int64
	err = s.reader.QueryRowContext(ctx, `SELECT json, at, conclusion, title FROM report
		WHERE installation = $1 AND owner = $2 AND repo = $3 AND number = $4 AND head = $5`,
		installation, strings.ToLower(owner), strings.ToLower(repo), number, head).Scan(&json, &at, &conclusion, &title)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Report{}, false, nil
	case err != nil:
		return Report{}, false, fmt.Errorf("read the report of %s/%s: %w", owner, repo, err)
	}
	return Report{
		Installation: installation, Owner: owner, Repo: repo, Number: number, Head: head,
		JSON: []byte(json), At: time.UnixMilli(at).UTC(), Conclusion: conclusion, Title: title,
	}, true, nil
}
