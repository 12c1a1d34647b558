package review

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
	"github.com/bonafide-app/bonafide/app/report"
)

var sha = strings.Repeat("a", 40)

// running names a run in every provenance that holds; gone releases are withdrawn.
type running struct {
	*verifier
	gone map[string]bool
}

func (v running) Verify(ctx context.Context, s provenance.Subject) provenance.Evidence {
	e := v.verifier.Verify(ctx, s)
	if v.gone[s.Package.ID()] {
		return provenance.Evidence{Package: s.Package, Gone: true}
	}
	if id := e.Provenance.Identity; id != nil {
		id.Run, id.Commit = id.Repository+"/actions/runs/"+fmt.Sprint(len(s.Package.Name))+"/attempts/1", sha
	}
	return e
}

// patient is a reviewer that only the answer of a hub ends the patience of. A hub that gives
// none is asked in a bubble of synctest, where an hour is over once nobody can do more.
func patient(v Verifier, edits ...func(*Options)) *Reviewer {
	o := Options{Verifier: v, Concurrency: 4, Clock: func() time.Time { return noon }, HubBudget: time.Hour, MalwareBudget: time.Hour}
	for _, edit := range edits {
		edit(&o)
	}
	r, err := New(o)
	if err != nil {
		panic(err)
	}
	return r
}

func said(r report.Report, rule policy.RuleName) (out []policy.Finding) {
	for _, f := range r.Findings {
		if f.Rule == rule {
			out = append(out, f)
		}
	}
	return out
}

func asking(h Hub, req Request) Request {
	req.Hub = h
	return req
}

// hanging never answers, whatever its context says, until it is let go.
func hanging(t *testing.T) *hub {
	let := make(chan struct{})
	t.Cleanup(func() { close(let) })
	wait := func() { <-let }
	return &hub{
		run:    func(context.Context, provenance.Identity) policy.Run { wait(); return policy.Run{} },
		commit: func(context.Context, string, string) policy.Commit { wait(); return policy.Commit{} },
		malware: func(context.Context, []dep.Package) (map[dep.Package][]policy.Advisory, policy.Inquiry) {
			wait()
			return nil, policy.Inquiry{}
		},
		fixes: wait,
	}
}

func gitLib(commit string) string {
	return `"version":"1.0.0","resolved":"git+ssh://git@github.com/acme/lib.git#` + strings.Repeat(commit, 40) + `"`
}

func TestAHubThatHangsHoldsUpNoVerdict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		req := bring("left@1.0.0")
		req.Files[0].Head = packages{"node_modules/left": public("left@1.0.0"), "node_modules/lib": gitLib("b")}.lockfile()
		req.Files[0].Base = packages{"node_modules/left": public("left@0.9.0"), "node_modules/lib": gitLib("a")}.lockfile()
		h := &historian{histories: map[string]registry.History{"left": {Name: "left", Releases: []registry.Past{
			{Version: "0.9.0", Published: noon.AddDate(0, -3, 0), Announced: true}, {Version: "1.0.0", Published: noon.Add(-time.Hour), Announced: true},
		}}}}
		rep, err := patient(running{verifier: proven("left@1.0.0", "left@0.9.0")}, func(o *Options) { o.Historian = h }).Review(t.Context(), asking(hanging(t), req))
		if err != nil {
			t.Fatal(err)
		}
		for _, rule := range []policy.RuleName{policy.RuleRunSuspicious, policy.RuleKnownMalware} {
			if f := said(rep, rule); len(f) != 1 || !f[0].Unknown || f[0].Severity != policy.Warning {
				t.Errorf("%s: %+v", rule, f)
			}
		}
		if !rep.Again || rep.Retry {
			t.Errorf("malware that was not asked for is asked for again, after the verdict: again %t, retry %t", rep.Again, rep.Retry)
		}
	})
}

