package policy

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
)

const (
	hour = time.Hour
	day  = 24 * time.Hour
)

// out is a release by the account robin that came out so long before now.
func out(version string, ago time.Duration, edits ...func(*registry.Past)) registry.Past {
	p := registry.Past{Version: version, Published: now().Add(-ago), Publisher: registry.Publisher{Name: "robin"}}
	for _, edit := range edits {
		edit(&p)
	}
	return p
}

func pastBy(account string) func(*registry.Past) {
	return func(p *registry.Past) { p.Publisher.Name = account }
}

func ran(p *registry.Past)     { p.InstallScript = true }
func undated(p *registry.Past) { p.Published = time.Time{} }

// since gives a subject the history of its package, oldest first.
func since(s Subject, releases ...registry.Past) Subject {
	s.History = &registry.History{Name: s.Change.Entry.Package.Name, Releases: releases}
	return s
}

func unreadHistory(s Subject) Subject {
	s.History, s.HistoryUnread = nil, "the registry answered 503"
	return s
}

func by(account string) func(*provenance.Evidence) {
	return func(ev *provenance.Evidence) { ev.Release.Publisher = registry.Publisher{Name: account} }
}

func loggedAgo(ago time.Duration) func(*provenance.Evidence) {
	return func(ev *provenance.Evidence) {
		ev.Publish = provenance.Publish{Check: provenance.Check{State: provenance.Verified}, Log: &provenance.Log{Time: now().Add(-ago)}}
	}
}

func approvedBy(account string) func(*provenance.Evidence) {
	return func(ev *provenance.Evidence) { ev.Release.Publisher.Approver = account }
}

func builtEarly(ev *provenance.Evidence) {
	ev.Provenance.Log = &provenance.Log{Time: now().Add(-90 * day)}
}

func runsScript(ev *provenance.Evidence) {
	ev.Release.InstallScript, ev.Release.InstallScripts = true, []string{"postinstall"}
}

func fixing(s Subject, ids ...string) Subject {
	for _, id := range ids {
		s.Fixes = append(s.Fixes, Advisory{ID: id})
	}
	return s
}

func many(n int, subject func(i int) Subject) (out []Subject) {
	for i := range n {
		out = append(out, subject(i))
	}
	return out
}

// asked is a release that was asked about by itself (bonafide verify).
func asked(s Subject) Subject {
	s.Change.Kind, s.Change.Replaces, s.Replaced = "", nil, nil
	return s
}

