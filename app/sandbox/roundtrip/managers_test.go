package roundtrip_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/sandbox/contract"
)

// manager is one version of a package manager, and how it locks without running
// anything of the project.
type manager struct {
	name     string
	program  string // below node_modules, as a pattern
	args     []string
	env      []string
	lockfile string
	ownRange string                                 // how a workspace asks for another
	root     func(overrides map[string]string) more // of the root's package.json
	files    map[string]string                      // what else it is configured with

	keeps      dep.Facts // of what its lockfile must say
	ownDigests bool      // its digests are of what it makes of the tarballs
	ownPatch   string    // what it changes patchedByYarn with
	undigested []string  // what it writes no sha512 for, by name@version
	bundled    bundling
	leavesOut  bool // the address of what a private registry has
	tarballs   naming
	requires   bool // it does not tell what is optional from what is not
	afresh     bool // it does not see what changed in a workspace, and must lock without a lockfile
}

// bundling is how a lockfile shows what a package bundles.
type bundling string

const (
	asBundled bundling = "bundled"
	asFetched bundling = "fetched" // as if it were not
	notAtAll  bundling = "left out"
)

type more = map[string]any

const everything = dep.FactDigest | dep.FactScope | dep.FactDirect | dep.FactBundled | dep.FactInstallScript | dep.FactDependencies

// scoped says in npm's configuration where the packages of @lumen are.
const scoped = "@lumen:registry=" + private + "/\n"

func managers() []manager {
	workspaces := []string{"packages/*"}
	npm := func(version, program string, args ...string) manager {
		return manager{
			name: version, program: program, lockfile: "package-lock.json", ownRange: "1.0.0",
			args: append([]string{"install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund"}, args...),
			root: func(overrides map[string]string) more {
				return more{"workspaces": workspaces, "overrides": overrides}
			},
			files: map[string]string{".npmrc": scoped},
			keeps: everything, bundled: asBundled,
		}
	}
	pnpm := func(name, program string, besides dep.Facts, undigested ...string) manager {
		return manager{
			name: name, program: program, lockfile: "pnpm-lock.yaml", ownRange: "workspace:*",
			args:  []string{"install", "--lockfile-only", "--ignore-scripts", "--no-frozen-lockfile"},
			root:  func(overrides map[string]string) more { return more{"pnpm": more{"overrides": overrides}} },
			files: map[string]string{".npmrc": scoped, "pnpm-workspace.yaml": "packages:\n  - packages/*\n"},
			keeps: dep.FactDigest | dep.FactScope | dep.FactDirect | dep.FactDependencies | besides, undigested: undigested, bundled: notAtAll, leavesOut: true,
		}
	}
	resolutions := func(overrides map[string]string) more {
		return more{"workspaces": workspaces, "resolutions": overrides}
	}
	npm6 := npm("npm 6", "npm-6/bin/npm-cli.js")
	npm6.ownRange = "file:../api"
	npm6.root = nil // it has neither workspaces nor overrides
	npm6.tarballs, npm6.requires, npm6.afresh = byAddress, true, true
	npm6.keeps = dep.FactDigest | dep.FactScope | dep.FactBundled | dep.FactDependencies
	return []manager{
		npm("npm 11", "npm-11/bin/npm-cli.js"),
		npm("npm 11, lockfileVersion 2", "npm-11/bin/npm-cli.js", "--lockfile-version=2"),
		npm6,
		pnpm("pnpm 10", "pnpm-10/bin/pnpm.cjs", 0),
		pnpm("pnpm 9", "pnpm-9/bin/pnpm.cjs", 0, tarred.Package().ID()),
		pnpm("pnpm 8", "pnpm-8/bin/pnpm.cjs", dep.FactInstallScript, tarred.Package().ID()),
		pnpm("pnpm 7", "pnpm-7/bin/pnpm.cjs", dep.FactInstallScript, tarred.Package().ID()),
		{
			name: "yarn 1", program: "yarn-1/bin/yarn.js", lockfile: "yarn.lock", ownRange: "1.0.0", root: resolutions,
			args:  []string{"install", "--ignore-scripts", "--non-interactive", "--no-progress"},
			files: map[string]string{".npmrc": scoped},
			keeps: dep.FactDigest | dep.FactDependencies, undigested: []string{tarred.Package().ID(), boxed.Package().ID()}, bundled: asFetched,
		},
		{
			name: "yarn 4", program: "yarn-4/bin/yarn.js", lockfile: "yarn.lock", ownRange: "workspace:*", root: resolutions,
			args: []string{"install", "--mode=skip-build"},
			env:  []string{"YARN_ENABLE_TELEMETRY=0", "YARN_ENABLE_GLOBAL_CACHE=0", "YARN_ENABLE_IMMUTABLE_INSTALLS=0", "YARN_ENABLE_SCRIPTS=0"},
			files: map[string]string{".yarnrc.yml": "npmScopes:\n  lumen:\n    npmRegistryServer: " + private + "\n",
				"yarn.lock": ""}, // says that the project begins here
			keeps: dep.FactDirect | dep.FactDependencies, ownDigests: true, ownPatch: "builtin<compat/" + patchedByYarn + ">", bundled: asFetched, leavesOut: true,
		},
		{
			name: "bun 1", program: "@oven/bun-*/bin/bun*", lockfile: "bun.lock", ownRange: "workspace:*",
			args: []string{"install", "--lockfile-only", "--ignore-scripts"},
			root: func(overrides map[string]string) more {
				return more{"workspaces": workspaces, "overrides": overrides}
			},
			files: map[string]string{".npmrc": scoped},
			keeps: everything &^ dep.FactInstallScript, bundled: asBundled, tarballs: byName,
		},
	}
}

