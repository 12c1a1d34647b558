package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/lockfile"
	"github.com/bonafide-app/bonafide/app/registry"
)

// specHelp is about what packages of the registry ask for elsewhere.
const specHelp = "Do not install it before you know why: the scripts of a git dependency run when it is prepared. " +
	"An optional dependency of that kind is how malware came in with valid provenance, and it need not show up in the lockfile."

const specBenign = "maintainers who wait for a release of somebody else; then ask them to publish, or override that dependency."

// exoticSpecs: a release of a registry asks for releases of registries. What it asks
// for elsewhere is told where no version before did: the lockfile's entry and the
// registry's document are both asked, because what could not be resolved stands in the
// document alone. One finding for each package.
func exoticSpecs(s Subject, v view) []draft {
	e := s.Change.Entry
	if !s.enters() || e.Source != dep.Registry {
		return nil
	}
	var stood, fresh, moved []dep.Spec
	for _, b := range s.earlier() {
		stood = append(stood, elsewhere(b.entry, b.evidence.Release)...)
	}
	for _, spec := range elsewhere(e, s.Evidence.Release) {
		same := func(old dep.Spec) bool { return sameSpec(old, spec) }
		switch {
		case slices.ContainsFunc(v.specs[e.Lockfile], same): // the base has a package that asks for the very same
		case slices.ContainsFunc(stood, same):
		case slices.ContainsFunc(stood, func(old dep.Spec) bool { return sameRepositorySpec(old, spec) }):
			moved = append(moved, spec)
		default:
			fresh = append(fresh, spec)
		}
	}
	told := fresh
	if len(fresh) == 0 {
		told = moved
	}
	if len(told) == 0 {
		return nil
	}
	what := specList(told)
	d := about(RuleExoticSource, s, fmt.Sprintf("%s asks for what no registry has published: %s.", id(e.Package), what), specHelp).benign(specBenign)
	d.cause, d.many = "asks "+what, "ask for what no registry has published: "+what
	earlier := s.earlier()
	unasked := slices.IndexFunc(earlier, func(b before) bool { return b.evidence.Release == nil && !b.evidence.Gone && !states(b.entry) })
	switch {
	case !s.isNew():
		d.atMost = Notice
	case len(fresh) == 0:
		d.Message = fmt.Sprintf("%s asks for another state of what no registry has published: %s.", id(e.Package), what)
		d.atMost, d.cause, d.many = Warning, "asks on "+what, "ask for another state of what no registry has published: "+what
	case unasked >= 0:
		reason := unread(earlier[unasked].evidence)
		d.Message = fmt.Sprintf("%s asks for what no registry has published: %s. Whether %s, did is not known: %s.", id(e.Package), what, earlier[unasked].which(e.Package), reason)
		d.many += "; whether the versions before did is not known: " + reason
		d.cause += reason
		d.Unknown, d.atMost = true, Warning
	case slices.ContainsFunc(earlier, func(b before) bool { return b.evidence.Gone }): // nobody can say any more
	case len(earlier) > 0:
		d.Message = fmt.Sprintf("%s asks for what no registry has published, and %s, did not: %s.", id(e.Package), earlier[0].which(e.Package), what)
	}
	return []draft{d}
}

// states says whether an entry states the specs of its package.
func states(e dep.Entry) bool {
	return e.Unsaid&(dep.FactDependencies|dep.FactRanges) == 0
}

// elsewhere are the specs of a release that lead out of every registry, as its entry
// and its document state them, each once.
func elsewhere(e dep.Entry, document *registry.Release) []dep.Spec {
	var out []dep.Spec
	said := map[[2]string]bool{}
	add := func(specs []dep.Spec) {
		for _, spec := range specs {
			if key := [2]string{spec.Name, spec.Range}; spec.LeavesRegistry() && !said[key] {
				said[key] = true
				out = append(out, spec)
			}
		}
	}
	if states(e) {
		add(e.Dependencies)
	}
	if document != nil {
		add(document.Elsewhere)
	}
	return out
}

func sameSpec(a, b dep.Spec) bool { return a.Name == b.Name && a.Range == b.Range }

// sameRepositorySpec says whether two specs name states of one git repository.
func sameRepositorySpec(a, b dep.Spec) bool {
	was, _ := lockfile.SourceRepository(a.Range)
	is, ok := lockfile.SourceRepository(b.Range)
	return ok && a.Name == b.Name && was == is
}

// specList is "NAME from SPEC (optional)", the first few.
func specList(specs []dep.Spec) string {
	return list(few(specs, func(spec dep.Spec) string {
		kind := ""
		switch spec.Kind {
		case dep.Optional:
			kind = " (optional)"
		case dep.Peer:
			kind = " (peer)"
		}
		return quote(spec.Name) + " from " + quote(strings.TrimSpace(spec.Range)) + kind
	}))
}
