package publish

import (
	"path"
	"slices"
	"strings"
)

// npmValued are the options of npm, pnpm, yarn and bun that take a value. The short -w does
// in npm alone.
func npmValued() []string {
	return []string{
		"registry", "tag", "access", "otp", "userconfig", "globalconfig", "prefix", "C", "dir", "cwd", "workspace",
		"filter", "F", "loglevel", "cache", "provenance-file", "auth-type", "publish-branch", "from", "include", "exclude", "new-version",
		"tolerate-republish-of", "jobs", "j", "config", "save-retry", "scope",
	}
}

// verb is what a package manager is told to do, in the folder that one of the options
// named folder leads to; o are all options and words, rest those behind the verb.
func (r *run) verb(args []word, valued []string, folder ...string) (verb string, o, rest options) {
	o = parseOptions(args, valued...)
	if w, ok := o.value(folder...); ok {
		r.enter(w.Text)
	}
	rest = o
	rest.Args = o.Args[min(1, len(o.Args)):]
	return o.arg(0), o, rest
}

// npm reads an npm command. (https://docs.npmjs.com/cli/v11/commands)
func (r *run) npm(version string, args []word) {
	verb, _, rest := r.verb(args, append(npmValued(), "w"), "prefix", "C")
	switch verb {
	case "publish", "stage":
		tool, a := "npm publish", r.npmCLI(version)
		if verb == "stage" {
			if rest.arg(0) != "publish" {
				return
			}
			tool, a = "npm stage publish", r.stageCLI(version)
			rest.Args = rest.Args[1:]
		}
		if r.dry(rest, "dry-run") {
			return
		}
		r.send(tool, rest, rest, a)
	case "run", "run-script", "rum", "urn":
		r.npmScript(rest, args, "npm")
	case "exec", "x":
		r.fetched("npx", after(args, verb))
	case "install", "i", "add", "update", "up", "upgrade":
		r.installs(rest)
	case "config", "c", "set":
		if verb != "set" {
			if rest.arg(0) != "set" {
				return
			}
			rest.Args = rest.Args[1:]
		}
		r.configure(rest.Args)
	case "pkg":
		if rest.arg(0) == "set" {
			for _, w := range rest.Args[1:] {
				if v, ok := strings.CutPrefix(w.Text, "publishConfig.provenance="); ok {
					r.tools.npmrc = append(r.tools.npmrc, r.set(assignment{"provenance", word{Text: v}}))
				}
			}
		}
	case "version":
		for _, hook := range []string{"preversion", "version", "postversion"} {
			r.hook(hook)
		}
	case "start", "test", "t":
	}
}

// after are the words behind the first one of that text.
func after(words []word, verb string) []word {
	i := slices.IndexFunc(words, func(w word) bool { return w.Text == verb })
	return words[i+1:]
}

// hook runs a script without those around it.
func (r *run) hook(name string) {
	m := r.r.manifestAt(r.dir)
	if s := m.script(name); r.dirKnown && s.stated() && r.depth < maxScripts {
		inner := *r
		inner.depth++
		inner.scripts = append(slices.Clone(r.scripts), s)
		inner.script(s.Value, func(int) int { return r.line })
	}
}

// npmScript follows `npm run NAME -- MORE`, in a workspace where one is named.
func (r *run) npmScript(o options, args []word, manager string) {
	if len(o.Args) == 0 {
		return
	}
	if o.Args[0].Dynamic {
		r.unreadScript(o.Args[0].Text)
		return
	}
	var extra []word
	if i := slices.IndexFunc(args, func(w word) bool { return w.Text == "--" }); i >= 0 {
		extra = args[i+1:]
	} else if manager != "npm" {
		extra = after(args, o.Args[0].Text)
	}
	name := o.Args[0].Text
	for _, dir := range r.workspaces(o) {
		inner := *r
		inner.dir = dir
		inner.packageScript(name, extra)
	}
}

