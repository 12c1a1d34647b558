package released_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
	"github.com/bonafide-app/bonafide/app/released"
)

var update = flag.Bool("update", false, "write the golden files")

func TestATagNamesAWholeVersion(t *testing.T) {
	for name, want := range map[string]string{
		"v1.2.3": " 1.2.3", "1.2.3": " 1.2.3", "1.2.3-rc.1": " 1.2.3-rc.1", "1.2.3+build.7": " 1.2.3",
		"@acme/web@1.2.3": "@acme/web 1.2.3", "web@v1.2.3": "web 1.2.3", "web-v1.2.3": "web 1.2.3", "web-client-1.2.3": "web-client 1.2.3", "packages/web/v1.2.3": "packages/web 1.2.3",
		"@azure/storage-blob_12.1.0": "@azure/storage-blob 12.1.0", "release-1.2.3": " 1.2.3", "Release/v1.2.3": " 1.2.3", "released-1.2.3": "released 1.2.3",
		"v1": "", "v1.2": "", "nightly": "", "": "", "v01.2.3": "", "v1.2.3.4": "", "release": "", strings.Repeat("x", 300) + "@1.2.3": "",
	} {
		tag, ok := released.ParseTag(name)
		got := ""
		if ok {
			got = tag.About + " " + tag.Version
		}
		if got != want {
			t.Errorf("%q names %q, want %q", name, got, want)
		}
	}
}

func TestAManifestSaysWhatIsPublished(t *testing.T) {
	m, err := released.ReadManifest("a/package.json", []byte("\xef\xbb\xbf"+`{"name":"@acme/a","version":"1.0.0","private":true,"publishConfig":{"registry":"https://npm.example.com","access":"public"},"workspaces":{"packages":["x/*"]}}`))
	if err != nil || m.Name != "@acme/a" || !m.Private || m.Registry != "https://npm.example.com" || m.Access != "public" || strings.Join(m.Workspaces, " ") != "x/*" {
		t.Errorf("%+v, %v", m, err)
	}
	if m, err := released.ReadManifest("package.json", []byte(`{"name":7,"version":[],"workspaces":"x"}`)); err != nil || m.Name != "" || m.Version != "" || m.Workspaces != nil {
		t.Errorf("%+v, %v", m, err)
	}
	if m, err := released.ReadManifest("package.json", []byte(`{"name":"a","private":"false","publishConfig":{"registry":[],"access":true},"workspaces":{"packages":"x"}}`)); err != nil || !m.Private || m.Registry != "" || m.Access != "" || m.Workspaces != nil {
		t.Errorf("%+v, %v", m, err)
	}
	for _, public := range []string{"false", "null", "0", `""`} {
		if m, err := released.ReadManifest("package.json", []byte(`{"name":"a","private":`+public+`}`)); err != nil || m.Private {
			t.Errorf("private %s: %+v, %v", public, m, err)
		}
	}
	for _, bad := range []string{`{"name":"a","name":"b"}`, "", "[]", "{", strings.Repeat(" ", released.MaxManifestBytes+1)} {
		if _, err := released.ReadManifest("package.json", []byte(bad)); err == nil {
			t.Errorf("%.20q is no manifest", bad)
		}
	}
	if p, err := released.ReadPatterns("pnpm-workspace.yaml", []byte("packages:\n  - packages/*\n  - '!packages/old'\n")); err != nil || len(p) != 2 {
		t.Error(p, err)
	}
	if p, err := released.ReadPatterns("lerna.json", []byte(`{"packages":["packages/*"]}`)); err != nil || len(p) != 1 {
		t.Error(p, err)
	}
	if p, err := released.ReadPatterns("pnpm-workspace.yaml", nil); err != nil || len(p) != 0 {
		t.Error(p, err)
	}
	if p, err := released.ReadPatterns("pnpm-workspace.yaml", []byte("packages: "+strings.Repeat("[", 5000))); err == nil {
		t.Error("nesting without an end is read:", p)
	}
	if p, err := released.ReadPatterns("pnpm-workspace.yaml", []byte("catalog: "+strings.Repeat("[", 1000)+strings.Repeat("]", 1000))); err == nil {
		t.Error("what is nested a thousand times is read:", p)
	}
}

