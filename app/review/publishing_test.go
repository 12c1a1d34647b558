package review

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/publish"
)

// badLines finds the lines that say BAD; a line MEND after it has one edit, which replaces it.
func badLines(files publish.Files, _ publish.Facts) (r publish.Report) {
	for name, data := range files {
		for i, line := range strings.Split(string(data), "\n") {
			what, ok := strings.CutPrefix(strings.TrimSpace(line), "# BAD ")
			if strings.Contains(line, "npm publish") {
				r.Ways = append(r.Ways, publish.Way{File: name, Line: i + 1})
			}
			if line == "BROKEN" {
				r.Unread = append(r.Unread, publish.Unread{File: name, Line: i + 1, Reason: "It is broken.", Whole: true})
			}
			if !ok {
				continue
			}
			f := publish.Finding{Rule: "bad", File: name, Line: i + 1, Message: what, Help: "Mend it.", Source: "https://docs.npmjs.com/x", Severity: publish.Warning}
			if strings.Contains(string(data), "GRAVE") {
				f.Severity = publish.Error
			}
			if strings.Contains(what, "mend") {
				f.Edits = []publish.Edit{{File: name, From: i + 1, To: i + 1, Lines: []string{"good"}}}
			}
			r.Findings = append(r.Findings, f)
		}
	}
	slices.SortFunc(r.Findings, func(a, b publish.Finding) int {
		return strings.Compare(fmt.Sprintf("%s %4d", a.File, a.Line), fmt.Sprintf("%s %4d", b.File, b.Line))
	})
	return r
}

func matters(name string) bool {
	return strings.HasSuffix(name, ".yml") || strings.HasSuffix(name, "pnpm-workspace.yaml") || strings.HasSuffix(name, "package.json") || strings.HasSuffix(name, ".npmrc")
}

// reading is a tree that says what was read of it.
type reading struct {
	files
	read *[]string
}

func (r reading) Read(ctx context.Context, e TreeEntry) ([]byte, error) {
	*r.read = append(*r.read, e.Path)
	return r.files.Read(ctx, e)
}

