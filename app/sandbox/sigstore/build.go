package sigstore

import (
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Issuer is who vouches for a workflow of GitHub Actions.
const Issuer = "https://token.actions.githubusercontent.com"

const github = "https://github.com/"

// Build is one run of a GitHub Actions workflow. What is left empty gets an
// ordinary value; ids are derived from the names, so that they stay the same.
type Build struct {
	Repository   string // "OWNER/REPO"; required
	RepositoryID string // numeric, survives renames
	OwnerID      string
	Visibility   string // "public"

	Workflow     string // the top-level workflow: ".github/workflows/release.yml"
	WorkflowName string // "Release"
	Ref          string // "refs/tags/v1.2.3"; required
	Commit       string // 40 hex digits; derived from repository and ref
	Trigger      string // "push"
	Runner       string // "github-hosted"
	RunID        uint64
	Attempt      int // 1

	// SignerWorkflow is a reusable workflow that signs for the top-level one:
	// "OWNER/REPO/PATH@REF". SignerCommit is its commit.
	SignerWorkflow string
	SignerCommit   string

	Issuer string // Issuer
}

// Complete fills in what was left empty, and refuses a build without a name.
func (b Build) Complete() (Build, error) { return b.complete() }

// complete is Complete.
func (b Build) complete() (Build, error) {
	owner, name, ok := strings.Cut(b.Repository, "/")
	if !ok || owner == "" || name == "" || strings.Contains(name, "/") {
		return b, fmt.Errorf("the repository of a build is OWNER/REPO, not %q", b.Repository)
	}
	if !strings.HasPrefix(b.Ref, "refs/") {
		return b, fmt.Errorf("the ref of a build begins with refs/, not %q", b.Ref)
	}
	if b.SignerWorkflow != "" && !strings.Contains(b.SignerWorkflow, "@") {
		return b, errors.New("a signer workflow is OWNER/REPO/PATH@REF")
	}
	fill := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	fill(&b.RepositoryID, id("repository", b.Repository))
	fill(&b.OwnerID, id("owner", owner))
	fill(&b.Visibility, "public")
	fill(&b.Workflow, ".github/workflows/release.yml")
	fill(&b.WorkflowName, "Release")
	fill(&b.Commit, Commit(b.Repository, b.Ref))
	fill(&b.Trigger, "push")
	fill(&b.Runner, "github-hosted")
	fill(&b.Issuer, Issuer)
	if b.SignerWorkflow == "" {
		b.SignerWorkflow, b.SignerCommit = b.workflowAtRef(), b.Commit
	}
	fill(&b.SignerCommit, Commit(b.SignerWorkflow, b.Ref))
	if b.RunID == 0 {
		b.RunID = 9_000_000_000 + number("run", b.Commit)%4_000_000_000
	}
	if b.Attempt == 0 {
		b.Attempt = 1
	}
	return b, nil
}

// Commit derives a commit from a repository and a ref: always the same one.
func Commit(repository, ref string) string {
	sum := sha256.Sum256([]byte(repository + "\x00" + ref))
	return fmt.Sprintf("%x", sum[:20])
}

func number(kind, name string) uint64 {
	sum := sha256.Sum256([]byte(kind + "\x00" + strings.ToLower(name)))
	return binary.BigEndian.Uint64(sum[:])
}

func id(kind, name string) string {
	return strconv.FormatUint(10_000_000+number(kind, name)%800_000_000, 10)
}

// workflowAtRef is "OWNER/REPO/PATH@REF".
func (b Build) workflowAtRef() string { return b.Repository + "/" + b.Workflow + "@" + b.Ref }

func (b Build) repositoryURL() string { return github + b.Repository }

// run is the address of the run and attempt.
func (b Build) run() string {
	return fmt.Sprintf("%s/actions/runs/%d/attempts/%d", b.repositoryURL(), b.RunID, b.Attempt)
}

// identity is what a certificate says of the build: all extensions, or those of
// the time before April 2023 alone.
// https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md
func (b Build) identity(oldExtensions bool) (identity, error) {
	signer := github + b.SignerWorkflow
	who := identity{uri: signer}
	for n, value := range []string{1: b.Issuer, b.Trigger, b.Commit, b.WorkflowName, b.Repository, b.Ref} {
		if n > 0 {
			who.extensions = append(who.extensions, extension(n, []byte(value)))
		}
	}
	if oldExtensions {
		return who, nil
	}
	owner, _, _ := strings.Cut(b.Repository, "/")
	for n, value := range []string{
		8:  b.Issuer,
		9:  signer,
		10: b.SignerCommit,
		11: b.Runner,
		12: b.repositoryURL(),
		13: b.Commit,
		14: b.Ref,
		15: b.RepositoryID,
		16: github + owner,
		17: b.OwnerID,
		18: github + b.workflowAtRef(),
		19: b.Commit,
		20: b.Trigger,
		21: b.run(),
		22: b.Visibility,
	} {
		if n < 8 {
			continue
		}
		der, err := asn1.MarshalWithParams(value, "utf8")
		if err != nil {
			return identity{}, fmt.Errorf("certificate extension %d: %w", n, err)
		}
		who.extensions = append(who.extensions, extension(n, der))
	}
	return who, nil
}

// extension is number n of those that Fulcio defines: up to 6 they hold raw
// strings, from 8 on DER.
func extension(n int, value []byte) pkix.Extension {
	return pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, n}, Value: value}
}
