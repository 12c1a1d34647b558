package publish

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// good is a workflow with nothing to mend; cases change it.
const good = `name: Publish
on:
  push:
    tags: ['v*']
jobs:
  publish:
    runs-on: ubuntu-latest
    permissions:
      contents: read
      id-token: write
    steps:
      - uses: actions/checkout@v5
      - uses: actions/setup-node@v5
        with:
          node-version: 24
          registry-url: https://registry.npmjs.org
      - run: npm ci
      - run: npm publish
`

const goodManifest = `{
  "name": "left",
  "version": "1.0.0",
  "repository": "github:acme/left"
}
`

// withToken is what makes a way with a long-lived token of it.
var withToken = []string{
	"      - run: npm publish\n",
	"      - run: npm publish --provenance\n        env:\n          NODE_AUTH_TOKEN: ${{ secrets.NPM_TOKEN }}\n",
}

func isPrivate(b bool) *bool { return &b }

// ruled is a case of a rule: a workflow, the lines that it finds fault with, and the
// lines that mending takes away ("-…") and adds ("+…").
type ruled struct {
	rule, name string
	change     []string          // pairs: this text of good by that
	manifest   []string          // the same of goodManifest
	files      map[string]string // beside them; good itself is .github/workflows/publish.yml
	facts      Facts
	want       []string // "SEVERITY the line found, trimmed"
	edits      []string
}

func (c ruled) world(t testing.TB) (Files, Facts) {
	t.Helper()
	replaced := func(s string, pairs []string) string {
		for i := 0; i+1 < len(pairs); i += 2 {
			if !strings.Contains(s, pairs[i]) {
				t.Fatalf("%q is not in the file", pairs[i])
			}
			s = strings.Replace(s, pairs[i], pairs[i+1], 1)
		}
		return s
	}
	files := Files{
		".github/workflows/publish.yml": []byte(replaced(good, c.change)),
		"package.json":                  []byte(replaced(goodManifest, c.manifest)),
	}
	for name, data := range c.files {
		files[name] = []byte(data)
	}
	facts := c.facts
	if facts.Repository == "" {
		facts.Repository = "github.com/acme/left"
	}
	return files, facts
}

// foundBy are the findings of one rule, as a case states them.
func foundBy(files Files, list []Finding, rule string) (said []string, found []Finding) {
	for _, f := range list {
		if f.Rule != rule {
			continue
		}
		lines := strings.Split(string(files[f.File]), "\n")
		line := fmt.Sprintf("line %d of %s", f.Line, f.File)
		if f.Line >= 1 && f.Line <= len(lines) {
			line = strings.TrimSpace(lines[f.Line-1])
		}
		said = append(said, string(f.Severity)+" "+line)
		found = append(found, f)
	}
	return said, found
}

// editsOf are the lines that findings take away and add.
func editsOf(files Files, list []Finding) []string {
	var said []string
	for _, f := range list {
		for _, e := range f.Edits {
			lines := strings.Split(string(files[e.File]), "\n")
			for n := e.From; n <= e.To; n++ {
				said = append(said, "-"+lines[n-1])
			}
			for _, l := range e.Lines {
				said = append(said, "+"+l)
			}
		}
	}
	return said
}

func TestRules(t *testing.T) {
	for _, c := range ruleCases() {
		t.Run(c.rule+"/"+c.name, func(t *testing.T) {
			files, facts := c.world(t)
			report := Check(files, facts)
			if len(report.Unread) > 0 {
				t.Fatalf("not read: %v", report.Unread)
			}
			said, found := foundBy(files, report.Findings, c.rule)
			if !slices.Equal(said, c.want) {
				t.Errorf("found %q, want %q\nall: %s", said, c.want, all(files, report))
			}
			if got := editsOf(files, found); !slices.Equal(got, c.edits) {
				t.Errorf("edits\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.edits, "\n"))
			}
			for _, f := range report.Findings {
				complete(t, files, f)
			}
		})
	}
}

func all(files Files, r Report) string {
	var b strings.Builder
	for _, w := range r.Ways {
		fmt.Fprintf(&b, "\nway %+v", w)
	}
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "\n%s %s %s:%d %s", f.Rule, f.Severity, f.File, f.Line, f.Message)
	}
	return b.String()
}

