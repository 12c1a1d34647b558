package publish

import (
	"fmt"
	"strings"
	"testing"
)

// filesOf divides a text into files: each begins with a line "-- path --".
func filesOf(t testing.TB, s string) Files {
	t.Helper()
	files, name := Files{}, ""
	for line := range strings.Lines(s) {
		if n, ok := strings.CutPrefix(strings.TrimSpace(line), "-- "); ok && strings.HasSuffix(n, " --") {
			name = strings.TrimSuffix(n, " --")
			files[name] = nil
			continue
		}
		if name == "" {
			if strings.TrimSpace(line) != "" {
				t.Fatalf("a line before the first file: %q", line)
			}
			continue
		}
		files[name] = append(files[name], line...)
	}
	for name, data := range files {
		if kindOf(name) == unwanted {
			t.Fatalf("%s is not wanted", name)
		}
		files[name] = data
	}
	return files
}

func waysOf(r *repository) string {
	var b strings.Builder
	for _, w := range r.ways {
		_, file, _ := strings.Cut(w.File, ".github/")
		fmt.Fprintf(&b, "%s to %s at %s:%d", w.Tool, w.Registry, file, w.Line)
		if len(w.Packages) > 0 {
			fmt.Fprintf(&b, " of %s", strings.Join(w.Packages, ", "))
		}
		fmt.Fprintf(&b, ": provenance %s, trusted %s\n", w.Provenance, w.Trusted)
	}
	return b.String()
}

func public() Facts {
	private := false
	return Facts{Repository: "github.com/a/b", Private: &private, DefaultBranch: "main"}
}

// withID is a workflow with one job that may get an ID token, and these steps.
func withID(steps string) string {
	return workflowWith("  contents: read\n  id-token: write", steps)
}

func workflowWith(permissions, steps string) string {
	return `-- .github/workflows/release.yml --
name: Release
on:
  release:
    types: [published]
permissions:
` + permissions + `
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
` + strings.TrimPrefix(steps, "\n")
}

const one = "-- package.json --\n{ \"name\": \"one\", \"version\": \"1.0.0\" }\n"

