package review

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/config"
)

// pinsPatch is a patch that adds pins to the policy file of a target's base branch, ""
// where none is sure to apply and to change nothing else.
func (r *Runner) pinsPatch(ctx context.Context, repo Repository, t target, req Request, pins []policy.PackageRule) (string, error) {
	if slices.ContainsFunc(req.Problems, func(p policy.Problem) bool { return p.Kind == policy.PolicyInvalid }) {
		return "", nil
	}
	file, err := r.forge.PolicyFile(ctx, repo, t.policyAt)
	switch {
	case errors.Is(err, ErrTooLarge):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("read the policy file at %s: %w", short(t.policyAt), err)
	case file != nil:
		return config.PinsPatch(file.Path, append([]byte{}, file.Data...), pins), nil
	case !strings.HasPrefix(req.Policy.Source, policy.Default().Source):
		return "", nil // a file of its own would take the place of the owner's, which holds now
	}
	return config.PinsPatch(config.PolicyPaths()[0], nil, pins), nil
}