func TestTooNew(t *testing.T) {
	old, e := entry("axios@1.14.0"), entry("axios@1.14.1", at(212))
	update := func(edits ...func(*provenance.Evidence)) Subject {
		return updated(old, signed(old), e, attested(e, edits...))
	}
	released := func(ago time.Duration) []registry.Past {
		return []registry.Past{out("1.0.0", 900*day), out("1.14.0", 40*day), out("1.14.1", ago)}
	}
	gone := update()
	gone.Evidence.Gone = true
	moved := since(update(), released(5*hour)...)
	moved.Change.Replaces, moved.Replaced = nil, nil
	fromGit := entry("axios@1.14.1", from(dep.Git, "git+ssh://git@github.com/axios/axios.git#1111111111111111111111111111111111111111"))
	git := repin(fromGit, e)
	staged := update(loggedAgo(5*day), approvedBy("sam"))
	week, slower := 7*day, Default()
	slower.Packages = []PackageRule{{Match: "npm:dep-0*", Cooldown: &week, Line: 3}}
	held(t, RuleTooNew, []example{
		{name: "out for long", subject: []Subject{since(update(), released(40*day)...)}},
		{name: "five hours", subject: []Subject{since(update(), released(5*hour)...)}, want: []string{"warning"}},
		{name: "just now", subject: []Subject{since(update(), released(time.Second)...)}, want: []string{"warning"}},
		{name: "one minute before the cooldown ends", subject: []Subject{since(update(), released(3*day-time.Minute)...)}, want: []string{"warning"}},
		{name: "as the cooldown ends", subject: []Subject{since(update(), released(3*day)...)}},
		{name: "in the future", subject: []Subject{since(update(), released(-50*hour)...)}, want: []string{"warning"}},
		{name: "a new dependency", subject: []Subject{since(added(e, attested(e)), released(5*hour)...)}, want: []string{"warning"}},
		{name: "asked about by itself", subject: []Subject{since(asked(added(e, attested(e))), released(5*hour)...)}, want: []string{"warning"}},
		{name: "an audit asks for no history", subject: []Subject{asked(added(e, attested(e, loggedAgo(hour))))}},
		{name: "this version stood elsewhere already", subject: []Subject{moved}},
		{name: "repinned", subject: []Subject{since(repin(entry("axios@1.14.1", digests(sha1("x"))), e), released(5*hour)...)}},
		{name: "from git to the registry", subject: []Subject{since(git, released(5*hour)...)}, want: []string{"warning"}},
		{name: "gone from the registry", subject: []Subject{since(gone, released(5*hour)...)}},
		{name: "removed", subject: []Subject{since(removed(e), released(5*hour)...)}},

		{name: "the attestation is later than the registry says", subject: []Subject{since(update(loggedAgo(5*hour)), released(20*hour)...)}, want: []string{"warning"}},
		{name: "the registry says later than the attestation", subject: []Subject{since(update(loggedAgo(20*hour)), released(5*hour)...)}, want: []string{"warning"}},
		{name: "a mirror makes it old", subject: []Subject{since(update(loggedAgo(5*hour)), released(90*day)...)}, want: []string{"warning", "warning"}},
		{name: "an attestation that does not hold makes nothing old or new", subject: []Subject{since(update(loggedAgo(5*hour), func(ev *provenance.Evidence) { ev.Publish.State = provenance.Invalid }), released(90*day)...)}},
		{name: "the provenance was logged long before", subject: []Subject{since(update(builtEarly), released(5*hour)...)}, want: []string{"warning"}},
		{name: "far apart and long ago", subject: []Subject{since(update(loggedAgo(80*day)), released(50*day)...)}, want: []string{"warning"}},
		{name: "staged, and approved days later", subject: []Subject{since(staged, released(4*day)...)}},
		{name: "staged, by the history's word alone", subject: []Subject{since(update(loggedAgo(9*day)), out("1.14.0", 40*day), out("1.14.1", 5*day, func(p *registry.Past) { p.Publisher.Approver = "sam" }))}},
		{name: "approved, but logged later than published", subject: []Subject{since(update(loggedAgo(5*day), approvedBy("sam")), released(9*day)...)}, want: []string{"warning"}},

		{name: "the first fix of an advisory", subject: []Subject{fixing(since(update(), released(5*hour)...), "GHSA-aaaa-bbbb-cccc")}, want: []string{"notice"}},
		{name: "the first fix of many", subject: []Subject{fixing(since(update(), released(5*hour)...), "GHSA-1", "GHSA-2", "GHSA-3", "GHSA-4", "GHSA-5", "GHSA-6", "GHSA-7")}, want: []string{"notice"}},

		{name: "the history could not be read", subject: []Subject{unreadHistory(update())}, want: []string{"unknown"}},
		{name: "the history could not be read, the attestation is young", subject: []Subject{unreadHistory(update(loggedAgo(5 * hour)))}, want: []string{"warning"}},
		{name: "the history could not be read, the attestation is old", subject: []Subject{unreadHistory(update(loggedAgo(90 * day)))}},
		{name: "not in its own history", subject: []Subject{since(update(), released(5 * hour)[:2]...)}, want: []string{"unknown"}},
		{name: "not in its own history, the attestation is young", subject: []Subject{since(update(loggedAgo(5*hour)), released(5 * hour)[:2]...)}, want: []string{"warning"}},
		{name: "a registry that states no times", subject: []Subject{since(update(), out("1.14.0", 0, undated), out("1.14.1", 0, undated))}, want: []string{"unknown"}},
		{name: "four whose history could not be read", subject: many(4, func(i int) Subject {
			e := entry(fmt.Sprintf("dep-%d@1.0.0", i), at(i))
			return unreadHistory(added(e, signed(e)))
		}), want: []string{"unknown"}},
		{name: "four that are new", subject: many(4, func(i int) Subject {
			e := entry(fmt.Sprintf("dep-%d@1.0.1", i), at(i))
			return since(added(e, signed(e)), out("1.0.0", 90*day), out("1.0.1", time.Duration(i+1)*hour))
		}), want: []string{"warning"}},
		{name: "eight that are new, half of them with a longer cooldown", policy: &slower, subject: many(8, func(i int) Subject {
			e := entry(fmt.Sprintf("dep-%d%d@1.0.1", i%2, i), at(i))
			return since(added(e, signed(e)), out("1.0.0", 90*day), out("1.0.1", time.Duration(i+1)*hour))
		}), want: []string{"warning", "warning"}},
		{name: "the whole package is that young", subject: []Subject{since(added(e, signed(e)), out("1.14.0", 6*hour), out("1.14.1", 5*hour))}},
	})
}

func TestTimesInWords(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-day:                "in the future by this clock, on 2026-11-02 at 00:00 UTC",
		-90 * time.Second:   "moments ago",
		119 * time.Second:   "moments ago",
		2 * time.Minute:     "2 minutes ago",
		59 * time.Minute:    "59 minutes ago",
		60 * time.Minute:    "1 hour ago",
		119 * time.Minute:   "1 hour ago",
		2 * hour:            "2 hours ago",
		2*day - time.Second: "47 hours ago",
		2 * day:             "2 days ago",
		400*day + 23*hour:   "400 days ago",
	} {
		if got := (view{at: clockAt(now())}).ago(now().Add(-d)); got != want {
			t.Errorf("%s: %q, expected %q", d, got, want)
		}
	}
	for d, want := range map[time.Duration]string{day: "1 day", 3 * day: "3 days", hour: "1 hour", 36 * hour: "36 hours", 60 * hour: "60 hours"} {
		p := Default()
		p.Cooldown = d
		if got := (view{policy: p}).waiting(dep.Package{}); got != want {
			t.Errorf("%s: %q, expected %q", d, got, want)
		}
	}
}

