package policy

import (
	"fmt"
	"testing"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
)

// hushed is a subject that nobody was asked about, because it is private.
func hushed(s Subject, by string) Subject {
	s.Evidence = provenance.Evidence{}
	s.Private, s.NotLookedUp = by, "is private, not looked up"
	return s
}

func TestNotLookedUp(t *testing.T) {
	const corp = "the registry npm.example.com"
	a, b := entry("@my-org/button@1.0.0"), entry("@my-org/form@2.0.0")
	older, newer := entry("@my-org/form@1.9.0"), entry("axios@1.14.1")
	newer.Integrity, newer.Digests = "", nil
	uncounted := added(newer, signed(newer))
	uncounted.Mirror, uncounted.Uncounted = true, "it comes from a mirror, and no digest of the lockfile shows that it is the release that the registry has"
	held(t, RuleNotLookedUp, []example{
		{name: "a private package", subject: []Subject{hushed(added(a, provenance.Evidence{}), corp)}, want: []string{"notice"}},
		{name: "several of one registry", subject: []Subject{hushed(added(a, provenance.Evidence{}), corp), hushed(updated(older, provenance.Evidence{}, b, provenance.Evidence{}), corp)}, want: []string{"notice"}},
		{name: "a scope and a registry", subject: []Subject{hushed(added(a, provenance.Evidence{}), "the scope @my-org"), hushed(added(b, provenance.Evidence{}), corp)}, want: []string{"notice", "notice"}},
		{name: "one that was removed", subject: []Subject{hushed(Subject{Change: dep.Change{Kind: dep.Removed, Entry: a}}, corp)}},
		{name: "a mirror without a digest", subject: []Subject{uncounted}, want: []string{"notice"}},
		{name: "one that was looked up", subject: []Subject{added(entry("axios@1.14.1"), signed(entry("axios@1.14.1")))}},
	})
}

// A private package is no unknown: nothing else is said of it, unless something was lost.
func TestWhatIsPrivateDoesNotFailByItself(t *testing.T) {
	const corp = "the registry npm.example.com"
	a, old := entry("@my-org/button@1.1.0"), entry("@my-org/button@1.0.0")
	for _, x := range []struct {
		name string
		s    Subject
		edit func(*Policy)
		want Conclusion
		says RuleName
	}{
		{"added", hushed(added(a, provenance.Evidence{}), corp), func(*Policy) {}, Success, RuleNotLookedUp},
		{"private before", hushed(updated(old, provenance.Evidence{}, a, provenance.Evidence{}), corp), func(*Policy) {}, Success, RuleNotLookedUp},
		{"built in the open before", hushed(updated(old, attested(old), a, provenance.Evidence{}), corp), func(*Policy) {}, Failure, RuleProvenanceLost},
		{"asked about in vain before", hushed(updated(old, provenance.Evidence{Package: old.Package, Provenance: provenance.Provenance{Check: provenance.Check{State: provenance.Unknown, Reason: "the registry answered 503"}}}, a, provenance.Evidence{}), corp), func(*Policy) {}, ActionRequired, RuleUnverified},
		{"provenance is required", hushed(added(a, provenance.Evidence{}), corp), func(p *Policy) { p.Require = "new" }, Failure, RuleCoverage},
		{"not of these", hushed(added(a, provenance.Evidence{}), corp), func(p *Policy) {
			p.Require, p.Packages = "new", []PackageRule{{Match: "npm:@my-org/*", Require: "none"}}
		}, Success, RuleNotLookedUp},
		{"pinned", hushed(added(a, provenance.Evidence{}), corp), func(p *Policy) {
			p.Packages = []PackageRule{{Match: "npm:@my-org/*", Identity: IdentityPin{Repository: "github.com/my-org/*"}}}
		}, Failure, RuleIdentityPinned},
	} {
		p := Default()
		x.edit(&p)
		v := Judge(Input{Subjects: []Subject{x.s}}, p, now())
		found := false
		for _, f := range v.Findings {
			found = found || f.Rule == x.says
		}
		if v.Conclusion != x.want || !found {
			t.Errorf("%s: %s: %+v", x.name, v.Conclusion, v.Findings)
		}
	}
}

