package publish

import (
	"path"
	"strings"
)

// uses looks at an action of another repository: what it sets up, and what it publishes.
func (k *walk) uses(s *step) {
	name, _, _ := strings.Cut(s.Uses.Value, "@")
	switch lower := strings.ToLower(name); lower {
	case "actions/setup-node":
		k.setupNode(s)
	case "pnpm/action-setup", "pnpm/setup":
		if v, ok := strings.CutPrefix(s.With.get("runtime").Value, "node@"); ok {
			k.tools.node, k.tools.nodeAt = k.scope().resolve(v), s.With.get("runtime")
			k.tools.npm, k.tools.npmAt = value{}, text{}
		}
		if t := s.With.get("version"); t.stated() {
			k.tools.pnpm, k.tools.pnpmAt = k.scope().resolve(t.Value), t
		} else if !k.tools.pnpmAt.stated() {
			if m, v, at := k.r.manager(""); m == "pnpm" && v != "" {
				k.tools.pnpm, k.tools.pnpmAt = known(v), at
			} else {
				k.tools.pnpm, k.tools.pnpmAt = value{Depends: "the version of pnpm"}, s.Uses
			}
		}
	case "js-devtools/npm-publish":
		k.npmPublishAction(s)
	case "changesets/action":
		k.changesetsAction(s, "publish", "publish-script")
	case "changesets/action/publish":
		k.changesetsAction(s, "script")
	case "cycjimmy/semantic-release-action":
		k.semanticReleaseAction(s)
	case "pypa/gh-action-pypi-publish":
		k.pypiAction(s)
	case "pyo3/maturin-action", "messense/maturin-action":
		k.maturinAction(s)
	case "astral-sh/attest-action":
		k.tools.attest = s
	case "rubygems/release-gem":
		k.releaseGemAction(s)
	case "rubygems/configure-rubygems-credentials":
		k.tools.gem = s
	case "rust-lang/crates-io-auth-action":
		k.tools.cargo = append(k.tools.cargo, s)
	case "release-plz/action", "release-plz/release-plz-action", "marcoieni/release-plz-action":
		k.releasePlzAction(s)
	case "katyo/publish-crates":
		k.publishCratesAction(s)
	case "actions-rs/cargo":
		k.runAs(s, "cargo "+s.With.get("command").Value+" "+s.With.get("args").Value)
	case "googleapis/release-please-action", "google-github-actions/release-please-action":
		// It makes releases and publishes nothing.
	default:
		k.unknownAction(s, lower)
	}
}

// unknownAction names an action whose name says that it may publish.
func (k *walk) unknownAction(s *step, name string) {
	base := path.Base(name)
	if strings.HasPrefix(name, "jbolda/covector/") {
		base = "cargo-npm-publish" // what it does is in a file that is not read
	}
	for _, registry := range []string{"npm", "pypi", "gem", "crate", "cargo", "lerna", "semantic-release", "python-", "poetry", "flit", "hatch"} {
		if strings.Contains(base, registry) && (strings.Contains(base, "publish") || strings.Contains(base, "release") || strings.Contains(base, "deploy") || strings.Contains(base, "push")) {
			k.r.skip(s.File, s.Uses.Line, "It uses %s, which is not known here: whether that publishes is not known.", quoted(s.Uses.Value))
			return
		}
	}
}

// setupNode notes which Node and which registry actions/setup-node sets up.
// https://github.com/actions/setup-node#usage
func (k *walk) setupNode(s *step) {
	k.tools.setup = s
	k.tools.npm, k.tools.npmAt = value{}, text{}
	k.tools.node, k.tools.nodeAt = value{}, text{}
	if t := s.With.get("node-version"); t.stated() {
		k.tools.node, k.tools.nodeAt = k.scope().resolve(t.Value), t
	} else if t := s.With.get("node-version-file"); t.stated() {
		k.tools.node, k.tools.nodeAt = k.nodeFile(t), t
	}
	if t := s.With.get("registry-url"); t.stated() {
		k.tools.registries, k.tools.urlAt = k.scope().resolve(t.Value), t
	}
}

// nodeFile is the version that a file of the repository names.
func (k *walk) nodeFile(t text) value {
	file, ok := join("", t.Value)
	data, there := k.r.files[file]
	if !ok || !there || dynamic(t.Value) {
		return value{Depends: quoted(t.Value)}
	}
	if path.Base(file) == "package.json" {
		m := k.r.manifestAt(folder(file))
		switch {
		case m != nil && m.Volta.stated():
			return known(m.Volta.Value)
		case m != nil && m.Runtime.stated():
			return known(m.Runtime.Value)
		case m != nil && m.Engine.stated():
			return known(m.Engine.Value)
		}
		return value{Depends: quoted(t.Value)}
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(data[:min(len(data), 200)])), "\n")
	line, _, _ = strings.Cut(line, "#")
	line = strings.TrimSpace(line)
	if strings.HasPrefix(path.Base(file), ".tool-versions") || line == "" {
		return value{Depends: quoted(t.Value)}
	}
	return known(line)
}

// npmPublishAction is JS-DevTools/npm-publish. From 4.1.0 on it needs no token
// (https://github.com/JS-DevTools/npm-publish/issues/242).
func (k *walk) npmPublishAction(s *step) {
	left := 1
	r := &run{walk: k, line: s.Uses.Line, dirKnown: true, left: &left}
	o := options{Flags: map[string]word{}}
	for _, name := range []string{"provenance", "access", "registry"} {
		if t := s.With.get(name); t.stated() {
			o.Flags[name] = word{t.Value, dynamic(t.Value)}
		}
	}
	if r.dryInput(s.With.get("dry-run")) {
		return
	}
	target := options{Flags: map[string]word{}}
	if t := s.With.get("package"); t.stated() {
		dir := t.Value
		if path.Base(dir) == "package.json" {
			dir = path.Dir(dir)
		}
		target.Args = []word{{dir, dynamic(dir)}}
	}
	a := r.npmCLI("")
	asked, known := k.actionVersion(s)
	switch recent := atLeast(asked, version{4, 1, 0}, true); {
	case !known:
		a.trusted = allOf(a.trusted, Depends)
		a.why = append(a.why, "JS-DevTools/npm-publish publishes without a token from 4.1.0 on; which version this commit is, is not in these files.")
	case recent == No:
		a.trusted = No
		a.why = append(a.why, "JS-DevTools/npm-publish publishes without a token from 4.1.0 on; this is "+quoted(asked)+".")
	}
	if t := s.With.get("token"); t.stated() && t.Value != "" {
		r.token = setting{"the input token", t}
	}
	r.send("JS-DevTools/npm-publish", o, target, a)
}
