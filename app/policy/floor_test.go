package policy

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/bonafide-app/bonafide/app/dep"
)

func ofDays(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

func genRules(t *rapid.T, label string, severities ...Severity) map[RuleName]Severity {
	out := map[RuleName]Severity{}
	for _, r := range Rules() {
		if !r.Fixed && rapid.Bool().Draw(t, label) {
			out[r.Name] = rapid.SampledFrom(severities).Draw(t, label+" "+string(r.Name))
		}
	}
	return out
}

func genBlocks(t *rapid.T, label string) (out []PackageRule) {
	for range rapid.IntRange(0, 3).Draw(t, label) {
		b := PackageRule{
			Match: rapid.SampledFrom([]string{"npm:*", "npm:@acme/*", "npm:tide"}).Draw(t, label+" match"), Line: rapid.IntRange(1, 9).Draw(t, label+" line"),
			Require: rapid.SampledFrom([]string{"", "none", "direct", "new", "all"}).Draw(t, label+" require"),
			Rules:   genRules(t, label, Error, Warning, Notice, Off),
		}
		if rapid.Bool().Draw(t, label+" pins") {
			b.Identity.Repository = "github.com/acme/*"
		}
		if rapid.Bool().Draw(t, label+" cools") {
			d := ofDays(rapid.IntRange(0, 9).Draw(t, label+" cooldown"))
			b.Cooldown = &d
		}
		out = append(out, b)
	}
	return out
}

func genFloor(t *rapid.T) Floor {
	globs := []string{"test/**", "**", "docs/*"}
	return Floor{
		Source: "acme/.github bonafide.yml at 5555555",
		Mode:   rapid.SampledFrom([]Mode{"", Enforce, Observe}).Draw(t, "floor mode"), OnUnknown: rapid.SampledFrom([]OnUnknown{"", UnknownFails, UnknownNeutral}).Draw(t, "floor on_unknown"),
		Rules:   genRules(t, "floor rules", Error, Warning, Notice),
		Require: rapid.SampledFrom([]string{"", "none", "direct", "new", "all"}).Draw(t, "floor require"), MinCoverage: rapid.Float64Range(0, 100).Draw(t, "floor min"),
		MaxCoverageDrop: rapid.Float64Range(0, 100).Draw(t, "floor drop"), Cooldown: ofDays(rapid.IntRange(0, 9).Draw(t, "floor cooldown")),
		AcceptBy:  rapid.SampledFrom([]string{"", "write", "maintain", "admin", "nobody"}).Draw(t, "floor accept"),
		BarAuthor: rapid.Bool().Draw(t, "floor author"), Ignore: rapid.SliceOf(rapid.SampledFrom(globs)).Draw(t, "floor ignore"),
		Packages: genBlocks(t, "floor block"), Exceptable: slices.Collect(maps.Keys(genRules(t, "exceptable", Error))), MaxDays: rapid.IntRange(0, 30).Draw(t, "max_days"),
	}
}

func genPolicy(t *rapid.T) Policy {
	p := Default()
	p.Mode = rapid.SampledFrom([]Mode{Enforce, Observe}).Draw(t, "mode")
	p.OnUnknown = rapid.SampledFrom([]OnUnknown{UnknownFails, UnknownNeutral}).Draw(t, "on_unknown")
	maps.Copy(p.Rules, genRules(t, "rules", Error, Warning, Notice, Off))
	p.Require = rapid.SampledFrom([]string{"none", "direct", "new", "all"}).Draw(t, "require")
	p.MinCoverage, p.MaxCoverageDrop = rapid.Float64Range(0, 100).Draw(t, "min"), rapid.Float64Range(0, 100).Draw(t, "drop")
	p.Cooldown = ofDays(rapid.IntRange(0, 9).Draw(t, "cooldown"))
	p.AcceptBy = rapid.SampledFrom([]string{"write", "maintain", "admin", "nobody"}).Draw(t, "accept")
	p.AcceptAuthor = rapid.Bool().Draw(t, "author")
	p.Ignore = rapid.SliceOf(rapid.SampledFrom([]string{"test/**", "**", "docs/*"})).Draw(t, "ignore")
	p.Packages = genBlocks(t, "block")
	for range rapid.IntRange(0, 3).Draw(t, "exceptions") {
		p.Exceptions = append(p.Exceptions, Exception{Package: "npm:tide", Line: rapid.IntRange(1, 9).Draw(t, "line"),
			Rules: slices.Sorted(maps.Keys(genRules(t, "excepted", Error))), Expires: now().AddDate(0, 0, rapid.IntRange(-5, 60).Draw(t, "expires"))})
	}
	return p
}

var samplePaths = []string{"package-lock.json", "test/a/package-lock.json", "docs/package-lock.json"}

// laxer lists where a is laxer than b, in every dimension that both have.
func laxer(a, b Policy) (out []string) {
	is := func(what string, yes bool) {
		if yes {
			out = append(out, what)
		}
	}
	is("mode", a.Mode == Observe && b.Mode != Observe)
	is("on_unknown", a.OnUnknown == UnknownNeutral && b.OnUnknown != UnknownNeutral)
	for _, r := range Rules() {
		is(string(r.Name), rank(a.Severity(r.Name)) < rank(b.Severity(r.Name)))
		for i, e := range a.Exceptions {
			may, _ := a.MayExcept(r.Name, &a.Exceptions[i], now())
			mayBe := slices.ContainsFunc(b.Exceptions, func(o Exception) bool {
				ok, _ := b.MayExcept(r.Name, &o, now())
				return o.Package == e.Package && slices.Contains(o.Rules, r.Name) && ok
			})
			is(fmt.Sprint("exception ", i, r.Name), slices.Contains(e.Rules, r.Name) && may && !mayBe)
		}
	}
	is("require", bothNeeds(a.Require, b.Require) != a.Require)
	is("min_coverage", a.MinCoverage < b.MinCoverage)
	is("max_coverage_drop", a.MaxCoverageDrop > b.MaxCoverageDrop)
	is("cooldown", a.Cooldown < b.Cooldown)
	is("accept.by", rankAccept(a.AcceptBy) < rankAccept(b.AcceptBy))
	is("accept.author", a.AcceptAuthor && !b.AcceptAuthor)
	for _, path := range samplePaths {
		is("ignores "+path, a.Ignores(path) && !b.Ignores(path))
	}
	for i, block := range a.Packages {
		o := b.Packages[i]
		is("block require", o.Require != "" && bothNeeds(block.Require, o.Require) != block.Require)
		is("block cooldown", o.Cooldown != nil && *block.Cooldown < *o.Cooldown)
		for rule, s := range o.Rules {
			is("block "+string(rule), rank(block.Rules[rule]) < rank(s))
		}
	}
	return out
}

func TestNoPolicyIsLaxerThanTheFloorUnderIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, p := genFloor(t), genPolicy(t)
		before := fmt.Sprintf("%+v", p)
		got := f.Over(p)
		if after := fmt.Sprintf("%+v", p); after != before {
			t.Fatalf("the policy was changed in place:\n%s\n%s", before, after)
		}
		// The floor as a policy of its own: nothing may be laxer than it.
		least := Policy{Mode: Enforce, OnUnknown: UnknownFails, Rules: map[RuleName]Severity{}, Require: f.Require, MinCoverage: f.MinCoverage,
			MaxCoverageDrop: f.MaxCoverageDrop, Cooldown: f.Cooldown, AcceptBy: f.AcceptBy, AcceptAuthor: !f.BarAuthor, Ignore: f.Ignore, Packages: got.Packages, Exceptions: got.Exceptions}
		if f.Mode == Observe {
			least.Mode = Observe
		}
		if f.OnUnknown == UnknownNeutral {
			least.OnUnknown = UnknownNeutral
		}
		for _, r := range Rules() {
			least.Rules[r.Name] = f.Least(r.Name)
		}
		if bad := laxer(got, least); len(bad) > 0 {
			t.Fatalf("laxer than the floor in %v:\n%+v\n%+v", bad, f, got)
		}
		if bad := laxer(got, p); len(bad) > 0 {
			t.Fatalf("the floor made the policy laxer in %v", bad)
		}
		for _, b := range got.Packages {
			if b.Require != "" && bothNeeds(b.Require, f.Require) != b.Require || b.Cooldown != nil && *b.Cooldown < f.Cooldown {
				t.Fatalf("a block is laxer than the floor: %+v", b)
			}
			for rule, s := range b.Rules {
				if rank(s) < rank(f.Least(rule)) {
					t.Fatalf("a block sets %s to %s", rule, s)
				}
			}
		}
		for _, e := range got.Exceptions {
			for _, rule := range e.Rules {
				if f.Least(rule) != Off && !slices.Contains(f.Exceptable, rule) {
					t.Fatalf("an exception for the enforced rule %s holds", rule)
				}
			}
		}
		if twice := f.Over(got); !reflect.DeepEqual(twice, got) {
			t.Fatalf("laid over twice it is another policy:\n%+v\n%+v", got, twice)
		}
	})
}

