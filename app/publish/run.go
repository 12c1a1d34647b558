package publish

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// run is a command as a step runs it, or a script that it leads to.
type run struct {
	*walk
	line     int       // of the file, of the command
	env      []setting // what the script set before, and the command itself
	dir      string    // the folder, from the root
	dirKnown bool
	dirWhy   string // what the folder depends on
	scripts  []text // the package.json scripts that lead to it, the outermost first
	depth    int
	nested   int // how many programs of the same command lead to it: pnpm exec npx …
	left     *int
	by       string  // the action that runs it: "changesets/action"
	token    setting // an input of the action that carries the token
	words    []word  // of the command, the program first
	maybe    string  // what is to be said of it, a sentence
}

// run walks the script of a step.
func (k *walk) run(s *step) {
	switch sh := k.shellOf(s); {
	case sh == "", strings.HasPrefix(sh, "bash"), strings.HasPrefix(sh, "sh"), strings.HasPrefix(sh, "pwsh"), strings.HasPrefix(sh, "powershell"), strings.HasPrefix(sh, "cmd"), strings.Contains(sh, "{0}"):
	default:
		return // python and others: no shell words
	}
	left := maxCommands
	r := &run{walk: k, line: s.Run.Line, dirKnown: true, left: &left}
	r.enter(k.workingDirectory(s))
	r.script(s.Run.Value, s.lineOf)
}

func (k *walk) shellOf(s *step) string {
	for _, t := range []text{s.Shell, k.job.Defaults.Shell, k.workflow.Defaults.Shell} {
		if t.stated() {
			return t.Value
		}
	}
	return ""
}

func (k *walk) workingDirectory(s *step) string {
	list := []text{s.WorkingDirectory}
	if s.action == nil {
		list = append(list, k.job.Defaults.WorkingDirectory, k.workflow.Defaults.WorkingDirectory)
	}
	for _, t := range list {
		if t.stated() {
			return t.Value
		}
	}
	return "."
}

// enter changes the folder.
func (r *run) enter(dir string) {
	for _, root := range []string{"${{ github.workspace }}", "${{github.workspace}}", "$GITHUB_WORKSPACE", "${GITHUB_WORKSPACE}"} {
		if rest, ok := strings.CutPrefix(dir, root); ok {
			r.dir, r.dirKnown, dir = "", true, strings.TrimPrefix(rest, "/")
		}
	}
	if dir == "" || dir == "." {
		return
	}
	if v, ok := r.scope().resolve(dir).only(); ok {
		dir = v
	}
	below, ok := join(r.dir, dir)
	if dynamic(dir) || strings.ContainsAny(dir, "$`*~") || !ok {
		r.dirKnown, r.dirWhy = false, quoted(dir)
		return
	}
	r.dir = below
}

// script runs the commands of a script. lineOf is the line of the file on which its
// line i stands.
func (r *run) script(text string, lineOf func(int) int) {
	if !r.worth(len(text) + 16*len(r.env)) {
		return
	}
	list, complete := commands(text)
	if !complete {
		r.r.skip(r.inner.File, r.line, "The script is longer than what is read of it.")
	}
	type folderOf struct {
		dir, why string
		known    bool
	}
	groups := map[int]folderOf{0: {r.dir, r.dirWhy, r.dirKnown}}
	var stack []folderOf
	env := slices.Clone(r.env)
	for _, c := range list {
		if *r.left--; *r.left < 0 {
			r.r.skip(r.inner.File, r.line, "The step runs more than the %d commands that are read.", maxCommands)
			return
		}
		if !r.worth(64) {
			return
		}
		in, ok := groups[c.Group]
		if !ok {
			if in, ok = groups[c.Parent]; !ok {
				in = groups[0]
			}
			groups[c.Group] = in
		}
		line := lineOf(c.Line)
		one := *r
		one.nested = 0
		one.line, one.dir, one.dirWhy, one.dirKnown = line, in.dir, in.why, in.known
		one.env = env
		for _, e := range c.Env {
			one.env = one.with(one.env, e)
		}
		if len(c.Words) == 0 {
			env = one.env
			continue
		}
		switch c.Words[0].Text {
		case "export", "declare":
			for _, w := range c.Words[1:] {
				if name, v, ok := strings.Cut(w.Text, "="); ok {
					env = one.with(env, assignment{name, word{v, w.Dynamic}})
				}
			}
			continue
		case "cd", "pushd":
			if c.Words[0].Text == "pushd" {
				stack = append(stack, in)
			}
			if len(c.Words) > 1 && c.Words[1].Text != "-" {
				one.enter(c.Words[1].Text)
			}
			groups[c.Group] = folderOf{one.dir, one.dirWhy, one.dirKnown}
			continue
		case "popd":
			if len(stack) > 0 {
				groups[c.Group], stack = stack[len(stack)-1], stack[:len(stack)-1]
			}
			continue
		}
		one.note(c)
		one.command(c.Words)
	}
}

