package lockfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

// yamlMember is one member of a mapping. The Line of every node below it is that in
// the file.
type yamlMember struct {
	document int    // 0-based
	section  string // the top-level key that it stands below, "" for a top-level member
	key      string
	line     int
	value    *yaml.Node
}

// yamlReader reads YAML as package managers write it, piece by piece: the tree of a
// whole lockfile would take ten times its size.
//
// The text is cut at lines that can only begin a document, a top-level member or a
// member of a section. What stands before a cut is parsed on its own, and a scalar or
// a flow collection that goes on behind it is left open there and an error. What is
// parsed must be a block mapping at the indent of the cuts. So a cut never changes
// what is read; a file that is laid out in a way that no package manager uses may be
// refused.
//
// Scalars are text, whatever they look like. Anchors, aliases, merge keys, tags and
// duplicate keys are refused: no package manager writes them into a lockfile.
type yamlReader struct {
	file
	again string // what to do about a broken file
	// deep says of which top-level mappings the members are visited one by one, and
	// not the mapping itself.
	deep  func(section string) bool
	visit func(yamlMember) error
	piece int // how many bytes are parsed at a time; 0 for yamlPiece

	lines    int // of the file
	document int
	words    map[string]string // what is said again and again is kept once
	section  string            // the one that is read, "" on the top level
	seen     map[string]bool   // the keys of the section so far
	top      map[string]bool   // the keys of the document so far
}

// read visits the members of every document, in the order of the file. It returns the
// number of documents that have any.
func (r *yamlReader) read() (documents int, err error) {
	if at := oddLineBreak(r.data); at >= 0 {
		return 0, r.fail(Malformed, lineAt(r.data, at), "the file has a line break that not every reader takes for one (a carriage return, U+0085, U+2028 or U+2029), or a byte order mark")
	}
	if line := conflictLine(r.data); line > 0 {
		return 0, &Error{r.name, line, MergeConflict, "the file has merge conflict markers; resolve the conflict and commit the result, or " + r.again}
	}
	if at := oddMarker(r.data); at >= 0 {
		return 0, r.fail(Malformed, lineAt(r.data, at), "the file ends a document with a line of its own, or begins one in the middle of a line")
	}
	if r.piece == 0 {
		r.piece = yamlPiece
	}
	r.lines = lineAt(r.data, len(r.data))
	line := 1
	for text, divided := r.data, true; divided; {
		var doc []byte
		doc, text, divided = cutDocument(text)
		r.top, r.section = map[string]bool{}, ""
		if err := r.readDocument(doc, line); err != nil {
			return r.document, err
		}
		if len(r.top) > 0 {
			r.document++
		}
		if r.document > maxYAMLDocuments {
			return r.document, r.fail(Limit, line, "the file has more than %d documents", maxYAMLDocuments)
		}
		line += bytes.Count(doc, []byte("\n")) + 1
	}
	return r.document, nil
}

// oddLineBreak is the offset of the first character that YAML takes for a line break
// and git does not, or that it reads over at the beginning of a line; -1 if there is
// none.
func oddLineBreak(data []byte) int {
	for at := 0; ; at++ {
		i := bytes.IndexByte(data[at:], '\r')
		if i < 0 {
			break
		}
		if at += i; at+1 == len(data) || data[at+1] != '\n' {
			return at
		}
	}
	for _, s := range []string{"\u0085", "\u2028", "\u2029", "\ufeff"} {
		if i := bytes.Index(data, []byte(s)); i >= 0 {
			return i
		}
	}
	return -1
}

// oddMarker is the offset of the first line that ends a document ("..."), or begins
// one and says more than that; -1 if there is none.
func oddMarker(data []byte) int {
	for _, marker := range []string{"---", "..."} {
		for at := 0; ; {
			i := lineWith(data, at, marker)
			if i < 0 {
				break
			}
			rest := data[i+len(marker):]
			if blank := len(rest) == 0 || bytes.IndexByte([]byte(" \t\r\n"), rest[0]) >= 0; blank && (marker == "..." || !isMarker(data[i:])) {
				return i
			}
			at = i + len(marker)
		}
	}
	return -1
}

// lineWith is the offset, not before from, of the next line that begins with the
// prefix, -1 if there is none.
func lineWith(data []byte, from int, prefix string) int {
	if from == 0 && bytes.HasPrefix(data, []byte(prefix)) {
		return 0
	}
	from = max(from-1, 0)
	if i := bytes.Index(data[from:], []byte("\n"+prefix)); i >= 0 {
		return from + i + 1
	}
	return -1
}

// isMarker says whether the first line begins a document, and nothing else.
func isMarker(data []byte) bool {
	rest, ok := bytes.CutPrefix(data, []byte("---"))
	rest = bytes.TrimLeft(rest, " ")
	return ok && (len(rest) == 0 || rest[0] == '\n' || rest[0] == '\r')
}

