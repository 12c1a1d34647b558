package policy

import (
	"fmt"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// provenanceAbsent: an added package that cannot say who built it is told, once per
// lockfile. Where it also lost provenance, that says more.
func provenanceAbsent(s Subject, v view) []draft {
	if !s.lookedAt() || s.Change.Kind != dep.Added || s.Evidence.Provenance.State != provenance.Absent {
		return nil
	}
	if v.policy.SeverityOf(RuleProvenanceLost, s.Change.Entry.Package) != Off && len(provenanceLost(s, v)) > 0 {
		return nil
	}
	d := about(RuleProvenanceAbsent, s,
		fmt.Sprintf("%s is new here and has no build provenance: nothing proves who built it, or from what source.", id(s.Change.Entry.Package)),
		"Most packages have none, so this alone is no reason to refuse it. Look at who publishes it and whether you need it.")
	d.cause, d.many = "added", "are new here and have no build provenance: nothing proves who built them, or from what source"
	return []draft{d}
}
