package handlers

import (
	"encoding/json"
	"fmt"

	"github.com/bonafide-app/bonafide/app/queue"
)

// installationRepositories looks at repositories that were added to an installation.
func installationRepositories(payload []byte) ([]queue.Job, error) {
	var e struct {
		place
		Added json.RawMessage `json:"repositories_added"`
	}
	if err := decode(payload, &e); err != nil {
		return nil, err
	}
	if e.Installation.ID <= 0 || !present(e.Added) {
		return nil, fmt.Errorf("%w: no list of added repositories", ErrPayload)
	}
	if e.Action != "added" {
		return nil, nil
	}
	var added []repository
	if err := decode(e.Added, &added); err != nil {
		return nil, err
	}
	return e.installed(added), nil
}
