// Package realdata opens the real evidence and the real lockfiles that lie beside
// the repository. It is imported from tests only; nothing of the data is part of
// the project.
package realdata

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// Root is the repository's root folder: where go.mod is.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = parent
	}
}

// Has says whether an archive of ../shared is there.
func Has(t testing.TB, name string) bool {
	t.Helper()
	_, err := os.Stat(path(t, name))
	return err == nil
}

func path(t testing.TB, name string) string {
	t.Helper()
	return filepath.Join(Root(t), "..", "shared", name)
}

// Open opens one archive of ../shared ("fixtures.zip", "lockfiles.zip"). It skips
// the test, and says what is missing, where there is none.
func Open(t testing.TB, name string) fs.FS {
	t.Helper()
	archive, err := zip.OpenReader(path(t, name))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("skipped: the real data of ../shared/%s is not here", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = archive.Close() })
	return archive
}

// Read reads one file of an archive; a file that is not there fails the test.
func Read(t testing.TB, archive fs.FS, name string) []byte {
	t.Helper()
	data, err := fs.ReadFile(archive, name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Versions are the version documents in the document of an npm package, by version. There
// are none in any other document.
func Versions(t testing.TB, data []byte) map[string]json.RawMessage {
	t.Helper()
	var doc struct {
		Versions map[string]json.RawMessage `json:"versions"`
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	return doc.Versions
}
