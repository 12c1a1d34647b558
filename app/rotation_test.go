package app_test

import (
	"context"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app"
	"github.com/bonafide-app/bonafide/app/sandbox"
)

// As docs/operations.md has it: the new secret is saved at GitHub first, then the server
// is restarted with it. What the old one refused in between is not lost.
func TestANewWebhookSecretLosesNoDelivery(t *testing.T) {
	var o app.Options
	s := emptyStage(t, false, func(first *app.Options, _ *sandbox.World) {
		first.WebhookSecret = "the secret that GitHub had before"
		o = *first
	})
	p := withFiles(s, nil)
	pull := p.open(p.locked(lost))
	s.must(s.GitHub.Flush(s.ctx))
	if runs := p.repo.LatestCheckRuns(pull.HeadSHA()); len(runs) != 0 {
		t.Fatalf("events with another signature are taken: %+v", runs)
	}
	s.stop()

	var err error
	o.WebhookSecret = sandbox.WebhookSecret
	o.Rounds.SweepEvery, o.Rounds.SweepAge = time.Second, time.Millisecond
	o.Listener, err = sandbox.Listen(s.ctx)
	s.must(err)
	s.must(s.GitHub.SetWebhookURL("http://" + o.Listener.Addr().String() + "/api/github/hook"))
	s.server, err = app.New(s.ctx, o)
	s.must(err)
	running, end := context.WithCancel(s.ctx)
	ended := make(chan error, 1)
	go func() { ended <- s.server.Run(running) }()
	t.Cleanup(func() {
		end()
		if err := <-ended; err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	p.until(pull.HeadSHA())
	p.ends(pull.HeadSHA(), "failure", "provenance-lost")
}
