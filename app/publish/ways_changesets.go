package publish

// changeset reads a changeset command: `changeset publish` runs npm, pnpm or yarn, as
// the repository uses (https://github.com/changesets/changesets/blob/main/packages/cli/src/commands/publish/npm-utils.ts).
func (r *run) changeset(args []word) {
	o := parseOptions(args, "tag", "otp", "cwd")
	if o.arg(0) != "publish" {
		return
	}
	var a ability
	switch name, _, _ := r.r.manager(r.dir); {
	case name == "pnpm" || name == "" && r.tools.pnpmAt.stated():
		a = r.pnpmCan("")
		a.why = append(a.why, "changeset publish has pnpm publish here.")
	case name == "yarn" && r.berry():
		a = r.yarnCan("")
		a.why = append(a.why, "changeset publish has yarn npm publish here.")
	default:
		a = r.npmCLI("")
		a.why = append(a.why, "changeset publish has npm publish.")
	}
	if access := r.r.settingsOf("changesets", r.dir).get("access"); access.stated() {
		o.Flags["access"] = word{Text: access.Value}
		for _, m := range r.r.publishable() {
			if m.Access.stated() {
				delete(o.Flags, "access") // a package's own setting comes first
			}
		}
	}
	r.toNpm("changeset publish", o, r.r.publishable(), a)
}

// changesetsAction is changesets/action: it publishes by the command that it is given.
func (k *walk) changesetsAction(s *step) {
	t := s.With.get("publish")
	if !t.stated() {
		return // it makes the pull request alone
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
	if dynamic(script) {
		k.r.skip(s.File, t.Line, "changesets/action publishes by a command that is an expression, %s.", quoted(script))
		return
	}
	count := len(k.r.ways)
	r.script(script, func(int) int { return t.Line })
	if len(k.r.ways) == count {
		k.r.skip(s.File, t.Line, "changesets/action publishes by %s; what that publishes could not be followed.", quoted(script))
	}
}
