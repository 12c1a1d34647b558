package report

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/lockfile"
)

// Manifest is where a package is asked for.
type Manifest struct {
	Path string // of a file that may be there: "web/package.json"
	Name string // that it is asked for by: an alias, or its own
}

// ManifestsOf are the places where the repository itself asks for a package, by all its
// entries in one lockfile, at most MaxManifests. Where the lockfile does not say which of
// the repository's packages asks, it is the one beside it.
func ManifestsOf(entries []dep.Entry) (out []Manifest) {
	for _, e := range entries {
		format, ok := lockfile.Recognise(e.Lockfile)
		if !ok || !e.Direct {
			continue
		}
		for _, ask := range asks(e) {
			for _, file := range format.Manifests() {
				m := Manifest{path.Join(path.Dir(e.Lockfile), ask.By, file), ask.As}
				if len(out) < MaxManifests && !strings.HasPrefix(m.Path, "../") && !slices.Contains(out, m) {
					out = append(out, m)
				}
			}
		}
	}
	return out
}

// asks are the folders of the repository that ask for an entry, and by which name.
func asks(e dep.Entry) (out []dep.Place) {
	for _, p := range e.Places {
		if p.By == "" || slices.Contains(e.Workspaces, p.By) {
			out = append(out, p)
		}
	}
	if len(out) > 0 {
		return out
	}
	name := cmp.Or(e.Alias, e.Package.Name)
	for _, folder := range e.Workspaces {
		out = append(out, dep.Place{By: folder, As: name})
	}
	if len(out) == 0 {
		out = append(out, dep.Place{As: name})
	}
	return out
}

// manifestsFor are the places of a package of one lockfile.
func manifestsFor(about dep.Package, file string, packages []Package) (out []Manifest) {
	for _, p := range packages {
		if p.Entry.Package == about && p.Entry.Lockfile == file {
			out = append(out, p.Manifests...)
		}
	}
	return out
}
