package lockfile

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
)

// npmPackage is one member of "packages".
// https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json
type npmPackage struct {
	location string
	line     int

	name, version, resolved, integrity string
	link, dev, optional, peer, script  bool

	inBundle, bundled bool        // what is marked so, and what of it is believed
	bundles           []string    // the names that it says its tarball holds
	wants             []string    // the names it asks for; kept of own code and of what may be bundled
	in                *npmPackage // what it lies in; known where something bundles
}

// npmLock is a package-lock.json while it is read.
type npmLock struct {
	*jsonReader
	version  string // lockfileVersion, as written
	packages []npmPackage
	stated   bool // "packages" is there
	asked    map[ask]bool
	names    []string // of the member that is read: the names it asks for
	kept     int      // how many names are kept of all members

	legacy      []npmLegacy
	legacyBytes int // of their locations
}

// parseNPM reads package-lock.json and npm-shrinkwrap.json of versions 2 and 3.
//
// npm 7 and later install what "packages" says, whatever the version; npm 6 installs
// what "dependencies" says. Where a file has both, every package of the second must
// be one of the first.
func parseNPM(f file) ([]dep.Entry, error) {
	l := npmLock{jsonReader: newJSONReader(f), asked: map[ask]bool{}}
	err := l.object(func(key string, _ int) error {
		switch key {
		case "lockfileVersion":
			return l.readVersion()
		case "packages":
			l.stated = true
			return l.readPackages()
		case "dependencies":
			return l.readLegacy("dependencies", 0)
		}
		return l.skip()
	})
	if err != nil {
		return nil, err
	}
	if err := l.end(); err != nil {
		return nil, err
	}
	if l.version == "" {
		return nil, l.unsupported(0, "the file states no lockfileVersion")
	}
	if !l.stated {
		return nil, &Error{l.name, 0, Malformed, fmt.Sprintf("the file is of lockfileVersion %s and has no \"packages\"; %s", l.version, writeAgain)}
	}
	return l.entries()
}

func (l *npmLock) readVersion() error {
	t, err := l.token()
	if err != nil {
		return err
	}
	if k := t.Kind(); k == '{' || k == '[' {
		return l.wrongType(k, "2 or 3")
	}
	switch l.version = t.String(); {
	case t.Kind() == '"':
		return l.unsupported(l.here(), "lockfileVersion is the string %s where a number belongs", quote(l.version))
	case l.version != "2" && l.version != "3":
		return l.unsupported(l.here(), "lockfileVersion is %s", shorten(l.version))
	}
	return nil
}

func (l *npmLock) unsupported(line int, format string, args ...any) error {
	return &Error{l.name, line, UnsupportedVersion,
		fmt.Sprintf(format, args...) + "; versions 2 and 3 are read: write the file again with npm install --package-lock-only --lockfile-version 3"}
}

func (l *npmLock) readPackages() error {
	return l.object(func(location string, line int) error {
		if len(l.packages) == MaxEntries {
			return l.tooMany()
		}
		if strings.Count(location, "node_modules/") > MaxNesting {
			return l.fail(Limit, "a location is nested more than %d levels of node_modules deep; %s", MaxNesting, writeAgain)
		}
		p := npmPackage{location: location, line: line}
		if p.own() && (len(location) > MaxFolderBytes || strings.Count(location, "/") > MaxFolderDepth) {
			return l.fail(Limit, "the path of a workspace is longer than %d bytes or %d folders; move it up", MaxFolderBytes, MaxFolderDepth)
		}
		if err := l.readPackage(&p); err != nil {
			return err
		}
		l.packages = append(l.packages, p)
		return nil
	})
}

func (l *npmLock) tooMany() error {
	return l.fail(Limit, "the file has more than %d entries, which is the most that is read; split the project into smaller ones", MaxEntries)
}

