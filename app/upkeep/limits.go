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
)
