// Package policy holds the rules: it turns changes and evidence into findings and
// a verdict. It is pure: no I/O, and no clock but the one given.
package policy

import (
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
)

// Severity is how much a finding weighs.
type Severity string

// The severities. Off switches a rule off.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Notice  Severity = "notice"
	Off     Severity = "off"
)

// Mode says whether findings may fail the check.
type Mode string

// The modes. Observe reports everything and never fails because of a finding.
const (
	Enforce Mode = "enforce"
	Observe Mode = "observe"
)

// OnUnknown says what to conclude when something could not be verified.
type OnUnknown string

// The choices for on_unknown.
const (
	UnknownFails   OnUnknown = "fail"
	UnknownNeutral OnUnknown = "neutral"
)

// Comments says about what a pull request gets review comments.
type Comments string

// The choices for comments. The check and its annotations are whole in any case.
const (
	CommentNothing Comments = "off"
	CommentErrors  Comments = "errors"
	CommentAll     Comments = "all" // warnings, too, and what publish-workflow finds; never other notices
)

// Publish says whether what the repository itself releases is looked at.
type Publish string

// The choices for publish.
const (
	PublishOff    Publish = "off"
	PublishVerify Publish = "verify" // after a release, or the push of a tag
)

// Policy is what holds for a repository: a bonafide.yml, or Default. Package
// config parses the file into it. It is a value and is never changed after it
// was made.
type Policy struct {
	Source string // what to show: "acme/web .github/bonafide.yml at 1a2b3c4", "the defaults", a file name
	// Identity names the content of the repository's own policy file, with that of the file
	// that it extends, FloorIdentity that of the organisation's: two that are equal say the
	// same, whichever commits they were read at. "" where it is not known.
	Identity, FloorIdentity string

	Mode      Mode
	OnUnknown OnUnknown
	Comments  Comments // "" is CommentErrors
	Publish   Publish  // "" is PublishOff
	Ignore    []string // doublestar globs of lockfile paths
	Rules     map[RuleName]Severity
	// Registries are what the repository says of where its packages come from.
	Registries Registries

	Require         string // none | direct | new | all
	MinCoverage     float64
	MaxCoverageDrop float64
	Cooldown        time.Duration
	AcceptBy        string // admin | maintain | write | nobody
	AcceptAuthor    bool
	Packages        []PackageRule
	Exceptions      []Exception

	// Places are where the keys stand that were set, by their path in the file:
	// "mode", "rules.provenance-lost", "provenance.require". What is not there is the
	// default.
	Places map[string]Place

	// Notes are sentences about the policy itself that people should know: what an
	// organisation's floor did not grant. They are shown as notices.
	Notes []string

	// Floor is what the organisation's floor bounds exceptions, acceptances, ignores and
	// blocks by; nil where there is none. Floor.Over sets it.
	Floor *Floor
	// FloorUnread says why the organisation's floor, which must hold, is not known; ""
	// where it is, or where there need be none. It never passes, whatever OnUnknown says.
	FloorUnread string

	// matched keeps the blocks of the packages that one verdict is about: dozens of times
	// each is asked for, and the patterns may be anybody's. nil keeps nothing.
	matched map[dep.Package][]int
	// rules are all rules by name, for the same reason.
	rules map[RuleName]Rule
}

// Registries say where packages come from, beside what the operator says.
type Registries struct {
	Mirrors []string // addresses that serve what the public registry has
	Private []string // scopes ("@my-org") that nobody is asked about
}

// Place is a line of a policy file. File is "" for the one that Policy.Source names.
type Place struct {
	File string
	Line int
}

// PackageRule is one block under "packages". For each key the most specific block that
// sets it decides (see Pattern); what none sets is the policy's. A pin is one key.
type PackageRule struct {
	Match    string // see Pattern
	Require  string // "" where it is not set
	Identity IdentityPin
	Cooldown *time.Duration
	Rules    map[RuleName]Severity
	File     string // see Place
	Line     int
}

// IdentityPin is the identity that provenance must name. Empty fields match all.
type IdentityPin struct {
	Issuer, Repository, Workflow, Ref string
}

// Exception is a finding that somebody with a name accepted, until a date.
type Exception struct {
	Package string // see Pattern
	// Integrity is the digest that it is for, as an SRI; "" for any. The rules that say
	// that something does not hold at all can be excepted by version and digest alone.
	Integrity string
	Rules     []RuleName
	Reason    string
	Owner     string
	Expires   time.Time // the last day on which it holds, UTC
	File      string    // see Place
	Line      int
}
