package provenance

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/registry"
	"github.com/bonafide-app/bonafide/app/sandbox/sigstore"
)

// virtual is a Sigstore in memory, and the release that its attestations are for.
type virtual struct {
	*sigstore.Sigstore
	trust  *TrustRoot
	digest dep.Digest
	build  sigstore.Build
	at     time.Time
}

func newVirtual(t testing.TB) virtual {
	t.Helper()
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s, err := sigstore.New(func() time.Time { return at })
	if err != nil {
		t.Fatal(err)
	}
	trust, err := LoadTrust(s.TrustedRoot(), s.KeysTUF())
	if err != nil {
		t.Fatal(err)
	}
	return virtual{s, trust, digestOf("sha512", 'a'), sigstore.Build{Repository: "acme/web", Ref: "refs/tags/v1.2.3"}, at}
}

func (v virtual) verify(t testing.TB, found ...registry.Attestation) Evidence {
	t.Helper()
	reg := &fake{origin: "https://npm.example.test", attestations: found, release: registry.Release{
		Package: subjectOfTests, Integrity: v.digest.SRI(), Digests: []dep.Digest{v.digest}, Attested: true, ProvenanceAnnounced: true}}
	e := verifyWith(t, reg, v.trust, Subject{Package: subjectOfTests, Digests: []dep.Digest{v.digest}})
	for _, c := range []Check{e.Publish.Check, e.Provenance.Check, e.Digest.Check} {
		if (c.State == Verified) != (c.Reason == "") {
			t.Errorf("%+v", c)
		}
	}
	return e
}

func (v virtual) provenance(t testing.TB, o sigstore.ProvenanceOptions) registry.Attestation {
	t.Helper()
	return v.provenanceOf(t, v.build, o)
}

func (v virtual) provenanceOf(t testing.TB, b sigstore.Build, o sigstore.ProvenanceOptions) registry.Attestation {
	t.Helper()
	raw, err := v.Provenance(subjectOfTests, v.digest, b, v.at, o)
	if err != nil {
		t.Fatal(err)
	}
	kind := o.PredicateType
	if kind == "" {
		kind = predicateSLSA1
	}
	return registry.Attestation{PredicateType: kind, Bundle: raw}
}

func (v virtual) publish(t testing.TB, o sigstore.PublishOptions) registry.Attestation {
	t.Helper()
	raw, err := v.Publish(subjectOfTests, v.digest, v.at, o)
	if err != nil {
		t.Fatal(err)
	}
	kind := o.PredicateType
	if kind == "" {
		kind = predicatePublish
	}
	return registry.Attestation{PredicateType: kind, Bundle: raw}
}

func TestGenuineAttestationsOfEveryKindVerify(t *testing.T) {
	v := newVirtual(t)
	for name, c := range map[string]struct {
		build func(*sigstore.Build)
		o     sigstore.ProvenanceOptions
	}{
		"today":                 {nil, sigstore.ProvenanceOptions{}},
		"bundle v0.2":           {nil, sigstore.ProvenanceOptions{MediaType: sigstore.BundleV02}},
		"bundle v0.1":           {nil, sigstore.ProvenanceOptions{MediaType: sigstore.BundleV01}},
		"SLSA v0.2":             {nil, sigstore.ProvenanceOptions{PredicateType: predicateSLSA02}},
		"old extensions":        {nil, sigstore.ProvenanceOptions{PredicateType: predicateSLSA02, OldExtensions: true}},
		"a shared workflow":     {func(b *sigstore.Build) { b.SignerWorkflow = "acme/ci/.github/workflows/npm.yml@refs/tags/v2" }, sigstore.ProvenanceOptions{}},
		"an enterprise issuer":  {func(b *sigstore.Build) { b.Issuer = issuerGitHub + "/acme" }, sigstore.ProvenanceOptions{}},
		"a runner of their own": {func(b *sigstore.Build) { b.Runner = "self-hosted" }, sigstore.ProvenanceOptions{}},
	} {
		t.Run(name, func(t *testing.T) {
			b := v.build
			if c.build != nil {
				c.build(&b)
			}
			e := v.verify(t, v.publish(t, sigstore.PublishOptions{}), v.provenanceOf(t, b, c.o))
			if e.Publish.State != Verified || e.Provenance.State != Verified || e.Digest.State != Verified || e.Digest.Attested != v.digest.SRI() {
				t.Fatalf("%+v %+v %+v", e.Publish, e.Provenance, e.Digest)
			}
			if id := e.Provenance.Identity; id.Repository != "https://github.com/acme/web" || id.Workflow != ".github/workflows/release.yml" || id.Ref != b.Ref {
				t.Errorf("%+v", id)
			}
			if e.Publish.KeyID != v.KeyAt(v.at).ID || !e.Publish.Log.Time.Equal(v.at) || e.Provenance.Log == nil {
				t.Errorf("%+v %+v", e.Publish, e.Provenance.Log)
			}
		})
	}
}

