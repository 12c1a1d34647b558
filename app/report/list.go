package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// NotVerified stands in a Query for every state but verified: "without provenance".
const NotVerified provenance.State = "not-verified"

// Sort says in which order a list stands. Rows of equal rank stand by name, then as the
// report has them.
type Sort string

// The orders of a list.
const (
	ByFindings Sort = "findings" // the gravest first; what "" means
	ByName     Sort = "name"
	ByTrust    Sort = "trust" // the lowest first
	ByAge      Sort = "age"   // the youngest release first; last those that nobody knows the age of
)

// Query says which packages of a report a list shows. Its conditions add up; the zero Query
// is the first page of all.
type Query struct {
	Signature, Provenance, Digest provenance.State // one of the four, or NotVerified; never of removed packages

	Rule     policy.RuleName // a finding of it, or an excepted one, is about the package
	Lockfile string
	Scope    dep.Scope
	Change   dep.ChangeKind
	Text     string // part of name@version or of the alias, in upper or lower case
	Sort     Sort
	Page     int // from 1; what is less is the first page, what is more the last one
}

// Listing is one page of a list.
type Listing struct {
	Rows   []Row // at most ListPage
	First  int   // number of the first row in the list, from 1; 0 where there is none
	Found  int   // rows of all pages
	All    int   // rows without any condition
	Page   int
	Pages  int // at least 1
	Facets Facets
	// Others are the findings about no package of the report: about files or the policy, and
	// those of one cause that name no package. No condition leaves any of them out.
	Others         []policy.Finding
	OthersExcepted []policy.Excepted
}

// Row is one package, with what was found about it.
type Row struct {
	ID       string // of the row in its report: 16 letters and digits, seldom with "-2" behind them
	*Package        // the report's own
	Findings []policy.Finding
	Excepted []policy.Excepted
}

// Facets are the values that each condition can have, and how many rows there would be with
// it and all the others as they are. Values that no package of the report has are left out.
type Facets struct{ Signature, Provenance, Digest, Rule, Lockfile, Scope, Change []Facet }

// Facet is a value and its number of rows.
type Facet struct {
	Value string
	Count int
}

// List is the page of a report's packages that a query asks for.
func List(r Report, q Query) Listing {
	rows := rowsOf(r)
	out := Listing{All: len(rows)}
	out.Others, out.OthersExcepted = others(r)
	var counts [conditions]map[string]int
	for i := range counts {
		counts[i] = make(map[string]int)
	}
	asked, text := q.asked(), strings.ToLower(q.Text)
	kept := make([]*Row, 0, len(rows))
	for i := range rows {
		row := &rows[i]
		values := row.values()
		failed, missed := 0, 0 // the conditions that are not met, and one of them
		for i, value := range asked {
			if value != "" && !slices.Contains(values[i], value) {
				failed, missed = failed+1, i
			}
		}
		if !row.holds(text) {
			failed += conditions
		}
		for i := range values {
			for _, value := range values[i] {
				counts[i][value] += 0 // it is a value of the report, whether or not of this list
				if failed == 0 || failed == 1 && missed == i {
					counts[i][value]++
				}
			}
		}
		if failed == 0 {
			kept = append(kept, row)
		}
	}
	out.Facets = Facets{
		facets(counts[0], states()), facets(counts[1], states()), facets(counts[2], states()), facets(counts[3], nil), facets(counts[4], nil),
		facets(counts[5], []string{string(dep.Prod), string(dep.Dev), string(dep.Optional), string(dep.Peer)}),
		facets(counts[6], []string{string(dep.Added), string(dep.Updated), string(dep.Repinned), string(dep.Removed)}),
	}
	q.Sort.order(kept)
	out.Found = len(kept)
	out.Pages = max(1, (len(kept)+ListPage-1)/ListPage)
	out.Page = min(max(q.Page, 1), out.Pages)
	from := (out.Page - 1) * ListPage
	for _, row := range kept[from:min(from+ListPage, len(kept))] {
		out.Rows = append(out.Rows, *row)
	}
	if len(out.Rows) > 0 {
		out.First = from + 1
	}
	return out
}

// RowOf is the row of an ID; ok is false where the report has none.
func RowOf(r Report, id string) (row Row, ok bool) {
	rows := rowsOf(r)
	for i := range rows {
		if rows[i].ID == id {
			return rows[i], true
		}
	}
	return Row{}, false
}

// conditions is the number of a query's conditions that have facets.
const conditions = 7

// asked are the values of the conditions, "" for any.
func (q Query) asked() [conditions]string {
	return [conditions]string{
		string(q.Signature), string(q.Provenance), string(q.Digest),
		string(q.Rule), q.Lockfile, string(q.Scope), string(q.Change),
	}
}

// values are what a row has for each condition.
func (r *Row) values() (out [conditions][]string) {
	if r.Change != dep.Removed {
		for i, c := range []provenance.Check{r.signature(), r.provenance(), r.digest()} {
			out[i] = append(out[i], string(c.State))
			if c.State != provenance.Verified {
				out[i] = append(out[i], string(NotVerified))
			}
		}
	}
	add := func(i int, value string) {
		if value != "" && !slices.Contains(out[i], value) {
			out[i] = append(out[i], value)
		}
	}
	for _, f := range r.Findings {
		add(3, string(f.Rule))
	}
	for _, x := range r.Excepted {
		add(3, string(x.Rule))
	}
	add(4, r.Entry.Lockfile)
	if !r.Entry.Unsaid.Has(dep.FactScope) {
		add(5, string(r.Entry.Scope))
	}
	add(6, string(r.Change))
	return out
}

