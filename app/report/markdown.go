package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// Markdown writes what a check run shows, without GitHub's limits.
func Markdown(w io.Writer, r Report) error {
	page := summaryOf(r, unlimited, "")
	if text := textOf(r, unlimited, ""); text != "" {
		page += "\n" + text
	}
	if _, err := io.WriteString(w, page); err != nil {
		return fmt.Errorf("write the report as Markdown: %w", err)
	}
	return nil
}

// JobSummary writes what Markdown does, within GitHub's limit on the summary of a job: rows
// that do not fit are left out whole, and counted.
func JobSummary(w io.Writer, r Report) error {
	page := summaryOf(r, MaxJobSummaryBytes/2, "")
	if text := textOf(r, MaxJobSummaryBytes-len(page)-1, ""); text != "" {
		page += "\n" + text
	}
	if _, err := io.WriteString(w, page); err != nil {
		return fmt.Errorf("write the job summary: %w", err)
	}
	return nil
}

// summaryOf is the verdict, the findings, what was not looked at, and the policy. details is
// where the whole report is, "" for nowhere.
func summaryOf(r Report, budget int, details string) string {
	head := verdict(r)
	if r.Demo {
		head = "🧪 **Demo.** " + demoNote + "\n\n" + head
	}
	foot := ""
	if r.PolicyFrom != "" {
		foot = "\nPolicy: " + sentence(r.PolicyFrom) + ".\n"
	}
	room := budget
	if budget != unlimited {
		room -= len(head) + len(foot)
	}
	if notes := notLookedAt(r, room); notes != "" {
		foot = "\n### Not looked at\n\n" + notes + foot
	}
	if excepted := exceptedOf(r, room); excepted != "" {
		foot = "\n### Excepted: these findings do not count\n\n" + excepted[:len(excepted)-1] + foot
	}
	foot = previewMarkdown(r.Preview, room) + foot
	if len(r.Findings) == 0 {
		return head + foot
	}
	head += "\n### Findings\n\n"
	list := findingsOf(r.Findings, budget-len(head)-len(foot), details)
	return head + strings.TrimRight(list, "\n") + "\n" + foot
}

const demoNote = "Trust rests on the demo's own root: nothing here is signed by a real registry or by Sigstore."

// verdict is the result in a sentence or two.
func verdict(r Report) string {
	result := strings.TrimPrefix(title(r), "Would fail: ")
	switch {
	case r.WouldFail:
		return "⚠ **Would fail:** " + result + ". The policy only observes (`mode: observe`), so the check passes.\n"
	case r.Conclusion == policy.Success && len(r.Lockfiles) == 0 && len(r.Packages) == 0 && len(r.Findings) == 0:
		return "✅ **Passed:** " + result + ", so there was nothing to verify.\n"
	case r.Conclusion == policy.Success:
		return "✅ **Passed:** " + result + ".\n"
	case r.Conclusion == policy.ActionRequired:
		return "❔ **Not verified:** " + result + ". What could not be verified does not pass; run the check again later.\n"
	case r.Conclusion == policy.Neutral:
		return "❔ **Not verified:** " + result + ". The policy lets that stand (`on_unknown: neutral`).\n"
	}
	return "❌ **Failed:** " + result + ".\n"
}

// notLookedAt lists the files that no finding speaks of, and counts the packages
// that nobody was asked about.
func notLookedAt(r Report, budget int) string {
	var rows []string
	for _, l := range unsaid(r) {
		rows = append(rows, fmt.Sprintf("- %s: %s\n", shown(l.Path), sentence(l.Note)))
	}
	for _, u := range unasked(r) {
		rows = append(rows, "- "+u.count+" "+sentence(u.reason)+"\n")
	}
	if budget != unlimited {
		budget = min(MaxNotesBytes, budget/4)
	}
	return fit(rows, budget, func(left int) string { return "- …and " + number(left) + " more\n" })
}

// unsaid are the files that were not looked at and that no finding speaks of.
func unsaid(r Report) []Lockfile {
	said := make(map[string]bool)
	for _, f := range r.Findings {
		if standsFor(f) == 0 {
			said[f.Lockfile] = true
		}
	}
	var out []Lockfile
	for _, l := range r.Lockfiles {
		if l.Note != "" && !said[l.Path] {
			out = append(out, l)
		}
	}
	return out
}

// unlooked is a reason why nobody was asked, and for how many packages: "2 packages:
// each".
type unlooked struct{ count, reason string }

