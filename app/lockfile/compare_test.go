package lockfile

import (
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/dep"
)

// entryWith is an entry of a@1.0.0 from the public registry without a digest, changed.
func entryWith(changes ...func(*dep.Entry)) dep.Entry {
	e := dep.Entry{Package: npmPkg("a", "1.0.0"), Location: "a", Line: 1, Source: dep.Registry, Scope: dep.Prod}
	for _, change := range changes {
		change(&e)
	}
	return e
}

func withDigests(contents ...string) func(*dep.Entry) {
	return func(e *dep.Entry) {
		var all []string
		for _, content := range contents {
			if content != "sha1" {
				content = sri(content)
			} else {
				content = "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk="
			}
			all = append(all, content)
		}
		e.Integrity = strings.Join(all, " ")
		e.Digests, _ = dep.ParseSRI(e.Integrity)
	}
}

func unreadable(e *dep.Entry) { e.Integrity, e.IntegrityError = "sha512-AAAA", "too short" }

// withOwn is a digest of the package manager's own, of a file that states a key.
func withOwn(integrity, key string) func(*dep.Entry) {
	return func(e *dep.Entry) { e.OwnDigest, e.Integrity, e.OwnDigestKey = true, integrity, key }
}

func patchedBy(patch, resolved string) func(*dep.Entry) {
	return func(e *dep.Entry) { e.Source, e.Patch, e.Resolved = dep.Patch, patch, resolved }
}

func standingAt(location string) func(*dep.Entry) {
	return func(e *dep.Entry) { e.Location = location }
}

func addressed(source dep.SourceKind, resolved string) func(*dep.Entry) {
	return func(e *dep.Entry) { e.Source, e.Resolved = source, resolved }
}

