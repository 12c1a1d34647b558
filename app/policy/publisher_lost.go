package policy

import (
	"fmt"

	"github.com/bonafide-app/bonafide/app/provenance"
)

// publisherLost compares with the versions that are replaced, with those of the same
// release line that stay, and with the line: what came from a trusted publisher must not
// come from somebody's token. It weighs less where verified provenance names the same
// repository and workflow, or where a person approved the publication, and against a
// version of a newer release line. A release that nobody approved, where one before it
// was, is a warning.
func publisherLost(s Subject, v view) []draft {
	if !s.lookedAt() || s.Evidence.Release == nil {
		return nil
	}
	if l, ok := s.loses(fromTrustedPublisher(), v); ok {
		return []draft{benignly(s, lostPublisher(s, l, v))}
	}
	if l, ok := s.loses(approved(), v); ok && l.weighs {
		return []draft{benignly(s, lostApproval(s, l, v))}
	}
	if p := buildProvenance(); p.lacks(s.Evidence) && v.policy.SeverityOf(RuleProvenanceLost, s.Change.Entry.Package) != Off {
		if unread, _, _ := s.lineUnread(p); unread != "" {
			return nil // it is said there
		}
	}
	if ds := s.lineUnknown(fromTrustedPublisher(), v); len(ds) > 0 || s.History == nil {
		return ds
	}
	return s.lineUnknown(approved(), v)
}

// lostPublisher words the loss of the trusted publisher.
func lostPublisher(s Subject, old loss, v view) draft {
	name := s.Change.Entry.Package
	by := publishedBy(s.Evidence.Release)
	if by == "" {
		by = "somebody the registry does not name"
	}
	message := fmt.Sprintf("%s was published by %s, but %s, came from the trusted publisher %s",
		id(name), by, old.which(name), quote(trustedPublisher(old.evidence)))
	without := s.Evidence.Provenance.State == provenance.Absent // then the rule provenance-lost says how the old one was built
	if i := old.evidence.Provenance.Identity; i != nil && old.evidence.Provenance.State == provenance.Verified && !without {
		message += ", built " + builder(i)
	}
	d := about(RulePublisherLost, s, "", "")
	var weight Severity
	switch {
	case !old.weighs:
		d.cause, d.many = "line", "were published by an account, although a version of a newer release line, which they replace, came from a trusted publisher"
		message += "; that one is of a newer release line"
		d.Help = "Nothing to do where another package asks for the older line, or where packages only moved within the tree."
	case sameBuilder(s.Evidence.Provenance, old.evidence.Provenance):
		weight = Warning
		message += "; its provenance is verified and names the same repository and workflow"
		d.Help = "Most likely the workflow went back to a publishing token. Ask the maintainer to use trusted publishing again: a token can be stolen."
	case s.Evidence.Staged():
		weight = Warning
		message += fmt.Sprintf("; %s approved the publication", quote(s.Evidence.Release.Publisher.Approver))
		d.Help = "A person with a second factor approved this release. Check that the approver is a maintainer you know."
	default:
		if i := s.Evidence.Provenance.Identity; i != nil && s.Evidence.Provenance.State == provenance.Verified {
			message += "; the new one was built " + builder(i)
		}
		d.Help = fmt.Sprintf("Stay on %s until you know why: somebody used a token or a password where none was needed before. ", quote(old.entry.Package.Version)) +
			"Ask the maintainer."
		d.Benign = "a release by hand while CI was broken, a move to another CI system, or a release from before the project used trusted publishing."
	}
	if old.settled {
		d.Benign = ""
		d.Help = "The line has gone on without a trusted publisher for long enough that this is no longer held to be an attack. Ask the maintainer to use one again: a token can be stolen."
	}
	d.Message, d.atMost = message+old.sinceWhen()+".", old.atMost(weight)
	if d.Better = s.better(v, fromTrustedPublisher().has); old.weighs && !old.settled && !s.Evidence.Staged() {
		d.Tell = s.tellMaintainer(v, old.before, "was not published by its trusted publisher", "did not come from a trusted publisher", advicePublisher)
	}
	return d
}

// lostApproval words that a release did not wait for a person, as one before it did. It is
// never more than a warning: npm's staged publishing is independent of who publishes, and
// may be chosen release by release.
func lostApproval(s Subject, old loss, v view) draft {
	name := s.Change.Entry.Package
	d := about(RulePublisherLost, s, fmt.Sprintf("%s was published without anybody's approval, but %s, was approved by %s%s.",
		id(name), old.which(name), quote(old.evidence.Release.Publisher.Approver), old.sinceWhen()),
		"A stolen token, or a workflow that was taken over, publishes without the second factor of a person. Ask the maintainer.").
		benign("a release with a tool that does not stage, or a project that gave up staged publishing.")
	d.Better = s.better(v, approved().has)
	if d.atMost = old.atMost(Warning); old.settled {
		d.atMost = Notice
		d.cause, d.many = "approval", "were published without anybody's approval, which their release lines had before, long ago"
	}
	return d
}

// sameBuilder says whether both are verified and name the same repository (by its
// numeric id where both certificates carry one) and the same workflow.
func sameBuilder(a, b provenance.Provenance) bool {
	if a.State != provenance.Verified || b.State != provenance.Verified || a.Identity == nil || b.Identity == nil {
		return false
	}
	x, y := a.Identity, b.Identity
	if x.Issuer != y.Issuer || x.Workflow == "" || x.Workflow != y.Workflow {
		return false
	}
	if x.RepositoryID != "" && y.RepositoryID != "" {
		return x.RepositoryID == y.RepositoryID
	}
	return x.Repository != "" && x.Repository == y.Repository
}
