package checks

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/report"
	"github.com/bonafide-app/bonafide/app/review"
)

const ground = "pr/7 main@" + base + " policy@" + tip

// check is a check of one pull request with n findings, the first at line from.
func check(conclusion policy.Conclusion, from, n int) report.Check {
	r := report.Report{Kind: report.Diff, Conclusion: conclusion, Mode: policy.Enforce, PolicyFrom: "the defaults"}
	for i := range n {
		r.Findings = append(r.Findings, policy.Finding{
			Rule: "provenance-lost", Severity: policy.Error, Lockfile: "package-lock.json", Line: from + i,
			Message: fmt.Sprintf("Finding at line %d.", from+i),
		})
	}
	return report.Check{Sections: []report.Section{{PullRequest: 7, BaseRef: "main", Report: r}}}
}

func publish(t *testing.T, f *Forge, ground string, c report.Check) review.Run {
	t.Helper()
	run, err := f.Begin(t.Context(), web, head, ground)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Finish(t.Context(), run, c); err != nil {
		t.Fatal(err)
	}
	return run
}

// latest is the run that GitHub would show, after the test has made sure that none
// of ours is left unfinished.
func (h *hub) latest() *hubRun {
	h.t.Helper()
	for _, r := range h.runs {
		if r.Status != completed {
			h.t.Errorf("run %d is left %s", r.ID, r.Status)
		}
	}
	if len(h.runs) == 0 {
		h.t.Fatal("no run")
	}
	return h.runs[len(h.runs)-1]
}

// atLines says which lines are annotated, and whether one is twice.
func (r *hubRun) atLines(t *testing.T, from, n int) {
	t.Helper()
	seen := map[int]int{}
	for _, a := range r.Annotations {
		line, _ := a["start_line"].(float64)
		seen[int(line)]++
	}
	for line := from; line < from+n; line++ {
		if seen[line] != 1 {
			t.Errorf("line %d has %d annotations", line, seen[line])
		}
	}
	if len(seen) != n {
		t.Errorf("%d lines are annotated, want %d", len(seen), n)
	}
}

func TestACheckRunIsBegunAndCompletedWithAllItsAnnotations(t *testing.T) {
	h := newHub(t)
	f := h.forge()
	run, err := f.Begin(t.Context(), web, head, ground)
	if err != nil || run.Completed || h.runs[0].Status != inProgress {
		t.Fatalf("%+v, %v", run, err)
	}
	if about := ParseExternalID(h.runs[0].ExternalID); len(about.Pulls) != 1 || about.Pulls[0] != 7 {
		t.Errorf("external id %q", h.runs[0].ExternalID)
	}
	if err := f.Finish(t.Context(), run, check(policy.Failure, 1, 120)); err != nil {
		t.Fatal(err)
	}
	got := h.latest()
	got.atLines(t, 1, 120)
	if got.Conclusion != "failure" || got.Title == "" || got.Summary == "" || got.Name != "bonafide" {
		t.Errorf("%+v", got)
	}
	if n := h.made("PATCH"); n != 3 {
		t.Errorf("%d updates for 120 annotations", n)
	}
}

func TestAQuickSuccessTakesThreeCalls(t *testing.T) {
	h := newHub(t)
	publish(t, h.forge(), ground, check(policy.Success, 1, 0))
	if h.latest().Conclusion != "success" || len(h.calls) != 3 {
		t.Errorf("%v", h.calls)
	}
}

func TestASecondRunOnTheSameGroundWritesNothing(t *testing.T) {
	h := newHub(t)
	publish(t, h.forge(), ground, check(policy.Failure, 1, 120))
	h.forget()
	run := publish(t, h.forge(), ground, check(policy.Failure, 1, 120))
	if !run.Completed || len(h.writes()) != 0 || len(h.runs) != 1 {
		t.Errorf("%+v wrote %v", run, h.writes())
	}
}

func TestTheSameVerdictOnOtherGroundAddsNoAnnotation(t *testing.T) {
	h := newHub(t)
	publish(t, h.forge(), ground, check(policy.Failure, 1, 70))
	run := publish(t, h.forge(), ground+"\npr/9 next@"+base+" policy@"+tip, check(policy.Failure, 1, 70))
	if run.Completed || len(h.runs) != 1 {
		t.Errorf("%+v, %d runs", run, len(h.runs))
	}
	h.latest().atLines(t, 1, 70)
	if about := ParseExternalID(h.latest().ExternalID); len(about.Pulls) != 2 {
		t.Errorf("external id %q", h.latest().ExternalID)
	}
}

