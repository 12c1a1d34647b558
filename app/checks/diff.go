package checks

import (
	"encoding/json"
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

// hold says whether one hunk shows all of some lines.
func (l lines) hold(from, to int) bool {
	for _, r := range l {
		if r[0] <= from && from <= to && to <= r[1] {
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
		if start, count, ok := hunk(line); ok && count > 0 {
			out = append(out, [2]int{start, start + count - 1})
		}
	}
	return out
}

// hunk reads a hunk's header: where it begins on the new side, and how many lines it has.
func hunk(line string) (start, count int, ok bool) {
	m := hunkHeader.FindStringSubmatch(line)
	if m == nil {
		return 0, 0, false
	}
	start, _ = strconv.Atoi(m[1]) // nine digits at most
	count = 1
	if m[2] != "" {
		count, _ = strconv.Atoi(m[2])
	}
	return start, count, true
}

// asked finds the lines of the new side that a patch of a package.json adds and that ask
// for one of the names: a member with that name and a text, whatever block it is in. Of
// several lines for a name it is the first. What a hunk has beyond the lines that its
// header counts is not read.
func asked(patch string, names map[string]bool) map[string]int {
	if len(names) == 0 {
		return nil
	}
	out := map[string]int{}
	next, end := 0, 0
	for line := range strings.Lines(patch) {
		if start, count, ok := hunk(line); ok {
			next, end = start, start+count
			continue
		}
		if next >= end || line[0] != '+' && line[0] != ' ' {
			continue
		}
		if name, ok := member(line[1:]); ok && line[0] == '+' && names[name] && out[name] == 0 {
			out[name] = next
		}
		next++
	}
	return out
}

// maxMember bounds the name of a member in bytes as written: npm's longest has 214.
const maxMember = 1 << 10

// member reads the name at the beginning of a line like `  "name": "text",`.
func member(line string) (name string, ok bool) {
	rest, found := strings.CutPrefix(strings.TrimLeft(line, " \t"), `"`)
	if !found {
		return "", false
	}
	for i := 0; i < min(len(rest), maxMember); i++ {
		switch rest[i] {
		case '\\':
			i++
		case '"':
			after, found := strings.CutPrefix(strings.TrimLeft(rest[i+1:], " \t"), ":")
			if !found || !strings.HasPrefix(strings.TrimLeft(after, " \t"), `"`) {
				return "", false
			}
			err := json.Unmarshal([]byte(`"`+rest[:i]+`"`), &name)
			return name, err == nil
		}
	}
	return "", false
}