// complete holds what every finding has.
func complete(t testing.TB, files Files, f Finding) {
	t.Helper()
	lines := strings.Count(string(files[f.File]), "\n")
	if f.Rule == "" || f.Message == "" || f.Why == "" || f.Help == "" || !strings.HasPrefix(f.Source, "https://") || graveness(f.Severity) < 0 {
		t.Errorf("an incomplete finding: %+v", f)
	}
	if f.Line < 1 || f.EndLine < f.Line || f.EndLine > lines {
		t.Errorf("%s stands on lines %d to %d of %q, which has %d", f.Rule, f.Line, f.EndLine, f.File, lines)
	}
	for _, s := range []string{f.Message, f.Why, f.Help} {
		if strings.Contains(s, "%!") || strings.ContainsAny(s, "\n\r\t") || !strings.ContainsAny(s[len(s)-1:], ".)") {
			t.Errorf("%s: no sentence: %q", f.Rule, s)
		}
	}
}

// What a rule proposes ends what it found: with its lines the files are read as before,
// and the rule says nothing more of what it mended. With the lines of all rules, too.
func TestAMendedFileIsSilent(t *testing.T) {
	names := map[string]bool{}
	for _, r := range rules() {
		names[r.name] = true
	}
	for _, c := range ruleCases() {
		t.Run(c.rule+"/"+c.name, func(t *testing.T) {
			files, facts := c.world(t)
			report := Check(files, facts)
			for rule := range names {
				_, found := foundBy(files, report.Findings, rule)
				silentAfter(t, files, facts, found)
			}
		})
	}
}

func silentAfter(t *testing.T, files Files, facts Facts, found []Finding) {
	t.Helper()
	var edits []Edit
	left := 0
	for _, f := range found {
		if f.Edits == nil {
			left++
		}
		edits = append(edits, f.Edits...)
	}
	if len(edits) == 0 {
		return
	}
	after := mended(t, files, dedupe(edits))
	again := Check(after, facts)
	if len(again.Unread) > 0 {
		t.Fatalf("%s: a mended file is not read: %v\n%s", found[0].Rule, again.Unread, after[found[0].Edits[0].File])
	}
	if said, _ := foundBy(after, again.Findings, found[0].Rule); len(said) > left {
		t.Errorf("%s is still found after it was mended: %q\n%s", found[0].Rule, said, after[edits[0].File])
	}
}

func dedupe(edits []Edit) []Edit {
	var list []Edit
	for _, e := range edits {
		if !slices.ContainsFunc(list, func(o Edit) bool {
			return o.File == e.File && o.From == e.From && o.To == e.To && slices.Equal(o.Lines, e.Lines)
		}) {
			list = append(list, e)
		}
	}
	return list
}