func TestAStricterPolicyStaysStricterUnderTheFloor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, lax := genFloor(t), genPolicy(t)
		strict := lax
		strict.Rules = maps.Clone(lax.Rules)
		for rule, s := range genRules(t, "stricter", Error, Warning) {
			strict.Rules[rule] = higher(s, lax.Severity(rule))
		}
		strict.Require = bothNeeds(lax.Require, rapid.SampledFrom([]string{"none", "direct", "new", "all"}).Draw(t, "stricter require"))
		strict.MinCoverage = max(lax.MinCoverage, rapid.Float64Range(0, 100).Draw(t, "stricter min"))
		strict.MaxCoverageDrop = min(lax.MaxCoverageDrop, rapid.Float64Range(0, 100).Draw(t, "stricter drop"))
		strict.Cooldown += ofDays(rapid.IntRange(0, 3).Draw(t, "stricter cooldown"))
		strict.Ignore = lax.Ignore[:rapid.IntRange(0, len(lax.Ignore)).Draw(t, "stricter ignore")]
		strict.Exceptions = lax.Exceptions[:rapid.IntRange(0, len(lax.Exceptions)).Draw(t, "stricter exceptions")]
		if rapid.Bool().Draw(t, "stricter mode") {
			strict.Mode, strict.OnUnknown, strict.AcceptBy, strict.AcceptAuthor = Enforce, UnknownFails, "nobody", false
		}
		if bad := laxer(f.Over(strict), f.Over(lax)); len(bad) > 0 {
			t.Fatalf("it became laxer in %v", bad)
		}
	})
}

