package lockfile

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/bonafide-app/bonafide/app/dep"
)

func TestDiffTellsWhatHappened(t *testing.T) {
	mod := func(location string) string {
		return "node_modules/" + strings.ReplaceAll(location, ">", "/node_modules/")
	}
	// one is a member at "a>b": b below a.
	one := func(location, version string, fields ...any) string {
		return member(mod(location), location[strings.LastIndexByte(location, '>')+1:], version, fields...)
	}
	sha1 := "sha1-" + "2jmj7l5rSw0yVb/vlWAYkK/YBwk="
	yarn := strings.Replace(tarball("a", "1.0.0"), "npmjs.org", "yarnpkg.com", 1)
	mirror := "https://npm.example.com/a/-/a-1.0.0.tgz"
	for _, c := range []struct {
		what       string
		base, head []string
		want       []string
	}{
		{"nothing", []string{one("a", "1.0.0")}, []string{one("a", "1.0.0")}, nil},
		{"added", nil, []string{one("a", "1.0.0")}, []string{"added a@1.0.0"}},
		{"removed", []string{one("a", "1.0.0")}, nil, []string{"removed a@1.0.0"}},
		{"updated in place", []string{one("a", "1.0.0")}, []string{one("a", "1.1.0")}, []string{"updated a@1.1.0 from 1.0.0"}},
		{"moved", []string{one("a", "1.0.0")}, []string{one("b>a", "1.0.0")}, nil},
		{"moved and updated", []string{one("a", "1.0.0")}, []string{one("b>a", "1.1.0")}, []string{"updated a@1.1.0 from 1.0.0"}},
		{"one more version beside the old", []string{one("a", "1.0.0")}, []string{one("a", "1.0.0"), one("b>a", "2.0.0")}, []string{"added a@2.0.0"}},
		{"hoisted over a version that stays below", []string{one("a", "1.0.0")}, []string{one("a", "2.0.0"), one("b>a", "1.0.0")}, []string{"updated a@2.0.0 from 1.0.0"}},
		{"two versions become one", []string{one("a", "1.0.0"), one("b>a", "1.5.0")}, []string{one("a", "2.0.0")}, []string{"updated a@2.0.0 from 1.0.0"}},
		{"the nearest version below", []string{one("b>a", "1.0.0"), one("c>a", "1.10.0"), one("d>a", "3.0.0")}, []string{one("a", "1.11.0")}, []string{"updated a@1.11.0 from 1.10.0"}},
		{"downgraded", []string{one("a", "2.0.0")}, []string{one("a", "1.0.0")}, []string{"updated a@1.0.0 from 2.0.0"}},
		{"another package under the same alias", []string{one("a", "1.0.0")}, []string{member("node_modules/a", "evil", "1.0.0", "name", "evil")}, []string{"added evil@1.0.0 displaces a@1.0.0", "removed a@1.0.0"}},
		{"an alias of what was there", []string{one("a", "1.0.0")}, []string{`"": {"dependencies": {"x": "npm:a@1"}}`, one("a", "1.0.0"), member("node_modules/x", "a", "1.0.0", "name", "a")}, nil},
		{"an alias of what was there that nobody asks for", []string{one("a", "1.0.0")}, []string{one("a", "1.0.0"), member("node_modules/x", "a", "1.0.0", "name", "a")}, []string{"updated a@1.0.0 from "}},
		{"what was there takes another's place", []string{one("a", "1.0.0"), one("b", "1.0.0")}, []string{member("node_modules/a", "b", "1.0.0", "name", "b"), one("b", "1.0.0")}, []string{"updated b@1.0.0 from  displaces a@1.0.0", "removed a@1.0.0"}},
		{"what was there takes an alias's place", []string{member("node_modules/a", "b", "1.0.0", "name", "b"), one("c>a", "2.0.0")}, []string{one("a", "2.0.0")}, []string{"updated a@2.0.0 from  displaces b@1.0.0", "removed b@1.0.0"}},
		{"a new version in another's place", []string{one("a", "1.0.0"), one("b", "1.0.0")}, []string{member("node_modules/a", "b", "1.1.0", "name", "b"), one("c>a", "1.0.0")}, []string{"updated b@1.1.0 from 1.0.0 displaces a@1.0.0"}},
		{"a link to what is installed", []string{one("a", "1.0.0"), one("b", "1.0.0")}, []string{`"node_modules/a": {"resolved": "node_modules/b", "link": true}`, one("b", "1.0.0")}, []string{"updated a from 1.0.0"}},
		{"a bundled copy that its parent does not list", []string{one("a", "1.0.0"), one("b", "1.0.0")}, []string{one("a", "1.0.0"), one("b", "1.0.0", "bundleDependencies", []string{"x"}), one("b>a", "1.0.0", "inBundle", true, "resolved", nil, "integrity", nil)}, []string{"repinned a@1.0.0 source=false conflict=false weaker=true"}},

		{"a nearer copy within the release line", []string{one("a", "1.0.0"), one("c>a", "1.2.0"), one("d>a", "2.0.0")}, []string{one("a", "1.0.0"), one("b>a", "1.0.1"), one("c>a", "1.2.0"), one("d>a", "2.0.0")}, []string{"added a@1.0.1 beside a@1.2.0 a@1.0.0"}},
		{"below 1.0 the minor is the release line", []string{one("a", "0.3.0"), one("c>a", "0.4.0"), one("d>a", "1.0.0")}, []string{one("a", "0.3.0"), one("b>a", "0.3.1"), one("c>a", "0.4.0"), one("d>a", "1.0.0")}, []string{"added a@0.3.1 beside a@0.3.0"}},
		{"replaced at one place, staying at another", []string{one("a", "1.0.0"), one("b>a", "1.1.0")}, []string{one("a", "1.2.0"), one("b>a", "1.1.0"), one("c>a", "1.0.0")}, []string{"updated a@1.2.0 from 1.0.0 beside a@1.1.0"}},
		{"a version that is none", []string{one("a", "latest")}, []string{one("a", "latest"), one("b>a", "x")}, []string{"added a@x"}},

		{"another digest", []string{one("a", "1.0.0")}, []string{one("a", "1.0.0", "integrity", sri("evil"))}, []string{"repinned a@1.0.0 source=false conflict=true weaker=false"}},
		{"another digest, and moved", []string{one("a", "1.0.0")}, []string{one("b>a", "1.0.0", "integrity", sri("evil"))}, []string{"repinned a@1.0.0 source=false conflict=true weaker=false"}},
		{"a second digest of the same kind", []string{one("a", "1.0.0")}, []string{one("a", "1.0.0", "integrity", sri("a1.0.0")+" "+sri("evil"))}, []string{"repinned a@1.0.0 source=false conflict=true weaker=false"}},
		{"one of two digests left", []string{one("a", "1.0.0", "integrity", sri("x")+" "+sri("a1.0.0"))}, []string{one("a", "1.0.0")}, nil},
		{"a digest appeared", []string{one("a", "1.0.0", "integrity", nil)}, []string{one("a", "1.0.0")}, nil},
		{"a digest got stronger", []string{one("a", "1.0.0", "integrity", sha1)}, []string{one("a", "1.0.0")}, nil},
		{"a stronger one beside it", []string{one("a", "1.0.0", "integrity", sha1)}, []string{one("a", "1.0.0", "integrity", sha1+" "+sri("a1.0.0"))}, nil},
		{"a weak one dropped", []string{one("a", "1.0.0", "integrity", sha1+" "+sri("a1.0.0"))}, []string{one("a", "1.0.0")}, nil},
		{"a digest got weaker", []string{one("a", "1.0.0")}, []string{one("a", "1.0.0", "integrity", sha1)}, []string{"repinned a@1.0.0 source=false conflict=false weaker=true"}},
		{"a digest vanished", []string{one("a", "1.0.0")}, []string{one("a", "1.0.0", "integrity", nil)}, []string{"repinned a@1.0.0 source=false conflict=false weaker=true"}},
		{"a digest became unreadable", []string{one("a", "1.0.0")}, []string{one("a", "1.0.0", "integrity", "sha512-AAAA")}, []string{"repinned a@1.0.0 source=false conflict=false weaker=true"}},
		{"a digest became readable", []string{one("a", "1.0.0", "integrity", "sha512-AAAA")}, []string{one("a", "1.0.0")}, nil},
		{"an unreadable digest stays", []string{one("a", "1.0.0", "integrity", "md6-x")}, []string{one("a", "1.0.0", "integrity", "md6-x")}, nil},
		{"vanished at one of two places", []string{one("a", "1.0.0"), one("b>a", "1.0.0")}, []string{one("a", "1.0.0"), one("b>a", "1.0.0", "integrity", nil)}, []string{"repinned a@1.0.0 source=false conflict=false weaker=true"}},
		{"vanished where another copy never had one", []string{one("a", "1.0.0"), one("b>a", "1.0.0", "integrity", nil)}, []string{one("a", "1.0.0", "integrity", nil), one("b>a", "1.0.0", "integrity", nil)}, []string{"repinned a@1.0.0 source=false conflict=false weaker=true"}},

		{"the registry's other name", []string{one("a", "1.0.0")}, []string{one("a", "1.0.0", "resolved", yarn)}, nil},
		{"the address left out", []string{one("a", "1.0.0")}, []string{one("a", "1.0.0", "resolved", nil)}, nil},
		{"the address stated", []string{one("a", "1.0.0", "resolved", nil)}, []string{one("a", "1.0.0")}, nil},
		{"http became https", []string{one("a", "1.0.0", "resolved", strings.Replace(tarball("a", "1.0.0"), "https", "http", 1))}, []string{one("a", "1.0.0")}, nil},
		{"https became http", []string{one("a", "1.0.0")}, []string{one("a", "1.0.0", "resolved", strings.Replace(tarball("a", "1.0.0"), "https", "http", 1))}, []string{"repinned a@1.0.0 source=true conflict=false weaker=false"}},
		{"another registry", []string{one("a", "1.0.0")}, []string{one("a", "1.0.0", "resolved", mirror)}, []string{"repinned a@1.0.0 source=true conflict=false weaker=false"}},
		{"another registry where none was stated", []string{one("a", "1.0.0", "resolved", nil)}, []string{one("a", "1.0.0", "resolved", mirror)}, []string{"repinned a@1.0.0 source=true conflict=false weaker=false"}},
		{"the public registry for another", []string{one("a", "1.0.0", "resolved", mirror)}, []string{one("a", "1.0.0")}, []string{"repinned a@1.0.0 source=true conflict=false weaker=false"}},
		{"git", []string{one("a", "1.0.0")}, []string{one("a", "1.0.0", "resolved", "git+https://example.com/a.git#1", "integrity", nil)}, []string{"repinned a@1.0.0 source=true conflict=false weaker=true"}},
		{"another commit", []string{one("a", "1.0.0", "resolved", "git+https://example.com/a.git#1", "integrity", nil)}, []string{one("a", "1.0.0", "resolved", "git+https://example.com/a.git#2", "integrity", nil)}, []string{"repinned a@1.0.0 source=true conflict=false weaker=false"}},
		{"a twin from elsewhere", []string{one("a", "1.0.0")}, []string{one("a", "1.0.0"), one("b>a", "1.0.0", "resolved", "https://evil.example/a.tgz", "integrity", sri("evil"))}, []string{"repinned a@1.0.0 source=true conflict=true weaker=false"}},
		{"a known twin takes the first's place", []string{one("a", "1.0.0"), one("b>a", "1.0.0", "resolved", mirror)}, []string{one("a", "1.0.0", "resolved", mirror), one("b>a", "1.0.0", "resolved", mirror)}, []string{"repinned a@1.0.0 source=true conflict=false weaker=false"}},
		{"the twin went", []string{one("a", "1.0.0"), one("b>a", "1.0.0", "resolved", mirror)}, []string{one("a", "1.0.0")}, nil},

		{"a copy inside a bundle of what is known", []string{one("a", "1.0.0"), one("b", "1.0.0")}, []string{one("a", "1.0.0"), one("b", "1.0.0", "bundleDependencies", []string{"a"}), one("b>a", "1.0.0", "inBundle", true, "resolved", nil, "integrity", nil)}, nil},
		{"what had a digest is said to be bundled", []string{one("b", "1.0.0", "bundleDependencies", []string{"a"}), one("b>a", "1.0.0")}, []string{one("b", "1.0.0", "bundleDependencies", []string{"a"}), one("b>a", "1.0.0", "inBundle", true, "resolved", nil, "integrity", nil)}, []string{"repinned a@1.0.0 source=false conflict=false weaker=true"}},

		{"order", []string{one("z", "1.0.0"), one("y", "2.0.0"), one("y2", "1.0.0"), one("c", "1.0.0")},
			[]string{one("c", "1.0.0", "integrity", sri("evil")), one("b", "1.0.0"), one("a", "1.0.0")},
			[]string{"repinned c@1.0.0 source=false conflict=true weaker=false", "added b@1.0.0", "added a@1.0.0", "removed y@2.0.0", "removed y2@1.0.0", "removed z@1.0.0"}},
	} {
		base, head := parse(t, v3(c.base...)), parse(t, v3(c.head...))
		if got := summary(Diff(base, head)); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %q\nwant %q", c.what, got, c.want)
		}
	}
}

