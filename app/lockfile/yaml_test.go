package lockfile

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// visited reads YAML and writes down what is visited.
func visited(text string) (string, error) { return visitedInPieces(text, 0) }

func visitedInPieces(text string, piece int) (string, error) {
	var out []string
	r := yamlReader{piece: piece, file: file{"pnpm-lock.yaml", []byte(text)}, again: "write it again",
		deep: func(section string) bool { return section == "packages" }}
	r.visit = func(m yamlMember) error {
		out = append(out, fmt.Sprintf("%d %s/%s:%d=%s@%d", m.document, m.section, m.key, m.line, flat(m.value), m.value.Line))
		return nil
	}
	_, err := r.read()
	return strings.Join(out, " "), err
}

// flat writes a tree of YAML on one line.
func flat(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode {
		return n.Value
	}
	var parts []string
	for _, child := range n.Content {
		parts = append(parts, flat(child))
	}
	return fmt.Sprintf("%d%q", n.Kind, parts)
}

// visitedAtOnce is what visited must give, read by the library alone from the whole
// text.
func visitedAtOnce(text string) (string, error) {
	loader, err := yaml.NewLoader(strings.NewReader(text))
	if err != nil {
		return "", err
	}
	var out []string
	line := func(n *yaml.Node) int { return min(n.Line, lineAt([]byte(text), len(text))) } // the library counts one on at the end
	for document := 0; ; {
		var doc yaml.Node
		if err := loader.Load(&doc); errors.Is(err, io.EOF) {
			return strings.Join(out, " "), nil
		} else if err != nil {
			return "", err
		}
		if len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
			continue
		}
		root := doc.Content[0].Content
		for i := 0; i < len(root); i += 2 {
			if key, value := root[i], root[i+1]; key.Value == "packages" && value.Kind == yaml.MappingNode {
				for j := 0; j < len(value.Content); j += 2 {
					k, v := value.Content[j], value.Content[j+1]
					out = append(out, fmt.Sprintf("%d packages/%s:%d=%s@%d", document, k.Value, line(k), flat(v), line(v)))
				}
			} else {
				out = append(out, fmt.Sprintf("%d /%s:%d=%s@%d", document, key.Value, line(key), flat(value), line(value)))
			}
		}
		if len(root) > 0 {
			document++
		}
	}
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
		if small, err := visitedInPieces(c.text, 1); err != nil || small != c.want {
			t.Errorf("%s, cut at every member: %v\n%q\nwant\n%q", c.what, err, small, c.want)
		}
		if whole, err := visitedAtOnce(c.text); err != nil || whole != c.want {
			t.Errorf("%s, at once: %v\n%q\nwant\n%q", c.what, err, whole, c.want)
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
		{"the end of a document", "a: 1\n...\nb: 2\n", Malformed, 2},
		{"the end of a document and of the file", "a: 1\n...", Malformed, 2},
		{"a document in the first line", "--- {b: 2}\nc: 1\n", Malformed, 1},
		{"a marker and a tab", "a: 1\n---\t\nb: 1\n", Malformed, 2},
		{"a marker and a comment", "a: 1\n---   # x\nb: 1\n", Malformed, 2},
		{"a byte order mark inside", "a: 1\n\ufeffb: 2\n", Malformed, 2},
		{"a document in braces", "{a: 1}\n", Malformed, 1},
		{"a section that begins in braces", "packages:\n  {a: 1}\n", Malformed, 2},
		{"a document further to the right", " a: 1\n b: 2\n", Malformed, 1},
		{"too many documents", strings.Repeat("---\na: 1\n", 17), Limit, 34},
		{"a member that is too large", "packages:\n  a: 1\n  b: '" + strings.Repeat("x", maxYAMLMember) + "'\n", Limit, 2},
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

func TestTheMembersOfAYAMLMappingAreBounded(t *testing.T) {
	r := yamlReader{file: file{"pnpm-lock.yaml", nil}, again: "write it again", deep: func(string) bool { return false }, lines: 7, top: map[string]bool{}}
	r.visit = func(yamlMember) error { return nil }
	r.seen = r.top
	for i := range maxYAMLMembers {
		r.seen[strconv.Itoa(i)] = true
	}
	var e *Error
	if err := r.readPiece([]byte("a: 1\n"), 7, 0); !errors.As(err, &e) || e.Kind != Limit || e.Line != 7 {
		t.Errorf("%v", err)
	}
}

// The library parses the whole text at once, and the reader in pieces of any size: it
// must see the same, or refuse.
func FuzzYAML(f *testing.F) {
	for _, seed := range []string{
		"", "a: 1\n", "---\na: 1\n---\nb: {c: [1, 2]}\n", "packages:\n  x: 1\n  'y': |\n    z\n\nb: \"\n c\"\n",
		"packages:\n  ? x\n  : 1\n  y:\n  - 1\n", "packages:\n  {a: 1}\n  b: 2\n", " a: 1\nb: 2\n", "a: 1\n...\nb: 2\n",
		"a:\n# c\n  b\n  c\nd: >2\n   x\n\n", "--- |\na\nb: 1\n", "a: 1\r\npackages:\r\n  b: 'x\r\n    y'\r\n", "packages: !!map\n  a: &x 1\n",
		"packages:\n  a: 1\n packages:\n  b: 1\n", "'packages':\n  a: \"\\\n  b: 1\"\n", "%YAML 1.2\n---\na: 1\n", "a: b: c\n", "a\n", "?",
	} {
		f.Add(seed, 1)
		f.Add(seed, 20)
	}
	f.Fuzz(func(t *testing.T, text string, piece int) {
		if piece < 1 || invalidUTF8([]byte(text)) >= 0 {
			return
		}
		got, err := visitedInPieces(text, piece)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Line < 1 || e.Line > lineAt([]byte(text), len(text)) {
				t.Fatalf("%#v", err)
			}
			return
		}
		if want, err := visitedAtOnce(text); err != nil || got != want {
			t.Errorf("pieces of %d give\n%q\nand the whole gives\n%q, %v", piece, got, want, err)
		}
	})
}
