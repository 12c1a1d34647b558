package lockfile

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/dep"
)

// bun is a bun.lock of version 1 with the given members of "packages": the first on
// line 6, each on its own line. workspaces are those beside the root, or replace it.
func bun(workspaces string, packages ...string) string {
	if !strings.Contains(workspaces, `"": `) {
		workspaces = `"": {"name": "root"}, ` + workspaces
	}
	return "{\n\"lockfileVersion\": 1,\n\"workspaces\": {\n" + workspaces + "\n}, \"packages\": {\n" + strings.Join(packages, ",\n") + ",\n},\n}\n"
}

// bunMember is one member of "packages" for a release in the default registry.
func bunMember(at, name, version, info string) string {
	return fmt.Sprintf(`%q: ["%s@%s", "", {%s}, %q]`, at, name, version, info, sri(name+version))
}

func parseBunText(t testing.TB, text string) []dep.Entry {
	t.Helper()
	return parseAs(t, "bun.lock", text)
}

func TestBunReadsEveryKindOfTuple(t *testing.T) {
	digest := sri("x")
	for _, tt := range []struct {
		tuple                   string
		name, version, resolved string
		source                  dep.SourceKind
		integrity               bool
	}{
		{`["x@1.2.3", "", {}, "%s"]`, "x", "1.2.3", "", dep.Registry, true},
		{`["@s/x@1.2.3-rc.1+b", "", {}, "%s"]`, "@s/x", "1.2.3-rc.1+b", "", dep.Registry, true},
		{`["x@1.2.3", "", {}, ""]`, "x", "1.2.3", "", dep.Registry, false},
		{`["x@1.2.3", "https://npm.example.com/team/x/-/x-1.2.3.tgz", {}, "%s"]`, "x", "1.2.3", "https://npm.example.com/team/x/-/x-1.2.3.tgz", dep.Registry, true},
		// bun fetches just what stands there, also where that is a registry's base.
		{`["x@1.2.3", "https://npm.example.com/", {}, "%s"]`, "x", "1.2.3", "https://npm.example.com/", dep.URL, true},
		{`["x@1.2.3", "https://registry.npmjs.org/y/-/y-1.2.3.tgz", {}, "%s"]`, "x", "1.2.3", "https://registry.npmjs.org/y/-/y-1.2.3.tgz", dep.URL, true},
		{`["x@1.2.3", "http://registry.npmjs.org/x/-/x-1.2.3.tgz", {}, "%s"]`, "x", "1.2.3", "http://registry.npmjs.org/x/-/x-1.2.3.tgz", dep.URL, true},
		{`["x@https://example.com/x.tgz", {}, "%s"]`, "x", "", "https://example.com/x.tgz", dep.URL, true},
		{`["x@https://registry.npmjs.org/x/-/x-1.2.3.tgz", {}]`, "x", "", "https://registry.npmjs.org/x/-/x-1.2.3.tgz", dep.URL, false},
		{`["x@http://example.com/x", {}, "%s"]`, "x", "", "http://example.com/x", dep.URL, true},
		{`["x@./deps/x.tgz", {}, "%s"]`, "x", "", "./deps/x.tgz", dep.File, true},
		{`["x@1.tgz", {}]`, "x", "", "1.tgz", dep.File, false},
		{`["x@github:o/x#abc1234", {}, "o-x-abc1234", "%s"]`, "x", "", "github:o/x#abc1234", dep.Git, true},
		{`["x@github:o/x#abc1234", {}, "o-x-abc1234"]`, "x", "", "github:o/x#abc1234", dep.Git, false},
		{`["@s/x@git+ssh://git@example.com/o/x.git#abc", {}, "abc"]`, "@s/x", "", "git+ssh://git@example.com/o/x.git#abc", dep.Git, false},
		{`["x@git+git@github.com:o/x.git#abc", {}, "abc"]`, "x", "", "git+git@github.com:o/x.git#abc", dep.Git, false},
		{`["x@github:o/x#abc", {}, ""]`, "x", "", "github:o/x#abc", dep.Git, false},
		{`["x@file:../../outside", {}]`, "x", "", "file:../../outside", dep.File, false},
		{`["x@file:x.tgz", {}]`, "x", "", "file:x.tgz", dep.File, false},
		{`["x@link:/home/x", {}]`, "x", "", "link:/home/x", dep.File, false},
		{`["x@workspace:../../outside"]`, "x", "", "workspace:../../outside", dep.File, false},
		{`["x@workspace:node_modules/y"]`, "x", "", "workspace:node_modules/y", dep.File, false},
	} {
		tuple := strings.Replace(tt.tuple, "%s", digest, 1)
		entries, err := Parse("a/bun.lock", []byte(bun("", `"x": `+tuple)))
		if err != nil || len(entries) != 1 {
			t.Errorf("%s: %d entries, %v", tuple, len(entries), err)
			continue
		}
		e, integrity := entries[0], ""
		if tt.integrity {
			integrity = digest
		}
		if e.Package != npmPkg(tt.name, tt.version) || e.Resolved != tt.resolved || e.Source != tt.source || e.Integrity != integrity || (len(e.Digests) == 1) != tt.integrity || e.Line != 6 || e.Location != "x" {
			t.Errorf("%s: %+v", tuple, e)
		}
	}
}

