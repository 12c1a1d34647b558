package lockfile

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/dep"
)

var berrySum = strings.Repeat("0123456789abcdef", 8)

// berryBlockText is one member of a yarn.lock of a later yarn. The lines follow the
// version and the resolution.
func berryBlockText(key, version, resolution string, lines ...string) string {
	text := fmt.Sprintf("%q:\n  version: %s\n  resolution: %q\n", key, version, resolution)
	for _, l := range lines {
		text += "  " + l + "\n"
	}
	return text + "\n"
}

// berryRelease is the member of a release of the registry.
func berryRelease(key, name, version string, lines ...string) string {
	return berryBlockText(key, version, name+"@npm:"+version, append(lines, "checksum: 10c0/"+berrySum, "languageName: node", "linkType: hard")...)
}

func berryOwn(key, resolution string, lines ...string) string {
	return berryBlockText(key, "0.0.0-use.local", resolution, append(lines, "languageName: unknown", "linkType: soft")...)
}

func berryText(blocks ...string) string { return berryTop + strings.Join(blocks, "") }

func TestBerryNamesThePackageThatIsFetched(t *testing.T) {
	root := "::locator=r%40workspace%3A."
	for _, tt := range []struct{ key, resolution, want, resolved, patch string }{
		{"a@npm:^1, a@npm:~1.0.0", "a@npm:1.0.0", "a@1.0.0", "", ""},
		{"@s/a@npm:^1", "@s/a@npm:1.0.0", "@s/a@1.0.0", "", ""},
		{"x@npm:@s/a@^1", "@s/a@npm:1.0.0", "@s/a@1.0.0 as x", "", ""},
		{"@s/a@npm:^1, x@npm:@s/a@^1, y@npm:@s/a@^1", "@s/a@npm:1.0.0", "@s/a@1.0.0 as x", "", ""},
		{"x@npm:^1", "a@npm:1.0.0", "a@1.0.0 as x!", "", ""},
		{"x@npm:b@^1", "a@npm:1.0.0", "a@1.0.0 as x!", "", ""},
		{"x@npm:a@^1, y@npm:^1", "a@npm:1.0.0", "a@1.0.0 as y!", "", ""},
		{"x@https://h.example/a.tgz", "a@npm:1.0.0", "a@1.0.0 as x!", "", ""},
		{"a@npm:^1", "a@npm:1.0.0::__archiveUrl=https%3A%2F%2Fnpm.example.com%2Fteam%2Fa%2F-%2Fa-1.0.0.tgz", "a@1.0.0", "https://npm.example.com/team/a/-/a-1.0.0.tgz", ""},
		{"a@npm:^1", "a@npm:1.0.0::x=y&__archiveUrl=https%3A%2F%2Fevil.example%2Fa.tgz", "a@1.0.0 from url", "https://evil.example/a.tgz", ""},
		{"@s/a@jsr:^1", "@s/a@jsr:1.0.0", "@s/a@1.0.0", "", ""},
		{"a@npm:^1", "a@jsr:1.0.0::__archiveUrl=https%3A%2F%2Fevil.example%2Fa.tgz", "a@1.0.0 from url", "https://evil.example/a.tgz", ""},

		{"a@https://h.example/a.tgz", "a@https://h.example/a.tgz", "a@1.0.0 from url", "https://h.example/a.tgz", ""},
		{"a@" + tarball("a", "1.0.0"), "a@" + tarball("a", "1.0.0"), "a@1.0.0", tarball("a", "1.0.0"), ""},
		{"a@o/r", "a@https://github.com/o/r.git#commit=206aa2c1", "a@1.0.0 from git", "https://github.com/o/r.git#commit=206aa2c1", ""},
		{"a@o/r", "a@https://h.example/o/r#workspace=w&commit=206aa2c1", "a@1.0.0 from git", "https://h.example/o/r#workspace=w&commit=206aa2c1", ""},
		{"a@git@github.com:o/r.git", "a@git@github.com:o/r.git#commit=206aa2c1", "a@1.0.0 from git", "git@github.com:o/r.git#commit=206aa2c1", ""},
		{"x@o/r", "a@https://github.com/o/r.git#commit=206aa2c1", "a@1.0.0 as x! from git", "https://github.com/o/r.git#commit=206aa2c1", ""},
		{"x@https://h.example/a.tgz", "a@https://h.example/a.tgz", "a@1.0.0 as x from url", "https://h.example/a.tgz", ""},

		{"a@file:./a.tgz" + root, "a@file:./a.tgz#./a.tgz::hash=4011af&locator=r%40workspace%3A.", "a@1.0.0 from file", "file:./a.tgz#./a.tgz::hash=4011af&locator=r%40workspace%3A.", ""},
		{"a@file:./a" + root, "a@file:./a#./a::hash=4011af&locator=r%40workspace%3A.", "", "", ""},
		{"a@file:./a" + root, "a@file:./a#./b.tgz::locator=r%40workspace%3A.", "a@1.0.0 from file", "file:./a#./b.tgz::locator=r%40workspace%3A.", ""},
		{"a@file:./a" + root, "a@file:./a::locator=r%40workspace%3A.&x=.tgz", "a@1.0.0 from file", "file:./a::locator=r%40workspace%3A.&x=.tgz", ""},
		{"a@link:../a::locator=w%40workspace%3Apackages%2Fw", "a@link:../a::locator=w%40workspace%3Apackages%2Fw", "", "", ""},
		{"a@portal:../../../../a" + root, "a@portal:../../../../a" + root, "a@1.0.0 from file", "portal:../../../../a" + root, ""},
		{"a@portal:../../../../a::locator=w%40workspace%3Ap%2Fw", "a@portal:../../../../a::locator=w%40workspace%3Ap%2Fw", "", "", ""},
		{"a@link:/a" + root, "a@link:/a" + root, "a@1.0.0 from file", "link:/a" + root, ""},
		{"a@link:./node_modules/a" + root, "a@link:./node_modules/a" + root, "a@1.0.0 from file", "link:./node_modules/a" + root, ""},
		{"a@link:./a::locator=b%40npm%3A1.0.0", "a@link:./a::locator=b%40npm%3A1.0.0", "a@1.0.0 from file", "link:./a::locator=b%40npm%3A1.0.0", ""},
		{"a@link:./a::locator=w%40workspace%3A..%2F..%2F..", "a@link:./a::locator=w%40workspace%3A..%2F..%2F..", "a@1.0.0 from file", "link:./a::locator=w%40workspace%3A..%2F..%2F..", ""},
		{"a@link:./a::locator=w%40workspace%3A%2Fw", "a@link:./a::locator=w%40workspace%3A%2Fw", "a@1.0.0 from file", "link:./a::locator=w%40workspace%3A%2Fw", ""},
		{"a@link:./a::locator=b%40lib", "a@link:./a::locator=b%40lib", "a@1.0.0 from file", "link:./a::locator=b%40lib", ""},
		{"a@exec:./a.js" + root, "a@exec:./a.js#./a.js::hash=1&locator=r%40workspace%3A.", "a@1.0.0 from file", "exec:./a.js#./a.js::hash=1&locator=r%40workspace%3A.", ""},
		{"a@workspace:packages/a, a@workspace:*", "a@workspace:packages/a", "", "", ""},
		{"a@workspace:../../../a", "a@workspace:../../../a", "a@1.0.0 from file", "workspace:../../../a", ""},

		{"a@patch:a@npm%3A1.0.0#./a.patch" + root, "a@patch:a@npm%3A1.0.0#./a.patch::version=1.0.0&hash=75a192&locator=r%40workspace%3A.",
			"a@1.0.0 from patch", "patch:a@npm%3A1.0.0#./a.patch::version=1.0.0&hash=75a192&locator=r%40workspace%3A.", "./a.patch"},
		{"a@patch:a@npm%3A^1#optional!builtin<compat/a>", "a@patch:a@npm%3A1.0.0#optional!builtin<compat/a>::version=1.0.0&hash=75a192",
			"a@1.0.0 from patch", "patch:a@npm%3A1.0.0#optional!builtin<compat/a>::version=1.0.0&hash=75a192", "builtin<compat/a>"},
		{"x@patch:a@npm%3A^1#./a.patch", "a@patch:a@npm%3A1.0.0#./a.patch&./b.patch::hash=1", "a@1.0.0 as x from patch", "patch:a@npm%3A1.0.0#./a.patch&./b.patch::hash=1", "./a.patch&./b.patch"},
		{"x@patch:x@npm%3Aa@^1#./a.patch", "a@patch:a@npm%3A1.0.0#./a.patch::hash=1", "a@1.0.0 as x from patch", "patch:a@npm%3A1.0.0#./a.patch::hash=1", "./a.patch"},
		{"x@patch:x@npm%3A^1#./a.patch", "a@patch:a@npm%3A1.0.0#./a.patch::hash=1", "a@1.0.0 as x! from patch", "patch:a@npm%3A1.0.0#./a.patch::hash=1", "./a.patch"},
		{"a@patch:a@npm%3A1.0.0#~builtin<compat/a>" + root, "a@patch:a@npm%3A1.0.0#~builtin<compat/a>" + root, "a@1.0.0 from patch", "patch:a@npm%3A1.0.0#~builtin<compat/a>" + root, "~builtin<compat/a>"},
		// The name in front is not the one of what is patched.
		{"a@patch:b@npm%3A^1#./a.patch", "a@patch:b@npm%3A1.0.0#./a.patch::hash=1", "b@1.0.0 as a from patch", "patch:b@npm%3A1.0.0#./a.patch::hash=1", "./a.patch"},
		{"@s/a@patch:@s/a@patch%3A@s/a@npm%253A1.0.0%23~/one.patch%3A%3Aversion=1.0.0&hash=1ed092#~/two.patch", "@s/a@patch:@s/a@patch%3A@s/a@npm%253A1.0.0%23~/one.patch%3A%3Aversion=1.0.0&hash=1ed092#~/two.patch::version=1.0.0&hash=2",
			"@s/a@1.0.0 from patch", "patch:@s/a@patch%3A@s/a@npm%253A1.0.0%23~/one.patch%3A%3Aversion=1.0.0&hash=1ed092#~/two.patch::version=1.0.0&hash=2", "~/one.patch&~/two.patch"},
		{"a@patch:a@https%3A//h.example/a.tgz#./a.patch", "a@patch:a@https%3A//h.example/a.tgz#./a.patch::hash=1", "a@1.0.0 from patch", "patch:a@https%3A//h.example/a.tgz#./a.patch::hash=1", "./a.patch"},
	} {
		kind := "linkType: hard"
		if p, _ := (yarnLocator{reference: tt.resolution[strings.LastIndexByte(tt.resolution[:strings.IndexByte(tt.resolution, ':')], '@')+1:]}).protocol(); p == "workspace:" || p == "link:" || p == "portal:" {
			kind = "linkType: soft"
		}
		entries, err := Parse("a/b/yarn.lock", []byte(berryText(berryBlockText(tt.key, "1.0.0", tt.resolution, kind))))
		if tt.patch != "" && len(entries) == 2 && entries[1].Patch == "" { // what is patched does not stand in the file
			entries, err = entries[:1], nil
		}
		if got := strings.Join(yarnIDs(entries), ", "); got != tt.want || err != nil {
			t.Errorf("%s: %s, %v, want %s", tt.resolution, got, err, tt.want)
			continue
		}
		for _, e := range entries {
			jsr := strings.HasPrefix(tt.resolution, "@s/a@jsr:")
			if e.Resolved != tt.resolved || e.Patch != tt.patch || e.Location != tt.key || e.Line != 8 || (e.Package.Ecosystem == dep.JSR) != jsr || e.OwnDigest != jsr {
				t.Errorf("%s: %+v", tt.resolution, e)
			}
		}
	}
}

