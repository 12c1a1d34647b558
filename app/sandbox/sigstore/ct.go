package sigstore

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"time"

	"golang.org/x/crypto/cryptobyte"
)

// ctLog promises to log certificates.
type ctLog struct{ key keypair }

func newCTLog() (*ctLog, error) {
	key, err := newKeypair()
	return &ctLog{key}, err
}

// Numbers of RFC 6962 and RFC 5246.
const (
	versionV1            = 0
	certificateTimestamp = 0
	precertEntry         = 1
	hashSHA256           = 4
	signatureECDSA       = 3
)

// promise makes the value of the extension that embeds the log's promise: a DER
// octet string with a list of one signed certificate timestamp (RFC 6962,
// sections 3.2 and 3.3). The certificate has no such extension yet.
func (l *ctLog) promise(cert, issuer *x509.Certificate, at time.Time) ([]byte, error) {
	issuerKey := sha256.Sum256(issuer.RawSubjectPublicKeyInfo)
	var signed cryptobyte.Builder
	signed.AddUint8(versionV1)
	signed.AddUint8(certificateTimestamp)
	signed.AddUint64(uint64(at.UnixMilli()))
	signed.AddUint16(precertEntry)
	signed.AddBytes(issuerKey[:])
	signed.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(cert.RawTBSCertificate) })
	signed.AddUint16(0) // no extensions
	message, err := signed.Bytes()
	if err != nil {
		return nil, fmt.Errorf("a certificate timestamp: %w", err)
	}
	sig, err := l.key.sign(message)
	if err != nil {
		return nil, fmt.Errorf("a certificate timestamp: %w", err)
	}

	var list cryptobyte.Builder
	list.AddUint16LengthPrefixed(func(list *cryptobyte.Builder) {
		list.AddUint16LengthPrefixed(func(sct *cryptobyte.Builder) {
			sct.AddUint8(versionV1)
			sct.AddBytes(l.key.id[:])
			sct.AddUint64(uint64(at.UnixMilli()))
			sct.AddUint16(0) // no extensions
			sct.AddUint8(hashSHA256)
			sct.AddUint8(signatureECDSA)
			sct.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(sig) })
		})
	})
	raw, err := list.Bytes()
	if err != nil {
		return nil, fmt.Errorf("a certificate timestamp: %w", err)
	}
	return asn1.Marshal(raw)
}
