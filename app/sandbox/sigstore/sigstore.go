// Package sigstore is a whole Sigstore in memory, for the demo and the tests: a
// certificate authority of Fulcio's shape, a certificate transparency log, a
// transparency log of Rekor's shape that really grows, and the signing keys of an
// npm registry. Its attestations are accepted by any Sigstore client that trusts
// its root, and by no other. On request it makes attestations that are wrong in
// one named way each.
//
// Algorithms are those of the public instance: P-384 for the authority, P-256
// for everything else.
package sigstore

import (
	"errors"
	"time"
)

// Sigstore is safe for concurrent use.
type Sigstore struct {
	authority *authority
	ct        *ctLog
	rekor     *rekor
	keys      []*Key // of the registry, oldest first

	trustedRoot, keysTUF, keysNPM []byte
}

// New makes a Sigstore with keys of its own. Its certificates are valid from
// before npm knew provenance until ten years after the clock's now.
func New(clock func() time.Time) (*Sigstore, error) {
	if clock == nil {
		return nil, errors.New("a virtual Sigstore needs a clock")
	}
	s := &Sigstore{}
	var err error
	if s.authority, err = newAuthority(clock().AddDate(10, 0, 0)); err != nil {
		return nil, err
	}
	if s.ct, err = newCTLog(); err != nil {
		return nil, err
	}
	if s.rekor, err = newRekor(); err != nil {
		return nil, err
	}
	if s.keys, err = newRegistryKeys(); err != nil {
		return nil, err
	}
	if s.trustedRoot, err = trustedRoot(s.authority, s.ct, s.rekor); err != nil {
		return nil, err
	}
	if s.keysTUF, err = keysTUF(s.keys); err != nil {
		return nil, err
	}
	if s.keysNPM, err = keysNPM(s.keys); err != nil {
		return nil, err
	}
	return s, nil
}

// TrustedRoot is the trusted_root.json that a client of this Sigstore needs.
// https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_trustroot.proto
func (s *Sigstore) TrustedRoot() []byte { return s.trustedRoot }

// KeysTUF are the registry's keys in the shape in which Sigstore's TUF repository
// distributes them: with both usages and the windows of validity.
func (s *Sigstore) KeysTUF() []byte { return s.keysTUF }

// KeysNPM are the registry's keys in the shape of /-/npm/v1/keys.
func (s *Sigstore) KeysNPM() []byte { return s.keysNPM }
