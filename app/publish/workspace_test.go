package publish

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestGlobs(t *testing.T) {
	for _, c := range []struct{ glob, is, isNot string }{
		{"packages/*", "packages/a", "packages packages/a/b a/packages/a"},
		{"./packages/*/", "packages/a", "packages/a/b"},
		{"packages/**", "packages packages/a packages/a/b", "packages2 other"},
		{"**/npm/*", "npm/x crates/node/npm/x", "npm crates/node/npmx/x"},
		{"packages/{core,kit-*}", "packages/core packages/kit-a", "packages/kit packages/other"},
		{"packages/@acme/?", "packages/@acme/a", "packages/@acme/ab"},
		{"apps/web", "apps/web", "apps/web/x apps"},
		{"pä*/ü", "päck/ü", "pack/ü"},
		{"a.b+c(d)", "a.b+c(d)", "axb+c(d)"},
		{"{open", "{open", "open"},
	} {
		g := newGlobs([]text{{Value: c.glob}}, false)
		for _, name := range strings.Fields(c.is) {
			if !g.match(name) {
				t.Errorf("%s does not match %s", c.glob, name)
			}
		}
		for _, name := range strings.Fields(c.isNot) {
			if g.match(name) {
				t.Errorf("%s matches %s", c.glob, name)
			}
		}
	}
}

func TestMembersAreThoseThatTheWorkspaceNames(t *testing.T) {
	const packages = "-- packages/a/package.json --\n{}\n-- packages/b/package.json --\n{}\n-- packages/a/test/fixture/package.json --\n{}\n-- examples/e/package.json --\n{}\n"
	for _, c := range []struct{ name, files, dir, want string }{
		{"pnpm", "-- pnpm-workspace.yaml --\npackages: ['packages/*', '!packages/b']\n-- package.json --\n{\"workspaces\": [\"examples/*\"]}\n" + packages, "", "packages/a"},
		{"settings of pnpm alone", "-- pnpm-workspace.yaml --\nprovenance: true\n-- package.json --\n{\"workspaces\": [\"examples/*\"]}\n" + packages, "packages/a", "examples/e"},
		{"lerna", "-- lerna.json --\n{\"packages\": [\"packages/*\"]}\n-- package.json --\n{}\n" + packages, "", "packages/a packages/b"},
		{"npm and Yarn", "-- package.json --\n{\"workspaces\": {\"packages\": [\"packages/**\"]}}\n" + packages, "packages/a", "packages/a packages/a/test/fixture packages/b"},
		{"a workspace below", "-- js/package.json --\n{\"workspaces\": [\"p/*\"]}\n-- js/p/x/package.json --\n{}\n" + packages, "js/p/x", "js/p/x"},
		{"none, and the root is a package", "-- package.json --\n{\"name\": \"left\", \"version\": \"1.0.0\"}\n" + packages, "", ""},
		{"none, and the root is not", "-- package.json --\n{\"private\": true}\n" + packages, "", "examples/e packages/a packages/a/test/fixture packages/b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, m := range read(filesOf(t, c.files), public()).members(c.dir) {
				got = append(got, m.Dir)
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestGlobsOfAWorkspaceAreBounded(t *testing.T) {
	files := Files{"pnpm-workspace.yaml": []byte("packages:\n" + strings.Repeat("  - \"{a*,b*}/**/c*\"\n", 20_000))}
	for i := range 2000 {
		files[fmt.Sprintf("packages/a%d/package.json", i)] = []byte("{}")
	}
	r := read(files, public())
	if len(r.members("")) != 2000 || len(r.unread) != 1 {
		t.Errorf("%d members, %v", len(r.members("")), r.unread)
	}
}

func FuzzGlobs(f *testing.F) {
	for _, s := range []string{"packages/**", "!a/{b,c}/*", "{", "}{,", "[a-z]\\*", "ü?\xff"} {
		f.Add(s, "packages/a")
	}
	f.Fuzz(func(t *testing.T, glob, name string) {
		g := newGlobs([]text{{Value: glob}}, false)
		if len(glob) < 1000 && utf8.ValidString(glob) && g.compiled == nil && g.pattern != "" {
			t.Errorf("%q becomes %q, which is no expression", glob, g.pattern)
		}
		g.match(name)
	})
}
