package handlers

import (
	"fmt"

	"github.com/bonafide-app/bonafide/app/queue"
)

// installation looks at the repositories of an installation that came or came
// back, and forgets one that went. An event that lists no repositories ("unsuspend")
// makes no job: the sweep over open pull requests finds them.
func installation(payload []byte) ([]queue.Job, error) {
	var e struct {
		place
		Repositories []repository `json:"repositories"`
	}
	if err := decode(payload, &e); err != nil {
		return nil, err
	}
	if e.Installation.ID <= 0 {
		return nil, fmt.Errorf("%w: no installation", ErrPayload)
	}
	switch e.Action {
	case "created", "unsuspend", "new_permissions_accepted":
		return e.installed(e.Repositories), nil
	case "deleted", "suspend":
		return []queue.Job{{Kind: queue.Evict, Installation: e.Installation.ID, Reason: e.Action}}, nil
	}
	return nil, nil
}

// installed makes one job per repository, MaxRepositories at most.
func (p place) installed(repositories []repository) []queue.Job {
	var jobs []queue.Job
	for _, r := range repositories[:min(len(repositories), MaxRepositories)] {
		jobs = append(jobs, p.jobAt(queue.Installed, r))
	}
	return jobs
}
