package web

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/bonafide-app/bonafide/app/access"
	"github.com/bonafide-app/bonafide/app/store"
)

// standing is a repository that the viewer may read, as a row of a table.
type standing struct {
	Owner, Name, Address string
	Label                string // what it is called in the table
	Private              bool
	Looked               bool // there is an inventory
	Packages, Proven     int
	Signed               int
	Bar                  string // share with provenance, 0 to 100, for a drawn bar
	Share                string
	Failing, Open, News  int
	Last                 moment
	Problem              string

	last time.Time
}

// standingsOf are those of an owner's repositories that the viewer may read, in the order of
// readable: of everything else that the store knows, nothing is counted. A repository
// without a row in the store has not been looked at yet.
func standingsOf(readable []access.Repository, known []store.Standing) []standing {
	byID := make(map[int64]store.Standing, len(known))
	for _, k := range known {
		if before, ok := byID[k.ID]; !ok || before.Looked.Before(k.Looked) {
			byID[k.ID] = k
		}
	}
	out := make([]standing, 0, len(readable))
	for _, r := range readable {
		k, ok := byID[r.ID]
		if ok && r.Installation != 0 && k.Installation != r.Installation {
			k, ok = exact(known, r)
		}
		if !ok {
			k = store.Standing{Repository: store.Repository{Owner: r.Owner, Name: r.Name}}
		}
		out = append(out, standingOf(k, r.Private))
	}
	return out
}

// exact is what is known of a repository as one of its installation.
func exact(known []store.Standing, r access.Repository) (store.Standing, bool) {
	i := slices.IndexFunc(known, func(k store.Standing) bool { return k.ID == r.ID && k.Installation == r.Installation })
	if i < 0 {
		return store.Standing{}, false
	}
	return known[i], true
}

func standingOf(k store.Standing, private bool) standing {
	s := standing{
		Owner: legible(k.Owner, maxShown), Name: legible(k.Name, maxShown), Address: Addresses("").Repository(k.Owner, k.Name),
		Private: private, Looked: k.Head != "", Failing: k.Failing, Open: k.Open, News: k.News,
		Last: minuteOf(k.Looked), Problem: legible(k.Problem, maxSaid), last: k.Looked,
	}
	s.Label = s.Name
	if s.Looked {
		s.Packages, s.Proven, s.Signed = k.Coverage.Packages, k.Coverage.Proven, k.Coverage.Signed
		s.Bar, s.Share = barOf(s.Proven, s.Packages), share(s.Proven, s.Packages)
	}
	return s
}

// orders are those of a list of repositories, the first of them where none is asked for.
// What is equal stands by name.
var orders = []struct {
	name    string
	compare func(a, b standing) int
}{
	{"failing", func(a, b standing) int {
		return cmp.Or(cmp.Compare(b.Failing, a.Failing), cmp.Compare(b.News, a.News))
	}},
	{"name", func(a, b standing) int { return 0 }},
	{"coverage", func(a, b standing) int { // the lowest first; what has no packages has nothing to mend
		return cmp.Or(whether(a.Packages == 0, b.Packages == 0), cmp.Compare(a.Proven*b.Packages, b.Proven*a.Packages))
	}},
	{"news", func(a, b standing) int { return cmp.Compare(b.News, a.News) }},
	{"looked", func(a, b standing) int { return a.last.Compare(b.last) }}, // the longest ago first
}

// whether orders what is not so before what is.
func whether(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// order sorts a list; the name of the order that it has then is returned.
func order(list []standing, by string) string {
	chosen := orders[0]
	for _, o := range orders {
		if o.name == by {
			chosen = o
		}
	}
	slices.SortStableFunc(list, func(a, b standing) int {
		return cmp.Or(chosen.compare(a, b), cmp.Compare(strings.ToLower(a.Owner), strings.ToLower(b.Owner)),
			cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)))
	})
	return chosen.name
}

// total is what a list of repositories comes to.
type total struct {
	Repositories, Looked                 int
	Packages, Signed, Proven             int
	Failing, FailingIn, Open, News, Late int // Late: the last look found nothing out
	NewsIn                               int
}

func totalOf(list []standing) (t total) {
	t.Repositories = len(list)
	for _, s := range list {
		if s.Looked {
			t.Looked++
		}
		t.Packages, t.Signed, t.Proven = t.Packages+s.Packages, t.Signed+s.Signed, t.Proven+s.Proven
		t.Failing, t.Open, t.News = t.Failing+s.Failing, t.Open+s.Open, t.News+s.News
		if s.Failing > 0 {
			t.FailingIn++
		}
		if s.News > 0 {
			t.NewsIn++
		}
		if s.Problem != "" {
			t.Late++
		}
	}
	return t
}
