package policy

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
)

// Floor is what an owner holds all its repositories to: "enforce" in the policy file of
// its .github repository. Repositories can be stricter, never laxer. The zero value
// bounds the mode, on_unknown, ignores and the drop of coverage.
type Floor struct {
	Source string // "acme/.github bonafide.yml at 5555555"

	Mode      Mode                  // Observe bounds nothing; everything else is Enforce
	OnUnknown OnUnknown             // UnknownNeutral bounds nothing; everything else is UnknownFails
	Rules     map[RuleName]Severity // at least

	Require         string  // "" and "none" bound nothing
	MinCoverage     float64 // in percent
	MaxCoverageDrop float64 // in percent; 100 bounds nothing
	Cooldown        time.Duration
	AcceptBy        string // the least permission; "" bounds nothing
	BarAuthor       bool   // the author's own acceptance never counts

	// Ignore are doublestar globs: a lockfile is left alone only where one of them
	// matches too. None: no lockfile is.
	Ignore   []string
	Packages []PackageRule // hold beside the repository's own blocks, whatever those say

	Exceptable []RuleName // the enforced rules that exceptions and acceptances may be for
	MaxDays    int        // that an exception may run from now; 0 for any
}

// Least is the severity that a rule has at least: what the floor says of it, and the
// rule's default where the floor asks for something that this rule alone reports. A
// requirement that is reported by a rule that is off is none.
func (f Floor) Least(rule RuleName) Severity {
	least := Off
	if s := f.Rules[rule]; rank(s) > rank(Off) {
		least = s
	} else if r, known := FindRule(rule); known && !r.Fixed && f.reportsBy(rule) {
		least = r.Default
	}
	return least
}

func (f Floor) reportsBy(rule RuleName) bool {
	any := func(holds func(PackageRule) bool) bool { return slices.ContainsFunc(f.Packages, holds) }
	switch rule {
	case RuleCoverage:
		return rankNeed(f.Require) > 0 || f.MinCoverage > 0 || f.MaxCoverageDrop < 100 ||
			any(func(b PackageRule) bool { return rankNeed(b.Require) > 0 })
	case RuleIdentityPinned:
		return any(func(b PackageRule) bool { return b.Identity != IdentityPin{} })
	case RuleTooNew, RulePackageTooYoung, RuleFreshAndOdd:
		return f.Cooldown > 0 || any(func(b PackageRule) bool { return b.Cooldown != nil && *b.Cooldown > 0 })
	}
	return false
}

// blockFor is the most specific of the floor's blocks for a package that says what is
// asked for.
func (f *Floor) blockFor(pkg dep.Package, says func(PackageRule) bool) (PackageRule, bool) {
	if f == nil {
		return PackageRule{}, false
	}
	return Policy{Packages: f.Packages}.block(pkg, says)
}

// enforces says whether repositories may not pardon findings of a rule. A rule that the
// floor enforces for some packages counts for all: it is the floor that can say more.
func (f Floor) enforces(rule RuleName) bool {
	inBlock := slices.ContainsFunc(f.Packages, func(b PackageRule) bool { return rank(b.Rules[rule]) > rank(Off) })
	return (inBlock || f.Least(rule) != Off) && !slices.Contains(f.Exceptable, rule)
}

