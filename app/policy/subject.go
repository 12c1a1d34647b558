package policy

import (
	"slices"
	"sort"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// about starts a draft about a subject's package, at its line.
func about(rule RuleName, s Subject, message, help string) draft {
	e := s.Change.Entry
	return draft{entry: e, Finding: Finding{Rule: rule, Package: e.Package, Lockfile: e.Lockfile, Line: e.Line, Message: message, Help: help}}
}

// benign says what harmless causes a draft may have: it completes "Benign causes: …", with
// its full stop.
func (d draft) benign(causes string) draft {
	d.Benign = causes
	return d
}

// enters says whether the change brings something in. A change of no kind is an
// entry that was asked about as it stands (an audit): it counts as present.
func (s Subject) enters() bool { return s.Change.Kind != dep.Removed }

// isNew says whether the change itself brought the entry: not so in an audit.
func (s Subject) isNew() bool {
	switch s.Change.Kind {
	case dep.Added, dep.Updated, dep.Repinned:
		return true
	}
	return false
}

// direct says whether the root or a workspace asks for it, at any of its places.
func (s Subject) direct() bool {
	return s.Change.Entry.Direct || slices.ContainsFunc(s.Change.Occurrences, func(e dep.Entry) bool { return e.Direct })
}

// state reads a check; one that nobody filled in is unknown.
func state(c provenance.Check) provenance.State {
	if c.State == "" {
		return provenance.Unknown
	}
	return c.State
}

// lookedAt says whether there is evidence to judge by.
func (s Subject) lookedAt() bool {
	return s.enters() && s.NotLookedUp == "" && s.Change.Entry.Source == dep.Registry && !s.Evidence.Gone
}

// bundled says whether what enters only comes out of its parent's tarball, so that it
// has no digest by nature. The mark alone is not believed, it would be a way to go
// without one: the parent's release must say so.
func (s Subject) bundled() bool {
	return bundled(s.Change.Entry) && s.Bundle.State == provenance.Verified
}

// bundled says whether an entry is marked so, and stands where that can be. Of a version
// before that is enough: it only says that nothing was known of it.
func bundled(e dep.Entry) bool {
	rest, npm := strings.CutPrefix(e.Location, "node_modules/")
	return e.Bundled && e.Resolved == "" && e.Integrity == "" && (!npm || strings.Contains(rest, "node_modules/"))
}

// bundleUnknown says whether nobody could say if an entry that is marked as bundled is.
func (s Subject) bundleUnknown() bool {
	return bundled(s.Change.Entry) && state(s.Bundle) == provenance.Unknown
}

// before is one version to compare with: it stood in the base, or stands in the
// history, and a registry answers for it.
type before struct {
	entry    dep.Entry
	evidence provenance.Evidence
	stays    bool // it was not replaced, but stays elsewhere in the lockfile
	weighs   bool // what was lost against it weighs in full
	// past says what it is to the one that enters, where it stands in the history alone.
	past string
}

// asked says whether there is evidence at all.
func (b before) asked() bool {
	e := b.evidence
	return b.past != "" || e.Gone || e.Release != nil || e.Provenance.State != ""
}

// which names the version and what it is to the one that enters.
func (b before) which(now dep.Package) string {
	switch {
	case b.past != "":
		return olderName(b.entry.Package, now) + ", " + b.past
	case b.stays:
		return olderName(b.entry.Package, now) + ", which stays elsewhere in this lockfile"
	}
	return olderName(b.entry.Package, now) + ", which it replaces"
}

// atMost caps what a loss against the version may weigh.
func (b before) atMost(most Severity) Severity {
	if !b.weighs {
		return Notice
	}
	return most
}

// earlier pairs the entries that were replaced, and those of the release line that stay,
// with their evidence, in their order.
func (s Subject) earlier() []before {
	var out []before
	gather := func(entries []dep.Entry, evidence []provenance.Evidence, stays bool) {
		for i, e := range entries {
			b := before{entry: e, stays: stays}
			if i < len(evidence) {
				b.evidence = evidence[i]
			}
			out = append(out, b)
		}
	}
	gather(s.Change.Replaces, s.Replaced, false)
	gather(s.Change.Stays, s.Stays, true)
	return out
}

// compared are the earlier entries that a registry answers for. Those that weigh come
// first, then the best evidence, so that an old duplicate without any hides nothing.
// What came out of a parent's tarball was never asked about, and says nothing.
func (s Subject) compared() []before {
	var out []before
	for _, b := range s.earlier() {
		if b.entry.Source != dep.Registry || b.entry.Package.Ecosystem != dep.NPM || bundled(b.entry) {
			continue
		}
		b.weighs = weighs(b.entry.Package, s.Change.Entry.Package)
		out = append(out, b)
	}
	sort.SliceStable(out, func(i, j int) bool {
		a, b := out[i], out[j]
		if a.weighs != b.weighs {
			return a.weighs
		}
		if ra, rb := standing(a.evidence), standing(b.evidence); ra != rb {
			return ra > rb
		}
		if a.stays != b.stays {
			return b.stays
		}
		return a.entry.Package.ID() < b.entry.Package.ID()
	})
	return out
}

// standing ranks releases: provenance first, then the publisher.
func standing(e provenance.Evidence) int {
	n := 0
	if e.Provenance.State == provenance.Verified {
		n += 2
	}
	if trustedPublisher(e) != "" {
		n++
	}
	return n
}

func trustedPublisher(e provenance.Evidence) string {
	if e.Release == nil {
		return ""
	}
	return e.Release.Publisher.TrustedPublisher
}
