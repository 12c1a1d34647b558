package sigstore

import (
	"encoding/json"
	"fmt"
	"time"

	"golang.org/x/crypto/ssh"
)

// Key is a signing key of a registry.
type Key struct {
	ID    string    // SSH fingerprint: "SHA256:…"
	Start time.Time // first moment of its validity
	End   time.Time // last moment, zero if it does not expire

	pair keypair
}

// Sign signs the SHA-256 of msg with ECDSA; the signature is DER.
func (k *Key) Sign(msg []byte) ([]byte, error) { return k.pair.sign(msg) }

// NewKey makes a key that no registry lists.
func NewKey() (*Key, error) {
	pair, err := newKeypair()
	if err != nil {
		return nil, err
	}
	public, err := ssh.NewPublicKey(&pair.private.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("the fingerprint of a registry key: %w", err)
	}
	return &Key{ID: ssh.FingerprintSHA256(public), pair: pair}, nil
}

// newRegistryKeys makes a key that has expired and the one that followed it, on the
// dates of the public registry; both were valid for two weeks. What was published
// before is signed with the expired key: a client must know when a release was
// published.
func newRegistryKeys() ([]*Key, error) {
	first, err := NewKey()
	if err != nil {
		return nil, err
	}
	second, err := NewKey()
	if err != nil {
		return nil, err
	}
	first.Start = time.Date(1999, time.January, 1, 0, 0, 0, 0, time.UTC)
	first.End = time.Date(2025, time.January, 29, 0, 0, 0, 0, time.UTC)
	second.Start = first.End.AddDate(0, 0, -16)
	return []*Key{first, second}, nil
}

// Keys returns the registry's keys, oldest first. The oldest has expired.
func (s *Sigstore) Keys() []*Key { return append([]*Key(nil), s.keys...) }

// KeyAt returns the key that the registry signed with at a time.
func (s *Sigstore) KeyAt(at time.Time) *Key {
	for _, k := range s.keys {
		if k.End.IsZero() || at.Before(k.End) {
			return k
		}
	}
	return s.keys[len(s.keys)-1]
}

// keyType names ECDSA over P-256 with SHA-256 in /-/npm/v1/keys.
const keyType = "ecdsa-sha2-nistp256"

func keysNPM(keys []*Key) ([]byte, error) {
	type key struct {
		Expires *instant `json:"expires"` // null: does not expire
		KeyID   string   `json:"keyid"`
		KeyType string   `json:"keytype"`
		Scheme  string   `json:"scheme"`
		Key     []byte   `json:"key"`
	}
	var out struct {
		Keys []key `json:"keys"`
	}
	for _, k := range keys {
		out.Keys = append(out.Keys, key{instantOf(k.End), k.ID, keyType, keyType, k.pair.spki})
	}
	return json.Marshal(out)
}

func keysTUF(keys []*Key) ([]byte, error) {
	type key struct {
		KeyID     string        `json:"keyId"`
		KeyUsage  string        `json:"keyUsage"`
		PublicKey publicKeyJSON `json:"publicKey"`
	}
	var out struct {
		Keys []key `json:"keys"`
	}
	for _, k := range keys {
		for _, usage := range []string{"npm:signatures", "npm:attestations"} {
			out.Keys = append(out.Keys, key{k.ID, usage, publicKeyOf(k.pair, k.Start, k.End)})
		}
	}
	return json.Marshal(out)
}
