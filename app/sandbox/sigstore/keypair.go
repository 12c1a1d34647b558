package sigstore

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
)

// keypair is a P-256 key with its public half in the forms that are needed.
type keypair struct {
	private *ecdsa.PrivateKey
	spki    []byte            // DER
	id      [sha256.Size]byte // SHA-256 of spki: how logs are named
}

func newKeypair() (keypair, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return keypair{}, fmt.Errorf("a P-256 key: %w", err)
	}
	spki, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		return keypair{}, fmt.Errorf("a P-256 key: %w", err)
	}
	return keypair{private, spki, sha256.Sum256(spki)}, nil
}

// sign signs the SHA-256 of msg; the signature is DER.
func (k keypair) sign(msg []byte) ([]byte, error) {
	sum := sha256.Sum256(msg)
	return ecdsa.SignASN1(rand.Reader, k.private, sum[:])
}

func (k keypair) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: k.spki})
}
