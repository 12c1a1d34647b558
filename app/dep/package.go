// Package dep holds the nouns that everybody shares: a package, a digest, an
// entry of a lockfile, and a change between two lockfiles. It does no I/O and
// imports nothing else of Bonafide.
package dep

import (
	"fmt"
	"strings"

	"github.com/package-url/packageurl-go"
)

// Ecosystem is a package-url type: the family of registries a package comes from.
// https://github.com/package-url/purl-spec
type Ecosystem string

// NPM is the ecosystem of the npm registry and everything that speaks its protocol.
const NPM Ecosystem = "npm"

// JSR is the ecosystem of the JavaScript Registry. https://jsr.io
const JSR Ecosystem = "jsr"

// Generic is the ecosystem of what no registry releases: a module by its address,
// which is its name, without a version.
const Generic Ecosystem = "generic"

// Package is one release of one package, by its real name (never an alias).
type Package struct {
	Ecosystem Ecosystem
	Name      string // as the registry writes it: "sigstore", "@babel/core"
	Version   string
}

// PURL is the package URL, for example "pkg:npm/%40babel/core@7.26.0".
func (p Package) PURL() string {
	namespace, name := "", p.Name
	if i := strings.LastIndexByte(p.Name, '/'); i >= 0 {
		namespace, name = p.Name[:i], p.Name[i+1:]
	}
	return packageurl.NewPackageURL(string(p.Ecosystem), namespace, name, p.Version, nil, "").ToString()
}

// ID is name@version, the way people and registries write it.
func (p Package) ID() string {
	if p.Version == "" {
		return p.Name
	}
	return p.Name + "@" + p.Version
}

// String is ecosystem:name@version, the way the command line takes it.
func (p Package) String() string { return string(p.Ecosystem) + ":" + p.ID() }

// ParsePackage reads "npm:sigstore@2.1.0", "pkg:npm/%40scope/name@1.0.0", or, for
// npm only, "sigstore@2.1.0".
func ParsePackage(s string) (Package, error) {
	if strings.HasPrefix(s, "pkg:") {
		u, err := packageurl.FromString(s)
		if err != nil {
			return Package{}, fmt.Errorf("package URL %q: %w", s, err)
		}
		name := u.Name
		if u.Namespace != "" {
			name = u.Namespace + "/" + u.Name
		}
		return complete(s, Package{Ecosystem(u.Type), name, u.Version})
	}
	eco, rest := NPM, s
	if before, after, ok := strings.Cut(s, ":"); ok {
		eco, rest = Ecosystem(before), after
	}
	at := strings.LastIndexByte(rest, '@')
	if at <= 0 {
		return Package{}, fmt.Errorf("%q names no version: write npm:NAME@VERSION", s)
	}
	return complete(s, Package{eco, rest[:at], rest[at+1:]})
}

func complete(s string, p Package) (Package, error) {
	if p.Ecosystem != NPM {
		return Package{}, fmt.Errorf("%q: ecosystem %q is not supported yet, only npm is", s, p.Ecosystem)
	}
	if p.Name == "" || p.Version == "" {
		return Package{}, fmt.Errorf("%q names no version: write npm:NAME@VERSION", s)
	}
	return p, nil
}
