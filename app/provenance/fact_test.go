package provenance

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/registry"
)

// knowing is a verifier of one signed release that has kept what came of it. Its fact is the
// only one; it is changed so that it shows where it was used.
type knowing struct {
	*fake
	trust   *TrustRoot
	subject Subject
	cache   *memory
	now     time.Time
}

const marked = "the mark of a fact"

func knows(t *testing.T) *knowing {
	t.Helper()
	reg, trust, s := signed(t)
	k := &knowing{reg, trust, s, &memory{values: map[string][]byte{}}, time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	if e := k.verify(t, Options{}, s); states(e) != [4]State{Verified, Absent, Absent, Verified} {
		t.Fatalf("%+v", e)
	}
	k.mark(t)
	return k
}

func (k *knowing) mark(t *testing.T) {
	t.Helper()
	n := 0
	for key, value := range k.cache.values {
		if strings.HasPrefix(key, "verified\n") {
			k.cache.values[key] = []byte(strings.Replace(string(value), `"KeyID":"key"`, `"KeyID":"`+marked+`"`, 1))
			n++
		}
	}
	if n != 1 {
		t.Fatalf("%d facts are kept", n)
	}
}

func (k *knowing) verify(t *testing.T, o Options, s Subject) Evidence {
	t.Helper()
	o.Cache, o.Now = k.cache, func() time.Time { return k.now }
	v, err := New(k.fake, func() *TrustRoot { return k.trust }, o)
	if err != nil {
		t.Fatal(err)
	}
	return v.Verify(context.Background(), s)
}

func TestAFactIsUsedForWhatItWasVerifiedOfAndNothingElse(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*testing.T, *knowing)
		used   bool
	}{
		"nothing changed":               {func(*testing.T, *knowing) {}, true},
		"how the document was sent":     {func(_ *testing.T, k *knowing) { k.release.ETag, k.release.MaxAge = `"x"`, time.Hour }, true},
		"another trust":                 {func(t *testing.T, k *knowing) { k.trust = otherTrust(t, k.trust) }, false},
		"another lockfile digest":       {func(_ *testing.T, k *knowing) { k.subject.Digests = []dep.Digest{digestOf("sha512", 'b')} }, false},
		"a digest more in the lockfile": {func(_ *testing.T, k *knowing) { k.subject.Digests = append(k.subject.Digests, digestOf("sha1", 'b')) }, false},
		"no lockfile":                   {func(_ *testing.T, k *knowing) { k.subject.Digests, k.subject.Standalone = nil, true }, false},
		"a digest of its own kind":      {func(_ *testing.T, k *knowing) { k.subject.Digests, k.subject.OwnDigest = nil, true }, false},
		"another registry":              {func(_ *testing.T, k *knowing) { k.origin = "https://other.example.test" }, false},
		"another document":              {func(_ *testing.T, k *knowing) { k.release.Deprecated = "use another" }, false},
		"another signature":             {func(_ *testing.T, k *knowing) { k.release.Signatures[0].Sig = []byte("x") }, false},
		"attestations are announced":    {func(_ *testing.T, k *knowing) { k.release.Attested = true }, false},
		"another revision":              {func(_ *testing.T, k *knowing) { k.edit(`"revision":1`, `"revision":0`) }, false},
		"a fact that does not read":     {func(_ *testing.T, k *knowing) { k.edit(`{`, `[`) }, false},
		"a fact with more in it":        {func(_ *testing.T, k *knowing) { k.edit(`"revision":1`, `"revision":1,"revision":1`) }, false},
		"a fact that is invalid":        {func(_ *testing.T, k *knowing) { k.edit(`"state":"verified"`, `"state":"invalid"`) }, false},
		"a fact of nothing":             {func(_ *testing.T, k *knowing) { k.edit(`"signature"`, `"other"`) }, false},
		"what is so now is asked for":   {func(_ *testing.T, k *knowing) { k.subject.Fresh = true }, false},
		"the release is gone":           {func(_ *testing.T, k *knowing) { k.releaseErr = registry.ErrNotFound }, false},
		"the cache fails":               {func(_ *testing.T, k *knowing) { k.cache.err = errors.New("x") }, false},
	} {
		t.Run(name, func(t *testing.T) {
			k := knows(t)
			c.change(t, k)
			e := k.verify(t, Options{}, k.subject)
			reasons(t, e)
			if used := e.Signature.KeyID == marked; used != c.used {
				t.Errorf("the fact was used: %v; %+v", used, e)
			}
		})
	}
	k := knows(t)
	if e := k.verify(t, Options{Reverify: true}, k.subject); e.Signature.KeyID != "key" {
		t.Errorf("it is not verified again: %+v", e.Signature)
	}
	if e := k.verify(t, Options{}, k.subject); e.Signature.KeyID != "key" {
		t.Errorf("what was verified again is not kept: %+v", e.Signature)
	}
}

// edit changes the fact.
func (k *knowing) edit(old, replacement string) {
	for key, value := range k.cache.values {
		if strings.HasPrefix(key, "verified\n") {
			k.cache.values[key] = []byte(strings.Replace(string(value), old, replacement, 1))
		}
	}
}

// otherTrust has the same keys and another one.
func otherTrust(t *testing.T, trust *TrustRoot) *TrustRoot {
	t.Helper()
	other := *trust
	other.id = strings.Repeat("0", 64)
	return &other
}

