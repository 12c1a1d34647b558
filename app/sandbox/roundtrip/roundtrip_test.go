// Package roundtrip_test locks one project with the real package managers, against
// the sandbox's registry, and holds what is read from their lockfiles against what
// the project is made of.
package roundtrip_test

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/lockfile"
	"github.com/bonafide-app/bonafide/app/sandbox/contract"
	"github.com/bonafide-app/bonafide/app/sandbox/npm"
)

func TestTheRealPackageManagersLockTheSamePackages(t *testing.T) {
	node := findNode(t)
	contract.NodeModules(t) // else there is nothing to do
	before, after := open(t, published()...), open(t, append(published(), newer)...)
	var mu sync.Mutex
	bases := map[string][]dep.Entry{}
	t.Run("locked by", func(t *testing.T) {
		for _, m := range managers() {
			t.Run(m.name, func(t *testing.T) {
				t.Parallel()
				command, folder := m.find(t, node), t.TempDir()
				base := m.check(t, before, m.lock(t, before, command, folder, project(false)), m.expected(false))
				head := m.check(t, after, m.lock(t, after, command, folder, project(true)), m.expected(true))
				m.checkUpdate(t, base, head)
				mu.Lock()
				defer mu.Unlock()
				bases[m.name] = base
			})
		}
	})
	t.Run("migrated", func(t *testing.T) {
		if len(bases) < 2 {
			t.Skip("skipped: fewer than two package managers have locked the project")
		}
		for _, from := range managers() {
			for _, to := range managers() {
				checkMigration(t, from, to, bases[from.name], bases[to.name])
			}
		}
	})
}

// expected is what the lockfile must hold, without what is bundled.
func (m manager) expected(bumped bool) map[string]locked {
	all := expected(bumped)
	if !m.overrides() {
		all["leaf@1.1.0"] = all["leaf@1.0.0"]
		delete(all, "leaf@1.0.0")
	}
	for id, address := range map[string]string{tarred.Package().ID(): remote, boxed.Package().ID(): "file:" + local} {
		l := all[id]
		delete(all, id)
		name, _, _ := strings.Cut(id, "@")
		switch m.tarballs {
		case byAddress:
			id = name + "@" + address
		case byName:
			id = name
		}
		all[id] = l
	}
	if m.bundled == asFetched {
		all[packed] = locked{source: dep.Registry, scope: dep.Prod}
	}
	return all
}

const packed = "packed@1.0.0"

