package publish

import (
	"regexp"
	"strings"
)

// addFlag puts a flag behind the words of a command, where it stands on one of the
// lines from..to: "npm publish --access public" becomes "npm publish --provenance
// --access public". There it is clear of quotes, of what goes on in the next line, of
// "|| true" and of comments. Where the words stand there more than once, or not as they
// are, a person must decide.
func (s sheet) addFlag(from, to int, words []string, flag string) []Edit {
	var quotedWords []string
	for _, w := range words {
		quotedWords = append(quotedWords, regexp.QuoteMeta(w))
	}
	if len(words) == 0 {
		return nil
	}
	command := regexp.MustCompile(`(?:^|[\s;&|("'])` + strings.Join(quotedWords, `[ \t]+`) + `(?:$|[\s;&|)"'\\])`)
	found := 0
	for n := max(from, 1); n <= min(to, len(s.lines)); n++ {
		text, _, _ := strings.Cut(s.lines[n-1], " #")
		if strings.HasPrefix(strings.TrimSpace(text), "#") {
			continue
		}
		switch len(command.FindAllString(text, 2)) {
		case 0:
		case 1:
			if found > 0 {
				return nil
			}
			found = n
		default:
			return nil
		}
	}
	if found == 0 {
		return nil
	}
	line := s.lines[found-1]
	at := command.FindStringIndex(line)
	// The pattern takes one character behind the words, unless they end the line.
	end := at[1]
	if last := words[len(words)-1]; !strings.HasSuffix(line[at[0]:at[1]], last) {
		end--
	}
	return s.replace(found, line[:end]+" "+flag+line[end:])
}
