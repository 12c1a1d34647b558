package registry

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
)

// fixed answers for one release; another is gone, everything else fails.
type fixed struct{}

func (fixed) Origin() string { return "https://registry.test/" }
func (fixed) Release(_ context.Context, p dep.Package) (Release, error) {
	switch p.Name {
	case "here":
		return Release{Package: p, Integrity: "sha512-x", Signatures: []Signature{{KeyID: "k", Sig: []byte{1, 2}}}}, nil
	case "gone":
		return Release{}, ErrNotFound
	}
	return Release{}, &Failure{Reason: "the registry stumbled"}
}
func (fixed) Attestations(_ context.Context, p dep.Package) ([]Attestation, error) {
	return []Attestation{{PredicateType: "t", Bundle: []byte(`{"a":1}`)}}, nil
}
func (fixed) PublishedAt(context.Context, dep.Package) (Date, error) {
	return Date{Time: time.Unix(1700000000, 0).UTC(), Source: "registry document"}, nil
}

func (fixed) History(_ context.Context, name string) (History, error) {
	return History{Name: name, Releases: []Past{{Version: "1.0.0", Published: time.Unix(1700000000, 0).UTC(), Announced: true}}}, nil
}

func TestAnArchiveReplaysEveryAnswer(t *testing.T) {
	ctx := context.Background()
	pkg := func(name string) dep.Package { return dep.Package{Ecosystem: dep.NPM, Name: name, Version: "1.0.0"} }
	live := NewArchive(fixed{})
	for _, name := range []string{"here", "gone", "broken"} {
		_, _ = live.Release(ctx, pkg(name))
	}
	_, _ = live.Attestations(ctx, pkg("here"))
	_, _ = live.PublishedAt(ctx, pkg("here"))
	_, _ = live.History(ctx, "here")
	var file bytes.Buffer
	if _, err := live.WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	old, err := ReadArchive(&file)
	if err != nil {
		t.Fatal(err)
	}
	if old.Origin() != "https://registry.test/" {
		t.Error(old.Origin())
	}
	if r, err := old.Release(ctx, pkg("here")); err != nil || r.Integrity != "sha512-x" || !bytes.Equal(r.Signatures[0].Sig, []byte{1, 2}) {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := old.Release(ctx, pkg("gone")); !errors.Is(err, ErrNotFound) {
		t.Error("a release that was gone:", err)
	}
	var failure *Failure
	if _, err := old.Release(ctx, pkg("broken")); !errors.As(err, &failure) || failure.Reason != "the registry stumbled" {
		t.Error("a failure keeps its reason:", err)
	}
	if _, err := old.Release(ctx, pkg("never asked")); !errors.As(err, &failure) || errors.Is(err, ErrNotFound) {
		t.Error("what was never asked is unknown, not absent:", err)
	}
	if a, err := old.Attestations(ctx, pkg("here")); err != nil || string(a[0].Bundle) != `{"a":1}` {
		t.Error(a, err)
	}
	if h, err := old.History(ctx, "here"); err != nil || h.Name != "here" || len(h.Releases) != 1 || !h.Releases[0].Announced || h.Releases[0].Published.Unix() != 1700000000 {
		t.Error(h, err)
	}
	if _, err := old.History(ctx, "gone"); !errors.As(err, &failure) {
		t.Error("a history that was never asked for is unknown:", err)
	}
	if d, err := old.PublishedAt(ctx, pkg("here")); err != nil || d.Time.Unix() != 1700000000 {
		t.Error(d, err)
	}
}

// What older versions saved has no histories.
func TestAnOlderArchiveIsRead(t *testing.T) {
	old, err := ReadArchive(strings.NewReader(`{"schema":"bonafide.evidence/v1","origin":"https://registry.test/","releases":{},"attestations":{},"dates":{}}`))
	if err != nil {
		t.Fatal(err)
	}
	var failure *Failure
	if _, err := old.History(context.Background(), "here"); !errors.As(err, &failure) {
		t.Error("unknown, not empty:", err)
	}
}

func TestWhatIsNoArchiveIsRefused(t *testing.T) {
	for _, in := range []string{"", "[]", "{}", `{"schema":"bonafide.evidence/v2","origin":"x"}`, "<html>"} {
		if _, err := ReadArchive(strings.NewReader(in)); err == nil {
			t.Errorf("read %q", in)
		}
	}
}
