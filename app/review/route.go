package review

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/lockfile"
	"github.com/bonafide-app/bonafide/app/policy"
)

// Registry is one that the operator configured beside the public one. It is asked for what
// comes from it, and for nothing else.
type Registry struct {
	URL       string
	Scopes    []string  // "@my-org": packages of these come from it, also where nothing says so
	Verifier  Verifier  // that asks it, with its own keys
	Historian Historian // nil: its releases are compared with the lockfile's own versions alone
}

// route says where an entry's evidence is asked for, or why nowhere.
type route struct {
	registry string // base of the configured registry that is asked; "": the one of --npm-registry
	mirror   bool   // it comes from a mirror: evidence counts only where the digests agree
	refused  string // why nobody is asked, "" where somebody is: completes "the package …"
	private  string // of a refusal, what makes the package private: "the registry npm.example.com"; "": that is not known
	outside  bool   // of a refusal: it may be private or not, by the base's own word
}

const (
	untold        = "comes from a registry that Bonafide was not told about; its name is not sent to another one"
	notPrivateYet = "comes from a registry that Bonafide was not told about, and the base takes no package of that name or scope from there alone; its name is not sent to another one"
	standsIn      = "comes from a registry that Bonafide was not told about, and the base takes from there what others have from the public one, so that nobody knows whether it is private; its name is not sent to another one"
	headsOwn      = "has no address, and only this pull request says that its scope comes from another registry; its name is not sent to any"
	disagreeing   = "has no address, and what is known of its scope names several registries; its name is not sent to any"
)

// map of registries: what a base stands for. It is pure, and the same for all files.
type atlas struct {
	public     map[string]bool   // bases of the registry that --npm-registry names, or of the public one
	mirrors    map[string]bool   // bases that serve what it has
	configured map[string]bool   // bases of the others that may be asked
	scopes     map[string]string // the operator's: base of a configured registry, by scope
	private    map[string]bool   // scopes that are never asked about
}

// with is the atlas with what a repository's policy adds.
func (a atlas) with(p policy.Registries) atlas {
	a.mirrors, a.private = maps.Clone(a.mirrors), maps.Clone(a.private)
	for _, mirror := range p.Mirrors {
		if base, ok := lockfile.BaseOf(mirror); ok && !a.public[base] && !a.configured[base] {
			a.mirrors[base] = true
		}
	}
	for _, s := range p.Private {
		a.private[s] = true
	}
	return a
}

// told are the bases that may be asked, or stand for one that may, and are not public.
func (a atlas) told() []string {
	all := slices.Concat(slices.Collect(maps.Keys(a.public)), slices.Collect(maps.Keys(a.mirrors)), slices.Collect(maps.Keys(a.configured)))
	return slices.Sorted(slices.Values(slices.DeleteFunc(all, lockfile.IsPublicBase)))
}

// to is the route to a base; one that is not known is private.
func (a atlas) to(base string) route {
	switch {
	case a.public[base]:
		return route{}
	case a.mirrors[base]:
		return route{mirror: true}
	case a.configured[base]:
		return route{registry: base}
	}
	host := strings.TrimPrefix(base, "https://")
	if host == "" {
		host = "an address that is not plain"
	}
	return route{refused: "is private, not looked up: it comes from " + host + ", a registry that is not configured", private: "the registry " + host}
}

// toRegistry is the route to what settings name; "" and what is no plain address are nowhere.
func (a atlas) toRegistry(registry string) route {
	base, _ := lockfile.BaseOf(registry)
	return a.to(base)
}

// lookup decides where the packages of one lockfile are asked about. Only names that are
// public, as far as the base and the lockfile tell, are sent to the public registry, and
// those of a configured one to that alone. A pull request alone makes no public name
// private, and no private one public.
type lookup struct {
	atlas
	scoped map[string]route // of scopes, where the lockfile names no registry
	rest   route            // of whatever else it names none for
	// homes are the registries that the base's lockfile takes names and scopes from, several for
	// more than one; owned are the scopes that the base's settings keep private, with where.
	homes, owned map[string]string
	shown        map[string]bool // names that the base's lockfile takes from the public registry
	stand        map[string]bool // registries that stand in for the public one on the base, by their bases
	// swayed says of scopes whose registry settings name, and of "", for the rest, what only the
	// head's say of it, "" where that is what the base's say; unread, why nobody knows.
	swayed map[string]string
	unread string
}

// several stands in homes for more than one registry.
const several = "several"

