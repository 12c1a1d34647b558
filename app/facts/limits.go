package facts

import "time"

// Limits of the file, each with its reason.
const (
	// maxKey bounds a key: an origin, a package and a hash.
	maxKey = 2048
	// maxValue bounds a value. The largest are histories and bundles, 1 MiB at most.
	maxValue = 2 << 20
	// maxAdded bounds what one run adds, which it holds until it ends: 15,000 packages. The
	// next run adds what is missing.
	maxAdded = 32 << 20
	// maxBytes bounds what is kept: the releases of some hundred lockfiles, 100,000 packages
	// with their attestations. The oldest goes first. maxFile is when the file itself is so
	// large that this is looked at sooner than daily: half of it may be pages without use.
	maxBytes = 192 << 20
	maxFile  = 2 * maxBytes
	// sweepEvery is how often all that is kept is looked at for what is too old.
	sweepEvery = 24 * time.Hour
	// readWait is how long a run waits to read while another writes, which takes some
	// milliseconds. Without it the run asks the registry.
	readWait = 500 * time.Millisecond
	// writeWait is how long it waits to write while others read: as long as a cold run of
	// a large lockfile takes. Without it the next run does the same again.
	writeWait = 2 * time.Second
)
