package review

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/report"
)

func TestFilesThatSteerThePackageManager(t *testing.T) {
	const at, steers = "packages/web/.npmrc", ", and it steers what is installed and how"
	for name, tt := range map[string]struct {
		base, head files
		want       []string
	}{
		"a line":                         {files{at: "a=1\nb=2\n"}, files{at: "a=1\n# why\nignore-scripts=false\n"}, []string{at + ":3 " + at + " was changed" + steers + ": new “ignore-scripts=false”, gone “b=2”."}},
		"added":                          {files{}, files{at: "a=1"}, []string{at + ":1 " + at + " was added" + steers + ": new “a=1”."}},
		"removed":                        {files{at: "a=1"}, files{}, []string{at + ":0 " + at + " was removed" + steers + ": gone “a=1”."}},
		"comments and blanks":            {files{at: "a=1"}, files{at: "; c\n\n# d\r\na=1  \n"}, nil},
		"another order":                  {files{at: "a=1\na=2"}, files{at: "a=2\na=1"}, []string{at + ":1 " + at + " was changed" + steers + "."}},
		"unchanged":                      {files{at: "a=1"}, files{at: "a=1", "b": "1"}, nil},
		"in node_modules":                {files{}, files{"node_modules/a/.npmrc": "a=1"}, nil},
		"a symlink":                      {files{".npmrc": "a=1"}, files{".npmrc": "-> /etc/npmrc"}, []string{".npmrc:0 .npmrc was changed" + steers + "."}},
		"what a symlink leads to":        {files{".npmrc": "-> config/npm", "config/npm": "a=1"}, files{".npmrc": "-> config/npm", "config/npm": "ignore-scripts=false"}, []string{".npmrc:0 .npmrc was changed" + steers + "."}},
		"a symlink that stays":           {files{".npmrc": "-> config/npm", "config/npm": "a=1", "pnpmfile.js": "-> nowhere"}, files{".npmrc": "-> config/npm", "config/npm": "a=1", "pnpmfile.js": "-> nowhere", "b": ""}, nil},
		"too large":                      {files{".npmrc": "a=1"}, files{".npmrc": "too large"}, []string{".npmrc:0 .npmrc was changed" + steers + "."}},
		"binary":                         {files{".npmrc": "a=1"}, files{".npmrc": "\xff\x00"}, []string{".npmrc:0 .npmrc was changed" + steers + "."}},
		"yarn's releases":                {files{".yarn/releases/yarn-4.1.0.cjs": "x"}, files{".yarn/releases/yarn-4.1.1.cjs": "y"}, []string{".yarn/releases/yarn-4.1.0.cjs:0 2 files (yarn's own code) differ: .yarn/releases/yarn-4.1.0.cjs was removed, .yarn/releases/yarn-4.1.1.cjs was added, and they steer what is installed and how."}},
		"patches":                        {files{}, files{"patches/a.patch": "x", "sub/.yarn/patches/b.patch": "y", "patches/readme.md": "z", "other/c.patch": "w"}, []string{"patches/a.patch:0 2 files (patches) differ: patches/a.patch was added, sub/.yarn/patches/b.patch was added, and they steer what is installed and how."}},
		"two of a kind":                  {files{}, files{".npmrc": "a=1", "w/.npmrc": "b=2"}, []string{".npmrc:1 2 files (.npmrc) differ: .npmrc was added, w/.npmrc was added, and they steer what is installed and how: new “a=1” (in the first)."}},
		"code, comments count":           {files{".pnpmfile.cjs": "a()"}, files{".pnpmfile.cjs": "a()\n# b"}, []string{".pnpmfile.cjs:2 .pnpmfile.cjs was changed" + steers + ": new “…”."}},
		"a workspace's packages":         {files{"pnpm-workspace.yaml": "packages:\n  - a\n"}, files{"pnpm-workspace.yaml": "packages:\n  - a\n- b\ncatalog:\n  x: 1\n"}, nil},
		"behind a comment and a lone CR": {files{at: "# why\n"}, files{at: "# why\rignore-scripts=false\n"}, []string{at + ":2 " + at + " was changed" + steers + ": new “ignore-scripts=false”."}},
		"behind packages and a lone CR":  {files{"pnpm-workspace.yaml": "packages:\n  - a\n"}, files{"pnpm-workspace.yaml": "packages:\r  - a\rpnpmfile: ./evil.cjs\n"}, []string{"pnpm-workspace.yaml:3 pnpm-workspace.yaml was changed" + steers + ": new “pnpmfile: ./evil.cjs”."}},
		"a workspace in braces":          {files{"pnpm-workspace.yaml": "packages: []\n"}, files{"pnpm-workspace.yaml": "{\npackages: [],\n  dangerouslyAllowAllBuilds: true}\n"}, []string{"pnpm-workspace.yaml:1 pnpm-workspace.yaml was changed" + steers + ": new “…”, new “packages: [],”, new “dangerouslyAllowAllBuilds: true}”."}},
		"a workspace in tagged braces":   {files{"pnpm-workspace.yaml": "packages: []\n"}, files{"pnpm-workspace.yaml": " !!map {a: 1,\npackages: [],\n  pnpmfile: x}\n"}, []string{"pnpm-workspace.yaml:1 pnpm-workspace.yaml was changed" + steers + ": new “!!map {a: 1,”, new “packages: [],”, new “pnpmfile: x}”."}},
		"a workspace's list":             {files{"pnpm-workspace.yaml": "---\npackages:\n  - a\n"}, files{"pnpm-workspace.yaml": "---\npackages:\n- \"b\"\ncatalog: {\n  x: 1\n  }\n"}, nil},
		"in another case":                {files{}, files{"w/.NPMRC": "a=1"}, []string{"w/.NPMRC:1 w/.NPMRC was added" + steers + ": new “a=1”."}},
		"yarn's code in another case":    {files{}, files{".Yarn/Releases/x.cjs": "a"}, []string{".Yarn/Releases/x.cjs:0 .Yarn/Releases/x.cjs was added" + steers + "."}},
		"a workspace's scripts":          {files{"pnpm-workspace.yaml": "packages:\n  - a\n"}, files{"pnpm-workspace.yaml": "packages:\n  - a\nonlyBuiltDependencies:\n  - evil\n"}, []string{"pnpm-workspace.yaml:3 pnpm-workspace.yaml was changed" + steers + ": new “onlyBuiltDependencies:”, new “- evil”."}},
		"yarn's settings":                {files{".yarnrc.yml": "nodeLinker: pnp\n"}, files{".yarnrc.yml": "nodeLinker: node-modules\nyarnPath: .yarn/releases/x.cjs\n"}, []string{".yarnrc.yml:1 .yarnrc.yml was changed" + steers + ": new “nodeLinker: node-modules”, new “yarnPath: .yarn/releases/x.cjs”, gone “nodeLinker: pnp”."}},
		"scripts of bun":                 {files{"package.json": `{"trustedDependencies":["a"]}`}, files{"package.json": "{\"trustedDependencies\":[\"a\",\n\"evil\", 1]}"}, []string{"package.json:2 package.json was changed" + steers + ": new “may run scripts: evil”."}},
		"scripts of pnpm":                {files{"package.json": `{}`}, files{"package.json": `{"pnpm":{"onlyBuiltDependencies":["evil"]}}`}, []string{"package.json:1 package.json was changed" + steers + ": new “may run scripts: evil”."}},
		"scripts that no longer run":     {files{"package.json": `{"trustedDependencies":["a"]}`}, files{"package.json": `{"trustedDependencies":"a"}`}, nil},
		"bun's settings":                 {files{}, files{"bunfig.toml": "[install]\nignoreScripts = false\n"}, []string{"bunfig.toml:1 bunfig.toml was added" + steers + ": new “[install]”, new “ignoreScripts = false”."}},
		"many lines":                     {files{}, files{".npmrc": strings.Repeat("a=1\n", 20)}, []string{".npmrc:1 .npmrc was added" + steers + ": " + strings.TrimSuffix(strings.Repeat("new “a=1”, ", MaxShown), ", ") + " and 14 more lines."}},
		"a long line":                    {files{}, files{".npmrc": "a=" + strings.Repeat("ä", 5000)}, []string{".npmrc:1 .npmrc was added" + steers + ": new “a=" + strings.Repeat("ä", MaxExcerpt-2) + "…”."}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := problemsOf(t, tt.base, tt.head, policy.ConfigChanged, none); !slices.Equal(got, tt.want) {
				t.Errorf("%q\nwant %q", got, tt.want)
			}
			if got := problemsOf(t, tt.base, tt.head, policy.ConfigChanged, func(string) bool { return true }); len(got) > 0 {
				t.Errorf("it is ignored, and yet %q", got)
			}
		})
	}
}

