package lockfile

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"deps.dev/util/semver"

	"github.com/bonafide-app/bonafide/app/dep"
)

// finish turns the document that was read into entries.
func (l *pnpmLock) finish() error {
	d := l.doc
	if d == nil {
		return nil
	}
	l.doc = nil
	if d.version == "" {
		return l.unsupported(d.line, "the file states no lockfileVersion")
	}
	switch {
	case l.documents > 2:
		l.broken.add(d.line, "a third document begins, and pnpm writes two at most")
	case l.documents == 2 && !l.firstIsPNPMs:
		l.broken.add(d.line, "a second document begins, and the one before it is not pnpm's own")
	}
	l.firstIsPNPMs = !d.asksProject

	own := make([]bool, len(d.entries))
	var contradicting []dep.Entry
	for i := range d.entries {
		also, err := l.identify(d, i, own)
		if err != nil {
			return err
		}
		contradicting = append(contradicting, also...)
	}
	byKey := make(map[string]int32, len(d.entries))
	for i := range d.entries {
		byKey[d.entries[i].Location] = int32(i)
	}
	if d.major == 9 {
		missing, err := l.takeSnapshots(d, byKey, own)
		if err != nil {
			return err
		}
		contradicting = append(contradicting, missing...)
	}
	d.patch(own)
	d.link(byKey, own)
	stray, err := l.strayLinks(d)
	if err != nil {
		return err
	}
	contradicting = append(contradicting, stray...)
	entries := d.entries
	if slices.Contains(own, true) {
		entries = entries[:0]
		for i, e := range d.entries {
			if !own[i] {
				entries = append(entries, e)
			}
		}
	}
	l.entries = append(append(l.entries, entries...), contradicting...)
	return nil
}

// identify fills in what the key of an entry says, and where it is fetched from. What
// it says beside the key and against it is another entry.
func (l *pnpmLock) identify(d *pnpmDocument, i int, own []bool) (also []dep.Entry, err error) {
	e, said := &d.entries[i], d.said[i]
	k, err := d.major.key(e.Location)
	if err != nil {
		return nil, l.fail(Malformed, e.Line, "%v", err)
	}
	release := k.version != ""
	if k.name == "" && said.name == "" {
		return nil, l.fail(Malformed, e.Line, "the entry %s does not say what package it is", quote(e.Location))
	}
	e.Package = dep.Package{Ecosystem: dep.NPM, Name: k.name, Version: k.version}
	if k.name == "" {
		e.Package.Name = said.name
	}
	if !release {
		e.Package.Version = said.version
	}
	e.Unsaid |= dep.FactBundled | dep.FactRanges
	if d.major == 9 {
		e.Unsaid |= dep.FactInstallScript
	}
	l.locate(e, k, said)
	own[i] = e.Source == dep.File && !release && e.Integrity == "" && !strings.HasPrefix(e.Resolved, "file:") && isOwnFolder(l.name, e.Resolved)

	stated := e.Package
	if said.name != "" {
		stated.Name = said.name
	}
	if said.version != "" {
		stated.Version = said.version
	}
	if stated != e.Package && !own[i] {
		l.broken.add(e.Line, "the key of %s is that of another package than the %s inside it", quote(e.Package.ID()), quote(stated.ID()))
		other := *e
		other.Package = stated
		if other.Source == dep.Registry && other.Resolved != "" {
			other.Source = classify(other.Resolved, stated)
		}
		also = append(also, other)
	}
	return also, nil
}

// locate fills in digests, source and address. An address that is implied stays empty;
// that of a registry in the key is written out.
func (l *pnpmLock) locate(e *dep.Entry, k pnpmKey, said pnpmSaid) {
	kind, stated := e.Source, e.Resolved
	registry := strings.TrimSuffix(said.registry, "/")
	if registry == "" && k.host != "" {
		registry = "https://" + k.host
	}
	switch {
	case kind != "":
	case stated == "" && k.address != "":
		e.Resolved = k.address
	case stated == "" && registry != "" && !isPublicHost(strings.TrimPrefix(registry, "https://")):
		base := k.name[strings.LastIndexByte(k.name, '/')+1:]
		e.Resolved = registry + "/" + k.name + "/-/" + base + "-" + k.version + ".tgz"
	}
	complete(e)
	hasScheme := strings.Contains(e.Resolved, ":")
	switch {
	case kind != "":
		e.Source = kind
	case e.Resolved == "":
	case !hasScheme:
		e.Source = dep.URL // a path at the registry that is not the usual one
	case k.address != "" && isGitHost(e.Resolved):
		e.Source = dep.Git
	}
}

// isGitHost says whether an address is that of a commit's archive at one of the hosts
// from which pnpm takes it in place of a clone.
func isGitHost(address string) bool {
	for _, host := range []string{"https://codeload.github.com/", "https://gitlab.com/", "https://bitbucket.org/"} {
		if strings.HasPrefix(address, host) && strings.Contains(address, "tar.gz") {
			return true
		}
	}
	return false
}

