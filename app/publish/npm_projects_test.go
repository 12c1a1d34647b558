package publish

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// saidOfNPM is what is said of the ways to npm, in short: every way, every finding of the
// rules that speak of npm, and what was not read.
func saidOfNPM(files Files) (lines []string) {
	r := Check(files, Facts{Repository: "github.com/acme/left", Private: new(bool), DefaultBranch: "main"})
	for _, w := range r.Ways {
		line := fmt.Sprintf("%s to %s", w.Tool, w.Registry)
		if len(w.Packages) > 0 {
			line += " of " + strings.Join(w.Packages, ", ")
		}
		lines = append(lines, line+fmt.Sprintf(": provenance %s, trusted %s", w.Provenance, w.Trusted))
	}
	about := []string{"id-token-missing", "registry-url-missing", "provenance-not-asked", "tool-drops-provenance", "long-lived-token", "npm-too-old", "private-repository", "repository-mismatch"}
	for _, f := range r.Findings {
		if slices.Contains(about, f.Rule) {
			lines = append(lines, string(f.Severity)+" "+f.Rule+" "+strings.TrimSpace(lineOf(files, f.File, f.Line)))
		}
	}
	for _, u := range r.Unread {
		lines = append(lines, "unread "+strings.TrimSpace(lineOf(files, u.File, u.Line)))
	}
	return lines
}

func lineOf(files Files, file string, n int) string {
	lines := strings.Split(string(files[file]), "\n")
	if n < 1 || n > len(lines) {
		return file
	}
	return lines[n-1]
}

