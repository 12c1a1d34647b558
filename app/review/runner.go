package review

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sort"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/report"
)

// RecentDays bounds how far back a new installation looks: pull requests that
// nobody touched for longer are left alone until they move.
const RecentDays = 30

// Saver keeps a finished report. It may be nil in a Runner.
type Saver interface {
	SaveCheck(ctx context.Context, repo Repository, headSHA string, check report.Check) error
}

// Runner does the jobs: it asks the forge for the live state, reviews, and
// publishes. It is safe for concurrent use; the commits of one repository are
// judged one at a time each.
type Runner struct {
	forge    Forge
	reviewer *Reviewer
	saver    Saver
	commits  keyedMutex
}

// NewRunner makes a Runner.
func NewRunner(forge Forge, reviewer *Reviewer, saver Saver) (*Runner, error) {
	if forge == nil || reviewer == nil {
		return nil, errors.New("a runner needs a forge and a reviewer")
	}
	return &Runner{forge: forge, reviewer: reviewer, saver: saver, commits: keyedMutex{held: map[string]*lock{}}}, nil
}

// Try says which attempt at a job this is.
type Try struct {
	// Last says that no further attempt follows: what could not be found out by now
	// is published as such.
	Last bool
	// Elapsed is how long ago the first attempt was.
	Elapsed time.Duration
	// Rerun is the delivery that asked for the check to be run again, "" where nobody
	// did: then the check is written again even if nothing it rests on has changed.
	Rerun string
}

// Waits between two attempts to find out what was unknown: half of what was waited
// so far, so that a short failure is over soon and a long one is not hammered.
const (
	minWait = 500 * time.Millisecond
	maxWait = 5 * time.Minute
)

func (t Try) wait() time.Duration { return min(max(t.Elapsed/2, minWait), maxWait) }

// PullRequest judges a pull request's live head. before is the head it had when the
// event was sent, "" where that is not known: its unfinished run ends cancelled.
func (r *Runner) PullRequest(ctx context.Context, repo Repository, number int, before string, try Try) error {
	pull, err := r.forge.PullRequest(ctx, repo, number)
	if errors.Is(err, ErrGone) {
		zerolog.Ctx(ctx).Info().Err(err).Msg("the pull request is gone")
		return nil
	} else if err != nil {
		return fmt.Errorf("read pull request %d: %w", number, err)
	}
	if before != "" && before != pull.HeadSHA {
		if err := r.Abandoned(ctx, repo, before, "The pull request moved on to "+short(pull.HeadSHA)+"."); err != nil {
			return err
		}
	}
	if !pull.Open {
		return r.Abandoned(ctx, repo, pull.HeadSHA, "The pull request was closed.")
	}
	return r.Commit(ctx, repo, pull.HeadSHA, try)
}

// Closed ends what runs for a pull request that was closed. Another open pull
// request with the same head is judged without it.
func (r *Runner) Closed(ctx context.Context, repo Repository, sha string, try Try) error {
	pulls, err := r.forge.OpenPulls(ctx, repo, sha)
	switch {
	case errors.Is(err, ErrGone):
		return nil
	case err != nil:
		return fmt.Errorf("list the pull requests at %s: %w", short(sha), err)
	case len(pulls) == 0:
		return r.cancel(ctx, repo, sha, "The pull request was closed.")
	}
	return r.Commit(ctx, repo, sha, try)
}

// Abandoned cancels the unfinished run of a commit that no open pull request has
// as its head any more.
func (r *Runner) Abandoned(ctx context.Context, repo Repository, sha, reason string) error {
	pulls, err := r.forge.OpenPulls(ctx, repo, sha)
	if errors.Is(err, ErrGone) {
		return nil
	} else if err != nil {
		return fmt.Errorf("list the pull requests at %s: %w", short(sha), err)
	}
	if len(pulls) > 0 {
		return nil
	}
	return r.cancel(ctx, repo, sha, reason)
}

func (r *Runner) cancel(ctx context.Context, repo Repository, sha, reason string) error {
	defer r.commits.lock(key(repo, sha))()
	if err := r.forge.Cancel(ctx, repo, sha, reason); err != nil && !errors.Is(err, ErrGone) {
		return fmt.Errorf("cancel the run of %s: %w", short(sha), err)
	}
	return nil
}

