package publish

import (
	"slices"
	"strings"
)

// explanation is an error that this version can explain. One of a code, which npm and the tools
// that speak for it name, holds where its words stand in what they say; one without words
// for all that is left of the code. One that is bare is looked for in every line.
type explanation struct {
	code   string
	bare   bool
	reads  bool     // it is about something that was asked for, not about publishing
	words  []string // in lower case: one of them
	causes []string // the likeliest first, where the log shows nothing else
	source string
}

func (k explanation) finding(line int, text string, s evidence) LogFinding {
	return LogFinding{Code: k.code, Line: line, Text: logText(text), Causes: s.inOrder(k.causes), Source: k.source, general: len(k.words) == 0, passing: k.reads || k.bare}
}

func (k explanation) says(lower string) bool {
	return slices.ContainsFunc(k.words, func(w string) bool { return strings.Contains(lower, w) })
}

// explainCode is the first error of a code that fits what was said with it.
func explainCode(code, text string) (explanation, bool) {
	lower := strings.ToLower(text)
	for _, k := range explanations {
		if k.code == code && !k.bare && (len(k.words) == 0 || k.says(lower)) {
			return k, true
		}
	}
	return explanation{}, false
}

// explainText is the first error whose words stand in a line.
func explainText(line string) (explanation, bool) {
	lower := strings.ToLower(line)
	for _, k := range explanations {
		if k.bare && k.says(lower) {
			return k, true
		}
	}
	return explanation{}, false
}

// Where the causes are from. Each page was read.
const (
	pageNPMTrusted   = "https://docs.npmjs.com/trusted-publishers"
	pageNPMProvenant = "https://docs.npmjs.com/generating-provenance-statements"
	pageNPMTwoFactor = "https://docs.npmjs.com/requiring-2fa-for-package-publishing-and-settings-modification"
	pageNPMScoped    = "https://docs.npmjs.com/creating-and-publishing-scoped-public-packages"
	pageNPMVersions  = "https://docs.npmjs.com/cli/v11/commands/npm-publish"
	pageNPMPrivate   = "https://docs.npmjs.com/cli/v11/configuring-npm/package-json#private"
	pageNPMNames     = "https://docs.npmjs.com/package-name-guidelines"
	pageNPMBusy      = "https://github.com/npm/cli/blob/latest/workspaces/libnpmpublish/lib/publish.js"
	pageNPMConflict  = "https://github.com/sigstore/sigstore-js/issues/1708"
	pageNPMSigning   = "https://github.com/npm/cli/issues/7770"
	pageNPMExpired   = "https://github.com/npm/documentation/issues/1960"
	pageNPMStaged    = "https://docs.npmjs.com/staged-publishing"
	pageNPMLost      = "https://github.com/npm/cli/issues/6103"
	pageNPMImmutable = "https://github.com/npm/cli/issues/9969"
	pageGitHubNPM    = "https://docs.github.com/en/packages/working-with-a-github-packages-registry/working-with-the-npm-registry"
	pageReleaseOIDC  = "https://semantic-release.gitbook.io/semantic-release/recipes/ci-configurations/github-actions"
	pageYarnToken    = "https://yarnpkg.com/configuration/yarnrc#npmAuthToken"
	pagePNPMGit      = "https://pnpm.io/cli/publish#--no-git-checks"
	pageGitHubOIDC   = "https://docs.github.com/en/actions/security-for-github-actions/security-hardening-your-deployments/about-security-hardening-with-openid-connect#adding-permissions-settings"
	pagePyPITrouble  = "https://docs.pypi.org/trusted-publishers/troubleshooting/"
	pagePyPIAttested = "https://docs.pypi.org/attestations/producing-attestations/"
	pagePyPINames    = "https://pypi.org/help/#file-name-reuse"
	pageGemTrusted   = "https://guides.rubygems.org/trusted-publishing/"
	pageGemReusable  = "https://github.com/rubygems/configure-rubygems-credentials/issues/349"
	pageGemNew       = "https://github.com/rubygems/rubygems.org/issues/5808"
	pageGemVersions  = "https://github.com/ruby/rubygems/issues/3026"
	pageCrateTrusted = "https://crates.io/docs/trusted-publishing"
)

