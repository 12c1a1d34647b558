package policy

import "time"

// Limits of a verdict, each with its reason.
const (
	// MaxFindings bounds the list. A check run shows a few hundred at best; nobody
	// reads a thousand. The conclusion counts all of them, listed or not.
	MaxFindings = 1000
	// MaxQuote bounds, in characters, what is quoted from outside: npm allows names
	// of 214 characters and versions of 256, and a title has to stay readable.
	MaxQuote = 120
	// MaxReason bounds, in characters, a reason that is embedded in a sentence.
	MaxReason = 600
	// MaxDetail bounds, in characters, what is wrong with a file: a policy file may
	// have many errors, and all of them are worth reading.
	MaxDetail = 4000
	// MaxCited bounds, in characters, what is quoted in a text for strangers: all of it has
	// to fit into an address.
	MaxCited = 80
	// MaxPath bounds, in bytes, the path of a repository that is made part of an address:
	// GitHub allows 39 and 100 characters, GitLab nests groups.
	MaxPath = 255
	// MaxNamed is how many packages a finding about many names.
	MaxNamed = 5
	// MaxNames bounds, in bytes, the list of those packages that goes with it: hundreds of
	// names. Whoever needs more asks for the table of all packages.
	MaxNames = 16 << 10
	// MaxOffered bounds the pins that a check offers to copy: they are to be reviewed.
	MaxOffered = 20
	// MergeFrom is how many findings of one cause become one. Up to three are easier
	// to read apart, each at its line; notices are always told together.
	MergeFrom = 4
	// MaxApart is how far the two times of a publication may lie apart. The registry
	// attests as it publishes: with real releases it is a matter of seconds, and a day
	// leaves room for a registry that catches up after an outage.
	MaxApart = 24 * time.Hour
	// MaxPlaceholders is how many releases may hold a name before the first real one.
	// Beyond it they are releases that people use: nightly builds as 0.0.0-….
	MaxPlaceholders = 2
	// BurstSize and BurstSpan are how many packages of one scope within which time are
	// a burst: worms publish dozens within minutes, people by hand do not reach three.
	BurstSize = 3
	BurstSpan = 10 * time.Minute
	// BurstRest is how long before a burst a release must have come out to speak of a
	// habit: the waves of one attack follow each other within hours.
	BurstRest = 24 * time.Hour
	// BurstAge is for how long a burst is worth a word. Worms were found within days.
	BurstAge = 30 * 24 * time.Hour
	// LossReleases is for how many releases of a line, and LossTime for how long, what the
	// line lost weighs in full. Malware was found within hours or days every time; a line
	// that goes on without is a project that publishes in another way now. LossTime holds
	// for who built a release, too, where only earlier releases say that it was another.
	LossReleases = 3
	LossTime     = 30 * 24 * time.Hour
	// RestTime is how long before a release another one must have come out to say how the
	// package is published: malicious releases come one after the other, and are found
	// and removed within days.
	RestTime = 3 * 24 * time.Hour
	// SettleTime is how young a release is whose evidence may still be on its way through
	// the registry and its caches.
	SettleTime = time.Hour
	// maxRange bounds the text of the versions in a pattern: reading one anew takes some
	// microseconds, and each is held against each package.
	maxRange = 100
	// runsKept is how long a workflow run is there unless somebody deletes it. GitHub keeps
	// runs for 400 days, their logs for 90; the shorter one is taken, so that a deletion
	// is said of recent releases alone.
	runsKept = 90 * 24 * time.Hour
)
