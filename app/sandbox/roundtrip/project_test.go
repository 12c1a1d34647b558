package roundtrip_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/sandbox/npm"
	"github.com/bonafide-app/bonafide/app/sandbox/sigstore"
)

// Where the packages come from. Those of the scope @lumen are in a private registry.
const (
	private = "https://npm.lumen.example/repository/team"
	remote  = "https://files.lumen.example/tarred-1.0.0.tgz"
	local   = "vendor/boxed-1.0.0.tgz"
)

// The two tarballs that are in no registry.
var (
	tarred = npm.Release{Name: "tarred", Version: "1.0.0"}
	boxed  = npm.Release{Name: "boxed", Version: "1.0.0"}
)

// published are the releases that the project is locked from.
func published() []npm.Release {
	return []npm.Release{
		{Name: "fetcher", Version: "3.1.0", Dependencies: needs("address", "^1.0.0", "again", "^2.0.0")},
		{Name: "again", Version: "2.0.1", Dependencies: needs("address", "^1.1.0")},
		{Name: "address", Version: "1.2.0"},
		{Name: "paint", Version: "1.4.0"},
		{Name: "paint", Version: "2.0.0"},
		{Name: "logger", Version: "1.0.0", Dependencies: needs("paint", "^1.0.0")},
		{Name: "@lumen/core", Version: "4.9.0", Dependencies: needs("@lumen/types", "^1.0.0")},
		{Name: "@lumen/core", Version: "5.0.1", Dependencies: needs("@lumen/types", "^1.0.0")},
		{Name: "@lumen/types", Version: "1.3.0"},
		{Name: "runner", Version: "9.0.0", Dependencies: needs("paint", "^2.0.0", "differ", "^1.0.0"), Bin: needs("runner", "index.js")},
		{Name: "differ", Version: "1.0.0"},
		{Name: "frame", Version: "7.2.0", Dependencies: needs("leaf", "^1.0.0")},
		{Name: "leaf", Version: "1.0.0"},
		{Name: "leaf", Version: "1.1.0"},
		{Name: "plugin", Version: "2.0.0", PeerDependencies: needs("frame", "^7.0.0")},
		{Name: "native", Version: "1.0.0", Scripts: needs("postinstall", "node index.js"),
			OptionalDependencies: needs("native-aix", "1.0.0", "native-any", "1.0.0")},
		{Name: "native-aix", Version: "1.0.0", OS: []string{"aix"}, CPU: []string{"ppc64"}},
		{Name: "native-any", Version: "1.0.0"},
		{Name: "watcher", Version: "1.1.0"},
		{Name: patchedByYarn, Version: "1.22.8"},
		{Name: "packed", Version: "1.0.0"},
		{Name: "carrier", Version: "1.0.0", Dependencies: needs("packed", "^1.0.0"), BundleDependencies: []string{"packed"},
			Files: map[string]string{
				"node_modules/packed/package.json": `{"name": "packed", "version": "1.0.0"}`,
				"node_modules/packed/index.js":     "",
			}},
	}
}

// What has this name yarn 2 and later change by a patch of their own.
const patchedByYarn = "resolve"

// The release that comes out between the base and the head.
var newer = npm.Release{Name: "fetcher", Version: "4.0.0", Dependencies: needs("address", "^1.0.0", "again", "^2.0.0")}

func needs(pairs ...string) map[string]string {
	m := map[string]string{}
	for pair := range slices.Chunk(pairs, 2) {
		m[pair[0]] = pair[1]
	}
	return m
}

// member is a package of the repository's own.
type member struct {
	folder, name                   string
	prod, dev, optional, overrides map[string]string
}

// own is a workspace's name where it stands for a range: package managers write that
// in several ways.
const own = "OWN"

// project is the repository: a root with two workspaces.
func project(bumped bool) []member {
	fetcher := "^3.0.0"
	if bumped {
		fetcher = "^4.0.0"
	}
	return []member{
		{folder: ".", name: "storefront",
			prod:      needs("paint", "^2.0.0", "carrier", "^1.0.0", "tarred", remote, "boxed", "file:"+local),
			dev:       needs("runner", "^9.0.0", patchedByYarn, "^1.22.0"),
			optional:  needs("watcher", "^1.0.0"),
			overrides: needs("leaf", "1.0.0")},
		{folder: "packages/api", name: "@storefront/api",
			prod: needs("logger", "^1.0.0", "native", "^1.0.0", "@lumen/core", "^5.0.0")},
		{folder: "packages/web", name: "@storefront/web",
			prod: needs("@storefront/api", own, "fetcher", fetcher, "@lumen/core", "^5.0.0", "old-core", "npm:@lumen/core@^4.0.0",
				"frame", "^7.0.0", "plugin", "^2.0.0")},
	}
}

