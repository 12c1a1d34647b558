package lockfile

import "testing"

func FuzzDeno(f *testing.F) {
	for _, seed := range []string{
		"", "null", "{}", `{"version": "5"}`, denoProject("2"), denoProject("3"), denoProject("4"), denoProject("5"),
		deno("4", `"npm": {"a@1.0.0__": {}, "@s/a@1_b@2__c@3": {"tarball": "https://example.com/a.tgz", "dependencies": ["b@npm:a@1.0.0__", "", "@"]}}`),
		deno("5", `"specifiers": {"npm:": "1", "jsr:a": "1"}`), deno("4", `"specifiers": {"npm:x@1": "1_", "jsr:@s/x": "2"}`, `"workspace": {"dependencies": ["npm:x@1", ""], "links": {"npm:x@1": {}}}`),
		deno("3", `"packages": {"specifiers": {"npm:a": "npm:a@"}, "jsr": {}}`), deno("2", `"npm": {"specifiers": {"": "a@1"}, "packages": {}}`),
		`{"remote": {"": ""}}`, `{"npm": {"packages": {}}, "jsr": {}, "version": "4"}`,
	} {
		f.Add([]byte(seed))
	}
	addCorpus(f, "deno.lock")
	f.Fuzz(func(t *testing.T, data []byte) { checkFuzzedGraph(t, "a/deno.lock", data) })
}
