package review

import (
	"context"
	"errors"
	"fmt"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
)

// past is what came of asking for one package's history.
type past struct {
	history registry.History
	unread  string
	retry   bool // asking again may help
}

// histories adds to the subjects what the registry says of their packages' releases, and
// the evidence of those earlier ones that the policy wants to hear. Only those are asked
// about whose own evidence was read: no other name was public, or is worth a second
// question. It says whether asking again may tell more, and what was too much to be
// judged.
func (r *Reviewer) histories(ctx context.Context, subjects []policy.Subject) (retry bool, tooMuch []policy.Problem) {
	if r.historian == nil {
		return false, nil
	}
	asks := func(s policy.Subject) bool {
		p := s.Change.Entry.Package
		return s.NotLookedUp == "" && s.Evidence.Release != nil && p.Ecosystem == dep.NPM
	}
	names := map[string]string{}
	for _, s := range subjects {
		if asks(s) {
			names[s.Change.Entry.Package.Name] = s.Change.Entry.Package.Name
		}
	}
	found := each(r.concurrency, names, func(name string) past { return r.history(ctx, name) }, nil)

	wanted := map[string]dep.Package{}
	releases := 0
	for i := range subjects {
		s := &subjects[i]
		if !asks(*s) {
			continue
		}
		p := found[s.Change.Entry.Package.Name]
		if p.unread != "" {
			s.HistoryUnread = p.unread
			retry = retry || p.retry
			continue
		}
		if releases += len(p.history.Releases); releases > r.maxPast {
			s.HistoryUnread = fmt.Sprintf("the histories of what changes have more than %d releases together", r.maxPast)
			if tooMuch == nil {
				e := s.Change.Entry
				tooMuch = []policy.Problem{{Kind: policy.Unreadable, Lockfile: e.Lockfile, Line: e.Line,
					Detail: fmt.Sprintf("From %s on, the histories of the packages were not looked at: those of what changes have more than %d releases together. Split the change.", e.Package.ID(), r.maxPast)}}
			}
			continue
		}
		s.History = &p.history
		for _, w := range policy.Wanted(*s) {
			wanted[w.String()] = w
			s.Witnesses = append(s.Witnesses, policy.Witness{Package: w})
		}
	}
	evidence := each(r.concurrency, wanted, func(p dep.Package) provenance.Evidence {
		return r.verify(ctx, provenance.Subject{Package: p, Standalone: true})
	}, nil)
	for i := range subjects {
		for j := range subjects[i].Witnesses {
			w := &subjects[i].Witnesses[j]
			w.Evidence = evidence[w.Package.String()]
		}
	}
	return retry, tooMuch
}

// history asks for one history.
func (r *Reviewer) history(ctx context.Context, name string) past {
	room := RoomOf(ctx)
	if err := room.Short(); err != nil {
		return past{unread: err.Error()} // all of it is done anew, with more room
	}
	return contained(ctx, "reading the history of "+name, func() past {
		h, err := r.historian.History(ctx, name)
		if err == nil {
			err = room.Take(historySize(h))
		}
		var failure *registry.Failure
		switch {
		case err == nil:
			return past{history: h}
		case errors.Is(err, registry.ErrNotFound):
			return past{unread: "the registry has no document of the whole package"}
		case errors.As(err, &failure):
			return past{unread: failure.Reason, retry: true}
		}
		return past{unread: fmt.Sprintf("the history of the package could not be read: %v", err), retry: !errors.Is(err, registry.ErrInvalid)}
	}, past{unread: "Bonafide failed while it read the history of the package (an internal fault)"})
}

// settle asks once more, right away, for the evidence of releases that seem to have lost
// something and are so young that it may still be on its way. It names one of which that is
// still so, "" for none.
func (r *Reviewer) settle(ctx context.Context, subjects []policy.Subject, p policy.Policy) (still string) {
	at := r.clock().UTC()
	hasty := map[string]provenance.Subject{}
	for _, s := range subjects {
		if policy.Hasty(s, p, at) {
			hasty[evidenceKey(s.Change.Entry)] = subjectOf(s.Change.Entry)
		}
	}
	found := each(r.concurrency, hasty, func(s provenance.Subject) provenance.Evidence { return r.verify(ctx, s) }, nil)
	for i := range subjects {
		s := &subjects[i]
		if !policy.Hasty(*s, p, at) {
			continue
		}
		s.Evidence = found[evidenceKey(s.Change.Entry)]
		if policy.Hasty(*s, p, at) {
			still = s.Change.Entry.Package.ID()
		}
	}
	return still
}
