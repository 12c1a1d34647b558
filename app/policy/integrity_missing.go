package policy

import (
	"fmt"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// integrityMissing: a registry entry whose digest is missing, or cannot be compared,
// is said, never skipped. What a parent's tarball delivers has none by nature, and a
// format that keeps digests of its own archives has none to compare.
func integrityMissing(s Subject, v view) []draft {
	e := s.Change.Entry
	if !s.enters() || e.Source != dep.Registry || e.Lockfile == "" || e.OwnDigest || s.bundled() || s.bundleUnknown() || e.IntegrityError != "" || len(integrityLost(s, v)) > 0 {
		return nil
	}
	strongest := dep.Strongest(e.Digests)
	switch s.uncompared() {
	case weakerThanRegistry:
		d := about(RuleIntegrityMissing, s,
			fmt.Sprintf("The lockfile's only digest for %s is %s, and the registry states a stronger one and none of that kind: the two cannot be compared.", id(e.Package), strongest.Algorithm),
			"Remove the entry and let the package manager write it again.").
			benign("a tool of your own, or a mirror, that writes digests of another kind into lockfiles.")
		d.cause, d.many = "uncompared", "have only a digest in the lockfile that is weaker than the registry's, so that the two cannot be compared"
		return []draft{d}
	case registryHasShasum:
		d := about(RuleIntegrityMissing, s,
			fmt.Sprintf("The registry states only a sha1 for %s, which can be forged: the lockfile's %s digest was held against nothing.", id(e.Package), strongest.Algorithm),
			"The package manager still holds the tarball to the lockfile's digest.").
			benign("a release, or a registry, from before registries stated stronger digests.")
		d.atMost, d.cause, d.many = Notice, "shasum", "have a digest in the lockfile that was held against nothing, because the registry states only a sha1"
		return []draft{d}
	}
	if s.Change.Kind == dep.Repinned || strongest.Comparable() {
		return nil
	}
	d := about(RuleIntegrityMissing, s,
		fmt.Sprintf("The lockfile has no digest for %s: nothing holds the package manager to the bytes that the registry has today.", id(e.Package)),
		"Run the package manager's install again in a clean checkout and commit the lockfile it writes.").
		benign("a very old lockfile or package manager, or a registry that states none.")
	d.cause, d.many = "none", "have no digest in the lockfile"
	if e.Bundled && s.Bundle.State == provenance.Absent {
		d.Message = fmt.Sprintf("The lockfile has no digest for %s and says that another package's tarball delivers it, but %s: nothing holds the package manager to the bytes that the registry has today.",
			id(e.Package), sentence(s.Bundle.Reason))
		d.Help = "Do not install it before you know who wrote that: package managers mark only what the release above it bundles. Remove the entry and let the package manager write it again."
		d.Benign = "a package above it that was patched, or installed from another registry under the same version."
		d.cause, d.many = "bundle", "have no digest in the lockfile and are said to come in another package's tarball, which that one's release does not say"
	}
	if strongest.Algorithm != "" {
		d.Message = fmt.Sprintf("The lockfile's only digest for %s is %s, which can be forged and is not compared.", id(e.Package), strongest.Algorithm)
		d.cause, d.many = strongest.Algorithm, "have only a "+strongest.Algorithm+" digest in the lockfile, which can be forged and is not compared"
	}
	return []draft{d}
}
