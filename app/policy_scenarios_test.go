package app_test

import (
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app"
	"github.com/bonafide-app/bonafide/app/sandbox"
	"github.com/bonafide-app/bonafide/app/sandbox/forge"
)

const (
	laxPolicy = "version: 1\nmode: observe\nrules: { provenance-lost: off, publisher-lost: off }\n"
	aFloor    = "version: 1\nenforce: { rules: { provenance-lost: error } }\n"
)

// organisation makes the owner's .github repository.
func (p *play) organisation(policy string) *forge.Repository {
	p.t.Helper()
	org, err := p.GitHub.CreateRepository(p.ctx, forge.RepositorySpec{Owner: "acme", Name: ".github", Private: true, Files: forge.Files{"bonafide.yml": forge.Text(policy)}})
	p.must(err)
	p.must(p.scene.Installation.Add(p.ctx, org))
	p.settle()
	return org
}

func TestTheFloorHoldsInEveryRepository(t *testing.T) {
	p := newPlay(t, true, forge.Files{".github/bonafide.yml": forge.Text(laxPolicy)})
	before := p.pull(p.locked(lost))
	p.ends(before.HeadSHA(), "success")

	org := p.organisation(aFloor)
	bounded := p.pull(p.locked(lost))
	p.ends(bounded.HeadSHA(), "failure", "provenance-lost", "mode stays enforce, not observe (line 2", "provenance-lost error, not off (line 3", "`acme/.github` `bonafide.yml` at")

	// A floor that was seen and cannot be read any more is not withdrawn.
	p.must(p.scene.Installation.Remove(p.ctx, org))
	p.settle()
	harmless := p.pull(p.locked(mended))
	p.ends(harmless.HeadSHA(), "action_required", "floor-unread", "`acme/.github` cannot be read", "It was last seen in `acme/.github`")

	// One that is withdrawn where it stood is, and is forgotten.
	p.must(p.scene.Installation.Add(p.ctx, org))
	_, err := org.Push(p.ctx, forge.Change{Branch: "main", Files: forge.Files{"bonafide.yml": forge.Text("version: 1\n")}})
	p.must(err)
	p.settle()
	p.ends(p.pull(p.locked(lost)).HeadSHA(), "success")
	p.must(p.scene.Installation.Remove(p.ctx, org))
	p.settle()
	p.ends(p.pull(p.locked(lost)).HeadSHA(), "success")
}

func TestAServerThatDemandsAFloorPassesNothingWithout(t *testing.T) {
	p := withFiles(emptyStage(t, false, func(o *app.Options, _ *sandbox.World) { o.RequireOrgPolicy = true }), nil)
	p.ends(p.pull(p.locked(mended)).HeadSHA(), "action_required", "floor-unread", "this server demands one (`--require-org-policy`)")
	org := p.organisation("version: 1\n")
	p.ends(p.pull(p.locked(mended)).HeadSHA(), "action_required", "floor-unread")

	// The pull request that sets it is not held up by what it mends.
	_, err := org.Push(p.ctx, forge.Change{Branch: "floor", Files: forge.Files{"bonafide.yml": forge.Text(aFloor)}})
	p.must(err)
	pull, err := org.OpenPull(p.ctx, forge.PullSpec{Head: "floor"})
	p.must(err)
	p.settle()
	if runs := org.CheckRuns(pull.HeadSHA()); len(runs) != 1 || runs[0].Conclusion != "success" || !strings.Contains(runs[0].Summary, "changes nothing but the policy file") {
		t.Errorf("%+v", runs)
	}
	_, err = org.Push(p.ctx, forge.Change{Branch: "main", Files: forge.Files{"bonafide.yml": forge.Text(aFloor)}})
	p.must(err)
	p.ends(p.pull(p.locked(mended)).HeadSHA(), "success")
}

func TestAPullRequestThatOnlyMendsThePolicyPasses(t *testing.T) {
	p := newPlay(t, true, forge.Files{".github/bonafide.yml": forge.Text("version: 1\nmode: sometimes\n")})
	ordinary := p.pull(p.locked(mended))
	p.ends(ordinary.HeadSHA(), "failure", "policy-invalid")
	mend := forge.Files{".github/bonafide.yml": forge.Text("version: 1\n")}
	alone := p.pull(mend)
	p.ends(alone.HeadSHA(), "success", "changes nothing else, so it is judged by the defaults")
	both := p.locked(mended)
	both[".github/bonafide.yml"] = mend[".github/bonafide.yml"]
	p.ends(p.pull(both).HeadSHA(), "failure", "policy-invalid")
	worse := p.pull(forge.Files{".github/bonafide.yml": forge.Text("version: 1\nmode: often\n")})
	p.ends(worse.HeadSHA(), "failure", "Mend the policy file in this pull request")
}

func TestTheOrganisationsOwnFileCanBeMended(t *testing.T) {
	p := newPlay(t, false, nil)
	org := p.organisation(aFloor)
	p.ends(p.pull(p.locked(mended)).HeadSHA(), "success")
	_, err := org.Push(p.ctx, forge.Change{Branch: "main", Files: forge.Files{"bonafide.yml": forge.Text("version: 1\nenforce: 3\n")}})
	p.must(err)
	p.ends(p.pull(p.locked(mended)).HeadSHA(), "failure", "policy-invalid", "floor-unread")

	_, err = org.Push(p.ctx, forge.Change{Branch: "mend", Files: forge.Files{"bonafide.yml": forge.Text(aFloor)}})
	p.must(err)
	pull, err := org.OpenPull(p.ctx, forge.PullSpec{Head: "mend"})
	p.must(err)
	p.settle()
	runs := org.CheckRuns(pull.HeadSHA())
	if len(runs) != 1 || runs[0].Conclusion != "success" || !strings.Contains(runs[0].Summary, "changes nothing else") {
		t.Errorf("%+v", runs)
	}
}

func TestAnEditOfThePolicyIsShownAsItWillJudge(t *testing.T) {
	p := newPlay(t, true, nil)
	files := p.locked(lost)
	files[".github/bonafide.yml"] = forge.Text(laxPolicy)
	pull := p.pull(files)
	c := p.ends(pull.HeadSHA(), "failure", "it is judged by the policy of the base branch", "Under the new one this check would end in success",
		"### Under the policy of this pull request\n\nThe check would pass", "**provenance-lost**: `tide@1.0.1`: no finding any more, error now")
	if strings.Contains(c.Title, "policy") {
		t.Errorf("the title speaks of what the verdict rests on: %s", c.Title)
	}
	doc, err := p.server.Report(p.ctx, p.scene.Installation.ID, "acme", "web", pull.Number, pull.HeadSHA())
	p.must(err)
	if !strings.Contains(string(doc), `"policy_preview":{`) || !strings.Contains(string(doc), `"was":"error"`) {
		t.Errorf("%s", doc)
	}
	broken := p.pull(forge.Files{".github/bonafide.yml": forge.Text("version: 1\nrules:\n  provenance-lsot: off\n")})
	p.ends(broken.HeadSHA(), "failure", "policy-invalid", "line 3, column 3", "Mend the policy file in this pull request")
}