func TestThePageHasEveryRule(t *testing.T) {
	page, err := os.ReadFile("../../docs/publish-rules.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows, names []string
	for line := range strings.Lines(string(page)) {
		if name, _, ok := strings.Cut(strings.TrimPrefix(line, "| `"), "` |"); ok && strings.HasPrefix(line, "| `") {
			rows = append(rows, name)
		}
	}
	for _, r := range rules() {
		names = append(names, r.name)
	}
	if !slices.Equal(rows, names) {
		t.Errorf("the page has %q, the rules are %q", rows, names)
	}
	for _, said := range []string{"`more-findings`", fmt.Sprintf("At most %d findings", maxFindings)} {
		if !strings.Contains(string(page), said) {
			t.Errorf("the page does not say %q", said)
		}
	}
}

// Which commit a tag is, no file says: no line names one that was not there, and what is
// said of it makes no command of a name that is none.
func TestPinsAreNotGuessed(t *testing.T) {
	hash := regexp.MustCompile(`[0-9a-f]{40}`)
	for _, c := range ruleCases() {
		files, facts := c.world(t)
		var there []string
		for _, data := range files {
			there = append(there, string(data))
		}
		for _, f := range Check(files, facts).Findings {
			if f.Rule == "unpinned-action" && (f.Edits != nil || hash.MatchString(f.Help)) {
				t.Errorf("%s/%s: %q, with the edits %v", c.rule, c.name, f.Help, f.Edits)
			}
			for _, e := range f.Edits {
				for _, commit := range hash.FindAllString(strings.Join(e.Lines, " "), -1) {
					if !strings.Contains(strings.Join(there, " "), commit) {
						t.Errorf("%s/%s: %s is in no file", c.rule, c.name, commit)
					}
				}
			}
		}
	}
	for uses, command := range map[string]bool{
		"acme/left@v1": true, "acme/left/a/b@feature/x": true, "acme/left@v1$(id)": false, "acme/$(id)@v1": false, "acme/left@v1`id`": false, "acme/left@a b": false,
		"acme/left@" + strings.Repeat("a", 200): false,
	} {
		u, _ := parseUses(uses)
		if got := howToPin(u); strings.Contains(got, "gh api") != command || len(got) > 500 {
			t.Errorf("%q: %q", uses, got)
		}
	}
}

// Ways that are right are left alone.
func TestTrustedPublishingHasNoFindings(t *testing.T) {
	for name, workflow := range map[string]string{
		"npm":               good,
		"npm, on a release": strings.Replace(good, "  push:\n    tags: ['v*']\n", "  release:\n    types: [published]\n  workflow_dispatch:\n", 1),
		"npm, with the workflow's permissions": strings.NewReplacer(
			"jobs:\n", "permissions:\n  id-token: write\n  contents: read\njobs:\n",
			"    permissions:\n      contents: read\n      id-token: write\n", "").Replace(good),
		"PyPI": `name: Publish
on:
  release:
    types: [published]
permissions: {}
jobs:
  build:
    runs-on: ubuntu-latest
    permissions:
      contents: read
    steps:
      - uses: actions/checkout@v5
      - uses: actions/setup-python@v6
        with:
          python-version: '3.13'
      - run: python -m pip install build && python -m build
      - uses: actions/upload-artifact@v4
        with:
          name: dist
          path: dist/
  publish:
    needs: build
    runs-on: ubuntu-latest
    environment: pypi
    permissions:
      id-token: write
    steps:
      - uses: actions/download-artifact@v5
        with:
          name: dist
          path: dist/
      - uses: pypa/gh-action-pypi-publish@release/v1
`,
		"RubyGems": `name: Push gem
on:
  push:
    tags: ['v*']
jobs:
  push:
    runs-on: ubuntu-latest
    permissions:
      contents: write
      id-token: write
    steps:
      - uses: actions/checkout@v5
      - uses: ruby/setup-ruby@v1
        with:
          ruby-version: ruby
          bundler-cache: true
      - uses: rubygems/release-gem@v1
`,
		"crates.io": `name: Publish crate
on:
  push:
    tags: ['v*']
jobs:
  publish:
    runs-on: ubuntu-latest
    environment: release
    permissions:
      id-token: write
    steps:
      - uses: actions/checkout@v5
      - uses: rust-lang/crates-io-auth-action@v1
        id: auth
      - run: cargo publish
        env:
          CARGO_REGISTRY_TOKEN: ${{ steps.auth.outputs.token }}
`,
	} {
		t.Run(name, func(t *testing.T) {
			files := Files{".github/workflows/publish.yml": []byte(workflow), "package.json": []byte(goodManifest)}
			r := Check(files, Facts{Repository: "github.com/acme/left", DefaultBranch: "main", Private: isPrivate(false)})
			if len(r.Ways) != 1 || len(r.Findings) > 0 || len(r.Unread) > 0 {
				t.Errorf("%d ways: %s, not read: %v", len(r.Ways), all(files, r), r.Unread)
			}
		})
	}
}

func TestFindingsAreOrderedAndBounded(t *testing.T) {
	files := Files{}
	for i := range 300 {
		files[fmt.Sprintf(".github/workflows/w%03d.yml", i)] = []byte(strings.NewReplacer("      id-token: write\n", "", "ubuntu-latest", "self-hosted", "@v5", "@main").Replace(good))
	}
	r := Check(files, Facts{})
	if len(r.Findings) != maxFindings {
		t.Fatalf("%d findings, want %d", len(r.Findings), maxFindings)
	}
	last := r.Findings[len(r.Findings)-1]
	if last.Rule != "more-findings" || !strings.Contains(last.Message, "more findings") {
		t.Errorf("the last finding is %+v", last)
	}
	if !slices.IsSortedFunc(r.Findings, func(a, b Finding) int { return graveness(a.Severity) - graveness(b.Severity) }) {
		t.Error("the gravest are not first")
	}
	seen := map[string]int{}
	for _, f := range r.Findings {
		seen[fmt.Sprint(f.Rule, f.File, f.Line)]++
	}
	for k := range maps.Keys(seen) {
		if seen[k] > 1 && !strings.HasPrefix(k, "more-findings") {
			t.Errorf("%s is found %d times", k, seen[k])
		}
	}
}

func TestRepositoriesAreReadInAllForms(t *testing.T) {
	for in, want := range map[string]string{
		"https://github.com/acme/left":                      "github.com acme/left",
		"https://github.com/acme/left.git":                  "github.com acme/left",
		"git+https://github.com/acme/left.git#main":         "github.com acme/left",
		"git://github.com/acme/left.git":                    "github.com acme/left",
		"git+ssh://git@github.com/acme/left.git":            "github.com acme/left",
		"ssh://git@github.com:acme/left.git":                "github.com acme/left",
		"ssh://git@github.com:22/acme/left.git":             "github.com acme/left",
		"git@github.com:acme/left.git":                      "github.com acme/left",
		"https://user:secret@github.com/acme/left":          "github.com acme/left",
		"https://www.github.com/acme/left/":                 "github.com acme/left",
		"https://github.com/acme/left/tree/main/packages/a": "github.com acme/left",
		"acme/left":                        "github.com acme/left",
		"github:acme/left":                 "github.com acme/left",
		"gitlab:acme/left":                 "gitlab.com acme/left",
		"https://gitlab.com/acme/left.git": "gitlab.com acme/left",
		"gist:11081aaa281":                 "",
		"":                                 "",
		"left":                             "",
		"https://github.com":               "",
		"https://github.com/acme":          "",
		"svn:acme/left":                    "",
	} {
		name, host, ok := repositoryOf(in)
		got := ""
		if ok {
			got = host + " " + name
		}
		if got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

func FuzzRepositoryOf(f *testing.F) {
	f.Add("git+ssh://git@github.com:22/a/b.git#x")
	f.Fuzz(func(t *testing.T, s string) {
		if name, _, ok := repositoryOf(s); ok && strings.Count(name, "/") != 1 {
			t.Errorf("%q is %q", s, name)
		}
	})
}

// Whatever a workflow looks like: findings are complete, and a file that could be read
// can be read when it is mended.
func FuzzMending(f *testing.F) {
	for _, c := range ruleCases() {
		files, _ := c.world(f)
		f.Add(string(files[".github/workflows/publish.yml"]), string(files["package.json"]))
	}
	f.Add("jobs:\n : steps: \n        run: np \nenv:\n          NODE_AUTH_TOKEN: x", "{\n \"\": \"\"}")
	f.Fuzz(func(t *testing.T, workflow, manifest string) {
		files := Files{".github/workflows/publish.yml": []byte(workflow), "package.json": []byte(manifest)}
		facts := Facts{Repository: "github.com/acme/left"}
		report := Check(files, facts)
		for _, found := range report.Findings {
			if len(found.Edits) == 0 {
				continue
			}
			after := Check(mended(t, files, found.Edits), facts)
			if len(after.Unread) > len(report.Unread) {
				t.Errorf("%s: mended, it cannot be read: %v\n%q\n%v", found.Rule, after.Unread, workflow, found.Edits)
			}
		}
	})
}
