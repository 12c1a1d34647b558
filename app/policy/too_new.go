package policy

import (
	"fmt"
	"time"
)

// tooNew: most malicious releases are found and removed within days, so that one that
// has been out for a while is safer than one that has not. The first fix of a known
// advisory need not wait. Where the whole package is that young, package-too-young says
// both, and where it is unusual, too, fresh-and-odd does.
func tooNew(s Subject, v view) []draft {
	p := s.Change.Entry.Package
	if !s.arrives() || v.cooldown(p) <= 0 {
		return nil
	}
	out := timesApart(s)
	when, unknown := s.published()
	switch {
	case unknown != "":
		return append(out, ageUnknown(s, v, unknown))
	case !s.fresh(v),
		len(packageTooYoung(s, v)) > 0 && v.outweighs(RulePackageTooYoung, RuleTooNew, s),
		len(freshAndOdd(s, v)) > 0 && v.outweighs(RuleFreshAndOdd, RuleTooNew, s):
		return out
	case len(s.Fixes) > 0:
		return append(out, fixNew(s, v, when))
	}
	d := about(RuleTooNew, s,
		fmt.Sprintf("%s was published %s, and %s.", id(p), v.ago(when), v.ends(p, when)),
		"Wait until the cooldown is over. "+exceptHelp(RuleTooNew)).
		benign("every release is new once, and something updated to this one at once.")
	d.cause, d.many = "new "+v.waiting(p), "were published within their cooldown of "+v.waiting(p)
	d.ends = when.Add(v.cooldown(p))
	return append(out, d)
}

// fixNew: the first fix of a known advisory, however new.
func fixNew(s Subject, v view, when time.Time) draft {
	p := s.Change.Entry.Package
	ids := make([]string, len(s.Fixes))
	for i, a := range s.Fixes {
		ids[i] = a.ID
	}
	d := about(RuleTooNew, s,
		fmt.Sprintf("%s was published %s, but fixes %s, so it need not wait for the cooldown of %s.", id(p), v.ago(when), some(ids), v.waiting(p)),
		"Nothing to do. Its signature, provenance and digest are verified like those of others.")
	d.atMost, d.cause, d.many = Notice, "fixes", "were published within their cooldown and fix known advisories, so they need not wait"
	return d
}

// outweighs says whether what a rule says about a subject counts at least for what it
// would if another one said it, so that the other need not repeat it.
func (v view) outweighs(rule, other RuleName, s Subject) bool {
	p := s.Change.Entry.Package
	return rank(v.policy.SeverityOf(rule, p)) >= rank(v.policy.SeverityOf(other, p)) && !v.pardoned(rule, s)
}

// exceptHelp says how what cannot wait is let through. It names no version: the finding
// may be told for many.
func exceptHelp(rule RuleName) string {
	return fmt.Sprintf("Where it cannot wait, read what changed, and accept it on the pull request (/bonafide accept) or add an exception for %s and the exact version to the policy file.", rule)
}

// timesApart: the registry's two words about one publication do not agree. That a person
// approved a staged release later is how it is meant to be.
func timesApart(s Subject) []draft {
	past, _ := s.past()
	stated, logged := past.Published, s.logged()
	if stated.IsZero() || logged.IsZero() || stated.Sub(logged).Abs() < MaxApart {
		return nil
	}
	if stated.After(logged) && (past.Publisher.Approver != "" || s.Evidence.Staged()) {
		return nil
	}
	d := about(RuleTooNew, s,
		fmt.Sprintf("The registry says that %s was published on %s, but its publish attestation was logged on %s: that is %s apart. Its age counts from the later one.",
			id(s.Change.Entry.Package), date(stated), date(logged), span(stated.Sub(logged).Abs())),
		"Compare with what the registry's own page says: the attestation is signed, the registry's time is not, and a mirror may state another one.").
		benign("staged publishing, where somebody approved the release later, or a mirror that states when it took the release over.")
	d.cause, d.many = "apart", "have a publish attestation that was logged a day or more before or after the time at which the registry says that they were published"
	return []draft{d}
}

// historyTold says whether too-new tells, with the weight of a warning, that nobody knows
// the package's history: then the other rules that go by it need not.
func (s Subject) historyTold(v view) bool {
	p := s.Change.Entry.Package
	_, unknown := s.published()
	return s.History == nil && unknown != "" && s.arrives() && v.cooldown(p) > 0 && rank(v.policy.SeverityOf(RuleTooNew, p)) >= rank(Warning)
}

// ageUnknown is for all that goes by the package's history: what could not be read once
// is told once.
func ageUnknown(s Subject, v view, reason string) draft {
	p := s.Change.Entry.Package
	what, many := fmt.Sprintf("How long ago %s was published could not be found out", id(p)), "are of an age that could not be found out"
	if s.History == nil {
		what = fmt.Sprintf("%s was not held against the history of its package: how long ago it was published, and how and by whom earlier releases were built and published, is not known", id(p))
		many = "were not held against the history of their packages: how long ago they were published, and how and by whom earlier releases were built and published, is not known"
	}
	d := about(RuleTooNew, s, what+": "+reason+".",
		fmt.Sprintf("It counts neither as new nor as old. Run the check again when the registry answers, or look at the package's page: it should be out for %s or longer.", v.waiting(p))).
		benign("a registry or mirror that was out of reach, or that states no times.")
	d.Unknown, d.atMost = true, Warning
	d.cause, d.many = "unknown "+reason, many+": "+reason
	return d
}
