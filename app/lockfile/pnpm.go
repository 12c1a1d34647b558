package lockfile

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/bonafide-app/bonafide/app/dep"
)

// pnpmLock is a pnpm-lock.yaml while it is read.
type pnpmLock struct {
	yamlReader
	entries   []dep.Entry   // of the documents before
	doc       *pnpmDocument // the one that is read
	documents int
	// firstIsPNPMs says of the document before that it asks for nothing that the
	// project uses.
	firstIsPNPMs bool
	specs        int // of all documents
	locked       int // entries of all documents
	broken       contradictions
}

// pnpmDocument is one document of the file.
type pnpmDocument struct {
	number      int
	line        int // of its first member
	version     string
	major       pnpmMajor
	entries     []dep.Entry      // the members of "packages"
	said        map[int]pnpmSaid // what else they say, by entry
	snapshots   []pnpmSnapshot
	asks        []pnpmAsk
	specifiers  map[string]string // of the root, where they stand apart
	catalogs    map[pnpmCatalogued]string
	patches     []pnpmPatch
	asksProject bool      // for something that the project uses
	snapshotsOf [][]int32 // of each entry; in version 9
}

// pnpmSaid is what a member of "packages" says that is no field of an Entry.
type pnpmSaid struct {
	name, version string // beside the key
	registry      string
	patched       bool
}

// pnpmSnapshot is a member of "snapshots": a package with one choice of peers.
type pnpmSnapshot struct {
	key           string
	line          int
	specs         []dep.Spec
	dev, optional bool
}

// pnpmAsk is what the root or a workspace asks for. The Range of the spec says what it
// is resolved to, as everywhere in this format.
type pnpmAsk struct {
	workspace string
	line      int
	dep.Spec
	specifier string // what package.json says; "" where that is not known
}

type pnpmCatalogued struct{ catalog, name string }

// pnpmPatch is a member of "patchedDependencies".
type pnpmPatch struct {
	key  string // name, name@version or name@range
	what string // a path, or a hash alone
}

const pnpmAgain = "write it again with pnpm install --lockfile-only and commit the result"

// parsePNPM reads pnpm-lock.yaml of versions 5, 6 and 9, and their minor ones.
//
// A file holds one document, or two since pnpm 11: the first then locks pnpm itself and
// what its configuration loads. Both are installed.
//
// Up to version 6 a package stands once for each choice of its peers, and is an entry
// each time; in version 9 it stands once in "packages", and what it asks for in
// "snapshots". Dependencies say to what they are resolved, not what was asked for, save
// those on peers.
//
// https://pnpm.io/lockfile, https://github.com/pnpm/spec/tree/master/lockfile
func parsePNPM(f file) ([]dep.Entry, error) {
	var l pnpmLock
	l.yamlReader = yamlReader{file: f, again: pnpmAgain, deep: isPNPMSection, visit: l.member}
	if _, err := l.read(); err != nil {
		return nil, err
	}
	if err := l.finish(); err != nil {
		return nil, err
	}
	if l.documents == 0 {
		return nil, l.unsupported(0, "the file states no lockfileVersion")
	}
	if !slices.IsSortedFunc(l.entries, byLine) {
		slices.SortStableFunc(l.entries, byLine)
	}
	if l.broken.count > 0 {
		return l.entries, l.broken.err(l.name)
	}
	return l.entries, nil
}

// isPNPMSection says of which top-level mappings the members are read one by one.
func isPNPMSection(key string) bool {
	switch key {
	case "importers", "packages", "snapshots", "time", "catalogs", "overrides", "patchedDependencies",
		"specifiers", "dependencies", "optionalDependencies", "devDependencies":
		return true
	}
	return false
}

