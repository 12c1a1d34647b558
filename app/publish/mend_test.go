package publish

import (
	"slices"
	"strings"
	"testing"
)

// mended applies the edits to the files, from the last line to the first; overlapping
// ones are an error of the test.
func mended(t testing.TB, files Files, edits []Edit) Files {
	t.Helper()
	out := Files{}
	for name, data := range files {
		out[name] = data
	}
	edits = slices.Clone(edits)
	slices.SortStableFunc(edits, func(a, b Edit) int { return b.From - a.From })
	for i, e := range edits {
		data, ok := out[e.File]
		if !ok {
			t.Fatalf("an edit of %q, which is not there", e.File)
		}
		lines := strings.SplitAfter(string(data), "\n")
		if lines[len(lines)-1] == "" {
			lines = lines[:len(lines)-1]
		}
		if e.From < 1 || e.To < e.From-1 || e.To > len(lines) {
			t.Fatalf("an edit of lines %d to %d of %s, which has %d", e.From, e.To, e.File, len(lines))
		}
		if i > 0 && edits[i-1].File == e.File && e.To >= edits[i-1].From {
			t.Fatalf("edits overlap: %v and %v", e, edits[i-1])
		}
		var added []string
		for _, l := range e.Lines {
			if strings.ContainsAny(l, "\r\n") {
				t.Fatalf("an edit's line has a line end: %q", l)
			}
			added = append(added, l+"\n")
		}
		out[e.File] = []byte(strings.Join(slices.Concat(lines[:e.From-1], added, lines[e.To:]), ""))
	}
	return out
}

const testFile = ".github/workflows/x.yml"

func parsed(t testing.TB, text string) *workflow {
	t.Helper()
	w, err := readWorkflow(testFile, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func job1(w *workflow, id string) *job {
	return w.Jobs[slices.IndexFunc(w.Jobs, func(j *job) bool { return j.ID == id })]
}

// unindent takes the first line's indent from every line.
func unindent(s string) string {
	s = strings.TrimLeft(s, "\n")
	indent := s[:len(s)-len(strings.TrimLeft(s, "\t"))]
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimPrefix(l, indent)
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\t")
}

// mendCase is what is mended how; after "" means that a person must decide.
type mendCase struct{ name, before, after string }

func testMending(t *testing.T, cases []mendCase, edits func(w *workflow) []Edit) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			before, after := unindent(c.before), unindent(c.after)
			got := edits(parsed(t, before))
			if c.after == "" {
				if got != nil {
					t.Fatalf("edits where a person must decide: %v", got)
				}
				return
			}
			if got == nil {
				t.Fatal("no edits")
			}
			if text := string(mended(t, Files{testFile: []byte(before)}, got)[testFile]); text != after {
				t.Errorf("mended:\n%s\nwant:\n%s", text, after)
			}
		})
	}
}

