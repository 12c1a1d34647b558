package lockfile

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/dep"
)

const sha1Fragment = "#60a115014f3150f2effc9dc35e03161ce294c4d3"

// v1Block is one block of a yarn.lock of yarn 1. The lines follow the version.
func v1Block(header, version string, lines ...string) string {
	text := header + ":\n  version \"" + version + "\"\n"
	for _, l := range lines {
		text += "  " + l + "\n"
	}
	return text + "\n"
}

// v1Release is the block of a release of the registry.
func v1Release(header, name, version string, lines ...string) string {
	return v1Block(header, version, append([]string{`resolved "` + tarball(name, version) + sha1Fragment + `"`, "integrity " + sri(name+version)}, lines...)...)
}

func yarnV1Text(blocks ...string) string { return yarnV1Top + strings.Join(blocks, "") }

func TestYarnV1NamesThePackageThatIsFetched(t *testing.T) {
	resolved := func(address string) string { return `resolved "` + address + `"` }
	commit := "206aa2c15635dc1212c06c279540972aa90e23ea"
	for _, tt := range []struct{ block, want string }{
		{v1Release("a@^1, a@^1.1", "a", "1.2.0"), "a@1.2.0"},
		{v1Release(`"@s/a@^1", "@s/a@>=1 <3"`, "@s/a", "1.2.0"), "@s/a@1.2.0"},
		{v1Release(`a, "b@npm:a"`, "a", "1.2.0"), "a@1.2.0 as b"},
		{v1Release(`"@s/x@npm:@s/a@^1", "y@npm:@s/a@^1"`, "@s/a", "1.2.0"), "@s/a@1.2.0 as @s/x"},
		// Yarn merges what it finds at one address, and may name it after the alias.
		{v1Release(`"x@npm:a@^1", a@^1`, "a", "1.2.0"), "a@1.2.0 as x"},
		{v1Release(`"x@npm:a@^1", a@^1`, "a", "1.2.0", "name x"), "a@1.2.0 as x"},
		{v1Release(`a@^1`, "a", "1.2.0", "name react"), "a@1.2.0 as react!"},
		{v1Release(`a@^1`, "a", "1.2.0", "name a"), "a@1.2.0"},
		// An address does not tell the name; the block may.
		{v1Block(`"x@https://h.example/a.tgz"`, "1.0.0", resolved("https://h.example/a.tgz"+sha1Fragment)), "x@1.0.0 from url"},
		{v1Block(`"x@https://h.example/a.tgz"`, "1.0.0", "name a", resolved("https://h.example/a.tgz"+sha1Fragment)), "a@1.0.0 as x from url"},
		{v1Block(`"x@https://registry.npmjs.org/a/-/a-1.0.0.tgz"`, "1.0.0", "name a", resolved(tarball("a", "1.0.0")+sha1Fragment)), "a@1.0.0 as x"},
		{v1Block(`"https://h.example/a.tgz"`, "1.0.0", "name a", resolved("https://h.example/a.tgz")), "a@1.0.0 as https://h.example/a.tgz from url"},
		{v1Block(`"x@git+https://github.com/o/r.git#v1"`, "1.0.0", `uid "`+commit+`"`, resolved("git+https://github.com/o/r.git#"+commit)), "x@1.0.0 from git"},
		{v1Block(`x@o/r`, "1.0.0", resolved("https://codeload.github.com/o/r/tar.gz/"+commit)), "x@1.0.0 from url"},
		{v1Block(`x@o/r`, "1.0.0"), "x@1.0.0 from git"},
		{v1Block(`x@^1`, "1.0.0", resolved(tarball("x", "1.0.0"))), "x@1.0.0"},
		{v1Block(`"x@file:./x-1.0.0.tgz"`, "1.0.0", resolved("file:./x-1.0.0.tgz"+sha1Fragment)), "x@1.0.0 from file"},
		{v1Block(`"x@file:./x-1.0.0.tgz"`, "1.0.0"), "x@1.0.0 from file"},
		// Folders: the repository's own are left out.
		{v1Block(`"x@link:../x"`, "0.0.0", `uid ""`), ""},
		{v1Block(`"x@file:./lib/x"`, "1.0.0"), ""},
		{v1Block(`x@./lib/x`, "1.0.0"), ""},
		{v1Block(`x@.`, "1.0.0"), ""},
		{v1Block(`x@../../../x`, "1.0.0"), "x@1.0.0 from file"},
		{v1Block(`"x@link:../../../x"`, "0.0.0"), "x@0.0.0 from file"},
		{v1Block(`x@/x`, "1.0.0"), "x@1.0.0 from file"},
		{v1Block(`"x@file:node_modules/x"`, "1.0.0"), "x@1.0.0 from file"},
		{v1Block(`"x@file:./lib/x", x@^1`, "1.0.0"), "x@1.0.0 from file"},
		{v1Block(`"x@file:./lib/x", "x@file:./lib/y"`, "1.0.0"), "x@1.0.0 from file"},
		{v1Block(`"x@file:./lib/x"`, "1.0.0", "integrity "+sri("x")), "x@1.0.0 from file"},
		{v1Block(`"x@file:./lib/x"`, "1.0.0", resolved("https://h.example/x.tgz")), "x@1.0.0 from url"},
		// What is fetched counts, not what is asked for.
		{v1Release("a@^1", "b", "1.0.0"), "a@1.0.0 from url"},
		{v1Block("a@^1", "1.0.0", resolved("https://registry.yarnpkg.com/a/-/a-1.0.0.tgz#x"), "integrity "+sri("a")), "a@1.0.0 from url"},
		{v1Block("a@^1", "1.0.0", resolved("https://npm.example.com/team/a/-/a-1.0.0.tgz"+sha1Fragment)), "a@1.0.0"},
		{v1Block(`"a\u0040^1"`, "1.0.0", resolved(tarball("a", "1.0.0"))), "a@1.0.0"},
		{v1Block(`"__proto__@^1"`, "1.0.0", resolved(tarball("__proto__", "1.0.0"))), "__proto__@1.0.0"},
	} {
		entries, err := Parse("a/b/yarn.lock", []byte(yarnV1Text(tt.block)))
		if got := strings.Join(yarnIDs(entries), ", "); got != tt.want || err != nil {
			t.Errorf("%s%s, %v, want %s", tt.block, got, err, tt.want)
		}
	}
}

