package registry

import (
	"archive/zip"
	"encoding/json"
	"encoding/pem"
	"io"
	"log"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
)

func mustAddr(s string) netip.Addr { return netip.MustParseAddr(s) }

func discardLog() *log.Logger { return log.New(io.Discard, "", 0) }

func writePEM(t *testing.T, certificate []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// fixtures opens the real evidence that lies beside the repository.
func fixtures(t testing.TB) *zip.ReadCloser {
	t.Helper()
	dir, err := os.Getwd()
	for err == nil {
		if _, statErr := os.Stat(filepath.Join(dir, "go.mod")); statErr == nil {
			break
		}
		if filepath.Dir(dir) == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	file := filepath.Join(filepath.Dir(dir), "shared", "fixtures.zip")
	z, err := zip.OpenReader(file)
	if os.IsNotExist(err) {
		t.Skip("skipped: the real evidence ../shared/fixtures.zip is missing")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { z.Close() })
	return z
}

func readZip(t testing.TB, z *zip.ReadCloser, name string) []byte {
	t.Helper()
	f, err := z.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// fixtureCase is what index.json says of one npm document.
type fixtureCase struct {
	Path, Kind, Name, Version, Verdict string
	Integrity                          string
	Signatures, Keys, Trust            map[string]int
}

func fixtureCases(t testing.TB, z *zip.ReadCloser) []fixtureCase {
	t.Helper()
	var index struct{ Cases []fixtureCase }
	if err := json.Unmarshal(readZip(t, z, "index.json"), &index); err != nil {
		t.Fatal(err)
	}
	return index.Cases
}