// naming is what a lockfile has for the version of a tarball that is in no registry.
type naming string

const (
	byVersion naming = ""
	byAddress naming = "its address"
	byName    naming = "nothing"
)

// overrides says whether it can be told to take another version than is asked for.
func (m manager) overrides() bool { return m.root != nil }

// find is the command of a package manager. It skips the test, and says what is
// missing, where there is none.
func (m manager) find(t *testing.T, node string) []string {
	t.Helper()
	modules := contract.NodeModules(t)
	found, err := filepath.Glob(filepath.Join(modules, filepath.FromSlash(m.program)))
	if err != nil || len(found) == 0 {
		t.Skipf("skipped: %s is missing in %s; `npm ci --ignore-scripts` in .ci installs it", m.program, modules)
	}
	if path.Ext(m.program) == "" { // a binary
		return found[:1]
	}
	return []string{node, found[0]}
}

// findNode is the node command that the package managers run on. It skips the test,
// and says what is missing, where there is none.
func findNode(t *testing.T) string {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("skipped: node is not on PATH")
	}
	said, err := exec.CommandContext(t.Context(), node, "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	version := strings.TrimSpace(string(said))
	major, _, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	if n, err := strconv.Atoi(major); err != nil || n < 20 {
		t.Skipf("skipped: node is %s, and the package managers need 20 or newer", version)
	}
	return node
}

// lock writes the project into a folder, locks it, and returns the lockfile. One that
// is there already is brought up to date.
func (m manager) lock(t *testing.T, w world, command []string, folder string, members []member) []byte {
	t.Helper()
	lockfile := filepath.Join(folder, m.lockfile)
	for name, content := range m.tree(t, members) {
		file := filepath.Join(folder, filepath.FromSlash(name))
		if _, err := os.Stat(file); err == nil && file == lockfile {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if m.afresh {
		if err := os.Remove(lockfile); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	home := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], slices.Concat(command[1:], m.args)...)
	cmd.Dir = folder
	cmd.WaitDelay = 5 * time.Second
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "USERPROFILE=" + home, "TMPDIR=" + home, "TEMP=" + home,
		"HTTPS_PROXY=" + w.proxy, "HTTP_PROXY=" + w.proxy, "https_proxy=" + w.proxy, "http_proxy=" + w.proxy,
		"NODE_EXTRA_CA_CERTS=" + w.authority, "npm_config_cafile=" + w.authority, "NO_UPDATE_NOTIFIER=1", "DO_NOT_TRACK=1", "CI=1",
		"npm_config_globalconfig=" + filepath.Join(home, "npmrc"), "npm_config_update_notifier=false",
		"npm_config_cache=" + filepath.Join(home, "cache"), "npm_config_store_dir=" + filepath.Join(home, "store"),
		"YARN_HTTP_PROXY=" + w.proxy, "YARN_HTTPS_PROXY=" + w.proxy,
		"YARN_CACHE_FOLDER=" + filepath.Join(home, "cache"), "BUN_INSTALL_CACHE_DIR=" + filepath.Join(home, "cache"),
	}, m.env...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	started := time.Now()
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s", m.name, strings.Join(m.args, " "), err, &said)
	}
	t.Logf("%s: %v", m.name, time.Since(started).Round(time.Millisecond))
	text, err := os.ReadFile(lockfile)
	if err != nil {
		t.Fatalf("%v\n%s", err, &said)
	}
	return text
}

// tree is the repository's files by path.
func (m manager) tree(t *testing.T, members []member) map[string]string {
	files := map[string]string{local: string(tarball(t, boxed))}
	maps.Copy(files, m.files)
	for _, own := range members {
		var fields more
		switch {
		case own.folder != ".":
		case m.root != nil:
			fields = m.root(own.overrides)
		default: // without workspaces, they are the root's dependencies
			maps.Copy(own.prod, needs("@storefront/api", "file:packages/api", "@storefront/web", "file:packages/web"))
		}
		files[own.folder+"/package.json"] = own.manifest(m.ownRange, fields)
	}
	return files
}
