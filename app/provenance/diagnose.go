package provenance

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"time"

	"github.com/sigstore/sigstore-go/pkg/tlog"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/signature"
)

// diagnose finds out why sigstore-go refused a bundle. Its own texts do not
// separate causes: a wrong key, say, shows up as a log entry that does not match.
// The steps go from what others rest on to what rests on them.
func (t *TrustRoot) diagnose(b *entity, artifact verify.ArtifactDigest) *fault {
	signer, content := b.signer, b.content
	if content == nil {
		return faultf(causeBundle, "its signature cannot be read")
	}
	leaf := signer.Certificate()
	if leaf != nil && !t.issued(leaf, leaf.NotBefore) {
		return faultf(causeCertificate, "its certificate was not issued by a certificate authority of the trusted root")
	}
	if message := content.MessageSignatureContent(); message != nil && !sameBytes(message.Digest(), artifact.Digest) {
		return faultf(causeDigest, "it was made for other bytes")
	}
	covered := t.covers(content, signer, artifact)
	if f := t.diagnoseLog(b, signer, content, covered); f != nil {
		return f
	}
	times, f := t.times(b)
	if f != nil {
		return f
	}
	for _, at := range times {
		switch {
		case leaf != nil && (at.Before(leaf.NotBefore) || at.After(leaf.NotAfter)):
			return faultf(causeCertificate, "it was signed at %s, but its certificate is valid from %s to %s only", day(at), day(leaf.NotBefore), day(leaf.NotAfter))
		case leaf != nil && !t.issued(leaf, at):
			return faultf(causeCertificate, "the authority that issued its certificate was not trusted at %s", day(at))
		case leaf == nil && !signer.ValidAtTime(at, t.material):
			hint := signer.PublicKey().Hint()
			_, w, _ := t.keys.find(hint, useAttestations)
			return faultf(causeKey, "it was signed at %s with the key %s, %s", day(at), quote(hint), w.explain(at))
		}
	}
	if leaf != nil && len(times) > 0 && len(t.material.CTLogs()) > 0 {
		chains, err := verify.VerifyLeafCertificate(times[0], leaf, t.material)
		if err != nil || verify.VerifySignedCertificateTimestamp(chains, 1, t.material) != nil {
			return faultf(causeCertificate, "its certificate has no timestamp (SCT) of a certificate transparency log of the trusted root")
		}
	}
	if !covered {
		return faultf(causeSignature, "its signature does not cover its content")
	}
	if len(artifact.Digest) > 0 {
		if err := verify.VerifySignatureWithArtifactDigests(content, signer, t.material, []verify.ArtifactDigest{artifact}); err != nil {
			return faultf(causeDigest, "it was made for other bytes")
		}
	}
	return faultf(causeSignature, "it does not verify against the trusted root")
}

// covers says whether the signature was made over the content with the signer's key.
func (t *TrustRoot) covers(content verify.SignatureContent, signer verify.VerificationContent, artifact verify.ArtifactDigest) bool {
	if content.EnvelopeContent() != nil {
		return verify.VerifySignature(content, signer, t.material) == nil
	}
	return verify.VerifySignatureWithArtifactDigests(content, signer, t.material, []verify.ArtifactDigest{artifact}) == nil
}

func (t *TrustRoot) issued(leaf *x509.Certificate, at time.Time) bool {
	_, err := verify.VerifyLeafCertificate(at, leaf, t.material)
	return err == nil
}