func (l *npmLock) readPackage(p *npmPackage) error {
	l.names = l.names[:0]
	var dependencies []string
	var bundlesAll bool
	err := l.object(func(key string, _ int) (err error) {
		switch key {
		case "name":
			p.name, err = l.str()
		case "version":
			p.version, err = l.str()
		case "resolved":
			p.resolved, err = l.strOrFalse()
		case "integrity":
			p.integrity, err = l.integrity()
		case "link":
			p.link, err = l.boolean()
		case "optional":
			p.optional, err = l.boolean()
		case "peer":
			p.peer, err = l.boolean()
		case "inBundle":
			p.inBundle, err = l.boolean()
		case "hasInstallScript":
			p.script, err = l.boolean()
		case "dev", "devOptional":
			var dev bool
			dev, err = l.boolean()
			p.dev = p.dev || dev
		case "bundleDependencies", "bundledDependencies":
			var all bool
			all, err = l.readBundles(p)
			bundlesAll = bundlesAll || all
		case "dependencies":
			from := len(l.names)
			err = l.readSpecs()
			dependencies = l.names[from:]
		case "devDependencies", "optionalDependencies", "peerDependencies":
			err = l.readSpecs()
		default:
			err = l.skip()
		}
		return err
	})
	if err != nil {
		return err
	}
	if bundlesAll {
		p.bundles = append(p.bundles, dependencies...)
	}
	if p.own() || p.mayBeBundled() {
		p.wants = slices.Clone(l.names)
		l.kept += len(p.wants)
	}
	return nil
}

// readSpecs reads one of the sections that say what a package asks for.
func (l *npmLock) readSpecs() error {
	return l.object(func(name string, _ int) error {
		if l.kept+len(l.names) == MaxDirect {
			return l.fail(Limit, "the root, the workspaces and what is bundled ask for more than %d packages; split the project into smaller ones", MaxDirect)
		}
		l.names = append(l.names, name)
		if l.dec.PeekKind() != '"' {
			return l.skip()
		}
		spec, err := l.str()
		if err != nil || !isSpec(spec) {
			return err
		}
		if l.asked[askFor(name, spec)] = true; len(l.asked) > MaxAsked {
			return l.fail(Limit, "the file asks for more than %d aliases and addresses; split the project into smaller ones", MaxAsked)
		}
		return nil
	})
}

// integrity reads the digests of a package.
func (l *npmLock) integrity() (string, error) {
	s, err := l.strOrFalse()
	if err != nil {
		return "", err
	}
	if len(s) > MaxIntegrityBytes {
		return "", l.fail(Limit, "an integrity has %d bytes and at most %d are read; %s", len(s), MaxIntegrityBytes, writeAgain)
	}
	if n := len(strings.Fields(s)); n > MaxDigests {
		return "", l.fail(Limit, "an integrity has %d digests and at most %d are read; %s", n, MaxDigests, writeAgain)
	}
	return s, nil
}

const nodeModules = "node_modules/"

// folderName is the name that a location installs under: what follows the last
// node_modules/. ok is false where the location is not below one.
func folderName(location string) (name string, ok bool) {
	i := strings.LastIndex(location, "/"+nodeModules)
	if i < 0 {
		return strings.CutPrefix(location, nodeModules)
	}
	return location[i+1+len(nodeModules):], true
}

// own says whether the location is that of the repository's own code: the root, a
// workspace, a linked folder.
func (p *npmPackage) own() bool {
	_, installed := folderName(p.location)
	return !installed
}

// entries turns what was read into entries, in the order of the file.
func (l *npmLock) entries() ([]dep.Entry, error) {
	byLocation := make(map[string]*npmPackage, len(l.packages))
	for i := range l.packages {
		byLocation[l.packages[i].location] = &l.packages[i]
	}
	direct := l.resolveDirect(byLocation)
	l.markBundled(byLocation)

	var broken error
	out := make([]dep.Entry, 0, len(l.packages))
	for i := range l.packages {
		p := &l.packages[i]
		if l.isOwnCode(p) {
			continue
		}
		if p.link && (p.version != "" || p.integrity != "" || strings.Contains(p.resolved, ":")) && broken == nil {
			// npm writes a relative path into a link, and nothing else.
			broken = &Error{l.name, p.line, Inconsistent, fmt.Sprintf("%s is marked as a link to a folder and yet says that %s is to be fetched; %s",
				quote(p.location), quote(p.identity().ID()), writeAgain)}
		}
		out = append(out, l.entry(p, direct[p.location]))
	}
	extra := l.disagreements(out, byLocation)
	if len(extra) > 0 {
		out = append(out, extra...)
		slices.SortStableFunc(out, func(a, b dep.Entry) int { return a.Line - b.Line })
		if broken == nil {
			broken = l.disagree(extra)
		}
	}
	return out, broken
}

