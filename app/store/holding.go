package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"
)

// Holding is a package that a default branch has, or had, locked.
type Holding struct {
	Ecosystem, Name, Version, Lockfile string

	Came   time.Time
	Head   string // commit of the branch that it came with
	Number int    // pull request that it came by, 0 where that is not known
	Gone   time.Time
}

// held is what a default branch has at most once at a time.
type held struct{ ecosystem, name, version, lockfile string }

func (h Holding) held() held {
	return held{text(h.Ecosystem), text(h.Name), text(h.Version), text(h.Lockfile)}
}

func (h held) size() int { return len(h.ecosystem) + len(h.name) + len(h.version) + len(h.lockfile) }

func (h held) compare(other held) int {
	return slices.Compare([]string{h.ecosystem, h.name, h.version, h.lockfile}, []string{other.ecosystem, other.name, other.version, other.lockfile})
}

// saveHoldings stores what came and went since the look before. What has too long a name for
// the database's indexes is said and left out.
func saveHoldings(ctx context.Context, tx *sql.Tx, i Inventory) error {
	before, err := list(ctx, tx, func(scan func(...any) error) (h since, err error) {
		return h, scan(&h.ecosystem, &h.name, &h.version, &h.lockfile, &h.came)
	}, `SELECT ecosystem, name, version, lockfile, came FROM holding WHERE installation = $1 AND repository = $2 AND gone = 0`, i.Installation, i.ID)
	if err != nil {
		return err
	}
	there := make(map[held]bool, len(before)) // whether it is there still
	for _, h := range before {
		there[h.held] = false
	}
	numbers := map[held]int{} // of what came
	var came []held
	var went []since
	for _, h := range i.Holdings {
		switch key := h.held(); {
		case key.size() > maxHolding:
			zerolog.Ctx(ctx).Warn().Str("lockfile", h.Lockfile).Int("bytes", key.size()).Msg("a package with a name of that length is not in the history of the repository")
		case there[key]:
		default:
			if _, ok := there[key]; !ok {
				came, numbers[key] = append(came, key), h.Number
			}
			there[key] = true
		}
	}
	for _, h := range before {
		if !there[h.held] {
			went = append(went, h)
		}
	}
	slices.SortFunc(came, held.compare) // pages of the index are written once
	slices.SortFunc(went, func(a, b since) int { return a.compare(b.held) })
	if len(went) == len(before) { // another lockfile has taken the place of the only one, say
		_, err = tx.ExecContext(ctx, `UPDATE holding SET gone = $1, moved = $1 WHERE installation = $2 AND repository = $3 AND gone = 0`,
			i.Looked.UnixMilli(), i.Installation, i.ID)
	} else {
		err = leave(ctx, tx, i, went)
	}
	if err != nil {
		return err
	}
	return arrive(ctx, tx, i, came, numbers)
}

// since is a holding, and when it came.
type since struct {
	held
	came int64
}

// leave notes that holdings are gone. They are there, so that none is inserted: this is written
// as an upsert because its rows are found by the key it names. To find them for an UPDATE,
// PostgreSQL may, before it has statistics, choose an index in which it reads all that the
// repository has for each.
func leave(ctx context.Context, tx *sql.Tx, i Inventory, went []since) error {
	for some := range slices.Chunk(went, batch) {
		args := []any{i.Installation, i.ID, i.Looked.UnixMilli(), i.Head}
		for _, h := range some {
			args = append(args, h.ecosystem, h.name, h.version, h.lockfile, h.came)
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO holding (installation, repository, gone, moved, head, number, ecosystem, name, version, lockfile, came)
			VALUES `+rows(len(some))+`
			ON CONFLICT (installation, repository, ecosystem, name, version, lockfile, came) DO UPDATE SET gone = excluded.gone, moved = excluded.moved`, args...); err != nil {
			return err
		}
	}
	return nil
}

// arrive notes that holdings are there, from now on. One that left at this very moment never
// did.
func arrive(ctx context.Context, tx *sql.Tx, i Inventory, came []held, numbers map[held]int) error {
	for some := range slices.Chunk(came, batch) {
		args := []any{i.Installation, i.ID, i.Looked.UnixMilli(), i.Head}
		for _, h := range some {
			args = append(args, h.ecosystem, h.name, h.version, h.lockfile, numbers[h])
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO holding (installation, repository, came, moved, head, gone, ecosystem, name, version, lockfile, number)
			VALUES `+rows(len(some))+`
			ON CONFLICT (installation, repository, ecosystem, name, version, lockfile, came) DO UPDATE SET gone = 0, moved = excluded.moved`, args...); err != nil {
			return err
		}
	}
	return nil
}

