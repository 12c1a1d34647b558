package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
)

// What follows builds reports out of values, the way the pipeline would.

var clock = time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)

func npm(name, version string) dep.Package {
	return dep.Package{Ecosystem: dep.NPM, Name: name, Version: version}
}

// sri is some digest that belongs to a text.
func sri(of string) string {
	return dep.Digest{Algorithm: "sha512", Hex: strings.Repeat(digestOf(of), 4)}.SRI()
}

func entry(name, version string, line int) dep.Entry {
	integrity := sri(name + version)
	digests, err := dep.ParseSRI(integrity)
	if err != nil {
		panic(err)
	}
	return dep.Entry{
		Package: npm(name, version), Lockfile: "package-lock.json", Location: "node_modules/" + name, Line: line,
		Source: dep.Registry, Integrity: integrity, Digests: digests, Scope: dep.Prod,
	}
}

func verified() provenance.Check { return provenance.Check{State: provenance.Verified} }
func because(s provenance.State, reason string) provenance.Check {
	return provenance.Check{State: s, Reason: reason}
}

// signedOnly is the evidence that most packages have.
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

// proven is the evidence of a package with everything.
func proven(e dep.Entry, repository string) provenance.Evidence {
	ev := signedOnly(e)
	ev.Release.Attested, ev.Release.ProvenanceAnnounced = true, true
	ev.Publish = provenance.Publish{Check: verified(), KeyID: ev.Signature.KeyID}
	ev.Provenance = provenance.Provenance{
		Check: verified(), Announced: true, PredicateType: "https://slsa.dev/provenance/v1",
		Identity: &provenance.Identity{
			Issuer: "https://token.actions.githubusercontent.com",
			Signer: repository + "/.github/workflows/release.yml@refs/tags/v" + e.Package.Version, Repository: repository,
			RepositoryID: "1001", OwnerID: "2002", Commit: "3f786850e387550fdab836ed7e6dc881de23001b",
			Ref: "refs/tags/v" + e.Package.Version, Workflow: ".github/workflows/release.yml", Trigger: "push",
			Runner: "github-hosted", Run: repository + "/actions/runs/9001/attempts/1", Visibility: "public",
		},
		Log: &provenance.Log{Index: 123456789, Time: clock.Add(-24 * time.Hour)},
	}
	ev.Digest.Attested = e.Integrity
	return ev
}

func updated(e dep.Entry, from string, ev provenance.Evidence) Package {
	return Package{Entry: e, Change: dep.Updated, From: from, Occurrences: 1, Evidence: ev}
}

// since has a predecessor from the same repository, and is a day old.
func since(p Package) Package {
	was := proven(p.Entry, p.Evidence.Provenance.Identity.Repository)
	was.Provenance.Identity.Commit = "89e6c98d92887913cadf06b2adb97f26cde4849b"
	p.Replaced = &was
	return out(p, 24*time.Hour)
}

// out is a release that came out so long ago.
func out(p Package, ago time.Duration) Package {
	p.Published = clock.Add(-ago)
	return p
}

func added(e dep.Entry, ev provenance.Evidence) Package {
	return Package{Entry: e, Change: dep.Added, Occurrences: 1, Evidence: ev}
}

// report puts the parts together and counts.
func diffReport(conclusion policy.Conclusion, packages []Package, findings ...policy.Finding) Report {
	r := Report{
		Kind: Diff, Conclusion: conclusion, Mode: policy.Enforce, PolicyFrom: "acme/web .github/bonafide.yml at 1a2b3c4",
		At: clock, Packages: packages, Findings: findings, Summary: Summarise(packages),
	}
	changed := make(map[string]int)
	for _, p := range packages {
		changed[p.Entry.Lockfile]++
	}
	for _, path := range sortedKeys(changed) {
		r.Lockfiles = append(r.Lockfiles, Lockfile{Path: path, Changed: changed[path]})
	}
	return r
}

func finding(rule policy.RuleName, s policy.Severity, e dep.Entry, message, help string) policy.Finding {
	return policy.Finding{Rule: rule, Severity: s, Package: e.Package, Lockfile: e.Lockfile, Line: e.Line, Message: message, Help: help}
}

