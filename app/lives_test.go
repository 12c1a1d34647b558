package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/checks"
	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/queue"
	"github.com/bonafide-app/bonafide/app/registry"
	"github.com/bonafide-app/bonafide/app/review"
	"github.com/bonafide-app/bonafide/app/sandbox/forge"
	"github.com/bonafide-app/bonafide/app/store"
)

// lives is a GitHub, and a database that servers live and die on.
type lives struct {
	t            *testing.T
	ctx          context.Context
	hub          *forge.Server
	installation *forge.Installation
	store        *store.Store
	queue        *queue.River // takes jobs and does none
	repos        int
}

func newLives(t *testing.T) *lives {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("skipped: git is not on PATH")
	}
	l := &lives{t: t, ctx: zerolog.Nop().WithContext(t.Context())}
	hooks := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }))
	t.Cleanup(hooks.Close)
	var err error
	l.hub, err = forge.New(t.TempDir(), forge.Options{Secret: "a secret for tests", WebhookURL: hooks.URL})
	l.must(err)
	t.Cleanup(func() { _ = l.hub.Close() })
	api := httptest.NewServer(l.hub.Handler())
	t.Cleanup(api.Close)
	l.must(l.hub.SetURL(api.URL))
	l.repo() // an owner to install it for
	l.installation, err = l.hub.Install(l.ctx, "acme")
	l.must(err)
	l.store, err = store.Open(t.Context(), filepath.Join(t.TempDir(), "b.db"))
	l.must(err)
	t.Cleanup(func() { _ = l.store.Close() })
	l.queue, err = queue.Open(l.ctx, l.store, queue.Options{}, nil)
	l.must(err)
	return l
}

func (l *lives) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

// repo makes a repository whose lockfile has packages of version 1.0.0.
func (l *lives) repo(packages ...string) *forge.Repository {
	l.t.Helper()
	l.repos++
	r, err := l.hub.CreateRepository(l.ctx, forge.RepositorySpec{Owner: "acme", Name: fmt.Sprint("web", l.repos), Files: forge.Files{
		"package.json": forge.Text("{}\n"), "package-lock.json": lockOf("1.0.0", packages...),
		".github/bonafide.yml": forge.Text("version: 1\nrules: { publisher-lost: off, fresh-and-odd: off }\n"),
	}})
	l.must(err)
	return r
}

// life is a server from its start to its death: it keeps nothing but the database.
func (l *lives) life(transport http.RoundTripper) *App {
	l.t.Helper()
	clients, err := checks.NewClientCreator(checks.ClientConfig{
		APIURL: l.hub.APIURL(), AppID: l.hub.AppID(), PrivateKey: l.hub.PrivateKeyPEM(), UserAgent: "bonafide/test", Transport: transport,
	})
	l.must(err)
	a := &App{log: zerolog.Nop(), store: l.store, queue: l.queue}
	a.forge, err = checks.New(clients, checks.Options{AppID: l.hub.AppID(), Logger: zerolog.Nop(), Floors: a.store, Hurry: true})
	l.must(err)
	reviewer, err := review.New(review.Options{Verifier: proving{}, Concurrency: 4, Clock: func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }})
	l.must(err)
	a.runner, err = review.NewRunner(a.forge, reviewer, saver{a.store}, accepted{a.store}, leases{a.store, leaseRenew})
	l.must(err)
	return a
}

// proving finds proven provenance on every version but 1.0.1, which has none.
type proving struct{}

func (proving) Verify(_ context.Context, s provenance.Subject) provenance.Evidence {
	ok := provenance.Check{State: provenance.Verified}
	e := provenance.Evidence{
		Package: s.Package, Release: &registry.Release{Package: s.Package},
		Signature: provenance.Signature{Check: ok}, Publish: provenance.Publish{Check: ok},
		Digest: provenance.Digest{Check: ok, Lockfile: dep.Strongest(s.Digests).SRI()},
	}
	e.Provenance.State = provenance.Verified
	e.Provenance.Identity = &provenance.Identity{Repository: "https://github.com/harbour/" + s.Package.Name}
	if s.Package.Version == "1.0.1" {
		e.Provenance = provenance.Provenance{Check: provenance.Check{State: provenance.Absent, Reason: "the registry announces none"}}
		e.Publish.Check = e.Provenance.Check
	}
	return e
}

