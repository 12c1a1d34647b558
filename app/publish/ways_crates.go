package publish

import "strings"

// cargo reads a cargo command. crates.io knows trusted publishing, by
// rust-lang/crates-io-auth-action (https://crates.io/docs/trusted-publishing), and keeps
// no provenance.
func (r *run) cargo(args []word) {
	o := parseOptions(cargoToolchain(args), "p", "package", "exclude", "token", "registry", "index", "manifest-path", "target", "target-dir", "features", "F", "j", "jobs", "color", "config", "Z")
	verb := o.arg(0)
	if verb != "publish" && !(verb == "workspaces" && o.arg(1) == "publish") && !(verb == "release" && o.is("x", "execute")) || r.dry(o, "dry-run", "n") {
		return
	}
	registry := "crates.io"
	if v, ok := o.value("registry", "index"); ok && v.Text != "crates-io" {
		registry = quoted(v.Text)
	}
	tool := "cargo publish"
	if verb != "publish" {
		tool = "cargo " + verb
	}
	w := r.newWay(registry, tool)
	if w == nil {
		return
	}
	if p, ok := o.value("p", "package"); ok && !p.Dynamic {
		w.Packages = []string{named(p.Text)}
	}
	w.Provenance = No
	if registry != "crates.io" {
		w.Trusted = No
		w.because("It publishes to " + registry + "; trusted publishing is crates.io's.")
		return
	}
	t := &w.trust
	t.Token, t.TokenVar = r.pythonToken("CARGO_REGISTRY_TOKEN", "CARGO_REGISTRIES_CRATES_IO_TOKEN")
	if v, ok := o.value("token"); ok {
		t.Token, t.TokenVar = text{place{File: r.inner.File, Line: r.line, End: r.line, Column: 1}, v.Text}, "--token"
	}
	var auth *step
	for _, s := range r.tools.cargo {
		for _, ref := range references(t.Token.Value) {
			if s.ID.stated() && strings.EqualFold(ref, "steps."+s.ID.Value+".outputs.token") {
				auth = s
			}
		}
	}
	switch {
	case auth != nil:
		t.Setup = auth
		t.Token, t.TokenVar = text{}, "" // it lives for minutes
		w.Trusted = w.trustedAt("crates.io", Yes)
	case t.Token.stated():
		w.Trusted = No
		w.because("It publishes with the token in " + t.TokenVar + ".")
	default:
		w.Trusted = No
		w.because("No step before it gets a token as a trusted publisher (rust-lang/crates-io-auth-action).")
	}
	w.because("crates.io keeps no provenance.")
}

// cargoToolchain are the words behind "+nightly".
func cargoToolchain(args []word) []word {
	if len(args) > 0 && strings.HasPrefix(args[0].Text, "+") {
		return args[1:]
	}
	return args
}
