package handlers

import (
	"fmt"
	"strings"

	"github.com/bonafide-app/bonafide/app/queue"
)

// mergeGroup reviews what a merge queue's group would bring into its base, and
// ends what runs where the group was taken apart.
func mergeGroup(payload []byte) ([]queue.Job, error) {
	var e struct {
		place
		MergeGroup *struct {
			HeadSHA string `json:"head_sha"`
			HeadRef string `json:"head_ref"` // "refs/heads/gh-readonly-queue/main/pr-7-…"
			BaseSHA string `json:"base_sha"`
			BaseRef string `json:"base_ref"` // "refs/heads/main"
		} `json:"merge_group"`
	}
	if err := decode(payload, &e); err != nil {
		return nil, err
	}
	if e.MergeGroup == nil {
		return nil, fmt.Errorf("%w: no merge group", ErrPayload)
	}
	job := e.job(queue.MergeGroup)
	job.Head = e.MergeGroup.HeadSHA
	switch e.Action {
	case "checks_requested":
		job.HeadRef = strings.TrimPrefix(e.MergeGroup.HeadRef, "refs/heads/")
		job.Base, job.BaseRef = e.MergeGroup.BaseSHA, strings.TrimPrefix(e.MergeGroup.BaseRef, "refs/heads/")
	case "destroyed":
		job.Kind = queue.Close
	default:
		return nil, nil
	}
	return []queue.Job{job}, nil
}
