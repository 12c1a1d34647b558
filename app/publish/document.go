package publish

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

// document is a YAML or JSON file as a tree, with the lines of every node.
type document struct {
	file   string
	lines  []string // without line ends
	root   *yaml.Node
	ends   map[*yaml.Node]int // the last line of a value
	shared map[*yaml.Node]bool
	budget int // of nodes
	bytes  int // of their texts
}

// unreadable is why a file could not be read.
type unreadable struct {
	line   int
	reason string
}

func (e *unreadable) Error() string { return fmt.Sprintf("line %d: %s", e.line, e.reason) }

func unreadableAt(line int, format string, args ...any) error {
	return &unreadable{line, fmt.Sprintf(format, args...)}
}

// newDocument parses a file. Unknown keys are no business of it. Anchors and aliases
// are read as GitHub reads them (https://github.blog/changelog/2025-09-18-actions-yaml-anchors-and-non-public-workflow-templates/);
// merge keys, which GitHub refuses, and duplicate keys are errors.
func newDocument(file string, data []byte, isJSON bool) (*document, error) {
	if len(data) > maxFileBytes {
		return nil, unreadableAt(0, "The file is larger than the %d bytes that are read.", maxFileBytes)
	}
	if !utf8.Valid(data) {
		return nil, unreadableAt(0, "The file is not UTF-8.")
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	d := &document{
		file: file, lines: splitLines(string(data)),
		ends: map[*yaml.Node]int{}, shared: map[*yaml.Node]bool{}, budget: maxNodes, bytes: maxExpanded,
	}
	var err error
	if isJSON {
		d.root, err = d.parseJSON(data)
	} else {
		d.root, err = d.parseYAML(data)
	}
	if err != nil {
		return nil, err
	}
	return d, nil
}

func splitLines(s string) []string {
	lines := strings.Split(s, "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	for i, l := range lines {
		lines[i] = strings.TrimSuffix(l, "\r")
	}
	return lines
}

// oddLineBreak is the line of the first character that YAML takes for a line break and
// git does not; 0 where there is none.
func oddLineBreak(data []byte) int {
	for i := range data {
		if lone := data[i] == '\r' && (i+1 == len(data) || data[i+1] != '\n'); lone ||
			bytes.HasPrefix(data[i:], []byte("\u0085")) || bytes.HasPrefix(data[i:], []byte("\u2028")) || bytes.HasPrefix(data[i:], []byte("\u2029")) {
			return 1 + bytes.Count(data[:i], []byte("\n"))
		}
	}
	return 0
}

// parseYAML returns the root, nil where the file says nothing.
func (d *document) parseYAML(data []byte) (*yaml.Node, error) {
	if line := oddLineBreak(data); line > 0 {
		return nil, unreadableAt(line, "The file has a line break that not every reader takes for one (a carriage return, U+0085, U+2028 or U+2029).")
	}
	loader, err := yaml.NewLoader(bytes.NewReader(data), yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(maxDepth))))
	if err != nil {
		return nil, fmt.Errorf("set up the YAML reader: %w", err)
	}
	var doc, second yaml.Node
	if err := loader.Load(&doc); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, d.syntax(err)
	}
	if err := loader.Load(&second); err == nil {
		return nil, unreadableAt(second.Line, "A second document begins here.")
	} else if !errors.Is(err, io.EOF) {
		return nil, d.syntax(err)
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 {
		return nil, nil
	}
	root := doc.Content[0]
	if root.Kind == yaml.ScalarNode && root.Value == "" {
		return nil, nil
	}
	if err := d.check(root, 0); err != nil {
		return nil, err
	}
	d.measure(root, len(d.lines), 0)
	return root, nil
}

var yamlLine = regexp.MustCompile(`(?:\bline |\bL)([0-9]{1,9})\b`)