// Malware is asked for again whether the hub ends in time by itself or not, and what it
// found until then is not lost.
func TestWhatWasFoundBeforeTheTimeWasOverCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hub{malware: func(ctx context.Context, releases []dep.Package) (map[dep.Package][]policy.Advisory, policy.Inquiry) {
			<-ctx.Done()
			return map[dep.Package][]policy.Advisory{releases[0]: {{ID: "GHSA-aaaa-bbbb-cccc"}}}, policy.Inquiry{Looked: policy.LeftOut, Reason: "the time for it was over"}
		}}
		rep, err := patient(proven()).Review(t.Context(), asking(h, bring("left@1.0.0")))
		f := said(rep, policy.RuleKnownMalware)
		if err != nil || rep.Conclusion != policy.Failure || !rep.Again || len(f) != 2 || f[0].Severity != policy.Error || !f[1].Unknown {
			t.Errorf("%v, %s, again %t: %+v", err, rep.Conclusion, rep.Again, f)
		}
	})
}

func TestWhatIsAnsweredAtTheLastMomentIsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hub{malware: func(ctx context.Context, _ []dep.Package) (map[dep.Package][]policy.Advisory, policy.Inquiry) {
			<-ctx.Done()
			return nil, policy.Inquiry{Looked: policy.Answered}
		}}
		if rep, err := patient(proven()).Review(t.Context(), asking(h, bring("left@1.0.0"))); err != nil || rep.Again || len(said(rep, policy.RuleKnownMalware)) != 0 {
			t.Errorf("%v, again %t: %+v", err, rep.Again, rep.Findings)
		}
	})
}

func TestAHubThatPanicsFailsNothing(t *testing.T) {
	h := &hub{
		run:    func(context.Context, provenance.Identity) policy.Run { panic("boom") },
		commit: func(context.Context, string, string) policy.Commit { panic("boom") },
		malware: func(context.Context, []dep.Package) (map[dep.Package][]policy.Advisory, policy.Inquiry) {
			panic("boom")
		},
		fixes: func() { panic("boom") },
	}
	req := bring()
	req.Files[0].Head = packages{"node_modules/left": public("left@1.0.0"), "node_modules/lib": gitLib("b")}.lockfile()
	req.Files[0].Base = packages{"node_modules/left": public("left@0.9.0"), "node_modules/lib": gitLib("a")}.lockfile()
	rep, err := patient(running{verifier: proven("left@1.0.0", "left@0.9.0")}).Review(t.Context(), asking(h, req))
	if err != nil || rep.Again || len(said(rep, policy.RuleRunSuspicious)) != 1 || len(said(rep, policy.RuleKnownMalware)) != 1 {
		t.Errorf("%v, again %t: %+v", err, rep.Again, rep.Findings)
	}
}

func TestAReviewThatIsStoppedDoesNotWaitForTheHub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		h := hanging(t)
		malware := h.malware
		h.malware = func(context.Context, []dep.Package) (map[dep.Package][]policy.Advisory, policy.Inquiry) {
			cancel()
			return malware(ctx, nil)
		}
		if _, err := patient(running{verifier: proven("left@1.0.0")}).Review(ctx, asking(h, bring("left@1.0.0"))); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
}

func TestWithoutAHubItIsSaidThatNobodyWasAsked(t *testing.T) {
	for why, offline := range map[string]bool{"no GitHub token": false, "offline": true} {
		rep, err := patient(running{verifier: proven("left@1.0.0")}, func(o *Options) { o.Offline = offline }).Review(t.Context(), bring("left@1.0.0"))
		if err != nil || rep.Conclusion != policy.Success || rep.Again {
			t.Fatalf("%v, %s, again %t", err, rep.Conclusion, rep.Again)
		}
		for _, rule := range []policy.RuleName{policy.RuleRunSuspicious, policy.RuleKnownMalware} {
			if f := said(rep, rule); len(f) != 1 || f[0].Severity != policy.Notice || !strings.Contains(f[0].Message, why) {
				t.Errorf("%s: %+v", rule, f)
			}
		}
	}
}