// Over lays the floor over a policy: what is laxer than the floor is tightened, and a
// note says so for everything that the policy asked for, which is what differs from
// the defaults. Laying it over twice is laying it over once.
func (f Floor) Over(p Policy) Policy {
	d := Default()
	p.Floor = &f
	p.Rules, p.Notes = maps.Clone(p.Rules), slices.Clone(p.Notes)
	if p.Rules == nil {
		p.Rules = map[RuleName]Severity{}
	}
	at := func(key string) string {
		place, ok := p.Places[key]
		if !ok || place.File != "" {
			return ""
		}
		return fmt.Sprintf(" (line %d)", place.Line)
	}
	denied := func(format string, args ...any) {
		note := "The organisation's floor" + within(f.Source) + " holds: " + fmt.Sprintf(format, args...)
		if !slices.Contains(p.Notes, note) {
			p.Notes = append(p.Notes, note)
		}
	}

	if f.Mode != Observe && p.Mode != Enforce {
		denied("mode stays enforce, not %s%s.", quote(string(p.Mode)), at("mode"))
		p.Mode = Enforce
	}
	if f.OnUnknown != UnknownNeutral && p.OnUnknown != UnknownFails {
		denied("on_unknown stays fail, not %s%s.", quote(string(p.OnUnknown)), at("on_unknown"))
		p.OnUnknown = UnknownFails
	}
	var kept []string
	for _, r := range Rules() {
		if least := f.Least(r.Name); !r.Fixed && rank(p.Severity(r.Name)) < rank(least) {
			if was := p.Severity(r.Name); was != r.Default {
				kept = append(kept, fmt.Sprintf("%s %s, not %s%s", r.Name, least, was, at("rules."+string(r.Name))))
			}
			p.Rules[r.Name] = least
		}
	}
	if len(kept) > 0 {
		denied("rules weigh at least what is enforced: %s.", list(kept))
	}
	if need := bothNeeds(p.Require, f.Require); need != p.Require {
		if p.Require != d.Require {
			denied("provenance.require becomes %s, not %s%s.", need, quote(p.Require), at("provenance.require"))
		}
		p.Require = need
	}
	if p.MinCoverage < f.MinCoverage {
		if p.MinCoverage != d.MinCoverage {
			denied("provenance.min_coverage stays %g%%, not %g%%%s.", f.MinCoverage, p.MinCoverage, at("provenance.min_coverage"))
		}
		p.MinCoverage = f.MinCoverage
	}
	if p.MaxCoverageDrop > f.MaxCoverageDrop {
		if p.MaxCoverageDrop != d.MaxCoverageDrop {
			denied("provenance.max_coverage_drop stays %g%%, not %g%%%s.", f.MaxCoverageDrop, p.MaxCoverageDrop, at("provenance.max_coverage_drop"))
		}
		p.MaxCoverageDrop = f.MaxCoverageDrop
	}
	if p.Cooldown < f.Cooldown {
		if p.Cooldown != d.Cooldown {
			denied("cooldown stays %s, not %s%s.", Days(f.Cooldown), Days(p.Cooldown), at("cooldown"))
		}
		p.Cooldown = f.Cooldown
	}
	if rankAccept(p.AcceptBy) < rankAccept(f.AcceptBy) {
		if p.AcceptBy != d.AcceptBy {
			denied("accept.by stays %s, not %s%s.", f.AcceptBy, quote(p.AcceptBy), at("accept.by"))
		}
		p.AcceptBy = f.AcceptBy
	}
	if f.BarAuthor && p.AcceptAuthor {
		denied("accept.author stays false.")
		p.AcceptAuthor = false
	}
	if slices.ContainsFunc(p.Ignore, func(glob string) bool { return !slices.Contains(f.Ignore, glob) }) {
		may := "none is"
		if len(f.Ignore) > 0 {
			may = "only what the floor's own list matches, too, is"
		}
		denied("lockfiles.ignore does not leave every lockfile alone that it names: %s.", may)
	}
	p.Packages = slices.Clone(p.Packages)
	for i, b := range p.Packages {
		if p.Packages[i] = f.block(b); !sameBlock(p.Packages[i], b) {
			denied("the block %s%s is not as lax as it asks to be.", quote(b.Match), onLine(b.Line))
		}
	}
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
			denied("the exception for %s%s does not hold for %s.", quote(e.Package), onLine(e.Line), list(words(refused)))
			p.Exceptions[i].Rules = held
		}
	}
	p.Exceptions = slices.DeleteFunc(p.Exceptions, func(e Exception) bool { return len(e.Rules) == 0 })
	return p
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

// MayExcept says whether findings of a rule may be pardoned: by an exception of the
// policy file, or, where e is nil, by an acceptance on the pull request. why completes
// "it does not hold, because …".
func (p Policy) MayExcept(rule RuleName, e *Exception, at time.Time) (ok bool, why string) {
	f := p.Floor
	switch {
	case f == nil:
		return true, ""
	case f.enforces(rule):
		return false, fmt.Sprintf("the organisation enforces %s%s", rule, within(f.Source))
	case e != nil && f.MaxDays > 0 && e.Expires.After(at.UTC().AddDate(0, 0, f.MaxDays)):
		return false, fmt.Sprintf("the organisation lets an exception run for %d days from now at most%s", f.MaxDays, within(f.Source))
	}
	return true, ""
}

// lets says whether the floor lets a repository ignore the lockfile at path.
func (f *Floor) lets(path string) bool { return f == nil || matchesAny(f.Ignore, path) }

func matchesAny(globs []string, path string) bool {
	return slices.ContainsFunc(globs, func(glob string) bool { return globMatch(glob, path) })
}

// rankNeed orders what "require" can say, as far as it is ordered: neither direct nor
// new is the other.
func rankNeed(need string) int {
	switch need {
	case "", "none":
		return 0
	case "all":
		return 2
	}
	return 1
}

// bothNeeds is the least that asks for what both ask for.
func bothNeeds(a, b string) string {
	switch {
	case a == b, rankNeed(b) == 0:
		return a
	case rankNeed(a) == 0:
		return b
	}
	return "all"
}

// rankAccept orders who may accept, the fewer the higher.
func rankAccept(by string) int {
	return slices.Index([]string{"write", "maintain", "admin", "nobody"}, by)
}

// within names the file that something stands in.
func within(source string) string {
	if source == "" {
		return ""
	}
	return " (" + quote(source) + ")"
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
