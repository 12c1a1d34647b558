package policy

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

const (
	rulesPage  = "../../docs/rules.md"
	tableBegin = "<!-- rules: this table is written by go test ./app/policy -update -->\n"
	tableEnd   = "<!-- /rules -->"
)

// table is the list of all rules for the documentation.
func table() string {
	var b strings.Builder
	b.WriteString("\n| rule | default | judged | what it says |\n| --- | --- | --- | --- |\n")
	for _, r := range Rules() {
		name, judged := fmt.Sprintf("[`%s`](#%s)", r.Name, r.Name), "now"
		switch {
		case r.Later:
			name, judged = fmt.Sprintf("`%s`", r.Name), "later"
		case r.Fixed:
			judged = "now, fixed"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", name, r.Default, judged, r.Meaning)
	}
	return b.String() + "\n"
}

func TestRulesPageHasTheTableOfAllRules(t *testing.T) {
	page, err := os.ReadFile(rulesPage)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(page), tableBegin)
	_, after, ended := strings.Cut(rest, tableEnd)
	if !found || !ended {
		t.Fatalf("%s has lost the marks of its table", rulesPage)
	}
	want := before + tableBegin + table() + tableEnd + after
	if *update {
		if err := os.WriteFile(rulesPage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if string(page) != want {
		t.Errorf("%s is out of step with the rules: run go test ./app/policy -update", rulesPage)
	}
}

// Every rule that is judged has its section, with an example, benign causes and
// what to do; no section is about a rule that there is not.
func TestRulesPageExplainsEveryRuleThatIsJudged(t *testing.T) {
	page, err := os.ReadFile(rulesPage)
	if err != nil {
		t.Fatal(err)
	}
	sections := map[RuleName]string{}
	for _, part := range strings.Split(string(page), "\n### ")[1:] {
		title, text, _ := strings.Cut(part, "\n")
		text, _, _ = strings.Cut(text, "\n## ")
		sections[RuleName(title)] = text
	}
	for _, r := range Rules() {
		text, there := sections[r.Name]
		delete(sections, r.Name)
		switch {
		case r.Later && there:
			t.Errorf("%s is explained, but nothing is judged by it yet", r.Name)
		case r.Later:
		case !there:
			t.Errorf("%s is not explained", r.Name)
		case r.Name == RulePolicy || r.Name == RuleFindingsCut: // they report, there is nothing to mend
		default:
			for _, part := range []string{"**Example:**", "**Benign causes:**", "**What to do:**"} {
				if !strings.Contains(text, part) {
					t.Errorf("%s: the section has no %s", r.Name, part)
				}
			}
		}
	}
	for name := range sections {
		t.Errorf("%s is explained, but there is no such rule", name)
	}
}

func TestRulesHaveNamesMeaningsAndOneVoice(t *testing.T) {
	seen := map[RuleName]bool{}
	for _, r := range Rules() {
		if seen[r.Name] || r.Name == "" || r.Meaning == "" || strings.HasSuffix(r.Meaning, ".") || rank(r.Default) < 1 {
			t.Errorf("%+v is incomplete or stands there twice", r)
		}
		seen[r.Name] = true
		if r.Later && r.judge != nil {
			t.Errorf("%s comes later and is judged", r.Name)
		}
	}
}
