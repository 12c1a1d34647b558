package store

import (
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/store/enginetest"
)

func TestUnfinishedChecksAreRememberedUntilTheyEnd(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		s := open(t, database)
		now := time.UnixMilli(1_000_000)
		s.now = func() time.Time { return now }
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		lists := func(want ...string) {
			t.Helper()
			list, err := s.UnfinishedChecks(t.Context(), now.Add(-time.Minute), 2)
			must(err)
			if len(list) != len(want) {
				t.Fatalf("%+v, want %v", list, want)
			}
			for i, u := range list {
				if u.Head != want[i] || !u.Since.Equal(time.UnixMilli(1_000_000)) {
					t.Errorf("%+v, want %s", u, want[i])
				}
			}
		}
		for i, head := range []string{"a", "b", "c"} {
			must(s.BeginCheck(t.Context(), Unfinished{Installation: int64(1 + i/2), Repository: 5, Owner: "acme", Repo: "web", Head: head}))
		}
		lists()
		now = now.Add(2 * time.Minute)
		lists("a", "b")
		must(s.BeginCheck(t.Context(), Unfinished{Installation: 1, Repository: 5, Owner: "acme", Repo: "site", Head: "a"})) // young again
		lists("b", "c")
		must(s.EndCheck(t.Context(), 1, 5, "b"))
		must(s.EndCheck(t.Context(), 1, 6, "c"))
		must(s.Close())
		s = open(t, database)
		s.now = func() time.Time { return now }
		lists("c")
		must(s.Forget(t.Context(), 2))
		lists()
	})
}
