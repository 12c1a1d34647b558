package lockfile

import (
	"cmp"
	"slices"
)

// readBundles reads bundleDependencies: a list of names, or true for all that the
// package's own dependencies name.
func (l *npmLock) readBundles(p *npmPackage) (all bool, err error) {
	if l.dec.PeekKind() != '[' {
		return l.boolean()
	}
	return false, l.array(func() error {
		if l.dec.PeekKind() != '"' {
			return l.skip()
		}
		name, err := l.str()
		p.bundles = append(p.bundles, name)
		return err
	})
}

// mayBeBundled says whether a package is marked as bundled and has nothing that
// contradicts it: no address, also not for a version, no digest, no other name than
// the one that it is installed under.
func (p *npmPackage) mayBeBundled() bool {
	name, installed := folderName(p.location)
	return p.inBundle && installed && !p.link && p.resolved == "" && p.integrity == "" && !isSpec(p.version) && (p.name == "" || p.name == name)
}

// markBundled finds what comes out of the tarball of a package that it lies in. The
// mark alone is not believed, and what the repository itself bundles is fetched. As
// npm has it, a package is bundled
//   - that lies directly below one whose bundleDependencies name it,
//   - that lies below a bundled one,
//   - that lies directly below the bundling one, where a bundled one resolves a
//     dependency to it.
func (l *npmLock) markBundled(byLocation map[string]*npmPackage) {
	var bundlers []*npmPackage
	for i := range l.packages {
		if p := &l.packages[i]; len(p.bundles) > 0 && !p.own() && !p.link {
			bundlers = append(bundlers, p)
		}
	}
	if len(bundlers) == 0 {
		return
	}
	// From the outside in: what a bundled package bundles is the outer one's already.
	slices.SortStableFunc(bundlers, func(a, b *npmPackage) int { return cmp.Compare(len(a.location), len(b.location)) })

	// Locations can be long, and are looked at once each.
	inside := make(map[child]*npmPackage, len(l.packages))
	marked := map[*npmPackage][]*npmPackage{} // what may be bundled, by what it lies in
	for i := range l.packages {
		p := &l.packages[i]
		name, installed := folderName(p.location)
		if p.in = byLocation[p.parent()]; !installed || p.in == nil {
			continue
		}
		inside[child{p.in, name}] = p
		if p.mayBeBundled() {
			marked[p.in] = append(marked[p.in], p)
		}
	}

	for _, bundler := range bundlers {
		var found []*npmPackage
		add := func(p *npmPackage) {
			if p != nil && !p.bundled && p.mayBeBundled() {
				p.bundled = true
				found = append(found, p)
			}
		}
		for _, name := range bundler.bundles {
			add(inside[child{bundler, name}])
		}
		for len(found) > 0 {
			p := found[len(found)-1]
			found = found[:len(found)-1]
			for _, nested := range marked[p] {
				add(nested)
			}
			for _, spec := range p.wants {
				at := p
				for at != bundler && inside[child{at, spec.Name}] == nil {
					at = at.in
				}
				if at == bundler {
					add(inside[child{bundler, spec.Name}])
				}
			}
		}
	}
}

// child is how a package is found in the one that it lies in.
type child struct {
	in   *npmPackage
	name string
}

// parent is the location of the package that an installed one lies in, "" for the
// root.
func (p *npmPackage) parent() string {
	return within(p.location)
}
