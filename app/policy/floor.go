package policy

import (
	"fmt"
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
	Ignore []string
	// Registries are the mirrors and the private scopes that repositories may list; "@*" is
	// every scope. None: none.
	Registries Registries
	Packages   []PackageRule // hold beside the repository's own blocks, whatever those say

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

// MayExcept says whether findings of a rule may be pardoned: by an exception of the
// policy file, or, where e is nil, by an acceptance on the pull request. why completes
// "it does not hold, because …".
func (p Policy) MayExcept(rule RuleName, e *Exception, at time.Time) (ok bool, why string) {
	return p.mayExcept(rule, e, clockAt(at))
}

func (p Policy) mayExcept(rule RuleName, e *Exception, at clock) (ok bool, why string) {
	f := p.Floor
	switch {
	case f == nil:
		return true, ""
	case f.enforces(rule):
		return false, fmt.Sprintf("the organisation enforces %s%s", rule, within(f.Source))
	case e != nil && f.MaxDays > 0 && !at.reached(e.Expires.AddDate(0, 0, -f.MaxDays)):
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
