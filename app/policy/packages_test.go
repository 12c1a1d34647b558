package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// with is the default policy after an edit.
func with(edit func(*Policy)) *Policy {
	p := Default()
	edit(&p)
	return &p
}

func npm(id string) dep.Package { return entry(id).Package }

func TestPatternsMatchExactlyWhatTheySay(t *testing.T) {
	for pattern, want := range map[string]map[string]bool{
		"npm:left-pad":             {"left-pad@1.0.0": true, "left-pad@2.0.0-rc.1": true, "Left-Pad@1.0.0": false, "left-pad2@1.0.0": false, "@x/left-pad@1.0.0": false},
		"npm:@my-org/*":            {"@my-org/http@1.0.0": true, "@my-org/a@0.0.1-x": true, "@my-org-2/http@1.0.0": false, "my-org@1.0.0": false, "@MY-ORG/http@1.0.0": false},
		"npm:*":                    {"left-pad@1.0.0": true, "@my-org/http@1.0.0": true},
		"npm:react*":               {"react@1.0.0": true, "react-dom@1.0.0": true, "react/x@1.0.0": false},
		"npm:@{a,b}/*":             {"@a/x@1.0.0": true, "@b/x@1.0.0": true, "@c/x@1.0.0": false},
		"npm:left-pad@1.3.0":       {"left-pad@1.3.0": true, "left-pad@1.3.1": false, "left-pad@1.3.0-rc.1": false, "left-pad@v1.3.0": false, "left-pad@1.3.0+x": false},
		"npm:left-pad@=1.3.0-rc.1": {"left-pad@1.3.0-rc.1": true, "left-pad@1.3.0": false},
		"npm:left-pad@1.3":         {"left-pad@1.3.0": true, "left-pad@1.3.9": true, "left-pad@1.4.0": false},
		"npm:esbuild@>=0.21 <1":    {"esbuild@0.21.0": true, "esbuild@0.99.1": true, "esbuild@1.0.0": false, "esbuild@1.0.0-rc.1": false, "esbuild@0.22.0-rc.1": false, "esbuild@zero": false},
		"npm:a@>=1.5.0-rc.0 <2":    {"a@1.5.0-rc.1": true, "a@1.6.0-rc.1": false, "a@1.6.0": true},
		"npm:a@^1 || ^3":           {"a@1.2.3": true, "a@2.0.0": false, "a@3.9.9": true},
		"npm:@my-org/*@^2":         {"@my-org/http@2.1.0": true, "@my-org/http@1.0.0": false},
	} {
		p, err := ParsePattern(pattern)
		if err != nil {
			t.Errorf("%s: %v", pattern, err)
		}
		for id, matches := range want {
			if p.Matches(npm(id)) != matches {
				t.Errorf("%s matches %s: %v", pattern, id, !matches)
			}
		}
	}
	if p, _ := ParsePattern("npm:*"); p.Matches(dep.Package{Ecosystem: dep.JSR, Name: "x", Version: "1.0.0"}) || p.Matches(dep.Package{}) {
		t.Error("npm:* matches what is not of npm")
	}
	for _, bad := range []string{"", "left-pad", "cargo:serde", "npm:", "npm:a@", "npm:a b", "npm:a@latest", "npm:a@>=2 <1", "npm:a@npm:b@1.0.0", "npm:a@1" + strings.Repeat(" || 1", 30)} {
		if p, err := ParsePattern(bad); err == nil {
			t.Errorf("%q is read as %+v", bad, p)
		}
	}
}

