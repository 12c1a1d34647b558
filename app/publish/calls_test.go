package publish

import (
	"fmt"
	"strings"
	"testing"
)

// caller is a workflow whose job "go" calls publish.yml.
func caller(permissions, job string) string {
	return "-- .github/workflows/release.yml --\nname: Release\non:\n  push:\n    tags: ['v*']\n" + permissions + "jobs:\n  go:\n" + job + "    uses: ./.github/workflows/publish.yml\n"
}

// called is publish.yml, which others call.
func called(permissions, job string) string {
	return "-- .github/workflows/publish.yml --\nname: Publish\non:\n  workflow_call:\n    inputs:\n      node:\n        default: '24'\n" + permissions + `jobs:
  npm:
    runs-on: ubuntu-latest
` + job + `    steps:
      - uses: actions/setup-node@v6
        with:
          node-version: ${{ inputs.node }}
          registry-url: https://registry.npmjs.org
      - run: npm publish
`
}

func TestPermissionsOfCalledWorkflows(t *testing.T) {
	const write = "permissions:\n  id-token: write\n"
	const read = "permissions:\n  contents: read\n"
	const jobWrite = "    permissions:\n      id-token: write\n"
	for _, c := range []struct {
		name, files string
		want        Answer
		level       string
	}{
		{"nothing is stated", caller("", "") + called("", ""), No, ""},
		{"the caller's workflow grants it", caller(write, "") + called("", ""), Yes, "caller"},
		{"the caller's job grants it", caller(read, jobWrite) + called("", ""), Yes, "caller"},
		{"the caller's job takes it away", caller(write, "    permissions: {}\n") + called("", ""), No, "caller"},
		{"the called workflow leaves it out", caller(write, "") + called(read, ""), No, "workflow"},
		{"the called job asks for what its caller has", caller(write, "") + called(read, jobWrite), Yes, "job"},
		{"the called workflow asks for more than its caller has", caller(read, "") + called(write, ""), No, "caller"},
		{"write-all", caller("permissions: write-all\n", "") + called("", ""), Yes, "caller"},
		{"read-all", caller("permissions: read-all\n", "") + called("", ""), No, "caller"},
		{"nobody here calls it", called(write, ""), Depends, "workflow"},
		{"nobody here calls it, and it states nothing", called("", ""), Depends, ""},
		{"nobody here calls it, and it leaves it out", called(read, ""), No, "workflow"},
	} {
		r := model(filesOf(t, one+c.files), public())
		if len(r.ways) != 1 {
			t.Errorf("%s: %d ways, %v", c.name, len(r.ways), r.unread)
			continue
		}
		w := r.ways[0]
		if g := w.trust.IDToken; g.Answer != c.want || g.Level != c.level {
			t.Errorf("%s: %s at level %q, want %s at %q: %s", c.name, g.Answer, g.Level, c.want, c.level, g.Why)
		}
		if w.Trusted != c.want && c.want != Depends {
			t.Errorf("%s: trusted %s: %q", c.name, w.Trusted, w.Why)
		}
		if w.File != ".github/workflows/publish.yml" || w.Workflow != "Publish" || w.Job != "npm" {
			t.Errorf("%s: the way is at %s, %s, %s", c.name, w.File, w.Workflow, w.Job)
		}
	}
}

