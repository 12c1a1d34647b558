package policy

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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

// An example is what the rule says: it stands in the rule's golden file.
func TestExamplesOfThePagesAreWhatTheRulesSay(t *testing.T) {
	example := regexp.MustCompile(`(?s)- \*\*Example:\*\* \*(.*?)\*\n- \*\*`)
	elsewhere := []RuleName{RulePolicyInvalid, RuleFloorUnread, RulePolicy} // worded by those who read the files
	for _, r := range Rules() {
		page, err := os.ReadFile(filepath.Join(rulesFolder, string(r.Name)+".md"))
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(elsewhere, r.Name) || r.Name == RuleFindingsCut {
			continue
		}
		golden, err := os.ReadFile(filepath.Join("testdata", string(r.Name)+".golden"))
		if err != nil {
			t.Fatal(err)
		}
		examples := 0
		for rest := string(page); ; examples++ {
			at := example.FindStringSubmatchIndex(rest)
			if at == nil {
				break
			}
			said := strings.ReplaceAll(strings.Join(strings.Fields(rest[at[2]:at[3]]), " "), `\*`, "*")
			pattern := strings.ReplaceAll(regexp.QuoteMeta(said), "…", `\S*`) // long values are cut short
			if !regexp.MustCompile("(?m)^  " + pattern + "$").Match(golden) {
				t.Errorf("%s does not say: %s", r.Name, said)
			}
			rest = rest[at[3]+1:]
		}
		if examples == 0 {
			t.Errorf("%s: no example was found", r.Name)
		}
	}
}

func TestRulesHaveNamesMeaningsAndOneVoice(t *testing.T) {
	seen := map[RuleName]bool{}
	for _, r := range Rules() {
		oneSentence := strings.HasSuffix(r.Why, ".") && !strings.Contains(r.Why, ". ") && len(r.Why) <= 160
		if seen[r.Name] || r.Name == "" || r.Meaning == "" || strings.HasSuffix(r.Meaning, ".") || !oneSentence || rank(r.Default) < 1 {
			t.Errorf("%+v is incomplete or stands there twice", r)
		}
		seen[r.Name] = true
	}
}
