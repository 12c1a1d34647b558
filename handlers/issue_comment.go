package handlers

import (
	"encoding/json"

	"github.com/bonafide-app/bonafide/app/queue"
	"github.com/bonafide-app/bonafide/app/review"
)

// issueComment does for a pull request's conversation what pullRequestReviewComment
// does for its diff. The manifest does not ask for the event: it comes only where an
// operator has added it, and the permission issues: read, by hand.
func issueComment(payload []byte) ([]queue.Job, error) {
	e, r, err := heard(payload, review.InConversation)
	if err != nil {
		return nil, err
	}
	var on struct {
		Issue struct {
			Number      int             `json:"number"`
			PullRequest json.RawMessage `json:"pull_request"` // absent for an issue
		} `json:"issue"`
	}
	if err := decode(payload, &on); err != nil {
		return nil, err
	}
	if !present(on.Issue.PullRequest) {
		return nil, nil
	}
	e.PullRequest.Number = on.Issue.Number
	switch e.Action {
	case "created":
		return e.command(r), nil
	case "edited", "deleted":
		return e.retraction(r), nil
	}
	return nil, nil
}
