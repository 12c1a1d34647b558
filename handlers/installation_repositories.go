package handlers

import (
	"encoding/json"
	"fmt"

	"github.com/bonafide-app/bonafide/app/queue"
)

// installationRepositories looks at repositories that were added to an installation, and
// forgets those that were taken from it.
func installationRepositories(payload []byte) ([]queue.Job, error) {
	var e struct {
		place
		Added   json.RawMessage `json:"repositories_added"`
		Removed []repository    `json:"repositories_removed"`
	}
	if err := decode(payload, &e); err != nil {
		return nil, err
	}
	if e.Installation.ID <= 0 || !present(e.Added) {
		return nil, fmt.Errorf("%w: no list of added repositories", ErrPayload)
	}
	switch {
	case e.Action == "removed" && len(e.Removed) > MaxRepositories:
		return []queue.Job{e.jobAt(queue.Removed, repository{})}, nil
	case e.Action == "removed":
		var jobs []queue.Job
		for _, r := range e.Removed {
			jobs = append(jobs, e.jobAt(queue.Removed, r))
		}
		return jobs, nil
	case e.Action != "added":
		return nil, nil
	}
	var added []repository
	if err := decode(e.Added, &added); err != nil {
		return nil, err
	}
	return e.installed(added), nil
}
