package publish

import (
	"regexp"
	"strings"
)

// sheet is a file that is to be mended. What it answers are edits of single lines, so
// that comments, order and layout stay people's; nil means that a person must decide:
// the layout is one into which no line can be put safely.
type sheet struct {
	file  string
	lines []string // without line ends
}

func (w *workflow) sheet() sheet { return sheet{w.File, w.lines} }

// sheet is the file in which the step stands.
func (s *step) sheet() sheet {
	switch {
	case s.job != nil:
		return s.job.workflow.sheet()
	case s.action != nil:
		return sheet{s.action.File, s.action.lines}
	}
	return sheet{}
}

// line is the n-th line, "" where there is none.
func (s sheet) line(n int) string {
	if n < 1 || n > len(s.lines) {
		return ""
	}
	return s.lines[n-1]
}

// replace says that one line becomes others.
func (s sheet) replace(n int, lines ...string) []Edit { return []Edit{{s.file, n, n, lines}} }

// insert puts lines behind the n-th; blank lines at the end of what stands there stay
// below them.
func (s sheet) insert(n int, lines ...string) []Edit {
	for n > 1 && strings.TrimSpace(s.line(n)) == "" {
		n--
	}
	return []Edit{{s.file, n + 1, n, lines}}
}

// remove takes lines away.
func (s sheet) remove(from, to int) []Edit { return []Edit{{s.file, from, to, nil}} }

// writable says whether lines can be changed at that place: it stands in this file, is
// not written in braces, and nothing else uses it by an alias.
func (s sheet) writable(p place) bool {
	return p.stated() && p.File == s.file && !p.Flow && !p.Shared && p.Line <= len(s.lines)
}

// owns says whether the line at the place begins with the key, as it does where a
// mapping is laid out one member a line.
func (s sheet) owns(p place, key string) bool {
	return keyLine(key).MatchString(s.line(p.Line))
}

// keyLine matches a line of a block mapping: indent and key, value, comment.
func keyLine(key string) *regexp.Regexp {
	k := regexp.QuoteMeta(key)
	return regexp.MustCompile(`^([ -]*(?:` + k + `|"` + k + `"|'` + k + `')[ ]*:)[ ]*(.*?)([ ]+#.*)?$`)
}

func spaces(n int) string { return strings.Repeat(" ", max(n, 0)) }

// setValue writes another value behind the key, in the quotes of the old one.
func (s sheet) setValue(at text, key, value string) []Edit {
	if !s.writable(at.place) || at.Line != at.End {
		return nil
	}
	m := keyLine(key).FindStringSubmatch(s.line(at.Line))
	if m == nil {
		return nil
	}
	switch m[2] {
	case "'" + at.Value + "'":
		value = "'" + strings.ReplaceAll(value, "'", "''") + "'"
	case `"` + at.Value + `"`:
		value = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
	case at.Value:
	default:
		return nil
	}
	return s.replace(at.Line, m[1]+" "+value+m[3])
}

// setMember writes a member of a mapping that is the value of section: of `with`, `env`
// or `permissions`. Where there is no such section it is put behind the line `after`,
// at the given column (1-based); after 0 means that it must be there.
func (s sheet) setMember(b block, section, key, value string, after, column int) []Edit {
	if !b.stated() {
		if after < 1 || column < 1 || s.line(after) == "" {
			return nil
		}
		indent := spaces(column - 1)
		return s.insert(after, indent+section+":", indent+spaces(s.unit())+key+": "+value)
	}
	for _, old := range b.Settings {
		if old.Name == key {
			if b.Flow {
				return nil
			}
			return s.setValue(old.text, key, value)
		}
	}
	if b.File != s.file || b.Shared || b.Whole.stated() || !s.owns(b.place, section) {
		return nil
	}
	if b.Flow {
		return s.addFlow(b, key, value)
	}
	if len(b.Settings) == 0 {
		return nil
	}
	last := b.Settings[len(b.Settings)-1]
	if !s.owns(last.place, last.Name) || last.Column <= b.Column {
		return nil
	}
	return s.insert(last.End, spaces(last.Column-1)+key+": "+value)
}

// unit is how many spaces the file goes in by.
func (s sheet) unit() int {
	for _, line := range s.lines {
		if text := strings.TrimLeft(line, " "); text != "" && text != line && text[0] != '#' && text[0] != '-' {
			return min(len(line)-len(text), 8)
		}
	}
	return 2
}

// addFlow puts a member into braces that open and close on one line.
func (s sheet) addFlow(b block, key, value string) []Edit {
	line := s.line(b.Line)
	if strings.ContainsAny(value, "{}[],") && !strings.ContainsAny(value[:1], `"'`) {
		value = "'" + strings.ReplaceAll(value, "'", "''") + "'" // an expression would end the braces
	}
	if b.Line != b.End || strings.Contains(line, "#") || strings.Count(line, "{") != 1 || !strings.HasSuffix(strings.TrimRight(line, " "), "}") {
		return nil
	}
	head, _, _ := strings.Cut(strings.TrimRight(line, " "), "}")
	inner := head[strings.Index(head, "{")+1:]
	pad := ""
	if strings.HasPrefix(inner, " ") || strings.TrimSpace(inner) == "" {
		pad = " "
	}
	head = strings.TrimRight(head, " ,")
	if strings.TrimSpace(inner) == "" {
		return s.replace(b.Line, head+pad+key+": "+value+pad+"}")
	}
	return s.replace(b.Line, head+", "+key+": "+value+pad+"}")
}

// dropMember takes a member of a mapping away, and the section with it where nothing
// else stands there.
func (s sheet) dropMember(b block, section, key string) []Edit {
	if !s.writable(b.place) || !s.owns(b.place, section) {
		return nil
	}
	for _, old := range b.Settings {
		if old.Name != key || !s.owns(old.place, key) || old.Column <= b.Column {
			continue
		}
		if len(b.Settings) == 1 {
			// The section's line may be the one that begins the step.
			if strings.Contains(s.line(b.Line)[:b.Column-1], "-") || b.End != old.End {
				return nil
			}
			return s.remove(b.Line, b.End)
		}
		return s.remove(old.Line, old.End)
	}
	return nil
}
