package handlers

import (
	"fmt"

	"github.com/bonafide-app/bonafide/app/queue"
)

// checksOfOurs translates events about check runs and check suites of our own App.
type checksOfOurs struct{ appID int64 }

// app is the App that a check run or suite belongs to, null on some GitHub-like
// servers.
type app struct {
	ID int64 `json:"id"`
}

func (c checksOfOurs) ours(a *app) bool { return a != nil && a.ID == c.appID }

// suite reviews again what the commit of a check suite of ours is the head of. That of the
// default branch is looked at, too: its check about the inventory is in the same suite.
func (c checksOfOurs) suite(payload []byte) ([]queue.Job, error) {
	var e struct {
		place
		CheckSuite *struct {
			HeadSHA    string `json:"head_sha"`
			HeadBranch string `json:"head_branch"` // null for forks
			App        *app   `json:"app"`
		} `json:"check_suite"`
		Repository struct {
			repository
			DefaultBranch string `json:"default_branch"`
		} `json:"repository"`
	}
	if err := decode(payload, &e); err != nil {
		return nil, err
	}
	if e.CheckSuite == nil {
		return nil, fmt.Errorf("%w: no check suite", ErrPayload)
	}
	if e.Action != rerequested || !c.ours(e.CheckSuite.App) {
		return nil, nil
	}
	job := e.jobAt(queue.Commit, e.Repository.repository)
	job.Head = e.CheckSuite.HeadSHA
	if branch := e.CheckSuite.HeadBranch; branch == "" || branch != e.Repository.DefaultBranch {
		return []queue.Job{job}, nil
	}
	look := inventory(job)
	look.Bulk = false // somebody waits
	return []queue.Job{job, look}, nil
}
