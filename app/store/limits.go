package store

import "time"

// Limits of the database, each with its reason.
const (
	// maxFact bounds one cached fact. The largest are two Sigstore bundles, 15 kB.
	maxFact = 4 << 20
	// maxKey bounds a key: an origin, a package, a digest and two revisions.
	maxKey = 2048
	// maxReport bounds one stored report: 50,000 packages of about 1 kB.
	maxReport = 64 << 20
	// readers is how many statements may read at once beside the one writer.
	readers = 4
	// sweepEvery is how often facts that have expired are deleted; they cost nothing
	// but space.
	sweepEvery = time.Hour
	// busyTimeout is how long a statement waits for another one's lock.
	busyTimeout = 5 * time.Second
)
