package handlers

import (
	"fmt"
	"strings"

	"github.com/bonafide-app/bonafide/app/queue"
)

// push looks whether a branch has another policy now. Tags, branches that went, and the
// branches of merge queues have none; whether a pull request goes into the branch is for
// the job to find out.
func push(payload []byte) ([]queue.Job, error) {
	var e struct {
		place
		Ref        string  `json:"ref"` // "refs/heads/main"
		After      *string `json:"after"`
		Deleted    bool    `json:"deleted"`
		Repository struct {
			repository
			DefaultBranch string `json:"default_branch"`
		} `json:"repository"`
	}
	if err := decode(payload, &e); err != nil {
		return nil, err
	}
	if e.Ref == "" || e.After == nil {
		return nil, fmt.Errorf("%w: no ref that was pushed to", ErrPayload)
	}
	branch, ok := strings.CutPrefix(e.Ref, "refs/heads/")
	if !ok || e.Deleted || strings.HasPrefix(branch, "gh-readonly-queue/") || !branchShape(branch, maxRefBytes) {
		return nil, nil
	}
	job := e.jobAt(queue.Pushed, e.Repository.repository)
	job.Head, job.BaseRef, job.Reason, job.Default = *e.After, branch, "push", branch == e.Repository.DefaultBranch
	return []queue.Job{job}, nil
}
