package lockfile

import (
	"cmp"
	"fmt"
	"math"
	"path"
	"slices"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
)

// npmLegacy is one member of "dependencies", which npm 6 reads. They are kept in the
// order of the file: what is nested below one follows it.
// https://docs.npmjs.com/cli/v6/configuring-npm/package-lock-json
type npmLegacy struct {
	key   string
	line  int
	depth int // below how many others it is nested
	end   int // index of the first that is not nested below it

	version, resolved, integrity, from       string
	dev, optional, peer, extraneous, bundled bool

	wants []dep.Spec
	vague bool // that it requires something is all it says
}

// readLegacy reads "dependencies", in which the packages below others are nested.
// path is the length of the path to it.
func (l *npmLock) readLegacy(path, depth int) error {
	if depth > MaxNesting {
		return l.fail(Limit, "\"dependencies\" are nested more than %d deep; %s", MaxNesting, npmAgain)
	}
	return l.object(func(key string, line int) error {
		if len(l.legacy) == MaxEntries {
			return l.tooMany(line, MaxEntries, "entries")
		}
		size := path + len("/") + len(key)
		if size > MaxLegacyLocation {
			return l.fail(Limit, "the path to an entry in \"dependencies\" is longer than %d bytes; %s", MaxLegacyLocation, npmAgain)
		}
		if l.legacyBytes += size; l.legacyBytes > MaxLegacyBytes {
			return l.fail(Limit, "the paths to the entries in \"dependencies\" come to more than %d bytes; %s", MaxLegacyBytes, npmAgain)
		}
		at, d := len(l.legacy), npmLegacy{key: key, depth: depth, line: line}
		l.legacy = append(l.legacy, d)
		err := l.object(func(field string, _ int) (err error) {
			switch field {
			case "version":
				d.version, err = l.str()
			case "resolved":
				d.resolved, err = l.strOrFalse()
			case "integrity":
				d.integrity, err = l.integrity()
			case "from":
				d.from, err = l.strOrFalse()
			case "dev", "devOptional":
				var dev bool
				dev, err = l.boolean()
				d.dev = d.dev || dev
			case "optional":
				d.optional, err = l.boolean()
			case "peer":
				d.peer, err = l.boolean()
			case "extraneous":
				d.extraneous, err = l.boolean()
			case "bundled":
				d.bundled, err = l.boolean()
			case "requires":
				err = l.readRequires(&d)
			case "dependencies":
				err = l.readLegacy(size+len("/dependencies"), depth+1)
			default:
				err = l.skip()
			}
			return err
		})
		d.end = len(l.legacy)
		l.legacy[at] = d
		return err
	})
}

// readRequires reads what a member asks for, or true. "packages" says the same, and
// more.
func (l *npmLock) readRequires(d *npmLegacy) (err error) {
	switch {
	case l.stated:
		return l.skip()
	case l.dec.PeekKind() != '{':
		d.vague, err = l.boolean()
		l.vague = l.vague || d.vague
		return err
	}
	l.requires = true
	l.specs.begin()
	if err = l.readSpecs(dep.Prod); err == nil {
		d.wants, err = l.keepSpecs(false)
	}
	return err
}

// identity is the package by its real name, and the address as far as one is stated:
// an alias is written npm:REAL@VERSION, and everything that is not from a registry has
// its address where the version belongs. npm goes by the request that is kept in
// "from" where nothing else says what is to be fetched.
func (d *npmLegacy) identity() (p dep.Package, resolved string) {
	p, resolved = dep.Package{Ecosystem: dep.NPM, Name: d.key, Version: d.version}, d.resolved
	if name, version, ok := cutAlias(d.version); ok {
		if name != "" && version != "" {
			p.Name, p.Version = name, version
		}
		return p, resolved
	}
	if isSpec(d.version) {
		if release, ok := releaseAt(d.version); ok {
			return release, cmp.Or(resolved, d.version)
		}
		return p, resolved
	}
	if resolved == "" && d.integrity == "" && d.from != "" {
		asked := strings.TrimPrefix(d.from, d.key+"@")
		if _, _, alias := cutAlias(asked); !alias && isSpec(asked) {
			resolved = asked
		}
	}
	return p, resolved
}

// legacyEntry is a legacy member as an entry.
func (l *npmLock) legacyEntry(d *npmLegacy, location string) dep.Entry {
	e := dep.Entry{
		Lockfile: l.name, Location: location, Line: d.line, Integrity: d.integrity,
		Scope: scope(d.dev, d.optional, d.peer),
	}
	if e.Package, e.Resolved = d.identity(); e.Package.Name != d.key {
		e.Alias = d.key
	}
	complete(&e)
	return e
}

