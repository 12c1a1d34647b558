package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// checkoutShop is a checkout of a repository whose main has tide@1.0.0 in web/, with a branch
// update that is checked out.
func checkoutShop(t *testing.T) *shop {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("skipped: git is not on PATH")
	}
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	s := newShop(t)
	s.write(".gitignore", "*.json\n!package-lock.json\nbuild/\n") // the trust material is not the repository's
	s.write("web/package-lock.json", s.lock("tide@1.0.0"))
	s.git("init", "-q")
	s.git("add", "web", ".gitignore")
	s.git("commit", "-qm", "base")
	s.git("checkout", "-qb", "update")
	t.Chdir(s.dir)
	return s
}

// compared are the packages that a diff lists, as NAME FROM LOCKFILE.
func (s *shop) compared(args ...string) (changes []string, stderr string) {
	s.t.Helper()
	_, out, stderr := s.run(append([]string{"diff", "--format", "json"}, args...)...)
	var doc document
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		s.t.Fatalf("%v\n%s%s", err, out, stderr)
	}
	for _, p := range doc.Packages {
		changes = append(changes, strings.TrimPrefix(p.Purl, "pkg:npm/")+" "+p.From+" "+p.Lockfile)
	}
	for _, f := range doc.Findings {
		if f.Rule == "install-config-changed" || f.Rule == "policy" && !strings.Contains(f.Message, "token") {
			changes = append(changes, f.Message)
		}
	}
	return changes, stderr
}

// A folder of a checkout that is laid out as a repository would have git believe what it
// says, and run what it names: here to fetch a commit that it lacks.
func TestDiffTakesNoRepositoryThatWasCheckedOut(t *testing.T) {
	s := checkoutShop(t)
	commit, err := exec.Command("git", "rev-parse", "main").Output()
	s.must(err)
	ran := filepath.Join(t.TempDir(), "ran")
	s.write("web/HEAD", "ref: refs/heads/main\n")
	s.write("web/refs/heads/main", string(commit))
	s.write("web/objects/info/alternates", "../../.git/objects\n")
	s.write("web/config", "[core]\n\trepositoryformatversion = 1\n\tbare = true\n[extensions]\n\tpartialClone = origin\n"+
		"[remote \"origin\"]\n\tpromisor = true\n\turl = ..\n\tuploadpack = \"touch '"+ran+"'; false\"\n")
	t.Chdir(filepath.Join(s.dir, "web"))
	for _, args := range [][]string{{"diff"}, {"diff", "main"}, {"diff", "main", "main"}, {"diff", strings.Repeat("1", 40), "main"}} {
		if status, out, stderr := s.run(args...); status != exitUsage || !strings.Contains(stderr, "can bring such a folder") {
			t.Errorf("%q: status %d\n%s%s", args, status, out, stderr)
		}
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("what it names was run")
	}
	// One's own is named.
	bare := filepath.Join(t.TempDir(), "bare")
	s.git("clone", "-q", "--bare", s.dir, bare)
	t.Chdir(bare)
	t.Setenv("GIT_DIR", ".")
	if status, out, stderr := s.run("diff", "main", "main"); status != 0 {
		t.Errorf("status %d\n%s%s", status, out, stderr)
	}
}

