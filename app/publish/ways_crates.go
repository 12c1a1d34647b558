package publish

import (
	"slices"
	"strings"
)

// cargo reads a cargo command. crates.io knows trusted publishing, by
// rust-lang/crates-io-auth-action (https://crates.io/docs/trusted-publishing), and keeps
// no provenance.
func (r *run) cargo(args []word) {
	o := parseOptions(cargoToolchain(args), "p", "package", "exclude", "token", "registry", "index", "manifest-path", "target", "target-dir", "features", "F", "j", "jobs", "color", "config", "Z")
	verb := o.arg(0)
	switch verb {
	case "publish":
	case "login": // https://doc.rust-lang.org/cargo/commands/cargo-login.html
		if v, ok := o.value("registry"); !ok || v.Text == "crates-io" {
			r.logsIn("cargo", "cargo login", o.arg(1))
		}
		return
	case "ws", "workspaces": // https://github.com/pksunkara/cargo-workspaces
		if verb = "workspaces"; o.arg(1) != "publish" {
			return
		}
	case "release":
		// Its other steps publish nothing (https://github.com/crate-ci/cargo-release/blob/master/docs/reference.md).
		switch o.arg(1) {
		case "version", "replace", "hook", "commit", "tag", "push", "owner", "changes", "config":
			return
		}
		if !o.is("x", "execute") || o.Flags["publish"].Text == "false" {
			return
		}
	default: // a tool of others: cargo mono publish, cargo smart-release, cargo xtask release
		for _, w := range o.Args {
			if w.Text == "publish" || w.Text == "release" || w.Text == "smart-release" {
				r.r.skip(r.inner.File, r.line, "It runs cargo %s, which is not known here: whether that publishes is not known.", quoted(wordsText(o.Args)))
				return
			}
		}
		return
	}
	if r.dry(o, "dry-run", "n") {
		return
	}
	registry := "crates.io"
	if v, ok := o.value("registry", "index"); ok && v.Text != "crates-io" {
		registry = quoted(v.Text)
	} else if !ok {
		registry = r.cargoRegistry()
	}
	tool := "cargo publish"
	if verb != "publish" {
		tool = "cargo " + verb
	}
	token, by := r.tokenOf("cargo", "CARGO_REGISTRY_TOKEN", "CARGO_REGISTRIES_CRATES_IO_TOKEN")
	if v, ok := o.value("token"); ok {
		token, by = text{place{File: r.inner.File, Line: r.line, End: r.line, Column: 1}, v.Text}, "--token"
	}
	if w := r.toCrates(registry, tool, token, by, false); w != nil {
		if p, ok := o.value("p", "package"); ok && !p.Dynamic {
			w.Packages = []string{named(p.Text)}
		}
	}
}

// cargoRegistry is where cargo publishes without being told: CARGO_REGISTRY_DEFAULT, or what
// the manifest says, which is not read. A token for another registry, and none for
// crates.io, says that it says so.
// https://doc.rust-lang.org/cargo/reference/config.html#registries
func (r *run) cargoRegistry() string {
	if t, ok := r.variableOf("CARGO_REGISTRY_DEFAULT"); ok && t.Value != "" && t.Value != "crates-io" {
		return quoted(t.Value)
	}
	if t, _ := r.tokenOf("cargo", "CARGO_REGISTRY_TOKEN", "CARGO_REGISTRIES_CRATES_IO_TOKEN"); t.stated() {
		return "crates.io"
	}
	lists := [][]setting{r.env, r.inner.Env.Settings}
	for _, f := range r.frames {
		lists = append(lists, f.step.Env.Settings)
	}
	for _, list := range append(lists, r.tools.env, r.job.Env.Settings, r.workflow.Env.Settings) {
		for _, s := range list {
			if rest, ok := strings.CutPrefix(s.Name, "CARGO_REGISTRIES_"); ok {
				if name, ok := strings.CutSuffix(rest, "_TOKEN"); ok && name != "" {
					return quoted(strings.ToLower(strings.ReplaceAll(name, "_", "-")))
				}
			}
		}
	}
	return "crates.io"
}