func TestChangesCarryTheirOccurrencesAndWhatTheyReplace(t *testing.T) {
	base := parse(t, v3(member("node_modules/a", "a", "1.0.0"), member("node_modules/b/node_modules/a", "a", "1.0.0"), member("node_modules/c/node_modules/a", "a", "0.9.0")))
	head := parse(t, v3(member("node_modules/a", "a", "2.0.0"), member("node_modules/b/node_modules/a", "a", "2.0.0"), member("node_modules/c/node_modules/a", "a", "2.0.0"),
		member("node_modules/d/node_modules/a", "a", "2.0.0", "integrity", sri("evil"))))
	changes := Diff(base, head)
	if got := summary(changes); !slices.Equal(got, []string{"updated a@2.0.0 from 1.0.0", "updated a@2.0.0 from 1.0.0"}) {
		t.Fatalf("%q", got)
	}
	first := changes[0]
	if first.Entry.Location != "node_modules/a" || len(first.Occurrences) != 3 || len(first.Replaces) != 2 || first.Replaces[1].Package.Version != "0.9.0" {
		t.Errorf("%+v", first)
	}
	if other := changes[1]; len(other.Occurrences) != 1 || other.Entry.Line != 7 {
		t.Errorf("%+v", other)
	}
}

func TestManyVersionsOfOneNameStayBounded(t *testing.T) {
	var base, head []string
	for i := range 500 {
		base = append(base, member(fmt.Sprintf("node_modules/b%d/node_modules/a", i), "a", fmt.Sprintf("1.%d.0", i)), member(fmt.Sprintf("node_modules/b%d/node_modules/t", i), "t", "1.0.0", "integrity", sri(fmt.Sprint(i))))
		head = append(head, member(fmt.Sprintf("node_modules/h%d/node_modules/a", i), "a", fmt.Sprintf("2.%d.0", i)), member(fmt.Sprintf("node_modules/h%d/node_modules/t", i), "t", "1.0.0", "integrity", sri(fmt.Sprint(-i-1))))
	}
	changes := Diff(parse(t, v3(base...)), parse(t, v3(head...)))
	entering := 0
	for _, c := range changes {
		if len(c.Replaces) > MaxReplaces {
			t.Fatalf("%d entries replaced", len(c.Replaces))
		}
		if c.Kind != dep.Removed {
			entering++
		}
	}
	if entering != 1000 {
		t.Errorf("%d changes enter, want 1000", entering)
	}
}

