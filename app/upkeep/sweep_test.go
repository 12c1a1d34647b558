package upkeep

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/review"
)

// cursors are Cursors in memory.
type cursors map[string]string

func (c cursors) Cursor(_ context.Context, task string) (string, error) { return c[task], nil }
func (c cursors) SaveCursor(_ context.Context, task, cursor string) error {
	c[task] = cursor
	return nil
}

// hookLog is a delivery log with pages of two.
type hookLog struct {
	list   []Delivery // oldest first
	pages  int        // how many were read
	sent   []string
	refuse error // of Redeliver
}

func (l *hookLog) add(guid string, at time.Time, status int) {
	l.list = append(l.list, Delivery{ID: int64(len(l.list) + 1), GUID: guid, At: at, Event: "pull_request", Status: status, OK: status/100 == 2})
}

func (l *hookLog) Deliveries(_ context.Context, cursor string) (list []Delivery, next string, err error) {
	l.pages++
	from, _ := strconv.Atoi(cursor)
	newest := slices.Clone(l.list)
	slices.Reverse(newest)
	newest = newest[from:]
	if len(newest) > 2 {
		return newest[:2], fmt.Sprint(from + 2), nil
	}
	return newest, "", nil
}

func (l *hookLog) Redeliver(_ context.Context, id int64) error {
	if l.refuse != nil {
		return l.refuse
	}
	l.sent = append(l.sent, l.list[id-1].GUID)
	return nil
}

// sweeper is a sweep over a log, with the clock at noon.
func sweeper() (*Sweep, *hookLog, *time.Time) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	log := &hookLog{}
	return &Sweep{Log: log, Cursors: cursors{}, Every: 5 * time.Minute, Age: time.Minute, Clock: func() time.Time { return now }}, log, &now
}

func (l *hookLog) round(t *testing.T, s *Sweep, want ...string) {
	t.Helper()
	l.sent = nil
	if err := s.Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(l.sent, want) {
		t.Fatalf("sent again %q, want %q", l.sent, want)
	}
}

func TestOnlyWhatNeverArrivedIsSentAgain(t *testing.T) {
	s, log, now := sweeper()
	hour := now.Add(-time.Hour)
	log.add("refused", hour, 503)
	log.add("timed out", hour.Add(time.Second), 0)
	log.add("arrived", hour.Add(2*time.Second), 200)
	log.add("came back", hour.Add(3*time.Second), 502)
	log.add("came back", hour.Add(4*time.Second), 202)
	log.add("wrong payload", hour.Add(5*time.Second), 422)
	log.add("too large", hour.Add(6*time.Second), 413)
	log.add("young", now.Add(-30*time.Second), 503)
	log.round(t, s, "refused", "timed out")
	log.round(t, s) // both are on their way
	*now = now.Add(time.Minute)
	log.round(t, s, "young")
}

func TestTheLogIsReadBackToWhereTheLastRoundGot(t *testing.T) {
	s, log, now := sweeper()
	for i := range 20 {
		log.add(fmt.Sprint(i), now.Add(time.Duration(i-40)*time.Minute), 200)
	}
	log.round(t, s)
	if log.pages != 10 {
		t.Errorf("%d pages of the first round", log.pages)
	}
	log.pages = 0
	log.add("new", *now, 200)
	log.round(t, s)
	if log.pages > 3 {
		t.Errorf("%d pages of the second round", log.pages)
	}
	// What was still on its way as the round before read the log is seen by this one.
	log.add("late", now.Add(-time.Minute), 503)
	log.round(t, s, "late")
}

func TestADeliveryThatFailsAgainAndAgainIsGivenUp(t *testing.T) {
	for status, most := range map[int]int{503: maxTries, 400: maxRefusedTries} {
		s, log, now := sweeper()
		start := *now
		log.add("bad", now.Add(-time.Hour), status)
		var times []time.Duration
		for now.Sub(start) < 4*24*time.Hour {
			log.sent = nil
			if err := s.Do(t.Context()); err != nil {
				t.Fatal(err)
			}
			if len(log.sent) > 0 {
				times = append(times, now.Sub(start))
				log.add("bad", *now, status)
			}
			*now = now.Add(s.Every)
		}
		if len(times) != most || times[len(times)-1] > logKept {
			t.Errorf("%d: sent again after %v", status, times)
		}
		log.add("another", *now, 200)
		log.round(t, s)
		log.round(t, s)
		known, err := s.known(t.Context())
		if err != nil || len(known.Lost) != 0 {
			t.Errorf("%+v is remembered, %v", known.Lost, err)
		}
	}
}

