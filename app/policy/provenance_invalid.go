package policy

import (
	"fmt"
	"strings"

	"github.com/bonafide-app/bonafide/app/provenance"
)

// provenanceInvalid: provenance and publish attestation that are there must hold.
func provenanceInvalid(s Subject, v view) []draft {
	if !s.lookedAt() {
		return nil
	}
	var out []draft
	name := id(s.Change.Entry.Package)
	switch p := s.Evidence.Provenance; {
	case p.State == provenance.Invalid && p.Unsupported:
		out = append(out, about(RuleProvenanceInvalid, s,
			fmt.Sprintf("The provenance of %s is of a kind that cannot be verified here%s.", name, because(bare(p.Reason))),
			"Nothing is known to be wrong, but nothing is proven either. Update Bonafide; if this is its newest version, report the package."))
	case p.State == provenance.Invalid:
		d := about(RuleProvenanceInvalid, s,
			fmt.Sprintf("%s comes with build provenance that does not hold%s.", name, because(bare(p.Reason))),
			"Do not install it: the provenance belongs to another package, to other bytes or to another builder, or it was tampered with. "+
				"Stay on the version you had and tell the maintainer.").
			benign("a mirror that mixes documents up, or trust material that is out of date; both are rare.")
		d.Better = s.better(v, hasProvenance)
		out = append(out, d)
	}
	if p := s.Evidence.Publish; p.State == provenance.Invalid {
		out = append(out, about(RuleProvenanceInvalid, s,
			fmt.Sprintf("The registry's publish attestation for %s does not hold%s.", name, because(bare(p.Reason))),
			"Do not install it: what the registry attested to have published is not this release, or the attestation was tampered with. Ask the registry directly, without a mirror.").
			benign("trust material that is out of date."))
	}
	return out
}

// bare is the reason alone, without what does not hold: the finding says that itself.
func bare(reason string) string {
	if _, why, ok := strings.Cut(reason, " does not hold: "); ok {
		return why
	}
	return reason
}
