package queue

import (
	"math"
	"time"
)

// Limits of the queue, each with its reason.
const (
	defaultWorkers = 4
	// defaultTimeout bounds one attempt; the largest pull requests take a minute.
	defaultTimeout = 5 * time.Minute
	// defaultTryFor is how long a job is tried: registries and GitHub recover from
	// ordinary troubles within minutes, and people wait for the verdict.
	defaultTryFor = 30 * time.Minute
	// defaultDrain is what running jobs get at a stop before they are cancelled and
	// kept for the next start. Orchestrators kill after 30 s.
	defaultDrain = 10 * time.Second

	// minWait and maxWait bound the pause that an error may ask for. GitHub's rate
	// limits end within the hour.
	minWait = 250 * time.Millisecond
	maxWait = time.Hour
	// firstPause and longestPause bound the pauses between attempts that fail.
	firstPause   = time.Second
	longestPause = time.Minute
	// overtime is how long after TryFor an attempt that asks for a pause still gets
	// it: a verdict that only waits for GitHub's rate limit is not thrown away.
	overtime = 24 * time.Hour
	// minAttempts come before a job is given up, however long ago its first one was:
	// a pause that GitHub asked for may be all that happened since.
	minAttempts = 3
	// maxCrashes is how often in a row the process may end in the middle of a job. Up to
	// that it may be another job's doing, or somebody's who kills the server again and
	// again: with the pauses it is more than five minutes of it.
	maxCrashes = 10
	// firstCrashPause comes after the second crash in a row and doubles from then on, up
	// to longestCrashPause. After the first one a job runs again at once.
	firstCrashPause   = 5 * time.Second
	longestCrashPause = time.Minute
	// maxAttempts never ends a job: time does.
	maxAttempts = math.MaxInt16

	// rescueMargin is how long after its timeout a job that still counts as running is
	// begun again, where silence did not do it: its server lives, and could not store how
	// it ended. River looks every 30 s, and the job's pause is a minute at most: with a
	// timeout of 3 min it runs again within 5.
	rescueMargin = 30 * time.Second
	// silence is how long a server may not be heard of before its jobs are another's, where
	// there are several: as long as the leases of its commits hold. beatEvery is how often
	// it speaks, a statement each.
	silence   = 30 * time.Second
	beatEvery = 5 * time.Second
	// beatsBefore is how often in a row a server has spoken before it takes over jobs: all
	// others that live have by then, too.
	beatsBefore = 3
	// storeTimeout bounds the storing of a job: GitHub waits ten seconds for an answer.
	storeTimeout = 8 * time.Second
	// maxGroup is how many jobs are stored in one transaction at most.
	maxGroup = 64
	// maxErrorText bounds what is kept of an attempt's error, in bytes. The log has all.
	maxErrorText = 4096
	// keepCompleted is how long a delivery is remembered that was worked on. GitHub
	// redelivers for three days.
	keepCompleted = 7 * 24 * time.Hour
	// maxOpen bounds the jobs of one repository that are listed.
	maxOpen = 1_000
	// watchEvery is how often a running job looks whether another has taken it over, which
	// is to show within a second. It costs one read of two rows.
	watchEvery = 400 * time.Millisecond
	// bells is how many parts the subjects of running jobs are rung in: many times the
	// workers, so that news of one wakes hardly another.
	bells = 1024
	// againWait is when a job that was interrupted looks again. What interrupted it has a
	// job of its own, which goes first.
	againWait = 500 * time.Millisecond
	// fenceWait is when a job goes on that could not be told whether it still may write.
	fenceWait = 5 * time.Second
	// fetchCooldown is how soon a stored job is begun after another one, and fetchPoll one
	// whose pause is over. To look every 100 ms would cost another 2 % of a core, all day.
	fetchCooldown = 20 * time.Millisecond
	fetchPoll     = 250 * time.Millisecond
	// maxCounted bounds what Depth looks at: more than that is too many in any case.
	maxCounted = 100_000
	// sayAgain is how long what River said is not written once more, and maxSayings bounds
	// what is remembered of it: it has some dozens of messages.
	sayAgain   = 10 * time.Second
	maxSayings = 200
	// pageTime bounds what an operator's look at the jobs asks of the database: on SQLite
	// deliveries wait that long to be stored, storeTimeout at most.
	pageTime = 3 * time.Second
	// idlePoll is how often Idle looks.
	idlePoll = 20 * time.Millisecond
)