func (l *pnpmLock) member(m yamlMember) error {
	if l.doc == nil || m.document != l.doc.number {
		if err := l.finish(); err != nil {
			return err
		}
		l.documents++
		l.doc = &pnpmDocument{number: m.document, line: m.line, said: map[int]pnpmSaid{}, specifiers: map[string]string{}, catalogs: map[pnpmCatalogued]string{}}
	}
	d := l.doc
	if m.section == "" && isPNPMSection(m.key) {
		return l.wrongType(m.value, "a mapping")
	}
	switch m.section {
	case "packages":
		return l.readPackage(m)
	case "snapshots":
		return l.readSnapshot(m)
	case "importers":
		return l.readImporter(m)
	case "dependencies", "optionalDependencies", "devDependencies":
		return l.readAsk(".", m.section, m.key, m.line, m.value, nil)
	case "specifiers":
		specifier, err := l.text(m.value)
		d.specifiers[m.key] = specifier
		return err
	case "catalogs":
		return l.each(m.value, func(name, value *yaml.Node) error {
			return l.each(value, func(field, value *yaml.Node) (err error) {
				if field.Value == "specifier" {
					d.catalogs[pnpmCatalogued{m.key, name.Value}], err = l.text(value)
				}
				return err
			})
		})
	case "patchedDependencies":
		return l.readPatch(m)
	}
	if m.section == "" && m.key == "lockfileVersion" {
		return l.readVersion(m)
	}
	return nil
}

func (l *pnpmLock) readVersion(m yamlMember) error {
	if m.value.Kind != yaml.ScalarNode {
		return l.unsupported(m.line, "lockfileVersion is not a number")
	}
	var ok bool
	l.doc.version = m.value.Value
	if l.doc.major, ok = pnpmVersion(m.value.Value); !ok {
		return l.unsupported(m.line, "lockfileVersion is "+quote(m.value.Value))
	}
	return nil
}

func (l *pnpmLock) unsupported(line int, what string) error {
	return &Error{l.name, line, UnsupportedVersion,
		what + "; versions 5, 6 and 9 are read: write the file again with pnpm 9 or later (pnpm install --lockfile-only), or update Bonafide if pnpm has a newer one"}
}

func (l *pnpmLock) countEntry(n, line int) error {
	if n > MaxEntries {
		return l.tooMany(line, MaxEntries, "entries")
	}
	return nil
}

func (l *pnpmLock) countSpecs(n, line int) error {
	if l.specs += n; l.specs > MaxSpecs {
		return l.tooMany(line, MaxSpecs, "dependency specs")
	}
	return nil
}

// readPackage reads a member of "packages".
func (l *pnpmLock) readPackage(m yamlMember) error {
	l.locked++
	if err := l.countEntry(l.locked, m.line); err != nil {
		return err
	}
	d := l.doc
	if l.entries == nil { // a slice that grows would for a time take twice the memory
		l.entries = make([]dep.Entry, 0, min(bytes.Count(l.data, []byte("\n    resolution:")), MaxEntries))
	}
	if d.entries == nil {
		d.entries = l.entries[len(l.entries):] // those of the document follow in place
	}
	e := dep.Entry{Lockfile: l.name, Location: m.key, Line: m.line, Scope: dep.Prod}
	var said pnpmSaid
	var dev, optional, resolved bool
	err := l.each(m.value, func(key, value *yaml.Node) (err error) {
		switch key.Value {
		case "resolution":
			resolved = true
			err = l.readResolution(&e, &said, value)
		case "name":
			said.name, err = l.text(value)
		case "version":
			said.version, err = l.text(value)
		case "dev":
			dev, err = l.boolean(value)
		case "optional":
			optional, err = l.boolean(value)
		case "requiresBuild":
			e.InstallScript, err = l.boolean(value)
		case "patched":
			said.patched, err = l.boolean(value)
		default:
			e.Dependencies, err = l.readSpecs(e.Dependencies, key.Value, value)
		}
		return err
	})
	if err != nil {
		return err
	}
	if !resolved {
		return l.fail(Malformed, m.line, "%s has no resolution: the file does not say what to fetch for it", quote(m.key))
	}
	if optional && e.InstallScript { // pnpm has not fetched it, and takes it that there is one
		e.InstallScript, e.Unsaid = false, e.Unsaid|dep.FactInstallScript
	}
	e.Scope = scope(dev, optional, false)
	if said != (pnpmSaid{}) {
		d.said[len(d.entries)] = said
	}
	d.entries = append(d.entries, e)
	return nil
}

