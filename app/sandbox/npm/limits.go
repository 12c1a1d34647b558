package npm

// maxRequests bounds the log of requests: a demo that runs for days asks again
// and again. The oldest half is dropped beyond it.
const maxRequests = 20_000
