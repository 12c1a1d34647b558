package web

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/package-url/packageurl-go"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/store"
)

func (p *Pages) repositoryRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /r/{owner}/{name}", p.repository)
}

// repositoryPage is what templates/repository.html shows.
type repositoryPage struct {
	Owner, Name, GitHub     string // GitHub: its address there, "" for none
	Private                 bool
	Branch                  string
	Head                    commit
	Made, Looked            moment
	Problem                 string
	Inventory, History      string // addresses
	Coverage                *coverage
	News                    []newsRow
	MoreNews                int
	Pulls                   []pullRow
	PullsFailing, PullsOpen int
	MorePulls               bool
	Exceptions              []exceptionRow
	MoreExceptions          int
	Overdue, Ending         int
	ExceptionsUnread        bool
	Accepted                []acceptedRow
	MoreAccepted            bool
	Recent                  []holdingRow
	Badge                   badgePart
}

// coverage is how many packages of a default branch could say where they come from.
type coverage struct {
	Sentence, Trend string
	Bar, Share      string
	Links           []filterLink
	Chart           template.HTML // "" where a chart would show nothing
	Days            []coverageDay // the newest first
}

// filterLink is a list of packages with a condition, and how many there are.
type filterLink struct{ Words, Address, Count string }

type coverageDay struct {
	Day                      moment
	Packages, Signed, Proven string
	Share                    string
	Head                     commit
}

type newsRow struct {
	Package, Address, What, Detail string
	Class, Sign                    string
	Since                          moment
}

type pullRow struct {
	Number          int
	Address, GitHub string
	Mark            verdictMark
	Branch          string
	Head            commit
	Judged          moment
	Doubt           moment // since when its evidence cannot be had again
	conclusion      string
}

type exceptionRow struct {
	Package, Rules, Reason, Owner, Where string
	Expires                              moment
	State                                string // "ended", "ends soon", ""
	Class, Sign                          string
	expires                              time.Time
}

type acceptedRow struct {
	Number                  int
	Address                 string
	Package, Rule, Lockfile string
	By, Role, Reason        string
	ByAuthor                bool
}

// repository answers with the page of a repository.
func (p *Pages) repository(w http.ResponseWriter, r *http.Request) {
	v, ok := p.visit(w, r)
	if !ok {
		return
	}
	page, err := p.repositoryPage(r.Context(), v)
	if err != nil {
		p.failed(w, r, err)
		return
	}
	p.show(w, r, http.StatusOK, "repository", frame{
		Title:  page.Owner + "/" + page.Name,
		Crumbs: []crumb{{page.Owner, Addresses("").Owner(v.at.Owner)}},
		Data:   page,
	})
}

func (p *Pages) repositoryPage(ctx context.Context, v visit) (repositoryPage, error) {
	at, here, now := v.at, Addresses(""), p.Clock().UTC()
	page := repositoryPage{
		Owner: legible(at.Owner, maxShown), Name: legible(at.Name, maxShown), Private: v.seen.Private,
		Branch: legible(at.Branch, maxShown), Head: p.commit(at.Owner, at.Name, at.Head),
		Made: minuteOf(at.At), Looked: minuteOf(at.Looked), Problem: legible(at.Problem, maxSaid),
		Inventory: here.Inventory(at.Owner, at.Name), History: here.History(at.Owner, at.Name),
	}
	if p.GitHub != "" && pathSegment(at.Owner) && pathSegment(at.Name) {
		page.GitHub = p.GitHub + "/" + at.Owner + "/" + at.Name
	}
	if at.Head != "" {
		list, err := p.Store.CoverageOf(ctx, at.Installation, at.ID, now.Add(-chartSpan))
		if err != nil {
			return repositoryPage{}, err
		}
		page.Coverage = p.coverage(at, list, now)
		if err := p.exceptions(ctx, at, now, &page); err != nil {
			return repositoryPage{}, err
		}
		recent, err := p.Store.Arrivals(ctx, at.Installation, at.ID, 0, maxRecent)
		if err != nil {
			return repositoryPage{}, err
		}
		page.Recent = p.holdings(at, recent)
	}
	news, err := p.Store.NewsOf(ctx, at.Installation, at.ID)
	if err != nil {
		return repositoryPage{}, err
	}
	page.News, page.MoreNews = newsOf(at, news)
	if err := p.pulls(ctx, at, &page); err != nil {
		return repositoryPage{}, err
	}
	page.Badge, err = p.badgePart(ctx, v)
	return page, err
}

