package policy

import (
	"fmt"

	"github.com/bonafide-app/bonafide/app/provenance"
)

// repositoryChanged compares with the versions that are replaced: verified provenance
// that names another repository of another owner, both by their numeric ids, is a
// takeover or a move to a new home. Against a version of a newer release line it is a
// notice, and so it is against a copy that stays where another one was replaced. What only
// differs from earlier releases of its line is a warning once it has been out for LossTime.
func repositoryChanged(s Subject, v view) []draft {
	c, ok := s.identityChanged()
	if !ok {
		return identityUnknown(RuleRepositoryChanged, s, v)
	}
	if !c.elsewhere {
		return nil
	}
	name := s.Change.Entry.Package
	message := fmt.Sprintf("%s was built %s, but %s, was built %s: that is another repository of another owner", id(name), builder(c.now), c.which(name), builder(c.old))
	if repositoryName(c.old.Repository) == repositoryName(c.now.Repository) {
		message += fmt.Sprintf(". The name is the same, the numeric ids are not: repository %s of owner %s before, repository %s of owner %s now",
			quote(c.old.RepositoryID), quote(c.old.OwnerID), quote(c.now.RepositoryID), quote(c.now.OwnerID))
	}
	since, settled := c.settled(s, v)
	d := about(RuleRepositoryChanged, s, message+since+".",
		c.dangerous()+fmt.Sprintf("Stay on %s until you know why: valid provenance only says where a release was built, and this one was built by somebody else. ", quote(c.entry.Package.Version))+
			fmt.Sprintf("Look at %s for an announcement of the move. ", repository(c.old))+
			"Ask the maintainers you know.").
		benign("the project moved to another owner by a new repository, or to another forge, or a new maintainer goes on with a fork.")
	d.cause = repositoryName(c.old.Repository) + " " + repositoryName(c.now.Repository) + c.dangerous()
	d.many = fmt.Sprintf("were built from %s, but the versions before from %s, another repository of another owner", repository(c.now), repository(c.old))
	d.Better = s.better(v, func(e provenance.Evidence) bool { return identity(e) != nil && sameRepository(identity(e), c.old) })
	switch {
	case !c.weighs:
		d.atMost, d.Help, d.Benign = Notice, c.dangerous()+information, ""
	case settled:
		d.atMost, d.cause = Warning, d.cause+" settled"
		d.Benign = ""
		d.Help = c.dangerous() + "It has been out for long enough that this is no longer held to be an attack. Whoever owns the repository now is who you trust: " +
			fmt.Sprintf("look at %s for an announcement of the move, or ask the maintainers you know.", repository(c.old))
	case repositoryName(c.old.Repository) != repositoryName(c.now.Repository): // else the address is somebody else's now
		d.Tell = s.tellMaintainer(v, c.before, "was built from another repository", "was built from "+cited(repositoryName(c.now.Repository)), adviceRepository)
	}
	return []draft{d}
}
