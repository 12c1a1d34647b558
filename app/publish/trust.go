package publish

import (
	"net/url"
	"slices"
	"strings"
)

// The oldest npm that gives provenance and that publishes as a trusted publisher:
// https://docs.npmjs.com/generating-provenance-statements, https://docs.npmjs.com/trusted-publishers
func npmWithProvenance() version { return version{9, 5, 0} }
func npmWithTrust() version      { return version{11, 5, 1} }

// ability is what the tool that sends a package to npm can do.
type ability struct {
	provenance Answer // it can ask for provenance
	trusted    Answer // it can publish as a trusted publisher
	automatic  bool   // as a trusted publisher it gives provenance without being asked
	tokenFirst bool   // where it has a token it takes that
	at         text   // what says the version
	why        []string
	dialect    dialect
}

// dialect is how provenance is asked for.
type dialect int

const (
	npmDialect     dialect = iota
	pnpmDialect            // of version 11 and later
	anyPnpmDialect         // of a version that no file says
	yarnDialect
	noDialect
)

// newWay is a way at the command or step that runs; nil where there are too many.
func (r *run) newWay(registry, tool string) *way {
	if len(r.r.ways) >= maxWays {
		r.r.spent(r.inner.File, r.line, "There are more than the %d ways to publish that are read.", maxWays)
		return nil
	}
	if !r.worth(r.weight + r.r.weightOfConditions(r.job)) { // every rule looks at them again
		return nil
	}
	if r.by != "" {
		tool = r.by
	}
	w := &way{
		Way: Way{
			Registry: registry, Tool: tool, File: r.inner.File, Line: r.line,
			Workflow: named(r.workflow.Name.Value), Job: named(r.job.title()), Step: named(r.inner.title()),
		},
		repository: r.r, chain: r.chainOf(), workflow: r.workflow, job: r.job, step: r.top, inner: r.inner,
		before: r.before[:len(r.before):len(r.before)], scripts: r.scripts, dir: r.dir, dirKnown: r.dirKnown,
	}
	if w.Step == "" {
		w.Step = named(r.top.title())
	}
	for _, word := range r.words {
		w.command = append(w.command, word.Text)
	}
	w.trust.IDToken = r.granted("id-token", "write")
	var why string
	w.trust.Hosted, w.trust.Runner, why = r.hosted()
	w.because(w.trust.IDToken.Why, why)
	w.because(r.maybe)
	r.r.ways = append(r.r.ways, w)
	return w
}

// because adds sentences to Why, each once.
func (w *way) because(sentences ...string) {
	for _, s := range sentences {
		if s != "" && !slices.Contains(w.Why, s) {
			w.Why = append(w.Why, s)
		}
	}
}

// name notes the packages.
func (w *way) name(list []*manifest) {
	for _, m := range list {
		w.packages = append(w.packages, m)
		if m.Name.stated() && len(w.Packages) < maxPackages {
			w.Packages = append(w.Packages, named(m.Name.Value))
		}
	}
}

// toNpm judges a way that sends packages to npm, or to a registry of its kind.
func (r *run) toNpm(tool string, o options, packages []*manifest, a ability) *way {
	if !r.worth(64 * len(packages)) { // every rule looks at them again
		return nil
	}
	registry, address, why := r.npmRegistry(o, packages, a.dialect)
	w := r.newWay(registry, tool)
	if w == nil {
		return nil
	}
	w.registry = address
	w.name(packages)
	t := &w.trust
	t.Setup, t.SetupURL = r.tools.setup, r.tools.urlAt
	t.Recent, t.Version, t.Dialect = a.trusted, a.at, a.dialect
	t.Token, t.TokenVar = r.npmToken(a.dialect, registry, packages)
	if registry != "npm" {
		w.Provenance, w.Trusted = No, No
		if why != "" {
			w.Provenance, w.Trusted = Depends, Depends
			w.because(why)
			return w
		}
		if w.loopback() {
			w.because("It publishes to " + quoted(registry) + ", which is on the machine that runs the job: nothing leaves it.")
			return w
		}
		w.because("It publishes to " + quoted(registry) + "; provenance and trusted publishing are npm's own registry's.")
		return w
	}
	w.because(a.why...)
	w.Trusted = r.npmTrusted(w, a)
	w.Provenance = r.npmProvenance(w, o, a)
	return w
}

