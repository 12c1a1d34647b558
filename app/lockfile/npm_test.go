package lockfile

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/dep"
)

func TestNpmEntriesSayWhatTheLockfileSays(t *testing.T) {
	entries := parse(t, v3(
		`"": {"name": "root", "dependencies": {"a": "^1", "x": "npm:real@2"}, "devDependencies": {"dev": "1"}}`,
		`"packages/w": {"version": "1.0.0", "dependencies": {"b": "1", "a": "2"}}`,
		`"node_modules/w": {"resolved": "packages/w", "link": true}`,
		member("node_modules/a", "a", "1.0.0", "hasInstallScript", true),
		member("node_modules/b", "b", "1.0.0", "optional", true),
		member("packages/w/node_modules/a", "a", "2.0.0", "peer", true),
		member("node_modules/a/node_modules/c", "c", "1.0.0"),
		member("node_modules/x", "real", "2.0.0", "name", "real"),
		member("node_modules/@s/p", "@s/p", "1.0.0", "devOptional", true),
		member("node_modules/dev", "dev", "1.0.0", "dev", true, "optional", true),
		member("node_modules/old", "old", "1.0.0", "resolved", false, "integrity", false),
	))
	type row struct {
		location, id, alias string
		line                int
		scope               dep.Scope
		direct, script      bool
		digests             int
	}
	want := []row{
		{"node_modules/a", "a@1.0.0", "", 7, dep.Prod, true, true, 1},
		{"node_modules/b", "b@1.0.0", "", 8, dep.Optional, true, false, 1},
		{"packages/w/node_modules/a", "a@2.0.0", "", 9, dep.Peer, true, false, 1},
		{"node_modules/a/node_modules/c", "c@1.0.0", "", 10, dep.Prod, false, false, 1},
		{"node_modules/x", "real@2.0.0", "x", 11, dep.Prod, true, false, 1},
		{"node_modules/@s/p", "@s/p@1.0.0", "", 12, dep.Dev, false, false, 1},
		{"node_modules/dev", "dev@1.0.0", "", 13, dep.Dev, true, false, 1},
		{"node_modules/old", "old@1.0.0", "", 14, dep.Prod, false, false, 0},
	}
	if len(entries) != len(want) {
		t.Fatalf("%d entries, want %d", len(entries), len(want))
	}
	for i, e := range entries {
		got := row{e.Location, e.Package.ID(), e.Alias, e.Line, e.Scope, e.Direct, e.InstallScript, len(e.Digests)}
		if got != want[i] {
			t.Errorf("%+v\nwant %+v", got, want[i])
		}
		if e.Source != dep.Registry || e.Lockfile != "package-lock.json" {
			t.Errorf("%s: source %s in %s", e.Location, e.Source, e.Lockfile)
		}
	}
}

func TestNpmSourcesAreTold(t *testing.T) {
	for resolved, want := range map[string]dep.SourceKind{
		tarball("a", "1.0.0"): dep.Registry,
		"https://npm.example.com/repository/team/a/-/a-1.0.0.tgz": dep.Registry,
		"https://registry.npmjs.org/prefix/a/-/a-1.0.0.tgz":       dep.URL,
		"https://registry.npmjs.org/a/-/a-1.0.1.tgz":              dep.URL,
		"https://registry.npmjs.org/b/-/b-1.0.0.tgz":              dep.URL,
		"https://codeload.github.com/o/a/tar.gz/0123456":          dep.URL,
		"http://registry.npmjs.org/a/-/a-1.0.0.tgz":               dep.URL,
		"//registry.npmjs.org/a/-/a-1.0.0.tgz":                    dep.URL,
		"data:application/gzip;base64,AAAA":                       dep.URL,
		"git+ssh://git@github.com/o/a.git#0123":                   dep.Git,
		"git://github.com/o/a":                                    dep.Git,
		"ssh://git@example.com/o/a":                               dep.Git,
		"git@github.com:o/a.git":                                  dep.Git,
		"GIT+HTTPS://github.com/o/a.git#main":                     dep.Git,
		"https://github.com/o/a.git#main":                         dep.Git,
		"github:o/a":                                              dep.Git,
		"o/a":                                                     dep.Git,
		"file:a-1.0.0.tgz":                                        dep.File,
		"file:../outside":                                         dep.File,
		"file:///etc/a":                                           dep.File,
		"/etc/a":                                                  dep.File,
		"../a.tgz":                                                dep.File,
		"~/a.tgz":                                                 dep.File,
		"file:folder%2f..%2f..":                                   dep.File,
	} {
		e := find(t, parse(t, v3(member("node_modules/a", "a", "1.0.0", "resolved", resolved))), "node_modules/a")
		if e.Source != want || e.Resolved != resolved {
			t.Errorf("%q is %s, want %s", resolved, e.Source, want)
		}
	}
}