func TestPermissionsAreGrantedAtTheRightLevel(t *testing.T) {
	testMending(t, []mendCase{
		{"nothing is stated: a block of the job's own", `
			on: push
			jobs:
			  # ships it
			  publish:
			    runs-on: ubuntu-latest # GitHub's
			    # the steps
			    steps:
			      - run: npm publish
			`, `
			on: push
			jobs:
			  # ships it
			  publish:
			    runs-on: ubuntu-latest # GitHub's
			    permissions:
			      contents: read
			      id-token: write
			    # the steps
			    steps:
			      - run: npm publish
			`},
		{"the job's block gets a line, comments stay", `
			on: push
			jobs:
			  publish:
			    permissions:
			      contents: write # tags
			      # and for the pull request
			      pull-requests: write
			    runs-on: ubuntu-latest
			    steps: [{run: npm publish}]
			`, `
			on: push
			jobs:
			  publish:
			    permissions:
			      contents: write # tags
			      # and for the pull request
			      pull-requests: write
			      id-token: write
			    runs-on: ubuntu-latest
			    steps: [{run: npm publish}]
			`},
		{"another access is replaced", `
			on: push
			jobs:
			  publish:
			    permissions:
			      id-token: none # why?
			      contents: read
			    runs-on: ubuntu-latest
			`, `
			on: push
			jobs:
			  publish:
			    permissions:
			      id-token: write # why?
			      contents: read
			    runs-on: ubuntu-latest
			`},
		{"braces on one line", `
			on: push
			jobs:
			  publish:
			    permissions: { contents: read }
			    runs-on: ubuntu-latest
			`, `
			on: push
			jobs:
			  publish:
			    permissions: { contents: read, id-token: write }
			    runs-on: ubuntu-latest
			`},
		{"empty braces", `
			on: push
			permissions: {}
			jobs:
			  publish:
			    runs-on: ubuntu-latest
			`, `
			on: push
			permissions: { id-token: write }
			jobs:
			  publish:
			    runs-on: ubuntu-latest
			`},
		{"the workflow's block, where there is one job", `
			on: push
			permissions:
			    contents: read

			jobs:
			    publish:
			        runs-on: ubuntu-latest
			`, `
			on: push
			permissions:
			    contents: read
			    id-token: write

			jobs:
			    publish:
			        runs-on: ubuntu-latest
			`},
		{"the workflow's are repeated, where other jobs have them", `
			on: push
			permissions:
			  contents: write
			  packages: read
			jobs:
			  test:
			    runs-on: ubuntu-latest
			  publish:
			    needs: test
			    runs-on:
			      - ubuntu-latest
			    steps:
			      - run: npm publish
			`, `
			on: push
			permissions:
			  contents: write
			  packages: read
			jobs:
			  test:
			    runs-on: ubuntu-latest
			  publish:
			    needs: test
			    runs-on:
			      - ubuntu-latest
			    permissions:
			      contents: write
			      packages: read
			      id-token: write
			    steps:
			      - run: npm publish
			`},
		{"what the steps need is kept", `
			on: push
			jobs:
			  publish:
			    runs-on: ubuntu-latest
			    steps:
			      - uses: changesets/action@v1
			        env:
			          GITHUB_TOKEN: ${{ secrets.GITHUB_TOKEN }}
			`, `
			on: push
			jobs:
			  publish:
			    runs-on: ubuntu-latest
			    permissions:
			      contents: write
			      pull-requests: write
			      id-token: write
			    steps:
			      - uses: changesets/action@v1
			        env:
			          GITHUB_TOKEN: ${{ secrets.GITHUB_TOKEN }}
			`},
		{"what a step needs is not known", `
			on: push
			jobs:
			  publish:
			    runs-on: ubuntu-latest
			    steps:
			      - uses: someone/something@v1
			        with:
			          token: ${{ github.token }}
			      - run: npm publish
			`, ""},
		{"an action may take the token by itself", `
			on: push
			jobs:
			  publish:
			    runs-on: ubuntu-latest
			    steps:
			      - uses: actions/checkout@v6
			      - uses: actions/github-script@v8
			        with:
			          script: await github.rest.issues.createComment({})
			      - run: npm publish
			`, ""},
		{"a script that releases and opens a pull request", `
			on: push
			jobs:
			  publish:
			    runs-on: ubuntu-latest
			    steps:
			      - run: |
			          npm publish
			          gh release create v1
			          gh pr create --fill
			        env:
			          GH_TOKEN: ${{ github.token }}
			`, ""},
		{"tools, an artifact and a push", `
			on: push
			jobs:
			  publish:
			    runs-on: ubuntu-latest
			    steps:
			      - uses: actions/checkout@v6
			      - uses: pnpm/action-setup@v4
			      - uses: actions/setup-node@v6
			        with:
			          token: ${{ github.token }}
			      - uses: actions/download-artifact@v5
			      - run: git push --follow-tags
			      - run: npm publish
			`, `
			on: push
			jobs:
			  publish:
			    runs-on: ubuntu-latest
			    permissions:
			      contents: write
			      id-token: write
			    steps:
			      - uses: actions/checkout@v6
			      - uses: pnpm/action-setup@v4
			      - uses: actions/setup-node@v6
			        with:
			          token: ${{ github.token }}
			      - uses: actions/download-artifact@v5
			      - run: git push --follow-tags
			      - run: npm publish
			`},
		{"read-all names nothing to add to", `
			on: push
			permissions: read-all
			jobs:
			  publish:
			    runs-on: ubuntu-latest
			`, ""},
		{"an anchor that others use", `
			on: push
			jobs:
			  test:
			    permissions: &p
			      contents: read
			    runs-on: ubuntu-latest
			  publish:
			    permissions: *p
			    runs-on: ubuntu-latest
			`, ""},
		{"a job in braces", `
			on: push
			jobs:
			  publish: { runs-on: ubuntu-latest, steps: [{ run: npm publish }] }
			`, ""},
	}, func(w *workflow) []Edit { return job1(w, "publish").grantIDToken(nil, nil) })
}

