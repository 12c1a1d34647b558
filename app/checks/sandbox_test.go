package checks_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/checks"
	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/report"
	"github.com/bonafide-app/bonafide/app/review"
	"github.com/bonafide-app/bonafide/app/sandbox/contract"
	"github.com/bonafide-app/bonafide/app/sandbox/forge"
)

// world is the sandbox GitHub and a Forge that calls it. Every exchange is held
// against GitHub's own description.
type world struct {
	t     *testing.T
	hub   *forge.Server
	repo  *forge.Repository
	in    *forge.Installation
	at    review.Repository
	forge *checks.Forge
}

func newWorld(t *testing.T) *world {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("skipped: git is not on PATH")
	}
	judge := contract.ForTest(t)
	w := &world{t: t}
	hooks := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusAccepted) }))
	t.Cleanup(hooks.Close)
	var err error
	w.hub, err = forge.New(t.TempDir(), forge.Options{Secret: "a secret for tests", WebhookURL: hooks.URL})
	w.must(err)
	t.Cleanup(func() { _ = w.hub.Close() })
	api := httptest.NewServer(w.hub.Handler())
	t.Cleanup(api.Close)
	w.must(w.hub.SetURL(api.URL))
	w.hub.SetQuirks(forge.Quirks{MultiSelectProperties: true, NoPullsOfForkCommits: true})

	w.repo, err = w.hub.CreateRepository(t.Context(), forge.RepositorySpec{Owner: "acme", Name: "web", Files: forge.Files{
		"README.md": forge.Text("# web\n"), "package-lock.json": forge.Text(lines(1, 200)), "apps/shop/package-lock.json": forge.Text("{}\n"),
		"src/index.js": forge.Text("1\n"),
	}})
	w.must(err)
	w.in, err = w.hub.Install(t.Context(), "acme")
	w.must(err)
	w.at = review.Repository{Installation: w.in.ID, Owner: "acme", Name: "web"}
	clients, err := checks.NewClientCreator(checks.ClientConfig{
		APIURL: w.hub.APIURL(), AppID: w.hub.AppID(), PrivateKey: w.hub.PrivateKeyPEM(), UserAgent: "bonafide/test",
		Transport: judge.TransportForTest(t, http.DefaultTransport),
	})
	w.must(err)
	w.forge, err = checks.New(clients, checks.Options{AppID: w.hub.AppID(), Logger: zerolog.Nop(), Hurry: true, Details: pageOf})
	w.must(err)
	t.Cleanup(func() {
		for _, r := range w.hub.UnknownRoutes() {
			t.Errorf("GitHub has no %s %s", r.Method, r.Path)
		}
	})
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// pageOf is where the pages of this world's checks would be.
func pageOf(at review.Repository, sha string) string {
	return "https://bonafide.example.com/r/" + at.Owner + "/" + at.Name + "/commit/" + sha
}

func lines(from, to int) string {
	var b strings.Builder
	for i := from; i <= to; i++ {
		fmt.Fprintln(&b, i)
	}
	return b.String()
}

// fork opens a pull request from a stranger's fork that changes the lockfile.
func (w *world) fork() (*forge.Pull, *forge.Repository) {
	w.t.Helper()
	fork, err := w.repo.Fork(w.t.Context(), "stranger")
	w.must(err)
	_, err = fork.Push(w.t.Context(), forge.Change{Branch: "fix/it", From: "main", Files: forge.Files{
		"package-lock.json": forge.Text(strings.Replace(lines(1, 200), "\n50\n", "\nfifty\n", 1)),
		"linked.json":       forge.Symlink("apps/shop/package-lock.json"),
	}})
	w.must(err)
	p, err := w.repo.OpenPull(w.t.Context(), forge.PullSpec{Head: "fix/it", From: fork})
	w.must(err)
	return p, fork
}

// read does what a review does before it judges, and returns the head's side.
func (w *world) read(p *forge.Pull) (review.Pull, review.Tree) {
	w.t.Helper()
	ctx := w.t.Context()
	pull, err := w.forge.PullRequest(ctx, w.at, p.Number)
	w.must(err)
	open, err := w.forge.OpenPulls(ctx, w.at, pull.HeadSHA)
	w.must(err)
	if !slices.Contains(open, pull) {
		w.t.Errorf("%+v is not among the open ones: %+v", pull, open)
	}
	tip, err := w.forge.Tip(ctx, w.at, pull.BaseRef)
	w.must(err)
	if _, problem, err := w.forge.Policy(ctx, w.at, tip); err != nil || problem != nil {
		w.t.Errorf("policy: %+v, %v", problem, err)
	}
	base, head, err := w.forge.Trees(ctx, w.at, tip, pull.HeadSHA)
	w.must(err)
	for _, tree := range []review.Tree{base, head} {
		if _, err := tree.Read(ctx, find(w.t, tree, "package-lock.json")); err != nil {
			w.t.Error(err)
		}
	}
	return pull, head
}

