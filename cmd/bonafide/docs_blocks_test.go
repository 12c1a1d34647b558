package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"github.com/bonafide-app/bonafide/app/audit"
	"github.com/bonafide-app/bonafide/config"
)

// block is a fenced block of a page of the documentation. What stands in a comment of its
// own right before it says how it is held:
//
//	<!-- runnable -->                its commands are run where the page is, and must show what it shows
//	<!-- runnable: world NAME -->    the same, in a new world of that name (see docs_run_test.go)
//	<!-- file: PATH -->              it is written there first, for the commands that follow
//	<!-- excerpt: PATH -->           it stands in that file of the repository, as it is
//	<!-- run by TEST -->             that test runs it
//	<!-- recorded: NAME -->          a test that names this mark writes it
type block struct {
	page, language, mark string
	text                 string
	begin, end           int // where text stands in the page, in bytes
	line                 int
}

// documentation are the pages, by their path from the repository's root.
func documentation(t *testing.T) map[string]string {
	t.Helper()
	pages := map[string]string{}
	read := func(path string) error {
		page, err := os.ReadFile(path)
		pages[filepath.ToSlash(strings.TrimPrefix(path, filepath.Join("..", "..")+string(filepath.Separator)))] = string(page)
		return err
	}
	err := filepath.WalkDir("../../docs", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".md" {
			return err
		}
		return read(path)
	})
	for _, path := range []string{"README.md", "CONTRIBUTING.md", "SECURITY.md"} {
		err = errors.Join(err, read(filepath.Join("..", "..", path)))
	}
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

var (
	fence = regexp.MustCompile("^( *)```(.*)$")
	mark  = regexp.MustCompile(`^<!-- ((?:runnable|file|excerpt|run by|recorded)\b.*) -->$`)
)

// blocks are the fenced blocks of a page, in order.
func blocks(t *testing.T, name, page string) (out []block) {
	t.Helper()
	var open *block
	at, line, last := 0, 0, ""
	for l := range strings.Lines(page) {
		line++
		text := strings.TrimRight(l, "\n")
		m := fence.FindStringSubmatch(text)
		switch {
		case m != nil && open == nil:
			open = &block{page: name, language: m[2], begin: at + len(l), line: line}
			if marked := mark.FindStringSubmatch(last); marked != nil {
				open.mark = marked[1]
			}
		case m != nil && m[2] == "":
			open.end = at
			open.text = page[open.begin:open.end]
			out, open = append(out, *open), nil
			last = ""
		case open == nil && strings.TrimSpace(text) != "":
			if mark.MatchString(last) {
				t.Errorf("%s:%d: the mark %q stands before no block", name, line, last)
			}
			last = text
		}
		at += len(l)
	}
	if open != nil {
		t.Errorf("%s:%d: this block does not end", name, open.line)
	}
	return out
}

// languages are those that blocks are written in. console shows commands with what they
// show, sh only commands, text is everything that no tool reads.
var languages = []string{"console", "diff", "ini", "json", "markdown", "promql", "sh", "sql", "text", "toml", "yaml"}

// unheld are the pages without a block, or a table, that a test holds, and why.
var unheld = map[string]string{
	"CONTRIBUTING.md":         "its commands are those that the checks run",
	"SECURITY.md":             "how to report a hole: nothing to run",
	"docs/README.md":          "an index; its links are tested",
	"docs/access.md":          "about people and browsers; the tests of app/access and app/web hold it",
	"docs/badge.md":           "a picture at an address of yours",
	"docs/compare.md":         "about others; its shape and sources are tested",
	"docs/containers.md":      "about containers; the check of deploy (.ci/deploy) reads the files that it is about",
	"docs/how-it-works.md":    "a picture; the table of rooms is tested in app",
	"docs/inventory.md":       "about what a server does over days; the tests of app hold it",
	"docs/kubernetes.md":      "about a cluster; the check of the chart (.ci/helm) renders and holds what it installs",
	"docs/metrics.md":         "its tables are tested in app/metrics and app",
	"docs/pages.md":           "about pages in a browser; the tests of app/web and of the browser hold it",
	"docs/performance.md":     "figures of a machine, written by make bench",
	"docs/publish-rules.md":   "its table is tested in app/publish",
	"docs/releasing.md":       "what a person does at GitHub; the check of workflows (.ci/workflows) and .ci/dist hold the rest",
	"docs/systemd.md":         "about a machine's services; the check of deploy (.ci/deploy) verifies the unit",
	"docs/verify-bonafide.md": "about files of a release; docs/terminal.md has the same command, recorded",
}