func TestOnlyWhatIsNewlyWrongAboutPublishingIsSaid(t *testing.T) {
	const release, ci, action = ".github/workflows/release.yml", ".github/workflows/ci.yml", "tools/pack/action.yml"
	for _, c := range []struct {
		name       string
		base, head files
		want, read string // read: how many contents
	}{
		{"nothing that matters", files{release: "npm publish\n# BAD old", "a.js": "1"}, files{release: "npm publish\n# BAD old", "a.js": "2"}, "", "0"},
		{"what stood there stays unsaid", files{release: "npm publish\n# BAD old"}, files{release: "\n\nnpm publish\n# BAD old\n# BAD new"}, release + ":5 new", "2"},
		{"what is gone is not said", files{release: "npm publish\n# BAD old"}, files{release: "npm publish"}, "", "2"},
		{"the same twice", files{release: "npm publish\n# BAD old"}, files{release: "npm publish\n# BAD old\n# BAD old"}, release + ":3 old", "2"},
		{"renamed", files{release: "npm publish\n# BAD old"}, files{".github/workflows/new.yml": "npm publish\n# BAD old\n# BAD new"}, ".github/workflows/new.yml:3 new", "2"},
		{"copied", files{release: "npm publish\n# BAD old"}, files{release: "npm publish\n# BAD old", ci: "npm publish\n# BAD old\n"}, ci + ":2 old", "1"},
		{"without publishing", files{ci: "go test", "package.json": "{}"}, files{ci: "go vet", "package.json": "{}"}, "", "1"},
		{"a workflow that publishes needs the manifests", files{release: "npm publish", "package.json": "{}"}, files{release: "npm publish\n# BAD new", "package.json": "{}"}, release + ":2 new", "3"},
		{"what a manifest depends on", files{release: "npm publish", "package.json": `{"name":"a"}`}, files{release: "npm publish", "package.json": `{"name":"a","dependencies":{"b":"1"}}`}, "", "2"},
		{"what a manifest says of publishing", files{release: "npm publish", "package.json": "{\"name\":\"a\"}"}, files{release: "npm publish", "package.json": "{\"name\":\"b\"}\n# BAD new"}, "package.json:2 new", "3"},
		{"an action that a workflow calls", files{release: "npm publish\n      - uses: ./tools/pack", action: "x", ci: "y"}, files{release: "npm publish\n      - uses: ./tools/pack", action: "x\n# BAD new", ci: "y"}, action + ":2 new", "4"},
		{"what a changed workflow calls", files{release: "a\n    uses: './.github/workflows/ci.yml' # x", ci: "npm publish\n# BAD old"}, files{release: "b\n    uses: './.github/workflows/ci.yml' # x\n# BAD new", ci: "npm publish\n# BAD old"}, release + ":3 new", "3"},
		{"graver than it was", files{release: "npm publish\n# BAD old"}, files{release: "npm publish\n# BAD old\n# GRAVE"}, release + ":2 old", "2"},
		{"less grave than it was", files{release: "npm publish\n# BAD old\n# GRAVE"}, files{release: "npm publish\n# BAD old"}, "", "2"},
		{"what strangers can start bears on others", files{release: "npm publish", ci: "x"}, files{release: "npm publish", ci: "on: pull_request_target\n# BAD new"}, ci + ":2 new", "3"},
		{"too large", files{release: "npm publish"}, files{release: "npm publish\n# BAD new" + strings.Repeat(" ", MaxPublishFileBytes)},
			release + ":0 " + release + " cannot be read, so that nobody looked at what it publishes. It has more than 512 kB.", "1"},
		{"no workflow any more", files{release: "npm publish"}, files{release: "x\nBROKEN"}, release + ":2 " + release + " cannot be read, so that nobody looked at what it publishes. It is broken.", "2"},
		{"no workflow before either", files{release: "BROKEN"}, files{release: "x\nBROKEN"}, "", "2"},
		{"a fixture that cannot be read", files{release: "npm publish"}, files{release: "npm publish", "test/package.json": "BROKEN"}, "", "1"},
		{"an action of the running commit", files{release: "npm publish\n      - uses: $/tools/pack", action: "x", ci: "y"}, files{release: "npm publish\n      - uses: $/tools/pack", action: "x\n# BAD new", ci: "y"}, action + ":2 new", "4"},
		{"settings of pnpm alone", files{release: "npm publish", "pnpm-workspace.yaml": "a: 1"}, files{release: "npm publish", "pnpm-workspace.yaml": "a: 2\n# BAD new"}, "", "2"},
		{"pnpm is told to leave provenance away", files{release: "npm publish", "pnpm-workspace.yaml": "provenance: true"}, files{release: "npm publish", "pnpm-workspace.yaml": "a: 2\n# BAD new"}, "pnpm-workspace.yaml:2 new", "3"},
		{"devEngines may name another npm", files{release: "npm publish", "package.json": `{}`}, files{release: "npm publish", "package.json": `{"devEngines":{}}`}, "", "3"},
	} {
		var read []string
		check := PublishCheck{matters, badLines}
		problems, err := check.Compare(t.Context(), reading{c.base, &read}, reading{c.head, &read}, publish.Facts{})
		var got []string
		for _, p := range problems {
			got = append(got, fmt.Sprintf("%s:%d %s", p.Lockfile, p.Line, p.Detail))
		}
		if err != nil || strings.Join(got, ", ") != c.want || fmt.Sprint(len(read)) != c.read {
			t.Errorf("%s: %q, %v; read %q", c.name, got, err, read)
		}
	}
	if p, err := (PublishCheck{}).Compare(t.Context(), files{}, files{release: "x"}, publish.Facts{}); p != nil || err != nil {
		t.Error(p, err)
	}
}

func TestWhatIsSaidAboutPublishingIsBounded(t *testing.T) {
	head := files{}
	for i := range MaxPublishFiles + 20 {
		head[fmt.Sprintf(".github/workflows/w%d.yml", i)] = "npm publish\n# BAD new\n# BAD newer"
	}
	var read []string
	problems, err := PublishCheck{matters, badLines}.Compare(t.Context(), reading{files{}, &read}, reading{head, &read}, publish.Facts{})
	if err != nil || len(problems) != MaxPublishFindings+2 || len(read) > MaxPublishFiles || !strings.Contains(problems[0].Detail, "what 20 of the workflows publish") ||
		!strings.Contains(problems[MaxPublishFindings+1].Detail, "80 more findings") {
		t.Errorf("%d problems, %d read, %v: %+v", len(problems), len(read), err, problems[len(problems)-1])
	}
}

func TestNothingKeepsAWorkflowFromBeingRead(t *testing.T) {
	head := files{".github/workflows/z.yml": "npm publish\n# BAD new"}
	for i := range MaxPublishFiles + 20 {
		head[fmt.Sprintf("%02d/package.json", i)] = fmt.Sprintf(`{"name":"p%d","scripts":{"x":%q}}`, i, strings.Repeat("x", MaxPublishFileBytes/2))
	}
	head[".npmrc"] = strings.Repeat("# x\n", MaxPublishFileBytes/4)
	var read []string
	problems, err := PublishCheck{matters, badLines}.Compare(t.Context(), reading{files{}, &read}, reading{head, &read}, publish.Facts{})
	if err != nil || len(problems) != 1 || problems[0].Detail != "new" || len(read) > MaxPublishFiles {
		t.Errorf("%d read, %v: %+v", len(read), err, problems)
	}
}

