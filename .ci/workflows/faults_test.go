package workflows

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// held are all texts with actions in them: the workflows, the action, and the examples of
// its page.
func held(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{"action.yml": read(t, "action.yml")}
	files, err := filepath.Glob("../../.github/workflows/*")
	if err != nil || len(files) < 3 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, f := range files {
		out[filepath.Base(f)] = read(t, filepath.Join(".github", "workflows", filepath.Base(f)))
	}
	for _, example := range examples(t) {
		out["docs/action.md"] += example
	}
	return out
}

// examples are the whole workflows that the page shows.
func examples(t *testing.T) (out []string) {
	t.Helper()
	for _, m := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(read(t, "docs/action.md"), -1) {
		if strings.Contains(m[1], "\njobs:\n") {
			out = append(out, m[1])
		}
	}
	if len(out) != 1 {
		t.Fatalf("the page has %d workflows", len(out))
	}
	return out
}

func TestWorkflowsAreNoWayIn(t *testing.T) {
	versions := map[string]string{}
	for name, text := range held(t) {
		for _, f := range faults(name, text) {
			t.Error(f)
		}
		for _, m := range regexp.MustCompile(`uses: ([^@\s]+)@(\S+) # (\S+)`).FindAllStringSubmatch(text, -1) {
			if was, seen := versions[m[1]]; seen && was != m[2]+" "+m[3] {
				t.Errorf("%s: %s is %s %s here and %s elsewhere", name, m[1], m[2], m[3], was)
			}
			versions[m[1]] = m[2] + " " + m[3]
		}
	}
}

// What is broken on purpose is found.
func TestFaultsAreFound(t *testing.T) {
	release := read(t, ".github/workflows/release.yml")
	for name, tt := range map[string]struct{ from, to, want string }{
		"a tag in place of a commit":        {"@9c091bb21b7c1c1d1991bb908d89e4e9dddfe3e0 # v7.0.0", "@v7", "not pinned"},
		"an action in other words":          {"      - uses: actions/setup-go@4a3601121dd01d1626a1e23e37211e3254c1c06c # v6.4.0\n", "      - \"uses\": actions/setup-go@v6\n", "not pinned"},
		"an image by its tag":               {"    timeout-minutes: 45\n", "    timeout-minutes: 45\n    container: golang:1.26.8-bookworm\n", "not pinned by digest"},
		"a service by its tag":              {"    timeout-minutes: 45\n", "    timeout-minutes: 45\n    services: { db: { image: \"postgres:17\" } }\n", "not pinned by digest"},
		"a workflow of elsewhere":           {"    timeout-minutes: 45\n", "    timeout-minutes: 45\n    uses: a/b/.github/workflows/c.yml@v1\n", "workflow of elsewhere"},
		"a commit without its version":      {" # v7.0.0", "", "not pinned"},
		"permissions for all jobs":          {"permissions: {}", "permissions:\n  contents: write", "at the top"},
		"permissions that nobody named":     {"permissions: {}", "permissions: write-all", "name each"},
		"no permissions":                    {"permissions: {}\n", "", "no permissions"},
		"a build that may sign":             {"    permissions:\n      contents: read\n    steps:", "    permissions:\n      contents: read\n      id-token: write\n    steps:", "build: id-token: write is not its"},
		"nobody approves":                   {"    environment: release\n", "", "without the approval"},
		"a token that stays":                {"persist-credentials: false", "persist-credentials: true", "persist-credentials"},
		"a cache":                           {"cache: false", "cache: true", "cache"},
		"a cache by hand":                   {"actions/upload-artifact@", "actions/cache/restore@", "a cache"},
		"an expression in a script":         {`"$TAG" >`, `"${{ github.ref_name }}" >`, "expression"},
		"a script that goes on":             {"          set -euo pipefail\n          sh .github", "          sh .github", "goes on"},
		"no timeout":                        {"    timeout-minutes: 45\n", "", "no timeout"},
		"what others wrote runs as main":    {"on:\n  push:\n    tags: [\"v*\"]", "on: [push, pull_request_target]", "pull_request_target"},
		"a workflow that cannot be read":    {"jobs:", "jobs: [", "did not find"},
		"what another workflow left behind": {"on:\n  push:\n    tags: [\"v*\"]", "on:\n  workflow_run:\n    workflows: [CI]", "workflow_run"},
	} {
		t.Run(name, func(t *testing.T) {
			broken := strings.ReplaceAll(release, tt.from, tt.to)
			if broken == release {
				t.Fatalf("%q is not there", tt.from)
			}
			if found := faults("release.yml", broken); !slices.ContainsFunc(found, func(f string) bool { return strings.Contains(f, tt.want) }) {
				t.Errorf("found %q", found)
			}
		})
	}
}

