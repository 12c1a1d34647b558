package lockfile

import (
	"fmt"
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
	for _, c := range []struct {
		what, parent, entry, location string
		want                          bool
	}{
		{"below a bundler", bundler, in("node_modules/b/node_modules/in"), "node_modules/b/node_modules/in", true},
		{"deeper below it", bundler, in("node_modules/b/node_modules/c/node_modules/in"), "node_modules/b/node_modules/c/node_modules/in", true},
		{"at the top", bundler, in("node_modules/in"), "node_modules/in", false},
		{"below one that bundles nothing", member("node_modules/b", "b", "1.0.0"), in("node_modules/b/node_modules/in"), "node_modules/b/node_modules/in", false},
		{"below one with an empty list", member("node_modules/b", "b", "1.0.0", "bundleDependencies", []string{}), in("node_modules/b/node_modules/in"), "node_modules/b/node_modules/in", false},
		{"below the root, which bundles", `"": {"bundleDependencies": true}`, in("node_modules/in"), "node_modules/in", false},
		{"with an address", bundler, in("node_modules/b/node_modules/in", "resolved", tarball("in", "1.0.0")), "node_modules/b/node_modules/in", false},
		{"with a digest", bundler, in("node_modules/b/node_modules/in", "integrity", sri("in")), "node_modules/b/node_modules/in", false},
	} {
		if e := find(t, parse(t, v3(c.parent, c.entry)), c.location); e.Bundled != c.want {
			t.Errorf("%s: bundled %t, want %t", c.what, e.Bundled, c.want)
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