func TestYarnV1KeepsWhatABlockStates(t *testing.T) {
	entries := parseYarnText(t, yarnV1Text(
		v1Release(`"@s/a@^1", "@s/a@~1.2.0"`, "@s/a", "1.2.0", "dependencies:", `  "@s/b" ">=1 <2"`, "  c latest", `  d ""`, "optionalDependencies:", `  e "~1.0.0"`, "prebuiltVariants:", `  x "y"`, "registry yarn"),
		v1Block("c@latest", "3.0.0", `resolved "`+tarball("c", "3.0.0")+"#60A115014F3150F2EFFC9DC35E03161CE294C4D3"+`"`),
		v1Block("d@", "1.0.0", `resolved "git+https://github.com/o/d.git`+sha1Fragment+`"`),
		v1Block("e@~1.0.0", "1.0.0", `resolved "`+tarball("e", "1.0.0")+`"`, `integrity "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk= `+sri("e")+`"`),
		v1Block("f@^1", "1.0.0", `resolved "`+tarball("f", "1.0.0")+`"`, "integrity sha512-AAAA"),
	))
	a := entries[0]
	if a.Line != 5 || a.Location != `"@s/a@^1", "@s/a@~1.2.0"` || a.Resolved != tarball("@s/a", "1.2.0")+sha1Fragment || a.Integrity != sri("@s/a1.2.0") || len(a.Digests) != 1 || a.Scope != dep.Prod {
		t.Errorf("%+v", a)
	}
	want := []dep.Spec{{Name: "@s/b", Range: ">=1 <2", Kind: dep.Prod}, {Name: "c", Range: "latest", Kind: dep.Prod}, {Name: "d", Kind: dep.Prod}, {Name: "e", Range: "~1.0.0", Kind: dep.Optional}}
	if !slices.Equal(a.Dependencies, want) {
		t.Errorf("it asks for %v", a.Dependencies)
	}
	if d := entries[1]; d.Integrity != "" || len(d.Digests) != 1 || d.Digests[0] != (dep.Digest{Algorithm: "sha1", Hex: sha1Fragment[1:]}) || d.Digests[0].Comparable() {
		t.Errorf("the digest of a fragment: %+v", d)
	}
	if d := entries[2]; d.Source != dep.Git || d.Digests != nil {
		t.Errorf("a commit is taken for a digest: %+v", d)
	}
	if d := entries[3]; len(d.Digests) != 2 || d.IntegrityError != "" {
		t.Errorf("two digests: %+v", d)
	}
	if d := entries[4]; d.Digests != nil || d.IntegrityError == "" || d.Integrity != "sha512-AAAA" {
		t.Errorf("a digest that is none: %+v", d)
	}
}

