package policy

import (
	"maps"
	"slices"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
)

// The rules that a policy file can set.
const (
	RuleDigestMismatch      RuleName = "digest-mismatch"
	RuleRepinned            RuleName = "repinned"
	RuleSignatureMissing    RuleName = "signature-missing"
	RuleSignatureInvalid    RuleName = "signature-invalid"
	RuleProvenanceInvalid   RuleName = "provenance-invalid"
	RuleProvenanceMissing   RuleName = "provenance-missing"
	RuleProvenanceLost      RuleName = "provenance-lost"
	RulePublisherLost       RuleName = "publisher-lost"
	RuleProvenanceAbsent    RuleName = "provenance-absent"
	RuleRepositoryChanged   RuleName = "repository-changed"
	RuleIdentityChanged     RuleName = "identity-changed"
	RuleSourceMismatch      RuleName = "source-mismatch"
	RuleNameInvalid         RuleName = "name-invalid"
	RuleIntegrityLost       RuleName = "integrity-lost"
	RuleIntegrityMissing    RuleName = "integrity-missing"
	RuleExoticSource        RuleName = "exotic-source"
	RulePatched             RuleName = "patched"
	RuleKnownMalware        RuleName = "known-malware"
	RuleFreshAndOdd         RuleName = "fresh-and-odd"
	RuleLockfileRemoved     RuleName = "lockfile-removed"
	RuleUnsupportedLockfile RuleName = "unsupported-lockfile"
	RuleSubmoduleMoved      RuleName = "submodule-moved"
	RuleInstallScript       RuleName = "install-script"
	RuleTooNew              RuleName = "too-new"
	RulePackageTooYoung     RuleName = "package-too-young"
	RulePublisherChanged    RuleName = "publisher-changed"
	RuleBurst               RuleName = "burst"
	RuleDeprecated          RuleName = "deprecated"
	RuleRunSuspicious       RuleName = "run-suspicious"
	RuleManifestWithoutLock RuleName = "manifest-without-lock"
	RuleInstallConfig       RuleName = "install-config-changed"
	RuleIdentityPinned      RuleName = "identity-pinned"
	RuleCoverage            RuleName = "coverage"
)

// The rules that no policy file can set.
const (
	// RuleUnverified says that the signature, the provenance or the digest of what
	// enters could not be found out, or what a replaced version had. It weighs by
	// on_unknown.
	RuleUnverified RuleName = "unverified"
	// RuleLockfileUnreadable says that a lockfile could not be read on one of the sides.
	RuleLockfileUnreadable RuleName = "lockfile-unreadable"
	// RulePolicyInvalid says that the policy file has an error.
	RulePolicyInvalid RuleName = "policy-invalid"
	// RuleFloorUnread says that the organisation's floor, which must hold, is not known.
	RuleFloorUnread RuleName = "floor-unread"
	// RulePolicy is for what is to be said about the policy itself.
	RulePolicy RuleName = "policy"
	// RuleFindingsCut says that there were more findings than are listed.
	RuleFindingsCut RuleName = "findings-cut"
)

// Rule is one named question.
type Rule struct {
	Name    RuleName
	Default Severity
	Meaning string // one line, without a full stop
	Fixed   bool   // a policy file cannot set it

	// judge asks about one subject, judgeAll about all of them together. Rules about files
	// have neither: their findings come from problems.
	judge    func(Subject, view) []draft
	judgeAll func(Input, view) []draft
}

// AboutFiles says whether a rule speaks of files alone, so that it can neither be set
// nor excepted for a package.
func (r Rule) AboutFiles() bool { return r.judge == nil && r.judgeAll == nil }

// view is what a rule may look at beside its subject.
type view struct {
	policy Policy
	at     clock                 // the only one
	bases  map[string][]string   // see Input.KnownHosts
	specs  map[string][]dep.Spec // see Input.KnownSpecs
	burst  map[string]string     // by packages that came in a burst: what it was

	acceptances []Acceptance
}

func viewOf(in Input, p Policy, at time.Time) view {
	c := clockAt(at)
	return view{policy: p, at: c, bases: in.KnownHosts, specs: in.KnownSpecs, burst: bursts(in.Subjects, c), acceptances: in.Acceptances}
}

