package lockfile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/bonafide-app/bonafide/app/dep"
)

// yarnV1 is a yarn.lock of yarn 1 while it is read.
// https://classic.yarnpkg.com/lang/en/docs/yarn-lock/
//
// Yarn's own reader stops in silence at a line that is indented otherwise than it
// expects. So every line must be one of those that it writes:
//
//	a@^1.0.0, "b@npm:a@^1.1.0":
//	  version "1.1.0"
//	  dependencies:
//	    c "^2.0.0"
//
// Strings are pieces of one copy of the file.
type yarnV1 struct {
	file
	line     int // of the line that is read
	blocks   []yarnBlock
	patterns []yarnPattern
	specs    []dep.Spec
	index    map[string]int // of patterns

	open     bool   // the last block can go on
	section  string // of the block, that can go on; "" for none
	sections int    // how many there were

	fields  map[string]int // the number of blocks when a field was last there
	members map[string]int // the number of sections when a member was
}

// yarnBlock is one header and what stands below it.
type yarnBlock struct {
	header                             string // as written, without the colon
	line                               int
	name, version, resolved, integrity string
	patterns, specs                    span
}

// yarnPattern is one of the things that are asked for in a header.
type yarnPattern struct {
	text  string // "name@range"
	block int
	asked bool // by a block
}

// span is a piece of a slice.
type span struct{ from, to int }

func parseYarnV1(f file) ([]dep.Entry, error) {
	y := yarnV1{file: f, index: map[string]int{}, fields: map[string]int{}, members: map[string]int{}}
	if at := controlCharacter(f.data); at >= 0 {
		return nil, &Error{f.name, lineAt(f.data, at), Malformed, "the file has a control character or a carriage return on its own; " + yarnAgain}
	}
	for text := string(f.data); text != ""; {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		y.line++
		read := strings.TrimRight(line, " \r")
		if read == "" && strings.HasPrefix(line, " ") {
			return nil, y.fail(Malformed, "the line has blanks alone, and yarn would read no further")
		}
		if err := y.read(read); err != nil {
			return nil, err
		}
	}
	if err := y.end(); err != nil {
		return nil, err
	}
	return y.entries()
}

// controlCharacter is the offset of the first one that is not the end of a line, -1 if
// there is none.
func controlCharacter(data []byte) int {
	for i, c := range data {
		if c < ' ' && c != '\n' || c == 0x7f {
			if c == '\r' && i+1 < len(data) && data[i+1] == '\n' {
				continue
			}
			return i
		}
	}
	return -1
}

// read reads one line without its end.
func (y *yarnV1) read(line string) error {
	text := strings.TrimLeft(line, " ")
	switch indent := len(line) - len(text); {
	case text == "":
		return y.end()
	case indent == 0 && text[0] == '#':
		if version, ok := yarnV1Version(text); ok && version != "1" {
			return y.fail(UnsupportedVersion, "the file is of version %s of yarn's lockfile; versions 1 and berry's are read", quote(version))
		}
		return y.end()
	case indent == 0:
		if err := y.end(); err != nil {
			return err
		}
		return y.readHeader(text)
	case indent == 2 && y.open:
		return y.readField(text)
	case indent == 4 && y.open && y.section != "":
		return y.readMember(text)
	}
	return y.fail(Malformed, "the line is indented otherwise than yarn does it, and yarn would read no further")
}

// yarnV1Version is the version that a comment states, which yarn writes as
// "# yarn lockfile v1". Later yarns disregard case, and how many blanks there are.
func yarnV1Version(comment string) (version string, ok bool) {
	return strings.CutPrefix(strings.ToLower(strings.Join(strings.Fields(comment[1:]), " ")), "yarn lockfile v")
}

// end ends the block that is read, if there is one.
func (y *yarnV1) end() error {
	if !y.open {
		return nil
	}
	y.open, y.section = false, ""
	b := &y.blocks[len(y.blocks)-1]
	b.patterns.to, b.specs.to = len(y.patterns), len(y.specs)
	if b.version == "" {
		return &Error{y.name, b.line, Malformed, fmt.Sprintf("%s has no version; %s", quote(b.header), yarnAgain)}
	}
	return nil
}

func (y *yarnV1) readHeader(text string) error {
	header, ok := strings.CutSuffix(text, ":")
	if !ok {
		return y.fail(Malformed, "the line begins a package and does not end with a colon")
	}
	if len(y.blocks) == MaxEntries {
		return y.tooMany(y.line, MaxEntries, "entries")
	}
	b := yarnBlock{header: header, line: y.line}
	b.patterns.from, b.specs.from = len(y.patterns), len(y.specs)
	for rest, more := text, true; more; {
		pattern, after, err := y.token(rest)
		if err != nil {
			return err
		}
		if _, twice := y.index[pattern]; twice {
			return y.fail(DuplicateKey, "%s stands twice, and readers disagree about which one counts", quote(pattern))
		}
		if len(y.patterns) == MaxSpecs {
			return y.tooMany(y.line, MaxSpecs, "ranges")
		}
		y.index[pattern] = len(y.patterns)
		y.patterns = append(y.patterns, yarnPattern{text: pattern, block: len(y.blocks)})
		if rest, more = strings.CutPrefix(after, ", "); !more && rest != ":" {
			return y.fail(Malformed, "the line begins a package, and what it is asked for as is not divided by commas")
		}
	}
	y.blocks = append(y.blocks, b)
	y.open = true
	return nil
}

