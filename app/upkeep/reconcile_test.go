package upkeep

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bonafide-app/bonafide/app/queue"
	"github.com/bonafide-app/bonafide/app/review"
)

// hub is an installation with pull requests, by repository.
type hub struct {
	repositories []Pushed
	pulls        map[int64][]review.Pull
	looked       []int64
	judged       map[string]bool // by head
	fails        func(ctx context.Context, repository int64) error
	jobs         []queue.Waiting
	stored       []queue.Job
}

func (h *hub) Installations(context.Context) ([]int64, error) { return []int64{9, 10}, nil }
func (h *hub) Pushed(context.Context, int64) ([]Pushed, error) {
	return slices.Clone(h.repositories), nil
}

func (h *hub) AllPulls(ctx context.Context, repo review.Repository) ([]review.Pull, error) {
	if h.fails != nil {
		if err := h.fails(ctx, repo.ID); err != nil {
			return nil, err
		}
	}
	h.looked = append(h.looked, repo.ID)
	return h.pulls[repo.ID], nil
}

func (h *hub) Judged(_ context.Context, _, _ int64, _ int, head, baseRef string) (bool, error) {
	return h.judged[head] && baseRef == "", nil
}

func (h *hub) Open(_ context.Context, repository int64) (list []queue.Waiting, err error) {
	for _, j := range h.jobs {
		if j.RepositoryID == repository {
			list = append(list, j)
		}
	}
	return list, nil
}

func (h *hub) Enqueue(_ context.Context, job queue.Job) error {
	h.stored = append(h.stored, job)
	return nil
}

func reconciler(h *hub) (*Reconcile, *time.Time) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	r := &Reconcile{Account: h, Pulls: h, Judged: h, Jobs: h, Cursors: cursors{}, Claims: &claims{at: map[string]time.Time{}},
		Every: time.Hour, Clock: func() time.Time { return now }}
	return r, &now
}

func (h *hub) round(t *testing.T, r *Reconcile) {
	t.Helper()
	h.looked, h.stored = nil, nil
	if err := r.Installation(t.Context(), 9); err != nil {
		t.Fatal(err)
	}
}

func TestPullRequestsWithoutAVerdictGetAJob(t *testing.T) {
	repo := Pushed{Repository: review.Repository{Installation: 9, ID: 5, Owner: "acme", Name: "web"}}
	pull := func(n int, head string) review.Pull { return review.Pull{Number: n, Open: true, HeadSHA: head} }
	h := &hub{repositories: []Pushed{repo}, judged: map[string]bool{"a": true},
		pulls: map[int64][]review.Pull{5: {pull(1, "a"), pull(2, "b"), pull(3, "c"), pull(4, "d"), pull(5, "e")}},
		jobs: []queue.Waiting{
			{Job: queue.Job{RepositoryID: 5, Number: 3, Kind: queue.PullRequest}},                // of an event
			{Job: queue.Job{RepositoryID: 5, Number: 4, Kind: queue.PullRequest}, GivenUp: true}, // of an event
			{Job: queue.Job{RepositoryID: 6, Number: 2, Kind: queue.PullRequest}},                // elsewhere
		}}
	r, now := reconciler(h)
	numbers := func() (n []int) {
		for _, j := range h.stored {
			n = append(n, j.Number)
		}
		return n
	}
	h.round(t, r)
	if got := numbers(); !slices.Equal(got, []int{2, 4, 5}) {
		t.Fatalf("jobs of %v", got)
	}
	job := h.stored[0]
	want := queue.Job{Delivery: "reconcile/5/2/b/2026-03-01T12", Kind: queue.PullRequest, Installation: 9, RepositoryID: 5, Owner: "acme", Repo: "web",
		Number: 2, EventHead: "b", Reason: Installed, Bulk: true}
	if job != want {
		t.Errorf("%+v, want %+v", job, want)
	}
	h.jobs = append(h.jobs, queue.Waiting{Job: job}, queue.Waiting{Job: h.stored[1], GivenUp: true})
	h.judged["e"] = true
	h.round(t, r)
	if got := numbers(); len(got) != 0 {
		t.Errorf("jobs of %v in the second round", got)
	}
	h.pulls[5][0].BaseRef = "release" // another branch than it was judged for
	h.round(t, r)
	if got := numbers(); !slices.Equal(got, []int{1}) {
		t.Errorf("jobs of %v once one was retargeted", got)
	}
	h.pulls[5][0].BaseRef = ""
	*now = now.Add(tryAgain) // what was given up has another turn
	h.round(t, r)
	if got := numbers(); !slices.Equal(got, []int{4}) || h.stored[0].Reason != Reconciled {
		t.Errorf("jobs of %v, %+v", got, h.stored)
	}
}

// many are repositories with one pull request each.
func many(n int64) *hub {
	h := &hub{pulls: map[int64][]review.Pull{}}
	for id := int64(1); id <= n; id++ {
		h.repositories = append(h.repositories, Pushed{Repository: review.Repository{Installation: 9, ID: id, Owner: "o", Name: fmt.Sprint(id)}})
		h.pulls[id] = []review.Pull{{Number: 1, Open: true, HeadSHA: fmt.Sprint(id)}}
	}
	return h
}

