package lockfile

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/dep"
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
		before := bytes.Clone(data)
		entries, err := Parse("a/package-lock.json", data)
		if !bytes.Equal(before, data) {
			t.Fatal("the input was changed")
		}
		lines := 1 + bytes.Count(data, []byte("\n"))
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
		last := 0
		for _, e := range entries {
			if e.Line < 1 || e.Line > lines || e.Line < last || e.Source == "" || e.Scope == "" || e.Location == "" && e.Integrity == "" && e.Resolved == "" {
				t.Errorf("%+v", e)
			}
			last = e.Line
			if e.AliasUnasked && e.Alias == "" || e.Bundled && (e.Alias != "" || e.Resolved != "" || e.Integrity != "") || len(e.Digests) > MaxDigests || len(e.Integrity) > MaxIntegrityBytes {
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
			if e.IntegrityError != "" && e.Digests != nil || e.Integrity != "" && e.IntegrityError == "" && e.Digests == nil {
				t.Errorf("digests: %+v", e)
			}
		}
		if changes := Diff(entries, entries); len(changes) > 0 {
			t.Errorf("a lockfile differs from itself: %q", summary(changes))
		}
		for _, c := range Diff(nil, entries) {
			if c.Kind != "added" {
				t.Errorf("against nothing: %q", summary([]dep.Change{c}))
			}
		}
	})
}
