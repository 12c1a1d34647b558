package publish

import (
	"slices"
	"strings"
)

// semanticNPM is the plugin of semantic-release that publishes.
const semanticNPM = "@semantic-release/npm"

// semanticRelease reads a semantic-release command. Its plugin @semantic-release/npm
// calls npm publish; from version 13 on, which comes with semantic-release 25, it knows
// trusted publishing (https://github.com/semantic-release/npm/tree/master/lib/trusted-publishing).
func (r *run) semanticRelease(asked string, args []word) {
	o := parseOptions(args, "b", "branches", "r", "repository-url", "t", "tag-format", "p", "plugins", "e", "extends")
	if r.dry(o, "dry-run", "d") {
		return
	}
	a := ability{}
	if asked == "" {
		a.trusted, a.at = r.dependencyHas(semanticNPM, "", version{13, 0, 0})
	}
	if !a.at.stated() {
		a.trusted, a.at = r.dependencyHas("semantic-release", asked, version{25, 0, 0})
	}
	if _, ok := o.value("e", "extends", "p", "plugins"); ok {
		a.trusted = allOf(a.trusted, Depends)
		a.why = append(a.why, "Its plugins are named on the command line or by a package, which are not read: whether they lead to npm publish is not known.")
	}
	r.released("semantic-release", a)
}

// released judges what the plugins of semantic-release publish.
func (r *run) released(tool string, a ability) {
	settings := r.r.settingsOf("semantic-release", r.dir)
	a.automatic, a.provenance = true, Yes
	switch {
	case !a.at.stated():
		a.why = append(a.why, "semantic-release knows trusted publishing from version 25 on; which version the job has is not in these files.")
	case a.trusted == No:
		a.why = append(a.why, "semantic-release knows trusted publishing from version 25 on, with @semantic-release/npm 13; what is asked for is "+quoted(a.at.Value)+".")
	case a.trusted == Yes:
		a.why = append(a.why, "semantic-release "+quoted(a.at.Value)+" knows trusted publishing.")
	case len(a.why) == 0:
		a.why = append(a.why, "semantic-release knows trusted publishing from version 25 on; whether that is what "+quoted(a.at.Value)+" comes to is not in these files.")
	}
	if settings != nil && settings.PluginsAt.stated() {
		r.commandsOfPlugins(settings)
		p := settings.plugin(semanticNPM)
		if p == nil {
			r.unknownPlugins(settings)
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
	unread := settings != nil && (settings.Code || settings.ExtendsAt.stated() && !settings.PluginsAt.stated())
	switch {
	case unread && settings.Code:
		a.why = append(a.why, quoted(settings.File)+" is a program, which is not run: whether it leads to npm publish is not known.")
	case unread:
		a.why = append(a.why, quoted(settings.File)+" takes its settings from a package, which is not read: whether they lead to npm publish is not known.")
	}
	packages := []*manifest{}
	if m := r.r.manifestAt(r.dir); m != nil && r.dirKnown {
		packages = append(packages, m)
		if m.private() && !unread {
			return // @semantic-release/npm leaves private packages out
		}
	}
	w := r.toNpm(tool, options{Flags: map[string]word{}}, packages, a)
	if w != nil && unread {
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

// unknownPlugins names plugins of other people whose name says that they publish to npm.
func (r *run) unknownPlugins(settings *release) {
	for _, p := range settings.Plugins {
		if strings.Contains(p.Name, "npm") || strings.Contains(p.Name, "yarn") {
			r.r.skip(p.File, p.Line, "semantic-release has the plugin %s, which is not known here: whether that publishes is not known.", quoted(p.Name))
		}
	}
}

// semanticReleaseAction is cycjimmy/semantic-release-action. It brings the semantic-release
// of its own where no version is asked for: 25 from its version 6.0.0 on, and before that
// an older one (https://github.com/cycjimmy/semantic-release-action/releases/tag/v6.0.0).
func (k *walk) semanticReleaseAction(s *step) {
	left := maxCommands
	r := &run{walk: k, line: s.Uses.Line, dirKnown: true, left: &left}
	if r.dryInput(s.With.get("dry_run")) {
		return
	}
	if dir := s.With.get("working_directory"); dir.stated() {
		r.enter(dir.Value)
	}
	a := ability{trusted: Depends}
	own, ownKnown := k.actionVersion(s)
	switch t := s.With.get("semantic_version"); {
	case t.stated():
		a.at = t
		a.trusted = k.scope().resolve(t.Value).each(func(s string) Answer { return atLeast(s, version{25, 0, 0}, true) })
	case ownKnown:
		a.at = text{s.Uses.place, "of cycjimmy/semantic-release-action " + own}
		a.trusted = atLeast(own, version{6, 0, 0}, true)
	}
	r.released("cycjimmy/semantic-release-action", a)
}
