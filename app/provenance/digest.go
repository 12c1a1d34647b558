package provenance

import (
	"fmt"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/registry"
)

// The values of Digest.Differs.
const (
	differsLockfile = "lockfile"
	differsRegistry = "registry"
	differsAttested = "attested"
)

// attestable is the digest that attestations are held against: the lockfile's
// sha512 if it has one, because that is what gets installed, else the registry's.
// npm's attestations know no other algorithm.
func attestable(s Subject, rel *registry.Release) (dep.Digest, bool) {
	for _, ds := range [][]dep.Digest{s.Digests, rel.Digests} {
		for _, d := range ds {
			if d.Algorithm == "sha512" {
				return d, true
			}
		}
	}
	return dep.Digest{}, false
}

// compareDigests says whether lockfile, registry and attestations speak of one
// digest. attested is that of genuine attestations, the zero Digest for none.
//
// A package manager goes by the lockfile's strongest digest, so this one decides.
// Every other comparable one that the registry states as well has to agree, too.
func compareDigests(s Subject, rel *registry.Release, attested dep.Digest) Digest {
	id := rel.Package.ID()
	d := Digest{Registry: clip(rel.Integrity)}
	if strongest := dep.Strongest(rel.Digests); strongest.Hex != "" {
		d.Registry = strongest.SRI()
	}
	if attested.Hex != "" {
		d.Attested = attested.SRI()
	}
	locked := dep.Strongest(s.Digests)
	if locked.Hex != "" {
		d.Lockfile = locked.SRI()
	}
	set := func(state State, differs, format string, args ...any) Digest {
		d.Check, d.Differs = Check{state, fmt.Sprintf(format, args...)}, differs
		return d
	}

	if s.Standalone && locked.Hex == "" {
		stated, has := find(rel.Digests, "sha512")
		switch {
		case attested.Hex == "":
			return set(Absent, "", "There is no other digest to hold the registry's digest of %s against.", id)
		case !has:
			return set(Absent, "", "The registry states no sha512 digest of %s to hold the attested one against.", id)
		case stated != attested:
			return set(Invalid, differsAttested, "The attestations of %s are for %s, the registry states %s.", id, attested.SRI(), stated.SRI())
		}
		d.State = Verified
		return d
	}
	if s.OwnDigest {
		return set(Absent, "", "The lockfile's digest of %s is of the package manager's own archive, by the nature of the format, and cannot be held against the registry's. What is shown was held against the digest that the registry states today.", id)
	}
	if locked.Hex == "" {
		return set(Absent, "", "The lockfile states no digest of %s: nothing ties what gets installed to this release. What is shown of it was held against the registry's digest.", id)
	}
	for _, l := range s.Digests {
		for _, r := range rel.Digests {
			comparable := l.Comparable() || l.Strength() == locked.Strength()
			if !comparable || l.Algorithm != r.Algorithm || l == r {
				continue
			}
			d.Lockfile, d.Registry = l.SRI(), r.SRI()
			switch {
			case attested.Algorithm == l.Algorithm && attested == l:
				return set(Invalid, differsRegistry, "The registry states %s for %s; the lockfile and the attestations say %s.", r.SRI(), id, l.SRI())
			case attested.Algorithm == l.Algorithm && attested == r:
				return set(Invalid, differsLockfile, "The lockfile has %s for %s; the registry and the attestations say %s.", l.SRI(), id, r.SRI())
			}
			return set(Invalid, differsLockfile, "The lockfile has %s for %s, the registry states %s.", l.SRI(), id, r.SRI())
		}
	}
	if twin, ok := otherOf(s.Digests, locked); ok {
		return set(Invalid, differsLockfile, "The lockfile allows two different contents for %s: %s and %s.", id, locked.SRI(), twin.SRI())
	}
	if attested.Hex != "" && attested.Algorithm == locked.Algorithm && attested != locked {
		return set(Invalid, differsAttested, "The attestations of %s are for %s, the lockfile has %s.", id, attested.SRI(), locked.SRI())
	}
	if !locked.Comparable() {
		return set(Absent, "", "The lockfile has only a %s digest of %s, which can be forged: nothing sure ties what gets installed to this release. What is shown of it was held against the registry's digest.", locked.Algorithm, id)
	}
	if _, has := find(rel.Digests, locked.Algorithm); !has {
		d.NotComparable = "registry"
		if dep.Strongest(rel.Digests).Strength() > locked.Strength() {
			d.NotComparable = "weaker"
		}
		return set(Absent, "", "The lockfile has a %s digest of %s and the registry states none of that kind: the two cannot be compared.", locked.Algorithm, id)
	}
	if attested.Hex != "" && attested.Algorithm != locked.Algorithm {
		if stated, has := find(rel.Digests, attested.Algorithm); has && stated != attested {
			return set(Invalid, differsAttested, "The attestations of %s are for %s, the registry states %s.", id, attested.SRI(), stated.SRI())
		}
	}
	d.State = Verified
	return d
}

func find(ds []dep.Digest, algorithm string) (dep.Digest, bool) {
	for _, d := range ds {
		if d.Algorithm == algorithm {
			return d, true
		}
	}
	return dep.Digest{}, false
}

// otherOf finds a digest of the same algorithm with another value.
func otherOf(ds []dep.Digest, one dep.Digest) (dep.Digest, bool) {
	for _, d := range ds {
		if d.Algorithm == one.Algorithm && d != one {
			return d, true
		}
	}
	return dep.Digest{}, false
}
