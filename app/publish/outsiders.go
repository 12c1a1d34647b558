package publish

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// outsiders are events that somebody without any right in the repository can cause, and
// whose runs hold its secrets: a fork's pull request, a comment, an issue. (Runs for
// pull_request from a fork hold none.)
func outsiders() []string {
	return []string{"pull_request_target", "issue_comment", "issues", "discussion", "discussion_comment", "fork", "watch", "gollum"}
}

// byTriage says whether only somebody who may label, assign and the like starts the runs.
func (t *trigger) byTriage() bool {
	return len(t.Types) > 0 && !slices.ContainsFunc(t.Types, func(v text) bool {
		return !slices.Contains([]string{"labeled", "unlabeled", "assigned", "unassigned", "milestoned", "demilestoned", "locked", "unlocked", "pinned", "unpinned", "enqueued", "auto_merge_enabled"}, v.Value)
	})
}

// byOutsider is a run that somebody without any right caused.
func (r *repository) byOutsider(t *trigger) situation {
	s := situation{"github.event_name": t.Event, "github.ref_type": "branch"}
	r.fromFork(s, "github.event.pull_request.head.repo")
	if d := r.facts.DefaultBranch; d != "" {
		s["github.ref"], s["github.ref_name"] = "refs/heads/"+d, d
	}
	if len(t.Types) == 1 && !dynamic(t.Types[0].Value) {
		s["github.event.action"] = t.Types[0].Value
	}
	return s
}

// behindFork is a run that follows the run of another workflow, which a fork caused by that
// event.
func (r *repository) behindFork(event string) situation {
	s := situation{"github.event_name": "workflow_run", "github.event.workflow_run.event": event}
	r.fromFork(s, "github.event.workflow_run.head_repository")
	return s
}

// fromFork notes that the repository of that name is somebody's fork.
func (r *repository) fromFork(s situation, name string) {
	s[name+".fork"], s[name+".owner.login"] = "true", "somebody else"
	here, ok := strings.CutPrefix(strings.ToLower(r.facts.Repository), "github.com/")
	if !ok {
		return
	}
	owner, base, _ := strings.Cut(here, "/")
	for _, same := range []string{"github.repository", "github.event.repository.full_name", "github.event.pull_request.base.repo.full_name"} {
		s[same] = here
	}
	s["github.repository_owner"], s["github.event.repository.owner.login"] = owner, owner
	s[name+".full_name"] = "somebody else/" + base
}

// passes says whether a run that an outsider caused passes the conditions: depends, with
// the condition, where one of them names what outsiders do not decide.
func (s situation) passes(conditions []text) (Answer, text) {
	answer, by := Yes, text{}
	for _, c := range conditions {
		switch s.holds(c) {
		case No:
			return No, c
		case Depends:
			if answer == Yes && slices.ContainsFunc(conditionReferences(c.Value), othersDecide) {
				answer, by = Depends, c
			}
		}
	}
	return answer, by
}

// othersDecide says whether what a condition names can keep outsiders out: who it was, a
// label, that it was merged, and whatever a step, a job or a setting of the repository
// found out. A title, a text or the name of a branch is theirs.
func othersDecide(reference string) bool {
	ref := strings.ToLower(reference)
	context, _, _ := strings.Cut(ref, ".")
	switch context {
	case "runner", "matrix", "strategy", "job":
		return false
	case "steps", "needs":
		return !strings.HasSuffix(ref, ".result") && !strings.HasSuffix(ref, ".outcome") && !strings.HasSuffix(ref, ".conclusion")
	case "github":
	default:
		return true
	}
	for _, name := range []string{"github.actor", "github.triggering_actor", "github.event.sender", "github.event.label",
		"github.event.pull_request.merged", "github.event.pull_request.head.repo", "github.event.pull_request.head.user", "github.event.pull_request.user",
		"github.event.pull_request.author_association", "github.event.pull_request.labels", "github.event.pull_request.assignee",
		"github.event.comment.author_association", "github.event.comment.user",
		"github.event.issue.author_association", "github.event.issue.user", "github.event.issue.labels", "github.event.discussion.user", "github.event.discussion.author_association",
		"github.event.workflow_run.head_repository", "github.event.workflow_run.event", "github.event.workflow_run.actor", "github.event.workflow_run.triggering_actor", "github.event.workflow_run.pull_requests"} {
		if strings.HasPrefix(ref, name) {
			return true
		}
	}
	return false
}

// intrusion is a step by which outsiders run what they wrote, in the name of the repository.
type intrusion struct {
	workflow *workflow
	job      *job
	step     *step
	trigger  *trigger
}

// intrusions are those that no condition prevents, or might.
func (r *repository) intrusions() []intrusion {
	if !r.memo.looked {
		r.memo.intrusions, r.memo.looked = r.findIntrusions(), true
	}
	return r.memo.intrusions
}

func (r *repository) findIntrusions() (list []intrusion) {
	budget := maxSteps // what is beyond it was not walked either, and is said to be unread
	for _, w := range r.workflows {
		triggers, runs := r.outsiderRuns(w)
		if len(triggers) == 0 {
			continue
		}
		for _, j := range w.Jobs {
			steps := r.stepsOf(j, budget)
			budget -= len(steps)
			for i, t := range triggers {
				if step := r.intrudes(runs[i], j, steps); step != nil && len(list) < maxIntrusions {
					list = append(list, intrusion{w, j, step, t})
				}
			}
		}
	}
	return list
}

