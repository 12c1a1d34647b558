package lockfile

import (
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
)

// ask is a dependency spec by which a package is installed under a name that need
// not be its own.
type ask struct {
	as   string         // the name it is asked for by
	kind dep.SourceKind // Registry for an alias, else the kind of the address
	what string         // the real name; for URL, the address
}

// askFor reads a spec that names an alias ("npm:NAME@RANGE") or an address.
// https://docs.npmjs.com/cli/v11/using-npm/package-spec
func askFor(as, spec string) ask {
	if name, _, ok := cutAlias(spec); ok && name != "" {
		return ask{as, dep.Registry, name}
	}
	switch kind := classify(spec, dep.Package{}); kind {
	case dep.Git, dep.File:
		// The lockfile spells these otherwise: with the commit, from another folder.
		return ask{as, kind, ""}
	default:
		return ask{as, dep.URL, spec}
	}
}

// cutAlias reads "npm:NAME@RANGE", the range of which may be left out.
func cutAlias(spec string) (name, wanted string, ok bool) {
	const mark = "npm:"
	if len(spec) < len(mark) || !strings.EqualFold(spec[:len(mark)], mark) {
		return "", "", false
	}
	name, wanted, _ = cutName(spec[len(mark):])
	return name, wanted, true
}

// unasked says whether an entry stands under a name that is not its own and that
// nothing asks for it by. Where an address is asked for, the name is the tarball's
// to say. What package.json overrides, the lockfile does not say.
func (l *npmLock) unasked(e dep.Entry) bool {
	if e.Alias == "" {
		return false
	}
	byName := l.specs.asked[ask{e.Alias, dep.Registry, e.Package.Name}]
	byAddress := e.Resolved != "" && l.specs.asked[ask{e.Alias, dep.URL, e.Resolved}]
	byKind := l.specs.asked[ask{e.Alias, e.Source, ""}] // Git or File: askFor gives every other one its text
	return !byName && !byAddress && !byKind
}

// statesAsks says whether the lockfile states all that could ask for a package. A
// version 1 file leaves out what the root asks for, and that can only be at the top.
func (l *npmLock) statesAsks(p *npmPackage) bool {
	return l.stated || l.statesRequires() && p.parent() != ""
}
