package checks

import "time"

// Limit is what is known of an installation's limits at GitHub.
type Limit struct {
	Installation int64
	Limit        int       // requests an hour, 0 where no answer told
	Remaining    int       // of them
	Reset        time.Time // when they are counted anew
	PausedUntil  time.Time // GitHub asked for a pause; zero or past: none
}

// Limits are those of the installations that are called, for metrics.
func (f *Forge) Limits() []Limit { return nil }