func lockOf(version string, packages ...string) forge.File {
	var b strings.Builder
	b.WriteString("{\n  \"name\": \"web\",\n  \"lockfileVersion\": 3,\n  \"packages\": {\n    \"\": { \"name\": \"web\" }")
	for _, name := range packages {
		fmt.Fprintf(&b, ",\n    \"node_modules/%s\": {\n      \"version\": %q,\n      \"resolved\": \"https://registry.npmjs.org/%s/-/%s-%s.tgz\",\n      \"integrity\": \"sha512-%s==\"\n    }",
			name, version, name, name, version, strings.Repeat("A", 86))
	}
	b.WriteString("\n  }\n}\n")
	return forge.Text(b.String())
}

// mortal is a transport that counts, and does something to the nth request.
type mortal struct {
	mu sync.Mutex
	n  int
	do func(n int, r *http.Request) (*http.Response, error) // nil, nil: the request goes through
}

func (m *mortal) RoundTrip(r *http.Request) (*http.Response, error) {
	m.mu.Lock()
	m.n++
	n := m.n
	m.mu.Unlock()
	if resp, err := m.do(n, r); resp != nil || err != nil {
		return resp, err
	}
	return http.DefaultTransport.RoundTrip(r)
}

var errDead = errors.New("the server is dead")

// done lets GitHub do what a request asks for, and loses the answer.
func done(r *http.Request) error {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err == nil {
		err = resp.Body.Close()
	}
	return err
}

// tale is what happens on GitHub, and the jobs that come of it.
type tale struct {
	jobs  []queue.Job
	repo  *forge.Repository
	pulls []*forge.Pull
	heads []string // whose check runs are looked at, in order
	said  int64    // a command, 0: none
}

func (l *lives) job(kind queue.JobKind, repo *forge.Repository, number int) queue.Job {
	return queue.Job{Delivery: fmt.Sprint(kind, repo.Name, number), Kind: kind, Installation: l.installation.ID, RepositoryID: repo.ID,
		Owner: "acme", Repo: repo.Name, Number: number, Reason: "opened"}
}

// opened is a pull request that brings the packages in another version.
func (l *lives) opened(version string, packages ...string) tale {
	l.t.Helper()
	repo := l.repo(packages...)
	_, err := repo.Push(l.ctx, forge.Change{Branch: "x", From: "main", Files: forge.Files{"package-lock.json": lockOf(version, packages...)}})
	l.must(err)
	pull, err := repo.OpenPull(l.ctx, forge.PullSpec{Head: "x"})
	l.must(err)
	job := l.job(queue.PullRequest, repo, pull.Number)
	job.EventHead, job.BaseRef = pull.HeadSHA(), "main"
	return tale{jobs: []queue.Job{job}, repo: repo, pulls: []*forge.Pull{pull}, heads: []string{pull.HeadSHA()}}
}

// push is what follows when the pull request is pushed to.
func (l *lives) push(s tale, version string, packages ...string) tale {
	l.t.Helper()
	before := s.pulls[0].HeadSHA()
	_, err := s.pulls[0].Push(l.ctx, forge.Files{"package-lock.json": lockOf(version, packages...)})
	l.must(err)
	job := l.job(queue.PullRequest, s.repo, s.pulls[0].Number)
	job.Head, job.EventHead, job.BaseRef = before, s.pulls[0].HeadSHA(), "main"
	s.jobs, s.heads = []queue.Job{job}, append(s.heads, job.EventHead)
	return s
}

