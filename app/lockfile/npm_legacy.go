package lockfile

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
)

// npmLegacy is one member of "dependencies", which npm 6 reads.
// https://docs.npmjs.com/cli/v6/configuring-npm/package-lock-json
type npmLegacy struct {
	key, location string
	depth         int // below how many others it is nested
	line          int

	version, resolved, integrity string
	dev, optional, bundled       bool
}

// readLegacy reads "dependencies", in which the packages below others are nested.
func (l *npmLock) readLegacy(location string, depth int) error {
	if depth > MaxNesting {
		return l.fail(Limit, "\"dependencies\" are nested more than %d deep; %s", MaxNesting, writeAgain)
	}
	return l.object(func(key string, line int) error {
		if len(l.legacy) == MaxEntries {
			return l.tooMany()
		}
		at := len(l.legacy)
		size := len(location) + 1 + len(key)
		if size > MaxLegacyLocation {
			return l.fail(Limit, "the path to an entry in \"dependencies\" is longer than %d bytes; %s", MaxLegacyLocation, writeAgain)
		}
		if l.legacyBytes += size; l.legacyBytes > MaxLegacyBytes {
			return l.fail(Limit, "the paths to the entries in \"dependencies\" come to more than %d bytes; %s", MaxLegacyBytes, writeAgain)
		}
		d := npmLegacy{key: key, location: location + "/" + key, depth: depth, line: line}
		l.legacy = append(l.legacy, d)
		err := l.object(func(field string, _ int) (err error) {
			switch field {
			case "version":
				d.version, err = l.str()
			case "resolved":
				d.resolved, err = l.strOrFalse()
			case "integrity":
				d.integrity, err = l.integrity()
			case "dev":
				d.dev, err = l.boolean()
			case "optional":
				d.optional, err = l.boolean()
			case "bundled":
				d.bundled, err = l.boolean()
			case "dependencies":
				err = l.readLegacy(d.location+"/dependencies", depth+1)
			default:
				err = l.skip()
			}
			return err
		})
		l.legacy[at] = d
		return err
	})
}

// entry is the legacy member as an entry: an alias is written npm:REAL@VERSION, and
// everything that is not from a registry has its address where the version belongs.
func (d npmLegacy) entry(lockfile string) dep.Entry {
	e := dep.Entry{
		Package:  dep.Package{Ecosystem: dep.NPM, Name: d.key, Version: d.version},
		Lockfile: lockfile, Location: d.location, Line: d.line,
		Resolved: d.resolved, Integrity: d.integrity,
		Scope: scope(d.dev, d.optional, false),
	}
	if alias, ok := strings.CutPrefix(d.version, "npm:"); ok {
		if at := strings.LastIndexByte(alias, '@'); at > 0 {
			e.Package.Name, e.Package.Version = alias[:at], alias[at+1:]
			if e.Package.Name != d.key {
				e.Alias = d.key
			}
		}
	}
	complete(&e)
	return e
}

// disagreements are the entries that "dependencies" has and "packages" has not: by
// name, version, source, digest and the name that it is installed under. Where
// "packages" has something at the same place, that must be the same package too.
func (l *npmLock) disagreements(packages []dep.Entry, byLocation map[string]*npmPackage) []dep.Entry {
	if len(l.legacy) == 0 {
		return nil
	}
	type known struct {
		pkg dep.Package
		as  string
	}
	type address struct{ as, resolved string }
	byPackage, byAddress := map[known][]dep.Entry{}, map[address][]dep.Entry{}
	byPlace := make(map[string]*dep.Entry, len(packages))
	for i := range packages {
		e := packages[i]
		as := cmp.Or(e.Alias, e.Package.Name)
		byPlace[e.Location] = &packages[i]
		byPackage[known{e.Package, as}] = appendUnlike(byPackage[known{e.Package, as}], e)
		at := address{as, e.Resolved}
		if e.Source == dep.File {
			at.resolved = "file:" // as a whole: one section's paths start elsewhere than the other's
		}
		byAddress[at] = appendUnlike(byAddress[at], e)
	}

	var out []dep.Entry
	folders := []string{""} // by depth: below which folder the present entry is installed
	for i, d := range l.legacy {
		place := folders[d.depth] + nodeModules + d.key
		if i+1 < len(l.legacy) && l.legacy[i+1].depth > d.depth {
			folders = append(folders[:d.depth+1], folderBelow(place, byLocation))
		}
		e := d.entry(l.name)
		candidates, here := byPackage[known{e.Package, d.key}], byPlace[place]
		same := func(p dep.Entry) bool { return saysNoMore(e, p) }
		agrees := here == nil || here.Package.Name == e.Package.Name
		if isSpec(e.Package.Version) { // then the name and the version are the tarball's to say
			switch {
			case e.Source != dep.File:
				candidates = byAddress[address{d.key, e.Resolved}]
			case isTarballName(e.Resolved) || !isOwnFolder(l.name, e.Resolved):
				candidates = byAddress[address{d.key, "file:"}]
			default:
				continue // a folder of the repository
			}
			agrees = here == nil || same(*here)
		}
		if !agrees || !slices.ContainsFunc(candidates, same) {
			e.AliasUnasked = l.unasked(e)
			out = append(out, e)
		}
	}
	return out
}

// folderBelow is where that is installed which is nested below a place: the place
// itself, or the folder of the repository that it links to.
func folderBelow(place string, byLocation map[string]*npmPackage) string {
	if p := byLocation[place]; p != nil && p.link && len(p.resolved) <= MaxFolderBytes {
		if place = path.Clean(p.resolved); place == "." {
			return ""
		}
	}
	return place + "/"
}

// appendUnlike appends an entry unless one with the same address and integrity is
// there. What no real file has, it does not collect without end.
func appendUnlike(to []dep.Entry, e dep.Entry) []dep.Entry {
	if len(to) == MaxReplaces || slices.ContainsFunc(to, func(o dep.Entry) bool { return o.Resolved == e.Resolved && o.Integrity == e.Integrity }) {
		return to
	}
	return append(to, e)
}

// saysNoMore says whether a legacy entry names no source and no digest that the
// entry of "packages" does not have.
func saysNoMore(legacy, p dep.Entry) bool {
	if legacy.Integrity != p.Integrity && legacy.Integrity != "" {
		for _, d := range legacy.Digests {
			if !slices.Contains(p.Digests, d) {
				return false
			}
		}
		if len(legacy.Digests) == 0 {
			return false
		}
	}
	switch {
	case legacy.Resolved == p.Resolved:
		return true
	case legacy.Source == dep.File && p.Source == dep.File:
		// One is relative to the workspace that asks for it, the other to the root.
		return inRepository(legacy.Lockfile, legacy.Resolved) && inRepository(p.Lockfile, p.Resolved)
	case legacy.Resolved == "":
		return p.Source == dep.Registry
	}
	return SameSource(p, legacy)
}

// disagree is the error that names what only "dependencies" has.
func (l *npmLock) disagree(extra []dep.Entry) error {
	var names []string
	for _, e := range extra[:min(len(extra), 3)] {
		names = append(names, quote(e.Package.ID()))
	}
	list := strings.Join(names, ", ")
	if len(extra) > 3 {
		list += fmt.Sprintf(" and %d more", len(extra)-3)
	}
	return &Error{l.name, extra[0].Line, Inconsistent,
		fmt.Sprintf("\"dependencies\", which npm 6 installs, has %s otherwise than \"packages\", which npm 7 and later install; %s", list, writeAgain)}
}