func TestCooldownOfZeroSwitchesAgeOff(t *testing.T) {
	e := entry("plain-crypto-js@4.2.1")
	for _, ago := range []time.Duration{hour, -hour} {
		s := since(added(e, signed(e, runsScript, loggedAgo(5*day))), out("4.2.1", ago))
		p := Default()
		p.Cooldown = 0
		for _, f := range Judge(Input{Subjects: []Subject{s, unreadHistory(added(entry("a@1.0.0"), signed(entry("a@1.0.0"))))}}, p, now()).Findings {
			switch f.Rule {
			case RuleTooNew, RulePackageTooYoung, RuleFreshAndOdd:
				t.Errorf("%s: %s", f.Rule, f.Message)
			}
		}
	}
}

// Where package-too-young weighs less than too-new, it does not hide it.
func TestTooNewIsSaidWherePackageTooYoungIsNot(t *testing.T) {
	e := entry("plain-crypto-js@4.2.1")
	s := since(added(e, signed(e)), out("4.2.1", hour))
	for severity, want := range map[Severity]bool{Off: true, Notice: true, Warning: false, Error: false} {
		got := false
		for _, f := range Judge(Input{Subjects: []Subject{s}}, Default().With(RulePackageTooYoung, severity), now()).Findings {
			got = got || f.Rule == RuleTooNew
		}
		if got != want {
			t.Errorf("package-too-young: %s: too-new spoke: %t, expected %t", severity, got, want)
		}
	}
}

// What is fresh and odd is said once: the one finding names the age, too. Whoever answers
// for that finding has not answered for the age.
func TestTooNewIsSaidWhereFreshAndOddIsNot(t *testing.T) {
	e := entry("axios@1.14.1")
	s := since(added(e, signed(e, runsScript)), out("1.14.0", 90*day), out("1.14.1", 5*hour))
	excepted := Default()
	excepted.Exceptions = []Exception{{Package: "npm:axios@1.14.1", Rules: []RuleName{RuleFreshAndOdd}, Reason: "reviewed", Expires: now().Add(day)}}
	for name, x := range map[string]struct {
		policy Policy
		want   []RuleName
	}{
		"the defaults":            {Default(), []RuleName{RuleFreshAndOdd, RuleInstallScript}},
		"without fresh-and-odd":   {Default().With(RuleFreshAndOdd, Off), []RuleName{RuleInstallScript, RuleTooNew}},
		"fresh-and-odd a notice":  {Default().With(RuleFreshAndOdd, Notice), []RuleName{RuleInstallScript, RuleTooNew}},
		"fresh-and-odd excepted":  {excepted, []RuleName{RuleInstallScript, RuleTooNew}},
		"too-new weighs as much":  {Default().With(RuleTooNew, Error), []RuleName{RuleFreshAndOdd, RuleInstallScript}},
		"too-new is switched off": {Default().With(RuleTooNew, Off), []RuleName{RuleFreshAndOdd, RuleInstallScript}},
	} {
		got := slices.DeleteFunc(rulesOf(Judge(Input{Subjects: []Subject{s}}, x.policy, now())), func(r RuleName) bool { return r == RuleProvenanceAbsent })
		if !slices.Equal(got, x.want) {
			t.Errorf("%s: %v, expected %v", name, got, x.want)
		}
	}
}

// A history that could not be read is one cause, and one finding, whatever went by it.
func TestAnUnreadHistoryIsToldOnce(t *testing.T) {
	var subjects []Subject
	for i := range 2 {
		e := entry(fmt.Sprintf("dep-%d@1.0.1", i), at(i))
		subjects = append(subjects, unreadHistory(added(e, signed(e, by("mallory")))), unreadHistory(added(entry(fmt.Sprintf("built-%d@1.0.1", i)), attested(entry(fmt.Sprintf("built-%d@1.0.1", i))))))
	}
	v := Judge(Input{Subjects: subjects}, Default().With(RuleProvenanceAbsent, Off), now())
	if got := rulesOf(v); !slices.Equal(got, []RuleName{RuleTooNew}) || v.Findings[0].Count != 4 || !v.Findings[0].Unknown {
		t.Errorf("%v: %+v", got, v.Findings)
	}
	v = Judge(Input{Subjects: subjects}, Default().With(RuleProvenanceAbsent, Off).With(RuleTooNew, Notice), now())
	if got := rulesOf(v); !slices.Contains(got, RuleProvenanceLost) || !slices.Contains(got, RuleRepositoryChanged) {
		t.Errorf("a notice stands for no warning: %v: %+v", got, v.Findings)
	}
	old := Default().With(RuleProvenanceAbsent, Off)
	old.Cooldown = 0
	v = Judge(Input{Subjects: subjects}, old, now())
	if got := rulesOf(v); !slices.Contains(got, RuleProvenanceLost) || !slices.Contains(got, RuleRepositoryChanged) {
		t.Errorf("without a cooldown nobody says that the history is not known: %v: %+v", got, v.Findings)
	}
}

