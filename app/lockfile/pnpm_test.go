package lockfile

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/dep"
)

func TestPNPMVersionsThatAreRead(t *testing.T) {
	for version, want := range map[string]pnpmMajor{
		"5": 5, "5.0": 5, "5.1": 5, "5.4": 5, "5.4-inlineSpecifiers": 5, "6.0": 6, "6.1": 6, "9.0": 9, "9.1": 9, "9": 9,
		"": 0, "3": 0, "4.9": 0, "7.0": 0, "8.0": 0, "10.0": 0, "90.0": 0, "9.": 0, "9.x": 0, "9.0.0": 0, "9.0-inlineSpecifiers": 0, "v9.0": 0, "9e0": 0, "true": 0,
	} {
		if got, ok := pnpmVersion(version); got != want || ok != (want != 0) {
			t.Errorf("%q is %d, %t", version, got, ok)
		}
	}
}

func TestPNPMKeysSayThePackage(t *testing.T) {
	for _, c := range []struct {
		major pnpmMajor
		key   string
		want  pnpmKey
	}{
		{5, "/lodash/4.17.21", pnpmKey{name: "lodash", version: "4.17.21"}},
		{5, "/@babel/core/7.0.0-beta.1", pnpmKey{name: "@babel/core", version: "7.0.0-beta.1"}},
		{5, "/@babel/cli/7.29.7_@babel+core@7.22.0", pnpmKey{name: "@babel/cli", version: "7.29.7"}},
		{5, "/a/1.0.0_b@1.0.0+@c+d@2.0.0", pnpmKey{name: "a", version: "1.0.0"}},
		{5, "/a/1.0.0+build.1_b@1.0.0", pnpmKey{name: "a", version: "1.0.0+build.1"}},
		{5, "/under_score/1.0.0_i7efbwzom2cn6oyzfxem6ab64y", pnpmKey{name: "under_score", version: "1.0.0"}},
		{5, "registry.node-modules.io/foo/1.0.0", pnpmKey{host: "registry.node-modules.io", name: "foo", version: "1.0.0"}},
		{5, "npm.example.com+8443/@a/b/1.0.0_c@1.0.0", pnpmKey{host: "npm.example.com:8443", name: "@a/b", version: "1.0.0"}},
		{5, "github.com/kevva/is-negative/219c424611ff4a2af15f7deeff4f93c62558c43d", pnpmKey{address: "github.com/kevva/is-negative/219c424611ff4a2af15f7deeff4f93c62558c43d"}},
		{5, "github.com/o/1.0.0/219c42", pnpmKey{address: "github.com/o/1.0.0/219c42"}},
		{5, "@codeload.github.com/o/n/tar.gz/219c42", pnpmKey{address: "@codeload.github.com/o/n/tar.gz/219c42"}},
		{5, "@evil.example/a/1.0.0", pnpmKey{address: "@evil.example/a/1.0.0"}},
		{5, "file:local-lib", pnpmKey{address: "file:local-lib"}},
		{5, "file:a/b/1.0.0", pnpmKey{address: "file:a/b/1.0.0"}},
		{6, "/lodash@4.17.21", pnpmKey{name: "lodash", version: "4.17.21"}},
		{6, "/@babel/parser@7.18.4(@babel/types@7.23.6)", pnpmKey{name: "@babel/parser", version: "7.18.4"}},
		{6, "/b@1.0.0(@s/c@1.0.0(react@18.2.0))(d@2.0.0)", pnpmKey{name: "b", version: "1.0.0"}},
		{6, "/is-odd@3.0.1(patch_hash=abc)(react@1.0.0)", pnpmKey{name: "is-odd", version: "3.0.1"}},
		{6, "npm.example.com/@a/b@1.0.0(c@1.0.0)", pnpmKey{host: "npm.example.com", name: "@a/b", version: "1.0.0"}},
		{6, "github.com/o/n/219c42(react@18.2.0)", pnpmKey{address: "github.com/o/n/219c42"}},
		{6, "file:packages/a(react@18.2.0)", pnpmKey{address: "file:packages/a"}},
		{9, "lodash@4.17.21", pnpmKey{name: "lodash", version: "4.17.21"}},
		{9, "@a/b@1.0.0(c@1.0.0(@d/e@2.0.0))", pnpmKey{name: "@a/b", version: "1.0.0"}},
		{9, "foo@1.10", pnpmKey{name: "foo", version: "1.10"}},
		{9, "a@1.0.0(b", pnpmKey{name: "a", version: "1.0.0(b"}},
		{9, "a@1.0.0(b))", pnpmKey{name: "a", version: "1.0.0(b))"}},
		{9, "a@https://x.example/a.tgz?x@y", pnpmKey{name: "a", address: "https://x.example/a.tgz?x@y"}},
		{9, "a@file:a.tgz", pnpmKey{name: "a", address: "file:a.tgz"}},
		{9, "a@git+ssh://git@x.example/a.git#219c42", pnpmKey{name: "a", address: "git+ssh://git@x.example/a.git#219c42"}},
		{9, "node@runtime:26.7.0", pnpmKey{name: "node", address: "runtime:26.7.0"}},
		{9, "@s@1.0.0", pnpmKey{name: "@s", version: "1.0.0"}},
	} {
		if got, err := c.major.key(c.key); err != nil || got != c.want {
			t.Errorf("version %d, %q: %+v, %v\nwant %+v", c.major, c.key, got, err, c.want)
		}
	}
	for _, c := range []struct {
		major pnpmMajor
		key   string
	}{
		{5, "/lodash"}, {5, "/"}, {5, "//1.0.0"}, {5, "/a/"}, {5, "/a/_b@1.0.0"}, {5, "/@a/1.0.0"}, {5, "/a/1.0.0/b@1.0.0"},
		{6, "/lodash"}, {6, "/@a/b"}, {6, "/a@"}, {6, "/a@(b@1.0.0)"}, {6, "/a@x:y"},
		{9, "lodash"}, {9, "@a/b"}, {9, "a@"}, {9, ""}, {9, "@"}, {9, "a@(b@1.0.0)"},
	} {
		if got, err := c.major.key(c.key); err == nil {
			t.Errorf("version %d, %q: %+v", c.major, c.key, got)
		}
	}
}