func TestWhatIsAskedOfTheHub(t *testing.T) {
	h := &hub{}
	head := packages{
		"node_modules/@corp/a":   `"version":"1.0.0","integrity":"` + sri("@corp/a@1.0.0") + `"`,                // of a private registry in the base
		"node_modules/@corp/b":   from("https://npm.corp.example", "@corp/b@1.0.0"),                             // private
		"node_modules/secret":    from("https://npm.corp.example", "secret@1.0.0"),                              // private, without a scope
		"node_modules/@lost/a":   public("@lost/a@1.0.0"),                                                       // never public, as far as anybody knows
		"node_modules/@shown/a":  public("@shown/a@1.0.1"),                                                      // withdrawn, its package is there
		"node_modules/withdrawn": public("withdrawn@1.0.0"),                                                     // withdrawn
		"node_modules/left":      public("left@1.0.0"),                                                          // public
		"node_modules/twin":      public("twin@1.0.0"),                                                          // of the same run
		"node_modules/lib":       gitLib("b"),                                                                   // git
		"node_modules/branch":    `"version":"1.0.0","resolved":"git+ssh://git@github.com/acme/branch.git"`,     // no commit
		"node_modules/other":     `"version":"1.0.0","resolved":"git+ssh://git@gitlab.com/a/b.git#` + sha + `"`, // not GitHub's
	}
	req := bring()
	req.Files[0].Base, req.Files[0].Head = packages{"node_modules/@corp/a": from("https://npm.corp.example", "@corp/a@1.0.0"), "node_modules/old": public("old@1.0.0"), "node_modules/left-git": gitLib("c")}.lockfile(), head.lockfile()
	v := running{proven("left@1.0.0", "twin@1.0.0", "old@1.0.0"), map[string]bool{"@lost/a@1.0.0": true, "@shown/a@1.0.1": true, "withdrawn@1.0.0": true}}
	past := &historian{histories: map[string]registry.History{"@shown/a": {Name: "@shown/a", Releases: []registry.Past{{Version: "1.0.0", Published: noon.AddDate(0, -3, 0)}}}}}
	if _, err := patient(v, func(o *Options) { o.Historian = past }).Review(t.Context(), asking(h, req)); err != nil {
		t.Fatal(err)
	}
	slices.Sort(h.asked)
	want := []string{
		"commit https://github.com/acme/lib#" + strings.Repeat("b", 40),
		"malware left@1.0.0 twin@1.0.0 withdrawn@1.0.0 @shown/a@1.0.1",
		"run https://github.com/acme/left/actions/runs/4/attempts/1",
		"run https://github.com/acme/twin/actions/runs/4/attempts/1",
	}
	if !slices.Equal(h.asked, want) {
		t.Errorf("asked\n%s\nwant\n%s", strings.Join(h.asked, "\n"), strings.Join(want, "\n"))
	}
}

// What a registry of the operator's own answers for is nobody else's to know.
func TestTheHubHearsNoNameOfAPrivateRegistry(t *testing.T) {
	h, req := &hub{}, bring()
	side := func(version string) []byte {
		return packages{"node_modules/a": `"version":"` + version + `","integrity":"` + sri(version) + `"`, "node_modules/b": from("https://npm.corp.example", "b@"+version)}.lockfile()
	}
	req.Files[0].Base, req.Files[0].Head = side("1.0.0"), side("1.0.1")
	young := []registry.Past{{Version: "1.0.0", Published: noon.AddDate(0, -3, 0)}, {Version: "1.0.1", Published: noon.Add(-time.Hour)}}
	past := &historian{histories: map[string]registry.History{"a": {Name: "a", Releases: young}, "b": {Name: "b", Releases: young}}}
	r := patient(proven(), func(o *Options) { o.Historian, o.Registry = past, "https://npm.corp.example" })
	rep, err := r.Review(t.Context(), asking(h, req))
	if err != nil || len(said(rep, policy.RuleTooNew)) != 2 || len(h.asked) != 0 {
		t.Errorf("%v: asked %q, %+v", err, h.asked, rep.Findings)
	}
}

func TestProvenanceThatNamesNoRunIsNotAskedAbout(t *testing.T) {
	h := &hub{}
	if _, err := patient(proven("left@1.0.0")).Review(t.Context(), asking(h, bring("left@1.0.0"))); err != nil || !slices.Equal(h.asked, []string{"malware left@1.0.0"}) {
		t.Errorf("%v: asked %q", err, h.asked)
	}
}

