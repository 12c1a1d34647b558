package policy_test

import (
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
)

func TestAFileIsHeldAgainstWhoIsExpected(t *testing.T) {
	by := func(change func(*provenance.Identity)) provenance.FileEvidence {
		id := provenance.Identity{
			Issuer: "https://token.actions.githubusercontent.com", Repository: "https://github.com/acme/tool", RepositoryID: "1", OwnerID: "2",
			Commit: strings.Repeat("a", 40), Ref: "refs/tags/v1.0.0", Workflow: ".github/workflows/release.yml",
		}
		change(&id)
		if id.Signer == "" {
			id.Signer = id.Repository + "/.github/workflows/release.yml@refs/tags/v1.0.0"
		}
		return provenance.FileEvidence{Provenance: provenance.Provenance{Check: provenance.Check{State: provenance.Verified}, Identity: &id}}
	}
	state := func(s provenance.State) provenance.FileEvidence {
		return provenance.FileEvidence{Provenance: provenance.Provenance{Check: provenance.Check{State: s, Reason: "Why."}}}
	}
	good := by(func(*provenance.Identity) {})
	shouted := by(func(i *provenance.Identity) { i.Repository = "https://github.com/ACME/Tool" })
	enterprise := by(func(i *provenance.Identity) { i.Issuer += "/acme" })
	evil := by(func(i *provenance.Identity) { i.Repository = "https://github.com/evil/tool" })
	longer := by(func(i *provenance.Identity) { i.Repository = "https://github.com/acme/tool2" })
	lab := by(func(i *provenance.Identity) {
		i.Repository = "https://gitlab.com/acme/tool"
		i.Issuer = "https://gitlab.com"
	})
	circle := by(func(i *provenance.Identity) { i.Issuer = "https://oidc.circleci.com/org/1" })
	branch := by(func(i *provenance.Identity) { i.Ref = "refs/heads/main" })
	monorepo := by(func(i *provenance.Identity) { i.Ref = "refs/tags/@acme/tool@1.0.0" })
	otherWorkflow := by(func(i *provenance.Identity) { i.Workflow = ".github/workflows/ci.yml" })
	elsewhere := by(func(i *provenance.Identity) {
		i.Workflow = "https://github.com/evil/x/.github/workflows/release.yml@refs/heads/main"
	})
	shared := by(func(i *provenance.Identity) {
		i.Signer = "https://github.com/acme/Shared/.github/workflows/attest.yml@refs/tags/v3"
	})
	alike := by(func(i *provenance.Identity) {
		i.Signer = "https://github.com/acme/tool2/.github/workflows/release.yml@refs/heads/main"
	})
	signed := good
	signed.Signed = true
	none, broken, unknown := state(provenance.Absent), state(provenance.Invalid), state(provenance.Unknown)
	other := state(provenance.Invalid)
	other.OtherFile = true

	const workflow, tags = ".github/workflows/release.yml", "refs/tags/*"
	for _, tt := range []struct {
		name          string
		all           []provenance.FileEvidence
		workflow, ref string
		conclusion    policy.Conclusion
		chosen        int
		differs       string
	}{
		{"as expected", []provenance.FileEvidence{good}, workflow, tags, policy.Success, 0, ""},
		{"the repository alone", []provenance.FileEvidence{branch}, "", "", policy.Success, 0, ""},
		{"names are not told apart by case", []provenance.FileEvidence{shouted}, "", "", policy.Success, 0, ""},
		{"an enterprise's issuer", []provenance.FileEvidence{enterprise}, "", "", policy.Success, 0, ""},
		{"a tag with slashes", []provenance.FileEvidence{monorepo}, "", tags, policy.Success, 0, ""},
		{"a pattern of workflows", []provenance.FileEvidence{good}, ".github/workflows/*.yml", "", policy.Success, 0, ""},
		{"another repository", []provenance.FileEvidence{evil}, "", "", policy.Failure, 0, "the repository is"},
		{"a repository that begins alike", []provenance.FileEvidence{longer}, "", "", policy.Failure, 0, "the repository is"},
		{"another forge", []provenance.FileEvidence{lab}, "", "", policy.Failure, 0, "the issuer is"},
		{"another build service", []provenance.FileEvidence{circle}, "", "", policy.Failure, 0, "must be GitHub Actions'"},
		{"another ref", []provenance.FileEvidence{branch}, "", tags, policy.Failure, 0, "the ref is"},
		{"another workflow", []provenance.FileEvidence{otherWorkflow}, workflow, "", policy.Failure, 0, "the workflow is"},
		{"a workflow of another repository", []provenance.FileEvidence{elsewhere}, workflow, "", policy.Failure, 0, "the workflow is"},
		{"the last of three", []provenance.FileEvidence{broken, evil, good}, "", "", policy.Success, 2, ""},
		{"somebody else says more than nobody", []provenance.FileEvidence{none, broken, evil}, "", "", policy.Failure, 2, "the repository is"},
		{"broken goes before unknown", []provenance.FileEvidence{unknown, none, broken}, "", "", policy.Failure, 2, ""},
		{"broken goes before another file", []provenance.FileEvidence{other, broken}, "", "", policy.Failure, 1, ""},
		{"another file", []provenance.FileEvidence{unknown, other}, "", "", policy.Failure, 1, ""},
		{"another kind", []provenance.FileEvidence{none}, "", "", policy.ActionRequired, 0, ""},
		{"unknown", []provenance.FileEvidence{unknown}, "", "", policy.ActionRequired, 0, ""},
		{"nothing", nil, "", "", policy.ActionRequired, -1, ""},
	} {
		v := policy.JudgeFile(tt.all, policy.FileBuilder{IdentityPin: policy.IdentityPin{Repository: "github.com/acme/tool", Workflow: tt.workflow, Ref: tt.ref}})
		if v.Conclusion != tt.conclusion || v.Chosen != tt.chosen || (tt.differs == "") != (len(v.Differs) == 0) || !strings.Contains(strings.Join(v.Differs, "; "), tt.differs) {
			t.Errorf("%s: %+v", tt.name, v)
		}
	}
	for _, tt := range []struct {
		name, signer string
		all          []provenance.FileEvidence
		conclusion   policy.Conclusion
		chosen       int
		differs      string
	}{
		{"a reusable workflow of another repository", "", []provenance.FileEvidence{shared}, policy.Failure, 0, "must be a workflow of github.com/acme/tool"},
		{"one of a repository that begins alike", "", []provenance.FileEvidence{alike}, policy.Failure, 0, "the signer is"},
		{"the one that is expected", "github.com/ACME/shared", []provenance.FileEvidence{shared}, policy.Success, 0, ""},
		{"one that begins alike is expected", "github.com/acme/share", []provenance.FileEvidence{shared}, policy.Failure, 0, "the signer is"},
		{"the repository's own instead of it", "github.com/acme/shared", []provenance.FileEvidence{good}, policy.Failure, 0, "must be a workflow of github.com/acme/shared"},
		{"a signature", "", []provenance.FileEvidence{signed}, policy.Success, 0, ""},
		{"a statement says more than a signature", "", []provenance.FileEvidence{signed, evil, good}, policy.Success, 2, ""},
		{"a signature beside somebody else's statement", "", []provenance.FileEvidence{evil, signed, shared}, policy.Success, 1, ""},
	} {
		v := policy.JudgeFile(tt.all, policy.FileBuilder{IdentityPin: policy.IdentityPin{Repository: "github.com/acme/tool"}, SignerRepository: tt.signer})
		if v.Conclusion != tt.conclusion || v.Chosen != tt.chosen || (tt.differs == "") != (len(v.Differs) == 0) || !strings.Contains(strings.Join(v.Differs, "; "), tt.differs) {
			t.Errorf("%s: %+v", tt.name, v)
		}
	}
}
