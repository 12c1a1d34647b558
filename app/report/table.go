package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	pretty "github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// TableOptions say how Table shows a report.
type TableOptions struct {
	Width  int           // columns of the terminal, 0 for as wide as need be
	Took   time.Duration // how long it took, for audits
	Filter               // applied before; the zero Filter shows all
}

// Table writes the report for a terminal: findings, then packages, then counts and
// the verdict, which stay in sight. It knows words alone, no colours.
func Table(w io.Writer, r Report, o TableOptions) error {
	r = Narrow(r, o.Filter)
	t := terminal{width: o.Width}
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
	width int
}

// wrapped writes s, which is harmless by now, with every line indented, and as wide
// as fits.
func (t *terminal) wrapped(s, indent string) {
	if t.width > 0 {
		s = text.WrapSoft(s, max(t.width-len(indent), minColumn))
	}
	for line := range strings.SplitSeq(s, "\n") {
		t.WriteString(strings.TrimRight(indent+line, " ") + "\n")
	}
}

// paragraph is wrapped text with an empty line after it.
func (t *terminal) paragraph(s string) {
	t.wrapped(s, "")
	t.WriteString("\n")
}

func (t *terminal) findings(r Report) {
	for _, f := range r.Findings {
		head := severityWord(f) + ": " + Terminal(string(f.Rule))
		if f.Package != (dep.Package{}) {
			head += "  " + termName(f.Package.ID())
		}
		if f.Lockfile != "" {
			head += "  " + termName(f.Lockfile)
			if f.Line > 0 {
				head += fmt.Sprintf(":%d", f.Line)
			}
		}
		t.wrapped(head, "")
		t.wrapped(Terminal(f.Message), "    ")
		if f.Help != "" {
			t.wrapped("What to do: "+Terminal(f.Help), "    ")
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

// packages writes one table for each lockfile.
func (t *terminal) packages(r Report) {
	byFile := make(map[string][]Package)
	for _, p := range r.Packages {
		byFile[p.Entry.Lockfile] = append(byFile[p.Entry.Lockfile], p)
	}
	for _, path := range sortedKeys(byFile) {
		rows := byFile[path]
		slices.SortStableFunc(rows, func(a, b Package) int {
			return cmp.Or(cmp.Compare(a.Entry.Line, b.Entry.Line), cmp.Compare(a.Entry.Package.ID(), b.Entry.Package.ID()))
		})
		t.wrapped(termName(path), "")
		t.WriteString(t.table(r, rows) + "\n\n")
	}
}

const (
	minColumn  = 12  // the least that a column is squeezed to
	roomyWidth = 120 // from here on there is room for sentences in a table
)

func (t *terminal) table(r Report, rows []Package) string {
	tab := pretty.NewWriter()
	style := pretty.StyleDefault
	style.Options = pretty.OptionsNoBordersAndSeparators
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	tab.SetStyle(style)
	tab.SuppressTrailingSpaces()

	header := pretty.Row{"Package", "Line"}
	if r.Kind == Diff {
		header = append(header, "Change")
	}
	tab.AppendHeader(append(header, "Signature", "Provenance", "Digest", "Built by"))
	if t.width > 0 {
		fixed := len("Line") + len("Signature") + len("Provenance") + len("verified") + 2*6
		if r.Kind == Diff {
			fixed += minColumn + 2
		}
		free := max(t.width-fixed, 2*minColumn)
		name := minColumn
		for _, p := range rows {
			name = min(max(name, text.StringWidth(termPackage(p))), free/2)
		}
		tab.SetColumnConfigs([]pretty.ColumnConfig{
			{Name: "Package", WidthMax: name, WidthMaxEnforcer: text.WrapHard},
			{Name: "Change", WidthMax: minColumn, WidthMaxEnforcer: text.WrapSoft},
			{Name: "Built by", WidthMax: free - name, WidthMaxEnforcer: text.WrapSoft},
		})
	}
	for _, p := range rows {
		line := ""
		if p.Entry.Line > 0 {
			line = strconv.Itoa(p.Entry.Line)
		}
		row := pretty.Row{termPackage(p), line}
		if r.Kind == Diff {
			change := Terminal(string(p.Change))
			if p.Change == dep.Updated && p.From != "" {
				change = "from " + termName(p.From)
			}
			row = append(row, change)
		}
		tab.AppendRow(append(row, stateWord(p, p.signature()), stateWord(p, p.provenance()), stateWord(p, p.digest()), t.built(p)))
	}
	return tab.Render()
}

func termPackage(p Package) string {
	name := termName(p.Entry.Package.ID())
	if p.Entry.Alias != "" {
		name += " as " + termName(p.Entry.Alias)
	}
	return name
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

// built says who built a package; with room for it, also how, and what is wrong
// with its evidence, which the findings say in full.
func (t *terminal) built(p Package) string {
	if p.Change == dep.Removed {
		return ""
	}
	roomy := t.width == 0 || t.width >= roomyWidth
	if p.NotLookedUp != "" {
		if !roomy {
			return "" // the dashes say it, and the notes say why
		}
		return "it " + Terminal(clip(p.NotLookedUp, MaxReasonChars))
	}
	var parts []string
	if id := p.Evidence.Provenance.Identity; id != nil && p.provenance().State == provenance.Verified {
		by := termName(repositoryName(id.Repository))
		if id.Commit != "" {
			by += " " + termName(short(id.Commit))
		}
		if id.Workflow != "" && roomy {
			by += " " + termName(workflowName(id.Workflow))
		}
		parts = append(parts, by)
	}
	if p.trust() == provenance.TrustTrustedPublisher {
		parts = append(parts, "trusted publisher")
	}
	if p.Evidence.Staged() {
		parts = append(parts, "approved by a person")
	}
	if reason := p.trouble(); reason != "" && roomy {
		parts = append(parts, Terminal(clip(reason, MaxReasonChars)))
	}
	return strings.Join(parts, ", ")
}

// chains writes the evidence of each release in full.
func (t *terminal) chains(r Report) {
	for _, p := range r.Packages {
		e := p.Evidence
		t.wrapped(Terminal(p.Entry.Package.String()), "")
		t.link("signature", p.signature(), detail("key", e.Signature.KeyID), detail("dated by", e.Signature.DateSource))
		t.link("publish", p.publish(), detail("key", e.Publish.KeyID), logDetail(e.Publish.Log))
		var who []string
		if id := e.Provenance.Identity; id != nil {
			who = []string{
				detail("repository", id.Repository), detail("commit", id.Commit), detail("ref", id.Ref),
				detail("workflow", id.Workflow), detail("trigger", id.Trigger), detail("runner", id.Runner),
				detail("run", id.Run), detail("signer", id.Signer), detail("issuer", id.Issuer),
			}
		}
		t.link("provenance", p.provenance(), append(who, logDetail(e.Provenance.Log))...)
		t.link("digest", p.digest(), detail("lockfile", e.Digest.Lockfile), detail("registry", e.Digest.Registry), detail("attested", e.Digest.Attested))
		t.wrapped(fmt.Sprintf("  %-12s%s", "trust", p.trust()), "")
		t.WriteString("\n")
	}
}

// link is one piece of evidence: its state and reason, then what it rests on, which
// is shown where it holds or where digests disagree.
func (t *terminal) link(name string, c provenance.Check, details ...string) {
	line := fmt.Sprintf("  %-12s%s", name, c.State)
	if c.Reason != "" {
		line += ": " + Terminal(c.Reason)
	}
	t.wrapped(line, "")
	if c.State != provenance.Verified && name != "digest" {
		return
	}
	for _, d := range details {
		if d != "" {
			t.WriteString("              " + d + "\n") // not wrapped: to be copied
		}
	}
}

func detail(name, value string) string {
	if value == "" {
		return ""
	}
	return fmt.Sprintf("%-11s%s", name, Terminal(value))
}

func logDetail(l *provenance.Log) string {
	if l == nil {
		return ""
	}
	return detail("log", fmt.Sprintf("%d, %s", l.Index, l.Time.UTC().Format(time.RFC3339)))
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
	listed := make(map[identity]bool)
	for _, p := range r.Packages {
		if p.Change != dep.Removed {
			listed[identityOf(p.Entry)] = true
		}
	}
	what := "distinct " + noun(r, r.Summary.Packages)
	if len(listed) < r.Summary.Packages {
		fmt.Fprintf(t, "%s %s, %s listed\n", number(r.Summary.Packages), what, number(len(listed)))
	} else {
		fmt.Fprintf(t, "%s %s\n", number(r.Summary.Packages), what)
	}
	states := func(name string, c Counts) {
		fmt.Fprintf(t, "  %-12s%s verified, %s none, %s invalid, %s unknown\n",
			name, number(c.Verified), number(c.Absent), number(c.Invalid), number(c.Unknown))
	}
	states("signature", r.Summary.Signature)
	states("provenance", r.Summary.Provenance)
	if r.Summary.Provenance.Verified < r.Summary.Packages && len(listed) == r.Summary.Packages {
		t.wrapped("  --without-provenance lists only those without verified provenance", "")
	}
	t.WriteString("\n")
}

func (t *terminal) verdict(r Report) {
	if r.PolicyFrom != "" {
		t.wrapped("policy: "+Terminal(r.PolicyFrom), "")
	}
	word := "failed"
	switch {
	case r.WouldFail:
		word = "would fail (mode observe)"
	case r.Conclusion == policy.Success:
		word = "passed"
	case r.Conclusion == policy.ActionRequired:
		word = "not verified"
	case r.Conclusion == policy.Neutral:
		word = "not verified (on_unknown: neutral)"
	}
	t.wrapped(word+": "+strings.TrimPrefix(title(r), "Would fail: "), "")
}

// termName is a name, a version or a path made harmless for a terminal, not too long.
func termName(s string) string { return Visible(clip(s, MaxNameChars)) }
