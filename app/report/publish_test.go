package report

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/publish"
)

// publishing are one of each kind.
func publishReports() map[string]Publish {
	no := false
	const workflow = ".github/workflows/release.yml"
	whole := Publish{Facts: publish.Facts{Repository: "github.com/harbour/tide", Private: &no, DefaultBranch: "main"}, Report: publish.Report{
		Schema: "bonafide.publish/v1",
		Ways: []publish.Way{
			{Registry: "npm", Tool: "npm publish", File: workflow, Line: 24, Workflow: "Release", Job: "publish", Packages: []string{"@harbour/tide", "@harbour/sand"}, Provenance: publish.No, Trusted: publish.No,
				Why: []string{"The step hands a stored token to npm, and neither the command nor a setting asks for provenance."}},
			{Registry: "pypi", Tool: "pypa/gh-action-pypi-publish", File: ".github/workflows/python.yml", Line: 17, Job: "upload", Provenance: publish.Yes, Trusted: publish.Yes},
			{Registry: "npm", Tool: "changesets/action", File: workflow, Line: 41, Job: "release", Provenance: publish.Depends, Trusted: publish.No, Why: []string{"It depends on ${{ inputs.provenance }}."}},
		},
		Findings: []publish.Finding{
			{Rule: "id-token-missing", Severity: publish.Error, File: workflow, Line: 12, EndLine: 13, Message: "The job publish asks for provenance and may not get an OIDC token.",
				Why: "npm refuses to publish with provenance without one.", Help: "Give the job id-token: write.", Source: "https://docs.npmjs.com/generating-provenance-statements",
				Edits: []publish.Edit{{File: workflow, From: 13, To: 12, Lines: []string{"    permissions:", "      contents: read", "      id-token: write"}}}},
			{Rule: "repository-missing", Severity: publish.Error, File: "package.json", Line: 1, Message: "package.json names no repository.", Why: "The registry refuses provenance of another repository (E422).",
				Edits: []publish.Edit{{File: "package.json", From: 2, To: 2, Lines: []string{`  "repository": "github:harbour/tide",`}}, {File: "package.json", From: 5, To: 7}}},
			{Rule: "long-lived-token", Severity: publish.Warning, File: workflow, Line: 26, Message: "A stored token publishes where trusted publishing would do.", Help: "Set up a trusted publisher."},
			{Rule: "action-not-pinned", Severity: publish.Notice, File: workflow, Line: 16, Message: "actions/checkout@v5 is not pinned by commit."},
			{Rule: "repository-private", Severity: publish.Notice, Message: "The repository is private."},
		},
		Unread: []publish.Unread{{File: "tests/package.json", Line: 3, Reason: "It is not JSON."}},
	}}
	hostile := Publish{Mended: []string{"a\x1b[2J.yml"}, Report: publish.Report{
		Ways:     []publish.Way{{Registry: "npm\u202e", Tool: "npm\x1b[31m publish", File: "a\nb.yml", Line: 1, Job: strings.Repeat("x", 5000), Packages: []string{"@a/\u200bb"}, Provenance: "yes\x07", Trusted: publish.No, Why: []string{"\x1b]0;t\x07"}}},
		Findings: []publish.Finding{{Rule: "a\x1b[1m", Severity: publish.Error, File: "../x y/[a](b).yml", Line: 1, Message: "[text](https://example.com) \x1b[2J", Why: "\u202e", Help: "\x07", Source: "javascript:alert(1)", Edits: []publish.Edit{{File: "\x1b", From: 1, To: 1, Lines: []string{"\x1b[2J"}}}}},
		Unread:   []publish.Unread{{File: ".github/\x1b.yml", Reason: "\x1b"}},
	}}
	unread := Publish{Report: publish.Report{Unread: []publish.Unread{{File: ".github/workflows/a.yml", Line: 4, Reason: "It is not YAML: a tab stands where blanks belong."}}}}
	return map[string]Publish{"whole": whole, "hostile": hostile, "unread": unread, "nothing": {}, "written": {Mended: []string{workflow}, Report: publish.Report{Ways: whole.Ways[1:2]}}}
}

