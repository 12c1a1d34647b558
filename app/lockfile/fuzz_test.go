package lockfile

import (
	"bytes"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/sandbox/realdata"
)

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "{", "null", "\xef\xbb\xbf{}",
		v3(),
		v3(`"": {"dependencies": {"a": "1"}, "workspaces": ["w"]}`, `"w": {}`, `"node_modules/w": {"resolved": "w", "link": true}`, member("node_modules/a", "a", "1.0.0")),
		v3(member("node_modules/b", "b", "1.0.0", "bundleDependencies", []string{"c"}), `"node_modules/b/node_modules/c": {"version": "1.0.0", "inBundle": true}`),
		v3(member("node_modules/b", "b", "1.0.0", "bundledDependencies", true, "dependencies", map[string]string{"c": "1"}), `"node_modules/b/node_modules/c": {"version": "1", "inBundle": true, "dependencies": {"d": "1"}}`, `"node_modules/b/node_modules/d": {"version": "1", "inBundle": true}`),
		v3(`"": {"dependencies": {"x": "npm:c@1", "y": "npm:", "z": "o/r"}}`, member("node_modules/x", "c", "1.0.0", "name", "c"), member("node_modules/y", "d", "1.0.0", "name", "d")),
		v2(`{"w": {"version": "file:w", "dependencies": {"a": {"version": "npm:b@1"}}}, "a": {"version": "1"}}`, `"node_modules/w": {"resolved": "w", "link": true}`, member("w/node_modules/a", "b", "1", "name", "b"), `"node_modules/a": {"resolved": "node_modules/b", "link": true}`),
		v3(member("node_modules/../../x", "x", "1.0.0", "resolved", "file:///x", "integrity", "sha512-AAAA sha1-AA==")),
		v2(`{"a": {"version": "1.0.0", "dependencies": {"b": {"version": "npm:c@1"}}}}`, member("node_modules/a", "a", "1.0.0")),
		v3(member("node_modules/a", "a", "1.0.0", "link", true)),
		`{"lockfileVersion":3,"packages":{"":{},"node_modules/a":{"version":"1","resolved":false}}}`,
		"{\r\n<<<<<<< HEAD\r\n}",
		v1(`"a": {"version": "1.0.0", "requires": {"b": "npm:c@1"}, "dependencies": {"b": {"version": "npm:c@1.0.0", "bundled": true}}}`, `"b": {"version": "`+tarball("@s/p", "1.0.0")+`", "peer": true}`),
		v1(`"w": {"version": "file:./w", "requires": {"a": "1"}, "dependencies": {"a": {"from": "a@o/r"}}}`, `"me": {"version": "file:.", "requires": {"w": "*"}}`, `"a": {"requires": true}`),
		v1(`"b": {"requires": {"in": "1"}, "dependencies": {"in": {"version": "1.0.0", "bundled": true, "requires": {"in": "1"}, "dependencies": {"x": {"bundled": true}}}}}`),
		`{"dependencies": {"a": {"version": "git+https://x/y#z", "from": "a@github:x/y"}, "": {"version": "npm:"}, "../x": {"resolved": "file:x"}}}`,
		`{"lockfileVersion": 1, "dependencies": {"a": {"version": "1"}}, "packages": {"node_modules/a": {"version": "1"}, "node_modules/b": {"version": "1"}}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, e := range checkFuzzed(t, "a/package-lock.json", data) {
			if e.Location == "" && e.Integrity == "" && e.Resolved == "" || e.Bundled && (e.Alias != "" || e.Resolved != "" || e.Integrity != "") || e.OwnDigest {
				t.Errorf("%+v", e)
			}
			if e.Direct != (len(e.Workspaces) > 0) || cap(e.Dependencies) != len(e.Dependencies) {
				t.Errorf("%+v", e)
			}
			for _, s := range e.Dependencies {
				if s.Kind != dep.Prod && s.Kind != dep.Optional && s.Kind != dep.Peer {
					t.Errorf("%+v asks for %+v", e, s)
				}
			}
		}
	})
}

// addCorpus adds the small lockfiles of the corpus to the seeds, where it is there.
func addCorpus(f *testing.F, file string) {
	f.Helper()
	if !realdata.Has(f, archive) {
		return
	}
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

// checkFuzzed parses, and makes sure of what holds for any input of any format.
func checkFuzzed(t *testing.T, name string, data []byte) []dep.Entry {
	t.Helper()
	before := bytes.Clone(data)
	entries, err := Parse(name, data)
	if !bytes.Equal(before, data) {
		t.Fatal("the input was changed")
	}
	lines := lineAt(data, len(data))
	if err != nil {
		var e *Error
		if !errors.As(err, &e) || e.Detail == "" || e.Line < 0 || e.Line > lines {
			t.Fatalf("%#v", err)
		}
		if strings.ContainsAny(err.Error(), "\n\r") || len(err.Error()) > 700+MaxDepth*maxQuote {
			t.Errorf("not one short line: %q", err)
		}
		if len(entries) > 0 && e.Kind != Inconsistent {
			t.Errorf("%d entries with %v", len(entries), err)
		}
	}
	last := 1
	for _, e := range entries {
		if e.Line < last || e.Line > lines || e.Lockfile != name || e.Source == "" || e.Source == dep.Workspace || e.Source == dep.Link || e.Scope == "" {
			t.Errorf("%+v", e)
		}
		last = e.Line
		if e.AliasUnasked && e.Alias == "" || e.Alias != "" && e.Alias == e.Package.Name || len(e.Workspaces) > 0 && !e.Direct {
			t.Errorf("%+v", e)
		}
		unread := e.IntegrityError != "" || e.OwnDigest
		if unread && e.Digests != nil || !unread && e.Integrity != "" && e.Digests == nil || len(e.Digests) > MaxDigests || len(e.Integrity) > MaxIntegrityBytes {
			t.Errorf("digests: %+v", e)
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
	return entries
}
