//go:build linux

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/sandbox/sigstore"
)

// What docs/terminal.md shows of a released file is what the program writes.
func TestThePageForTerminalsShowsAFile(t *testing.T) {
	name, err := filepath.Abs("../../docs/terminal.md")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	r := newReleases(t)
	const file = "tool_1.4.0_linux_amd64.tar.gz"
	r.write(file, "a tool\n")
	r.write(file+".sigstore.json", r.bundle(sigstore.Build{Repository: "harbour/tool", Ref: "refs/tags/v1.4.0"}, sigstore.ProvenanceOptions{}, subjectOf(file, "a tool\n")))
	t.Setenv("NO_COLOR", "1")
	t.Setenv("BONAFIDE_TRUSTED_ROOT", filepath.Join(r.dir, "trusted_root.json"))
	t.Chdir(r.dir)
	const call = "verify --file " + file + " \\\n    --bundle " + file + ".sigstore.json --repo harbour/tool --ref 'refs/tags/*' --offline"
	args := strings.Fields(strings.NewReplacer("\\\n", "", "'", "").Replace(call))
	shown, stderr := recorded(t, args...)
	const begin, end = "<!-- recorded: verify --file -->\n", "<!-- end -->"
	before, rest, ok := strings.Cut(string(page), begin)
	_, after, ended := strings.Cut(rest, end)
	if !ok || !ended {
		t.Fatal("docs/terminal.md has no place for the recording")
	}
	got := before + begin + "\n```console\n$ bonafide " + call + "\n" + stderr + strings.TrimRight(shown, "\n") + "\n```\n\n" + end + after
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if got != string(page) {
		t.Errorf("docs/terminal.md shows something else; look at it and run with -update if it is meant\n%s", got)
	}
}
