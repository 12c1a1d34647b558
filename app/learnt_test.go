package app

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/registry"
	"github.com/bonafide-app/bonafide/app/store"
)

func newFacts(t *testing.T) (*store.Store, *learnt) {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, newLearnt(s, zerolog.New(t.Output()))
}

func knows(t *testing.T, ctx context.Context, c registry.Shelf, key string) bool {
	t.Helper()
	_, ok, err := c.Get(ctx, key)
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

func TestFactsAreKnownAtOnceAndWrittenBehind(t *testing.T) {
	s, l := newFacts(t)
	put := func(key string) {
		if err := l.Put(t.Context(), key, []byte("x"), time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	put("a")
	if !knows(t, t.Context(), l, "a") || knows(t, t.Context(), s, "a") {
		t.Error("a fact is not known, or a job has waited for the disk")
	}
	stop := l.run(t.Context())
	put("b")
	stop()
	for _, key := range []string{"a", "b"} {
		if !knows(t, t.Context(), s, key) || !knows(t, t.Context(), l, key) {
			t.Errorf("%s was not written in the end", key)
		}
	}
	big := strings.Repeat("x", 1<<20)
	for n := range 2 * maxLearnt >> 20 {
		if err := l.Put(t.Context(), strings.Repeat("k", n+1), []byte(big), time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	if l.bytes > maxLearnt {
		t.Errorf("%d bytes wait", l.bytes)
	}
}

func TestWhatAPrivateRegistrySaidStaysWithItsInstallation(t *testing.T) {
	s, l := newFacts(t)
	seven, eight := withInstallation(t.Context(), 7), withInstallation(t.Context(), 8)
	private, everybodys := filed{l, public("https://npm.example.com")}, filed{l, public(registry.PublicNPM)}
	for _, c := range []filed{private, everybodys} {
		for _, ctx := range []context.Context{seven, t.Context()} {
			if err := c.Put(ctx, "in 7", []byte("x"), time.Hour); err != nil {
				t.Fatal(err)
			}
		}
	}
	if !knows(t, seven, private, "in 7") || knows(t, eight, private, "in 7") || knows(t, t.Context(), private, "in 7") {
		t.Error("another installation knows it, or its own does not")
	}
	if !knows(t, eight, everybodys, "in 7") {
		t.Error("what is public is not for all")
	}
	a := &App{store: s, learnt: l}
	for _, written := range []bool{false, true} {
		if written {
			if err := private.Put(seven, "in 7", []byte("x"), time.Hour); err != nil {
				t.Fatal(err)
			}
			l.write(t.Context())
		}
		if err := a.uninstalled(t.Context(), 7); err != nil {
			t.Fatal(err)
		}
		l.write(t.Context())
		if knows(t, seven, private, "in 7") || !knows(t, eight, everybodys, "in 7") {
			t.Errorf("written %v: it is not forgotten with its installation, or more is", written)
		}
	}
}
