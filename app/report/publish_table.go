package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/publish"
)

// PublishTable writes how a repository publishes for a terminal: what is wrong, file by
// file, then the ways in which packages get published, then counts and the verdict.
func PublishTable(w io.Writer, p Publish, o TableOptions) error {
	t := terminal{width: o.Width, color: o.Color}
	t.publishFindings(p)
	t.ways(p)
	for _, u := range p.Unread {
		t.wrapped("not read: "+placed(u.File, u.Line)+": "+Terminal(u.Reason), "")
	}
	if len(p.Unread) > 0 {
		t.WriteString("\n")
	}
	if len(p.Mended) > 0 {
		t.wrapped("written: "+Terminal(strings.Join(p.Mended, ", ")), "")
		t.WriteString("\n")
	}
	t.publishVerdict(p)
	if _, err := io.WriteString(w, t.String()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// placed is a place in a file, harmless for a terminal.
func placed(file string, line int) string {
	name := termName(cmp.Or(file, "the repository"))
	if line > 0 {
		name += fmt.Sprintf(":%d", line)
	}
	return name
}

// publishFindings writes the findings file by file, the gravest first. What is the same for
// several findings of a rule is said at the first.
func (t *terminal) publishFindings(p Publish) {
	var files []string
	of := map[string][]publish.Finding{}
	for _, f := range p.Findings {
		if _, ok := of[f.File]; !ok {
			files = append(files, f.File)
		}
		of[f.File] = append(of[f.File], f)
	}
	said := map[string]bool{}
	say := func(rule, label, words string) {
		if line := label + Terminal(words); words != "" && !said[rule+line] {
			said[rule+line] = true
			t.wrapped(line, "    ")
		}
	}
	for _, file := range files {
		t.WriteString(t.paint(termName(cmp.Or(file, "the repository"))+": "+count(len(of[file]), "finding"), strong) + "\n")
		for _, f := range of[file] {
			head := ": " + Terminal(f.Rule)
			if f.Line > 0 {
				head += "  " + placed(f.File, f.Line)
			}
			t.headed(string(f.Severity), severityTint(string(f.Severity)), head)
			t.wrapped(Terminal(f.Message), "    ")
			say(f.Rule, "Why it matters: ", f.Why)
			say(f.Rule, "What to do: ", f.Help)
			if f.Source != "" && !said[f.Rule+f.Source] {
				said[f.Rule+f.Source] = true
				t.line("    See " + Terminal(f.Source)) // whole, to be followed
			}
			t.edits(f.Edits)
			t.WriteString("\n")
		}
	}
}

// edits writes mended lines as they will stand.
func (t *terminal) edits(edits []publish.Edit) {
	for _, e := range edits {
		at := fmt.Sprintf("line %d", e.From)
		if e.To > e.From {
			at = fmt.Sprintf("lines %d to %d", e.From, e.To)
		}
		at += " of " + termName(e.File)
		switch {
		case len(e.Lines) == 0:
			t.wrapped("To take away: "+at, "    ")
		case e.To < e.From:
			t.wrapped("To add before "+at+":", "    ")
		default:
			t.wrapped(upperFirst(at)+", mended:", "    ")
		}
		for _, line := range e.Lines[:min(len(e.Lines), maxMendedLines)] {
			t.line("      " + t.paint(Terminal(line), good))
		}
		if n := len(e.Lines) - maxMendedLines; n > 0 {
			t.line("      … " + count(n, "more line"))
		}
	}
}

// wayRow is a way in the cells of a table.
type wayRow struct{ tool, registry, at, provenance, trusted string }

// ways writes the ways in which packages get published, and what the answers rest on.
func (t *terminal) ways(p Publish) {
	if len(p.Ways) == 0 {
		return
	}
	rows := []wayRow{{"PUBLISHED BY", "TO", "IN", "PROVENANCE", "TRUSTED"}}
	for _, w := range p.Ways {
		at := placed(w.File, w.Line)
		if w.Job != "" {
			at += " " + termName(w.Job)
		}
		rows = append(rows, wayRow{termName(w.Tool), termName(w.Registry), at, Terminal(string(w.Provenance)), Terminal(string(w.Trusted))})
	}
	widths := [5]int{}
	for _, r := range rows {
		for i, cell := range r.cells() {
			widths[i] = max(widths[i], cellsOf(cell))
		}
	}
	if t.width > 0 {
		over := widths[0] + widths[1] + widths[2] + widths[3] + widths[4] + 4*gap - t.width
		for _, i := range []int{2, 0, 1} { // names that can be told from their ends; the place first
			cut := min(max(over, 0), max(widths[i]-minColumn, 0))
			widths[i], over = widths[i]-cut, over-cut
		}
	}
	for i, r := range rows {
		var line strings.Builder
		for j, cell := range r.cells() {
			color := tint("")
			switch {
			case i == 0:
				color = strong
			case j >= 3:
				color = answerTint(cell)
			}
			line.WriteString(t.cell(middle(cell, widths[j]), color, widths[j]))
		}
		t.line(line.String())
		if i == 0 {
			continue
		}
		w := p.Ways[i-1]
		if len(w.Packages) > 0 {
			t.wrapped("publishes "+Terminal(strings.Join(w.Packages, ", ")), "    ")
		}
		for _, why := range w.Why {
			t.wrapped(Terminal(why), "    ")
		}
	}
	t.WriteString("\n")
}

func (r wayRow) cells() []string {
	return []string{r.tool, r.registry, r.at, r.provenance, r.trusted}
}

func answerTint(word string) tint {
	switch publish.Answer(word) {
	case publish.Yes:
		return good
	case publish.No:
		return doubt
	}
	return hint
}

// publishVerdict counts, and says what comes of it.
func (t *terminal) publishVerdict(p Publish) {
	proven := 0
	depends := slices.ContainsFunc(p.Ways, func(w publish.Way) bool { return w.Provenance == publish.Depends })
	for _, w := range p.Ways {
		if w.Provenance == publish.Yes {
			proven++
		}
	}
	ways := count(len(p.Ways), "way") + " to publish, " + number(proven) + " with provenance"
	switch {
	case len(p.Ways) == 0:
		ways = "nothing was found here that publishes packages"
	case depends:
		ways += "; for some it depends on what the files do not say"
	}
	errs, warnings, notices := p.severities()
	found := count(errs, "error") + ", " + count(warnings, "warning") + ", " + count(notices, "notice")
	if n := p.mendable(); n > 0 {
		t.wrapped(fmt.Sprintf("%s of %s can be mended: --format diff prints the lines as a patch, --fix writes them", number(n), count(len(p.Findings), "finding")), "")
	}
	word, color := "failed", bad
	switch p.Conclusion() {
	case policy.Success:
		word, color = "passed", good
	case policy.ActionRequired:
		word, color = "not verified", doubt
		found += ", and a workflow or an action could not be read"
	}
	t.headed(word, color, ": "+ways+"; "+found)
}
