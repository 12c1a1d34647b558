package review

import (
	"context"
	"fmt"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/lockfile"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// bundles finds out of the entries that are marked as bundled whether the package that
// is said to bundle them says so itself: the lockfile is the pull request's to write,
// the registry's document is not. What it does not say is asked about like any other
// entry.
func (r *Reviewer) bundles(ctx context.Context, changes []change, subjects []policy.Subject) {
	b := bundling{index: map[string]map[string]dep.Entry{}, said: map[string]provenance.Evidence{}, delivered: map[place]map[string]bool{}}
	for _, s := range subjects {
		if s.Evidence.Release != nil || s.Evidence.Gone {
			b.said[release(s.Evidence.Package, s.Registry)] = s.Evidence
		}
	}
	b.ask(ctx, r, changes)

	var alone []question // what nothing bundles, without its mark
	for i, c := range changes {
		s := &subjects[i]
		for _, e := range marked(c) {
			check, retry := b.check(c, e)
			s.Evidence.Retry = s.Evidence.Retry || retry
			if s.Bundle.State != provenance.Absent { // the worst of all places counts
				s.Bundle = worse(s.Bundle, check)
			}
		}
		if s.Bundle.State != provenance.Absent {
			continue
		}
		e := c.Entry
		e.Bundled = false
		q, ok := c.lookup.ask(e)
		if take(s, q.route); ok {
			alone = append(alone, q)
		}
	}
	if len(alone) == 0 {
		return
	}
	found := r.gather(ctx, alone)
	for i := range subjects {
		if s := &subjects[i]; s.Bundle.State == provenance.Absent && s.NotLookedUp == "" {
			q := askedBy(*s)
			s.Evidence = found[q.key()]
			s.Left, s.Uncounted = changes[i].lookup.left(q, s.Change.Replaces), uncounted(q.route, s.Evidence)
		}
	}
}

// marked are the entries of a change that go without a digest because they are marked as
// bundled.
func marked(c change) (out []dep.Entry) {
	if c.Kind == dep.Removed {
		return nil
	}
	for _, e := range c.Occurrences {
		if e.Source == dep.Registry && e.Bundled && e.Resolved == "" && e.Integrity == "" {
			out = append(out, e)
		}
	}
	return out
}

func worse(a, b provenance.Check) provenance.Check {
	if a.State == "" || b.State == provenance.Absent || a.State == provenance.Verified {
		return b
	}
	return a
}

// bundling is what is known of the packages that are said to bundle others.
type bundling struct {
	index     map[string]map[string]dep.Entry // by the lockfile's path and the location
	said      map[string]provenance.Evidence  // by release
	delivered map[place]map[string]bool       // by who bundles: locations
}

// release is one of a registry: another one may have others under the same name.
func release(p dep.Package, registry string) string { return p.String() + " " + registry }

type place struct{ lockfile, location string }

// bundler is the entry that is said to bundle another one.
func (b *bundling) bundler(c change, e dep.Entry) (dep.Entry, bool) {
	at := b.index[e.Lockfile]
	if at == nil {
		at = make(map[string]dep.Entry, len(c.head))
		for _, e := range c.head {
			at[e.Location] = e
		}
		b.index[e.Lockfile] = at
	}
	return lockfile.Bundler(e, func(location string) (dep.Entry, bool) {
		e, ok := at[location]
		return e, ok
	})
}

// ask asks for the documents of those that bundle something and did not change.
func (b *bundling) ask(ctx context.Context, r *Reviewer, changes []change) {
	var unread []question
	for _, c := range changes {
		for _, e := range marked(c) {
			in, ok := b.bundler(c, e)
			if !ok {
				continue
			}
			q, ask := c.lookup.ask(in)
			if _, known := b.said[release(in.Package, q.registry)]; ask && !known {
				unread = append(unread, q)
			}
		}
	}
	if len(unread) == 0 {
		return
	}
	found := r.gather(ctx, unread)
	for _, q := range unread {
		b.said[release(q.entry.Package, q.registry)] = found[q.key()]
	}
}

// check says whether the release that is said to bundle an entry says so.
func (b *bundling) check(c change, e dep.Entry) (check provenance.Check, retry bool) {
	in, ok := b.bundler(c, e)
	if !ok {
		return provenance.Check{State: provenance.Absent, Reason: "it lies in no package that could bundle it"}, false
	}
	unknown := func(reason string, retry bool) (provenance.Check, bool) {
		return provenance.Check{State: provenance.Unknown, Reason: fmt.Sprintf("of %s, which is said to bundle it, %s", in.Package.ID(), reason)}, retry
	}
	to := c.lookup.route(in)
	said := b.said[release(in.Package, to.registry)]
	switch {
	case to.refused != "":
		return unknown("nothing could be asked: it "+to.refused, false)
	case said.Gone:
		return unknown("the registry has no such release", false)
	case said.Release == nil:
		return unknown("the registry's document could not be read: "+said.Provenance.Reason, said.Retry)
	}
	at := place{e.Lockfile, in.Location}
	delivered, known := b.delivered[at]
	if !known {
		delivered = lockfile.Delivered(c.head, in.Location, said.Release.Bundles)
		b.delivered[at] = delivered
	}
	if !delivered[e.Location] {
		return provenance.Check{State: provenance.Absent, Reason: fmt.Sprintf("the release of %s does not say that it bundles it", in.Package.ID())}, false
	}
	return provenance.Check{State: provenance.Verified}, false
}
