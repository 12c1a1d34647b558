package lockfile

import (
	"encoding/json"
	"errors"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/dep"
)

func TestRealBundlesOfVersion1AreBelieved(t *testing.T) {
	c := openCorpus(t)
	entries, err := Parse("package-lock.json", c.read(t, "npm-v1/v1-rtk-devdep-churn/base.package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, e := range entries {
		if e.Bundled {
			n++
		}
	}
	if n != 66 { // as many as are marked
		t.Errorf("%d bundled entries, want 66", n)
	}
}

func hostileHead(t *testing.T, name string) (entries []dep.Entry, refused *Error) {
	t.Helper()
	entries, err := Parse("package-lock.json", openCorpus(t).read(t, path.Join("hostile", name, "head.package-lock.json")))
	if err != nil && !errors.As(err, &refused) {
		t.Fatalf("%T", err)
	}
	return entries, refused
}

func TestHostileVersion1Files(t *testing.T) {
	entries, refused := hostileHead(t, "npm-v1-with-packages")
	if refused == nil || refused.Kind != Inconsistent || !strings.Contains(refused.Detail, `"evil@1.0.0" besides`) || !strings.Contains(refused.Detail, `"lodash@4.17.21"`) {
		t.Errorf("both sections: %v", refused)
	}
	if len(entries) != 2 || entries[0].Package != npmPkg("lodash", "4.17.21") || entries[1].Package != npmPkg("evil", "1.0.0") {
		t.Errorf("both sections: %+v", entries)
	}

	entries, refused = hostileHead(t, "npm-ancient-without-version")
	if refused != nil || len(entries) != 1 || entries[0].Package != npmPkg("lodash", "4.17.21") || entries[0].Integrity != "" || entries[0].Bundled || entries[0].Source != dep.Registry || entries[0].Line != 4 {
		t.Errorf("without a version: %+v, %v", entries, refused)
	}

	entries, refused = hostileHead(t, "npm-v1-alias-broken")
	if refused != nil || len(entries) != 3 {
		t.Fatalf("broken aliases: %+v, %v", entries, refused)
	}
	for i, version := range []string{"npm:foo", "npm:@s/foo", "npm:@"} {
		if e := entries[i]; e.Package.Version != version || e.Resolved != version || e.Source != dep.URL {
			t.Errorf("a broken alias: %+v", e)
		}
	}

	if _, refused = hostileHead(t, "npm-deep-dependencies"); refused == nil || refused.Kind != Limit {
		t.Errorf("deep: %v", refused)
	}
}

// One tree, written in every version, is the same packages at the same places.
func TestMigrationOfALockfileIsNoChange(t *testing.T) {
	asks := map[string]string{"a": "^1", "x": "npm:real@2", "b": "1", "w": "file:packages/w", "by-url": tarball("@s/named", "3.0.0"), "d": "1"}
	tree := []locked{
		{as: "a", version: "1.0.0", requires: map[string]string{"c": "^2", "d": "1"}, in: []locked{
			{as: "c", version: "2.0.0", requires: map[string]string{"e": "npm:real@3"}, in: []locked{{as: "e", name: "real", version: "3.0.0"}}},
		}},
		{as: "c", version: "1.0.0", dev: true},
		{as: "d", version: "1.0.0"},
		{as: "x", name: "real", version: "2.0.0"},
		{as: "by-url", name: "@s/named", version: "3.0.0", address: tarball("@s/named", "3.0.0")},
		{as: "b", version: "1.0.0", requires: map[string]string{"in": "1"}, in: []locked{
			{as: "in", version: "1.0.0", bundled: true, requires: map[string]string{"deep": "1"}, in: []locked{{as: "deep", version: "1.0.0", bundled: true}}},
		}},
		{as: "w", version: "1.0.0", folder: "packages/w", requires: map[string]string{"c": "^3", "d": "1"}, in: []locked{{as: "c", version: "3.0.0"}}},
	}
	var versions [][]dep.Entry
	for version := 1; version <= 3; version++ {
		versions = append(versions, parse(t, writeNPM(t, version, asks, tree)))
	}
	for i, base := range versions {
		if len(base) != 11 {
			t.Errorf("version %d has %d entries, want 11", i+1, len(base))
		}
		for j, head := range versions {
			if changes := Diff(base, head); len(changes) > 0 {
				t.Errorf("version %d to %d: %q", i+1, j+1, summary(changes))
			}
		}
	}
	for _, e := range versions[0] {
		same := find(t, versions[2], e.Location)
		same.Line, same.Unsaid, same.Direct, same.Workspaces = e.Line, e.Unsaid, e.Direct, e.Workspaces
		if a, b := toJSON(t, e), toJSON(t, same); a != b {
			t.Errorf("version 1 says\n%s\nand version 3\n%s", a, b)
		}
	}
}

// Version 1 has the address where the version belongs. Nothing else differs.
func TestWhatIsNotFromARegistryHasItsAddressForAVersion(t *testing.T) {
	asks := map[string]string{"g": "github:o/g", "u": "https://example.com/u.tgz", "l": "file:packages/l-3.0.0.tgz"}
	tree := []locked{
		{as: "g", version: "1.0.0", address: "git+ssh://git@github.com/o/g.git#0123456789012345678901234567890123456789"},
		{as: "u", version: "2.0.0", address: "https://example.com/u.tgz"},
		{as: "l", version: "3.0.0", address: "file:packages/l-3.0.0.tgz"},
	}
	old, now := parse(t, writeNPM(t, 1, asks, tree)), parse(t, writeNPM(t, 3, asks, tree))
	for i, p := range tree {
		location := "node_modules/" + p.as
		e, same := find(t, old, location), find(t, now, location)
		if e.Package != npmPkg(p.as, p.address) || e.Resolved != p.address || e.Alias != "" {
			t.Errorf("%s: %+v", p.as, e)
		}
		if want := []dep.SourceKind{dep.Git, dep.URL, dep.File}[i]; e.Source != want || same.Source != want || e.Resolved != same.Resolved || e.Integrity != same.Integrity {
			t.Errorf("%s: %+v\nand %+v", p.as, e, same)
		}
	}
	for _, changes := range [][]dep.Change{Diff(old, now), Diff(now, old), Diff(old, parse(t, writeNPM(t, 2, asks, tree)))} {
		if len(changes) > 0 {
			t.Errorf("a new version of the format is no change: %q", summary(changes))
		}
	}
	for i := range tree {
		other := slices.Clone(tree)
		other[i].address += "0"
		if len(Diff(old, parse(t, writeNPM(t, 3, asks, other)))) == 0 || len(Diff(now, parse(t, writeNPM(t, 1, asks, other)))) == 0 {
			t.Errorf("%s comes from elsewhere, and nothing says so", tree[i].as)
		}
	}
}

func TestVersion1EntriesSayWhatTheLockfileSays(t *testing.T) {
	full := func(name, version string) string {
		return `"resolved": "` + tarball(name, version) + `", "integrity": "` + sri(name+version) + `"`
	}
	entries := parse(t, v1(
		`"a": {"version": "1.0.0", `+full("a", "1.0.0")+`, "requires": {"b": "^1", "x": "npm:real@2", "none": "1"}, "dependencies": {
"b": {"version": "1.5.0", `+full("b", "1.5.0")+`, "optional": true}}}`,
		`"b": {"version": "1.0.0", `+full("b", "1.0.0")+`, "dev": true, "optional": true, "requires": {"a": "1"}}`,
		`"x": {"version": "npm:real@2.0.0", `+full("real", "2.0.0")+`}`,
		`"url": {"version": "https://npm.example.com/team/@s%2fp/-/p-4.0.0.tgz"}`,
		`"lib": {"version": "file:lib", "requires": {"c": "1", "b": "1"}, "dependencies": {
"c": {"version": "1.0.0"}}}`,
		`"outside": {"version": "file:../../outside"}`,
		`"ball": {"version": "file:ball.tgz", "integrity": "`+sri("ball")+`"}`,
		`"bare": {"version": "file:bare.TAR.GZ"}`,
		`"self": {"version": "1.0.0", "resolved": false, "integrity": false, "requires": {"self": "1"}, "bundled": true}`,
		`"p": {"version": "1.0.0", "peer": true}`,
		`"extra": {"version": "1.0.0", "extraneous": true, "devOptional": true}`,
	))
	type row struct {
		location, id, alias, resolved string
		line                          int
		source                        dep.SourceKind
		scope                         dep.Scope
		direct                        bool
		workspaces                    string
	}
	want := []row{
		{"node_modules/a", "a@1.0.0", "", tarball("a", "1.0.0"), 5, dep.Registry, dep.Prod, false, ""},
		{"node_modules/a/node_modules/b", "b@1.5.0", "", tarball("b", "1.5.0"), 6, dep.Registry, dep.Optional, false, ""},
		{"node_modules/b", "b@1.0.0", "", tarball("b", "1.0.0"), 7, dep.Registry, dep.Dev, true, "lib"},
		{"node_modules/x", "real@2.0.0", "x", tarball("real", "2.0.0"), 8, dep.Registry, dep.Prod, false, ""},
		{"node_modules/url", "@s/p@4.0.0", "url", "https://npm.example.com/team/@s%2fp/-/p-4.0.0.tgz", 9, dep.Registry, dep.Prod, true, "."},
		{"lib/node_modules/c", "c@1.0.0", "", "", 11, dep.Registry, dep.Prod, true, "lib"},
		{"node_modules/outside", "outside@file:../../outside", "", "file:../../outside", 12, dep.File, dep.Prod, true, "."},
		{"node_modules/ball", "ball@file:ball.tgz", "", "file:ball.tgz", 13, dep.File, dep.Prod, true, "."},
		{"node_modules/bare", "bare@file:bare.TAR.GZ", "", "file:bare.TAR.GZ", 14, dep.File, dep.Prod, true, "."},
		{"node_modules/self", "self@1.0.0", "", "", 15, dep.Registry, dep.Prod, true, "."},
		{"node_modules/p", "p@1.0.0", "", "", 16, dep.Registry, dep.Peer, false, ""},
		{"node_modules/extra", "extra@1.0.0", "", "", 17, dep.Registry, dep.Dev, false, ""},
	}
	if len(entries) != len(want) {
		t.Fatalf("%d entries, want %d", len(entries), len(want))
	}
	for i, e := range entries {
		got := row{e.Location, e.Package.ID(), e.Alias, e.Resolved, e.Line, e.Source, e.Scope, e.Direct, strings.Join(e.Workspaces, " ")}
		if got != want[i] {
			t.Errorf("%+v\nwant %+v", got, want[i])
		}
		if e.Unsaid != dep.FactDirect|dep.FactInstallScript || e.Bundled || e.AliasUnasked {
			t.Errorf("%+v", e)
		}
	}
	if got, want := toJSON(t, entries[0].Dependencies), toJSON(t, []dep.Spec{{Name: "b", Range: "^1", Kind: dep.Prod}, {Name: "x", Range: "npm:real@2", Kind: dep.Prod}, {Name: "none", Range: "1", Kind: dep.Prod}}); got != want {
		t.Errorf("dependencies %s, want %s", got, want)
	}
}

// A folder of the repository has neither an address nor a digest.
func TestVersion1FoldersThatAreFetchedAreEntries(t *testing.T) {
	for fields, want := range map[string]dep.SourceKind{
		`"version": "file:lib", "resolved": "https://evil.example/lib.tgz"`:    dep.URL,
		`"version": "file:lib", "resolved": "` + tarball("lib", "1.0.0") + `"`: dep.URL,
		`"version": "file:lib", "integrity": "` + sri("lib") + `"`:             dep.File,
		`"version": "file:node_modules/lib"`:                                   dep.File,
		`"version": "file:/lib"`:                                               dep.File,
		`"version": "file:%2e%2e/lib"`:                                         dep.File,
		`"version": "FILE:lib"`:                                                dep.File,
	} {
		entries := parse(t, v1(`"lib": {`+fields+`}`))
		if len(entries) != 1 || entries[0].Source != want || entries[0].Location != "node_modules/lib" {
			t.Errorf("%s: %+v", fields, entries)
		}
	}
}

func TestVersion1SaysWhatIsCertainlyAskedFor(t *testing.T) {
	bare := func(members string) string { return `{"lockfileVersion": 1, "dependencies": {` + members + `}}` }
	for _, c := range []struct {
		what, text string
		direct     string // locations
		unsaid     dep.Facts
	}{
		{"what nothing requires", v1(`"a": {"requires": {"b": "1"}}`, `"b": {}`), "node_modules/a", 0},
		{"what is required and has one nearer", v1(`"a": {"requires": {"b": "1"}, "dependencies": {"b": {}}}`, `"b": {}`), "node_modules/a node_modules/b", 0},
		{"what is required further down", v1(`"a": {"dependencies": {"c": {"requires": {"b": "1"}}}}`, `"b": {}`), "node_modules/a", 0},
		{"beside what was nested before", v1(`"a": {"dependencies": {"b": {}}}`, `"c": {"requires": {"b": "1"}}`, `"b": {}`), "node_modules/a node_modules/c", 0},
		{"a circle", v1(`"a": {"requires": {"b": "1"}}`, `"b": {"requires": {"a": "1"}}`), "", 0},
		{"requires on the packages alone", bare(`"a": {"requires": {"b": "1"}}, "b": {}`), "node_modules/a", 0},
		{"no requires", bare(`"a": {}, "b": {}`), "", dep.FactDependencies},
		{"requires: true on a package", v1(`"a": {"requires": true}`, `"b": {}`), "", 0},
		{"no version", `{"dependencies": {"a": {}}}`, "", dep.FactDependencies | dep.FactBundled},
		{"the folder of the repository itself", v1(`"me": {"version": "file:.", "requires": {"b": "1"}}`, `"b": {}`, `"c": {"requires": {"b": "1"}}`), "node_modules/b node_modules/c", 0},
		{"a folder with a dot", v1(`"me": {"version": "file:./.lib", "requires": {"b": "1"}, "dependencies": {"b": {}}}`), ".lib/node_modules/b", 0},
	} {
		var direct []string
		for _, e := range parse(t, c.text) {
			if e.Direct {
				direct = append(direct, e.Location)
			}
			if e.Direct != (len(e.Workspaces) > 0) || !e.Unsaid.Has(c.unsaid|dep.FactDirect|dep.FactInstallScript) {
				t.Errorf("%s: %+v", c.what, e)
			}
		}
		if got := strings.Join(direct, " "); got != c.direct {
			t.Errorf("%s: %q is direct, want %q", c.what, got, c.direct)
		}
	}
}

func TestVersion1BundlesAreBelievedOnlyWhereTheirParentRequiresThem(t *testing.T) {
	in := `{"version": "1.0.0", "bundled": true}`
	for _, c := range []struct {
		what, text, location string
		want                 bool
	}{
		{"required by what it lies in", v1(`"b": {"requires": {"in": "1"}, "dependencies": {"in": ` + in + `}}`), "node_modules/b/node_modules/in", true},
		{"required beside", v1(`"b": {"requires": {"x": "1"}, "dependencies": {"in": ` + in + `, "x": {"bundled": true, "requires": {"in": "1"}}}}`), "node_modules/b/node_modules/in", true},
		{"nested in what is bundled", v1(`"b": {"requires": {"x": "1"}, "dependencies": {"x": {"bundled": true, "dependencies": {"in": ` + in + `}}}}`), "node_modules/b/node_modules/x/node_modules/in", true},
		{"in a file that states no requires", `{"lockfileVersion": 1, "dependencies": {"b": {"dependencies": {"in": ` + in + `}}}}`, "node_modules/b/node_modules/in", true},
		{"required by nobody", v1(`"b": {"dependencies": {"in": ` + in + `}}`), "node_modules/b/node_modules/in", false},
		{"at the top", v1(`"in": ` + in), "node_modules/in", false},
		{"in a folder of the repository", v1(`"b": {"version": "file:b", "requires": {"in": "1"}, "dependencies": {"in": ` + in + `}}`), "b/node_modules/in", false},
		{"with an address", v1(`"b": {"requires": {"in": "1"}, "dependencies": {"in": {"bundled": true, "version": "1.0.0", "resolved": "` + tarball("in", "1.0.0") + `"}}}`), "node_modules/b/node_modules/in", false},
		{"with an address for a version", v1(`"b": {"requires": {"in": "1"}, "dependencies": {"in": {"bundled": true, "version": "https://evil.example/in.tgz"}}}`), "node_modules/b/node_modules/in", false},
		{"with a digest", v1(`"b": {"requires": {"in": "1"}, "dependencies": {"in": {"bundled": true, "version": "1.0.0", "integrity": "` + sri("in") + `"}}}`), "node_modules/b/node_modules/in", false},
		{"under another name", v1(`"b": {"requires": {"in": "1"}, "dependencies": {"in": {"bundled": true, "version": "npm:evil@1.0.0"}}}`), "node_modules/b/node_modules/in", false},
		{"asked for by the address of nothing", v1(`"b": {"requires": {"in": "1"}, "dependencies": {"in": {"bundled": true, "version": "1.0.0", "from": "in@https://evil.example/in.tgz"}}}`), "node_modules/b/node_modules/in", false},
	} {
		if e := find(t, parse(t, c.text), c.location); e.Bundled != c.want {
			t.Errorf("%s: bundled %t, want %t", c.what, e.Bundled, c.want)
		}
	}
}

// npm fetches what "from" says where nothing else says what to fetch.
func TestFromIsTheAddressWhereThereIsNoOther(t *testing.T) {
	for _, c := range []struct {
		fields, resolved string
		source           dep.SourceKind
	}{
		{`"from": "a@>=1.0.0 <2.0.0"`, "", dep.Registry},
		{`"from": "a@latest"`, "", dep.Registry},
		{`"from": "a@npm:evil@1"`, "", dep.Registry},
		{`"from": "a@https://evil.example/a.tgz"`, "https://evil.example/a.tgz", dep.URL},
		{`"from": "https://evil.example/a.tgz"`, "https://evil.example/a.tgz", dep.URL},
		{`"from": "` + tarball("a", "1.0.0") + `"`, tarball("a", "1.0.0"), dep.Registry},
		{`"from": "evil/a"`, "evil/a", dep.Git},
		{`"from": "a@git+https://evil.example/a"`, "git+https://evil.example/a", dep.Git},
		{`"from": "../../../a"`, "../../../a", dep.File},
		{`"from": "a@https://evil.example/a.tgz", "resolved": "` + tarball("a", "1.0.0") + `"`, tarball("a", "1.0.0"), dep.Registry},
		{`"from": "a@https://evil.example/a.tgz", "integrity": "` + sri("a") + `"`, "", dep.Registry},
	} {
		e := find(t, parse(t, v1(`"a": {"version": "1.0.0", `+c.fields+`}`)), "node_modules/a")
		if e.Resolved != c.resolved || e.Source != c.source || e.Package != npmPkg("a", "1.0.0") {
			t.Errorf("%s: %+v", c.fields, e)
		}
	}
}

func TestTheReleaseIsReadOutOfARegistrysAddress(t *testing.T) {
	for address, want := range map[string]string{
		tarball("is-number", "7.0.0"):                                 "is-number@7.0.0",
		tarball("@s/a-b", "1.0.0-rc.1"):                               "@s/a-b@1.0.0-rc.1",
		"https://registry.yarnpkg.com/a/-/a-1.0.0.tgz":                "a@1.0.0",
		"https://npm.example.com/repository/team/a-1/-/a-1-2.0.0.tgz": "a-1@2.0.0",
		"https://npm.example.com/@s%2fp/-/p-1.0.0.tgz":                "@s/p@1.0.0",
		"https://art.example.com/api/npm/x/@s/p/-/@s/p-1.0.0.tgz":     "@s/p@1.0.0",
		"http://registry.npmjs.org/a/-/a-1.0.0.tgz":                   "",
		"https://registry.npmjs.org/a/-/b-1.0.0.tgz":                  "",
		"https://registry.npmjs.org/a/-/a-.tgz":                       "",
		"https://registry.npmjs.org/a/-/a-1.0.0.tgz?x":                "",
		"https://registry.npmjs.org/a/-/a-1.0.0.tar.gz":               "",
		"https://registry.npmjs.org/b/../a/-/a-1.0.0.tgz":             "",
		"https://registry.npmjs.org/-/a-1.0.0.tgz":                    "",
		"https://user@registry.npmjs.org/a/-/a-1.0.0.tgz":             "",
		"https://registry.npmjs.org/prefix/a/-/a-1.0.0.tgz":           "",
		"https://example.com/a-1.0.0.tgz":                             "",
		"git+https://registry.npmjs.org/a/-/a-1.0.0.tgz":              "",
		"/-/": "",
	} {
		p, ok := releaseAt(address)
		if got := p.ID(); ok != (want != "") || ok && got != want {
			t.Errorf("%s: %q %t, want %q", address, got, ok, want)
		}
	}
}

// What the root asks for is not in the file, and stands at the top alone.
func TestVersion1AliasesAreUnaskedOnlyBelowTheTop(t *testing.T) {
	for _, c := range []struct {
		what, text, location string
		unasked              bool
	}{
		{"at the top", v1(`"x": {"version": "npm:real@1.0.0"}`), "node_modules/x", false},
		{"nested and asked for", v1(`"a": {"requires": {"x": "npm:real@1"}, "dependencies": {"x": {"version": "npm:real@1.0.0"}}}`), "node_modules/a/node_modules/x", false},
		{"nested and asked for otherwise", v1(`"a": {"requires": {"x": "1"}, "dependencies": {"x": {"version": "npm:evil@1.0.0"}}}`), "node_modules/a/node_modules/x", true},
		{"in a folder and asked for by it", v1(`"w": {"version": "file:w", "requires": {"x": "npm:real@1"}, "dependencies": {"x": {"version": "npm:real@1.0.0"}}}`), "w/node_modules/x", false},
		{"nested, by the address of another", v1(`"a": {"requires": {"x": "1"}, "dependencies": {"x": {"version": "` + tarball("evil", "1.0.0") + `"}}}`), "node_modules/a/node_modules/x", true},
		{"where the file states no requires", `{"dependencies": {"a": {"dependencies": {"x": {"version": "npm:real@1.0.0"}}}}}`, "node_modules/a/node_modules/x", false},
	} {
		if e := find(t, parse(t, c.text), c.location); e.AliasUnasked != c.unasked || e.Alias != "x" {
			t.Errorf("%s: %+v", c.what, e)
		}
	}
}

func TestPackagesCountWhateverTheVersion(t *testing.T) {
	a := member("node_modules/a", "a", "1.0.0")
	legacy := `{"a": {"version": "1.0.0"}}`
	for _, version := range []string{`"lockfileVersion": 1,`, ""} {
		file := func(dependencies string, members ...string) string {
			return strings.Replace(v2(dependencies, members...), `"lockfileVersion": 2,`, version, 1)
		}
		entries := parse(t, file(legacy, a))
		if len(entries) != 1 || entries[0].Unsaid != 0 || entries[0].Resolved == "" {
			t.Errorf("%q: %+v", version, entries)
		}
		for what, text := range map[string]string{
			"one more":       file(legacy, a, member("node_modules/evil", "evil", "1.0.0")),
			"all":            strings.Replace(file("{}", member("node_modules/evil", "evil", "1.0.0")), ",\n\"dependencies\": {}", "", 1),
			"a nested one":   file(legacy, a, member("node_modules/a/node_modules/evil", "evil", "1.0.0")),
			"one at a place": file(`{"a": {"version": "1.0.0"}, "evil": {"version": "file:w"}}`, a, member("node_modules/w/node_modules/evil", "evil", "1.0.0")),
		} {
			e, entries := parseError(t, "package-lock.json", text)
			if e.Kind != Inconsistent || !strings.Contains(e.Detail, `"evil@1.0.0"`) || !slices.ContainsFunc(entries, func(e dep.Entry) bool { return e.Package.Name == "evil" }) {
				t.Errorf("%q, %s: %v", version, what, e)
			}
		}
	}
}

func TestAVersion1FileCanBeEmpty(t *testing.T) {
	for _, text := range []string{`{"name": "a", "version": "1.0.0", "lockfileVersion": 1}`, v1(), `{"dependencies": {}}`} {
		if entries := parse(t, text); len(entries) > 0 {
			t.Errorf("%s: %+v", text, entries)
		}
	}
}

func toJSON(t testing.TB, v any) string {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
