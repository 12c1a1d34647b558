package report

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
	"time"
)

// Coverage is how many of a repository's packages had what on a day.
type Coverage struct {
	Day      time.Time
	Packages int
	Signed   int // with a verified registry signature
	Proven   int // with verified provenance
}

// The chart's measures, in units of its viewBox.
const (
	chartWidth, chartHeight = 720, 240
	chartLeft, chartRight   = 58, 704
	chartTop, chartBottom   = 28, 204
)

// maxGap is the longest time between two points that are joined by a line: nothing is known
// of what was in between.
const maxGap = 8 * 24 * time.Hour

// CoverageChart draws coverage over time, for a page: SVG with classes and no styles, as
// wide as its place. The line is of signatures, the area of provenance, each in percent of
// the packages of its day; days without packages are gaps. The classes are chart, chart-grid,
// chart-label, chart-signed, chart-proven, chart-area and chart-point.
func CoverageChart(points []Coverage) []byte {
	points = slices.DeleteFunc(slices.Clone(points), func(c Coverage) bool { return c.Packages <= 0 || c.Day.IsZero() })
	slices.SortStableFunc(points, func(a, b Coverage) int { return a.Day.Compare(b.Day) })
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="chart" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-labelledby="coverage-title coverage-desc" font-size="12" fill="currentColor">`+"\n", chartWidth, chartHeight)
	fmt.Fprintf(&b, "<title id=\"coverage-title\">Signatures and provenance over time</title>\n<desc id=\"coverage-desc\">%s</desc>\n", html.EscapeString(described(points)))
	for _, percent := range []int{0, 25, 50, 75, 100} {
		y := chartY(percent, 100)
		fmt.Fprintf(&b, `<path class="chart-grid" d="M%d %sH%d" stroke="currentColor" stroke-opacity="0.25"/><text class="chart-label" x="%d" y="%s" dy="4" text-anchor="end">%d%%</text>`+"\n",
			chartLeft, y, chartRight, chartLeft-6, y, percent)
	}
	if len(points) == 0 {
		fmt.Fprintf(&b, `<text class="chart-label" x="%d" y="%d" text-anchor="middle">Nothing was counted yet.</text>`+"\n</svg>\n", (chartLeft+chartRight)/2, (chartTop+chartBottom)/2)
		return []byte(b.String())
	}
	c := chart{points: points, from: points[0].Day, span: points[len(points)-1].Day.Sub(points[0].Day)}
	fmt.Fprintf(&b, `<path class="chart-area" d="%s" fill-opacity="0.25"/>`+"\n", c.area())
	fmt.Fprintf(&b, `<path class="chart-proven" d="%s" fill="none" stroke="currentColor" stroke-width="2"/>`+"\n", c.line(Coverage.proven))
	fmt.Fprintf(&b, `<path class="chart-signed" d="%s" fill="none" stroke="currentColor" stroke-width="2" stroke-dasharray="6 4"/>`+"\n", c.line(Coverage.signed))
	for _, run := range c.runs() { // a line of one point is not to be seen
		if p := run[0]; len(run) == 1 {
			for _, value := range []func(Coverage) int{Coverage.proven, Coverage.signed} {
				fmt.Fprintf(&b, `<circle class="chart-point" cx="%s" cy="%s" r="3"/>`+"\n", c.x(p), chartY(value(p), p.Packages))
			}
		}
	}
	for _, day := range c.days() {
		fmt.Fprintf(&b, `<text class="chart-label" x="%s" y="%d" text-anchor="%s">%s</text>`+"\n", c.x(Coverage{Day: day.at}), chartBottom+20, day.anchor, day.at.UTC().Format(time.DateOnly))
	}
	fmt.Fprintf(&b, `<path class="chart-signed" d="M%d 12h24" stroke="currentColor" stroke-width="2" stroke-dasharray="6 4"/><text class="chart-label" x="%d" y="16">verified signature</text>`+"\n", chartLeft, chartLeft+30)
	fmt.Fprintf(&b, `<path class="chart-proven" d="M%d 12h24" stroke="currentColor" stroke-width="2"/><text class="chart-label" x="%d" y="16">verified provenance</text>`+"\n</svg>\n", chartLeft+230, chartLeft+260)
	return []byte(b.String())
}

func (c Coverage) signed() int { return c.Signed }
func (c Coverage) proven() int { return c.Proven }

// described is the chart in words.
func described(points []Coverage) string {
	if len(points) == 0 {
		return "Nothing was counted yet."
	}
	last := points[len(points)-1]
	says := func(c Coverage) string {
		return fmt.Sprintf("on %s %s of %s had a verified signature and %s verified provenance",
			c.Day.UTC().Format(time.DateOnly), Percent(c.Signed, c.Packages), count(c.Packages, "package"), Percent(c.Proven, c.Packages))
	}
	if len(points) == 1 {
		return upperFirst(says(last)) + "."
	}
	return upperFirst(says(points[0])) + "; " + says(last) + "."
}

// chart is what is drawn: one point at least, in order.
type chart struct {
	points []Coverage
	from   time.Time
	span   time.Duration
}

// runs are the points with no gap between them.
func (c chart) runs() (out [][]Coverage) {
	begin := 0
	for i := 1; i <= len(c.points); i++ {
		if i == len(c.points) || c.points[i].Day.Sub(c.points[i-1].Day) > maxGap {
			out, begin = append(out, c.points[begin:i]), i
		}
	}
	return out
}

func (c chart) line(value func(Coverage) int) string {
	var b strings.Builder
	for _, run := range c.runs() {
		for i, p := range run {
			step := "L"
			if i == 0 {
				step = "M"
			}
			b.WriteString(step + c.x(p) + " " + chartY(value(p), p.Packages))
		}
	}
	return b.String()
}

// area is what lies below the line of provenance.
func (c chart) area() string {
	var b strings.Builder
	for _, run := range c.runs() {
		fmt.Fprintf(&b, "M%s %d", c.x(run[0]), chartBottom)
		for _, p := range run {
			b.WriteString("L" + c.x(p) + " " + chartY(p.Proven, p.Packages))
		}
		fmt.Fprintf(&b, "L%s %dZ", c.x(run[len(run)-1]), chartBottom)
	}
	return b.String()
}

type chartDay struct {
	at     time.Time
	anchor string
}

// days are named below the chart: the first, one in the middle where there is room for it,
// and the last.
func (c chart) days() []chartDay {
	last := c.from.Add(c.span)
	switch {
	case c.span < 24*time.Hour:
		return []chartDay{{c.from, "middle"}}
	case c.span < 48*time.Hour:
		return []chartDay{{c.from, "start"}, {last, "end"}}
	}
	return []chartDay{{c.from, "start"}, {c.from.Add((c.span / 2).Truncate(24 * time.Hour)), "middle"}, {last, "end"}}
}

// x is where a day stands; one that is alone, in the middle.
func (c chart) x(p Coverage) string {
	part := 0.5
	if c.span > 0 {
		part = float64(p.Day.Sub(c.from)) / float64(c.span)
	}
	return unit(chartLeft + part*(chartRight-chartLeft))
}

// chartY is where a share stands, never outside of the chart.
func chartY(part, whole int) string {
	share := float64(min(max(part, 0), whole)) / float64(whole)
	return unit(chartBottom - share*(chartBottom-chartTop))
}

// unit is a length with one decimal at most.
func unit(f float64) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", math.Round(f*10)/10), ".0")
}