func TestInputsAreGivenToAnAction(t *testing.T) {
	testMending(t, []mendCase{
		{"behind the others", `
			jobs:
			  a:
			    steps:
			      - uses: actions/setup-node@v4
			        with:
			          node-version: 22 # LTS
			          scope: |
			            @us

			      - run: npm publish
			`, `
			jobs:
			  a:
			    steps:
			      - uses: actions/setup-node@v4
			        with:
			          node-version: 22 # LTS
			          scope: |
			            @us
			          registry-url: https://registry.npmjs.org

			      - run: npm publish
			`},
		{"with none before", `
			jobs:
			  a:
			    steps:
			    - name: Node
			      uses: actions/setup-node@v4 # pinned one day
			    - run: npm publish
			`, `
			jobs:
			  a:
			    steps:
			    - name: Node
			      uses: actions/setup-node@v4 # pinned one day
			      with:
			        registry-url: https://registry.npmjs.org
			    - run: npm publish
			`},
		{"with none before, four spaces", `
			jobs:
			    a:
			        steps:
			            - uses: actions/setup-node@v4
			            - run: npm publish
			`, `
			jobs:
			    a:
			        steps:
			            - uses: actions/setup-node@v4
			              with:
			                  registry-url: https://registry.npmjs.org
			            - run: npm publish
			`},
		{"another value, in its quotes", `
			jobs:
			  a:
			    steps:
			      - with:
			          registry-url: 'https://example.com' # theirs
			        uses: actions/setup-node@v4
			`, `
			jobs:
			  a:
			    steps:
			      - with:
			          registry-url: 'https://registry.npmjs.org' # theirs
			        uses: actions/setup-node@v4
			`},
		{"braces", `
			jobs:
			  a:
			    steps:
			      - uses: actions/setup-node@v4
			        with: {node-version: 22}
			`, `
			jobs:
			  a:
			    steps:
			      - uses: actions/setup-node@v4
			        with: {node-version: 22, registry-url: https://registry.npmjs.org}
			`},
		{"braces over lines", `
			jobs:
			  a:
			    steps:
			      - uses: actions/setup-node@v4
			        with: {
			          node-version: 22 }
			`, ""},
		{"a step in braces", `
			jobs:
			  a:
			    steps:
			      - {uses: actions/setup-node@v4}
			`, ""},
		{"an expression in braces", `
			jobs:
			  a:
			    steps:
			      - uses: actions/setup-node@v4
			        with: {node-version: "${{ matrix.node }}"}
			`, ""},
	}, func(w *workflow) []Edit { return w.Jobs[0].Steps[0].setWith("registry-url", npmRegistry) })
}