// What several errors have in common.
const (
	causeNoRight    = "The token may not publish this package, which npm answers with 403, or with 404 so as not to say what exists. Look whether it may write to this package or scope, and whether its owner is among the package's maintainers (npm owner ls PACKAGE)."
	causeTokenOver  = "The token has expired or was revoked. Make another one and put it into the secret, or publish without one, by trusted publishing."
	causeOldNPM     = "npm or Node is too old for trusted publishing, and publishes as nobody: it takes npm 11.5.1 and Node 22.14.0. Look for their versions in the log; actions/setup-node names them. Node 24 brings an npm that is new enough."
	causeOldTool    = "The tool that publishes knows no trusted publishing yet: it takes lerna 9, pnpm 11.1.2, Yarn 4.10 or semantic-release 25; Yarn 1 has none. Update it, or publish with npm."
	causePublisher  = "npmjs.com has no trusted publisher for this run. Compare owner, repository, workflow file name and environment in the package's settings with this run, to the letter, and look whether it allows npm publish; of a called workflow the calling one counts. npm does not check them when they are saved, and says why it refused a run only where the step sets NPM_CONFIG_LOGLEVEL: verbose."
	causeNewPackage = "The package is not on npm yet: only one that is there can have a trusted publisher. Publish its first version by hand, or with a token that may make packages in its scope."
	causeNoIDToken  = "The job may not ask for an OIDC token. Look for `id-token: write` at the job that publishes; `permissions` of a job replace those of the workflow."
	causeCaller     = "A called workflow gets no more than its caller gives: the job that calls it needs `id-token: write`, too."
	causeFork       = "The run is of a pull request from a fork: such runs get no OIDC token. Publish from a tag, a release or the default branch."
	causeNotHanded  = "Nothing hands the token to npm: with a token, actions/setup-node needs `registry-url: https://registry.npmjs.org` in this very job, and the step NODE_AUTH_TOKEN."
	causeEmptyToken = "The secret is empty in this job. An .npmrc has a token line (setup-node's registry-url writes one, for NODE_AUTH_TOKEN), which npm then sends with nothing in it: look whether the secret exists for this job and its environment, and has the name that the workflow says."
	causeNPMRC      = "A token in an .npmrc of the repository comes before trusted publishing: look for _authToken there, and in steps that write one."
	causeTwice      = "The version is published twice, by a run that was started again or by two jobs (a matrix, or one for the tag and one for the release): look at the other runs of this commit."
)

// Causes of errors that have several codes.
var (
	causesRead = []string{
		"npm was asked for a package here, and did not publish: the address in the message says which. A private one needs a token that may read; trusted publishing holds for `npm publish` alone, not for `npm ci`.",
		"It is not on the registry that was asked, or a mirror or a firewall does not give it out: look at the address.",
	}
	causesTag = []string{
		"Trusted publishing holds for publishing alone, not for `npm dist-tag`: name the tag when you publish (`npm publish --tag next`), or give this step a token.",
		causeTokenOver,
	}
	causesGitHub = []string{
		"The package went to GitHub Packages, where the job needs `packages: write`, GITHUB_TOKEN in NODE_AUTH_TOKEN, and a scope that is the repository's owner.",
		"npm was meant: look at registry-url, publishConfig.registry and the .npmrc.",
	}
	causesDown = []string{
		"The registry did not answer, or not in time: look at https://status.npmjs.org. Look whether the version came out all the same (npm view PACKAGE@VERSION) before you run the job again.",
		"The job cannot reach the registry: look at the address in the message, at proxies, and at what the runner may reach.",
	}
)

