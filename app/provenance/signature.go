package provenance

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/bonafide-app/bonafide/app/registry"
)

// dating finds out when a release was published. It is asked only where a key has
// expired. The error's text is a reason for people; retry says that asking again
// may help.
type dating func(ctx context.Context) (at registry.Date, retry bool, err error)

// signature checks the registry's signatures over name@version:integrity, with the
// integrity as the registry's document states it. Every signature must hold.
// https://docs.npmjs.com/about-registry-signatures
//
// A key counts if it was valid when the release was published. logged is when the
// publish attestation was logged, nil if there is no verified one. The dates that
// the registry gives are not signed, so they are only asked for where it matters:
// for a key that has expired since.
func (t *TrustRoot) signature(ctx context.Context, rel *registry.Release, origin string, logged *Log, date dating, now time.Time) (Signature, bool) {
	id := rel.Package.ID()
	if len(rel.Signatures) == 0 {
		s := Signature{NotRequired: !t.keysFor(origin)}
		s.State = Absent
		if s.Reason = fmt.Sprintf("The registry publishes signing keys, but did not sign %s.", id); s.NotRequired {
			s.Reason = "The registry did not sign " + id + ", and no signing key of this registry is known."
		}
		return s, false
	}
	s := Signature{KeyID: clip(rel.Signatures[0].KeyID)}
	invalid := func(keyID, format string, args ...any) (Signature, bool) {
		s.KeyID = clip(keyID)
		s.Check = Check{Invalid, fmt.Sprintf(format, args...)}
		return s, false
	}
	if len(rel.Signatures) > maxSignatures {
		return invalid(s.KeyID, "The registry gives %d signatures for %s, more than the %d that are read.", len(rel.Signatures), id, maxSignatures)
	}
	if rel.Integrity == "" {
		return invalid(s.KeyID, "The registry gives a signature for %s, but no integrity that it could cover.", id)
	}
	sum := sha256.Sum256([]byte(id + ":" + rel.Integrity))
	var windows []window
	for _, sig := range rel.Signatures {
		key, w, known := t.keys.find(sig.KeyID, useSignatures)
		switch {
		case !known:
			return invalid(sig.KeyID, "The registry signed %s with the key %s, which is not among the known keys.", id, quote(sig.KeyID))
		case !ecdsa.VerifyASN1(key.public, sum[:], sig.Sig):
			return invalid(sig.KeyID, "The registry's signature of %s, by the key %s, does not cover its name, version and integrity.", id, quote(sig.KeyID))
		}
		windows = append(windows, w)
	}
	var published registry.Date
	if logged != nil {
		published = registry.Date{Time: logged.Time, Source: "transparency log"}
	}
	for i, w := range windows {
		keyID := rel.Signatures[i].KeyID
		if published.Time.IsZero() && !w.end.IsZero() && !now.Before(w.end) {
			var retry bool
			var err error
			if published, retry, err = date(ctx); err != nil {
				s.KeyID = clip(keyID)
				s.Check = Check{Unknown, sentence(fmt.Sprintf("the key %s that signed %s expired on %s, and when the release was published could not be found out: %v", quote(keyID), id, day(w.end), err))}
				return s, retry
			}
		}
		if !published.Time.IsZero() && !w.contains(published.Time) {
			return invalid(keyID, "%s was published on %s (%s), but signed with the key %s, %s.", id, day(published.Time), published.Source, quote(keyID), w.explain(published.Time))
		}
	}
	s.State, s.DateSource = Verified, published.Source
	return s, false
}
