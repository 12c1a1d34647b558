package provenance

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/sigstore/sigstore-go/pkg/bundle"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/registry"
	"github.com/bonafide-app/bonafide/app/sandbox/sigstore"
)

var subjectOfTests = dep.Package{Ecosystem: dep.NPM, Name: "@scope/name", Version: "1.2.3"}

func statementJSON(predicateType, name, digests string) string {
	return fmt.Sprintf(`{"_type":%q,"subject":[{"name":%q,"digest":{%s}}],"predicateType":%q,"predicate":{}}`, statementV1, name, digests, predicateType)
}

func sha512JSON(d dep.Digest) string { return fmt.Sprintf(`"sha512":%q`, d.Hex) }

// unsigned is a bundle whose shape is right and whose signature is not.
func unsigned(statement, hint, keyid string) []byte {
	return fmt.Appendf(nil, `{"mediaType":"application/vnd.dev.sigstore.bundle+json;version=0.2",
		"verificationMaterial":{"publicKey":{"hint":%q},"tlogEntries":[]},
		"dsseEnvelope":{"payload":%q,"payloadType":%q,"signatures":[{"sig":"AAAA","keyid":%q}]}}`,
		hint, base64.StdEncoding.EncodeToString([]byte(statement)), payloadInToto, keyid)
}

func TestStatementsMustSpeakOfExactlyThePackageAndItsBytes(t *testing.T) {
	want := expected{"pkg:npm/%40scope/name@1.2.3", digestOf("sha512", 'a')}
	right := statementJSON(predicateSLSA1, want.name, sha512JSON(want.digest))
	for name, c := range map[string]struct {
		payload string
		cause   cause
	}{
		"right":                   {right, ""},
		"upper case hex":          {strings.Replace(right, want.digest.Hex, strings.ToUpper(want.digest.Hex), 1), ""},
		"another digest beside":   {statementJSON(predicateSLSA1, want.name, `"sha256":"00",`+sha512JSON(want.digest)), ""},
		"not JSON":                {"<html>", causeStatement},
		"no statement":            {"{}", causeStatement},
		"another statement type":  {strings.Replace(right, "Statement/v1", "Statement/v9", 1), causeStatement},
		"a member twice":          {strings.Replace(right, `"predicateType"`, `"predicateType":"x","predicateType"`, 1), causeStatement},
		"two subjects":            {strings.Replace(right, `"subject":[`, `"subject":[{"name":"x","digest":{}},`, 1), causeSubject},
		"no subject":              {`{"_type":"` + statementV1 + `","subject":[],"predicateType":"` + predicateSLSA1 + `"}`, causeSubject},
		"another package":         {statementJSON(predicateSLSA1, "pkg:npm/%40scope/name@1.2.4", sha512JSON(want.digest)), causeSubject},
		"an unescaped scope":      {statementJSON(predicateSLSA1, "pkg:npm/@scope/name@1.2.3", sha512JSON(want.digest)), causeSubject},
		"other bytes":             {statementJSON(predicateSLSA1, want.name, sha512JSON(digestOf("sha512", 'b'))), causeDigest},
		"no sha512":               {statementJSON(predicateSLSA1, want.name, `"sha256":"00"`), causeSubject},
		"a short digest":          {statementJSON(predicateSLSA1, want.name, `"sha512":"aaaa"`), causeSubject},
		"a digest that is no hex": {statementJSON(predicateSLSA1, want.name, `"sha512":"`+strings.Repeat("zz", 64)+`"`), causeSubject},
		"too long":                {right + strings.Repeat(" ", maxStatement), causeStatement},
	} {
		t.Run(name, func(t *testing.T) {
			s, f := parseStatement([]byte(c.payload))
			if f == nil {
				f = s.speaksOf(want.name, want.digest)
			}
			if (f == nil) != (c.cause == "") || (f != nil && f.cause != c.cause) {
				t.Errorf("%+v, want %q", f, c.cause)
			}
		})
	}
}