func TestWhatWentAwayIsReplacedEvenWhereAnotherVersionStood(t *testing.T) {
	base := parse(t, v3(member("node_modules/a", "a", "1.0.0"), member("node_modules/b/node_modules/a", "a", "2.0.0"), member("node_modules/c/node_modules/a", "a", "3.0.0")))
	head := parse(t, v3(member("node_modules/a", "a", "2.0.1"), member("node_modules/c/node_modules/a", "a", "3.0.0")))
	changes := Diff(base, head)
	if len(changes) != 1 || len(changes[0].Replaces) != 2 || changes[0].From() != "1.0.0" || changes[0].Replaces[1].Package.Version != "2.0.0" {
		t.Errorf("%+v", changes)
	}
}

// What npm's formats cannot say, or not in so few words.
func TestDiffOfEntriesOfAnyFormat(t *testing.T) {
	x, y := withDigests("x"), withDigests("y")
	git := addressed(dep.Git, "git+https://h.example/a.git#1")
	mirror := addressed(dep.Registry, "https://npm.example.com/a/-/a-1.0.0.tgz")
	version := func(v string) func(*dep.Entry) { return func(e *dep.Entry) { e.Package.Version = v } }
	bundled := func(e *dep.Entry) { e.Bundled = true }
	patched := func(e *dep.Entry) { e.Patch = "a.patch" }
	asked := func(alias string) func(*dep.Entry) {
		return func(e *dep.Entry) { e.Alias, e.AliasUnasked = alias, true }
	}
	var many []dep.Entry
	for i := range MaxReplaces + 5 {
		many = append(many, entryWith(standingAt(fmt.Sprint(i)), withDigests(fmt.Sprint(i))))
	}
	moved := many[len(many)-1]
	moved.Location = "elsewhere"
	for _, c := range []struct {
		what       string
		base, head []dep.Entry
		want       []string
	}{
		{"an address in place of a version, and the version", []dep.Entry{entryWith(version("git+https://h.example/a.git#1"), git)}, []dep.Entry{entryWith(git)}, nil},
		{"the same, and a digest came", []dep.Entry{entryWith(version("git+https://h.example/a.git#1"), git)}, []dep.Entry{entryWith(git, x)}, []string{"updated a@1.0.0 from git+https://h.example/a.git#1"}},
		{"the same, and a digest went", []dep.Entry{entryWith(version("git+https://h.example/a.git#1"), git, x)}, []dep.Entry{entryWith(git)}, []string{"updated a@1.0.0 from git+https://h.example/a.git#1"}},
		{"the same, and the release stood elsewhere", []dep.Entry{entryWith(version("git+https://h.example/a.git#1"), git), entryWith(standingAt("b"), x)}, []dep.Entry{entryWith(git), entryWith(standingAt("b"), x)},
			[]string{"repinned a@1.0.0 source=true conflict=false weaker=true", "removed a@git+https://h.example/a.git#1"}},

		{"a digest that only an address stated is not lost in a bundle", []dep.Entry{entryWith(func(e *dep.Entry) { x(e); e.Integrity = "" })}, []dep.Entry{entryWith(bundled)}, []string{"repinned a@1.0.0 source=false conflict=false weaker=true"}},
		{"another registry is not left for a bundle", []dep.Entry{entryWith(mirror)}, []dep.Entry{entryWith(bundled)}, []string{"repinned a@1.0.0 source=true conflict=false weaker=false"}},
		{"bundled or not with a digest is one thing", nil, []dep.Entry{entryWith(x), entryWith(standingAt("b"), x, bundled)}, []string{"added a@1.0.0"}},

		{"patched at one place", nil, []dep.Entry{entryWith(x), entryWith(standingAt("b"), x, patched)}, []string{"added a@1.0.0", "added a@1.0.0"}},
		{"two digests of a package manager's own", nil, []dep.Entry{entryWith(withOwn("10/x", "10")), entryWith(standingAt("b"), withOwn("10/y", "10"))}, []string{"added a@1.0.0", "added a@1.0.0"}},
		{"an unreadable digest and none", nil, []dep.Entry{entryWith(unreadable), entryWith(standingAt("b"))}, []string{"added a@1.0.0", "added a@1.0.0"}},
		{"what stood behind many of its like is known", append(many, entryWith(standingAt("b"), y)), append(many, entryWith(standingAt("b"), y), moved), nil},

		{"beside what stays, under a name that nobody asks for", []dep.Entry{entryWith(x), entryWith(version("1.1.0"), standingAt("b"), y)}, []dep.Entry{entryWith(x), entryWith(version("1.1.0"), standingAt("b"), y), entryWith(x, standingAt("c"), asked("c"))},
			[]string{"updated a@1.0.0 from  beside a@1.1.0"}},
	} {
		if got := summary(Diff(c.base, c.head)); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %q\nwant %q", c.what, got, c.want)
		}
	}

	other := entryWith(x, standingAt("c"))
	other.Package.Name = "c"
	changes := Diff([]dep.Entry{other}, []dep.Entry{entryWith(x, standingAt("b"), asked("b")), entryWith(x, standingAt("c"))})
	if e := changes[0].Entry; e.Location != "c" || len(changes[0].Occurrences) != 2 {
		t.Errorf("what displaces a package tells more than an unasked alias: %+v", e)
	}
}

