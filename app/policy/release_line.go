package policy

import (
	"deps.dev/util/semver"

	"github.com/bonafide-app/bonafide/app/dep"
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
