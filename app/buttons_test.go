package app_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/review"
	"github.com/bonafide-app/bonafide/app/sandbox/forge"
	"github.com/bonafide-app/bonafide/config"
)

// click lets somebody click on a button of the check of a commit, and waits.
func (p *play) click(who, sha, label string) {
	p.t.Helper()
	p.must(p.GitHub.ClickButton(p.ctx, who, p.check(sha).ID, label))
	p.settle()
}

// buttons are the labels of the buttons of a check.
func buttons(c forge.CheckRun) (out []string) {
	for _, a := range c.Actions {
		out = append(out, a.Label)
	}
	return out
}

func (p *play) hasButtons(sha string, want ...string) {
	p.t.Helper()
	if got := buttons(p.check(sha)); !slices.Equal(got, want) {
		p.t.Errorf("buttons %q, want %q", got, want)
	}
}

func TestAMaintainerAcceptsWithTheButton(t *testing.T) {
	p, pull := withPeople(t, true, "")
	p.hasButtons(pull.HeadSHA(), "Re-run", review.AcceptLabel, review.PinsLabel)
	shown := p.check(pull.HeadSHA())
	p.click("keeper", pull.HeadSHA(), review.AcceptLabel)
	p.ends(pull.HeadSHA(), "success", "provenance-lost", "Accepted by `keeper`", "with the button Accept for this PR")
	p.hasButtons(pull.HeadSHA(), review.PinsLabel)

	// The same delivery again, and a click of somebody else on a page from before.
	for _, d := range p.GitHub.Deliveries() {
		p.must(p.GitHub.Redeliver(p.ctx, d.ID))
	}
	p.settle()
	p.must(p.GitHub.RequestAction(p.ctx, "boss", shown.ID, shown.Actions[1].Identifier))
	p.settle()
	if c := p.ends(pull.HeadSHA(), "success", "Accepted by `keeper`"); strings.Contains(c.Summary, "boss") || strings.Contains(c.Summary, "refused") {
		t.Errorf("it was accepted twice:\n%s", c.Summary)
	}

	// It holds for the same package on another commit, and for no other bytes.
	_, err := pull.Push(p.ctx, p.locked(lost, plain))
	p.must(err)
	p.settle()
	p.ends(pull.HeadSHA(), "success", "keeper")
	p.integrity[lost] = "sha512-" + strings.Repeat("B", 85) + "A=="
	_, err = pull.Push(p.ctx, p.locked(lost))
	p.must(err)
	p.settle()
	p.ends(pull.HeadSHA(), "failure", "provenance-lost", "digest-mismatch")
	// Of the two, only one may be accepted.
	p.click("keeper", pull.HeadSHA(), review.AcceptLabel)
	p.ends(pull.HeadSHA(), "failure", "digest-mismatch", "Accepted by `keeper`")
	p.hasButtons(pull.HeadSHA(), "Re-run", review.PinsLabel)
}

