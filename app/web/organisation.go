package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/bonafide-app/bonafide/app/access"
	"github.com/bonafide-app/bonafide/app/store"
)

func (p *Pages) organisationRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /o/{owner}", p.organisation)
}

// organisationPage is what templates/organisation.html shows.
type organisationPage struct {
	Owner    string
	At       string // address without conditions
	Summary  []string
	Share    string // of packages with provenance; "" where there is no inventory
	Bar      string
	Filters  []choice
	Orders   []choice
	Rows     []standing
	Paging   paging
	Capped   bool // GitHub did not list all that the viewer may read
	Found    int
	All      int
	Asked    string // what is searched for, as it was written
	Answer   *useAnswer
	Refused  string // why a package that was asked for was not understood
	Ordering string
}

// choice is a link that narrows or orders a list.
type choice struct {
	Words, Address, Count string
	Chosen                bool
}

// narrowings are the filters of a list of repositories.
var narrowings = []struct {
	name, words string
	holds       func(standing) bool
}{
	{"", "all", func(standing) bool { return true }},
	{"failing", "with failing checks", func(s standing) bool { return s.Failing > 0 }},
	{"news", "with news", func(s standing) bool { return s.News > 0 }},
	{"problem", "with a problem at the last look", func(s standing) bool { return s.Problem != "" }},
	{"new", "not looked at yet", func(s standing) bool { return !s.Looked }},
}

// readable are the repositories of the App that the viewer may read. Where it has answered,
// ok is false.
func (p *Pages) readable(w http.ResponseWriter, r *http.Request) (list []access.Repository, signedIn, ok bool) {
	v, signedIn := p.Gate.Viewer(r)
	list, err := p.Gate.Repositories(r.Context(), v)
	switch {
	case errors.Is(err, access.ErrSignedOut), errors.Is(err, access.ErrNone) && !signedIn:
		p.signIn(w, r)
		return nil, false, false
	case errors.Is(err, access.ErrNone):
		list = nil
	case err != nil:
		p.failed(w, r, err)
		return nil, false, false
	}
	return list, signedIn, true
}

// organisation answers with the page of an organisation, or of a person who owns
// repositories: of those alone that the viewer may read. Where there are none, there is no
// page.
func (p *Pages) organisation(w http.ResponseWriter, r *http.Request) {
	all, signedIn, ok := p.readable(w, r)
	if !ok {
		return
	}
	asked := r.PathValue("owner")
	owned := ownedBy(all, asked)
	if len(owned) == 0 {
		if signedIn {
			p.nothing(w, r)
		} else {
			p.signIn(w, r)
		}
		return
	}
	owner := owned[0].Owner
	if respelled(w, r, owner, "") {
		return
	}
	page := organisationPage{Owner: legible(owner, maxShown), At: Addresses("").Owner(owner), All: len(owned), Capped: len(all) >= maxReadable}
	crumbs := []crumb(nil)
	title := page.Owner
	query := r.URL.Query()
	var err error
	if page.Asked = strings.TrimSpace(query.Get("package")); page.Asked != "" {
		title, crumbs = "Where is it used? · "+page.Owner, []crumb{{page.Owner, page.At}}
		err = p.where(r, owned, &page)
	} else {
		err = p.overview(r.Context(), owned, query, &page)
	}
	if err != nil {
		p.failed(w, r, err)
		return
	}
	status := http.StatusOK
	if page.Refused != "" {
		status = http.StatusBadRequest
	}
	p.show(w, r, status, "organisation", frame{Title: title, Crumbs: crumbs, Data: page})
}

// ownedBy are the repositories of an owner, in any case.
func ownedBy(list []access.Repository, owner string) (out []access.Repository) {
	for _, r := range list {
		if strings.EqualFold(r.Owner, owner) {
			out = append(out, r)
		}
	}
	return out
}

