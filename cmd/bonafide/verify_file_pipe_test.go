//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"

	"github.com/bonafide-app/bonafide/app/sandbox/sigstore"
)

// Nobody waits for the writer of a pipe.
func TestAPipeIsNoReleasedFile(t *testing.T) {
	r := newReleases(t)
	pipe := filepath.Join(r.dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skipf("skipped: no pipe can be made: %v", err)
	}
	file := r.write("tool", "tool")
	for _, args := range [][]string{{"--file", pipe, "--bundle", file}, {"--file", file, "--bundle", pipe}} {
		status, _, stderr := r.run(append([]string{"verify", "--repo", "acme/tool"}, args...)...)
		if status != exitUsage || !strings.Contains(stderr, "no regular file") {
			t.Errorf("%v: status %d\n%s", args, status, stderr)
		}
	}
}

// Of a name that is no Unicode, the file of that name is read, not the one of the name
// with replacement characters.
func TestTheFileOfThatVeryNameIsVerified(t *testing.T) {
	r := newReleases(t)
	bundle := r.write("tool.json", r.bundle(sigstore.Build{Repository: "acme/tool", Ref: "refs/tags/v1"}, sigstore.ProvenanceOptions{}, subjectOf("tool", "tool")))
	r.write("tool\ufffd", "tool")
	tampered := filepath.Join(r.dir, "tool\xff")
	if err := os.WriteFile(tampered, []byte("tool!"), 0o600); err != nil {
		t.Skipf("skipped: no such name is possible: %v", err)
	}
	for _, args := range [][]string{{"--file", tampered}, {"--file=" + tampered}, {"--file", tampered, "--format", "json"}} {
		status, out, stderr := r.run(append([]string{"verify", "--repo", "acme/tool", "--bundle", bundle}, args...)...)
		if status != exitFailed || !utf8.ValidString(out) {
			t.Errorf("%q: status %d\n%s%s", args, status, out, stderr)
		}
	}
}
