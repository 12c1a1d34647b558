package upkeep

import (
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/review"
)

// FuzzCursors: whatever stands in the database, a round is done, and what it keeps of it
// reads again.
func FuzzCursors(f *testing.F) {
	f.Add(`{"until":"2026-03-01T11:00:00Z","lost":[{"guid":"a","id":1,"tries":-1,"next":"9999-01-01T00:00:00Z"}]}`)
	f.Add(`{"at":"2026-03-01T11:00:00Z","after":-7}`)
	f.Add(`[`)
	f.Fuzz(func(t *testing.T, cursor string) {
		s, log, now := sweeper()
		kept := cursors{sweepTask: cursor, CursorOf(9): cursor}
		s.Cursors = kept
		log.add("a", now.Add(-time.Hour), 503)
		if err := s.Do(t.Context()); err == nil {
			if _, err := s.known(t.Context()); err != nil || kept[sweepTask] == "" {
				t.Fatalf("%q became %q: %v", cursor, kept[sweepTask], err)
			}
		}
		h := &hub{repositories: []Pushed{{Repository: review.Repository{Installation: 9, ID: 5, Owner: "acme", Name: "web"}}},
			pulls: map[int64][]review.Pull{5: {{Number: 1, Open: true, HeadSHA: "a"}}}}
		r, _ := reconciler(h)
		r.Cursors = kept
		if err := r.Installation(t.Context(), 9); err != nil || len(h.stored) != 1 {
			t.Fatalf("%q: %d jobs, %v", cursor, len(h.stored), err)
		}
	})
}
