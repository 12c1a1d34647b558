package publish

import (
	"slices"
	"strings"
)

// login is a token that a step writes where a tool looks for it.
type login struct {
	tool string // whose: "pypirc", "poetry", "gem", "cargo"
	by   string // what writes it, or the file
	text
}

// credentialFile is whose credentials a file holds; "" where it is none.
// https://packaging.python.org/en/latest/specifications/pypirc/,
// https://guides.rubygems.org/rubygems-org-api/, https://doc.rust-lang.org/cargo/reference/config.html#credentials
func credentialFile(name string) (tool, file string) {
	for _, f := range [][2]string{{".pypirc", "pypirc"}, {".gem/credentials", "gem"}, {".cargo/credentials", "cargo"}, {".cargo/credentials.toml", "cargo"}} {
		if strings.HasSuffix(name, f[0]) {
			return f[1], "~/" + f[0]
		}
	}
	return "", ""
}

// logsIn notes a login. Of several that one file takes, what has a variable in it is the
// token.
func (r *run) logsIn(tool, by, value string) {
	l := login{tool, by, text{place{File: r.inner.File, Line: r.line, End: r.line, Column: 1}, value}}
	for i, other := range r.tools.logins {
		if other.tool == tool {
			if strings.Contains(value, "$") {
				r.tools.logins[i] = l
			}
			return
		}
	}
	r.tools.logins = append(r.tools.logins, l)
}

// login is the token that a step before gave a tool.
func (r *run) login(tool string) (text, string) {
	i := slices.IndexFunc(r.tools.logins, func(l login) bool { return l.tool == tool })
	if i < 0 {
		return text{}, ""
	}
	return r.tools.logins[i].text, r.tools.logins[i].by
}

// tokenOf is the first of the variables that has a value, else what a step before wrote.
func (r *run) tokenOf(tool string, variables ...string) (text, string) {
	if t, by := r.pythonToken(variables...); t.stated() {
		return t, by
	}
	return r.login(tool)
}

// holds notes the token of a way. One that is a variable of the shell is what the variable
// is set to, as far as that is known.
func (r *run) holds(w *way, token text, by string) {
	t := &w.trust
	t.Token, t.TokenVar = token, by
	for range maxScripts {
		name, ok := shellVariable(t.Token.Value)
		if !ok {
			break
		}
		set, ok := r.variableOf(name)
		if !ok || set == t.Token {
			return // it comes from elsewhere, or from itself
		}
		t.Token, t.TokenVar = set, name
	}
	t.Minted = len(references(t.Token.Value)) == 0 && strings.Contains(t.Token.Value, "$(") && !fetchesSecret(t.Token.Value)
}

// shellVariable is the name in "$NAME" or "${NAME}".
func shellVariable(s string) (name string, ok bool) {
	name, ok = strings.CutPrefix(strings.TrimSpace(s), "$")
	if inside, braced := strings.CutPrefix(name, "{"); braced {
		name, braced = strings.CutSuffix(inside, "}")
		ok = ok && braced
	}
	return name, ok && isName(name)
}

// fetchesSecret says whether a command reads a store of secrets.
func fetchesSecret(command string) bool {
	return slices.ContainsFunc([]string{"secret", "vault", "op read", "ssm get-parameter", "keyring"}, func(sign string) bool { return strings.Contains(strings.ToLower(command), sign) })
}

// wordsText are words in one text.
func wordsText(words []word) string {
	var list []string
	for _, w := range words {
		list = append(list, w.Text)
	}
	return strings.Join(list, " ")
}

// secretManager says whether an action hands out what lies in a store of secrets: a token
// from there lives long.
func (u uses) secretManager() bool {
	switch u.action() {
	case "hashicorp/vault-action", "1password/load-secrets-action", "aws-actions/aws-secretsmanager-get-secrets", "google-github-actions/get-secretmanager-secrets",
		"azure/get-keyvault-secrets", "bitwarden/sm-action", "infisical/secrets-action", "dopplerhq/secrets-fetch-action", "keeper-security/ksm-action", "cyberark/conjur-action":
		return true
	}
	return false
}
