package policy

import (
	"fmt"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/lockfile"
)

// exoticSource: what enters comes from the registry, at the address that the
// registry states for that name and version. A git, URL or file source that stood
// there before is not new; where it moved on, that is a warning, because nothing
// can be proven of it. Folders inside the repository are the repository's own code.
func exoticSource(s Subject, v view) []draft {
	e := s.Change.Entry
	if !s.enters() || v.fromRegistry(e) || e.Source == dep.Link || e.Source == dep.Workspace {
		return nil
	}
	if !s.isNew() {
		d := about(RuleExoticSource, s, fmt.Sprintf("%s comes from %s, where no registry vouches for it: it was not looked at.", id(e.Package), place(e)),
			"Nothing can be proven of such a source. Prefer the package's release in the registry.")
		d.atMost, d.cause, d.many = Notice, "present", "come from git, an address, a file or a host that is not the registry's: they were not looked at"
		return []draft{d}
	}
	for _, old := range s.Change.Replaces {
		if origin(old) != origin(e) {
			continue
		}
		if old.Resolved == e.Resolved {
			return nil
		}
		d := about(RuleExoticSource, s,
			fmt.Sprintf("%s moved on within its source, from %s to %s: no registry vouches for it, so nothing can be proven of the new state.",
				id(e.Package), quote(withoutSecrets(old.Resolved)), quote(withoutSecrets(e.Resolved))),
			"Compare the two states yourself, or use the package's release in the registry.")
		d.atMost = Warning
		return []draft{d}
	}
	return []draft{newSource(s)}
}

// newSource words the finding by the kind of source.
func newSource(s Subject) draft {
	e := s.Change.Entry
	d := about(RuleExoticSource, s, "", "")
	kind := "a dependency of another package"
	if e.Direct {
		kind = "a direct dependency"
	}
	switch e.Source {
	case dep.Git:
		d.Message = fmt.Sprintf("%s, %s, now comes from %s: no registry has published it, no digest pins it, and its install scripts run from the repository's own state.",
			id(e.Package), kind, place(e))
		d.Help = "Find out which package asks for it and why. A git source deep in the tree is how malware entered that registries never saw. " +
			"Benign cause: a fix that is not released yet; then pin a full commit of a repository you know, and go back to the registry when it is released."
		d.cause, d.many = "git", "now come from git, where no registry has published them"
	case dep.File:
		d.Message = fmt.Sprintf("%s, %s, now comes from %s: what is in it was published by nobody.", id(e.Package), kind, place(e))
		d.Help = "Look into the file or folder itself, or use the package's release in the registry. Benign cause: a package that is vendored on purpose."
		d.cause, d.many = "file", "now come from a file or folder"
	default:
		host, isTarball := lockfile.RegistryTarball(e.Resolved, e.Package)
		if e.Source == dep.Registry && isTarball {
			d.Message = fmt.Sprintf("%s, %s, is fetched from %s, a host that this lockfile did not use before and that is not the public registry's.", id(e.Package), kind, quote(host))
			d.Help = "Ask who runs that host. Restore the entry from the base branch, or, where it is your own mirror, move all packages in one change and make the host known to Bonafide."
			d.cause, d.many = "host "+host, fmt.Sprintf("are fetched from %s, a host that this lockfile did not use before", quote(host))
			return d
		}
		d.Message = fmt.Sprintf("%s, %s, is fetched from %s, which is not the registry's address for that name and version: the package manager installs whatever lies there.",
			id(e.Package), kind, place(e))
		d.Help = "Do not install it: an address of another package or host under a familiar name is a known attack on lockfiles. " +
			"Remove the entry and let the package manager write it again. Benign cause: a tarball that the manifest asks for by address."
	}
	return d
}