// coverage says how many packages have provenance: today in words, over time as a chart and
// as the numbers behind it. nil where there is no figure at all.
func (p *Pages) coverage(at store.Repository, list []store.Coverage, now time.Time) *coverage {
	if len(list) == 0 {
		return nil
	}
	last, inventory := list[len(list)-1], Addresses("").Inventory(at.Owner, at.Name)
	c := &coverage{Sentence: coverageSentence(last), Trend: trend(list, now), Bar: barOf(last.Proven, last.Packages), Share: share(last.Proven, last.Packages)}
	for _, l := range []struct {
		words, query string
		count        int
	}{
		{"all packages", "", last.Packages},
		{"without provenance", "?provenance=not-verified", last.Packages - last.Proven},
		{"not signed", "?signature=not-verified", last.Packages - last.Signed},
		{"in production", "?scope=prod", -1},
	} {
		f := filterLink{Words: l.words, Address: inventory + l.query}
		if l.count >= 0 {
			f.Count = figure(l.count)
		}
		c.Links = append(c.Links, f)
	}
	if len(list) > 1 {
		c.Chart = chartOf(list)
	}
	for _, d := range slices.Backward(list) {
		c.Days = append(c.Days, coverageDay{dayOf(d.Day), figure(d.Packages), figure(d.Signed), figure(d.Proven), share(d.Proven, d.Packages), p.commit(at.Owner, at.Name, d.Head)})
	}
	return c
}

func coverageSentence(c store.Coverage) string {
	switch {
	case c.Packages == 0:
		return "The lockfiles of the default branch hold no package."
	case c.Packages == 1:
		return fmt.Sprintf("%d of 1 package has provenance, %d is signed.", c.Proven, c.Signed)
	}
	have, are := "have", "are"
	if c.Proven == 1 {
		have = "has"
	}
	if c.Signed == 1 {
		are = "is"
	}
	return fmt.Sprintf("%s of %s packages %s provenance, %s %s signed.", figure(c.Proven), figure(c.Packages), have, figure(c.Signed), are)
}

// trend compares the last figure with that of 30 days ago, or, where there is none that
// old, with the first.
func trend(list []store.Coverage, now time.Time) string {
	last, then, when := list[len(list)-1], list[0], ""
	for _, c := range list {
		if !c.Day.After(now.Add(-trendSpan)) {
			then, when = c, "30 days ago"
		}
	}
	if when == "" {
		if len(list) == 1 {
			return "This is the first figure; from tomorrow on there is something to compare it with."
		}
		when = then.Day.UTC().Format(time.DateOnly) + ", the first day with a figure"
	}
	figures := fmt.Sprintf("(%s of %s, %s)", figure(then.Proven), figure(then.Packages), share(then.Proven, then.Packages))
	on := when
	if !strings.HasPrefix(when, "30") {
		on = "on " + when
	}
	switch d := cmp.Compare(last.Proven*then.Packages, then.Proven*last.Packages); {
	case then.Packages == 0 || last.Packages == 0:
		return fmt.Sprintf("There were %s %s.", several(then.Packages, "package", "packages"), on)
	case d > 0:
		return fmt.Sprintf("Better than %s %s.", on, figures)
	case d < 0:
		return fmt.Sprintf("Worse than %s %s.", on, figures)
	}
	return fmt.Sprintf("The same share as %s %s.", on, figures)
}

// newsWords are what can change about a package in use, the gravest first.
var newsWords = []struct{ kind, words, class, sign string }{
	{"malware", "named as malware", "invalid", "✗"},
	{"removed", "removed from the registry", "invalid", "✗"},
	{"key-withdrawn", "the registry's signature no longer holds", "invalid", "✗"},
	{"provenance-gone", "the provenance is gone", "invalid", "✗"},
	{"deprecated", "deprecated by the maintainers", "warning", "!"},
}

// newsOf are the rows of what has changed about packages in use, the gravest and then the
// newest first, and how many are left out.
func newsOf(at store.Repository, list []store.News) (rows []newsRow, more int) {
	rank := func(kind string) int {
		return slices.IndexFunc(newsWords, func(n struct{ kind, words, class, sign string }) bool { return n.kind == kind })
	}
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b store.News) int {
		return cmp.Or(cmp.Compare(rank(a.Kind), rank(b.Kind)), b.Since.Compare(a.Since), cmp.Compare(a.PURL, b.PURL))
	})
	for _, n := range list[:min(len(list), maxNews)] {
		row := newsRow{What: legible(n.Kind, maxShown), Class: "unknown", Sign: "?", Detail: legible(n.Detail, maxSaid), Since: dayOf(n.Since)}
		if i := rank(n.Kind); i >= 0 {
			row.What, row.Class, row.Sign = newsWords[i].words, newsWords[i].class, newsWords[i].sign
		}
		row.Package, row.Address = packageAt(at, n.PURL, "")
		rows = append(rows, row)
	}
	return rows, len(list) - len(rows)
}

// packageAt is a package of an inventory by its package URL: its name, and the address of
// its page.
func packageAt(at store.Repository, purl, lockfile string) (name, address string) {
	u, err := packageurl.FromString(purl)
	if err != nil {
		return legible(purl, maxShown), ""
	}
	name = u.Name
	if u.Namespace != "" {
		name = u.Namespace + "/" + u.Name
	}
	query := url.Values{"purl": {purl}}
	if lockfile != "" {
		query.Set("lockfile", lockfile)
	}
	return packageID(name, u.Version), Addresses("").Repository(at.Owner, at.Name) + "/package?" + query.Encode()
}