func TestAnotherVerdictReplacesTheAnnotationsByANewRun(t *testing.T) {
	for name, second := range map[string]report.Check{
		"fewer": check(policy.Failure, 1, 10), "none": check(policy.Success, 1, 0), "others": check(policy.Failure, 500, 70),
	} {
		for _, g := range []string{ground, "pr/7 main@" + tip + " policy@" + tip} {
			t.Run(name, func(t *testing.T) {
				h := newHub(t)
				publish(t, h.forge(), ground, check(policy.Failure, 1, 70))
				publish(t, h.forge(), g, second)
				got := h.latest()
				want := len(report.Output(second).Annotations)
				if len(h.runs) != 2 || len(got.Annotations) != want || got.Conclusion != string(second.Conclusion()) || h.runs[0].Conclusion != "cancelled" {
					t.Errorf("%d runs, the first %s, %d annotations, %s", len(h.runs), h.runs[0].Conclusion, len(got.Annotations), got.Conclusion)
				}
				h.forget()
				if publish(t, h.forge(), g, second); len(h.writes()) != 0 {
					t.Errorf("a third time wrote %v", h.writes())
				}
			})
		}
	}
}

func TestMoreFindingsAreAddedToTheRun(t *testing.T) {
	h := newHub(t)
	publish(t, h.forge(), ground, check(policy.Failure, 1, 70))
	publish(t, h.forge(), ground, check(policy.Failure, 1, 130))
	if h.latest().atLines(t, 1, 130); len(h.runs) != 1 {
		t.Errorf("%d runs", len(h.runs))
	}
}

// A process that dies at any one call, whether or not GitHub still did what was
// asked, and starts again leaves one run with every annotation once.
func TestACrashAtAnyCallLeavesOneCompletedRunAndNothingTwice(t *testing.T) {
	for _, done := range []bool{false, true} {
		for die := 1; die <= 5; die++ {
			t.Run(fmt.Sprintf("call %d, done %v", die, done), func(t *testing.T) {
				h := newHub(t)
				h.dieAt, h.dieDone = die, done
				attempt := func() error {
					f := h.forge() // a new process remembers nothing
					run, err := f.Begin(t.Context(), web, head, ground)
					if err != nil {
						return err
					}
					return f.Finish(t.Context(), run, check(policy.Failure, 1, 120))
				}
				var later *review.Later
				if err := attempt(); !errors.As(err, &later) {
					t.Fatalf("the first attempt: %v", err)
				}
				if err := attempt(); err != nil {
					t.Fatalf("the second attempt: %v", err)
				}
				got := h.latest()
				got.atLines(t, 1, 120)
				if len(h.runs) != 1 || got.Conclusion != "failure" {
					t.Errorf("%d runs, %s", len(h.runs), got.Conclusion)
				}
				h.forget()
				if publish(t, h.forge(), ground, check(policy.Failure, 1, 120)); len(h.writes()) != 0 {
					t.Errorf("wrote again: %v", h.writes())
				}
			})
		}
	}
}

func TestACrashWhileARunIsReplacedLeavesNoneUnfinished(t *testing.T) {
	for _, done := range []bool{false, true} {
		for die := 1; die <= 7; die++ {
			t.Run(fmt.Sprintf("call %d, done %v", die, done), func(t *testing.T) {
				h := newHub(t)
				publish(t, h.forge(), ground, check(policy.Failure, 1, 70))
				h.forget()
				h.dieAt, h.dieDone = die, done
				other := ground + "0"
				run, err := h.forge().Begin(t.Context(), web, head, other)
				if err == nil {
					err = h.forge().Finish(t.Context(), run, check(policy.Failure, 500, 70))
				}
				if err == nil {
					t.Fatal("nothing died")
				}
				publish(t, h.forge(), other, check(policy.Failure, 500, 70))
				h.latest().atLines(t, 500, 70)
				if h.latest().Conclusion != "failure" || len(h.runs) != 2 || h.runs[0].Conclusion != "cancelled" {
					t.Errorf("%d runs, first %s", len(h.runs), h.runs[0].Conclusion)
				}
			})
		}
	}
}

