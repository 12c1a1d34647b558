package web

import (
	"net/http"
	"strconv"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/store"
)

// History is what entered a default branch and left it.
func (a Addresses) History(owner, name string) string { return a.Repository(owner, name) + "/history" }

func (p *Pages) historyRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /r/{owner}/{name}/history", p.history)
}

// historyPage is what templates/history.html shows.
type historyPage struct {
	Owner, Name string
	Branch      string
	Rows        []holdingRow
	Paging      paging
	Looked      bool // there is an inventory
	TooFar      bool // the page that was asked for is behind the last one
}

// holdingRow is a package that a default branch has, or had.
type holdingRow struct {
	Package, Address, Lockfile string
	Came, Gone                 moment
	Head                       commit
	Number                     int // pull request that it came by, 0: not known
	Pull                       string
}

// history answers with what entered and left.
func (p *Pages) history(w http.ResponseWriter, r *http.Request) {
	v, ok := p.visit(w, r)
	if !ok {
		return
	}
	number := pageOf(r)
	first := (number - 1) * pageRows
	list, err := p.Store.Arrivals(r.Context(), v.at.Installation, v.at.ID, first, pageRows+1) // one more tells whether there is a further page
	if err != nil {
		p.failed(w, r, err)
		return
	}
	page := historyPage{
		Owner: legible(v.at.Owner, maxShown), Name: legible(v.at.Name, maxShown), Branch: legible(v.at.Branch, maxShown),
		Looked: v.at.Head != "", TooFar: len(list) == 0 && number > 1,
		Rows: p.holdings(v.at, list[:min(len(list), pageRows)]),
	}
	at := Addresses("").History(v.at.Owner, v.at.Name)
	page.Paging = paging{First: first + 1, Last: first + len(page.Rows)}
	if number > 1 {
		page.Paging.Newer = pageAt(at, number-1)
	}
	if len(list) > pageRows && number < maxPage {
		page.Paging.Further = pageAt(at, number+1)
	}
	p.show(w, r, http.StatusOK, "history", frame{
		Title:  "What came and left · " + page.Owner + "/" + page.Name,
		Crumbs: []crumb{{page.Owner, Addresses("").Owner(v.at.Owner)}, {page.Name, Addresses("").Repository(v.at.Owner, v.at.Name)}},
		Data:   page,
	})
}

func (p *Pages) holdings(at store.Repository, list []store.Holding) []holdingRow {
	rows := make([]holdingRow, len(list))
	for i, h := range list {
		rows[i] = p.holding(at, h)
	}
	return rows
}

func (p *Pages) holding(at store.Repository, h store.Holding) holdingRow {
	row := holdingRow{
		Package: packageID(h.Name, h.Version), Lockfile: legible(h.Lockfile, maxShown),
		Came: minuteOf(h.Came), Gone: minuteOf(h.Gone), Head: p.commit(at.Owner, at.Name, h.Head), Number: h.Number,
	}
	if h.Number > 0 {
		row.Pull = Addresses("").Pull(at.Owner, at.Name, h.Number, "")
	}
	if h.Gone.IsZero() {
		_, row.Address = packageAt(at, dep.Package{Ecosystem: dep.Ecosystem(h.Ecosystem), Name: h.Name, Version: h.Version}.PURL(), h.Lockfile)
	}
	return row
}

// pageOf is the page of a list that is asked for, from 1. What is no such number is the first.
func pageOf(r *http.Request) int {
	n, err := strconv.Atoi(r.URL.Query().Get("page"))
	if err != nil || n < 1 {
		return 1
	}
	return min(n, maxPage)
}

// pageAt is the address of a page of a list without other conditions.
func pageAt(at string, number int) string {
	if number == 1 {
		return at
	}
	return at + "?page=" + strconv.Itoa(number)
}
