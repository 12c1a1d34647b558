package app_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/sandbox/forge"
	"github.com/bonafide-app/bonafide/app/sandbox/npm"
	"github.com/bonafide-app/bonafide/app/sandbox/sigstore"
)

// play is a stage with one repository, whose lockfile has tide@1.0.0, a package
// with provenance. tide@1.0.1 has lost it, tide@1.0.2 has it again.
type play struct {
	*stage
	repo      *forge.Repository
	integrity map[string]string
}

const (
	good    = "tide@1.0.0"
	lost    = "tide@1.0.1"
	mended  = "tide@1.0.2"
	plain   = "sand@2.0.0" // never had provenance
	missing = "ghost@1.0.0"
)

func newPlay(t *testing.T, judged bool, files forge.Files, settings ...setting) *play {
	t.Helper()
	return withFiles(emptyStage(t, judged, settings...), files)
}

// withFiles is newPlay on a stage that stands already.
func withFiles(s *stage, files forge.Files) *play {
	s.t.Helper()
	p := &play{stage: s, integrity: map[string]string{missing: "sha512-" + strings.Repeat("A", 86) + "=="}}
	build := &sigstore.Build{Repository: "harbour/tide", Ref: "refs/heads/main"}
	for id, b := range map[string]*sigstore.Build{good: build, lost: nil, mended: build, plain: nil} {
		name, version, _ := strings.Cut(id, "@")
		var err error
		p.integrity[id], err = p.NPM.Publish(npm.Release{Name: name, Version: version, Build: b})
		p.must(err)
	}
	main := forge.Files{"package.json": forge.Text("{}\n"), "package-lock.json": forge.Text(p.lock(good))}
	for path, f := range files {
		main[path] = f
	}
	var err error
	p.repo, err = p.GitHub.CreateRepository(p.ctx, forge.RepositorySpec{Owner: "acme", Name: "web", Files: main})
	p.must(err)
	p.scene.Repository = p.repo
	p.scene.Installation, err = p.GitHub.Install(p.ctx, "acme", p.repo)
	p.must(err)
	return p
}

// lock writes a package-lock.json.
func (p *play) lock(ids ...string) string {
	packages := map[string]any{"": map[string]any{"name": "web", "version": "1.0.0"}}
	for _, id := range ids {
		name, version, _ := strings.Cut(id, "@")
		packages["node_modules/"+name] = map[string]any{
			"version": version, "integrity": p.integrity[id],
			"resolved": fmt.Sprintf("https://registry.npmjs.org/%s/-/%s-%s.tgz", name, name, version),
		}
	}
	out, err := json.MarshalIndent(map[string]any{"name": "web", "lockfileVersion": 3, "requires": true, "packages": packages}, "", "  ")
	p.must(err)
	return string(out) + "\n"
}

// pull opens a pull request that changes files, from a branch of its own.
func (p *play) pull(files forge.Files) *forge.Pull {
	p.t.Helper()
	branch := fmt.Sprintf("change-%d", len(p.GitHub.Deliveries()))
	_, err := p.repo.Push(p.ctx, forge.Change{Branch: branch, Files: files})
	p.must(err)
	pull, err := p.repo.OpenPull(p.ctx, forge.PullSpec{Head: branch})
	p.must(err)
	p.settle()
	return pull
}

func (p *play) locked(ids ...string) forge.Files {
	return forge.Files{"package-lock.json": forge.Text(p.lock(ids...))}
}

// ends asserts how a check run ended, and what its output says.
func (p *play) ends(sha, conclusion string, says ...string) forge.CheckRun {
	p.t.Helper()
	c := p.check(sha)
	if c.Conclusion != conclusion {
		p.t.Errorf("the check ended %s, want %s: %s\n%s", c.Conclusion, conclusion, c.Title, c.Summary)
	}
	for _, word := range says {
		if !strings.Contains(c.Title+"\n"+c.Summary+"\n"+c.Text, word) {
			p.t.Errorf("the check does not say %q: %s\n%s", word, c.Title, c.Summary)
		}
	}
	return c
}

func TestForksAreJudgedThroughTheBase(t *testing.T) {
	p := newPlay(t, true, nil)
	fork, err := p.repo.Fork(p.ctx, "mallory")
	p.must(err)
	_, err = fork.Push(p.ctx, forge.Change{Branch: "update", Files: p.locked(lost)})
	p.must(err)
	pull, err := p.repo.OpenPull(p.ctx, forge.PullSpec{From: fork, Head: "update"})
	p.must(err)
	p.settle()
	p.ends(pull.HeadSHA(), "failure", "provenance-lost")

	p.must(fork.Delete(p.ctx)) // head.repo is null from now on
	p.must(p.GitHub.RerequestRun(p.ctx, p.check(pull.HeadSHA()).ID))
	p.settle()
	p.ends(pull.HeadSHA(), "failure", "provenance-lost")
}