func TestARunOfAnotherAppWithOurNameIsNotTouched(t *testing.T) {
	h := newHub(t)
	foreign := &hubRun{ID: 900, Name: "bonafide", HeadSHA: head, Status: completed, Conclusion: "success", App: map[string]any{"id": 15368, "slug": "github-actions"}}
	forged := &hubRun{ID: 901, Name: "bonafide", HeadSHA: head, Status: inProgress, App: map[string]any{"id": 1}}
	x := newExternalID(ground)
	x.output = digest(report.Fingerprint(report.Output(check(policy.Success, 1, 0))))
	foreign.ExternalID = x.String()
	h.runs = []*hubRun{foreign, forged}
	f := h.forge()
	publish(t, f, ground, check(policy.Failure, 1, 3))
	if err := f.Cancel(t.Context(), web, head, "x"); err != nil {
		t.Fatal(err)
	}
	if foreign.Conclusion != "success" || forged.Status != inProgress || len(h.runs) != 3 || h.runs[2].Conclusion != "failure" {
		t.Errorf("%+v %+v, %d runs", foreign, forged, len(h.runs))
	}
}

func TestAServerThatNamesNoAppIsTakenByTheName(t *testing.T) {
	h := newHub(t)
	h.runs = []*hubRun{{ID: 50, Name: "bonafide", HeadSHA: head, Status: inProgress}}
	if run := publish(t, h.forge(), ground, check(policy.Success, 1, 0)); run.ID != 50 || len(h.runs) != 1 {
		t.Errorf("%+v, %d runs", run, len(h.runs))
	}
}