func TestTheMostSpecificBlockDecidesForEachKey(t *testing.T) {
	hours := func(h int) *time.Duration { d := time.Duration(h) * time.Hour; return &d }
	p := with(func(p *Policy) {
		p.Packages = []PackageRule{
			{Match: "npm:@my-org/*", Require: "all", Line: 1, Identity: IdentityPin{Repository: "github.com/my-org/*"}},
			{Match: "npm:*", Cooldown: hours(1), Require: "new", Line: 2, Rules: map[RuleName]Severity{RuleTooNew: Notice, RuleDeprecated: Error}},
			{Match: "npm:@my-org/http@1.0.0", Cooldown: hours(2), Line: 3},
			{Match: "npm:@my-org/http@^1", Cooldown: hours(3), Require: "direct", Line: 4},
			{Match: "npm:@my-org/http", Cooldown: hours(4), Line: 5, Rules: map[RuleName]Severity{RuleTooNew: Off}},
			{Match: "npm:@my-*/*@1.0.0", Cooldown: hours(5), Line: 6},
			{Match: "npm:@my-org/http", Line: 7, Rules: map[RuleName]Severity{RuleTooNew: Warning}},
		}
	})
	for id, want := range map[string]string{
		"@my-org/http@1.0.0":  "2h direct warning 1",
		"@my-org/http@1.1.0":  "3h direct warning 1",
		"@my-org/http@2.0.0":  "4h all warning 1",
		"@my-org/other@1.0.0": "5h all notice 1",
		"@my-org/other@2.0.0": "1h all notice 1",
		"left-pad@1.0.0":      "1h new notice 0",
	} {
		pin, _ := p.PinOf(npm(id))
		got := fmt.Sprintf("%s %s %s %d", Days(p.CooldownOf(npm(id))), p.RequireOf(npm(id)), p.SeverityOf(RuleTooNew, npm(id)), pin.Line)
		if got != want {
			t.Errorf("%s: %s, expected %s", id, got, want)
		}
	}
	if s := p.SeverityOf(RuleUnverified, npm("left-pad@1.0.0")); s != Error {
		t.Errorf("a fixed rule is %s", s)
	}
	if s := p.SeverityOf(RuleDeprecated, dep.Package{}); s != Notice {
		t.Errorf("what is about no package is %s", s)
	}
	if s := p.With(RuleTooNew, Error).SeverityOf(RuleTooNew, npm("@my-org/http@1.0.0")); s != Error || p.SeverityOf(RuleTooNew, npm("@my-org/http@1.0.0")) != Warning {
		t.Errorf("With makes it %s, or changes what it was made from", s)
	}
}

func TestAFindingWeighsAsItsPackage(t *testing.T) {
	old, next := entry("axios@1.14.0"), entry("axios@1.14.1")
	s := updated(old, attested(old), next, signed(next))
	for severity, want := range map[Severity]Conclusion{Off: Success, Warning: Success, Error: Failure} {
		p := with(func(p *Policy) {
			p.Packages = []PackageRule{{Match: "npm:axios", Rules: map[RuleName]Severity{RuleProvenanceLost: severity, RulePublisherLost: Off}}}
		})
		if v := Judge(Input{Subjects: []Subject{s}}, *p, now()); v.Conclusion != want {
			t.Errorf("%s: %s\n%+v", severity, v.Conclusion, v.Findings)
		}
	}
}

func builtBy(edit func(*provenance.Identity)) func(*provenance.Evidence) {
	return func(ev *provenance.Evidence) { edit(ev.Provenance.Identity) }
}

