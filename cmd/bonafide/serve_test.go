package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestServeSaysWhatToDoWhereItCannotStart(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	pemFile := write("key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})))
	secret := write("secret", "the webhook secret")
	wrong := write("wrong", "hunter2password of something else\n")
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()

	for name, tt := range map[string]struct {
		args []string
		says []string
	}{
		"a folder for the database":        {[]string{"--database", dir}, []string{"is a folder", "name a file"}},
		"another file for the database":    {[]string{"--database", wrong}, []string{"another kind", "name a"}},
		"a database below a file":          {[]string{"--database", filepath.Join(wrong, "x", "b.db")}, []string{"cannot be made", "name a file"}},
		"a port that is taken":             {[]string{"--listen", taken.Addr().String()}, []string{"another program", "choose another port"}},
		"a taken port for operators":       {[]string{"--operator-listen", taken.Addr().String()}, []string{"another program", "choose another port, or off"}},
		"another file for the root":        {[]string{"--trusted-root", wrong}, []string{"trusted_root.json", "--trusted-root takes"}},
		"another file for the keys":        {[]string{"--npm-keys", wrong}, []string{"--npm-keys the answer"}},
		"a file for the cache":             {[]string{"--cache-dir", wrong}, []string{"--cache-dir", "name a folder"}},
		"a cache below a file":             {[]string{"--cache-dir", filepath.Join(wrong, "x")}, []string{"--cache-dir", "name a folder"}},
		"a folder for the audit log":       {[]string{"--audit-log", dir}, []string{"--audit-log", "name a file"}},
		"another file for the authorities": {[]string{"--ca-file", wrong}, []string{"PEM"}},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"serve", "--operator-listen=off", "--app-id=1", "--private-key-file=" + pemFile, "--webhook-secret-file=" + secret}, tt.args...)
			if tt.args[0] != "--listen" {
				args = append(args, "--listen=127.0.0.1:0")
			}
			if tt.args[0] != "--database" {
				args = append(args, "--database="+filepath.Join(t.TempDir(), "b.db"))
			}
			var out, said strings.Builder
			if status := run(t.Context(), args, terminal{out: &out, err: &said}, unreachable()); status != exitUsage {
				t.Errorf("exit status %d", status)
			}
			for _, want := range tt.says {
				if !strings.Contains(said.String(), want) {
					t.Errorf("it does not say %q: %s", want, &said)
				}
			}
			if strings.Contains(said.String(), "hunter2") {
				t.Errorf("the file is quoted: %s", &said)
			}
		})
	}
}

func TestThePasswordOfADatabaseIsKnownToTheLog(t *testing.T) {
	for database, want := range map[string]string{
		"postgres://bonafide:hunter%2022@db.example.com:5432/bonafide?sslmode=require": "hunter 22",
		"bonafide.db": "", "/var/lib/bonafide.db": "", "postgres://db.example.com/x": "", "%": "",
	} {
		if got := password(database); got != want {
			t.Errorf("%s has the password %q", database, got)
		}
	}
}
