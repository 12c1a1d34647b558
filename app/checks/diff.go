package checks

import (
	"regexp"
	"strconv"
	"strings"
)

// lines are the ranges of a file's new side that a pull request's diff shows: only
// on these does GitHub take a review comment.
type lines [][2]int

func (l lines) has(line int) bool {
	for _, r := range l {
		if r[0] <= line && line <= r[1] {
			return true
		}
	}
	return false
}

// hunkHeader is "@@ -1,2 +3,4 @@"; a count of 1 is left out.
var hunkHeader = regexp.MustCompile(`^@@ -\d{1,9}(?:,\d{1,9})? \+(\d{1,9})(?:,(\d{1,9}))? @@`)

// hunks reads the ranges from the hunk headers of a patch. A line of content begins
// with a blank, a sign or a backslash, so that no content can pass for a header.
func hunks(patch string) lines {
	var out lines
	for line := range strings.Lines(patch) {
		m := hunkHeader.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		start, _ := strconv.Atoi(m[1]) // nine digits at most
		count := 1
		if m[2] != "" {
			count, _ = strconv.Atoi(m[2])
		}
		if count > 0 {
			out = append(out, [2]int{start, start + count - 1})
		}
	}
	return out
}
