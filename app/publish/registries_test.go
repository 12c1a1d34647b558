package publish

import (
	"fmt"
	"strings"
	"testing"
)

// How projects publish to PyPI, RubyGems.org and crates.io: the shapes of well-known ones,
// and what the documentation of the registries and tools says of each. The steps begin at
// line 12 where the job may ask for an ID token, and at line 11 where it may not.
func TestTheWaysOfOtherRegistries(t *testing.T) {
	const (
		auth     = "- uses: rust-lang/crates-io-auth-action@v1\n  id: auth\n"
		env      = "  env:\n    "
		lived    = "warning long-lived-token"
		noID     = "error id-token-missing:8"
		perhaps  = "warning id-token-missing:8"
		token    = env + "CARGO_REGISTRY_TOKEN: ${{ secrets.CARGO }}\n"
		pin      = "0123456789abcdef0123456789abcdef01234567 # v1"
		pinned53 = "0123456789abcdef0123456789abcdef01234567 # v0.5.3"
	)
	for _, c := range []struct {
		name  string
		id    bool // id-token: write
		steps string
		want  string
	}{
		// PyPI: the action. https://github.com/pypa/gh-action-pypi-publish
		{"the action", true, "- uses: pypa/gh-action-pypi-publish@release/v1\n", "pypi yes yes"},
		{"the action, a commit of a known version", true, "- uses: pypa/gh-action-pypi-publish@67339c736fd9354cd4f8cb0b744f2b82a74b5c70 # v1.12.3\n", "pypi yes yes"},
		{"the action, without an ID token", false, "- uses: pypa/gh-action-pypi-publish@release/v1\n", "pypi no no; " + noID},
		{"a password", false, "- uses: pypa/gh-action-pypi-publish@release/v1\n  with:\n    user: __token__\n    password: ${{ secrets.PYPI }}\n", "pypi no no; " + lived + ":14"},
		{"before attestations were the default", true, "- uses: pypa/gh-action-pypi-publish@v1.8.11\n", "pypi no yes"},
		{"asked for before there were attestations", true, "- uses: pypa/gh-action-pypi-publish@v1.9.0\n  with:\n    attestations: true\n", "pypi no yes"},
		{"asked for when they were an option", true, "- uses: pypa/gh-action-pypi-publish@v1.10.3\n  with:\n    attestations: true\n", "pypi yes yes"},
		{"turned off", true, "- uses: pypa/gh-action-pypi-publish@release/v1\n  with:\n    attestations: false\n", "pypi no yes; warning provenance-not-asked:14"},
		{"before trusted publishing", true, "- uses: pypa/gh-action-pypi-publish@v1.5.0\n", "pypi no no"},
		{"TestPyPI, then PyPI", true, "- uses: pypa/gh-action-pypi-publish@release/v1\n  with:\n    repository-url: https://test.pypi.org/legacy/\n- uses: pypa/gh-action-pypi-publish@release/v1\n", "test.pypi.org yes yes, pypi yes yes"},
		{"wheels of cibuildwheel", false, "- uses: pypa/cibuildwheel@v3.1.0\n", ""},
		// twine. https://twine.readthedocs.io
		{"twine with a token", false, "- run: |\n    pip install twine\n    twine upload dist/*\n" + env + "TWINE_USERNAME: __token__\n    TWINE_PASSWORD: ${{ secrets.PYPI }}\n", "pypi no no; " + lived + ":16"},
		{"twine, its password on the line", false, "- run: twine upload dist/* -u __token__ -p \"$PYPI_TOKEN\"\n", "pypi no no; " + lived + ":11"},
		{"twine as a trusted publisher", true, "- run: pipx run twine upload dist/*\n", "pypi no yes"},
		{"twine, and attestations that it is not told to send", true, "- uses: astral-sh/attest-action@" + pin + "\n- run: twine upload dist/*\n", "pypi no yes; notice token-reachable:12"},
		{"twine sends attestations", true, "- uses: astral-sh/attest-action@" + pin + "\n- run: twine upload --attestations dist/*\n", "pypi yes yes; notice token-reachable:12"},
		{"twine only checks", false, "- run: pipx run twine check --strict dist/*\n", ""},
		{"a .pypirc", false, "- run: |\n    echo \"[pypi]\" > ~/.pypirc\n    echo \"password = ${{ secrets.PYPI }}\" >> ~/.pypirc\n    python -m twine upload dist/*\n", "pypi no no; " + lived + ":13"},
		{"a .pypirc in a here-document", false, "- run: |\n    cat > ~/.pypirc <<EOF\n    [pypi]\n    password = ${{ secrets.PYPI }}\n    EOF\n- run: twine upload dist/*\n", "pypi no no; " + lived + ":12"},
		// uv. https://docs.astral.sh/uv/guides/package/#publishing-your-package
		{"uv", true, "- run: uv publish -v wheels/*\n", "pypi no yes"},
		{"uv with a token", false, "- run: uv publish --token ${{ secrets.PYPI }}\n", "pypi no no; " + lived + ":11"},
		{"a token that the script trades for", true, "- run: |\n    api_token=$(jq -r .token <<< \"${resp}\")\n    uv publish --token \"${api_token}\"\n", "pypi no no"},
		{"a token that a step trades for", true, "- id: mint\n  run: ./mint\n- run: twine upload dist/*\n" + env + "TWINE_PASSWORD: ${{ steps.mint.outputs.token }}\n", "pypi no no"},
		{"a token that the script fetches", true, "- run: |\n    token=$(aws secretsmanager get-secret-value --secret-id pypi)\n    uv publish --token $token\n", "pypi no no; " + lived + ":13"},
		{"a token behind another name", false, "- run: uv publish --token $OURS\n" + env + "OURS: ${{ secrets.PYPI }}\n", "pypi no no; " + lived + ":13"},
		{"uv to TestPyPI by name", true, "- run: uv publish\n" + env + "UV_PUBLISH_INDEX: testpypi\n", "test.pypi.org no yes"},
		{"uv sends attestations", true, "- uses: astral-sh/attest-action@" + pin + "\n- run: uv publish\n", "pypi yes yes; notice token-reachable:12"},
		{"uv is told to send none", true, "- uses: astral-sh/attest-action@" + pin + "\n- run: uv publish --no-attestations\n", "pypi no yes; notice token-reachable:12"},
		// poetry, hatch, flit, pdm. https://python-poetry.org/docs/repositories/#configuring-credentials
		{"poetry, its token by configuration", false, "- run: |\n    poetry config pypi-token.pypi ${{ secrets.PYPI }}\n    poetry publish --build\n", "pypi no no; " + lived + ":12"},
		{"poetry, its token in a step before", false, "- run: poetry config pypi-token.pypi \"$PYPI_TOKEN\"\n- run: poetry publish --build\n", "pypi no no; " + lived + ":11"},
		{"poetry, its token for another index", false, "- run: |\n    poetry config pypi-token.testpypi ${{ secrets.T }}\n    poetry publish -r testpypi\n", "test.pypi.org no no"},
		{"poetry without anything", false, "- run: poetry publish --build\n", "pypi no no; " + perhaps},
		{"hatch", false, "- run: hatch publish\n" + env + "HATCH_INDEX_AUTH: ${{ secrets.PYPI }}\n", "pypi no no; " + lived + ":13"},
		{"flit", false, "- run: flit publish\n" + env + "FLIT_INDEX_URL: https://test.pypi.org/legacy/\n    FLIT_PASSWORD: ${{ secrets.T }}\n", "test.pypi.org no no"},
		{"pdm", true, "- run: pdm publish\n", "pypi no yes"},
		{"an action that has poetry publish", false, "- uses: JRubics/poetry-publish@v2\n", "unread"},
		// maturin. https://github.com/PyO3/maturin/blob/main/src/upload.rs
		{"maturin builds", false, "- uses: PyO3/maturin-action@v1\n  with:\n    args: --release --out dist\n", ""},
		{"maturin's action with a token", false, "- uses: PyO3/maturin-action@" + pin + "\n  env:\n    MATURIN_PYPI_TOKEN: ${{ secrets.PYPI }}\n  with:\n    command: upload\n    args: --non-interactive --skip-existing wheels-*/*\n", "pypi no no; " + lived + ":13"},
		{"maturin's action as a trusted publisher", true, "- uses: PyO3/maturin-action@" + pin + "\n  with:\n    command: upload\n    args: --skip-existing *\n", "pypi no yes"},
		{"maturin's action, a command that nobody knows", true, "- uses: PyO3/maturin-action@" + pin + "\n  with:\n    command: ${{ github.event.inputs.command }}\n", "unread"},
		{"maturin with a password", false, "- run: maturin publish -u __token__ -p ${{ secrets.PYPI }}\n", "pypi no no; " + lived + ":11"},
		{"maturin asks for trusted publishing before its password", true, "- run: maturin publish\n" + env + "MATURIN_PASSWORD: ${{ secrets.PYPI }}\n", "pypi no depends; " + lived + ":14"},
		// RubyGems.org. https://guides.rubygems.org/trusted-publishing/
		{"release-gem", true, "- uses: rubygems/release-gem@v1\n", "rubygems yes yes"},
		{"release-gem before attestations", true, "- uses: rubygems/release-gem@612653d273a73bdae1df8453e090060bb4db5f31 # v1.0.0\n", "rubygems no yes"},
		{"release-gem with a key", false, "- uses: rubygems/release-gem@v1\n  with:\n    setup-trusted-publisher: false\n" + env + "GEM_HOST_API_KEY: ${{ secrets.GEM }}\n", "rubygems no no; " + lived + ":15"},
		{"credentials, then a push", true, "- uses: rubygems/configure-rubygems-credentials@v1.0.0\n- run: gem push *.gem\n", "rubygems no yes"},
		{"credentials, then a task", true, "- uses: rubygems/configure-rubygems-credentials@v2.1.0\n- run: bundle exec rake release:rubygem_push\n", "rubygems no yes"},
		{"a push with an attestation", true, "- uses: rubygems/configure-rubygems-credentials@v1.0.0\n- run: gem push *.gem --attestation gem.sigstore.json\n", "rubygems yes yes"},
		{"a role", true, "- uses: rubygems/configure-rubygems-credentials@v1.0.0\n  with:\n    role-to-assume: rg_oidc_akr_1\n- run: bundle exec rake release\n", "rubygems no no"},
		{"a key for the action", false, "- uses: rubygems/configure-rubygems-credentials@v1.0.0\n  with:\n    api-token: ${{ secrets.GEM }}\n- run: gem push *.gem\n", "rubygems no no; " + lived + ":13"},
		{"a key in the environment", false, "- run: bundle exec rake release\n" + env + "GEM_HOST_API_KEY: ${{ secrets.GEM }}\n", "rubygems no no; " + lived + ":13"},
		{"a key in the file", false, "- run: |\n    mkdir -p $HOME/.gem\n    printf -- \"---\\n:rubygems_api_key: ${GEM_KEY}\\n\" > $HOME/.gem/credentials\n    gem push *.gem\n" + env + "GEM_KEY: ${{ secrets.GEM }}\n", "rubygems no no; " + lived + ":13"},
		{"a key from a store of secrets", true, "- uses: hashicorp/vault-action@" + pin + "\n  id: vault\n- run: gem push *.gem\n" + env + "GEM_HOST_API_KEY: ${{ steps.vault.outputs.key }}\n", "rubygems no no; " + lived + ":16, notice token-reachable:12"},
		{"a key that a step got for the run", true, "- run: ./trade\n  id: trade\n- run: gem push *.gem\n" + env + "GEM_HOST_API_KEY: ${{ steps.trade.outputs.key }}\n", "rubygems no no"},
		{"a key that an action may bring", false, "- uses: 1password/load-secrets-action@" + pin + "\n- run: gem push *.gem\n", "rubygems no no; " + perhaps},
		{"nothing that brings a key", false, "- run: gem push *.gem\n", "rubygems no no; " + noID},
		{"an ID token, and nothing that trades it for a key", true, "- run: bundle exec rake release\n", "rubygems no no; error login-missing:12"},
		{"GitHub Packages", false, "- run: gem push --key github --host https://rubygems.pkg.github.com/acme *.gem\n", "rubygems.pkg.github.com no no"},
		{"a release without a push", false, "- run: bundle exec rake release\n" + env + "gem_push: \"no\"\n", ""},
		{"a task of one's own", false, "- run: gem install rake && rake gems:release\n", "unread"},
		// crates.io. https://crates.io/docs/trusted-publishing
		{"cargo publish", true, auth + "- run: cargo publish\n" + env + "CARGO_REGISTRY_TOKEN: ${{ steps.auth.outputs.token }}\n", "crates.io no yes"},
		{"the token through GITHUB_ENV", true, auth + "- run: echo \"CARGO_REGISTRY_TOKEN=${{ steps.auth.outputs.token }}\" >> $GITHUB_ENV\n- run: cargo publish -p left\n", "crates.io no yes"},
		{"a secret where there is no token", true, auth + "- run: cargo publish\n" + env + "CARGO_REGISTRY_TOKEN: ${{ steps.auth.outputs.token || secrets.CARGO }}\n", "crates.io no depends; " + lived + ":16"},
		{"an ID token, and nothing that trades it for a token", true, "- run: cargo publish\n", "crates.io no no; error login-missing:12"},
		{"the action's token, not handed on", true, auth + "- run: cargo publish\n", "crates.io no no; error login-missing:14"},
		{"a registry of one's own, which the manifest names", false, "- run: cargo publish\n" + env + "CARGO_REGISTRIES_OUR_OWN_TOKEN: ${{ secrets.OURS }}\n", "our-own no no"},
		{"a secret", false, "- run: cargo publish\n" + token, "crates.io no no; " + lived + ":13"},
		{"--token", false, "- run: cargo publish --token ${{ secrets.CARGO }}\n", "crates.io no no; " + lived + ":11"},
		{"cargo login", false, "- run: |\n    cargo login ${{ secrets.CARGO }}\n    cargo publish\n", "crates.io no no; " + lived + ":12"},
		{"cargo login from a pipe", false, "- run: echo ${{ secrets.CARGO }} | cargo login\n- run: cargo publish\n", "crates.io no no; " + lived + ":11"},
		{"cargo login elsewhere", false, "- run: cargo login --registry ours ${{ secrets.CARGO }}\n- run: cargo publish --registry ours\n", "ours no no"},
		{"the action that runs cargo", false, "- uses: actions-rs/cargo@" + pin + "\n  with:\n    command: publish\n    args: --token ${{ secrets.CARGO }}\n", "crates.io no no; " + lived + ":11"},
		{"the action that runs cargo, for tests", false, "- uses: actions-rs/cargo@v1\n  with:\n    command: test\n", ""},
		{"cargo-workspaces", false, "- run: cargo ws publish --from-git --yes\n" + token, "crates.io no no; " + lived + ":13"},
		{"cargo-release", false, "- run: cargo release publish --execute --no-confirm\n" + token, "crates.io no no; " + lived + ":13"},
		{"cargo-release, shown only", false, "- run: cargo release publish\n", ""},
		{"cargo-release without publishing", false, "- run: cargo release patch --execute --no-publish\n", ""},
		{"cargo-release, another step", false, "- run: cargo release tag --execute\n", ""},
		{"a cargo command of others", false, "- run: cargo mono publish --allow-dirty\n", "unread"},
		{"publish-crates", false, "- uses: katyo/publish-crates@" + pin + "\n  with:\n    registry-token: ${{ secrets.CARGO }}\n", "crates.io no no; " + lived + ":13"},
		// release-plz. https://release-plz.dev/docs/github/quickstart
		{"release-plz", true, "- uses: release-plz/action@" + pinned53 + "\n  with:\n    command: release\n", "crates.io no yes"},
		{"release-plz with a secret", false, "- uses: release-plz/action@" + pinned53 + "\n  with:\n    command: release\n" + token, "crates.io no no; " + lived + ":15"},
		{"release-plz, both commands, with the action's token", true, auth + "- uses: MarcoIeni/release-plz-action@" + pinned53 + "\n" + env + "CARGO_REGISTRY_TOKEN: ${{ steps.auth.outputs.token }}\n", "crates.io no yes"},
		{"release-plz, the pull request alone", false, "- uses: release-plz/action@v0.5\n  with:\n    command: release-pr\n" + token, ""},
		{"release-plz, shown only", false, "- uses: release-plz/action@v0.5\n  with:\n    dry_run: true\n", ""},
		{"release-plz without an ID token", false, "- uses: release-plz/action@" + pinned53 + "\n", "crates.io no no; " + noID},
		{"release-plz by itself", true, "- run: release-plz release\n", "crates.io no yes"},
		{"covector", false, "- uses: jbolda/covector/packages/action@covector-v0\n", "unread"},
	} {
		permissions := "    permissions:\n      contents: read\n"
		if c.id {
			permissions += "      id-token: write\n"
		}
		workflow := "name: Release\non:\n  push:\n    tags: [\"v*\"]\njobs:\n  p:\n    runs-on: ubuntu-latest\n" + permissions + "    steps:\n    " + strings.TrimSuffix(strings.ReplaceAll(c.steps, "\n", "\n    "), "    ")
		r := Check(Files{".github/workflows/release.yml": []byte(workflow)}, public())
		var ways, findings []string
		for _, w := range r.Ways {
			ways = append(ways, fmt.Sprintf("%s %s %s", w.Registry, w.Provenance, w.Trusted))
		}
		for _, f := range r.Findings {
			findings = append(findings, fmt.Sprintf("%s %s:%d", f.Severity, f.Rule, f.Line))
		}
		got := strings.Join(ways, ", ")
		if len(findings) > 0 {
			got += "; " + strings.Join(findings, ", ")
		}
		for range r.Unread {
			got += "unread"
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q\n%s\n%v\n%v", c.name, got, c.want, workflow, r.Ways, r.Unread)
		}
	}
}

