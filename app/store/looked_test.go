package store

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/store/enginetest"
)

func TestWhatIsLookedAtAgain(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		s, ctx := open(t, database), t.Context()
		now := time.Now().UTC().Truncate(time.Second)
		for i, name := range []string{"web", "api", "docs"} {
			at := now.Add(time.Duration(i) * time.Hour)
			must(t, s.SaveInventory(ctx, Inventory{
				Repository: Repository{Installation: 7, ID: int64(i + 1), Owner: "acme", Name: name, Branch: "main", Head: "h", At: at, Looked: at},
				JSON:       []byte("{}"), Holdings: []Holding{{Ecosystem: "npm", Name: "tide", Version: "1.0.0", Lockfile: name}},
			}))
		}
		names := func(list []Repository, err error) (out string) {
			t.Helper()
			must(t, err)
			for _, r := range list {
				out += r.Name + " "
			}
			return out
		}
		sorted := func(list []Repository, err error) string {
			t.Helper()
			slices.SortFunc(list, func(a, b Repository) int { return strings.Compare(a.Name, b.Name) })
			return names(list, err)
		}
		if got := sorted(s.StaleInventories(ctx, now.Add(2*time.Hour), 10)); got != "api web " {
			t.Error(got)
		}
		for waiting := map[string]bool{}; len(waiting) < 3; { // nobody stands behind another one for ever
			waiting[names(s.StaleInventories(ctx, now.Add(3*time.Hour), 1))] = true
		}
		must(t, s.Missed(ctx, 7, 1, "It is gone.", now.Add(4*time.Hour)))
		must(t, s.Missed(ctx, 7, 99, "It was never there.", now))
		if got := sorted(s.StaleInventories(ctx, now.Add(5*time.Hour), 10)); got != "api docs web " {
			t.Error(got)
		}
		if i, ok, err := s.InventoryOf(ctx, 7, 1); !ok || err != nil || i.Problem != "It is gone." || i.Head != "h" || !i.Looked.Equal(now.Add(4*time.Hour)) {
			t.Errorf("%+v, %v, %v", i.Repository, ok, err)
		}
		looked, err := s.Looked(ctx, 7)
		if err != nil || len(looked) != 3 || looked[99] {
			t.Errorf("%v, %v", looked, err)
		}
		if other, err := s.Looked(ctx, 8); err != nil || len(other) > 0 {
			t.Errorf("%v, %v", other, err)
		}
		next := Inventory{Repository: Repository{Installation: 7, ID: 2, Owner: "acme", Name: "api", Branch: "main", Head: "h2", Looked: now.Add(6 * time.Hour)}, JSON: []byte("{}")}
		must(t, s.SaveInventory(ctx, next)) // the package left it
		if got := names(s.Holders(ctx, "npm", "tide", 10)); got != "docs web " {
			t.Error(got)
		}
		if got := names(s.Holders(ctx, "npm", "sand", 10)); got != "" {
			t.Error(got)
		}
	})
}
