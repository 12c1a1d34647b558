package report

import (
	"fmt"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
)

// Pardoned stands in the place of a severity for a finding that does not weigh.
const Pardoned = "excepted"

// Preview is what would come of the same evidence by the policy that a pull request
// proposes.
type Preview struct {
	PolicyFrom string
	Conclusion policy.Conclusion
	WouldFail  bool
	Changes    []PreviewChange // what appears, what changes its weight, what disappears
	Limits     []string        // what is not previewed exactly; each completes "but …"
}

// PreviewChange is a finding that weighs otherwise than now: a severity, Pardoned, or ""
// where there is no such finding.
type PreviewChange struct {
	Finding policy.Finding
	Was, Is string
}

// says is the result in a sentence.
func (p Preview) says() string {
	result := "fail"
	switch {
	case p.WouldFail:
		result = `pass with the title "would fail", because it would only observe`
	case p.Conclusion == policy.Success:
		result = "pass"
	case p.Conclusion == policy.ActionRequired:
		result = "not pass, because something could not be verified"
	case p.Conclusion == policy.Neutral:
		result = "be neutral, because something could not be verified"
	}
	return "The check would " + result + "."
}

// words say what becomes of a finding.
func (c PreviewChange) words() string {
	switch {
	case c.Was == "":
		return c.Is + ", new"
	case c.Is == "":
		return "no finding any more, " + c.Was + " now"
	}
	return c.Is + ", " + c.Was + " now"
}

// about says what the finding is about, or what it says where it is about nothing that
// has a name. Names and sentences are made harmless by the functions.
func (c PreviewChange) about(name, words func(string) string) string {
	f := c.Finding
	switch {
	case f.Package != (dep.Package{}):
		return ": " + name(f.Package.ID())
	case f.Count > 0:
		return fmt.Sprintf(": %d packages", f.Count)
	case f.Lockfile != "":
		return ": " + name(f.Lockfile)
	}
	return ": " + words(strings.TrimSuffix(f.Message, "."))
}

// previewMarkdown is the section about the proposed policy, "" where there is none.
func previewMarkdown(p *Preview, budget int) string {
	if p == nil {
		return ""
	}
	var rows []string
	for _, c := range p.Changes {
		rows = append(rows, fmt.Sprintf("- **%s**%s: %s\n", sentence(string(c.Finding.Rule)), c.about(shown, sentence), sentence(c.words())))
	}
	for _, limit := range p.Limits {
		rows = append(rows, "- Not exact: "+sentence(limit)+".\n")
	}
	if budget != unlimited {
		budget = min(MaxNotesBytes, budget/4)
	}
	page := "\n### Under the policy of this pull request\n\n" + p.says() + "\n"
	if len(rows) > 0 {
		page += "\n" + fit(rows, budget-len(page), func(left int) string { return "- …and " + number(left) + " more\n" })
	}
	return page
}

// preview writes the same for a terminal.
func (t *terminal) preview(p *Preview) {
	if p == nil {
		return
	}
	t.wrapped("under the head's policy: "+p.says(), "")
	for i, c := range p.Changes {
		if i == MaxPreviewed {
			t.wrapped(fmt.Sprintf("and %s", count(len(p.Changes)-i, "more changed finding")), "    ")
			break
		}
		t.wrapped(Terminal(string(c.Finding.Rule))+c.about(termName, Terminal)+": "+c.words(), "    ")
	}
	for i, limit := range p.Limits {
		if i == MaxPreviewed {
			break
		}
		t.wrapped("not exact: "+Terminal(limit), "    ")
	}
	t.WriteString("\n")
}

type jsonPreview struct {
	Policy     string               `json:"policy"`
	Conclusion string               `json:"conclusion"`
	WouldFail  bool                 `json:"would_fail,omitempty"`
	Changes    jsonList[jsonChange] `json:"changes"`
	Limits     []string             `json:"limits,omitempty"`
}

type jsonChange struct {
	Rule string `json:"rule"`
	jsonAbout
	Lockfile string `json:"lockfile"`
	Line     int    `json:"line"`
	Message  string `json:"message"`
	Count    int    `json:"count,omitempty"`
	Was      string `json:"was"`
	Is       string `json:"is"`
}

func previewOf(p *Preview) *jsonPreview {
	if p == nil {
		return nil
	}
	out := &jsonPreview{Policy: p.PolicyFrom, Conclusion: string(p.Conclusion), WouldFail: p.WouldFail, Changes: []jsonChange{}, Limits: p.Limits}
	for _, c := range p.Changes {
		f := c.Finding
		out.Changes = append(out.Changes, jsonChange{string(f.Rule), aboutOf(f.Package), f.Lockfile, f.Line, f.Message, f.Count, c.Was, c.Is})
	}
	return out
}
