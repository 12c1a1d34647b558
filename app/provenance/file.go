package provenance

import (
	"encoding/hex"
	"slices"
	"strings"
	"time"

	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"

	"github.com/bonafide-app/bonafide/app/dep"
)

// FileEvidence is what one bundle proves of a file.
type FileEvidence struct {
	// Provenance is Verified where a build service's certificate signed for this very
	// file, Invalid where the bundle does not hold or speaks of another file, Absent
	// where it proves something else than who built it, and Unknown where this trust
	// cannot tell. Announced and Uncounted are never set.
	Provenance
	// Signed says that the file itself was signed (cosign sign-blob), not a statement
	// about its build: there is an identity, and no predicate.
	Signed   bool
	Subject  string    // what the statement calls the file, "" where it gives no name
	Subjects int       // of the statement
	SignedAt time.Time // a trusted time, set when Verified
	// File is the file's digest of the algorithm that was compared, and Attested what
	// was attested instead; the zero Digest where it is not one alone.
	File, Attested dep.Digest
	// OtherFile says that the bundle is about another file than this one.
	OtherFile bool
}

// File verifies one Sigstore bundle (v0.1 to v0.3) against a file: a statement of SLSA
// provenance (v0.2, v1) that has it among its subjects, or a signature over it. Who
// was expected to build it is the caller's to ask: a valid signature alone says nothing.
func (t *TrustRoot) File(raw []byte, file FileDigests) (e FileEvidence) {
	e.File = file.SHA256
	defer func() {
		if recover() != nil { // a hostile bundle made a third-party parser panic
			e = FileEvidence{File: file.SHA256}
			e.fail(faultf(causeBundle, "its bundle could not be parsed"))
		}
	}()
	if f := t.file(raw, file, &e); f != nil {
		e.fail(f)
		return e
	}
	e.State = Verified
	return e
}

// fail says that nothing is proven.
func (e *FileEvidence) fail(f *fault) {
	e.Identity, e.Log, e.SignedAt = nil, nil, time.Time{}
	e.State, e.Unsupported = Invalid, f.unsupported
	switch {
	case f.elsewhere:
		e.State = Unknown
	case f.unsupported:
		e.State = Absent
	}
	e.Reason = sentence(f.reason)
}

func (t *TrustRoot) file(raw []byte, file FileDigests, e *FileEvidence) *fault {
	b, f := parseBundle(raw)
	if f != nil {
		return f
	}
	if t, f = t.forFiles(); f != nil {
		return f
	}
	if key := b.GetVerificationMaterial().GetPublicKey(); key != nil {
		f := faultf(causeKey, "it is signed with the key %s, and a key does not say who built the file", quote(key.GetHint()))
		f.unsupported = true
		return f
	}
	if f := t.foreign(b); f != nil {
		return f
	}
	var s statement
	var digest dep.Digest
	if e.Signed = b.GetMessageSignature() != nil; e.Signed {
		digest, f = signedDigest(b, file)
	} else {
		if n := len(b.GetDsseEnvelope().GetSignatures()); n != 1 {
			return faultf(causeSignature, "it has %d signatures, expected exactly one", n)
		}
		if s, f = statementOf(b); f == nil {
			e.PredicateType, e.Subjects = clip(s.PredicateType), len(s.Subject)
			e.Subject, digest, f = s.ofFile(file)
		}
	}
	if digest.Hex != "" {
		e.File = digest
	}
	if f != nil {
		return t.otherFile(b, f, file, e)
	}
	result, f := t.verifyBundle(b, digest)
	if f != nil {
		return f
	}
	out := attested{predicateType: s.PredicateType, predicate: s.Predicate, digest: digest, certificate: result.Signature.Certificate}
	who, f := builderOf(out, e.Signed)
	if f != nil {
		return f
	}
	e.Identity, e.Log = &who, t.logged(b, result)
	for _, stamp := range result.VerifiedTimestamps {
		if at := stamp.Timestamp.UTC(); e.SignedAt.IsZero() || at.Before(e.SignedAt) {
			e.SignedAt = at
		}
	}
	return nil
}

// builderOf is who built a file, by a bundle that holds.
func builderOf(a attested, signed bool) (Identity, *fault) {
	switch {
	case a.certificate == nil:
		return Identity{}, faultf(causeCertificate, "it is not signed with the certificate of a build")
	case signed:
		who, _, f := identify(*a.certificate)
		return who, f
	case a.predicateType != predicateSLSA02 && a.predicateType != predicateSLSA1:
		f := faultf(causePredicateType, "it holds, but is no build provenance: it is of the kind %s", quote(a.predicateType))
		f.unsupported = true
		return Identity{}, f
	}
	b, f := readBuild(a)
	return b.identity, f
}

// otherFile says of a bundle that speaks of other bytes what it speaks of, and
// whether it is genuine.
func (t *TrustRoot) otherFile(b *entity, f *fault, file FileDigests, e *FileEvidence) *fault {
	if f.cause != causeDigest {
		return f
	}
	e.OtherFile = true
	against := dep.Digest{}
	if e.Signed {
		against = dep.Digest{Algorithm: e.File.Algorithm, Hex: f.attested}
	}
	if _, g := t.verifyBundle(b, against); g != nil {
		f.reason += "; besides, " + g.reason
		e.Subject = "" // anybody may have written it
	} else if f.attested != "" {
		e.Attested = dep.Digest{Algorithm: e.File.Algorithm, Hex: f.attested}
		if own, ok := file.of(e.File.Algorithm); ok {
			e.File = own
		}
	}
	return f
}

