package lockfile

import (
	"fmt"
	"path"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
)

// migrate makes "packages" out of the "dependencies" of a version 1 file, or of one
// from before there were versions, the way npm 7 and later do it: what is nested is
// installed below what it is nested in, and a folder of the repository is linked.
// https://docs.npmjs.com/cli/v6/configuring-npm/package-lock-json
func (l *npmLock) migrate() error {
	required := l.required()
	l.packages = make([]npmPackage, 0, len(l.legacy))
	l.legacyBytes = 0       // from here on, of the locations in folders of the repository too
	folders := []string{""} // by depth: below which folder the present member is installed
	root := []string{"."}
	for i := range l.legacy {
		d := &l.legacy[i]
		p := l.migrated(i, folders[d.depth]+nodeModules+d.key)
		if d.depth == 0 && l.statesRequires() && !required[i] && !d.peer && !d.extraneous {
			p.workspaces = root // nothing else asks for it
		}
		if d.end > i+1 {
			folders = append(folders[:d.depth+1], folderBelow(p.location, &p))
		}
		if err := l.addMigrated(p); err != nil {
			return err
		}
		if p.link {
			if err := l.addMigrated(npmPackage{location: p.resolved, line: d.line, wants: d.wants}); err != nil {
				return err
			}
		}
	}
	l.legacy = nil
	return nil
}

func (l *npmLock) addMigrated(p npmPackage) error {
	if err := l.checkLocation(&p); err != nil {
		return err
	}
	if l.legacyBytes += len(p.location); l.legacyBytes > MaxLegacyBytes {
		return &Error{l.name, p.line, Limit, fmt.Sprintf("the locations of the entries come to more than %d bytes; %s", MaxLegacyBytes, npmAgain)}
	}
	if p.own() || p.inBundle {
		if err := l.lookFor(len(p.wants), p.line); err != nil {
			return err
		}
	}
	l.packages = append(l.packages, p)
	return nil
}

// migrated is one member as it stands in "packages": a link, where it is a folder of
// the repository.
func (l *npmLock) migrated(i int, location string) npmPackage {
	d := &l.legacy[i]
	p := npmPackage{location: location, line: d.line, unsaid: l.unsaid(d)}
	if p.resolved, p.link = d.folder(l.name); p.link {
		return p
	}
	pkg, resolved := d.identity()
	p.version, p.resolved, p.integrity = pkg.Version, resolved, d.integrity
	if name, _ := folderName(location); name != pkg.Name {
		p.name = pkg.Name
	}
	p.dev, p.optional, p.peer, p.inBundle = d.dev, d.optional, d.peer, d.bundled
	p.wants, p.bundles = d.wants, l.bundledBelow(i)
	return p
}

// statesRequires says whether the file states all that its packages require.
func (l *npmLock) statesRequires() bool { return l.requires && !l.vague }

// unsaid are the facts that the file does not state of a member.
func (l *npmLock) unsaid(d *npmLegacy) dep.Facts {
	facts := dep.FactDirect | dep.FactInstallScript
	if !l.requires || d.vague {
		facts |= dep.FactDependencies
	}
	if l.version == "" { // npm 4 and before had no mark for it
		facts |= dep.FactBundled
	}
	return facts
}

// folder is the folder of the repository that the member stands for, if it does.
func (d *npmLegacy) folder(lockfile string) (string, bool) {
	target, ok := strings.CutPrefix(d.version, "file:")
	if !ok || d.resolved != "" || d.integrity != "" || isTarballName(target) || !isOwnFolder(lockfile, target) {
		return "", false
	}
	return path.Clean(target), true
}

// bundledBelow are the names of what a member may bundle: what it requires, where any
// of it lies directly below and is marked so.
func (l *npmLock) bundledBelow(at int) (names []string) {
	d := &l.legacy[at]
	for i := at + 1; i < d.end; i = l.legacy[i].end {
		if l.legacy[i].bundled {
			names = append(names, l.legacy[i].key)
		}
	}
	if len(names) > 0 && l.requires {
		names = names[:0]
		for _, spec := range d.wants {
			names = append(names, spec.Name)
		}
	}
	return names
}

// required says which members others require. Each requirement is looked up as node
// does it: below the member itself, then beside it and what it is nested in.
func (l *npmLock) required() []bool {
	type shadow struct {
		name string
		at   int // what was visible before under the name, -1 for nothing
	}
	required := make([]bool, len(l.legacy))
	visible := make(map[string]int, len(l.legacy))
	var shadows []shadow
	var below func(asker, from, end int)
	below = func(asker, from, end int) {
		before := len(shadows)
		for i := from; i < end; i = l.legacy[i].end {
			name, was := l.legacy[i].key, -1
			if at, ok := visible[name]; ok {
				was = at
			}
			shadows = append(shadows, shadow{name, was})
			visible[name] = i
		}
		if asker >= 0 {
			for _, spec := range l.legacy[asker].wants {
				if at, ok := visible[spec.Name]; ok && at != asker {
					required[at] = true
				}
			}
		}
		for i := from; i < end; i = l.legacy[i].end {
			below(i, i+1, l.legacy[i].end)
		}
		for _, s := range shadows[before:] {
			if s.at < 0 {
				delete(visible, s.name)
			} else {
				visible[s.name] = s.at
			}
		}
		shadows = shadows[:before]
	}
	below(-1, 0, len(l.legacy))
	return required
}

// releaseAt reads the name and the version of the release out of the address of a
// registry's own tarball.
func releaseAt(address string) (dep.Package, bool) {
	before, file, ok := cutLast(address, "/-/")
	if !ok {
		return dep.Package{}, false
	}
	rest, base, _ := cutLast(before, "/")
	for _, slash := range []string{"%2f", "%2F"} {
		if scope, name, ok := strings.Cut(base, slash); ok {
			rest, base = rest+"/"+scope, name
		}
	}
	version, ok := strings.CutPrefix(file[strings.LastIndexByte(file, '/')+1:], base+"-")
	version, tgz := strings.CutSuffix(version, ".tgz")
	if !ok || !tgz {
		return dep.Package{}, false
	}
	p := dep.Package{Ecosystem: dep.NPM, Name: base, Version: version}
	if _, scope, ok := cutLast(rest, "/"); ok && strings.HasPrefix(scope, "@") {
		p.Name = scope + "/" + base
	}
	_, ok = RegistryBase(address, p)
	return p, ok
}

// cutLast cuts around the last sep.
func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
