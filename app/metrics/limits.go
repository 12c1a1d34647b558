package metrics

import "time"

// Limits of the metrics, each with its reason.
const (
	// maxValues bounds the values of a label, beyond which they are counted as "other":
	// each is kept in memory, here and where the metrics are collected.
	maxValues = 64
	// maxValue bounds one in bytes: a host's name has at most 253.
	maxValue = 253
	// maxInstallations are shown with their rate limits, those with the least left:
	// they are what somebody may have to act on.
	maxInstallations = 20
	// depthAge is how long a look at the queue is shown again, so that several collectors
	// cost no more than one; depthTime bounds the look.
	depthAge  = 2 * time.Second
	depthTime = 2 * time.Second
	// maxCollectors ask at a time.
	maxCollectors = 4
	// collectTime bounds an answer.
	collectTime = 10 * time.Second
)

// Buckets in seconds, from what is quick to what is given up.
var (
	jobBuckets  = []float64{.1, .25, .5, 1, 2.5, 5, 10, 20, 40, 80, 180}
	callBuckets = []float64{.025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}
	taskBuckets = []float64{.1, 1, 5, 15, 60, 180, 600}
	// firstBuckets reach from what nobody notices to a week: somebody may install first, and
	// open a pull request days later.
	firstBuckets = []float64{1, 2.5, 5, 10, 15, 30, 60, 120, 300, 900, 3600, 6 * 3600, 24 * 3600, 7 * 24 * 3600}
	waitBuckets  = []float64{.05, .25, 1, 5, 15, 60, 300, 900, 3600}
)
