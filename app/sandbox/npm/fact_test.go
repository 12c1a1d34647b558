package npm_test

import (
	"context"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
	"github.com/bonafide-app/bonafide/app/sandbox/npm"
	"github.com/bonafide-app/bonafide/app/sandbox/sigstore"
)

// losing is a registry that answers for attestations with an error, once it has one.
type losing struct {
	registry.Source
	err   error
	asked int
}

func (l *losing) Attestations(ctx context.Context, p dep.Package) ([]registry.Attestation, error) {
	l.asked++
	if l.err != nil {
		return nil, l.err
	}
	return l.Source.Attestations(ctx, p)
}

func TestWhatALookFindsLostIsNotProvenByWhatWasKept(t *testing.T) {
	s := open(t)
	r := npm.Release{Name: "one", Version: "1.0.0", Build: &sigstore.Build{Repository: "one/one", Ref: "refs/tags/v1.0.0"}}
	digests, err := dep.ParseSRI(s.publish(r))
	if err != nil {
		t.Fatal(err)
	}
	client, err := registry.New(registry.Options{Registries: []string{s.url}, RetryWait: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	reg, err := registry.NewNPM(client, s.url)
	if err != nil {
		t.Fatal(err)
	}
	trust, err := provenance.LoadTrust(s.TrustedRoot(), s.KeysNPM())
	if err != nil {
		t.Fatal(err)
	}
	source := &losing{Source: reg}
	v, err := provenance.New(source, func() *provenance.TrustRoot { return trust }, provenance.Options{Now: clock, Cache: shelf{}})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		what  string
		err   error
		fresh bool
		want  provenance.State
		asks  int
	}{
		{"at first", nil, false, provenance.Verified, 1},
		{"kept", registry.ErrNotFound, false, provenance.Verified, 0},
		{"a look that fails", &registry.Failure{Reason: "503"}, true, provenance.Unknown, 1},
		{"which says nothing", registry.ErrNotFound, false, provenance.Verified, 0},
		{"a look that finds it lost", registry.ErrNotFound, true, provenance.Absent, 1},
		{"and so it is for all", registry.ErrNotFound, false, provenance.Absent, 1},
		{"it is there again", nil, false, provenance.Verified, 1},
		{"and is kept again", registry.ErrNotFound, false, provenance.Verified, 0},
	} {
		source.err, source.asked = step.err, 0
		e := v.Verify(t.Context(), provenance.Subject{Package: r.Package(), Digests: digests, Fresh: step.fresh})
		if e.Provenance.State != step.want || !e.Provenance.Announced || source.asked != step.asks {
			t.Errorf("%s: %+v, asked %d times", step.what, e.Provenance, source.asked)
		}
	}
}

func TestATrustThatProvesNothingOfWhatWasKeptLeavesItToOthers(t *testing.T) {
	s, other := open(t), open(t)
	r := npm.Release{Name: "one", Version: "1.0.0", Build: &sigstore.Build{Repository: "one/one", Ref: "refs/tags/v1.0.0"}}
	digests, err := dep.ParseSRI(s.publish(r))
	if err != nil {
		t.Fatal(err)
	}
	client, err := registry.New(registry.Options{Registries: []string{s.url}, RetryWait: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	reg, err := registry.NewNPM(client, s.url)
	if err != nil {
		t.Fatal(err)
	}
	source, kept := &losing{Source: reg}, shelf{}
	verify := func(what string, root []byte, want provenance.State) {
		t.Helper()
		trust, err := provenance.LoadTrust(root, s.KeysNPM())
		if err != nil {
			t.Fatal(err)
		}
		v, err := provenance.New(source, func() *provenance.TrustRoot { return trust }, provenance.Options{Now: clock, Cache: kept})
		if err != nil {
			t.Fatal(err)
		}
		if e := v.Verify(t.Context(), provenance.Subject{Package: r.Package(), Digests: digests}); e.Provenance.State != want {
			t.Errorf("%s: %+v", what, e.Provenance)
		}
	}
	verify("the registry is asked", s.TrustedRoot(), provenance.Verified)
	source.err = &registry.Failure{Reason: "nobody is asked offline", Err: registry.ErrOffline}
	verify("offline, under another trust", other.TrustedRoot(), provenance.Invalid)
	verify("offline, under the first", s.TrustedRoot(), provenance.Verified)
}