func TestPackageTooYoung(t *testing.T) {
	e := entry("plain-crypto-js@4.2.1", at(77))
	s := added(e, signed(e))
	stood := since(updated(e, signed(e), e, signed(e)), out("4.2.1", 5*hour))
	stood.Change.Replaces, stood.Replaced = nil, nil
	held(t, RulePackageTooYoung, []example{
		{name: "the first version", subject: []Subject{since(s, out("4.2.1", 5*hour))}, want: []string{"warning"}},
		{name: "the second within the day", subject: []Subject{since(s, out("4.2.0", 20*hour), out("4.2.1", 5*hour))}, want: []string{"warning"}},
		{name: "an update", subject: []Subject{since(updated(entry("plain-crypto-js@4.2.0"), signed(entry("plain-crypto-js@4.2.0")), e, signed(e)), out("4.2.0", 20*hour), out("4.2.1", 5*hour))}, want: []string{"warning"}},
		{name: "an old package", subject: []Subject{since(s, out("4.2.0", 400*day), out("4.2.1", 5*hour))}},
		{name: "as the cooldown ends", subject: []Subject{since(s, out("4.2.1", 3*day))}},
		{name: "this version stood elsewhere already", subject: []Subject{stood}},
		{name: "its name was reserved twice", subject: []Subject{since(s, out("0.0.0-a", 90*day), out("0.0.0-b", 89*day), out("4.2.1", 5*hour))}, want: []string{"warning"}},
		{name: "only its name was reserved", subject: []Subject{since(s, out("0.0.0-stage", 90*day), out("4.2.1", 5*hour))}, want: []string{"warning"}},
		{name: "after a name was held because of malware", subject: []Subject{since(s, out("0.0.1-security", 90*day), out("4.2.1", 5*hour))}, want: []string{"warning"}},
		{name: "nightly builds are releases", subject: []Subject{since(s, out("0.0.0-nightly.1", 90*day), out("0.0.0-nightly.2", 89*day), out("0.0.0-nightly.3", 88*day), out("4.2.1", 5*hour))}},
		{name: "nothing but placeholders", subject: []Subject{since(added(entry("held@0.0.0"), signed(entry("held@0.0.0"))), out("0.0.0", 90*day))}},
		{name: "not in its own history", subject: []Subject{since(s, out("4.2.0", 20*hour))}, want: []string{"warning"}},
		{name: "an older one whose time is not stated comes last", subject: []Subject{since(s, out("4.2.1", 5*hour), out("4.2.0", 0, undated))}, want: []string{"warning"}},
		{name: "no times at all: too-new says that it is unknown", subject: []Subject{since(s, out("4.2.1", 0, undated))}},
		{name: "the history could not be read: too-new says so", subject: []Subject{unreadHistory(s)}},
		{name: "an audit", subject: []Subject{asked(s)}},
		{name: "four", subject: many(4, func(i int) Subject {
			e := entry(fmt.Sprintf("@acme/part-%d@1.0.0", i), at(i))
			return since(added(e, signed(e)), out("1.0.0", 5*hour))
		}), want: []string{"warning"}},
	})
}

