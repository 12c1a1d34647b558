package lockfile

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
)

// bunLock is a bun.lock while it is read.
type bunLock struct {
	*jsonReader
	version    string // lockfileVersion, as written
	workspaces bool   // "workspaces" is there
	read       int    // how many packages are
	specs      int    // how many dependency specs are read
	scratch    []dep.Spec

	entries []dep.Entry
	at      []int32 // by entry: its node in the tree
	own     []bunOwn
	tree    bunTree
	asked   map[bunAsk]bool
	patches map[string]string // by name@version
}

// bunOwn is a package of the repository itself.
type bunOwn struct {
	folder string
	node   int32
	specs  []dep.Spec
}

// bunAsk is an alias that something asks for: by the real name of the package, or, ""
// for that, by an address.
type bunAsk struct{ as, name string }

const bunAgain = "write it again with bun install --lockfile-only and commit the result"

// parseBun reads bun.lock of versions 0 to 3, which say the same about packages: 0
// lists the dependencies of workspaces twice, of 2 bun itself demands more, and 3 has
// overrides for what a certain package asks for.
// https://bun.com/docs/pm/lockfile
// https://github.com/oven-sh/bun/blob/main/src/install/lockfile/bun.lock.zig
func parseBun(f file) ([]dep.Entry, error) {
	r, err := newJSONCReader(f, bunAgain)
	if err != nil {
		return nil, err
	}
	packages := min(strings.Count(r.text, "\n    \""), MaxEntries) // as bun writes them
	l := bunLock{jsonReader: r, entries: make([]dep.Entry, 0, packages), at: make([]int32, 0, packages), tree: newBunTree(packages), asked: map[bunAsk]bool{}, patches: map[string]string{}}
	err = l.document(func(key string, _ int) error {
		switch key {
		case "lockfileVersion":
			return l.readVersion()
		case "workspaces":
			l.workspaces = true
			return l.object(l.readWorkspace)
		case "packages":
			return l.object(l.readPackage)
		case "overrides":
			return l.readOverrides("")
		case "catalog":
			return l.readCatalog()
		case "catalogs":
			return l.object(func(string, int) error { return l.readCatalog() })
		case "patchedDependencies":
			return l.object(func(id string, _ int) (err error) {
				l.patches[id], err = l.str()
				return err
			})
		case "trustedDependencies":
			return l.array(func() error {
				_, err := l.str()
				return err
			})
		}
		return l.skip()
	})
	if err != nil {
		return nil, err
	}
	if l.version == "" {
		return nil, l.unsupported(0, "the file states no lockfileVersion")
	}
	if !l.workspaces {
		return nil, &Error{l.name, 0, Malformed, "the file has no \"workspaces\"; " + bunAgain}
	}
	l.finish()
	return l.entries, nil
}

// refuseBunBinary is for bun.lockb, the format of bun before 1.2.
// https://bun.com/docs/pm/lockfile
func refuseBunBinary(f file) ([]dep.Entry, error) {
	return nil, &Error{f.name, 0, UnsupportedVersion, "bun's binary lockfile is not read: nobody can review it; write bun.lock in its place with " +
		"bun install --save-text-lockfile --frozen-lockfile --lockfile-only, then delete bun.lockb and commit both"}
}

func (l *bunLock) readVersion() error {
	t, err := l.token()
	if err != nil {
		return err
	}
	if k := t.Kind(); k == '{' || k == '[' {
		return l.wrongType(k, "0, 1, 2 or 3")
	}
	if l.version = t.String(); t.Kind() == '"' {
		return l.unsupported(l.here(), "lockfileVersion is the string %s where a number belongs", quote(l.version))
	}
	if l.version != "0" && l.version != "1" && l.version != "2" && l.version != "3" {
		return l.unsupported(l.here(), "lockfileVersion is %s", shorten(l.version))
	}
	return nil
}

func (l *bunLock) unsupported(line int, format string, args ...any) error {
	return &Error{l.name, line, UnsupportedVersion,
		fmt.Sprintf(format, args...) + "; versions 0 to 3 are read: delete the file, write it again with bun install --lockfile-only of a bun that writes one of them, and commit the result"}
}