func TestPublishingLooksAsItShould(t *testing.T) {
	for name, p := range publishReports() {
		for _, width := range []int{0, 60, 100} {
			var b bytes.Buffer
			if err := PublishTable(&b, p, TableOptions{Width: width}); err != nil {
				t.Fatal(err)
			}
			if strings.ContainsFunc(b.String(), func(r rune) bool { return r != '\n' && hidden(r) }) {
				t.Errorf("%s: a hidden character is shown", name)
			}
			for line := range strings.Lines(b.String()) {
				line = strings.TrimSuffix(line, "\n")
				whole := strings.HasPrefix(line, "    See ") || strings.HasPrefix(line, "      ") // to be copied
				if width > 0 && cellsOf(line) > width && !whole && name != "hostile" {            // whose answer is none
					t.Errorf("%s: wider than %d: %q", name, width, line)
				}
			}
			if name != "hostile" && width != 60 {
				golden(t, map[int]string{0: "publish-wide-", 100: "publish-"}[width]+name, b.Bytes())
			}
		}
		if err := PublishTable(brokenWriter{}, p, TableOptions{}); err == nil {
			t.Error("a failed write is not said")
		}
	}
	var b bytes.Buffer
	if err := PublishTable(&b, publishReports()["whole"], TableOptions{Width: 100, Color: true}); err != nil || !strings.Contains(b.String(), "\x1b[1;31merror\x1b[0m: id-token-missing") {
		t.Errorf("%v\n%q", err, b.String())
	}
}

