package lockfile

import "github.com/bonafide-app/bonafide/app/dep"

// graph is what asks for what, in a lockfile that resolves it: nodes are indices into
// entries. From it follow whether an entry is asked for directly, by which workspaces,
// when it is installed, and the places at which it stands.
type graph struct {
	entries []dep.Entry
	edges   []edge
}

// edge says that a workspace or an entry asks for an entry.
type edge struct {
	from      int    // index of the entry that asks, or ofWorkspace
	workspace string // "." for the root; only where from is ofWorkspace
	as        string // the name that it is asked for by
	to        int
	kind      dep.Scope
}

const ofWorkspace = -1

// resolve fills in Direct, Workspaces, Places and, where the format keeps it, Scope:
// of all the ways in which an entry is asked for, the one that most surely installs
// it. What nothing asks for keeps the scope that it has.
func (g graph) resolve() {
	out := make([][]edge, len(g.entries))
	seen := make(map[edge]bool, len(g.edges))
	ids := make([]string, len(g.entries))
	var roots []edge
	for _, e := range g.edges {
		if seen[e] {
			continue
		}
		seen[e] = true
		to := &g.entries[e.to]
		by := e.workspace
		if e.from == ofWorkspace {
			roots = append(roots, e)
			to.Direct = true
			if n := len(to.Workspaces); n == 0 || to.Workspaces[n-1] != by {
				to.Workspaces = append(to.Workspaces, by)
			}
		} else {
			out[e.from] = append(out[e.from], e)
			if ids[e.from] == "" {
				ids[e.from] = g.entries[e.from].Package.ID()
			}
			by = ids[e.from]
		}
		to.Places = append(to.Places, dep.Place{By: by, As: e.as})
	}

	// From the surest way to the least sure: what was reached before is not again.
	reached := make([]bool, len(g.entries))
	order := []dep.Scope{dep.Prod, dep.Peer, dep.Optional, dep.Dev}
	waiting := map[dep.Scope][]int{}
	add := func(at dep.Scope, e edge) {
		waiting[lessSure(at, e.kind)] = append(waiting[lessSure(at, e.kind)], e.to)
	}
	for _, e := range roots {
		add(dep.Prod, e)
	}
	for _, at := range order {
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
			for _, e := range out[i] {
				add(at, e)
			}
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
