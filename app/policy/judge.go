package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
)

// Judge runs all rules and comes to a verdict. It is a pure function: the order of
// subjects and problems does not matter, and the time given is its only clock.
func Judge(in Input, p Policy, at time.Time) Verdict {
	var drafts []draft
	p.matched, p.rules = map[dep.Package][]int{}, rulesByName()
	v := viewOf(in, p, at)
	for _, r := range Rules() {
		if r.judge != nil {
			for _, s := range in.Subjects {
				drafts = append(drafts, r.judge(s, v)...)
			}
		}
		if r.judgeAll != nil {
			drafts = append(drafts, r.judgeAll(in, v)...)
		}
	}
	for _, problem := range in.Problems {
		drafts = append(drafts, judgeProblem(problem))
	}
	for _, note := range p.Notes {
		drafts = append(drafts, draft{Finding: Finding{Rule: RulePolicy, Message: note}})
	}

	drafts = append(drafts, stale(in, v)...)
	if p.FloorUnread != "" {
		drafts = append(drafts, floorUnread(p.FloorUnread))
	}

	var weighed, excepted []draft
	for _, d := range drafts {
		if d.Severity = d.severity(p); d.Severity == Off {
			continue
		}
		// What could not be found out is not pardoned: nobody knows what it would be.
		if pardon, ok := v.pardon(d.Rule, d.entry); ok && !d.Unknown {
			d.pardon = pardon
			excepted = append(excepted, d)
			continue
		}
		weighed = append(weighed, d)
	}
	verdict := conclude(weighed, p)
	verdict.Acceptable = v.acceptable(weighed)
	for i := range weighed {
		// An unknown that may not fail the check does not look as if it did.
		if weighed[i].Unknown && p.OnUnknown == UnknownNeutral && weighed[i].Rule != RuleFloorUnread {
			weighed[i].Severity = lower(weighed[i].Severity, Warning)
		}
	}
	verdict.Until = v.at.next()
	verdict.Excepted = merge(excepted, in.Apart)
	for _, x := range merge(weighed, in.Apart) {
		verdict.Findings = append(verdict.Findings, x.Finding)
	}
	verdict.Findings = cut(verdict.Findings)
	if more := len(verdict.Excepted) - MaxFindings; more > 0 {
		verdict.Excepted = verdict.Excepted[:MaxFindings]
		verdict.Findings = append(verdict.Findings, Finding{
			Rule: RuleFindingsCut, Severity: Notice, Message: fmt.Sprintf("%d further findings that are excepted are not listed here.", more),
		})
	}
	sayWhy(verdict)
	return verdict
}

// sayWhy gives every finding its rule's reason, where it has no better one.
func sayWhy(v Verdict) {
	why := map[RuleName]string{}
	for _, r := range Rules() {
		why[r.Name] = r.Why
	}
	for i := range v.Findings {
		v.Findings[i].Why = cmp.Or(v.Findings[i].Why, why[v.Findings[i].Rule])
	}
	for i := range v.Excepted {
		v.Excepted[i].Why = cmp.Or(v.Excepted[i].Why, why[v.Excepted[i].Rule])
	}
}

// conclude weighs the findings. An error wins over an unknown. What cannot be
// switched off fails in every mode.
//
// In the mode observe the conclusion is success, not neutral: both let a required
// check pass, and a neutral one looks as if nothing had been looked at. WouldFail
// puts the truth into the title. Neutral stays the word for what could not be
// verified under on_unknown: neutral.
func conclude(drafts []draft, p Policy) Verdict {
	var failed, unknown, always, floorless bool
	for _, d := range drafts {
		switch {
		case d.Severity != Error:
		case d.Rule == RuleLockfileUnreadable || d.Rule == RulePolicyInvalid:
			always = true
		case d.Rule == RuleFloorUnread:
			floorless = true
		case d.Unknown:
			unknown = true
		default:
			failed = true
		}
	}
	c := Success
	switch {
	case always || failed:
		c = Failure
	case floorless: // what the floor says of mode and on_unknown is not known
		c = ActionRequired
	case unknown && p.OnUnknown == UnknownNeutral:
		c = Neutral
	case unknown:
		c = ActionRequired
	}
	if p.Mode == Observe && !always && !floorless && (c == Failure || c == ActionRequired) {
		return Verdict{Conclusion: Success, WouldFail: true}
	}
	return Verdict{Conclusion: c}
}

