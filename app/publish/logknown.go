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
	words  []string // in lower case: one of them
	causes []string
	source string
}

func (k explanation) finding(line int, text string) LogFinding {
	return LogFinding{Code: k.code, Line: line, Text: logText(text), Causes: k.causes, Source: k.source, general: len(k.words) == 0}
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
	causeNoRight    = "The token may not publish this package: look whether it may write to this package or scope, and whether its owner is among the package's maintainers (npm owner ls PACKAGE)."
	causeTokenOver  = "The token has expired or was revoked: make another one and put it into the secret, or publish without one, by trusted publishing."
	causeOldNPM     = "npm or Node is too old for trusted publishing, and publishes as nobody: it takes npm 11.5.1 and Node 22.14.0. Look for their versions in the log (npm --version)."
	causePublisher  = "The trusted publisher on npmjs.com is another one: compare owner, repository, workflow file name and environment with this run, to the letter. Of a called workflow the calling one counts. npm does not check them when they are saved."
	causeNoIDToken  = "The job may not ask for an OIDC token: look for `id-token: write` at the job that publishes. `permissions` of a job replace those of the workflow."
	causeCaller     = "A called workflow gets no more than its caller gives: the job that calls it needs `id-token: write`, too."
	causeFork       = "The run is of a pull request from a fork: such runs get no OIDC token. Publish from a tag, a release or the default branch."
	causeEmptyToken = "An .npmrc has a token line with nothing in it (setup-node's registry-url writes one, for NODE_AUTH_TOKEN), which npm then sends: look whether the secret is set in this job, and has the name that the workflow says."
	causeTwice      = "The version is published twice, by a run that was started again or by two jobs (a matrix, one for the tag and one for the release): look at the other runs of this commit."
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

	// npm: who publishes
	{code: "ENEEDAUTH", source: pageNPMTrusted, causes: []string{
		"Nobody told npm a token: with a token, actions/setup-node needs `registry-url: https://registry.npmjs.org` in this very job, and the step NODE_AUTH_TOKEN.",
		causeOldNPM, causeNoIDToken, causePublisher, causeEmptyToken,
	}},
	{code: "ENONPMTOKEN", source: pageNPMTrusted, causes: []string{
		"semantic-release found no token, and no trusted publisher took the run: with a token, the step needs NPM_TOKEN from a secret.",
		causeNoIDToken, causePublisher,
	}},
	{code: "EINVALIDNPMTOKEN", source: pageNPMTrusted, causes: []string{
		causeTokenOver,
		"A token is set where trusted publishing is meant: take NPM_TOKEN and NODE_AUTH_TOKEN away from the step, a placeholder too.",
		causePublisher,
	}},
	{code: "E401", source: pageNPMExpired, causes: []string{
		causeTokenOver, causeEmptyToken,
		"The token is of another registry: look whether registry-url, publishConfig.registry and the .npmrc name the same one.",
		"A line in an .npmrc comes before trusted publishing: look for _authToken in the repository's .npmrc and in steps that write one.",
	}},
	{code: "EOTP", source: pageNPMTwoFactor, causes: []string{
		"The token asks for a one-time password, which no job can type: publish by trusted publishing, or with a granular token that bypasses two-factor authentication.",
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
	{code: "E403", words: []string{"oidc", "trusted publish"}, source: pageNPMTrusted, causes: []string{causePublisher, causeOldNPM}},
	{code: "E403", source: pageNPMTwoFactor, causes: []string{
		causeNoRight,
		"This version is on the registry: look at `npm view PACKAGE versions`.",
		"The token does not bypass two-factor authentication, or the package takes no tokens: look at its settings, Publishing access.",
		"The registry is a mirror or another one, which takes no packages: look at the address in the message.",
	}},
	{code: "E404", words: []string{" - get "}, source: pageNPMTrusted, causes: []string{
		"A private dependency cannot be read: trusted publishing holds for `npm publish` alone; `npm ci` needs a token that may read.",
		"A package by that name is not on the registry that was asked: look at the address in the message.",
	}},
	{code: "E404", source: pageNPMTrusted, causes: []string{
		"npm answers 404 where one may not publish, so as not to say what exists. " + causeTokenOver,
		causePublisher, causeOldNPM, causeEmptyToken, causeNoRight,
		"The package does not exist yet: a trusted publisher can be set for packages that do. Publish the first version with a token, or by hand.",
	}},
	{code: "EPUBLISHCONFLICT", source: pageNPMVersions, causes: []string{
		"This version is on the registry, and a version can be published once: raise the version in package.json.", causeTwice,
	}},
	{code: "E409", source: pageNPMBusy, causes: []string{
		"The registry is still busy with a version that was published a moment ago: publish one after the other, and run the job again.", causeTwice,
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
	{code: "oidc", bare: true, words: []string{"failed token exchange request", "oidc token exchange error"}, source: pageNPMTrusted, causes: []string{
		causePublisher,
		"The package does not exist yet: a trusted publisher can be set for packages that do.",
		"The job runs on a machine of your own: npm takes GitHub's runners alone.",
	}},
	{code: "token-expired", bare: true, words: []string{"access token expired or revoked"}, source: pageNPMExpired, causes: []string{
		causeTokenOver,
		"Trusted publishing is meant, and a token comes before it: look for NODE_AUTH_TOKEN, NPM_TOKEN and _authToken. " + causeOldNPM,
	}},

	// GitHub's OIDC tokens
	{code: "ACTIONS_ID_TOKEN_REQUEST_URL", bare: true, source: pageGitHubOIDC, words: []string{
		"unable to get actions_id_token_request_url", "unable to get actions_id_token_request_token",
		"skipped because incorrect permissions for id-token", "actions_id_token_request_token environment variable was unset",
		"missing required environment variables; have you set 'id-token: write'",
	}, causes: []string{causeNoIDToken, causeCaller, causeFork}},
	{code: "ACTIONS_ID_TOKEN_REQUEST_URL", bare: true, words: []string{"openid connect token retrieval failed"}, source: pagePyPITrouble, causes: []string{
		causeNoIDToken, causeCaller, causeFork,
		"A token was meant instead, and its secret is empty: look at its name.",
	}},

	// PyPI
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

	// crates.io
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
