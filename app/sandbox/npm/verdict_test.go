package npm_test

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
	"github.com/bonafide-app/bonafide/app/sandbox/npm"
	"github.com/bonafide-app/bonafide/app/sandbox/sigstore"
)

// ask verifies a release of the shop the way the App does, with the keys in one of
// their two shapes.
func (s shop) ask(keys []byte, r npm.Release, lockfile string) provenance.Evidence {
	s.t.Helper()
	client, err := registry.New(registry.Options{Registries: []string{s.url}, RetryWait: time.Millisecond})
	if err != nil {
		s.t.Fatal(err)
	}
	reg, err := registry.NewNPM(client, s.url)
	if err != nil {
		s.t.Fatal(err)
	}
	trust, err := provenance.LoadTrust(s.TrustedRoot(), keys)
	if err != nil {
		s.t.Fatal(err)
	}
	digests, err := dep.ParseSRI(lockfile)
	if err != nil {
		s.t.Fatal(err)
	}
	cache := shelf{}
	kept := registry.NewKept(reg, cache, registry.KeptOptions{Fresh: time.Hour, Now: clock})
	verify := func(reverify, fresh bool) provenance.Evidence {
		v, err := provenance.New(kept, func() *provenance.TrustRoot { return trust }, provenance.Options{Now: clock, Cache: cache, Reverify: reverify})
		if err != nil {
			s.t.Fatal(err)
		}
		return v.Verify(s.t.Context(), provenance.Subject{Package: r.Package(), Digests: digests, Fresh: fresh})
	}
	first := verify(false, false)
	if first.Retry {
		return first // why differs from time to time
	}
	for how, again := range map[string]provenance.Evidence{"by what was kept": verify(false, false), "again, from what was kept": verify(true, false), "asked anew": verify(false, true)} {
		if !reflect.DeepEqual(first, again) {
			s.t.Errorf("%s %s is\n%+v, and was\n%+v", r.Package().ID(), how, again, first)
		}
	}
	return first
}

// shelf keeps everything for ever.
type shelf map[string][]byte

func (s shelf) Get(_ context.Context, key string) ([]byte, bool, error) {
	value, ok := s[key]
	return value, ok, nil
}

func (s shelf) Put(_ context.Context, key string, value []byte, _ time.Duration) error {
	s[key] = value
	return nil
}

// says is a state with a word of its reason.
type says struct {
	state provenance.State
	about string
}

func (w says) of(c provenance.Check) bool {
	return c.State == w.state && strings.Contains(c.Reason, w.about)
}

var (
	verified = says{provenance.Verified, ""}
	absent   = says{provenance.Absent, ""}
)

func invalid(about string) says { return says{provenance.Invalid, about} }

