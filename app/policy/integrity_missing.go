package policy

import (
	"fmt"

	"github.com/bonafide-app/bonafide/app/dep"
)

// integrityMissing: a registry entry without a digest that can be compared is said,
// never skipped. What a parent's tarball delivers has none by nature.
func integrityMissing(s Subject, v view) []draft {
	e := s.Change.Entry
	if !s.enters() || e.Source != dep.Registry || e.Lockfile == "" || s.Change.Kind == dep.Repinned ||
		bundled(e) || e.IntegrityError != "" || dep.Strongest(e.Digests).Comparable() {
		return nil
	}
	if len(integrityLost(s, v)) > 0 {
		return nil
	}
	d := about(RuleIntegrityMissing, s,
		fmt.Sprintf("The lockfile has no digest for %s: nothing holds the package manager to the bytes that the registry has today.", id(e.Package)),
		"Run the package manager's install again in a clean checkout and commit the lockfile it writes. Benign causes: a very old lockfile or package manager, or a registry that states none.")
	d.cause, d.many = "none", "have no digest in the lockfile"
	if weak := dep.Strongest(e.Digests); weak.Algorithm != "" {
		d.Message = fmt.Sprintf("The lockfile's only digest for %s is %s, which can be forged and is not compared.", id(e.Package), weak.Algorithm)
		d.cause, d.many = weak.Algorithm, "have only a "+weak.Algorithm+" digest in the lockfile, which can be forged and is not compared"
	}
	return []draft{d}
}
