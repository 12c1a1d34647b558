package sigstore

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"time"
)

// Media types of Sigstore bundles. The shape follows them: before v0.3 the
// certificate stands in a chain, in v0.1 the log entry has no inclusion proof.
const (
	BundleV01 = "application/vnd.dev.sigstore.bundle+json;version=0.1"
	BundleV02 = "application/vnd.dev.sigstore.bundle+json;version=0.2"
	BundleV03 = "application/vnd.dev.sigstore.bundle.v0.3+json"
)

const payloadType = "application/vnd.in-toto+json"

// bundle is a Sigstore bundle with a DSSE envelope, in protobuf's JSON.
// https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_bundle.proto
type bundle struct {
	MediaType            string   `json:"mediaType"`
	VerificationMaterial material `json:"verificationMaterial"`
	DSSEEnvelope         envelope `json:"dsseEnvelope"`
}

type material struct {
	Certificate          *certificateJSON  `json:"certificate,omitempty"`
	X509CertificateChain *certificateChain `json:"x509CertificateChain,omitempty"`
	PublicKey            *keyHint          `json:"publicKey,omitempty"`
	TlogEntries          []*logEntry       `json:"tlogEntries"`
	Timestamps           struct {
		RFC3161Timestamps []struct{} `json:"rfc3161Timestamps"`
	} `json:"timestampVerificationData"`
}

type certificateChain struct {
	Certificates []certificateJSON `json:"certificates"`
}

type keyHint struct {
	Hint string `json:"hint"`
}

// envelope is a DSSE envelope.
// https://github.com/secure-systems-lab/dsse/blob/master/envelope.md
type envelope struct {
	Payload     []byte              `json:"payload"`
	PayloadType string              `json:"payloadType"`
	Signatures  []envelopeSignature `json:"signatures"`
}

type envelopeSignature struct {
	Sig   []byte `json:"sig"`
	KeyID string `json:"keyid"`
}

// enclose signs a payload (DSSE's pre-authentication encoding of it).
func enclose(payload []byte, payloadType, keyID string, sign func([]byte) ([]byte, error)) (envelope, error) {
	pae := fmt.Appendf(nil, "DSSEv1 %d %s %d %s", len(payloadType), payloadType, len(payload), payload)
	sig, err := sign(pae)
	if err != nil {
		return envelope{}, fmt.Errorf("an envelope: %w", err)
	}
	return envelope{payload, payloadType, []envelopeSignature{{sig, keyID}}}, nil
}

// making is how one bundle comes about. It begins as the right way; a Forgery
// changes steps of it.
type making struct {
	mediaType   string
	statement   statement
	payload     []byte // instead of the statement
	payloadType string

	// A provenance is signed with a key that a certificate vouches for.
	authority *authority
	ct        *ctLog // nil: no promise
	identity  identity
	certified time.Time

	// A publish attestation is signed with a key of the registry.
	key   *Key // nil for a provenance
	keyID string
	hint  string

	rekor  *rekor // nil: not logged
	logged time.Time
	// entry is the envelope that is logged instead of the bundle's.
	entry func(envelope) (envelope, error)
	// afterwards is what happens to the finished bundle.
	afterwards func(*bundle) error
}

// make makes the bundle, as JSON.
func (m *making) make() ([]byte, error) {
	payload := m.payload
	if payload == nil {
		var err error
		if payload, err = json.Marshal(m.statement); err != nil {
			return nil, fmt.Errorf("a statement: %w", err)
		}
	}
	b := &bundle{MediaType: m.mediaType}
	b.VerificationMaterial.Timestamps.RFC3161Timestamps = []struct{}{}
	b.VerificationMaterial.TlogEntries = []*logEntry{}
	sign, verifier, err := m.signer(&b.VerificationMaterial)
	if err != nil {
		return nil, err
	}
	if b.DSSEEnvelope, err = enclose(payload, m.payloadType, m.keyID, sign); err != nil {
		return nil, err
	}
	if m.rekor != nil {
		if err := m.log(b, verifier); err != nil {
			return nil, err
		}
	}
	if m.afterwards != nil {
		if err := m.afterwards(b); err != nil {
			return nil, err
		}
	}
	return json.Marshal(b)
}

// signer finds the key to sign with, writes who it belongs to into the bundle and
// returns the same as PEM.
func (m *making) signer(to *material) (sign func([]byte) ([]byte, error), verifier []byte, err error) {
	if m.key != nil {
		to.PublicKey = &keyHint{m.hint}
		return m.key.Sign, m.key.pair.pem(), nil
	}
	pair, err := newKeypair()
	if err != nil {
		return nil, nil, err
	}
	cert, err := m.authority.certify(m.identity, &pair.private.PublicKey, m.certified, m.ct)
	if err != nil {
		return nil, nil, err
	}
	switch m.mediaType {
	case BundleV01, BundleV02:
		to.X509CertificateChain = &certificateChain{chainOf(cert)}
	default:
		to.Certificate = &certificateJSON{cert.Raw}
	}
	return pair.sign, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}), nil
}

func (m *making) log(b *bundle, verifier []byte) error {
	logged := b.DSSEEnvelope
	if m.entry != nil {
		var err error
		if logged, err = m.entry(logged); err != nil {
			return err
		}
	}
	entry, err := m.rekor.add(logged, verifier, m.logged)
	if err != nil {
		return err
	}
	if m.mediaType == BundleV01 {
		entry.InclusionProof = nil
	}
	b.VerificationMaterial.TlogEntries = []*logEntry{entry}
	return nil
}
