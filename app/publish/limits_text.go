package publish

// Limits of what is read of logs, each with its reason.
const (
	// MaxLogBytes bounds a job's log that is read. GitHub's own are a few MB, those that
	// print every file of a large build some hundreds.
	MaxLogBytes = 512 << 20
	// MaxLogLine bounds a line: longer ones are minified code or data, and are cut.
	MaxLogLine = 64 << 10
	// MaxLogFindings bounds what is said of a log. The first errors are the causes.
	MaxLogFindings = 100
	// maxErrorLines bounds the lines of one of npm's errors, which have about ten.
	maxErrorLines = 40
	// maxCauses bounds the causes of an error that are named: nobody looks at more.
	maxCauses = 6
	// maxLogText bounds, in bytes, the part of a log that a finding quotes.
	maxLogText = 600
)

// Limits for those who read the files that Check is given: beyond them it reads nothing.
const (
	MaxFiles     = maxFiles
	MaxFileBytes = maxFileBytes
	MaxAllBytes  = maxAllBytes
)
