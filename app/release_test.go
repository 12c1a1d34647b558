package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/sandbox/forge"
	"github.com/bonafide-app/bonafide/app/sandbox/npm"
	"github.com/bonafide-app/bonafide/app/sandbox/sigstore"
)

// releasing is a repository with a package of its own, whose releases are verified.
func releasing(t *testing.T, judged bool) *later {
	l := &later{}
	l.play = withFiles(emptyStage(t, judged, l.stocks), forge.Files{
		"bonafide.yml": forge.Text("version: 1\npublish: verify\n"),
		"package.json": forge.Text(`{"name":"@acme/web","version":"1.2.0"}`),
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
	for _, run := range l.repo.LatestCheckRuns(commit) {
		if run.Name == "bonafide release" {
			return run.Conclusion + ": " + run.Title
		}
	}
	return ""
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
	l.publish("1.2.0", l.tip(), "refs/heads/main")
	for _, run := range l.repo.LatestCheckRuns(l.tip()) {
		if run.Name == "bonafide release" {
			l.must(l.GitHub.RerequestRun(l.ctx, run.ID))
		}
	}
	l.settle()
	if got := l.released(l.tip()); !strings.HasPrefix(got, "success") {
		t.Error(got)
	}
}

func TestAReleaseIsNobodysMatterUnlessThePolicyAsks(t *testing.T) {
	l := &later{}
	l.play = withFiles(emptyStage(t, false, l.stocks), forge.Files{"package.json": forge.Text(`{"name":"@acme/web","version":"1.2.0"}`)})
	l.settle()
	l.NPM.Forget()
	l.must(l.repo.Tag(l.ctx, "v1.2.0", "main"))
	l.settle()
	if got := l.released(l.tip()); got != "" || len(l.NPM.Asked()) > 0 {
		t.Errorf("%q, and the registry was asked for %v", got, l.NPM.Asked())
	}
}