// unasked counts the rows that nobody was asked about, by reason.
func unasked(r Report) []unlooked {
	reasons := make(map[string]int)
	for _, p := range r.Packages {
		if p.NotLookedUp != "" && p.Change != dep.Removed {
			reasons[p.NotLookedUp]++
		}
	}
	var out []unlooked
	for _, reason := range sortedKeys(reasons) {
		n, each := reasons[reason], "each"
		if n == 1 {
			each = "it"
		}
		out = append(out, unlooked{count(n, "package") + ": " + each, reason})
	}
	return out
}

// textOf is the packages with their evidence, and the pins that are offered: folded below
// them, or on top where somebody asked to see them.
func textOf(r Report, budget int, details string) string {
	shown, folded := shownPins(r, half(budget)), foldedPins(r, half(budget))
	if budget != unlimited {
		budget -= len(shown) + len(folded) + 1
	}
	text := shown
	for _, piece := range []string{tablesOf(r, budget, details), folded} {
		if piece != "" {
			text = join(text, piece)
		}
	}
	return text
}

func half(budget int) int {
	if budget == unlimited {
		return unlimited
	}
	return budget / 2
}

// tablesOf shows every package with its evidence, one table for each lockfile, what
// has findings first. It is "" where there are no packages.
func tablesOf(r Report, budget int, details string) string {
	if len(r.Packages) == 0 {
		return ""
	}
	byFile := make(map[string][]*Package)
	for i := range r.Packages {
		p := &r.Packages[i]
		byFile[p.Entry.Lockfile] = append(byFile[p.Entry.Lockfile], p)
	}
	gravity, fresh := gravities(r.Findings), freshOf(r.Findings)
	var tables []table
	for _, path := range sortedKeys(byFile) {
		packages := byFile[path]
		weights := make(map[*Package]int, len(packages))
		for _, p := range packages {
			weights[p] = gravity[nameOf(*p)]
		}
		slices.SortStableFunc(packages, func(a, b *Package) int {
			if c := cmp.Or(cmp.Compare(weights[a], weights[b]), cmp.Compare(a.Entry.Line, b.Entry.Line)); c != 0 {
				return c
			}
			return byID(a, b)
		})
		head := tableHead(r, path, packages)
		if len(tables) > 0 {
			head = "\n" + head
		}
		tables = append(tables, table{head, len(packages), func(i int) string { return tableRow(r, *packages[i], fresh[nameOf(*packages[i])]) }})
	}
	legend := "Verified provenance says who built a package, and from which commit. It does not say what the code does. Dates are in UTC.\n\n"
	return legend + fitTables(tables, budget-len(legend), func(left int) string {
		return fmt.Sprintf("\n…and %s not shown here: the limit of this page is reached. %s\n", count(left, "more package"), fullOf(details))
	})
}

// place is a package in a lockfile.
type place struct {
	dep.Package
	lockfile string
}

// named is a package in a lockfile, as findings name it: by name@version.
type named struct{ id, lockfile string }

func nameOf(p Package) named { return named{p.Entry.Package.ID(), p.Entry.Lockfile} }

// gravities ranks packages by their worst finding, negative and lower the worse.
func gravities(findings []policy.Finding) map[named]int {
	out := make(map[named]int)
	for _, f := range findings {
		for _, at := range namedBy(f) {
			out[at] = min(out[at], -gravity(f))
		}
	}
	return out
}

// namedBy are the packages that a finding is about.
func namedBy(f policy.Finding) []named {
	if f.Package != (dep.Package{}) {
		return []named{{f.Package.ID(), f.Lockfile}}
	}
	var out []named
	for id := range strings.SplitSeq(f.Names, "\n") {
		if id != "" {
			out = append(out, named{id, f.Lockfile})
		}
	}
	return out
}

func tableHead(r Report, path string, packages []*Package) string {
	removed := 0
	for _, p := range packages {
		if p.Change == dep.Removed {
			removed++
		}
	}
	name := "Packages that were asked for"
	if path != "" {
		name = shown(path)
	}
	entering := len(packages) - removed
	head := "### " + name + ": " + number(entering) + " " + noun(r, entering)
	if removed > 0 {
		head += ", " + number(removed) + " removed"
	}
	if r.Kind == Diff {
		return head + "\n\n| Package | Change | Published | Signature | Provenance | Digest | Built by, or why not |\n| --- | --- | --- | --- | --- | --- | --- |\n"
	}
	return head + "\n\n| Package | Published | Signature | Provenance | Digest | Built by, or why not |\n| --- | --- | --- | --- | --- | --- |\n"
}

func tableRow(r Report, p Package, fresh bool) string {
	cells := []string{packageCell(p.Entry, p.Occurrences)}
	if r.Kind == Diff {
		cells = append(cells, changeCell(p))
	}
	if p.Change == dep.Removed {
		cells = append(cells, "–", "–", "–", "–", "–")
	} else {
		cells = append(cells, publishedCell(p, fresh), stateCell(p, p.signature()), provenanceCell(p), digestCell(p), builtCell(p))
	}
	return "| " + strings.Join(cells, " | ") + " |\n"
}

