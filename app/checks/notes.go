package checks

import (
	"context"

	"github.com/bonafide-app/bonafide/app/review"
)

// note notes that a check is about to be begun. Where that fails it is not begun.
func (f *Forge) note(ctx context.Context, repo review.Repository, sha string) error {
	if f.notes == nil {
		return nil
	}
	return f.notes.Begun(ctx, repo, sha)
}

// ended notes that a check was completed. Where that fails it is completed
// nevertheless, and looked after once more for nothing.
func (f *Forge) ended(ctx context.Context, repo review.Repository, sha string) {
	if f.notes == nil {
		return
	}
	if err := f.notes.Ended(ctx, repo, sha); err != nil {
		f.logger(ctx).Warn().Err(err).Str("head", sha).Msg("that the check was completed could not be noted")
	}
}
