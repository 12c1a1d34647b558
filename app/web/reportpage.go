package web

import (
	"cmp"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/report"
)

// rulesPage is where a rule is explained.
const rulesPage = "https://github.com/bonafide-app/bonafide/blob/HEAD/docs/rules/"

// reportView is what the page of a report shows.
type reportView struct {
	Heading   string
	Pull      string // address at GitHub, "" for none
	Head      commit
	Branch    string
	Newer     string // address of a newer report
	Verdict   verdictView
	Judged    moment
	Looked    moment // when the inventory's evidence was asked for last, where that was later
	Problem   string // why that found nothing out
	Policy    string
	Bars      []barView
	Listed    bool // the list is looked at: findings are folded
	Findings  findingsView
	None      stateMark // there are none
	Excepted  []exceptionView
	Pardoned  int // excepted findings that are not listed
	Preview   *previewView
	NotLooked []noteView
	Unnamed   int // notes that are not listed
	List      listView
	Runs      []runView
	Inventory bool
}

// verdictView is a conclusion in words.
type verdictView struct{ Class, Sign, Word, Title, Note string }

// barView is how many packages have which state.
type barView struct {
	Name, Words string
	Parts       []barPart
}

// barPart is a piece of a bar that is 1,000 wide.
type barPart struct {
	Class    string
	X, Width int
}

type noteView struct{ Path, Text string }

type exceptionView struct {
	Mark                  stateMark
	Rule, About, AboutAt  string
	Place, PlaceAt        string
	Message               string
	By, Until, Source, So string
}

type previewView struct {
	Word, From string
	Changes    []previewChange
	More       int
	Limits     []string
}

type previewChange struct{ Rule, About, Was, Is string }

type runView struct {
	When    moment
	Head    commit
	Mark    verdictMark
	Title   string
	Address string // "" for the report that is shown
}

// reportPage shows what a check says, complete.
func (p *Pages) reportPage(w http.ResponseWriter, r *http.Request, s sheet) {
	q, ok := queryOf(r.URL.Query())
	if !ok {
		p.nothing(w, r)
		return
	}
	view := p.reportViewOf(s, q)
	view.Listed = narrowed(q) || q.Sort != "" || q.Page > 1
	if s.number > 0 {
		runs, err := p.Store.Runs(r.Context(), s.visit.at.Installation, s.visit.at.Owner, s.visit.at.Name, s.number, maxRuns)
		if err != nil {
			p.failed(w, r, err)
			return
		}
		for _, run := range runs {
			one := runView{When: minuteOf(run.At), Head: p.commit(s.owner(), s.name(), run.Head), Mark: markOf(run.Conclusion), Title: report.Terminal(run.Title)}
			if run.Head != s.head && isCommit(run.Head) {
				one.Address = Addresses("").Pull(s.owner(), s.name(), s.number, run.Head)
			}
			view.Runs = append(view.Runs, one)
		}
	}
	p.show(w, r, http.StatusOK, "report", frame{
		Title: s.title() + " · " + legible(s.owner()+"/"+s.name(), maxShown), Crumbs: s.crumbs(), Data: view,
	})
}

func (p *Pages) reportViewOf(s sheet, q report.Query) reportView {
	rep := *s.report
	view := reportView{
		Heading: s.heading(), Head: p.commit(s.owner(), s.name(), s.head), Verdict: verdictOf(rep), Judged: minuteOf(cmp.Or(rep.At, s.at)),
		Policy: report.Terminal(rep.PolicyFrom), Bars: barsOf(rep), List: p.listOf(s, q), Inventory: s.number == inventoryNumber,
		Findings: p.findingsOf(s, rep.Findings, maxFindings), None: stateMark{"verified", "✓", "No findings"}, Preview: previewOf(rep.Preview),
	}
	if s.number > 0 {
		view.Pull = p.pullAt(s.owner(), s.name(), s.number)
	}
	if s.newest != "" && s.newest != s.head {
		view.Newer = Addresses("").Pull(s.owner(), s.name(), s.number, "")
	}
	if view.Inventory {
		view.Branch = legible(s.visit.at.Branch, maxShown)
		view.Problem = report.Terminal(s.visit.at.Problem)
		if s.visit.at.Looked.After(cmp.Or(rep.At, s.at)) {
			view.Looked = minuteOf(s.visit.at.Looked)
		}
	}
	for i, x := range rep.Excepted {
		if i == maxFindings {
			view.Pardoned = len(rep.Excepted) - i
			break
		}
		view.Excepted = append(view.Excepted, p.exceptionOf(s, x))
	}
	for i, note := range report.NotLookedAt(rep) {
		if i == maxNotes {
			view.Unnamed = len(report.NotLookedAt(rep)) - i
			break
		}
		n := noteView{Text: report.Terminal(note.Note)}
		if note.Path != "" {
			n.Path = legible(note.Path, maxShown)
		}
		view.NotLooked = append(view.NotLooked, n)
	}
	return view
}

// verdictOf says a conclusion as the check does.
func verdictOf(r report.Report) verdictView {
	title := report.Terminal(strings.TrimPrefix(report.Title(r), "Would fail: "))
	switch {
	case r.WouldFail:
		return verdictView{"warning", "!", "Would fail", title, "The policy only observes (mode: observe), so the check passes."}
	case r.Conclusion == policy.Success:
		v := verdictView{"verified", "✓", "Passed", title, ""}
		if r.Mode == policy.Observe {
			v.Note = "The policy only observes (mode: observe): nothing would fail the check."
		}
		return v
	case r.Conclusion == policy.ActionRequired:
		return verdictView{"unknown", "?", "Not verified", title, "What could not be verified does not pass. It is asked again later."}
	case r.Conclusion == policy.Neutral:
		return verdictView{"unknown", "?", "Not verified", title, "The policy lets that stand (on_unknown: neutral)."}
	}
	return verdictView{"error", "✗", "Failed", title, ""}
}