// explanations are looked through from the first to the last: those with more words first.
var explanations = []explanation{
	// npm: the transparency log and the certificate of provenance
	{code: "TLOG_CREATE_ENTRY_ERROR", words: []string{"409", "equivalent entry"}, source: pageNPMConflict, causes: []string{
		"The log took the entry and its answer was lost; npm sent it again, and met its own. Look whether the version came out (npm view PACKAGE@VERSION); where it did not, run the job again: a new run signs with a new key.",
		causeTwice,
	}},
	{code: "TLOG_CREATE_ENTRY_ERROR", source: pageNPMConflict, causes: []string{
		"Sigstore's transparency log did not take the entry: look at https://status.sigstore.dev and run the job again.",
		"The job cannot reach rekor.sigstore.dev: look at proxies and at what the runner may reach.",
	}},
	{code: "CA_CREATE_SIGNING_CERTIFICATE_ERROR", source: pageNPMSigning, causes: []string{
		"Sigstore's certificate authority did not answer, or not in time: look at https://status.sigstore.dev and run the job again.",
		"The job cannot reach fulcio.sigstore.dev: look at proxies and at what the runner may reach.",
	}},
	{code: "IDENTITY_TOKEN_READ_ERROR", source: pageGitHubOIDC, causes: []string{causeNoIDToken, causeCaller, causeFork}},

	// npm: what is read, not published
	{code: "E401", words: []string{"/-/whoami"}, source: pageNPMExpired, causes: []string{causeTokenOver, causeEmptyToken, causeNPMRC}},
	{code: "E401", reads: true, words: []string{" - get "}, source: pageNPMTrusted, causes: causesRead},
	{code: "E403", reads: true, words: []string{" - get "}, source: pageNPMTrusted, causes: causesRead},
	{code: "E404", reads: true, words: []string{" - get "}, source: pageNPMTrusted, causes: causesRead},
	{code: "E401", words: []string{"/dist-tags/"}, source: pageNPMTrusted, causes: causesTag},
	{code: "E403", words: []string{"/dist-tags/"}, source: pageNPMTrusted, causes: causesTag},
	{code: "E404", words: []string{"/dist-tags/"}, source: pageNPMTrusted, causes: causesTag},

	// npm: another registry
	{code: "E401", words: []string{"npm.pkg.github.com"}, source: pageGitHubNPM, causes: causesGitHub},
	{code: "E403", words: []string{"npm.pkg.github.com"}, source: pageGitHubNPM, causes: causesGitHub},
	{code: "E404", words: []string{"npm.pkg.github.com"}, source: pageGitHubNPM, causes: causesGitHub},

	// npm: who publishes
	{code: "ENEEDAUTH", source: pageNPMTrusted, causes: []string{
		causePublisher, causeNotHanded, causeOldNPM, causeNoIDToken, causeNewPackage, causeOldTool, causeEmptyToken,
	}},
	{code: "ENEEDAUTH", bare: true, words: []string{"this command requires you to be logged in to "}, source: pageNPMTrusted, causes: []string{
		causePublisher, causeNotHanded, causeOldNPM, causeNoIDToken, causeNewPackage, causeOldTool, causeEmptyToken,
	}},
	{code: "ENONPMTOKEN", source: pageReleaseOIDC, causes: []string{
		"This semantic-release knows tokens alone: trusted publishing takes semantic-release 25 with @semantic-release/npm 13. Look whether package.json, or a plugin's, holds an older one fast.",
		causePublisher, causeNoIDToken,
		"With a token, the step needs NPM_TOKEN from a secret, and the secret something in it.",
	}},
	{code: "EINVALIDNPMTOKEN", source: pageReleaseOIDC, causes: []string{
		causeTokenOver,
		"A token is set where trusted publishing is meant: take NPM_TOKEN and NODE_AUTH_TOKEN away from the step, a placeholder too, and registry-url from setup-node.",
		causePublisher,
	}},
	{code: "E401", source: pageNPMExpired, causes: []string{
		causeTokenOver, causeEmptyToken,
		"The token is of another registry: look whether registry-url, publishConfig.registry and the .npmrc name the same one.",
		causeNPMRC,
	}},
	{code: "EOTP", source: pageNPMTwoFactor, causes: []string{
		"The token asks for a one-time password, which no job can type: publish by trusted publishing, or with a granular token that bypasses two-factor authentication. A token that was made without that cannot be changed.",
		"The package takes no tokens at all (Publishing access: require two-factor authentication and disallow tokens): trusted publishing still works.",
	}},
	{code: "E402", source: pageNPMScoped, causes: []string{
		"A scoped package is private unless one says otherwise, and private ones are paid for: `npm publish --access public`, or publishConfig.access in package.json.",
	}},
	{code: "E403", words: []string{"previously published version", "over existing version", "cannot publish over"}, source: pageNPMVersions, causes: []string{
		"This version is on the registry, and a version can be published once: look at `npm view PACKAGE versions`, raise the version in package.json.",
		causeTwice,
		"It was unpublished: its number stays taken. Raise it.",
	}},
	{code: "E403", words: []string{"two-factor", "two factor", "2fa", "tfa", "one-time", "automation token", "otp"}, source: pageNPMTwoFactor, causes: []string{
		"The token does not bypass two-factor authentication, which publishing requires: publish by trusted publishing, or make a granular token with bypass.",
		"The package takes no tokens at all (Publishing access: require two-factor authentication and disallow tokens): trusted publishing still works.",
	}},
	{code: "E403", words: []string{"too similar", "name too"}, source: pageNPMNames, causes: []string{
		"The name is too much like one that exists: give the package another name, or publish it under a scope of yours.",
	}},
	{code: "E403", words: []string{"oidc", "trusted publish"}, source: pageNPMTrusted, causes: []string{
		"The trusted publisher does not allow this command. Open it in the package's settings on npmjs.com and allow npm publish: a new one allows npm stage publish alone.",
		causePublisher,
	}},
	{code: "E403", source: pageNPMTwoFactor, causes: []string{
		causeNoRight,
		"This version is on the registry: look at `npm view PACKAGE versions`.",
		"The token does not bypass two-factor authentication, or the package takes no tokens: look at its settings, Publishing access.",
		"The registry is a mirror or another one, which takes no packages: look at the address in the message.",
	}},
	{code: "E404", source: pageNPMTrusted, causes: []string{
		causeTokenOver, causePublisher, causeOldNPM, causeNewPackage, causeNoIDToken, causeNoRight, causeEmptyToken, causeOldTool, causeNPMRC,
	}},
	{code: "EPUBLISHCONFLICT", source: pageNPMVersions, causes: []string{
		"This version is on the registry, and a version can be published once: raise the version in package.json.", causeTwice,
		"The registry took it and its answer was lost: look whether the version came out (npm view PACKAGE@VERSION).",
	}},
	{code: "E409", words: []string{"previously staged", "over previously"}, source: pageNPMStaged, causes: []string{
		"This version is staged or published already: look at the package on npmjs.com, approve or reject what is staged there, or raise the version.", causeTwice,
	}},
	{code: "E409", source: pageNPMBusy, causes: []string{
		"The registry is still busy with a version that was published a moment ago. Look whether this one came out (npm view PACKAGE@VERSION); where it did not, run the job again, and publish one after the other.", causeTwice,
	}},
	{code: "E429", source: pageNPMBusy, causes: []string{
		"The registry had too many requests from this account or this machine: wait, and run the job again. In a monorepo, publish fewer at a time.",
	}},
	{code: "E500", source: pageNPMLost, causes: causesDown},
	{code: "E502", source: pageNPMLost, causes: causesDown},
	{code: "E503", source: pageNPMLost, causes: causesDown},
	{code: "E504", source: pageNPMLost, causes: causesDown},
	{code: "ECONNRESET", source: pageNPMLost, causes: causesDown},
	{code: "ETIMEDOUT", source: pageNPMLost, causes: causesDown},
	{code: "ENOTFOUND", source: pageNPMLost, causes: causesDown},
	{code: "EAI_AGAIN", source: pageNPMLost, causes: causesDown},
	{code: "npm-tag", bare: true, words: []string{"you must specify a tag using --tag when publishing a prerelease version"}, source: "https://github.com/npm/cli/pull/7910", causes: []string{
		"From npm 11 on, which Node 24 brings, a prerelease is published only under a tag that somebody names: `npm publish --tag next`, or publishConfig.tag in package.json.",
	}},
	{code: "npm-tag", bare: true, words: []string{`cannot implicitly apply the "latest" tag`}, source: "https://github.com/npm/cli/pull/7939", causes: []string{
		"A higher version is on npm, and from npm 11 on a lower one does not become latest by itself. For an older line: `npm publish --tag v1-latest`, or a tag of your own. For the newest one: raise the version, or say `--tag latest`.",
	}},
	{code: "EPRIVATE", source: pageNPMPrivate, causes: []string{
		`package.json says "private": true, so that nobody publishes it by mistake: take the line away, or leave the package out.`,
	}},

	// npm: provenance
	{code: "E422", words: []string{"repository.url", "repository information"}, source: pageNPMProvenant, causes: []string{
		"`repository` in package.json is missing, or names another repository than the one that published: write the address that the message expects, in the package.json of every package, those that the build makes too.",
		"The repository was renamed or moved, or the run is a fork's: the name that it has now counts, upper and lower case too.",
	}},
	{code: "E422", words: []string{"visibility", "only public source"}, source: pageNPMTrusted, causes: []string{
		"The repository is private, and provenance is for public ones: publish without it (`provenance: false`), or make the repository public.",
	}},
	{code: "E422", words: []string{"self-hosted", "runner environment"}, source: pageNPMProvenant, causes: []string{
		"The job runs on a machine of your own, or of a company that rents them; provenance is for GitHub's: `runs-on: ubuntu-latest` for the job that publishes.",
	}},
	{code: "E422", words: []string{"provenance", "sigstore"}, source: pageNPMProvenant, causes: []string{
		"The registry does not take the provenance, and the message says why after \"provenance bundle:\". Where that is the signing certificate or the log, look at https://status.sigstore.dev and run the job again.",
		"The tarball or package.json was changed between signing and publishing: look at scripts that run while npm publishes.",
	}},
	{code: "E422", source: pageNPMProvenant, causes: []string{
		"The registry does not take package.json: its message says which field. With provenance, look at `repository` first.",
	}},
	{code: "EUSAGE", words: []string{"id-token"}, source: pageNPMProvenant, causes: []string{causeNoIDToken, causeCaller, causeFork}},
	{code: "EUSAGE", words: []string{"new or private package", "access` to public"}, source: pageNPMProvenant, causes: []string{
		"Provenance is for public packages, and a new one counts as private: `npm publish --provenance --access public`, or publishConfig.access in package.json.",
	}},
	{code: "EUSAGE", words: []string{"not supported for provider"}, source: pageNPMProvenant, causes: []string{
		"Provenance was asked for where npm cannot make it: it takes GitHub Actions or GitLab CI/CD. On your own machine, publish without it; `provenance: true` in .npmrc or publishConfig asks for it everywhere.",
		"The publishing step runs in a container or under a tool that hides the variables of GitHub Actions (GITHUB_ACTIONS): hand them on.",
	}},

	// npm: what only a more talkative log says
	{code: "oidc", bare: true, words: []string{"oidc token exchange error - package not found"}, source: pageNPMImmutable, causes: []string{
		causePublisher, causeNewPackage,
		"The repository is new, or was renamed or moved, and npm does not know the form in which GitHub names it since July 2026, as was reported: set the trusted publisher anew, and else publish with a token until npm does.",
	}},
	{code: "oidc", bare: true, words: []string{"failed token exchange request", "oidc token exchange error"}, source: pageNPMTrusted, causes: []string{
		causePublisher, causeNewPackage,
		"The job runs on a machine of your own: npm takes GitHub's runners alone.",
	}},
	{code: "token-expired", bare: true, words: []string{"access token expired or revoked"}, source: pageNPMExpired, causes: []string{
		causeTokenOver, causePublisher, causeOldNPM, causeEmptyToken, causeNPMRC,
	}},

	// yarn and pnpm
	{code: "YN0033", bare: true, words: []string{"no authentication configured for request"}, source: pageYarnToken, causes: []string{
		"Yarn reads neither NODE_AUTH_TOKEN nor the .npmrc that setup-node writes: give the step YARN_NPM_AUTH_TOKEN from the secret.",
		"Without a token, trusted publishing takes Yarn 4.10.0 and `id-token: write`: look for `packageManager` in package.json and at the job's permissions.",
		causePublisher, causeNewPackage,
	}},
	{code: "YN0041", bare: true, words: []string{"yn0041: "}, source: pageYarnToken, causes: []string{
		causeTokenOver,
		"Where yarn install says so: a private dependency needs a token that may read, in YARN_NPM_AUTH_TOKEN or npmScopes.",
	}},
	{code: "YN0035", bare: true, words: []string{"yn0035: the remote server failed", "yn0035: │ the remote server failed"}, source: pageYarnToken, causes: []string{
		"The registry refused it: the lines that follow name the response code and the address. 403 or 404 to a PUT: the token, or the trusted publisher, may not publish this package. 403 or 409 may also say that the version is there.",
	}},
	{code: "pnpm-git-checks", bare: true, words: []string{"err_pnpm_git_un", "err_pnpm_git_not_"}, source: pagePNPMGit, causes: []string{
		"A job of a tag or a release is on no branch, and pnpm publishes from one: `pnpm publish --no-git-checks`.",
		"A step before has changed files (git status shows them): commit them, leave them out by .gitignore, or say `--no-git-checks`.",
	}},

	// GitHub's OIDC tokens
	{code: "ACTIONS_ID_TOKEN_REQUEST_URL", bare: true, source: pageGitHubOIDC, words: []string{
		"unable to get actions_id_token_request_url", "unable to get actions_id_token_request_token",
		"skipped because incorrect permissions for id-token", "actions_id_token_request_token environment variable was unset",
		"missing required environment variables; have you set 'id-token: write'", "id_token_github_workflow_incorrect_permissions",
	}, causes: []string{causeNoIDToken, causeCaller, causeFork}},
	{code: "ACTIONS_ID_TOKEN_REQUEST_URL", bare: true, words: []string{"openid connect token retrieval failed"}, source: pagePyPITrouble, causes: []string{
		causeNoIDToken, causeCaller, causeFork,
		"A token was meant instead, and its secret is empty: look at its name.",
	}},

	// semantic-release, before it publishes
	{code: "EGITNOPERMISSION", source: pageReleaseOIDC, causes: []string{
		"The job may not push its tag: it needs `contents: write`.",
		"The branch is protected against this push: let the app or the token that pushes past the rule, or release without a commit.",
		"actions/checkout left a token behind that may not push: say `persist-credentials: false` there.",
	}},
	{code: "ENOGHTOKEN", source: pageReleaseOIDC, causes: []string{
		"The step needs `GITHUB_TOKEN: ${{ secrets.GITHUB_TOKEN }}` in its env.",
	}},

	// PyPI
	{code: "pypi-new-project", bare: true, words: []string{"non-user identities cannot create new projects"}, source: pagePyPITrouble, causes: []string{
		"The pending publisher on pypi.org names another project than the files: compare its name with `name` in pyproject.toml, to the letter.",
		"The repository publishes several projects, and this one is new: it needs a pending publisher of its own.",
		"The index is another one (TestPyPI), where the project is not yet: set the pending publisher there.",
	}},
	{code: "pypi-other-project", bare: true, words: []string{"oidc scoped token is not valid for project"}, source: pagePyPITrouble, causes: []string{
		"The publisher belongs to another project than the files: compare `name` in pyproject.toml with the project that has the publisher on pypi.org.",
		"The repository publishes several projects: each needs the publisher. Where each has one, tell them apart by workflow file or environment, and publish each in a job of its own.",
	}},
	{code: "pypi-not-allowed", bare: true, words: []string{"isn't allowed to upload to project", "isn&#x27;t allowed to upload to project"}, source: pagePyPINames, causes: []string{
		"The project belongs to somebody else: look at its page on pypi.org, and choose another name where it is not yours.",
		"The token's owner is no maintainer of the project, or the token is of another project.",
	}},
	{code: "pypi-name", bare: true, words: []string{"is too similar to an existing project"}, source: "https://pypi.org/help/#project-name", causes: []string{
		"PyPI takes no name that is too much like one that exists: choose another.",
	}},
	{code: "pypi-no-token", bare: true, words: []string{"missing credentials for https://upload.pypi.org", "missing credentials for https://test.pypi.org"}, source: pagePyPITrouble, causes: []string{
		"uv got no OIDC token and says nothing of it: `uv publish --trusted-publishing always` says why.",
		causeNoIDToken,
		"A token was meant instead, and its secret is empty: look at its name.",
	}},
	{code: "invalid-publisher", bare: true, words: []string{"`invalid-publisher`", "invalid-publisher: "}, source: pagePyPITrouble, causes: []string{
		"The project's publisher on pypi.org is another one: the log lists what the token says. Compare owner, repository, workflow file name and environment, to the letter.",
		"The job has no `environment`, and the publisher names one, or the other way round: look for `environment: MISSING` in the log.",
		"A called workflow publishes, and the publisher names another file: reusable workflows are not supported as trusted publishers.",
		"The owner of the repository gave up the name and took it again, or the repository was moved: make the publisher anew.",
	}},
	{code: "invalid-pending-publisher", bare: true, words: []string{"`invalid-pending-publisher`", "invalid-pending-publisher: "}, source: pagePyPITrouble, causes: []string{
		"The pending publisher on pypi.org is another one: compare project name, owner, repository, workflow file name and environment, to the letter.",
		"The project exists by now: a pending publisher makes a project once. Add the publisher to the project.",
	}},
	{code: "invalid-token", bare: true, words: []string{"`invalid-token`"}, source: pagePyPITrouble, causes: []string{
		"The OIDC token had expired, or is for another audience (TestPyPI's for PyPI): look at repository-url, and at how long the job waited.",
	}},
	{code: "not-enabled", bare: true, words: []string{"`not-enabled`", "has trusted publishing disabled"}, source: pagePyPITrouble, causes: []string{
		"The index takes no trusted publishing at the moment: try again later.",
	}},
	{code: "pypi-attestation", bare: true, words: []string{"attestations are only supported when using trusted publishing"}, source: pagePyPIAttested, causes: []string{
		"Attestations were sent with an API token: take the password away and set up a trusted publisher, or say `attestations: false`.",
	}},
	{code: "pypi-attestation", bare: true, words: []string{"could not verify the uploaded artifact using the included attestation", "invalid attestations supplied"}, source: pagePyPITrouble, causes: []string{
		"A called workflow publishes: the attestation names it, and the trusted publisher its caller. Publish from a job of the workflow that the publisher names.",
		"The file was changed after it was attested: build, attest and upload the same one.",
	}},
	{code: "pypi-attestation", bare: true, words: []string{"already has a publish attestation"}, source: "https://github.com/pypa/gh-action-pypi-publish/issues/283", causes: []string{
		"The action ran twice over one folder (TestPyPI, then PyPI), and the first run left its attestations: publish from two jobs, or say `attestations: false` for the first.",
	}},
	{code: "pypi-attestation", bare: true, words: []string{"has no associated attestations"}, source: pagePyPIAttested, causes: []string{
		"There is a file in the folder that the action does not attest: upload wheels (.whl) and source archives (.tar.gz) alone.",
	}},
	{code: "pypi-file-exists", bare: true, words: []string{"400 file already exists", "file already exists. see ", "file already exists ('"}, source: pagePyPINames, causes: []string{
		"PyPI takes a file name once, even after it was deleted: raise the version.", causeTwice,
	}},
	{code: "pypi-403", bare: true, words: []string{"invalid or non-existent authentication information"}, source: pagePyPITrouble, causes: []string{
		"The API token is wrong, revoked or of the other index (TestPyPI): look at the secret and at repository-url.",
		"The secret is empty in this run: pull requests from forks get none. Better publish by trusted publishing, without one.",
	}},

	// RubyGems
	{code: "rubygems-no-publisher", bare: true, words: []string{"no trusted publisher configured for this workflow found"}, source: pageGemReusable, causes: []string{
		"The gem has no trusted publisher on rubygems.org, or another one: compare owner, repository, workflow file name and environment, to the letter.",
		"A called workflow of another repository publishes: the publisher must name it, and its repository.",
	}},
	{code: "rubygems-not-allowed", bare: true, words: []string{"you are not allowed to push this gem", "don't have permission to push to this gem"}, source: pageGemNew, causes: []string{
		"The trusted publisher, or the owner of the API key, is not one of this gem: of several gems of a repository, each needs the publisher, new ones a pending one by their name.",
		"The API key may not push, or is of another gem: look at its scopes.",
	}},
	{code: "rubygems-version-exists", bare: true, words: []string{"repushing of gem versions is not allowed", "a yanked version already exists"}, source: pageGemVersions, causes: []string{
		"This version was pushed before, and stays taken after a yank: raise it.", causeTwice,
	}},
	{code: "rubygems-otp", bare: true, words: []string{"you have enabled multifactor authentication but no otp code"}, source: pageGemTrusted, causes: []string{
		"The account asks for a one-time password, which no job can type: publish by trusted publishing.",
	}},

	{code: "rubygems-key", bare: true, words: []string{"access denied. please sign up for an account at https://rubygems.org"}, source: pageGemTrusted, causes: []string{
		"The API key is wrong, revoked or empty: look at the secret and its name (GEM_HOST_API_KEY), or publish by trusted publishing, without a key.",
	}},
	{code: "rubygems-scope", bare: true, words: []string{"this api key cannot perform the specified action"}, source: pageGemTrusted, causes: []string{
		"The API key may not push gems, or is of another gem: look at its scopes on rubygems.org.",
		"The trusted publisher is of another gem: compare the gem's name.",
	}},
	{code: "rubygems-mfa", bare: true, words: []string{"rubygem requires owners to enable mfa"}, source: pageGemTrusted, causes: []string{
		"The gem asks for multi-factor authentication (rubygems_mfa_required), and the key's owner has none: turn it on at rubygems.org, or publish by trusted publishing.",
	}},

	// crates.io
	{code: "crates-token", bare: true, words: []string{"(status 403 forbidden): authentication failed"}, source: pageCrateTrusted, causes: []string{
		"The token has expired or was revoked: make another one at crates.io and put it into the secret, or publish without one, by trusted publishing.",
	}},
	{code: "crates-token", bare: true, words: []string{"must be logged in to perform that action", "no token found, please run `cargo login`", "please provide a non-empty token"}, source: pageCrateTrusted, causes: []string{
		"There is no token: look whether CARGO_REGISTRY_TOKEN is set in the publishing step, and whether its secret has something in it.",
		"With trusted publishing, it is the output `token` of rust-lang/crates-io-auth-action: look at the step's id.",
	}},
	{code: "crates-token", bare: true, words: []string{"does not match the format used by crates.io"}, source: pageCrateTrusted, causes: []string{
		"What is in CARGO_REGISTRY_TOKEN is no token of crates.io: GitHub's OIDC token has to be exchanged for one, which rust-lang/crates-io-auth-action does.",
		"The secret holds something else: look at it.",
	}},
	{code: "crates-not-allowed", bare: true, words: []string{"token is not valid for crate", "you don't seem to be an owner"}, source: pageCrateTrusted, causes: []string{
		"This crate has no trusted publisher of this workflow: of several crates of a repository, each needs one.",
		"The token's owner is no owner of the crate, or has not accepted the invitation (cargo owner --list CRATE).",
		"The name belongs to somebody else: look at the crate on crates.io.",
	}},
	{code: "crates-mail", bare: true, words: []string{"a verified email address is required to publish"}, source: "https://doc.rust-lang.org/cargo/reference/publishing.html", causes: []string{
		"The token's owner has no verified mail address at crates.io: add and verify it in the account's settings.",
	}},
	{code: "crates-rate", bare: true, words: []string{"you have published too many"}, source: "https://crates.io/docs/rate-limits", causes: []string{
		"crates.io takes so many crates at a time from one account: run the job again after the time that the message names.",
	}},
	{code: "crates-no-config", bare: true, words: []string{"no trusted publishing config found", "no matching trusted publishing config found"}, source: pageCrateTrusted, causes: []string{
		"No crate has a trusted publisher of this repository: add one in the settings of the crate on crates.io. The crate must exist: the first version is published with a token.",
		"The repository has another name by now, or the run is a fork's.",
	}},
	{code: "crates-mismatch", bare: true, words: []string{"does not match the workflow filename `"}, source: pageCrateTrusted, causes: []string{
		"The trusted publisher names another workflow file, which the message says: change it on crates.io, or publish from that file.",
	}},
	{code: "crates-mismatch", bare: true, words: []string{"does not match the environment `", "requires an environment, but the jwt does not specify one"}, source: pageCrateTrusted, causes: []string{
		"The trusted publisher names an environment, which the message says: the job needs `environment:` with that name.",
	}},
	{code: "crates-mismatch", bare: true, words: []string{"does not match the repository owner id"}, source: pageCrateTrusted, causes: []string{
		"The owner's name belongs to another account than when the publisher was set, as after a move: make the publisher anew on crates.io.",
	}},
	{code: "crates-only-trusted", bare: true, words: []string{"can only be published using trusted publishing"}, source: pageCrateTrusted, causes: []string{
		"The crate takes no API tokens: get one for the run from rust-lang/crates-io-auth-action and hand it to cargo as CARGO_REGISTRY_TOKEN.",
	}},
	{code: "crates-version-exists", bare: true, words: []string{"` is already uploaded", "already exists on crates.io index"}, source: pageCrateTrusted, causes: []string{
		"This version of the crate is on crates.io, and can be published once: raise it in Cargo.toml.", causeTwice,
	}},
}