// cleanUpdate has nothing to object to.
func cleanUpdate() Report {
	leftPad, minimist, fsevents := entry("left-pad", "1.3.1", 12), entry("minimist", "1.2.9", 40), entry("fsevents", "2.3.3", 77)
	leftPad.Direct = true
	fsevents.Scope = dep.Optional
	scoped := entry("@babel/core", "7.26.0", 55)
	scoped.Scope = dep.Dev
	trusted := proven(scoped, "https://github.com/babel/babel")
	trusted.Release.Publisher = registry.Publisher{Name: "GitHub Actions", TrustedPublisher: "github", Approver: "somebody"}
	gone := Package{Entry: entry("rimraf", "2.7.1", 90), Change: dep.Removed, Occurrences: 1, NotLookedUp: "was removed"}
	twice := added(fsevents, signedOnly(fsevents))
	twice.Occurrences = 3
	return diffReport(policy.Success, []Package{
		since(updated(leftPad, "1.3.0", proven(leftPad, "https://github.com/left-pad/left-pad"))),
		out(updated(minimist, "1.2.8", signedOnly(minimist)), 40*24*time.Hour),
		updated(scoped, "7.25.9", trusted),
		twice, gone,
	})
}

// everyFinding has a finding of each kind, and everything that is not looked at.
func everyFinding() Report {
	axios, debug, chalk := entry("axios", "1.14.1", 212), entry("debug", "4.4.2", 300), entry("chalk", "5.6.1", 310)
	old := proven(entry("axios", "1.14.0", 0), "https://github.com/axios/axios")
	lost := updated(axios, "1.14.0", signedOnly(axios))
	lost.Replaced = &old

	mismatch := signedOnly(debug)
	mismatch.Digest.Check = because(provenance.Invalid, "The lockfile's digest is not the registry's.")
	mismatch.Digest.Registry, mismatch.Digest.Differs = sri("other"), "lockfile"
	repinned := Package{Entry: debug, Change: dep.Repinned, From: "4.4.2", Occurrences: 1, Evidence: mismatch}

	forged := signedOnly(chalk)
	forged.Provenance = provenance.Provenance{Check: because(provenance.Invalid, "The attestation's subject is pkg:npm/color@5.0.1, not this package."), Announced: true}

	git := entry("router", "1.2.3", 400)
	git.Source, git.Resolved, git.Integrity, git.Digests = dep.Git, "git+ssh://git@github.com/evil/router.git#79ac49ea", "", nil
	exotic := Package{Entry: git, Change: dep.Added, Occurrences: 1, NotLookedUp: "comes from git, no registry answers for it"}

	fresh := entry("plain-crypto-js", "4.2.1", 450)
	why := finding(policy.RuleProvenanceLost, policy.Error, axios,
		"axios@1.14.1 has no build provenance, but 1.14.0, which it replaces, had: that one was built from github.com/axios/axios at commit 3f786850e387 by the workflow .github/workflows/release.yml on refs/tags/v1.14.0; of the new one the registry only says that it was published by the account jasonsaayman.",
		"Compare the two releases before you install the new one. This is what a stolen publishing token looks like.")
	why.Why = "Provenance is what shows that a release was built from the source that everybody can read."
	why.Benign = "A release by hand while CI was broken, or a move to another CI system."
	why.Better = "1.14.0"
	r := diffReport(policy.Failure, []Package{out(lost, 5*time.Hour), out(repinned, 900*24*time.Hour), updated(chalk, "5.6.0", forged), exotic, out(added(fresh, signedOnly(fresh)), 2*time.Hour)},
		why,
		finding(policy.RuleDigestMismatch, policy.Error, debug, "The lockfile's digest of debug@4.4.2 is not the registry's.", "Let the package manager write the entry again."),
		finding(policy.RuleRepinned, policy.Error, debug, "debug@4.4.2 keeps its version, but its digest changed.", "A published version never changes. Restore the entry."),
		finding(policy.RuleProvenanceInvalid, policy.Error, chalk, "chalk@5.6.1 comes with build provenance that does not hold: its subject is pkg:npm/color@5.0.1.", "Do not install it."),
		finding(policy.RuleExoticSource, policy.Error, git, "router@1.2.3 now comes from git: git+ssh://git@github.com/evil/router.git#79ac49ea.", "Use a release of the registry."),
		policy.Finding{Rule: policy.RuleLockfileUnreadable, Severity: policy.Error, Lockfile: "docs/package-lock.json", Line: 7,
			Message: "docs/package-lock.json cannot be read: line 7: unexpected end.", Help: "Let the package manager write the lockfile again."},
		policy.Finding{Rule: policy.RuleUnsupportedLockfile, Severity: policy.Warning, Lockfile: "Cargo.lock",
			Message: "Cargo.lock is a lockfile of a kind that is not read yet: what it brings in was not looked at.", Help: "Review it by hand."},
		policy.Finding{Rule: policy.RuleProvenanceAbsent, Severity: policy.Notice, Package: fresh.Package, Lockfile: fresh.Lockfile, Line: fresh.Line,
			Message: "plain-crypto-js@4.2.1 is new here and has no build provenance.", Help: "Most packages have none."},
		policy.Finding{Rule: policy.RulePolicy, Severity: policy.Notice, Message: "2 settings of the policy do nothing yet in this version of Bonafide."},
	)
	r.Lockfiles = append(r.Lockfiles,
		Lockfile{Path: "Cargo.lock", Note: "Cargo.lock is a lockfile of a kind that is not read yet: what it brings in was not looked at."},
		Lockfile{Path: "docs/package-lock.json", Note: "docs/package-lock.json cannot be read: line 7: unexpected end."},
		Lockfile{Path: "test/fixtures/package-lock.json", Note: "ignored by the policy"})
	return r
}

