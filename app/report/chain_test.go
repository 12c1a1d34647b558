package report

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
)

// released is a release as bonafide verify asks for it, with or without a lockfile's digest.
func released(name string, locked bool, change func(*provenance.Evidence)) Package {
	e := entry(name, "1.3.1", 0)
	e.Lockfile, e.Location, e.Scope = "", "", ""
	ev := proven(e, "https://github.com/harbour/"+name)
	if !locked {
		e.Integrity, e.Digests, ev.Digest.Lockfile = "", nil, ""
	}
	if change != nil {
		change(&ev)
	}
	return Package{Entry: e, Occurrences: 1, Evidence: ev}
}

// chainsOf has a release for every way in which a chain can hold or break.
func chainsOf() Report {
	none := because(provenance.Absent, "The registry announces no attestation of plain@1.3.1.")
	down := because(provenance.Unknown, "The registry answered 503 three times.")
	packages := []Package{
		released("whole", true, func(e *provenance.Evidence) {
			e.Signature.DateSource = "transparency log"
			e.Publish.Log = &provenance.Log{Index: 123456780, Time: clock}
			e.Release.Publisher = registry.Publisher{Name: "GitHub Actions", TrustedPublisher: "github", Approver: "somebody"}
		}),
		released("no-lockfile", false, func(e *provenance.Evidence) { e.Provenance.Identity.Run = "" }),
		released("plain", true, func(e *provenance.Evidence) {
			e.Provenance, e.Publish, e.Digest.Attested = provenance.Provenance{Check: none}, provenance.Publish{Check: none}, ""
		}),
		released("forged", true, func(e *provenance.Evidence) {
			e.Provenance.Check = because(provenance.Invalid, "The provenance of forged@1.3.1 does not hold: its certificate was not issued by a certificate authority of the trusted root.")
		}),
		released("moved", true, func(e *provenance.Evidence) {
			e.Digest.Check, e.Digest.Differs = because(provenance.Invalid, "The registry states "+sri("other")+" for moved@1.3.1; the lockfile and the attestations say "+e.Digest.Lockfile+"."), "registry"
			e.Digest.Registry = sri("other")
		}),
		released("repinned", true, func(e *provenance.Evidence) {
			e.Digest.Check, e.Digest.Differs = because(provenance.Invalid, "The lockfile has another digest of repinned@1.3.1 than the registry states."), "lockfile"
			e.Digest.Registry = sri("other")
		}),
		released("unlike", false, func(e *provenance.Evidence) {
			e.Digest.Check, e.Digest.Differs = because(provenance.Invalid, "The attestations of unlike@1.3.1 are for another digest than the registry states."), "attested"
			e.Digest.Attested = sri("other")
		}),
		released("unpublished", true, func(e *provenance.Evidence) {
			e.Publish.Check = because(provenance.Invalid, "The publish attestation of unpublished@1.3.1 does not hold: its signature does not cover its content.")
		}),
		released("unsigned", true, func(e *provenance.Evidence) {
			e.Signature = provenance.Signature{Check: because(provenance.Invalid, "The registry's signature of unsigned@1.3.1 does not cover its name, version and integrity.")}
		}),
		released("down", true, func(e *provenance.Evidence) {
			*e = provenance.Evidence{Package: e.Package, Signature: provenance.Signature{Check: down}, Publish: provenance.Publish{Check: down},
				Provenance: provenance.Provenance{Check: down}, Digest: provenance.Digest{Check: down}}
		}),
	}
	r := diffReport(policy.Failure, packages)
	r.Kind, r.Lockfiles, r.PolicyFrom = Verify, nil, "the defaults"
	return r
}

func TestChainsLookAsTheyShould(t *testing.T) {
	for _, width := range []int{80, 140} {
		var b bytes.Buffer
		if err := Table(&b, chainsOf(), TableOptions{Width: width}); err != nil {
			t.Fatal(err)
		}
		golden(t, fmt.Sprintf("table-verify-%d", width), b.Bytes())
	}
}

func TestTheStatesOfAChainHaveColors(t *testing.T) {
	out := drawn(t, chainsOf(), TableOptions{Width: 80, Color: true})
	for _, line := range []string{
		"  \x1b[32m●\x1b[0m source commit: \x1b[32mverified\x1b[0m\n",
		"  \x1b[1;31m✗\x1b[0m registry: \x1b[1;31minvalid\x1b[0m\n",
		"  \x1b[33m?\x1b[0m registry: \x1b[33munknown\x1b[0m\n",
		"  ○ your lockfile: none\n",
	} {
		if !strings.Contains(out, line) {
			t.Errorf("it lacks %q:\n%q", line, out)
		}
	}
}

