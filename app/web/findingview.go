package web

import (
	"strings"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/report"
)

// findingsView are findings, the gravest first.
type findingsView struct {
	All    int
	Counts string // "2 errors, 1 warning"
	Shown  []findingView
	More   int    // that are not spelled out
	MoreAt string // where they are found
}

// findingView is one finding. What it has in common with one of the same rule above it is
// said there alone.
type findingView struct {
	Mark               stateMark
	Rule, RuleAt       string
	About, AboutAt     string
	Place, PlaceAt     string
	Message, Why       string
	Help, HelpLink     string
	Benign, Better     string
	Names              []string
	NamesMore, Package int
	Tell, TellAt       string
}

// findingsOf spells findings out, at most so many.
func (p *Pages) findingsOf(s sheet, findings []policy.Finding, limit int) (out findingsView) {
	out.All = len(findings)
	counts := make(map[string]int)
	said := make(map[string]bool)
	first := func(f policy.Finding, what, text string) string {
		key := what + string(f.Rule) + "\x00" + text
		if said[key] {
			return ""
		}
		said[key] = true
		return report.Terminal(text)
	}
	for i, f := range report.Gravest(findings) {
		m := markOfFinding(f)
		counts[m.Word]++
		if i >= limit {
			out.More++
			continue
		}
		v := findingView{
			Mark: m, Rule: legible(string(f.Rule), maxShown), Place: placeWords(f.Lockfile, f.Line), PlaceAt: p.fileAt(s, f.Lockfile, f.Line),
			Message: report.Terminal(f.Message), Help: first(f, "help", f.Help), HelpLink: report.HelpLink(f), Better: report.Terminal(report.Better(f)),
		}
		if v.Help == "" && f.Help != "" {
			v.Help = "As said for " + v.Rule + " above."
			v.HelpLink = ""
		}
		if _, ok := policy.FindRule(f.Rule); ok {
			v.RuleAt = rulesPage + string(f.Rule) + ".md"
		}
		if f.Severity != policy.Notice {
			v.Why, v.Benign = first(f, "why", f.Why), first(f, "benign", f.Benign)
		}
		v.About, v.AboutAt = s.about(f.Package, f.Lockfile)
		v.Tell, v.TellAt = report.TellLink(f)
		if f.Count > 0 {
			v.Package = f.Count
			if !report.NamesAll(f) {
				v.Names, v.NamesMore = namesOf(f)
			}
		}
		out.Shown = append(out.Shown, v)
	}
	for _, c := range []struct{ word, one, many string }{
		{"error", "error", "errors"}, {"not verified", "not verified", "not verified"}, {"warning", "warning", "warnings"}, {"notice", "notice", "notices"},
	} {
		if n := counts[c.word]; n > 0 {
			out.Counts += ", " + several(n, c.one, c.many)
		}
	}
	out.Counts = strings.TrimPrefix(out.Counts, ", ")
	out.MoreAt = s.list() + "?sort=" + string(report.ByFindings) + "#packages"
	return out
}

// namesOf are the packages that a finding stands for, and how many more there are.
func namesOf(f policy.Finding) (names []string, more int) {
	room := maxNamed
	for name := range strings.SplitSeq(f.Names, "\n") {
		name = shownName(name)
		if room -= len(name); room < 0 {
			break
		}
		names = append(names, name)
	}
	return names, max(0, f.Count-len(names))
}