func TestUnfinishedRunsAreCancelledAndOthersAreLeft(t *testing.T) {
	h := newHub(t)
	ours := map[string]any{"id": appID}
	h.runs = []*hubRun{
		{ID: 1, Name: "bonafide", HeadSHA: head, Status: completed, Conclusion: "failure", App: ours},
		{ID: 2, Name: "bonafide", HeadSHA: head, Status: inProgress, App: ours},
		{ID: 3, Name: "bonafide", HeadSHA: head, Status: "queued", App: ours},
		{ID: 4, Name: "other", HeadSHA: head, Status: inProgress, App: ours},
		{ID: 5, Name: "bonafide", HeadSHA: base, Status: inProgress, App: ours},
	}
	f := h.forge()
	for range 2 {
		if err := f.Cancel(t.Context(), web, head, "The pull request was closed."); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, r := range h.runs {
		got = append(got, r.Status+" "+r.Conclusion)
	}
	if want := "completed failure, completed cancelled, completed cancelled, in_progress , in_progress "; strings.Join(got, ", ") != want {
		t.Errorf("got %q", got)
	}
	if h.runs[1].Summary != "The pull request was closed." || h.made("PATCH") != 2 {
		t.Errorf("%+v, %v", h.runs[1], h.calls)
	}
}

func TestACancelledOrAgedRunIsNoVerdict(t *testing.T) {
	for _, conclusion := range []string{"cancelled", "stale", "timed_out", "skipped"} {
		h := newHub(t)
		publish(t, h.forge(), ground, check(policy.Success, 1, 0))
		h.runs[0].Conclusion = conclusion
		if run := publish(t, h.forge(), ground, check(policy.Success, 1, 0)); run.Completed || h.latest().Conclusion != "success" {
			t.Errorf("%s: %+v, %s", conclusion, run, h.latest().Conclusion)
		}
	}
}

func TestAnUnfinishedRunThatWasReplacedEndsCancelled(t *testing.T) {
	h := newHub(t)
	ours := map[string]any{"id": appID}
	h.runs = []*hubRun{
		{ID: 1, Name: "bonafide", HeadSHA: head, Status: inProgress, App: ours},
		{ID: 2, Name: "bonafide", HeadSHA: head, Status: inProgress, App: ours},
	}
	run := publish(t, h.forge(), ground, check(policy.Success, 1, 0))
	if run.ID != 2 || h.runs[0].Conclusion != "cancelled" || h.latest().Conclusion != "success" {
		t.Errorf("%+v, %+v", run, h.runs[0])
	}
}

func TestAnOutputThatGitHubRefusesFailsTheCheckAndIsTriedAgain(t *testing.T) {
	h := newHub(t)
	refuse := true
	h.fail = func(call string, nth int) int {
		if refuse && strings.HasPrefix(call, "PATCH") && nth == 1 {
			return 422
		}
		return 0
	}
	publish(t, h.forge(), ground, check(policy.Success, 1, 0))
	if got := h.latest(); got.Conclusion != "failure" || got.Summary == "" {
		t.Errorf("%+v", got)
	}
	refuse = false
	if run := publish(t, h.forge(), ground, check(policy.Success, 1, 0)); run.Completed || h.latest().Conclusion != "success" {
		t.Errorf("%+v, %s", run, h.latest().Conclusion)
	}
}

func TestNoConclusionButAVerdictGetsOut(t *testing.T) {
	for c, want := range map[policy.Conclusion]string{
		policy.Success: "success", policy.Failure: "failure", policy.ActionRequired: "action_required", policy.Neutral: "neutral",
		"": "failure", "skipped": "failure", "SUCCESS": "failure",
	} {
		if got := conclusionOf(c); got != want {
			t.Errorf("%q became %q", c, got)
		}
	}
}

// A head that a pull request leaves is left alone where its verdict cannot be worse than the
// one that those deserve that stay.
func TestACheckOutlivesAPullRequestWhereItPassedForThatAlone(t *testing.T) {
	var many []string
	for n := range 40 {
		many = append(many, fmt.Sprintf("pr/%d main@%s policy@%s", 1007+n, base, tip))
	}
	alone := "pr/1007 main@" + base + " policy@" + tip
	for name, c := range map[string]struct {
		grounds []string // begun in turn, the last one completed
		concl   policy.Conclusion
		want    bool
	}{
		"passed alone":                {[]string{alone}, policy.Success, true},
		"failed alone":                {[]string{alone}, policy.Failure, false},
		"passed with another":         {[]string{alone, many[0] + "\n" + many[1]}, policy.Success, false},
		"failed with too many for it": {[]string{alone, strings.Join(many, "\n")}, policy.Failure, false},
		"refused, as there are more":  {[]string{alone, "no verdict: too many"}, policy.Failure, false},
		"unfinished":                  {[]string{alone}, "", false},
	} {
		h := newHub(t)
		f := h.forge()
		var run review.Run
		var err error
		for _, ground := range c.grounds {
			if run, err = f.Begin(t.Context(), web, head, ground); err != nil {
				t.Fatal(name, err)
			}
		}
		if c.concl != "" {
			if err := f.Finish(t.Context(), run, check(c.concl, 1, 0)); err != nil {
				t.Fatal(name, err)
			}
		}
		runs, err := f.Runs(t.Context(), web, head)
		if err != nil || runs.Outlives(1007) != c.want {
			t.Errorf("%s: %v, %v", name, !c.want, err)
		}
	}
}

func TestTheExternalIDSaysWhatTheRunIsAbout(t *testing.T) {
	many := ""
	for n := range 200 {
		many += fmt.Sprintf("pr/%d main@%s policy@%s\n", n+1, base, tip)
	}
	tests := map[string]About{
		ground:                          {Pulls: []int{7}},
		ground + "\npr/12 a@b policy@c": {Pulls: []int{7, 12}},
		"group release/1.x@" + base + " policy@" + tip:   {BaseRef: "release/1.x", BaseSHA: base},
		"group a@b@" + base + " policy@" + tip:           {BaseRef: "a@b", BaseSHA: base},
		"group a;ground=x@" + base + " policy@" + tip:    {BaseRef: "a;ground=x", BaseSHA: base},
		"group 100%3B;%@" + base + " policy@" + tip:      {BaseRef: "100%3B;%", BaseSHA: base},
		"group " + strings.Repeat("x", 300) + "@" + base: {},
		many:           {},
		"anything":     {},
		"":             {},
		"pr/-1 x":      {},
		"pr/007 x":     {},
		"pr/7;ground=": {},
	}
	for ground, want := range tests {
		x := newExternalID(ground)
		x.output = digest("x")
		s := x.String()
		if got := ParseExternalID(s); fmt.Sprint(got) != fmt.Sprint(want) || len(s) > MaxExternalID || readExternalID(s) != x {
			t.Errorf("%.60q became %q: %+v", ground, s, got)
		}
	}
	if newExternalID("a") == newExternalID("b") {
		t.Error("two grounds have one id")
	}
	for _, s := range []string{"", "pr/", "pr/x", "pr/7+", "pr/0", "pr/+7", "group/main/x", "group//" + base, "group/" + base, "pr/" + strings.Repeat("1", 500)} {
		if got := ParseExternalID(s); got.Pulls != nil || got.BaseSHA != "" {
			t.Errorf("%.40q became %+v", s, got)
		}
	}
}

func FuzzParseExternalID(f *testing.F) {
	f.Add(newExternalID(ground).String())
	f.Add("group/release/1.x/" + base + ";ground=x;output=y")
	f.Fuzz(func(t *testing.T, s string) {
		about := ParseExternalID(s)
		for _, n := range about.Pulls {
			if n <= 0 {
				t.Fatal(n)
			}
		}
		if about.BaseSHA != "" && (needSHA(about.BaseSHA) != nil || about.BaseRef == "" || about.Pulls != nil) {
			t.Fatalf("%+v", about)
		}
		if x := newExternalID(s); len(x.String()) > MaxExternalID || readExternalID(x.String()) != x {
			t.Fatalf("%+v", x)
		}
	})
}
