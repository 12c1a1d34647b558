package publish

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the corpus's golden files and mended files anew")

// corpus are small repositories, written here, of the ways people go wrong and right:
//
//	before/          the repository github.com/example/widgets, as it is
//	expected.txt     what is to be found, written by hand from the documentation it names
//	expected.golden  the whole report and the patch, written by -update
//	after/           the files that the patch mends, written by -update
func corpus(t *testing.T) []string {
	t.Helper()
	cases, err := filepath.Glob("testdata/corpus/*")
	if err != nil || len(cases) < 30 {
		t.Fatalf("only %d cases: %v", len(cases), err)
	}
	return cases
}

// filesBelow are the files below a folder, by their path in it.
func filesBelow(t *testing.T, dir string) Files {
	t.Helper()
	files := Files{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		files[filepath.ToSlash(name)] = data
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return files
}

// thought is what expected.txt says, without its comments: what is known of the
// repository, and the lines of ways, findings and unread files.
func thought(t *testing.T, dir string) (facts Facts, lines []string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "expected.txt"))
	if err != nil {
		t.Fatal(err)
	}
	facts = Facts{Repository: "github.com/example/widgets", Private: new(bool), DefaultBranch: "main"}
	for line := range strings.Lines(string(data)) {
		switch line = strings.TrimSpace(line); {
		case line == "", strings.HasPrefix(line, "#"), strings.HasPrefix(line, "exit "): // the command's, tested with it
		case line == "private":
			*facts.Private = true
		default:
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	return facts, lines
}

// said is a report in the lines of expected.txt.
func said(r Report) (lines []string) {
	for _, u := range r.Unread {
		lines = append(lines, "unread "+u.File)
	}
	for _, f := range r.Findings {
		lines = append(lines, fmt.Sprintf("finding %s %s %s:%d", f.Severity, f.Rule, f.File, f.Line))
	}
	for _, w := range r.Ways {
		lines = append(lines, fmt.Sprintf("way %s:%d %s %q provenance=%s trusted=%s", w.File, w.Line, w.Registry, w.Tool, w.Provenance, w.Trusted))
	}
	slices.Sort(lines)
	return lines
}

func TestCorpusSaysWhatTheDocumentationDoes(t *testing.T) {
	for _, dir := range corpus(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			facts, want := thought(t, dir)
			got := said(Check(filesBelow(t, filepath.Join(dir, "before")), facts))
			for _, line := range got {
				if !slices.Contains(want, line) {
					t.Errorf("not expected: %s", line)
				}
			}
			for _, line := range want {
				if !slices.Contains(got, line) {
					t.Errorf("missing: %s", line)
				}
			}
		})
	}
}

func TestCorpusIsMended(t *testing.T) {
	for _, dir := range corpus(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			files := filesBelow(t, filepath.Join(dir, "before"))
			facts, _ := thought(t, dir)
			report := Check(files, facts)
			patch, mended, left := Patch(files, report.Findings)
			golden(t, dir, written(report, patch), mended)

			whole := Files{}
			for path, data := range files {
				whole[path] = data
			}
			for path, data := range mended {
				whole[path] = data
			}
			again := Check(whole, facts)
			if len(again.Unread) > len(report.Unread) {
				t.Errorf("a mended file cannot be read: %v", again.Unread)
			}
			for _, f := range report.Findings {
				undone := slices.ContainsFunc(left, func(l Finding) bool { return l.Rule == f.Rule && l.File == f.File && l.Line == f.Line })
				if len(f.Edits) > 0 && undone {
					t.Errorf("%s at %s:%d has edits, and they were not made", f.Rule, f.File, f.Line)
				}
				if len(f.Edits) > 0 && count(again, f) >= count(report, f) {
					t.Errorf("%s at %s:%d is still there after it was mended", f.Rule, f.File, f.Line)
				}
			}
			for _, f := range again.Findings {
				if f.Severity != Notice && count(report, f) == 0 {
					t.Errorf("mending brought %s %s at %s:%d: %s", f.Severity, f.Rule, f.File, f.Line, f.Message)
				}
			}
		})
	}
}

// count is how often a rule found something as grave in a file; lines move.
func count(r Report, f Finding) (n int) {
	for _, other := range r.Findings {
		if other.Rule == f.Rule && other.File == f.File && gravity(other.Severity) <= gravity(f.Severity) {
			n++
		}
	}
	return n
}

