package review

import (
	"context"

	"github.com/bonafide-app/bonafide/app/policy"
)

// histories adds to the subjects what the registry says of their packages' releases, and
// the evidence of those earlier ones that the policy wants to hear. changes are those
// that the subjects were made of, in the same order.
func (r *Reviewer) histories(ctx context.Context, changes []change, subjects []policy.Subject) {}
