package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/report"
)

// packageView is what the page of a package shows.
type packageView struct {
	Name, Version, Alias string
	PURL                 string
	Tags                 []string
	Report, ReportAt     string
	Change, From         string
	Compare              string
	Trust                string
	Published            moment
	Age                  string
	Source               string // "comes from git …", "" for a registry
	NotLooked            string
	Chains               []chainView // the version before stands last
	Differs              string      // what the two chains differ in, "" where there is one chain
	Findings             findingsView
	Excepted             []exceptionView
	Manifests            []placeView
	Places               []placeView
	MorePlaces           int
	Bundle               string // address of the raw bundles
}

// chainView is how a release came from its source to the lockfile.
type chainView struct {
	ID, Title string
	Trust     string
	Links     []linkView
}

// linkView is one link of it. Broken says that the way to the next one does not hold.
type linkView struct {
	Name    string
	Mark    stateMark
	Broken  bool
	Reason  string
	Facts   []factView
	Says    []string
	Differs string // "differs from …", "" where it does not
}

type factView struct {
	Name, Value, Address string
	Differs              bool
	Code                 bool
	When                 moment // where the value is a time
}

type placeView struct {
	Words, Address string
	Package        string // address of that row's page, "" for the one that is shown
	Note           string
}

// chosen finds the package that an address asks for: a row by its id, or the first one with
// a package URL, and in a lockfile where that is said.
func chosen(rep report.Report, v url.Values) (report.Row, bool) {
	if id := v.Get("id"); id != "" {
		if len(id) > maxCommit {
			return report.Row{}, false
		}
		return report.RowOf(rep, id)
	}
	purl, lockfile := v.Get("purl"), v.Get("lockfile")
	if purl == "" || len(purl)+len(lockfile) > maxPURL {
		return report.Row{}, false
	}
	rows := report.RowsWhere(rep, func(p report.Package) bool {
		return (lockfile == "" || p.Entry.Lockfile == lockfile) && p.Entry.Package.PURL() == purl
	})
	if len(rows) == 0 {
		return report.Row{}, false
	}
	return rows[0], true
}

// packagePage shows one package's chain of evidence.
func (p *Pages) packagePage(w http.ResponseWriter, r *http.Request, s sheet) {
	row, ok := chosen(*s.report, r.URL.Query())
	if !ok {
		p.nothing(w, r)
		return
	}
	e := row.Entry
	view := packageView{
		Name: shownName(e.Package.Name), Version: legible(e.Package.Version, maxShown), PURL: legible(e.Package.PURL(), maxFact), Tags: tagsOf(*row.Package),
		Report: s.title(), ReportAt: s.list(), Change: legible(string(row.Change), maxShown), From: legible(row.From, maxShown), Compare: row.Compare(),
		Trust: trustWords(row.Trust()), NotLooked: report.Terminal(row.NotLookedUp),
		Findings: p.findingsOf(s, row.Findings, maxFindings),
	}
	if e.Alias != "" {
		view.Alias = legible(e.Alias, maxShown)
	}
	if e.Source != "" && e.Source != dep.Registry {
		view.Source = legible(strings.TrimSpace(string(e.Source)+" "+e.Resolved), maxFact)
	}
	if !row.Published.IsZero() {
		view.Published, view.Age = minuteOf(row.Published), age(p.Clock().Sub(row.Published))
	}
	if row.NotLookedUp == "" {
		view.Chains = []chainView{chainOf("now", e.Package.ID(), *row.Package)}
		if was, ok := report.Before(*row.Package); ok && (row.Moved() || row.Lost()) {
			view.Chains = append(view.Chains, chainOf("before", was.Entry.Package.ID(), was))
			view.Differs = compareChains(&view.Chains[0], &view.Chains[1])
		}
		if p.Bundles != nil && attested(*row.Package) {
			view.Bundle = s.below() + "/bundle?id=" + url.QueryEscape(row.ID)
		}
	}
	for i, x := range row.Excepted {
		if i < maxFindings {
			view.Excepted = append(view.Excepted, p.exceptionOf(s, x))
		}
	}
	for _, m := range row.Manifests {
		view.Manifests = append(view.Manifests, placeView{Words: legible(m.Path, maxShown) + " as " + shownName(m.Name), Address: p.fileAt(s, m.Path, 0)})
	}
	for _, other := range report.RowsWhere(*s.report, func(q report.Package) bool { return q.Entry.Package == e.Package }) {
		if len(view.Places) == maxPlaces {
			view.MorePlaces++
			continue
		}
		o := other.Entry
		place := placeView{Words: placeWords(o.Lockfile, o.Line), Address: p.fileAt(s, o.Lockfile, o.Line)}
		if other.Occurrences > 1 {
			place.Note = "the first of " + several(other.Occurrences, "place", "places")
		}
		if other.ID != row.ID {
			place.Package = s.below() + "/package?id=" + url.QueryEscape(other.ID)
		}
		if place.Words != "" {
			view.Places = append(view.Places, place)
		}
	}
	p.show(w, r, http.StatusOK, "package", frame{
		Title:  view.Name + "@" + view.Version + " · " + s.title() + " · " + legible(s.owner()+"/"+s.name(), maxShown),
		Crumbs: append(s.crumbs(), crumb{s.title(), s.list()}),
		Data:   view,
	})
}