// workspaces are the folders in which a command runs: those of the named workspaces, of
// all where all are asked for, else the current one.
func (r *run) workspaces(o options) []string {
	named, all := r.selected(o)
	switch {
	case !all && named == nil:
		return []string{r.dir}
	case !r.worth(8 * len(named)):
		return nil
	}
	var list []string
	for _, m := range named {
		list = append(list, m.Dir)
	}
	return list
}

// selected are the packages that --workspace and --filter name, or all of the workspace
// where all are asked for. Neither is said: a list of none, and all is false. What a filter
// means by its signs (https://pnpm.io/filtering) is not followed: all may be meant.
func (r *run) selected(o options) (list []*manifest, all bool) {
	names := o.values("w", "workspace", "filter", "F")
	if len(names) == 0 {
		if o.is("ws", "workspaces", "r", "recursive") {
			return r.r.members(r.dir), true
		}
		return nil, false
	}
	if !r.worth(8 * len(names) * len(r.r.manifests)) {
		return nil, true
	}
	var in, out []text
	for _, w := range names {
		s, not := strings.CutPrefix(w.Text, "!")
		s = strings.TrimPrefix(s, "./")
		switch {
		case w.Dynamic || strings.ContainsAny(s, "^[]") || strings.Contains(s, "..."):
			return r.r.members(r.dir), true
		case not:
			out = append(out, text{Value: s})
		default:
			in = append(in, text{Value: s})
		}
	}
	with, without := newGlobs(in, false), newGlobs(out, false)
	candidates := r.r.manifests
	if len(in) == 0 {
		candidates = r.r.members(r.dir)
	}
	for _, m := range candidates {
		if (len(in) == 0 || with.match(m.Name.Value) || with.match(m.Dir)) && !without.match(m.Name.Value) && !without.match(m.Dir) {
			list = append(list, m)
		}
	}
	return list, list != nil
}

// allWorkspaces are the folders of the workspace's packages.
func (r *run) allWorkspaces() []string {
	return r.workspaces(options{Flags: map[string]word{"recursive": {Text: "true"}}})
}

// npmPackages are the packages that a publish command sends; nil where files do not say.
// nothing says that it sends none: all are private.
func (r *run) npmPackages(o options) (list []*manifest, nothing bool) {
	switch named, all := r.selected(o); {
	case o.is("ws", "workspaces", "r", "recursive") && len(named) == 0:
		return r.r.publishable(r.dir)
	case o.is("ws", "workspaces", "r", "recursive"):
		return sent(named)
	case all:
		return named, false
	}
	if !r.dirKnown {
		return nil, false
	}
	dir := r.dir
	if target := o.arg(0); target != "" {
		below, ok := join(dir, target)
		if o.Args[0].Dynamic || !ok || strings.HasSuffix(target, ".tgz") || strings.ContainsAny(target, "*$") {
			return nil, false
		}
		dir = below
	}
	if m := r.r.manifestAt(dir); m != nil {
		return []*manifest{m}, false
	}
	return nil, false
}

// send judges a command that publishes the packages that its options name.
func (r *run) send(tool string, o, target options, a ability) {
	packages, nothing := r.npmPackages(target)
	if nothing {
		r.idle = true
		return
	}
	r.toNpm(tool, o, packages, a)
}

// sendAll judges a tool that publishes all packages of the workspace.
func (r *run) sendAll(tool string, o options, a ability) {
	packages, nothing := r.r.publishable(r.dir)
	if nothing {
		r.idle = true
		return
	}
	r.toNpm(tool, o, packages, a)
}

// installs notes a package manager that is installed for the whole machine.
func (r *run) installs(o options) {
	if !o.is("g", "global") && o.Flags["location"].Text != "global" {
		return
	}
	for _, w := range o.Args {
		name, v := packageName(w.Text)
		at := text{place{File: r.inner.File, Line: r.line, End: r.line, Column: 1}, w.Text}
		asked := known(v)
		if w.Dynamic {
			asked = value{Depends: quoted(w.Text)}
			if x, ok := r.scope().resolve(v).only(); ok {
				asked = known(x)
			}
		}
		switch name {
		case "npm":
			r.tools.npm, r.tools.npmAt = asked, at
		case "pnpm":
			r.tools.pnpm, r.tools.pnpmAt = asked, at
		}
	}
}

