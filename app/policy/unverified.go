package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/lockfile"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// unverified: unknown is not absent. One finding per package names everything that
// could not be found out, with the reasons. It counts for what enters; of a
// version before only where the answer could have been that something was lost.
func unverified(s Subject, v view) []draft {
	e := s.Change.Entry
	if !s.enters() || e.Source != dep.Registry || e.Package.Ecosystem != dep.NPM {
		return nil
	}
	name := id(e.Package)
	help := "Run the check again when the registry answers. If it stays so, look the package up yourself. " +
		"Where such packages are to pass without a verdict, the policy's on_unknown: neutral says so for all of them."
	switch {
	case s.bundled():
		return nil
	case s.bundleUnknown():
		reason := cmp.Or(sentence(s.Bundle.Reason), "it was not asked about")
		return []draft{unknown(s, fmt.Sprintf("%s was not verified: the lockfile says that another package's tarball delivers it, and whether that is so could not be found out: %s.", name, reason),
			"bundle "+reason, "were not verified: the lockfile says that another package's tarball delivers each, and whether that is so could not be found out: "+reason, help)}
	case s.Private != "":
		return lossUnknown(s, v) // not-looked-up says the rest
	case s.NotLookedUp != "" && (failsAsExotic(s, v) || s.stays(v)):
		return nil // said once is enough; what stays does not enter
	case s.NotLookedUp != "":
		help = "Where that registry serves what the public one has, declare it a mirror; where it has packages of your own, the operator adds it to the file of --registries, or you list their scope under registries.private. " +
			"Where such packages are to pass without a verdict, the policy's on_unknown: neutral says so for all of them."
		return []draft{unknown(s, fmt.Sprintf("%s was not verified: it %s.", name, sentence(s.NotLookedUp)), "not looked up"+s.NotLookedUp,
			"were not verified, because each "+sentence(s.NotLookedUp), help)}
	case s.Evidence.Gone:
		return []draft{unknown(s, fmt.Sprintf("%s could not be verified: the registry says that it has no such release.", name), "gone",
			"could not be verified: the registry says that it has no such releases",
			"The release may have been withdrawn, or never existed there: do not install it before you know.").
			benign("a private package whose registry Bonafide was not told about (the file of --registries).")}
	}
	var gaps gaps
	gaps.add("signature", s.Evidence.Signature.Check)
	gaps.add("publish attestation", s.Evidence.Publish.Check)
	gaps.add("provenance", s.Evidence.Provenance.Check)
	gaps.add("digest", s.digest())
	if len(gaps) > 0 {
		return []draft{unknown(s, fmt.Sprintf("Of %s these could not be verified: %s.", name, gaps), gaps.String(), "could not be verified: "+gaps.String(), help)}
	}
	return lossUnknown(s, v)
}

// digest is the check of the digest, unknown also where one that was stated was held
// against nothing for want of the registry's own, or of a stronger one on the command
// line.
func (s Subject) digest() provenance.Check {
	e, c := s.Change.Entry, s.Evidence.Digest.Check
	why := ""
	switch standalone := e.Lockfile == "" && len(e.Digests) > 0; {
	case c.State == provenance.Invalid:
	case e.IntegrityError != "":
		why = "the lockfile's integrity cannot be read: " + e.IntegrityError
	case s.uncompared() == registryHasNone && s.Evidence.Release != nil && s.Evidence.Release.IntegrityError != "":
		why = "the registry's own cannot be read: " + s.Evidence.Release.IntegrityError
	case s.uncompared() == registryHasNone:
		why = "the registry states none that could be held against it"
	case standalone && s.uncompared() != "":
		why = "the registry states none of the kind that was given, so that it was held against nothing"
	case standalone && c.State == provenance.Absent:
		why = "the one that was given can be forged, so that it proves nothing: give a sha512"
	}
	if why != "" {
		return provenance.Check{State: provenance.Unknown, Reason: why}
	}
	return c
}

