package app_test

import (
	"crypto/sha1"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/sandbox/forge"
	"github.com/bonafide-app/bonafide/app/sandbox/npm"
	"github.com/bonafide-app/bonafide/app/sandbox/sigstore"
)

// webManifest is a package that is published.
const webManifest = `{"name":"@acme/web","version":"1.2.0"}`

// releasing is a repository with a package of its own, whose releases are verified.
func releasing(t *testing.T, judged bool, more ...setting) *later {
	l := &later{}
	l.play = withFiles(emptyStage(t, judged, append(more, l.stocks)...), forge.Files{
		"bonafide.yml": forge.Text("version: 1\npublish: verify\n"),
		"package.json": forge.Text(webManifest),
	})
	l.settle()
	return l
}

// publish publishes a version, as if a workflow run at a commit had done it.
func (l *later) publish(version, commit, ref string) {
	l.t.Helper()
	_, err := l.NPM.Publish(npm.Release{Name: "@acme/web", Version: version, Build: &sigstore.Build{
		Repository: "acme/web", RepositoryID: fmt.Sprint(l.repo.ID), Ref: ref, Commit: commit,
	}})
	l.must(err)
}

// released is what the check about the release says at a commit, "" where there is none.
func (l *later) released(commit string) string {
	l.t.Helper()
	if run := l.releaseRun(commit); run.ID > 0 {
		return run.Conclusion + ": " + run.Title
	}
	return ""
}

// releaseRun is the check about the release of a commit, zero where there is none.
func (l *later) releaseRun(commit string) forge.CheckRun {
	l.t.Helper()
	for _, run := range l.repo.LatestCheckRuns(commit) {
		if strings.HasPrefix(run.Name, "bonafide release") {
			return run
		}
	}
	return forge.CheckRun{}
}

// says waits until the check about the release of a commit says something: a job that waits
// for the registry is not done.
func (l *later) says(commit, want string) {
	l.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for l.released(commit) != want {
		select {
		case <-tick.C:
		case <-l.ctx.Done():
			l.t.Fatalf("%q, want %q", l.released(commit), want)
		}
	}
}

func TestAReleaseIsVerifiedOnceOnItsCommit(t *testing.T) {
	l := releasing(t, true)
	tip := l.tip()
	l.publish("1.2.0", tip, "refs/tags/v1.2.0")
	l.must(l.repo.Annotate(l.ctx, "v1.2.0", "main", "The second release"))
	l.must(l.repo.Publish(l.ctx, "v1.2.0"))
	l.settle()
	if got, want := l.released(tip), "success: @acme/web@1.2.0 is published with provenance from this commit"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	l.GitHub.ForgetRequests()
	l.must(l.repo.Publish(l.ctx, "v1.2.0"))
	l.settle()
	l.must(l.repo.Unpublish(l.ctx, "v1.2.0"))
	l.must(l.repo.DeleteTag(l.ctx, "v1.2.0"))
	l.must(l.repo.Tag(l.ctx, "nightly", "main"))
	l.settle()
	if w := writes(l.asked()); len(w) > 0 {
		t.Errorf("written again: %v", w)
	}
}

