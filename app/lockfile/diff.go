package lockfile

import (
	"cmp"
	"slices"
	"strings"

	"deps.dev/util/semver"

	"github.com/bonafide-app/bonafide/app/dep"
)

// Diff compares the entries of one lockfile at two commits. There is one change
// for every distinct package, source and set of digests of the head that is new, in
// the order of the head, then one for every package that went away, by name.
//
// A package that stood in the base is repinned where it now has another source, or
// digests that do not agree with the ones before, or weaker ones, or none; Explain
// tells these apart. It is not a change that digests were added or strengthened, or
// that the address is the public registry's own and is stated, left out, or spelled
// with the registry's other name. Locations count: at a place where a package stood
// before it must not have become worse, even where the same thing stood elsewhere.
//
// A package that stood nowhere in the base is updated where it replaces other
// versions of its name: those at its locations, else those that went away, the
// nearest first, MaxReplaces at most. Else it is added.
func Diff(base, head []dep.Entry) []dep.Change {
	b, h := newSide(base), newSide(head)
	var changes []dep.Change
	replaced := map[dep.Package]bool{}
	gone := b.gone(h)

	for _, g := range h.groups {
		var change dep.Change
		switch {
		case b.byPackage[g.pkg] == nil:
			change.Kind = dep.Added
			change.Replaces = b.at(g.entries, sameName)
			if len(change.Replaces) == 0 {
				change.Replaces = nearest(gone[nameOf(g.pkg)], g.pkg.Version)
			}
			if len(change.Replaces) > 0 {
				change.Kind = dep.Updated
			}
			for _, e := range change.Replaces {
				replaced[e.Package] = true
			}
		case b.holds(g):
			continue
		default:
			change.Kind = dep.Repinned
			change.Replaces = b.at(g.entries, samePackage)
			for _, before := range firstFew(b.byPackage[g.pkg]) {
				change.Replaces = appendDistinct(change.Replaces, before.entries[0])
			}
		}
		change.Entry, change.Occurrences = g.first(), g.all()
		changes = append(changes, change)
	}

	var removed []dep.Change
	for _, g := range b.groups {
		if h.byPackage[g.pkg] == nil && !replaced[g.pkg] {
			removed = append(removed, dep.Change{Kind: dep.Removed, Entry: g.first(), Occurrences: g.all()})
		}
	}
	slices.SortStableFunc(removed, func(x, y dep.Change) int {
		return cmp.Or(cmp.Compare(x.Entry.Package.Name, y.Entry.Package.Name), cmp.Compare(x.Entry.Package.Version, y.Entry.Package.Version))
	})
	return append(changes, removed...)
}

// identity is what makes one row: package, source and digests.
type identity struct {
	pkg    dep.Package
	source string
	digest dep.Digest // the only one
	more   string     // where there are several, or they cannot be read
}

func identify(e *dep.Entry) identity {
	id := identity{pkg: e.Package}
	switch {
	case e.Bundled:
		id.source = "bundled"
	case !ownAddress(*e):
		id.source = string(e.Source) + " " + e.Resolved
	}
	switch {
	case e.IntegrityError != "":
		id.more = "not read: " + e.Integrity
	case len(e.Digests) == 1:
		id.digest = e.Digests[0]
	case len(e.Digests) > 1:
		var all []string
		for _, d := range e.Digests {
			all = append(all, d.Algorithm+" "+d.Hex)
		}
		slices.Sort(all)
		id.more = strings.Join(slices.Compact(all), " ")
	}
	return id
}

// group is all entries of one identity, in the order of the file.
type group struct {
	identity
	entries []*dep.Entry
}

func (g *group) first() dep.Entry { return *g.entries[0] }

func (g *group) all() []dep.Entry {
	out := make([]dep.Entry, len(g.entries))
	for i, e := range g.entries {
		out[i] = *e
	}
	return out
}

// side is one lockfile, ready to be compared.
type side struct {
	groups     []*group // by first occurrence
	byIdentity map[identity]*group
	byPackage  map[dep.Package][]*group
	byLocation map[string][]*dep.Entry
}

