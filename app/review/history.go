package review

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"

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

// bygone is a package whose history is asked for at one registry, with the releases that it
// must list.
type bygone struct {
	name, registry string
	of             []dep.Package
}

func (b bygone) key() string { return b.name + " " + b.registry }

// need adds a package to those whose history is asked for.
func need(names map[string]bygone, p dep.Package, registry string) {
	key := bygone{name: p.Name, registry: registry}.key()
	b := names[key]
	b.name, b.registry, b.of = p.Name, registry, append(b.of, p)
	names[key] = b
}

// pasts are histories that are being asked for, by bygone.key.
type pasts struct {
	wait func() map[string]past // nil where none is
	tell *atomic.Bool           // whether somebody is told how far they are
}

// pasts begins to ask for the histories of what enters, beside the evidence: the registry is
// told the same names for both. While others tell how far they are, nobody is told.
func (r *Reviewer) pasts(ctx context.Context, changes []change) pasts {
	names := map[string]bygone{}
	for _, c := range changes {
		p := c.Entry.Package
		if q, ok := c.lookup.ask(c.Entry); ok && c.Kind != dep.Removed && p.Ecosystem == dep.NPM && r.historianOf(q.registry) != nil {
			need(names, p, q.registry)
		}
	}
	if len(names) == 0 {
		return pasts{}
	}
	tell := &atomic.Bool{}
	progress := r.progress.of("histories")
	return pasts{tell: tell, wait: soon(ctx, "reading histories", func() map[string]past {
		return each(r.concurrency, names, func(b bygone) past { return r.history(ctx, b) }, func(done, total int) {
			if progress != nil && tell.Load() {
				progress(done, total)
			}
		})
	}, nil)}
}

// known waits for them.
func (p pasts) known() map[string]past {
	if p.wait == nil {
		return nil
	}
	p.tell.Store(true)
	return p.wait()
}

// end waits for them where nobody did: they take from the room.
func (p pasts) end() {
	if p.wait != nil {
		p.wait()
	}
}

// histories adds to the subjects what the registry says of their packages' releases, and
// the evidence of those earlier ones that the policy wants to hear. Nothing is said of those
// whose own evidence was not read. earlier are those that were asked for already. It says
// whether asking again may tell more, and what was too much to be judged.
func (r *Reviewer) histories(ctx context.Context, subjects []policy.Subject, earlier pasts) (retry bool, tooMuch []policy.Problem) {
	asks := func(s policy.Subject) bool {
		p := s.Change.Entry.Package
		return r.historianOf(s.Registry) != nil && s.NotLookedUp == "" && s.Evidence.Release != nil && p.Ecosystem == dep.NPM
	}
	found := map[string]past{}
	maps.Copy(found, earlier.known())
	names := map[string]bygone{}
	for _, s := range subjects {
		p := s.Change.Entry.Package
		if _, known := found[bygone{name: p.Name, registry: s.Registry}.key()]; !known && asks(s) {
			need(names, p, s.Registry)
		}
	}
	maps.Copy(found, each(r.concurrency, names, func(b bygone) past { return r.history(ctx, b) }, r.progress.of("histories")))

	wanted := map[string]question{}
	releases := 0
	for i := range subjects {
		s := &subjects[i]
		if !asks(*s) {
			continue
		}
		p := found[bygone{name: s.Change.Entry.Package.Name, registry: s.Registry}.key()]
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
			wanted[release(w, s.Registry)] = question{dep.Entry{Package: w}, route{registry: s.Registry}}
			s.Witnesses = append(s.Witnesses, policy.Witness{Package: w})
		}
	}
	evidence := each(r.concurrency, wanted, func(q question) provenance.Evidence {
		return r.verify(ctx, q.route, provenance.Subject{Package: q.entry.Package, Standalone: true})
	}, r.progress.of("earlier releases"))
	for i := range subjects {
		for j := range subjects[i].Witnesses {
			w := &subjects[i].Witnesses[j]
			w.Evidence = evidence[release(w.Package, subjects[i].Registry)]
		}
	}
	return retry, tooMuch
}

// historianOf answers for the histories of a registry, nil where nobody does.
func (r *Reviewer) historianOf(registry string) Historian {
	if other, ok := r.others[registry]; ok {
		return other.Historian
	}
	return r.historian
}

// history asks for one history. One that does not list all of these releases may have been
// kept since before they came out, so that it is asked for again, past what was kept.
func (r *Reviewer) history(ctx context.Context, b bygone) past {
	historian := r.historianOf(b.registry)
	room := RoomOf(ctx)
	if err := room.Short(); err != nil {
		return past{unread: err.Error()} // all of it is done anew, with more room
	}
	if Fresh(ctx) {
		ctx = registry.WithFresh(ctx)
	}
	return contained(ctx, "reading the history of "+b.name, func() past {
		h, err := historian.History(ctx, b.name)
		if err == nil && !lists(h, b.of) {
			h, err = historian.History(registry.WithFresh(ctx), b.name)
		}
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

// lists says whether a history has all of these releases.
func lists(h registry.History, all []dep.Package) bool {
	return !slices.ContainsFunc(all, func(p dep.Package) bool {
		_, listed := h.Find(p.Version)
		return !listed
	})
}

// settle asks once more, right away, for the evidence of releases that seem to have lost
// something and are so young that it may still be on its way. It names one of which that is
// still so, "" for none.
func (r *Reviewer) settle(ctx context.Context, subjects []policy.Subject, p policy.Policy) (still string) {
	at := r.clock().UTC()
	hasty := map[string]question{}
	for _, s := range subjects {
		if policy.Hasty(s, p, at) {
			hasty[askedBy(s).key()] = askedBy(s)
		}
	}
	found := each(r.concurrency, hasty, func(q question) provenance.Evidence {
		s := subjectOf(q.entry)
		s.Fresh = true
		return r.verify(ctx, q.route, s)
	}, nil)
	for i := range subjects {
		s := &subjects[i]
		if !policy.Hasty(*s, p, at) {
			continue
		}
		s.Evidence = found[askedBy(*s).key()]
		if policy.Hasty(*s, p, at) {
			still = s.Change.Entry.Package.ID()
		}
	}
	return still
}
