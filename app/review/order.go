package review

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
)

// prefix begins every command.
const prefix = "/bonafide"

// IsCommand says whether a text's first line is addressed to Bonafide.
func IsCommand(body string) bool {
	word, _, _ := strings.Cut(firstLine(body), " ")
	return word == prefix
}

// firstLine is a text's first line with every white space made one space.
func firstLine(body string) string {
	line, _, _ := strings.Cut(body, "\n")
	if len(line) > MaxCommandBytes {
		line = line[:MaxCommandBytes+1] // too long still
	}
	return strings.Join(strings.Fields(line), " ")
}

// order is what a command asks for.
type order struct {
	recheck bool
	about   dep.Package
	rule    policy.RuleName
	reason  string
}

const usage = "write /bonafide accept npm:NAME@VERSION RULE and a reason, or /bonafide recheck"

// errCommand says why a command is refused: it completes "a command was refused: …".
type errCommand string

func (e errCommand) Error() string { return string(e) }

// parseCommand reads the first line of a text. The rest of it means nothing.
func parseCommand(body string) (order, error) {
	line := firstLine(body)
	switch {
	case len(line) > MaxCommandBytes:
		return order{}, errCommand(fmt.Sprintf("its line is longer than %d bytes: %s", MaxCommandBytes, usage))
	case !utf8.ValidString(line) || strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }):
		return order{}, errCommand("it has characters that cannot be seen: " + usage)
	}
	words := strings.Split(line, " ")[1:]
	switch {
	case len(words) == 1 && words[0] == "recheck":
		return order{recheck: true}, nil
	case len(words) == 0 || words[0] != "accept":
		return order{}, errCommand("there is no such command: " + usage)
	case len(words) < 3:
		return order{}, errCommand("it names no package and rule: " + usage)
	case len(words) < 4:
		return order{}, errCommand("it gives no reason: " + usage)
	}
	about, err := dep.ParsePackage(words[1])
	if err != nil || !strings.Contains(words[1], ":") {
		return order{}, errCommand(fmt.Sprintf("%.120q is not a package with its version: %s", words[1], usage))
	}
	return order{about: about, rule: policy.RuleName(words[2]), reason: strings.Join(words[3:], " ")}, nil
}
