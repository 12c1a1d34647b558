package outbound

import "time"

const (
	// connectTime bounds the making of a connection, and its handshake: what is not there
	// after that is not there.
	connectTime = 10 * time.Second
	// silence is how long nothing comes over a connection that is waited at until it is tried,
	// and again until it counts as broken. A kernel finds out after a quarter of an hour, for
	// which all requests to GitHub would go over it one after the other.
	silence = 10 * time.Second
)
