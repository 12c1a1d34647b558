package report

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
)

// words are texts as they may come from outside, and empty ones.
func words(t *rapid.T, what string) string {
	return strings.ToValidUTF8(rapid.OneOf(rapid.Just(""), rapid.SampledFrom(hostileNames()), rapid.StringN(0, 12, 40)).Draw(t, what), "")
}

func anyOf[T any](t *rapid.T, what string, values ...T) T {
	return rapid.SampledFrom(values).Draw(t, what)
}

func moment(t *rapid.T, what string) time.Time {
	if rapid.Bool().Draw(t, what+" is known") {
		return time.Unix(rapid.Int64Range(0, 4e9).Draw(t, what), 0).UTC()
	}
	return time.Time{}
}

func packageNamed(t *rapid.T) dep.Package {
	if rapid.IntRange(0, 3).Draw(t, "odd name") == 0 {
		return dep.Package{Ecosystem: anyOf(t, "ecosystem", dep.NPM, dep.JSR, dep.Generic), Name: words(t, "name"), Version: words(t, "version")}
	}
	return npm(anyOf(t, "name", "left-pad", "@babel/core", "a"), anyOf(t, "version", "1.0.0", "2.0.0-rc.1+x"))
}

func digestText(t *rapid.T, what string) string {
	return anyOf(t, what, "", sri("a"), sri("b"), "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=")
}

func checkOf(t *rapid.T, what string) provenance.Check {
	c := provenance.Check{State: anyOf(t, what, provenance.Verified, provenance.Absent, provenance.Invalid, provenance.Unknown, "")}
	if c.State != provenance.Verified {
		c.Reason = words(t, what+" reason")
	}
	return c
}

func logOrNone(t *rapid.T) *provenance.Log {
	if rapid.Bool().Draw(t, "logged") {
		return &provenance.Log{Index: rapid.Int64Range(0, 1<<40).Draw(t, "index"), Time: time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "time"), 0).UTC()}
	}
	return nil
}

func anyEvidence(t *rapid.T, p dep.Package, locked string) provenance.Evidence {
	e := provenance.Evidence{
		Package:   p,
		Signature: provenance.Signature{Check: checkOf(t, "signature"), KeyID: words(t, "key"), DateSource: words(t, "date source")},
		Publish:   provenance.Publish{Check: checkOf(t, "publish"), KeyID: words(t, "publish key"), Log: logOrNone(t)},
		Provenance: provenance.Provenance{
			Check: checkOf(t, "provenance"), Announced: rapid.Bool().Draw(t, "announced"), PredicateType: words(t, "predicate type"), Log: logOrNone(t),
		},
		Digest: provenance.Digest{
			Check: checkOf(t, "digest"), Lockfile: locked, Registry: digestText(t, "registry digest"), Attested: digestText(t, "attested digest"),
			Differs: anyOf(t, "differs", "", "lockfile", "registry", "attested"),
		},
	}
	if rapid.Bool().Draw(t, "released") {
		e.Release = &registry.Release{Deprecated: words(t, "deprecated"), Publisher: registry.Publisher{
			Name: words(t, "publisher"), TrustedPublisher: anyOf(t, "trusted publisher", "", "github", "x|y"), Approver: words(t, "approver"),
		}}
	}
	if rapid.Bool().Draw(t, "identified") {
		repository := anyOf(t, "repository", "https://github.com/a/b", "https://gitlab.com/a/b/c", "x")
		e.Provenance.Identity = &provenance.Identity{
			Issuer: words(t, "issuer"), Signer: words(t, "signer"), Repository: repository, RepositoryID: anyOf(t, "id", "", "1", "2"), OwnerID: anyOf(t, "owner", "", "3"),
			Commit: anyOf(t, "commit", "", "3f786850e387550fdab836ed7e6dc881de23001b", "89e6c98d92887913cadf06b2adb97f26cde4849b", "x"), Ref: words(t, "ref"),
			Workflow: anyOf(t, "workflow", "", ".github/workflows/release.yml"), Trigger: words(t, "trigger"), Runner: words(t, "runner"), Run: anyOf(t, "run", "", repository+"/actions/runs/1", "y"),
		}
	}
	return e
}