// readField reads a line of a block: a value, or the beginning of a section.
func (y *yarnV1) readField(text string) error {
	key, rest, err := y.token(text)
	if err != nil {
		return err
	}
	if y.fields[key] == len(y.blocks) {
		return y.fail(DuplicateKey, "the field %s stands twice in one block, and readers disagree about which one counts", quote(key))
	}
	y.fields[key] = len(y.blocks)
	b := &y.blocks[len(y.blocks)-1]
	var field *string
	switch key {
	case "name":
		field = &b.name
	case "version":
		field = &b.version
	case "resolved":
		field = &b.resolved
	case "integrity":
		field = &b.integrity
	}
	if y.section = ""; rest == ":" {
		if field != nil {
			return y.fail(Malformed, "%s has a section where a value belongs", quote(key))
		}
		y.section = key
		y.sections++
		return nil
	}
	value, err := y.value(rest)
	if err != nil {
		return err
	}
	switch {
	case key == "dependencies" || key == "optionalDependencies":
		return y.fail(Malformed, "%s has a value where a section belongs", quote(key))
	case field != nil:
		*field = value
	}
	if key == "integrity" {
		return checkYarnIntegrity(y.file, y.line, value)
	}
	return nil
}

// readMember reads a line of a section.
func (y *yarnV1) readMember(text string) error {
	name, rest, err := y.token(text)
	if err != nil {
		return err
	}
	if y.members[name] == y.sections {
		return y.fail(DuplicateKey, "%s stands twice in one section, and readers disagree about which one counts", quote(name))
	}
	y.members[name] = y.sections
	value, err := y.value(rest)
	if err != nil {
		return err
	}
	kind := dep.Prod
	switch y.section {
	case "dependencies":
	case "optionalDependencies":
		kind = dep.Optional
	default:
		return nil
	}
	if len(y.specs) == MaxSpecs {
		return y.tooMany(y.line, MaxSpecs, "dependency specs")
	}
	y.specs = append(y.specs, dep.Spec{Name: name, Range: value, Kind: kind})
	return nil
}

// value reads the last token of a line, which follows after a blank.
func (y *yarnV1) value(text string) (string, error) {
	text, ok := strings.CutPrefix(text, " ")
	if !ok {
		return "", y.fail(Malformed, "the line has a key without a value")
	}
	value, rest, err := y.token(text)
	if err == nil && rest != "" {
		err = y.fail(Malformed, "the line goes on after its value")
	}
	return value, err
}

// token reads a string: in quotes as JSON has it, or bare up to a colon, a comma or a
// blank. Yarn quotes what begins otherwise than with a letter, or with true or false.
func (y *yarnV1) token(text string) (token, rest string, err error) {
	if text == "" {
		return "", "", y.fail(Malformed, "the line ends too early")
	}
	if text[0] == '"' {
		return y.quoted(text)
	}
	end := 0
	for end < len(text) && text[end] != ':' && text[end] != ',' && text[end] != ' ' {
		end++
	}
	token, rest = text[:end], text[end:]
	c := text[0] | ' '
	switch {
	case (c < 'a' || c > 'z') && text[0] != '/' && text[0] != '.' && text[0] != '-',
		token != "true" && strings.HasPrefix(token, "true"),
		token != "false" && strings.HasPrefix(token, "false"):
		return "", "", y.fail(Malformed, "%s is not written as yarn does it: it would have it in quotes", quote(text))
	}
	return token, rest, nil
}

func (y *yarnV1) quoted(text string) (token, rest string, err error) {
	end, escaped := 1, false
	for ; end < len(text) && text[end] != '"'; end++ {
		if text[end] == '\\' {
			escaped = true
			end++
		}
	}
	if end >= len(text) {
		return "", "", y.fail(Malformed, "the line has a string that does not end")
	}
	token, rest = text[1:end], text[end+1:]
	if escaped {
		decoded, err := jsontext.AppendUnquote(nil, text[:end+1])
		if err != nil || controlCharacter(decoded) >= 0 || slices.Contains(decoded, '\n') {
			return "", "", y.fail(Malformed, "%s is not a string as yarn writes it", quote(text[:end+1]))
		}
		token = string(decoded)
	}
	if token == "" && rest != "" {
		return "", "", y.fail(Malformed, "the line has an empty name")
	}
	return token, rest, nil
}

// fail is an error on the line that is read.
func (y *yarnV1) fail(kind Kind, format string, args ...any) error {
	return &Error{y.name, y.line, kind, fmt.Sprintf(format, args...) + "; " + yarnAgain}
}
