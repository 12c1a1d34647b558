package policy

import (
	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// Why a digest of the lockfile that is strong enough was held against nothing.
const (
	weakerThanRegistry = "weaker"   // the registry states a stronger one, and none of that kind
	registryHasShasum  = "shasum"   // the registry states nothing but a sha1
	registryHasNone    = "registry" // the registry's own cannot be read, or there is none
)

// uncompared says why the lockfile's digest was held against nothing although it is
// strong enough, "" where it was, or where it is not (integrity-missing).
func (s Subject) uncompared() string {
	d, e := s.Evidence.Digest, s.Change.Entry
	if !s.lookedAt() || d.State != provenance.Absent || e.IntegrityError != "" || !dep.Strongest(e.Digests).Comparable() {
		return ""
	}
	rel := s.Evidence.Release
	switch {
	case d.NotComparable == weakerThanRegistry:
		return weakerThanRegistry
	case rel != nil && rel.Integrity == "" && rel.IntegrityError == "" && dep.Strongest(rel.Digests).Algorithm == "sha1":
		return registryHasShasum
	}
	return registryHasNone
}
