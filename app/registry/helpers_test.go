package registry

import (
	"encoding/json"
	"encoding/pem"
	"io"
	"io/fs"
	"log"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/bonafide-app/bonafide/app/sandbox/realdata"
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

// fixtureCase is what index.json says of one npm document.
type fixtureCase struct {
	Path, Kind, Name, Version, Verdict string
	Integrity                          string
	Signatures, Keys, Trust            map[string]int
}

func fixtureCases(t testing.TB, z fs.FS) []fixtureCase {
	t.Helper()
	var index struct{ Cases []fixtureCase }
	if err := json.Unmarshal(realdata.Read(t, z, "index.json"), &index); err != nil {
		t.Fatal(err)
	}
	return index.Cases
}
