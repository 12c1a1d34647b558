package provenance

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// cause names what is wrong with a bundle, so that tests and metrics can tell
// causes apart without reading sentences.
type cause string

const (
	causeBundle        cause = "bundle"         // it is no well-formed Sigstore bundle
	causeVersion       cause = "version"        // a bundle version that this code does not know
	causePayloadType   cause = "payload type"   // the envelope holds something else than an in-toto statement
	causeStatement     cause = "statement"      // the payload is no well-formed in-toto statement
	causePredicateType cause = "predicate type" // unknown, or the response and the statement disagree
	causeSubject       cause = "subject"        // it speaks of another package
	causeDigest        cause = "digest"         // it speaks of other bytes
	causeKey           cause = "key"            // unknown, contradictory, or used outside its window
	causeCertificate   cause = "certificate"    // not from a trusted authority, or used outside its window
	causeLog           cause = "log"            // the transparency log does not vouch for it
	causeTime          cause = "time"           // nothing trusted says when it was signed
	causeSignature     cause = "signature"      // the signature does not cover the content
	causeIdentity      cause = "identity"       // the signer is no build service
	causePredicate     cause = "predicate"      // it contradicts the certificate, or does not parse
)

// fault is why an attestation does not hold.
type fault struct {
	cause  cause
	reason string // one sentence, without the final full stop and without "the attestation" as subject
	// unsupported: nothing is broken, this code does not know the kind.
	unsupported bool
	// elsewhere: nothing is broken, the trust that it rests on is not at hand.
	elsewhere bool
	// attested is the digest of a mismatch whose attestation is genuine otherwise.
	attested string
}

func faultf(c cause, format string, args ...any) *fault {
	return &fault{cause: c, reason: fmt.Sprintf(format, args...)}
}

// quote shortens a value from outside and makes its control characters visible.
func quote(s string) string { return fmt.Sprintf("%q", clip(s)) }

// clip shortens a value from outside.
func clip(s string) string {
	if utf8.RuneCountInString(s) <= maxQuoted {
		return s
	}
	return string([]rune(s)[:maxQuoted]) + "…"
}

// sentence makes a reason into a sentence: capital letter, full stop.
func sentence(s string) string {
	if s == "" {
		return s
	}
	r, n := utf8.DecodeRuneInString(s)
	s = strings.ToUpper(string(r)) + s[n:]
	if !strings.HasSuffix(s, ".") && !strings.HasSuffix(s, "…") {
		s += "."
	}
	return s
}