func TestTheVerifierNamesWhatIsWrongWithARelease(t *testing.T) {
	s := open(t)
	stranger, err := sigstore.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	old := s.Keys()[0]
	other := npm.Release{Name: "other", Version: "1.0.0", Build: &sigstore.Build{Repository: "other/other", Ref: "refs/tags/v1.0.0"}}
	s.publish(other)
	otherBytes := dep.Digest{Algorithm: "sha512", Hex: strings.Repeat("c3", 64)}
	subject := func(name string) []sigstore.Subject {
		return []sigstore.Subject{{Name: name, Digest: otherBytes}}
	}

	type row struct {
		name                           string
		forgery                        npm.Forgery
		signature, publish, provenance says
		digest                         says
	}
	rows := []row{
		{"genuine", npm.Forgery{}, verified, verified, verified, verified},
		{"SLSA v0.2", npm.Forgery{Provenance: sigstore.ProvenanceOptions{PredicateType: sigstore.PredicateSLSA02}}, verified, verified, verified, verified},
		{"bundles v0.1", npm.Forgery{Provenance: sigstore.ProvenanceOptions{MediaType: sigstore.BundleV01},
			Publish: sigstore.PublishOptions{MediaType: sigstore.BundleV01}}, verified, verified, verified, verified},
		{"certificate of early 2023", npm.Forgery{Provenance: sigstore.ProvenanceOptions{OldExtensions: true}}, verified, verified, verified, verified},

		{"unsigned", npm.Forgery{Unsigned: true}, absent, verified, verified, verified},
		{"broken signature", npm.Forgery{BrokenSignature: true}, invalid(""), verified, verified, verified},
		{"signature of another", npm.Forgery{SignatureOf: other.Package()}, invalid(""), verified, verified, verified},
		{"signature of a stranger", npm.Forgery{Key: stranger}, invalid(stranger.ID), verified, verified, verified},
		{"stranger under a known name", npm.Forgery{Key: stranger, KeyID: s.KeyAt(now).ID}, invalid(""), verified, verified, verified},
		{"signature of an expired key", npm.Forgery{Key: old}, invalid("expired"), verified, verified, verified},

		{"withheld", npm.Forgery{Withheld: true}, verified, absent, absent, verified},
		{"unannounced", npm.Forgery{Unannounced: true}, verified, absent, absent, verified},
		{"no publish attestation", npm.Forgery{NoPublish: true}, verified, absent, verified, verified},
		{"no provenance", npm.Forgery{NoProvenance: true}, verified, verified, absent, verified},
		{"provenance of another", npm.Forgery{ProvenanceOf: other.Package()}, verified, verified, invalid("its subject is \"pkg:npm/other@1.0.0\""), verified},
		{"publish attestation of another", npm.Forgery{PublishOf: other.Package()}, verified, invalid("its subject is \"pkg:npm/other@1.0.0\""), verified, verified},
		{"provenance of other bytes", npm.Forgery{Provenance: sigstore.ProvenanceOptions{Subjects: subject("pkg:npm/%40lumen/http@4.2.0")}},
			verified, verified, invalid("its subject has the digest"), verified},
		{"provenance of other bytes, alone", npm.Forgery{NoPublish: true, Provenance: sigstore.ProvenanceOptions{Subjects: subject("pkg:npm/%40lumen/http@4.2.0")}},
			verified, absent, invalid("its subject has the digest"), invalid("attest")},
		{"two subjects", npm.Forgery{Provenance: sigstore.ProvenanceOptions{Subjects: append(subject("pkg:npm/a@1.0.0"), subject("pkg:npm/b@1.0.0")...)}},
			verified, verified, invalid("2 subjects"), verified},
		{"no subject", npm.Forgery{Provenance: sigstore.ProvenanceOptions{Subjects: []sigstore.Subject{}}}, verified, verified, invalid("0 subjects"), verified},
		{"predicate of another build", npm.Forgery{Provenance: sigstore.ProvenanceOptions{Told: other.Build}}, verified, verified, invalid("other/other"), verified},
		{"predicate nobody knows", npm.Forgery{Provenance: sigstore.ProvenanceOptions{PredicateType: "https://example.com/p/v1"}},
			verified, verified, says{provenance.Absent, "example.com"}, verified},
		{"publication of another", npm.Forgery{Publish: sigstore.PublishOptions{Told: &dep.Package{Ecosystem: dep.NPM, Name: "other", Version: "1.0.0"}}},
			verified, invalid("the publication of"), verified, verified},
		{"published under a stranger's key", npm.Forgery{Publish: sigstore.PublishOptions{Key: stranger}}, verified, invalid("not among the known keys"), verified, verified},
		{"published under an expired key", npm.Forgery{Publish: sigstore.PublishOptions{Key: old}}, verified, invalid("expired"), verified, verified},
		{"hint of another key", npm.Forgery{Publish: sigstore.PublishOptions{Hint: old.ID}}, verified, invalid("names two keys"), verified, verified},
		{"attestations that are none", npm.Forgery{Attestations: []byte(`{"attestations":[{"predicateType":"https://slsa.dev/provenance/v1","bundle":{}}]}`)},
			verified, absent, invalid(""), verified},
	}
	// Words that the reason must hold whichever way it is put.
	causes := map[sigstore.Forgery]string{
		sigstore.ForeignAuthority:   "certificate authority",
		sigstore.NoSCT:              "SCT",
		sigstore.ForeignSCT:         "SCT",
		sigstore.ExpiredCertificate: "its certificate is valid",
		sigstore.EmailIdentity:      "build service",
		sigstore.ForeignIssuer:      "build service",
		sigstore.BrokenSignature:    "signature",
		sigstore.EditedPayload:      "altered",
		sigstore.NoSignature:        "signature",
		sigstore.OtherPayloadType:   "payload type",
		sigstore.NotAStatement:      "statement",
		sigstore.NotLogged:          "log entry",
		sigstore.ForeignLog:         "transparency log",
		sigstore.ImpostorLog:        "transparency log",
		sigstore.OtherEntry:         "log",
		sigstore.OtherPayload:       "log",
		sigstore.BrokenSET:          "transparency log",
		sigstore.ShiftedTime:        "transparency log",
		sigstore.NoProof:            "no inclusion proof",
		sigstore.BrokenProof:        "the inclusion proof",
		sigstore.BrokenCheckpoint:   "the checkpoint",
		sigstore.OtherCheckpoint:    "the checkpoint",
		sigstore.UnknownBundle:      "is not supported",
		sigstore.EmptyBundle:        "bundle",
	}
	for f, cause := range causes {
		rows = append(rows, row{"provenance: " + string(f), npm.Forgery{Provenance: sigstore.ProvenanceOptions{Forgery: f}}, verified, verified, invalid(cause), verified})
	}
	for _, f := range []sigstore.Forgery{sigstore.BrokenSignature, sigstore.EditedPayload, sigstore.NotLogged, sigstore.BrokenSET, sigstore.BrokenProof, sigstore.UnknownBundle} {
		rows = append(rows, row{"publish: " + string(f), npm.Forgery{Publish: sigstore.PublishOptions{Forgery: f}}, verified, invalid(causes[f]), verified, verified})
	}
	for _, f := range sigstore.Forgeries() {
		if causes[f] == "" {
			t.Errorf("no cause is expected for %s", f)
		}
	}

	for _, c := range rows {
		t.Run(c.name, func(t *testing.T) {
			s := s.fresh(t)
			if c.forgery.ProvenanceOf != (dep.Package{}) || c.forgery.PublishOf != (dep.Package{}) {
				s.publish(other)
			}
			r := npm.Release{Name: "@lumen/http", Version: "4.2.0", Build: built, PublishedAt: now.AddDate(0, 0, -4), Forgery: c.forgery}
			e := s.ask(s.KeysTUF(), r, s.publish(r))
			for piece, check := range map[string]struct {
				want says
				got  provenance.Check
			}{
				"signature":  {c.signature, e.Signature.Check},
				"publish":    {c.publish, e.Publish.Check},
				"provenance": {c.provenance, e.Provenance.Check},
				"digest":     {c.digest, e.Digest.Check},
			} {
				if !check.want.of(check.got) {
					t.Errorf("%s: %s %q, want %s %q", piece, check.got.State, check.got.Reason, check.want.state, check.want.about)
				}
			}
		})
	}
}