func TestBunLeavesTheRepositorysOwnCodeOut(t *testing.T) {
	for _, tuple := range []string{
		`["x@workspace:packages/x"]`, `["x@workspace:packages/x", {"dependencies": {"y": "1"}}]`, `["x@root:", {}]`, `["@root:", {"bin": "x"}]`,
		`["x@file:x", {}]`, `["x@file:../x", {}]`, `["x@link:x", {}]`, `["x@workspace:"]`,
	} {
		entries, err := Parse("a/bun.lock", []byte(bun("", `"x": `+tuple)))
		if err != nil || len(entries) > 0 {
			t.Errorf("%s: %+v, %v", tuple, entries, err)
		}
	}
}

func TestBunRefusesWhatItCouldNotReadInFull(t *testing.T) {
	deep := strings.Repeat("a/", MaxNesting) + "a"
	for text, kind := range map[string]Kind{
		"null": Malformed, "[]": Malformed, "{}": UnsupportedVersion, `"x"`: Malformed,
		`{"lockfileVersion": 1}`:                                                            Malformed,
		`{"lockfileVersion": 1, "workspaces": null}`:                                        Malformed,
		`{"lockfileVersion": 4, "workspaces": {}}`:                                          UnsupportedVersion,
		`{"lockfileVersion": -1, "workspaces": {}}`:                                         UnsupportedVersion,
		`{"lockfileVersion": "1", "workspaces": {}}`:                                        UnsupportedVersion,
		`{"lockfileVersion": null, "workspaces": {}}`:                                       UnsupportedVersion,
		`{"lockfileVersion": [1], "workspaces": {}}`:                                        Malformed,
		`{"lockfileVersion": 1, "workspaces": {"a": {}}}`:                                   Malformed, // no name
		`{"lockfileVersion": 1, "workspaces": {}, "overrides": []}`:                         Malformed,
		bun("", `"x": []`):                                                                  Malformed,
		bun("", `"x": [1]`):                                                                 Malformed,
		bun("", `"x": "x@1.0.0"`):                                                           Malformed,
		bun("", `"x": {}`):                                                                  Malformed,
		bun("", `"x": null`):                                                                Malformed,
		bun("", `"x": ["x"]`):                                                               Malformed,
		bun("", `"x": ["@1.0.0", "", {}, ""]`):                                              Malformed,
		bun("", `"x": ["x@", "", {}, ""]`):                                                  Malformed,
		bun("", `"x": ["x@latest", "", {}, ""]`):                                            Malformed,
		bun("", `"x": ["x@1.0.0"]`):                                                         Malformed,
		bun("", `"x": ["x@1.0.0", "", {}]`):                                                 Malformed,
		bun("", `"x": ["x@1.0.0", {}, "", ""]`):                                             Malformed,
		bun("", `"x": ["x@1.0.0", "", {}, null]`):                                           Malformed,
		bun("", `"x": ["x@https://e.com/x.tgz", "", {}]`):                                   Malformed,
		bun("", `"x": ["x@github:o/x#1", {}]`):                                              Malformed,
		bun("", `"x": ["x@github:o/x#1", {}, "o-x-2"]`):                                     Malformed,
		bun("", `"x": ["x@git+https://e.com/x#1", {}, "branch-1"]`):                         Malformed,
		bun("", `"x": ["x@git+https://e.com/x", {}, "1"]`):                                  Malformed,
		bun("", `"x": ["x@file:../x"]`):                                                     Malformed,
		bun("", `"x": ["x@1.0.0", "", {"bundled": 1}, ""]`):                                 Malformed,
		bun("", `"x": ["x@1.0.0", "", {"dependencies": ["y"]}, ""]`):                        Malformed,
		bun("", `"": ["x@1.0.0", "", {}, ""]`):                                              Malformed,
		bun("", `"a//b": ["x@1.0.0", "", {}, ""]`):                                          Malformed,
		bun("", `"a/": ["x@1.0.0", "", {}, ""]`):                                            Malformed,
		bun("", `"`+deep+`": ["x@1.0.0", "", {}, ""]`):                                      Limit,
		bun("", bunMember("x", "x", "1.0.0", ""), bunMember("x", "y", "1.0.0", "")):         DuplicateKey,
		bun("", `"x": ["x@1.0.0", "", {}, "`+strings.Repeat("sha1-AA ", MaxDigests+1)+`"]`): Limit,
		bun("", `"x": ["x@1.0.0", "", {}, "`+strings.Repeat("a", MaxIntegrityBytes+1)+`"]`): Limit,
		bun("", "<<<<<<< HEAD\n"+bunMember("x", "x", "1.0.0", "")):                          MergeConflict,
		bun("") + "{}": NotJSON,
		"{\n// c":      NotJSON,
	} {
		e, entries := parseError(t, "bun.lock", text)
		if e.Kind != kind || len(entries) > 0 || strings.Contains(e.Detail, "npm install") {
			t.Errorf("%q: %+v, want %s", text, e, kind)
		}
	}
}

