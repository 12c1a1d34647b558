package sigstore

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Forgery is one way in which a bundle is wrong; everything else about it is
// right. What needs a value (another subject, another build, another key) stands
// in the options instead.
type Forgery string

// None changes nothing.
const None Forgery = ""

// The certificate is wrong; for provenance alone.
const (
	ForeignAuthority   Forgery = "foreign-authority"   // issued by another authority of the same name
	NoSCT              Forgery = "no-sct"              // no log promised to log it
	ForeignSCT         Forgery = "foreign-sct"         // another log promised
	ExpiredCertificate Forgery = "expired-certificate" // it had ended when the signature was logged
	EmailIdentity      Forgery = "email-identity"      // a person, vouched for by another issuer
	ForeignIssuer      Forgery = "foreign-issuer"      // a workflow, vouched for by an issuer whose name begins like GitHub's
)

// The signature is wrong.
const (
	BrokenSignature  Forgery = "broken-signature"
	EditedPayload    Forgery = "edited-payload"     // after it was signed and logged
	NoSignature      Forgery = "no-signature"       // an envelope without any
	OtherPayloadType Forgery = "other-payload-type" // signed, but said to be something else than a statement
	NotAStatement    Forgery = "not-a-statement"    // signed, but not JSON
)

// The log entry is wrong.
const (
	NotLogged        Forgery = "not-logged"
	ForeignLog       Forgery = "foreign-log"   // a log that nobody trusts
	ImpostorLog      Forgery = "impostor-log"  // a log that nobody trusts, under the name of the real one
	OtherEntry       Forgery = "other-entry"   // the entry of something else
	OtherPayload     Forgery = "other-payload" // the entry of this signature, with another payload
	BrokenSET        Forgery = "broken-set"
	ShiftedTime      Forgery = "shifted-time" // the entry's time was changed by a minute
	NoProof          Forgery = "no-proof"     // no inclusion proof
	BrokenProof      Forgery = "broken-proof"
	BrokenCheckpoint Forgery = "broken-checkpoint" // its size was changed
	OtherCheckpoint  Forgery = "other-checkpoint"  // the genuine checkpoint of another state of the log
)

// The bundle is wrong.
const (
	UnknownBundle Forgery = "unknown-bundle" // a version that does not exist yet
	EmptyBundle   Forgery = "empty-bundle"   // neither certificate nor key
)

// Forgeries lists all but None.
func Forgeries() []Forgery {
	return append(CertificateForgeries(),
		BrokenSignature, EditedPayload, NoSignature, OtherPayloadType, NotAStatement,
		NotLogged, ForeignLog, ImpostorLog, OtherEntry, OtherPayload, BrokenSET, ShiftedTime, NoProof, BrokenProof, BrokenCheckpoint, OtherCheckpoint,
		UnknownBundle, EmptyBundle)
}

// CertificateForgeries lists those that only a provenance can have.
func CertificateForgeries() []Forgery {
	return []Forgery{ForeignAuthority, NoSCT, ForeignSCT, ExpiredCertificate, EmailIdentity, ForeignIssuer}
}

