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
	// MaxRepositories bounds the jobs that one installation event makes, so that they
	// are stored within StoreTimeout. The sweep over open pull requests reaches the rest.
	MaxRepositories = 500
	// maxRefBytes bounds a branch name; git's own limit is a file name's, 255.
	maxRefBytes = 255
)
