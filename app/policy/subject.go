package policy

import (
	"sort"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// about starts a draft about a subject's package, at its line.
func about(rule RuleName, s Subject, message, help string) draft {
	e := s.Change.Entry
	return draft{Finding: Finding{Rule: rule, Package: e.Package, Lockfile: e.Lockfile, Line: e.Line, Message: message, Help: help}}
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

// bundled says whether an entry can only come out of its parent's tarball, so that
// it has no digest by nature. The mark alone is not believed: it would be a way to
// go without one.
func bundled(e dep.Entry) bool {
	return e.Bundled && e.Resolved == "" && e.Integrity == "" && strings.Count(e.Location, "node_modules/") > 1
}

// before is one replaced version that a registry answers for.
type before struct {
	entry    dep.Entry
	evidence provenance.Evidence
}

// replaced pairs the replaced entries with their evidence, best evidence first, so
// that an old duplicate without any hides nothing. Entries whose evidence was not
// gathered are unknown.
func (s Subject) replaced() []before {
	var out []before
	for i, e := range s.Change.Replaces {
		if e.Source != dep.Registry {
			continue
		}
		b := before{entry: e}
		if i < len(s.Replaced) {
			b.evidence = s.Replaced[i]
		}
		out = append(out, b)
	}
	sort.SliceStable(out, func(i, j int) bool {
		a, b := out[i], out[j]
		if ra, rb := standing(a.evidence), standing(b.evidence); ra != rb {
			return ra > rb
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
