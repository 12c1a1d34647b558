package policy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// advised is a subject that advisories name as malware.
func advised(s Subject, ids ...string) Subject {
	for _, id := range ids {
		s.Malware = append(s.Malware, Advisory{ID: id, Summary: "Malware in " + s.Change.Entry.Package.Name, URL: "https://github.com/advisories/" + id})
	}
	return s
}

func TestKnownMalware(t *testing.T) {
	e := entry("axios@1.14.1")
	gone := Subject{Change: dep.Change{Kind: dep.Added, Entry: e, Occurrences: []dep.Entry{e}}, Evidence: provenance.Evidence{Package: e.Package, Gone: true}}
	exotic := entry("evil@1.0.0", from(dep.Git, "git+https://github.com/acme/evil.git#1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"))
	audited := advised(added(e, signed(e)), "GHSA-aaaa-bbbb-cccc")
	audited.Change.Kind = ""
	hostile := added(e, signed(e))
	hostile.Malware = []Advisory{{ID: "GHSA-aaaa-bbbb-cccc", Summary: "]( https://evil.example)\n# No malware " + strings.Repeat("x", 500)}}
	looked := func(l Looked, reason string) Inquiry { return Inquiry{Looked: l, Reason: reason} }
	held(t, RuleKnownMalware, []example{
		{name: "not named", subject: []Subject{added(e, signed(e))}, malware: looked(Answered, "")},
		{name: "named", subject: []Subject{advised(added(e, signed(e)), "GHSA-aaaa-bbbb-cccc")}, malware: looked(Answered, ""), want: []string{"error"}},
		{name: "named, with provenance that holds", subject: []Subject{advised(added(e, attested(e)), "GHSA-aaaa-bbbb-cccc")}, malware: looked(Answered, ""), want: []string{"error"}},
		{name: "withdrawn by the registry", subject: []Subject{advised(gone, "GHSA-aaaa-bbbb-cccc")}, malware: looked(Answered, ""), want: []string{"error"}},
		{name: "it stood there before: an audit", subject: []Subject{audited}, malware: looked(Answered, ""), want: []string{"error"}},
		{name: "it goes away", subject: []Subject{advised(removed(e), "GHSA-aaaa-bbbb-cccc")}, malware: looked(Answered, "")},
		{name: "named many times", subject: []Subject{advised(added(e, signed(e)), strings.Fields(strings.Repeat("GHSA-aaaa-bbbb-cccc ", 12))...)}, malware: looked(Answered, ""), want: []string{"error"}},
		{name: "an advisory without words", subject: []Subject{func() Subject {
			s := added(e, signed(e))
			s.Malware = []Advisory{{ID: "GHSA-aaaa-bbbb-cccc"}}
			return s
		}()}, want: []string{"error"}},
		{name: "an advisory with hostile words", subject: []Subject{hostile}, want: []string{"error"}},
		{name: "nothing to ask about", subject: []Subject{unlooked(added(exotic, provenance.Evidence{}), "comes from git")}},
		{name: "out of reach, said once for all", subject: []Subject{added(e, signed(e)), added(entry("left@1.0.0"), signed(entry("left@1.0.0")))}, malware: looked(Unreachable, "GitHub answered 502"), want: []string{"unknown"}},
		{name: "answered in part, and named in it", subject: []Subject{advised(added(e, signed(e)), "GHSA-aaaa-bbbb-cccc")}, malware: looked(LeftOut, "there are more packages than are asked about at a time (9000)"), want: []string{"error", "unknown"}},
		{name: "no token", subject: []Subject{added(e, signed(e))}, malware: looked(NotConfigured, "no GitHub token was given"), want: []string{"notice"}},
	})
}

// Out of reach is a warning also where the policy asks for more, and its absence does
// not fail a check.
func TestThatMalwareCouldNotBeAskedForFailsNothing(t *testing.T) {
	e := entry("axios@1.14.1")
	for looked, want := range map[Looked]Severity{Unreachable: Warning, LeftOut: Warning, NotConfigured: Notice} {
		p := Default()
		p.OnUnknown = UnknownFails
		v := Judge(Input{Subjects: []Subject{added(e, signed(e))}, Malware: Inquiry{Looked: looked, Reason: "it rains"}}, p, now())
		if v.Conclusion != Success || worst(v.Findings) != want {
			t.Errorf("%s: %s: %+v", looked, v.Conclusion, v.Findings)
		}
	}
}

