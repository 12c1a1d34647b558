package lockfile

import (
	"cmp"
	"iter"
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
// digests that do not agree with the ones before, or weaker ones, or none, or another
// patch; Explain tells these apart. It is not a change that digests were added or
// strengthened, or that they are of a kind that cannot be compared with the one before
// (another format, another cache of yarn's), or that the address is the public
// registry's own and is stated, left out, or spelled with the registry's other name,
// or that an address was written in place of a version.
// Places count: at a place where a package stood before it must not have become worse,
// even where the same thing stood elsewhere.
//
// A package's places are those in the graph (dep.Entry.Places), else its location. Two
// formats have none in common; between them, packages are compared by what they are.
//
// A package that stood nowhere in the base is updated where it replaces other
// versions of its name: those at its places, then those that went away, the nearest
// first. Else it is added. Stays are the versions beside which it came in.
//
// A package that stood in the base, and is not repinned, is nevertheless updated
// where it took the place of a package of another name (Displaces), or stands at a
// new place under a name that nobody asks for it by (Entry.AliasUnasked): it then
// replaces nothing.
//
// Of the occurrences, Entry is the first that displaces a package, else the first
// whose alias is unasked, else the first. Replaces, Displaces and Stays have
// MaxReplaces entries at most.
func Diff(base, head []dep.Entry) []dep.Change {
	h := newSide(head)
	h.byIdentity, h.byPlace = nil, nil // only the base is looked up in
	b := newSide(base)
	var changes []dep.Change
	replaced := map[dep.Package]bool{}
	gone, staying := b.gone(h), b.staying(h)

	for _, g := range h.groups {
		var change dep.Change
		if same := b.unversioned(g); same != nil {
			for _, before := range same {
				replaced[before.pkg] = true
			}
			continue
		}
		switch {
		case b.byPackage[g.pkg] == nil:
			change.Kind = dep.Added
			replaces := b.at(g, sameName)
			replaces.addNearest(gone[nameOf(g.pkg)], g.pkg.Version)
			if change.Replaces = replaces.entries; len(change.Replaces) > 0 {
				change.Kind = dep.Updated
			}
			for _, e := range change.Replaces {
				replaced[e.Package] = true
			}
		case !b.holds(g):
			change.Kind = dep.Repinned
			replaces := b.at(g, samePackage)
			for _, before := range firstFew(b.byPackage[g.pkg]) {
				replaces.add(before, before.entries[0])
			}
			change.Replaces = replaces.entries
		case b.intrudes(g):
			change.Kind = dep.Updated
		default:
			continue
		}
		if change.Kind != dep.Repinned {
			change.Stays = staying.beside(g.pkg, change.Replaces)
		}
		change.Entry, change.Occurrences = b.telling(g), g.all()
		change.Displaces = b.at(g, otherName).entries
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
	patch  string
	digest dep.Digest // the only one
	more   string     // where there are several, or they cannot be read
}

func identify(e *dep.Entry) identity {
	id := identity{pkg: e.Package, patch: e.Patch}
	switch {
	case e.Bundled && e.Integrity == "":
		id.source = "bundled"
	case !ownAddress(*e):
		id.source = string(e.Source) + " " + e.Resolved
	}
	switch {
	case e.IntegrityError != "":
		id.more = "not read: " + e.Integrity
	case e.OwnDigest:
		id.more = "own: " + e.Integrity
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
	byPlace    map[dep.Place][]occurrence
	crowds     map[dep.Place]map[standing]bool // what stands at places where many do, once that was asked
}

// occurrence is an entry and the group that it is of.
type occurrence struct {
	*dep.Entry
	group *group
}

// places are where an entry stands.
func places(e *dep.Entry) iter.Seq[dep.Place] {
	return func(yield func(dep.Place) bool) {
		if len(e.Places) == 0 {
			yield(dep.Place{As: e.Location})
			return
		}
		for _, p := range e.Places {
			if !yield(p) {
				return
			}
		}
	}
}

func byLine(a, b dep.Entry) int { return cmp.Compare(a.Line, b.Line) }

func newSide(entries []dep.Entry) side {
	if !slices.IsSortedFunc(entries, byLine) {
		entries = slices.Clone(entries)
		slices.SortStableFunc(entries, byLine)
	}
	s := side{
		byIdentity: make(map[identity]*group, len(entries)),
		byPackage:  make(map[dep.Package][]*group, len(entries)),
		byPlace:    make(map[dep.Place][]occurrence, len(entries)),
		crowds:     map[dep.Place]map[standing]bool{},
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
		for p := range places(e) {
			s.byPlace[p] = append(s.byPlace[p], occurrence{e, g})
		}
	}
	return s
}

// holds says whether the side already has everything that a group of the other side
// says: at its places, and elsewhere for new ones. Of many it looks at the first
// few; what it does not look at it does not have.
func (s side) holds(g *group) bool {
	elsewhere := s.byIdentity[g.identity] != nil || slices.ContainsFunc(firstFew(s.byPackage[g.pkg]), func(before *group) bool {
		return g.entries[0].Bundled && g.entries[0].Integrity == "" || covers(before.entries[0], g.entries[0])
	})
	for _, e := range g.entries {
		for p := range places(e) {
			stood, held := false, false
			for _, before := range firstFew(s.byPlace[p]) {
				if before.Package == e.Package {
					stood, held = true, held || covers(before.Entry, e)
				}
			}
			if stood && !held || !stood && !elsewhere {
				return false
			}
		}
	}
	return true
}

// unversioned finds what stood where the entries of a group of the other side stand,
// and is the same but for the version: npm 6 writes an address in place of the version
// of whatever no registry has, and npm 7 the version. It is nil unless all of it is.
func (s side) unversioned(g *group) (same []*group) {
	if s.byPackage[g.pkg] != nil {
		return nil
	}
	for _, e := range g.entries {
		for p := range places(e) {
			i := slices.IndexFunc(firstFew(s.byPlace[p]), func(before occurrence) bool {
				return sameName(before.Package, e.Package) && e.Source != dep.Registry && isSpec(before.Package.Version) != isSpec(e.Package.Version) && covers(before.Entry, e) && covers(e, before.Entry)
			})
			if i < 0 {
				return nil
			}
			same = append(same, s.byPlace[p][i].group)
		}
	}
	return same
}

// covers says whether an entry says nothing that would have to be looked at.
func covers(before, after *dep.Entry) bool {
	switch {
	case before.Bundled && after.Bundled && after.Integrity == "" && before.Integrity == "":
		return true
	case after.Bundled && after.Integrity == "": // it has no digest of its own by nature, but must not have lost one
		return before.Integrity == "" && len(before.Digests) == 0 && ownAddress(*before)
	case !samePatch(*before, *after) || !SameSource(*before, *after):
		return false
	}
	switch CompareDigests(*before, *after) {
	case DigestsSame, DigestsStronger, DigestsUnlike:
		return true
	}
	return false
}

func samePackage(a, b dep.Package) bool { return a == b }
func sameName(a, b dep.Package) bool    { return nameOf(a) == nameOf(b) }
func otherName(a, b dep.Package) bool   { return !sameName(a, b) }

// at finds what stood where the entries of a group of the other side stand.
func (s side) at(g *group, related func(a, b dep.Package) bool) (found few) {
	for _, e := range g.entries {
		for p := range places(e) {
			for _, before := range firstFew(s.byPlace[p]) {
				if related(before.Package, e.Package) {
					found.add(before.group, before.Entry)
				}
			}
		}
	}
	return found
}

// displaced says whether packages of another name stood where an entry of the other
// side stands, and none of its own.
func (s side) displaced(e *dep.Entry) bool {
	for p := range places(e) {
		if len(s.byPlace[p]) > 0 && !s.stoodAt(p, e.Package) {
			return true
		}
	}
	return false
}

// stoodAs says whether a package of the same name stood where an entry of the other
// side stands, installed under the same name.
func (s side) stoodAs(e *dep.Entry) bool {
	for p := range places(e) {
		if s.stands(p, standing{name: nameOf(e.Package), alias: e.Alias}) {
			return true
		}
	}
	return false
}

func (s side) stoodAt(p dep.Place, pkg dep.Package) bool {
	return s.stands(p, standing{name: nameOf(pkg), any: true})
}

// standing is a package, without its version, and the name that it is installed under,
// or any.
type standing struct {
	name  dep.Package
	alias string
	any   bool
}

// stands says whether a package stands at a place. Where many do, they are indexed: as
// many can ask.
func (s side) stands(p dep.Place, want standing) bool {
	at := s.byPlace[p]
	if len(at) <= MaxReplaces {
		return slices.ContainsFunc(at, func(o occurrence) bool {
			return sameName(o.Package, want.name) && (want.any || o.Alias == want.alias)
		})
	}
	crowd := s.crowds[p]
	if crowd == nil {
		crowd = make(map[standing]bool, len(at))
		for _, o := range at {
			crowd[standing{name: nameOf(o.Package), any: true}] = true
			crowd[standing{name: nameOf(o.Package), alias: o.Alias}] = true
		}
		s.crowds[p] = crowd
	}
	return crowd[want]
}

// intrudes says whether a package came to a place that is not its own.
func (s side) intrudes(g *group) bool {
	return slices.ContainsFunc(g.entries, func(e *dep.Entry) bool { return s.displaced(e) || e.AliasUnasked && !s.stoodAs(e) })
}

// telling is the entry of a group of the other side to look at first.
func (s side) telling(g *group) dep.Entry {
	for _, tells := range []func(*dep.Entry) bool{s.displaced, func(e *dep.Entry) bool { return e.AliasUnasked }} {
		if i := slices.IndexFunc(g.entries, tells); i >= 0 {
			return *g.entries[i]
		}
	}
	return g.first()
}

// few collects entries of distinct groups of one side, MaxReplaces at most.
type few struct {
	groups  []*group
	entries []dep.Entry
}

func (f *few) full() bool { return len(f.groups) == MaxReplaces }

func (f *few) add(g *group, e *dep.Entry) {
	if !f.full() && !slices.Contains(f.groups, g) {
		f.groups, f.entries = append(f.groups, g), append(f.entries, *e)
	}
}

// addNearest adds the versions below, the highest first, then those above. The
// groups are sorted, the lowest version first.
func (f *few) addNearest(sorted []*group, version string) {
	at, _ := slices.BinarySearchFunc(sorted, version, func(g *group, v string) int { return compareVersions(g.pkg.Version, v) })
	for i := at - 1; i >= 0 && !f.full(); i-- {
		f.add(sorted[i], sorted[i].entries[0])
	}
	for i := at; i < len(sorted) && !f.full(); i++ {
		f.add(sorted[i], sorted[i].entries[0])
	}
}

func firstFew[T any](all []T) []T { return all[:min(len(all), MaxReplaces)] }

func nameOf(p dep.Package) dep.Package { p.Version = ""; return p }

// gone collects, by name, what stands nowhere on the other side, lowest version first.
func (s side) gone(other side) map[dep.Package][]*group {
	out := map[dep.Package][]*group{}
	for _, g := range s.groups {
		if other.byPackage[g.pkg] == nil {
			out[nameOf(g.pkg)] = append(out[nameOf(g.pkg)], g)
		}
	}
	for _, groups := range out {
		sortVersions(groups)
	}
	return out
}

// line is a release line of a package: versions that are meant to be compatible.
type line struct {
	name    dep.Package // without a version
	release string      // "1", "0.3"
}

// lineOf is the release line of a package; ok is false where its version is none of
// npm's.
func lineOf(p dep.Package) (l line, ok bool) {
	v, err := semver.NPM.Parse(p.Version)
	if err != nil || v.IsWildcard() {
		return line{}, false
	}
	major, rest, _ := strings.Cut(v.Canon(false), ".")
	if major == "0" {
		minor, _, _ := strings.Cut(rest, ".")
		major += "." + minor
	}
	return line{nameOf(p), major}, true
}

// lines is what stands on both sides, by release line, the lowest version first.
type lines map[line][]*group

// staying collects what stands on the other side too, of the names of which
// something new stands there. Of the groups of one package it takes a few.
func (s side) staying(other side) lines {
	asked := map[dep.Package]bool{}
	for _, g := range other.groups {
		if s.byPackage[g.pkg] == nil || s.intrudes(g) {
			asked[nameOf(g.pkg)] = true
		}
	}
	out := lines{}
	for p, groups := range s.byPackage {
		if !asked[nameOf(p)] || other.byPackage[p] == nil {
			continue
		}
		if l, ok := lineOf(p); ok {
			out[l] = append(out[l], firstFew(groups)...)
		}
	}
	for _, groups := range out {
		sortVersions(groups)
	}
	return out
}

// beside is what stays in the release line of a package, the highest version first,
// without the package itself and without what was replaced.
func (l lines) beside(p dep.Package, replaced []dep.Entry) []dep.Entry {
	at, ok := lineOf(p)
	if !ok {
		return nil
	}
	var found few
	for _, g := range slices.Backward(l[at]) {
		if found.full() {
			break
		}
		if g.pkg != p && !slices.ContainsFunc(replaced, func(e dep.Entry) bool { return e.Package == g.pkg }) {
			found.add(g, g.entries[0])
		}
	}
	return found.entries
}

// sortVersions sorts groups, the lowest version first, those of one version by where
// they stand.
func sortVersions(groups []*group) {
	slices.SortStableFunc(groups, func(a, b *group) int {
		return cmp.Or(compareVersions(a.pkg.Version, b.pkg.Version), cmp.Compare(a.entries[0].Line, b.entries[0].Line))
	})
}

func compareVersions(a, b string) int {
	return cmp.Or(semver.NPM.Compare(a, b), cmp.Compare(a, b))
}
