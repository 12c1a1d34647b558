// Package mask is the last line of defence against secrets in what is written: a secret
// that a type, or care, did not keep out is recognised by its shape, or because it is known.
package mask

import (
	"encoding/json"
	"io"
	"regexp"
	"strings"

	"github.com/rs/zerolog"
)

// masked stands where a secret was.
const masked = "[redacted]"

// shapes are what secrets look like, also within JSON, whose quotes and escapes they
// leave alone. Each keeps what its first group matched.
var shapes = []*regexp.Regexp{
	// A private key in PEM, also one that is cut off; within JSON its lines are joined by \n.
	regexp.MustCompile(`()-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(?:\\[^"]|[^"\\])*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\z|")`),
	// GitHub's and npm's tokens. https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats/
	regexp.MustCompile(`()\b(?:gh[pousr]_|github_pat_|npm_)[\w.-]{8,}`),
	// A signed token: three parts in base64, of which the first begins with {".
	regexp.MustCompile(`()\beyJ[\w-]+\.[\w-]+\.[\w-]*`),
	regexp.MustCompile(`(?i)(\b(?:bearer|basic|token)\s+)[\w.~+/=-]{16,}`),
	// User and password in an address, a password in a connection string.
	regexp.MustCompile(`(://)[^/\s"'@\\]*:[^/\s"'@\\]*@`),
	regexp.MustCompile(`(?i)(\bpassword=)[^\s"'&\\]+`),
}

// minKnown is how long a known secret must be to be looked for: a shorter one stands
// in ordinary words.
const minKnown = 8

// Masker masks. The zero value knows shapes only. It is safe for concurrent use.
type Masker struct{ known *strings.Replacer }

// New makes a Masker that also knows some secrets. Of several lines each is a secret.
func New(secrets ...string) Masker {
	var pairs []string
	for _, s := range secrets {
		for line := range strings.Lines(s) {
			line = strings.TrimSpace(line)
			if len(line) < minKnown || strings.HasPrefix(line, "-----") {
				continue
			}
			pairs = append(pairs, line, masked)
			if quoted, err := json.Marshal(line); err == nil { // always: it is a string
				pairs = append(pairs, string(quoted[1:len(quoted)-1]), masked)
			}
		}
	}
	return Masker{strings.NewReplacer(pairs...)}
}

// Text is s without its secrets.
func (m Masker) Text(s string) string {
	if m.known != nil {
		s = m.known.Replace(s)
	}
	for _, shape := range shapes {
		s = shape.ReplaceAllStringFunc(s, func(found string) string {
			kept := shape.FindStringSubmatch(found)[1]
			if strings.HasSuffix(found, `"`) { // the end of a string in JSON
				return kept + masked + `"`
			}
			return kept + masked
		})
	}
	return s
}

// Text is s without what looks like a secret.
func Text(s string) string { return Masker{}.Text(s) }

// Writer masks what is written to w, each Write by itself: a logger writes a line at a
// time. Levels are passed on.
func (m Masker) Writer(w io.Writer) io.Writer {
	leveled, ok := w.(zerolog.LevelWriter)
	if !ok {
		leveled = zerolog.LevelWriterAdapter{Writer: w}
	}
	return writer{m, leveled}
}

type writer struct {
	masker Masker
	next   zerolog.LevelWriter
}

func (w writer) Write(line []byte) (int, error) { return w.WriteLevel(zerolog.NoLevel, line) }

func (w writer) WriteLevel(level zerolog.Level, line []byte) (int, error) {
	if _, err := w.next.WriteLevel(level, []byte(w.masker.Text(string(line)))); err != nil {
		return 0, err
	}
	return len(line), nil
}