func TestWays(t *testing.T) {
	node := func(version string) string {
		return "      - uses: actions/setup-node@v6\n        with:\n          node-version: " + version + "\n          registry-url: https://registry.npmjs.org\n"
	}
	token := "        env:\n          NODE_AUTH_TOKEN: ${{ secrets.NPM_TOKEN }}\n"
	for _, c := range []struct{ name, files, want string }{
		{"trusted publishing",
			one + withID(node("24")+"      - run: npm ci\n      - run: npm publish\n"),
			"npm publish to npm at workflows/release.yml:17 of one: provenance yes, trusted yes\n"},
		{"no permission",
			one + workflowWith("  contents: read", node("24")+"      - run: npm publish\n"),
			"npm publish to npm at workflows/release.yml:15 of one: provenance no, trusted no\n"},
		{"an npm that is too old",
			one + withID(node("22")+"      - run: npm publish\n"),
			"npm publish to npm at workflows/release.yml:16 of one: provenance no, trusted no\n"},
		{"Node 24 before its npm was new enough",
			one + withID(node("24.4.1")+"      - run: npm publish\n"),
			"npm publish to npm at workflows/release.yml:16 of one: provenance no, trusted no\n"},
		{"a newer npm installed",
			one + withID(node("22")+"      - run: npm install -g npm@latest\n      - run: npm publish\n"),
			"npm publish to npm at workflows/release.yml:17 of one: provenance yes, trusted yes\n"},
		{"npx npm in a version",
			one + withID(node("22")+"      - run: npx npm@11.7.0 publish\n"),
			"npm publish to npm at workflows/release.yml:16 of one: provenance yes, trusted yes\n"},
		{"a token without provenance",
			one + workflowWith("  contents: read", node("24")+"      - run: npm publish\n"+token),
			"npm publish to npm at workflows/release.yml:15 of one: provenance no, trusted no\n"},
		{"a token with --provenance",
			one + withID(node("20")+"      - run: npm publish --provenance --access public\n"+token),
			"npm publish to npm at workflows/release.yml:16 of one: provenance yes, trusted no\n"},
		{"a token beside what trusted publishing needs",
			one + withID(node("24")+"      - run: npm publish\n"+token),
			"npm publish to npm at workflows/release.yml:16 of one: provenance depends, trusted depends\n"},
		{"provenance by the environment",
			one + withID(node("20")+"      - run: npm publish\n"+token+"          NPM_CONFIG_PROVENANCE: true\n"),
			"npm publish to npm at workflows/release.yml:16 of one: provenance yes, trusted no\n"},
		{"provenance by the manifest",
			"-- package.json --\n{\"name\":\"one\",\"publishConfig\":{\"provenance\":true}}\n" + withID(node("20")+"      - run: npm publish\n"+token),
			"npm publish to npm at workflows/release.yml:16 of one: provenance yes, trusted no\n"},
		{"provenance by .npmrc",
			one + "-- .npmrc --\n# ours\nprovenance=true\n" + withID(node("20")+"      - run: npm publish\n"+token),
			"npm publish to npm at workflows/release.yml:16 of one: provenance yes, trusted no\n"},
		{"provenance turned off",
			one + withID(node("24")+"      - run: npm publish --provenance=false\n"),
			"npm publish to npm at workflows/release.yml:16 of one: provenance no, trusted yes\n"},
		{"provenance by GITHUB_ENV",
			one + withID(node("20")+"      - run: echo \"NPM_CONFIG_PROVENANCE=true\" >> $GITHUB_ENV\n      - run: npm publish\n"+token),
			"npm publish to npm at workflows/release.yml:17 of one: provenance yes, trusted no\n"},
		{"a self-hosted runner",
			one + strings.Replace(withID(node("24")+"      - run: npm publish\n"), "ubuntu-latest", "[self-hosted, linux]", 1),
			"npm publish to npm at workflows/release.yml:16 of one: provenance no, trusted no\n"},
		{"a runner of a name",
			one + strings.Replace(withID(node("24")+"      - run: npm publish\n"), "ubuntu-latest", "our-builders", 1),
			"npm publish to npm at workflows/release.yml:16 of one: provenance depends, trusted depends\n"},
		{"a dry run", one + withID(node("24")+"      - run: npm publish --dry-run\n"), ""},
		{"a dry run that depends",
			one + withID(node("24")+"      - run: npm publish --dry-run=${{ inputs.dry }}\n      - run: npm publish ${{ inputs.dry && '--dry-run' || '' }}\n"),
			"npm publish to npm at workflows/release.yml:16 of one: provenance yes, trusted yes\nnpm publish to npm at workflows/release.yml:17 of one: provenance yes, trusted yes\n"},
		{"a flag in an expression",
			one + withID(node("20")+"      - run: npm publish ${{ inputs.public && '--provenance' || '' }}\n"+token),
			"npm publish to npm at workflows/release.yml:16 of one: provenance depends, trusted no\n"},
		{"a step that never runs", one + withID("      - if: false\n        run: npm publish\n"), ""},
		{"words about publishing", one + withID("      - run: |\n          # npm publish\n          echo \"npm publish\"\n          npm pack\n"), ""},
		{"several lines",
			one + withID(node("24")+"      - run: |\n          npm ci\n\n          npm test && \\\n            npm publish\n"),
			"npm publish to npm at workflows/release.yml:20 of one: provenance yes, trusted yes\n"},
		{"a script of package.json",
			"-- package.json --\n{\n\"name\": \"one\", \"scripts\": { \"release\": \"npm run build && npm publish\", \"build\": \"tsc\" } }\n" + withID(node("24")+"      - run: npm run release -- --provenance=false\n"),
			"npm publish to npm at workflows/release.yml:16 of one: provenance no, trusted yes\n"},
		{"scripts in a circle",
			"-- package.json --\n{\"name\":\"one\",\"scripts\":{\"a\":\"npm run b\",\"b\":\"npm run a\"}}\n" + withID("      - run: npm run a\n"), ""},
		{"a folder",
			one + "-- packages/two/package.json --\n{\"name\":\"@s/two\"}\n" + withID(node("24")+"      - working-directory: packages/two\n        run: npm publish\n"),
			"npm publish to npm at workflows/release.yml:17 of @s/two: provenance yes, trusted yes\n"},
		{"folders in groups",
			"-- a/package.json --\n{\"name\":\"a\"}\n-- b/package.json --\n{\"name\":\"b\"}\n" + withID(node("24")+"      - run: |\n          (cd a && npm publish)\n          (cd b && npm publish)\n"),
			"npm publish to npm at workflows/release.yml:17 of a: provenance yes, trusted yes\nnpm publish to npm at workflows/release.yml:18 of b: provenance yes, trusted yes\n"},
		{"a workspace",
			one + "-- packages/two/package.json --\n{\"name\":\"two\",\"version\":\"1.0.0\"}\n" + withID(node("24")+"      - run: npm publish -w two\n"),
			"npm publish to npm at workflows/release.yml:16 of two: provenance yes, trusted yes\n"},
		{"another registry",
			one + withID("      - uses: actions/setup-node@v6\n        with:\n          node-version: 24\n          registry-url: https://npm.pkg.github.com\n      - run: npm publish\n"),
			"npm publish to npm.pkg.github.com at workflows/release.yml:16 of one: provenance no, trusted no\n"},
		{"a matrix of Nodes",
			one + strings.Replace(withID(node("${{ matrix.node }}")+"      - run: npm publish\n"), "    steps:", "    strategy:\n      matrix:\n        node: [22, 24]\n    steps:", 1),
			"npm publish to npm at workflows/release.yml:19 of one: provenance depends, trusted depends\n"},
		{"a version that is an expression",
			one + withID(node("${{ vars.NODE }}")+"      - run: npm publish\n"),
			"npm publish to npm at workflows/release.yml:16 of one: provenance depends, trusted depends\n"},
		{"a version in a file",
			one + "-- .nvmrc --\nv24.9.0\n" + withID("      - uses: actions/setup-node@v6\n        with: { node-version-file: .nvmrc }\n      - run: npm publish\n"),
			"npm publish to npm at workflows/release.yml:14 of one: provenance yes, trusted yes\n"},
		{"no Node set up",
			one + withID("      - run: npm publish\n"),
			"npm publish to npm at workflows/release.yml:12 of one: provenance depends, trusted depends\n"},
		{"Node by pnpm's action",
			"-- package.json --\n{\"name\":\"one\",\"scripts\":{\"send\":\"npm publish\"}}\n" + withID("      - uses: pnpm/setup@v3\n        with:\n          runtime: node@22\n      - run: npm i -g npm@^11.5.2 && pnpm run send \"$TAG\"\n"),
			"npm publish to npm at workflows/release.yml:15: provenance yes, trusted yes\n"},
		{"an image of Node",
			one + strings.Replace(withID("      - run: npm publish\n"), "    steps:", "    container: node:24-alpine\n    steps:", 1),
			"npm publish to npm at workflows/release.yml:13 of one: provenance yes, trusted yes\n"},
		{"pnpm 10",
			"-- package.json --\n{\"name\":\"one\",\"packageManager\":\"pnpm@10.4.0\"}\n" + withID(node("22")+"      - run: pnpm publish --no-git-checks --provenance\n"+token),
			"pnpm publish to npm at workflows/release.yml:16 of one: provenance yes, trusted no\n"},
		{"pnpm 11",
			"-- package.json --\n{\"name\":\"one\",\"packageManager\":\"pnpm@11.15.1\"}\n" + withID(node("22")+"      - run: pnpm publish --no-git-checks\n"),
			"pnpm publish to npm at workflows/release.yml:16 of one: provenance yes, trusted yes\n"},
		{"pnpm 11 with a token",
			"-- package.json --\n{\"name\":\"one\",\"packageManager\":\"pnpm@11.15.1\"}\n" + withID(node("22")+"      - run: pnpm publish\n"+token),
			"pnpm publish to npm at workflows/release.yml:16 of one: provenance depends, trusted depends\n"},
		{"pnpm everywhere",
			"-- package.json --\n{\"private\":true,\"packageManager\":\"pnpm@11.15.1\"}\n-- p/a/package.json --\n{\"name\":\"a\",\"version\":\"1.0.0\"}\n-- p/b/package.json --\n{\"name\":\"b\",\"version\":\"1.0.0\",\"private\":true}\n" + withID("      - run: pnpm -r publish\n"),
			"pnpm publish to npm at workflows/release.yml:12 of a: provenance yes, trusted yes\n"},
		{"yarn 1",
			one + withID(node("24")+"      - run: yarn publish\n"+token),
			"yarn publish to npm at workflows/release.yml:16 of one: provenance no, trusted no\n"},
		{"yarn that does not ask",
			"-- package.json --\n{\"name\":\"one\",\"packageManager\":\"yarn@4.12.0\"}\n" + withID("      - run: yarn npm publish\n"),
			"yarn npm publish to npm at workflows/release.yml:12 of one: provenance no, trusted yes\n"},
		{"yarn that asks",
			"-- package.json --\n{\"name\":\"one\",\"packageManager\":\"yarn@4.12.0\"}\n-- .yarnrc.yml --\nnpmPublishProvenance: true\n" + withID("      - run: yarn npm publish\n"),
			"yarn npm publish to npm at workflows/release.yml:12 of one: provenance yes, trusted yes\n"},
		{"yarn with a token beside what trusted publishing needs",
			"-- package.json --\n{\"name\":\"one\",\"packageManager\":\"yarn@4.12.0\"}\n-- .yarnrc.yml --\nnpmAuthToken: \"${NODE_AUTH_TOKEN:-}\"\n" + withID("      - run: yarn npm publish --provenance\n"+token),
			"yarn npm publish to npm at workflows/release.yml:12 of one: provenance yes, trusted no\n"},
		{"yarn with a token that it does not read",
			"-- package.json --\n{\"name\":\"one\",\"packageManager\":\"yarn@4.12.0\"}\n" + withID("      - run: yarn npm publish --provenance\n"+token),
			"yarn npm publish to npm at workflows/release.yml:12 of one: provenance yes, trusted yes\n"},
		{"yarn in all workspaces",
			"-- package.json --\n{\"private\":true,\"packageManager\":\"yarn@4.8.0\"}\n-- p/a/package.json --\n{\"name\":\"a\",\"version\":\"1.0.0\"}\n" + withID("      - run: yarn workspaces foreach -A --no-private npm publish --tolerate-republish --provenance\n"+token),
			"yarn npm publish to npm at workflows/release.yml:12 of a: provenance no, trusted no\n"},
		{"bun",
			one + withID("      - run: bun publish\n"+token),
			"bun publish to npm at workflows/release.yml:12 of one: provenance no, trusted no\n"},
		{"lerna 8 from-package",
			"-- package.json --\n{\"private\":true,\"devDependencies\":{\"lerna\":\"^8.1.0\"}}\n-- lerna.json --\n{\"version\":\"1.0.0\"}\n-- packages/a/package.json --\n{\"name\":\"a\",\"version\":\"1.0.0\"}\n" + withID(node("22")+"      - run: npx lerna publish from-package --yes\n"+token+"          NPM_CONFIG_PROVENANCE: \"true\"\n"),
			"lerna publish from-package to npm at workflows/release.yml:16 of a: provenance yes, trusted no\n"},
		{"lerna 9",
			"-- package.json --\n{\"private\":true,\"devDependencies\":{\"lerna\":\"^9.0.0\"}}\n-- packages/a/package.json --\n{\"name\":\"a\",\"version\":\"1.0.0\"}\n" + withID(node("22")+"      - run: yarn lerna publish from-git --yes\n"),
			"lerna publish from-git to npm at workflows/release.yml:16 of a: provenance yes, trusted yes\n"},
		{"changesets by the action",
			"-- package.json --\n{\"name\":\"one\",\"version\":\"1.0.0\",\"scripts\":{\"release\":\"npm run build && changeset publish\"}}\n-- .changeset/config.json --\n{\"access\":\"public\"}\n" + withID(node("24")+"      - uses: changesets/action@v1\n        with:\n          publish: npm run release\n        env:\n          GITHUB_TOKEN: ${{ secrets.GITHUB_TOKEN }}\n          NPM_TOKEN: ${{ secrets.NPM_TOKEN }}\n"),
			"changesets/action to npm at workflows/release.yml:18 of one: provenance depends, trusted depends\n"},
		{"changesets that make the pull request alone",
			one + withID("      - uses: changesets/action@v1\n"), ""},
		{"semantic-release",
			"-- package.json --\n{\"name\":\"one\",\"devDependencies\":{\"semantic-release\":\"^25.0.0\"}}\n-- .releaserc --\nplugins:\n  - \"@semantic-release/commit-analyzer\"\n  - [\"@semantic-release/npm\", {\"pkgRoot\": \".\"}]\n" + withID("      - run: npx semantic-release\n"),
			"semantic-release to npm at workflows/release.yml:12 of one: provenance yes, trusted yes\n"},
		{"semantic-release that leaves npm out",
			"-- package.json --\n{\"name\":\"one\"}\n-- .releaserc.json --\n{\"plugins\":[\"@semantic-release/github\",[\"@semantic-release/npm\",{\"npmPublish\":false}]]}\n" + withID("      - uses: cycjimmy/semantic-release-action@v4\n"), ""},
		{"semantic-release 24 with a token",
			"-- package.json --\n{\"name\":\"one\",\"devDependencies\":{\"semantic-release\":\"24.2.0\"},\"publishConfig\":{\"provenance\":true}}\n" + withID("      - run: npx semantic-release\n        env:\n          NPM_TOKEN: ${{ secrets.NPM_TOKEN }}\n"),
			"semantic-release to npm at workflows/release.yml:12 of one: provenance yes, trusted no\n"},
		{"release-please and npm",
			one + withID("      - uses: googleapis/release-please-action@v4\n        id: release\n"+node("24")+"      - if: ${{ steps.release.outputs.release_created }}\n        run: npm publish\n"),
			"npm publish to npm at workflows/release.yml:19 of one: provenance yes, trusted yes\n"},
		{"release-it",
			"-- package.json --\n{\"name\":\"one\",\"release-it\":{\"npm\":{\"skipChecks\":true}}}\n" + withID(node("24")+"      - run: npx release-it --ci\n"),
			"release-it to npm at workflows/release.yml:16 of one: provenance yes, trusted yes\n"},
		{"release-it without npm",
			one + "-- .release-it.json --\n{\"npm\":{\"publish\":false}}\n" + withID("      - run: npx release-it --ci\n"), ""},
		{"nx release publish",
			one + "-- nx.json --\n{}\n" + withID(node("24")+"      - run: npx nx release publish\n"+token+"          NPM_CONFIG_PROVENANCE: true\n"),
			"nx release publish to npm at workflows/release.yml:16 of one: provenance yes, trusted depends\n"},
		{"nx release version", one + withID("      - run: npx nx release version\n      - run: npx nx release --dry-run\n"), ""},
		{"np", one + withID(node("24")+"      - run: npx np --yolo --no-publish\n"), ""},
		{"JS-DevTools/npm-publish 4",
			one + withID(node("24")+"      - uses: JS-DevTools/npm-publish@v4\n"),
			"JS-DevTools/npm-publish to npm at workflows/release.yml:16 of one: provenance yes, trusted yes\n"},
		{"JS-DevTools/npm-publish 3 with a token",
			one + withID(node("24")+"      - uses: JS-DevTools/npm-publish@v3\n        with:\n          token: ${{ secrets.NPM_TOKEN }}\n          provenance: true\n"),
			"JS-DevTools/npm-publish to npm at workflows/release.yml:16 of one: provenance yes, trusted no\n"},
		{"an .npmrc that is written",
			one + workflowWith("  contents: read", node("24")+"      - run: echo \"//registry.npmjs.org/:_authToken=${{ secrets.NPM_TOKEN }}\" > ~/.npmrc\n      - run: npm publish\n"),
			"npm publish to npm at workflows/release.yml:16 of one: provenance no, trusted no\n"},
		{"npm config set provenance",
			one + withID(node("20")+"      - run: npm config set provenance true\n      - run: npm publish\n"+token),
			"npm publish to npm at workflows/release.yml:17 of one: provenance yes, trusted no\n"},
		{"npm version with a script behind it",
			"-- package.json --\n{\"name\":\"one\",\"scripts\":{\"postversion\":\"npm publish\"}}\n" + withID(node("24")+"      - run: npm version patch\n"),
			"npm publish to npm at workflows/release.yml:16 of one: provenance yes, trusted yes\n"},
		{"a folder that is built",
			one + withID(node("24")+"      - run: npm publish ./dist --access public\n"),
			"npm publish to npm at workflows/release.yml:16: provenance yes, trusted yes\n"},
		{"an archive",
			one + withID(node("24")+"      - run: npm publish *.tgz\n"),
			"npm publish to npm at workflows/release.yml:16: provenance yes, trusted yes\n"},
		{"a loop over folders",
			one + withID(node("24")+"      - run: |\n          for p in packages/*; do\n            (cd $p && npm publish)\n          done\n"),
			"npm publish to npm at workflows/release.yml:18: provenance yes, trusted yes\n"},
		{"behind wrappers",
			one + withID(node("24")+"      - run: sudo -E env CI=1 bash -c 'cross-env A=b npm publish'\n"),
			"npm publish to npm at workflows/release.yml:16 of one: provenance yes, trusted yes\n"},
		{"a script of a workspace",
			"-- package.json --\n{\"private\":true}\n-- p/a/package.json --\n{\"name\":\"a\",\"scripts\":{\"send\":\"npm publish\"}}\n" + withID(node("24")+"      - run: pnpm --filter a run send\n"),
			"npm publish to npm at workflows/release.yml:16 of a: provenance yes, trusted yes\n"},
		{"an option handed on by yarn",
			"-- package.json --\n{\"name\":\"one\",\"scripts\":{\"release\":\"npm publish\"}}\n" + withID(node("24")+"      - run: yarn release --dry-run\n"), ""},
		{"a matrix of registries",
			one + strings.Replace(withID("      - uses: actions/setup-node@v6\n        with:\n          node-version: 24\n          registry-url: ${{ matrix.url }}\n      - run: npm publish\n"), "    steps:", "    strategy:\n      matrix:\n        url: [https://registry.npmjs.org, https://npm.pkg.github.com]\n    steps:", 1),
			"npm publish to npm, npm.pkg.github.com at workflows/release.yml:19 of one: provenance depends, trusted depends\n"},
		{"a restricted package",
			"-- package.json --\n{\"name\":\"@s/one\",\"publishConfig\":{\"access\":\"restricted\"}}\n" + withID(node("24")+"      - run: npm publish\n"),
			"npm publish to npm at workflows/release.yml:16 of @s/one: provenance no, trusted yes\n"},
		{"a package that npm refuses",
			"-- package.json --\n{\"name\":\"one\",\"private\":true}\n" + withID(node("24")+"      - run: npm publish\n"),
			"npm publish to npm at workflows/release.yml:16 of one: provenance no, trusted yes\n"},
		{"a flag that is computed",
			one + withID(node("20")+"      - run: npm publish --provenance=${{ inputs.provenance }}\n"+token),
			"npm publish to npm at workflows/release.yml:16 of one: provenance depends, trusted no\n"},
		{"a token that is empty",
			one + withID(node("24")+"      - run: npm publish\n        env:\n          NODE_AUTH_TOKEN: ''\n"),
			"npm publish to npm at workflows/release.yml:16 of one: provenance yes, trusted yes\n"},
		{"PyPI by its action",
			withID("      - uses: pypa/gh-action-pypi-publish@release/v1\n"),
			"pypa/gh-action-pypi-publish to pypi at workflows/release.yml:12: provenance yes, trusted yes\n"},
		{"PyPI with a password",
			withID("      - uses: pypa/gh-action-pypi-publish@release/v1\n        with:\n          password: ${{ secrets.PYPI }}\n"),
			"pypa/gh-action-pypi-publish to pypi at workflows/release.yml:12: provenance no, trusted no\n"},
		{"PyPI by an old action",
			withID("      - uses: pypa/gh-action-pypi-publish@v1.9.0\n"),
			"pypa/gh-action-pypi-publish to pypi at workflows/release.yml:12: provenance no, trusted yes\n"},
		{"PyPI by a commit with its version",
			withID("      - uses: pypa/gh-action-pypi-publish@76f52bc884231f62b9a034ebfe128415bbaabdfc # v1.12.4\n"),
			"pypa/gh-action-pypi-publish to pypi at workflows/release.yml:12: provenance yes, trusted yes\n"},
		{"TestPyPI",
			withID("      - uses: pypa/gh-action-pypi-publish@release/v1\n        with:\n          repository-url: https://test.pypi.org/legacy/\n"),
			"pypa/gh-action-pypi-publish to test.pypi.org at workflows/release.yml:12: provenance yes, trusted yes\n"},
		{"twine with a token",
			withID("      - run: python -m twine upload dist/*\n        env:\n          TWINE_PASSWORD: ${{ secrets.PYPI }}\n"),
			"twine upload to pypi at workflows/release.yml:12: provenance no, trusted no\n"},
		{"uv", withID("      - run: uv publish\n"), "uv publish to pypi at workflows/release.yml:12: provenance no, trusted yes\n"},
		{"uv with attestations",
			withID("      - uses: astral-sh/attest-action@v0\n      - run: uv publish\n"),
			"uv publish to pypi at workflows/release.yml:13: provenance yes, trusted yes\n"},
		{"poetry", withID("      - run: poetry publish --build\n"), "poetry publish to pypi at workflows/release.yml:12: provenance no, trusted depends\n"},
		{"hatch in its environment", withID("      - run: pipx run hatch publish\n"), "hatch publish to pypi at workflows/release.yml:12: provenance no, trusted depends\n"},
		{"poetry with a token", withID("      - run: poetry publish\n        env:\n          POETRY_PYPI_TOKEN_PYPI: ${{ secrets.PYPI }}\n"), "poetry publish to pypi at workflows/release.yml:12: provenance no, trusted no\n"},
		{"pdm", withID("      - run: pdm publish\n"), "pdm publish to pypi at workflows/release.yml:12: provenance no, trusted yes\n"},
		{"RubyGems by its action",
			withID("      - uses: rubygems/release-gem@v1\n"),
			"rubygems/release-gem to rubygems at workflows/release.yml:12: provenance yes, trusted yes\n"},
		{"gem push with a key",
			withID("      - run: gem push *.gem\n        env:\n          GEM_HOST_API_KEY: ${{ secrets.RUBYGEMS }}\n"),
			"gem push to rubygems at workflows/release.yml:12: provenance no, trusted no\n"},
		{"rake release as a trusted publisher",
			withID("      - uses: rubygems/configure-rubygems-credentials@v1\n      - run: bundle exec rake release\n"),
			"rake release to rubygems at workflows/release.yml:13: provenance no, trusted yes\n"},
		{"crates.io as a trusted publisher",
			withID("      - uses: rust-lang/crates-io-auth-action@v1\n        id: auth\n      - run: cargo publish -p a\n        env:\n          CARGO_REGISTRY_TOKEN: ${{ steps.auth.outputs.token }}\n"),
			"cargo publish to crates.io at workflows/release.yml:14 of a: provenance no, trusted yes\n"},
		{"crates.io with a token",
			withID("      - run: cargo +stable publish\n        env:\n          CARGO_REGISTRY_TOKEN: ${{ secrets.CRATES }}\n"),
			"cargo publish to crates.io at workflows/release.yml:12: provenance no, trusted no\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := model(filesOf(t, c.files), public())
			if got := waysOf(r); got != c.want {
				t.Errorf("got:\n%swant:\n%s", got, c.want)
				for _, w := range r.ways {
					t.Log(strings.Join(w.Why, "\n  "))
				}
				t.Log(r.unread)
			}
		})
	}
}

