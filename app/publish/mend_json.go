package publish

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// setJSON writes a member of the top-level object, or of an object that is a member of
// it (path "publishConfig", "provenance"), in the layout of the file: its indent, one
// member a line. value is JSON.
func (s sheet) setJSON(d *document, value string, path ...string) []Edit {
	if d == nil || d.root == nil || len(path) < 1 || len(path) > 2 {
		return nil
	}
	members := d.members(d.root)
	if len(members) == 0 {
		return nil
	}
	indent := s.indentOf(members[0].Line)
	if len(path) == 1 {
		return s.setJSONMember(members, d.ends[d.root], path[0], value, indent)
	}
	for _, m := range members {
		if m.key != path[0] {
			continue
		}
		inner := d.members(m.value)
		if m.Line == m.End {
			return s.setJSONInline(m, inner, path[1], value)
		}
		if len(inner) == 0 {
			return nil
		}
		return s.setJSONMember(inner, m.End, path[1], value, s.indentOf(inner[0].Line))
	}
	return s.setJSONMember(members, d.ends[d.root], path[0], "{\n"+indent+indent+`"`+path[1]+`": `+value+"\n"+indent+"}", indent)
}

func (s sheet) indentOf(n int) string {
	line := s.line(n)
	return line[:len(line)-len(strings.TrimLeft(line, " \t"))]
}

// setJSONMember replaces the member of that name, or adds it as the last one, in an object
// that ends on the line end.
func (s sheet) setJSONMember(members []member, end int, key, value, indent string) []Edit {
	for i, m := range members {
		if i > 0 && members[i-1].End >= m.Line || m.End >= end || !strings.HasPrefix(strings.TrimSpace(s.line(m.Line)), `"`+m.key+`"`) {
			return nil // two members on one line, or a brace beside one
		}
		if (m.key == key || i == len(members)-1) && !balanced(s.lines[m.Line-1:min(m.End, len(s.lines))]) {
			return nil // something that is around it ends on the same line
		}
	}
	last := members[len(members)-1]
	closing := last.End + 1
	for closing < len(s.lines) && strings.TrimSpace(s.line(closing)) == "" {
		closing++
	}
	if !strings.HasPrefix(strings.TrimSpace(s.line(closing)), "}") {
		return nil // the object does not end on a line of its own
	}
	lines := strings.Split(indent+`"`+key+`": `+value, "\n")
	for i, m := range members {
		if m.key == key {
			if i+1 < len(members) {
				lines[len(lines)-1] += ","
			}
			return []Edit{{s.file, m.Line, m.End, lines}}
		}
	}
	text := strings.TrimRight(s.line(last.End), " \t")
	if text == "" || strings.Contains(text, "//") && !strings.HasSuffix(text, `"`) {
		return nil
	}
	if !strings.HasSuffix(text, ",") {
		text += ","
	}
	return s.replace(last.End, append([]string{text}, lines...)...)
}

// balanced says whether every bracket outside strings that opens in these lines closes in
// them, and none else does.
func balanced(lines []string) bool {
	open := 0
	for _, line := range lines {
		inString := false
		for i := 0; i < len(line); i++ {
			switch c := line[i]; {
			case inString && c == '\\':
				i++
			case c == '"':
				inString = !inString
			case inString:
			case c == '{' || c == '[':
				open++
			case c == '}' || c == ']':
				if open--; open < 0 {
					return false
				}
			}
		}
	}
	return open == 0
}

// setJSONInline writes into an object that stands on one line.
func (s sheet) setJSONInline(m member, inner []member, key, value string) []Edit {
	line := s.line(m.Line)
	end := strings.LastIndexByte(line, '}')
	if end < 0 || strings.Count(line, "{") != 1 || strings.Count(line, "}") != 1 {
		return nil
	}
	for _, i := range inner {
		if i.key != key {
			continue
		}
		old := `"` + key + `": ` + i.value.Value
		if strings.Count(line, old) != 1 {
			return nil
		}
		return s.replace(m.Line, strings.Replace(line, old, `"`+key+`": `+value, 1))
	}
	head := strings.TrimRight(line[:end], " ")
	if len(inner) > 0 {
		head += ","
	}
	return s.replace(m.Line, head+` "`+key+`": `+value+" }"+line[end+1:])
}

// jsonString is a text as JSON writes it. What is not UTF-8 was not read.
func jsonString(s string) string {
	quoted, err := jsontext.AppendQuote(nil, strings.ToValidUTF8(s, "\uFFFD"))
	if err != nil {
		return `""` // of valid UTF-8 there is no such error
	}
	return string(quoted)
}
