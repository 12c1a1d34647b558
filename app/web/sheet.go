package web

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/bonafide-app/bonafide/app/report"
)

// inventoryNumber stands for the inventory of a default branch where others have the number
// of a pull request.
const inventoryNumber = -1

// sheet is a stored report that is shown, and where its pages are.
type sheet struct {
	visit
	number int // pull request, 0: a merge group, inventoryNumber
	head   string
	at     time.Time // when it was judged
	report *report.Report
	newest string // head of the pull request's newest report, "" where that is not asked
}

// reportRoutes answers for the pages of reports. Each report has a list of packages, and
// below it the page of a package, exports and bundles.
func (p *Pages) reportRoutes(mux *http.ServeMux) {
	type find func(http.ResponseWriter, *http.Request) (sheet, bool)
	below := func(path string, s find) {
		mux.HandleFunc("GET "+path+"/package", func(w http.ResponseWriter, r *http.Request) {
			if s, ok := s(w, r); ok {
				p.packagePage(w, r, s)
			}
		})
		mux.HandleFunc("GET "+path+"/export", func(w http.ResponseWriter, r *http.Request) {
			if s, ok := s(w, r); ok {
				p.export(w, r, s)
			}
		})
		mux.HandleFunc("GET "+path+"/bundle", func(w http.ResponseWriter, r *http.Request) {
			if s, ok := s(w, r); ok {
				p.bundle(w, r, s)
			}
		})
	}
	list := func(path string, s find) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			if s, ok := s(w, r); ok {
				p.reportPage(w, r, s)
			}
		})
	}
	const repository = "/r/{owner}/{name}"
	for path, s := range map[string]find{
		repository + "/pull/{number}":         p.pullSheet,
		repository + "/pull/{number}/{head}":  p.pullSheet,
		repository + "/commit/{commit}/group": p.groupSheet,
	} {
		list(path, s)
		below(path, s)
	}
	list(repository+"/packages", p.inventorySheet)
	below(repository, p.inventorySheet)
	mux.HandleFunc("GET "+repository+"/commit/{commit}", p.commitPage)
}

// pullSheet is the report of a pull request: the newest, or that of a head. Where there is
// none it has answered.
func (p *Pages) pullSheet(w http.ResponseWriter, r *http.Request) (sheet, bool) {
	v, ok := p.visit(w, r)
	if !ok {
		return sheet{}, false
	}
	number, ok := pullNumber(r.PathValue("number"))
	if !ok {
		p.nothing(w, r)
		return sheet{}, false
	}
	newest, ok, err := p.Store.LastHead(r.Context(), v.at.Installation, v.at.Owner, v.at.Name, number)
	switch {
	case err != nil:
		p.failed(w, r, err)
		return sheet{}, false
	case !ok:
		p.nothing(w, r)
		return sheet{}, false
	}
	s, ok := p.sheetOf(w, r, v, number, cmp.Or(r.PathValue("head"), newest))
	s.newest = newest
	return s, ok
}

// groupSheet is the report of a merge group.
func (p *Pages) groupSheet(w http.ResponseWriter, r *http.Request) (sheet, bool) {
	v, ok := p.visit(w, r)
	if !ok {
		return sheet{}, false
	}
	return p.sheetOf(w, r, v, 0, r.PathValue("commit"))
}

// sheetOf reads a stored report. Where there is none it has answered.
func (p *Pages) sheetOf(w http.ResponseWriter, r *http.Request, v visit, number int, head string) (sheet, bool) {
	if !isCommit(head) {
		p.nothing(w, r)
		return sheet{}, false
	}
	at := v.at
	judged, ok, err := p.Store.ReportAt(r.Context(), at.Installation, at.Owner, at.Name, number, head)
	var read parsedReport
	if ok && err == nil {
		read, ok, err = p.parsed.read(r.Context(), editionOf(v, number, head, judged), func() (document, bool, error) {
			stored, ok, err := p.Store.Report(r.Context(), at.Installation, at.Owner, at.Name, number, head)
			return document{editionOf(v, number, head, stored.At), stored.JSON}, ok, err
		})
	}
	switch {
	case err != nil:
		p.failed(w, r, err)
		return sheet{}, false
	case !ok:
		p.nothing(w, r)
		return sheet{}, false
	}
	return sheet{visit: v, number: number, head: head, at: read.at, report: read.report}, true
}