func TestIdentityPinned(t *testing.T) {
	pins := with(func(p *Policy) {
		p.Packages = []PackageRule{{Match: "npm:@acme/*", Line: 31, Identity: IdentityPin{
			Repository: "github.com/Acme/*", Workflow: ".github/workflows/release.yml", Ref: "refs/tags/*", Issuer: "https://token.actions.githubusercontent.com"}}}
	})
	web, old := entry("@acme/web@1.1.0"), entry("@acme/web@1.0.0")
	home := builtBy(func(i *provenance.Identity) { i.Repository = "https://github.com/ACME/web" })
	update := func(edits ...func(*provenance.Evidence)) []Subject {
		return []Subject{updated(old, attested(old, home), web, attested(web, append([]func(*provenance.Evidence){home}, edits...)...))}
	}
	forged := update(func(ev *provenance.Evidence) {
		ev.Provenance = provenance.Provenance{Check: invalid("the signature does not match")}
	})
	audit := added(web, signed(web))
	audit.Change.Kind = ""
	packed := entry("@acme/web@1.1.0", from(dep.File, "file:vendor/web.tgz"), digests(digest("packed")))
	git := entry("@acme/web@1.1.0", from(dep.Git, "git+ssh://git@github.com/acme/web.git#1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"))
	alias := entry("@acme/web@1.1.0", installedAs("left-pad"))
	under := entry("left-pad@1.1.0", installedAs("@acme/web"))
	bundle := entry("@acme/web@1.1.0", inBundle)
	inTarball := unlooked(added(bundle, provenance.Evidence{}), "is delivered inside the tarball of the package that bundles it")
	inTarball.Bundle.State = provenance.Verified
	var many []Subject
	for i := range 5 {
		e := entry(fmt.Sprintf("@acme/p%d@1.0.0", i))
		many = append(many, added(e, signed(e)))
	}
	held(t, RuleIdentityPinned, []example{
		{name: "built by whom it should", subject: update(), policy: pins},
		{name: "a tag with a slash", subject: update(builtBy(func(i *provenance.Identity) { i.Ref = "refs/tags/@acme/web@1.1.0" })), policy: pins},
		{name: "a slash where the pin allows none", subject: update(builtBy(func(i *provenance.Identity) { i.Ref = "refs/tags/v1/../x" })), policy: with(func(p *Policy) {
			p.Packages = []PackageRule{{Match: "npm:@acme/*", Line: 31, Identity: IdentityPin{Ref: "refs/tags/v*"}}}
		}), want: []string{"error"}},
		{name: "another repository", subject: update(builtBy(func(i *provenance.Identity) { i.Repository = "https://github.com/evil/web" })), policy: pins, want: []string{"error"}},
		{name: "an owner that begins alike", subject: update(builtBy(func(i *provenance.Identity) { i.Repository = "https://github.com/acme-evil/web" })), policy: pins, want: []string{"error"}},
		{name: "another host", subject: update(builtBy(func(i *provenance.Identity) { i.Repository = "https://gitlab.com/acme/web" })), policy: pins, want: []string{"error"}},
		{name: "another workflow, branch and issuer", subject: update(builtBy(func(i *provenance.Identity) {
			i.Workflow, i.Ref, i.Issuer = ".github/workflows/test.yml", "refs/heads/main", "https://token.actions.githubusercontent.com/acme"
		})), policy: pins, want: []string{"error"}},
		{name: "a ref that is not stated", subject: update(builtBy(func(i *provenance.Identity) { i.Ref = "" })), policy: pins, want: []string{"error"}},
		{name: "no provenance", subject: []Subject{added(web, signed(web))}, policy: pins, want: []string{"error"}},
		{name: "no provenance, in an audit", subject: []Subject{audit}, policy: pins, want: []string{"error"}},
		{name: "provenance that does not hold is told by its own rule", subject: forged, policy: pins},
		{name: "unless that one is switched off", subject: forged, policy: with(func(p *Policy) { *p = pins.With(RuleProvenanceInvalid, Off) }), want: []string{"error"}},
		{name: "or is a warning", subject: forged, policy: with(func(p *Policy) { *p = pins.With(RuleProvenanceInvalid, Warning) }), want: []string{"error"}},
		{name: "or is excepted", subject: forged, policy: with(func(p *Policy) {
			*p = *pins
			p.Exceptions = []Exception{{Package: "npm:@acme/web@1.1.0", Integrity: web.Integrity, Rules: []RuleName{RuleProvenanceInvalid}, Reason: "known", Owner: "me", Expires: now().Add(day)}}
		}), want: []string{"error"}},
		{name: "what is unknown is told by unverified", subject: []Subject{added(web, down(web))}, policy: pins},
		{name: "from git", subject: []Subject{unlooked(added(git, provenance.Evidence{}), "comes from git, no registry answers for it")}, policy: pins, want: []string{"error"}},
		{name: "in a bundle", subject: []Subject{inTarball}, policy: pins, want: []string{"warning"}},
		{name: "a folder of the repository", subject: []Subject{unlooked(added(entry("@acme/web@1.1.0", from(dep.Workspace, "packages/web")), provenance.Evidence{}), "comes from a file or folder")}, policy: pins},
		{name: "a folder that is linked", subject: []Subject{unlooked(added(entry("@acme/web@1.1.0", from(dep.File, "file:packages/web")), provenance.Evidence{}), "comes from a file or folder")}, policy: pins},
		{name: "a tarball of the repository", subject: []Subject{unlooked(added(packed, provenance.Evidence{}), "comes from a file or folder")}, policy: pins, want: []string{"error"}},
		{name: "under another name", subject: []Subject{added(alias, signed(alias))}, policy: pins, want: []string{"error"}},
		{name: "another package under its name", subject: []Subject{added(under, signed(under))}, policy: pins},
		{name: "no pin", subject: []Subject{added(web, signed(web))}},
		{name: "leaving", subject: []Subject{removed(web)}, policy: pins},
		{name: "many", subject: many, policy: pins, want: []string{"error"}},
	})
}

