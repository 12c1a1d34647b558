package storm

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bonafide-app/bonafide/app/sandbox/forge"
	"github.com/bonafide-app/bonafide/app/sandbox/npm"
)

// Of a hundred, how much goes wrong.
const (
	badAnswers       = 5  // GitHub's
	badDocuments     = 15 // the registry's, which is asked little: most of what it said is remembered
	lostDeliveries   = 10 // half of them not even in the log
	doubleDeliveries = 10
)

// weather draws what goes wrong, as long as it lasts.
type weather struct {
	lose bool // deliveries too

	mu   sync.Mutex
	draw *rand.Rand
	over bool

	count atomic.Int64 // what went wrong
	asked atomic.Int64 // requests to GitHub
	fuse  fuse
}

// fuse calls its charge at a request of a server, before or after GitHub has done it.
type fuse struct {
	mu     sync.Mutex
	left   int
	charge func()
}

func (f *fuse) light(requests int, charge func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.left, f.charge = requests, charge
}

func (f *fuse) burn() {
	f.mu.Lock()
	f.left--
	charge := f.charge
	if f.left > 0 {
		charge = nil
	} else {
		f.charge = nil
	}
	f.mu.Unlock()
	if charge != nil {
		charge()
	}
}

func newWeather(seed uint64, lose bool) *weather {
	return &weather{lose: lose, draw: rand.New(rand.NewPCG(seed, 2))}
}

// chance is drawn as long as the weather lasts.
func (w *weather) chance(percent int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.over && w.draw.IntN(100) < percent
}

func (w *weather) intn(n int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.draw.IntN(n)
}

// clear ends it.
func (w *weather) clear() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
}

// A second, which is the least that Retry-After can say. A secondary limit without it
// means a minute at least: the storm would be over before, so there is none.
const limited = time.Second

// github breaks answers of GitHub. Some are lost after the request was worked on.
func (w *weather) github(r *http.Request, _ string) *forge.Fault {
	w.asked.Add(1)
	w.fuse.burn()
	if !w.chance(badAnswers) {
		return nil
	}
	w.count.Add(1)
	bad := forge.BadGateway()
	switch w.intn(10) {
	case 0, 1:
		return bad
	case 2, 3, 4:
		bad.After = true
		return bad
	case 5:
		return &forge.Fault{Reset: true}
	case 6:
		return &forge.Fault{Truncate: true}
	case 7:
		return forge.SecondaryLimit(http.StatusForbidden, limited)
	case 8:
		return forge.SecondaryLimit(http.StatusTooManyRequests, limited)
	}
	return forge.PrimaryLimit(time.Now().Add(limited))
}

// registry breaks answers of the registry. None of them is an answer that is wrong and
// right in form: that would be evidence.
func (w *weather) registry(q npm.Request) (npm.Fault, bool) {
	if !w.chance(badDocuments) {
		return npm.Fault{}, false
	}
	w.count.Add(1)
	if q.Kind == npm.Keys {
		return npm.Fault{Body: `{"keys":[{"keyid":"SHA256:other","keytype":"ecdsa-sha2-nistp256","scheme":"ecdsa-sha2-nistp256","key":"AAAA","expires":null}]}`}, true
	}
	switch w.intn(16) {
	case 0:
		return npm.Fault{Stall: true}, true
	case 1, 2:
		return npm.Fault{Truncate: true}, true
	case 3, 4:
		return npm.Fault{Cut: true}, true
	case 5, 6:
		return npm.HTMLPage(), true
	case 7, 8:
		return npm.OtherJSON(), true
	case 9, 10:
		return npm.Fault{Status: http.StatusTooManyRequests, RetryAfter: limited}, true
	case 11, 12:
		return npm.Status(http.StatusInternalServerError), true
	}
	return npm.Status(http.StatusServiceUnavailable), true
}

// fate loses deliveries and holds the others, so that they can be shuffled.
func (w *weather) fate(d forge.Delivery) forge.Fate {
	if !w.lose || !w.chance(lostDeliveries) {
		return forge.Hold
	}
	w.count.Add(1)
	if w.intn(2) == 0 && vanishes(d) {
		return forge.Vanish
	}
	return forge.Lose
}

// vanishes says whether what a delivery told can be seen without it: a newest commit
// that has no verdict. That a pull request was closed or retargeted, or a policy changed,
// while a verdict stands, cannot; it is told by the log, or the day after.
func vanishes(d forge.Delivery) bool {
	return d.Event != "push" && (d.Event != "pull_request" || d.Action == "opened" || d.Action == "synchronize")
}

// shuffle brings deliveries into any order, some of them twice.
func (w *weather) shuffle(held []forge.Delivery) []forge.Delivery {
	for _, d := range slices.Clone(held) {
		if w.chance(doubleDeliveries) {
			w.count.Add(1)
			held = append(held, d)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.draw.Shuffle(len(held), func(i, j int) { held[i], held[j] = held[j], held[i] })
	return held
}