func (r *run) npmTrusted(w *way, a ability) Answer {
	t := &w.trust
	answer := allOf(t.IDToken.Answer, t.Hosted, a.trusted)
	switch {
	case !t.Token.stated() && answer == Yes:
		w.because("It has no token: it publishes as a trusted publisher, which is to be set up at npm for " + checkedName(w) + ".")
	case !t.Token.stated():
		if answer == No {
			w.because("No file here gives it a token either.")
		}
	case answer == No:
		w.because("It publishes with the token in " + t.TokenVar + ".")
	case a.tokenFirst:
		w.because("It has the token in " + t.TokenVar + ", which this tool takes before it asks for trusted publishing.")
		return No
	default:
		w.because("It has the token in " + t.TokenVar + ", too: which one is used depends on whether a trusted publisher is set up at npm.")
		return Depends
	}
	return answer
}

// checked is the workflow whose file name a registry checks: npm and crates.io the one that
// GitHub starts (the claim workflow_ref), RubyGems.org the one in which the job stands
// (job_workflow_ref), as PyPI does for what comes without attestations.
// https://github.com/rust-lang/crates.io/blob/main/crates/crates_io_trustpub/src/github/claims.rs,
// https://github.com/rubygems/rubygems.org/blob/master/app/models/oidc/trusted_publisher/github_action.rb,
// https://github.com/pypi/warehouse/blob/main/warehouse/oidc/models/github.py
func (w *way) checked() *workflow {
	if w.Registry == "rubygems" || w.Registry == "pypi" || w.Registry == "test.pypi.org" {
		return w.workflow
	}
	return w.entry()
}

// checkedName is its file name.
func checkedName(w *way) string {
	_, name, _ := strings.Cut(w.checked().File, ".github/workflows/")
	return quoted(name)
}

func (r *run) npmProvenance(w *way, o options, a ability) Answer {
	t := &w.trust
	ask := r.asked(o, w.packages, a.dialect)
	asked, refused := ask.Answer, ask.Refused
	t.Asked, t.AskedBy = asked, ask.By
	w.because(ask.Why)
	possible := allOf(t.IDToken.Answer, t.Hosted, a.provenance)
	switch {
	case refused:
		return No
	case r.r.facts.Private != nil && *r.r.facts.Private:
		w.because("The repository is private: npm makes no provenance for packages of a private repository.")
		return No
	case r.restricted(o, w.packages):
		w.because("The package is restricted: npm makes provenance for public packages alone.")
		return No
	case r.private(w.packages):
		w.because("The manifest says \"private\": true: npm refuses to publish it.")
		return No
	}
	if r.r.facts.Private == nil && possible != No {
		w.because("Provenance needs a public repository; whether this one is was not looked at.")
	}
	switch {
	case asked == Yes:
		return possible
	case asked == Depends && a.automatic && w.Trusted == Yes && w.asksAnyway():
		return possible
	case asked == Depends:
		return allOf(possible, Depends)
	case !a.automatic && a.provenance != No:
		w.because("Nothing asks for provenance, and this tool does not make it by itself.")
		return No
	case a.provenance == No:
		return No
	case w.Trusted == No:
		w.because("Nothing asks for provenance.")
		return No
	case w.Trusted == Depends && possible != No:
		w.because("Nothing asks for provenance: it is made if the package is published as a trusted publisher.")
	case w.Trusted == Yes:
		w.because("A trusted publisher gets provenance without asking.")
	}
	return w.Trusted
}

// asking is what asks for provenance, or turns it off.
type asking struct {
	Answer  Answer
	By      text
	Refused bool
	Why     string
}

