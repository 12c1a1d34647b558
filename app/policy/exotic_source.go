package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/lockfile"
)

// exoticSource: what enters comes from the registry, at the address that the
// registry states for that name and version, stands under the name by which it
// was asked for, and asks for releases of registries in turn.
func exoticSource(s Subject, v view) []draft {
	return slices.Concat(hijacked(s), otherSource(s, v), confused(s), exoticSpecs(s, v))
}

// confused: a package that comes from a registry of its own, and from the public one all of a
// sudden, is what dependency confusion looks like: whoever publishes the name there is somebody
// else.
func confused(s Subject) []draft {
	if !s.isNew() || s.Left == "" {
		return nil
	}
	e := s.Change.Entry
	d := about(RuleExoticSource, s, fmt.Sprintf("%s comes from the public registry now, and from %s on the base: under one name, two registries have what two people published.", id(e.Package), quote(s.Left)),
		"Make sure that the release in the public registry is your own. If not, do not install it: somebody has published under a name of yours. Restore the entry from the base branch.").
		benign("a package of your own that became public, or a registry that was a mirror of the public one.")
	d.atMost = Warning
	d.cause, d.many = "left "+s.Left, fmt.Sprintf("come from the public registry now, and from %s on the base: somebody else may have published under these names", quote(s.Left))
	return []draft{d}
}

// otherSource is about addresses. A git, URL or file source that stood there before
// is not new, as long as it stands for the same bytes; where it moved on, that is a
// warning, because nothing can be proven of it, and an error where a git source deep
// in the tree did, which nobody here decides on, unless the commit is known to be on a
// branch or tag. Folders inside the repository are the repository's own code; so is a
// tarball in it that a manifest of it asks for, which is only told.
func otherSource(s Subject, v view) []draft {
	ds := fromElsewhere(s, v)
	if _, own := lockfile.OwnTarball(s.Change.Entry); own && s.Change.Entry.Patch == "" && s.direct() {
		for i := range ds {
			ds[i].atMost = Notice
		}
	}
	return ds
}

func fromElsewhere(s Subject, v view) []draft {
	e := s.Change.Entry
	switch {
	case !s.enters() || e.Source == dep.Link || e.Source == dep.Workspace:
		return nil
	case e.Patch != "" && patchLeadsOut(e):
		return []draft{foreignPatch(s)}
	case v.fromRegistry(e) || e.Source == dep.Patch:
		return nil
	}
	if !s.isNew() && s.Private != "" {
		return nil // not-looked-up says so
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
			id(e.Package), quote(old.Resolved), quote(e.Resolved)),
		"Compare the two states yourself, or use the package's release in the registry.")
	d.atMost = Warning
	if !isGit(e) {
		return d
	}
	switch {
	case s.Commit.Standing == OnRef:
		d.Message = strings.TrimSuffix(d.Message, ".") + ". The new commit is on a branch or tag of that repository."
	case s.Commit.Standing == Orphan:
		return orphan(s)
	case !s.direct() && e.Source == dep.Git:
		d.atMost = ""
		d.Message = fmt.Sprintf("%s, a dependency of another package, moved on within its git repository, from %s to %s: nobody here asked for that, and no registry vouches for the new state.",
			id(e.Package), quote(old.Resolved), quote(e.Resolved))
		d.Help = "Find out which package asks for it, and whether it asks for the new commit; compare the two commits. " +
			"Pin it to a full commit, or use the release in the registry."
		d.Benign = "that package follows a branch, so that every fresh install moves on."
		d.Message += notLookedUp(s.Commit.Inquiry)
	default:
		d.Message += notLookedUp(s.Commit.Inquiry)
		d.Unknown = s.Commit.Looked == Unreachable || s.Commit.Looked == LeftOut
	}
	return d
}

// isGit says whether an entry is a state of a git repository.
func isGit(e dep.Entry) bool {
	return e.Source == dep.Git || e.Source == dep.URL && lockfile.IsGitArchive(e.Resolved)
}

// notLookedUp says that it was not found out where the commit of a git source stands,
// "" where there was nothing to find out.
func notLookedUp(i Inquiry) string {
	if i.Looked == "" || i.Looked == Answered {
		return ""
	}
	return " Whether the commit is on a branch or tag was not found out" + because(i.Reason) + "."
}

// orphan words the finding about a commit that is in a repository in name only: GitHub
// shows every commit of a fork under the address of the repository that it was made from.
func orphan(s Subject) draft {
	e := s.Change.Entry
	return about(RuleExoticSource, s,
		fmt.Sprintf("%s comes from %s, a commit that is on no branch and no tag of that repository.", id(e.Package), place(e)),
		"Do not install it. Anybody who has a fork of a repository can put a commit behind its address, and that is how malware came under the names of well-known projects.").
		benign("a commit of a branch that was rebased or deleted, or of a pull request that is not merged yet; then pin one that stays.")
}

// otherBytes words the finding about an address that now stands for something else.
func otherBytes(s Subject, old dep.Entry) draft {
	e := s.Change.Entry
	from, to := short(dep.Strongest(old.Digests).SRI()), "none that holds it"
	if now := dep.Strongest(e.Digests); now.Algorithm != "" {
		to = short(now.SRI())
	}
	return about(RuleExoticSource, s,
		fmt.Sprintf("%s is another version from the same place as before, %s, and other bytes: the digest was %s and is %s.", id(e.Package), quote(e.Resolved), from, to),
		"Find out who changed what lies at that address: no registry vouches for it.").
		benign("a file of the repository that was replaced on purpose, or an address that always leads to the newest version.")
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
		if s.Commit.Standing == Orphan {
			return orphan(s)
		}
		pinned := "no digest pins it, "
		if e.Integrity != "" {
			pinned = ""
		}
		d.Message = fmt.Sprintf("%s, %s, now comes from %s: no registry has published it, %sand its install scripts run from the repository's own state.",
			id(e.Package), kind, place(e), pinned)
		d.Help = "Find out which package asks for it and why. A git source deep in the tree is how malware entered that registries never saw."
		d.Benign = "a fix that is not released yet; then pin a full commit of a repository you know, and go back to the registry when it is released."
		d.cause, d.many = "git", "now come from git, where no registry has published them"
	case dep.File:
		d.Message = fmt.Sprintf("%s, %s, now comes from %s: what is in it was published by nobody.", id(e.Package), kind, place(e))
		d.Help = "Look into the file or folder itself, or use the package's release in the registry."
		d.Benign = "a package that is vendored on purpose."
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
		if e.Package.Version == "" {
			d.Message = fmt.Sprintf("%s, %s, is fetched from %s, and the lockfile states no version: no registry can be asked about it, and the package manager installs whatever lies there.",
				id(e.Package), kind, place(e))
		}
		d.Help = "Do not install it: an address of another package or host under a familiar name is a known attack on lockfiles. " +
			"Remove the entry and let the package manager write it again."
		d.Benign = "a tarball that the manifest asks for by address."
	}
	return d
}
