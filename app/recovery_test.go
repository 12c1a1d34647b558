package app_test

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bonafide-app/bonafide/app"
	"github.com/bonafide-app/bonafide/app/queue"
	"github.com/bonafide-app/bonafide/app/sandbox"
	"github.com/bonafide-app/bonafide/app/sandbox/forge"
	"github.com/bonafide-app/bonafide/app/sandbox/npm"
	"github.com/bonafide-app/bonafide/app/store"
)

var onePull = regexp.MustCompile(`/pulls/\d+$`)

// faultOn answers the nth request that matches with a status.
func (p *play) faultOn(status int, matches func(r *http.Request) bool, nth ...int) {
	var mu sync.Mutex
	n := 0
	p.GitHub.SetFault(func(r *http.Request, _ string) *forge.Fault {
		mu.Lock()
		defer mu.Unlock()
		if !matches(r) {
			return nil
		}
		n++
		for _, i := range nth {
			if i == n {
				return &forge.Fault{Status: status, Body: `{"message":"It fails","documentation_url":"https://docs.github.com","status":"0"}`}
			}
		}
		return nil
	})
}

// open opens a pull request without waiting.
func (p *play) open(files forge.Files) *forge.Pull {
	p.t.Helper()
	_, err := p.repo.Push(p.ctx, forge.Change{Branch: "x", Files: files})
	p.must(err)
	pull, err := p.repo.OpenPull(p.ctx, forge.PullSpec{Head: "x"})
	p.must(err)
	return pull
}

func TestOneMissingAnswerLosesNoPullRequest(t *testing.T) {
	p := newPlay(t, false, nil)
	p.settle()
	p.faultOn(404, func(r *http.Request) bool { return r.Method == "GET" && onePull.MatchString(r.URL.Path) }, 1)
	pull := p.open(p.locked(lost))
	p.settle()
	p.ends(pull.HeadSHA(), "failure", "provenance-lost")
}

func TestOneMissingAnswerLeavesNoCheckUnfinished(t *testing.T) {
	p := newPlay(t, false, nil)
	p.settle()
	p.faultOn(404, func(r *http.Request) bool { return r.Method == "PATCH" && strings.Contains(r.URL.Path, "/check-runs/") }, 1)
	pull := p.open(p.locked(mended))
	p.settle()
	p.ends(pull.HeadSHA(), "success")
}

func TestACheckThatCannotBePublishedForALongTimeIsCompletedAfterwards(t *testing.T) {
	p := newPlay(t, false, nil, givesUpSoon)
	p.settle()
	// The verdict is refused at every attempt, the last one's too; the check is given up.
	p.GitHub.SetFault(func(r *http.Request, _ string) *forge.Fault {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if r.Method == "PATCH" && bytes.Contains(body, []byte(`"conclusion":"success"`)) {
			return &forge.Fault{Status: 403, Body: `{"message":"It fails","documentation_url":"https://docs.github.com","status":"403"}`}
		}
		return nil
	})
	pull := p.open(p.locked(mended))
	p.settle()
	p.ends(pull.HeadSHA(), "failure", "Re-run")
	p.GitHub.SetFault(nil)
	p.must(p.GitHub.RerequestRun(p.ctx, p.check(pull.HeadSHA()).ID))
	p.settle()
	p.ends(pull.HeadSHA(), "success")
}

func TestAJobThatHadToWaitIsStillTriedAgain(t *testing.T) {
	p := newPlay(t, false, nil, givesUpSoon)
	p.settle()
	var limited, failed sync.Once
	p.GitHub.SetFault(func(r *http.Request, _ string) (f *forge.Fault) {
		if onePull.MatchString(r.URL.Path) {
			limited.Do(func() { f = forge.SecondaryLimit(429, 3e9) }) // longer than there is time for trying
		}
		if strings.Contains(r.URL.Path, "/compare/") {
			failed.Do(func() { f = forge.BadGateway() })
		}
		return f
	})
	pull := p.open(p.locked(mended))
	p.settle()
	p.ends(pull.HeadSHA(), "success")
}

