package app_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/sandbox/forge"
)

var update = flag.Bool("update", false, "write the golden files anew")

// rendered is all that people see of a sample: the check run and what stands on its pull
// requests. What differs from run to run is made the same: hashes, addresses, dates and times.
func rendered(check forge.CheckRun, pulls []*forge.Pull) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", check.Conclusion, check.Title)
	for _, action := range check.Actions {
		fmt.Fprintf(&b, "[%s] %s\n", action.Label, action.Description)
	}
	fmt.Fprintf(&b, "\n=== summary\n%s\n=== text\n%s\n=== annotations\n", check.Summary, check.Text)
	for _, a := range check.Annotations {
		fmt.Fprintf(&b, "%s:%d %s [%s]\n%s\n\n", a.Path, a.StartLine, a.Level, a.Title, a.Message)
	}
	for _, p := range pulls {
		for _, r := range p.Reviews() {
			fmt.Fprintf(&b, "=== review of #%d\n%s\n", p.Number, r.Body)
			for _, c := range r.Comments {
				fmt.Fprintf(&b, "--- %s:%d\n%s\n", c.Path, c.Line, c.Body)
			}
		}
	}
	out := regexp.MustCompile(`\b[0-9a-f]{7,64}\b`).ReplaceAllStringFunc(b.String(), func(hash string) string { return strings.Repeat("c", len(hash)) })
	out = regexp.MustCompile(`127\.0\.0\.1:\d+`).ReplaceAllString(out, "127.0.0.1:1")
	out = regexp.MustCompile(`sha512-[A-Za-z0-9+/]+=*`).ReplaceAllString(out, "sha512-…")
	out = regexp.MustCompile(`\d{4}([-‑]\d\d){2}`).ReplaceAllString(out, "2026-09-01")
	return regexp.MustCompile(`\d\d:\d\d UTC`).ReplaceAllString(out, "12:00 UTC")
}

// golden holds an output against the one that is kept.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not what is kept (go test ./app -run EverySample -update writes it anew):\n%s", file, got)
	}
}
