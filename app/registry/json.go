package registry

import (
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// newDecoder reads JSON strictly: member names are case-sensitive and may stand
// once. Halved surrogates are taken, because registries cut readmes in the middle
// of a character; they become U+FFFD.
func newDecoder(r io.Reader) *jsontext.Decoder {
	return jsontext.NewDecoder(r, jsontext.AllowInvalidUTF8(true))
}

// decodeOne reads exactly one JSON value. The library lends it its decoder: one of its own
// takes more than most documents.
func decodeOne(r io.Reader, into any) error {
	err := json.UnmarshalRead(r, into, jsontext.AllowInvalidUTF8(true))
	var syntax *jsontext.SyntacticError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &syntax) && strings.Contains(syntax.Err.Error(), "after top-level value"):
		return wrong("more than one JSON value")
	}
	return notTheDocument(err)
}

// eachMember reads an object and calls value for each member, which must consume
// the member's value.
func eachMember(dec *stream, value func(name string) error) error {
	if kind := dec.PeekKind(); kind != '{' {
		if _, err := dec.ReadToken(); err != nil {
			return notTheDocument(err)
		}
		return wrong("JSON of another shape (no object at %q)", dec.StackPointer())
	}
	if _, err := dec.ReadToken(); err != nil {
		return notTheDocument(err)
	}
	for dec.PeekKind() != '}' {
		token, err := dec.ReadToken()
		if err != nil {
			return notTheDocument(err)
		}
		name := token.String()
		dec.next(name)
		if err := value(name); err != nil {
			return err
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return notTheDocument(err)
	}
	return nil
}

// notTheDocument says in words what is wrong with an answer. A cut-off one keeps
// its io error, because it may be asked for again.
func notTheDocument(err error) error {
	var shape *json.SemanticError
	var syntax *jsontext.SyntacticError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return err
	case errors.As(err, &shape):
		return wrong("JSON of another shape (at %q)", string(shape.JSONPointer))
	case errors.Is(err, jsontext.ErrDuplicateName):
		return wrong("JSON that names a member twice")
	case errors.As(err, &syntax):
		return wrong("something that is not JSON")
	}
	return err
}

// text is a JSON string that is only shown, cut to maxText bytes; "" for any other
// value.
func text(v jsontext.Value) string {
	if v.Kind() != '"' {
		return ""
	}
	s := unquote(v)
	if len(s) > maxText {
		s = strings.TrimSpace(s) // else white space would be all that is left of a spec
		s = strings.ToValidUTF8(s[:min(len(s), maxText)], "")
	}
	return s
}