// holds looks for text, in lower case, in the names of a package.
func (r *Row) holds(text string) bool {
	return text == "" || strings.Contains(strings.ToLower(r.Entry.Package.ID()), text) || strings.Contains(strings.ToLower(r.Entry.Alias), text)
}

func states() []string {
	return []string{string(provenance.Verified), string(provenance.Absent), string(provenance.Invalid), string(provenance.Unknown), string(NotVerified)}
}

// facets are counts in an order that is given; what has no place in it stands last, by name.
func facets(counts map[string]int, order []string) []Facet {
	place := func(value string) int {
		if i := slices.Index(order, value); i >= 0 {
			return i
		}
		return len(order)
	}
	out := make([]Facet, 0, len(counts))
	for value, n := range counts {
		out = append(out, Facet{value, n})
	}
	slices.SortFunc(out, func(a, b Facet) int {
		return cmp.Or(cmp.Compare(place(a.Value), place(b.Value)), cmp.Compare(a.Value, b.Value))
	})
	return out
}

// order sorts rows, which stand as the report has them.
func (s Sort) order(rows []*Row) {
	type ranked struct {
		row      *Row
		rank, at int
	}
	list := make([]ranked, len(rows)) // counted once, compared often
	for i, r := range rows {
		list[i] = ranked{row: r, at: i}
		switch s {
		case ByName, ByAge:
		case ByTrust:
			list[i].rank = standing(*r.Package)
		default:
			list[i].rank = -r.gravity()
		}
	}
	slices.SortFunc(list, func(a, b ranked) int {
		by := cmp.Compare(a.rank, b.rank)
		if s == ByAge {
			by = b.row.Published.Compare(a.row.Published)
		}
		if by != 0 {
			return by
		}
		x, y := &a.row.Entry.Package, &b.row.Entry.Package
		return cmp.Or(strings.Compare(x.Name, y.Name), strings.Compare(x.Version, y.Version), cmp.Compare(a.at, b.at))
	})
	for i, r := range list {
		rows[i] = r.row
	}
}

// standing ranks a package by what is known for it, the worst first.
func standing(p Package) int {
	worst := 0
	for _, c := range []provenance.Check{p.signature(), p.provenance(), p.digest()} {
		worst = max(worst, weight(c.State))
	}
	if worst > weight(provenance.Absent) {
		return -worst
	}
	return slices.Index([]provenance.Trust{provenance.TrustNone, provenance.TrustSigned, provenance.TrustProvenance, provenance.TrustTrustedPublisher}, p.trust())
}

// gravity is that of the gravest finding; what is excepted counts less than a notice.
func (r *Row) gravity() int {
	if len(r.Findings) == 0 {
		return -1 + min(1, len(r.Excepted))
	}
	worst := 0
	for _, f := range r.Findings {
		worst = max(worst, gravity(f))
	}
	return worst
}

// rowsOf are all packages with what was found about them, in the order of the report.
func rowsOf(r Report) []Row {
	findings, excepted := make(map[named][]policy.Finding), make(map[named][]policy.Excepted)
	for _, f := range r.Findings {
		for _, at := range namedBy(f) {
			findings[at] = append(findings[at], f)
		}
	}
	for _, x := range r.Excepted {
		for _, at := range namedBy(x.Finding) {
			excepted[at] = append(excepted[at], x)
		}
	}
	ids := make(map[string]int, len(r.Packages))
	rows := make([]Row, len(r.Packages))
	for i := range r.Packages {
		p := &r.Packages[i]
		id, at := rowID(p), named{p.Entry.Package.ID(), p.Entry.Lockfile}
		if ids[id]++; ids[id] > 1 {
			id += "-" + strconv.Itoa(ids[id])
		}
		rows[i] = Row{ID: id, Package: p, Findings: findings[at], Excepted: excepted[at]}
	}
	return rows
}

// others are the findings that no row has.
func others(r Report) (findings []policy.Finding, excepted []policy.Excepted) {
	if len(r.Findings)+len(r.Excepted) == 0 {
		return nil, nil
	}
	known := make(map[named]bool, len(r.Packages))
	for i := range r.Packages {
		e := &r.Packages[i].Entry
		known[named{e.Package.ID(), e.Lockfile}] = true
	}
	other := func(f policy.Finding) bool {
		return !slices.ContainsFunc(namedBy(f), func(at named) bool { return known[at] })
	}
	for _, f := range r.Findings {
		if other(f) {
			findings = append(findings, f)
		}
	}
	for _, x := range r.Excepted {
		if other(x.Finding) {
			excepted = append(excepted, x)
		}
	}
	return findings, excepted
}

// rowID is the same for the same package of the same lockfile in every report.
func rowID(p *Package) string {
	e := p.Entry
	sum := sha256.Sum256([]byte(e.Package.String() + "\x00" + e.Lockfile + "\x00" + string(p.Change)))
	return hex.EncodeToString(sum[:8])
}