func TestPNPMReferencesFindTheirKeys(t *testing.T) {
	for _, c := range []struct {
		major           pnpmMajor
		name, ref, want string
	}{
		{5, "a", "1.0.0", "/a/1.0.0"},
		{5, "@a/b", "1.0.0_@babel+core@7.0.0", "/@a/b/1.0.0_@babel+core@7.0.0"},
		{5, "x", "/lodash/4.17.21", "/lodash/4.17.21"},
		{5, "x", "github.com/o/n/219c", "github.com/o/n/219c"},
		{5, "x", "file:x", "file:x"},
		{5, "x", "link:../x", ""},
		{5, "x", "link:", ""},
		{6, "a", "1.0.0(@b/c@1.0.0)", "/a@1.0.0(@b/c@1.0.0)"},
		{6, "x", "/lodash@4.17.20", "/lodash@4.17.20"},
		{6, "x", "/@a/b@1.0.0(@c/d@1.0.0)", "/@a/b@1.0.0(@c/d@1.0.0)"},
		{6, "x", "registry.example/x@1.0.0", "registry.example/x@1.0.0"},
		{6, "x", "file:x(@a/b@1.0.0)", "file:x(@a/b@1.0.0)"},
		{9, "a", "1.0.0", "a@1.0.0"},
		{9, "a", "1.0.0(b@1.0.0)(patch_hash=x)", "a@1.0.0"},
		{9, "x", "lodash@3.10.1", "lodash@3.10.1"},
		{9, "x", "@a/b@1.0.0(c@1.0.0)", "@a/b@1.0.0"},
		{9, "x", "https://user@x.example/x.tgz", "x@https://user@x.example/x.tgz"},
		{9, "x", "y@https://x.example/x.tgz", "y@https://x.example/x.tgz"},
		{9, "x", "file:x(a@1.0.0)", "x@file:x"},
		{9, "node", "runtime:26.7.0", "node@runtime:26.7.0"},
		{9, "x", "link:../x", ""},
	} {
		got, ok := c.major.appendRef(nil, c.name, c.ref)
		if string(got) != c.want || ok != (c.want != "") {
			t.Errorf("version %d, %s: %s: %q, want %q", c.major, c.name, c.ref, got, c.want)
		}
	}
}

func parsePNPMText(t testing.TB, text string) []dep.Entry {
	t.Helper()
	return parseAs(t, "pnpm-lock.yaml", text)
}

