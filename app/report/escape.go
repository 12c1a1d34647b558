package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Visible makes every character that cannot be seen, or that changes how its
// neighbours are shown, visible as <U+202E>: controls (newline and tab too), escape
// sequences, bidirectional and zero-width characters, blanks other than the space,
// piles of combining marks, bytes that are not UTF-8 (<0xFF>).
func Visible(s string) string {
	var b strings.Builder
	marks := 0
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if unicode.In(r, unicode.Mn, unicode.Me) {
			marks++
		} else {
			marks = 0
		}
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, "<0x%02X>", s[i])
		case hidden(r) || marks > maxMarks:
			fmt.Fprintf(&b, "<U+%04X>", r)
		default:
			b.WriteRune(r)
		}
		i += size
	}
	return b.String()
}

// maxMarks is how many combining marks may stand on one letter: enough for every
// living script, too few to paint over the lines above and below.
const maxMarks = 3

// hidden says whether a character has no shape of its own. A range that Unicode
// leaves without characters counts as hidden.
func hidden(r rune) bool {
	switch {
	case r >= ' ' && r <= '~':
		return false
	case !unicode.IsGraphic(r), unicode.Is(unicode.Zs, r):
		return true
	case unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
		return true
	}
	return r == '\u2800' // braille blank: a symbol by its class, a space to the eye
}

// Terminal is outside text made harmless for a terminal, at most MaxSentenceChars.
func Terminal(s string) string { return Visible(clip(s, MaxSentenceChars)) }

// Plain is outside text made harmless where GitHub shows plain text (annotations,
// titles): hidden characters are made visible, and an @ that begins a mention is
// written as its full-width twin.
func Plain(s string) string {
	var b strings.Builder
	word := false // the character before was part of a word
	for _, r := range Visible(s) {
		if r == '@' && !word {
			r = '＠'
		}
		word = unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_'
		b.WriteRune(r)
	}
	return b.String()
}

// Code is outside text as inline code of GitHub-flavoured Markdown, safe in running
// text and in table cells. GitHub makes no mention, reference, emoji or link of what
// stands in code. A pipe would end a table cell, and its escape is shown where there
// is no table: pipes stand escaped between two pieces of code.
func Code(s string) string {
	if s == "" {
		return "(empty)"
	}
	pieces := strings.Split(Visible(s), "|")
	for i, p := range pieces {
		if p != "" {
			pieces[i] = codeSpan(showEdges(p))
		}
	}
	return strings.Join(pieces, `\|`)
}

// codeSpan fences s, which holds no pipe and no newline, with more backticks than it
// holds in a row. https://spec.commonmark.org/0.31.2/#code-spans
func codeSpan(s string) string {
	fence := strings.Repeat("`", longestRun(s, '`')+1)
	if s[0] == '`' || s[len(s)-1] == '`' {
		s = " " + s + " " // one blank on each side is taken off again
	}
	return fence + s + fence
}

// showEdges shows the blanks at both ends, which Markdown would drop.
func showEdges(s string) string {
	left := len(s) - len(strings.TrimLeft(s, " "))
	if left == len(s) {
		return strings.Repeat("␠", left)
	}
	right := len(s) - len(strings.TrimRight(s, " "))
	return strings.Repeat("␠", left) + s[left:len(s)-right] + strings.Repeat("␠", right)
}

// EscapeMarkdown is outside text as one line of GitHub-flavoured Markdown, safe in
// running text, at the start of a line and in table cells. Backslashes do not stop
// what GitHub does after rendering (mentions, references to issues and commits,
// bare addresses), so every word that is more than letters or a short number is
// shown as code; blanks between words are folded.
func EscapeMarkdown(s string) string {
	words := strings.Fields(Visible(s)) // hidden blanks are visible by now
	for i, w := range words {
		words[i] = escapeWord(w)
	}
	return strings.Join(words, " ")
}

// Punctuation that has no meaning of its own at the edges of a word.
const (
	opening = "(\"'“‘„«"
	closing = ".,;:!?%)\"'”’»…"
)

func escapeWord(w string) string {
	core := strings.TrimLeft(w, opening)
	before := w[:len(w)-len(core)]
	core = strings.TrimRight(core, closing)
	after := w[len(before)+len(core):]
	switch {
	case core == "":
	case isNumber(core) && (strings.HasPrefix(after, ".") || strings.HasPrefix(after, ")")):
		after = `\` + after // "1." would begin a list
	case len(core) == 1 && strings.ContainsAny(core, "-+=/&"):
		return before + `\` + core + after
	}
	if core != "" && !plainWord(core) {
		core = Code(core)
	}
	return before + core + after
}

// plainWord says whether a word may stand as it is: a number too short to be a
// commit; or letters, with single hyphens, slashes or apostrophes between them, no
// run of which could be a commit. All symbols beyond ASCII mean nothing to Markdown.
func plainWord(w string) bool {
	if isNumber(w) {
		return len(w) < shortestCommit
	}
	if looksLikeCommit(w) || strings.EqualFold(w, "www") { // "www." at the end of a sentence is an address
		return false
	}
	joint := true // at the start no joint may stand
	for _, r := range w {
		switch {
		case r > unicode.MaxASCII, 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z':
			joint = false
		case (r == '-' || r == '/' || r == '\'') && !joint:
			joint = true
		default:
			return false
		}
	}
	return !joint
}

// shortestCommit is the shortest abbreviation that GitHub links to a commit.
const shortestCommit = 7

func isNumber(w string) bool {
	return strings.Trim(w, "0123456789") == ""
}

// looksLikeCommit finds a run of hexadecimal digits that GitHub might link.
func looksLikeCommit(w string) bool {
	run := 0
	for i := range len(w) {
		if c := w[i] | 0x20; '0' <= w[i] && w[i] <= '9' || 'a' <= c && c <= 'f' {
			if run++; run >= shortestCommit {
				return true
			}
		} else {
			run = 0
		}
	}
	return false
}

// clip cuts s to n characters; what was cut ends in "…".
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	count := 0
	for i := range s {
		if count == n-1 && utf8.RuneCountInString(s[i:]) > 1 {
			return s[:i] + "…"
		}
		count++
	}
	return s
}
