package review

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
	"github.com/bonafide-app/bonafide/app/report"
)

// packages are the members of a lockfile's "packages", as JSON without the braces.
type packages map[string]string

func (p packages) lockfile() []byte {
	var out []string
	for _, location := range slices.Sorted(maps.Keys(p)) {
		out = append(out, fmt.Sprintf("%q: {%s}", location, p[location]))
	}
	return []byte("{\"lockfileVersion\": 3,\n\"packages\": {\n" + strings.Join(out, ",\n") + "\n}}")
}

// with is the same with one more member, or another.
func (p packages) with(location, members string) packages {
	out := maps.Clone(p)
	out[location] = members
	return out
}

// from is an entry that a registry serves.
func from(base, id string, members ...string) string {
	at := strings.LastIndexByte(id, '@')
	name, version := id[:at], id[at+1:]
	stem := name[strings.LastIndexByte(name, '/')+1:]
	own := fmt.Sprintf(`"version":%q,"resolved":"%s/%s/-/%s-%s.tgz","integrity":%q`, version, base, name, stem, version, sri(id))
	return strings.Join(append([]string{own}, members...), ",")
}

func public(id string, members ...string) string {
	return from("https://registry.npmjs.org", id, members...)
}

func sha256Of(content string) string {
	sum := sha256.Sum256([]byte(content))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// states that releases' real registry gives, signed by nobody: a mirror.
type mirror struct{ integrity string }

func (mirror) Origin() string { return "https://npm.example/" }
func (m mirror) Release(_ context.Context, p dep.Package) (registry.Release, error) {
	r := registry.Release{Package: p, Integrity: sri(p.ID())}
	if m.integrity != "" {
		r.Integrity = m.integrity
	}
	r.Digests, _ = dep.ParseSRI(r.Integrity)
	return r, nil
}
func (mirror) Attestations(context.Context, dep.Package) ([]registry.Attestation, error) {
	return nil, registry.ErrNotFound
}
func (mirror) PublishedAt(context.Context, dep.Package) (registry.Date, error) {
	return registry.Date{}, registry.ErrNotFound
}

func mirrored(t *testing.T, m mirror) Verifier {
	t.Helper()
	trust, err := provenance.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	v, err := provenance.New(m, func() *provenance.TrustRoot { return trust }, provenance.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// proven has provenance for these releases, and for no others.
func proven(ids ...string) *verifier {
	v := &verifier{provenance: map[string]provenance.State{}}
	for _, id := range ids {
		v.provenance[id] = provenance.Verified
	}
	return v
}

func TestAttacksEndInFailureAndOrdinaryChangesDoNot(t *testing.T) {
	const corp, cloud = "https://npm.corp.example/repo", "https://npm.cloud.example/acme/private"
	asks := packages{"": `"dependencies":{"lodash":"^4.17.21","axios":"^1.0.0"}`}
	lodash := asks.with("node_modules/lodash", public("lodash@4.17.21"))
	foo := public("foo@1.0.0", `"dependencies":{"axios":"^1.0.0"}`)
	axios := asks.with("node_modules/axios", public("axios@1.14.0")).with("node_modules/foo", foo)
	sameAddress := func(version, content string) string {
		return fmt.Sprintf(`"version":%q,"resolved":"https://cdn.example.com/lib/latest.tgz","integrity":%q`, version, sri(content))
	}
	gitAt := func(commit string) string {
		return `"version":"1.0.0","resolved":"git+ssh://git@github.com/acme/lib.git#` + strings.Repeat(commit, 40) + `"`
	}
	oxide := func(version string) string {
		return public("@t/oxide@"+version, `"dependencies":{"tslib":"^2"},"bundleDependencies":["tslib"]`)
	}
	const inOxide = "node_modules/@t/oxide/node_modules/tslib"
	five, fivePublic := packages{}, packages{}
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		five["node_modules/"+name], fivePublic["node_modules/"+name] = from(corp, name+"@1.0.0"), public(name+"@1.0.0")
	}

	for _, tt := range []struct {
		name       string
		base, head packages
		verifier   Verifier
		registry   string
		conclusion policy.Conclusion
		rule       policy.RuleName // that must have a finding, "" for none in particular
	}{
		// Attacks.
		{"another package takes a familiar name", lodash, asks.with("node_modules/lodash", `"name":"evil",`+public("evil@4.17.22")),
			proven("lodash@4.17.21", "evil@4.17.22"), "", policy.Failure, policy.RuleExoticSource},
		{"a link turns a familiar name to another package", lodash,
			asks.with("node_modules/lodash", `"link":true,"resolved":"node_modules/evil"`).with("node_modules/evil", public("evil@4.17.22")),
			proven("lodash@4.17.21", "evil@4.17.22"), "", policy.Failure, ""},
		{"a bundle that lists something else", axios,
			axios.with("node_modules/foo", foo+`,"bundleDependencies":["x"]`).with("node_modules/foo/node_modules/axios", `"version":"1.14.1","inBundle":true`),
			proven("axios@1.14.0"), "", policy.Failure, policy.RuleProvenanceLost},
		{"a further copy without provenance", axios, axios.with("node_modules/foo/node_modules/axios", public("axios@1.14.1")),
			proven("axios@1.14.0"), "", policy.Failure, policy.RuleProvenanceLost},
		{"a weaker algorithm that nothing is compared with", packages{"node_modules/lodash": public("lodash@4.17.20")},
			packages{"node_modules/lodash": strings.Replace(public("lodash@4.17.21"), sri("lodash@4.17.21"), sha256Of("evil"), 1)},
			mirrored(t, mirror{}), "https://npm.example", policy.Failure, ""},
		{"a registry whose digest cannot be read", packages{"node_modules/lodash": public("lodash@4.17.20")}, packages{"node_modules/lodash": public("lodash@4.17.21")},
			mirrored(t, mirror{"sha512-damaged"}), "https://npm.example", policy.ActionRequired, policy.RuleUnverified},
		{"another registry on the mirror's host", packages{"node_modules/lodash": from(cloud, "lodash@4.17.21")},
			packages{"node_modules/lodash": from(cloud, "lodash@4.17.21"), "node_modules/left-pad": from("https://npm.cloud.example/attacker/x", "left-pad@1.3.0")},
			proven(), cloud, policy.Failure, policy.RuleExoticSource},
		{"other bytes at the same address under another version", packages{"node_modules/lib": sameAddress("1.0.0", "good")}, packages{"node_modules/lib": sameAddress("1.0.1", "evil")},
			proven(), "", policy.Failure, policy.RuleExoticSource},
		{"a git dependency of a dependency moves", packages{"node_modules/x": public("x@1.0.0"), "node_modules/x/node_modules/lib": gitAt("a")},
			packages{"node_modules/x": public("x@1.0.0"), "node_modules/x/node_modules/lib": gitAt("b")}, proven(), "", policy.Failure, policy.RuleExoticSource},
		{"the old publisher could not be found out", packages{"node_modules/axios": public("axios@1.14.0")}, packages{"node_modules/axios": public("axios@1.14.1")},
			&verifier{provenance: map[string]provenance.State{"axios@1.14.0": provenance.Unknown, "axios@1.14.1": provenance.Verified}}, "", policy.ActionRequired, policy.RuleUnverified},
		{"a verifier that panics", packages{}, packages{"node_modules/axios": public("axios@1.14.1")}, panicking{}, "", policy.ActionRequired, policy.RuleUnverified},

		// Ordinary changes.
		{"an alias that is asked for", lodash, lodash.with("", `"dependencies":{"lodash":"^4.17.21","old":"npm:lodash@^3.0.0"}`).with("node_modules/old", `"name":"lodash",`+public("lodash@3.10.1")),
			proven(), "", policy.Success, ""},
		{"a package moves down to make room for an older one", packages{"node_modules/semver": public("semver@7.6.3"), "node_modules/a": public("a@1.0.0")},
			packages{"node_modules/semver": public("semver@6.3.1"), "node_modules/a": public("a@1.0.0"), "node_modules/a/node_modules/semver": public("semver@7.6.3")},
			proven("semver@7.6.3"), "", policy.Success, ""},
		{"what a bundle delivered now comes by itself too", packages{"node_modules/@t/oxide": oxide("4.0.0"), inOxide: `"version":"2.8.0","inBundle":true`},
			packages{"node_modules/@t/oxide": oxide("4.0.1"), inOxide: `"version":"2.8.1","inBundle":true`, "node_modules/tslib": public("tslib@2.8.1")},
			proven(), "", policy.Success, ""},
		{"a project moves from its mirror to the public registry", five, fivePublic, proven(), "", "", ""},
		{"the operator's registry in a new lockfile", nil, packages{"node_modules/lodash": from(corp, "lodash@4.17.21")}, mirrored(t, mirror{}), corp, policy.Success, ""},
		{"the operator's registry, written otherwise", packages{"node_modules/lodash": from(corp, "lodash@4.17.20")}, packages{"node_modules/lodash": from(corp, "lodash@4.17.21")},
			mirrored(t, mirror{}), "https://NPM.corp.example:443/repo/", policy.Success, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := New(Options{Verifier: tt.verifier, Registry: tt.registry, Concurrency: 4, Clock: func() time.Time { return noon }})
			if err != nil {
				t.Fatal(err)
			}
			f := File{Path: "package-lock.json", Head: tt.head.lockfile()}
			if tt.base != nil {
				f.Base = tt.base.lockfile()
			}
			rep, err := r.Review(context.Background(), Request{Kind: report.Diff, Files: []File{f}, Policy: policy.Default()})
			if err != nil {
				t.Fatal(err)
			}
			var rules []policy.RuleName
			for _, found := range rep.Findings {
				rules = append(rules, found.Rule)
				t.Logf("%s %s: %s", found.Severity, found.Rule, found.Message)
			}
			for _, p := range rep.Packages {
				t.Logf("row %s %s alias %q from %q not looked up %q", p.Change, p.Entry.Package.ID(), p.Entry.Alias, p.From, p.NotLookedUp)
			}
			if tt.conclusion != "" && rep.Conclusion != tt.conclusion || tt.conclusion == "" && rep.Conclusion == policy.ActionRequired {
				t.Errorf("the check ends %s, want %s", rep.Conclusion, tt.conclusion)
			}
			if tt.rule != "" && !slices.Contains(rules, tt.rule) {
				t.Errorf("%s has no finding, only %v", tt.rule, rules)
			}
		})
	}
}

func TestACopyThatStaysAndIsOutOfReachIsAskedForAgain(t *testing.T) {
	v := &verifier{provenance: map[string]provenance.State{"axios@1.14.0": provenance.Unknown}}
	base := packages{"node_modules/foo": public("foo@1.0.0"), "node_modules/axios": public("axios@1.14.0")}
	f := File{Path: "package-lock.json", Base: base.lockfile(), Head: base.with("node_modules/foo/node_modules/axios", public("axios@1.14.1")).lockfile()}
	rep, err := reviewer(v).Review(context.Background(), Request{Kind: report.Diff, Files: []File{f}, Policy: policy.Default()})
	if err != nil || rep.Conclusion != policy.ActionRequired || !rep.Retry {
		t.Errorf("%v, %s, again %v: %+v", err, rep.Conclusion, rep.Retry, rep.Findings)
	}
}

// handed answers as verifier does, with a trusted publisher everywhere, and another
// repository for some releases.
type handed struct {
	*verifier
	repository map[string]string
}

func (v handed) Verify(ctx context.Context, s provenance.Subject) provenance.Evidence {
	e := v.verifier.Verify(ctx, s)
	if r := v.repository[s.Package.ID()]; r != "" {
		e.Provenance.Identity.Repository = r
	}
	if e.Release != nil {
		e.Release.Publisher.TrustedPublisher = "github"
	}
	return e
}

// What has both provenance and a trusted publisher has lost nothing, and may still come
// from other hands: the version before is asked about all the same, once.
func TestAReleaseFromOtherHandsIsFoundThoughAllOfItIsProven(t *testing.T) {
	base, head := packages{"node_modules/axios": public("axios@1.14.0")}, packages{"node_modules/axios": public("axios@1.14.1")}
	for repository, want := range map[string]policy.Conclusion{"": policy.Success, "https://github.com/mallory/axios": policy.Failure} {
		v := handed{proven("axios@1.14.0", "axios@1.14.1"), map[string]string{"axios@1.14.1": repository}}
		f := File{Path: "package-lock.json", Base: base.lockfile(), Head: head.lockfile()}
		rep, err := reviewer(v).Review(context.Background(), Request{Kind: report.Diff, Files: []File{f}, Policy: policy.Default()})
		if err != nil || rep.Conclusion != want || !maps.Equal(v.asked, map[string]int{"axios@1.14.0": 1, "axios@1.14.1": 1}) {
			t.Errorf("%q: %v, %s, asked %v: %+v", repository, err, rep.Conclusion, v.asked, rep.Findings)
		}
	}
}

// A version before that is out of reach is a warning, and asked for again.
func TestAVersionBeforeThatIsOutOfReachIsAskedForAgain(t *testing.T) {
	v := handed{proven("axios@1.14.1"), nil}
	v.provenance["axios@1.14.0"] = provenance.Unknown
	f := File{Path: "package-lock.json", Base: packages{"node_modules/axios": public("axios@1.14.0")}.lockfile(), Head: packages{"node_modules/axios": public("axios@1.14.1")}.lockfile()}
	rep, err := reviewer(v).Review(context.Background(), Request{Kind: report.Diff, Files: []File{f}, Policy: policy.Default(), Hub: &hub{}})
	if err != nil || rep.Conclusion != policy.Success || !rep.Retry || len(rep.Findings) != 1 || rep.Findings[0].Severity != policy.Warning {
		t.Errorf("%v, %s, again %v: %+v", err, rep.Conclusion, rep.Retry, rep.Findings)
	}
}

type panicking struct{}

func (panicking) Verify(context.Context, provenance.Subject) provenance.Evidence { panic("boom") }

func TestPrivateNamesStayPrivate(t *testing.T) {
	private := from("https://npm.corp.example", "@corp/a@1.0.0")
	v := proven()
	r := reviewer(v)
	head := packages{
		"node_modules/@corp/a":      `"version":"1.0.0","integrity":"` + sri("@corp/a@1.0.0") + `"`, // npm was told to leave addresses out
		"node_modules/@corp/secret": `"version":"1.0.0","integrity":"` + sri("x") + `"`,
		"node_modules/@corp/b":      from("https://npm.corp.example", "@corp/b@1.0.0"),
		"node_modules/left":         public("left@1.0.0"),
		"node_modules/open":         `"version":"1.0.0","integrity":"` + sri("open@1.0.0") + `"`,
		"node_modules/secret":       from("https://npm.corp.example", "secret@1.0.0"), // without a scope, which makes no other private
	}
	f := File{Path: "package-lock.json", Base: packages{"node_modules/@corp/a": private}.lockfile(), Head: head.lockfile()}
	rep, err := r.Review(context.Background(), Request{Kind: report.Diff, Files: []File{f}, Policy: policy.Default()})
	if err != nil {
		t.Fatal(err)
	}
	if asked := slices.Sorted(maps.Keys(v.asked)); !slices.Equal(asked, []string{"left@1.0.0", "open@1.0.0"}) {
		t.Errorf("the registry was asked about %v", asked)
	}
	if rep.Conclusion == policy.Success {
		t.Error("what was not looked at counts as fine")
	}
}

func TestOnlyWhatARegistryAnswersForIsAskedAbout(t *testing.T) {
	l := reviewer(proven()).lookupFor(false, policy.Default(), File{}, nil, nil)
	digest := sri("a@1.0.0")
	for _, tt := range []struct {
		what, says string // "" where it is asked
		entry      dep.Entry
	}{
		{"a release", "", dep.Entry{Source: dep.Registry, Integrity: digest}},
		{"a release by its address", "", dep.Entry{Source: dep.Registry, Resolved: "https://registry.npmjs.org/a/-/a-1.0.0.tgz"}},
		{"of another registry", "a registry that Bonafide was not told about", dep.Entry{Source: dep.Registry, Resolved: "https://npm.corp.example/a/-/a-1.0.0.tgz"}},
		{"of another address", "an address that is not the registry's", dep.Entry{Source: dep.Registry, Resolved: "https://registry.npmjs.org/b/-/b-1.0.0.tgz"}},
		{"of JSR", "comes from JSR", dep.Entry{Package: dep.Package{Ecosystem: dep.JSR, Name: "@std/a", Version: "1.0.0"}, Source: dep.Registry}},
		{"patched by yarn", "the evidence stands with that one", dep.Entry{Source: dep.Patch}},
		{"from git", "comes from git", dep.Entry{Source: dep.Git}},
		{"from an address", "comes from an address", dep.Entry{Source: dep.URL}},
		{"from a file", "a file or folder", dep.Entry{Source: dep.File}},
		{"out of a bundle", "inside the tarball", dep.Entry{Source: dep.Registry, Bundled: true}},
		{"out of a bundle, and a release all the same", "", dep.Entry{Source: dep.Registry, Bundled: true, Integrity: digest}},
	} {
		if tt.entry.Package.Name == "" {
			tt.entry.Package = dep.Package{Ecosystem: dep.NPM, Name: "a", Version: "1.0.0"}
		}
		if why := l.route(tt.entry).refused; (why == "") != (tt.says == "") || !strings.Contains(why, tt.says) {
			t.Errorf("%s: %q, want %q", tt.what, why, tt.says)
		}
	}
}

// What a registry answers depends on the digest, but not on one that is none of its own.
func TestEvidenceIsAskedForOncePerDigest(t *testing.T) {
	a := dep.Package{Ecosystem: dep.NPM, Name: "a", Version: "1.0.0"}
	v := proven()
	var questions []question
	for _, e := range []dep.Entry{
		{Package: a, Integrity: sri("a")}, {Package: a, Integrity: sri("a"), Location: "b"}, {Package: a, Integrity: sri("b")}, {Package: a},
		{Package: a, Integrity: "10/x", OwnDigest: true}, {Package: a, Integrity: "10/y", OwnDigest: true},
	} {
		questions = append(questions, question{entry: e})
	}
	reviewer(v).gather(t.Context(), questions)
	if n := v.asked[a.ID()]; n != 4 {
		t.Errorf("asked %d times, want 4", n)
	}
}

// Most lockfiles name no registry. Where the repository's settings name one that is
// not known, for a scope or for everything, nothing of it may be asked for elsewhere.
func TestNamesThatSettingsMakePrivateStayPrivate(t *testing.T) {
	bare := func(id string) string { return `"version":"1.0.0","integrity":"` + sri(id) + `"` }
	head := string(packages{
		"node_modules/@corp/secret": bare("@corp/secret@1.0.0"),
		"node_modules/@open/one":    bare("@open/one@1.0.0"),
		"node_modules/hidden":       bare("hidden@1.0.0"),
		"node_modules/left":         public("left@1.0.0"),
	}.lockfile())
	all := []string{"@corp/secret@1.0.0", "@open/one@1.0.0", "hidden@1.0.0", "left@1.0.0"}
	scoped := "@corp:registry=https://npm.corp.example\n"
	yarns := "npmScopes: {corp: {npmRegistryServer: 'https://npm.corp.example'}}"
	for name, tt := range map[string]struct {
		base, head files
		asked      []string
	}{
		"no settings":              {files{}, files{}, all},
		"a scope":                  {files{".npmrc": scoped}, files{".npmrc": scoped}, all[1:]},
		"a scope, at the head":     {files{}, files{".npmrc": scoped}, all[1:]},
		"a scope, until now":       {files{".npmrc": scoped}, files{}, all[1:]},
		"a scope, now public":      {files{".npmrc": scoped}, files{".npmrc": "@corp:registry=https://registry.npmjs.org/"}, all[1:]},
		"further up":               {files{"../.npmrc": scoped}, files{".yarnrc.yml": yarns}, all[1:]},
		"two files of one content": {files{}, files{".npmrc": yarns, ".yarnrc.yml": yarns}, all[1:]},
		"everything":               {files{}, files{".npmrc": "registry=https://npm.corp.example/all"}, all[3:]},
		"everything but a scope":   {files{}, files{".npmrc": "registry=https://npm.corp.example/all\n@open:registry=https://registry.npmjs.org"}, []string{all[1], all[3]}},
		"a scope that the head alone makes public": {files{".npmrc": "registry=https://npm.corp.example/all"}, files{".npmrc": "registry=https://npm.corp.example/all\n@corp:registry=https://registry.npmjs.org"}, all[3:]},
		"the public registry":                      {files{}, files{".npmrc": "registry = https://registry.npmjs.org/"}, all},
		"a variable":                               {files{}, files{".npmrc": "registry=${REGISTRY}"}, all[3:]},
		"settings that are broken":                 {files{}, files{".yarnrc.yml": "a: ["}, all[3:]},
		"broken beside a scope":                    {files{".npmrc": "@open:registry=https://registry.npmjs.org"}, files{".yarnrc.yml": "a: ["}, all[3:]},
		"settings that lead out":                   {files{}, files{".npmrc": "-> /etc/npmrc"}, all[3:]},
		"settings that are too big":                {files{}, files{".npmrc": strings.Repeat("#", 2<<20)}, all[3:]},
	} {
		t.Run(name, func(t *testing.T) {
			at := func(f files) files { // the lockfile lies in a folder, and the settings beside it or above
				out := files{}
				for p, text := range f {
					out[path.Join("web", p)] = text
				}
				return out
			}
			base, changed := at(tt.base), at(tt.head)
			changed["web/package-lock.json"] = head
			req, err := Compare(context.Background(), base, changed, none)
			if err != nil {
				t.Fatal(err)
			}
			req.Kind, req.Policy = report.Diff, policy.Default()
			v := proven()
			rep, err := reviewer(v).Review(context.Background(), req)
			if err != nil {
				t.Fatal(err)
			}
			if asked := slices.Sorted(maps.Keys(v.asked)); !slices.Equal(asked, tt.asked) {
				t.Errorf("the registry was asked about %v, want %v", asked, tt.asked)
			}
			want := len(tt.asked) == len(all) || name == "a scope" || name == "further up" // private, and said to be
			if want && len(tt.asked) < len(all) && len(said(rep, policy.RuleNotLookedUp)) != 1 {
				t.Error("what is private is not said")
			}
			if (rep.Conclusion == policy.Success) != want {
				t.Errorf("the conclusion is %s", rep.Conclusion)
			}
		})
	}
}

// Settings are searched for in a bounded number of folders: beyond, nothing without an
// address is asked about.
func TestSettingsAboveADeepLockfileCountAsUnread(t *testing.T) {
	for depth, want := range map[int]int{MaxSettingsFolders: 1, MaxSettingsFolders + 1: 0} {
		v := proven()
		head := string(packages{"node_modules/left": `"version":"1.0.0","integrity":"` + sri("left@1.0.0") + `"`}.lockfile())
		req, err := Compare(context.Background(), files{}, files{strings.Repeat("a/", depth) + "package-lock.json": head}, none)
		if err != nil {
			t.Fatal(err)
		}
		req.Kind, req.Policy = report.Diff, policy.Default()
		rep, err := reviewer(v).Review(context.Background(), req)
		if err != nil || len(v.asked) != want || (rep.Conclusion == policy.Success) != (want == 1) {
			t.Errorf("in %d folders: %v, asked about %v, %s", depth, err, v.asked, rep.Conclusion)
		}
	}
}

// Where a lockfile names no registry, the settings alone say where its packages come
// from, also those that did not change.
func TestSettingsThatMoveToAnotherRegistryAreTold(t *testing.T) {
	bare := func(id string) string { return `"version":"1.0.0","integrity":"` + sri(id) + `"` }
	lock := func(more string) string {
		return string(packages{"node_modules/@corp/a": bare("@corp/a@1.0.0"), "node_modules/left": bare("left@1.0.0"), "node_modules/" + more: bare(more + "@1.0.0")}.lockfile())
	}
	const corp, evil = "@corp:registry=https://npm.corp.example\n", "https://npm.evil.example/"
	for name, tt := range map[string]struct {
		base, head string // .npmrc
		want       []string
	}{
		"none":                       {"", "", nil},
		"as before":                  {corp, corp, nil},
		"public":                     {corp, "registry=https://registry.npmjs.org\n", nil},
		"everything":                 {corp, corp + "registry=" + evil, []string{"left@1.0.0"}},
		"a scope":                    {corp, "@corp:registry=" + evil, []string{"@corp/a@1.0.0"}},
		"a scope that is not used":   {corp, corp + "@other:registry=" + evil, nil},
		"both":                       {"", "@corp:registry=https://a.example\nregistry=https://b.example", []string{"left@1.0.0", "@corp/a@1.0.0"}},
		"everything, from the known": {corp, "registry=https://npm.corp.example\n", nil},
		"a variable":                 {"", "registry=${WHERE}", []string{"@corp/a@1.0.0"}},
		"a variable in the key":      {"", "${NONE?}registry=" + evil, []string{"@corp/a@1.0.0"}}, // npm leaves nothing of it where it is not set
		"the same variable":          {"registry=${WHERE}", "registry=${WHERE}\nsave-exact=true", nil},
	} {
		base := files{"package-lock.json": lock("x"), ".npmrc": tt.base}
		head := files{"package-lock.json": lock("y"), ".npmrc": tt.head}
		req, err := Compare(context.Background(), base, head, none)
		if err != nil {
			t.Fatal(err)
		}
		req.Kind, req.Policy = report.Diff, policy.Default()
		rep, err := reviewer(proven()).Review(context.Background(), req)
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		for _, f := range rep.Findings {
			if f.Rule == policy.RuleExoticSource && f.Severity == policy.Error {
				_, which, _ := strings.Cut(f.Message, "does not use: ")
				which, _, _ = strings.Cut(which, " is one")
				said = append(said, which)
			}
		}
		slices.Sort(said)
		slices.Sort(tt.want)
		if !slices.Equal(said, tt.want) {
			t.Errorf("%s: said of %v, want %v: %+v", name, said, tt.want, rep.Findings)
		}
	}
}

func TestABrokenBaseDoesNotBlockTheWayOut(t *testing.T) {
	for name, base := range map[string]string{
		"an older version": `{"lockfileVersion": 9, "dependencies": {}}`,
		"a conflict":       "<<<<<<< ours\n{}\n=======\n{}\n>>>>>>> theirs\n",
	} {
		f := File{Path: "package-lock.json", Base: []byte(base), Head: packages{"node_modules/left": public("left@1.0.0")}.lockfile()}
		rep, err := reviewer(proven()).Review(context.Background(), Request{Kind: report.Diff, Files: []File{f}, Policy: policy.Default()})
		if err != nil {
			t.Fatal(err)
		}
		said := slices.ContainsFunc(rep.Findings, func(f policy.Finding) bool {
			return f.Severity == policy.Warning && f.Rule == policy.RuleLockfileUnreadable
		})
		if rep.Conclusion != policy.Success || !said || len(rep.Packages) != 1 || rep.Packages[0].Change != dep.Added {
			t.Errorf("%s: %s, %+v", name, rep.Conclusion, rep.Findings)
		}
	}
}

// Where the base's settings name a registry, it is known there, whether the base's
// lockfile states addresses or not. The head's settings make nothing known.
func TestARegistryThatTheBasesSettingsNameIsKnown(t *testing.T) {
	bare := string(packages{"node_modules/@corp/one": `"version":"1.0.0","integrity":"` + sri("@corp/one@1.0.0") + `"`}.lockfile())
	stated := string(packages{"node_modules/@corp/one": `"version":"1.0.0","resolved":"https://npm.corp.example/@corp/one/-/one-1.0.0.tgz","integrity":"` + sri("@corp/one@1.0.0") + `"`}.lockfile())
	const scoped = "@corp:registry=https://npm.corp.example/\n"
	for name, tt := range map[string]struct {
		base, head files
		want       policy.Conclusion
	}{
		"on both sides": {files{".npmrc": scoped}, files{".npmrc": scoped}, policy.Success},
		"until now":     {files{".npmrc": scoped}, files{}, policy.Success},
		"from now on":   {files{}, files{".npmrc": scoped}, policy.Failure},
		"nowhere":       {files{}, files{}, policy.Failure},
	} {
		tt.base["package-lock.json"], tt.head["package-lock.json"] = bare, stated
		req, err := Compare(context.Background(), tt.base, tt.head, none)
		if err != nil {
			t.Fatal(err)
		}
		req.Kind, req.Policy = report.Diff, policy.Default()
		v := proven()
		rep, err := reviewer(v).Review(context.Background(), req)
		if err != nil {
			t.Fatal(err)
		}
		if rep.Conclusion != tt.want || len(v.asked) > 0 {
			t.Errorf("%s: %s, want %s; asked about %v: %+v", name, rep.Conclusion, tt.want, v.asked, rep.Findings)
		}
	}
}

// scripted answers that every release it knows came from a trusted publisher, and that
// some run a script.
type scripted struct {
	*verifier
	scripts map[string]bool
}

func (v scripted) Verify(ctx context.Context, s provenance.Subject) provenance.Evidence {
	e := v.verifier.Verify(ctx, s)
	e.Release.Publisher.TrustedPublisher = "github"
	e.Release.InstallScript = v.scripts[s.Package.ID()]
	return e
}

// The version before is asked about also where what enters came from a trusted publisher:
// it decides whether a script is new.
func TestTheVersionBeforeIsAskedWhetherItRanAScript(t *testing.T) {
	for name, tt := range map[string]struct {
		scripts []string
		warned  bool
	}{
		"none runs one":    {nil, false},
		"the new one":      {[]string{"a@1.1.0"}, true},
		"both":             {[]string{"a@1.0.0", "a@1.1.0"}, false},
		"only the old one": {[]string{"a@1.0.0"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			v := scripted{&verifier{provenance: map[string]provenance.State{"a@1.0.0": provenance.Verified, "a@1.1.0": provenance.Verified}}, map[string]bool{}}
			for _, id := range tt.scripts {
				v.scripts[id] = true
			}
			got, err := reviewer(v).Review(t.Context(), Request{Policy: policy.Default(),
				Files: []File{{Path: "package-lock.json", Base: []byte(locking("a@1.0.0")), Head: []byte(locking("a@1.1.0"))}}})
			if err != nil {
				t.Fatal(err)
			}
			warned := slices.ContainsFunc(got.Findings, func(f policy.Finding) bool { return f.Rule == policy.RuleInstallScript })
			if v.asked["a@1.0.0"] != 1 || warned != tt.warned {
				t.Errorf("asked %d times, warned %t: %+v", v.asked["a@1.0.0"], warned, got.Findings)
			}
		})
	}
}