func TestPNPM9SaysWhatStandsInPackagesAndSnapshots(t *testing.T) {
	entries := parsePNPMText(t, `lockfileVersion: '9.0'
settings: {autoInstallPeers: true}
catalogs:
  default:
    y: {specifier: 'npm:react@^18', version: 18.2.0}
importers:
  .:
    dependencies:
      a: {specifier: ^1.0.0, version: 1.0.0(react@18.2.0)}
      lib: {specifier: 'file:./lib', version: 'file:lib'}
      y: {specifier: 'catalog:', version: react@18.2.0}
    devDependencies:
      g: {specifier: 'github:o/g', version: 'https://codeload.github.com/o/g/tar.gz/abc'}
  packages/w:
    dependencies:
      own: {specifier: 'workspace:*', version: 'link:../own'}
    optionalDependencies:
      a: {specifier: ^1.0.0, version: 1.0.0(react@17.0.0)}
packages:
  a@1.0.0:
    resolution: {integrity: `+sri("a")+`}
    hasBin: true
    bundledDependencies: [x]
    peerDependencies: {react: '*'}
  g@https://codeload.github.com/o/g/tar.gz/abc:
    resolution: {tarball: https://codeload.github.com/o/g/tar.gz/abc, gitHosted: true}
    version: 2.1.0
  in-lib@1.0.0:
    resolution: {integrity: `+sri("in-lib")+`, tarball: https://registry.npmjs.org/in-lib/-/in-lib-1.0.0.tgz}
  lib@file:lib:
    resolution: {type: directory, directory: lib}
  out@file:../../out:
    resolution: {type: directory, directory: ../../out}
  r@git+https://x.example/r.git#c0ffee&path:/p:
    resolution: {type: git, repo: 'https://x.example/r.git', commit: c0ffee, path: /p}
    version: 1.0.0
  react@18.2.0:
    resolution: {integrity: `+sri("react")+`}
  react@17.0.0:
    resolution: {integrity: `+sri("react17")+`}
snapshots:
  a@1.0.0(react@17.0.0):
    dependencies: {react: 17.0.0, x: react@17.0.0}
  a@1.0.0(react@18.2.0):
    dependencies: {react: 18.2.0, x: react@17.0.0}
    transitivePeerDependencies: [z]
  g@https://codeload.github.com/o/g/tar.gz/abc:
    optionalDependencies:
      r: https://x.example/nowhere
  in-lib@1.0.0: {}
  lib@file:lib:
    dependencies: {in-lib: 1.0.0}
  out@file:../../out: {}
  r@git+https://x.example/r.git#c0ffee&path:/p:
    optional: true
  react@17.0.0: {}
  react@18.2.0: {}
`)
	type row struct {
		location, id, alias string
		line                int
		source              dep.SourceKind
		resolved            string
		scope               dep.Scope
		direct, digest      bool
		workspaces          string
		places, specs       int
	}
	want := []row{
		{"a@1.0.0", "a@1.0.0", "", 20, dep.Registry, "", dep.Prod, true, true, ". packages/w", 2, 4},
		{"g@https://codeload.github.com/o/g/tar.gz/abc", "g@2.1.0", "", 25, dep.Git, "https://codeload.github.com/o/g/tar.gz/abc", dep.Dev, true, false, ".", 1, 1},
		{"in-lib@1.0.0", "in-lib@1.0.0", "", 28, dep.Registry, "https://registry.npmjs.org/in-lib/-/in-lib-1.0.0.tgz", dep.Prod, true, true, "lib", 1, 0},
		{"out@file:../../out", "out", "", 32, dep.File, "../../out", dep.Prod, false, false, "", 0, 0},
		{"r@git+https://x.example/r.git#c0ffee&path:/p", "r@1.0.0", "", 34, dep.Git, "https://x.example/r.git#c0ffee&path:/p", dep.Optional, false, false, "", 0, 0},
		{"react@18.2.0", "react@18.2.0", "y", 37, dep.Registry, "", dep.Prod, true, true, ".", 2, 0},
		{"react@17.0.0", "react@17.0.0", "x", 39, dep.Registry, "", dep.Prod, false, true, "", 2, 0},
	}
	if len(entries) != len(want) {
		t.Fatalf("%d entries, want %d", len(entries), len(want))
	}
	for i, e := range entries {
		got := row{e.Location, e.Package.ID(), e.Alias, e.Line, e.Source, e.Resolved, e.Scope, e.Direct, len(e.Digests) == 1, strings.Join(e.Workspaces, " "), len(e.Places), len(e.Dependencies)}
		if got != want[i] {
			t.Errorf("%+v\nwant %+v", got, want[i])
		}
		if e.AliasUnasked || !e.Unsaid.Has(dep.FactBundled|dep.FactInstallScript) || e.Unsaid.Has(dep.FactScope) || e.Lockfile != "pnpm-lock.yaml" {
			t.Errorf("%+v", e)
		}
	}
	specs := []dep.Spec{{Name: "react", Range: "17.0.0", Kind: dep.Prod}, {Name: "x", Range: "react@17.0.0", Kind: dep.Prod}, {Name: "react", Range: "18.2.0", Kind: dep.Prod}, {Name: "react", Range: "*", Kind: dep.Peer}}
	if !slices.Equal(entries[0].Dependencies, specs) {
		t.Errorf("%+v", entries[0].Dependencies)
	}
	places := []dep.Place{{By: "a@1.0.0", As: "react"}, {By: "a@1.0.0", As: "x"}}
	if !slices.Equal(entries[6].Places, places) {
		t.Errorf("%+v", entries[6].Places)
	}
}

func TestPNPM5And6KeepOneEntryForEachChoiceOfPeers(t *testing.T) {
	v5 := `dependencies:
  a: 1.0.0_b@1.0.0
  c: registry.example.com/c/1.0.0
  x: /b/1.0.0
devDependencies:
  d: 1.0.0
lockfileVersion: 5.4
packages:
  /a/1.0.0_b@1.0.0:
    dependencies:
      b: 1.0.0
    dev: false
    peerDependencies:
      b: '*'
    requiresBuild: true
    resolution:
      integrity: ` + sri("a") + `
  /a/1.0.0_b@2.0.0:
    dev: true
    resolution:
      integrity: ` + sri("a") + `
  /b/1.0.0:
    resolution: {integrity: ` + sri("b") + `}
  /d/1.0.0:
    dev: true
    optional: true
    requiresBuild: true
    resolution: {integrity: ` + sri("d") + `, tarball: d/download/d-1.0.0.tgz}
  registry.example.com/c/1.0.0:
    name: c
    version: 1.0.0
    resolution: {integrity: ` + sri("c") + `}
specifiers:
  a: ^1.0.0
  c: ^1.0.0
  d: ^1.0.0
  x: npm:b@1
`
	v6 := strings.NewReplacer("5.4", "'6.0'", "/1.0.0_b@1.0.0", "@1.0.0(b@1.0.0)", "1.0.0_b@1.0.0", "1.0.0(b@1.0.0)", "/1.0.0_b@2.0.0", "@1.0.0(b@2.0.0)",
		"/b/1.0.0", "/b@1.0.0", "/d/1.0.0", "/d@1.0.0", "com/c/1.0.0", "com/c@1.0.0").Replace(v5)
	for _, text := range []string{v5, v6} {
		entries := parsePNPMText(t, text)
		var got []string
		for _, e := range entries {
			got = append(got, strings.Join([]string{e.Package.ID(), e.Alias, string(e.Source), e.Resolved, string(e.Scope), strings.Join(e.Workspaces, " ")}, "|"))
		}
		want := []string{
			"a@1.0.0||registry||prod|.", "a@1.0.0||registry||dev|", "b@1.0.0|x|registry||prod|.", "d@1.0.0||url|d/download/d-1.0.0.tgz|dev|.",
			"c@1.0.0||registry|https://registry.example.com/c/-/c-1.0.0.tgz|prod|.",
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q\nwant\n%q", got, want)
		}
		if a := entries[0]; !a.InstallScript || len(a.Dependencies) != 2 || a.Unsaid != dep.FactBundled|dep.FactRanges {
			t.Errorf("%+v", a)
		}
		if d := entries[3]; d.InstallScript || !d.Unsaid.Has(dep.FactInstallScript) {
			t.Errorf("what is optional only counts as built: %+v", d)
		}
	}
}