// The shapes in which well-known projects publish to npm; what each must be told is from
// the documentation of npm and of the tool, which the code that reads it names.
func TestProjectsPublishToNPM(t *testing.T) {
	const (
		repository = `"repository": "github:acme/left"`
		pkg        = "-- package.json --\n{ \"name\": \"left\", \"version\": \"1.0.0\", " + repository + " }\n"
		private    = "-- package.json --\n{ \"private\": true }\n"
		token      = "        env:\n          NODE_AUTH_TOKEN: ${{ secrets.NPM_TOKEN }}\n"
		longLived  = "warning long-lived-token NODE_AUTH_TOKEN: ${{ secrets.NPM_TOKEN }}"
	)
	// with is package.json with more members.
	with := func(members string) string {
		return "-- package.json --\n{ \"name\": \"left\", \"version\": \"1.0.0\", " + repository + ", " + members + " }\n"
	}
	member := func(dir, name string, members ...string) string {
		return fmt.Sprintf("-- %s/package.json --\n{ \"name\": %q, \"version\": \"1.0.0\", %s }\n", dir, name, strings.Join(append(members, repository), ", "))
	}
	node := func(version string) string {
		return "      - uses: actions/setup-node@v6\n        with:\n          node-version: " + version + "\n          registry-url: https://registry.npmjs.org\n"
	}
	readOnly := func(steps string) string { return workflowWith("  contents: read", steps) }
	for _, c := range []struct {
		name, files string
		want        []string
	}{
		// validator.js, at first
		{"a token and an old Node", pkg + readOnly(node("14")+"      - run: npm publish\n"+token), []string{
			"npm publish to npm of left: provenance no, trusted no",
			"warning id-token-missing permissions:",
			"warning provenance-not-asked - run: npm publish",
			longLived}},
		// uuid
		{"trusted publishing with a flag that it does not need", pkg + withID(node("24")+"      - run: npm publish --provenance\n        if: ${{ steps.release.outputs.release_created }}\n"), []string{
			"npm publish to npm of left: provenance yes, trusted yes"}},
		// axios
		{"a token, provenance, and a tag that a step decides", pkg + withID(node("18")+"      - run: npm publish --provenance --access public --tag ${{ steps.npm_tag.outputs.tag || 'latest' }}\n"+token), []string{
			"npm publish to npm of left: provenance yes, trusted no", longLived}},
		// fastify
		{"two packages, one below", pkg + member("types", "left-types") + withID(node("20")+"      - run: npm install -g npm@latest\n      - run: npm publish --provenance --access public\n"+token+"      - run: npm publish --provenance\n        working-directory: './types'\n"+token), []string{
			"npm publish to npm of left: provenance yes, trusted depends",
			"npm publish to npm of left-types: provenance yes, trusted depends", longLived, longLived}},
		// elysia
		{"a token that nothing hands to npm", pkg + withID("      - uses: oven-sh/setup-bun@v1\n      - run: npm publish --access=public --provenance\n"+token), []string{
			"npm publish to npm of left: provenance depends, trusted depends",
			"error registry-url-missing NODE_AUTH_TOKEN: ${{ secrets.NPM_TOKEN }}", longLived}},
		// zustand, with a version of pnpm that the lockfile alone says
		{"pnpm from the folder that is built", with(`"packageManager": "pnpm@11.4.0"`) + withID(node("lts/*")+"      - run: pnpm publish --no-git-checks\n        working-directory: dist\n"), []string{
			"pnpm publish to npm: provenance yes, trusted yes"}},
		{"npm from the folder that is built, trusted", with(`"publishConfig": { "provenance": true }`) + withID(node("24")+"      - run: npm publish dist\n"), []string{
			"npm publish to npm: provenance yes, trusted yes"}},
		{"pnpm 11, trusted, with what npm reads", with(`"packageManager": "pnpm@11.4.0", "publishConfig": { "provenance": true }`) + withID(node("24")+"      - run: pnpm publish\n        env:\n          NPM_CONFIG_PROVENANCE: true\n"), []string{
			"pnpm publish to npm of left: provenance yes, trusted yes"}},
		{"pnpm 11 with a token, and what npm reads", with(`"packageManager": "pnpm@11.4.0", "publishConfig": { "provenance": true }`) + withID(node("24")+"      - run: pnpm publish\n"+token+"          NPM_CONFIG_PROVENANCE: true\n"), []string{
			"pnpm publish to npm of left: provenance depends, trusted depends",
			"notice provenance-not-asked { \"name\": \"left\", \"version\": \"1.0.0\", \"repository\": \"github:acme/left\", \"packageManager\": \"pnpm@11.4.0\", \"publishConfig\": { \"provenance\": true } }",
			longLived}},
		{"npm from the folder that is built, where package.json asks for provenance", with(`"publishConfig": { "provenance": true }`) + withID(node("22")+"      - run: cd dist && npm publish\n"+token), []string{
			"npm publish to npm: provenance depends, trusted no",
			"notice provenance-not-asked { \"name\": \"left\", \"version\": \"1.0.0\", \"repository\": \"github:acme/left\", \"publishConfig\": { \"provenance\": true } }",
			longLived}},
		// tailwindcss
		{"pnpm for all but one, and that one after",
			"-- package.json --\n{ \"private\": true, \"packageManager\": \"pnpm@9.6.0\" }\n-- pnpm-workspace.yaml --\npackages:\n  - 'crates/node/**'\n  - 'packages/*'\n  - 'playgrounds/*'\n" +
				member("packages/a", "a", `"publishConfig": { "provenance": true }`) + member("crates/node/npm/wasm", "wasm", `"publishConfig": { "provenance": true }`) + "-- playgrounds/p/package.json --\n{ \"name\": \"p\", \"private\": true }\n" +
				withID(node("24")+"      - run: |\n          pnpm --recursive --filter=\"!wasm\" publish --tag next --no-git-checks\n          pushd crates/node/npm/wasm; pnpm publish --tag next --no-git-checks; popd;\n"+token), []string{
				"pnpm publish to npm of a: provenance yes, trusted depends",
				"pnpm publish to npm of wasm: provenance yes, trusted depends", longLived}},
		// svelte
		{"changesets by pnpm 10, trusted", "-- package.json --\n{ \"private\": true, \"packageManager\": \"pnpm@10.4.0\", \"scripts\": { \"changeset:publish\": \"changeset publish\" } }\n-- pnpm-workspace.yaml --\npackages: ['packages/*']\n" + member("packages/a", "a") + "-- packages/a/tests/fixture/package.json --\n{ \"name\": \"fixture\", \"version\": \"1.0.0\" }\n" +
			withID("      - uses: pnpm/action-setup@v4\n"+node("24.x")+"      - uses: changesets/action@v1\n        with:\n          version: pnpm changeset:version\n          publish: pnpm changeset:publish\n        env:\n          GITHUB_TOKEN: ${{ secrets.GITHUB_TOKEN }}\n          NPM_CONFIG_PROVENANCE: true\n"), []string{
			"changesets/action to npm of a: provenance yes, trusted yes"}},
		// astro
		{"changesets with an empty token", "-- package.json --\n{ \"private\": true, \"packageManager\": \"pnpm@11.9.0\" }\n-- pnpm-workspace.yaml --\npackages: ['packages/**']\n" + member("packages/a", "a") +
			withID("      - uses: pnpm/action-setup@v6\n"+node("24.15.0")+"      - uses: changesets/action@v1\n        with:\n          publish: pnpm exec changeset publish\n        env:\n          NPM_TOKEN: ''\n"), []string{
			"changesets/action to npm of a: provenance yes, trusted yes"}},
		// TanStack query
		{"changesets by a command that an expression ends", "-- package.json --\n{ \"private\": true, \"packageManager\": \"pnpm@10.24.0\", \"scripts\": { \"changeset:publish\": \"changeset publish\" } }\n-- pnpm-workspace.yaml --\npackages: ['packages/*']\n" + member("packages/a", "a") +
			withID(node("24")+"      - uses: changesets/action@v1\n        with:\n          publish: pnpm run changeset:publish ${{ steps.dist-tag.outputs.tag && format('--tag {0}', steps.dist-tag.outputs.tag) }}\n"), []string{
			"changesets/action to npm of a: provenance yes, trusted yes"}},
		// changesets themselves
		{"the publishing action of changesets", "-- package.json --\n{ \"private\": true, \"packageManager\": \"pnpm@11.9.0\" }\n-- pnpm-workspace.yaml --\npackages: ['packages/*']\n" + member("packages/a", "a") +
			"-- .github/actions/ci-setup/action.yml --\nruns:\n  using: composite\n  steps:\n    - uses: pnpm/action-setup@v6\n" +
			withID("      - uses: $/.github/actions/ci-setup\n      - uses: changesets/action/publish@8488615a623b1b9c987934bb89eae8af6a946ac1 # v2.1.1\n        with:\n          pack-dir-artifact-id: ${{ needs.pack.outputs.pack-dir-artifact-id }}\n"), []string{
			"changesets/action to npm of a: provenance yes, trusted yes"}},
		{"version 2 of the action of changesets", pkg + withID(node("24")+"      - uses: changesets/action@v2\n        with:\n          publish-script: npx changeset publish\n"), []string{
			"changesets/action to npm of left: provenance yes, trusted yes"}},
		// apollo-client
		{"changesets with a token in a here-document", with(`"scripts": { "changeset-publish": "changeset publish" }`) +
			withID("      - run: |\n          cat << EOF > \"$HOME/.npmrc\"\n            //registry.npmjs.org/:_authToken=$NPM_TOKEN\n          EOF\n        env:\n          NPM_TOKEN: ${{ secrets.NPM_TOKEN }}\n"+node("24")+"      - run: npm run changeset-publish -- --tag next\n        env:\n          NPM_CONFIG_PROVENANCE: true\n"), []string{
			"changeset publish to npm of left: provenance yes, trusted depends",
			"warning long-lived-token NPM_TOKEN: ${{ secrets.NPM_TOKEN }}"}},
		{"changesets by pnpm 11 with a token, and what npm reads", "-- package.json --\n{ \"private\": true, \"packageManager\": \"pnpm@11.9.0\" }\n-- pnpm-workspace.yaml --\npackages: ['packages/*']\n" + member("packages/a", "a", `"publishConfig": { "provenance": true }`) +
			withID(node("24")+"      - run: pnpm changeset publish\n"+token), []string{
			"changeset publish to npm of a: provenance depends, trusted depends",
			"notice tool-drops-provenance - run: pnpm changeset publish", longLived}},
		{"changesets where all packages are private", private + "-- pnpm-workspace.yaml --\npackages: ['packages/*']\n-- packages/a/package.json --\n{ \"name\": \"a\", \"version\": \"1.0.0\", \"private\": true }\n" +
			readOnly("      - uses: changesets/action@v1\n        with:\n          publish: pnpm changeset publish\n"), nil},
		{"changesets 2 in a repository of yarn 4 call npm", "-- package.json --\n{ \"private\": true, \"packageManager\": \"yarn@4.12.0\", \"workspaces\": [\"packages/*\"], \"devDependencies\": { \"@changesets/cli\": \"^2.29.7\" } }\n" + member("packages/a", "a") + member("examples/e", "example") +
			withID(node("24")+"      - run: yarn changeset publish\n"), []string{
			"changeset publish to npm of a: provenance yes, trusted yes"}},
		{"changesets 3 in a repository of yarn 4 call yarn", "-- package.json --\n{ \"private\": true, \"packageManager\": \"yarn@4.12.0\", \"workspaces\": [\"packages/*\"], \"devDependencies\": { \"@changesets/cli\": \"^3.0.3\" } }\n" + member("packages/a", "a") +
			withID(node("24")+"      - run: yarn run changeset publish\n"), []string{
			"changeset publish to npm of a: provenance no, trusted yes",
			"warning tool-drops-provenance - run: yarn run changeset publish"}},
		{"changesets of one package leave its examples alone", pkg + member("examples/e", "example") + withID(node("24")+"      - run: npx changeset publish\n"), []string{
			"changeset publish to npm of left: provenance yes, trusted yes"}},
		// napi-rs
		{"lerna by a setting and a token that a script writes", "-- package.json --\n{ \"private\": true, \"workspaces\": [\"cli\"], \"devDependencies\": { \"lerna\": \"8.1.2\" } }\n" + member("cli", "@napi/cli") +
			withID("      - uses: actions/setup-node@v3\n        with:\n          node-version: 18\n      - run: |\n          npm config set provenance true\n          echo \"//registry.npmjs.org/:_authToken=$NPM_TOKEN\" >> ~/.npmrc\n          yarn lerna publish from-package --yes\n        env:\n          NPM_TOKEN: ${{ secrets.NPM_TOKEN }}\n"), []string{
			"lerna publish from-package to npm of @napi/cli: provenance yes, trusted no",
			"warning long-lived-token NPM_TOKEN: ${{ secrets.NPM_TOKEN }}"}},
		// trpc
		{"lerna with a token that a step before wrote", "-- package.json --\n{ \"private\": true, \"devDependencies\": { \"lerna\": \"^8.1.5\" } }\n-- lerna.json --\n{ \"packages\": [\"packages/*\"] }\n" + member("packages/a", "a") + member("www", "www") +
			readOnly("      - run: echo \"//registry.npmjs.org/:_authToken=$NPM_TOKEN\" > $HOME/.npmrc\n        env:\n          NPM_TOKEN: ${{ secrets.NPM_TOKEN }}\n      - run: pnpm lerna publish --canary major --dist-tag tmp --yes\n"), []string{
			"lerna publish to npm of a: provenance no, trusted no",
			"warning id-token-missing permissions:",
			"warning tool-drops-provenance - run: pnpm lerna publish --canary major --dist-tag tmp --yes",
			"warning long-lived-token NPM_TOKEN: ${{ secrets.NPM_TOKEN }}"}},
		// vuejs/language-tools
		{"lerna-lite, trusted", "-- package.json --\n{ \"private\": true, \"devDependencies\": { \"@lerna-lite/cli\": \"^4.10.5\" } }\n-- lerna.json --\n{ \"packages\": [\"packages/*\"] }\n" + member("packages/a", "a") +
			withID(node("22")+"      - run: npx lerna publish from-git --yes\n"), []string{
			"lerna publish from-git to npm of a: provenance yes, trusted yes"}},
		{"lerna-lite before trusted publishing", "-- package.json --\n{ \"private\": true, \"devDependencies\": { \"@lerna-lite/cli\": \"4.6.1\" } }\n-- lerna.json --\n{ \"packages\": [\"packages/*\"] }\n" + member("packages/a", "a") +
			withID(node("24")+"      - run: pnpm lerna publish from-git --yes\n"), []string{
			"lerna publish from-git to npm of a: provenance no, trusted no",
			"error tool-drops-provenance { \"private\": true, \"devDependencies\": { \"@lerna-lite/cli\": \"4.6.1\" } }"}},
		// semantic-release itself
		{"semantic-release in a version that npx is told", with(`"dependencies": { "@semantic-release/npm": "^13.0.0" }`) + withID(node("lts/*")+"      - run: npx semantic-release@24.2.9\n        env:\n          NPM_TOKEN: ${{ secrets.SEMANTIC_RELEASE_BOT_NPM_TOKEN }}\n"), []string{
			"semantic-release to npm of left: provenance no, trusted no",
			"warning tool-drops-provenance - run: npx semantic-release@24.2.9",
			"warning long-lived-token NPM_TOKEN: ${{ secrets.SEMANTIC_RELEASE_BOT_NPM_TOKEN }}"}},
		{"semantic-release beside plugins in versions of their own", pkg + withID(node("24")+"      - run: npx -p @semantic-release/git@10.0.1 -p semantic-release@25 semantic-release\n"), []string{
			"semantic-release to npm of left: provenance yes, trusted yes"}},
		{"semantic-release with settings of a package", pkg + "-- .releaserc.json --\n{ \"extends\": \"@acme/release\" }\n" + withID(node("24")+"      - run: npx semantic-release@25\n"), []string{
			"semantic-release to npm of left: provenance depends, trusted depends"}},
		{"semantic-release with a plugin for pnpm", pkg + "-- .releaserc.json --\n{ \"plugins\": [\"@semantic-release/github\",\n\"semantic-release-pnpm\"] }\n" + withID(node("24")+"      - run: npx semantic-release@25\n"), []string{
			"unread \"semantic-release-pnpm\"] }"}},
		{"semantic-release that publishes on GitHub alone", pkg + "-- .releaserc --\nplugins: ['@semantic-release/commit-analyzer', '@semantic-release/github']\n" + readOnly("      - run: npx semantic-release\n"), nil},
		{"the action of semantic-release brings its own", with(`"devDependencies": { "semantic-release": "^24.0.0" }`) + withID(node("24")+"      - uses: cycjimmy/semantic-release-action@v6\n"), []string{
			"cycjimmy/semantic-release-action to npm of left: provenance yes, trusted yes"}},
		{"the action of semantic-release before it knew", with(`"devDependencies": { "semantic-release": "^25.0.0" }`) + withID(node("24")+"      - uses: cycjimmy/semantic-release-action@v4\n"), []string{
			"cycjimmy/semantic-release-action to npm of left: provenance no, trusted no",
			"warning tool-drops-provenance - uses: cycjimmy/semantic-release-action@v4"}},
		// typescript-eslint
		{"nx release", "-- package.json --\n{ \"private\": true, \"packageManager\": \"pnpm@10.16.1\" }\n-- pnpm-workspace.yaml --\npackages: ['packages/*']\n-- nx.json --\n{}\n" + member("packages/a", "a") + withID(node("24")+"      - run: pnpm nx release publish\n"), []string{
			"nx release publish to npm of a: provenance yes, trusted yes"}},
		{"nx release of bun", "-- package.json --\n{ \"private\": true, \"packageManager\": \"bun@1.3.0\", \"workspaces\": [\"packages/*\"] }\n" + member("packages/a", "a") + withID(node("24")+"      - run: bunx nx release publish\n"+token), []string{
			"nx release publish to npm of a: provenance no, trusted no",
			"warning tool-drops-provenance - run: bunx nx release publish", longLived}},
		// allure-js
		{"yarn for all workspaces, not asked", "-- package.json --\n{ \"private\": true, \"packageManager\": \"yarn@4.14.0\", \"workspaces\": [\"packages/*\"] }\n" + member("packages/a", "a") + withID(node("24")+"      - run: yarn workspaces foreach -Apt --no-private npm publish --tolerate-republish\n"), []string{
			"yarn npm publish to npm of a: provenance no, trusted yes",
			"warning tool-drops-provenance - run: yarn workspaces foreach -Apt --no-private npm publish --tolerate-republish"}},
		{"yarn by its variable", "-- package.json --\n{ \"private\": true, \"workspaces\": [\"packages/*\"] }\n-- .yarnrc.yml --\nyarnPath: .yarn/releases/yarn-4.12.0.cjs\n" + member("packages/a", "a") + withID(node("24")+"      - run: yarn workspaces foreach -A npm publish\n        env:\n          YARN_NPM_AUTH_TOKEN: ${{ secrets.NPM_TOKEN }}\n          YARN_NPM_PUBLISH_PROVENANCE: true\n"), []string{
			"yarn npm publish to npm of a: provenance yes, trusted no",
			"warning long-lived-token YARN_NPM_AUTH_TOKEN: ${{ secrets.NPM_TOKEN }}"}},
		{"yarn by npm's variable, which it does not read", with(`"packageManager": "yarn@4.12.0"`) + withID(node("24")+"      - run: yarn npm publish\n        env:\n          YARN_NPM_AUTH_TOKEN: ${{ secrets.NPM_TOKEN }}\n          NPM_CONFIG_PROVENANCE: true\n"), []string{
			"yarn npm publish to npm of left: provenance no, trusted no",
			"warning provenance-not-asked - run: yarn npm publish",
			"warning long-lived-token YARN_NPM_AUTH_TOKEN: ${{ secrets.NPM_TOKEN }}"}},
		{"yarn to GitHub Packages by its settings", with(`"packageManager": "yarn@4.12.0"`) + "-- .yarnrc.yml --\nnpmPublishRegistry: https://npm.pkg.github.com\n" + readOnly("      - run: yarn npm publish\n        env:\n          YARN_NPM_AUTH_TOKEN: ${{ secrets.GITHUB_TOKEN }}\n"), []string{
			"yarn npm publish to npm.pkg.github.com of left: provenance no, trusted no"}},
		{"yarn with a token for another registry", with(`"packageManager": "yarn@4.12.0"`) + withID("      - run: |\n          yarn config set -H 'npmRegistries[\"//npm.pkg.github.com\"].npmAuthToken' \"${{ secrets.GITHUB_TOKEN }}\"\n          yarn npm publish --provenance\n"), []string{
			"yarn npm publish to npm of left: provenance yes, trusted yes"}},
		// lingui
		{"a script whose name is an expression", with(`"scripts": { "release:latest": "lerna publish" }`) + withID("      - run: yarn release:${{ github.event.inputs.versionType }}\n"), []string{
			"unread - run: yarn release:${{ github.event.inputs.versionType }}"}},
		// vue
		{"a program of the repository behind Vite+", with(`"scripts": { "release": "node -r esbuild-register scripts/release.js" }`) + withID("      - run: npm i -g npm@latest\n      - run: vp exec pnpm run release --publishOnly\n"), []string{
			"unread - run: vp exec pnpm run release --publishOnly"}},
		// babel, mui
		{"a tool of their own", private + readOnly("      - run: yarn release-tool publish --yes\n      - run: yarn vsce publish\n"), []string{
			"unread - run: yarn release-tool publish --yes"}},
		{"auto shipit", pkg + readOnly("      - run: npx auto shipit\n      - run: npx auto info\n"), []string{"unread - run: npx auto shipit"}},
		{"np", pkg + withID(node("24")+"      - run: npx np --yolo --no-tests\n"), []string{
			"np to npm of left: provenance depends, trusted depends"}},
		// release-it, movableink/fluid
		{"release-it without its checks", pkg + "-- .release-it.json --\n{ \"npm\": { \"skipChecks\": true } }\n" + withID(node("24")+"      - run: npx release-it --ci\n"), []string{
			"release-it to npm of left: provenance yes, trusted yes"}},
		{"release-it that makes the tag alone", pkg + "-- .release-it.json --\n{ \"npm\": { \"publish\": false } }\n" + readOnly("      - run: npx release-it --ci\n"), nil},
		{"bun publish", pkg + withID("      - run: bun publish\n        env:\n          NPM_CONFIG_TOKEN: ${{ secrets.NPM_TOKEN }}\n"), []string{
			"bun publish to npm of left: provenance no, trusted no",
			"warning tool-drops-provenance - run: bun publish",
			"warning long-lived-token NPM_CONFIG_TOKEN: ${{ secrets.NPM_TOKEN }}"}},
		// nestjs-trpc
		{"npm by bun", pkg + withID("      - run: bunx npm@latest publish --provenance --access public\n"), []string{
			"npm publish to npm of left: provenance yes, trusted yes"}},
		{"JS-DevTools/npm-publish that only tries", pkg + readOnly("      - uses: JS-DevTools/npm-publish@v4\n        with:\n          dry-run: true\n"), nil},
		{"turbo runs the scripts of all packages", private + "-- pnpm-workspace.yaml --\npackages: ['packages/*']\n" + member("packages/a", "a", `"scripts": { "ship": "npm publish" }`) + withID(node("24")+"      - run: pnpm turbo run ship\n"), []string{
			"npm publish to npm of a: provenance yes, trusted yes"}},
		{"scripts that a pattern names", with(`"scripts": { "ship": "run-s build ship:*", "ship:npm": "npm publish" }`) + withID(node("24")+"      - run: npm run ship\n"), []string{
			"npm publish to npm of left: provenance yes, trusted yes"}},
		{"pnpm runs npm in every package", private + "-- pnpm-workspace.yaml --\npackages: ['packages/*']\n" + member("packages/a", "a") + withID(node("24")+"      - run: pnpm -r exec npm publish\n"), []string{
			"npm publish to npm of a: provenance yes, trusted yes"}},
		{"pnpm at the root of the workspace", with(`"scripts": { "ship": "npm publish" }`) + withID(node("24")+"      - run: pnpm -w ship\n        working-directory: packages/a\n"), []string{
			"npm publish to npm of left: provenance yes, trusted yes"}},
		// biome
		{"a loop over the folders of the packages", private + member("packages/a", "a") + withID(node("24")+"      - run: for package in packages/*; do if [ $package != x ]; then npm publish $package --tag latest; fi; done\n"), []string{
			"npm publish to npm: provenance yes, trusted yes"}},
		{"a matrix over the packages", private + member("packages/a", "a", `"publishConfig": { "provenance": true }`) + member("packages/b", "b", `"publishConfig": { "provenance": true }`) +
			withID(node("22")+"      - run: npm publish\n        working-directory: packages/${{ matrix.package }}\n"+token), []string{
			"npm publish to npm: provenance depends, trusted no",
			"notice provenance-not-asked { \"name\": \"a\", \"version\": \"1.0.0\", \"publishConfig\": { \"provenance\": true }, \"repository\": \"github:acme/left\" }",
			longLived}},
		{"GitHub Packages alone", with(`"publishConfig": { "registry": "https://npm.pkg.github.com" }`) + readOnly(node("20")+"      - run: npm publish\n        env:\n          NODE_AUTH_TOKEN: ${{ secrets.GITHUB_TOKEN }}\n"), []string{
			"npm publish to npm.pkg.github.com of left: provenance no, trusted no"}},
		{"a registry for tests", pkg + readOnly("      - run: npx verdaccio & npm publish --registry http://localhost:4873\n      - run: npm pack\n      - run: npm publish --dry-run\n"), []string{
			"npm publish to localhost of left: provenance no, trusted no"}},
		{"a token of the .npmrc by another name", pkg + "-- .npmrc --\n//registry.npmjs.org/:_authToken=${PUBLISH_TOKEN}\n" + withID(node("22")+"      - run: npm publish --provenance\n        env:\n          PUBLISH_TOKEN: ${{ secrets.PUBLISH_TOKEN }}\n"), []string{
			"npm publish to npm of left: provenance yes, trusted no",
			"warning long-lived-token PUBLISH_TOKEN: ${{ secrets.PUBLISH_TOKEN }}"}},
		{"a token for another registry, to install from", pkg + withID(node("24")+"      - run: echo \"//npm.pkg.github.com/:_authToken=${{ secrets.GITHUB_TOKEN }}\" >> ~/.npmrc\n      - run: npm ci\n      - run: npm publish\n"), []string{
			"npm publish to npm of left: provenance yes, trusted yes"}},
		{"pnpm 11 by npm's variable, which it does not read", with(`"packageManager": "pnpm@11.4.0"`) + withID("      - run: pnpm publish\n        env:\n          NODE_AUTH_TOKEN: ${{ secrets.NPM_TOKEN }}\n          NPM_CONFIG_PROVENANCE: true\n"+node("24")), []string{
			"pnpm publish to npm of left: provenance depends, trusted depends",
			"error registry-url-missing NODE_AUTH_TOKEN: ${{ secrets.NPM_TOKEN }}",
			"warning provenance-not-asked - run: pnpm publish", longLived}},
		{"pnpm by corepack", pkg + withID(node("24")+"      - run: corepack prepare pnpm@10.12.1 --activate\n      - run: pnpm publish --provenance --no-git-checks\n"+token), []string{
			"pnpm publish to npm of left: provenance yes, trusted depends", longLived}},
		{"pnpm 11 by its own setting", with(`"devEngines": { "packageManager": { "name": "pnpm", "version": "11.4.0" } }`) + "-- pnpm-workspace.yaml --\nprovenance: true\n" + withID(node("24")+"      - run: pnpm publish\n"+token), []string{
			"pnpm publish to npm of left: provenance yes, trusted depends", longLived}},
		{"Node by devEngines", with(`"devEngines": { "runtime": { "name": "node", "version": "22.x" } }, "engines": { "node": ">=24" }`) + withID("      - uses: actions/setup-node@v6\n        with:\n          node-version-file: package.json\n      - run: npm publish\n"), []string{
			"npm publish to npm of left: provenance no, trusted no",
			"error npm-too-old node-version-file: package.json"}},
		{"a repository in other letters than GitHub's", strings.ReplaceAll(pkg, "acme/left", "Acme/left") + withID(node("24")+"      - run: npm publish\n"), []string{
			"npm publish to npm of left: provenance yes, trusted yes",
			"error repository-mismatch { \"name\": \"left\", \"version\": \"1.0.0\", \"repository\": \"github:Acme/left\" }"}},
		{"options in a variable of the step", pkg + withID(node("22")+"      - run: npm publish $FLAGS\n"+token+"          FLAGS: --provenance --access public\n"), []string{
			"npm publish to npm of left: provenance yes, trusted no", longLived}},
		{"options in a variable that depends", pkg + withID(node("24")+"      - run: npm publish ${FLAGS}\n        env:\n          FLAGS: ${{ inputs.try && '--dry-run' || '' }}\n"), []string{
			"npm publish to npm of left: provenance yes, trusted yes"}},
		{"a variable before the command, quoted", pkg + withID(node("22")+"      - run: NODE_AUTH_TOKEN=\"${{ secrets.NPM_TOKEN }}\" NPM_CONFIG_PROVENANCE='true' npm publish\n"), []string{
			"npm publish to npm of left: provenance yes, trusted no",
			"warning long-lived-token - run: NODE_AUTH_TOKEN=\"${{ secrets.NPM_TOKEN }}\" NPM_CONFIG_PROVENANCE='true' npm publish"}},
		// axios, for a day
		{"staged by an npm that cannot", pkg + withID(node("22")+"      - run: npx npm@11.6.0 stage publish\n"), []string{
			"npm stage publish to npm of left: provenance no, trusted no",
			"error npm-too-old - run: npx npm@11.6.0 stage publish"}},
		{"staged by the npm of a Node", pkg + withID(node("24")+"      - run: npm stage publish\n"), []string{
			"npm stage publish to npm of left: provenance depends, trusted depends"}},
		{"staged by pnpm", with(`"packageManager": "pnpm@11.4.0"`) + withID(node("24")+"      - run: pnpm stage publish --no-git-checks\n"), []string{
			"pnpm stage publish to npm of left: provenance yes, trusted yes"}},
		// mui
		{"options that the script puts together", pkg + withID(node("22")+"      - run: |\n          ARGS=\"\"\n          if [ \"${{ inputs.dry-run }}\" = \"true\" ]; then\n            ARGS=\"$ARGS --dry-run\"\n          fi\n          npm publish $ARGS\n"+token), []string{
			"npm publish to npm of left: provenance depends, trusted no",
			"notice provenance-not-asked npm publish $ARGS", longLived}},
		{"PowerShell", pkg + withID("      - run: if ($env:GO -eq '1') { npm publish }\n        shell: pwsh\n"), []string{
			"npm publish to npm of left: provenance depends, trusted depends"}},
		{"two of several packages", private + "-- packages/a/package.json --\n{ \"name\": \"a\", \"version\": \"1.0.0\", " + repository + " }\n" + member("packages/b", "b") + member("packages/c", "c") + withID(node("24")+"      - run: npm publish -w a --workspace=packages/b\n"), []string{
			"npm publish to npm of a, b: provenance yes, trusted yes"}},
		{"npm and GitHub Packages, one after the other", strings.ReplaceAll(pkg, "\"left\"", "\"@acme/left\"") + withID(node("24")+"      - run: npm publish\n      - uses: actions/setup-node@v6\n        with:\n          registry-url: https://npm.pkg.github.com\n      - run: npm publish\n        env:\n          NODE_AUTH_TOKEN: ${{ secrets.GITHUB_TOKEN }}\n"), []string{
			"npm publish to npm of @acme/left: provenance yes, trusted yes",
			"npm publish to npm.pkg.github.com of @acme/left: provenance no, trusted no"}},
		{"a token that the caller hands in", pkg + "-- .github/workflows/release.yml --\non: push\njobs:\n  ship:\n    permissions:\n      contents: read\n      id-token: write\n    uses: ./.github/workflows/ship.yml\n    with:\n      node: 20\n    secrets:\n      npm-token: ${{ secrets.NPM_TOKEN }}\n-- .github/workflows/ship.yml --\non:\n  workflow_call:\n    inputs:\n      node:\n        type: number\n    secrets:\n      npm-token:\njobs:\n  ship:\n    runs-on: ubuntu-latest\n    steps:\n" + node("${{ inputs.node }}") + "      - run: npm publish --provenance\n        env:\n          NODE_AUTH_TOKEN: ${{ secrets.npm-token }}\n", []string{
			"npm publish to npm of left: provenance yes, trusted no",
			"warning long-lived-token NODE_AUTH_TOKEN: ${{ secrets.npm-token }}"}},
		{"a script that publishes, in a called workflow of the same commit", with(`"scripts": { "ship": "npm publish --provenance" }`) +
			"-- .github/workflows/release.yml --\non: push\njobs:\n  ship:\n    permissions:\n      contents: read\n      id-token: write\n    uses: $/.github/workflows/ship.yml\n-- .github/workflows/ship.yml --\non: workflow_call\njobs:\n  ship:\n    runs-on: ubuntu-latest\n    steps:\n" + node("24") + "      - run: npm run ship\n", []string{
			"npm publish to npm of left: provenance yes, trusted yes"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := saidOfNPM(filesOf(t, c.files))
			slices.Sort(got)
			slices.Sort(c.want)
			if !slices.Equal(got, c.want) {
				t.Errorf("got:\n  %s\nwant:\n  %s\n%s", strings.Join(got, "\n  "), strings.Join(c.want, "\n  "), whys(filesOf(t, c.files)))
			}
		})
	}
}

