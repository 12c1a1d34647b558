package publish

import "fmt"

// howToPin says how an action is pinned. Which commit a tag is, no file says, and a
// guess would be worse than the tag: so there are no lines to propose.
func howToPin(u uses) string {
	if u.docker() {
		return "Name the image by its digest: `docker://image@sha256:DIGEST`."
	}
	return fmt.Sprintf("Look the commit up (`gh api repos/%s/%s/commits/%s --jq .sha`), write `uses: %s@COMMIT # %s`, and let Dependabot or Renovate keep it up to date.",
		u.owner, u.name, u.ref, u.path, u.ref)
}
