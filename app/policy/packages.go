package policy

import (
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
)

// SeverityOf is how much a finding of a rule about a package weighs. What is about no
// package (the zero one) weighs as in the whole repository.
func (p Policy) SeverityOf(name RuleName, pkg dep.Package) Severity {
	r, known := FindRule(name)
	if !known || r.Fixed {
		return p.Severity(name)
	}
	b, ok := p.block(pkg, func(b PackageRule) bool { return rank(b.Rules[name]) >= 0 })
	if !ok {
		return p.Severity(name)
	}
	return b.Rules[name]
}

// CooldownOf is how old a release of a package must be.
func (p Policy) CooldownOf(pkg dep.Package) time.Duration {
	b, ok := p.block(pkg, func(b PackageRule) bool { return b.Cooldown != nil })
	if !ok {
		return p.Cooldown
	}
	return *b.Cooldown
}

// RequireOf is whose absence of provenance is an error, where it is the package's:
// none, direct, new or all.
func (p Policy) RequireOf(pkg dep.Package) string {
	b, ok := p.block(pkg, func(b PackageRule) bool { return b.Require != "" })
	if !ok {
		return p.Require
	}
	return b.Require
}

// PinOf is the block that pins the identity of a package, if there is one.
func (p Policy) PinOf(pkg dep.Package) (PackageRule, bool) {
	return p.block(pkg, func(b PackageRule) bool { return b.Identity != IdentityPin{} })
}
