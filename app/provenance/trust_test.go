package provenance

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// newKey makes a registry key and its SPKI in base64.
func newKey(t testing.TB) (*ecdsa.PrivateKey, string) {
	t.Helper()
	return newKeyOn(t, elliptic.P256())
}

func newKeyOn(t testing.TB, curve elliptic.Curve) (*ecdsa.PrivateKey, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return key, base64.StdEncoding.EncodeToString(der)
}

// npmKey is one key in the shape of /-/npm/v1/keys.
func npmKey(id, spki, expires string) string {
	if expires != "null" {
		expires = fmt.Sprintf("%q", expires)
	}
	return fmt.Sprintf(`{"keyid":%q,"keytype":"ecdsa-sha2-nistp256","scheme":"ecdsa-sha2-nistp256","key":%q,"expires":%s}`, id, spki, expires)
}

// tufKey is one key in the shape of the TUF target; until may be "".
func tufKey(id, usage, spki, from, until string) string {
	end := ""
	if until != "" {
		end = fmt.Sprintf(`,"end":%q`, until)
	}
	return fmt.Sprintf(`{"keyId":%q,"keyUsage":%q,"publicKey":{"rawBytes":%q,"keyDetails":"PKIX_ECDSA_P256_SHA_256","validFor":{"start":%q%s}}}`, id, usage, spki, from, end)
}

func keysOf(keys ...string) []byte { return []byte(`{"keys":[` + strings.Join(keys, ",") + `]}`) }

func TestEmbeddedMaterialIsWhatItsOriginStates(t *testing.T) {
	text, err := os.ReadFile("material/ORIGIN.json")
	if err != nil {
		t.Fatal(err)
	}
	var origin struct {
		Package, Version, Integrity string
		Files                       map[string]struct{ TUFTarget, SHA256 string }
	}
	if err := json.Unmarshal(text, &origin); err != nil {
		t.Fatal(err)
	}
	if origin.Package != "@sigstore/tuf" || origin.Version == "" || !strings.HasPrefix(origin.Integrity, "sha512-") {
		t.Errorf("the origin is incomplete: %+v", origin)
	}
	for name, content := range map[string][]byte{"trusted_root.json": embeddedRoot, "npm_keys.json": embeddedKeys} {
		sum := sha256.Sum256(content)
		if got := hex.EncodeToString(sum[:]); got != origin.Files[name].SHA256 || origin.Files[name].TUFTarget == "" {
			t.Errorf("%s has the checksum %s, ORIGIN.json says %+v", name, got, origin.Files[name])
		}
	}
}

func TestEmbeddedMaterialIsThatOfTheSharedFixtures(t *testing.T) {
	f := loadFixtures(t)
	if got := f.read(t, "sigstore/trusted_root.json"); string(got) != string(embeddedRoot) {
		t.Error("the embedded trusted root differs from the fixture")
	}
	if got := f.read(t, "npm/keys.tuf.json"); string(got) != string(embeddedKeys) {
		t.Error("the embedded keys differ from the fixture")
	}
}

func TestKeysOfBothShapesAreReadWithTheirWindows(t *testing.T) {
	_, spki := newKey(t)
	expiry := time.Date(2025, 1, 29, 0, 0, 0, 0, time.UTC)

	keys, err := parseKeys(keysOf(npmKey("SHA256:a", spki, "2025-01-29T00:00:00.000Z")))
	if err != nil {
		t.Fatal(err)
	}
	for _, use := range []keyUse{useSignatures, useAttestations} {
		if _, w, ok := keys.find("SHA256:a", use); !ok || !w.end.Equal(expiry) || !w.start.IsZero() {
			t.Errorf("%s: %v %v", use, w, ok)
		}
	}

	keys, err = parseKeys(keysOf(
		tufKey("SHA256:a", "npm:signatures", spki, "1999-01-01T00:00:00.000Z", "2025-01-29T00:00:00.000Z"),
		tufKey("SHA256:a", "npm:attestations", spki, "2022-12-01T00:00:00.000Z", "")))
	if err != nil {
		t.Fatal(err)
	}
	if _, w, ok := keys.find("SHA256:a", useSignatures); !ok || !w.end.Equal(expiry) || w.start.Year() != 1999 {
		t.Errorf("signatures: %v %v", w, ok)
	}
	if _, w, ok := keys.find("SHA256:a", useAttestations); !ok || !w.end.IsZero() || w.start.Year() != 2022 {
		t.Errorf("attestations: %v %v", w, ok)
	}
}