// reads is what a setting comes to; ok is false where it is not stated, or empty.
func (r *run) reads(t text, what string) (a asking, ok bool) {
	if !t.stated() {
		return a, false
	}
	a.By = t
	v, known := r.scope().resolve(t.Value).only()
	switch {
	case !known || strings.Contains(v, "$"):
		a.Answer, a.Why = Depends, "Whether provenance is asked for depends on "+what+": "+quoted(t.Value)+"."
	case v == "false" || v == "0":
		a.Answer, a.Refused, a.Why = No, true, strings.Replace(what, "--provenance", "--provenance=false", 1)+" turns provenance off."
	case v == "":
		return a, false
	default:
		a.Answer, a.Why = Yes, what+" asks for provenance."
	}
	return a, true
}

// asked says whether provenance is asked for, and by what. The order is npm's: the command
// line, publishConfig, the environment, .npmrc
// (https://github.com/npm/cli/blob/latest/lib/commands/publish.js). Yarn takes publishConfig
// first (https://github.com/yarnpkg/berry/blob/master/packages/plugin-npm-cli/sources/commands/npm/publish.ts).
func (r *run) asked(o options, packages []*manifest, d dialect) asking {
	if d == noDialect {
		return asking{Answer: No}
	}
	command, byCommand := r.askedByCommand(o)
	manifests, byManifests := r.askedByManifests(packages, d)
	switch {
	case byManifests && d == yarnDialect && manifests.Answer != Depends:
		return manifests
	case byCommand:
		return command
	case byManifests && manifests.Answer != Depends:
		return manifests
	}
	a, ok := r.askedBySettings(d)
	switch {
	case byManifests && (!ok || a.Answer == No && !a.Refused):
		return manifests
	case ok:
		return a
	}
	if r.r.facts.Partial && len(packages) == 0 {
		return asking{Answer: Depends, Why: "Whether provenance is asked for depends on the package.json of what is published, which was not read."}
	}
	return asking{Answer: No}
}

// asksAnyway says whether what may ask for provenance would not turn it off: where trusted
// publishing implies it, it does not matter whether it is heeded.
func (w *way) asksAnyway() bool { return w.trust.AskedBy.Value == "true" }

func (r *run) askedByCommand(o options) (asking, bool) {
	at := func(v string) text { return text{place{File: r.inner.File, Line: r.line, End: r.line, Column: 1}, v} }
	depends := func(w word, what string) (asking, bool) {
		return asking{Answer: Depends, By: at(w.Text), Why: "Whether provenance is asked for depends on " + what + quoted(w.Text) + "."}, true
	}
	if f, ok := o.Flags["provenance"]; ok {
		if f.Dynamic && !dynamic(f.Text) {
			return depends(f, "--provenance=")
		}
		if a, ok := r.reads(at(f.Text), "--provenance"); ok {
			return a, true
		}
	}
	for _, m := range o.Maybe {
		if m.may("--provenance") {
			return depends(word{m.shown(), true}, "")
		}
	}
	if _, ok := o.Flags["provenance-file"]; ok {
		return asking{Answer: Yes, By: at("true"), Why: "--provenance-file brings provenance."}, true
	}
	return asking{}, false
}

// askedByManifests is what publishConfig.provenance says. Where the package is not known it
// may be one of the repository's that states it. From version 11 on pnpm's code hands on
// the flag and the setting alone
// (https://github.com/pnpm/pnpm/blob/main/releasing/commands/src/publish/publishPackedPkg.ts).
func (r *run) askedByManifests(packages []*manifest, d dialect) (asking, bool) {
	known := len(packages) > 0
	if !known {
		packages, _ = r.r.publishable(r.dir)
	}
	var a asking
	stated := 0
	for _, m := range packages {
		if one, ok := r.reads(m.Provenance, "publishConfig.provenance in "+quoted(m.File)); ok && (stated == 0 || one.Answer != Yes) {
			a = one
			stated++
		} else if ok {
			stated++
		}
		if stated > 0 && a.Answer != Yes {
			break
		}
	}
	switch {
	case stated == 0:
		return a, false
	case !known:
		a.Answer, a.Refused = Depends, false
		a.Why = quoted(a.By.File) + " states publishConfig.provenance; whether that is the package which is published is not in these files."
	case d == pnpmDialect || d == anyPnpmDialect:
		a.Answer, a.Refused = Depends, false
		a.Why = "npm reads publishConfig.provenance, which pnpm calls up to version 10; whether pnpm 11 and later heed it, which publish by themselves, is not in their documentation."
	case a.Answer == Yes && stated < len(packages):
		a.Answer = Depends
		a.Why = "publishConfig.provenance asks for it in some of the packages and not in all."
	}
	return a, true
}