func TestWorkspacesAreThoseThatPatternsName(t *testing.T) {
	paths := []string{"package.json", "packages/a/package.json", "packages/old/package.json", "packages/a/test/package.json", "packages/a/node_modules/x/package.json", "site/package.json", "node_modules/y/package.json"}
	for patterns, want := range map[string]string{
		"packages/*":               "packages/a/package.json packages/old/package.json",
		"./packages/*/":            "packages/a/package.json packages/old/package.json",
		"packages/* !packages/old": "packages/a/package.json",
		"**":                       "packages/a/package.json packages/a/test/package.json packages/old/package.json site/package.json",
		"[":                        "",
	} {
		if got := strings.Join(released.Workspaces(strings.Fields(patterns), paths), " "); got != want {
			t.Errorf("%s: %s, want %s", patterns, got, want)
		}
	}
}

func TestATagIsAboutThePackagesWithItsVersion(t *testing.T) {
	root := manifest("package.json", "root", "0.0.0")
	root.Private = true
	app := manifest("app/package.json", "@acme/app", "9.0.0")
	app.Private = true
	web, cli := manifest("packages/web/package.json", "@acme/web", "1.2.3"), manifest("packages/cli/package.json", "@acme/cli", "4.0.0")
	all := []released.Manifest{root, web, cli, manifest("packages/dev/package.json", "@acme/dev", "0.0.0-development")}
	unset := []released.Manifest{manifest("package.json", "x", "0.0.0")}
	built := []released.Manifest{manifest("package.json", "x", "=v1.2.3+7")}
	for _, c := range []struct {
		tag, about, disagree string
		manifests            []released.Manifest
	}{
		{"v1.2.3", "@acme/web@1.2.3", "", all[:3]},
		{"v1.2.3", "@acme/web@1.2.3 @acme/dev@1.2.3", "", all},
		{"@acme/cli@4.0.0", "@acme/cli@4.0.0", "", all},
		{"cli-v4.0.0", "@acme/cli@4.0.0", "", all},
		{"packages/cli/v4.0.1", "", "@acme/cli@4.0.0", all},
		{"@acme/dev@2.0.0", "@acme/dev@2.0.0", "", all},
		{"release-1.2.3", "@acme/web@1.2.3", "", all[:3]},
		{"v0.0.0", "", "", all[:1]},
		// one version for all, or one package: the tag cannot be another's
		{"v9.0.0", "", "@acme/web@1.2.3", all[:2]},
		{"v9.0.0", "", "@acme/web@1.2.3 c@1.2.3", []released.Manifest{root, web, manifest("c/package.json", "c", "1.2.3")}},
		{"release-9.0.0", "", "@acme/web@1.2.3", all[:2]},
		{"Shop-v9.0.0", "", "@acme/web@1.2.3", all[:2]}, // the repository's name
		// packages that go their own ways
		{"v9.0.0", "", "", all[:3]},
		// a private package's own
		{"v9.0.0", "", "", []released.Manifest{app, web}},
		{"app-v9.0.0", "", "", []released.Manifest{app, web}},
		{"@acme/app@9.0.1", "", "", []released.Manifest{app, web}},
		// what is no package
		{"chart-1.2.3", "", "", all},
		{"chart-9.0.0", "", "", all[:2]},
		{"sdk/go/v1.2.3", "", "", unset},
		// a version that nobody has set
		{"v1.2.3", "x@1.2.3", "", unset},
		{"v1.2.3", "@acme/web@1.2.3", "", append(unset, web)},
		{"v1.2.3", "x@1.2.3", "", built},
	} {
		tag, ok := released.ParseTag(c.tag)
		about, disagree := tag.Of("shop", c.manifests)
		if got := ids(about); !ok || got != c.about || ids(disagree) != c.disagree {
			t.Errorf("%s is about %q and disagrees with %q", c.tag, got, ids(disagree))
		}
	}
}

