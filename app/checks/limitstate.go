package checks

import (
	"cmp"
	"slices"
	"time"
)

// Limit is what is known of an installation's limits at GitHub.
type Limit struct {
	Installation int64
	Limit        int       // requests an hour, 0 where no answer told
	Remaining    int       // of them
	Reset        time.Time // when they are counted anew
	PausedUntil  time.Time // GitHub asked for a pause; zero or past: none
}

// Limits are those of the installations that were called last, up to MaxClients of them,
// for metrics. Installation 0 is the App itself.
func (f *Forge) Limits() []Limit {
	gates := f.gates.open.values()
	out := make([]Limit, len(gates))
	for i, one := range gates {
		one.mu.Lock()
		out[i] = one.limit
		out[i].PausedUntil = one.until
		one.mu.Unlock()
	}
	slices.SortFunc(out, func(a, b Limit) int { return cmp.Compare(a.Installation, b.Installation) })
	return out
}