func find(t *testing.T, tree review.Tree, path string) review.TreeEntry {
	t.Helper()
	i := slices.IndexFunc(tree.Entries(), func(e review.TreeEntry) bool { return e.Path == path })
	if i < 0 {
		t.Fatalf("no %s among %v", path, tree.Entries())
	}
	return tree.Entries()[i]
}

func verdict(conclusion policy.Conclusion, at ...int) report.Report {
	r := report.Report{Kind: report.Diff, Conclusion: conclusion, Mode: policy.Enforce, PolicyFrom: "the defaults"}
	for _, line := range at {
		r.Findings = append(r.Findings, policy.Finding{Rule: "repinned", Severity: policy.Error, Lockfile: "package-lock.json", Line: line,
			Message: fmt.Sprintf("The digest at line %d changed.", line), Help: "Ask who changed it."})
	}
	return r
}

// tell publishes a report as the check of a pull request and comments on it.
func (w *world) tell(pull review.Pull, r report.Report) {
	w.t.Helper()
	ctx := w.t.Context()
	ground := fmt.Sprintf("pr/%d %s@%s policy@%s", pull.Number, pull.BaseRef, pull.BaseSHA, pull.BaseSHA)
	run, err := w.forge.Begin(ctx, w.at, pull.HeadSHA, ground)
	w.must(err)
	w.must(w.forge.Finish(ctx, run, report.Check{Sections: []report.Section{{PullRequest: pull.Number, BaseRef: pull.BaseRef, Report: r}}}))
	w.must(w.forge.Comment(ctx, w.at, pull, r))
}

func (w *world) writes() (out []string) {
	for _, r := range w.hub.Requests() {
		if r.Method != http.MethodGet && !strings.HasSuffix(r.Path, "/access_tokens") {
			out = append(out, r.Method+" "+r.Path)
		}
	}
	return out
}

func TestADeletedForksPullRequestIsReadOnTheSandbox(t *testing.T) {
	w := newWorld(t)
	p, fork := w.fork()
	w.must(fork.Delete(t.Context()))
	_, head := w.read(p)
	target, err := head.Read(t.Context(), find(t, head, "linked.json"))
	if err != nil || string(target) != "apps/shop/package-lock.json" {
		t.Errorf("the symlink: %q, %v", target, err)
	}
}

func TestAVerdictIsToldOnceAndMendedOnTheSandbox(t *testing.T) {
	w := newWorld(t)
	p, _ := w.fork()
	pull, _ := w.read(p)
	var at []int
	for line := 40; line < 160; line++ {
		at = append(at, line) // the diff shows 47 to 53
	}
	r := verdict(policy.Failure, at...)
	w.tell(pull, r)
	runs := w.repo.CheckRuns(pull.HeadSHA)
	for _, run := range runs {
		if run.DetailsURL != pageOf(w.at, pull.HeadSHA) {
			t.Errorf("the details of run %d are at %q", run.ID, run.DetailsURL)
		}
	}
	if len(runs) != 1 || runs[0].Status != "completed" || runs[0].Conclusion != "failure" || len(runs[0].Annotations) != 120 {
		t.Errorf("%d runs, %+v", len(runs), runs)
	}
	reviews, onLines, onFiles := 0, 0, 0
	for _, r := range p.Reviews() {
		if r.Body != "" {
			reviews++
		}
	}
	for _, c := range p.ReviewComments() {
		if c.WholeFile {
			onFiles++
		} else {
			onLines++
		}
	}
	if reviews != 1 || onLines != 7 || onFiles != 1 {
		t.Errorf("%d reviews, %d comments on lines, %d on files", reviews, onLines, onFiles)
	}

	w.hub.ForgetRequests()
	w.tell(pull, r)
	if wrote := w.writes(); len(wrote) != 0 {
		t.Errorf("a second time wrote %v", wrote)
	}

	_, err := p.Push(t.Context(), forge.Files{"src/index.js": forge.Text("2\n")})
	w.must(err)
	mended, _ := w.read(p)
	w.tell(mended, verdict(policy.Success))
	for _, c := range p.ReviewComments() {
		if !strings.Contains(c.Body, "Resolved in "+mended.HeadSHA) {
			t.Errorf("a comment says %s", c.Body)
		}
	}
}

