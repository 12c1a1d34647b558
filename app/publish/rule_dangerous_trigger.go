package publish

import (
	"slices"
	"strings"
)

// dangerousTrigger: a job that publishes must not run because an outsider wishes so.
func dangerousTrigger(w *way) []Finding {
	entry := w.entry()
	if entry == nil {
		return nil
	}
	var list []Finding
	for _, t := range entry.Triggers {
		switch {
		case t.Event == "workflow_run":
			list = append(list, followsFork(w, t)...)
		case slices.Contains(outsiders(), t.Event):
			list = append(list, startedByOutsider(w, t)...)
		case t.Event == "workflow_dispatch":
			list = append(list, takenOver(w, "actions")...)
		case t.Event == "repository_dispatch":
			list = append(list, takenOver(w, "contents")...)
		}
	}
	return list
}

func startedByOutsider(w *way, t *trigger) []Finding {
	answer, on := w.repository.byOutsider(t).passes(w.conditions())
	if answer == No {
		return nil
	}
	f := found(Error, t.place, "%s publishes on %s, which people without any right in the repository can cause.", capital(quotedJob(w.job)), quoted(t.Event))
	f.Why = "The run holds the repository's secrets and may ask for an id-token, whoever caused it. Where it touches what they wrote, they publish."
	f.Help = "Publish on a release, on a tag or by hand (`workflow_dispatch`), in a workflow of its own."
	f.Source = docsTarget
	if t.Event != "pull_request_target" {
		f.Source = docsSecureUse
	}
	switch {
	case w.Registry == "crates.io" && w.tokenless() && t.Event == "pull_request_target":
		f.Why = "crates.io refuses trusted publishing on this event, since outsiders can cause it."
		f.Source = docsCratesTriggers
	case answer == Depends:
		f.Severity = Notice
		f.Message = capital(quotedJob(w.job)) + " publishes on " + quoted(t.Event) + "; whether only people with rights can cause it depends on a condition: " + quoted(on.Value) + "."
	case t.byTriage():
		if f.Severity = Notice; slices.ContainsFunc(w.before, func(s *step) bool { return s.bringsCode(t.Event) }) {
			f.Severity = Warning
		}
		f.Message = capital(quotedJob(w.job)) + " publishes on " + quoted(t.Event) + " when somebody with rights labels or assigns; what it publishes may be an outsider's."
	case w.job.Environment.stated():
		f.Severity = Notice
		f.Message = capital(quotedJob(w.job)) + " publishes on " + quoted(t.Event) + "; whether somebody has to approve it first depends on the rules of the environment " + quoted(w.job.Environment.Value) + ", which no file says."
	}
	return []Finding{f}
}

// followsFork: workflow_run starts with all secrets, also behind a workflow that a fork's
// pull request started. The name of the branch proves nothing: a fork can call its
// branch main.
func followsFork(w *way, t *trigger) []Finding {
	events, unsure := w.repository.forkEvents(t)
	if unsure && len(events) == 0 {
		events = []string{"pull_request"}
	}
	answer := No
	for _, event := range events {
		a, _ := w.repository.behindFork(event).passes(w.conditions())
		if a == Yes || a == Depends && answer == No {
			answer = a
		}
	}
	f := found(Warning, t.place, "%s publishes behind another workflow, which a fork's pull request can start.", capital(quotedJob(w.job)))
	f.Why = "A run by workflow_run holds the repository's secrets, also where a fork's pull request started the workflow before; branches: does not help, since a fork names its branches."
	f.Help = "Let the job run only for pushes to the repository's own branch: `if: " + w.followsPush() + "`."
	f.Source = docsEvents
	switch {
	case w.Registry == "crates.io" && w.tokenless():
		f.Severity = Error
		f.Message = capital(quotedJob(w.job)) + " publishes on workflow_run, which crates.io refuses."
		f.Why = "crates.io takes trusted publishing only from events that outsiders cannot cause."
		f.Help = "Publish on push, on a release or by hand (`workflow_dispatch`)."
		f.Source = docsCratesTriggers
	case answer == No:
		return nil
	case answer == Depends || unsure:
		f.Severity = Notice
		f.Message = capital(quotedJob(w.job)) + " publishes behind another workflow; whether a fork's pull request can start it depends on what no file says."
	case w.job.Environment.stated():
		f.Severity = Notice
		f.Message = capital(quotedJob(w.job)) + " publishes behind another workflow, which a fork's pull request can start; whether somebody has to approve it first depends on the rules of the environment " + quoted(w.job.Environment.Value) + ", which no file says."
	case w.takesForeignCode():
		f.Severity = Error
		f.Why += " This job takes what that run built or checked out, and publishes it."
	}
	return []Finding{f}
}

