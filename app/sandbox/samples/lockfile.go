package samples

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/sandbox/npm"
	"github.com/bonafide-app/bonafide/app/sandbox/sigstore"
)

// manifest is a project's package.json.
type manifest struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Private bool   `json:"private"`
	License string `json:"license"`
	asked
}

// asked is what a project depends on.
type asked struct {
	Dependencies         map[string]string `json:"dependencies,omitempty"`
	DevDependencies      map[string]string `json:"devDependencies,omitempty"`
	Engines              map[string]string `json:"engines,omitempty"`
	OptionalDependencies map[string]string `json:"optionalDependencies,omitempty"`
}

// lockfile is a package-lock.json of version 3. npm writes strings and booleans
// before objects, both in alphabetical order but for a few that come first (among
// objects: dependencies); the order of the fields here is npm's.
// https://docs.npmjs.com/cli/configuring-npm/package-lock-json
type lockfile struct {
	Name            string                  `json:"name"`
	Version         string                  `json:"version"`
	LockfileVersion int                     `json:"lockfileVersion"`
	Requires        bool                    `json:"requires"`
	Packages        map[string]lockfileItem `json:"packages"`
}

// lockfileItem is the project itself (under the key ""), or a locked package.
type lockfileItem struct {
	Name                 string            `json:"name,omitempty"`
	Version              string            `json:"version"`
	Resolved             string            `json:"resolved,omitempty"`
	Integrity            string            `json:"integrity,omitempty"`
	Dev                  bool              `json:"dev,omitempty"`
	HasInstallScript     bool              `json:"hasInstallScript,omitempty"`
	License              string            `json:"license,omitempty"`
	Optional             bool              `json:"optional,omitempty"`
	Peer                 bool              `json:"peer,omitempty"`
	Dependencies         map[string]string `json:"dependencies,omitempty"`
	Bin                  map[string]string `json:"bin,omitempty"`
	DevDependencies      map[string]string `json:"devDependencies,omitempty"`
	Engines              map[string]string `json:"engines,omitempty"`
	OptionalDependencies map[string]string `json:"optionalDependencies,omitempty"`
	PeerDependencies     map[string]string `json:"peerDependencies,omitempty"`
}

const projectLicense = "UNLICENSED"

// tree writes the project's files.
func (b *builder) tree(p project) Tree {
	asked := asked{
		Dependencies:         p.dependencies[dep.Prod],
		DevDependencies:      p.dependencies[dep.Dev],
		OptionalDependencies: p.dependencies[dep.Optional],
		Engines:              map[string]string{"node": ">=22"},
	}
	lock := lockfile{Name: p.name, Version: p.version, LockfileVersion: 3, Requires: true,
		Packages: map[string]lockfileItem{"": {
			Name: p.name, Version: p.version, License: projectLicense,
			Dependencies: asked.Dependencies, DevDependencies: asked.DevDependencies,
			OptionalDependencies: asked.OptionalDependencies, Engines: asked.Engines,
		}}}
	for name, l := range p.locked {
		lock.Packages["node_modules/"+name] = l.item()
	}
	out := maps.Clone(p.files)
	out[manifestPath] = b.text(manifest{p.name, p.version, true, projectLicense, asked})
	out[lockfilePath] = b.text(lock)
	return out
}

func (l locked) item() lockfileItem {
	r := l.release
	item := lockfileItem{
		Version:              r.Version,
		Resolved:             sigstore.RegistryURL + npm.TarballPath(r.Package()),
		Integrity:            l.integrity,
		Dev:                  l.scope == dep.Dev,
		Optional:             l.scope == dep.Optional,
		Peer:                 l.scope == dep.Peer,
		License:              r.License,
		Bin:                  r.Bin,
		Dependencies:         r.Dependencies,
		Engines:              r.Engines,
		OptionalDependencies: r.OptionalDependencies,
		PeerDependencies:     r.PeerDependencies,
		HasInstallScript: slices.ContainsFunc([]string{"preinstall", "install", "postinstall"},
			func(script string) bool { return r.Scripts[script] != "" }),
	}
	if l.git != "" {
		item.Resolved = l.git
	}
	return item
}

// text is JSON as npm writes it: two blanks, no escapes for HTML, a final newline.
func (b *builder) text(v any) string {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		b.fail("%w", err)
	}
	return buf.String()
}
