package lockfile

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

func TestEveryRefusalSaysWhyAndWhatToDo(t *testing.T) {
	good := v3(member("node_modules/a", "a", "1.0.0"), member("node_modules/b", "b", "1.0.0"))
	deep := strings.Repeat("[", 600) + strings.Repeat("]", 600)
	nested := strings.Repeat(`{"a": {"dependencies": `, 80) + "{}" + strings.Repeat("}}", 80)
	for _, c := range []struct {
		what, name, text string
		kind             Kind
		line             int
		says             string
	}{
		{"nothing", "", "", Empty, 0, "npm install --package-lock-only"},
		{"white space", "", " \r\n\t", Empty, 0, "empty"},
		{"nothing of yarn's", "yarn.lock", "", Empty, 0, "yarn install"},
		{"nothing of pnpm's", "pnpm-lock.yaml", "", Empty, 0, "pnpm install --lockfile-only"},
		{"nothing of bun's", "bun.lock", "", Empty, 0, "bun install --lockfile-only"},
		{"a broken character of deno's", "deno.lock", "{\"\xff\"}", NotUTF8, 1, "deno install"},
		{"only a BOM", "", "\xef\xbb\xbf", Empty, 0, "empty"},
		{"an LFS pointer", "", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", LFSPointer, 1, "git lfs untrack"},
		{"UTF-16", "", "\xff\xfe{\x00}\x00", NotUTF8, 1, "UTF-8"},
		{"a broken character, by line", "", "{\n\n\"\xff\": 1}", NotUTF8, 3, "not UTF-8"},
		{"a surrogate half", "", "{\n\"\\ud800\": 1}", NotJSON, 2, "not JSON"},
		{"conflict markers", "", "{\n<<<<<<< HEAD\n\"a\": 1\n=======\n\"a\": 2\n>>>>>>> topic\n}", MergeConflict, 2, "resolve the conflict"},
		{"conflict markers first", "", "<<<<<<< HEAD\n{}", MergeConflict, 1, "resolve the conflict"},
		{"the end of a conflict", "", strings.Replace(good, "}\n}\n", "}\n>>>>>>> topic\n}\n", 1), MergeConflict, 6, "resolve the conflict"},
		{"a page", "", "\n<!DOCTYPE html><title>502</title>", NotJSON, 2, "HTML"},
		{"prose", "", "hello", NotJSON, 1, "not JSON"},
		{"a comment", "", "{\n// hello\n}", NotJSON, 2, "not JSON"},
		{"a trailing comma", "", "{\"lockfileVersion\": 3,\n}", NotJSON, 1, "not JSON"},
		{"a cut", "", good[:len(good)-4], NotJSON, 6, "ends in the middle"},
		{"a second value", "", good + "{}", NotJSON, 8, "after the end"},
		{"rubbish after the end", "", good + "x", NotJSON, 8, ""},
		{"null", "", "null", Malformed, 1, "null where an object belongs"},
		{"an array", "", "[]", Malformed, 1, "an array where an object belongs"},
		{"packages as an array", "", "{\"lockfileVersion\": 3,\n\"packages\": []}", Malformed, 2, `"packages" is an array`},
		{"a package that is a string", "", v3(`"node_modules/a": "1.0.0"`), Malformed, 4, `"packages" "node_modules/a" is a string`},
		{"a version that is a number", "", v3(`"node_modules/a": {"version": 1}`), Malformed, 4, `"version" is a number where a string belongs`},
		{"integrity: true", "", v3(`"node_modules/a": {"integrity": true}`), Malformed, 4, "true where a string belongs"},
		{"link: \"yes\"", "", v3(`"node_modules/a": {"link": "yes"}`), Malformed, 4, "a string where true or false belongs"},
		{"no packages", "", `{"lockfileVersion": 3}`, Malformed, 0, `no "packages"`},
		{"no packages in version 2", "", `{"lockfileVersion": 2, "dependencies": {}}`, Malformed, 0, `no "packages"`},
		{"no packages in version 3", "", `{"lockfileVersion": 3, "dependencies": {}}`, Malformed, 0, `no "packages"`},
		{"no version and no packages", "", `{"name": "a", "version": "1.0.0"}`, UnsupportedVersion, 0, "no lockfileVersion and no packages; versions 1 to 3 are read"},
		{"a package.json", "", "{\"name\": \"a\",\n\"dependencies\": {\"b\": \"^1\"}}", Malformed, 2, `"dependencies" "b" is a string where an object belongs`},
		{"version 0", "", `{"lockfileVersion": 0}`, UnsupportedVersion, 1, "lockfileVersion is 0"},
		{"version 4", "", `{"lockfileVersion": 4}`, UnsupportedVersion, 1, "lockfileVersion is 4"},
		{"version 3.9", "", `{"lockfileVersion": 3.9}`, UnsupportedVersion, 1, "3.9"},
		{"version 3.0", "", `{"lockfileVersion": 3.0}`, UnsupportedVersion, 1, "3.0"},
		{"version \"3\"", "", `{"lockfileVersion": "3"}`, UnsupportedVersion, 1, `string "3"`},
		{"version true", "", `{"lockfileVersion": true}`, UnsupportedVersion, 1, "true"},
		{"version []", "", `{"lockfileVersion": []}`, Malformed, 1, "1, 2 or 3"},
		{"version 1 with packages of its own", "", `{"lockfileVersion": 1, "packages": {"": {}}, "dependencies": []}`, Malformed, 1, "an array where an object belongs"},
		{"what a package requires as a list", "", v1(`"a": {"requires": []}`), Malformed, 5, `"requires" is an array where true or false belongs`},
		{"a package that is a string, in version 1", "", v1(`"a": {"dependencies": {"b": "1.0.0"}}`), Malformed, 5, `"b" is a string`},
		{"twice in version 1", "", v1(`"a": {}`, `"a": {}`), DuplicateKey, 6, `"a" stands twice`},
		{"too deep in version 1", "", strings.Replace(v2(nested), `"lockfileVersion": 2`, `"lockfileVersion": 1`, 1), Limit, 6, "nested more than 64 deep"},
		{"too deep a key in version 1", "", v1(`"` + strings.Repeat("node_modules/", 65) + `a": {}`), Limit, 5, "64 levels"},
		{"too deep a folder in version 1", "", v1(`"a": {"version": "file:` + strings.Repeat("a/", 33) + `b"}`), Limit, 5, "32 folders"},
		{"too long a folder in version 1", "", v1(`"a": {"version": "file:` + strings.Repeat("a", 513) + `"}`), Limit, 5, "512 bytes"},
		{"the same location twice", "", v3(member("node_modules/a", "a", "1.0.0"), member("node_modules/a", "a", "2.0.0")), DuplicateKey, 5, `"node_modules/a" stands twice`},
		{"the same location, escaped", "", v3(`"node_modules/a": {}`, `"node_modules/\u0061": {}`), DuplicateKey, 5, `"node_modules/a" stands twice`},
		{"the same field twice", "", v3(`"node_modules/a": {"version": "1", "version": "2"}`), DuplicateKey, 4, `"version" stands twice`},
		{"twice in what is not read", "", "{\"x\": [{\"y\": {\"z\": 1,\n\"z\": 2}}]}", DuplicateKey, 2, `"z" stands twice`},
		{"too deep", "", `{"x": ` + deep + `}`, Limit, 1, "nested more than 500 deep"},
		{"too deep for npm 6", "", v2(nested), Limit, 6, "nested more than 64 deep"},
		{"too deep a location", "", v3(member(strings.Repeat("node_modules/a/", 65)+"a", "a", "1.0.0")), Limit, 4, "64 levels"},
		{"too deep a workspace", "", v3(`"` + strings.Repeat("a/", 33) + `": {}`), Limit, 4, "32 folders"},
		{"too long a workspace", "", v3(`"` + strings.Repeat("a", 513) + `": {}`), Limit, 4, "512 bytes"},
		{"too long a nested name", "", v2(`{"` + strings.Repeat("a", 5000) + `": {}}`), Limit, 6, "4096 bytes"},
		{"too many digests", "", v3(member("node_modules/a", "a", "1.0.0", "integrity", strings.Repeat(" md5-1B2M2Y8AsgTpgAmY7PhCfg==", 33))), Limit, 4, "33 digests and at most 32"},
		{"too many digests for npm 6", "", v2(`{"a": {"integrity": "` + strings.Repeat(" x", 33) + `"}}`), Limit, 6, "33 digests and at most 32"},
		{"too long an integrity", "", v3(member("node_modules/a", "a", "1.0.0", "integrity", strings.Repeat(" ", 4097))), Limit, 4, "4097 bytes and at most 4096"},
		{"a format that is only known", "sub/Cargo.lock", "version = 4", NotRead, 0, "lockfiles of cargo are not read yet"},
		{"what is no lockfile", "package.json", "{}", NotRead, 0, "not the name of a lockfile"},
		{"what was installed", "node_modules/.package-lock.json", good, NotRead, 0, "not the name of a lockfile"},
	} {
		name := c.name
		if name == "" {
			name = "app/package-lock.json"
		}
		t.Run(c.what, func(t *testing.T) {
			e, entries := parseError(t, name, c.text)
			if e.Kind != c.kind || c.line != 0 && e.Line != c.line || !strings.Contains(e.Detail, c.says) {
				t.Errorf("%s on line %d: %s\nwant %s on line %d", e.Kind, e.Line, e.Detail, c.kind, c.line)
			}
			if e.Lockfile != name || !strings.HasPrefix(e.Error(), name) || strings.ContainsAny(e.Error(), "\n\r") || len(e.Error()) > 700 {
				t.Errorf("the sentence is %q", e.Error())
			}
			if len(entries) > 0 {
				t.Errorf("%d entries come with the error", len(entries))
			}
		})
	}
}

func TestSizeIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: -short; it is work, and of one goroutine")
	}
	entries := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, ",\n\"node_modules/p%d\": {\"version\": \"1.0.0\"}", i)
		}
		return strings.TrimPrefix(b.String(), ",\n")
	}
	most, oneMore := entries(MaxEntries), entries(MaxEntries+1)
	if got := len(parse(t, v3(most))); got != MaxEntries {
		t.Errorf("%d entries, want %d", got, MaxEntries)
	}
	if e, _ := parseError(t, "package-lock.json", v3(oneMore)); e.Kind != Limit || !strings.Contains(e.Detail, "150000 entries") {
		t.Error(e)
	}
	legacy := strings.ReplaceAll(oneMore, "node_modules/", "")
	if e, _ := parseError(t, "package-lock.json", v2("{"+legacy+"}")); e.Kind != Limit {
		t.Error(e)
	}
	if e, _ := parseError(t, "package-lock.json", strings.Repeat(" ", MaxBytes+1)); e.Kind != Limit || !strings.Contains(e.Detail, "67108864") {
		t.Error(e)
	}
	wants := strings.ReplaceAll(legacy, `{"version": "1.0.0"}`, `"1"`)
	if e, _ := parseError(t, "package-lock.json", v3(`"": {"dependencies": {`+wants+`}}`)); e.Kind != Limit || !strings.Contains(e.Detail, "150000 packages") {
		t.Error(e)
	}
}

func TestSpecsAreBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: -short; it is work, and of one goroutine")
	}
	const packages = 100
	var list, three, one strings.Builder
	for i := range MaxSpecs / packages {
		fmt.Fprintf(&list, `,"%d":""`, i)
	}
	asks := "{" + list.String()[1:] + "}"
	for i := range packages {
		fmt.Fprintf(&three, `"node_modules/a%d": {"%s": %s},`, i, []string{"dependencies", "peerDependencies"}[i%2], asks)
		fmt.Fprintf(&one, `"a%d": {"requires": %s},`, i, asks)
	}
	for what, text := range map[string]string{
		"version 3": v3(three.String() + `"node_modules/b": {"dependencies": {"c": ""}}`),
		"version 1": v1(one.String() + `"b": {"requires": {"c": ""}}`),
	} {
		if e, _ := parseError(t, "package-lock.json", text); e.Kind != Limit || !strings.Contains(e.Detail, "1000000 dependency specs") {
			t.Errorf("%s: %v", what, e)
		}
	}
}

// What is nested in folders of the repository lies below their path, which the file
// states once.
func TestLocationsInFoldersAreBounded(t *testing.T) {
	var nested strings.Builder
	for i := range 80_000 {
		fmt.Fprintf(&nested, `,"%d":{}`, i)
	}
	text := v1(`"a": {"version": "file:` + strings.Repeat("a", MaxFolderBytes) + `", "dependencies": {` + nested.String()[1:] + `}}`)
	if e, _ := parseError(t, "package-lock.json", text); e.Kind != Limit || !strings.Contains(e.Detail, "33554432 bytes") {
		t.Error(e)
	}
}

