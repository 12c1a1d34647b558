package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

const (
	redrawEvery = 100 * time.Millisecond // faster than that nobody reads, and a slow terminal costs time
	barCells    = 24
	clearLine   = "\r\x1b[K"
)

// bar is one line on a terminal that says how far a review is: what is counted, how many
// are done, and how fast. It is gone when the review is over. The zero bar shows nothing.
type bar struct {
	out   io.Writer // nil where nobody looks
	width func() int
	now   func() time.Time

	what         string
	began, drawn time.Time
	shown        bool
}

// newBar shows progress on a terminal that can move its cursor, and nothing elsewhere.
func newBar(w io.Writer) *bar {
	if !onTerminal(w) || os.Getenv("TERM") == "dumb" {
		return &bar{}
	}
	return &bar{out: w, width: func() int { return width(w) }, now: time.Now}
}

// show is told how far a part of the review is. See review.Progress.
func (b *bar) show(what string, done, total int) {
	if b.out == nil {
		return
	}
	now := b.now()
	if what != b.what || done == 0 {
		b.what, b.began, b.drawn = what, now, time.Time{}
	}
	if done == total {
		b.clear()
		return
	}
	if now.Sub(b.drawn) < redrawEvery {
		return
	}
	b.drawn, b.shown = now, true
	fmt.Fprint(b.out, clearLine+barLine(what, done, total, now.Sub(b.began), b.width()))
}

// clear takes the line away.
func (b *bar) clear() {
	if b.shown {
		fmt.Fprint(b.out, clearLine)
		b.shown = false
	}
}

// barLine is the line, without what a terminal of that width has no room for.
func barLine(what string, done, total int, took time.Duration, width int) string {
	count := fmt.Sprintf("%d of %d %s", done, total, what)
	percent := fmt.Sprintf(" %3d %%", 100*done/total)
	full := barCells * done / total
	line := count
	for _, more := range []string{percent, "  [" + strings.Repeat("#", full) + strings.Repeat("-", barCells-full) + "]", rate(done, took)} {
		if len(line)+len(more) < width { // the last column stays free: some terminals wrap there
			line += more
		}
	}
	if len(line) >= width {
		return ""
	}
	return line
}

// rate says how many a second, once there is enough to tell.
func rate(done int, took time.Duration) string {
	if done == 0 || took < redrawEvery {
		return ""
	}
	return fmt.Sprintf("  %.0f/s", float64(done)/took.Seconds())
}
