package lockfile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
)

// denoLock is a deno.lock while it is read.
type denoLock struct {
	*jsonReader
	version string // as written
	layout  string // the version whose layout the sections have; "4" also for 5, "" where there are none
	specs   int    // how many dependencies and specifiers are read
	scratch []dep.Spec

	entries    []dep.Entry
	specifiers []denoSpecifier
	redirects  []denoRedirect
	workspace  bool // a package of the repository states what it asks for
	own        []denoOwn
	linked     map[denoID]bool
}

// denoSpecifier is what something asks for, "npm:chalk@^4", and the id that it is
// resolved to, as written: that depends on the version.
type denoSpecifier struct {
	asked, resolved string
	line            int
}

// denoRedirect is an address and the one that is fetched in its place.
type denoRedirect struct {
	from, to string
	line     int
}

// denoOwn is a package of the repository, and the specifiers that it asks for.
type denoOwn struct {
	folder string
	asks   []string
}

// denoID is the key of a package, in parts: what follows its name is the version,
// and the peers that it was resolved with.
type denoID struct {
	ecosystem dep.Ecosystem
	name      string
	rest      string
}

const denoAgain = "write it again with deno install and commit the result"

// parseDeno reads deno.lock of versions 2 to 5. Every package of npm and of JSR is an
// entry, and so is every remote module: its package is the address, Generic, without a
// version. What a specifier is resolved to and nothing else is said of is an entry
// without a digest.
//
// One package can stand in the file with several sets of peers. What the repository
// asks for in its code and not in its configuration, the file does not tell from what
// packages ask for.
// https://docs.deno.com/runtime/fundamentals/modules/#integrity-checking-and-lock-files
// https://github.com/denoland/deno/tree/main/libs/lockfile
func parseDeno(f file) ([]dep.Entry, error) {
	l := denoLock{jsonReader: newJSONReader(f, denoAgain), linked: map[denoID]bool{}}
	l.entries = make([]dep.Entry, 0, min(strings.Count(l.text, `"integrity"`), MaxEntries))
	err := l.document(func(key string, _ int) error {
		switch key {
		case "version":
			return l.readVersion()
		case "packages":
			return l.object(func(key string, _ int) error { return l.readSection("3", key) })
		case "specifiers", "jsr":
			return l.readSection("4", key)
		case "npm":
			return l.readTopNPM()
		case "remote":
			return l.object(l.readRemote)
		case "redirects":
			return l.object(l.readRedirect)
		case "workspace":
			return l.readWorkspace()
		}
		return l.skip()
	})
	if err != nil {
		return nil, err
	}
	if l.version == "" {
		return nil, l.unsupported(0, "the file states no version")
	}
	if expected := strings.Replace(l.version, "5", "4", 1); l.layout != "" && l.layout != expected {
		return nil, &Error{l.name, 0, Malformed, fmt.Sprintf("the file is of version %s and has sections as another version writes them; %s", l.version, denoAgain)}
	}
	if err := l.addUnpinned(); err != nil {
		return nil, err
	}
	l.finish()
	return l.entries, nil
}

func (l *denoLock) readVersion() error {
	t, err := l.token()
	if err != nil {
		return err
	}
	if k := t.Kind(); k == '{' || k == '[' {
		return l.wrongType(k, "the string 2, 3, 4 or 5")
	}
	l.version = t.String()
	if t.Kind() != '"' || len(l.version) != 1 || l.version < "2" || l.version > "5" {
		return l.unsupported(l.here(), "version is %s", quote(l.version))
	}
	return nil
}

func (l *denoLock) unsupported(line int, format string, args ...any) error {
	return &Error{l.name, line, UnsupportedVersion,
		fmt.Sprintf(format, args...) + "; the versions \"2\" to \"5\" are read: delete the file, write it again with deno install of a Deno that writes one of them, and commit the result"}
}

// laidOut notes the version whose layout a section has. Deno passes over the sections
// of others.
func (l *denoLock) laidOut(layout string) error {
	if l.layout != "" && l.layout != layout {
		return l.fail(Malformed, "the file has the sections of several versions; %s", denoAgain)
	}
	l.layout = layout
	return nil
}

