package store

import (
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/store/enginetest"
)

func TestARoundIsClaimedOnce(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		s := open(t, database)
		pass := clocked(t, s)
		claim := func(want bool) {
			t.Helper()
			if got, err := s.Claim(t.Context(), "sweep", time.Hour); err != nil || got != want {
				t.Fatalf("%t, %v", got, err)
			}
		}
		if err := s.SaveCursor(t.Context(), "sweep", "17"); err != nil {
			t.Fatal(err)
		}
		claim(true) // a cursor alone is no claim
		claim(false)
		pass(59 * time.Minute)
		claim(false)
		pass(time.Minute)
		claim(true)
		if cursor, err := s.Cursor(t.Context(), "sweep"); cursor != "17" || err != nil {
			t.Fatal(cursor, err)
		}
		if cursor, err := s.Cursor(t.Context(), "none"); cursor != "" || err != nil {
			t.Fatal(cursor, err)
		}
	})
}