func TestACutTreeIsWalkedOnTheSandbox(t *testing.T) {
	w := newWorld(t)
	w.hub.SetQuirks(forge.Quirks{TruncateTrees: true})
	p, _ := w.fork()
	w.read(p)
}

// The budget counts what a review does on a pull request without findings. The
// token is for an hour; the base's tree and blobs are for all who want to go there.
func TestAPullRequestWithoutFindingsTakesFewRequests(t *testing.T) {
	w := newWorld(t)
	for _, most := range []int{13, 11} {
		w.hub.ForgetRequests()
		p, err := w.repo.OpenPull(t.Context(), forge.PullSpec{Head: w.branch(most)})
		w.must(err)
		pull, _ := w.read(p)
		_, err = w.forge.OpenPulls(t.Context(), w.at, pull.HeadSHA) // is it still there?
		w.must(err)
		w.tell(pull, verdict(policy.Success))
		requests := slices.DeleteFunc(w.hub.Requests(), func(r forge.Request) bool { return strings.HasSuffix(r.Path, "/access_tokens") })
		if len(requests) > most {
			for _, r := range requests {
				t.Log(r.Method, r.Path, r.Query)
			}
			t.Errorf("%d requests, want %d at most", len(requests), most)
		}
	}
}

// branch makes a branch that changes the lockfile.
func (w *world) branch(n int) string {
	w.t.Helper()
	name := fmt.Sprint("change-", n)
	_, err := w.repo.Push(w.t.Context(), forge.Change{Branch: name, From: "main", Files: forge.Files{"package-lock.json": forge.Text(lines(1, n))}})
	w.must(err)
	return name
}

// What is asked about other repositories, and of the advisories, is held against GitHub's
// own description like the rest.
func TestTheHubAsksAsGitHubDescribesIt(t *testing.T) {
	w := newWorld(t)
	sha := func(c string) string { return strings.Repeat(c, 40) }
	w.must(w.hub.AddUpstream(forge.Upstream{
		ID: 1000, Owner: "lib", Name: "axios", Branches: map[string]string{"main": sha("a"), "1.x": sha("b")}, Tags: map[string]string{"v1.0.0": sha("c")},
		History: []string{sha("d")}, Merged: []string{sha("e")}, Loose: []string{sha("f")},
		Runs: []forge.WorkflowRun{{ID: 1234, Attempt: 1, Event: "push", Commit: sha("c"), Workflow: ".github/workflows/release.yml", Conclusion: "failure",
			Jobs: []forge.Job{{Name: "Test", Conclusion: "failure"}, {Name: "Publish", Conclusion: "skipped"}}}},
	}))
	w.must(w.hub.AddUpstream(forge.Upstream{ID: 1001, Owner: "lib", Name: "secret", Private: true}))
	w.hub.AddAdvisory(forge.Advisory{ID: "GHSA-aaaa-bbbb-cccc", Type: "malware", Summary: "Malware in evil", Affects: []forge.Affected{{Name: "@lib/evil", Range: "= 6.6.6"}}})
	w.hub.AddAdvisory(forge.Advisory{ID: "GHSA-dddd-eeee-ffff", Type: "malware", Summary: "A mistake", Withdrawn: true, Affects: []forge.Affected{{Name: "good", Range: ">= 0"}}})
	w.hub.AddAdvisory(forge.Advisory{ID: "GHSA-gggg-hhhh-iiii", Type: "reviewed", Summary: "A hole", Affects: []forge.Affected{{Name: "good", Range: "< 1.0.5", Fixed: "1.0.5"}}})
	hub := w.forge.Hub(w.at)

	id := provenance.Identity{Repository: "https://github.com/lib/axios", RepositoryID: "1000", Ref: "refs/tags/v1.0.0", Commit: sha("c"),
		Run: "https://github.com/lib/axios/actions/runs/1234/attempts/1"}
	if r := hub.Run(t.Context(), id); r.Looked != policy.Answered || r.Conclusion != "failure" || r.Standing != policy.OnRef || !slices.Equal(r.Skipped, []string{"Publish"}) || r.Event != "push" {
		t.Errorf("run: %+v", r)
	}
	id.Run = "https://github.com/lib/axios/actions/runs/1235/attempts/1"
	if r := hub.Run(t.Context(), id); r.Looked != policy.Gone {
		t.Errorf("a run that is gone: %+v", r)
	}
	for c, want := range map[string]policy.Standing{"a": policy.OnRef, "b": policy.OnRef, "c": policy.OnRef, "d": policy.OnRef, "e": policy.OnRef, "f": policy.Orphan, "9": policy.Orphan} {
		if got := hub.Commit(t.Context(), "https://github.com/lib/axios", sha(c)); got.Looked != policy.Answered || got.Standing != want {
			t.Errorf("commit %s: %+v", c, got)
		}
	}
	for _, repository := range []string{"https://github.com/lib/secret", "https://github.com/lib/nowhere"} {
		if got := hub.Commit(t.Context(), repository, sha("a")); got.Looked != policy.Hidden {
			t.Errorf("%s: %+v", repository, got)
		}
	}
	npm := func(name, version string) dep.Package {
		return dep.Package{Ecosystem: dep.NPM, Name: name, Version: version}
	}
	named, inquiry := hub.Malware(t.Context(), []dep.Package{npm("@lib/evil", "6.6.6"), npm("@lib/evil", "6.6.5"), npm("good", "1.0.0")})
	if inquiry.Looked != policy.Answered || len(named) != 1 || len(named[npm("@lib/evil", "6.6.6")]) != 1 {
		t.Errorf("malware: %+v, %+v", named, inquiry)
	}
	fixes := hub.Fixes(t.Context(), []review.Update{{Release: npm("good", "1.0.5"), From: "1.0.0"}})
	if f := fixes[npm("good", "1.0.5")]; len(f) != 1 || f[0].ID != "GHSA-gggg-hhhh-iiii" {
		t.Errorf("fixes: %+v", fixes)
	}
}