// ofFile finds the subject that is the file, by its digest alone: names change as files
// are copied. The digest is the strongest that the subject states of it.
func (s statement) ofFile(file FileDigests) (name string, digest dep.Digest, f *fault) {
	if len(s.Subject) == 0 || len(s.Subject) > maxSubjects {
		return "", digest, faultf(causeSubject, "its statement has %d subjects, expected 1 to %d", len(s.Subject), maxSubjects)
	}
	comparable := false
	for _, subject := range s.Subject {
		var agrees, differs dep.Digest
		for _, own := range []dep.Digest{file.SHA256, file.SHA512} {
			stated, ok := subject.Digest[own.Algorithm]
			switch {
			case !ok:
			case strings.EqualFold(stated, own.Hex):
				agrees = own
			default:
				differs = own
			}
			comparable = comparable || ok
		}
		switch {
		case agrees.Hex == "":
		case differs.Hex != "":
			return "", agrees, faultf(causeSubject, "its subject %s has this file's %s digest and another %s digest", quote(subject.Name), agrees.Algorithm, differs.Algorithm)
		default:
			return clip(subject.Name), agrees, s.inHex()
		}
	}
	if !comparable {
		f := faultf(causeSubject, "its subjects state no sha256 or sha512 digest, so that no file can be held against it")
		f.unsupported = true
		return "", digest, f
	}
	return s.notFile(file)
}

// inHex says of a statement whose digests are not all hexadecimal, which in-toto allows of some
// algorithms, that the library which verifies takes none such.
func (s statement) inHex() *fault {
	for _, subject := range s.Subject {
		for _, stated := range subject.Digest {
			if _, err := hex.DecodeString(stated); err != nil {
				f := faultf(causeSubject, "its subject %s states a digest that is not hexadecimal, which is not supported", quote(subject.Name))
				f.unsupported = true
				return f
			}
		}
	}
	return nil
}

// notFile names what a statement speaks of that does not speak of the file: its only subject, or the
// one of the same name.
func (s statement) notFile(file FileDigests) (name string, digest dep.Digest, f *fault) {
	meant := 0
	if len(s.Subject) > 1 {
		meant = slices.IndexFunc(s.Subject, func(subject subject) bool { return subject.Name != "" && subject.Name == file.Name })
	}
	if meant < 0 {
		return "", digest, faultf(causeDigest, "this file is not one of those that were attested: none of its %d subjects has the digest %s:%s", len(s.Subject), file.SHA256.Algorithm, file.SHA256.Hex)
	}
	subject := s.Subject[meant]
	for _, own := range []dep.Digest{file.SHA512, file.SHA256} {
		raw, err := hex.DecodeString(subject.Digest[own.Algorithm])
		if err != nil || 2*len(raw) != len(own.Hex) {
			continue
		}
		f := faultf(causeDigest, "this file is not the one that was attested: its digest is %s:%s, and %s:%x was attested as %s", own.Algorithm, own.Hex, own.Algorithm, raw, quote(subject.Name))
		f.attested = hex.EncodeToString(raw)
		return clip(subject.Name), own, f
	}
	return clip(subject.Name), digest, faultf(causeSubject, "the digest of its subject %s is malformed", quote(subject.Name))
}

// signedDigest is the digest of the file that a signature over it states.
func signedDigest(b *entity, file FileDigests) (dep.Digest, *fault) {
	stated := b.GetMessageSignature().GetMessageDigest()
	own := file.SHA256
	switch algorithm := stated.GetAlgorithm(); algorithm {
	case protocommon.HashAlgorithm_SHA2_256:
	case protocommon.HashAlgorithm_SHA2_512:
		own = file.SHA512
	default:
		f := faultf(causeDigest, "its signature is over a digest of the kind %s, which is not supported", quote(algorithm.String()))
		f.cause, f.unsupported = causeSignature, true
		return dep.Digest{}, f
	}
	if is := hex.EncodeToString(stated.GetDigest()); is != own.Hex {
		f := faultf(causeDigest, "this file is not the one that was signed: its digest is %s:%s, and %s:%s was signed", own.Algorithm, own.Hex, own.Algorithm, clip(is))
		f.attested = is
		return own, f
	}
	return own, nil
}

// githubAuthority is the organisation in the certificates of GitHub's own Sigstore, which
// signs for private repositories.
const githubAuthority = "GitHub, Inc."

// foreign says of a bundle whose certificate names GitHub's own authority that this trust does not know
// it: nothing is wrong with it, it is held against the wrong root.
func (t *TrustRoot) foreign(b *entity) *fault {
	leaf := b.signer.Certificate()
	if leaf == nil || !slices.Contains(leaf.Issuer.Organization, githubAuthority) || t.issued(leaf, leaf.NotBefore) {
		return nil
	}
	f := faultf(causeCertificate, "its certificate names GitHub's own authority, as attestations of private repositories do, which is not part of Sigstore's public trusted root; "+
		"give GitHub's with --trusted-root, of which gh attestation trusted-root writes it as one line")
	f.elsewhere = true
	return f
}

// forFiles demands of a bundle what the operator's own root can give: GitHub's names neither a
// transparency log nor a log of certificates, and a timestamp authority instead. Of every
// other root both are demanded.
func (t *TrustRoot) forFiles() (*TrustRoot, *fault) {
	keyed, ok := t.material.(keyedMaterial)
	if !t.pinned || !ok || len(t.material.CTLogs())+len(t.material.RekorLogs()) > 0 {
		return t, nil
	}
	own := *t
	if err := own.rest(keyed.TrustedMaterial, keyed.keys, demands{}); err != nil {
		f := faultf(causeCertificate, "the trusted root cannot be used: %v", err)
		f.elsewhere = true
		return nil, f
	}
	return &own, nil
}