func tales() map[string]func(l *lives) tale {
	var many []string
	for i := range 60 {
		many = append(many, fmt.Sprintf("p%02d", i))
	}
	return map[string]func(l *lives) tale{
		"many findings": func(l *lives) tale { return l.opened("1.0.1", many...) },
		"a push while the head before is in progress": func(l *lives) tale {
			s := l.opened("1.0.1", "tide")
			a := l.life(nil)
			_, err := a.forge.Begin(l.ctx, review.Repository{Installation: l.installation.ID, Owner: "acme", Name: s.repo.Name, ID: s.repo.ID}, s.heads[0], "begun")
			l.must(err)
			return l.push(s, "1.0.1", "tide", "sand")
		},
		"a push that mends": func(l *lives) tale {
			s := l.opened("1.0.1", "tide")
			l.must(l.life(nil).do(l.ctx, s.jobs[0], queue.Attempt{N: 1}))
			return l.push(s, "1.0.2", "tide")
		},
		"a head of two pull requests": func(l *lives) tale {
			s := l.opened("1.0.1", "tide")
			_, err := s.repo.Push(l.ctx, forge.Change{Branch: "next", From: "main", Files: forge.Files{"x": forge.Text("x")}})
			l.must(err)
			other, err := s.repo.OpenPull(l.ctx, forge.PullSpec{Head: "x", Base: "next"})
			l.must(err)
			s.pulls = append(s.pulls, other)
			return s
		},
		"a merge group": func(l *lives) tale {
			s := l.opened("1.0.1", "tide")
			group, err := s.repo.MergeGroup(l.ctx, s.pulls[0])
			l.must(err)
			job := l.job(queue.MergeGroup, s.repo, 0)
			job.Head, job.Base, job.BaseRef = group.HeadSHA, group.BaseSHA, "main"
			s.jobs, s.heads = []queue.Job{job}, []string{group.HeadSHA}
			return s
		},
		"a command": func(l *lives) tale {
			s := l.opened("1.0.1", "tide")
			l.must(l.life(nil).do(l.ctx, s.jobs[0], queue.Attempt{N: 1}))
			s.repo.Grant("keeper", "maintain")
			text := "/bonafide accept npm:tide@1.0.1 provenance-lost built by hand this once"
			id, err := s.pulls[0].Review(l.ctx, "keeper", text)
			l.must(err)
			command := l.job(queue.Command, s.repo, s.pulls[0].Number)
			command.Remark, command.RemarkKind, command.Digest, command.EventHead = id, string(review.InReview), review.RemarkDigest(text), s.heads[0]
			again := l.job(queue.PullRequest, s.repo, s.pulls[0].Number)
			again.Delivery, again.Reason = "again", commanded
			s.jobs, s.said = []queue.Job{command, again}, id
			return s
		},
	}
}

// state is everything on GitHub that a tale came to, with no word of which one it was.
func (s tale) state() string {
	var out []string
	names := []string{s.repo.Name, "REPO"}
	for i, head := range s.heads {
		names = append(names, head, fmt.Sprint("HEAD", i))
	}
	for i, head := range s.heads {
		for _, run := range s.repo.CheckRuns(head) {
			out = append(out, fmt.Sprintf("run of HEAD%d: %s %s %q", i, run.Status, run.Conclusion, run.Title))
			for _, a := range run.Annotations {
				out = append(out, fmt.Sprintf("  %s:%d %s: %s", a.Path, a.StartLine, a.Title, a.Message))
			}
		}
	}
	for i, p := range s.pulls {
		for _, r := range p.Reviews() {
			out = append(out, fmt.Sprintf("review of %d: %s", i, r.Body))
		}
		for _, c := range p.ReviewComments() {
			out = append(out, fmt.Sprintf("comment on %d at %d: %s", i, c.Line, c.Body))
		}
		for _, c := range p.Comments() {
			out = append(out, fmt.Sprintf("remark on %d: %s", i, c.Body))
		}
	}
	if s.said != 0 {
		out = append(out, fmt.Sprint("reactions ", s.pulls[0].Reactions(s.said)))
	}
	slices.Sort(out)
	return strings.NewReplacer(names...).Replace(strings.Join(out, "\n"))
}