// followsPush is the condition of a job that runs behind a push to the default branch, and
// behind nothing else: of a push, head_branch is a branch of this repository.
func (w *way) followsPush() string {
	return "github.event.workflow_run.conclusion == 'success' && github.event.workflow_run.event == 'push' && github.event.workflow_run.head_branch == '" + w.defaultBranch() + "'"
}

// forkEvents are the events by which an outsider starts one of the workflows that the
// trigger waits for; unsure where one of them is not there, or waits for others itself.
// They are named as their `name` says, or by their path.
func (r *repository) forkEvents(t *trigger) (events []string, unsure bool) {
	from := once(&r.memo.forkable, t, func() forkable {
		var from forkable
		awaited := map[string]bool{} // and whether it was found
		for _, name := range t.Workflows {
			awaited[name.Value] = false
		}
		for _, w := range r.workflows {
			name := w.Name.Value
			if !w.Name.stated() {
				name = w.File
			}
			if _, ok := awaited[name]; !ok {
				continue
			}
			awaited[name] = true
			for _, e := range w.Triggers {
				if strings.HasPrefix(e.Event, "pull_request") || slices.Contains(outsiders(), e.Event) {
					from.events = append(from.events, e.Event)
				}
				from.unsure = from.unsure || e.Event == "workflow_run"
			}
		}
		for _, seen := range awaited {
			from.unsure = from.unsure || !seen
		}
		from.unsure = from.unsure && len(from.events) == 0
		return from
	})
	return from.events, from.unsure
}

// takesForeignCode says whether the job takes the code or the artifacts of the run that
// started it.
func (w *way) takesForeignCode() bool {
	return slices.ContainsFunc(w.before, func(s *step) bool {
		if s.bringsCode("workflow_run") || strings.Contains(s.Run.Value, "gh run download") {
			return true
		}
		return !s.is("actions/checkout") && slices.ContainsFunc(s.With.Settings, func(v setting) bool {
			return strings.Contains(v.Value, "github.event.workflow_run.id")
		})
	})
}

// takenOver: by workflow_dispatch and repository_dispatch a workflow starts others with its
// GITHUB_TOKEN. Outsiders who get a run to do what they wrote so start what publishes, from
// a branch of their making: that is how nx was taken.
// https://docs.github.com/en/actions/concepts/security/github_token
func takenOver(w *way, scope string) []Finding {
	var list []Finding
	for _, in := range w.repository.intrusions() {
		if in.workflow == w.entry() {
			continue // said at its own trigger
		}
		access, _, stated := in.job.Permissions.of(scope)
		if !stated {
			access, _, stated = in.workflow.Permissions.of(scope)
		}
		if stated && access != write && !dynamic(access) {
			continue
		}
		at := in.step.Run.place
		if !at.stated() {
			at = in.step.Uses.place
		}
		at.End = at.Line
		f := found(Error, at, "People without any right in the repository run what they write here, with a token that may start %s, which publishes.", quoted(w.entry().File))
		f.Why = "It runs on " + quoted(in.trigger.Event) + ", and GITHUB_TOKEN with " + scope + ": write starts the workflow that publishes. That is how nx was taken."
		f.Help = "Hand what they wrote over in env and use it in quotes, or run their code on pull_request; state permissions without " + scope + ": write."
		f.Source = docsNx
		if !stated || access != write {
			f.Severity = Notice
			f.Message = "People without any right in the repository run what they write here; whether the token may start " + quoted(w.entry().File) + ", which publishes, depends on what no file says."
		} else if w.job.Environment.stated() {
			f.Severity = Notice
			f.Message = "People without any right in the repository run what they write here, with a token that may start " + quoted(w.entry().File) + "; whether somebody has to approve what it publishes depends on the rules of an environment."
		}
		list = append(list, f)
	}
	return list
}
