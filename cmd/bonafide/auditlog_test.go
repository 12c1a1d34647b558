package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/mask"
)

func TestTheAuditLogGoesWhereItIsSaid(t *testing.T) {
	file := filepath.Join(t.TempDir(), "audit.jsonl")
	var stdout strings.Builder
	for _, path := range []string{"", "-", file} {
		w, end, err := auditLog(path, &stdout, mask.New("hunter2hunter2"))
		if err != nil {
			t.Fatal(err)
		}
		if path == "" {
			if w != nil {
				t.Error("it goes somewhere")
			}
			continue
		}
		if _, err := io.WriteString(w, `{"reason":"hunter2hunter2"}`+"\n"); err != nil {
			t.Error(err)
		}
		end()
	}
	written, err := os.ReadFile(file)
	if want := `{"reason":"[redacted]"}` + "\n"; err != nil || string(written) != want || stdout.String() != want {
		t.Errorf("%q, %q, %v", written, stdout.String(), err)
	}
}
