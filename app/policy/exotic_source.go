package policy

import (
	"fmt"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/lockfile"
)

// exoticSource: what enters comes from the registry, at the address that the
// registry states for that name and version, and stands under the name by which it
// was asked for.
func exoticSource(s Subject, v view) []draft { return append(hijacked(s), otherSource(s, v)...) }

// otherSource is about addresses. A git, URL or file source that stood there before
// is not new, as long as it stands for the same bytes; where it moved on, that is a
// warning, because nothing can be proven of it, and an error where a git source deep
// in the tree did, which nobody here decides on. Folders inside the repository are
// the repository's own code.
func otherSource(s Subject, v view) []draft {
	e := s.Change.Entry
	switch {
	case !s.enters() || e.Source == dep.Link || e.Source == dep.Workspace:
		return nil
	case e.Patch != "" && patchLeadsOut(e):
		return []draft{foreignPatch(s)}
	case v.fromRegistry(e) || e.Source == dep.Patch:
		return nil
	}
	if !s.isNew() {
		d := about(RuleExoticSource, s, fmt.Sprintf("%s comes from %s, where no registry vouches for it: it was not looked at.", id(e.Package), place(e)),
			"Nothing can be proven of such a source. Prefer the package's release in the registry.")
		d.atMost, d.cause, d.many = Notice, "present", "come from git, an address, a file or a host that is not the registry's: they were not looked at"
		return []draft{d}
	}
	var other, moved []draft
	for _, old := range s.Change.Replaces {
		switch {
		case origin(old) != origin(e):
		case old.Resolved != e.Resolved:
			if moved == nil {
				moved = []draft{movedOn(s, old)}
			}
		case s.Change.Kind == dep.Repinned || holdsTo(old, e):
			return nil // its digests are for the rules repinned and integrity-lost
		case other == nil:
			other = []draft{otherBytes(s, old)}
		}
	}
	switch {
	case other != nil:
		return other
	case moved != nil:
		return moved
	}
	return []draft{newSource(s)}
}

// holdsTo says whether nothing about an entry's digests became worse.
func holdsTo(base, head dep.Entry) bool {
	relation := lockfile.CompareDigests(base, head)
	return relation == lockfile.DigestsSame || relation == lockfile.DigestsStronger
}

// movedOn words the finding about a source that stands for another state of itself.
func movedOn(s Subject, old dep.Entry) draft {
	e := s.Change.Entry
	d := about(RuleExoticSource, s,
		fmt.Sprintf("%s moved on within its source, from %s to %s: no registry vouches for it, so nothing can be proven of the new state.",
			id(e.Package), quote(withoutSecrets(old.Resolved)), quote(withoutSecrets(e.Resolved))),
		"Compare the two states yourself, or use the package's release in the registry.")
	d.atMost = Warning
	if e.Source == dep.Git && !s.direct() {
		d.atMost = ""
		d.Message = fmt.Sprintf("%s, a dependency of another package, moved on within its git repository, from %s to %s: nobody here asked for that, and no registry vouches for the new state.",
			id(e.Package), quote(withoutSecrets(old.Resolved)), quote(withoutSecrets(e.Resolved)))
		d.Help = "Find out which package asks for it, and whether it asks for the new commit; compare the two commits. " +
			"Benign cause: that package follows a branch, so that every fresh install moves on. Pin it to a full commit, or use the release in the registry."
	}
	return d
}

// otherBytes words the finding about an address that now stands for something else.
func otherBytes(s Subject, old dep.Entry) draft {
	e := s.Change.Entry
	from, to := short(dep.Strongest(old.Digests).SRI()), "none that holds it"
	if now := dep.Strongest(e.Digests); now.Algorithm != "" {
		to = short(now.SRI())
	}
	return about(RuleExoticSource, s,
		fmt.Sprintf("%s is another version from the same place as before, %s, and other bytes: the digest was %s and is %s.", id(e.Package), quote(withoutSecrets(e.Resolved)), from, to),
		"Find out who changed what lies at that address: no registry vouches for it. Benign causes: a file of the repository that was replaced on purpose, or an address that always leads to the newest version.")
}

// foreignPatch words the finding about a patch that is not of the repository.
func foreignPatch(s Subject) draft {
	e := s.Change.Entry
	return about(RuleExoticSource, s,
		fmt.Sprintf("%s is changed by the patch %s, which lies outside of the repository: nobody who reviews this change can see what it does.", id(e.Package), quote(e.Patch)),
		"Do not install it. Put the patch into the repository, or restore the entry from the base branch.")
}

// newSource words the finding by the kind of source.
func newSource(s Subject) draft {
	e := s.Change.Entry
	d := about(RuleExoticSource, s, "", "")
	kind := "a dependency of another package"
	if s.direct() {
		kind = "a direct dependency"
	}
	switch e.Source {
	case dep.Git:
		pinned := "no digest pins it, "
		if e.Integrity != "" {
			pinned = ""
		}
		d.Message = fmt.Sprintf("%s, %s, now comes from %s: no registry has published it, %sand its install scripts run from the repository's own state.",
			id(e.Package), kind, place(e), pinned)
		d.Help = "Find out which package asks for it and why. A git source deep in the tree is how malware entered that registries never saw. " +
			"Benign cause: a fix that is not released yet; then pin a full commit of a repository you know, and go back to the registry when it is released."
		d.cause, d.many = "git", "now come from git, where no registry has published them"
	case dep.File:
		d.Message = fmt.Sprintf("%s, %s, now comes from %s: what is in it was published by nobody.", id(e.Package), kind, place(e))
		d.Help = "Look into the file or folder itself, or use the package's release in the registry. Benign cause: a package that is vendored on purpose."
		d.cause, d.many = "file", "now come from a file or folder"
	default:
		base, isTarball := lockfile.RegistryBase(e.Resolved, e.Package)
		if e.Source == dep.Registry && isTarball {
			registry := quote(withoutScheme(base))
			d.Message = fmt.Sprintf("%s, %s, is fetched from %s, a registry that this lockfile did not use before and that is not the public one.", id(e.Package), kind, registry)
			d.Help = "Ask who runs that registry; several can live on one host. Restore the entry from the base branch, or, where it is your own mirror, move all packages in one change and make the registry known to Bonafide."
			d.cause, d.many = "registry "+base, fmt.Sprintf("are fetched from %s, a registry that this lockfile did not use before", registry)
			return d
		}
		d.Message = fmt.Sprintf("%s, %s, is fetched from %s, which is not the registry's address for that name and version: the package manager installs whatever lies there.",
			id(e.Package), kind, place(e))
		d.Help = "Do not install it: an address of another package or host under a familiar name is a known attack on lockfiles. " +
			"Remove the entry and let the package manager write it again. Benign cause: a tarball that the manifest asks for by address."
	}
	return d
}