func TestWhatTheFloorDoesNotGrantIsSaid(t *testing.T) {
	short := ofDays(0)
	p := Default().With(RuleProvenanceLost, Off).With(RuleTooNew, Off)
	p.Mode, p.OnUnknown, p.Cooldown = Observe, UnknownNeutral, ofDays(1)+12*time.Hour
	p.AcceptBy, p.AcceptAuthor, p.Ignore = "write", true, []string{"**"}
	p.Packages = []PackageRule{{Match: "npm:*", Cooldown: &short, Line: 20}}
	p.Exceptions = []Exception{
		{Package: "npm:tide", Rules: []RuleName{RuleProvenanceLost, RuleDeprecated}, Line: 30},
		{Package: "npm:sand", Rules: []RuleName{RuleInstallScript}, Expires: now().AddDate(0, 0, 91), Line: 40},
	}
	f := Floor{Source: "acme/.github bonafide.yml at 5555555", Rules: map[RuleName]Severity{RuleProvenanceLost: Error, RuleInstallScript: Warning}, MaxCoverageDrop: 100,
		Cooldown: ofDays(7), AcceptBy: "admin", BarAuthor: true, Ignore: []string{"test/**"}, Exceptable: []RuleName{RuleInstallScript}, MaxDays: 90}
	got := f.Over(p)
	notes := strings.Join(got.Notes, "\n")
	for _, says := range []string{
		"mode stays enforce, not observe.", "on_unknown stays fail, not neutral.", "provenance-lost error, not off", "too-new warning, not off",
		"cooldown stays 7d, not 1d12h.", "accept.by stays admin, not write.", "accept.author stays false.", "lockfiles.ignore does not leave every lockfile alone",
		"the block npm:* on line 20 is not as lax", "the exception for npm:tide on line 30 does not hold for provenance-lost.", "(acme/.github bonafide.yml at 5555555)",
	} {
		if !strings.Contains(notes, says) {
			t.Errorf("no note says %q:\n%s", says, notes)
		}
	}
	if !got.Ignores("test/package-lock.json") || got.Ignores("package-lock.json") {
		t.Error("only what both lists match is ignored")
	}
	for _, c := range []struct {
		rule RuleName
		e    *Exception
		ok   bool
		why  string
	}{
		{RuleDeprecated, &got.Exceptions[0], true, ""},
		{RuleProvenanceLost, nil, false, "enforces provenance-lost"},
		{RuleInstallScript, nil, true, ""},
		{RuleInstallScript, &got.Exceptions[1], false, "90 days from now at most"},
		{RuleInstallScript, &Exception{Expires: now().AddDate(0, 0, 90)}, true, ""},
	} {
		if ok, why := got.MayExcept(c.rule, c.e, now()); ok != c.ok || !strings.Contains(why, c.why) {
			t.Errorf("%s, %+v: %v, %q", c.rule, c.e, ok, why)
		}
	}
	if ok, _ := p.MayExcept(RuleProvenanceLost, nil, now()); !ok {
		t.Error("without a floor nothing is refused")
	}
	if quiet := (Floor{Rules: map[RuleName]Severity{RuleDeprecated: Error}}).Over(Default()); len(quiet.Notes) > 0 || quiet.Severity(RuleDeprecated) != Error {
		t.Errorf("the defaults asked for nothing: %q", quiet.Notes)
	}
}