func packageCell(e dep.Entry, occurrences int) string {
	cell := shown(e.Package.ID())
	if e.Alias != "" {
		cell += " as " + shown(e.Alias)
	}
	if e.Direct {
		cell += ", direct" + inWorkspaces(e.Workspaces)
	}
	if e.Scope != "" && e.Scope != dep.Prod && !e.Unsaid.Has(dep.FactScope) {
		cell += ", " + sentence(string(e.Scope))
	}
	if occurrences > 1 {
		cell += fmt.Sprintf(", %d places", occurrences)
	}
	if e.Line > 0 {
		cell += fmt.Sprintf(", line %d", e.Line)
	}
	return cell
}

// inWorkspaces names the workspaces that ask for a package, where it is not the root
// alone.
func inWorkspaces(folders []string) string {
	if len(folders) == 0 || len(folders) == 1 && folders[0] == "." {
		return ""
	}
	var names []string
	for _, folder := range folders[:min(len(folders), maxWorkspaces)] {
		if folder == "." {
			names = append(names, "the root")
			continue
		}
		names = append(names, shown(folder))
	}
	if more := len(folders) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return " in " + strings.Join(names, ", ")
}

func changeCell(p Package) string {
	if p.Change == dep.Updated && p.From != "" {
		cell := "updated from " + shown(p.From)
		if address := compareLink(p); address != "" {
			cell += " ([compare](" + address + "))"
		}
		return cell
	}
	return sentence(string(p.Change))
}

// publishedCell is the day on which a release came out. It says no age: that would grow,
// and every check would have to be written again each day.
func publishedCell(p Package, fresh bool) string {
	if p.Published.IsZero() {
		return "–"
	}
	day := strings.ReplaceAll(p.Published.UTC().Format(time.DateOnly), "-", "\u2011") // hyphens at which no line breaks
	if fresh {
		return day + ", ⚠ too new"
	}
	return day
}

// freshOf are the packages of which a finding says that they are too new.
func freshOf(findings []policy.Finding) map[named]bool {
	out := make(map[named]bool)
	for _, f := range findings {
		rule := f.Rule == policy.RuleTooNew || f.Rule == policy.RuleFreshAndOdd || f.Rule == policy.RulePackageTooYoung
		if !rule || f.Unknown || f.Severity == policy.Notice {
			continue
		}
		for _, at := range namedBy(f) {
			out[at] = true
		}
	}
	return out
}

func stateCell(p Package, c provenance.Check) string {
	switch {
	case p.NotLookedUp != "":
		return "➖ not looked up"
	case c.State == provenance.Verified:
		return "✅ verified"
	case c.State == provenance.Absent:
		return "➖ none"
	case c.State == provenance.Invalid:
		return "❌ invalid"
	}
	return "❔ unknown"
}

func provenanceCell(p Package) string {
	cell := stateCell(p, p.provenance())
	if p.trust() == provenance.TrustTrustedPublisher {
		cell += ", trusted publisher"
	}
	if p.NotLookedUp == "" && p.Evidence.Staged() {
		cell += ", approved by a person"
	}
	return cell
}

func digestCell(p Package) string {
	cell := stateCell(p, p.digest())
	if p.digest().State == provenance.Invalid && p.Evidence.Digest.Differs != "" {
		cell = "❌ differs: " + sentence(p.Evidence.Digest.Differs)
	}
	return cell
}

// builtCell says who built a package; and what is wrong, or could not be found out.
func builtCell(p Package) string {
	if p.NotLookedUp != "" {
		return "It " + sentence(p.NotLookedUp)
	}
	var parts []string
	if id := p.Evidence.Provenance.Identity; id != nil && p.provenance().State == provenance.Verified {
		parts = append(parts, builder(*id))
	}
	if reason := p.trouble(); reason != "" {
		parts = append(parts, EscapeMarkdown(clip(reason, MaxReasonChars)))
	}
	if len(parts) == 0 {
		return "–"
	}
	return strings.Join(parts, " · ")
}

// trouble is the reason of the gravest piece of evidence that is invalid or unknown,
// "" where there is none.
func (p Package) trouble() string {
	worst := provenance.Check{State: provenance.Absent}
	for _, c := range []provenance.Check{p.digest(), p.signature(), p.provenance(), p.publish()} {
		if weight(c.State) > weight(worst.State) {
			worst = c
		}
	}
	return worst.Reason
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
