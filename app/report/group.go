package report

import (
	"cmp"
	"slices"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// Group says what the packages of a terminal's table are put together by; "" is
// ByLockfile.
type Group string

// What packages can be put together by.
const (
	ByLockfile Group = "lockfile"
	ByRepo     Group = "repo"  // that they were built in, per certificate
	ByScope    Group = "scope" // production, development, optional, peer
	ByState    Group = "state" // of their provenance
)

// group is some of the packages, under a title that is made harmless.
type group struct {
	title string
	rows  []*Package
}

// groupsOf puts packages together: lockfiles by name, repositories by how much comes from
// them, states by how bad they are. What was not proven to come from a repository stands
// last.
func groupsOf(packages []Package, by Group) []group {
	place := make(map[string]int)
	var out []group
	last := make(map[string]int) // how far back a group stands, whatever its size or name
	for n := range packages {
		p := &packages[n]
		title, back := by.of(*p)
		i, ok := place[title]
		if !ok {
			i = len(out)
			place[title] = i
			last[title] = back
			out = append(out, group{title: title})
		}
		out[i].rows = append(out[i].rows, p)
	}
	slices.SortFunc(out, func(a, b group) int {
		size := 0
		if by == ByRepo {
			size = cmp.Compare(len(b.rows), len(a.rows))
		}
		return cmp.Or(cmp.Compare(last[a.title], last[b.title]), size, cmp.Compare(a.title, b.title))
	})
	return out
}

// inOrder sorts rows as the lockfile has them, or by name.
func inOrder(rows []*Package, byName bool) {
	slices.SortStableFunc(rows, func(a, b *Package) int {
		if byName {
			return cmp.Or(byID(a, b), cmp.Compare(a.Entry.Lockfile, b.Entry.Lockfile))
		}
		if c := cmp.Or(cmp.Compare(a.Entry.Lockfile, b.Entry.Lockfile), cmp.Compare(a.Entry.Line, b.Entry.Line)); c != 0 {
			return c
		}
		return byID(a, b)
	})
}

func byID(a, b *Package) int { return cmp.Compare(a.Entry.Package.ID(), b.Entry.Package.ID()) }

// of is the title of the group that a package belongs to, and how far back that stands.
func (by Group) of(p Package) (title string, back int) {
	state := p.provenance().State
	switch {
	case by == ByScope:
		switch p.Entry.Scope {
		case dep.Dev:
			return "for development", 1
		case dep.Optional:
			return "optional", 2
		case dep.Peer:
			return "for peers", 3
		}
		return "for production", 0
	case by != ByRepo && by != ByState:
		return termName(p.Entry.Lockfile), 0
	case p.Change == dep.Removed:
		return "removed", 9
	case p.NotLookedUp != "":
		return "not looked up", 8
	case by == ByRepo && state == provenance.Verified && p.Evidence.Provenance.Identity != nil:
		return "built in " + termName(repositoryName(p.Evidence.Provenance.Identity.Repository)), 0
	case by == ByRepo:
		return "without verified provenance", 7
	case state == provenance.Invalid:
		return "invalid provenance", 0
	case state == provenance.Unknown:
		return "unknown provenance", 1
	case state == provenance.Absent:
		return "no provenance", 2
	}
	return "verified provenance", 3
}
