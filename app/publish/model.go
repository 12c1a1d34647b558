package publish

import "slices"

// repository is what the files of one repository say about publishing: what the
// rules ask. Everything in it is as written; expressions are kept as they stand.
type repository struct {
	files     Files
	facts     Facts
	workflows []*workflow // by path
	actions   []*action   // the local composite actions, by path
	manifests []*manifest // package.json files, by path
	npmrcs    []*npmrc    // .npmrc files, by path
	releases  []*release  // settings of release tools, by path
	ways      []*way      // in the order of file and line, then of the callers
	unread    []Unread
	unlisted  int // of what was not read, beyond the list
	memo      memo

	work     int // what is left of maxWork
	workflow map[string]*workflow
	action   map[string]*action   // by folder
	manifest map[string]*manifest // by folder
}

// place is where something stands in its file: the line of its key (of the value
// itself where it has no key) and the last line of its value.
type place struct {
	File   string
	Line   int // 1-based; 0: it is not stated
	End    int
	Column int  // 1-based, of the key
	Flow   bool // the value is written in braces or brackets on its lines: no line can be put into it
	Shared bool // an anchor or alias is in between: an edit would change other places, too
}

// stated says whether it is written at all.
func (p place) stated() bool { return p.Line > 0 }

// text is a scalar as written. Its zero value is one that is not stated.
type text struct {
	place
	Value string
}

// setting is a named value: one of env, with, secrets, outputs.
type setting struct {
	Name string
	text
}

// workflow is one file below .github/workflows.
type workflow struct {
	place
	lines       []string // the file's, without line ends
	Name        text
	On          place
	Triggers    []*trigger
	Permissions permissions
	Env         block
	Defaults    defaults
	Concurrency place
	JobsAt      place // the key "jobs"
	Jobs        []*job
}

// block is a mapping of scalars.
type block struct {
	place
	Whole    text // the expression, where the whole mapping is one
	Settings []setting
	index    map[string]int // of a long one, in which no name stands twice
}

// get is the setting of that name; not stated where there is none.
func (b block) get(name string) text {
	if i := b.find(name); i >= 0 {
		return b.Settings[i].text
	}
	return text{}
}

// find is the first setting of that name; -1 where there is none.
func (b block) find(name string) int {
	if b.index == nil {
		return slices.IndexFunc(b.Settings, func(s setting) bool { return s.Name == name })
	}
	if i, ok := b.index[name]; ok {
		return i
	}
	return -1
}

// trigger is one event that starts a workflow. An event without settings stands where
// its name stands.
type trigger struct {
	place
	Event                    string
	Branches, BranchesIgnore []text
	Tags, TagsIgnore         []text
	Paths, PathsIgnore       []text
	Types                    []text
	Workflows                []text  // of workflow_run
	Inputs, Secrets, Outputs []input // of workflow_call and workflow_dispatch
}

// input is an input, a secret or an output that a workflow or an action declares.
type input struct {
	place
	Name     string
	Required text
	Default  text
	Value    text // of an output
}

// permissions are what a workflow or a job states for GITHUB_TOKEN. Where something
// is stated, what it does not name is none; where nothing is stated, it is the default
// of the repository, in which id-token is none.
type permissions struct {
	place
	All    text // "read-all" or "write-all" (or an expression), not stated where scopes are named
	Scopes []setting
}

// defaults are `defaults.run`.
type defaults struct {
	place
	Shell, WorkingDirectory text
}

// job is one job of a workflow.
type job struct {
	place
	workflow *workflow

	ID              string
	Name            text
	Needs           []text
	If              text
	RunsOnAt        place
	RunsOn          []text // labels; one expression where it is computed
	RunsOnGroup     text
	Permissions     permissions
	Environment     text // its name
	Concurrency     place
	Env             block
	Defaults        defaults
	Strategy        place
	Matrix          matrix
	Container       text // the image
	ContinueOnError text
	Outputs         block

	Uses           text // a called workflow
	With           block
	Secrets        block
	SecretsInherit bool

	StepsAt place
	Steps   []*step
}

// matrix is `strategy.matrix`.
type matrix struct {
	place
	Dynamic bool // it, an axis or its include is an expression
	Axes    []axis
	Include [][]setting // the scalar members of every entry
	Exclude [][]setting
}

// axis is one name of a matrix with its values; those that are not scalars are left
// out of Values and counted.
type axis struct {
	place
	Name    string
	Values  []text
	Count   int
	Dynamic bool // it is an expression
}

