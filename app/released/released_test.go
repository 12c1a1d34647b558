package released_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
	for _, bad := range []string{"", "[]", "{", strings.Repeat(" ", released.MaxManifestBytes+1)} {
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
	all := []released.Manifest{
		{Path: "package.json", Name: "root", Version: "0.0.0", Private: true},
		{Path: "packages/web/package.json", Name: "@acme/web", Version: "1.2.3"},
		{Path: "packages/cli/package.json", Name: "@acme/cli", Version: "4.0.0"},
		{Path: "packages/dev/package.json", Name: "@acme/dev", Version: "0.0.0-development"},
	}
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
		{"v9.0.0", "", "@acme/web@1.2.3 @acme/cli@4.0.0", all[:3]},
		{"release-1.2.3", "@acme/web@1.2.3", "", all[:3]},
		{"v0.0.0", "", "", all[:1]},
	} {
		tag, ok := released.ParseTag(c.tag)
		about, disagree := tag.Of(c.manifests)
		if got := ids(about); !ok || got != c.about || ids(disagree) != c.disagree {
			t.Errorf("%s is about %q and disagrees with %q", c.tag, got, ids(disagree))
		}
	}
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
		{"lost-run", released.Proven, nil, policy.Run{Inquiry: policy.Inquiry{Looked: policy.Gone}}},
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
		if o.Pending(f.Evidence) != "" {
			pending = append(pending, c.name)
		}
		check.Outcomes = append(check.Outcomes, o)
	}
	if got := strings.Join(pending, " "); got != "never down withheld" {
		t.Errorf("asked again is for %s", got)
	}
	check.Outcomes = append(check.Outcomes, look.Disagree(released.Manifest{Path: "packages/a/package.json", Name: "a", Version: "1.2.2"}))
	check.Unread = []string{"packages/b/package.json: it is not JSON: `<b>`."}
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
			tag.Of([]released.Manifest{m})
			released.Workspaces(m.Workspaces, []string{"a/package.json"})
		}
		for _, file := range released.PatternFiles() {
			patterns, _ := released.ReadPatterns(file, data)
			released.Workspaces(patterns, []string{"a/package.json", "a/b/package.json"})
		}
	})
}
