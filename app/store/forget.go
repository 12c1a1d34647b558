package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// Forget deletes what is stored of an installation, a part at a time: others wait to write
// meanwhile. Interrupted it is done again from the start.
func (s *Store) Forget(ctx context.Context, installation int64) error {
	fail := func(err error) error {
		return fmt.Errorf("delete the data of installation %d: %w", installation, err)
	}
	repositories, err := s.repositoryIDs(ctx, installation)
	if err != nil {
		return fail(err)
	}
	for _, id := range repositories { // what there is most of
		if _, err := s.writer.ExecContext(ctx, `DELETE FROM holding WHERE installation = $1 AND repository = $2`, installation, id); err != nil {
			return fail(err)
		}
	}
	for _, table := range []string{
		"report", "run", "acceptance", "floor", "pause", "unfinished", "subject", "verdict", "brought",
		"holding", "coverage", "news", "badge", "repository",
	} {
		if _, err := s.writer.ExecContext(ctx, `DELETE FROM `+table+` WHERE installation = $1`, installation); err != nil {
			return fail(err)
		}
	}
	if err := s.forgetFacts(ctx, installation); err != nil {
		return fail(err)
	}
	return nil
}

func (s *Store) repositoryIDs(ctx context.Context, installation int64) ([]int64, error) {
	return list(ctx, s.reader, func(scan func(...any) error) (id int64, err error) {
		return id, scan(&id)
	}, `SELECT repository FROM repository WHERE installation = $1 ORDER BY repository LIMIT $2`, installation, maxRepositories)
}

// ForgetRepository deletes what is stored of a repository that is gone, or no longer ours
// to see. Owner and name are those that it was last known by.
func (s *Store) ForgetRepository(ctx context.Context, installation, repository int64, owner, name string) error {
	return s.inTx(ctx, "delete the data of "+owner+"/"+name, func(tx *sql.Tx) error {
		if err := deleteFrom(ctx, tx, installation, repository, "verdict", "brought", "acceptance", "subject", "unfinished",
			"holding", "coverage", "news", "badge", "repository"); err != nil {
			return err
		}
		return deleteNamed(ctx, tx, installation, owner, name)
	})
}

func deleteFrom(ctx context.Context, tx *sql.Tx, installation, repository int64, tables ...string) error {
	for _, table := range tables {
		if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE installation = $1 AND repository = $2`, installation, repository); err != nil {
			return err
		}
	}
	return nil
}

// deleteNamed deletes what is stored by a repository's name.
func deleteNamed(ctx context.Context, tx *sql.Tx, installation int64, owner, name string) error {
	for _, table := range []string{"report", "run"} {
		if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE installation = $1 AND owner = $2 AND repo = $3`,
			installation, strings.ToLower(owner), strings.ToLower(name)); err != nil {
			return err
		}
	}
	return nil
}

// Rename gives a repository its new name. What was stored by the old one moves along: a
// repository that takes the old name later has nothing of it.
func (s *Store) Rename(ctx context.Context, installation, repository int64, owner, from, to string) error {
	return s.inTx(ctx, fmt.Sprintf("rename %s/%s to %s", owner, from, to), func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE verdict SET owner = $1, owner_key = $2, name = $3, name_key = $4 WHERE installation = $5 AND repository = $6`,
			owner, strings.ToLower(owner), to, strings.ToLower(to), installation, repository); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE repository SET owner = $1, owner_key = $2, name = $3, name_key = $4, touched = $5
			WHERE installation = $6 AND repository = $7`,
			owner, strings.ToLower(owner), to, strings.ToLower(to), s.now().UnixMilli(), installation, repository); err != nil {
			return err
		}
		if from == "" || strings.EqualFold(from, to) {
			return nil
		}
		if err := deleteNamed(ctx, tx, installation, owner, to); err != nil {
			return err
		}
		for _, table := range []string{"report", "run"} {
			if _, err := tx.ExecContext(ctx, `UPDATE `+table+` SET repo = $1 WHERE installation = $2 AND owner = $3 AND repo = $4`,
				strings.ToLower(to), installation, strings.ToLower(owner), strings.ToLower(from)); err != nil {
				return err
			}
		}
		return nil
	})
}