func TestClicksThatAreRefused(t *testing.T) {
	p, pull := withPeople(t, false, "")
	p.repo.Grant("robot[bot]", "admin")
	before := p.check(pull.HeadSHA())
	for _, who := range []string{"passer-by", "robot[bot]"} {
		p.click(who, pull.HeadSHA(), review.AcceptLabel)
		p.click(who, pull.HeadSHA(), review.PinsLabel)
	}
	p.must(p.GitHub.RequestAction(p.ctx, "keeper", before.ID, "accept"))
	p.settle()
	if after := p.check(pull.HeadSHA()); after.Writes != before.Writes {
		t.Errorf("the check was written again: %+v", after)
	}
	p.click("writer", pull.HeadSHA(), review.AcceptLabel)
	p.ends(pull.HeadSHA(), "failure", "A click of writer on the button", "has the role write")
	p.click("contributor", pull.HeadSHA(), review.AcceptLabel)
	p.ends(pull.HeadSHA(), "failure", "A click of contributor", "does not let the author")
	p.must(p.GitHub.RequestAction(p.ctx, "keeper", before.ID, "accept:0123456789ab"))
	p.settle()
	p.ends(pull.HeadSHA(), "failure", "not what it was when the button was shown")

	// A check of a commit that was left.
	_, err := pull.Push(p.ctx, p.locked(lost, plain))
	p.must(err)
	p.settle()
	p.must(p.GitHub.RequestAction(p.ctx, "keeper", before.ID, before.Actions[1].Identifier))
	p.settle()
	p.ends(pull.HeadSHA(), "failure", "another commit by now")

	// Two pull requests with one commit: a click does not say which one is meant.
	for _, branch := range []string{"next", "both"} {
		_, err := p.repo.Push(p.ctx, forge.Change{Branch: branch, From: "main", Files: map[string]forge.Files{"next": {"x": forge.Text("x")}, "both": p.locked(lost)}[branch]})
		p.must(err)
	}
	one, err := p.repo.OpenPull(p.ctx, forge.PullSpec{Head: "both"})
	p.must(err)
	p.settle()
	alone := p.check(one.HeadSHA())
	_, err = p.repo.OpenPull(p.ctx, forge.PullSpec{Head: "both", Base: "next"})
	p.must(err)
	p.settle()
	p.hasButtons(one.HeadSHA(), "Re-run", review.PinsLabel)
	p.must(p.GitHub.RequestAction(p.ctx, "keeper", alone.ID, alone.Actions[1].Identifier))
	p.settle()
	p.ends(one.HeadSHA(), "failure", "several pull requests have this commit")
}

func TestWhereNobodyMayAcceptThereIsNoButton(t *testing.T) {
	p, pull := withPeople(t, false, "accept: { by: nobody }\n")
	p.hasButtons(pull.HeadSHA(), "Re-run", review.PinsLabel)
	group, err := p.repo.MergeGroup(p.ctx, pull)
	p.must(err)
	p.settle()
	p.hasButtons(group.HeadSHA, "Re-run")
}

func TestPinsAreShownAsAPatch(t *testing.T) {
	p, pull := withPeople(t, true, "")
	c := p.check(pull.HeadSHA())
	if !strings.Contains(c.Text, "<summary>Identity pins") || strings.Contains(c.Text, "```diff") {
		t.Errorf("%s", c.Text)
	}
	p.click("writer", pull.HeadSHA(), review.PinsLabel)
	shown := p.ends(pull.HeadSHA(), "failure", "provenance-lost")
	p.hasButtons(pull.HeadSHA(), "Re-run", review.AcceptLabel)
	if strings.Contains(shown.Text, "<summary>Identity pins") || !strings.HasPrefix(shown.Text, "### Identity pins") {
		t.Errorf("%s", shown.Text)
	}
	_, patch, _ := strings.Cut(shown.Text, "```diff\n")
	patch, _, _ = strings.Cut(patch, "```")
	dir := t.TempDir()
	p.must(os.Mkdir(filepath.Join(dir, ".github"), 0o755))
	file := filepath.Join(dir, ".github", "bonafide.yml")
	p.must(os.WriteFile(file, []byte(oneError), 0o644))
	git := exec.CommandContext(p.ctx, "git", "apply", "-")
	git.Dir, git.Stdin = dir, strings.NewReader(patch)
	if out, err := git.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s\n%s", err, out, patch)
	}
	data, err := os.ReadFile(file)
	p.must(err)
	policy, err := config.ParsePolicy("", data)
	p.must(err)
	if len(policy.Packages) != 1 || policy.Packages[0].Match != "npm:tide" {
		t.Errorf("%s", data)
	}

	// They stay when it is judged again.
	p.click("writer", pull.HeadSHA(), "Re-run")
	if again := p.check(pull.HeadSHA()); again.Text != shown.Text || again.Writes == shown.Writes {
		t.Errorf("%d writes, %d before:\n%s", again.Writes, shown.Writes, again.Text)
	}
}
