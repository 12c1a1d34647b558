package review

import (
	"context"
	"fmt"
	"slices"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/lockfile"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/report"
)

// inventories looks at what no change is about, where the policy asks for it: at whole
// lockfiles, to count who has provenance, or at single packages, whose provenance is
// required. What the subjects say already is not asked again. In an audit the subjects
// are all there is.
func (r *Reviewer) inventories(ctx context.Context, req Request, in *policy.Input) {
	needed, counted := policy.NeedsInventory(req.Policy)
	if !needed {
		return
	}
	if req.Kind == report.Audit {
		for _, f := range req.Files {
			i := policy.Inventory{Lockfile: f.Path}
			if counted {
				i.Head = policy.Count(subjectsOf(in.Subjects, f.Path))
			}
			in.Inventories = append(in.Inventories, i)
		}
		return
	}

	for _, f := range req.Files { // each entry of it is made a subject
		entries := min(f.size()/entryBytes, 2*lockfile.MaxEntries)
		if RoomOf(ctx).Take(parseWeight(f.size())+entries*changeWeight) != nil {
			return
		}
	}
	var sides []sides
	var asked []question
	known := map[string]provenance.Evidence{}
	for _, f := range req.Files {
		s, ok := r.sidesOf(f, in.Subjects, req.Policy, counted)
		if !ok {
			continue
		}
		sides = append(sides, s)
		s.answered(subjectsOf(in.Subjects, f.Path), known)
		for _, q := range s.toAsk() {
			if _, have := known[q.key()]; !have {
				asked = append(asked, q)
			}
		}
	}
	tooMany := len(asked) > MaxChanges
	if !tooMany {
		for key, ev := range r.gather(ctx, asked) {
			known[key] = ev
		}
	}
	for _, s := range sides {
		subjects := func(entries []dep.Entry) []policy.Subject {
			out := make([]policy.Subject, len(entries))
			for i, e := range entries {
				out[i] = policy.Subject{Change: dep.Change{Entry: e, Occurrences: []dep.Entry{e}}}
				q, ask := s.lookup.ask(e)
				if take(&out[i], q.route); !ask {
					continue
				}
				ev, have := known[q.key()]
				if !have && tooMany {
					ev.Provenance.Check = provenance.Check{State: provenance.Unknown,
						Reason: fmt.Sprintf("more than %d packages would have to be asked about", MaxChanges)}
				}
				out[i].Evidence = ev
			}
			return out
		}
		inventory := policy.Inventory{Lockfile: s.path, Unchanged: subjects(s.unchanged)}
		if counted {
			inventory.Base, inventory.Head = policy.Count(subjects(s.base)), policy.Count(subjects(s.head))
		}
		inventory.Retry = slices.ContainsFunc(s.toAsk(), func(q question) bool { return known[q.key()].Retry })
		in.Inventories = append(in.Inventories, inventory)
	}
}

// sides are the entries of one lockfile that have to be looked at as a whole.
type sides struct {
	path       string
	lookup     lookup
	base, head []dep.Entry // to be counted; none where nothing is
	unchanged  []dep.Entry // of the head, whose provenance is required
}

// sidesOf reads a lockfile again: few policies count, and for the others nothing has to
// be kept.
func (r *Reviewer) sidesOf(f File, subjects []policy.Subject, p policy.Policy, counted bool) (sides, bool) {
	base, head, _ := parse(f)
	if head == nil {
		return sides{}, false // said already
	}
	s := sides{path: f.Path, lookup: r.lookupFor(false, p, f, base, head)}
	changed := map[string]bool{}
	for _, c := range subjectsOf(subjects, f.Path) {
		for _, e := range c.Change.Occurrences {
			changed[occurrence(e)] = c.Change.Kind != dep.Removed
		}
	}
	for _, c := range inventory(head) {
		if counted {
			s.head = append(s.head, c.Entry)
		}
		if p.RequireOf(c.Entry.Package) == "all" && !slices.ContainsFunc(c.Occurrences, func(e dep.Entry) bool { return changed[occurrence(e)] }) {
			s.unchanged = append(s.unchanged, c.Entry)
		}
	}
	if counted && p.MaxCoverageDrop < 100 {
		for _, c := range lockfile.Diff(nil, base) {
			s.base = append(s.base, c.Entry)
		}
	}
	return s, true
}

// occurrence tells the entries of one side of a lockfile apart.
func occurrence(e dep.Entry) string { return fmt.Sprint(e.Location, "\x00", e.Line, "\x00", e.Package) }

// toAsk are the entries that a registry may be asked about.
func (s sides) toAsk() (out []question) {
	for _, e := range slices.Concat(s.base, s.head, s.unchanged) {
		if q, ok := s.lookup.ask(e); ok {
			out = append(out, q)
		}
	}
	return out
}

// subjectsOf are the subjects of one lockfile.
func subjectsOf(subjects []policy.Subject, path string) []policy.Subject {
	return slices.DeleteFunc(slices.Clone(subjects), func(s policy.Subject) bool { return s.Change.Entry.Lockfile != path })
}

// answered takes up the evidence that subjects of the lockfile hold, by what was asked.
func (s sides) answered(subjects []policy.Subject, known map[string]provenance.Evidence) {
	keep := func(e dep.Entry, ev provenance.Evidence) {
		if q, ok := s.lookup.ask(e); ok && (ev.Provenance.State != "" || ev.Gone) {
			known[q.key()] = ev
		}
	}
	for _, of := range subjects {
		keep(of.Change.Entry, of.Evidence)
		for i, ev := range of.Replaced {
			keep(of.Change.Replaces[i], ev)
		}
		for i, ev := range of.Stays {
			keep(of.Change.Stays[i], ev)
		}
	}
}