// fresh is an empty registry under the same keys.
func (s shop) fresh(t *testing.T) shop {
	t.Helper()
	r, err := npm.New(s.Sigstore, clock)
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, r, s.Sigstore)
}

func TestTheVerifierReadsTheIdentityOfTheBuild(t *testing.T) {
	s := open(t)
	r := npm.Release{Name: "@lumen/http", Version: "4.2.0", PublishedAt: now.AddDate(0, 0, -4), Build: &sigstore.Build{
		Repository: "lumen-js/http", RepositoryID: "4711", OwnerID: "42", Ref: "refs/tags/v4.2.0", Commit: strings.Repeat("ab", 20),
		Workflow: ".github/workflows/publish.yml", Trigger: "release", Runner: "self-hosted", RunID: 12, Attempt: 3,
		SignerWorkflow: "lumen-js/.github/.github/workflows/npm.yml@refs/heads/main",
	}}
	integrity := s.publish(r)
	for shape, keys := range map[string][]byte{"TUF": s.KeysTUF(), "registry": s.KeysNPM()} {
		e := s.ask(keys, r, integrity)
		want := provenance.Identity{
			Issuer:       sigstore.Issuer,
			Signer:       "https://github.com/lumen-js/.github/.github/workflows/npm.yml@refs/heads/main",
			Repository:   "https://github.com/lumen-js/http",
			RepositoryID: "4711",
			OwnerID:      "42",
			Commit:       strings.Repeat("ab", 20),
			Ref:          "refs/tags/v4.2.0",
			Workflow:     ".github/workflows/publish.yml",
			Trigger:      "release",
			Runner:       "self-hosted",
			Run:          "https://github.com/lumen-js/http/actions/runs/12/attempts/3",
			Visibility:   "public",
		}
		if got := e.Provenance.Identity; got == nil || *got != want {
			t.Errorf("keys in the shape of the %s: %+v %s", shape, got, e.Provenance.Reason)
		}
		if e.Trust() != provenance.TrustTrustedPublisher {
			t.Errorf("trust is %s", e.Trust())
		}
		if log := e.Publish.Log; log == nil || !log.Time.Equal(r.PublishedAt) {
			t.Errorf("published according to the log: %+v", log)
		}
	}
}