func TestYarnV1SaysWhoAsks(t *testing.T) {
	entries := parseYarnText(t, yarnV1Text(
		v1Release("a@^1, a@~1.0.0", "a", "1.0.0", "dependencies:", `  b "^1"`, `  x "npm:c@^1"`, `  gone "^1"`),
		v1Release("b@^1", "b", "1.0.0", "optionalDependencies:", `  a "~1.0.0"`, `  b "^1"`),
		v1Release(`c@^1, "x@npm:c@^1"`, "c", "1.0.0"),
		v1Release(`"d@"`, "d", "1.0.0"),
		v1Block(`"own@file:./lib/own"`, "1.0.0", "dependencies:", `  d ""`, `  b "^1"`),
	))
	var got []string
	for _, e := range entries {
		got = append(got, fmt.Sprintf("%s %t %v %v", e.Package.ID(), e.Direct, e.Workspaces, e.Places))
		if !e.Unsaid.Has(dep.FactScope|dep.FactDirect|dep.FactBundled|dep.FactInstallScript) || e.Unsaid.Has(dep.FactDigest) || e.Unsaid.Has(dep.FactDependencies) {
			t.Errorf("%s: unsaid %b", e.Package.ID(), e.Unsaid)
		}
	}
	want := []string{
		"a@1.0.0 true [] [{b@1.0.0 a} { a}]", // a@^1 is asked for by no block
		"b@1.0.0 true [lib/own] [{lib/own b} {a@1.0.0 b} {b@1.0.0 b}]",
		"c@1.0.0 true [] [{a@1.0.0 x} { c}]",
		"d@1.0.0 true [lib/own] [{lib/own d}]",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestYarnV1LinesThatYarnWouldReadOtherwiseAreRefused(t *testing.T) {
	a := "a@^1:\n  version \"1.0.0\"\n" // the header is on line 5
	for name, tt := range map[string]struct {
		text string
		kind Kind
		line int
	}{
		"a field without a block":          {"  version \"1.0.0\"\n", Malformed, 5},
		"a field after an empty line":      {a + "\n  resolved \"x\"\n", Malformed, 8},
		"a field after a comment":          {a + "# x\n  resolved \"x\"\n", Malformed, 8},
		"a comment in a block":             {a + "  # x\n", Malformed, 7},
		"a line of blanks":                 {a + "    \nb@^1:\n  version \"1.0.0\"\n", Malformed, 7},
		"three blanks":                     {a + "   resolved \"x\"\n", Malformed, 7},
		"a member without a section":       {a + "    b \"^1\"\n", Malformed, 7},
		"a member after a field":           {a + "  dependencies:\n    b \"^1\"\n  uid x\n    c \"^1\"\n", Malformed, 10},
		"six blanks":                       {a + "  dependencies:\n      b \"^1\"\n", Malformed, 8},
		"a tab":                            {a + "\tresolved \"x\"\n", Malformed, 7},
		"a lone carriage return":           {a + "  resolved \"x\"\r  integrity \"x\"\n", Malformed, 7},
		"a carriage return in a string":    {a + "  resolved \"x\ry\"\n", Malformed, 7},
		"a NUL":                            {a + "  resolved \"x\x00\"\n", Malformed, 7},
		"a control character in an escape": {a + "  resolved \"\\u0000\"\n", Malformed, 7},
		"a line break in an escape":        {a + "  resolved \"a\\nb\"\n", Malformed, 7},
		"an escape that is none":           {a + "  resolved \"\\x\"\n", Malformed, 7},
		"a string that does not end":       {a + "  resolved \"x\n", Malformed, 7},
		"a string that ends in an escape":  {a + "  resolved \"x\\\"\n", Malformed, 7},
		"more than a value":                {a + "  resolved \"x\" \"y\"\n", Malformed, 7},
		"a comment after a value":          {a + "  resolved \"x\" # y\n", Malformed, 7},
		"no value":                         {a + "  resolved\n", Malformed, 7},
		"an empty value":                   {a + "  resolved \n", Malformed, 7},
		"a value after a colon":            {a + "  resolved: \"x\"\n", Malformed, 7},
		"a number":                         {a + "  uid 5\n", Malformed, 7},
		"a word that yarn would divide":    {a + "  uid trueish\n", Malformed, 7},
		"a section for a value":            {a + "  resolved:\n    b \"^1\"\n", Malformed, 7},
		"a value for a section":            {a + "  dependencies \"x\"\n", Malformed, 7},
		"two fields":                       {a + "  version \"1.0.0\"\n", DuplicateKey, 7},
		"two fields around a section":      {a + "  dependencies:\n    version \"1\"\n  version \"2\"\n", DuplicateKey, 9},
		"two unknown fields":               {a + "  uid x\n  uid x\n", DuplicateKey, 8},
		"two sections":                     {a + "  dependencies:\n  dependencies:\n", DuplicateKey, 8},
		"two members":                      {a + "  dependencies:\n    b \"^1\"\n    \"b\" \"^2\"\n", DuplicateKey, 9},
		"two headers":                      {a + "\n\"a@^1\":\n  version \"1.0.0\"\n", DuplicateKey, 8},
		"two in a header":                  {"a@^1, a@^1:\n  version \"1.0.0\"\n", DuplicateKey, 5},
		"a header without a colon":         {"a@^1\n  version \"1.0.0\"\n", Malformed, 5},
		"a header with a value":            {"a@^1: \"b@^1\"\n", Malformed, 5},
		"an alias of old":                  {"a@^1 b@^1\n", Malformed, 5},
		"a header of nothing":              {":\n  version \"1.0.0\"\n", Malformed, 5},
		"a header of an empty name":        {"\"\":\n  version \"1.0.0\"\n", Malformed, 5},
		"a header of an end":               {"a@^1, :\n  version \"1.0.0\"\n", Malformed, 5},
		"a header without commas":          {"a@^1 a@^2:\n  version \"1.0.0\"\n", Malformed, 5},
		"a scope without quotes":           {"@s/a@^1:\n  version \"1.0.0\"\n", Malformed, 5},
		"no version":                       {"a@^1:\n  resolved \"x\"\n", Malformed, 5},
		"nothing":                          {"a@^1:\n", Malformed, 5},
		"an empty version":                 {"a@^1:\n  version \"\"\n", Malformed, 5},
		"too long a digest":                {a + "  integrity \"" + strings.Repeat("x", MaxIntegrityBytes+1) + "\"\n", Limit, 7},
		"too many digests":                 {a + "  integrity \"" + strings.Repeat("x ", MaxDigests+1) + "\"\n", Limit, 7},
		"too many packages":                {manyBlocks(MaxEntries + 1), Limit, 3*MaxEntries + 5},
	} {
		t.Run(name, func(t *testing.T) {
			e, entries := parseError(t, "yarn.lock", yarnV1Top+tt.text)
			if e.Kind != tt.kind || e.Line != tt.line || len(entries) > 0 {
				t.Errorf("%v, want %s on line %d", e, tt.kind, tt.line)
			}
		})
	}
}

// manyBlocks are n blocks of three lines each.
func manyBlocks(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "p%d@^1:\n  version \"1.0.0\"\n\n", i)
	}
	return b.String()
}