func TestDiffInACheckoutLooksAtTheWorkingTree(t *testing.T) {
	s := checkoutShop(t)
	if changes, stderr := s.compared(); len(changes) != 0 || !strings.Contains(stderr, "comparing the working tree with main (merge base ") {
		t.Errorf("nothing changed, and it lists %v\n%s", changes, stderr)
	}
	s.write("web/package-lock.json", s.lock("tide@1.0.1"))
	s.write("api/package-lock.json", s.lock("sand@2.0.0"))                // new, and not known to git
	s.write("build/package-lock.json", s.lock("tide@1.0.1"))              // ignored
	s.write("api/node_modules/x/package-lock.json", s.lock("tide@1.0.1")) // installed
	s.must(os.Chdir(filepath.Join(s.dir, "api")))
	want := []string{"sand@2.0.0  api/package-lock.json", "tide@1.0.1 1.0.0 web/package-lock.json"}
	if changes, _ := s.compared(); !slices.Equal(changes, want) {
		t.Errorf("in a subfolder it lists %q", changes)
	}
	if changes, stderr := s.compared("main"); !slices.Equal(changes, want) || !strings.Contains(stderr, "working tree with main") {
		t.Errorf("with a base it lists %q\n%s", changes, stderr)
	}
	// What is committed counts as well, from where the branches part, and so for a detached HEAD.
	s.git("add", "web")
	s.git("commit", "-qm", "update")
	s.git("checkout", "-q", "main")
	s.write("shop/package-lock.json", s.lock("sand@2.0.0"))
	s.git("add", "shop")
	s.git("commit", "-qm", "the base moves on")
	s.git("checkout", "-q", "--detach", "update")
	if changes, _ := s.compared(); !slices.Equal(changes, want) {
		t.Errorf("it lists %q", changes)
	}
	s.git("update-ref", "refs/remotes/origin/trunk", "update")
	s.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")
	if changes, stderr := s.compared(); !slices.Equal(changes, want[:1]) || !strings.Contains(stderr, "working tree with origin/trunk") {
		t.Errorf("against the remote's default branch it lists %q\n%s", changes, stderr)
	}
	s.must(os.Remove(filepath.Join(s.dir, "web", "package-lock.json")))
	if changes, _ := s.compared("update"); !slices.Contains(changes, want[0]) || slices.Contains(changes, want[1]) {
		t.Errorf("with a lockfile deleted it lists %q", changes)
	}
}

func TestOtherLineEndsOnTheDiskAreNoChange(t *testing.T) {
	s := checkoutShop(t)
	s.write(".npmrc", "registry=https://registry.npmjs.org/\n")
	s.write(".github/bonafide.yml", "version: 1\nmode: enforce\n")
	s.git("add", ".npmrc", ".github")
	s.git("commit", "-qm", "settings")
	for _, name := range []string{".npmrc", ".github/bonafide.yml", "web/package-lock.json"} {
		text, err := os.ReadFile(filepath.Join(s.dir, name))
		s.must(err)
		s.write(name, strings.ReplaceAll(string(text), "\n", "\r\n"))
	}
	if changes, _ := s.compared("update"); len(changes) != 0 {
		t.Errorf("it lists %q", changes)
	}
	s.write(".npmrc", "registry=https://registry.example/\n")
	if changes, _ := s.compared("update"); len(changes) != 1 {
		t.Errorf("a changed .npmrc: it lists %q", changes)
	}
}

func TestDiffInACheckoutBelievesThePolicyOfTheBase(t *testing.T) {
	s := checkoutShop(t)
	s.write("web/package-lock.json", s.lock("tide@1.0.1"))
	s.write(".github/bonafide.yml", "version: 1\nmode: observe\n")
	if status, out, stderr := s.run("diff"); status != exitFailed || !strings.Contains(out, "provenance-lost") {
		t.Errorf("status %d\n%s%s", status, out, stderr)
	}
}

