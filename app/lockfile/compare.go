package lockfile

import (
	"path"
	"slices"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
)

// DigestRelation says how the digests of an entry relate to those before.
type DigestRelation string

// The relations.
const (
	DigestsSame     DigestRelation = "same"
	DigestsStronger DigestRelation = "stronger" // added, or of a stronger algorithm; what both have agrees
	DigestsWeaker   DigestRelation = "weaker"   // gone, no longer readable, or only of a weaker algorithm; what both have agrees
	DigestsConflict DigestRelation = "conflict" // another digest than before, instead of it or beside it
	DigestsUnlike   DigestRelation = "unlike"   // of other bytes by nature: nothing can be said
)

// CompareDigests relates the digests of two entries of one package. A second digest
// of an algorithm that the first entry already has is a conflict: package managers
// accept either. A package manager's own digests are only related to their like.
func CompareDigests(before, after dep.Entry) DigestRelation {
	switch {
	case before.OwnDigest && after.OwnDigest && before.Source != after.Source && (before.Source == dep.Patch || after.Source == dep.Patch):
		return DigestsUnlike // of the release, and of what a patch makes of it
	case before.OwnDigest && after.OwnDigest && after.Source == dep.Patch && before.Resolved != after.Resolved:
		return DigestsUnlike // of what two patches make of it: also another yarn brings other ones along
	case before.OwnDigest && after.OwnDigest:
		return compareOwn(before, after)
	case before.OwnDigest && !hasDigest(after):
		return DigestsWeaker
	case after.OwnDigest && !hasDigest(before):
		return DigestsStronger
	case before.OwnDigest || after.OwnDigest:
		return DigestsUnlike
	case before.IntegrityError != "" || after.IntegrityError != "":
		switch {
		case before.Integrity == after.Integrity:
			return DigestsSame
		case after.IntegrityError == "" && len(after.Digests) > 0:
			return DigestsStronger
		}
		return DigestsWeaker
	case len(after.Digests) == 0 && len(before.Digests) == 0:
		return DigestsSame
	case len(after.Digests) == 0:
		return DigestsWeaker
	case len(before.Digests) == 0:
		return DigestsStronger
	}
	for _, d := range after.Digests {
		had := slices.ContainsFunc(before.Digests, func(o dep.Digest) bool { return o.Algorithm == d.Algorithm })
		if had && !slices.Contains(before.Digests, d) {
			return DigestsConflict
		}
	}
	was, is := dep.Strongest(before.Digests).Strength(), dep.Strongest(after.Digests).Strength()
	switch {
	case is < was:
		return DigestsWeaker
	case is > was || len(before.Digests) != len(after.Digests):
		return DigestsStronger
	}
	return DigestsSame
}

// hasDigest says whether an entry states anything that can hold its bytes.
func hasDigest(e dep.Entry) bool { return e.Integrity != "" || len(e.Digests) > 0 }

// compareOwn relates the digests of a package manager's own archives. Another version
// or setting of yarn's cache changes the archive of every package; the file says so
// once, and since yarn 4 before every checksum, too. One entry alone cannot say it.
func compareOwn(before, after dep.Entry) DigestRelation {
	key := func(e dep.Entry) string {
		if key, _, ok := strings.Cut(e.Integrity, "/"); ok {
			return key
		}
		return e.OwnDigestKey
	}
	switch {
	case before.Integrity == after.Integrity:
		return DigestsSame
	case after.Integrity == "":
		return DigestsWeaker
	case before.Integrity == "":
		return DigestsStronger
	case before.OwnDigestKey != after.OwnDigestKey && key(before) != key(after):
		return DigestsUnlike
	}
	return DigestsConflict
}

// SameSource says whether two entries of one package are fetched from the same
// place. The public registry's own address may be stated or left out, under either
// of its names, and may have been http before. The sha1 that yarn 1 adds to a
// registry's address is not part of it, nor is a patch: what is patched comes from
// where the release does. Each package manager spells a commit of a repository, and
// the path of a tarball in this one, in a way of its own.
func SameSource(before, after dep.Entry) bool {
	before, after = unpatched(before), unpatched(after)
	if before.Source == after.Source {
		if before.Resolved == after.Resolved {
			return true
		}
		was, _ := cutSHA1(before.Resolved)
		is, _ := cutSHA1(after.Resolved)
		if after.Source == dep.Registry && was == is {
			return true
		}
		if here, ok := OwnTarball(after); ok {
			there, ok := OwnTarball(before)
			return ok && here == there
		}
	}
	if fromGit(before) && fromGit(after) && sameCommit(before.Resolved, after.Resolved) {
		return true
	}
	if !ownAddress(after) {
		return false
	}
	if rest, http := strings.CutPrefix(before.Resolved, "http://"); http {
		return isPublicTarball("https://"+rest, before.Package)
	}
	return ownAddress(before)
}

