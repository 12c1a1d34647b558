package samples

import (
	"maps"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/sandbox/npm"
)

// project is a repository and what it depends on. Its methods return changed copies.
type project struct {
	builder       *builder
	name, version string
	files         Tree                            // beside the manifest and the lockfile
	dependencies  map[dep.Scope]map[string]string // of the project itself: name to range
	locked        map[string]locked               // by name
}

// locked is one entry of the lockfile.
type locked struct {
	release   npm.Release
	scope     dep.Scope
	git       string // where it comes from instead of the registry
	integrity string // "" for git
}

func (p project) copy() project {
	p.dependencies, p.locked = maps.Clone(p.dependencies), maps.Clone(p.locked)
	return p
}

// lock locks releases of the catalogue, given as name@version.
func (p project) lock(scope dep.Scope, ids ...string) {
	for _, id := range ids {
		r, ok := p.builder.catalogue.find(id)
		if !ok {
			p.builder.fail("the catalogue has no %s", id)
			return
		}
		integrity, err := r.Integrity()
		if err != nil {
			p.builder.fail("%w", err)
			return
		}
		p.locked[r.Name] = locked{release: r.Release, scope: scope, integrity: integrity}
	}
}

// update locks other versions of what is locked already.
func (p project) update(ids ...string) project {
	p = p.copy()
	for _, id := range ids {
		name := id[:strings.LastIndexByte(id, '@')]
		old, ok := p.locked[name]
		if !ok {
			p.builder.fail("%s is to be updated and is not there", name)
			return p
		}
		p.lock(old.scope, id)
	}
	return p
}

// add asks for a release that was not there.
func (p project) add(versions, id string) project {
	p = p.copy()
	prod := maps.Clone(p.dependencies[dep.Prod])
	prod[id[:strings.LastIndexByte(id, '@')]] = versions
	p.dependencies[dep.Prod] = prod
	return p.with(dep.Prod, id)
}

// with locks what others ask for.
func (p project) with(scope dep.Scope, ids ...string) project {
	p = p.copy()
	p.lock(scope, ids...)
	return p
}

// repin pins other bytes for a release.
func (p project) repin(id string) project {
	p = p.copy()
	r, ok := p.builder.catalogue.find(id)
	if !ok {
		p.builder.fail("the catalogue has no %s", id)
		return p
	}
	other := r.Release
	other.Files = map[string]string{"index.js": "// not what was published\n"}
	integrity, err := other.Integrity()
	if err != nil {
		p.builder.fail("%w", err)
		return p
	}
	entry := p.locked[r.Name]
	entry.integrity = integrity
	p.locked[r.Name] = entry
	return p
}

// git takes a locked package from a git repository instead of the registry.
func (p project) git(name, version, address string) project {
	p = p.copy()
	entry := p.locked[name]
	entry.release.Version, entry.git, entry.integrity = version, address, ""
	p.locked[name] = entry
	return p
}
