package policy

import (
	"cmp"
	"fmt"
	"strings"
)

// The problems of a pull request that touches the policy file.
const (
	PolicyEdited      ProblemKind = "policy-edited"       // it changes the file; said, no more
	PolicyEditInvalid ProblemKind = "policy-edit-invalid" // the file would have an error after the merge; always fails
	PolicyMended      ProblemKind = "policy-mended"       // the base's file has an error, which it mends, and it does nothing else
)

// judgeProblem turns a problem about a file into a finding. A kind that is not
// known here fails: what is not understood is not fine.
func judgeProblem(p Problem) draft {
	lines := strings.NewReplacer("\r\n", "; ", "\n", "; ") // several errors of one file become one sentence
	d := draft{Finding: Finding{Lockfile: p.Lockfile, Line: p.Line, Message: clip(lines.Replace(strings.TrimSpace(p.Detail)), MaxDetail)}}
	file := quote(p.Lockfile)
	say := func(rule RuleName, message, help string) draft {
		d.Rule, d.Help = rule, help
		if d.Message == "" {
			d.Message = fmt.Sprintf(message, file)
		}
		return d
	}
	switch p.Kind {
	case LockfileRemoved:
		return say(RuleLockfileRemoved, "%s was removed while its manifest stays: what gets installed is no longer pinned.",
			"Restore the lockfile. Where none is wanted, list its path under lockfiles.ignore on the base branch.").
			benign("a move to another package manager, whose lockfile then comes in the same pull request, or a library that does not keep one on purpose.")
	case Unsupported:
		return say(RuleUnsupportedLockfile, "%s is a lockfile of a kind that is not read yet: what it brings in was not looked at.",
			"Review it by hand. Where this is not wanted, set unsupported-lockfile to off or list the path under lockfiles.ignore.")
	case RegistryMoved:
		return say(RuleExoticSource, "The repository's settings now name another registry for packages of %s.",
			"Ask who runs that registry: what it serves under a familiar name is installed. Restore the settings from the base branch, or, where it is your own mirror, make the registry known to Bonafide.").
			benign("a project that moves to a mirror, or takes its own packages from a registry of its own.")
	case SubmoduleMoved:
		return say(RuleSubmoduleMoved, "The submodule %s points to another commit: lockfiles in it were not looked at.",
			"Review the submodule's own change, or install Bonafide on its repository.")
	case ManifestAlone:
		return say(RuleManifestWithoutLock, "What %s asks for changed, and its lockfile did not: what the next install brings in was not looked at.",
			"Run the package manager's install and commit the lockfile that it writes.").
			benign("a lockfile that is written later, in a step of its own, or an override that changes nothing.")
	case ConfigChanged:
		return say(RuleInstallConfig, "%s was changed, and it steers what is installed and how.",
			"Read it as you would read code: these files say which registry is asked, which scripts may run and what is changed before it is installed, and no lockfile shows that.").
			benign("a setting that the project wants; then there is nothing to do.")
	case PublishWorkflow:
		d.Why, d.Link, d.Mended = clip(p.Why, MaxDetail), p.Link, p.Mended
		return say(RulePublishWorkflow, "%s gets something about publishing wrong.",
			clip(cmp.Or(p.Help, "bonafide publish-check says more of it."), MaxDetail))
	case UnreadableBase:
		why := sentence(d.Message)
		if d.Message = file + " on the base branch could not be compared: everything in the new lockfile was judged as newly added."; why != "" {
			d.Message += " What is wrong with it: " + why + "."
		}
		d.Rule, d.atMost = RuleLockfileUnreadable, Warning
		d.Help = "Nothing to do where this change mends the lockfile: look at it as if every package in it were new, because what was replaced, and what was lost by that, is not known."
		d.Benign = "a merge conflict or a Git LFS pointer on the base branch."
		return d
	case PolicyInvalid:
		return say(RulePolicyInvalid, "The policy file %s has an error.",
			"Mend the policy file on the base branch. Until then every check fails; the findings here were judged by the defaults.")
	case PolicyEdited:
		return say(RulePolicy, "This pull request changes the policy file %s; it is judged by the policy of the base branch.",
			"Look at what it changes as you look at code: it holds for everybody from the merge on.")
	case PolicyEditInvalid:
		return say(RulePolicyInvalid, "The policy file %s of this pull request has an error.",
			"Mend the policy file in this pull request: once it is merged, every check would fail.")
	case PolicyMended:
		return say(RulePolicy, "The policy file on the base branch has an error, which %s mends: this pull request changes nothing else, so it is judged by the defaults.",
			"Merge it so that other checks pass again.")
	}
	return say(RuleLockfileUnreadable, "%s cannot be read.",
		"Let the package manager write the lockfile again and commit it. What cannot be read cannot be verified, so this cannot be switched off.")
}

// floorUnread is the finding about a floor that is not known.
func floorUnread(reason string) draft {
	return draft{Finding: Finding{Rule: RuleFloorUnread, Unknown: true,
		Message: "What the organisation holds all its repositories to is not known" + because(reason) + ".",
		Help:    "Give the App access to the owner's .github repository, and mend the policy file there. To withdraw a floor on purpose, remove enforce from that file: a repository that can be read and sets none is an answer.",
		Benign:  "the repository was renamed, made private or taken from the App's repositories."}}
}
