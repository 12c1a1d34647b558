package registry

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
)

// revised is a source that counts what it is asked, and can be asked what changed.
type revised struct {
	release Release
	history History
	err     error
	asked   []string
}

func (c *revised) Origin() string { return "https://registry.test" }

func (c *revised) Release(context.Context, dep.Package) (Release, error) {
	c.asked = append(c.asked, "release")
	return c.release, c.err
}

func (c *revised) ReleaseIfChanged(_ context.Context, _ dep.Package, etag string) (Release, error) {
	c.asked = append(c.asked, "release unless "+etag)
	if c.err == nil && etag == c.release.ETag {
		return Release{}, fmt.Errorf("the version document: %w", ErrNotModified)
	}
	return c.release, c.err
}

func (c *revised) History(context.Context, string) (History, error) {
	c.asked = append(c.asked, "history")
	return c.history, c.err
}

func (c *revised) HistoryIfChanged(ctx context.Context, name, _ string) (History, error) {
	return c.History(ctx, name)
}

func (c *revised) Attestations(context.Context, dep.Package) ([]Attestation, error) {
	c.asked = append(c.asked, "attestations")
	return nil, c.err
}

func (c *revised) PublishedAt(context.Context, dep.Package) (Date, error) {
	c.asked = append(c.asked, "date")
	return Date{}, c.err
}

// shelf is a Shelf in a map that can be made to fail, to write only with errNoWrite.
type shelf struct {
	values  map[string][]byte
	err     error
	refused bool // a write
}

var errNoWrite = errors.New("it cannot be written")

func (s *shelf) Get(_ context.Context, key string) ([]byte, bool, error) {
	value, ok := s.values[key]
	if s.err == nil || errors.Is(s.err, errNoWrite) {
		return value, ok, nil
	}
	return nil, false, s.err
}

func (s *shelf) Put(_ context.Context, key string, value []byte, _ time.Duration) error {
	if s.refused = s.err != nil; !s.refused {
		s.values[key] = value
	}
	return s.err
}

var left = dep.Package{Ecosystem: dep.NPM, Name: "left", Version: "1.0.0"}

func newKept(t *testing.T, o KeptOptions) (*Kept, *revised, *shelf, *time.Time) {
	t.Helper()
	source := &revised{
		release: filled[Release](t), history: History{Name: "left", Releases: []Past{filled[Past](t), {Version: "2.0.0"}}, ETag: `"h"`},
	}
	source.release.Package, source.release.ETag, source.release.MaxAge = left, `"a"`, 10*time.Minute
	source.release.Integrity = "sha1-" + strings.Repeat("A", 27) + "="
	source.release.readIntegrity()
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	o.Now = func() time.Time { return now }
	s := &shelf{values: map[string][]byte{}}
	return NewKept(source, s, o), source, s, &now
}

// filled sets every field to something, so that none that is added is lost unnoticed.
func filled[T any](t *testing.T) (v T) {
	t.Helper()
	var fill func(reflect.Value)
	fill = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.String:
			v.SetString("words")
		case reflect.Bool:
			v.SetBool(true)
		case reflect.Int, reflect.Int64:
			v.SetInt(7)
		case reflect.Uint8:
			v.SetUint(7)
		case reflect.Slice:
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			fill(v.Index(0))
		case reflect.Struct:
			if v.Type() == reflect.TypeFor[time.Time]() {
				v.Set(reflect.ValueOf(time.Date(2024, 5, 1, 12, 0, 0, 5, time.UTC)))
				return
			}
			for i := range v.NumField() {
				fill(v.Field(i))
			}
		default:
			t.Fatalf("a field of the kind %v", v.Kind())
		}
	}
	fill(reflect.ValueOf(&v).Elem())
	return v
}

func asks(t *testing.T, c *revised, want ...string) {
	t.Helper()
	if strings.Join(c.asked, ", ") != strings.Join(want, ", ") {
		t.Errorf("asked for %q, want %q", c.asked, want)
	}
	c.asked = nil
}

func TestADocumentIsKeptToTheBit(t *testing.T) {
	k, source, _, _ := newKept(t, KeptOptions{Fresh: time.Hour, Histories: true})
	for range 2 {
		for _, ctx := range []context.Context{WithFresh(t.Context()), t.Context()} {
			if r, err := k.Release(ctx, left); err != nil || !reflect.DeepEqual(r, source.release) {
				t.Errorf("%+v, %v\nwant %+v", r, err, source.release)
			}
			if h, err := k.History(ctx, "left"); err != nil || !reflect.DeepEqual(h, source.history) {
				t.Errorf("%+v, %v\nwant %+v", h, err, source.history)
			}
		}
		asks(t, source, "release", "history")
		source.release.Elsewhere, source.release.Bundles, source.history.Releases = nil, nil, nil // no list stays none
	}
}

