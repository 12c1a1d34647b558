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
	RuleNotLookedUp         RuleName = "not-looked-up"
	RuleRunSuspicious       RuleName = "run-suspicious"
	RuleManifestWithoutLock RuleName = "manifest-without-lock"
	RuleInstallConfig       RuleName = "install-config-changed"
	RulePublishWorkflow     RuleName = "publish-workflow"
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
	Why     string // why it matters, one sentence for whoever reads a finding, with its full stop
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

	malicious   map[dep.Package]bool // releases that advisories name
	acceptances []Acceptance
}

func viewOf(in Input, p Policy, at time.Time) view {
	c := clockAt(at)
	return view{policy: p, at: c, bases: in.KnownHosts, specs: in.KnownSpecs, burst: bursts(in.Subjects, c), malicious: malicious(in.Subjects), acceptances: in.Acceptances}
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
			Meaning: "lockfile, registry and attestation disagree about the package's digest",
			Why:     "Without one digest that all agree on, nobody can say that what gets installed is what was built and published."},
		{Name: RuleRepinned, Default: Error, judge: repinned,
			Meaning: "same version, other digest or other source (a digest that was added or strengthened is none)",
			Why:     "A published version never changes, so another digest or source under the same version means other code, or a source that nobody looked at."},
		{Name: RuleSignatureMissing, Default: Error, judge: signatureMissing,
			Meaning: "the registry publishes keys, this release is not signed",
			Why:     "The registry's signature is what shows that a release and its description come from the registry as they are."},
		{Name: RuleSignatureInvalid, Default: Error, judge: signatureInvalid,
			Meaning: "the registry's signature does not hold",
			Why:     "A signature that does not hold says that name, version or digest are not what the registry signed."},
		{Name: RuleProvenanceInvalid, Default: Error, judge: provenanceInvalid,
			Meaning: "the provenance, or the registry's publish attestation, does not hold",
			Why:     "Proof that does not hold proves nothing, and somebody may have made it to look as if it did."},
		{Name: RuleProvenanceMissing, Default: Error, judge: provenanceMissing,
			Meaning: "the registry announces provenance and does not have it",
			Why:     "A proof that is announced and withheld cannot be checked, and leaving it out is a way around the check."},
		{Name: RuleProvenanceLost, Default: Error, judge: provenanceLost,
			Meaning: "the replaced version, or one of the same release line, has provenance, this one has none",
			Why:     "Whoever steals a publishing token can publish a release, but cannot make the project's own workflow build it."},
		{Name: RulePublisherLost, Default: Error, judge: publisherLost,
			Meaning: "the replaced version, or one of the same release line, came from a trusted publisher, this one does not",
			Why:     "A trusted publisher needs no password or token, so a release without one was made with something that can be stolen."},
		{Name: RuleProvenanceAbsent, Default: Notice, judge: provenanceAbsent,
			Meaning: "an added package has no provenance",
			Why:     "Without provenance only the registry's word connects the package to its source code."},
		{Name: RuleRepositoryChanged, Default: Error, judge: repositoryChanged,
			Meaning: "the certificate names another repository and another owner than before",
			Why:     "Provenance says where a release was built, not whether that is the right place: another owner's code may come under the old name."},
		{Name: RuleIdentityChanged, Default: Warning, judge: identityChanged,
			Meaning: "a renamed or moved repository, or another workflow, kind of ref, trigger, runner, signer, issuer or publisher configuration than before",
			Why:     "Another way to build is how a taken-over project looks, and also how an ordinary change of the build looks: somebody should know which."},
		{Name: RuleSourceMismatch, Default: Warning, judge: sourceMismatch,
			Meaning: "the certificate's repository is not the one that the package declares",
			Why:     "Whoever reads the declared repository does not read the code that was built."},
		{Name: RuleNameInvalid, Default: Error, judge: nameInvalid,
			Meaning: "a name or version that no registry would accept, look-alike or hidden characters",
			Why:     "Names that look like another package's are made to be installed by mistake."},
		{Name: RuleIntegrityLost, Default: Error, judge: integrityLost,
			Meaning: "the base had, or the registry states, a stronger digest than the lockfile has for this package",
			Why:     "The digest is what holds the package manager to the very bytes that were reviewed."},
		{Name: RuleIntegrityMissing, Default: Warning, judge: integrityMissing,
			Meaning: "a new registry entry without a digest that can be compared",
			Why:     "Without a digest the package manager takes whatever the registry serves on that day."},
		{Name: RuleExoticSource, Default: Error, judge: exoticSource,
			Meaning: "a new git, URL or file source, a tarball address that is not the registry's, or a package under the name of another",
			Why:     "What no registry has published is signed by nobody, and can change without a new version."},
		{Name: RulePatched, Default: Warning, judge: patched,
			Meaning: "a patch changes the package before it is installed: its evidence is about the release alone",
			Why:     "What runs is the release with the patch, and only the release was verified."},
		{Name: RuleKnownMalware, Default: Error, judgeAll: knownMalware,
			Meaning: "named as malware by GitHub's advisories",
			Why:     "It harms machines on which it is installed, often at the moment of installing."},
		{Name: RuleFreshAndOdd, Default: Error, judge: freshAndOdd,
			Meaning: "younger than the cooldown, and something else about it is unusual",
			Why:     "Most malicious releases are found within days, and most show in their first hours that something is not as before."},
		{Name: RuleIdentityPinned, Default: Error, judge: identityPinned,
			Meaning: "the provenance is not by the identity that the policy pins, or there is none",
			Why:     "The pin says who alone may build this package, so that nobody else can publish under its name."},
		{Name: RuleCoverage, Default: Error, judgeAll: coverage,
			Meaning: "provenance that the policy requires is absent, or fewer packages have it than the policy wants",
			Why:     "Your policy asks for it: what has provenance can be followed back to the source code that it was built from."},
		{Name: RuleLockfileRemoved, Default: Error,
			Meaning: "the lockfile went, its manifest stayed",
			Why:     "Without a lockfile every installation may bring in other versions, and nothing here can check them."},
		{Name: RuleUnsupportedLockfile, Default: Warning, judge: unsupportedPackage,
			Meaning: "a lockfile, or a package in one, of an ecosystem that is not read yet",
			Why:     "What cannot be read was not verified: this check says nothing about it."},
		{Name: RuleSubmoduleMoved, Default: Warning,
			Meaning: "a submodule points to another commit; lockfiles in it were not looked at",
			Why:     "A submodule can bring in dependencies that this check does not see."},
		{Name: RuleInstallScript, Default: Warning, judge: installScript,
			Meaning: "a script runs at install time, and did not before",
			Why:     "A script at install time runs with the rights of whoever installs, before anybody has looked at the code."},
		{Name: RuleTooNew, Default: Warning, judge: tooNew,
			Meaning: "younger than the cooldown",
			Why:     "Most malicious releases are found and removed within days, so waiting costs little and protects from most of them."},
		{Name: RulePackageTooYoung, Default: Warning, judge: packageTooYoung,
			Meaning: "the first version of the package is younger than the cooldown",
			Why:     "New packages under names that sound right are a common way to bring in malware, and nobody has known them for long."},
		{Name: RulePublisherChanged, Default: Warning, judge: publisherChanged,
			Meaning: "published by an account that never published this package before",
			Why:     "A package that was handed to a stranger shows it first in who publishes."},
		{Name: RuleBurst, Default: Warning, judge: burst,
			Meaning: "several packages of one scope were published within minutes, as they never were before",
			Why:     "A worm publishes everything that a stolen token reaches, within minutes."},
		{Name: RuleRunSuspicious, Default: Warning, judge: runSuspicious,
			Meaning: "the workflow run named by the provenance failed, or its commit is on no branch or tag",
			Why:     "Malware came with valid provenance out of runs that had failed, and from commits that are on no branch of the project."},
		{Name: RuleManifestWithoutLock, Default: Warning,
			Meaning: "what a manifest asks for changed, its lockfile did not",
			Why:     "What the next install brings in was not looked at by anybody."},
		{Name: RuleInstallConfig, Default: Warning,
			Meaning: "a file that steers the package manager changed",
			Why:     "These files decide which registry is asked and which scripts run, and no lockfile shows that."},
		{Name: RulePublishWorkflow, Default: Notice,
			Meaning: "what the repository publishes its own packages with gets something wrong that it did not before",
			Why:     "Whoever installs what is published here can verify who built it only where the workflow asks for provenance, and safely."},
		{Name: RuleDeprecated, Default: Notice, judge: deprecated,
			Meaning: "the maintainers have deprecated the release",
			Why:     "The maintainers advise against it: it may be broken, or nobody looks after it any more."},
		{Name: RuleNotLookedUp, Default: Notice, judge: notAsked,
			Meaning: "a private package was not looked up, or comes from a mirror without a digest that could be held against the registry's",
			Why:     "Nothing was proven of it, and that is not to be mistaken for having been looked at."},

		{Name: RuleUnverified, Default: Error, Fixed: true, judge: unverified,
			Meaning: "signature, provenance or digest could not be found out; weighs by `on_unknown`",
			Why:     "What could not be found out is neither good nor bad, and it is not passed over in silence."},
		{Name: RuleLockfileUnreadable, Default: Error, Fixed: true,
			Meaning: "a lockfile cannot be read; always fails (a warning where it is the base branch's)",
			Why:     "What cannot be read cannot be verified."},
		{Name: RulePolicyInvalid, Default: Error, Fixed: true,
			Meaning: "the policy file has an error; always fails",
			Why:     "With an error in it, nobody can say what the policy was meant to allow."},
		{Name: RuleFloorUnread, Default: Error, Fixed: true,
			Meaning: "the organisation's floor, which must hold, cannot be read; never passes",
			Why:     "What the organisation asks of all its repositories cannot be held while it is not known."},
		{Name: RulePolicy, Default: Notice, Fixed: true,
			Meaning: "something to know about the policy file",
			Why:     "It tells by which rules this check was judged."},
		{Name: RuleFindingsCut, Default: Notice, Fixed: true,
			Meaning: "there are more findings than are listed",
			Why:     "The list is bounded so that it stays readable; the conclusion counts everything."},
	}
}

func rulesByName() map[RuleName]Rule {
	rules := map[RuleName]Rule{}
	for _, r := range Rules() {
		rules[r.Name] = r
	}
	return rules
}

// rule looks a rule up by its name.
func (p Policy) rule(name RuleName) (Rule, bool) {
	if p.rules == nil {
		return FindRule(name)
	}
	r, known := p.rules[name]
	return r, known
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
		Comments:        CommentErrors,
		Publish:         PublishOff,
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
	r, known := p.rule(name)
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
