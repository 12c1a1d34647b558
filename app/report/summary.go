package report

import (
	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// Summarise counts. A package that several lockfiles name counts once, with the
// worst of its states. Removed packages do not count. Locations are counted for the
// packages that a registry was asked about, one for each place in a lockfile, as npm
// audit signatures does.
func Summarise(packages []Package) Summary {
	type states struct{ signature, provenance provenance.State }
	distinct := make(map[identity]states)
	var s Summary
	for _, p := range packages {
		if p.Change == dep.Removed {
			continue
		}
		signature, prov := p.signature().State, p.provenance().State
		id := identityOf(p.Entry)
		if before, ok := distinct[id]; ok {
			distinct[id] = states{worse(before.signature, signature), worse(before.provenance, prov)}
		} else {
			distinct[id] = states{signature, prov}
		}
		if p.NotLookedUp != "" {
			continue
		}
		n := max(p.Occurrences, 1)
		s.Locations += n
		if signature == provenance.Verified {
			s.LocationsSigned += n
		}
		if attested(p.publish().State, prov) {
			s.LocationsAttested += n
		}
		if prov == provenance.Verified {
			s.LocationsProvenance += n
		}
	}
	s.Packages = len(distinct)
	for _, st := range distinct {
		s.Signature.add(st.signature)
		s.Provenance.add(st.provenance)
	}
	return s
}

// identity tells packages apart that are not the same release from the same source.
type identity struct {
	dep.Package
	kind   dep.SourceKind
	source string
}

func identityOf(e dep.Entry) identity {
	if e.Source == dep.Registry || e.Source == "" {
		return identity{e.Package, dep.Registry, ""} // a mirror is no other package
	}
	return identity{e.Package, e.Source, e.Resolved}
}

// attested says, as npm counts it, that a release has attestations and that all of
// them hold.
func attested(publish, prov provenance.State) bool {
	holds := func(s provenance.State) bool { return s == provenance.Verified || s == provenance.Absent }
	return holds(publish) && holds(prov) && (publish == provenance.Verified || prov == provenance.Verified)
}

func (c *Counts) add(s provenance.State) {
	switch s {
	case provenance.Verified:
		c.Verified++
	case provenance.Absent:
		c.Absent++
	case provenance.Invalid:
		c.Invalid++
	default:
		c.Unknown++
	}
}

// worse returns the state that weighs more.
func worse(a, b provenance.State) provenance.State {
	if weight(b) > weight(a) {
		return b
	}
	return a
}

func weight(s provenance.State) int {
	switch s {
	case provenance.Verified:
		return 0
	case provenance.Absent:
		return 1
	case provenance.Invalid:
		return 3
	}
	return 2
}

// The states as they are shown. What was not looked up is absent, with the reason:
// nobody can give evidence for it. A state that was never set is unknown, and every
// state but verified has a reason.

func (p Package) signature() provenance.Check  { return p.check(p.Evidence.Signature.Check) }
func (p Package) publish() provenance.Check    { return p.check(p.Evidence.Publish.Check) }
func (p Package) provenance() provenance.Check { return p.check(p.Evidence.Provenance.Check) }
func (p Package) digest() provenance.Check     { return p.check(p.Evidence.Digest.Check) }

func (p Package) check(c provenance.Check) provenance.Check {
	switch {
	case p.NotLookedUp != "":
		return provenance.Check{State: provenance.Absent, Reason: p.NotLookedUp}
	case c.State == provenance.Verified:
		return provenance.Check{State: provenance.Verified}
	case c.State != provenance.Absent && c.State != provenance.Invalid && c.State != provenance.Unknown:
		c = provenance.Check{State: provenance.Unknown, Reason: "It was not looked at."}
	case c.Reason == "":
		c.Reason = "No reason was recorded."
	}
	return c
}
