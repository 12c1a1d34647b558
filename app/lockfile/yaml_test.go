package lockfile

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// visited reads YAML and writes down what is visited.
func visited(text string) (string, error) {
	var out []string
	r := yamlReader{file: file{"pnpm-lock.yaml", []byte(text)}, again: "write it again",
		deep: func(section string) bool { return section == "packages" }}
	r.visit = func(m yamlMember) error {
		out = append(out, fmt.Sprintf("%d %s/%s:%d=%s@%d", m.document, m.section, m.key, m.line, m.value.Value, m.value.Line))
		return nil
	}
	_, err := r.read()
	return strings.Join(out, " "), err
}

func TestYAMLIsReadMemberByMember(t *testing.T) {
	for _, c := range []struct{ what, text, want string }{
		{"nothing", "", ""},
		{"comments", "# a\n\n# b\n", ""},
		{"members", "a: 1\nb: x\n", "0 /a:1=1@1 0 /b:2=x@2"},
		{"a section", "a: 1\n\npackages:\n\n  x: 1\n\n  'y': 2\nb: 3\n", "0 /a:1=1@1 0 packages/x:5=1@5 0 packages/y:7=2@7 0 /b:8=3@8"},
		{"a section of another indent", "packages:\n    x: 1\n    y: 2\n", "0 packages/x:2=1@2 0 packages/y:3=2@3"},
		{"a section in one line", "packages: {x: 1, y: 2}\n", "0 packages/x:1=1@1 0 packages/y:1=2@1"},
		{"a quoted section", "'packages':\n  x: 1\n", "0 packages/x:2=1@2"},
		{"an empty section", "packages: {}\na: 1\n", "0 /a:2=1@2"},
		{"documents", "---\na: 1\n---\n\nb: 2\n", "0 /a:2=1@2 1 /b:5=2@5"},
		{"CRLF", "a: 1\r\npackages:\r\n  x: 2\r\n---\r\nb: 3\r\n", "0 /a:1=1@1 0 packages/x:3=2@3 1 /b:5=3@5"},
		{"scalars are text", "a: 1.10\nb: 0x10\nc: null\nd: 2020-01-01\ne: ~\n", "0 /a:1=1.10@1 0 /b:2=0x10@2 0 /c:3=null@3 0 /d:4=2020-01-01@4 0 /e:5=~@5"},
		{"long keys", "packages:\n  ? " + strings.Repeat("k", 1500) + "\n  : 1\n  x: 2\n", "0 packages/" + strings.Repeat("k", 1500) + ":2=1@3 0 packages/x:4=2@4"},
		{"a block scalar", "packages:\n  x: |-\n    y: 1\n\n    z: 2\n  w: 3\n", "0 packages/x:2=y: 1\n\nz: 2@2 0 packages/w:6=3@6"},
	} {
		got, err := visited(c.text)
		if err != nil || got != c.want {
			t.Errorf("%s: %v\n%q\nwant\n%q", c.what, err, got, c.want)
		}
	}
}

// The text is cut into pieces to be parsed. What one piece leaves open must never be
// read as something else.
func TestCutsDoNotChangeWhatIsRead(t *testing.T) {
	var many, inside strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&many, "  f%d: %s\n", i, strings.Repeat("x", 100))
		fmt.Fprintf(&inside, "  y%d: %s\n", i, strings.Repeat("x", 100))
	}
	for what, text := range map[string]string{
		"a quoted scalar over cuts":    "packages:\n" + many.String() + "  x: \"\n" + inside.String() + "  z: \"\n",
		"a flow over cuts":             "packages:\n  x: {\n" + strings.ReplaceAll(inside.String(), "\n", ",\n") + "  z: 2}\n" + many.String(),
		"members of another indent":    "packages:\n  a: 1\n b: 2\n" + many.String(),
		"a quoted scalar over the top": "x: \"\npackages:\n" + inside.String() + "\"\n",
	} {
		got, err := visited(text)
		var e *Error
		if !errors.As(err, &e) || strings.Contains(got, "/y") || strings.Contains(got, "/z") {
			t.Errorf("%s: %.100q, %v", what, got, err)
		}
	}
	got, err := visited("packages:\n" + many.String())
	if err != nil || strings.Count(got, "packages/f") != 2000 || !strings.HasSuffix(got, "@2001") {
		t.Errorf("%d members, %v", strings.Count(got, "packages/f"), err)
	}
}

func TestYAMLThatHidesThingsIsRefused(t *testing.T) {
	for _, c := range []struct {
		what, text string
		kind       Kind
		line       int
	}{
		{"an anchor", "a: 1\nb: &x 1\n", Malformed, 2},
		{"an alias", "a: &x 1\nb: *x\n", Malformed, 1},
		{"an alias of nothing", "packages:\n  a: 1\n  b: *x\n", NotYAML, 3},
		{"a merge key", "a:\n  <<: {b: 1}\n", Malformed, 2},
		{"a tag", "packages:\n  a:\n    b: !!str 1\n", Malformed, 3},
		{"a key twice", "a: 1\nb: 1\na: 2\n", DuplicateKey, 3},
		{"a section twice", "packages:\n  a: 1\nb: 1\npackages:\n  c: 2\n", DuplicateKey, 4},
		{"a section twice, once quoted", "packages:\n  a: 1\n'packages':\n  c: 2\n", DuplicateKey, 3},
		{"a member twice", "packages:\n  a: 1\n  'a': 2\n", DuplicateKey, 3},
		{"a field twice", "packages:\n  a:\n    b: 1\n    b: 2\n", DuplicateKey, 4},
		{"a key that is none", "[a]: 1\n", Malformed, 1},
		{"a list", "- a\n- b\n", Malformed, 1},
		{"prose", "hello\n", Malformed, 1},
		{"a document in a line", "a: 1\n--- {b: 2}\n", Malformed, 2},
		{"the end of a document", "a: 1\n...\nb: 2\n", Malformed, 3},
		{"a cut", "packages:\n  a: {b: 1\n", NotYAML, 0},
		{"conflict markers", "a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> x\n", MergeConflict, 2},
		{"a lone carriage return", "a: 1\rb: 2\n", Malformed, 1},
		{"a line separator", "a: 1\nb: x\u2028c: 2\n", Malformed, 2},
		{"NUL", "a: 1\nb: \x00\n", NotYAML, 0},
		{"too deep", "a: " + strings.Repeat("[", 600) + strings.Repeat("]", 600) + "\n", Limit, 0},
	} {
		got, err := visited(c.text)
		var e *Error
		if !errors.As(err, &e) || e.Kind != c.kind || c.line > 0 && e.Line != c.line {
			t.Errorf("%s: %q, %v (%+v)", c.what, got, err, e)
		} else if !strings.HasSuffix(e.Error(), "write it again") || strings.Contains(e.Error(), "\n") {
			t.Errorf("%s: %q", c.what, e.Error())
		}
	}
}
