package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bonafide-app/bonafide/app/policy"
)

// CheckOutput is what one check run shows, within GitHub's limits. It is a pure
// function of the check and holds no time, so that the same result is published once.
type CheckOutput struct {
	Title       string // plain text that reads alone
	Summary     string // Markdown: verdict, findings, what was not looked at
	Text        string // Markdown: all packages with their evidence; "" where there are none
	Annotations []Annotation
	Conclusion  policy.Conclusion
}

// Output renders a check. The pull requests that share the commit each get a heading;
// the worst comes first.
func Output(c Check) CheckOutput {
	sections := slices.Clone(c.Sections)
	slices.SortStableFunc(sections, func(a, b Section) int {
		return rank(b.Report.Conclusion) - rank(a.Report.Conclusion)
	})
	annotations, left := annotate(sections)
	out := CheckOutput{
		Title:       clip(checkTitle(c.Broken, sections), MaxTitleChars),
		Annotations: annotations,
		Conclusion:  c.Conclusion(),
	}
	out.Summary, out.Text = pages(c, sections, left, MaxSummaryBytes, MaxTextBytes)
	return out
}

func checkTitle(broken string, sections []Section) string {
	switch {
	case broken != "" || len(sections) == 0:
		return "No verdict: the check could not be finished"
	case len(sections) == 1:
		return title(sections[0].Report)
	}
	worst := sections[0]
	out := where(worst, Plain) + ": " + title(worst.Report)
	alike := 0
	for _, s := range sections[1:] {
		if s.Report.Conclusion == worst.Report.Conclusion {
			alike++
		}
	}
	switch {
	case alike == len(sections)-1 && worst.Report.Conclusion == policy.Success:
		return fmt.Sprintf("All %d pull requests with this commit pass. %s", len(sections), out)
	case alike > 0:
		return out + fmt.Sprintf(" (and %d more)", alike)
	}
	return out
}

// where names a section: "#12 into main".
func where(s Section, escape func(string) string) string {
	base := escape(clip(s.BaseRef, MaxNameChars))
	if s.PullRequest == 0 {
		return "Merge group into " + base
	}
	return fmt.Sprintf("#%d into %s", s.PullRequest, base)
}

// pages writes summary and text of a check with its sections in order, each within its
// number of bytes.
func pages(c Check, sections []Section, unannotated, summaryBytes, textBytes int) (summary, text string) {
	switch {
	case c.Conclusion() == policy.Neutral && c.Broken != "":
		summary = "⚪ **No verdict.** " + sentence(c.Broken) + "\n\nThe policy says `on_unknown: neutral`, so that this check does not fail. Run it again.\n"
	case c.Broken != "":
		summary = "❌ **No verdict.** " + sentence(c.Broken) + "\n\nWhat cannot be judged does not pass. Run the check again.\n"
	case len(sections) == 0:
		summary = "❌ **No verdict.** Nothing was judged.\n\nWhat cannot be judged does not pass. Run the check again.\n"
	}
	tail := ""
	if unannotated > 0 {
		tail = fmt.Sprintf("\n%s without an annotation: GitHub is sent %d at most.\n", count(unannotated, "finding"), MaxAnnotations)
	}
	several := len(sections) > 1
	if more := len(sections) - MaxSections; more > 0 {
		tail += fmt.Sprintf("\n%s with this commit, none with a worse result than these.\n", count(more, "more pull request"))
		sections = sections[:MaxSections]
	}
	summaryBytes -= len(tail)
	for i, s := range sections {
		heading := ""
		if several {
			heading = "## " + where(s, Code) + "\n\n"
		}
		share := func(budget int, page string) int { // what one section does not need is the next one's
			return (budget-len(page))/(len(sections)-i) - len(heading) - 1
		}
		summary = join(summary, heading+summaryOf(s.Report, share(summaryBytes, summary), c.Details))
		if own := textOf(s.Report, share(textBytes, text), c.Details); own != "" {
			text = join(text, heading+own)
		}
	}
	return summary + tail, text
}

// join puts an empty line between two pieces of Markdown.
func join(page, piece string) string {
	if page == "" {
		return piece
	}
	return page + "\n" + piece
}

// sentence is outside text in running text, not too long.
func sentence(s string) string { return EscapeMarkdown(clip(s, MaxSentenceChars)) }

// help says what to do about a finding, its link clickable where it was not cut off.
func help(f policy.Finding) string {
	before, after, found := strings.Cut(clip(f.Help, MaxSentenceChars), f.Link)
	if f.Link == "" || !found || !linkable(f.Link) {
		return sentence(f.Help)
	}
	return strings.TrimLeft(EscapeMarkdown(before)+" <"+f.Link+">", " ") + EscapeMarkdown(after) // the blank before it was trimmed
}