// whys are the sentences on which the answers rest.
func whys(files Files) string {
	var b strings.Builder
	r := Check(files, Facts{Repository: "github.com/acme/left", Private: new(bool), DefaultBranch: "main"})
	for _, w := range r.Ways {
		fmt.Fprintf(&b, "%s: %s\n", w.Tool, strings.Join(w.Why, " "))
	}
	for _, u := range r.Unread {
		fmt.Fprintf(&b, "%s:%d: %s\n", u.File, u.Line, u.Reason)
	}
	return b.String()
}

func TestARegistryOfTheJobItselfIsNoBusinessOfTheRules(t *testing.T) {
	for _, registry := range []string{"http://localhost:4873", "http://127.0.0.1:4873/", "http://[::1]:4873"} {
		files := filesOf(t, one+workflowWith("  contents: read", "      - uses: acme/setup@v1\n      - uses: actions/setup-node@v6\n        with:\n          cache: npm\n      - run: npm publish --registry "+registry+"\n"))
		if r := Check(files, public()); len(r.Ways) != 1 || len(r.Findings) != 0 {
			t.Errorf("%s: %d ways, %v", registry, len(r.Ways), r.Findings)
		}
	}
}

func TestCommandsAreFoundBehindOthers(t *testing.T) {
	for _, script := range []string{
		"eval \"npm publish\"", "nice -n 5 npm publish", "retry -t 3 npm publish", "timeout -k 5 60 npm publish", "volta run npm publish",
		"op run --env-file=x -- npm publish", "doppler run -- npm publish", "nvm exec 20 npm publish", "fnm exec --using=20 npm publish", "mise exec -- npm publish",
		"function go { npm publish; }", "function go() { npm publish; }", "corepack npm@11 publish", "find . -name package.json -execdir npm publish \\;", "parallel npm publish ::: a b",
		"npm pack | xargs npm publish", "until npm publish; do sleep 1; done", "FOO=\"a b\" npm publish", "FOO=(a b) && npm publish", "{ npm publish; } 2>/dev/null",
	} {
		r := model(filesOf(t, one+withID("      - run: |\n          "+script+"\n")), public())
		if len(r.ways) != 1 || len(r.unread) != 0 {
			t.Errorf("%s: %d ways, unread %v", script, len(r.ways), r.unread)
		}
	}
}