// Package.json asks for a name, and the lockfile puts something else in its place.
func TestPNPMAliasesThatNobodyAskedForAreTold(t *testing.T) {
	for specifier, unasked := range map[string]bool{
		"^4.17.0": true, "latest": true, "npm:lodash@^4": true, "workspace:*": true, "catalog:": true, "catalog:c": true,
		"https://registry.npmjs.org/lodash/-/lodash-4.17.21.tgz": true, "npm:evil2@6.6.6": true,
		"npm:evil@6.6.6": false, "npm:evil": false, "catalog:good": false, "https://registry.npmjs.org/evil/-/evil-6.6.6.tgz": false,
	} {
		entries := parsePNPMText(t, `lockfileVersion: '9.0'
catalogs:
  c: {lodash: {specifier: ^4, version: 4.17.21}}
  default: {lodash: {specifier: ^4, version: 4.17.21}}
  good: {lodash: {specifier: 'npm:evil@6', version: 6.6.6}}
importers:
  .:
    dependencies:
      lodash: {specifier: '`+specifier+`', version: evil@6.6.6}
packages:
  evil@6.6.6:
    resolution: {integrity: `+sri("evil")+`}
snapshots:
  evil@6.6.6: {}
`)
		if e := entries[0]; e.Alias != "lodash" || e.AliasUnasked != unasked {
			t.Errorf("%s: %+v", specifier, e)
		}
	}
}

func TestPNPMPatchesAreTold(t *testing.T) {
	for _, c := range []struct{ patches, snapshot, want string }{
		{"a@1.0.0: {hash: h, path: p/a.patch}", "a@1.0.0", "p/a.patch"},
		{"a@1.0.0: {hash: h, path: ../../a.patch}", "a@1.0.0(patch_hash=h)", "../../a.patch"},
		{"a@1.0.0: h", "a@1.0.0(patch_hash=h)(b@1.0.0)", "h"},
		{"a: {hash: h, path: a.patch}", "a@1.0.0", "a.patch"},
		{"a@^1: {hash: h, path: a.patch}", "a@1.0.0", "a.patch"},
		{"a@^2: {hash: h, path: a.patch}", "a@1.0.0", ""},
		{"a@1.0.1: {hash: h, path: a.patch}", "a@1.0.0", ""},
		{"a@not//a range: {hash: h, path: a.patch}", "a@1.0.0", "a.patch"},
		{"b@1.0.0: {hash: h, path: b.patch}", "a@1.0.0(patch_hash=h)", "h"},
		{"{a: x, a@^1: y, a@1.0.0: z}", "a@1.0.0", "z"},
		{"{a: x, a@^1: y}", "a@1.0.0", "y"},
	} {
		if !strings.HasPrefix(c.patches, "{") {
			c.patches = "\n  '" + strings.Replace(c.patches, ": ", "': ", 1)
		}
		entries := parsePNPMText(t, "lockfileVersion: '9.0'\npatchedDependencies: "+c.patches+"\npackages:\n  a@1.0.0:\n    resolution: {integrity: "+sri("a")+"}\nsnapshots:\n  "+c.snapshot+": {}\n")
		if got := entries[0].Patch; got != c.want {
			t.Errorf("%s, %s: %q, want %q", c.patches, c.snapshot, got, c.want)
		}
	}
}

