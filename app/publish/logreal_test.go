package publish

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

// ran is a step of a job as its log shows it: the command, its environment, what it printed.
func ran(command string, env []string, printed ...string) []string {
	lines := []string{"##[group]Run " + command, "\x1b[36;1m" + command + "\x1b[0m", "shell: /usr/bin/bash -e {0}"}
	if len(env) > 0 {
		lines = append(lines, "env:")
	}
	for _, e := range env {
		lines = append(lines, "  "+e)
	}
	return append(append(lines, "##[endgroup]"), printed...)
}

// setup is what actions/setup-node says of its tools.
func setup(npm string) []string {
	return append(ran("actions/setup-node@v4", nil), "##[group]Environment details", "node: v22.20.0", "npm: "+npm, "yarn: 1.22.22", "##[endgroup]")
}

const exited = "##[error]Process completed with exit code 1."

var (
	token       = []string{"NODE_AUTH_TOKEN: ***"}
	noToken     = []string{"NODE_AUTH_TOKEN: XXXXX-XXXXX-XXXXX-XXXXX"}
	emptyToken  = []string{"NODE_AUTH_TOKEN: "}
	publishing  = "npm notice Publishing to https://registry.npmjs.org/ with tag latest and public access"
	wholeLog    = "npm error A complete log of this run can be found in: /home/runner/.npm/_logs/2026-11-20T08_00_00_000Z-debug-0.log"
	signed      = "npm notice publish Signed provenance statement with source and build information from GitHub Actions"
	needAuth    = []string{"npm error code ENEEDAUTH", "npm error need auth This command requires you to be logged in to https://registry.npmjs.org/", "npm error need auth You need to authorize this machine using `npm adduser`", wholeLog, exited}
	notFoundPut = []string{publishing, "npm error code E404", "npm error 404 Not Found - PUT https://registry.npmjs.org/@harbour%2ftide - Not found", "npm error 404", "npm error 404  The requested resource '@harbour/tide@1.4.0' could not be found or you do not have permission to access it.", wholeLog, exited}
)

