package publish

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

const sample = `# A workflow.
name: Release
on:
  push:
    branches: [main, 'release/**']
    tags:
      - v*
    # more to come
  release:
    types: [published]
  workflow_dispatch:
    inputs:
      tag:
        default: latest
        required: true

permissions:
  contents: read

env:
  A: one
  B: "two"

defaults:
  run:
    working-directory: packages/a

concurrency: release

jobs:
  build:
    name: Build it
    runs-on: [self-hosted, linux]
    outputs:
      version: ${{ steps.v.outputs.version }}
    steps:
      - run: echo

  publish:
    needs: [build]
    if: github.ref == 'refs/heads/main'
    runs-on: ubuntu-latest
    environment:
      name: npm
      url: https://example.com
    permissions: {id-token: write}
    strategy:
      matrix:
        node: [22, 24]
        include:
          - node: 26
            extra: true
    container:
      image: node:24
    env:
      A: two
    steps:
      # The first.
      - name: Check out
        uses: actions/checkout@v5
        with:
          fetch-depth: 0

      - id: send
        if: always()
        working-directory: dist
        shell: bash
        env:
          NODE_AUTH_TOKEN: ${{ secrets.NPM_TOKEN }}
        run: |
          # A comment of the script.
          npm publish

          # The last line of the script.
      - run: >
          npm
          publish
`

func TestWorkflowModel(t *testing.T) {
	w, err := readWorkflow(".github/workflows/release.yml", []byte(sample))
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	show := func(name string, p place, values ...text) {
		fmt.Fprintf(&got, "%s %d-%d", name, p.Line, p.End)
		if p.Flow {
			got.WriteString(" flow")
		}
		for _, v := range values {
			fmt.Fprintf(&got, " %s@%d", v.Value, v.Line)
		}
		got.WriteByte('\n')
	}
	show("name", w.Name.place, w.Name)
	show("on", w.On)
	for _, tr := range w.Triggers {
		show(" "+tr.Event, tr.place, slices.Concat(tr.Branches, tr.Tags, tr.Types)...)
	}
	show("input", w.trigger("workflow_dispatch").Inputs[0].place, w.trigger("workflow_dispatch").Inputs[0].Default)
	show("permissions", w.Permissions.place)
	show("env", w.Env.place, w.Env.get("A"), w.Env.get("B"))
	show("defaults", w.Defaults.place, w.Defaults.WorkingDirectory)
	show("concurrency", w.Concurrency)
	show("jobs", w.JobsAt)
	for _, j := range w.Jobs {
		show(" "+j.ID+", "+j.title(), j.place, slices.Concat(j.Needs, j.RunsOn)...)
		show("  runs-on", j.RunsOnAt)
		if j.Environment.stated() {
			show("  environment", j.Environment.place, j.Environment)
			show("  permissions", j.Permissions.place)
			show("  matrix", j.Matrix.place, j.Matrix.Axes[0].Values...)
			show("  include", j.Matrix.Include[0][0].place, j.Matrix.Include[0][0].text)
			show("  container", j.Container.place, j.Container)
			show("  if", j.If.place, j.If)
			show("  env", j.Env.place, j.Env.get("A"))
		}
		show("  steps", j.StepsAt)
		for _, s := range j.Steps {
			show("   step "+s.title(), s.place, s.Uses, s.WorkingDirectory)
			if s.Run.stated() {
				fmt.Fprintf(&got, "    run %d-%d, script from %d\n", s.Run.Line, s.Run.End, s.RunLine)
			}
		}
	}
	want := `name 2-2 Release@2
on 3-15
 push 4-8 main@5 release/**@5 v*@7
 release 9-10 published@10
 workflow_dispatch 11-15
input 13-15 latest@14
permissions 17-18
env 20-22 one@21 two@22
defaults 24-26 packages/a@26
concurrency 28-28
jobs 30-77
 build, Build it 31-37 self-hosted@33 linux@33
  runs-on 33-33 flow
  steps 36-37
   step  37-37 @0 @0
    run 37-37, script from 37
 publish, publish 39-77 build@40 ubuntu-latest@42
  runs-on 42-42
  environment 44-44 npm@44
  permissions 46-46 flow
  matrix 48-52 22@49 24@49
  include 51-51 26@51
  container 54-54 node:24@54
  if 41-41 github.ref == 'refs/heads/main'@41
  env 55-56 two@56
  steps 57-77
   step Check out 59-62 actions/checkout@v5@60 @0
   step send 64-74 @0 dist@66
    run 70-74, script from 71
   step  75-77 @0 @0
    run 75-77, script from 0
`
	if got.String() != want {
		t.Errorf("got:\n%swant:\n%s", got.String(), want)
	}
}

