package policy

import (
	"fmt"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
)

// cooldown is how old a package must be; 0 switches everything off that goes by age.
func (v view) cooldown(p dep.Package) time.Duration { return v.policy.CooldownOf(p) }

// arrives says whether the change brings in a release that a registry answers for and
// that did not stand in the base, and whether its history was asked for. A release that
// was asked about by itself counts; in an audit no history is asked for.
func (s Subject) arrives() bool {
	if !s.lookedAt() || s.History == nil && s.HistoryUnread == "" {
		return false
	}
	switch s.Change.Kind {
	case dep.Updated:
		return len(s.Change.Replaces) > 0 // else this very version stood elsewhere
	case dep.Repinned:
		for _, old := range s.Change.Replaces {
			if old.Source == dep.Registry {
				return false
			}
		}
	}
	return true
}

// past is what the package's history says of the release; zero where it says nothing.
func (s Subject) past() (registry.Past, bool) {
	if s.History == nil {
		return registry.Past{}, false
	}
	return s.History.Find(s.Change.Entry.Package.Version)
}

// logged is when the registry had its publish attestation logged, zero where that is not
// proven. The provenance's log time is no such thing: whoever builds makes it, and may
// make it long before publishing.
func (s Subject) logged() time.Time {
	if p := s.Evidence.Publish; p.State == provenance.Verified && p.Log != nil {
		return p.Log.Time
	}
	return time.Time{}
}

// published is when the release came out, else zero and why that is not known. Of the
// two times the later one counts: the registry's word is not signed, so that who answers
// in its place can make a release old, and the attestation of a staged release may come
// before its publication.
func (s Subject) published() (when time.Time, unknown string) {
	past, found := s.past()
	when = past.Published
	if logged := s.logged(); logged.After(when) {
		when = logged
	}
	switch {
	case !when.IsZero():
		return when.UTC(), ""
	case s.History == nil:
		return when, sentence(s.HistoryUnread)
	case !found:
		return when, "the registry's list of the package's releases does not have it"
	}
	return when, "the registry does not state when it was published"
}

// Published is when the release of a subject came out, zero where nobody knows.
func Published(s Subject) time.Time {
	when, _ := s.published()
	return when
}

// fresh says whether the release is known to be younger than the cooldown.
func (s Subject) fresh(v view) bool {
	cooldown := v.cooldown(s.Change.Entry.Package)
	if !s.arrives() || cooldown <= 0 {
		return false
	}
	when, unknown := s.published()
	return unknown == "" && !v.at.reached(when.Add(cooldown))
}

// Fresh says whether a release that arrives is known to be younger than its cooldown.
func Fresh(s Subject, p Policy, at time.Time) bool { return s.fresh(view{policy: p, at: clockAt(at)}) }

// older are the package's releases that came out by a time, oldest first.
func (s Subject) older(by time.Time) (out []registry.Past) {
	if s.History == nil {
		return nil
	}
	for _, p := range s.History.Releases {
		if p.Version != s.Change.Entry.Package.Version && !p.Published.IsZero() && !p.Published.After(by) {
			out = append(out, p)
		}
	}
	return out
}

// ago is "5 hours ago"; what is less than two minutes away on either side is now, as no
// two clocks are one.
func (v view) ago(when time.Time) string {
	d := v.at.since(when)
	switch {
	case d < -2*time.Minute:
		return "in the future by this clock, on " + date(when)
	case d < 2*time.Minute:
		return "moments ago"
	}
	return span(d) + " ago"
}

// span is a duration the way people say it, rounded down: "6 minutes", "47 hours", "2 days".
func span(d time.Duration) string {
	switch {
	case d < time.Hour:
		return count(int(d/time.Minute), "minute")
	case d < 48*time.Hour:
		return count(int(d/time.Hour), "hour")
	}
	return count(int(d/(24*time.Hour)), "day")
}

// ends is "the cooldown of 3 days ends on 2026-11-03 at 19:00 UTC".
func (v view) ends(p dep.Package, when time.Time) string {
	return fmt.Sprintf("the cooldown of %s ends on %s", v.waiting(p), date(when.Add(v.cooldown(p))))
}

// waiting is the cooldown in words, exact to the hour: "3 days", "36 hours".
func (v view) waiting(p dep.Package) string {
	d := v.cooldown(p)
	if d%(24*time.Hour) == 0 {
		return count(int(d/(24*time.Hour)), "day")
	}
	return count(int(d/time.Hour), "hour")
}

func date(t time.Time) string { return t.UTC().Format("2006-01-02 at 15:04 UTC") }

func count(n int, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}
