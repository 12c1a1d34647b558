package publish

import (
	"errors"
	"maps"
	"path"
	"slices"
	"strings"
)

// Wanted says whether Check reads a file: workflows, local actions, manifests, and the
// settings of npm and of the tools that release.
func Wanted(file string) bool { return kindOf(file) != unwanted }

type fileKind int

const (
	unwanted fileKind = iota
	workflowFile
	actionFile
	manifestFile
	npmrcFile
	yarnrcFile
	nodeVersionFile
	releaseFile
)

func kindOf(file string) fileKind {
	if file == "" || path.IsAbs(file) || path.Clean(file) != file || strings.HasPrefix(file, "../") {
		return unwanted
	}
	if slices.ContainsFunc(strings.Split(file, "/"), func(s string) bool { return s == "node_modules" || s == ".git" || s == "vendor" }) {
		return unwanted
	}
	dir, name := path.Split(file)
	switch ext := path.Ext(name); {
	case dir == ".github/workflows/":
		if ext == ".yml" || ext == ".yaml" {
			return workflowFile
		}
		return unwanted
	case name == "action.yml" || name == "action.yaml":
		return actionFile
	case name == "package.json":
		return manifestFile
	case name == ".npmrc":
		return npmrcFile
	case name == ".yarnrc.yml":
		return yarnrcFile
	case name == ".nvmrc" || name == ".node-version":
		return nodeVersionFile
	case releaseTool(file) != "":
		return releaseFile
	}
	return unwanted
}

// releaseTool is the tool whose settings a file holds; "" where it holds none.
func releaseTool(file string) string {
	dir, name := path.Split(file)
	stem, ext := name, path.Ext(name)
	if ext != name { // .releaserc has no extension
		stem = strings.TrimSuffix(name, ext)
	}
	code := ext == ".js" || ext == ".cjs" || ext == ".mjs" || ext == ".ts"
	data := ext == ".json" || ext == ".yml" || ext == ".yaml"
	switch {
	case name == "lerna.json":
		return "lerna"
	case name == "pnpm-workspace.yaml":
		return "pnpm"
	case name == "config.json" && path.Base(dir) == ".changeset":
		return "changesets"
	case stem == ".releaserc" && (code || data || name == stem), stem == "release.config" && code:
		return "semantic-release"
	case name == "release-please-config.json" || name == ".release-please-config.json":
		return "release-please"
	case name == "nx.json":
		return "nx"
	case stem == ".release-it" && (code || data):
		return "release-it"
	}
	return ""
}

// read parses the files. What it cannot read it names.
func read(files Files, facts Facts) *repository {
	r := &repository{
		files: files, facts: facts, work: maxWork,
		workflow: map[string]*workflow{}, action: map[string]*action{}, manifest: map[string]*manifest{},
	}
	count := 0
	for _, file := range slices.Sorted(maps.Keys(files)) {
		kind := kindOf(file)
		if kind == unwanted {
			continue
		}
		if count++; count > maxFiles {
			r.skip(file, 0, "There are more than the %d files that are read.", maxFiles)
			break
		}
		if err := r.readFile(kind, file, files[file]); err != nil {
			line, reason := 0, err.Error()
			if u := new(unreadable); errors.As(err, &u) {
				line, reason = u.line, u.reason
			}
			r.note(Unread{file, line, reason, true})
		}
	}
	return r
}

func (r *repository) readFile(kind fileKind, file string, data []byte) error {
	switch kind {
	case workflowFile:
		w, err := readWorkflow(file, data)
		if err != nil {
			return err
		}
		r.workflows = append(r.workflows, w)
		r.workflow[w.File] = w
	case actionFile:
		a, err := readAction(file, folder(file), data)
		if err != nil {
			return err
		}
		r.actions = append(r.actions, a)
		r.action[a.Dir] = a
	case manifestFile:
		m, err := readManifest(file, data)
		if err != nil {
			return err
		}
		r.manifests = append(r.manifests, m)
		r.manifest[m.Dir] = m
		for _, tool := range []string{"lerna", "semantic-release", "release-it", "nx"} {
			if s, ok := m.tools[tool]; ok {
				r.releases = append(r.releases, s)
			}
		}
	case npmrcFile:
		r.npmrcs = append(r.npmrcs, readNpmrc(file, data))
	case yarnrcFile:
		n, err := readYarnrc(file, data)
		if err != nil {
			return err
		}
		r.npmrcs = append(r.npmrcs, n)
	case releaseFile:
		s, err := readRelease(file, data)
		if err != nil {
			return err
		}
		r.releases = append(r.releases, s)
	}
	return nil
}

// folder is where a file lies, "" for the root.
func folder(file string) string {
	if d := path.Dir(file); d != "." {
		return d
	}
	return ""
}

// join is a folder below another one; ok is false where it leaves the repository.
func join(dir, below string) (joined string, ok bool) {
	if path.IsAbs(below) {
		return "", false
	}
	d := path.Join("/", dir)[1:]
	j := path.Clean(path.Join(d, below))
	if j == "." {
		return "", true
	}
	return j, !strings.HasPrefix(j, "../") && j != ".."
}

// skip notes something that is not read; once.
func (r *repository) skip(file string, line int, format string, args ...any) {
	r.note(Unread{File: file, Line: line, Reason: sprintf(format, args...)})
}

func (r *repository) note(u Unread) {
	switch {
	case slices.Contains(r.unread, u):
	case len(r.unread) < maxUnread-1:
		r.unread = append(r.unread, u)
	default:
		r.unlisted++
	}
}

// spent notes that a limit leaves out what comes from here on; once.
func (r *repository) spent(file string, line int, format string, args ...any) {
	reason := sprintf(format, args...) + " What comes from here on is not."
	if !slices.ContainsFunc(r.unread, func(u Unread) bool { return u.Reason == reason }) {
		r.skip(file, line, "%s", reason)
	}
}

func (r *repository) workflowAt(file string) *workflow {
	return r.workflow[file]
}

func (r *repository) actionAt(dir string) *action {
	return r.action[dir]
}

func (r *repository) manifestAt(dir string) *manifest {
	return r.manifest[dir]
}

// settingsOf are those of a release tool that hold in a folder: its own, else the root's.
func (r *repository) settingsOf(tool, dir string) *release {
	for _, d := range []string{dir, ""} {
		if s := find(r.releases, func(s *release) bool { return s.Tool == tool && s.Dir == d }); s != nil {
			return s
		}
	}
	return nil
}

func find[T any](list []*T, is func(*T) bool) *T {
	if i := slices.IndexFunc(list, is); i >= 0 {
		return list[i]
	}
	return nil
}