func TestABinaryLockfileIsUnsupportedWhateverItsBytes(t *testing.T) {
	for _, data := range []string{"", "#!/usr/bin/env bun\nbun-lockfile-format-v0\n\x00\xff\xfe", "\xff\xfe\x00", "{}"} {
		e, _ := parseError(t, "a/bun.lockb", data)
		if e.Kind != UnsupportedVersion || !strings.Contains(e.Detail, "bun install --save-text-lockfile") {
			t.Errorf("%q: %v", data, e)
		}
	}
}

func TestBunKeepsWhatStandsInStringsAndTheLine(t *testing.T) {
	entries := parseBunText(t, "// first\n{ /* \"packages\": {\n*/ \"lockfileVersion\": 0, \"workspaces\": {\"\": {},},\n\"packages\": {\n\"a\\u002fb\": [\"a@1.0.0 // no comment, ]\", \"\", {}, \"\",],\n},}\n// last\n")
	if len(entries) != 1 || entries[0].Location != "a/b" || entries[0].Package.Version != "1.0.0 // no comment, ]" || entries[0].Line != 5 || entries[0].Alias != "b" {
		t.Errorf("%+v", entries)
	}
}

func TestBunResolvesWhatAsksForWhat(t *testing.T) {
	entries := parseBunText(t, bun(
		`"": {"name": "root", "dependencies": {"a": "^1", "@s/w": "workspace:*"}, "devDependencies": {"d": "1", "local": "file:lib"}, "peerDependencies": {"p": "*"}, "optionalPeers": ["p"]},
		 "packages/w": {"name": "@s/w", "version": "1.0.0", "dependencies": {"a": "^2"}, "optionalDependencies": {"o": "1", "absent": "1"}}`,
		`"@s/w": ["@s/w@workspace:packages/w"]`,
		`"local": ["local@file:lib", {"dependencies": {"c": "1"}}]`,
		bunMember("a", "a", "1.0.0", `"dependencies": {"@t/b": "1", "c": "1"}, "peerDependencies": {"d": "1"}`),
		bunMember("@t/b", "@t/b", "1.0.0", ""),
		bunMember("c", "c", "1.0.0", ""),
		bunMember("d", "d", "1.0.0", `"dependencies": {"e": "npm:real-e@1"}`),
		bunMember("e", "real-e", "1.0.0", ""),
		bunMember("o", "o", "1.0.0", `"dependencies": {"p": "1"}`),
		bunMember("p", "p", "1.0.0", ""),
		bunMember("lonely", "lonely", "1.0.0", ""),
		bunMember("a/@t/b", "@t/b", "2.0.0", `"dependencies": {"c": "2", "a": "1"}`),
		bunMember("a/@t/b/c", "c", "2.0.0", `"dependencies": {"@t/b": "2"}`),
		bunMember("o/p/q", "q", "1.0.0", ""),
		bunMember("@s/w/a", "a", "2.0.0", `"dependencies": {"@t/b": "1"}`),
	))
	type fact struct {
		direct     bool
		workspaces string
		scope      dep.Scope
		places     string
	}
	want := map[string]fact{
		"a":        {true, ".", dep.Prod, ".>a @t/b@2.0.0>a"},
		"@t/b":     {false, "", dep.Prod, "a@2.0.0>@t/b"},
		"c":        {true, "lib", dep.Prod, "lib>c a@1.0.0>c"},
		"d":        {true, ".", dep.Peer, ".>d a@1.0.0>d"},
		"e":        {false, "", dep.Peer, "d@1.0.0>e"},
		"o":        {true, "packages/w", dep.Optional, "packages/w>o"},
		"p":        {true, ".", dep.Peer, ".>p o@1.0.0>p"},
		"o/p/q":    {false, "", dep.Prod, ""}, // below what is not there
		"lonely":   {false, "", dep.Prod, ""},
		"a/@t/b":   {false, "", dep.Prod, "a@1.0.0>@t/b c@2.0.0>@t/b"},
		"a/@t/b/c": {false, "", dep.Prod, "@t/b@2.0.0>c"},
		"@s/w/a":   {true, "packages/w", dep.Prod, "packages/w>a"},
	}
	for _, e := range entries {
		var places []string
		for _, p := range e.Places {
			places = append(places, p.By+">"+p.As)
		}
		got := fact{e.Direct, strings.Join(e.Workspaces, " "), e.Scope, strings.Join(places, " ")}
		if got != want[e.Location] {
			t.Errorf("%s: %+v, want %+v", e.Location, got, want[e.Location])
		}
		if e.Unsaid != dep.FactInstallScript || e.AliasUnasked {
			t.Errorf("%+v", e)
		}
		delete(want, e.Location)
	}
	if len(want) > 0 {
		t.Errorf("missing: %v", want)
	}
	d := find(t, entries, "a").Dependencies
	if !slices.Equal(d, []dep.Spec{{Name: "@t/b", Range: "1", Kind: dep.Prod}, {Name: "c", Range: "1", Kind: dep.Prod}, {Name: "d", Range: "1", Kind: dep.Peer}}) {
		t.Errorf("%+v", d)
	}
}

