package upkeep

import "time"

// Limits of the upkeep, each with its reason.
const (
	// roundTime bounds one round of a task.
	roundTime = 10 * time.Minute
	// startJitter spreads what is done at a start: replicas start together.
	startJitter = 2 * time.Second
	// looksPerRound, shortestLook and longestLook say how often is looked whether a
	// task is due: a look is one statement.
	looksPerRound = 8
	shortestLook  = time.Second
	longestLook   = time.Minute

	// overlap is how much of the delivery log is read twice: a delivery is listed once
	// it was answered or timed out (10 s), by the time at which it began.
	overlap = 2 * time.Minute
	// logKept is how long GitHub keeps deliveries, and sends them again.
	logKept = 3 * 24 * time.Hour
	// maxLogPages bounds the pages of the log that a round reads, a hundred deliveries
	// each: five minutes of 66 a second, and the first round's three days of some 300 an
	// hour.
	maxLogPages = 200
	// maxLost bounds the events that are remembered as not delivered (some 200 bytes each).
	maxLost = 2_000
	// maxRedeliveries bounds what is sent again in a round: it comes back at once, and
	// is stored beside what is new.
	maxRedeliveries = 200
	// maxTries and longestRetry: with pauses of 5 min, 10 min, 20 min … 3 h they end
	// shortly before GitHub's log does.
	maxTries     = 24
	longestRetry = 3 * time.Hour
	// maxRefusedTries is for deliveries that were refused as not signed: an hour and a
	// half for an operator who has changed the secret.
	maxRefusedTries = 5

	// restart is the least time between two rounds of looking at the pull requests, which
	// are also done at a start: a server may start again and again.
	restart = 5 * time.Minute
	// maxRepositories bounds what is looked at in one installation and round, a request
	// each: 2% of the 5,000 that an installation has in an hour. Where more were pushed
	// to, repositoriesByTurn of the others have their turn nevertheless: what comes from
	// forks is no push.
	maxRepositories    = 100
	repositoriesByTurn = 25
	// tryAgain is how soon a pull request whose job was given up gets another one: half an
	// hour of trying each.
	tryAgain = 6 * time.Hour

	// maxChecks bounds the unfinished checks that a round looks after. More of them are
	// begun and without a job only where a database was lost, and then nothing is noted.
	maxChecks = 500
	// maxUnfinished is how long is tried to finish a check. A repository that the App has
	// lost is out of reach for ever.
	maxUnfinished = 3 * 24 * time.Hour
)