// The entry of a row is what rules look at first: it must not be a copy that stands
// where it belongs.
func TestTheTellingOccurrenceIsTheEntry(t *testing.T) {
	root := `"": {"dependencies": {"lodash": "^4", "z": "1"}}`
	lodash, z := member("node_modules/lodash", "lodash", "4.17.21"), member("node_modules/a/node_modules/z", "z", "1.0.0")
	for what, head := range map[string]string{
		"in its place": v3(root, z, member("node_modules/lodash", "z", "1.0.0", "name", "z")),
		"nearer":       v3(root, z, lodash, member("node_modules/b/node_modules/lodash", "z", "1.0.0", "name", "z")),
	} {
		for _, base := range []string{v3(root, lodash, z), v3(root, lodash)} { // known before, and new
			changes := Diff(parse(t, base), parse(t, head))
			if e := changes[0].Entry; e.Alias != "lodash" || !e.AliasUnasked || len(changes[0].Occurrences) != 2 {
				t.Errorf("%s: %+v", what, changes[0])
			}
		}
	}
}

func TestManyVersionsInOneReleaseLineStayBounded(t *testing.T) {
	var base, more []string
	for i := range 500 {
		base = append(base, member(fmt.Sprintf("node_modules/b%d/node_modules/a", i), "a", fmt.Sprintf("1.%d.0", i)))
		more = append(more, member(fmt.Sprintf("node_modules/h%d/node_modules/a", i), "a", fmt.Sprintf("1.%d.1", i)))
	}
	changes := Diff(parse(t, v3(base...)), parse(t, v3(append(base, more...)...)))
	if len(changes) != 500 {
		t.Fatalf("%d changes", len(changes))
	}
	for _, c := range changes {
		if c.Kind != dep.Added || len(c.Stays) != MaxReplaces || c.Stays[0].Package.Version != "1.499.0" || c.Stays[1].Package.Version != "1.498.0" {
			t.Fatalf("%s %s: %d stay, %s first", c.Kind, c.Entry.Package.ID(), len(c.Stays), c.Stays[0].Package.ID())
		}
	}
}

