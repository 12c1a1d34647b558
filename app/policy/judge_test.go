package policy

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// Inputs for the conclusion matrix.
func fine() Input {
	e := entry("left-pad@1.3.0")
	return Input{Subjects: []Subject{added(e, attested(e))}}
}

func noticed() Input {
	e := entry("left-pad@1.3.0")
	return Input{Subjects: []Subject{added(e, signed(e))}}
}

func warned() Input {
	return Input{Problems: []Problem{{Kind: Unsupported, Lockfile: "Cargo.lock"}}}
}

func failing() Input {
	old, e := entry("axios@1.14.0"), entry("axios@1.14.1")
	return Input{Subjects: []Subject{updated(old, attested(old), e, signed(e))}}
}

func unanswered() Input {
	e := entry("glob-sieve@2.0.6")
	return Input{Subjects: []Subject{added(e, down(e))}}
}

func unreadableInput() Input {
	return Input{Problems: []Problem{{Kind: Unreadable, Lockfile: "package-lock.json"}}}
}

func unreadableBase() Input {
	return Input{Problems: []Problem{{Kind: UnreadableBase, Lockfile: "package-lock.json"}}}
}

func both(a, b Input) Input {
	return Input{Subjects: append(slices.Clone(a.Subjects), b.Subjects...), Problems: append(slices.Clone(a.Problems), b.Problems...)}
}

func TestConclusionFollowsFromFindings(t *testing.T) {
	enforce, observe, neutral := Default(), Default(), Default()
	observe.Mode = Observe
	neutral.OnUnknown = UnknownNeutral
	observeNeutral := neutral
	observeNeutral.Mode = Observe
	for _, c := range []struct {
		name      string
		in        Input
		policy    Policy
		want      Conclusion
		wouldFail bool
	}{
		{"nothing changed", Input{}, enforce, Success, false},
		{"all verified", fine(), enforce, Success, false},
		{"notices", noticed(), enforce, Success, false},
		{"warnings", warned(), enforce, Success, false},
		{"an error", failing(), enforce, Failure, false},
		{"an unknown", unanswered(), enforce, ActionRequired, false},
		{"an error wins over an unknown", both(failing(), unanswered()), enforce, Failure, false},
		{"a warning beside an unknown", both(warned(), unanswered()), enforce, ActionRequired, false},
		{"an unreadable lockfile", unreadableInput(), enforce, Failure, false},
		{"an unreadable base does not bar the way out", unreadableBase(), enforce, Success, false},
		{"an unreadable base beside an error", both(unreadableBase(), failing()), enforce, Failure, false},
		{"an unreadable base beside an unknown", both(unreadableBase(), unanswered()), enforce, ActionRequired, false},
		{"an unreadable base beside an unreadable head", both(unreadableBase(), unreadableInput()), enforce, Failure, false},
		{"an invalid policy", Input{Problems: []Problem{{Kind: PolicyInvalid}}}, enforce, Failure, false},

		{"observe: nothing", fine(), observe, Success, false},
		{"observe: an error", failing(), observe, Success, true},
		{"observe: an unknown", unanswered(), observe, Success, true},
		{"observe: an unreadable lockfile fails", unreadableInput(), observe, Failure, false},
		{"observe: an unreadable base", unreadableBase(), observe, Success, false},
		{"observe: an invalid policy fails", Input{Problems: []Problem{{Kind: PolicyInvalid}}}, observe, Failure, false},

		{"neutral: an unknown", unanswered(), neutral, Neutral, false},
		{"neutral: an error wins", both(unanswered(), failing()), neutral, Failure, false},
		{"neutral: nothing unknown", noticed(), neutral, Success, false},
		{"neutral and observe: an unknown", unanswered(), observeNeutral, Neutral, false},

		{"a policy that says nothing fails where it should", failing(), Policy{}, Failure, false},
		{"a policy that says nothing, an unknown", unanswered(), Policy{}, ActionRequired, false},
		{"a severity that nobody knows is the default", failing(), Policy{Rules: map[RuleName]Severity{RuleProvenanceLost: "bananas", RulePublisherLost: Off}}, Failure, false},
		{"a rule as a warning", failing(), enforce.With(RuleProvenanceLost, Warning).With(RulePublisherLost, Warning), Success, false},
		{"a rule switched off", failing(), enforce.With(RuleProvenanceLost, Off).With(RulePublisherLost, Off), Success, false},
		{"what is fixed cannot be switched off", unanswered(), enforce.With(RuleUnverified, Off), ActionRequired, false},
		{"nor an unreadable lockfile", unreadableInput(), enforce.With(RuleLockfileUnreadable, Off), Failure, false},
		{"nor an invalid policy", Input{Problems: []Problem{{Kind: PolicyInvalid}}}, enforce.With(RulePolicyInvalid, Notice), Failure, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := Judge(c.in, c.policy, now())
			if v.Conclusion != c.want || v.WouldFail != c.wouldFail {
				t.Errorf("concluded %s (would fail: %v), expected %s (%v)\n%+v", v.Conclusion, v.WouldFail, c.want, c.wouldFail, v.Findings)
			}
		})
	}
}

