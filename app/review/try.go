package review

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/report"
)

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
	// Pins says that the check is to show the pins that it offers.
	Pins bool
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

// Gone decides what to make of ErrGone: shortly after the event it is the API that
// lags, later it is true, and there is nothing left to do.
func (t Try) Gone(ctx context.Context, what string, err error) error {
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
