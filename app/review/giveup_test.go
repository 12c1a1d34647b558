package review

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/policy"
)

func TestAJobThatIsGivenUpLeavesAVerdictOnTheSameGround(t *testing.T) {
	cause := errors.New("boom")
	for name, tt := range map[string]struct {
		change   func(f *forge)
		finished int
	}{
		"the same ground":               {func(f *forge) { f.completed = true }, 0},
		"another ground":                {func(*forge) {}, 1},
		"a ground that cannot be read":  {failing("Tip"), 1},
		"pulls that cannot be listed":   {failing("OpenPulls"), 1},
		"a check that cannot be looked": {failing("Stands"), 1},
	} {
		t.Run(name, func(t *testing.T) {
			f := scene()
			tt.change(f)
			if err := runner(t, f, lost()).GiveUp(t.Context(), repo, 7, "", cause); err != nil {
				t.Fatal(err)
			}
			if len(f.finished) != tt.finished {
				t.Errorf("%+v", f.finished)
			}
		})
	}
}

// failing lets a call fail, whatever stands.
func failing(call string) func(*forge) {
	return func(f *forge) {
		f.completed = true
		f.fail = func(c string) error {
			if c == call {
				return errors.New("it fails")
			}
			return nil
		}
	}
}

func TestACommitThatNothingHasIsCancelled(t *testing.T) {
	f := scene()
	f.pulls[7].Open = false
	if err := runner(t, f, lost()).Commit(t.Context(), repo, "head", Try{}); err != nil || len(f.cancelled) != 1 {
		t.Errorf("%v, %v", f.cancelled, err)
	}
}

func TestASilentJobWritesTheCheckAlone(t *testing.T) {
	f := scene()
	if err := runner(t, f, lost()).PullRequest(t.Context(), repo, 7, Event{}, Try{Silent: true}); err != nil {
		t.Fatal(err)
	}
	if len(f.finished) != 1 || f.finished[0].Conclusion() != policy.Failure || len(f.comments) != 0 {
		t.Errorf("%+v, comments %v", f.finished, f.comments)
	}
}

func TestWhatCouldNotBeAskedIsNeutralOnlyWhereThePolicySaysSo(t *testing.T) {
	silent := &Later{After: time.Second, Reason: "GitHub answered 502"}
	neutral := policy.Default()
	neutral.OnUnknown = policy.UnknownNeutral
	for name, tt := range map[string]struct {
		policy  policy.Policy
		cause   error
		problem *policy.Problem
		want    policy.Conclusion
	}{
		"by default":            {policy: policy.Default(), cause: silent, want: policy.Failure},
		"where it says so":      {policy: neutral, cause: silent, want: policy.Neutral},
		"not for our own fault": {policy: neutral, cause: errors.New("a panic"), want: policy.Failure},
		"not for lack of time":  {policy: neutral, cause: fmt.Errorf("judge: %w", context.DeadlineExceeded), want: policy.Failure},
		"not by a broken policy": {policy: neutral, cause: silent, want: policy.Failure,
			problem: &policy.Problem{Kind: policy.PolicyInvalid, Lockfile: ".github/bonafide.yml", Line: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			f := scene()
			f.policies = map[string]policy.Policy{"base": tt.policy}
			f.problems = map[string]*policy.Problem{"base": tt.problem}
			f.fail = func(call string) error {
				if call == "Trees" {
					return tt.cause
				}
				return nil
			}
			if err := runner(t, f, lost()).PullRequest(t.Context(), repo, 7, Event{}, Try{Last: true}); err != nil {
				t.Fatal(err)
			}
			if len(f.finished) != 1 || f.finished[0].Conclusion() != tt.want {
				t.Errorf("%+v", f.finished)
			}
		})
	}
}
