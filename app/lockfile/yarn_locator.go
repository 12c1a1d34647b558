package lockfile

import (
	"net/url"
	"slices"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
)

// yarnLocator is what yarn 2 and later call one package that they found:
// NAME@REFERENCE. A reference is
//
//	npm:1.0.0                                   the registry's
//	npm:1.0.0::__archiveUrl=https%3A%2F%2F…     the registry's, from another address
//	jsr:1.0.0                                   of the JavaScript Registry
//	patch:a@npm%3A1.0.0#./a.patch::version=…    another locator, patched
//	workspace:packages/a                        the repository's own
//	link:./a, portal:./a, file:./a#./a::…       a folder, or a tarball
//	https://…/a.tgz, https://…/a.git#commit=…   what stands at an address
//
// https://yarnpkg.com/advanced/lexicon#locator
type yarnLocator struct{ name, reference string }

// protocol is the first part of a reference with its colon, and the rest without the
// parameters.
func (l yarnLocator) protocol() (protocol, rest string) {
	rest, _, _ = strings.Cut(l.reference, "::")
	if i := strings.IndexAny(rest, "#:"); i >= 0 && rest[i] == ':' {
		return rest[:i+1], rest[i+1:]
	}
	return "", rest
}

// parameter is one of the parameters of a reference. ok is false where it stands there
// twice or cannot be read. Yarn decodes the names of parameters, too, so that one that
// it would not write as it stands can be any.
func (l yarnLocator) parameter(name string) (value string, ok bool) {
	_, all, _ := strings.Cut(l.reference, "::")
	found := false
	for p := range strings.SplitSeq(all, "&") {
		key, v, _ := strings.Cut(p, "=")
		if strings.ContainsAny(key, "%+") {
			return "", false
		}
		if key != name {
			continue
		}
		decoded, err := url.QueryUnescape(v)
		if found || err != nil {
			return "", false
		}
		value, found = decoded, true
	}
	return value, true
}

// unpatch is the locator behind a patch, and what it is patched with. ok is false
// where that cannot be read.
func (l yarnLocator) unpatch() (source yarnLocator, patch string, ok bool) {
	_, rest := l.protocol()
	before, selector, _ := strings.Cut(rest, "#")
	before, err := url.PathUnescape(before)
	if err != nil {
		return yarnLocator{}, "", false
	}
	if patch, err = url.PathUnescape(selector); err != nil {
		return yarnLocator{}, "", false
	}
	source.name, source.reference, ok = cutName(before)
	return source, patch, ok
}

// unpatchAll is the locator behind all patches, and all patches, the first one first.
func (l yarnLocator) unpatchAll() (source yarnLocator, patch string, ok bool) {
	var patches []string
	for strings.HasPrefix(l.reference, "patch:") {
		if len(patches) == maxYarnPatches {
			return l, "", false
		}
		asker, readable := l.parameter("locator")
		if l, patch, ok = l.unpatch(); !ok || !readable {
			return l, "", false
		}
		// Yarn 4 takes what begins with "~" for a path, seen from who asks for it.
		if own := withoutFlags(patch); IsYarnsOwnPatch(own) && (asker == "" || !strings.Contains(patch, "~")) {
			patch = own // the flags in front change with yarn
		}
		patches = append(patches, patch)
	}
	slices.Reverse(patches)
	return l, strings.Join(patches, "&"), true
}

// IsYarnsOwnPatch says whether a dep.Entry.Patch is one that yarn brings along, and
// not a file: "builtin<compat/typescript>". https://yarnpkg.com/features/patching
func IsYarnsOwnPatch(patch string) bool {
	name, ok := strings.CutPrefix(patch, "builtin<")
	name, ends := strings.CutSuffix(name, ">")
	return ok && ends && name != "" && !strings.ContainsAny(name, ">&!") // what is before a "!" are flags
}

// withoutFlags is a patch without what says how it is applied: "optional!", and "~" of
// older yarns.
func withoutFlags(patch string) string {
	for {
		rest := strings.TrimPrefix(strings.TrimPrefix(patch, "optional!"), "~")
		if rest == patch {
			return patch
		}
		patch = rest
	}
}

// ownFolder is the folder of the repository that a locator stands for, if it does,
// seen from the lockfile.
func (l yarnLocator) ownFolder(lockfile string) (folder string, ok bool) {
	protocol, rest := l.protocol()
	target, selector, stated := strings.Cut(rest, "#")
	if stated && selector != target {
		return "", false // yarn goes by the latter
	}
	switch protocol {
	case "workspace:":
		return ownYarnFolder(lockfile, ".", target)
	case "file:":
		if isTarballName(target) || isTarballName(l.reference) { // yarn looks at either end
			return "", false
		}
	case "link:", "portal:":
	default:
		return "", false
	}
	// It is seen from the workspace that asks for it.
	asker, ok := l.parameter("locator")
	if !ok {
		return "", false
	}
	from := "."
	if _, reference, _ := cutName(asker); asker != "" {
		workspace, isWorkspace := strings.CutPrefix(reference, "workspace:")
		if from, ok = ownYarnFolder(lockfile, ".", workspace); !isWorkspace || !ok {
			return "", false
		}
	}
	return ownYarnFolder(lockfile, from, target)
}

// fetched says where what a locator stands for is fetched from, where that is not
// patched and not of JSR. ok is false where the address cannot be read.
func (l yarnLocator) fetched(p dep.Package) (kind dep.SourceKind, address string, ok bool) {
	if protocol, _ := l.protocol(); protocol == "npm:" {
		address, ok = l.parameter("__archiveUrl")
		return classify(address, p), address, ok
	}
	return l.source(p), l.reference, true
}

// source says where a locator is fetched from, of those that are neither the
// registry's nor patched.
func (l yarnLocator) source(p dep.Package) dep.SourceKind {
	protocol, rest := l.protocol()
	switch {
	case protocol == "workspace:":
		return dep.File // outside of the repository
	case strings.Contains(rest, "#commit=") || strings.Contains(rest, "&commit="):
		return dep.Git
	}
	return classify(l.reference, p)
}

// asksFor says whether a range, with which a package is asked for by another name than
// its own, names the package or its address.
func (l yarnLocator) asksFor(asked string) bool {
	r := yarnLocator{reference: asked}
	switch protocol, rest := r.protocol(); protocol {
	case "":
		return false
	case "npm:":
		name, _, alias := cutName(rest)
		return alias && name == l.name
	case "patch:":
		source, _, ok := r.unpatchAll()
		return ok && (source.name == l.name || l.asksFor(source.reference))
	}
	return !strings.HasPrefix(l.reference, "npm:")
}