// genEntries draws a lockfile: few names and versions at many places, so that
// everything meets everything.
func genEntries() *rapid.Generator[[]dep.Entry] {
	places := []string{}
	for _, name := range []string{"a", "b", "@s/c"} {
		for _, below := range []string{"", "node_modules/x/", "node_modules/y/", "packages/w/"} {
			places = append(places, below+"node_modules/"+name)
		}
	}
	return rapid.Custom(func(t *rapid.T) []dep.Entry {
		chosen := rapid.SliceOfNDistinct(rapid.SampledFrom(places), 0, len(places), rapid.ID[string]).Draw(t, "places")
		var out []dep.Entry
		for i, place := range chosen {
			folder, _ := folderName(place)
			name := rapid.SampledFrom([]string{folder, folder, folder, "a"}).Draw(t, "name")
			e := dep.Entry{Package: npmPkg(name, rapid.SampledFrom([]string{"1.0.0", "1.1.0", "2.0.0"}).Draw(t, "version")),
				Lockfile: "package-lock.json", Location: place, Line: 4 + i, Scope: dep.Prod}
			if name != folder {
				e.Alias, e.AliasUnasked = folder, rapid.Bool().Draw(t, "unasked")
			}
			own := tarball(e.Package.Name, e.Package.Version)
			e.Resolved = rapid.SampledFrom([]string{own, own, "", strings.Replace(own, "npmjs.org", "yarnpkg.com", 1), "https://npm.example.com/x.tgz", "git+https://example.com/x#1"}).Draw(t, "resolved")
			good := sri(e.Package.ID())
			e.Integrity = rapid.SampledFrom([]string{good, good, good, "", sri("evil"), good + " " + sri("evil"), "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=", "sha512-AAAA"}).Draw(t, "integrity")
			if e.Resolved == "" && e.Integrity == "" {
				e.Bundled = rapid.Bool().Draw(t, "bundled")
			}
			complete(&e)
			out = append(out, e)
		}
		return out
	})
}

func TestALockfileDoesNotDifferFromItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entries := genEntries().Draw(t, "entries")
		if changes := Diff(entries, entries); len(changes) > 0 {
			t.Fatalf("%q", summary(changes))
		}
	})
}

func TestTheOrderOfTheEntriesDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base, head := genEntries().Draw(t, "base"), genEntries().Draw(t, "head")
		want := fmt.Sprint(Diff(base, head))
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		r.Shuffle(len(base), func(i, j int) { base[i], base[j] = base[j], base[i] })
		r.Shuffle(len(head), func(i, j int) { head[i], head[j] = head[j], head[i] })
		if got := fmt.Sprint(Diff(base, head)); got != want {
			t.Fatalf("%s\n%s", got, want)
		}
	})
}

// Applied to the base, the changes give the head; and nothing of the head that the
// base did not say is missing from them.
func TestApplyingTheDiffGivesTheHead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base, head := genEntries().Draw(t, "base"), genEntries().Draw(t, "head")
		changes := Diff(base, head)
		inBase, inHead := distinctPackages(base), distinctPackages(head)
		applied := distinctPackages(base)
		reported := map[string]int{}
		for _, c := range changes {
			p := c.Entry.Package
			if c.Kind != dep.Removed {
				for _, e := range c.Occurrences {
					reported[e.Location]++
					if e.Package != p || !slices.ContainsFunc(head, func(h dep.Entry) bool {
						return h.Location == e.Location && h.Package == p && h.Integrity == e.Integrity
					}) {
						t.Fatalf("an occurrence is not in the head: %+v", e)
					}
				}
			}
			switch c.Kind {
			case dep.Added:
				if inBase[p] || len(c.Replaces) > 0 {
					t.Fatalf("added: %+v", c)
				}
				for old := range inBase {
					if old.Name == p.Name && !inHead[old] {
						t.Fatalf("%s was added, but %s went away", p.ID(), old.ID())
					}
				}
			case dep.Updated:
				if inBase[p] && len(c.Replaces) == 0 && (len(c.Displaces) > 0 || c.Entry.AliasUnasked) {
					break // it only came to another place
				}
				if inBase[p] || len(c.Replaces) == 0 {
					t.Fatalf("updated: %+v", c)
				}
				for _, old := range c.Replaces {
					if old.Package.Name != p.Name || old.Package.Version == p.Version {
						t.Fatalf("%s replaces %s", p.ID(), old.Package.ID())
					}
					if !inHead[old.Package] {
						delete(applied, old.Package)
					}
				}
			case dep.Repinned:
				if !inBase[p] || !inHead[p] || Explain(c) == (Difference{}) {
					t.Fatalf("repinned: %+v", c)
				}
				for _, old := range c.Replaces {
					if old.Package != p {
						t.Fatalf("%s replaces %s", p.ID(), old.Package.ID())
					}
				}
			case dep.Removed:
				if inHead[p] {
					t.Fatalf("removed: %+v", c)
				}
				delete(applied, p)
			}
			if c.Kind == dep.Added || c.Kind == dep.Updated {
				applied[p] = true
			}
		}
		if fmt.Sprint(applied) != fmt.Sprint(inHead) {
			t.Fatalf("%v\nwant %v", applied, inHead)
		}
		for _, c := range changes {
			checkNeighbours(t, c, base, inHead)
		}
		for _, e := range head {
			for _, b := range base {
				if b.Location == e.Location && b.Package.Name != e.Package.Name && reported[e.Location] == 0 {
					t.Fatalf("%+v displaced %+v and is not reported", e, b)
				}
			}
			if reported[e.Location] > 1 {
				t.Fatalf("%s is reported %d times", e.Location, reported[e.Location])
			}
			if reported[e.Location] == 0 && !e.Bundled && !plainlyKnown(base, e) {
				t.Fatalf("%+v is new and not reported", e)
			}
		}
	})
}

