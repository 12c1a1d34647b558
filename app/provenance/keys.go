package provenance

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore/pkg/signature"
)

// keyUse is what a registry key may sign. The names are those of the key file.
type keyUse string

const (
	useSignatures   keyUse = "npm:signatures"
	useAttestations keyUse = "npm:attestations"
)

// window is when a key may be used. A zero bound is open.
type window struct{ start, end time.Time }

func (w window) contains(t time.Time) bool {
	return (w.start.IsZero() || !t.Before(w.start)) && (w.end.IsZero() || t.Before(w.end))
}

// explain says how t lies outside the window.
func (w window) explain(t time.Time) string {
	if !w.start.IsZero() && t.Before(w.start) {
		return "which is valid only from " + day(w.start)
	}
	return "which expired on " + day(w.end)
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// registryKey is one ECDSA P-256 key of a registry.
type registryKey struct {
	public *ecdsa.PublicKey
	uses   map[keyUse]window
}

// keySet is a registry's keys by key id.
type keySet map[string]*registryKey

// find returns the key and its window for one use.
func (s keySet) find(id string, use keyUse) (*registryKey, window, bool) {
	k := s[id]
	if k == nil {
		return nil, window{}, false
	}
	w, ok := k.uses[use]
	return k, w, ok
}

// knows says whether any key signs releases.
func (s keySet) knows(use keyUse) bool {
	for _, k := range s {
		if _, ok := k.uses[use]; ok {
			return true
		}
	}
	return false
}

// material gives sigstore-go the keys that sign attestations.
func (s keySet) material() (root.TrustedMaterial, error) {
	verifiers := map[string]*root.ExpiringKey{}
	for id, k := range s {
		w, ok := k.uses[useAttestations]
		if !ok {
			continue
		}
		v, err := signature.LoadECDSAVerifier(k.public, crypto.SHA256)
		if err != nil {
			return nil, fmt.Errorf("registry key %s: %w", quote(id), err)
		}
		verifiers[id] = root.NewExpiringKey(v, w.start, w.end)
	}
	return root.NewTrustedPublicKeyMaterialFromMapping(verifiers), nil
}

// ErrKeys is wrapped by every error about a key file.
var ErrKeys = errors.New("not a registry key file")

// keyFile holds both shapes: that of the TUF target <registry host>/keys.json, which
// lists a key once per use with its window, and that of GET /-/npm/v1/keys, which
// lists it once with its expiry. Members that the shapes do not need are ignored.
type keyFile struct {
	Keys []struct {
		// TUF target
		TUFID     string     `json:"keyId"`
		Usage     keyUse     `json:"keyUsage"`
		PublicKey *publicKey `json:"publicKey"`
		// /-/npm/v1/keys
		ID      string     `json:"keyid"`
		Type    string     `json:"keytype"`
		Scheme  string     `json:"scheme"`
		Key     string     `json:"key"`
		Expires *time.Time `json:"expires"`
	} `json:"keys"`
}

type publicKey struct {
	RawBytes string `json:"rawBytes"`
	Details  string `json:"keyDetails"`
	ValidFor *struct {
		Start *time.Time `json:"start"`
		End   *time.Time `json:"end"`
	} `json:"validFor"`
}

// parseKeys reads a key file of either shape. One bad key refuses the file.
func parseKeys(data []byte) (keySet, error) {
	if len(data) > maxKeysFile {
		return nil, fmt.Errorf("%w: it has more than %d bytes", ErrKeys, maxKeysFile)
	}
	var file keyFile
	if err := json.Unmarshal(data, &file); err != nil {
		// What the file holds is not repeated: it may be another one, given by mistake.
		return nil, fmt.Errorf("%w: it is not JSON of that shape", ErrKeys)
	}
	if len(file.Keys) == 0 || len(file.Keys) > maxKeys {
		return nil, fmt.Errorf("%w: it lists %d keys, expected 1 to %d", ErrKeys, len(file.Keys), maxKeys)
	}
	keys := keySet{}
	tuf := file.Keys[0].TUFID != ""
	for i, k := range file.Keys {
		switch {
		case tuf != (k.TUFID != "") || tuf == (k.ID != ""):
			return nil, fmt.Errorf("%w: key %d has no id of the shape that the file began with", ErrKeys, i)
		case tuf:
			w, err := k.PublicKey.window()
			if err != nil {
				return nil, fmt.Errorf("%w: key %s: %w", ErrKeys, quote(k.TUFID), err)
			}
			if k.Usage != useSignatures && k.Usage != useAttestations {
				return nil, fmt.Errorf("%w: key %s: unknown keyUsage %s", ErrKeys, quote(k.TUFID), quote(string(k.Usage)))
			}
			if err := keys.add(k.TUFID, k.PublicKey.RawBytes, k.Usage, w); err != nil {
				return nil, err
			}
		default:
			const p256 = "ecdsa-sha2-nistp256"
			if k.Type != p256 || k.Scheme != p256 {
				return nil, fmt.Errorf("%w: key %s: keytype %s with scheme %s is not supported, only %s is", ErrKeys, quote(k.ID), quote(k.Type), quote(k.Scheme), p256)
			}
			var w window
			if k.Expires != nil {
				w.end = *k.Expires
			}
			for _, use := range []keyUse{useSignatures, useAttestations} {
				if err := keys.add(k.ID, k.Key, use, w); err != nil {
					return nil, err
				}
			}
		}
	}
	return keys, nil
}

func (p *publicKey) window() (window, error) {
	const p256 = "PKIX_ECDSA_P256_SHA_256"
	switch {
	case p == nil:
		return window{}, errors.New("no publicKey")
	case p.Details != p256:
		return window{}, fmt.Errorf("keyDetails %s are not supported, only %s is", quote(p.Details), p256)
	case p.ValidFor == nil || p.ValidFor.Start == nil:
		return window{}, errors.New("validFor has no start")
	}
	w := window{start: *p.ValidFor.Start}
	if p.ValidFor.End != nil {
		if w.end = *p.ValidFor.End; !w.end.After(w.start) {
			return window{}, errors.New("validFor ends before it starts")
		}
	}
	return w, nil
}

func (s keySet) add(id, spki string, use keyUse, w window) error {
	der, err := base64.StdEncoding.Strict().DecodeString(spki)
	if err != nil {
		return fmt.Errorf("%w: key %s is not base64", ErrKeys, quote(id))
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return fmt.Errorf("%w: key %s: %w", ErrKeys, quote(id), err)
	}
	public, ok := parsed.(*ecdsa.PublicKey)
	if !ok || public.Curve != elliptic.P256() {
		return fmt.Errorf("%w: key %s is not on the curve P-256", ErrKeys, quote(id))
	}
	k := s[id]
	if k == nil {
		k = &registryKey{public, map[keyUse]window{}}
		s[id] = k
	}
	if !k.public.Equal(public) {
		return fmt.Errorf("%w: two different keys have the id %s", ErrKeys, quote(id))
	}
	if _, twice := k.uses[use]; twice {
		return fmt.Errorf("%w: key %s is listed twice for %s", ErrKeys, quote(id), use)
	}
	k.uses[use] = w
	return nil
}