// The archives, the image and what is checked are of one Go: it is part of what is built.
func TestThereIsOneGo(t *testing.T) {
	found := map[string]string{}
	for path, at := range map[string]string{
		"deploy/Dockerfile":                     `golang:([0-9.]+)-`,
		".github/workflows/ci.yml":              `golang:([0-9.]+)-`,
		".github/workflows/release.yml":         `go-version: "([^"]*)"`,
		".github/workflows/vulnerabilities.yml": `go-version: "([^"]*)"`,
		"docs/verify-bonafide.md":               `GOTOOLCHAIN=go([0-9.]+)`,
	} {
		versions := regexp.MustCompile(at).FindAllStringSubmatch(read(t, path), -1)
		if len(versions) == 0 {
			t.Errorf("%s names no Go", path)
		}
		for _, v := range versions {
			found[v[1]] += " " + path
		}
	}
	if len(found) != 1 {
		t.Errorf("they name %v", found)
	}
}

// A module that nobody renews keeps what is known to be vulnerable.
func TestEveryModuleIsKeptUpToDate(t *testing.T) {
	var dependabot struct {
		Updates []struct {
			Ecosystem   string   `yaml:"package-ecosystem"`
			Directories []string `yaml:"directories"`
		}
	}
	if err := yaml.Unmarshal([]byte(read(t, ".github/dependabot.yml")), &dependabot); err != nil {
		t.Fatal(err)
	}
	var there []string
	for _, pattern := range []string{"../../go.mod", "../*/go.mod"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			there = append(there, strings.TrimPrefix(filepath.ToSlash(filepath.Join("/.ci/workflows", filepath.Dir(f))), "."))
		}
	}
	for _, u := range dependabot.Updates {
		if u.Ecosystem == "gomod" {
			slices.Sort(there)
			slices.Sort(u.Directories)
			if !slices.Equal(there, u.Directories) {
				t.Errorf("updates are for %q, and the modules are %q", u.Directories, there)
			}
			return
		}
	}
	t.Error("Go modules are not kept up to date")
}

func TestTheExampleOfThePagePassesActionlint(t *testing.T) {
	for _, example := range examples(t) {
		cmd := exec.CommandContext(t.Context(), "go", "tool", "-modfile=.ci/actionlint/go.mod", "actionlint", "-")
		cmd.Dir, cmd.Stdin = filepath.Join("..", ".."), strings.NewReader(example)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
}

// The page names every input and output of the action, and no other.
func TestThePageNamesAllInputs(t *testing.T) {
	var action struct{ Inputs, Outputs map[string]any }
	if err := yaml.Unmarshal([]byte(read(t, "action.yml")), &action); err != nil {
		t.Fatal(err)
	}
	page := read(t, "docs/action.md")
	_, inputs, _ := strings.Cut(page, "## Inputs")
	inputs, _, _ = strings.Cut(inputs, "\n## ")
	for name := range action.Outputs {
		if !strings.Contains(inputs, "`"+name+"`") {
			t.Errorf("the output %s is not named", name)
		}
	}
	named := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]*) \\|").FindAllStringSubmatch(inputs, -1) {
		for _, m := range regexp.MustCompile("`([a-z0-9-]+)`").FindAllStringSubmatch(row[1], -1) {
			if named[m[1]] = true; action.Inputs[m[1]] == nil {
				t.Errorf("%s is named and is no input", m[1])
			}
		}
	}
	for name := range action.Inputs {
		if !named[name] {
			t.Errorf("the input %s is not named", name)
		}
	}
}

// A tag makes a release only where main, the changelog and the action know it.
func TestATagHasToBeKnown(t *testing.T) {
	script, err := filepath.Abs("../../.github/release/notes.sh")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "tag.gpgSign=false"}, args...)...)
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("CHANGELOG.md", "# Changelog\n\n## Unreleased\n\n## 1.2.3 - 2027-01-31\n\n### Added\n\n- A thing.\n\n## 1.2.2 - 2027-01-01\n\n- Older.\n")
	write(".github/action/version", "v1.2.3\n")
	git("init", "-q")
	git("add", ".")
	git("commit", "-qm", "release")
	for _, tag := range []string{"v1.2.3", "v1.2.4", "v01.2.3", "nightly"} {
		git("tag", tag)
	}
	git("update-ref", "refs/remotes/origin/main", "HEAD")
	git("commit", "-q", "--allow-empty", "-m", "aside")
	git("tag", "v1.3.0")
	git("checkout", "-q", "v1.2.3")
	try := func(tag string) (string, error) {
		out, err := exec.Command("sh", script, tag).CombinedOutput()
		return string(out), err
	}
	if out, err := try("v1.2.3"); err != nil || out != "\n### Added\n\n- A thing.\n" {
		t.Errorf("%v: %q", err, out)
	}
	for tag, says := range map[string]string{
		"v1.2.4": ".github/action/version says v1.2.3", "nightly": "is no version", "v01.2.3": "is no version", "v1.2.3\nv1": "is no version",
		"v9.0.0": "there is no tag", "v1.3.0": "is not a commit of main",
	} {
		if out, err := try(tag); err == nil || !strings.Contains(out, says) {
			t.Errorf("%q: %v, %s", tag, err, out)
		}
	}
	write(".github/action/version", "v1.2.4\n")
	if out, err := try("v1.2.4"); err == nil || !strings.Contains(out, "CHANGELOG.md has nothing") {
		t.Errorf("not in the changelog: %v, %s", err, out)
	}
}