// manifest is one that was read, with a version as it stands in the file.
func manifest(path, name, version string) released.Manifest {
	m, _ := released.ReadManifest(path, fmt.Appendf(nil, `{"name":%q,"version":%q}`, name, version))
	return m
}

func ids(list []released.Manifest) string {
	var out []string
	for _, m := range list {
		out = append(out, m.Name+"@"+m.Version)
	}
	return strings.Join(out, " ")
}

const (
	tagged = "1111111111111111111111111111111111111111"
	parent = "2222222222222222222222222222222222222222"
	other  = "3333333333333333333333333333333333333333"
)

// sound is the evidence of a release that this repository built from the tagged commit.
func sound(change func(*provenance.Evidence, *provenance.Identity)) provenance.Evidence {
	id := &provenance.Identity{
		Issuer: "https://token.actions.githubusercontent.com", Repository: "https://github.com/acme/web", RepositoryID: "7",
		Commit: tagged, Ref: "refs/tags/v1.2.3", Run: "https://github.com/acme/web/actions/runs/9/attempts/1",
	}
	e := provenance.Evidence{Release: &registry.Release{Repository: "git+https://github.com/acme/web.git", Publisher: registry.Publisher{Name: "robin"}}}
	verified := provenance.Check{State: provenance.Verified}
	e.Signature.Check, e.Digest.Check, e.Publish.Check = verified, verified, verified
	e.Provenance = provenance.Provenance{Check: verified, Announced: true, Identity: id}
	if change != nil {
		change(&e, id)
	}
	return e
}

