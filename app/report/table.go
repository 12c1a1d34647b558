package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
)

// TableOptions say how Table shows a report.
type TableOptions struct {
	Width  int           // columns of the terminal, 0 for as wide as need be
	Color  bool          // words for states and severities have colours, too
	Took   time.Duration // how long it took, for audits
	Group  Group         // what the packages are put together by
	Filter               // applied before; the zero Filter shows all
}

// Table writes the report for a terminal: findings, then packages, then counts and
// the verdict, which stay in sight.
func Table(w io.Writer, r Report, o TableOptions) error {
	r = Narrow(r, o.Filter)
	t := terminal{width: o.Width, color: o.Color, group: o.Group, filter: o.Filter}
	if r.Demo {
		t.paragraph("Demo: " + demoNote)
	}
	t.findings(r)
	t.excepted(r)
	if r.Kind == Verify {
		t.chains(r)
	} else {
		t.packages(r)
	}
	t.notes(r)
	t.preview(r.Preview)
	if r.Kind == Audit {
		t.audited(r.Summary, o.Took)
	}
	t.counts(r)
	t.verdict(r)
	if _, err := io.WriteString(w, t.String()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// terminal is text that is being written for a terminal of some width.
type terminal struct {
	strings.Builder
	width  int
	color  bool
	group  Group
	filter Filter
}

// maxProse is how long lines of sentences get: longer ones are hard to read.
const maxProse = 100

// wrap is s, which is harmless by now, with every line indented, and as wide as fits.
func (t *terminal) wrap(s, indent string) string {
	if t.width > 0 {
		s = text.WrapSoft(s, max(min(t.width, maxProse)-len(indent), minColumn))
	}
	var out strings.Builder
	for line := range strings.SplitSeq(s, "\n") {
		out.WriteString(strings.TrimRight(indent+line, " ") + "\n")
	}
	return out.String()
}

func (t *terminal) wrapped(s, indent string) { t.WriteString(t.wrap(s, indent)) }

// paragraph is wrapped text with an empty line after it.
func (t *terminal) paragraph(s string) {
	t.wrapped(s, "")
	t.WriteString("\n")
}

// headed is wrapped text that begins with a word, which is tinted.
func (t *terminal) headed(word string, c tint, rest string) {
	written := t.wrap(word+rest, "")
	if after, ok := strings.CutPrefix(written, word); ok {
		written = t.paint(word, c) + after
	}
	t.WriteString(written)
}

// findings writes what was found, why it matters and what to do. What is the same for
// several findings of a rule is said at the first.
func (t *terminal) findings(r Report) {
	said := make(map[string]bool)
	say := func(rule policy.RuleName, label, words string) {
		if line := label + Terminal(words); words != "" && !said[string(rule)+line] {
			said[string(rule)+line] = true
			t.wrapped(line, "    ")
		}
	}
	for _, f := range r.Findings {
		head := ": " + Terminal(string(f.Rule))
		if f.Package != (dep.Package{}) {
			head += "  " + termName(f.Package.ID())
		}
		if f.Lockfile != "" {
			head += "  " + termName(f.Lockfile)
			if f.Line > 0 {
				head += fmt.Sprintf(":%d", f.Line)
			}
		}
		t.headed(severityWord(f), severityTint(severityWord(f)), head)
		t.wrapped(Terminal(f.Message), "    ")
		if f.Severity != policy.Notice { // a notice needs no words about why
			say(f.Rule, "Why it matters: ", f.Why)
		}
		say(f.Rule, "What to do: ", f.Help)
		say(f.Rule, "Benign causes: ", f.Benign)
		if better := betterOf(f, termName); better != "" {
			t.wrapped(better, "    ")
		}
		t.WriteString("\n")
	}
}

func severityWord(f policy.Finding) string {
	if f.Unknown {
		return "not verified"
	}
	return Terminal(string(f.Severity))
}

// packages writes a table for each lockfile, or one with a title for each group: these may
// be many, and small.
func (t *terminal) packages(r Report) {
	groups := groupsOf(r.Packages, t.group)
	var all []*Package
	for _, g := range groups {
		inOrder(g.rows, !t.filter.all()) // a list is looked through for names
		all = append(all, g.rows...)
	}
	byFile := t.group == "" || t.group == ByLockfile
	columns := t.columns(r)
	if !byFile && len(all) > 0 {
		columns = t.layout(columns, all)
		t.header(columns)
	}
	done := 0
	for _, g := range groups {
		t.headed(g.title, strong, ": "+count(len(g.rows), noun(r, 1)))
		if byFile {
			columns, done = t.layout(t.columns(r), g.rows), 0
			t.header(columns)
		}
		for _, p := range g.rows {
			t.row(columns, done, *p)
			done++
		}
		t.WriteString("\n")
	}
}

// notes lists the files that were not looked at and that no finding speaks of, and
// counts the packages that nobody was asked about.
func (t *terminal) notes(r Report) {
	var notes []string
	for _, l := range unsaid(r) {
		notes = append(notes, termName(l.Path)+": "+Terminal(l.Note))
	}
	for _, u := range unasked(r) {
		notes = append(notes, u.count+" "+Terminal(u.reason))
	}
	for _, n := range notes {
		t.wrapped("not looked at: "+n, "")
	}
	if len(notes) > 0 {
		t.WriteString("\n")
	}
}

// audited is what npm audit signatures says, in its words.
func (t *terminal) audited(s Summary, took time.Duration) {
	unit := time.Second
	if took < 10*time.Second {
		unit = 100 * time.Millisecond // npm counts whole seconds, because it needs several
	}
	fmt.Fprintf(t, "audited %s in %s\n\n", plainCount(s.Locations, "package"), took.Round(unit))
	t.holds(s.LocationsSigned, "has a verified registry signature", "have verified registry signatures")
	t.holds(s.LocationsAttested, "has a verified attestation", "have verified attestations")
	t.WriteString("\n")
}

func (t *terminal) holds(n int, one, many string) {
	if n == 1 {
		many = one
	}
	fmt.Fprintf(t, "%s %s\n", plainCount(n, "package"), many)
}

// plainCount writes no separators between thousands, as npm does not.
func plainCount(n int, word string) string {
	if n != 1 {
		word += "s"
	}
	return fmt.Sprintf("%d %s", n, word)
}

func (t *terminal) counts(r Report) {
	if r.Kind == Verify || r.Summary.Packages == 0 {
		return
	}
	what := "distinct " + noun(r, r.Summary.Packages)
	if words := t.filter.words(); words != "" {
		listed, places := make(map[identity]bool), 0
		for _, p := range r.Packages {
			if p.Change != dep.Removed {
				listed[identityOf(p.Entry)] = true
				places += max(p.Occurrences, 1)
			}
		}
		// In npm's words, which count every place in the lockfile, and as there are rows.
		if r.Kind == Audit {
			distinct := ""
			if len(listed) < places {
				distinct = ", " + number(len(listed)) + " distinct"
			}
			t.wrapped(fmt.Sprintf("%s %s listed%s", plainCount(places, "package"), words, distinct), "")
		} else {
			t.wrapped(fmt.Sprintf("%s %s listed", count(len(listed), noun(r, 1)), words), "")
		}
		t.WriteString("\n")
	}
	fmt.Fprintf(t, "%s %s\n", number(r.Summary.Packages), what)
	states := func(name string, c Counts) {
		said := func(n int, word string, tinted tint) string {
			if n == 0 {
				tinted = ""
			}
			return number(n) + " " + t.paint(word, tinted)
		}
		line := fmt.Sprintf("%-12s%s, %s none, %s, %s", name, said(c.Verified, "verified", good), number(c.Absent),
			said(c.Invalid, "invalid", bad), said(c.Unknown, "unknown", doubt))
		t.wrapped(line, "  ")
	}
	states("signature", r.Summary.Signature)
	states("provenance", r.Summary.Provenance)
	if r.Summary.Provenance.Verified < r.Summary.Packages && t.filter.all() {
		t.wrapped("--without-provenance lists only those without verified provenance", "  ")
	}
	t.WriteString("\n")
}

func (t *terminal) verdict(r Report) {
	if r.PolicyFrom != "" {
		t.wrapped("policy: "+Terminal(r.PolicyFrom), "")
	}
	word, color := "failed", bad
	switch {
	case r.WouldFail:
		word, color = "would fail (mode observe)", doubt
	case r.Conclusion == policy.Success:
		word, color = "passed", good
	case r.Conclusion == policy.ActionRequired:
		word, color = "not verified", doubt
	case r.Conclusion == policy.Neutral:
		word, color = "not verified (on_unknown: neutral)", doubt
	}
	t.headed(word, color, ": "+strings.TrimPrefix(title(r), "Would fail: "))
}

// termName is a name, a version or a path made harmless for a terminal, not too long.
func termName(s string) string { return Visible(clip(s, MaxNameChars)) }
