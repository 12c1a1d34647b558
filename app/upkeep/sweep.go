package upkeep

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/review"
)

// Delivery is one attempt of GitHub at delivering an event.
type Delivery struct {
	ID     int64
	GUID   string // the same for every attempt at one event
	At     time.Time
	Event  string // "pull_request"
	Status int    // what was answered, 0 where there was no answer
	OK     bool
}

// DeliveryLog is GitHub's log of what it sent to the App. Its errors are those of
// review.Forge.
type DeliveryLog interface {
	// Deliveries is a page of the log, newest first; "" asks for the first one, and is
	// next at the end.
	Deliveries(ctx context.Context, cursor string) (list []Delivery, next string, err error)
	// Redeliver asks for another attempt. It wraps review.ErrGone for a delivery that
	// the log has no more.
	Redeliver(ctx context.Context, id int64) error
}

// Cursors keep how far a task got. What was saved survives a crash.
type Cursors interface {
	Cursor(ctx context.Context, task string) (string, error)
	SaveCursor(ctx context.Context, task, cursor string) error
}

// Sweep lets GitHub deliver again what never arrived: GitHub does not do so by itself.
// A round takes one request for each hundred deliveries since the last one, and one
// for each that is sent again.
type Sweep struct {
	Log     DeliveryLog
	Cursors Cursors
	Every   time.Duration // between two rounds: the first pause before a third attempt
	// Age is how old a failed delivery is when it is sent again: it may be on its way once
	// more already, and a server that just starts has a moment.
	Age   time.Duration
	Clock func() time.Time
}

// sweepTask is its name, and the key of its cursor.
const sweepTask = "sweep"

// Task makes it one. It is not done at a start, so that a server that starts again and
// again asks no more often than another; a round that is overdue is soon claimed.
func (s *Sweep) Task() Task { return Task{Name: sweepTask, Every: s.Every, Do: s.Do} }

// swept is how far the sweep got.
type swept struct {
	// Until is the time of delivery up to which the log is known. What failed before is
	// in Lost.
	Until time.Time `json:"until"`
	Lost  []lost    `json:"lost,omitempty"`
}

// lost is an event that has not been delivered yet.
type lost struct {
	GUID   string    `json:"guid"`
	ID     int64     `json:"id"`     // of the newest attempt
	Event  string    `json:"event"`  // for the operator
	Status int       `json:"status"` // of the newest attempt
	First  time.Time `json:"first"`  // when it was seen to have failed first
	Tries  int       `json:"tries"`  // how often it was sent again
	Next   time.Time `json:"next"`   // not sent again before
	// Over: it is not sent again. It is remembered until the log was read beyond it.
	Over bool `json:"over,omitempty"`
}

// Do does one round.
func (s *Sweep) Do(ctx context.Context) error {
	known, err := s.known(ctx)
	if err != nil {
		return err
	}
	if err := s.read(ctx, &known); err != nil {
		return err
	}
	err = s.redeliver(ctx, &known)
	// What was sent again is kept even where GitHub refused the rest.
	return errors.Join(err, s.save(ctx, known))
}

func (s *Sweep) known(ctx context.Context) (swept, error) {
	var known swept
	text, err := s.Cursors.Cursor(ctx, sweepTask)
	if err != nil || text == "" {
		return known, err
	}
	if err := json.Unmarshal([]byte(text), &known); err != nil {
		zerolog.Ctx(ctx).Error().Err(err).Msg("how far the delivery log was read cannot be understood; it is read again from its beginning")
		return swept{}, nil
	}
	return known, nil
}

func (s *Sweep) save(ctx context.Context, known swept) error {
	text, err := json.Marshal(known)
	if err != nil {
		return err
	}
	return s.Cursors.SaveCursor(ctx, sweepTask, string(text))
}