// rows are n rows of values, each with what all have in common and five of its own.
func rows(n int) string {
	var b strings.Builder
	for row := range n {
		if row > 0 {
			b.WriteString(", ")
		}
		at := 4 + 5*row
		fmt.Fprintf(&b, "($1, $2, $3, $3, $4, 0, $%d, $%d, $%d, $%d, $%d)", at+1, at+2, at+3, at+4, at+5)
	}
	return b.String()
}

// Arrivals are what came and went, the newest first, up to max from an offset. Each is listed
// once: by when it went, or, while it is there, by when it came.
func (s *Store) Arrivals(ctx context.Context, installation, repository int64, offset, max int) ([]Holding, error) {
	holdings, err := list(ctx, s.reader, func(scan func(...any) error) (h Holding, err error) {
		places, moments := h.scanned()
		if err := scan(places...); err != nil {
			return Holding{}, err
		}
		moments()
		return h, nil
	}, `SELECT `+holdingColumns+` FROM holding h WHERE h.installation = $1 AND h.repository = $2
		ORDER BY h.moved DESC, h.ecosystem, h.name, h.version, h.lockfile LIMIT $3 OFFSET $4`, installation, repository, max, offset)
	if err != nil {
		return nil, fmt.Errorf("read what came to repository %d: %w", repository, err)
	}
	return holdings, nil
}

const holdingColumns = `h.ecosystem, h.name, h.version, h.lockfile, h.came, h.head, h.number, h.gone`

func (h *Holding) scanned() (places []any, moments func()) {
	came, gone := new(int64), new(int64)
	return []any{&h.Ecosystem, &h.Name, &h.Version, &h.Lockfile, came, &h.Head, &h.Number, gone},
		func() { h.Came, h.Gone = moment(*came), moment(*gone) }
}

// Use is where a package is used.
type Use struct {
	Repository
	Holding
}

// Users are the repositories of an owner that use a package now, by name and version; version
// "" is any. Up to max.
func (s *Store) Users(ctx context.Context, owner, ecosystem, name, version string, max int) ([]Use, error) {
	where := ""
	args := []any{text(strings.ToLower(owner)), text(ecosystem), text(name), max}
	if version != "" {
		where, args = ` AND h.version = $5`, append(args, text(version))
	}
	uses, err := list(ctx, s.reader, func(scan func(...any) error) (u Use, err error) {
		repository, known := u.Repository.scanned()
		holding, times := u.Holding.scanned()
		if err := scan(append(repository, holding...)...); err != nil {
			return Use{}, err
		}
		known()
		times()
		return u, nil
	}, `SELECT `+repositoryColumns+`, `+holdingColumns+`
		FROM holding h JOIN repository r ON r.installation = h.installation AND r.repository = h.repository
		WHERE r.owner_key = $1 AND h.ecosystem = $2 AND h.name = $3 AND h.gone = 0`+where+`
		ORDER BY r.name_key, r.repository, h.version, h.lockfile LIMIT $4`, args...)
	if err != nil {
		return nil, fmt.Errorf("look for where %s uses %s: %w", owner, name, err)
	}
	return uses, nil
}