func TestCoverage(t *testing.T) {
	need := func(of string) *Policy { return with(func(p *Policy) { p.Require = of }) }
	some := with(func(p *Policy) { p.Packages = []PackageRule{{Match: "npm:@acme/*", Require: "all", Line: 7}} })
	least := with(func(p *Policy) { p.MinCoverage = 50 })
	drop := with(func(p *Policy) { p.MaxCoverageDrop = 5 })
	direct := entry("web@1.0.0", func(e *dep.Entry) { e.Direct = true })
	deep, acme := entry("deep@1.0.0"), entry("@acme/x@1.0.0", at(70))
	stays := func(e dep.Entry, ev provenance.Evidence) Subject {
		s := added(e, ev)
		s.Change.Kind = ""
		return s
	}
	both := []Subject{added(direct, signed(direct)), added(deep, signed(deep))}
	var many []Subject
	for i := range 6 {
		e := entry(fmt.Sprintf("p%d@1.0.0", i), at(10+i))
		many = append(many, added(e, signed(e)))
	}
	numbers := func(base, head Tally) []Inventory {
		return []Inventory{{Lockfile: "package-lock.json", Base: base, Head: head}}
	}
	held(t, RuleCoverage, []example{
		{name: "nothing is required", subject: both},
		{name: "direct", subject: both, policy: need("direct"), want: []string{"error"}},
		{name: "new", subject: both, policy: need("new"), want: []string{"error", "error"}},
		{name: "new, in an audit", subject: []Subject{stays(deep, signed(deep))}, policy: need("new")},
		{name: "direct, in an audit", subject: []Subject{stays(direct, signed(direct))}, policy: need("direct"), want: []string{"error"}},
		{name: "all, also what stays", subject: both, counted: []Inventory{{Lockfile: "package-lock.json", Unchanged: []Subject{stays(acme, signed(acme))}}}, policy: need("all"), want: []string{"error", "error", "error"}},
		{name: "all of a scope", subject: both, counted: []Inventory{{Lockfile: "package-lock.json", Unchanged: []Subject{stays(acme, signed(acme)), stays(deep, signed(deep))}}}, policy: some, want: []string{"error"}},
		{name: "what stays and is gone", counted: []Inventory{{Lockfile: "package-lock.json", Unchanged: []Subject{stays(acme, provenance.Evidence{Package: acme.Package, Gone: true})}}}, policy: some, want: []string{"error"}},
		{name: "what stays and does not hold", counted: []Inventory{{Lockfile: "package-lock.json", Unchanged: []Subject{stays(acme, attested(acme, func(ev *provenance.Evidence) { ev.Provenance.Check = invalid("its log entry is missing") }))}}}, policy: some, want: []string{"error"}},
		{name: "what stays and is unknown", counted: []Inventory{{Lockfile: "package-lock.json", Unchanged: []Subject{stays(acme, down(acme))}}}, policy: some, want: []string{"unknown"}},
		{name: "what enters and is unknown is told by unverified", subject: []Subject{added(acme, down(acme))}, policy: some},
		{name: "what has it", subject: []Subject{added(direct, attested(direct))}, policy: need("all")},
		{name: "what no registry answers for", subject: []Subject{unlooked(added(entry("g@1.0.0", from(dep.Git, "git+https://github.com/a/g.git#1")), provenance.Evidence{}), "comes from git")}, policy: need("all")},
		{name: "what leaves", subject: []Subject{removed(direct)}, policy: need("all")},
		{name: "many", subject: many, policy: need("new"), want: []string{"error"}},
		{name: "enough", counted: numbers(Tally{}, Tally{Packages: 4, Verified: 2}), policy: least},
		{name: "too few", counted: numbers(Tally{}, Tally{Packages: 1000, Verified: 499, LeftOut: 3}), policy: least, want: []string{"error"}},
		{name: "too few, whatever the unknown ones are", counted: numbers(Tally{}, Tally{Packages: 10, Verified: 1, Unknown: 1, Reason: "the registry answered 503."}), policy: least, want: []string{"error"}},
		{name: "the unknown ones decide", counted: numbers(Tally{}, Tally{Packages: 10, Verified: 4, Unknown: 1, Reason: "the registry answered 503."}), policy: least, want: []string{"unknown"}},
		{name: "an empty lockfile", counted: numbers(Tally{}, Tally{LeftOut: 2}), policy: least},
		{name: "it falls within bounds", counted: numbers(Tally{Packages: 20, Verified: 10}, Tally{Packages: 20, Verified: 9}), policy: drop},
		{name: "it falls too far", counted: numbers(Tally{Packages: 20, Verified: 10}, Tally{Packages: 40, Verified: 10}), policy: drop, want: []string{"error"}},
		{name: "whether it falls is unknown", counted: numbers(Tally{Packages: 20, Verified: 9, Unknown: 1}, Tally{Packages: 20, Verified: 8}), policy: drop, want: []string{"unknown"}},
		{name: "a new lockfile", counted: numbers(Tally{}, Tally{Packages: 20}), policy: drop},
		{name: "it falls unless the unknown ones turn out well", counted: numbers(Tally{Packages: 20, Verified: 10}, Tally{Packages: 20, Verified: 8, Unknown: 2}), policy: drop, want: []string{"unknown"}},
		{name: "an emptied lockfile", counted: numbers(Tally{Packages: 20, Verified: 10}, Tally{}), policy: drop},
	})
}

