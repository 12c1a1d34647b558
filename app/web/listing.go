package web

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/report"
)

// queryOf reads what a list is asked for. ok is false for what no link or form of ours asks
// for; a search that is too long is cut.
func queryOf(v url.Values) (q report.Query, ok bool) {
	q = report.Query{
		Signature:  provenance.State(v.Get("signature")),
		Provenance: provenance.State(v.Get("provenance")),
		Digest:     provenance.State(v.Get("digest")),
		Rule:       policy.RuleName(v.Get("rule")),
		Lockfile:   v.Get("lockfile"),
		Scope:      dep.Scope(v.Get("scope")),
		Change:     dep.ChangeKind(v.Get("change")),
		Text:       strings.TrimSpace(v.Get("q")),
		Sort:       report.Sort(v.Get("sort")),
		Page:       1,
	}
	if len(q.Text) > maxSought {
		q.Text = strings.ToValidUTF8(q.Text[:maxSought], "")
	}
	if page := v.Get("page"); page != "" {
		n, err := strconv.Atoi(page)
		if err != nil || n < 1 || n > maxListPage {
			return report.Query{}, false
		}
		q.Page = n
	}
	for _, state := range []provenance.State{q.Signature, q.Provenance, q.Digest} {
		if state != "" && stateWords(state) == "" {
			return report.Query{}, false
		}
	}
	known := slices.Contains([]report.Sort{"", report.ByFindings, report.ByName, report.ByTrust, report.ByAge}, q.Sort)
	return q, known && len(q.Rule) <= maxChosen && len(q.Lockfile) <= maxChosen && len(q.Scope) <= maxChosen && len(q.Change) <= maxChosen
}

// valuesOf writes what queryOf reads.
func valuesOf(q report.Query) url.Values {
	v := url.Values{}
	for _, x := range []struct{ name, value string }{
		{"signature", string(q.Signature)}, {"provenance", string(q.Provenance)}, {"digest", string(q.Digest)}, {"rule", string(q.Rule)},
		{"lockfile", q.Lockfile}, {"scope", string(q.Scope)}, {"change", string(q.Change)}, {"q", q.Text}, {"sort", string(q.Sort)},
	} {
		if x.value != "" {
			v.Set(x.name, x.value)
		}
	}
	if q.Page > 1 {
		v.Set("page", strconv.Itoa(q.Page))
	}
	return v
}

// narrowed says that a query leaves packages out.
func narrowed(q report.Query) bool {
	q.Sort, q.Page = "", 0
	return q != report.Query{}
}

// listView is the list of packages as it is shown.
type listView struct {
	Diff             bool // there are changes to show
	Rows             []rowView
	First, Last      int
	Found, All, Page int
	Pages            int
	FoundWords       string // "870 packages"
	AllWords         string
	Previous, Next   string // addresses, "" for none
	Filters          []filterView
	Said             []string // the conditions, in words
	Clear            string   // address without conditions
	Sought           string
	Hidden           []pair // of the search form: everything but the search
	Action           string
	Heads            map[string]headView
	Exports          []choiceView
	ExportsSay       string
}

type pair struct{ Name, Value string }

// headView is a column's head that sorts.
type headView struct {
	Address string
	Sorted  string // aria-sort: "ascending", "descending", "" where it is not the order
}

// filterView is one condition, and the values that it can have.
type filterView struct {
	Name    string
	Any     choiceView
	Choices []choiceView
	Folded  []choiceView
	Open    bool // the chosen one is folded
	More    int  // values that are not listed
}

// choiceView is a link to a list. Address is "" for what can be no address.
type choiceView struct {
	Words, Address, Count string
	Chosen                bool
}

// rowView is a package in the list.
type rowView struct {
	Address       string
	Name, Version string
	Tags          []string
	Alias         string
	Place         string
	PlaceAt       string
	Change, From  string
	Compare       string
	Trust         string

	Signature, Provenance, Digest stateMark

	Built   *report.Built
	Trouble string

	Published   moment
	Age         string
	Rules       []ruleMark
	MoreRules   int
	Clean, Gone bool
}

// ruleMark is a rule with the weight of its finding.
type ruleMark struct{ Class, Sign, Kind, Word string }

// stateMark is a sign with its word.
type stateMark struct{ Class, Sign, Word string }

// stateWords are a state as the pages call it, "" for what is none.
func stateWords(s provenance.State) string {
	switch s {
	case provenance.Verified, provenance.Invalid, provenance.Unknown:
		return string(s)
	case provenance.Absent:
		return "none"
	case report.NotVerified:
		return "not verified"
	}
	return ""
}

