package lockfile

import (
	"slices"

	"github.com/bonafide-app/bonafide/app/dep"
)

// graph is what asks for what, in a lockfile that resolves it: nodes are indices into
// entries. From it follow whether an entry is asked for directly, by which workspaces,
// when it is installed, and the places at which it stands.
type graph struct {
	entries []dep.Entry
	edges   []edge
}

// edge says that a workspace or an entry asks for an entry.
type edge struct {
	from int // index of the entry that asks, or ofWorkspace
	// "." for the root, where from is ofWorkspace. Where an entry asks that is own code
	// itself, its folder.
	workspace string
	as        string // the name that it is asked for by
	to        int
	kind      dep.Scope
}

const ofWorkspace = -1

// resolve fills in Direct, Workspaces, Places and, where the format keeps it, Scope:
// of all the ways in which an entry is asked for, the one that most surely installs
// it. What nothing asks for keeps the scope that it has.
//
// Places are in the order of the workspaces and entries that ask.
func (g graph) resolve() {
	asks := g.byAsker()
	count := make([]int32, len(g.entries))
	for _, group := range asks {
		for _, i := range group {
			count[g.edges[i].to]++
		}
	}
	places := make([]dep.Place, 0, len(g.edges)) // of all entries, one after the other
	for i, n := range count {
		at := len(places)
		places = places[:at+int(n)]
		g.entries[i].Places = places[at:at:len(places)]
	}
	type workspaceOf struct {
		entry     int
		workspace string
	}
	var named map[workspaceOf]bool
	for at, group := range asks {
		id := ""
		if at > 0 && len(group) > 0 {
			id = g.entries[at-1].Package.ID()
		}
		for _, i := range group {
			e := &g.edges[i]
			to, by := &g.entries[e.to], e.workspace
			if by == "" {
				by = id
			} else {
				to.Direct = true
				if named == nil {
					named = map[workspaceOf]bool{}
				}
				if w := (workspaceOf{e.to, by}); !named[w] {
					named[w] = true
					to.Workspaces = append(to.Workspaces, by)
				}
			}
			to.Places = append(to.Places, dep.Place{By: by, As: e.as})
		}
	}
	g.resolveScopes(asks)
}

// byAsker sorts the edges by who asks, each once: those of the workspaces, then those
// of every entry.
func (g graph) byAsker() [][]int32 {
	end := make([]int, len(g.entries)+1)
	for i := range g.edges {
		end[g.edges[i].from+1]++
	}
	for i := 1; i < len(end); i++ {
		end[i] += end[i-1]
	}
	at, order := make([]int, len(end)), make([]int32, len(g.edges))
	copy(at[1:], end)
	for i := range g.edges {
		from := g.edges[i].from + 1
		order[at[from]] = int32(i) // bounded by MaxSpecs
		at[from]++
	}
	out := make([][]int32, len(end))
	for i, start := range append([]int{0}, end[:len(end)-1]...) {
		out[i] = distinct(order[start:end[i]], func(i int32) edge { return g.edges[i] })
	}
	return out
}

// distinct removes, in place, what says the same as something before it.
func distinct[E any, K comparable](list []E, says func(E) K) []E {
	const few = 16
	var seen map[K]bool // where there are many
	if len(list) > few {
		seen = make(map[K]bool, len(list))
	}
	out := list[:0]
	for _, e := range list {
		said := says(e)
		if seen[said] || seen == nil && slices.ContainsFunc(out, func(o E) bool { return says(o) == said }) {
			continue
		}
		if seen != nil {
			seen[said] = true
		}
		out = append(out, e)
	}
	return out
}

// resolveScopes goes from the surest way to the least sure: what was reached before is
// not again.
func (g graph) resolveScopes(asks [][]int32) {
	reached := make([]bool, len(g.entries))
	waiting := map[dep.Scope][]int{}
	follow := func(at dep.Scope, edges []int32) {
		for _, i := range edges {
			e := &g.edges[i]
			next := lessSure(at, e.kind)
			waiting[next] = append(waiting[next], e.to)
		}
	}
	follow(dep.Prod, asks[0])
	for _, at := range []dep.Scope{dep.Prod, dep.Peer, dep.Optional, dep.Dev} {
		for len(waiting[at]) > 0 {
			last := len(waiting[at]) - 1
			i := waiting[at][last]
			waiting[at] = waiting[at][:last]
			if reached[i] {
				continue
			}
			reached[i] = true
			if !g.entries[i].Unsaid.Has(dep.FactScope) {
				g.entries[i].Scope = at
			}
			follow(at, asks[i+1])
		}
	}
}

// lessSure is the less sure of two scopes: prod, peer, optional, dev.
func lessSure(a, b dep.Scope) dep.Scope {
	rank := func(s dep.Scope) int {
		switch s {
		case dep.Dev:
			return 3
		case dep.Optional:
			return 2
		case dep.Peer:
			return 1
		}
		return 0
	}
	if rank(a) >= rank(b) {
		return a
	}
	return b
}
