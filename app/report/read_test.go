package report

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
)

// renderings are a report in every form.
func renderings(t testing.TB, r Report) map[string]string {
	t.Helper()
	out := make(map[string]string)
	write := func(name string, render func(w io.Writer) error) {
		var b bytes.Buffer
		if err := render(&b); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out[name] = b.String()
	}
	for name, o := range map[string]TableOptions{
		"table": {}, "table-80": {Width: 80}, "table-140": {Width: 140, Color: true}, "table-repo": {Group: ByRepo, Width: 120}, "table-scope": {Group: ByScope},
		"table-state": {Group: ByState}, "table-without": {Width: 100, Filter: Filter{WithoutProvenance: true}}, "table-lost": {Filter: Filter{Lost: true, Prod: true}},
	} {
		write(name, func(w io.Writer) error { return Table(w, r, o) })
	}
	verify := r
	verify.Kind = Verify
	write("chains", func(w io.Writer) error { return Table(w, verify, TableOptions{Width: 100}) })
	write("markdown", func(w io.Writer) error { return Markdown(w, r) })
	write("json", func(w io.Writer) error { return JSON(w, r) })
	write("sarif", func(w io.Writer) error { return SARIF(w, r, "1.0.0") })
	write("csv", func(w io.Writer) error { return CSV(w, r) })
	write("cyclonedx", func(w io.Writer) error { return CycloneDX(w, r, "1.0.0") })
	out["check"] = string(written(Output(single(r))))
	out["review"] = ReviewBody(r)
	for _, c := range Comments(r) {
		out["comments"] += fmt.Sprintf("%+v\n", c)
	}
	return out
}

// readBack is what Read makes of what JSON writes.
func readBack(t testing.TB, r Report) Report {
	t.Helper()
	back, err := Read(bytes.NewReader(jsonOf(t, r)))
	if err != nil {
		t.Fatal(err)
	}
	return back
}

// sameInEveryForm holds what was read against what was written.
func sameInEveryForm(t testing.TB, r Report) {
	t.Helper()
	got := renderings(t, readBack(t, r))
	var line bytes.Buffer
	if err := Compact(&line, r); err != nil || bytes.Count(line.Bytes(), []byte("\n")) != 1 {
		t.Errorf("compact: %d lines, %v", bytes.Count(line.Bytes(), []byte("\n")), err)
	}
	if kept, err := Parse(line.Bytes()); err != nil || string(jsonOf(t, kept)) != string(jsonOf(t, r)) {
		t.Errorf("what was kept is not what was written: %v", err)
	}
	for form, want := range renderings(t, r) {
		if got[form] != want {
			t.Errorf("%s differs: %s", form, firstDifference(got[form], want))
		}
	}
}

func firstDifference(got, want string) string {
	i := 0
	for i < min(len(got), len(want)) && got[i] == want[i] {
		i++
	}
	around := func(s string) string { return s[max(0, min(i, len(s))-80):min(len(s), i+80)] }
	return fmt.Sprintf("at byte %d\ngot  %q\nwant %q", i, around(got), around(want))
}

// samples are reports of every kind.
func readable() map[string]Report {
	pins := cleanUpdate()
	pins.Pins = []policy.PackageRule{{Match: "npm:left-pad", Identity: policy.IdentityPin{Repository: "https://github.com/left-pad/left-pad", Workflow: ".github/workflows/release.yml"}}}
	shown := pins
	shown.PinsShown, shown.PinsPatch = true, "--- a\n+++ b\n"
	return map[string]Report{
		"clean": cleanUpdate(), "findings": everyFinding(), "unknown": unanswered(), "neutral": neutral(), "observe": demoObserved(), "policy edited": edited(),
		"audit": audit(), "verify": verification(), "chains": chainsOf(), "nothing": diffReport(policy.Success, nil), "ignored": ignoredOnly(), "many": changes(120), "one cause": oneCause(40),
		"excepted": excepted(), "pins": pins, "pins shown": shown, "zero": {Conclusion: policy.Failure, Kind: Diff},
		"a bare row":  diffReport(policy.Success, []Package{{Entry: dep.Entry{Package: npm("x", "1.0.0")}}}),
		"narrowed":    Narrow(everyFinding(), Filter{WithoutProvenance: true}),
		"of one rule": Narrow(everyFinding(), Filter{Rules: []policy.RuleName{policy.RuleRepinned}}),
	}
}

func TestWhatWasReadLooksAsWhatWasWritten(t *testing.T) {
	for name, r := range readable() {
		t.Run(name, func(t *testing.T) { sameInEveryForm(t, r) })
	}
}