// cutDocument cuts the text before the first line that is a document marker.
func cutDocument(text []byte) (doc, rest []byte, divided bool) {
	for at := 0; ; at += len("---") {
		if at = lineWith(text, at, "---"); at < 0 {
			return text, nil, false
		}
		if isMarker(text[at:]) {
			_, rest, _ = bytes.Cut(text[at:], []byte("\n"))
			return text[:at], rest, true
		}
	}
}

// readDocument reads one document, whose first line is the given one.
func (r *yamlReader) readDocument(text []byte, line int) error {
	for len(text) > 0 {
		header, body, _ := bytes.Cut(text, []byte("\n"))
		section, isHeader := strings.CutSuffix(string(bytes.TrimRight(header, " \r")), ":")
		if isHeader && r.deep(section) && len(body) > 0 && firstIndent(body) == 2 {
			if r.top[section] {
				return r.duplicate(line, section)
			}
			r.top[section] = true
			r.section, r.seen = section, map[string]bool{}
			length := nextMember(body, 0, 0)
			if err := r.readMembers(body[:length], line+1, 2); err != nil {
				return err
			}
			text, line = body[length:], line+1+bytes.Count(body[:length], []byte("\n"))
			continue
		}
		// Up to the next section that is visited member by member.
		end := 0
		for end < len(text) {
			end = nextMember(text, end+1, 0)
			header, _, _ := bytes.Cut(text[end:], []byte("\n"))
			if name, ok := strings.CutSuffix(string(bytes.TrimRight(header, " \r")), ":"); ok && r.deep(name) {
				break
			}
		}
		r.section, r.seen = "", r.top
		if err := r.readMembers(text[:end], line, 0); err != nil {
			return err
		}
		text, line = text[end:], line+bytes.Count(text[:end], []byte("\n"))
	}
	return nil
}

// readMembers reads the members of one mapping, which stand at the given indent.
func (r *yamlReader) readMembers(text []byte, line, indent int) error {
	for len(text) > 0 {
		end := len(text)
		if end > r.piece {
			end = nextMember(text, r.piece, indent)
		}
		if end > max(maxYAMLMember, r.piece) {
			return r.fail(Limit, line, "a member of the file, here or below, is larger than the %d bytes that are read", maxYAMLMember)
		}
		if err := r.readPiece(text[:end], line, indent); err != nil {
			return err
		}
		line += bytes.Count(text[:end], []byte("\n"))
		text = text[end:]
	}
	return nil
}

// firstIndent is the indent of the first line that is not blank or a comment.
func firstIndent(text []byte) int {
	for len(text) > 0 {
		var line []byte
		line, text, _ = bytes.Cut(text, []byte("\n"))
		rest := bytes.TrimLeft(line, " ")
		if t := bytes.TrimRight(rest, " \r"); len(t) > 0 && t[0] != '#' {
			return len(line) - len(rest)
		}
	}
	return -1
}

// nextMember is the offset, not before from, of the next line that can begin a member
// at the given indent, or the length of the text.
func nextMember(text []byte, from, indent int) int {
	at := from
	if at > 0 && text[at-1] != '\n' {
		i := bytes.IndexByte(text[at:], '\n')
		if i < 0 {
			return len(text)
		}
		at += i + 1
	}
	for at < len(text) {
		spaces := 0
		for at+spaces < len(text) && text[at+spaces] == ' ' && spaces <= indent {
			spaces++
		}
		// What is left out begins something else than a key.
		if first := at + spaces; spaces == indent && first < len(text) && bytes.IndexByte([]byte(" \t\r\n#-?:%.,[]{}|>&*!@`"), text[first]) < 0 {
			return at
		}
		i := bytes.IndexByte(text[at:], '\n')
		if i < 0 {
			return len(text)
		}
		at += i + 1
	}
	return len(text)
}

// readPiece parses some members of one mapping and visits them.
func (r *yamlReader) readPiece(text []byte, line, indent int) error {
	loader, err := yaml.NewLoader(bytes.NewReader(text), yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(MaxDepth))))
	if err != nil {
		return fmt.Errorf("set up the YAML reader: %w", err)
	}
	var doc, second yaml.Node
	if err := loader.Load(&doc); errors.Is(err, io.EOF) {
		return nil
	} else if err != nil {
		return r.syntax(err, line)
	}
	if err := loader.Load(&second); err == nil {
		return r.fail(Malformed, line+second.Line-1, "another document begins in the middle of this one")
	} else if !errors.Is(err, io.EOF) {
		return r.syntax(err, line)
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 {
		return nil
	}
	root := doc.Content[0]
	if root.Kind == yaml.ScalarNode && root.Value == "" && root.Style == 0 {
		return nil // comments alone
	}
	if err := r.check(root, line-1); err != nil {
		return err
	}
	switch {
	case root.Kind != yaml.MappingNode:
		return r.wrongType(root, "a mapping")
	case root.Style&yaml.FlowStyle != 0 || root.Column != indent+1:
		return r.fail(Malformed, root.Line, "the members of a mapping stand in braces or further to the right, which no package manager writes")
	}
	return r.visitAll(root)
}

