package policy

import (
	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// Witness is an earlier release of a subject's package that its history names, with
// what was proven of it.
type Witness struct {
	Package  dep.Package
	Evidence provenance.Evidence
}

// Looked says what came of looking something up where no registry answers for it.
type Looked string

// What can come of it. The zero value says that there was nothing to look up.
const (
	Answered      Looked = "answered"
	Hidden        Looked = "hidden"         // the repository is private or gone: nobody can tell
	Gone          Looked = "gone"           // a public repository no longer has it
	LeftOut       Looked = "left-out"       // the time for it was over, or it was refused: not asked again
	NotConfigured Looked = "not-configured" // the source was never configured (no GitHub token on a terminal)
	Unreachable   Looked = "unreachable"    // it did not answer, see the reason; worth asking again
)

// Inquiry is what came of looking something up, with the reason where it is not
// Answered: one sentence that may quote outside text.
type Inquiry struct {
	Looked Looked
	Reason string
}

// Standing says where a commit stands in its repository.
type Standing string

// The standings. An orphan is a commit on no branch and no tag: of a fork, or forced
// away. "" says that it was not found out.
const (
	OnRef  Standing = "on-ref"
	Orphan Standing = "orphan"
)

// Run is what the forge says of the workflow run that a verified provenance names.
type Run struct {
	Inquiry
	Conclusion string   // of the named attempt: "success", "failure", "cancelled"; "" while it runs
	Event      string   // that started it: "push"
	Commit     string   // that it ran at
	Workflow   string   // path of the workflow
	Failed     []string // names of the jobs that failed or were cancelled
	Skipped    []string // names of the jobs that were skipped
	Succeeded  []string // names of the jobs that succeeded
	Standing   Standing // of the provenance's commit
}

// Commit is what the forge says of the commit of a git dependency.
type Commit struct {
	Inquiry
	Standing Standing
}

// Advisory is one entry of a database of advisories.
type Advisory struct {
	ID      string // "GHSA-…"
	URL     string // for people
	Summary string
}

// Inventory counts the packages of one lockfile on both sides, for the rule coverage.
type Inventory struct {
	Lockfile   string
	Base, Head Tally
	// Unchanged are the head's packages that no change is about, with their evidence, as
	// far as the policy requires that they have provenance.
	Unchanged []Subject
	Retry     bool // something unknown could become known by asking again
}

// Tally counts the distinct packages of a lockfile that a registry answers for.
type Tally struct {
	Packages int
	Verified int // with verified provenance
	Unknown  int // that could not be asked about
	// LeftOut are those that no registry which may be asked answers for: git sources,
	// bundled ones. They are in none of the other numbers.
	LeftOut int
	Reason  string // of one of the unknown, one sentence that may quote outside text
}

// Pardon is why a finding does not weigh: an exception of the policy file, or an
// acceptance on the pull request.
type Pardon struct {
	Exception  *Exception  // or
	Acceptance *Acceptance // the other
}

// Acceptance is a finding that somebody accepted on a pull request, by a command or with a button. It
// falls when one of the things that it binds changes.
type Acceptance struct {
	Package  dep.Package
	Digest   string // the lockfile's, as an SRI of all its digests; "" where it has none
	Source   string // the kind and address of the entry's source
	Lockfile string // path
	Rule     RuleName

	Reason string
	By     string // login
	Number int    // of the pull request
}

// Excepted is a finding that was pardoned: it stays visible, and does not weigh.
type Excepted struct {
	Finding
	Pardon Pardon
}
