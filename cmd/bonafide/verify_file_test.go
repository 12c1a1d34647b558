package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/sandbox/sigstore"
)

// releases makes bundles of released files in a folder of its own.
type releases struct {
	*shop
	sigstore *sigstore.Sigstore
	at       time.Time
}

func newReleases(t *testing.T) releases {
	t.Helper()
	s := &shop{t: t, dir: t.TempDir()}
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	virtual, err := sigstore.New(func() time.Time { return at })
	s.must(err)
	s.flags = []string{"--offline", "--trusted-root", s.write("trusted_root.json", string(virtual.TrustedRoot()))}
	return releases{s, virtual, at}
}

func subjectOf(name, content string) sigstore.Subject {
	sum := sha256.Sum256([]byte(content))
	return sigstore.Subject{Name: name, Digest: dep.Digest{Algorithm: "sha256", Hex: hex.EncodeToString(sum[:])}}
}

func (r releases) bundle(b sigstore.Build, o sigstore.ProvenanceOptions, subjects ...sigstore.Subject) string {
	r.t.Helper()
	raw, err := r.sigstore.FileProvenance(subjects, b, r.at, o)
	r.must(err)
	return string(raw)
}

func TestVerifyOfAFile(t *testing.T) {
	r := newReleases(t)
	const name, content = "tool_1.0.0_linux_amd64.tar.gz", "tool"
	subject := subjectOf(name, content)
	build := sigstore.Build{Repository: "acme/tool", Ref: "refs/tags/v1.0.0"}
	var usual sigstore.ProvenanceOptions
	file := r.write(name, content)
	good := r.bundle(build, usual, subject)
	bundle := r.write(name+".sigstore.json", good)
	tampered := r.write("tampered/"+name, "tool!")
	empty := r.write("empty", "")
	fork := sigstore.Build{Repository: "acme/tool", RepositoryID: "42", OwnerID: "4242", Ref: "refs/tags/v1.0.0", Runner: "self-hosted"}
	elsewhere := r.bundle(sigstore.Build{Repository: "evil/tool", Ref: "refs/heads/main"}, usual, subject)
	sbom := r.bundle(build, sigstore.ProvenanceOptions{PredicateType: "https://cyclonedx.org/bom"}, subject)
	broken := r.bundle(build, sigstore.ProvenanceOptions{Forgery: sigstore.BrokenSignature}, subject)
	sharedBundle := r.write("shared.json", r.bundle(sigstore.Build{Repository: "acme/tool", Ref: "refs/tags/v1.0.0", SignerWorkflow: "acme/shared/.github/workflows/attest.yml@refs/tags/v3"}, usual, subject))
	pull := r.write("pull.json", r.bundle(sigstore.Build{Repository: "acme/tool", Ref: "refs/pull/7/merge", Trigger: "pull_request"}, usual, subject))
	edited := r.write("edited.json", r.bundle(build, sigstore.ProvenanceOptions{Forgery: sigstore.EditedPayload}, subject))
	unlogged := r.write("unlogged.json", r.bundle(build, sigstore.ProvenanceOptions{Forgery: sigstore.NotLogged}, subject))
	expired := r.write("expired.json", r.bundle(build, sigstore.ProvenanceOptions{Forgery: sigstore.ExpiredCertificate}, subject))
	lines := func(name string, all ...string) string { return r.write(name, strings.Join(all, "\n")+"\n") }
	asked := []string{"--repo", "acme/tool"}
	for _, tt := range []struct {
		name   string
		args   []string
		status int
		says   string
	}{
		{"as expected", []string{"--file", file, "--bundle", bundle, "--repo", "acme/tool", "--workflow", ".github/workflows/release.yml", "--ref", "refs/tags/*"},
			exitPassed, "provenance verified: built by https://github.com/acme/tool from commit " + sigstore.Commit("acme/tool", "refs/tags/v1.0.0")},
		{"the digest", append([]string{"--file", file, "--bundle", bundle}, asked...), exitPassed, "sha256:" + subject.Digest.Hex},
		{"the ids of the owner", append([]string{"--file", file, "--bundle", r.write("fork.json", r.bundle(fork, usual, subject))}, asked...), exitPassed, "owner id    4242"},
		{"a self-hosted runner", append([]string{"--file", file, "--bundle", filepath.Join(r.dir, "fork.json")}, asked...), exitPassed, "self-hosted"},
		{"an empty file", append([]string{"--file", empty, "--bundle", r.write("empty.json", r.bundle(build, usual, subjectOf("empty", "")))}, asked...), exitPassed, "0 bytes"},
		{"the second of three lines", append([]string{"--file", file, "--bundle", lines("three.jsonl", broken, good, sbom)}, asked...), exitPassed, "bundle 1: Its signature"},
		{"one line of two is no JSON", append([]string{"--file", file, "--bundle", lines("half.jsonl", "{", good)}, asked...), exitPassed, "bundle 1: Its bundle is not well-formed JSON"},
		{"a tampered file", append([]string{"--file", tampered, "--bundle", bundle}, asked...), exitFailed, "This file is not the one that was attested"},
		{"a tampered bundle", append([]string{"--file", file, "--bundle", edited}, asked...), exitFailed, "the attestation does not hold"},
		{"not logged", append([]string{"--file", file, "--bundle", unlogged}, asked...), exitFailed, "no transparency log entry"},
		{"an expired certificate", append([]string{"--file", file, "--bundle", expired}, asked...), exitFailed, "its certificate is valid from"},
		{"another repository", []string{"--file", file, "--bundle", bundle, "--repo", "acme/other"}, exitFailed, "must be github.com/acme/other"},
		{"somebody else's build", append([]string{"--file", file, "--bundle", r.write("evil.json", elsewhere)}, asked...), exitFailed, "the builder is not the one that you expected"},
		{"another workflow", []string{"--file", file, "--bundle", bundle, "--repo", "acme/tool", "--workflow", ".github/workflows/ci.yml"}, exitFailed, "the workflow is"},
		{"another ref", []string{"--file", file, "--bundle", bundle, "--repo", "acme/tool", "--ref", "refs/heads/*"}, exitFailed, "the ref is"},
		{"a bill of materials alone", append([]string{"--file", file, "--bundle", r.write("sbom.json", sbom)}, asked...), exitCouldNotCheck, "cyclonedx.org/bom"},

		{"a reusable workflow of another repository", []string{"--file", file, "--bundle", sharedBundle, "--repo", "acme/tool", "--workflow", ".github/workflows/release.yml"}, exitFailed, "must be a workflow of github.com/acme/tool"},
		{"one that is expected", []string{"--file", file, "--bundle", sharedBundle, "--repo", "acme/tool", "--signer-repo", "acme/shared"}, exitPassed, "provenance verified: built by https://github.com/acme/tool"},
		{"a pull request", append([]string{"--file", file, "--bundle", pull}, asked...), exitPassed, "nothing says that it was merged"},
		{"a pull request, and tags are asked for", []string{"--file", file, "--bundle", pull, "--repo", "acme/tool", "--ref", "refs/tags/*"}, exitFailed, "the ref is refs/pull/7/merge"},

		{"a workflow that a script left empty", []string{"--file", file, "--bundle", bundle, "--repo", "acme/tool", "--workflow", ""}, exitUsage, "--workflow: must not be empty"},
		{"a ref that a script left empty", []string{"--file", file, "--bundle", bundle, "--repo", "acme/tool", "--ref="}, exitUsage, "--ref: must not be empty"},
		{"an address for the signer's repository", []string{"--file", file, "--bundle", bundle, "--repo", "acme/tool", "--signer-repo", "https://github.com/acme/shared"}, exitUsage, "--signer-repo is OWNER/NAME"},
		{"no repository", []string{"--file", file, "--bundle", bundle}, exitUsage, "--repo"},
		{"no bundle", append([]string{"--file", file}, asked...), exitUsage, "--bundle FILE"},
		{"no file", append([]string{"--bundle", bundle}, asked...), exitUsage, "belong to --file"},
		{"a file and a package", append([]string{"tide@1.0.0", "--file", file, "--bundle", bundle}, asked...), exitUsage, "not both"},
		{"neither", nil, exitUsage, "give a package"},
		{"a digest of a package", append([]string{"--integrity", "sha512-x", "--file", file, "--bundle", bundle}, asked...), exitUsage, "for packages"},
		{"another format", append([]string{"--format", "sarif", "--file", file, "--bundle", bundle}, asked...), exitUsage, "table or json"},
		{"an address for a repository", []string{"--file", file, "--bundle", bundle, "--repo", "https://github.com/acme/tool"}, exitUsage, "OWNER/NAME"},
		{"a pattern for a repository", []string{"--file", file, "--bundle", bundle, "--repo", "acme/*"}, exitUsage, "OWNER/NAME"},
		{"a folder for a repository", []string{"--file", file, "--bundle", bundle, "--repo", "acme/.."}, exitUsage, "OWNER/NAME"},
		{"a short ref", []string{"--file", file, "--bundle", bundle, "--repo", "acme/tool", "--ref", "v1.0.0"}, exitUsage, "written in full"},
		{"a pattern that is none", []string{"--file", file, "--bundle", bundle, "--repo", "acme/tool", "--workflow", "[a"}, exitUsage, "not a valid pattern"},
		{"a folder", append([]string{"--file", r.dir, "--bundle", bundle}, asked...), exitUsage, "is a folder"},
		{"a folder of bundles", append([]string{"--file", file, "--bundle", r.dir}, asked...), exitUsage, "is a folder"},
		{"a file that is not there", append([]string{"--file", filepath.Join(r.dir, "nothing"), "--bundle", bundle}, asked...), exitUsage, "no such file"},
		{"no bundle in it", append([]string{"--file", file, "--bundle", empty}, asked...), exitUsage, "it is empty"},
		{"a file for its bundle", append([]string{"--file", bundle, "--bundle", file}, asked...), exitFailed, "not well-formed JSON"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, out, stderr := r.run(append([]string{"verify"}, tt.args...)...)
			if said := strings.Join(strings.Fields(out+stderr), " "); status != tt.status || !strings.Contains(said, strings.Join(strings.Fields(tt.says), " ")) {
				t.Errorf("status %d, want %d; %q is wanted in\n%s%s", status, tt.status, tt.says, out, stderr)
			}
			if status == exitUsage && out != "" {
				t.Errorf("a wrong call prints a result: %s", out)
			}
		})
	}
	status, out, stderr := r.run("verify", "--file", tampered, "--bundle", bundle, "--repo", "acme/tool", "--format", "json")
	var doc struct {
		Schema, Conclusion string
		Attestation        struct{ State, Digest, Attested string }
	}
	if err := json.Unmarshal([]byte(out), &doc); err != nil || status != exitFailed || doc.Schema != "bonafide.file/v1" || doc.Conclusion != "failure" ||
		doc.Attestation.State != "invalid" || doc.Attestation.Attested != "sha256:"+subject.Digest.Hex || doc.Attestation.Digest != "sha256:"+subjectOf("", "tool!").Digest.Hex {
		t.Errorf("status %d, %v\n%s%s", status, err, out, stderr)
	}
}

