package publish

import (
	"fmt"
	"slices"
	"strings"
)

// contextLines stand around what changes, as git shows it.
const contextLines = 3

// writeDiff writes what changes in one file.
func writeDiff(out *strings.Builder, path string, there bool, before, after []byte) {
	a, b := endedLines(before), endedLines(after)
	changes := compareLines(a, b)
	if len(changes) == 0 {
		return
	}
	from, to := diffName("a/"+path), diffName("b/"+path)
	fmt.Fprintf(out, "diff --git %s %s\n", from, to)
	if !there {
		out.WriteString("new file mode 100644\n")
		from = "/dev/null"
	}
	fmt.Fprintf(out, "--- %s%s\n+++ %s%s\n", from, nameEnd(from), to, nameEnd(to))
	for len(changes) > 0 {
		n := 1 // changes of this hunk: those whose context meets
		for n < len(changes) && changes[n].a0-changes[n-1].a1 <= 2*contextLines {
			n++
		}
		writeHunk(out, a, b, changes[:n])
		changes = changes[n:]
	}
}

func writeHunk(out *strings.Builder, a, b []string, changes []lineChange) {
	first, last := changes[0], changes[len(changes)-1]
	before := min(first.a0, contextLines)
	after := min(len(a)-last.a1, contextLines)
	a0, b0 := first.a0-before, first.b0-before
	fmt.Fprintf(out, "@@ -%s +%s @@\n", hunkRange(a0, last.a1+after-a0), hunkRange(b0, last.b1+after-b0))
	at := a0
	for _, c := range changes {
		writeDiffLines(out, " ", a[at:c.a0])
		writeDiffLines(out, "-", a[c.a0:c.a1])
		writeDiffLines(out, "+", b[c.b0:c.b1])
		at = c.a1
	}
	writeDiffLines(out, " ", a[at:last.a1+after])
}

func writeDiffLines(out *strings.Builder, mark string, lines []string) {
	for _, line := range lines {
		out.WriteString(mark + line)
		if !strings.HasSuffix(line, "\n") {
			out.WriteString("\n\\ No newline at end of file\n")
		}
	}
}

// hunkRange is the range of a hunk; lines are counted from 1, and nothing stands after its line.
func hunkRange(from, n int) string {
	switch n {
	case 0:
		return fmt.Sprintf("%d,0", from)
	case 1:
		return fmt.Sprint(from + 1)
	}
	return fmt.Sprintf("%d,%d", from+1, n)
}

// diffName writes a path as git does: in quotes where it has characters that would end it.
func diffName(path string) string {
	var b strings.Builder
	quoted := false
	for i := range len(path) {
		switch c := path[i]; {
		case c == '"' || c == '\\':
			quoted = true
			b.WriteString(`\` + string(c))
		case c < ' ' || c >= 0x7f:
			quoted = true
			fmt.Fprintf(&b, `\%03o`, c)
		default:
			b.WriteByte(c)
		}
	}
	if quoted {
		return `"` + b.String() + `"`
	}
	return path
}

// nameEnd ends a name that has blanks, as git does.
func nameEnd(name string) string {
	if strings.Contains(name, " ") && !strings.HasPrefix(name, `"`) {
		return "\t"
	}
	return ""
}

// lineChange says that lines a0 to a1 of one text, counted from 0, became b0 to b1 of another.
type lineChange struct{ a0, a1, b0, b1 int }

// compareLines finds the fewest lines that differ (Myers, "An O(ND) difference algorithm and its
// variations", 1986). Where more than maxDiffered do, everything between the first and the
// last of them is one change.
func compareLines(a, b []string) []lineChange {
	start := 0
	for start < min(len(a), len(b)) && a[start] == b[start] {
		start++
	}
	end := 0
	for end < min(len(a), len(b))-start && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	x, y := a[start:len(a)-end], b[start:len(b)-end]
	if len(x)+len(y) == 0 {
		return nil
	}
	trace, ok := furthest(x, y)
	if !ok {
		return []lineChange{{start, len(a) - end, start, len(b) - end}}
	}
	var out []lineChange // from the end
	i, j := len(x), len(y)
	for d := len(trace) - 1; i > 0 || j > 0; d-- {
		var fromI, fromJ int
		if d > 0 {
			fromI, fromJ = stepBack(trace[d-1], d, i-j)
		}
		for i > fromI && j > fromJ && x[i-1] == y[j-1] {
			i, j = i-1, j-1
		}
		if i == fromI && j == fromJ {
			continue
		}
		c := lineChange{start + fromI, start + i, start + fromJ, start + j}
		if n := len(out); n > 0 && out[n-1].a0 == c.a1 && out[n-1].b0 == c.b1 {
			out[n-1].a0, out[n-1].b0 = c.a0, c.b0
		} else {
			out = append(out, c)
		}
		i, j = fromI, fromJ
	}
	slices.Reverse(out)
	return out
}

// furthest keeps, for every number of differences, how far each diagonal came: the diagonal
// k of d differences at the index k+d.
func furthest(x, y []string) (trace [][]int, ok bool) {
	last := []int{}
	for d := 0; d <= min(len(x)+len(y), maxDiffered); d++ {
		now := make([]int, 2*d+1)
		for k := -d; k <= d; k += 2 {
			i := 0
			if d > 0 {
				i = reaches(last, d, k)
			}
			for i < len(x) && i-k < len(y) && x[i] == y[i-k] {
				i++
			}
			now[k+d] = i
			if i >= len(x) && i-k >= len(y) {
				return append(trace, now), true
			}
		}
		trace = append(trace, now)
		last = now
	}
	return nil, false
}

// reaches is how far diagonal k comes with the d-th difference, before what is the same.
func reaches(last []int, d, k int) int {
	if goesDown(last, d, k) {
		return last[k+d]
	}
	return last[k+d-2] + 1
}

// stepBack is where diagonal k was left for its d-th difference.
func stepBack(last []int, d, k int) (i, j int) {
	if goesDown(last, d, k) {
		return last[k+d], last[k+d] - (k + 1)
	}
	return last[k+d-2], last[k+d-2] - (k - 1)
}

// goesDown says that diagonal k is reached by a line of the second text, not of the first.
func goesDown(last []int, d, k int) bool {
	return k == -d || k != d && last[k+d-2] < last[k+d]
}
