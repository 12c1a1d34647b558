package publish

import (
	"fmt"
	"regexp"
)

// plainUses are the names of which a command can be made: what a workflow writes may be
// somebody else's pull request, and people copy commands.
var plainUses = regexp.MustCompile(`^[\w.-]{1,100}/[\w.-]{1,100}(?:/[\w./-]{1,100})?@[\w./-]{1,100}$`)

// howToPin says how an action is pinned. Which commit a tag is, no file says, and a
// guess would be worse than the tag: so there are no lines to propose.
func howToPin(u uses) string {
	switch {
	case u.docker():
		return "Name the image by its digest: `docker://image@sha256:DIGEST`."
	case !plainUses.MatchString(u.path + "@" + u.ref):
		return "Look up which commit it is, and name that in its place."
	}
	return fmt.Sprintf("Look the commit up (`gh api repos/%s/%s/commits/%s --jq .sha`), write `uses: %s@COMMIT # %s`, and let Dependabot or Renovate keep it up to date.",
		u.owner, u.name, u.ref, u.path, u.ref)
}