// A file of little more than a megabyte can spell out paths of hundreds: it must be
// refused before that, and what is allocated until then stays in proportion.
func TestPathsOfNestedEntriesAreBoundedTogether(t *testing.T) {
	const depth, leaves = 60, 100_000
	name := strings.Repeat("x", 45)
	var b strings.Builder
	for range depth {
		fmt.Fprintf(&b, `{%q: {"dependencies": `, name)
	}
	b.WriteString(`{"x": {}`)
	for i := range leaves {
		fmt.Fprintf(&b, `,"%d": {}`, i)
	}
	text := v2(b.String() + strings.Repeat("}}", depth) + "}")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	e, _ := parseError(t, "package-lock.json", text)
	runtime.ReadMemStats(&after)
	if e.Kind != Limit || !strings.Contains(e.Detail, "33554432 bytes") {
		t.Error(e)
	}
	if spent := after.TotalAlloc - before.TotalAlloc; spent > 3*MaxLegacyBytes {
		t.Errorf("%d MB for a file of %d kB", spent>>20, len(text)>>10)
	}
}

func TestDigestsUpToTheLimitAreRead(t *testing.T) {
	e := parse(t, v3(member("node_modules/a", "a", "1.0.0", "integrity", strings.TrimSpace(strings.Repeat(" "+sri("a"), MaxDigests)))))[0]
	if len(e.Digests) != MaxDigests || e.IntegrityError != "" {
		t.Errorf("%d digests, %s", len(e.Digests), e.IntegrityError)
	}
}

func TestWhatIsAskedForIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: -short; it is work, and of one goroutine")
	}
	many := func(n int, spec string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,"p%d": %q`, i, spec)
		}
		return `{` + b.String()[1:] + `}`
	}
	for what, text := range map[string]string{
		"150000 packages":        v3(`"node_modules/a": {"inBundle": true, "dependencies": ` + many(100_000, "1") + `}, "node_modules/b": {"inBundle": true, "dependencies": ` + many(100_000, "1") + `}`),
		"150000 aliases":         v3(`"node_modules/a": {"dependencies": ` + many(100_000, "npm:a") + `}, "node_modules/b": {"dependencies": ` + many(100_000, "npm:b") + `}`),
		"packages that the root": v1(`"a": {"version": "file:w", "requires": `+many(100_000, "1")+`}`, `"b": {"version": "file:x", "requires": `+many(100_000, "1")+`}`),
	} {
		if e, _ := parseError(t, "package-lock.json", text); e.Kind != Limit || !strings.Contains(e.Detail, what) {
			t.Error(e)
		}
	}
	// What ordinary packages ask for is not kept.
	parse(t, v3(`"node_modules/a": {"dependencies": `+many(100_000, "1")+`}, "node_modules/b": {"dependencies": `+many(100_000, "1")+`}`))
}

func TestLFSPointersAreRecognised(t *testing.T) {
	pointer := "version https://git-lfs.github.com/spec/v1\noid sha256:" + strings.Repeat("0", 64) + "\nsize 12345\n"
	for text, want := range map[string]bool{
		pointer: true,
		strings.Replace(pointer, "oid", "ext-0-foo sha256:00\noid", 1): true,
		strings.Replace(pointer, "git-lfs", "hawser", 1):               true,
		"":                                  false,
		"{}":                                false,
		" " + pointer:                       false,
		"version 1\n":                       false,
		pointer + strings.Repeat("x", 1024): false,
	} {
		if IsLFSPointer([]byte(text)) != want {
			t.Errorf("%.60q: want %t", text, want)
		}
	}
}
