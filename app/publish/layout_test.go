package publish

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// layout is a way in which people lay files out.
type layout struct {
	name     string
	workflow func(string) string
	manifest func(string) string
	// refuses: some mends are a person's here. What is mended is mended as anywhere.
	refuses bool
	// otherwise: the same is reached by other lines, or the rules see less of it.
	otherwise bool
}

func layouts() []layout {
	lines := func(pattern, by string) func(string) string {
		r := regexp.MustCompile(pattern)
		return func(s string) string { return r.ReplaceAllString(s, by) }
	}
	all := func(old, by string) func(string) string {
		return func(s string) string { return strings.ReplaceAll(s, old, by) }
	}
	return []layout{
		{name: "plain"},
		{name: "four spaces", workflow: fourSpaces, manifest: all("  ", "    ")},
		{name: "sequences that are not indented", workflow: lessIndented},
		{name: "comments behind lines", workflow: all("\n", " # as we do\n")},
		{name: "comments between lines", workflow: lines(`(?m)^( *)(\S)`, "$1# as we do\n$1$2")},
		{name: "blank lines", workflow: all("\n", "\n\n"), manifest: all("\n", "\n\n")},
		{name: "line ends of Windows", workflow: all("\n", "\r\n"), manifest: all("\n", "\r\n")},
		{name: "no newline at the end", workflow: strings.TrimSpace, manifest: strings.TrimSpace},
		{name: "blank lines at the end", workflow: lines(`\z`, "\n\n")},
		{name: "tabs", manifest: all("  ", "\t")},
		{name: "keys in quotes", workflow: lines(`(?m)^( *(?:- )?)([A-Za-z][\w-]*):( |$)`, `$1"$2":$3`)},
		{name: "keys in single quotes", workflow: lines(`(?m)^( *(?:- )?)([A-Za-z][\w-]*):( |$)`, `$1'$2':$3`)},
		{name: "values in quotes", workflow: lines(`(?m)^( *(?:- )?[A-Za-z][\w-]*: )([\w@/.-]+)$`, `$1"$2"`)},
		{name: "a document marker", workflow: lines(`\A`, "# ours\n---\n")},
		{name: "anchors that nobody uses", workflow: lines(`(?m)^( *)(with|env|permissions|steps):$`, "$1$2: &$2")},
		{name: "scripts in lines of their own", workflow: lines(`(?m)^( *)- run: ([^|>\n]*)$`, "$1- run: |\n$1    $2")},
		{name: "scripts with tabs", workflow: lines(`(?m)^( *)- run: ([^|>\n]*)$`, "$1- run: |\n$1    if true; then\n$1    \techo 1\n$1    fi\n\n$1    $2")},
		{name: "scripts that keep their end", workflow: lines(`(?m)^( *)- run: ([^|>\n]*)$`, "$1- run: |+\n$1    $2\n\n\n")},
		{name: "scripts that are folded", workflow: lines(`(?m)^( *)- run: ([^|>\n#]*)( #.*)?$`, "$1- run: >-\n$1    $2"), refuses: true, otherwise: true},
		{name: "braces", workflow: braces(false), manifest: func(s string) string {
			return regexp.MustCompile(`\{\n +("\w+": \w+)\n +\}`).ReplaceAllString(s, "{ $1 }")
		}, refuses: true},
		{name: "braces over lines", workflow: braces(true), refuses: true},
		{name: "steps in braces", workflow: stepsInBraces, refuses: true, otherwise: true},
		{name: "JSON", workflow: asJSON("  "), refuses: true},
		{name: "JSON on one line", workflow: asJSON(""), refuses: true, otherwise: true, manifest: func(s string) string {
			return regexp.MustCompile(`\n\s*`).ReplaceAllString(s, " ")
		}},
		{name: "the last brace behind the last member", manifest: lines(`\n\}`, "}"), refuses: true},
		{name: "the first member behind the first brace", manifest: lines(`\A\{\n`, "{"), refuses: true},
		{name: "commas first", manifest: lines(`,\n( *)`, "\n$1, "), refuses: true},
	}
}

func fourSpaces(s string) string {
	return regexp.MustCompile(`(?m)^( *)(- )?`).ReplaceAllStringFunc(s, func(m string) string {
		depth := len(m) - len(strings.TrimLeft(m, " "))
		if strings.HasSuffix(m, "- ") {
			return spaces(2*depth) + "-   "
		}
		return spaces(2 * depth)
	})
}

// lessIndented puts the items of every "steps" under its key.
func lessIndented(s string) string {
	var out []string
	at := -1
	for line := range strings.Lines(s) {
		depth := len(line) - len(strings.TrimLeft(line, " "))
		if at >= 0 && depth > at {
			line = line[2:]
		} else if at = -1; strings.TrimSpace(line) == "steps:" {
			at = depth
		}
		out = append(out, line)
	}
	return strings.Join(out, "")
}