// takeSnapshots gives every package what its snapshots say. It returns entries for
// snapshots that no package stands behind.
func (l *pnpmLock) takeSnapshots(d *pnpmDocument, byKey map[string]int32, own []bool) (missing []dep.Entry, err error) {
	snapshots := make([][]int32, len(d.entries))
	for n, s := range d.snapshots {
		i, ok := byKey[withoutPeers(s.key)]
		if !ok {
			k, err := d.major.key(s.key)
			if err != nil {
				return nil, l.fail(Malformed, s.line, "%v", err)
			}
			e := dep.Entry{Package: dep.Package{Ecosystem: dep.NPM, Name: k.name, Version: k.version}, Lockfile: l.name,
				Location: s.key, Line: s.line, Resolved: k.address, Scope: scope(s.dev, s.optional, false),
				Dependencies: s.specs, Unsaid: dep.FactBundled | dep.FactInstallScript | dep.FactRanges}
			complete(&e)
			l.broken.add(s.line, "%s is installed (\"snapshots\"), and \"packages\" does not say what to fetch for it", quote(e.Package.ID()))
			missing = append(missing, e)
			continue
		}
		snapshots[i] = append(snapshots[i], int32(n))
	}
	d.snapshotsOf = snapshots
	for i := range d.entries {
		e := &d.entries[i]
		if len(snapshots[i]) == 0 {
			if !own[i] {
				l.broken.add(e.Line, "%s stands in \"packages\" and not in \"snapshots\", so that it is not installed", quote(e.Package.ID()))
			}
			continue
		}
		first := d.snapshots[snapshots[i][0]]
		e.Scope = scope(first.dev, first.optional, false)
		if len(snapshots[i]) == 1 && len(e.Dependencies) == 0 {
			e.Dependencies = first.specs
			continue
		}
		all := make([][]dep.Spec, 0, len(snapshots[i])+1)
		for _, n := range snapshots[i] {
			all = append(all, d.snapshots[n].specs)
		}
		specs := slices.Concat(append(all, e.Dependencies)...)
		e.Dependencies = slices.Clip(distinct(specs, func(s dep.Spec) dep.Spec { return s }))
	}
	return missing, nil
}

// link finds what asks for what, and by which name.
func (d *pnpmDocument) link(byKey map[string]int32, own []bool) {
	count := len(d.asks)
	for i := range d.entries {
		count += len(d.entries[i].Dependencies)
	}
	g := graph{entries: d.entries, edges: make([]edge, 0, count)}
	var buf []byte
	find := func(name, ref string) (int, bool) {
		key, ok := d.major.appendRef(buf[:0], name, ref)
		if buf = key; !ok {
			return 0, false
		}
		i, ok := byKey[string(key)]
		return int(i), ok
	}
	for _, a := range d.asks {
		to, ok := find(a.Name, a.Range)
		if !ok {
			continue
		}
		g.edges = append(g.edges, edge{from: ofWorkspace, workspace: a.workspace, as: a.Name, to: to, kind: a.Kind})
		if e := &d.entries[to]; a.Name != e.Package.Name && !own[to] {
			unasked := !d.asksFor(a, e)
			if e.Alias == "" || unasked && !e.AliasUnasked {
				e.Alias, e.AliasUnasked = a.Name, unasked
			}
		}
	}
	for i := range d.entries {
		workspace := ""
		if own[i] {
			workspace = path.Clean(d.entries[i].Resolved)
		}
		specs := d.entries[i].Dependencies
		for j := range specs {
			s := &specs[j]
			if s.Kind == dep.Peer {
				continue
			}
			to, ok := find(s.Name, s.Range)
			if !ok {
				continue
			}
			e := &d.entries[to]
			if s.Name == e.Package.Name {
				s.Name = e.Package.Name // one string in place of two
			} else if e.Alias == "" && !own[to] {
				e.Alias = s.Name
			}
			if s.Range == e.Package.Version {
				s.Range = e.Package.Version
			}
			g.edges = append(g.edges, edge{from: i, workspace: workspace, as: s.Name, to: to, kind: s.Kind})
		}
	}
	g.resolve()
}

