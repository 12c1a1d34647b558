package provenance

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/registry"
)

// states are the four states in order: signature, publish, provenance, digest.
func states(e Evidence) [4]State {
	return [4]State{e.Signature.State, e.Publish.State, e.Provenance.State, e.Digest.State}
}

// reasons checks that every state that is not verified has a reason.
func reasons(t *testing.T, e Evidence) {
	t.Helper()
	for i, c := range []Check{e.Signature.Check, e.Publish.Check, e.Provenance.Check, e.Digest.Check} {
		if (c.State == Verified) != (c.Reason == "") {
			t.Errorf("state %d: %+v", i, c)
		}
	}
}

// signed is a registry with one release, signed by a key that has expired since.
func signed(t *testing.T) (*fake, *TrustRoot, Subject) {
	t.Helper()
	key, spki := newKey(t)
	trust, err := LoadTrust(nil, keysOf(npmKey("key", spki, "2025-01-29T00:00:00Z")))
	if err != nil {
		t.Fatal(err)
	}
	d := digestOf("sha512", 'a')
	p := subjectOfTests
	return &fake{
		origin: "https://npm.example.test",
		release: registry.Release{Package: p, Integrity: d.SRI(), Digests: []dep.Digest{d},
			Signatures: []registry.Signature{{KeyID: "key", Sig: sign(t, key, p.ID()+":"+d.SRI())}}},
		published: registry.Date{Time: time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC), Source: "tarball Last-Modified"},
	}, trust, Subject{Package: p, Digests: []dep.Digest{d}}
}

func TestUnknownIsNotAbsent(t *testing.T) {
	failure := &registry.Failure{Reason: "the registry answered 503", Err: errors.New("x")}
	for name, c := range map[string]struct {
		spoil     func(*fake)
		want      [4]State
		gone      bool
		retry     bool
		announced bool
		reason    string // part of one of the reasons
	}{
		"no attestations announced": {func(*fake) {}, [4]State{Verified, Absent, Absent, Verified}, false, false, false, "announces no attestation"},
		"the registry fails":        {func(f *fake) { f.releaseErr = failure }, [4]State{Unknown, Unknown, Unknown, Unknown}, false, true, false, "The registry answered 503."},
		"another error":             {func(f *fake) { f.releaseErr = errors.New("boom") }, [4]State{Unknown, Unknown, Unknown, Unknown}, false, true, false, "could not be asked: boom"},
		"a name no registry takes":  {func(f *fake) { f.releaseErr = fmt.Errorf("%w: too odd", registry.ErrInvalid) }, [4]State{Unknown, Unknown, Unknown, Unknown}, false, false, false, "too odd"},
		"no such release":           {func(f *fake) { f.releaseErr = fmt.Errorf("version: %w", registry.ErrNotFound) }, [4]State{Unknown, Unknown, Unknown, Unknown}, true, false, false, "The registry has no @scope/name@1.2.3."},
		"another release":           {func(f *fake) { f.release.Package.Version = "1.2.4" }, [4]State{Unknown, Unknown, Unknown, Unknown}, false, true, false, "1.2.4"},
		"attestations fail":         {func(f *fake) { f.release.Attested, f.attestationsErr = true, failure }, [4]State{Verified, Unknown, Unknown, Verified}, false, true, false, "503"},
		"announced, but not there":  {func(f *fake) { f.release.Attested, f.attestationsErr = true, registry.ErrNotFound }, [4]State{Verified, Absent, Absent, Verified}, false, false, true, "has none"},
		"announced, but empty":      {func(f *fake) { f.release.Attested = true }, [4]State{Verified, Absent, Absent, Verified}, false, false, true, "has none"},
		"announced, but malformed": {func(f *fake) {
			f.release.Attested, f.release.ProvenanceAnnounced = true, true
			f.attestations = []registry.Attestation{{PredicateType: predicateSLSA1, Bundle: []byte("null")}}
		}, [4]State{Verified, Absent, Invalid, Verified}, false, false, true, "not a Sigstore bundle"},
		"malformed, of no kind": {func(f *fake) {
			f.release.Attested = true
			f.attestations = []registry.Attestation{{Bundle: []byte(`"x"`)}}
		}, [4]State{Verified, Absent, Invalid, Verified}, false, false, false, "does not hold"},
		"too many": {func(f *fake) {
			f.release.Attested = true
			f.attestations = make([]registry.Attestation, maxAttestations+1)
		}, [4]State{Verified, Invalid, Invalid, Verified}, false, false, false, "more than"},
		"nothing to hold them against": {func(f *fake) {
			f.release.Attested, f.attestations = true, []registry.Attestation{{PredicateType: predicateSLSA1}}
			f.release.Digests = []dep.Digest{digestOf("sha256", 'a')}
		}, [4]State{Verified, Unknown, Unknown, Absent}, false, false, false, "sha512"},
		"the date fails":     {func(f *fake) { f.publishedErr = failure }, [4]State{Unknown, Absent, Absent, Verified}, false, true, false, "503"},
		"there is no date":   {func(f *fake) { f.publishedErr = registry.ErrNotFound }, [4]State{Unknown, Absent, Absent, Verified}, false, false, false, "states no date"},
		"published too late": {func(f *fake) { f.published.Time = f.published.Time.AddDate(1, 0, 0) }, [4]State{Invalid, Absent, Absent, Verified}, false, false, false, "expired on"},
	} {
		t.Run(name, func(t *testing.T) {
			reg, trust, s := signed(t)
			c.spoil(reg)
			if name == "nothing to hold them against" {
				s.Digests = reg.release.Digests
				// The signature is over the integrity as stated, so it still holds.
				s.Digests = []dep.Digest{digestOf("sha384", 'a')}
			}
			e := verifyWith(t, reg, trust, s)
			reasons(t, e)
			if states(e) != c.want || e.Gone != c.gone || e.Retry != c.retry || e.Provenance.Announced != c.announced {
				t.Errorf("%v gone %v retry %v announced %v; want %+v", states(e), e.Gone, e.Retry, e.Provenance.Announced, c)
			}
			if all := e.Signature.Reason + e.Publish.Reason + e.Provenance.Reason + e.Digest.Reason; !strings.Contains(all, c.reason) {
				t.Errorf("no reason says %q: %s", c.reason, all)
			}
			if (e.Release == nil) != (states(e) == [4]State{Unknown, Unknown, Unknown, Unknown}) {
				t.Errorf("release %v", e.Release)
			}
		})
	}
}

