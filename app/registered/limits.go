package registered

import "time"

// Limits of a check, each with its reason.
const (
	// maxRepositories bounds the repositories whose default branch is looked at, three
	// requests each: a large organisation has an hour's 5,000 for its pull requests.
	maxRepositories = 200
	// reachTime bounds the request to our own public address; GitHub gives up after 10 s.
	reachTime = 10 * time.Second
	// startTime bounds what a beginning server asks of GitHub, which takes a fraction of it:
	// pull requests wait, and a GitHub that is down is no reason not to take what it sends.
	startTime = 3 * time.Second
	// maxReachBytes bounds its answer, which is a small JSON document.
	maxReachBytes = 64 << 10
	// clockWarn and clockFail are how far this machine's clock may be off. GitHub refuses
	// tokens that are issued in its future or have run out: ours are dated back by half a
	// minute and hold for two.
	clockWarn = 30 * time.Second
	clockFail = 60 * time.Second
	// failingShare is the share of deliveries whose failure is more than bad luck.
	failingShare = 10 // per cent
)
