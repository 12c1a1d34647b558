package policy

import (
	"slices"
	"strings"

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

// AcceptanceFor is what somebody accepts who accepts the findings of a rule about a
// subject. Reason, By and Number are left to fill in.
func AcceptanceFor(s Subject, rule RuleName) Acceptance { return acceptanceFor(s.Change.Entry, rule) }

func acceptanceFor(e dep.Entry, rule RuleName) Acceptance {
	a := Acceptance{Package: e.Package, Source: string(e.Source) + " " + e.Resolved, Lockfile: e.Lockfile, Rule: rule, Digest: e.Integrity}
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
		a.Source += " with the patch " + e.Patch
	}
	return a
}