// askedBySettings is what the environment and the files of settings say. From version 11 on
// pnpm reads variables of its own and pnpm-workspace.yaml
// (https://pnpm.io/blog/releases/11.0). Yarn's documentation names another variable than
// that of the setting which its code reads.
func (r *run) askedBySettings(d dialect) (asking, bool) {
	of := func(names ...string) (asking, bool) {
		for _, name := range names {
			if t, ok := r.variableOf(name); ok {
				if a, ok := r.reads(t, name); ok {
					return a, true
				}
			}
		}
		return asking{}, false
	}
	npm, byNPM := of("NPM_CONFIG_PROVENANCE", "npm_config_provenance")
	pnpm, byPNPM := of("PNPM_CONFIG_PROVENANCE", "pnpm_config_provenance")
	if !byPNPM {
		pnpm, byPNPM = r.reads(r.r.settingsOf("pnpm", r.dir).get("provenance"), "provenance in pnpm-workspace.yaml")
	}
	switch d {
	case yarnDialect:
		if a, ok := of("YARN_NPM_PUBLISH_PROVENANCE"); ok {
			return a, true
		}
		if a, ok := of("YARN_NPM_CONFIG_PROVENANCE"); ok {
			a.Answer, a.Refused = Depends, false
			a.Why = "Yarn's documentation names YARN_NPM_CONFIG_PROVENANCE, and its code reads npmPublishProvenance alone, whose variable is YARN_NPM_PUBLISH_PROVENANCE."
			return a, true
		}
		return r.reads(r.r.npmSetting(r.dir, true, "npmPublishProvenance"), "npmPublishProvenance in .yarnrc.yml")
	case pnpmDialect:
		if byNPM && !byPNPM {
			return asking{Answer: No, Why: "From version 11 on pnpm does not read NPM_CONFIG_PROVENANCE; its own variable is PNPM_CONFIG_PROVENANCE."}, true
		}
		return pnpm, byPNPM
	case anyPnpmDialect:
		switch {
		case byNPM && byPNPM && npm.Answer == pnpm.Answer:
			return npm, true
		case byPNPM:
			npm = pnpm
		}
		if byNPM || byPNPM {
			npm.Answer, npm.Refused = Depends, false
			npm.Why = "Up to version 10 pnpm reads NPM_CONFIG_PROVENANCE, from version 11 on PNPM_CONFIG_PROVENANCE and pnpm-workspace.yaml; which version the job has is not in these files."
		}
		return npm, byNPM || byPNPM
	}
	if byNPM {
		return npm, true
	}
	if a, ok := r.reads(block{Settings: r.tools.npmrc}.get("provenance"), "The .npmrc"); ok {
		return a, true
	}
	return r.reads(r.r.npmSetting(r.dir, false, "provenance"), "The .npmrc")
}

func (r *run) restricted(o options, packages []*manifest) bool {
	if w, ok := o.Flags["access"]; ok {
		return w.Text == "restricted"
	}
	return len(packages) > 0 && !slices.ContainsFunc(packages, func(m *manifest) bool { return m.Access.Value != "restricted" })
}

func (r *run) private(packages []*manifest) bool {
	return len(packages) > 0 && !slices.ContainsFunc(packages, func(m *manifest) bool { return !m.private() })
}

