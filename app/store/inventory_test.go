package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/store/enginetest"
)

func inventory(at time.Time, edits ...func(*Inventory)) Inventory {
	i := Inventory{
		Repository: Repository{Installation: 7, ID: 5, Owner: "Acme", Name: "Web", Branch: "main", Head: "h1", At: at, Looked: at},
		JSON:       []byte(`{"a":1}`), Exceptions: []byte(`[{}]`), Coverage: Coverage{Packages: 10, Signed: 9, Proven: 1},
	}
	for _, edit := range edits {
		edit(&i)
	}
	return i
}

func holds(names ...string) func(*Inventory) {
	return func(i *Inventory) {
		for _, name := range names {
			i.Holdings = append(i.Holdings, Holding{Ecosystem: "npm", Name: name, Version: "1.0.0", Lockfile: "package-lock.json", Number: len(name)})
		}
	}
}

func TestAnInventoryIsReplacedAndItsPastIsKept(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		s, ctx := open(t, database), t.Context()
		now := time.Now().UTC().Truncate(24 * time.Hour)
		s.now = func() time.Time { return now }
		if _, ok, err := s.InventoryOf(ctx, 7, 5); ok || err != nil {
			t.Fatalf("%v, %v", ok, err)
		}
		if _, ok, err := s.ExceptionsOf(ctx, 7, 5); ok || err != nil {
			t.Fatalf("%v, %v", ok, err)
		}
		at := func(minutes int) time.Time { return now.Add(time.Duration(minutes) * time.Minute) }
		news := func(list ...News) func(*Inventory) { return func(i *Inventory) { i.News = list } }
		removed, malware := News{PURL: "pkg:npm/b@1.0.0", Kind: "removed", Detail: "404"}, News{PURL: "pkg:npm/b@1.0.0", Kind: "malware"}
		must(t, s.SaveInventory(ctx, inventory(at(1), holds("a", "bb", "bb"), news(removed))))
		next := inventory(at(2), holds("bb", "ccc", strings.Repeat("x", maxHolding)), news(malware, removed))
		next.Head, next.JSON, next.Coverage.Proven = "h2", []byte("{}"), 2
		must(t, s.SaveInventory(ctx, next))

		i, ok, err := s.InventoryOf(ctx, 7, 5)
		if err != nil || !ok || string(i.JSON) != "{}" || string(i.Exceptions) != "[{}]" || i.Repository != next.Repository {
			t.Errorf("%+v, %v, %v", i, ok, err)
		}
		if exceptions, ok, err := s.ExceptionsOf(ctx, 7, 5); err != nil || !ok || string(exceptions) != "[{}]" {
			t.Errorf("%s, %v, %v", exceptions, ok, err)
		}
		moved := func(max, offset int) (out []string) {
			for _, h := range must2(s.Arrivals(ctx, 7, 5, offset, max)) {
				line := fmt.Sprintf("%s %s #%d came %v", h.Name, h.Head, h.Number, h.Came.Sub(now).Minutes())
				if !h.Gone.IsZero() {
					line += fmt.Sprintf(" gone %v", h.Gone.Sub(now).Minutes())
				}
				out = append(out, line)
			}
			return out
		}
		want := []string{"a h1 #1 came 1 gone 2", "ccc h2 #3 came 2", "bb h1 #2 came 1"}
		if got := moved(9, 0); !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		if got := moved(1, 1); !slices.Equal(got, want[1:2]) {
			t.Errorf("%q, want %q", got, want[1:2])
		}
		if got := must2(s.CoverageOf(ctx, 7, 5, now)); len(got) != 1 || got[0] != (Coverage{Day: now, Head: "h2", Packages: 10, Signed: 9, Proven: 2}) {
			t.Errorf("%+v", got)
		}
		malware.Since, removed.Since = at(2), at(1)
		if got := must2(s.NewsOf(ctx, 7, 5)); !slices.Equal(got, []News{malware, removed}) {
			t.Errorf("%+v", got)
		}

		// A look that finds nothing out changes nothing but what it says.
		trouble := Repository{Installation: 7, ID: 5, Owner: "acme", Name: "web", Problem: "GitHub is down", Looked: at(3)}
		must(t, s.SaveInventory(ctx, Inventory{Repository: trouble}))
		if i, ok, err := s.InventoryOf(ctx, 7, 5); err != nil || !ok || i.Head != "h2" || i.Problem != "GitHub is down" || i.Branch != "main" ||
			string(i.JSON) != "{}" || !i.At.Equal(at(2)) || !i.Looked.Equal(at(3)) {
			t.Errorf("%+v, %v, %v", i, ok, err)
		}
		if got := moved(9, 0); !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}

		// What comes back comes anew, on another day.
		tomorrow := inventory(at(24*60), holds("a", "bb"))
		must(t, s.SaveInventory(ctx, tomorrow))
		if got, want := moved(9, 0), []string{"a h1 #1 came 1440", "ccc h2 #3 came 2 gone 1440", "a h1 #1 came 1 gone 2", "bb h1 #2 came 1"}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		if got := must2(s.CoverageOf(ctx, 7, 5, now)); len(got) != 2 || !got[1].Day.Equal(now.Add(24*time.Hour)) {
			t.Errorf("%+v", got)
		}
		if got := must2(s.NewsOf(ctx, 7, 5)); len(got) > 0 {
			t.Errorf("%+v", got)
		}
	})
}

