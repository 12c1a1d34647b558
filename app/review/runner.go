package review

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/mask"
	"github.com/bonafide-app/bonafide/app/policy"
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
	forge       Forge
	reviewer    *Reviewer
	saver       Saver
	acceptances Acceptances
	leases      Leases
	ledger      Ledger
	memory      *Memory
}

// NewRunner makes a Runner. Without acceptances nothing can be accepted; without leases
// it must be the only one that writes.
func NewRunner(forge Forge, reviewer *Reviewer, saver Saver, acceptances Acceptances, leases Leases) (*Runner, error) {
	if forge == nil || reviewer == nil {
		return nil, errors.New("a runner needs a forge and a reviewer")
	}
	if leases == nil {
		leases = &ownLeases{}
	}
	return &Runner{
		forge: watched{forge}, reviewer: reviewer, saver: saver, acceptances: acceptances, leases: leases, ledger: noLedger{},
		memory: NewMemory(SmallMemory, LargeMemory),
	}, nil
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
	// Silent says that nothing but the check is to be written: the pull request was there
	// before anybody asked.
	Silent bool
	// Quiet lets a verdict that stands be judged again without anybody noticing, unless it
	// turns out otherwise.
	Quiet bool
	// Note is what the check is to say besides, about the pull request that is judged:
	// one sentence, "" for none.
	Note string
}

// Waits between two attempts to find out what was unknown: half of what was waited
// so far, so that a short failure is over soon and a long one is not hammered. What
// keeps failing is left alone for longer (registry, checks); here people wait.
const (
	minWait = 500 * time.Millisecond
	maxWait = 2 * time.Minute
)

// settling is how long the verdict on a release that seems to have lost something, and
// was just published, waits for evidence that may still be on its way.
const settling = 5 * time.Minute

// patience is how long a job waits for memory: in the last attempt as long as it can,
// else until another job should have its worker.
func (t Try) patience(ctx context.Context) time.Duration {
	if deadline, ok := ctx.Deadline(); ok && t.Last {
		return time.Until(deadline) / 2
	}
	return roomPatience
}

func (t Try) wait() time.Duration { return min(max(t.Elapsed/2, minWait), maxWait) }

// patience is how long GitHub's API may lag behind its own webhooks: a pull request
// that was just opened can be answered with 404, an old head, or a list without it.
const patience = 2 * time.Minute

// gone decides what to make of ErrGone: shortly after the event it is the API that
// lags, later it is true, and there is nothing left to do.
func (t Try) gone(ctx context.Context, what string, err error) error {
	if t.Elapsed < patience && !t.Last {
		return &Later{After: t.wait(), Reason: fmt.Sprintf("%s: GitHub does not show it (yet)", what), Err: err}
	}
	zerolog.Ctx(ctx).Info().Err(err).Msg(what + " is gone")
	return nil
}

// aside decides what to make of the failure of something beside the verdict: it is
// worth another attempt, but in the end it must not undo the verdict, which stands.
func (t Try) aside(ctx context.Context, what string, err error) error {
	var later *Later
	if err == nil || !t.Last || errors.As(err, &later) || errors.Is(err, ErrSuperseded) {
		return err
	}
	zerolog.Ctx(ctx).Error().Err(err).Msg("gave up to " + what)
	return nil
}

// againAfter is how soon is asked again for what was out of reach beside a verdict:
// nobody waits for it, and most often it is a rate limit.
const againAfter = time.Minute

// again asks for another attempt where something beside a published verdict was out of
// reach. Nothing is written again but what differs.
func (t Try) again(check *report.Check) error {
	if t.Last || !slices.ContainsFunc(check.Sections, func(s report.Section) bool { return s.Report.Again }) {
		return nil
	}
	return &Later{After: max(t.wait(), againAfter), Reason: "the verdict is published; GitHub could not be asked about workflow runs or malware, and is asked again"}
}

