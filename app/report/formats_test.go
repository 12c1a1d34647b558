package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/sandbox/contract"
)

// formats are those for other programs.
func formats() map[string]func(io.Writer, Report) error {
	return map[string]func(io.Writer, Report) error{
		"csv":       CSV,
		"sarif":     func(w io.Writer, r Report) error { return SARIF(w, r, "1.2.3") },
		"cyclonedx": func(w io.Writer, r Report) error { return CycloneDX(w, r, "1.2.3") },
	}
}

func formatted(t testing.TB, format string, r Report) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := formats()[format](&b, r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// twice has one package in two lockfiles.
func twice() Report {
	r := cleanUpdate()
	again := r.Packages[0]
	again.Entry.Lockfile = "web/package-lock.json"
	again.Published = clock.AddDate(0, 0, -3)
	r.Packages = append(r.Packages, again)
	return r
}

func samples() map[string]Report {
	return map[string]Report{
		"findings": everyFinding(), "clean-update": cleanUpdate(), "unknown": unanswered(), "excepted": excepted(), "audit": audit(),
		"verify": verification(), "demo-observe": demoObserved(), "twice": twice(), "hostile": hostile(), "nothing": diffReport(policy.Success, nil),
		"a-bare-row": diffReport(policy.Success, []Package{{Entry: dep.Entry{Package: npm("x", "1.0.0")}}}),
	}
}

func TestFormatsLookAsTheyShould(t *testing.T) {
	for format := range formats() {
		for _, name := range []string{"findings", "clean-update", "unknown", "excepted", "verify", "nothing"} {
			golden(t, format+"-"+name, formatted(t, format, samples()[name]))
		}
	}
}

func TestTheSameReportMakesTheSameText(t *testing.T) {
	for format := range formats() {
		for name, r := range samples() {
			if !bytes.Equal(formatted(t, format, r), formatted(t, format, r)) {
				t.Errorf("%s of %s differs the second time", format, name)
			}
		}
		if err := formats()[format](brokenWriter{}, audit()); err == nil {
			t.Errorf("%s: a failed write is not said", format)
		}
	}
}

func TestNothingHiddenIsLeftInAnyFormat(t *testing.T) {
	for format := range formats() {
		text := string(formatted(t, format, hostile()))
		if i := strings.IndexFunc(text, func(r rune) bool { return r != '\n' && hidden(r) }); i >= 0 {
			t.Errorf("%s: a hidden character stands in %.100q", format, text[i:])
		}
	}
}

// schemaOf compiles a schema of the npm packages; refs are the others that it names.
func schemaOf(t *testing.T, file string, refs ...string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	for _, f := range append(refs, file) {
		path := filepath.Join(contract.NodeModules(t), filepath.FromSlash(f))
		data, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			t.Skipf("skipped: %s is missing; `npm ci --ignore-scripts` in .ci installs it", path)
		} else if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		address := "http://cyclonedx.org/schema/" + filepath.Base(f) // as they name each other
		if err := c.AddResource(address, doc); err != nil {
			t.Fatal(err)
		}
		if f == file {
			s, err := c.Compile(address)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
	}
	return nil
}

func TestSARIFKeepsItsSchema(t *testing.T) {
	s := schemaOf(t, "schemastore/schemas/json/sarif-2.1.0.json")
	for name, r := range samples() {
		if err := validate(t, s, formatted(t, "sarif", r)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	broken := strings.Replace(string(formatted(t, "sarif", everyFinding())), `"level": "error"`, `"level": "fatal"`, 1)
	if validate(t, s, []byte(broken)) == nil {
		t.Error("the schema takes anything")
	}
}

func TestCycloneDXKeepsItsSchema(t *testing.T) {
	const folder = "@cyclonedx/cyclonedx-library/res/schema/"
	s := schemaOf(t, folder+"bom-1.6.SNAPSHOT.schema.json", folder+"spdx.SNAPSHOT.schema.json", folder+"jsf-0.82.SNAPSHOT.schema.json")
	for name, r := range samples() {
		if err := validate(t, s, formatted(t, "cyclonedx", r)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	broken := strings.Replace(string(formatted(t, "cyclonedx", cleanUpdate())), `"scope": "required"`, `"scope": "always"`, 1)
	if validate(t, s, []byte(broken)) == nil {
		t.Error("the schema takes anything")
	}
}

type sarifLog struct {
	Runs []struct {
		Tool struct {
			Driver struct {
				Rules []struct {
					ID         string
					Properties struct{ Tags []string }
				}
			}
		}
		Invocations []struct {
			ExecutionSuccessful        bool
			ToolExecutionNotifications []struct{ Message sarifText }
		}
		Results []struct {
			RuleID              string
			RuleIndex           int
			Level               string
			Message             sarifText
			PartialFingerprints map[string]string
			Suppressions        []sarifSuppression
			Locations           []struct {
				PhysicalLocation struct {
					ArtifactLocation struct{ URI string }
					Region           struct{ StartLine int }
				}
			}
		}
	}
}

func readSARIF(t *testing.T, r Report) (out sarifLog) {
	t.Helper()
	if err := json.Unmarshal(formatted(t, "sarif", r), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestGitHubTakesTheSARIF holds every sample against what code scanning refuses: runs,
// results and rules over its limits, and results without a place.
func TestGitHubTakesTheSARIF(t *testing.T) {
	all := samples()
	all["many"] = changes(5_000)
	for name, r := range all {
		log := readSARIF(t, r)
		if len(log.Runs) != 1 {
			t.Fatalf("%s: %d runs", name, len(log.Runs))
		}
		run := log.Runs[0]
		if len(run.Results) > 25_000 || len(run.Tool.Driver.Rules) > 25_000 {
			t.Errorf("%s: %d results, %d rules", name, len(run.Results), len(run.Tool.Driver.Rules))
		}
		for _, rule := range run.Tool.Driver.Rules {
			if rule.ID == "" || len(rule.Properties.Tags) > 10 {
				t.Errorf("%s: rule %+v", name, rule)
			}
		}
		for _, x := range run.Results {
			if x.RuleID != run.Tool.Driver.Rules[x.RuleIndex].ID || x.Message.Text == "" || x.PartialFingerprints["bonafideFinding/v1"] == "" || len(x.Locations) != 1 {
				t.Fatalf("%s: %+v", name, x)
			}
			if strings.Contains(x.Message.Text, "](") {
				t.Errorf("%s: a link stands in %q", name, x.Message.Text)
			}
			place := x.Locations[0].PhysicalLocation
			u, err := url.Parse(place.ArtifactLocation.URI)
			if err != nil || u.IsAbs() || u.Host != "" || u.Path == "" || strings.HasPrefix(place.ArtifactLocation.URI, "/") || place.Region.StartLine < 1 {
				t.Errorf("%s: %+v (%v)", name, place, err)
			}
		}
	}
}

func TestSARIFIsCutAtTheLeastGrave(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: -short; it is work, and of one goroutine")
	}
	e := entry("x", "1.0.0", 1)
	var findings []policy.Finding
	for range MaxSARIFResults {
		findings = append(findings, finding(policy.RuleTooNew, policy.Warning, e, "It is new.", ""))
	}
	findings = append(findings, finding(policy.RuleRepinned, policy.Error, e, "It is another.", ""))
	run := readSARIF(t, diffReport(policy.Failure, nil, findings...)).Runs[0]
	if len(run.Results) != MaxSARIFResults || run.Results[0].Level != "error" || run.Results[1].Level != "warning" {
		t.Errorf("%d results, the first %+v", len(run.Results), run.Results[0])
	}
	if said := run.Invocations[0].ToolExecutionNotifications; len(said) != 1 || !strings.HasPrefix(said[0].Message.Text, "1 more finding") {
		t.Errorf("%+v", said)
	}
}

func TestSARIFSaysWhatCouldNotBeVerified(t *testing.T) {
	for name, want := range map[string]bool{"clean-update": true, "unknown": false, "findings": false, "excepted": true} {
		if got := readSARIF(t, samples()[name]).Runs[0].Invocations[0]; got.ExecutionSuccessful != want {
			t.Errorf("%s: %+v", name, got)
		}
	}
	for _, x := range readSARIF(t, excepted()).Runs[0].Results {
		if len(x.Suppressions) != 1 || x.Suppressions[0].Kind != "external" || !strings.HasPrefix(x.Suppressions[0].Justification, "Accepted by ") {
			t.Errorf("%+v", x)
		}
	}
}

// A finding that moves to another line is the same; one about another digest is not.
func TestFingerprintsInSARIFDoNotFollowTheLine(t *testing.T) {
	prints := func(r Report) (out []string) {
		for _, x := range readSARIF(t, r).Runs[0].Results {
			out = append(out, x.PartialFingerprints["bonafideFinding/v1"])
		}
		return out
	}
	before, moved, other := everyFinding(), everyFinding(), everyFinding()
	moved.Findings[0].Line += 7
	moved.Packages[0].Entry.Line += 7
	other.Packages[0].Entry.Integrity = sri("another")
	if a, b := prints(before), prints(moved); !slices.Equal(a, b) {
		t.Error("they follow the line")
	}
	if a, b := prints(before), prints(other); a[0] == b[0] || !slices.Equal(a[1:], b[1:]) {
		t.Error("they do not follow the digest")
	}
}

func TestPathsAreRelativeAddresses(t *testing.T) {
	for path, want := range map[string]string{
		"package-lock.json": "package-lock.json", "web/a b/pnpm-lock.yaml": "web/a%20b/pnpm-lock.yaml", "c:/x": "c%3A/x", "/etc/passwd": "%2Fetc/passwd",
		"//evil.example/x": "%2F%2Fevil.example/x", "a//b": "a/%2Fb", "../x": "%2E%2E/x", "./x": "%2E/x", ".github/x": ".github/x", "é?#%": "%C3%A9%3F%23%25", "a\nb": "a%0Ab",
	} {
		if got := relativeURI(path); got != want {
			t.Errorf("%q became %q, not %q", path, got, want)
		} else if back, err := url.PathUnescape(got); err != nil || back != path {
			t.Errorf("%q came back as %q, %v", path, back, err)
		}
	}
}

func TestNoCellIsAFormula(t *testing.T) {
	for text, want := range map[string]string{
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", "＝1": "'＝1", " =1": " '=1", "a;=1": "a;'=1", "a; @x": "a; '@x",
		"a=1": "a=1", "pkg:npm/%40a/b@1.0.0": "pkg:npm/%40a/b@1.0.0", "\t=1": "<U+0009>=1", "\r=1": "<U+000D>=1", "": "",
	} {
		if got := cell(text); got != want {
			t.Errorf("%q became %q, not %q", text, got, want)
		}
	}
	rows, err := csv.NewReader(bytes.NewReader(formatted(t, "csv", hostile()))).ReadAll()
	if err != nil || len(rows) != len(hostileNames())+1 {
		t.Fatalf("%v, %d rows", err, len(rows))
	}
	for _, row := range rows {
		for _, c := range row {
			if strings.IndexAny(strings.TrimLeft(c, " "), formula) == 0 {
				t.Errorf("%.80q is a formula", c)
			}
		}
	}
}

func TestComponentsHaveNamesOfTheirOwn(t *testing.T) {
	var bom struct {
		Components []struct {
			Ref  string `json:"bom-ref"`
			PURL string
		}
	}
	if err := json.Unmarshal(formatted(t, "cyclonedx", twice()), &bom); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, c := range bom.Components {
		if seen[c.Ref] {
			t.Errorf("%s stands twice", c.Ref)
		}
		seen[c.Ref] = true
		if c.PURL == "pkg:npm/rimraf@2.7.1" {
			t.Error("a removed package is listed")
		}
	}
	if !seen["pkg:npm/left-pad@1.3.1"] || !seen["pkg:npm/left-pad@1.3.1#2"] {
		t.Errorf("%v", seen)
	}
}

func TestFiltersNarrowEveryFormat(t *testing.T) {
	for format, want := range map[string]int{"csv": 2, "cyclonedx": 2} {
		text := string(formatted(t, format, Narrow(audit(), Filter{WithoutProvenance: true})))
		got := strings.Count(text, "pkg:npm/minimist@1.2.9") + strings.Count(text, "pkg:npm/fsevents@2.3.3")
		if format == "cyclonedx" {
			got /= 2 // the name and the address
		}
		if got != want || strings.Contains(text, "left-pad") {
			t.Errorf("%s: %d\n%s", format, got, text)
		}
	}
}

// counted is how much was written at a time.
type counted struct{ largest, all int }

func (c *counted) Write(p []byte) (int, error) {
	c.largest, c.all = max(c.largest, len(p)), c.all+len(p)
	return len(p), nil
}

func TestLongListsAreWrittenPieceByPiece(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: -short; it is work, and of one goroutine")
	}
	r := changes(10_000)
	for format := range formats() {
		var c counted
		if err := formats()[format](&c, r); err != nil {
			t.Fatal(err)
		}
		if c.all < 1<<20 || c.largest > 64<<10 {
			t.Errorf("%s: %s", format, fmt.Sprint(c))
		}
	}
}
