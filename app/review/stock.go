package review

import (
	"context"
	"fmt"
	"time"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/report"
)

// Home is the default branch of a repository.
type Home struct {
	Branch string
	Head   string // commit at its tip, "" where it has none
	Public bool   // whether everybody sees the repository
}

// Stock is what a default branch has locked, and what can be proven of it now.
type Stock struct {
	Home
	Report report.Report
	Policy policy.Policy // of the branch, by which it was judged
}

// Stock looks at a default branch at its tip: every package of its lockfiles, asked for
// again. What it found is given to keep, and counts as held until keep returns, with so many
// bytes beside it that keep is going to hold. What could
// not be found out and may be later is a *Later, in the last attempt it is given to keep as
// it is. ErrGone where the commit is not there any more.
func (r *Runner) Stock(ctx context.Context, repo Repository, home Home, try Try, beside int64, keep func(context.Context, Stock) error) error {
	judging(ctx, home.Head)
	found := Stock{Home: home}
	fresh := WithFresh(ctx)
	leave, err := r.memory.Do(fresh, try.patience(ctx), func(ctx context.Context) (err error) {
		if err := RoomOf(ctx).Take(beside); err != nil {
			return err
		}
		RoomOf(ctx).Keep(beside)
		found.Policy, found.Report, err = r.stock(ctx, repo, home.Head)
		return err
	})
	defer leave()
	if cause := superseded(ctx); cause != nil {
		return cause
	}
	if err != nil {
		return fmt.Errorf("look at what %s has locked: %w", home.Branch, err)
	}
	if reason := unanswered(report.Check{Sections: []report.Section{{Report: found.Report}}}, try); reason != "" && !try.Last {
		return &Later{After: max(try.wait(), r.reviewer.rest()), Reason: reason}
	}
	if found.Report.Again && !try.Last {
		return &Later{After: max(try.wait(), againAfter), Reason: "GitHub could not be asked whether a package is known as malware, and is asked again"}
	}
	return keep(ctx, found)
}

// stock ends early enough to leave time for keeping what it found.
func (r *Runner) stock(ctx context.Context, repo Repository, head string) (policy.Policy, report.Report, error) {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-time.Until(deadline)/5))
		defer cancel()
	}
	req, err := r.stockRequest(ctx, repo, head)
	if err != nil {
		return policy.Policy{}, report.Report{}, err
	}
	rep, err := r.reviewer.Review(ctx, req)
	if err != nil {
		return policy.Policy{}, report.Report{}, err
	}
	// Only the report is held from here on.
	if err := RoomOf(ctx).Take(reportSize(rep)); err != nil {
		return policy.Policy{}, report.Report{}, err
	}
	RoomOf(ctx).Keep(reportSize(rep))
	return req.Policy, rep, nil
}

// stockRequest reads what the look rests on: the branch is its own judge.
func (r *Runner) stockRequest(ctx context.Context, repo Repository, head string) (Request, error) {
	defer watch(ctx, StageRead)()
	p, problem, err := r.forge.Policy(ctx, repo, head)
	if err != nil {
		return Request{}, fmt.Errorf("read the policy at %s: %w", short(head), err)
	}
	tree, err := r.forge.Tree(ctx, repo, head)
	if err != nil {
		return Request{}, fmt.Errorf("read the tree of %s: %w", short(head), err)
	}
	req, err := Compare(ctx, nothing{}, tree, p.Ignores)
	if err != nil {
		return Request{}, fmt.Errorf("read the lockfiles of %s: %w", short(head), err)
	}
	if problem != nil {
		req.Problems = append(req.Problems, *problem)
	}
	req.Kind, req.Policy, req.Hub, req.Whole = report.Audit, p, r.forge.Hub(repo), true
	return req, nil
}

// nothing is a tree without a file.
type nothing struct{}

func (nothing) Entries() []TreeEntry { return nil }

func (nothing) Read(_ context.Context, e TreeEntry) ([]byte, error) {
	return nil, fmt.Errorf("%q is not in an empty tree", e.Path)
}
