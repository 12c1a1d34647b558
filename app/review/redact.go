package review

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

var (
	// What settings call their secrets, in .npmrc also for one registry ("//host/:_auth=…");
	// yarn's old .yarnrc puts a blank between the two.
	secretSetting = regexp.MustCompile(`(?i)^(.*?(?:_?auth(?:orization|Token|Ident)?|_?password|passphrase|token|secret|credentials?|(?:api|access|private)_?key|\bkey\b|//[^=]*:_\w+)["']?(?:\s*[:=]\s*|\s+))(.*)$`)
	// User and password in an address; that of a proxy may go without a scheme.
	userInfo  = regexp.MustCompile(`//[^/\s"']*@`)
	proxyUser = regexp.MustCompile(`(?i)(proxy["']?(?:\s*[:=]\s*|\s+)["']?)[^\s"'/]+@`)
	// A variable is where the secret is, and not the secret; a switch is none.
	harmless = regexp.MustCompile(`^(true|false|["']?\$(\w+|\{\w+[-?]?\})["']?)[,;]?$`)
	// What the big forges and registries hand out, and npm's first tokens.
	token  = regexp.MustCompile(`\b(npm_|gh[pousr]_|github_pat_|glpat-|pypi-)[\w-]{16,}`)
	uuid   = regexp.MustCompile(`(?i)\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b`)
	bearer = regexp.MustCompile(`(?i)\b(bearer|basic)\s+[\w.+/=-]{6,}`)
	// A line that gives something a value, not the padding at the end of one.
	sets = regexp.MustCompile(`[:=]\s*[^\s=]`)
)

// withoutSecrets is a line of settings as it may be shown to everybody. One that sets
// nothing may be the rest of a long value.
func withoutSecrets(line string) string {
	if m := secretSetting.FindStringSubmatch(line); m != nil && m[2] != "" && !harmless.MatchString(m[2]) {
		line = m[1] + "…"
	}
	word := len(strings.Fields(line)) == 1 && !sets.MatchString(line)
	if !isHeader(line) && (word || !strings.ContainsAny(line, ":=-")) {
		return "…"
	}
	line = proxyUser.ReplaceAllString(userInfo.ReplaceAllString(line, "//…@"), "$1…@")
	line = bearer.ReplaceAllString(uuid.ReplaceAllString(line, "…"), "$1 …")
	return token.ReplaceAllString(line, "$1…")
}

// excerpt bounds a piece of a file.
func excerpt(s string) string {
	s = userInfo.ReplaceAllString(s, "//…@")
	if utf8.RuneCountInString(s) <= MaxExcerpt {
		return s
	}
	return string([]rune(s)[:MaxExcerpt]) + "…"
}
