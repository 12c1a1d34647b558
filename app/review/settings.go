package review

import (
	"fmt"
	"maps"
	"net/url"
	"slices"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/lockfile"
	"github.com/bonafide-app/bonafide/app/policy"
)

// movedRegistries says which packages without an address the head's settings take from
// a registry that neither the base's settings nor its lockfile name. They need not have
// changed in the lockfile: where it names no registry, the settings alone say which
// bytes are installed, as far as no digest does. Those that told names are known. The registries are added to said.
func (r *Reviewer) movedRegistries(told atlas, f File, base, head []dep.Entry, said *[]string) []policy.Problem {
	if len(base) == 0 {
		return nil // all of it enters, and is judged for itself
	}
	known := maps.Clone(told.public)
	for _, b := range told.told() {
		known[b] = true
	}
	for _, b := range append(registries(base), named(f.BaseSettings)...) {
		known[b] = true
	}
	stated := map[string]bool{} // as the base's settings write them
	for _, s := range f.BaseSettings {
		stated[s.Default] = true
		for _, registry := range s.Scopes {
			stated[registry] = true
		}
	}
	var out []policy.Problem
	say := func(of, registry string, takes func(dep.Entry) bool) {
		if b, ok := lockfile.BaseOf(registry); registry == "" || stated[registry] || ok && known[b] {
			return
		}
		i := slices.IndexFunc(head, takes)
		if i < 0 {
			return
		}
		stated[registry] = true // one finding for each
		*said = append(*said, registry)
		out = append(out, policy.Problem{Kind: policy.RegistryMoved, Lockfile: f.Path, Line: head[i].Line,
			Detail: fmt.Sprintf("The repository's settings now take %s from %s, which the base does not use: %s is one of those for which this lockfile names no registry.", of, hostOf(registry), head[i].Package.ID())})
	}
	for _, s := range f.Settings {
		say("packages without a registry of their own", s.Default, func(e dep.Entry) bool {
			_, own := s.Scopes[scope(e.Package)]
			return unaddressed(e) && !own
		})
		for _, name := range slices.Sorted(maps.Keys(s.Scopes)) {
			say("the packages of "+name, s.Scopes[name], func(e dep.Entry) bool { return unaddressed(e) && scope(e.Package) == name })
		}
	}
	return out
}

// unaddressed says whether an entry is fetched from whichever registry the settings name.
func unaddressed(e dep.Entry) bool {
	return e.Source == dep.Registry && e.Resolved == "" && e.Package.Ecosystem == dep.NPM
}

// hostOf names a registry without what may be secret in its address.
func hostOf(registry string) string {
	if u, err := url.Parse(registry); err == nil && u.Host != "" {
		return u.Host
	}
	return "an address that is not plain"
}
