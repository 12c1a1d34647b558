package checks

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/review"
)

// Remembered keeps, beyond restarts, which owners were seen to set a floor: one that
// cannot be read any more must not look as if it had been withdrawn. Owners are compared
// without regard to case.
type Remembered interface {
	// Floor says where an owner's floor was seen last; ok is false where none was.
	Floor(ctx context.Context, installation int64, owner string) (source string, ok bool, err error)
	SaveFloor(ctx context.Context, installation int64, owner, source string) error
	ForgetFloor(ctx context.Context, installation int64, owner string) error
}

// organisation is what the owner's .github repository says.
type organisation struct {
	standing
	found  bool   // a policy file stands there, be it good or not
	unread string // why the floor, which must hold, is not known
	note   string // why it is not known whether there is a floor, where none must hold
	hidden bool   // the repository cannot be read
}

// organisation reads the owner's policy file at the tip of the default branch, as it is
// now: two requests, the tip's content is kept. A floor is remembered; it is withdrawn
// by a .github repository that can be read and sets none.
func (f *Forge) organisation(ctx context.Context, repo review.Repository) (organisation, error) {
	owners := repo
	owners.Name = organisationRepository
	var org organisation
	tip, err := f.defaultTip(ctx, owners)
	if err == nil {
		org.standing, org.found, err = f.policyAt(ctx, owners, tip)
	}
	reason, refused := unreadable(err), status(err) == http.StatusForbidden
	switch {
	case err != nil && reason == "":
		return organisation{}, err
	case reason != "":
		org = organisation{hidden: true}
		reason = fmt.Sprintf("%s/%s cannot be read: %s", owners.Owner, owners.Name, reason)
	case org.problem != nil:
		reason = org.problem.Detail
	}

	seen, source := false, ""
	if f.floors != nil {
		if source, seen, err = f.floors.Floor(ctx, repo.Installation, repo.Owner); err != nil {
			return organisation{}, err
		}
	}
	switch {
	case reason != "" && (seen || org.FloorLine > 0):
		if source != "" {
			reason += ". It was last seen in " + source
		}
		org.unread = reason
	case reason != "" && f.requireFloor:
		org.unread = demanded(reason)
	case refused || org.problem != nil:
		org.note = reason
	case org.Floor == nil && f.requireFloor:
		org.unread = demanded(fmt.Sprintf("no floor (enforce) stands in the policy file of %s/%s at %s", owners.Owner, owners.Name, short(tip)))
	}
	return org, f.remember(ctx, repo, org, source, seen, reason == "")
}

// remember brings what is kept of an owner's floor in step with what was read.
func (f *Forge) remember(ctx context.Context, repo review.Repository, org organisation, source string, seen, readable bool) error {
	switch {
	case f.floors == nil:
	case org.Floor != nil && source != org.Floor.Source:
		return f.floors.SaveFloor(ctx, repo.Installation, repo.Owner, org.Floor.Source)
	case org.FloorLine > 0 && !seen:
		return f.floors.SaveFloor(ctx, repo.Installation, repo.Owner, repo.Owner+"/"+organisationRepository)
	case readable && org.Floor == nil && seen:
		return f.floors.ForgetFloor(ctx, repo.Installation, repo.Owner)
	}
	return nil
}

// demanded is the reason where it is the server that demands a floor.
func demanded(reason string) string {
	return "this server demands one (--require-org-policy), and " + reason
}

// over is the policy that holds for a repository: its own file, else the
// organisation's, with the floor laid over it.
func (o organisation) over(repo review.Repository, own standing, found bool) (policy.Policy, *policy.Problem) {
	holds := own
	switch {
	case found:
	case o.found:
		holds = o.standing
		if holds.problem != nil && !isOrganisation(repo) {
			problem := *holds.problem // it is no file of the repository that is judged
			problem.Lockfile, problem.Line = "", 0
			holds.problem = &problem
		}
	default:
		holds.Policy = policy.Default()
		if o.note != "" && o.problem == nil {
			// Nothing of this repository says what holds, and what the owner says is not known.
			holds = invalid("", fmt.Sprintf("The policy of %s/%s could not be read: GitHub refused it. Give the App access to that repository.", repo.Owner, organisationRepository))
		}
	}
	p := holds.Policy
	switch {
	case o.unread != "":
		p.FloorUnread = o.unread
	case o.Floor != nil:
		source := p.Source
		p = o.Floor.Over(p)
		if p.Source = source; !strings.HasPrefix(source, o.Floor.Source) {
			p.Source += ", over it the floor of " + o.Floor.Source
		}
	case o.note != "" && found && holds.problem == nil:
		p.Notes = append(p.Notes[:len(p.Notes):len(p.Notes)], "Whether the organisation sets a floor is not known: "+strings.TrimSuffix(o.note, ".")+". None was ever seen, so this repository's own policy holds alone.")
	}
	return p, holds.problem
}
