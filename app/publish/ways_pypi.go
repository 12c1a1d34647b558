package publish

import "strings"

// pypiAction is pypa/gh-action-pypi-publish. Without a password it is a trusted
// publisher; from 1.11.0 on it then makes attestations by itself.
// https://github.com/pypa/gh-action-pypi-publish/releases/tag/v1.11.0
func (k *walk) pypiAction(s *step) {
	left := 1
	r := &run{walk: k, line: s.Uses.Line, dirKnown: true, left: &left}
	w := r.toPyPI("pypa/gh-action-pypi-publish", firstText(s.With.get("repository-url"), s.With.get("repository_url")))
	if w == nil {
		return
	}
	if t := s.With.get("password"); t.stated() && strings.TrimSpace(t.Value) != "" {
		w.trust.Token, w.trust.TokenVar = t, "the input password"
		w.Trusted, w.Provenance = No, No
		w.because("It publishes with the token in the input password; attestations need trusted publishing.")
		return
	}
	asked, known := k.actionVersion(s)
	w.trust.Version = s.Uses
	w.trust.Recent = Depends
	if known {
		w.trust.Recent = atLeast(asked, version{1, 8, 0}, true)
	} else {
		w.because("Which version of the action this commit is, is not in these files.")
	}
	if w.trust.Recent == No {
		w.because("Without a password the action publishes as a trusted publisher from 1.8.0 on; this is " + quoted(asked) + ".")
	}
	w.Trusted = w.trustedAt("pypi.org", w.trust.Recent)
	if !known && w.Trusted == Depends && w.trust.IDToken.Answer == Yes {
		w.Trusted = Yes // without a password nothing else could publish
	}
	called := w.calledAtPyPI()
	t := s.With.get("attestations")
	v, fixed := k.scope().resolve(t.Value).only()
	switch {
	case called:
		w.Provenance, w.trust.Asked = No, Yes
		if fixed && strings.EqualFold(v, "false") || !t.stated() && known && atLeast(asked, version{1, 11, 0}, true) == No {
			w.trust.Asked = No
		}
	case w.registry != "":
		w.Provenance = No
		w.because("It publishes to " + w.Registry + ": attestations are PyPI's and TestPyPI's.")
	case t.stated() && !fixed:
		w.Provenance, w.trust.Asked, w.trust.AskedBy = allOf(w.Trusted, Depends), Depends, t
		w.because("Whether it makes attestations depends on " + quoted(t.Value) + ".")
	case t.stated() && strings.EqualFold(v, "false"):
		w.Provenance, w.trust.Asked, w.trust.AskedBy = No, No, t
		w.because("attestations: false turns them off.")
	case t.stated():
		able := Depends
		if known {
			able = atLeast(asked, version{1, 10, 0}, true)
		} else if w.Trusted == Yes {
			able = Yes // an input that the action does not know would be a warning
		}
		w.Provenance, w.trust.Asked, w.trust.AskedBy = allOf(w.Trusted, able), Yes, t
		w.because("It asks for attestations, which the action makes from 1.10.0 on.")
	case known:
		w.trust.Asked = atLeast(asked, version{1, 11, 0}, true)
		w.Provenance = allOf(w.Trusted, w.trust.Asked)
		if w.trust.Asked == Yes {
			w.because("From 1.11.0 on the action makes attestations by itself.")
		} else {
			w.because("The action makes attestations by itself from 1.11.0 on; this is " + quoted(asked) + ".")
		}
	default:
		w.trust.Asked = Depends
		w.Provenance = allOf(w.Trusted, Depends)
		w.because("The action makes attestations by itself from 1.11.0 on.")
	}
}

func firstText(list ...text) text {
	for _, t := range list {
		if t.stated() {
			return t
		}
	}
	return text{}
}

// toPyPI is a way to PyPI, or to another index where one is named.
func (r *run) toPyPI(tool string, index text) *way {
	registry, other := "pypi", ""
	if index.stated() && strings.TrimSpace(index.Value) != "" {
		v, fixed := r.scope().resolve(index.Value).only()
		switch name := indexName(v); {
		case !fixed:
			registry, other = quoted(index.Value), index.Value
		case name != "pypi":
			registry = name
			if name != "test.pypi.org" {
				other = v
			}
		}
	}
	w := r.newWay(registry, tool)
	if w != nil {
		w.registry = other
	}
	return w
}

// indexName is "pypi", or the host of another index.
func indexName(address string) string {
	switch a := strings.ToLower(address); {
	case a == "pypi" || strings.Contains(a, "//upload.pypi.org") || strings.Contains(a, "//pypi.org"):
		return "pypi"
	case a == "testpypi" || strings.Contains(a, "//test.pypi.org"):
		return "test.pypi.org"
	}
	return registryName(address)
}

// trustedAt says whether it publishes as a trusted publisher: it may get an ID token,
// and the tool exchanges it.
func (w *way) trustedAt(registry string, able Answer) Answer {
	a := allOf(w.trust.IDToken.Answer, able)
	if w.Registry == "test.pypi.org" {
		registry = w.Registry
	}
	if a == Yes {
		w.because("It has no token: it publishes as a trusted publisher, which is to be set up at " + registry + " for " + checkedName(w) + ".")
	}
	return a
}

