package lockfile

import "cmp"

// bunTree is the tree of install paths. Paths can be long; here every name of one is
// looked at once.
type bunTree struct {
	nodes    []bunNode // the first is the root, above all paths
	children map[bunChild]int32
}

// bunNode is where a package is installed.
type bunNode struct {
	name   string
	parent int32
	stands int32 // the index of the entry that stands here, or nothing or ownCode
}

const nothing, ownCode int32 = -1, -2

type bunChild struct {
	parent int32
	name   string
}

func newBunTree(places int) bunTree {
	return bunTree{append(make([]bunNode, 0, places+1), bunNode{stands: ownCode}), make(map[bunChild]int32, places)}
}

// grow is the node of an install path.
func (l *bunLock) grow(location string) (int32, error) {
	at, rest := int32(0), location
	for depth := 1; ; depth++ {
		var name string
		var more bool
		if name, rest, more = cutInstalled(rest); name == "" {
			return 0, l.fail(Malformed, "%s is not the names of packages with slashes between them; %s", quote(location), bunAgain)
		}
		if depth > MaxNesting {
			return 0, l.fail(Limit, "a package is installed more than %d levels deep; %s", MaxNesting, bunAgain)
		}
		child, ok := l.tree.children[bunChild{at, name}]
		if !ok {
			// Real ones have a package at each.
			if len(l.tree.nodes) > MaxEntries {
				return 0, l.tooMany(l.here(), MaxEntries, "places to install at")
			}
			child = int32(len(l.tree.nodes))
			l.tree.nodes = append(l.tree.nodes, bunNode{name, at, nothing})
			l.tree.children[bunChild{at, name}] = child
		}
		if at = child; !more {
			return at, nil
		}
	}
}

// resolve is what stands where a dependency of what is at a node is installed: at the
// nearest place upwards that has one of that name.
func (t *bunTree) resolve(node int32, name string) (stands int32) {
	for {
		if child, ok := t.children[bunChild{node, name}]; ok && t.nodes[child].stands != nothing {
			return t.nodes[child].stands
		}
		if node == 0 {
			return nothing
		}
		node = t.nodes[node].parent
	}
}

// finish fills in what follows from the file as a whole.
func (l *bunLock) finish() {
	edges := make([]edge, 0, l.specs)
	for _, own := range l.own {
		for _, s := range own.specs {
			if to := l.tree.resolve(own.node, s.Name); to >= 0 {
				edges = append(edges, edge{ofWorkspace, own.folder, s.Name, int(to), s.Kind})
			}
		}
	}
	// As bun has it, what lies directly below a package that asks for it can be bundled
	// with that. bun states the digest of the registry's release all the same: the mark
	// is no way to go without, or to come from elsewhere.
	below := make([]bool, len(l.entries))
	for i := range l.entries {
		for _, s := range l.entries[i].Dependencies {
			to := l.tree.resolve(l.at[i], s.Name)
			if to < 0 {
				continue
			}
			edges = append(edges, edge{from: i, as: s.Name, to: int(to), kind: s.Kind})
			if l.tree.nodes[l.at[to]].parent == l.at[i] {
				below[to] = true
			}
		}
	}
	for i := range l.entries {
		e := &l.entries[i]
		e.Bundled = e.Bundled && below[i] && e.Resolved == "" && e.Integrity != ""
		e.AliasUnasked = e.Alias != "" && !l.asked[bunAsk{e.Alias, e.Package.Name}] && !l.asked[bunAsk{e.Alias, ""}]
		if len(l.patches) > 0 {
			e.Patch = l.patches[e.Package.Name+"@"+cmp.Or(e.Package.Version, e.Resolved)]
		}
	}
	*l = bunLock{entries: l.entries} // the graph needs the room
	graph{l.entries, edges}.resolve()
}
