package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/publish"
	"github.com/bonafide-app/bonafide/app/report"
	"github.com/bonafide-app/bonafide/app/review"
	"github.com/bonafide-app/bonafide/config"
)

type diffCommand struct {
	Base string `arg:"" optional:"" help:"The side before: a lockfile, a directory or a git ref; else the default branch."`
	Head string `arg:"" optional:"" help:"The side after, of the same kind; else the working tree of this checkout."`
	filterFlags
	evidenceFlags
}

// Run verifies what changed between two sides.
func (c *diffCommand) Run(ctx context.Context, tty terminal, tuf provenance.SourceOptions) error {
	return c.review(ctx, tty, tuf, report.Diff, c.filter(), func(ctx context.Context) (review.Request, error) {
		if c.Head == "" {
			return c.workingTree(ctx, tty)
		}
		return c.request(ctx)
	})
}

// workingTree compares what a pull request of the working tree, as it is now, would bring
// in: the merge base of HEAD and the base with the files on the disk.
func (c *diffCommand) workingTree(ctx context.Context, tty terminal) (review.Request, error) {
	if info, err := os.Stat(c.Base); c.Base != "" && err == nil {
		kind := "file"
		if info.IsDir() {
			kind = "directory"
		}
		if _, err := resolveCommit(ctx, c.Base); err != nil {
			return review.Request{}, usage("%s is a %s: give the one to compare it with, too: bonafide diff %s AFTER", c.Base, kind, c.Base)
		}
	}
	top, err := checkout(ctx)
	if err != nil {
		return review.Request{}, err
	}
	head, err := git(ctx, 1<<10, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
	if err != nil {
		return review.Request{}, usage("this branch has no commit yet, so there is nothing to compare with; bonafide audit verifies every package of the lockfiles here")
	}
	name := c.Base
	if name == "" {
		if name, err = defaultBranch(ctx); err != nil {
			return review.Request{}, err
		}
	}
	tip, err := resolveCommit(ctx, name)
	if err != nil {
		return review.Request{}, err
	}
	common, err := mergeBase(ctx, tip, strings.TrimSpace(string(head)), name, "HEAD")
	if err != nil {
		return review.Request{}, err
	}
	policyFrom, err := openGitTree(ctx, tip)
	if err != nil {
		return review.Request{}, err
	}
	base, err := openGitTree(ctx, common)
	if err != nil {
		return review.Request{}, err
	}
	work, err := openWorkTree(ctx, top, base)
	if err != nil {
		return review.Request{}, err
	}
	defer work.Close()
	fmt.Fprintf(tty.err, "comparing the working tree with %s (merge base %.7s)\n", report.Terminal(name), common)
	return c.compare(ctx, policyFrom, base, work, name)
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
	case baseErr == nil || headErr == nil: // a folder may have the name of a branch
		there, missing := c.Base, c.Head
		if baseErr != nil {
			there, missing = c.Head, c.Base
		}
		if _, err := resolveCommit(ctx, there); err != nil {
			return review.Request{}, usage("%s is here, but %s is not: no such file or directory", there, missing)
		}
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
	file.HeadSettings = slices.Clone(file.Settings)
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
	common, err := mergeBase(ctx, tip, headCommit, c.Base, c.Head)
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
	if p.Severity(policy.RulePublishWorkflow) != policy.Off {
		if req.Publishing, err = publishing().Compare(ctx, base, head, publish.Facts{}); err != nil {
			return review.Request{}, err
		}
	}
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
