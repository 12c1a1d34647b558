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

func TestOneOfAllWhoSeeACursorDropsIt(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		s := open(t, database)
		if err := s.SaveCursor(t.Context(), "first", "7"); err != nil {
			t.Fatal(err)
		}
		for i, tt := range []struct {
			task, cursor string
			want         bool
		}{{"first", "8", false}, {"other", "7", false}, {"first", "7", true}, {"first", "7", false}, {"first", "", false}} {
			if got, err := s.DropCursor(t.Context(), tt.task, tt.cursor); err != nil || got != tt.want {
				t.Errorf("%d: %v, %v", i, got, err)
			}
		}
		if isNew, err := s.Claim(t.Context(), "first", 0); err != nil || !isNew {
			t.Errorf("%v, %v", isNew, err)
		}
		if isNew, err := s.Claim(t.Context(), "first", 100*365*24*time.Hour); err != nil || isNew {
			t.Errorf("what is done once is done again: %v, %v", isNew, err)
		}
	})
}