func TestThePackagesOfAMonorepoAreKnown(t *testing.T) {
	base := files{"package.json": `{"private":true,"workspaces":["packages/*"]}`}
	for i := range 150 {
		base[fmt.Sprintf("packages/p%d/package.json", i)] = fmt.Sprintf(`{"name":"p%d","version":"1.0.0","publishConfig":{"provenance":true}}`, i)
	}
	head := maps.Clone(base)
	head[".github/workflows/release.yml"] = "on: {push: {tags: ['v*']}}\njobs:\n  publish:\n    runs-on: ubuntu-latest\n    permissions: {contents: read, id-token: write}\n" +
		"    steps:\n      - uses: actions/checkout@v5\n      - uses: actions/setup-node@v5\n        with: {node-version: 24, registry-url: 'https://registry.npmjs.org'}\n" +
		"      - run: npm publish -w packages/p149\n        env: {NODE_AUTH_TOKEN: '${{ secrets.NPM }}'}\n"
	problems, err := PublishCheck{publish.Wanted, publish.Check}.Compare(t.Context(), base, head, publish.Facts{})
	if err != nil || slices.ContainsFunc(problems, func(p policy.Problem) bool { return strings.Contains(p.Detail, "not asked for provenance") }) {
		t.Errorf("%v, %+v", err, problems)
	}
}

func TestMendedLinesReplaceWhatTheyStandOn(t *testing.T) {
	const file = "one\ntwo\nthree\nfour\n"
	at := func(from, to int, lines ...string) publish.Edit {
		return publish.Edit{File: "f", From: from, To: to, Lines: lines}
	}
	for _, c := range []struct {
		name  string
		data  string
		edits []publish.Edit
		want  policy.Mended
	}{
		{"none", file, nil, policy.Mended{}},
		{"a line", file, []publish.Edit{at(2, 2, "TWO")}, policy.Mended{From: 2, To: 2, Text: "TWO"}},
		{"fewer lines", file, []publish.Edit{at(2, 3, "TWO")}, policy.Mended{From: 2, To: 3, Text: "TWO"}},
		{"inserted", file, []publish.Edit{at(3, 2, "new")}, policy.Mended{From: 2, To: 2, Text: "two\nnew"}},
		{"inserted first", file, []publish.Edit{at(1, 0, "new")}, policy.Mended{From: 1, To: 1, Text: "new\none"}},
		{"appended", file, []publish.Edit{at(5, 4, "new")}, policy.Mended{From: 4, To: 4, Text: "four\nnew"}},
		{"two pieces", file, []publish.Edit{at(4, 4, "FOUR"), at(1, 1, "ONE")}, policy.Mended{From: 1, To: 4, Text: "ONE\ntwo\nthree\nFOUR"}},
		{"two insertions", file, []publish.Edit{at(2, 1, "a"), at(4, 3, "b")}, policy.Mended{From: 2, To: 3, Text: "a\ntwo\nthree\nb"}},
		{"removed alone", file, []publish.Edit{at(2, 2)}, policy.Mended{}},
		{"overlapping", file, []publish.Edit{at(1, 2, "x"), at(2, 3, "y")}, policy.Mended{}},
		{"out of the file", file, []publish.Edit{at(9, 9, "x")}, policy.Mended{}},
		{"another file", file, []publish.Edit{{File: "g", From: 1, To: 1, Lines: []string{"x"}}}, policy.Mended{}},
		{"backwards", file, []publish.Edit{at(3, 1, "x")}, policy.Mended{}},
		{"carriage returns", "one\r\ntwo\r\n", []publish.Edit{at(2, 1, "x")}, policy.Mended{}},
		{"hidden", file, []publish.Edit{at(1, 1, "x\u202ey")}, policy.Mended{}},
		{"far apart", strings.Repeat("x\n", 100), []publish.Edit{at(1, 1, "a"), at(90, 90, "b")}, policy.Mended{}},
		{"not text", "\xff\n", []publish.Edit{at(1, 1, "a")}, policy.Mended{}},
	} {
		if got := mendedLines(publish.Finding{File: "f", Line: 1, Edits: c.edits}, []byte(c.data)); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func FuzzMendedLines(f *testing.F) {
	f.Add([]byte("a\nb\n"), 1, 1, 3, 2, "x\ny")
	f.Fuzz(func(t *testing.T, data []byte, a, b, c, d int, text string) {
		lines := strings.Split(text, "\n")
		m := mendedLines(publish.Finding{File: "f", Edits: []publish.Edit{{File: "f", From: a, To: b, Lines: lines}, {File: "f", From: c, To: d, Lines: lines}}}, data)
		if m.From > 0 && (m.To < m.From || m.To-m.From >= MaxMendedLines || len(m.Text) > MaxMendedBytes) {
			t.Errorf("%+v", m)
		}
		for _, name := range []string{"package.json", "pnpm-workspace.yaml"} {
			samePublishing(name, sections(name), data, []byte(text))
		}
	})
}