func TestABunAliasIsUnaskedWhereNothingNamesIt(t *testing.T) {
	alias := func(asking string) dep.Entry {
		text := strings.Replace(bun("", bunMember("react", "reakt", "1.0.0", ""), bunMember("x", "x", "1.0.0", "")), `"workspaces"`, asking+` "workspaces"`, 1)
		if strings.HasPrefix(asking, "{") {
			text = bun(`"": `+asking, bunMember("react", "reakt", "1.0.0", ""))
		}
		return find(t, parseBunText(t, text), "react")
	}
	for asking, unasked := range map[string]bool{
		``:                                   true,
		`{"dependencies": {"react": "^18"}}`: true,
		`{"dependencies": {"other": "npm:reakt@1"}}`:                           true,
		`{"dependencies": {"react": "npm:react@1"}}`:                           true,
		`{"dependencies": {"react": "npm:reakt@^1"}}`:                          false,
		`{"peerDependencies": {"react": "npm:reakt"}}`:                         false,
		`{"dependencies": {"react": "github:o/reakt"}}`:                        false,
		`"overrides": {"react": "npm:reakt@1"},`:                               false,
		`"overrides": {"react@^18": {".": "npm:reakt@1"}},`:                    false,
		`"overrides": {"x": {"y": {"react": "npm:reakt@1", ".": "npm:z@1"}}},`: false,
		`"overrides": {"x": {".": "npm:reakt@1"}},`:                            true,
		`{"dependencies": {"react": "catalog:"}}`:                              true,
		`{"dependencies": {"react": "workspace:*"}}`:                           true,
		`"catalog": {"react": "npm:reakt@1"},`:                                 false,
		`"catalogs": {"a": {"react": "npm:reakt@1"}},`:                         false,
	} {
		if e := alias(asking); e.AliasUnasked != unasked || e.Alias != "react" {
			t.Errorf("%s: alias %q, unasked %t", asking, e.Alias, e.AliasUnasked)
		}
	}
}

