package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
)

// findingsOf lists findings within a number of bytes, the gravest first. Where not all of
// them fit, each is said in brief, so that more of them do.
func findingsOf(findings []policy.Finding, budget int, details string) string {
	findings = slices.Clone(findings)
	slices.SortStableFunc(findings, func(a, b policy.Finding) int { return gravity(b) - gravity(a) })
	rows, size := findingRows(findings, false)
	if size > budget {
		rows, _ = findingRows(findings, true)
	}
	return fit(rows, budget, func(left int) string {
		return fmt.Sprintf("- …and %s not shown here: the limit of this page is reached. %s\n", count(left, "more finding"), fullOf(details))
	})
}

// findingRows are findings as items of a list: what and where, why it matters, what to do,
// harmless causes, whom to tell; size is their number of bytes. What a row has in common
// with one of the same rule above it is said there alone.
func findingRows(findings []policy.Finding, brief bool) (rows []string, size int) {
	said := make(map[string]bool)
	first := func(f policy.Finding, title, text string) bool {
		key := title + string(f.Rule) + "\x00" + text
		again := said[key]
		said[key] = true
		return text != "" && !again
	}
	for _, f := range findings {
		row := findingHead(f)
		explained := f.Severity != policy.Notice // a notice needs no words about why
		if explained && first(f, "why", f.Why) {
			row += "  *Why it matters:* " + sentence(f.Why) + "\n\n"
		}
		todo := whatToDo(f, first(f, "help", f.Help))
		if todo != "" && (!brief || first(f, "to do", f.Help)) {
			row += "  *What to do:* " + todo + "\n\n"
		}
		if explained && first(f, "benign", f.Benign) {
			row += "  *Benign causes:* " + sentence(f.Benign) + "\n\n"
		}
		if !namesAll(f) && !brief {
			row += "  <details><summary>The " + count(f.Count, "package") + "</summary>\n\n  " +
				namesOf(f, ", ", MaxListedBytes, shown) + "\n\n  </details>\n\n"
		}
		if link := telling(f.Tell.To, tellLink(f)); link != "" && !brief {
			row += "  " + link + "\n\n"
		}
		rows, size = append(rows, row), size+len(row)
	}
	return rows, size
}

// findingHead is what a finding says, and where.
func findingHead(f policy.Finding) string {
	about := ""
	if f.Package != (dep.Package{}) {
		about = ": " + shown(f.Package.ID())
	}
	place := ""
	if f.Lockfile != "" {
		place = " in " + shown(f.Lockfile)
		if f.Line > 0 {
			place += fmt.Sprintf(" line %d", f.Line)
		}
	}
	return fmt.Sprintf("- %s **%s**%s%s\n\n  %s\n\n", mark(f), sentence(string(f.Rule)), about, place, sentence(f.Message))
}

// whatToDo is what helps, where it was not said before, and the newest earlier version that
// is better.
func whatToDo(f policy.Finding, first bool) string {
	out := ""
	switch {
	case f.Help != "" && first:
		out = help(f)
	case f.Help != "":
		out = "As said for **" + sentence(string(f.Rule)) + "** above."
	}
	if better := betterOf(f, shown); better != "" {
		out = strings.TrimLeft(out+" "+better, " ")
	}
	return out
}

// betterOf names the newest earlier version with what this one lacks, unless the help does.
func betterOf(f policy.Finding, escape func(string) string) string {
	if f.Better == "" || namesVersion(f.Help, f.Better) {
		return ""
	}
	what := "has what this one lacks"
	switch f.Rule { // of these nothing is lacking
	case policy.RuleFreshAndOdd:
		what = "is past the cooldown and proves no less"
	case policy.RuleRepositoryChanged:
		what = "was built from the repository of before"
	}
	return escape(f.Better) + " is the newest earlier version that " + what + "."
}

// namesVersion says whether a text names a version: "1.4.0" is not in "11.4.0" or
// "1.4.0-rc.1", but at the end of a sentence.
func namesVersion(text, version string) bool {
	for word := range strings.FieldsSeq(text) {
		word = strings.Trim(word, ".,;:!?()\"'`")
		if word == version || strings.HasSuffix(word, "@"+version) {
			return true
		}
	}
	return false
}

// namesOf joins the packages that a finding stands for, as many whole names as fit, and
// says how many more there are.
func namesOf(f policy.Finding, between string, budget int, escape func(string) string) string {
	more := func(left int) string { return "…and " + number(left) + " more" }
	budget -= len(between) + len(more(f.Count))
	var names []string
	for name := range strings.SplitSeq(f.Names, "\n") {
		if name = escape(name); name == "" || len(between)+len(name) > budget {
			break
		}
		budget -= len(between) + len(name)
		names = append(names, name)
	}
	if left := f.Count - len(names); left > 0 {
		names = append(names, more(left))
	}
	return strings.Join(names, between)
}

// telling is the link under which somebody could be told, "" for none.
func telling(to policy.Audience, address string) string {
	rest, ok := strings.CutPrefix(address, "https://")
	if !ok || len(address) > MaxTellChars || !only(rest, "._-/?=&%+~") { // nothing may end the link
		return ""
	}
	if to == policy.TellRegistry {
		return "[Report it to the registry](" + address + ")"
	}
	return "[Tell the maintainer](" + address + ")"
}

// namesAll says whether a finding's message names every package that it stands for.
func namesAll(f policy.Finding) bool {
	if f.Count == 0 {
		return true
	}
	if strings.Count(f.Names, "\n")+1 < f.Count { // not even the list has room for all
		return false
	}
	for name := range strings.SplitSeq(f.Names, "\n") {
		if !strings.Contains(f.Message, name) {
			return false
		}
	}
	return true
}

// mark is a symbol with its word: nothing rests on a colour.
func mark(f policy.Finding) string {
	switch {
	case f.Unknown:
		return "❔ not verified"
	case f.Severity == policy.Error:
		return "❌ error"
	case f.Severity == policy.Warning:
		return "⚠ warning"
	}
	return "ℹ notice"
}

// gravity orders findings: known malware weighs most, then errors, then what is unknown.
func gravity(f policy.Finding) int {
	switch {
	case f.Unknown:
		return 3
	case f.Severity == policy.Error && f.Rule == policy.RuleKnownMalware:
		return 5
	case f.Severity == policy.Error:
		return 4
	case f.Severity == policy.Warning:
		return 2
	}
	return 1
}
