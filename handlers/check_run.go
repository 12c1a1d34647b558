package handlers

import (
	"fmt"

	"github.com/bonafide-app/bonafide/app/checks"
	"github.com/bonafide-app/bonafide/app/queue"
)

// rerequested is what GitHub calls a click on its Re-run.
const rerequested = "rerequested"

// run does what a click on our check run asks for, or reviews again what the run was
// about. For pull requests from forks the event names no pull request; the run's external
// id does.
func (c checksOfOurs) run(payload []byte) ([]queue.Job, error) {
	var e struct {
		place
		Sender          *author `json:"sender"`
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
	if !c.ours(e.CheckRun.App) {
		return nil, nil
	}
	about := checks.ParseExternalID(e.CheckRun.ExternalID)
	if about.Inventory {
		if e.Action != rerequested {
			return nil, nil
		}
		look := inventory(e.job(queue.Inventory))
		look.Bulk = false // somebody waits
		return []queue.Job{look}, nil
	}
	if about.Release != "" {
		if e.Action != rerequested {
			return nil, nil
		}
		look := released(e.job(queue.Release), about.Release)
		look.Bulk = false // somebody waits
		return []queue.Job{look}, nil
	}
	if e.Action == "requested_action" {
		// A merge queue's group has no other buttons. Where several pull requests share the
		// commit, the job finds that out itself.
		button, offered := checks.ParseAction(e.RequestedAction.Identifier)
		if button == "" || len(about.Pulls) == 0 || !e.Sender.person() {
			return nil, nil
		}
		job := e.job(queue.Button)
		job.Number, job.Head = about.Pulls[0], e.CheckRun.HeadSHA
		job.Clicked, job.Offered, job.By, job.ByID = string(button), offered, e.Sender.Login, e.Sender.ID
		return []queue.Job{job}, nil
	}
	if e.Action != rerequested {
		return nil, nil
	}
	job := e.job(queue.Commit)
	job.Head = e.CheckRun.HeadSHA
	switch {
	case about.BaseSHA != "":
		job.Kind, job.Base, job.BaseRef = queue.MergeGroup, about.BaseSHA, about.BaseRef
	case len(about.Pulls) == 1:
		// Its live head is judged, also where it moved on since.
		job.Kind, job.Number, job.Head = queue.PullRequest, about.Pulls[0], ""
	}
	return []queue.Job{job}, nil
}
