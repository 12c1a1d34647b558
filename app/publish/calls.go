package publish

import (
	"slices"
	"strings"
)

// walk goes through a job as GitHub runs it, step by step, and finds what publishes.
type walk struct {
	r        *repository
	chain    []call // the callers of the workflow, the outermost first
	workflow *workflow
	job      *job
	top      *step   // the step of the job
	inner    *step   // the step that runs: top, or one of a composite action
	frames   []frame // the composite actions in which inner stands, the outermost first
	before   []*step // the steps that ran before inner
	weight   int     // of the steps that a rule looks at for each way
	tools    tools
	idle     bool // a command would have published, and all packages are private
}

// frame is a composite action that a step uses.
type frame struct {
	step   *step
	action *action
}

// tools are what the steps so far have set up.
type tools struct {
	node       value // of setup-node: versions as written
	nodeAt     text
	setup      *step // the last setup-node
	npm        value // npm install -g npm@…: what is behind the @
	npmAt      text
	pnpm       value // pnpm/action-setup, or npm install -g pnpm@…
	pnpmAt     text
	env        []setting // what was written into GITHUB_ENV
	npmrc      []setting // what was written into an .npmrc
	cargo      []*step   // rust-lang/crates-io-auth-action
	gem        *step     // rubygems/configure-rubygems-credentials
	attest     *step     // what makes attestations for PyPI beside the files
	logins     []login   // what was written into the files of the other tools' credentials
	registries value     // registry-url of setup-node
	urlAt      text
}

// walkAll finds the ways of all workflows. One that only others call is walked from its
// callers; where no caller is in the repository, on its own.
func (r *repository) walkAll() {
	called := map[string]bool{}
	for _, w := range r.workflows {
		for _, j := range w.Jobs {
			if file, ok := localWorkflow(j.Uses.Value); ok {
				called[file] = true
			}
		}
	}
	budget := maxSteps
	for _, w := range r.workflows {
		if w.onlyCalled() && called[w.File] {
			continue
		}
		r.walkWorkflow(nil, w, &budget)
	}
}

// localWorkflow is the path of a workflow that a job calls in its own repository.
func localWorkflow(uses string) (file string, ok bool) {
	file, ok = ownPath(uses)
	return file, ok && kindOf(file) == workflowFile
}

func (r *repository) walkWorkflow(chain []call, w *workflow, budget *int) {
	for _, j := range w.Jobs {
		if *budget--; *budget < 0 {
			r.spent(w.File, j.Line, "The workflows have more than the %d jobs and steps that are read, those of called workflows counted for each caller.", maxSteps)
			return
		}
		if never(j.If) {
			continue
		}
		if j.Uses.stated() {
			r.walkCall(chain, w, j, budget)
			continue
		}
		k := &walk{r: r, chain: chain, workflow: w, job: j}
		for _, s := range j.Steps {
			k.weight += s.weight()
		}
		for _, s := range j.Steps {
			k.top = s
			k.step(s, budget)
		}
	}
}

func (r *repository) walkCall(chain []call, w *workflow, j *job, budget *int) {
	if _, own := ownPath(j.Uses.Value); !own || dynamic(j.Uses.Value) {
		r.skip(w.File, j.Uses.Line, "It calls %s, a workflow of another repository, which was not read.", quoted(j.Uses.Value))
		return
	}
	file, ok := localWorkflow(j.Uses.Value)
	callee := r.workflowAt(file)
	switch {
	case !ok || callee == nil:
		r.skip(w.File, j.Uses.Line, "It calls %s, which is not among the workflows that could be read.", quoted(j.Uses.Value))
	case len(chain) >= maxCalls || callee == w || slices.ContainsFunc(chain, func(c call) bool { return c.workflow == callee }):
		r.skip(w.File, j.Uses.Line, "Workflows call each other more than %d deep, or in a circle; what is called here was not followed.", maxCalls)
	default:
		r.walkWorkflow(append(slices.Clone(chain), call{workflow: w, job: j}), callee, budget)
	}
}

// step walks one step.
func (k *walk) step(s *step, budget *int) {
	if *budget--; *budget < 0 {
		k.r.spent(k.workflow.File, k.job.Line, "The workflows have more than the %d jobs and steps that are read, those of called workflows counted for each caller.", maxSteps)
		return
	}
	if never(s.If) {
		return
	}
	k.inner = s
	switch {
	case s.Uses.stated():
		if _, own := ownPath(s.Uses.Value); own || s.Uses.Value == "." {
			k.composite(s, budget)
		} else {
			k.uses(s)
		}
	case s.Run.stated():
		k.run(s)
	}
	k.before = append(k.before, s)
}

