package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Inventory is what a look at a default branch found.
type Inventory struct {
	Repository
	JSON       []byte // bonafide.report/v1, as bonafide audit writes it
	Exceptions []byte // JSON of the policy's exceptions ([]policy.Exception)
	Holdings   []Holding
	Coverage   Coverage
	News       []News // all there is now: what is missing here is over
}

// SaveInventory stores what a look found in place of what the look before found: holdings
// that are new came now, others went; there is one Coverage a day; News that was there before
// keeps its Since. Now is Looked, or, where that is zero, the time of the call; At is the same
// where it is zero. An Inventory without Head says only that there was a look and what its
// Problem was; the one before stays.
func (s *Store) SaveInventory(ctx context.Context, i Inventory) error {
	what := fmt.Sprintf("store the inventory of %s/%s", i.Owner, i.Name)
	switch {
	case i.Owner == "" || i.Name == "":
		return fmt.Errorf("store the inventory of repository %d: it has no name", i.ID)
	case len(i.JSON) > maxReport:
		return fmt.Errorf("%s: it has %d bytes, allowed are %d", what, len(i.JSON), maxReport)
	case len(i.Exceptions) > maxFact:
		return fmt.Errorf("%s: its exceptions have %d bytes, allowed are %d", what, len(i.Exceptions), maxFact)
	case len(i.Holdings) > maxHoldings:
		return fmt.Errorf("%s: it has %d packages, allowed are %d", what, len(i.Holdings), maxHoldings)
	}
	if i.Looked.IsZero() {
		i.Looked = s.now()
	}
	if i.At.IsZero() {
		i.At = i.Looked
	}
	err := s.inTx(ctx, what, func(tx *sql.Tx) error {
		// First, so that of several servers only one goes on.
		if err := s.saveLook(ctx, tx, i); err != nil || i.Head == "" {
			return err
		}
		if err := saveHoldings(ctx, tx, i); err != nil {
			return err
		}
		if err := saveCoverage(ctx, tx, i); err != nil {
			return err
		}
		return saveNews(ctx, tx, i)
	})
	if err != nil {
		return err
	}
	return s.sweepInTime(ctx)
}

// saveLook stores the row of a repository.
func (s *Store) saveLook(ctx context.Context, tx *sql.Tx, i Inventory) error {
	at, replace := i.At, `, head = excluded.head, at = excluded.at, json = excluded.json, exceptions = excluded.exceptions`
	if i.Head == "" {
		at, i.JSON, i.Exceptions, replace = time.Time{}, nil, nil, ""
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO repository (installation, repository, owner, name, owner_key, name_key, branch, head, problem,
			at, looked, touched, exceptions, json)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
		ON CONFLICT (installation, repository) DO UPDATE SET owner = excluded.owner, name = excluded.name,
			owner_key = excluded.owner_key, name_key = excluded.name_key,
			branch = CASE WHEN excluded.branch = '' THEN repository.branch ELSE excluded.branch END,
			problem = excluded.problem, looked = excluded.looked, touched = excluded.touched`+replace,
		i.Installation, i.ID, i.Owner, i.Name, strings.ToLower(i.Owner), strings.ToLower(i.Name), text(i.Branch), i.Head, text(i.Problem),
		millis(at), i.Looked.UnixMilli(), s.now().UnixMilli(), text(cmp.Or(string(i.Exceptions), "[]")), text(string(i.JSON)))
	return err
}

// ExceptionsOf are those of the newest inventory; ok is false before there is a first one.
func (s *Store) ExceptionsOf(ctx context.Context, installation, repository int64) (exceptions []byte, ok bool, err error) {
	err = s.reader.QueryRowContext(ctx, `SELECT exceptions FROM repository
		WHERE installation = $1 AND repository = $2 AND head <> ''`, installation, repository).Scan(&exceptions)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, false, nil
	case err != nil:
		return nil, false, fmt.Errorf("read the exceptions of repository %d: %w", repository, err)
	}
	return exceptions, true, nil
}

// InventoryOf reads the newest inventory, without Holdings, Coverage and News. ok is false
// before there is a first one.
func (s *Store) InventoryOf(ctx context.Context, installation, repository int64) (i Inventory, ok bool, err error) {
	places, moments := i.scanned()
	var document, exceptions string
	err = s.reader.QueryRowContext(ctx, `SELECT `+repositoryColumns+`, r.json, r.exceptions FROM repository r
		WHERE r.installation = $1 AND r.repository = $2 AND r.head <> ''`, installation, repository).Scan(append(places, &document, &exceptions)...)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Inventory{}, false, nil
	case err != nil:
		return Inventory{}, false, fmt.Errorf("read the inventory of repository %d: %w", repository, err)
	}
	moments()
	i.JSON, i.Exceptions = []byte(document), []byte(exceptions)
	return i, true, nil
}
