package checks

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/time/rate"

	"github.com/bonafide-app/bonafide/app/review"
)

// Pauses keeps until when GitHub asked to be left alone, over restarts and for every
// server. It is written only when GitHub asks, and read every few seconds at most.
type Pauses interface {
	// Pause keeps a pause of an installation, 0: of the App itself. A pause that lasts
	// longer stays as it is. When it returns, other servers see the pause.
	Pause(ctx context.Context, installation int64, until time.Time, reason string) error
	// Paused is the pause that was kept; the zero time where there is none.
	Paused(ctx context.Context, installation int64) (until time.Time, reason string, err error)
}

// theApp stands for requests that the App makes as itself, by its key: for tokens, and
// for the delivery log.
const theApp int64 = 0

// gates keep the requests of every installation within GitHub's limits. What they know
// may be lost, but for the pauses.
type gates struct {
	clock  func() time.Time
	rest   func(context.Context, time.Duration) error // waits
	jitter func(time.Duration) time.Duration          // something from 0 to that
	kept   Pauses                                     // nil: a pause ends with the process
	log    *zerolog.Logger
	hurry  bool // GitHub need not be spared

	mu       sync.Mutex // so that an installation has one gate
	open     *lru[int64, *gate]
	troubles *lru[string, int] // failures in a row, by what was asked
}

// gate is that of one installation.
type gate struct {
	slots chan struct{} // requests in flight

	mu      sync.Mutex // guards what follows
	until   time.Time  // nothing is sent before
	reason  string
	strikes int       // limits in a row, each met after the pause for the one before
	byWrite bool      // the last of them was met by a write: that reads pass means nothing
	looked  time.Time // when the kept pause was read
	limit   Limit
	writes  *rate.Limiter
	remarks *rate.Limiter // comments, reviews and reactions, which are writes, too
}

func newGates(clock func() time.Time, kept Pauses, log *zerolog.Logger) *gates {
	return &gates{
		clock: clock, rest: rest, jitter: func(d time.Duration) time.Duration { return rand.N(d + 1) }, kept: kept, log: log,
		open: newLRU[int64, *gate](MaxClients), troubles: newLRU[string, int](MaxRemembered),
	}
}

func rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g *gates) of(installation int64) *gate {
	g.mu.Lock()
	defer g.mu.Unlock()
	one, ok := g.open.get(installation)
	if !ok {
		one = &gate{
			slots: make(chan struct{}, MaxConcurrent), limit: Limit{Installation: installation},
			writes: rate.NewLimiter(WritesASecond, WriteBurst), remarks: rate.NewLimiter(RemarksASecond, 1),
		}
		g.open.put(installation, one, 1)
	}
	return one
}

