package config

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bmatcuk/doublestar/v4"
	"go.yaml.in/yaml/v4"

	"github.com/bonafide-app/bonafide/app/policy"
)

// kind names what stands there, for errors.
func kind(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.ShortTag() {
	case "!!null":
		return "nothing"
	case "!!bool":
		return "the truth value " + quoted(n.Value)
	case "!!int", "!!float":
		return "the number " + quoted(n.Value)
	}
	return strconv.Quote(quoted(n.Value))
}

// quoted bounds what an error quotes of the file.
func quoted(s string) string {
	const most = 80
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most]) + "…"
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}

// text reads a value of words: not empty, one line, bounded.
func (p *parser) text(n *yaml.Node, where string) (string, bool) {
	switch {
	case n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str":
		p.fail(n, "%s must be text, not %s.", where, kind(n))
	case strings.TrimSpace(n.Value) == "":
		p.fail(n, "%s must not be empty.", where)
	case utf8.RuneCountInString(n.Value) > MaxText:
		p.fail(n, "%s has more than %d characters.", where, MaxText)
	case !utf8.ValidString(n.Value) || strings.ContainsFunc(n.Value, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' }):
		p.fail(n, "%s contains control characters.", where)
	default:
		return strings.TrimSpace(n.Value), true
	}
	return "", false
}

// choice reads one of a few words. A word that YAML takes for a truth value ("off")
// counts as the word.
func (p *parser) choice(n *yaml.Node, where string, words ...string) (string, bool) {
	if n.Kind == yaml.ScalarNode && slices.Contains(words, n.Value) {
		return n.Value, true
	}
	hint := ""
	if n.Kind == yaml.ScalarNode {
		hint = suggest(n.Value, words)
	}
	p.fail(n, "%s must be %s, not %s.%s", where, or(words), kind(n), hint)
	return "", false
}

func (p *parser) boolean(n *yaml.Node, where string) (value, ok bool) {
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!bool" && (n.Value == "true" || n.Value == "false") {
		return n.Value == "true", true
	}
	p.fail(n, "%s must be true or false, not %s.", where, kind(n))
	return false, false
}

var percentage = regexp.MustCompile(`^([0-9]{1,3}(?:\.[0-9]{1,3})?) ?%$`)

// percent reads "12.5%" as 12.5.
func (p *parser) percent(n *yaml.Node, where string) (float64, bool) {
	if n.Kind == yaml.ScalarNode {
		if m := percentage.FindStringSubmatch(n.Value); m != nil {
			if v, err := strconv.ParseFloat(m[1], 64); err == nil && v <= 100 {
				return v, true
			}
		}
	}
	p.fail(n, "%s must be a percentage from 0%% to 100%%, for example 12.5%%, not %s.", where, kind(n))
	return 0, false
}

var days = regexp.MustCompile(`^(?:([0-9]{1,4})d)?(?:([0-9]{1,5})h)?$`)

const maxDays = 365

// duration reads "3d", "36h" or "1d12h".
func (p *parser) duration(n *yaml.Node, where string) (time.Duration, bool) {
	m := days.FindStringSubmatch(n.Value)
	if n.Kind != yaml.ScalarNode || m == nil || m[0] == "" {
		p.fail(n, "%s must be days and hours, for example 3d, 36h or 1d12h, not %s.", where, kind(n))
		return 0, false
	}
	d, _ := strconv.Atoi(m[1]) // digits or empty, by the pattern
	h, _ := strconv.Atoi(m[2])
	total := time.Duration(d)*24*time.Hour + time.Duration(h)*time.Hour
	if total > maxDays*24*time.Hour {
		p.fail(n, "%s must be at most %dd.", where, maxDays)
		return 0, false
	}
	return total, true
}

// date reads "2027-03-01": that day's start, UTC.
func (p *parser) date(n *yaml.Node, where string) (time.Time, bool) {
	if n.Kind == yaml.ScalarNode {
		if t, err := time.Parse(time.DateOnly, n.Value); err == nil {
			return t, true
		}
	}
	p.fail(n, "%s must be a date like 2027-03-01, not %s.", where, kind(n))
	return time.Time{}, false
}

// pattern reads a glob.
func (p *parser) pattern(n *yaml.Node, where string) (string, bool) {
	s, ok := p.text(n, where)
	return s, ok && p.glob(n, where, s)
}

func (p *parser) glob(n *yaml.Node, where, s string) bool {
	if err := CheckGlob(s); err != nil {
		p.fail(n, "%s %v.", where, err)
		return false
	}
	return true
}

// CheckGlob says what is wrong with a glob that somebody wrote. The error completes a
// sentence that begins with where it stands.
func CheckGlob(s string) error {
	switch {
	case !doublestar.ValidatePattern(s):
		return fmt.Errorf("is not a valid pattern: %q", quoted(s))
	case strings.Count(s, "{") > MaxBraces || strings.Contains(s, "{") && strings.Count(s, ",") > MaxAlternatives:
		return fmt.Errorf("has too many alternatives in braces (%d groups with %d commas are allowed); write several patterns", MaxBraces, MaxAlternatives)
	case strings.Count(s, "**") > MaxWildcards:
		return fmt.Errorf("has more than %d times **", MaxWildcards)
	}
	return nil
}

// packagePattern reads "npm:@my-org/*" or "npm:esbuild@>=0.21 <1".
func (p *parser) packagePattern(n *yaml.Node, where string) string {
	s, ok := p.text(n, where)
	if !ok {
		return ""
	}
	pattern, err := policy.ParsePattern(s)
	if err != nil {
		p.fail(n, "%s %v.", where, err)
		return ""
	}
	p.glob(n, where, pattern.Name)
	return s
}

// or joins words: "a, b or c".
func or(words []string) string {
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// Suggest is " Did you mean …?" where a word comes close to a known one, else "".
func Suggest(word string, known []string) string { return suggest(word, known) }

// suggest is " Did you mean …?" where a word comes close.
func suggest(word string, known []string) string {
	best, least := "", 3
	if len(word) > 60 {
		return ""
	}
	simple := strings.NewReplacer("-", "_", " ", "_").Replace(strings.ToLower(word))
	for _, k := range known {
		if d := distance(simple, strings.ReplaceAll(k, "-", "_")); d < least && d < len(k) {
			best, least = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" Did you mean %s?", best)
}

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
