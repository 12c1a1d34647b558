package lockfile

import (
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
)

// CompareDigests relates the digests of two entries of one package. A second digest
// of an algorithm that the first entry already has is a conflict: package managers
// accept either.
func CompareDigests(before, after dep.Entry) DigestRelation {
	switch {
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

// SameSource says whether two entries of one package are fetched from the same
// place. The public registry's own address may be stated or left out, under either
// of its names, and may have been http before.
func SameSource(before, after dep.Entry) bool {
	if before.Source == after.Source && before.Resolved == after.Resolved {
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

// Difference says what makes a change of kind Repinned one.
type Difference struct {
	Source   bool // fetched from elsewhere than any entry before
	Conflict bool // a digest that no entry before had
	Weaker   bool // no digest, or a weaker one, where the base had one; nothing contradicts
}

// Explain says what is worse: at each location of the change than before, and at new
// locations than the closest of the entries before. It is zero for changes of other
// kinds.
func Explain(c dep.Change) Difference {
	var worst Difference
	if c.Kind != dep.Repinned {
		return worst
	}
	at := map[string][]dep.Entry{}
	for _, before := range c.Replaces {
		at[before.Location] = append(at[before.Location], before)
	}
	for _, e := range c.Occurrences {
		candidates := at[e.Location]
		if candidates == nil {
			candidates = c.Replaces
		}
		closest, found := Difference{}, false
		for _, before := range candidates {
			if d := difference(before, e); !found || d.weight() < closest.weight() {
				closest, found = d, true
			}
		}
		worst.Source = worst.Source || closest.Source
		worst.Conflict = worst.Conflict || closest.Conflict
		worst.Weaker = worst.Weaker || closest.Weaker
	}
	return worst
}

func difference(before, after dep.Entry) Difference {
	relation := CompareDigests(before, after)
	return Difference{!SameSource(before, after), relation == DigestsConflict, relation == DigestsWeaker}
}

func (d Difference) weight() (n int) {
	if d.Weaker {
		n++
	}
	if d.Conflict {
		n += 2
	}
	if d.Source {
		n += 2
	}
	return n
}