func TestVariablesAreGivenToAStep(t *testing.T) {
	testMending(t, []mendCase{
		{"behind a script", `
			jobs:
			  a:
			    steps:
			      - run: |
			          npm run build
			          lerna publish from-package

			      - run: echo done
			`, `
			jobs:
			  a:
			    steps:
			      - run: |
			          npm run build
			          lerna publish from-package
			        env:
			          NPM_CONFIG_PROVENANCE: true

			      - run: echo done
			`},
		{"beside others", `
			jobs:
			  a:
			    steps:
			      - env:
			          NPM_TOKEN: ${{ secrets.NPM_TOKEN }}
			        run: lerna publish
			`, `
			jobs:
			  a:
			    steps:
			      - env:
			          NPM_TOKEN: ${{ secrets.NPM_TOKEN }}
			          NPM_CONFIG_PROVENANCE: true
			        run: lerna publish
			`},
		{"turned on", `
			jobs:
			  a:
			    steps:
			      - env:
			          NPM_CONFIG_PROVENANCE: "false"
			        run: lerna publish
			`, `
			jobs:
			  a:
			    steps:
			      - env:
			          NPM_CONFIG_PROVENANCE: "true"
			        run: lerna publish
			`},
	}, func(w *workflow) []Edit { return w.Jobs[0].Steps[0].setEnv("NPM_CONFIG_PROVENANCE", "true") })
}

func TestAVariableIsMovedToTheStepThatNeedsIt(t *testing.T) {
	testMending(t, []mendCase{
		{"one of several", `
			jobs:
			  a:
			    env:
			      CI: 1
			      NODE_AUTH_TOKEN: ${{ secrets.NPM_TOKEN }} # ours
			    steps:
			      - run: npm ci
			      - run: npm publish
			`, `
			jobs:
			  a:
			    env:
			      CI: 1
			    steps:
			      - run: npm ci
			      - run: npm publish
			        env:
			          NODE_AUTH_TOKEN: ${{ secrets.NPM_TOKEN }}
			`},
		{"to a step with braces, and to another", `
			jobs:
			  a:
			    env:
			      NODE_AUTH_TOKEN: ${{ secrets.NPM_TOKEN }}
			    steps:
			      - run: npm ci
			      - run: npm publish
			        env: { CI: 1 }
			      - run: npm publish other
			`, `
			jobs:
			  a:
			    steps:
			      - run: npm ci
			      - run: npm publish
			        env: { CI: 1, NODE_AUTH_TOKEN: '${{ secrets.NPM_TOKEN }}' }
			      - run: npm publish other
			        env:
			          NODE_AUTH_TOKEN: ${{ secrets.NPM_TOKEN }}
			`},
		{"the only one", `
			jobs:
			  a:
			    env:
			      NODE_AUTH_TOKEN: ${{ secrets.NPM_TOKEN }}
			    steps:
			      - run: npm ci
			      - run: npm publish
			        env:
			          CI: 1
			`, `
			jobs:
			  a:
			    steps:
			      - run: npm ci
			      - run: npm publish
			        env:
			          CI: 1
			          NODE_AUTH_TOKEN: ${{ secrets.NPM_TOKEN }}
			`},
	}, func(w *workflow) []Edit { return w.Jobs[0].moveEnv("NODE_AUTH_TOKEN", w.Jobs[0].Steps[1:]) })
}

func TestAnInputIsTakenAway(t *testing.T) {
	testMending(t, []mendCase{
		{"one of several", `
			jobs:
			  a:
			    steps:
			      - uses: actions/setup-node@v4
			        with:
			          cache: npm
			          # the one we support
			          node-version: 22
			`, `
			jobs:
			  a:
			    steps:
			      - uses: actions/setup-node@v4
			        with:
			          # the one we support
			          node-version: 22
			`},
		{"the only one", `
			jobs:
			  a:
			    steps:
			      - uses: actions/setup-node@v4
			        with:
			          cache: npm
			      - run: npm publish
			`, `
			jobs:
			  a:
			    steps:
			      - uses: actions/setup-node@v4
			      - run: npm publish
			`},
		{"the section begins the step", `
			jobs:
			  a:
			    steps:
			      - with:
			          cache: npm
			        uses: actions/setup-node@v4
			`, ""},
	}, func(w *workflow) []Edit { return w.Jobs[0].Steps[0].dropWith("cache") })
}

