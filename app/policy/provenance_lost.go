package policy

import (
	"fmt"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// provenanceLost compares with the versions that are replaced, with those of the same
// release line that stay, and with the line as the registry's history tells it: what had
// provenance must not come without. One of them speaks, the first that is proven to have
// had it; against a version of a newer release line it is a notice. A replaced version
// that is gone from the registry is said and blocks nothing. What could not be found out
// is told by the rule unverified, of the line by this one.
func provenanceLost(s Subject, v view) []draft {
	if s.enters() && s.Private != "" {
		return lostToPrivate(s, v)
	}
	if !s.lookedAt() {
		return nil
	}
	var out []draft
	p, name := s.Evidence.Provenance, s.Change.Entry.Package
	compared := s.compared()
	for _, b := range compared {
		if b.evidence.Gone && !b.stays {
			d := about(RuleProvenanceLost, s,
				fmt.Sprintf("%s, which %s replaces, is gone from the registry: the two cannot be compared.", id(b.entry.Package), id(name)),
				"Nothing to do if you are leaving a version that was withdrawn. Look up why it was: withdrawn malware may already have run where the old lockfile was installed.")
			d.atMost, d.cause, d.many = Notice, "gone", "replace a version that is gone from the registry, so that nothing can be compared"
			if s.History != nil && s.comparable() {
				d.Message = fmt.Sprintf("%s, which %s replaces, is gone from the registry: the release was compared with its line instead.", id(b.entry.Package), id(name))
				d.many = "replace a version that is gone from the registry, so that they were compared with their lines instead"
			}
			out = append(out, d)
		}
	}
	if p.State != provenance.Absent {
		return out
	}
	if l, ok := s.loses(buildProvenance(), v); ok {
		return append(out, benignly(s, lostAgainst(s, l, v)))
	}
	for _, b := range compared {
		if old := b.evidence.Provenance; old.State == provenance.Invalid || old.State == provenance.Absent && old.Unsupported && !p.Unsupported {
			return append(out, notComparable(s, b))
		}
	}
	if unknown := s.lineUnknown(buildProvenance(), v); len(unknown) > 0 {
		return append(out, unknown...)
	}
	if b, ok := s.unproven(buildProvenance()); ok && b.evidence.Provenance.State == provenance.Invalid || ok && b.evidence.Provenance.Unsupported && !p.Unsupported {
		return append(out, notComparable(s, b))
	}
	return out
}

// lostAgainst words the loss of what an old version has.
func lostAgainst(s Subject, old loss, v view) draft {
	name := s.Change.Entry.Package
	if !old.weighs {
		d := about(RuleProvenanceLost, s,
			fmt.Sprintf("%s has no build provenance, but %s, has; that one is of a newer release line.", id(name), old.which(name)),
			"Nothing to do where another package asks for the older line, or where packages only moved within the tree. Look at it where nobody asked for a downgrade.")
		d.atMost, d.cause, d.many = Notice, "line", "have no build provenance, although a version of a newer release line, which they replace, has"
		return d
	}
	if s.uncounted(buildProvenance()) {
		d := about(RuleProvenanceLost, s, fmt.Sprintf("%s, had build provenance, and that of %s does not count: %s.", old.which(name), id(name), sentence(s.Uncounted)),
			"Do not install it before you know what the mirror serves: take the package from the registry itself, or let the package manager write the entry again.").
			benign("a lockfile of another kind, which keeps no digest that could be compared.")
		d.atMost = old.atMost("")
		return d
	}
	message := fmt.Sprintf("%s has no build provenance, but %s, had: that one was built %s", id(name), old.which(name), builder(old.evidence.Provenance.Identity))
	if old.stays {
		message = fmt.Sprintf("%s has no build provenance, although %s, has: that one was built %s", id(name), old.which(name), builder(old.evidence.Provenance.Identity))
	}
	if by := publishedBy(s.Evidence.Release); by != "" {
		message += "; of the new one the registry only says that it was published by " + by
	} else {
		message += "; of the new one nothing says who built it, or from what"
	}
	if s.Evidence.Provenance.Unsupported {
		message += " (it carries an attestation, but of a kind that is not build provenance)"
	}
	message += old.sinceWhen()
	help := fmt.Sprintf("Stay on %s until you know why. This is what a stolen publishing token looks like.", quote(old.entry.Package.Version))
	if old.settled {
		help = "The line has gone on without provenance for long enough that this is no longer held to be an attack; nobody can say from what the release was built, all the same."
	}
	if i := old.evidence.Provenance.Identity; i != nil && i.Repository != "" {
		help += fmt.Sprintf(" Look for a tag, a release and a workflow run of %s at %s.", quote(name.Version), repository(i))
	}
	help += " Ask the maintainer to publish again with provenance."
	benign := "published by hand from a maintainer's machine, a workflow that lost the permission id-token: write, a move to a CI system whose trusted publishing gives no provenance, or a release from before the project had provenance."
	d := about(RuleProvenanceLost, s, message+".", help).benign(benign)
	d.atMost, d.Better = old.atMost(""), s.better(v, hasProvenance)
	if !old.settled {
		d.Tell = s.tellMaintainer(v, old.before, "was published without build provenance", "has no build provenance", adviceProvenance)
	}
	return d
}

// notComparable says that an old version carried something that proves nothing here:
// whether the new one lost anything by coming without it is open.
func notComparable(s Subject, old before) draft {
	name := s.Change.Entry.Package
	carried := "carries provenance that does not hold"
	if old.evidence.Provenance.Unsupported {
		carried = "carries an attestation of a kind that cannot be verified here"
	}
	d := about(RuleProvenanceLost, s,
		fmt.Sprintf("%s has no build provenance, and %s, %s, so that nobody can say whether something was lost%s.",
			id(name), old.which(name), carried, because(old.evidence.Provenance.Reason)),
		"Compare who published the two releases, and look for a workflow run of the new one.").
		benign("an attestation of a kind that this version of Bonafide does not know, or trust material that is out of date.")
	d.atMost = old.atMost(Warning)
	return d
}

// olderName is the old version alone, or with its name where that is another one.
func olderName(old, now dep.Package) string {
	if old.Name == now.Name {
		return quote(old.Version)
	}
	return id(old)
}
