package publish

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func mending(severity Severity, edits ...Edit) Finding {
	return Finding{Severity: severity, Edits: edits}
}

func TestPatchMendsWhatGitAppliesToo(t *testing.T) {
	twelve := "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n"
	for _, tt := range []struct {
		name, file, before, after string
		findings                  []Finding
		left                      int
	}{
		{name: "one line is replaced", before: twelve, after: strings.Replace(twelve, "6\n", "six\n", 1),
			findings: []Finding{mending(Error, Edit{"f", 6, 6, []string{"six"}})}},
		{name: "lines are put in", before: "a\nb\n", after: "a\nx\ny\nb\n", findings: []Finding{mending(Error, Edit{"f", 2, 1, []string{"x", "y"}})}},
		{name: "at the start", before: "a\n", after: "x\na\n", findings: []Finding{mending(Error, Edit{"f", 1, 0, []string{"x"}})}},
		{name: "at the end", before: "a\n", after: "a\nx\n", findings: []Finding{mending(Error, Edit{"f", 2, 1, []string{"x"}})}},
		{name: "into an empty file", before: "", after: "x\n", findings: []Finding{mending(Error, Edit{"f", 1, 0, []string{"x"}})}},
		{name: "lines are taken away", before: "a\nb\nc\n", after: "a\n", findings: []Finding{mending(Error, Edit{"f", 2, 3, nil})}},
		{name: "all of them", before: "a\nb\n", after: "", findings: []Finding{mending(Error, Edit{"f", 1, 2, nil})}},
		{name: "carriage returns stay", before: "a\r\nb\r\nc\r\n", after: "a\r\nx\r\ny\r\nc\r\n", findings: []Finding{mending(Error, Edit{"f", 2, 2, []string{"x", "y"}})}},
		{name: "no newline at the end stays", before: "a\nb", after: "a\nx", findings: []Finding{mending(Error, Edit{"f", 2, 2, []string{"x"}})}},
		{name: "no newline at the end, and more lines", before: "a\r\nb", after: "a\r\nb\r\nx", findings: []Finding{mending(Error, Edit{"f", 3, 2, []string{"x"}})}},
		{name: "no newline at the end, and fewer lines", before: "a\nb", after: "a", findings: []Finding{mending(Error, Edit{"f", 2, 2, nil})}},
		{name: "several places", before: strings.Repeat(twelve, 3), after: "1\n" + strings.TrimPrefix(strings.Repeat(twelve, 3), "1\n2\n") + "end\n",
			findings: []Finding{mending(Error, Edit{"f", 2, 2, nil}, Edit{"f", 37, 36, []string{"end"}})}},
		{name: "a blank and a quote in the name", file: `.github/a "b" ü.yml`, before: "a\n", after: "b\n", findings: []Finding{mending(Error, Edit{`.github/a "b" ü.yml`, 1, 1, []string{"b"}})}},
		{name: "a blank in the name", file: "a b/c d.yml", before: "a\n", after: "b\n", findings: []Finding{mending(Error, Edit{"a b/c d.yml", 1, 1, []string{"b"}})}},
		{name: "the graver one first", before: "a\nb\nc\n", after: "a\nerror\nc\n", left: 1,
			findings: []Finding{mending(Notice, Edit{"f", 1, 2, []string{"notice"}}), mending(Error, Edit{"f", 2, 2, []string{"error"}})}},
		{name: "the same twice is made once", before: "a\nb\n", after: "a\nx\nb\n",
			findings: []Finding{mending(Error, Edit{"f", 2, 1, []string{"x"}}), mending(Warning, Edit{"f", 2, 1, []string{"x"}})}},
		{name: "two at one place", before: "a\nb\n", after: "a\nx\nb\n", left: 1,
			findings: []Finding{mending(Error, Edit{"f", 2, 1, []string{"x"}}), mending(Warning, Edit{"f", 2, 1, []string{"y"}})}},
		{name: "before a line that is replaced", before: "a\nb\n", after: "a\nx\ny\n",
			findings: []Finding{mending(Error, Edit{"f", 2, 2, []string{"y"}}), mending(Warning, Edit{"f", 2, 1, []string{"x"}})}},
		{name: "into lines that are replaced", before: "a\nb\nc\n", after: "z\nc\n", left: 1,
			findings: []Finding{mending(Error, Edit{"f", 1, 2, []string{"z"}}), mending(Warning, Edit{"f", 2, 1, []string{"x"}})}},
		{name: "all of a finding or nothing", before: "a\nb\n", after: "z\nb\n", left: 1,
			findings: []Finding{mending(Error, Edit{"f", 1, 1, []string{"z"}}), mending(Warning, Edit{"f", 1, 1, []string{"y"}}, Edit{"f", 2, 2, []string{"y"}})}},
		{name: "a finding that overlaps itself", before: "a\nb\n", after: "a\nb\n", left: 1, findings: []Finding{mending(Error, Edit{"f", 1, 2, nil}, Edit{"f", 2, 2, nil})}},
		{name: "nothing to mend", before: "a\n", after: "a\n", left: 1, findings: []Finding{mending(Error)}},
		{name: "the same text again", before: "a\n", after: "a\n", findings: []Finding{mending(Error, Edit{"f", 1, 1, []string{"a"}})}},
		{name: "a file that is not there", before: "a\n", after: "a\n", left: 1, findings: []Finding{mending(Error, Edit{"g", 1, 0, []string{"x"}})}},
		{name: "lines that are not there", before: "a\n", after: "a\n", left: 4, findings: []Finding{
			mending(Error, Edit{"f", 0, 1, nil}), mending(Error, Edit{"f", 2, 2, nil}), mending(Error, Edit{"f", 3, 2, []string{"x"}}), mending(Error, Edit{"f", 2, 0, nil})}},
		{name: "a line that is two", before: "a\n", after: "a\n", left: 1, findings: []Finding{mending(Error, Edit{"f", 1, 1, []string{"x\ny"}})}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := tt.file
			if file == "" {
				file = "f"
			}
			files := Files{file: []byte(tt.before)}
			unified, mended, left := Patch(files, tt.findings)
			got, changed := mended[file]
			if !changed {
				got = files[file]
			}
			if string(got) != tt.after || len(left) != tt.left {
				t.Errorf("%q, %d left", got, len(left))
			}
			if changed != (tt.before != tt.after) || changed != (len(unified) > 0) {
				t.Errorf("changed %v with the patch\n%s", changed, unified)
			}
			if string(files[file]) != tt.before {
				t.Error("the file that was given is changed")
			}
			if after := gitApply(t, files, unified)[file]; after != tt.after {
				t.Errorf("git makes %q of\n%s", after, unified)
			}
		})
	}
}

