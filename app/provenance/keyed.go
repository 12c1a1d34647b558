package provenance

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"
)

// Keyed is the trust for a registry of somebody's own: the Sigstore root of another trust, as it
// is at that time, and the keys of that registry, in a shape that LoadTrust takes. Without keys,
// a missing signature means nothing there; what is signed with the keys of the other trust, as
// a registry passes it on, counts. The error wraps ErrKeys.
func Keyed(current func() *TrustRoot, keysFile []byte) (func() *TrustRoot, error) {
	var keys keySet
	if keysFile != nil {
		var err error
		if keys, err = parseKeys(keysFile); err != nil {
			return nil, err
		}
		if _, err := keys.material(); err != nil {
			return nil, err
		}
	}
	var mu sync.Mutex
	var from, made *TrustRoot
	return func() *TrustRoot {
		now := current()
		mu.Lock()
		defer mu.Unlock()
		if from != now {
			from, made = now, now.keyed(keys, keysFile)
		}
		return made
	}, nil
}

// keyed is the trust with other keys, or with its own that nobody need have signed with.
func (t *TrustRoot) keyed(keys keySet, keysFile []byte) *TrustRoot {
	out := *t
	if keys == nil {
		out.hosts = []string{}
	} else {
		out.keys, out.hosts = keys, nil
		if err := out.rekey(); err != nil {
			out.keys = keySet{} // they were good when they were read: nothing holds that they sign
		}
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s of a registry's own\n%v %x\n", t.id, keys == nil, sha256.Sum256(keysFile)))
	out.id = hex.EncodeToString(sum[:])
	return &out
}

// rekey makes the verifiers anew, for other keys.
func (t *TrustRoot) rekey() error {
	registry, err := t.keys.material()
	if err != nil {
		return err
	}
	return t.rest(t.material.(keyedMaterial).TrustedMaterial, registry, t.demands)
}
