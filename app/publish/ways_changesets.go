package publish

// changeset reads a changeset command: `changeset publish` calls pnpm where the repository
// uses it, from version 3 on Yarn 2 and later, too, and else npm
// (https://github.com/changesets/changesets/issues/1274).
func (r *run) changeset(asked string, args []word) {
	o := parseOptions(args, "tag", "otp", "cwd", "from-pack-dir")
	if o.arg(0) != "publish" {
		return
	}
	var a ability
	knowsYarn, _ := r.dependencyHas("@changesets/cli", asked, version{3, 0, 0})
	switch name, _, _ := r.r.manager(r.dir); {
	case name == "pnpm" || name == "" && r.tools.pnpmAt.stated():
		a = r.pnpmCan("")
		a.why = append(a.why, "changeset publish calls pnpm publish here.")
	case r.berry() && knowsYarn == Yes:
		a = r.yarnCan("")
		a.why = append(a.why, "changeset publish calls yarn npm publish here.")
	case r.berry() && knowsYarn == Depends:
		a = r.npmCLI("")
		a.trusted, a.provenance = allOf(a.trusted, Depends), allOf(a.provenance, Depends)
		a.why = append(a.why, "changeset publish calls npm publish up to version 2, and yarn npm publish from version 3 on; which one the job has is not in these files.")
	default:
		a = r.npmCLI("")
		a.why = append(a.why, "changeset publish calls npm publish.")
	}
	if access := r.r.settingsOf("changesets", r.dir).get("access"); access.stated() {
		o.Flags["access"] = word{Text: access.Value}
		packages, _ := r.r.publishable(r.dir)
		for _, m := range packages {
			if m.Access.stated() {
				delete(o.Flags, "access") // a package's own setting comes first
			}
		}
	}
	r.sendAll("changeset publish", o, a)
}

// changesetsAction is changesets/action: it publishes by the command that it is given. From
// version 2 on the input has another name, and there is an action that publishes alone, by
// default with changeset publish (https://github.com/changesets/action/blob/main/README.md).
func (k *walk) changesetsAction(s *step, inputs ...string) {
	t := text{s.Uses.place, "changeset publish"}
	if len(inputs) > 1 {
		t = text{} // without a command it makes the pull request alone
	}
	for _, name := range inputs {
		if given := s.With.get(name); given.stated() {
			t = given
		}
	}
	if !t.stated() {
		return
	}
	left := maxCommands
	r := &run{walk: k, line: t.Line, dirKnown: true, left: &left, by: "changesets/action"}
	if cwd := s.With.get("cwd"); cwd.stated() {
		r.enter(cwd.Value)
	}
	script := t.Value
	if v, ok := k.scope().resolve(t.Value).only(); ok {
		script = v
	}
	if _, all := sole(script); all {
		k.r.skip(s.File, t.Line, "changesets/action publishes by a command that is an expression, %s.", quoted(script))
		return
	}
	count := len(k.r.ways)
	k.idle = false
	r.script(script, func(int) int { return t.Line })
	if len(k.r.ways) == count && !k.idle {
		k.r.skip(s.File, t.Line, "changesets/action publishes by %s; what that publishes could not be followed.", quoted(script))
	}
}
