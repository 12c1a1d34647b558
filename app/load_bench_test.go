//go:build unix

package app_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"
	"modernc.org/sqlite"

	"github.com/bonafide-app/bonafide/app"
	"github.com/bonafide-app/bonafide/app/outbound"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/sandbox"
	"github.com/bonafide-app/bonafide/app/sandbox/contract"
	"github.com/bonafide-app/bonafide/app/sandbox/standin"
	"github.com/bonafide-app/bonafide/app/store/enginetest"
	"github.com/bonafide-app/bonafide/handlers"
)

// The load of BenchmarkWebhookToCheck. What counts is
//
//	go test -run '^$' -bench WebhookToCheck -benchtime 1x ./app -load.rate 10 -load.seconds 60 -load.installations 100 -load.packages 900
var (
	loadRate          = flag.Float64("load.rate", 5, "pull requests a second")
	loadSeconds       = flag.Float64("load.seconds", 4, "how long they are opened")
	loadInstallations = flag.Int("load.installations", 10, "installations, each with a repository")
	loadLatency       = flag.Duration("load.latency", 30*time.Millisecond, "of GitHub and of the registry")
	loadPackages      = flag.Int("load.packages", 300, "packages in each lockfile")
	loadUpdates       = flag.Int("load.updates", 20, "of them updated by each pull request")
	loadWorkers       = flag.Int("load.workers", 32, "jobs at the same time")
	loadPostgres      = flag.Bool("load.postgres", false, "on PostgreSQL instead of SQLite")
	loadSlow          = flag.Bool("load.slow", false, "list the slowest pull requests")
)

// load is an App between a GitHub and a registry that answer from memory.
type load struct {
	b        testing.TB
	registry *standin.Registry
	github   *standin.GitHub
	server   *app.App
	hook     string
	client   *http.Client

	mu    sync.Mutex
	began map[string]time.Time // by head
	ended map[string][]standin.Completed
}

// newLoad starts everything. judge may hold the exchange with GitHub against something.
func newLoad(b testing.TB, packages int, judge func(http.RoundTripper) http.RoundTripper) *load {
	b.Helper()
	l := &load{b: b, began: map[string]time.Time{}, ended: map[string][]standin.Completed{}, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	var err error
	l.registry, err = standin.NewRegistry(packages, *loadLatency, 1)
	must(err)
	b.Cleanup(l.registry.Close)
	l.github, err = standin.NewGitHub(*loadLatency, l.registry.Builds, l.completed)
	must(err)
	b.Cleanup(l.github.Close)
	trust, err := provenance.LoadTrust(l.registry.Sigstore.TrustedRoot(), l.registry.Sigstore.KeysTUF())
	must(err)
	dir := b.TempDir()
	ca := filepath.Join(dir, "ca.pem")
	must(os.WriteFile(ca, l.registry.CertificatePEM(), 0o600))
	route, err := outbound.Environment(ca)
	must(err)
	roots := x509.NewCertPool()
	roots.AddCert(l.github.Certificate())
	var transport http.RoundTripper = &http.Transport{ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 32, TLSClientConfig: &tls.Config{RootCAs: roots}}
	if judge != nil {
		transport = judge(transport)
	}
	database := filepath.Join(dir, "bonafide.db")
	if *loadPostgres {
		database = enginetest.StartServer(b).Database(b)
	}
	listener, err := sandbox.Listen(b.Context())
	must(err)
	const never = -1
	l.server, err = app.New(b.Context(), app.Options{
		Listener: listener, AppID: standin.AppID, PrivateKey: l.github.PrivateKeyPEM(), WebhookSecret: standin.WebhookSecret, APIURL: l.github.APIURL(),
		Database: database, NPMRegistry: l.registry.URL, Route: route, Trust: trust, Workers: *loadWorkers, TryFor: time.Minute, Version: "bench",
		Rounds: app.Rounds{SweepEvery: never, ReconcileEvery: never, InventoryEvery: never},
		Logger: zerolog.New(io.Discard).Level(zerolog.InfoLevel).With().Timestamp().Logger(), Transport: transport,
	})
	must(err)
	l.hook = "http://" + listener.Addr().String() + handlers.Route
	running, stop := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- l.server.Run(running) }()
	b.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			b.Errorf("the server ended with %v", err)
		}
		l.client.CloseIdleConnections()
	})
	return l
}

func (l *load) completed(c standin.Completed) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended[c.Head] = append(l.ended[c.Head], c)
}

// open tells the App of a pull request.
func (l *load) open(p *standin.Pull) error {
	r, err := http.NewRequestWithContext(l.b.Context(), http.MethodPost, l.hook, bytes.NewReader(p.Payload))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-GitHub-Event", "pull_request")
	r.Header.Set("X-GitHub-Delivery", uuid.NewString())
	r.Header.Set("X-Hub-Signature-256", standin.Sign(p.Payload))
	l.mu.Lock()
	l.began[p.Head] = time.Now()
	l.mu.Unlock()
	answer, err := l.client.Do(r)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	if answer.StatusCode != http.StatusOK && err == nil {
		err = fmt.Errorf("the delivery was answered %s", answer.Status)
	}
	answer.Body.Close()
	return err
}