// read brings up to date what is known to be lost.
func (s *Sweep) read(ctx context.Context, known *swept) error {
	deliveries, err := s.since(ctx, known.Until.Add(-overlap))
	if err != nil {
		return err
	}
	arrived := map[string]bool{}
	newest := map[string]Delivery{}
	for _, d := range deliveries {
		arrived[d.GUID] = arrived[d.GUID] || d.OK
		if _, seen := newest[d.GUID]; !seen {
			newest[d.GUID] = d
		}
	}
	forgotten := s.Clock().Add(-logKept)
	known.Lost = slices.DeleteFunc(known.Lost, func(l lost) bool {
		_, shown := newest[l.GUID] // an attempt of a moment ago would be taken for another event
		return arrived[l.GUID] || l.Over && !shown && l.First.Before(forgotten)
	})
	for i, l := range known.Lost {
		if d, ok := newest[l.GUID]; ok {
			known.Lost[i].ID, known.Lost[i].Status = d.ID, d.Status
			delete(newest, l.GUID)
		}
	}
	for guid, d := range newest {
		if !arrived[guid] {
			known.Lost = append(known.Lost, lost{GUID: guid, ID: d.ID, Event: d.Event, Status: d.Status, First: d.At, Over: tries(d.Status) == 0})
		}
	}
	slices.SortFunc(known.Lost, func(a, b lost) int { return cmp.Or(a.First.Compare(b.First), cmp.Compare(a.ID, b.ID)) })
	if len(deliveries) > 0 && deliveries[0].At.After(known.Until) {
		known.Until = deliveries[0].At
	}
	if now := s.Clock(); known.Until.After(now) {
		known.Until = now // a time to come would hide what fails until then
	}
	if len(known.Lost) > maxLost {
		// What there is no room for is read again: nothing is known beyond it.
		zerolog.Ctx(ctx).Error().Int("deliveries", len(known.Lost)).Msg("very many deliveries did not arrive; the oldest are sent again first")
		known.Until = known.Lost[maxLost].First
		known.Lost = known.Lost[:maxLost]
	}
	return nil
}

// since reads the log back to a time, newest first.
func (s *Sweep) since(ctx context.Context, from time.Time) ([]Delivery, error) {
	var all []Delivery
	cursor := ""
	for range maxLogPages {
		page, next, err := s.Log.Deliveries(ctx, cursor)
		if err != nil {
			return nil, err
		}
		for _, d := range page {
			if d.At.Before(from) {
				return all, nil
			}
			all = append(all, d)
		}
		if next == "" {
			return all, nil
		}
		cursor = next
	}
	zerolog.Ctx(ctx).Warn().Int("deliveries", len(all)).Msg("the delivery log is longer than is read at once; what was lost before is found by looking at the open pull requests")
	return all, nil
}

// redeliver lets be sent again what is due, the oldest first. It ends at the first
// failure: GitHub has a limit, or a bad moment, and the rest has the next round.
func (s *Sweep) redeliver(ctx context.Context, known *swept) error {
	now, sent := s.Clock(), 0
	for i := range known.Lost {
		l := &known.Lost[i]
		if l.Over || now.Before(l.Next) || now.Sub(l.First) < s.Age {
			continue
		}
		log := zerolog.Ctx(ctx).With().Str("delivery", l.GUID).Str("event", l.Event).Int("status", l.Status).Int("tries", l.Tries).Logger()
		if l.Tries >= tries(l.Status) || now.Sub(l.First) > logKept {
			l.Over = true
			log.Error().Msg("gave up a delivery that failed again and again; what it was about is found by looking at the open pull requests")
			continue
		}
		if sent == maxRedeliveries {
			break
		}
		err := s.Log.Redeliver(ctx, l.ID)
		switch {
		case errors.Is(err, review.ErrGone):
			l.Over = true
			log.Error().Err(err).Msg("gave up a delivery that GitHub does not keep any more")
			continue
		case err != nil && limited(err):
			return fmt.Errorf("delivery %s: %w", l.GUID, err)
		}
		sent++
		l.Next = now.Add(s.pause(l.Tries))
		l.Tries++
		if err != nil { // it may be this one alone: the next round begins with another
			return fmt.Errorf("delivery %s: %w", l.GUID, err)
		}
		log.Info().Msg("a delivery that failed is sent again")
	}
	return nil
}

// limited says whether GitHub asks for a pause.
func limited(err error) bool {
	later := (*review.Later)(nil)
	return errors.As(err, &later) && later.Limit
}

// pause is how long after it was sent again an event has to have arrived, with jitter.
func (s *Sweep) pause(tries int) time.Duration {
	wait := longestRetry
	if tries < 10 {
		wait = min(s.Every<<tries, longestRetry)
	}
	return wait + rand.N(wait/4+1)
}

// tries is how often a delivery is sent again that was answered like that.
func tries(status int) int {
	switch status {
	case 413, 422: // its body is what was refused, and stays the same
		return 0
	case 400: // not the right secret, which an operator may be about to mend
		return maxRefusedTries
	}
	return maxTries
}
