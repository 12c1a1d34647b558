package app_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bonafide-app/bonafide/app/sandbox/forge"
)

// hang lets the first request that matches hang until the test ends, or it is given up,
// and says when it has come.
func (p *play) hang(matches func(r *http.Request) bool) (came <-chan struct{}) {
	hangs := make(chan struct{})
	var once sync.Once
	p.GitHub.SetFault(func(r *http.Request, _ string) *forge.Fault {
		if matches(r) {
			once.Do(func() {
				close(hangs)
				select {
				case <-r.Context().Done():
				case <-p.ctx.Done():
				}
			})
		}
		return nil
	})
	return hangs
}

// left asserts that a commit has no run but cancelled ones.
func (p *play) left(sha string) {
	p.t.Helper()
	for _, run := range p.repo.CheckRuns(sha) {
		if run.Status != "completed" || run.Conclusion != "cancelled" {
			p.t.Errorf("a run of a head before is %s %s", run.Status, run.Conclusion)
		}
	}
}

func TestAPushInterruptsWhatRunsForTheHeadBefore(t *testing.T) {
	p := newPlay(t, false, nil)
	p.settle()
	came := p.hang(func(r *http.Request) bool { return strings.Contains(r.URL.Path, "/compare/") })
	pull := p.open(p.locked(lost))
	<-came
	old := pull.HeadSHA()
	p.reaches(old, "in_progress") // and stays so
	_, err := pull.Push(p.ctx, p.locked(mended))
	p.must(err)
	p.settle()
	p.ends(pull.HeadSHA(), "success")
	p.left(old)
	if len(p.repo.CheckRuns(old)) != 1 || len(pull.ReviewComments()) != 0 {
		t.Errorf("%d runs of the old head, %d comments", len(p.repo.CheckRuns(old)), len(pull.ReviewComments()))
	}
	p.stop()
	if strings.Contains(p.log.String(), `"level":"error"`) {
		t.Error("an error was logged")
	}
}

func TestTheOrderOfDeliveriesDoesNotMatter(t *testing.T) {
	p := newPlay(t, false, nil)
	p.settle()
	came := p.hang(func(r *http.Request) bool { return strings.Contains(r.URL.Path, "/compare/") })
	pull := p.open(p.locked(lost))
	<-came
	heads := []string{pull.HeadSHA()}
	p.GitHub.SetFate(func(forge.Delivery) forge.Fate { return forge.Hold })
	for _, id := range []string{plain, mended} {
		_, err := pull.Push(p.ctx, p.locked(id))
		p.must(err)
		heads = append(heads, pull.HeadSHA())
	}
	p.GitHub.SetFate(nil)
	p.must(p.GitHub.Deliver(p.ctx, func(d []forge.Delivery) []forge.Delivery { slices.Reverse(d); return d }))
	p.settle()
	p.ends(heads[2], "success")
	p.left(heads[0])
	p.left(heads[1])
}

func TestAPullRequestThatIsClosedEndsWhatRunsForIt(t *testing.T) {
	p := newPlay(t, false, nil)
	p.settle()
	came := p.hang(func(r *http.Request) bool { return strings.Contains(r.URL.Path, "/compare/") })
	pull := p.open(p.locked(lost))
	<-came
	p.must(pull.Close(p.ctx))
	p.settle()
	p.left(pull.HeadSHA())
}