// pulls adds the open pull requests: what does not pass first, then the newest.
func (p *Pages) pulls(ctx context.Context, at store.Repository, page *repositoryPage) error {
	list, err := p.Store.OpenPulls(ctx, at.Installation, at.ID, maxPulls)
	if err != nil {
		return err
	}
	for _, v := range list {
		row := pullRow{
			Number: v.Number, Address: Addresses("").Pull(at.Owner, at.Name, v.Number, ""), GitHub: p.pullAt(at.Owner, at.Name, v.Number),
			Mark: markOf(v.Conclusion), Branch: legible(v.BaseRef, maxShown), Head: p.commit(at.Owner, at.Name, v.Head),
			Judged: minuteOf(v.Judged), Doubt: dayOf(v.Doubt), conclusion: v.Conclusion,
		}
		if !passes(v.Conclusion) {
			page.PullsFailing++
		}
		page.Pulls = append(page.Pulls, row)
	}
	slices.SortFunc(page.Pulls, func(a, b pullRow) int {
		return cmp.Or(whether(passes(a.conclusion), passes(b.conclusion)), cmp.Compare(b.Number, a.Number))
	})
	page.PullsOpen, page.MorePulls = len(list), len(list) == maxPulls
	accepted, err := p.Store.OpenAcceptances(ctx, at.Installation, at.ID, maxAccepted)
	if err != nil {
		return err
	}
	for _, a := range accepted {
		page.Accepted = append(page.Accepted, acceptedRow{
			Number: a.Number, Address: Addresses("").Pull(at.Owner, at.Name, a.Number, ""),
			Package: packageID(a.Name, a.Version), Rule: legible(a.Rule, maxShown), Lockfile: legible(a.Lockfile, maxShown),
			By: legible(a.By, maxShown), Role: legible(a.Role, maxShown), Reason: legible(a.Reason, maxSaid), ByAuthor: a.ByAuthor,
		})
	}
	page.MoreAccepted = len(accepted) == maxAccepted
	return nil
}

// exceptions adds those of the policy: what has ended first, then what ends next.
func (p *Pages) exceptions(ctx context.Context, at store.Repository, now time.Time, page *repositoryPage) error {
	document, ok, err := p.Store.ExceptionsOf(ctx, at.Installation, at.ID)
	if err != nil || !ok || len(document) == 0 {
		return err
	}
	var list []policy.Exception
	if err := json.Unmarshal(document, &list); err != nil {
		p.Logger.Error().Err(err).Int64("repository_id", at.ID).Msg("the stored exceptions of a policy cannot be read")
		page.ExceptionsUnread = true
		return nil
	}
	for _, x := range list {
		rules := make([]string, len(x.Rules))
		for i, r := range x.Rules {
			rules[i] = string(r)
		}
		row := exceptionRow{
			Package: legible(x.Package, maxShown), Rules: legible(strings.Join(rules, ", "), maxSaid), Reason: legible(x.Reason, maxSaid),
			Owner: legible(x.Owner, maxShown), Expires: dayOf(x.Expires), expires: x.Expires, Class: "verified", Sign: "✓",
		}
		if x.Line > 0 {
			row.Where = fmt.Sprintf("line %d", x.Line)
			if x.File != "" {
				row.Where = legible(x.File, maxShown) + ", " + row.Where
			}
		}
		switch {
		case x.Expired(now):
			row.State, row.Class, row.Sign = "ended", "invalid", "✗"
			page.Overdue++
		case x.Expired(now.Add(soon)):
			row.State, row.Class, row.Sign = "ends soon", "warning", "!"
			page.Ending++
		}
		page.Exceptions = append(page.Exceptions, row)
	}
	slices.SortStableFunc(page.Exceptions, func(a, b exceptionRow) int { return a.expires.Compare(b.expires) })
	if n := len(page.Exceptions); n > maxExceptions {
		page.Exceptions, page.MoreExceptions = page.Exceptions[:maxExceptions], n-maxExceptions
	}
	return nil
}

// respelled sends a GET by another spelling of a name to the one that GitHub has. It is
// asked only once the viewer may see what is there: the spelling tells that there is
// something.
func respelled(w http.ResponseWriter, r *http.Request, owner, name string) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	parts := strings.SplitN(r.URL.EscapedPath(), "/", 5) // "", "r", owner, name, the rest
	if len(parts) < 3 {
		return false
	}
	differs := r.PathValue("owner") != owner
	parts[2] = url.PathEscape(owner)
	if len(parts) > 3 {
		differs = differs || r.PathValue("name") != name
		parts[3] = url.PathEscape(name)
	}
	if !differs {
		return false
	}
	to := strings.Join(parts, "/")
	if r.URL.RawQuery != "" {
		to += "?" + r.URL.RawQuery
	}
	w.Header().Set("Cache-Control", "no-store") // names change hands
	http.Redirect(w, r, to, http.StatusTemporaryRedirect)
	return true
}