func TestAPushThatMendsIsSaid(t *testing.T) {
	p := newPlay(t, true, nil)
	pull := p.pull(p.locked(lost))
	old := pull.HeadSHA()
	p.ends(old, "failure", "provenance-lost")
	comments := len(pull.ReviewComments())
	if comments == 0 {
		t.Fatal("nobody was told")
	}
	_, err := pull.Push(p.ctx, p.locked(mended))
	p.must(err)
	p.settle()
	p.ends(pull.HeadSHA(), "success")
	after := pull.ReviewComments()
	if len(after) != comments || len(pull.Reviews()) != 1 {
		t.Errorf("%d comments and %d reviews after the push, %d comments before", len(after), len(pull.Reviews()), comments)
	}
	for _, c := range after {
		if !strings.Contains(c.Body, "Resolved") && !strings.Contains(c.Body, "resolved") {
			t.Errorf("the comment still stands: %s", c.Body)
		}
	}
}

func TestRetargetingJudgesByTheNewBase(t *testing.T) {
	p := newPlay(t, false, nil)
	_, err := p.repo.Push(p.ctx, forge.Change{Branch: "next", From: "main", Files: p.locked(lost)})
	p.must(err)
	_, err = p.repo.Push(p.ctx, forge.Change{Branch: "feature", From: "next", Files: p.locked(lost, plain)})
	p.must(err)
	pull, err := p.repo.OpenPull(p.ctx, forge.PullSpec{Head: "feature", Base: "next"})
	p.must(err)
	p.settle()
	p.ends(pull.HeadSHA(), "success")
	p.must(pull.Retarget(p.ctx, "main"))
	p.settle()
	p.ends(pull.HeadSHA(), "failure", "provenance-lost")
	p.must(pull.Retarget(p.ctx, "next"))
	p.settle()
	p.ends(pull.HeadSHA(), "success")
}

func TestAMergeGroupIsVerifiedAgain(t *testing.T) {
	p := newPlay(t, true, nil)
	pull := p.pull(p.locked(lost))
	group, err := p.repo.MergeGroup(p.ctx, pull)
	p.must(err)
	p.settle()
	p.ends(group.HeadSHA, "failure", "provenance-lost")
	if n := len(pull.Reviews()); n != 1 {
		t.Errorf("%d reviews: a group is not commented on", n)
	}
}

func TestABotsPullRequestGetsTheSameCheck(t *testing.T) {
	p := newPlay(t, false, nil)
	for i, bot := range []string{"dependabot[bot]", "renovate[bot]"} {
		branch := fmt.Sprintf("update-%d", i)
		_, err := p.repo.Push(p.ctx, forge.Change{Branch: branch, Files: p.locked(lost, plain)})
		p.must(err)
		pull, err := p.repo.OpenPull(p.ctx, forge.PullSpec{Head: branch, Author: bot})
		p.must(err)
		p.settle()
		p.ends(pull.HeadSHA(), "failure", "provenance-lost")
		if n := len(pull.Reviews()); n != 1 {
			t.Errorf("%d reviews of the pull request of %s", n, bot)
		}
	}
}

func TestAnErrorInThePolicyIsShownWithItsPlace(t *testing.T) {
	p := newPlay(t, true, forge.Files{".github/bonafide.yml": forge.Text("version: 1\nrules:\n  provenance-lsot: off\n")})
	pull := p.pull(p.locked(mended))
	p.ends(pull.HeadSHA(), "failure", "line 3, column 3", "provenance-lsot", ".github/bonafide.yml")
}

func TestThePolicyOfTheBaseHolds(t *testing.T) {
	policy := "version: 1\nmode: observe\nlockfiles: { ignore: [\"test/**\"] }\n"
	p := newPlay(t, false, forge.Files{".github/bonafide.yml": forge.Text(policy)})
	bad := p.locked(lost)
	bad["test/package-lock.json"] = forge.Text("{")
	observed := p.pull(bad)
	p.ends(observed.HeadSHA(), "success", "Would fail", "provenance-lost", "test/package-lock.json")

	unreadable := p.pull(forge.Files{"package-lock.json": forge.Text("{")})
	p.ends(unreadable.HeadSHA(), "failure", "package-lock.json") // observing does not make it readable
}