// readWorkspace reads a member of "workspaces": a package of the repository, by its
// folder.
func (l *bunLock) readWorkspace(folder string, _ int) error {
	own, name := bunOwn{folder: folder}, ""
	if folder == "" {
		own.folder = "."
	}
	l.scratch = l.scratch[:0]
	err := l.object(func(key string, _ int) (err error) {
		if key == "name" {
			name, err = l.str()
			return err
		}
		return l.readGroup(key)
	})
	if err != nil {
		return err
	}
	if folder != "" {
		if own.node, err = l.grow(name); err != nil {
			return err
		}
	}
	own.specs = slices.Clone(l.scratch)
	l.own = append(l.own, own)
	return nil
}

// readGroup reads a member of a workspace or of a package's information: one of the
// groups of what it asks for, or something else, which is skipped.
func (l *bunLock) readGroup(key string) error {
	var kind dep.Scope
	switch key {
	case "dependencies":
		kind = dep.Prod
	case "devDependencies":
		kind = dep.Dev
	case "optionalDependencies":
		kind = dep.Optional
	case "peerDependencies":
		kind = dep.Peer
	default:
		return l.skip()
	}
	return l.object(func(name string, _ int) error {
		if l.specs++; l.specs > MaxSpecs {
			return l.tooMany(l.here(), MaxSpecs, "dependency specs")
		}
		spec, err := l.str()
		if err != nil {
			return err
		}
		l.scratch = append(l.scratch, dep.Spec{Name: name, Range: spec, Kind: kind})
		return l.ask(name, spec)
	})
}

// ask notes that an alias, or an address under some name, is asked for. What a catalog
// has is noted there.
func (l *bunLock) ask(as, spec string) error {
	if !isSpec(spec) || strings.HasPrefix(spec, "catalog:") || strings.HasPrefix(spec, "workspace:") {
		return nil
	}
	name, alias := strings.CutPrefix(spec, "npm:")
	if name, _, _ = cutID(name); !alias {
		name = ""
	}
	if l.asked[bunAsk{as, name}] = true; len(l.asked) > MaxAsked {
		return l.tooMany(l.here(), MaxAsked, "aliases and addresses in what is asked for")
	}
	return nil
}

// readOverrides reads what is asked for in place of what packages ask for: a spec by
// the name, or an object of such rules for what lies below that, in which "." is for
// the package itself.
func (l *bunLock) readOverrides(below string) error {
	return l.object(func(key string, _ int) error {
		name, _, _ := cutID(key)
		if key == "." {
			name = below
		}
		if l.dec.PeekKind() == '{' {
			return l.readOverrides(name)
		}
		spec, err := l.str()
		if err != nil {
			return err
		}
		return l.ask(name, spec)
	})
}

// readCatalog reads specs that others refer to by the same name.
func (l *bunLock) readCatalog() error {
	return l.object(func(name string, _ int) error {
		spec, err := l.str()
		if err != nil {
			return err
		}
		return l.ask(name, spec)
	})
}

// bunKind is what a package is, and the elements of its tuple after the first: the
// address of its tarball, the information about it, the tag of its commit, its digest.
type bunKind struct {
	elements string // of "address", "info", "tag", "digest", by their first letter
	required int    // how many of them must be there
}

// bunKindOf tells what a package is by what stands for it after "name@". ok is false
// for what bun does not write.
func bunKindOf(resolution string) (kind bunKind, source dep.SourceKind, ok bool) {
	remote := strings.HasPrefix(resolution, "https://") || strings.HasPrefix(resolution, "http://")
	scheme, _, hasScheme := strings.Cut(resolution, ":")
	switch {
	case hasScheme && scheme == "workspace": // with its information in version 0
		return bunKind{"i", 0}, dep.File, true
	case hasScheme && (scheme == "root" || scheme == "link" || scheme == "file"):
		return bunKind{"i", 1}, dep.File, true
	case remote:
		return bunKind{"id", 1}, dep.URL, true
	case isTarballName(resolution) && !hasScheme: // "vendor/a.tgz"
		return bunKind{"id", 1}, dep.File, true
	case resolution[0] >= '0' && resolution[0] <= '9':
		return bunKind{"aid", 3}, dep.Registry, true
	case classify(resolution, dep.Package{}) == dep.Git:
		return bunKind{"itd", 2}, dep.Git, true
	}
	return bunKind{}, "", false
}

