package lockfile

import (
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
)

// Bundler is the entry whose tarball is said to deliver a bundled one: the nearest that
// it lies in and that is not bundled itself. at finds an entry by its location.
func Bundler(e dep.Entry, at func(location string) (dep.Entry, bool)) (dep.Entry, bool) {
	for location := within(e.Location); location != ""; location = within(location) {
		if in, ok := at(location); ok && !in.Bundled {
			return in, true
		}
	}
	return dep.Entry{}, false
}

// Delivered are the locations of what comes out of the tarball of the entry at a
// location, where that release bundles these names: of the entries that are marked as
// bundled, as npm has it, those that lie directly below it and are named, those that lie
// below a bundled one, and those to which a bundled one resolves what it asks for. Where
// the lockfile does not say what packages ask for, all of them, if there are any names.
func Delivered(entries []dep.Entry, bundler string, names []string) map[string]bool {
	below := map[string]*dep.Entry{}
	nested := map[string][]*dep.Entry{} // what is marked as bundled, by what it lies in
	for i := range entries {
		e := &entries[i]
		if !strings.HasPrefix(e.Location, bundler+"/"+nodeModules) {
			continue
		}
		below[e.Location] = e
		if e.Bundled {
			in := within(e.Location)
			nested[in] = append(nested[in], e)
		}
	}
	found := map[string]bool{}
	var next []*dep.Entry
	add := func(location string) {
		if e := below[location]; e != nil && e.Bundled && !found[location] {
			found[location] = true
			next = append(next, e)
		}
	}
	for _, name := range names {
		add(bundler + "/" + nodeModules + name)
	}
	for len(next) > 0 {
		e := next[len(next)-1]
		next = next[:len(next)-1]
		for _, inner := range nested[e.Location] {
			add(inner.Location)
		}
		if e.Unsaid.Has(dep.FactDependencies) {
			for _, beside := range nested[bundler] {
				add(beside.Location)
			}
		}
		for _, spec := range e.Dependencies {
			at := e.Location
			for len(at) > len(bundler) && below[at+"/"+nodeModules+spec.Name] == nil {
				at = within(at)
			}
			if at == bundler {
				add(bundler + "/" + nodeModules + spec.Name)
			}
		}
	}
	return found
}

// within is the location of what an installed package lies in, "" for the root.
func within(location string) string {
	return location[:max(strings.LastIndex(location, "/"+nodeModules), 0)]
}
