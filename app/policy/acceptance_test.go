package policy

import (
	"slices"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/dep"
)

func TestWhatCanBeAccepted(t *testing.T) {
	for _, r := range Rules() {
		why, ok := Acceptable(r.Name)
		if ok == (r.Fixed || Grave(r.Name)) || ok != (why == "") {
			t.Errorf("%s: %v, %q", r.Name, ok, why)
		}
	}
	if _, ok := Acceptable("too-nwe"); ok {
		t.Error("a rule that does not exist")
	}
}

func TestAnAcceptanceIsOfWhatARuleFinds(t *testing.T) {
	entry := func(file, name string) Subject {
		e := dep.Entry{Package: dep.Package{Ecosystem: dep.NPM, Name: name, Version: "1.0.0"}, Lockfile: file, Source: dep.Git, Resolved: "git+ssh://git@example.com/a.git#1"}
		return Subject{Change: dep.Change{Kind: dep.Added, Entry: e, Occurrences: []dep.Entry{e}}, NotLookedUp: "comes from git"}
	}
	in := Input{Subjects: []Subject{entry("a/package-lock.json", "a"), entry("b/package-lock.json", "a"), entry("b/package-lock.json", "other")}}
	a := in.Subjects[0].Change.Entry.Package
	got, found := Acceptances(in, Default(), now(), a, RuleExoticSource)
	if !found || len(got) != 2 || got[0] != acceptanceFor(in.Subjects[0].Change.Entry, RuleExoticSource) || got[1].Lockfile != "b/package-lock.json" {
		t.Errorf("%+v", got)
	}
	for name, p := range map[string]Policy{"another rule": Default(), "switched off": Default().With(RuleExoticSource, Off)} {
		rule := RuleExoticSource
		if name == "another rule" {
			rule = RuleTooNew
		}
		if got, found := Acceptances(in, p, now(), a, rule); found || len(got) > 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	a.Version = "1.0.1"
	if got, found := Acceptances(in, Default(), now(), a, RuleExoticSource); found || len(got) > 0 {
		t.Errorf("another version: %+v", got)
	}
}

// Else nobody would know the finding again that was told and then accepted.
func TestWhatIsToldTogetherIsAcceptedTogether(t *testing.T) {
	var in Input
	for _, name := range []string{"a", "b", "c", "d"} {
		e := entry(name+"@1.0.0", from(dep.Git, "git+ssh://git@github.com/acme/"+name+".git#1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"))
		in.Subjects = append(in.Subjects, unlooked(added(e, signed(e)), "comes from git"))
	}
	p := Default()
	p.AcceptBy = "maintain"
	told := Judge(in, p, now())
	if len(told.Findings) != 1 || len(told.Acceptable) != 4 {
		t.Fatalf("%+v", told)
	}
	click := func(by func(i int) string) Verdict {
		in.Acceptances = slices.Clone(told.Acceptable)
		for i := range in.Acceptances {
			in.Acceptances[i].By, in.Acceptances[i].Number = by(i), 7
		}
		return Judge(in, p, now())
	}
	got := click(func(int) string { return "robin" })
	if len(got.Excepted) != 1 || got.Excepted[0].Message != told.Findings[0].Message || got.Excepted[0].Pardon.Acceptance.By != "robin" || got.Conclusion != Success {
		t.Errorf("%+v", got.Excepted)
	}
	if got := click(func(i int) string { return []string{"robin", "sam"}[i/2] }); len(got.Excepted) != 4 {
		t.Errorf("of two people: %+v", got.Excepted)
	}
}

func TestWhatIsAcceptedIsNotAcceptedUnderAnotherName(t *testing.T) {
	git := entry("lib@1.0.0", from(dep.Git, "git+ssh://git@github.com/acme/lib.git#"+"1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"))
	first := unlooked(added(git, signed(git)), "comes from git")
	accepted, _ := Acceptances(Input{Subjects: []Subject{first}}, Default(), now(), git.Package, RuleExoticSource)
	if len(accepted) != 1 {
		t.Fatalf("%+v", accepted)
	}
	later := git
	later.Alias, later.Location, later.AliasUnasked = "lodash", "node_modules/lodash", true
	both := first
	both.Change.Occurrences = []dep.Entry{git, later}
	alone := first
	alone.Change.Entry, alone.Change.Occurrences = later, []dep.Entry{later}
	for name, tt := range map[string]struct {
		subject Subject
		want    Conclusion
	}{"as it was": {first, Success}, "beside": {both, Failure}, "in its place": {alone, Failure}} {
		if got := Judge(Input{Subjects: []Subject{tt.subject}, Acceptances: accepted}, Default(), now()); got.Conclusion != tt.want {
			t.Errorf("%s: %s, %+v", name, got.Conclusion, got.Findings)
		}
	}
	again, _ := Acceptances(Input{Subjects: []Subject{both}}, Default(), now(), git.Package, RuleExoticSource)
	if got := Judge(Input{Subjects: []Subject{both}, Acceptances: again}, Default(), now()); len(again) != 2 || got.Conclusion != Success {
		t.Errorf("accepted again: %+v, %+v", again, got.Findings)
	}
}

// What is accepted is the lockfile's own text where a part of its digests does not parse,
// and the patch that is laid over the package, too.
func TestAnAcceptanceBindsAllThatDecidesWhichBytesAreInstalled(t *testing.T) {
	whole := entry("left@1.0.0")
	seen := map[Acceptance]string{}
	for name, e := range map[string]dep.Entry{
		"as it is":       whole,
		"another place":  entry("left@1.0.0", func(e *dep.Entry) { e.Resolved = "https://evil.example/left.tgz" }),
		"from git":       entry("left@1.0.0", func(e *dep.Entry) { e.Source = dep.Git }),
		"another digest": entry("left@1.0.0", func(e *dep.Entry) { setDigests(e, digest("other")) }),
		"patched":        entry("left@1.0.0", func(e *dep.Entry) { e.Patch = "patches/left.patch" }),
		"garbled": entry("left@1.0.0", func(e *dep.Entry) {
			e.Integrity += " sha512-!!!"
			e.IntegrityError = "not a digest"
		}),
		"garbled otherwise": entry("left@1.0.0", func(e *dep.Entry) {
			e.Integrity += " sha512-???"
			e.IntegrityError = "not a digest"
		}),
		"another lockfile": entry("left@1.0.0", func(e *dep.Entry) { e.Lockfile = "b/package-lock.json" }),
	} {
		a := acceptanceFor(e, RuleTooNew)
		if other, twice := seen[a]; twice {
			t.Errorf("%s is accepted with %s", name, other)
		}
		seen[a] = name
	}
}

func TestAnExceptionForADigestIsForJustThoseBytes(t *testing.T) {
	one, two := digest("one"), digest("two")
	held := func(digests ...dep.Digest) dep.Entry { e := entry("left@1.0.0"); setDigests(&e, digests...); return e }
	garbled := held(one)
	garbled.Integrity, garbled.IntegrityError = garbled.Integrity+" sha512-!!!", "not a digest"
	for name, tt := range map[string]struct {
		named []dep.Digest
		e     dep.Entry
		same  bool
	}{
		"the same":                       {[]dep.Digest{one}, held(one), true},
		"the same two, turned around":    {[]dep.Digest{two, one}, held(one, two), true},
		"another":                        {[]dep.Digest{one}, held(two), false},
		"another one beside it":          {[]dep.Digest{one}, held(one, two), false},
		"one of two":                     {[]dep.Digest{one, two}, held(one), false},
		"none":                           {[]dep.Digest{one}, held(), false},
		"one that does not parse beside": {[]dep.Digest{one}, garbled, false},
	} {
		var sri []string
		for _, d := range tt.named {
			sri = append(sri, d.SRI())
		}
		if got := sameDigests(strings.Join(sri, " "), tt.e); got != tt.same {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestWhatIsFoundInOneLockfileIsNotAcceptedInAnother(t *testing.T) {
	p := Default().With(RuleCoverage, Error)
	p.Require = "direct"
	there, here := entry("left@1.0.0"), entry("left@1.0.0", in("b/package-lock.json"), func(e *dep.Entry) { e.Direct = true })
	all := Input{Subjects: []Subject{added(there, signed(there)), added(here, signed(here))}}
	got, _ := Acceptances(all, p, now(), there.Package, RuleCoverage)
	if len(got) != 1 || got[0].Lockfile != "b/package-lock.json" {
		t.Errorf("%+v", got)
	}
}

func TestWhatAButtonOffers(t *testing.T) {
	git := entry("left@1.0.0", from(dep.Git, "git+ssh://git@github.com/left/left.git#0123456789012345678901234567890123456789"))
	subject := unlooked(added(git, signed(git)), "comes from git")
	judge := func(p Policy, accepted ...Acceptance) Verdict {
		return Judge(Input{Subjects: []Subject{subject}, Acceptances: accepted}, p, now())
	}
	offered := judge(Default()).Acceptable
	if len(offered) == 0 || offered[0].Rule != RuleExoticSource || Offered(offered) == 0 || Offered(offered) >= 1<<48 {
		t.Fatalf("%+v", offered)
	}
	if v := judge(Default(), offered...); v.Conclusion != Success || len(v.Acceptable) != 0 || Offered(v.Acceptable) != 0 {
		t.Errorf("%s, %+v", v.Conclusion, v.Acceptable)
	}
	named := slices.Clone(offered)
	named[0].By, named[0].Reason, named[0].Number = "keeper", "so it is", 7
	other := slices.Clone(offered)
	other[0].Digest = "sha512-other"
	if Offered(named) != Offered(offered) || Offered(other) == Offered(offered) {
		t.Error("its name is of what is accepted, not of who does")
	}
	nobody, floored := Default(), Default()
	nobody.AcceptBy = "nobody"
	floored.Floor = &Floor{Rules: map[RuleName]Severity{RuleExoticSource: Error}}
	for name, p := range map[string]Policy{
		"by nobody": nobody, "a warning": Default().With(RuleExoticSource, Warning), "enforced by the organisation": floored,
	} {
		if slices.ContainsFunc(judge(p).Acceptable, func(a Acceptance) bool { return a.Rule == RuleExoticSource }) {
			t.Errorf("%s: %+v", name, judge(p).Acceptable)
		}
	}
}
