package app_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app"
	"github.com/bonafide-app/bonafide/app/sandbox"
	"github.com/bonafide-app/bonafide/app/sandbox/forge"
	"github.com/bonafide-app/bonafide/app/store"
)

// later is a play whose clock can be put forward.
type later struct {
	*play
	ahead atomic.Int64
}

func newLater(t *testing.T, judged bool, files forge.Files) *later {
	l := &later{}
	l.play = withFiles(emptyStage(t, judged, func(o *app.Options, _ *sandbox.World) {
		o.Clock = func() time.Time { return time.Now().Add(time.Duration(l.ahead.Load())) }
	}), files)
	l.settle()
	return l
}

// pass puts the clock forward and lets what is due be judged. It returns what was asked of
// GitHub.
func (l *later) pass(d time.Duration) (asked []string) {
	l.t.Helper()
	l.GitHub.ForgetRequests()
	l.ahead.Add(int64(d))
	l.must(l.server.Rejudge(l.ctx))
	l.settle()
	return l.asked()
}

func (l *later) asked() (asked []string) {
	for _, r := range l.GitHub.Requests() {
		asked = append(asked, r.Method+" "+r.Path)
	}
	return asked
}

func writes(asked []string) []string {
	return slices.DeleteFunc(slices.Clone(asked), func(s string) bool {
		return strings.HasPrefix(s, "GET ") || strings.Contains(s, "access_tokens")
	})
}

func TestACooldownThatEndsTurnsTheCheckByItself(t *testing.T) {
	l := newLater(t, true, forge.Files{"bonafide.yml": forge.Text("version: 1\nrules: { too-new: error, package-too-young: off, fresh-and-odd: off }\ncooldown: 3h\n")})
	pull := l.pull(l.locked(mended))
	l.ends(pull.HeadSHA(), "failure", "too-new")
	if asked := l.pass(time.Hour); len(asked) > 0 {
		t.Errorf("before the cooldown ends: %v", asked)
	}
	l.pass(time.Hour + time.Minute)
	l.ends(pull.HeadSHA(), "success")
}

func TestAnExceptionThatExpiresTurnsTheCheckByItself(t *testing.T) {
	today := time.Now().UTC().Format(time.DateOnly)
	l := newLater(t, false, forge.Files{"bonafide.yml": forge.Text("version: 1\nrules: { fresh-and-odd: warning }\nexceptions:\n  - package: npm:" + lost +
		"\n    rules: [provenance-lost, publisher-lost]\n    reason: moving to another host\n    owner: robin\n    expires: " + today + "\n")})
	pull := l.pull(l.locked(lost))
	l.ends(pull.HeadSHA(), "success")
	l.pass(24 * time.Hour)
	l.ends(pull.HeadSHA(), "failure", "provenance-lost", "has expired")
}

func TestADailyRoundThatFindsNothingWritesNothing(t *testing.T) {
	l := newLater(t, false, nil)
	pull := l.pull(l.locked(lost))
	was := l.ends(pull.HeadSHA(), "failure")
	reviews := len(pull.Reviews())
	if asked := l.pass(10 * time.Hour); len(asked) > 0 {
		t.Errorf("after ten hours: %v", asked)
	}
	_, err := l.repo.Push(l.ctx, forge.Change{Branch: "main", Files: forge.Files{"README": forge.Text("moved on\n")}})
	l.must(err)
	l.settle()
	asked := l.pass(15 * time.Hour)
	if w := writes(asked); len(w) > 0 || len(asked) == 0 || len(asked) > 14 {
		t.Errorf("%d requests, of them writes: %v\n%s", len(asked), w, strings.Join(asked, "\n"))
	}
	t.Logf("%d requests:\n%s", len(asked), strings.Join(asked, "\n"))
	if is := l.check(pull.HeadSHA()); is.Writes != was.Writes || len(pull.Reviews()) != reviews {
		t.Errorf("it was written again: %+v", is)
	}
	if asked := l.pass(time.Hour); len(asked) > 0 {
		t.Errorf("an hour later: %v", asked)
	}

	v, ok, err := l.server.Store().Verdict(l.ctx, l.scene.Installation.ID, l.repo.ID, pull.Number)
	if err != nil || !ok {
		t.Fatal(v, ok, err)
	}
	l.must(l.server.Store().PutOff(l.ctx, v, v.Judged.Add(-time.Hour)))
	if asked := l.pass(0); len(asked) > 0 {
		t.Errorf("a job that another one did meanwhile: %v", asked)
	}
	v.Due = v.Judged.Add(4 * time.Hour)
	l.must(l.server.Store().SaveVerdict(l.ctx, v))
	l.must(pull.Close(l.ctx))
	l.settle()
	if asked := l.pass(48 * time.Hour); len(asked) > 0 {
		t.Errorf("after it was closed: %v", asked)
	}
}