// npm fetches name@version where no address is stated, and understands an address in
// place of the version.
func TestAnAddressInPlaceOfAVersionIsTheSource(t *testing.T) {
	for version, want := range map[string]dep.SourceKind{
		"https://evil.example/a.tgz": dep.URL,
		"git+https://evil.example/a": dep.Git,
		"file:../../a.tgz":           dep.File,
		"npm:evil@1.0.0":             dep.URL,
		"evil/a":                     dep.Git,
		"1.0.0":                      dep.Registry,
	} {
		e := find(t, parse(t, v3(member("node_modules/a", "a", version, "resolved", nil))), "node_modules/a")
		if e.Source != want || want != dep.Registry && e.Resolved != version {
			t.Errorf("version %q is %s at %q, want %s", version, e.Source, e.Resolved, want)
		}
	}
}

func TestOnlyTheRepositorysOwnCodeIsLeftOut(t *testing.T) {
	own := []string{
		`"": {"name": "root", "version": "1.0.0"}`,
		`"packages/w": {"name": "@me/w", "version": "1.0.0"}`,
		`"../sibling": {"version": "1.0.0"}`,
		`"node_modules/@me/w": {"resolved": "packages/w", "link": true}`,
		`"node_modules/root": {"resolved": "", "link": true}`,
		`"node_modules/sibling": {"resolved": "../sibling", "link": true, "dev": true}`,
		`"node_modules/copied": {"version": "1.0.0", "resolved": "file:packages/copied"}`,
	}
	for _, name := range []string{"apps/web/package-lock.json", "/home/me/package-lock.json", "../other/package-lock.json"} {
		if entries, err := Parse(name, []byte(v3(own...))); err != nil || len(entries) != 0 {
			t.Errorf("%s: entries %+v, error %v, want none", name, entries, err)
		}
	}

	// Each of these names something that is installed from elsewhere.
	for _, hidden := range []string{
		`"node_modules/x": {"resolved": "../../../x", "link": true}`,
		`"node_modules/x": {"resolved": "packages/../../../../x", "link": true}`,
		`"node_modules/x": {"resolved": "/x", "link": true}`,
		`"node_modules/x": {"resolved": "%2e%2e/%2e%2e/x", "link": true}`,
		`"node_modules/x": {"version": "1.0.0", "resolved": "file:../../../x"}`,
		`"node_modules/x": {"version": "1.0.0", "resolved": "file:packages/x.TGZ"}`,
		`"packages/x": {"version": "1.0.0", "resolved": "https://evil.example/x.tgz"}`,
		`"packages/x": {"version": "1.0.0", "integrity": "` + sri("x") + `"}`,
		`"packages/w/node_modules/x": {"version": "1.0.0"}`,
	} {
		entries, err := Parse("apps/web/package-lock.json", []byte(v3(append(own, hidden)...)))
		if err != nil || len(entries) != 1 || entries[0].Package.Name != "x" {
			t.Errorf("%s: entries %+v, error %v, want one", hidden, entries, err)
		}
	}
}

func TestALinkThatNamesAPackageIsInconsistentAndStillListed(t *testing.T) {
	for _, fields := range [][]any{
		{"link", true},
		{"link", true, "version", nil, "integrity", nil},
		{"link", true, "resolved", "packages/x"},
		{"link", true, "resolved", "packages/x", "integrity", nil},
		{"link", true, "resolved", nil, "integrity", nil},
	} {
		e, entries := parseError(t, "package-lock.json", v3(member("node_modules/evil", "evil", "6.6.6", fields...)))
		if e.Kind != Inconsistent || e.Line != 4 || !strings.Contains(e.Detail, "evil") {
			t.Errorf("%v: %v", fields, e)
		}
		if len(entries) != 1 || entries[0].Package.Name != "evil" {
			t.Errorf("%v: entries %+v", fields, entries)
		}
	}
}

