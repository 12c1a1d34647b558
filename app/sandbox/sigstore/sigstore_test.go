package sigstore_test

import (
	"crypto"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/signature"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/sandbox/sigstore"
)

var (
	now   = time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)
	pkg   = dep.Package{Ecosystem: dep.NPM, Name: "@lumen/fetch", Version: "3.1.0"}
	sum   = dep.Digest{Algorithm: "sha512", Hex: strings.Repeat("5a", 64)}
	built = sigstore.Build{Repository: "lumen-js/fetch", Ref: "refs/tags/v3.1.0"}
)

func newSigstore(t *testing.T) *sigstore.Sigstore {
	t.Helper()
	s, err := sigstore.New(func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// client verifies as strictly as a client of the public instance can: one promise
// of a CT log, one log entry, one observed time, GitHub's issuer, one subject.
type client struct {
	workflows *verify.Verifier
	registry  *verify.Verifier // keys have no certificate that a CT log could promise to log
}

func newClient(t *testing.T, s *sigstore.Sigstore) client {
	t.Helper()
	trusted, err := root.NewTrustedRootFromJSON(s.TrustedRoot())
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Keys []struct {
			KeyID     string `json:"keyId"`
			KeyUsage  string `json:"keyUsage"`
			PublicKey struct {
				RawBytes []byte                         `json:"rawBytes"`
				ValidFor struct{ Start, End time.Time } `json:"validFor"`
			} `json:"publicKey"`
		} `json:"keys"`
	}
	if err := json.Unmarshal(s.KeysTUF(), &doc); err != nil {
		t.Fatal(err)
	}
	keys := map[string]*root.ExpiringKey{}
	for _, k := range doc.Keys {
		public, err := x509.ParsePKIXPublicKey(k.PublicKey.RawBytes)
		if err != nil {
			t.Fatal(err)
		}
		v, err := signature.LoadVerifier(public, crypto.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		if k.KeyUsage == "npm:attestations" {
			keys[k.KeyID] = root.NewExpiringKey(v, k.PublicKey.ValidFor.Start, k.PublicKey.ValidFor.End)
		}
	}
	workflows, err := verify.NewVerifier(trusted,
		verify.WithSignedCertificateTimestamps(1), verify.WithTransparencyLog(1), verify.WithObserverTimestamps(1))
	if err != nil {
		t.Fatal(err)
	}
	registry, err := verify.NewVerifier(
		root.TrustedMaterialCollection{trusted, root.NewTrustedPublicKeyMaterialFromMapping(keys)},
		verify.WithTransparencyLog(1), verify.WithObserverTimestamps(1))
	if err != nil {
		t.Fatal(err)
	}
	return client{workflows, registry}
}

func (c client) provenance(raw []byte) (*verify.VerificationResult, error) {
	identity, err := verify.NewShortCertificateIdentity(sigstore.Issuer, "", "", `^https://github\.com/`)
	if err != nil {
		return nil, err
	}
	return check(c.workflows, raw, verify.WithCertificateIdentity(identity))
}

func (c client) publish(raw []byte) (*verify.VerificationResult, error) {
	return check(c.registry, raw, verify.WithKey())
}

func check(v *verify.Verifier, raw []byte, who verify.PolicyOption) (*verify.VerificationResult, error) {
	var b bundle.Bundle
	if err := b.UnmarshalJSON(raw); err != nil {
		return nil, err
	}
	digest, err := hex.DecodeString(sum.Hex)
	if err != nil {
		return nil, err
	}
	result, err := v.Verify(&b, verify.NewPolicy(verify.WithArtifactDigest("sha512", digest), who))
	if err != nil {
		return nil, err
	}
	if s := result.Statement.Subject; len(s) != 1 || s[0].Name != pkg.PURL() {
		return nil, fmt.Errorf("the statement speaks of %v", s)
	}
	return result, nil
}

func TestProvenanceVerifiesAndNamesTheBuild(t *testing.T) {
	s := newSigstore(t)
	c := newClient(t, s)
	build := sigstore.Build{
		Repository: "lumen-js/fetch", RepositoryID: "4711", OwnerID: "42", Visibility: "public",
		Workflow: ".github/workflows/publish.yml", WorkflowName: "Publish", Ref: "refs/tags/v3.1.0",
		Commit: strings.Repeat("ab", 20), Trigger: "release", Runner: "self-hosted", RunID: 123456, Attempt: 2,
		SignerWorkflow: "lumen-js/.github/.github/workflows/npm.yml@refs/heads/main", SignerCommit: strings.Repeat("cd", 20),
	}
	raw, err := s.Provenance(pkg, sum, build, now, sigstore.ProvenanceOptions{})
	if err != nil {
		t.Fatal(err)
	}
	result, err := c.provenance(raw)
	if err != nil {
		t.Fatal(err)
	}
	signer := "https://github.com/lumen-js/.github/.github/workflows/npm.yml@refs/heads/main"
	workflow := "https://github.com/lumen-js/fetch/.github/workflows/publish.yml@refs/tags/v3.1.0"
	want := certificate.Extensions{
		Issuer:                              sigstore.Issuer,
		GithubWorkflowTrigger:               "release",
		GithubWorkflowSHA:                   build.Commit,
		GithubWorkflowName:                  "Publish",
		GithubWorkflowRepository:            "lumen-js/fetch",
		GithubWorkflowRef:                   build.Ref,
		BuildSignerURI:                      signer,
		BuildSignerDigest:                   build.SignerCommit,
		RunnerEnvironment:                   "self-hosted",
		SourceRepositoryURI:                 "https://github.com/lumen-js/fetch",
		SourceRepositoryDigest:              build.Commit,
		SourceRepositoryRef:                 build.Ref,
		SourceRepositoryIdentifier:          "4711",
		SourceRepositoryOwnerURI:            "https://github.com/lumen-js",
		SourceRepositoryOwnerIdentifier:     "42",
		BuildConfigURI:                      workflow,
		BuildConfigDigest:                   build.Commit,
		BuildTrigger:                        "release",
		RunInvocationURI:                    "https://github.com/lumen-js/fetch/actions/runs/123456/attempts/2",
		SourceRepositoryVisibilityAtSigning: "public",
	}
	got := result.Signature.Certificate
	if got.Extensions != want {
		t.Errorf("extensions\n got %+v\nwant %+v", got.Extensions, want)
	}
	if got.SubjectAlternativeName != signer {
		t.Errorf("SAN %q, want the reusable workflow %q", got.SubjectAlternativeName, signer)
	}
	if at := result.VerifiedTimestamps[0].Timestamp; !at.Equal(now) {
		t.Errorf("logged at %s, want %s", at, now)
	}
}

func TestOlderKindsOfProvenanceVerify(t *testing.T) {
	s := newSigstore(t)
	c := newClient(t, s)
	for name, o := range map[string]sigstore.ProvenanceOptions{
		"SLSA v0.2":                   {PredicateType: sigstore.PredicateSLSA02},
		"bundle v0.2":                 {MediaType: sigstore.BundleV02},
		"bundle v0.1 without a proof": {MediaType: sigstore.BundleV01},
		"certificate of early 2023":   {OldExtensions: true},
	} {
		raw, err := s.Provenance(pkg, sum, built, now.AddDate(-3, -6, 0), o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.provenance(raw); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPublishAttestationVerifiesWithTheKeyOfItsTime(t *testing.T) {
	s := newSigstore(t)
	c := newClient(t, s)
	keys := s.Keys()
	for _, at := range []time.Time{now, keys[0].End.AddDate(-1, 0, 0)} {
		raw, err := s.Publish(pkg, sum, at, sigstore.PublishOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.publish(raw); err != nil {
			t.Errorf("published %s: %v", at, err)
		}
		if id := s.KeyAt(at).ID; !strings.Contains(string(raw), id) {
			t.Errorf("published %s: key %s is not named", at, id)
		}
	}
	if s.KeyAt(now) == s.KeyAt(keys[0].End.AddDate(-1, 0, 0)) {
		t.Error("the registry never changed its key")
	}
}

func TestEveryForgeryFailsForItsOwnReason(t *testing.T) {
	s := newSigstore(t)
	c := newClient(t, s)
	reasons := map[sigstore.Forgery]string{ // words of sigstore-go
		sigstore.ForeignAuthority:   "leaf certificate verification failed",
		sigstore.NoSCT:              "only able to verify 0 SCT entries",
		sigstore.ForeignSCT:         "only able to verify 0 SCT entries",
		sigstore.ExpiredCertificate: "integrated time outside certificate validity",
		sigstore.EmailIdentity:      "expected SAN value to match",
		sigstore.ForeignIssuer:      "expected issuer value",
		sigstore.BrokenSignature:    "transparency log signature does not match",
		sigstore.EditedPayload:      "does not match envelope payload hash",
		sigstore.NoSignature:        "transparency log signature does not match",
		sigstore.OtherPayloadType:   "unsupported DSSE payload type",
		sigstore.NotAStatement:      "parsing in-toto statement",
		sigstore.NotLogged:          "not enough verified log entries",
		sigstore.ForeignLog:         "not enough verified log entries",
		sigstore.ImpostorLog:        "not enough verified log entries",
		sigstore.OtherEntry:         "transparency log signature does not match",
		sigstore.OtherPayload:       "does not match envelope payload hash",
		sigstore.BrokenSET:          "not enough verified log entries",
		sigstore.ShiftedTime:        "not enough verified log entries",
		sigstore.NoProof:            "inclusion proof missing in bundle",
		sigstore.BrokenProof:        "does not match expected root",
		sigstore.BrokenCheckpoint:   "signature on checkpoint did not verify",
		sigstore.OtherCheckpoint:    "proof root hash does not match signed tree head",
		sigstore.UnknownBundle:      "unsupported media type",
		sigstore.EmptyBundle:        "missing verification material",
	}
	expect := func(kind string, f sigstore.Forgery, err error) {
		t.Helper()
		if reason := reasons[f]; reason == "" || err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%s, %s: got %v, want %q", kind, f, err, reason)
		}
	}
	for _, f := range sigstore.Forgeries() {
		raw, err := s.Provenance(pkg, sum, built, now, sigstore.ProvenanceOptions{Forgery: f})
		if err == nil {
			_, err = c.provenance(raw)
		}
		expect("provenance", f, err)

		raw, err = s.Publish(pkg, sum, now, sigstore.PublishOptions{Forgery: f})
		if slices.Contains(sigstore.CertificateForgeries(), f) {
			if err == nil {
				t.Errorf("publish attestation, %s: made, though there is no certificate", f)
			}
			continue
		}
		if err == nil {
			_, err = c.publish(raw)
		}
		expect("publish attestation", f, err)
	}
}

func TestForgeriesBreakNothingButThemselves(t *testing.T) {
	s := newSigstore(t)
	c := newClient(t, s)
	anybody := verify.WithoutIdentitiesUnsafe()
	for _, f := range []sigstore.Forgery{sigstore.EmailIdentity, sigstore.ForeignIssuer} {
		raw, err := s.Provenance(pkg, sum, built, now, sigstore.ProvenanceOptions{Forgery: f})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := check(c.workflows, raw, anybody); err != nil {
			t.Errorf("%s: the signature itself is wrong: %v", f, err)
		}
	}
}

func TestStatementsOfOthersDoNotVerify(t *testing.T) {
	s := newSigstore(t)
	c := newClient(t, s)
	other := dep.Package{Ecosystem: dep.NPM, Name: "@lumen/other", Version: "3.1.0"}
	otherSum := dep.Digest{Algorithm: "sha512", Hex: strings.Repeat("c3", 64)}
	for name, subjects := range map[string][]sigstore.Subject{
		"other name":   {sigstore.SubjectOf(other, sum)},
		"other digest": {sigstore.SubjectOf(pkg, otherSum)},
		"two subjects": {sigstore.SubjectOf(pkg, sum), sigstore.SubjectOf(other, otherSum)},
		"none":         {},
	} {
		raw, err := s.Provenance(pkg, sum, built, now, sigstore.ProvenanceOptions{Subjects: subjects})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.provenance(raw); err == nil {
			t.Errorf("provenance with %s verified", name)
		}
		raw, err = s.Publish(pkg, sum, now, sigstore.PublishOptions{Subjects: subjects})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.publish(raw); err == nil {
			t.Errorf("publish attestation with %s verified", name)
		}
	}
}

func TestKeysThatDoNotCountDoNotVerify(t *testing.T) {
	s := newSigstore(t)
	c := newClient(t, s)
	foreign, err := sigstore.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	genuine := s.Keys()
	for name, o := range map[string]sigstore.PublishOptions{
		"key that nobody lists":           {Key: foreign},
		"foreign key under a listed name": {Key: foreign, Hint: genuine[1].ID, KeyID: genuine[1].ID},
		"hint of another key":             {Hint: genuine[0].ID},
		"expired key":                     {Key: genuine[0]},
	} {
		raw, err := s.Publish(pkg, sum, now, o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.publish(raw); err == nil {
			t.Errorf("%s: verified", name)
		}
	}
}

func TestAnotherSigstoreDoesNotVerify(t *testing.T) {
	c := newClient(t, newSigstore(t))
	s := newSigstore(t)
	provenance, err := s.Provenance(pkg, sum, built, now, sigstore.ProvenanceOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.provenance(provenance); err == nil {
		t.Error("provenance of another Sigstore verified")
	}
	publish, err := s.Publish(pkg, sum, now, sigstore.PublishOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.publish(publish); err == nil {
		t.Error("publish attestation of another registry verified")
	}
}

// A certificate tells the truth where the predicate lies: the cryptography holds.
func TestPredicateOfAnotherBuildIsGenuineOtherwise(t *testing.T) {
	s := newSigstore(t)
	c := newClient(t, s)
	raw, err := s.Provenance(pkg, sum, built, now, sigstore.ProvenanceOptions{
		Told: &sigstore.Build{Repository: "big-company/trusted", Ref: "refs/tags/v1.0.0"}})
	if err != nil {
		t.Fatal(err)
	}
	result, err := c.provenance(raw)
	if err != nil {
		t.Fatal(err)
	}
	predicate, err := json.Marshal(result.Statement.Predicate)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(predicate), "https://github.com/big-company/trusted") {
		t.Error("the predicate does not tell of the other build")
	}
	if got := result.Signature.Certificate.SourceRepositoryURI; got != "https://github.com/lumen-js/fetch" {
		t.Errorf("the certificate names %s", got)
	}
}

func TestTheLogGrowsAndEveryEntryVerifies(t *testing.T) {
	s := newSigstore(t)
	c := newClient(t, s)
	const entries = 12
	raws := make([][]byte, entries)
	var wg sync.WaitGroup
	for i := range raws {
		wg.Go(func() {
			raw, err := s.Provenance(pkg, sum, built, now, sigstore.ProvenanceOptions{})
			if err != nil {
				t.Error(err)
			}
			raws[i] = raw
		})
	}
	wg.Wait()
	var sizes []string
	for _, raw := range raws {
		if _, err := c.provenance(raw); err != nil {
			t.Error(err)
		}
		var b struct {
			VerificationMaterial struct {
				TlogEntries []struct{ InclusionProof struct{ TreeSize string } }
			}
		}
		if err := json.Unmarshal(raw, &b); err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, b.VerificationMaterial.TlogEntries[0].InclusionProof.TreeSize)
	}
	slices.Sort(sizes)
	if n := len(slices.Compact(sizes)); n != entries {
		t.Errorf("%d states of the log for %d entries", n, entries)
	}
}

func TestBothShapesListTheSameKeys(t *testing.T) {
	s := newSigstore(t)
	var npm struct {
		Keys []struct {
			Expires *time.Time
			KeyID   string
			Key     []byte
		}
	}
	if err := json.Unmarshal(s.KeysNPM(), &npm); err != nil {
		t.Fatal(err)
	}
	if len(npm.Keys) != 2 || npm.Keys[0].Expires == nil || npm.Keys[1].Expires != nil {
		t.Fatalf("want an expired key and one that lasts: %s", s.KeysNPM())
	}
	for _, k := range npm.Keys {
		if n := strings.Count(string(s.KeysTUF()), k.KeyID); n != 2 {
			t.Errorf("key %s stands %d times in the other shape, want once for each usage", k.KeyID, n)
		}
	}
}

func TestImpossibleBuildsAreRefused(t *testing.T) {
	s := newSigstore(t)
	for _, b := range []sigstore.Build{
		{Ref: "refs/heads/main"},
		{Repository: "no-owner", Ref: "refs/heads/main"},
		{Repository: "a/b/c", Ref: "refs/heads/main"},
		{Repository: "a/b", Ref: "main"},
		{Repository: "a/b", Ref: "refs/heads/main", SignerWorkflow: "a/b/c.yml"},
		{Repository: "a/b", Ref: "refs/heads/\x7f"},
	} {
		if _, err := s.Provenance(pkg, sum, b, now, sigstore.ProvenanceOptions{}); err == nil {
			t.Errorf("%+v was built", b)
		}
	}
	if _, err := s.Publish(pkg, sum, now, sigstore.PublishOptions{Forgery: "by-magic"}); err == nil {
		t.Error("an unknown forgery was made")
	}
	if _, err := sigstore.New(nil); err == nil {
		t.Error("a Sigstore without a clock was made")
	}
}
