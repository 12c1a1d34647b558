package store

import (
	"bytes"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/access"
	"github.com/bonafide-app/bonafide/app/store/enginetest"
)

func TestASessionHoldsUntilItEnds(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		s, ctx := open(t, database), t.Context()
		now := time.Now().UTC().Truncate(time.Millisecond)
		s.now = func() time.Time { return now }
		row := access.Row{Key: "k", Sealed: []byte{0, 255}, Expires: now.Add(time.Minute)}
		must(t, s.SaveSession(ctx, row))
		if got, ok, err := s.Session(ctx, "k"); err != nil || !ok || got.Key != "k" || !bytes.Equal(got.Sealed, row.Sealed) || !got.Expires.Equal(row.Expires) {
			t.Errorf("%+v, %v, %v", got, ok, err)
		}
		there := func(key string, want bool) {
			t.Helper()
			if got, ok, err := s.Session(ctx, key); ok != want || err != nil {
				t.Errorf("%q: %+v, %v, %v", key, got, ok, err)
			}
		}
		there("\x00", false)
		now = now.Add(time.Minute)
		there("k", false)
		row.Expires = now.Add(time.Minute)
		must(t, s.SaveSession(ctx, row))
		there("k", true)
		must(t, s.EndSession(ctx, "k"))
		must(t, s.EndSession(ctx, "k"))
		must(t, s.EndSession(ctx, "\xff\x00"))
		there("k", false)
		for _, wrong := range []access.Row{{}, {Key: "\x00"}, {Key: "k", Sealed: make([]byte, maxSession+1)}} {
			if err := s.SaveSession(ctx, wrong); err == nil {
				t.Errorf("%q was stored", wrong.Key)
			}
		}
	})
}

func TestAKeyIsMadeOnce(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		s, ctx := open(t, database), t.Context()
		keys := make(chan []byte, 4)
		for range cap(keys) {
			go func() {
				key, err := s.Key(ctx, "badge")
				if err != nil {
					t.Error(err)
				}
				keys <- key
			}()
		}
		first := <-keys
		for range cap(keys) - 1 {
			if again := <-keys; !bytes.Equal(first, again) {
				t.Error("two servers have two keys")
			}
		}
		if len(first) != keyBytes || bytes.Equal(first, must2(s.Key(ctx, "another"))) {
			t.Errorf("%x", first)
		}
		must(t, s.Close())
		if again := must2(open(t, database).Key(ctx, "badge")); !bytes.Equal(first, again) {
			t.Error("it is another one after a restart")
		}
	})
}

func TestABadgesLinksAreRevoked(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		s, ctx := open(t, database), t.Context()
		now := monday
		s.now = func() time.Time { return now }
		holds := func() int64 { return must2(s.BadgeGeneration(ctx, 7, 5)) }
		if holds() != 0 {
			t.Error("there is a link that nobody made")
		}
		seen := map[int64]bool{0: true}
		for range 3 {
			if g := must2(s.RenewBadge(ctx, 7, 5)); seen[g] || g != holds() {
				t.Errorf("generation %d, %v", g, seen)
			}
			seen[holds()] = true
		}
		must(t, s.ForgetRepository(ctx, 7, 5, "acme", "web"))
		if holds() != 0 {
			t.Error("a link outlives its repository")
		}
		now = now.Add(time.Minute)
		if g := must2(s.RenewBadge(ctx, 7, 5)); seen[g] {
			t.Error("a link comes to life again")
		}
	})
}