// GitHub takes a comment on a line that the diff shows, and on no other.
func TestACommentStandsOnTheManifestOfTheSandbox(t *testing.T) {
	w := newWorld(t)
	asks := func(version string) forge.File {
		return forge.Text("{\n  \"private\": true,\n  \"dependencies\": {\n    \"sand\": \"1\",\n    \"tide\": \"" + version + "\"\n  }\n}\n")
	}
	_, err := w.repo.Push(t.Context(), forge.Change{Branch: "main", Files: forge.Files{"apps/shop/package.json": asks("^1.0.0")}})
	w.must(err)
	_, err = w.repo.Push(t.Context(), forge.Change{Branch: "update", From: "main", Files: forge.Files{
		"apps/shop/package.json": asks("^1.0.1"), "package-lock.json": forge.Text(strings.Replace(lines(1, 200), "\n50\n", "\nfifty\n", 1)),
	}})
	w.must(err)
	p, err := w.repo.OpenPull(t.Context(), forge.PullSpec{Head: "update"})
	w.must(err)
	pull, _ := w.read(p)

	tide := dep.Entry{Package: dep.Package{Ecosystem: dep.NPM, Name: "tide", Version: "1.0.1"}, Lockfile: "package-lock.json", Direct: true, Workspaces: []string{".", "apps/shop"}}
	r := verdict(policy.Failure, 50, 150)
	r.Findings[1].Package = tide.Package
	r.Packages = []report.Package{{Entry: tide, Manifests: report.ManifestsOf([]dep.Entry{tide})}}
	w.tell(pull, r)
	var at []string
	for _, c := range p.ReviewComments() {
		at = append(at, fmt.Sprint(c.Path, ":", c.Line))
	}
	if slices.Sort(at); !slices.Equal(at, []string{"apps/shop/package.json:5", "package-lock.json:50"}) {
		t.Errorf("they stand at %v", at)
	}
	_, err = p.Push(t.Context(), forge.Files{"src/index.js": forge.Text("2\n")})
	w.must(err)
	pushed, _ := w.read(p)
	w.hub.ForgetRequests()
	r.Packages[0].Manifests = nil // the place is another one now
	w.must(w.forge.Comment(t.Context(), w.at, pushed, r))
	if wrote := w.writes(); len(wrote) != 0 {
		t.Errorf("a second time wrote %v", wrote)
	}
}