// locked is what a lockfile of the project must say of a package.
type locked struct {
	alias      string
	source     dep.SourceKind
	scope      dep.Scope
	workspaces []string // those that ask for it; none where only other packages do
	script     bool
	aix        bool // not for this platform
	overridden bool
}

// expected is what every lockfile of the project holds, by name@version.
func expected(bumped bool) map[string]locked {
	root, api, web := []string{"."}, []string{"packages/api"}, []string{"packages/web"}
	all := map[string]locked{
		"fetcher@3.1.0":           {workspaces: web},
		"again@2.0.1":             {},
		"address@1.2.0":           {},
		"paint@1.4.0":             {},
		"paint@2.0.0":             {workspaces: root},
		"logger@1.0.0":            {workspaces: api},
		"@lumen/core@4.9.0":       {workspaces: web, alias: "old-core"},
		"@lumen/core@5.0.1":       {workspaces: []string{"packages/api", "packages/web"}},
		"@lumen/types@1.3.0":      {},
		"runner@9.0.0":            {workspaces: root, scope: dep.Dev},
		"differ@1.0.0":            {scope: dep.Dev},
		patchedByYarn + "@1.22.8": {workspaces: root, scope: dep.Dev},
		"frame@7.2.0":             {workspaces: web},
		"leaf@1.0.0":              {overridden: true},
		"plugin@2.0.0":            {workspaces: web},
		"native@1.0.0":            {workspaces: api, script: true},
		"native-aix@1.0.0":        {scope: dep.Optional, aix: true},
		"native-any@1.0.0":        {scope: dep.Optional},
		"watcher@1.1.0":           {workspaces: root, scope: dep.Optional},
		"carrier@1.0.0":           {workspaces: root},
		"tarred@1.0.0":            {workspaces: root, source: dep.URL},
		"boxed@1.0.0":             {workspaces: root, source: dep.File},
	}
	for id, l := range all {
		if l.scope == "" {
			l.scope = dep.Prod
		}
		if l.source == "" {
			l.source = dep.Registry
		}
		all[id] = l
	}
	if bumped {
		all[newer.Package().ID()] = all["fetcher@3.1.0"]
		delete(all, "fetcher@3.1.0")
	}
	return all
}

// world is where the project is locked: what can be reached, and the digest of every
// tarball by name@version; by name alone where it is in no registry.
type world struct {
	*internet
	digests map[string]string
}

func open(t *testing.T, releases ...npm.Release) world {
	t.Helper()
	s, err := sigstore.New(time.Now)
	if err != nil {
		t.Fatal(err)
	}
	r, err := npm.New(s, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	w := world{digests: map[string]string{}}
	for _, release := range releases {
		release.PublishedAt = time.Now().AddDate(0, -1, 0) // some package managers wait for days
		if w.digests[release.Package().ID()], err = r.Publish(release); err != nil {
			t.Fatal(err)
		}
	}
	for _, release := range []npm.Release{tarred, boxed} {
		if w.digests[release.Name], err = release.Integrity(); err != nil {
			t.Fatal(err)
		}
	}
	team, err := r.Private(private)
	if err != nil {
		t.Fatal(err)
	}
	w.internet = connect(t, map[string]http.Handler{
		"registry.npmjs.org":   r,
		"registry.yarnpkg.com": r,
		"npm.lumen.example":    team,
		"files.lumen.example": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(tarball(t, tarred))
		}),
	})
	return w
}

func tarball(t *testing.T, r npm.Release) []byte {
	packed, err := r.Tarball()
	if err != nil {
		t.Error(err)
	}
	return packed
}

// manifest is a package.json, with what only the root has.
func (m member) manifest(ownRange string, more map[string]any) string {
	prod := maps.Clone(m.prod)
	for name, wanted := range prod {
		if wanted == own {
			prod[name] = ownRange
		}
	}
	all := map[string]any{"name": m.name, "version": "1.0.0", "private": true,
		"dependencies": prod, "devDependencies": m.dev, "optionalDependencies": m.optional}
	maps.DeleteFunc(all, func(_ string, v any) bool { section, ok := v.(map[string]string); return ok && len(section) == 0 })
	maps.Copy(all, more)
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		panic(err) // of strings alone
	}
	return strings.TrimSpace(string(text)) + "\n"
}
