package dep

import (
	"regexp"
	"strings"
)

var (
	// Where the authority of an address begins. Browsers and package managers read
	// "https:/host" and "https:\\host" like "https://host"; yarn's locators have addresses in
	// them that are escaped, some twice.
	authorityBegins = regexp.MustCompile(`(?i)(?:\bhttps?(?::|%(?:25)*3A)(?:[/\\]|%(?:25)*2F)*|(?:^|:|%(?:25)*3A)(?:[/\\]|%(?:25)*2F){2,})`)
	authorityEnds   = regexp.MustCompile(`(?i)[/\\?#\s"']|%(?:25)*(?:2F|3F|23)`)
	userEnds        = regexp.MustCompile(`(?i)@|%(?:25)*40`)
	// A parameter that is named like a secret, up to the next one.
	secretParameter = regexp.MustCompile(`(?i)((?:[?&;#]|::|%(?:25)*(?:3F|26|23))[^=&;#?%\s/]*(?:token|auth|key|secret|passw|pwd|sig|credential|session|jwt|accessid)[^=&;#?%\s/]*(?:=|%(?:25)*3D))[^&;#\s"']+`)
	// What the big forges and registries hand out, and signed tokens.
	// https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats/
	knownToken = regexp.MustCompile(`\b(npm_|gh[pousr]_|github_pat_|glpat-|pypi-|eyJ)[\w-]{16,}(?:\.[\w-]+)*`)
)

// WithoutSecrets is outside text that may be an address as it may be shown and stored:
// without user and password, but for the user "git", which is everybody's; and with "…"
// for what is named like a secret in its query, or looks like a token. What it made it
// leaves as it is.
func WithoutSecrets(s string) string {
	if strings.ContainsAny(s, "@%") {
		s = withoutUsers(s)
	}
	if strings.ContainsAny(s, "=%") {
		s = secretParameter.ReplaceAllString(s, "$1…")
	}
	if strings.Contains(s, "_") || strings.Contains(s, "glpat-") || strings.Contains(s, "pypi-") || strings.Contains(s, "eyJ") {
		s = knownToken.ReplaceAllString(s, "$1…")
	}
	return s
}

// withoutUsers takes user and password out of every address in s.
func withoutUsers(s string) string {
	var b strings.Builder
	for {
		at := authorityBegins.FindStringIndex(s)
		if at == nil {
			return b.String() + s
		}
		b.WriteString(s[:at[1]])
		s = s[at[1]:]
		end := len(s)
		if e := authorityEnds.FindStringIndex(s); e != nil {
			end = e[0]
		}
		if users := userEnds.FindAllStringIndex(s[:end], -1); users != nil {
			if last := users[len(users)-1]; s[:last[0]] != "git" {
				s, end = s[last[1]:], end-last[1]
				if end == 0 {
					b.WriteString("…") // in the place of no host: what follows is none
				}
			}
		}
		b.WriteString(s[:end])
		s = s[end:]
	}
}