// merge makes one finding of many with one cause and one pardon, unless they are to stay
// apart, and sorts.
func merge(drafts []draft, apart bool) []Excepted {
	type key struct {
		rule     RuleName
		severity Severity
		unknown  bool
		lockfile string
		cause    string
		pardon   string // in words: what was accepted with one click is many acceptances
	}
	groups := map[key][]draft{}
	var out []Excepted
	for _, d := range drafts {
		if d.cause == "" || apart {
			out = append(out, Excepted{d.Finding, d.pardon})
			continue
		}
		k := key{d.Rule, d.Severity, d.Unknown, d.Lockfile, d.cause, d.pardon.by()}
		groups[k] = append(groups[k], d)
	}
	for k, group := range groups {
		if len(group) == 1 || len(group) < MergeFrom && k.severity != Notice && !group[0].together {
			for _, d := range group {
				out = append(out, Excepted{d.Finding, d.pardon})
			}
			continue
		}
		slices.SortFunc(group, func(a, b draft) int { return order(a.Finding, b.Finding) })
		f := group[0].Finding
		names := few(group, func(d draft) string { return id(d.Package) })
		f.Package, f.Count, f.Names = dep.Package{}, len(group), allNames(group)
		f.Better, f.Tell = "", Tell{} // the first one's alone
		f.Message = fmt.Sprintf("%d packages %s: %s.", len(group), group[0].many, list(names))
		if last := slices.MaxFunc(group, func(a, b draft) int { return a.ends.Compare(b.ends) }).ends; !last.IsZero() {
			f.Message += fmt.Sprintf(" The last cooldown ends on %s.", date(last))
		}
		out = append(out, Excepted{f, group[0].pardon})
	}
	slices.SortFunc(out, func(a, b Excepted) int {
		return cmp.Or(order(a.Finding, b.Finding), cmp.Compare(a.Pardon.by(), b.Pardon.by()))
	})
	return slices.Compact(out)
}

// allNames are the packages of a group, one on each line, as many as MaxNames bytes hold.
func allNames(group []draft) string {
	var b strings.Builder
	for i, d := range group {
		name := id(d.Package)
		if b.Len()+1+len(name) > MaxNames {
			break
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(name)
	}
	return b.String()
}

// order is the order of Verdict.Findings; it leaves no two different findings equal.
func order(a, b Finding) int {
	return cmp.Or(
		cmp.Compare(weight(a), weight(b)),
		cmp.Compare(a.Lockfile, b.Lockfile),
		cmp.Compare(a.Line, b.Line),
		cmp.Compare(a.Package.String(), b.Package.String()),
		cmp.Compare(a.Rule, b.Rule),
		cmp.Compare(a.Message, b.Message),
		cmp.Compare(a.Help, b.Help),
		cmp.Compare(a.Benign, b.Benign),
		cmp.Compare(a.Better, b.Better),
		cmp.Compare(a.Mended.From, b.Mended.From),
		cmp.Compare(a.Mended.Text, b.Mended.Text),
	)
}

// weight puts errors first, then unknowns, warnings, notices.
func weight(f Finding) int {
	switch {
	case f.Unknown:
		return 1
	case f.Severity == Error:
		return 0
	case f.Severity == Warning:
		return 2
	}
	return 3
}

// cut bounds the list; the first are the gravest.
func cut(findings []Finding) []Finding {
	if len(findings) <= MaxFindings {
		return findings
	}
	rest := len(findings) - (MaxFindings - 1)
	return append(findings[:MaxFindings-1:MaxFindings-1], Finding{
		Rule: RuleFindingsCut, Severity: Notice,
		Message: fmt.Sprintf("%d further findings are not listed here; the conclusion counts them.", rest),
		Help:    "Mend the first ones, or split the pull request.",
	})
}
