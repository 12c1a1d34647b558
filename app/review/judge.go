package review

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/publish"
	"github.com/bonafide-app/bonafide/app/report"
)

// target is one question about a commit: what would it bring into base?
type target struct {
	pull     int // 0 for a merge group
	baseRef  string
	base     string // compared with, through their merge base
	policyAt string // the commit that the policy is read at
	accepted []Acceptance
	note     string           // to be said besides
	pins     func() bool      // whether the pins that are offered are to be shown; it waits for the run
	read     func() *rulebook // what is being read at policyAt, nil where nothing is; see rulebooks
}

// early begins to ask for the tip of a branch.
func (r *Runner) early(ctx context.Context, repo Repository, branch string) early {
	if branch == "" {
		return early{}
	}
	return early{branch, soon(ctx, "reading a branch", func() (t tip) {
		t.sha, t.err = r.forge.Tip(ctx, repo, branch)
		return t
	}, tip{err: errPanic})}
}

// book is what was read at policyAt, nil where it is still to be read.
func (t target) book() *rulebook {
	if t.read == nil {
		return nil
	}
	return t.read()
}

// targets are the questions that some pull requests put. What holds for them is still being
// read.
func (r *Runner) targets(ctx context.Context, repo Repository, pulls []Pull, guess early) ([]target, error) {
	var targets []target
	books := rulebooks{forge: r.forge, repo: repo}
	tips := map[string]string{} // by the branch
	for _, p := range pulls {
		tip, known := tips[p.BaseRef]
		if !known {
			var err error
			if p.BaseRef == guess.branch {
				tip, err = guess.tip().sha, guess.tip().err
			} else {
				tip, err = r.forge.Tip(ctx, repo, p.BaseRef)
			}
			if err != nil {
				return nil, fmt.Errorf("read the tip of %s: %w", p.BaseRef, err)
			}
			tips[p.BaseRef] = tip
		}
		accepted, err := r.accepted(ctx, repo, p.Number)
		if err != nil {
			return nil, err
		}
		targets = append(targets, target{pull: p.Number, baseRef: p.BaseRef, base: tip, policyAt: tip, accepted: accepted, read: books.at(ctx, tip)})
	}
	return targets, nil
}

// ruling is a check with what its sections were judged by.
type ruling struct {
	report.Check
	read []read
}

// read is which policies were read, by their identities.
type read struct{ policy, floor string }

var errPanic = errors.New("an internal error (a panic)")

// judge ends early enough to leave time for publishing, and turns a panic into an
// error: a check must not stay unfinished because of either.
func (r *Runner) judge(ctx context.Context, repo Repository, sha string, targets []target) (check ruling, err error) {
	defer func() {
		if p := recover(); p != nil {
			zerolog.Ctx(ctx).Error().Interface("panic", p).Bytes("stack", debug.Stack()).Msg("panic while judging")
			err = errPanic
		}
	}()
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-time.Until(deadline)/5))
		defer cancel()
	}
	type question struct{ base, policyAt, accepted, note string }
	type answer struct {
		report.Report
		read
	}
	answers := map[question]answer{} // pull requests into one branch ask the same
	for _, t := range targets {
		q := question{t.base, t.policyAt, fingerprint(t.accepted), t.note}
		rep, asked := answers[q]
		if !asked {
			if rep.Report, rep.read, err = r.target(ctx, repo, sha, t); err != nil {
				return ruling{}, err
			}
			answers[q] = rep
		}
		check.Sections = append(check.Sections, report.Section{PullRequest: t.pull, BaseRef: t.baseRef, Report: rep.Report})
		check.read = append(check.read, rep.read)
	}
	return check, nil
}

func (r *Runner) target(ctx context.Context, repo Repository, sha string, t target) (report.Report, read, error) {
	req, by, err := r.request(ctx, repo, sha, t)
	if err != nil {
		return report.Report{}, read{}, err
	}
	req.Acceptances = holding(t.accepted, req.Policy)
	if t.note != "" {
		req.Policy.Notes = append(slices.Clone(req.Policy.Notes), t.note)
	}
	rep, err := r.reviewer.Review(ctx, req)
	if err != nil {
		return report.Report{}, read{}, err
	}
	if len(rep.Pins) > 0 && t.pins() {
		if rep.PinsPatch, err = r.pinsPatch(ctx, repo, t, req, rep.Pins); err != nil {
			return report.Report{}, read{}, err
		}
		rep.PinsShown = true
	}
	// Only the report is held from here on.
	if err := RoomOf(ctx).Take(reportSize(rep)); err != nil {
		return report.Report{}, read{}, fmt.Errorf("the report of %s: %w", short(sha), err)
	}
	RoomOf(ctx).Keep(reportSize(rep))
	return rep, by, nil
}

// request reads what a target's review rests on.
func (r *Runner) request(ctx context.Context, repo Repository, sha string, t target) (_ Request, _ read, err error) {
	defer watch(ctx, StageRead)()
	type sides struct {
		base, head Tree
		err        error
	}
	trees := soon(ctx, "reading the trees", func() (s sides) {
		s.base, s.head, s.err = r.forge.Trees(ctx, repo, t.base, sha)
		return s
	}, sides{err: errPanic})
	defer trees() // in any case: they take from the room
	book := t.book()
	if book == nil {
		book = &rulebook{}
		book.policy, book.problem, err = r.forge.Policy(ctx, repo, t.policyAt)
	}
	p, problem := book.policy, book.problem
	if err != nil {
		return Request{}, read{}, fmt.Errorf("read the policy at %s: %w", short(t.policyAt), err)
	}
	by := read{p.Identity, p.FloorIdentity}
	both := trees()
	if both.err != nil {
		return Request{}, read{}, fmt.Errorf("read the trees of %s and %s: %w", short(t.base), short(sha), both.err)
	}
	base, head := both.base, both.head
	edit, err := EditOf(ctx, base, head, func(ctx context.Context, file *PolicyFile) (policy.Policy, *policy.Problem, error) {
		return r.forge.Proposed(ctx, repo, file)
	})
	if err != nil {
		return Request{}, read{}, err
	}
	p, problem = edit.mend(p, problem)
	req, err := Compare(ctx, base, head, p.Ignores)
	if err != nil {
		return Request{}, read{}, fmt.Errorf("compare %s with %s: %w", short(sha), short(t.base), err)
	}
	if p.Severity(policy.RulePublishWorkflow) != policy.Off {
		facts := publish.Facts{Repository: "github.com/" + repo.Owner + "/" + repo.Name}
		if req.Publishing, err = r.reviewer.publishing.Compare(ctx, base, head, facts); err != nil {
			return Request{}, read{}, fmt.Errorf("compare how %s and %s publish: %w", short(sha), short(t.base), err)
		}
	}
	if problem != nil {
		req.Problems = append(req.Problems, *problem)
	}
	req.Kind, req.Policy, req.Edit, req.Hub = report.Diff, p, edit, r.forge.Hub(repo)
	return req, by, nil
}
