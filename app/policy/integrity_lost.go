package policy

import (
	"fmt"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/lockfile"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// integrityLost: a package that was locked with a digest keeps one at least as
// strong, across versions too, unless the weaker one was held against the registry's.
// What enters with a weaker digest than the registry states, so that the two cannot
// be compared, was not written by the package manager.
func integrityLost(s Subject, _ view) []draft {
	e := s.Change.Entry
	if e.Source != dep.Registry && e.Source != dep.URL {
		return nil
	}
	if e.OwnDigest && s.Change.Kind != dep.Repinned {
		return nil // the format has no other: the next one of its kind is held against this
	}
	now := dep.Strongest(e.Digests)
	var was dep.Digest
	for _, old := range s.Change.Replaces {
		// md5 and sha1 count too: weak is still more than nothing.
		if d := dep.Strongest(old.Digests); d.Strength() > was.Strength() {
			was = d
		}
	}
	uncompared := s.isNew() && s.uncompared() == weakerThanRegistry
	switch {
	case uncompared:
	case s.Change.Kind == dep.Repinned:
		if !lockfile.Explain(s.Change).Weaker {
			return nil
		}
	case s.Change.Kind == dep.Updated:
		held := now.Comparable() && e.IntegrityError == "" && s.lookedAt() && s.Evidence.Digest.State == provenance.Verified
		if s.bundled() || s.bundleUnknown() || held || now.Strength() >= was.Strength() {
			return nil
		}
	default:
		return nil
	}
	had := "had one"
	if was.Algorithm != "" {
		had += " (" + was.Algorithm + ")"
	}
	d := about(RuleIntegrityLost, s,
		fmt.Sprintf("The lockfile has no digest for %s any more, although the base %s: nothing holds the package manager to the bytes that were locked.", id(e.Package), had),
		"Restore the lockfile from the base branch, delete node_modules, let the package manager install again and commit what it writes.").
		benign("a merge conflict that was resolved by hand, or a tool of your own that writes lockfiles; npm itself drops digests where it writes a lockfile from packages that are already installed.")
	d.cause, d.many = "none", "have no digest in the lockfile any more, although the base had one"
	switch {
	case uncompared:
		d.Message = fmt.Sprintf("The lockfile has only a %s digest for %s", now.Algorithm, id(e.Package))
		if was.Strength() > now.Strength() {
			d.Message += fmt.Sprintf(", although the base %s", had)
		}
		d.Message += fmt.Sprintf("; the registry states %s and none of that kind: the two cannot be compared, so nothing says that the lockfile stands for the published release.",
			short(s.Evidence.Digest.Registry))
		d.Help = "Do not install it. Package managers write the digest that the registry states: remove the entry and let the package manager write it again."
		d.Benign = "a tool of your own, or a mirror, that writes digests of another kind into lockfiles."
		d.cause, d.many = "uncompared", "have only a digest in the lockfile that is weaker than the registry's, so that the two cannot be compared"
	case e.OwnDigest:
		d.Help = "Restore the lockfile from the base branch and let the package manager write it again."
		d.Benign = "a package that is only for other platforms, for which yarn drops the checksum."
	case now.Algorithm != "" && e.IntegrityError == "":
		d.Message = fmt.Sprintf("The lockfile's digest for %s is only %s now, where the base %s: a weaker digest is easier to forge.", id(e.Package), now.Algorithm, had)
		if now.Comparable() {
			d.Message = fmt.Sprintf("The lockfile's digest for %s is only %s now, where the base %s, and it was not held against the registry's.", id(e.Package), now.Algorithm, had)
		}
		d.cause, d.many = "weaker", "have a weaker digest in the lockfile than the base had"
	case e.IntegrityError != "":
		d.Message = fmt.Sprintf("The lockfile's digest for %s cannot be read (%s), although the base %s.", id(e.Package), sentence(e.IntegrityError), had)
		d.cause, d.many = "unreadable", "have a digest in the lockfile that cannot be read, although the base had one"
	}
	return []draft{d}
}
