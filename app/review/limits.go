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
	// GitHub slows down who asks much at once.
	inquiriesAtATime = 4
	// hubBudget is how long runs and commits may take, counted from when there is
	// evidence: no verdict waits longer for what can only be a warning.
	hubBudget = 10 * time.Second
	// malwareBudget is how long the advisories of malware, and those that were fixed, may
	// take: one request for a pull request, a few for a whole lockfile.
	malwareBudget = 10 * time.Second
)