func TestPublisherChanged(t *testing.T) {
	old, e := entry("quiet-retry@3.1.0"), entry("quiet-retry@3.2.0", at(40))
	update := func(edits ...func(*provenance.Evidence)) Subject {
		return updated(old, signed(old), e, signed(e, edits...))
	}
	mallory := by("mallory")
	history := []registry.Past{out("1.0.0", 900*day), out("2.0.0", 500*day, pastBy("jo")), out("3.1.0", 40*day), out("3.2.0", 5*hour, pastBy("mallory"))}
	twice := []registry.Past{out("1.0.0", 900*day), out("3.1.0", 40*day), out("3.1.1", 6*hour, pastBy("mallory")), out("3.2.0", 5*hour, pastBy("mallory"))}
	second := entry("quiet-retry@3.1.1")
	fromSecond := updated(second, signed(second, mallory), e, signed(e, mallory))
	crowd := many(9, func(int) Subject { return Subject{} })
	var people []registry.Past
	for i := range crowd {
		people = append(people, out(fmt.Sprintf("1.0.%d", i), time.Duration(900-i)*day, pastBy(fmt.Sprintf("person-%d", i))))
	}
	same := updated(old, attested(old), e, attested(e, mallory))
	otherRepo := updated(old, attested(old), e, attested(e, mallory, func(ev *provenance.Evidence) {
		ev.Provenance.Identity.Repository, ev.Provenance.Identity.RepositoryID, ev.Provenance.Identity.OwnerID = "https://github.com/mallory/quiet-retry", "666", "66"
	}))
	witnessed := update(mallory)
	witnessed.Evidence = attested(e, mallory)
	witnessed.Witnesses = []Witness{{Package: entry("quiet-retry@2.0.0").Package, Evidence: attested(entry("quiet-retry@2.0.0"), func(ev *provenance.Evidence) {
		ev.Provenance.Identity.Repository = "https://github.com/acme/quiet-retry"
	})}}
	ownWitness := witnessed
	ownWitness.Witnesses = []Witness{{Package: second.Package, Evidence: witnessed.Witnesses[0].Evidence}}
	noDocument := update()
	noDocument.Evidence.Release = nil
	held(t, RulePublisherChanged, []example{
		{name: "the same account", subject: []Subject{since(update(), history[:3]...)}},
		{name: "an account that never did", subject: []Subject{since(update(mallory), history...)}, want: []string{"warning"}},
		{name: "many accounts before", subject: []Subject{since(update(mallory), append(people, out("3.2.0", hour))...)}, want: []string{"warning"}},
		{name: "one that did long ago", subject: []Subject{since(update(by("jo")), history...)}},
		{name: "what came after it does not count", subject: []Subject{since(update(mallory), out("3.1.0", 40*day), out("3.2.0", 20*day), out("3.3.0", 10*day, pastBy("mallory")))}, want: []string{"warning"}},
		{name: "publishing twice does not make it known", subject: []Subject{since(update(mallory), twice...)}, want: []string{"warning"}},
		{name: "the first of the two stands in the base", subject: []Subject{since(fromSecond, twice...)}},
		{name: "names are compared exactly", subject: []Subject{since(update(by("Robin")), history...)}, want: []string{"warning"}},
		{name: "a new dependency", subject: []Subject{since(added(e, signed(e, mallory)), history...)}, want: []string{"warning"}},
		{name: "asked about by itself", subject: []Subject{since(asked(added(e, signed(e, mallory))), history...)}, want: []string{"warning"}},
		{name: "the first releases of a package", subject: []Subject{since(added(e, signed(e, mallory)), out("3.1.9", 6*hour, pastBy("mallory")), out("3.2.0", 5*hour, pastBy("mallory")))}},
		{name: "the very first release", subject: []Subject{since(added(e, signed(e, mallory)), out("3.2.0", 5*hour, pastBy("mallory")))}},
		{name: "the first releases, with others' among them", subject: []Subject{since(added(e, signed(e, mallory)), out("3.1.8", 7*hour, pastBy("mallory")), out("3.1.9", 6*hour), out("3.2.0", 5*hour, pastBy("mallory")))}},
		{name: "a move to a trusted publisher", subject: []Subject{since(updated(old, signed(old), e, attested(e)), history[:3]...)}},
		{name: "from a trusted publisher to an account that never did", subject: []Subject{since(update(mallory), out("3.1.0", 40*day, pastBy("GitHub Actions")), out("3.2.0", 5*hour))}, want: []string{"warning"}},
		{name: "only trusted publishers before: publisher-lost says so", subject: []Subject{moves("1.0.0", "1.0.1", past("1.0.0", 60, "PT"), past("1.0.1", 2, ""))}},
		{name: "only trusted publishers before, and the loss is a notice", subject: []Subject{moves("2.0.0", "1.0.1", past("1.0.0", 900, ""), past("2.0.0", 60, "PT"), past("1.0.1", 2, ""))}},
		{name: "provenance of the same repository", subject: []Subject{since(same, history...)}, want: []string{"notice"}},
		{name: "provenance of the same repository as an earlier release", subject: []Subject{since(witnessed, history...)}, want: []string{"notice"}},
		{name: "what the account published just before does not speak for it", subject: []Subject{since(ownWitness, twice...)}, want: []string{"warning"}},
		{name: "provenance of another repository", subject: []Subject{since(otherRepo, history...)}, want: []string{"warning"}},
		{name: "approved by one who published before", subject: []Subject{since(update(mallory, approvedBy("jo")), history...)}, want: []string{"notice"}},
		{name: "approved by another stranger", subject: []Subject{since(update(mallory, approvedBy("eve")), history...)}, want: []string{"warning"}},
		{name: "nobody is named before", subject: []Subject{since(update(mallory), out("3.1.0", 40*day, pastBy("")), out("3.2.0", 5*hour))}},
		{name: "nobody is named now", subject: []Subject{since(update(by("")), history...)}},
		{name: "the version's document is not there, the history is", subject: []Subject{since(noDocument, history...)}, want: []string{"warning"}},
		{name: "the history could not be read: too-new says so", subject: []Subject{unreadHistory(update(mallory))}},
		{name: "the age is known, the history is not", subject: []Subject{unreadHistory(update(mallory, loggedAgo(90*day)))}, want: []string{"unknown"}},
		{name: "an audit", subject: []Subject{asked(update(mallory))}},
		{name: "four by one account", subject: many(4, func(i int) Subject {
			e := entry(fmt.Sprintf("dep-%d@1.0.1", i), at(i))
			return since(added(e, signed(e, mallory)), out("1.0.0", 90*day), out("1.0.1", 10*day))
		}), want: []string{"warning"}},
	})
	off := Default().With(RuleTooNew, Off).With(RuleProvenanceLost, Off).With(RulePublisherLost, Off) // which say so of their own
	v := Judge(Input{Subjects: []Subject{unreadHistory(update(mallory))}}, off, now())
	if len(v.Findings) != 1 || v.Findings[0].Rule != RulePublisherChanged || !v.Findings[0].Unknown {
		t.Errorf("with too-new switched off nobody says that the history is not known: %+v", v.Findings)
	}
}

