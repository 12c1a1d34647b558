package checks

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/review"
	"github.com/bonafide-app/bonafide/config"
)

// organisationRepository holds the policy of an owner's repositories without one.
const organisationRepository = ".github"

// Policy reads the policy file at a commit: .github/bonafide.yml or bonafide.yml;
// else that of the owner's .github repository at its default branch; else the
// default. Where something stands there that is not one readable policy, the
// default holds and the problem fails the check: it is never silently passed over.
func (f *Forge) Policy(ctx context.Context, repo review.Repository, sha string) (policy.Policy, *policy.Problem, error) {
	if err := needSHA(sha); err != nil {
		return policy.Policy{}, nil, err
	}
	p, problem, found, err := f.policyAt(ctx, repo, sha)
	if err != nil || found {
		return p, problem, err
	}
	owners := repo
	owners.Name = organisationRepository
	tip, err := f.defaultTip(ctx, owners)
	switch {
	case errors.Is(err, review.ErrGone), status(err) == http.StatusConflict:
		// No such repository, none that the installation may see, or an empty one.
		return policy.Default(), nil, nil
	case status(err) == http.StatusForbidden:
		p, problem = invalid("", fmt.Sprintf("The policy of %s/%s could not be read: GitHub refused it. Give the App access to that repository.", owners.Owner, owners.Name))
		return p, problem, nil
	case err != nil:
		return policy.Policy{}, nil, err
	}
	p, problem, found, err = f.policyAt(ctx, owners, tip)
	if err != nil || found {
		if problem != nil {
			// It is no file of the repository that is judged.
			problem.Lockfile, problem.Line = "", 0
		}
		return p, problem, err
	}
	return policy.Default(), nil, nil
}

// policyAt reads the policy file of one repository. found says that something
// stood where it belongs, be it good or not.
func (f *Forge) policyAt(ctx context.Context, repo review.Repository, sha string) (p policy.Policy, problem *policy.Problem, found bool, err error) {
	var entries []review.TreeEntry
	mistaken := config.MistakenPolicyPaths()
	for _, path := range append(config.PolicyPaths(), mistaken...) {
		e, there, err := f.find(ctx, repo, sha, path)
		if err != nil {
			return policy.Policy{}, nil, false, err
		}
		if there {
			e.Path = path
			entries = append(entries, e)
		}
	}
	if len(entries) == 0 {
		return policy.Policy{}, nil, false, nil
	}
	e := entries[0]
	source := fmt.Sprintf("%s/%s %s at %s", repo.Owner, repo.Name, e.Path, short(sha))
	sentence := ""
	switch {
	case len(entries) > 1:
		sentence = fmt.Sprintf("There are two policy files, %s and %s. Keep one of them.", e.Path, entries[1].Path)
	case slices.Contains(mistaken, e.Path):
		sentence = fmt.Sprintf("The policy file is named %s. Rename it to end in .yml.", e.Path)
	case e.Kind == directory:
		sentence = fmt.Sprintf("%s is a folder. It must be a file.", e.Path)
	case e.Kind != review.Blob:
		sentence = fmt.Sprintf("%s is a %s. It must be a file of its own.", e.Path, e.Kind)
	}
	if sentence != "" {
		p, problem = invalid(e.Path, sentence)
		return p, problem, true, nil
	}
	data, err := f.blob(ctx, repo, e.ID, e.Size, MaxPolicyBytes)
	if errors.Is(err, review.ErrTooLarge) {
		p, problem = invalid(e.Path, fmt.Sprintf("%s is larger than %d kB. Shorten it.", e.Path, MaxPolicyBytes>>10))
		return p, problem, true, nil
	}
	if err != nil {
		return policy.Policy{}, nil, true, fmt.Errorf("read the policy %s: %w", source, err)
	}
	p, err = config.ParsePolicy(source, data)
	if err != nil {
		p, problem = mistakes(e.Path, source, err)
		return p, problem, true, nil
	}
	return p, nil, true, nil
}

// invalid is the default policy with the problem that the file has.
func invalid(path, sentence string) (policy.Policy, *policy.Problem) {
	return policy.Default(), &policy.Problem{Kind: policy.PolicyInvalid, Lockfile: path, Detail: sentence}
}

// mistakes is the same for a file that does not parse: the problem stands at the
// first mistake's line and names them all.
func mistakes(path, source string, err error) (policy.Policy, *policy.Problem) {
	var all config.Errors
	if !errors.As(err, &all) || len(all) == 0 {
		return invalid(path, fmt.Sprintf("%s: %v.", source, err))
	}
	texts := make([]string, len(all))
	for i, e := range all {
		texts[i] = e.Message
		if e.Line > 0 {
			texts[i] = fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Message)
		}
	}
	p, problem := invalid(path, fmt.Sprintf("%s does not hold: %s", source, strings.Join(texts, "; ")))
	problem.Line = all[0].Line
	return p, problem
}

// defaultTip is the commit at the tip of a repository's default branch.
func (f *Forge) defaultTip(ctx context.Context, repo review.Repository) (string, error) {
	var answer struct {
		DefaultBranch string `json:"default_branch"`
	}
	what := fmt.Sprintf("read the repository %s/%s", repo.Owner, repo.Name)
	if _, err := f.do(ctx, repo, request{what: what}, &answer); err != nil {
		return "", err
	}
	if answer.DefaultBranch == "" {
		return "", &review.Later{After: FailureWait, Reason: what + ": GitHub's answer names no default branch"}
	}
	return f.Tip(ctx, repo, answer.DefaultBranch)
}
