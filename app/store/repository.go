package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Repository is one that the App is installed on, with the newest inventory of its default
// branch. Whether somebody may see it is never read from here.
type Repository struct {
	Installation, ID int64
	Owner, Name      string
	Branch           string // the default one
	Head             string // commit of the inventory, "" before there is one
	Problem          string // why the last look found nothing out, "" where it did
	At, Looked       time.Time
}

const repositoryColumns = `r.installation, r.repository, r.owner, r.name, r.branch, r.head, r.problem, r.at, r.looked`

// scanned are the places that repositoryColumns are read to; moments is called afterwards.
func (r *Repository) scanned() (places []any, moments func()) {
	at, looked := new(int64), new(int64)
	return []any{&r.Installation, &r.ID, &r.Owner, &r.Name, &r.Branch, &r.Head, &r.Problem, at, looked},
		func() { r.At, r.Looked = moment(*at), moment(*looked) }
}

// Named is the repository that has a name now, in any case; ok is false where there is
// none. It is also known where there is no inventory yet but a verdict on an open pull request.
// Where two have the name, because GitHub has not told of the other's new one yet, it is the
// one that was looked at, or renamed, last.
func (s *Store) Named(ctx context.Context, owner, name string) (r Repository, ok bool, err error) {
	ownerKey, nameKey := text(strings.ToLower(owner)), text(strings.ToLower(name))
	places, moments := r.scanned()
	var rank int
	// In one statement: how long it takes does not tell strangers whether a name is known.
	err = s.reader.QueryRowContext(ctx, `SELECT * FROM (SELECT `+repositoryColumns+`, 1 AS rank FROM repository r
			WHERE r.owner_key = $1 AND r.name_key = $2 ORDER BY r.touched DESC, r.repository DESC LIMIT 1) AS looked_at
		UNION ALL SELECT * FROM (SELECT installation, repository, owner, name, '', '', '', CAST(0 AS BIGINT), CAST(0 AS BIGINT), 2 FROM verdict
			WHERE owner_key = $1 AND name_key = $2 ORDER BY judged DESC, repository DESC LIMIT 1) AS judged
		ORDER BY rank LIMIT 1`, ownerKey, nameKey).Scan(append(places, &rank)...)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Repository{}, false, nil
	case err != nil:
		return Repository{}, false, fmt.Errorf("look for the repository %s/%s: %w", owner, name, err)
	}
	moments()
	return r, true, nil
}

// Repositories are those of an installation that something is stored of by their number: one
// verdict of each, or its name alone where nothing stands in it.
func (s *Store) Repositories(ctx context.Context, installation int64) ([]Verdict, error) {
	stands, err := s.verdicts(ctx, `installation = $1 AND number = (SELECT min(v.number) FROM verdict v
		WHERE v.installation = verdict.installation AND v.repository = verdict.repository)`, maxRepositories, installation)
	if err != nil {
		return nil, err
	}
	looked, err := list(ctx, s.reader, func(scan func(...any) error) (Verdict, error) {
		v := Verdict{Installation: installation}
		return v, scan(&v.Repository, &v.Owner, &v.Name)
	}, `SELECT r.repository, r.owner, r.name FROM repository r WHERE r.installation = $1 AND NOT EXISTS
		(SELECT 1 FROM verdict v WHERE v.installation = r.installation AND v.repository = r.repository)
		ORDER BY r.repository LIMIT $2`, installation, maxRepositories)
	if err != nil {
		return nil, fmt.Errorf("list the repositories of installation %d: %w", installation, err)
	}
	return append(stands, looked...), nil
}