func TestABunPatchBelongsToItsRelease(t *testing.T) {
	text := strings.Replace(bun("", bunMember("x", "x", "1.0.0", ""), bunMember("y/x", "x", "2.0.0", ""), `"g": ["g@github:o/g#1", {}, "o-g-1"]`),
		`"workspaces"`, `"trustedDependencies": ["x"], "patchedDependencies": {"x@1.0.0": "patches/x.patch", "g@github:o/g#1": "patches/g.patch"}, "workspaces"`, 1)
	entries := parseBunText(t, text)
	for location, patch := range map[string]string{"x": "patches/x.patch", "y/x": "", "g": "patches/g.patch"} {
		if e := find(t, entries, location); e.Patch != patch || e.InstallScript {
			t.Errorf("%+v", e)
		}
	}
	for _, broken := range []string{`"patchedDependencies": {"x@1.0.0": 1},`, `"trustedDependencies": [1],`, `"catalog": {"x": {}},`} {
		if e, _ := parseError(t, "bun.lock", strings.Replace(text, `"trusted`, broken+`"trusted`, 1)); e.Kind != Malformed && e.Kind != DuplicateKey {
			t.Errorf("%s: %v", broken, e)
		}
	}
}

func TestWhatBun14Writes(t *testing.T) {
	text := strings.Replace(bun("", `"boxed": ["boxed@vendor/boxed-1.0.0.tgz", {}, "`+sri("boxed")+`"]`, bunMember("s", "s", "1.0.0", `"hasInstallScript": true`), bunMember("n", "n", "1.0.0", "")),
		`"workspaces"`, `"overrides": {"one@1": {"two": "2.0.0", ".": "1.1.0"}}, "workspaces"`, 1)
	text = strings.Replace(text, `"lockfileVersion": 1`, `"lockfileVersion": 3`, 1)
	entries := parseBunText(t, text)
	if e := find(t, entries, "boxed"); e.Source != dep.File || e.Resolved != "vendor/boxed-1.0.0.tgz" || len(e.Digests) != 1 {
		t.Errorf("a tarball of the repository: %+v", e)
	}
	for location, script := range map[string]bool{"s": true, "n": false} {
		if e := find(t, entries, location); e.InstallScript != script || e.Unsaid.Has(dep.FactInstallScript) == script {
			t.Errorf("%+v", e)
		}
	}
	if !strings.Contains(text, `"lockfileVersion": 3`) {
		t.Error("the test's own file is of another version")
	}
}

