package report

import (
	"slices"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
)

const (
	minColumn  = 12  // the least that a column is squeezed to
	gap        = 2   // between columns
	roomyWidth = 120 // from here on there is room for lines, and for sentences in a table
)

// column is one column of a table of packages.
type column struct {
	name  string
	cell  func(Package) string
	tint  func(word string) tint
	spare int  // where there is no room, the columns with the highest number go first; 0 stays
	dull  bool // says nothing new where all is verified
	least int  // what it can be squeezed to, 0 where its words must stay whole
	prose bool // sentences: they stand below the row where they do not fit

	width int
	cells []string
}

func (t *terminal) roomy() bool { return t.width == 0 || t.width >= roomyWidth }

// columns are what there is to say of the packages of a report.
func (t *terminal) columns(r Report) []column {
	list := t.filter.WithoutProvenance && !t.roomy() // of names, and of why
	signed, name := 1, minColumn
	if list {
		signed, name = 7, max(minColumn, t.width/2)
	}
	out := []column{{name: "Package", cell: termPackage, least: name}}
	if t.roomy() {
		out = append(out, column{name: "Line", cell: termLine, spare: 6})
	}
	if t.elsewhere(r) {
		out = append(out, column{name: "Lockfile", cell: func(p Package) string { return termName(p.Entry.Lockfile) }, least: minColumn, spare: 4})
	}
	if r.Kind == Diff {
		out = append(out, column{name: "Change", cell: termChange, least: minColumn, spare: 2})
	}
	proven := func(p Package) string { return stateWord(p, p.provenance()) }
	if t.filter.WithoutProvenance {
		proven = whyNone
	}
	out = append(out,
		column{name: "Signature", cell: func(p Package) string { return stateWord(p, p.signature()) }, tint: stateTint, spare: signed, dull: list},
		column{name: "Provenance", cell: proven, tint: stateTint},
		column{name: "Digest", cell: func(p Package) string { return stateWord(p, p.digest()) }, tint: stateTint, spare: signed, dull: list},
	)
	if t.roomy() || t.filter.WithoutProvenance {
		out = append(out, column{name: "Used", cell: termUse, spare: 5})
	}
	return append(out, column{name: "Built by", cell: func(p Package) string { return t.built(p, "") }, prose: true})
}

// elsewhere says that rows of one table are of several lockfiles.
func (t *terminal) elsewhere(r Report) bool {
	return t.group != "" && t.group != ByLockfile &&
		slices.ContainsFunc(r.Packages, func(p Package) bool { return p.Entry.Lockfile != r.Packages[0].Entry.Lockfile })
}

// layout fills columns with rows, as wide as the terminal: prose goes below the rows, names
// lose their middle, what is least needed goes.
func (t *terminal) layout(columns []column, rows []*Package) []column {
	columns = slices.Clone(columns)
	for i := range columns {
		c := &columns[i]
		c.width = len(c.name)
		c.cells = make([]string, len(rows))
		for j, p := range rows {
			c.cells[j] = c.cell(*p)
			c.width = max(c.width, cellsOf(c.cells[j]))
		}
	}
	columns = slices.DeleteFunc(columns, func(c column) bool {
		return c.says("") || c.dull && c.says("verified", "-")
	})
	return t.fit(columns)
}

func (t *terminal) header(columns []column) {
	var line strings.Builder
	for _, c := range columns {
		line.WriteString(t.cell(strings.ToUpper(c.name), strong, c.width))
	}
	t.line(line.String())
}

// says tells whether a column has no other words than these.
func (c column) says(words ...string) bool {
	return !slices.ContainsFunc(c.cells, func(cell string) bool { return !slices.Contains(words, cell) })
}

// floor is what a column can be squeezed to.
func (c column) floor() int {
	if c.least == 0 {
		return c.width
	}
	return min(c.width, max(c.least, len(c.name)))
}

// fit squeezes columns into the terminal's width, and leaves out what cannot be squeezed
// enough.
func (t *terminal) fit(columns []column) []column {
	if t.width == 0 {
		return columns
	}
	for {
		wanted, least, drop := -gap, -gap, 0
		for i, c := range columns {
			wanted += c.width + gap
			least += c.floor() + gap
			if c.spare > 0 && c.spare >= columns[drop].spare {
				drop = i
			}
		}
		switch prose := slices.IndexFunc(columns, func(c column) bool { return c.prose }); {
		case wanted <= t.width:
			return columns
		case prose >= 0:
			drop = prose
		case least <= t.width || drop == 0: // the first one is the package's name
			squeeze(columns, wanted-t.width)
			return columns
		}
		columns = slices.Delete(columns, drop, drop+1)
	}
}

