package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// The cases that app/publish holds by their findings end as their expected.txt says, and
// --fix writes what lies in after/.
func TestPublishCheckOfTheCorpusEndsAsExpected(t *testing.T) {
	cases, err := filepath.Glob("../../app/publish/testdata/corpus/*")
	if err != nil || len(cases) < 30 {
		t.Fatalf("only %d cases: %v", len(cases), err)
	}
	exit := regexp.MustCompile(`(?m)^exit ([0-3])$`)
	for _, dir := range cases {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			expected, err := os.ReadFile(filepath.Join(dir, "expected.txt"))
			if err != nil {
				t.Fatal(err)
			}
			want := exit.FindSubmatch(expected)
			if want == nil {
				t.Fatal("expected.txt says no exit status")
			}
			p := &project{t, t.TempDir()}
			if err := os.CopyFS(p.dir, os.DirFS(filepath.Join(dir, "before"))); err != nil {
				t.Fatal(err)
			}
			p.git("init", "-q")
			p.git("remote", "add", "origin", "https://github.com/example/widgets.git")
			status, out, stderr := command(t, "publish-check", p.dir)
			if fmt.Sprint(status) != string(want[1]) {
				t.Errorf("it ends with %d, not %s\n%s%s", status, want[1], out, stderr)
			}
			if _, _, stderr = command(t, "publish-check", "--fix", p.dir); stderr != "" {
				t.Errorf("--fix: %s", stderr)
			}
			after := filepath.Join(dir, "after")
			err = filepath.WalkDir(after, func(path string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				mended, err := os.ReadFile(path)
				name, _ := filepath.Rel(after, path)
				if p.read(filepath.ToSlash(name)) != string(mended) {
					t.Errorf("%s after --fix:\n%s", name, p.read(filepath.ToSlash(name)))
				}
				return err
			})
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
		})
	}
}