// readResolution reads what is fetched. Source is then said for what is no tarball.
func (l *pnpmLock) readResolution(e *dep.Entry, said *pnpmSaid, n *yaml.Node) error {
	var kind, tarball, directory, repo, commit, path, url string
	var variants []string
	err := l.each(n, func(key, value *yaml.Node) (err error) {
		switch key.Value {
		case "type":
			kind, err = l.text(value)
		case "integrity":
			e.Integrity, err = l.integrity(value)
		case "tarball":
			tarball, err = l.text(value)
		case "registry":
			said.registry, err = l.text(value)
		case "directory":
			directory, err = l.text(value)
		case "repo":
			repo, err = l.text(value)
		case "commit":
			commit, err = l.text(value)
		case "path":
			path, err = l.text(value)
		case "url":
			url, err = l.text(value)
		case "variants":
			url, variants, err = l.readVariants(value)
		}
		return err
	})
	if err != nil {
		return err
	}
	missing := ""
	switch kind {
	case "":
		e.Resolved = tarball
	case "directory":
		e.Source, e.Resolved = dep.File, directory
		if tarball != "" { // not both: it is listed
			e.Source, e.Resolved = dep.URL, tarball
		} else if !hasKey(n, "directory") {
			missing = "directory"
		}
	case "git":
		if e.Source, e.Resolved = dep.Git, repo+"#"+commit; path != "" {
			e.Resolved += "&path:" + path
		}
		if repo == "" || commit == "" {
			missing = "repo and commit"
		}
	case "binary", "variations":
		if e.Source, e.Resolved = dep.URL, url; url == "" {
			missing = "url"
		}
		if kind == "variations" {
			e.Integrity, err = l.joinDigests(n, variants)
		}
	default:
		return l.fail(Malformed, n.Line, "the resolution is of type %s, which is not known", quote(kind))
	}
	if missing != "" {
		return l.fail(Malformed, n.Line, "the resolution is of type %s and has no %s", kind, missing)
	}
	return err
}

func hasKey(n *yaml.Node, key string) bool {
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return true
		}
	}
	return false
}

// readVariants reads what is fetched for one platform or another: the first address in
// each folder that there is one in, and the digest of each, "" for one that has none.
func (l *pnpmLock) readVariants(n *yaml.Node) (url string, digests []string, err error) {
	byFolder := map[string]string{}
	if n.Kind != yaml.SequenceNode {
		return "", nil, l.wrongType(n, "a sequence")
	}
	for _, variant := range n.Content {
		digest := ""
		err := l.each(variant, func(key, value *yaml.Node) error {
			if key.Value != "resolution" {
				return nil
			}
			return l.each(value, func(key, value *yaml.Node) (err error) {
				switch key.Value {
				case "integrity":
					digest, err = l.integrity(value)
				case "url", "tarball":
					var at string
					at, err = l.text(value)
					folder := at[:strings.LastIndexByte(at, '/')+1]
					if first, seen := byFolder[folder]; !seen || at < first {
						byFolder[folder] = at
					}
				}
				return err
			})
		})
		if err != nil {
			return "", nil, err
		}
		digests = append(digests, digest)
	}
	return strings.Join(slices.Sorted(maps.Values(byFolder)), " "), digests, nil
}

// joinDigests is the digests of all variants, sorted; "" where one of them has none.
func (l *pnpmLock) joinDigests(n *yaml.Node, digests []string) (string, error) {
	slices.Sort(digests)
	digests = slices.Compact(digests)
	if slices.Contains(digests, "") {
		return "", nil
	}
	return l.boundIntegrity(strings.Join(digests, " "), n.Line)
}

func (l *pnpmLock) integrity(n *yaml.Node) (string, error) {
	s, err := l.text(n)
	if err != nil {
		return "", err
	}
	return l.boundIntegrity(s, n.Line)
}

func (l *pnpmLock) boundIntegrity(s string, line int) (string, error) {
	if beyond := beyondLimits(s); beyond != "" {
		return "", l.fail(Limit, line, "%s", beyond)
	}
	return s, nil
}

// readSpecs reads what a package asks for, if the field says that.
func (l *pnpmLock) readSpecs(to []dep.Spec, field string, n *yaml.Node) ([]dep.Spec, error) {
	var kind dep.Scope
	switch field {
	case "dependencies":
		kind = dep.Prod
	case "optionalDependencies":
		kind = dep.Optional
	case "peerDependencies":
		kind = dep.Peer
	default:
		return to, nil
	}
	count := len(n.Content) / 2
	if err := l.countSpecs(count, n.Line); err != nil {
		return to, err
	}
	if to == nil {
		to = make([]dep.Spec, 0, count)
	}
	err := l.each(n, func(key, value *yaml.Node) error {
		ref, err := l.text(value)
		to = append(to, dep.Spec{Name: l.word(key.Value), Range: l.word(ref), Kind: kind})
		return err
	})
	return to, err
}

