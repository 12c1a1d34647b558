package publish

import (
	"slices"
	"strconv"
)

// sharedCache: what a job restores from a cache, another run has written. Whoever gets
// code to run on the default branch, as with pull_request_target, writes what the
// release is built from: so TanStack and ultralytics were taken.
func sharedCache(w *way) []Finding {
	intrusions := w.repository.intrusions()
	var list []Finding
	for _, s := range w.before {
		c, restores := w.repository.restoresCache(s, len(intrusions) > 0)
		if !restores && len(intrusions) > 0 && s.mayRestore() {
			c, restores = restored{at: s.Uses, on: "what " + quoted(s.Uses.Value) + " does, which is not read"}, true
		}
		if !restores || !w.runsTogether(s) {
			continue
		}
		f := found(Warning, c.at.place, "%s restores a shared cache before it publishes.", capital(quotedJob(w.job)))
		f.Why = "Runs of the default branch share their caches: what another workflow put there, this job publishes."
		f.Help = "Install without a cache in the job that publishes."
		f.Source = docsCaching
		if s.is("ruby/setup-ruby") {
			f.Help += " Without bundler-cache a step has to run `bundle install`."
		}
		if len(intrusions) > 0 {
			in := intrusions[0]
			f.Severity = Error
			f.Why = "Outsiders can start " + quoted(in.workflow.File) + " (line " + strconv.Itoa(in.trigger.Line) + ") and run what they wrote there, and its runs write to the same cache: what they put there, this job publishes. That is how TanStack's packages were taken."
			f.Source = docsTanStack
		}
		if c.by != "" {
			f.Why = c.by + " " + f.Why
		}
		f.Edits = c.edits
		if !c.sure {
			f.Severity, f.Edits = Notice, nil
			f.Message = "Whether " + quotedJob(w.job) + " restores a shared cache before it publishes depends on " + c.on + "."
		}
		list = append(list, f)
	}
	return append(list, cachedArtifacts(w)...)
}

// cachedArtifacts: what a job before packs from such a cache and hands over, is published,
// too. Said where outsiders write the cache: else it is how building apart is meant.
func cachedArtifacts(w *way) []Finding {
	r := w.repository
	intrusions := r.intrusions()
	if len(intrusions) == 0 || !slices.ContainsFunc(w.before, func(s *step) bool { return s.is("actions/download-artifact") }) {
		return nil
	}
	var list []Finding
	for _, j := range r.waitsFor(w.job) {
		if j == w.job {
			continue
		}
		for _, c := range once(&r.memo.handed, j, func() []restored { return r.handsOver(j) }) {
			if !w.runsTogether(c.step) {
				continue
			}
			f := found(Error, c.at.place, "%s restores a shared cache, and %s publishes what it hands over.", capital(quotedJob(j)), quotedJob(w.job))
			f.Why = "Outsiders can start " + quoted(intrusions[0].workflow.File) + " (line " + strconv.Itoa(intrusions[0].trigger.Line) + ") and run what they wrote there, and its runs write to the same cache. That is how TanStack's packages were taken."
			f.Help = "Build without a cache what is published."
			f.Source = docsTanStack
			f.Edits = c.edits
			list = append(list, f)
		}
	}
	return list
}

// handsOver are the caches that a job restores which hands artifacts over.
func (r *repository) handsOver(j *job) (list []restored) {
	steps := r.stepsOf(j, maxLooked)
	if !slices.ContainsFunc(steps, func(s *step) bool { return s.is("actions/upload-artifact") }) {
		return nil
	}
	for _, s := range steps {
		if c, restores := r.restoresCache(s, true); restores && c.sure && len(list) < maxRestored {
			c.step = s
			list = append(list, c)
		}
	}
	return list
}

// runsTogether says whether there is an event on which both the step and the way run.
func (w *way) runsTogether(s *step) bool {
	entry, r := w.entry(), w.repository
	if !s.If.stated() || entry == nil || len(entry.Triggers) > 64 {
		return true
	}
	together := once(&r.memo.live, w, func() uint64 {
		events := r.eventsOf(entry, text{})
		for _, c := range w.conditions() {
			events &= r.eventsOf(entry, c)
		}
		return events
	})
	return together&r.eventsOf(entry, s.If) != 0
}

// eventsOf are the triggers of a workflow, one bit each, that a condition does not rule out.
func (r *repository) eventsOf(entry *workflow, condition text) uint64 {
	return once(&r.memo.events, ruling{entry, condition.place}, func() uint64 {
		var events uint64
		for i, t := range entry.Triggers {
			s := situation{"github.event_name": t.Event}
			if t.Event == "push" && len(t.Tags) > 0 && len(t.Branches) == 0 && len(t.BranchesIgnore) == 0 {
				s["github.ref_type"] = "tag"
			}
			if s.holds(condition) != No {
				events |= 1 << i
			}
		}
		return events
	})
}
