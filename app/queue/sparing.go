package queue

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// sparing writes what is said again and again once in a while: while the database does
// not answer, River says so ten times a second for each lane, which would fill a disk
// within days. What differs in attributes alone is the same.
type sparing struct {
	slog.Handler
	said *said // shared by all that were made from one
}

type said struct {
	mu   sync.Mutex
	last map[string]saying // guarded by mu; the messages are River's constants
}

type saying struct {
	at      time.Time
	leftOut int // since then
}

func newSparing(h slog.Handler) slog.Handler { return sparing{h, &said{last: map[string]saying{}}} }

// Handle implements slog.Handler.
func (s sparing) Handle(ctx context.Context, r slog.Record) error {
	leftOut, ok := s.said.again(r)
	if !ok {
		return nil
	}
	if leftOut > 0 {
		r = r.Clone()
		r.AddAttrs(slog.Int("left_out", leftOut))
	}
	return s.Handler.Handle(ctx, r)
}

// again reports whether a line may be written, and how many like it were not.
func (s *said) again(r slog.Record) (leftOut int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.last) >= maxSayings {
		clear(s.last)
	}
	last, known := s.last[r.Message]
	if known && r.Time.Sub(last.at).Abs() < sayAgain {
		last.leftOut++
		s.last[r.Message] = last
		return 0, false
	}
	s.last[r.Message] = saying{at: r.Time}
	return last.leftOut, true
}

// WithAttrs implements slog.Handler.
func (s sparing) WithAttrs(attrs []slog.Attr) slog.Handler {
	return sparing{s.Handler.WithAttrs(attrs), s.said}
}

// WithGroup implements slog.Handler.
func (s sparing) WithGroup(name string) slog.Handler {
	return sparing{s.Handler.WithGroup(name), s.said}
}