// A requirement whose rule a repository may switch off would be none.
func TestWhatAFloorRequiresIsReported(t *testing.T) {
	hour := time.Hour
	for rule, f := range map[RuleName]Floor{
		RuleCoverage:       {Require: "all", MaxCoverageDrop: 100},
		RuleIdentityPinned: {MaxCoverageDrop: 100, Packages: []PackageRule{{Match: "npm:@acme/*", Identity: IdentityPin{Repository: "github.com/acme/*"}}}},
		RuleTooNew:         {MaxCoverageDrop: 100, Packages: []PackageRule{{Match: "npm:@acme/*", Cooldown: &hour}}},
		RuleInstallScript:  {MaxCoverageDrop: 100, Packages: []PackageRule{{Match: "npm:@acme/*", Rules: map[RuleName]Severity{RuleInstallScript: Error}}}},
	} {
		p := Default().With(rule, Off)
		want, _ := FindRule(rule)
		pkg := entry("@acme/tide@1.0.0").Package
		if got := f.Over(p).SeverityOf(rule, pkg); rank(got) < rank(want.Default) {
			t.Errorf("%s is %s, want %s", rule, got, want.Default)
		}
		if got := (Floor{MaxCoverageDrop: 100}).Over(p).Severity(rule); got != Off {
			t.Errorf("%s is %s under a floor that does not ask for it", rule, got)
		}
	}
}

func TestAFloorThatIsNotKnownNeverPasses(t *testing.T) {
	for _, mode := range []Mode{Enforce, Observe} {
		for _, on := range []OnUnknown{UnknownFails, UnknownNeutral} {
			p := Default()
			p.Mode, p.OnUnknown, p.FloorUnread = mode, on, "acme/.github cannot be read: GitHub refused it."
			v := Judge(Input{}, p, now())
			if v.Conclusion != ActionRequired || v.WouldFail || len(v.Findings) != 1 || v.Findings[0].Rule != RuleFloorUnread || v.Findings[0].Severity != Error ||
				!strings.Contains(v.Findings[0].Message, "is not known: acme/.github cannot be read: GitHub refused it.") {
				t.Errorf("%s, %s: %+v", mode, on, v)
			}
			v = Judge(Input{Problems: []Problem{{Kind: LockfileRemoved, Lockfile: "package-lock.json"}}}, p, now())
			if v.Conclusion != Failure || v.WouldFail {
				t.Errorf("%s, %s: an error beside it: %+v", mode, on, v)
			}
		}
	}
}