// overview lists the repositories, as the query asks.
func (p *Pages) overview(ctx context.Context, owned []access.Repository, query url.Values, page *organisationPage) error {
	known, err := p.Store.Standings(ctx, owned[0].Owner)
	if err != nil {
		return err
	}
	list := standingsOf(owned, known)
	t := totalOf(list)
	page.Summary = summaryOf(t)
	if t.Looked > 0 {
		page.Share, page.Bar = share(t.Proven, t.Packages), barOf(t.Proven, t.Packages)
	}
	show, kept := "", list
	for _, n := range narrowings {
		var found []standing
		for _, s := range list {
			if n.holds(s) {
				found = append(found, s)
			}
		}
		chosen := n.name == query.Get("show")
		if chosen {
			show, kept = n.name, found
		}
		if len(found) > 0 || chosen {
			page.Filters = append(page.Filters, choice{Words: n.words, Address: listAt(page.At, n.name, query.Get("sort"), 1), Count: figure(len(found)), Chosen: chosen})
		}
	}
	page.Ordering = order(kept, query.Get("sort"))
	for _, o := range []struct{ name, words string }{
		{"failing", "failing first"}, {"coverage", "least provenance first"}, {"news", "most news first"}, {"looked", "longest not looked at first"}, {"name", "by name"},
	} {
		page.Orders = append(page.Orders, choice{Words: o.words, Address: listAt(page.At, show, o.name, 1), Chosen: o.name == page.Ordering})
	}
	page.Found = len(kept)
	page.Rows, page.Paging = paged(kept, query, func(n int) string { return listAt(page.At, show, query.Get("sort"), n) })
	return nil
}

// listAt is the address of a list of repositories.
func listAt(at, show, sort string, page int) string {
	query := url.Values{}
	if show != "" {
		query.Set("show", show)
	}
	if sort != "" {
		query.Set("sort", sort)
	}
	if page > 1 {
		query.Set("page", strconv.Itoa(page))
	}
	if len(query) == 0 {
		return at
	}
	return at + "?" + query.Encode()
}

// paged is the page of a list that a query asks for; what lies behind the last page is the
// last one.
func paged[T any](list []T, query url.Values, at func(page int) string) ([]T, paging) {
	number, err := strconv.Atoi(query.Get("page"))
	pages := max(1, (len(list)+pageRows-1)/pageRows)
	if err != nil || number < 1 {
		number = 1
	}
	number = min(number, pages)
	first := (number - 1) * pageRows
	rows := list[first:min(first+pageRows, len(list))]
	out := paging{First: first + 1, Last: first + len(rows), All: len(list)}
	if number > 1 {
		out.Newer = at(number - 1)
	}
	if number < pages {
		out.Further = at(number + 1)
	}
	return rows, out
}

// summaryOf says in sentences what a list of repositories comes to.
func summaryOf(t total) (out []string) {
	if t.Looked == 0 {
		return []string{"None of " + several(t.Repositories, "repository", "repositories") + " has been looked at yet."}
	}
	first := coverageSentence(store.Coverage{Packages: t.Packages, Signed: t.Signed, Proven: t.Proven})
	if t.Packages == 0 {
		first = "The lockfiles of the default branches hold no package."
	}
	out = append(out, first)
	switch {
	case t.Open == 0:
		out = append(out, "No open pull request has a check.")
	case t.Failing == 0:
		out = append(out, "The checks of "+several(t.Open, "open pull request", "open pull requests")+" all pass.")
	default:
		out = append(out, figure(t.Failing)+" of "+several(t.Open, "open pull request", "open pull requests")+" "+
			either(t.Failing == 1, "does", "do")+" not pass, in "+several(t.FailingIn, "repository", "repositories")+".")
	}
	if t.News > 0 {
		out = append(out, "The evidence of "+several(t.News, "package", "packages")+" in use has changed, in "+several(t.NewsIn, "repository", "repositories")+".")
	}
	if t.Late > 0 {
		out = append(out, "There was a problem at the last look at "+several(t.Late, "repository", "repositories")+".")
	}
	if waiting := t.Repositories - t.Looked; waiting > 0 {
		out = append(out, several(waiting, "repository has", "repositories have")+" not been looked at yet.")
	}
	return out
}

func either(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}
