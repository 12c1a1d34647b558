package review

import (
	"context"

	"github.com/bonafide-app/bonafide/app/policy"
)

// rulebook is a policy as it was read, and what is wrong with it.
type rulebook struct {
	policy  policy.Policy
	problem *policy.Problem
}

// rulebooks are those of one job, each read once.
type rulebooks struct {
	forge Forge
	repo  Repository
	read  map[string]*rulebook
}

// at is the policy at a commit; nil where it could not be read: who needs it reads it
// again, and says why it cannot be.
func (b *rulebooks) at(ctx context.Context, sha string) *rulebook {
	if book, ok := b.read[sha]; ok {
		return book
	}
	defer watch(ctx, StageRead)()
	var book *rulebook
	if p, problem, err := b.forge.Policy(ctx, b.repo, sha); err == nil {
		book = &rulebook{p, problem}
	}
	if b.read == nil {
		b.read = map[string]*rulebook{}
	}
	b.read[sha] = book
	return book
}
