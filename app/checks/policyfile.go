package checks

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/review"
	"github.com/bonafide-app/bonafide/config"
)

// organisationRepository holds the policy of an owner's repositories without one, and
// the floor of all of them.
const organisationRepository = ".github"

// Policy reads the policy file at a commit: .github/bonafide.yml or bonafide.yml;
// else that of the owner's .github repository at its default branch; else the
// default. Where something stands there that is not one readable policy, the
// default holds and the problem fails the check: it is never silently passed over.
// The owner's floor is laid over whatever holds.
func (f *Forge) Policy(ctx context.Context, repo review.Repository, sha string) (policy.Policy, *policy.Problem, error) {
	if err := needSHA(sha); err != nil {
		return policy.Policy{}, nil, err
	}
	var own standing
	var found bool
	var org organisation
	g, both := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		defer recovered(f.logger(ctx), &err)
		own, found, err = f.policyAt(both, repo, sha)
		return err
	})
	g.Go(func() (err error) {
		defer recovered(f.logger(ctx), &err)
		org, err = f.organisation(both, repo)
		return err
	})
	if err := g.Wait(); err != nil {
		return policy.Policy{}, nil, err
	}
	p, problem := org.over(repo, own, found)
	p.Identity, p.FloorIdentity = own.named(), org.named()
	return p, problem, nil
}

// Proposed is what Policy would answer once the repository's policy file were the given
// one; nil: it had none. A file of the .github repository brings its own floor.
func (f *Forge) Proposed(ctx context.Context, repo review.Repository, file *review.PolicyFile) (policy.Policy, *policy.Problem, error) {
	org, err := f.organisation(ctx, repo)
	if err != nil {
		return policy.Policy{}, nil, err
	}
	var own standing
	if file != nil {
		if own, err = f.standing(ctx, repo, file.Path, file.Path+" of the pull request", file.Data); err != nil {
			return policy.Policy{}, nil, err
		}
	}
	if isOrganisation(repo) {
		org = organisation{standing: own, found: file != nil}
		if own.Floor == nil && f.requireFloor {
			org.unread = demanded("no floor (enforce) would stand in the policy file of " + repo.Owner + "/" + repo.Name)
		}
	}
	p, problem := org.over(repo, own, file != nil)
	return p, problem, nil
}

// PolicyFile is the repository's own policy file at a commit, nil where it has none.
func (f *Forge) PolicyFile(ctx context.Context, repo review.Repository, sha string) (*review.PolicyFile, error) {
	if err := needSHA(sha); err != nil {
		return nil, err
	}
	_, e, _, found, err := f.lookUp(ctx, repo, sha)
	if err != nil || !found {
		return nil, err
	}
	data, err := f.blob(ctx, repo, e.ID, e.Size, config.MaxPolicyBytes)
	if err != nil {
		return nil, fmt.Errorf("read the policy file %s: %w", e.Path, err)
	}
	return &review.PolicyFile{Path: e.Path, Data: data}, nil
}

func isOrganisation(repo review.Repository) bool {
	return strings.EqualFold(repo.Name, organisationRepository)
}

// standing is a policy file that was found, with what is wrong with it.
type standing struct {
	config.File
	problem  *policy.Problem
	identity string // see policy.Policy; "" where there is no file
}

// policyAt reads the policy file of one repository. found says that something
// stood where it belongs, be it good or not.
func (f *Forge) policyAt(ctx context.Context, repo review.Repository, sha string) (s standing, found bool, err error) {
	source, e, s, found, err := f.lookUp(ctx, repo, sha)
	if err != nil || !found || s.problem != nil {
		return s, found, err
	}
	content := s.identity
	defer func() { s.identity = content + s.identity }()
	data, err := f.blob(ctx, repo, e.ID, e.Size, config.MaxPolicyBytes)
	if errors.Is(err, review.ErrTooLarge) {
		return invalid(e.Path, fmt.Sprintf("%s is larger than %d kB. Shorten it.", e.Path, config.MaxPolicyBytes>>10)), true, nil
	}
	if err != nil {
		return standing{}, true, fmt.Errorf("read the policy %s: %w", source, err)
	}
	s, err = f.standing(ctx, repo, e.Path, source, data)
	return s, true, err
}

// lookUp finds the policy file of a commit.
func (f *Forge) lookUp(ctx context.Context, repo review.Repository, sha string) (source string, e review.TreeEntry, s standing, found bool, err error) {
	var entries []review.TreeEntry
	for _, path := range append(config.PolicyPaths(), config.MistakenPolicyPaths()...) {
		e, there, err := f.find(ctx, repo, sha, path)
		if err != nil {
			return "", e, s, false, err
		}
		if there {
			e.Path = path
			entries = append(entries, e)
		}
	}
	if len(entries) == 0 {
		return "", e, s, false, nil
	}
	e = entries[0]
	if fault := review.PolicyFault(entries); fault != "" {
		s = invalid(e.Path, fault)
	}
	s.identity = contents(entries)
	return fmt.Sprintf("%s/%s %s at %s", repo.Owner, repo.Name, e.Path, short(sha)), e, s, true, nil
}

