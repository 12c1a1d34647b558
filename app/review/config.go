package review

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/bonafide-app/bonafide/app/lockfile"
	"github.com/bonafide-app/bonafide/app/policy"
)

// Config is a file that steers the package manager and is not as it was.
type Config struct {
	Path string
	Kind string // what it is: ".npmrc", "yarn's own code"
	How  string // "was added", "was changed", "was removed"
	Line int    // the first changed one at the head, 0 where it is not said
	// Added and Removed are the changed lines, where they are to be shown: as they stand.
	Added, Removed []string
}

// kinds of files that steer a package manager.
const (
	yarnsCode  = "yarn's own code"
	patchFiles = "patches"

	packageManager = "packageManager in package.json"
	trusted        = "packages that may run scripts, in package.json"
)

// configKind says what kind of file steers a package manager, "" for none.
func configKind(p string) string {
	p = strings.ToLower(p) // some file systems disregard case
	name := path.Base(p)
	in := func(folder string) bool {
		return strings.HasPrefix(p, folder) || strings.Contains(p, "/"+folder)
	}
	switch {
	case strings.HasPrefix(p, "node_modules/") || strings.Contains(p, "/node_modules/"):
		return ""
	case in(".yarn/releases/") || in(".yarn/plugins/"):
		return yarnsCode
	case strings.HasSuffix(name, ".patch") && (in(".yarn/patches/") || in("patches/")):
		return patchFiles
	}
	switch name {
	case ".npmrc", ".yarnrc", ".yarnrc.yml", ".pnpmfile.cjs", ".pnpmfile.mjs", "pnpmfile.js", "pnpm-workspace.yaml", "bunfig.toml":
		return name
	}
	return ""
}

// configs finds the files that steer a package manager and differ.
func (c *comparison) configs(ctx context.Context, ignores func(path string) bool) ([]Config, error) {
	var paths []string
	for _, s := range []side{c.base, c.head} {
		for p := range s.paths {
			if configKind(p) == "" || ignores(p) {
				continue
			}
			if same, err := c.sameFile(ctx, p); err != nil {
				return nil, err
			} else if !same {
				paths = append(paths, p)
			}
		}
	}
	slices.Sort(paths)
	var out []Config
	read := 0
	for _, p := range slices.Compact(paths) {
		found := Config{Path: p, Kind: configKind(p), How: "was changed"}
		b, stood := c.base.paths[p]
		h, stands := c.head.paths[p]
		switch {
		case !stood:
			found.How = "was added"
		case !stands:
			found.How = "was removed"
		}
		if text := b.Kind != Symlink && b.Kind != Submodule && h.Kind != Symlink && h.Kind != Submodule; !text || found.Kind == yarnsCode || found.Kind == patchFiles || read >= MaxConfigs {
			out = append(out, found)
			continue
		}
		read++
		var sides [2]string
		whole := true
		for i, e := range []TreeEntry{b, h} {
			if e.Path == "" {
				continue
			}
			if whole = whole && e.Size <= lockfile.MaxSettingsBytes; !whole {
				break
			}
			data, err := []side{c.base, c.head}[i].tree.Read(ctx, e)
			if err != nil && !errors.Is(err, ErrTooLarge) {
				return nil, fmt.Errorf("read %s: %w", p, err)
			}
			if whole = whole && err == nil && len(data) <= lockfile.MaxSettingsBytes && utf8.Valid(data); whole {
				sides[i] = string(data)
			}
		}
		if !whole {
			out = append(out, found)
			continue
		}
		var same bool
		if found.Line, found.Added, found.Removed, same = changedLines(sides[0], sides[1], steers(found.Kind)); !same {
			out = append(out, found)
		}
	}
	managers, err := c.packageManagers(ctx, ignores)
	return append(out, managers...), err
}

// sameFile says whether what stands at a path is the same on both sides, and what it leads
// to where it is a symlink.
func (c *comparison) sameFile(ctx context.Context, p string) (bool, error) {
	if !c.base.sameEntry(c.head, p) || c.head.paths[p].Kind != Symlink {
		return c.base.sameEntry(c.head, p), nil
	}
	b, bErr := c.base.resolve(ctx, p)
	h, hErr := c.head.resolve(ctx, p)
	if err := errors.Join(readFailure(bErr), readFailure(hErr)); err != nil {
		return false, err
	}
	if b == nil || h == nil {
		return b == h, nil
	}
	return b.ID == h.ID, nil
}