func TestPermissionsThatAreNotStatedAreNotNone(t *testing.T) {
	for _, c := range []struct {
		text, access string
		line         int
		stated       bool
	}{
		{"", "", 0, false},
		{"permissions: {}\n", "none", 2, true},
		{"permissions:\n", "none", 2, true},
		{"permissions: write-all\n", "write", 2, true},
		{"permissions: read-all\n", "read", 2, true},
		{"permissions:\n  contents: read\n", "none", 2, true},
		{"permissions:\n  contents: read\n  id-token: write\n", "write", 4, true},
	} {
		w, err := readWorkflow("a", []byte("on: push\n"+c.text+"jobs: {}\n"))
		if err != nil {
			t.Fatal(err)
		}
		access, at, stated := w.Permissions.of("id-token")
		if access != c.access || at.Line != c.line || stated != c.stated {
			t.Errorf("%q: %q at line %d, stated %v; want %q at %d, %v", c.text, access, at.Line, stated, c.access, c.line, c.stated)
		}
	}
}

func TestExpressions(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"plain", ""},
		{"${{ github.ref }}", "github.ref"},
		{"a ${{ inputs['a-b'] }} b ${{ env.X || vars.Y }}", "inputs.a-b env.X vars.Y"},
		{"${{ contains(github.event.head_commit.message, 'github.actor') }}", "github.event.head_commit.message"},
		{"${{ matrix.node == 20.1 && true && needs.*.result }}", "matrix.node needs.*.result"},
		{"${{ '}}' }} ${{ a.b", "a.b"},
		{"${{ 'it''s }}' == x }}", "x"},
	} {
		if got := strings.Join(references(c.text), " "); got != c.want {
			t.Errorf("%q depends on %q, want %q", c.text, got, c.want)
		}
	}
}

func TestValuesOfExpressions(t *testing.T) {
	m := &matrix{place: place{Line: 1}, Axes: []axis{{Name: "node", Count: 2, Values: []text{{Value: "22"}, {Value: "24"}}}, {Name: "any", Dynamic: true}}}
	c := &scope{matrix: m, env: func(name string) (text, bool) { return text{Value: "${{ matrix.node }}"}, name == "NODE" }}
	for _, c2 := range []struct{ text, want string }{
		{"20", "20"},
		{"${{ 'a' }}", "a"},
		{"${{ TRUE }}", "true"},
		{"${{ matrix.node }}", "22,24"},
		{"${{ matrix['node'] }}", "22,24"},
		{"${{ env.NODE }}", "22,24"},
		{"${{ matrix.any }}", "the expression matrix.any"},
		{"v${{ matrix.node }}", "the expression matrix.node"},
		{"${{ matrix.node || 24 }}", "the expression matrix.node"},
		{"${{ inputs.x }}", "the expression inputs.x"},
		{"${{ 1 }}", "the expression ${{ 1 }}"},
	} {
		v := c.resolve(c2.text)
		if got := strings.Join(v.Possible, ",") + v.Depends; got != c2.want {
			t.Errorf("%q comes to %q, want %q", c2.text, got, c2.want)
		}
	}
}

func TestVersions(t *testing.T) {
	for _, c := range []struct {
		asked  string
		newest bool
		want   Answer
	}{
		{"11.5.1", false, Yes}, {"11.5.0", false, No}, {"v12.0.0", false, Yes}, {"latest", true, Yes}, {"latest", false, Depends}, {"", true, Yes},
		{"^11.0.0", false, Depends}, {"^11.0.0", true, Yes}, {"^11.6.0", false, Yes}, {"^10.0.0", true, No}, {"~11.5.0", true, Yes}, {"~11.4.0", true, No},
		{"11", true, Yes}, {"11.x", true, Yes}, {"10", true, No}, {">=11", true, Yes}, {">= 11.5.1", false, Yes}, {">=9", false, Depends},
		{"10 || 9", true, No}, {"10 || 11", true, Depends}, {"next", true, Depends}, {"workspace:*", false, Depends}, {"<12", true, Depends}, {"file:../x", true, Depends},
		{"11.5.1-beta.1", false, Yes}, {"^0.11.0", true, No},
	} {
		if got := atLeast(c.asked, npmWithTrust(), c.newest); got != c.want {
			t.Errorf("%q is at least 11.5.1 (newest: %v): %s, want %s", c.asked, c.newest, got, c.want)
		}
	}
	for _, c := range []struct {
		node              string
		trust, provenance Answer
	}{
		{"24", Yes, Yes}, {"24.x", Yes, Yes}, {"24.4.0", No, Yes}, {"24.5.0", Yes, Yes}, {"lts/*", Yes, Yes}, {"latest", Yes, Yes}, {"22", No, Yes}, {"22.14.0", No, Yes},
		{"lts/jod", No, Yes}, {"18", No, Yes}, {"18.12.0", No, No}, {"18.14.2", No, Yes}, {"19.6.0", No, No}, {"19", No, Yes}, {"16", No, No}, {"25", Yes, Yes}, {">=20", Yes, Yes}, {"", Depends, Depends},
	} {
		if got := nodeHas(c.node, npmWithTrust()); got != c.trust {
			t.Errorf("Node %q is good for trusted publishing: %s, want %s", c.node, got, c.trust)
		}
		if got := nodeHas(c.node, npmWithProvenance()); got != c.provenance {
			t.Errorf("Node %q is good for provenance: %s, want %s", c.node, got, c.provenance)
		}
	}
}