func TestCount(t *testing.T) {
	a, b, c := entry("a@1.0.0"), entry("b@1.0.0"), entry("c@1.0.0")
	gone, forged := provenance.Evidence{Package: c.Package, Gone: true}, entry("f@1.0.0")
	got := Count([]Subject{added(a, attested(a)), added(a, attested(a)), added(b, down(b)), added(c, gone),
		unlooked(added(entry("d@1.0.0"), provenance.Evidence{}), "comes from elsewhere"), added(entry("e@1.0.0"), attested(a)), added(entry("e@1.0.0", digests(digest("x"))), signed(a)),
		added(forged, attested(forged, func(ev *provenance.Evidence) { ev.Provenance.Check = invalid("it was edited") })), added(forged, attested(forged))})
	if want := (Tally{Packages: 5, Verified: 1, Unknown: 1, LeftOut: 1, Reason: "the registry answered 503"}); got != want {
		t.Errorf("%+v", got)
	}
}

func TestNeedsInventory(t *testing.T) {
	for name, c := range map[string]struct {
		edit            func(*Policy)
		needed, counted bool
	}{
		"the default":           {func(*Policy) {}, false, false},
		"all":                   {func(p *Policy) { p.Require = "all" }, true, false},
		"all of some":           {func(p *Policy) { p.Packages = []PackageRule{{Match: "npm:a", Require: "all"}} }, true, false},
		"a minimum":             {func(p *Policy) { p.MinCoverage = 1 }, true, true},
		"a drop":                {func(p *Policy) { p.MaxCoverageDrop = 99 }, true, true},
		"all, and switched off": {func(p *Policy) { *p = p.With(RuleCoverage, Off); p.Require, p.MinCoverage = "all", 3 }, false, false},
		"new":                   {func(p *Policy) { p.Require = "new" }, false, false},
		"all, and a notice of some": {func(p *Policy) {
			*p = p.With(RuleCoverage, Off)
			p.Require, p.Packages = "all", []PackageRule{{Match: "npm:a", Rules: map[RuleName]Severity{RuleCoverage: Notice}}}
		}, true, false},
	} {
		if needed, counted := NeedsInventory(*with(c.edit)); needed != c.needed || counted != c.counted {
			t.Errorf("%s: %v %v", name, needed, counted)
		}
	}
}