func TestABunMarkAsBundledIsNoWayToHideASource(t *testing.T) {
	parent := bunMember("a", "a", "1.0.0", `"dependencies": {"b": "1"}`)
	for member, bundled := range map[string]bool{
		bunMember("a/b", "b", "1.0.0", `"bundled": true`):                                      true,
		bunMember("b", "b", "1.0.0", `"bundled": true`):                                        false, // asked for by the parent, and not inside
		bunMember("a/c", "c", "1.0.0", `"bundled": true`):                                      false, // not asked for
		`"a/b": ["b@1.0.0", "", {"bundled": true}, ""]`:                                        false,
		`"a/b": ["b@1.0.0", "https://e.example/b.tgz", {"bundled": true}, "` + sri("b") + `"]`: false,
		`"a/b": ["b@github:o/b#1", {"bundled": true}, "o-b-1", "` + sri("b") + `"]`:            false,
	} {
		entries := parseBunText(t, bun("", parent, member))
		if e := entries[1]; e.Bundled != bundled {
			t.Errorf("%s: bundled %t", member, e.Bundled)
		}
	}
}

func TestHostileBunLockfiles(t *testing.T) {
	c := openCorpus(t)
	for name, kind := range map[string]Kind{"bun-null": Malformed, "bun-bad-tuple": Malformed, "bun-comments-and-commas": Malformed, "bun-lockb-binary": UnsupportedVersion} {
		file := "bun.lock"
		if kind == UnsupportedVersion {
			file = "bun.lockb"
		}
		_, err := Parse(file, c.read(t, "hostile/"+name+"/head."+file))
		var e *Error
		if !errors.As(err, &e) || e.Kind != kind {
			t.Errorf("%s: %v", name, err)
		}
	}
	diff := func(name string) []dep.Change {
		return Diff(parseBunText(t, string(c.read(t, "hostile/"+name+"/base.bun.lock"))), parseBunText(t, string(c.read(t, "hostile/"+name+"/head.bun.lock"))))
	}
	moved := diff("bun-registry-url")
	if len(moved) != 1 || moved[0].Kind != dep.Repinned || !Explain(moved[0]).Source || fromPublicRegistry(moved[0].Entry) || moved[0].Entry.Resolved != "https://evil.example/lodash-4.17.21.tgz" {
		t.Errorf("%+v", moved)
	}
	masked := diff("bun-alias-masquerade")
	if len(masked) != 1 || masked[0].Entry.Package != npmPkg("reakt", "18.3.1") || masked[0].Entry.Alias != "react" || !masked[0].Entry.AliasUnasked {
		t.Errorf("%+v", masked)
	}
}

func TestTheGraphOfARealBunLockfile(t *testing.T) {
	c := openCorpus(t)
	entries := parseBunText(t, string(c.read(t, "bun/tool-v2-tarball-catalog/head.bun.lock")))
	for location, want := range map[string]string{
		"debug":           "packages/a prod true",
		"@corpus/b/debug": "packages/b prod true",
		"react":           "packages/a,packages/b prod true",
		"picocolors":      "packages/b dev true",
		"semver":          ". dev true",
		"fsevents":        ". optional true",
		"isarray":         "local-lib prod true",
		"lru-cache":       " dev false",
		"ms":              " prod false",
	} {
		e := find(t, entries, location)
		if got := fmt.Sprintf("%s %s %t", strings.Join(e.Workspaces, ","), e.Scope, e.Direct); got != want {
			t.Errorf("%s: %s, want %s", location, got, want)
		}
	}
}
