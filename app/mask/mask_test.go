package mask

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/rs/zerolog"
)

// secrets are what must not be seen of some texts; the rest of each must stay.
func secrets(t *testing.T) map[string][]string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	block := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	return map[string][]string{
		"token ghs_0123456789abcdefghijABCDEFGHIJ012345 end":     {"ghs_", "0123456789abc"},
		"a ghs_12_eyJhbGciOi.J9xx.abc-DEF_x end":                 {"J9xx"},
		"ghp_0123456789abcdefghij, github_pat_11AAAAAAA0_abcdef": {"ghp_0", "github_pat_1"},
		"Authorization: Bearer abcdef.ghij-0123456789 end":       {"abcdef", "0123456789"},
		"authorization: basic dXNlcjpwYXNzd29yZA== end":          {"dXNl"},
		"eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOjd9.c2lnbmF0dXJl end":     {"eyJ", "c2ln"},
		"postgres://bonafide:hunter22@db.example.com/x end":      {"hunter22", "bonafide:"},
		"host=db password=hunter22 end":                          {"hunter22"},
		block + "end":                                            {"MII", block[100:130]},
		block[:200]:                                              {"MII", block[100:130]},
		"it is s3cret \"quoted\" here, end":                      {"s3cret"},
	}
}

func TestNoSecretIsLeft(t *testing.T) {
	m := New(`s3cret "quoted"`, "short")
	for text, hidden := range secrets(t) {
		for name, shown := range map[string]string{"text": m.Text(text), "log": logged(t, m, text)} {
			for _, h := range hidden {
				if strings.Contains(shown, h) {
					t.Errorf("%s: %q is left in %q", name, h, shown)
				}
			}
			if strings.HasSuffix(text, "end") != strings.Contains(shown, "end") || !strings.Contains(shown, "[redacted]") {
				t.Errorf("%s: too much is gone, or nothing: %q", name, shown)
			}
		}
	}
}

// logged is the message and the error of a line that says so, which must be JSON.
func logged(t *testing.T, m Masker, text string) string {
	t.Helper()
	var out bytes.Buffer
	log := zerolog.New(m.Writer(&out))
	log.Error().Err(fmt.Errorf("it failed: %w", errors.New(text))).Bytes("body", []byte(text)).Interface("any", map[string]string{"x": text}).Str("after", "kept").Msg(text)
	var line struct {
		Error, Body, Message, After string
		Any                         struct{ X string }
	}
	if err := json.Unmarshal(out.Bytes(), &line); err != nil || line.After != "kept" {
		t.Errorf("%v: %s", err, &out)
	}
	return strings.Join([]string{line.Error, line.Body, line.Message, line.Any.X}, " | ")
}

func TestWhatIsNoSecretStays(t *testing.T) {
	m := New("short")
	for _, text := range []string{
		"short words", "the token of installation 7 was refused", "Bearer", "npm_config", "https://host.example.com:8080/a@b",
		"sha512-abcdefghijklmnopqrstuvwxyz0123456789==", "gh_", "-----BEGIN PUBLIC KEY-----", "pkg:npm/%40scope/name@1.2.3",
	} {
		if got := m.Text(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestAWriterSaysThatItWroteEverything(t *testing.T) {
	var out bytes.Buffer
	line := []byte("a ghs_0123456789abcdefghij b\n")
	if n, err := New().Writer(&out).Write(line); n != len(line) || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

func FuzzALineStaysJSON(f *testing.F) {
	f.Add(`-----BEGIN PRIVATE KEY-----\"x`)
	f.Add("password=\\\"abc\" Bearer \\u0041bcdefghijklmnopqrstuvw")
	f.Fuzz(func(t *testing.T, text string) { logged(t, New(`s3cret "quoted"`), text) })
}
