package lockfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/bonafide-app/bonafide/app/dep"
)

// jsonReader walks JSON token by token and knows the line it is on. Duplicate keys
// anywhere, a second value and depth are refused. Keys match exactly, after their
// escapes are decoded. The strings that it reads are pieces of one copy of the file.
type jsonReader struct {
	file
	text     string // the file
	dec      *jsontext.Decoder
	again    string // what to do about a broken file
	from, to int    // offsets of the end of the last but one token, and of the last
	offset   int    // up to here lines are counted
	line     int
}

func newJSONReader(f file, again string) *jsonReader {
	// The decoder reads a bytes.Buffer in place, without a copy.
	return &jsonReader{file: f, text: string(f.data), dec: jsontext.NewDecoder(bytes.NewBuffer(f.data)), again: again, line: 1}
}

// here is the line at which the last token ended. Strings cannot span lines.
func (r *jsonReader) here() int {
	end := int(r.dec.InputOffset())
	r.line += bytes.Count(r.data[r.offset:end], []byte("\n"))
	r.offset = end
	return r.line
}

// fail is an error at the last token.
func (r *jsonReader) fail(kind Kind, format string, args ...any) error {
	return &Error{r.name, r.here(), kind, fmt.Sprintf(format, args...)}
}

// token reads the next token.
func (r *jsonReader) token() (jsontext.Token, error) {
	t, err := r.dec.ReadToken()
	if err != nil {
		return t, r.syntax(err)
	}
	r.from, r.to = r.to, int(r.dec.InputOffset())
	if r.dec.StackDepth() > MaxDepth {
		return t, r.fail(Limit, "values are nested more than %d deep, which no package manager writes; %s", MaxDepth, r.again)
	}
	return t, nil
}

// skip reads over one value. All of it is checked.
func (r *jsonReader) skip() error {
	depth := r.dec.StackDepth()
	for {
		if _, err := r.token(); err != nil {
			return err
		}
		if r.dec.StackDepth() <= depth {
			return nil
		}
	}
}

// object reads an object. member is called for each key, with the line of the key,
// and must read the value.
func (r *jsonReader) object(member func(key string, line int) error) error {
	t, err := r.token()
	if err != nil {
		return err
	}
	if t.Kind() != '{' {
		return r.wrongType(t.Kind(), "an object")
	}
	for {
		if t, err = r.token(); err != nil {
			return err
		}
		if t.Kind() == '}' {
			return nil
		}
		if err := member(r.piece(t), r.here()); err != nil {
			return err
		}
	}
}

// str reads a string.
func (r *jsonReader) str() (string, error) {
	t, err := r.token()
	if err != nil {
		return "", err
	}
	if t.Kind() != '"' {
		return "", r.wrongType(t.Kind(), "a string")
	}
	return r.piece(t), nil
}

// piece is the value of the string that was just read. Between two tokens there is
// no quotation mark.
func (r *jsonReader) piece(t jsontext.Token) string {
	raw := r.text[r.from:r.to]
	s := raw[strings.IndexByte(raw, '"')+1 : len(raw)-1]
	if strings.IndexByte(s, '\\') >= 0 {
		return t.String()
	}
	return s
}

// strOrFalse reads a string, or false for none: npm 6 wrote "resolved": false for
// bundled packages.
func (r *jsonReader) strOrFalse() (string, error) {
	if r.dec.PeekKind() == 'f' {
		_, err := r.token()
		return "", err
	}
	return r.str()
}

// digests reads an integrity, within limits.
func (r *jsonReader) digests() (string, error) {
	s, err := r.str()
	if err != nil {
		return "", err
	}
	return s, r.checkIntegrity(s)
}

// checkIntegrity makes sure that the digests that were just read are within limits.
func (r *jsonReader) checkIntegrity(s string) error {
	if beyond := beyondLimits(s); beyond != "" {
		return r.fail(Limit, "%s; %s", beyond, r.again)
	}
	return nil
}

