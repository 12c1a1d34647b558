package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/sandbox"
	"github.com/bonafide-app/bonafide/app/sandbox/contract"
	"github.com/bonafide-app/bonafide/app/sandbox/forge"
)

// stage is the whole App with a sandbox around it.
type stage struct {
	*sandbox.World
	t      *testing.T
	ctx    context.Context
	server *app.App
	scene  sandbox.Scene
	log    *bytes.Buffer // what the server logged; read it after stop
	stop   func()
}

type setting func(*app.Options, *sandbox.World)

// givesUpSoon is a stage on which the third attempt is the last, however long it took: no
// verdict hangs on how fast the machine is.
func givesUpSoon(o *app.Options, _ *sandbox.World) { o.TryFor = time.Nanosecond }

// newStage starts everything and opens the samples.
func newStage(t *testing.T, judged bool) *stage {
	t.Helper()
	s := emptyStage(t, judged, givesUpSoon) // what is out of reach in the samples stays so
	var err error
	if s.scene, err = s.OpenSamples(s.ctx); err != nil {
		t.Fatal(err)
	}
	s.settle()
	return s
}

// emptyStage starts everything. With judged, every exchange with GitHub and every
// webhook is held against GitHub's own description, where that is installed.
func emptyStage(t *testing.T, judged bool, settings ...setting) *stage {
	t.Helper()
	t.Parallel() // a stage shares nothing with another, and mostly waits
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("skipped: git is not on PATH")
	}
	var validator *contract.Validator
	if judged {
		validator = contract.IfThere(t)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	s := &stage{t: t, ctx: ctx, log: &bytes.Buffer{}}
	dir := t.TempDir()
	var err error
	if s.World, err = sandbox.New(ctx, dir, ""); err != nil {
		t.Fatal(err)
	}
	trust, err := provenance.LoadTrust(s.Sigstore.TrustedRoot(), s.Sigstore.KeysTUF())
	if err != nil {
		t.Fatal(err)
	}
	listener, err := sandbox.Listen(ctx)
	if err != nil {
		t.Fatal(err)
	}
	o := app.Options{
		Listener: listener, AppID: s.GitHub.AppID(), PrivateKey: s.GitHub.PrivateKeyPEM(), WebhookSecret: sandbox.WebhookSecret,
		APIURL: s.GitHub.APIURL(), Database: filepath.Join(dir, "bonafide.db"), NPMRegistry: s.NPMURL, Trust: trust,
		Workers: 4, TryFor: time.Minute, Demo: true, Hurry: true, Version: "test", Logger: zerolog.New(zerolog.SyncWriter(s.log)),
		Rounds: app.Rounds{SweepEvery: never, ReconcileEvery: never, WatchdogEvery: never, RejudgeEvery: never, MalwareEvery: never, TrustEvery: never, InventoryEvery: never}, // what a test wants of it, it says
	}
	hook := "http://" + listener.Addr().String() + "/api/github/hook"
	if validator != nil {
		o.Transport = validator.TransportForTest(t, http.DefaultTransport)
		hook = judge(t, validator, hook)
	}
	for _, set := range settings {
		set(&o, s.World)
	}
	if s.server, err = app.New(ctx, o); err != nil {
		t.Fatal(err)
	}
	if err := s.GitHub.SetWebhookURL(hook); err != nil {
		t.Fatal(err)
	}
	running, end := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- s.server.Run(running) }()
	stopped := false
	s.stop = func() {
		if stopped {
			return
		}
		stopped = true
		end()
		if err := <-ended; err != nil {
			t.Errorf("the server ended with %v", err)
		}
	}
	t.Cleanup(func() {
		s.stop()
		if err := s.World.Close(); err != nil {
			t.Error(err)
		}
		for _, r := range s.GitHub.UnknownRoutes() {
			t.Errorf("a request that GitHub has no route for: %s %s", r.Method, r.Path)
		}
		cancel()
		if t.Failed() {
			t.Logf("log:\n%s", s.log)
		}
	})
	return s
}

// judge stands before the server and holds every webhook against GitHub's description.
func judge(t *testing.T, v *contract.Validator, to string) string {
	target, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: target.Scheme, Host: target.Host})
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		payload, err := io.ReadAll(r.Body)
		if err == nil {
			err = v.Webhook(r.Header.Get("X-GitHub-Event"), payload)
		}
		if err != nil {
			t.Errorf("webhook: %v", err)
		}
		r.Body = io.NopCloser(bytes.NewReader(payload))
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	return front.URL + target.Path
}

