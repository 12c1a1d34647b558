package review

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/report"
)

// problemsOf are what Compare and Review say of one kind.
func problemsOf(t *testing.T, base, head files, kind policy.ProblemKind, ignores func(string) bool) (out []string) {
	t.Helper()
	req, err := Compare(context.Background(), base, head, ignores)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range append(req.Problems, configProblems(req.Configs, nil)...) {
		if p.Kind == kind {
			out = append(out, fmt.Sprintf("%s:%d %s", p.Lockfile, p.Line, p.Detail))
		}
	}
	return out
}

func TestManifestsThatChangeAlone(t *testing.T) {
	const ask, askMore = "{\n\"dependencies\": {\n\"left\": \"^1.0.0\"\n}}", "{\n\"dependencies\": {\n\"evil\": \"^6.6.6\",\n\"left\": \"^1.0.0\"\n}}"
	lock, other := locking("left@1.0.0"), locking("left@1.0.1")
	yarn := "# yarn lockfile v1\n\n\nleft@^1.0.0, left@^1.1.0:\n  version \"1.1.0\"\n  resolved \"https://registry.yarnpkg.com/left/-/left-1.1.0.tgz#0000000000000000000000000000000000000000\"\n"
	deps := func(section, name, spec string) string {
		return fmt.Sprintf(`{%q: {%q: %q}}`, section, name, spec)
	}
	for name, tt := range map[string]struct {
		base, head files
		want       []string // the beginnings
	}{
		"a new dependency":                   {files{"package.json": ask, "package-lock.json": lock}, files{"package.json": askMore, "package-lock.json": lock}, []string{"package.json:3 package.json asks for something else than before (evil ^6.6.6), and package-lock.json was not changed with it"}},
		"and the lockfile with it":           {files{"package.json": ask, "package-lock.json": lock}, files{"package.json": askMore, "package-lock.json": other}, nil},
		"another range":                      {files{"package.json": ask, "package-lock.json": lock}, files{"package.json": strings.ReplaceAll(ask, "^1", "^2"), "package-lock.json": lock}, []string{"package.json:3 package.json asks for something else than before (left ^2.0.0 instead of ^1.0.0)"}},
		"removed":                            {files{"package.json": askMore, "package-lock.json": lock}, files{"package.json": ask, "package-lock.json": lock}, []string{"package.json:0 package.json asks for something else than before (evil no longer)"}},
		"formatted":                          {files{"package.json": ask, "package-lock.json": lock}, files{"package.json": strings.ReplaceAll(ask, "\n", " "), "package-lock.json": lock}, nil},
		"scripts and order":                  {files{"package.json": `{"dependencies":{"a":"1","b":"2"}}`, "package-lock.json": lock}, files{"package.json": `{"scripts":{"x":"y"},"dependencies":{"b":"2","a":"1"}}`, "package-lock.json": lock}, nil},
		"no lockfile":                        {files{"package.json": ask}, files{"package.json": askMore}, nil},
		"a new manifest":                     {files{"package-lock.json": lock}, files{"package.json": ask, "package-lock.json": lock}, nil},
		"one of two lockfiles":               {files{"package.json": ask, "package-lock.json": lock, "yarn.lock": "a"}, files{"package.json": askMore, "package-lock.json": lock, "yarn.lock": "b"}, nil},
		"a workspace of a lockfile above":    {files{"web/package.json": ask, "pnpm-lock.yaml": workspace("web")}, files{"web/package.json": askMore, "pnpm-lock.yaml": workspace("web")}, []string{"web/package.json:3 web/package.json asks for something else than before (evil ^6.6.6), and pnpm-lock.yaml was"}},
		"no workspace of the lockfile above": {files{"web/package.json": ask, "pnpm-lock.yaml": workspace("api")}, files{"web/package.json": askMore, "pnpm-lock.yaml": workspace("api")}, nil},
		"in node_modules":                    {files{"node_modules/a/package.json": ask, "node_modules/a/package-lock.json": lock}, files{"node_modules/a/package.json": askMore, "node_modules/a/package-lock.json": lock}, nil},
		"peers that npm keeps":               {files{"package.json": "{}", "package-lock.json": lock}, files{"package.json": deps("peerDependencies", "p", "1"), "package-lock.json": lock}, []string{"package.json:1 "}},
		"peers that yarn does not":           {files{"package.json": "{}", "yarn.lock": yarn}, files{"package.json": deps("peerDependencies", "p", "1"), "yarn.lock": yarn}, nil},
		"overrides of npm":                   {files{"package.json": "{}", "package-lock.json": lock}, files{"package.json": deps("overrides", "left", "npm:evil@1"), "package-lock.json": lock}, []string{"package.json:1 package.json asks for something else than before (left npm:evil@1)"}},
		"what pnpm does not read":            {files{"package.json": "{}", "pnpm-lock.yaml": workspace(".")}, files{"package.json": deps("overrides", "left", "2"), "pnpm-lock.yaml": workspace(".")}, nil},
		"overrides of pnpm":                  {files{"package.json": "{}", "pnpm-lock.yaml": workspace(".")}, files{"package.json": `{"pnpm":{"overrides":{"left":"2"}}}`, "pnpm-lock.yaml": workspace(".")}, []string{"package.json:1 "}},
		"overrides of a workspace":           {files{"pnpm-workspace.yaml": "packages: [a]\n", "pnpm-lock.yaml": workspace("a")}, files{"pnpm-workspace.yaml": "packages: [a]\noverrides:\n  left: 2\n", "pnpm-lock.yaml": workspace("a")}, []string{"pnpm-workspace.yaml:3 "}},
		"a catalog that grows":               {files{"pnpm-workspace.yaml": "catalog: {a: 1}\n", "pnpm-lock.yaml": workspace("a")}, files{"pnpm-workspace.yaml": "catalog: {a: 1, b: 2}\n", "pnpm-lock.yaml": workspace("a")}, nil},
		"a catalog that moves":               {files{"pnpm-workspace.yaml": "catalog: {a: 1}\n", "pnpm-lock.yaml": workspace("a")}, files{"pnpm-workspace.yaml": "catalog: {a: 2}\n", "pnpm-lock.yaml": workspace("a")}, []string{"pnpm-workspace.yaml:1 "}},
		"a catalog of bun that moves":        {files{"package.json": `{"workspaces":{"catalog":{"a":"1"}}}`, "bun.lock": "x"}, files{"package.json": `{"workspaces":{"catalog":{"a":"2"}}}`, "bun.lock": "x"}, []string{"package.json:1 package.json asks for something else than before (a 2 instead of 1)"}},
		"catalogs of bun on top":             {files{"package.json": `{"catalogs":{"t":{"a":"1"}}}`, "bun.lock": "x"}, files{"package.json": `{"catalogs":{"t":{"a":"2","b":"1"}}}`, "bun.lock": "x"}, []string{"package.json:1 package.json asks for something else than before (t > a 2 instead of 1)"}},
		"a catalog that npm does not read":   {files{"package.json": `{"catalog":{"a":"1"}}`, "package-lock.json": lock}, files{"package.json": `{"catalog":{"a":"2"}}`, "package-lock.json": lock}, nil},
		"yarn has it already":                {files{"package.json": "{}", "yarn.lock": yarn}, files{"package.json": deps("devDependencies", "left", "^1.1.0"), "yarn.lock": yarn}, nil},
		"yarn has not":                       {files{"package.json": "{}", "yarn.lock": yarn}, files{"package.json": deps("devDependencies", "left", "^1.2.0"), "yarn.lock": yarn}, []string{"package.json:1 "}},
		"yarn has one that begins so":        {files{"package.json": "{}", "yarn.lock": yarn}, files{"package.json": deps("devDependencies", "left", "^1"), "yarn.lock": yarn}, []string{"package.json:1 "}},
		"another may still ask yarn":         {files{"package.json": ask, "yarn.lock": yarn}, files{"package.json": "{}", "yarn.lock": yarn}, nil},
		"deno's imports":                     {files{"deno.jsonc": "{}", "deno.lock": "x"}, files{"deno.jsonc": "{ /* */\n\"imports\":{\"a\":\"npm:a@1\",\"b\":\"./b.ts\"}}", "deno.lock": "x"}, []string{"deno.jsonc:2 deno.jsonc asks for something else than before (a npm:a@1)"}},
		"one that cannot be read":            {files{"package.json": ask, "package-lock.json": lock}, files{"package.json": "{", "package-lock.json": lock}, []string{"package.json:0 package.json asks for something else than before (cannot be read"}},
		"one that could not be read before":  {files{"package.json": "{", "package-lock.json": lock}, files{"package.json": ask, "package-lock.json": lock}, nil},
		"secrets are not shown":              {files{"package.json": "{}", "package-lock.json": lock}, files{"package.json": deps("dependencies", "a", "git+https://me:hunter2@example.com/a.git"), "package-lock.json": lock}, []string{"package.json:1 package.json asks for something else than before (a git+https://…@example.com/a.git)"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := problemsOf(t, tt.base, tt.head, policy.ManifestAlone, none)
			ok := len(got) == len(tt.want)
			for i := range tt.want {
				ok = ok && strings.HasPrefix(got[i], tt.want[i])
			}
			if !ok {
				t.Errorf("%q, want %q", got, tt.want)
			}
			if ignored := problemsOf(t, tt.base, tt.head, policy.ManifestAlone, func(string) bool { return true }); len(ignored) > 0 {
				t.Errorf("the lockfile is ignored, and yet %q", ignored)
			}
		})
	}
}

