package lockfile

import (
	"bytes"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/dep"
)

func FuzzPNPM(f *testing.F) {
	for _, pattern := range []string{"hostile/pnpm-*/head.pnpm-lock.yaml", "pnpm-v*/*/*.yaml"} {
		c := openCorpus(f)
		names, err := fs.Glob(c, pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, name := range names {
			if data := c.read(f, name); len(data) < 20_000 {
				f.Add(data)
			}
		}
	}
	for _, seed := range []string{
		"lockfileVersion: 5\npackages:\n  x.example/a/1.0.0:\n    resolution: {registry: 'https://y.example/'}\n    name: b\n    patched: true\n",
		"lockfileVersion: 5.4-inlineSpecifiers\ndependencies:\n  a: {specifier: npm:b@1, version: /b/1.0.0_c@1.0.0}\npackages:\n  /b/1.0.0_c@1.0.0:\n    resolution: {tarball: b/b.tgz}\n    dependencies: {a: /b/1.0.0_c@1.0.0}\n",
		"lockfileVersion: '9.0'\npackages:\n  a@file:a:\n    resolution: {type: directory, directory: ''}\n  n@runtime:1:\n    resolution: {type: variations, variants: [{resolution: {url: x, integrity: y}}]}\nsnapshots:\n  a@file:a:\n    dependencies: {b: 'n@runtime:1'}\n  n@runtime:1: {optional: true}\n  n@runtime:1(x@1): {}\n",
		"lockfileVersion: '9.0'\npatchedDependencies: {a: x, a@^1: y, a@1.0.0: {path: z}}\npackages:\n  a@1.0.0:\n    resolution: {type: git, repo: r, commit: c, path: p}\nsnapshots:\n  a@1.0.0(patch_hash=x): {}\n---\nlockfileVersion: '6.0'\nspecifiers: {a: 'catalog:'}\ncatalogs: {default: {a: {specifier: 'jsr:1'}}}\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		before := bytes.Clone(data)
		entries, err := Parse("a/pnpm-lock.yaml", data)
		if !bytes.Equal(before, data) {
			t.Fatal("the input was changed")
		}
		lines := lineAt(data, len(data))
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Detail == "" || e.Line < 0 || e.Line > lines {
				t.Fatalf("%#v", err)
			}
			if strings.ContainsAny(err.Error(), "\n\r") {
				t.Errorf("not one line: %q", err)
			}
			if len(entries) > 0 && e.Kind != Inconsistent {
				t.Errorf("%d entries with %v", len(entries), err)
			}
		}
		last := 1
		for _, e := range entries {
			if e.Line < last || e.Line > lines || e.Source == "" || e.Scope == "" || e.Location == "" || e.Package.Name == "" || e.Bundled {
				t.Errorf("%+v", e)
			}
			last = e.Line
			if e.AliasUnasked && e.Alias == "" || e.Alias == e.Package.Name || e.Direct != (len(e.Workspaces) > 0) || len(e.Places) < len(e.Workspaces) {
				t.Errorf("%+v", e)
			}
			if len(e.Digests) > MaxDigests || len(e.Integrity) > MaxIntegrityBytes || e.IntegrityError != "" && e.Digests != nil || e.Integrity != "" && e.IntegrityError == "" && e.Digests == nil {
				t.Errorf("digests: %+v", e)
			}
			if _, own := RegistryBase(e.Resolved, e.Package); e.Source == dep.Registry && e.Resolved != "" && !own {
				t.Errorf("not a registry's: %+v", e)
			}
		}
		if changes := Diff(entries, entries); len(changes) > 0 {
			t.Errorf("a lockfile differs from itself: %q", summary(changes))
		}
	})
}
