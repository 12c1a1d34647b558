package handlers

import (
	"encoding/json"
	"fmt"

	"github.com/bonafide-app/bonafide/app/queue"
)

// pullRequest starts a review where the head, the base or the readiness of a pull
// request changed, and ends what runs where it was closed.
func pullRequest(payload []byte) ([]queue.Job, error) {
	var e struct {
		place
		Number      *int   `json:"number"`
		Before      string `json:"before"` // synchronize: the head until now
		PullRequest struct {
			Number int `json:"number"`
			Head   struct {
				SHA string `json:"sha"`
			} `json:"head"`
			Base struct {
				Ref string `json:"ref"`
			} `json:"base"`
		} `json:"pull_request"`
		Changes struct {
			Base json.RawMessage `json:"base"`
		} `json:"changes"`
		// Events about a pull request that are not this one carry these. The event's
		// name is not signed, so the body has to show what it is.
		Review, Comment, Thread json.RawMessage
	}
	if err := decode(payload, &e); err != nil {
		return nil, err
	}
	if present(e.Review) || present(e.Comment) || present(e.Thread) {
		return nil, fmt.Errorf("%w: it is another event about a pull request", ErrPayload)
	}
	if e.PullRequest.Number <= 0 || e.Number != nil && *e.Number != e.PullRequest.Number {
		return nil, fmt.Errorf("%w: no pull request number", ErrPayload)
	}
	job := e.job(queue.PullRequest)
	job.Number, job.EventHead = e.PullRequest.Number, e.PullRequest.Head.SHA
	switch e.Action {
	case "opened", "reopened", "ready_for_review":
	case "synchronize":
		job.Head = e.Before // its run is superseded
	case "edited":
		if !present(e.Changes.Base) {
			return nil, nil // title or body
		}
	case "closed":
		job.Kind, job.Head, job.EventHead = queue.Close, e.PullRequest.Head.SHA, ""
	default:
		return nil, nil
	}
	if job.Kind == queue.PullRequest && branchShape(e.PullRequest.Base.Ref, maxRefBytes) {
		job.BaseRef = e.PullRequest.Base.Ref // a guess, so that its tip can be asked for early
	}
	return []queue.Job{job}, nil
}
