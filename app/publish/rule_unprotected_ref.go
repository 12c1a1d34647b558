package publish

import "strings"

// unprotectedRef: who may push any branch publishes by pushing one. An environment, or a
// filter for one branch that can be protected, or for tags, says who may.
func unprotectedRef(w *way) []Finding {
	entry := w.entry()
	if entry == nil || !w.known() || w.job.Environment.stated() {
		return nil
	}
	var list []Finding
	for _, t := range entry.Triggers {
		var s situation
		switch t.Event {
		case "push":
			at, any := t.anyBranch()
			if !any {
				continue
			}
			s = pushed("refs/heads/any-branch-at-all")
			delete(s, "github.event.ref")
			answer, _ := w.reached(s, "github.ref", "github.ref_name", "github.ref_type", "github.event.ref", "github.event_name")
			if answer == No {
				continue
			}
			f := found(Warning, at, "A push to any branch publishes.")
			f.Why = "Everybody who may push a branch publishes with it, without any review: branch protection holds for branches that somebody named."
			f.Help = "Publish on tags (`tags: ['v*']`), on a release, or from one protected branch; or give the job an `environment` with required reviewers or a branch rule."
			f.Source = docsEnvironments
			if answer == Depends {
				f.Severity = Notice
				f.Message = "Whether a push to any branch publishes depends on a condition that no file decides."
			}
			list = append(list, f)
		case "pull_request":
			if t.byTriage() {
				continue // somebody with rights has looked at it
			}
			s = situation{"github.event_name": "pull_request", "github.ref": "refs/pull/1/merge", "github.ref_name": "1/merge", "github.ref_type": "branch"}
			if len(t.Types) == 1 && !dynamic(t.Types[0].Value) {
				s["github.event.action"] = t.Types[0].Value
			}
			answer, _ := w.reached(s, "github.ref", "github.event_name", "github.event.pull_request.merged", "github.event.action", "github.event.label", "github.event.pull_request.labels")
			if answer != Yes {
				continue
			}
			f := found(Warning, t.place, "A pull request publishes before anybody has looked at it.")
			f.Why = "A pull request from a branch of the repository holds its secrets: who may push a branch publishes. (From a fork it fails: it holds none.)"
			f.Help = "Let the step run only for other events (`if: github.event_name != 'pull_request'`), or give the job an `environment` with required reviewers."
			f.Source = docsEnvironments
			list = append(list, f)
		}
	}
	return list
}

// anyBranch says whether a push to a branch of any name starts it.
func (t *trigger) anyBranch() (place, bool) {
	switch {
	case len(t.Branches) > 0:
		at, any := place{}, false
		for _, b := range t.Branches {
			switch {
			case strings.HasPrefix(b.Value, "!"):
			case strings.Trim(b.Value, "*") == "" || strings.Trim(b.Value, "*/") == "":
				at, any = b.place, true
			}
		}
		return at, any
	case len(t.BranchesIgnore) > 0:
		return t.BranchesIgnore[0].place, true
	case len(t.Tags) > 0 || len(t.TagsIgnore) > 0:
		return place{}, false // tags only
	}
	return t.place, true
}