// inventorySheet is the report about all packages of a default branch.
func (p *Pages) inventorySheet(w http.ResponseWriter, r *http.Request) (sheet, bool) {
	v, ok := p.visit(w, r)
	if !ok {
		return sheet{}, false
	}
	at := v.at
	if at.Head == "" {
		p.nothing(w, r)
		return sheet{}, false
	}
	read, ok, err := p.parsed.read(r.Context(), editionOf(v, inventoryNumber, at.Head, at.At), func() (document, bool, error) {
		i, ok, err := p.Store.InventoryOf(r.Context(), at.Installation, at.ID)
		return document{editionOf(v, inventoryNumber, i.Head, i.At), i.JSON}, ok && len(i.JSON) > 0, err
	})
	switch {
	case err != nil:
		p.failed(w, r, err)
		return sheet{}, false
	case !ok:
		p.nothing(w, r)
		return sheet{}, false
	}
	return sheet{visit: v, number: inventoryNumber, head: read.head, at: read.at, report: read.report}, true
}

// owner and name are those that the repository has at GitHub now.
func (s sheet) owner() string { return cmp.Or(s.seen.Owner, s.visit.at.Owner) }
func (s sheet) name() string  { return cmp.Or(s.seen.Name, s.visit.at.Name) }

// list is the address of the list of packages.
func (s sheet) list() string {
	if s.number == inventoryNumber {
		return Addresses("").Inventory(s.owner(), s.name())
	}
	return Addresses("").Report(s.owner(), s.name(), s.number, s.head)
}

// below is what the addresses of the list's other pages begin with.
func (s sheet) below() string {
	if s.number == inventoryNumber {
		return Addresses("").Repository(s.owner(), s.name())
	}
	return s.list()
}

// title is what the report is about.
func (s sheet) title() string {
	switch s.number {
	case inventoryNumber:
		return "Packages"
	case 0:
		return "Merge group " + s.head[:7]
	}
	return "Pull request " + strconv.Itoa(s.number)
}

// heading is the title on the report's own page.
func (s sheet) heading() string {
	if s.number == inventoryNumber {
		return "Packages of " + legible(s.owner()+"/"+s.name(), maxShown)
	}
	return s.title()
}

// crumbs is the way to the report.
func (s sheet) crumbs() []crumb {
	return []crumb{
		{legible(s.owner(), maxShown), Addresses("").Owner(s.owner())},
		{legible(s.name(), maxShown), Addresses("").Repository(s.owner(), s.name())},
	}
}

// fileAt is a line of a file at GitHub, as the report's commit has it, "" where there is no
// such address.
func (p *Pages) fileAt(s sheet, path string, line int) string {
	if p.GitHub == "" || path == "" || len(path) > maxChosen || !isCommit(s.head) || !pathSegment(s.owner()) || !pathSegment(s.name()) {
		return ""
	}
	for segment := range strings.SplitSeq(path, "/") {
		if !pathSegment(strings.Map(func(r rune) rune {
			if r == '@' || r == '+' { // as workspaces have them; nothing to an address
				return '_'
			}
			return r
		}, segment)) {
			return ""
		}
	}
	at := p.GitHub + "/" + s.owner() + "/" + s.name() + "/blob/" + s.head + "/" + path
	if line > 0 {
		at += "#L" + strconv.Itoa(line)
	}
	return at
}

// pullNumber reads the number of a pull request.
func pullNumber(s string) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && n > 0 && n <= maxNumber && strconv.Itoa(n) == s
}

// isCommit says whether s is a whole git object id, SHA-1 or SHA-256.
func isCommit(s string) bool {
	return (len(s) == 40 || len(s) == maxCommit) && strings.Trim(s, "0123456789abcdef") == ""
}