// through does a job, again where it says so: one that finds a second pull request with its
// head begins anew.
func (l *lives) through(ctx context.Context, a *App, job queue.Job, attempt queue.Attempt) error {
	err := a.do(ctx, job, attempt)
	var later *review.Later
	if errors.As(err, &later) && context.Cause(ctx) == nil {
		return a.do(ctx, job, queue.Attempt{N: attempt.N + 1})
	}
	return err
}

// finish does a tale's jobs to their end, beginning with the nth.
func (l *lives) finish(a *App, jobs []queue.Job) {
	l.t.Helper()
	for _, job := range jobs {
		l.must(l.through(l.ctx, a, job, queue.Attempt{N: 2}))
	}
}

// calm does a tale's jobs undisturbed and says which of its calls to GitHub wrote.
func (l *lives) calm(jobs []queue.Job) (writes []bool) {
	l.t.Helper()
	var mu sync.Mutex
	l.finish(l.life(&mortal{do: func(_ int, r *http.Request) (*http.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		writes = append(writes, isWrite(r))
		return nil, nil
	}}), jobs)
	return writes
}

// isWrite says whether a request changes something that shows.
func isWrite(r *http.Request) bool {
	return r.Method != http.MethodGet && !strings.HasSuffix(r.URL.Path, "/access_tokens")
}

// die does a tale's jobs until the transport kills the server, and returns what is left.
func (l *lives) die(s tale, n int) (left []queue.Job, died bool) {
	l.t.Helper()
	ctx, kill := context.WithCancelCause(l.ctx)
	defer kill(nil)
	var flying sync.WaitGroup // what was sent arrives, whoever dies meanwhile
	defer flying.Wait()
	a := l.life(&mortal{do: func(i int, r *http.Request) (*http.Response, error) {
		if i < n {
			flying.Add(1)
			defer flying.Done()
			return http.DefaultTransport.RoundTrip(r.WithContext(context.WithoutCancel(r.Context())))
		}
		if i == n {
			if err := done(r.WithContext(l.ctx)); err != nil {
				l.t.Error(err)
			}
			kill(errDead)
		}
		return nil, errDead
	}})
	for i, job := range s.jobs {
		err := l.through(ctx, a, job, queue.Attempt{N: 1})
		if context.Cause(ctx) != nil { // whatever it says: it is not there any more to say it
			return s.jobs[i:], true
		}
		l.must(err)
	}
	return nil, false
}

func TestAServerThatDiesAfterAnyCallToGitHubLeavesNothingTwice(t *testing.T) {
	for name, begin := range tales() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLives(t)
			calm := begin(l)
			writes := l.calm(calm.jobs)
			want := calm.state()
			if !strings.Contains(want, "completed") || strings.Contains(want, "in_progress") || name == "many findings" && strings.Count(want, "  package-lock.json:") < 60 {
				t.Fatal(want)
			}
			n := 1
			for ; ; n++ {
				if n < len(writes) && !writes[n-1] && !writes[n] { // it reads on: nothing came of it
					continue
				}
				if testing.Short() && n%3 > 0 {
					continue
				}
				s := begin(l)
				left, died := l.die(s, n)
				if !died {
					break
				}
				l.finish(l.life(nil), left)
				if got := s.state(); got != want {
					t.Errorf("after a death at call %d:\n%s\nwant:\n%s", n, got, want)
				}
			}
			t.Logf("%d calls", n-1)
		})
	}
}

