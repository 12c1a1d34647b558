package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
)

// pardon is why findings of a rule about an entry do not weigh, if somebody pardoned
// them: an exception of the policy that holds, the first in the file, or an acceptance.
func (v view) pardon(rule RuleName, e dep.Entry) (Pardon, bool) {
	if len(v.policy.Exceptions)+len(v.acceptances) == 0 || e.Package == (dep.Package{}) {
		return Pardon{}, false
	}
	if r, known := v.policy.rule(rule); !known || r.Fixed {
		return Pardon{}, false
	}
	for i := range v.policy.Exceptions {
		may, _ := v.policy.mayExcept(rule, &v.policy.Exceptions[i], v.at)
		if x := &v.policy.Exceptions[i]; may && !x.expired(v.at) && slices.Contains(x.Rules, rule) && x.covers(rule, e) {
			return Pardon{Exception: x}, true
		}
	}
	if may, _ := v.policy.mayExcept(rule, nil, v.at); !may || Grave(rule) {
		return Pardon{}, false
	}
	now := acceptanceFor(e, rule)
	for i := range v.acceptances {
		a := &v.acceptances[i]
		now.Reason, now.By, now.Number = a.Reason, a.By, a.Number
		if *a == now {
			return Pardon{Acceptance: a}, true
		}
	}
	return Pardon{}, false
}

// pardoned says whether what a rule says about a subject is pardoned. Somebody answers
// for it: then it does not count as a sign of something else either.
func (v view) pardoned(rule RuleName, s Subject) bool {
	_, ok := v.pardon(rule, s.Change.Entry)
	return ok
}

// by orders pardons.
func (p Pardon) by() string {
	switch {
	case p.Exception != nil:
		return "exception " + p.Exception.where()
	case p.Acceptance != nil:
		return fmt.Sprintf("acceptance %d %s %s", p.Acceptance.Number, p.Acceptance.By, p.Acceptance.Reason)
	}
	return ""
}

// Expired says whether an exception no longer holds.
func (x Exception) Expired(at time.Time) bool { return x.expired(clockAt(at)) }

func (x Exception) expired(at clock) bool { return at.reached(x.Expires.AddDate(0, 0, 1)) }

// covers says whether an exception is for an entry, if it is for the rule.
func (x Exception) covers(rule RuleName, e dep.Entry) bool {
	pattern := splitPattern(x.Package)
	if Grave(rule) && (x.Integrity == "" || !pattern.One()) {
		return false
	}
	return pattern.Matches(e.Package) && (x.Integrity == "" || sameDigests(x.Integrity, e))
}

// sameDigests says whether a lockfile holds just the digests that an exception names,
// as far as they can stand for the bytes: another one beside them would let other bytes
// pass.
func sameDigests(integrity string, e dep.Entry) bool {
	named, err := dep.ParseSRI(integrity)
	if err != nil || e.IntegrityError != "" {
		return false
	}
	weak := func(d dep.Digest) bool { return !d.Comparable() }
	named, held := slices.DeleteFunc(named, weak), slices.DeleteFunc(slices.Clone(e.Digests), weak)
	within := func(a, b []dep.Digest) bool {
		return !slices.ContainsFunc(a, func(d dep.Digest) bool { return !slices.Contains(b, d) })
	}
	return len(named) > 0 && len(held) > 0 && within(named, held) && within(held, named)
}

// stale tells of exceptions that nobody needs any more: those that have expired; and,
// where everything was looked at, those that are for nothing there is.
func stale(in Input, v view) []draft {
	var expired, idle, tooLong []string
	for i, x := range v.policy.Exceptions {
		granted := func(rule RuleName) bool { ok, _ := v.policy.mayExcept(rule, &v.policy.Exceptions[i], v.at); return ok }
		switch {
		case x.expired(v.at):
			expired = append(expired, fmt.Sprintf("%s, for %s until %s", x.where(), quote(x.Package), x.Expires.Format(time.DateOnly)))
		case !slices.ContainsFunc(x.Rules, granted):
			_, why := v.policy.mayExcept(x.Rules[0], &v.policy.Exceptions[i], v.at)
			tooLong = append(tooLong, fmt.Sprintf("%s, for %s until %s, because %s", x.where(), quote(x.Package), x.Expires.Format(time.DateOnly), why))
		case in.Whole && !slices.ContainsFunc(in.Subjects, func(s Subject) bool {
			return s.enters() && splitPattern(x.Package).Matches(s.Change.Entry.Package)
		}):
			idle = append(idle, fmt.Sprintf("%s, for %s", x.where(), quote(x.Package)))
		}
	}
	var out []draft
	say := func(names []string, one, many, help string) {
		if len(names) == 0 {
			return
		}
		d := draft{Finding: Finding{Rule: RulePolicy, Message: "An exception of the policy " + one + ": " + names[0] + ".", Help: help}}
		if n := len(names); n > 1 {
			d.Message = fmt.Sprintf("%d exceptions of the policy %s: %s.", n, many, strings.Join(few(names, strings.Clone), "; "))
		}
		out = append(out, d)
	}
	say(expired, "has expired and no longer holds", "have expired and no longer hold",
		"Take it out of the policy file on the base branch; or, where it is still needed, let its owner look at it again and give it another date.")
	say(tooLong, "does not hold", "do not hold", "Give it a date that the organisation allows, and look at it again then.")
	say(idle, "matches no package of the lockfiles that were looked at", "match no package of the lockfiles that were looked at",
		"Take it out of the policy file on the base branch: what it was made for is gone.")
	return out
}

// where names the line of an exception.
func (x Exception) where() string {
	if x.File == "" {
		return fmt.Sprintf("line %d", x.Line)
	}
	return fmt.Sprintf("line %d of %s", x.Line, quote(x.File))
}
