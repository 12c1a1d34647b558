package store

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/store/enginetest"
)

// clocked stops the database's clock, and returns what lets time pass.
func clocked(t *testing.T, s *Store) (pass func(time.Duration)) {
	t.Helper()
	now := time.Now()
	pass = func(d time.Duration) {
		now = now.Add(d)
		s.clock = fmt.Sprintf(`SELECT CAST(%d AS BIGINT) AS ms`, now.UnixMilli())
	}
	pass(0)
	return pass
}

// Two servers whose clocks differ have the same idea of who holds a lease, and whose round
// of a task it is.
func TestLeasesAndRoundsGoByTheDatabasesClock(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		s := open(t, database)
		skew := func(d time.Duration) { s.now = func() time.Time { return time.Now().Add(d) } }
		ask := func(what string, want bool, got bool, err error) {
			t.Helper()
			if err != nil || got != want {
				t.Errorf("%s: %t, %v", what, got, err)
			}
		}
		got, err := s.TakeLease(t.Context(), "commit", "one", time.Minute)
		ask("taken", true, got, err)
		got, err = s.Claim(t.Context(), "sweep", time.Minute)
		ask("claimed", true, got, err)
		for _, d := range []time.Duration{time.Hour, -time.Hour} {
			skew(d)
			got, err = s.TakeLease(t.Context(), "commit", "two", time.Minute)
			ask("taken by another", false, got, err)
			got, err = s.HoldsLease(t.Context(), "commit", "one")
			ask("held still", true, got, err)
			got, err = s.RenewLease(t.Context(), "commit", "one", time.Minute)
			ask("renewed", true, got, err)
			got, err = s.Claim(t.Context(), "sweep", time.Minute)
			ask("claimed by another", false, got, err)
		}
		got, err = s.TakeLease(t.Context(), "gone", "one", 0)
		ask("taken for no time", true, got, err)
		got, err = s.TakeLease(t.Context(), "gone", "two", time.Minute)
		ask("taken when it ran out", true, got, err)
	})
}

func TestALeaseIsOneHoldersUntilItRunsOut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "b.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	pass := clocked(t, s)
	take := func(holder string, want bool) {
		t.Helper()
		if got, err := s.TakeLease(t.Context(), "commit", holder, time.Minute); err != nil || got != want {
			t.Errorf("taken by %s: %v, %v", holder, got, err)
		}
	}
	renew := func(holder string, want bool) {
		t.Helper()
		if got, err := s.RenewLease(t.Context(), "commit", holder, time.Minute); err != nil || got != want {
			t.Errorf("renewed by %s: %v, %v", holder, got, err)
		}
	}
	holds := func(holder string, want bool) {
		t.Helper()
		if got, err := s.HoldsLease(t.Context(), "commit", holder); err != nil || got != want {
			t.Errorf("held by %s: %v, %v", holder, got, err)
		}
	}
	take("one", true)
	take("two", false)
	holds("one", true)
	holds("two", false)
	pass(50 * time.Second)
	renew("one", true)
	renew("two", false)
	pass(50 * time.Second)
	take("two", false)
	pass(10 * time.Second)
	holds("one", false)
	take("two", true)
	renew("one", false)
	if err := s.EndLease(t.Context(), "commit", "one"); err != nil {
		t.Error(err)
	}
	holds("two", true)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	// The next server on the file is alone: nobody holds anything.
	if s, err = Open(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	take("three", true)
	if err := s.EndLease(t.Context(), "commit", "three"); err != nil {
		t.Error(err)
	}
	take("four", true)
}