func TestBundledIsBelievedOnlyBelowAPackageThatBundles(t *testing.T) {
	in := func(location string, fields ...any) string {
		return member(location, "in", "1.0.0", append([]any{"inBundle", true, "resolved", nil, "integrity", nil}, fields...)...)
	}
	bundler := member("node_modules/b", "b", "1.0.0", "bundleDependencies", []string{"in"})
	all := func(section string) string {
		return member("node_modules/b", "b", "1.0.0", "bundleDependencies", true, section, map[string]string{"in": "1"})
	}
	listed := func(name string, fields ...any) string {
		return member("node_modules/b", "b", "1.0.0", append([]any{"bundleDependencies", []string{name}}, fields...)...)
	}
	x := func(name string, fields ...any) string {
		return member("node_modules/b/node_modules/x", "x", "1.0.0", append([]any{"inBundle", true, "resolved", nil, "integrity", nil, "dependencies", map[string]string{name: "1"}}, fields...)...)
	}
	for _, c := range []struct {
		what, parent, entry, location string
		want                          bool
	}{
		{"below a bundler", bundler, in("node_modules/b/node_modules/in"), "node_modules/b/node_modules/in", true},
		{"deeper, in what is not listed", bundler, in("node_modules/b/node_modules/c/node_modules/in"), "node_modules/b/node_modules/c/node_modules/in", false},
		{"deeper, in what is listed", listed("x") + "," + x("in"), in("node_modules/b/node_modules/x/node_modules/in"), "node_modules/b/node_modules/x/node_modules/in", true},
		{"by the list's other name", strings.Replace(bundler, "bundleD", "bundledD", 1), in("node_modules/b/node_modules/in"), "node_modules/b/node_modules/in", true},
		{"below one that lists another", listed("x"), in("node_modules/b/node_modules/in"), "node_modules/b/node_modules/in", false},
		{"below one that lists another and asks for it", listed("x", "dependencies", map[string]string{"in": "1"}), in("node_modules/b/node_modules/in"), "node_modules/b/node_modules/in", false},
		{"asked for by what is listed", listed("x") + "," + x("in"), in("node_modules/b/node_modules/in"), "node_modules/b/node_modules/in", true},
		{"asked for by what is not listed", listed("y") + "," + x("in"), in("node_modules/b/node_modules/in"), "node_modules/b/node_modules/in", false},
		{"asked for by what is listed but fetched", listed("x") + "," + x("in", "resolved", tarball("x", "1.0.0")), in("node_modules/b/node_modules/in"), "node_modules/b/node_modules/in", false},
		{"asked for by what has it nearer", listed("x") + "," + x("in") + "," + in("node_modules/b/node_modules/x/node_modules/in"), in("node_modules/b/node_modules/in"), "node_modules/b/node_modules/in", false},
		{"all, and a dependency", all("dependencies"), in("node_modules/b/node_modules/in"), "node_modules/b/node_modules/in", true},
		{"all, and no dependency", all("optionalDependencies"), in("node_modules/b/node_modules/in"), "node_modules/b/node_modules/in", false},
		{"another name", bundler, in("node_modules/b/node_modules/in", "name", "evil"), "node_modules/b/node_modules/in", false},
		{"an address for a version", bundler, in("node_modules/b/node_modules/in", "version", "https://evil.example/in.tgz"), "node_modules/b/node_modules/in", false},
		{"below a list of no names", member("node_modules/b", "b", "1.0.0", "bundleDependencies", []any{1, nil, []string{"in"}}), in("node_modules/b/node_modules/in"), "node_modules/b/node_modules/in", false},
		{"at the top", bundler, in("node_modules/in"), "node_modules/in", false},
		{"below one that bundles nothing", member("node_modules/b", "b", "1.0.0"), in("node_modules/b/node_modules/in"), "node_modules/b/node_modules/in", false},
		{"below one with an empty list", member("node_modules/b", "b", "1.0.0", "bundleDependencies", []string{}), in("node_modules/b/node_modules/in"), "node_modules/b/node_modules/in", false},
		{"below a workspace, which bundles", `"w": {"bundleDependencies": ["in"]}`, in("w/node_modules/in"), "w/node_modules/in", false},
		{"below a link, which bundles", `"node_modules/b": {"link": true, "resolved": "w", "bundleDependencies": ["in"]}`, in("node_modules/b/node_modules/in"), "node_modules/b/node_modules/in", false},
		{"asked for in an inner bundle that is named first", in("node_modules/b/node_modules/x/node_modules/y", "dependencies", map[string]string{"in": "1"}) + "," + x("y", "bundleDependencies", []string{"y"}) + "," + listed("x"), in("node_modules/b/node_modules/in"), "node_modules/b/node_modules/in", true},
		{"below the root, which bundles", `"": {"bundleDependencies": ["in"]}`, in("node_modules/in"), "node_modules/in", false},
		{"with an address", bundler, in("node_modules/b/node_modules/in", "resolved", tarball("in", "1.0.0")), "node_modules/b/node_modules/in", false},
		{"with a digest", bundler, in("node_modules/b/node_modules/in", "integrity", sri("in")), "node_modules/b/node_modules/in", false},
	} {
		if e := find(t, parse(t, v3(c.parent, c.entry)), c.location); e.Bundled != c.want {
			t.Errorf("%s: bundled %t, want %t", c.what, e.Bundled, c.want)
		}
	}
}