// configure notes npm config set.
func (r *run) configure(args []word) {
	if len(args) == 2 && !strings.Contains(args[0].Text, "=") {
		args = []word{{Text: args[0].Text + "=" + args[1].Text}}
	}
	for _, w := range args {
		name, v, ok := strings.Cut(w.Text, "=")
		if ok && len(r.tools.npmrc) < maxSet {
			r.tools.npmrc = append(r.tools.npmrc, r.filled(r.set(assignment{name, word{Text: v}})))
		}
	}
}

// pnpm reads a pnpm command. Up to version 10 it calls npm publish; from 11 on it publishes
// by itself (https://pnpm.io/blog/releases/11.0) and tries trusted publishing before a token
// (https://github.com/pnpm/pnpm/pull/11495). The first releases of version 11 could not
// (https://github.com/pnpm/pnpm/issues/11513).
func (r *run) pnpm(version string, args []word) {
	verb, o, rest := r.verb(args, npmValued(), "C", "dir")
	if o.is("w", "workspace-root") {
		r.dir, _ = r.r.workspaceGlobs(r.dir)
	}
	if verb == "recursive" || verb == "multi" || verb == "m" {
		rest.Flags["recursive"] = word{Text: "true"}
		verb, rest.Args = rest.arg(0), rest.Args[min(1, len(rest.Args)):]
	}
	switch verb {
	case "":
	case "publish", "stage": // https://pnpm.io/cli/stage
		tool := "pnpm publish"
		if verb == "stage" {
			if rest.arg(0) != "publish" {
				return
			}
			tool = "pnpm stage publish"
			rest.Args = rest.Args[1:]
		}
		if r.dry(rest, "dry-run") {
			return
		}
		r.send(tool, rest, rest, r.pnpmCan(version))
	case "run", "run-script":
		r.npmScript(rest, args, "pnpm")
	case "exec":
		r.everywhere(o, afterOptions(after(args, verb), "pnpm"))
	case "dlx":
		r.fetched("npx", after(args, verb))
	case "install", "i", "add":
		r.installs(rest)
	case "config", "c":
		if rest.arg(0) == "set" {
			r.configure(rest.Args[1:])
		}
	default:
		r.implied("pnpm", o, args)
	}
}

// implied is a command that is neither: a script of package.json, or a program that a
// dependency brings.
func (r *run) implied(manager string, o options, args []word) {
	verb := o.arg(0)
	if verb == "" || o.Args[0].Dynamic {
		r.unreadScript(verb)
		return
	}
	for _, dir := range r.workspaces(o) {
		if r.r.manifestAt(dir).script(verb).stated() {
			r.npmScript(o, args, manager)
			return
		}
	}
	done, wasIdle := len(r.r.ways)+len(r.r.unread), r.idle
	r.idle = false
	r.command(append([]word{{Text: verb}}, after(args, verb)...))
	read := r.idle || done < len(r.r.ways)+len(r.r.unread)
	r.idle = r.idle || wasIdle
	if read || o.arg(1) != "publish" || r.dry(o, "dry-run") {
		return
	}
	switch verb {
	case "vsce", "ovsx", "pkg-pr-new", "jsr", "wrangler": // they publish elsewhere
	default:
		r.r.skip(r.inner.File, r.line, "It runs %s publish, which is not known here: whether that publishes to npm is not known.", quoted(verb))
	}
}

// everywhere runs a command in every folder that the options name.
func (r *run) everywhere(o options, words []word) {
	for _, dir := range r.workspaces(o) {
		inner := *r
		inner.dir = dir
		inner.command(words)
	}
}

