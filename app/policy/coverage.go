package policy

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// NeedsInventory says whether a policy asks about packages that no change is about: then
// Input.Inventories are to be filled in. Counted says whether all are to be counted, else
// only the evidence of those is needed whose RequireOf is "all".
func NeedsInventory(p Policy) (needed, counted bool) {
	all := p.Require == "all"
	weighs := p.Severity(RuleCoverage) != Off
	blocks := p.Packages
	if p.Floor != nil {
		blocks = slices.Concat(blocks, p.Floor.Packages)
	}
	for _, b := range blocks {
		all = all || b.Require == "all"
		weighs = weighs || rank(b.Rules[RuleCoverage]) > 0
	}
	counted = p.Severity(RuleCoverage) != Off && (p.MinCoverage > 0 || p.MaxCoverageDrop < 100)
	return counted || weighs && all, counted
}

// coverage: provenance that the policy requires of a package must be there, and as large
// a share of a lockfile must have it as the policy says. What is unknown of what enters
// is told by unverified; where the numbers hang on it, it is unknown here, too.
func coverage(in Input, v view) []draft {
	var out []draft
	for _, s := range in.Subjects {
		if required(v.policy.RequireOf(s.Change.Entry.Package), s) {
			out = append(out, requiredAbsent(s, v)...)
		}
	}
	for _, i := range in.Inventories {
		for _, s := range i.Unchanged {
			if v.policy.RequireOf(s.Change.Entry.Package) != "all" {
				continue
			}
			out = append(out, requiredAbsent(s, v)...)
			out = append(out, requiredBroken(s, v)...)
			out = append(out, requiredUnknown(s)...)
		}
		out = append(out, tooFew(i, v)...)
		out = append(out, fell(i, v)...)
	}
	return out
}

// required says whether the provenance of what a change brings in is required.
func required(of string, s Subject) bool {
	switch of {
	case "direct":
		return s.enters() && s.direct()
	case "new":
		return s.isNew()
	case "all":
		return s.enters()
	}
	return false
}

func requiredAbsent(s Subject, v view) []draft {
	private := s.enters() && (s.Private != "" || s.Outside && !s.isNew()) // of what is new, unverified says it
	if !private && (!s.lookedAt() || s.Evidence.Provenance.State != provenance.Absent) {
		return nil
	}
	why := v.policy.requireWhere(s.Change.Entry.Package)
	d := about(RuleCoverage, s, fmt.Sprintf("%s has no build provenance, and the policy requires it (%s).", id(s.Change.Entry.Package), why),
		"Take a version or a package that has it, or ask the maintainer to publish with provenance. Where it is wanted all the same, an exception for coverage in the policy file says so, with a reason and an end.").
		benign("most packages have none yet.")
	d.Better = s.better(v, hasProvenance)
	if private {
		d.Message = fmt.Sprintf("%s is private and was not looked up, and the policy requires build provenance (%s).", id(s.Change.Entry.Package), why)
		d.Help = "Exempt packages of your own by a block under packages (require: none), or have the operator add their registry to the file of --registries."
		d.Benign = "a package of your own."
		if s.Outside {
			d.Message = fmt.Sprintf("%s %s, and the policy requires build provenance (%s).", id(s.Change.Entry.Package), sentence(s.NotLookedUp), why)
			d.Help = "Where that registry serves what the public one has, declare it a mirror; else have the operator add it to the file of --registries."
			d.cause, d.many = "outside "+why, "come from a registry that Bonafide was not told about, and the policy requires build provenance ("+why+")"
			return []draft{d}
		}
		d.cause, d.many = "private "+why, "are private and were not looked up, and the policy requires build provenance ("+why+")"
		return []draft{d}
	}
	d.cause, d.many = "absent "+why, "have no build provenance, and the policy requires it ("+why+")"
	return []draft{d}
}

// requiredBroken is about what no change is about: nobody else says of it that what there
// was does not hold, or is gone with the release.
func requiredBroken(s Subject, v view) []draft {
	p := s.Evidence.Provenance
	what, many := "", ""
	switch {
	case s.NotLookedUp != "":
		return nil
	case s.Evidence.Gone:
		what, many = "is gone from the registry", "are gone from the registry"
	case state(p.Check) == provenance.Invalid:
		what, many = "has build provenance that does not hold", "have build provenance that does not hold"
	default:
		return nil
	}
	why := v.policy.requireWhere(s.Change.Entry.Package)
	d := about(RuleCoverage, s, fmt.Sprintf("%s %s, and the policy requires build provenance of it (%s)%s.", id(s.Change.Entry.Package), what, why, because(p.Reason)),
		"Look up what became of the release, and replace it by one that has provenance.").
		benign("a release that its maintainers withdrew.")
	d.cause, d.many = what+why, many+", and the policy requires build provenance of them ("+why+")"
	return []draft{d}
}

// requiredUnknown is about what no change is about: nobody else says that it is unknown.
func requiredUnknown(s Subject) []draft {
	if s.NotLookedUp != "" || s.Evidence.Gone || state(s.Evidence.Provenance.Check) != provenance.Unknown {
		return nil
	}
	reason := because(s.Evidence.Provenance.Reason)
	d := about(RuleCoverage, s, fmt.Sprintf("Whether %s has build provenance, which the policy requires, could not be found out%s.", id(s.Change.Entry.Package), reason),
		"Run the check again when the registry answers.")
	d.Unknown, d.cause = true, "unknown "+reason
	d.many = "are required to have build provenance, and whether they do could not be found out" + reason
	return []draft{d}
}