// gitApply is what git makes of files with a patch.
func gitApply(t *testing.T, files Files, patch []byte) map[string]string {
	t.Helper()
	git, err := exec.LookPath("git")
	if err != nil {
		t.Skip("skipped: git is not installed")
	}
	dir := t.TempDir()
	for name, data := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if len(patch) > 0 {
		cmd := exec.Command(git, "apply", "--whitespace=nowarn", "-")
		cmd.Dir, cmd.Stdin = dir, strings.NewReader(string(patch))
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git apply: %v\n%s\n%s", err, out, patch)
		}
	}
	out := map[string]string{}
	for name := range files {
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		out[name] = string(data)
	}
	return out
}

func TestDiffSaysNewFiles(t *testing.T) {
	const want = "diff --git a/x b/x\nnew file mode 100644\n--- /dev/null\n+++ b/x\n@@ -0,0 +1,2 @@\n+a\n+b\n\\ No newline at end of file\n"
	if got := string(Diff(Files{}, Files{"x": []byte("a\nb")})); got != want {
		t.Errorf("got\n%s", got)
	}
}

// git makes the same text, for one random text and another.
func TestDiffsOfRandomTextsApply(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	text := func() []byte {
		var lines []string
		for range random.IntN(30) {
			lines = append(lines, fmt.Sprint(random.IntN(4)))
		}
		return []byte(strings.Join(lines, "\n") + []string{"", "\n"}[random.IntN(2)])
	}
	before, after := Files{}, Files{}
	for i := range 200 {
		name := fmt.Sprintf("%03d", i)
		before[name], after[name] = text(), text()
	}
	got := gitApply(t, before, Diff(before, after))
	for name := range after {
		if got[name] != string(after[name]) {
			t.Errorf("%q became %q, not %q", before[name], got[name], after[name])
		}
	}
}

func FuzzPatch(f *testing.F) {
	f.Add("a\nb\nc", 1, 2, "x", 3, 2, "y")
	f.Add("a\r\nb\r\n", 3, 2, "x", 1, 0, "")
	f.Fuzz(func(t *testing.T, text string, from1, to1 int, line1 string, from2, to2 int, line2 string) {
		files := Files{"f": []byte(text)}
		findings := []Finding{mending(Error, Edit{"f", from1, to1, []string{line1}}), mending(Warning, Edit{"f", from2, to2, []string{line2}})}
		unified, mended, left := Patch(files, findings)
		if len(mended) > 1 || (len(mended) == 1) != (len(unified) > 0) || len(left) > 2 {
			t.Errorf("%d files with the patch\n%s", len(mended), unified)
		}
	})
}