func TestWhatIsSaidOfAPolicyThatAPullRequestEdits(t *testing.T) {
	for kind, want := range map[ProblemKind]struct {
		rule       RuleName
		conclusion Conclusion
	}{
		PolicyEdited: {RulePolicy, Success}, PolicyMended: {RulePolicy, Success}, PolicyEditInvalid: {RulePolicyInvalid, Failure},
	} {
		v := Judge(Input{Problems: []Problem{{Kind: kind, Lockfile: "bonafide.yml"}}}, Default(), now())
		if v.Conclusion != want.conclusion || len(v.Findings) != 1 || v.Findings[0].Rule != want.rule || !strings.Contains(v.Findings[0].Message, "bonafide.yml") {
			t.Errorf("%s: %+v", kind, v)
		}
	}
}

func TestNoBlockIsLaxerThanTheFloorsBlocks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := genFloor(t)
		p := f.Over(genPolicy(t))
		for _, pkg := range []dep.Package{entry("tide@1.0.0").Package, entry("@acme/sand@1.0.0").Package} {
			alone := Policy{Packages: f.Packages, Require: f.Require, Cooldown: f.Cooldown, Rules: map[RuleName]Severity{}}
			for _, r := range Rules() {
				b, ok := f.blockFor(pkg, func(b PackageRule) bool { return b.Rules[r.Name] != "" })
				if s := p.SeverityOf(r.Name, pkg); !r.Fixed && (rank(s) < rank(f.Least(r.Name)) || ok && rank(s) < rank(b.Rules[r.Name])) {
					t.Fatalf("%s of %s is %s", r.Name, pkg, s)
				}
			}
			if need, least := p.RequireOf(pkg), alone.RequireOf(pkg); bothNeeds(need, least) != need {
				t.Fatalf("%s requires %s, the floor %s", pkg, need, least)
			}
			if b, ok := f.blockFor(pkg, func(b PackageRule) bool { return b.Cooldown != nil }); p.CooldownOf(pkg) < f.Cooldown || ok && p.CooldownOf(pkg) < *b.Cooldown {
				t.Fatalf("%s cools down for %s", pkg, p.CooldownOf(pkg))
			}
			if pin, ok := alone.PinOf(pkg); ok && !slices.ContainsFunc(p.PinsOf(pkg), func(b PackageRule) bool { return b.Identity == pin.Identity }) {
				t.Fatalf("the floor's pin of %s does not hold", pkg)
			}
		}
	})
}

func TestTheFloorsPinHoldsBesideTheRepositorysOwn(t *testing.T) {
	f := Floor{Source: "acme/.github", MaxCoverageDrop: 100,
		Packages: []PackageRule{{Match: "npm:tide", Identity: IdentityPin{Repository: "github.com/harbour/tide"}, Line: 3, File: "acme/.github"}}}
	p := Default()
	p.Packages = []PackageRule{{Match: "npm:tide", Identity: IdentityPin{Repository: "github.com/acme/*"}, Line: 9}}
	e := entry("tide@1.0.0")
	v := Judge(Input{Subjects: []Subject{added(e, attested(e))}}, f.Over(p), now())
	if v.Conclusion != Failure || !slices.ContainsFunc(v.Findings, func(f Finding) bool {
		return f.Rule == RuleIdentityPinned && strings.Contains(f.Message, "line 3 of acme/.github")
	}) {
		t.Errorf("%+v", v)
	}
	if v := Judge(Input{Subjects: []Subject{added(e, attested(e))}}, p, now()); v.Conclusion != Success {
		t.Errorf("the repository's own pin holds: %+v", v)
	}
}

