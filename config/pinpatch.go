package config

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v4"

	"github.com/bonafide-app/bonafide/app/policy"
)

// patchContext is how many lines a patch shows around what it changes, as git does.
const patchContext = 3

// PinsPatch is a unified diff that adds blocks to a policy file, for `git apply`. path is
// one of PolicyPaths; data is what stands there, nil where there is no such file. It is ""
// where it is not sure that the file would say the same as before, and the blocks.
func PinsPatch(path string, data []byte, blocks []policy.PackageRule) string {
	if !slices.Contains(PolicyPaths(), path) || len(blocks) == 0 {
		return ""
	}
	if data == nil {
		lines := split("version: 1\n\n" + policy.PinsYAML(blocks))
		if !adds(nil, []byte(strings.Join(lines, "")), blocks) {
			return ""
		}
		return fmt.Sprintf("diff --git a/%[1]s b/%[1]s\nnew file mode 100644\n--- /dev/null\n+++ b/%[1]s\n@@ -0,0 +1,%[2]d @@\n%[3]s",
			path, len(lines), diffLines("+", lines))
	}
	edit, ok := pinsEdit(data, blocks)
	if !ok {
		return ""
	}
	old := split(string(data))
	if !adds(data, []byte(strings.Join(slices.Concat(old[:edit.at], edit.add, old[edit.at+edit.drop:]), "")), blocks) {
		return ""
	}
	return edit.patch(path, old)
}

// edit puts lines in the place of others.
type edit struct {
	at, drop int // how many lines stand before it, and how many go
	add      []string
}

// emptyList is a list of packages without any, on one line.
var emptyList = regexp.MustCompile(`^(packages:)\s*\[\s*\](\s*(?:#.*)?\n?)$`)

// pinsEdit finds where blocks can be added. That the result is right is for adds to see.
func pinsEdit(data []byte, blocks []policy.PackageRule) (e edit, ok bool) {
	p := parser{policy: policy.Default()}
	root := p.load(data)
	lines := split(string(data))
	if len(p.errs) > 0 || root != nil && (root.Kind != yaml.MappingNode || root.Style&yaml.FlowStyle != 0) {
		return e, false
	}
	var key, value *yaml.Node
	if root != nil {
		for i := 0; i+1 < len(root.Content); i += 2 {
			if root.Content[i].Value == "packages" {
				key, value = root.Content[i], root.Content[i+1]
			}
		}
	}
	items := split(policy.PinsYAML(blocks))[1:] // without the key
	switch {
	case key == nil:
		e = edit{at: len(lines), add: split("\n" + policy.PinsYAML(blocks))}
		if root == nil {
			e.add = slices.Concat([]string{"version: 1\n"}, e.add)
		}
		if last := len(lines) - 1; last >= 0 && !strings.HasSuffix(lines[last], "\n") {
			e.at, e.drop, e.add = last, 1, slices.Concat([]string{lines[last] + "\n"}, e.add)
		}
		return e, true
	case key.Line > len(lines):
		return e, false
	case value.Kind == yaml.ScalarNode && value.Value == "":
		e = edit{at: key.Line, add: items}
	case value.Kind == yaml.SequenceNode && value.Style&yaml.FlowStyle == 0 && value.Line > key.Line:
		indent := strings.Repeat(" ", max(value.Column-1, 0))
		for i, line := range items {
			items[i] = indent + strings.TrimPrefix(line, "  ")
		}
		e = edit{at: key.Line, add: items}
	default:
		m := emptyList.FindStringSubmatch(lines[key.Line-1])
		if m == nil {
			return e, false
		}
		e = edit{at: key.Line - 1, drop: 1, add: slices.Concat([]string{m[1] + m[2]}, items)}
	}
	// A key in the last line, which has no end.
	if e.drop == 0 && !strings.HasSuffix(lines[key.Line-1], "\n") {
		e = edit{at: key.Line - 1, drop: 1, add: slices.Concat([]string{lines[key.Line-1] + "\n"}, e.add)}
	} else if e.drop > 0 && !strings.HasSuffix(e.add[0], "\n") {
		e.add[0] += "\n"
	}
	return e, true
}

// patch writes the edit of a file with some lines. It is "" where the lines around it
// would look other than they are.
func (e edit) patch(path string, old []string) string {
	from, to := max(e.at-patchContext, 0), min(e.at+e.drop+patchContext, len(old))
	before, gone, after := old[from:e.at], old[e.at:e.at+e.drop], old[e.at+e.drop:to]
	for _, line := range slices.Concat(before, gone, after) {
		if strings.ContainsFunc(strings.TrimSuffix(line, "\n"), unseen) {
			return ""
		}
	}
	was, is := len(before)+len(gone)+len(after), len(before)+len(e.add)+len(after)
	return fmt.Sprintf("diff --git a/%[1]s b/%[1]s\n--- a/%[1]s\n+++ b/%[1]s\n@@ -%[2]s +%[3]s @@\n", path, hunk(from, was), hunk(from, is)) +
		diffLines(" ", before) + diffLines("-", gone) + diffLines("+", e.add) + diffLines(" ", after)
}

// hunk is where lines stand: those after the first so many.
func hunk(from, lines int) string {
	if lines == 0 {
		return fmt.Sprintf("%d,0", from)
	}
	return fmt.Sprintf("%d,%d", from+1, lines)
}

// diffLines are lines of a patch, each with its mark.
func diffLines(mark string, lines []string) string {
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(mark + line)
		if !strings.HasSuffix(line, "\n") {
			b.WriteString("\n\\ No newline at end of file\n")
		}
	}
	return b.String()
}

// unseen says of a character that it would not be copied as it is.
func unseen(r rune) bool { return r != ' ' && !unicode.IsGraphic(r) || r != ' ' && unicode.IsSpace(r) }

// adds says whether one policy file says the same as another, and some blocks besides.
func adds(before, after []byte, blocks []policy.PackageRule) bool {
	was, err := ParseFile("", before, policy.Default())
	if err != nil {
		return false
	}
	is, err := ParseFile("", after, policy.Default())
	if err != nil {
		return false
	}
	n := len(was.Policy.Packages)
	if len(is.Policy.Packages) != n+len(blocks) {
		return false
	}
	unplaced(&was)
	unplaced(&is)
	var added, kept []policy.PackageRule
	for _, b := range is.Policy.Packages {
		if len(added) < len(blocks) && reflect.DeepEqual(b, blocks[len(added)]) {
			added = append(added, b)
			continue
		}
		kept = append(kept, b)
	}
	is.Policy.Packages = kept
	return len(added) == len(blocks) && reflect.DeepEqual(was, is)
}

// unplaced takes the lines out of what was read.
func unplaced(f *File) {
	p := &f.Policy
	p.Places, f.FloorLine = nil, 0
	p.Packages, p.Exceptions = slices.Clone(p.Packages), slices.Clone(p.Exceptions)
	for i := range p.Packages {
		p.Packages[i].Line = 0
	}
	for i := range p.Exceptions {
		p.Exceptions[i].Line = 0
	}
	if len(p.Packages) == 0 {
		p.Packages = nil
	}
	if len(p.Exceptions) == 0 {
		p.Exceptions = nil
	}
	if f.Extends != nil {
		at := *f.Extends
		at.Line = 0
		f.Extends = &at
	}
	if f.Floor != nil {
		floor := *f.Floor
		floor.Packages = slices.Clone(floor.Packages)
		for i := range floor.Packages {
			floor.Packages[i].Line = 0
		}
		f.Floor = &floor
	}
}

// split are the lines of a text, each with its end.
func split(s string) []string {
	lines := strings.SplitAfter(s, "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}