func TestKeyFilesThatCannotBeTrustedAreRefused(t *testing.T) {
	_, spki := newKey(t)
	_, other := newKey(t)
	_, p384 := newKeyOn(t, elliptic.P384())
	good := npmKey("a", spki, "null")
	many := make([]string, maxKeys+1)
	for i := range many {
		many[i] = npmKey(fmt.Sprint("k", i), spki, "null")
	}
	for name, file := range map[string][]byte{
		"not JSON":               []byte("<html>"),
		"no keys":                keysOf(),
		"another document":       []byte(`{"error":"not found"}`),
		"too many keys":          keysOf(many...),
		"too many bytes":         []byte(`{"keys":[]}` + strings.Repeat(" ", maxKeysFile)),
		"both shapes":            keysOf(good, tufKey("b", "npm:signatures", spki, "2020-01-01T00:00:00Z", "")),
		"no id":                  keysOf(npmKey("", spki, "null")),
		"not base64":             keysOf(npmKey("a", "%%%", "null")),
		"not a key":              keysOf(npmKey("a", "AAAA", "null")),
		"another curve":          keysOf(npmKey("a", p384, "null")),
		"another scheme":         keysOf(strings.Replace(good, `"scheme":"ecdsa-sha2-nistp256"`, `"scheme":"ed25519"`, 1)),
		"a date that is none":    keysOf(npmKey("a", spki, "tomorrow")),
		"listed twice":           keysOf(good, good),
		"one id, two keys":       keysOf(tufKey("a", "npm:signatures", spki, "2020-01-01T00:00:00Z", ""), tufKey("a", "npm:attestations", other, "2020-01-01T00:00:00Z", "")),
		"unknown use":            keysOf(tufKey("a", "npm:everything", spki, "2020-01-01T00:00:00Z", "")),
		"ends before it starts":  keysOf(tufKey("a", "npm:signatures", spki, "2020-01-01T00:00:00Z", "2019-01-01T00:00:00Z")),
		"no start":               keysOf(strings.Replace(tufKey("a", "npm:signatures", spki, "2020-01-01T00:00:00Z", ""), `"start":"2020-01-01T00:00:00Z"`, "", 1)),
		"no key at all":          keysOf(`{"keyId":"a","keyUsage":"npm:signatures"}`),
		"a member of two values": keysOf(strings.Replace(good, `"keyid":"a"`, `"keyid":"a","keyid":"b"`, 1)),
	} {
		if _, err := LoadTrust(nil, file); err == nil {
			t.Errorf("%s: accepted", name)
		} else if !strings.Contains(err.Error(), ErrKeys.Error()) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, file := range map[string]string{"not JSON": "<html>", "another document": `{}`, "nobody in it": `{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}`} {
		if _, err := LoadTrust([]byte(file), nil); err == nil {
			t.Errorf("trusted root, %s: accepted", name)
		}
	}
}

func TestTrustIsIdentifiedByItsRootAndItsKeys(t *testing.T) {
	_, spki := newKey(t)
	keys := keysOf(npmKey("a", spki, "null"))
	embedded, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	own, err := LoadTrust(nil, keys)
	if err != nil {
		t.Fatal(err)
	}
	again, err := LoadTrust(nil, keys)
	if err != nil {
		t.Fatal(err)
	}
	otherRoot, err := LoadTrust(append([]byte(" "), embeddedRoot...), keys)
	if err != nil {
		t.Fatal(err)
	}
	if own.ID() != again.ID() || own.ID() == embedded.ID() || own.ID() == otherRoot.ID() || len(own.ID()) != 64 {
		t.Errorf("ids: %s %s %s %s", embedded.ID(), own.ID(), again.ID(), otherRoot.ID())
	}
	if embedded.Pinned() || !own.Pinned() {
		t.Error("only the operator's own material is pinned")
	}
	for origin, want := range map[string][2]bool{
		"https://registry.npmjs.org":      {true, true},
		"https://Registry.Yarnpkg.com":    {true, true},
		"https://npm.example.test/mirror": {false, true},
		"https://registry.npmjs.org.test": {false, true},
		"::":                              {false, true},
	} {
		if got := [2]bool{embedded.keysFor(origin), own.keysFor(origin)}; got != want {
			t.Errorf("%s: keys known %v, want %v (embedded, given)", origin, got, want)
		}
	}
}

func FuzzKeysFile(f *testing.F) {
	_, spki := newKey(f)
	f.Add(embeddedKeys)
	f.Add(keysOf(npmKey("a", spki, "null")))
	f.Add(keysOf(tufKey("a", "npm:signatures", spki, "2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z")))
	f.Fuzz(func(t *testing.T, data []byte) {
		keys, err := parseKeys(data)
		if err != nil {
			return
		}
		if len(keys) == 0 {
			t.Error("accepted without a key")
		}
		for id, k := range keys {
			if id == "" || k.public == nil || len(k.uses) == 0 {
				t.Errorf("key %q: %+v", id, k)
			}
		}
		if _, err := keys.material(); err != nil {
			t.Errorf("accepted keys are of no use: %v", err)
		}
	})
}