func TestEveryPageHasSomethingThatATestHolds(t *testing.T) {
	for name, page := range documentation(t) {
		held := strings.Contains(page, "is written by go test") || strings.HasPrefix(name, "docs/rules/") // app/policy holds their examples
		for _, b := range blocks(t, name, page) {
			held = held || b.mark != "" || checked(t, b)
		}
		why, listed := unheld[name]
		if held == listed {
			t.Errorf("%s: a test holds something of it: %v; listed as a page without (%q): %v", name, held, why, listed)
		}
	}
	for name := range unheld {
		if _, err := os.Stat(filepath.Join("..", "..", name)); err != nil {
			t.Error(err)
		}
	}
}

// Whoever begins at the index finds every page; the rules have a list of their own.
func TestTheIndexLeadsToEveryPage(t *testing.T) {
	pages := documentation(t)
	for name := range pages {
		path, in := strings.CutPrefix(name, "docs/")
		if in && path != "README.md" && !strings.Contains(path, "/") && !strings.Contains(pages["docs/README.md"], "("+path) {
			t.Errorf("docs/README.md does not lead to %s: put it where its reader looks", name)
		}
	}
}

// testSources are the sources of all tests.
func testSources(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git") {
			return cmp.Or(err, fs.SkipDir)
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		source, err := os.ReadFile(path)
		all.Write(source)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// The pages say which test holds a promise, or runs a block: it is there.
func TestTestsThatTheDocumentationNamesAreThere(t *testing.T) {
	sources, named := testSources(t), 0
	for name, page := range documentation(t) {
		for _, m := range regexp.MustCompile("(?:`|<!-- run by )(Test[A-Z]\\w+)(?:`| -->)").FindAllStringSubmatch(page, -1) {
			if named++; !strings.Contains(sources, "\nfunc "+m[1]+"(") {
				t.Errorf("%s names %s, which is no test", name, m[1])
			}
		}
		for _, b := range blocks(t, name, page) {
			if strings.HasPrefix(b.mark, "recorded: ") && !strings.Contains(sources, "<!-- "+b.mark+" -->") {
				t.Errorf("%s:%d: no test writes %q", name, b.line, b.mark)
			}
		}
	}
	if named < 20 {
		t.Errorf("only %d are named", named)
	}
}

func TestBlocksOfTheDocumentationAreWhatTheySayTheyAre(t *testing.T) {
	for name, page := range documentation(t) {
		for _, b := range blocks(t, name, page) {
			if !slices.Contains(languages, b.language) {
				t.Errorf("%s:%d: a block of the language %q: choose one of %v", name, b.line, b.language, languages)
			}
			kind, _, _ := strings.Cut(b.mark, ":")
			if b.language == "console" && kind != "runnable" && kind != "recorded" && !strings.HasPrefix(kind, "run by ") {
				t.Errorf("%s:%d: what it shows is held by no test: put <!-- runnable --> before it, or show commands alone (sh)", name, b.line)
			}
			checked(t, b)
			if b.language == "sh" {
				shell(t, b)
			}
			if path, ok := strings.CutPrefix(b.mark, "excerpt: "); ok {
				whole, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(path)))
				if err != nil || !strings.Contains(string(whole), b.text) {
					t.Errorf("%s:%d: this does not stand in %s (%v)", name, b.line, path, err)
				}
			}
		}
	}
}