// unanswered could not find something out about one of its packages.
func unanswered() Report {
	var packages []Package
	for i := range 12 {
		e := entry(fmt.Sprintf("package-%02d", i), "1.0.0", 10+i)
		packages = append(packages, updated(e, "0.9.0", signedOnly(e)))
	}
	e := packages[3].Entry
	down := because(provenance.Unknown, "The registry answered 503 three times.")
	packages[3].Evidence = provenance.Evidence{
		Package: e.Package, Retry: true, Signature: provenance.Signature{Check: down}, Publish: provenance.Publish{Check: down},
		Provenance: provenance.Provenance{Check: down}, Digest: provenance.Digest{Check: down, Lockfile: e.Integrity},
	}
	f := finding(policy.RuleUnverified, policy.Error, e,
		"Of package-03@1.0.0 these could not be verified: signature, publish attestation, provenance and digest (The registry answered 503 three times).",
		"Run the check again when the registry answers.")
	f.Unknown = true
	return diffReport(policy.ActionRequired, packages, f)
}

// edited comes with another policy, which would let some of it pass.
func edited() Report {
	r := everyFinding()
	r.Preview = &Preview{
		PolicyFrom: ".github/bonafide.yml of the pull request", Conclusion: policy.Failure,
		Changes: []PreviewChange{
			{Finding: policy.Finding{Rule: policy.RuleTooNew, Severity: policy.Warning, Package: npm("axios", "1.14.1"), Lockfile: "package-lock.json", Line: 212, Message: "too new"}, Is: "warning"},
			{Finding: r.Findings[0], Was: "error", Is: "notice"},
			{Finding: r.Findings[1], Was: "error", Is: Pardoned},
			{Finding: r.Findings[5], Was: "error"},
			{Finding: policy.Finding{Rule: policy.RuleProvenanceAbsent, Severity: policy.Notice, Count: 12, Lockfile: "package-lock.json", Message: "12 packages"}, Was: "notice"},
		},
		Limits: []string{"docs/package-lock.json would be ignored from then on"},
	}
	return r
}

// observed would fail, but the policy only looks on.
func observed() Report {
	r := everyFinding()
	r.Conclusion, r.WouldFail, r.Mode = policy.Success, true, policy.Observe
	return r
}

// audit lists a whole lockfile.
func audit() Report {
	r := cleanUpdate()
	r.Kind, r.Packages = Audit, r.Packages[:4]
	for i := range r.Packages {
		r.Packages[i].Change, r.Packages[i].From = "", ""
	}
	r.PolicyFrom = "the defaults"
	r.Summary = Summarise(r.Packages)
	return r
}