// diagnoseLog looks for a log entry that is not authentic, or that records another
// signing than the bundle's. Where the bundle's own signature covers its content,
// the entry is the wrong one; else the bundle was altered.
func (t *TrustRoot) diagnoseLog(b *entity, signer verify.VerificationContent, content verify.SignatureContent, covered bool) *fault {
	if len(b.entries) == 0 && len(t.material.RekorLogs()) > 0 {
		return faultf(causeLog, "it carries no transparency log entry")
	}
	logs := t.material.RekorLogs()
	for _, e := range b.entries {
		log, known := logs[hex.EncodeToString([]byte(e.LogKeyID()))]
		if !known {
			return faultf(causeLog, "its entry is of a transparency log that the trusted root does not know")
		}
		if tlog.ValidateEntry(e) != nil {
			return faultf(causeLog, "its transparency log entry is malformed")
		}
		if e.HasInclusionPromise() && tlog.VerifySET(e, logs) != nil {
			return faultf(causeLog, "the transparency log did not sign its entry: the entry, its time or its signed timestamp was altered")
		}
		if e.IsRekorV2() {
			continue // the entry is rebuilt from the bundle: the whole check follows below
		}
		if e.HasInclusionProof() {
			verifier, err := signature.LoadVerifier(log.PublicKey, log.SignatureHashFunc)
			if err != nil || tlog.VerifyInclusion(e, verifier) != nil {
				return faultf(causeLog, "the inclusion proof or the checkpoint of its transparency log entry does not verify")
			}
		}
		if f := t.logsSomethingElse(e, b, signer, content); f != nil {
			if covered {
				return faultf(causeLog, "its transparency log entry records the signing of something else")
			}
			return f
		}
	}
	// What is left, above all the entries of second-generation logs.
	if len(b.entries) > 0 {
		if _, err := verify.VerifyTlogEntry(b, t.material, 1, true); err != nil {
			for _, e := range b.entries {
				if at := e.IntegratedTime(); !at.IsZero() && !signer.ValidAtTime(at, t.material) {
					return nil // times names it
				}
			}
			return faultf(causeLog, "its transparency log entry does not verify: the inclusion proof, the checkpoint or what was logged differs")
		}
	}
	return nil
}

// logsSomethingElse compares an authentic entry of a first-generation log with the
// bundle, and names what was altered in the bundle if they differ.
func (t *TrustRoot) logsSomethingElse(e *tlog.Entry, b *entity, signer verify.VerificationContent, content verify.SignatureContent) *fault {
	if !sameBytes(e.Signature(), content.Signature()) {
		return faultf(causeSignature, "its signature is not the one that was logged")
	}
	if !signer.CompareKey(e.PublicKey(), t.material) {
		if signer.PublicKey() != nil {
			return faultf(causeKey, "it names the key %s, but was logged with another one", quote(signer.PublicKey().Hint()))
		}
		return faultf(causeCertificate, "its certificate is not the one that was logged")
	}
	if content.EnvelopeContent() != nil {
		sum := sha256.Sum256(b.GetDsseEnvelope().GetPayload())
		if logged, ok := e.GetDssePayloadHash(); !ok || !sameBytes(sum[:], logged) {
			return faultf(causeSignature, "its content was altered: the signature and the log entry are for another content")
		}
		return nil
	}
	if logged, _, ok := e.GetHashedRekordDigest(); !ok || !sameBytes(logged, content.MessageSignatureContent().Digest()) {
		return faultf(causeDigest, "its log entry is for other bytes")
	}
	return nil
}

// times are the trusted times of signing.
func (t *TrustRoot) times(b *entity) ([]time.Time, *fault) {
	var out []time.Time
	for _, e := range b.entries {
		if e.HasInclusionPromise() && !e.IntegratedTime().IsZero() {
			out = append(out, e.IntegratedTime())
		}
	}
	stamps, failures, err := verify.VerifySignedTimestamp(b, t.material)
	if err != nil {
		return nil, faultf(causeTime, "its timestamps cannot be read")
	}
	for _, s := range stamps {
		out = append(out, s.Time)
	}
	switch {
	case len(out) > 0:
		return out, nil
	case len(failures) > 0:
		return nil, faultf(causeTime, "its timestamp is not from a timestamp authority of the trusted root, or not for this signature")
	}
	return nil, faultf(causeTime, "nothing trusted says when it was signed: its log entry has no signed timestamp")
}