// lookupFor learns from the settings and both sides of a lockfile where its packages come
// from. In an audit, what there is is the base.
func (r *Reviewer) lookupFor(audit bool, p policy.Policy, f File, base, head []dep.Entry) lookup {
	l := lookup{atlas: r.atlas.with(p.Registries), scoped: map[string]route{}, homes: map[string]string{}, owned: map[string]string{}, shown: map[string]bool{}, stand: map[string]bool{}, swayed: map[string]string{}}
	stated := f.BaseSettings
	if audit {
		stated, base = f.Settings, head
	}
	l.settled(stated)
	if !audit {
		l.sway(stated, f.HeadSettings)
	}
	l.live(base)
	hidden := l.rest.refused != "" || l.rest.registry != "" // by the base's default
	l.proposed(f.Settings, base, hidden)
	for _, e := range head {
		if at, ok := lockfile.RegistryBase(e.Resolved, e.Package); ok && scope(e.Package) != "" && l.to(at).private != "" {
			if was, known := l.scoped[scope(e.Package)]; !known || was.refused == "" && was.registry == "" {
				l.scoped[strings.Clone(scope(e.Package))] = route{refused: "has no address, and its scope " + untold}
			}
		}
	}
	if f.SettingsUnread != "" {
		l.unread = "has no address, and the settings that say which registry it comes from cannot be read: " + f.SettingsUnread
		l.rest = route{refused: l.unread}
		clear(l.scoped)
	}
	return l
}

// settled takes up what the base's settings say.
func (l *lookup) settled(settings []lockfile.Settings) {
	for _, s := range settings {
		for scope, registry := range s.Scopes {
			to := l.toRegistry(registry)
			if to.private != "" {
				to.refused = fmt.Sprintf("is private, not looked up: the repository's settings take the scope %s from %s, a registry that is not configured", scope, strings.TrimPrefix(to.private, "the registry "))
			}
			l.scoped[scope] = stricter(l.scoped, scope, to)
			if to.private != "" {
				l.owned[scope] = to.private
			}
		}
		if s.Default != "" {
			l.rest = narrower(l.rest, l.byDefault(s.Default))
			if base, ok := lockfile.BaseOf(s.Default); ok {
				l.stand[base] = true
			}
		}
	}
}

// sway notes what the head's settings say otherwise than the base's, in whichever file: which one
// counts is the package manager's to say. Nobody asks where the base's lead, and what they keep
// private is not taken for private either.
func (l *lookup) sway(base, head []lockfile.Settings) {
	was, is := stated(base), stated(head)
	for name := range was {
		if l.swayed[name] = ""; len(is[name]) == 0 {
			l.swayed[name] = "has no address, and the settings of the pull request no longer say which registry it comes from; its name is not sent to any"
		}
	}
	for name, registries := range is {
		if slices.ContainsFunc(registries, func(r string) bool { return !slices.Contains(was[name], r) }) {
			l.swayed[name] = headsOwn
		}
	}
	for name, to := range l.scoped {
		if why := l.swayed[name]; why != "" && (to.private != "" || to.registry != "" && l.atlas.scopes[name] == "") {
			l.scoped[name] = route{refused: why}
		}
	}
}

// stated are the registries that settings name, by scope, and by "" for the rest.
func stated(settings []lockfile.Settings) map[string][]string {
	out := map[string][]string{}
	add := func(scope, registry string) {
		if base, ok := lockfile.BaseOf(registry); ok {
			registry = base
		}
		out[scope] = append(out[scope], registry)
	}
	for _, s := range settings {
		for scope, registry := range s.Scopes {
			add(scope, registry)
		}
		if s.Default != "" {
			add("", s.Default)
		}
	}
	return out
}

// unsettled says why nobody knows where packages of a scope without an address come from, "" where
// it is as the base says.
func (l lookup) unsettled(scope string) string {
	if why, own := l.swayed[scope]; own || l.unread != "" {
		return cmp.Or(l.unread, why)
	}
	return l.swayed[""]
}

// byDefault is the route of what has no registry of its own, where settings name one for it.
// What one that nobody configured serves may be public or private: nobody can tell.
func (l *lookup) byDefault(registry string) route {
	to := l.toRegistry(registry)
	if to.private != "" {
		return route{refused: "has no address, and the repository's settings name a registry that Bonafide was not told about; its name is not sent to another one"}
	}
	return to
}

