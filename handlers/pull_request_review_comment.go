package handlers

import (
	"github.com/bonafide-app/bonafide/app/queue"
	"github.com/bonafide-app/bonafide/app/review"
)

// pullRequestReviewComment answers a command in a comment on the diff, most often a
// reply to one of ours, and lets fall what was accepted in one that is edited or deleted.
func pullRequestReviewComment(payload []byte) ([]queue.Job, error) {
	e, r, err := heard(payload, review.InReviewComment)
	if err != nil {
		return nil, err
	}
	switch e.Action {
	case "created":
		return e.command(r), nil
	case "edited", "deleted":
		return e.retraction(r), nil
	}
	return nil, nil
}
