package handlers

import (
	"github.com/bonafide-app/bonafide/app/queue"
	"github.com/bonafide-app/bonafide/app/review"
)

// pullRequestReview answers a command in a review's text, and lets fall what was
// accepted in a review that is edited or dismissed.
func pullRequestReview(payload []byte) ([]queue.Job, error) {
	e, r, err := heard(payload, review.InReview)
	if err != nil {
		return nil, err
	}
	switch e.Action {
	case "submitted":
		return e.command(r), nil
	case "edited", "dismissed":
		return e.retraction(r), nil
	}
	return nil, nil
}