func worst(findings []Finding) (s Severity) {
	for _, f := range findings {
		if f.Rule == RuleKnownMalware && rank(f.Severity) > rank(s) {
			s = f.Severity
		}
	}
	return s
}

func TestRunSuspicious(t *testing.T) {
	e := entry("axios@1.14.1")
	built := func(edits ...func(*provenance.Evidence)) provenance.Evidence {
		named := func(ev *provenance.Evidence) {
			ev.Provenance.Identity.Run = ev.Provenance.Identity.Repository + "/actions/runs/1234/attempts/1"
			ev.Provenance.Log = &provenance.Log{Time: now().Add(-30 * 24 * time.Hour)}
		}
		return attested(e, append([]func(*provenance.Evidence){named}, edits...)...)
	}
	const commit = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"
	good := Run{Inquiry: Inquiry{Looked: Answered}, Conclusion: "success", Event: "push", Commit: commit, Workflow: ".github/workflows/release.yml", Succeeded: []string{"test", "publish"}, Standing: OnRef}
	with := func(edits ...func(*Run)) []Subject {
		s := added(e, built())
		s.Run = good
		for _, edit := range edits {
			edit(&s.Run)
		}
		return []Subject{s}
	}
	looked := func(l Looked, reason string) func(*Run) {
		return func(r *Run) { *r = Run{Inquiry: Inquiry{Looked: l, Reason: reason}} }
	}
	from := func(ev provenance.Evidence, edits ...func(*Run)) []Subject {
		s := with(edits...)[0]
		s.Evidence = ev
		return []Subject{s}
	}
	failed := func(r *Run) {
		r.Conclusion, r.Failed, r.Skipped, r.Succeeded = "failure", []string{"Run Tests"}, []string{"docs", "Publish"}, []string{"build"}
	}
	triggered := func(trigger string) func(*provenance.Evidence) {
		return func(ev *provenance.Evidence) { ev.Provenance.Identity.Trigger = trigger }
	}
	var monorepo, gone []Subject
	for i := range 12 {
		p := entry(fmt.Sprintf("@acme/p%02d@1.0.0", i))
		s := added(p, attested(p, func(ev *provenance.Evidence) {
			ev.Provenance.Identity.Run = "https://github.com/acme/mono/actions/runs/1234/attempts/1"
			ev.Provenance.Log = &provenance.Log{Time: now().Add(-30 * 24 * time.Hour)}
		}))
		s.Run = good
		failed(&s.Run)
		monorepo = append(monorepo, s)
		s.Run = Run{Inquiry: Inquiry{Looked: NotConfigured, Reason: "no GitHub token was given"}}
		gone = append(gone, s)
	}
	leaves := with(failed)
	leaves[0].Change.Kind = dep.Removed
	held(t, RuleRunSuspicious, []example{
		{name: "it succeeded", subject: with()},
		{name: "nothing to look up", subject: with(looked("", ""))},
		{name: "it goes on", subject: with(func(r *Run) { r.Conclusion, r.Succeeded = "", nil })},
		{name: "neutral is no failure", subject: with(func(r *Run) { r.Conclusion = "neutral" })},
		{name: "it failed, and publishing was skipped", subject: with(failed), want: []string{"warning"}},
		{name: "cancelled", subject: with(func(r *Run) { r.Conclusion, r.Succeeded = "cancelled", nil }), want: []string{"warning"}},
		{name: "something beside the publishing failed", subject: with(func(r *Run) { r.Conclusion, r.Failed = "failure", []string{"docs"} }), want: []string{"notice"}},
		{name: "one of two jobs that publish failed", subject: with(func(r *Run) { r.Conclusion, r.Failed = "failure", []string{"publish (arm64)"} }), want: []string{"warning"}},
		{name: "something beside failed, at another commit", subject: with(func(r *Run) { r.Conclusion, r.Failed, r.Commit = "failure", []string{"docs"}, strings.Repeat("f", 40) }), want: []string{"warning"}},
		{name: "a conclusion that nobody knows", subject: with(func(r *Run) { r.Conclusion, r.Succeeded = "stale\n## fine", nil }), want: []string{"warning"}},
		{name: "many jobs failed", subject: with(failed, func(r *Run) { r.Failed = strings.Fields(strings.Repeat("job ", 40)) }), want: []string{"warning"}},
		{name: "another event", subject: with(func(r *Run) { r.Event = "pull_request_target" }), want: []string{"warning"}},
		{name: "a certificate that names no event", subject: from(built(triggered("")))},
		{name: "another commit", subject: with(func(r *Run) { r.Commit = strings.Repeat("f", 40) }), want: []string{"warning"}},
		{name: "runs of pull requests are shown at their head", subject: from(built(triggered("pull_request")), func(r *Run) { r.Event, r.Commit = "pull_request", strings.Repeat("f", 40) })},
		{name: "another workflow", subject: with(func(r *Run) { r.Workflow = ".github/workflows/evil.yml" }), want: []string{"warning"}},
		{name: "a workflow that GitHub itself provides", subject: from(built(func(ev *provenance.Evidence) { ev.Provenance.Identity.Workflow = "dynamic/pages/build" }), func(r *Run) { r.Workflow = "other" })},
		{name: "an orphaned commit", subject: with(func(r *Run) { r.Standing = Orphan }), want: []string{"warning"}},
		{name: "it was not found out where its commit stands", subject: with(func(r *Run) { r.Standing = "" })},
		{name: "publishing was skipped in a run that succeeded", subject: with(func(r *Run) { r.Succeeded, r.Skipped = []string{"build"}, []string{"npm-publish"} }), want: []string{"notice"}},
		{name: "another job published", subject: with(func(r *Run) { r.Succeeded, r.Skipped = []string{"Release"}, []string{"publish docs"} })},
		{name: "a republished page is no publishing", subject: with(func(r *Run) { r.Succeeded, r.Skipped = []string{"build"}, []string{"republished"} })},
		{name: "gone, and young", subject: with(looked(Gone, "the repository has no such run any more")), want: []string{"notice"}},
		{name: "gone, and old", subject: from(built(func(ev *provenance.Evidence) { ev.Provenance.Log.Time = now().Add(-91 * 24 * time.Hour) }), looked(Gone, ""))},
		{name: "gone, and nobody knows how old", subject: from(built(func(ev *provenance.Evidence) { ev.Provenance.Log = nil }), looked(Gone, ""))},
		{name: "private", subject: with(looked(Hidden, "the repository is private or gone")), want: []string{"notice"}},
		{name: "no token", subject: with(looked(NotConfigured, "no GitHub token was given")), want: []string{"notice"}},
		{name: "the time was over", subject: with(looked(LeftOut, "the time for it was over")), want: []string{"unknown"}},
		{name: "out of reach", subject: with(looked(Unreachable, "GitHub answered 502")), want: []string{"unknown"}},
		{name: "a monorepo's run failed", subject: monorepo, want: []string{"warning"}},
		{name: "many without a token", subject: gone, want: []string{"notice"}},
		{name: "provenance that does not hold says nothing of a run", subject: from(built(func(ev *provenance.Evidence) { ev.Provenance.Check = invalid("it was edited") }), failed)},
		{name: "it goes away", subject: leaves},
	})
}

// That a run could not be looked at is no oddity: being new and GitHub being down do
// not add up to an error.
func TestARunThatWasNotLookedAtIsNotOdd(t *testing.T) {
	e := entry("axios@1.14.1")
	for looked, want := range map[Looked]Conclusion{Answered: Failure, Unreachable: Success, LeftOut: Success, Hidden: Success, Gone: Success, NotConfigured: Success} {
		s := since(added(e, attested(e)), out("1.0.0", 900*day), out("1.14.0", 40*day), out("1.14.1", 5*hour))
		s.Run = Run{Inquiry: Inquiry{Looked: looked, Reason: "it rains"}, Conclusion: "failure"}
		v := Judge(Input{Subjects: []Subject{s}}, Default(), now())
		if v.Conclusion != want {
			t.Errorf("%s: %s: %+v", looked, v.Conclusion, v.Findings)
		}
	}
}