func TestCalledWorkflowsAreWalkedOncePerCaller(t *testing.T) {
	second := strings.NewReplacer("release.yml", "other.yml", "Release", "Other").Replace(caller("", "    with:\n      node: 20\n"))
	r := model(filesOf(t, one+caller("permissions:\n  id-token: write\n", "")+second+called("", "")), public())
	var got []string
	for _, w := range r.ways {
		got = append(got, fmt.Sprintf("%s: %s, %s", w.entry().Name.Value, w.Trusted, w.trust.Recent))
	}
	if want := "Other: no, no; Release: yes, yes"; strings.Join(got, "; ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWorkflowsInACircleEnd(t *testing.T) {
	r := model(filesOf(t, `-- .github/workflows/a.yml --
on: [push, workflow_call]
jobs:
  b:
    uses: ./.github/workflows/b.yml
-- .github/workflows/b.yml --
on: workflow_call
jobs:
  a:
    uses: ./.github/workflows/a.yml
  none:
    uses: ./.github/workflows/none.yml
  far:
    uses: o/r/.github/workflows/c.yml@v1
`), public())
	want := []string{
		".github/workflows/b.yml:4: Workflows call each other",
		".github/workflows/b.yml:6: It calls ./.github/workflows/none.yml, which is not among",
		".github/workflows/b.yml:8: It calls o/r/.github/workflows/c.yml@v1, a workflow of another repository",
	}
	if len(r.unread) != len(want) {
		t.Fatalf("got %v", r.unread)
	}
	for i, u := range r.unread {
		if got := fmt.Sprintf("%s:%d: %s", u.File, u.Line, u.Reason); !strings.HasPrefix(got, want[i]) {
			t.Errorf("got %q, want %q", got, want[i])
		}
	}
}

func TestCompositeActions(t *testing.T) {
	files := one + withID("      - uses: ./.github/actions/publish\n        with:\n          node: 24\n") + `-- .github/actions/publish/action.yml --
name: Publish
inputs:
  node:
    default: '20'
runs:
  using: composite
  steps:
    - uses: actions/setup-node@v6
      with:
        node-version: ${{ inputs.node }}
        registry-url: https://registry.npmjs.org
    - name: Send
      shell: bash
      run: npm publish
`
	r := model(filesOf(t, files), public())
	if len(r.ways) != 1 {
		t.Fatalf("%d ways, %v", len(r.ways), r.unread)
	}
	w := r.ways[0]
	if w.File != ".github/actions/publish/action.yml" || w.Line != 14 || w.Step != "Send" || w.Trusted != Yes || len(w.chain) != 1 || w.chain[0].step != w.step || w.step == w.inner {
		t.Errorf("got %+v, chain %v", w.Way, w.chain)
	}
	if len(w.before) != 1 || w.before[0].Uses.Value != "actions/setup-node@v6" {
		t.Errorf("before it ran %v", w.before)
	}
}

func TestActionsInACircleEnd(t *testing.T) {
	r := model(filesOf(t, withID("      - uses: ./a\n")+"-- a/action.yml --\nruns:\n  using: composite\n  steps:\n    - uses: ./a\n    - uses: ./b\n"), public())
	if len(r.ways) != 0 || len(r.unread) != 2 {
		t.Errorf("%d ways, %v", len(r.ways), r.unread)
	}
}

func TestUnreadNamesFileLineAndReason(t *testing.T) {
	for _, c := range []struct{ name, files, want string }{
		{"no YAML", "-- .github/workflows/a.yml --\non: push\njobs:\n  a: [\n", ".github/workflows/a.yml:3: The file is not YAML"},
		{"no mapping", "-- .github/workflows/a.yml --\n- a\n", ".github/workflows/a.yml:1: The file is no workflow"},
		{"nothing", "-- .github/workflows/a.yml --\n", ".github/workflows/a.yml:1: The file is no workflow"},
		{"a key twice", "-- .github/workflows/a.yml --\non: push\njobs: {}\non: push\n", `.github/workflows/a.yml:3: The key on is stated twice`},
		{"a merge key", "-- .github/workflows/a.yml --\non: push\njobs:\n  a: &a\n    runs-on: x\n  b:\n    <<: *a\n", ".github/workflows/a.yml:6: GitHub does not take the merge key"},
		{"an alias of nothing", "-- .github/workflows/a.yml --\non: push\njobs: *a\n", ".github/workflows/a.yml:2: The file is not YAML"},
		{"two documents", "-- .github/workflows/a.yml --\non: push\njobs: {}\n--- \na: b\n", ".github/workflows/a.yml:3: A second document"},
		{"no JSON", "-- package.json --\n{\n  \"name\": \"a\"\n  \"version\": 1\n}\n", "package.json:3: The file is not JSON"},
		{"an action that is not known", withID("      - uses: x/npm-publish-action@v1\n"), ".github/workflows/release.yml:12: It uses x/npm-publish-action@v1, which is not known here"},
		{"a program", withID("      - run: ./scripts/release.sh\n"), ".github/workflows/release.yml:12: It runs ./scripts/release.sh, which is not read"},
		{"a makefile", withID("      - run: make publish\n"), ".github/workflows/release.yml:12: It runs make publish, which is not read"},
	} {
		r := model(filesOf(t, c.files), Facts{})
		if len(r.unread) != 1 {
			t.Errorf("%s: %v", c.name, r.unread)
			continue
		}
		u := r.unread[0]
		if got := fmt.Sprintf("%s:%d: %s", u.File, u.Line, u.Reason); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestAnchorsAreFollowedAndMarked(t *testing.T) {
	r := model(filesOf(t, one+`-- .github/workflows/a.yml --
on: push
permissions: &p
  id-token: write
jobs:
  a:
    runs-on: ubuntu-latest
    permissions: *p
    steps: &steps
      - uses: actions/setup-node@v6
        with: { node-version: 24 }
      - run: npm publish
  b:
    runs-on: ubuntu-latest
    steps: *steps
`), public())
	if len(r.ways) != 2 || r.ways[0].Line != 11 || r.ways[1].Line != 11 || r.ways[0].job.ID == r.ways[1].job.ID {
		t.Fatalf("got %s%v", waysOf(r), r.unread)
	}
	for _, w := range r.ways {
		if !w.step.Shared || !w.job.StepsAt.Shared {
			t.Errorf("job %s: the steps are not marked as shared", w.job.ID)
		}
	}
}

func TestPyPIInACalledWorkflow(t *testing.T) {
	files := caller("permissions:\n  id-token: write\n", "") + "-- .github/workflows/publish.yml --\non: workflow_call\njobs:\n  pypi:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: pypa/gh-action-pypi-publish@release/v1\n"
	r := model(filesOf(t, files), public())
	if len(r.ways) != 1 || r.ways[0].Trusted != Depends || r.ways[0].Provenance != No {
		t.Errorf("got %s", waysOf(r))
	}
}

func TestWorkIsBounded(t *testing.T) {
	scripts := make([]string, 40)
	for i := range scripts { // each runs the next one many times
		scripts[i] = fmt.Sprintf("%q: %q", fmt.Sprintf("s%d", i), strings.Repeat(fmt.Sprintf("npm run s%d; ", i+1), 50))
	}
	r := read(filesOf(t, "-- package.json --\n{\"scripts\": {"+strings.Join(scripts, ",\n")+"}}\n"+withID(strings.Repeat("      - run: npm run s0\n", 2000))), public())
	r.work = 1 << 20
	r.walkAll()
	if r.work > 0 || len(r.ways) != 0 || len(r.unread) == 0 || len(r.unread) > maxUnread {
		t.Errorf("%d ways, %d unread", len(r.ways), len(r.unread))
	}
	for _, program := range []string{"pnpm exec ", "npm exec -- ", "yarn workspace one ", "yarn workspaces foreach -A ", "vp exec "} {
		nested := model(filesOf(t, "-- package.json --\n{ \"private\": true, \"workspaces\": [\"one\"] }\n-- one/package.json --\n{ \"name\": \"one\" }\n"+withID("      - run: "+strings.Repeat(program, maxScriptBytes/2/len(program))+"npm publish\n")), public())
		if len(nested.ways) != 0 || len(nested.unread) == 0 {
			t.Errorf("%s: %d ways, %v", program, len(nested.ways), nested.unread)
		}
	}
	many := model(filesOf(t, one+withID("      - run: |\n"+strings.Repeat("          npm publish\n", maxWays+10))), public())
	if len(many.ways) != maxWays || len(many.unread) == 0 {
		t.Errorf("%d ways, %v", len(many.ways), many.unread)
	}
}