// readSection reads one of the sections that the versions keep in different places.
func (l *denoLock) readSection(layout, key string) error {
	var member func(key string, line int) error
	switch {
	case key == "specifiers":
		member = l.readSpecifier
	case key == "jsr":
		member = l.readJSR
	case key == "npm", key == "packages" && layout == "2":
		member = l.readNPM
	default:
		return l.skip()
	}
	if err := l.laidOut(layout); err != nil {
		return err
	}
	return l.object(member)
}

// readTopNPM reads "npm" on the top level: since version 4 packages by their id, which
// has an @; in version 2 "specifiers" and "packages".
func (l *denoLock) readTopNPM() error {
	return l.object(func(key string, line int) error {
		if key == "specifiers" || key == "packages" {
			return l.readSection("2", key)
		}
		if err := l.laidOut("4"); err != nil {
			return err
		}
		return l.readNPM(key, line)
	})
}

func (l *denoLock) readSpecifier(asked string, line int) error {
	resolved, err := l.str()
	if err != nil {
		return err
	}
	l.specifiers = append(l.specifiers, denoSpecifier{asked, resolved, line})
	return l.count()
}

// count bounds dependencies and specifiers.
func (l *denoLock) count() error {
	if l.specs++; l.specs > MaxSpecs {
		return l.tooMany(l.here(), MaxSpecs, "dependency specs")
	}
	return nil
}

func (l *denoLock) add(e dep.Entry) error {
	if len(l.entries) == MaxEntries {
		return l.tooMany(l.here(), MaxEntries, "entries")
	}
	l.entries = append(l.entries, e)
	return nil
}

// entry begins an entry.
func (l *denoLock) entry(ecosystem dep.Ecosystem, id string, line int) (dep.Entry, error) {
	name, rest, ok := cutID(id)
	version, _, _ := strings.Cut(rest, "_") // no version has an underscore; peers follow
	if !ok || version == "" {
		return dep.Entry{}, l.fail(Malformed, "%s is not the id of a package, name@version; %s", quote(id), denoAgain)
	}
	return dep.Entry{
		Package: dep.Package{Ecosystem: ecosystem, Name: name, Version: version}, Lockfile: l.name, Location: id, Line: line, Scope: dep.Prod,
		Unsaid: dep.FactScope | dep.FactDirect | dep.FactBundled,
	}, nil
}

// readJSR reads a package of JSR. Its integrity is the SHA-256 of the manifest of the
// version: there is no tarball.
func (l *denoLock) readJSR(id string, line int) error {
	e, err := l.entry(dep.JSR, id, line)
	if err != nil {
		return err
	}
	e.Source, e.OwnDigest = dep.Registry, true
	e.Unsaid |= dep.FactDigest
	l.scratch = l.scratch[:0]
	err = l.object(func(key string, _ int) (err error) {
		switch key {
		case "integrity":
			e.Integrity, err = l.digests()
		case "dependencies":
			err = l.array(func() error {
				asked, err := l.str()
				if err != nil {
					return err
				}
				l.scratch = append(l.scratch, dep.Spec{Name: asked[strings.IndexByte(asked, ':')+1 : len(withoutRange(asked))], Range: asked, Kind: dep.Prod})
				return l.count()
			})
		default:
			err = l.skip()
		}
		return err
	})
	if err != nil {
		return err
	}
	e.Dependencies = slices.Clone(l.scratch)
	return l.add(e)
}

// readNPM reads a package of npm.
func (l *denoLock) readNPM(id string, line int) error {
	e, err := l.entry(dep.NPM, id, line)
	if err != nil {
		return err
	}
	l.scratch = l.scratch[:0]
	err = l.object(func(key string, _ int) (err error) {
		switch key {
		case "integrity":
			e.Integrity, err = l.digests()
		case "tarball":
			e.Resolved, err = l.str()
		case "scripts":
			e.InstallScript, err = l.boolean()
		case "dependencies":
			err = l.readDependencies(dep.Prod)
		case "optionalDependencies":
			err = l.readDependencies(dep.Optional)
		case "optionalPeers":
			err = l.readDependencies(dep.Peer)
		default:
			err = l.skip()
		}
		return err
	})
	if err != nil {
		return err
	}
	e.Dependencies = slices.Clone(l.scratch)
	complete(&e)
	return l.add(e)
}

