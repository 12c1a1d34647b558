package policy

import (
	"fmt"
	"maps"
	"slices"
)

// Over lays the floor over a policy: what is laxer than the floor is tightened, and a
// note says so for everything that the policy asked for, which is what differs from
// the defaults. Laying it over twice is laying it over once.
func (f Floor) Over(p Policy) Policy {
	p.Floor = &f
	p.Notes = slices.Clone(p.Notes)
	t := tightening{floor: f, policy: p, defaults: Default()}
	t.conclusions()
	t.rules()
	t.requirements()
	t.pardons()
	t.blocks()
	return t.policy
}

// tightening is a policy on which a floor is being laid.
type tightening struct {
	floor    Floor
	policy   Policy
	defaults Policy
}

// denied notes what the policy asks for and does not get.
func (t *tightening) denied(format string, args ...any) {
	note := "The organisation's floor" + within(t.floor.Source) + " holds: " + fmt.Sprintf(format, args...)
	if !slices.Contains(t.policy.Notes, note) {
		t.policy.Notes = append(t.policy.Notes, note)
	}
}

// at names the line of a key that the policy's own file sets.
func (t *tightening) at(key string) string {
	place, ok := t.policy.Places[key]
	if !ok || place.File != "" {
		return ""
	}
	return fmt.Sprintf(" (line %d)", place.Line)
}

func (t *tightening) conclusions() {
	f, p := t.floor, &t.policy
	if f.Mode != Observe && p.Mode != Enforce {
		t.denied("mode stays enforce, not %s%s.", quote(string(p.Mode)), t.at("mode"))
		p.Mode = Enforce
	}
	if f.OnUnknown != UnknownNeutral && p.OnUnknown != UnknownFails {
		t.denied("on_unknown stays fail, not %s%s.", quote(string(p.OnUnknown)), t.at("on_unknown"))
		p.OnUnknown = UnknownFails
	}
}

func (t *tightening) rules() {
	p := &t.policy
	if p.Rules = maps.Clone(p.Rules); p.Rules == nil {
		p.Rules = map[RuleName]Severity{}
	}
	var kept []string
	for _, r := range Rules() {
		if least := t.floor.Least(r.Name); !r.Fixed && rank(p.Severity(r.Name)) < rank(least) {
			if was := p.Severity(r.Name); was != r.Default {
				kept = append(kept, fmt.Sprintf("%s %s, not %s%s", r.Name, least, was, t.at("rules."+string(r.Name))))
			}
			p.Rules[r.Name] = least
		}
	}
	if len(kept) > 0 {
		t.denied("rules weigh at least what is enforced: %s.", list(kept))
	}
}

// requirements are what is asked of provenance and of age.
func (t *tightening) requirements() {
	f, p, d := t.floor, &t.policy, t.defaults
	if need := bothNeeds(p.Require, f.Require); need != p.Require {
		if p.Require != d.Require {
			t.denied("provenance.require becomes %s, not %s%s.", need, quote(p.Require), t.at("provenance.require"))
		}
		p.Require = need
	}
	if p.MinCoverage < f.MinCoverage {
		if p.MinCoverage != d.MinCoverage {
			t.denied("provenance.min_coverage stays %g%%, not %g%%%s.", f.MinCoverage, p.MinCoverage, t.at("provenance.min_coverage"))
		}
		p.MinCoverage = f.MinCoverage
	}
	if p.MaxCoverageDrop > f.MaxCoverageDrop {
		if p.MaxCoverageDrop != d.MaxCoverageDrop {
			t.denied("provenance.max_coverage_drop stays %g%%, not %g%%%s.", f.MaxCoverageDrop, p.MaxCoverageDrop, t.at("provenance.max_coverage_drop"))
		}
		p.MaxCoverageDrop = f.MaxCoverageDrop
	}
	if p.Cooldown < f.Cooldown {
		if p.Cooldown != d.Cooldown {
			t.denied("cooldown stays %s, not %s%s.", Days(f.Cooldown), Days(p.Cooldown), t.at("cooldown"))
		}
		p.Cooldown = f.Cooldown
	}
}