func anyPackage(t *rapid.T) Package {
	e := dep.Entry{
		Package: packageNamed(t), Alias: words(t, "alias"), Lockfile: anyOf(t, "lockfile", "", "package-lock.json", "web/yarn.lock", "a|b"), Line: rapid.IntRange(0, 900).Draw(t, "line"),
		Source: anyOf(t, "source", dep.Registry, dep.Git, dep.Patch, ""), Resolved: words(t, "resolved"), Integrity: anyOf(t, "integrity", "", sri("a"), sri("a")+" "+sri("b"), "junk", "10c0/abc"),
		Scope: anyOf(t, "scope", "", dep.Prod, dep.Dev, dep.Optional, dep.Peer), Direct: rapid.Bool().Draw(t, "direct"), Bundled: rapid.Bool().Draw(t, "bundled"),
		InstallScript: rapid.Bool().Draw(t, "script"), Patch: words(t, "patch"), Workspaces: anyOf(t, "workspaces", nil, []string{"."}, []string{"web", "x`y"}),
	}
	if rapid.IntRange(0, 3).Draw(t, "little is said") == 0 {
		e.Unsaid, e.Scope = dep.FactScope|dep.FactDirect|dep.FactDependencies, dep.Prod
	}
	switch anyOf(t, "digests", "parsed", "own", "none", "else") {
	case "parsed":
		e.Digests = digestsOf(e.Integrity, false)
	case "own":
		e.OwnDigest = true
	case "else":
		e.Digests = []dep.Digest{{Algorithm: "sha1", Hex: "ab12"}, {Algorithm: "md5", Hex: "no hex"}}
	}
	locked := ""
	if len(e.Digests) > 0 {
		locked = dep.Strongest(e.Digests).SRI()
	}
	p := Package{
		Entry: e, Change: anyOf(t, "change", "", dep.Added, dep.Updated, dep.Removed, dep.Repinned), From: words(t, "from"), Occurrences: rapid.IntRange(0, 3).Draw(t, "occurrences"),
		Evidence: anyEvidence(t, e.Package, locked), Published: moment(t, "published"), NotLookedUp: anyOf(t, "not looked up", "", "", "comes from git", "was removed"),
		Manifests: anyOf(t, "manifests", nil, []Manifest{{"package.json", "x"}}),
	}
	if rapid.Bool().Draw(t, "replaces") {
		was := anyEvidence(t, dep.Package{Ecosystem: e.Package.Ecosystem, Name: e.Package.Name, Version: p.From}, digestText(t, "before"))
		p.Replaced = &was
	}
	return p
}

func anyFinding(t *rapid.T, packages []Package) policy.Finding {
	f := policy.Finding{
		Rule:     anyOf(t, "rule", policy.RuleProvenanceLost, policy.RuleTooNew, policy.RuleKnownMalware, policy.RuleUnverified, policy.RuleCoverage),
		Severity: anyOf(t, "severity", policy.Error, policy.Warning, policy.Notice), Unknown: rapid.IntRange(0, 4).Draw(t, "unknown") == 0,
		Lockfile: anyOf(t, "lockfile", "", "package-lock.json", "web/yarn.lock"), Line: rapid.IntRange(0, 900).Draw(t, "line"),
		Message: words(t, "message"), Help: words(t, "help"), Why: words(t, "why"), Benign: words(t, "benign"), Better: anyOf(t, "better", "", "1.0.0"),
	}
	switch {
	case len(packages) > 0 && rapid.Bool().Draw(t, "about one"):
		p := rapid.SampledFrom(packages).Draw(t, "about")
		f.Package, f.Lockfile = p.Entry.Package, p.Entry.Lockfile
	case rapid.Bool().Draw(t, "about many"):
		f.Count, f.Names = rapid.IntRange(1, 5).Draw(t, "count"), anyOf(t, "names", "", "left-pad@1.0.0", "left-pad@1.0.0\na@1.0.0")
	}
	if rapid.Bool().Draw(t, "linked") {
		f.Link = "https://github.com/advisories/GHSA-aaaa-bbbb-cccc"
		f.Help += " " + f.Link + "."
	}
	if rapid.Bool().Draw(t, "tell") {
		f.Tell = policy.Tell{To: anyOf(t, "to", policy.TellMaintainer, policy.TellRegistry), Repository: "https://github.com/a/b", Title: words(t, "title"), Body: words(t, "body")}
	}
	return f
}