// syntax is an error of the YAML reader, with the line that it names.
func (d *document) syntax(err error) error {
	line, text := 0, err.Error()
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		line, _ = strconv.Atoi(m[1]) // digits, by the pattern
	}
	for _, prefix := range []string{"yaml: ", "go-yaml ", "load error in "} {
		text = strings.TrimPrefix(text, prefix)
	}
	return unreadableAt(min(line, len(d.lines)), "The file is not YAML: %s.", strings.TrimSuffix(quoted(text), "."))
}

// check refuses what GitHub refuses, and what multiplies.
func (d *document) check(n *yaml.Node, depth int) error {
	if d.budget--; d.budget < 0 {
		return unreadableAt(n.Line, "The file has more than the %d nodes that are read.", maxNodes)
	}
	if d.bytes -= len(n.Value); d.bytes < 0 {
		return unreadableAt(n.Line, "The file has more than the %d bytes that are read, those of an anchor counted for each alias.", maxExpanded)
	}
	if depth > maxDepth {
		return unreadableAt(n.Line, "Values are nested more than %d deep, or an anchor stands within itself.", maxDepth)
	}
	switch n.Kind {
	case yaml.AliasNode:
		if n.Alias == nil {
			return unreadableAt(n.Line, "The alias %s names nothing.", quoted(n.Value))
		}
		d.mark(n.Alias, 0)
		return d.check(n.Alias, depth+1)
	case yaml.MappingNode:
		seen := make(map[string]bool, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			if key.Kind == yaml.ScalarNode && key.Value == "<<" && key.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) == 0 {
				return unreadableAt(key.Line, "GitHub does not take the merge key \"<<\".")
			}
			if seen[key.Value] {
				return unreadableAt(key.Line, "The key %s is stated twice.", quoted(key.Value))
			}
			seen[key.Value] = true
		}
	}
	for _, c := range n.Content {
		if err := d.check(c, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// mark notes that what stands at an anchor is used elsewhere, too.
func (d *document) mark(n *yaml.Node, depth int) {
	if d.shared[n] || depth > maxDepth {
		return
	}
	d.shared[n] = true
	for _, c := range n.Content {
		d.mark(c, depth+1)
	}
}

// measure notes the last lines of a value and of all below it. bound is the last line
// at which it can end; column is that of its key, and what stands no further to the
// right than the key is not the value's.
func (d *document) measure(n *yaml.Node, bound, column int) {
	end := max(bound, n.Line)
	if n.Kind == yaml.AliasNode {
		d.ends[n] = n.Line
		return
	}
	for end > n.Line && end <= len(d.lines) {
		line := d.lines[end-1]
		text := strings.TrimLeft(line, " \t")
		if text != "" && (text[0] != '#' || len(line)-len(text) >= column) {
			break
		}
		end--
	}
	if n.Kind == yaml.ScalarNode && n.Style&(yaml.LiteralStyle|yaml.FoldedStyle|yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) == 0 && !strings.Contains(n.Value, " ") {
		end = n.Line // a plain word stands on one line
	}
	d.ends[n] = end
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			b := end
			if i+2 < len(n.Content) {
				b = n.Content[i+2].Line - 1
			}
			d.measure(n.Content[i+1], b, n.Content[i].Column)
		}
	case yaml.SequenceNode:
		for i, c := range n.Content {
			b := end
			if i+1 < len(n.Content) {
				b = n.Content[i+1].Line - 1
			}
			d.measure(c, b, max(n.Column, 1))
		}
	}
}

// parseJSON makes the same tree of JSON. Comments and trailing commas are read over.
func (d *document) parseJSON(data []byte) (*yaml.Node, error) {
	data = plainJSON(data)
	p := &jsonParser{document: d, data: data, dec: jsontext.NewDecoder(bytes.NewReader(data)), line: 1}
	root, err := p.value(0)
	if err != nil {
		return nil, err
	}
	if _, err := p.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, unreadableAt(p.here(), "The file goes on behind the end of the JSON value.")
	}
	return root, nil
}

