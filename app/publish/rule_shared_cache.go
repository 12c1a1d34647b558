package publish

import "strconv"

// sharedCache: what a job restores from a cache, another run has written. Whoever gets
// code to run on the default branch, as with pull_request_target, writes what the
// release is built from: so TanStack and ultralytics were taken.
func sharedCache(w *way) []Finding {
	intrusions := w.repository.intrusions()
	var list []Finding
	for _, s := range w.before {
		c, restores := w.repository.restoresCache(s, len(intrusions) > 0)
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
	return list
}

// runsTogether says whether there is an event on which both the step and the way run.
func (w *way) runsTogether(s *step) bool {
	entry := w.entry()
	if !s.If.stated() || entry == nil {
		return true
	}
	for _, t := range entry.Triggers {
		at := situation{"github.event_name": t.Event}
		if t.Event == "push" && len(t.Tags) > 0 && len(t.Branches) == 0 && len(t.BranchesIgnore) == 0 {
			at["github.ref_type"] = "tag"
		}
		if at.holds(s.If) != No && !at.excludes(w.conditions()) {
			return true
		}
	}
	return false
}

// excludes says whether one of the conditions does not hold, whatever else is the case.
func (s situation) excludes(conditions []text) bool {
	for _, c := range conditions {
		if s.holds(c) == No {
			return true
		}
	}
	return false
}