func TestWanted(t *testing.T) {
	for file, want := range map[string]bool{
		".github/workflows/a.yml": true, ".github/workflows/a.yaml": true, ".github/workflows/sub/a.yml": false, ".github/workflows/README.md": false,
		"action.yml": true, "x/y/action.yaml": true, "package.json": true, "p/a/package.json": true, "node_modules/a/package.json": false, "p/node_modules/a/package.json": false,
		".npmrc": true, "p/.npmrc": true, ".yarnrc.yml": true, ".nvmrc": true, "lerna.json": true, ".changeset/config.json": true, "config.json": false, ".releaserc": true,
		".releaserc.json": true, ".releaserc.yaml": true, "release.config.cjs": true, "release.config.json": false, "release-please-config.json": true, "nx.json": true,
		".release-it.json": true, "package-lock.json": false, "/package.json": false, "../package.json": false, "a/../package.json": false, "": false,
	} {
		if got := Wanted(file); got != want {
			t.Errorf("%q: %v", file, got)
		}
	}
}

func FuzzWorkflow(f *testing.F) {
	f.Add([]byte(sample))
	f.Add([]byte("on: push\njobs:\n  a: &a\n    steps: *s\n  b: *a\n"))
	f.Add([]byte("on: {push: }\njobs: {a: {steps: [{run: npm publish}, {uses: ./b}]}}\n"))
	f.Add([]byte("jobs:\n  a:\n    uses: ./.github/workflows/a.yml\n    runs-on: ${{ matrix.a }}\n    strategy: {matrix: {a: [1, *x]}}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		const file = ".github/workflows/a.yml"
		lines := len(splitLines(string(data)))
		files := Files{file: data, "b/action.yml": data, "package.json": []byte(`{"name":"a","scripts":{"a":"npm publish"}}`)}
		first := Check(files, Facts{})
		for _, w := range first.Ways {
			if w.Line < 1 || w.File == file && w.Line > lines {
				t.Fatalf("a way at line %d of %d", w.Line, lines)
			}
			if w.Provenance == "" || w.Trusted == "" {
				t.Fatalf("a way without an answer: %+v", w)
			}
		}
		for _, u := range first.Unread {
			if u.Line < 0 || u.File == file && u.Line > max(lines, 1) {
				t.Fatalf("unread at line %d of %d: %s", u.Line, lines, u.Reason)
			}
		}
		if w, err := readWorkflow(file, data); err == nil {
			for _, j := range w.Jobs {
				for _, s := range j.Steps {
					if s.End < s.Line || s.End > max(lines, s.Line) || s.Line < 1 {
						t.Fatalf("a step at lines %d to %d of %d", s.Line, s.End, lines)
					}
				}
			}
		}
		if second := Check(maps.Clone(files), Facts{}); fmt.Sprint(first) != fmt.Sprint(second) {
			t.Fatal("the same files give two answers")
		}
	})
}

func FuzzExpressions(f *testing.F) {
	for _, s := range []string{"${{ github.ref }}", "a['b']", "a['", "a[']", "${{ 'it''s' }} ${{", "inputs.a || 20.1 && f(x)", "'"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c := &scope{matrix: &matrix{place: place{Line: 1}, Axes: []axis{{Name: "a", Count: 1, Values: []text{{Value: s}}}}}}
		for _, refs := range [][]string{references(s), conditionReferences(s)} {
			if len(refs) > maxValues || slices.Contains(refs, "") {
				t.Fatalf("%q depends on %q", s, refs)
			}
		}
		if v := c.resolve(s); v.Depends == "" && len(v.Possible) != 1 {
			t.Fatalf("%q comes to %q", s, v.Possible)
		}
	})
}
