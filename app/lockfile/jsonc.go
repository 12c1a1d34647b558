package lockfile

import (
	"bytes"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// newJSONCReader reads JSON with comments and trailing commas.
func newJSONCReader(f file, again string) (*jsonReader, error) {
	text, open := standardJSON(f.data)
	if open >= 0 {
		return nil, &Error{f.name, lineAt(f.data, open), NotJSON, "a comment begins here that has no end, or none that every reader sees; " + again}
	}
	// The text is kept, and not copied once more to be read.
	return &jsonReader{file: f, text: text, dec: jsontext.NewDecoder(strings.NewReader(text)), again: again, line: 1}, nil
}

// standardJSON is a copy of the data in which every comment, and every comma between
// the last member of an object or array and its end, is replaced by as many blanks:
// offsets and lines stay. What else is not JSON stays as it is. open is the offset of
// a comment without an end, else -1.
func standardJSON(data []byte) (text string, open int) {
	var out strings.Builder
	out.Grow(len(data))
	done := 0 // up to here data is copied
	blank := func(from, to int) {
		out.Write(data[done:from])
		for _, c := range data[from:to] {
			if c != '\t' && c != '\r' && c != '\n' {
				c = ' '
			}
			out.WriteByte(c)
		}
		done = to
	}
	before := byte(0) // the last byte that is no white space, outside of comments
	for i := 0; i < len(data); {
		c := data[i]
		switch c {
		case ' ', '\t', '\r', '\n':
			i++
			continue
		case '"':
			i = stringEnd(data, i)
		case '/':
			end, ok := commentEnd(data, i)
			if !ok {
				return "", i
			}
			if end > i {
				blank(i, end)
				i = end
				continue
			}
			i++
		case ',':
			// Without a member before it, it is not a trailing one.
			if strings.IndexByte("\x00,:[{", before) < 0 && endsNext(data, i+1) {
				blank(i, i+1)
			}
			i++
		default:
			i++
		}
		before = c
	}
	out.Write(data[done:])
	return out.String(), -1
}

// stringEnd is the offset after the string that begins at an offset.
func stringEnd(data []byte, at int) int {
	for i := at + 1; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(data)
}

// commentEnd is the offset after the comment that begins at an offset, which is that
// of a slash, or the offset itself where none begins there. ok is false where it has
// no end, or one that not every reader sees: to some a carriage return, U+2028 and
// U+2029 end a line.
func commentEnd(data []byte, at int) (end int, ok bool) {
	switch rest := data[at:]; {
	case bytes.HasPrefix(rest, []byte("//")):
		line, _, ok := bytes.Cut(rest, []byte("\n"))
		return at + len(line) + 1, ok && !bytes.ContainsAny(bytes.TrimSuffix(line, []byte("\r")), "\r\u2028\u2029")
	case bytes.HasPrefix(rest, []byte("/*")):
		i := bytes.Index(rest[2:], []byte("*/"))
		return at + 2 + i + 2, i >= 0
	}
	return at, true
}

// endsNext says whether the next thing, after white space and comments, is the end of
// an object or an array. What it looks over holds no comma: it is not looked over
// twice.
func endsNext(data []byte, at int) bool {
	for at < len(data) {
		switch data[at] {
		case ' ', '\t', '\r', '\n':
			at++
		case '/':
			end, ok := commentEnd(data, at)
			if !ok || end == at {
				return false
			}
			at = end
		default:
			return data[at] == '}' || data[at] == ']'
		}
	}
	return false
}