func TestAnAliasIsUnaskedWhereNothingNamesIt(t *testing.T) {
	alias := func(name string, fields ...any) string {
		return member("node_modules/x", name, "1.0.0", append([]any{"name", name}, fields...)...)
	}
	asks := func(spec string) string { return `"": {"dependencies": {"x": "` + spec + `"}}` }
	git, commit := "git+ssh://git@github.com/o/r.git", "#0123456789012345678901234567890123456789"
	for _, c := range []struct {
		what, asks, entry string
		unasked           bool
	}{
		{"by name and range", asks("npm:real@^1"), alias("real"), false},
		{"by name alone", asks("npm:real"), alias("real"), false},
		{"with a scope", asks("npm:@s/real@1 || 2"), alias("@s/real"), false},
		{"with a scope alone", asks("npm:@s/real"), alias("@s/real"), false},
		{"by a workspace", `"w": {"devDependencies": {"x": "npm:real@1"}}`, alias("real"), false},
		{"by another package", member("node_modules/b", "b", "1.0.0", "peerDependencies", map[string]string{"x": "npm:real@1"}), alias("real"), false},
		{"by its address", asks(tarball("real", "1.0.0")), alias("real"), false},
		{"by git", asks("github:o/r"), alias("real", "resolved", git+commit, "integrity", nil), false},
		{"its own name", asks("^1"), alias("x"), false},

		{"by a range", asks("^1"), alias("real"), true},
		{"by nothing", `"": {}`, alias("real"), true},
		{"another package", asks("npm:other@1"), alias("real"), true},
		{"a longer name", asks("npm:real-not@1"), alias("real"), true},
		{"no name", asks("npm:"), alias("real"), true},
		{"under another name", strings.Replace(asks("npm:real@1"), `"x"`, `"y"`, 1), alias("real"), true},
		{"another address", asks(tarball("other", "1.0.0")), alias("real"), true},
		{"an address for git", asks("https://example.com/r.tgz"), alias("real", "resolved", git+commit, "integrity", nil), true},
		{"git for a registry's", asks("github:o/r"), alias("real"), true},
		{"no text", `"": {"dependencies": {"x": {"npm:real": 1}}}`, alias("real"), true},
	} {
		if e := find(t, parse(t, v3(c.asks, c.entry)), "node_modules/x"); e.AliasUnasked != c.unasked {
			t.Errorf("%s: unasked %t, want %t", c.what, e.AliasUnasked, c.unasked)
		}
	}
}

