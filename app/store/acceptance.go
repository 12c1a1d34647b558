package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/rs/zerolog"
)

// Acceptance is a finding in a lockfile that somebody accepted on a pull request.
type Acceptance struct {
	Installation int64
	Repository   int64  // GitHub's number: names change hands
	Number       int    // pull request
	Place        string // what it was written in: "review", "review_comment", "issue_comment"; or "button"
	Remark       int64  // the id of that; of a button, what it stood for

	Ecosystem, Name, Version       string
	Digest, Source, Lockfile, Rule string

	Reason   string
	By       string // login
	Role     string // what they might do in the repository then
	ByAuthor bool   // they opened the pull request
}

// Accept stores acceptances, all or none. One that is there already stays as it is.
func (s *Store) Accept(ctx context.Context, list []Acceptance) (err error) {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("store what was accepted: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("store what was accepted: %w", err), tx.Rollback())
		}
	}()
	for _, a := range list {
		author := 0
		if a.ByAuthor {
			author = 1
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO acceptance (installation, repository, number, place, remark, ecosystem, name, version,
			digest, source, lockfile, rule, reason, login, role, author, at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) ON CONFLICT DO NOTHING`,
			a.Installation, a.Repository, a.Number, a.Place, a.Remark, text(a.Ecosystem), text(a.Name), text(a.Version),
			text(a.Digest), text(a.Source), text(a.Lockfile), text(a.Rule), text(a.Reason), text(a.By), text(a.Role), author, s.now().UnixMilli())
		if err != nil {
			return err
		}
	}
	return tx.Commit()
}

// Accepted reads what was accepted on a pull request, on all of the repository where
// number is 0, oldest first.
func (s *Store) Accepted(ctx context.Context, installation, repository int64, number int) ([]Acceptance, error) {
	list, err := s.acceptances(ctx, installation, repository, number, maxAccepted)
	if err != nil {
		return nil, fmt.Errorf("read what was accepted in repository %d: %w", repository, err)
	}
	return list, nil
}

func (s *Store) acceptances(ctx context.Context, installation, repository int64, number, max int) ([]Acceptance, error) {
	rows, err := s.reader.QueryContext(ctx, `SELECT number, place, remark, ecosystem, name, version, digest, source, lockfile, rule, reason, login, role, author
		FROM acceptance WHERE installation = $1 AND repository = $2 AND (number = $3 OR $3 = 0)
		ORDER BY at, number, place, remark, ecosystem, name, version, digest, source, lockfile, rule LIMIT $4`,
		installation, repository, number, max)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // only read
	var list []Acceptance
	for rows.Next() {
		a := Acceptance{Installation: installation, Repository: repository}
		var author int
		if err := rows.Scan(&a.Number, &a.Place, &a.Remark, &a.Ecosystem, &a.Name, &a.Version, &a.Digest, &a.Source, &a.Lockfile, &a.Rule,
			&a.Reason, &a.By, &a.Role, &author); err != nil {
			// What cannot be read was not accepted: the finding counts.
			zerolog.Ctx(ctx).Error().Err(err).Int64("repository_id", repository).Msg("something that was accepted cannot be read and does not count")
			continue
		}
		a.ByAuthor = author == 1
		list = append(list, a)
	}
	return list, rows.Err()
}

// Retract deletes what was accepted in one review or comment.
func (s *Store) Retract(ctx context.Context, installation, repository int64, number int, place string, remark int64) error {
	_, err := s.writer.ExecContext(ctx, `DELETE FROM acceptance
		WHERE installation = $1 AND repository = $2 AND number = $3 AND place = $4 AND remark = $5`,
		installation, repository, number, place, remark)
	if err != nil {
		return fmt.Errorf("delete what was accepted in repository %d: %w", repository, err)
	}
	return nil
}

// EndAcceptances deletes what was accepted on a pull request.
func (s *Store) EndAcceptances(ctx context.Context, installation, repository int64, number int) error {
	_, err := s.writer.ExecContext(ctx, `DELETE FROM acceptance WHERE installation = $1 AND repository = $2 AND number = $3`,
		installation, repository, number)
	if err != nil {
		return fmt.Errorf("delete what was accepted in repository %d: %w", repository, err)
	}
	return nil
}