// PullRequest judges a pull request's live head. The unfinished run of the head it
// had before a push ends cancelled.
func (r *Runner) PullRequest(ctx context.Context, repo Repository, number int, event Event, try Try) error {
	what := fmt.Sprintf("pull request %d", number)
	pull, err := r.forge.PullRequest(ctx, repo, number)
	if errors.Is(err, ErrGone) {
		if err := try.gone(ctx, what, err); err != nil {
			return err
		}
		return r.ledger.Drop(ctx, repo, number)
	} else if err != nil {
		return fmt.Errorf("read %s: %w", what, err)
	}
	if event.Before != "" && event.Before == pull.HeadSHA && event.Head != event.Before && try.Elapsed < patience && !try.Last {
		return &Later{After: try.wait(), Reason: what + ": GitHub still shows the head before the push"}
	}
	var left error                                           // what it left behind must not keep its new head waiting
	for _, sha := range []string{event.Before, event.Head} { // an earlier attempt may have begun the event's own head
		if sha != "" && sha != pull.HeadSHA {
			left = errors.Join(left, try.aside(ctx, "end the run of the head before", r.Closed(ctx, repo, sha, try)))
		}
	}
	if !pull.Open {
		return errors.Join(left, r.Ended(ctx, repo, number), r.Closed(ctx, repo, pull.HeadSHA, try))
	}
	return errors.Join(left, r.commit(ctx, repo, pull.HeadSHA, &pull, try))
}

// Closed ends what runs for a commit that a pull request has left: it was closed, or
// pushed on. Other open pull requests with that head are judged without it.
func (r *Runner) Closed(ctx context.Context, repo Repository, sha string, try Try) error {
	pulls, err := r.forge.OpenPulls(ctx, repo, sha)
	switch {
	case errors.Is(err, ErrGone):
		return try.gone(ctx, "the repository", err)
	case err != nil:
		return fmt.Errorf("list the pull requests at %s: %w", short(sha), err)
	case len(pulls) > 0:
		return r.commit(ctx, repo, sha, nil, try)
	}
	ctx, release, err := r.lease(ctx, key(repo, sha), "commit", try)
	if err != nil {
		return err
	}
	defer release()
	if err := r.forge.Cancel(ctx, repo, sha, "No open pull request has this commit as its head any more."); err != nil && !errors.Is(err, ErrGone) {
		return fmt.Errorf("cancel the run of %s: %w", short(sha), err)
	}
	return nil
}

// Commit judges all open pull requests whose head is sha and publishes the worst
// verdict on it: a check belongs to a commit, and several pull requests may share one.
func (r *Runner) Commit(ctx context.Context, repo Repository, sha string, try Try) error {
	return r.commit(ctx, repo, sha, nil, try)
}

// commit is Commit. seen is a pull request that was just read with this head, which
// a list that lags may not show yet.
func (r *Runner) commit(ctx context.Context, repo Repository, sha string, seen *Pull, try Try) error {
	ctx, release, err := r.lease(ctx, key(repo, sha), "commit", try)
	if err != nil {
		return err
	}
	defer release()
	pulls, err := r.pulls(ctx, repo, sha, seen)
	if errors.Is(err, ErrGone) {
		return try.gone(ctx, "the repository", err)
	} else if err != nil {
		return err
	}
	if len(pulls) == 0 {
		zerolog.Ctx(ctx).Info().Msg("no open pull request has this head")
		return r.cancel(ctx, repo, sha)
	}
	if len(pulls) > MaxPulls {
		return r.refuse(ctx, repo, sha, fmt.Sprintf("More than %d open pull requests have this commit as their head. Close some of them and run the check again.", MaxPulls))
	}
	targets, err := r.targets(ctx, repo, pulls)
	if errors.Is(err, ErrGone) {
		return try.gone(ctx, "a branch that is merged into", err)
	} else if err != nil {
		return err
	}
	for i, t := range targets {
		if seen != nil && seen.Number == t.pull {
			targets[i].note = try.Note
		}
	}
	check, err := r.publish(ctx, repo, sha, targets, try, func(ctx context.Context) (ground, error) {
		now, err := r.pulls(ctx, repo, sha, nil)
		if err != nil {
			return "", err
		}
		return basesOf(now), nil
	}, basesOf(pulls))
	if err != nil || check == nil {
		return err
	}
	for i, p := range pulls {
		if p.Draft || try.Silent {
			continue
		}
		if err := r.comment(ctx, repo, p, check.Sections[i].Report, try); err != nil && !errors.Is(err, ErrGone) {
			err = fmt.Errorf("comment on pull request %d: %w", p.Number, err)
			if err := try.aside(ctx, "comment", err); err != nil {
				return err
			}
		}
	}
	return try.again(check)
}