func except(pkg string, rules ...RuleName) Exception {
	return Exception{Package: pkg, Rules: rules, Reason: "known", Owner: "@acme/security", Expires: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), Line: 50}
}

func TestExceptionsPardonWhatTheyNameAndNothingElse(t *testing.T) {
	old, next := entry("axios@1.14.0"), entry("axios@1.14.1")
	lost := updated(old, attested(old), next, signed(next))
	repinned := repin(next, entry("axios@1.14.1", digests(digest("other"))))
	wrong := added(next, signed(next, func(ev *provenance.Evidence) {
		ev.Digest.Check, ev.Digest.Differs = invalid("the lockfile's is another"), "lockfile"
	}))
	both := []RuleName{RuleProvenanceLost, RulePublisherLost}
	sri := next.Integrity
	dated := func(x Exception, day int) Exception {
		x.Expires = time.Date(2026, 10, day, 0, 0, 0, 0, time.UTC)
		return x
	}
	bytes := func(x Exception, sri string) Exception { x.Integrity = sri; return x }
	accepted := func(s Subject, rule RuleName) Acceptance {
		a := acceptanceFor(s.Change.Entry, rule)
		a.Reason, a.By, a.Number = "looked at it", "robin", 12
		return a
	}
	moved := accepted(lost, RulePublisherLost)
	moved.Lockfile = "web/package-lock.json"
	for _, c := range []struct {
		name     string
		subject  Subject
		policy   []Exception
		accepted []Acceptance
		want     Conclusion
		excepted int
	}{
		{"none", lost, nil, nil, Failure, 0},
		{"both", lost, []Exception{except("npm:axios@1.14.1", both...)}, nil, Success, 2},
		{"one of two", lost, []Exception{except("npm:axios@1.14.1", RuleProvenanceLost)}, nil, Failure, 1},
		{"another version", lost, []Exception{except("npm:axios@1.14.2", both...)}, nil, Failure, 0},
		{"the last day is over", lost, []Exception{dated(except("npm:axios", both...), 31)}, nil, Failure, 0},
		{"for its digest", lost, []Exception{bytes(except("npm:axios", both...), sri)}, nil, Success, 2},
		{"for another digest", lost, []Exception{bytes(except("npm:axios", both...), old.Integrity)}, nil, Failure, 0},
		{"a digest beside another one", added(entry("axios@1.14.1", digests(digest("axios@1.14.1"), digest("evil"))), wrong.Evidence), []Exception{bytes(except("npm:axios@1.14.1", RuleDigestMismatch), sri)}, nil, Failure, 0},
		{"repinned", repinned, []Exception{except("npm:axios", RuleRepinned, RuleDigestMismatch)}, nil, Success, 1},
		{"a grave rule by name alone", wrong, []Exception{except("npm:axios@1.14.1", RuleDigestMismatch)}, nil, Failure, 0},
		{"a grave rule by range and digest", wrong, []Exception{bytes(except("npm:axios@^1", RuleDigestMismatch), sri)}, nil, Failure, 0},
		{"a grave rule by version and digest", wrong, []Exception{bytes(except("npm:axios@1.14.1", RuleDigestMismatch), sri)}, nil, Success, 1},
		{"what is unknown", added(next, down(next)), []Exception{except("npm:axios", RuleUnverified, RuleProvenanceLost)}, nil, ActionRequired, 0},
		{"accepted", lost, nil, []Acceptance{accepted(lost, RuleProvenanceLost), accepted(lost, RulePublisherLost)}, Success, 2},
		{"accepted for another lockfile", lost, nil, []Acceptance{accepted(lost, RuleProvenanceLost), moved}, Failure, 1},
		{"accepted for other bytes", repinned, nil, []Acceptance{accepted(repin(next, next), RuleRepinned)}, Failure, 0},
		{"a grave rule is never accepted", wrong, nil, []Acceptance{accepted(wrong, RuleDigestMismatch)}, Failure, 0},
	} {
		p := with(func(p *Policy) { p.Exceptions = c.policy })
		v := Judge(Input{Subjects: []Subject{c.subject}, Acceptances: c.accepted}, *p, now().Add(23*time.Hour))
		if v.Conclusion != c.want || len(v.Excepted) != c.excepted {
			t.Errorf("%s: %s with %d excepted, expected %s with %d\n%+v", c.name, v.Conclusion, len(v.Excepted), c.want, c.excepted, v.Findings)
		}
		for _, x := range v.Excepted {
			if (x.Pardon.Exception == nil) == (x.Pardon.Acceptance == nil) {
				t.Errorf("%s: %+v", c.name, x.Pardon)
			}
		}
	}
}