// live takes up where the base's lockfile fetches its packages from.
func (l *lookup) live(base []dep.Entry) {
	for _, e := range base {
		at, ok := lockfile.RegistryBase(e.Resolved, e.Package)
		to := l.to(at)
		if ok && scope(e.Package) == "" && to.private != "" {
			l.stand[strings.Clone(at)] = true // settings take names without a scope from one registry, whatever they are
		}
		_, mapped := l.scoped[scope(e.Package)]
		if !ok && (mapped || l.private[scope(e.Package)] || !unaddressed(e)) {
			continue
		}
		if !ok || lockfile.IsPublicBase(at) {
			at = "https://" + lockfile.PublicHosts()[0]
		}
		for _, name := range []string{e.Package.Name, scope(e.Package)} {
			if name == "" {
				continue
			}
			if lockfile.IsPublicBase(at) {
				l.shown[strings.Clone(name)] = true
			}
			if was, seen := l.homes[name]; !seen {
				l.homes[strings.Clone(name)] = strings.Clone(at)
			} else if was != at {
				l.homes[name] = several
			}
		}
		if ok && scope(e.Package) != "" && (to.private != "" || to.registry != "") {
			s := strings.Clone(scope(e.Package))
			if to.private != "" { // by its address: without one, it may come from anywhere
				to = route{refused: "has no address, and its scope " + untold}
			}
			l.scoped[s] = stricter(l.scoped, s, to)
		}
	}
}

// proposed takes up what the head's settings say beside the base's: it only ever keeps names
// back, or says where a scope comes from that the base does not have.
func (l *lookup) proposed(settings []lockfile.Settings, base []dep.Entry, hidden bool) {
	added := map[string]route{}
	for _, s := range settings {
		for name, registry := range s.Scopes {
			to := l.toRegistry(registry)
			known, stated := l.scoped[name]
			switch {
			case stated && (known.refused != "" || sameWay(known, to)):
			case to.private != "":
				added[name] = route{refused: "has no address, and its scope " + untold}
			case stated:
				added[name] = route{refused: headsOwn}
			case to.registry != "" && slices.ContainsFunc(base, func(e dep.Entry) bool { return scope(e.Package) == name }):
				added[name] = route{refused: headsOwn}
			case to.registry == "" && hidden:
			default:
				added[name] = stricter(added, name, to)
			}
		}
		if s.Default == "" {
			continue
		}
		switch to := l.byDefault(s.Default); {
		case to.refused != "":
			l.rest = to
		case l.rest.refused != "" || sameWay(l.rest, to):
		case to.registry != "" || l.rest.registry != "":
			l.rest = route{refused: strings.Replace(headsOwn, "its scope", "it", 1)}
		default:
			l.rest.mirror = l.rest.mirror || to.mirror
		}
	}
	maps.Copy(l.scoped, added)
}

func sameWay(a, b route) bool {
	return a.registry == b.registry && a.mirror == b.mirror && a.private == b.private
}

// stricter is what is known of a scope, and what else is said of it, as one.
func stricter(known map[string]route, scope string, to route) route {
	if was, seen := known[scope]; seen {
		return narrower(was, to)
	}
	return to
}

// narrower is the one of two routes that tells less to anybody.
func narrower(a, b route) route {
	switch {
	case a.refused != "":
		return a
	case b.refused != "":
		return b
	case a.registry != "" && b.registry != "" && a.registry != b.registry:
		return route{refused: disagreeing}
	case a.registry != "":
		return a
	case b.registry != "":
		return b
	}
	return route{mirror: a.mirror || b.mirror}
}

// scope is "@scope" of a scoped name, else "".
func scope(p dep.Package) string {
	s, _, ok := strings.Cut(p.Name, "/")
	if !ok {
		return ""
	}
	return s
}

// route says where an entry is asked about.
func (l lookup) route(e dep.Entry) route {
	if why := notFromRegistry(e); why != "" {
		return route{refused: why}
	}
	s := scope(e.Package)
	base, addressed := lockfile.RegistryBase(e.Resolved, e.Package)
	if e.Resolved != "" && !addressed {
		return route{refused: "comes from an address that is not the registry's for this name and version"}
	}
	to := l.to(base)
	switch home := l.scopes[s]; {
	case l.private[s] && addressed && to.refused == "" && to.registry == "" && !to.mirror:
		return route{refused: fmt.Sprintf("is of the scope %s, which is private, and its address is that of %s: its name is not sent there", s, strings.TrimPrefix(base, "https://"))}
	case l.private[s] && !addressed && l.unsettled(s) != "":
		return route{refused: l.unsettled(s)}
	case l.private[s] && addressed && l.comesFrom(e.Package) != "" && l.comesFrom(e.Package) != base:
		return route{refused: fmt.Sprintf("is of the scope %s, which is private and which the base takes from %s, and its address is that of %s", s, strings.TrimPrefix(l.comesFrom(e.Package), "https://"), strings.TrimPrefix(base, "https://"))}
	case l.private[s]:
		return route{refused: "is private, not looked up: the scope " + s + " is never asked about", private: "the scope " + s}
	case home == "":
	case addressed && to.mirror || !addressed && !l.contradicts(s, home):
		return route{registry: home, mirror: addressed || l.scoped[s].mirror}
	case !addressed && l.scoped[s].refused != "":
		return l.scoped[s]
	case !addressed || to.refused == "" && to.registry == "":
		return route{refused: fmt.Sprintf("is of the scope %s, which comes from %s, and it is said to come from another registry: its name is not sent there", s, strings.TrimPrefix(home, "https://"))}
	}
	switch {
	case addressed && to.refused == "" && to.registry == "" && !to.mirror && l.owned[s] != "" && !lockfile.IsPublicBase(l.homes[e.Package.Name]):
		return route{refused: fmt.Sprintf("is of the scope %s, which the base's settings take from %s, and its address is that of %s: its name is not sent there", s, l.owned[s], strings.TrimPrefix(base, "https://"))}
	case !addressed:
		if to, known := l.scoped[s]; known && s != "" {
			return to
		}
		return narrower(l.rest, l.home(e.Package.Name))
	case to.private != "" && l.stand[base] && l.owned[s] != to.private:
		return route{refused: standsIn, outside: true}
	case to.private != "" && l.homes[e.Package.Name] != base && (s == "" || l.homes[e.Package.Name] != "" || l.homes[s] != base && l.scoped[s].private != to.private):
		return route{refused: notPrivateYet}
	}
	return to
}

