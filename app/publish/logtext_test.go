package publish

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// downloaded writes lines as a log that GitHub gives out.
func downloaded(lines ...string) string {
	var b strings.Builder
	b.WriteString("\ufeff")
	for i, line := range lines {
		fmt.Fprintf(&b, "2026-11-20T08:%02d:%02d.1234567Z %s\n", i/60, i%60, line)
	}
	return b.String()
}

// printed writes them as `gh run view --log` does.
func printed(lines ...string) string {
	var b strings.Builder
	for line := range strings.Lines(downloaded(lines...)) {
		b.WriteString("publish\tRun npm publish\t" + line)
	}
	return b.String()
}

func copied(lines ...string) string { return strings.Join(lines, "\n") }

func TestLogsAreExplained(t *testing.T) {
	put := func(prefix, code, status, message string) []string {
		return []string{
			"##[group]Run npm publish --provenance", "\x1b[36;1mnpm publish --provenance || grep -q 'code E403'\x1b[0m", "shell: /usr/bin/bash -e {0}", "env:", "  NODE_AUTH_TOKEN: ***", "##[endgroup]",
			"npm notice", "npm notice 📦  @harbour/tide@1.4.0", "npm notice Publishing to https://registry.npmjs.org/ with tag latest and public access",
			prefix + " code " + code, prefix + " " + status + " - PUT https://registry.npmjs.org/@harbour%2ftide - " + message,
			prefix + " A complete log of this run can be found in: /home/runner/.npm/_logs/2026-11-20T08_00_00_000Z-debug-0.log",
			"##[error]Process completed with exit code 1.",
		}
	}
	const now, old, sigstore = "npm error", "\x1b[31mnpm\x1b[0m \x1b[35mERR!\x1b[0m", "Error verifying sigstore provenance bundle: "
	for _, tt := range []struct {
		name string
		log  string
		want []string // "CODE@LINE a word of the likeliest cause"
	}{
		{"a version that exists", downloaded(put(now, "E403", "403 403 Forbidden", "You cannot publish over the previously published versions: 1.4.0.")...), []string{"E403@10 published once"}},
		{"two factors", downloaded(put(old, "E403", "403 403 Forbidden", "Two-factor authentication or granular access token with bypass 2fa enabled is required to publish packages.")...), []string{"E403@10 does not bypass"}},
		{"no right", printed(put(now, "E403", "403 403 Forbidden", "You do not have permission to publish \"tide\". Are you logged in as the correct user?")...), []string{"E403@10 may not publish"}},
		{"another publisher", downloaded(put(now, "E403", "403 403 Forbidden", "OIDC permission denied for this package")...), []string{"E403@10 does not allow this command"}},
		{"not found is no right", printed(put(now, "E404", "404 Not Found", "Not found")...), []string{"E404@10 expired"}},
		{"a dependency", copied("npm ERR! code E404", "npm ERR! 404 Not Found - GET https://registry.npmjs.org/@harbour%2fsecret - Not found"), []string{"E404@1 did not publish"}},
		{"another repository", downloaded(put(now, "E422", "422 422 Unprocessable Entity", sigstore+`Failed to validate repository information: package.json: "repository.url" is "", expected to match "https://github.com/harbour/tide" from provenance`)...),
			[]string{"E422@10 `repository` in package.json"}},
		{"a private repository", downloaded(put(now, "E422", "422 422 Unprocessable Entity", sigstore+`Unsupported GitHub Actions source repository visibility: "private". Only public source repositories are supported when publishing with provenance.`)...),
			[]string{"E422@10 private"}},
		{"a runner of one's own", downloaded(put(now, "E422", "422 422 Unprocessable Entity", sigstore+`Unsupported GitHub Actions runner environment: "self-hosted". Only "github-hosted" runners are supported when publishing with provenance.`)...),
			[]string{"E422@10 ubuntu-latest"}},
		{"other provenance", downloaded(put(now, "E422", "422 422 Unprocessable Entity", sigstore+"Missing SourceRepositoryRef in signing certificate")...), []string{"E422@10 does not take the provenance"}},
		{"the log has it", copied("npm error code TLOG_CREATE_ENTRY_ERROR", "npm error error creating tlog entry - (409) an equivalent entry already exists in the transparency log with UUID 108e9186e8c5677a"), []string{"TLOG_CREATE_ENTRY_ERROR@1 met its own"}},
		{"the log is down", copied("npm ERR! code TLOG_CREATE_ENTRY_ERROR", "npm ERR! error creating tlog entry - (502) Bad Gateway"), []string{"TLOG_CREATE_ENTRY_ERROR@1 did not take"}},
		{"no certificate", copied("npm error code CA_CREATE_SIGNING_CERTIFICATE_ERROR", "npm error error creating signing certificate - (502) Bad Gateway"), []string{"CA_CREATE_SIGNING_CERTIFICATE_ERROR@1 did not answer"}},
		{"nobody is logged in", copied("npm error code ENEEDAUTH", "npm error need auth This command requires you to be logged in to https://registry.npmjs.org/", "npm error need auth You need to authorize this machine using `npm adduser`"), []string{"ENEEDAUTH@1 no trusted publisher"}},
		{"the token is over", copied("npm notice Access token expired or revoked. Please try logging in again.", "npm error code E401", "npm error 401 Unauthorized - GET https://registry.npmjs.org/-/whoami"), []string{"token-expired@1 expired", "E401@2 expired"}},
		{"a one-time password", copied("npm error code EOTP", "npm error This operation requires a one-time password from your authenticator."), []string{"EOTP@1 no job can type"}},
		{"private packages cost", copied("npm ERR! code E402", "npm ERR! 402 Payment Required - PUT https://registry.npmjs.org/@harbour%2ftide - You must sign up for private packages"), []string{"E402@1 --access public"}},
		{"over an existing version", copied("npm ERR! code EPUBLISHCONFLICT", "npm ERR! Cannot publish tide@1.4.0 over existing version."), []string{"EPUBLISHCONFLICT@1 raise the version"}},
		{"no id-token", copied("npm error code EUSAGE", `npm error Provenance generation in GitHub Actions requires "write" access to the "id-token" permission`), []string{"EUSAGE@1 id-token: write"}},
		{"a new package", copied("npm error code EUSAGE", "npm error Can't generate provenance for new or private package, you must set `access` to public."), []string{"EUSAGE@1 --access public"}},
		{"a machine of one's own", copied("npm ERR! code EUSAGE", "npm ERR! Automatic provenance generation not supported for provider: null"), []string{"EUSAGE@1 cannot make it"}},
		{"lerna", copied("lerna WARN notice Package failed to publish: tide", "lerna ERR! E403 Two-factor authentication is required to publish this package but an automation token was specified", `lerna ERR! errno "undefined" is not a valid exit code - exiting with code 1`), []string{"E403@2 does not bypass"}},
		{"lerna at length", copied("lerna sill   statusCode: 422,", "lerna sill   code: 'E422',", "lerna WARN notice Package failed to publish: tide", "lerna ERR! E422 "+sigstore+`Unsupported GitHub Actions runner environment: "self-hosted".`), []string{"E422@4 ubuntu-latest"}},
		{"lerna's exchange", copied("lerna verb oidc Failed token exchange request with body message: OIDC token exchange error - package not found", "lerna ERR! E404 Not found"), []string{"oidc@1 no trusted publisher", "E404@2 expired"}},
		{"changesets", copied("🦋  info Publishing \"tide\" at \"1.4.0\"", "🦋  error an error occurred while publishing tide: E404 Not found", "🦋  error E404 Not Found - PUT https://registry.npmjs.org/tide - Not found", "🦋  error 'tide@1.4.0' is not in this registry."), []string{"E404@3 expired"}},
		{"changesets and npm", copied("🦋  error npm notice Access token expired or revoked. Please try logging in again.", "🦋  error npm error code E422", "🦋  error npm error 422 Unprocessable Entity - PUT https://registry.npmjs.org/tide - "+sigstore+`Unsupported GitHub Actions runner environment: "self-hosted".`, "🦋  error packages failed to publish:"),
			[]string{"token-expired@1 expired", "E422@2 ubuntu-latest"}},
		{"npm as JSON", copied("{", `  "error": {`, `    "code": "E404",`, `    "summary": "Not Found"`, "  }", "}"), []string{"E404@3 expired"}},
		{"no OIDC variables", downloaded("##[error]Error message: Unable to get ACTIONS_ID_TOKEN_REQUEST_URL env variable"), []string{"ACTIONS_ID_TOKEN_REQUEST_URL@1 id-token: write"}},
		{"npm at length", copied("npm silly oidc Skipped because incorrect permissions for id-token within GitHub workflow"), []string{"ACTIONS_ID_TOKEN_REQUEST_URL@1 id-token: write"}},
		{"PyPI's publisher", downloaded("##[error]Trusted publishing exchange failure: ", "Token request failed: the server refused the request for the following reasons:", "", "* `invalid-publisher`: valid token, but no corresponding publisher (Publisher with matching claims was not found)", "", "* `environment`: `MISSING`"),
			[]string{"invalid-publisher@4 another one"}},
		{"PyPI's pending publisher", copied("* `invalid-pending-publisher`: valid token, but no corresponding pending publisher"), []string{"invalid-pending-publisher@1 pending publisher"}},
		{"PyPI without a token", copied("##[error]Trusted publishing exchange failure: ", "OpenID Connect token retrieval failed: GitHub: missing or insufficient OIDC token permissions, the ACTIONS_ID_TOKEN_REQUEST_TOKEN environment variable was unset"), []string{"ACTIONS_ID_TOKEN_REQUEST_URL@2 id-token: write"}},
		{"attestations with a token", copied("ERROR    HTTPError: 400 Bad Request from https://upload.pypi.org/legacy/", "         Invalid attestations supplied during upload: Attestations are only supported when using Trusted Publishing"), []string{"pypi-attestation@2 API token"}},
		{"an attestation of another workflow", copied("         Could not verify the uploaded artifact using the included attestation:", "         Verification failed: 0 of 2 policies succeeded"), []string{"pypi-attestation@1 called workflow"}},
		{"PyPI has the file", copied("ERROR    HTTPError: 400 Bad Request from https://upload.pypi.org/legacy/", "         File already exists ('tide-1.4.0-py3-none-any.whl', with blake2_256 hash '0a0b'). See https://pypi.org/help/#file-name-reuse for more information."), []string{"pypi-file-exists@2 raise the version"}},
		{"RubyGems", downloaded("##[error]No trusted publisher configured for this workflow found on https://rubygems.org/ for audience rubygems.org"), []string{"rubygems-no-publisher@1 no trusted publisher"}},
		{"RubyGems, another gem", copied("Pushing gem to https://rubygems.org...", "You are not allowed to push this gem."), []string{"rubygems-not-allowed@2 not one of this gem"}},
		{"RubyGems has it", copied("Repushing of gem versions is not allowed.", "Please use `gem yank` to remove bad gem releases."), []string{"rubygems-version-exists@1 pushed before"}},
		{"crates.io without a publisher", downloaded("##[error]Error: Failed to retrieve token from Cargo registry. Status: 400. Error: No Trusted Publishing config found for repository `harbour/tide`."), []string{"crates-no-config@1 add one"}},
		{"crates.io, another file", copied("Error: Failed to retrieve token from Cargo registry. Status: 400. Error: The Trusted Publishing config for repository `harbour/tide` does not match the workflow filename `ci.yml` in the JWT. Expected workflow filenames: `release.yml`"), []string{"crates-mismatch@1 another workflow file"}},
		{"crates.io, no environment", copied("Error: The Trusted Publishing config for repository `harbour/tide` requires an environment, but the JWT does not specify one. Expected environments: `release`"), []string{"crates-mismatch@1 environment"}},
		{"crates.io, tokens", copied("  the remote server responded with an error (status 403 Forbidden): New versions of this crate can only be published using Trusted Publishing (see https://crates.io/docs/trusted-publishing)."), []string{"crates-only-trusted@1 no API tokens"}},
		{"crates.io has it", copied("error: crate tide@1.4.0 already exists on crates.io index"), []string{"crates-version-exists@1 raise it"}},
		{"the same one twice", copied("npm error code ENEEDAUTH", "npm error need auth", "", "npm error code ENEEDAUTH", "npm error need auth"), []string{"ENEEDAUTH@1 no trusted publisher"}},
		{"what a step says of itself", downloaded("##[group]Run if npm publish 2>&1 | grep -q 'npm error code E403'; then exit 1; fi", "npm error code E403", "##[endgroup]", "all is well"), nil},
		{"a step's text that is never ended", downloaded("##[group]Run npm publish", "npm error code ENEEDAUTH", "npm error need auth"), []string{"ENEEDAUTH@2 no trusted publisher"}},
		{"another file exists", copied("Error: EEXIST: file already exists, mkdir 'dist'", "crate docs: is already uploaded"), nil},
		{"an error that nobody knows", downloaded("##[error]The tide is out", "##[error]Process completed with exit code 3."), []string{"@1"}},
		{"npm's, too", copied("npm error code ETIDE", "npm error the tide is out"), []string{"ETIDE@1"}},
		{"only a status", downloaded("making waves", "##[error]Process completed with exit code 3.", "##[error]Process completed with exit code 4."), []string{"@2"}},
		{"only a status, copied", copied("making waves", "Error: Process completed with exit code 3."), []string{"@2"}},
		{"nothing is wrong", downloaded("npm notice Publishing to https://registry.npmjs.org/ with tag latest and public access", "+ tide@1.4.0"), nil},
		{"nothing at all", "", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			found, err := ReadLog(strings.NewReader(tt.log))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range found {
				got = append(got, fmt.Sprintf("%s@%d", f.Code, f.Line))
				if f.Known() != (f.Source != "") {
					t.Errorf("%s has %d causes and the source %q", f.Code, len(f.Causes), f.Source)
				}
				if strings.ContainsAny(f.Text, "\x1b\n") || f.Text == "" || len(f.Text) > maxLogText+3 {
					t.Errorf("it quotes %q", f.Text)
				}
			}
			if len(got) != len(tt.want) {
				t.Fatalf("found %v, want %v", got, tt.want)
			}
			for i, want := range tt.want {
				at, cause, known := strings.Cut(want, " ")
				if got[i] != at || found[i].Known() != known || known && !strings.Contains(found[i].Causes[0], cause) {
					t.Errorf("found %s %.1q, want %s", got[i], found[i].Causes, want)
				}
			}
		})
	}
}

