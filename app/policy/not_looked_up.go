package policy

import (
	"fmt"

	"github.com/bonafide-app/bonafide/app/dep"
)

// notAsked: a private package is not asked about, so that its name stays private, and
// what the public registry says of one from a mirror counts only where the digests agree.
// Neither is passed over in silence.
func notAsked(s Subject, v view) []draft {
	e := s.Change.Entry
	switch {
	case !s.enters() || e.Source != dep.Registry:
		return nil
	case s.Private != "":
		d := about(RuleNotLookedUp, s, fmt.Sprintf("%s is private (%s) and was not looked up: nothing of its evidence is known.", id(e.Package), quote(s.Private)),
			"Where that registry serves what the public one has, declare it a mirror; where it is to be asked itself, the operator adds it to the file of --registries.").
			benign("a package of your own.")
		d.cause, d.many = s.Private, fmt.Sprintf("are private (%s) and were not looked up: nothing of their evidence is known", quote(s.Private))
		return []draft{d}
	case s.Uncounted != "" && len(digestMismatch(s, v)) == 0:
		d := about(RuleNotLookedUp, s, fmt.Sprintf("What the registry says of %s does not count: %s.", id(e.Package), sentence(s.Uncounted)),
			"Let the lockfile keep the digests that the package manager can write, or take the package from the registry itself.").
			benign("a lockfile of a kind that keeps no digest of what the registry has, as those of yarn 2 and later.")
		d.cause, d.many = "mirror", "come from a mirror, and no digest of the lockfile shows that they are what the registry has: what it says of them does not count"
		return []draft{d}
	}
	return nil
}

// lostToPrivate is about a package that became private: of what enters nothing is known,
// and what it replaces had provenance.
func lostToPrivate(s Subject, v view) []draft {
	for _, b := range s.compared() {
		if !hasProvenance(b.evidence) {
			continue
		}
		now := s.Change.Entry.Package
		d := about(RuleProvenanceLost, s, fmt.Sprintf("%s is private now (%s) and was not looked up, but %s, had build provenance: that one was built %s.",
			id(now), quote(s.Private), b.which(now), builder(b.evidence.Provenance.Identity)),
			"Find out why the package comes from elsewhere. Where that is a mirror of the public registry, declare it as one, so that its provenance is looked at.").
			benign("a package of your own that is no longer published.")
		d.atMost = b.atMost("")
		return []draft{d}
	}
	return nil
}