// readPackage reads a member of "packages": a tuple, by the path it is installed at,
// as of the names of packages, each below the one before.
func (l *bunLock) readPackage(location string, line int) error {
	if l.read++; l.read > MaxEntries {
		return l.tooMany(l.here(), MaxEntries, "entries")
	}
	node, err := l.grow(location)
	if err != nil {
		return err
	}
	e := dep.Entry{Package: dep.Package{Ecosystem: dep.NPM}, Lockfile: l.name, Location: location, Line: line, Scope: dep.Prod, Unsaid: dep.FactInstallScript}
	var kind bunKind
	var source dep.SourceKind
	var resolution string
	elements := 0
	l.scratch = l.scratch[:0]
	err = l.array(func() (err error) {
		at := elements - 1
		elements++
		switch {
		case at < 0:
			id, err := l.str()
			if err != nil {
				return err
			}
			var ok bool
			e.Package.Name, resolution, ok = cutID(id)
			if root := strings.HasPrefix(id, "@root:"); root { // it need not have a name
				resolution, ok = id[1:], true
			}
			if ok {
				kind, source, ok = bunKindOf(resolution)
			}
			if !ok {
				return l.fail(Malformed, "%s is not a package as bun writes one, name@version or name@address; %s", quote(id), bunAgain)
			}
		case at >= len(kind.elements):
			return l.skip()
		case kind.elements[at] == 'a':
			e.Resolved, err = l.str()
		case kind.elements[at] == 'i':
			err = l.readInfo(&e)
		case kind.elements[at] == 't':
			err = l.readTag(resolution)
		case kind.elements[at] == 'd':
			e.Integrity, err = l.digests()
		}
		return err
	})
	if err != nil {
		return err
	}
	if elements <= kind.required {
		return l.fail(Malformed, "the entry %s has %d elements, which is too few for what it is; %s", quote(location), elements, bunAgain)
	}
	specs := slices.Clone(l.scratch)
	if folder, ok := l.ownFolder(resolution); ok {
		l.own = append(l.own, bunOwn{folder, node, specs})
		l.tree.nodes[node].stands = ownCode
		return nil
	}
	l.tree.nodes[node].stands = int32(len(l.entries))
	if name := l.tree.nodes[node].name; name != e.Package.Name {
		e.Alias = name
	}
	e.Dependencies = specs
	if source == dep.Registry {
		e.Package.Version = resolution
		complete(&e)
	} else {
		e.Resolved = resolution
		complete(&e)
		e.Source = source
	}
	l.entries, l.at = append(l.entries, e), append(l.at, node)
	return nil
}

// readTag reads the tag of a commit, which bun checks out: the commit itself, or
// OWNER-REPO-COMMIT for GitHub. The same commit stands in the resolution.
func (l *bunLock) readTag(resolution string) error {
	tag, err := l.str()
	if err != nil {
		return err
	}
	commit := tag
	if strings.HasPrefix(resolution, "github:") {
		commit = tag[strings.LastIndexByte(tag, '-')+1:]
	}
	if tag != "" && commit != resolution[strings.LastIndexByte(resolution, '#')+1:] {
		return l.fail(Malformed, "the entry names two commits, %s and %s; %s", quote(resolution), quote(tag), bunAgain)
	}
	return nil
}

// readInfo reads what bun keeps of a package's package.json.
func (l *bunLock) readInfo(e *dep.Entry) error {
	return l.object(func(key string, _ int) (err error) {
		switch key {
		case "bundled":
			e.Bundled, err = l.boolean()
			return err
		case "hasInstallScript": // since bun 1.4; before, nothing is known
			e.InstallScript, err = l.boolean()
			e.Unsaid &^= dep.FactInstallScript
			return err
		}
		return l.readGroup(key)
	})
}

// ownFolder is the folder of the repository's own package that a resolution names;
// ok is false where it names none.
func (l *bunLock) ownFolder(resolution string) (folder string, ok bool) {
	scheme, folder, _ := strings.Cut(resolution, ":")
	switch scheme {
	case "root":
		return ".", true
	case "workspace", "link":
		return path.Clean(folder), isOwnFolder(l.name, folder)
	case "file":
		return path.Clean(folder), isOwnFolder(l.name, folder) && !isTarballName(folder)
	}
	return "", false
}
