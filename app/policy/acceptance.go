package policy

import (
	"slices"
	"strings"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
)

// Grave says whether a rule says that something does not hold at all. A finding of it
// can only be pardoned in the policy file, for one version by its digest.
func Grave(rule RuleName) bool {
	switch rule {
	case RuleDigestMismatch, RuleSignatureInvalid, RuleProvenanceInvalid, RuleKnownMalware:
		return true
	}
	return false
}

// Acceptable says whether a finding of a rule can be accepted on a pull request; where
// it cannot, why completes "the rule …".
func Acceptable(name RuleName) (why string, ok bool) {
	switch r, known := FindRule(name); {
	case !known:
		return "does not exist", false
	case r.Fixed:
		return "cannot be accepted: it always holds", false
	case Grave(name):
		return "can be excepted in the policy file only, for one version by its digest", false
	}
	return "", true
}

// Acceptances are what somebody accepts who accepts what a rule finds about a package:
// one for each subject that it finds something about. What could not be found out is
// no finding that anybody could accept. found says whether there was any, known or not.
func Acceptances(in Input, p Policy, at time.Time, about dep.Package, rule RuleName) (accepted []Acceptance, found bool) {
	v := viewOf(in, p, at)
	var all []draft // of rules that ask about everything together
	for _, r := range Rules() {
		if r.judgeAll != nil {
			all = append(all, r.judgeAll(in, v)...)
		}
	}
	for _, s := range in.Subjects {
		e := s.Change.Entry
		if e.Package != about {
			continue
		}
		drafts := slices.Clone(all)
		for _, r := range Rules() {
			if r.judge != nil {
				drafts = append(drafts, r.judge(s, v)...)
			}
		}
		for _, d := range drafts {
			if d.Rule != rule || d.Package != about || d.Lockfile != e.Lockfile || p.SeverityOf(rule, about) == Off {
				continue
			}
			found = true
			if a := acceptanceFor(d.entry, rule); !d.Unknown && !slices.Contains(accepted, a) {
				accepted = append(accepted, a)
			}
		}
	}
	return accepted, found
}

// acceptanceFor is what somebody accepts who accepts the findings of a rule about an
// entry. Reason, By and Number are left to fill in.
func acceptanceFor(e dep.Entry, rule RuleName) Acceptance {
	a := Acceptance{Package: e.Package, Source: string(e.Source) + " " + dep.WithoutSecrets(e.Resolved), Lockfile: e.Lockfile, Rule: rule, Digest: e.Integrity}
	if len(e.Digests) > 0 && e.IntegrityError == "" {
		sri := make([]string, len(e.Digests))
		for i, d := range e.Digests {
			sri[i] = d.SRI()
		}
		slices.Sort(sri)
		a.Digest = strings.Join(slices.Compact(sri), " ")
	}
	if e.Alias != "" {
		a.Source += " under the name " + e.Alias
	}
	if e.Patch != "" {
		a.Source += " with the patch " + dep.WithoutSecrets(e.Patch)
	}
	return a
}
