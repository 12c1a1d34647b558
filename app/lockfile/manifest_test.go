package lockfile

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestManifestsSayWhatTheyAskFor(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"package.json", "{\n\"scripts\":{\"a\":\"b\"},\n\"dependencies\":{\n\"left\":\"^1\"},\"pnpm\":{\"x\":1,\"overrides\":{\"o\":\"2\"}},\n\"overrides\":{\"a\":{\".\":\"1\",\"b\":\"2\"}},\"resolutions\":7}",
			"dependencies left ^1 :4|overrides a > . 1 :5|overrides a > b 2 :5|pnpm.overrides o 2 :4"},
		{"web/deno.jsonc", "{ // own\n\"imports\":{\"a\":\"npm:a@^1\",\"b\":\"./b.ts\",\"c\":\"jsr:@s/c\",},}", "imports a npm:a@^1 :2|imports c jsr:@s/c :2"},
		{"pnpm-workspace.yaml", "packages: [a]\noverrides:\n  a: 1.0.0\ncatalog:\n  b: ^2\ncatalogs:\n  old:\n    b: ^1\n", "catalog b ^2 :5|catalog old > b ^1 :8|pnpm.overrides a 1.0.0 :3"},
	} {
		m, err := ParseManifest(tt.name, []byte(tt.text))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for w, spec := range m.Wants {
			got = append(got, fmt.Sprintf("%s %s %s :%d", w.Section, w.Name, spec.Spec, spec.Line))
		}
		slices.Sort(got)
		if strings.Join(got, "|") != tt.want {
			t.Errorf("%s: %s\nwant %s", tt.name, strings.Join(got, "|"), tt.want)
		}
	}
	m, err := ParseManifest("package.json", []byte(`{"packageManager":"pnpm@9.1.0+sha512.00"}`))
	if err != nil || m.PackageManager != (Wanted{"pnpm@9.1.0+sha512.00", 1}) {
		t.Errorf("%v, %+v", err, m)
	}
}

func TestManifestsThatCannotBeReadAreErrors(t *testing.T) {
	for name, text := range map[string]string{
		"package.json":          "{",
		"a/package.json":        "",
		"b/package.json":        "\xff",
		"c/package.json":        `{"dependencies":{"a":"1","a":"2"}}`,
		"d/package.json":        strings.Repeat(" ", MaxManifestBytes+1),
		"e/package.json":        `{"overrides":` + strings.Repeat(`{"`+strings.Repeat("a", 200)+`":`, 60) + "1" + strings.Repeat("}", 61),
		"deno.jsonc":            "{ /* ",
		"x/pnpm-workspace.yaml": "a: [",
	} {
		if _, err := ParseManifest(name, []byte(text)); err == nil {
			t.Errorf("%s was read", name)
		}
	}
	for name, want := range map[string]bool{"package.json": true, "a/deno.json": true, "node_modules/a/package.json": false, "a/node_modules/b/package.json": false, "a.json": false} {
		if IsManifest(name) != want {
			t.Errorf("%s: %t", name, !want)
		}
	}
}