// home is the route to where the base's lockfile takes a name from, for where the head's says
// nothing: a name that the public registry was never asked for is not sent there.
func (l lookup) home(name string) route {
	at := l.homes[name]
	if at == "" || l.shown[name] {
		return route{}
	}
	if to := l.to(at); to.private == "" {
		return to
	}
	return route{refused: "has no address, and " + untold}
}

// comesFrom is the registry that the base's lockfile takes a package from, or else its scope, ""
// where that is not one.
func (l lookup) comesFrom(p dep.Package) string {
	at, known := l.homes[p.Name]
	if !known {
		at = l.homes[scope(p)]
	}
	if at == several {
		return ""
	}
	return at
}

// left says which other registry an entry comes from on the base that the public one is asked
// about, "" where it comes from there, too.
func (l lookup) left(q question, replaces []dep.Entry) string {
	if q.refused != "" || q.registry != "" || q.mirror {
		return ""
	}
	other := func(to route) string {
		if to.registry != "" {
			return "the registry " + strings.TrimPrefix(to.registry, "https://")
		}
		return to.private
	}
	for _, old := range replaces {
		to := l.route(old)
		if at, ok := lockfile.RegistryBase(old.Resolved, old.Package); ok {
			to = l.to(at)
		}
		if from := other(to); from != "" && old.Package.Name == q.entry.Package.Name {
			return from
		}
	}
	if s := scope(q.entry.Package); s != "" && q.entry.Resolved != "" && l.homes[s] != several && !lockfile.IsPublicBase(l.homes[s]) {
		return other(l.scoped[s])
	}
	return ""
}

// contradicts says whether what is known of a scope leads elsewhere than the operator says.
func (l lookup) contradicts(scope, home string) bool {
	to, known := l.scoped[scope]
	return known && to.registry != home && !to.mirror
}

// notFromRegistry says why no registry answers for an entry, "" where one does.
func notFromRegistry(e dep.Entry) string {
	if e.Package.Ecosystem == dep.JSR {
		return "comes from JSR, whose evidence is not read yet"
	}
	switch e.Source {
	case dep.Registry:
	case dep.Patch:
		return "is the patched form of another entry of this lockfile; the evidence stands with that one"
	case dep.Git:
		return "comes from git, no registry answers for it"
	case dep.URL:
		return "comes from an address that is not the registry's for this name and version"
	default:
		return "comes from a file or folder, no registry answers for it"
	}
	if e.Bundled && e.Resolved == "" && e.Integrity == "" {
		return "is delivered inside the tarball of the package that bundles it"
	}
	return ""
}

// question is what is asked about an entry, and whom.
type question struct {
	entry dep.Entry
	route
}

// ask is the question about an entry; ok is false where nobody is asked.
func (l lookup) ask(e dep.Entry) (q question, ok bool) {
	q = question{e, l.route(e)}
	return q, q.refused == ""
}

// askedBy is the question that a subject was asked by.
func askedBy(s policy.Subject) question {
	return question{s.Change.Entry, route{registry: s.Registry, mirror: s.Mirror}}
}

// key is what a verification depends on.
func (q question) key() string {
	via := q.registry
	if q.mirror {
		via += " by a mirror"
	}
	if q.entry.OwnDigest {
		return q.entry.Package.String() + " of its own kind " + via // nothing of the digest is asked
	}
	return q.entry.Package.String() + " " + q.entry.Integrity + " " + via
}
