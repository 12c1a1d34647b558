package released

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/report"
)

// Check is what the check of a tagged commit is made from.
type Check struct {
	Look
	Outcomes []Outcome
	// Unread are files that could not be read: packages may be missing.
	Unread []string
	Mode   policy.Mode
	Demo   bool // the trust root is the demo's
}

// Waits says whether something may be otherwise soon, and is asked for again.
func (c Check) Waits() bool {
	return slices.ContainsFunc(c.Outcomes, func(o Outcome) bool { return o.State == Awaited })
}

// Conclusion is what the check ends with. A policy that only observes fails nothing.
func (c Check) Conclusion() policy.Conclusion {
	has := func(states ...State) bool {
		return slices.ContainsFunc(c.Outcomes, func(o Outcome) bool { return slices.Contains(states, o.State) })
	}
	switch {
	case has(Wrong, NotPublished, NoProvenance, Disagrees) && c.Mode != policy.Observe:
		return policy.Failure
	case has(Wrong, NotPublished, NoProvenance, Disagrees, Awaited, Unknown, Aside) || len(c.Unread) > 0:
		return policy.Neutral
	}
	return policy.Success
}

// states are all states, the worst first, with what a title and a heading call them and
// what to do.
func states() []struct {
	State
	title, heading, advice string
} {
	return []struct {
		State
		title, heading, advice string
	}{
		{Wrong, "not built as it should be", "Not what this repository would have published",
			"Find out who published it, and how. Where it was not you, treat the publishing account or token as stolen: deprecate the version and tell the registry."},
		{NotPublished, "not published", "Not published",
			"Look at the workflow run that should have published it; `bonafide publish-check --log FILE` explains its errors. Then run this check again. " +
				"Where a package is not meant to be published, write `\"private\": true` into its `package.json`."},
		{NoProvenance, "without provenance", "Published without provenance",
			"`bonafide publish-check` says what the workflow lacks, with the lines to change. A version that is published gets no provenance later."},
		{Disagrees, "with another version than the tag", "Tag and version disagree",
			"Nobody finds the source of a version by a tag that says another one. Move the tag, or publish the version that it names."},
		{Awaited, "waited for", "Waited for",
			"A workflow that begins with the tag builds and tests first, so the registry is asked again for up to an hour. Where this stands here for longer, run this check again."},
		{Unknown, "not found out", "Not found out", "Run this check again."},
		{Aside, "built here, with a remark", "Built by this repository, with a remark", "Look whether it is meant to be so."},
		{Proven, "built here", "Built by this repository, from the tagged commit", ""},
	}
}

// Title is the outcome in one line.
func (c Check) Title() string {
	if len(c.Outcomes) == 1 && c.Outcomes[0].State == Proven {
		return cut(c.Outcomes[0].Package.ID(), maxName) + " is published with provenance from this commit"
	}
	var parts []string
	for _, s := range states() {
		n := 0
		for _, o := range c.Outcomes {
			if o.State == s.State {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, s.title))
		}
	}
	if len(parts) == 0 {
		return "The packages of this tag could not be read"
	}
	packages := "1 package"
	if n := len(c.Outcomes); n != 1 {
		packages = fmt.Sprintf("%d packages", n)
	}
	return packages + ": " + strings.Join(parts, ", ")
}

// Summary is the outcome as Markdown, escaped. What is beyond maxListed, or has no room
// within maxSummary, is counted.
func (c Check) Summary() string {
	var b strings.Builder
	if c.Demo {
		b.WriteString("🧪 **Demo.** The evidence is the demo's own and says nothing about real packages.\n\n")
	}
	fmt.Fprintf(&b, "What the registry has of the packages that the tag %s is about.\n", report.Code(cut(c.Name, maxName)))
	if c.Mode == policy.Observe {
		b.WriteString("\nThe policy's mode is observe, so that this check does not fail.\n")
	}
	listed, left := 0, 0
	list := func(entry string) {
		if listed++; listed > maxListed || b.Len()+len(entry) > maxSummary {
			left++
			return
		}
		b.WriteString(entry)
	}
	for _, unread := range c.Unread {
		list(fmt.Sprintf("\n- Not looked at: %s\n", report.EscapeMarkdown(cut(unread, maxWords))))
	}
	outcomes := slices.Clone(c.Outcomes)
	slices.SortStableFunc(outcomes, func(a, b Outcome) int {
		return cmp.Or(cmp.Compare(a.Package.Name, b.Package.Name), cmp.Compare(a.Path, b.Path))
	})
	for _, s := range states() {
		head := fmt.Sprintf("\n### %s\n\n", s.heading)
		if s.advice != "" {
			head += s.advice + "\n\n"
		}
		for _, o := range outcomes {
			if o.State == s.State {
				written := b.Len()
				if list(head + o.line()); b.Len() > written {
					head = ""
				}
			}
		}
	}
	if left > 0 {
		fmt.Fprintf(&b, "\nAnd %d more.\n", left)
	}
	return b.String()
}

// line is an outcome as an item of a list.
func (o Outcome) line() string {
	line := "- " + report.Code(cut(o.Package.ID(), maxName))
	if o.Path != "" {
		line += " (" + report.Code(cut(o.Path, maxName)) + ")"
	}
	if len(o.Words) > 0 {
		line += ": " + report.EscapeMarkdown(cut(strings.Join(o.Words, " "), maxWords))
	}
	if o.Run != "" {
		line += " Run: " + report.Code(cut(o.Run, maxName))
	}
	return line + "\n"
}

// cut shortens a text to so many characters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	if runes := []rune(s); len(runes) > n {
		return string(runes[:n]) + "…"
	}
	return s
}