// calledAtPyPI says whether the job stands in a called workflow, which PyPI does not
// support: the ID token names the called workflow and the attestation the calling one, so
// that no trusted publisher fits both.
// https://docs.pypi.org/trusted-publishers/troubleshooting/#reusable-workflows-on-github
// https://github.com/pypi/warehouse/issues/11096
func (w *way) calledAtPyPI() bool {
	for _, c := range w.chain {
		if c.step == nil {
			w.Trusted = allOf(w.Trusted, Depends)
			w.because("The job stands in a called workflow, which PyPI's trusted publishers do not support: without attestations one for the called workflow may fit, with them none does.")
			return true
		}
	}
	return false
}

// pythonToken is the password or token that a tool for PyPI has.
func (r *run) pythonToken(names ...string) (text, string) {
	for _, name := range names {
		if t, ok := r.variableOf(name); ok && strings.TrimSpace(t.Value) != "" {
			return t, name
		}
	}
	return text{}, ""
}

// twine reads a twine command. From 6.1.0 on twine is a trusted publisher where it has
// no password (https://pypi.org/project/twine/6.1.0/). It sends attestations that lie
// there, and makes none.
func (r *run) twine(asked string, args []word) {
	o := parseOptions(args, "r", "repository", "repository-url", "u", "username", "p", "password", "c", "comment", "config-file", "i", "identity", "s", "sign-with", "cert", "client-cert")
	if o.arg(0) != "upload" {
		return
	}
	index := text{}
	if v, ok := o.value("repository-url", "r", "repository"); ok {
		index = text{place{Line: r.line}, v.Text}
	} else if t, ok := r.variableOf("TWINE_REPOSITORY_URL"); ok {
		index = t
	} else if t, ok := r.variableOf("TWINE_REPOSITORY"); ok {
		index = t
	}
	able := Yes // pip installs the newest
	if asked != "" {
		able = atLeast(asked, version{6, 1, 0}, true)
	}
	r.pythonUpload("twine upload", index, o, pythonTool{able: able, file: "pypirc", sends: o.is("attestations"),
		none: "twine makes no attestations; it sends those that lie beside the files with --attestations.", variables: []string{"TWINE_PASSWORD"}})
}

// pythonTool is what a command that sends files to PyPI can do.
type pythonTool struct {
	able      Answer   // it is a trusted publisher where it has no token
	sends     bool     // it sends attestations that lie beside the files
	none      string   // why there are no others
	file      string   // whose credentials it reads
	variables []string // that carry its token
}

// uv reads a uv command: in GitHub Actions `uv publish` is a trusted publisher where it
// has no credentials. It sends attestations that lie beside the files, and makes none
// (https://github.com/fastapi/fastapi/discussions/15678).
func (r *run) uv(args []word) {
	o := parseOptions(args, "index", "publish-url", "check-url", "u", "username", "p", "password", "t", "token", "trusted-publishing", "keyring-provider", "directory", "project", "config-file")
	if o.arg(0) != "publish" || r.dry(o, "dry-run") {
		return
	}
	index := text{}
	if v, ok := o.value("publish-url", "index"); ok {
		index = text{place{Line: r.line}, v.Text}
	} else if t, ok := r.variableOf("UV_PUBLISH_URL"); ok {
		index = t
	} else if t, ok := r.variableOf("UV_PUBLISH_INDEX"); ok {
		index = t
	}
	able := Yes
	if v, ok := o.value("trusted-publishing"); ok && v.Text == "never" {
		able = No
	}
	_, off := r.variableOf("UV_PUBLISH_NO_ATTESTATIONS")
	r.pythonUpload("uv publish", index, o, pythonTool{able: able, sends: !off && !o.is("no-attestations") && o.Flags["attestations"].Text != "false",
		none: "uv makes no attestations; it sends those that lie beside the files.", variables: []string{"UV_PUBLISH_TOKEN", "UV_PUBLISH_PASSWORD"}})
}

// maturin reads a maturin command. Where it has no MATURIN_PYPI_TOKEN it asks for trusted
// publishing first, and takes a password where that fails
// (https://github.com/PyO3/maturin/blob/main/src/upload.rs).
func (r *run) maturin(args []word) {
	o := parseOptions(args, "r", "repository", "repository-url", "u", "username", "p", "password", "m", "manifest-path", "i", "interpreter", "o", "out", "target", "b", "bindings", "features", "F", "compatibility", "profile")
	verb := o.arg(0)
	if verb != "publish" && verb != "upload" {
		return
	}
	index := text{}
	if v, ok := o.value("repository-url", "r", "repository"); ok {
		index = text{place{Line: r.line}, v.Text}
	} else if t, ok := r.variableOf("MATURIN_REPOSITORY_URL"); ok {
		index = t
	} else if t, ok := r.variableOf("MATURIN_REPOSITORY"); ok {
		index = t
	}
	w := r.pythonUpload("maturin "+verb, index, o, pythonTool{able: Yes, file: "pypirc", none: "maturin makes no attestations.", variables: []string{"MATURIN_PYPI_TOKEN", "MATURIN_PASSWORD"}})
	if w != nil && w.trust.Token.stated() && w.trust.TokenVar != "MATURIN_PYPI_TOKEN" && w.trust.IDToken.Answer != No {
		w.Trusted = Depends
		w.because("maturin first asks for trusted publishing: which one is used depends on whether a trusted publisher is set up.")
	}
}