// Logs as people met them, with other names, and the cause that was found in the thread:
// it is the likeliest that is named, or, with "also", among them.
func TestLogsOfRealFailuresAreExplainedAsTheyWere(t *testing.T) {
	lines := func(parts ...[]string) string { return downloaded(slices.Concat(parts...)...) }
	for _, tt := range []struct {
		thread, log string
		want        []string // "CODE: words of the cause", "CODE: also: words", "CODE?" for an error that is not known
	}{
		// npm: 404 and ENEEDAUTH have many causes, which the rest of the log tells apart
		{"github.com/petergyang/human-review/issues/22: no trusted publisher", lines(setup("11.6.0"), ran("npm publish", noToken, notFoundPut...)), []string{"E404: no trusted publisher for this run"}},
		{"github.com/armitage-labs/creem/issues/101: npm 10.8.2 cannot", lines(setup("10.8.2"), ran("npm publish", nil, notFoundPut...)), []string{"E404: too old for trusted publishing"}},
		{"github.com/hirokisakabe/pom/issues/518: npm 10 behind changesets", lines(setup("10.9.3"), ran("pnpm changeset publish", nil, "No NPM_TOKEN found, but OIDC is available - using npm trusted publishing", "🦋  error an error occurred while publishing @harbour/tide: E404 Not Found - PUT https://registry.npmjs.org/@harbour%2ftide - Not found", "🦋  error E404 Not Found - PUT https://registry.npmjs.org/@harbour%2ftide - Not found", "🦋  error '@harbour/tide@6.0.1' is not in this registry.", "🦋  error packages failed to publish:", "🦋  @harbour/tide@6.0.1", exited)), []string{"E404: too old for trusted publishing"}},
		{"github.com/dev-five-git/braillify/issues/186: the token is over", lines(ran("npm publish --access public", []string{"NPM_TOKEN: ***"}, notFoundPut...)), []string{"E404: has expired or was revoked"}},
		{"github.com/scalar/scalar/issues/9941: the token is over, behind provenance", lines(ran("pnpm -r publish", token, signed, publishing, "packages/tide publish: npm error code E404", "packages/tide publish: npm error 404 Not Found - PUT https://registry.npmjs.org/@harbour%2ftide - Not found", exited)), []string{"E404: has expired or was revoked"}},
		{"github.com/vercel-labs/scriptc/issues/281: a package that is new", lines(setup("11.6.2"), ran("npm publish", nil, notFoundPut...)), []string{"E404: also: not on npm yet"}},
		{"github.com/npm/cli/issues/8976: the placeholder is no expired token", lines(setup("11.8.0"), ran("npm publish", noToken, append([]string{signed, "npm notice Access token expired or revoked. Please try logging in again."}, notFoundPut...)...)),
			[]string{"token-expired: no trusted publisher for this run", "E404: no trusted publisher for this run"}},
		{"github.com/actions/setup-node/issues/1551: a secret that is not set", lines(ran("npm publish", emptyToken, notFoundPut...)), []string{"E404: secret is empty"}},
		{"github.com/DagsHub/tmux-mobile/issues/23: no trusted publisher", lines(setup("11.10.0"), ran("npm publish", nil, needAuth...)), []string{"ENEEDAUTH: no trusted publisher for this run"}},
		{"github.com/opslane/opslane/issues/484: yaml for yml in its workflow file name", lines(setup("11.6.0"), ran("npm publish", nil, needAuth...)), []string{"ENEEDAUTH: workflow file name"}},
		{"github.com/o1-labs/Archive-Node-API/issues/208: no id-token", lines(setup("10.9.0"), ran("npm install -g npm@11", nil, "changed 18 packages in 2s"), ran("npm publish", nil, needAuth...)), []string{"ENEEDAUTH: also: `id-token: write`"}},
		{"github.com/bomly-dev/bomly-cli/issues/372: not of this npm", lines(setup("10.9.0"), ran("sudo npm install -g npm@latest", nil, "changed 18 packages in 2s"), ran("npm publish", nil, needAuth...)), []string{"ENEEDAUTH: no trusted publisher for this run"}},
		{"github.com/nguyenvanphituoc/react-native-cache-video/issues/23: the talkative log", lines(ran("npm publish --loglevel verbose", nil, "npm info using npm@11.6.2", "npm http fetch POST 404 https://registry.npmjs.org/-/npm/v1/oidc/token/exchange/package/tide 574ms", "npm verbose oidc Failed token exchange request with body message: OIDC token exchange error - package not found", needAuth[0], needAuth[1], exited)), []string{"oidc: no trusted publisher for this run", "ENEEDAUTH: no trusted publisher for this run"}},
		{"github.com/npm/cli/issues/9969: the form of the token's subject", lines(ran("npm publish --verbose", noToken, "npm verbose oidc Failed token exchange request with body message: OIDC token exchange error - package not found", "npm error code E404", "npm error 404 Not Found - PUT https://registry.npmjs.org/tide - Not found", exited)), []string{"oidc: also: since July 2026", "E404: no trusted publisher"}},
		{"a step with a token that nothing hands to npm", lines(setup("10.9.0"), ran("npm publish", token, needAuth...)), []string{"ENEEDAUTH: registry-url"}},
		{"github.com/actions/setup-node/issues/1342: the organisation does not share its secret", lines(setup("10.8.2"), ran("npm publish", emptyToken, needAuth...)), []string{"ENEEDAUTH: also: secret is empty"}},
		{"github.com/nrwl/nx/issues/29538: nx leaves the code away", lines(ran("npx nx release publish", token, "npm publish error:", "This command requires you to be logged in to https://registry.npmjs.org/", "You need to authorize this machine using `npm adduser`", exited)), []string{"ENEEDAUTH: registry-url"}},
		{"github.com/salesforce/lwc/pull/5821: nx with Yarn 1", lines(ran("yarn nx release publish", nil, "npm publish error:", "Not Found - PUT https://registry.npmjs.org/@harbour%2ftide - Not found", "The requested resource '@harbour/tide@9.3.0' could not be found", exited)), []string{"E404: also: Yarn 1 has none"}},
		{"github.com/midwayjs/midway/pull/4624, github.com/WordPress/wordpress-playground/pull/3052: an old lerna", lines(setup("11.6.0"), ran("npx lerna publish from-package", nil, "lerna notice cli v8.1.2", "lerna WARN notice Package failed to publish: @harbour/tide", "lerna ERR! E404 Not found", exited)), []string{"E404: lerna 9"}},

		// npm: other refusals
		{"github.com/gtrabanco/agentic-workflow/issues/39, github.com/SocketDev/socket-patch/issues/87: what it allows", lines(ran("npm publish", nil, signed, publishing, "npm error code E403", "npm error 403 403 Forbidden - PUT https://registry.npmjs.org/@harbour%2ftide - OIDC permission denied for this action", "npm error 403 In most cases, you or one of your dependencies are requesting", "npm error 403 a package version that is forbidden by your security policy, or", "npm error 403 on a server you do not have access to.", exited)), []string{"E403: does not allow this command"}},
		{"github.com/npm/cli/issues/9268: the token asks for two factors", lines(ran("npm publish", token, "npm error code E403", "npm error 403 403 Forbidden - PUT https://registry.npmjs.org/@harbour%2ftide - Two-factor authentication or granular access token with bypass 2fa enabled is required to publish packages.", exited)), []string{"E403: does not bypass"}},
		{"github.com/lid-labs/hevc.js/issues/226: a new token without bypass", lines(ran("npm publish", token, "npm error code EOTP", "npm error This operation requires a one-time password from your authenticator.", "npm error You can provide a one-time password by passing --otp=<code> to the command you ran.", exited)), []string{"EOTP: no job can type"}},
		{"a version that is there", lines(ran("npm publish", nil, signed, "npm ERR! code E403", "npm ERR! 403 403 Forbidden - PUT https://registry.npmjs.org/tide - You cannot publish over the previously published versions: 1.4.0.", exited)), []string{"E403: can be published once"}},
		{"github.com/elastic/synthetics/issues/925, github.com/lancedb/lancedb/issues/3003: no repository", lines(ran("npm publish", nil, signed, "npm error code E422", `npm error 422 Unprocessable Entity - PUT https://registry.npmjs.org/@harbour%2ftide - Error verifying sigstore provenance bundle: Failed to validate repository information: package.json: "repository.url" is "", expected to match "https://github.com/harbour/tide" from provenance`, exited)), []string{"E422: `repository` in package.json is missing"}},
		{"github.com/cdklabs/json2jsii/issues/1458: a repository that moved", lines(ran("npm publish", nil, "npm error code E422", "npm error 422 Unprocessable Entity - PUT https://registry.npmjs.org/tide", `npm error Error verifying sigstore provenance bundle: Failed to validate repository information: package.json: "repository.url" is "git+https://github.com/old/tide.git", expected to match "https://github.com/harbour/tide" from provenance`, exited)), []string{"E422: names another repository"}},
		{"github.com/oasisprotocol/sapphire-paratime/issues/369, github.com/mic1on/onestep/issues/179: no id-token", lines(ran("pnpm publish", token, publishing, "npm error code EUSAGE", `npm error Provenance generation in GitHub Actions requires "write" access to the "id-token" permission`, exited)), []string{"EUSAGE: `id-token: write`"}},
		{"github.com/serac-labs/serac/issues/248, github.com/swc-project/plugins/issues/653: run it again", lines(ran("npm publish", nil, publishing, "npm error code TLOG_CREATE_ENTRY_ERROR", "npm error error creating tlog entry - (409) an equivalent entry already exists in the transparency log with UUID 108e9186e8c5677a", "npm error cause (409) an equivalent entry already exists in the transparency log with UUID 108e9186e8c5677a", exited)), []string{"TLOG_CREATE_ENTRY_ERROR: run the job again"}},
		{"github.com/UI5/webcomponents/issues/13859: the same behind lerna", lines(ran("npx lerna publish from-git", nil, "lerna WARN notice Package failed to publish: @harbour/tide", "lerna ERR! TLOG_CREATE_ENTRY_ERROR error creating tlog entry - (409) an equivalent entry already exists in the transparency log", `lerna ERR! errno "undefined" is not a valid exit code - exiting with code 1`, exited)), []string{"TLOG_CREATE_ENTRY_ERROR: run the job again"}},
		{"github.com/veryfront/veryfront-code/issues/4144: one after the other", lines(ran("npm publish", nil, "npm error code E409", "npm error 409 Conflict - PUT https://registry.npmjs.org/@harbour%2ftide - Failed to save packument. A common cause is if you try to publish a new package before the previous package has been fully processed.", exited)), []string{"E409: still busy"}},
		{"github.com/abofs/stonyx-workflows/issues/53: two runs stage one version", lines(ran("npm stage publish", nil, signed, "npm error code E409", `npm error 409 Conflict - PUT https://registry.npmjs.org/tide - Cannot publish over previously staged version "0.1.1-alpha.32".`, exited)), []string{"E409: staged or published already"}},
		{"github.com/npm/cli/issues/6103: published, and no answer", lines(ran("npm publish", token, "npm ERR! code E503", "npm ERR! 503 Service Unavailable - PUT https://registry.npmjs.org/tide - Service Unavailable", exited)), []string{"E503: Look whether the version came out"}},
		{"github.com/microsoft/TypeScript-Make-Monaco-Builds/issues/78: npm 11 and prereleases", lines(ran("npm publish", nil, "npm error You must specify a tag using --tag when publishing a prerelease version.", wholeLog, exited)), []string{"npm-tag: --tag next"}},
		{"github.com/vtex/node-vtex-api/issues/678: an older line", lines(ran("npm publish tide.tgz", nil, `npm error Cannot implicitly apply the "latest" tag because previously published version 7.4.2 is higher than the new version 6.51.1. You must specify a tag using --tag.`, exited)), []string{"npm-tag: does not become latest"}},

		// pnpm and Yarn
		{"github.com/jaredwray/docula/issues/424: no id-token behind pnpm 11", lines(ran("pnpm publish", token, "[WARN] Skipped OIDC: ERR_PNPM_ID_TOKEN_GITHUB_WORKFLOW_INCORRECT_PERMISSIONS: Incorrect permissions for idToken within GitHub Workflows", "tide@2.0.0 -> https://registry.npmjs.org/", "[E404] 404 Not Found - PUT https://registry.npmjs.org/tide - Not found", exited)), []string{"ACTIONS_ID_TOKEN_REQUEST_URL: `id-token: write`", "E404: has expired"}},
		{"pnpm's own words for a refusal", lines(ran("pnpm publish", nil, "[ERR_PNPM_FAILED_TO_PUBLISH] Failed to publish package tide@2.0.0 (status 404 Not Found): Not found", exited)), []string{"E404: no trusted publisher for this run"}},
		{"github.com/pnpm/pnpm/issues/9011: a tag is no branch", lines(ran("pnpm publish --provenance", token, " ERR_PNPM_GIT_UNKNOWN_BRANCH  The Git HEAD may not attached to any branch, but your \"publish-branch\" is set to \"master|main\".", exited)), []string{"pnpm-git-checks: --no-git-checks"}},
		{"github.com/tari-project/tari-ootle/issues/2256: an install that changes files", lines(ran("pnpm publish", nil, " ERR_PNPM_GIT_UNCLEAN  Unclean working tree. Commit or stash changes first.", exited)), []string{"pnpm-git-checks: also: has changed files"}},
		{"github.com/Lykhoyda/ask-llm/issues/318, github.com/actions/setup-node/issues/942: Yarn has a token of its own", lines(ran("yarn npm publish", token, "➤ YN0000: package.json", "➤ YN0033: No authentication configured for request", "➤ YN0000: Failed with errors in 0s 162ms", exited)), []string{"YN0033: YARN_NPM_AUTH_TOKEN"}},
		{"github.com/yarnpkg/berry/issues/6952: Yarn without a token", lines(ran("yarn npm publish", nil, "➤ YN0000: │ Error while publishing [object Object]:", "  Error: No authentication configured for request", exited)), []string{"YN0033: also: 4.10.0"}},

		// semantic-release
		{"github.com/semantic-release/npm/issues/1069, github.com/apimatic/apimatic-cli/issues/287: an old plugin", lines(ran("npx semantic-release", []string{"GITHUB_TOKEN: ***"}, "[7:34:06 PM] [semantic-release] › ✖  ENONPMTOKEN No npm token specified.", "An npm token (https://github.com/semantic-release/npm/blob/master/README.md#npm-registry-authentication) must be created and set in the NPM_TOKEN environment variable on your CI environment.", exited)), []string{"ENONPMTOKEN: semantic-release 25"}},
		{"github.com/nextlevelbuilder/ui-ux-pro-max-skill/issues/457: a token that is over, and no publisher", lines(ran("npx semantic-release", []string{"GITHUB_TOKEN: ***", "NPM_TOKEN: ***"}, "[1:00:00 AM] [semantic-release] [@semantic-release/npm] › ℹ  OIDC token exchange with the npm registry failed: 404 OIDC token exchange error - package not found", "npm error code E401", "npm error 401 Unauthorized - GET https://registry.npmjs.org/-/whoami", "[1:00:01 AM] [semantic-release] › ✘  EINVALIDNPMTOKEN Invalid npm token.", exited)), []string{"oidc: no trusted publisher", "E401: has expired", "EINVALIDNPMTOKEN: has expired"}},

		// PyPI
		{"github.com/dennisvang/tufup/issues/176: the workflow file has another name", lines(ran("pypa/gh-action-pypi-publish@release/v1", nil, "##[error]Trusted publishing exchange failure: ", "Token request failed: the server refused the request for the following reasons:", "* `invalid-publisher`: valid token, but no corresponding publisher (Publisher with matching claims was not found)")), []string{"invalid-publisher: workflow file name"}},
		{"github.com/uber/causalml/issues/928, github.com/eventlet/eventlet/issues/855: no id-token", lines(ran("pypa/gh-action-pypi-publish@release/v1", nil, "##[error]Trusted publishing exchange failure: ", "OpenID Connect token retrieval failed: GitHub: missing or insufficient OIDC token permissions, the ACTIONS_ID_TOKEN_REQUEST_TOKEN environment variable was unset")), []string{"ACTIONS_ID_TOKEN_REQUEST_URL: `id-token: write`"}},
		{"github.com/GalacticDynamics/coordinax/issues/640: new projects of one repository", lines(ran("pypa/gh-action-pypi-publish@release/v1", nil, "ERROR    HTTPError: 400 Bad Request from https://test.pypi.org/legacy/", "         Non-user identities cannot create new projects. This was probably caused by", "         successfully using a pending publisher but specifying the project name", "##[error]Process completed with exit code 1.")), []string{"pypi-new-project: also: pending publisher of its own"}},
		{"a publisher of another project", lines(ran("uv publish", nil, "error: Failed to publish dist/tide-1.0.tar.gz to https://upload.pypi.org/legacy/", "  Caused by: Upload failed with status code 403 Forbidden. Server says: 403 Invalid API Token: OIDC scoped token is not valid for project 'tide'", exited)), []string{"pypi-other-project: another project"}},
		{"github.com/aignostics/tme-studio/issues/113: uv is silent", lines(ran("uv publish", nil, "error: Failed to publish dist/tide-1.0.tar.gz to https://upload.pypi.org/legacy/", "  Caused by: Missing credentials for https://upload.pypi.org/legacy/", exited)), []string{"pypi-no-token: --trusted-publishing always"}},
		{"github.com/JRubics/poetry-publish/issues/45: a token of another kind", lines(ran("poetry publish", []string{"POETRY_PYPI_TOKEN_PYPI: ***"}, "HTTP Error 403: Invalid or non-existent authentication information. See https://pypi.org/help/#invalid-auth for more information. | b'...'", exited)), []string{"pypi-403: wrong, revoked"}},

		// RubyGems
		{"github.com/rubygems/configure-rubygems-credentials/issues/349: a called workflow", lines(ran("rubygems/configure-rubygems-credentials@v1.0.0", nil, "##[error]No trusted publisher configured for this workflow found on https://rubygems.org/ for audience rubygems.org")), []string{"rubygems-no-publisher: also: called workflow"}},
		{"github.com/rubygems/rubygems.org/issues/5808: new gems of one repository", lines(ran("gem exec rake gems:release", nil, "Pushing gem to https://rubygems.org...", "You are not allowed to push this gem.", exited)), []string{"rubygems-not-allowed: of several gems"}},
		{"github.com/browserstack/browserstack-local-ruby/issues/40: the account asks for a code", lines(ran("gem push tide-1.0.gem", []string{"GEM_HOST_API_KEY: ***"}, "You have enabled multi-factor authentication. Please enter OTP code.", "You have enabled multifactor authentication but no OTP code provided. Please fill it and retry.", exited)), []string{"rubygems-otp: no job can type"}},
		{"a key that is none", lines(ran("gem push tide-1.0.gem", []string{"GEM_HOST_API_KEY: "}, "Access Denied. Please sign up for an account at https://rubygems.org", exited)), []string{"rubygems-key: wrong, revoked or empty"}},

		// crates.io
		{"github.com/coreos/bootupd/issues/1112: no publisher", lines(ran("rust-lang/crates-io-auth-action@v1", nil, "##[error]Error: Failed to retrieve token from Cargo registry. Status: 400. Error: No Trusted Publishing config found for repository `harbour/tide`.")), []string{"crates-no-config: add one"}},
		{"github.com/dfinity/vetkeys/issues/392: another file", lines(ran("rust-lang/crates-io-auth-action@v1", nil, "##[error]Error: Failed to retrieve token from Cargo registry. Status: 400. Error: The Trusted Publishing config for repository `harbour/tide` does not match the workflow filename `release-rust.yml` in the JWT. Expected workflow filenames: `publish.yml`")), []string{"crates-mismatch: another workflow file"}},
		{"github.com/jdx/pitchfork/issues/664, github.com/a2aproject/a2a-rs/issues/233: no tokens any more", lines(ran("cargo publish", []string{"CARGO_REGISTRY_TOKEN: ***"}, "error: failed to publish tide v2.19.0 to registry at https://crates.io", "Caused by:", "  the remote server responded with an error (status 403 Forbidden): New versions of this crate can only be published using Trusted Publishing (see https://crates.io/docs/trusted-publishing).", exited)), []string{"crates-only-trusted: no API tokens"}},
		{"github.com/aydiler/md-viewer/issues/135: the token is over", lines(ran("cargo publish", []string{"CARGO_REGISTRY_TOKEN: ***"}, "error: failed to publish to registry at https://crates.io", "  the remote server responded with an error (status 403 Forbidden): authentication failed", exited)), []string{"crates-token: has expired"}},
		{"github.com/powersemmi/ruststream/issues/3: GitHub's token for crates.io's", lines(ran("cargo publish", []string{"CARGO_REGISTRY_TOKEN: ***"}, "  the remote server responded with an error (status 401 Unauthorized): The given API token does not match the format used by crates.io.", exited)), []string{"crates-token: exchanged for one"}},
		{"github.com/fluvio-community/fluvio/issues/1620: an empty secret", lines(ran("cargo publish", []string{"CARGO_REGISTRY_TOKEN: "}, "  the remote server responded with an error (status 403 Forbidden): must be logged in to perform that action", exited)), []string{"crates-token: no token"}},
		{"github.com/CertaMesh/gaze/issues/173, github.com/battery-pack-rs/battery-pack/issues/8: one crate of several", lines(ran("cargo publish", []string{"CARGO_REGISTRY_TOKEN: ***"}, "  the remote server responded with an error (status 403 Forbidden): token is not valid for crate `tide-types`", exited)), []string{"crates-not-allowed: of several crates"}},
		{"many new crates at once", lines(ran("cargo publish", nil, "  the remote server responded with an error (status 429 Too Many Requests): You have published too many new crates in a short period of time. Please try again after Sat, 01 Aug 2026 19:40:15 GMT and see https://crates.io/docs/rate-limits for more details.", exited)), []string{"crates-rate: after the time that the message names"}},

		// What is not about publishing
		{"an install that may not read", lines(ran("npm ci", token, "npm error code E403", "npm error 403 403 Forbidden - GET https://registry.npmjs.org/@harbour%2fsecret", exited)), []string{"E403: did not publish"}},
		{"whether it is there already", lines(ran("npm view tide@1.4.0 version || echo new", nil, "npm error code E404", "npm error 404 Not Found - GET https://registry.npmjs.org/tide - Not found", "new"), ran("npm publish", nil, publishing, "+ tide@1.4.0")), nil},
		{"no id-token, and a token that publishes all the same", lines(ran("pnpm publish", token, "[WARN] Skipped OIDC: ERR_PNPM_ID_TOKEN_GITHUB_WORKFLOW_INCORRECT_PERMISSIONS: Incorrect permissions for idToken within GitHub Workflows", "tide@2.0.0 -> https://registry.npmjs.org/", "+ tide@2.0.0")), nil},
		{"a changelog that speaks of errors", lines(ran("cat CHANGELOG.md", nil, "- says what to do for `invalid-token`, \"No authentication configured for request\" and \"You are not allowed to push this gem.\""), ran("npm publish", nil, publishing, "+ tide@1.4.0")), nil},
		{"a failure that the step passes over", lines(ran("npm publish || true", nil, notFoundPut[:len(notFoundPut)-1]...)), []string{"E404: also: no trusted publisher"}},
		{"the same, and then a failure", lines(ran("npm view tide@1.4.0 version || echo new", nil, "npm error code E404", "npm error 404 Not Found - GET https://registry.npmjs.org/tide - Not found", "new"), setup("11.6.0"), ran("npm publish", nil, needAuth...)), []string{"ENEEDAUTH: no trusted publisher for this run"}},
		{"the tag, without a token", lines(ran("npm dist-tag add tide@1.4.0 next", nil, "npm error code E401", "npm error 401 Unauthorized - PUT https://registry.npmjs.org/-/package/tide/dist-tags/next - You must be logged in to publish packages.", exited)), []string{"E401: holds for publishing alone"}},
		{"GitHub Packages by mistake", lines(ran("npm publish", token, "npm error code E403", "npm error 403 403 Forbidden - PUT https://npm.pkg.github.com/@harbour%2ftide - Permission permission_denied: write_package", exited)), []string{"E403: GitHub Packages"}},
		{"tests that fail", lines(ran("npm test", nil, "not ok 1 - the tide comes in", exited)), []string{"?"}},
		{"one that nobody knows", lines(ran("npm publish", nil, "npm error code ETIDE", "npm error the tide is out", exited)), []string{"ETIDE?"}},
		{"all went well", lines(setup("11.6.0"), ran("npm ci", nil, "added 12 packages"), ran("npm publish", nil, signed, publishing, "+ tide@1.4.0")), nil},
	} {
		t.Run(tt.thread, func(t *testing.T) {
			for _, shape := range []string{tt.log, colored(tt.log)} {
				found, err := ReadLog(strings.NewReader(shape))
				if err != nil {
					t.Fatal(err)
				}
				if len(found) != len(tt.want) {
					t.Fatalf("found %+v, want %q", found, tt.want)
				}
				for i, want := range tt.want {
					if err := explainedAs(found[i], want); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
}

// colored is a log as `gh run view --log` prints it, with npm's colours.
func colored(log string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.TrimPrefix(log, "\ufeff")) {
		line = strings.ReplaceAll(line, "npm error", "\x1b[1mnpm\x1b[22m \x1b[31merror\x1b[39m")
		b.WriteString("publish\tUNKNOWN STEP\t" + line)
	}
	return b.String()
}

func explainedAs(f LogFinding, want string) error {
	if code, unknown := strings.CutSuffix(want, "?"); unknown {
		if f.Code != code || f.Known() {
			return fmt.Errorf("found %+v, want %q that is not known", f, code)
		}
		return nil
	}
	code, words, _ := strings.Cut(want, ": ")
	causes := f.Causes
	if also, among := strings.CutPrefix(words, "also: "); among {
		words = also
	} else if len(causes) > 1 {
		causes = causes[:1]
	}
	if f.Code != code || !strings.Contains(strings.Join(causes, "\n"), words) {
		return fmt.Errorf("found %s: %q, want %q", f.Code, f.Causes, want)
	}
	return nil
}

// The error is the last thing in a log.
func TestLongLogsAreReadToTheirEnd(t *testing.T) {
	line := "2026-11-20T08:00:00.1234567Z \x1b[90m[build]\x1b[0m compiled packages/tide/src/harbour/waves/of/the/sea.ts to dist/waves.js\n"
	size := 10 << 20
	if testing.Short() {
		size = 1 << 20
	}
	log := &repeated{line: line, left: size / len(line), end: downloaded(ran("npm publish", nil, needAuth...)...)}
	found, err := ReadLog(log)
	if err != nil || len(found) != 1 || found[0].Code != "ENEEDAUTH" {
		t.Errorf("%+v %v", found, err)
	}
}

// repeated reads a line again and again, then an end.
type repeated struct {
	line, end, rest string
	left            int
}

func (r *repeated) Read(p []byte) (int, error) {
	for r.rest == "" {
		switch {
		case r.left > 0:
			r.rest = r.line
			r.left--
		case r.end != "":
			r.rest, r.end = r.end, ""
		default:
			return 0, io.EOF
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}
