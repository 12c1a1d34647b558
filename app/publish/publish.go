// Package publish says how a repository publishes its packages, whether that
// gives provenance, and what to mend.
//
// It is pure: the bytes of a repository's files go in, ways, findings and
// mended lines come out. Nothing is run, nothing is looked up, and what no file
// says is never guessed: it is an answer of its own, with what it depends on.
package publish

// Files are a repository's files, by slash-separated path from the root; only
// those that Wanted names need be there.
type Files map[string][]byte

// Facts are what the files cannot say; zero values are "not known".
type Facts struct {
	Repository    string // "github.com/OWNER/NAME", as it is on GitHub
	Private       *bool  // whether only its members see the repository
	DefaultBranch string
	Partial       bool // there are files that matter and are not among those given
}

// Report is what Check found.
type Report struct {
	Schema   string    // "bonafide.publish/v1"
	Ways     []Way     // in the order of file and line
	Findings []Finding // the gravest first, then file and line
	Unread   []Unread  // files that could not be read, with why
}

// Answer is yes, no, or depends: on an expression or on what no file says.
type Answer string

// The answers.
const (
	Yes     Answer = "yes"
	No      Answer = "no"
	Depends Answer = "depends"
)

// Way is one place at which packages get published.
type Way struct {
	Registry            string // "npm" | "pypi" | "rubygems" | "crates.io" | another's host
	Tool                string // "npm publish", "lerna publish", "changesets/action", …
	File                string
	Line                int      // 1-based: the step's line that publishes
	Workflow, Job, Step string   // names as written, "" where there is none
	Packages            []string // names, where manifests say them; else nil
	Provenance, Trusted Answer
	Why                 []string // sentences: what the answers rest on
}

// Unread is a file, or a part of one, that could not be read.
type Unread struct {
	File   string
	Line   int    // 1-based; 0 where it is about no line
	Reason string // a sentence
	Whole  bool   // nothing of the file was read
}

// Severity is how grave a finding is.
type Severity string

// The severities, the gravest first.
const (
	Error   Severity = "error"   // publishing fails, or is unsafe
	Warning Severity = "warning" // no provenance, or weaker than it could be
	Notice  Severity = "notice"
)

// Finding is one thing to mend.
type Finding struct {
	Rule          string // "id-token-missing", "registry-url-missing", …
	Severity      Severity
	File          string
	Line, EndLine int    // 1-based, both within the finding
	Message       string // plain text, as Why and Help are
	Why, Help     string
	Source        string // the documentation that says so
	Edits         []Edit // the mended lines, nil where a person must decide
}

// Edit replaces lines From to To of a file by Lines, which carry no line ends.
// Lines are counted from 1; To = From-1 inserts before From.
type Edit struct {
	File     string
	From, To int
	Lines    []string
}