// draft is a finding before the policy has weighed it.
type draft struct {
	Finding
	entry dep.Entry // that it is about, zero for none
	// atMost caps the severity that the policy gives to the rule; "" does not.
	atMost Severity
	// Findings of one rule in one lockfile with the same cause become one, where
	// they are many. "" stands for itself always.
	cause string
	// many completes "12 packages …" in that one finding.
	many string
	// ends is when the cooldown that it tells of is over, zero for none: of many, the
	// last one is said.
	ends time.Time
	// together makes one finding of two already, where one alone says nothing.
	together bool
	pardon   Pardon // zero for what weighs
}

// severity is what a policy gives to a draft.
func (d draft) severity(p Policy) Severity {
	s := p.SeverityOf(d.Rule, d.Package)
	if d.atMost != "" {
		s = lower(s, d.atMost)
	}
	return s
}

// Rules are all rules, in the order in which they are documented.
func Rules() []Rule {
	return []Rule{
		{Name: RuleDigestMismatch, Default: Error, judge: digestMismatch,
			Meaning: "lockfile, registry and attestation disagree about the package's digest"},
		{Name: RuleRepinned, Default: Error, judge: repinned,
			Meaning: "same version, other digest or other source (a digest that was added or strengthened is none)"},
		{Name: RuleSignatureMissing, Default: Error, judge: signatureMissing,
			Meaning: "the registry publishes keys, this release is not signed"},
		{Name: RuleSignatureInvalid, Default: Error, judge: signatureInvalid,
			Meaning: "the registry's signature does not hold"},
		{Name: RuleProvenanceInvalid, Default: Error, judge: provenanceInvalid,
			Meaning: "the provenance, or the registry's publish attestation, does not hold"},
		{Name: RuleProvenanceMissing, Default: Error, judge: provenanceMissing,
			Meaning: "the registry announces provenance and does not have it"},
		{Name: RuleProvenanceLost, Default: Error, judge: provenanceLost,
			Meaning: "the replaced version, or one of the same release line, has provenance, this one has none"},
		{Name: RulePublisherLost, Default: Error, judge: publisherLost,
			Meaning: "the replaced version, or one of the same release line, came from a trusted publisher, this one does not"},
		{Name: RuleProvenanceAbsent, Default: Notice, judge: provenanceAbsent,
			Meaning: "an added package has no provenance"},
		{Name: RuleRepositoryChanged, Default: Error, judge: repositoryChanged,
			Meaning: "the certificate names another repository and another owner than before"},
		{Name: RuleIdentityChanged, Default: Warning, judge: identityChanged,
			Meaning: "a renamed or moved repository, or another workflow, kind of ref, trigger, runner, signer, issuer or publisher configuration than before"},
		{Name: RuleSourceMismatch, Default: Warning, judge: sourceMismatch,
			Meaning: "the certificate's repository is not the one that the package declares"},
		{Name: RuleNameInvalid, Default: Error, judge: nameInvalid,
			Meaning: "a name or version that no registry would accept, look-alike or hidden characters"},
		{Name: RuleIntegrityLost, Default: Error, judge: integrityLost,
			Meaning: "the base had, or the registry states, a stronger digest than the lockfile has for this package"},
		{Name: RuleIntegrityMissing, Default: Warning, judge: integrityMissing,
			Meaning: "a new registry entry without a digest that can be compared"},
		{Name: RuleExoticSource, Default: Error, judge: exoticSource,
			Meaning: "a new git, URL or file source, a tarball address that is not the registry's, or a package under the name of another"},
		{Name: RulePatched, Default: Warning, judge: patched,
			Meaning: "a patch changes the package before it is installed: its evidence is about the release alone"},
		{Name: RuleKnownMalware, Default: Error, judgeAll: knownMalware,
			Meaning: "named as malware by GitHub's advisories"},
		{Name: RuleFreshAndOdd, Default: Error, judge: freshAndOdd,
			Meaning: "younger than the cooldown, and something else about it is unusual"},
		{Name: RuleIdentityPinned, Default: Error, judge: identityPinned,
			Meaning: "the provenance is not by the identity that the policy pins, or there is none"},
		{Name: RuleCoverage, Default: Error, judgeAll: coverage,
			Meaning: "provenance that the policy requires is absent, or fewer packages have it than the policy wants"},
		{Name: RuleLockfileRemoved, Default: Error,
			Meaning: "the lockfile went, its manifest stayed"},
		{Name: RuleUnsupportedLockfile, Default: Warning, judge: unsupportedPackage,
			Meaning: "a lockfile, or a package in one, of an ecosystem that is not read yet"},
		{Name: RuleSubmoduleMoved, Default: Warning,
			Meaning: "a submodule points to another commit; lockfiles in it were not looked at"},
		{Name: RuleInstallScript, Default: Warning, judge: installScript,
			Meaning: "a script runs at install time, and did not before"},
		{Name: RuleTooNew, Default: Warning, judge: tooNew,
			Meaning: "younger than the cooldown"},
		{Name: RulePackageTooYoung, Default: Warning, judge: packageTooYoung,
			Meaning: "the first version of the package is younger than the cooldown"},
		{Name: RulePublisherChanged, Default: Warning, judge: publisherChanged,
			Meaning: "published by an account that never published this package before"},
		{Name: RuleBurst, Default: Warning, judge: burst,
			Meaning: "several packages of one scope were published within minutes, as they never were before"},
		{Name: RuleRunSuspicious, Default: Warning, judge: runSuspicious,
			Meaning: "the workflow run named by the provenance failed, or its commit is on no branch or tag"},
		{Name: RuleManifestWithoutLock, Default: Warning,
			Meaning: "what a manifest asks for changed, its lockfile did not"},
		{Name: RuleInstallConfig, Default: Warning,
			Meaning: "a file that steers the package manager changed"},
		{Name: RuleDeprecated, Default: Notice, judge: deprecated,
			Meaning: "the maintainers have deprecated the release"},

		{Name: RuleUnverified, Default: Error, Fixed: true, judge: unverified,
			Meaning: "signature, provenance or digest could not be found out; weighs by `on_unknown`"},
		{Name: RuleLockfileUnreadable, Default: Error, Fixed: true,
			Meaning: "a lockfile cannot be read; always fails (a warning where it is the base branch's)"},
		{Name: RulePolicyInvalid, Default: Error, Fixed: true,
			Meaning: "the policy file has an error; always fails"},
		{Name: RuleFloorUnread, Default: Error, Fixed: true,
			Meaning: "the organisation's floor, which must hold, cannot be read; never passes"},
		{Name: RulePolicy, Default: Notice, Fixed: true,
			Meaning: "something to know about the policy file"},
		{Name: RuleFindingsCut, Default: Notice, Fixed: true,
			Meaning: "there are more findings than are listed"},
	}
}