func TestNothingThatWasThereBeforeIsCommentedOnUntilEveryRepositoryHadItsTurn(t *testing.T) {
	h := many(250)
	r, now := reconciler(h)
	for i := range 4 {
		h.round(t, r)
		want := Installed
		if i == 3 { // the third one came to the end
			want = Reconciled
		}
		for _, j := range h.stored {
			if j.Reason != want || j.Bulk != (want == Installed) {
				t.Fatalf("round %d: %+v", i+1, j)
			}
		}
		*now = now.Add(time.Hour)
	}
}

func TestARepositoryThatFailsKeepsNoOtherFromItsTurn(t *testing.T) {
	h := many(250)
	r, now := reconciler(h)
	broken := map[int64]bool{}
	for id := int64(1); id <= 250; id += 50 {
		broken[id] = true
	}
	h.fails = func(_ context.Context, id int64) error {
		if broken[id] {
			return &review.Later{After: time.Second, Reason: "GitHub answered 500"}
		}
		return nil
	}
	seen := map[int64]bool{}
	for range 4 {
		h.round(t, r)
		for _, id := range h.looked {
			seen[id] = true
		}
		*now = now.Add(time.Hour)
	}
	if len(seen) != 245 {
		t.Errorf("%d repositories were looked at", len(seen))
	}
	clear(broken)
	h.round(t, r)
	if !slices.Contains(h.looked, 51) || !slices.Contains(h.looked, 201) {
		t.Errorf("those that failed are not looked at next: %v", h.looked)
	}
}

func TestAJobThatHasNoTimeForAllRepositoriesGoesOnWhereItEnded(t *testing.T) {
	for name, end := range map[string]error{"time": context.DeadlineExceeded, "limit": &review.Later{After: time.Minute, Limit: true}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := many(100)
				r, _ := reconciler(h)
				asked := 0
				h.fails = func(ctx context.Context, _ int64) error {
					if asked++; name == "limit" && asked%41 == 0 {
						return end
					}
					time.Sleep(3 * time.Second) // 48 of them in four fifths of three minutes
					return ctx.Err()
				}
				attempts := 0
				for failed := true; failed && attempts < 9; attempts++ {
					ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
					err := r.Installation(ctx, 9)
					cancel()
					if failed = err != nil; failed && !errors.Is(err, end) {
						t.Fatal(err)
					}
				}
				slices.Sort(h.looked)
				if n := len(slices.Compact(h.looked)); n != 100 || attempts != 3 {
					t.Errorf("%d repositories were looked at in %d attempts", n, attempts)
				}
				for _, j := range h.stored {
					if j.Reason != Installed {
						t.Fatalf("%+v", j)
					}
				}
			})
		})
	}
}

func TestEveryRepositoryHasItsTurnAndThosePushedToAreFirst(t *testing.T) {
	h := &hub{}
	for id := range int64(250) {
		h.repositories = append(h.repositories, Pushed{Repository: review.Repository{Installation: 9, ID: id + 1, Owner: "o", Name: fmt.Sprint(id)}})
	}
	r, now := reconciler(h)
	seen := map[int64]int{}
	for i := range 3 {
		h.round(t, r)
		if len(h.looked) > maxRepositories {
			t.Errorf("%d repositories in a round", len(h.looked))
		}
		if i == 1 && h.looked[0] != 7 {
			t.Errorf("the one that was pushed to is not the first: %d", h.looked[0])
		}
		for _, id := range h.looked {
			seen[id]++
		}
		h.repositories[6].At = now.Add(time.Minute)
		*now = now.Add(time.Hour)
	}
	if len(seen) != 250 {
		t.Errorf("%d repositories were looked at", len(seen))
	}
	clear(seen)
	for range 20 { // everything moves all the time
		for i := range h.repositories {
			h.repositories[i].At = now.Add(time.Minute)
		}
		h.round(t, r)
		for _, id := range h.looked {
			seen[id]++
		}
		*now = now.Add(time.Hour)
	}
	if len(seen) != 250 {
		t.Errorf("%d repositories were looked at where there were many pushes", len(seen))
	}
}

func TestAServerThatStartsAgainAndAgainLooksOnce(t *testing.T) {
	h := &hub{}
	r, _ := reconciler(h)
	for range 5 {
		if err := r.Do(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if len(h.stored) != 2 || h.stored[0].Kind != queue.Reconcile || h.stored[1].Installation != 10 {
		t.Errorf("%+v", h.stored)
	}
	h.jobs = []queue.Waiting{{Job: h.stored[0]}}
	r.Claims = &claims{at: map[string]time.Time{}}
	h.stored = nil
	if err := r.Do(t.Context()); err != nil || len(h.stored) != 1 || h.stored[0].Installation != 10 {
		t.Errorf("%+v, %v: the first one's job waits still", h.stored, err)
	}
}

func TestARoundBeginsAnewWhereItsPlaceDoesNotRead(t *testing.T) {
	for _, cursor := range []string{"{", "null", "[]", `{"after":"x"}`, "\x00"} {
		h := &hub{repositories: []Pushed{{Repository: review.Repository{Installation: 9, ID: 5, Owner: "acme", Name: "web"}}},
			pulls: map[int64][]review.Pull{5: {{Number: 1, Open: true, HeadSHA: "a"}}}}
		r, _ := reconciler(h)
		r.Cursors = cursors{CursorOf(9): cursor}
		if h.round(t, r); len(h.stored) != 1 || h.stored[0].Number != 1 {
			t.Errorf("after %q: %+v", cursor, h.stored)
		}
	}
}