// markOfState is the mark of a piece of evidence of a package.
func markOfState(p report.Package, s provenance.State) stateMark {
	switch {
	case p.NotLookedUp != "":
		return stateMark{"none", "–", "not looked up"}
	case s == provenance.Verified:
		return stateMark{"verified", "✓", "verified"}
	case s == provenance.Absent:
		return stateMark{"absent", "○", "none"}
	case s == provenance.Invalid:
		return stateMark{"invalid", "✗", "invalid"}
	}
	return stateMark{"unknown", "?", "unknown"}
}

// markOfFinding is the weight of a finding.
func markOfFinding(f policy.Finding) stateMark {
	switch {
	case f.Unknown:
		return stateMark{"unknown", "?", "not verified"}
	case f.Severity == policy.Error:
		return stateMark{"error", "✗", "error"}
	case f.Severity == policy.Warning:
		return stateMark{"warning", "!", "warning"}
	}
	return stateMark{"notice", "i", "notice"}
}

// listOf makes a page of a report's list.
func (p *Pages) listOf(s sheet, q report.Query) listView {
	found := report.List(*s.report, q)
	q.Page = found.Page
	at := func(q report.Query) string {
		address := s.list()
		if v := valuesOf(q).Encode(); v != "" {
			address += "?" + v
		}
		return address + "#packages"
	}
	l := listView{
		Diff: s.report.Kind == report.Diff, First: found.First, Last: found.First + len(found.Rows) - 1, Found: found.Found, All: found.All,
		Page: found.Page, Pages: found.Pages, FoundWords: several(found.Found, "package", "packages"), AllWords: several(found.All, "package", "packages"),
		Clear: at(report.Query{Sort: q.Sort}), Sought: report.Visible(q.Text), Action: s.list(), Heads: heads(q, at),
	}
	for _, r := range found.Rows {
		l.Rows = append(l.Rows, p.rowOf(s, r))
	}
	turn := func(page int) string {
		q := q
		q.Page = page
		return at(q)
	}
	if found.Page > 1 {
		l.Previous = turn(found.Page - 1)
	}
	if found.Page < found.Pages {
		l.Next = turn(found.Page + 1)
	}
	l.filter(q, found.Facets, at)
	for name, values := range valuesOf(q) {
		if name != "q" && name != "page" {
			l.Hidden = append(l.Hidden, pair{name, values[0]})
		}
	}
	slices.SortFunc(l.Hidden, func(a, b pair) int { return strings.Compare(a.Name, b.Name) })
	for _, f := range formats() {
		v := valuesOf(q)
		v.Del("page")
		v.Del("sort")
		v.Set("format", f.name)
		l.Exports = append(l.Exports, choiceView{Words: f.words, Address: s.below() + "/export?" + v.Encode()})
	}
	if narrowed(q) {
		l.ExportsSay = "They hold the " + l.FoundWords + " of this list"
		if q.Rule != "" {
			l.ExportsSay += " and the findings of " + legible(string(q.Rule), maxShown)
		}
		l.ExportsSay += "; SARIF holds findings alone. The verdict and the counts are those of the whole report."
	}
	return l
}

// heads are the columns that sort.
func heads(q report.Query, at func(report.Query) string) map[string]headView {
	out := make(map[string]headView)
	for _, h := range []struct {
		name, sorted string
		sort         report.Sort
	}{
		{"package", "ascending", report.ByName},
		{"trust", "ascending", report.ByTrust},
		{"age", "ascending", report.ByAge},
		{"findings", "descending", report.ByFindings},
	} {
		to := q
		to.Sort, to.Page = h.sort, 1
		view := headView{Address: at(to)}
		if q.Sort == h.sort || q.Sort == "" && h.sort == report.ByFindings {
			view.Sorted = h.sorted
		}
		out[h.name] = view
	}
	return out
}