// toCrates judges a way to crates.io, with the token that it has. itself says that the
// tool exchanges the ID token where it has none.
func (r *run) toCrates(registry, tool string, token text, by string, itself bool) *way {
	w := r.newWay(registry, tool)
	if w == nil {
		return nil
	}
	w.Provenance = No
	if registry != "crates.io" {
		w.Trusted = No
		w.because("It publishes to " + registry + "; trusted publishing is crates.io's.")
		return w
	}
	t := &w.trust
	r.holds(w, token, by)
	token, by = t.Token, t.TokenVar
	var auth *step
	others := ""
	for _, ref := range references(token.Value) {
		id, output, _ := strings.Cut(strings.TrimPrefix(strings.ToLower(ref), "steps."), ".")
		i := slices.IndexFunc(r.tools.cargo, func(s *step) bool {
			return s.ID.stated() && output == "outputs.token" && strings.EqualFold(s.ID.Value, id)
		})
		if i >= 0 {
			auth = r.tools.cargo[i]
		} else {
			others = ref
		}
	}
	switch {
	case auth != nil && others != "":
		t.Setup = auth
		w.Trusted = allOf(t.IDToken.Answer, Depends)
		w.because("It has the token of rust-lang/crates-io-auth-action or " + quoted(others) + ": which one is used depends on the run.")
	case auth != nil:
		t.Setup = auth
		t.Token, t.TokenVar = text{}, "" // it lives for minutes
		w.Trusted = w.trustedAt("crates.io", Yes)
	case t.Token.stated():
		w.Trusted = No
		w.because("It publishes with the token in " + by + ".")
	case itself:
		t.Recent = Yes
		w.Trusted = w.trustedAt("crates.io", Yes)
	default:
		w.Trusted = No
		w.because("No step before it gets a token as a trusted publisher (rust-lang/crates-io-auth-action).")
	}
	w.because("crates.io keeps no provenance.")
	return w
}

// releasePlz reads a release-plz command: `release` publishes what is not there yet, as a
// trusted publisher where it has no token (https://release-plz.dev/docs/github/quickstart).
func (r *run) releasePlz(args []word) {
	o := parseOptions(args, "token", "registry", "manifest-path", "config", "git-token", "repo-url", "forge", "backend", "o", "output", "project-manifest", "p", "package")
	if o.arg(0) != "release" || r.dry(o, "dry-run") {
		return
	}
	registry := "crates.io"
	if v, ok := o.value("registry"); ok && v.Text != "crates-io" {
		registry = quoted(v.Text)
	}
	token, by := r.tokenOf("cargo", "CARGO_REGISTRY_TOKEN", "CARGO_REGISTRIES_CRATES_IO_TOKEN")
	if v, ok := o.value("token"); ok {
		token, by = text{place{File: r.inner.File, Line: r.line, End: r.line, Column: 1}, v.Text}, "--token"
	}
	r.toCrates(registry, "release-plz release", token, by, true)
}

// releasePlzAction is release-plz/action, which runs both release-pr and release where no
// command is stated (https://release-plz.dev/docs/github/input).
func (k *walk) releasePlzAction(s *step) {
	command := s.With.get("command")
	if command.stated() && command.Value != "" {
		switch verb, fixed := k.scope().resolve(command.Value).only(); {
		case !fixed:
			k.r.skip(s.File, command.Line, "Whether it publishes depends on %s.", quoted(command.Value))
			return
		case verb != "release":
			return
		}
	}
	r := k.actionRun(s)
	if r.dryInput(s.With.get("dry_run")) {
		return
	}
	registry := "crates.io"
	if t := s.With.get("registry"); t.stated() && t.Value != "" && t.Value != "crates-io" {
		registry = quoted(t.Value)
	}
	token, by := r.tokenOf("cargo", "CARGO_REGISTRY_TOKEN", "CARGO_REGISTRIES_CRATES_IO_TOKEN")
	if t := s.With.get("token"); t.stated() && t.Value != "" {
		token, by = t, "the input token"
	}
	r.toCrates(registry, "release-plz", token, by, true)
}

// publishCratesAction is katyo/publish-crates (https://github.com/katyo/publish-crates).
func (k *walk) publishCratesAction(s *step) {
	r := k.actionRun(s)
	if r.dryInput(s.With.get("dry-run")) {
		return
	}
	token, by := r.tokenOf("cargo", "CARGO_REGISTRY_TOKEN")
	if t := s.With.get("registry-token"); t.stated() && t.Value != "" {
		token, by = t, "the input registry-token"
	}
	r.toCrates("crates.io", "publish-crates", token, by, false)
}

// cargoToolchain are the words behind "+nightly".
func cargoToolchain(args []word) []word {
	if len(args) > 0 && strings.HasPrefix(args[0].Text, "+") {
		return args[1:]
	}
	return args
}
