package samples_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/report"
	"github.com/bonafide-app/bonafide/app/review"
	"github.com/bonafide-app/bonafide/app/sandbox/realdata"
	"github.com/bonafide-app/bonafide/app/sandbox/samples"
)

var update = flag.Bool("update", false, "write the generated parts of the documentation")

// tree is a sample's tree as a review reads one.
type tree samples.Tree

func (t tree) Entries() (out []review.TreeEntry) {
	for path, content := range t {
		out = append(out, review.TreeEntry{Path: path, Kind: review.Blob, ID: content, Size: int64(len(content))})
	}
	return out
}

func (t tree) Read(_ context.Context, e review.TreeEntry) ([]byte, error) {
	return []byte(t[e.Path]), nil
}

func incidents(t *testing.T) []samples.Incident {
	t.Helper()
	all, err := samples.Incidents()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// judgeIncident reviews an incident's trees as the App does, by the defaults.
func (w world) judgeIncident(t *testing.T, i samples.Incident) report.Report {
	t.Helper()
	req, err := review.Compare(t.Context(), tree(i.Main), tree(i.Head), func(string) bool { return false })
	if err != nil {
		t.Fatal(err)
	}
	req.Kind, req.Policy, req.Hub = report.Diff, policy.Default(), hub{samples.FailedBuilds()}
	r, err := w.reviewer.Review(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestEveryIncidentIsJudgedByTheDefaultsAsItMustBe(t *testing.T) {
	w := openWith(t, samples.IncidentWorld, 0)
	later := openWith(t, samples.IncidentWorld, policy.Default().Cooldown+time.Hour)
	for _, i := range incidents(t) {
		t.Run(i.Name, func(t *testing.T) {
			r := w.judgeIncident(t, i)
			if r.Conclusion != i.Want.Conclusion || !slices.Equal(rulesOf(r), i.Want.Rules) {
				t.Errorf("%s %q, want %s %q", r.Conclusion, rulesOf(r), i.Want.Conclusion, i.Want.Rules)
				for _, f := range r.Findings {
					t.Logf("%s %s: %s", f.Severity, f.Rule, f.Message)
				}
			}
			if r := later.judgeIncident(t, i); r.Conclusion != i.Later {
				t.Errorf("after the cooldown: %s %q, want %s", r.Conclusion, rulesOf(r), i.Later)
			}
		})
	}
}

func TestIncidentsCanShareOneRepository(t *testing.T) {
	all := incidents(t)
	seen := map[string]bool{samples.Main: true}
	last := ""
	for _, i := range all {
		if seen[i.Name] || seen[i.Branch] {
			t.Errorf("%s, or its branch %s, is there twice", i.Name, i.Branch)
		}
		seen[i.Name], seen[i.Branch] = true, true
		if i.Title == "" || i.Story == "" || i.Known == "" || len(i.Sources) == 0 || !slices.Equal(i.Into, []string{samples.Main}) {
			t.Errorf("%s tells too little: %+v", i.Name, i)
		}
		if i.Date < last {
			t.Errorf("%s comes before the one above it", i.Name)
		}
		last = i.Date
		for path := range i.Main {
			if strings.HasSuffix(path, "bonafide.yml") {
				t.Errorf("%s has a policy: the defaults must judge", i.Name)
			}
		}
	}
}

// The page says what the incidents are held to, so that it stays true.
func TestThePageOfIncidentsSaysWhatTheyComeTo(t *testing.T) {
	path := filepath.Join(realdata.Root(t), "docs", "incidents.md")
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- incidents: this table is written by go test ./app/sandbox/samples -update -->\n", "<!-- end -->\n"
	before, rest, ok := strings.Cut(string(raw), begin)
	_, after, found := strings.Cut(rest, end)
	if !ok || !found {
		t.Fatalf("%s has lost its marks", path)
	}
	page := before + begin + table(incidents(t)) + end + after
	if *update {
		if err := os.WriteFile(path, []byte(page), 0o600); err != nil {
			t.Fatal(err)
		}
	} else if page != string(raw) {
		t.Errorf("%s says something else than the incidents: run go test ./app/sandbox/samples -update", path)
	}
}

// table lists the incidents as Markdown.
func table(all []samples.Incident) string {
	var b strings.Builder
	b.WriteString("\n| attack | what was to be seen | verdict | after the cooldown | what speaks | what is silent, and why |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, i := range all {
		var rules, sources []string
		for _, rule := range i.Want.Rules {
			r, _ := policy.FindRule(rule)
			text := fmt.Sprintf("[%s](rules/%s.md)", rule, rule)
			if r.Default == policy.Error {
				text = "**" + text + "**"
			}
			rules = append(rules, text)
		}
		for n, source := range i.Sources {
			sources = append(sources, fmt.Sprintf("[%d](%s)", n+1, source))
		}
		fmt.Fprintf(&b, "| **%s**, %s: %s %s | %s | %s | %s | %s | %s |\n", i.Name, i.Date, i.Story, strings.Join(sources, " "),
			i.Known, i.Want.Conclusion, i.Later, strings.Join(rules, ", "), i.Silent)
	}
	b.WriteString("\nRules in bold are errors by default.\n\n")
	return b.String()
}
