package provenance

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/sandbox/sigstore"
)

// An entry that the log did not sign is skipped where another one holds: its index is
// not shown as verified.
func TestAnEntryThatTheLogDidNotSignIsNotShown(t *testing.T) {
	v := newVirtual(t)
	file := fileOf(t, "tool", "tool")
	good := v.attests(t, v.build, sigstore.ProvenanceOptions{}, sigstore.Subject{Name: "tool", Digest: file.SHA256})
	want := v.trust.File(good, file)
	if want.Log == nil {
		t.Fatalf("%+v", want)
	}
	var doc map[string]any
	decode := json.NewDecoder(bytes.NewReader(good))
	decode.UseNumber()
	if err := decode.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	material := doc["verificationMaterial"].(map[string]any)
	entry := material["tlogEntries"].([]any)[0].(map[string]any)
	madeUp := map[string]any{}
	for key, value := range entry {
		madeUp[key] = value
	}
	madeUp["logIndex"] = "666"
	for _, entries := range [][]any{{madeUp, entry}, {entry, madeUp}} {
		material["tlogEntries"] = entries
		raw, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		if e := v.trust.File(raw, file); e.State != Verified || *e.Log != *want.Log {
			t.Errorf("%+v: %+v, want %+v", e.Check, e.Log, want.Log)
		}
	}
}

// Only a whole sha256 or sha512 ties a statement to a file.
func TestOnlyAWholeStrongDigestMakesAFileTheSubject(t *testing.T) {
	v := newVirtual(t)
	file := fileOf(t, "tool", "tool")
	short, long := file.SHA256.Hex, file.SHA512.Hex
	of := func(algorithm, hex string) sigstore.Subject {
		return sigstore.Subject{Name: "tool", Digest: dep.Digest{Algorithm: algorithm, Hex: hex}}
	}
	is, other := of("sha256", short), of("sha256", strings.Repeat("b", 64))
	for _, tt := range []struct {
		name     string
		subjects []sigstore.Subject
		state    State
		says     string
	}{
		{"upper case", []sigstore.Subject{of("sha256", strings.ToUpper(short))}, Verified, ""},
		{"two of the name, one is it", []sigstore.Subject{other, is}, Verified, ""},
		{"a commit beside it", []sigstore.Subject{of("gitCommit", strings.Repeat("a", 40)), is}, Verified, ""},
		{"truncated", []sigstore.Subject{of("sha256", short[:32])}, Invalid, "malformed"},
		{"empty", []sigstore.Subject{of("sha256", "")}, Invalid, "malformed"},
		{"an algorithm in upper case", []sigstore.Subject{of("SHA256", short)}, Absent, "no sha256 or sha512"},
		{"under the name of another algorithm", []sigstore.Subject{of("sha384", short)}, Absent, "no sha256 or sha512"},
		{"a commit of the same digits", []sigstore.Subject{of("gitCommit", short)}, Absent, "no sha256 or sha512"},
		{"sha512 of the length of sha256", []sigstore.Subject{of("sha512", long[:64])}, Invalid, "malformed"},
		{"a digest beside it that is no hex", []sigstore.Subject{of("dirHash", "h1:x="), is}, Absent, "states a digest that is not hexadecimal"},
	} {
		e := v.trust.File(v.attests(t, v.build, sigstore.ProvenanceOptions{}, tt.subjects...), file)
		if e.State != tt.state || !strings.Contains(e.Reason, tt.says) {
			t.Errorf("%s: %+v", tt.name, e.Check)
		}
	}
	both := func(short, long string) statement {
		return statement{Subject: []subject{{Name: "tool", Digest: map[string]string{"sha256": short, "sha512": long}}}}
	}
	for _, s := range []statement{both(short, strings.Repeat("b", 128)), both(strings.Repeat("b", 64), long), both(short, "")} {
		if _, _, f := s.ofFile(file); f == nil || f.cause != causeSubject {
			t.Errorf("%+v: %+v", s.Subject, f)
		}
	}
}

// What a bundle that is not genuine calls a file is not shown as what was attested.
func TestAForgedBundleNamesNoFile(t *testing.T) {
	v := newVirtual(t)
	subject := sigstore.Subject{Name: "genuine.tar.gz", Digest: digestOf("sha256", 'c')}
	e := v.trust.File(v.attests(t, v.build, sigstore.ProvenanceOptions{Forgery: sigstore.BrokenSignature}, subject), fileOf(t, "tool", "tool"))
	if e.State != Invalid || !e.OtherFile || e.Subject != "" || e.Attested.Hex != "" {
		t.Errorf("%+v", e)
	}
}
