package report

import (
	"fmt"
	"strings"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
)

// commentBody is what a comment says, without its marks.
func commentBody(r Report, findings []policy.Finding) string {
	rows := make([]string, len(findings))
	for i, f := range findings {
		rows[i] = commentRow(f)
	}
	foot := ""
	if r.WouldFail {
		foot = "The policy only observes: this does not fail the check.\n\n"
	}
	if r.Demo {
		foot += demoNote + "\n\n"
	}
	return fit(rows, MaxCommentBytes-len(foot), func(left int) string {
		return fmt.Sprintf("…and %s at this line: see the check.\n\n", count(left, "more finding"))
	}) + foot
}

// commentRow says of one finding what it is, why it matters and what to do; what only
// some want to know is folded.
func commentRow(f policy.Finding) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n\n", args...) }
	about := ""
	if f.Package != (dep.Package{}) {
		about = ": " + shown(f.Package.ID())
	}
	line("%s **%s**%s", mark(f), sentence(string(f.Rule)), about)
	line("%s", sentence(f.Message))
	if f.Why != "" {
		line("*Why it matters:* %s", commentAside(f.Why))
	}
	if todo := whatToDo(f, true); todo != "" {
		line("*What to do:* %s", todo)
	}
	if link := telling(f.Tell.To, tellLink(f)); link != "" {
		line("%s", link)
	}
	var folded, heads []string
	if f.Benign != "" {
		heads, folded = append(heads, "benign causes"), append(folded, commentAside(upperFirst(f.Benign)))
	}
	if command := acceptCommand(f); command != "" {
		heads = append(heads, "how to accept it")
		folded = append(folded, "Whoever may accept findings here can reply with "+command+". The reason is yours to write.")
	}
	if len(folded) > 0 {
		line("<details><summary>%s</summary>\n\n%s\n\n</details>", upperFirst(and(heads)), strings.Join(folded, "\n\n"))
	}
	return b.String()
}

// commentAside is a sentence beside the matter, shorter than one about it.
func commentAside(s string) string { return EscapeMarkdown(clip(s, MaxReasonChars)) }

// acceptCommand is what is to be replied so that an error is accepted, as Markdown; ""
// where it cannot be, or where its package's name cannot be copied as it is shown.
func acceptCommand(f policy.Finding) string {
	if _, ok := policy.Acceptable(f.Rule); !ok || f.Severity != policy.Error || f.Package == (dep.Package{}) {
		return ""
	}
	name := f.Package.String()
	read, err := dep.ParsePackage(name)
	if err != nil || read != f.Package || len(name) > MaxURLChars || Visible(name) != name || strings.ContainsAny(name, " `|") {
		return ""
	}
	return Code("/bonafide accept " + name + " " + string(f.Rule) + " REASON")
}
