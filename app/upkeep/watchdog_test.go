package upkeep

import (
	"context"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/queue"
	"github.com/bonafide-app/bonafide/app/review"
)

// noted are Checks in memory.
type noted struct {
	list         []Check
	before       time.Time
	again, ended []string
}

func (n *noted) Unfinished(_ context.Context, before time.Time, _ int) ([]Check, error) {
	n.before = before
	return n.list, nil
}

func (n *noted) Again(_ context.Context, c Check) error {
	n.again = append(n.again, c.Head)
	return nil
}

func (n *noted) Ended(_ context.Context, _ review.Repository, sha string) error {
	n.ended = append(n.ended, sha)
	return nil
}

func TestAnUnfinishedCheckWithoutAJobGetsOne(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	repo := review.Repository{Installation: 9, ID: 5, Owner: "acme", Name: "web"}
	for name, tt := range map[string]struct {
		job   *queue.Waiting
		since time.Duration
		jobs  int
		ended int
	}{
		"no job":                        {jobs: 1},
		"one of its commit":             {job: &queue.Waiting{Job: queue.Job{RepositoryID: 5, Kind: queue.Commit, Head: "a"}}},
		"one of its pull request":       {job: &queue.Waiting{Job: queue.Job{RepositoryID: 5, Kind: queue.PullRequest, Number: 3, EventHead: "a"}}},
		"one of whichever commit":       {job: &queue.Waiting{Job: queue.Job{RepositoryID: 5, Kind: queue.PullRequest, Number: 3}}},
		"one that was given up":         {job: &queue.Waiting{Job: queue.Job{RepositoryID: 5, Kind: queue.Commit, Head: "a"}, GivenUp: true}, jobs: 1},
		"one of another commit":         {job: &queue.Waiting{Job: queue.Job{RepositoryID: 5, Kind: queue.PullRequest, Number: 4, EventHead: "b"}}, jobs: 1},
		"out of reach for days":         {since: maxUnfinished + time.Hour, ended: 1},
		"for days, but worked on still": {since: maxUnfinished + time.Hour, job: &queue.Waiting{Job: queue.Job{RepositoryID: 5, Kind: queue.Commit, Head: "a"}}},
	} {
		t.Run(name, func(t *testing.T) {
			h := &hub{}
			if tt.job != nil {
				h.jobs = append(h.jobs, *tt.job)
			}
			n := &noted{list: []Check{{Repository: repo, Head: "a", Since: now.Add(-tt.since)}}}
			w := &Watchdog{Checks: n, Jobs: h, Every: time.Minute, Age: 4 * time.Minute, Clock: func() time.Time { return now }}
			if err := w.Do(t.Context()); err != nil {
				t.Fatal(err)
			}
			if len(h.stored) != tt.jobs || len(n.ended) != tt.ended || len(n.again) != 1-tt.ended || !n.before.Equal(now.Add(-w.Age)) {
				t.Errorf("jobs %+v, ended %v, again %v, before %v", h.stored, n.ended, n.again, n.before)
			}
			if tt.jobs > 0 && (h.stored[0].Kind != queue.Commit || h.stored[0].Head != "a" || h.stored[0].Reason != "watchdog") {
				t.Errorf("%+v", h.stored[0])
			}
		})
	}
}