func TestWhatIsSaidOfARelease(t *testing.T) {
	tag, _ := released.ParseTag("v1.2.3")
	look := released.Look{Tag: tag, Repository: "github.com/acme/web", RepositoryID: 7, Commit: tagged, Parents: []string{parent}}
	answered := func(change func(*policy.Run)) policy.Run {
		r := policy.Run{Inquiry: policy.Inquiry{Looked: policy.Answered}, Commit: tagged, Conclusion: "success"}
		change(&r)
		return r
	}
	type change = func(*provenance.Evidence, *provenance.Identity)
	check := released.Check{Look: look}
	var pending []string
	for _, c := range []struct {
		name   string
		want   released.State
		change change
		run    policy.Run
	}{
		{"sound", released.Proven, nil, policy.Run{}},
		{"branch", released.Proven, func(_ *provenance.Evidence, id *provenance.Identity) { id.Ref = "refs/heads/main" }, policy.Run{}},
		{"renamed", released.Proven, func(_ *provenance.Evidence, id *provenance.Identity) {
			id.Repository = "https://github.com/acme/site"
		}, policy.Run{}},
		{"never", released.NotPublished, func(e *provenance.Evidence, _ *provenance.Identity) { *e = provenance.Evidence{Gone: true} }, policy.Run{}},
		{"down", released.Unknown, func(e *provenance.Evidence, _ *provenance.Identity) {
			*e = provenance.Evidence{Retry: true}
			e.Provenance.Check = provenance.Check{State: provenance.Unknown, Reason: "the registry answered 503."}
		}, policy.Run{}},
		{"token", released.NoProvenance, func(e *provenance.Evidence, _ *provenance.Identity) {
			e.Provenance = provenance.Provenance{Check: provenance.Check{State: provenance.Absent}}
		}, policy.Run{}},
		{"withheld", released.Wrong, func(e *provenance.Evidence, _ *provenance.Identity) {
			e.Provenance = provenance.Provenance{Announced: true, Check: provenance.Check{State: provenance.Absent}}
		}, policy.Run{}},
		{"forged", released.Wrong, func(e *provenance.Evidence, _ *provenance.Identity) {
			e.Provenance = provenance.Provenance{Announced: true, Check: provenance.Check{State: provenance.Invalid, Reason: "the log entry is <b>another's</b>."}}
		}, policy.Run{}},
		{"stranger", released.Wrong, func(_ *provenance.Evidence, id *provenance.Identity) {
			id.Repository, id.RepositoryID = "https://github.com/evil/web", "8"
		}, policy.Run{}},
		{"elsewhere", released.Wrong, func(_ *provenance.Evidence, id *provenance.Identity) { id.Issuer = "https://gitlab.com" }, policy.Run{}},
		{"stale", released.Wrong, func(_ *provenance.Evidence, id *provenance.Identity) { id.Commit = other }, policy.Run{}},
		{"pull", released.Wrong, func(_ *provenance.Evidence, id *provenance.Identity) { id.Ref = "refs/pull/5/merge" }, policy.Run{}},
		{"bumped", released.Aside, func(_ *provenance.Evidence, id *provenance.Identity) { id.Commit, id.Ref = parent, "refs/heads/main" }, policy.Run{}},
		{"twin", released.Aside, func(_ *provenance.Evidence, id *provenance.Identity) { id.Ref = "refs/tags/web@1.2.3" }, policy.Run{}},
		{"foreign-run", released.Wrong, nil, answered(func(r *policy.Run) { r.Commit = other })},
		{"failed-run", released.Aside, nil, answered(func(r *policy.Run) { r.Conclusion = "failure" })},
		{"half-known-run", released.Wrong, nil, policy.Run{Inquiry: policy.Inquiry{Looked: policy.Unreachable, Reason: "GitHub answered 502"}, Commit: other, Conclusion: "success"}},
		{"unknown-run", released.Proven, nil, policy.Run{Inquiry: policy.Inquiry{Looked: policy.Unreachable, Reason: "GitHub answered 502"}}},
		{"hidden-run", released.Proven, nil, policy.Run{Inquiry: policy.Inquiry{Looked: policy.Hidden, Reason: "the repository is private or gone"}}},
		{"lost-run", released.Proven, nil, policy.Run{Inquiry: policy.Inquiry{Looked: policy.Gone}}},
		{"renamed-and-declared", released.Proven, func(e *provenance.Evidence, id *provenance.Identity) {
			id.Repository, e.Release.Repository = "https://github.com/Acme/old", "git+https://github.com/acme/old.git"
		}, policy.Run{}},
		{"forged-and-withheld", released.Wrong, func(e *provenance.Evidence, _ *provenance.Identity) {
			e.Signature.Check = provenance.Check{State: provenance.Invalid, Reason: "it is by another key"}
			e.Provenance = provenance.Provenance{Announced: true, Check: provenance.Check{State: provenance.Absent}}
		}, policy.Run{}},
		{"declared", released.Wrong, func(e *provenance.Evidence, _ *provenance.Identity) {
			e.Release.Repository = "git+https://github.com/acme/old.git"
		}, policy.Run{}},
		{"undeclared", released.Aside, func(e *provenance.Evidence, _ *provenance.Identity) { e.Release.Repository = "" }, policy.Run{}},
	} {
		f := released.Found{Package: dep.Package{Ecosystem: dep.NPM, Name: c.name, Version: "1.2.3"}, Path: "package.json", Evidence: sound(c.change), Run: c.run}
		o := look.Judge(f)
		if o.State != c.want {
			t.Errorf("%s: %s (%s), want %s", c.name, o.State, strings.Join(o.Words, " "), c.want)
		}
		if o.Soon {
			pending = append(pending, c.name)
			if o.Await().State != released.Awaited {
				t.Errorf("%s is not waited for", c.name)
			}
		} else if o.Await().State != o.State {
			t.Errorf("%s is waited for", c.name)
		}
		check.Outcomes = append(check.Outcomes, o)
	}
	if got := strings.Join(pending, " "); got != "never down withheld" {
		t.Errorf("asked again is for %s", got)
	}
	check.Outcomes = append(check.Outcomes, look.Disagree(manifest("packages/a/package.json", "a", "1.2.2")))
	check.Unread = []string{"packages/b/package.json: it is not JSON: `<b>`."}
	check.Outcomes = append(check.Outcomes, released.Outcome{Package: dep.Package{Ecosystem: dep.NPM, Name: "late", Version: "1.2.3"}, Soon: true, Words: []string{"The registry does not have it."}}.Await())
	golden(t, "everything", string(check.Conclusion())+"\n"+check.Title()+"\n\n"+check.Summary())
}

