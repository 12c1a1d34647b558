package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/access"
	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
	"github.com/bonafide-app/bonafide/app/report"
	"github.com/bonafide-app/bonafide/app/store"
)

// What follows is a server of one repository, acme/web, with whatever reports a test puts in.

const (
	headSHA  = "3f786850e387550fdab836ed7e6dc881de23001b"
	otherSHA = "89e6c98d92887913cadf06b2adb97f26cde4849b"
)

func testClock() time.Time { return time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC) }

// fakeGate lets a viewer see acme/web where sees is set.
type fakeGate struct{ signedIn, sees bool }

func (g *fakeGate) Viewer(*http.Request) (access.Viewer, bool) {
	if !g.signedIn {
		return access.Viewer{}, false
	}
	return access.Viewer{Person: access.Person{ID: 7, Login: "octo"}}, true
}

func (g *fakeGate) Repository(_ context.Context, _ access.Viewer, known access.Repository) (access.Repository, error) {
	if !g.sees || known.ID == 0 {
		return access.Repository{}, fmt.Errorf("acme/web: %w", access.ErrNone)
	}
	return known, nil
}

func (g *fakeGate) Repositories(context.Context, access.Viewer) ([]access.Repository, error) {
	return nil, nil
}
func (g *fakeGate) Public(context.Context, access.Repository) (bool, error) { return false, nil }
func (g *fakeGate) Routes(*http.ServeMux)                                   {}

// fakeStore has the reports of acme/web by "number/head"; what else the pages ask for, it
// does not have.
type fakeStore struct {
	Store
	reports   map[string]store.Report
	last      map[int]string
	sections  map[string][]int
	runs      []store.Run
	inventory *store.Inventory
	fault     error
	loads     int // of whole reports
}

func (s *fakeStore) Named(_ context.Context, owner, name string) (store.Repository, bool, error) {
	if !strings.EqualFold(owner+"/"+name, "acme/web") {
		return store.Repository{}, false, nil
	}
	if s.inventory != nil {
		return s.inventory.Repository, true, nil
	}
	return store.Repository{Installation: 1, ID: 2, Owner: "acme", Name: "web", Branch: "main"}, true, nil
}

func (s *fakeStore) Report(_ context.Context, installation int64, _, _ string, number int, head string) (store.Report, bool, error) {
	s.loads++
	r, ok := s.reports[fmt.Sprintf("%d/%s", number, head)]
	return r, ok && installation == 1, s.fault
}

func (s *fakeStore) ReportAt(_ context.Context, installation int64, _, _ string, number int, head string) (time.Time, bool, error) {
	r, ok := s.reports[fmt.Sprintf("%d/%s", number, head)]
	return r.At, ok && installation == 1, s.fault
}

func (s *fakeStore) LastHead(_ context.Context, _ int64, _, _ string, number int) (string, bool, error) {
	head, ok := s.last[number]
	return head, ok, s.fault
}

func (s *fakeStore) SectionsAt(_ context.Context, _ int64, _, _, head string) ([]int, error) {
	return s.sections[head], s.fault
}

func (s *fakeStore) Runs(_ context.Context, _ int64, _, _ string, number, _ int) ([]store.Run, error) {
	if number != 7 {
		return nil, nil
	}
	return s.runs, nil
}

func (s *fakeStore) InventoryOf(context.Context, int64, int64) (store.Inventory, bool, error) {
	if s.inventory == nil {
		return store.Inventory{}, false, s.fault
	}
	return *s.inventory, true, s.fault
}

// put stores a report about a pull request, or about a merge group.
func (s *fakeStore) put(t testing.TB, number int, head string, r report.Report) {
	t.Helper()
	s.reports[fmt.Sprintf("%d/%s", number, head)] = store.Report{
		Installation: 1, Owner: "acme", Repo: "web", Number: number, Head: head, JSON: jsonOf(t, r), At: testClock().Add(-time.Hour),
	}
	s.sections[head] = append(s.sections[head], number)
	s.last[number] = head
}

func newFakeStore() *fakeStore {
	return &fakeStore{reports: make(map[string]store.Report), last: make(map[int]string), sections: make(map[string][]int)}
}

type fakeBundles func(p dep.Package, integrity string) ([]byte, bool, error)

func (f fakeBundles) Bundles(_ context.Context, _ int64, p dep.Package, integrity string) ([]byte, bool, error) {
	return f(p, integrity)
}

