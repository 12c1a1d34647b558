package publish

// lerna reads a lerna command. lerna publishes by itself, with provenance from 6.6.2
// (https://github.com/lerna/lerna/issues/3657) and as a trusted publisher from 9.0.0 on
// (https://lerna.js.org/docs/recipes/oidc-trusted-publishing).
func (r *run) lerna(asked string, args []word) {
	o := parseOptions(args, "registry", "dist-tag", "contents", "preid", "yes-to", "message", "m", "scope", "ignore", "concurrency", "loglevel", "legacy-auth", "pre-dist-tag", "tag-version-prefix", "otp", "since", "create-release", "temp-tag-name")
	switch o.arg(0) {
	case "publish":
	case "run", "exec":
		if o.arg(0) == "run" && len(o.Args) > 1 && !o.Args[1].Dynamic {
			for _, dir := range r.allWorkspaces() {
				inner := *r
				inner.dir = dir
				inner.packageScript(o.arg(1), nil)
			}
			return
		}
		inner := *r
		inner.dirKnown, inner.dirWhy = false, "the packages of lerna"
		inner.command(o.Args[min(1, len(o.Args)):])
		return
	default:
		return
	}
	tool := "lerna publish"
	if mode := o.arg(1); mode == "from-package" || mode == "from-git" {
		tool += " " + mode
	}
	a := ability{automatic: true}
	l := r.r.lernaOf(r.dir)
	a.trusted, a.at = r.dependencyHas(l.pkg, asked, l.trust)
	a.provenance, _ = r.dependencyHas(l.pkg, asked, l.provenance)
	switch {
	case !a.at.stated():
		a.why = append(a.why, "lerna makes provenance from 6.6.2 on and knows trusted publishing from 9.0.0 on; which version the job has is not in these files.")
	case a.trusted != Yes:
		a.why = append(a.why, l.name+" knows trusted publishing from "+l.trust.String()+" on; the manifest asks for "+quoted(a.at.Value)+".")
	default:
		a.why = append(a.why, l.name+" "+quoted(a.at.Value)+" knows trusted publishing.")
	}
	if registry := r.r.settingsOf("lerna", r.dir).get("command.publish.registry"); registry.stated() {
		if _, ok := o.Flags["registry"]; !ok {
			o.Flags["registry"] = word{Text: registry.Value}
		}
	}
	r.sendAll(tool, o, a)
}

// lernaKind is lerna, or lerna-lite, with the versions that know provenance and trusted
// publishing first.
type lernaKind struct {
	name, pkg         string
	provenance, trust version
	source            string
}

// lernaOf is the one of the two that the repository depends on. lerna-lite got provenance
// between its versions 2 and 3 (https://github.com/lerna-lite/lerna-lite/pull/600).
func (r *repository) lernaOf(dir string) lernaKind {
	for _, pkg := range []string{"@lerna-lite/cli", "@lerna-lite/publish"} {
		if r.dependency(dir, pkg).stated() && !r.dependency(dir, "lerna").stated() {
			return lernaKind{"lerna-lite", pkg, version{3, 0, 0}, version{4, 9, 0}, docsLernaLiteOIDC}
		}
	}
	return lernaKind{"lerna", "lerna", version{6, 6, 2}, version{9, 0, 0}, docsLernaOIDC}
}