type jsonParser struct {
	*document
	data         []byte
	dec          *jsontext.Decoder
	offset, line int
	start        int // of the line on which the last token ended
}

// here is the line at which the last token ended.
func (p *jsonParser) here() int {
	end := min(int(p.dec.InputOffset()), len(p.data))
	if last := bytes.LastIndexByte(p.data[p.offset:end], '\n'); last >= 0 {
		p.line += bytes.Count(p.data[p.offset:end], []byte("\n"))
		p.start = p.offset + last + 1
	}
	p.offset = end
	return p.line
}

// syntax is an error of the JSON reader, with its line.
func (p *jsonParser) syntax(err error) error {
	line, text := p.here(), strings.TrimPrefix(err.Error(), "jsontext: ")
	if s := new(jsontext.SyntacticError); errors.As(err, &s) {
		at := min(max(int(s.ByteOffset), 0), len(p.data))
		at += len(p.data[at:]) - len(bytes.TrimLeft(p.data[at:], " \t\r\n"))
		line = min(1+bytes.Count(p.data[:at], []byte("\n")), max(len(p.lines), 1))
		if s.Err != nil {
			text = s.Err.Error()
		}
	}
	return unreadableAt(line, "The file is not JSON: %s.", quoted(text))
}

func (p *jsonParser) value(depth int) (*yaml.Node, error) {
	t, err := p.dec.ReadToken()
	if err != nil {
		return nil, p.syntax(err)
	}
	n := &yaml.Node{Line: p.here(), Column: p.column()}
	if p.budget--; p.budget < 0 {
		return nil, unreadableAt(n.Line, "The file has more than the %d values that are read.", maxNodes)
	}
	if depth > maxDepth {
		return nil, unreadableAt(n.Line, "Values are nested more than %d deep.", maxDepth)
	}
	switch t.Kind() {
	case '{', '[':
		closing := jsontext.Kind('}')
		if n.Kind = yaml.MappingNode; t.Kind() == '[' {
			n.Kind, closing = yaml.SequenceNode, ']'
		}
		for p.dec.PeekKind() != closing {
			c, err := p.value(depth + 1)
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, c)
		}
		if _, err := p.dec.ReadToken(); err != nil {
			return nil, p.syntax(err)
		}
		p.ends[n] = p.here()
		if p.ends[n] == n.Line {
			n.Style = yaml.FlowStyle
		}
		return n, nil
	case '"':
		n.Style = yaml.DoubleQuotedStyle
		n.Tag = "!!str"
	case 'n':
		n.Tag = "!!null"
	}
	n.Kind, n.Value = yaml.ScalarNode, t.String()
	p.ends[n] = n.Line
	return n, nil
}

// column is that at which the line of the last token begins behind its indent.
func (p *jsonParser) column() int {
	text := p.data[p.start:p.offset]
	return len(text) - len(bytes.TrimLeft(text, " \t")) + 1
}

// plainJSON blanks comments and commas before a closing bracket, so that lines stay.
func plainJSON(data []byte) []byte {
	out := bytes.Clone(data)
	comma := -1 // the last one, with nothing behind it
	blank := func(from, to int) {
		for i := from; i < to; i++ {
			if out[i] != '\n' && out[i] != '\r' {
				out[i] = ' '
			}
		}
	}
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case c == '"':
			for i++; i < len(data) && data[i] != '"' && data[i] != '\n'; i++ {
				if data[i] == '\\' {
					i++
				}
			}
			comma = -1
		case c == '/' && i+1 < len(data) && data[i+1] == '/':
			end := i + 2
			for end < len(data) && data[end] != '\n' {
				end++
			}
			blank(i, end)
			i = end - 1
		case c == '/' && i+1 < len(data) && data[i+1] == '*':
			end := len(data)
			if e := bytes.Index(data[i+2:], []byte("*/")); e >= 0 {
				end = i + 2 + e + 2
			}
			blank(i, end)
			i = end - 1
		case c == ',':
			comma = i
		case c == '}' || c == ']':
			if comma >= 0 {
				out[comma] = ' '
			}
			comma = -1
		case c != ' ' && c != '\t' && c != '\n' && c != '\r':
			comma = -1
		}
	}
	return out
}

