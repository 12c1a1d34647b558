package lockfile

import (
	"testing"

	"github.com/bonafide-app/bonafide/app/dep"
)

func FuzzPNPM(f *testing.F) {
	for _, seed := range []string{
		"lockfileVersion: 5\npackages:\n  x.example/a/1.0.0:\n    resolution: {registry: 'https://y.example/'}\n    name: b\n    patched: true\n",
		"lockfileVersion: 5.4-inlineSpecifiers\ndependencies:\n  a: {specifier: npm:b@1, version: /b/1.0.0_c@1.0.0}\npackages:\n  /b/1.0.0_c@1.0.0:\n    resolution: {tarball: b/b.tgz}\n    dependencies: {a: /b/1.0.0_c@1.0.0}\n",
		"lockfileVersion: '9.0'\npackages:\n  a@file:a:\n    resolution: {type: directory, directory: ''}\n  n@runtime:1:\n    resolution: {type: variations, variants: [{resolution: {url: x, integrity: y}}]}\nsnapshots:\n  a@file:a:\n    dependencies: {b: 'n@runtime:1'}\n  n@runtime:1: {optional: true}\n  n@runtime:1(x@1): {}\n",
		"lockfileVersion: '9.0'\npatchedDependencies: {a: x, a@^1: y, a@1.0.0: {path: z}}\npackages:\n  a@1.0.0:\n    resolution: {type: git, repo: r, commit: c, path: p}\nsnapshots:\n  a@1.0.0(patch_hash=x): {}\n---\nlockfileVersion: '6.0'\nspecifiers: {a: 'catalog:'}\ncatalogs: {default: {a: {specifier: 'jsr:1'}}}\n",
	} {
		f.Add([]byte(seed))
	}
	addCorpus(f, "pnpm-lock.yaml")
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, e := range checkFuzzed(t, "a/pnpm-lock.yaml", data) {
			if e.Location == "" || e.Package.Name == "" || e.Bundled || e.OwnDigest || e.Direct != (len(e.Workspaces) > 0) || len(e.Places) < len(e.Workspaces) {
				t.Errorf("%+v", e)
			}
			if _, own := RegistryBase(e.Resolved, e.Package); e.Source == dep.Registry && e.Resolved != "" && !own {
				t.Errorf("not a registry's: %+v", e)
			}
		}
	})
}
