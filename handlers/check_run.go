package handlers

import (
	"fmt"

	"github.com/bonafide-app/bonafide/app/checks"
	"github.com/bonafide-app/bonafide/app/queue"
)

// rerequested is what GitHub calls a click on its Re-run.
const rerequested = "rerequested"

// run reviews again what a check run of ours was about. For pull requests from
// forks the event names no pull request; the run's external id does.
func (c checksOfOurs) run(payload []byte) ([]queue.Job, error) {
	var e struct {
		place
		RequestedAction struct {
			Identifier string `json:"identifier"`
		} `json:"requested_action"`
		CheckRun *struct {
			HeadSHA    string `json:"head_sha"`
			ExternalID string `json:"external_id"`
			App        *app   `json:"app"`
		} `json:"check_run"`
	}
	if err := decode(payload, &e); err != nil {
		return nil, err
	}
	if e.CheckRun == nil {
		return nil, fmt.Errorf("%w: no check run", ErrPayload)
	}
	if e.Action == "requested_action" && e.RequestedAction.Identifier == checks.RerunAction {
		e.Action = rerequested // our button asks for the same as GitHub's; only those who may write see either
	}
	if e.Action != rerequested || !c.ours(e.CheckRun.App) {
		return nil, nil
	}
	job := e.job(queue.Commit)
	job.Head = e.CheckRun.HeadSHA
	switch about := checks.ParseExternalID(e.CheckRun.ExternalID); {
	case about.BaseSHA != "":
		job.Kind, job.Base, job.BaseRef = queue.MergeGroup, about.BaseSHA, about.BaseRef
	case len(about.Pulls) == 1:
		// Its live head is judged, also where it moved on since.
		job.Kind, job.Number, job.Head = queue.PullRequest, about.Pulls[0], ""
	}
	return []queue.Job{job}, nil
}