func TestWhatNoPolicyWantsToKnowIsNotAskedForAgain(t *testing.T) {
	h := &hub{malware: func(context.Context, []dep.Package) (map[dep.Package][]policy.Advisory, policy.Inquiry) {
		return nil, policy.Inquiry{Looked: policy.Unreachable, Reason: "GitHub answered 502"}
	}}
	for severity, again := range map[policy.Severity]bool{policy.Off: false, policy.Notice: true} {
		req := asking(h, bring("left@1.0.0"))
		req.Policy = req.Policy.With(policy.RuleKnownMalware, severity)
		if rep, err := patient(proven("left@1.0.0")).Review(t.Context(), req); err != nil || rep.Again != again {
			t.Errorf("%s: %v, again %t", severity, err, rep.Again)
		}
	}
}

func TestAWithdrawnReleaseThatIsMalwareIsAnError(t *testing.T) {
	h := &hub{malware: func(_ context.Context, releases []dep.Package) (map[dep.Package][]policy.Advisory, policy.Inquiry) {
		return map[dep.Package][]policy.Advisory{releases[0]: {{ID: "GHSA-aaaa-bbbb-cccc"}}}, policy.Inquiry{Looked: policy.Answered}
	}}
	rep, err := patient(running{proven(), map[string]bool{"evil@6.6.6": true}}).Review(t.Context(), asking(h, bring("evil@6.6.6")))
	if f := said(rep, policy.RuleKnownMalware); err != nil || len(f) != 1 || f[0].Severity != policy.Error || !strings.Contains(f[0].Message, "has withdrawn it") {
		t.Errorf("%v: %+v", err, rep.Findings)
	}
}

func TestAnAuditAsksForMalwareAlone(t *testing.T) {
	h := &hub{}
	req := bring("left@1.0.0")
	req.Kind, req.Files[0].Base = report.Audit, nil
	if _, err := patient(running{verifier: proven("left@1.0.0")}).Review(t.Context(), asking(h, req)); err != nil || !slices.Equal(h.asked, []string{"malware left@1.0.0"}) {
		t.Errorf("%v: asked %q", err, h.asked)
	}
}

// The commit of a git source decides what exotic-source says of one that moved.
func TestWhereAGitCommitStandsDecides(t *testing.T) {
	archive := func(commit string) string {
		return `"version":"1.0.0","resolved":"https://codeload.github.com/acme/lib/tar.gz/` + strings.Repeat(commit, 40) + `","integrity":"` + sri("lib"+commit) + `"`
	}
	asks := packages{"": `"dependencies":{"lib":"github:acme/lib"}`}
	for name, x := range map[string]struct {
		lib      func(string) string
		commit   policy.Commit
		severity policy.Severity
		again    bool
		asks     packages
	}{
		"on a branch":                        {gitLib, policy.Commit{Inquiry: policy.Inquiry{Looked: policy.Answered}, Standing: policy.OnRef}, policy.Warning, false, asks},
		"on none":                            {gitLib, policy.Commit{Inquiry: policy.Inquiry{Looked: policy.Answered}, Standing: policy.Orphan}, policy.Error, false, asks},
		"an archive of none":                 {archive, policy.Commit{Inquiry: policy.Inquiry{Looked: policy.Answered}, Standing: policy.Orphan}, policy.Error, false, asks},
		"private":                            {gitLib, policy.Commit{Inquiry: policy.Inquiry{Looked: policy.Hidden, Reason: "the repository is private or gone"}}, policy.Warning, false, asks},
		"GitHub is out of reach":             {gitLib, policy.Commit{Inquiry: policy.Inquiry{Looked: policy.Unreachable, Reason: "GitHub answered 502"}}, policy.Warning, true, asks},
		"out of reach, and deep in the tree": {gitLib, policy.Commit{Inquiry: policy.Inquiry{Looked: policy.Unreachable, Reason: "GitHub answered 502"}}, policy.Error, true, packages{}},
	} {
		t.Run(name, func(t *testing.T) {
			h := &hub{commit: func(context.Context, string, string) policy.Commit { return x.commit }}
			req := bring()
			req.Files[0].Base, req.Files[0].Head = x.asks.with("node_modules/lib", x.lib("a")).lockfile(), x.asks.with("node_modules/lib", x.lib("b")).lockfile()
			rep, err := patient(proven()).Review(t.Context(), asking(h, req))
			f := said(rep, policy.RuleExoticSource)
			if err != nil || len(f) != 1 || f[0].Severity != x.severity || rep.Again != x.again {
				t.Errorf("%v, again %t: %+v", err, rep.Again, rep.Findings)
			}
		})
	}
}

