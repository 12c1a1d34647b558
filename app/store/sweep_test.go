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
				}
			}
		}
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
		check("within the hour", map[string]int{"subject": 3, "lease": 3, "fact": 4, "report": 4})
		s.swept.Store(now.Add(-sweepEvery).UnixMilli())
		if err := s.SaveReport(t.Context(), Report{Installation: 1, Owner: "o", Repo: "r", Head: "new", JSON: []byte("{}"), At: now}); err != nil {
			t.Fatal(err)
		}
		check("an hour later", map[string]int{"subject": 1, "lease": 1, "fact": 2, "report": 2})
		if err := s.Forget(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		check("without the installation", map[string]int{"subject": 0, "lease": 1, "fact": 2, "report": 0})
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
