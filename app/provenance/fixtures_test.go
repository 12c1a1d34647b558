package provenance

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/signature"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/registry"
	"github.com/bonafide-app/bonafide/app/sandbox/realdata"
)

// fixtures is the shared archive of real evidence with what each must give.
type fixtures struct {
	fs.FS
	Cases []fixture `json:"cases"`
}

type fixture struct {
	Path, Kind, Name, Version, Integrity, SHA512, SHA256, Verdict, PolicyVerdict, Artifact, Reason string

	Options struct {
		TrustedRoot, NPMKeys, Key string
		SCT, TLog                 *bool
	}
	Source      map[string]any
	BadVersions map[string]string
	Trimmed     any
}

func loadFixtures(t testing.TB) fixtures {
	t.Helper()
	archive := realdata.Open(t, "fixtures.zip")
	f := fixtures{FS: archive}
	if _, err := fs.Stat(f, "index.json"); err != nil {
		if f.FS, err = fs.Sub(archive, "fixtures"); err != nil {
			t.Fatal(err)
		}
	}
	if err := json.Unmarshal(f.read(t, "index.json"), &f); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f fixtures) read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := fs.ReadFile(f, name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// each runs a subtest for every case of a kind.
func (f fixtures) each(t *testing.T, kind string, run func(*testing.T, fixture)) {
	n := 0
	for _, c := range f.Cases {
		if c.Kind == kind {
			n++
			t.Run(strings.ReplaceAll(c.Path, "/", "|"), func(t *testing.T) { run(t, c) })
		}
	}
	if n == 0 {
		t.Fatalf("the index has no case of kind %s", kind)
	}
}

// trust is the trust root that the case asks for.
func (f fixtures) trust(t testing.TB, c fixture) *TrustRoot {
	t.Helper()
	keys := embeddedKeys
	if c.Options.NPMKeys != "" {
		keys = f.read(t, c.Options.NPMKeys)
	}
	d := demands{sct: c.Options.SCT == nil || *c.Options.SCT, log: c.Options.TLog == nil || *c.Options.TLog}
	tr, err := newTrust(f.read(t, c.Options.TrustedRoot), keys, nil, d)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// fake is a registry that answers from memory.
type fake struct {
	origin       string
	release      registry.Release
	attestations []registry.Attestation
	published    registry.Date

	releaseErr, attestationsErr, publishedErr error
	onRelease                                 func()
	dated                                     int
}

func (f *fake) Origin() string { return f.origin }

func (f *fake) Release(context.Context, dep.Package) (registry.Release, error) {
	if f.onRelease != nil {
		f.onRelease()
	}
	return f.release, f.releaseErr
}

func (f *fake) Attestations(context.Context, dep.Package) ([]registry.Attestation, error) {
	return f.attestations, f.attestationsErr
}

func (f *fake) PublishedAt(context.Context, dep.Package) (registry.Date, error) {
	f.dated++
	return f.published, f.publishedErr
}

func verifyWith(t testing.TB, reg Registry, trust *TrustRoot, s Subject) Evidence {
	t.Helper()
	v, err := New(reg, func() *TrustRoot { return trust }, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return v.Verify(context.Background(), s)
}

// attestationCauses says for every case that must fail which of the attestations
// fails, and why.
var attestationCauses = map[string]struct{ publish, provenance cause }{
	"npm-att-mismatch-prov-payloadtype":   {provenance: causePayloadType},
	"npm-att-mismatch-prov-predicatetype": {provenance: causePredicateType},
	"npm-att-publish-nosubjects":          {publish: causeSubject},
	"npm-stmt-mismatch-prov-type":         {provenance: causeStatement},
	"npm-stmt-mismatch-pub-predicatetype": {publish: causePredicateType},
	"sigstore@0.4.0.invalid":              {publish: causeSignature},
	"malformed-subject":                   {publish: causeSubject},
	"mismatched-subject-digest":           {publish: causeDigest},
	"mismatched-subject-name":             {publish: causeSubject},
	"invalidsigprov":                      {provenance: causeSignature},
	"invalidsigpub":                       {publish: causeSignature},
	"npm-att-publish-invalid-signature":   {publish: causeStatement},
	"npm-att-mismatch-pub-payloadtype":    {provenance: causePayloadType},
	"certificate-of-nuxt":                 {provenance: causeCertificate},
	"integrated-time-plus-1d":             {provenance: causeLog},
	"no-set":                              {provenance: causeTime},
	"no-tlog":                             {provenance: causeLog},
	"payload-edited":                      {provenance: causeSignature},
	"unknown-bundle-version":              {provenance: causeVersion},
	"wrong-integrity":                     {publish: causeDigest, provenance: causeDigest},
	"key-expired":                         {publish: causeKey},
	"key-hint-swapped":                    {publish: causeKey},
	"proof-hash-flipped":                  {provenance: causeLog},
}

func TestRealAttestationsGiveTheVerdictOfTheIndexForItsTrueCause(t *testing.T) {
	f := loadFixtures(t)
	f.each(t, "npm-attestations", func(t *testing.T, c fixture) {
		found, err := registry.ParseAttestations(f.read(t, c.Path))
		if err != nil {
			t.Fatal(err)
		}
		digests, err := dep.ParseSRI(c.Integrity)
		if err != nil {
			t.Fatal(err)
		}
		trust := f.trust(t, c)
		p := dep.Package{Ecosystem: dep.NPM, Name: c.Name, Version: c.Version}
		reg := &fake{attestations: found, release: registry.Release{Package: p, Integrity: c.Integrity, Digests: digests, Attested: true, ProvenanceAnnounced: true}}
		e := verifyWith(t, reg, trust, Subject{Package: p, Digests: digests})

		v, err := New(reg, func() *TrustRoot { return trust }, Options{})
		if err != nil {
			t.Fatal(err)
		}
		j := judge{v: v, trust: trust, subject: p, want: expected{subjectName(p), digests[0]}}
		j.all(context.Background(), found)
		causes := [2]cause{}
		for i, f := range []*fault{j.published, j.built} {
			if f != nil {
				causes[i] = f.cause
			}
		}
		t.Logf("publish: %s %s", e.Publish.State, e.Publish.Reason)
		t.Logf("provenance: %s %s", e.Provenance.State, e.Provenance.Reason)

		switch c.Verdict {
		case "valid", "valid-provenance-only":
			if e.Provenance.State != Verified {
				t.Fatalf("provenance is %s: %s", e.Provenance.State, e.Provenance.Reason)
			}
			if want := map[string]State{"valid": Verified, "valid-provenance-only": Absent}[c.Verdict]; e.Publish.State != want {
				t.Fatalf("publish is %s (%s), want %s", e.Publish.State, e.Publish.Reason, want)
			}
			if e.Digest.State != Verified || e.Digest.Attested != c.Integrity {
				t.Errorf("digest = %+v", e.Digest)
			}
			checkIdentity(t, e.Provenance, c.Source)
		case "invalid":
			for suffix, want := range attestationCauses {
				if !strings.HasSuffix(c.Path, suffix+".json") {
					continue
				}
				if causes != [2]cause{want.publish, want.provenance} {
					t.Errorf("causes = %q, want %q", causes, want)
				}
				for i, check := range []Check{e.Publish.Check, e.Provenance.Check} {
					if (causes[i] != "") != (check.State == Invalid) || (check.State == Invalid && check.Reason == "") {
						t.Errorf("state %d is %+v although the cause is %q", i, check, causes[i])
					}
				}
				if unsupported := want.provenance == causeVersion; e.Provenance.Unsupported != unsupported {
					t.Errorf("Unsupported = %v", e.Provenance.Unsupported)
				}
				return
			}
			if e.Publish.State != Invalid && e.Provenance.State != Invalid {
				t.Errorf("nothing is invalid: %s", c.Reason)
			}
		default:
			t.Fatalf("the index has a verdict that is not known: %s", c.Verdict)
		}
	})
}

func checkIdentity(t *testing.T, p Provenance, source map[string]any) {
	t.Helper()
	if p.Identity == nil || p.Log == nil || p.Log.Index == 0 || p.Log.Time.IsZero() {
		t.Fatalf("identity %v, log %+v", p.Identity, p.Log)
	}
	id := *p.Identity
	for key, got := range map[string]string{
		"issuer": id.Issuer, "signer": id.Signer, "repository": id.Repository, "repositoryId": id.RepositoryID, "ownerId": id.OwnerID,
		"commit": id.Commit, "ref": id.Ref, "trigger": id.Trigger, "runner": id.Runner, "run": id.Run,
	} {
		if want, ok := source[key]; ok && want != got {
			t.Errorf("%s = %q, the index says %q", key, got, want)
		}
	}
	if workflow, ok := source["workflow"]; ok && workflow != id.Repository+"/"+id.Workflow+"@"+id.Ref {
		t.Errorf("workflow = %q at %q, the index says %q", id.Workflow, id.Ref, workflow)
	}
	if !strings.HasPrefix(id.Workflow, ".github/workflows/") {
		t.Errorf("workflow = %q", id.Workflow)
	}
}

func TestRealRegistrySignaturesGiveTheVerdictOfTheIndex(t *testing.T) {
	f := loadFixtures(t)
	trust, err := LoadTrust(nil, f.read(t, "npm/keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	check := func(t *testing.T, rel registry.Release, at time.Time) Signature {
		reg := &fake{release: rel, attestationsErr: registry.ErrNotFound, published: registry.Date{Time: at, Source: "registry document"}}
		if at.IsZero() { // the fixture holds no dates: the key that has expired since was in use then
			reg.published.Time = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
		}
		return verifyWith(t, reg, trust, Subject{Package: rel.Package, Digests: rel.Digests}).Signature
	}
	f.each(t, "npm-packument", func(t *testing.T, c fixture) {
		data := f.read(t, c.Path)
		h, err := registry.ParseHistory(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		documents := realdata.Versions(t, data)
		bad := map[string]string{}
		for _, past := range h.Releases {
			rel, err := registry.ParseRelease(documents[past.Version])
			if err != nil {
				t.Fatal(err)
			}
			s := check(t, rel, past.Published)
			if s.State != Verified {
				bad[rel.Package.Version] = s.Reason
			}
			if _, want := c.BadVersions[rel.Package.Version]; want != (s.State == Invalid) {
				t.Errorf("%s: %s %s", rel.Package.Version, s.State, s.Reason)
			}
		}
		if len(h.Releases) == 0 || len(bad) != len(c.BadVersions) || (c.Verdict == "valid") != (len(bad) == 0) {
			t.Errorf("%d releases; not verified %v, the index has %v (%s)", len(h.Releases), bad, c.BadVersions, c.Verdict)
		}
		for version, reason := range bad {
			if !strings.Contains(reason, "does not cover") {
				t.Errorf("%s: the reason does not name the signature: %s", version, reason)
			}
		}
	})
	f.each(t, "npm-version-doc", func(t *testing.T, c fixture) {
		rel, err := registry.ParseRelease(f.read(t, c.Path))
		if err != nil {
			t.Fatal(err)
		}
		s := check(t, rel, time.Time{})
		if want := map[string]State{"valid": Verified, "unsigned": Absent, "invalid": Invalid}[c.Verdict]; s.State != want {
			t.Errorf("%s (%s), want %s", s.State, s.Reason, want)
		}
	})
}

// conformanceCauses are the causes of the vectors whose reason names one.
var conformanceCauses = map[string][]cause{
	"bundle-from-wrong-instance_fail":                           {causeCertificate},
	"bundle-malformed-json_fail":                                {causeBundle},
	"checkpoint-bad-keyhint_fail":                               {causeLog},
	"dsse-invalid-sig_fail":                                     {causeSignature},
	"dsse-mismatch-envelope_fail":                               {causeLog},
	"dsse-mismatch-sig_fail":                                    {causeLog, causeSignature},
	"intoto-missing-inclusion-proof_fail":                       {causeLog},
	"intoto-set-outside-signing-cert-validity_fail":             {causeCertificate},
	"intoto-tsa-timestamp-outside-cert-validity_fail":           {causeCertificate},
	"invalid-checkpoint-signature_fail":                         {causeLog},
	"invalid-ct-key_fail":                                       {causeCertificate},
	"invalid-inclusion-proof_fail":                              {causeLog},
	"message-digest-mismatch_fail":                              {causeDigest},
	"rekor2-checkpoint-missing-log-signature_fail":              {causeLog},
	"rekor2-checkpoint-missing-root-hash_fail":                  {causeLog},
	"rekor2-checkpoint-no-matching-signature_fail":              {causeLog},
	"rekor2-dsse-invalid-sig_fail":                              {causeLog, causeSignature},
	"rekor2-dsse-mismatch-envelope_fail":                        {causeLog},
	"rekor2-no-inclusion-proof_fail":                            {causeLog},
	"rekor2-timestamp-outside-trust-root-tsa-validity_fail":     {causeTime},
	"rekor2-timestamp-outside-tsa-cert-validity_fail":           {causeTime},
	"rekor2-timestamp-untrusted-tsa-with-embedded-cert_fail":    {causeTime},
	"rekor2-timestamp-untrusted-tsa-without-embedded-cert_fail": {causeTime},
	"set-invalid-signature_fail":                                {causeLog},
	"signature-mismatch_fail":                                   {causeSignature},
	"wrong-hashedrekord-entry_fail":                             {causeLog},
	"wrong-hashedrekord-artifact_fail":                          {causeLog},
	"wrong-hashedrekord-cert-and-sig_fail":                      {causeLog, causeCertificate},
}

func TestConformanceVectorsGiveTheirVerdict(t *testing.T) {
	f := loadFixtures(t)
	f.each(t, "conformance", func(t *testing.T, c fixture) {
		sum := sha256.Sum256(f.read(t, c.Artifact))
		digest := dep.Digest{Algorithm: "sha256", Hex: hex.EncodeToString(sum[:])}
		var found *fault
		trust, err := newTrust(f.read(t, c.Options.TrustedRoot), embeddedKeys, nil, demands{sct: true, log: true})
		if err == nil {
			if c.Options.Key != "" {
				trustKey(t, trust, f.read(t, c.Options.Key))
			}
			b, fault := parseBundle(f.read(t, path.Join(c.Path, "bundle.sigstore.json")))
			if fault == nil {
				_, fault = trust.verifyBundle(b, digest)
			}
			found = fault
		} else {
			found = faultf("trusted root", "%v", err)
		}
		if (found == nil) != (c.Verdict == "valid") {
			t.Fatalf("fault %+v, the index says %s", found, c.Verdict)
		}
		if found == nil {
			return
		}
		t.Logf("%s: %s", found.cause, found.reason)
		if want, ok := conformanceCauses[path.Base(c.Path)]; ok && !slices.Contains(want, found.cause) {
			t.Errorf("cause %q (%s), want %q: %s", found.cause, found.reason, want, c.Reason)
		}
	})
}

// trustKey makes a trust root accept one managed key, whatever the hint.
func trustKey(t *testing.T, trust *TrustRoot, text []byte) {
	block, _ := pem.Decode(text)
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	v, err := signature.LoadVerifier(public, crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	key := root.NewTrustedPublicKeyMaterial(func(string) (root.TimeConstrainedVerifier, error) {
		return root.NewExpiringKey(v, time.Time{}, time.Time{}), nil
	})
	material := root.TrustedMaterialCollection{trust.material, key}
	if trust.byKey, err = verify.NewVerifier(material, verify.WithTransparencyLog(1), verify.WithObserverTimestamps(1)); err != nil {
		t.Fatal(err)
	}
}

func TestSigstoreBundlesGiveTheirVerdict(t *testing.T) {
	f := loadFixtures(t)
	f.each(t, "sigstore-bundle", func(t *testing.T, c fixture) {
		trust := f.trust(t, c)
		digest := dep.Digest{Algorithm: "sha512", Hex: c.SHA512}
		if c.SHA512 == "" {
			digest = dep.Digest{Algorithm: "sha256", Hex: c.SHA256}
		}
		b, found := parseBundle(f.read(t, c.Path))
		if found == nil {
			if digest.Hex == "" {
				digest.Hex = hex.EncodeToString(b.GetMessageSignature().GetMessageDigest().GetDigest())
			}
			var result *verify.VerificationResult
			result, found = trust.verifyBundle(b, digest)
			if found == nil && result.Signature.Certificate != nil && c.PolicyVerdict == "" && strings.Contains(c.Path, "slsa-") {
				// What a policy must accept: the identity of a build, held against its predicate.
				s, f := parseStatement(b.GetDsseEnvelope().GetPayload())
				if f == nil {
					_, f = readBuild(attested{predicateType: s.PredicateType, predicate: s.Predicate, certificate: result.Signature.Certificate})
				}
				if f != nil {
					t.Errorf("policy: %+v", f)
				}
			}
			if found == nil && c.PolicyVerdict != "" {
				s, _ := parseStatement(b.GetDsseEnvelope().GetPayload())
				_, f := readBuild(attested{predicateType: s.PredicateType, predicate: s.Predicate, certificate: result.Signature.Certificate})
				got := "valid"
				switch {
				case f != nil && f.unsupported:
					got = "unsupported"
				case f != nil:
					got = "invalid"
				}
				if got != c.PolicyVerdict {
					t.Errorf("policy verdict %s (%+v), the index says %s", got, f, c.PolicyVerdict)
				}
			}
		}
		if (found == nil) != (c.Verdict == "valid") {
			t.Fatalf("fault %+v, the index says %s", found, c.Verdict)
		}
		if found != nil {
			t.Logf("%s: %s", found.cause, found.reason)
		}
	})
}

func BenchmarkVerifyAttestedPackage(b *testing.B) {
	f := loadFixtures(b)
	found, err := registry.ParseAttestations(f.read(b, "npm/attestations/sigstore@2.3.1.json"))
	if err != nil {
		b.Fatal(err)
	}
	i := slices.IndexFunc(f.Cases, func(c fixture) bool { return c.Path == "npm/attestations/sigstore@2.3.1.json" })
	digests, err := dep.ParseSRI(f.Cases[i].Integrity)
	if err != nil {
		b.Fatal(err)
	}
	trust, err := Embedded()
	if err != nil {
		b.Fatal(err)
	}
	p := dep.Package{Ecosystem: dep.NPM, Name: "sigstore", Version: "2.3.1"}
	reg := &fake{attestations: found, release: registry.Release{Package: p, Integrity: f.Cases[i].Integrity, Digests: digests, Attested: true, ProvenanceAnnounced: true}}
	for b.Loop() {
		if e := verifyWith(b, reg, trust, Subject{Package: p, Digests: digests}); e.Provenance.State != Verified || e.Publish.State != Verified {
			b.Fatal(e)
		}
	}
}
