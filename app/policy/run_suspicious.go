package policy

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/bonafide-app/bonafide/app/provenance"
)

// runSuspicious holds verified provenance against what GitHub says of the workflow run
// that it names: whoever steals a run's credentials gets provenance that verifies, from
// a run that may have failed, or for a commit that the project never had. A run that
// goes on is nothing: packages are published in the middle of one. Packages of one run
// are told together.
func runSuspicious(s Subject, v view) []draft {
	if !s.enters() || s.Evidence.Provenance.State != provenance.Verified || s.Evidence.Provenance.Identity == nil {
		return nil
	}
	name, built := id(s.Change.Entry.Package), s.Evidence.Provenance.Identity
	run := quote(built.Run)
	say := func(cause, message, many, help string) draft {
		d := about(RuleRunSuspicious, s, message, help)
		d.cause, d.many = cause, many
		return d
	}
	switch s.Run.Looked {
	case "":
		return nil
	case Answered:
		var out []draft
		if wrong := oddities(s.Run, built); len(wrong) > 0 {
			d := say("run "+built.Run,
				fmt.Sprintf("The provenance of %s holds, but look at the workflow run that it names, %s: %s.", name, run, strings.Join(wrong, "; ")),
				fmt.Sprintf("have provenance that holds and names the workflow run %s, but look at that run (%s)", run, strings.Join(wrong, "; ")),
				"Open the run and the commit, and look for a release of this version that the maintainers announced. "+
					"Ask the maintainers where nothing harmless explains it.").
				benign("a step after the publishing failed or was cancelled, the branch was deleted or rewritten since, or its commits were squashed.")
			if beside := len(wrong) == 1 && failed(s.Run.Conclusion) && published(s.Run); beside {
				d.atMost = Notice
			}
			out = append(out, d)
		}
		if bystander := unpublished(s.Run); bystander != "" && s.Run.Conclusion == "success" {
			d := say("skipped "+built.Run,
				fmt.Sprintf("The workflow run that the provenance of %s names succeeded, but skipped its job %s: %s.", name, quote(bystander), run),
				fmt.Sprintf("have provenance that names the workflow run %s, which succeeded, but skipped its job %s", run, quote(bystander)),
				"Look which job published it.").
				benign("another job of that run publishes, under a name that does not say so.")
			d.atMost = Notice
			out = append(out, d)
		}
		return out
	case Gone:
		if log := s.Evidence.Provenance.Log; log == nil || v.at.reached(log.Time.Add(runsKept)) {
			return nil // GitHub forgets runs: nothing to see in old ones
		}
		d := say("gone", fmt.Sprintf("The workflow run that the provenance of %s names is gone, although GitHub keeps runs for longer: somebody deleted it. It was %s.", name, run),
			"have provenance that names workflow runs which are gone, although GitHub keeps runs for longer: somebody deleted them",
			"Ask the maintainers why: attackers have deleted runs, too.").
			benign("a project that tidies up its runs.")
		d.atMost = Notice
		return []draft{d}
	case Hidden:
		d := say("hidden"+s.Run.Reason, fmt.Sprintf("The workflow run that the provenance of %s names cannot be looked at%s.", name, because(s.Run.Reason)),
			"have provenance that names workflow runs which cannot be looked at"+because(s.Run.Reason),
			"Nothing to do where the project is private, was deleted, or moved. What was signed holds; how the run ended, nobody outside can tell.")
		d.atMost = Notice
		return []draft{d}
	case NotConfigured:
		d := say("not configured", fmt.Sprintf("The workflow run that the provenance of %s names was not looked at%s.", name, because(s.Run.Reason)),
			"have provenance that names workflow runs which were not looked at"+because(s.Run.Reason),
			"On a terminal, give a GitHub token (GITHUB_TOKEN, or --github-token) and leave --offline away; one without any rights is enough, only public repositories are asked about. Else open the run yourself.")
		d.atMost = Notice
		return []draft{d}
	}
	d := say("unknown"+s.Run.Reason, fmt.Sprintf("The workflow run that the provenance of %s names could not be looked at%s.", name, because(s.Run.Reason)),
		"have provenance that names workflow runs which could not be looked at"+because(s.Run.Reason),
		"Bonafide asks again where that can help. Open the run yourself where you cannot wait.").
		benign("GitHub is out of reach, its rate limit is used up, or there was more to ask than there was time.")
	d.Unknown, d.atMost = true, Warning
	return []draft{d}
}

// oddities are what does not fit between a run and the certificate that names it, and
// how the run ended where it did not succeed, each as half a sentence.
func oddities(r Run, built *provenance.Identity) (wrong []string) {
	if failed(r.Conclusion) {
		ended := "it ended with " + quote(r.Conclusion)
		if len(r.Failed) > 0 {
			ended += ", after " + some(r.Failed) + " did not succeed"
		}
		if skipped := slices.DeleteFunc(slices.Clone(r.Skipped), func(job string) bool { return !publishes(job) }); len(skipped) > 0 {
			ended += ", and " + some(skipped) + " was skipped"
		}
		wrong = append(wrong, ended)
	}
	if r.Event != "" && built.Trigger != "" && r.Event != built.Trigger {
		wrong = append(wrong, fmt.Sprintf("it was started by %s, and the certificate says %s", quote(r.Event), quote(built.Trigger)))
	}
	if r.Commit != "" && r.Commit != built.Commit && atItsCommit(built.Trigger) {
		wrong = append(wrong, fmt.Sprintf("it ran at commit %s, and the certificate says %s", clip(r.Commit, 12), clip(built.Commit, 12)))
	}
	if r.Workflow != "" && strings.HasPrefix(built.Workflow, ".github/") && r.Workflow != built.Workflow {
		wrong = append(wrong, fmt.Sprintf("its workflow is %s, and the certificate says %s", quote(r.Workflow), quote(built.Workflow)))
	}
	if r.Standing == Orphan {
		wrong = append(wrong, fmt.Sprintf("its commit %s is neither on %s nor on the default branch of %s, nor of a pull request that was merged there", clip(built.Commit, 12), quote(built.Ref), repository(built)))
	}
	return wrong
}

// atItsCommit says whether GitHub shows a run of this trigger at the commit that its
// certificate names. Runs of pull requests are shown at their head, and certified at
// the merge commit or at the base.
func atItsCommit(trigger string) bool {
	return slices.Contains([]string{"push", "release", "workflow_dispatch", "repository_dispatch", "schedule", "create"}, trigger)
}

// unpublished is a skipped job that publishes, as far as its name says, where no such
// job succeeded; "" if there is none.
func unpublished(r Run) string {
	if slices.ContainsFunc(r.Succeeded, publishes) {
		return ""
	}
	if i := slices.IndexFunc(r.Skipped, publishes); i >= 0 {
		return r.Skipped[i]
	}
	return ""
}

// publishes says whether a job's name says that it publishes a release.
func publishes(job string) bool {
	for _, word := range strings.FieldsFunc(strings.ToLower(job), func(r rune) bool { return !unicode.IsLetter(r) }) {
		if slices.Contains([]string{"publish", "publishing", "release", "releasing", "npm"}, word) {
			return true
		}
	}
	return false
}

func failed(conclusion string) bool {
	return !slices.Contains([]string{"", "success", "neutral"}, conclusion)
}

// published says whether the jobs that publish, as far as their names say, all did: what
// failed is something beside, such as the pages of the documentation.
func published(r Run) bool {
	return slices.ContainsFunc(r.Succeeded, publishes) && !slices.ContainsFunc(slices.Concat(r.Failed, r.Skipped), publishes)
}
