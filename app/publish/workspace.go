package publish

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// members are the packages of the workspace around a folder, its root left out: those
// that the nearest pnpm-workspace.yaml, lerna.json or "workspaces" of a package.json names
// by globs. What else has a package.json, as examples and the fixtures of tests do, no tool
// publishes. Where no file names any, there are none beside a root that is a package itself,
// and else they are all packages.
//
// https://pnpm.io/pnpm-workspace_yaml, https://lerna.js.org/docs/api-reference/configuration,
// https://docs.npmjs.com/cli/v11/using-npm/workspaces
func (r *repository) members(dir string) []*manifest {
	root, globs := r.workspaceGlobs(dir)
	return once(&r.memo.members, root, func() []*manifest {
		in, out := newGlobs(globs, false), newGlobs(globs, true)
		size := 0
		for _, m := range r.manifests {
			size += len(m.Dir) + 1
		}
		if cost := size * (len(in.pattern) + len(out.pattern)); cost > maxGlobWork {
			r.skip(globs[0].File, globs[0].Line, "The workspace has more globs and packages than are compared; all packages count as its own.")
			globs = nil
		}
		if top := r.manifestAt(root); globs == nil && sendable(top) {
			return nil
		}
		return slices.DeleteFunc(slices.Clone(r.manifests), func(m *manifest) bool {
			below, ok := strings.CutPrefix("/"+m.Dir, path.Join("/", root))
			below = strings.TrimPrefix(below, "/")
			return below == "" || globs != nil && (!ok || !in.match(below) || out.match(below))
		})
	})
}

// workspaceGlobs are those of the nearest folder from dir up whose files name any.
func (r *repository) workspaceGlobs(dir string) (root string, globs []text) {
	for d := dir; ; d = folder(d) {
		for _, tool := range []string{"pnpm", "lerna"} {
			if s := find(r.releases, func(s *release) bool { return s.Tool == tool && s.Dir == d && len(s.Packages) > 0 }); s != nil {
				return d, s.Packages
			}
		}
		if m := r.manifestAt(d); m != nil && len(m.Workspaces) > 0 {
			return d, m.Workspaces
		}
		if d == "" {
			return "", nil
		}
	}
}

// globs are those that name folders of a workspace, or, with a "!", those that leave some out.
type globs struct {
	names    map[string]bool // without any sign of a glob
	pattern  string
	compiled *regexp.Regexp // nil where there are none
}

func newGlobs(list []text, negated bool) globs {
	g := globs{names: map[string]bool{}}
	var patterns []string
	for _, t := range list {
		s, not := strings.CutPrefix(t.Value, "!")
		s = strings.TrimSuffix(strings.TrimPrefix(s, "./"), "/")
		switch {
		case not != negated:
		case !strings.ContainsAny(s, "*?{"):
			g.names[s] = true
		default:
			patterns = append(patterns, globExpression(s))
		}
	}
	if g.pattern = strings.Join(patterns, "|"); len(patterns) > 0 {
		// A pattern that is too large for the compiler is larger than what is compared, too.
		g.compiled, _ = regexp.Compile("^(?:" + g.pattern + ")$")
	}
	return g
}

func (g globs) match(name string) bool {
	return g.names[name] || g.compiled != nil && g.compiled.MatchString(name)
}

// globExpression is a glob over slash-separated names as a regular expression: "*" and "?"
// are within a name, "**" is over any number of them, "{a,b}" is one of them.
func globExpression(glob string) string {
	var b strings.Builder
	braces := 0
	for rest := glob; rest != ""; {
		_, n := utf8.DecodeRuneInString(rest)
		switch {
		case rest == "/**":
			n = len(rest)
			b.WriteString("(?:/.*)?")
		case strings.HasPrefix(rest, "**/"):
			n = len("**/")
			b.WriteString("(?:.*/)?")
		case strings.HasPrefix(rest, "**"):
			n = len("**")
			b.WriteString(".*")
		case rest[0] == '*':
			b.WriteString("[^/]*")
		case rest[0] == '?':
			b.WriteString("[^/]")
		case rest[0] == '{' && strings.Contains(rest, "}"):
			braces++
			b.WriteString("(?:")
		case rest[0] == ',' && braces > 0:
			b.WriteByte('|')
		case rest[0] == '}' && braces > 0:
			braces--
			b.WriteByte(')')
		default:
			b.WriteString(regexp.QuoteMeta(rest[:n]))
		}
		rest = rest[n:]
	}
	return b.String() + strings.Repeat(")", braces)
}

// publishable are the packages that a tool sends for the whole workspace: not private, with
// a name and a version; of a repository without one the only package. nothing says that
// there are packages, and all of them are private.
func (r *repository) publishable(dir string) (list []*manifest, nothing bool) {
	members := r.members(dir)
	if len(members) == 0 {
		root, _ := r.workspaceGlobs(dir)
		if m := r.manifestAt(root); m != nil {
			members = []*manifest{m}
		}
	}
	return sent(members)
}

// sent are those of several packages that a tool sends: it leaves private ones out.
func sent(members []*manifest) (list []*manifest, nothing bool) {
	for _, m := range members {
		if sendable(m) {
			list = append(list, m)
		}
	}
	return list, len(members) > 0 && !slices.ContainsFunc(members, func(m *manifest) bool { return !m.private() })
}

func sendable(m *manifest) bool {
	return m != nil && !m.private() && m.Name.stated() && m.Version.stated()
}