// stepsInBraces writes steps of one line in braces.
func stepsInBraces(s string) string {
	var out []string
	lines := strings.SplitAfter(s, "\n")
	step := regexp.MustCompile(`^( *)- (run|uses): ([^\n#']*)\n$`)
	for i, line := range lines {
		m := step.FindStringSubmatch(line)
		if m != nil && (i+1 == len(lines) || !strings.HasPrefix(lines[i+1], m[1]+" ")) && !strings.HasPrefix(m[3], "|") {
			line = m[1] + "- { " + m[2] + ": '" + m[3] + "' }\n"
		}
		out = append(out, line)
	}
	return strings.Join(out, "")
}

// braces writes blocks of plain members in braces.
func braces(overLines bool) func(string) string {
	block := regexp.MustCompile(`(?m)^( *(?:- )?(?:with|env|permissions)):((?:\n +[A-Za-z][\w-]*: [^\n|>#]+)+)$`)
	return func(s string) string {
		return block.ReplaceAllStringFunc(s, func(m string) string {
			head, rest, _ := strings.Cut(m, ":\n")
			depth := len(rest) - len(strings.TrimLeft(rest, " "))
			var members []string
			for line := range strings.Lines(rest) {
				if len(line)-len(strings.TrimLeft(line, " ")) < depth {
					return m // the next keys are not its members
				}
				key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
				if strings.ContainsAny(value, "{}[],") && !strings.ContainsAny(value[:1], `'"`) {
					value = `"` + value + `"`
				}
				members = append(members, key+": "+value)
			}
			if len(strings.TrimLeft(head, " -")) == 0 || depth <= len(head)-len(strings.TrimLeft(head, " -")) {
				return m
			}
			if overLines {
				return head + ": {\n" + spaces(depth) + strings.Join(members, ",\n"+spaces(depth)) + "\n" + spaces(depth-2) + "}"
			}
			return head + ": {" + strings.Join(members, ", ") + "}"
		})
	}
}

func asJSON(indent string) func(string) string {
	return func(s string) string {
		var v map[string]any
		if strings.Contains(s, ": *") || yaml.Unmarshal([]byte(s), &v) != nil {
			return s // JSON has no aliases
		}
		data, err := json.MarshalIndent(v, "", indent)
		if err != nil {
			return s
		}
		if indent == "" {
			return strings.ReplaceAll(string(data), "\n", " ")
		}
		return string(data) + "\n"
	}
}

// laidOut are the files of a case in a layout.
func (l layout) laidOut(files Files) Files {
	out := Files{}
	for path, data := range files {
		switch text := string(data); {
		case strings.HasSuffix(path, ".yml") && l.workflow != nil:
			out[path] = []byte(l.workflow(text))
		case strings.HasSuffix(path, "package.json") && l.manifest != nil:
			out[path] = []byte(l.manifest(text))
		default:
			out[path] = data
		}
	}
	return out
}

// mendedThrough is what comes out where patches are made until nothing is left to mend.
func mendedThrough(t *testing.T, files Files, facts Facts) Files {
	t.Helper()
	files = maps.Clone(files)
	for range 10 {
		_, changed, _ := Patch(files, Check(files, facts).Findings)
		if len(changed) == 0 {
			return files
		}
		maps.Copy(files, changed)
	}
	t.Error("there is always something more to mend")
	return files
}

// leaves are the values of a file by their path.
func leaves(t *testing.T, path string, data []byte) map[string]string {
	t.Helper()
	var v any
	if err := yaml.Unmarshal(data, &v); err != nil {
		t.Fatalf("%s: %v\n%s", path, err, data)
	}
	out := map[string]string{}
	var walk func(at string, v any)
	walk = func(at string, v any) {
		switch v := v.(type) {
		case map[string]any:
			out[at] = "{}"
			for k, member := range v {
				walk(at+"/"+k, member)
			}
		case []any:
			for i, item := range v {
				walk(fmt.Sprintf("%s/%d", at, i), item)
			}
		default:
			out[at] = strings.TrimSpace(fmt.Sprint(v))
		}
	}
	walk(path, v)
	return out
}

// meaning is how a mended file differs from what it was, whatever its layout: values that
// came and went, words that came and went in a text.
func meaning(t *testing.T, before, after Files) []string {
	t.Helper()
	var out []string
	for path := range before {
		if !strings.HasSuffix(path, ".yml") && !strings.HasSuffix(path, ".json") {
			continue
		}
		a, b := leaves(t, path, before[path]), leaves(t, path, after[path])
		for at, was := range a {
			is, there := b[at]
			switch {
			case !there:
				out = append(out, fmt.Sprintf("%s: %q is gone", at, was))
			case was != is:
				out = append(out, fmt.Sprintf("%s: %q, not %q", at, less(is, was), less(was, is)))
			}
		}
		for at, is := range b {
			if _, there := a[at]; !there {
				out = append(out, fmt.Sprintf("%s: %q is new", at, is))
			}
		}
	}
	slices.Sort(out)
	return out
}

// less are the words of a text without those of another.
func less(text, other string) []string {
	words := strings.Fields(text)
	for _, w := range strings.Fields(other) {
		if i := slices.Index(words, w); i >= 0 {
			words = slices.Delete(words, i, i+1)
		}
	}
	return words
}

