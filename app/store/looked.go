package store

import (
	"context"
	"fmt"
	"time"
)

// StaleInventories are the repositories that were last looked at before a time, up to max, in
// no order: those that cannot be looked at for hours, because their registry is down, say,
// would otherwise be named each time before all others.
func (s *Store) StaleInventories(ctx context.Context, before time.Time, max int) ([]Repository, error) {
	list, err := s.looked(ctx, `looked < $1 ORDER BY random() LIMIT $2`, before.UnixMilli(), max)
	if err != nil {
		return nil, fmt.Errorf("look for inventories that are too old: %w", err)
	}
	return list, nil
}

// Holders are the repositories whose default branch has a package locked, in whatever
// version, up to max.
func (s *Store) Holders(ctx context.Context, ecosystem, name string, max int) ([]Repository, error) {
	list, err := s.looked(ctx, `EXISTS (SELECT 1 FROM holding h WHERE h.installation = repository.installation AND h.repository = repository.repository
		AND h.ecosystem = $1 AND h.name = $2 AND h.gone = 0) ORDER BY looked, installation, repository LIMIT $3`, ecosystem, text(name), max)
	if err != nil {
		return nil, fmt.Errorf("look for default branches with %s: %w", name, err)
	}
	return list, nil
}

// looked reads rows of repositories, without their documents.
func (s *Store) looked(ctx context.Context, where string, args ...any) (list []Repository, err error) {
	rows, err := s.reader.QueryContext(ctx, `SELECT installation, repository, owner, name, branch, head, problem, at, looked FROM repository
		WHERE `+where, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // only read
	for rows.Next() {
		var r Repository
		var at, looked int64
		if err := rows.Scan(&r.Installation, &r.ID, &r.Owner, &r.Name, &r.Branch, &r.Head, &r.Problem, &at, &looked); err != nil {
			return nil, err
		}
		if at > 0 {
			r.At = time.UnixMilli(at).UTC()
		}
		r.Looked = time.UnixMilli(looked).UTC()
		list = append(list, r)
	}
	return list, rows.Err()
}

// Looked are the repositories of an installation, by number, that were looked at at least
// once, whatever came of it.
func (s *Store) Looked(ctx context.Context, installation int64) (map[int64]bool, error) {
	fail := func(err error) (map[int64]bool, error) {
		return nil, fmt.Errorf("look which repositories of installation %d were looked at: %w", installation, err)
	}
	rows, err := s.reader.QueryContext(ctx, `SELECT repository FROM repository WHERE installation = $1 LIMIT `+fmt.Sprint(maxRepositories), installation)
	if err != nil {
		return fail(err)
	}
	defer func() { _ = rows.Close() }() // only read
	out := map[int64]bool{}
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return fail(err)
		}
		out[id] = true
	}
	if err := rows.Err(); err != nil {
		return fail(err)
	}
	return out, nil
}

// Missed notes that a repository could not be looked at, and why. What is known of it stays;
// one of which nothing is known stays unknown, so that what was forgotten does not come back.
func (s *Store) Missed(ctx context.Context, installation, repository int64, problem string, at time.Time) error {
	_, err := s.writer.ExecContext(ctx, `UPDATE repository SET problem = $1, looked = $2 WHERE installation = $3 AND repository = $4`,
		text(problem), at.UnixMilli(), installation, repository)
	if err != nil {
		return fmt.Errorf("note that repository %d could not be looked at: %w", repository, err)
	}
	return nil
}
