package report

import (
	"slices"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// cause completes "1 of 14 changed packages …" and "2 of 14 changed packages …".
type cause struct {
	one, many string
	rules     []policy.RuleName
	unproven  bool // true only of packages without verified provenance
}

// causes are what a title may say, the gravest first. Each is true of every finding of
// its rules: what is not known well enough to be named needs attention.
func causes() []cause {
	return []cause{
		{one: "is known malware", many: "are known malware", rules: []policy.RuleName{policy.RuleKnownMalware}},
		{one: "cannot prove where it comes from", many: "cannot prove where they come from", unproven: true, rules: []policy.RuleName{
			policy.RuleProvenanceLost, policy.RulePublisherLost, policy.RuleProvenanceMissing, policy.RuleProvenanceInvalid,
			policy.RuleSignatureMissing, policy.RuleSignatureInvalid, policy.RuleIdentityPinned, policy.RuleCoverage}},
		{one: "was published in a weaker way than before", many: "were published in a weaker way than before",
			rules: []policy.RuleName{policy.RuleProvenanceLost, policy.RulePublisherLost}},
		{one: "is not by whom the policy pins", many: "are not by whom the policy pins", rules: []policy.RuleName{policy.RuleIdentityPinned}},
		{one: "now comes from another repository", many: "now come from another repository", rules: []policy.RuleName{policy.RuleRepositoryChanged}},
		{one: "has no registry signature that holds", many: "have no registry signature that holds",
			rules: []policy.RuleName{policy.RuleSignatureMissing, policy.RuleSignatureInvalid}},
		{one: "has a digest that does not match", many: "have a digest that does not match", rules: []policy.RuleName{policy.RuleDigestMismatch}},
		{one: "kept its version, but not its digest or source", many: "kept their version, but not their digest or source",
			rules: []policy.RuleName{policy.RuleRepinned}},
		{one: "is not held to a strong digest", many: "are not held to a strong digest",
			rules: []policy.RuleName{policy.RuleIntegrityLost, policy.RuleIntegrityMissing}},
		{one: "brings in code from an unexpected source", many: "bring in code from an unexpected source", rules: []policy.RuleName{policy.RuleExoticSource}},
		{one: "has an invalid name or version", many: "have an invalid name or version", rules: []policy.RuleName{policy.RuleNameInvalid}},
		{one: "is very new and unusual", many: "are very new and unusual", rules: []policy.RuleName{policy.RuleFreshAndOdd}},
		{one: "is younger than the cooldown", many: "are younger than the cooldown",
			rules: []policy.RuleName{policy.RuleTooNew, policy.RulePackageTooYoung}},
		{one: "cannot be read", many: "cannot be read", rules: []policy.RuleName{policy.RuleLockfileUnreadable}},
	}
}

// covers says whether a cause is true of what a finding is about.
func (c cause) covers(f policy.Finding, proven map[dep.Package]bool) bool {
	for _, name := range c.rules {
		switch {
		case name != f.Rule || f.Unknown:
		case !c.unproven:
			return true
		case f.Count > 0:
			return len(proven) == 0 // any of them might be
		default:
			return f.Package != (dep.Package{}) && !proven[f.Package]
		}
	}
	return false
}

// causeOf is the gravest cause that is true of everything that has one of these errors.
func causeOf(r Report, errors []policy.Finding) cause {
	proven := provenOf(r)
	for _, c := range causes() {
		covered := make(map[policy.Finding]bool)
		for _, f := range errors {
			at := subjectOf(f)
			covered[at] = covered[at] || c.covers(f, proven)
		}
		all := len(covered) > 0
		for _, ok := range covered {
			all = all && ok
		}
		if all {
			return c
		}
	}
	which := rulesOf(errors)
	return cause{one: "needs attention" + which, many: "need attention" + which}
}

// rulesOf names the rules of errors that have no cause in common, in brackets: a title has
// room for a few. What is not known is no error of its rule.
func rulesOf(errors []policy.Finding) string {
	var names []string
	for _, f := range errors {
		if f.Unknown || slices.Contains(names, string(f.Rule)) {
			continue
		}
		if _, ok := policy.FindRule(f.Rule); ok {
			names = append(names, string(f.Rule))
		}
	}
	if more := len(names) - maxRulesNamed; more > 0 {
		names = append(names[:maxRulesNamed], number(more)+" more")
	}
	if len(names) == 0 {
		return ""
	}
	return " (" + strings.Join(names, ", ") + ")"
}

// subjectOf is what a finding is about, as a finding that says nothing else.
func subjectOf(f policy.Finding) policy.Finding {
	switch {
	case f.Package != (dep.Package{}):
		return policy.Finding{Package: f.Package}
	case f.Count > 0:
		return f
	}
	return policy.Finding{Lockfile: f.Lockfile}
}

// provenOf are the packages of which it cannot be said that they prove nothing: their
// provenance is verified, or nobody could look.
func provenOf(r Report) map[dep.Package]bool {
	out := make(map[dep.Package]bool)
	for _, p := range r.Packages {
		if s := p.provenance().State; p.Change != dep.Removed && (s == provenance.Verified || s == provenance.Unknown) {
			out[p.Entry.Package] = true
		}
	}
	return out
}

// attention names what has errors, and their cause where it is one; "" for nothing.
// Malware comes first.
func attention(r Report) string {
	var bad, rest []policy.Finding
	known := newAffected()
	for _, f := range r.Findings {
		if isError(f) && f.Rule == policy.RuleKnownMalware && f.Package != (dep.Package{}) {
			bad = append(bad, f)
			known.add(f)
		}
	}
	for _, f := range r.Findings {
		matter := f.Unknown && standsFor(f) == 0 && f.Lockfile == "" // about all, so about nothing that could be counted
		if matter || isError(f) && !known.packages[f.Package] {
			rest = append(rest, f)
		}
	}
	switch {
	case len(bad) == 0 && len(rest) == 0:
		return ""
	case len(bad) == 0:
		return upperFirst(have(r, rest, ""))
	case len(rest) == 0:
		return upperFirst(have(r, bad, ""))
	}
	return upperFirst(have(r, bad, "")) + ", " + have(r, rest, "more")
}

// allOf is part, or "both changed packages" and "all 3 changed packages".
func allOf(r Report, n int, atLeast bool) []string {
	switch {
	case n != r.Summary.Packages || n < 2:
		return part(r, n, atLeast)
	case n == 2:
		return []string{"both " + noun(r, n)}
	}
	return []string{"all " + number(n) + " " + noun(r, n)}
}

func isError(f policy.Finding) bool { return !f.Unknown && f.Severity == policy.Error }

// have says how many packages, files and other matters have these errors, and which.
// With more they are counted beside others: "2 more need attention". There is one at least.
func have(r Report, errors []policy.Finding, more string) string {
	found := newAffected()
	for _, f := range errors {
		found.add(f)
	}
	n, atLeast := found.count()
	var parts []string
	switch {
	case more == "":
		parts = allOf(r, n, atLeast)
	case n > 0 && atLeast:
		parts = []string{"at least " + number(n) + " " + more}
	case n > 0:
		parts = []string{number(n) + " " + more}
	}
	if f := len(found.files); f > 0 {
		parts, n = append(parts, count(f, "file")), n+f
	}
	if found.others > 0 {
		parts, n = append(parts, count(found.others, "other matter")), n+found.others
	}
	c := causeOf(r, errors)
	if n == 1 {
		return and(parts) + " " + c.one
	}
	return and(parts) + " " + c.many
}

// count is the number of packages, and whether it is the least there can be.
func (a *affected) count() (n int, atLeast bool) {
	return max(len(a.packages), a.largest), a.merged > 1 || a.merged == 1 && len(a.packages) > 0
}