// settle waits until nothing is left to do.
func (s *stage) settle() {
	s.t.Helper()
	if err := errors.Join(s.GitHub.Flush(s.ctx), s.server.Idle(s.ctx)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// check is the one completed check run on a commit.
func (s *stage) check(sha string) forge.CheckRun {
	s.t.Helper()
	runs := s.scene.Repository.LatestCheckRuns(sha)
	if len(runs) != 1 || runs[0].Status != "completed" {
		s.t.Fatalf("check runs of %s: %+v", sha, runs)
	}
	return runs[0]
}

// rules are the rules with findings in the stored reports of some pull requests.
func (s *stage) rules(sha string, pulls ...*forge.Pull) []policy.RuleName {
	s.t.Helper()
	var rules []policy.RuleName
	for _, p := range pulls {
		raw, err := s.server.Report(s.ctx, s.scene.Installation.ID, sandbox.Owner, sandbox.Name, p.Number, sha)
		s.must(err)
		var doc struct {
			Findings []struct{ Rule policy.RuleName }
		}
		s.must(json.Unmarshal(raw, &doc))
		for _, f := range doc.Findings {
			rules = append(rules, f.Rule)
		}
	}
	slices.Sort(rules)
	return slices.Compact(rules)
}

func TestEverySampleEndsAsItMust(t *testing.T) { everySample(t, newStage(t, false)) }

func TestEveryExchangeIsWhatGitHubDescribes(t *testing.T) {
	contract.ForTest(t) // or skip: without it this is the test above
	everySample(t, newStage(t, true))
}

func everySample(t *testing.T, s *stage) {
	for _, o := range s.scene.Samples {
		t.Run(o.Name, func(t *testing.T) {
			check := s.check(o.HeadSHA)
			if check.Conclusion != string(o.Want.Conclusion) {
				t.Errorf("conclusion %s, want %s\n%s\n%s", check.Conclusion, o.Want.Conclusion, check.Title, check.Summary)
			}
			if rules := s.rules(o.HeadSHA, o.Pulls...); !slices.Equal(rules, o.Want.Rules) {
				t.Errorf("rules %v, want %v", rules, o.Want.Rules)
			}
			golden(t, "check-"+o.Name, rendered(check, o.Pulls))
			comments := 0
			for _, p := range o.Pulls {
				comments += len(p.Reviews()) + len(p.Comments())
			}
			if failed := o.Want.Conclusion == policy.Failure; failed != (comments > 0) {
				t.Errorf("%d reviews and comments on a check that ended %s", comments, check.Conclusion)
			}
		})
	}
}

// written is everything that the App has written about the samples.
func (s *stage) written() string {
	var b strings.Builder
	for _, o := range s.scene.Samples {
		for _, r := range s.scene.Repository.CheckRuns(o.HeadSHA) {
			fmt.Fprintln(&b, o.Name, r.ID, r.Status, r.Conclusion, r.Title, len(r.Annotations), r.Writes)
		}
		for _, p := range o.Pulls {
			fmt.Fprintln(&b, p.Number, len(p.Reviews()), len(p.Comments()))
		}
	}
	return b.String()
}

func TestASecondRunChangesNothing(t *testing.T) {
	s := newStage(t, false)
	before := s.written()
	for _, d := range s.GitHub.Deliveries() { // the same deliveries again
		s.must(s.GitHub.Redeliver(s.ctx, d.ID))
	}
	s.settle()
	if after := s.written(); after != before {
		t.Errorf("after redelivery:\n%s\nbefore:\n%s", after, before)
	}
	for _, o := range s.scene.Samples { // new deliveries for the same heads
		for _, p := range o.Pulls {
			s.must(p.Close(s.ctx))
			s.must(p.Reopen(s.ctx))
		}
	}
	s.settle()
	for _, o := range s.scene.Samples {
		check := s.check(o.HeadSHA)
		if check.Conclusion != string(o.Want.Conclusion) {
			t.Errorf("%s is %s after it was opened again", o.Name, check.Conclusion)
		}
		seen := map[string]bool{}
		for _, a := range check.Annotations {
			key := fmt.Sprint(a.Path, a.StartLine, a.Title, a.Message)
			if seen[key] {
				t.Errorf("%s has an annotation twice: %s", o.Name, a.Title)
			}
			seen[key] = true
		}
		for _, p := range o.Pulls {
			if n := len(p.Reviews()); n > 1 {
				t.Errorf("%s has %d reviews on one head", o.Name, n)
			}
		}
	}
}