// checkNeighbours makes sure that what a change displaces, and what stays beside it,
// is of the base, is bounded, and is never the package itself.
func checkNeighbours(t *rapid.T, c dep.Change, base []dep.Entry, inHead map[dep.Package]bool) {
	p := c.Entry.Package
	isOfBase := func(e dep.Entry) bool {
		return slices.ContainsFunc(base, func(b dep.Entry) bool { return b.Location == e.Location && b.Package == e.Package })
	}
	if c.Kind == dep.Removed && len(c.Displaces)+len(c.Stays) > 0 || c.Kind == dep.Repinned && len(c.Stays) > 0 || len(c.Displaces)+len(c.Stays) > 2*MaxReplaces {
		t.Fatalf("%+v", c)
	}
	for _, e := range c.Displaces {
		at := func(o dep.Entry) bool { return o.Location == e.Location }
		if e.Package.Name == p.Name || !isOfBase(e) || !slices.ContainsFunc(base, func(b dep.Entry) bool { return slices.ContainsFunc(c.Occurrences, at) }) {
			t.Fatalf("%s displaces %+v", p.ID(), e)
		}
	}
	for i, e := range c.Stays {
		if e.Package == p || e.Package.Name != p.Name || e.Package.Version[:2] != p.Version[:2] || !isOfBase(e) || !inHead[e.Package] {
			t.Fatalf("beside %s stays %+v", p.ID(), e)
		}
		if slices.ContainsFunc(c.Replaces, func(r dep.Entry) bool { return r.Package == e.Package }) {
			t.Fatalf("%s both stays and is replaced", e.Package.ID())
		}
		if i > 0 && c.Stays[i-1].Package.Version < e.Package.Version {
			t.Fatalf("not the highest first: %+v", c.Stays)
		}
	}
}

