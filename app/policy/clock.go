package policy

import "time"

// clock is the time of a verdict. Rules can only ask it whether a moment has come, so
// that it knows until when every answer stays the same: no rule can go by the time
// without that being known.
type clock struct {
	now   time.Time
	until *time.Time // the next moment that was asked about; nil keeps none
}

func clockAt(now time.Time) clock { return clock{now: now, until: new(time.Time)} }

// reached says whether a moment has come.
func (c clock) reached(moment time.Time) bool {
	if !c.now.Before(moment) {
		return true
	}
	if c.until != nil && (c.until.IsZero() || moment.Before(*c.until)) {
		*c.until = moment
	}
	return false
}

// since is for words alone ("5 hours ago"): no verdict may hang on it.
func (c clock) since(moment time.Time) time.Duration { return c.now.Sub(moment) }

// next is the earliest moment that was asked about and has not come, in UTC; zero for
// none.
func (c clock) next() time.Time {
	if c.until == nil || c.until.IsZero() {
		return time.Time{}
	}
	return c.until.UTC()
}