// standing parses a policy file and reads the one that it extends.
func (f *Forge) standing(ctx context.Context, repo review.Repository, path, source string, data []byte) (standing, error) {
	file, err := config.ParseFile(source, data, policy.Default())
	if err != nil {
		s := mistakes(path, source, err)
		s.FloorLine = file.FloorLine
		return s, nil
	}
	at := func(line int, format string, args ...any) standing {
		s := invalid(path, fmt.Sprintf("%s does not hold: line %d: ", source, line)+fmt.Sprintf(format, args...))
		s.problem.Line, s.FloorLine = line, file.FloorLine
		return s
	}
	if file.Floor != nil && !isOrganisation(repo) {
		return at(file.FloorLine, "enforce sets the floor of an organisation and stands in the policy file of %s/%s alone. Remove it here, or move it there.", repo.Owner, organisationRepository), nil
	}
	ext := file.Extends
	if ext == nil {
		return standing{File: file}, nil
	}
	name := ext.Owner + "/" + ext.Name
	if !strings.EqualFold(ext.Owner, repo.Owner) {
		return at(ext.Line, "extends names %s: only repositories of %s can be extended.", name, repo.Owner), nil
	}
	other := repo
	other.Name = ext.Name
	tip, err := f.defaultTip(ctx, other)
	var parent standing
	if err == nil {
		parent, err = f.extended(ctx, other, tip)
	}
	switch reason := unreadable(err); {
	case reason != "":
		s := at(ext.Line, "the policy of %s, which it extends, cannot be read: %s. Give the App access to that repository, or extend another one.", name, reason)
		s.identity = extending(other, standing{identity: unreadPolicy})
		return s, nil
	case err != nil:
		return standing{}, fmt.Errorf("read the policy of %s, which %s extends: %w", name, source, err)
	case parent.problem != nil:
		s := at(ext.Line, "the policy of %s, which it extends, does not hold: %s", name, parent.problem.Detail)
		s.identity = extending(other, parent)
		return s, nil
	}
	file, err = config.ParseFile(source, data, parent.Policy)
	if err != nil {
		s := mistakes(path, source, err)
		s.identity = extending(other, parent)
		return s, nil
	}
	file.Policy.Source = fmt.Sprintf("%s, extends %s at %s", source, name, short(tip))
	return standing{File: file, identity: extending(other, parent)}, nil
}

// extended reads the policy file of a repository that another one extends. It extends
// nothing itself: one step can be followed by a reader, and makes no circle.
func (f *Forge) extended(ctx context.Context, repo review.Repository, tip string) (s standing, err error) {
	source, e, s, found, err := f.lookUp(ctx, repo, tip)
	switch {
	case err != nil || s.problem != nil:
		return s, err
	case !found:
		return invalid("", fmt.Sprintf("there is no policy file at %s.", short(tip))), nil
	}
	content := s.identity
	defer func() { s.identity = content }()
	data, err := f.blob(ctx, repo, e.ID, e.Size, config.MaxPolicyBytes)
	if errors.Is(err, review.ErrTooLarge) {
		return invalid("", fmt.Sprintf("%s is larger than %d kB.", source, config.MaxPolicyBytes>>10)), nil
	} else if err != nil {
		return standing{}, err
	}
	file, err := config.ParseFile(source, data, policy.Default())
	switch {
	case err != nil:
		return mistakes("", source, err), nil
	case file.Extends != nil:
		return invalid("", fmt.Sprintf("%s extends another one itself, and only one step is followed.", source)), nil
	case file.Floor != nil && !isOrganisation(repo):
		return invalid("", fmt.Sprintf("%s sets enforce, which stands in %s/%s alone.", source, repo.Owner, organisationRepository)), nil
	}
	return standing{File: file}, nil
}

// unreadable says in a few words why a repository cannot be read, "" where it may be
// another time, or where there was no error.
func unreadable(err error) string {
	switch {
	case err == nil:
	case errors.Is(err, review.ErrGone):
		return "it does not exist, or the App may not see it"
	case status(err) == http.StatusConflict:
		return "it is empty"
	case status(err) == http.StatusForbidden:
		return "GitHub refused it"
	}
	return ""
}

// invalid is the default policy with the problem that the file has.
func invalid(path, sentence string) standing {
	return standing{
		File:    config.File{Policy: policy.Default()},
		problem: &policy.Problem{Kind: policy.PolicyInvalid, Lockfile: path, Detail: sentence},
	}
}

// mistakes is the same for a file that does not parse: the problem stands at the
// first mistake's line and names them all.
func mistakes(path, source string, err error) standing {
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
	s := invalid(path, fmt.Sprintf("%s does not hold: %s", source, strings.Join(texts, "; ")))
	s.problem.Line = all[0].Line
	return s
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