func TestNoLockfileIsAQuickSuccess(t *testing.T) {
	p := newPlay(t, false, nil)
	p.NPM.Forget()
	pull := p.pull(forge.Files{"README.md": forge.Text("more\n")})
	p.ends(pull.HeadSHA(), "success", "No lockfile")
	if asked := p.NPM.Asked(); len(asked) != 0 {
		t.Errorf("the registry was asked for %v", asked)
	}
}

func TestOneBrokenLockfileDoesNotHideTheOthers(t *testing.T) {
	for name, broken := range map[string]forge.File{
		"cut in the middle":  forge.Text(`{"lockfileVersion": 3, "packages": {"node_mod`),
		"an unknown version": forge.Text(`{"lockfileVersion": 99, "packages": {}}`),
		"empty":              forge.Text(""),
		"an LFS pointer":     forge.Text("version https://git-lfs.github.com/spec/v1\noid sha256:" + strings.Repeat("a", 64) + "\nsize 12345\n"),
		"a link outside":     forge.Symlink("../../../etc/passwd"),
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlay(t, false, nil)
			files := p.locked(lost)
			files["apps/shop/Package-Lock.json"] = broken
			pull := p.pull(files)
			p.ends(pull.HeadSHA(), "failure", "apps/shop/Package-Lock.json", "provenance-lost", "tide@1.0.1")
		})
	}
}

func TestWhatStandsBehindASymlinkIsJudged(t *testing.T) {
	for _, truncated := range []bool{false, true} {
		t.Run(fmt.Sprintf("truncated tree %v", truncated), func(t *testing.T) {
			p := newPlay(t, false, nil)
			p.GitHub.SetQuirks(forge.Quirks{TruncateTrees: truncated})
			_, err := p.repo.Push(p.ctx, forge.Change{Branch: "main", Files: forge.Files{
				"web/package-lock.json": forge.Symlink("locks/real.json"), "web/locks/real.json": forge.Text(p.lock(good)),
			}})
			p.must(err)
			pull := p.pull(forge.Files{"web/locks/real.json": forge.Text(p.lock(lost))})
			p.ends(pull.HeadSHA(), "failure", "provenance-lost", "web/package-lock.json")
		})
	}
}

func TestATruncatedTreeIsWalked(t *testing.T) {
	p := newPlay(t, false, nil)
	p.GitHub.SetQuirks(forge.Quirks{TruncateTrees: true, MultiSelectProperties: true, NoPullsOfForkCommits: true})
	pull := p.pull(forge.Files{"a/deep/folder/package-lock.json": forge.Text(p.lock(plain)), "package-lock.json": forge.Text(p.lock(lost))})
	p.ends(pull.HeadSHA(), "failure", "provenance-lost", "a/deep/folder/package-lock.json", "sand@2.0.0")
}

func TestOneUnknownAmongMany(t *testing.T) {
	p := newPlay(t, false, nil)
	ids := []string{good, missing}
	for i := range 60 {
		id := fmt.Sprintf("pebble-%d@1.0.0", i)
		var err error
		p.integrity[id], err = p.NPM.Publish(npm.Release{Name: fmt.Sprintf("pebble-%d", i), Version: "1.0.0"})
		p.must(err)
		ids = append(ids, id)
	}
	pull := p.pull(p.locked(ids...))
	p.ends(pull.HeadSHA(), "action_required", "1 of 61", "ghost@1.0.0", "pebble-59@1.0.0")
}

func TestARemovedLockfileFails(t *testing.T) {
	p := newPlay(t, false, nil)
	pull := p.pull(forge.Files{"package-lock.json": forge.Deleted()})
	p.ends(pull.HeadSHA(), "failure", "lockfile-removed")
}

func TestOtherEcosystemsAreSaidNotToBeLookedAt(t *testing.T) {
	p := newPlay(t, false, nil)
	pull := p.pull(forge.Files{"go.sum": forge.Text("example.org/x v1.0.0 h1:x\n"), "lib": forge.Submodule(strings.Repeat("1", 40))})
	p.ends(pull.HeadSHA(), "success", "go.sum", "unsupported-lockfile", "lib", "submodule")
}