func TestADocumentIsUsedWhileItIsFreshAndThenAskedAbout(t *testing.T) {
	ctx := t.Context()
	k, source, _, now := newKept(t, KeptOptions{Fresh: 5 * time.Minute, Histories: true})
	get := func(want ...string) {
		t.Helper()
		if r, err := k.Release(ctx, left); err != nil || r.Package != left {
			t.Errorf("%+v, %v", r, err)
		}
		asks(t, source, want...)
	}
	get("release")
	*now = now.Add(9 * time.Minute) // the registry allows ten
	get()
	*now = now.Add(time.Minute)
	get(`release unless "a"`)
	get()
	source.release.ETag, source.release.MaxAge, source.release.Deprecated = `"b"`, 0, "use right"
	*now = now.Add(10 * time.Minute)
	get(`release unless "a"`)
	if r, _ := k.Release(ctx, left); r.Deprecated != "use right" {
		t.Errorf("the old document is given: %+v", r)
	}
	*now = now.Add(5 * time.Minute) // it allows nothing any more
	get(`release unless "b"`)
	*now = now.Add(-time.Minute) // a clock that goes back makes nothing fresh
	get(`release unless "b"`)
	_, _ = k.History(ctx, "left")
	_, _ = k.History(ctx, "left")
	asks(t, source, "history")
	*now = now.Add(5 * time.Minute)
	source.err = &Failure{Reason: "the registry stumbled"}
	if _, err := k.Release(ctx, left); err == nil {
		t.Error("what is no longer fresh stands in for an answer")
	}
}

func TestWhoAsksForWhatIsSoNowGetsIt(t *testing.T) {
	k, source, s, now := newKept(t, KeptOptions{Fresh: time.Hour, Histories: true})
	_, _ = k.Release(t.Context(), left)
	source.release.Deprecated, source.asked = "use right", nil
	if r, err := k.Release(WithFresh(t.Context()), left); err != nil || r.Deprecated != "use right" {
		t.Errorf("%+v, %v", r, err)
	}
	asks(t, source, "release")
	if r, _ := k.Release(t.Context(), left); r.Deprecated != "use right" {
		t.Error("it is not kept")
	}
	asks(t, source)
	s.err = errNoWrite
	if _, err := k.Release(WithFresh(t.Context()), left); err != nil {
		t.Error(err)
	}
	asks(t, source, "release")
	if s.refused {
		t.Error("what is as it was is written again")
	}
	*now = now.Add(keepDocuments / 2)
	if _, err := k.Release(WithFresh(t.Context()), left); err != nil || !s.refused {
		t.Errorf("what is used is let go of: %v", err)
	}
}

func TestWhatIsNotThereOrFailsIsNotKept(t *testing.T) {
	for name, err := range map[string]error{"gone": ErrNotFound, "failed": &Failure{Reason: "the registry stumbled"}} {
		k, source, s, _ := newKept(t, KeptOptions{Fresh: time.Hour, Histories: true})
		source.err = err
		for range 2 {
			if _, got := k.Release(t.Context(), left); !errors.Is(got, err) {
				t.Errorf("%s: %v", name, got)
			}
			if _, got := k.History(t.Context(), "left"); !errors.Is(got, err) {
				t.Errorf("%s: %v", name, got)
			}
		}
		asks(t, source, "release", "history", "release", "history")
		if len(s.values) > 0 {
			t.Errorf("%s: kept is %q", name, s.values)
		}
	}
}

