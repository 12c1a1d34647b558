package app_test

import (
	"cmp"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app"
	"github.com/bonafide-app/bonafide/app/checks"
	"github.com/bonafide-app/bonafide/app/review"
	"github.com/bonafide-app/bonafide/app/sandbox"
	"github.com/bonafide-app/bonafide/app/sandbox/forge"
	"github.com/bonafide-app/bonafide/app/store"
)

// never lets something be done never.
const never = -1

// rounds sets how often is looked after what.
func rounds(r app.Rounds) setting {
	r.InventoryEvery = cmp.Or(r.InventoryEvery, never)
	return func(o *app.Options, _ *sandbox.World) { o.Rounds = r }
}

// until waits until a check run of ours is completed on a commit.
func (p *play) until(sha string) {
	p.t.Helper()
	p.reaches(sha, "completed")
	p.settle()
}

// reaches waits for the one check run of a commit to have that status.
func (p *play) reaches(sha, status string) {
	p.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		runs := p.repo.LatestCheckRuns(sha)
		if len(runs) == 1 && runs[0].Status == status {
			return
		}
		select {
		case <-tick.C:
		case <-p.ctx.Done():
			p.t.Fatalf("no %s check run of %s: %+v", status, sha, runs)
		}
	}
}

func TestADeliveryThatWasRefusedComesBack(t *testing.T) {
	s := emptyStage(t, true, rounds(app.Rounds{SweepEvery: time.Second, SweepAge: time.Millisecond, ReconcileEvery: never, WatchdogEvery: never}))
	p := withFiles(s, nil)
	p.settle()
	p.GitHub.SetFate(func(d forge.Delivery) forge.Fate {
		if d.Event == "pull_request" && !d.Redelivery {
			return forge.Lose
		}
		return forge.Send
	})
	pull := p.open(p.locked(lost))
	p.until(pull.HeadSHA())
	p.ends(pull.HeadSHA(), "failure", "provenance-lost")
	if n := len(pull.Reviews()); n != 1 {
		t.Errorf("%d reviews", n)
	}
}

func TestAPullRequestThatNobodyToldOfIsFound(t *testing.T) {
	s := emptyStage(t, true, rounds(app.Rounds{SweepEvery: never, ReconcileEvery: time.Second, WatchdogEvery: never}))
	p := withFiles(s, nil)
	p.settle()
	p.GitHub.SetFate(func(d forge.Delivery) forge.Fate {
		if d.Event == "pull_request" {
			return forge.Vanish
		}
		return forge.Send
	})
	pull := p.open(p.locked(lost))
	p.until(pull.HeadSHA())
	p.ends(pull.HeadSHA(), "failure", "provenance-lost")
}

// begun is a commit whose check a process began before it died with its job.
func begun(t *testing.T, open bool) (p *play, sha string) {
	t.Helper()
	var repo *forge.Repository
	s := emptyStage(t, false, rounds(app.Rounds{SweepEvery: never, ReconcileEvery: never, WatchdogEvery: time.Second, UnfinishedAge: time.Millisecond}),
		func(o *app.Options, w *sandbox.World) {
			ctx := t.Context()
			must := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			var err error
			repo, err = w.GitHub.CreateRepository(ctx, forge.RepositorySpec{Owner: "acme", Name: "web", Files: forge.Files{"README.md": forge.Text("x")}})
			must(err)
			installation, err := w.GitHub.Install(ctx, "acme", repo)
			must(err)
			sha, err = repo.Push(ctx, forge.Change{Branch: "x", From: "main", Files: forge.Files{"x": forge.Text("x")}})
			must(err)
			pull, err := repo.OpenPull(ctx, forge.PullSpec{Head: "x"})
			must(err)
			clients, err := checks.NewClientCreator(checks.ClientConfig{APIURL: o.APIURL, AppID: o.AppID, PrivateKey: o.PrivateKey, UserAgent: "test"})
			must(err)
			db, err := store.Open(ctx, o.Database)
			must(err)
			at := review.Repository{Installation: installation.ID, Owner: "acme", Name: "web", ID: repo.ID}
			dying, err := checks.New(clients, checks.Options{AppID: o.AppID, Notes: app.Notes(db)})
			must(err)
			_, err = dying.Begin(ctx, at, sha, "pr/1 main@1")
			must(err)
			must(db.Close())
			if !open {
				must(pull.Close(ctx))
			}
		})
	s.scene.Repository = repo
	return &play{stage: s, repo: repo}, sha
}

func TestACheckThatADeadProcessLeftIsFinished(t *testing.T) {
	p, sha := begun(t, true)
	p.until(sha)
	p.ends(sha, "success")
}

func TestACheckThatADeadProcessLeftIsCancelledWhereNothingIsOpen(t *testing.T) {
	p, sha := begun(t, false)
	p.until(sha)
	p.ends(sha, "cancelled")
}

func TestWhatWasThereBeforeIsCheckedAndNotCommentedOn(t *testing.T) {
	p := newPlay(t, true, nil)
	p.must(p.scene.Installation.Delete(p.ctx))
	pull := p.pull(p.locked(lost))
	_, err := p.repo.Push(p.ctx, forge.Change{Branch: "given-up", Files: p.locked(lost, plain)})
	p.must(err)
	closed, err := p.repo.OpenPull(p.ctx, forge.PullSpec{Head: "given-up"})
	p.must(err)
	p.must(closed.Close(p.ctx))
	in, err := p.GitHub.Install(p.ctx, "acme", p.repo)
	p.must(err)
	p.scene.Installation = in
	p.settle()
	p.ends(pull.HeadSHA(), "failure", "provenance-lost")
	if runs := p.repo.CheckRuns(closed.HeadSHA()); len(runs) != 0 {
		t.Errorf("a closed pull request's head has check runs: %+v", runs)
	}
	if n := len(pull.Reviews()) + len(pull.Comments()) + len(pull.ReviewComments()); n != 0 {
		t.Errorf("%d reviews and comments on a pull request that was there before", n)
	}
	_, err = pull.Push(p.ctx, forge.Files{"x": forge.Text("x")})
	p.must(err)
	p.settle()
	if n := len(pull.Reviews()); n != 1 {
		t.Errorf("%d reviews once it moved", n)
	}
}

func TestTheButtonOfACheckWithoutAVerdictRunsItAgain(t *testing.T) {
	p := newPlay(t, true, nil, givesUpSoon)
	p.settle()
	p.faultOn(403, func(r *http.Request) bool { return r.Method == "PATCH" && strings.Contains(r.URL.Path, "/check-runs/") }, 1, 2, 3)
	pull := p.open(p.locked(mended))
	p.settle()
	check := p.ends(pull.HeadSHA(), "failure", "Re-run")
	if len(check.Actions) != 1 {
		t.Fatalf("actions: %+v", check.Actions)
	}
	p.GitHub.SetFault(nil)
	p.must(p.GitHub.RequestAction(p.ctx, "", check.ID, "another"))
	p.settle()
	p.ends(pull.HeadSHA(), "failure")
	p.must(p.GitHub.ClickButton(p.ctx, "", check.ID, "Re-run"))
	p.settle()
	p.ends(pull.HeadSHA(), "success")
	p.hasButtons(pull.HeadSHA(), review.PinsLabel)
}