// isOwnCode says whether a member is the repository's own code and names nothing
// that could be fetched in its place.
func (l *npmLock) isOwnCode(p *npmPackage) bool {
	switch {
	case p.integrity != "":
		return false
	case p.own():
		return p.resolved == "" || isOwnFolder(l.name, p.resolved)
	case p.link:
		return p.version == "" && !strings.HasPrefix(p.resolved, "file:") && isOwnFolder(l.name, p.resolved)
	}
	// A folder that was copied instead of linked (install-links).
	return strings.HasPrefix(p.resolved, "file:") && !isTarballName(p.resolved) && isOwnFolder(l.name, p.resolved)
}

// identity is the package by its real name.
func (p *npmPackage) identity() dep.Package {
	name := p.name
	if name == "" {
		var installed bool
		if name, installed = folderName(p.location); !installed {
			name = path.Base(p.location)
		}
	}
	return dep.Package{Ecosystem: dep.NPM, Name: name, Version: p.version}
}

func (l *npmLock) entry(p *npmPackage, direct bool) dep.Entry {
	e := dep.Entry{
		Package: p.identity(), Lockfile: l.name, Location: p.location, Line: p.line,
		Resolved: p.resolved, Integrity: p.integrity,
		Scope: scope(p.dev, p.optional, p.peer), Direct: direct, Bundled: p.bundled, InstallScript: p.script,
	}
	if folder, ok := folderName(p.location); ok && folder != e.Package.Name {
		e.Alias = folder
	}
	complete(&e)
	if p.link && !strings.Contains(p.resolved, ":") {
		e.Source = dep.File // a folder outside the repository, or one that was installed
	}
	e.AliasUnasked = l.unasked(e)
	return e
}

// complete fills in what follows from the other fields: digests and source.
func complete(e *dep.Entry) {
	if e.Integrity != "" {
		digests, err := dep.ParseSRI(e.Integrity)
		if err != nil {
			e.IntegrityError = err.Error()
		} else {
			e.Digests = digests
		}
	}
	if e.Resolved == "" && isSpec(e.Package.Version) {
		// Without an address npm fetches name@version, and takes an address for a version.
		e.Resolved = e.Package.Version
	}
	e.Source = classify(e.Resolved, e.Package)
}

// isSpec says whether what stands where a version belongs is an address or an alias.
func isSpec(version string) bool { return strings.ContainsAny(version, ":/\\") }

func scope(dev, optional, peer bool) dep.Scope {
	switch {
	case dev:
		return dep.Dev
	case optional:
		return dep.Optional
	case peer:
		return dep.Peer
	}
	return dep.Prod
}

// resolveDirect finds the locations that the root and the workspaces resolve their
// dependencies to: the nearest node_modules upwards that has one of that name. It
// goes by what the lockfile says they ask for; package.json has the last word.
func (l *npmLock) resolveDirect(byLocation map[string]*npmPackage) map[string]bool {
	folders, names := map[string]bool{}, map[string]bool{} // where something is installed, and as what
	for _, p := range l.packages {
		if name, ok := folderName(p.location); ok {
			folders[strings.TrimSuffix(p.location, nodeModules+name)] = true
			names[name] = true
		}
	}
	direct := map[string]bool{}
	for i := range l.packages {
		p := &l.packages[i]
		if !p.own() {
			continue
		}
		var upwards []string
		for at := p.location; len(p.wants) > 0; at = path.Dir(at) {
			prefix := at + "/"
			if at == "" || at == "." {
				prefix = ""
			}
			if folders[prefix] {
				upwards = append(upwards, prefix)
			}
			if prefix == "" || at == "/" || at == ".." {
				break
			}
		}
		for _, name := range p.wants {
			if !names[name] {
				continue
			}
			for _, prefix := range upwards {
				if location := prefix + nodeModules + name; byLocation[location] != nil {
					direct[location] = true
					break
				}
			}
		}
	}
	return direct
}
