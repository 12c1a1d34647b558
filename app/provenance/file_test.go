package provenance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/sandbox/sigstore"
)

// fileOf are the digests of a file with that content.
func fileOf(t testing.TB, name, content string) FileDigests {
	t.Helper()
	d, err := DigestFile(t.Context(), name, strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// attests makes the provenance of files as GitHub's attest action does.
func (v virtual) attests(t testing.TB, b sigstore.Build, o sigstore.ProvenanceOptions, files ...sigstore.Subject) []byte {
	t.Helper()
	raw, err := v.FileProvenance(files, b, v.at, o)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestAFileIsTheOneThatWasBuilt(t *testing.T) {
	v := newVirtual(t)
	file := fileOf(t, "tool.tar.gz", "tool")
	subject := sigstore.Subject{Name: "tool.tar.gz", Digest: file.SHA256}
	other := sigstore.Subject{Name: "other.tar.gz", Digest: digestOf("sha256", 'b')}
	twin := sigstore.Subject{Name: "tool.tar.gz", Digest: digestOf("sha256", 'c')}
	many := make([]sigstore.Subject, 999)
	for i := range many {
		many[i] = sigstore.Subject{Name: fmt.Sprintf("file-%d", i), Digest: digestOf("sha256", 'd')}
	}
	empty := fileOf(t, "empty", "")
	with := func(o sigstore.ProvenanceOptions, subjects ...sigstore.Subject) []byte {
		return v.attests(t, v.build, o, subjects...)
	}
	forged := func(f sigstore.Forgery) []byte { return with(sigstore.ProvenanceOptions{Forgery: f}, subject) }
	npm := v.provenance(t, sigstore.ProvenanceOptions{Subjects: []sigstore.Subject{subject}}).Bundle
	bare := sigstore.ProvenanceOptions{}
	for _, tt := range []struct {
		name      string
		bundle    []byte
		file      FileDigests
		state     State
		otherFile bool
		says      string
	}{
		{name: "one subject", bundle: with(bare, subject)},
		{name: "bundle v0.1", bundle: with(sigstore.ProvenanceOptions{MediaType: sigstore.BundleV01}, subject)},
		{name: "bundle v0.2", bundle: with(sigstore.ProvenanceOptions{MediaType: sigstore.BundleV02}, subject)},
		{name: "SLSA v0.2", bundle: with(sigstore.ProvenanceOptions{PredicateType: sigstore.PredicateSLSA02}, subject)},
		{name: "npm's build type", bundle: npm},
		{name: "one of many", bundle: with(bare, append(many, subject)...)},
		{name: "another name", bundle: with(bare, sigstore.Subject{Name: "./dist/x", Digest: file.SHA256})},
		{name: "sha512", bundle: with(bare, sigstore.Subject{Name: "tool.tar.gz", Digest: file.SHA512})},
		{name: "an empty file", bundle: with(bare, sigstore.Subject{Name: "empty", Digest: empty.SHA256}), file: empty},
		{name: "a reusable workflow signs", bundle: v.attests(t, sigstore.Build{Repository: "acme/web", Ref: "refs/tags/v1", SignerWorkflow: "acme/shared/.github/workflows/attest.yml@refs/tags/v3"}, bare, subject)},

		{name: "another file", bundle: with(bare, twin), state: Invalid, otherFile: true, says: file.SHA256.Hex + ", and sha256:" + twin.Digest.Hex},
		{name: "none of several", bundle: with(bare, other, other), state: Invalid, otherFile: true, says: "none of its 2 subjects has the digest sha256:" + file.SHA256.Hex},
		{name: "the one of that name among several", bundle: with(bare, other, twin), state: Invalid, otherFile: true, says: twin.Digest.Hex},
		{name: "another file, by a forged bundle", bundle: with(sigstore.ProvenanceOptions{Forgery: sigstore.BrokenSignature}, twin), state: Invalid, otherFile: true, says: "besides, its signature"},
		{name: "no subjects", bundle: with(bare, []sigstore.Subject{}...), state: Invalid, says: "has"},
		{name: "too many subjects", bundle: with(bare, append(many, many[:26]...)...), state: Invalid, says: "1025 subjects, expected 1 to 1024"},
		{name: "sha1 alone", bundle: with(bare, sigstore.Subject{Name: "tool.tar.gz", Digest: digestOf("sha1", 'a')}), state: Absent, says: "no sha256 or sha512 digest"},
		{name: "another kind of statement", bundle: with(sigstore.ProvenanceOptions{PredicateType: "https://spdx.dev/Document/v2.3"}, subject), state: Absent, says: `no build provenance: it is of the kind "https://spdx.dev/Document/v2.3"`},
		{name: "a predicate that lies", bundle: with(sigstore.ProvenanceOptions{Told: &sigstore.Build{Repository: "big/name", Ref: "refs/tags/v1.2.3"}}, subject), state: Invalid, says: "its certificate as"},
		{name: "not logged", bundle: forged(sigstore.NotLogged), state: Invalid, says: "no transparency log entry"},
		{name: "an expired certificate", bundle: forged(sigstore.ExpiredCertificate), state: Invalid, says: "its certificate is valid from"},
		{name: "no SCT", bundle: forged(sigstore.NoSCT), state: Invalid, says: "(SCT)"},
		{name: "another authority", bundle: forged(sigstore.ForeignAuthority), state: Invalid, says: "not issued by a certificate authority"},
		{name: "a person", bundle: forged(sigstore.EmailIdentity), state: Invalid, says: "no build service"},
		{name: "edited", bundle: forged(sigstore.EditedPayload), state: Invalid, says: "altered"},
		{name: "not JSON", bundle: []byte("tool"), state: Invalid, says: "not well-formed JSON"},
		{name: "a newer bundle", bundle: forged(sigstore.UnknownBundle), state: Absent, says: "not supported"},
		{name: "a registry's key", bundle: v.publish(t, sigstore.PublishOptions{}).Bundle, state: Absent, says: "a key does not say who built"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.file.Name == "" {
				tt.file = file
			}
			if tt.state == "" {
				tt.state = Verified
			}
			e := v.trust.File(tt.bundle, tt.file)
			if e.State != tt.state || e.OtherFile != tt.otherFile || !strings.Contains(e.Reason, tt.says) {
				t.Errorf("%+v", e)
			}
			if verified := e.State == Verified; verified != (e.Reason == "") || verified != (e.Identity != nil) || verified != (e.Log != nil) || verified == e.SignedAt.IsZero() {
				t.Errorf("%+v", e)
			} else if verified && (e.Identity.Repository != "https://github.com/acme/web" || !e.Identity.OfGitHub() || e.File.Hex == "") {
				t.Errorf("%+v", e.Identity)
			}
			if altered := v.trust.File(tt.bundle, fileOf(t, tt.file.Name, "altered")); altered.State == Verified {
				t.Error("verified for another file")
			}
		})
	}
}

func TestEveryForgeryAboutAFileFails(t *testing.T) {
	v := newVirtual(t)
	file := fileOf(t, "tool", "tool")
	for _, forgery := range sigstore.Forgeries() {
		raw, err := v.FileProvenance([]sigstore.Subject{{Name: "tool", Digest: file.SHA256}}, v.build, v.at, sigstore.ProvenanceOptions{Forgery: forgery})
		if err != nil {
			t.Fatal(err)
		}
		if e := v.trust.File(raw, file); e.State == Verified || e.Reason == "" || e.Identity != nil {
			t.Errorf("%s: %+v", forgery, e)
		}
	}
}

// Real attestations of files, of GitHub's attest actions and others.
func TestRealAttestationsOfFiles(t *testing.T) {
	f := loadFixtures(t)
	public, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	github, err := LoadTrust(f.read(t, "sigstore/trusted_root_github.json"), nil)
	if err != nil {
		t.Fatal(err)
	}
	digests := func(sha256 string) FileDigests {
		return FileDigests{Name: "file", SHA256: dep.Digest{Algorithm: "sha256", Hex: sha256}, SHA512: digestOf("sha512", 'a')}
	}
	for _, tt := range []struct {
		bundle, sha256 string
		trust          *TrustRoot
		state          State
		says           string
	}{
		{"sigstore/bundles/slsa-rules_lint-v1.3.1.tar.gz.intoto.json", "1636f443b01c9ee310ee5834956d0dce374c3d3bf8d4cebc9f6b86f8304b4982", public, Verified, ""},
		{"sigstore/bundles/slsa-MODULE.bazel.intoto.json", "06ce330900a7d6403bc8d88e5dfad6aeeb8ae40179f66bb89e69c8bf6f6b1a0b", public, Verified, ""},
		{"sigstore/bundles/slsa-MODULE.bazel.intoto.json", "1636f443b01c9ee310ee5834956d0dce374c3d3bf8d4cebc9f6b86f8304b4982", public, Invalid, "This file is not the one that was attested"},
		{"sigstore/bundles/rust-conda-attestation.json", "54303491a8418fbed24344b513546182c29b43bf282ceb433af65e2299f9271f", public, Absent, "no build provenance"},
		{"rubygems/sigstore-1.0.0.gem.sigstore.json", "77339159c377db36b9218521bdd193d21e1b86b3dbcd7af53b904fb5f4d4ab54", public, Verified, ""},
		{"rubygems/sigstore-1.0.0.gem.sigstore.json", "1636f443b01c9ee310ee5834956d0dce374c3d3bf8d4cebc9f6b86f8304b4982", public, Invalid, "This file is not the one that was signed"},
		{"sigstore/bundles/rust-github-private-attestation.json", "b958c6046bab52febf958c94974e1ffcc450bff78c28d7233e179bfd73828912", public, Unknown, "GitHub's own authority"},
		// With GitHub's root it is genuine; what it says is who released the file, not who built it.
		{"sigstore/bundles/rust-github-private-attestation.json", "b958c6046bab52febf958c94974e1ffcc450bff78c28d7233e179bfd73828912", github, Absent, "It holds, but is no build provenance"},
		{"sigstore/bundles/slsa-MODULE.bazel.intoto.json", "06ce330900a7d6403bc8d88e5dfad6aeeb8ae40179f66bb89e69c8bf6f6b1a0b", github, Invalid, "not issued by a certificate authority"},
	} {
		e := tt.trust.File(f.read(t, tt.bundle), digests(tt.sha256))
		if e.State != tt.state || !strings.Contains(e.Reason, tt.says) || e.Signed != strings.HasPrefix(tt.bundle, "rubygems") {
			t.Errorf("%s: %+v", tt.bundle, e)
		}
	}
}

// A conformance bundle over a file holds only where the suite says so.
func TestConformanceBundlesHoldForTheirFile(t *testing.T) {
	f, held := loadFixtures(t), 0
	f.each(t, "conformance", func(t *testing.T, c fixture) {
		if c.Options.Key != "" || c.Options.SCT != nil || c.Options.TLog != nil {
			t.Skip("skipped: it is signed with a key, or holds what no file is verified with")
		}
		trust, err := LoadTrust(f.read(t, c.Options.TrustedRoot), nil)
		if err != nil {
			if c.Verdict == "valid" {
				t.Errorf("its trusted root is refused: %v", err)
			}
			return
		}
		file, err := DigestFile(t.Context(), "artifact", bytes.NewReader(f.read(t, c.Artifact)))
		if err != nil {
			t.Fatal(err)
		}
		e := trust.File(f.read(t, c.Path+"/bundle.sigstore.json"), file)
		if e.State == Verified && c.Verdict != "valid" {
			t.Errorf("verified, and must not be: %s", c.Reason)
		}
		if e.State == Verified {
			held++
		}
	})
	if held < 5 {
		t.Errorf("only %d bundles hold", held)
	}
}

func TestAFileOfBundlesIsReadWithinBounds(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		bundles    int
		says       string
	}{
		{"one", `{"a": 1}`, 1, ""},
		{"one on several lines", "{\n  \"a\":\n 1\n}\n", 1, ""},
		{"JSON lines", "{\"a\":1}\r\n\n{\"a\":2}\n{\"a\":3}", 3, ""},
		{"one line of three is broken", "{\"a\":1}\n{\"a\n{\"a\":3}\n", 3, ""},
		{"as many as are read", strings.Repeat("{}\n", maxBundleLines), maxBundleLines, ""},
		{"empty", "", 0, "it is empty"},
		{"blank", " \n\t\n", 0, "it is empty"},
		{"too many", strings.Repeat("{}\n", maxBundleLines+1), 0, "more than 256 lines"},
		{"too long", strings.Repeat(" ", maxBundleFile) + "{}", 0, "more than 16777216 bytes"},
	} {
		got, err := ReadBundles(strings.NewReader(tt.text))
		if len(got) != tt.bundles || (err == nil) != (tt.says == "") {
			t.Errorf("%s: %d, %v", tt.name, len(got), err)
		}
		if err != nil && (!errors.Is(err, ErrNoBundles) || !strings.Contains(err.Error(), tt.says)) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if _, err := ReadBundles(iotest.ErrReader(os.ErrClosed)); !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
}

func TestReadingAFileEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := DigestFile(ctx, "x", strings.NewReader("x")); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := DigestFile(t.Context(), "x", iotest.ErrReader(os.ErrClosed)); !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
}

func FuzzFile(f *testing.F) {
	trust, err := Embedded()
	if err != nil {
		f.Fatal(err)
	}
	v := newVirtual(f)
	file := fileOf(f, "tool", "tool")
	good := v.attests(f, v.build, sigstore.ProvenanceOptions{}, sigstore.Subject{Name: "tool", Digest: file.SHA256})
	f.Add(good)
	f.Add(append(append(good, '\n'), good...))
	f.Add([]byte(`{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"certificate":{"rawBytes":"AAAA"}},"messageSignature":{"messageDigest":{"algorithm":"SHA2_256","digest":"AAAA"},"signature":"AAAA"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		bundles, err := ReadBundles(bytes.NewReader(data))
		if (err == nil) != (len(bundles) > 0) {
			t.Errorf("%d bundles, %v", len(bundles), err)
		}
		for _, b := range bundles {
			if e := trust.File(b, file); e.State == Verified || e.Reason == "" {
				t.Errorf("%+v", e)
			}
		}
	})
}
