package queue

import "context"

// JobKind sorts jobs.
type JobKind string

// The kinds of jobs.
const (
	PullRequest JobKind = "pull_request" // judge a pull request's current head
	Commit      JobKind = "commit"       // judge all open pull requests with this head again
	MergeGroup  JobKind = "merge_group"  // judge a merge queue's group
	Close       JobKind = "close"        // a pull request was closed: end what runs for it, judge others with the same head
	Installed   JobKind = "installed"    // repositories were added: judge their open pull requests
	Evict       JobKind = "evict"        // an installation was suspended or deleted
)

// Job is a webhook event translated into work. It holds ids only, no payload
// (PostgreSQL refuses NUL in JSON, payloads may hold secrets). It is stored before
// the delivery is answered. Every job reads the live state when it runs, so that
// order and doubles do not matter.
type Job struct {
	Delivery     string  `json:"delivery" river:"unique"` // GUID; one job per delivery and repository
	Kind         JobKind `json:"kind" river:"unique"`
	Installation int64   `json:"installation"`
	RepositoryID int64   `json:"repository_id" river:"unique"`
	Owner        string  `json:"owner"`
	Repo         string  `json:"repo"`
	Number       int     `json:"number,omitempty"` // pull request
	Head         string  `json:"head,omitempty"`   // Commit, MergeGroup: the head SHA
	Base         string  `json:"base,omitempty"`   // MergeGroup: the base SHA
	BaseRef      string  `json:"base_ref,omitempty"`
	Reason       string  `json:"reason"` // "opened", "synchronize", "rerequested", …
}

// Queue stores jobs durably.
type Queue interface {
	// Enqueue returns only after the job would survive kill -9. The same delivery
	// twice is stored once. An error means that nothing was stored and that the
	// delivery must be refused, so that GitHub's log keeps it.
	Enqueue(ctx context.Context, job Job) error
}
