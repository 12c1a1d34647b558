package report

// tint is the parameter of an ANSI sequence that sets how text looks, "" for none. It only
// repeats what a word beside it says.
type tint string

const (
	good   tint = "32"   // green
	bad    tint = "1;31" // bold red
	doubt  tint = "33"   // yellow
	hint   tint = "36"   // cyan
	strong tint = "1"    // bold
)

// paint tints text that is harmless by now, where the terminal shows colours.
func (t *terminal) paint(s string, c tint) string {
	if !t.color || c == "" || s == "" {
		return s
	}
	return "\x1b[" + string(c) + "m" + s + "\x1b[0m"
}

// stateTint is for words of stateWord. That there is none is how most packages are, and
// stays as it is.
func stateTint(word string) tint {
	switch word {
	case "verified":
		return good
	case "invalid":
		return bad
	case "unknown":
		return doubt
	}
	return ""
}

// severityTint is for words of severityWord.
func severityTint(word string) tint {
	switch word {
	case "error":
		return bad
	case "warning", "not verified":
		return doubt
	case "notice":
		return hint
	}
	return ""
}
