package publish

import (
	"slices"
	"strings"
)

// outsiders are events that somebody without any right in the repository can cause, and
// whose runs hold its secrets: a fork's pull request, a comment, an issue. (Runs for
// pull_request from a fork hold none.)
func outsiders() []string {
	return []string{"pull_request_target", "issue_comment", "issues", "discussion", "discussion_comment", "fork", "watch", "gollum"}
}

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
		}
	}
	return list
}

func startedByOutsider(w *way, t *trigger) []Finding {
	s := situation{"github.event_name": t.Event, "github.ref_type": "branch"}
	w.fromFork(s, "github.event.pull_request.head.repo")
	if d := w.repository.facts.DefaultBranch; d != "" {
		s["github.ref"], s["github.ref_name"] = "refs/heads/"+d, d
	}
	if len(t.Types) == 1 && !dynamic(t.Types[0].Value) {
		s["github.event.action"] = t.Types[0].Value
	}
	// What says who, or that a maintainer merged it, can make it safe.
	answer, on := w.reached(s, "github.event.pull_request.merged", "github.event.comment.author_association", "github.event.issue.author_association",
		"github.actor", "github.triggering_actor", "github.event.sender", "github.event.label", "github.event.comment.user",
		"github.event.pull_request.head.repo", "github.event.pull_request.user", "github.event.pull_request.author_association")
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
	if w.Registry == "crates.io" && w.tokenless() && t.Event == "pull_request_target" {
		f.Why = "crates.io refuses trusted publishing on this event, since outsiders can cause it."
		f.Source = docsCratesTriggers
		return []Finding{f}
	}
	if answer == Depends {
		f.Severity = Notice
		f.Message = capital(quotedJob(w.job)) + " publishes on " + quoted(t.Event) + "; whether only people with rights can cause it depends on a condition: " + quoted(on.Value) + "."
	}
	return []Finding{f}
}

// fromFork notes that the repository of that name is somebody's fork.
func (w *way) fromFork(s situation, name string) {
	here, ok := strings.CutPrefix(strings.ToLower(w.repository.facts.Repository), "github.com/")
	if !ok {
		return
	}
	_, base, _ := strings.Cut(here, "/")
	s["github.repository"] = here
	s[name+".full_name"], s[name+".fork"] = "somebody else/"+base, "true"
}

// followsFork: workflow_run starts with all secrets, also behind a workflow that a fork's
// pull request started. The name of the branch proves nothing: a fork can call its
// branch main.
func followsFork(w *way, t *trigger) []Finding {
	s := situation{"github.event_name": "workflow_run", "github.event.workflow_run.event": "pull_request"}
	w.fromFork(s, "github.event.workflow_run.head_repository")
	answer, _ := w.reached(s, "github.event.workflow_run.head_repository", "github.event.workflow_run.event", "github.event.workflow_run.actor")
	crates := w.Registry == "crates.io" && w.tokenless()
	if answer == No && !crates {
		return nil
	}
	f := found(Warning, t.place, "%s publishes behind another workflow, which a fork's pull request can start.", capital(quotedJob(w.job)))
	f.Why = "A run by workflow_run holds the repository's secrets, also where a fork's pull request started the workflow before; branches: does not help, since a fork names its branches."
	f.Help = "Let the job run only for pushes to the repository: `if: github.event.workflow_run.conclusion == 'success' && github.event.workflow_run.event == 'push'`."
	f.Source = docsEvents
	if crates {
		f.Severity = Error
		f.Message = capital(quotedJob(w.job)) + " publishes on workflow_run, which crates.io refuses."
		f.Why = "crates.io takes trusted publishing only from events that outsiders cannot cause."
		f.Help = "Publish on push, on a release or by hand (`workflow_dispatch`)."
		f.Source = docsCratesTriggers
		return []Finding{f}
	}
	switch from := once(&w.repository.memo.forkable, t, func() Answer { return w.repository.forkable(t) }); {
	case from == No:
		return nil
	case from == Depends || answer == Depends:
		f.Severity = Notice
		f.Message = capital(quotedJob(w.job)) + " publishes behind another workflow; whether a fork's pull request can start it depends on what no file says."
	case w.takesForeignCode():
		f.Severity = Error
		f.Why += " This job takes what that run built or checked out, and publishes it."
	}
	return []Finding{f}
}

// forkable says whether a fork's pull request starts one of the workflows that the
// trigger waits for. They are named as their `name` says, or by their path.
func (r *repository) forkable(t *trigger) Answer {
	awaited := map[string]bool{} // and whether it was found
	for _, name := range t.Workflows {
		awaited[name.Value] = false
	}
	answer := No
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
				return Yes
			}
			if e.Event == "workflow_run" {
				answer = Depends
			}
		}
	}
	for _, seen := range awaited {
		if !seen {
			return Depends
		}
	}
	return answer
}

// takesForeignCode says whether the job takes the code or the artifacts of the run that
// started it.
func (w *way) takesForeignCode() bool {
	for _, s := range w.before {
		for _, v := range s.With.Settings {
			if strings.Contains(v.Value, "github.event.workflow_run.head") || strings.Contains(v.Value, "github.event.workflow_run.id") || strings.Contains(v.Value, "github.event.pull_request.head") {
				return true
			}
		}
		if strings.Contains(s.Run.Value, "github.event.workflow_run.head") || strings.Contains(s.Run.Value, "gh run download") || strings.Contains(s.Run.Value, "gh pr checkout") {
			return true
		}
	}
	return false
}