// What the check comes to, seen as a whole: no rule beside the one that speaks may
// turn an attack green, or an ordinary change red.
func TestConclusionOfAttacksAndOfOrdinaryChanges(t *testing.T) {
	lodash, axios, next := entry("lodash@4.17.21"), entry("axios@1.14.0"), entry("axios@1.14.1")
	hijack := entry("evil@4.17.22", installedAs("lodash"), unasked)
	alias := entry("evil@4.17.22", installedAs("lodash"))
	semver, hoisted, nested := entry("semver@7.6.3"), entry("semver@6.3.1"), entry("axios@1.14.1")
	short := entry("lodash@4.17.22", digests(sha256("evil")))
	mirrored := entry("axios@1.14.0", func(e *dep.Entry) {
		e.Resolved = "https://npm.acme.example/team/axios/-/axios-1.14.0.tgz"
	})
	standalone := entry("lodash@4.17.21", digests(sha1("x")), in(""))
	verify := added(standalone, signed(standalone, comparedWithNothing("", digest("x"))))
	verify.Change.Kind = ""
	for _, c := range []struct {
		name    string
		subject Subject
		want    Conclusion
	}{
		{"a package takes the name of another, with provenance of its own", displacing(added(hijack, attested(hijack)), lodash), Failure},
		{"an alias that is asked for", added(alias, attested(alias)), Success},
		{"a second copy loses what the first one has", beside(added(nested, signed(nested)), axios, attested(axios)), Failure},
		{"a second copy, and the first one cannot be read", beside(added(nested, signed(nested)), axios, down(axios)), ActionRequired},
		{"hoisting", updated(semver, attested(semver), hoisted, signed(hoisted)), Success},
		{"a sha256 of other bytes", updated(lodash, signed(lodash), short, signed(short, comparedWithNothing("weaker", digest("lodash@4.17.22")))), Failure},
		{"a registry that states no digest", added(lodash, signed(lodash, comparedWithNothing("registry"))), ActionRequired},
		{"a registry that states only a sha1", added(lodash, signed(lodash, comparedWithNothing("registry", sha1("x")))), Success},
		{"a digest on the command line that proves nothing", verify, ActionRequired},
		{"back from a mirror that is not asked", updated(mirrored, provenance.Evidence{}, next, signed(next)), Success},
		{"a version that was delivered in a bundle before", updated(entry("axios@1.14.0", inBundle), provenance.Evidence{}, next, signed(next)), Success},
		{"the public registry's version that nobody asked about", updated(axios, provenance.Evidence{}, next, signed(next)), ActionRequired},
	} {
		if v := Judge(Input{Subjects: []Subject{c.subject}}, Default(), now()); v.Conclusion != c.want {
			t.Errorf("%s: concluded %s, expected %s\n%+v", c.name, v.Conclusion, c.want, v.Findings)
		}
	}
}

func TestLossWeighsWithinAReleaseLineAndUpwards(t *testing.T) {
	for _, c := range []struct {
		old, now string
		want     bool
	}{
		{"7.6.3", "6.3.1", false},
		{"7.6.3", "7.0.0", true},
		{"7.6.3", "8.0.0", true},
		{"7.6.3", "7.6.3", true},
		{"7.6.3", "7.6.4-beta.1", true},
		{"8.0.0-rc.1", "7.6.3", false},
		{"1.0.0", "0.9.0", false},
		{"0.5.0", "0.4.9", false},
		{"0.5.1", "0.5.0", true},
		{"0.4.9", "0.5.0", true},
		{"0.0.2", "0.0.1", true},
		{"1.5.0", "1.4.0", true},
		{"1.0.0+b", "1.0.0+a", true},
		{"1.0.0", "latest", true}, // what cannot be compared weighs
		{"", "1.0.0", true},
	} {
		if got := weighs(dep.Package{Name: "a", Version: c.old}, dep.Package{Name: "a", Version: c.now}); got != c.want {
			t.Errorf("%s after %s: %v, expected %v", c.now, c.old, got, c.want)
		}
	}
	if !weighs(dep.Package{Name: "b", Version: "2.0.0"}, dep.Package{Name: "a", Version: "1.0.0"}) {
		t.Error("versions of two packages were compared")
	}
}

