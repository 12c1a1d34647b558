package provenance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/registry"
)

// attesting is a registry whose release has attestations that do not hold.
func attesting(t *testing.T) (*fake, *Verifier, *memory, Subject) {
	t.Helper()
	reg, trust, s := signed(t)
	reg.release.Attested = true
	reg.attestations = []registry.Attestation{
		{PredicateType: predicatePublish, Bundle: []byte(`{ "mediaType": "x" }`)}, {PredicateType: "\"\xff", Bundle: []byte(`{}`)},
	}
	cache := &memory{values: map[string][]byte{}}
	v, err := New(reg, func() *TrustRoot { return trust }, Options{Cache: cache})
	if err != nil {
		t.Fatal(err)
	}
	return reg, v, cache, s
}

func TestWhatWasParsedIsKeptWhateverItsVerdict(t *testing.T) {
	ctx := context.Background()
	reg, v, _, s := attesting(t)
	integrity := reg.release.Integrity
	if _, ok, err := v.Bundles(ctx, s.Package, integrity); ok || err != nil {
		t.Fatalf("before anything was verified: %v, %v", ok, err)
	}
	if e := v.Verify(ctx, s); e.Publish.State != Invalid || e.Digest.Registry != integrity {
		t.Fatalf("%+v", e)
	}
	reg.releaseErr = errors.New("nobody is to be asked")
	document, ok, err := v.Bundles(ctx, s.Package, integrity)
	if !ok || err != nil {
		t.Fatalf("%v, %v", ok, err)
	}
	var read struct {
		Attestations []struct {
			PredicateType string
			Bundle        json.RawMessage
		}
	}
	if err := json.Unmarshal(document, &read); err != nil {
		t.Fatal(err)
	}
	if len(read.Attestations) != 2 || read.Attestations[0].PredicateType != predicatePublish || string(read.Attestations[0].Bundle) != `{ "mediaType": "x" }` {
		t.Errorf("%s", document)
	}
}

func TestAttestationsAreFiledUnderTheirRegistryAndDigest(t *testing.T) {
	ctx := context.Background()
	reg, v, cache, s := attesting(t)
	integrity := reg.release.Integrity
	v.Verify(ctx, s)
	for name, ask := range map[string]struct {
		origin, integrity string
		p                 dep.Package
	}{
		"another registry": {"https://other.example.test", integrity, s.Package},
		"another digest":   {reg.origin, digestOf("sha512", 'b').SRI(), s.Package},
		"no digest":        {reg.origin, "", s.Package},
		"another release":  {reg.origin, integrity, dep.Package{Ecosystem: dep.NPM, Name: "other", Version: "1.0.0"}},
	} {
		origin := reg.origin
		reg.origin = ask.origin
		if _, ok, err := v.Bundles(ctx, ask.p, ask.integrity); ok || err != nil {
			t.Errorf("%s: %v, %v", name, ok, err)
		}
		reg.origin = origin
	}
	for key := range cache.values {
		if strings.HasPrefix(key, "bundles\n") {
			cache.values[key] = []byte(`{"attestations":[`)
		}
	}
	if _, ok, err := v.Bundles(ctx, s.Package, integrity); ok || err != nil {
		t.Errorf("what is cut off is given out: %v, %v", ok, err)
	}
	cache.err = errors.New("disk full")
	if _, ok, err := v.Bundles(ctx, s.Package, integrity); ok || err == nil {
		t.Error("a cache that fails is not told")
	}
	if e := v.Verify(ctx, s); e.Publish.State != Invalid {
		t.Errorf("a cache that fails changes the verdict: %+v", e.Publish)
	}
}

func TestAttestationsThatAreTooLargeAreNotKept(t *testing.T) {
	ctx := context.Background()
	for name, bundle := range map[string][]byte{
		"too large": []byte(`"` + strings.Repeat("x", maxKept) + `"`), "no JSON": []byte(`{`), "several values": []byte(`{},{}`), "nothing": nil,
	} {
		reg, v, cache, s := attesting(t)
		reg.attestations[0].Bundle = bundle
		v.Verify(ctx, s)
		for key, value := range cache.values {
			if strings.HasPrefix(key, "bundles\n") {
				t.Errorf("%s is kept: %.80s", name, bytes.TrimSpace(value))
			}
		}
	}
}
