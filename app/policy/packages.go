package policy

import (
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
)

// SeverityOf is how much a finding of a rule about a package weighs. What is about no
// package (the zero one) weighs as in the whole repository.
func (p Policy) SeverityOf(name RuleName, pkg dep.Package) Severity {
	r, known := p.rule(name)
	if !known || r.Fixed {
		return p.Severity(name)
	}
	sets := func(b PackageRule) bool { return rank(b.Rules[name]) >= 0 }
	s := p.Severity(name)
	if b, ok := p.block(pkg, sets); ok {
		s = b.Rules[name]
	}
	if b, ok := p.Floor.blockFor(pkg, sets); ok {
		s = higher(s, b.Rules[name])
	}
	return s
}

// CooldownOf is how old a release of a package must be.
func (p Policy) CooldownOf(pkg dep.Package) time.Duration {
	sets := func(b PackageRule) bool { return b.Cooldown != nil }
	d := p.Cooldown
	if b, ok := p.block(pkg, sets); ok {
		d = *b.Cooldown
	}
	if b, ok := p.Floor.blockFor(pkg, sets); ok {
		d = max(d, *b.Cooldown)
	}
	return d
}

// RequireOf is whose absence of provenance is an error, where it is the package's:
// none, direct, new or all.
func (p Policy) RequireOf(pkg dep.Package) string {
	need := p.Require
	if b, ok := p.block(pkg, requires); ok {
		need = b.Require
	}
	if b, ok := p.Floor.blockFor(pkg, requires); ok {
		need = bothNeeds(need, b.Require)
	}
	return need
}

func requires(b PackageRule) bool { return b.Require != "" }

// PinOf is the block that pins the identity of a package, if there is one.
func (p Policy) PinOf(pkg dep.Package) (PackageRule, bool) {
	if pins := p.PinsOf(pkg); len(pins) > 0 {
		return pins[0], true
	}
	return PackageRule{}, false
}

// PinsOf are the blocks that pin the identity of a package: the policy's own, and that of
// the organisation's floor. Both hold.
func (p Policy) PinsOf(pkg dep.Package) []PackageRule {
	pins := func(b PackageRule) bool { return b.Identity != IdentityPin{} }
	var out []PackageRule
	if b, ok := p.block(pkg, pins); ok {
		out = append(out, b)
	}
	if b, ok := p.Floor.blockFor(pkg, pins); ok {
		out = append(out, b)
	}
	return out
}