// packageManagers finds the manifests that name the package manager in a way that lets
// other code run than before: another one, one by its address, without the digest that
// was there, or with another one for the same version. A new version is none of this. And
// those that let the scripts of further packages run.
func (c *comparison) packageManagers(ctx context.Context, ignores func(path string) bool) (out []Config, err error) {
	paths := c.changedFiles(func(p string) bool {
		return path.Base(p) == "package.json" && lockfile.IsManifest(p) && !ignores(p)
	})
	for _, p := range paths[:min(len(paths), MaxConfigs)] {
		sides, err := c.readManifest(ctx, p)
		if err != nil {
			return nil, err
		}
		if sides[0].broken != "" || sides[1].broken != "" {
			continue
		}
		runs := Config{Path: p, Kind: trusted, How: "was changed"}
		for _, name := range slices.Sorted(maps.Keys(sides[1].Trusted)) {
			if line := sides[1].Trusted[name]; sides[0].Trusted[name] == 0 {
				runs.Line, runs.Added = cmp.Or(runs.Line, line), append(runs.Added, "may run scripts: "+name)
			}
		}
		if len(runs.Added) > 0 {
			out = append(out, runs)
		}
		was, is := sides[0].PackageManager, sides[1].PackageManager
		if was.Spec == is.Spec || !otherManager(was.Spec, is.Spec) {
			continue
		}
		found := Config{Path: p, Kind: packageManager, How: "was changed", Line: is.Line, Added: []string{"packageManager: " + is.Spec}}
		if is.Spec == "" {
			found.Added = nil
		}
		if was.Spec != "" {
			found.Removed = []string{"packageManager: " + was.Spec}
		}
		out = append(out, found)
	}
	return out, nil
}

// otherManager compares what two manifests name, "pnpm@9.1.0+sha512.…".
func otherManager(was, is string) bool {
	release, digest, _ := strings.Cut(was, "+")
	nowRelease, nowDigest, _ := strings.Cut(is, "+")
	name, _, _ := strings.Cut(release, "@")
	nowName, _, _ := strings.Cut(nowRelease, "@")
	nowURL := strings.Contains(nowRelease, ":") // "pnpm@https:evil.example/pnpm.cjs" is one, too
	return nowURL || was != "" && name != nowName || digest != "" && nowDigest == "" || release == nowRelease && digest != "" && digest != nowDigest
}

// steers says of the lines of a kind of file which ones count: comments do not, nor what
// pnpm-workspace.yaml says of workspaces and versions, which the lockfile shows.
func steers(kind string) func(lines []string) []bool {
	return func(lines []string) []bool {
		counts := make([]bool, len(lines))
		key, flow := "", false
		for i, line := range lines {
			text := strings.TrimSpace(line)
			comment := strings.HasPrefix(text, "#") || strings.HasPrefix(text, ";") && kind == ".npmrc"
			if code := kind == ".pnpmfile.cjs" || kind == ".pnpmfile.mjs" || kind == "pnpmfile.js"; code {
				comment = false
			}
			if text == "" || comment {
				continue
			}
			inner := line[0] == ' ' || line[0] == '\t' || line == "-" || strings.HasPrefix(line, "- ")
			// In braces, what stands in front of a line does not say what the line belongs to.
			front, _, _ := strings.Cut(text, ":")
			flow = flow || strings.HasPrefix(text, "--- ") || (!inner || key == "") && strings.ContainsAny(front, "{[!&<?")
			if !inner {
				key, _, _ = strings.Cut(text, ":")
			}
			counts[i] = true
			if kind == "pnpm-workspace.yaml" && !flow {
				switch key {
				case "packages", "catalog", "catalogs", "overrides", "patchedDependencies":
					counts[i] = false
				}
			}
		}
		return counts
	}
}

