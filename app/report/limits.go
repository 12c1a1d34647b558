package report

// Limits of what is shown, each with its reason. Every rendering cuts whole rows,
// never inside one, and says how many it left out.
const (
	// MaxSummaryBytes is GitHub's limit on a check run's summary, in bytes of UTF-8; a
	// longer one is refused with 422. UTF-16 units, which GitHub counts too, are never
	// more than bytes.
	MaxSummaryBytes = 65_535
	// MaxTextBytes is where GitHub silently cuts a check run's text.
	MaxTextBytes = 65_535
	// MaxTitleChars keeps a title on one line of GitHub's list of checks, which cuts
	// far earlier than it refuses.
	MaxTitleChars = 200
	// MaxNotesBytes bounds the list of what was not looked at, so that it cannot push
	// the findings out of the summary.
	MaxNotesBytes = 8 << 10
	// MaxPreviewed bounds what a terminal lists of what a new policy would change: after
	// that many nobody asks which, but why.
	MaxPreviewed = 30
	// MaxSections bounds the pull requests of one head commit that are written out.
	// The worst come first.
	MaxSections = 20

	// MaxAnnotations bounds the annotations of one check run: ten requests. Nobody
	// reads more, and each costs a write from a limited budget.
	MaxAnnotations = 500
	// AnnotationsPerRequest is GitHub's limit.
	AnnotationsPerRequest = 50
	// MaxAnnotationTitle is GitHub's limit, in characters.
	MaxAnnotationTitle = 255
	// MaxAnnotationBytes bounds one message far below GitHub's 64 KB: it is shown
	// between two lines of a diff.
	MaxAnnotationBytes = 4 << 10

	// MaxComments bounds the review comments of one head commit. Each notifies people.
	MaxComments = 20
	// MaxCommentBytes bounds one comment below GitHub's 65,536 characters.
	MaxCommentBytes = 32 << 10

	// maxWorkspaces bounds the workspaces named in a row of a table: a package that all
	// of a monorepo asks for would fill the page.
	maxWorkspaces = 3
	// MaxNameChars bounds a package's name, a version or a path where it is shown. npm
	// allows 214 characters; longer than this is not read but looked at.
	MaxNameChars = 120
	// MaxSentenceChars bounds a message, a reason or a help text, which may quote
	// outside text.
	MaxSentenceChars = 1_000
	// MaxReasonChars bounds a reason in a cell of a table.
	MaxReasonChars = 300
	// MaxURLChars bounds an address that is made a link.
	MaxURLChars = 400
)