// targets are the questions that some pull requests put.
func (r *Runner) targets(ctx context.Context, repo Repository, pulls []Pull) ([]target, error) {
	var targets []target
	books := rulebooks{forge: r.forge, repo: repo}
	for _, p := range pulls {
		tip, err := r.forge.Tip(ctx, repo, p.BaseRef)
		if err != nil {
			return nil, fmt.Errorf("read the tip of %s: %w", p.BaseRef, err)
		}
		accepted, err := r.accepted(ctx, repo, p.Number)
		if err != nil {
			return nil, err
		}
		targets = append(targets, target{pull: p.Number, baseRef: p.BaseRef, base: tip, policyAt: tip, accepted: accepted, read: books.at(ctx, tip)})
	}
	return targets, nil
}

// cancel ends what is unfinished of a commit that nothing open has any more.
func (r *Runner) cancel(ctx context.Context, repo Repository, sha string) error {
	if err := r.forge.Cancel(ctx, repo, sha, "Nothing open has this commit as its head any more."); err != nil && !errors.Is(err, ErrGone) {
		return fmt.Errorf("cancel the run of %s: %w", short(sha), err)
	}
	return nil
}

// comment comments on a pull request. A job about another commit of it must not say the
// same at the same time.
func (r *Runner) comment(ctx context.Context, repo Repository, p Pull, rep report.Report, try Try) error {
	if len(report.Comments(rep)) > 0 { // else nothing new is said
		leased, release, err := r.lease(ctx, pullKey(repo, p.Number), "pull request", try)
		if err != nil {
			return err
		}
		defer release()
		ctx = leased
	}
	return r.forge.Comment(ctx, repo, p, rep)
}

// pulls are the open pull requests with a head, seen among them.
func (r *Runner) pulls(ctx context.Context, repo Repository, sha string, seen *Pull) ([]Pull, error) {
	pulls, err := r.forge.OpenPulls(ctx, repo, sha)
	if err != nil {
		return nil, fmt.Errorf("list the pull requests at %s: %w", short(sha), err)
	}
	if seen != nil && !slices.ContainsFunc(pulls, func(p Pull) bool { return p.Number == seen.Number }) {
		pulls = append(pulls, *seen)
		slices.SortFunc(pulls, func(a, b Pull) int { return cmp.Compare(a.Number, b.Number) })
	}
	return pulls, nil
}

// ground names what a verdict is about, so that it can be seen to have changed.
type ground string

// noGround: there is nothing left to give a verdict on.
const noGround ground = ""

// basesOf is the ground of some pull requests: which there are, and into what.
func basesOf(pulls []Pull) ground {
	var b strings.Builder
	for _, p := range pulls {
		fmt.Fprintf(&b, "%d into %s\n", p.Number, p.BaseRef)
	}
	return ground(b.String())
}

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
		return try.gone(ctx, "the branch "+g.BaseRef, err)
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
		return try.gone(ctx, "the group", err)
	} else if err != nil {
		return err
	}
	books := rulebooks{forge: r.forge, repo: repo}
	targets := []target{{baseRef: g.BaseRef, base: g.BaseSHA, policyAt: tip, accepted: accepted, read: books.at(ctx, tip)}}
	check, err := r.publish(ctx, repo, g.HeadSHA, targets, try, there, group)
	if err != nil || check == nil {
		return err
	}
	return try.again(check)
}

