package provenance

import (
	"encoding/hex"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/bonafide-app/bonafide/app/dep"
)

// The types that npm's attestations have.
const (
	payloadInToto = "application/vnd.in-toto+json"

	statementV01 = "https://in-toto.io/Statement/v0.1"
	statementV1  = "https://in-toto.io/Statement/v1"

	predicatePublish = "https://github.com/npm/attestation/tree/main/specs/publish/v0.1"
	predicateSLSA02  = "https://slsa.dev/provenance/v0.2"
	predicateSLSA1   = "https://slsa.dev/provenance/v1"
)

// statement is an in-toto statement.
// https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
type statement struct {
	Type          string         `json:"_type"`
	Subject       []subject      `json:"subject"`
	PredicateType string         `json:"predicateType"`
	Predicate     jsontext.Value `json:"predicate"`
}

type subject struct {
	Name   string            `json:"name"`
	Digest map[string]string `json:"digest"`
}

// parseStatement reads a statement strictly: a duplicate member, which two parsers
// would read differently, is an error.
func parseStatement(payload []byte) (statement, *fault) {
	if len(payload) > maxStatement {
		return statement{}, faultf(causeStatement, "its statement has %d bytes, more than the %d that are read", len(payload), maxStatement)
	}
	var s statement
	if err := json.Unmarshal(payload, &s); err != nil {
		return statement{}, faultf(causeStatement, "its statement is not well-formed JSON of the expected shape")
	}
	if s.Type != statementV01 && s.Type != statementV1 {
		return s, faultf(causeStatement, "its payload is of type %s, which is no in-toto statement that is known", quote(s.Type))
	}
	return s, nil
}

// speaksOf checks that the statement has exactly one subject, of that name and with
// that digest.
func (s statement) speaksOf(name string, digest dep.Digest) *fault {
	if len(s.Subject) != 1 {
		return faultf(causeSubject, "its statement has %d subjects, expected exactly one", len(s.Subject))
	}
	if got := s.Subject[0].Name; got != name {
		return faultf(causeSubject, "its subject is %s, not %s", quote(got), quote(name))
	}
	stated, ok := s.Subject[0].Digest[digest.Algorithm]
	if !ok {
		return faultf(causeSubject, "its subject has no %s digest", digest.Algorithm)
	}
	raw, err := hex.DecodeString(stated)
	if err != nil || 2*len(raw) != len(digest.Hex) {
		return faultf(causeSubject, "the %s digest of its subject is malformed: %s", digest.Algorithm, quote(stated))
	}
	if got := (dep.Digest{Algorithm: digest.Algorithm, Hex: hex.EncodeToString(raw)}); got != digest {
		f := faultf(causeDigest, "its subject has the digest %s, expected %s", got.SRI(), digest.SRI())
		f.attested = got.Hex
		return f
	}
	return nil
}

// subjectName is the package URL that npm's attestations give as subject. npm
// escapes the scope's "@" and nothing else.
func subjectName(p dep.Package) string {
	name := p.Name
	if rest, scoped := strings.CutPrefix(name, "@"); scoped {
		name = "%40" + rest
	}
	return "pkg:npm/" + name + "@" + p.Version
}
