package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// wellFormed holds a picture against XML.
func wellFormed(t *testing.T, svg []byte) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(svg))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%v in %s", err, svg)
		}
	}
}

func coverage(n int, each time.Duration) []Coverage {
	var out []Coverage
	for i := range n {
		out = append(out, Coverage{Day: clock.Add(time.Duration(i-n) * each), Packages: 900 + i%50, Signed: 880, Proven: 60 + i/8})
	}
	return out
}

func TestChartsLookAsTheyShould(t *testing.T) {
	day := 24 * time.Hour
	gaps := append(coverage(3, 30*day), coverage(4, day)...)
	gaps = append(gaps, Coverage{Day: clock.Add(-2 * day)}, Coverage{Packages: 5})
	for name, points := range map[string][]Coverage{"0": nil, "1": coverage(1, day), "2": coverage(2, day), "730": coverage(730, day), "gaps": gaps} {
		svg := CoverageChart(points)
		wellFormed(t, svg)
		golden(t, "chart-"+name, svg)
		if bytes.Contains(svg, []byte("style=")) || len(svg) > 40_000 {
			t.Errorf("%s: it has styles, or %d bytes", name, len(svg))
		}
	}
}

func TestChartsStayInTheirPlace(t *testing.T) {
	odd := []Coverage{
		{Day: clock, Packages: 10, Signed: -5, Proven: 50}, {Day: clock, Packages: 1}, {Day: clock.Add(-400000 * time.Hour), Packages: -1, Signed: 3},
		{Day: clock.Add(time.Second), Packages: 3, Signed: 3, Proven: 3},
	}
	svg := CoverageChart(odd)
	wellFormed(t, svg)
	for _, m := range regexp.MustCompile(`[ML]([0-9.-]+) ([0-9.-]+)`).FindAllStringSubmatch(string(svg), -1) {
		var x, y float64
		if _, err := fmt.Sscan(m[1], &x); err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Sscan(m[2], &y); err != nil {
			t.Fatal(err)
		}
		if x < 0 || x > chartWidth || y < 0 || y > chartHeight {
			t.Errorf("%s lies outside", m[0])
		}
	}
}

func TestBadgesLookAsTheyShould(t *testing.T) {
	for name, b := range map[string][]byte{
		"known": Badge("provenance", "10% of 971", ToneKnown), "none": Badge("provenance", "not known", ToneNone), "hostile": Badge(`<script>"&'`, "\u202e\x00]]>\n", ToneKnown),
	} {
		wellFormed(t, b)
		golden(t, "badge-"+name, b)
	}
	for _, s := range hostileNames() {
		b := Badge(s, s, ToneNone)
		wellFormed(t, b)
		if !utf8.Valid(b) || len(b) > 4_000 || strings.Contains(string(b), "<script") {
			t.Errorf("%q: %s", s, b)
		}
	}
}

func TestPercentNeverSaysAllOrNothingOfAPart(t *testing.T) {
	for want, of := range map[string][2]int{
		"0%": {0, 5}, "<1%": {1, 971}, "10%": {101, 971}, "50%": {1, 2}, "99%": {98, 99}, ">99%": {970, 971}, "100%": {971, 971},
	} {
		if got := Percent(of[0], of[1]); got != want {
			t.Errorf("%v: %s, want %s", of, got, want)
		}
	}
	if Percent(1, 0) != "0%" || Percent(-1, 5) != "0%" {
		t.Error("of nothing it is not 0%")
	}
}