// readDependencies reads the ids that the dependencies of a package are resolved to:
// by the name that each is asked for by, or since version 4 in a list.
func (l *denoLock) readDependencies(kind dep.Scope) error {
	add := func(name, resolved string) error {
		l.scratch = append(l.scratch, dep.Spec{Name: name, Range: resolved, Kind: kind})
		return l.count()
	}
	if l.dec.PeekKind() == '{' {
		return l.object(func(as string, _ int) error {
			id, err := l.str()
			if err != nil {
				return err
			}
			name, rest, ok := cutID(id)
			if !ok {
				return l.fail(Malformed, "%s is not the id of a package, name@version; %s", quote(id), denoAgain)
			}
			if name != as {
				rest = "npm:" + id
			}
			return add(as, rest)
		})
	}
	return l.array(func() error {
		s, err := l.str()
		if err != nil {
			return err
		}
		name, rest, _ := cutID(s)
		return add(name, rest)
	})
}

// readRemote reads a module that is fetched from its address.
func (l *denoLock) readRemote(address string, line int) error {
	if address == "" {
		return l.fail(Malformed, "a remote module has no address; %s", denoAgain)
	}
	integrity, err := l.digests()
	if err != nil {
		return err
	}
	return l.add(l.remote(address, integrity, line))
}

func (l *denoLock) remote(address, integrity string, line int) dep.Entry {
	return dep.Entry{
		Package: dep.Package{Ecosystem: dep.Generic, Name: dep.WithoutSecrets(address)}, Lockfile: l.name, Location: address, Line: line,
		Source: dep.URL, Resolved: address, Integrity: integrity, OwnDigest: true, Scope: dep.Prod,
		Unsaid: dep.FactDigest | dep.FactScope | dep.FactDirect | dep.FactDependencies,
	}
}

func (l *denoLock) readRedirect(from string, line int) error {
	to, err := l.str()
	if err != nil {
		return err
	}
	if to == "" {
		return l.fail(Malformed, "a redirect leads to no address; %s", denoAgain)
	}
	if len(l.redirects) == MaxEntries {
		return l.tooMany(line, MaxEntries, "redirects")
	}
	l.redirects = append(l.redirects, denoRedirect{from, to, line})
	return nil
}

// readWorkspace reads what the root and the members of the workspace ask for, and
// which packages folders stand in for.
func (l *denoLock) readWorkspace() error {
	root := denoOwn{folder: "."}
	err := l.object(func(key string, _ int) error {
		switch key {
		case "members":
			return l.object(func(folder string, _ int) error {
				member := denoOwn{folder: folder}
				err := l.object(func(key string, _ int) error { return l.readAsks(&member, key) })
				l.own = append(l.own, member)
				return err
			})
		case "links", "patches": // the name of links before Deno 2.3.6
			return l.object(func(asked string, _ int) error {
				ecosystem, id, _ := strings.Cut(asked, ":")
				name, version, _ := cutID(id)
				l.linked[denoID{dep.Ecosystem(ecosystem), name, version}] = true
				return l.skip()
			})
		}
		return l.readAsks(&root, key)
	})
	l.own = slices.Insert(l.own, 0, root)
	return err
}

// readAsks reads what a package of the repository asks for.
func (l *denoLock) readAsks(own *denoOwn, key string) error {
	switch key {
	case "packageJson":
		return l.object(func(key string, _ int) error {
			if key == "dependencies" {
				return l.readAsks(own, key)
			}
			return l.skip()
		})
	case "dependencies":
		l.workspace = true
		return l.array(func() error {
			asked, err := l.str()
			if err != nil {
				return err
			}
			own.asks = append(own.asks, asked)
			return l.count()
		})
	}
	return l.skip()
}