func newSide(entries []dep.Entry) side {
	byLine := func(a, b dep.Entry) int { return cmp.Compare(a.Line, b.Line) }
	if !slices.IsSortedFunc(entries, byLine) {
		entries = slices.Clone(entries)
		slices.SortStableFunc(entries, byLine)
	}
	s := side{
		byIdentity: make(map[identity]*group, len(entries)),
		byPackage:  make(map[dep.Package][]*group, len(entries)),
		byLocation: make(map[string][]*dep.Entry, len(entries)),
	}
	for i := range entries {
		e := &entries[i]
		id := identify(e)
		g := s.byIdentity[id]
		if g == nil {
			g = &group{identity: id}
			s.byIdentity[id] = g
			s.groups = append(s.groups, g)
			s.byPackage[e.Package] = append(s.byPackage[e.Package], g)
		}
		g.entries = append(g.entries, e)
		s.byLocation[e.Location] = append(s.byLocation[e.Location], e)
	}
	return s
}

// holds says whether the side already has everything that a group of the other side
// says: at its locations, and elsewhere for new ones. Of many it looks at the first
// few; what it does not look at it does not have.
func (s side) holds(g *group) bool {
	elsewhere := s.byIdentity[g.identity] != nil || slices.ContainsFunc(firstFew(s.byPackage[g.pkg]), func(before *group) bool {
		return g.entries[0].Bundled || covers(before.first(), g.first())
	})
	for _, e := range g.entries {
		stood, held := false, false
		for _, before := range firstFew(s.byLocation[e.Location]) {
			if before.Package == e.Package {
				stood, held = true, held || covers(*before, *e)
			}
		}
		if stood && !held || !stood && !elsewhere {
			return false
		}
	}
	return true
}

// covers says whether an entry says nothing that would have to be looked at.
func covers(before, after dep.Entry) bool {
	switch {
	case before.Bundled && after.Bundled:
		return true
	case after.Bundled: // it has no digest of its own by nature, but must not have lost one
		return before.Integrity == "" && len(before.Digests) == 0 && ownAddress(before)
	}
	relation := CompareDigests(before, after)
	return SameSource(before, after) && (relation == DigestsSame || relation == DigestsStronger)
}

func samePackage(a, b dep.Package) bool { return a == b }
func sameName(a, b dep.Package) bool    { return nameOf(a) == nameOf(b) }

// at finds the distinct entries at the locations of others.
func (s side) at(entries []*dep.Entry, same func(a, b dep.Package) bool) []dep.Entry {
	var out []dep.Entry
	for _, e := range entries {
		for _, before := range firstFew(s.byLocation[e.Location]) {
			if same(before.Package, e.Package) {
				out = appendDistinct(out, before)
			}
		}
	}
	return out
}

// appendDistinct appends an entry unless it says the same as one that is there, or
// there are MaxReplaces.
func appendDistinct(to []dep.Entry, e *dep.Entry) []dep.Entry {
	if len(to) == MaxReplaces {
		return to
	}
	id := identify(e)
	for i := range to {
		if identify(&to[i]) == id {
			return to
		}
	}
	return append(to, *e)
}

func firstFew[T any](all []T) []T { return all[:min(len(all), MaxReplaces)] }

func nameOf(p dep.Package) dep.Package { p.Version = ""; return p }

// gone collects, by name, what stands nowhere on the other side, lowest version first.
func (s side) gone(other side) map[dep.Package][]dep.Entry {
	out := map[dep.Package][]dep.Entry{}
	for _, g := range s.groups {
		if other.byPackage[g.pkg] == nil {
			out[nameOf(g.pkg)] = append(out[nameOf(g.pkg)], g.first())
		}
	}
	for _, entries := range out {
		slices.SortStableFunc(entries, func(a, b dep.Entry) int { return compareVersions(a.Package.Version, b.Package.Version) })
	}
	return out
}

// nearest picks the versions below, the highest first, then those above.
func nearest(sorted []dep.Entry, version string) []dep.Entry {
	at, _ := slices.BinarySearchFunc(sorted, version, func(e dep.Entry, v string) int { return compareVersions(e.Package.Version, v) })
	var out []dep.Entry
	for i := at - 1; i >= 0 && len(out) < MaxReplaces; i-- {
		out = append(out, sorted[i])
	}
	for i := at; i < len(sorted) && len(out) < MaxReplaces; i++ {
		out = append(out, sorted[i])
	}
	return out
}

func compareVersions(a, b string) int {
	return cmp.Or(semver.NPM.Compare(a, b), cmp.Compare(a, b))
}