func TestDeprecated(t *testing.T) {
	old, e := entry("request@2.88.1"), entry("request@2.88.2", at(9))
	told := func(text string) func(*provenance.Evidence) {
		return func(ev *provenance.Evidence) { ev.Release.Deprecated = text }
	}
	const why = "request has been deprecated, see https://github.com/request/request/issues/3142"
	stands := updated(old, signed(old), e, signed(e, told(why)))
	stands.Change.Replaces, stands.Replaced = nil, nil
	held(t, RuleDeprecated, []example{
		{name: "not deprecated", subject: []Subject{added(e, signed(e))}},
		{name: "deprecated", subject: []Subject{added(e, signed(e, told(why)))}, want: []string{"notice"}},
		{name: "newly", subject: []Subject{updated(old, signed(old), e, signed(e, told(why)))}, want: []string{"notice"}},
		{name: "for another reason than before", subject: []Subject{updated(old, signed(old, told("critical bug")), e, signed(e, told(why)))}, want: []string{"notice"}},
		{name: "the one before was, too", subject: []Subject{updated(old, signed(old, told(why)), e, signed(e, told(why)))}},
		{name: "one of its line that stays is, too", subject: []Subject{beside(added(e, signed(e, told(why))), old, signed(old, told(why)))}},
		{name: "outside text is bounded and shown", subject: []Subject{added(e, signed(e, told("a\nb\u202e<script>")))}, want: []string{"notice"}},
		{name: "this version stood elsewhere", subject: []Subject{stands}},
		{name: "repinned", subject: []Subject{repin(entry("request@2.88.2", digests(sha1("x"))), e)}},
		{name: "removed", subject: []Subject{removed(e)}},
		{name: "the registry did not answer", subject: []Subject{added(e, down(e))}},
		{name: "several, and in an audit", subject: []Subject{asked(added(e, signed(e, told(why)))), asked(added(entry("har-validator@5.1.5"), signed(entry("har-validator@5.1.5"), told("no longer supported"))))}, want: []string{"notice"}},
	})
}

// fleet is an update of n packages of a scope, one a second from so long ago on, with what
// each one's history was before.
func fleet(scope string, n int, ago time.Duration, earlier func(i int) []registry.Past) []Subject {
	return many(n, func(i int) Subject {
		old, e := entry(fmt.Sprintf("%s/p%02d@1.4.0", scope, i)), entry(fmt.Sprintf("%s/p%02d@1.5.0", scope, i), at(i+1))
		return since(updated(old, signed(old), e, signed(e)), append(earlier(i), out("1.5.0", ago-time.Duration(i)*time.Second))...)
	})
}