// verification shows the releases that were asked for.
func verification() Report {
	good := entry("left-pad", "1.3.1", 0)
	good.Lockfile, good.Location, good.Scope = "", "", ""
	bad := entry("axios", "1.14.1", 0)
	bad.Lockfile, bad.Location, bad.Scope = "", "", ""
	forged := signedOnly(bad)
	forged.Digest = provenance.Digest{Check: because(provenance.Invalid, "The attested digest is not the registry's."), Registry: bad.Integrity, Attested: sri("x"), Differs: "attested"}
	ok := proven(good, "https://github.com/left-pad/left-pad")
	ok.Signature.DateSource = "transparency log"
	r := diffReport(policy.Failure, []Package{{Entry: good, Occurrences: 1, Evidence: ok}, {Entry: bad, Occurrences: 1, Evidence: forged}},
		finding(policy.RuleDigestMismatch, policy.Error, bad, "The attested digest of axios@1.14.1 is not the registry's.", "Do not install it."))
	r.Kind, r.Lockfiles, r.PolicyFrom = Verify, nil, "the defaults"
	return r
}

// changes has n changed packages in two lockfiles, every tenth with an error.
func changes(n int) Report { return changesWith(n, 10) }

// changesWith has an error for each so many of them.
func changesWith(n, each int) Report {
	var packages []Package
	var findings []policy.Finding
	conclusion := policy.Success
	for i := range n {
		e := entry(fmt.Sprintf("@scope-%d/package-%04d", i%7, i), fmt.Sprintf("1.%d.0", i), 10+3*i)
		if i%3 == 2 {
			e.Lockfile = "web/package-lock.json"
		}
		ev := signedOnly(e)
		if i%2 == 0 {
			ev = proven(e, fmt.Sprintf("https://github.com/scope-%d/packages", i%7))
		}
		if i%each == each-1 {
			conclusion = policy.Failure
			f := finding(policy.RuleProvenanceLost, policy.Error, e,
				e.Package.ID()+" has no build provenance, but the version that it replaces had.", "Stay on the old version until you know why.")
			f.Why, f.Benign, f.Better = "Provenance is what shows that a release was built from the source that everybody can read.", "A release by hand while CI was broken.", "0.9.0"
			findings = append(findings, f)
			ev = signedOnly(e)
		}
		p := out(updated(e, "0.9.0", ev), time.Duration(i)*time.Hour)
		if ev.Provenance.Identity != nil {
			p = since(p)
		}
		packages = append(packages, p)
	}
	return diffReport(conclusion, packages, findings...)
}

// oneCause has malware, and n packages that lost their digests, told as one.
func oneCause(n int) Report {
	var packages []Package
	names := make([]string, n)
	for i := range n {
		e := entry(fmt.Sprintf("@scope-%d/package-%04d", i%7, i), "1.0.0", 10+3*i)
		packages = append(packages, updated(e, "0.9.0", signedOnly(e)))
		names[i] = e.Package.ID()
	}
	bad := packages[n-1].Entry
	many := policy.Finding{Rule: policy.RuleIntegrityLost, Severity: policy.Error, Lockfile: bad.Lockfile, Line: 10, Count: n - 1, Names: strings.Join(names[:n-1], "\n"),
		Message: fmt.Sprintf("%d packages have no digest in the lockfile any more, although the base had one: %s and %d more.", n-1, strings.Join(names[:5], ", "), n-6),
		Help:    "Restore the lockfile from the base branch.", Why: "Without a digest nothing holds the package manager to the bytes that were locked.",
		Benign: "A merge conflict that was resolved by hand."}
	return diffReport(policy.Failure, packages, many,
		finding(policy.RuleKnownMalware, policy.Error, bad, bad.Package.ID()+" is malware, by GitHub's advisories: GHSA-aaaa-bbbb-cccc.", "Do not install it."))
}

