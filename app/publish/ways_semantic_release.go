package publish

import "slices"

// semanticRelease reads a semantic-release command. Its plugin @semantic-release/npm
// has npm publish; from version 13 on, which comes with semantic-release 25, it knows
// trusted publishing (https://github.com/semantic-release/npm/tree/master/lib/trusted-publishing).
func (r *run) semanticRelease(asked string, args []word) {
	o := parseOptions(args, "b", "branches", "r", "repository-url", "t", "tag-format", "p", "plugins", "e", "extends")
	if r.dry(o, "dry-run", "d") {
		return
	}
	r.released(asked, "semantic-release")
}

// released judges what the plugins of semantic-release publish.
func (r *run) released(asked, tool string) {
	settings := r.r.settingsOf("semantic-release", r.dir)
	a := ability{automatic: true, provenance: Yes}
	a.trusted, a.at = r.dependencyHas("@semantic-release/npm", "", version{13, 0, 0})
	if !a.at.stated() {
		a.trusted, a.at = r.dependencyHas("semantic-release", asked, version{25, 0, 0})
	}
	switch {
	case !a.at.stated():
		a.why = append(a.why, "semantic-release knows trusted publishing from version 25 on; which version the job has is not in these files.")
	case a.trusted != Yes:
		a.why = append(a.why, "semantic-release knows trusted publishing from version 25 on, with @semantic-release/npm 13; what is asked for is "+quoted(a.at.Value)+".")
	default:
		a.why = append(a.why, "semantic-release "+quoted(a.at.Value)+" knows trusted publishing.")
	}
	if settings != nil && settings.PluginsAt.stated() {
		r.commandsOfPlugins(settings)
		p := settings.plugin("@semantic-release/npm")
		if p == nil {
			return
		}
		options := block{Settings: p.Options}
		if options.get("npmPublish").Value == "false" {
			return
		}
		if root := options.get("pkgRoot"); root.stated() {
			r.enter(root.Value)
		}
	}
	if settings != nil && settings.Code {
		a.why = append(a.why, quoted(settings.File)+" is a program, which is not run: whether it has npm publish is not known.")
	}
	packages := []*manifest{}
	if m := r.r.manifestAt(r.dir); m != nil && r.dirKnown {
		packages = append(packages, m)
		if m.private() && (settings == nil || !settings.Code) {
			return // @semantic-release/npm leaves private packages out
		}
	}
	w := r.toNpm(tool, options{Flags: map[string]word{}}, packages, a)
	if w != nil && settings != nil && settings.Code {
		w.Provenance, w.Trusted = allOf(w.Provenance, Depends), allOf(w.Trusted, Depends)
	}
}

// commandsOfPlugins follows what @semantic-release/exec runs to publish.
func (r *run) commandsOfPlugins(settings *release) {
	p := settings.plugin("@semantic-release/exec")
	if p == nil || r.depth >= maxScripts {
		return
	}
	for _, s := range p.Options {
		if slices.Contains([]string{"publishCmd", "prepareCmd", "successCmd", "addChannelCmd"}, s.Name) {
			inner := *r
			inner.depth++
			inner.scripts = append(slices.Clone(r.scripts), s.text)
			inner.script(s.Value, func(int) int { return r.line })
		}
	}
}

// semanticReleaseAction is cycjimmy/semantic-release-action.
func (k *walk) semanticReleaseAction(s *step) {
	left := maxCommands
	r := &run{walk: k, line: s.Uses.Line, dirKnown: true, left: &left}
	if r.dryInput(s.With.get("dry_run")) {
		return
	}
	if dir := s.With.get("working_directory"); dir.stated() {
		r.enter(dir.Value)
	}
	asked, _ := k.scope().resolve(s.With.get("semantic_version").Value).only()
	r.released(asked, "cycjimmy/semantic-release-action")
}