// What a link points to is loaded in its place: a folder that was installed is not
// the repository's own code.
func TestALinkToWhatIsInstalledIsAnEntry(t *testing.T) {
	for _, members := range []string{
		`"node_modules/lodash": {"resolved": "node_modules/evil", "link": true}`,
		`"node_modules/lodash": {"resolved": "node_modules/evil/lib", "link": true}`,
		`"node_modules/lodash": {"resolved": "packages/w/node_modules/evil", "link": true}`,
		`"node_modules/lodash": {"resolved": "./packages/../node_modules/evil", "link": true}`,
		`"node_modules/lodash": {"resolved": "Node_Modules/evil", "link": true}`,
		`"node_modules/lodash": {"resolved": "node_modules", "link": true}`,
		`"node_modules/lodash": {"version": "1.0.0", "resolved": "file:node_modules/evil"}`,
		`"node_modules/lodash": {"resolved": "packages/w", "link": true}, "packages/w": {"resolved": "node_modules/evil", "link": true}`,
	} {
		entries := parse(t, v3(members))
		if len(entries) != 1 || entries[0].Source != dep.File {
			t.Errorf("%s: %+v", members, entries)
		}
	}
	for _, folder := range []string{"node_modules_not/w", "packages/my_node_modules"} {
		if entries := parse(t, v3(`"node_modules/w": {"resolved": "`+folder+`", "link": true}`)); len(entries) != 0 {
			t.Errorf("%s: %+v", folder, entries)
		}
	}
}

func TestBothSectionsMustHaveTheSamePackageUnderAName(t *testing.T) {
	root := `"": {"dependencies": {"lodash": "^4", "evil": "4", "x": "npm:evil@4"}}`
	lodash, evil := member("node_modules/lodash", "lodash", "4.17.21"), member("node_modules/evil", "evil", "4.17.22")
	nested := member("node_modules/a/node_modules/lodash", "evil", "4.17.22", "name", "evil")
	linked := `"node_modules/w": {"resolved": "packages/w", "link": true}`
	inW := member("packages/w/node_modules/lodash", "evil", "4.17.22", "name", "evil")
	for _, c := range []struct {
		what, legacy string
		members      []string
		agree        bool
	}{
		{"an alias of what stands elsewhere", `{"lodash": {"version": "npm:evil@4.17.22"}}`, []string{lodash, evil}, false},
		{"an alias of what is aliased so elsewhere", `{"lodash": {"version": "npm:evil@4.17.22"}}`, []string{lodash, nested}, false},
		{"an alias in the folder of a workspace", `{"w": {"version": "file:packages/w", "dependencies": {"lodash": {"version": "4.17.21"}}}}`, []string{lodash, linked, inW}, false},
		{"a link to what is installed", `{"lodash": {"version": "file:node_modules/evil"}}`, []string{lodash, evil}, false},
		{"the same alias nested", `{"a": {"version": "file:packages/a", "dependencies": {"lodash": {"version": "npm:evil@4.17.22"}}}}`, []string{lodash, nested}, true},
		{"the same alias in the folder of a workspace", `{"w": {"version": "file:packages/w", "dependencies": {"lodash": {"version": "npm:evil@4.17.22"}}}}`, []string{lodash, linked, inW}, true},
		{"nested in one after the other", `{"a": {"version": "file:packages/a", "dependencies": {"lodash": {"version": "npm:evil@4.17.22"}}}, "v": {"version": "file:packages/v", "dependencies": {"lodash": {"version": "4.17.21"}}}}`,
			[]string{nested, `"node_modules/v": {"resolved": "packages/v", "link": true}`, member("packages/v/node_modules/lodash", "lodash", "4.17.21")}, true},
		{"after what is nested", `{"a": {"version": "file:packages/a", "dependencies": {"lodash": {"version": "npm:evil@4.17.22"}}}, "lodash": {"version": "4.17.21"}}`, []string{lodash, nested}, true},
	} {
		_, err := Parse("package-lock.json", []byte(v2(c.legacy, append(c.members, root)...)))
		var refused *Error
		if agree := err == nil; agree != c.agree || !agree && (!errors.As(err, &refused) || refused.Kind != Inconsistent) {
			t.Errorf("%s: error %v", c.what, err)
		}
	}
}