// lineEnds makes one of all that YAML and .npmrc take for the end of a line: else a comment
// could hide what stands behind a lone carriage return.
var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// changedLines are those that only one side has, in their order, and the line at which
// the first of them stands in the head. same says that nothing that counts differs; where
// only the order does, there are no lines.
func changedLines(base, head string, steers func([]string) []bool) (line int, added, removed []string, same bool) {
	type numbered struct {
		text string
		at   int
	}
	read := func(text string) (out []numbered) {
		lines := strings.Split(lineEnds.Replace(text), "\n")
		counts := steers(lines)
		for i, l := range lines {
			if counts[i] {
				out = append(out, numbered{strings.TrimRight(l, " \t"), i + 1})
			}
		}
		return out
	}
	was, is := read(base), read(head)
	only := func(these, those []numbered) (texts []string, at int) {
		left := map[string]int{}
		for _, l := range those {
			left[l.text]++
		}
		for _, l := range these {
			if left[l.text]--; left[l.text] < 0 {
				if texts = append(texts, l.text); at == 0 {
					at = l.at
				}
			}
		}
		return texts, at
	}
	added, line = only(is, was)
	removed, _ = only(was, is)
	if len(added)+len(removed) > 0 {
		return line, added, removed, false
	}
	for i := range is {
		if is[i].text != was[i].text {
			return is[i].at, nil, nil, false
		}
	}
	return 0, nil, nil, true
}

// configProblems words what changed, one problem for each kind of file. Lines about
// registries that another finding tells of are left out, and files that change nothing
// else.
func configProblems(configs []Config, told []string) (out []policy.Problem) {
	byKind := map[string][]Config{}
	for _, c := range configs {
		if c.withoutRegistries(told) {
			byKind[c.Kind] = append(byKind[c.Kind], c)
		}
	}
	for kind, found := range byKind {
		first := found[0]
		words := fmt.Sprintf("%s %s", excerpt(first.Path), first.How)
		if len(found) > 1 {
			var paths []string
			for _, c := range found {
				paths = append(paths, excerpt(c.Path)+" "+c.How)
			}
			words = fmt.Sprintf("%d files (%s) differ: %s", len(found), kind, few(paths, ""))
		}
		words += ", and it steers what is installed and how"
		if len(found) > 1 {
			words = strings.Replace(words, ", and it steers", ", and they steer", 1)
		}
		if shown := first.shown(); shown != "" {
			words += ": " + shown
			if len(found) > 1 {
				words += " (in the first)"
			}
		}
		out = append(out, policy.Problem{Kind: policy.ConfigChanged, Lockfile: first.Path, Line: first.Line, Detail: words + "."})
	}
	slices.SortFunc(out, func(a, b policy.Problem) int { return cmp.Compare(a.Lockfile, b.Lockfile) })
	return out
}

// withoutRegistries takes out the lines that set one of the registries told of, and, where
// there was one, what they replace. It says whether anything is left to tell.
func (c *Config) withoutRegistries(told []string) bool {
	if len(told) == 0 || len(c.Added) == 0 {
		return true
	}
	n := len(c.Added)
	c.Added = slices.DeleteFunc(slices.Clone(c.Added), func(l string) bool {
		return slices.ContainsFunc(told, func(registry string) bool { return onlySets(l, registry) })
	})
	if len(c.Added) == n {
		return true
	}
	c.Removed = slices.DeleteFunc(slices.Clone(c.Removed), func(l string) bool {
		return strings.Contains(strings.ToLower(l), "registry") && strings.Contains(l, "://")
	})
	return slices.ContainsFunc(slices.Concat(c.Added, c.Removed), func(l string) bool { return !isHeader(l) })
}

// onlySets says whether a line of settings names one value and nothing beside it.
func onlySets(line, value string) bool {
	key, ok := strings.CutSuffix(strings.TrimRight(line, " \t\"'"), value)
	return ok && !strings.ContainsAny(key, "{[,")
}

// isHeader says whether a line of settings only begins a section.
func isHeader(line string) bool {
	line = strings.TrimSpace(line)
	return strings.HasSuffix(line, ":") || strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]")
}

// shown are the changed lines in words, the first few, without secrets.
func (c Config) shown() string {
	var words []string
	for _, part := range []struct {
		verb  string
		lines []string
	}{{"new ", c.Added}, {"gone ", c.Removed}} {
		for _, l := range part.lines {
			words = append(words, fmt.Sprintf("%s“%s”", part.verb, excerpt(withoutSecrets(strings.TrimSpace(l)))))
		}
	}
	return few(words, " lines")
}

// few joins the first MaxShown, and says how many more there are, and of what.
func few(words []string, what string) string {
	text := strings.Join(words[:min(len(words), MaxShown)], ", ")
	if more := len(words) - MaxShown; more > 0 {
		text += fmt.Sprintf(" and %d more%s", more, what)
	}
	return text
}
