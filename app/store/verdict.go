package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
	"time"
)

// Verdict is what stands on an open pull request, and what it rests on.
type Verdict struct {
	Installation int64
	Repository   int64 // GitHub's number: names change hands
	Number       int   // pull request
	Owner, Name  string
	Head         string // commit
	BaseRef      string // branch
	Base         string // tip of it that was compared with
	Conclusion   string
	Digest       string // of the verdict, without its words; "": the check was completed without one
	Unknown      string // digest of what could not be found out
	Policy       string // identity of the repository's own policy
	Floor        string // identity of the organisation's
	Trust        string // id of the trust root
	Judged       time.Time
	Doubt        time.Time // since when its evidence cannot be had again; zero: it can
	Due          time.Time // when it is to be judged again
	Packages     []string  // brought in: "npm/left-pad"; not read back
}

// SaveVerdict stores a verdict in the place of the pull request's earlier one. Where
// something hastened it since Judged, when the judging began, it stays due by then: what
// changed meanwhile is not lost.
func (s *Store) SaveVerdict(ctx context.Context, v Verdict) error {
	return s.inTx(ctx, fmt.Sprintf("keep the verdict on pull request %d of %s/%s", v.Number, v.Owner, v.Name), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO verdict (installation, repository, number, owner, name, owner_key, head, base_ref, base,
				conclusion, digest, unknown, policy, floor, trust, judged, doubt, due, hastened, name_key)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, 0, $19)
			ON CONFLICT (installation, repository, number) DO UPDATE SET owner = excluded.owner, name = excluded.name,
				owner_key = excluded.owner_key, name_key = excluded.name_key, head = excluded.head, base_ref = excluded.base_ref, base = excluded.base,
				conclusion = excluded.conclusion, digest = excluded.digest, unknown = excluded.unknown, policy = excluded.policy, floor = excluded.floor,
				trust = excluded.trust, judged = excluded.judged, doubt = excluded.doubt,
				due = CASE WHEN verdict.hastened >= excluded.judged AND verdict.due < excluded.due THEN verdict.due ELSE excluded.due END`,
			v.Installation, v.Repository, v.Number, v.Owner, v.Name, strings.ToLower(v.Owner), v.Head, text(v.BaseRef), v.Base,
			v.Conclusion, v.Digest, v.Unknown, text(v.Policy), text(v.Floor), v.Trust, v.Judged.UnixMilli(), millis(v.Doubt), v.Due.UnixMilli(),
			strings.ToLower(v.Name))
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM brought WHERE installation = $1 AND repository = $2 AND number = $3`,
			v.Installation, v.Repository, v.Number); err != nil {
			return err
		}
		for _, p := range v.Packages[:min(len(v.Packages), MaxBrought)] {
			if _, err := tx.ExecContext(ctx, `INSERT INTO brought (installation, repository, number, package) VALUES ($1, $2, $3, $4)
				ON CONFLICT DO NOTHING`, v.Installation, v.Repository, v.Number, text(p)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Verdict reads what stands on a pull request; ok is false where nothing does.
func (s *Store) Verdict(ctx context.Context, installation, repository int64, number int) (v Verdict, ok bool, err error) {
	list, err := s.verdicts(ctx, `installation = $1 AND repository = $2 AND number = $3`, 1, installation, repository, number)
	if err != nil || len(list) == 0 {
		return Verdict{}, false, err
	}
	return list[0], true, nil
}

// Judged says whether a completed verdict of ours is known on a pull request with that
// head into that branch.
func (s *Store) Judged(ctx context.Context, installation, repository int64, number int, head, baseRef string) (bool, error) {
	v, ok, err := s.Verdict(ctx, installation, repository, number)
	return ok && v.Head == head && v.BaseRef == text(baseRef), err
}

// VerdictsInto are those on pull requests into a branch, at most max.
func (s *Store) VerdictsInto(ctx context.Context, installation, repository int64, branch string, max int) ([]Verdict, error) {
	return s.verdicts(ctx, `installation = $1 AND repository = $2 AND base_ref = $3`, max, installation, repository, branch)
}

// Due are the verdicts that are to be judged again by a time, the longest due first, at
// most max.
func (s *Store) Due(ctx context.Context, by time.Time, max int) ([]Verdict, error) {
	return s.verdicts(ctx, `due <= $1`, max, by.UnixMilli())
}

func (s *Store) verdicts(ctx context.Context, where string, max int, args ...any) (list []Verdict, err error) {
	return s.verdictsBy(ctx, "due, installation, repository, number", where, max, args...)
}

func (s *Store) verdictsBy(ctx context.Context, order, where string, max int, args ...any) (list []Verdict, err error) {
	fail := func(err error) ([]Verdict, error) {
		return nil, fmt.Errorf("read what stands on pull requests: %w", err)
	}
	rows, err := s.reader.QueryContext(ctx, `SELECT installation, repository, number, owner, name, head, base_ref, base,
			conclusion, digest, unknown, policy, floor, trust, judged, doubt, due
		FROM verdict WHERE `+where+` ORDER BY `+order+` LIMIT `+fmt.Sprint(max), args...)
	if err != nil {
		return fail(err)
	}
	defer func() { _ = rows.Close() }() // only read
	for rows.Next() {
		var v Verdict
		var judged, doubt, due int64
		if err := rows.Scan(&v.Installation, &v.Repository, &v.Number, &v.Owner, &v.Name, &v.Head, &v.BaseRef, &v.Base,
			&v.Conclusion, &v.Digest, &v.Unknown, &v.Policy, &v.Floor, &v.Trust, &judged, &doubt, &due); err != nil {
			return fail(err)
		}
		v.Judged, v.Due = time.UnixMilli(judged).UTC(), time.UnixMilli(due).UTC()
		if doubt > 0 {
			v.Doubt = time.UnixMilli(doubt).UTC()
		}
		list = append(list, v)
	}
	if err := rows.Err(); err != nil {
		return fail(err)
	}
	return list, nil
}

// PutOff makes a pull request due at another time, if it is still due at the one given:
// whatever set another one meanwhile knows better.
func (s *Store) PutOff(ctx context.Context, v Verdict, to time.Time) error {
	_, err := s.writer.ExecContext(ctx, `UPDATE verdict SET due = $1 WHERE installation = $2 AND repository = $3 AND number = $4 AND due = $5`,
		to.UnixMilli(), v.Installation, v.Repository, v.Number, v.Due.UnixMilli())
	if err != nil {
		return fmt.Errorf("put off pull request %d of %s/%s: %w", v.Number, v.Owner, v.Name, err)
	}
	return nil
}

// Doubt notes that the evidence of a verdict cannot be had again, since when, and when it
// is asked for again at the latest.
func (s *Store) Doubt(ctx context.Context, installation, repository int64, number int, since, due time.Time) error {
	_, err := s.writer.ExecContext(ctx, `UPDATE verdict SET doubt = $1, due = CASE WHEN due > $2 THEN $2 ELSE due END WHERE installation = $3 AND repository = $4 AND number = $5`,
		since.UnixMilli(), due.UnixMilli(), installation, repository, number)
	if err != nil {
		return fmt.Errorf("note a doubt about pull request %d of repository %d: %w", number, repository, err)
	}
	return nil
}

// Broke notes that the check of a commit was completed without a verdict, and when its
// pull requests are to be judged again at the latest.
func (s *Store) Broke(ctx context.Context, installation, repository int64, head string, due time.Time) error {
	_, err := s.writer.ExecContext(ctx, `UPDATE verdict SET digest = '', due = CASE WHEN due > $1 THEN $1 ELSE due END
		WHERE installation = $2 AND repository = $3 AND head = $4`, due.UnixMilli(), installation, repository, head)
	if err != nil {
		return fmt.Errorf("note that the check of %s has no verdict: %w", head, err)
	}
	return nil
}

// Hasten makes verdicts due that would be later, spread evenly over a time from now on, so
// that they do not come together.
func (s *Store) Hasten(ctx context.Context, list []Verdict, now time.Time, over time.Duration) error {
	return s.inTx(ctx, "make pull requests due", func(tx *sql.Tx) error {
		for _, v := range list {
			_, err := tx.ExecContext(ctx, `UPDATE verdict SET hastened = $1, due = CASE WHEN due > $2 THEN $2 ELSE due END
				WHERE installation = $3 AND repository = $4 AND number = $5`,
				now.UnixMilli(), now.Add(Spread(v, 0, over)).UnixMilli(), v.Installation, v.Repository, v.Number)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// share is a number from 0 to below 1 that is a pull request's own.
func share(v Verdict) float64 {
	h := fnv.New32a()
	fmt.Fprintf(h, "%d %d %d", v.Installation, v.Repository, v.Number)
	return float64(h.Sum32()) / (1 << 32)
}

// Spread is a time between least and most that is a pull request's own.
func Spread(v Verdict, least, most time.Duration) time.Duration {
	return least + time.Duration(share(v)*float64(most-least))
}

// The lists of what is to be hastened leave out what was since a time, so that one that is
// longer than max is gone through by asking again.

// BringingIn are the verdicts on pull requests that bring in a package of that name
// ("npm/left-pad").
func (s *Store) BringingIn(ctx context.Context, name string, since time.Time, max int) ([]Verdict, error) {
	return s.verdicts(ctx, `hastened < $1 AND EXISTS (SELECT 1 FROM brought b WHERE b.package = $2 AND b.installation = verdict.installation
		AND b.repository = verdict.repository AND b.number = verdict.number)`, max, since.UnixMilli(), text(name))
}

// ByOtherFloor are the verdicts on an owner's pull requests that another policy of the
// organisation was read for.
func (s *Store) ByOtherFloor(ctx context.Context, installation int64, owner, floor string, since time.Time, max int) ([]Verdict, error) {
	return s.verdicts(ctx, `hastened < $1 AND installation = $2 AND owner_key = $3 AND floor <> $4`, max,
		since.UnixMilli(), installation, strings.ToLower(owner), floor)
}

// Extending are the verdicts on pull requests whose policy, the repository's own or the
// organisation's, has a part in its identity, and not the current form of that part.
func (s *Store) Extending(ctx context.Context, installation int64, part, current string, since time.Time, max int) ([]Verdict, error) {
	like := func(s string) string {
		return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s) + "%"
	}
	return s.verdicts(ctx, `hastened < $1 AND installation = $2 AND (policy LIKE $3 ESCAPE '\' AND policy NOT LIKE $4 ESCAPE '\'
		OR floor LIKE $3 ESCAPE '\' AND floor NOT LIKE $4 ESCAPE '\')`, max, since.UnixMilli(), installation, like(part), like(current))
}

// ByOtherTrust are the verdicts that rest on another trust root.
func (s *Store) ByOtherTrust(ctx context.Context, trust string, since time.Time, max int) ([]Verdict, error) {
	return s.verdicts(ctx, `hastened < $1 AND trust <> $2`, max, since.UnixMilli(), trust)
}

// Installations that have a verdict, at most max.
func (s *Store) Installations(ctx context.Context, max int) (list []int64, err error) {
	rows, err := s.reader.QueryContext(ctx, `SELECT DISTINCT installation FROM verdict ORDER BY installation LIMIT `+fmt.Sprint(max))
	if err != nil {
		return nil, fmt.Errorf("list the installations: %w", err)
	}
	defer func() { _ = rows.Close() }() // only read
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("list the installations: %w", err)
		}
		list = append(list, id)
	}
	return list, rows.Err()
}

// EndVerdict forgets what stood on a pull request that is no longer open.
func (s *Store) EndVerdict(ctx context.Context, installation, repository int64, number int) error {
	return s.inTx(ctx, fmt.Sprintf("forget the verdict on pull request %d", number), func(tx *sql.Tx) error {
		for _, table := range []string{"verdict", "brought"} {
			if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE installation = $1 AND repository = $2 AND number = $3`,
				installation, repository, number); err != nil {
				return err
			}
		}
		return nil
	})
}

// EndVerdicts forgets what stood on the pull requests of a repository that can only be read.
func (s *Store) EndVerdicts(ctx context.Context, installation, repository int64) error {
	return s.inTx(ctx, fmt.Sprintf("forget the verdicts in repository %d", repository), func(tx *sql.Tx) error {
		return deleteFrom(ctx, tx, installation, repository, "verdict", "brought")
	})
}

// inTx does something all or not at all. what names it in an error.
func (s *Store) inTx(ctx context.Context, what string, do func(*sql.Tx) error) (err error) {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if err := do(tx); err != nil {
		return fmt.Errorf("%s: %w", what, errors.Join(err, tx.Rollback()))
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// millis is a time as it is stored, 0 for the zero one.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// moment is the time that millis stored.
func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