func TestBurst(t *testing.T) {
	alone := func(i int) []registry.Past {
		return []registry.Past{out("1.3.0", time.Duration(100+9*i)*day), out("1.4.0", time.Duration(50+i)*day)}
	}
	together := func(i int) []registry.Past {
		return []registry.Past{out("1.3.0", 100*day-time.Duration(i)*time.Second), out("1.4.0", 50*day-time.Duration(i)*time.Second)}
	}
	// What changesets do: only what changed is released, now these and then those.
	changesets := func(i int) []registry.Past {
		past := []registry.Past{out("1.0.0", 300*day-time.Duration(i)*time.Second)}
		return append(past, out("1.4.0", time.Duration(50+7*(i%5))*day-time.Duration(i)*time.Second))
	}
	twice := func(i int) []registry.Past {
		return append(together(i), out("1.4.9", 5*hour+3*time.Minute-time.Duration(i)*time.Second))
	}
	lines := func(i int) []registry.Past { // a fix of the line before at the same time
		return append(together(i), out("0.9.9", 5*hour+3*time.Minute-time.Duration(i)*time.Second))
	}
	canary := func(i int) []registry.Past {
		return append(together(i), out("1.5.0-canary.3", 5*hour+3*time.Minute))
	}
	wave := func(i int) []registry.Past { return append(alone(i), out("1.4.1", 9*hour)) }
	new := func(int) []registry.Past { return nil }
	scopes := []Subject{}
	for i, scope := range []string{"@a", "@b", "@c", "@d"} {
		s := fleet(scope, 1, 5*hour, alone)[0]
		s.Change.Entry.Line = i + 1
		scopes = append(scopes, s)
	}
	unscoped := many(5, func(i int) Subject {
		e := entry(fmt.Sprintf("loose-%d@1.5.0", i))
		return since(added(e, signed(e)), append(alone(i), out("1.5.0", 5*hour))...)
	})
	spread := fleet("@acme", 12, 5*hour, alone)
	for i := range spread {
		spread[i].History.Releases[2].Published = now().Add(-time.Duration(10+7*i) * time.Minute)
	}
	chain := fleet("@acme", 12, 5*hour, alone)
	for i := range chain {
		chain[i].History.Releases[2].Published = now().Add(-time.Duration(60+4*i) * time.Minute)
	}
	twoFiles := fleet("@acme", 2, 5*hour, alone)
	again := fleet("@acme", 2, 5*hour, alone)
	for i := range again {
		again[i].Change.Entry.Lockfile = "web/package-lock.json"
	}
	standing := fleet("@acme", 3, 5*hour, alone)
	standing[0].Change.Replaces, standing[0].Replaced = nil, nil
	half := fleet("@acme", 6, 5*hour, func(i int) []registry.Past {
		if i < 3 {
			return twice(i)
		}
		return together(i)
	})
	three := func(i int) []registry.Past {
		if i < 3 {
			return together(i)
		}
		return alone(i)
	}
	audit := fleet("@acme", 5, 5*hour, alone)
	for i := range audit {
		audit[i].History = nil
	}
	held(t, RuleBurst, []example{
		{name: "five that never came together", subject: fleet("@acme", 5, 5*hour, alone), want: []string{"warning"}},
		{name: "three are enough, and are told together", subject: fleet("@acme", 3, 5*hour, alone), want: []string{"warning"}},
		{name: "two are none", subject: fleet("@acme", 2, 5*hour, alone)},
		{name: "two in two lockfiles are two", subject: append(twoFiles, again...)},
		{name: "what stood elsewhere already does not count", subject: standing},
		{name: "half of a monorepo in two versions", subject: half},
		{name: "half of them came together before", subject: fleet("@acme", 6, 5*hour, three)},
		{name: "less than half of them came together before", subject: fleet("@acme", 8, 5*hour, three), want: []string{"warning"}},
		{name: "a monorepo that always does", subject: fleet("@typescript-eslint", 14, 5*hour, together)},
		{name: "a monorepo that releases what changed", subject: fleet("@changesets", 12, 5*hour, changesets)},
		{name: "a monorepo of hundreds", subject: fleet("@aws-sdk", 120, 5*hour, together)},
		{name: "TanStack: two versions each within minutes", subject: fleet("@tanstack", 42, 5*hour, twice), want: []string{"warning"}},
		{name: "two release lines at once are no two versions of one", subject: fleet("@babel", 20, 5*hour, lines)},
		{name: "a prerelease beside the release", subject: fleet("@next", 20, 5*hour, canary)},
		{name: "the first wave is no habit", subject: fleet("@acme", 5, 5*hour, wave), want: []string{"warning"}},
		{name: "packages without a past have no habit", subject: fleet("@acme", 5, 5*hour, new)},
		{name: "different scopes", subject: scopes},
		{name: "packages without a scope", subject: unscoped},
		{name: "hours apart", subject: spread},
		{name: "one after the other", subject: chain, want: []string{"warning"}},
		{name: "long ago", subject: fleet("@acme", 5, 40*day, alone)},
		{name: "two scopes", subject: append(fleet("@acme", 5, 5*hour, alone), fleet("@beta", 4, 5*hour, alone)...), want: []string{"warning", "warning"}},
		{name: "an audit", subject: audit},
	})
}