func TestWhatPublishingComesTo(t *testing.T) {
	for name, want := range map[string]policy.Conclusion{"whole": policy.Failure, "hostile": policy.Failure, "unread": policy.ActionRequired, "nothing": policy.Success, "written": policy.Success} {
		if got := publishReports()[name].Conclusion(); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// schemaText compiles one of this room's schemas.
func schemaText(t *testing.T, text []byte) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPublishJSONKeepsItsContract(t *testing.T) {
	s := schemaText(t, PublishJSONSchema)
	for name, p := range publishReports() {
		var b bytes.Buffer
		if err := PublishJSON(&b, p); err != nil {
			t.Fatal(err)
		}
		if err := validate(t, s, b.Bytes()); (err != nil) != (name == "hostile") { // which has an answer that is none
			t.Errorf("%s: %v\n%s", name, err, b.String())
		}
		if strings.ContainsFunc(b.String(), func(r rune) bool { return r != '\n' && hidden(r) }) {
			t.Errorf("%s: a hidden character is in it", name)
		}
		if name == "whole" {
			golden(t, "publish-json", b.Bytes())
		}
	}
}

func TestPublishSARIFKeepsItsSchema(t *testing.T) {
	for name, p := range publishReports() {
		var b bytes.Buffer
		if err := PublishSARIF(&b, p, "1.2.3"); err != nil {
			t.Fatal(err)
		}
		if name == "whole" {
			golden(t, "publish-sarif", b.Bytes())
		}
		var log struct{ Runs []struct{ Results []any } }
		if err := json.Unmarshal(b.Bytes(), &log); err != nil || len(log.Runs) != 1 || len(log.Runs[0].Results) != len(p.Findings) {
			t.Errorf("%s: %v", name, err)
		}
		if strings.ContainsFunc(b.String(), func(r rune) bool { return r != '\n' && hidden(r) }) {
			t.Errorf("%s: a hidden character is in it", name)
		}
	}
	s := schemaOf(t, "schemastore/schemas/json/sarif-2.1.0.json")
	for name, p := range publishReports() {
		var b bytes.Buffer
		if err := PublishSARIF(&b, p, "1.2.3"); err != nil {
			t.Fatal(err)
		}
		if err := validate(t, s, b.Bytes()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A program that makes the fixes as SARIF describes them makes what --fix does.
func TestPublishSARIFHasTheMendedLinesAsFixes(t *testing.T) {
	const file = "a b.yml"
	before := "one\ntwo\nthree\nfour\nfive\n"
	edits := []publish.Edit{{File: file, From: 1, To: 0, Lines: []string{"zero"}}, {File: file, From: 2, To: 3, Lines: []string{"2", "", "3"}}, {File: file, From: 5, To: 5}, {File: file, From: 6, To: 5, Lines: []string{"six"}}}
	finding := publish.Finding{Rule: "a", Severity: publish.Error, File: file, Line: 1, Message: "It is wrong.", Edits: edits}
	var b bytes.Buffer
	if err := PublishSARIF(&b, Publish{Report: publish.Report{Findings: []publish.Finding{finding}}}, ""); err != nil {
		t.Fatal(err)
	}
	var log struct {
		Runs []struct{ Results []struct{ Fixes []sarifFix } }
	}
	if err := json.Unmarshal(b.Bytes(), &log); err != nil || len(log.Runs[0].Results[0].Fixes) != 1 || len(log.Runs[0].Results[0].Fixes[0].Changes) != 1 {
		t.Fatalf("%v\n%s", err, b.String())
	}
	change := log.Runs[0].Results[0].Fixes[0].Changes[0]
	if change.Artifact.URI != "a%20b.yml" || change.Artifact.Base != sarifRoot {
		t.Errorf("it is of %+v", change.Artifact)
	}
	lines := strings.SplitAfter(before, "\n")
	at := func(line, column int) int { return len(strings.Join(lines[:line-1], "")) + column - 1 }
	after := before
	for _, r := range slices.Backward(change.Replacements) {
		d, text := r.Deleted, ""
		if r.Inserted != nil {
			text = r.Inserted.Text
		}
		end := at(d.EndLine, len(strings.TrimSuffix(lines[d.EndLine-1], "\n"))+1)
		if d.EndColumn > 0 {
			end = at(d.EndLine, d.EndColumn)
		}
		after = after[:at(d.StartLine, max(d.StartColumn, 1))] + text + after[end:]
	}
	_, mended, _ := publish.Patch(publish.Files{file: []byte(before)}, []publish.Finding{finding})
	if want := "zero\none\n2\n\n3\nfour\nsix\n"; after != want || string(mended[file]) != want {
		t.Errorf("it is %q, and %q by --fix", after, mended[file])
	}
}

func TestLogsOfPublishingLookAsTheyShould(t *testing.T) {
	found := []publish.LogFinding{
		{Code: "E404", Line: 212, Text: "E404 404 Not Found - PUT https://registry.npmjs.org/tide - Not found", Causes: []string{"The token has expired: make another one.", "The trusted publisher on npmjs.com is another one: compare owner, repository, workflow file name and environment with this run, to the letter."}, Source: "https://docs.npmjs.com/trusted-publishers"},
		{Line: 230, Text: "The tide \x1b[2J is out"},
	}
	schema := schemaText(t, PublishLogJSONSchema)
	for name, list := range map[string][]publish.LogFinding{"known": found, "unknown": found[1:], "nothing": nil} {
		var table, text bytes.Buffer
		if err := PublishLogTable(&table, list, TableOptions{Width: 100}); err != nil {
			t.Fatal(err)
		}
		golden(t, "publish-log-"+name, table.Bytes())
		if err := PublishLogJSON(&text, list); err != nil {
			t.Fatal(err)
		}
		if err := validate(t, schema, text.Bytes()); err != nil {
			t.Errorf("%s: %v\n%s", name, err, text.String())
		}
		for _, w := range []io.Writer{brokenWriter{}} {
			if PublishLogTable(w, list, TableOptions{}) == nil || PublishLogJSON(w, list) == nil {
				t.Error("a failed write is not said")
			}
		}
	}
}