// member is one key of a mapping.
type member struct {
	place
	key   string
	value *yaml.Node // never an alias
}

// members are those of a mapping, in order; none where it is no mapping.
func (d *document) members(n *yaml.Node) []member {
	n, shared := d.resolve(n)
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	var list []member
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		value, via := d.resolve(n.Content[i+1])
		p := place{
			File: d.file, Line: key.Line, End: d.ends[n.Content[i+1]], Column: key.Column,
			Flow:   value.Kind != yaml.ScalarNode && value.Style&yaml.FlowStyle != 0,
			Shared: shared || via || d.shared[n] || d.shared[value],
		}
		p.End = max(p.End, p.Line)
		list = append(list, member{p, key.Value, value})
	}
	return list
}

// get is the member of that name; its zero value where there is none.
func (d *document) get(n *yaml.Node, key string) member {
	for _, m := range d.members(n) {
		if m.key == key {
			return m
		}
	}
	return member{}
}

// items are the values of a sequence; a value that is no sequence is its only item.
func (d *document) items(n *yaml.Node) []member {
	n, shared := d.resolve(n)
	if n == nil || isNull(n) {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		return []member{{d.at(n, shared), "", n}}
	}
	var list []member
	for _, c := range n.Content {
		v, via := d.resolve(c)
		p := d.at(c, shared || via || d.shared[n])
		p.Flow = v.Kind != yaml.ScalarNode && v.Style&yaml.FlowStyle != 0
		list = append(list, member{p, "", v})
	}
	return list
}

func (d *document) at(n *yaml.Node, shared bool) place {
	return place{File: d.file, Line: n.Line, End: max(d.ends[n], n.Line), Column: n.Column, Flow: n.Style&yaml.FlowStyle != 0, Shared: shared}
}

// resolve follows an alias.
func (d *document) resolve(n *yaml.Node) (value *yaml.Node, aliased bool) {
	for hops := 0; n != nil && n.Kind == yaml.AliasNode && hops < maxDepth; hops++ {
		n, aliased = n.Alias, true
	}
	return n, aliased
}

// text is the scalar of a member; not stated where it is none, or null.
func (m member) text() text {
	if m.value == nil || m.value.Kind != yaml.ScalarNode || isNull(m.value) {
		return text{}
	}
	return text{m.place, m.value.Value}
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// texts are the scalars of a list, or the only one.
func (d *document) texts(m member) []text {
	var list []text
	for _, i := range d.items(m.value) {
		if t := i.text(); t.stated() {
			list = append(list, t)
		}
	}
	return list
}

// block are the scalars of a mapping. One that is an expression as a whole has no
// settings, and its text.
func (d *document) block(m member) block {
	b := block{place: m.place}
	if t := m.text(); t.stated() {
		b.Whole = t
	}
	for _, v := range d.members(m.value) {
		if t := v.text(); t.stated() || isNull(v.value) {
			t.place = v.place
			b.Settings = append(b.Settings, setting{v.key, t})
		}
	}
	if len(b.Settings) > maxValues {
		b.index = make(map[string]int, len(b.Settings))
		for i, s := range b.Settings {
			b.index[s.Name] = i
		}
	}
	return b
}

// named is a name as written, up to maxName bytes.
func named(s string) string {
	if len(s) <= maxName {
		return s
	}
	return strings.ToValidUTF8(s[:maxName], "") + "…"
}

// quoted bounds what a sentence quotes of a file, and leaves out control characters.
func quoted(s string) string {
	if most := utf8.UTFMax * (maxQuoted + 1); len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
	if utf8.RuneCountInString(s) > maxQuoted {
		s = string([]rune(s)[:maxQuoted]) + "…"
	}
	return s
}
