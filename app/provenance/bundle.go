package provenance

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"github.com/go-json-experiment/json"
	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
	"github.com/sigstore/sigstore-go/pkg/tlog"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/registry"
)

// expected is what an attestation has to speak of.
type expected struct {
	name   string // of the subject, a package URL
	digest dep.Digest
}

// attested is what an attestation says, all of it verified.
type attested struct {
	predicateType string
	predicate     []byte
	digest        dep.Digest
	keyID         string               // of the registry key that signed it, or
	certificate   *certificate.Summary // of the build that signed it
	log           *Log
}

// attestation verifies one element of the registry's attestation document:
// well-formed, of one predicate type inside and outside, about exactly the package
// and digest expected, signed by a known key or certificate, and all that logged.
func (t *TrustRoot) attestation(a registry.Attestation, want expected) (attested, *fault) {
	b, f := parseBundle(a.Bundle)
	if f != nil {
		return attested{}, f
	}
	out := attested{predicateType: a.PredicateType, digest: want.digest}
	if f := t.signedBy(b, &out); f != nil {
		return attested{}, f
	}
	s, f := read(b, a.PredicateType, want)
	if f != nil {
		return attested{}, t.besides(b, f)
	}
	out.predicate = s.Predicate
	result, f := t.verifyBundle(b, want.digest)
	if f != nil {
		return attested{}, f
	}
	out.certificate = result.Signature.Certificate
	out.log = t.logged(b, result)
	return out, nil
}

// read takes the statement out of a bundle and checks what it speaks of.
func read(b *entity, predicateType string, want expected) (statement, *fault) {
	s, f := statementOf(b)
	switch {
	case f != nil:
		return statement{}, f
	case s.PredicateType != predicateType:
		return statement{}, faultf(causePredicateType, "the registry gives its predicate type as %s, its signed statement as %s", quote(predicateType), quote(s.PredicateType))
	}
	return s, s.speaksOf(want.name, want.digest)
}

// statementOf takes the statement out of a bundle.
func statementOf(b *entity) (statement, *fault) {
	envelope := b.GetDsseEnvelope()
	switch {
	case envelope == nil:
		return statement{}, faultf(causePayloadType, "its bundle holds no signed statement")
	case envelope.GetPayloadType() != payloadInToto:
		return statement{}, faultf(causePayloadType, "its payload type is %s, not %s", quote(envelope.GetPayloadType()), quote(payloadInToto))
	}
	return parseStatement(envelope.GetPayload())
}

// besides says of an attestation that speaks of something else whether it is genuine:
// somebody altered it, or it belongs to another package or to other bytes.
func (t *TrustRoot) besides(b *entity, f *fault) *fault {
	if b.GetDsseEnvelope() == nil {
		return f
	}
	if _, g := t.verifyBundle(b, dep.Digest{}); g != nil {
		f.reason += "; besides, " + g.reason
		f.attested = ""
	}
	return f
}

// signedBy checks that the attestation names the kind of signer that its predicate
// type demands: the registry's key for a publication, a certificate for a build.
func (t *TrustRoot) signedBy(b *entity, out *attested) *fault {
	signatures := b.GetDsseEnvelope().GetSignatures()
	if b.GetDsseEnvelope() != nil && len(signatures) != 1 {
		return faultf(causeSignature, "it has %d signatures, expected exactly one", len(signatures))
	}
	key := b.GetVerificationMaterial().GetPublicKey()
	switch out.predicateType {
	case predicatePublish:
		if key == nil {
			return faultf(causeKey, "it is signed with a certificate, expected the registry's key")
		}
	case predicateSLSA02, predicateSLSA1:
		if key != nil {
			return faultf(causeCertificate, "it is signed with the key %s, expected the certificate of a build", quote(key.GetHint()))
		}
	}
	if key == nil || len(signatures) == 0 {
		return nil
	}
	// sigstore-go looks a key up by the hint, npm by the key id of the signature.
	hint, keyID := key.GetHint(), signatures[0].GetKeyid()
	if hint != keyID {
		return faultf(causeKey, "it names two keys, %s and %s", quote(hint), quote(keyID))
	}
	if _, _, known := t.keys.find(hint, useAttestations); !known {
		return faultf(causeKey, "it is signed with the key %s, which is not among the known keys for attestations", quote(hint))
	}
	out.keyID = hint
	return nil
}

// bundleType begins the media type of every Sigstore bundle.
const bundleType = "application/vnd.dev.sigstore.bundle"

// bundleVersion is the version that a media type names, "" if it is none of those
// that are known.
// https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_bundle.proto
func bundleVersion(mediaType string) string {
	switch strings.TrimPrefix(mediaType, bundleType) {
	case "+json;version=0.1", ".v0.1+json":
		return "0.1"
	case "+json;version=0.2", ".v0.2+json":
		return "0.2"
	case "+json;version=0.3", ".v0.3+json":
		return "0.3"
	}
	return ""
}

