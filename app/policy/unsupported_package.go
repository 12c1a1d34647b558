package policy

import (
	"fmt"

	"github.com/bonafide-app/bonafide/app/dep"
)

// unsupportedPackage: a lockfile that is read can hold packages of a registry whose
// evidence is not read yet. They are listed, and it is said that nobody looked.
func unsupportedPackage(s Subject, _ view) []draft {
	e := s.Change.Entry
	if !s.enters() || e.Package.Ecosystem != dep.JSR {
		return nil
	}
	d := about(RuleUnsupportedLockfile, s,
		fmt.Sprintf("%s comes from JSR, whose evidence is not read yet: it was not looked at.", id(e.Package)),
		"Review it by hand. Where this is not wanted, set unsupported-lockfile to off.")
	d.cause, d.many = "jsr", "come from JSR, whose evidence is not read yet: they were not looked at"
	return []draft{d}
}
