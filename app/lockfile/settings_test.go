package lockfile

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestSettingsNameTheRegistries(t *testing.T) {
	for _, c := range []struct{ what, name, text, want string }{
		{"nothing", ".npmrc", "", ""},
		{"npm's", ".npmrc", "; a comment\n# registry=https://no.example\nsave-exact=true\nregistry = \"https://npm.acme.example/\"\n@acme:registry=https://npm.acme.example/team/\n//npm.acme.example/:_authToken=${TOKEN}\n", "https://npm.acme.example/ @acme=https://npm.acme.example/team/"},
		{"npm's, CRLF and a variable", "sub/.npmrc", "@acme:registry=${REGISTRY}\r\n@b:registry = 'https://b.example'\r\n", " @acme=${REGISTRY} @b=https://b.example"},
		{"npm's, lines that end with a carriage return alone", ".npmrc", "# x\rregistry=https://a.example\r;@b:registry=https://no.example\r#registry=https://no.example", "https://a.example"},
		{"npm's, what is no scope", ".npmrc", "acme:registry=https://no.example\n", ""},
		{"what looks like a section is none", ".npmrc", "[x\n [y]\n[z]=1\nregistry=https://a.example\n", "https://a.example"},
		{"npm's, decoded", ".npmrc", "\"\\u0072egistry\" = \"https:\\/\\/a.example\"\n@b:registry;x=https://b.example ; why\n'@c:registry'='https://c.example'\n@d:registry=https://d.example/\\#x\\y\\\n", "https://a.example @b=https://b.example @c=https://c.example @d=https://d.example/#x\\y\\"},
		{"npm's, quotes that do not close", ".npmrc", "registry=\"https://a.example\n", "\"https://a.example"},
		{"a section is not npm's", ".npmrc", "[x]\nregistry=https://no.example\n", ""},
		{"yarn's", ".yarnrc.yml", "nodeLinker: node-modules\nnpmRegistryServer: https://npm.acme.example\nnpmScopes:\n  acme:\n    npmAlwaysAuth: true\n    npmRegistryServer: \"https://npm.acme.example/team\"\n  other: {npmAuthToken: x}\n", "https://npm.acme.example @acme=https://npm.acme.example/team"},
		{"yarn's with an alias", ".yarnrc.yml", "a: &a {npmRegistryServer: &b https://x.example}\nnpmScopes: {acme: *a, '@b': {npmRegistryServer: *b}}\n", " @acme=https://x.example @b=https://x.example"},
		{"pnpm's", "pnpm-workspace.yaml", "packages: ['packages/*']\nregistry: https://a.example\n'@acme:registry': https://b.example\n", "https://a.example @acme=https://b.example"},
		{"pnpm's, as a mapping", "pnpm-workspace.yaml", "registries:\n  default: https://a.example\n  '@acme': https://b.example\n  acme: https://no.example\n", "https://a.example @acme=https://b.example"},
		{"pnpm's without any", "pnpm-workspace.yaml", "packages:\n  - x\n", ""},
		{"bun's", "bunfig.toml", "[install]\nregistry = { url = \"https://a.example\", token = \"$x\" }\n[install.scopes]\n\"@acme\" = \"https://b.example\"\nother = { url = \"https://c.example\" }\n", "https://a.example @acme=https://b.example @other=https://c.example"},
		{"bun's without any", "bunfig.toml", "preload = [\"./x.ts\"]\n", ""},
	} {
		s, err := ParseSettings(c.name, []byte(c.text))
		if err != nil {
			t.Errorf("%s: %v", c.what, err)
		}
		got := s.Default
		for _, scope := range slices.Sorted(maps.Keys(s.Scopes)) {
			got += fmt.Sprintf(" %s=%s", scope, s.Scopes[scope])
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}

func TestSettingsThatCannotBeReadAreAnError(t *testing.T) {
	for name, text := range map[string]string{
		".yarnrc.yml":         "a: [",
		"pnpm-workspace.yaml": strings.Repeat("[", 1000),
		"bunfig.toml":         "[install\n",
		".npmrc":              strings.Repeat("#", MaxSettingsBytes+1),
		"other":               "",
	} {
		if s, err := ParseSettings(name, []byte(text)); err == nil {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestARegistryOfTheSettingsIsKnownByItsBase(t *testing.T) {
	for registry, want := range map[string]string{
		"https://npm.acme.example":        "https://npm.acme.example",
		"https://NPM.acme.example:443///": "https://npm.acme.example",
		"https://npm.acme.example/team/":  "https://npm.acme.example/team",
		"http://npm.acme.example":         "",
		"https://${HOST}/":                "",
		"":                                "",
	} {
		if base, ok := BaseOf(registry); base != want || ok != (want != "") {
			t.Errorf("%q: %q, %t", registry, base, ok)
		}
	}
}

func FuzzParseSettings(f *testing.F) {
	for i, text := range []string{"registry=x\n@a:registry=y\n", "npmScopes: {a: {npmRegistryServer: x}}", "registries: {default: x}", "[install]\nscopes = {a = \"x\"}"} {
		f.Add(i, []byte(text))
	}
	f.Fuzz(func(t *testing.T, i int, data []byte) {
		names := SettingsFiles()
		s, err := ParseSettings(names[max(i, -i)%len(names)&3], data)
		if err != nil && !strings.Contains(err.Error(), names[max(i, -i)%len(names)&3]) {
			t.Errorf("the error does not name the file: %v", err)
		}
		for scope := range s.Scopes {
			if !strings.HasPrefix(scope, "@") {
				t.Errorf("a scope %q", scope)
			}
		}
	})
}