// enter waits for one of the places of an installation.
func (g *gates) enter(ctx context.Context, installation int64) (leave func(), err error) {
	slots := g.of(installation).slots
	select {
	case slots <- struct{}{}:
		return func() { <-slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// may says whether a request may be sent: nil, or a *review.Later during a pause.
func (g *gates) may(ctx context.Context, installation int64) error {
	one := g.of(installation)
	one.mu.Lock()
	defer one.mu.Unlock()
	now := g.clock()
	if g.kept != nil && now.Sub(one.looked) >= PauseLook {
		look, cancel := context.WithTimeout(ctx, PauseTime)
		defer cancel()
		until, reason, err := g.kept.Paused(look, installation)
		now = g.clock()
		one.looked = now // from the end of it: who waited for this look does not look at once again
		switch {
		case err != nil: // GitHub will say it again
			g.log.Warn().Err(err).Int64("installation", installation).Msg("whether GitHub asked for a pause could not be read")
		case until.After(now.Add(MaxWait)): // none of ours, or by a clock that is wrong: it would never end
			g.log.Warn().Int64("installation", installation).Time("until", until).Msg("a pause that is longer than any is passed over")
		default:
			one.pause(until, reason)
		}
	}
	if wait := one.until.Sub(now); wait > 0 {
		return g.later(wait, one.reason)
	}
	return nil
}

// later is the error for a job that sleeps because of a limit: at least so long, and a
// little longer, so that hundreds of jobs do not wake in one moment.
func (g *gates) later(wait time.Duration, reason string) *review.Later {
	return &review.Later{After: wait + g.jitter(min(wait/4, MaxSpread)), Reason: reason, Limit: true}
}

// limited begins or prolongs a pause, and returns the error for the job that met it.
// began is when its request did: one that was on its way as the pause began does not
// count as going on.
func (g *gates) limited(ctx context.Context, installation int64, began time.Time, write bool, l *limited) *review.Later {
	one := g.of(installation)
	now := g.clock()
	one.mu.Lock()
	if !began.Before(one.until) {
		one.strikes++
		one.byWrite = write
	}
	wait, stated := l.wait(now)
	least := SecondaryWait
	if stated {
		least = MinWait
	}
	least <<= min(max(one.strikes-1, 0), 12)
	until := now.Add(min(max(wait, least), MaxWait))
	longer := one.pause(until, l.Error())
	left := one.until.Sub(now)
	one.mu.Unlock()
	if longer {
		g.keep(ctx, installation, until, l.Error())
	}
	return g.later(left, l.Error())
}

// answered takes note of an answer that is no limit. c is what it said of the limits.
func (g *gates) answered(ctx context.Context, installation int64, began time.Time, write bool, c *call) {
	one := g.of(installation)
	now := g.clock()
	one.mu.Lock()
	if !began.Before(one.until) && (write || !one.byWrite) {
		one.strikes = 0
	}
	longer, until := false, earlier(c.reset, now.Add(MaxWait))
	const usedUp = "GitHub's rate limit is used up"
	if c.told {
		one.limit.Limit, one.limit.Remaining, one.limit.Reset = c.limit, c.remaining, c.reset
		if c.remaining == 0 && until.After(now) { // this was the last request
			longer = one.pause(until, usedUp)
		}
	}
	one.mu.Unlock()
	if longer {
		g.keep(ctx, installation, until, usedUp)
	}
}

// pause makes the pause last until then. It says whether it did not do so before.
func (one *gate) pause(until time.Time, reason string) bool {
	if !until.After(one.until) {
		return false
	}
	one.until, one.reason = until, reason
	return true
}

func (g *gates) keep(ctx context.Context, installation int64, until time.Time, reason string) {
	g.log.Warn().Int64("installation", installation).Time("until", until).Str("reason", reason).Msg("GitHub is left alone for a while")
	if g.kept == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), PauseTime)
	defer cancel()
	if err := g.kept.Pause(ctx, installation, until, reason); err != nil {
		g.log.Error().Err(err).Int64("installation", installation).Msg("that GitHub asked for a pause could not be kept") // this process knows it
	}
}

// pace waits until a write is due. Where that is not soon, the job is to sleep and hold
// no worker. Beginning a check leaves some writes for completing others, and what is said
// besides leaves some for beginning: anybody can write commands that are answered.
func (g *gates) pace(ctx context.Context, installation int64, q request) error {
	if g.hurry {
		return nil
	}
	one := g.of(installation)
	now := g.clock()
	one.mu.Lock()
	need := 1
	switch {
	case q.begins:
		need += BeginReserve
	case q.remarks():
		need += RemarkReserve
	}
	wait := due(one.writes, now, need)
	if q.remarks() {
		wait = max(wait, due(one.remarks, now, 1))
	}
	if wait > MaxPace {
		one.mu.Unlock()
		return g.later(wait, "many checks and comments are being written for this installation, and GitHub allows so many a minute")
	}
	one.writes.ReserveN(now, 1)
	if q.remarks() {
		one.remarks.ReserveN(now, 1)
	}
	one.mu.Unlock()
	if wait <= 0 {
		return nil
	}
	return g.rest(ctx, wait)
}

// due is how long it takes until a bucket holds that much.
func due(bucket *rate.Limiter, now time.Time, need int) time.Duration {
	missing := float64(need) - bucket.TokensAt(now)
	return time.Duration(max(missing, 0) / float64(bucket.Limit()) * float64(time.Second))
}

// backOff makes the wait after a failure longer, the more failures came in a row for
// what was asked, and forgets them after an answer. It is never shorter than what GitHub
// asked for.
func (g *gates) backOff(key string, later *review.Later) {
	if later == nil {
		g.troubles.take(key)
		return
	}
	if g.hurry && later.After <= FailureWait {
		later.After = HurriedWait
		return
	}
	n, _ := g.troubles.get(key)
	g.troubles.put(key, n+1, 1)
	wait := max(later.After, min(FailureWait<<min(n, 12), MaxFailureWait))
	later.After = wait + g.jitter(min(wait/4, MaxSpread))
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