// worth says whether there is work left for so much more.
func (r *run) worth(n int) bool {
	if r.r.work -= n + 64; r.r.work < 0 {
		r.r.spent(r.inner.File, r.line, "There is more to read than the %d bytes that are read of scripts, those that run again counted again, with the steps and packages of every way.", maxWork)
		return false
	}
	return true
}

func (r *run) set(e assignment) setting {
	return setting{e.Name, text{place{File: r.inner.File, Line: r.line, End: r.line, Column: 1}, e.Value.Text}}
}

// with adds a variable to those of a script.
func (r *run) with(env []setting, e assignment) []setting {
	if len(env) >= maxSet {
		r.r.skip(r.inner.File, r.line, "The script sets more than the %d variables that are read.", maxSet)
		return env
	}
	return append(env, r.set(e))
}

// note keeps what a command writes for those after it: into GITHUB_ENV, or an .npmrc.
func (r *run) note(c command) {
	if len(c.Into) == 0 && (len(c.Words) < 2 || c.Words[0].Text != "tee") {
		return
	}
	files := c.Into
	if c.Words[0].Text == "tee" {
		files = append(slices.Clone(files), c.Words[1:]...)
	}
	toEnv := slices.ContainsFunc(files, func(f word) bool { return strings.Contains(f.Text, "GITHUB_ENV") })
	toNpmrc := slices.ContainsFunc(files, func(f word) bool { return strings.HasSuffix(f.Text, "npmrc") })
	for _, f := range files {
		if tool, file := credentialFile(f.Text); tool != "" {
			value := wordsText(c.Words[1:])
			if c.Words[0].Text == "cat" || c.Words[0].Text == "tee" {
				value = r.inner.Run.Value // a here-document, which is read over
			}
			r.logsIn(tool, file, value)
		}
	}
	if !toEnv && !toNpmrc {
		return
	}
	for _, w := range append(c.Words[1:len(c.Words):len(c.Words)], word{Text: c.Here}) {
		for _, l := range strings.FieldsFunc(strings.ReplaceAll(w.Text, `\n`, "\n"), func(c rune) bool { return c == '\n' || c == '\r' }) {
			name, v, ok := strings.Cut(l, "=")
			if !ok || strings.HasPrefix(name, "-") {
				continue
			}
			if len(r.tools.env)+len(r.tools.npmrc) >= maxSet {
				r.r.skip(r.inner.File, r.line, "The steps of the job write more than the %d variables and settings that are read.", maxSet)
				return
			}
			s := r.set(assignment{strings.TrimSpace(name), word{Text: strings.TrimSpace(v)}})
			if toEnv {
				r.tools.env = append(r.tools.env, s)
			}
			if toNpmrc {
				r.tools.npmrc = append(r.tools.npmrc, r.filled(s))
			}
		}
	}
}

// filled is a setting that a script writes, with the variable in it that the script knows:
// later steps may not have it any more.
func (r *run) filled(s setting) setting {
	if t, _, ok := r.carried(s); ok {
		s.text = t
	}
	return s
}

// variableOf is a variable as the command sees it.
func (r *run) variableOf(name string) (text, bool) { return r.variable(r.env, name) }