func TestAFixNeedNotWait(t *testing.T) {
	past := &historian{histories: map[string]registry.History{"left": {Name: "left", Releases: []registry.Past{
		{Version: "1.0.0", Published: noon.AddDate(0, -3, 0)}, {Version: "1.0.1", Published: noon.Add(-5 * time.Hour)},
	}}}}
	for _, asked := range []bool{true, false} {
		req := bring("left@1.0.1")
		req.Files[0].Base = packages{"node_modules/left": public("left@1.0.0")}.lockfile()
		severity := policy.Warning
		if asked {
			req.Hub, severity = &hub{}, policy.Notice
		}
		rep, err := patient(proven(), func(o *Options) { o.Historian = past }).Review(t.Context(), req)
		if f := said(rep, policy.RuleTooNew); err != nil || len(f) != 1 || f[0].Severity != severity || asked != strings.Contains(f[0].Message, "GHSA-fix0-0000-0000") {
			t.Errorf("%v: %+v", err, f)
		}
	}
}

// More than is asked about at once is left out and said, the youngest first.
func TestRunsThatAreTooManyAreSaid(t *testing.T) {
	var ids []string
	for i := range MaxInquiries + 15 {
		ids = append(ids, fmt.Sprintf("p%03d@1.0.0", i))
	}
	h := &hub{}
	rep, err := patient(running{verifier: proven(ids...)}).Review(t.Context(), asking(h, bring(ids...)))
	runs := 0
	for _, a := range h.asked {
		if strings.HasPrefix(a, "run ") {
			runs++
		}
	}
	f := said(rep, policy.RuleRunSuspicious)
	if err != nil || runs != MaxInquiries || len(f) != 1 || f[0].Count != 15 || !strings.Contains(f[0].Message, "more than 60") || rep.Again {
		t.Errorf("%v: %d runs, again %t: %+v", err, runs, rep.Again, f)
	}
}

// A verdict is published although malware could not be asked for; that is asked again
// until the last attempt, and no failure of a later attempt undoes the verdict.
func TestAVerdictIsPublishedAndMalwareAskedForAgain(t *testing.T) {
	f := scene()
	var down atomic.Bool
	down.Store(true)
	f.hub = &hub{malware: func(context.Context, []dep.Package) (map[dep.Package][]policy.Advisory, policy.Inquiry) {
		if down.Load() {
			return nil, policy.Inquiry{Looked: policy.Unreachable, Reason: "GitHub answered 502"}
		}
		return nil, policy.Inquiry{Looked: policy.Answered}
	}}
	r := runner(t, f, proven("left@1.0.0", "left@1.0.1"))
	var later *Later
	for i, elapsed := range []time.Duration{0, time.Minute, 20 * time.Minute} {
		err := r.PullRequest(t.Context(), repo, 7, Event{}, Try{Elapsed: elapsed})
		if !errors.As(err, &later) || later.RetryAfter() < againAfter || len(f.finished) != i+1 || f.finished[i].Broken != "" {
			t.Fatalf("attempt %d: %v, %+v", i, err, f.finished)
		}
	}
	if err := r.PullRequest(t.Context(), repo, 7, Event{}, Try{Elapsed: 30 * time.Minute, Last: true}); err != nil {
		t.Fatalf("the last attempt asks for another: %v", err)
	}
	f.completed = true
	f.fail = func(call string) error { return only(call, "Trees", errors.New("502 from GitHub")) }
	done := len(f.finished)
	if err := r.PullRequest(t.Context(), repo, 7, Event{}, Try{Last: true}); err != nil || len(f.finished) != done {
		t.Errorf("%v: a verdict was undone: %+v", err, f.finished[done:])
	}
	f.fail = nil
	down.Store(false)
	if err := r.PullRequest(t.Context(), repo, 7, Event{}, Try{}); err != nil {
		t.Errorf("GitHub answered, and is asked again: %v", err)
	}
}
