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
	read  map[string]func() *rulebook
}

// at begins to read the policy at a commit, and returns what waits for it. It is nil where
// the policy could not be read: who needs it reads it again, and says why it cannot be.
func (b *rulebooks) at(ctx context.Context, sha string) func() *rulebook {
	if book, ok := b.read[sha]; ok {
		return book
	}
	book := soon(ctx, "reading the policy", func() *rulebook {
		defer watch(ctx, StageRead)()
		p, problem, err := b.forge.Policy(ctx, b.repo, sha)
		if err != nil {
			return nil
		}
		return &rulebook{p, problem}
	}, nil)
	if b.read == nil {
		b.read = map[string]func() *rulebook{}
	}
	b.read[sha] = book
	return book
}