func TestAStoppedVerificationIsUnknown(t *testing.T) {
	for name, stop := range map[string]func(context.Context) (context.Context, context.CancelFunc){
		"stopped": context.WithCancel,
		"ran out": func(ctx context.Context) (context.Context, context.CancelFunc) { return context.WithTimeout(ctx, 0) },
	} {
		reg, trust, s := signed(t)
		ctx, cancel := stop(context.Background())
		cancel()
		reg.releaseErr = ctx.Err()
		v, err := New(reg, func() *TrustRoot { return trust }, Options{})
		if err != nil {
			t.Fatal(err)
		}
		e := v.Verify(ctx, s)
		reasons(t, e)
		if states(e) != [4]State{Unknown, Unknown, Unknown, Unknown} || !e.Retry || !strings.Contains(e.Signature.Reason, name) {
			t.Errorf("%s: %+v", name, e)
		}

		// Stopped between two requests: what was not looked at does not count as fine.
		reg.releaseErr, reg.release.Attested = nil, true
		reg.attestations = []registry.Attestation{{PredicateType: predicateSLSA1, Bundle: []byte("{}")}}
		e = v.Verify(ctx, s)
		if e.Provenance.State != Unknown || e.Publish.State != Unknown || !e.Retry {
			t.Errorf("%s between requests: %+v", name, e)
		}
	}
}

// memory is a Cache in a map that can be made to fail.
type memory struct {
	values map[string][]byte
	err    error
}

func (m *memory) Get(_ context.Context, key string) ([]byte, bool, error) {
	v, ok := m.values[key]
	return v, ok, m.err
}

func (m *memory) Put(_ context.Context, key string, value []byte, _ time.Duration) error {
	if m.err == nil {
		m.values[key] = value
	}
	return m.err
}

func TestPublicationDatesAreLearntOnce(t *testing.T) {
	reg, trust, s := signed(t)
	cache := &memory{values: map[string][]byte{}}
	v, err := New(reg, func() *TrustRoot { return trust }, Options{Cache: cache})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if e := v.Verify(context.Background(), s); e.Signature.State != Verified || e.Signature.DateSource != "tarball Last-Modified" {
			t.Fatalf("%+v", e.Signature)
		}
	}
	if reg.dated != 1 {
		t.Errorf("asked %d times", reg.dated)
	}
	// Another registry's word is another fact.
	reg.origin = "https://other.example.test"
	v.Verify(context.Background(), s)
	if reg.dated != 2 {
		t.Error("a date was taken over from another registry")
	}
	// A cache that fails or holds nonsense costs time, nothing else.
	cache.err = errors.New("disk full")
	if e := v.Verify(context.Background(), s); e.Signature.State != Verified {
		t.Errorf("%+v", e.Signature)
	}
	cache.err = nil
	for key := range cache.values {
		cache.values[key] = []byte("nonsense")
	}
	if e := v.Verify(context.Background(), s); e.Signature.State != Verified || reg.dated != 4 {
		t.Errorf("%+v, asked %d times", e.Signature, reg.dated)
	}
}

