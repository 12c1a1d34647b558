package main

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/config"
)

// designExample is the policy file of the documentation that sets everything, with an
// exception that outlives this test.
func designExample(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/configure.md")
	if err != nil {
		t.Fatal(err)
	}
	longest := ""
	for _, part := range strings.Split(string(page), "```yaml\n")[1:] {
		if block, _, _ := strings.Cut(part, "```"); len(block) > len(longest) {
			longest = block
		}
	}
	return strings.Replace(longest, "expires: 2027-03-01", "expires: 2999-03-01", 1)
}

func TestPolicyCheck(t *testing.T) {
	s := newShop(t)
	good := s.write("bonafide.yml", designExample(t))
	bad := s.write("bad.yml", "version: 1\nmoed: x\nrules: {repinned: loud}\n")
	old := s.write("old.yml", "version: 1\nexceptions:\n  - {package: 'npm:tide', rules: [too-new], reason: r, owner: me, expires: 2020-01-01}\n")
	s.must(os.Mkdir(filepath.Join(s.dir, "empty"), 0o755))
	for _, c := range []struct {
		path   string
		status int
		out    string
		err    string
	}{
		{good, exitPassed, "is in order", ""},
		{s.dir, exitPassed, "packages: 1 with settings of their own", ""},
		{filepath.Join(s.dir, "empty"), exitPassed, "has no policy file: the defaults hold", ""},
		{old, exitPassed, old + ":3: this exception, for npm:tide, has expired on 2020-01-01", ""},
		{bad, exitUsage, "", bad + ":2:1: the policy does not know the key \"moed\". Did you mean mode?\n" + bad + ":3:19: the rule repinned must be"},
		{filepath.Join(s.dir, "none.yml"), exitUsage, "", "no such file"},
	} {
		status, out, stderr := command(t, "policy", "check", c.path)
		if status != c.status || !strings.Contains(out, c.out) || !strings.Contains(stderr, c.err) || (c.err != "") != (out == "") {
			t.Errorf("%s: status %d\n%s%s", c.path, status, out, stderr)
		}
	}
}

