package review

import (
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/policy"
)

func TestOnlyPublicNamesOfARepositoryAreAskedAbout(t *testing.T) {
	const npm = "https://registry.npmjs.org"
	r := &Reviewer{}
	if err := r.chart(Options{Registry: npm, Private: []string{"@secret"}}); err != nil {
		t.Fatal(err)
	}
	root := func(rest string) files {
		return files{"package.json": `{"name":"@acme/web","version":"1.0.0"` + rest + `}`}
	}
	with := func(f files, name, content string) files {
		f[name] = content
		return f
	}
	for _, c := range []struct {
		name    string
		tree    files
		private bool
		want    string
		unread  int
		folder  string
	}{
		{"public", root(""), false, "@acme/web", 0, ""},
		{"marked as private", root(`,"private":true`), false, "", 0, ""},
		{"restricted", root(`,"publishConfig":{"access":"restricted"}`), false, "", 0, ""},
		{"a private repository", root(""), true, "", 0, ""},
		{"public out of a private repository", root(`,"publishConfig":{"access":"public"}`), true, "@acme/web", 0, ""},
		{"the public registry by name", root(`,"publishConfig":{"registry":"` + npm + `/"}`), false, "@acme/web", 0, ""},
		{"another registry", root(`,"publishConfig":{"registry":"https://npm.pkg.github.com"}`), false, "", 0, ""},
		{"an address that is none", root(`,"publishConfig":{"registry":"${REGISTRY}"}`), false, "", 0, ""},
		{"a scope at another registry", with(root(""), ".npmrc", "@acme:registry=https://npm.example.com\n"), false, "", 0, ""},
		{"another scope at another registry", with(root(""), ".npmrc", "@other:registry=https://npm.example.com\n"), false, "@acme/web", 0, ""},
		{"everything at another registry", with(root(""), ".npmrc", "registry=https://npm.example.com\n"), false, "", 0, ""},
		{"settings that are too large", with(root(""), ".npmrc", strings.Repeat("#", 2<<20)), false, "", 1, ""},
		{"a scope of the operator's", files{"package.json": `{"name":"@secret/web","version":"1.0.0"}`}, false, "", 0, ""},
		{"a scope of the policy's", files{"package.json": `{"name":"@hidden/web","version":"1.0.0"}`}, false, "", 0, ""},
		{"no name", files{"package.json": `{"version":"1.0.0"}`}, false, "", 0, ""},
		{"no name that a registry takes", files{"package.json": `{"name":"../x","version":"1.0.0"}`}, false, "", 0, ""},
		{"no manifest", files{"README.md": "x"}, false, "", 0, ""},
		{"no JSON", files{"package.json": "{"}, false, "", 1, ""},
		{"a link that leads out", files{"package.json": "-> ../package.json"}, false, "", 1, ""},
		{"workspaces", files{
			"package.json": `{"name":"root","private":true,"workspaces":["packages/*"]}`, "packages/a/package.json": `{"name":"a","version":"1.0.0"}`,
			"packages/b/package.json": `{"name":"b","version":"1.0.0","private":true}`, "examples/c/package.json": `{"name":"c","version":"1.0.0"}`,
			"packages/d/package.json": `{"name":"d","version":"1.0.0"}`, "packages/d/.npmrc": "registry=https://npm.example.com",
			"pnpm-workspace.yaml": "packages: [tools/*]", "tools/e/package.json": `{"name":"e","version":"1.0.0"}`,
		}, false, "a e", 0, ""},
		{"a folder that the tag names", files{"js/package.json": `{"name":"js","version":"1.0.0"}`, "py/package.json": `{"name":"py","version":"1.0.0"}`}, false, "js", 0, "js"},
		{"a workspace that the tag names", files{"package.json": `{"private":true,"workspaces":["*"]}`, "js/package.json": `{"name":"js"}`}, false, "js", 0, "js"},
		{"nothing that is published", files{"node_modules/x/package.json": `{"name":"x"}`}, false, "", 0, "node_modules"},
	} {
		p := publishable{tree: index(c.tree), atlas: r.atlas.with(policy.Registries{Private: []string{"@hidden"}}), private: c.private}
		found, err := p.manifests(t.Context(), c.folder)
		var names []string
		for _, m := range found {
			if !m.Private {
				names = append(names, m.Name)
			}
		}
		if err != nil || strings.Join(names, " ") != c.want || len(p.unread) != c.unread {
			t.Errorf("%s: %q, %v, unread %q", c.name, names, err, p.unread)
		}
	}
}