// failsAsExotic says whether exotic-source already fails the check for the reason
// for which the package was not looked up.
func failsAsExotic(s Subject, v view) bool {
	ds := otherSource(s, v)
	return len(ds) == 1 && ds[0].atMost == "" && v.policy.SeverityOf(RuleExoticSource, s.Change.Entry.Package) == Error && !v.pardoned(RuleExoticSource, s)
}

// lossUnknown: nobody can say whether something was lost, where what enters lacks
// provenance or a trusted publisher and a version that it is compared with could not
// be asked about. It weighs as the rules that stay unanswered. One that was never
// asked about, because it came from a registry that Bonafide was not told about, is a
// notice: what left is not what enters. The same version repinned has lost nothing.
func lossUnknown(s Subject, v view) []draft {
	lacks, weight := "", Off
	compared := s.compared()
	absent := s.Private != "" || s.Evidence.Provenance.State == provenance.Absent
	if absent && slices.ContainsFunc(compared, func(b before) bool { return b.weighs && b.evidence.Provenance.State == provenance.Verified }) {
		return nil // what was lost is said by provenance-lost
	}
	publisher := s.Evidence.Release != nil && trustedPublisher(s.Evidence) == "" &&
		!slices.ContainsFunc(compared, func(b before) bool { return b.weighs && trustedPublisher(b.evidence) != "" })
	if publisher {
		lacks, weight = "trusted publisher", v.policy.SeverityOf(RulePublisherLost, s.Change.Entry.Package)
		if s.Evidence.Staged() {
			weight = lower(weight, Warning)
		}
	}
	if absent {
		lacks, weight = "provenance", higher(weight, v.policy.SeverityOf(RuleProvenanceLost, s.Change.Entry.Package))
	}
	if weight == Off || s.Change.Kind == dep.Repinned {
		return nil
	}
	name := s.Change.Entry.Package
	var notAsked []draft
	for _, b := range compared {
		if b.evidence.Gone || s.Private != "" && !b.asked() {
			continue
		}
		if !b.asked() && !v.askable(b.entry) {
			if notAsked == nil {
				d := about(RuleUnverified, s, fmt.Sprintf("%s has no %s, and whether %s, had any was not asked: that one comes from a registry that Bonafide was not told about.", id(name), lacks, b.which(name)),
					"The operator can add that registry to the file of --registries, or declare it a mirror, where such packages are to be compared.")
				d.atMost, d.cause = lower(weight, Notice), "not asked "+lacks
				d.many = "have no " + lacks + ", and whether the versions before had any was not asked, because those come from a registry that Bonafide was not told about"
				notAsked = []draft{d}
			}
			continue
		}
		// A release that was read says who published it, whatever came of its provenance.
		unread := state(b.evidence.Provenance.Check) == provenance.Unknown
		if lacks == "trusted publisher" {
			unread = b.evidence.Release == nil
		}
		if !unread {
			continue
		}
		reason := cmp.Or(sentence(b.evidence.Provenance.Reason), "it was not asked about")
		d := unknown(s, fmt.Sprintf("%s has no %s, and whether %s, had any could not be found out: %s.", id(name), lacks, b.which(name), reason),
			"before "+lacks+reason, "have no "+lacks+", and whether the versions before had any could not be found out: "+reason,
			"Run the check again when the registry answers: if the old version had it, the new one has lost it.")
		d.atMost = b.atMost(weight)
		d.Unknown = b.weighs // else the answer could only be information
		return []draft{d}
	}
	return notAsked
}

// askable says whether a registry that Bonafide asks answers for an entry, as far as
// its address says so.
func (v view) askable(e dep.Entry) bool {
	base, ok := lockfile.RegistryBase(e.Resolved, e.Package)
	return ok && (lockfile.IsPublicBase(base) || v.told(base))
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
	reason := cmp.Or(sentence(c.Reason), "no reason was given")
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
