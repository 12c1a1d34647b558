package publish

import (
	"cmp"
	"slices"
	"strings"
)

// Check says how the repository publishes, and what to mend.
func Check(files Files, facts Facts) Report {
	r := model(files, facts)
	report := Report{Schema: "bonafide.publish/v1", Findings: r.findings()}
	for _, w := range r.ways {
		report.Ways = append(report.Ways, w.Way)
	}
	report.Unread = r.unread
	return report
}

// model reads the files and finds the ways: what the rules ask.
func model(files Files, facts Facts) *repository {
	r := read(files, facts)
	r.walkAll()
	slices.SortStableFunc(r.ways, func(a, b *way) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), strings.Compare(callersOf(a), callersOf(b)))
	})
	slices.SortFunc(r.unread, func(a, b Unread) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), strings.Compare(a.Reason, b.Reason))
	})
	if r.unlisted > 0 { // the last word
		r.unread = append(r.unread, Unread{Reason: sprintf("Up to %d more places could not be read, and are not listed.", r.unlisted)})
	}
	return r
}

// callersOf orders ways that share a line by who calls it.
func callersOf(w *way) string {
	var b strings.Builder
	for _, c := range w.chain {
		b.WriteString(c.workflow.File + "\x00" + c.job.ID + "\x00")
	}
	return b.String()
}