// Nothing that a repository brings along may run: it may have been downloaded to be looked at.
func TestDiffRunsNothingOfTheRepository(t *testing.T) {
	s := checkoutShop(t)
	trap := s.write("trap.sh", "#!/bin/sh\ntouch '"+filepath.Join(s.dir, "sprung")+"'\ncat\n")
	s.must(os.Chmod(trap, 0o755))
	s.write("hooks/post-index-change", "#!/bin/sh\nexec '"+trap+"'\n")
	s.must(os.Chmod(filepath.Join(s.dir, "hooks", "post-index-change"), 0o755))
	s.write(".gitattributes", "*.json filter=trap diff=trap\n")
	for key, value := range map[string]string{
		"core.fsmonitor": trap, "core.hooksPath": "hooks", "filter.trap.clean": trap, "filter.trap.smudge": trap, "filter.trap.process": trap,
		"diff.trap.textconv": trap, "diff.trap.command": trap, "diff.external": trap, "core.pager": trap, "core.sshCommand": trap,
	} {
		s.git("config", key, value)
	}
	_ = os.Remove(filepath.Join(s.dir, "sprung")) // git config itself may look around
	s.write("web/package-lock.json", s.lock("tide@1.0.1"))
	if changes, _ := s.compared(); len(changes) != 1 {
		t.Errorf("it lists %q", changes)
	}
	if _, err := os.Lstat(filepath.Join(s.dir, "sprung")); err == nil {
		t.Error("something of the repository ran")
	}
}

func TestDiffSaysWhatItNeeds(t *testing.T) {
	s := checkoutShop(t)
	elsewhere := t.TempDir()
	// in is a folder, made by git where there are arguments for it.
	in := func(name string, args ...string) string {
		dir := filepath.Join(elsewhere, name)
		if len(args) == 0 {
			s.must(os.Mkdir(dir, 0o755))
		} else if out, err := exec.Command("git", append(args, dir)...).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return dir
	}
	origin := "file://" + s.dir
	s.git("checkout", "-q", "--orphan", "other")
	s.git("commit", "-qm", "no parent")
	// A clone that holds the tips alone cannot know where they part.
	s.git("checkout", "-q", "-f", "update")
	s.git("commit", "-q", "--allow-empty", "-m", "one more")
	s.git("checkout", "-q", "main")
	s.git("commit", "-q", "--allow-empty", "-m", "one more here")
	s.git("checkout", "-q", "other")
	parted := in("parted", "clone", "-q", "--depth=1", "--no-single-branch", "--branch=update", origin)
	for _, tt := range []struct {
		name, dir string
		args      []string
		says      string
	}{
		{"in no checkout", in("nothing"), nil, "in no git checkout; go into one, or give two"},
		{"in a bare repository", in("bare", "clone", "-q", "--bare", origin), nil, "has no working tree here (it is bare"},
		{"in its .git", filepath.Join(s.dir, ".git"), nil, "has no working tree here"},
		{"on a branch without a commit", in("unborn", "init", "-q"), nil, "no commit yet, so there is nothing to compare with; bonafide audit"},
		{"without a default branch", in("alone", "clone", "-q", "--origin=fork", "--branch=update", origin), nil, "name one: bonafide diff BASE"},
		{"in a shallow clone", parted, []string{"origin/main"}, "git fetch --unshallow"},
		{"of what has nothing in common", s.dir, []string{"main"}, "main and HEAD have no commit in common"},
		{"with a ref that is not there", s.dir, []string{"mian"}, `"mian" is no file, no directory and no git ref here; look at the spelling`},
		{"with one folder", s.dir, []string{"web"}, "web is a directory: give the one to compare it with, too"},
		{"with one file", s.dir, []string{"web/package-lock.json"}, "web/package-lock.json is a file: give the one"},
		{"with a file that is not there", s.dir, []string{"web/package-lock.json", "wbe/package-lock.json"}, "wbe/package-lock.json is not: no such file"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Chdir(tt.dir)
			if status, out, stderr := s.run(append([]string{"diff"}, tt.args...)...); status != exitUsage || !strings.Contains(stderr, tt.says) || out != "" {
				t.Errorf("status %d, %q is wanted in\n%s%s", status, tt.says, out, stderr)
			}
		})
	}
	t.Run("without git", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		for _, args := range [][]string{{"diff"}, {"diff", "main"}, {"diff", "main", "update"}} {
			if status, _, stderr := s.run(args...); status != exitUsage || !strings.Contains(stderr, "git is not installed") {
				t.Errorf("%v: status %d\n%s", args, status, stderr)
			}
		}
	})
}