// parseBundle reads a Sigstore bundle and checks its shape, so that what is missing
// can be named.
func parseBundle(data []byte) (*entity, *fault) {
	if len(data) > maxBundle {
		return nil, faultf(causeBundle, "its bundle has %d bytes, more than the %d that are read", len(data), maxBundle)
	}
	var head struct {
		MediaType    string `json:"mediaType"`
		DSSEEnvelope *struct {
			Signatures []struct {
				Sig string `json:"sig"`
			} `json:"signatures"`
		} `json:"dsseEnvelope"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, faultf(causeBundle, "its bundle is not well-formed JSON of the expected shape")
	}
	if !strings.HasPrefix(head.MediaType, bundleType) {
		return nil, faultf(causeBundle, "its bundle is not a Sigstore bundle")
	}
	version := bundleVersion(head.MediaType)
	if version == "" {
		f := faultf(causeVersion, "its bundle is of the kind %s, which is not supported", quote(head.MediaType))
		f.unsupported = true
		return nil, f
	}
	var pb protobundle.Bundle
	if err := protojson.Unmarshal(data, &pb); err != nil {
		if head.DSSEEnvelope != nil && len(head.DSSEEnvelope.Signatures) == 1 {
			if sig := head.DSSEEnvelope.Signatures[0].Sig; !isBase64(sig) {
				return nil, faultf(causeSignature, "its signature %s is not base64", quote(sig))
			}
		}
		return nil, faultf(causeBundle, "its bundle is not a well-formed Sigstore bundle")
	}
	if f := checkShape(&pb, version); f != nil {
		return nil, f
	}
	return newEntity(&pb)
}

// isBase64 accepts the alphabets and paddings that protobuf's JSON accepts.
func isBase64(s string) bool {
	for _, e := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if _, err := e.DecodeString(s); err == nil {
			return true
		}
	}
	return false
}

// checkShape names what a bundle of its version lacks.
func checkShape(b *protobundle.Bundle, version string) *fault {
	material := b.GetVerificationMaterial()
	if b.GetDsseEnvelope() == nil && b.GetMessageSignature() == nil {
		return faultf(causeBundle, "its bundle holds neither a signed statement nor a signature")
	}
	leaf := material.GetCertificate().GetRawBytes()
	if chain := material.GetX509CertificateChain(); chain != nil {
		certs := chain.GetCertificates()
		if version == "0.3" {
			return faultf(causeCertificate, "its bundle carries a chain of certificates, which its version does not allow")
		}
		if len(certs) == 0 || len(certs) > maxCertificates {
			return faultf(causeCertificate, "its bundle carries %d certificates, expected 1 to %d", len(certs), maxCertificates)
		}
		leaf = certs[0].GetRawBytes()
	}
	if material.GetPublicKey() == nil && len(leaf) == 0 {
		return faultf(causeCertificate, "its bundle carries neither a certificate nor the name of a key")
	}
	entries := material.GetTlogEntries()
	if len(entries) > maxLogEntries {
		return faultf(causeLog, "it carries %d transparency log entries, more than the %d that are read", len(entries), maxLogEntries)
	}
	for _, e := range entries {
		switch proof := e.GetInclusionProof(); {
		case proof == nil && version != "0.1":
			return faultf(causeLog, "its transparency log entry has no inclusion proof")
		case proof == nil && len(e.GetInclusionPromise().GetSignedEntryTimestamp()) == 0:
			return faultf(causeLog, "its transparency log entry has neither an inclusion proof nor a signed timestamp")
		case proof != nil && proof.GetCheckpoint().GetEnvelope() == "":
			return faultf(causeLog, "the inclusion proof of its transparency log entry has no checkpoint")
		case version == "0.1" && len(e.GetInclusionPromise().GetSignedEntryTimestamp()) == 0:
			return faultf(causeLog, "its transparency log entry has no signed timestamp, which its version demands")
		case len(e.GetCanonicalizedBody()) == 0 || len(e.GetLogId().GetKeyId()) == 0 || e.GetKindVersion() == nil:
			return faultf(causeLog, "its transparency log entry is incomplete")
		}
	}
	return nil
}

// verifyBundle has sigstore-go verify a bundle against the digest of the artifact:
// signature, certificate chain with its embedded SCT, log entry, trusted time. It
// alone says that a bundle holds; where it says no, diagnose says why. With the zero
// Digest it says whether the bundle is genuine, whatever it speaks of.
func (t *TrustRoot) verifyBundle(b *entity, digest dep.Digest) (*verify.VerificationResult, *fault) {
	artifact, against := verify.ArtifactDigest{Algorithm: digest.Algorithm}, verify.WithoutArtifactUnsafe()
	if digest != (dep.Digest{}) {
		raw, err := hex.DecodeString(digest.Hex)
		if err != nil || len(raw) == 0 {
			return nil, faultf(causeDigest, "there is no digest to hold it against")
		}
		artifact.Digest, against = raw, verify.WithArtifactDigest(digest.Algorithm, raw)
	}
	verifier, signer := t.byCert, verify.WithoutIdentitiesUnsafe() // identify looks at the identity
	if b.GetVerificationMaterial().GetPublicKey() != nil {
		verifier, signer = t.byKey, verify.WithKey()
	}
	result, err := verifier.Verify(b, verify.NewPolicy(against, signer))
	if err != nil {
		return nil, t.diagnose(b, artifact)
	}
	return result, nil
}

// logged is the log entry behind a verified bundle, nil where none is demanded.
func (t *TrustRoot) logged(b *entity, result *verify.VerificationResult) *Log {
	logs := t.material.RekorLogs()
	var found *Log
	for _, e := range b.entries {
		if _, known := logs[hex.EncodeToString([]byte(e.LogKeyID()))]; !known {
			continue
		}
		// Where one entry holds, sigstore-go passes over others that the log did not sign.
		if len(b.entries) > 1 && e.HasInclusionPromise() && tlog.VerifySET(e, logs) != nil {
			continue
		}
		for _, stamp := range result.VerifiedTimestamps {
			at := stamp.Timestamp.UTC()
			if e.HasInclusionPromise() && e.IntegratedTime().Equal(at) {
				return &Log{Index: e.LogIndex(), Time: at}
			}
			if found == nil { // the log gives no time of its own: the timestamp authority's counts
				found = &Log{Index: e.LogIndex(), Time: at}
			}
		}
	}
	return found
}

// sameBytes keeps the comparison of digests in one place.
func sameBytes(a, b []byte) bool { return len(a) > 0 && bytes.Equal(a, b) }