// forgeryCauses says what is truly wrong with each forged bundle.
var forgeryCauses = map[sigstore.Forgery]cause{
	sigstore.ForeignAuthority: causeCertificate, sigstore.NoSCT: causeCertificate, sigstore.ForeignSCT: causeCertificate, sigstore.ExpiredCertificate: causeCertificate,
	sigstore.EmailIdentity: causeIdentity, sigstore.ForeignIssuer: causeIdentity,
	sigstore.BrokenSignature: causeSignature, sigstore.EditedPayload: causeSignature, sigstore.NoSignature: causeSignature,
	sigstore.OtherPayloadType: causePayloadType, sigstore.NotAStatement: causeStatement,
	sigstore.NotLogged: causeLog, sigstore.ForeignLog: causeLog, sigstore.ImpostorLog: causeLog, sigstore.OtherEntry: causeLog, sigstore.OtherPayload: causeLog,
	sigstore.BrokenSET: causeLog, sigstore.ShiftedTime: causeLog, sigstore.NoProof: causeLog, sigstore.BrokenProof: causeLog, sigstore.BrokenCheckpoint: causeLog, sigstore.OtherCheckpoint: causeLog,
	sigstore.UnknownBundle: causeVersion, sigstore.EmptyBundle: causeCertificate,
}

func TestEveryForgeryIsInvalidForItsTrueCause(t *testing.T) {
	v := newVirtual(t)
	want := expected{subjectName(subjectOfTests), v.digest}
	for _, forgery := range sigstore.Forgeries() {
		t.Run(string(forgery), func(t *testing.T) {
			check := func(a registry.Attestation) {
				t.Helper()
				out, f := v.trust.attestation(a, want)
				if f == nil && a.PredicateType == predicateSLSA1 {
					_, f = readBuild(out)
				}
				if f == nil || f.cause != forgeryCauses[forgery] {
					t.Errorf("%s: %+v, want %q", a.PredicateType, f, forgeryCauses[forgery])
				}
			}
			forged := v.provenance(t, sigstore.ProvenanceOptions{Forgery: forgery})
			check(forged)
			if e := v.verify(t, v.publish(t, sigstore.PublishOptions{}), forged); e.Provenance.State != Invalid || e.Publish.State != Verified || e.Provenance.Identity != nil {
				t.Errorf("%+v", e.Provenance)
			}
			if !slices.Contains(sigstore.CertificateForgeries(), forgery) {
				forged = v.publish(t, sigstore.PublishOptions{Forgery: forgery})
				check(forged)
				if e := v.verify(t, forged, v.provenance(t, sigstore.ProvenanceOptions{})); e.Publish.State != Invalid || e.Provenance.State != Verified || e.Publish.KeyID != "" {
					t.Errorf("%+v", e.Publish)
				}
			}
		})
	}
}

