package review

import "time"

// Limits of a review, each with its reason.
const (
	// MaxLockfileBytes bounds one lockfile. The largest real ones are 20 to 30 MB;
	// GitHub hands out blobs up to 100 MB.
	MaxLockfileBytes = 64 << 20
	// MaxLockfiles bounds the changed lockfiles of one pull request. Monorepos keep
	// hundreds; a pull request that changes more is not read by anybody.
	MaxLockfiles = 500
	// MaxTotalBytes bounds all lockfiles of one pull request together, both sides: they
	// are held at once.
	MaxTotalBytes = 256 << 20
	// MaxChanges bounds the changed packages of one review: each costs a request or
	// two to the registry.
	MaxChanges = 100_000
	// MaxPast bounds the releases in the histories of all packages that change, each counted
	// for every version of the package that does: they are gone through for each. A whole
	// new lockfile of some thousand packages has a million.
	MaxPast = 20_000_000
	// MaxPreview bounds the blocks and exceptions of a policy that a pull request brings
	// along, times the packages that change: each of them is held against each, and both are
	// the pull request's to write. The worst pattern found takes some 10 µs.
	MaxPreview = 2_000_000
	// MaxPulls bounds the open pull requests with one head: each is a section of one
	// check, and nobody has more than a few for a good reason.
	MaxPulls = 50
	// MaxSettingsFolders bounds the folders above a lockfile that are searched for
	// settings. Real lockfiles lie a few folders deep.
	MaxSettingsFolders = 32
	// MaxManifests bounds the manifests that are held against their lockfiles, and MaxConfigs
	// the files of settings whose lines are compared: each costs two requests. A pull
	// request that changes more is not read by anybody.
	MaxManifests = 200
	MaxConfigs   = 50
	// MaxFetched and MaxFetchedBytes bound the files that are read ahead of a comparison: an
	// ordinary pull request changes a few. fetchesAtATime bounds those in flight: all jobs of
	// an installation share 20 places.
	MaxFetched      = 64
	MaxFetchedBytes = 8 << 20
	fetchesAtATime  = 8
	// MaxPublishFiles bounds the files that are read to find out how a repository publishes, on
	// each side; MaxPublishFileBytes one of them and MaxPublishBytes all together. Workflows
	// have some kB each, and few repositories more than thirty. MaxPublishStaying is the bound
	// for manifests and settings that the pull request leaves alone: the largest monorepos
	// publish some two hundred packages together. MaxPublishFindings bounds what
	// is said of them on a pull request: more is not read by anybody.
	MaxPublishFiles     = 60
	MaxPublishStaying   = 200
	MaxPublishFileBytes = 512 << 10
	MaxPublishBytes     = 4 << 20
	MaxPublishFindings  = 40
	// MaxMendedLines and MaxMendedBytes bound the lines that are suggested in place of others:
	// more than that is better mended by the command line.
	MaxMendedLines = 40
	MaxMendedBytes = 4 << 10
	// MaxShown bounds how many changed lines, names or files a problem shows, and MaxExcerpt
	// the characters of each.
	MaxShown   = 6
	MaxExcerpt = 120
	// MaxSymlinks bounds the steps of resolving one symlink, as Linux does.
	MaxSymlinks = 40
	// MaxCommandBytes bounds the line that a command stands in: npm's longest name and
	// version (470 bytes), a rule, and a reason that people read in a table.
	MaxCommandBytes = 1000
	// MaxAcceptances bounds what is accepted on one pull request, each for one lockfile.
	// Nobody accepts hundreds of findings one by one for a good reason.
	MaxAcceptances = 500
	// MaxInquiries bounds the workflow runs and commits that GitHub is asked about for one
	// review: each costs four to eight of the 5,000 requests that an installation has in an
	// hour. A monorepo's packages share a run.
	MaxInquiries = 60
	// inquiriesAtATime keeps what is asked beside the verdict from getting into its way:
	// GitHub slows down who asks much at once, and all jobs of an installation share 20 places.
	inquiriesAtATime = 8
	// hubBudget is how long runs and commits may take, counted from when there is
	// evidence: no verdict waits longer for what can only be a warning.
	hubBudget = 10 * time.Second
	// malwareBudget is how long the advisories of malware, and those that were fixed, may
	// take: one request for a pull request, a few for a whole lockfile.
	malwareBudget = 10 * time.Second

	// SmallMemory and LargeMemory are what the reviews of a process may hold together, in
	// bytes, beside what the process takes anyway (60 MiB), caches (32 MiB) and what waits to
	// be collected: together they stay under 512 MiB. A lockfile of 20 MB on both sides takes
	// 140 to 180 MiB, so that one of them is read at a time.
	SmallMemory = 32 << 20
	LargeMemory = 192 << 20
	// smallestParts is how many reviews fit into the small share at least. An ordinary
	// lockfile of 300 kB on both sides takes some 6 MiB.
	smallestParts = 4
	// roomPatience is how long a job waits for memory before it gives its worker to
	// another one, and roomAgain when it comes again.
	roomPatience = 15 * time.Second
	roomAgain    = 3 * time.Second

	// The weights of what is held, in bytes, as measured by the benchmarks of package
	// lockfile; each is the most that was seen, rounded up.
	//
	// fileCopies: a file is held as bytes and as text. entryBytes and entryWeight: the
	// shortest entries that mean something have 50 bytes, and one takes up to 800 while two
	// sides are compared. treeEntryWeight: an entry of a listing stands in an index by path
	// besides. contentCopies: other files are parsed, too.
	fileCopies      = 2
	entryBytes      = 50
	entryWeight     = 800
	treeEntryWeight = 320
	contentCopies   = 8
	// ListedBytes is what an entry of a listing takes in it and in its side.
	ListedBytes = 320
	// keptEntryWeight is one entry of a change without its texts, textWeight one of those in
	// lists, changeWeight a change with what the judgement adds to it.
	keptEntryWeight = 450
	textWeight      = 64
	changeWeight    = 2 << 10
	// evidenceWeight is the evidence for one release, without its lists; pastWeight one
	// release of a history; rowWeight a package in a report, which is written as JSON, and
	// findingWeight a finding without its text.
	evidenceWeight = 3 << 10
	pastWeight     = 256
	rowWeight      = 4 << 10
	findingWeight  = 2 << 10
	// smallFile is up to how many bytes the files of a review are not worth a copy of what
	// they said.
	smallFile = 256 << 10
)
