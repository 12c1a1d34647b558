package publish

import (
	"strings"
)

// word is one word of a shell command, its quotes taken off.
type word struct {
	Text    string
	Dynamic bool // a variable, a substitution or an expression is in it, kept as written
}

// command is one simple command of a script.
type command struct {
	Words  []word
	Env    []assignment // VAR=value before the command
	Line   int          // 0-based, in the script, of its first word
	Into   []word       // the files into which its output goes
	Here   string       // the here-documents that end its line
	Inner  bool         // it stands in a substitution: its output is used
	Piped  bool         // its input comes from a command before it
	Always bool         // false within if, for, while and case, and behind ||
	Group  int          // the subshell in which it runs, 0 for the script's own
	Parent int          // the subshell around that one
}

type assignment struct {
	Name  string
	Value word
}

// commands are the simple commands of a script for a POSIX shell, in the order in which
// they stand. It reads what people write in workflows: quotes, continued lines,
// comments, lists, pipes, groups, substitutions, here-documents (which are no commands),
// redirections, and the words if, for, while and case, whose bodies count as commands.
// What it cannot make sense of it reads as words. complete is false where a limit cut
// the list.
func commands(script string) (list []command, complete bool) {
	if len(script) > maxScriptBytes {
		return nil, false
	}
	p := &shell{text: script}
	p.run(0, 0, false)
	return p.list, len(p.list) < maxCommands
}

type shell struct {
	text  string
	at    int
	line  int // of at, 0-based
	list  []command
	heres []here
	nest  int // how many conditional constructs are open

	groups, group, parent int
}

// here is a here-document whose body is still to come.
type here struct {
	end  string
	tabs bool // <<-
}

// run reads commands up to the byte that closes the group, or the end.
func (p *shell) run(closing byte, depth int, inner bool) {
	var c command
	started, after := false, false // after: the command stands behind && or ||
	piped := false
	flush := func() {
		if started && (len(c.Words) > 0 || len(c.Env) > 0) && len(p.list) < maxCommands {
			c.Inner = inner
			c.Piped = piped
			c.Always = p.nest == 0 && !after
			c.Group, c.Parent = p.group, p.parent
			p.list = append(p.list, c)
		}
		c, started = command{}, false
	}
	into := false // the next word is a file into which output goes
	for p.at < len(p.text) && len(p.list) < maxCommands {
		switch ch := p.text[p.at]; {
		case ch == '\n':
			flush()
			after, piped, into = false, false, false
			p.at++
			p.line++
			if body := p.bodies(); len(p.list) > 0 {
				p.list[len(p.list)-1].Here += body
			}
		case ch == ' ' || ch == '\t' || ch == '\r':
			p.at++
		case ch == '\\' && p.continued():
		case ch == '#':
			p.comment()
		case strings.HasPrefix(p.text[p.at:], "&&") || strings.HasPrefix(p.text[p.at:], "||"):
			// What stands behind && runs where all before it went well: that is no condition
			// one writes to leave it out.
			or := ch == '|'
			flush()
			after, piped = after || or, false
			p.at += 2
		case strings.HasPrefix(p.text[p.at:], "&>"):
			into = true
			p.at += 2
		case ch == ';' || ch == '&':
			flush()
			after, piped = false, false
			p.at++
		case ch == '|':
			flush()
			piped = true
			p.at++
			if p.at < len(p.text) && p.text[p.at] == '&' {
				p.at++
			}
		case ch == closing && closing != 0:
			flush()
			p.at++
			return
		case ch == '(':
			flush()
			p.at++
			if depth < maxShellDepth {
				p.subshell(')', depth+1, false)
			}
		case ch == ')': // of a case pattern, or of nothing
			c, started = command{}, false
			p.at++
		case strings.HasPrefix(p.text[p.at:], "<<<"):
			p.at += 3
		case strings.HasPrefix(p.text[p.at:], "<<"):
			p.at += 2
			p.here()
		case ch == '>' || ch == '<':
			p.redirect(&into)
		default:
			line, start := p.line, p.at
			w, quotedWord := p.word(depth)
			switch {
			case w.Text == "" && !quotedWord:
				p.at++ // nothing that a word could begin with
			case into:
				into = false
				c.Into = append(c.Into, w)
			case !started && !quotedWord && p.keyword(w.Text):
			case !started && isAssignment(p.text[start:p.at]): // its value may be quoted, its name not
				name, v, _ := strings.Cut(w.Text, "=")
				c.Env = append(c.Env, assignment{name, word{v, w.Dynamic}})
				c.Line = line
				if p.endOfCommand() {
					started = true
				}
			default:
				if !started {
					if len(c.Env) == 0 {
						c.Line = line
					}
					started = true
				}
				if (p.at < len(p.text) && (p.text[p.at] == '>' || p.text[p.at] == '<')) && isDigits(w.Text) {
					continue // the number of a file: 2>
				}
				c.Words = append(c.Words, w)
			}
		}
	}
	flush()
}

