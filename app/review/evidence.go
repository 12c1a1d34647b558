package review

import (
	"context"
	"maps"
	"runtime/debug"
	"slices"
	"sync"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// subjectOf is what is to be verified about an entry.
func subjectOf(e dep.Entry) provenance.Subject {
	return provenance.Subject{
		Package: e.Package, Digests: e.Digests, OwnDigest: e.OwnDigest,
		Standalone: e.Lockfile == "" && len(e.Digests) == 0, // it was asked for by itself
	}
}

// Progress is told how far a part of a review is: what is counted, how many of them are
// done, and of how many. It is called from one goroutine at a time, and quick.
type Progress func(what string, done, total int)

// of is the progress of one part; nil where nobody is told.
func (p Progress) of(what string) func(done, total int) {
	if p == nil {
		return nil
	}
	return func(done, total int) { p(what, done, total) }
}

// gather asks for the evidence of entries, each distinct one once.
func (r *Reviewer) gather(ctx context.Context, questions []question) map[string]provenance.Evidence {
	distinct := map[string]question{}
	for _, q := range questions {
		distinct[q.key()] = q
	}
	return each(r.concurrency, distinct, func(q question) provenance.Evidence { return r.verify(ctx, q.route, subjectOf(q.entry)) }, r.progress.of("releases"))
}

// each answers questions, at most limit at a time, in the order of their keys: two runs
// ask the same in the same order. progress may be nil; it is called from one goroutine.
func each[Q, A any](limit int, questions map[string]Q, ask func(Q) A, progress func(done, total int)) map[string]A {
	type result struct {
		key    string
		answer A
	}
	results, keys := make(chan result), make(chan string)
	go func() {
		defer close(keys)
		for _, key := range slices.Sorted(maps.Keys(questions)) {
			keys <- key
		}
	}()
	go func() {
		defer close(results)
		var workers sync.WaitGroup
		for range min(limit, len(questions)) { // one for many, whose stack has grown by then
			workers.Go(func() {
				for key := range keys {
					results <- result{key, ask(questions[key])}
				}
			})
		}
		workers.Wait()
	}()
	answers := make(map[string]A, len(questions))
	if progress != nil && len(questions) > 0 {
		progress(0, len(questions))
	}
	for res := range results {
		answers[res.key] = res.answer
		if progress != nil {
			progress(len(answers), len(questions))
		}
	}
	return answers
}

// verify asks for the evidence of one release, where its route leads.
func (r *Reviewer) verify(ctx context.Context, to route, s provenance.Subject) provenance.Evidence {
	failed := provenance.Check{State: provenance.Unknown, Reason: "Bonafide failed while it verified this package (an internal fault)."}
	fault := provenance.Evidence{Package: s.Package}
	fault.Signature.Check, fault.Publish.Check, fault.Provenance.Check, fault.Digest.Check = failed, failed, failed, failed
	room := RoomOf(ctx)
	if room.Short() != nil {
		return fault // all of it is done anew, with more room
	}
	s.Fresh = s.Fresh || Fresh(ctx)
	e := contained(ctx, "verifying "+s.Package.String(), func() provenance.Evidence { return r.verifierOf(to).Verify(ctx, s) }, fault)
	if room.Take(evidenceSize(e)) != nil {
		return fault
	}
	if why := uncounted(to, e); why != "" {
		return withoutProof(e, why)
	}
	return e
}

// verifierOf is whoever asks where a route leads.
func (r *Reviewer) verifierOf(to route) Verifier {
	if other, ok := r.others[to.registry]; ok {
		return other.Verifier
	}
	return r.verifier
}

// contained keeps a panic inside, and answers with fault: what runs on a goroutine of its
// own nobody else can catch, and one package must not end the server.
func contained[T any](ctx context.Context, doing string, ask func() T, fault T) (answer T) {
	defer func() {
		if p := recover(); p != nil {
			zerolog.Ctx(ctx).Error().Interface("panic", p).Bytes("stack", debug.Stack()).Msg("panic while " + doing)
			answer = fault
		}
	}()
	return ask()
}

// change is one change of one lockfile, with who may be asked about it.
type change struct {
	dep.Change
	lookup lookup
	head   []dep.Entry // all of the lockfile
}

// subjects joins changes with the evidence for what enters, and for what it is
// compared with: that of the version before says whether something was lost, and
// whether what is proven comes from the same hands.
func (r *Reviewer) subjects(ctx context.Context, changes []change) []policy.Subject {
	var questions []question
	for _, c := range changes {
		if c.Kind == dep.Removed {
			continue
		}
		for _, e := range slices.Concat([]dep.Entry{c.Entry}, c.Replaces, c.Stays) {
			if q, ok := c.lookup.ask(e); ok {
				questions = append(questions, q)
			}
		}
	}
	found := r.gather(ctx, questions)
	of := func(c change, entries []dep.Entry) []provenance.Evidence {
		out := make([]provenance.Evidence, len(entries))
		for i, e := range entries {
			if q, ok := c.lookup.ask(e); ok {
				out[i] = found[q.key()]
			}
		}
		return out
	}

	subjects := make([]policy.Subject, 0, len(changes))
	for _, c := range changes {
		s := policy.Subject{Change: c.Change}
		if c.Kind == dep.Removed {
			s.NotLookedUp = "was removed"
			subjects = append(subjects, s)
			continue
		}
		q, ok := c.lookup.ask(c.Entry)
		if take(&s, q.route); ok {
			s.Evidence = found[q.key()]
			s.Left, s.Uncounted = c.lookup.left(q, c.Replaces), uncounted(q.route, s.Evidence)
		}
		s.Replaced, s.Stays = of(c, c.Replaces), of(c, c.Stays)
		subjects = append(subjects, s)
	}
	return subjects
}

// take notes where a subject is asked about, or why nowhere.
func take(s *policy.Subject, to route) {
	s.NotLookedUp, s.Private, s.Outside, s.Registry, s.Mirror = to.refused, to.private, to.outside, to.registry, to.mirror
}