// attested says that the registry gave attestations of a package, whatever came of them.
func attested(p report.Package) bool {
	c := p.Checks()
	for _, s := range []provenance.State{c.Publish.State, c.Provenance.State} {
		if s == provenance.Verified || s == provenance.Invalid {
			return true
		}
	}
	return false
}

// chainOf draws the chain of a package.
func chainOf(id, title string, p report.Package) chainView {
	out := chainView{ID: id, Title: legible(title, maxShown), Trust: trustWords(p.Trust())}
	for _, l := range report.ChainOf(p) {
		v := linkView{Mark: markOfState(report.Package{}, provenance.State(l.State)), Reason: report.Terminal(l.Reason)}
		v.Broken = l.State != string(provenance.Verified)
		for _, f := range l.Facts {
			fact := factView{
				Name: legible(f.Name, maxShown), Value: legible(f.Value, maxFact), Address: f.Address,
				Code: !strings.Contains(f.Value, " "),
			}
			if at, err := time.Parse(time.RFC3339, f.Value); err == nil {
				fact.When, fact.Code = minuteOf(at), false
			}
			v.Facts = append(v.Facts, fact)
		}
		for _, s := range l.Says {
			v.Says = append(v.Says, report.Terminal(s))
		}
		for i, name := range strings.Split(l.Name, " → ") { // links that fall together
			v.Name = legible(name, maxShown)
			if i > 0 {
				v.Reason, v.Facts, v.Says = "", nil, nil
			}
			out.Links = append(out.Links, v)
		}
	}
	return out
}

// varies are the facts that differ between any two releases.
func varies() []string {
	return []string{"commit", "run", "log index", "logged", "digest", "attested", "registry", "dated by"}
}

// compareChains marks what differs between two chains, and names the links in which
// something does.
func compareChains(now, was *chainView) string {
	var names []string
	for i := range now.Links {
		a := &now.Links[i]
		j := slices.IndexFunc(was.Links, func(l linkView) bool { return l.Name == a.Name })
		if j < 0 {
			a.Differs = "not in the version before"
			continue
		}
		b := &was.Links[j]
		differs := a.Mark.Word != b.Mark.Word
		if differs { // then facts of the one have no counterpart in the other
			a.Differs, b.Differs = "differs from "+was.Title, "differs from "+now.Title
			names = append(names, a.Name)
			continue
		}
		for k := range a.Facts {
			f := &a.Facts[k]
			l := slices.IndexFunc(b.Facts, func(x factView) bool { return x.Name == f.Name })
			if slices.Contains(varies(), f.Name) || l >= 0 && b.Facts[l].Value == f.Value {
				continue
			}
			if f.Name == "ref" && l >= 0 && refKind(f.Value) == refKind(b.Facts[l].Value) {
				continue // another tag of the same kind: every release has its own
			}
			if f.Name == "signer" && l >= 0 && beforeRef(f.Value) == beforeRef(b.Facts[l].Value) {
				continue
			}
			f.Differs, differs = true, true
			if l >= 0 {
				b.Facts[l].Differs = true
			}
		}
		for l := range b.Facts {
			f := &b.Facts[l]
			if !slices.Contains(varies(), f.Name) && !slices.ContainsFunc(a.Facts, func(x factView) bool { return x.Name == f.Name }) {
				f.Differs, differs = true, true
			}
		}
		if differs {
			a.Differs, b.Differs = "differs from "+was.Title, "differs from "+now.Title
			names = append(names, a.Name)
		}
	}
	for i := range was.Links {
		if !slices.ContainsFunc(now.Links, func(l linkView) bool { return l.Name == was.Links[i].Name }) {
			was.Links[i].Differs = "not in " + now.Title
			names = append(names, was.Links[i].Name)
		}
	}
	return strings.Join(names, ", ")
}

// refKind is "refs/tags" of "refs/tags/v1".
func refKind(ref string) string {
	parts := strings.SplitN(ref, "/", 3)
	return strings.Join(parts[:min(2, len(parts))], "/")
}

// beforeRef is a signer without its ref.
func beforeRef(signer string) string {
	before, ref, _ := strings.Cut(signer, "@refs/")
	kind, _, _ := strings.Cut(ref, "/")
	return before + "@" + kind
}