func TestWhatTheRegistryNoLongerHasIsNotKeptEither(t *testing.T) {
	k, source, s, now := newKept(t, KeptOptions{Fresh: time.Hour, Histories: true})
	_, _ = k.Release(t.Context(), left)
	_, _ = k.History(t.Context(), "left")
	source.err, source.asked = ErrNotFound, nil
	for _, ctx := range []context.Context{WithFresh(t.Context()), t.Context()} {
		if r, err := k.Release(ctx, left); !errors.Is(err, ErrNotFound) {
			t.Errorf("%+v, %v", r, err)
		}
		if h, err := k.History(ctx, "left"); !errors.Is(err, ErrNotFound) {
			t.Errorf("%+v, %v", h, err)
		}
	}
	asks(t, source, "release", "history", "release", "history")
	off := NewKept(source, s, KeptOptions{Offline: true, Now: func() time.Time { return *now }})
	if r, err := off.Release(t.Context(), left); !errors.Is(err, ErrOffline) {
		t.Errorf("offline: %+v, %v", r, err)
	}
	source.err = nil
	if _, err := k.Release(t.Context(), left); err != nil {
		t.Error(err)
	}
	if _, err := off.Release(t.Context(), left); err != nil {
		t.Errorf("it is there again: %v", err)
	}
}

func TestWhatWasKeptIsReadAsStrictlyAsWhatIsSent(t *testing.T) {
	for name, spoil := range map[string]func(string) string{
		"cut off":         func(s string) string { return s[:len(s)/2] },
		"another release": func(s string) string { return strings.ReplaceAll(s, `"left"`, `"right"`) },
		"another shape":   func(string) string { return `[]` },
		"nothing":         func(string) string { return "" },
		"null":            func(string) string { return "null" },
		"too large":       func(s string) string { return s + strings.Repeat(" ", maxKeptRelease) },
		"digests of its own": func(s string) string {
			return strings.Replace(s, strings.Repeat("0", 40), strings.Repeat("f", 40), 1)
		},
	} {
		k, source, s, _ := newKept(t, KeptOptions{Fresh: time.Hour})
		_, _ = k.Release(t.Context(), left)
		for key, value := range s.values {
			if s.values[key] = []byte(spoil(string(value))); string(s.values[key]) == string(value) {
				t.Fatalf("%s: nothing is spoilt in %s", name, value)
			}
		}
		if r, err := k.Release(t.Context(), left); err != nil || !reflect.DeepEqual(r, source.release) {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
		if name != "digests of its own" { // the stated integrity says what they are
			asks(t, source, "release", "release")
		}
	}
}

func TestAShelfThatFailsCostsTimeAlone(t *testing.T) {
	k, source, s, _ := newKept(t, KeptOptions{Fresh: time.Hour})
	s.err = errors.New("the disk is full")
	for range 2 {
		if r, err := k.Release(t.Context(), left); err != nil || r.Package != left {
			t.Errorf("%+v, %v", r, err)
		}
	}
	asks(t, source, "release", "release")
}

func TestOfflineAgeDoesNotMatterAndNobodyIsAsked(t *testing.T) {
	k, source, s, now := newKept(t, KeptOptions{Histories: true})
	_, _ = k.Release(t.Context(), left)
	_, _ = k.History(t.Context(), "left")
	source.asked = nil
	*now = now.AddDate(2, 0, 0)
	off := NewKept(source, s, KeptOptions{Offline: true, Now: func() time.Time { return *now }})
	for _, ctx := range []context.Context{t.Context(), WithFresh(t.Context())} {
		if r, err := off.Release(ctx, left); err != nil || r.Package != left {
			t.Errorf("%+v, %v", r, err)
		}
	}
	if h, err := off.History(t.Context(), "left"); err != nil || h.Name != "left" {
		t.Errorf("%+v, %v", h, err)
	}
	other := left
	other.Version = "3.0.0"
	_, err1 := off.Release(t.Context(), other)
	_, err2 := off.History(t.Context(), "right")
	_, err3 := off.Attestations(t.Context(), left)
	_, err4 := off.PublishedAt(t.Context(), left)
	for _, err := range []error{err1, err2, err3, err4} {
		var failure *Failure
		if !errors.Is(err, ErrOffline) || !errors.As(err, &failure) {
			t.Errorf("%v", err)
		}
	}
	asks(t, source)
}

func FuzzWhatWasKept(f *testing.F) {
	f.Add([]byte(`{"read":1772442000,"document":{"Package":{"Ecosystem":"npm","Name":"left","Version":"1.0.0"},"Integrity":"sha512-x"}}`))
	f.Fuzz(func(t *testing.T, value []byte) {
		k, _, s, _ := newKept(t, KeptOptions{Fresh: time.Hour})
		s.values[strings.Join([]string{"release", k.Origin(), left.PURL()}, "\n")] = value
		if r, err := k.Release(t.Context(), left); err != nil || r.Package != left {
			t.Errorf("%+v, %v", r, err)
		}
	})
}
