package handlers

import (
	"fmt"
	"strings"

	"github.com/bonafide-app/bonafide/app/queue"
)

// push looks whether a branch has another policy now, at what the default one has
// locked, and at what was released under a tag. Branches that went, and the
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
	if tag, ok := strings.CutPrefix(e.Ref, "refs/tags/"); ok && !e.Deleted && branchShape(tag, maxRefBytes) {
		job := e.jobAt(queue.Release, e.Repository.repository)
		job.Reason = "push"
		return []queue.Job{released(job, tag)}, nil
	}
	branch, ok := strings.CutPrefix(e.Ref, "refs/heads/")
	if !ok || e.Deleted || strings.HasPrefix(branch, "gh-readonly-queue/") || !branchShape(branch, maxRefBytes) {
		return nil, nil
	}
	job := e.jobAt(queue.Pushed, e.Repository.repository)
	job.Head, job.BaseRef, job.Reason, job.Default = *e.After, branch, "push", branch == e.Repository.DefaultBranch
	if !job.Default {
		return []queue.Job{job}, nil
	}
	return []queue.Job{job, inventory(job)}, nil
}

// inventory is the job to look at what a repository's default branch has locked. It names no
// commit: it reads the live one.
func inventory(about queue.Job) queue.Job {
	return queue.Job{
		Kind: queue.Inventory, Installation: about.Installation, RepositoryID: about.RepositoryID,
		Owner: about.Owner, Repo: about.Repo, Reason: about.Reason, Bulk: true,
	}
}
