package report

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/policy"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden holds got against testdata/name.golden.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; look at it and run with -update if it is meant\n--- got\n%s\n--- want\n%s", path, got, want)
	}
}

// written is a check's output as one text.
func written(o CheckOutput) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "conclusion: %s\ntitle: %s\n\n=== summary\n%s\n=== text\n%s\n=== annotations\n", o.Conclusion, o.Title, o.Summary, o.Text)
	for _, a := range o.Annotations {
		fmt.Fprintf(&b, "%s:%d-%d %s [%s]\n%s\n\n", a.Path, a.StartLine, a.EndLine, a.Level, a.Title, a.Message)
	}
	return b.Bytes()
}

func single(r Report) Check {
	return Check{Sections: []Section{{PullRequest: 12, BaseRef: "main", Report: r}}}
}

func sharedHead() Check {
	return Check{Sections: []Section{
		{PullRequest: 7, BaseRef: "release/1.x", Report: diffReport(policy.Success, nil)},
		{PullRequest: 12, BaseRef: "main", Report: everyFinding()},
		{PullRequest: 0, BaseRef: "main", Report: cleanUpdate()},
	}}
}

func demo() Report {
	r := everyFinding()
	r.Demo = true
	return r
}

func ignoredOnly() Report {
	r := diffReport(policy.Success, nil)
	r.Lockfiles = []Lockfile{{Path: "test/fixtures/package-lock.json", Note: "ignored by the policy"}}
	return r
}

func neutral() Report {
	r := unanswered()
	r.Conclusion = policy.Neutral
	r.Findings[0].Severity = policy.Warning
	return r
}

func TestCheckRunsLookAsTheyShould(t *testing.T) {
	for name, c := range map[string]Check{
		"clean-update":  single(cleanUpdate()),
		"findings":      single(everyFinding()),
		"unknown":       single(unanswered()),
		"neutral":       single(neutral()),
		"observe":       single(observed()),
		"policy-edited": single(edited()),
		"broken":        {Broken: "GitHub did not answer for too long: <b>502</b> from @proxy. Re-run the check."},
		"excused":       {Broken: "GitHub or a registry did not answer for too long: read the trees: GitHub answered 502. Re-run the check.", Excused: true},
		"empty":         {},
		"no-lockfile":   single(diffReport(policy.Success, nil)),
		"ignored-only":  single(ignoredOnly()),
		"shared-head":   sharedHead(),
		"demo":          single(demo()),
		"one-change":    single(changes(1)),
		"one-cause":     single(oneCause(601)),
		"hostile-names": single(hostile()),
	} {
		t.Run(name, func(t *testing.T) {
			out := Output(c)
			golden(t, "check-"+name, written(out))
			if again := Output(c); Fingerprint(again) != Fingerprint(out) {
				t.Error("the same check looks different the second time")
			}
		})
	}
}

func TestCommentsLookAsTheyShould(t *testing.T) {
	for name, r := range map[string]Report{"findings": everyFinding(), "observe": observed(), "demo": demo()} {
		var b bytes.Buffer
		fmt.Fprintf(&b, "=== review\n%s", ReviewBody(r))
		for _, c := range Comments(r) {
			fmt.Fprintf(&b, "\n=== %s:%d\n%s\n", c.Path, c.Line, c.Body)
		}
		golden(t, "comments-"+name, b.Bytes())
	}
}

func TestJSONLooksAsItShould(t *testing.T) {
	for name, r := range map[string]Report{"findings": everyFinding(), "clean-update": cleanUpdate(), "unknown": unanswered(), "demo-observe": demoObserved(), "policy-edited": edited()} {
		var b bytes.Buffer
		if err := JSON(&b, r); err != nil {
			t.Fatal(err)
		}
		golden(t, "json-"+name, b.Bytes())
	}
}

func demoObserved() Report {
	r := observed()
	r.Demo = true
	return r
}

func TestTerminalOutputLooksAsItShould(t *testing.T) {
	for name, c := range map[string]struct {
		r Report
		o TableOptions
	}{
		"audit":                    {audit(), TableOptions{Took: 2400 * time.Millisecond}},
		"audit-80":                 {audit(), TableOptions{Width: 80, Took: time.Second}},
		"audit-without-provenance": {audit(), TableOptions{Width: 100, Filter: Filter{WithoutProvenance: true}}},
		"diff-80":                  {everyFinding(), TableOptions{Width: 80}},
		"diff-140":                 {everyFinding(), TableOptions{Width: 140}},
		"diff-policy-edited":       {edited(), TableOptions{Width: 100}},
		"diff-clean":               {cleanUpdate(), TableOptions{}},
		"diff-nothing":             {diffReport(policy.Success, nil), TableOptions{Width: 80}},
		"diff-unknown":             {unanswered(), TableOptions{Width: 100}},
		"diff-demo-observe":        {demoObserved(), TableOptions{Width: 120}},
		"verify":                   {verification(), TableOptions{Width: 100}},
	} {
		var b bytes.Buffer
		if err := Table(&b, c.r, c.o); err != nil {
			t.Fatal(err)
		}
		golden(t, "table-"+name, b.Bytes())
	}
}

