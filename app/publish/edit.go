package publish

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Patch mends files by the edits of findings, and says it as a unified diff that `git
// apply` takes. mended holds the files that changed, left the findings that nothing was
// done about: those without edits, those that overlap what a graver finding changes, and
// those whose edits do not fit the files. All edits of a finding are made, or none.
//
// What is kept: the line ends of every file, and whether its last line has one.
func Patch(files Files, findings []Finding) (unified []byte, mended Files, left []Finding) {
	taken := map[string][]Edit{}
	order := slices.Clone(findings)
	slices.SortStableFunc(order, func(a, b Finding) int { return cmp.Compare(gravity(a.Severity), gravity(b.Severity)) })
	for _, f := range order {
		fresh, ok := editsFit(files, taken, f.Edits)
		if !ok {
			left = append(left, f)
			continue
		}
		for _, e := range fresh {
			taken[e.File] = append(taken[e.File], e)
		}
	}
	mended = Files{}
	for path, edits := range taken {
		if after := applyEdits(files[path], edits); string(after) != string(files[path]) {
			mended[path] = after
		}
	}
	return Diff(files, mended), mended, left
}

// Diff is a unified diff from files to those that changed, in the order of their paths.
// What files does not hold is new.
func Diff(files, changed Files) []byte {
	var out bytes.Buffer
	for _, path := range slices.Sorted(maps.Keys(changed)) {
		before, there := files[path]
		writeDiff(&out, path, there, before, changed[path])
	}
	return out.Bytes()
}

// gravity orders severities, the gravest first.
func gravity(s Severity) int {
	switch s {
	case Error:
		return 0
	case Warning:
		return 1
	}
	return 2
}

// editsFit gives those edits of a finding that are not made yet; false where one of them
// cannot be made.
func editsFit(files Files, taken map[string][]Edit, edits []Edit) ([]Edit, bool) {
	var fresh []Edit
	for _, e := range edits {
		data, there := files[e.File]
		odd := func(line string) bool { return strings.ContainsAny(line, "\r\n\x00") }
		if !there || e.From < 1 || e.To < e.From-1 || e.To > len(endedLines(data)) || e.From > len(endedLines(data))+1 || slices.ContainsFunc(e.Lines, odd) {
			return nil, false
		}
		same := func(other Edit) bool { return sameEdit(e, other) }
		if slices.ContainsFunc(taken[e.File], same) || slices.ContainsFunc(fresh, same) {
			continue // two findings with one cause
		}
		clash := func(other Edit) bool { return e.File == other.File && editsOverlap(e, other) }
		if slices.ContainsFunc(taken[e.File], clash) || slices.ContainsFunc(fresh, clash) {
			return nil, false
		}
		fresh = append(fresh, e)
	}
	return fresh, len(edits) > 0
}

func sameEdit(a, b Edit) bool {
	return a.File == b.File && a.From == b.From && a.To == b.To && slices.Equal(a.Lines, b.Lines)
}

// editsOverlap says whether two edits of a file touch the same lines, or insert at the same
// place: nobody knows in which order.
func editsOverlap(a, b Edit) bool {
	if a.From > b.From {
		a, b = b, a
	}
	if a.From == b.From && (a.To < a.From) != (b.To < b.From) {
		return false // an insertion before lines that are replaced
	}
	return a.From == b.From || b.From <= a.To
}

// applyEdits makes edits that do not overlap.
func applyEdits(data []byte, edits []Edit) []byte {
	lines := endedLines(data)
	eol := "\n"
	if len(lines) > 0 && strings.HasSuffix(lines[0], "\r\n") {
		eol = "\r\n"
	}
	open := len(data) > 0 && data[len(data)-1] != '\n'
	edits = slices.Clone(edits)
	slices.SortFunc(edits, func(a, b Edit) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	var out []string
	next := 0 // the first line that is not copied yet
	for _, e := range edits {
		out = append(out, lines[next:e.From-1]...)
		for _, line := range e.Lines {
			out = append(out, line+eol)
		}
		next = e.To
	}
	out = append(out, lines[next:]...)
	for i, line := range out {
		if last := i == len(out)-1; last && open {
			out[i] = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		} else if !strings.HasSuffix(line, "\n") { // it was the last one
			out[i] = line + eol
		}
	}
	return []byte(strings.Join(out, ""))
}

// endedLines are the lines of a text with their ends.
func endedLines(data []byte) []string {
	return slices.Collect(strings.Lines(string(data)))
}
