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
}

// SaveReport stores a report in the place of an earlier one for the same pull
// request and head. It is kept for keepReports.
func (s *Store) SaveReport(ctx context.Context, r Report) error {
	if len(r.JSON) > maxReport {
		return fmt.Errorf("store the report of %s/%s: it has %d bytes, allowed are %d", r.Owner, r.Repo, len(r.JSON), maxReport)
	}
	_, err := s.writer.ExecContext(ctx, `INSERT INTO report (installation, owner, repo, number, head, json, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (installation, owner, repo, number, head) DO UPDATE SET json = excluded.json, at = excluded.at`,
		r.Installation, strings.ToLower(r.Owner), strings.ToLower(r.Repo), r.Number, r.Head, text(string(r.JSON)), r.At.UnixMilli())
	if err != nil {
		return fmt.Errorf("store the report of %s/%s: %w", r.Owner, r.Repo, err)
	}
	return s.sweepInTime(ctx)
}

// Report reads a stored report; ok is false where there is none.
func (s *Store) Report(ctx context.Context, installation int64, owner, repo string, number int, head string) (r Report, ok bool, err error) {
	var json string
	var at int64
	err = s.reader.QueryRowContext(ctx, `SELECT json, at FROM report
		WHERE installation = $1 AND owner = $2 AND repo = $3 AND number = $4 AND head = $5`,
		installation, strings.ToLower(owner), strings.ToLower(repo), number, head).Scan(&json, &at)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Report{}, false, nil
	case err != nil:
		return Report{}, false, fmt.Errorf("read the report of %s/%s: %w", owner, repo, err)
	}
	return Report{
		Installation: installation, Owner: owner, Repo: repo, Number: number, Head: head,
		JSON: []byte(json), At: time.UnixMilli(at).UTC(),
	}, true, nil
}

// Forget deletes what is stored of an installation.
func (s *Store) Forget(ctx context.Context, installation int64) error {
	for _, table := range []string{"report", "acceptance", "floor", "pause", "unfinished", "subject", "verdict", "brought"} {
		if _, err := s.writer.ExecContext(ctx, `DELETE FROM `+table+` WHERE installation = $1`, installation); err != nil {
			return fmt.Errorf("delete the data of installation %d: %w", installation, err)
		}
	}
	return nil
}
