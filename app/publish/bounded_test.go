package publish

import (
	"fmt"
	"strings"
	"testing"
)

// oneStep is a workflow with a step that runs a script.
func oneStep(script string) Files {
	return Files{".github/workflows/a.yml": []byte("on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n    - run: |\n        " + strings.ReplaceAll(script, "\n", "\n        ") + "\n")}
}

// aliased is a workflow with a step that stands there again and again.
func aliased(head, step string, times int) Files {
	return Files{".github/workflows/a.yml": []byte(head + "jobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n    - &s\n      " + strings.ReplaceAll(step, "\n", "\n      ") + "\n" + strings.Repeat("    - *s\n", times))}
}

func manifests(n int) Files {
	files := Files{}
	for i := range n {
		files[fmt.Sprintf("p%d/package.json", i)] = fmt.Appendf(nil, `{"name":"p%d","version":"1.0.0"}`, i)
	}
	return files
}

// tiring are files of which each took from ten seconds to hours while something was looked
// through again for every step, every way, every word or every value. Each takes about a
// second.
func tiring() map[string]Files {
	calls := Files{".github/workflows/w9.yml": []byte("on: workflow_call\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: []\n")}
	for i := range 9 {
		var b strings.Builder
		fmt.Fprintf(&b, "on: [%s]\njobs:\n", []string{"push", "workflow_call"}[min(i, 1)])
		for j := range 500 {
			fmt.Fprintf(&b, "  j%d:\n    uses: ./.github/workflows/w%d.yml\n", j, i+1)
		}
		calls[fmt.Sprintf(".github/workflows/w%d.yml", i)] = []byte(b.String())
	}
	var variables, scripts, needs strings.Builder
	for i := range 40_000 {
		fmt.Fprintf(&variables, "  V%05d: 1\n", i)
		fmt.Fprintf(&scripts, ",\n\"b%05d\":\"1\"", i)
	}
	for i := range 8_000 {
		fmt.Fprintf(&needs, "  j%d:\n    needs: j%d\n    runs-on: ubuntu-latest\n    steps:\n    - run: npm publish\n", i, i+1)
	}
	with := func(files Files, name, content string) Files {
		files[name] = []byte(content)
		return files
	}
	const head = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n"
	return map[string]Files{
		"values on one line of JSON":         {"package.json": []byte(`{"a":[` + strings.Repeat("1,", 190_000) + `1]}`)},
		"calls of calls":                     calls,
		"parameters without an end":          oneStep(strings.Repeat("${", 60_000)),
		"variables before a program":         oneStep("env " + strings.Repeat("A=1 ", 30_000) + "npm publish"),
		"files and words":                    oneStep("echo " + strings.Repeat("a ", 30_000) + strings.Repeat(">.npmrc ", 8_000)),
		"words for a script":                 with(oneStep("npm run x -- "+strings.Repeat("a ", 60_000)), "package.json", `{"scripts":{"x":"echo"}}`),
		"a script of 1 MB":                   oneStep(strings.Repeat("echo a b c; ", 80_000)),
		"an expression of 100 kB":            oneStep("npm publish --provenance=${{ " + strings.Repeat("a.b || ", 15_000) + " }}"),
		"variables of a workflow":            aliased("on: push\nenv:\n"+variables.String(), "run: |\n"+strings.Repeat("  cd ${{env.X0123}}\n", 1_900), 100),
		"scripts of a manifest":              with(aliased("on: push\n", "run: |\n"+strings.Repeat("  npm run c00000\n", 1_900), 100), "package.json", `{"scripts":{"a":"b"`+scripts.String()+`}}`),
		"a long expression again and again":  aliased("on: push\n", "uses: actions/setup-node@v6\nwith:\n  node-version: ${{ "+strings.Repeat("a.b ", 150_000)+" }}", 15_000),
		"a long condition again and again":   aliased("on: push\n", "if: ${{ "+strings.Repeat("a.b ", 150_000)+" }}\nuses: actions/setup-node@v6", 15_000),
		"20,000 steps, half of them publish": {".github/workflows/a.yml": []byte(head + strings.Repeat("    - uses: foo/bar@v1\n    - run: npm publish\n", 10_000))},
		"1,000 ways behind 19,000 steps":     {".github/workflows/a.yml": []byte(head + strings.Repeat("    - uses: foo/bar@v1\n", 19_000) + strings.Repeat("    - run: npm publish\n", 1_000))},
		"ways behind a script of 900 kB":     {".github/workflows/a.yml": []byte(head + "    - run: \"" + strings.Repeat("npm x ", 150_000) + "\"\n" + strings.Repeat("    - run: npm publish\n", 1_000))},
		"tokens of many steps": {".github/workflows/a.yml": []byte(head + strings.Repeat("    - uses: rust-lang/crates-io-auth-action@v1\n      id: a\n", 10_000) +
			strings.Repeat("    - run: cargo publish\n      env: {CARGO_REGISTRY_TOKEN: \"${{ "+steps(64)+" }}\"}\n", 200))},
		"logins":                        oneStep(strings.Repeat("echo ${{ secrets.A }} > ~/.pypirc; cargo login a; poetry config pypi-token.pypi $A; twine upload x\n", 400)),
		"jobs that wait for each other": {".github/workflows/a.yml": []byte("on: push\njobs:\n" + needs.String())},
		"events":                        {".github/workflows/a.yml": []byte("on: [" + strings.Repeat("issues, ", 50_000) + "push]\n" + strings.TrimPrefix(head, "on: push\n") + strings.Repeat("    - run: npm publish\n", 1_000))},
		"ways that send 9,000 packages": with(manifests(9_000), ".github/workflows/a.yml", string(oneStep(strings.Repeat("npm publish -ws\n", 1_500))[".github/workflows/a.yml"])),
	}
}