// boolean reads true or false.
func (r *jsonReader) boolean() (bool, error) {
	t, err := r.token()
	if err != nil {
		return false, err
	}
	if k := t.Kind(); k != 't' && k != 'f' {
		return false, r.wrongType(k, "true or false")
	}
	return t.Bool(), nil
}

// array reads an array. element must read one value.
func (r *jsonReader) array(element func() error) error {
	t, err := r.token()
	if err != nil {
		return err
	}
	if t.Kind() != '[' {
		return r.wrongType(t.Kind(), "an array")
	}
	for r.dec.PeekKind() != ']' {
		if err := element(); err != nil {
			return err
		}
	}
	_, err = r.token()
	return err
}

// document reads the one object that a lockfile is.
func (r *jsonReader) document(member func(key string, line int) error) error {
	if err := r.object(member); err != nil {
		return err
	}
	return r.end()
}

// end makes sure that nothing follows.
func (r *jsonReader) end() error {
	switch _, err := r.dec.ReadToken(); {
	case errors.Is(err, io.EOF):
		return nil
	case err == nil:
		return r.fail(NotJSON, "something follows after the end of the lockfile; %s", r.again)
	default:
		return r.syntax(err)
	}
}

// wrongType is an error about the value that was just read.
func (r *jsonReader) wrongType(got jsontext.Kind, want string) error {
	names := map[jsontext.Kind]string{'n': "null", 'f': "false", 't': "true", '"': "a string", '0': "a number", '{': "an object", '[': "an array"}
	where := "the file as a whole"
	if p := r.dec.StackPointer(); p != "" {
		where = "the value at"
		for key := range p.Tokens() {
			where += " " + quote(key)
		}
	}
	return r.fail(Malformed, "%s is %s where %s belongs; %s", where, names[got], want, r.again)
}

// syntax turns the decoder's error into one that says what to do.
func (r *jsonReader) syntax(err error) error {
	at := &Error{Lockfile: r.name, Kind: NotJSON}
	var syntactic *jsontext.SyntacticError
	if errors.As(err, &syntactic) {
		at.Line = lineAt(r.data, int(syntactic.ByteOffset))
	}
	text := bytes.TrimSpace(r.data)
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		at.Kind = DuplicateKey
		at.Detail = fmt.Sprintf("the key %s stands twice in one object, and readers disagree about which one counts; %s", quote(syntactic.JSONPointer.LastToken()), r.again)
	case conflictLine(r.data) > 0:
		at.Kind, at.Line = MergeConflict, conflictLine(r.data)
		at.Detail = "the file has merge conflict markers; resolve the conflict and commit the result, or " + r.again
	case text[0] == '<':
		at.Detail = "the file is an HTML or XML page and not a lockfile; " + r.again
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		at.Line = lineAt(r.data, len(r.data))
		at.Detail = "the file ends in the middle; " + r.again
	default:
		reason := "syntax error"
		if syntactic != nil && syntactic.Err != nil {
			reason = syntactic.Err.Error()
		}
		at.Detail = fmt.Sprintf("the file is not JSON (%s); %s", shorten(reason), r.again)
	}
	return at
}

// conflictLine is the line of the first conflict marker, 0 if there is none. In YAML and
// in yarn 1's format no line begins so otherwise. In JSON a comment's can: there it is
// asked only about text that cannot be read.
func conflictLine(data []byte) int {
	for _, marker := range []string{"<<<<<<< ", "=======", ">>>>>>> "} {
		if bytes.HasPrefix(data, []byte(marker)) {
			return 1
		}
		if i := bytes.Index(data, []byte("\n"+marker)); i >= 0 {
			return lineAt(data, i+1)
		}
	}
	return 0
}

// quote shows a piece of the file in an error, on one line, not long, and without secrets.
func quote(s string) string { return fmt.Sprintf("%q", shorten(dep.WithoutSecrets(s))) }

func shorten(s string) string {
	if len(s) <= maxQuote {
		return s
	}
	cut := maxQuote
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return strings.Clone(s[:cut]) + "…"
}
