package lockfile

import (
	"strings"
	"testing"
)

func TestLockfilesAreRecognisedByTheirName(t *testing.T) {
	for name, want := range map[string]Format{
		"package-lock.json":                    {Name: "npm", Manifest: "package.json", Supported: true},
		"a/b/npm-shrinkwrap.json":              {Name: "npm", Manifest: "package.json", Supported: true},
		"a/Package-Lock.JSON":                  {Name: "npm", Manifest: "package.json", Supported: true},
		"node_modulesx/package-lock.json":      {Name: "npm", Manifest: "package.json", Supported: true},
		"yarn.lock":                            {Name: "yarn", Manifest: "package.json", Supported: true},
		"pnpm-lock.yaml":                       {Name: "pnpm", Manifest: "package.json", Supported: true},
		"pnpm-lock.feature!x.yaml":             {Name: "pnpm", Manifest: "package.json", Supported: true},
		"bun.lockb":                            {Name: "bun", Manifest: "package.json", Supported: true},
		"bun.lock":                             {Name: "bun", Manifest: "package.json", Supported: true},
		"deno.lock":                            {Name: "deno", Manifest: "deno.json", Supported: true},
		"go.sum":                               {Name: "go", Manifest: "go.mod"},
		"Cargo.lock":                           {Name: "cargo", Manifest: "Cargo.toml"},
		"uv.lock":                              {Name: "uv", Manifest: "pyproject.toml"},
		"pylock.toml":                          {Name: "pylock", Manifest: "pyproject.toml"},
		"pylock.dev.toml":                      {Name: "pylock", Manifest: "pyproject.toml"},
		"Pipfile.lock":                         {Name: "pipenv", Manifest: "Pipfile"},
		"Gemfile.lock":                         {Name: "bundler", Manifest: "Gemfile"},
		"composer.lock":                        {Name: "composer", Manifest: "composer.json"},
		"src/packages.lock.json":               {Name: "nuget"},
		"gradle.lockfile":                      {Name: "gradle"},
		"requirements.txt":                     {Name: "pip"},
		"requirements-dev.txt":                 {Name: "pip"},
		"test_requirements.txt":                {Name: "pip"},
		"docs/dev-requirements.txt":            {Name: "pip"},
		"package.json":                         {},
		"package-lock.json.bak":                {},
		"node_modules/.package-lock.json":      {},
		".package-lock.json":                   {},
		"node_modules/a/package-lock.json":     {},
		"x/node_modules/a/npm-shrinkwrap.json": {},
		"requirements.in":                      {},
		"requirementsdoc.txt":                  {},
		"requirements/base.txt":                {},
		"robots.txt":                           {},
		"":                                     {},
	} {
		got, ok := Recognise(name)
		if ok != (want.Name != "") || got.Name != want.Name || got.Manifest != want.Manifest || got.Supported != want.Supported {
			t.Errorf("%q: %+v, %t, want %+v", name, got, ok, want)
		}
		if got.Supported != (got.parse != nil) {
			t.Errorf("%q: supported %t, but a parser %t", name, got.Supported, got.parse != nil)
		}
	}
}

func TestWhatToDoNamesThePackageManager(t *testing.T) {
	for name, tool := range map[string]string{"package-lock.json": "npm", "yarn.lock": "yarn", "pnpm-lock.yaml": "pnpm", "bun.lock": "bun", "deno.lock": "deno"} {
		for what, text := range map[string]string{"empty": " \n", "not text": "\x00\xff", "rubbish": "}{", "a conflict": "<<<<<<< ours\n"} {
			if e, _ := parseError(t, name, text); !strings.Contains(e.Detail, tool+" install") {
				t.Errorf("%s, %s: %s", name, what, e.Detail)
			}
		}
	}
}
