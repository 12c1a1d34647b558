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
	// MaxJobSummaryBytes bounds what a workflow's job shows below GitHub's 1 MiB for each
	// step: of more it shows nothing.
	MaxJobSummaryBytes = 1_000_000
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

	// MaxListedBytes bounds the list of all packages that one finding of the summary stands
	// for: hundreds of names, and room for the other findings.
	MaxListedBytes = 8 << 10

	// maxOtherBundles is how many bundles of a file are listed beside the one that counts.
	maxOtherBundles = 10

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
	// MaxManifests bounds the manifests in which a package is looked for: a comment needs
	// one line.
	MaxManifests = 20
	// MaxCommentBytes bounds one comment below GitHub's 65,536 characters.
	MaxCommentBytes = 32 << 10

	// minListed is how many bytes a list of packages needs to be worth its while: a name, and
	// how many more there are.
	minListed = MaxNameChars + 100
	// maxMendedLines bounds the mended lines of one finding in a table: a new file is rather
	// read as a patch.
	maxMendedLines = 40
	// maxRulesNamed bounds the rules that a title names: GitHub's lists cut what is longer.
	maxRulesNamed = 3
	// maxWorkspaces bounds the workspaces named in a row of a table: a package that all
	// of a monorepo asks for would fill the page.
	maxWorkspaces = 3
	// MaxNameChars bounds a package's name, a version or a path where it is shown. npm
	// allows 214 characters; longer than this is not read but looked at.
	MaxNameChars = 120
	// MaxSentenceChars bounds a message, a reason or a help text, which may quote
	// outside text.
	MaxSentenceChars = 1_000
	// MaxWhyChars bounds why a finding matters where it is shown between two lines of a diff.
	MaxWhyChars = 300
	// MaxReasonChars bounds a reason in a cell of a table.
	MaxReasonChars = 300
	// MaxURLChars bounds an address that is made a link.
	MaxURLChars = 400
	// MaxTellChars bounds an address that carries a whole text: what is longer is cut, or
	// refused, by some browsers and servers.
	MaxTellChars = 2_000

	// MaxSARIFResults is how many results of a run GitHub's code scanning takes; with one
	// more it refuses the file. It shows 5,000 of them.
	MaxSARIFResults = 25_000
	// MaxSARIFNotifications bounds what is said of the run beside its results: a status
	// page shows a few.
	MaxSARIFNotifications = 100
	// MaxCycloneDXVersion is the schema's limit on a version, in characters. npm allows 256.
	MaxCycloneDXVersion = 1024
	// MaxBadgeChars bounds each of the two texts of a badge, which stands in a line of others.
	MaxBadgeChars = 40
	// MaxReadBytes bounds a report that is read, as the store bounds one that it keeps.
	MaxReadBytes = 64 << 20
	// maxReadRows bounds each list of a report that is read: a row takes ten times the memory
	// of the shortest text of one.
	maxReadRows = 100_000
	// roomyRow is how many bytes of a report go to a row at most, as a rule: so many rows are
	// made room for before they are read.
	roomyRow = 1_700

	// ListPage is how many packages a page of a list shows: enough to scroll, and light to
	// send.
	ListPage = 100
)