func TestRuleSwitchedOffSaysNothing(t *testing.T) {
	v := Judge(failing(), Default().With(RuleProvenanceLost, Off), now())
	for _, f := range v.Findings {
		if f.Rule == RuleProvenanceLost {
			t.Errorf("it said %+v", f)
		}
	}
}

// What a replaced version had weighs as much as the rules that ask for it.
func TestUnknownOfAReplacedVersionWeighsAsTheRulesThatAsk(t *testing.T) {
	old, e := entry("axios@1.14.0"), entry("axios@1.14.1")
	input := Input{Subjects: []Subject{updated(old, down(old), e, signed(e))}}
	for _, c := range []struct {
		lost, publisher Severity
		want            Conclusion
		findings        int
	}{
		{Error, Error, ActionRequired, 1},
		{Off, Error, ActionRequired, 1},
		{Warning, Notice, Success, 1},
		{Off, Off, Success, 0},
	} {
		v := Judge(input, Default().With(RuleProvenanceLost, c.lost).With(RulePublisherLost, c.publisher), now())
		if v.Conclusion != c.want || len(v.Findings) != c.findings {
			t.Errorf("lost %s, publisher %s: %s with %d findings, expected %s with %d", c.lost, c.publisher, v.Conclusion, len(v.Findings), c.want, c.findings)
		}
	}
}

func TestFindingsAreOrderedByGravityThenPlace(t *testing.T) {
	in := both(both(both(noticed(), warned()), both(unanswered(), failing())), unreadableInput())
	v := Judge(in, Default(), now())
	var got []string
	for _, f := range v.Findings {
		got = append(got, string(f.Rule))
	}
	want := []string{"lockfile-unreadable", "provenance-lost", "publisher-lost", "unverified", "unsupported-lockfile", "provenance-absent"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, expected %v", got, want)
	}
}

func TestThreeFindingsOfOneCauseStayApartAndFourAreOne(t *testing.T) {
	for _, n := range []int{3, 4} {
		var in Input
		for i := range n {
			e := entry(fmt.Sprintf("part-%d@1.0.0", i), at(i+1))
			in.Subjects = append(in.Subjects, repin(e, entry(fmt.Sprintf("part-%d@1.0.0", i), at(i+1), digests())))
		}
		v := Judge(in, Default(), now())
		want := 3
		if n == 4 {
			want = 1
		}
		if len(v.Findings) != want {
			t.Fatalf("%d subjects gave %d findings, expected %d", n, len(v.Findings), want)
		}
		if f := v.Findings[0]; n == 4 && (f.Count != 4 || f.Package != (dep.Package{}) || f.Line != 1) || n == 3 && f.Count != 0 {
			t.Errorf("of %d subjects the first finding is %+v", n, f)
		}
	}
}

func TestAFindingAboutManyNamesThemByLine(t *testing.T) {
	for _, n := range []int{600, 3_000} {
		var in Input
		for i := range n {
			e := entry(fmt.Sprintf("part-%04d@1.0.0", n-1-i), at(n-i))
			in.Subjects = append(in.Subjects, repin(e, entry(fmt.Sprintf("part-%04d@1.0.0", n-1-i), at(n-i), digests())))
		}
		v := Judge(in, Default(), now())
		if len(v.Findings) != 1 || v.Findings[0].Count != n {
			t.Fatalf("%d findings, the first is %+v", len(v.Findings), v.Findings[0])
		}
		f := v.Findings[0]
		names := strings.Split(f.Names, "\n")
		if len(f.Names) > MaxNames || n == 600 && len(names) != n || len(names) < 600 || f.Better != "" || f.Tell != (Tell{}) {
			t.Errorf("of %d packages %d are named in %d bytes", n, len(names), len(f.Names))
		}
		for i, name := range names {
			if want := fmt.Sprintf("part-%04d@1.0.0", i); name != want {
				t.Fatalf("%d is %q, not %q", i, name, want)
			}
		}
	}
}