func TestCommandAndScriptsOfAWay(t *testing.T) {
	r := model(filesOf(t, "-- package.json --\n{\"name\":\"one\",\n\"scripts\":{\"release\":\"npm run send\",\n\"send\":\"npm publish --tag next\"}}\n"+withID("      - run: npm run release\n")), public())
	if len(r.ways) != 1 {
		t.Fatalf("%d ways", len(r.ways))
	}
	w := r.ways[0]
	if got := strings.Join(w.command, " "); got != "npm publish --tag next" || len(w.scripts) != 2 || w.scripts[1].Line != 3 {
		t.Errorf("the command is %q, the scripts are %v", got, w.scripts)
	}
}

func TestPrivateRepositoriesGiveNoProvenance(t *testing.T) {
	private := true
	files := filesOf(t, one+withID("      - uses: actions/setup-node@v6\n        with: { node-version: 24 }\n      - run: npm publish\n"))
	for _, c := range []struct {
		facts Facts
		want  Answer
		why   string
	}{
		{Facts{Private: &private}, No, "The repository is private"},
		{Facts{}, Yes, "whether this one is was not looked at"},
	} {
		r := Check(files, c.facts)
		if len(r.Ways) != 1 || r.Ways[0].Provenance != c.want || !strings.Contains(strings.Join(r.Ways[0].Why, "\n"), c.why) {
			t.Errorf("got %+v", r.Ways)
		}
	}
}

func TestCheckOfNothing(t *testing.T) {
	if r := Check(nil, Facts{}); r.Schema != "bonafide.publish/v1" || len(r.Ways)+len(r.Findings)+len(r.Unread) > 0 {
		t.Errorf("got %+v", r)
	}
}
