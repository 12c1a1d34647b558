package report

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
)

func compiledSchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(JSONSchema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("report.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("report.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func jsonOf(t testing.TB, r Report) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := JSON(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func validate(t testing.TB, s *jsonschema.Schema, text []byte) error {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(doc)
}

func TestJSONKeepsItsContract(t *testing.T) {
	s := compiledSchema(t)
	for name, r := range map[string]Report{
		"clean": cleanUpdate(), "findings": everyFinding(), "unknown": unanswered(), "neutral": neutral(), "observe": demoObserved(), "policy edited": edited(),
		"audit": audit(), "verify": verification(), "nothing": diffReport(policy.Success, nil), "many": changes(500),
		"a bare row": diffReport(policy.Success, []Package{{Entry: dep.Entry{Package: npm("x", "1.0.0")}}}),
	} {
		if err := validate(t, s, jsonOf(t, r)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	r := hostile()
	for i := range r.Findings { // what is checked elsewhere: a rule has a name, a finding a message
		r.Findings[i].Rule, r.Findings[i].Message = "name-invalid", "x"+r.Findings[i].Message
	}
	text := jsonOf(t, r)
	if err := validate(t, s, text); err != nil {
		t.Errorf("hostile: %v", err)
	}
	if i := strings.IndexFunc(string(text), func(r rune) bool { return r != '\n' && hidden(r) }); i >= 0 {
		t.Errorf("a hidden character stands in the JSON: %.100q", text[i:])
	}
	var back jsonDocument
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	for i, name := range hostileNames() {
		if got := back.Findings[i].Help; got != name && utf8.ValidString(name) {
			t.Errorf("%q came back as %q", name, got)
		}
	}
}

// TestTheSchemaRefusesWhatTheContractDoesNotSay: a schema that takes anything holds
// nothing.
func TestTheSchemaRefusesWhatTheContractDoesNotSay(t *testing.T) {
	s := compiledSchema(t)
	text := string(jsonOf(t, everyFinding()))
	for name, swap := range map[string][2]string{
		"another schema":               {`"bonafide.report/v1"`, `"bonafide.report/v2"`},
		"an unknown conclusion":        {`"conclusion": "failure"`, `"conclusion": "fine"`},
		"an unknown key":               {`"exceptions": []`, `"exceptions": [], "more": 1`},
		"a missing key":                {`"exceptions": []`, `"demo": true`},
		"a state that is none":         {`"state": "verified"`, `"state": "ok"`},
		"a state without its reason":   {`"reason": "The registry announces no attestations."`, `"x": 1`},
		"verified with a reason":       {`"state": "verified"`, `"state": "verified", "reason": "why"`},
		"an unknown trust":             {`"trust": "signed"`, `"trust": "safe"`},
		"a change that is none":        {`"change": "repinned"`, `"change": "moved"`},
		"a negative line":              {`"line": 212`, `"line": -1`},
		"a purl that is none":          {`"purl": "pkg:npm/axios@1.14.1"`, `"purl": "axios"`},
		"a severity that is none":      {`"severity": "warning"`, `"severity": "off"`},
		"identity without provenance":  {`"provenance": {`, `"provenance": { "identity": {},`},
		"a digest without its parts":   {`"attested": ""`, `"attests": ""`},
		"a number that is a string":    {`"packages": 5`, `"packages": "5"`},
		"a finding without a message":  {`"message": "The lockfile's digest of debug@4.4.2 is not the registry's."`, `"message": ""`},
		"a finding that is not sure":   {`"severity": "error"`, `"unknown": false, "severity": "error"`},
		"a scope that nobody knows":    {`"scope": "prod"`, `"scope": "always"`},
		"a directness that is a guess": {`"direct": false`, `"direct": null`},
	} {
		broken := strings.Replace(text, swap[0], swap[1], 1)
		if broken == text {
			t.Errorf("%s: %s is not in the JSON", name, swap[0])
		} else if validate(t, s, []byte(broken)) == nil {
			t.Errorf("%s passes", name)
		}
	}
}

func TestTheEmbeddedSchemaIsTheOneBesideTheCode(t *testing.T) {
	file, err := os.ReadFile("schema/bonafide.report.v1.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(file, JSONSchema) {
		t.Error("they differ")
	}
}

func TestJSONSaysWhatWasNotLookedUp(t *testing.T) {
	git := entry("router", "1.2.3", 4)
	git.Source = dep.Git
	ev := proven(git, "https://github.com/acme/router") // that must not count: nobody was asked
	p := Package{Entry: git, Change: dep.Added, Evidence: ev, NotLookedUp: "comes from git, no registry answers for it"}
	got := documentOf(diffReport(policy.Success, []Package{p})).Packages[0]
	for name, c := range map[string][2]string{
		"signature": {got.Signature.State, got.Signature.Reason}, "publish": {got.Publish.State, got.Publish.Reason},
		"provenance": {got.Provenance.State, got.Provenance.Reason}, "digest": {got.Digest.State, got.Digest.Reason},
	} {
		if c != [2]string{"absent", p.NotLookedUp} {
			t.Errorf("%s: %+v", name, c)
		}
	}
	if got.Trust != "none" || got.Provenance.Identity != nil || got.Signature.KeyID != "" || got.Digest.Lockfile == "" {
		t.Errorf("%+v", got)
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestAFailedWriteIsSaid(t *testing.T) {
	for name, err := range map[string]error{
		"JSON": JSON(brokenWriter{}, audit()), "Markdown": Markdown(brokenWriter{}, audit()), "Table": Table(brokenWriter{}, audit(), TableOptions{}),
	} {
		if err == nil {
			t.Errorf("%s says nothing", name)
		}
	}
}