// filter makes the links that narrow a list, and says which of them are chosen.
func (l *listView) filter(q report.Query, f report.Facets, at func(report.Query) string) {
	for _, c := range []struct {
		name   string
		facets []report.Facet
		chosen string
		set    func(q *report.Query, value string)
		words  func(value string) string
		said   func(words string) string
		always string // a value that is offered whatever it counts
		few    bool   // left out where there is nothing to choose between
	}{
		{"Provenance", f.Provenance, string(q.Provenance), func(q *report.Query, v string) { q.Provenance = provenance.State(v) }, provenanceWords,
			func(w string) string {
				if w == "without provenance" {
					return w
				}
				return "provenance " + w
			}, string(report.NotVerified), false},
		{"Signature", f.Signature, string(q.Signature), func(q *report.Query, v string) { q.Signature = provenance.State(v) }, plainState,
			func(w string) string { return "signature " + w }, "", true},
		{"Digest", f.Digest, string(q.Digest), func(q *report.Query, v string) { q.Digest = provenance.State(v) }, plainState,
			func(w string) string { return "digest " + w }, "", true},
		{"Rule", f.Rule, string(q.Rule), func(q *report.Query, v string) { q.Rule = policy.RuleName(v) }, plainWords,
			func(w string) string { return "with a finding of " + w }, "", false},
		{"Change", f.Change, string(q.Change), func(q *report.Query, v string) { q.Change = dep.ChangeKind(v) }, plainWords,
			func(w string) string { return w }, "", true},
		{"Used for", f.Scope, string(q.Scope), func(q *report.Query, v string) { q.Scope = dep.Scope(v) }, scopeWords,
			func(w string) string { return "used for " + w }, "", true},
		{"Lockfile", f.Lockfile, q.Lockfile, func(q *report.Query, v string) { q.Lockfile = v }, plainWords,
			func(w string) string { return "in " + w }, "", true},
	} {
		if c.always != "" && !slices.ContainsFunc(c.facets, func(x report.Facet) bool { return x.Value == c.always }) {
			c.facets = append(c.facets, report.Facet{Value: c.always})
		}
		if c.chosen != "" && !slices.ContainsFunc(c.facets, func(x report.Facet) bool { return x.Value == c.chosen }) {
			c.facets = append(c.facets, report.Facet{Value: c.chosen})
		}
		if c.chosen != "" {
			l.Said = append(l.Said, c.said(c.words(c.chosen)))
		}
		to := func(value string) string {
			q := q
			q.Page = 1
			c.set(&q, value)
			return at(q)
		}
		view := filterView{Name: c.name, Any: choiceView{Words: "any", Address: to(""), Chosen: c.chosen == ""}}
		for _, x := range c.facets {
			if c.few && x.Value == string(report.NotVerified) && c.chosen != x.Value {
				continue // the states beside it say as much
			}
			choice := choiceView{Words: c.words(x.Value), Count: figure(x.Count), Chosen: x.Value == c.chosen}
			if len(x.Value) <= maxChosen {
				choice.Address = to(x.Value)
			}
			switch n := len(view.Choices); {
			case n < maxChoices:
				view.Choices = append(view.Choices, choice)
			case len(view.Folded) < maxFolded || choice.Chosen:
				view.Folded, view.Open = append(view.Folded, choice), view.Open || choice.Chosen
			default:
				view.More++
			}
		}
		if len(view.Choices) == 0 || c.few && c.chosen == "" && len(view.Choices) == 1 {
			continue
		}
		l.Filters = append(l.Filters, view)
	}
	if q.Text != "" {
		l.Said = append(l.Said, "with “"+legible(q.Text, maxShown)+"” in their name")
	}
}

func provenanceWords(value string) string {
	if value == string(report.NotVerified) {
		return "without provenance"
	}
	return stateWords(provenance.State(value))
}

func plainState(value string) string { return stateWords(provenance.State(value)) }

func plainWords(value string) string { return legible(value, maxShown) }

func scopeWords(value string) string {
	switch dep.Scope(value) {
	case dep.Prod:
		return "production"
	case dep.Dev:
		return "development"
	}
	return legible(value, maxShown)
}

