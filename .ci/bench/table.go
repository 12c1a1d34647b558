package main

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// row is a line of npm-baseline.sh's table: medians of some runs of one case.
type row struct {
	name                                         string
	wall, cpu, rss, requests, body, plain, conns float64
	line                                         string
}

const header = `| case | wall s | (min–max) | CPU s | peak RSS MB | requests | body MB | plain MB | wire MB | conns | server CPU s | others CPU s |
|---|---|---|---|---|---|---|---|---|---|---|---|
`

// parse reads the rows of the tables in what was printed.
func parse(r io.Reader) (rows []row, err error) {
	in := bufio.NewScanner(r)
	for in.Scan() {
		cells := strings.Split(strings.Trim(in.Text(), "|"), "|")
		if len(cells) != 12 {
			continue
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		number := func(i int) float64 {
			n, parsed := strconv.ParseFloat(cells[i], 64)
			if parsed != nil && err == nil {
				err = fmt.Errorf("%q is no number in the row %q", cells[i], in.Text())
			}
			return n
		}
		if cells[0] == "case" || strings.HasPrefix(cells[0], "---") {
			continue
		}
		rows = append(rows, row{cells[0], number(1), number(3), number(4), number(5), number(6), number(7), number(9), in.Text()})
	}
	if err == nil {
		err = in.Err()
	}
	return rows, err
}

func lines(rows []row) (out []string) {
	for _, r := range rows {
		out = append(out, r.line)
	}
	return out
}

// ratios says how far Bonafide is from npm and from the floor, beside what is aimed at.
func ratios(rows []row, latencies []string) string {
	by := map[string]row{}
	for _, r := range rows {
		by[r.name] = r
	}
	var b strings.Builder
	b.WriteString("| what | npm | floor | Bonafide | | aimed at |\n|---|---|---|---|---|---|\n")
	line := func(what string, npm, floor, ours float64, unit, result, aim string) {
		show := func(v float64) string {
			switch {
			case v == 0 && unit == "s":
				return "–"
			case unit == "s":
				return fmt.Sprintf("%.2f s", v)
			}
			return strings.TrimSpace(fmt.Sprintf("%.4g %s", v, unit))
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", what, show(npm), show(floor), show(ours), result, aim)
	}
	times := func(npm, ours float64) string {
		if ours == 0 {
			return "–"
		}
		return fmt.Sprintf("%.0f×", npm/ours)
	}
	for _, ms := range latencies {
		at := ", " + ms + " ms"
		npm, ours, warm, again := by["npm, cold"+at], by["bonafide, cold"+at], by["bonafide, warm"+at], by["bonafide-reverify, warm"+at]
		npmWarm, floor := by["npm, warm"+at], by["… and dates by HEAD of the tarball"+at]
		aim := map[string]string{"0": "25×", "30": "16×"}[ms]
		line("cold"+at, npm.wall, floor.wall, ours.wall, "s", times(npm.wall, ours.wall), aim)
		line("cold, CPU"+at, npm.cpu, floor.cpu, ours.cpu, "s", times(npm.cpu, ours.cpu), "20×")
		line("warm"+at, npmWarm.wall, 0, warm.wall, "s", times(npmWarm.wall, warm.wall), "80×")
		line("warm, everything verified again"+at, npmWarm.wall, 0, again.wall, "s", times(npmWarm.wall, again.wall), "30×")
		if ms == latencies[0] {
			line("peak memory, cold", npm.rss, floor.rss, ours.rss, "MB", times(npm.rss, ours.rss), "50 MB")
			line("requests, cold", npm.requests, floor.requests, ours.requests, "", "", "one a release, one an attested one, one a date, and 10")
			line("requests, warm", npmWarm.requests, 0, warm.requests, "", "", "0")
			line("body, cold", npm.body, floor.body, ours.body, "MB", times(npm.body, ours.body), "2 kB an entry")
		}
	}
	for _, kind := range []string{"plain", "attested"} {
		if r, ok := by["bonafide, one package more, "+kind]; ok {
			line("one package more, "+kind, 0, 0, r.wall, "s", fmt.Sprintf("%.0f requests", r.requests), map[string]string{"plain": "1", "attested": "2"}[kind])
		}
	}
	return b.String()
}