// Commit judges all open pull requests whose head is sha and publishes the worst
// verdict on it: a check belongs to a commit, and several pull requests may share one.
func (r *Runner) Commit(ctx context.Context, repo Repository, sha string, try Try) error {
	defer r.commits.lock(key(repo, sha))()
	pulls, err := r.forge.OpenPulls(ctx, repo, sha)
	if errors.Is(err, ErrGone) {
		return nil
	} else if err != nil {
		return fmt.Errorf("list the pull requests at %s: %w", short(sha), err)
	}
	if len(pulls) == 0 {
		zerolog.Ctx(ctx).Info().Str("head", sha).Msg("no open pull request has this head")
		return nil
	}
	var targets []target
	for _, p := range pulls {
		tip, err := r.forge.Tip(ctx, repo, p.BaseRef)
		if err != nil {
			return fmt.Errorf("read the tip of %s: %w", p.BaseRef, err)
		}
		targets = append(targets, target{pull: p.Number, baseRef: p.BaseRef, base: tip, policyAt: tip})
	}
	check, err := r.publish(ctx, repo, sha, targets, try, func(ctx context.Context) (bool, error) {
		now, err := r.forge.OpenPulls(ctx, repo, sha)
		return len(now) > 0, err
	})
	if err != nil || check == nil {
		return err
	}
	for i, p := range pulls {
		if p.Draft {
			continue
		}
		if err := r.forge.Comment(ctx, repo, p, check.Sections[i].Report); err != nil && !errors.Is(err, ErrGone) {
			return fmt.Errorf("comment on pull request %d: %w", p.Number, err)
		}
	}
	return nil
}

// MergeGroup judges a merge queue's group: what the group would bring into its base.
func (r *Runner) MergeGroup(ctx context.Context, repo Repository, g Group, try Try) error {
	defer r.commits.lock(key(repo, g.HeadSHA))()
	tip, err := r.forge.Tip(ctx, repo, g.BaseRef)
	if errors.Is(err, ErrGone) {
		return nil
	} else if err != nil {
		return fmt.Errorf("read the tip of %s: %w", g.BaseRef, err)
	}
	targets := []target{{baseRef: g.BaseRef, base: g.BaseSHA, policyAt: tip}}
	_, err = r.publish(ctx, repo, g.HeadSHA, targets, try, func(context.Context) (bool, error) { return true, nil })
	return err
}

// Recent lists the pull requests that a new installation starts with.
func (r *Runner) Recent(ctx context.Context, repo Repository) ([]Pull, error) {
	return r.forge.RecentPulls(ctx, repo, r.reviewer.clock().Add(-RecentDays*24*time.Hour))
}

// target is one question about a commit: what would it bring into base?
type target struct {
	pull     int // 0 for a merge group
	baseRef  string
	base     string // compared with, through their merge base
	policyAt string // the commit that the policy is read at
}

// publish judges every target and completes the commit's check run with the worst
// verdict. The check is nil where there was nothing left to publish on.
func (r *Runner) publish(ctx context.Context, repo Repository, sha string, targets []target, try Try, stillThere func(context.Context) (bool, error)) (*report.Check, error) {
	run, err := r.forge.Begin(ctx, repo, sha, ground(targets, try.Rerun))
	if errors.Is(err, ErrGone) {
		zerolog.Ctx(ctx).Info().Err(err).Str("head", sha).Msg("the commit is gone")
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("begin the check of %s: %w", short(sha), err)
	}
	check, err := r.judge(ctx, repo, sha, targets)
	if err != nil && !try.Last {
		return nil, err
	}
	if err == nil && !try.Last {
		if reason := unanswered(check); reason != "" {
			return nil, &Later{After: try.wait(), Reason: reason}
		}
	}
	if err != nil {
		zerolog.Ctx(ctx).Error().Err(err).Str("head", sha).Msg("giving up")
		check = report.Check{Broken: broken(err)}
	}
	there, stillErr := stillThere(ctx)
	if stillErr != nil && !errors.Is(stillErr, ErrGone) {
		return nil, fmt.Errorf("look at the pull requests again: %w", stillErr)
	}
	if !there {
		if err := r.forge.Cancel(ctx, repo, sha, "No open pull request has this commit as its head any more."); err != nil && !errors.Is(err, ErrGone) {
			return nil, fmt.Errorf("cancel the run of %s: %w", short(sha), err)
		}
		return nil, nil
	}
	if err := r.forge.Finish(ctx, run, check); err != nil {
		if errors.Is(err, ErrGone) {
			return nil, nil
		}
		return nil, fmt.Errorf("complete the check of %s: %w", short(sha), err)
	}
	if r.saver != nil {
		if err := r.saver.SaveCheck(ctx, repo, sha, check); err != nil {
			// The verdict stands on the commit; that it is not kept here is said and no more.
			zerolog.Ctx(ctx).Error().Err(err).Msg("the report could not be stored")
		}
	}
	if check.Broken != "" {
		return nil, nil
	}
	return &check, nil
}