// GiveUp completes the check of a job that failed for good: of a pull request's live
// head, or of the commit head where number is 0. It publishes no verdict. One that was
// published on the very ground that a new one would rest on stands; where that cannot
// be found out the check fails, because it may stand on another.
func (r *Runner) GiveUp(ctx context.Context, repo Repository, number int, head string, cause error) error {
	var seen *Pull
	if number > 0 {
		pull, err := r.forge.PullRequest(ctx, repo, number)
		if errors.Is(err, ErrGone) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read pull request %d: %w", number, err)
		}
		if !pull.Open {
			return nil
		}
		head, seen = pull.HeadSHA, &pull
	}
	if head == "" {
		return nil
	}
	ctx, release, err := r.lease(ctx, key(repo, head), "commit", Try{})
	if err != nil {
		return err
	}
	defer release()
	if r.stands(ctx, repo, head, seen) {
		zerolog.Ctx(ctx).Error().Err(cause).Msg("gave up; the verdict stands that was published on the same ground")
		return nil
	}
	return r.refuse(ctx, repo, head, broken(cause))
}

// stands says whether there is a verdict on what a new one would rest on, and not in doubt
// for too long. What made the
// job fail, be it a panic, must not keep its check from being completed.
func (r *Runner) stands(ctx context.Context, repo Repository, sha string, seen *Pull) (yes bool) {
	defer func() {
		if p := recover(); p != nil {
			zerolog.Ctx(ctx).Error().Interface("panic", p).Bytes("stack", debug.Stack()).Msg("panic while looking for a verdict that stands")
			yes = false
		}
	}()
	pulls, err := r.pulls(ctx, repo, sha, seen)
	if err != nil || len(pulls) == 0 || len(pulls) > MaxPulls {
		return false
	}
	targets, err := r.targets(ctx, repo, pulls)
	if err != nil {
		return false
	}
	for _, p := range pulls {
		v, _, err := r.ledger.Standing(ctx, repo, p.Number)
		if err != nil || !v.Doubt.IsZero() && r.reviewer.clock().Sub(v.Doubt) >= maxDoubt {
			return false
		}
	}
	is, err := r.forge.Stands(ctx, repo, sha, restsOn(targets, ""))
	return err == nil && is
}

// refuse completes the check of a commit as failed, without a verdict.
func (r *Runner) refuse(ctx context.Context, repo Repository, sha, reason string) error {
	run, err := r.forge.Begin(ctx, repo, sha, "no verdict: "+reason)
	if err == nil {
		err = r.forge.Finish(ctx, run, report.Check{Broken: reason})
	}
	if errors.Is(err, ErrGone) {
		return nil
	} else if err != nil {
		return fmt.Errorf("complete the check of %s: %w", short(sha), err)
	}
	return r.ledger.Broke(ctx, repo, sha)
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
	accepted []Acceptance
	note     string    // to be said besides
	read     *rulebook // what was read at policyAt, nil where it is still to be read
}

