package web

import (
	"html/template"

	"github.com/bonafide-app/bonafide/app/report"
	"github.com/bonafide-app/bonafide/app/store"
)

// chartOf draws coverage over time.
func chartOf(list []store.Coverage) template.HTML {
	points := make([]report.Coverage, len(list))
	for i, c := range list {
		points[i] = report.Coverage{Day: c.Day, Packages: c.Packages, Signed: c.Signed, Proven: c.Proven}
	}
	return template.HTML(report.CoverageChart(points)) //nolint:gosec // made of numbers, days and our own words alone
}

// badgeOf is the badge of a coverage.
func badgeOf(c store.Coverage) []byte {
	return report.Badge("provenance", report.Percent(c.Proven, c.Packages)+" of "+figure(c.Packages), report.ToneKnown)
}

// unknownBadge is the badge of everything that is not to be seen, or not there.
func unknownBadge() []byte { return report.Badge("provenance", "unknown", report.ToneNone) }