// plainlyKnown says, without any of the code under test, whether the base has an
// entry that says at least as much.
func plainlyKnown(base []dep.Entry, e dep.Entry) bool {
	return slices.ContainsFunc(base, func(b dep.Entry) bool {
		own := func(x dep.Entry) bool {
			return x.Resolved == "" || strings.Replace(x.Resolved, "yarnpkg.com", "npmjs.org", 1) == tarball(x.Package.Name, x.Package.Version)
		}
		if b.Package != e.Package || b.Resolved != e.Resolved && !(own(b) && own(e)) {
			return false
		}
		if b.Integrity == e.Integrity || b.Integrity == "" && e.IntegrityError == "" {
			return true
		}
		weak := strings.HasPrefix(b.Integrity, "sha1-") || b.IntegrityError != ""
		return e.IntegrityError == "" && e.Integrity != "" && (weak || strings.Contains(" "+b.Integrity+" ", " "+e.Integrity+" "))
	})
}

func TestWhatStandsInACrowdStandsThere(t *testing.T) {
	at := []dep.Place{{By: "a@1.0.0", As: "x"}}
	entry := func(line int, name, version, alias string) dep.Entry {
		return dep.Entry{Package: npmPkg(name, version), Alias: alias, AliasUnasked: alias != "", Line: line, Location: fmt.Sprint(line), Source: dep.Registry, Places: at}
	}
	var base []dep.Entry
	for i := range MaxReplaces + 1 {
		base = append(base, entry(i+1, "x", fmt.Sprintf("1.0.%d", i), ""))
	}
	base = append(base, entry(100, "b", "1.0.0", "x"))
	for _, tt := range []struct {
		head dep.Entry
		want string
	}{
		{entry(100, "b", "1.0.0", "x"), ""},
		{entry(100, "b", "1.0.0", "y"), "updated b@1.0.0"},
	} {
		changes := Diff(base, append(slices.Clone(base[:MaxReplaces+1]), tt.head))
		got := ""
		for _, c := range changes {
			got += string(c.Kind) + " " + c.Entry.Package.ID()
		}
		if got != tt.want {
			t.Errorf("as %s: %q, want %q", tt.head.Alias, got, tt.want)
		}
	}
}
