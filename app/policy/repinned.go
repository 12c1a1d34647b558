package policy

import (
	"fmt"
	"slices"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/lockfile"
)

// repinned: a version that was locked stays the same bytes from the same place. A
// digest that was added or strengthened is none of this, nor one that went away
// (integrity-lost); nor is a git or URL source that moved on in its own repository
// (exotic-source). The way back from such a source to the registry is a warning: what the
// registry has under the version is verified like everything else of it.
func repinned(s Subject, v view) []draft {
	e := s.Change.Entry
	difference := lockfile.Explain(s.Change)
	if s.nameless() {
		return nil
	}
	if s.homecoming(v) && (difference.Conflict || difference.Source) {
		return []draft{comesHome(s)}
	}
	if difference.Conflict && !s.movedInGit() {
		return []draft{otherDigest(s)}
	}
	if !difference.Source || len(s.Change.Replaces) == 0 {
		return nil
	}
	for _, old := range s.Change.Replaces {
		if origin(old) == origin(e) {
			return nil // the same place, spelled or versioned otherwise
		}
	}
	if s.stays(v) {
		return nil
	}
	old := s.Change.Replaces[0]
	d := about(RuleRepinned, s,
		fmt.Sprintf("%s keeps its version, but now comes from %s instead of %s.", id(e.Package), place(e), place(old)),
		"Ask why the source moved, or restore the entry from the base branch.").
		benign("a registry or mirror that the project moves to on purpose; then all its packages move in one change, and the operator can make the registry known.")
	if leavesOut := func(e dep.Entry) bool { return e.Source == dep.Registry && e.Resolved == "" && e.OwnDigest }; leavesOut(e) || leavesOut(old) && v.fromRegistry(e) {
		d.atMost = Warning // a lockfile of another kind: neither registry nor digest can be compared
	}
	d.cause = origin(old) + " " + origin(e)
	d.many = fmt.Sprintf("keep their version, but now come from %s instead of %s", registryOrPlace(e), registryOrPlace(old))
	return []draft{d}
}

// movedInGit says whether a git source stands for another commit of its repository, whose
// bytes are others by nature.
func (s Subject) movedInGit() bool {
	e := s.Change.Entry
	return isGit(e) && len(s.Change.Replaces) > 0 && !slices.ContainsFunc(s.Change.Replaces, func(old dep.Entry) bool {
		return !isGit(old) || origin(old) != origin(e) || old.Resolved == e.Resolved
	})
}

// nameless says whether nothing but its address tells which version an entry is, and that
// is another one: it is a version of its own, which exotic-source speaks about.
func (s Subject) nameless() bool {
	e := s.Change.Entry
	return e.Package.Version == "" && e.Source == dep.URL && !slices.ContainsFunc(s.Change.Replaces, func(old dep.Entry) bool { return old.Resolved == e.Resolved })
}

// homecoming says whether what came from git or an address alone comes from a registry now.
func (s Subject) homecoming(v view) bool {
	return s.Change.Kind == dep.Repinned && s.lookedAt() && v.fromRegistry(s.Change.Entry) && len(s.Change.Replaces) > 0 &&
		!slices.ContainsFunc(s.Change.Replaces, func(old dep.Entry) bool { return old.Source != dep.Git && old.Source != dep.URL })
}

// comesHome words the finding about the way back to the registry.
func comesHome(s Subject) draft {
	e := s.Change.Entry
	d := about(RuleRepinned, s,
		fmt.Sprintf("%s keeps its version, but now comes from the registry instead of %s: what the registry has need not be the same.", id(e.Package), place(s.Change.Replaces[0])),
		"Nothing to do where the release in the registry is the one that was meant. Make sure that it has the fix for which the other source was used.")
	d.atMost, d.cause, d.many = Warning, "home", "keep their version, but now come from the registry instead of git or an address: what the registry has need not be the same"
	return d
}

// stays says whether a package that was repinned is the same bytes as before, from a
// registry that this lockfile uses anyway.
func (s Subject) stays(v view) bool {
	return s.Change.Kind == dep.Repinned && v.fromRegistry(s.Change.Entry) &&
		slices.ContainsFunc(s.Change.Replaces, func(old dep.Entry) bool { return sameBytes(old, s.Change.Entry) })
}

// otherDigest words the finding by the entry that the new digest contradicts.
func otherDigest(s Subject) draft {
	e := s.Change.Entry
	from, to := "another one", short(dep.Strongest(e.Digests).SRI())
	if e.OwnDigest {
		to = short(e.Integrity)
	}
	for _, old := range s.Change.Replaces {
		if lockfile.CompareDigests(old, e) != lockfile.DigestsConflict {
			continue
		}
		if e.OwnDigest {
			from = short(old.Integrity)
		}
		for _, d := range e.Digests {
			if was := ofAlgorithm(old.Digests, d.Algorithm); len(was) > 0 && !slices.Contains(old.Digests, d) {
				from, to = list(was), list(ofAlgorithm(e.Digests, d.Algorithm))
				break
			}
		}
		break
	}
	return about(RuleRepinned, s,
		fmt.Sprintf("%s keeps its version, but its digest changed from %s to %s: the lockfile now stands for other bytes.", id(e.Package), from, to),
		"Restore the entry from the base branch and let the package manager write it again.").
		benign("a private registry where the version was published anew, a mirror that repacks tarballs, or a merge conflict that was resolved by hand.")
}

// sameBytes says whether both entries stand for the same bytes beyond doubt: they
// share a strong digest, and nothing about their digests became worse.
func sameBytes(base, head dep.Entry) bool {
	switch lockfile.CompareDigests(base, head) {
	case lockfile.DigestsSame, lockfile.DigestsStronger:
		return slices.ContainsFunc(head.Digests, func(d dep.Digest) bool { return d.Comparable() && slices.Contains(base.Digests, d) })
	}
	return false
}

// ofAlgorithm are the digests of one algorithm, shortened.
func ofAlgorithm(ds []dep.Digest, algorithm string) []string {
	var out []string
	for _, d := range ds {
		if d.Algorithm == algorithm {
			out = append(out, short(d.SRI()))
		}
	}
	return out
}
