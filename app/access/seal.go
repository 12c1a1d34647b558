package access

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
)

// errSealed is for what was sealed under another key, or changed since.
var errSealed = errors.New("it was not sealed with this key")

// random is 256 bits that nobody guesses, in base64 as it stands in cookies and addresses.
func random() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // it never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// isRandom says whether a value has the shape of what random makes.
func isRandom(s string) bool {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return err == nil && len(b) == 32
}

// seal encrypts what only who has the secret may read, for one use: AES-256-GCM under a
// key derived by HKDF, with the nonce in front.
func seal(secret []byte, use string, plain []byte) ([]byte, error) {
	aead, err := sealer(secret, use)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize())
	_, _ = rand.Read(nonce) // it never fails
	return aead.Seal(nonce, nonce, plain, []byte(use)), nil
}

// open reads what seal made.
func open(secret []byte, use string, sealed []byte) ([]byte, error) {
	aead, err := sealer(secret, use)
	if err != nil {
		return nil, err
	}
	if len(sealed) < aead.NonceSize() {
		return nil, errSealed
	}
	plain, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], []byte(use))
	if err != nil {
		return nil, errSealed
	}
	return plain, nil
}

func sealer(secret []byte, use string) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, "bonafide "+use, 32)
	if err != nil {
		return nil, fmt.Errorf("derive a key: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("make a cipher: %w", err)
	}
	return cipher.NewGCM(block)
}
