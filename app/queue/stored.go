package queue

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"sync"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riversqlite"
)

// stored are the lanes in which this process has stored jobs that River has not heard of.
// On SQLite River looks for its notifications in a table, every 50 ms: a job would wait
// that long for nothing.
type stored struct {
	ring chan struct{} // there is something
	mu   sync.Mutex
	in   []string // guarded by mu; each lane once
}

func newStored() *stored { return &stored{ring: make(chan struct{}, 1)} }

// put is called once the jobs of a lane would survive kill -9.
func (s *stored) put(lane string) {
	s.mu.Lock()
	if !slices.Contains(s.in, lane) {
		s.in = append(s.in, lane)
	}
	s.mu.Unlock()
	select {
	case s.ring <- struct{}{}:
	default: // it rings already
	}
}

func (s *stored) take() (lane string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.in) == 0 {
		return "", false
	}
	lane = s.in[0]
	s.in = slices.Delete(s.in, 0, 1)
	return lane, true
}

// sqliteDriver is River's, with ears for what this process stores.
type sqliteDriver struct {
	*riversqlite.Driver
	stored *stored
}

func driverSQLite(db *sql.DB, s *stored) sqliteDriver { return sqliteDriver{riversqlite.New(db), s} }

// GetListener implements riverdriver.Driver.
func (d sqliteDriver) GetListener(p *riverdriver.GetListenenerParams) riverdriver.Listener {
	return &listener{Listener: d.Driver.GetListener(p), stored: d.stored}
}

// listener hears of stored jobs at once, and of all else as River's does.
type listener struct {
	riverdriver.Listener
	stored *stored
	kept   *riverdriver.Notification // came in together with another; nil for none
}

// insertTopic is what River calls the notification that a lane has jobs.
const insertTopic = "river_insert"

// WaitForNotification implements riverdriver.Listener. River waits once at a time.
func (l *listener) WaitForNotification(ctx context.Context) (*riverdriver.Notification, error) {
	if n := l.kept; n != nil {
		l.kept = nil
		return n, nil
	}
	type heard struct {
		notification *riverdriver.Notification
		err          error
	}
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	var other chan heard // nil until something has to be waited for
	for {
		if lane, ok := l.stored.take(); ok {
			if other != nil {
				cancel()
				if h := <-other; h.err == nil {
					l.kept = h.notification
				}
			}
			return &riverdriver.Notification{Topic: insertTopic, Payload: fmt.Sprintf(`{"queue": %q}`, lane)}, nil
		}
		if other == nil {
			other = make(chan heard, 1)
			go func() {
				n, err := l.Listener.WaitForNotification(waiting)
				other <- heard{n, err}
			}()
		}
		select {
		case h := <-other:
			return h.notification, h.err
		case <-l.stored.ring:
		}
	}
}