// fromGit says whether an entry is a state of a repository.
func fromGit(e dep.Entry) bool {
	return e.Source == dep.Git || e.Source == dep.URL && IsGitArchive(e.Resolved)
}

// unpatched is an entry with the source of what is patched, where yarn's locator says
// so.
func unpatched(e dep.Entry) dep.Entry {
	if e.Source != dep.Patch {
		return e
	}
	source, _, ok := yarnLocator{e.Package.Name, e.Resolved}.unpatchAll()
	if !ok {
		return e
	}
	if e.Source, e.Resolved, ok = source.fetched(e.Package); !ok {
		e.Source = dep.Patch
	}
	return e
}

// OwnTarball is the path of a tarball in the repository, seen from the lockfile, where
// an entry is one.
func OwnTarball(e dep.Entry) (file string, ok bool) {
	if e.Source != dep.File {
		return "", false
	}
	target := strings.TrimPrefix(e.Resolved, "file:")
	target, _, _ = strings.Cut(target, "#") // yarn 1 adds the sha1, later ones where they found it
	target, _, _ = strings.Cut(target, "::")
	if !isTarballName(target) || !isOwnFolder(e.Lockfile, target) {
		return "", false
	}
	return path.Clean(target), true
}

// samePatch says whether both entries are changed by the same patches, those that yarn
// brings along aside: they are yarn's own code, and others have none.
func samePatch(before, after dep.Entry) bool {
	was, is := notYarnsOwn(before.Patch), notYarnsOwn(after.Patch)
	if was != is || before.Patch != "" && after.Patch != "" && before.Patch != after.Patch {
		return false
	}
	// Yarn's locator says what is in the patch, too.
	return is == "" || before.Source != dep.Patch || after.Source != dep.Patch || before.Resolved == after.Resolved
}

// notYarnsOwn are the patches of an entry that do not come with yarn.
func notYarnsOwn(patches string) string {
	if patches == "" || IsYarnsOwnPatch(patches) {
		return ""
	}
	all := strings.Split(patches, "&")
	return strings.Join(slices.DeleteFunc(all, IsYarnsOwnPatch), "&")
}

// Difference says what makes a change of kind Repinned one.
type Difference struct {
	Source   bool // fetched from elsewhere than any entry before
	Conflict bool // a digest that no entry before had
	Weaker   bool // no digest, or a weaker one, where the base had one; nothing contradicts
	Patch    bool // changed by another patch than before, or by one at all, or no longer
}

// Explain says what is worse: at each place of the change than before, and at new
// places than the closest of the entries before. It is zero for changes of other
// kinds.
func Explain(c dep.Change) Difference {
	var worst Difference
	if c.Kind != dep.Repinned {
		return worst
	}
	at := map[dep.Place][]*dep.Entry{}
	anywhere := make([]*dep.Entry, 0, len(c.Replaces))
	for i := range c.Replaces {
		before := &c.Replaces[i]
		anywhere = append(anywhere, before)
		for p := range places(before) {
			at[p] = append(at[p], before)
		}
	}
	for i := range c.Occurrences {
		e := &c.Occurrences[i]
		for p := range places(e) {
			candidates := at[p]
			if candidates == nil {
				candidates = anywhere
			}
			closest, found := Difference{}, false
			for _, before := range candidates {
				if d := difference(*before, *e); !found || d.weight() < closest.weight() {
					closest, found = d, true
				}
			}
			worst.Source = worst.Source || closest.Source
			worst.Conflict = worst.Conflict || closest.Conflict
			worst.Weaker = worst.Weaker || closest.Weaker
			worst.Patch = worst.Patch || closest.Patch
		}
	}
	return worst
}

func difference(before, after dep.Entry) Difference {
	relation := CompareDigests(before, after)
	return Difference{!SameSource(before, after), relation == DigestsConflict, relation == DigestsWeaker, !samePatch(before, after)}
}

func (d Difference) weight() (n int) {
	if d.Weaker {
		n++
	}
	if d.Patch {
		n += 2
	}
	if d.Conflict {
		n += 2
	}
	if d.Source {
		n += 2
	}
	return n
}