// npmToken is the long-lived token that the step has for that registry, and the variable or
// setting that carries it.
func (r *run) npmToken(d dialect, registry string, packages []*manifest) (text, string) {
	if r.token.stated() {
		return r.token.text, r.token.Name
	}
	if d == yarnDialect {
		return r.yarnToken(registry, packages)
	}
	for _, name := range []string{"NODE_AUTH_TOKEN", "NPM_TOKEN", "NPM_AUTH_TOKEN", "NPM_CONFIG_TOKEN", "npm_config_token", "YARN_NPM_AUTH_TOKEN", "BUN_AUTH_TOKEN"} {
		if t, ok := r.secret(name); ok {
			return t, name
		}
	}
	for _, s := range r.credentials(false) {
		host, ok := strings.CutSuffix(s.Name, ":_authToken")
		if !ok || registryName("https:"+host) != registry && !strings.Contains(host, "$") {
			continue
		}
		if t, name, ok := r.carried(s); ok {
			return t, name
		}
	}
	return text{}, ""
}

// credentials are the settings that may carry a token: what the steps wrote, the last first,
// then what the files of the repository say.
func (r *run) credentials(yarn bool) []setting {
	list := slices.Clone(r.tools.npmrc)
	slices.Reverse(list)
	for _, n := range r.r.npmrcs {
		if n.Yarn == yarn && (n.Dir == "" || n.Dir == r.dir) {
			list = append(list, n.Settings...)
		}
	}
	return list
}

// secret is a variable that is not empty.
func (r *run) secret(name string) (text, bool) {
	t, ok := r.variableOf(name)
	if !ok || !t.stated() || strings.TrimSpace(t.Value) == "" || strings.TrimSpace(t.Value) == "''" {
		return text{}, false
	}
	if v, known := r.scope().resolve(t.Value).only(); known && v == "" {
		return text{}, false
	}
	return t, true
}