// maturinAction is PyO3/maturin-action: it runs a command of maturin, "build" where none
// is stated (https://github.com/PyO3/maturin-action#inputs).
func (k *walk) maturinAction(s *step) {
	command := s.With.get("command")
	verb, fixed := k.scope().resolve(command.Value).only()
	if !fixed {
		k.r.skip(s.File, command.Line, "Whether it publishes depends on %s.", quoted(command.Value))
		return
	}
	k.runAs(s, "maturin "+verb+" "+s.With.get("args").Value)
}

// actionRun is what an action does, as a command of its step.
func (k *walk) actionRun(s *step) *run {
	left := maxCommands
	r := &run{walk: k, line: s.Uses.Line, dirKnown: true, left: &left}
	r.by, _, _ = strings.Cut(s.Uses.Value, "@")
	return r
}

// runAs runs a command line that an action makes of its inputs.
func (k *walk) runAs(s *step, line string) {
	r := k.actionRun(s)
	if list, _ := commands(line); len(list) > 0 && r.worth(len(line)) {
		r.command(list[0].Words)
	}
}

// packager reads poetry, hatch, flit and pdm. pdm documents that it is a trusted publisher
// by itself (https://pdm-project.org/latest/usage/publish/); poetry is not
// (https://github.com/python-poetry/poetry/issues/7940); of the others that is not known
// here, and not guessed.
func (r *run) packager(name string, args []word) {
	o := parseOptions(args, "r", "repo", "repository", "u", "username", "user", "p", "password", "a", "auth", "dist-dir", "C", "directory", "project")
	if name == "poetry" && o.arg(0) == "config" && len(o.Args) > 2 {
		// https://python-poetry.org/docs/repositories/#configuring-credentials
		if key := o.arg(1); key == "pypi-token.pypi" || key == "http-basic.pypi" {
			r.logsIn("poetry", "poetry config "+key, o.Args[len(o.Args)-1].Text)
		}
		return
	}
	if o.arg(0) != "publish" || r.dry(o, "dry-run") {
		return
	}
	index := text{}
	if v, ok := o.value("repository", "repo", "r"); ok {
		index = text{place{Line: r.line}, v.Text}
	} else if t, ok := r.variableOf(map[string]string{"hatch": "HATCH_INDEX_REPO", "flit": "FLIT_INDEX_URL"}[name]); ok {
		index = t
	}
	tool := pythonTool{able: Depends, file: "pypirc", none: name + " makes no attestations."}
	switch name {
	case "pdm":
		tool.able, tool.variables = Yes, []string{"PDM_PUBLISH_PASSWORD"}
	case "poetry":
		tool.file, tool.variables = "poetry", []string{"POETRY_PYPI_TOKEN_PYPI", "POETRY_HTTP_BASIC_PYPI_PASSWORD"}
	case "hatch":
		tool.variables = []string{"HATCH_INDEX_AUTH"}
	case "flit":
		tool.variables = []string{"FLIT_PASSWORD"}
	}
	r.pythonUpload(name+" publish", index, o, tool)
}

// pythonUpload judges a command that sends files to PyPI.
func (r *run) pythonUpload(tool string, index text, o options, can pythonTool) *way {
	w := r.toPyPI(tool, index)
	if w == nil {
		return nil
	}
	able := can.able
	t := &w.trust
	t.Recent = able
	token, by := r.tokenOf(can.file, can.variables...)
	if v, ok := o.value("p", "password", "t", "token", "a", "auth"); ok && !token.stated() {
		token, by = text{place{File: r.inner.File, Line: r.line, End: r.line, Column: 1}, v.Text}, "the command's own option"
	}
	r.holds(w, token, by)
	switch {
	case t.Token.stated():
		w.Trusted, w.Provenance = No, No
		w.because("It publishes with the token in " + t.TokenVar + "; attestations need trusted publishing.")
		return w
	case able == No:
		w.Trusted, w.Provenance = No, No
		w.because(tool + " is no trusted publisher by itself.")
		return w
	}
	w.Trusted = w.trustedAt("pypi.org", able)
	if able == Depends {
		w.because("Nothing in these files gives it a token; whether " + tool + " is a trusted publisher by itself is not known here.")
	}
	if called := w.calledAtPyPI(); r.tools.attest != nil && can.sends && !called {
		w.Provenance = w.Trusted
		t.Asked, t.AskedBy = Yes, r.tools.attest.Uses
		w.because("astral-sh/attest-action makes attestations before.")
		return w
	}
	t.Asked, w.Provenance = No, No
	w.because(can.none)
	return w
}
