package review

import (
	"context"
	"errors"
	"fmt"
)

// MergeGroup judges a merge queue's group: what the group would bring into its base.
// A group that was destroyed meanwhile ends cancelled.
func (r *Runner) MergeGroup(ctx context.Context, repo Repository, g Group, try Try) error {
	ctx, release, err := r.lease(ctx, key(repo, g.HeadSHA), "commit", try)
	if err != nil {
		return err
	}
	defer release()
	tip, err := r.forge.Tip(ctx, repo, g.BaseRef)
	if errors.Is(err, ErrGone) {
		return try.Gone(ctx, "the branch "+g.BaseRef, err)
	} else if err != nil {
		return fmt.Errorf("read the tip of %s: %w", g.BaseRef, err)
	}
	const group ground = "group"
	there := func(ctx context.Context) (ground, error) {
		if g.HeadRef == "" {
			return group, nil
		}
		head, err := r.forge.Tip(ctx, repo, g.HeadRef)
		if errors.Is(err, ErrGone) || err == nil && head != g.HeadSHA {
			return noGround, nil
		}
		return group, err
	}
	accepted, err := r.acceptedInGroup(ctx, repo, g)
	if errors.Is(err, ErrGone) {
		return try.Gone(ctx, "the group", err)
	} else if err != nil {
		return err
	}
	books := rulebooks{forge: r.forge, repo: repo}
	targets := []target{{baseRef: g.BaseRef, base: g.BaseSHA, policyAt: tip, accepted: accepted, read: books.at(ctx, tip)}}
	check, err := r.publish(ctx, repo, g.HeadSHA, nil, targets, try, there, group)
	if err != nil || check == nil {
		return err
	}
	return try.again(check)
}
