package publish

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// evidence is what a log shows beside an error: it tells which of the causes are likely.
type evidence struct {
	token tokenShown
	// Whether npm, and lerna, are too old for trusted publishing; "" where the log does not say.
	oldNPM, oldTool Answer
}

// tokenShown is the token for npm that the step was handed in its environment.
type tokenShown string

const (
	tokenUnknown tokenShown = ""
	tokenNone    tokenShown = "none"   // no variable of that kind, or setup-node's placeholder
	tokenEmpty   tokenShown = "empty"  // a variable with nothing in it
	tokenStored  tokenShown = "stored" // a secret, which logs mask
)

var (
	tokenLine = regexp.MustCompile(`^(?:NODE_AUTH_TOKEN|[A-Z_]*NPM_[A-Z_]*TOKEN):(.*)$`)
	// What setup-node puts there where it has a registry-url and the workflow names no token.
	placeholder = regexp.MustCompile(`^ ?X{5}(?:-X{5})+$`)
	// setup-node tells the versions of its tools, npm its own at its more talkative levels.
	npmIs = regexp.MustCompile(`^npm(?: info using npm@|: v?)(\d+)\.(\d+)\.(\d+)$`)
	// lerna names itself as it begins.
	lernaIs = regexp.MustCompile(`^lerna notice cli v(\d{1,4})\.`)
	// A step that brings another npm, which nothing need say.
	npmChanged = regexp.MustCompile(`\bnpm (?:i|install|add|up|update) (?:.* )?npm(?:@|\s|$)|\bcorepack .*\bnpm\b`)
)

// step begins a step, whose environment follows.
func (s *evidence) step() { s.token = tokenNone }

// read looks at a line.
func (s *evidence) read(line string) {
	if m := tokenLine.FindStringSubmatch(line); m != nil {
		found := tokenStored
		switch {
		case m[1] == "" || m[1] == " ":
			found = tokenEmpty
		case placeholder.MatchString(m[1]):
			found = tokenNone
		}
		if s.token != tokenStored { // of several variables one is enough
			s.token = found
		}
	}
	if m := npmIs.FindStringSubmatch(line); m != nil {
		var v version
		for i := range v {
			v[i], _ = strconv.Atoi(m[i+1])
		}
		s.oldNPM = No
		if v.before(version{11, 5, 1}) {
			s.oldNPM = Yes
		}
	} else if m := lernaIs.FindStringSubmatch(line); m != nil {
		s.oldTool = No
		if major, _ := strconv.Atoi(m[1]); major < 9 {
			s.oldTool = Yes
		}
	} else if strings.Contains(line, "npm") && npmChanged.MatchString(line) {
		s.oldNPM = ""
	}
}

// inOrder puts the causes first that the log speaks for, and those last that it speaks
// against: a token may be where no log shows it. Of many the last are left out.
func (s evidence) inOrder(causes []string) []string {
	var first, rest, last []string
	for _, c := range causes {
		switch s.speaksFor(c) {
		case Yes:
			first = append(first, c)
		case No:
			last = append(last, c)
		default:
			rest = append(rest, c)
		}
	}
	all := slices.Concat(first, rest, last)
	return all[:min(len(all), maxCauses)]
}

func (s evidence) speaksFor(cause string) Answer {
	switch cause {
	case causeTokenOver, causeNoRight:
		return map[tokenShown]Answer{tokenStored: Yes, tokenEmpty: No, tokenNone: No}[s.token]
	case causeEmptyToken:
		return map[tokenShown]Answer{tokenStored: No, tokenEmpty: Yes, tokenNone: No}[s.token]
	case causeNotHanded:
		return map[tokenShown]Answer{tokenStored: Yes, tokenEmpty: No}[s.token]
	case causeNPMRC:
		return map[tokenShown]Answer{tokenStored: No}[s.token]
	case causeOldTool:
		if s.token == tokenStored {
			return No // it is not what the workflow means to do
		}
		return s.oldTool
	case causeOldNPM:
		if s.token == tokenStored {
			return No
		}
		return s.oldNPM
	}
	return Depends
}