// outsiderRuns are the triggers by which outsiders start a workflow, each event once, with
// what is known of such a run.
func (r *repository) outsiderRuns(w *workflow) (triggers []*trigger, runs []situation) {
	seen := map[string]bool{}
	for _, t := range w.Triggers {
		s := situation(nil)
		switch {
		case seen[t.Event]:
		case slices.Contains(outsiders(), t.Event) && !t.byTriage():
			s = r.byOutsider(t)
		case t.Event == "workflow_run":
			if events, _ := r.forkEvents(t); len(events) > 0 {
				s = r.behindFork(events[0])
			}
		}
		if seen[t.Event] = true; s != nil {
			triggers, runs = append(triggers, t), append(runs, s)
		}
	}
	return triggers, runs
}

// intrudes is the step of a job by which outsiders run what they wrote; nil where there is
// none. Code that is only brought does nothing: something has to run after it.
func (r *repository) intrudes(s situation, j *job, steps []*step) *step {
	for _, waited := range r.waitsFor(j) {
		if answer, _ := s.passes([]text{waited.If}); answer != Yes {
			return nil
		}
	}
	var brought *step
	for _, step := range steps {
		if answer, _ := s.passes([]text{step.If}); answer != Yes {
			continue
		}
		u, _ := parseUses(step.Uses.Value)
		switch {
		case step.runsText():
			return step
		case brought != nil && (step.Run.stated() || step.Uses.stated() && u.owner != "actions"):
			return brought
		case brought == nil && step.bringsCode(s["github.event_name"]):
			brought = step
			if step.Run.stated() {
				return step // a script goes on
			}
		}
	}
	return nil
}

// stepsOf are the steps of a job, those of the local actions that it uses in their place; no
// more than at most.
func (r *repository) stepsOf(j *job, most int) []*step {
	var list []*step
	for _, s := range j.Steps {
		list = append(list, s)
		if u, ok := parseUses(s.Uses.Value); ok && u.local() && len(list) < most {
			if dir, ok := join("", strings.TrimPrefix(u.path, "./")); ok && r.actionAt(dir) != nil {
				list = append(list, r.actionAt(dir).Steps...)
			}
		}
	}
	return list[:max(min(len(list), most), 0)]
}

// bringsCode says whether the step brings the code of a pull request, or of the run that
// started this one.
//
// Since July 2026 actions/checkout refuses a fork's code on pull_request_target and
// workflow_run, unless it is told otherwise: version 7, and the tags v4 to v6, which move.
// https://github.blog/changelog/2026-06-18-safer-pull_request_target-defaults-for-github-actions-checkout
func (s *step) bringsCode(event string) bool {
	theirs := func(v string) bool {
		for _, sign := range []string{"github.event.pull_request.head.", "github.event.pull_request.merge_commit_sha", "refs/pull/", "github.event.workflow_run.head_", "github.event.issue.number"} {
			if strings.Contains(v, sign) {
				return true
			}
		}
		return false
	}
	if run := s.Run.Value; run != "" {
		return strings.Contains(run, "gh pr checkout") || strings.Contains(run, "refs/pull/") ||
			strings.Contains(run, "git ") && (strings.Contains(run, "github.event.pull_request.head.") || strings.Contains(run, "github.event.workflow_run.head_"))
	}
	if !s.is("actions/checkout") || !theirs(s.With.get("ref").Value) && !theirs(s.With.get("repository").Value) {
		return false
	}
	if event != "pull_request_target" && event != "workflow_run" || s.With.get("allow-unsafe-pr-checkout").Value == "true" {
		return true
	}
	major, moves := s.version()
	return major > 0 && major < 7 && !(moves && major >= 4)
}

// runsText says whether the step runs a text of an outsider's as part of its script.
func (s *step) runsText() bool {
	script := s.Run.Value
	if s.is("actions/github-script") {
		script = s.With.get("script").Value
	}
	return slices.ContainsFunc(references(script), func(ref string) bool {
		for _, theirs := range []string{"github.head_ref", "github.event.pull_request.head.ref", "github.event.pull_request.head.label", "github.event.pull_request.title", "github.event.pull_request.body",
			"github.event.comment.body", "github.event.review.body", "github.event.issue.title", "github.event.issue.body", "github.event.discussion.title", "github.event.discussion.body",
			"github.event.workflow_run.head_branch", "github.event.workflow_run.display_title", "github.event.workflow_run.head_commit.message"} {
			if strings.EqualFold(ref, theirs) {
				return true
			}
		}
		return false
	})
}

var versionTag = regexp.MustCompile(`^v?([0-9]{1,4})(\.[0-9]+)*$`)

// version is the major version of the step's action that its tag names, or the comment
// behind a commit, as Dependabot and Renovate write it; 0 where none does. moves says
// whether it is a tag that goes along with newer versions, or a branch.
func (s *step) version() (major int, moves bool) {
	u, ok := parseUses(s.Uses.Value)
	if !ok {
		return 0, false
	}
	tag := u.ref
	if u.pinned() {
		_, comment, _ := strings.Cut(s.sheet().line(s.Uses.Line), "#")
		for word := range strings.FieldsSeq(comment) {
			tag = strings.TrimPrefix(word, "tag=")
			break
		}
	} else if branch(tag) {
		return 1 << 16, true
	}
	m := versionTag.FindStringSubmatch(tag)
	if m == nil {
		return 0, false
	}
	major, _ = strconv.Atoi(m[1]) // digits, by the pattern
	return major, m[2] == "" && !u.pinned()
}