// barsOf are the counts of a report.
func barsOf(r report.Report) (out []barView) {
	if r.Summary.Packages == 0 {
		return nil
	}
	for _, c := range []struct {
		name   string
		counts report.Counts
	}{{"Provenance", r.Summary.Provenance}, {"Registry signature", r.Summary.Signature}} {
		all := max(1, c.counts.Verified+c.counts.Absent+c.counts.Invalid+c.counts.Unknown)
		var words []string
		bar := barView{Name: c.name}
		for _, part := range []struct {
			n           int
			class, word string
		}{{c.counts.Verified, "verified", "verified"}, {c.counts.Absent, "absent", "none"}, {c.counts.Invalid, "invalid", "invalid"}, {c.counts.Unknown, "unknown", "unknown"}} {
			if part.n == 0 {
				continue
			}
			words = append(words, figure(part.n)+" "+part.word)
			x := 0
			if n := len(bar.Parts); n > 0 {
				x = bar.Parts[n-1].X + bar.Parts[n-1].Width
			}
			bar.Parts = append(bar.Parts, barPart{part.class, x, max(4, part.n*1000/all)})
		}
		bar.Words = strings.Join(words, ", ")
		out = append(out, bar)
	}
	return out
}

func (p *Pages) exceptionOf(s sheet, x policy.Excepted) exceptionView {
	by := report.PardonOf(x, *s.report)
	out := exceptionView{
		Mark: markOfFinding(x.Finding), Rule: legible(string(x.Rule), maxShown), Place: placeWords(x.Lockfile, x.Line), PlaceAt: p.fileAt(s, x.Lockfile, x.Line),
		Message: report.Terminal(x.Message), By: legible(by.By, maxShown), Until: legible(by.Until, maxShown), Source: report.Terminal(by.Source), So: report.Terminal(by.Reason),
	}
	out.About, out.AboutAt = s.about(x.Package, x.Lockfile)
	return out
}

// about is a package by name, and the address of its page, "" where it can have none.
func (s sheet) about(d dep.Package, lockfile string) (name, address string) {
	if d == (dep.Package{}) {
		return "", ""
	}
	name, purl := legible(d.ID(), maxShown), d.PURL()
	if len(purl)+len(lockfile) > maxPURL {
		return name, ""
	}
	v := url.Values{"purl": {purl}}
	if lockfile != "" {
		v.Set("lockfile", lockfile)
	}
	return name, s.below() + "/package?" + v.Encode()
}

func previewOf(v *report.Preview) *previewView {
	if v == nil {
		return nil
	}
	out := &previewView{Word: verdictOf(report.Report{Conclusion: v.Conclusion, WouldFail: v.WouldFail}).Word, From: report.Terminal(v.PolicyFrom)}
	for i, c := range v.Changes {
		if i == maxFindings {
			out.More = len(v.Changes) - i
			break
		}
		about := legible(c.Finding.Package.ID(), maxShown)
		if c.Finding.Package == (dep.Package{}) {
			about = placeWords(c.Finding.Lockfile, c.Finding.Line)
			if c.Finding.Count > 0 {
				about = several(c.Finding.Count, "package", "packages")
			}
		}
		out.Changes = append(out.Changes, previewChange{legible(string(c.Finding.Rule), maxShown), about, cmp.Or(legible(c.Was, maxShown), "–"), cmp.Or(legible(c.Is, maxShown), "–")})
	}
	for i, limit := range v.Limits {
		if i < maxNotes {
			out.Limits = append(out.Limits, report.Terminal(limit))
		}
	}
	return out
}

// commitPage shows what the check of a commit says: its one report, or the list of them.
func (p *Pages) commitPage(w http.ResponseWriter, r *http.Request) {
	v, ok := p.visit(w, r)
	if !ok {
		return
	}
	head := r.PathValue("commit")
	if !isCommit(head) {
		p.nothing(w, r)
		return
	}
	numbers, err := p.Store.SectionsAt(r.Context(), v.at.Installation, v.at.Owner, v.at.Name, head)
	switch {
	case err != nil:
		p.failed(w, r, err)
		return
	case len(numbers) == 0:
		p.nothing(w, r)
		return
	case len(numbers) == 1:
		if s, ok := p.sheetOf(w, r, v, numbers[0], head); ok {
			p.reportPage(w, r, s)
		}
		return
	}
	type section struct {
		Name, Address string
		Verdict       verdictView
		Judged        moment
	}
	type sections struct {
		Head     commit
		Sections []section
		More     int
	}
	one := sheet{visit: v, head: head}
	view := sections{Head: p.commit(one.owner(), one.name(), head)}
	for i, number := range numbers {
		if i == report.MaxSections {
			view.More = len(numbers) - i
			break
		}
		s, ok := p.sheetOf(w, r, v, number, head)
		if !ok {
			return
		}
		name := "Merge group"
		if number > 0 {
			name = "Pull request " + strconv.Itoa(number)
		}
		view.Sections = append(view.Sections, section{name, s.list(), verdictOf(*s.report), minuteOf(cmp.Or(s.report.At, s.at))})
	}
	p.show(w, r, http.StatusOK, "commit", frame{Title: "Commit " + head[:7] + " · " + legible(one.owner()+"/"+one.name(), maxShown), Crumbs: one.crumbs(), Data: view})
}