// step is one step of a job or of a composite action.
type step struct {
	place          // of the whole item; Column is that of its keys
	job    *job    // nil in an action
	action *action // nil in a job
	index  int     // 0-based, in its list

	ID, Name, If, Uses, Run, Shell, WorkingDirectory, ContinueOnError text

	With, Env block
	// RunLine is the line on which the first line of the script stands, or 0 where the
	// script's lines are not the file's (a folded or quoted one).
	RunLine int
}

// action is a composite action of the repository.
type action struct {
	place
	Dir    string // the folder by which it is used, "" for the root
	lines  []string
	Name   text
	Using  text
	Inputs []input
	Steps  []*step
}

// call is one step of the way from a workflow that GitHub starts to what publishes: a
// job that calls a workflow, or a step that uses a composite action.
type call struct {
	workflow *workflow
	job      *job
	step     *step // nil where a job calls a workflow
}

// way is a Way with what it rests on.
type way struct {
	Way

	repository *repository
	chain      []call    // the callers, the outermost first; empty where nothing is called
	workflow   *workflow // in which the publishing job stands: of the innermost called workflow
	job        *job      // the job that runs it
	step       *step     // the step of that job: it publishes, or uses the action that does
	inner      *step     // the step that publishes: step, or one within a composite action
	before     []*step   // the steps that run before inner in the same job, those of composite actions included

	command  []string // the words of the command that publishes, nil where an action does
	scripts  []text   // the package.json scripts that lead to it, the outermost first
	dir      string   // where it runs, slash-separated from the root; "" is the root
	dirKnown bool     // false where the folder is computed
	packages []*manifest

	trust    facets
	registry string // the registry's address, "" for the default
}

// facets are the single answers on which Provenance and Trusted rest.
type facets struct {
	IDToken  grant  // id-token: write
	Hosted   Answer // a runner of GitHub's
	Runner   text   // what says so
	Recent   Answer // the tool is new enough for trusted publishing
	Version  text   // what says so: node-version, npm install -g npm@…, packageManager
	Dialect  dialect
	Asked    Answer // provenance is asked for
	AskedBy  text   // by what: the flag, the variable, the key of a manifest or an .npmrc
	Token    text   // the long-lived token that it has, not stated where it has none
	TokenVar string // the variable or input that carries it
	Minted   bool   // a script makes it: how long it lives, no file says
	SetupURL text   // registry-url of setup-node (and the like of other ecosystems)
	Setup    *step  // the step that sets the tool up: actions/setup-node, setup-python, …
}

// grant is what a job may do in one scope, all callers considered.
type grant struct {
	Answer Answer
	At     place  // of the statement that decides; the job where there is none
	Level  string // "job", "workflow", "caller" or "" where nothing is stated
	Why    string
}

// manifest is one package.json.
type manifest struct {
	place
	Dir          string
	Name         text
	Version      text
	Private      bool
	Repository   text // the address: of the string, or of its member "url"
	Directory    text // repository.directory
	Provenance   text // publishConfig.provenance
	Access       text // publishConfig.access
	Registry     text // publishConfig.registry
	Manager      text // packageManager, or that of devEngines: "pnpm@10.2.0"
	DevManager   text // devEngines.packageManager.name
	Scripts      map[string]text
	Dependencies map[string]text // of every kind; of a package that is named in several, the first
	Workspaces   []text
	Publish      place // publishConfig
	PublishDir   text  // publishConfig.directory
	RepositoryAt place // the key "repository"
	Runtime      text  // devEngines.runtime, of Node.js
	Engine       text  // engines.node
	Volta        text  // volta.node
	tools        map[string]*release
}

// npmrc is one .npmrc, or the part of .yarnrc.yml that says the same.
type npmrc struct {
	place
	Dir      string
	Yarn     bool // it is a .yarnrc.yml
	Settings []setting
}

// release are the settings of one release tool.
type release struct {
	place
	Tool      string // "lerna", "changesets", "semantic-release", "release-please", "nx", "release-it", "pnpm"
	Dir       string
	Code      bool            // it is a program (release.config.js): it was found and not read
	Settings  []setting       // scalars at any depth, by their path with dots: "command.publish.registry"
	Plugins   []releasePlugin // of semantic-release
	PluginsAt place
	ExtendsAt place  // of semantic-release: it takes settings from a package
	Packages  []text // globs, of lerna.json and pnpm-workspace.yaml
}

// releasePlugin is a plugin of semantic-release with its scalar options.
type releasePlugin struct {
	place
	Name    string
	Options []setting
}

// entry is the workflow that GitHub starts for this way.
func (w *way) entry() *workflow {
	if len(w.chain) > 0 {
		return w.chain[0].workflow
	}
	return w.workflow
}
