package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// stream writes an indented JSON text piece by piece, so that a list of 50,000 packages
// is never held as a whole. Hidden characters are written as \u escapes.
type stream struct {
	out     *bufio.Writer
	indent  string
	started bool // the object or list at hand has a member already
	err     error
}

func newStream(w io.Writer) *stream { return &stream{out: bufio.NewWriter(w)} }

// open begins an object "{" or a list "["; key is "" in a list and at the top.
func (s *stream) open(key, bracket string) {
	s.member(key)
	s.write(bracket)
	s.indent, s.started = s.indent+"  ", false
}

// shut ends what open began.
func (s *stream) shut(bracket string) {
	s.indent = s.indent[:len(s.indent)-2]
	if s.started {
		s.write("\n" + s.indent)
	}
	s.write(bracket)
	s.started = true
}

// put writes one member; key is "" in a list.
func (s *stream) put(key string, value any) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent(s.indent, "  ")
	if err := enc.Encode(value); err != nil && s.err == nil {
		s.err = err
	}
	s.member(key)
	s.write(string(escapeHidden(bytes.TrimSuffix(b.Bytes(), []byte("\n")))))
}

func (s *stream) member(key string) {
	if s.indent != "" {
		if s.started {
			s.write(",")
		}
		s.write("\n" + s.indent)
	}
	if key != "" {
		s.write(`"` + key + `": `)
	}
	s.started = true
}

// write keeps the first error: the writer does, and gives it back when it is flushed.
func (s *stream) write(text string) { _, _ = s.out.WriteString(text) }

// close ends the text; what names the format for the error.
func (s *stream) close(what string) error {
	s.write("\n")
	err := s.out.Flush()
	if s.err != nil {
		err = s.err
	}
	if err != nil {
		return fmt.Errorf("write the report as %s: %w", what, err)
	}
	return nil
}