func TestAnOldReleaseIsDatedByItsTarball(t *testing.T) {
	s := open(t)
	r := npm.Release{Name: "old-one", Version: "1.0.0", PublishedAt: s.Keys()[0].End.AddDate(-1, 0, 0)}
	e := s.ask(s.KeysTUF(), r, s.publish(r))
	if e.Signature.State != provenance.Verified {
		t.Errorf("signature: %+v", e.Signature)
	}
	var heads int
	for _, q := range s.Requests() {
		if q.Kind == npm.Tarball && q.Method == "HEAD" {
			heads++
		}
	}
	if heads != 1 {
		t.Errorf("the tarball was asked for %d times", heads)
	}
}

func TestADigestThatDiffersIsSaid(t *testing.T) {
	s := open(t)
	r := npm.Release{Name: "one", Version: "1.0.0", Build: built}
	s.publish(r)
	tampered := r
	tampered.Files = map[string]string{"index.js": "// something else"}
	elsewhere, err := tampered.Integrity()
	if err != nil {
		t.Fatal(err)
	}
	if d := s.ask(s.KeysTUF(), r, elsewhere).Digest; d.State != provenance.Invalid || d.Differs != "lockfile" {
		t.Errorf("other digest in the lockfile: %+v", d)
	}
	lied := npm.Release{Name: "two", Version: "1.0.0", Build: built, Forgery: npm.Forgery{Integrity: elsewhere}}
	if d := s.ask(s.KeysTUF(), lied, s.publish(lied)).Digest; d.State != provenance.Invalid || d.Differs != "registry" {
		t.Errorf("other digest in the registry: %+v", d)
	}
}

func TestEveryFaultMakesUnknownAndNeverAbsent(t *testing.T) {
	for name, f := range map[string]npm.Fault{
		"503":          npm.Status(503),
		"429":          {Status: 429, RetryAfter: time.Hour},
		"truncated":    {Truncate: true},
		"cut":          {Cut: true},
		"sign-in page": npm.HTMLPage(),
		"other JSON":   npm.OtherJSON(),
	} {
		for _, kind := range []npm.Kind{npm.Version, npm.Attestations} {
			t.Run(name+" "+string(kind), func(t *testing.T) {
				s := open(t)
				r := npm.Release{Name: "one", Version: "1.0.0", Build: built}
				integrity := s.publish(r)
				f.Kind = kind
				if err := s.Break("one", f); err != nil {
					t.Fatal(err)
				}
				e := s.ask(s.KeysTUF(), r, integrity)
				if e.Provenance.State != provenance.Unknown || e.Provenance.Reason == "" || !e.Retry {
					t.Errorf("provenance %+v, retry %v", e.Provenance.Check, e.Retry)
				}
				s.Mend("one")
				if e := s.ask(s.KeysTUF(), r, integrity); e.Provenance.State != provenance.Verified {
					t.Errorf("mended: %+v", e.Provenance.Check)
				}
			})
		}
	}
}
