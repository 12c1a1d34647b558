package registry

import (
	"bytes"
	"iter"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// What a decoder has read is JSON and names no member twice. Here it is walked as it
// stands, without holding it anew: documents of a hundred thousand releases are mostly
// what nobody asks for. Of what is not JSON it finds something or nothing, and ends.

// membersOf are the names, still quoted, and the values of an object; none of another
// value.
func membersOf(v jsontext.Value) iter.Seq2[jsontext.Value, jsontext.Value] {
	return func(yield func(name, value jsontext.Value) bool) {
		if len(v) == 0 || v[0] != '{' {
			return
		}
		for i := space(v, 1); i < len(v) && v[i] == '"'; {
			end := valueEnd(v, i)
			name := v[i:end]
			if i = space(v, end); i >= len(v) || v[i] != ':' {
				return
			}
			i = space(v, i+1)
			if end = valueEnd(v, i); end == i || !yield(name, v[i:end]) {
				return
			}
			if i = space(v, end); i >= len(v) || v[i] != ',' {
				return
			}
			i = space(v, i+1)
		}
	}
}

// member is one member of a JSON object; nil where v is no object or has none. The name
// is one that needs no escapes.
func member(v jsontext.Value, name string) jsontext.Value {
	for key, value := range membersOf(v) {
		if is(key, name) {
			return value
		}
	}
	return nil
}

// is compares a quoted name with one that needs no escapes.
func is(quoted jsontext.Value, name string) bool {
	if len(quoted) == len(name)+2 {
		return string(quoted[1:len(quoted)-1]) == name
	}
	return len(quoted) > len(name)+2 && bytes.IndexByte(quoted, '\\') >= 0 && unquote(quoted) == name
}

// unquote is the text of a JSON string.
func unquote(quoted jsontext.Value) string {
	if len(quoted) < 2 {
		return ""
	}
	if plain := quoted[1 : len(quoted)-1]; bytes.IndexByte(plain, '\\') < 0 && utf8.Valid(plain) {
		return string(plain)
	}
	text, _ := jsontext.AppendUnquote(nil, quoted) // what is no character is U+FFFD, as elsewhere
	return string(text)
}

func space(v []byte, i int) int {
	for i < len(v) && (v[i] == ' ' || v[i] == '\n' || v[i] == '\t' || v[i] == '\r') {
		i++
	}
	return i
}

// valueEnd is the index behind the value that begins at i.
func valueEnd(v []byte, i int) int {
	for depth := 0; i < len(v); {
		switch v[i] {
		case '"':
			i = stringEnd(v, i)
		case '{', '[':
			depth++
			i++
			continue
		case '}', ']':
			if depth == 0 {
				return i
			}
			depth--
			i++
		case ',', ':', ' ', '\n', '\t', '\r':
			if depth == 0 {
				return i
			}
			i++
			continue
		default: // a number, or a word
			for i++; i < len(v) && v[i] >= '+' && v[i] != ',' && v[i] != ':' && v[i] != ']' && v[i] != '}'; {
				i++
			}
		}
		if depth == 0 {
			return i
		}
	}
	return len(v)
}

// stringEnd is the index behind the string that begins at i.
func stringEnd(v []byte, i int) int {
	for i++; ; {
		n := bytes.IndexByte(v[i:], '"')
		if n < 0 {
			return len(v)
		}
		back := 0
		for back < n && v[i+n-1-back] == '\\' {
			back++
		}
		if i += n + 1; back%2 == 0 {
			return i
		}
	}
}