// FindRule looks a rule up by its name.
func FindRule(name RuleName) (Rule, bool) {
	for _, r := range Rules() {
		if r.Name == name {
			return r, true
		}
	}
	return Rule{}, false
}

// Default is the policy where there is no policy file.
func Default() Policy {
	p := Policy{
		Source:          "the defaults",
		Mode:            Enforce,
		OnUnknown:       UnknownFails,
		Rules:           map[RuleName]Severity{},
		Require:         "none",
		MaxCoverageDrop: 100,
		Cooldown:        3 * 24 * time.Hour,
		AcceptBy:        "maintain",
	}
	for _, r := range Rules() {
		if !r.Fixed {
			p.Rules[r.Name] = r.Default
		}
	}
	return p
}

// Severity is how much a finding of a rule weighs. Fixed rules weigh what they
// weigh; what the policy does not say is the rule's default; a rule that nobody
// knows is an error.
func (p Policy) Severity(name RuleName) Severity {
	r, known := FindRule(name)
	if !known {
		return Error
	}
	if s := p.Rules[name]; !r.Fixed && rank(s) >= 0 {
		return s
	}
	return r.Default
}

// With is the policy with the severity of one rule changed, for all packages.
func (p Policy) With(name RuleName, s Severity) Policy {
	rules := maps.Clone(p.Rules)
	if rules == nil {
		rules = map[RuleName]Severity{}
	}
	rules[name] = s
	p.Rules, p.Packages, p.matched = rules, slices.Clone(p.Packages), nil
	for i := range p.Packages {
		p.Packages[i].Rules = maps.Clone(p.Packages[i].Rules)
		delete(p.Packages[i].Rules, name)
	}
	return p
}

// Ignores says whether the lockfile at path (slash separated, relative to the
// repository's root) is left alone by this policy.
func (p Policy) Ignores(path string) bool {
	return matchesAny(p.Ignore, path) && p.Floor.lets(path)
}

// rank orders severities; -1 for what is none.
func rank(s Severity) int {
	switch s {
	case Off:
		return 0
	case Notice:
		return 1
	case Warning:
		return 2
	case Error:
		return 3
	}
	return -1
}

func lower(a, b Severity) Severity {
	if rank(a) < rank(b) {
		return a
	}
	return b
}

func higher(a, b Severity) Severity {
	if rank(a) > rank(b) {
		return a
	}
	return b
}