func TestAFlagIsPutBehindTheCommand(t *testing.T) {
	for _, c := range []struct{ before, after string }{
		{"npm publish", "npm publish --provenance"},
		{"      - run: npm publish --access public # go", "      - run: npm publish --provenance --access public # go"},
		{"npm  publish \\", "npm  publish --provenance \\"},
		{`      - run: "npm publish"`, `      - run: "npm publish --provenance"`},
		{"npm ci && npm publish || true", "npm ci && npm publish --provenance || true"},
		{"(cd a; npm publish)", "(cd a; npm publish --provenance)"},
		{`  "release": "npm run build && npm publish",`, `  "release": "npm run build && npm publish --provenance",`},
		{"npm publish a && npm publish b", ""},
		{"# npm publish", ""},
		{"npm publisher", ""},
		{"pnpm publish", ""},
		{"npm run publish", ""},
	} {
		s := sheet{"f", []string{c.before}}
		edits := s.addFlag(1, 1, []string{"npm", "publish"}, "--provenance")
		got := ""
		if edits != nil {
			got = edits[0].Lines[0]
		}
		if got != c.after {
			t.Errorf("%q became %q, want %q", c.before, got, c.after)
		}
	}
}

func TestAManifestIsMendedInItsLayout(t *testing.T) {
	for _, c := range []struct{ before, after string }{
		{"{\n\t\"name\": \"a\",\n\t\"publishConfig\": {\n\t\t\"access\": \"public\"\n\t}\n}\n", "{\n\t\"name\": \"a\",\n\t\"publishConfig\": {\n\t\t\"access\": \"public\",\n\t\t\"provenance\": true\n\t}\n}\n"},
		{"{\n  \"publishConfig\": { \"access\": \"public\" },\n  \"name\": \"a\"\n}", "{\n  \"publishConfig\": { \"access\": \"public\", \"provenance\": true },\n  \"name\": \"a\"\n}"},
		{"{\n  \"publishConfig\": {\"provenance\": false},\n  \"name\": \"a\"\n}", "{\n  \"publishConfig\": {\"provenance\": true},\n  \"name\": \"a\"\n}"},
		{"{\n    \"name\": \"a\"\n}\n", "{\n    \"name\": \"a\",\n    \"publishConfig\": {\n        \"provenance\": true\n    }\n}\n"},
		{"{\n  \"publishConfig\": {\n    \"provenance\": false,\n    \"tag\": \"x\"\n  }\n}\n", "{\n  \"publishConfig\": {\n    \"provenance\": true,\n    \"tag\": \"x\"\n  }\n}\n"},
		{`{"name": "a"}`, ""},
		{"{\n  \"name\": \"a\",\n  \"version\": \"1\" }\n", ""},
		{"{ \"name\": \"a\",\n  \"version\": \"1\"\n}\n", ""},
		{"{\n  \"publishConfig\": { \"provenance\": false,\n    \"tag\": \"x\"\n  }\n}\n", ""},
		{"{\n  \"publishConfig\": {\n    \"tag\": \"x\",\n    \"provenance\": false }\n}\n", ""},
		{"{\n  \"publishConfig\": {\n    \"tag\": \"x\" },\n  \"name\": \"a\"\n}\n", ""},
		{`{}`, ""},
	} {
		d, err := newDocument("package.json", []byte(c.before), true)
		if err != nil {
			t.Fatal(err)
		}
		edits := sheet{"package.json", d.lines}.setJSON(d, "true", "publishConfig", "provenance")
		got := ""
		if edits != nil {
			got = string(mended(t, Files{"package.json": []byte(c.before)}, edits)["package.json"])
		}
		if strings.TrimSpace(got) != strings.TrimSpace(c.after) {
			t.Errorf("%s\nbecame\n%s\nwant\n%s", c.before, got, c.after)
		}
	}
}