func TestBerrySaysWhoAsks(t *testing.T) {
	entries := parseYarnText(t, berryText(
		berryOwn("r@workspace:.", "r@workspace:.", "dependencies:", `  a: "npm:^1"`, `  f: "file:./f.tgz"`, `  p: "patch:p@npm%3A1.0.0#./p.patch"`, `  w: "workspace:*"`, `  x: "npm:c@^1"`, `  over: "npm:^1"`, `  al: "npm:^9"`,
			"dependenciesMeta:", "  a:", "    optional: true", "  x:", "    built: false", "peerDependencies:", `  c: "*"`),
		berryOwn("w@workspace:*, w@workspace:packages/w", "w@workspace:packages/w", "dependencies:", "  a: ^1", `  f: "file:./f.tgz"`, `  lib: "file:./lib"`, "  o: ^1"),
		berryRelease("a@npm:^1", "a", "1.0.0", "dependencies:", `  b: "npm:^1"`, `  al: "npm:real@^1"`, "peerDependencies:", "  c: ^1"),
		berryRelease("al@npm:real@^1", "real", "1.0.0"),
		berryBlockText("a@patch:a@npm%3A^1#optional!builtin<compat/a>", "1.0.0", "a@patch:a@npm%3A1.0.0#optional!builtin<compat/a>::version=1.0.0&hash=1", "dependencies:", `  b: "npm:^1"`),
		berryRelease("b@npm:^1", "b", "1.0.0", "dependencies:", `  over: "npm:2.0.0"`),
		berryRelease("c@npm:^1, x@npm:c@^1", "c", "1.0.0", "optionalDependencies:", `  b: "npm:^1"`),
		berryBlockText("f@file:./f.tgz::locator=r%40workspace%3A.", "1.0.0", "f@file:./f.tgz#./f.tgz::hash=1&locator=r%40workspace%3A."),
		berryBlockText("f@file:./f.tgz::locator=w%40workspace%3Apackages%2Fw", "2.0.0", "f@file:./f.tgz#./f.tgz::hash=2&locator=w%40workspace%3Apackages%2Fw"),
		berryBlockText("lib@file:./lib::locator=w%40workspace%3Apackages%2Fw", "1.0.0", "lib@file:./lib#./lib::hash=3&locator=w%40workspace%3Apackages%2Fw", "dependencies:", `  p: "npm:1.0.0"`),
		berryRelease("o@npm:^1", "o", "1.0.0"),
		berryBlockText("o@patch:o@^1#~builtin<compat/o>", "1.0.0", "o@patch:o@npm%3A1.0.0#~builtin<compat/o>::version=1.0.0&hash=1"),
		berryRelease("over@npm:2.0.0", "over", "2.0.0"),
		berryRelease("over@npm:3.0.0", "over", "3.0.0"),
		berryRelease("alone@npm:3.0.0", "alone", "3.0.0"),
		berryRelease("p@npm:1.0.0", "p", "1.0.0"),
		berryBlockText("p@patch:p@npm%3A1.0.0#./p.patch::locator=r%40workspace%3A.", "1.0.0", "p@patch:p@npm%3A1.0.0#./p.patch::version=1.0.0&hash=1&locator=r%40workspace%3A."),
	))
	var got []string
	for _, e := range entries {
		got = append(got, fmt.Sprintf("%s %t %t %v %v", e.Package.ID(), e.Direct, e.Unsaid.Has(dep.FactDirect), e.Workspaces, e.Places))
		if !e.Unsaid.Has(dep.FactDigest|dep.FactScope|dep.FactBundled|dep.FactInstallScript) || e.Unsaid.Has(dep.FactDependencies) || e.Scope != dep.Prod {
			t.Errorf("%s: unsaid %b, scope %s", e.Package.ID(), e.Unsaid, e.Scope)
		}
	}
	want := []string{
		"a@1.0.0 true false [. packages/w] [{. a} {packages/w a}]",
		"real@1.0.0 false true [] [{a@1.0.0 al}]",                  // the root's package.json may give it to the root, too
		"a@1.0.0 true false [. packages/w] [{. a} {packages/w a}]", // yarn's own patch
		"b@1.0.0 false false [] [{a@1.0.0 b} {a@1.0.0 b} {c@1.0.0 b}]",
		"c@1.0.0 true false [.] [{. x}]",
		"f@1.0.0 true false [.] [{. f}]",
		"f@2.0.0 true false [packages/w] [{packages/w f}]",
		"o@1.0.0 true false [packages/w] [{packages/w o}]",
		"o@1.0.0 true false [packages/w] [{packages/w o}]",
		"over@2.0.0 false true [] [{b@1.0.0 over}]",
		"over@3.0.0 false true [] []",
		"alone@3.0.0 false true [] []",
		"p@1.0.0 true false [packages/w/lib] [{packages/w/lib p}]",
		"p@1.0.0 true false [.] [{. p}]",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
	if want := []dep.Spec{{Name: "b", Range: "npm:^1", Kind: dep.Prod}, {Name: "al", Range: "npm:real@^1", Kind: dep.Prod}, {Name: "c", Range: "^1", Kind: dep.Peer}}; !slices.Equal(entries[0].Dependencies, want) {
		t.Errorf("a asks for %v", entries[0].Dependencies)
	}
	if want := []dep.Spec{{Name: "b", Range: "npm:^1", Kind: dep.Optional}}; !slices.Equal(entries[4].Dependencies, want) {
		t.Errorf("c asks for %v", entries[4].Dependencies)
	}
}

func TestBerryMarksDependenciesThatAreOptional(t *testing.T) {
	entries := parseYarnText(t, berryText(berryRelease("a@npm:^1", "a", "1.0.0", "dependencies:", "  b: ^1", "  c: ^1", "dependenciesMeta:", "  b:", "    optional: true", "  c:", "    built: true")))
	if want := []dep.Spec{{Name: "b", Range: "^1", Kind: dep.Optional}, {Name: "c", Range: "^1", Kind: dep.Prod}}; !slices.Equal(entries[0].Dependencies, want) {
		t.Errorf("it asks for %v", entries[0].Dependencies)
	}
}

func TestBerryFileThatContradictsItselfComesOutWithAllThatItSays(t *testing.T) {
	for _, tt := range []struct{ block, entries, names string }{
		{berryBlockText("a@npm:^1", "1.0.1", "a@npm:1.0.0", "linkType: hard"), "a@1.0.0, a@1.0.1", `"a@1.0.0"`},
		{berryBlockText("a@npm:^1", "1.0.0", "a@npm:b@1.0.0", "linkType: hard"), "a@b@1.0.0, a@1.0.0", `"a@b@1.0.0"`},
		{berryBlockText("a@npm:^1", "1.0.0", "a@npm:1.0.0#x", "linkType: hard"), "a@1.0.0#x, a@1.0.0", `"a@1.0.0#x"`},
		{berryBlockText("a@npm:^1", `""`, "a@npm:1.0.0", "linkType: hard"), "a@1.0.0, a", `"a@1.0.0"`},
		{berryBlockText("a@patch:a@npm%3A1.0.0#./p.patch", "2.0.0", "a@patch:a@npm%3A1.0.0#./p.patch::hash=1", "linkType: hard"), "a@1.0.0 from patch, a@1.0.0, a@2.0.0 from patch", `"a@1.0.0"`},
		// What stands beside it under the same name is not what the patch is of.
		{berryBlockText("a@patch:a@npm%3A^1#builtin<compat/a>", "1.0.0", "a@patch:a@npm%3A1.0.0%3A%3A__archiveUrl=https%253A%252F%252Fevil.example%252Fa.tgz#builtin<compat/a>::hash=1", "linkType: hard") +
			berryRelease("a@npm:^1", "a", "1.0.0"), "a@1.0.0 from patch, a@1.0.0 from url, a@1.0.0", "__archiveUrl"},
		{berryBlockText("a@npm:^1", "1.0.0", "a@npm:1.0.0", "linkType: soft"), "a@1.0.0", `"a@1.0.0"`},
		{berryBlockText("a@https://h.example/a.tgz", "1.0.0", "a@https://h.example/a.tgz", "linkType: soft"), "a@1.0.0 from url", `"a@1.0.0"`},
		{berryBlockText("a@patch:a@workspace%3Aa#./p.patch", "1.0.0", "a@patch:a@workspace%3Aa#./p.patch", "linkType: soft"), "a@1.0.0 from patch, a@1.0.0 from file", `"a@1.0.0"`},
	} {
		e, entries := parseError(t, "yarn.lock", berryText(tt.block))
		if got := strings.Join(yarnIDs(entries), ", "); e.Kind != Inconsistent || e.Line != 8 || got != tt.entries || !strings.Contains(e.Detail, tt.names) {
			t.Errorf("%s%q with %v, want %q", tt.block, got, e, tt.entries)
		}
	}
}

func TestBerryShapesThatCouldHideAPackageAreRefused(t *testing.T) {
	nested := "a@npm:1.0.0"
	for range maxYarnPatches + 1 {
		nested = "a@patch:" + url.PathEscape(nested) + "#p"
	}
	a := berryRelease("a@npm:^1", "a", "1.0.0") // seven lines and an empty one, from line 8
	block := func(lines ...string) string {
		return "\"a@npm:^1\":\n  " + strings.Join(lines, "\n  ") + "\n"
	}
	for name, tt := range map[string]struct {
		text string
		kind Kind
		line int
	}{
		"no resolution":            {block("version: 1.0.0"), Malformed, 8},
		"an empty resolution":      {block("version: 1.0.0", `resolution: ""`), Malformed, 10},
		"a resolution of a name":   {block("version: 1.0.0", "resolution: a"), Malformed, 10},
		"a resolution that is two": {block("version: 1.0.0", "resolution:", "  - a@npm:1.0.0"), Malformed, 11},
		"a virtual resolution":     {block("version: 1.0.0", `resolution: "a@virtual:0123#npm:1.0.0"`), Malformed, 10},
		"a patch of nothing":       {block("version: 1.0.0", `resolution: "a@patch:#./p.patch"`), Malformed, 8},
		"a patch that is no text":  {block("version: 1.0.0", `resolution: "a@patch:a@npm%3#./p.patch"`), Malformed, 8},
		"too many patches":         {block("version: 1.0.0", `resolution: "`+nested+`"`), Malformed, 8},
		"two addresses":            {block("version: 1.0.0", `resolution: "a@npm:1.0.0::__archiveUrl=x&__archiveUrl=y"`), Malformed, 8},
		"an address under a name that is written otherwise": {block("version: 1.0.0", `resolution: "a@npm:1.0.0::%5F_archiveUrl=https%3A%2F%2Fevil.example%2Fa.tgz"`), Malformed, 8},
		"an address that yarn 1 would fetch":                {block("version: 1.0.0", `resolution: "a@npm:1.0.0"`, `"resolved": "https://evil.example/a.tgz"`), Malformed, 11},
		"an address that yarn 1 would fetch, in a list":     {block("version: 1.0.0", `resolution: "a@npm:1.0.0"`, `x, resolved: "https://evil.example/a.tgz"`), Malformed, 11},
		"a block that is text":                              {"\"a@npm:^1\": b\n", Malformed, 8},
		"a version that is a list":                          {block("version: [1]"), Malformed, 9},
		"a link of another kind":                            {block("version: 1.0.0", `resolution: "a@npm:1.0.0"`, "linkType: none"), Malformed, 11},
		"dependencies as a list":                            {block("dependencies:", "  - b"), Malformed, 10},
		"a range that is none":                              {block("dependencies:", "  b:", "    c: d"), Malformed, 11},
		"a key without a range":                             {strings.Replace(a, "a@npm:^1", "a", 1), Malformed, 8},
		"a key that ends early":                             {strings.Replace(a, "a@npm:^1", "a@npm:^1, ", 1), Malformed, 8},
		"a key that is bound badly":                         {strings.Replace(a, "a@npm:^1", "a@file:./a::locator=%x", 1), Malformed, 8},
		"two keys for one range":                            {a + berryRelease("b@npm:^1, a@npm:^1", "b", "1.0.0"), DuplicateKey, 15},
		"the same key twice":                                {a + a, DuplicateKey, 15},
		"a range twice in a key":                            {berryRelease("a@npm:^1, a@npm:^1", "a", "1.0.0"), DuplicateKey, 8},
		"a field twice":                                     {block("version: 1.0.0", "version: 1.0.1"), DuplicateKey, 10},
		"an anchor":                                         {block("version: &v 1.0.0"), Malformed, 9},
		"a merge key":                                       {block("<<: {version: 1.0.0}"), Malformed, 9},
		"a tag":                                             {block("version: !x 1.0.0"), Malformed, 9},
		"a second document":                                 {a + "---\n" + a, Malformed, 16},
		"a cut":                                             {a + "\"b@npm:^1\":\n  version: \"1", NotYAML, 16},
		"too long a checksum":                               {block("checksum: " + strings.Repeat("0", MaxIntegrityBytes+1)), Limit, 9},
	} {
		t.Run(name, func(t *testing.T) {
			e, entries := parseError(t, "yarn.lock", berryTop+tt.text)
			if e.Kind != tt.kind || e.Line != tt.line || len(entries) > 0 {
				t.Errorf("%v (%s), want %s on line %d", e, e.Kind, tt.kind, tt.line)
			}
		})
	}
}

// Keys of more than 1024 characters are written over two lines.
func TestBerryLongKeysAreRead(t *testing.T) {
	var ranges []string
	for i := range 100 {
		ranges = append(ranges, fmt.Sprintf("@scope/package@npm:^1.0.%d", i))
	}
	key := strings.Join(ranges, ", ")
	long := strings.Replace(berryRelease(key, "@scope/package", "1.2.0"), `"`+key+`":`, `? "`+key+"\"\n:", 1)
	for name, text := range map[string]string{
		"first":  berryTop + long + berryRelease("a@npm:^1", "a", "1.0.0"),
		"second": berryTop + berryRelease("a@npm:^1", "a", "1.0.0") + long,
	} {
		entries := parseYarnText(t, text)
		if len(entries) != 2 {
			t.Fatalf("%s: %q", name, yarnIDs(entries))
		}
		for _, e := range entries {
			if line := strings.Split(text, "\n")[e.Line-1]; !strings.Contains(line, e.Location) {
				t.Errorf("%s: line %d is %.40s", name, e.Line, line)
			}
		}
	}
}

func TestBerryChecksumsAreComparedWithTheirLikeAlone(t *testing.T) {
	other := strings.Repeat("f", 128)
	for _, tt := range []struct {
		base, head, condition string
		unread, own           bool // of the head
		want                  string
	}{
		{"10c0/" + berrySum, "10c0/" + berrySum, "", false, true, ""},
		{"10c0/" + berrySum, "10c0/" + other, "", false, true, "repinned a@1.0.0 source=false conflict=true weaker=false"},
		{"9/" + berrySum + " of 9", "10c0/" + other, "", false, true, ""},
		{"9/" + berrySum, "10c0/" + other, "", false, true, "repinned a@1.0.0 source=false conflict=true weaker=false"}, // of this entry alone
		{"10c0/" + berrySum + " of 9", "10c0/" + other, "", false, true, "repinned a@1.0.0 source=false conflict=true weaker=false"},
		{berrySum + " of 8", "10c0/" + other, "", false, true, ""},
		{berrySum + " of 8", other, "", false, true, ""},
		{berrySum, other, "", false, true, "repinned a@1.0.0 source=false conflict=true weaker=false"},
		{"", "10c0/" + berrySum, "", false, true, ""},
		{"10c0/" + berrySum, "", "", false, false, "repinned a@1.0.0 source=false conflict=false weaker=true"},
		{"10c0/" + berrySum, "", "os=darwin", false, true, "repinned a@1.0.0 source=false conflict=false weaker=true"},
		{"", "", "os=darwin", false, true, ""},
		{"10c0/" + berrySum, "10c0/" + strings.ToUpper(berrySum), "", true, true, "repinned a@1.0.0 source=false conflict=true weaker=false"},
		{berrySum, berrySum[1:], "", true, true, "repinned a@1.0.0 source=false conflict=true weaker=false"},
		{"", "/" + berrySum, "", true, true, ""},
		{"", sri("a"), "", true, true, ""},
	} {
		side := func(checksum, condition string) []dep.Entry {
			lines := []string{"linkType: hard"}
			checksum, cache, other := strings.Cut(checksum, " of ")
			if checksum != "" {
				lines = append(lines, "checksum: "+checksum)
			}
			if condition != "" {
				lines = append(lines, "conditions: "+condition)
			}
			text := berryText(berryBlockText("a@npm:^1", "1.0.0", "a@npm:1.0.0", lines...))
			if other {
				text = strings.Replace(text, "cacheKey: 10c0", "cacheKey: "+cache, 1)
			}
			return parseYarnText(t, text)
		}
		head := side(tt.head, tt.condition)
		if e := head[0]; e.Integrity != tt.head || e.Digests != nil || e.OwnDigest != tt.own || (e.IntegrityError != "") != tt.unread {
			t.Errorf("%q: %+v", tt.head, e)
		}
		if got := strings.Join(summary(Diff(side(tt.base, ""), head)), ", "); got != tt.want {
			t.Errorf("%q to %q: %q, want %q", tt.base, tt.head, got, tt.want)
		}
	}
}

func TestBerryPatchesAreChanges(t *testing.T) {
	a := berryRelease("a@npm:1.0.0", "a", "1.0.0")
	patched := func(hash string) string {
		return berryBlockText("a@patch:a@npm%3A1.0.0#./a.patch", "1.0.0", "a@patch:a@npm%3A1.0.0#./a.patch::version=1.0.0&hash="+hash, "checksum: 10c0/"+berrySum)
	}
	own := func(source, selector, hash string) string {
		return berryBlockText("a@patch:a@"+source+"#"+selector, "1.0.0", "a@patch:a@"+source+"#"+selector+"::version=1.0.0&hash="+hash, "checksum: "+hash+"/"+berrySum)
	}
	url := berryBlockText("a@https://h.example/a.tgz", "1.0.0", "a@https://h.example/a.tgz")
	for name, tt := range map[string]struct{ base, head, want string }{
		"yarn's own, by another yarn":    {a + own("npm%3A1.0.0", "~builtin<compat/a>", "1"), a + own("npm%3A1.0.0", "optional!builtin<compat/a>", "2"), ""},
		"yarn's own, added":              {a, a + own("npm%3A1.0.0", "optional!builtin<compat/a>", "10c0"), ""},
		"yarn's own, gone":               {a + own("npm%3A1.0.0", "optional!builtin<compat/a>", "10c0"), a, ""},
		"yarn's own, of something else":  {a + own("npm%3A1.0.0", "builtin<compat/a>", "1"), a + url + own("https%3A//h.example/a.tgz", "builtin<compat/a>", "1"), "repinned a@1.0.0, repinned a@1.0.0"},
		"a file that is named alike":     {a + own("npm%3A1.0.0", "builtin<compat/a>", "1"), a + own("npm%3A1.0.0", "builtin<x>/../evil>", "1"), "repinned a@1.0.0"},
		"a file behind what is no flag":  {a + own("npm%3A1.0.0", "builtin<compat/a>", "1"), a + own("npm%3A1.0.0", "evil!builtin<compat/a>", "1"), "repinned a@1.0.0"},
		"another of yarn's own":          {a + own("npm%3A1.0.0", "builtin<compat/a>", "1"), a + own("npm%3A1.0.0", "builtin<compat/b>", "1"), ""},
		"one of one's own beside yarn's": {a + own("npm%3A1.0.0", "builtin<compat/a>", "1"), a + own("npm%3A1.0.0", "builtin<compat/a>&./a.patch", "1"), "repinned a@1.0.0"},
		"another beside yarn's own":      {a + own("npm%3A1.0.0", "builtin<compat/a>&./a.patch", "1"), a + own("npm%3A1.0.0", "builtin<compat/a>&./a.patch", "2"), "repinned a@1.0.0"},
		"the same":                       {a + patched("1"), a + patched("1"), ""},
		"added":                          {a, a + patched("1"), "repinned a@1.0.0"},
		"another patch":                  {a + patched("1"), a + patched("2"), "repinned a@1.0.0"},
		"with all":                       {"", a + patched("1"), "added a@1.0.0, added a@1.0.0"},
		"a file behind a flag that looks like yarn's own": {a + own("npm%3A1.0.0", "builtin<compat/a>", "1"), a + own("npm%3A1.0.0", "builtin<x!~/evil>", "1"), "repinned a@1.0.0"},
	} {
		got := summary(Diff(parseYarnText(t, berryText(tt.base)), parseYarnText(t, berryText(tt.head))))
		for i := range got {
			got[i], _, _ = strings.Cut(got[i], " source")
		}
		if got := strings.Join(got, ", "); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

func TestAPatchIsNeitherAnotherSourceNorAnotherDigest(t *testing.T) {
	a := berryRelease("a@npm:1.0.0", "a", "1.0.0")
	patched := func(source, hash, sum string) string {
		return berryBlockText("a@patch:a@"+source+"#./a.patch", "1.0.0", "a@patch:a@"+source+"#./a.patch::version=1.0.0&hash="+hash, "checksum: 10c0/"+sum)
	}
	other := strings.Repeat("b", 128)
	url := berryBlockText("a@https://h.example/a.tgz", "1.0.0", "a@https://h.example/a.tgz", "checksum: 10c0/"+berrySum)
	for name, tt := range map[string]struct {
		base, head string
		want       Difference
	}{
		"added":                 {a, a + patched("npm%3A1.0.0", "1", other), Difference{Patch: true}},
		"another patch":         {a + patched("npm%3A1.0.0", "1", berrySum), a + patched("npm%3A1.0.0", "2", other), Difference{Patch: true}},
		"the same, other bytes": {a + patched("npm%3A1.0.0", "1", berrySum), a + patched("npm%3A1.0.0", "1", other), Difference{Conflict: true}},
		"of something else":     {a, a + url + patched("https%3A//h.example/a.tgz", "1", other), Difference{Patch: true, Source: true}},
	} {
		changes := Diff(parseYarnText(t, berryText(tt.base)), parseYarnText(t, berryText(tt.head)))
		changes = slices.DeleteFunc(changes, func(c dep.Change) bool { return c.Entry.Source == dep.URL })
		if len(changes) != 1 || Explain(changes[0]) != tt.want {
			t.Errorf("%s: %+v, want %+v", name, changes, tt.want)
		}
	}
}

func TestYarnsOwnPatchesAreNoChangeToOtherPackageManagers(t *testing.T) {
	own := berryBlockText("a@patch:a@npm%3A^1.0.0#optional!builtin<compat/a>", "1.0.0",
		"a@patch:a@npm%3A1.0.0#optional!builtin<compat/a>::version=1.0.0&hash=1", "checksum: 10c0/"+berrySum)
	berry := parseYarnText(t, berryText(berryRelease("a@npm:^1.0.0", "a", "1.0.0")+own))
	npm, err := Parse("package-lock.json", []byte(`{"lockfileVersion": 3, "packages": {"": {"dependencies": {"a": "^1.0.0"}},
		"node_modules/a": {"version": "1.0.0", "resolved": "https://registry.npmjs.org/a/-/a-1.0.0.tgz", "integrity": "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=="}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if changes := Diff(npm, berry); len(changes) > 0 {
		t.Errorf("npm to yarn: %+v", changes)
	}
	if changes := Diff(berry, npm); len(changes) > 0 {
		t.Errorf("yarn to npm: %+v", changes)
	}
}

func TestATarballOfTheRepositoryIsTheSameHoweverItIsSpelled(t *testing.T) {
	at := func(lockfile, resolved string) dep.Entry {
		return dep.Entry{Package: dep.Package{Ecosystem: dep.NPM, Name: "a", Version: "1.0.0"}, Lockfile: lockfile, Source: dep.File, Resolved: resolved}
	}
	npm := at("app/package-lock.json", "file:vendor/a-1.0.0.tgz")
	for _, same := range []dep.Entry{
		at("app/yarn.lock", "file:./vendor/a-1.0.0.tgz#0123456789012345678901234567890123456789"),
		at("app/yarn.lock", "file:vendor/a-1.0.0.tgz#vendor/a-1.0.0.tgz::hash=04943d&locator=app%40workspace%3A."),
		at("app/bun.lock", "vendor/a-1.0.0.tgz"),
	} {
		if !SameSource(npm, same) || !SameSource(same, npm) {
			t.Errorf("%s is another source", same.Resolved)
		}
	}
	for _, other := range []dep.Entry{
		at("app/yarn.lock", "file:vendor/b-1.0.0.tgz"), at("app/yarn.lock", "file:../../vendor/a-1.0.0.tgz"),
	} {
		if SameSource(npm, other) {
			t.Errorf("%s in %s is the same source", other.Resolved, other.Lockfile)
		}
	}
}