func TestMarkdownShowsWhatTheCheckShows(t *testing.T) {
	for name, r := range map[string]Report{"audit": audit(), "verify": verification(), "diff": everyFinding()} {
		var b bytes.Buffer
		if err := Markdown(&b, r); err != nil {
			t.Fatal(err)
		}
		golden(t, "markdown-"+name, b.Bytes())
	}
	out := Output(single(everyFinding()))
	var b bytes.Buffer
	if err := Markdown(&b, everyFinding()); err != nil {
		t.Fatal(err)
	}
	if want := out.Summary + "\n" + out.Text; b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &b, want)
	}
}

// TestPagesStayWithinGitHubsLimits counts bytes, rows and annotations for growing
// numbers of changed packages, and holds the counts against the golden file.
func TestPagesStayWithinGitHubsLimits(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("changed  findings  summary bytes  findings shown  text bytes  rows shown  said to be left out  annotations  requests  title\n")
	for _, size := range []struct{ changed, each int }{{0, 10}, {1, 10}, {50, 10}, {51, 10}, {500, 10}, {5_000, 10}, {500, 1}} {
		n, r := size.changed, changesWith(size.changed, size.each)
		o := Output(single(r))
		inLimits(t, o)
		rows := strings.Count(o.Text, "\n| `")
		left := saidToBeLeft(t, o.Text, "more package")
		if rows+left != n {
			t.Errorf("%d changes: %d rows shown, %d said to be left out", n, rows, left)
		}
		findings := strings.Count(o.Summary, "\n- ❌")
		if left := saidToBeLeft(t, o.Summary, "more finding"); findings+left != len(r.Findings) {
			t.Errorf("%d changes: %d findings shown, %d said to be left out, of %d", n, findings, left, len(r.Findings))
		}
		fmt.Fprintf(&b, "%7d %9d %14d %15d %11d %11d %20d %12d %9d  %s\n", n, len(r.Findings), len(o.Summary), findings, len(o.Text), rows, left,
			len(o.Annotations), len(Batches(o.Annotations, AnnotationsPerRequest)), o.Title)
	}
	golden(t, "sizes", b.Bytes())
}

// saidToBeLeft reads the number in "…and 1,234 more packages", 0 where it is not said.
func saidToBeLeft(t *testing.T, page, what string) int {
	t.Helper()
	_, rest, ok := strings.Cut(page, "…and ")
	if !ok {
		return 0
	}
	digits, after, _ := strings.Cut(rest, " ")
	var n int
	if _, err := fmt.Sscan(strings.ReplaceAll(digits, ",", ""), &n); err != nil || !strings.HasPrefix(after, what) {
		t.Fatalf("cannot read how many are left out: %.80q", rest)
	}
	return n
}

// inLimits holds an output against what GitHub takes, and every table row against
// being whole.
func inLimits(t *testing.T, o CheckOutput) {
	t.Helper()
	if len(o.Summary) > 65_535 || len(o.Text) > 65_535 {
		t.Errorf("summary %d bytes, text %d bytes", len(o.Summary), len(o.Text))
	}
	if n := len([]rune(o.Title)); n == 0 || n > MaxTitleChars {
		t.Errorf("title of %d characters", n)
	}
	if len(o.Annotations) > MaxAnnotations {
		t.Errorf("%d annotations", len(o.Annotations))
	}
	for _, a := range o.Annotations {
		if a.Path == "" || a.StartLine < 1 || a.StartLine != a.EndLine || a.Message == "" || len(a.Message) > 64<<10 || len([]rune(a.Title)) > 255 {
			t.Errorf("annotation %+v", a)
		}
	}
	for line := range strings.Lines(o.Text) {
		if line = strings.TrimSuffix(line, "\n"); strings.HasPrefix(line, "|") && strings.Count(strings.ReplaceAll(line, `\|`, ""), "|") != 8 {
			t.Errorf("not a whole row: %.200q", line)
		}
	}
}