// A link into node_modules puts another package under the name.
func TestPNPMLinksThatLeadToNoFolderOfTheRepositoryAreEntries(t *testing.T) {
	for target, listed := range map[string]bool{
		"../b": false, "../../b": false, "": false, "../../../b": true, "node_modules/evil": true, "../../Node_Modules/.pnpm/evil@1.0.0/node_modules/evil": true, "/b": true, "..\\b": true,
	} {
		entries := parsePNPMText(t, `lockfileVersion: '9.0'
importers:
  p/a:
    dependencies:
      lodash: {specifier: '^4', version: 'link:`+target+`'}
packages:
  c@1.0.0:
    resolution: {integrity: `+sri("c")+`}
snapshots:
  c@1.0.0:
    dependencies:
      lodash: 'link:node_modules/evil'
      d: link:p/d
`)
		var stray []dep.Entry
		for _, e := range entries {
			if e.Source == dep.File {
				stray = append(stray, e)
			}
		}
		want := 1
		if listed {
			want = 2
		}
		if len(stray) != want || stray[want-1].Resolved != "link:node_modules/evil" || stray[want-1].Direct || stray[want-1].Line != 7 {
			t.Fatalf("%s: %+v", target, stray)
		}
		if e := stray[0]; listed && (e.Package.Name != "lodash" || e.Resolved != "link:"+target || !e.Direct || e.Line != 5 || e.Workspaces[0] != "p/a") {
			t.Errorf("%s: %+v", target, e)
		}
	}
}

func TestPNPMLockfilesThatCannotBeReadInFullAreRefused(t *testing.T) {
	const head = "lockfileVersion: '9.0'\n"
	one := func(fields string) string { return head + "packages:\n  a@1.0.0:\n" + fields }
	for _, c := range []struct {
		what, text string
		kind       Kind
		line       int
	}{
		{"no version", "a: 1\n", UnsupportedVersion, 1},
		{"nothing", "packages: {}\n", UnsupportedVersion, 0},
		{"no version in the second document", head + "---\nsettings: {}\n", UnsupportedVersion, 3},
		{"comments alone", "# a\n", UnsupportedVersion, 0},
		{"version 7", "\nlockfileVersion: '7.0'\n", UnsupportedVersion, 2},
		{"version 10", "lockfileVersion: '10.0'\n", UnsupportedVersion, 1},
		{"a list as version", "lockfileVersion: [9.0]\n", UnsupportedVersion, 1},
		{"packages as a list", head + "packages:\n- a\n", Malformed, 3},
		{"packages as null", head + "packages:\n", Malformed, 2},
		{"importers as a scalar", head + "importers: x\n", Malformed, 2},
		{"a package without resolution", one("    hasBin: true\n"), Malformed, 3},
		{"a package that is null", head + "packages:\n  a@1.0.0:\n", Malformed, 3},
		{"a resolution that is text", one("    resolution: x\n"), Malformed, 4},
		{"an unknown type", one("    resolution: {type: custom:x}\n"), Malformed, 4},
		{"a directory without path", one("    resolution: {type: directory}\n"), Malformed, 4},
		{"git without commit", one("    resolution: {type: git, repo: x}\n"), Malformed, 4},
		{"a binary without url", one("    resolution: {type: binary, integrity: x}\n"), Malformed, 4},
		{"variants as text", one("    resolution: {type: variations, variants: x}\n"), Malformed, 4},
		{"too long an integrity", one("    resolution: {integrity: '" + strings.Repeat(" ", 5000) + "'}\n"), Limit, 4},
		{"too many digests", one("    resolution: {integrity: '" + strings.Repeat("x ", MaxDigests+1) + "'}\n"), Limit, 4},
		{"a key without version", head + "packages:\n  a:\n    resolution: {integrity: x}\n", Malformed, 3},
		{"a snapshot without version", head + "snapshots:\n  a: {}\n", Malformed, 3},
		{"an address without name", "lockfileVersion: '6.0'\npackages:\n  github.com/o/n/c:\n    resolution: {tarball: x}\n", Malformed, 3},
		{"an empty key", "lockfileVersion: '6.0'\npackages:\n  '':\n    resolution: {tarball: x}\n    name: a\n", Malformed, 3},
		{"dev: x", "lockfileVersion: '6.0'\npackages:\n  /a@1.0.0:\n    resolution: {}\n    dev: x\n", Malformed, 5},
		{"dependencies as a list", head + "snapshots:\n  a@1.0.0:\n    dependencies: [x]\n", Malformed, 4},
		{"a dependency that is a mapping", head + "snapshots:\n  a@1.0.0:\n    dependencies: {x: {}}\n", Malformed, 4},
		{"a snapshot of another name", head + "snapshots:\n  a@1.0.0:\n    name: evil\n", Malformed, 4},
		{"a snapshot of another version", head + "snapshots:\n  a@1.0.0:\n    version: 6.6.6\n", Malformed, 4},
		{"a tag", one("    resolution: !!js/function 'x'\n"), Malformed, 4},
		{"a key twice", one("    resolution: {}\n  'a@1.0.0':\n    resolution: {}\n"), DuplicateKey, 5},
	} {
		e, entries := parseError(t, "pnpm-lock.yaml", c.text)
		if e.Kind != c.kind || e.Line != c.line || len(entries) > 0 {
			t.Errorf("%s: %s on line %d: %v, %d entries", c.what, e.Kind, e.Line, e, len(entries))
		}
		if !strings.Contains(e.Detail, "pnpm install") || strings.Contains(e.Error(), "\n") {
			t.Errorf("%s: %q does not say what to do", c.what, e.Error())
		}
	}
}