func TestSubjectNamesAreThoseThatNpmWrites(t *testing.T) {
	for id, want := range map[string]string{"sigstore@2.3.1": "pkg:npm/sigstore@2.3.1", "@scope/name@1.0.0-rc.1": "pkg:npm/%40scope/name@1.0.0-rc.1"} {
		p, err := dep.ParsePackage("npm:" + id)
		if err != nil {
			t.Fatal(err)
		}
		if got := subjectName(p); got != want {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
	}
}

func TestAttestationsNameTheSignerThatTheirKindDemands(t *testing.T) {
	_, spki := newKey(t)
	trust, err := LoadTrust(nil, keysOf(npmKey("known", spki, "null"), npmKey("other", spki, "null")))
	if err != nil {
		t.Fatal(err)
	}
	want := expected{subjectName(subjectOfTests), digestOf("sha512", 'a')}
	publish := statementJSON(predicatePublish, want.name, sha512JSON(want.digest))
	slsa := statementJSON(predicateSLSA1, want.name, sha512JSON(want.digest))
	for name, c := range map[string]struct {
		outside string
		bundle  []byte
		cause   cause
		reason  string
	}{
		"key id and hint differ":           {predicatePublish, unsigned(publish, "known", "other"), causeKey, `"known" and "other"`},
		"an unknown key":                   {predicatePublish, unsigned(publish, "stranger", "stranger"), causeKey, `"stranger"`},
		"provenance signed with a key":     {predicateSLSA1, unsigned(slsa, "known", "known"), causeCertificate, "certificate of a build"},
		"publication called provenance":    {predicateSLSA1, unsigned(publish, "", ""), causeCertificate, ""},
		"nothing logged":                   {predicatePublish, unsigned(publish, "known", "known"), causeLog, "no transparency log entry"},
		"another type inside":              {predicatePublish, unsigned(slsa, "known", "known"), causePredicateType, predicateSLSA1},
		"another payload type":             {predicatePublish, []byte(strings.Replace(string(unsigned(publish, "known", "known")), payloadInToto, "text/plain", 1)), causePayloadType, "text/plain"},
		"two signatures":                   {predicatePublish, []byte(strings.Replace(string(unsigned(publish, "known", "known")), `"signatures":[`, `"signatures":[{"sig":"AAAA"},`, 1)), causeSignature, "2 signatures"},
		"an unknown version":               {predicatePublish, []byte(strings.Replace(string(unsigned(publish, "known", "known")), "version=0.2", "version=0.9", 1)), causeVersion, "0.9"},
		"an unknown version, other fields": {predicatePublish, []byte(`{"mediaType":"application/vnd.dev.sigstore.bundle.v1.0+json","novel":1}`), causeVersion, "v1.0"},
		"no bundle":                        {predicatePublish, []byte(`"bundle"`), causeBundle, ""},
		"another document":                 {predicatePublish, []byte(`{"error":"x"}`), causeBundle, ""},
		"an unknown member":                {predicatePublish, []byte(strings.Replace(string(unsigned(publish, "known", "known")), `"dsseEnvelope"`, `"novel":1,"dsseEnvelope"`, 1)), causeBundle, ""},
		"no envelope":                      {predicatePublish, []byte(`{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{"hint":"known"}}}`), causeBundle, ""},
		"no signer":                        {predicateSLSA1, []byte(`{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{},"dsseEnvelope":{"payload":"AAAA","payloadType":"x","signatures":[{"sig":"AAAA"}]}}`), causeCertificate, ""},
		"a certificate that is none":       {predicateSLSA1, []byte(`{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"certificate":{"rawBytes":"AAAA"}},"dsseEnvelope":{"payload":"AAAA","payloadType":"x","signatures":[{"sig":"AAAA"}]}}`), causeCertificate, ""},
		"too many bytes":                   {predicatePublish, make([]byte, maxBundle+1), causeBundle, "more than"},
	} {
		t.Run(name, func(t *testing.T) {
			_, f := trust.attestation(registry.Attestation{PredicateType: c.outside, Bundle: c.bundle}, want)
			if f == nil || f.cause != c.cause || !strings.Contains(f.reason, c.reason) {
				t.Errorf("%+v, want %q with %q", f, c.cause, c.reason)
			}
			if f != nil && f.unsupported != (c.cause == causeVersion) {
				t.Errorf("unsupported = %v", f.unsupported)
			}
		})
	}
}

func TestAPanicOfAParserIsAnInvalidBundle(t *testing.T) {
	v, err := New(&fake{}, func() *TrustRoot { return nil }, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := expected{subjectName(subjectOfTests), digestOf("sha512", 'a')}
	a := registry.Attestation{PredicateType: predicatePublish, Bundle: unsigned(statementJSON(predicatePublish, want.name, sha512JSON(want.digest)), "k", "k")}
	// Without a trust root the lookup of the key panics, as a parser might.
	_, f := v.guarded(t.Context(), subjectOfTests, nil, a, want)
	if f == nil || f.cause != causeBundle || !strings.Contains(f.reason, "could not be parsed") {
		t.Errorf("%+v", f)
	}
}

func FuzzStatement(f *testing.F) {
	d := digestOf("sha512", 'a')
	f.Add([]byte(statementJSON(predicateSLSA1, "pkg:npm/a@1.0.0", sha512JSON(d))))
	f.Add([]byte(`{"_type":"https://in-toto.io/Statement/v0.1","subject":[{"name":"a","digest":null}]}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		s, fault := parseStatement(payload)
		if fault == nil && s.speaksOf("pkg:npm/a@1.0.0", d) == nil && (len(s.Subject) != 1 || !strings.EqualFold(s.Subject[0].Digest["sha512"], d.Hex)) {
			t.Errorf("accepted %q", payload)
		}
	})
}

func FuzzBundle(f *testing.F) {
	trust, err := Embedded()
	if err != nil {
		f.Fatal(err)
	}
	want := expected{"pkg:npm/a@1.0.0", digestOf("sha512", 'a')}
	f.Add(unsigned(statementJSON(predicatePublish, want.name, sha512JSON(want.digest)), "SHA256:jl3bwswu80PjjokCgh0o2w5c2U4LhQAE57gj9cz1kzA", "SHA256:jl3bwswu80PjjokCgh0o2w5c2U4LhQAE57gj9cz1kzA"))
	f.Add([]byte(`{"mediaType":"application/vnd.dev.sigstore.bundle+json;version=0.1","verificationMaterial":{"x509CertificateChain":{"certificates":[{"rawBytes":"AAAA"}]},"tlogEntries":[{"logIndex":"1","logId":{"keyId":"AAAA"},"kindVersion":{"kind":"dsse","version":"0.0.1"},"integratedTime":"1","inclusionPromise":{"signedEntryTimestamp":"AAAA"},"canonicalizedBody":"e30="}]},"dsseEnvelope":{"payload":"AAAA","payloadType":"x","signatures":[{"sig":"AAAA"}]}}`))
	v := newVirtual(f)
	for _, version := range []string{"", sigstore.BundleV01, sigstore.BundleV02} {
		f.Add(v.provenance(f, sigstore.ProvenanceOptions{MediaType: version}).Bundle)
	}
	f.Add(v.publish(f, sigstore.PublishOptions{}).Bundle)
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, fault := parseBundle(data); fault == nil {
			if err := new(bundle.Bundle).UnmarshalJSON(data); err != nil {
				t.Errorf("sigstore-go refuses it: %v", err)
			}
		}
		if _, fault := trust.attestation(registry.Attestation{PredicateType: predicatePublish, Bundle: data}, want); fault == nil {
			t.Error("accepted a bundle that nobody signed")
		} else if fault.reason == "" {
			t.Error("no reason")
		}
	})
}