// The time limit of the test runner is what hours would run into; BenchmarkTiring has the
// seconds.
func TestTiringFilesAreReadToTheirEnd(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: -short; it is work, and of one goroutine")
	}
	for name, files := range tiring() {
		t.Run(name, func(t *testing.T) {
			if r := Check(files, Facts{}); len(r.Unread) > maxUnread || len(r.Findings) > maxFindings || len(r.Ways) > maxWays {
				t.Errorf("%d places not read, %d findings, %d ways", len(r.Unread), len(r.Findings), len(r.Ways))
			}
		})
	}
}

func BenchmarkTiring(b *testing.B) {
	for name, files := range tiring() {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				Check(files, Facts{})
			}
		})
	}
}

// What a limit leaves out is said, and once.
func TestWhatALimitLeavesOutIsSaid(t *testing.T) {
	const head = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n"
	many := manifests(0)
	for i := range maxUnread + 10 {
		many[fmt.Sprintf(".github/workflows/%d.yml", i)] = []byte("]")
	}
	for name, c := range map[string]struct {
		files Files
		want  string
		times int
	}{
		"ways":      {waysOfJobs(maxWays + 50), "ways to publish", 1},
		"work":      {Files{".github/workflows/a.yml": []byte(head + strings.Repeat("    - uses: foo/bar@v1\n    - run: npm publish\n", 10_000))}, "There is more to read", 1},
		"variables": {oneStep("export " + strings.Repeat("A=1 ", maxSet+1)), "more than the 1000 variables", 1},
		"settings":  {oneStep(strings.Repeat("echo a=1 >> .npmrc\n", maxSet+1)), "more than the 1000 variables and settings", 1},
		"bytes":     {aliased("on: push\n", "run: "+strings.Repeat("a", 500_000), 10), "4194304 bytes", 1},
		"events":    {Files{".github/workflows/a.yml": []byte("on: [" + numbers(maxTriggers+1) + "]\njobs: {}\n")}, "more than the 100 events", 1},
		"the list":  {many, "11 more places", 1},
	} {
		t.Run(name, func(t *testing.T) {
			n := 0
			unread := Check(c.files, Facts{}).Unread
			for _, u := range unread {
				if strings.Contains(u.Reason, c.want) {
					n++
				}
			}
			if n != c.times || len(unread) > maxUnread {
				t.Errorf("said %d times among %d: %.300v", n, len(unread), unread)
			}
		})
	}
}

func steps(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "steps.s%d.outputs.x || ", i)
	}
	return b.String() + "''"
}

func numbers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "e%d, ", i)
	}
	return b.String()
}

