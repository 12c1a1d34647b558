package forge

import "time"

// GitHub's limits, as its documentation states them or as they were measured in
// public, and this server's own.
const (
	// The diff of one file: its patch is left out beyond these.
	maxFileDiffLines = 20_000
	maxFileDiffBytes = 500_000
	// The diff of one comparison: patches are left out once these are used up.
	maxDiffLines = 20_000
	maxDiffBytes = 1_000_000
	// Files that pulls/N/files and compare list.
	maxPullFiles    = 3_000
	maxCompareFiles = 300
	// Commits that compare lists when no page is asked for.
	maxCompareCommits = 250
	// Entries and bytes of a recursive tree; the rest is cut off and it says truncated.
	maxTreeEntries = 100_000
	maxTreeBytes   = 7_000_000

	// Contents: base64 up to the first, encoding "none" up to the second, raw media
	// type only; git/blobs goes up to the second.
	maxContentsJSON = 1_000_000
	maxBlob         = 100_000_000

	maxAnnotationsPerRequest = 50
	maxAnnotationTitle       = 255    // characters
	maxAnnotationText        = 64_000 // bytes of message and of raw_details
	maxOutput                = 65_535 // summary: bytes and UTF-16 units; text: UTF-16 units, cut beyond as many bytes
	maxRunsPerName           = 1_000  // of one suite; the oldest go
	maxCommentBody           = 65_536 // characters

	maxActions           = 3
	maxActionLabel       = 20 // characters
	maxActionDescription = 40
	maxActionIdentifier  = 20

	tokenLifetime     = time.Hour
	maxJWTLifetime    = 10 * time.Minute
	signInLifetime    = 10 * time.Minute // of the code that somebody comes back with
	personLifetime    = 8 * time.Hour
	clockSkew         = time.Minute
	deliveryRetention = 3 * 24 * time.Hour
	webhookTimeout    = 10 * time.Second

	defaultRateLimit = 5_000 // requests an hour and installation

	defaultPerPage = 30
	maxPerPage     = 100

	// Ours: a request of the bot holds 50 annotations of 64 kB twice at most.
	maxRequestBody = 16 << 20
	// Ours: of a receiver's answer this much is kept in the delivery log.
	maxLoggedResponse = 64 << 10
	// Ours: how many comparisons are remembered, so that paging does not diff anew.
	maxRememberedDiffs = 64
)