// People lay their files out in many ways: what is found is the same, and what is mended
// says the same, changes nothing else, and leaves nothing to mend.
func TestTheLayoutOfAFileChangesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: -short; it is work, and of one goroutine")
	}
	plain := map[string][]string{} // by case
	for _, l := range layouts() {
		t.Run(l.name, func(t *testing.T) {
			before, after := Files{}, Files{}
			for _, c := range ruleCases() {
				name := c.rule + "/" + c.name
				files, facts := c.world(t)
				report := Check(files, facts)
				other := l.laidOut(files)
				laidOut := Check(other, facts)
				if len(laidOut.Unread) > 0 {
					t.Fatalf("%s is not read: %v\n%s", name, laidOut.Unread, other[".github/workflows/publish.yml"])
				}
				for _, r := range rules() {
					want, _ := foundBy(files, report.Findings, r.name)
					got, _ := foundBy(other, laidOut.Findings, r.name)
					if len(got) != len(want) && !l.otherwise {
						t.Errorf("%s: %s is found %d times, not %d", name, r.name, len(got), len(want))
					}
				}
				mended := mendedThrough(t, other, facts)
				means := meaning(t, other, mended)
				if l.name == "plain" {
					plain[name] = means
				}
				if l.refuses && !l.otherwise {
					for _, m := range means {
						if !slices.Contains(plain[name], m) {
							t.Errorf("%s: mended, %s; in a plain layout\n%s", name, m, strings.Join(plain[name], "\n"))
						}
					}
				} else if !l.otherwise && !slices.Equal(means, plain[name]) {
					t.Errorf("%s: mended\n%s\nand in a plain layout\n%s\n%s", name, strings.Join(means, "\n"), strings.Join(plain[name], "\n"), mended[".github/workflows/publish.yml"])
				}
				for path, data := range mended {
					if string(data) == string(other[path]) {
						continue
					}
					flat := strings.NewReplacer("/", " ", ":", " ").Replace(name + " " + path)
					before[flat], after[flat] = other[path], data
					if was := string(other[path]); strings.HasSuffix(was, "\n") != strings.HasSuffix(string(data), "\n") || strings.Contains(was, "\r\n") && strings.Contains(strings.ReplaceAll(string(data), "\r\n", ""), "\n") {
						t.Errorf("%s: other line ends in %s:\n%q", name, path, data)
					}
				}
			}
			applied := gitApply(t, before, Diff(before, after))
			for path, data := range after {
				if applied[path] != string(data) {
					t.Errorf("git makes another file of %s:\n%s", path, applied[path])
				}
			}
		})
	}
}

// actionlint has nothing to say of a mended workflow that it had not to say before,
// whatever its layout.
func TestActionlintAcceptsWhatIsMendedInEveryLayout(t *testing.T) {
	tool, err := filepath.Abs("../../.ci/actionlint/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if testing.Short() {
		t.Skip("skipped: -short; it builds actionlint")
	}
	work := t.TempDir()
	var sides [2][]string
	for i, l := range layouts() {
		for j, c := range ruleCases() {
			files, facts := c.world(t)
			files = l.laidOut(files)
			mended := mendedThrough(t, files, facts)
			if maps.EqualFunc(files, mended, slices.Equal) {
				continue
			}
			for side, files := range []Files{files, mended} {
				checkout := filepath.Join(work, fmt.Sprint(side), fmt.Sprintf("%d-%d", i, j))
				if err := os.MkdirAll(filepath.Join(checkout, ".git"), 0o755); err != nil {
					t.Fatal(err)
				}
				for path, data := range files {
					file := filepath.Join(checkout, filepath.FromSlash(path))
					if err := cmp.Or(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, data, 0o644)); err != nil {
						t.Fatal(err)
					}
					if strings.HasPrefix(path, ".github/workflows/") {
						sides[side] = append(sides[side], file)
					}
				}
			}
		}
	}
	said := func(side int) string {
		cmd := exec.Command("go", append([]string{"tool", "-modfile=" + tool, "actionlint", "-no-color", "-shellcheck=", "-pyflakes=", "-format", "{{range $}}{{.Filepath}}: {{.Message}}\n{{end}}"}, sides[side]...)...)
		out, err := cmd.CombinedOutput()
		if err != nil && len(out) == 0 {
			t.Fatal(err)
		}
		text := regexp.MustCompile(`\S*/`+fmt.Sprint(side)+`/(\d+-\d+/)`).ReplaceAllString(string(out), "$1")
		// Of a called workflow without inputs it says so or not, as its goroutines run.
		return regexp.MustCompile(`(?m)^.*"workflow_call" event trigger is not found in "on:".*\n`).ReplaceAllString(text, "")
	}
	before := said(0)
	for line := range strings.Lines(said(1)) {
		if file, _, ok := strings.Cut(line, ": "); ok && !strings.Contains(before, line) {
			data, _ := os.ReadFile(filepath.Join(work, "1", file))
			t.Errorf("%s\n%s", line, data)
		}
	}
	if len(sides[1]) < 200 {
		t.Errorf("only %d workflows", len(sides[1]))
	}
}
