package handlers

import "time"

// Limits of the webhook endpoint, each with its reason.
const (
	// MaxBodyBytes bounds a delivery. GitHub sends none over 25 MB; the rest is room
	// for the form encoding.
	MaxBodyBytes = 26 << 20
	// StoreTimeout bounds the storing of a delivery's jobs. GitHub waits 10 s for
	// the answer and then counts the delivery as failed.
	StoreTimeout = 8 * time.Second
	// MaxPendingBytes bounds the bodies that are held at the same time, read before
	// their signature can be looked at: anybody may send some. Each is copied twice on
	// the way. It is room for the largest one, or for some thousand ordinary ones of 30 kB.
	MaxPendingBytes = 32 << 20
	// MaxRepositories bounds the jobs that one installation event makes, so that they
	// are stored within StoreTimeout. Beyond it one job lists the repositories itself.
	MaxRepositories = 500
	// maxRefBytes bounds a branch name; git's own limit is a file name's, 255.
	maxRefBytes = 255
	// maxGroupRefBytes bounds a merge group's branch, whose name holds the base's, a
	// number and a commit.
	maxGroupRefBytes = maxRefBytes + 128
)