func TestPolicyExplain(t *testing.T) {
	s := newShop(t)
	text := designExample(t)
	file := s.write("bonafide.yml", text)
	line := func(part string) string {
		before, _, ok := strings.Cut(text, part)
		if !ok {
			t.Fatalf("%q is not in the example", part)
		}
		return "line " + string(mustJSON(t, 1+strings.Count(before, "\n")))
	}
	_, out, _ := command(t, "policy", "explain", "npm:@my-org/http@1.0.0", "--policy", file)
	for _, want := range []string{
		"npm:@my-org/http@1.0.0\npolicy: " + file,
		"block  npm:@my-org/*, " + line("- match") + ", sets require, identity",
		line("- match") + " (npm:@my-org/*); goes before \"none\" of the whole repository, " + line("  require: none"),
		"github.com/my-org/*, workflow .github/workflows/release.yml, ref refs/tags/*",
		line("  too-new:"),
		"No exception is for it.",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	for id, want := range map[string]string{
		"npm:esbuild@0.21.5": "exception  npm:esbuild@>=0.21 <1, " + line("- package") + ", until 2999-03-01",
		"esbuild":            "for some of its versions alone",
		"npm:esbuild@1.0.0":  "No exception is for it.",
	} {
		if status, out, stderr := command(t, "policy", "explain", id, "--policy", file); status != exitPassed || !strings.Contains(out, want) {
			t.Errorf("%s: status %d\n%s%s", id, status, out, stderr)
		}
	}
	_, out, _ = command(t, "policy", "explain", "npm:@my-org/http", "--policy", file, "--format", "json")
	var doc struct {
		Settings, Rules map[string]struct {
			Value, Block string
			Line         int
		}
	}
	s.must(json.Unmarshal([]byte(out), &doc))
	if r := doc.Settings["require"]; r.Value != "all" || r.Block != "npm:@my-org/*" || r.Line == 0 || doc.Rules["too-new"].Value != "warning" {
		t.Errorf("%s", out)
	}
	// What an organisation's own file holds others to holds for itself.
	floor := s.write("floor.yml", strings.Join([]string{"version: 1", "packages:", `  - {match: "npm:@my-org/*", require: none, rules: {burst: "off"}, identity: {repository: github.com/my-org/*}}`,
		"enforce:", "  cooldown: 7d", "  packages:", `    - {match: "npm:@my-org/http", require: all, rules: {burst: error}, identity: {repository: github.com/my-org/http}}`, ""}, "\n"))
	_, out, _ = command(t, "policy", "explain", "npm:@my-org/http", "--policy", floor)
	by := "floor.yml:7 (the organisation's floor, npm:@my-org/http)"
	for key, want := range map[string]string{"require": "all", "cooldown": "7d", "identity": "github.com/my-org/*", "identity, too": "github.com/my-org/http", "burst": "error"} {
		row := ""
		for line := range strings.Lines(out) {
			if strings.HasPrefix(line, key+" ") {
				row = line
			}
		}
		says := map[string]string{"identity": "line 3 (npm:@my-org/*)", "cooldown": "the organisation's floor"}[key]
		if !strings.Contains(row, " "+want+" ") || !strings.Contains(row, cmp.Or(says, by)) {
			t.Errorf("%s: %q", key, row)
		}
	}
	for _, id := range []string{"npm:", "pypi:requests", "npm:a b"} {
		if status, out, stderr := command(t, "policy", "explain", id, "--policy", file); status != exitUsage {
			t.Errorf("%s: status %d\n%s%s", id, status, out, stderr)
		}
	}
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestPolicyInit(t *testing.T) {
	s := newShop(t)
	lockfile := s.write("package-lock.json", s.lock("tide@1.0.0", "sand@2.0.0"))
	gone := s.write("gone/package-lock.json", strings.ReplaceAll(s.lock("sand@2.0.0"), "sand", "ghost"))
	broken := s.write("broken/package-lock.json", "{")
	status, out, stderr := s.run("policy", "init", "--from", lockfile)
	p, err := config.ParsePolicy("f", []byte(out))
	if status != exitPassed || err != nil || len(p.Packages) != 1 || p.Packages[0].Match != "npm:tide" ||
		p.Packages[0].Identity.Repository != "github.com/harbour/tide" || p.Packages[0].Identity.Ref != "refs/heads/main" {
		t.Errorf("status %d, %v\n%s%s", status, err, out, stderr)
	}
	held := s.write("held.yml", out)
	if status, out, stderr := s.run("audit", lockfile, "--policy", held); status != exitPassed {
		t.Errorf("the lockfile does not hold its own pins: status %d\n%s%s", status, out, stderr)
	}
	moved := s.write("moved/package-lock.json", s.lock("tide@1.0.1"))
	if status, out, stderr := s.run("audit", moved, "--policy", held); status != exitFailed || !strings.Contains(out, "identity-pinned") {
		t.Errorf("status %d\n%s%s", status, out, stderr)
	}
	file := filepath.Join(s.dir, "new.yml")
	if status, out, stderr := s.run("policy", "init", "--write", file); status != exitPassed || out != "" {
		t.Errorf("status %d\n%s%s", status, out, stderr)
	}
	if status, _, stderr := s.run("policy", "init", "--write", file); status != exitUsage || !strings.Contains(stderr, "exists") {
		t.Errorf("it overwrites: status %d %s", status, stderr)
	}
	if status, out, _ := s.run("policy", "init", "--from", broken); status != exitUsage || out != "" {
		t.Errorf("a broken lockfile: status %d\n%s", status, out)
	}
	if status, out, _ := s.run("policy", "init", "--from", gone, "--offline"); status != exitCouldNotCheck || out != "" {
		t.Errorf("nobody answers: status %d\n%s", status, out)
	}
}

func TestAnAuditOfAFolderSaysWhichExceptionsAreForNothing(t *testing.T) {
	s := newShop(t)
	s.write("web/package-lock.json", s.lock("sand@2.0.0"))
	s.write("web/bonafide.yml", "version: 1\nexceptions:\n  - {package: 'npm:tide', rules: [too-new], reason: r, owner: me, expires: 2999-01-01}\n")
	if status, out, _ := s.run("audit", filepath.Join(s.dir, "web")); status != exitPassed || !strings.Contains(out, "matches no package") {
		t.Errorf("status %d\n%s", status, out)
	}
	if _, out, _ := s.run("audit", filepath.Join(s.dir, "web", "package-lock.json"), "--policy", filepath.Join(s.dir, "web", "bonafide.yml")); strings.Contains(out, "matches no package") {
		t.Errorf("one lockfile says nothing about the others\n%s", out)
	}
}
