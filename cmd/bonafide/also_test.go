package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOneRunWritesSeveralFormats(t *testing.T) {
	s := newShop(t)
	good := s.write("good/package-lock.json", s.lock("tide@1.0.0", "sand@2.0.0"))
	bad := s.write("bad/package-lock.json", s.lock("tide@1.0.1", "sand@2.0.0"))
	begins := map[string]string{"json": `"schema": "bonafide.report/v1"`, "sarif": `"version": "2.1.0"`, "summary": "**Failed:**", "table": "provenance-lost"}
	args := []string{"diff", good, bad}
	for format := range begins {
		args = append(args, "--also", format+"="+filepath.Join(s.dir, "a report, in "+format))
	}
	status, out, stderr := s.run(args...)
	if status != exitFailed || !strings.Contains(out, "provenance-lost") {
		t.Errorf("status %d\n%s%s", status, out, stderr)
	}
	for format, begin := range begins {
		text, err := os.ReadFile(filepath.Join(s.dir, "a report, in "+format))
		if err != nil || !strings.Contains(string(text), begin) {
			t.Errorf("%s: %v\n%s", format, err, text)
		}
	}
	for _, wrong := range []string{"json", "html=x", "json="} {
		if status, _, stderr := s.run("diff", good, bad, "--also", wrong); status != exitUsage || !strings.Contains(stderr, "FORMAT=FILE") {
			t.Errorf("%s: status %d, %s", wrong, status, stderr)
		}
	}
	if status, _, stderr := s.run("diff", good, good, "--also", "json="+filepath.Join(s.dir, "no", "folder")); status != exitCouldNotCheck || !strings.Contains(stderr, "--also json=") {
		t.Errorf("status %d, %s", status, stderr)
	}
}