func (r *yamlReader) visitAll(mapping *yaml.Node) error {
	for i := 0; i < len(mapping.Content); i += 2 {
		key, value := mapping.Content[i], mapping.Content[i+1]
		if r.seen[key.Value] {
			return r.duplicate(key.Line, key.Value)
		}
		r.seen[key.Value] = true
		if len(r.seen) > maxYAMLMembers {
			return r.fail(Limit, key.Line, "a mapping of the file has more than %d members", maxYAMLMembers)
		}
		if r.section == "" && r.deep(key.Value) && value.Kind == yaml.MappingNode {
			r.section, r.seen = key.Value, map[string]bool{}
			if err := r.visitAll(value); err != nil {
				return err
			}
			r.section, r.seen = "", r.top
			continue
		}
		if err := r.visit(yamlMember{r.document, r.section, key.Value, key.Line, value}); err != nil {
			return err
		}
	}
	return nil
}

// check refuses what makes YAML say things that one does not see, and makes the lines
// of all nodes those in the file.
func (r *yamlReader) check(n *yaml.Node, before int) error {
	n.Line = min(n.Line+before, r.lines) // what is left out at the end stands on a line of its own
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		return r.fail(Malformed, n.Line, "the file has a YAML anchor or alias, which no package manager writes")
	case n.Style&yaml.TaggedStyle != 0:
		return r.fail(Malformed, n.Line, "the file has the YAML tag %s, which no package manager writes", quote(n.Tag))
	}
	var seen map[string]bool
	if n.Kind == yaml.MappingNode && len(n.Content) > 2 {
		seen = make(map[string]bool, len(n.Content)/2)
	}
	for i, child := range n.Content {
		if err := r.check(child, before); err != nil {
			return err
		}
		if n.Kind != yaml.MappingNode || i%2 != 0 {
			continue
		}
		switch {
		case child.Kind != yaml.ScalarNode:
			return r.fail(Malformed, child.Line, "a key is not a scalar")
		case child.Value == "<<" && child.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) == 0:
			return r.fail(Malformed, child.Line, "the file has a YAML merge key, which no package manager writes")
		case seen[child.Value]:
			return r.duplicate(child.Line, child.Value)
		case seen != nil:
			seen[child.Value] = true
		}
	}
	return nil
}

// word returns the string, the same one each time.
func (r *yamlReader) word(s string) string {
	known, ok := r.words[s]
	if !ok {
		if r.words == nil {
			r.words = map[string]string{}
		}
		known, r.words[s] = s, s
	}
	return known
}

// text reads a scalar.
func (r *yamlReader) text(n *yaml.Node) (string, error) {
	if n.Kind != yaml.ScalarNode {
		return "", r.wrongType(n, "a scalar")
	}
	return n.Value, nil
}

// boolean reads true or false.
func (r *yamlReader) boolean(n *yaml.Node) (bool, error) {
	if n.Kind != yaml.ScalarNode || n.Value != "true" && n.Value != "false" {
		return false, r.wrongType(n, "true or false")
	}
	return n.Value == "true", nil
}

// each visits the members of a mapping.
func (r *yamlReader) each(n *yaml.Node, visit func(key, value *yaml.Node) error) error {
	if n.Kind != yaml.MappingNode {
		return r.wrongType(n, "a mapping")
	}
	for i := 0; i < len(n.Content); i += 2 {
		if err := visit(n.Content[i], n.Content[i+1]); err != nil {
			return err
		}
	}
	return nil
}

func (r *yamlReader) fail(kind Kind, line int, format string, args ...any) error {
	return &Error{r.name, line, kind, fmt.Sprintf(format, args...) + "; " + r.again}
}

func (r *yamlReader) duplicate(line int, key string) error {
	return r.fail(DuplicateKey, line, "the key %s stands twice in one mapping, and readers disagree about which one counts", quote(key))
}

func (r *yamlReader) wrongType(n *yaml.Node, want string) error {
	got := "a scalar"
	switch n.Kind {
	case yaml.MappingNode:
		got = "a mapping"
	case yaml.SequenceNode:
		got = "a sequence"
	case yaml.ScalarNode:
		got = quote(n.Value)
	}
	return r.fail(Malformed, n.Line, "%s stands where %s belongs", got, want)
}

// syntax turns the parser's error into one that says what to do.
func (r *yamlReader) syntax(err error, line int) error {
	var at *yaml.LoadError
	if !errors.As(err, &at) {
		return r.fail(NotYAML, line, "the file is not YAML (%s)", shorten(strings.Join(strings.Fields(err.Error()), " ")))
	}
	if at.Mark.Line > 0 {
		line += at.Mark.Line - 1
	}
	line = min(line, r.lines)
	kind := NotYAML
	if strings.Contains(at.Message, "depth") {
		kind = Limit
	}
	return r.fail(kind, line, "the file is not YAML as a package manager writes it (%s)", shorten(strings.Join(strings.Fields(at.Message), " ")))
}
