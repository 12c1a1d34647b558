package lockfile

import (
	"bytes"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/dep"
)

func FuzzBun(f *testing.F) {
	for _, seed := range []string{
		"", "{", "null", "// x\n{}", "{/*", "\xef\xbb\xbf{}", bun(""),
		bun(`"": {"dependencies": {"a": "npm:b@1", "w": "workspace:*"}}, "w": {"name": "w", "devDependencies": {"a": "1"}}`, `"w": ["w@workspace:w"]`, bunMember("a", "b", "1.0.0", `"dependencies": {"c": "1"}`), bunMember("a/c", "c", "1.0.0", `"bundled": true`)),
		bun("", `"x": ["x@https://example.com/x.tgz", {}, "sha512-AAAA"]`, `"@s/x/y": ["y@github:o/y#1", {"peerDependencies": {"x": "*"}, "optionalPeers": ["x"]}, "o-y-1"]`, `"z": ["z@file:../../z", {}]`),
		strings.Replace(bun("", bunMember("x", "x", "1.0.0", "")), `"workspaces"`, `"overrides": {"a": {".": "npm:b@1", "c@1": "2"}}, "catalogs": {"x": {"a": "1"}}, "patchedDependencies": {"x@1.0.0": "p"}, "workspaces"`, 1),
		bun("", `"": ["@1.0.0", "", {}, ""]`), bun("", `"a//b": ["a@1.0.0 // no", "", {}, ""]`), bun("", `"a": []`, `"b": [1]`),
		`{"lockfileVersion": 0, "workspaces": {"": {}}, "packages": {"@root:": ["@root:", {}]}}`,
	} {
		f.Add([]byte(seed))
	}
	addCorpus(f, "bun.lock")
	f.Fuzz(func(t *testing.T, data []byte) { checkFuzzed(t, "a/bun.lock", data) })
}

// addCorpus adds the small lockfiles of the corpus, where it is there.
func addCorpus(f *testing.F, file string) {
	c := openCorpus(f)
	names, err := fs.Glob(c, "*/*/*."+file)
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		if data := c.read(f, name); len(data) < 20_000 {
			f.Add(data)
		}
	}
}

// checkFuzzed parses and makes sure of what holds for any input.
func checkFuzzed(t *testing.T, name string, data []byte) {
	before := bytes.Clone(data)
	entries, err := Parse(name, data)
	if !bytes.Equal(before, data) {
		t.Fatal("the input was changed")
	}
	lines := 1 + bytes.Count(data, []byte("\n"))
	if err != nil {
		var e *Error
		if !errors.As(err, &e) || e.Detail == "" || e.Line < 0 || e.Line > lines || len(entries) > 0 {
			t.Fatalf("%#v with %d entries", err, len(entries))
		}
		if strings.ContainsAny(err.Error(), "\n\r") || len(err.Error()) > 700+MaxDepth*maxQuote {
			t.Errorf("not one short line: %q", err)
		}
		return
	}
	last := 0
	for _, e := range entries {
		if e.Line < max(last, 1) || e.Line > lines || e.Package.Name == "" || e.Location == "" || e.Lockfile != name || e.Scope == "" {
			t.Errorf("%+v", e)
		}
		last = e.Line
		if e.Source == "" || e.Source == dep.Workspace || e.Source == dep.Link || e.Source == dep.Registry && e.Package.Version == "" || e.Source != dep.Registry && e.Source != dep.File && e.Resolved == "" {
			t.Errorf("source: %+v", e)
		}
		if e.AliasUnasked && e.Alias == "" || e.Alias == e.Package.Name || e.Bundled && (e.Resolved != "" || e.Integrity == "" || e.Source != dep.Registry) {
			t.Errorf("%+v", e)
		}
		if e.OwnDigest && e.Digests != nil || e.IntegrityError != "" && e.Digests != nil || !e.OwnDigest && e.Integrity != "" && e.IntegrityError == "" && e.Digests == nil || len(e.Integrity) > MaxIntegrityBytes {
			t.Errorf("digests: %+v", e)
		}
		if e.Direct != (len(e.Workspaces) > 0) || e.Direct && len(e.Places) == 0 {
			t.Errorf("graph: %+v", e)
		}
	}
	if changes := Diff(entries, entries); len(changes) > 0 {
		t.Errorf("a lockfile differs from itself: %q", summary(changes))
	}
	for _, c := range Diff(nil, entries) {
		if c.Kind != dep.Added {
			t.Errorf("against nothing: %q", summary([]dep.Change{c}))
		}
	}
}