func TestARefreshedTrustRootTakesEffect(t *testing.T) {
	reg, trust, s := signed(t)
	embedded, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	current := embedded
	v, err := New(reg, func() *TrustRoot { return current }, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if e := v.Verify(context.Background(), s); e.Signature.State != Invalid || !strings.Contains(e.Signature.Reason, "not among the known keys") {
		t.Errorf("%+v", e.Signature)
	}
	current = trust
	if e := v.Verify(context.Background(), s); e.Signature.State != Verified {
		t.Errorf("%+v", e.Signature)
	}
}

func TestAttestationsOfOneKindMustAgreeAndUnknownKindsDoNotCount(t *testing.T) {
	const id = "@scope/name@1.2.3"
	cert, other := githubCertificate(), githubCertificate()
	other.RunInvocationURI = "https://github.com/acme/web/actions/runs/99/attempts/1"
	v1 := attested{predicateType: predicateSLSA1, predicate: []byte(predicateWorkflow1), certificate: &cert}
	v02 := attested{predicateType: predicateSLSA02, predicate: []byte(predicateGHA2), certificate: &cert}
	elsewhere := attested{predicateType: predicateSLSA1, certificate: &other,
		predicate: []byte(strings.Replace(predicateWorkflow1, "runs/33/attempts/4", "runs/99/attempts/1", 1))}
	strange := attested{predicateType: predicateSLSA1, certificate: &cert, predicate: []byte(strings.Replace(predicateWorkflow1, buildWorkflow1, "https://example.test/b", 1))}
	broken := faultf(causeSignature, "its signature does not cover its content")
	novel := &fault{cause: causeVersion, reason: "its bundle is of an unknown kind", unsupported: true}

	for name, c := range map[string]struct {
		builds      []attested
		faults      []*fault
		state       State
		unsupported bool
	}{
		"one":                            {[]attested{v1}, nil, Verified, false},
		"two of one build":               {[]attested{v1, v02}, nil, Verified, false},
		"two of different builds":        {[]attested{v1, elsewhere}, nil, Invalid, false},
		"one holds and one is broken":    {[]attested{v1}, []*fault{broken}, Invalid, false},
		"one is of an unknown version":   {[]attested{v1}, []*fault{novel}, Invalid, true},
		"broken goes before unknown":     {nil, []*fault{novel, broken}, Invalid, false},
		"an unknown build type":          {[]attested{strange}, nil, Absent, true},
		"a known and an unknown builder": {[]attested{strange, v1}, nil, Verified, false},
		"none":                           {nil, nil, Absent, false},
	} {
		t.Run(name, func(t *testing.T) {
			j := judge{subject: subjectOfTests}
			for _, a := range c.builds {
				j.addBuild(a, nil)
			}
			for _, f := range c.faults {
				j.addBuild(attested{}, f)
			}
			if p := j.provenance(id); p.State != c.state || p.Unsupported != c.unsupported || (p.Identity != nil) != (p.State == Verified) || (p.Reason == "") != (p.State == Verified) {
				t.Errorf("%+v", p)
			}
		})
	}

	publication := func(keyID, name, version string) attested {
		return attested{predicateType: predicatePublish, keyID: keyID, predicate: fmt.Appendf(nil, `{"name":%q,"version":%q,"registry":"https://npm.example.test"}`, name, version)}
	}
	right := publication("k", "@scope/name", "1.2.3")
	for name, c := range map[string]struct {
		found []attested
		state State
	}{
		"one":             {[]attested{right}, Verified},
		"the same twice":  {[]attested{right, right}, Verified},
		"two keys":        {[]attested{right, publication("l", "@scope/name", "1.2.3")}, Invalid},
		"another name":    {[]attested{publication("k", "@scope/other", "1.2.3")}, Invalid},
		"another version": {[]attested{publication("k", "@scope/name", "1.2.4")}, Invalid},
		"none":            {nil, Absent},
	} {
		j := judge{subject: subjectOfTests}
		for _, a := range c.found {
			j.addPublication(a, nil)
		}
		if p := j.publish(id); p.State != c.state {
			t.Errorf("%s: %+v", name, p)
		}
	}

	j := judge{subject: subjectOfTests, strange: []string{"https://example.test/vsa"}}
	if p := j.provenance(id); p.State != Absent || !p.Unsupported || !strings.Contains(p.Reason, "example.test/vsa") || len(p.Uncounted) != 1 {
		t.Errorf("%+v", p)
	}
}

func TestAVerifierNeedsARegistryAndATrustRoot(t *testing.T) {
	if _, err := New(nil, func() *TrustRoot { return nil }, Options{}); err == nil {
		t.Error("no registry was accepted")
	}
	if _, err := New(&fake{}, nil, Options{}); err == nil {
		t.Error("no trust root was accepted")
	}
	reg, trust, s := signed(t)
	s.Package.Ecosystem = "pypi"
	if e := verifyWith(t, reg, trust, s); e.Signature.State != Unknown || !strings.Contains(e.Signature.Reason, "pypi") {
		t.Errorf("%+v", e)
	}
}

func TestTheRegistryIsTheOneThatImplementsTheProtocol(t *testing.T) {
	var _ Registry = (*registry.NPM)(nil)
}