func TestManyExceptedFindingsOfOneCauseAreToldTogether(t *testing.T) {
	var subjects []Subject
	for i := range 9 {
		old, e := entry(fmt.Sprintf("p%d@1.0.0", i)), entry(fmt.Sprintf("p%d@1.0.1", i), func(e *dep.Entry) { e.InstallScript = true })
		subjects = append(subjects, updated(old, signed(old), e, signed(e)))
	}
	p := with(func(p *Policy) { p.Exceptions = []Exception{except("npm:p[0-4]", RuleInstallScript)} })
	v := Judge(Input{Subjects: subjects}, *p, now())
	if len(v.Excepted) != 1 || v.Excepted[0].Count != 5 || v.Excepted[0].Pardon.Exception.Line != 50 {
		t.Errorf("%+v", v.Excepted)
	}
	i := slices.IndexFunc(v.Findings, func(f Finding) bool { return f.Rule == RuleInstallScript })
	if i < 0 || v.Findings[i].Count != 4 {
		t.Errorf("%+v", v.Findings)
	}
}

func TestWhatIsStaleIsSaid(t *testing.T) {
	e := entry("axios@1.14.1")
	expired, idle := except("npm:axios", RuleTooNew), except("npm:gone@^2", RuleTooNew)
	expired.Expires = time.Date(2026, 10, 31, 0, 0, 0, 0, time.UTC)
	p := with(func(p *Policy) { p.Exceptions = []Exception{expired, idle} })
	for whole, want := range map[bool]string{
		false: "An exception of the policy has expired and no longer holds: line 50, for npm:axios until 2026-10-31.",
		true: "An exception of the policy has expired and no longer holds: line 50, for npm:axios until 2026-10-31. " +
			"An exception of the policy matches no package of the lockfiles that were looked at: line 50, for npm:gone@^2.",
	} {
		v := Judge(Input{Subjects: []Subject{added(e, attested(e))}, Whole: whole}, *p, now())
		var got []string
		for _, f := range v.Findings {
			if f.Rule == RulePolicy {
				got = append(got, f.Message)
			}
		}
		if s := strings.Join(got, " "); s != want || v.Conclusion != Success {
			t.Errorf("%s: %s", v.Conclusion, s)
		}
	}
}