// squeeze takes so many cells away, each from the widest column that has some to spare.
func squeeze(columns []column, over int) {
	for ; over > 0; over-- {
		widest := -1
		for i, c := range columns {
			if c.width > c.floor() && (widest < 0 || c.width > columns[widest].width) {
				widest = i
			}
		}
		if widest < 0 {
			return
		}
		columns[widest].width--
	}
}

// row writes one package, and below it the prose that has no column.
func (t *terminal) row(columns []column, row int, p Package) {
	var line strings.Builder
	below := true
	for _, c := range columns {
		words, color := c.cells[row], tint("")
		if c.tint != nil {
			color = c.tint(words)
		}
		line.WriteString(t.cell(middle(words, c.width), color, c.width))
		below = below && !c.prose
	}
	t.line(line.String())
	if built := t.built(p, "built by "); below && built != "" {
		t.wrapped(built, "  ")
	}
}

// line writes a line without the blanks at its end.
func (t *terminal) line(s string) { t.WriteString(strings.TrimRight(s, " ") + "\n") }

// cell is one cell, and blanks up to the next.
func (t *terminal) cell(s string, c tint, width int) string {
	return t.paint(s, c) + strings.Repeat(" ", max(width-cellsOf(s), 0)+gap)
}

// middle cuts a name to a width out of its middle: what begins it and what ends it (its
// version) tell it from others.
func middle(s string, width int) string {
	if cellsOf(s) <= width {
		return s
	}
	runes := []rune(s)
	left, right := 0, len(runes)
	for room := width / 2; right > 0 && text.RuneWidth(runes[right-1]) <= room; right-- {
		room -= text.RuneWidth(runes[right-1])
	}
	for room := width - 1 - cellsOf(string(runes[right:])); left < right && text.RuneWidth(runes[left]) <= room; left++ {
		room -= text.RuneWidth(runes[left])
	}
	return string(runes[:left]) + "…" + string(runes[right:])
}

// cellsOf is how many cells of a terminal a text takes. Most texts are ASCII, and those
// need no tables of what belongs together.
func cellsOf(s string) int {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return text.StringWidth(s)
		}
	}
	return len(s)
}

func termPackage(p Package) string {
	name := termName(p.Entry.Package.ID())
	if p.Entry.Alias != "" {
		name += " as " + termName(p.Entry.Alias)
	}
	return name
}

func termLine(p Package) string {
	if p.Entry.Line == 0 {
		return ""
	}
	return strconv.Itoa(p.Entry.Line)
}

func termChange(p Package) string {
	if p.Change == dep.Updated && p.From != "" {
		return "from " + termName(p.From)
	}
	return Terminal(string(p.Change))
}

// termUse says who asks for a package and what for; nothing where others bring it into
// production.
func termUse(p Package) string {
	var words []string
	if p.Entry.Direct {
		words = append(words, "direct")
	}
	if s := p.Entry.Scope; s != dep.Prod && s != "" {
		words = append(words, Terminal(string(s)))
	}
	return strings.Join(words, ", ")
}

// stateWord is the state in one word; "-" where nobody was asked.
func stateWord(p Package, c provenance.Check) string {
	switch {
	case p.NotLookedUp != "":
		return "-"
	case c.State == provenance.Absent:
		return "none"
	}
	return string(c.State)
}

// whyNone is the state of a package's provenance, and what its absence is.
func whyNone(p Package) string {
	switch {
	case p.NotLookedUp != "":
		return "not looked up"
	case p.provenance().State != provenance.Absent:
		return stateWord(p, p.provenance())
	case p.Evidence.Provenance.Announced:
		return "announced, not there"
	}
	return "none announced"
}

// built says who built a package, and how; with room for it, also what is wrong with its
// evidence, which the findings say in full.
func (t *terminal) built(p Package, by string) string {
	if p.Change == dep.Removed {
		return ""
	}
	if p.NotLookedUp != "" {
		if !t.roomy() {
			return "" // the dashes say it, and the notes say why
		}
		return "it " + Terminal(clip(p.NotLookedUp, MaxReasonChars))
	}
	var parts []string
	if id := p.Evidence.Provenance.Identity; id != nil && p.provenance().State == provenance.Verified {
		var who []string
		if t.group != ByRepo { // else the title says it
			who = append(who, by+termName(repositoryName(id.Repository)))
		}
		if id.Commit != "" {
			who = append(who, termName(short(id.Commit)))
		}
		if id.Workflow != "" {
			who = append(who, termName(workflowName(id.Workflow)))
		}
		if len(who) > 0 {
			parts = append(parts, strings.Join(who, " "))
		}
	}
	if p.trust() == provenance.TrustTrustedPublisher {
		parts = append(parts, "trusted publisher")
	}
	if p.Evidence.Staged() {
		parts = append(parts, "approved by a person")
	}
	if reason := p.trouble(); reason != "" && t.roomy() {
		parts = append(parts, Terminal(clip(reason, MaxReasonChars)))
	}
	return strings.Join(parts, ", ")
}