// Which workflow a trusted publisher names, where one calls another.
func TestTheWorkflowThatARegistryChecks(t *testing.T) {
	for steps, want := range map[string]string{
		"    - uses: rubygems/release-gem@v1\n":                                                                                                                                 "rubygems.org for push.yml.",
		"    - uses: rubygems/configure-rubygems-credentials@v1.0.0\n    - run: gem push *.gem\n":                                                                               "rubygems.org for push.yml.",
		"    - run: gem push *.gem\n      env:\n        GEM_HOST_API_KEY: ${{ secrets.GEM }}\n":                                                                                 "the workflow push.yml,",
		"    - uses: rust-lang/crates-io-auth-action@v1\n      id: auth\n    - run: cargo publish\n      env:\n        CARGO_REGISTRY_TOKEN: ${{ steps.auth.outputs.token }}\n": "crates.io for release.yml.",
	} {
		r := Check(Files{
			".github/workflows/release.yml": []byte("on:\n  push:\n    tags: [\"v*\"]\njobs:\n  p:\n    permissions:\n      id-token: write\n    uses: ./.github/workflows/push.yml\n"),
			".github/workflows/push.yml":    []byte("on: workflow_call\njobs:\n  p:\n    runs-on: ubuntu-latest\n    permissions:\n      id-token: write\n    steps:\n" + steps),
		}, public())
		if all := fmt.Sprint(r); !strings.Contains(all, want) {
			t.Errorf("%s: no %q in %s", steps, want, all)
		}
	}
}