func TestLogsAreBounded(t *testing.T) {
	// A long line hides nothing that follows, and is cut.
	found, err := ReadLog(strings.NewReader(strings.Repeat("x", 5*MaxLogLine) + "\nnpm error code ENEEDAUTH\n##[error]" + strings.Repeat("ü", MaxLogLine) + "\n"))
	if err != nil || len(found) != 1 || found[0].Line != 2 {
		t.Errorf("%v %v", found, err)
	}
	var many strings.Builder
	for i := range 5 * MaxLogFindings {
		fmt.Fprintf(&many, "npm error code ETIDE%d\nnpm error the tide is out\n", i)
	}
	if found, err = ReadLog(strings.NewReader(many.String())); err != nil || len(found) != MaxLogFindings {
		t.Errorf("%d %v", len(found), err)
	}
	long := &atMost{r: strings.NewReader("npm error code ENEEDAUTH\nnpm error need auth\nnpm error code E401\n"), left: 45}
	if text, err := io.ReadAll(long); !errors.Is(err, ErrLogTooLong) || len(text) != 45 {
		t.Errorf("%q %v", text, err)
	}
	broken := io.MultiReader(strings.NewReader("npm error code ENEEDAUTH\n"), failing{})
	if found, err = ReadLog(broken); !errors.Is(err, io.ErrUnexpectedEOF) || len(found) != 1 {
		t.Errorf("%v %v", found, err)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestWhatIsKnownOfErrorsIsWhole(t *testing.T) {
	general := map[string]bool{}
	for _, k := range explanations {
		if address, err := url.Parse(k.source); err != nil || address.Scheme != "https" || address.Host == "" {
			t.Errorf("%s has the source %q", k.code, k.source)
		}
		if len(k.causes) == 0 || k.bare && len(k.words) == 0 {
			t.Errorf("%s %v has no causes, or would be found everywhere", k.code, k.words)
		}
		if general[k.code] && !k.bare {
			t.Errorf("%s %v stands after what holds for all of its code", k.code, k.words)
		}
		general[k.code] = general[k.code] || len(k.words) == 0
		for _, w := range k.words {
			if w != strings.ToLower(w) {
				t.Errorf("%s: %q has upper case", k.code, w)
			}
		}
		for _, c := range k.causes {
			if !strings.HasSuffix(c, ".") && !strings.HasSuffix(c, ")") || slices.Contains([]string{"", " "}, c[:1]) {
				t.Errorf("%s: %q is no sentence", k.code, c)
			}
		}
	}
}

func FuzzReadLog(f *testing.F) {
	f.Add(downloaded("##[group]Run x", "npm error code E404", "##[endgroup]", "npm ERR! code E403", "npm ERR! 403 Forbidden - 2fa"))
	f.Add("lerna ERR! E422 x\n🦋  error E404 Not Found\n::error file=a::x\n\x1b]0;t\x07\"code\": \"E401\"")
	f.Fuzz(func(t *testing.T, log string) {
		found, err := ReadLog(strings.NewReader(log))
		if err != nil || len(found) > MaxLogFindings {
			t.Errorf("%d findings, %v", len(found), err)
		}
		lines := strings.Count(log, "\n") + 1
		for _, x := range found {
			if x.Line < 1 || x.Line > lines || x.Text == "" || len(x.Text) > maxLogText+3 {
				t.Errorf("%+v", x)
			}
		}
	})
}