// rowOf makes a row of the list.
func (p *Pages) rowOf(s sheet, r report.Row) rowView {
	e, c := r.Entry, r.Checks()
	out := rowView{
		Address: s.below() + "/package?id=" + url.QueryEscape(r.ID), Name: shownName(e.Package.Name), Version: legible(e.Package.Version, maxShown),
		Place: placeWords(e.Lockfile, e.Line), PlaceAt: p.fileAt(s, e.Lockfile, e.Line),
		Change: legible(string(r.Change), maxShown), Compare: r.Compare(),
		Gone: r.Change == dep.Removed,
	}
	if e.Alias != "" {
		out.Alias = legible(e.Alias, maxShown)
	}
	if r.Change == dep.Updated {
		out.From = legible(r.From, maxShown)
	}
	out.Tags = tagsOf(*r.Package)
	if !out.Gone {
		out.Trust = trustWords(r.Trust())
		out.Signature, out.Provenance, out.Digest = markOfState(*r.Package, c.Signature.State), markOfState(*r.Package, c.Provenance.State), markOfState(*r.Package, c.Digest.State)
		if differs := r.Differs(); differs != "" {
			out.Digest.Word = "differs: " + legible(differs, maxShown)
		}
		if b, ok := r.Built(); ok {
			out.Built = &report.Built{Repository: legibleFact(b.Repository), Commit: legibleFact(b.Commit), Workflow: legibleFact(b.Workflow), Run: legibleFact(b.Run)}
		}
		out.Trouble = legible(shortDigests(r.Trouble()), report.MaxReasonChars)
	}
	if !r.Published.IsZero() {
		out.Published, out.Age = minuteOf(r.Published), age(p.Clock().Sub(r.Published))
	}
	for _, f := range report.Gravest(r.Findings) {
		m := markOfFinding(f)
		if len(out.Rules) >= maxRowRules {
			out.MoreRules++
			continue
		}
		out.Rules = append(out.Rules, ruleMark{m.Class, m.Sign, m.Word, legible(string(f.Rule), maxShown)})
	}
	for _, x := range r.Excepted {
		if len(out.Rules) >= maxRowRules {
			out.MoreRules++
			continue
		}
		out.Rules = append(out.Rules, ruleMark{"none", "–", "excepted", legible(string(x.Rule), maxShown)})
	}
	return out
}

func legibleFact(f report.Fact) report.Fact {
	return report.Fact{Name: legible(f.Name, maxShown), Value: legible(f.Value, maxShown), Address: f.Address}
}

// tagsOf are what is to be known of how a package is used.
func tagsOf(p report.Package) (out []string) {
	e := p.Entry
	if e.Direct {
		out = append(out, "direct")
	}
	if e.Scope != "" && e.Scope != dep.Prod && !e.Unsaid.Has(dep.FactScope) {
		out = append(out, legible(string(e.Scope), maxShown))
	}
	if e.Source != dep.Registry && e.Source != "" {
		out = append(out, "from "+legible(string(e.Source), maxShown))
	}
	if e.Bundled {
		out = append(out, "bundled")
	}
	if e.InstallScript {
		out = append(out, "install script")
	}
	if e.Patch != "" {
		out = append(out, "patched")
	}
	if p.NotLookedUp == "" && p.Evidence.Staged() {
		out = append(out, "approved by a person")
	}
	if p.Occurrences > 1 {
		out = append(out, several(p.Occurrences, "place", "places"))
	}
	return out
}

func trustWords(t provenance.Trust) string {
	switch t {
	case provenance.TrustNone, "":
		return "none"
	case provenance.TrustTrustedPublisher:
		return "trusted publisher"
	}
	return legible(string(t), maxShown)
}

// shownName is a name, and says where there is none to see.
func shownName(s string) string {
	if strings.TrimSpace(s) == "" {
		return "(empty)"
	}
	return legible(s, maxShown)
}

// placeWords is a line of a file.
func placeWords(path string, line int) string {
	if path == "" {
		return ""
	}
	out := legible(path, maxShown)
	if line > 0 {
		out += " line " + strconv.Itoa(line)
	}
	return out
}

// age is how long ago something was, as roughly as people say it.
func age(d time.Duration) string {
	const day = 24 * time.Hour
	count := func(unit time.Duration, one string) string {
		return several(int(d/unit), one, one+"s")
	}
	switch {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return count(time.Minute, "minute")
	case d < 2*day:
		return count(time.Hour, "hour")
	case d < 60*day:
		return count(day, "day")
	case d < 2*365*day:
		return count(30*day, "month")
	}
	return count(365*day, "year")
}

// format is one that a report can be exported in.
type format struct{ name, words, media, file string }

func formats() []format {
	return []format{
		{"json", "JSON", "application/json", "json"},
		{"csv", "CSV", "text/csv; charset=utf-8", "csv"},
		{"sarif", "SARIF", "application/sarif+json", "sarif"},
		{"cyclonedx", "CycloneDX", "application/vnd.cyclonedx+json; version=1.6", "cdx.json"},
	}
}

// fileName is a name for a download: letters, digits and ._- alone, and never long.
func fileName(parts ...string) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '_':
			return r
		}
		return '-'
	}, strings.ToValidUTF8(strings.Join(parts, "-"), "-"))
	clean = strings.Trim(clean, "-.")
	if len(clean) > maxShown {
		clean = clean[:maxShown]
	}
	if clean == "" {
		clean = "bonafide"
	}
	return clean
}

// disposition is the header of a download.
func disposition(name string) string { return fmt.Sprintf(`attachment; filename="%s"`, name) }