func TestATagThatMovedIsHeldAgainstItsNewCommit(t *testing.T) {
	l := releasing(t, false)
	before := l.tip()
	l.publish("1.2.0", before, "refs/tags/v1.2.0")
	for _, text := range []string{"one\n", "two\n"} {
		_, err := l.repo.Push(l.ctx, forge.Change{Branch: "main", Files: forge.Files{"README.md": forge.Text(text)}})
		l.must(err)
	}
	l.must(l.repo.Tag(l.ctx, "v1.2.0", "main"))
	l.settle()
	if got, want := l.released(l.tip()), "failure: 1 package: 1 not built as it should be"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	l.must(l.repo.Tag(l.ctx, "v1.3.0", "main"))
	l.settle()
	if got, want := l.released(l.tip()), "failure: 1 package: 1 with another version than the tag"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestWhatTheRegistryNeverGetsIsSaidAfterAnHour(t *testing.T) {
	l := releasing(t, false)
	l.ahead.Store(int64(2 * time.Hour)) // the delivery is older than the registry's time
	l.must(l.repo.Tag(l.ctx, "v1.2.0", "main"))
	l.settle()
	if got, want := l.released(l.tip()), "failure: 1 package: 1 not published"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	before := l.releaseRun(l.tip())
	l.must(l.GitHub.RerequestRun(l.ctx, before.ID))
	l.settle()
	if after := l.releaseRun(l.tip()); after.Title != before.Title || after.Writes == before.Writes {
		t.Errorf("asked for again, and the same: %+v was %+v", after, before)
	}
	l.publish("1.2.0", l.tip(), "refs/heads/main")
	l.must(l.GitHub.RerequestRun(l.ctx, before.ID))
	l.settle()
	if got := l.released(l.tip()); !strings.HasPrefix(got, "success") {
		t.Error(got)
	}
}

func TestAllChecksOfATaggedCommitAreRunAgain(t *testing.T) {
	l := releasing(t, false)
	l.ahead.Store(int64(2 * time.Hour))
	for _, tag := range []string{"v1.2.0", "web-v1.2.0"} {
		l.must(l.repo.Tag(l.ctx, tag, "main"))
	}
	l.settle()
	l.publish("1.2.0", l.tip(), "refs/heads/main")
	l.must(l.repo.RerequestSuite(l.ctx, l.tip()))
	l.settle()
	names := map[string]string{}
	for _, run := range l.repo.LatestCheckRuns(l.tip()) {
		names[run.Name] = run.Conclusion
	}
	if names["bonafide release"] != "success" || names["bonafide release web"] != "success" {
		t.Errorf("%v", names)
	}
}

func TestALookThatFailsForGoodIsSaid(t *testing.T) {
	l := releasing(t, false, givesUpSoon)
	manifest := fmt.Sprintf("%x", sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(webManifest), webManifest)))
	l.GitHub.SetFault(func(r *http.Request, _ string) *forge.Fault {
		if strings.HasSuffix(r.URL.Path, manifest) {
			return &forge.Fault{Status: http.StatusForbidden, Body: `{"message":"Not this one","documentation_url":"https://docs.github.com","status":"403"}`}
		}
		return nil
	})
	l.must(l.repo.Tag(l.ctx, "v1.2.0", "main"))
	l.settle()
	if got, want := l.released(l.tip()), "neutral: The release could not be looked at"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestAReleaseIsNobodysMatterUnlessThePolicyAsks(t *testing.T) {
	l := &later{}
	l.play = withFiles(emptyStage(t, false, l.stocks), forge.Files{"package.json": forge.Text(`{"name":"@acme/web","version":"1.2.0"}`)})
	l.settle()
	l.NPM.Forget()
	l.GitHub.ForgetRequests()
	l.must(l.repo.Tag(l.ctx, "v1.2.0", "main"))
	l.settle()
	if asked := l.asked(); len(asked) > 5 || len(writes(asked)) > 0 {
		t.Errorf("GitHub was asked for %v", asked)
	}
	if got := l.released(l.tip()); got != "" || len(l.NPM.Asked()) > 0 {
		t.Errorf("%q, and the registry was asked for %v", got, l.NPM.Asked())
	}
}

func TestWhileTheRegistryIsWaitedForTheCheckSaysSoAndHoldsNobodyUp(t *testing.T) {
	l := releasing(t, false)
	tip := l.tip()
	l.must(l.repo.Tag(l.ctx, "v1.2.0", "main"))
	l.says(tip, "neutral: 1 package: 1 waited for")
	l.publish("1.2.0", tip, "refs/tags/v1.2.0")
	l.must(l.repo.Publish(l.ctx, "v1.2.0"))
	l.says(tip, "success: @acme/web@1.2.0 is published with provenance from this commit")
	if run := l.releaseRun(tip); run.Writes != 2 {
		t.Errorf("written %d times", run.Writes)
	}
}

