package policy

import (
	"fmt"

	"github.com/bonafide-app/bonafide/app/provenance"
)

// digestMismatch: the lockfile's digest, the registry's and the attested one must
// be one and the same. Which of them differs is named.
func digestMismatch(s Subject, _ view) []draft {
	d := s.Evidence.Digest
	if !s.lookedAt() || d.State != provenance.Invalid {
		return nil
	}
	name := id(s.Change.Entry.Package)
	attested := ""
	if d.Attested != "" {
		attested = " and its attestation " + short(d.Attested)
	}
	var message, help, benign string
	switch d.Differs {
	case "lockfile":
		message = fmt.Sprintf("The lockfile pins %s to %s, but the registry says %s%s: the lockfile stands for other bytes than the published release.",
			name, short(d.Lockfile), short(d.Registry), attested)
		help = "Do not install it. Restore the entry from the base branch and let the package manager write it again."
		benign = "a private mirror that repacks tarballs, or an entry that was edited or merged by hand."
	case "registry":
		message = fmt.Sprintf("The registry now says %s for %s, but the lockfile has %s%s: the registry serves other bytes than those that were locked.",
			short(d.Registry), name, short(d.Lockfile), attested)
		help = "Do not install it. A published release must never change: ask the registry or the maintainer what happened."
		benign = "a private mirror that repacks tarballs."
	case "attested":
		message = fmt.Sprintf("The attestation of %s is about %s, but the lockfile has %s and the registry %s: it was not made for these bytes.",
			name, short(d.Attested), short(d.Lockfile), short(d.Registry))
		help = "Do not install it: what was built and what is published differ. Tell the maintainer and stay on the version you had."
	default:
		message = fmt.Sprintf("Lockfile, registry and attestation disagree about the digest of %s%s.", name, because(d.Reason))
		help = "Do not install it. Restore the entry from the base branch and let the package manager write it again."
	}
	return []draft{about(RuleDigestMismatch, s, message, help).benign(benign)}
}