// command reads the words of one command, what stands before the program taken off.
func (r *run) command(words []word) {
	if n := len(words); n > 1 && words[n-1].Text == "}" {
		words = words[:n-1] // of a block of PowerShell
	}
	for range maxShellDepth {
		if len(words) == 0 || words[0].Dynamic && !strings.Contains(words[0].Text, "node_modules/.bin/") {
			return
		}
		program := programName(words[0].Text)
		rest := words[1:]
		switch program {
		case "sudo", "command", "exec", "nice", "time", "nohup", "xvfb-run", "retry", "xargs", "dotenv", "dotenvx", "timeout", "parallel", "then", "do", "else":
			words = afterOptions(rest, program)
		case "corepack":
			words = afterOptions(rest, program)
			switch {
			case len(words) == 0 || words[0].Dynamic:
			case words[0].Text == "prepare" || words[0].Text == "install" || words[0].Text == "use":
				r.installs(options{Flags: map[string]word{"global": {Text: "true"}}, Args: words[1:]})
			default:
				name, version := packageName(words[0].Text)
				r.wanted(name, version, append([]word{{Text: name}}, words[1:]...))
			}
			return
		case "eval":
			var script []string
			for _, w := range rest {
				script = append(script, w.Text)
			}
			r.shell([]word{{Text: "-c"}, {Text: strings.Join(script, " ")}})
			return
		case "find":
			words = afterExec(rest)
		case "env", "cross-env", "cross-env-shell":
			words = afterOptions(rest, program)
			r.env = r.env[:len(r.env):len(r.env)] // it belongs to the script
			for len(words) > 0 && isAssignment(words[0].Text) {
				name, v, _ := strings.Cut(words[0].Text, "=")
				r.env = r.with(r.env, assignment{name, word{Text: v}})
				words = words[1:]
			}
		case "bash", "sh", "zsh":
			r.shell(rest)
			return
		case "npx", "pnpx", "bunx", "uvx":
			r.fetched(program, rest)
			return
		case "python", "python3", "py":
			if len(rest) < 2 || rest[0].Text != "-m" {
				return
			}
			words = rest[1:]
		case "pipx", "rye", "pdm", "uv", "poetry", "hatch", "bundle", "mise", "bundler", "volta", "fnm", "nvm", "asdf", "op", "doppler", "infisical":
			next, ok := runs(program, rest)
			if !ok {
				r.program(program, words)
				return
			}
			words = next
		default:
			r.program(program, words)
			return
		}
	}
}

