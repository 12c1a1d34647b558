package policy

import (
	"fmt"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// provenanceLost compares with the version being replaced: what had provenance must
// not come without. The replaced version with the best evidence speaks; one that is
// gone from the registry is said and blocks nothing. What could not be found out of
// a replaced version is told by the rule unverified.
func provenanceLost(s Subject, _ view) []draft {
	if !s.lookedAt() {
		return nil
	}
	var out []draft
	p, name := s.Evidence.Provenance, s.Change.Entry.Package
	replaced := s.replaced()
	for _, b := range replaced {
		if b.evidence.Gone {
			d := about(RuleProvenanceLost, s,
				fmt.Sprintf("%s, which %s replaces, is gone from the registry: the two cannot be compared.", id(b.entry.Package), id(name)),
				"Nothing to do if you are leaving a version that was withdrawn. Look up why it was: withdrawn malware may already have run where the old lockfile was installed.")
			d.atMost, d.cause, d.many = Notice, "gone", "replace a version that is gone from the registry, so that nothing can be compared"
			out = append(out, d)
		}
	}
	if p.State != provenance.Absent || len(replaced) == 0 || replaced[0].evidence.Provenance.State != provenance.Verified {
		return out
	}
	old := replaced[0]
	message := fmt.Sprintf("%s has no build provenance, but %s, which it replaces, had: that one was built %s",
		id(name), olderName(old.entry.Package, name), builder(old.evidence.Provenance.Identity))
	if by := publishedBy(s.Evidence.Release); by != "" {
		message += "; of the new one the registry only says that it was published by " + by
	} else {
		message += "; of the new one nothing says who built it, or from what"
	}
	if p.Unsupported {
		message += " (it carries an attestation, but of a kind that is not build provenance)"
	}
	help := fmt.Sprintf("Stay on %s until you know why. This is what a stolen publishing token looks like.", quote(old.entry.Package.Version))
	if i := old.evidence.Provenance.Identity; i != nil && i.Repository != "" {
		help += fmt.Sprintf(" Look for a tag, a release and a workflow run of %s at %s.", quote(name.Version), repository(i))
	}
	help += " Benign causes: published by hand from a maintainer's machine, a workflow that lost the permission id-token: write, " +
		"a move to a CI system whose trusted publishing gives no provenance, or a fix of an older release line. Ask the maintainer to publish again with provenance."
	return append(out, about(RuleProvenanceLost, s, message+".", help))
}

// olderName is the old version alone, or with its name where that is another one.
func olderName(old, now dep.Package) string {
	if old.Name == now.Name {
		return quote(old.Version)
	}
	return id(old)
}
