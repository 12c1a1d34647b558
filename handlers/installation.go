package handlers

import (
	"fmt"

	"github.com/bonafide-app/bonafide/app/queue"
)

// installation looks at the repositories of an installation that came or came
// back, and forgets one that went. An event that lists no repositories ("unsuspend"),
// or too many, makes one job that lists them itself.
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
		if len(e.Repositories) == 0 {
			return []queue.Job{e.everywhere()}, nil
		}
		return e.installed(e.Repositories), nil
	case "deleted", "suspend":
		return []queue.Job{{Kind: queue.Evict, Installation: e.Installation.ID, Reason: e.Action}}, nil
	}
	return nil, nil
}

// everywhere is the job of looking at all of the installation's repositories.
func (p place) everywhere() queue.Job { return p.jobAt(queue.Installed, repository{}) }

// installed makes one job per repository, or one for all where they are more than
// MaxRepositories.
func (p place) installed(repositories []repository) []queue.Job {
	if len(repositories) > MaxRepositories {
		return []queue.Job{p.everywhere()}
	}
	var jobs []queue.Job
	for _, r := range repositories {
		jobs = append(jobs, p.jobAt(queue.Installed, r))
	}
	return jobs
}
