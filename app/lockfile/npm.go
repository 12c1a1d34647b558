package lockfile

import (
	"cmp"
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

	wants      []dep.Spec // what it asks for
	workspaces []string   // the folders of own code that ask for it
	entry      int        // its index among the entries, from 1; 0 for own code
	twice      bool       // "dependencies" has something at its place too

	inBundle, bundled bool        // what is marked so, and what of it is believed
	bundles           []string    // the names that it says its tarball holds
	in                *npmPackage // what it lies in; known where something bundles

	unsaid dep.Facts
}

// npmLock is a package-lock.json while it is read.
type npmLock struct {
	*jsonReader
	version  string // lockfileVersion, as written; "" where the file states none
	packages []npmPackage
	stated   bool // "packages" is there
	specs    npmSpecs

	legacy       []npmLegacy
	legacyStated bool // "dependencies" is there
	legacyBytes  int  // of their locations
	requires     bool // the file says what its packages require
	vague        bool // but not of all of them
}

// npmAgain is what to do about most broken npm lockfiles.
const npmAgain = "write it again with npm install --package-lock-only and commit the result"

// parseNPM reads package-lock.json and npm-shrinkwrap.json.
//
// npm 7 and later install what "packages" says, whatever the version, and make it out
// of "dependencies" where it is not there; npm 6 and before install what
// "dependencies" says. Where a file has both, every package of the second must be one
// of the first.
func parseNPM(f file) ([]dep.Entry, error) {
	l := npmLock{jsonReader: newJSONReader(f, npmAgain), specs: npmSpecs{asked: map[ask]bool{}}}
	err := l.document(func(key string, _ int) error {
		switch key {
		case "lockfileVersion":
			return l.readVersion()
		case "packages":
			l.stated = true
			return l.readPackages()
		case "dependencies":
			l.legacyStated = true
			return l.readLegacy(len("dependencies"), 0)
		case "requires":
			if l.dec.PeekKind() == 't' {
				l.requires = true
			}
		}
		return l.skip()
	})
	if err != nil {
		return nil, err
	}
	switch {
	case l.stated:
	case l.version == "" && !l.legacyStated:
		return nil, l.unsupported(0, "the file states no lockfileVersion and no packages")
	case l.version != "" && l.version != "1":
		return nil, &Error{l.name, 0, Malformed, fmt.Sprintf("the file is of lockfileVersion %s and has no \"packages\"; %s", l.version, npmAgain)}
	default:
		if err := l.migrate(); err != nil {
			return nil, err
		}
	}
	return l.entries()
}

func (l *npmLock) readVersion() error {
	t, err := l.token()
	if err != nil {
		return err
	}
	if k := t.Kind(); k == '{' || k == '[' {
		return l.wrongType(k, "1, 2 or 3")
	}
	switch l.version = t.String(); {
	case t.Kind() == '"':
		return l.unsupported(l.here(), "lockfileVersion is the string %s where a number belongs", quote(l.version))
	case l.version != "1" && l.version != "2" && l.version != "3":
		return l.unsupported(l.here(), "lockfileVersion is %s", shorten(l.version))
	}
	return nil
}

func (l *npmLock) unsupported(line int, format string, args ...any) error {
	return &Error{l.name, line, UnsupportedVersion,
		fmt.Sprintf(format, args...) + "; versions 1 to 3 are read: write the file again with npm install --package-lock-only --lockfile-version 3"}
}

func (l *npmLock) readPackages() error {
	return l.object(func(location string, line int) error {
		if len(l.packages) == MaxEntries {
			return l.tooMany(line, MaxEntries, "entries")
		}
		p := npmPackage{location: location, line: line}
		if err := l.checkLocation(&p); err != nil {
			return err
		}
		if err := l.readPackage(&p); err != nil {
			return err
		}
		l.packages = append(l.packages, p)
		return nil
	})
}

func (l *npmLock) checkLocation(p *npmPackage) error {
	switch {
	case strings.Count(p.location, nodeModules) > MaxNesting:
		return &Error{l.name, p.line, Limit, fmt.Sprintf("a location is nested more than %d levels of node_modules deep; %s", MaxNesting, npmAgain)}
	case p.own() && (len(p.location) > MaxFolderBytes || strings.Count(p.location, "/") > MaxFolderDepth):
		return &Error{l.name, p.line, Limit, fmt.Sprintf("the path of a workspace is longer than %d bytes or %d folders; move it up", MaxFolderBytes, MaxFolderDepth)}
	}
	return nil
}