func TestAWriteThatWasDoneAndReportedAsFailedIsNotDoneTwice(t *testing.T) {
	for name, begin := range tales() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLives(t)
			calm := begin(l)
			l.finish(l.life(nil), calm.jobs)
			want := calm.state()
			for n := 1; ; n++ {
				s := begin(l)
				var mu sync.Mutex
				seen, lost := 0, false
				a := l.life(&mortal{do: func(i int, r *http.Request) (*http.Response, error) {
					mu.Lock()
					defer mu.Unlock()
					if !isWrite(r) {
						return nil, nil
					}
					if seen++; seen != n {
						return nil, nil
					}
					lost = true
					if err := done(r); err != nil {
						return nil, err
					}
					if n%2 == 0 {
						return nil, context.DeadlineExceeded
					}
					return &http.Response{StatusCode: http.StatusBadGateway, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
				}})
				for _, job := range s.jobs {
					for err := a.do(l.ctx, job, queue.Attempt{N: 1}); err != nil; err = a.do(l.ctx, job, queue.Attempt{N: 2}) {
						var later *review.Later
						if !errors.As(err, &later) {
							t.Fatalf("write %d: %v", n, err)
						}
					}
				}
				if !lost {
					break
				}
				if got := s.state(); got != want {
					t.Errorf("write %d was done, and reported as failed:\n%s\nwant:\n%s", n, got, want)
				}
			}
		})
	}
}

// A server falls asleep before any of its calls, another one is given the job, and then it
// wakes up.
func TestAServerThatWakesUpLateWritesNothing(t *testing.T) {
	for _, name := range []string{"many findings", "a push while the head before is in progress"} {
		begin := tales()[name]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLives(t)
			calm := begin(l)
			writes := l.calm(calm.jobs)
			want := calm.state()
			for n := 1; ; n++ {
				if n <= len(writes) && writes[n-1] { // it is asked whether it still may right before
					continue
				}
				if testing.Short() && n%3 > 0 {
					continue
				}
				s := begin(l)
				s.jobs[0].BaseRef = "" // one call sleeps: what is asked early would go on beside it
				asleep, wake := make(chan struct{}), make(chan struct{})
				// Of a server that is asleep nothing goes on: what may still write when the one
				// call falls asleep has written before the next server begins, and whoever asks
				// from then on whether it may gets no answer before it wakes up.
				var allowed sync.WaitGroup
				var mu sync.Mutex
				var late []string
				frozen, slept := false, false
				calls := &mortal{}
				calls.do = func(i int, r *http.Request) (*http.Response, error) {
					if i == n && r.Method == http.MethodGet {
						mu.Lock()
						frozen = true
						mu.Unlock()
						close(asleep)
						<-wake
					}
					if !isWrite(r) {
						return nil, nil
					}
					mu.Lock()
					if slept {
						late = append(late, r.Method+" "+r.URL.Path)
					}
					mu.Unlock()
					defer allowed.Done()
					return http.DefaultTransport.RoundTrip(r)
				}
				slow := l.life(calls)
				ctx := review.WithFence(l.ctx, func(context.Context) error {
					mu.Lock()
					if !frozen {
						defer mu.Unlock()
						allowed.Add(1)
						return nil
					}
					mu.Unlock()
					if name != "many findings" {
						return review.ErrSuperseded // as the queue says of a job that was given to another server
					}
					<-wake // the lease alone must do
					allowed.Add(1)
					return nil
				})
				ended := make(chan error, 1)
				go func() { ended <- slow.do(ctx, s.jobs[0], queue.Attempt{N: 1}) }()
				select {
				case <-asleep:
				case err := <-ended:
					l.must(err)
					if n > calls.n {
						return
					}
					continue
				}
				allowed.Wait()
				mu.Lock()
				slept = true
				mu.Unlock()
				_, err := l.store.DB().ExecContext(l.ctx, `UPDATE lease SET until = 0`)
				l.must(err)
				l.finish(l.life(nil), s.jobs)
				close(wake)
				if err := <-ended; err != nil && !errors.Is(err, review.ErrSuperseded) {
					t.Errorf("asleep at call %d: %v", n, err)
				}
				if got := s.state(); got != want || len(late) > 0 {
					t.Errorf("asleep at call %d, it wrote %v:\n%s\nwant:\n%s", n, late, got, want)
				}
			}
		})
	}
}