// programName is the name of a program without its folder.
func programName(s string) string {
	s = strings.ReplaceAll(s, `\`, "/")
	name := path.Base(s)
	for _, ext := range []string{".cmd", ".exe", ".ps1"} {
		name = strings.TrimSuffix(name, ext)
	}
	return name
}

// afterOptions are the words behind a wrapper's own options.
func afterOptions(words []word, program string) []word {
	for len(words) > 0 {
		w := words[0].Text
		switch {
		case w == "--":
			return words[1:]
		case strings.HasPrefix(w, "-"):
			words = words[1:]
			// Options with a value: dotenv -e FILE, xargs -n 1, sudo -u USER, timeout -s SIGNAL.
			if takes := w == "-e" && program == "dotenv" || program == "xargs" && (w == "-n" || w == "-I" || w == "-P" || w == "-L") || program == "sudo" && w == "-u" || program == "timeout" && (w == "-s" || w == "-k"); takes && len(words) > 0 {
				words = words[1:]
			}
		case (program == "timeout" || program == "nice" || program == "retry") && w != "" && w[0] >= '0' && w[0] <= '9', program == "dotenvx" && w == "run":
			words = words[1:]
		default:
			return words
		}
	}
	return nil
}

// afterExec are the words of the command that find runs.
func afterExec(words []word) []word {
	i := slices.IndexFunc(words, func(w word) bool { return w.Text == "-exec" || w.Text == "-execdir" })
	if i < 0 {
		return nil
	}
	words = words[i+1:]
	if end := slices.IndexFunc(words, func(w word) bool { return w.Text == ";" || w.Text == "+" }); end >= 0 {
		words = words[:end]
	}
	return words
}

// runs are the words of the program that a tool runs in its environment.
func runs(tool string, words []word) (rest []word, ok bool) {
	if len(words) == 0 {
		return nil, false
	}
	verb := words[0].Text
	switch tool {
	case "uv":
		if verb == "run" {
			return afterPythonOptions(words[1:]), true
		}
		if verb == "tool" && len(words) > 1 && words[1].Text == "run" {
			return afterPythonOptions(words[2:]), true
		}
	case "pipx", "rye", "pdm", "poetry", "hatch":
		if verb == "run" {
			return afterPythonOptions(words[1:]), true
		}
	case "volta", "fnm", "nvm", "asdf", "op", "doppler", "infisical":
		if verb != "run" && verb != "exec" {
			return nil, false
		}
		if i := slices.IndexFunc(words, func(w word) bool { return w.Text == "--" }); i >= 0 {
			return words[i+1:], true
		}
		rest = afterOptions(words[1:], tool)
		if tool == "nvm" && len(rest) > 0 {
			rest = rest[1:] // the version of Node
		}
		return rest, true
	case "bundle", "bundler", "mise":
		if verb == "exec" || verb == "x" {
			return afterOptions(words[1:], tool), true
		}
	}
	return nil, false
}

func afterPythonOptions(words []word) []word {
	for len(words) > 0 && strings.HasPrefix(words[0].Text, "-") {
		w := words[0].Text
		words = words[1:]
		if (w == "--with" || w == "--from" || w == "--spec" || w == "-p" || w == "--python" || w == "--extra" || w == "--group" || w == "--env-file") && len(words) > 0 {
			words = words[1:]
		}
		if w == "--" {
			break
		}
	}
	if len(words) > 0 && !words[0].Dynamic {
		words = slices.Clone(words)
		words[0].Text, _, _ = strings.Cut(words[0].Text, "@")
	}
	return words
}

// shell follows sh -c '…'. A script in a file is not read.
func (r *run) shell(words []word) {
	for i, w := range words {
		if strings.HasPrefix(w.Text, "-") && strings.HasSuffix(w.Text, "c") && i+1 < len(words) {
			if r.depth < maxScripts {
				inner := *r
				inner.depth++
				inner.script(words[i+1].Text, func(int) int { return r.line })
			}
			return
		}
		if !strings.HasPrefix(w.Text, "-") {
			r.unreadScript(w.Text)
			return
		}
	}
}

// unreadScript names a program of the repository that is not read, where its name says
// that it may publish.
func (r *run) unreadScript(file string) {
	name := strings.ToLower(path.Base(file))
	if strings.Contains(name, "publish") || strings.Contains(name, "release") || strings.Contains(name, "deploy") {
		r.r.skip(r.inner.File, r.line, "It runs %s, which is not read: whether that publishes is not known.", quoted(file))
	}
}

// fetched follows npx and the like: the program of a package, perhaps in a version.
func (r *run) fetched(program string, words []word) {
	var packages []string
	for len(words) > 0 && strings.HasPrefix(words[0].Text, "-") {
		w := words[0].Text
		words = words[1:]
		name, v, has := strings.Cut(w, "=")
		switch name {
		case "-p", "--package", "--from":
			if !has && len(words) > 0 {
				v, words = words[0].Text, words[1:]
			}
			packages = append(packages, v)
		case "-c", "--call":
			if !has && len(words) > 0 {
				v = words[0].Text
			}
			if r.depth < maxScripts {
				inner := *r
				inner.depth++
				inner.script(v, func(int) int { return r.line })
			}
			return
		case "--":
		case "--registry", "--prefix", "--cache", "--userconfig", "-w", "--workspace":
			if !has && len(words) > 0 {
				words = words[1:]
			}
		}
	}
	if len(words) == 0 || words[0].Dynamic {
		return
	}
	name, version := packageName(words[0].Text)
	for _, p := range packages { // the one that brings the program
		if n, v := packageName(p); v != "" && binaryOf(n) == binaryOf(name) {
			version = v
		}
	}
	if program == "uvx" {
		name, _, _ = strings.Cut(words[0].Text, "@")
	}
	inner := *r
	inner.wanted(binaryOf(name), version, append([]word{{Text: binaryOf(name)}}, words[1:]...))
}

// packageName divides "@a/b@1.2" into name and version.
func packageName(s string) (name, version string) {
	at := strings.LastIndexByte(s, '@')
	if at <= 0 {
		return s, ""
	}
	return s[:at], s[at+1:]
}

// binaryOf is the program that a package brings.
func binaryOf(pkg string) string {
	switch pkg {
	case "@changesets/cli":
		return "changeset"
	case "@lerna-lite/cli", "lerna-lite":
		return "lerna"
	case "@jsdevtools/npm-publish":
		return "npm-publish"
	case "@yarnpkg/cli-dist":
		return "yarn"
	}
	return path.Base(pkg)
}

// options are what a command line states.
type options struct {
	Flags map[string]word // without dashes, each as stated last; --no-x is x: "false"
	Given []given         // all of them, in order
	Args  []word
	Maybe []word // expressions that come to an option, or to nothing
}

// given is one option as it stands.
type given struct {
	Name  string
	Value word
}

// values are all that were given to the options of these names.
func (o options) values(names ...string) (list []word) {
	for _, f := range o.Given {
		if slices.Contains(names, f.Name) && f.Value.Text != "true" {
			list = append(list, f.Value)
		}
	}
	return list
}

func (o options) is(names ...string) bool {
	for _, n := range names {
		if w, ok := o.Flags[n]; ok && w.Text != "false" {
			return true
		}
	}
	return false
}

func (o options) value(names ...string) (word, bool) {
	for _, n := range names {
		if w, ok := o.Flags[n]; ok {
			return w, true
		}
	}
	return word{}, false
}

func (o options) arg(i int) string {
	if i < len(o.Args) {
		return o.Args[i].Text
	}
	return ""
}

// parseOptions divides words into options and the rest. valued are the names of options
// that take a value in the next word; every other one does where that is true or false.
func parseOptions(words []word, valued ...string) options {
	o := options{Flags: map[string]word{}}
	for i := 0; i < len(words); i++ {
		w := words[i]
		if w.Text == "--" {
			o.Args = append(o.Args, words[i+1:]...)
			break
		}
		name := strings.TrimLeft(w.Text, "-")
		if w.Dynamic && name == w.Text && (strings.Contains(name, "--") || strings.HasPrefix(name, anyOption)) {
			o.Maybe = append(o.Maybe, w)
			continue
		}
		if name == w.Text || name == "" {
			o.Args = append(o.Args, w)
			continue
		}
		v := word{Text: "true"}
		if n, given, ok := strings.Cut(name, "="); ok {
			name, v = n, word{given, w.Dynamic}
		} else if i+1 < len(words) && (slices.Contains(valued, name) || words[i+1].Text == "true" || words[i+1].Text == "false") {
			i++
			v = words[i]
			v.Text = strings.TrimPrefix(v.Text, anyOption) // a value is no option, whatever it holds
		} else if n, ok := strings.CutPrefix(name, "no-"); ok {
			name, v = n, word{Text: "false"}
		}
		o.Flags[name] = v
		o.Given = append(o.Given, given{name, v})
	}
	return o
}

// dry says whether a command only shows what it would publish. Where that depends, it is
// said, and the command counts as one that publishes.
func (r *run) dry(o options, names ...string) bool {
	for _, n := range names {
		w, ok := o.Flags[n]
		if !ok {
			continue
		}
		v := value{Depends: quoted(w.Text)}
		if !w.Dynamic || dynamic(w.Text) {
			v = r.scope().resolve(w.Text)
		}
		switch s, fixed := v.only(); {
		case !fixed:
			r.maybe = "Whether it publishes or only shows what it would publish depends on " + quoted(w.Text) + "."
		case s != "false":
			return true
		}
	}
	for _, m := range o.Maybe {
		if m.may("dry-run") {
			r.maybe = "Whether it publishes or only shows what it would publish depends on " + m.shown() + "."
		}
	}
	return false
}

// dryInput is the same of an action's input.
func (r *run) dryInput(t text) bool {
	if !t.stated() || t.Value == "" {
		return false
	}
	return r.dry(options{Flags: map[string]word{"": {t.Value, dynamic(t.Value)}}}, "")
}

// program looks at what a program publishes.
func (r *run) program(name string, words []word) { r.wanted(name, "", words) }

// wanted is program in the version that was asked for, "" where none was.
func (r *run) wanted(name, version string, words []word) {
	if len(r.r.ways) >= maxWays {
		r.r.spent(r.inner.File, r.line, "There are more than the %d ways to publish that are read.", maxWays)
		return
	}
	if r.nested++; r.nested > maxShellDepth {
		r.r.skip(r.inner.File, r.line, "The command has more than %d programs that run each other; it was not followed.", maxShellDepth)
		return
	}
	if !r.worth(16 * len(words)) {
		return
	}
	words = append(words[:1:1], r.expanded(words[1:])...)
	args := words[1:]
	r.words = words
	switch name {
	case "npm":
		r.npm(version, args)
	case "pnpm":
		r.pnpm(version, args)
	case "yarn", "yarnpkg":
		r.yarn(version, args)
	case "bun":
		r.bun(args)
	case "lerna":
		r.lerna(version, args)
	case "changeset":
		r.changeset(version, args)
	case "semantic-release", "multi-semantic-release", "semantic-release-monorepo":
		r.semanticRelease(version, args)
	case "release-it":
		r.releaseIt(args)
	case "np":
		r.np(args)
	case "nx":
		r.nx(args)
	case "npm-publish":
		r.npmPublishCLI(args)
	case "twine":
		r.twine(version, args)
	case "uv":
		r.uv(args)
	case "poetry", "hatch", "flit", "pdm":
		r.packager(name, args)
	case "maturin":
		r.maturin(args)
	case "release-plz":
		r.releasePlz(args)
	case "gem":
		r.gem(args)
	case "rake":
		r.rake(args)
	case "cargo":
		r.cargo(args)
	case "make", "just", "task":
		r.make(name, args)
	case "vp": // https://viteplus.dev/guide/
		r.vitePlus(args)
	case "turbo":
		r.turbo(args)
	case "run-s", "run-p", "npm-run-all", "npm-run-all2":
		r.runAll(args)
	case "node", "ts-node", "tsx", "deno", "zx", "esno", "jiti", "vite-node":
		for _, w := range parseOptions(args, "r", "require", "import", "loader", "experimental-loader", "C", "conditions", "env-file").Args {
			if w.Text != "run" { // of deno
				r.unreadScript(w.Text)
				return
			}
		}
	default:
		if strings.Contains(words[0].Text, "/") {
			r.unreadScript(words[0].Text)
		}
		r.unreadTool(name, args)
	}
}

// vitePlus follows Vite+, which runs scripts and programs as a package manager does.
func (r *run) vitePlus(args []word) {
	switch verb, _, rest := r.verb(args, npmValued()); verb {
	case "run":
		r.npmScript(rest, args, "vp")
	case "exec":
		r.command(after(args, verb))
	case "dlx":
		r.fetched("npx", after(args, verb))
	}
}

// expanded are words in which a variable stands for options: "npm publish $FLAGS". What the
// step's environment says of it is put in its place. What the script itself sets it to may
// depend on anything: such a word stays, as one that may be any option.
func (r *run) expanded(words []word) []word {
	var list []word
	for _, w := range words {
		name := strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(w.Text, "$"), "{"), "}")
		if !w.Dynamic || !strings.HasPrefix(w.Text, "$") || !isName(name) {
			list = append(list, w)
			continue
		}
		given, known := r.variable(nil, name)
		set := slices.ContainsFunc(r.env, func(s setting) bool {
			return s.Name == name && (s.Value == "" || strings.HasPrefix(s.Value, "-") || strings.Contains(s.Value, " -"))
		})
		switch {
		case set:
			list = append(list, word{anyOption + w.Text, true})
		case known && dynamic(given.Value) && strings.Contains(given.Value, "--"):
			list = append(list, word{given.Value, true})
		case known && strings.HasPrefix(given.Value, "-"):
			for _, f := range strings.Fields(given.Value) {
				list = append(list, word{Text: f})
			}
		default:
			list = append(list, w)
		}
	}
	return list
}

// anyOption marks a word that stands for options which are not known.
const anyOption = "\x00"

// may says whether an expression may come to that option.
func (w word) may(option string) bool {
	return strings.HasPrefix(w.Text, anyOption) || strings.Contains(w.Text, option)
}

// shown is the word in a sentence.
func (w word) shown() string { return quoted(strings.TrimPrefix(w.Text, anyOption)) }

// turbo follows `turbo run TASK`: a task is a script of the workspace's packages.
// (https://turborepo.com/docs/reference/run)
func (r *run) turbo(args []word) {
	o := parseOptions(args, "filter", "F", "concurrency", "cwd", "cache-dir", "env-mode", "log-order", "output-logs", "team", "token", "api")
	if len(o.values("filter", "F")) == 0 {
		o.Flags["recursive"] = word{Text: "true"}
	}
	for i, task := range o.Args {
		if i == 0 && task.Text == "run" || task.Dynamic {
			continue
		}
		for _, dir := range r.workspaces(o) {
			inner := *r
			inner.dir = dir
			inner.packageScript(task.Text, nil)
		}
	}
}

// runAll follows npm-run-all and its short forms: names of scripts, or patterns over names
// that ":" divides. (https://github.com/bcomnes/npm-run-all2/blob/master/docs/npm-run-all.md)
func (r *run) runAll(args []word) {
	m := r.r.manifestAt(r.dir)
	if m == nil || !r.dirKnown {
		return
	}
	for _, w := range parseOptions(args, "max-parallel").Args {
		name, _, _ := strings.Cut(w.Text, " ") // what follows goes to the script
		of := newGlobs([]text{{Value: strings.ReplaceAll(name, ":", "/")}}, false)
		for _, script := range slices.Sorted(maps.Keys(m.Scripts)) {
			if r.worth(64) && !w.Dynamic && of.match(strings.ReplaceAll(script, ":", "/")) {
				inner := *r
				inner.packageScript(script, nil)
			}
		}
	}
}

// unreadTool names tools that publish to npm by settings of their own, which are not read.
func (r *run) unreadTool(name string, args []word) {
	o := parseOptions(args)
	publishes := false
	switch name {
	case "auto": // https://intuit.github.io/auto/docs/generated/shipit
		publishes = slices.Contains([]string{"shipit", "latest", "next", "canary"}, o.arg(0))
	case "beachball", "rush", "release-plan", "monodeploy", "bumpy":
		publishes = o.arg(0) == "publish"
	case "changelogen":
		publishes = o.is("publish")
	case "clean-publish":
		publishes = true
	case "shipjs":
		publishes = o.arg(0) == "trigger"
	}
	if publishes && !r.dry(o, "dry-run", "d") {
		r.r.skip(r.inner.File, r.line, "It runs %s, whose settings are not read: whether that publishes to npm, and how, is not known.", quoted(name))
	}
}

func (r *run) make(name string, args []word) {
	for _, w := range args {
		if t := strings.ToLower(w.Text); strings.Contains(t, "publish") || strings.Contains(t, "release") {
			r.r.skip(r.inner.File, r.line, "It runs %s %s, which is not read: whether that publishes is not known.", name, quoted(w.Text))
			return
		}
	}
}

// packageScript follows a script of package.json, with what npm runs before and after.
func (r *run) packageScript(name string, extra []word) {
	m := r.r.manifestAt(r.dir)
	if !r.dirKnown || m == nil {
		return
	}
	for _, n := range []string{"pre" + name, name, "post" + name} {
		s := m.script(n)
		if !s.stated() {
			continue
		}
		if r.depth >= maxScripts || slices.Contains(r.scripts, s) {
			r.r.skip(s.File, s.Line, "Scripts run each other more than %d deep, or in a circle; %s was not followed.", maxScripts, quoted(n))
			continue
		}
		inner := *r
		inner.depth++
		inner.scripts = append(slices.Clone(r.scripts), s)
		var script strings.Builder
		script.WriteString(s.Value)
		if n == name {
			for _, w := range extra {
				script.WriteString(" " + requote(w.Text))
			}
		}
		inner.script(script.String(), func(int) int { return r.line })
	}
}

// requote writes a word so that a shell reads it as one.
func requote(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=./@:") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'"'"'`) + "'"
}