func TestDigestsAreComparedWithTheirLike(t *testing.T) {
	const own = "builtin<compat/a>"
	for _, tt := range []struct {
		what          string
		before, after dep.Entry
		want          DigestRelation
	}{
		{"none", entryWith(), entryWith(), DigestsSame},
		{"the same", entryWith(withDigests("x")), entryWith(withDigests("x")), DigestsSame},
		{"in another order", entryWith(withDigests("x", "y")), entryWith(withDigests("y", "x")), DigestsSame},
		{"one of two of a strength", entryWith(withDigests("x", "y")), entryWith(withDigests("y")), DigestsStronger},
		{"a weak one dropped", entryWith(withDigests("sha1", "x")), entryWith(withDigests("x")), DigestsStronger},
		{"a weak one beside", entryWith(withDigests("x")), entryWith(withDigests("x", "sha1")), DigestsStronger},
		{"a stronger one", entryWith(withDigests("sha1")), entryWith(withDigests("x")), DigestsStronger},
		{"a weaker one", entryWith(withDigests("x")), entryWith(withDigests("sha1")), DigestsWeaker},
		{"one at last", entryWith(), entryWith(withDigests("sha1")), DigestsStronger},
		{"none any more", entryWith(withDigests("sha1")), entryWith(), DigestsWeaker},
		{"another", entryWith(withDigests("x")), entryWith(withDigests("y")), DigestsConflict},
		{"another beside", entryWith(withDigests("x")), entryWith(withDigests("x", "y")), DigestsConflict},
		{"unreadable as ever", entryWith(unreadable), entryWith(unreadable), DigestsSame},
		{"no longer readable", entryWith(withDigests("x")), entryWith(unreadable), DigestsWeaker},
		{"unreadable and then none", entryWith(unreadable), entryWith(), DigestsWeaker},
		{"readable at last", entryWith(unreadable), entryWith(withDigests("x")), DigestsStronger},

		{"of another kind", entryWith(withDigests("x")), entryWith(withOwn("10/x", "10")), DigestsUnlike},
		{"of the registry's again", entryWith(withOwn("10/x", "10")), entryWith(withDigests("x")), DigestsUnlike},
		{"of its own kind at last", entryWith(), entryWith(withOwn("10/x", "10")), DigestsStronger},
		{"of its own kind and then none", entryWith(withOwn("10/x", "10")), entryWith(), DigestsWeaker},
		{"own, the same", entryWith(withOwn("10/x", "10")), entryWith(withOwn("10/x", "11")), DigestsSame},
		{"own, another", entryWith(withOwn("10/x", "10")), entryWith(withOwn("10/y", "10")), DigestsConflict},
		{"own, of another cache", entryWith(withOwn("9/x", "9")), entryWith(withOwn("10/y", "10")), DigestsUnlike},
		{"own, of another cache by its own word alone", entryWith(withOwn("9/x", "10")), entryWith(withOwn("10/y", "10")), DigestsConflict},
		{"own, of another cache by the file's word alone", entryWith(withOwn("10/x", "9")), entryWith(withOwn("10/y", "10")), DigestsConflict},
		{"own, where the file alone says of which cache", entryWith(withOwn("x", "8")), entryWith(withOwn("y", "9")), DigestsUnlike},
		{"own, at last", entryWith(withOwn("", "10")), entryWith(withOwn("10/x", "10")), DigestsStronger},
		{"own, and then none", entryWith(withOwn("10/x", "10")), entryWith(withOwn("", "10")), DigestsWeaker},

		{"yarn's own patch, of another yarn", entryWith(patchedBy(own, "p#1"), withOwn("10/x", "10")), entryWith(patchedBy(own, "p#2"), withOwn("10/y", "10")), DigestsUnlike},
		{"yarn's own patch, of the same yarn", entryWith(patchedBy(own, "p#1"), withOwn("10/x", "10")), entryWith(patchedBy(own, "p#1"), withOwn("10/y", "10")), DigestsConflict},
		{"a file's patch", entryWith(patchedBy("a.patch", "p#1"), withOwn("10/x", "10")), entryWith(patchedBy("a.patch", "p#2"), withOwn("10/y", "10")), DigestsUnlike},
		{"yarn's own patch in place of a file's", entryWith(patchedBy("a.patch", "p#1"), withOwn("10/x", "10")), entryWith(patchedBy(own, "p#2"), withOwn("10/y", "10")), DigestsUnlike},
		{"a file's patch, the same", entryWith(patchedBy("a.patch", "p#1"), withOwn("10/x", "10")), entryWith(patchedBy("a.patch", "p#1"), withOwn("10/y", "10")), DigestsConflict},
		{"patched at last", entryWith(withOwn("10/x", "10")), entryWith(patchedBy("a.patch", "p#1"), withOwn("10/y", "10")), DigestsUnlike},
	} {
		if got := CompareDigests(tt.before, tt.after); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.what, got, tt.want)
		}
	}
}