func TestWhatIsNotFinalIsNotKept(t *testing.T) {
	failure := &registry.Failure{Reason: "the registry answered 503"}
	for name, spoil := range map[string]func(*fake, *Subject){
		"gone":                     func(f *fake, _ *Subject) { f.releaseErr = registry.ErrNotFound },
		"unknown":                  func(f *fake, _ *Subject) { f.releaseErr = failure },
		"an invalid signature":     func(f *fake, _ *Subject) { f.release.Signatures[0].Sig = []byte("x") },
		"an unknown date":          func(f *fake, _ *Subject) { f.publishedErr = failure },
		"another digest":           func(_ *fake, s *Subject) { s.Digests = []dep.Digest{digestOf("sha512", 'b')} },
		"attestations fail":        func(f *fake, _ *Subject) { f.release.Attested, f.attestationsErr = true, failure },
		"announced, but not there": func(f *fake, _ *Subject) { f.release.Attested, f.attestationsErr = true, registry.ErrNotFound },
		"announced, but empty":     func(f *fake, _ *Subject) { f.release.ProvenanceAnnounced = true },
		"announced, but malformed": func(f *fake, _ *Subject) {
			f.release.Attested, f.attestations = true, []registry.Attestation{{PredicateType: predicateSLSA1, Bundle: []byte("{}")}}
		},
		"nothing that was verified": func(f *fake, _ *Subject) { f.release.Signatures = nil },
	} {
		t.Run(name, func(t *testing.T) {
			reg, trust, s := signed(t)
			spoil(reg, &s)
			cache := &memory{values: map[string][]byte{}}
			v, err := New(reg, func() *TrustRoot { return trust }, Options{Cache: cache})
			if err != nil {
				t.Fatal(err)
			}
			first, second := v.Verify(context.Background(), s), v.Verify(context.Background(), s)
			for key, value := range cache.values {
				if strings.HasPrefix(key, "verified\n") {
					t.Errorf("kept is %s", value)
				}
			}
			if !reflect.DeepEqual(first, second) {
				t.Errorf("%+v, then %+v", first, second)
			}
		})
	}
}

// A signature by a key that was valid needs no date; once the key has ended it does.
func TestAFactEndsWithTheKeyThatItWasAcceptedUnder(t *testing.T) {
	reg, trust, s := signed(t)
	k := &knowing{reg, trust, s, &memory{values: map[string][]byte{}}, time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC)}
	end := time.Date(2025, 1, 29, 0, 0, 0, 0, time.UTC)
	if e := k.verify(t, Options{}, s); e.Signature.State != Verified || e.Signature.DateSource != "" || k.dated != 0 {
		t.Fatalf("%+v", e.Signature)
	}
	k.mark(t)
	k.now = end.Add(-time.Second)
	if e := k.verify(t, Options{}, s); e.Signature.KeyID != marked {
		t.Errorf("just before its end: %+v", e.Signature)
	}
	k.now = end
	if e := k.verify(t, Options{}, s); e.Signature.KeyID != "key" || e.Signature.DateSource == "" || k.dated != 1 {
		t.Errorf("at its end: %+v", e.Signature)
	}
	k.mark(t)
	k.now = end.AddDate(3, 0, 0)
	if e := k.verify(t, Options{}, s); e.Signature.KeyID != marked || k.dated != 1 {
		t.Errorf("what rests on a date ends: %+v", e.Signature)
	}
}

// The trust may have to be waited for: meanwhile the registry answers.
func TestTheRegistryIsAskedBeforeTheTrust(t *testing.T) {
	reg, trust, s := signed(t)
	reg.release.Attested = true
	counting := &counting{fake: reg}
	before := -1
	v, err := New(counting, func() *TrustRoot { before = counting.attested; return trust }, Options{Cache: &memory{values: map[string][]byte{}}})
	if err != nil {
		t.Fatal(err)
	}
	v.Verify(context.Background(), s)
	if before != 1 || counting.attested != 1 {
		t.Errorf("%d requests for attestations before the trust, %d in all", before, counting.attested)
	}
}

// counting counts how often attestations are asked for.
type counting struct {
	*fake
	attested int
}

func (c *counting) Attestations(ctx context.Context, p dep.Package) ([]registry.Attestation, error) {
	c.attested++
	return c.fake.Attestations(ctx, p)
}

// What was kept may prove, and never disproves: the registry may have mended it since.
func TestAttestationsThatWereKeptAndDoNotHoldAreAskedForAgain(t *testing.T) {
	reg, v, _, s := attesting(t)
	v.Verify(context.Background(), s)
	reg.attestations, reg.attestationsErr = nil, registry.ErrNotFound
	if e := v.Verify(context.Background(), s); e.Publish.State != Absent || !e.Provenance.Announced {
		t.Errorf("%+v", e)
	}
	reg.attestationsErr = &registry.Failure{Reason: "nobody is asked offline", Err: registry.ErrOffline}
	if e := v.Verify(context.Background(), s); e.Publish.State != Invalid {
		t.Errorf("offline: %+v", e)
	}
	s.Fresh = true
	if e := v.Verify(context.Background(), s); e.Publish.State != Unknown {
		t.Errorf("what was kept is used for what is so now: %+v", e)
	}
}

func FuzzFact(f *testing.F) {
	f.Add([]byte(`{"trust":"x","revision":1,"signature":{"state":"verified","KeyID":"key"}}`))
	f.Add([]byte(`{"revision":1,"attested":{"publish":{"state":"verified","Log":{"Index":1,"Time":"2024-01-01T00:00:00Z"}},"provenance":{"state":"absent"}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		reg, trust, s := signed(t)
		cache := &memory{values: map[string][]byte{}}
		key, err := factKey(reg.origin, s, &reg.release)
		if err != nil {
			t.Fatal(err)
		}
		cache.values[key] = raw
		v, err := New(reg, func() *TrustRoot { return trust }, Options{Cache: cache})
		if err != nil {
			t.Fatal(err)
		}
		if e := v.Verify(context.Background(), s); states(e) != [4]State{Verified, Absent, Absent, Verified} {
			t.Errorf("%+v", e)
		}
	})
}
