// Package policy holds the rules: it turns changes and evidence into findings and
// a verdict. It is pure: no I/O, and no clock but the one given.
package policy

import (
	"time"
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

// Policy is what holds for a repository: a bonafide.yml, or Default. Package
// config parses the file into it. It is a value and is never changed after it
// was made.
type Policy struct {
	Source string // what to show: "acme/web .github/bonafide.yml at 1a2b3c4", "the defaults", a file name

	Mode      Mode
	OnUnknown OnUnknown
	Ignore    []string // doublestar globs of lockfile paths
	Rules     map[RuleName]Severity

	Require         string // none | direct | new | all
	MinCoverage     float64
	MaxCoverageDrop float64
	Cooldown        time.Duration
	AcceptBy        string // admin | maintain | write | nobody
	AcceptAuthor    bool
	Packages        []PackageRule
	Exceptions      []Exception

	// Pending names settings of the file that are accepted and do nothing yet, each
	// as one sentence with its line. They are shown as notices.
	Pending []string
}

// PackageRule is one block under "packages".
type PackageRule struct {
	Match    string
	Require  string
	Identity IdentityPin
	Line     int
}

// IdentityPin is the identity that provenance must name. Empty fields match all.
type IdentityPin struct {
	Issuer, Repository, Workflow, Ref string
}

// Exception is a finding that somebody with a name accepted, until a date.
type Exception struct {
	Package string
	Rules   []RuleName
	Reason  string
	Owner   string
	Expires time.Time
	Line    int
}