// strayLinks are entries for what is linked to and is no folder of the repository's own
// code. What lies in node_modules is another package, which would stand under the name
// of this one.
func (l *pnpmLock) strayLinks(d *pnpmDocument) (stray []dep.Entry, err error) {
	add := func(from string, place dep.Place, s dep.Spec, line int) (*dep.Entry, error) {
		target, link := strings.CutPrefix(s.Range, "link:")
		folder := target
		if !path.IsAbs(target) {
			folder = path.Join(from, target)
		}
		if !link || target == "" || isOwnFolder(l.name, folder) {
			return nil, nil
		}
		l.locked++
		stray = append(stray, dep.Entry{
			Package: dep.Package{Ecosystem: dep.NPM, Name: s.Name}, Lockfile: l.name, Location: s.Name + "@" + s.Range, Line: line,
			Source: dep.File, Resolved: s.Range, Scope: s.Kind, Places: []dep.Place{place}, Unsaid: dep.FactBundled | dep.FactInstallScript | dep.FactDependencies,
		})
		return &stray[len(stray)-1], l.countEntry(l.locked, line)
	}
	for _, a := range d.asks {
		e, err := add(a.workspace, dep.Place{By: a.workspace, As: a.Name}, a.Spec, a.line)
		if err != nil {
			return nil, err
		}
		if e != nil {
			e.Direct, e.Workspaces = true, []string{a.workspace}
		}
	}
	for i := range d.entries {
		e := &d.entries[i]
		for _, s := range e.Dependencies {
			if s.Kind == dep.Peer || !strings.HasPrefix(s.Range, "link:") {
				continue
			}
			if _, err := add("", dep.Place{By: e.Package.ID(), As: s.Name}, s, e.Line); err != nil {
				return nil, err
			}
		}
	}
	return stray, nil
}

// asksFor says whether package.json asks for the entry by the name that is not its own:
// names it ("npm:NAME@…"), or has an address, whose tarball says its name.
func (d *pnpmDocument) asksFor(a pnpmAsk, e *dep.Entry) bool {
	specifier := a.specifier
	if specifier == "" {
		specifier = d.specifiers[a.Name]
	}
	if catalog, ok := strings.CutPrefix(specifier, "catalog:"); ok {
		if catalog == "" {
			catalog = "default"
		}
		specifier = d.catalogs[pnpmCatalogued{catalog, a.Name}]
	}
	if specifier == "" {
		return true // nothing is known
	}
	scheme, rest, divided := strings.Cut(specifier, ":")
	switch {
	case scheme == "jsr": // the npm name of @scope/name
		return strings.HasPrefix(e.Package.Name, "@jsr/")
	case divided && !strings.HasPrefix(rest, "//"):
		if name, ok := strings.CutPrefix(rest, e.Package.Name); ok && (name == "" || name[0] == '@') {
			return true
		}
	}
	if e.Source == dep.Registry {
		_, ok := RegistryBase(specifier, e.Package)
		return ok
	}
	return isSpec(specifier)
}

// pnpmPatches are the members of "patchedDependencies" for one name.
type pnpmPatches struct {
	exact  map[string]string // by version
	ranges []pnpmRange
	all    string
}

type pnpmRange struct {
	*semver.Constraint
	what string
}

// patch finds what is patched: exact versions first, then ranges, then all of a name.
// https://pnpm.io/cli/patch
func (d *pnpmDocument) patch(own []bool) {
	byName := map[string]*pnpmPatches{}
	for _, p := range d.patches {
		name, version, divided := cutID(p.key)
		of := byName[name]
		if of == nil {
			of = &pnpmPatches{exact: map[string]string{}}
			byName[name] = of
		}
		of.exact[version] = p.what
		c, err := semver.NPM.ParseConstraint(version)
		switch {
		case !divided, err != nil && !isRelease(version), len(version) > maxPatchRange, len(of.ranges) == maxPatchRanges:
			of.all = p.what // what is not understood is shown
		case err == nil && !isRelease(version):
			of.ranges = append(of.ranges, pnpmRange{c, p.what})
		}
	}
	for i := range d.entries {
		e := &d.entries[i]
		if own[i] {
			continue
		}
		if of := byName[e.Package.Name]; of != nil {
			e.Patch = of.find(e.Package.Version)
		}
		if e.Patch == "" {
			e.Patch = d.patchInKeys(i)
		}
	}
}

func (p *pnpmPatches) find(version string) string {
	if what := p.exact[version]; what != "" {
		return what
	}
	for _, r := range p.ranges {
		if r.Match(version) {
			return r.what
		}
	}
	return p.all
}

// patchInKeys is what the keys of an entry say that it is patched with.
func (d *pnpmDocument) patchInKeys(i int) string {
	if d.major == 9 {
		for _, n := range d.snapshotsOf[i] {
			if hash := patchHash(d.snapshots[n].key); hash != "" {
				return hash
			}
		}
		return ""
	}
	if hash := patchHash(d.entries[i].Location); hash != "" || !d.said[i].patched {
		return hash
	}
	return "patched"
}

// contradictions collects in what a lockfile contradicts itself.
type contradictions struct {
	count, line int
	details     []string
}

func (c *contradictions) add(line int, format string, args ...any) {
	if c.count++; c.count == 1 {
		c.line = line
	}
	if len(c.details) < maxContradictions {
		c.details = append(c.details, fmt.Sprintf("line %d: ", line)+fmt.Sprintf(format, args...))
	}
}

func (c *contradictions) err(lockfile string) error {
	all := strings.Join(c.details, "; ")
	if more := c.count - len(c.details); more > 0 {
		all += fmt.Sprintf("; and %d more", more)
	}
	return &Error{lockfile, c.line, Inconsistent, "the file contradicts itself: " + all + "; " + pnpmAgain}
}
