package lockfile

import (
	"slices"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
)

// target is the package that a specifier is resolved to. ok is false where it does not
// name one.
func (l *denoLock) target(s denoSpecifier) (id denoID, ok bool) {
	ecosystem, asked, _ := strings.Cut(s.asked, ":")
	resolved := s.resolved
	switch l.version {
	case "2": // "nanoid@^3": "nanoid@3.3.4"
		ecosystem = string(dep.NPM)
	case "3": // "npm:nanoid@^3": "npm:nanoid@3.3.4"
		if resolved, ok = strings.CutPrefix(resolved, ecosystem+":"); !ok {
			return denoID{}, false
		}
	default: // "npm:nanoid@^3": "3.3.4"
		name, _, _ := cutID(asked)
		return denoID{dep.Ecosystem(ecosystem), name, resolved}, name != "" && resolved != ""
	}
	name, rest, ok := cutID(resolved)
	return denoID{dep.Ecosystem(ecosystem), name, rest}, ok
}

// withoutRange is "jsr:@std/path" for "jsr:@std/path@^1".
func withoutRange(asked string) string {
	colon := strings.IndexByte(asked, ':') + 1
	name, _, _ := cutID(asked[colon:])
	return asked[:colon+len(name)]
}

// denoIndex finds entries by their id.
type denoIndex map[denoID]int

func (l *denoLock) index() denoIndex {
	out := make(denoIndex, len(l.entries))
	for i, e := range l.entries {
		if e.Package.Ecosystem != dep.Generic {
			name, rest, _ := cutID(e.Location)
			out[denoID{e.Package.Ecosystem, name, rest}] = i
		}
	}
	for i, e := range l.entries {
		release := denoID{e.Package.Ecosystem, e.Package.Name, e.Package.Version}
		if _, ok := out[release]; !ok {
			out[release] = i
		}
	}
	return out
}

// find is the entry of an id, or one of the same release with other peers.
func (x denoIndex) find(id denoID) (entry int, ok bool) {
	if entry, ok = x[id]; !ok {
		id.rest, _, _ = strings.Cut(id.rest, "_")
		entry, ok = x[id]
	}
	return entry, ok
}

// addUnpinned adds what specifiers are resolved to, or redirects lead to, and no section
// has: Deno fetches just that version or address, and whatever it gets.
func (l *denoLock) addUnpinned() error {
	index, sections := l.index(), len(l.entries)
	if err := l.addRedirected(); err != nil {
		return err
	}
	for _, s := range l.specifiers {
		id, ok := l.target(s)
		version, _, _ := strings.Cut(id.rest, "_")
		if !ok || version == "" || id.ecosystem != dep.NPM && id.ecosystem != dep.JSR {
			return &Error{l.name, s.line, Malformed, quote(s.asked) + " is resolved to " + quote(s.resolved) + ", which is no package of npm or JSR; " + denoAgain}
		}
		if _, ok := index.find(id); ok {
			continue
		}
		if len(l.entries) == MaxEntries {
			return l.tooMany(s.line, MaxEntries, "entries")
		}
		index[id] = len(l.entries)
		e := dep.Entry{
			Package: dep.Package{Ecosystem: id.ecosystem, Name: id.name, Version: version}, Lockfile: l.name, Location: id.name + "@" + id.rest, Line: s.line,
			Source: dep.Registry, OwnDigest: id.ecosystem == dep.JSR, Scope: dep.Prod,
			Unsaid: dep.FactScope | dep.FactDirect | dep.FactBundled | dep.FactDependencies | dep.FactInstallScript,
		}
		if id.ecosystem == dep.NPM {
			complete(&e)
		}
		l.entries = append(l.entries, e)
	}
	if len(l.entries) > sections {
		slices.SortStableFunc(l.entries, byLine)
	}
	return nil
}

func (l *denoLock) addRedirected() error {
	if len(l.redirects) == 0 {
		return nil
	}
	known := make(map[string]bool, len(l.entries)+len(l.redirects))
	for _, e := range l.entries {
		if e.Package.Ecosystem == dep.Generic {
			known[e.Resolved] = true
		}
	}
	for _, r := range l.redirects {
		known[r.from] = true
	}
	for _, r := range l.redirects {
		if known[r.to] {
			continue
		}
		known[r.to] = true
		if len(l.entries) == MaxEntries {
			return l.tooMany(r.line, MaxEntries, "entries")
		}
		l.entries = append(l.entries, l.remote(r.to, "", r.line))
	}
	return nil
}

// resolved finds entries by the specifiers that are resolved to them, with their range
// and, as packages write those of which there is one, without.
func (l *denoLock) resolved(index denoIndex) map[string]int {
	out := make(map[string]int, 2*len(l.specifiers))
	for _, s := range l.specifiers {
		id, _ := l.target(s)
		if entry, ok := index.find(id); ok {
			out[s.asked] = entry
		}
	}
	for _, s := range l.specifiers {
		bare := withoutRange(s.asked)
		if _, ok := out[bare]; !ok {
			out[bare] = out[s.asked]
		}
	}
	return out
}

// finish fills in what follows from the file as a whole.
func (l *denoLock) finish() {
	index := l.index()
	var edges []edge
	for i := range l.entries {
		e := &l.entries[i]
		if e.Package.Ecosystem == dep.NPM && l.version != "5" {
			e.Unsaid |= dep.FactInstallScript
		}
		if e.Integrity == "" && l.linked[denoID{e.Package.Ecosystem, e.Package.Name, e.Package.Version}] {
			e.Source = dep.File // a folder, which only deno.json names
		}
	}

	// A dependency's name alone is that of the only version.
	only := make(map[string]int, len(l.entries))
	for i, e := range l.entries {
		if e.Package.Ecosystem == dep.NPM {
			only[e.Package.Name] = i
		}
	}
	specifiers := l.resolved(index)
	passedOn := map[string]bool{} // specifiers that packages ask for
	for i, e := range l.entries {
		for _, s := range e.Dependencies {
			to, ok := 0, false
			switch alias, isAlias := strings.CutPrefix(s.Range, "npm:"); {
			case e.Package.Ecosystem == dep.JSR:
				to, ok = specifiers[s.Range]
				passedOn[s.Range] = true
			case isAlias:
				name, rest, versioned := cutID(alias)
				if to, ok = only[name]; versioned {
					to, ok = index.find(denoID{dep.NPM, name, rest})
				}
			case s.Range == "":
				to, ok = only[s.Name]
			default:
				to, ok = index.find(denoID{dep.NPM, s.Name, s.Range})
			}
			if ok {
				edges = append(edges, edge{from: i, as: s.Name, to: to, kind: s.Kind})
			}
		}
	}
	if !l.workspace { // without a configuration the code asks, and the file says for what
		root := denoOwn{folder: "."}
		for _, s := range l.specifiers {
			if !passedOn[s.asked] && !passedOn[withoutRange(s.asked)] {
				root.asks = append(root.asks, s.asked)
			}
		}
		l.own = []denoOwn{root}
	}
	for _, own := range l.own {
		for _, asked := range own.asks {
			if to, ok := specifiers[asked]; ok {
				edges = append(edges, edge{ofWorkspace, own.folder, l.entries[to].Package.Name, to, dep.Prod})
			}
		}
	}
	for _, e := range edges {
		if to := &l.entries[e.to]; to.Alias == "" && e.as != to.Package.Name {
			to.Alias = e.as
		}
	}
	graph{l.entries, edges}.resolve()
}
