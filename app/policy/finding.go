package policy

import (
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
)

// RuleName names a rule the way the policy file writes it: "provenance-lost".
type RuleName string

// Finding is a rule's answer about one change, or about a file. Message and Help
// are plain text that may quote outside text: they are escaped when shown.
type Finding struct {
	Rule     RuleName
	Severity Severity
	// Unknown marks a finding that says that the rule could not be answered: it
	// weighs by the policy's on_unknown, not by Severity alone.
	Unknown  bool
	Package  dep.Package // zero for findings about a file or the policy
	Lockfile string      // path, "" where the finding is about no file
	Line     int         // 1-based, 0 for the file as a whole
	Message  string      // what is wrong, one sentence
	Help     string      // what to do
	Why      string      // why it matters, one sentence: the rule's, unless the finding has a better one
	Benign   string      // what harmless causes it may have: completes "Benign causes: …", with its full stop; "" for none that are known
	// Better is the newest earlier version with what this one lacks, "" where none is known.
	Better string
	// Mended are lines that would mend it, where there are some that a person may take as they
	// are; zero for none.
	Mended Mended
	// Tell is what the maintainer, or the registry, could be told; zero for nothing.
	Tell Tell
	// Link is an address in Help that may be shown as a link: it is ours, or its shape was
	// checked. "" for none.
	Link string
	// Count is how many packages a finding of one cause stands for, where they are
	// several: Package is zero then, Line is the first one's, and Message names the
	// first few. Else it is 0.
	Count int
	// Names are those packages, by line in the lockfile, one name@version on each line: as
	// many whole ones as MaxNames bytes hold. (A slice could not be compared.)
	Names string
}

// Mended are lines in place of the lines From to To (1-based, at least one) of the file that
// a finding is about, joined by line feeds.
type Mended struct {
	From, To int
	Text     string
}

// Subject is one change with the evidence for what enters and for what it replaces.
type Subject struct {
	Change   dep.Change
	Evidence provenance.Evidence   // of Change.Entry; zero for Removed and for sources that no registry answers for
	Replaced []provenance.Evidence // of Change.Replaces, same order
	Stays    []provenance.Evidence // of Change.Stays, same order
	// NotLookedUp says why no evidence was asked for (a git source, a link, a
	// removal), "" where it was. It completes "the package …": "comes from git".
	NotLookedUp string
	// Private says, where the package is private and therefore not looked up, what it is
	// private by: "the registry npm.example.com", "the scope @my-org". It counts as one
	// without evidence, not as one whose evidence is unknown.
	Private string
	// Outside says that nobody was asked because the registry that it comes from, which the base
	// uses, may have it as its own or as everybody's: a share counts it as without provenance.
	Outside bool
	// Registry is the base of the operator's other registry that was asked, "" for the one of
	// --npm-registry. Mirror says that the package comes from a mirror of it, and Uncounted
	// why the evidence does not count then, "" where it does.
	Registry  string
	Mirror    bool
	Uncounted string
	// Left says, where the package comes from the public registry now, which other one it, or
	// all that the base has of its scope, comes from: "the registry npm.example.com".
	Left string

	// Bundle says of an entry that is marked as bundled whether the release that is said
	// to bundle it says so, too: verified, absent or unknown.
	Bundle provenance.Check

	// History is what the registry says of the package's releases, nil where it was not
	// asked, or gave no answer: then HistoryUnread says why.
	History       *registry.History
	HistoryUnread string
	Witnesses     []Witness // the evidence of those that Wanted named

	Run     Run        // that the provenance names
	Commit  Commit     // that a git source names
	Malware []Advisory // that name the release as malware
	Fixes   []Advisory // of a replaced version, for which this very version is the first fix
}

// Problem is something about a file rather than a package.
type Problem struct {
	Kind     ProblemKind
	Lockfile string
	Line     int
	Detail   string // one sentence, may quote outside text

	// Why, Help, Link and Mended are those of the finding, where the problem has its own.
	Why, Help, Link string
	Mended          Mended
}

// ProblemKind sorts problems.
type ProblemKind string

// The kinds of problems. Unreadable always fails and cannot be switched off.
// UnreadableBase must not: it would bar the way out.
const (
	Unreadable      ProblemKind = "unreadable"       // the head's lockfile cannot be read
	UnreadableBase  ProblemKind = "unreadable-base"  // the base's lockfile cannot be read: the head was judged as newly added; a warning
	LockfileRemoved ProblemKind = "lockfile-removed" // it went, its manifest stayed
	Unsupported     ProblemKind = "unsupported"      // a lockfile of an ecosystem that is not read yet
	RegistryMoved   ProblemKind = "registry-moved"   // the settings name another registry for packages without an address
	SubmoduleMoved  ProblemKind = "submodule-moved"  // its lockfiles were not looked at
	PolicyInvalid   ProblemKind = "policy-invalid"   // the policy file has an error; always fails
	ManifestAlone   ProblemKind = "manifest-alone"   // what a manifest asks for changed, and its lockfile did not
	ConfigChanged   ProblemKind = "config-changed"   // a file that steers the package manager changed
	PublishWorkflow ProblemKind = "publish-workflow" // how the repository publishes got something wrong
)

// Input is everything a verdict rests on, beside the policy and the clock.
type Input struct {
	Subjects []Subject
	Problems []Problem
	// KnownHosts are, for each lockfile's path, the registries from which its base
	// already takes tarballs, each by its base as lockfile.RegistryBase names it
	// ("https://npm.example.com/repository/team"); under "" those that the operator
	// configured. The public names of the npm registry are always known.
	KnownHosts map[string][]string
	// KnownSpecs are, for each lockfile's path, the specs that lead out of the registry
	// and that packages of its base ask for already.
	KnownSpecs map[string][]dep.Spec
	// Malware says what came of asking for advisories of type malware.
	Malware Inquiry
	// Inventories are of the lockfiles, where the policy asks for coverage (NeedsInventory).
	Inventories []Inventory
	Acceptances []Acceptance
	// Apart says that findings of one cause are not made one: who asks for the packages of
	// a rule wants each of them.
	Apart bool
	// Whole says that the subjects are all packages of all lockfiles of a folder, so that
	// it can be told which exceptions are for nothing there is.
	Whole bool
}

// Conclusion is GitHub's word for the outcome of a check run.
type Conclusion string

// The conclusions that a verdict can have.
const (
	Success        Conclusion = "success"
	Failure        Conclusion = "failure"
	ActionRequired Conclusion = "action_required" // something could not be verified
	Neutral        Conclusion = "neutral"
)

// Verdict is what all findings come to.
type Verdict struct {
	Conclusion Conclusion
	Findings   []Finding // errors first, then unknowns, warnings, notices; then by lockfile, line, package, rule
	// WouldFail says that the mode "observe" kept findings from failing the check.
	WouldFail bool
	// Excepted are the findings that were pardoned, in the order of Findings.
	Excepted []Excepted
	// Acceptable are what somebody would accept who accepts every error that may be
	// accepted on a pull request, sorted; none where the policy lets nobody accept.
	Acceptable []Acceptance
	// Until is when the clock alone may make another verdict of the same input: a cooldown
	// ends, an exception expires. Zero: it never does. What is said may differ before, as
	// ages grow, and a verdict need not change at it.
	Until time.Time
}
