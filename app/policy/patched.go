package policy

import (
	"fmt"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/lockfile"
)

// patched: what is installed is the release and a patch on top of it. Signature,
// provenance and digest are the release's; the patch is as good as whoever wrote it.
// The patches that yarn itself carries are yarn's own code.
func patched(s Subject, _ view) []draft {
	e := s.Change.Entry
	if !s.enters() || e.Patch == "" || patchedByYarn(e) {
		return nil
	}
	name := id(e.Package)
	d := about(RulePatched, s,
		fmt.Sprintf("%s is changed by the patch %s before it is installed: its evidence is about the release and not about what the patch makes of it.", name, quote(e.Patch)),
		"Read the patch as you would read code: it is part of the repository.").
		benign("a fix that the maintainers have not released yet.")
	if s.patchedBefore() {
		d.atMost = Notice
		d.Message = fmt.Sprintf("%s is changed by the patch %s before it is installed, as the version before was.", name, quote(e.Patch))
	}
	if !s.isNew() {
		d.atMost, d.cause, d.many = Notice, "present", "are changed by a patch before they are installed: their evidence is about the releases alone"
	}
	return []draft{d}
}

// patchedByYarn says whether every patch is one that yarn brings along.
func patchedByYarn(e dep.Entry) bool {
	for patch := range strings.SplitSeq(e.Patch, "&") {
		if !lockfile.IsYarnsOwnPatch(patch) {
			return false
		}
	}
	return true
}

// patchedBefore says whether a version that stood in the base was patched, too.
func (s Subject) patchedBefore() bool {
	if s.Change.Kind == dep.Repinned {
		return false
	}
	for _, old := range s.Change.Replaces {
		if old.Patch != "" && !patchedByYarn(old) {
			return true
		}
	}
	return false
}

// patchLeadsOut says whether a patch is a path that leaves the repository.
func patchLeadsOut(e dep.Entry) bool {
	for patch := range strings.SplitSeq(e.Patch, "&") {
		// "~/" is yarn's word for the project's own folder.
		if !lockfile.IsYarnsOwnPatch(patch) && !lockfile.InRepository(e.Lockfile, strings.TrimPrefix(strings.TrimPrefix(patch, "optional!"), "~/")) {
			return true
		}
	}
	return false
}