func TestPNPMLockfilesThatContradictThemselvesAreListedAllTheSame(t *testing.T) {
	const head = "lockfileVersion: '9.0'\n"
	entry := func(key, fields string) string {
		return "packages:\n  " + key + ":\n    resolution: {integrity: " + sri(key) + "}\n" + fields + "snapshots:\n  " + key + ": {}\n"
	}
	for _, c := range []struct {
		what, text, entries string
		line                int
	}{
		{"another name inside", head + entry("a@1.0.0", "    name: b\n    version: 2.0.0\n"), "a@1.0.0 b@2.0.0", 3},
		{"another version inside", head + entry("a@1.0.0", "    version: 2.0.0\n"), "a@1.0.0 a@2.0.0", 3},
		{"another name beside an address", head + entry("a@https://x.example/a.tgz", "    name: b\n    version: 2.0.0\n"), "a@2.0.0 b@2.0.0", 3},
		{"another name in a registry's key", "lockfileVersion: 5.4\npackages:\n  npm.example/a/1.0.0:\n    name: b\n    resolution: {integrity: " + sri("b") + "}\n", "a@1.0.0 b@1.0.0", 3},
		{"a snapshot without a package", head + entry("a@1.0.0", "") + "  b@1.0.0: {}\n", "a@1.0.0 b@1.0.0", 7},
		{"a package without a snapshot", head + "packages:\n  a@1.0.0:\n    resolution: {}\n", "a@1.0.0", 3},
		{"two documents of the project", head + "dependencies:\n  x: 1.0.0\n" + entry("a@1.0.0", "") + "---\n" + head + entry("b@1.0.0", ""), "a@1.0.0 b@1.0.0", 10},
		{"three documents", head + "---\n" + head + entry("a@1.0.0", "") + "---\n" + head + entry("b@1.0.0", ""), "a@1.0.0 b@1.0.0", 10},
	} {
		e, entries := parseError(t, "pnpm-lock.yaml", c.text)
		var ids []string
		for _, entry := range entries {
			ids = append(ids, entry.Package.ID())
		}
		if e.Kind != Inconsistent || e.Line != c.line || strings.Join(ids, " ") != c.entries {
			t.Errorf("%s: %s on line %d: %v, %q", c.what, e.Kind, e.Line, e, ids)
		}
	}
	// What pnpm writes: its own document first.
	entries := parsePNPMText(t, "---\n"+head+"importers:\n  .:\n    configDependencies:\n      a: {specifier: 1.0.0, version: 1.0.0}\n    packageManagerDependencies: {}\n"+entry("a@1.0.0", "")+"\n---\n"+head+"importers:\n  .: {}\n")
	if e := entries[0]; len(entries) != 1 || !e.Direct || e.Scope != dep.Prod || !slices.Equal(e.Workspaces, []string{"."}) {
		t.Errorf("%+v", entries)
	}
}

