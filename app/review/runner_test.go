package review

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/report"
)

var repo = Repository{Installation: 1, Owner: "acme", Name: "web"}

func scene() *forge {
	good, bad := files{"package-lock.json": locking("left@1.0.0")}, files{"package-lock.json": locking("left@1.0.1")}
	return &forge{
		commits: map[string]files{"base": good, "head": bad, "next": bad},
		tips:    map[string]string{"main": "base", "next": "next"},
		pulls:   map[int]*Pull{7: {Number: 7, Open: true, HeadSHA: "head", BaseRef: "main", BaseSHA: "base"}},
	}
}

func runner(t *testing.T, f *forge, v Verifier) *Runner {
	t.Helper()
	r, err := NewRunner(f, reviewer(v), nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// attested: left had provenance in 1.0.0 and has none in 1.0.1.
func lost() *verifier {
	return &verifier{provenance: map[string]provenance.State{"left@1.0.0": provenance.Verified}}
}

func TestAPullRequestIsJudgedAndCommentedOn(t *testing.T) {
	f := scene()
	if err := runner(t, f, lost()).PullRequest(context.Background(), repo, 7, Event{}, Try{}); err != nil {
		t.Fatal(err)
	}
	if len(f.finished) != 1 || f.finished[0].Conclusion() != policy.Failure || f.finished[0].Sections[0].PullRequest != 7 {
		t.Fatalf("%+v", f.finished)
	}
	if f.comments[7] != 1 {
		t.Error("no comment")
	}
}

func TestSharedHeadGetsTheWorstVerdict(t *testing.T) {
	f := scene()
	f.pulls[8] = &Pull{Number: 8, Open: true, HeadSHA: "head", BaseRef: "next", BaseSHA: "next"}
	r := runner(t, f, lost())
	// The first look at a commit takes it for one pull request's alone, and sees in time that it is not.
	if err := r.PullRequest(context.Background(), repo, 8, Event{}, Try{}); !isLater(err) || len(f.finished) != 0 {
		t.Fatalf("%v, published %v", err, f.finished)
	}
	if err := r.PullRequest(context.Background(), repo, 8, Event{}, Try{}); err != nil {
		t.Fatal(err)
	}
	c := f.finished[0]
	if len(c.Sections) != 2 || c.Sections[0].Report.Conclusion != policy.Failure || c.Sections[1].Report.Conclusion != policy.Success || c.Conclusion() != policy.Failure {
		t.Fatalf("%+v", c)
	}
	// When the one into main is closed, the other one stands alone.
	f.pulls[7].Open = false
	if err := r.Closed(context.Background(), repo, "head", Try{}); err != nil {
		t.Fatal(err)
	}
	if c := f.finished[1]; len(c.Sections) != 1 || c.Conclusion() != policy.Success {
		t.Fatalf("after closing: %+v", c)
	}
}

func TestUnknownIsAskedAgainAndEndsWithItsReason(t *testing.T) {
	f := scene()
	v := &verifier{provenance: map[string]provenance.State{"left@1.0.1": provenance.Unknown}}
	r := runner(t, f, v)
	err := r.PullRequest(context.Background(), repo, 7, Event{}, Try{Elapsed: 10 * time.Second})
	var later *Later
	if !errors.As(err, &later) || later.RetryAfter() != 5*time.Second {
		t.Fatalf("%v", err)
	}
	if len(f.finished) != 0 || len(f.begun) != 1 {
		t.Fatal("the check must stay in progress meanwhile")
	}
	if err := r.PullRequest(context.Background(), repo, 7, Event{}, Try{Last: true}); err != nil {
		t.Fatal(err)
	}
	if got := f.finished[0].Conclusion(); got != policy.ActionRequired {
		t.Errorf("conclusion %s", got)
	}
}

func TestNothingIsTriedBeforeARegistryMayBeAskedAgain(t *testing.T) {
	v := &verifier{provenance: map[string]provenance.State{"left@1.0.1": provenance.Unknown}}
	r := runner(t, scene(), v)
	r.reviewer.rest = func() time.Duration { return time.Minute }
	var later *Later
	err := r.PullRequest(context.Background(), repo, 7, Event{}, Try{Elapsed: 10 * time.Second})
	if !errors.As(err, &later) || later.After != time.Minute || later.Limit {
		t.Errorf("%+v, %v", later, err)
	}
}

func TestWhatFailsForGoodFailsTheCheck(t *testing.T) {
	for name, fail := range map[string]func(string) error{
		"trees":  func(call string) error { return only(call, "Trees", errors.New("502 from GitHub")) },
		"policy": func(call string) error { return only(call, "Policy", errors.New("502 from GitHub")) },
		"limit": func(call string) error {
			return only(call, "Trees", &Later{After: time.Minute, Reason: "rate limited"})
		},
		"a panic": func(call string) error {
			if call == "Trees" {
				panic("boom")
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := scene()
			f.fail = fail
			r := runner(t, f, lost())
			if err := r.PullRequest(context.Background(), repo, 7, Event{}, Try{}); err == nil || len(f.finished) != 0 {
				t.Fatalf("%v, %v: it must be tried again", err, f.finished)
			}
			if err := r.PullRequest(context.Background(), repo, 7, Event{}, Try{Last: true}); err != nil {
				t.Fatal(err)
			}
			if c := f.finished[0]; c.Conclusion() != policy.Failure || !strings.Contains(c.Broken, "Re-run") {
				t.Errorf("%+v", c)
			}
		})
	}
}

func only(call, which string, err error) error {
	if call == which {
		return err
	}
	return nil
}

func TestTimeThatRunsOutLeavesTimeToSaySo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := scene()
		r := runner(t, f, stuck{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := r.PullRequest(ctx, repo, 7, Event{}, Try{Last: true}); err != nil {
			t.Fatal(err)
		}
		if c := f.finished[0]; c.Conclusion() != policy.Failure || !strings.Contains(c.Broken, "time") {
			t.Errorf("%+v", c)
		}
	})
}

// stuck answers only when its context ends.
type stuck struct{}

func (stuck) Verify(ctx context.Context, _ provenance.Subject) provenance.Evidence {
	<-ctx.Done()
	return provenance.Evidence{}
}

func TestWhatIsGoneEndsQuietly(t *testing.T) {
	f := scene()
	r := runner(t, f, lost())
	if err := r.PullRequest(context.Background(), repo, 404, Event{}, Try{Last: true}); err != nil || len(f.begun) != 0 {
		t.Errorf("a pull request that is gone: %v", err)
	}
	f.fail = func(call string) error { return only(call, "Begin", ErrGone) }
	if err := r.PullRequest(context.Background(), repo, 7, Event{}, Try{Last: true}); err != nil || len(f.finished) != 0 {
		t.Errorf("a commit that is gone: %v", err)
	}
}

func TestASupersededHeadEndsCancelled(t *testing.T) {
	f := scene()
	if err := runner(t, f, lost()).PullRequest(context.Background(), repo, 7, Event{Before: "old", Head: "head"}, Try{}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(f.cancelled, []string{"old"}) || len(f.finished) != 1 {
		t.Errorf("cancelled %v, finished %d", f.cancelled, len(f.finished))
	}
}

func TestAForcePushDuringTheRunPublishesNothing(t *testing.T) {
	f := scene()
	f.fail = func(call string) error {
		if call == "Trees" { // the head moves while it is being judged
			f.pulls[7].HeadSHA = "newer"
		}
		return nil
	}
	if err := runner(t, f, lost()).PullRequest(context.Background(), repo, 7, Event{}, Try{}); err != nil {
		t.Fatal(err)
	}
	if len(f.finished) != 0 || !slices.Equal(f.cancelled, []string{"head"}) || len(f.comments) != 0 {
		t.Errorf("finished %v, cancelled %v", f.finished, f.cancelled)
	}
}

func TestClosedMeanwhileIsCancelled(t *testing.T) {
	f := scene()
	f.pulls[7].Open = false
	if err := runner(t, f, lost()).PullRequest(context.Background(), repo, 7, Event{}, Try{}); err != nil {
		t.Fatal(err)
	}
	if len(f.finished) != 0 || !slices.Equal(f.cancelled, []string{"head"}) {
		t.Errorf("finished %v, cancelled %v", f.finished, f.cancelled)
	}
}

func TestDraftsAreCheckedWithoutComments(t *testing.T) {
	f := scene()
	f.pulls[7].Draft = true
	if err := runner(t, f, lost()).PullRequest(context.Background(), repo, 7, Event{}, Try{}); err != nil {
		t.Fatal(err)
	}
	if len(f.finished) != 1 || f.comments[7] != 0 {
		t.Errorf("finished %d, comments %d", len(f.finished), f.comments[7])
	}
}

func TestPolicyIsThatOfTheBaseTip(t *testing.T) {
	f := scene()
	lenient := policy.Default()
	lenient.Rules = map[policy.RuleName]policy.Severity{"provenance-lost": policy.Off}
	f.policies = map[string]policy.Policy{"head": lenient}
	r := runner(t, f, lost())
	if err := r.PullRequest(context.Background(), repo, 7, Event{}, Try{}); err != nil {
		t.Fatal(err)
	}
	if got := f.finished[0].Conclusion(); got != policy.Failure {
		t.Errorf("the head's own policy was believed: %s", got)
	}
	f.problems = map[string]*policy.Problem{"base": {Kind: policy.PolicyInvalid, Detail: "line 3, column 5: unknown key."}}
	if err := r.PullRequest(context.Background(), repo, 7, Event{}, Try{}); err != nil {
		t.Fatal(err)
	}
	if got := f.finished[1].Conclusion(); got != policy.Failure {
		t.Errorf("a broken policy: %s", got)
	}
}

func TestMergeGroupIsJudgedByItsOwnBase(t *testing.T) {
	f := scene()
	if err := runner(t, f, lost()).MergeGroup(context.Background(), repo, Group{HeadSHA: "head", BaseSHA: "base", BaseRef: "main"}, Try{}); err != nil {
		t.Fatal(err)
	}
	if c := f.finished[0]; c.Conclusion() != policy.Failure || c.Sections[0].PullRequest != 0 || len(f.comments) != 0 {
		t.Errorf("%+v", c)
	}
}

func isLater(err error) bool {
	var later *Later
	return errors.As(err, &later)
}

// GitHub's API lags behind its own webhooks.
func TestWhatGitHubDoesNotShowYetIsAskedForAgain(t *testing.T) {
	f := scene()
	r := runner(t, f, lost())
	if err := r.PullRequest(context.Background(), repo, 404, Event{}, Try{}); !isLater(err) {
		t.Errorf("a pull request that was just opened: %v", err)
	}
	if err := r.PullRequest(context.Background(), repo, 404, Event{}, Try{Elapsed: 3 * time.Minute}); err != nil {
		t.Errorf("after minutes it is true: %v", err)
	}
	if err := r.PullRequest(context.Background(), repo, 7, Event{Before: "head", Head: "newer"}, Try{}); !isLater(err) || len(f.begun) != 0 {
		t.Errorf("the head before the push: %v", err)
	}
	f.lag = true // the list does not show the pull request that was just read
	if err := r.PullRequest(context.Background(), repo, 7, Event{Head: "head"}, Try{}); !isLater(err) && err != nil {
		t.Error(err)
	}
	if len(f.begun) != 1 {
		t.Error("nothing was begun on the head")
	}
}

func TestAVerdictAboutAnotherBaseIsNotPublished(t *testing.T) {
	for name, meanwhile := range map[string]func(*forge){
		"retargeted":          func(f *forge) { f.pulls[7].BaseRef = "next" },
		"a second one opened": func(f *forge) { f.pulls[8] = &Pull{Number: 8, Open: true, HeadSHA: "head", BaseRef: "next"} },
	} {
		t.Run(name, func(t *testing.T) {
			f := scene()
			f.fail = func(call string) error {
				if call == "Trees" && len(f.finished) == 0 {
					meanwhile(f)
				}
				return nil
			}
			r := runner(t, f, lost())
			if err := r.PullRequest(context.Background(), repo, 7, Event{}, Try{Last: true}); !isLater(err) || len(f.finished) != 0 || len(f.cancelled) != 0 {
				t.Fatalf("%v, published %v, cancelled %v", err, f.finished, f.cancelled)
			}
			if err := r.PullRequest(context.Background(), repo, 7, Event{}, Try{Last: true}); err != nil || len(f.finished) != 1 {
				t.Errorf("%v, published %v", err, f.finished)
			}
		})
	}
}

func TestTheOneThatStaysIsJudgedWithoutTheOneThatMovedOn(t *testing.T) {
	f := scene()
	f.commits["newer"] = f.commits["base"]
	f.pulls[8] = &Pull{Number: 8, Open: true, HeadSHA: "head", BaseRef: "next", BaseSHA: "next"}
	f.pulls[7].HeadSHA = "newer"
	if err := runner(t, f, lost()).PullRequest(context.Background(), repo, 7, Event{Before: "head", Head: "newer"}, Try{}); err != nil {
		t.Fatal(err)
	}
	stays := slices.IndexFunc(f.finished, func(c report.Check) bool { return c.Sections[0].PullRequest == 8 })
	if len(f.finished) != 2 || stays < 0 || len(f.finished[stays].Sections) != 1 || f.finished[stays].Conclusion() != policy.Success {
		t.Errorf("%+v", f.finished)
	}
}

func TestAJobDoesNotWaitForAnother(t *testing.T) {
	f := scene()
	r := runner(t, f, lost())
	_, unlock, held, err := r.leases.Take(context.Background(), key(repo, "head"))
	if err != nil || !held {
		t.Fatal(held, err)
	}
	if err := r.PullRequest(context.Background(), repo, 7, Event{}, Try{}); !isLater(err) || len(f.begun) != 0 {
		t.Errorf("%v", err)
	}
	unlock()
	if err := r.PullRequest(context.Background(), repo, 7, Event{}, Try{}); err != nil {
		t.Error(err)
	}
}

func TestManyPullRequestsWithOneHead(t *testing.T) {
	f := scene()
	compared := 0
	f.fail = func(call string) error {
		if call == "Trees" {
			compared++
		}
		return nil
	}
	for n := 8; n < 50; n++ {
		f.pulls[n] = &Pull{Number: n, Open: true, HeadSHA: "head", BaseRef: "main", BaseSHA: "base"}
	}
	r := runner(t, f, lost())
	if err := r.Commit(context.Background(), repo, "head", Try{}); err != nil || compared != 1 || len(f.finished[0].Sections) != 43 {
		t.Errorf("%v, compared %d times", err, compared)
	}
	for n := 50; n < 70; n++ {
		f.pulls[n] = &Pull{Number: n, Open: true, HeadSHA: "head", BaseRef: "main", BaseSHA: "base"}
	}
	if err := r.Commit(context.Background(), repo, "head", Try{}); err != nil || f.finished[1].Broken == "" || compared != 1 {
		t.Errorf("%v, %+v", err, f.finished[1])
	}
}

func TestAGroupThatWasDestroyedIsCancelled(t *testing.T) {
	f := scene()
	f.tips["gh-readonly-queue/main/pr-7"] = "head"
	r := runner(t, f, lost())
	g := Group{HeadSHA: "head", HeadRef: "gh-readonly-queue/main/pr-7", BaseSHA: "base", BaseRef: "main"}
	if err := r.MergeGroup(context.Background(), repo, g, Try{}); err != nil || len(f.finished) != 1 {
		t.Errorf("%v, %+v", err, f.finished)
	}
	f.tips["gh-readonly-queue/main/pr-7"] = "another"
	if err := r.MergeGroup(context.Background(), repo, g, Try{}); err != nil || len(f.finished) != 1 || !slices.Equal(f.cancelled, []string{"head"}) {
		t.Errorf("%v, finished %d, cancelled %v", err, len(f.finished), f.cancelled)
	}
}

func TestGivingUpLeavesNoOpenCheck(t *testing.T) {
	f := scene()
	r := runner(t, f, lost())
	if err := r.GiveUp(context.Background(), repo, 7, "", errors.New("boom")); err != nil || len(f.finished) != 1 || f.finished[0].Conclusion() != policy.Failure {
		t.Errorf("%v, %+v", err, f.finished)
	}
	if err := r.GiveUp(context.Background(), repo, 0, "head", errors.New("boom")); err != nil || len(f.finished) != 2 {
		t.Errorf("%v, %+v", err, f.finished)
	}
	f.pulls[7].Open = false
	if err := r.GiveUp(context.Background(), repo, 7, "", errors.New("boom")); err != nil || len(f.finished) != 2 {
		t.Errorf("a closed pull request: %v, %+v", err, f.finished)
	}
}

func TestWhatFailsBesideTheVerdictDoesNotUndoIt(t *testing.T) {
	for _, call := range []string{"Comment", "Cancel"} {
		f := scene()
		f.fail = func(c string) error { return only(c, call, errors.New("403 from GitHub")) }
		r := runner(t, f, lost())
		if err := r.PullRequest(context.Background(), repo, 7, Event{Before: "old", Head: "head"}, Try{}); err == nil {
			t.Errorf("%s is not tried again", call)
		}
		if err := r.PullRequest(context.Background(), repo, 7, Event{Before: "old", Head: "head"}, Try{Last: true}); err != nil || len(f.finished) != 2 {
			t.Errorf("%s: %v, published %d", call, err, len(f.finished))
		}
	}
}
