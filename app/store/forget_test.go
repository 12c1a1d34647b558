package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/store/enginetest"
)

// columns are those of every table, as the database's own catalogue has them.
func columns(t *testing.T, s *Store) map[string][]string {
	t.Helper()
	query := `SELECT t.name, c.name FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table'`
	if s.pool != nil {
		query = `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'`
	}
	rows, err := list(t.Context(), s.DB(), func(scan func(...any) error) (r [2]string, err error) {
		return r, scan(&r[0], &r[1])
	}, query)
	must(t, err)
	out := map[string][]string{}
	for _, r := range rows {
		out[r[0]] = append(out[r[0]], r[1])
	}
	return out
}

// Whatever table is added: what it holds of an installation, or of a repository, goes with it.
func TestNothingIsLeftOfWhatIsForgotten(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		s, ctx := open(t, database), t.Context()
		fill := func(installation, repository int64) {
			for _, table := range []string{"report", "run"} {
				rest := map[string]string{"report": ", json) VALUES ($1, 'acme', 'web', 1, 'h', 1, '{}')", "run": ", conclusion, title) VALUES ($1, 'acme', 'web', 1, 'h', 1, '', '')"}[table]
				_, err := s.DB().ExecContext(ctx, `INSERT INTO `+table+` (installation, owner, repo, number, head, at`+rest, installation)
				must(t, err)
			}
			must(t, s.Accept(ctx, []Acceptance{{Installation: installation, Repository: repository, Number: 1, Place: "review", Remark: 3}}))
			must(t, s.SaveFloor(ctx, installation, "acme", "floor"))
			must(t, s.Pause(ctx, installation, monday, ""))
			must(t, s.BeginCheck(ctx, Unfinished{Installation: installation, Repository: repository, Owner: "acme", Repo: "web", Head: "h"}))
			_, err := s.DB().ExecContext(ctx, `INSERT INTO subject (installation, repository, name, seq, mark, at) VALUES ($1, $2, 'pull/1', 1, '', 1)`, installation, repository)
			must(t, err)
			must(t, s.SaveVerdict(ctx, verdict(1, func(v *Verdict) { v.Installation, v.Repository = installation, repository })))
			must(t, s.SaveInventory(ctx, inventory(monday, holds("a"), func(i *Inventory) {
				i.Installation, i.ID, i.News = installation, repository, []News{{PURL: "a", Kind: "removed"}}
			})))
			must2(s.RenewBadge(ctx, installation, repository))
		}
		must(t, s.Put(ctx, "fact", []byte("x"), 0))
		for _, installation := range []int64{7, 70} {
			must(t, s.Put(ctx, OfInstallation(installation, "fact"), []byte("x"), 0))
		}
		must2(s.Key(ctx, "badge"))
		left := func(column string, of int64) (filled, emptied []string) {
			for table, has := range columns(t, s) {
				if !slices.Contains(has, column) {
					continue
				}
				var n int
				must(t, s.DB().QueryRowContext(ctx, fmt.Sprintf(`SELECT count(*) FROM %s WHERE %s = %d`, table, column, of)).Scan(&n))
				if n > 0 {
					filled = append(filled, table)
				} else {
					emptied = append(emptied, table)
				}
			}
			return filled, emptied
		}
		fill(7, 5)
		fill(8, 6)
		for column, of := range map[string]int64{"installation": 7, "repository": 5} {
			if filled, emptied := left(column, of); len(emptied) > 0 || len(filled) < 9 {
				t.Fatalf("fill the tables %s with something of a %s first; filled are %s", emptied, column, filled)
			}
		}
		must(t, s.ForgetRepository(ctx, 7, 5, "Acme", "Web"))
		if filled, _ := left("repository", 5); len(filled) > 0 {
			t.Errorf("of a repository that is forgotten something is left in %s", filled)
		}
		fill(7, 5)
		must(t, s.Forget(ctx, 7))
		if filled, _ := left("installation", 7); len(filled) > 0 {
			t.Errorf("of an installation that is forgotten something is left in %s", filled)
		}
		if _, emptied := left("installation", 8); len(emptied) > 0 {
			t.Errorf("another installation has lost what was in %s", emptied)
		}
		for key, stays := range map[string]bool{"fact": true, OfInstallation(70, "fact"): true, OfInstallation(7, "fact"): false} {
			if _, ok, err := s.Get(ctx, key); ok != stays || err != nil {
				t.Errorf("the fact %q is there: %v, %v", key, ok, err)
			}
		}
	})
}

func TestWhatIsStoredMovesToANewName(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		s, ctx := open(t, database), t.Context()
		must(t, s.SaveInventory(ctx, inventory(monday)))
		for _, repo := range []string{"web", "site"} {
			must(t, s.SaveReport(ctx, Report{Installation: 7, Owner: "acme", Repo: repo, Number: 1, Head: "h", JSON: []byte("{}"), At: monday, Title: "of " + repo}))
		}
		must(t, s.Rename(ctx, 7, 5, "acme", "Web", "Site"))
		if runs := must2(s.Runs(ctx, 7, "acme", "site", 1, 9)); len(runs) != 1 || !strings.Contains(runs[0].Title, "web") {
			t.Errorf("%+v", runs)
		}
		if runs := must2(s.Runs(ctx, 7, "acme", "web", 1, 9)); len(runs) > 0 {
			t.Errorf("%+v", runs)
		}
		if r, ok, err := s.Named(ctx, "acme", "site"); err != nil || !ok || r.ID != 5 || r.Name != "Site" {
			t.Errorf("%+v, %v, %v", r, ok, err)
		}
	})
}