func TestARoundSendsABoundedNumberAgainAndEndsAtARefusal(t *testing.T) {
	s, log, now := sweeper()
	for i := range maxRedeliveries + 3 {
		log.add(fmt.Sprint(i), now.Add(-time.Hour), 503)
	}
	log.refuse = &review.Later{After: time.Minute, Reason: "GitHub asks for a pause", Limit: true}
	if err := s.Do(t.Context()); err == nil {
		t.Error("the refusal is swallowed")
	}
	log.refuse = nil
	if err := s.Do(t.Context()); err != nil || len(log.sent) != maxRedeliveries {
		t.Errorf("%d, %v", len(log.sent), err)
	}
	last := maxRedeliveries
	log.round(t, s, fmt.Sprint(last), fmt.Sprint(last+1), fmt.Sprint(last+2))
	log.add("gone", *now, 503)
	*now = now.Add(2 * time.Minute)
	log.refuse = fmt.Errorf("delivery: %w", review.ErrGone)
	log.round(t, s)
	log.refuse = nil
	log.round(t, s)
}

func TestADeliveryThatCannotBeSentAgainKeepsNoOtherWaiting(t *testing.T) {
	s, log, now := sweeper()
	log.add("odd", now.Add(-2*time.Hour), 503)
	log.add("good", now.Add(-time.Hour), 503)
	log.refuse = errors.New("GitHub answered 422")
	if err := s.Do(t.Context()); err == nil {
		t.Error("the refusal is swallowed")
	}
	log.refuse = nil
	log.round(t, s, "good")
	log.add("good", *now, 200)
	*now = now.Add(2 * s.Every)
	log.round(t, s, "odd")
}

func TestADeliveryOfATimeToComeHidesNoOther(t *testing.T) {
	s, log, now := sweeper()
	log.add("odd", now.Add(1000*time.Hour), 200)
	log.round(t, s)
	log.list = nil
	log.add("lost", now.Add(-s.Age), 503)
	log.round(t, s, "lost")
}

func TestMoreThanThereIsRoomForIsReadAgain(t *testing.T) {
	s, log, now := sweeper()
	for i := range maxLost + 5 {
		log.list = append(log.list, Delivery{ID: int64(i + 1), GUID: fmt.Sprint(i), At: now.Add(time.Duration(i)*time.Second - 3*time.Hour), Status: 503})
	}
	pages := &bigPages{log}
	s.Log = pages
	for range maxLost/maxRedeliveries + 2 {
		if err := s.Do(t.Context()); err != nil {
			t.Fatal(err)
		}
		for i, guid := range log.sent {
			log.list = append(log.list, Delivery{ID: int64(len(log.list) + 1), GUID: guid, At: now.Add(time.Duration(i) * time.Millisecond), OK: true, Status: 200})
		}
		log.sent = nil
		*now = now.Add(s.Every)
	}
	known, err := s.known(t.Context())
	if err != nil || len(known.Lost) != 0 {
		t.Errorf("%d are left, %v", len(known.Lost), err)
	}
}

// bigPages shows a log in one page.
type bigPages struct{ *hookLog }

func (l *bigPages) Deliveries(context.Context, string) ([]Delivery, string, error) {
	newest := slices.Clone(l.list)
	slices.Reverse(newest)
	return newest, "", nil
}

func TestACursorThatDoesNotReadBeginsAnew(t *testing.T) {
	s, log, now := sweeper()
	s.Cursors = cursors{"sweep": "{"}
	log.add("refused", now.Add(-time.Hour), 503)
	log.round(t, s, "refused")
}