// composite walks the steps of a local action.
func (k *walk) composite(s *step, budget *int) {
	below, _ := ownPath(s.Uses.Value)
	dir, ok := join("", below)
	a := k.r.actionAt(dir)
	switch {
	case !ok || dynamic(s.Uses.Value) || a == nil:
		k.r.skip(s.File, s.Uses.Line, "It uses %s, which is not among the actions that could be read.", quoted(s.Uses.Value))
		return
	case a.Using.Value != "composite":
		return // a program or an image: what it does is not in the workflow's language
	case len(k.frames) >= maxCalls || slices.ContainsFunc(k.frames, func(f frame) bool { return f.action == a }):
		k.r.skip(s.File, s.Uses.Line, "Actions use each other more than %d deep, or in a circle; what is used here was not followed.", maxCalls)
		return
	}
	k.frames = append(k.frames, frame{s, a})
	for _, inner := range a.Steps {
		k.weight += inner.weight()
		k.step(inner, budget)
	}
	k.frames = k.frames[:len(k.frames)-1]
	k.inner = s
}

// chainOf are the callers of what runs now: jobs that call, then steps that use.
func (k *walk) chainOf() []call {
	list := slices.Clone(k.chain)
	for _, f := range k.frames {
		list = append(list, call{workflow: k.workflow, job: k.job, step: f.step})
	}
	return list
}

// scope is what expressions mean at the step that runs.
func (k *walk) scope() *scope { return k.scopeAt(len(k.frames)) }

// scopeAt is the scope within so many of the composite actions.
func (k *walk) scopeAt(depth int) *scope {
	c := &scope{env: func(name string) (text, bool) { return k.variable(nil, name) }}
	if depth == 0 {
		c.matrix = &k.job.Matrix
		c.inputs = k.r.inputsOf(k.chain, k.workflow)
		return c
	}
	f := k.frames[depth-1]
	c.inputs = func(name string) (text, *scope, bool) {
		if t := f.step.With.get(name); t.stated() {
			return t, k.scopeAt(depth - 1), true
		}
		return defaultOf(f.action.Inputs, name)
	}
	return c
}

func defaultOf(inputs []input, name string) (text, *scope, bool) {
	for _, i := range inputs[:min(len(inputs), maxSet)] {
		if i.Name == name {
			if !i.Default.stated() {
				return text{}, nil, i.Required.Value != "true" // an empty text
			}
			return i.Default, nil, true
		}
	}
	return text{}, nil, false
}

// inputsOf are the inputs of a workflow that another one of the repository calls. What a
// person or another repository gives is not known.
func (r *repository) inputsOf(chain []call, w *workflow) func(string) (text, *scope, bool) {
	return func(name string) (text, *scope, bool) {
		if len(chain) == 0 {
			return text{}, nil, false
		}
		caller := chain[len(chain)-1]
		if t := caller.job.With.get(name); t.stated() {
			return t, &scope{matrix: &caller.job.Matrix, inputs: r.inputsOf(chain[:len(chain)-1], caller.workflow)}, true
		}
		if t := w.trigger("workflow_call"); t != nil {
			return defaultOf(t.Inputs, name)
		}
		return text{}, nil, false
	}
}

// variable is an environment variable as the step that runs sees it, what a command sets
// before all others. https://docs.github.com/en/actions/reference/workflows-and-actions/variables
func (k *walk) variable(own []setting, name string) (text, bool) {
	written := func(list []setting) (text, bool) { // the last one holds
		for _, s := range slices.Backward(list) {
			if s.Name == name {
				return s.text, true
			}
		}
		return text{}, false
	}
	if t, ok := written(own); ok {
		return t, true
	}
	var levels []block
	if k.inner != nil {
		levels = append(levels, k.inner.Env)
	}
	for _, f := range slices.Backward(k.frames) {
		levels = append(levels, f.step.Env)
	}
	for _, b := range levels {
		if i := b.find(name); i >= 0 {
			return b.Settings[i].text, true
		}
	}
	if t, ok := written(k.tools.env); ok {
		return t, true
	}
	for _, b := range []block{k.job.Env, k.workflow.Env} {
		if i := b.find(name); i >= 0 {
			return b.Settings[i].text, true
		}
	}
	return text{}, false
}