// check reads a lockfile and holds it against what it must say.
func (m manager) check(t *testing.T, w world, text []byte, want map[string]locked) []dep.Entry {
	t.Helper()
	entries, err := lockfile.Parse(m.lockfile, text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	lines := strings.Split(string(text), "\n")
	got := map[string]bool{}
	bundled, patched := 0, false
	for _, e := range entries {
		id := e.Package.ID()
		line := ""
		if e.Line > 0 && e.Line <= len(lines) {
			line = lines[e.Line-1]
		}
		if !strings.Contains(line, cmp.Or(e.Alias, e.Package.Name)) && !strings.Contains(line, e.Package.Name) {
			t.Errorf("%s is said to stand on line %d, which is %q", id, e.Line, line)
		}
		if id == packed && m.bundled == asBundled {
			bundled++
			if !e.Bundled {
				t.Errorf("%s is not said to be bundled", id)
			}
			continue
		}
		if e.Source == dep.Patch && m.ownPatch == e.Patch && e.Package.Name == patchedByYarn && !patched {
			patched = true // beside the release
			continue
		}
		if got[id] {
			t.Errorf("%s stands twice, again on line %d", id, e.Line)
		}
		got[id] = true
		m.checkEntry(t, e, line, want[id], cmp.Or(w.digests[id], w.digests[e.Package.Name]))
	}
	if ids := slices.Sorted(maps.Keys(got)); !slices.Equal(ids, slices.Sorted(maps.Keys(want))) {
		t.Errorf("it holds %q,\nwant %q", ids, slices.Sorted(maps.Keys(want)))
	}
	if (bundled == 1) != (m.bundled == asBundled) {
		t.Errorf("%d packages are bundled", bundled)
	}
	if patched != (m.ownPatch != "") {
		t.Errorf("patched by the package manager itself: %t", patched)
	}
	return entries
}

func (m manager) checkEntry(t *testing.T, e dep.Entry, line string, want locked, digest string) {
	t.Helper()
	id := e.Package.ID()
	said := func(fact dep.Facts) bool { return !e.Unsaid.Has(fact) }
	keeps := m.keeps
	if m.lockfile == "pnpm-lock.yaml" && want.scope == dep.Optional {
		keeps &^= dep.FactInstallScript // pnpm takes it that what is optional has a script, until it has fetched it
	}
	for fact := dep.Facts(1); fact <= everything; fact <<= 1 {
		if keeps.Has(fact) && !said(fact) && !slices.Contains(m.undigested, id) && !want.overridden {
			t.Errorf("%s: fact %b is said not to be kept", id, fact)
		}
	}
	if e.Alias != want.alias || e.AliasUnasked {
		t.Errorf("%s: alias %q, unasked %t, want %q", id, e.Alias, e.AliasUnasked, want.alias)
	}
	if e.Source != want.source {
		t.Errorf("%s: source %s, want %s (%q)", id, e.Source, want.source, e.Resolved)
	}
	if e.Source == dep.Registry && e.Resolved != "" {
		address, _, _ := strings.Cut(e.Resolved, "#") // yarn's sha1
		base, _ := lockfile.RegistryBase(address, e.Package)
		public := base == "https://registry.npmjs.org" || base == "https://registry.yarnpkg.com"
		if strings.HasPrefix(id, "@lumen/") && base != private || !strings.HasPrefix(id, "@lumen/") && !public {
			t.Errorf("%s comes from %q", id, e.Resolved)
		}
	}
	switch undigested := slices.Contains(m.undigested, id); {
	case e.IntegrityError != "":
		t.Errorf("%s: %s", id, e.IntegrityError)
	case m.ownDigests:
		if said(dep.FactDigest) || len(e.Digests) != 0 || (e.Integrity == "") != want.aix || !e.OwnDigest && e.Integrity != "" {
			t.Errorf("%s: its digest is not the registry's: %q %v, own %t", id, e.Integrity, e.Digests, e.OwnDigest)
		}
	case e.OwnDigest:
		t.Errorf("%s: its digest is the registry's", id)
	case undigested:
		if dep.Strongest(e.Digests).Comparable() {
			t.Errorf("%s: %s is written nowhere", id, e.Integrity)
		}
	case len(e.Digests) != 1 || e.Digests[0].SRI() != digest:
		t.Errorf("%s: digests %v of %q, want %s", id, e.Digests, e.Integrity, digest)
	}
	// What overrides a package looks like a package.json that asks for it.
	if direct := len(want.workspaces) > 0; e.Direct && !direct && !want.overridden || said(dep.FactDirect) && e.Direct != direct {
		t.Errorf("%s: direct is %t", id, e.Direct)
	}
	if said(dep.FactDirect) && !slices.Equal(slices.Sorted(slices.Values(e.Workspaces)), want.workspaces) {
		t.Errorf("%s: asked for by %q, want %q", id, e.Workspaces, want.workspaces)
	}
	if said(dep.FactScope) && e.Scope != want.scope {
		t.Errorf("%s: scope %s, want %s", id, e.Scope, want.scope)
	}
	if said(dep.FactInstallScript) && e.InstallScript != want.script {
		t.Errorf("%s: install script is %t", id, e.InstallScript)
	}
	if strings.Contains(line, "hasInstallScript") && !e.InstallScript { // bun marks it, and does not always
		t.Errorf("%s: its install script is not read", id)
	}
	if e.Bundled {
		t.Errorf("%s is said to be bundled", id)
	}
	if e.Patch != "" {
		t.Errorf("%s is said to be patched: %s", id, e.Patch)
	}
	if said(dep.FactDependencies) {
		m.checkDependencies(t, e)
	}
}

// checkDependencies holds what a package asks for against its package.json. What it
// has from whoever installs it, its peers, some lockfiles say and some do not.
func (m manager) checkDependencies(t *testing.T, e dep.Entry) {
	t.Helper()
	i := slices.IndexFunc(append(published(), newer), func(r npm.Release) bool { return r.Package() == e.Package })
	if i < 0 {
		return
	}
	release := append(published(), newer)[i]
	want := slices.Collect(maps.Keys(release.Dependencies))
	want = slices.AppendSeq(want, maps.Keys(release.OptionalDependencies))
	if m.bundled == notAtAll {
		want = slices.DeleteFunc(want, func(name string) bool { return slices.Contains(release.BundleDependencies, name) })
	}
	var got []string
	for _, spec := range e.Dependencies {
		if _, peer := release.PeerDependencies[spec.Name]; peer {
			continue
		}
		got = append(got, spec.Name)
		optional, isOptional := release.OptionalDependencies[spec.Name]
		if kind := map[bool]dep.Scope{false: dep.Prod, true: dep.Optional}[isOptional && !m.requires]; spec.Kind != kind {
			t.Errorf("%s asks for %s as %s, want %s", e.Package.ID(), spec.Name, spec.Kind, kind)
		}
		wanted := cmp.Or(optional, release.Dependencies[spec.Name])
		if m.lockfile == "pnpm-lock.yaml" { // it writes what it resolved them to
			wanted = spec.Range
		}
		if strings.TrimPrefix(spec.Range, "npm:") != wanted { // yarn 4 says of each where it is from
			t.Errorf("%s asks for %s %q, want %q", e.Package.ID(), spec.Name, spec.Range, wanted)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s asks for %q, want %q", e.Package.ID(), got, want)
	}
}

// checkUpdate holds a diff against the one change there is.
func (m manager) checkUpdate(t *testing.T, base, head []dep.Entry) {
	t.Helper()
	changes := lockfile.Diff(base, head)
	if len(changes) == 1 {
		c := changes[0]
		if c.Kind == dep.Updated && c.Entry.Package == newer.Package() && c.From() == "3.1.0" &&
			len(c.Occurrences) == 1 && len(c.Replaces) == 1 && len(c.Displaces) == 0 {
			return
		}
	}
	for _, c := range changes {
		t.Errorf("%s %s from %q, %d occurrences, displaces %d", c.Kind, c.Entry.Package.ID(), c.From(), len(c.Occurrences), len(c.Displaces))
	}
	t.Errorf("%d changes, want the one of fetcher from 3.1.0 to 4.0.0", len(changes))
}

// addressed says whether a package is asked for by the address of its tarball.
func addressed(name string) bool { return name == tarred.Name || name == boxed.Name }

// checkMigration holds the diff between the lockfiles of two package managers
// against what they write in different ways.
func checkMigration(t *testing.T, from, to manager, base, head []dep.Entry) {
	t.Helper()
	if base == nil || head == nil {
		return // said above
	}
	for _, c := range lockfile.Diff(base, head) {
		id, name, worse := c.Entry.Package.ID(), c.Entry.Package.Name, lockfile.Explain(c)
		switch {
		case id == packed && from.bundled != to.bundled:
		case name == "leaf" && from.overrides() != to.overrides():
		case addressed(name) && from.tarballs != to.tarballs:
		// Each spells a path and an address in a way of its own, some without a digest.
		case addressed(name) && c.Kind == dep.Repinned && !worse.Conflict:
		case strings.HasPrefix(name, "@lumen/") && from.leavesOut != to.leavesOut && worse == (lockfile.Difference{Source: true}):
		default:
			t.Errorf("from %s to %s: %s %s %+v", from.name, to.name, c.Kind, id, worse)
		}
	}
}
