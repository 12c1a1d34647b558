package policy

import (
	"fmt"
	"strings"
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
			"Restore the lockfile. Benign causes: a move to another package manager, whose lockfile then comes in the same pull request, or a library that does not keep one on purpose: "+
				"then list its path under lockfiles.ignore on the base branch.")
	case Unsupported:
		return say(RuleUnsupportedLockfile, "%s is a lockfile of a kind that is not read yet: what it brings in was not looked at.",
			"Review it by hand. Where this is not wanted, set unsupported-lockfile to off or list the path under lockfiles.ignore.")
	case RegistryMoved:
		return say(RuleExoticSource, "The repository's settings now name another registry for packages of %s.",
			"Ask who runs that registry: what it serves under a familiar name is installed. Restore the settings from the base branch, or, where it is your own mirror, make the registry known to Bonafide. "+
				"Benign cause: a project that moves to a mirror, or takes its own packages from a registry of its own.")
	case SubmoduleMoved:
		return say(RuleSubmoduleMoved, "The submodule %s points to another commit: lockfiles in it were not looked at.",
			"Review the submodule's own change, or install Bonafide on its repository.")
	case ManifestAlone:
		return say(RuleManifestWithoutLock, "What %s asks for changed, and its lockfile did not: what the next install brings in was not looked at.",
			"Run the package manager's install and commit the lockfile that it writes. Benign causes: a lockfile that is written later, in a step of its own, or an override that changes nothing.")
	case ConfigChanged:
		return say(RuleInstallConfig, "%s was changed, and it steers what is installed and how.",
			"Read it as you would read code: these files say which registry is asked, which scripts may run and what is changed before it is installed, and no lockfile shows that. "+
				"Benign cause: a setting that the project wants; then there is nothing to do.")
	case UnreadableBase:
		why := sentence(d.Message)
		if d.Message = file + " on the base branch could not be compared: everything in the new lockfile was judged as newly added."; why != "" {
			d.Message += " What is wrong with it: " + why + "."
		}
		d.Rule, d.atMost = RuleLockfileUnreadable, Warning
		d.Help = "Nothing to do where this change mends the lockfile: look at it as if every package in it were new, because what was replaced, and what was lost by that, is not known. " +
			"Benign causes: a merge conflict or a Git LFS pointer on the base branch."
		return d
	case PolicyInvalid:
		return say(RulePolicyInvalid, "The policy file %s has an error.",
			"Mend the policy file on the base branch. Until then every check fails; the findings here were judged by the defaults.")
	}
	return say(RuleLockfileUnreadable, "%s cannot be read.",
		"Let the package manager write the lockfile again and commit it. What cannot be read cannot be verified, so this cannot be switched off.")
}