// written is the whole report as text.
func written(r Report, patch []byte) []byte {
	var b bytes.Buffer
	for _, w := range r.Ways {
		fmt.Fprintf(&b, "%s:%d: %s, %s\n  workflow %q, job %q, step %q\n  packages %q\n  provenance: %s, trusted publishing: %s\n", w.File, w.Line, w.Registry, w.Tool, w.Workflow, w.Job, w.Step, w.Packages, w.Provenance, w.Trusted)
		for _, why := range w.Why {
			fmt.Fprintf(&b, "  - %s\n", why)
		}
	}
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "\n%s %s %s:%d-%d\n  %s\n  %s\n  %s\n  %s\n", f.Severity, f.Rule, f.File, f.Line, f.EndLine, f.Message, f.Why, f.Help, f.Source)
	}
	for _, u := range r.Unread {
		fmt.Fprintf(&b, "\nunread %s:%d: %s\n", u.File, u.Line, u.Reason)
	}
	if len(patch) > 0 {
		fmt.Fprintf(&b, "\n%s", patch)
	}
	return b.Bytes()
}

// golden holds expected.golden and after/ against what came out; -update writes them.
func golden(t *testing.T, dir string, text []byte, mended Files) {
	t.Helper()
	path, after := filepath.Join(dir, "expected.golden"), filepath.Join(dir, "after")
	if *update {
		err := errors.Join(os.WriteFile(path, text, 0o644), os.RemoveAll(after))
		for name, data := range mended {
			file := filepath.Join(after, filepath.FromSlash(name))
			err = errors.Join(err, os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, data, 0o644))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != string(text) {
		t.Errorf("%s is not what is said now (go test ./app/publish -run Corpus -update writes it):\n%s", path, text)
	}
	were := filesBelow(t, after)
	for name, data := range mended {
		if string(were[name]) != string(data) {
			t.Errorf("%s/%s is not what the mend gives now:\n%s", after, name, data)
		}
	}
	for name := range were {
		if _, ok := mended[name]; !ok {
			t.Errorf("%s/%s: the mend does not touch it", after, name)
		}
	}
}

// A patch is what git takes, and gives the mended files.
func TestCorpusPatchesApply(t *testing.T) {
	git, err := exec.LookPath("git")
	if err != nil {
		t.Skip("skipped: git is not on PATH")
	}
	for _, dir := range corpus(t) {
		files := filesBelow(t, filepath.Join(dir, "before"))
		facts, _ := thought(t, dir)
		patch, mended, _ := Patch(files, Check(files, facts).Findings)
		if len(patch) == 0 {
			continue
		}
		t.Run(filepath.Base(dir), func(t *testing.T) {
			work := t.TempDir()
			if err := os.CopyFS(work, os.DirFS(filepath.Join(dir, "before"))); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(git, "apply", "-")
			cmd.Dir, cmd.Stdin = work, bytes.NewReader(patch)
			cmd.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(work))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			now := filesBelow(t, work)
			for name, data := range mended {
				if string(now[name]) != string(data) {
					t.Errorf("%s after git apply:\n%s", name, now[name])
				}
			}
		})
	}
}

// actionlint reads every mended workflow, all in one run: it is built the first time. Each
// case is a checkout to it, so that it finds the workflows and actions that are called.
func TestCorpusActionlintAcceptsWhatIsMended(t *testing.T) {
	tool, err := filepath.Abs("../../.ci/actionlint/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if testing.Short() {
		t.Skip("skipped: -short; it builds actionlint")
	}
	work := t.TempDir()
	args := []string{"tool", "-modfile=" + tool, "actionlint", "-no-color", "-shellcheck=", "-pyflakes="}
	for _, dir := range corpus(t) {
		checkout := filepath.Join(work, filepath.Base(dir))
		err := os.MkdirAll(filepath.Join(checkout, ".git"), 0o755)
		whole := filesBelow(t, filepath.Join(dir, "before"))
		for name, data := range filesBelow(t, filepath.Join(dir, "after")) {
			whole[name] = data
			if strings.HasPrefix(name, ".github/workflows/") {
				args = append(args, filepath.Join(checkout, filepath.FromSlash(name)))
			}
		}
		for name, data := range whole {
			file := filepath.Join(checkout, filepath.FromSlash(name))
			err = errors.Join(err, os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, data, 0o644))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(args) < 20 {
		t.Fatalf("only %d workflows are mended", len(args))
	}
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
