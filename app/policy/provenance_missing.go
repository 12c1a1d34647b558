package policy

import (
	"fmt"

	"github.com/bonafide-app/bonafide/app/provenance"
)

// provenanceMissing: what the registry announces it must have.
func provenanceMissing(s Subject, v view) []draft {
	p := s.Evidence.Provenance
	if !s.lookedAt() || !p.Announced || p.State != provenance.Absent {
		return nil
	}
	d := about(RuleProvenanceMissing, s,
		fmt.Sprintf("The registry announces build provenance for %s, but does not have it when asked%s.", id(s.Change.Entry.Package), because(p.Reason)),
		"Run the check again in a few minutes: right after a release the document can lag behind. If it stays so, the provenance was withheld or removed: "+
			"stay on the version you had and ask the maintainer.").
		benign("a mirror that passes on version documents, but no attestations.")
	d.Better = s.better(v, hasProvenance)
	return []draft{d}
}