// PyPI checks the called workflow for the upload and the calling one for the attestations:
// https://github.com/pypi/warehouse/blob/main/warehouse/oidc/models/github.py
func TestACalledWorkflowPublishesToPyPIWithoutAttestationsAlone(t *testing.T) {
	for step, want := range map[string]string{
		"uses: pypa/gh-action-pypi-publish@release/v1":                                           "error",
		"uses: pypa/gh-action-pypi-publish@v1.8.14":                                              "warning",
		"uses: pypa/gh-action-pypi-publish@release/v1\n      with:\n        attestations: false": "warning",
		"run: uv publish -v wheels/*":                                                            "warning",
		"run: pdm publish":                                                                       "warning",
	} {
		r := Check(Files{
			".github/workflows/release.yml": []byte("on:\n  push:\n    tags: [\"v*\"]\njobs:\n  p:\n    permissions:\n      id-token: write\n    uses: ./.github/workflows/pypi.yml\n"),
			".github/workflows/pypi.yml":    []byte("on: workflow_call\njobs:\n  p:\n    runs-on: ubuntu-latest\n    permissions:\n      id-token: write\n    steps:\n    - " + step + "\n"),
		}, public())
		if len(r.Findings) != 1 || r.Findings[0].Rule != "called-workflow" || string(r.Findings[0].Severity) != want || r.Ways[0].Trusted != Depends || r.Ways[0].Provenance != No {
			t.Errorf("%s: %+v %+v", step, r.Findings, r.Ways)
		}
	}
}