func TestAnExceptionThatRunsLongerThanTheFloorAllowsDoesNotHold(t *testing.T) {
	e := entry("tide@1.0.0")
	bare := signed(e)
	bare.Signature.Check = absent("it is not signed")
	judge := func(days int, acceptance bool, f Floor) Verdict {
		p, in := Default(), Input{Subjects: []Subject{added(e, bare)}}
		if acceptance {
			in.Acceptances = []Acceptance{acceptanceFor(in.Subjects[0].Change.Entry, RuleSignatureMissing)}
		} else {
			p.Exceptions = []Exception{{Package: "npm:tide", Rules: []RuleName{RuleSignatureMissing}, Expires: now().AddDate(0, 0, days), Line: 4}}
		}
		return Judge(in, f.Over(p), now())
	}
	lenient := Floor{MaxCoverageDrop: 100, MaxDays: 90}
	if v := judge(90, false, lenient); v.Conclusion != Success || len(v.Excepted) != 1 {
		t.Errorf("90 days: %+v", v)
	}
	v := judge(91, false, lenient)
	if v.Conclusion != Failure || !slices.ContainsFunc(v.Findings, func(f Finding) bool {
		return f.Rule == RulePolicy && strings.Contains(f.Message, "90 days from now at most")
	}) {
		t.Errorf("91 days: %+v", v)
	}
	enforcing := lenient
	enforcing.Rules = map[RuleName]Severity{RuleSignatureMissing: Warning}
	for _, acceptance := range []bool{true, false} {
		if v := judge(1, acceptance, enforcing); v.Conclusion != Failure || len(v.Excepted) != 0 {
			t.Errorf("an enforced rule, acceptance %v: %+v", acceptance, v)
		}
	}
	if v := judge(0, true, lenient); v.Conclusion != Success || len(v.Excepted) != 1 {
		t.Errorf("an acceptance: %+v", v)
	}
}

// What a floor asks for is reported by rules that a repository may not switch off, also
// where the floor's own list of rules says so.
func TestWhatAFloorAsksForIsNotSwitchedOff(t *testing.T) {
	days := 48 * time.Hour
	for name, tt := range map[string]struct {
		rule  RuleName
		floor Floor
	}{
		"a requirement": {RuleCoverage, Floor{Require: "all", MaxCoverageDrop: 100}},
		"a share":       {RuleCoverage, Floor{MinCoverage: 5, MaxCoverageDrop: 100}},
		"a drop":        {RuleCoverage, Floor{MaxCoverageDrop: 5}},
		"a pin":         {RuleIdentityPinned, Floor{Packages: []PackageRule{{Match: "npm:*", Identity: IdentityPin{Ref: "x"}}}}},
		"a cooldown":    {RuleTooNew, Floor{Cooldown: days}},
		"a block's":     {RuleFreshAndOdd, Floor{Packages: []PackageRule{{Match: "npm:*", Cooldown: &days}}}},
	} {
		tt.floor.Rules = map[RuleName]Severity{tt.rule: Off}
		r, _ := FindRule(tt.rule)
		if got := tt.floor.Least(tt.rule); got != r.Default {
			t.Errorf("%s: %s is at least %s", name, tt.rule, got)
		}
		if got := tt.floor.Over(Default().With(tt.rule, Off)).Severity(tt.rule); got != r.Default {
			t.Errorf("%s: %s is %s", name, tt.rule, got)
		}
	}
	open := Floor{Mode: Observe, OnUnknown: UnknownNeutral, MaxCoverageDrop: 100}
	lax := Default()
	lax.Mode, lax.OnUnknown = Observe, UnknownNeutral
	if got := open.Over(lax); got.Mode != Observe || got.OnUnknown != UnknownNeutral || len(got.Notes) > 0 {
		t.Errorf("a floor that bounds nothing: %+v", got)
	}
	if got := (Floor{MaxCoverageDrop: 100}).Least(RuleCoverage); got != Off {
		t.Errorf("a floor that asks for nothing: %s", got)
	}
}
