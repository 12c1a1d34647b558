package report

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// releasedFile is a file with what its bundles prove.
func releasedFile(pin policy.FileBuilder, all ...provenance.FileEvidence) File {
	digest := func(algorithm, fill string, n int) dep.Digest {
		return dep.Digest{Algorithm: algorithm, Hex: strings.Repeat(fill, n)}
	}
	f := File{
		At:       time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC),
		Digests:  provenance.FileDigests{Name: "tool_1.0.0_linux_amd64.tar.gz", Size: 8123456, SHA256: digest("sha256", "0a", 32), SHA512: digest("sha512", "0b", 64)},
		Expected: pin, Evidence: all,
	}
	f.Verdict = policy.JudgeFile(all, pin)
	return f
}

func builtFile() provenance.FileEvidence {
	at := time.Date(2026, 8, 31, 9, 30, 0, 0, time.UTC)
	return provenance.FileEvidence{
		Provenance: provenance.Provenance{
			Check: provenance.Check{State: provenance.Verified}, PredicateType: "https://slsa.dev/provenance/v1",
			Identity: &provenance.Identity{
				Issuer: "https://token.actions.githubusercontent.com", Signer: "https://github.com/acme/tool/.github/workflows/release.yml@refs/tags/v1.0.0",
				Repository: "https://github.com/acme/tool", RepositoryID: "1001", OwnerID: "2002", Commit: strings.Repeat("c0", 20), Ref: "refs/tags/v1.0.0",
				Workflow: ".github/workflows/release.yml", Trigger: "push", Runner: "github-hosted", Run: "https://github.com/acme/tool/actions/runs/7/attempts/1", Visibility: "public",
			},
			Log: &provenance.Log{Index: 4711, Time: at},
		},
		Subject: "tool_1.0.0_linux_amd64.tar.gz", Subjects: 6, SignedAt: at, File: dep.Digest{Algorithm: "sha256", Hex: strings.Repeat("0a", 32)},
	}
}

// files are one of each kind.
func files() map[string]File {
	repo := policy.FileBuilder{IdentityPin: policy.IdentityPin{Repository: "github.com/acme/tool"}}
	tags := policy.FileBuilder{IdentityPin: policy.IdentityPin{Repository: "github.com/acme/tool", Workflow: ".github/workflows/release.yml", Ref: "refs/tags/*"}}
	failed := func(state provenance.State, reason string) provenance.FileEvidence {
		return provenance.FileEvidence{Provenance: provenance.Provenance{Check: provenance.Check{State: state, Reason: reason}}, File: dep.Digest{Algorithm: "sha256", Hex: strings.Repeat("0a", 32)}}
	}
	signed := builtFile()
	signed.Signed, signed.PredicateType, signed.Subject, signed.Subjects = true, "", "", 0
	private := builtFile()
	id := *private.Identity
	id.Runner, id.Visibility = "self-hosted", "private"
	private.Identity, private.Log = &id, nil
	other := failed(provenance.Invalid, "This file is not the one that was attested: its digest is sha256:0a…, and sha256:0c… was attested as \"tool\".")
	other.OtherFile, other.Attested, other.Subject, other.Subjects = true, dep.Digest{Algorithm: "sha256", Hex: strings.Repeat("0c", 32)}, "tool", 1
	hostile := builtFile()
	who := *hostile.Identity
	who.Trigger, who.Ref = "push\x1b[2J", "refs/tags/\u202ev1"
	hostile.Identity, hostile.Subject = &who, "a\x1b]0;x\x07b"
	shared := builtFile()
	by := *shared.Identity
	by.Signer, by.Ref = "https://github.com/acme/shared/.github/workflows/attest.yml@refs/tags/v3", "refs/pull/7/merge"
	shared.Identity, shared.Subject = &by, "dist/tool_1.0.0_linux_arm64.tar.gz"
	theirs := repo
	theirs.SignerRepository = "github.com/acme/shared"
	many := []provenance.FileEvidence{builtFile()}
	for range 14 {
		many = append(many, failed(provenance.Invalid, "Its signature is not the one that was logged."))
	}
	return map[string]File{
		"built":     releasedFile(tags, builtFile()),
		"any-ref":   releasedFile(repo, failed(provenance.Absent, `It holds, but is no build provenance: it is of the kind "https://cyclonedx.org/bom".`), builtFile()),
		"expected":  releasedFile(policy.FileBuilder{IdentityPin: policy.IdentityPin{Repository: "github.com/acme/other", Ref: "refs/heads/main"}}, builtFile()),
		"signed":    releasedFile(repo, signed),
		"private":   releasedFile(tags, private),
		"other":     releasedFile(tags, other),
		"invalid":   releasedFile(tags, failed(provenance.Invalid, "Its signature is not the one that was logged.")),
		"sbom":      releasedFile(tags, failed(provenance.Absent, `It holds, but is no build provenance: it is of the kind "https://cyclonedx.org/bom".`)),
		"untrusted": releasedFile(tags, failed(provenance.Unknown, "Its certificate names GitHub's own authority.")),
		"shared":    releasedFile(repo, shared),
		"theirs":    releasedFile(theirs, shared),
		"hostile":   releasedFile(repo, hostile),
		"many":      releasedFile(tags, many...),
	}
}

func TestFilesLookAsTheyShould(t *testing.T) {
	for name, f := range files() {
		var b bytes.Buffer
		if err := FileTable(&b, f, TableOptions{Width: 100}); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsFunc(b.String(), func(r rune) bool { return r != '\n' && hidden(r) }) {
			t.Errorf("%s: a hidden character is shown", name)
		}
		if !slices.Contains([]string{"hostile", "many"}, name) {
			golden(t, "file-"+name, b.Bytes())
		}
	}
	if err := FileTable(brokenWriter{}, files()["built"], TableOptions{}); err == nil {
		t.Error("a failed write is not said")
	}
}

func TestFileJSONKeepsItsContract(t *testing.T) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(FileJSONSchema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("file.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("file.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range files() {
		var b bytes.Buffer
		if err := FileJSON(&b, f); err != nil {
			t.Fatal(err)
		}
		if err := validate(t, s, b.Bytes()); err != nil {
			t.Errorf("%s: %v\n%s", name, err, &b)
		}
		if name == "any-ref" {
			golden(t, "filejson-"+name, b.Bytes())
		}
		for what, replaced := range map[string]string{
			"another schema": strings.Replace(b.String(), "bonafide.file/v1", "bonafide.file/v2", 1),
			"another state":  strings.Replace(b.String(), `"state": "`, `"state": "x`, 1),
			"another name":   strings.Replace(b.String(), `"conclusion"`, `"verdict"`, 1),
		} {
			if validate(t, s, []byte(replaced)) == nil {
				t.Errorf("%s: %s is taken", name, what)
			}
		}
	}
}

// The page of formats names what the JSON of a file has.
func TestThePageOfFormatsNamesTheFieldsOfAFile(t *testing.T) {
	_, page, ok := strings.Cut(formatsPage(t), "\n## Files\n")
	if !ok {
		t.Fatal("the page has no such section")
	}
	for _, field := range []string{"conclusion", "file", "expected", "attestation", "others", "differs", "attested", "subject", "identity", "log", "signed", "kind", "reason"} {
		if !strings.Contains(page, "`"+field+"`") {
			t.Errorf("%s is not named", field)
		}
	}
}