// What another trusted root vouches for is not verified with the built-in one.
func TestAFileIsHeldAgainstTheBuiltInTrust(t *testing.T) {
	r := newReleases(t)
	file := r.write("tool", "tool")
	bundle := r.write("tool.json", r.bundle(sigstore.Build{Repository: "acme/tool", Ref: "refs/tags/v1"}, sigstore.ProvenanceOptions{}, subjectOf("tool", "tool")))
	status, out, _ := command(t, "verify", "--offline", "--file", file, "--bundle", bundle, "--repo", "acme/tool", "--cache-dir", t.TempDir())
	if status != exitFailed || !strings.Contains(out, "not issued by a certificate authority") {
		t.Errorf("status %d\n%s", status, out)
	}
	missing := filepath.Join(r.dir, "nothing.json")
	if status, _, stderr := command(t, "verify", "--offline", "--file", file, "--bundle", bundle, "--repo", "acme/tool", "--trusted-root", missing); status != exitUsage || !strings.Contains(stderr, "nothing.json") {
		t.Errorf("status %d\n%s", status, stderr)
	}
}

// A file is read as it comes, however large it is.
func TestALargeFileIsStreamed(t *testing.T) {
	r := newReleases(t)
	const size = 64 << 20
	file := filepath.Join(r.dir, "image")
	s, err := os.Create(file)
	r.must(err)
	r.must(s.Truncate(size))
	r.must(s.Close())
	sum := sha256.New()
	zeroes := bytes.Repeat([]byte{0}, 1<<20)
	for range size >> 20 {
		sum.Write(zeroes)
	}
	subject := sigstore.Subject{Name: "image", Digest: dep.Digest{Algorithm: "sha256", Hex: hex.EncodeToString(sum.Sum(nil))}}
	bundle := r.write("image.json", r.bundle(sigstore.Build{Repository: "acme/tool", Ref: "refs/tags/v1"}, sigstore.ProvenanceOptions{}, subject))
	if status, out, stderr := r.run("verify", "--file", file, "--bundle", bundle, "--repo", "acme/tool"); status != exitPassed || !strings.Contains(out, "67108864 bytes") {
		t.Errorf("status %d\n%s%s", status, out, stderr)
	}
}