func TestYarnV1BlockOfManyPackagesIsInconsistent(t *testing.T) {
	header := func(n int) string {
		var names []string
		for i := range n {
			names = append(names, fmt.Sprintf("p%d@^1, p%d@^2", i, i))
		}
		return strings.Join(names, ", ")
	}
	e, entries := parseError(t, "yarn.lock", yarnV1Text(v1Block(header(maxYarnNames), "1.0.0")))
	if e.Kind != Inconsistent || e.Line != 5 || len(entries) != maxYarnNames || !strings.Contains(e.Detail, `"p0@1.0.0" and as "p1@1.0.0"`) {
		t.Errorf("%v with %d entries", e, len(entries))
	}
	if e, entries := parseError(t, "yarn.lock", yarnV1Text(v1Block(header(maxYarnNames+1), "1.0.0"))); e.Kind != Limit || len(entries) > 0 {
		t.Errorf("%v with %d entries", e, len(entries))
	}
}

// Yarn asks the registry anew for whatever has no address.
func TestYarnV1BlockThatYarnTakesNoNoticeOfIsInconsistent(t *testing.T) {
	for _, lines := range [][]string{nil, {"integrity " + sri("a")}, {`resolved ""`}} {
		e, entries := parseError(t, "yarn.lock", yarnV1Text(v1Release("b@^1", "b", "1.0.0"), v1Block("a@^1", "1.0.0", lines...)))
		if got := strings.Join(yarnIDs(entries), ", "); e.Kind != Inconsistent || e.Line != 10 || got != "b@1.0.0, a@1.0.0" {
			t.Errorf("%v with %s", e, got)
		}
	}
}