// Names and mended lines come from files: the report stays small.
func TestTheReportIsBounded(t *testing.T) {
	long := strings.Repeat("name ", 150_000)
	var jobs strings.Builder
	for i := range 900 {
		fmt.Fprintf(&jobs, "j%d: {runs-on: ubuntu-latest, steps: [{run: npm publish}]}, ", i)
	}
	files := Files{".github/workflows/a.yml": []byte("name: " + long + "\non: push\njobs: {" + jobs.String() + "}\n"), "package.json": []byte(`{"name":"` + long + `","version":"1.0.0"}`)}
	r := Check(files, Facts{Repository: "github.com/acme/left"})
	if size := len(fmt.Sprint(r)); len(r.Ways) != 900 || size > 20<<20 {
		t.Errorf("%d ways, %d bytes", len(r.Ways), size)
	}
}

// waysOfJobs is a workflow with so many jobs that publish.
func waysOfJobs(n int) Files {
	var b strings.Builder
	b.WriteString("on: push\njobs:\n")
	for i := range n {
		fmt.Fprintf(&b, "  j%d:\n    runs-on: ubuntu-latest\n    steps:\n    - run: npm publish\n", i)
	}
	return Files{".github/workflows/a.yml": []byte(b.String())}
}

// Whatever the other files hold: the answer is one, within the files, and without a name
// that is not the files' own.
func FuzzSettings(f *testing.F) {
	f.Add([]byte(`{"name":"a","version":"1.0.0","workspaces":["../..","**"],"scripts":{"a":"npm run a","b":"npm run a -- b"},"publishConfig":{"provenance":true},"release":{"plugins":[["@semantic-release/npm",{"npmPublish":false}]]}}`), []byte("npm run a && npx lerna publish from-package && yarn npm publish"))
	f.Add([]byte("npmPublishProvenance: true\nnpmAuthToken: ${A-}\n"), []byte("pnpm -r publish; echo //r/:_authToken=$A > .npmrc; npm publish -ws"))
	f.Add([]byte("plugins: [[[a]], {b: c}]\n"), []byte("npx semantic-release; npx release-it --npm.publish=false"))
	f.Add([]byte("inputs: {a: {default: npm}}\nruns: {using: composite, steps: [{run: '${{ inputs.a }} publish'}, {uses: ./b}]}\n"), []byte("env A=1 B=2 npm publish; cargo login x; gem push; poetry config pypi-token.pypi x && poetry publish"))
	f.Fuzz(func(t *testing.T, data, script []byte) {
		files := Files{".github/workflows/a.yml": fmt.Appendf(nil, "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    env: {A: \"${{ secrets.A }}\"}\n    steps:\n    - uses: ./b\n      with: {a: x}\n    - run: %q\n", script)}
		for _, name := range []string{"package.json", "p/package.json", ".npmrc", ".yarnrc.yml", ".releaserc", ".releaserc.json", "lerna.json", "nx.json", ".changeset/config.json", ".release-it.yaml", "b/action.yml", ".nvmrc"} {
			files[name] = data
		}
		first := Check(files, Facts{Repository: "github.com/acme/left"})
		for _, x := range first.Findings {
			lines := len(splitLines(string(files[x.File])))
			if _, ok := files[x.File]; !ok || x.Line < 1 || x.EndLine < x.Line || x.EndLine > max(lines, 1) {
				t.Fatalf("%s at lines %d to %d of %d in %q", x.Rule, x.Line, x.EndLine, lines, x.File)
			}
		}
		for _, u := range first.Unread {
			if _, ok := files[u.File]; !ok && u.File != "" || u.Reason == "" {
				t.Fatalf("%+v", u)
			}
		}
		_, mended, _ := Patch(files, first.Findings)
		for name := range mended {
			if after := Check(Files{name: mended[name]}, Facts{}).Unread; len(after) > len(Check(Files{name: files[name]}, Facts{}).Unread) {
				t.Fatalf("%s, mended, cannot be read: %v\n%q\n%q", name, after, files[name], mended[name])
			}
		}
		if second := Check(files, Facts{Repository: "github.com/acme/left"}); fmt.Sprint(first) != fmt.Sprint(second) {
			t.Fatal("the same files give two answers")
		}
	})
}