// judge ends early enough to leave time for publishing, and turns a panic into an
// error: a check must not stay unfinished because of either.
func (r *Runner) judge(ctx context.Context, repo Repository, sha string, targets []target) (check report.Check, err error) {
	defer func() {
		if p := recover(); p != nil {
			zerolog.Ctx(ctx).Error().Interface("panic", p).Bytes("stack", debug.Stack()).Str("head", sha).Msg("panic while judging")
			err = errors.New("an internal error (a panic)")
		}
	}()
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-time.Until(deadline)/5))
		defer cancel()
	}
	for _, t := range targets {
		rep, err := r.target(ctx, repo, sha, t)
		if err != nil {
			return report.Check{}, err
		}
		check.Sections = append(check.Sections, report.Section{PullRequest: t.pull, BaseRef: t.baseRef, Report: rep})
	}
	return check, nil
}

func (r *Runner) target(ctx context.Context, repo Repository, sha string, t target) (report.Report, error) {
	p, problem, err := r.forge.Policy(ctx, repo, t.policyAt)
	if err != nil {
		return report.Report{}, fmt.Errorf("read the policy at %s: %w", short(t.policyAt), err)
	}
	base, head, err := r.forge.Trees(ctx, repo, t.base, sha)
	if err != nil {
		return report.Report{}, fmt.Errorf("read the trees of %s and %s: %w", short(t.base), short(sha), err)
	}
	req, err := Compare(ctx, base, head, p.Ignores)
	if err != nil {
		return report.Report{}, fmt.Errorf("compare %s with %s: %w", short(sha), short(t.base), err)
	}
	if problem != nil {
		req.Problems = append(req.Problems, *problem)
	}
	req.Kind, req.Policy = report.Diff, p
	return r.reviewer.Review(ctx, req)
}

// unanswered is the reason why a check is worth another try, "" if it is not.
func unanswered(c report.Check) string {
	for _, s := range c.Sections {
		if !s.Report.Retry {
			continue
		}
		for _, f := range s.Report.Findings {
			if f.Unknown {
				return f.Message
			}
		}
	}
	return ""
}

// broken is what people read where the job failed for good.
func broken(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "The time for this check ran out before everything was looked at. Re-run it."
	}
	var later *Later
	if errors.As(err, &later) {
		return "GitHub or a registry did not answer for too long: " + later.Reason + ". Re-run the check."
	}
	return "Bonafide could not finish this check: " + err.Error() + ". Re-run it; if it fails again, the operator's log has the details."
}

// ground names what a verdict rests on, so that a second run on the same ground is
// known as such. Being asked to run again is a ground of its own.
func ground(targets []target, rerun string) string {
	parts := make([]string, len(targets), len(targets)+1)
	for i, t := range targets {
		kind := "group"
		if t.pull > 0 {
			kind = fmt.Sprintf("pr/%d", t.pull)
		}
		parts[i] = fmt.Sprintf("%s %s@%s policy@%s", kind, t.baseRef, t.base, t.policyAt)
	}
	sort.Strings(parts)
	if rerun != "" {
		parts = append(parts, "rerun "+rerun)
	}
	return strings.Join(parts, "\n")
}

func key(repo Repository, sha string) string {
	return strings.ToLower(repo.Owner+"/"+repo.Name) + "@" + sha
}

func short(sha string) string {
	if len(sha) > 7 {
		return sha[:7]
	}
	return sha
}
