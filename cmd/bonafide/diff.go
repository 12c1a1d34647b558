package main

import (
	"context"
	"errors"
	"os"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/report"
	"github.com/bonafide-app/bonafide/app/review"
	"github.com/bonafide-app/bonafide/config"
)

type diffCommand struct {
	Base string `arg:"" help:"The side before: a lockfile, a directory or a git ref."`
	Head string `arg:"" help:"The side after, of the same kind."`
	filterFlags
	evidenceFlags
}

// Run verifies what changed between two sides.
func (c *diffCommand) Run(ctx context.Context, tty terminal) error {
	return c.review(ctx, tty, report.Diff, c.filter(), c.request)
}

// request finds out what the two sides are. Files and directories win over git
// refs of the same name.
func (c *diffCommand) request(ctx context.Context) (review.Request, error) {
	base, baseErr := os.Stat(c.Base)
	head, headErr := os.Stat(c.Head)
	switch {
	case baseErr == nil && headErr == nil && base.IsDir() && head.IsDir():
		return c.directories(ctx)
	case baseErr == nil && headErr == nil && !base.IsDir() && !head.IsDir():
		return c.files(ctx)
	case baseErr == nil && headErr == nil:
		return review.Request{}, usage("%s and %s are not of one kind: give two lockfiles, two directories or two git refs", c.Base, c.Head)
	}
	return c.refs(ctx)
}

func (c *diffCommand) files(ctx context.Context) (review.Request, error) {
	base, err := readLockfile(c.Base)
	if err != nil {
		return review.Request{}, err
	}
	file, err := readLockfile(c.Head)
	if err != nil {
		return review.Request{}, err
	}
	if base.Path == file.Path {
		file.Base = base.Head
	} else { // by another package manager
		file.Former = []review.Former{{Path: base.Path, Data: base.Head}}
	}
	file.Settings, file.BaseSettings = append(file.Settings, base.Settings...), base.Settings
	if file.SettingsUnread == "" {
		file.SettingsUnread = base.SettingsUnread
	}
	p, err := c.readPolicy(ctx, emptyTree{}, "")
	return review.Request{Files: []review.File{file}, Policy: p}, err
}

func (c *diffCommand) directories(ctx context.Context) (review.Request, error) {
	base, err := openDirTree(c.Base)
	if err != nil {
		return review.Request{}, err
	}
	defer base.Close()
	head, err := openDirTree(c.Head)
	if err != nil {
		return review.Request{}, err
	}
	defer head.Close()
	return c.compare(ctx, base, base, head, c.Base)
}

// refs compares as a pull request does: the merge base with the head, by the
// policy at the tip of the base.
func (c *diffCommand) refs(ctx context.Context) (review.Request, error) {
	tip, err := resolveCommit(ctx, c.Base)
	if err != nil {
		return review.Request{}, err
	}
	headCommit, err := resolveCommit(ctx, c.Head)
	if err != nil {
		return review.Request{}, err
	}
	common, err := mergeBase(ctx, tip, headCommit)
	if err != nil {
		return review.Request{}, err
	}
	var trees [3]*gitTree
	for i, commit := range []string{tip, common, headCommit} {
		if trees[i], err = openGitTree(ctx, commit); err != nil {
			return review.Request{}, err
		}
	}
	return c.compare(ctx, trees[0], trees[1], trees[2], c.Base)
}

func (c *diffCommand) compare(ctx context.Context, policyFrom, base, head review.Tree, name string) (review.Request, error) {
	p, err := c.readPolicy(ctx, policyFrom, name)
	if err != nil {
		return review.Request{}, err
	}
	req, err := review.Compare(ctx, base, head, p.Ignores)
	if err != nil {
		return review.Request{}, err
	}
	req.Policy = p
	if c.Policy == "" { // else that file judges, whatever stands on the two sides
		req.Edit, err = review.EditOf(ctx, base, head, propose)
	}
	return req, err
}

// propose reads a policy file as it stands alone: what else holds is known on GitHub.
func propose(_ context.Context, file *review.PolicyFile) (policy.Policy, *policy.Problem, error) {
	if file == nil {
		return policy.Default(), nil, nil
	}
	p, err := config.ParsePolicy(file.Path, file.Data)
	if err == nil {
		return p, nil, nil
	}
	problem := &policy.Problem{Kind: policy.PolicyInvalid, Lockfile: file.Path, Detail: err.Error()}
	var at config.Errors
	if errors.As(err, &at) {
		problem.Line, problem.Detail = at[0].Line, file.Path+" does not hold: "+at.Detail()
	}
	return p, problem, nil
}
