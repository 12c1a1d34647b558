package checks

import (
	"time"

	"github.com/bonafide-app/bonafide/app/review"
)

// Limits of what is asked of GitHub, each with its reason.
const (
	// RequestTimeout bounds one request with its body: the largest blob that is read
	// (64 MiB) takes this long at 1 MiB a second.
	RequestTimeout = 64 * time.Second
	// HeaderTimeout bounds the wait for an answer to begin. GitHub ends its own work
	// on a request after 10 s.
	HeaderTimeout = 20 * time.Second
	// MaxAnswerBytes bounds every answer's body: the largest blob and some room. Tree
	// listings, the largest JSON, end at 100,000 entries or about 35 MB.
	MaxAnswerBytes = review.MaxLockfileBytes + 1<<20
	// MaxErrorBytes bounds the body of a refused token request, which is kept.
	MaxErrorBytes = 64 << 10

	// PageSize is GitHub's maximum for every list that is read here.
	PageSize = 100
	// MaxPullPages bounds the list of open pull requests (1,000). Beyond it they are
	// also asked for by commit and by branch.
	MaxPullPages = 10
	// MaxRepositoryPages bounds the repositories of an installation (5,000).
	MaxRepositoryPages = 50
	// MaxInstallationPages bounds the installations of the App (10,000).
	MaxInstallationPages = 100
	// MaxRunPages bounds the runs of one name on one commit: GitHub keeps 1,000.
	MaxRunPages = 10
	// MaxAnnotationPages bounds the annotations of one run that are read back after an
	// interruption (5,000).
	MaxAnnotationPages = 50
	// MaxCommentPages bounds the comments, and the reviews, of one pull request that
	// are read (1,000). On a longer one nothing more is said but in the check.
	MaxCommentPages = 10
	// MaxThreadPages bounds the threads of one pull request that are read (1,000), as its
	// comments are.
	MaxThreadPages = 10
	// KeepDenials is how long it is remembered that GitHub does not let an installation hide
	// comments. Permissions change seldom, and people read the text anyway.
	KeepDenials = 6 * time.Hour
	// MaxFilePages bounds the files of one pull request: GitHub lists 3,000.
	MaxFilePages = 30

	// MaxGroupPages bounds the commits of a merge group that are read (1,000). In a larger
	// one only what its branch is named after is known to be in it.
	MaxGroupPages = 10

	// MaxTreeRequests bounds the listings that one comparison reads where a tree is
	// too large for one answer.
	MaxTreeRequests = 200
	// MaxTreeEntries bounds the entries of one side (about 150 bytes each). The
	// largest public monorepos keep around 400,000 files.
	MaxTreeEntries = 1_000_000

	// AnnotationBatch is how many annotations GitHub takes in one request.
	AnnotationBatch = 50
	// MaxCommentBytes bounds a body that several comments are joined in. GitHub's own
	// limit is 65,536 characters; some are left for saying later that it is mended.
	MaxCommentBytes = 65_000
	// MaxBodyBytes is that limit, in bytes, which are never less than characters.
	MaxBodyBytes = 65_536
	// MaxExternalID bounds the external id of a check run. GitHub names no limit.
	MaxExternalID = 200
	// MaxAboutBytes bounds the part of it that says what the run is about.
	MaxAboutBytes = 140

	// MinWait and MaxWait clamp how long GitHub may make us wait: nothing is hammered,
	// and no answer puts a job off for days. A primary limit is reset hourly.
	MinWait = time.Second
	MaxWait = 65 * time.Minute
	// SecondaryWait is the wait that GitHub asks for where a limit states none.
	SecondaryWait = time.Minute
	// FailureWait is the wait after a 5xx, a timeout or a broken answer; it doubles up to
	// MaxFailureWait with every further one in a row.
	FailureWait    = 5 * time.Second
	MaxFailureWait = 2 * time.Minute
	// HurriedWait is the wait after such a failure where GitHub need not be spared.
	HurriedWait = 250 * time.Millisecond
	// MaxSpread bounds what a pause is prolonged by for each job, so that the jobs of an
	// installation do not all wake at once.
	MaxSpread = 30 * time.Second
	// PauseLook is how long a pause may go unseen that another server was asked for, and
	// PauseTime bounds reading or keeping one: the installation's requests wait for it.
	PauseLook = 5 * time.Second
	PauseTime = 5 * time.Second

	// MaxConcurrent bounds an installation's requests in flight. GitHub allows 100, those
	// of other servers among them.
	MaxConcurrent = 20
	// WritesASecond and WriteBurst pace what an installation writes. GitHub allows 80 a
	// minute of what it calls content.
	WritesASecond = 80.0 / 60
	WriteBurst    = 20
	// BeginReserve is what beginning checks leaves of them for completing others.
	BeginReserve = 5
	// RemarkReserve is what comments, reviews and reactions leave of them for checks.
	RemarkReserve = 10
	// RemarksASecond paces comments, reviews and reactions: people are told of each, and
	// GitHub asks for a second between them.
	RemarksASecond = 1
	// MaxPace is how long a write is waited for. Beyond, the job sleeps: a worker that
	// waits is missing to all installations.
	MaxPace = 5 * time.Second

	// KeptForEvents is the share of an hour's requests that is kept for what people wait
	// for, a third: the rest has room for a daily round of 10,000 open pull requests (some
	// 3,200 an hour).
	KeptForEvents = 3

	// KeptBytes bounds the answers that are kept with their ETags, MaxKeptAnswer each of
	// them: the list of 100 pull requests has about 30 kB once it is decoded.
	KeptBytes     = 8 << 20
	MaxKeptAnswer = 64 << 10
	// MaxHeaderBytes bounds the headers of an answer; GitHub's have about 4 kB.
	MaxHeaderBytes = 64 << 10

	// MaxClients bounds the installation clients that are kept with their tokens.
	MaxClients = 1_000
	// CacheBytes bounds the blobs and tree listings that are kept: they never change,
	// and base branches are read again and again.
	CacheBytes = 32 << 20
	// MaxRemembered bounds what is remembered of pull requests and runs between two
	// calls. It only saves requests.
	MaxRemembered = 10_000

	// MaxJobPages bounds the jobs of a workflow run that are read (300): a matrix has 256
	// at most.
	MaxJobPages = 3
	// MaxJobName bounds, in bytes, the name of a job, which anybody chooses.
	MaxJobName = 200
	// MaxRefs bounds the branches and tags that a commit is looked for on, a request each.
	MaxRefs = 20

	// BatchNames and BatchBytes bound the packages of one request for advisories: GitHub
	// takes 1,000 names, and servers on the way 8 kB of address.
	BatchNames = 500
	BatchBytes = 6_000
	// MaxBatches bounds these requests for one review: about 7,000 packages, more than the
	// largest lockfiles have, and not a tenth of an hour's requests.
	MaxBatches = 50
	// BatchesAtATime is how many of them are sent at a time.
	BatchesAtATime = 4
	// MaxAdvisoryPages bounds the advisories about one batch (1,000).
	MaxAdvisoryPages = 10
	// MaxMalwarePages bounds the new advisories of malware that are read in one go (2,000).
	// On a busy day there are some hundreds.
	MaxMalwarePages = 20
	// MaxRange bounds a range of versions in an advisory. Real ones have 40 bytes.
	MaxRange = 1_000

	// MaxRulePages bounds the rules of a branch that are read (300): a repository has 75
	// rulesets at most, and few of them have many rules.
	MaxRulePages = 3
	// MaxManifestBytes bounds the App that a manifest's code is exchanged for, which has
	// about 5 kB with its key.
	MaxManifestBytes = 256 << 10

	// MaxLearnt bounds the answers about runs, commits and advisories that are kept.
	MaxLearnt = 50_000
	// KeepAnswers is how long answers are kept that may change: how an unfinished run
	// goes on, an orphaned commit, advisories. The pull requests of one push share them.
	KeepAnswers = 5 * time.Minute
	// KeepFacts is how long a finished attempt and a commit that stands on a branch or tag
	// are kept. They change only where history is rewritten.
	KeepFacts = 7 * 24 * time.Hour

	// PersonTimeout bounds one request for a person, who waits for a page.
	PersonTimeout = 15 * time.Second
	// MaxPersonBytes bounds an answer: 100 repositories have about 700 kB.
	MaxPersonBytes = 8 << 20
	// MaxReadable bounds the repositories of a person that are listed, and MaxPersonPages
	// the requests for that: somebody in 10 organisations with 5,000 makes some 70.
	MaxReadable    = 5_000
	MaxPersonPages = 100
	// MaxRedirects bounds the way to a repository that was renamed again and again.
	MaxRedirects = 3
	// MaxTokenBytes bounds a person's token. GitHub's have 40 bytes and may grow.
	MaxTokenBytes = 1_000
	// MaxTokenTime bounds how long a token is said to last; GitHub's last eight hours.
	MaxTokenTime = 30 * 24 * time.Hour
	// MaxLogin bounds somebody's name at GitHub: 39 bytes, more in an enterprise.
	MaxLogin = 100
)
