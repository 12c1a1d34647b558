package publish

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// readWorkflow reads one file below .github/workflows, as its documentation says:
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax
func readWorkflow(file string, data []byte) (*workflow, error) {
	d, err := newDocument(file, data, false)
	if err != nil {
		return nil, err
	}
	if d.root == nil || d.root.Kind != yaml.MappingNode {
		return nil, unreadableAt(1, "The file is no workflow: it is not a mapping.")
	}
	w := &workflow{place: d.at(d.root, false), lines: d.lines}
	for _, m := range d.members(d.root) {
		switch m.key {
		case "name":
			w.Name = m.text()
		case "on":
			w.On, w.Triggers = m.place, d.triggers(m)
			if len(w.Triggers) > maxTriggers {
				return nil, unreadableAt(m.Line, "The file names more than the %d events that are read.", maxTriggers)
			}
		case "permissions":
			w.Permissions = d.permissions(m)
		case "env":
			w.Env = d.block(m)
		case "defaults":
			w.Defaults = d.defaults(m)
		case "concurrency":
			w.Concurrency = m.place
		case "jobs":
			w.JobsAt = m.place
			for _, j := range d.members(m.value) {
				w.Jobs = append(w.Jobs, d.job(w, j))
			}
		}
	}
	if !w.JobsAt.stated() {
		return nil, unreadableAt(1, "The file is no workflow: it has no jobs.")
	}
	return w, nil
}

func (d *document) triggers(m member) []*trigger {
	if m.value.Kind != yaml.MappingNode {
		var list []*trigger
		seen := map[string]bool{}
		for _, i := range d.items(m.value) {
			if t := i.text(); t.stated() && !seen[t.Value] {
				seen[t.Value] = true
				list = append(list, &trigger{place: t.place, Event: t.Value})
			}
		}
		return list
	}
	var list []*trigger
	for _, e := range d.members(m.value) {
		t := &trigger{place: e.place, Event: e.key}
		for _, s := range d.members(e.value) {
			switch s.key {
			case "branches":
				t.Branches = d.texts(s)
			case "branches-ignore":
				t.BranchesIgnore = d.texts(s)
			case "tags":
				t.Tags = d.texts(s)
			case "tags-ignore":
				t.TagsIgnore = d.texts(s)
			case "paths":
				t.Paths = d.texts(s)
			case "paths-ignore":
				t.PathsIgnore = d.texts(s)
			case "types":
				t.Types = d.texts(s)
			case "workflows":
				t.Workflows = d.texts(s)
			case "inputs":
				t.Inputs = d.inputs(s)
			case "secrets":
				t.Secrets = d.inputs(s)
			case "outputs":
				t.Outputs = d.inputs(s)
			}
		}
		list = append(list, t)
	}
	return list
}

func (d *document) inputs(m member) []input {
	var list []input
	for _, i := range d.members(m.value) {
		list = append(list, input{
			place: i.place, Name: i.key,
			Required: d.get(i.value, "required").text(),
			Default:  d.get(i.value, "default").text(),
			Value:    d.get(i.value, "value").text(),
		})
	}
	return list
}

func (d *document) permissions(m member) permissions {
	p := permissions{place: m.place, All: m.text()}
	p.Scopes = d.block(m).Settings
	return p
}

func (d *document) defaults(m member) defaults {
	run := d.get(m.value, "run")
	return defaults{m.place, d.get(run.value, "shell").text(), d.get(run.value, "working-directory").text()}
}

func (d *document) job(w *workflow, m member) *job {
	j := &job{place: m.place, workflow: w, ID: m.key}
	for _, m := range d.members(m.value) {
		switch m.key {
		case "name":
			j.Name = m.text()
		case "needs":
			j.Needs = d.texts(m)
		case "if":
			j.If = m.text()
		case "runs-on":
			j.RunsOnAt = m.place
			if m.value.Kind == yaml.MappingNode {
				j.RunsOn = d.texts(d.get(m.value, "labels"))
				j.RunsOnGroup = d.get(m.value, "group").text()
			} else {
				j.RunsOn = d.texts(m)
			}
		case "permissions":
			j.Permissions = d.permissions(m)
		case "environment":
			if j.Environment = m.text(); m.value.Kind == yaml.MappingNode {
				j.Environment = d.get(m.value, "name").text()
			}
		case "concurrency":
			j.Concurrency = m.place
		case "env":
			j.Env = d.block(m)
		case "defaults":
			j.Defaults = d.defaults(m)
		case "strategy":
			j.Strategy, j.Matrix = m.place, d.matrix(d.get(m.value, "matrix"))
		case "container":
			if j.Container = m.text(); m.value.Kind == yaml.MappingNode {
				j.Container = d.get(m.value, "image").text()
			}
		case "continue-on-error":
			j.ContinueOnError = m.text()
		case "outputs":
			j.Outputs = d.block(m)
		case "uses":
			j.Uses = m.text()
		case "with":
			j.With = d.block(m)
		case "secrets":
			j.Secrets = d.block(m)
			j.SecretsInherit = m.text().Value == "inherit"
		case "steps":
			j.StepsAt, j.Steps = m.place, d.steps(m)
		}
	}
	for _, s := range j.Steps {
		s.job = j
	}
	return j
}