// requireWhere is what requires the provenance of a package.
func (p Policy) requireWhere(pkg dep.Package) string {
	need := p.RequireOf(pkg)
	b, ok := p.block(pkg, requires)
	if floor, bound := p.Floor.blockFor(pkg, requires); bound && (!ok || b.Require != need) && floor.Require == need {
		b, ok = floor, true
	}
	if ok && b.Require == need {
		return fmt.Sprintf("require: %s of %s", b.Require, b.where())
	}
	return "provenance.require: " + need
}

const coverageHelp = "Look which packages have none (bonafide audit --without-provenance), and whether newer versions of them do. " +
	"Where fewer are enough, lower the number in the policy file on the base branch."

const coverageBenign = "many packages came in at once, and most have none yet."

// tooFew holds a lockfile's share against min_coverage.
func tooFew(i Inventory, v view) []draft {
	least := v.policy.MinCoverage
	if i.Head.Packages == 0 || i.Head.share() >= least {
		return nil
	}
	d := draft{Finding: Finding{Rule: RuleCoverage, Lockfile: i.Lockfile, Help: coverageHelp, Benign: coverageBenign}}
	if i.Head.most() < least {
		d.Message = fmt.Sprintf("%s of %s's packages have verified provenance (%s), and the policy asks for at least %s.",
			percent(i.Head.share()), quote(i.Lockfile), i.Head, decimal(least)+"%")
		return []draft{d}
	}
	d.Unknown, d.Help, d.Benign = true, "Run the check again when the registry answers.", ""
	d.Message = fmt.Sprintf("Whether %s of %s's packages have verified provenance, as the policy asks for, could not be found out: it is between %s and %s (%s).",
		decimal(least)+"%", quote(i.Lockfile), percent(i.Head.share()), percent(i.Head.most()), i.Head)
	return []draft{d}
}

// fell holds the drop from base to head, in percentage points, against max_coverage_drop.
func fell(i Inventory, v view) []draft {
	most := v.policy.MaxCoverageDrop
	if i.Base.Packages == 0 || i.Head.Packages == 0 {
		return nil
	}
	certain, possible := i.Base.share()-i.Head.most(), i.Base.most()-i.Head.share()
	if possible <= most {
		return nil
	}
	d := draft{Finding: Finding{Rule: RuleCoverage, Lockfile: i.Lockfile, Help: coverageHelp, Benign: coverageBenign}}
	numbers := fmt.Sprintf("from %s (%s) to %s (%s)", percent(i.Base.share()), i.Base, percent(i.Head.share()), i.Head)
	if certain > most {
		d.Message = fmt.Sprintf("The share of %s's packages with verified provenance falls %s: the policy lets it fall by %s at most.", quote(i.Lockfile), numbers, decimal(most)+" percentage points")
		return []draft{d}
	}
	d.Unknown, d.Help, d.Benign = true, "Run the check again when the registry answers.", ""
	d.Message = fmt.Sprintf("Whether the share of %s's packages with verified provenance falls by more than the %s that the policy allows could not be found out: it goes %s.",
		quote(i.Lockfile), decimal(most)+" percentage points", numbers)
	return []draft{d}
}

// share is the share of packages that are known to have verified provenance, in percent.
func (t Tally) share() float64 { return 100 * float64(t.Verified) / float64(t.Packages) }

// most is what the share may be, where all that is unknown turns out well.
func (t Tally) most() float64 { return 100 * float64(t.Verified+t.Unknown) / float64(t.Packages) }

// String is "12 of 40, 3 unknown, 2 more not counted".
func (t Tally) String() string {
	s := fmt.Sprintf("%d of %d", t.Verified, t.Packages)
	if t.Unknown > 0 {
		s += fmt.Sprintf(", %d unknown", t.Unknown)
		if reason := sentence(t.Reason); reason != "" {
			s += ": " + reason
		}
	}
	if t.LeftOut > 0 {
		s += fmt.Sprintf(", %d more not counted because no registry that may be asked answers for them", t.LeftOut)
	}
	return s
}

// Count counts the packages of subjects, each name and version once, with the worst that
// is known of it.
func Count(subjects []Subject) Tally {
	states := map[dep.Package]provenance.State{}
	order := []provenance.State{"", provenance.Verified, provenance.Unknown, provenance.Absent} // "" is left out
	var t Tally
	for _, s := range subjects {
		pkg := s.Change.Entry.Package
		var now provenance.State
		switch st := state(s.Evidence.Provenance.Check); {
		case s.Private != "" || s.Outside:
			now = provenance.Absent
		case s.NotLookedUp != "" || s.Change.Entry.Source != dep.Registry:
		case s.Evidence.Gone || st == provenance.Invalid:
			now = provenance.Absent
		default:
			now = st
		}
		if now == provenance.Unknown && t.Reason == "" {
			t.Reason = s.Evidence.Provenance.Reason
		}
		if before, seen := states[pkg]; !seen || slices.Index(order, now) > slices.Index(order, before) {
			states[pkg] = now
		}
	}
	for _, st := range states {
		switch st {
		case "":
			t.LeftOut++
			continue
		case provenance.Verified:
			t.Verified++
		case provenance.Unknown:
			t.Unknown++
		}
		t.Packages++
	}
	return t
}

func decimal(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// percent cuts after the first decimal: what is below a bound is not shown as equal to
// it by rounding.
func percent(f float64) string { return decimal(float64(int(f*10+1e-6))/10) + "%" }
