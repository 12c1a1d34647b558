package forge

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
)

// fileDiff is one file of a comparison.
type fileDiff struct {
	status              string // added, removed, modified, renamed, changed
	path, previous      string // previous only when renamed
	sha                 string // the head's blob; the base's when removed
	additions, deletion int
	patch               string // from the first @@ on; "" when binary, empty or left out
	tooLarge            bool   // the patch was left out for its size
	hunks               []hunk // of the patch
}

// hunk is one @@ section: the line ranges on both sides, ends excluded, and where
// its text stands in the patch.
type hunk struct {
	oldStart, oldEnd int
	newStart, newEnd int
	text             string
}

// diff compares two commits (or trees) with git's rename detection and GitHub's limits.
func (g *git) diff(ctx context.Context, from, to string) ([]fileDiff, error) {
	raw, err := g.run(ctx, nil, "diff-tree", "-r", "-M", "-z", "--raw", "--no-abbrev", from, to)
	if err != nil {
		return nil, err
	}
	files, err := parseRaw(raw)
	if err != nil {
		return nil, err
	}
	counts, err := g.run(ctx, nil, "diff-tree", "-r", "-M", "-z", "--numstat", from, to)
	if err != nil {
		return nil, err
	}
	if err := addCounts(files, counts); err != nil {
		return nil, err
	}
	patches, err := g.run(ctx, nil, "diff-tree", "-r", "-M", "-p", "--no-color", "--no-ext-diff", "--no-textconv", from, to)
	if err != nil {
		return nil, err
	}
	return files, addPatches(files, patches)
}

// parseRaw reads ":mode mode sha sha status NUL path NUL [path NUL]".
func parseRaw(raw []byte) ([]fileDiff, error) {
	var files []fileDiff
	fields := strings.Split(strings.TrimSuffix(string(raw), "\x00"), "\x00")
	for i := 0; i < len(fields) && fields[i] != ""; {
		facts := strings.Fields(strings.TrimPrefix(fields[i], ":"))
		if len(facts) != 5 || i+1 >= len(fields) {
			return nil, fmt.Errorf("git diff-tree: unexpected line %q", fields[i])
		}
		f := fileDiff{path: fields[i+1], sha: facts[3]}
		i += 2
		switch facts[4][0] {
		case 'A':
			f.status = "added"
		case 'D':
			f.status, f.sha = "removed", facts[2]
		case 'M':
			f.status = "modified"
		case 'T':
			f.status = "changed"
		case 'R':
			if i >= len(fields) {
				return nil, fmt.Errorf("git diff-tree: a rename without its target")
			}
			f.status, f.previous, f.path = "renamed", f.path, fields[i]
			i++
		default:
			return nil, fmt.Errorf("git diff-tree: unexpected status %q", facts[4])
		}
		files = append(files, f)
	}
	return files, nil
}

// addCounts reads "additions TAB deletions TAB path NUL", or for renames
// "additions TAB deletions TAB NUL old NUL new NUL"; "-" stands for binary files.
func addCounts(files []fileDiff, counts []byte) error {
	byPath := make(map[string]*fileDiff, len(files))
	for i := range files {
		byPath[files[i].path] = &files[i]
	}
	fields := strings.Split(strings.TrimSuffix(string(counts), "\x00"), "\x00")
	for i := 0; i < len(fields) && fields[i] != ""; i++ {
		facts := strings.SplitN(fields[i], "\t", 3)
		if len(facts) != 3 {
			return fmt.Errorf("git diff-tree: unexpected line %q", fields[i])
		}
		path := facts[2]
		if path == "" && i+2 < len(fields) {
			path = fields[i+2]
			i += 2
		}
		if f := byPath[path]; f != nil && facts[0] != "-" {
			added, err := strconv.Atoi(facts[0])
			if err != nil {
				return fmt.Errorf("git diff-tree: %w", err)
			}
			deleted, err := strconv.Atoi(facts[1])
			if err != nil {
				return fmt.Errorf("git diff-tree: %w", err)
			}
			f.additions += added
			f.deletion += deleted
		}
	}
	return nil
}