// disagreements are the entries that "dependencies" has and "packages" has not: by
// name, version, source, digest and the name that it is installed under. Where
// "packages" has something at the same place, that must be the same package too.
func (l *npmLock) disagreements(packages []dep.Entry, byLocation map[string]*npmPackage) []dep.Entry {
	var out []dep.Entry
	var elsewhere npmElsewhere
	var place []byte
	var keys []string       // by depth: those of the present member and of what it is nested in
	folders := []string{""} // by depth: below which folder the present member is installed
	for i := range l.legacy {
		d := &l.legacy[i]
		place = append(append(append(place[:0], folders[d.depth]...), nodeModules...), d.key...)
		p := byLocation[string(place)]
		if p != nil {
			p.twice = true
		}
		if keys = append(keys[:d.depth], d.key); d.end > i+1 {
			folders = append(folders[:d.depth+1], folderBelow(string(place), p))
		}
		if d.same(p) {
			continue
		}
		var here *dep.Entry
		if p != nil && p.entry > 0 {
			here = &packages[p.entry-1]
		}
		e := l.legacyEntry(d, "dependencies/"+strings.Join(keys, "/dependencies/"))
		same := func(p *dep.Entry) bool { return saysNoMore(e, *p) }
		agrees := here == nil || here.Package.Name == e.Package.Name
		var candidates []*dep.Entry
		if isSpec(e.Package.Version) { // then the name and the version are the tarball's to say
			switch {
			case e.Source != dep.File:
				candidates = elsewhere.of(packages).byAddress[npmAddress{d.key, e.Resolved}]
			case isTarballName(e.Resolved) || !isOwnFolder(l.name, e.Resolved):
				candidates = elsewhere.of(packages).byAddress[npmAddress{d.key, "file:"}]
			default:
				continue // a folder of the repository
			}
			agrees = here == nil || same(here)
		} else {
			candidates = elsewhere.of(packages).byPackage[npmKnown{e.Package, d.key}]
		}
		if !agrees || !slices.ContainsFunc(candidates, same) {
			e.AliasUnasked = l.unasked(e)
			out = append(out, e)
		}
	}
	return out
}

// same says whether the member is the package at its place, to the letter.
func (d *npmLegacy) same(p *npmPackage) bool {
	if p == nil || p.entry == 0 || p.integrity != d.integrity || p.link {
		return false
	}
	pkg, resolved := d.identity()
	name, _ := folderName(p.location)
	return name == d.key && p.resolved == resolved && !isSpec(pkg.Version) && p.identity() == pkg
}

// npmElsewhere finds entries of "packages" wherever they are installed.
type npmElsewhere struct {
	byPackage map[npmKnown][]*dep.Entry
	byAddress map[npmAddress][]*dep.Entry
}

type npmKnown struct {
	pkg dep.Package
	as  string
}

type npmAddress struct{ as, resolved string }

// of makes ready at the first use: most files do not need it.
func (x *npmElsewhere) of(packages []dep.Entry) *npmElsewhere {
	if x.byPackage != nil {
		return x
	}
	x.byPackage = make(map[npmKnown][]*dep.Entry, len(packages))
	x.byAddress = make(map[npmAddress][]*dep.Entry, len(packages))
	for i := range packages {
		e := &packages[i]
		as := cmp.Or(e.Alias, e.Package.Name)
		known, at := npmKnown{e.Package, as}, npmAddress{as, e.Resolved}
		if e.Source == dep.File {
			at.resolved = "file:" // as a whole: one section's paths start elsewhere than the other's
		}
		x.byPackage[known] = appendUnlike(x.byPackage[known], e)
		x.byAddress[at] = appendUnlike(x.byAddress[at], e)
	}
	return x
}

// folderBelow is where that is installed which is nested below a place: the place
// itself, or the folder of the repository that the package there links to.
func folderBelow(place string, p *npmPackage) string {
	if p != nil && p.link && len(p.resolved) <= MaxFolderBytes {
		if place = path.Clean(p.resolved); place == "." {
			return ""
		}
	}
	return place + "/"
}

// appendUnlike appends an entry unless one with the same address and integrity is
// there. What no real file has, it does not collect without end.
func appendUnlike(to []*dep.Entry, e *dep.Entry) []*dep.Entry {
	if len(to) == MaxReplaces || slices.ContainsFunc(to, func(o *dep.Entry) bool { return o.Resolved == e.Resolved && o.Integrity == e.Integrity }) {
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
		return InRepository(legacy.Lockfile, legacy.Resolved) && InRepository(p.Lockfile, p.Resolved)
	case legacy.Resolved == "":
		return p.Source == dep.Registry
	}
	return SameSource(p, legacy)
}

// besides are the entries that "packages" has at places that "dependencies" does not
// name. That is for version 1 files, which readers who go by the number take for
// "dependencies" alone.
func (l *npmLock) besides(packages []dep.Entry) (out []dep.Entry) {
	if l.version != "1" && l.version != "" {
		return nil
	}
	for _, p := range l.packages {
		if p.entry > 0 && !p.twice {
			out = append(out, packages[p.entry-1])
		}
	}
	return out
}

// disagree is the error that names what only "dependencies" has, and what only
// "packages" has.
func (l *npmLock) disagree(extra, besides []dep.Entry) error {
	const older, newer = `"dependencies", which npm 6 installs, `, `"packages", which npm 7 and later install`
	var what string
	line := math.MaxInt
	if len(extra) > 0 {
		what, line = older+"has "+someOf(extra)+" otherwise than "+newer, extra[0].Line
		if len(besides) > 0 {
			what += ", and the latter has " + someOf(besides) + " besides"
		}
	} else {
		what = newer + ", has " + someOf(besides) + " and " + older + "has not"
	}
	if len(besides) > 0 {
		line = min(line, besides[0].Line)
	}
	return &Error{l.name, line, Inconsistent, what + "; " + npmAgain}
}

// someOf names the first entries, and says how many more there are.
func someOf(entries []dep.Entry) string {
	var names []string
	for _, e := range entries[:min(len(entries), 3)] {
		names = append(names, quote(e.Package.ID()))
	}
	list := strings.Join(names, ", ")
	if len(entries) > 3 {
		list += fmt.Sprintf(" and %d more", len(entries)-3)
	}
	return list
}
