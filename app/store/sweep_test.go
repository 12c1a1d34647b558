package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/store/enginetest"
)

func TestWhatIsOldIsDeletedAndNothingElse(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		s := open(t, database)
		exec := func(query string, args ...any) {
			t.Helper()
			if _, err := s.DB().ExecContext(t.Context(), query, args...); err != nil {
				t.Fatal(err)
			}
		}
		count := func(table string) (n int) {
			t.Helper()
			if err := s.DB().QueryRowContext(t.Context(), `SELECT count(*) FROM `+table).Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		now := time.Now()
		for i, keep := range []time.Duration{0, 1, 2} { // too old, too old and a little younger, young
			for table, at := range map[string]time.Time{
				"subject": now.Add(-keepSubjects), "lease": now.Add(-keepLeases), "fact": now, "report": now.Add(-keepReports),
				"run": now.Add(-keepReports), "holding": now.Add(-keepReports), "coverage": now.Add(-keepCoverage), "session": now,
			} {
				at := at.Add((keep - 1) * time.Minute).UnixMilli()
				switch name := fmt.Sprint(i); table {
				case "subject":
					exec(`INSERT INTO subject (installation, repository, name, seq, mark, at) VALUES (1, 2, $1, 1, '', $2)`, name, at)
				case "lease":
					exec(`INSERT INTO lease (name, holder, until) VALUES ($1, '', $2)`, name, at)
				case "fact":
					exec(`INSERT INTO fact (key, value, expires) VALUES ($1, '', $2)`, name, at)
				case "report":
					exec(`INSERT INTO report (installation, owner, repo, number, head, json, at) VALUES (1, 'o', 'r', 2, $1, '{}', $2)`, name, at)
				case "run":
					exec(`INSERT INTO run (installation, owner, repo, number, head, at, conclusion, title) VALUES (1, 'o', 'r', 2, $1, $2, '', '')`, name, at)
				case "holding":
					exec(`INSERT INTO holding (installation, repository, ecosystem, name, version, lockfile, came, head, number, gone, moved)
						VALUES (1, 2, 'npm', $1, '1.0.0', 'l', 1, '', 0, $2, $2)`, name, at)
				case "coverage":
					exec(`INSERT INTO coverage (installation, repository, day, head, packages, signed, proven) VALUES (1, 2, $1, '', 0, 0, 0)`, at)
				case "session":
					exec(`INSERT INTO session (key, sealed, expires) VALUES ($1, '', $2)`, name, at)
				}
			}
		}
		exec(`INSERT INTO holding (installation, repository, ecosystem, name, version, lockfile, came, head, number, gone, moved)
			VALUES (1, 2, 'npm', 'there', '1.0.0', 'l', 1, '', 0, 0, 1)`)
		exec(`INSERT INTO fact (key, value, expires) VALUES ('for ever', '', 0)`)
		check := func(when string, want map[string]int) {
			t.Helper()
			for table, n := range want {
				if got := count(table); got != n {
					t.Errorf("%s: %d rows of %s, want %d", when, got, table, n)
				}
			}
		}
		if err := s.SaveReport(t.Context(), Report{Installation: 1, Owner: "o", Repo: "r", Head: "new", JSON: []byte("{}"), At: now}); err != nil {
			t.Fatal(err)
		}
		check("within the hour", map[string]int{"subject": 3, "lease": 3, "fact": 4, "report": 4, "run": 4, "holding": 4, "coverage": 3, "session": 3})
		s.swept.Store(now.Add(-sweepEvery).UnixMilli())
		if err := s.SaveReport(t.Context(), Report{Installation: 1, Owner: "o", Repo: "r", Head: "new", JSON: []byte("{}"), At: now}); err != nil {
			t.Fatal(err)
		}
		check("an hour later", map[string]int{"subject": 1, "lease": 1, "fact": 2, "report": 2, "run": 2, "holding": 2, "coverage": 1, "session": 1})
		if err := s.Forget(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		check("without the installation", map[string]int{"subject": 0, "lease": 1, "fact": 2, "report": 0, "run": 0, "holding": 0, "coverage": 0, "session": 1})
	})
}

func TestReportsAreKeptForAsLongAsTheOperatorSays(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		ctx := t.Context()
		s := open(t, database)
		for head, age := range map[string]time.Duration{"young": time.Hour, "old": 49 * time.Hour} {
			must(t, s.SaveReport(ctx, Report{Installation: 1, Owner: "o", Repo: "r", Number: 2, Head: head, JSON: []byte("{}"), At: time.Now().Add(-age)}))
		}
		must(t, s.Close())
		s, err := Open(ctx, database, KeepReports(48*time.Hour))
		must(t, err)
		defer s.Close()
		for head, want := range map[string]bool{"young": true, "old": false} {
			if _, ok, err := s.Report(ctx, 1, "o", "r", 2, head); ok != want || err != nil {
				t.Errorf("the %s report: %v, %v", head, ok, err)
			}
		}
		if runs, err := s.Runs(ctx, 1, "o", "r", 2, 9); err != nil || len(runs) != 1 {
			t.Errorf("%+v, %v", runs, err)
		}
	})
}

func TestALotThatIsOldIsDeletedBitByBit(t *testing.T) {
	s := open(t, enginetest.SQLite(t))
	if _, err := s.DB().ExecContext(t.Context(), `WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < $1)
		INSERT INTO report (installation, owner, repo, number, head, json, at) SELECT 1, 'o', 'r', n, '', '{}', n FROM i`, maxSweptReports+5); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{5, 0, 0} {
		var n int
		if err := s.sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.DB().QueryRowContext(t.Context(), `SELECT count(*) FROM report`).Scan(&n); err != nil || n != want {
			t.Errorf("%d are left, want %d, %v", n, want, err)
		}
	}
}
