package publish

import (
	"slices"
	"strings"
)

// dynamic says whether a text has an expression in it.
func dynamic(s string) bool { return strings.Contains(s, "${{") }

// sole is the inside of a text that is one expression and nothing else.
func sole(s string) (inside string, ok bool) {
	if s = strings.TrimSpace(s); len(s) > maxCondition {
		return "", false
	}
	inside, ok = strings.CutPrefix(s, "${{")
	if !ok {
		return "", false
	}
	end := expressionEnd(inside)
	if end < 0 || strings.TrimSpace(inside[end+2:]) != "" {
		return "", false
	}
	return strings.TrimSpace(inside[:end]), true
}

// expressionEnd is the offset of the "}}" that ends an expression; -1 where it has no
// end. Braces within its strings do not count.
func expressionEnd(s string) int {
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\'': // doubled within a string, which reads as two strings
			end := strings.IndexByte(s[i+1:], '\'')
			if end < 0 {
				return -1
			}
			i += end + 1
		case strings.HasPrefix(s[i:], "}}"):
			return i
		}
	}
	return -1
}

// references are what the expressions of a text depend on: "github.ref",
// "secrets.NPM_TOKEN", each once, in order. Functions and literals are none.
func references(s string) []string {
	s = s[:min(len(s), maxScriptBytes)]
	var list []string
	for {
		_, rest, ok := strings.Cut(s, "${{")
		if !ok {
			return list
		}
		end := expressionEnd(rest)
		if end < 0 {
			end = len(rest)
		}
		list = referencesIn(list, rest[:end])
		s = rest[end:]
	}
}

// conditionReferences are those of an `if`, which needs no braces.
func conditionReferences(s string) []string {
	if dynamic(s) {
		return references(s)
	}
	return referencesIn(nil, s)
}

func referencesIn(list []string, s string) []string {
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == '\'':
			end := strings.IndexByte(s[i+1:], '\'')
			if end < 0 {
				return list
			}
			i += end + 2
		case c >= '0' && c <= '9': // a number
			for i < len(s) && (nameByte(s[i]) || s[i] == '.') {
				i++
			}
		case !nameByte(c) || c == '-':
			i++
		default:
			name, end := reference(s, i)
			i = end
			rest := strings.TrimLeft(s[i:], " \t")
			lower := strings.ToLower(name)
			if strings.HasPrefix(rest, "(") || lower == "true" || lower == "false" || lower == "null" || lower == "nan" || lower == "infinity" {
				continue
			}
			if !slices.Contains(list, name) && len(list) < maxValues {
				list = append(list, name)
			}
		}
	}
	return list
}

// reference reads a name with its members: a.b, a['b'], a.*.
func reference(s string, i int) (name string, end int) {
	var b strings.Builder
	for i < len(s) {
		switch {
		case nameByte(s[i]):
			b.WriteByte(s[i])
			i++
		case s[i] == '.' && i+1 < len(s) && (nameByte(s[i+1]) || s[i+1] == '*'):
			b.WriteString(s[i : i+2])
			i += 2
		case strings.HasPrefix(s[i:], "['"):
			key, _, ok := strings.Cut(s[i+2:], "']")
			if !ok {
				return b.String(), len(s)
			}
			b.WriteString("." + key)
			i += len("['") + len(key) + len("']")
		default:
			return b.String(), i
		}
	}
	return b.String(), i
}

func nameByte(c byte) bool {
	return c == '_' || c == '-' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// value is what a text comes to as far as files say: its possible values, or what it
// depends on where they do not.
type value struct {
	Possible []string
	Depends  string // a phrase: "the expression ${{ inputs.x }}"; "" where all values are known
}

func known(s string) value { return value{Possible: []string{s}} }

func unknown(s string) value {
	if refs := references(s); len(refs) > 0 {
		return value{Depends: "the expression " + quoted(strings.Join(refs, ", "))}
	}
	return value{Depends: "the expression " + quoted(strings.TrimSpace(s))}
}

// only is the value where there is just one.
func (v value) only() (string, bool) {
	if v.Depends != "" || len(v.Possible) != 1 {
		return "", false
	}
	return v.Possible[0], true
}

// each is the answer that every possible value gives: depends where they differ.
func (v value) each(answer func(string) Answer) Answer {
	if v.Depends != "" || len(v.Possible) == 0 {
		return Depends
	}
	first := answer(v.Possible[0])
	for _, p := range v.Possible[1:] {
		if answer(p) != first {
			return Depends
		}
	}
	return first
}

// scope is where an expression stands: what inputs, matrix and env mean there.
type scope struct {
	matrix *matrix
	inputs func(name string) (text, *scope, bool) // the value that a caller gives, with its scope, or the default
	env    func(name string) (text, bool)
	depth  int
}

// resolve follows a text to its values: a literal, the values of a matrix, an input
// that a caller in the repository gives, a variable of env. Anything else depends.
func (c *scope) resolve(t string) value {
	if !dynamic(t) {
		return known(t)
	}
	inside, ok := sole(t)
	if !ok || c == nil || c.depth > maxCalls {
		return unknown(t)
	}
	switch lower := strings.ToLower(inside); {
	case lower == "true" || lower == "false":
		return known(lower)
	case len(inside) >= 2 && inside[0] == '\'' && strings.IndexByte(inside[1:], '\'') == len(inside)-2:
		return known(inside[1 : len(inside)-1])
	}
	name, end := reference(inside, 0)
	if end != len(inside) {
		return unknown(t)
	}
	context, key, _ := strings.Cut(name, ".")
	switch strings.ToLower(context) {
	case "matrix":
		if v, ok := c.matrix.values(key); ok {
			return v
		}
	case "inputs":
		if c.inputs != nil {
			if given, at, ok := c.inputs(key); ok {
				if at != nil {
					at.depth = c.depth + 1
				}
				return at.resolve(given.Value)
			}
		}
	case "env":
		if c.env != nil {
			if given, ok := c.env(key); ok {
				inner := *c
				inner.depth++
				return inner.resolve(given.Value)
			}
		}
	}
	return unknown(t)
}

// values are those that a name of the matrix takes.
func (m *matrix) values(name string) (value, bool) {
	if m == nil || !m.stated() {
		return value{}, false
	}
	var v value
	add := func(t text) bool {
		if dynamic(t.Value) || len(v.Possible) >= maxValues {
			return false
		}
		if !slices.Contains(v.Possible, t.Value) {
			v.Possible = append(v.Possible, t.Value)
		}
		return true
	}
	if m.Dynamic || len(m.Axes)+len(m.Include) > maxMatrix {
		return value{}, false
	}
	for _, a := range m.Axes {
		if a.Name != name {
			continue
		}
		if a.Count != len(a.Values) || a.Count > maxMatrix {
			return value{}, false
		}
		for _, t := range a.Values {
			if !add(t) {
				return value{}, false
			}
		}
	}
	for _, entry := range m.Include {
		for _, s := range entry {
			if s.Name == name && !add(s.text) {
				return value{}, false
			}
		}
	}
	return v, len(v.Possible) > 0
}

// never says whether a condition is false whatever happens.
func never(condition text) bool {
	c := strings.TrimSpace(condition.Value)
	if inside, ok := sole(c); ok {
		c = inside
	}
	return condition.stated() && strings.EqualFold(c, "false")
}