func TestPinsAreMadeOfWhatIsProven(t *testing.T) {
	by := func(id, repository string, edits ...func(*provenance.Identity)) provenance.Evidence {
		return attested(entry(id), builtBy(func(i *provenance.Identity) {
			i.Repository = repository
			for _, edit := range edits {
				edit(i)
			}
		}))
	}
	branch := func(i *provenance.Identity) { i.Ref = "refs/heads/main" }
	hostile := func(i *provenance.Identity) { i.Workflow = "a\"\n- match: x`*" }
	mono := "https://github.com/acme/mono"
	got := PinsYAML(Pins([]provenance.Evidence{
		by("@acme/a@1.0.0", mono), by("@acme/b@2.0.0", mono),
		by("@half/a@1.0.0", mono), by("@half/b@1.0.0", mono), signed(entry("@half/c@1.0.0")),
		by("two@1.0.0", mono), by("two@2.0.0", mono, branch),
		by("moved@1.0.0", mono), by("moved@2.0.0", "https://github.com/evil/mono"),
		by("sometimes@1.0.0", mono), signed(entry("sometimes@2.0.0")),
		by("main@1.0.0", mono, branch), by("odd@1.0.0", mono, hostile), by("`x`@1.0.0", mono), signed(entry("none@1.0.0")),
	}))
	golden(t, "testdata/pins.golden", got)

	old, next := entry("axios@1.14.0"), entry("axios@1.14.1")
	s := updated(old, attested(old), next, signed(next))
	if pins := Offer([]Subject{s, s, added(next, attested(next))}, Default()); len(pins) != 1 || pins[0].Match != "npm:axios" || pins[0].Identity.Repository != "github.com/acme/axios" {
		t.Errorf("%+v", pins)
	}
	if pins := Offer([]Subject{s}, *with(func(p *Policy) {
		p.Packages = []PackageRule{{Match: "npm:ax*", Identity: IdentityPin{Ref: "refs/tags/*"}}}
	})); len(pins) != 0 {
		t.Errorf("pinned already: %+v", pins)
	}
}

// Two blocks for one version are equally specific: the later one decides. A name that is a
// glob is not one release, whatever version stands behind it.
func TestEquallySpecificBlocks(t *testing.T) {
	p := Policy{Packages: []PackageRule{{Match: "npm:left@1.0.0", Require: "all"}, {Match: "npm:left@=1.0.0", Require: "none"}}}
	if got := p.RequireOf(entry("left@1.0.0").Package); got != "none" {
		t.Errorf("%s holds", got)
	}
	for pattern, one := range map[string]bool{"npm:left@1.0.0": true, "npm:@a/b@1.0.0-rc.1": true, "npm:l*@1.0.0": false, "npm:left@^1.0.0": false, "npm:left": false} {
		if got := splitPattern(pattern).One(); got != one {
			t.Errorf("%s: %v", pattern, got)
		}
	}
}

// Patterns of every specificity are ordered without comparing each with each, and what is
// kept of each package is small: a pull request may bring them along.
func TestManyBlocksForManyVersionsAreOrderedInTime(t *testing.T) {
	p := with(func(p *Policy) {
		for i := range 2000 {
			match := fmt.Sprintf("npm:left@>=0.%d", i)
			if i%2 == 1 {
				match = "npm:*"
			}
			p.Packages = append(p.Packages, PackageRule{Match: match, Require: fmt.Sprint(i)})
		}
	})
	p.matched = map[dep.Package][]int{}
	for i := range 200 { // each compared with each would take minutes
		if b, ok := p.block(npm(fmt.Sprintf("left@2000.0.%d", i)), requires); !ok || b.Require != "1998" {
			t.Fatalf("%+v", b)
		}
	}
}