func TestWhoeverAsksForEachFindingGetsEach(t *testing.T) {
	in := Input{Apart: true}
	for i := range 5 {
		id := fmt.Sprintf("part-%d@1.0.0", i)
		in.Subjects = append(in.Subjects, repin(entry(id, at(i+1)), entry(id, at(i+1), digests())))
	}
	together := in
	together.Apart = false
	v, one := Judge(in, Default(), now()), Judge(together, Default(), now())
	if len(v.Findings) != 5 || len(one.Findings) != 1 || v.Conclusion != one.Conclusion {
		t.Errorf("%d findings, %s; together %d, %s", len(v.Findings), v.Conclusion, len(one.Findings), one.Conclusion)
	}
	for _, f := range v.Findings {
		if f.Package == (dep.Package{}) || f.Count != 0 {
			t.Errorf("%+v", f)
		}
	}
}

func TestFindingsAreBoundedAndTheConclusionCountsAll(t *testing.T) {
	var in Input
	for i := range MaxFindings + 500 { // digests that changed are never merged
		id := fmt.Sprintf("part-%04d@1.0.0", i)
		in.Subjects = append(in.Subjects, repin(entry(id, at(i+1)), entry(id, at(i+1), digests(digest("other")))))
	}
	v := Judge(in, Default(), now())
	if len(v.Findings) != MaxFindings || v.Conclusion != Failure {
		t.Fatalf("%d findings, %s", len(v.Findings), v.Conclusion)
	}
	last := v.Findings[MaxFindings-1]
	if last.Rule != RuleFindingsCut || !strings.HasPrefix(last.Message, "501 further findings") {
		t.Errorf("the last finding is %+v", last)
	}
}

func TestNotesOfThePolicyAreSaid(t *testing.T) {
	p := Default()
	p.Notes = []string{"The organisation's floor does not let mode be observe."}
	v := Judge(fine(), p, now())
	if v.Conclusion != Success || len(v.Findings) != 1 {
		t.Fatalf("%+v", v)
	}
	if f := v.Findings[0]; f.Rule != RulePolicy || f.Severity != Notice || f.Message != p.Notes[0] {
		t.Errorf("%+v", f)
	}
}

// Texts from outside are bounded, and what cannot be seen in them is made visible.
func TestOutsideTextIsBoundedAndVisible(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	old, e := entry("axios@1.14.0"), entry("axios@1.14.1")
	e.Package.Name, e.Resolved, e.Alias = long, "https://"+long, "\u202e"+long
	ev := attested(e)
	ev.Provenance.Check, ev.Signature.Check = invalid(long), unknownCheck("a\x00b\u202e\xff"+long)
	ev.Signature.KeyID = long
	oldEvidence := attested(old)
	oldEvidence.Provenance.Identity.Workflow, oldEvidence.Provenance.Identity.Repository = long, long
	s := updated(old, oldEvidence, e, ev)
	s.Change.Kind = dep.Repinned
	lost := signed(e)
	lost.Release.Publisher.Name, lost.Release.Publisher.Approver = long, long
	v := Judge(Input{
		Subjects: []Subject{s, updated(old, oldEvidence, e, lost), unlooked(added(entry("a@1.0.0", from(dep.Git, long)), lost), long)},
		Problems: []Problem{{Kind: Unreadable, Lockfile: long, Detail: long}, {Kind: LockfileRemoved, Lockfile: long}},
	}, Default(), now())
	if len(v.Findings) < 6 {
		t.Fatalf("only %d findings", len(v.Findings))
	}
	for _, f := range v.Findings {
		if n := utf8.RuneCountInString(f.Message); n > MaxDetail+1 {
			t.Errorf("%s: the message has %d characters", f.Rule, n)
		}
		if n := utf8.RuneCountInString(f.Help); n > 2000 {
			t.Errorf("%s: the help has %d characters", f.Rule, n)
		}
		for _, r := range f.Message + f.Help {
			if r < ' ' || r == 0x7f || r == '\u202e' || r == utf8.RuneError {
				t.Errorf("%s: %q in the text", f.Rule, r)
				break
			}
		}
	}
}