func TestAnInstallationThatComesBackFinishesWhatItBegan(t *testing.T) {
	p := newPlay(t, false, nil, givesUpSoon)
	p.settle()
	p.must(p.NPM.Break("tide", npm.Status(503)))
	begun := make(chan struct{})
	var once sync.Once
	p.GitHub.SetFault(func(r *http.Request, _ string) *forge.Fault {
		if strings.Contains(r.URL.Path, "/compare/") {
			once.Do(func() { close(begun) })
		}
		return nil
	})
	pull := p.open(p.locked(lost))
	<-begun
	p.must(p.scene.Installation.Suspend(p.ctx))
	p.settle()
	p.NPM.Mend("tide")
	p.must(p.scene.Installation.Unsuspend(p.ctx))
	p.settle()
	p.ends(pull.HeadSHA(), "failure", "provenance-lost")
}

func TestASuiteOfAMergeGroupIsRunAgain(t *testing.T) {
	p := newPlay(t, false, nil)
	_, err := p.repo.Push(p.ctx, forge.Change{Branch: "odd;ground=100%3B", From: "main", Files: forge.Files{"x": forge.Text("x")}})
	p.must(err)
	_, err = p.repo.Push(p.ctx, forge.Change{Branch: "f", From: "odd;ground=100%3B", Files: p.locked(lost)})
	p.must(err)
	pull, err := p.repo.OpenPull(p.ctx, forge.PullSpec{Head: "f", Base: "odd;ground=100%3B"})
	p.must(err)
	p.settle()
	group, err := p.repo.MergeGroup(p.ctx, pull)
	p.must(err)
	p.settle()
	before := p.ends(group.HeadSHA, "failure", "provenance-lost")
	p.GitHub.ForgetRequests()
	p.must(p.repo.RerequestSuite(p.ctx, group.HeadSHA))
	p.settle()
	after := p.ends(group.HeadSHA, "failure", "provenance-lost")
	writes := 0
	for _, r := range p.GitHub.Requests() {
		if r.Method == "PATCH" {
			writes++
		}
	}
	if writes != 2 || after.ID != before.ID {
		t.Errorf("%d writes", writes)
	}
}

func TestNothingIsResolvedThatWasNotLookedAt(t *testing.T) {
	for name, change := range map[string]func(p *play, pull *forge.Pull){
		"the lockfile no longer reads": func(p *play, pull *forge.Pull) {
			_, err := pull.Push(p.ctx, forge.Files{"package-lock.json": forge.Text(strings.TrimSuffix(p.lock(lost), "}\n"))})
			p.must(err)
		},
		"the policy ignores it": func(p *play, pull *forge.Pull) {
			_, err := p.repo.Push(p.ctx, forge.Change{Branch: "main", Files: forge.Files{".github/bonafide.yml": forge.Text("version: 1\nlockfiles: { ignore: [\"package-lock.json\"] }\n")}})
			p.must(err)
			p.must(p.GitHub.RerequestRun(p.ctx, p.check(pull.HeadSHA()).ID))
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlay(t, false, nil)
			pull := p.pull(p.locked(lost))
			p.ends(pull.HeadSHA(), "failure", "provenance-lost")
			change(p, pull)
			p.settle()
			comments := pull.ReviewComments()
			if len(comments) == 0 {
				t.Fatal("nobody was told")
			}
			for _, c := range comments {
				if strings.Contains(c.Body, "Resolved in") {
					t.Errorf("%.200s", c.Body)
				}
			}
		})
	}
}

// fragile panics at some requests.
type fragile struct {
	http.RoundTripper
	panics func(r *http.Request) bool
}

func (f fragile) RoundTrip(r *http.Request) (*http.Response, error) {
	if f.panics(r) {
		panic("a mistake deep down")
	}
	return f.RoundTripper.RoundTrip(r)
}

func TestAPanicLeavesNoCheckUnfinished(t *testing.T) {
	for name, path := range map[string]string{"while the branch is read": "/git/ref/heads/", "in a goroutine of its own": "/git/trees/"} {
		t.Run(name, func(t *testing.T) {
			var armed atomic.Bool
			s := emptyStage(t, false, givesUpSoon, func(o *app.Options, _ *sandbox.World) {
				o.Transport = fragile{http.DefaultTransport, func(r *http.Request) bool {
					return armed.Load() && strings.Contains(r.URL.Path, path)
				}}
			})
			p := withFiles(s, nil)
			p.settle()
			armed.Store(true)
			pull := p.open(p.locked(mended))
			p.settle()
			c := p.ends(pull.HeadSHA(), "failure", "Re-run")
			if strings.Contains(c.Title+c.Summary+c.Text, "deep down") {
				t.Error("people are shown the panic")
			}
			armed.Store(false)
			p.must(p.GitHub.RerequestRun(p.ctx, c.ID))
			p.settle()
			p.ends(pull.HeadSHA(), "success")
			s.stop()
			if !strings.Contains(s.log.String(), "deep down") || !strings.Contains(s.log.String(), "RoundTrip") {
				t.Error("the log has no panic with its stack")
			}
		})
	}
}