// checked reads a block as whoever it is for would, and says whether that holds its
// meaning: a policy file, a workflow, a document of ours.
func checked(t *testing.T, b block) bool {
	t.Helper()
	wrong := func(err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s:%d: %v", b.page, b.line, err)
		}
	}
	switch b.language {
	case "yaml":
		var top struct {
			Version any
			Jobs    map[string]any
			On      any
		}
		if err := yaml.Unmarshal([]byte(b.text), &top); err != nil {
			wrong(err)
			return false
		}
		if b.mark == "file: registries.yml" {
			_, err := config.ParseRegistries("registries.yml", []byte(b.text))
			wrong(err)
			return true
		}
		if top.Version == 1 {
			_, err := config.ParsePolicy("bonafide.yml", []byte(b.text))
			wrong(err)
			return true
		}
		if top.Jobs != nil && top.On != nil {
			wrong(workflow(b.text))
			return true
		}
	case "json":
		if !strings.Contains(b.text, `"schema"`) {
			var any any
			wrong(json.Unmarshal([]byte(b.text), &any))
			return false
		}
		d := json.NewDecoder(strings.NewReader(b.text))
		for {
			var doc json.RawMessage
			err := d.Decode(&doc)
			if errors.Is(err, io.EOF) {
				return true
			}
			if wrong(errors.Join(err, document1(doc))); err != nil {
				return true
			}
		}
	}
	return false
}

// document1 holds a document that names its schema against it.
func document1(doc json.RawMessage) error {
	var named struct{ Schema string }
	if err := json.Unmarshal(doc, &named); err != nil {
		return err
	}
	switch named.Schema {
	case "bonafide.audit/v1":
		d := json.NewDecoder(bytes.NewReader(doc))
		d.DisallowUnknownFields()
		return d.Decode(&audit.Event{})
	case "bonafide.report/v1":
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc))
		if err != nil {
			return err
		}
		s, err := jsonschema.NewCompiler().Compile("../../app/report/schema/bonafide.report.v1.schema.json")
		if err != nil {
			return err
		}
		return s.Validate(value)
	}
	return errors.New("a document of no schema that is known here: " + named.Schema)
}

// workflow asks actionlint, where .ci has it. The first time it is built.
func workflow(text string) error {
	const tool = "../../.ci/actionlint/go.mod"
	if _, err := os.Stat(tool); errors.Is(err, fs.ErrNotExist) || testing.Short() {
		return nil
	} else if err != nil {
		return err
	}
	cmd := exec.Command("go", "tool", "-modfile="+tool, "actionlint", "-no-color", "-shellcheck=", "-pyflakes=", "-")
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		return errors.New(err.Error() + "\n" + string(out))
	}
	return nil
}

// shell holds commands against the shell's grammar, and ours against the flags there are.
func shell(t *testing.T, b block) {
	t.Helper()
	if sh, err := exec.LookPath("sh"); err == nil {
		cmd := exec.Command(sh, "-n")
		cmd.Stdin = strings.NewReader(b.text)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s:%d: %v\n%s", b.page, b.line, err, out)
		}
	}
	for line := range strings.Lines(strings.ReplaceAll(b.text, "\\\n", " ")) {
		line = strings.ReplaceAll(line, "go run ./cmd/bonafide ", "bonafide ")
		words, err := split(line)
		if err != nil {
			t.Errorf("%s:%d: %v", b.page, b.line, err)
			continue
		}
		for len(words) > 0 && strings.Contains(words[0], "=") { // variables of this command alone
			words = words[1:]
		}
		if len(words) < 2 || words[0] != "bonafide" {
			continue
		}
		if end := slices.IndexFunc(words, func(w string) bool { return strings.ContainsAny(w, "|&;") || strings.HasPrefix(w, ">") }); end >= 0 {
			words = words[:end]
		}
		parser, err := kong.New(&commands{}, kong.BindTo(t.Context(), (*context.Context)(nil)), kong.Bind(terminal{}), kong.Exit(func(int) {}), kong.Writers(io.Discard, io.Discard))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parser.Parse(words[1:]); err != nil {
			t.Errorf("%s:%d: %q: %v", b.page, b.line, strings.TrimSpace(line), err)
		}
	}
}

// split cuts a command into its words, as a shell would with quotes and a comment, and
// knows nothing else of shells.
func split(line string) (words []string, err error) {
	for rest := strings.TrimSpace(line); rest != "" && rest[0] != '#'; rest = strings.TrimLeft(rest, " ") {
		word := ""
		for rest != "" && rest[0] != ' ' {
			if quote := rest[:1]; quote == "'" || quote == `"` {
				inside, after, closed := strings.Cut(rest[1:], quote)
				if !closed {
					return nil, errors.New("a quote that does not end: " + line)
				}
				word, rest = word+inside, after
				continue
			}
			word, rest = word+rest[:1], rest[1:]
		}
		words = append(words, word)
	}
	return words, nil
}