func TestTheDefaultBranchSaysWhetherReleasesAreLookedAt(t *testing.T) {
	manifest, asks := forge.Text(`{"name":"@acme/web","version":"1.2.0"}`), forge.Text("version: 1\npublish: verify\n")
	l := &later{}
	l.play = withFiles(emptyStage(t, false, l.stocks), forge.Files{"package.json": manifest})
	before := l.tip()
	_, err := l.repo.Push(l.ctx, forge.Change{Branch: "theirs", Files: forge.Files{"package.json": manifest, "bonafide.yml": asks}})
	l.must(err)
	l.must(l.repo.Tag(l.ctx, "v1.2.0", "theirs"))
	l.settle()
	theirs, err := l.repo.Tip(l.ctx, "theirs")
	l.must(err)
	if got := l.released(theirs); got != "" {
		t.Errorf("a commit asks for itself: %s", got)
	}
	_, err = l.repo.Push(l.ctx, forge.Change{Branch: "main", Files: forge.Files{"package.json": manifest, "bonafide.yml": asks}})
	l.must(err)
	l.publish("1.2.0", before, "refs/tags/v1.2.0")
	l.must(l.repo.Tag(l.ctx, "v1.2.0", before))
	l.settle()
	if got := l.released(before); !strings.HasPrefix(got, "success: ") {
		t.Errorf("a commit from before the policy: %q", got)
	}
}

func TestATagThatGitHubDoesNotShowYetIsLookedForAgain(t *testing.T) {
	l := releasing(t, false)
	l.publish("1.2.0", l.tip(), "refs/tags/v1.2.0")
	l.faultOn(http.StatusNotFound, func(r *http.Request) bool { return strings.Contains(r.URL.Path, "/git/ref/tags/") }, 1)
	l.must(l.repo.Tag(l.ctx, "v1.2.0", "main"))
	l.settle()
	if got := l.released(l.tip()); !strings.HasPrefix(got, "success: ") {
		t.Errorf("%q", got)
	}
}

func TestTagsOfAMonorepoAreAboutTheirOwnPackages(t *testing.T) {
	l := &later{}
	l.play = withFiles(emptyStage(t, false, l.stocks), forge.Files{
		"bonafide.yml": forge.Text("version: 1\npublish: verify\n"), "package.json": forge.Text(`{"name":"acme","version":"9.0.0","private":true,"workspaces":["packages/*"]}`),
		"packages/web/package.json":    forge.Text(`{"name":"@acme/web","version":"1.2.0"}`),
		"packages/cli/package.json":    forge.Text(`{"name":"@acme/cli","version":"2.0.0"}`),
		"packages/secret/package.json": forge.Text(`{"name":"@acme/secret","version":"3.0.0","private":true}`),
	})
	l.settle()
	tip := l.tip()
	l.publish("1.2.0", tip, "refs/tags/@acme/web@1.2.0")
	for _, tag := range []string{"@acme/web@1.2.0", "web-v1.2.0", "v9.0.0", "v8.0.0", "@acme/secret@3.0.0", "secret-v3.0.1", "chart-2.0.0", "charts/acme/v1.2.0"} {
		l.must(l.repo.Tag(l.ctx, tag, "main"))
	}
	l.settle()
	var got []string
	for _, run := range l.repo.LatestCheckRuns(tip) {
		if strings.HasPrefix(run.Name, "bonafide release") {
			got = append(got, run.Name+": "+run.Title)
		}
	}
	slices.Sort(got)
	want := []string{
		"bonafide release @acme/web: @acme/web@1.2.0 is published with provenance from this commit",
		"bonafide release web: 1 package: 1 built here, with a remark", // for another tag of the commit
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	for _, asked := range l.NPM.Asked() {
		if strings.Contains(asked, "secret") || strings.Contains(asked, "cli") {
			t.Errorf("asked about %s", asked)
		}
	}
}