func TestAJobThatKeepsKillingTheServerIsGivenUp(t *testing.T) {
	var repo *forge.Repository
	var pull *forge.Pull
	s := emptyStage(t, false, func(o *app.Options, w *sandbox.World) {
		ctx := t.Context()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		var err error
		repo, err = w.GitHub.CreateRepository(ctx, forge.RepositorySpec{Owner: "acme", Name: "web", Files: forge.Files{"package.json": forge.Text("{}\n")}})
		must(err)
		installation, err := w.GitHub.Install(ctx, "acme", repo)
		must(err)
		_, err = repo.Push(ctx, forge.Change{Branch: "x", From: "main", Files: forge.Files{"package-lock.json": forge.Text("{}\n")}})
		must(err)
		pull, err = repo.OpenPull(ctx, forge.PullSpec{Head: "x"})
		must(err)
		db, err := store.Open(ctx, o.Database)
		must(err)
		q, err := queue.Open(ctx, db, queue.Options{}, nil)
		must(err)
		must(q.Enqueue(ctx, queue.Job{Delivery: "d", Kind: queue.PullRequest, Installation: installation.ID, RepositoryID: repo.ID,
			Owner: "acme", Repo: "web", Number: pull.Number, Reason: "opened"}))
		_, err = db.DB().Exec(`UPDATE river_job SET state = 'running', attempt = 10, metadata = jsonb('{"crashes":9}')`)
		must(err)
		must(db.Close())
	})
	s.scene.Repository = repo
	s.settle()
	p := &play{stage: s, repo: repo}
	p.ends(pull.HeadSHA(), "failure", "again and again")
	for _, r := range s.GitHub.Requests() {
		if strings.Contains(r.Path, "/git/blobs/") || strings.Contains(r.Path, "/compare/") { // what the ground is may be asked
			t.Errorf("it was judged again: %s", r.Path)
		}
	}
}

func TestAServerThatIsEndingSaysSo(t *testing.T) {
	var address string
	s := emptyStage(t, false, func(o *app.Options, _ *sandbox.World) { address = "http://" + o.Listener.Addr().String() })
	p := withFiles(s, nil)
	stalled := make(chan struct{})
	release := make(chan struct{})
	var once sync.Once
	p.GitHub.SetFault(func(r *http.Request, _ string) *forge.Fault {
		if strings.Contains(r.URL.Path, "/compare/") {
			once.Do(func() { close(stalled); <-release })
		}
		return nil
	})
	pull := p.open(p.locked(mended))
	<-stalled
	stopped := make(chan struct{})
	go func() { defer close(stopped); s.stop() }()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	get := func(path string) int {
		resp, err := client.Get(address + path)
		if err != nil {
			t.Fatalf("no answer while a job is running: %v", err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	for get("/readyz") != http.StatusServiceUnavailable {
		if s.ctx.Err() != nil {
			t.Fatal("ready while it is ending")
		}
	}
	resp, err := client.Post(address+"/api/github/hook", "application/json", strings.NewReader("{}"))
	p.must(err)
	resp.Body.Close()
	if resp.StatusCode != http.StatusServiceUnavailable || get("/healthz") != http.StatusOK {
		t.Errorf("the hook answers %d", resp.StatusCode)
	}
	close(release) // the job ends within its time
	<-stopped
	p.ends(pull.HeadSHA(), "success")
}

// What is asked beside the verdict is asked in goroutines of its own.
func TestAPanicWhileAdvisoriesAreAskedForIsSaid(t *testing.T) {
	s := emptyStage(t, false, func(o *app.Options, _ *sandbox.World) {
		o.Transport = fragile{http.DefaultTransport, func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/advisories") }}
	})
	p := withFiles(s, nil)
	pull := p.pull(p.locked(mended))
	p.ends(pull.HeadSHA(), "success", "known-malware", "internal error")
}