// pardons are what a repository lets pass: by whom, which lockfiles, which findings.
func (t *tightening) pardons() {
	f, p := t.floor, &t.policy
	if rankAccept(p.AcceptBy) < rankAccept(f.AcceptBy) {
		if p.AcceptBy != t.defaults.AcceptBy {
			t.denied("accept.by stays %s, not %s%s.", f.AcceptBy, quote(p.AcceptBy), t.at("accept.by"))
		}
		p.AcceptBy = f.AcceptBy
	}
	if f.BarAuthor && p.AcceptAuthor {
		t.denied("accept.author stays false.")
		p.AcceptAuthor = false
	}
	if slices.ContainsFunc(p.Ignore, func(glob string) bool { return !slices.Contains(f.Ignore, glob) }) {
		may := "none is"
		if len(f.Ignore) > 0 {
			may = "only what the floor's own list matches, too, is"
		}
		t.denied("lockfiles.ignore does not leave every lockfile alone that it names: %s.", may)
	}
	t.registries()
	p.Exceptions = slices.Clone(p.Exceptions)
	for i, e := range p.Exceptions {
		var held, refused []RuleName
		for _, rule := range e.Rules {
			if f.enforces(rule) {
				refused = append(refused, rule)
			} else {
				held = append(held, rule)
			}
		}
		if len(refused) > 0 {
			t.denied("the exception for %s%s does not hold for %s.", quote(e.Package), onLine(e.Line), list(words(refused)))
			p.Exceptions[i].Rules = held
		}
	}
	p.Exceptions = slices.DeleteFunc(p.Exceptions, func(e Exception) bool { return len(e.Rules) == 0 })
}

// registries are where a repository says that packages come from: what is private is not
// looked up, and what comes from a mirror is no other source.
func (t *tightening) registries() {
	f, p := t.floor.Registries, &t.policy
	keep := func(key string, asked []string, may func(string) bool) (kept []string) {
		var refused []string
		for _, x := range asked {
			if may(x) {
				kept = append(kept, x)
			} else {
				refused = append(refused, quote(x))
			}
		}
		if len(refused) > 0 {
			t.denied("registries.%s does not hold for %s%s.", key, list(refused), t.at("registries."+key))
		}
		return kept
	}
	p.Registries.Mirrors = keep("mirrors", p.Registries.Mirrors, func(m string) bool { return slices.Contains(f.Mirrors, m) })
	p.Registries.Private = keep("private", p.Registries.Private, func(s string) bool {
		return slices.Contains(f.Private, s) || slices.Contains(f.Private, "@*")
	})
}

func (t *tightening) blocks() {
	p := &t.policy
	p.Packages = slices.Clone(p.Packages)
	for i, b := range p.Packages {
		if p.Packages[i] = t.floor.block(b); !sameBlock(p.Packages[i], b) {
			t.denied("the block %s%s is not as lax as it asks to be.", quote(b.Match), onLine(b.Line))
		}
	}
}

// block is a repository's own block, not laxer than what the floor says of all packages.
func (f Floor) block(b PackageRule) PackageRule {
	if b.Require != "" {
		b.Require = bothNeeds(b.Require, f.Require)
	}
	if b.Cooldown != nil {
		cooldown := max(*b.Cooldown, f.Cooldown)
		b.Cooldown = &cooldown
	}
	b.Rules = maps.Clone(b.Rules)
	for rule, s := range b.Rules {
		b.Rules[rule] = higher(s, f.Least(rule))
	}
	return b
}

func sameBlock(a, b PackageRule) bool {
	return a.Require == b.Require && maps.Equal(a.Rules, b.Rules) &&
		(a.Cooldown == nil || b.Cooldown == nil || *a.Cooldown == *b.Cooldown)
}

func onLine(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" on line %d", n)
}

func words(rules []RuleName) []string {
	out := make([]string, len(rules))
	for i, r := range rules {
		out[i] = string(r)
	}
	return out
}