func TestAPolicyThatChangesIsHeldAgainstWhatItIsAbout(t *testing.T) {
	l := newLater(t, true, nil)
	bad := l.pull(l.locked(lost))
	l.ends(bad.HeadSHA(), "failure")
	_, err := l.repo.Push(l.ctx, forge.Change{Branch: "release", Files: forge.Files{"README": forge.Text("a release\n")}})
	l.must(err)
	_, err = l.repo.Push(l.ctx, forge.Change{Branch: "fix", Files: l.locked(lost, plain)})
	l.must(err)
	aside, err := l.repo.OpenPull(l.ctx, forge.PullSpec{Head: "fix", Base: "release"})
	l.must(err)
	l.settle()
	l.ends(aside.HeadSHA(), "failure")

	l.GitHub.ForgetRequests()
	_, err = l.repo.Push(l.ctx, forge.Change{Branch: "main", Files: forge.Files{"package-lock.json": forge.Text(l.lock(good, plain))}})
	l.must(err)
	l.settle()
	if asked := l.asked(); len(asked) > 1 {
		t.Errorf("a push without a policy costs %v", asked)
	}
	l.GitHub.ForgetRequests()
	_, err = l.repo.Push(l.ctx, forge.Change{Branch: "nobodys", Files: forge.Files{"x": forge.Text("x")}})
	l.must(err)
	l.settle()
	if asked := l.asked(); len(asked) > 0 {
		t.Errorf("a push to a branch that nothing goes into costs %v", asked)
	}

	_, err = l.repo.Push(l.ctx, forge.Change{Branch: "main", Files: forge.Files{"bonafide.yml": forge.Text("version: 1\nrules: { provenance-lost: warning, publisher-lost: warning, fresh-and-odd: warning }\n")}})
	l.must(err)
	l.settle()
	l.settle()
	l.ends(bad.HeadSHA(), "success", "provenance-lost")
	l.ends(aside.HeadSHA(), "failure")

	// The organisation's floor holds for both.
	org := l.organisation(aFloor)
	l.settle()
	_, err = org.Push(l.ctx, forge.Change{Branch: "main", Files: forge.Files{"bonafide.yml": forge.Text(aFloor + "# moved\n")}})
	l.must(err)
	l.settle()
	l.settle()
	l.ends(bad.HeadSHA(), "failure", "provenance-lost")
}