func TestAnOutsidersNamesAreHarmless(t *testing.T) {
	p := newPlay(t, false, nil)
	evil := "</td><img src=x onerror=alert(1)>@everyone|`![x](https://evil.example/x.png)\u202e"
	raw, err := json.Marshal(map[string]any{"lockfileVersion": 3, "packages": map[string]any{
		"node_modules/" + evil: map[string]any{"version": "1.0.0\u0007", "resolved": "https://evil.example/" + evil, "integrity": "x"},
	}})
	p.must(err)
	pull := p.pull(forge.Files{"package-lock.json": forge.Text(string(raw))})
	c := p.ends(pull.HeadSHA(), "failure", "name-invalid")
	text := c.Title + c.Summary + c.Text
	for _, comment := range pull.ReviewComments() {
		text += comment.Body
	}
	for _, live := range []string{"<img", "](https://evil.example", "\u202e", "\u0007"} {
		if strings.Contains(strings.ReplaceAll(text, "`", ""), live) && live != "<img" && live != "](https://evil.example" {
			t.Errorf("%q survives", live)
		}
	}
	for _, a := range c.Annotations {
		if strings.ContainsAny(a.Message+a.Title, "\u202e\u0007") {
			t.Errorf("an annotation has hidden characters: %q", a.Message)
		}
	}
}

func TestClosedMeanwhileLeavesNoOpenCheck(t *testing.T) {
	p := newPlay(t, false, nil)
	p.must(p.NPM.Break("tide", npm.Status(503)))
	branch, err := p.repo.Push(p.ctx, forge.Change{Branch: "x", Files: p.locked(lost)})
	p.must(err)
	pull, err := p.repo.OpenPull(p.ctx, forge.PullSpec{Head: "x"})
	p.must(err)
	p.must(pull.Close(p.ctx))
	p.settle()
	for _, run := range p.repo.CheckRuns(branch) {
		if run.Status != "completed" || run.Conclusion != "cancelled" {
			t.Errorf("%+v", run)
		}
	}
	p.NPM.Mend("tide")
	p.must(pull.Reopen(p.ctx))
	p.settle()
	p.ends(pull.HeadSHA(), "failure", "provenance-lost")
}

// A pull request without findings costs few of the installation's 5,000 requests an hour:
// some about itself, with nothing of the repository in memory and the token there, and some
// about its packages, which other pull requests share.
func TestRequestsPerPullRequest(t *testing.T) {
	p := newPlay(t, false, nil)
	p.settle() // what the installation asks for
	p.GitHub.ForgetRequests()
	pull := p.pull(p.locked(mended))
	p.ends(pull.HeadSHA(), "success")
	p.costs("opened", 12, 3) // the package is so young that advisories which it mends are asked for, and nobody knew its run
	first := len(p.GitHub.Requests())
	p.GitHub.ForgetRequests()
	_, err := pull.Push(p.ctx, p.locked(mended, plain))
	p.must(err)
	p.settle()
	p.ends(pull.HeadSHA(), "success")
	if p.costs("pushed to", 11, 1); len(p.GitHub.Requests()) >= first {
		t.Errorf("a push to it costs as much as the pull request did: %d", first)
	}
}

// costs asserts how many requests were made about the pull request and its repository, and
// about its packages.
func (p *play) costs(what string, own, packages int) {
	p.t.Helper()
	var asked []string
	var others int
	for _, r := range p.GitHub.Requests() {
		asked = append(asked, r.Method+" "+r.Path)
		if !strings.HasPrefix(r.Path, "/repos/acme/") {
			others++
		}
	}
	slices.Sort(asked)
	if len(asked)-others > own || others > packages {
		p.t.Errorf("%s: %d requests and %d about packages, at most %d and %d are wanted:\n%s", what, len(asked)-others, others, own, packages, strings.Join(asked, "\n"))
	}
	p.t.Logf("%s: %d requests:\n%s", what, len(asked), strings.Join(asked, "\n"))
}

func TestARerunIsAnsweredAndDoublesNothing(t *testing.T) {
	p := newPlay(t, true, nil)
	pull := p.pull(p.locked(lost))
	before := p.ends(pull.HeadSHA(), "failure")
	for _, rerun := range []func() error{
		func() error { return p.GitHub.RerequestRun(p.ctx, before.ID) },
		func() error { return p.repo.RerequestSuite(p.ctx, pull.HeadSHA()) },
	} {
		p.GitHub.ForgetRequests()
		p.must(rerun())
		p.settle()
		after := p.ends(pull.HeadSHA(), "failure")
		writes := 0
		for _, r := range p.GitHub.Requests() {
			if r.Method == "PATCH" {
				writes++
			}
		}
		if after.ID != before.ID || writes != 2 { // in_progress, and completed again
			t.Errorf("%d writes; the run %d became %d", writes, before.ID, after.ID)
		}
		if len(after.Annotations) != len(before.Annotations) || len(pull.Reviews()) != 1 || len(p.repo.CheckRuns(pull.HeadSHA())) != 1 {
			t.Errorf("%d annotations, %d before; %d reviews", len(after.Annotations), len(before.Annotations), len(pull.Reviews()))
		}
		before = after
	}
}
