package checks

import "github.com/bonafide-app/bonafide/app/review"

// pageOf is the address of the page with all that the check of a commit says; nil: none.
// It is sent with every write: a run that was made before there were pages gets it with the
// next one.
func (f *Forge) pageOf(repo review.Repository, sha string) *string {
	if f.details == nil {
		return nil
	}
	return text(f.details(repo, sha))
}