// apply changes the making of a bundle.
func (f Forgery) apply(m *making) (err error) {
	switch f {
	case None:
	case ForeignAuthority, NoSCT, ForeignSCT, ExpiredCertificate, EmailIdentity, ForeignIssuer:
		return f.applyToCertificate(m)

	case BrokenSignature:
		m.afterwards = func(b *bundle) error { return flip(b.DSSEEnvelope.Signatures[0].Sig) }
	case EditedPayload:
		m.afterwards = func(b *bundle) error {
			b.DSSEEnvelope.Payload = append([]byte(" "), b.DSSEEnvelope.Payload...)
			return nil
		}
	case NoSignature:
		m.afterwards = func(b *bundle) error { b.DSSEEnvelope.Signatures = []envelopeSignature{}; return nil }
	case OtherPayloadType:
		m.payloadType = "application/json"
	case NotAStatement:
		m.payload = []byte("This is not a statement.")

	case NotLogged:
		m.rekor = nil
	case ForeignLog:
		m.rekor, err = newRekor()
	case ImpostorLog:
		return impersonate(m)
	case OtherEntry:
		m.entry = func(envelope) (envelope, error) {
			other, err := newKeypair()
			if err != nil {
				return envelope{}, err
			}
			return enclose([]byte(`{"_type":"`+statementV1+`","subject":[]}`), payloadType, "", other.sign)
		}
	case OtherPayload:
		m.entry = func(e envelope) (envelope, error) {
			e.Payload = append([]byte(" "), e.Payload...)
			return e, nil
		}
	case BrokenSET:
		m.afterwards = onEntry(func(e *logEntry) error { return flip(e.InclusionPromise.SignedEntryTimestamp) })
	case ShiftedTime:
		m.afterwards = onEntry(func(e *logEntry) error { e.IntegratedTime += 60; return nil })
	case NoProof:
		m.afterwards = onEntry(func(e *logEntry) error { e.InclusionProof = nil; return nil })
	case BrokenProof:
		m.afterwards = onProof(func(p *inclusionProof) error { return flip(p.Hashes[0]) })
	case BrokenCheckpoint:
		m.afterwards = onProof(func(p *inclusionProof) error {
			size := func(n int64) string { return fmt.Sprintf("\n%d\n", n) }
			p.Checkpoint.Envelope = strings.Replace(p.Checkpoint.Envelope, size(p.TreeSize), size(p.TreeSize+1), 1)
			return nil
		})
	case OtherCheckpoint:
		log := m.rekor
		m.afterwards = onProof(func(p *inclusionProof) error {
			later, err := log.grow([]byte("a later entry"))
			if err == nil {
				p.Checkpoint = later.Checkpoint
			}
			return err
		})

	case UnknownBundle:
		m.mediaType = "application/vnd.dev.sigstore.bundle.v9.1+json"
	case EmptyBundle:
		m.afterwards = func(b *bundle) error {
			v := &b.VerificationMaterial
			v.Certificate, v.X509CertificateChain, v.PublicKey = nil, nil, nil
			return nil
		}
	default:
		return fmt.Errorf("no forgery is called %q", f)
	}
	return err
}

func (f Forgery) applyToCertificate(m *making) (err error) {
	if m.key != nil {
		return fmt.Errorf("%s: a publish attestation has no certificate", f)
	}
	switch f {
	case ForeignAuthority:
		m.authority, err = newAuthority(m.authority.root.NotAfter)
	case NoSCT:
		m.ct = nil
	case ForeignSCT:
		m.ct, err = newCTLog()
	case ExpiredCertificate:
		m.certified = m.logged.Add(-certificateLife - time.Minute)
	case EmailIdentity:
		const issuer = "https://accounts.google.com"
		der, err := asn1.MarshalWithParams(issuer, "utf8")
		if err != nil {
			return err
		}
		m.identity = identity{email: "maintainer@" + organization,
			extensions: []pkix.Extension{extension(1, []byte(issuer)), extension(8, der)}}
	case ForeignIssuer:
		issuer := Issuer + "." + organization
		der, err := asn1.MarshalWithParams(issuer, "utf8")
		if err != nil {
			return err
		}
		for i, e := range m.identity.extensions {
			switch {
			case e.Id.Equal(extension(1, nil).Id):
				m.identity.extensions[i].Value = []byte(issuer)
			case e.Id.Equal(extension(8, nil).Id):
				m.identity.extensions[i].Value = der
			}
		}
	}
	return err
}

// impersonate logs at a foreign log that takes the real one's name.
func impersonate(m *making) error {
	name := m.rekor.key.id
	impostor, err := newRekor()
	if err != nil {
		return err
	}
	impostor.key.id = name
	m.rekor = impostor
	return nil
}

func onEntry(change func(*logEntry) error) func(*bundle) error {
	return func(b *bundle) error {
		if len(b.VerificationMaterial.TlogEntries) == 0 {
			return errors.New("there is no log entry to forge")
		}
		return change(b.VerificationMaterial.TlogEntries[0])
	}
}

func onProof(change func(*inclusionProof) error) func(*bundle) error {
	return onEntry(func(e *logEntry) error {
		if e.InclusionProof == nil {
			return errors.New("there is no inclusion proof to forge")
		}
		return change(e.InclusionProof)
	})
}

// flip changes the last bit of a signature or a hash.
func flip(data []byte) error {
	if len(data) == 0 {
		return errors.New("there is nothing to forge")
	}
	data[len(data)-1] ^= 1
	return nil
}
