package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
)

// Standing is a repository with the last of its coverage and what stands on its open pull
// requests.
type Standing struct {
	Repository
	Coverage Coverage
	News     int
	Failing  int // open pull requests whose check does not pass, or has no verdict
	Open     int // open pull requests with a verdict
}

// Standings are the repositories of an owner, in any case, by name; 5,000 at most. As for
// Named, some have no inventory yet, and of two with one name it is the one touched last.
func (s *Store) Standings(ctx context.Context, owner string) ([]Standing, error) {
	key := text(strings.ToLower(owner))
	fail := func(err error) ([]Standing, error) {
		return nil, fmt.Errorf("read how the repositories of %s stand: %w", owner, err)
	}
	// Four plain questions are quicker than one that both databases understand.
	known, err := list(ctx, s.reader, func(scan func(...any) error) (r Repository, err error) {
		places, moments := r.scanned()
		err = scan(places...)
		moments()
		return r, err
	}, `SELECT `+repositoryColumns+` FROM repository r WHERE r.owner_key = $1
		ORDER BY r.name_key, r.touched DESC, r.repository DESC LIMIT $2`, key, maxStandings)
	if err != nil {
		return fail(err)
	}
	type id struct{ installation, repository int64 }
	type counted struct {
		Repository
		open, failing int
	}
	pulls, err := list(ctx, s.reader, func(scan func(...any) error) (c counted, err error) {
		return c, scan(&c.Installation, &c.ID, &c.Owner, &c.Name, &c.open, &c.failing)
	}, `SELECT installation, repository, max(owner), max(name), count(*),
			sum(CASE WHEN digest <> '' AND conclusion IN ('success', 'neutral') THEN 0 ELSE 1 END)
		FROM verdict WHERE owner_key = $1 GROUP BY installation, repository ORDER BY installation, repository LIMIT $2`, key, maxRepositories)
	if err != nil {
		return fail(err)
	}
	standings := make([]Standing, 0, len(known))
	at, names := map[id]int{}, map[string]bool{}
	add := func(r Repository) {
		if name := strings.ToLower(r.Name); !names[name] && len(standings) < maxStandings {
			names[name], at[id{r.Installation, r.ID}] = true, len(standings)
			standings = append(standings, Standing{Repository: r})
		}
	}
	for _, r := range known {
		add(r)
	}
	for _, p := range pulls {
		add(p.Repository)
		if n, ok := at[id{p.Installation, p.ID}]; ok {
			standings[n].Open, standings[n].Failing = p.open, p.failing
		}
	}

	type covered struct {
		id
		Coverage
	}
	coverage, err := list(ctx, s.reader, func(scan func(...any) error) (c covered, err error) {
		var begin int64
		err = scan(&c.installation, &c.repository, &begin, &c.Head, &c.Packages, &c.Signed, &c.Proven)
		c.Day = moment(begin)
		return c, err
	}, `SELECT c.installation, c.repository, c.day, c.head, c.packages, c.signed, c.proven
		FROM repository r JOIN coverage c ON c.installation = r.installation AND c.repository = r.repository AND c.day =
			(SELECT max(last.day) FROM coverage last WHERE last.installation = r.installation AND last.repository = r.repository)
		WHERE r.owner_key = $1`, key)
	if err != nil {
		return fail(err)
	}
	for _, c := range coverage {
		if n, ok := at[c.id]; ok {
			standings[n].Coverage = c.Coverage
		}
	}

	type told struct {
		id
		news int
	}
	news, err := list(ctx, s.reader, func(scan func(...any) error) (t told, err error) {
		return t, scan(&t.installation, &t.repository, &t.news)
	}, `SELECT r.installation, r.repository, count(*) FROM repository r JOIN news n ON n.installation = r.installation AND n.repository = r.repository
		WHERE r.owner_key = $1 GROUP BY r.installation, r.repository`, key)
	if err != nil {
		return fail(err)
	}
	for _, t := range news {
		if n, ok := at[t.id]; ok {
			standings[n].News = t.news
		}
	}
	slices.SortFunc(standings, func(a, b Standing) int {
		return cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	return standings, nil
}
