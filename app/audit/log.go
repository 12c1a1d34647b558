package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// Log writes events to one writer, in the order in which they were given, and nobody waits
// for it. A nil Log writes nothing. It is safe for concurrent use.
type Log struct {
	to      io.Writer
	clock   func() time.Time
	log     zerolog.Logger
	written chan struct{} // closed when Run is over

	mu      sync.Mutex
	waiting chan []byte
	closed  bool
	lost    int64
	failing time.Time // since when, zero: it is not
}

// New makes a Log. Each line is given to the writer in one piece. Where there is no writer
// there is no Log.
func New(to io.Writer, clock func() time.Time, log zerolog.Logger) *Log {
	if to == nil {
		return nil
	}
	return &Log{to: to, clock: clock, log: log, written: make(chan struct{}), waiting: make(chan []byte, maxWaiting)}
}

// Write has an event written that happens now.
func (l *Log) Write(e Event) {
	if l == nil {
		return
	}
	e.At = l.clock()
	line, err := e.line()
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil && l.closed {
		err = errors.New("the server is ending")
	}
	if err == nil {
		select {
		case l.waiting <- line:
			return
		default:
			err = fmt.Errorf("%d lines are waiting already", maxWaiting)
		}
	}
	l.lose(err)
}

// lose counts a line that is not written. It is called with the lock held.
func (l *Log) lose(err error) {
	l.lost++
	if l.failing.IsZero() {
		l.failing = l.clock()
		l.log.Error().Err(err).Msg("the audit log cannot be written; what happens from now on is missing in it")
	}
}

// Run writes until Close.
func (l *Log) Run() {
	if l == nil {
		return
	}
	defer close(l.written)
	for line := range l.waiting {
		l.put(line)
	}
}

// put writes a line, and before it how many are missing.
func (l *Log) put(line []byte) {
	l.mu.Lock()
	lost := l.lost
	l.mu.Unlock()
	var err error
	if lost > 0 {
		var gap []byte
		if gap, err = (Event{Event: Lost, Lines: lost, At: l.clock()}).line(); err == nil {
			_, err = l.to.Write(gap)
		}
	}
	told := err == nil
	if told {
		_, err = l.to.Write(line)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if told {
		l.lost -= lost
	}
	if err != nil {
		l.lose(err)
		return
	}
	if !l.failing.IsZero() && l.lost == 0 {
		l.log.Info().Time("since", l.failing).Msg("the audit log is written again")
		l.failing = time.Time{}
	}
}

// Failing is since when the log cannot be written; ok is false where it can.
func (l *Log) Failing() (since time.Time, ok bool) {
	if l == nil {
		return time.Time{}, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failing, !l.failing.IsZero()
}

// Close has what waits written, for as long as ctx allows. It is called once, after Run has
// been.
func (l *Log) Close(ctx context.Context) error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	l.closed = true
	close(l.waiting)
	l.mu.Unlock()
	select {
	case <-l.written:
	case <-ctx.Done():
		return errors.New("the audit log: not everything could be written before the server ended")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lost > 0 {
		return fmt.Errorf("the audit log: %d lines are missing at its end", l.lost)
	}
	return nil
}
