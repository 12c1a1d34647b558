package review

import (
	"context"

	"github.com/bonafide-app/bonafide/app/policy"
)

// inventories counts the packages of whole lockfiles, where the policy asks for it.
func (r *Reviewer) inventories(ctx context.Context, req Request, in *policy.Input) {}