func TestPNPMSourcesAreTold(t *testing.T) {
	digest := "integrity: " + sri("a")
	for _, c := range []struct {
		version, key, fields string
		source               dep.SourceKind // "" for own code
		resolved             string
		digests              int
	}{
		{"9.0", "a@1.0.0", digest, dep.Registry, "", 1},
		{"9.0", "a@1.0.0", digest + ", tarball: 'https://npm.example.com/team/a/-/a-1.0.0.tgz'", dep.Registry, "https://npm.example.com/team/a/-/a-1.0.0.tgz", 1},
		{"9.0", "a@1.0.0", digest + ", registry: 'https://registry.npmjs.org/'", dep.Registry, "", 1},
		{"9.0", "a@1.0.0", digest + ", registry: 'https://npm.example.com/team/'", dep.Registry, "https://npm.example.com/team/a/-/a-1.0.0.tgz", 1},
		{"9.0", "a@1.0.0", digest + ", registry: 'https://evil.example/?'", dep.URL, "https://evil.example/?/a/-/a-1.0.0.tgz", 1},
		{"9.0", "a@1.0.0", "tarball: //evil.example/a.tgz", dep.URL, "//evil.example/a.tgz", 0},
		{"9.0", "a@1.0.0", "tarball: a/a.tgz", dep.URL, "a/a.tgz", 0},
		{"9.0", "a@1.0.0", "tarball: https://codeload.github.com/o/a/tar.gz/c", dep.URL, "https://codeload.github.com/o/a/tar.gz/c", 0},
		{"9.0", "a@1.0.0", "type: git, repo: 'https://x.example/a', commit: c", dep.Git, "https://x.example/a#c", 0},
		{"9.0", "a@1.0.0", "type: directory, directory: inside", dep.File, "inside", 0},
		{"9.0", "a@https://codeload.github.com/o/a/tar.gz/c", "tarball: https://codeload.github.com/o/a/tar.gz/c", dep.Git, "https://codeload.github.com/o/a/tar.gz/c", 0},
		{"9.0", "a@https://x.example/a.tgz", digest, dep.URL, "https://x.example/a.tgz", 1},
		{"9.0", "a@file:a.tgz", digest + ", tarball: 'file:a.tgz'", dep.File, "file:a.tgz", 1},
		{"9.0", "a@file:a", "type: directory, directory: a", "", "", 0},
		{"9.0", "a@file:a", "type: directory, directory: ../a", dep.File, "../a", 0},
		{"9.0", "a@file:a", "type: directory, directory: /a", dep.File, "/a", 0},
		{"9.0", "a@file:a", "type: directory, directory: node_modules/a", dep.File, "node_modules/a", 0},
		{"9.0", "a@file:a", "type: directory, directory: a, " + digest, dep.File, "a", 1},
		{"9.0", "a@file:a", "type: directory, directory: a, tarball: 'https://x.example/a.tgz'", dep.URL, "https://x.example/a.tgz", 0},
		{"9.0", "a@runtime:1.0.0", "type: binary, url: 'https://x.example/a', " + digest, dep.URL, "https://x.example/a", 1},
		{"9.0", "a@runtime:1.0.0", "type: variations, variants: [{resolution: {url: u, " + digest + "}}, {resolution: {url: v, integrity: " + sri("b") + "}}]", dep.URL, "u", 2},
		{"9.0", "a@runtime:1.0.0", "type: variations, variants: [{resolution: {url: u, " + digest + "}}, {resolution: {url: v}}]", dep.URL, "u", 0},
		{"9.0", "a@runtime:1.0.0", "type: variations, variants: [{resolution: {url: n/1/z}}, {resolution: {url: e/a}}, {resolution: {url: n/1/b}}]", dep.URL, "e/a n/1/b", 0},
		{"5.4", "npm.example.com+8443/a/1.0.0", digest, dep.Registry, "https://npm.example.com:8443/a/-/a-1.0.0.tgz", 1},
		{"5.4", "npm.example.com/@s/a/1.0.0", digest, dep.Registry, "https://npm.example.com/@s/a/-/a-1.0.0.tgz", 1},
		{"5.4", "registry.yarnpkg.com/a/1.0.0", digest, dep.Registry, "", 1},
		{"6.0", "@codeload.github.com/o/a/tar.gz/c", "tarball: https://codeload.github.com/o/a/tar.gz/c", dep.Git, "https://codeload.github.com/o/a/tar.gz/c", 0},
		{"6.0", "bitbucket.org/o/a/c", "type: git, repo: 'git@bitbucket.org:o/a', commit: c", dep.Git, "git@bitbucket.org:o/a#c", 0},
		{"6.0", "file:a", "type: directory, directory: a", "", "", 0},
	} {
		name := "a"
		if strings.Contains(c.key, "@s/a") {
			name = "@s/a"
		}
		text := "lockfileVersion: '" + c.version + "'\npackages:\n  '" + c.key + "':\n    resolution: {" + c.fields + "}\n    name: '" + name + "'\n    version: 1.0.0\nsnapshots:\n  '" + c.key + "': {}\n"
		entries := parsePNPMText(t, text)
		switch {
		case c.source == "" && len(entries) == 0:
		case len(entries) != 1:
			t.Errorf("%s: {%s}: %+v", c.key, c.fields, entries)
		default:
			if e := entries[0]; e.Source != c.source || e.Resolved != c.resolved || len(e.Digests) != c.digests || e.Package != npmPkg(name, "1.0.0") {
				t.Errorf("%s: {%s}: %s at %q with %d digests", c.key, c.fields, e.Source, e.Resolved, len(e.Digests))
			}
		}
	}
}

// What is asked for twice stands in one place; what only a dev dependency asks for is
// one too; and of several aliases the one that nobody asked for is told.
func TestPNPMAsksAreCountedOnce(t *testing.T) {
	var asks, packages, snapshots strings.Builder
	for i := range 20 {
		id := fmt.Sprintf("p%d", i)
		fmt.Fprintf(&asks, "p%d: 1.0.0, ", i)
		fmt.Fprintf(&packages, "  %s@1.0.0:\n    resolution: {}\n", id)
		fmt.Fprintf(&snapshots, "  %s@1.0.0:\n    dependencies: {deep: 1.0.0}\n", id)
	}
	entries := parsePNPMText(t, "lockfileVersion: '9.0'\ndevDependencies: {"+asks.String()+"}\nimporters:\n  .:\n    devDependencies: {"+asks.String()+
		"as1: {specifier: 'npm:deep@1', version: deep@1.0.0}, as2: {specifier: ^1, version: deep@1.0.0}}\npackages:\n"+packages.String()+"  deep@1.0.0:\n    resolution: {}\n  deeper@1.0.0:\n    resolution: {}\nsnapshots:\n"+
		snapshots.String()+"  deep@1.0.0:\n    dependencies: {deeper: 1.0.0}\n  deeper@1.0.0: {}\n")
	for i, e := range entries {
		want := 1
		if e.Package.Name == "deep" {
			want = 22
			if e.Alias != "as2" || !e.AliasUnasked {
				t.Errorf("%+v", e)
			}
		}
		if len(e.Places) != want || e.Scope != dep.Dev || e.Direct != (i < 21) {
			t.Errorf("%s: %d places, %s, direct %t", e.Package.ID(), len(e.Places), e.Scope, e.Direct)
		}
	}
}