// Many manifests of one lockfile are one finding, and there are only so many.
func TestManyManifestsAreOneFinding(t *testing.T) {
	asking := func(n int, spec string) files {
		lock := "lockfileVersion: '9.0'\n\nimporters:\n\n"
		out := files{}
		for i := range n {
			lock += fmt.Sprintf("  w%03d:\n    dependencies:\n      left:\n        specifier: ^1.0.0\n        version: 1.0.0\n", i)
			out[fmt.Sprintf("w%03d/package.json", i)] = fmt.Sprintf(`{"dependencies":{"left":%q}}`, spec)
		}
		out["pnpm-lock.yaml"] = lock + "\npackages:\n\n  left@1.0.0:\n    resolution: {integrity: " + sri("left@1.0.0") + "}\n\nsnapshots:\n\n  left@1.0.0: {}\n"
		return out
	}
	for n, want := range map[int]int{12: 1, MaxManifests + 5: 2} {
		got := problemsOf(t, asking(n, "^1"), asking(n, "^2"), policy.ManifestAlone, none)
		if len(got) != want || !strings.HasPrefix(got[0], fmt.Sprintf("w000/package.json:1 w000/package.json and %d other manifests ask for something else", min(n, MaxManifests)-1)) {
			t.Errorf("%d: %q", n, got)
		}
	}
}

func TestAManifestAloneIsAWarningAtTheManifest(t *testing.T) {
	lock := locking("left@1.0.0")
	req, err := Compare(t.Context(), files{"package.json": "{}", "package-lock.json": lock}, files{"package.json": "{\n\"dependencies\":{\n\"evil\":\"1\"}}", "package-lock.json": lock}, none)
	if err != nil {
		t.Fatal(err)
	}
	req.Kind, req.Policy = report.Diff, policy.Default()
	rep, err := reviewer(proven()).Review(t.Context(), req)
	if err != nil || rep.Conclusion != policy.Success || len(rep.Findings) != 1 || len(rep.Lockfiles) != 0 {
		t.Fatalf("%v: %+v", err, rep)
	}
	if f := rep.Findings[0]; f.Rule != policy.RuleManifestWithoutLock || f.Severity != policy.Warning || f.Lockfile != "package.json" || f.Line != 3 {
		t.Errorf("%+v", f)
	}
}
