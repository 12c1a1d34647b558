package policy

import "fmt"

// identityChanged compares with the versions that are replaced: the repository or its
// owner is the same, but verified provenance says that a release was built in another
// way. Tags, branches, commits and runs differ from release to release and are
// nothing. Against a version of a newer release line, and against a copy that stays,
// it is a notice; so is what only differs from earlier releases of its line and has been
// out for LossTime. Another repository of another owner is said by repository-changed.
func identityChanged(s Subject, v view) []draft {
	c, ok := s.identityChanged()
	if !ok {
		if v.policy.SeverityOf(RuleRepositoryChanged, s.Change.Entry.Package) == Off { // else it is said there
			return identityUnknown(RuleIdentityChanged, s, v)
		}
		return nil
	}
	if c.elsewhere {
		return nil
	}
	texts := make([]string, len(c.differences))
	for i, difference := range c.differences {
		texts[i] = difference.text
	}
	name := s.Change.Entry.Package
	since, settled := c.settled(s, v)
	d := about(RuleIdentityChanged, s,
		fmt.Sprintf("%s was not built in the way of %s: %s%s.", id(name), c.which(name), list(texts), since),
		c.dangerous()+c.view()+"Find the commit that changed the release workflow, or the announcement, and who made it. "+
			fmt.Sprintf("Stay on %s where nothing explains it, and ask the maintainer.", quote(c.entry.Package.Version))).
		benign("a workflow that was renamed, rewritten or started by hand, a repository that was renamed or handed over, a trusted publisher that was set up anew.")
	d.Link = compareView(c.old, c.now)
	d.cause = c.cause() + c.dangerous()
	d.many = fmt.Sprintf("were not built in the way of the versions before (%s)", c.cause())
	switch {
	case !c.weighs:
		d.atMost, d.Help, d.Benign = Notice, c.dangerous()+c.view()+information, ""
	case settled:
		d.atMost, d.cause = Notice, d.cause+" settled"
		d.Benign = ""
		d.Help = c.dangerous() + c.view() + "Nothing to do: it has been out for long enough that this is no longer held to be an attack."
	}
	return []draft{d}
}
