package handlers

import (
	"encoding/json"
	"fmt"

	"github.com/bonafide-app/bonafide/app/queue"
)

// aboutRepository keeps in step with what a repository is called and whether it is there.
// One that is transferred is removed from one installation and added to another, which
// are events of their own. Whether one is private is asked of GitHub whenever something
// could be told of it, so that nothing is to be done where that changes.
func aboutRepository(payload []byte) ([]queue.Job, error) {
	var e struct {
		place
		Changes struct {
			Repository struct {
				Name struct {
					From string `json:"from"`
				} `json:"name"`
			} `json:"repository"`
			DefaultBranch json.RawMessage `json:"default_branch"`
		} `json:"changes"`
		// Other events carry a repository as well. The event's name is not signed, so the
		// body has to show what it is.
		PullRequest json.RawMessage `json:"pull_request"`
		CheckRun    json.RawMessage `json:"check_run"`
		Comment     json.RawMessage `json:"comment"`
		Release     json.RawMessage `json:"release"`
	}
	if err := decode(payload, &e); err != nil {
		return nil, err
	}
	if e.Repository.ID <= 0 || present(e.PullRequest) || present(e.CheckRun) || present(e.Comment) || present(e.Release) {
		return nil, fmt.Errorf("%w: it is not about a repository", ErrPayload)
	}
	switch e.Action {
	case "renamed":
		job := e.job(queue.Renamed)
		job.Former = e.Changes.Repository.Name.From
		return []queue.Job{job}, nil
	case "deleted", "archived":
		return []queue.Job{e.job(queue.Removed)}, nil
	case "edited":
		if present(e.Changes.DefaultBranch) {
			return []queue.Job{inventory(e.job(queue.Inventory))}, nil
		}
	case "unarchived":
		return []queue.Job{e.job(queue.Installed)}, nil
	}
	return nil, nil
}
