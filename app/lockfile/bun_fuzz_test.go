package lockfile

import (
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
	f.Fuzz(func(t *testing.T, data []byte) { checkFuzzedGraph(t, "a/bun.lock", data) })
}

// checkFuzzedGraph is checkFuzzed for formats that say who asks for what, and of whose
// packages each is of one kind.
func checkFuzzedGraph(t *testing.T, name string, data []byte) {
	t.Helper()
	for _, e := range checkFuzzed(t, name, data) {
		if e.Package.Name == "" || e.Location == "" || e.Source == dep.Registry && e.Package.Version == "" || e.Source != dep.Registry && e.Source != dep.File && e.Resolved == "" {
			t.Errorf("%+v", e)
		}
		if e.Bundled && (e.Resolved != "" || e.Integrity == "" || e.Source != dep.Registry) {
			t.Errorf("%+v", e)
		}
		if e.Direct != (len(e.Workspaces) > 0) || e.Direct && len(e.Places) == 0 {
			t.Errorf("graph: %+v", e)
		}
	}
}