// anySubject draws a subject that may have anything wrong with it.
func anySubject() *rapid.Generator[Subject] {
	return rapid.Custom(func(t *rapid.T) Subject {
		name := rapid.SampledFrom([]string{"axios", "left-pad", "@acme/ui", "p\u0430d", "glob"}).Draw(t, "name")
		version := rapid.SampledFrom([]string{"1.0.0", "1.0.1", "2.0.0", "x"}).Draw(t, "version")
		source := rapid.SampledFrom([]dep.SourceKind{dep.Registry, dep.Registry, dep.Registry, dep.Git, dep.URL, dep.File, dep.Link}).Draw(t, "source")
		edits := []func(*dep.Entry){
			at(rapid.IntRange(1, 40).Draw(t, "line")),
			in(rapid.SampledFrom([]string{"package-lock.json", "web/package-lock.json"}).Draw(t, "lockfile")),
		}
		if source != dep.Registry {
			edits = append(edits, from(source, rapid.SampledFrom([]string{repoA, repoB, "file:x.tgz", "https://evil.example/x.tgz"}).Draw(t, "address")))
		}
		switch rapid.IntRange(0, 4).Draw(t, "digest") {
		case 0:
			edits = append(edits, digests())
		case 1:
			edits = append(edits, digests(sha1("x")))
		case 2:
			edits = append(edits, digests(digest("evil")))
		}
		e := entry(name+"@"+version, edits...)
		old := entry(name+"@"+rapid.SampledFrom([]string{"1.0.0", "0.9.0"}).Draw(t, "old"), in(e.Lockfile))
		s := Subject{
			Change:   dep.Change{Kind: rapid.SampledFrom([]dep.ChangeKind{"", dep.Added, dep.Updated, dep.Repinned, dep.Removed}).Draw(t, "kind"), Entry: e, Occurrences: []dep.Entry{e}},
			Evidence: anyEvidence(e).Draw(t, "evidence"),
		}
		if rapid.Bool().Draw(t, "stays") {
			stay := entry(name+"@"+rapid.SampledFrom([]string{"1.0.2", "2.1.0"}).Draw(t, "stay"), in(e.Lockfile))
			s = beside(s, stay, anyEvidence(stay).Draw(t, "evidence of the stay"))
		}
		if rapid.IntRange(0, 4).Draw(t, "displaces") == 0 {
			s = displacing(s, entry("lodash@4.17.21"))
		}
		s.Change.Entry.AliasUnasked = rapid.IntRange(0, 4).Draw(t, "unasked") == 0
		s.Change.Occurrences[0] = s.Change.Entry
		switch s.Change.Kind {
		case dep.Updated, dep.Repinned:
			s.Change.Replaces, s.Replaced = []dep.Entry{old}, []provenance.Evidence{anyEvidence(old).Draw(t, "replaced")}
		}
		if source != dep.Registry {
			s = unlooked(s, "comes from elsewhere")
		}
		return s
	})
}

func anyEvidence(e dep.Entry) *rapid.Generator[provenance.Evidence] {
	return rapid.Custom(func(t *rapid.T) provenance.Evidence {
		check := rapid.SampledFrom([]provenance.Check{{State: provenance.Verified}, absent("none"), invalid("broken"), unknownCheck("down"), {}})
		ev := signed(e)
		if rapid.Bool().Draw(t, "attested") {
			ev = attested(e)
		}
		ev.Signature.Check = check.Draw(t, "signature")
		ev.Publish.Check = check.Draw(t, "publish")
		ev.Provenance.Check = check.Draw(t, "provenance")
		ev.Digest.Check = check.Draw(t, "digest")
		ev.Gone = rapid.IntRange(0, 9).Draw(t, "gone") == 0
		return ev
	})
}

func anyPolicy() *rapid.Generator[Policy] {
	return rapid.Custom(func(t *rapid.T) Policy {
		p := Default()
		p.Mode = rapid.SampledFrom([]Mode{Enforce, Observe}).Draw(t, "mode")
		p.OnUnknown = rapid.SampledFrom([]OnUnknown{UnknownFails, UnknownNeutral}).Draw(t, "on_unknown")
		for _, r := range Rules() {
			p = p.With(r.Name, rapid.SampledFrom([]Severity{Error, Warning, Notice, Off}).Draw(t, string(r.Name)))
		}
		return p
	})
}

func TestOrderOfSubjectsDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		subjects := rapid.SliceOfN(anySubject(), 0, 12).Draw(t, "subjects")
		p := anyPolicy().Draw(t, "policy")
		first := Judge(Input{Subjects: subjects}, p, now())
		shuffled := slices.Clone(subjects)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if second := Judge(Input{Subjects: shuffled}, p, now()); !reflect.DeepEqual(first, second) {
			t.Fatalf("in another order:\n%+v\n%+v", first, second)
		}
	})
}

func TestRemovingAPackageChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		subjects := rapid.SliceOfN(anySubject(), 0, 8).Draw(t, "subjects")
		gone := anySubject().Draw(t, "removed")
		gone.Change.Kind, gone.Change.Replaces, gone.Replaced = dep.Removed, nil, nil
		gone.Change.Stays, gone.Stays = nil, nil
		p := anyPolicy().Draw(t, "policy")
		without := Judge(Input{Subjects: subjects}, p, now())
		with := Judge(Input{Subjects: append(slices.Clone(subjects), gone)}, p, now())
		if !reflect.DeepEqual(without, with) {
			t.Fatalf("a removal said something:\n%+v\n%+v", without, with)
		}
	})
}

// Promise 2 and 5: what could not be found out of what enters never ends green.
func TestUnknownNeverEndsGreen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		subjects := rapid.SliceOfN(anySubject(), 0, 8).Draw(t, "subjects")
		e := entry("glob-sieve@2.0.6")
		ev := attested(e)
		unknown := rapid.SampledFrom([]provenance.Check{unknownCheck("down"), {}}).Draw(t, "check")
		switch rapid.IntRange(0, 4).Draw(t, "which") {
		case 0:
			ev.Signature.Check = unknown
		case 1:
			ev.Provenance.Check = unknown
		case 2:
			ev.Digest.Check = unknown
		case 3:
			ev.Publish.Check = unknown
		case 4:
			ev = provenance.Evidence{Package: e.Package, Gone: true}
		}
		subjects = append(subjects, added(e, ev))
		p := anyPolicy().Draw(t, "policy")
		p.Mode = Enforce
		v := Judge(Input{Subjects: subjects}, p, now())
		if v.Conclusion == Success {
			t.Fatalf("success with %+v", v.Findings)
		}
		if p.OnUnknown == UnknownFails && v.Conclusion == Neutral {
			t.Fatalf("neutral under on_unknown: fail")
		}
	})
}

// Observe and enforce see the same; only the conclusion differs.
func TestObserveReportsTheSameFindings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := Input{Subjects: rapid.SliceOfN(anySubject(), 0, 8).Draw(t, "subjects")}
		p := anyPolicy().Draw(t, "policy")
		p.Mode = Enforce
		enforced := Judge(in, p, now())
		p.Mode = Observe
		observed := Judge(in, p, now())
		if !reflect.DeepEqual(enforced.Findings, observed.Findings) {
			t.Fatal("the findings differ")
		}
		fails := enforced.Conclusion == Failure || enforced.Conclusion == ActionRequired
		if observed.WouldFail != fails || observed.Conclusion == Failure || observed.Conclusion == ActionRequired {
			t.Fatalf("enforced %s, observed %s (would fail: %v)", enforced.Conclusion, observed.Conclusion, observed.WouldFail)
		}
	})
}

func TestIgnoresMatchesPathsOfTheRepository(t *testing.T) {
	p := Policy{Ignore: []string{"test/fixtures/**", "*/demo/package-lock.json", "[broken"}}
	for path, want := range map[string]bool{
		"test/fixtures/a/package-lock.json":     true,
		"test/fixtures/package-lock.json":       true,
		"web/demo/package-lock.json":            true,
		"package-lock.json":                     false,
		"web/test/fixtures/a/package-lock.json": false,
		"web/a/demo/package-lock.json":          false,
		"[broken":                               false,
	} {
		if got := p.Ignores(path); got != want {
			t.Errorf("%s: %v, expected %v", path, got, want)
		}
	}
}

// BenchmarkJudge judges 50,000 changes of which every tenth lost its provenance.
func BenchmarkJudge(b *testing.B) {
	var in Input
	for i := range 50_000 {
		old, e := entry(fmt.Sprintf("part-%05d@1.0.0", i)), entry(fmt.Sprintf("part-%05d@1.0.1", i), at(i))
		ev := attested(e)
		if i%10 == 0 {
			ev = signed(e)
		}
		in.Subjects = append(in.Subjects, updated(old, attested(old), e, ev))
	}
	for b.Loop() {
		if v := Judge(in, Default(), now()); v.Conclusion != Failure {
			b.Fatal(v.Conclusion)
		}
	}
}