func TestYarnV1ChangesAreThoseOfThePackages(t *testing.T) {
	at := func(address string, lines ...string) string {
		return yarnV1Text(v1Block("a@^1", "1.0.0", append([]string{`resolved "` + address + `"`}, lines...)...))
	}
	other := "#" + strings.Repeat("0", 40)
	digest := "integrity " + sri("a")
	private := "https://npm.example.com/team/a/-/a-1.0.0.tgz"
	public := tarball("a", "1.0.0")
	yarn := strings.Replace(public, npmHost, yarnHost, 1)
	for name, tt := range map[string]struct{ base, head, want string }{
		"the registry's other name":          {at(yarn+sha1Fragment, digest), at(public, digest), ""},
		"another fragment, the same digest":  {at(public+sha1Fragment, digest), at(public+other, digest), ""},
		"a private registry's fragment":      {at(private+sha1Fragment, digest), at(private, digest), ""},
		"a digest beside the fragment":       {at(public + sha1Fragment), at(public+sha1Fragment, digest), ""},
		"another fragment and no digest":     {at(public + sha1Fragment), at(public + other), "repinned a@1.0.0 source=false conflict=true weaker=false"},
		"no fragment and no digest":          {at(public + sha1Fragment), at(public), "repinned a@1.0.0 source=false conflict=false weaker=true"},
		"another commit":                     {at("git+https://h.example/a.git" + sha1Fragment), at("git+https://h.example/a.git" + other), "repinned a@1.0.0 source=true conflict=false weaker=false"},
		"another commit of what may be Git":  {at("https://github.com/o/a"+sha1Fragment, digest), at("https://github.com/o/a"+other, digest), "repinned a@1.0.0 source=true conflict=false weaker=false"},
		"another host":                       {at(public+sha1Fragment, digest), at(private+sha1Fragment, digest), "repinned a@1.0.0 source=true conflict=false weaker=false"},
		"an update":                          {yarnV1Text(v1Release("a@^1", "a", "1.0.0")), yarnV1Text(v1Release("a@^2", "a", "2.0.0")), "updated a@2.0.0 from 1.0.0"},
		"another range":                      {yarnV1Text(v1Release("a@^1", "a", "1.0.0")), yarnV1Text(v1Release("a@^1, a@~1.0.0", "a", "1.0.0")), ""},
		"an alias that takes a name":         {yarnV1Text(v1Release("a@^1", "a", "1.0.0")), yarnV1Text(v1Release(`"a@npm:b@^1"`, "b", "1.0.0")), "added b@1.0.0 displaces a@1.0.0, removed a@1.0.0"},
		"a package that is named as another": {yarnV1Text(v1Release("a@^1", "a", "1.0.0")), yarnV1Text(v1Release("a@^1", "a", "1.0.0", "name b")), "updated a@1.0.0 from "},
	} {
		if got := strings.Join(summary(Diff(parseYarnText(t, tt.base), parseYarnText(t, tt.head))), ", "); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

func TestResolutionsOfYarn1MayPutAPackageInThePlaceOfAnother(t *testing.T) {
	block := func(header, resolved string) string {
		return "# yarn lockfile v1\n\n\n" + header + ":\n  version \"2.1.0\"\n  resolved \"https://registry.yarnpkg.com/" + resolved + "\"\n"
	}
	entries, err := Parse("yarn.lock", []byte(block(`differ@^1.0.0, "differ@npm:paint@2.1.0"`, "paint/-/paint-2.1.0.tgz")))
	if err != nil || len(entries) != 1 {
		t.Fatalf("%+v, %v", entries, err)
	}
	if e := entries[0]; e.Package.ID() != "paint@2.1.0" || e.Alias != "differ" || !e.AliasUnasked || e.Source != dep.Registry {
		t.Errorf("%+v", e)
	}
	for name, text := range map[string]string{
		"of two packages":      block(`differ@^1.0.0, "differ@npm:paint@2.1.0", "differ@npm:other@2.1.0"`, "paint/-/paint-2.1.0.tgz"),
		"under two names":      block(`other@^1.0.0, "differ@npm:paint@2.1.0"`, "paint/-/paint-2.1.0.tgz"),
		"from another address": block(`differ@^1.0.0, "differ@npm:paint@2.1.0"`, "differ/-/differ-2.1.0.tgz"),
	} {
		var refused *Error
		if _, err := Parse("yarn.lock", []byte(text)); !errors.As(err, &refused) || refused.Kind != Inconsistent {
			t.Errorf("%s: %v", name, err)
		}
	}
}