// addPatches hands each file its section, in git's order. Lines of content begin
// with ' ', '+', '-' or '\', so nothing in a file can look like a section's head.
func addPatches(files []fileDiff, patches []byte) error {
	const head = "diff --git "
	sections := bytes.Split(append([]byte("\n"), patches...), []byte("\n"+head))[1:]
	var lines, size int
	for i := range files {
		f := &files[i]
		take := 1
		if f.status == "changed" { // a file became a link or the reverse: two sections
			take = 2
		}
		if len(sections) < take {
			return fmt.Errorf("git diff-tree: no patch for %s", f.path)
		}
		section := sections[0]
		sections = sections[take:]
		start := bytes.Index(section, []byte("\n@@ "))
		if start < 0 || take > 1 {
			continue
		}
		patch := bytes.TrimSuffix(section[start+1:], []byte("\n"))
		n := bytes.Count(patch, []byte("\n")) + 1
		if n > maxFileDiffLines || len(patch) > maxFileDiffBytes || lines+n > maxDiffLines || size+len(patch) > maxDiffBytes {
			f.tooLarge = true
			continue
		}
		lines, size = lines+n, size+len(patch)
		f.patch = string(patch)
		hunks, err := parseHunks(f.patch)
		if err != nil {
			return fmt.Errorf("%s: %w", f.path, err)
		}
		f.hunks = hunks
	}
	return nil
}

// parseHunks cuts a patch at its "@@ -a,b +c,d @@" lines.
func parseHunks(patch string) ([]hunk, error) {
	var hunks []hunk
	for _, text := range strings.Split("\n"+patch, "\n@@ ")[1:] {
		ranges := strings.Fields(text)
		if len(ranges) < 2 {
			return nil, fmt.Errorf("a hunk without its ranges")
		}
		h := hunk{text: "@@ " + text}
		var err error
		if h.oldStart, h.oldEnd, err = parseRange(ranges[0], "-"); err != nil {
			return nil, err
		}
		if h.newStart, h.newEnd, err = parseRange(ranges[1], "+"); err != nil {
			return nil, err
		}
		hunks = append(hunks, h)
	}
	return hunks, nil
}

func parseRange(s, sign string) (start, end int, err error) {
	from, count, counted := strings.Cut(strings.TrimPrefix(s, sign), ",")
	if start, err = strconv.Atoi(from); err != nil {
		return 0, 0, fmt.Errorf("the hunk range %q: %w", s, err)
	}
	n := 1
	if counted {
		if n, err = strconv.Atoi(count); err != nil {
			return 0, 0, fmt.Errorf("the hunk range %q: %w", s, err)
		}
	}
	return start, start + n, nil
}

// Sides of a diff, as GitHub names them.
const (
	left  = "LEFT"
	right = "RIGHT"
)

// hunkAt is the index of the hunk that a line of one side stands in, -1 if none.
func (f *fileDiff) hunkAt(line int, side string) int {
	for i, h := range f.hunks {
		start, end := h.newStart, h.newEnd
		if side == left {
			start, end = h.oldStart, h.oldEnd
		}
		if line >= start && line < end {
			return i
		}
	}
	return -1
}

// upTo is the hunk's text down to a line, which is what GitHub shows above a comment.
func (h hunk) upTo(line int, side string) string {
	lines := strings.Split(h.text, "\n")
	old, new := h.oldStart, h.newStart
	for i, l := range lines[1:] {
		sign := byte(' ')
		if l != "" {
			sign = l[0]
		}
		if (side == left && sign != '+' && old == line) || (side != left && sign != '-' && new == line) {
			return strings.Join(lines[:i+2], "\n")
		}
		if sign != '+' && sign != '\\' {
			old++
		}
		if sign != '-' && sign != '\\' {
			new++
		}
	}
	return h.text
}

// position is GitHub's older way to name a place: lines below the first @@.
func (f *fileDiff) position(line int, side string) int {
	i := f.hunkAt(line, side)
	if i < 0 {
		return 0
	}
	position := 0
	for _, h := range f.hunks[:i] {
		position += strings.Count(h.text, "\n") + 1
	}
	return position + strings.Count(f.hunks[i].upTo(line, side), "\n")
}

// atPosition is the reverse: the line and side of a position.
func (f *fileDiff) atPosition(position int) (line int, side string, ok bool) {
	at := 0
	for _, h := range f.hunks {
		old, new := h.oldStart, h.newStart
		for i, l := range strings.Split(h.text, "\n") {
			if i > 0 {
				switch {
				case strings.HasPrefix(l, "\\"):
				case strings.HasPrefix(l, "-"):
					line, side = old, left
					old++
				case strings.HasPrefix(l, "+"):
					line, side = new, right
					new++
				default:
					line, side = new, right
					old++
					new++
				}
				if at == position {
					return line, side, true
				}
			}
			at++
		}
	}
	return 0, "", false
}
