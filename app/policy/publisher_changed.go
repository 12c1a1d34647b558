package policy

import (
	"fmt"
	"slices"

	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
)

// publisherChanged: an account published a release that never published one of this
// package before, by the registry's word. One whose first release came within the
// cooldown before this one is still new: else publishing twice would be enough to be
// known. A move to a trusted publisher is none, the first releases of a package have
// nothing before them, and what names nobody cannot differ. Where nobody but trusted
// publishers published before, publisher-lost says the same.
func publisherChanged(s Subject, v view) []draft {
	if s.leftTrustedPublishers() && odd(publisherLost(s, v)) && v.outweighs(RulePublisherLost, RulePublisherChanged, s) {
		return nil
	}
	return strangerPublished(s, v)
}

// leftTrustedPublishers says whether all earlier releases whose publisher is named came
// from trusted publishers.
func (s Subject) leftTrustedPublishers() bool {
	when, unknown := s.published()
	return unknown == "" && !slices.ContainsFunc(s.older(when), func(p registry.Past) bool {
		return p.Publisher.Name != "" && p.Publisher.TrustedPublisher == ""
	})
}

// strangerPublished is publisher-changed, whatever other rules say.
func strangerPublished(s Subject, v view) []draft {
	if !s.arrives() {
		return nil
	}
	p, by := s.Change.Entry.Package, s.publisher()
	if by.Name == "" || by.TrustedPublisher != "" {
		return nil
	}
	when, unknown := s.published()
	if s.History == nil {
		unknown = sentence(s.HistoryUnread) // the age may still be known
	}
	if unknown != "" {
		return publishersUnknown(s, v, unknown)
	}
	var accounts []string // newest first
	var since registry.Past
	strangers := false // others published before the account did
	for _, past := range s.older(when) {
		name := past.Publisher.Name
		switch {
		case name == "":
			continue
		case name == by.Name && since.Version == "":
			since = past
		case name != by.Name && since.Version == "":
			strangers = true
		}
		accounts = slices.DeleteFunc(accounts, func(a string) bool { return a == name })
		accounts = slices.Insert(accounts, 0, name)
	}
	never := since.Version == ""
	if !strangers || !never && (!since.Published.Add(v.cooldown(p)).After(when) || s.stoodBy(by.Name)) {
		return nil
	}
	accounts = slices.DeleteFunc(accounts, func(a string) bool { return a == by.Name })
	which := "which never published this package before"
	if !never {
		which = fmt.Sprintf("which published this package for the first time only %s before, as %s", span(when.Sub(since.Published)), quote(since.Version))
	}
	d := about(RulePublisherChanged, s,
		fmt.Sprintf("%s was published by the account %s, %s; earlier releases are by %s", id(p), quote(by.Name), which, some(accounts)),
		"Look for the account among the people of the project, and for a word of the maintainers about it: this is how a package that was handed to a stranger looks.").
		benign("a new maintainer, an account for releases, an account that was renamed.")
	d.cause, d.many = by.Name, fmt.Sprintf("were published by the account %s, which did not publish them before", quote(by.Name))
	switch {
	case by.Approver != "" && slices.Contains(accounts, by.Approver):
		d.Message += fmt.Sprintf(". The account %s, which is one of them, approved it", quote(by.Approver))
		d.atMost, d.cause = Notice, d.cause+" approved"
	case s.sameRepositoryAsBefore(v):
		d.Message += fmt.Sprintf(". Its provenance is verified, and from %s as before", repository(identity(s.Evidence)))
		d.atMost, d.cause = Notice, d.cause+" same repository"
	}
	if built, ok := s.lastBuilt(v); ok && d.atMost == "" {
		d.Tell = s.tellMaintainer(v, built, "was published by an account that is new to the package", "is by an account that had not published it before", adviceAccount)
	}
	d.Message += "."
	return []draft{d}
}

// publisher is who published the release by the registry's word.
func (s Subject) publisher() registry.Publisher {
	if s.Evidence.Release != nil {
		return s.Evidence.Release.Publisher
	}
	past, _ := s.past()
	return past.Publisher
}

// stoodBy says whether the base has a version by the account already.
func (s Subject) stoodBy(account string) bool {
	return slices.ContainsFunc(s.compared(), func(b before) bool {
		return b.entry.Package.Name == s.Change.Entry.Package.Name && b.evidence.Release != nil && b.evidence.Release.Publisher.Name == account
	})
}

// sameRepositoryAsBefore says whether verified provenance names the repository that the
// verified provenance of a version of the base, or of an established release, names.
func (s Subject) sameRepositoryAsBefore(v view) bool {
	now := identity(s.Evidence)
	if now == nil {
		return false
	}
	same := func(e provenance.Evidence) bool {
		old := identity(e)
		return old != nil && sameRepository(old, now)
	}
	return slices.ContainsFunc(s.compared(), func(b before) bool { return same(b.evidence) }) || s.anyWitness(v, same)
}

// publishersUnknown is silent where too-new has said already that the history is not known.
func publishersUnknown(s Subject, v view, reason string) []draft {
	if p := s.Change.Entry.Package; v.policy.SeverityOf(RuleTooNew, p) != Off && v.cooldown(p) > 0 {
		if _, age := s.published(); age != "" {
			return nil
		}
	}
	d := about(RulePublisherChanged, s,
		fmt.Sprintf("%s was published by the account %s, and whether that one published this package before was not looked at: %s.", id(s.Change.Entry.Package), quote(s.publisher().Name), reason),
		"Run the check again when the registry answers, or compare the publishers on the package's page.").
		benign("a registry or mirror that was out of reach, or that states no times.")
	d.Unknown, d.atMost = true, Warning
	d.cause, d.many = "unknown "+reason, "were published by accounts of which nobody looked whether they did before: "+reason
	return []draft{d}
}