func TestDirectFollowsNodesResolution(t *testing.T) {
	entries := parse(t, v3(
		`"": {"dependencies": {"a": "1"}, "peerDependencies": {"p": "1"}, "optionalDependencies": {"o": "1"}}`,
		`"apps/web": {"dependencies": {"b": "1", "c": "1"}}`,
		member("node_modules/a", "a", "1.0.0"), member("node_modules/p", "p", "1.0.0"), member("node_modules/o", "o", "1.0.0"),
		member("node_modules/b", "b", "1.0.0"), member("apps/web/node_modules/b", "b", "2.0.0"),
		member("apps/node_modules/c", "c", "2.0.0"), member("node_modules/c", "c", "1.0.0"),
		member("node_modules/a/node_modules/a", "a", "3.0.0"),
	))
	want := map[string]bool{
		"node_modules/a": true, "node_modules/p": true, "node_modules/o": true,
		"apps/web/node_modules/b": true, "apps/node_modules/c": true,
	}
	for _, e := range entries {
		if e.Direct != want[e.Location] {
			t.Errorf("%s: direct %t", e.Location, e.Direct)
		}
	}
}

func TestLinesAreThoseOfTheKeysInAnyLayout(t *testing.T) {
	text := v3(member("node_modules/a", "a", "1.0.0"), member("node_modules/b", "b", "1.0.0"))
	for what, c := range map[string]struct {
		text string
		a, b int
	}{
		"LF":            {text, 4, 5},
		"BOM":           {"\xef\xbb\xbf" + text, 4, 5},
		"CRLF":          {strings.ReplaceAll(text, "\n", "\r\n"), 4, 5},
		"CR only":       {strings.ReplaceAll(text, "\n", "\r"), 1, 1},
		"minified":      {strings.ReplaceAll(text, "\n", ""), 1, 1},
		"key and value": {strings.ReplaceAll(text, `"node_modules/b":`, "\n\n\"node_modules/b\"\n:\n"), 4, 7},
		"escaped key":   {strings.ReplaceAll(text, `"node_modules/b"`, `"node\u005fmodules\/b"`), 4, 5},
	} {
		entries := parse(t, c.text)
		if a, b := find(t, entries, "node_modules/a").Line, find(t, entries, "node_modules/b").Line; a != c.a || b != c.b {
			t.Errorf("%s: lines %d and %d, want %d and %d", what, a, b, c.a, c.b)
		}
	}
}

func TestOnlyExactKeysCount(t *testing.T) {
	e := parse(t, v3(`"node_modules/a": {"version": "1.0.0", "Version": "2.0.0", "INTEGRITY": "x", "re\u0073olved": "https://evil.example/a.tgz", "Link": true}`))[0]
	if e.Package.Version != "1.0.0" || e.Integrity != "" || e.Resolved != "https://evil.example/a.tgz" {
		t.Errorf("%+v", e)
	}
}