func (d *document) matrix(m member) matrix {
	x := matrix{place: m.place}
	if m.value == nil {
		return x
	}
	x.Dynamic = m.text().stated()
	for _, a := range d.members(m.value) {
		switch {
		case a.text().stated():
			x.Dynamic = true
			if a.key != "include" && a.key != "exclude" {
				x.Axes = append(x.Axes, axis{place: a.place, Name: a.key, Dynamic: true})
			}
		case a.key == "include" || a.key == "exclude":
			for _, e := range d.items(a.value) {
				settings := d.block(e).Settings
				if a.key == "include" {
					x.Include = append(x.Include, settings)
				} else {
					x.Exclude = append(x.Exclude, settings)
				}
			}
		default:
			items := d.items(a.value)
			x.Axes = append(x.Axes, axis{place: a.place, Name: a.key, Values: d.texts(a), Count: len(items)})
		}
	}
	return x
}

func (d *document) steps(m member) []*step {
	var list []*step
	for i, item := range d.items(m.value) {
		s := &step{place: item.place, index: i}
		for _, m := range d.members(item.value) {
			switch m.key {
			case "id":
				s.ID = m.text()
			case "name":
				s.Name = m.text()
			case "if":
				s.If = m.text()
			case "uses":
				s.Uses = m.text()
			case "run":
				s.Run = m.text()
				s.RunLine = runLine(m)
			case "shell":
				s.Shell = m.text()
			case "working-directory":
				s.WorkingDirectory = m.text()
			case "continue-on-error":
				s.ContinueOnError = m.text()
			case "with":
				s.With = d.block(m)
			case "env":
				s.Env = d.block(m)
			}
		}
		list = append(list, s)
	}
	return list
}

// runLine is the line of the file on which the first line of a script stands; 0 where
// lines are folded.
func runLine(m member) int {
	switch n := m.value; {
	case n.Kind != yaml.ScalarNode:
		return 0
	case n.Style&yaml.LiteralStyle != 0:
		return n.Line + 1
	case n.Style&yaml.FoldedStyle != 0 || strings.Contains(n.Value, "\n"):
		return 0
	case m.End > n.Line:
		return 0
	default:
		return n.Line
	}
}

// lineOf is the line of the file on which line i (0-based) of the script stands.
func (s *step) lineOf(i int) int {
	if s.RunLine == 0 {
		return s.Run.Line
	}
	return min(s.RunLine+i, max(s.Run.End, s.RunLine))
}

// weight is about the work of a rule that looks at it, in bytes of a script.
func (s *step) weight() int {
	return 256 + len(s.Run.Value) + 16*(len(s.With.Settings)+len(s.Env.Settings))
}

// title is what one calls the step: its name or id, as written.
func (s *step) title() string {
	if s.Name.stated() {
		return s.Name.Value
	}
	return s.ID.Value
}

// title is what one calls the job: its name, else its key.
func (j *job) title() string {
	if j.Name.stated() {
		return j.Name.Value
	}
	return j.ID
}

// trigger is the trigger by that event; nil where there is none.
func (w *workflow) trigger(event string) *trigger {
	i := slices.IndexFunc(w.Triggers, func(t *trigger) bool { return t.Event == event })
	if i < 0 {
		return nil
	}
	return w.Triggers[i]
}

// onlyCalled says whether nothing but another workflow starts it.
func (w *workflow) onlyCalled() bool {
	return len(w.Triggers) > 0 && !slices.ContainsFunc(w.Triggers, func(t *trigger) bool { return t.Event != "workflow_call" })
}

// readAction reads the action.yml of a local action.
func readAction(file, dir string, data []byte) (*action, error) {
	d, err := newDocument(file, data, false)
	if err != nil {
		return nil, err
	}
	if d.root == nil || d.root.Kind != yaml.MappingNode {
		return nil, unreadableAt(1, "The file is no action: it is not a mapping.")
	}
	runs := d.get(d.root, "runs")
	a := &action{
		place: d.at(d.root, false), Dir: dir, lines: d.lines,
		Name:   d.get(d.root, "name").text(),
		Using:  d.get(runs.value, "using").text(),
		Inputs: d.inputs(d.get(d.root, "inputs")),
		Steps:  d.steps(d.get(runs.value, "steps")),
	}
	for _, s := range a.Steps {
		s.action = a
	}
	return a, nil
}

// of is what a scope is given: "read", "write" or "none", as written, and where it is
// said. It is not stated where nothing is said at all; a scope that is not named beside
// others is none.
// (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#permissions)
func (p permissions) of(scope string) (access string, at place, stated bool) {
	switch {
	case !p.stated():
		return "", place{}, false
	case p.All.Value == "write-all":
		return "write", p.place, true
	case p.All.Value == "read-all":
		return "read", p.place, true
	case p.All.stated():
		return p.All.Value, p.place, true
	}
	for _, s := range p.Scopes {
		if s.Name == scope {
			return s.Value, s.place, true
		}
	}
	return "none", p.place, true
}