// granted is what a job may do in a scope, all callers considered: a called workflow
// keeps what its caller's job has or gets less, and GitHub refuses to start one that
// asks for more.
// https://docs.github.com/en/actions/reference/workflows-and-actions/reusing-workflow-configurations
func (k *walk) granted(name, want string) grant {
	chain := append(slices.Clone(k.chain), call{workflow: k.workflow, job: k.job})
	have := grant{Answer: No, At: chain[0].job.place, Why: sprintf("Neither the job nor the workflow grants %s: %s.", name, want)}
	access := "none"
	for i, c := range chain {
		got, at, stated := c.job.Permissions.of(name)
		level := "job"
		if !stated {
			got, at, stated = c.workflow.Permissions.of(name)
			level = "workflow"
		}
		if !stated {
			continue // the caller's, or none
		}
		if dynamic(got) {
			return grant{Depends, at, level, sprintf("What is granted of %s is an expression, %s.", name, quoted(got))}
		}
		if i > 0 && rank(got) > rank(access) {
			return grant{No, chain[i-1].job.place, "caller", sprintf("The called workflow asks for %s: %s, and the job %q that calls it has %s: GitHub does not start it.", name, got, quoted(chain[i-1].job.ID), access)}
		}
		access = got
		if i < len(chain)-1 {
			level = "caller"
		}
		have = grant{No, at, level, sprintf("The %s grants %s: %s, and %s is needed.", where(level), name, access, want)}
		if access == "none" {
			have.Why = sprintf("The permissions of the %s leave out %s.", where(level), name)
		}
	}
	if rank(access) >= rank(want) {
		have.Answer, have.Why = Yes, sprintf("The %s grants %s: %s.", where(have.Level), name, access)
	}
	if k.workflow.onlyCalled() && len(k.chain) == 0 {
		switch {
		case have.Level == "" && have.Answer == No:
			have.Answer, have.Why = Depends, sprintf("Only workflows of other repositories call this one; whether they grant %s: %s is not in these files.", name, want)
		case have.Answer == Yes:
			have.Answer, have.Why = Depends, sprintf("The workflow asks for %s: %s; whether the workflows of other repositories that call it grant it is not in these files.", name, want)
		}
	}
	return have
}

func where(level string) string {
	if level == "caller" {
		return "calling job or its workflow"
	}
	return level
}

func rank(access string) int {
	switch access {
	case "write":
		return 2
	case "read":
		return 1
	}
	return 0
}

// hosted says whether the job runs on a machine of GitHub's.
// https://docs.github.com/en/actions/reference/runners/github-hosted-runners
func (k *walk) hosted() (Answer, text, string) {
	j := k.job
	if j.RunsOnGroup.stated() && len(j.RunsOn) == 0 {
		return Depends, j.RunsOnGroup, "The job runs in the runner group " + quoted(j.RunsOnGroup.Value) + "; whether its machines are GitHub's is not in these files."
	}
	answer, at, why := Depends, text{}, "The job does not say where it runs."
	c := &scope{matrix: &j.Matrix, inputs: k.r.inputsOf(k.chain, k.workflow)}
	for _, label := range j.RunsOn {
		v := c.resolve(label.Value)
		at = label
		if v.Depends != "" {
			return Depends, label, "Where the job runs depends on " + v.Depends + "."
		}
		each := v.each(func(s string) Answer { return hostedLabel(s, j.RunsOnGroup.stated()) })
		switch each {
		case No:
			return No, label, "The job runs on a self-hosted runner (" + quoted(label.Value) + ")."
		case Depends:
			return Depends, label, "Whether the runner " + quoted(label.Value) + " is one of GitHub's is not in these files."
		}
		answer, why = Yes, "The job runs on a runner of GitHub's ("+quoted(strings.Join(v.Possible, ", "))+")."
	}
	return answer, at, why
}

func hostedLabel(label string, group bool) Answer {
	l := strings.ToLower(label)
	switch {
	case l == "self-hosted":
		return No
	case group:
		return Depends
	}
	for _, prefix := range []string{"ubuntu-", "windows-", "macos-"} {
		if rest, ok := strings.CutPrefix(l, prefix); ok {
			// Larger runners of GitHub's and machines of others are named like this, too.
			rest = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(rest, "-arm"), "-large"), "-xlarge"), "-intel")
			if rest == "latest" || rest == "slim" || rest != "" && strings.Trim(rest, "0123456789.") == "" || rest == "2025-vs2026" {
				return Yes
			}
		}
	}
	return Depends
}