// pnpmVersion is the version of pnpm that the job has.
func (r *run) pnpmVersion(asked string) (value, text) {
	if asked != "" {
		return known(asked), text{place{File: r.inner.File, Line: r.line, End: r.line, Column: 1}, asked}
	}
	if r.tools.pnpmAt.stated() {
		return r.tools.pnpm, r.tools.pnpmAt
	}
	if name, v, at := r.r.manager(r.dir); name == "pnpm" && v != "" {
		return known(v), at
	}
	return value{Depends: "the version of pnpm"}, text{}
}

func (r *run) pnpmCan(asked string) ability {
	v, at := r.pnpmVersion(asked)
	native := v.each(func(s string) Answer { return atLeast(s, version{11, 0, 0}, true) })
	switch native {
	case No:
		a := r.npmCLI("")
		a.why = append(a.why, "Up to version 10 pnpm calls npm publish.")
		return a
	case Yes:
		a := ability{
			provenance: Yes, automatic: true, at: at, dialect: pnpmDialect,
			trusted: v.each(func(s string) Answer { return atLeast(s, version{11, 1, 2}, true) }),
			why:     []string{"From version 11 on pnpm publishes by itself, and tries to do so as a trusted publisher."},
		}
		if a.trusted != Yes {
			a.trusted = Depends
			a.why = append(a.why, "The first releases of pnpm 11 did not publish as a trusted publisher everywhere; 11.1.2 and later do.")
		}
		return a
	}
	a := r.npmCLI("")
	a.why = append(a.why, "Up to version 10 pnpm calls npm publish, from version 11 on it publishes by itself; which version the job has is not in these files.")
	a.trusted, a.provenance = allOf(a.trusted, Depends), Yes
	a.dialect = anyPnpmDialect
	return a
}

// yarn reads a yarn command. Version 1 has `publish`, later ones have `npm publish`,
// with provenance from 4.9.0 (https://github.com/npm/documentation/pull/1546) and
// trusted publishing from 4.10.0 on
// (https://github.com/yarnpkg/berry/releases/tag/%40yarnpkg%2Fcli%2F4.10.0); that gives
// no provenance by itself (https://github.com/yarnpkg/berry/issues/7017).
func (r *run) yarn(asked string, args []word) {
	verb, o, rest := r.verb(args, npmValued(), "cwd")
	switch verb {
	case "":
	case "publish":
		if r.r.manifestAt(r.dir).script("publish").stated() && r.berry() {
			r.npmScript(o, args, "yarn")
			return
		}
		r.send("yarn publish", rest, rest, ability{
			provenance: No, trusted: No, dialect: noDialect,
			why: []string{"yarn publish, of yarn 1, makes no provenance and knows no trusted publishing."},
		})
	case "npm":
		if rest.arg(0) != "publish" || r.dry(rest, "dry-run", "n") {
			return
		}
		rest.Args = rest.Args[1:]
		r.send("yarn npm publish", rest, options{}, r.yarnCan(asked))
	case "workspace":
		if len(rest.Args) < 2 {
			return
		}
		name := rest.Args[0].Text
		if m := find(r.r.manifests, func(m *manifest) bool { return m.Name.Value == name }); m != nil && !rest.Args[0].Dynamic {
			r.dir = m.Dir
		} else {
			r.dirKnown, r.dirWhy = false, quoted(name)
		}
		r.wanted("yarn", asked, append([]word{{Text: "yarn"}}, after(args, name)...))
	case "workspaces":
		if rest.arg(0) != "foreach" {
			return
		}
		r.foreach(asked, afterForeach(after(args, "foreach")))
	case "run":
		r.implied("yarn", rest, args) // a script, or a program
	case "exec":
		r.command(afterOptions(after(args, verb), "yarn"))
	case "dlx":
		r.fetched("npx", after(args, verb))
	case "config":
		if rest.arg(0) == "set" {
			r.configure(rest.Args[1:])
		}
	case "global":
		if rest.arg(0) == "add" {
			rest.Args = rest.Args[1:]
			rest.Flags["global"] = word{Text: "true"}
			r.installs(rest)
		}
	default:
		r.implied("yarn", o, args)
	}
}