func TestBothSectionsOfVersion2AreHeldAgainstEachOther(t *testing.T) {
	a, alias := member("node_modules/a", "a", "1.0.0"), member("node_modules/x", "real", "2.0.0", "name", "real")
	git := member("node_modules/g", "g", "1.0.0", "resolved", "git+ssh://git@github.com/o/g.git#0123", "integrity", nil)
	url := member("node_modules/u", "real", "3.0.0", "name", "real", "resolved", "https://example.com/u.tgz")
	local := member("node_modules/l", "l", "1.0.0", "resolved", "file:packages/l.tgz")
	legacy := func(version, more string) string { return `{"version": "` + version + `"` + more + `}` }
	full := func(name, version string) string {
		return `, "resolved": "` + tarball(name, version) + `", "integrity": "` + sri(name+version) + `"`
	}
	agree := []string{
		`"a": ` + legacy("1.0.0", full("a", "1.0.0")),
		`"a": ` + legacy("1.0.0", ""),
		`"other": ` + legacy("file:packages/other", `, "dependencies": {"a": `+legacy("1.0.0", full("a", "1.0.0"))+`}`),
		`"x": ` + legacy("npm:real@2.0.0", full("real", "2.0.0")),
		`"g": ` + legacy("git+ssh://git@github.com/o/g.git#0123", `, "from": "g@github:o/g"`),
		`"u": ` + legacy("https://example.com/u.tgz", `, "integrity": "`+sri("real3.0.0")+`"`),
		`"l": ` + legacy("file:../l.tgz", `, "integrity": "`+sri("l1.0.0")+`"`),
	}
	for _, d := range agree {
		entries, err := Parse("sub/package-lock.json", []byte(v2("{"+d+"}", a, alias, git, url, local)))
		if err != nil || len(entries) != 5 {
			t.Errorf("%s: %d entries, error %v", d, len(entries), err)
		}
	}

	disagree := map[string]string{
		"another package":         `"evil": ` + legacy("6.6.6", full("evil", "6.6.6")),
		"another version":         `"a": ` + legacy("1.0.1", full("a", "1.0.1")),
		"only another version":    `"a": ` + legacy("1.0.1", full("a", "1.0.0")),
		"only another digest":     `"a": ` + legacy("1.0.0", `, "resolved": "`+tarball("a", "1.0.0")+`", "integrity": "`+sri("evil")+`"`),
		"only another address":    `"a": ` + legacy("1.0.0", `, "resolved": "`+tarball("evil", "1.0.0")+`", "integrity": "`+sri("a1.0.0")+`"`),
		"another digest":          `"a": ` + legacy("1.0.0", `, "integrity": "`+sri("evil")+`"`),
		"a second digest":         `"a": ` + legacy("1.0.0", `, "integrity": "`+sri("a1.0.0")+` `+sri("evil")+`"`),
		"an unreadable digest":    `"a": ` + legacy("1.0.0", `, "integrity": "sha512-AAAA"`),
		"another address":         `"a": ` + legacy("1.0.0", `, "resolved": "https://evil.example/a/-/a-1.0.0.tgz"`),
		"an address as version":   `"a": ` + legacy("https://evil.example/a.tgz", ""),
		"git":                     `"a": ` + legacy("git+https://evil.example/a.git", ""),
		"another commit":          `"g": ` + legacy("git+ssh://git@github.com/o/g.git#4567", ""),
		"the registry for git":    `"g": ` + legacy("1.0.0", ""),
		"an alias":                `"a": ` + legacy("npm:evil@1.0.0", ""),
		"a broken alias":          `"a": ` + legacy("npm:evil", ""),
		"nested":                  `"a": ` + legacy("1.0.0", `, "dependencies": {"evil": `+legacy("6.6.6", "")+`}`),
		"nested below own code":   `"w": ` + legacy("file:packages/w", `, "dependencies": {"evil": `+legacy("6.6.6", "")+`}`),
		"a folder outside":        `"evil": ` + legacy("file:../../evil", ""),
		"a tarball nobody stated": `"evil": ` + legacy("file:packages/evil.tgz", ""),
		"a version 3 file's":      `"evil": ` + legacy("6.6.6", ""),
	}
	for what, d := range disagree {
		text := v2("{"+d+"}", a, alias, git, url, local)
		if strings.HasPrefix(what, "a version 3") {
			text = strings.Replace(text, `"lockfileVersion": 2`, `"lockfileVersion": 3`, 1)
		}
		e, entries := parseError(t, "sub/package-lock.json", text)
		if e.Kind != Inconsistent || e.Line != 10 {
			t.Errorf("%s: %v", what, e)
		}
		// Nothing that either section says is lost: a base like this can be compared with.
		if len(entries) != 6 || !strings.HasPrefix(entries[5].Location, "dependencies/") {
			t.Errorf("%s: %d entries", what, len(entries))
		}
	}
}

func TestManyDisagreementsAreCountedNotListed(t *testing.T) {
	var members []string
	for i := range 50 {
		members = append(members, fmt.Sprintf(`"p%d": {"version": "1.0.0"}`, i))
	}
	e, entries := parseError(t, "package-lock.json", v2("{"+strings.Join(members, ",")+"}"))
	if !strings.Contains(e.Detail, `"p0@1.0.0", "p1@1.0.0", "p2@1.0.0" and 47 more`) || len(entries) != 50 {
		t.Errorf("%v with %d entries", e, len(entries))
	}
}

