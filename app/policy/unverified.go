package policy

import (
	"fmt"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// unverified: unknown is not absent. One finding per package names everything that
// could not be found out, with the reasons. It counts for what enters; of a
// replaced version only where the answer could have been that something was lost.
func unverified(s Subject, v view) []draft {
	e := s.Change.Entry
	if !s.enters() || e.Source != dep.Registry {
		return nil
	}
	name := id(e.Package)
	help := "Run the check again when the registry answers. If it stays so, look the package up yourself. " +
		"Where such packages are to pass without a verdict, the policy's on_unknown: neutral says so for all of them."
	switch {
	case bundled(e):
		return nil
	case s.NotLookedUp != "" && failsAsExotic(s, v):
		return nil // said once is enough
	case s.NotLookedUp != "":
		help = "Start Bonafide with --npm-registry for the registry that has this package, so that it can be asked. " +
			"Where such packages are to pass without a verdict, the policy's on_unknown: neutral says so for all of them."
		return []draft{unknown(s, fmt.Sprintf("%s was not verified: it %s.", name, sentence(s.NotLookedUp)), "not looked up"+s.NotLookedUp,
			"were not verified, because each "+sentence(s.NotLookedUp), help)}
	case s.Evidence.Gone:
		return []draft{unknown(s, fmt.Sprintf("%s could not be verified: the registry says that it has no such release.", name), "gone",
			"could not be verified: the registry says that it has no such releases",
			"The release may have been withdrawn, or never existed there: do not install it before you know. Benign cause: a private package whose registry Bonafide was not told about (--npm-registry).")}
	}
	var gaps gaps
	gaps.add("signature", s.Evidence.Signature.Check)
	gaps.add("publish attestation", s.Evidence.Publish.Check)
	gaps.add("provenance", s.Evidence.Provenance.Check)
	digest := s.Evidence.Digest.Check
	if e.IntegrityError != "" && digest.State != provenance.Invalid {
		digest = provenance.Check{State: provenance.Unknown, Reason: "the lockfile's integrity cannot be read: " + e.IntegrityError}
	}
	gaps.add("digest", digest)
	if len(gaps) > 0 {
		return []draft{unknown(s, fmt.Sprintf("Of %s these could not be verified: %s.", name, gaps), gaps.String(), "could not be verified: "+gaps.String(), help)}
	}
	return replacedUnknown(s, v)
}

// failsAsExotic says whether exotic-source already fails the check for the reason
// for which the package was not looked up.
func failsAsExotic(s Subject, v view) bool {
	ds := exoticSource(s, v)
	return len(ds) == 1 && ds[0].atMost == "" && v.policy.Severity(RuleExoticSource) == Error
}

// replacedUnknown: nobody can say whether something was lost, where what enters
// has no provenance and the replaced version could not be asked about. It weighs as
// the rules that stay unanswered.
func replacedUnknown(s Subject, v view) []draft {
	if s.Evidence.Provenance.State != provenance.Absent {
		return nil
	}
	weight := higher(v.policy.Severity(RuleProvenanceLost), v.policy.Severity(RulePublisherLost))
	replaced := s.replaced()
	if weight == Off || len(replaced) == 0 || replaced[0].evidence.Provenance.State == provenance.Verified {
		return nil
	}
	for _, b := range replaced {
		if b.evidence.Gone || state(b.evidence.Provenance.Check) != provenance.Unknown {
			continue
		}
		reason := sentence(b.evidence.Provenance.Reason)
		if reason == "" {
			reason = "it was not asked about"
		}
		d := unknown(s, fmt.Sprintf("%s has no provenance, and whether %s, which it replaces, had any could not be found out: %s.",
			id(s.Change.Entry.Package), olderName(b.entry.Package, s.Change.Entry.Package), reason), "replaced"+reason,
			"have no provenance, and whether the versions they replace had any could not be found out: "+reason,
			"Run the check again when the registry answers: if the old version had provenance, the new one has lost it.")
		d.atMost = weight
		return []draft{d}
	}
	return nil
}

func unknown(s Subject, message, cause, many, help string) draft {
	d := about(RuleUnverified, s, message, help)
	d.Unknown, d.cause, d.many = true, cause, many
	return d
}

// gaps are pieces of evidence that could not be found out, by reason.
type gaps []gap

type gap struct {
	pieces []string
	reason string
}

func (g *gaps) add(piece string, c provenance.Check) {
	if state(c) != provenance.Unknown {
		return
	}
	reason := sentence(c.Reason)
	if reason == "" {
		reason = "no reason was given"
	}
	for i := range *g {
		if (*g)[i].reason == reason {
			(*g)[i].pieces = append((*g)[i].pieces, piece)
			return
		}
	}
	*g = append(*g, gap{[]string{piece}, reason})
}

// String is "signature and digest (the registry answered 503); provenance (…)".
func (g gaps) String() string {
	parts := make([]string, len(g))
	for i, x := range g {
		parts[i] = fmt.Sprintf("%s (%s)", list(x.pieces), x.reason)
	}
	return strings.Join(parts, "; ")
}