// berry says whether the package manager is a Yarn that has .yarnrc.yml, as version 2 and
// later do.
func (r *run) berry() bool {
	name, v, at := r.r.manager(r.dir)
	return name == "yarn" && (v != "" && atLeast(v, version{2, 0, 0}, true) == Yes || path.Base(at.File) == ".yarnrc.yml")
}

// afterForeach are the words behind the options of yarn workspaces foreach.
func afterForeach(words []word) []word {
	for len(words) > 0 && strings.HasPrefix(words[0].Text, "-") {
		w := words[0].Text
		words = words[1:]
		if slices.Contains([]string{"--from", "--include", "--exclude", "-j", "--jobs"}, w) && len(words) > 0 {
			words = words[1:]
		}
	}
	return words
}

// foreach runs a yarn command in every workspace.
func (r *run) foreach(asked string, words []word) {
	o := parseOptions(words, npmValued()...)
	if o.arg(0) == "npm" && o.arg(1) == "publish" {
		if r.dry(o, "dry-run", "n") {
			return
		}
		all := options{Flags: map[string]word{"recursive": {Text: "true"}}}
		r.send("yarn npm publish", o, all, r.yarnCan(asked))
		return
	}
	for _, dir := range r.allWorkspaces() {
		inner := *r
		inner.dir = dir
		inner.wanted("yarn", asked, append([]word{{Text: "yarn"}}, words...))
	}
}

func (r *run) yarnCan(asked string) ability {
	// A token that it has yarn takes first
	// (https://github.com/yarnpkg/berry/blob/master/packages/plugin-npm/sources/npmHttpUtils.ts).
	a := ability{dialect: yarnDialect, tokenFirst: true}
	v, at := value{Depends: "the version of yarn"}, text{}
	if asked != "" {
		v = known(asked)
	} else if name, version, m := r.r.manager(r.dir); name == "yarn" && version != "" {
		v, at = known(version), m
	}
	a.at = at
	a.provenance = v.each(func(s string) Answer { return atLeast(s, version{4, 9, 0}, true) })
	a.trusted = v.each(func(s string) Answer { return atLeast(s, version{4, 10, 0}, true) })
	switch {
	case v.Depends != "":
		a.why = append(a.why, "yarn makes provenance from 4.9.0 on and knows trusted publishing from 4.10.0 on; which version the job has is not in these files.")
	case a.trusted != Yes:
		a.why = append(a.why, "yarn "+quoted(v.Possible[0])+" is older than 4.10.0, the first that knows trusted publishing.")
		if a.provenance != Yes {
			a.why = append(a.why, "yarn makes provenance from 4.9.0 on.")
		}
	}
	return a
}

// bun reads a bun command. `bun publish` knows neither provenance nor trusted publishing
// (https://github.com/oven-sh/bun/issues/22423).
func (r *run) bun(args []word) {
	verb, o, rest := r.verb(args, npmValued(), "cwd")
	switch verb {
	case "":
	case "publish":
		if r.dry(rest, "dry-run") {
			return
		}
		r.send("bun publish", rest, rest, bunCan())
	case "run":
		if strings.Contains(rest.arg(0), "/") {
			r.unreadScript(rest.arg(0))
			return
		}
		r.implied("bun", rest, args)
	case "x":
		r.fetched("bunx", after(args, verb))
	case "add", "install", "i":
		r.installs(rest)
	default:
		if strings.Contains(verb, "/") {
			r.unreadScript(verb)
			return
		}
		r.implied("bun", o, args)
	}
}

func bunCan() ability {
	return ability{
		provenance: No, trusted: No, dialect: noDialect,
		why: []string{"bun publish makes no provenance and knows no trusted publishing."},
	}
}

// npmPublishCLI is the command of the package @jsdevtools/npm-publish.
func (r *run) npmPublishCLI(args []word) {
	o := parseOptions(args, "token", "registry", "tag", "access", "provenance", "strategy")
	if r.dry(o, "dry-run") {
		return
	}
	r.send("npm-publish", o, options{}, r.npmCLI(""))
}