func TestTheConclusionIsTheWorstOfAll(t *testing.T) {
	for _, c := range []struct {
		states []released.State
		mode   policy.Mode
		unread bool
		want   policy.Conclusion
	}{
		{[]released.State{released.Proven}, policy.Enforce, false, policy.Success},
		{[]released.State{released.Proven, released.Aside}, policy.Enforce, false, policy.Neutral},
		{[]released.State{released.Proven, released.Unknown}, policy.Enforce, false, policy.Neutral},
		{[]released.State{released.Proven}, policy.Enforce, true, policy.Neutral},
		{[]released.State{released.Proven, released.Awaited}, policy.Enforce, false, policy.Neutral},
		{[]released.State{released.Wrong, released.Awaited}, policy.Enforce, false, policy.Failure},
		{[]released.State{released.Proven, released.NotPublished}, policy.Enforce, false, policy.Failure},
		{[]released.State{released.NoProvenance, released.Unknown}, policy.Enforce, false, policy.Failure},
		{[]released.State{released.Disagrees}, policy.Enforce, false, policy.Failure},
		{[]released.State{released.Wrong}, policy.Enforce, false, policy.Failure},
		{[]released.State{released.Wrong}, policy.Observe, false, policy.Neutral},
	} {
		check := released.Check{Mode: c.mode}
		for _, s := range c.states {
			check.Outcomes = append(check.Outcomes, released.Outcome{State: s})
		}
		if c.unread {
			check.Unread = []string{"package.json"}
		}
		if got := check.Conclusion(); got != c.want {
			t.Errorf("%v under %s: %s, want %s", c.states, c.mode, got, c.want)
		}
	}
}

func TestWhatIsSaidFitsIntoACheck(t *testing.T) {
	look := released.Look{Tag: released.Tag{Name: strings.Repeat("<", 250), Version: "1.2.3"}}
	check := released.Check{Look: look}
	for i := range released.MaxPackages {
		long := strings.Repeat("\x00*`_", 400)
		check.Outcomes = append(check.Outcomes, released.Outcome{
			Package: dep.Package{Ecosystem: dep.NPM, Name: fmt.Sprint(i, long), Version: long}, Path: long, State: released.Wrong, Words: []string{long}, Run: long,
		})
		check.Unread = append(check.Unread, long)
	}
	if s := check.Summary(); len(s) > 65_535 || !utf8.ValidString(s) || !strings.Contains(s, "\nAnd ") {
		t.Errorf("%d bytes: …%s", len(s), s[len(s)-100:])
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want, err := os.ReadFile(path); err != nil || string(want) != got {
		t.Errorf("%s (%v), run go test ./app/released -update:\n%s", path, err, got)
	}
}

func FuzzTagsAndManifests(f *testing.F) {
	f.Add("web-v1.2.3", []byte(`{"name":"web","version":"1.2.3","workspaces":["*"]}`))
	f.Add("v1.2.3", []byte("packages:\n  - '**'\n"))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		tag, ok := released.ParseTag(name)
		if ok && (tag.Version == "" || !strings.Contains(name, tag.Version)) {
			t.Errorf("%q names %+v", name, tag)
		}
		m, err := released.ReadManifest("a/package.json", data)
		if err == nil {
			tag.Of("a", []released.Manifest{m})
			released.Workspaces(m.Workspaces, []string{"a/package.json"})
		}
		for _, file := range released.PatternFiles() {
			patterns, _ := released.ReadPatterns(file, data)
			released.Workspaces(patterns, []string{"a/package.json", "a/b/package.json"})
		}
	})
}