func TestTheSameSourceMayBeSpelledOtherwise(t *testing.T) {
	const own, of = "builtin<compat/a>", "patch:a@npm%3A1.0.0#"
	npm := tarball("a", "1.0.0")
	yarn := strings.Replace(npm, "npmjs.org", "yarnpkg.com", 1)
	http := strings.Replace(npm, "https", "http", 1)
	mirror := "https://npm.example.com/a/-/a-1.0.0.tgz"
	sha1 := "#60a115014f3150f2effc9dc35e03161ce294c4d3"
	commit := "https://h.example/a.git"
	for _, tt := range []struct {
		what          string
		before, after dep.Entry
		want          bool
	}{
		{"left out", entryWith(addressed(dep.Registry, npm)), entryWith(), true},
		{"the registry's other name", entryWith(addressed(dep.Registry, npm)), entryWith(addressed(dep.Registry, yarn)), true},
		{"http before", entryWith(addressed(dep.URL, http)), entryWith(addressed(dep.Registry, npm)), true},
		{"http now", entryWith(addressed(dep.Registry, npm)), entryWith(addressed(dep.URL, http)), false},
		{"http of another's tarball before", entryWith(addressed(dep.URL, "http://h.example/a-1.0.0.tgz")), entryWith(), false},
		{"a mirror with the sha1", entryWith(addressed(dep.Registry, mirror)), entryWith(addressed(dep.Registry, mirror+sha1)), true},
		{"a mirror now", entryWith(), entryWith(addressed(dep.Registry, mirror)), false},
		{"a mirror before", entryWith(addressed(dep.Registry, mirror)), entryWith(), false},
		{"another commit", entryWith(addressed(dep.Git, commit)), entryWith(addressed(dep.Git, commit+sha1)), false},
		{"yarn's own patch, of another yarn", entryWith(patchedBy(own, of+"~builtin<compat/a>::hash=1")), entryWith(patchedBy(own, of+"builtin<compat/a>::hash=2")), true},
		{"yarn's own patch, of something else", entryWith(patchedBy(own, of+own)), entryWith(patchedBy(own, "patch:a@https%3A//h.example/a.tgz#"+own)), false},
		{"patched at last", entryWith(), entryWith(patchedBy("a.patch", of+"a.patch")), true},
		{"patched at last, of something else", entryWith(), entryWith(patchedBy("a.patch", "patch:a@https%3A//h.example/a.tgz#a.patch")), false},
		{"a file's patch", entryWith(patchedBy("a.patch", of+"a.patch::hash=1")), entryWith(patchedBy("a.patch", of+"a.patch::hash=2")), true},
	} {
		if got := SameSource(tt.before, tt.after); got != tt.want {
			t.Errorf("%s: %t", tt.what, got)
		}
	}
}

// A place is compared with the entry before that it differs from least: less than all,
// a digest that went.
func TestWhatIsWorseIsToldOfEachPlace(t *testing.T) {
	x := withDigests("x")
	patched := func(e *dep.Entry) { e.Patch = "a.patch" }
	mirror := addressed(dep.Registry, "https://npm.example.com/a/-/a-1.0.0.tgz")
	for _, tt := range []struct {
		what          string
		before, after []dep.Entry
		want          Difference
	}{
		{"a patch", []dep.Entry{entryWith(x)}, []dep.Entry{entryWith(x, patched)}, Difference{Patch: true}},
		{"a patch that went", []dep.Entry{entryWith(x, patched)}, []dep.Entry{entryWith(x)}, Difference{Patch: true}},
		{"at its place and not elsewhere", []dep.Entry{entryWith(x), entryWith(standingAt("b"), withDigests("y"))}, []dep.Entry{entryWith(withDigests("y"))}, Difference{Conflict: true}},
		{"at a new place, as anywhere", []dep.Entry{entryWith(x), entryWith(standingAt("b"), withDigests("y"))}, []dep.Entry{entryWith(standingAt("c"), withDigests("y"))}, Difference{}},
		{"one thing at each place", []dep.Entry{entryWith(x), entryWith(standingAt("b"), x)}, []dep.Entry{entryWith(), entryWith(standingAt("b"), x, mirror)}, Difference{Weaker: true, Source: true}},
		{"no digest rather than another patch", []dep.Entry{entryWith(patched), entryWith(x)}, []dep.Entry{entryWith()}, Difference{Weaker: true}},
		{"no digest rather than another source", []dep.Entry{entryWith(mirror), entryWith(x)}, []dep.Entry{entryWith()}, Difference{Weaker: true}},
		{"no digest rather than another", []dep.Entry{entryWith(withDigests("y")), entryWith(withDigests("x", "sha1"))}, []dep.Entry{entryWith(withDigests("sha1"))}, Difference{Weaker: true}},
	} {
		c := dep.Change{Kind: dep.Repinned, Replaces: tt.before, Occurrences: tt.after}
		if got := Explain(c); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.what, got, tt.want)
		}
		c.Kind = dep.Updated
		if got := Explain(c); got != (Difference{}) {
			t.Errorf("%s: an update is explained by %+v", tt.what, got)
		}
	}
}