// A share counts private packages as without provenance.
func TestAPrivatePackageCountsAsWithoutProvenance(t *testing.T) {
	if got := Count([]Subject{hushed(added(entry("@my-org/a@1.0.0"), provenance.Evidence{}), "the scope @my-org")}); got != (Tally{Packages: 1}) {
		t.Errorf("%+v", got)
	}
}

// Under one name, two registries have what two people published.
func TestANameThatMovesToThePublicRegistryIsTold(t *testing.T) {
	e, old := entry("@my-org/a@9.9.9"), entry("@my-org/a@1.0.0")
	s := updated(old, provenance.Evidence{}, e, signed(e))
	s.Left = "the registry npm.example.com"
	for _, f := range Judge(Input{Subjects: []Subject{s}}, Default(), now()).Findings {
		if f.Rule == RuleExoticSource && f.Severity == Warning {
			return
		}
	}
	t.Error("nothing is said")
}

// What a repository lists is bounded by the floor, and what is not granted is said.
func TestAFloorBoundsWhatIsPrivateAndMirrored(t *testing.T) {
	p := Default()
	p.Registries = Registries{Mirrors: []string{"https://m.example", "https://n.example"}, Private: []string{"@a", "@b"}}
	for _, x := range []struct {
		floor Registries
		want  Registries
		notes int
	}{
		{Registries{}, Registries{}, 2},
		{Registries{Mirrors: []string{"https://m.example"}, Private: []string{"@b"}}, Registries{Mirrors: []string{"https://m.example"}, Private: []string{"@b"}}, 2},
		{Registries{Mirrors: p.Registries.Mirrors, Private: []string{"@*"}}, p.Registries, 0},
	} {
		f := Floor{Source: "acme/.github", Registries: x.floor, MaxCoverageDrop: 100}
		got := f.Over(p)
		again := f.Over(got)
		if fmt.Sprint(got.Registries) != fmt.Sprint(x.want) || len(got.Notes) != x.notes || fmt.Sprint(again.Registries) != fmt.Sprint(x.want) || len(again.Notes) != x.notes {
			t.Errorf("%v: %v, %q", x.floor, got.Registries, got.Notes)
		}
	}
}

// A release that does not count, for want of a digest, has lost nothing against its line, whose
// releases would not count either. One that the registry itself knows no provenance of has.
func TestWhatDoesNotCountIsNotHeldAgainstItsLine(t *testing.T) {
	for _, x := range []struct {
		from, marks string // of the release that enters
		want        Conclusion
	}{{"1.0.0", "P", Success}, {"1.1.0", "P", Success}, {"1.0.0", "", Failure}, {"1.1.0", "", Failure}} {
		line := []registry.Past{past("1.0.0", 200, "P"), past("1.1.0", 100, "P"), past("1.2.0", 20, x.marks)}
		s := moves(x.from, "1.2.0", line...)
		s.Mirror, s.Uncounted = true, "it comes from a mirror, and no digest of the lockfile shows that it is the release that the registry has"
		for _, ev := range []*provenance.Evidence{&s.Evidence, &s.Replaced[0]} {
			ev.Signature = provenance.Signature{Check: absent("not counted"), NotRequired: true}
			ev.Publish, ev.Provenance = provenance.Publish{Check: absent("not counted")}, provenance.Provenance{Check: absent("not counted")}
			ev.Digest.Check, ev.Release.Publisher = absent("of the package manager's own archive"), registry.Publisher{}
		}
		for _, e := range []*dep.Entry{&s.Change.Entry, &s.Change.Replaces[0]} {
			e.Digests, e.Integrity, e.OwnDigest = nil, "10c0/abc", true
		}
		s = remembering(s, line, func(ev *provenance.Evidence) { ev.Release.Publisher = registry.Publisher{} })
		if v := Judge(Input{Subjects: []Subject{s}}, Default(), now()); v.Conclusion != x.want {
			t.Errorf("%+v: %s: %+v", x, v.Conclusion, v.Findings)
		}
	}
}