// took is how long each pull request waited for its check, in order, once all have one.
func (l *load) took() []time.Duration {
	l.b.Helper()
	if err := l.server.Idle(l.b.Context()); err != nil {
		l.b.Fatal(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []time.Duration
	for head, began := range l.began {
		ended := l.ended[head]
		if len(ended) != 1 || ended[0].Conclusion != "success" {
			l.b.Fatalf("the check of %s was completed %d times: %+v", head, len(ended), ended)
		}
		all = append(all, ended[0].At.Sub(began))
		if *loadSlow && ended[0].At.Sub(began) > 600*time.Millisecond {
			l.b.Logf("%v: the check was begun after %v", ended[0].At.Sub(began), ended[0].FirstWrittenAt.Sub(began))
		}
	}
	if unknown := slices.Concat(l.github.Unknown(), l.registry.Unknown()); len(unknown) > 0 {
		l.b.Fatalf("the stand-ins have no answer to %q", slices.Compact(slices.Sorted(slices.Values(unknown))))
	}
	slices.Sort(all)
	return all
}

// BenchmarkWebhookToCheck opens pull requests at a rate and measures from the sending of
// each webhook until the check run's completion has arrived. GitHub, the registry and who
// sends run on the same processors and are part of the CPU time.
func BenchmarkWebhookToCheck(b *testing.B) {
	var took []time.Duration
	var spent, passed time.Duration
	var calls, documents, commits int64
	committed := countCommits()
	for range b.N {
		b.StopTimer()
		l := newLoad(b, *loadPackages, nil)
		random := rand.New(rand.NewPCG(2, 0))
		pulls := make([]*standin.Pull, int(*loadRate**loadSeconds))
		repositories := make([]*standin.Repository, *loadInstallations)
		for i := range repositories {
			name := fmt.Sprintf("project-%d", i)
			repositories[i] = l.github.AddRepository(int64(i+1), fmt.Sprintf("owner-%d", i), name, l.registry.Lockfile(name))
		}
		for i := range pulls {
			r := repositories[random.IntN(len(repositories))]
			pulls[i] = l.github.OpenPull(r, i+1, l.registry.Update(r.Name, *loadUpdates, random))
		}
		calls, documents = calls-l.github.Asked(), documents-l.registry.Asked()
		b.StartTimer()
		begin, used := time.Now(), cpu(b)
		commits -= committed.Load()
		var sent sync.WaitGroup
		next := time.NewTicker(time.Duration(float64(time.Second) / *loadRate))
		for _, p := range pulls {
			<-next.C
			sent.Go(func() {
				if err := l.open(p); err != nil {
					b.Error(err)
				}
			})
		}
		next.Stop()
		sent.Wait()
		took = append(took, l.took()...)
		spent, passed = spent+cpu(b)-used, passed+time.Since(begin)
		commits += committed.Load()
		calls, documents = calls+l.github.Asked(), documents+l.registry.Asked()
		b.StopTimer()
	}
	slices.Sort(took)
	ms := func(share int) float64 { return float64(took[(len(took)-1)*share/100]) / float64(time.Millisecond) }
	n := float64(len(took))
	b.ReportMetric(ms(50), "p50-ms")
	b.ReportMetric(ms(99), "p99-ms")
	b.ReportMetric(n/passed.Seconds(), "pulls/s")
	b.ReportMetric(float64(calls)/n, "calls/pull")
	b.ReportMetric(float64(documents)/n, "documents/pull")
	b.ReportMetric(float64(spent)/float64(time.Millisecond)/n, "cpu-ms/pull")
	if !*loadPostgres {
		b.ReportMetric(float64(commits)/n, "commits/pull")
	}
	b.ReportMetric(0, "ns/op")
}

// countCommits counts the transactions that wrote something, of all SQLite connections that
// are opened from now on: each waits for the disk.
func countCommits() *atomic.Int64 {
	var n atomic.Int64
	sqlite.RegisterConnectionHook(func(c sqlite.ExecQuerierContext, _ string) error {
		hooked, ok := c.(sqlite.HookRegisterer)
		if !ok {
			return errors.New("the driver has no hooks")
		}
		wrote := false
		hooked.RegisterPreUpdateHook(func(sqlite.SQLitePreUpdateData) { wrote = true })
		hooked.RegisterCommitHook(func() int32 {
			if wrote {
				n.Add(1)
			}
			wrote = false
			return 0
		})
		return nil
	})
	return &n
}

// cpu is what the process has used.
func cpu(b testing.TB) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// What is measured is what GitHub would ask for: the stand-in answers as it describes.
func TestTheStandInAnswersAsGitHubDescribes(t *testing.T) {
	t.Parallel()
	validator := contract.ForTest(t)
	l := newLoad(t, 40, func(next http.RoundTripper) http.RoundTripper { return validator.TransportForTest(t, next) })
	r := l.github.AddRepository(1, "acme", "web", l.registry.Lockfile("web"))
	p := l.github.OpenPull(r, 1, l.registry.Update("web", 30, rand.New(rand.NewPCG(1, 1))))
	if err := validator.Webhook("pull_request", p.Payload); err != nil {
		t.Error(err)
	}
	if err := l.open(p); err != nil {
		t.Fatal(err)
	}
	l.took()
}