// chainAlone is the drawing of one release.
func chainAlone(t *testing.T, p Package) string {
	t.Helper()
	var b bytes.Buffer
	r := diffReport(policy.Success, []Package{p})
	r.Kind, r.Lockfiles = Verify, nil
	if err := Table(&b, r, TableOptions{Width: 80}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestAChainShowsNothingThatIsNotProven(t *testing.T) {
	for _, state := range []provenance.State{provenance.Absent, provenance.Invalid, provenance.Unknown, ""} {
		out := chainAlone(t, released("tide", true, func(e *provenance.Evidence) { e.Provenance.State = state }))
		for _, named := range []string{"3f786850e387", "release.yml", "harbour/tide", "9001", "123456789", "token.actions"} {
			if strings.Contains(out, named) {
				t.Errorf("%q: it shows %s\n%s", state, named, out)
			}
		}
	}
}

func TestABrokenChainSaysWhere(t *testing.T) {
	for _, p := range chainsOf().Packages {
		broken := slices.ContainsFunc([]provenance.Check{p.signature(), p.publish(), p.provenance(), p.digest()}, func(c provenance.Check) bool { return c.State == provenance.Invalid })
		if out := chainAlone(t, p); strings.Contains(out, "✗ breaks here: ") != broken {
			t.Errorf("it is broken: %v\n%s", broken, out)
		}
	}
}

func TestAChainIsHarmless(t *testing.T) {
	for _, s := range hostileNames() {
		p := released("tide", true, func(e *provenance.Evidence) {
			*e.Provenance.Identity = provenance.Identity{Issuer: s, Signer: s, Repository: s, Commit: s, Ref: s, Workflow: s, Trigger: s, Runner: s, Run: s}
			e.Provenance.PredicateType, e.Signature.KeyID, e.Signature.DateSource, e.Publish.KeyID = s, s, s, s
			e.Release.Publisher = registry.Publisher{Name: s, TrustedPublisher: s, Approver: s}
			e.Digest.Registry, e.Digest.Attested = s, s
		})
		out := chainAlone(t, p)
		if strings.ContainsFunc(strings.ReplaceAll(out, "\n", ""), hidden) {
			t.Errorf("%q shows what nobody sees:\n%q", s, out)
		}
	}
}

func TestAChainLinksOnlyWhatIsKnownToBeAnAddress(t *testing.T) {
	addresses := func(p Package) (out []string) {
		for _, l := range ChainOf(p) {
			for _, f := range l.Facts {
				if f.Address != "" {
					out = append(out, f.Name+" "+f.Address)
				}
			}
		}
		return out
	}
	const at = "https://github.com/harbour/tide"
	want := []string{"repository " + at, "commit " + at + "/commit/3f786850e387550fdab836ed7e6dc881de23001b",
		"workflow " + at + "/blob/3f786850e387550fdab836ed7e6dc881de23001b/.github/workflows/release.yml", "run " + at + "/actions/runs/9001/attempts/1"}
	if got := addresses(released("tide", true, nil)); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	for _, s := range hostileNames() {
		p := released("tide", true, func(e *provenance.Evidence) {
			*e.Provenance.Identity = provenance.Identity{Issuer: s, Signer: s, Repository: s, Commit: s, Ref: s, Workflow: s, Trigger: s, Runner: s, Run: s}
		})
		if got := addresses(p); len(got) > 0 {
			t.Errorf("%q is linked: %q", s, got)
		}
	}
}

func TestAChainOfWhatNobodyWasAskedAboutSaysWhy(t *testing.T) {
	p := released("tide", true, nil)
	p.NotLookedUp = "comes from git, no registry answers for it"
	for _, l := range ChainOf(p) {
		if l.State != "absent" || l.Reason != "It comes from git, no registry answers for it." {
			t.Errorf("%+v", l)
		}
	}
}

func TestTheVersionBeforeHasAChainOfItsOwn(t *testing.T) {
	if _, ok := Before(released("tide", true, nil)); ok {
		t.Error("there is a version before of which nothing is known")
	}
	now := updated(entry("tide", "2.0.0", 4), "1.3.1", signedOnly(entry("tide", "2.0.0", 4)))
	old := proven(entry("tide", "1.3.1", 0), "https://github.com/harbour/tide")
	now.Replaced = &old
	was, ok := Before(now)
	if !ok || was.Entry.Package.Version != "1.3.1" || was.trust() != provenance.TrustProvenance {
		t.Fatalf("%+v", was)
	}
	for _, l := range ChainOf(was) {
		if l.State != "verified" {
			t.Errorf("%+v", l)
		}
	}
}
