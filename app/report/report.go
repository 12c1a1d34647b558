// Package report holds the one value that everything shown is made from, and the
// ways to show it: check-run output, annotations, comments, JSON, table, Markdown.
// It is pure: no I/O.
package report

import (
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// Schema is the value of "schema" in the JSON.
const Schema = "bonafide.report/v1"

// Kind says which question the report answers.
type Kind string

// The kinds of reports.
const (
	Diff   Kind = "diff"   // the changed packages of two sides
	Audit  Kind = "audit"  // every package of one lockfile
	Verify Kind = "verify" // the packages that were asked for
)

// Report is everything that was found out. All strings that came from outside are
// unescaped: every renderer escapes for its own format.
type Report struct {
	Kind       Kind
	Conclusion policy.Conclusion
	WouldFail  bool // mode observe: it would have failed
	Mode       policy.Mode
	Comments   policy.Comments
	PolicyFrom string // what the policy was read from
	At         time.Time
	Summary    Summary
	Packages   []Package
	Findings   []policy.Finding
	Excepted   []policy.Excepted    // pardoned: shown, and without weight
	Pins       []policy.PackageRule // identity pins that could be added to the policy
	PinsShown  bool                 // somebody asked to see them
	PinsPatch  string               // that adds them to the policy file, "" where there is none that is sure to apply
	Offered    int64                // names the errors that may be accepted with one click (policy.Offered), 0 for none
	Lockfiles  []Lockfile           // what was looked at, and what was not and why
	// Preview is what would come of it by the policy that the pull request proposes; nil
	// where it proposes none.
	Preview *Preview
	// Retry says that something is unknown that could become known by asking again.
	Retry bool
	// Hasty names a release that seems to have lost something and is so young that its
	// evidence may still be on its way, "" for none.
	Hasty string
	// Again says that something beside the verdict was out of reach (a workflow run, the
	// advisories): it is published all the same, and asked for again afterwards.
	Again bool
	// Until is when the clock alone may make another verdict of the same evidence; zero:
	// it never does.
	Until time.Time
	// Demo says that trust rests on the demo's own root: every rendering says so.
	Demo bool

	said string // the title of the whole, where this was narrowed
}

// Summary counts distinct packages. Removed ones are not counted.
type Summary struct {
	Packages   int
	Signature  Counts
	Provenance Counts
	// Locations counts the entries of the lockfiles as npm does ("audited 971
	// packages"), for audits.
	Locations           int
	LocationsSigned     int
	LocationsAttested   int
	LocationsProvenance int
}

// Counts counts packages by state.
type Counts struct{ Verified, Absent, Invalid, Unknown int }

// Package is one row: one distinct name@version and source of one lockfile.
type Package struct {
	Entry       dep.Entry      // first occurrence
	Change      dep.ChangeKind // "" in audits and verifications
	From        string         // the version that was replaced, "" if none
	Occurrences int
	Evidence    provenance.Evidence
	Replaced    *provenance.Evidence // of the version From, nil if none
	Published   time.Time            // when the release came out, zero where nobody knows
	Manifests   []Manifest           // where the repository asks for it
	NotLookedUp string               // why no evidence was asked for, "" where it was
}

// Lockfile is one file that was, or was not, looked at.
type Lockfile struct {
	Path    string
	Changed int    // number of changed packages
	Note    string // "ignored by the policy", "not read: …", "" when all is well
}

// Check is what one check run shows: usually one report, several where several
// open pull requests share the head commit.
type Check struct {
	Sections []Section
	// Broken says in one sentence why there is no verdict (the job failed for good);
	// the check then fails with it, or is neutral where it is Excused.
	Broken string
	// Excused says that Broken tells only of what could not be asked, and that the policy
	// says on_unknown: neutral.
	Excused bool
	// Details is the address of the page with the whole report; "": there is none.
	Details string
}

// Section is the report of one pull request, or of one merge group (number 0).
type Section struct {
	PullRequest int
	BaseRef     string
	Report      Report
}

// Conclusion is the worst of all sections. No section at all fails: there is no
// verdict.
func (c Check) Conclusion() policy.Conclusion {
	switch {
	case c.Broken != "" && c.Excused && len(c.Sections) == 0:
		return policy.Neutral
	case c.Broken != "" || len(c.Sections) == 0:
		return policy.Failure
	}
	worst := policy.Success
	for _, s := range c.Sections {
		if rank(s.Report.Conclusion) > rank(worst) {
			worst = s.Report.Conclusion
		}
	}
	return worst
}

// rank orders conclusions by how bad they are; an unknown one is the worst.
func rank(c policy.Conclusion) int {
	switch c {
	case policy.Success:
		return 0
	case policy.Neutral:
		return 1
	case policy.ActionRequired:
		return 2
	}
	return 3
}