func anyReport(t *rapid.T) Report {
	r := Report{
		Kind: anyOf(t, "kind", Diff, Audit, Verify), Conclusion: anyOf(t, "conclusion", policy.Success, policy.Failure, policy.ActionRequired, policy.Neutral),
		WouldFail: rapid.Bool().Draw(t, "would fail"), Mode: anyOf(t, "mode", "", policy.Enforce, policy.Observe), Comments: anyOf(t, "comments", "", policy.CommentAll, policy.CommentErrors),
		PolicyFrom: words(t, "policy from"), At: moment(t, "at"), Demo: rapid.Bool().Draw(t, "demo"),
	}
	for range rapid.IntRange(0, 5).Draw(t, "packages") {
		r.Packages = append(r.Packages, anyPackage(t))
	}
	for range rapid.IntRange(0, 4).Draw(t, "findings") {
		r.Findings = append(r.Findings, anyFinding(t, r.Packages))
	}
	for range rapid.IntRange(0, 2).Draw(t, "excepted") {
		x := policy.Excepted{Finding: anyFinding(t, r.Packages)}
		switch anyOf(t, "pardon", "exception", "acceptance", "none") {
		case "exception":
			x.Pardon.Exception = &policy.Exception{Owner: words(t, "owner"), Reason: words(t, "reason"), Expires: time.Date(2027, 3, rapid.IntRange(1, 31).Draw(t, "day"), 0, 0, 0, 0, time.UTC),
				File: words(t, "file"), Line: rapid.IntRange(0, 90).Draw(t, "line")}
		case "acceptance":
			x.Pardon.Acceptance = &policy.Acceptance{By: words(t, "by"), Reason: words(t, "reason"), Number: rapid.IntRange(1, 90).Draw(t, "number")}
		}
		r.Excepted = append(r.Excepted, x)
	}
	for range rapid.IntRange(0, 2).Draw(t, "lockfiles") {
		r.Lockfiles = append(r.Lockfiles, Lockfile{Path: words(t, "path"), Changed: rapid.IntRange(0, 9).Draw(t, "changed"), Note: words(t, "note")})
	}
	if rapid.Bool().Draw(t, "pins") {
		r.Pins, r.PinsShown = []policy.PackageRule{{Match: words(t, "match"), Identity: policy.IdentityPin{Repository: words(t, "repository"), Ref: words(t, "ref")}}}, rapid.Bool().Draw(t, "shown")
		r.PinsPatch = words(t, "patch")
	}
	if rapid.Bool().Draw(t, "preview") {
		r.Preview = &Preview{PolicyFrom: words(t, "proposed"), Conclusion: policy.Failure, Limits: anyOf(t, "limits", nil, []string{"x"})}
		for range rapid.IntRange(0, 2).Draw(t, "changes") {
			r.Preview.Changes = append(r.Preview.Changes, PreviewChange{Finding: anyFinding(t, r.Packages), Was: anyOf(t, "was", "", "error"), Is: anyOf(t, "is", "notice", Pardoned)})
		}
	}
	r.Summary = Summarise(r.Packages)
	return r
}

func TestAnyReportIsReadAsItWas(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := anyReport(rt)
		if rapid.IntRange(0, 3).Draw(rt, "narrowed") == 0 {
			r = Narrow(r, Filter{WithoutProvenance: true})
		}
		var text bytes.Buffer
		if err := JSON(&text, r); err != nil {
			rt.Fatal(err)
		}
		back, err := Read(&text)
		if err != nil {
			rt.Fatal(err)
		}
		got := renderings(t, back)
		for form, want := range renderings(t, r) {
			if got[form] != want {
				rt.Errorf("%s differs: %s", form, firstDifference(got[form], want))
			}
		}
	})
}

func FuzzRead(f *testing.F) {
	for _, r := range samples() {
		f.Add(jsonOf(f, r))
	}
	f.Add([]byte(`{"schema":"bonafide.report/v1","conclusion":"success","summary":{},"packages":null,"findings":[{}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := Read(bytes.NewReader(text))
		if err != nil {
			if !errors.Is(err, ErrNoReport) {
				t.Fatal(err)
			}
			return
		}
		var once, twice bytes.Buffer
		if err := JSON(&once, r); err != nil {
			t.Fatal(err)
		}
		again, err := Read(bytes.NewReader(once.Bytes()))
		if err != nil {
			t.Fatalf("what was read is not read again: %v", err)
		}
		if err := JSON(&twice, again); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(once.Bytes(), twice.Bytes()) {
			t.Errorf("it is not the same again: %s", firstDifference(twice.String(), once.String()))
		}
		List(r, Query{Text: "a"})
		for _, p := range r.Packages {
			ChainOf(p)
		}
	})
}