func TestGenuineAttestationsOfSomethingElseAreInvalid(t *testing.T) {
	v := newVirtual(t)
	other := dep.Package{Ecosystem: dep.NPM, Name: "other", Version: "1.2.3"}
	bytes := digestOf("sha512", 'b')
	stranger, err := sigstore.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	evil := sigstore.Build{Repository: "evil/web", Ref: v.build.Ref}
	good := v.provenance(t, sigstore.ProvenanceOptions{})
	published := v.publish(t, sigstore.PublishOptions{})
	for name, c := range map[string]struct {
		found               []registry.Attestation
		publish, provenance State
		reason              string
		differs             string
	}{
		"another package": {[]registry.Attestation{published, v.provenance(t, sigstore.ProvenanceOptions{Subjects: []sigstore.Subject{sigstore.SubjectOf(other, v.digest)}})},
			Verified, Invalid, `its subject is "pkg:npm/other@1.2.3"`, ""},
		"no subject": {[]registry.Attestation{published, v.provenance(t, sigstore.ProvenanceOptions{Subjects: []sigstore.Subject{}})},
			Verified, Invalid, "0 subjects", ""},
		"one subject too many": {[]registry.Attestation{published, v.provenance(t, sigstore.ProvenanceOptions{Subjects: []sigstore.Subject{sigstore.SubjectOf(subjectOfTests, v.digest), sigstore.SubjectOf(other, bytes)}})},
			Verified, Invalid, "2 subjects", ""},
		"other bytes": {[]registry.Attestation{v.provenance(t, sigstore.ProvenanceOptions{Subjects: []sigstore.Subject{{Name: subjectName(subjectOfTests), Digest: bytes}}})},
			Absent, Invalid, bytes.SRI(), "attested"},
		"the predicate of another build": {[]registry.Attestation{published, v.provenance(t, sigstore.ProvenanceOptions{Told: &evil})},
			Verified, Invalid, "its certificate as", ""},
		"the predicate of another publication": {[]registry.Attestation{v.publish(t, sigstore.PublishOptions{Told: &other}), good},
			Invalid, Verified, "other@1.2.3", ""},
		"another predicate type outside": {[]registry.Attestation{published, {PredicateType: predicateSLSA02, Bundle: good.Bundle}},
			Verified, Invalid, "predicate type", ""},
		"a publication by an unknown key": {[]registry.Attestation{v.publish(t, sigstore.PublishOptions{Key: stranger}), good},
			Invalid, Verified, "not among the known keys", ""},
		"a publication that claims a known key": {[]registry.Attestation{v.publish(t, sigstore.PublishOptions{Key: stranger, KeyID: v.KeyAt(v.at).ID, Hint: v.KeyAt(v.at).ID}), good},
			Invalid, Verified, "logged with another one", ""},
		"a publication by an expired key": {[]registry.Attestation{v.publish(t, sigstore.PublishOptions{Key: v.Keys()[0]}), good},
			Invalid, Verified, "expired on", ""},
		"a publication with two key ids": {[]registry.Attestation{v.publish(t, sigstore.PublishOptions{Hint: v.Keys()[0].ID}), good},
			Invalid, Verified, "two keys", ""},
		"provenance alone": {[]registry.Attestation{good}, Absent, Verified, "no publish attestation", ""},
		"an unknown kind beside": {[]registry.Attestation{published, good, v.provenance(t, sigstore.ProvenanceOptions{PredicateType: "https://example.test/vsa"})},
			Verified, Verified, "", ""},
		"an unknown kind alone": {[]registry.Attestation{published, v.provenance(t, sigstore.ProvenanceOptions{PredicateType: "https://example.test/vsa"})},
			Verified, Absent, "example.test/vsa", ""},
		"an unknown kind that does not hold": {[]registry.Attestation{published, good, v.provenance(t, sigstore.ProvenanceOptions{PredicateType: "https://example.test/vsa", Forgery: sigstore.BrokenSignature})},
			Verified, Invalid, "does not hold", ""},
		"two builds": {[]registry.Attestation{published, good, v.provenanceOf(t, sigstore.Build{Repository: "acme/web", Ref: "refs/heads/main"}, sigstore.ProvenanceOptions{})},
			Verified, Invalid, "different builds", ""},
		"one build in two shapes": {[]registry.Attestation{published, good, v.provenance(t, sigstore.ProvenanceOptions{PredicateType: predicateSLSA02})},
			Verified, Verified, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			e := v.verify(t, c.found...)
			if e.Publish.State != c.publish || e.Provenance.State != c.provenance || e.Digest.Differs != c.differs {
				t.Errorf("%+v %+v %+v", e.Publish, e.Provenance, e.Digest)
			}
			if !strings.Contains(e.Publish.Reason+e.Provenance.Reason, c.reason) {
				t.Errorf("no reason says %q: %s %s", c.reason, e.Publish.Reason, e.Provenance.Reason)
			}
			if kind := strings.HasPrefix(name, "an unknown kind"); kind && c.provenance != Invalid && len(e.Provenance.Uncounted) != 1 {
				t.Errorf("uncounted: %q", e.Provenance.Uncounted)
			}
		})
	}
}

func TestTheOddDigestIsNamed(t *testing.T) {
	v := newVirtual(t)
	a, b := v.digest, digestOf("sha512", 'b')
	found := []registry.Attestation{v.publish(t, sigstore.PublishOptions{}), v.provenance(t, sigstore.ProvenanceOptions{})}
	for name, c := range map[string]struct {
		lockfile, registry dep.Digest
		want               Digest
		provenance         State
	}{
		"the lockfile":    {b, a, Digest{Lockfile: b.SRI(), Registry: a.SRI(), Attested: a.SRI(), Differs: "lockfile"}, Invalid},
		"the registry":    {a, b, Digest{Lockfile: a.SRI(), Registry: b.SRI(), Attested: a.SRI(), Differs: "registry"}, Verified},
		"the attestation": {b, b, Digest{Lockfile: b.SRI(), Registry: b.SRI(), Attested: a.SRI(), Differs: "attested"}, Invalid},
	} {
		reg := &fake{attestations: found, release: registry.Release{Package: subjectOfTests, Integrity: c.registry.SRI(), Digests: []dep.Digest{c.registry}, Attested: true}}
		e := verifyWith(t, reg, v.trust, Subject{Package: subjectOfTests, Digests: []dep.Digest{c.lockfile}})
		if e.Digest.State != Invalid || e.Provenance.State != c.provenance {
			t.Errorf("%s: %+v %+v", name, e.Digest, e.Provenance.Check)
		}
		e.Digest.Check = Check{}
		if e.Digest != c.want {
			t.Errorf("%s: %+v", name, e.Digest)
		}
	}
}