// publish judges every target and completes the commit's check run with the worst
// verdict. now says what the verdict would be about at the end; where that is no
// longer was, nothing is published: a verdict about another base must not stand even
// for a moment. The check is nil where there was nothing to publish on.
func (r *Runner) publish(ctx context.Context, repo Repository, sha string, targets []target, try Try, now func(context.Context) (ground, error), was ground) (*report.Check, error) {
	at, trust := r.reviewer.clock(), r.ledger.Trust() // what changes from now on is a reason to judge again
	run, quiet, err := r.begin(ctx, repo, sha, targets, try)
	if errors.Is(err, ErrGone) {
		return nil, try.gone(ctx, "the commit "+short(sha), err)
	} else if err != nil {
		return nil, fmt.Errorf("begin the check of %s: %w", short(sha), err)
	}
	var found ruling
	leave, err := r.memory.Do(ctx, try.patience(ctx), func(ctx context.Context) (err error) {
		found, err = r.judge(ctx, repo, sha, targets)
		return err
	})
	defer leave()
	if cause := superseded(ctx); cause != nil {
		return nil, cause
	}
	if err != nil && !try.Last {
		return nil, err
	}
	check, verdicts := found.Check, found.verdicts(targets, sha, trust, at)
	if err == nil && quiet {
		if publish, err := r.reconsider(ctx, repo, check, verdicts, try); err != nil || !publish {
			return nil, err
		}
	}
	if err == nil && !quiet && !try.Last {
		if reason := unanswered(check, try); reason != "" {
			return nil, &Later{After: max(try.wait(), r.reviewer.rest()), Reason: reason}
		}
	}
	if err != nil && quiet {
		if tooLong, failed := r.doubted(ctx, repo, numbers(targets)...); failed != nil || !tooLong {
			zerolog.Ctx(ctx).Error().Err(err).Msg("gave up to judge again; the verdict stands")
			return nil, failed
		}
	} else if err != nil && run.Completed {
		// A verdict on this very ground stands; only what is beside it was asked for again.
		zerolog.Ctx(ctx).Error().Err(err).Msg("gave up to ask again; the verdict stands")
		return nil, nil
	}
	if err != nil {
		zerolog.Ctx(ctx).Error().Err(err).Msg("giving up")
		check = report.Check{Broken: broken(err), Excused: r.excused(ctx, repo, targets, err)}
	}
	is, err := now(ctx)
	switch {
	case errors.Is(err, ErrGone):
		return nil, try.gone(ctx, "the repository", err)
	case err != nil:
		return nil, fmt.Errorf("look again at what %s is for: %w", short(sha), err)
	case is == noGround:
		return nil, r.cancel(ctx, repo, sha)
	case is != was:
		return nil, &Later{After: minWait, Reason: "the pull requests with this head changed while it was judged"}
	}
	if err := r.forge.Finish(ctx, run, check); err != nil {
		return nil, fmt.Errorf("complete the check of %s: %w", short(sha), err)
	}
	r.record(ctx, repo, verdicts)
	if r.saver != nil {
		if err := r.saver.SaveCheck(ctx, repo, sha, check); err != nil {
			// The verdict stands on the commit; that it is not kept here is said and no more.
			zerolog.Ctx(ctx).Error().Err(err).Msg("the report could not be stored")
		}
	}
	if check.Broken != "" {
		return nil, r.ledger.Broke(ctx, repo, sha)
	}
	return &check, nil
}

// numbers are the pull requests that some targets are about.
func numbers(targets []target) (list []int) {
	for _, t := range targets {
		if t.pull > 0 {
			list = append(list, t.pull)
		}
	}
	return list
}

// begin takes up the check run of a commit. A quiet run leaves one with a verdict as it
// is; where there is none, nothing stands that could be disturbed.
func (r *Runner) begin(ctx context.Context, repo Repository, sha string, targets []target, try Try) (run Run, quiet bool, err error) {
	if try.Quiet {
		if run, quiet, err = r.forge.Standing(ctx, repo, sha); err != nil || quiet {
			return run, quiet, err
		}
	}
	run, err = r.forge.Begin(ctx, repo, sha, restsOn(targets, try.Rerun))
	return run, false, err
}

// ruling is a check with what its sections were judged by.
type ruling struct {
	report.Check
	read []read
}

// read is which policies were read, by their identities.
type read struct{ policy, floor string }

