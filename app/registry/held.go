package registry

import (
	"context"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// held bounds what documents hold while they are read. Nearly all hold little. One that
// comes to hold more waits for one of a few places; it waits once, and whoever has a place
// waits for nobody.
type held struct {
	ctx   context.Context
	large chan struct{}
	has   bool  // a place
	past  int64 // bytes of the body that are not held any more
	kept  int64 // what was made of those, in bytes
}

// grow is asked before more is read than the bytes so far.
func (h *held) grow(read int64) error {
	value := read - h.past
	switch {
	case value > maxVersionDocument:
		return wrong("a value of more than %d MiB", maxVersionDocument>>20)
	case h.kept > maxKept:
		return wrong("more than %d MiB to be kept of it", maxKept>>20)
	case h.has, value*valueWeight+h.kept <= ordinaryDocument:
		return nil
	}
	select {
	case h.large <- struct{}{}:
		h.has = true
		return nil
	case <-h.ctx.Done():
		return h.ctx.Err()
	}
}

func (h *held) leave() {
	if h.has {
		<-h.large
	}
}

// stream decodes a document of which little is kept. It holds one member of an object at
// a time, with what is below it.
type stream struct {
	*jsontext.Decoder
	held *held
}

func newStream(r io.Reader) *stream {
	s := &stream{newDecoder(r), &held{}}
	if b, ok := r.(*bounded); ok {
		s.held = &b.held
	}
	return s
}

// next begins a member: what was before is not held any more, but for its name, which the
// decoder compares with the others.
func (s *stream) next(name string) {
	s.held.past = s.InputOffset()
	s.keep(nameBytes + len(name))
}

// keep counts what is kept of the document.
func (s *stream) keep(bytes int) { s.held.kept += int64(bytes) }
