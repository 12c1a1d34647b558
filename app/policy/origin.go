package policy

import (
	"regexp"
	"slices"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/lockfile"
)

// npmRegistry is the origin of what comes from the public npm registry, under
// either of its names, or from wherever the lockfile leaves open.
const npmRegistry = "registry npm"

// fromRegistry says whether an entry's address is what a registry that is known
// here would state for that name and version, or whether it names none, so that the
// configured registry is asked.
func (v view) fromRegistry(e dep.Entry) bool {
	if e.Source != dep.Registry {
		return false
	}
	if e.Resolved == "" {
		return true
	}
	base, ok := lockfile.RegistryBase(e.Resolved, e.Package)
	return ok && (lockfile.IsPublicBase(base) || slices.Contains(v.bases[e.Lockfile], base) || v.told(base))
}

// told says whether the operator named a registry, by its base.
func (v view) told(base string) bool { return slices.Contains(v.bases[""], base) }

func withoutScheme(base string) string { return strings.TrimPrefix(base, "https://") }

// origin names the place an entry comes from so that two versions of one source
// have the same: the registry's base, the git repository, the address without
// version and commit.
func origin(e dep.Entry) string {
	switch e.Source {
	case dep.Registry:
		if e.Resolved == "" {
			return npmRegistry
		}
		base, ok := lockfile.RegistryBase(e.Resolved, e.Package)
		switch {
		case !ok:
			return "address " + withoutVersion(e.Resolved, e.Package.Version)
		case lockfile.IsPublicBase(base):
			return npmRegistry
		}
		return "registry " + base
	case dep.Git:
		repository, _ := lockfile.GitRepository(e.Resolved)
		return "git " + repository
	case dep.URL:
		if lockfile.IsGitArchive(e.Resolved) {
			repository, _ := lockfile.GitRepository(e.Resolved)
			return "git " + repository
		}
		return "address " + withoutVersion(e.Resolved, e.Package.Version)
	}
	return string(e.Source) + " " + withoutVersion(e.Resolved, e.Package.Version)
}

// commit matches what names a state of a repository or a tarball in an address.
var commit = regexp.MustCompile(`\b[0-9a-f]{20,64}\b`)

func withoutVersion(address, version string) string {
	if version != "" {
		address = strings.ReplaceAll(address, version, "{version}")
	}
	return commit.ReplaceAllString(address, "{commit}")
}

// place says in words where an entry comes from.
func place(e dep.Entry) string {
	switch e.Source {
	case dep.Registry:
		if e.Resolved == "" {
			return "the configured registry"
		}
		return quote(e.Resolved)
	case dep.Git:
		return "the git repository " + quote(e.Resolved)
	case dep.URL:
		return "the address " + quote(e.Resolved)
	case dep.File:
		return "the file " + quote(e.Resolved)
	case dep.Patch:
		return "the release and the patch " + quote(e.Patch)
	}
	return "the folder " + quote(e.Resolved)
}

// registryOrPlace is the registry's host and prefix where there is one, else the place.
func registryOrPlace(e dep.Entry) string {
	if e.Source == dep.Registry {
		if base, ok := lockfile.RegistryBase(e.Resolved, e.Package); ok {
			return quote(withoutScheme(base))
		}
	}
	return place(e)
}