func (l *npmLock) readPackage(p *npmPackage) error {
	var bundlesAll bool
	l.specs.begin()
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
			err = l.readSpecs(dep.Prod)
		case "optionalDependencies":
			err = l.readSpecs(dep.Optional)
		case "peerDependencies":
			err = l.readSpecs(dep.Peer)
		case "peerDependenciesMeta":
			err = l.readPeersMeta()
		case "devDependencies":
			if !p.own() { // of what is installed, nobody installs these
				return l.skip()
			}
			err = l.readSpecs(dep.Dev)
		default:
			err = l.skip()
		}
		return err
	})
	if err != nil {
		return err
	}
	p.wants, err = l.keepSpecs(p.own() || p.mayBeBundled())
	for _, s := range p.wants {
		if bundlesAll && s.Kind == dep.Prod {
			p.bundles = append(p.bundles, s.Name)
		}
	}
	return err
}

// integrity reads the digests of a package.
func (l *npmLock) integrity() (string, error) {
	s, err := l.strOrFalse()
	if err != nil {
		return "", err
	}
	return s, l.checkIntegrity(s)
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
	l.resolveDirect(byLocation)
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
				quote(p.location), quote(p.identity().ID()), npmAgain)}
		}
		out = append(out, l.entry(p))
		p.entry = len(out)
	}
	if !l.stated {
		return out, broken
	}
	extra := l.disagreements(out, byLocation)
	besides := l.besides(out)
	if broken == nil && len(extra)+len(besides) > 0 {
		broken = l.disagree(extra, besides)
	}
	if len(extra) > 0 {
		out = append(out, extra...)
		slices.SortStableFunc(out, byLine)
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

func (l *npmLock) entry(p *npmPackage) dep.Entry {
	e := dep.Entry{
		Package: p.identity(), Lockfile: l.name, Location: p.location, Line: p.line,
		Resolved: p.resolved, Integrity: p.integrity,
		Scope: scope(p.dev, p.optional, p.peer), Bundled: p.bundled, InstallScript: p.script,
		Direct: len(p.workspaces) > 0, Workspaces: p.workspaces, Dependencies: p.wants, Unsaid: p.unsaid,
	}
	if folder, ok := folderName(p.location); ok && folder != e.Package.Name {
		e.Alias = folder
	}
	complete(&e)
	if p.link && !strings.Contains(p.resolved, ":") {
		e.Source = dep.File // a folder outside the repository, or one that was installed
	}
	e.AliasUnasked = l.unasked(e) && l.statesAsks(p)
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
	if isSpec(e.Package.Version) {
		e.Package.Version = dep.WithoutSecrets(e.Package.Version) // what a package is called is shown and stored
	}
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

// resolveDirect finds what the root and the workspaces resolve their dependencies to:
// the nearest node_modules upwards that has one of that name. It goes by what the
// lockfile says they ask for; package.json has the last word.
func (l *npmLock) resolveDirect(byLocation map[string]*npmPackage) {
	folders, names := map[string]bool{}, map[string]bool{} // where something is installed, and as what
	for i := range l.packages {
		location := l.packages[i].location
		if name, ok := folderName(location); ok {
			folders[strings.TrimSuffix(location, nodeModules+name)] = true
			names[name] = true
		}
	}
	var location []byte
	for i := range l.packages {
		p := &l.packages[i]
		if !p.own() || len(p.wants) == 0 {
			continue
		}
		var upwards []string
		for at := p.location; ; at = path.Dir(at) {
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
		asker := []string{cmp.Or(p.location, ".")}
		for _, spec := range p.wants {
			if !names[spec.Name] {
				continue
			}
			for _, prefix := range upwards {
				location = append(append(append(location[:0], prefix...), nodeModules...), spec.Name...)
				if found := byLocation[string(location)]; found != nil {
					found.askedBy(asker)
					break
				}
			}
		}
	}
}

// askedBy notes that a folder of own code asks for a package. Most are asked for by
// one alone, and share its list.
func (p *npmPackage) askedBy(folder []string) {
	switch n := len(p.workspaces); {
	case n == 0:
		p.workspaces = folder
	case p.workspaces[n-1] != folder[0]:
		p.workspaces = append(p.workspaces, folder...)
	}
}