// subshell reads the commands of a group that runs on its own: what it changes of its
// folder and its variables ends with it.
func (p *shell) subshell(closing byte, depth int, inner bool) {
	group, parent := p.group, p.parent
	p.groups++
	p.group, p.parent = p.groups, group
	p.run(closing, depth, inner)
	p.group, p.parent = group, parent
}

// endOfCommand says whether nothing more of the command follows on the line.
func (p *shell) endOfCommand() bool {
	rest := strings.TrimLeft(p.text[p.at:], " \t\r")
	return rest == "" || strings.IndexByte("\n;&|)", rest[0]) >= 0
}

// keyword reads over a word of the shell's own, and counts what it opens.
func (p *shell) keyword(s string) bool {
	switch s {
	case "if", "while", "until", "case", "for", "select":
		p.nest++
		if s == "for" || s == "select" || s == "case" {
			p.head()
		}
	case "fi", "done", "esac":
		p.nest = max(p.nest-1, 0)
	case "function":
		for p.at < len(p.text) && p.text[p.at] == ' ' {
			p.at++
		}
		p.word(maxShellDepth) // its name
	case "then", "else", "elif", "do", "!", "{", "}", "time", "in":
	default:
		return false
	}
	return true
}

// head reads over what stands between for and do, or case and in.
func (p *shell) head() {
	for p.at < len(p.text) && p.text[p.at] != '\n' && p.text[p.at] != ';' {
		if p.text[p.at] == '\\' && p.continued() {
			continue
		}
		if p.text[p.at] == '$' || p.text[p.at] == '"' || p.text[p.at] == '\'' || p.text[p.at] == '`' {
			p.word(maxShellDepth)
			continue
		}
		p.at++
	}
}

// continued reads over a line that is continued.
func (p *shell) continued() bool {
	for _, end := range []string{"\\\n", "\\\r\n"} {
		if strings.HasPrefix(p.text[p.at:], end) {
			p.at += len(end)
			p.line++
			return true
		}
	}
	return false
}

func (p *shell) comment() {
	for p.at < len(p.text) && p.text[p.at] != '\n' {
		p.at++
	}
}

func (p *shell) redirect(into *bool) {
	out := p.text[p.at] == '>'
	for p.at < len(p.text) && strings.IndexByte("<>|", p.text[p.at]) >= 0 {
		p.at++
	}
	if p.at < len(p.text) && p.text[p.at] == '&' { // 2>&1
		p.at++
		for p.at < len(p.text) && (p.text[p.at] >= '0' && p.text[p.at] <= '9' || p.text[p.at] == '-') {
			p.at++
		}
		return
	}
	if out {
		*into = true
		return
	}
	for p.at < len(p.text) && (p.text[p.at] == ' ' || p.text[p.at] == '\t') {
		p.at++
	}
	if p.at < len(p.text) && p.text[p.at] != '\n' {
		p.word(maxShellDepth) // the file that is read
	}
}

// here notes a here-document.
func (p *shell) here() {
	h := here{}
	if p.at < len(p.text) && p.text[p.at] == '-' {
		h.tabs = true
		p.at++
	}
	for p.at < len(p.text) && (p.text[p.at] == ' ' || p.text[p.at] == '\t') {
		p.at++
	}
	w, _ := p.word(maxShellDepth)
	if h.end = w.Text; h.end != "" && len(p.heres) < maxShellDepth {
		p.heres = append(p.heres, h)
	}
}

// bodies are those of the here-documents that a line named.
func (p *shell) bodies() string {
	var b strings.Builder
	for _, h := range p.heres {
		for p.at < len(p.text) {
			line, _, _ := strings.Cut(p.text[p.at:], "\n")
			p.at = min(p.at+len(line)+1, len(p.text))
			p.line++
			if line = strings.TrimSuffix(line, "\r"); h.tabs {
				line = strings.TrimLeft(line, "\t")
			}
			if line == h.end {
				break
			}
			b.WriteString(line + "\n")
		}
	}
	p.heres = nil
	return b.String()
}

