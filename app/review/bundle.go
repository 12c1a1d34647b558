package review

import (
	"context"

	"github.com/bonafide-app/bonafide/app/policy"
)

// bundles finds out of the entries that are marked as bundled whether the package that
// is said to bundle them says so itself.
func (r *Reviewer) bundles(ctx context.Context, changes []change, subjects []policy.Subject) {}