// judge ends early enough to leave time for publishing, and turns a panic into an
// error: a check must not stay unfinished because of either.
func (r *Runner) judge(ctx context.Context, repo Repository, sha string, targets []target) (check ruling, err error) {
	defer func() {
		if p := recover(); p != nil {
			zerolog.Ctx(ctx).Error().Interface("panic", p).Bytes("stack", debug.Stack()).Msg("panic while judging")
			err = errors.New("an internal error (a panic)")
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
	book := t.read
	if book == nil {
		book = &rulebook{}
		book.policy, book.problem, err = r.forge.Policy(ctx, repo, t.policyAt)
	}
	p, problem := book.policy, book.problem
	if err != nil {
		return Request{}, read{}, fmt.Errorf("read the policy at %s: %w", short(t.policyAt), err)
	}
	by := read{p.Identity, p.FloorIdentity}
	base, head, err := r.forge.Trees(ctx, repo, t.base, sha)
	if err != nil {
		return Request{}, read{}, fmt.Errorf("read the trees of %s and %s: %w", short(t.base), short(sha), err)
	}
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
	if problem != nil {
		req.Problems = append(req.Problems, *problem)
	}
	req.Kind, req.Policy, req.Edit, req.Hub = report.Diff, p, edit, r.forge.Hub(repo)
	return req, by, nil
}

// unanswered is the reason why a check is worth another try, "" if it is not.
func unanswered(c report.Check, try Try) string {
	for _, s := range c.Sections {
		if s.Report.Hasty != "" && try.Elapsed < settling {
			return "the evidence of " + s.Report.Hasty + ", which was just published, may still be on its way"
		}
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

// excused says whether every policy lets what could not be verified be: they could be
// read, and what did not answer was GitHub or a registry. A job that ran out of its time
// or crashed is no such thing: a pull request can be made to do that.
func (r *Runner) excused(ctx context.Context, repo Repository, targets []target, cause error) bool {
	if later := (*Later)(nil); !errors.As(cause, &later) || errors.Is(cause, context.DeadlineExceeded) {
		return false
	}
	for _, t := range targets {
		p, problem, err := r.forge.Policy(ctx, repo, t.policyAt)
		if err != nil || problem != nil || p.OnUnknown != policy.UnknownNeutral {
			return false
		}
	}
	return len(targets) > 0
}

// broken is what people read where the job failed for good.
func broken(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "The time for this check ran out before everything was looked at. Re-run it."
	}
	var later *Later
	if errors.As(err, &later) {
		return "GitHub or a registry did not answer for too long: " + mask.Text(later.Reason) + ". Re-run the check."
	}
	return "Bonafide could not finish this check: " + mask.Text(err.Error()) + ". Re-run it; if it fails again, the operator's log has the details."
}

// restsOn names what a verdict rests on, so that a second run on the same ground is
// known as such. Being asked to run again is a ground of its own.
func restsOn(targets []target, rerun string) string {
	parts := make([]string, len(targets), len(targets)+1)
	for i, t := range targets {
		kind := "group"
		if t.pull > 0 {
			kind = fmt.Sprintf("pr/%d", t.pull)
		}
		parts[i] = fmt.Sprintf("%s %s@%s policy@%s", kind, t.baseRef, t.base, t.policyAt)
		if b := t.read; b != nil && b.policy.Identity+b.policy.FloorIdentity != "" {
			parts[i] += fmt.Sprintf(" by %q %q", b.policy.Identity, b.policy.FloorIdentity)
		}
		if len(t.accepted) > 0 {
			parts[i] += " accepted@" + fingerprint(t.accepted)
		}
	}
	sort.Strings(parts)
	if rerun != "" {
		parts = append(parts, "rerun "+rerun)
	}
	return strings.Join(parts, "\n")
}

// key and pullKey name leases. A repository's number is the same for the jobs of before and
// after it was renamed.
func key(repo Repository, sha string) string { return fmt.Sprintf("%d@%s", repo.ID, sha) }

func pullKey(repo Repository, number int) string { return fmt.Sprintf("%d#%d", repo.ID, number) }

func short(sha string) string {
	if len(sha) > 7 {
		return sha[:7]
	}
	return sha
}
