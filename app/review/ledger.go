package review

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/report"
)

// Verdict is what stands on an open pull request, and what it rests on.
type Verdict struct {
	Number        int    // pull request
	Head          string // commit
	BaseRef, Base string // branch, and the tip of it that was compared with
	Conclusion    policy.Conclusion
	Digest        string // report.Verdict, "" where the check was completed without one
	Unknown       string // report.Unknowns
	Policy, Floor string // identities; see policy.Policy
	Trust         string // id of the trust root
	Judged        time.Time
	Until         time.Time // when the clock alone may change it, zero for never
	Retry         bool      // something is unknown that asking again may tell
	Doubt         time.Time // since when its evidence cannot be had again, zero: it can
	Packages      []string  // brought in: "npm/left-pad"
}

// Ledger keeps what stands on open pull requests, and has it judged again in time.
// A repository is known by its ID. What is kept is durable before a method returns.
type Ledger interface {
	// Trust is the id of the trust root that evidence is verified with now.
	Trust() string
	// Standing is the verdict on a pull request; ok is false where none is known.
	Standing(ctx context.Context, repo Repository, number int) (v Verdict, ok bool, err error)
	// Keep stores a verdict in the place of the earlier one.
	Keep(ctx context.Context, repo Repository, v Verdict) error
	// Doubt notes that the evidence of the verdict cannot be had again since a time. It is
	// asked for again soon.
	Doubt(ctx context.Context, repo Repository, number int, since time.Time) error
	// Broke notes that the check of a commit was completed without a verdict.
	Broke(ctx context.Context, repo Repository, head string) error
	// Drop forgets what stood on a pull request.
	Drop(ctx context.Context, repo Repository, number int) error
}

// noLedger keeps nothing.
type noLedger struct{}

func (noLedger) Trust() string { return "" }
func (noLedger) Standing(context.Context, Repository, int) (Verdict, bool, error) {
	return Verdict{}, false, nil
}
func (noLedger) Keep(context.Context, Repository, Verdict) error         { return nil }
func (noLedger) Doubt(context.Context, Repository, int, time.Time) error { return nil }
func (noLedger) Broke(context.Context, Repository, string) error         { return nil }
func (noLedger) Drop(context.Context, Repository, int) error             { return nil }

// WithLedger lets a Runner keep what it concludes. It is called before the first job.
func (r *Runner) WithLedger(l Ledger) *Runner {
	r.ledger = l
	return r
}

// maxDoubt is how long a verdict stands that cannot be confirmed: a registry that is down
// for a day changes nothing about what was verified.
const maxDoubt = 48 * time.Hour

// verdicts are those of a check, one for each pull request that it is about.
func (c ruling) verdicts(targets []target, head, trust string, at time.Time) []Verdict {
	var out []Verdict
	for i, s := range c.Sections {
		if s.PullRequest == 0 {
			continue // a merge group is over soon
		}
		out = append(out, Verdict{
			Number: s.PullRequest, Head: head, BaseRef: s.BaseRef, Base: targets[i].base, Conclusion: s.Report.Conclusion,
			Digest: report.Verdict(s.Report), Unknown: report.Unknowns(s.Report), Policy: c.read[i].policy, Floor: c.read[i].floor,
			Trust: trust, Judged: at, Until: s.Report.Until, Retry: s.Report.Retry || s.Report.Again, Packages: brought(s.Report),
		})
	}
	return out
}

// brought are the names of the packages that a report's changes bring in.
func brought(r report.Report) []string {
	seen := map[string]bool{}
	var out []string
	for _, p := range r.Packages {
		name := string(p.Entry.Package.Ecosystem) + "/" + p.Entry.Package.Name
		if p.Change != dep.Removed && !seen[name] {
			seen[name] = true
			out = append(out, name)
		}
	}
	return out
}