func TestAPolicyThatChangesIsHeldAgainstAllThatItIsAbout(t *testing.T) {
	l := newLater(t, false, nil)
	const many = 520 // more than are read at a time
	row := store.Verdict{Installation: l.scene.Installation.ID, Repository: l.repo.ID, Owner: "acme", Name: "web", BaseRef: "main",
		Policy: "none", Floor: "none", Judged: time.Now(), Due: time.Now().Add(24 * time.Hour)}
	for row.Number = 1001; row.Number <= 1000+many; row.Number++ {
		l.must(l.server.Store().SaveVerdict(l.ctx, row))
	}
	_, err := l.repo.Push(l.ctx, forge.Change{Branch: "main", Files: forge.Files{"bonafide.yml": forge.Text("version: 1\n")}})
	l.must(err)
	l.settle()
	left, err := l.server.Store().Due(l.ctx, time.Now().Add(30*time.Hour), 2*many)
	l.must(err)
	for _, v := range left {
		if in := time.Until(v.Due); in > 5*time.Hour { // the first have their job already
			t.Fatalf("pull request %d is due in %v", v.Number, in)
		}
	}
}

func TestMalwareThatBecomesKnownFailsWhatStood(t *testing.T) {
	l := newLater(t, true, nil)
	pull := l.pull(l.locked(mended))
	bad := l.pull(l.locked(lost))
	other := l.pull(l.locked(good, plain))
	l.ends(pull.HeadSHA(), "success")
	before := l.check(other.HeadSHA())

	l.GitHub.AddAdvisory(forge.Advisory{ID: "GHSA-oooo-dddd-dddd", Type: "malware", Summary: "of a time to come", Updated: time.Now().Add(999 * time.Hour),
		Affects: []forge.Affected{{Name: "nobodys", Range: ">= 0"}}})
	l.must(l.server.Malware(l.ctx))
	l.settle()
	l.GitHub.AddAdvisory(forge.Advisory{ID: "GHSA-aaaa-bbbb-cccc", Type: "malware", Summary: "Malware in tide", Updated: time.Now(),
		Affects: []forge.Affected{{Name: "tide", Range: ">= 1.0.1"}}})
	l.must(l.server.Malware(l.ctx))
	l.settle()
	l.ends(pull.HeadSHA(), "failure", "known-malware")
	if said := fmt.Sprint(pull.Comments()) + fmt.Sprint(pull.Reviews()); !strings.Contains(said, "known-malware") && !strings.Contains(said, "GHSA-aaaa-bbbb-cccc") {
		t.Errorf("nothing was said on the pull request: %s", said)
	}
	// On one that had a review on this head already it is told, too, and once.
	l.ends(bad.HeadSHA(), "failure", "known-malware")
	if n := len(bad.Reviews()); n != 2 {
		t.Errorf("%d reviews", n)
	}
	if after := l.check(other.HeadSHA()); after.Writes != before.Writes {
		t.Error("another pull request was written to")
	}
	l.GitHub.ForgetRequests()
	l.must(l.server.Malware(l.ctx))
	l.settle()
	if asked := l.asked(); len(asked) != 1 {
		t.Errorf("no news cost %v", asked)
	}
}

func TestANewTrustRootIsHeldAgainstEverythingOnce(t *testing.T) {
	l := newLater(t, false, nil)
	row := store.Verdict{Installation: 1, Repository: 2, Number: 3, Owner: "acme", Name: "web", Trust: "an older root", Judged: time.Now(), Due: time.Now().Add(24 * time.Hour)}
	due := func() time.Time {
		v, ok, err := l.server.Store().Verdict(l.ctx, 1, 2, 3)
		if err != nil || !ok {
			t.Fatalf("%v, %v", ok, err)
		}
		return v.Due
	}
	l.must(l.server.Store().SaveCursor(l.ctx, "trust", "another-root"))
	l.must(l.server.Store().SaveVerdict(l.ctx, row))
	l.must(l.server.Renewed(l.ctx))
	if in := time.Until(due()); in > time.Hour {
		t.Errorf("due in %v", in)
	}
	row.Trust, row.Judged = "the root of a server that lags behind", time.Now().Add(time.Second)
	l.must(l.server.Store().SaveVerdict(l.ctx, row))
	l.must(l.server.Renewed(l.ctx))
	if in := time.Until(due()); in < 23*time.Hour {
		t.Errorf("due again in %v: two servers would take turns", in)
	}
}
