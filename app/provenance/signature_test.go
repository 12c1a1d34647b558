package provenance

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/registry"
)

func sign(t testing.TB, key *ecdsa.PrivateKey, text string) []byte {
	t.Helper()
	sum := sha256.Sum256([]byte(text))
	sig, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return sig
}

func TestRegistrySignatureStates(t *testing.T) {
	oldKey, oldSPKI := newKey(t)
	key, spki := newKey(t)
	trust, err := LoadTrust(nil, keysOf(
		tufKey("old", "npm:signatures", oldSPKI, "2020-01-01T00:00:00Z", "2025-01-29T00:00:00Z"),
		tufKey("new", "npm:signatures", spki, "2025-01-13T00:00:00Z", ""),
		tufKey("attester", "npm:attestations", spki, "2025-01-13T00:00:00Z", "")))
	if err != nil {
		t.Fatal(err)
	}
	const integrity = "sha512-as-the-document-states-it"
	p := dep.Package{Ecosystem: dep.NPM, Name: "@scope/name", Version: "1.2.3"}
	text := "@scope/name@1.2.3:" + integrity
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	before := time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC)
	after := time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC)
	by := func(id string, key *ecdsa.PrivateKey, text string) registry.Signature {
		return registry.Signature{KeyID: id, Sig: sign(t, key, text)}
	}
	tarball := func(at time.Time) dating {
		return func(context.Context) (registry.Date, bool, error) {
			return registry.Date{Time: at, Source: "tarball Last-Modified"}, false, nil
		}
	}
	never := func(context.Context) (registry.Date, bool, error) {
		t.Error("a date was asked for that does not matter")
		return registry.Date{}, false, errors.New("no")
	}
	for name, c := range map[string]struct {
		signatures []registry.Signature
		integrity  string
		logged     *Log
		date       dating
		state      State
		retry      bool
		reason     string // part of it
		source     string
	}{
		"by a key in use":                       {[]registry.Signature{by("new", key, text)}, integrity, nil, never, Verified, false, "", ""},
		"by an expired key, logged before":      {[]registry.Signature{by("old", oldKey, text)}, integrity, &Log{Time: before}, never, Verified, false, "", "transparency log"},
		"by an expired key, logged after":       {[]registry.Signature{by("old", oldKey, text)}, integrity, &Log{Time: after}, never, Invalid, false, "expired on 2025-01-29", ""},
		"by an expired key, tarball before":     {[]registry.Signature{by("old", oldKey, text)}, integrity, nil, tarball(before), Verified, false, "", "tarball Last-Modified"},
		"by an expired key, tarball after":      {[]registry.Signature{by("old", oldKey, text)}, integrity, nil, tarball(after), Invalid, false, "tarball Last-Modified", ""},
		"by an expired key, at its last moment": {[]registry.Signature{by("old", oldKey, text)}, integrity, nil, tarball(time.Date(2025, 1, 29, 0, 0, 0, 0, time.UTC)), Invalid, false, "expired", ""},
		"by a key before its time":              {[]registry.Signature{by("new", key, text)}, integrity, &Log{Time: before}, never, Invalid, false, "valid only from 2025-01-13", ""},
		"no date to be had for an expired key": {[]registry.Signature{by("old", oldKey, text)}, integrity, nil,
			func(context.Context) (registry.Date, bool, error) {
				return registry.Date{}, true, errors.New("HTTP 503")
			}, Unknown, true, "HTTP 503", ""},
		"none":                               {nil, integrity, nil, never, Absent, false, "did not sign", ""},
		"by an unknown key":                  {[]registry.Signature{by("stranger", key, text)}, integrity, nil, never, Invalid, false, `"stranger"`, ""},
		"by a key for attestations":          {[]registry.Signature{by("attester", key, text)}, integrity, nil, never, Invalid, false, `"attester"`, ""},
		"key id of another key":              {[]registry.Signature{by("new", oldKey, text)}, integrity, nil, never, Invalid, false, "does not cover", ""},
		"over another integrity":             {[]registry.Signature{by("new", key, "@scope/name@1.2.3:sha512-other")}, integrity, nil, never, Invalid, false, "does not cover", ""},
		"over another name":                  {[]registry.Signature{by("new", key, "name@1.2.3:"+integrity)}, integrity, nil, never, Invalid, false, "does not cover", ""},
		"over no integrity":                  {[]registry.Signature{by("new", key, "@scope/name@1.2.3:")}, "", nil, never, Invalid, false, "no integrity", ""},
		"one of two does not hold":           {[]registry.Signature{by("new", key, text), by("old", key, text)}, integrity, nil, never, Invalid, false, `"old"`, ""},
		"one of two is by an unknown key":    {[]registry.Signature{by("new", key, text), by("stranger", key, text)}, integrity, nil, never, Invalid, false, `"stranger"`, ""},
		"one of two is by an expired key":    {[]registry.Signature{by("new", key, text), by("old", oldKey, text)}, integrity, nil, tarball(after), Invalid, false, `"old"`, ""},
		"two that hold":                      {[]registry.Signature{by("new", key, text), by("old", oldKey, text)}, integrity, &Log{Time: time.Date(2025, 1, 20, 0, 0, 0, 0, time.UTC)}, never, Verified, false, "", "transparency log"},
		"a signature that could not be read": {[]registry.Signature{{KeyID: "new"}}, integrity, nil, never, Invalid, false, "does not cover", ""},
		"more than are read":                 {make([]registry.Signature, maxSignatures+1), integrity, nil, never, Invalid, false, "more than", ""},
	} {
		t.Run(name, func(t *testing.T) {
			rel := registry.Release{Package: p, Integrity: c.integrity, Signatures: c.signatures}
			s, retry := trust.signature(context.Background(), &rel, "https://npm.example.test", c.logged, c.date, now)
			if s.State != c.state || retry != c.retry || !strings.Contains(s.Reason, c.reason) || s.DateSource != c.source {
				t.Errorf("%+v, retry %v; want %s, retry %v, reason with %q, source %q", s, retry, c.state, c.retry, c.reason, c.source)
			}
			if (s.State == Verified) != (s.Reason == "") || s.NotRequired {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestMissingSignatureMeansNothingWhereNoKeyIsKnown(t *testing.T) {
	trust, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	rel := registry.Release{Package: dep.Package{Ecosystem: dep.NPM, Name: "a", Version: "1.0.0"}}
	for origin, notRequired := range map[string]bool{"https://npm.example.test": true, "https://registry.npmjs.org": false} {
		s, _ := trust.signature(context.Background(), &rel, origin, nil, nil, time.Now())
		if s.State != Absent || s.NotRequired != notRequired || s.Reason == "" {
			t.Errorf("%s: %+v", origin, s)
		}
	}
}