func TestFreshAndOdd(t *testing.T) {
	old, e := entry("cline@2.2.3"), entry("cline@2.3.0", at(88))
	script := updated(old, signed(old), e, signed(e, runsScript))
	history := func(ago time.Duration, edits ...func(*registry.Past)) []registry.Past {
		return []registry.Past{out("2.2.2", 60*day, edits...), out("2.2.3", 20*day, edits...), out("2.3.0", ago)}
	}
	crypto := entry("plain-crypto-js@4.2.1", at(77))
	stranger := updated(old, signed(old), e, signed(e, by("mallory")))
	otherWay := updated(old, attested(old), e, attested(e, func(ev *provenance.Evidence) { ev.Provenance.Identity.Workflow = ".github/workflows/x.yml" }))
	takenOver := updated(old, attested(old), e, attested(e, func(ev *provenance.Evidence) {
		i := ev.Provenance.Identity
		i.Repository, i.RepositoryID, i.OwnerID = "https://github.com/mallory/cline", "666", "66"
	}))
	declares := func(ev *provenance.Evidence) { ev.Release.Repository = "https://github.com/acme/other" }
	mismatch := added(e, attested(e, declares))
	usual := mismatch
	usual.Witnesses = []Witness{{Package: old.Package, Evidence: attested(old, declares, func(ev *provenance.Evidence) {})}}
	beside := mismatch
	beside.Witnesses = []Witness{{Package: entry("cline@2.3.1").Package, Evidence: attested(old, declares)}}
	all := updated(old, attested(old), e, attested(e, runsScript, by("mallory"), declares, func(ev *provenance.Evidence) {
		i := ev.Provenance.Identity
		i.Repository, i.RepositoryID, i.OwnerID = "https://github.com/mallory/cline", "666", "66"
	}))
	unsaid := entry("cline@2.3.0", func(e *dep.Entry) { e.Unsaid |= dep.FactInstallScript })
	unknownScript := added(unsaid, signed(unsaid, func(ev *provenance.Evidence) { ev.Release = nil }))
	worm := fleet("@tanstack", 6, 5*hour, func(i int) []registry.Past {
		return []registry.Past{out("1.4.0", 50*day), out("1.4.9", 5*hour)}
	})
	held(t, RuleFreshAndOdd, []example{
		{name: "fresh alone", subject: []Subject{since(updated(old, signed(old), e, signed(e)), history(5*hour)...)}},
		{name: "odd alone", subject: []Subject{since(script, history(9*day)...)}},
		{name: "cline: a script appears", subject: []Subject{since(script, history(5*hour)...)}, want: []string{"error"}},
		{name: "axios: a new dependency of a new package runs a script", subject: []Subject{since(added(crypto, signed(crypto, runsScript)), out("4.2.1", 20*hour))}, want: []string{"error"}},
		{name: "a second release does not make the script usual", subject: []Subject{since(added(crypto, signed(crypto, runsScript)), out("4.2.0", 21*hour, ran), out("4.2.1", 20*hour))}, want: []string{"error"}},
		{name: "a new dependency whose script is an old one", subject: []Subject{since(added(e, signed(e, runsScript)), history(5*hour, ran)...)}},
		{name: "an update over the version that began with it", subject: []Subject{since(script, history(5*hour, ran)...)}},
		{name: "a new dependency whose script is a new one", subject: []Subject{since(added(e, signed(e, runsScript)), history(5*hour)...)}, want: []string{"error"}},
		{name: "another line ran one", subject: []Subject{since(added(e, signed(e, runsScript)), append(history(5*hour), out("1.9.9", 4*day, ran))...)}, want: []string{"error"}},
		{name: "a first release of a line runs what the line before ran", subject: []Subject{since(added(entry("cline@3.0.0"), signed(entry("cline@3.0.0"), runsScript)), out("2.3.0", 20*day, ran), out("3.0.0", hour))}},
		{name: "an account that never published it", subject: []Subject{since(stranger, history(5*hour)...)}, want: []string{"error"}},
		{name: "another workflow", subject: []Subject{since(otherWay, history(5*hour)...)}, want: []string{"error"}},
		{name: "another repository of another owner", subject: []Subject{since(takenOver, history(5*hour)...)}, want: []string{"error"}},
		{name: "built from elsewhere than it declares", subject: []Subject{since(mismatch, history(5*hour)...)}, want: []string{"error"}},
		{name: "so it always was", subject: []Subject{since(usual, history(5*hour)...)}},
		{name: "what came out beside it does not speak for it", subject: []Subject{since(beside, append(history(5*hour), out("2.3.1", 4*hour))...)}, want: []string{"error"}},
		{name: "everything at once is one finding", subject: []Subject{since(all, history(5*hour)...)}, want: []string{"error"}},
		{name: "the fix of an advisory is no excuse", subject: []Subject{fixing(since(script, history(5*hour)...), "GHSA-aaaa-bbbb-cccc")}, want: []string{"error"}},
		{name: "a burst", subject: worm, want: []string{"error"}},
		{name: "what is not known is not odd", subject: []Subject{since(unknownScript, history(5*hour)...)}},
		{name: "a notice is not odd", subject: []Subject{since(updated(old, attested(old), e, attested(e, by("mallory"))), history(5*hour)...)}},
		{name: "of unknown age", subject: []Subject{since(script, history(5 * hour)[:2]...)}},
		{name: "the history could not be read", subject: []Subject{unreadHistory(script)}},
		{name: "the history could not be read, the attestation is young", subject: []Subject{unreadHistory(updated(old, signed(old), e, signed(e, runsScript, loggedAgo(5*hour))))}, want: []string{"error"}},
		{name: "an audit", subject: []Subject{asked(script)}},
	})
	judged := func(p Policy) bool {
		for _, f := range Judge(Input{Subjects: []Subject{since(script, history(5*hour)...)}}, p, now()).Findings {
			if f.Rule == RuleFreshAndOdd {
				return true
			}
		}
		return false
	}
	if judged(Default().With(RuleInstallScript, Off)) {
		t.Error("a rule that is switched off is no oddity")
	}
	if !judged(Default().With(RuleInstallScript, Notice)) || !judged(Default().With(RuleTooNew, Off)) {
		t.Error("fresh-and-odd was blinded by another rule's severity")
	}
}

// What came in a burst does not depend on the order in which it was found.
func TestBurstsAreTheSameInEveryOrder(t *testing.T) {
	subjects := fleet("@acme", 7, 5*hour, func(i int) []registry.Past { return []registry.Past{out("1.4.0", time.Duration(50+i)*day)} })
	want := bursts(subjects, clockAt(now()))
	if len(want) != 7 {
		t.Fatalf("%v", want)
	}
	slices.Reverse(subjects)
	if got := bursts(subjects, clockAt(now())); !maps.Equal(got, want) {
		t.Errorf("%v, in another order %v", want, got)
	}
}