// carried is the token that a setting holds, and what carries it: the variable that the
// setting names ("${NPM_TOKEN}", "${NPM_TOKEN:-}"), where it names one, else the setting. A
// variable that nobody sets carries none, but for that of a setting which a step writes:
// why else would it.
func (r *run) carried(s setting) (text, string, bool) {
	inside, ok := strings.CutPrefix(s.Value, "$")
	if !ok || dynamic(s.Value) {
		return s.text, s.Name, s.Value != ""
	}
	inside = strings.TrimPrefix(inside, "{")
	name := inside[:len(inside)-len(strings.TrimLeft(inside, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"))]
	if name == "" {
		return s.text, s.Name, true // a command that prints it
	}
	if t, ok := r.secret(name); ok {
		return t, name, true
	}
	return s.text, s.Name, slices.Contains(r.tools.npmrc, s)
}

// yarnToken is the token that yarn 2 and later take: they read settings of their own.
// https://yarnpkg.com/configuration/yarnrc#npmAuthToken
func (r *run) yarnToken(registry string, packages []*manifest) (text, string) {
	if t, ok := r.secret("YARN_NPM_AUTH_TOKEN"); ok {
		return t, "YARN_NPM_AUTH_TOKEN"
	}
	for _, s := range r.credentials(true) {
		of, ok := strings.CutSuffix(s.Name, "npmAuthToken")
		if !ok {
			continue
		}
		of = strings.NewReplacer(`['`, ".", `']`, "", `["`, ".", `"]`, "").Replace(strings.TrimSuffix(of, "."))
		if host, ok := strings.CutPrefix(of, "npmRegistries."); ok && registryName("https:"+strings.TrimPrefix(host, "https:")) != registry {
			continue
		}
		if scope, ok := strings.CutPrefix(of, "npmScopes."); ok && len(packages) > 0 && !strings.HasPrefix(packages[0].Name.Value, "@"+scope+"/") {
			continue
		}
		if t, name, ok := r.carried(s); ok {
			return t, name
		}
	}
	return text{}, ""
}

// npmRegistry is where npm sends a package: "npm", or the host of another registry. why
// is not empty where that depends.
func (r *run) npmRegistry(o options, packages []*manifest, d dialect) (name, address, why string) {
	candidates := []text{}
	if w, ok := o.value("registry"); ok {
		candidates = append(candidates, text{place{Line: 1}, w.Text})
	}
	if len(packages) == 0 {
		// It may be any of the repository's, built into another folder: what all of them say holds.
		packages, _ = r.r.publishable(r.dir)
		if slices.ContainsFunc(packages, func(m *manifest) bool { return m.Registry.Value != packages[0].Registry.Value }) {
			packages = nil
		}
	}
	scope := ""
	if len(packages) > 0 {
		candidates = append(candidates, packages[0].Registry)
		if s, _, ok := strings.Cut(packages[0].Name.Value, "/"); ok && strings.HasPrefix(s, "@") {
			scope = s
		}
	}
	for _, m := range packages {
		if m.Registry.Value != packages[0].Registry.Value {
			return "npm", "", "The packages name several registries in publishConfig.registry."
		}
	}
	if d == yarnDialect {
		candidates = append(candidates, r.yarnRegistries(strings.TrimPrefix(scope, "@"))...)
	} else {
		candidates = append(candidates, r.npmRegistries(scope)...)
	}
	for _, c := range candidates {
		if !c.stated() || strings.TrimSpace(c.Value) == "" {
			continue
		}
		v := r.scope().resolve(c.Value)
		if c == r.tools.urlAt {
			v = r.tools.registries
		}
		if v.Depends != "" || len(v.Possible) == 0 || strings.Contains(v.Possible[0], "$") {
			return quoted(c.Value), "", "To which registry it publishes depends on " + quoted(c.Value) + "."
		}
		names := []string{}
		for _, p := range v.Possible {
			if h := registryName(p); !slices.Contains(names, h) {
				names = append(names, h)
			}
		}
		if len(names) > 1 {
			return quoted(strings.Join(names, ", ")), "", "It publishes to several registries: " + quoted(strings.Join(names, ", ")) + "."
		}
		return names[0], v.Possible[0], ""
	}
	return "npm", "", ""
}

// npmRegistries are what npm's settings say, in the order in which they hold.
func (r *run) npmRegistries(scope string) []text {
	var list []text
	keys := []string{"registry"}
	if scope != "" {
		keys = []string{scope + ":registry", "registry"}
	}
	for _, k := range keys {
		if k == "registry" {
			for _, n := range []string{"NPM_CONFIG_REGISTRY", "npm_config_registry"} {
				if t, ok := r.variableOf(n); ok {
					list = append(list, t)
				}
			}
		}
		list = append(list, block{Settings: r.tools.npmrc}.get(k), r.r.npmSetting(r.dir, false, k))
	}
	return append(list, r.tools.urlAt)
}

// yarnRegistries are what the settings of yarn 2 and later say: those of the package's
// scope, then those of all, and of each the one for publishing first. They read no .npmrc.
// (https://github.com/yarnpkg/berry/blob/master/packages/plugin-npm/sources/npmConfigUtils.ts)
func (r *run) yarnRegistries(scope string) []text {
	var list []text
	for _, of := range []string{"npmScopes." + scope + ".", ""} {
		for _, s := range []struct{ name, variable string }{{"npmPublishRegistry", "YARN_NPM_PUBLISH_REGISTRY"}, {"npmRegistryServer", "YARN_NPM_REGISTRY_SERVER"}} {
			if t, ok := r.variableOf(s.variable); ok && of == "" {
				list = append(list, t)
			}
			list = append(list, block{Settings: r.tools.npmrc}.get(of+s.name), r.r.npmSetting(r.dir, true, of+s.name))
		}
	}
	return list
}

// registryName is "npm" for npm's own registry, else the host.
func registryName(address string) string {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.Host == "" {
		return quoted(address)
	}
	switch h := strings.ToLower(u.Hostname()); h {
	case "registry.npmjs.org", "registry.yarnpkg.com", "www.npmjs.com", "npmjs.org":
		return "npm"
	default:
		return h
	}
}

// npmCLI is what npm's own command line can do, in the version that the job has.
func (r *run) npmCLI(asked string) ability {
	a := ability{automatic: true}
	judge := func(v value, at text, what string, has func(string, version) Answer) {
		a.at = at
		a.trusted = v.each(func(s string) Answer { return has(s, npmWithTrust()) })
		a.provenance = v.each(func(s string) Answer { return has(s, npmWithProvenance()) })
		shown := quoted(strings.Join(v.Possible, ", "))
		if v.Depends != "" {
			a.why = append(a.why, "Which npm it has depends on "+v.Depends+".")
			return
		}
		brings := " brings npm "
		if what == "npm" {
			brings = " is "
		}
		switch a.trusted {
		case Yes:
			a.why = append(a.why, what+" "+shown+brings+"11.5.1 or newer.")
		case No:
			a.why = append(a.why, what+" "+shown+" brings an npm older than 11.5.1, which trusted publishing needs.")
			if what == "npm" {
				a.why[len(a.why)-1] = "npm " + shown + " is older than 11.5.1, which trusted publishing needs."
			}
		default:
			a.why = append(a.why, "Whether "+what+" "+shown+brings+"11.5.1 or newer is not in these files.")
		}
		if a.provenance == No {
			a.why = append(a.why, "Provenance needs npm 9.5.0 or newer.")
		}
	}
	newest := func(s string, v version) Answer { return atLeast(s, v, true) }
	switch image := nodeImage(r.job.Container.Value); {
	case asked != "":
		judge(known(asked), text{place{File: r.inner.File, Line: r.line, End: r.line, Column: 1}, asked}, "npm", newest)
	case r.tools.npmAt.stated():
		judge(r.tools.npm, r.tools.npmAt, "npm", newest)
		// npm's documentation asks for Node 22.14.0, too.
		if r.tools.nodeAt.stated() && r.tools.node.Depends == "" && a.trusted == Yes {
			old := r.tools.node.each(func(s string) Answer {
				if strings.HasPrefix(s, "lts") || s == "latest" || s == "node" || s == "current" {
					return Yes
				}
				return atLeast(s, version{22, 14, 0}, true)
			})
			if old == No {
				a.trusted = Depends
				a.why = append(a.why, "npm's documentation asks for Node 22.14.0 or newer for trusted publishing; the job sets up Node "+quoted(strings.Join(r.tools.node.Possible, ", "))+".")
			}
		}
	case r.tools.nodeAt.stated():
		judge(r.tools.node, r.tools.nodeAt, "Node", nodeHas)
	case image != "":
		judge(known(image), r.job.Container, "Node", nodeHas)
	default:
		a.trusted, a.provenance = Depends, Depends
		if a.at = r.job.Container; !a.at.stated() && len(r.job.RunsOn) > 0 {
			a.at = r.job.RunsOn[0]
		}
		a.why = append(a.why, "No step states a version of Node: which npm the machine has is not in these files.")
	}
	return a
}

// stageCLI is what npm can do that stages: it has the command from 11.15.0 on
// (https://docs.npmjs.com/staged-publishing), which no version of Node states to bring.
func (r *run) stageCLI(asked string) ability {
	a := r.npmCLI(asked)
	has := allOf(a.trusted, Depends)
	v := r.tools.npm
	if asked != "" {
		v = known(asked)
	}
	if asked != "" || r.tools.npmAt.stated() {
		has = v.each(func(s string) Answer { return atLeast(s, version{11, 15, 0}, true) })
	}
	if has != Yes {
		a.trusted, a.provenance = allOf(a.trusted, has), allOf(a.provenance, has)
		a.why = append(a.why, "npm stage needs npm 11.15.0 or newer.")
	}
	return a
}

// nodeImage is the version of the official image of Node; "" for any other.
func nodeImage(image string) string {
	tag, ok := strings.CutPrefix(strings.TrimPrefix(strings.TrimPrefix(image, "docker.io/"), "library/"), "node:")
	if !ok {
		return ""
	}
	tag, _, _ = strings.Cut(tag, "@")
	tag, _, _ = strings.Cut(tag, "-")
	return tag
}

// dependencyHas says whether a package that the repository depends on is at least in
// that version, from what its manifest asks for, or what was asked for at the command.
func (r *run) dependencyHas(name, asked string, lowest version) (Answer, text) {
	if asked != "" {
		return atLeast(asked, lowest, true), text{place{File: r.inner.File, Line: r.line, End: r.line, Column: 1}, asked}
	}
	t := r.r.dependency(r.dir, name)
	if !t.stated() {
		return Depends, text{}
	}
	return atLeast(t.Value, lowest, false), t
}
