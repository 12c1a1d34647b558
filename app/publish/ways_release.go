package publish

// releaseIt reads a release-it command: it calls npm publish
// (https://github.com/release-it/release-it/blob/main/docs/npm.md).
func (r *run) releaseIt(args []word) {
	o := parseOptions(args, "c", "config", "i", "increment", "preRelease")
	settings := r.r.settingsOf("release-it", r.dir)
	off := func(key string) bool {
		if w, ok := o.Flags[key]; ok {
			return w.Text == "false"
		}
		return settings.get(key).Value == "false"
	}
	if r.dry(o, "dry-run", "d", "changelog", "release-version", "v", "h") || off("npm") || off("npm.publish") {
		return
	}
	a := r.npmCLI("")
	if !o.is("npm.skipChecks") && settings.get("npm.skipChecks").Value != "true" {
		a.trusted = allOf(a.trusted, Depends)
		a.why = append(a.why, "release-it first asks npm who it is, which a trusted publisher cannot answer; npm.skipChecks leaves that out.")
	}
	if settings != nil && settings.Code {
		a.trusted = allOf(a.trusted, Depends)
		a.why = append(a.why, quoted(settings.File)+" is a program, which is not run: whether it leads to npm publish is not known.")
	}
	target := options{Flags: o.Flags}
	if dir := settings.get("npm.publishPath"); dir.stated() {
		target.Args = []word{{Text: dir.Value, Dynamic: dynamic(dir.Value)}}
	}
	r.send("release-it", o, target, a)
}

// np reads an np command: it has the package manager publish. Its authors advise
// against it in CI (https://github.com/sindresorhus/np#why-not).
func (r *run) np(args []word) {
	o := parseOptions(args, "branch", "tag", "contents", "test-script", "message", "package-manager")
	if o.is("preview", "release-draft-only", "help", "version") {
		return
	}
	if w, ok := o.Flags["publish"]; ok && w.Text == "false" {
		return
	}
	a := r.npmCLI("")
	if name, _, _ := r.r.manager(r.dir); name == "pnpm" {
		a = r.pnpmCan("")
	}
	a.trusted = allOf(a.trusted, Depends)
	a.why = append(a.why, "np is made to be used by a person; it first asks npm who it is, which a trusted publisher cannot answer.")
	r.send("np", o, options{}, a)
}

// nx reads an nx command: `nx release` and `nx release publish` have the package manager
// publish, and npm in place of Yarn (https://nx.dev/docs/guides/nx-release/publish-in-ci-cd,
// https://github.com/nrwl/nx/blob/master/packages/js/src/executors/release-publish/release-publish.impl.ts).
func (r *run) nx(args []word) {
	o := parseOptions(args, "p", "projects", "g", "group", "groups", "t", "target", "targets", "registry", "tag", "otp", "access", "specifier", "preid", "c", "configuration")
	if r.dry(o, "dry-run", "d", "dryRun") {
		return
	}
	target, _ := o.value("t", "target", "targets")
	switch {
	case o.arg(0) == "release" && (o.arg(1) == "" || o.arg(1) == "publish"):
		if o.arg(1) == "" && (o.is("skip-publish", "skipPublish") || o.Flags["yes"].Text == "false") {
			return
		}
	case o.arg(0) == "release" && (o.arg(1) == "version" || o.arg(1) == "changelog" || o.arg(1) == "plan" || o.arg(1) == "plan:check"):
		return
	case o.arg(0) == "release": // nx release 1.2.3
	case target.Text == "nx-release-publish":
	case target.Text == "publish" || target.Text == "release" || o.arg(0) == "publish":
		r.r.skip(r.inner.File, r.line, "It runs a target of nx, %s, which is not read: whether that publishes is not known.", quoted(target.Text))
		return
	default:
		return
	}
	var a ability
	switch name, _, _ := r.r.manager(r.dir); {
	case name == "pnpm" || name == "" && r.tools.pnpmAt.stated():
		a = r.pnpmCan("")
		a.why = append(a.why, "nx calls pnpm publish here.")
	case name == "bun":
		a = bunCan()
		a.why = append(a.why, "nx calls bun publish here.")
	default:
		a = r.npmCLI("")
		a.why = append(a.why, "nx calls npm publish.")
	}
	r.sendAll("nx release publish", o, a)
}