// record keeps the verdicts of a check. They stand on the commit: that they are not kept
// is said and no more.
func (r *Runner) record(ctx context.Context, repo Repository, verdicts []Verdict) {
	for _, v := range verdicts {
		if err := r.ledger.Keep(ctx, repo, v); err != nil {
			zerolog.Ctx(ctx).Error().Err(err).Msg("what stands on the pull request could not be kept")
		}
	}
}

// reconsider holds what a quiet run found against what stands, and says whether it is to
// be published. What comes to the same is not; nor is what only could not be found out
// this time, for a while: where somebody waits for another policy to show, it is tried as
// for a new verdict.
func (r *Runner) reconsider(ctx context.Context, repo Repository, check report.Check, is []Verdict, try Try) (publish bool, err error) {
	differs, doubtful, worse, ruled := false, false, false, false
	var numbers []int
	for i, v := range is {
		was, ok, err := r.ledger.Standing(ctx, repo, v.Number)
		if err != nil {
			return false, fmt.Errorf("read what stands on pull request %d: %w", v.Number, err)
		}
		if !ok || was.Head != v.Head || was.Digest == "" {
			return true, nil // nothing is known that could be doubted
		}
		numbers = append(numbers, v.Number)
		differs = differs || was.Digest != v.Digest
		ruled = ruled || was.Policy != v.Policy || was.Floor != v.Floor
		rep := check.Sections[i].Report
		hasty := rep.Hasty != ""
		doubtful = doubtful || hasty || v.Unknown != "" && v.Unknown != was.Unknown
		worse = worse || v.Conclusion == policy.Failure && was.Conclusion != policy.Failure && !hasty || certain(rep)
	}
	switch {
	case !differs:
		r.record(ctx, repo, is)
		return false, nil
	case !doubtful || worse:
		return true, nil
	case ruled && !try.Last:
		return false, &Later{After: max(try.wait(), r.reviewer.rest()), Reason: "the policy is another one, and the evidence cannot be had at the moment"}
	}
	return r.doubted(ctx, repo, numbers...)
}

// doubted notes that the verdicts on some pull requests cannot be confirmed, and says
// whether that has been so for too long to let them stand.
func (r *Runner) doubted(ctx context.Context, repo Repository, numbers ...int) (tooLong bool, err error) {
	var since time.Time
	for _, n := range numbers {
		was, _, err := r.ledger.Standing(ctx, repo, n)
		if err != nil {
			return false, fmt.Errorf("read what stands on pull request %d: %w", n, err)
		}
		since = earlier(since, was.Doubt)
	}
	now := r.reviewer.clock()
	if since.IsZero() {
		since = now
	}
	if now.Sub(since) >= maxDoubt {
		return true, nil
	}
	zerolog.Ctx(ctx).Warn().Time("since", since).Msg("a verdict cannot be confirmed; it stands for now, and is asked for again soon")
	for _, n := range numbers {
		if err := r.ledger.Doubt(ctx, repo, n, since); err != nil {
			return false, fmt.Errorf("note a doubt about pull request %d: %w", n, err)
		}
	}
	return false, nil
}

// Stands says whether a pull request's live head has a verdict that may stand although it
// could not be confirmed this time, or needs none.
func (r *Runner) Stands(ctx context.Context, repo Repository, number int) (bool, error) {
	pull, err := r.forge.PullRequest(ctx, repo, number)
	switch {
	case errors.Is(err, ErrGone):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("read pull request %d: %w", number, err)
	case !pull.Open:
		return true, nil
	}
	if _, ok, err := r.forge.Standing(ctx, repo, pull.HeadSHA); err != nil || !ok {
		return false, err
	}
	tooLong, err := r.doubted(ctx, repo, number)
	return !tooLong, err
}

// certain says whether a report has a finding that no doubt about the evidence puts off: a
// package that is known as malware, or a floor that the organisation has and that GitHub
// refuses.
func certain(r report.Report) bool {
	return slices.ContainsFunc(r.Findings, func(f policy.Finding) bool {
		return f.Rule == policy.RuleFloorUnread || f.Rule == policy.RuleKnownMalware && f.Severity == policy.Error && !f.Unknown
	})
}