// Where another finding tells that packages come from another registry now, the line that
// does it is not told twice.
func TestARegistryThatMovedIsToldOnce(t *testing.T) {
	bare := func(id string) string { return `"version":"1.0.0","integrity":"` + sri(id) + `"` }
	lock := func(name string) string {
		return string(packages{"node_modules/" + name: bare(name + "@1.0.0")}.lockfile())
	}
	const npmrc, workspace = ".npmrc", "pnpm-workspace.yaml"
	for _, tt := range []struct{ file, base, settings, want string }{
		{npmrc, "registry=https://registry.npmjs.org/\n", "registry=https://npm.evil.example/\n", ""},
		{npmrc, "", "registry = \"https://npm.evil.example/\"\n", ""},
		{npmrc, "registry=https://registry.npmjs.org/\n", "registry=https://npm.evil.example/\nignore-scripts=false\n", "new “ignore-scripts=false”"},
		{workspace, "packages: []\n", "packages: []\nregistries:\n  default: https://npm.evil.example/\n", ""},
		{workspace, "packages: []\n", "packages: []\nregistries: {onlyX: a, default: https://npm.evil.example/}\n", "new “registries: {onlyX: a, default: https://npm.evil.example/}”"},
	} {
		req, err := Compare(t.Context(), files{tt.file: tt.base, "package-lock.json": lock("a")}, files{tt.file: tt.settings, "package-lock.json": lock("b")}, none)
		if err != nil {
			t.Fatal(err)
		}
		req.Kind, req.Policy = report.Diff, policy.Default()
		rep, err := reviewer(proven()).Review(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		var moved, config []string
		for _, f := range rep.Findings {
			switch f.Rule {
			case policy.RuleExoticSource:
				moved = append(moved, f.Message)
			case policy.RuleInstallConfig:
				_, lines, _ := strings.Cut(f.Message, ": ")
				config = append(config, strings.TrimSuffix(lines, "."))
			}
		}
		if len(moved) != 1 || strings.Join(config, "|") != tt.want {
			t.Errorf("%q: %q, %q", tt.settings, moved, config)
		}
	}
}

func TestOnlyAnotherPackageManagerIsTold(t *testing.T) {
	for _, tt := range []struct {
		was, is string
		told    bool
	}{
		{"pnpm@9.0.0", "pnpm@9.1.0", false}, {"", "pnpm@9.1.0", false}, {"pnpm@9.0.0", "pnpm@9.0.0+sha512.aa", false}, {"pnpm@9.0.0+sha512.aa", "pnpm@9.1.0+sha512.bb", false},
		{"pnpm@9.0.0", "yarn@4.0.0", true}, {"pnpm@9.0.0+sha512.aa", "pnpm@9.1.0", true}, {"pnpm@9.0.0+sha512.aa", "pnpm@9.0.0+sha512.bb", true},
		{"", "yarn@https://evil.example/yarn.cjs", true}, {"pnpm@9.0.0", "", true}, {"pnpm@9.0.0", "pnpm@https:evil.example/pnpm.cjs", true},
	} {
		manifest := func(spec string) string {
			if spec == "" {
				return "{}"
			}
			return fmt.Sprintf("{\n\"packageManager\": %q}", spec)
		}
		got := problemsOf(t, files{"package.json": manifest(tt.was)}, files{"package.json": manifest(tt.is)}, policy.ConfigChanged, none)
		if (len(got) == 1) != tt.told || tt.told && !strings.HasPrefix(got[0], "package.json:") {
			t.Errorf("%q, then %q: %q", tt.was, tt.is, got)
		}
	}
}

// Only so many files are read; the others are named.
func TestManyFilesOfSettingsAreNamed(t *testing.T) {
	head := files{}
	for i := range MaxConfigs + 20 {
		head[fmt.Sprintf("w%03d/.npmrc", i)] = "a=1"
	}
	if got := problemsOf(t, files{}, head, policy.ConfigChanged, none); len(got) != 1 || !strings.Contains(got[0], fmt.Sprintf("%d files (.npmrc) differ", MaxConfigs+20)) {
		t.Errorf("%q", got)
	}
}