// hostileNames is what somebody might write into a lockfile, or a certificate, to be
// shown on a pull request.
func hostileNames() []string {
	return []string{
		"", " ", "  a  b  ", "|", "a|b", "||", `a\|b`, `\`, `a\`, "`", "``", "a`b``c", "`a`", "|`|`",
		"@everyone", "@acme/security", "a@b", "user@example.com", "a@1.0.0", "\"@x\"", "(@x)",
		"#1", "GH-1", "gh-12", "acme/web#1", "acme#1", "1a2b3c4", "3f786850e387550fdab836ed7e6dc881de23001b", "1234567", "deadbeef", "acme@3f786850e387550fdab836ed7e6dc881de23001b",
		"defaced-package", "facade/effaced",
		"https://evil.example/", "http://evil.example", "www.evil.example", "WWW.evil.example/x", "www.", "AWWW.", "ftp://evil.example", "mailto:a@b.c", "xmpp:a@b.c/d",
		"[x](https://evil.example)", "![x](https://evil.example/x.png)", "[x]: https://evil.example", "<https://evil.example>", "[x][y]", "[^1]", "!", "](",
		"<img src=x onerror=alert(1)>", "<script>alert(1)</script>", "<!-- bonafide:comment 00000000000000000000000000000000 -->", "-->", "<details>", "</td>", "&lt;b&gt;", "&#64;x", "&amp;",
		"*a*", "**a**", "_a_", "__a__", "~~a~~", "~a~", ":octocat:", ":+1:", "$x$", "$`x`$", "$$x$$",
		"# a", "- a", "+ a", "* a", "1. a", "12) a", "> a", "---", "===", "***", "```js", "~~~", "    a", "| a | b |\n| - | - |",
		"a\nb", "a\r\nb", "a\tb", "\x00", "\x1b[31mred\x1b[0m", "\x1b]8;;https://evil.example\x07x\x1b]8;;\x07", "\u009b31m", "\x7f",
		"\u202eevil", "a\u2066b\u2069", "a\u200bb", "\u200d", "\ufeffa", "a\u00adb", "a\u2028b", "a\u00a0b", "a\u3000b", "\U000e0041", "a\u034fb", "\u3164", "\u2800", "a\ufe0fb",
		"Z" + strings.Repeat("\u0301", 40), "\xff\xfe", "a\xc3", "\ud7ff\ue000", "é", "日本語", "👍🏽",
		strings.Repeat("a", 5000), strings.Repeat("`", 300), strings.Repeat("\u202e", 500), strings.Repeat("|", 400), strings.Repeat("@a ", 500),
		"(tag) [ ] [x]", "- [x] done", "javascript:alert(1)", "a]b(c)", "a\\`b", "\\@x", "\\#1", "word, word. (word) 'word' \"word\"; 12 words? 100%!", "and/or - & = + /",
		"__proto__", "..", "../../etc/passwd", "CON", "%40scope%2fname", "javascript\u003aalert", "｀＠x",
	}
}

// hostile has all hostile names wherever outside text can stand.
func hostile() Report {
	var packages []Package
	var findings []policy.Finding
	var files []Lockfile
	for i, s := range hostileNames() {
		e := entry("x", "1.0.0", i+1)
		e.Package = npm(s, s)
		e.Alias, e.Lockfile, e.Resolved = s, "web/package-lock.json", s
		ev := proven(e, "https://github.com/acme/"+s)
		ev.Provenance.Identity.Commit, ev.Provenance.Identity.Workflow, ev.Provenance.Identity.Run = s, s, s
		ev.Publish.Check = because(provenance.Unknown, s)
		ev.Digest.Differs, ev.Digest.State, ev.Digest.Reason = s, provenance.Invalid, s
		p := since(updated(e, s, ev))
		p.Replaced.Provenance.Identity.Repository = s
		switch i % 4 {
		case 1:
			p.NotLookedUp = s
		case 2:
			p.Entry.Lockfile = s
		case 3:
			p.Evidence.Digest.Check = verified()
			p.Evidence.Provenance.Identity.Repository = s
			p.Evidence.Provenance.Identity.Commit, p.Replaced.Provenance.Identity.Commit = "3f786850e387550fdab836ed7e6dc881de23001b", s
		}
		packages = append(packages, p)
		findings = append(findings, policy.Finding{Rule: policy.RuleName(s), Severity: policy.Error, Package: e.Package, Lockfile: p.Entry.Lockfile, Line: i + 1, Message: s, Help: s, Why: s, Benign: s, Better: s, Names: s + "\n" + s, Count: 7 * (i % 2),
			Tell: policy.Tell{To: policy.TellMaintainer, Repository: "https://github.com/acme/" + s, Title: s, Body: s}})
		files = append(files, Lockfile{Path: s, Note: s})
	}
	r := diffReport(policy.Failure, packages, findings...)
	r.PolicyFrom, r.Lockfiles = strings.Join(hostileNames()[:60], " "), files
	return r
}