func jsonOf(t testing.TB, r report.Report) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := report.Compact(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// site is a server over a store, and a viewer who may see acme/web.
func site(t testing.TB, s Store, bundles Bundles) (http.Handler, *fakeGate) {
	t.Helper()
	gate := &fakeGate{signedIn: true, sees: true}
	h, _ := serve(t, PagesOptions{Store: s, Gate: gate, Bundles: bundles})
	return h, gate
}

// serve makes pages of what a test gives, and of what all of them need.
func serve(t testing.TB, o PagesOptions) (http.Handler, *Pages) {
	t.Helper()
	o.GitHub, o.Addresses, o.Clock, o.Logger = "https://github.com", "https://bonafide.example.com", testClock, zerolog.New(zerolog.NewTestWriter(t))
	p, err := NewPages(o)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	p.routes(mux)
	return mux, p
}

func get(h http.Handler, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

var errStore = errors.New("the database is locked")

// Reports, made of values as the pipeline would.

func lockedEntry(name, version string, line int) dep.Entry {
	digest := dep.Digest{Algorithm: "sha512", Hex: strings.Repeat(fmt.Sprintf("%08x", uint32(len(name)*7919+line)), 16)}
	return dep.Entry{
		Package: dep.Package{Ecosystem: dep.NPM, Name: name, Version: version}, Lockfile: "package-lock.json", Location: "node_modules/" + name, Line: line,
		Source: dep.Registry, Integrity: digest.SRI(), Digests: []dep.Digest{digest}, Scope: dep.Prod,
	}
}

func verified() provenance.Check { return provenance.Check{State: provenance.Verified} }

func because(s provenance.State, reason string) provenance.Check {
	return provenance.Check{State: s, Reason: reason}
}

func signedOnly(e dep.Entry) provenance.Evidence {
	return provenance.Evidence{
		Package:    e.Package,
		Release:    &registry.Release{Package: e.Package, Integrity: e.Integrity, Digests: e.Digests},
		Signature:  provenance.Signature{Check: verified(), KeyID: "SHA256:DhQ8wR5APBvFHLF/+Tc+AYvPOdTpcIDqOhxsBHRwC7U"},
		Publish:    provenance.Publish{Check: because(provenance.Absent, "The registry announces no attestations.")},
		Provenance: provenance.Provenance{Check: because(provenance.Absent, "The registry announces no attestations.")},
		Digest:     provenance.Digest{Check: verified(), Lockfile: e.Integrity, Registry: e.Integrity},
	}
}

func proven(e dep.Entry, repository string) provenance.Evidence {
	ev := signedOnly(e)
	ev.Release.Attested, ev.Release.ProvenanceAnnounced = true, true
	ev.Publish = provenance.Publish{Check: verified(), KeyID: ev.Signature.KeyID}
	ev.Provenance = provenance.Provenance{
		Check: verified(), Announced: true, PredicateType: "https://slsa.dev/provenance/v1",
		Identity: &provenance.Identity{
			Issuer: "https://token.actions.githubusercontent.com",
			Signer: repository + "/.github/workflows/release.yml@refs/tags/v" + e.Package.Version, Repository: repository,
			RepositoryID: "1001", OwnerID: "2002", Commit: headSHA,
			Ref: "refs/tags/v" + e.Package.Version, Workflow: ".github/workflows/release.yml", Trigger: "push",
			Runner: "github-hosted", Run: repository + "/actions/runs/9001/attempts/1", Visibility: "public",
		},
		Log: &provenance.Log{Index: 123456789, Time: testClock().Add(-24 * time.Hour)},
	}
	ev.Digest.Attested = e.Integrity
	return ev
}

func updatedPackage(e dep.Entry, from string, ev provenance.Evidence, ago time.Duration) report.Package {
	return report.Package{Entry: e, Change: dep.Updated, From: from, Occurrences: 1, Evidence: ev, Published: testClock().Add(-ago)}
}

func reportOf(kind report.Kind, c policy.Conclusion, packages []report.Package, findings ...policy.Finding) report.Report {
	r := report.Report{
		Kind: kind, Conclusion: c, Mode: policy.Enforce, PolicyFrom: "acme/web .github/bonafide.yml at 1a2b3c4", At: testClock().Add(-time.Hour),
		Packages: packages, Findings: findings, Summary: report.Summarise(packages),
	}
	changed := make(map[string]int)
	for _, p := range packages {
		if changed[p.Entry.Lockfile]++; changed[p.Entry.Lockfile] == 1 {
			r.Lockfiles = append(r.Lockfiles, report.Lockfile{Path: p.Entry.Lockfile})
		}
	}
	for i := range r.Lockfiles {
		r.Lockfiles[i].Changed = changed[r.Lockfiles[i].Path]
	}
	return r
}

func findingAbout(rule policy.RuleName, s policy.Severity, e dep.Entry, message, help string) policy.Finding {
	return policy.Finding{Rule: rule, Severity: s, Package: e.Package, Lockfile: e.Lockfile, Line: e.Line, Message: message, Help: help}
}

// lossy is a pull request in which something of each kind stands.
func lossy() report.Report {
	axios, debug, chalk, leftPad := lockedEntry("axios", "1.14.1", 212), lockedEntry("debug", "4.4.2", 300), lockedEntry("chalk", "5.6.1", 310), lockedEntry("left-pad", "1.3.1", 12)
	leftPad.Direct = true
	before := proven(lockedEntry("axios", "1.14.0", 0), "https://github.com/axios/axios")
	lost := updatedPackage(axios, "1.14.0", signedOnly(axios), 5*time.Hour)
	lost.Replaced = &before
	mismatch := signedOnly(debug)
	mismatch.Digest = provenance.Digest{Check: because(provenance.Invalid, "The lockfile's digest is not the registry's."), Lockfile: debug.Integrity, Registry: chalk.Integrity, Differs: "lockfile"}
	repinned := report.Package{Entry: debug, Change: dep.Repinned, From: "4.4.2", Occurrences: 1, Evidence: mismatch, Published: testClock().Add(-900 * 24 * time.Hour)}
	forged := signedOnly(chalk)
	forged.Provenance = provenance.Provenance{Check: because(provenance.Invalid, "The attestation's subject is pkg:npm/color@5.0.1, not this package."), Announced: true}
	git := lockedEntry("router", "1.2.3", 400)
	git.Source, git.Resolved, git.Integrity, git.Digests = dep.Git, "git+ssh://git@github.com/evil/router.git#79ac49ea", "", nil
	moved := lockedEntry("@acme/tools", "3.1.0", 500)
	moved.Lockfile, moved.Scope = "packages/@acme/site/package-lock.json", dep.Dev
	was := proven(lockedEntry("@acme/tools", "3.0.0", 0), "https://github.com/acme/tools")
	was.Provenance.Identity.Commit = otherSHA
	elsewhere := updatedPackage(moved, "3.0.0", proven(moved, "https://github.com/mallory/tools"), 30*time.Hour)
	elsewhere.Evidence.Provenance.Identity.RepositoryID = "6666"
	elsewhere.Replaced = &was
	gone := lockedEntry("rimraf", "2.7.1", 90)
	down := lockedEntry("package-03", "1.0.0", 610)
	unknown := because(provenance.Unknown, "The registry answered 503 three times.")
	fine := updatedPackage(leftPad, "1.3.0", proven(leftPad, "https://github.com/left-pad/left-pad"), 40*24*time.Hour)
	fineBefore := proven(lockedEntry("left-pad", "1.3.0", 0), "https://github.com/left-pad/left-pad")
	fineBefore.Provenance.Identity.Commit = otherSHA
	fine.Replaced = &fineBefore

	why := findingAbout(policy.RuleProvenanceLost, policy.Error, axios,
		"axios@1.14.1 has no build provenance, but 1.14.0, which it replaces, had: that one was built from github.com/axios/axios at commit 3f786850e387 by the workflow .github/workflows/release.yml on refs/tags/v1.14.0; of the new one the registry only says that it was published by the account jasonsaayman.",
		"Compare the two releases before you install the new one. This is what a stolen publishing token looks like.")
	why.Why = "Provenance is what shows that a release was built from the source that everybody can read."
	why.Benign = "A release by hand while CI was broken, or a move to another CI system."
	why.Better = "1.14.0"
	why.Tell = policy.Tell{To: policy.TellMaintainer, Repository: "https://github.com/axios/axios", Title: "axios@1.14.1 has no provenance", Body: "The release before had it."}
	unverified := findingAbout(policy.RuleUnverified, policy.Error, down,
		"Of package-03@1.0.0 these could not be verified: signature, publish attestation, provenance and digest (The registry answered 503 three times).", "Run the check again when the registry answers.")
	unverified.Unknown = true
	r := reportOf(report.Diff, policy.Failure, []report.Package{
		lost, repinned, updatedPackage(chalk, "5.6.0", forged, 70*24*time.Hour), {Entry: git, Change: dep.Added, Occurrences: 1, NotLookedUp: "comes from git, no registry answers for it"},
		elsewhere, fine, {Entry: gone, Change: dep.Removed, Occurrences: 1, NotLookedUp: "was removed"},
		{Entry: down, Change: dep.Added, Occurrences: 2, Evidence: provenance.Evidence{Package: down.Package, Retry: true, Signature: provenance.Signature{Check: unknown}, Publish: provenance.Publish{Check: unknown}, Provenance: provenance.Provenance{Check: unknown}, Digest: provenance.Digest{Check: unknown, Lockfile: down.Integrity}}},
	},
		why,
		findingAbout(policy.RuleRepositoryChanged, policy.Error, moved, "@acme/tools@3.1.0 was built from github.com/mallory/tools, but 3.0.0 from github.com/acme/tools, which belongs to somebody else.", "Ask the maintainers whether they moved."),
		findingAbout(policy.RuleDigestMismatch, policy.Error, debug, "The lockfile's digest of debug@4.4.2 is not the registry's.", "Let the package manager write the entry again."),
		findingAbout(policy.RuleProvenanceInvalid, policy.Error, chalk, "chalk@5.6.1 comes with build provenance that does not hold: its subject is pkg:npm/color@5.0.1.", "Do not install it."),
		findingAbout(policy.RuleExoticSource, policy.Error, git, "router@1.2.3 now comes from git: git+ssh://git@github.com/evil/router.git#79ac49ea.", "Use a release of the registry."),
		unverified,
		policy.Finding{Rule: policy.RuleUnsupportedLockfile, Severity: policy.Warning, Lockfile: "Cargo.lock", Message: "Cargo.lock is a lockfile of a kind that is not read yet: what it brings in was not looked at.", Help: "Review it by hand."},
		policy.Finding{Rule: policy.RulePolicy, Severity: policy.Notice, Message: "2 settings of the policy do nothing yet in this version of Bonafide."},
	)
	r.Excepted = []policy.Excepted{{
		Finding: findingAbout(policy.RuleInstallScript, policy.Warning, leftPad, "left-pad@1.3.1 runs a script when it is installed.", ""),
		Pardon:  policy.Pardon{Exception: &policy.Exception{Owner: "@acme/security", Reason: "downloads its platform binary", Expires: testClock().Add(90 * 24 * time.Hour), Line: 12}},
	}}
	r.Lockfiles = append(r.Lockfiles, report.Lockfile{Path: "test/fixtures/package-lock.json", Note: "ignored by the policy"})
	return r
}

// large is a report of n packages, a tenth of them without what the others prove.
func large(kind report.Kind, n int) report.Report {
	var packages []report.Package
	var findings []policy.Finding
	conclusion := policy.Success
	for i := range n {
		e := lockedEntry(fmt.Sprintf("@scope-%d/package-%04d", i%97, i), fmt.Sprintf("1.%d.0", i), 10+11*i)
		e.Direct = i%50 == 0
		if i%3 == 2 {
			e.Lockfile, e.Scope = "web/package-lock.json", dep.Dev
		}
		ev := signedOnly(e)
		if i%2 == 0 {
			ev = proven(e, fmt.Sprintf("https://github.com/scope-%d/package-%04d", i%97, i))
		}
		p := updatedPackage(e, "0.9.0", ev, time.Duration(i)*time.Hour)
		if kind != report.Diff {
			p.Change, p.From = "", ""
		} else if i%2 == 0 {
			was := proven(lockedEntry(e.Package.Name, "0.9.0", 0), ev.Provenance.Identity.Repository)
			was.Provenance.Identity.Commit = otherSHA
			p.Replaced = &was
		}
		if i%10 == 9 {
			conclusion = policy.Failure
			f := findingAbout(policy.RuleProvenanceLost, policy.Error, e, e.Package.ID()+" has no build provenance, but the version that it replaces had.", "Stay on the old version until you know why.")
			f.Why, f.Benign, f.Better = "Provenance is what shows that a release was built from the source that everybody can read.", "A release by hand while CI was broken.", "0.9.0"
			findings = append(findings, f)
		}
		packages = append(packages, p)
	}
	return reportOf(kind, conclusion, packages, findings...)
}

// inventoryOf is a default branch with a report.
func inventoryOf(t testing.TB, r report.Report) *store.Inventory {
	t.Helper()
	return &store.Inventory{
		Repository: store.Repository{Installation: 1, ID: 2, Owner: "acme", Name: "web", Branch: "main", Head: otherSHA, At: testClock().Add(-48 * time.Hour), Looked: testClock().Add(-2 * time.Hour)},
		JSON:       jsonOf(t, r),
	}
}
