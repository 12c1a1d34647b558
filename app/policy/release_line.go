package policy

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"deps.dev/util/semver"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/registry"
)

// weighs says whether what was lost against an old release weighs in full: the new
// one is higher, or of the same release line. A lower version of another line is
// what hoisting puts in a place, or a fix of an old line; it is information.
// Versions that cannot be compared weigh.
func weighs(old, now dep.Package) bool {
	order, difference, err := semver.NPM.Difference(now.Version, old.Version)
	if err != nil || old.Name != now.Name || order >= 0 {
		return true
	}
	switch difference {
	case semver.DiffMajor:
		return false
	case semver.DiffMinor: // the majors are equal
		_, major, err := semver.NPM.Difference(now.Version, "0.0.0")
		return err != nil || major == semver.DiffMajor
	}
	return true
}

// line is a release line: a major version; below 1.0.0 a minor one.
type line struct{ major, minor int64 }

func (l line) compare(o line) int {
	return cmp.Or(cmp.Compare(l.major, o.major), cmp.Compare(l.minor, o.minor))
}

// lineOf is the release line of a version, and whether that is a prerelease.
func lineOf(version string) (l line, prerelease, ok bool) {
	if l, prerelease, ok = plainLine(version); ok {
		return l, prerelease, true
	}
	v, err := semver.NPM.Parse(version)
	if err != nil || v.IsWildcard() {
		return line{}, false, false
	}
	parts := strings.SplitN(v.Canon(false), ".", 3)
	if len(parts) < 3 {
		return line{}, false, false
	}
	if l.major, err = strconv.ParseInt(parts[0], 10, 64); err != nil {
		return line{}, false, false
	}
	if l.major == 0 {
		if l.minor, err = strconv.ParseInt(parts[1], 10, 64); err != nil {
			return line{}, false, false
		}
	}
	return l, v.IsPrerelease(), true
}

// plainLine is lineOf for the versions that nearly all are, MAJOR.MINOR.PATCH with or
// without a prerelease. Histories of ten thousands of versions are read once for each
// version that changes.
func plainLine(version string) (l line, prerelease, ok bool) {
	version, suffix, prerelease := strings.Cut(version, "-")
	if prerelease && (suffix == "" || strings.Trim(suffix, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") != "") {
		return line{}, false, false
	}
	var numbers [3]int64
	n, digits := 0, 0
	for i := range len(version) {
		switch c := version[i]; {
		case c == '.' && digits > 0 && n < 2:
			n, digits = n+1, 0
		case c < '0' || c > '9' || digits == 15 || digits > 0 && numbers[n] == 0:
			return line{}, false, false
		default:
			numbers[n], digits = 10*numbers[n]+int64(c-'0'), digits+1
		}
	}
	if n < 2 || digits == 0 {
		return line{}, false, false
	}
	if numbers[0] > 0 {
		numbers[1] = 0
	}
	return line{numbers[0], numbers[1]}, prerelease, true
}

// lineage is what a release is compared with in the history of its package. A stable
// release has only stable ones in it.
type lineage struct {
	self registry.Past
	own  []registry.Past // of its line, published before it, oldest first
	// below are those of the nearest lower line that were published before the first
	// release of its line. A line that is younger than LossTime does not stand for what
	// was before it: two major versions in one hour would be a past of their own. Then
	// those of the lines below that one are there, too, before its own.
	below []registry.Past
	// undated are of these lines, and could have been published before it: the
	// registry does not state when.
	undated []registry.Past
	// why completes "could not be found out: …" where there is something undated.
	why string
}

// lineage reads the history of the subject's package.
func (s Subject) lineage() (l lineage) {
	if s.History == nil {
		return l
	}
	self, listed := s.History.Find(s.Change.Entry.Package.Version)
	mine, prerelease, known := lineOf(s.Change.Entry.Package.Version)
	if !listed {
		self.Version = s.Change.Entry.Package.Version
	}
	l.self = self

	lower := map[line][]registry.Past{}
	began := self.Published // of the line
	for _, p := range s.History.Releases {
		its, pre, ok := lineOf(p.Version)
		if p.Version == self.Version || ok && pre && !prerelease {
			continue
		}
		switch order := its.compare(mine); {
		case !known || !ok:
			l.undated = append(l.undated, p)
		case order == 0 && (self.Published.IsZero() || p.Published.IsZero()):
			l.undated = append(l.undated, p)
		case order == 0 && p.Published.Before(self.Published):
			l.own = append(l.own, p)
			if p.Published.Before(began) {
				began = p.Published
			}
		case order < 0:
			lower[its] = append(lower[its], p)
		}
	}
	var below [][]registry.Past // by line, the nearest first
	for _, its := range slices.SortedFunc(maps.Keys(lower), func(a, b line) int { return b.compare(a) }) {
		var dated []registry.Past
		for _, p := range lower[its] {
			switch {
			case self.Published.IsZero() || p.Published.IsZero():
				l.undated = append(l.undated, p)
			case p.Published.Before(began):
				dated = append(dated, p)
			}
		}
		below = append(below, dated)
		if self.Published.IsZero() || len(dated) > 0 && began.Sub(dated[0].Published) >= LossTime {
			break
		}
	}
	slices.Reverse(below)
	l.below = slices.Concat(below...)
	switch {
	case !known:
		l.why = "its version has no place in the order of versions"
	case !listed:
		l.why = "the registry's document of the package does not list it"
	case self.Published.IsZero():
		l.why = "the registry does not state when it was published"
	default:
		l.why = "the registry does not state when they were published"
	}
	return l
}

// newest is the newest release that has something: of the own line; where none of that
// line has it, of the line below.
func (l lineage) newest(has func(registry.Past) bool) (p registry.Past, below, ok bool) {
	if p, ok = last(l.own, has); ok {
		return p, false, true
	}
	p, ok = last(l.below, has)
	return p, true, ok
}

// rested is newest among those that came out RestTime before it: what an attacker
// published just before, to be compared with, is none of them.
func (l lineage) rested(has func(registry.Past) bool) (p registry.Past, below, ok bool) {
	return l.newest(func(p registry.Past) bool {
		return l.self.Published.Sub(p.Published) >= RestTime && has(p)
	})
}

func last(past []registry.Past, has func(registry.Past) bool) (registry.Past, bool) {
	for _, p := range slices.Backward(past) {
		if has(p) {
			return p, true
		}
	}
	return registry.Past{}, false
}

// since are the releases of the line after an earlier release, oldest first, with the
// release itself at the end.
func (l lineage) since(p registry.Past) (out []registry.Past) {
	for _, x := range l.own {
		if x.Published.After(p.Published) {
			out = append(out, x)
		}
	}
	return append(out, l.self)
}