// word reads one word. Commands in substitutions are read as commands of their own.
func (p *shell) word(depth int) (w word, quotedWord bool) {
	var b strings.Builder
	for p.at < len(p.text) {
		rest := p.text[p.at:]
		switch c := rest[0]; {
		case strings.HasPrefix(rest, "${{"):
			w.Dynamic = true
			end := len(rest)
			if e := expressionEnd(rest[3:]); e >= 0 {
				end = 3 + e + 2
			}
			p.take(&b, end)
		case c == '\\':
			if p.continued() {
				continue
			}
			p.at++
			if p.at < len(p.text) {
				p.take(&b, 1)
			}
		case c == '\'':
			quotedWord = true
			p.at++
			end := strings.IndexByte(p.text[p.at:], '\'')
			if end < 0 {
				end = len(p.text) - p.at
			}
			// GitHub fills expressions in before the shell sees the quotes.
			w.Dynamic = w.Dynamic || dynamic(p.text[p.at:p.at+end])
			p.take(&b, end)
			p.at = min(p.at+1, len(p.text))
		case c == '"':
			quotedWord = true
			p.at++
			w.Dynamic = p.double(&b, depth) || w.Dynamic
		case c == '`':
			w.Dynamic = true
			p.at++
			p.substitution('`', &b, depth)
		case strings.HasPrefix(rest, "$(("):
			w.Dynamic = true
			end := strings.Index(rest, "))")
			if end < 0 {
				end = len(rest) - 2
			}
			p.take(&b, end+2)
		case strings.HasPrefix(rest, "$("):
			w.Dynamic = true
			p.at += 2
			p.substitution(')', &b, depth)
		case strings.HasPrefix(rest, "${"):
			w.Dynamic = true
			end := strings.IndexAny(rest[:min(len(rest), maxParameter)], "}\n")
			if end < 0 || rest[end] == '\n' {
				end = 1
			}
			p.take(&b, end+1)
		case c == '$':
			w.Dynamic = w.Dynamic || len(rest) > 1 && (nameByte(rest[1]) || strings.IndexByte("@*#?", rest[1]) >= 0)
			p.take(&b, 1)
		case strings.IndexByte(" \t\r\n;&|()<>", c) >= 0:
			w.Text = b.String()
			return w, quotedWord
		default:
			p.take(&b, 1)
		}
	}
	w.Text = b.String()
	return w, quotedWord
}

// double reads up to the closing double quote.
func (p *shell) double(b *strings.Builder, depth int) (isDynamic bool) {
	for p.at < len(p.text) {
		rest := p.text[p.at:]
		switch {
		case strings.HasPrefix(rest, "${{"):
			isDynamic = true
			end := len(rest)
			if e := expressionEnd(rest[3:]); e >= 0 {
				end = 3 + e + 2
			}
			p.take(b, end)
		case rest[0] == '"':
			p.at++
			return isDynamic
		case rest[0] == '\\' && len(rest) > 1:
			if p.continued() {
				continue
			}
			if strings.IndexByte("$`\"\\", rest[1]) < 0 {
				p.take(b, 1)
			} else {
				p.at++
			}
			p.take(b, 1)
		case strings.HasPrefix(rest, "$(") && !strings.HasPrefix(rest, "$(("):
			isDynamic = true
			p.at += 2
			p.substitution(')', b, depth)
		case rest[0] == '`':
			isDynamic = true
			p.at++
			p.substitution('`', b, depth)
		case rest[0] == '$':
			isDynamic = isDynamic || len(rest) > 1 && (nameByte(rest[1]) || strings.IndexByte("{(@*#?", rest[1]) >= 0)
			p.take(b, 1)
		default:
			p.take(b, 1)
		}
	}
	return isDynamic
}

// substitution reads the commands of $(…) or `…` and keeps the text in the word.
func (p *shell) substitution(closing byte, b *strings.Builder, depth int) {
	start := p.at
	if depth >= maxShellDepth {
		for p.at < len(p.text) && p.text[p.at] != closing {
			p.skip()
		}
		p.at = min(p.at+1, len(p.text))
	} else {
		heres := p.heres
		p.heres = nil
		p.subshell(closing, depth+1, true)
		p.heres = heres
	}
	b.WriteString("$(" + p.text[start:min(p.at, len(p.text))])
}

// take moves n bytes into the word.
func (p *shell) take(b *strings.Builder, n int) {
	for range min(n, len(p.text)-p.at) {
		b.WriteByte(p.text[p.at])
		p.skip()
	}
}

func (p *shell) skip() {
	if p.text[p.at] == '\n' {
		p.line++
	}
	p.at++
}

func isAssignment(s string) bool {
	name, _, ok := strings.Cut(s, "=")
	return ok && isName(strings.TrimSuffix(name, "+"))
}

func isName(s string) bool {
	for i := range len(s) {
		if c := s[i]; !nameByte(c) || c == '-' || i == 0 && c >= '0' && c <= '9' {
			return false
		}
	}
	return s != ""
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
