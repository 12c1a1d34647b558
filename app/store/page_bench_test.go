package store

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/store/enginetest"
)

// What pages read, beside 1,000,000 holdings in 5,000 repositories, of which 1,000 have one
// owner. The largest repository has 50,000 holdings.
func BenchmarkPages(b *testing.B) {
	for engine, database := range map[string]func(testing.TB) string{"sqlite": enginetest.SQLite, "postgres": enginetest.Postgres} {
		b.Run(engine, func(b *testing.B) {
			s, err := Open(b.Context(), database(b))
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			stocked(b, s)
			for name, read := range map[string]func(context.Context) (int, error){
				"Standings": func(ctx context.Context) (int, error) { l, err := s.Standings(ctx, "acme"); return len(l), err },
				"Users": func(ctx context.Context) (int, error) {
					l, err := s.Users(ctx, "acme", "npm", "p7", "", 100)
					return len(l), err
				},
				"UsersOfVersion": func(ctx context.Context) (int, error) {
					l, err := s.Users(ctx, "acme", "npm", "p7", "1.0.0", 1000)
					return len(l), err
				},
				"Arrivals": func(ctx context.Context) (int, error) { l, err := s.Arrivals(ctx, 1, 1, 0, 100); return len(l), err },
				"ArrivalsLast": func(ctx context.Context) (int, error) {
					l, err := s.Arrivals(ctx, 1, 1, 49_900, 100)
					return len(l), err
				},
				"Named": func(ctx context.Context) (int, error) { _, _, err := s.Named(ctx, "acme", "r77"); return 1, err },
				"OpenPulls": func(ctx context.Context) (int, error) {
					l, err := s.OpenPulls(ctx, 1, 1, 100)
					return len(l), err
				},
				"SaveInventory": func(ctx context.Context) (int, error) { // 50,000 packages, of which one is another each time
					i := inventory(time.Now())
					i.Installation, i.ID, i.Name = 99, 99_999, "large"
					for n := range 50_000 {
						i.Holdings = append(i.Holdings, Holding{Ecosystem: "npm", Name: fmt.Sprint("p", n), Version: "1.0.0", Lockfile: "package-lock.json"})
					}
					i.Holdings[0].Version = fmt.Sprint(i.Looked.UnixNano())
					return 1, s.SaveInventory(ctx, i)
				},
				"LastHead": func(ctx context.Context) (int, error) {
					_, ok, err := s.LastHead(ctx, 1, "acme", "r1", 1)
					if !ok {
						return 0, err
					}
					return 1, err
				},
			} {
				b.Run(name, func(b *testing.B) {
					for b.Loop() {
						if n, err := read(b.Context()); err != nil || n == 0 {
							b.Fatal(n, err)
						}
					}
				})
			}
		})
	}
}

// stocked fills a database.
func stocked(b *testing.B, s *Store) {
	b.Helper()
	exec := func(query string, args ...any) {
		b.Helper()
		if _, err := s.DB().ExecContext(b.Context(), query, args...); err != nil {
			b.Fatal(err)
		}
	}
	const numbered = `WITH RECURSIVE i(n) AS (SELECT CAST($1 AS BIGINT) UNION ALL SELECT n + 1 FROM i WHERE n < $2) `
	exec(`INSERT INTO repository (installation, repository, owner, name, owner_key, name_key, branch, head, problem, at, looked, touched, exceptions, json) `+numbered+
		`SELECT 1 + n / 1001, n, owner, 'r' || n, owner, 'r' || n, 'main', 'h', '', 1, 1, 1, '[]', '`+string(make20k())+`'
		FROM (SELECT n, CASE WHEN n <= 1000 THEN 'acme' ELSE 'o' || (n / 1001) END AS owner FROM i) AS named`, 1, 5000)
	exec(`INSERT INTO coverage (installation, repository, day, head, packages, signed, proven) `+numbered+
		`SELECT 1 + n / 100 / 1001, n / 100, (n % 100) * 86400000, '', 200, 190, 20 FROM i`, 100, 500_099)
	exec(`INSERT INTO verdict (installation, repository, number, owner, name, owner_key, name_key, head, base_ref, base, conclusion, digest,
			unknown, policy, floor, trust, judged, doubt, due, hastened) `+numbered+
		`SELECT 1 + n / 10 / 1001, n / 10, n % 10, owner, 'r' || (n / 10), owner, 'r' || (n / 10), 'h', 'main', '', 'success', 'd', '', '', '', '', 1, 0, 1, 0
		FROM (SELECT n, CASE WHEN n / 10 <= 1000 THEN 'acme' ELSE 'o' || (n / 10 / 1001) END AS owner FROM i) AS named`, 10, 50_009)
	exec(`INSERT INTO report (installation, owner, repo, number, head, json, at) `+numbered+
		`SELECT 1, 'acme', 'r' || (n % 1000), n % 10, 'h' || n, '`+string(make20k())+`', n FROM i`, 1, 5_000)
	holdings := func(repository, packages string) string {
		return `INSERT INTO holding (installation, repository, ecosystem, name, version, lockfile, came, head, number, gone, moved) ` + numbered +
			`SELECT 1 + ` + repository + ` / 1001, ` + repository + `, 'npm', 'p' || ` + packages + `, '1.0.' || (` + repository + ` % 3), 'package-lock.json', 1, 'h', 0, 0, 1 FROM i`
	}
	for from := 200; from < 1_000_000; from += 50_000 {
		exec(holdings(`(n / 200)`, `(n % 200)`), from, min(from+49_999, 999_999))
	}
	exec(holdings(`1`, `(n + 1000)`), 1, 50_000)
	if s.pool != nil {
		exec(`ANALYZE`)
	}
}

func make20k() []byte {
	out := make([]byte, 20_000)
	for i := range out {
		out[i] = 'a' + byte(i%26)
	}
	return out
}
