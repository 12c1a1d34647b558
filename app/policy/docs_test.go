package policy

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	rulesPage   = "../../docs/rules.md"
	rulesFolder = "../../docs/rules"
	tableBegin  = "<!-- rules: this table is written by go test ./app/policy -update -->\n"
	tableEnd    = "<!-- /rules -->"
)

// table is the list of all rules for the documentation.
func table() string {
	var b strings.Builder
	b.WriteString("\n| rule | default | what it says |\n| --- | --- | --- |\n")
	for _, r := range Rules() {
		fixed := ""
		if r.Fixed {
			fixed = ", fixed"
		}
		fmt.Fprintf(&b, "| [`%s`](rules/%s.md) | %s%s | %s |\n", r.Name, r.Name, r.Default, fixed, r.Meaning)
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

// Every rule has its page, with an example, benign causes and what to do; no page is
// about a rule that there is not.
func TestEveryRuleHasItsPage(t *testing.T) {
	for _, r := range Rules() {
		page, err := os.ReadFile(filepath.Join(rulesFolder, string(r.Name)+".md"))
		if err != nil {
			t.Error(err)
			continue
		}
		if !strings.HasPrefix(string(page), "# "+string(r.Name)+"\n") {
			t.Errorf("%s: its page does not begin with its name", r.Name)
		}
		if r.Name == RulePolicy || r.Name == RuleFindingsCut { // they report, there is nothing to mend
			continue
		}
		for _, part := range []string{"**Example:**", "**Benign causes:**", "**What to do:**"} {
			if !strings.Contains(string(page), part) {
				t.Errorf("%s: its page has no %s", r.Name, part)
			}
		}
	}
	pages, err := os.ReadDir(rulesFolder)
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		if _, known := FindRule(RuleName(strings.TrimSuffix(page.Name(), ".md"))); !known {
			t.Errorf("%s is about no rule", page.Name())
		}
	}
}

func TestRulesHaveNamesMeaningsAndOneVoice(t *testing.T) {
	seen := map[RuleName]bool{}
	for _, r := range Rules() {
		if seen[r.Name] || r.Name == "" || r.Meaning == "" || strings.HasSuffix(r.Meaning, ".") || rank(r.Default) < 1 {
			t.Errorf("%+v is incomplete or stands there twice", r)
		}
		seen[r.Name] = true
	}
}