func TestHostilePNPMLockfiles(t *testing.T) {
	c := openCorpus(t)
	const lodash = "lodash@4.17.21"
	for name, want := range map[string]struct {
		kind    Kind
		entries string
		holds   func(e dep.Entry) bool // of the last entry
	}{
		"pnpm-alias-bomb":       {kind: Malformed},
		"pnpm-anchor-and-merge": {kind: Malformed},
		"pnpm-custom-tag":       {kind: Malformed},
		"pnpm-deep-flow":        {kind: Limit},
		"pnpm-duplicate-key":    {kind: DuplicateKey},
		"pnpm-merge-conflict":   {kind: MergeConflict},
		"pnpm-version-7":        {kind: UnsupportedVersion},
		"pnpm-version-list":     {kind: UnsupportedVersion},
		"pnpm-directory-hides": {"", lodash, func(e dep.Entry) bool {
			return e.Source == dep.File && e.Resolved == "../../evil" && e.Integrity == ""
		}},
		"pnpm-git-without-hash": {Inconsistent, "evil@1.0.0 " + lodash, func(e dep.Entry) bool { return e.Integrity == "" }},
		"pnpm-name-override":    {Inconsistent, lodash + " lodahs@6.6.6", nil},
		"pnpm-patch-outside":    {"", lodash, func(e dep.Entry) bool { return e.Patch == "../../../tmp/evil.patch" }},
		"pnpm-snapshot-without-package": {Inconsistent, lodash + " evil@6.6.6", func(e dep.Entry) bool {
			return e.Integrity == "" && e.Line == 18
		}},
		"pnpm-tarball-other-host": {"", lodash, func(e dep.Entry) bool {
			return e.Source == dep.URL && e.Resolved == "https://evil.example/lodash.tgz"
		}},
		"pnpm-tarball-without-integrity": {"", lodash, func(e dep.Entry) bool { return e.Source == dep.Registry && e.Integrity == "" }},
		"pnpm-third-document":            {Inconsistent, "pnpm@10.0.0 " + lodash + " " + lodash + " evil@6.6.6 " + lodash, nil},
		"pnpm-typed-scalars":             {Inconsistent, "foo@1.10 bar@1e3 no@0x10", nil},
		"pnpm-v6-scoped-peers":           {"", "@babel/parser@7.18.4 b@1.0.0", func(e dep.Entry) bool { return e.Scope == dep.Dev }},
	} {
		entries, err := Parse("pnpm-lock.yaml", c.read(t, "hostile/"+name+"/head.pnpm-lock.yaml"))
		var refused *Error
		if errors.As(err, &refused) != (want.kind != "") || refused != nil && refused.Kind != want.kind {
			t.Errorf("%s: error %v, want kind %q", name, err, want.kind)
		}
		var ids []string
		for _, e := range entries {
			ids = append(ids, e.Package.ID())
			if refused != nil && e.Package.ID() != lodash && !strings.Contains(refused.Detail, e.Package.ID()) {
				t.Errorf("%s: %s is not named: %v", name, e.Package.ID(), refused)
			}
		}
		if strings.Join(ids, " ") != want.entries {
			t.Errorf("%s: %q, want %q", name, ids, want.entries)
		}
		if want.holds != nil && len(entries) > 0 && !want.holds(entries[len(entries)-1]) {
			t.Errorf("%s: %+v", name, entries[len(entries)-1])
		}
	}
}

// realPNPM reads the real lockfiles of the corpus whose path matches, by their path.
func realPNPM(t testing.TB, pattern string) map[string][]dep.Entry {
	c := openCorpus(t)
	names, err := fs.Glob(c, pattern)
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	out := map[string][]dep.Entry{}
	for _, name := range names {
		entries, err := Parse("pnpm-lock.yaml", c.read(t, name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		out[name] = entries
	}
	return out
}

// Up to version 6 the lockfile says itself what is for development and what is optional.
// The graph must say the same, and reach everything.
func TestTheGraphOfRealPNPMLockfilesAgreesWithTheirMarks(t *testing.T) {
	c := openCorpus(t)
	marked := 0
	for name, entries := range realPNPM(t, "pnpm-v*/*/*.yaml") {
		lines := strings.Split(string(c.read(t, name)), "\n")
		for _, e := range entries {
			dev, optional := false, false
			for _, line := range lines[e.Line:] {
				if !strings.HasPrefix(line, "    ") {
					break
				}
				dev, optional = dev || line == "    dev: true", optional || line == "    optional: true"
			}
			if want := scope(dev, optional, false); want != dep.Prod {
				if marked++; e.Scope != want {
					t.Errorf("%s, line %d: %s is %s, marked %s", name, e.Line, e.Package.ID(), e.Scope, want)
				}
			}
			if len(e.Places) == 0 || e.AliasUnasked || e.Direct != (len(e.Workspaces) > 0) {
				t.Errorf("%s, line %d: %+v", name, e.Line, e)
			}
			if !strings.Contains(lines[e.Line-1], e.Location) {
				t.Errorf("%s, line %d: is %q, and %s should be there", name, e.Line, lines[e.Line-1], e.Location)
			}
		}
	}
	if marked < 1000 {
		t.Errorf("only %d marks", marked)
	}
}

func TestARuntimeHasTheDigestsOfEveryPlatform(t *testing.T) {
	for _, entries := range realPNPM(t, "pnpm-v9/*multi-document*/*.yaml") {
		e := find(t, entries, "node@runtime:26.7.0")
		if e.Package.Version != "26.7.0" || e.Source != dep.URL || len(e.Digests) != 11 || !e.Direct || !strings.HasPrefix(e.Resolved, "https://nodejs.org/download/release/v26.7.0/") {
			t.Errorf("%+v", e)
		}
	}
}