func TestALargeInventoryIsStoredAndEmptied(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		s, ctx := open(t, database), t.Context()
		const n = 10*batch + 3
		large := inventory(monday)
		for k := range n {
			large.Holdings = append(large.Holdings, Holding{Ecosystem: "npm", Name: fmt.Sprint(k), Version: "1", Lockfile: "l"})
		}
		must(t, s.SaveInventory(ctx, large))
		if got := must2(s.Users(ctx, "acme", "npm", fmt.Sprint(n-1), "", 9)); len(got) != 1 {
			t.Errorf("%+v", got)
		}
		for minute, left := range []int{1, 0} { // most, and then all
			large.Looked, large.Holdings = monday.Add(time.Duration(1+minute)*time.Minute), large.Holdings[:left]
			must(t, s.SaveInventory(ctx, large))
			gone := 0
			for _, h := range must2(s.Arrivals(ctx, 7, 5, 0, n+1)) {
				if !h.Gone.IsZero() {
					gone++
				}
			}
			if gone != n-left {
				t.Errorf("%d are gone, want %d", gone, n-left)
			}
		}
		for what, i := range map[string]Inventory{
			"packages":   inventory(monday, func(i *Inventory) { i.Holdings = make([]Holding, maxHoldings+1) }),
			"bytes":      inventory(monday, func(i *Inventory) { i.JSON = make([]byte, maxReport+1) }),
			"exceptions": inventory(monday, func(i *Inventory) { i.Exceptions = make([]byte, maxFact+1) }),
			"name":       inventory(monday, func(i *Inventory) { i.Name = "" }),
		} {
			if err := s.SaveInventory(ctx, i); err == nil || !strings.Contains(err.Error(), what) {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

func TestWhatPeopleSendAsTextIsStored(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		s, ctx := open(t, database), t.Context()
		odd := "\x00\xff'\u202e"
		i := inventory(monday, holds(odd))
		i.Branch, i.Problem, i.News = odd, odd, []News{{PURL: odd, Kind: "removed", Detail: odd}, {PURL: odd, Kind: "removed"}}
		must(t, s.SaveInventory(ctx, i))
		must(t, s.SaveInventory(ctx, i)) // the same again is no news
		if got := must2(s.Arrivals(ctx, 7, 5, 0, 9)); len(got) != 1 || got[0].Name != text(odd) {
			t.Errorf("%+v", got)
		}
		for _, name := range []string{odd, "%", "_"} {
			if _, ok, err := s.Named(ctx, name, name); ok || err != nil {
				t.Errorf("%q: %v, %v", name, ok, err)
			}
			if got, err := s.Users(ctx, name, name, name, name, 9); len(got) > 0 || err != nil {
				t.Errorf("%q: %v, %v", name, got, err)
			}
			if got, err := s.Standings(ctx, name); len(got) > 0 || err != nil {
				t.Errorf("%q: %v, %v", name, got, err)
			}
		}
	})
}

// Nothing has looked at the tables yet, so that PostgreSQL plans without statistics.
func TestManyPackagesLeaveAtOnce(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		s, ctx := open(t, database), t.Context()
		now := time.Now().UTC().Truncate(24 * time.Hour)
		s.now = func() time.Time { return now }
		const all, stay = 10_000, 10
		for minute, from := range []int{0, all - stay} {
			var names []string
			for n := from; n < all; n++ {
				names = append(names, fmt.Sprint("p", n))
			}
			must(t, s.SaveInventory(ctx, inventory(now.Add(time.Duration(minute+1)*time.Minute), holds(names...))))
		}
		gone := 0
		for _, h := range must2(s.Arrivals(ctx, 7, 5, 0, all+1)) {
			if h.Head != "h1" || !h.Came.Equal(now.Add(time.Minute)) {
				t.Fatalf("%+v", h)
			}
			if h.Gone.Equal(now.Add(2 * time.Minute)) {
				gone++
			} else if !h.Gone.IsZero() {
				t.Fatalf("%+v", h)
			}
		}
		if gone != all-stay {
			t.Errorf("%d are gone", gone)
		}
	})
}