func TestNpmEntriesSayWhatTheyAskForInTurn(t *testing.T) {
	e := parse(t, v3(`"node_modules/a": {"version": "1.0.0",
"peerDependenciesMeta": {"p": {"optional": true}, "q": {"optional": false}, "o": {"optional": true}, "x": {"optional": true}, "r": 1},
"dependencies": {"x": "npm:real@^2", "odd": 1}, "optionalDependencies": {"o": "*"}, "peerDependencies": {"p": ">=1", "q": ""}, "devDependencies": {"d": "npm:evil@1"}}`,
		`"node_modules/d": {"name": "evil", "version": "1.0.0"}`))
	want := []dep.Spec{{Name: "x", Range: "npm:real@^2", Kind: dep.Prod}, {Name: "odd", Kind: dep.Prod}, {Name: "o", Range: "*", Kind: dep.Optional}, {Name: "p", Range: ">=1", Kind: dep.Optional}, {Name: "q", Kind: dep.Peer}}
	if !slices.Equal(e[0].Dependencies, want) {
		t.Errorf("%+v", e[0].Dependencies)
	}
	// Nobody installs what an installed package needs to be developed.
	if len(e[1].Dependencies) != 0 || !e[1].AliasUnasked || e[0].Unsaid|e[1].Unsaid != 0 || e[0].Places != nil {
		t.Errorf("%+v", e)
	}
	// One package's specs cannot grow into the next one's.
	many := parse(t, v3(`"node_modules/a": {"dependencies": {"x": "1"}}`, `"node_modules/b": {"dependencies": {"y": "1"}}`))
	if _ = append(many[0].Dependencies, dep.Spec{Name: "evil"}); many[1].Dependencies[0].Name != "y" {
		t.Error("entries share what they ask for")
	}
}

func TestNpmEntriesSayWhichWorkspacesAskForThem(t *testing.T) {
	entries := parse(t, v3(
		`"packages/z": {"dependencies": {"a": "1"}, "peerDependencies": {"a": "1"}, "devDependencies": {"b": "1"}}`,
		`"": {"dependencies": {"a": "1", "root-only": "1"}, "devDependencies": {"z": "*"}}`,
		`"packages/b": {"dependencies": {"a": "1"}, "optionalDependencies": {"b": "2"}}`,
		`"node_modules/z": {"resolved": "packages/z", "link": true}`,
		member("node_modules/a", "a", "1.0.0"), member("node_modules/b", "b", "1.0.0"), member("packages/b/node_modules/b", "b", "2.0.0"),
		member("node_modules/root-only", "root-only", "1.0.0"), member("node_modules/t", "t", "1.0.0"),
	))
	for location, want := range map[string]string{
		"node_modules/a": "packages/z . packages/b", "node_modules/b": "packages/z", "packages/b/node_modules/b": "packages/b",
		"node_modules/root-only": ".", "node_modules/t": "",
	} {
		if e := find(t, entries, location); strings.Join(e.Workspaces, " ") != want || e.Direct != (want != "") {
			t.Errorf("%s: %q ask for it, want %q", location, e.Workspaces, want)
		}
	}
}

// What is allocated grows with the entries and no faster, in any shape.
func TestAllocationsPerEntryDoNotGrow(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: -short; it is work, and of one goroutine")
	}
	const few, many = 1_000, 8_000
	small, large := growing(few), growing(many)
	for shape := range small {
		count := func(data []byte) (objects, bytes float64) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			if _, err := Parse("package-lock.json", data); err != nil {
				t.Fatalf("%s: %v", shape, err)
			}
			runtime.ReadMemStats(&after)
			return float64(after.Mallocs - before.Mallocs), float64(after.TotalAlloc - before.TotalAlloc)
		}
		count(small[shape]) // what is only made once
		fewObjects, fewBytes := count(small[shape])
		manyObjects, manyBytes := count(large[shape])
		if perFew, perMany := fewObjects/few, manyObjects/many; perMany > perFew*1.2+0.1 {
			t.Errorf("%s: %.2f objects for each of %d entries, %.2f for each of %d", shape, perFew, few, perMany, many)
		}
		if perFew, perMany := fewBytes/float64(len(small[shape])), manyBytes/float64(len(large[shape])); perMany > perFew*1.6 {
			t.Errorf("%s: %.1f bytes for each byte of a file of %d entries, %.1f of %d", shape, perFew, few, perMany, many)
		}
	}
}