// readSnapshot reads a member of "snapshots".
func (l *pnpmLock) readSnapshot(m yamlMember) error {
	d := l.doc
	if err := l.countEntry(len(d.snapshots)+1, m.line); err != nil {
		return err
	}
	s := pnpmSnapshot{key: m.key, line: m.line}
	err := l.each(m.value, func(key, value *yaml.Node) (err error) {
		switch key.Value {
		case "dev":
			s.dev, err = l.boolean(value)
		case "optional":
			s.optional, err = l.boolean(value)
		case "name", "version", "resolution", "id": // pnpm lays both members together
			err = l.fail(Malformed, key.Line, "the snapshot %s has the field %s, which belongs in \"packages\"", quote(m.key), quote(key.Value))
		default:
			s.specs, err = l.readSpecs(s.specs, key.Value, value)
		}
		return err
	})
	if d.snapshots == nil {
		d.snapshots = make([]pnpmSnapshot, 0, len(d.entries)+len(d.entries)/8)
	}
	d.snapshots = append(d.snapshots, s)
	return err
}

// readImporter reads what the root or a workspace asks for.
func (l *pnpmLock) readImporter(m yamlMember) error {
	specifiers := map[string]string{}
	err := l.each(m.value, func(key, value *yaml.Node) error {
		if key.Value != "specifiers" {
			return nil
		}
		return l.each(value, func(name, value *yaml.Node) (err error) {
			specifiers[name.Value], err = l.text(value)
			return err
		})
	})
	if err != nil {
		return err
	}
	return l.each(m.value, func(key, value *yaml.Node) error {
		switch key.Value {
		case "dependencies", "optionalDependencies", "devDependencies", "configDependencies", "packageManagerDependencies":
			return l.each(value, func(name, value *yaml.Node) error {
				return l.readAsk(m.key, key.Value, name.Value, name.Line, value, specifiers)
			})
		}
		return nil
	})
}

// readAsk reads one of the things that the root or a workspace asks for: what it is
// resolved to alone, or with what package.json says.
func (l *pnpmLock) readAsk(workspace, field, name string, line int, n *yaml.Node, specifiers map[string]string) error {
	if err := l.countSpecs(1, n.Line); err != nil {
		return err
	}
	a := pnpmAsk{workspace: workspace, line: line, Spec: dep.Spec{Name: l.word(name), Kind: dep.Prod}, specifier: specifiers[name]}
	switch field {
	case "devDependencies":
		a.Kind = dep.Dev
	case "optionalDependencies":
		a.Kind = dep.Optional
	}
	if field != "configDependencies" && field != "packageManagerDependencies" {
		l.doc.asksProject = true
	}
	var err error
	if n.Kind == yaml.ScalarNode {
		a.Range, err = l.text(n)
	} else {
		err = l.each(n, func(key, value *yaml.Node) (err error) {
			switch key.Value {
			case "specifier":
				a.specifier, err = l.text(value)
			case "version":
				a.Range, err = l.text(value)
			}
			return err
		})
	}
	a.Range = l.word(a.Range)
	l.doc.asks = append(l.doc.asks, a)
	return err
}

// readPatch reads a member of "patchedDependencies": a path and a hash, or a hash alone.
func (l *pnpmLock) readPatch(m yamlMember) error {
	p := pnpmPatch{key: m.key}
	var err error
	if m.value.Kind == yaml.ScalarNode {
		p.what, err = l.text(m.value)
	} else {
		var hash string
		err = l.each(m.value, func(key, value *yaml.Node) (err error) {
			switch key.Value {
			case "path":
				p.what, err = l.text(value)
			case "hash":
				hash, err = l.text(value)
			}
			return err
		})
		if p.what == "" {
			p.what = hash
		}
	}
	l.doc.patches = append(l.doc.patches, p)
	return err
}
