package report

import "strings"

// unlimited is the budget of a page that nothing cuts.
const unlimited = 1 << 40

// fit joins as many whole rows as budget bytes hold. Where not all do, it ends with
// what more says of the number of rows left out, within the budget too.
func fit(rows []string, budget int, more func(left int) string) string {
	return fitTables([]table{{n: len(rows), row: func(i int) string { return rows[i] }}}, budget, more)
}

// table is a number of rows, with what stands above them.
type table struct {
	head string
	n    int
	row  func(i int) string
}

// fitTables is fit for several tables, which are filled one after the other: of one
// whose first row does not fit nothing is shown. No more is rendered than can fit,
// however many rows there are.
func fitTables(tables []table, budget int, more func(left int) string) string {
	var rendered []string
	size, left := 0, 0
	for _, t := range tables {
		left += t.n
		for i := 0; i < t.n && size <= budget; i++ {
			row := t.row(i)
			if i == 0 {
				row = t.head + row
			}
			rendered = append(rendered, row)
			size += len(row)
		}
	}
	if size <= budget {
		return strings.Join(rendered, "")
	}
	budget -= len(more(left)) // no smaller number is written longer
	if budget < 0 {
		return ""
	}
	n := 0
	for size = 0; size+len(rendered[n]) <= budget; n++ { // ends: together they are larger
		size += len(rendered[n])
	}
	return strings.Join(rendered[:n], "") + more(left-n)
}

// fullOf says where all of a report is of which a page shows a part.
func fullOf(details string) string {
	if details == "" || strings.ContainsFunc(details, func(r rune) bool { return r <= ' ' || r == '<' || r == '>' }) {
		return "`bonafide diff BASE HEAD` lists them all."
	}
	return "The whole report: <" + details + ">"
}
