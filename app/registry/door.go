package registry

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// door stands before a host: as many requests at a time as it bears, and none for a while where the
// host limits requests or is down (a circuit breaker). After that while one request tries
// whether it is back; the others wait for what comes of it.
type door struct {
	name   string
	places *places

	mu       sync.Mutex      // guards what follows
	failed   map[string]bool // addresses that had no answer since the last one of another
	down     bool            // shut because of that, not by a limit
	answered time.Time       // when the host last answered
	openings int             // in a row, without an answer between them
	until    time.Time       // nobody goes through before; the zero time: it stands open
	short    bool            // the host stated the time, and it is short enough to wait here
	because  string          // "it limits requests (status 429)"
	probe    chan struct{}   // closed when the one that tries is done; nil where nobody does
}

func newDoor(name string, most int) *door {
	return &door{name: name, places: newPlaces(beginPerHost, most), failed: map[string]bool{}}
}

// shut is the error for a request that was not made.
type shut struct {
	name    string
	until   time.Time
	left    time.Duration
	because string
}

func (s *shut) Error() string {
	return fmt.Sprintf("%s is not asked until %s UTC, because %s", s.name, s.until.UTC().Format(time.TimeOnly), s.because)
}

// errUnfinished is the outcome of a request that a panic ended.
var errUnfinished = errors.New("it was not finished")

// enter waits for one of the places, then asks whether the host is asked at all. leave is
// to be told what came of it. A short pause is waited for once: many of them in a row
// would keep a thousand requests for hours.
func (d *door) enter(ctx context.Context, address string) (leave func(error), err error) {
	for patient := true; ; {
		if err := d.places.take(ctx); err != nil {
			return nil, err
		}
		probe, wait, err := d.pass(time.Now(), patient)
		if err == nil && wait == nil {
			began := time.Now()
			return func(outcome error) {
				d.told(outcome, address, began, probe)
				d.places.free()
			}, nil
		}
		d.places.free()
		if err != nil {
			return nil, err
		}
		if err := wait(ctx); err != nil {
			return nil, err
		}
		patient = false
	}
}

// pass says whether a request may go through, as a probe, or what it is to wait for.
func (d *door) pass(now time.Time, patient bool) (probe bool, wait func(context.Context) error, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	left := d.until.Sub(now)
	switch {
	case d.until.IsZero():
		return false, nil, nil
	case left > 0 && d.short && patient:
		return false, func(ctx context.Context) error { return sleep(ctx, left) }, nil
	case left > 0:
		return false, nil, &shut{name: d.name, until: d.until, left: left, because: d.because}
	case d.probe == nil:
		d.probe = make(chan struct{})
		return true, nil, nil
	}
	done := d.probe
	return false, func(ctx context.Context) error {
		select {
		case <-done:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// told learns from what came of a request for an address, and of when it began. What was
// on its way when the door was shut does not shut it for longer. One address that never
// answers, however often it is asked for, says nothing of the host.
func (d *door) told(outcome error, address string, began time.Time, probe bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if probe {
		defer func() { close(d.probe); d.probe = nil }()
	}
	now := time.Now()
	var refused *refusal
	if resultOf(outcome) == ResultTimeout {
		d.places.fewer(now)
	}
	switch {
	case errors.As(outcome, &refused) && refused.limits():
		d.limited(now, refused)
	case alive(outcome):
		d.answered = now
		d.places.more()
		if d.until.After(now) && !d.down {
			return // a limit that another request met: that this one passed says nothing
		}
		clear(d.failed)
		d.down, d.openings, d.until, d.short = false, 0, time.Time{}, false
	case !down(outcome):
	case probe:
		d.open(now, outcome)
	case d.until.IsZero() && !began.Before(d.answered): // else the host has answered others meanwhile
		if d.failed[address] = true; len(d.failed) >= failuresToOpen {
			d.open(now, outcome)
		}
	}
}

// limited shuts the door for as long as the host asks for.
func (d *door) limited(now time.Time, r *refusal) {
	wait := r.after
	if wait <= 0 {
		if d.until.After(now) {
			return // the same limit, met by what was on its way
		}
		wait = min(limitedWait<<min(d.openings, 10), maxOpen)
		d.openings++
	}
	if now.Add(wait).After(d.until) { // else it is the same limit
		d.until, d.short, d.down = now.Add(wait+rand.N(wait/8+1)), r.after > 0 && r.after <= maxRetryAfter, false
		clear(d.failed)
		d.because = fmt.Sprintf("it limits requests (status %d)", r.status)
	}
}

// open shuts the door before a host that is down, for longer each time.
func (d *door) open(now time.Time, cause error) {
	wait := min(firstOpen<<min(d.openings, 16), maxOpen)
	d.openings++
	d.until, d.short = now.Add(wait/2+rand.N(wait/2+1)), false
	d.down = true
	d.because = why("it", cause)
}

func (d *door) state(now time.Time) Host {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.until.IsZero():
		return Host{Name: d.name, State: Closed}
	case d.until.After(now):
		return Host{Name: d.name, State: Open, Until: d.until}
	}
	return Host{Name: d.name, State: HalfOpen}
}

// limits says whether a refusal is a limit: a 503 is one where it states a time.
func (r *refusal) limits() bool {
	return r.status == http.StatusTooManyRequests || r.status == http.StatusServiceUnavailable && r.after > 0
}

// tooMany says whether a status is a sign of more requests than the host bears.
func tooMany(status int) bool {
	return status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable
}

// alive says whether a request got an answer of the host's own, whatever it says.
func alive(outcome error) bool {
	var refused *refusal
	var content *contentError
	var redirect *redirectError
	if errors.As(outcome, &refused) {
		return refused.status < http.StatusInternalServerError
	}
	return outcome == nil || errors.Is(outcome, ErrNotFound) || errors.Is(outcome, ErrNotModified) || errors.As(outcome, &content) || errors.As(outcome, &redirect)
}

// down says whether a failure is the host's or the network's. That nobody waits any more
// for an answer says nothing, and neither does what is wrong with us.
func down(outcome error) bool {
	return !alive(outcome) && !errors.Is(outcome, context.Canceled) && !errors.Is(outcome, errPrivate) && !errors.Is(outcome, errUnfinished)
}