func TestHostileNamesAreReadAsTheyWere(t *testing.T) {
	r := hostile()
	keep := utf8.ValidString // JSON holds nothing else
	var packages []Package
	for _, p := range r.Packages {
		if keep(p.Entry.Package.Name) {
			packages = append(packages, p)
		}
	}
	var findings []policy.Finding
	for _, f := range r.Findings {
		if keep(f.Message) {
			findings = append(findings, f)
		}
	}
	var files []Lockfile
	for _, l := range r.Lockfiles {
		if keep(l.Path) {
			files = append(files, l)
		}
	}
	r.Packages, r.Findings, r.Lockfiles = packages, findings, files
	r.Summary = Summarise(packages)
	r.PolicyFrom = strings.ToValidUTF8(r.PolicyFrom, "")
	sameInEveryForm(t, r)
}

func TestWhatIsNoReportIsRefused(t *testing.T) {
	text := string(jsonOf(t, everyFinding()))
	for name, broken := range map[string]string{
		"nothing": "", "no JSON": "{", "no object": "[]", "another schema": `{"schema":"bonafide.report/v2"}`, "no conclusion": `{"schema":"bonafide.report/v1"}`,
		"something behind it": text + "{}", "cut off": text[:len(text)/2],
		"a name twice":  strings.Replace(text, `"findings": [`, `"findings": [], "findings": [`, 1),
		"a state":       strings.Replace(text, `"state": "verified"`, `"state": "fine"`, 1),
		"trust":         strings.Replace(text, `"trust": "signed"`, `"trust": "provenance"`, 1),
		"a package URL": strings.Replace(text, `"purl": "pkg:npm/axios@1.14.1"`, `"purl": "axios"`, 1),
		"a count":       strings.Replace(text, `"packages": 5`, `"packages": -5`, 1),
		"a time":        strings.Replace(text, `"at": "2026`, `"at": "x2026`, 1),
		"a change":      strings.Replace(text, `"change": "added"`, `"change": "moved"`, 1),
	} {
		if broken == text {
			t.Errorf("%s: nothing was changed", name)
		}
		if _, err := Read(strings.NewReader(broken)); !errors.Is(err, ErrNoReport) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Read(io.MultiReader(strings.NewReader("{"), failing{})); err == nil || errors.Is(err, ErrNoReport) {
		t.Errorf("a reader that fails is taken for a report that is none: %v", err)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

// inventory is a whole lockfile: one package in ten has provenance, as things are.
func inventory(n int) Report {
	var packages []Package
	for i := range n {
		e := entry(fmt.Sprintf("@scope-%d/package-%04d", i%7, i), fmt.Sprintf("1.%d.0", i), 10+3*i)
		e.Resolved = fmt.Sprintf("https://registry.example/@scope-%d/package-%04d/-/package-%04d-1.%d.0.tgz", i%7, i, i, i)
		ev := signedOnly(e)
		if i%10 == 0 {
			ev = proven(e, fmt.Sprintf("https://github.com/scope-%d/packages", i%7))
		}
		packages = append(packages, out(Package{Entry: e, Occurrences: 1 + i%2, Evidence: ev}, time.Duration(i)*time.Hour))
	}
	r := diffReport(policy.Success, packages)
	r.Kind = Audit
	return r
}

func BenchmarkRead(b *testing.B) {
	for name, r := range map[string]Report{"diff": changes(5_000), "inventory": inventory(5_000)} {
		b.Run(name, func(b *testing.B) {
			text := jsonOf(b, r)
			b.SetBytes(int64(len(text)))
			b.ReportMetric(float64(len(text))/5_000, "B/package")
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Read(bytes.NewReader(text)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestReportsOfEarlierVersionsAreRead: what they did not say is not there, and the rest is
// as it was.
func TestReportsOfEarlierVersionsAreRead(t *testing.T) {
	for name, now := range map[string]Report{
		"findings": everyFinding(), "clean-update": cleanUpdate(), "unknown": unanswered(), "excepted": excepted(), "policy-edited": edited(),
	} {
		text, err := os.ReadFile("testdata/earlier-" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		r, err := Read(bytes.NewReader(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if Title(r) != Title(now) || r.Kind != now.Kind || len(r.Packages) != len(now.Packages) {
			t.Errorf("%s: %q, of kind %s", name, Title(r), r.Kind)
		}
		for i, p := range r.Packages {
			if was := now.Packages[i]; p.trust() != was.trust() || p.NotLookedUp != was.NotLookedUp || p.trouble() != was.trouble() {
				t.Errorf("%s: %s comes to %+v", name, was.Entry.Package, p)
			}
		}
		again, err := Read(bytes.NewReader(jsonOf(t, r)))
		if err != nil || !bytes.Equal(jsonOf(t, again), jsonOf(t, r)) {
			t.Errorf("%s does not read again: %v", name, err)
		}
	}
}
