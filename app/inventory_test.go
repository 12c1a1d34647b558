package app_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app"
	"github.com/bonafide-app/bonafide/app/sandbox"
	"github.com/bonafide-app/bonafide/app/sandbox/forge"
	"github.com/bonafide-app/bonafide/app/sandbox/npm"
	"github.com/bonafide-app/bonafide/app/store"
)

// newStocked is a later whose default branch is looked at.
func newStocked(t *testing.T, judged bool, files forge.Files) *later {
	l := &later{}
	l.play = withFiles(emptyStage(t, judged, givesUpSoon, l.stocks), files)
	l.settle()
	return l
}

// stocks looks at default branches, by a clock that can be put forward.
func (l *later) stocks(o *app.Options, _ *sandbox.World) {
	o.Clock = func() time.Time { return time.Now().Add(time.Duration(l.ahead.Load())) }
	o.Rounds.InventoryEvery = 24 * time.Hour
	o.PublicURL = "https://bonafide.example.com"
}

// night lets a day pass, and what is too old be looked at again.
func (l *later) night() {
	l.t.Helper()
	l.ahead.Add(int64(25 * time.Hour))
	l.must(l.server.Stale(l.ctx))
	l.settle()
}

func (l *later) inventory() store.Inventory {
	l.t.Helper()
	i, ok, err := l.server.Store().InventoryOf(l.ctx, l.scene.Installation.ID, l.repo.ID)
	l.must(err)
	if !ok {
		l.t.Fatal("there is no inventory")
	}
	return i
}

func (l *later) tip() string {
	l.t.Helper()
	tip, err := l.repo.Tip(l.ctx, "main")
	l.must(err)
	return tip
}

// came are the packages that a default branch has or had, the newest first.
func (l *later) came() (list []string) {
	l.t.Helper()
	arrivals, err := l.server.Store().Arrivals(l.ctx, l.scene.Installation.ID, l.repo.ID, 0, 100)
	l.must(err)
	for _, h := range arrivals {
		what := h.Name + "@" + h.Version
		if h.Number > 0 {
			what += " by a pull request"
		}
		if !h.Gone.IsZero() {
			what += ", gone"
		}
		list = append(list, what)
	}
	slices.Sort(list)
	return list
}

// told is what the inventory's check on the branch's head says, "" where there is none.
func (l *later) told() string {
	l.t.Helper()
	for _, run := range l.repo.LatestCheckRuns(l.tip()) {
		if run.Name == "bonafide inventory" {
			return run.Conclusion + ": " + run.Title
		}
	}
	return ""
}

func TestADefaultBranchHasAnInventoryThatFollowsIt(t *testing.T) {
	l := newStocked(t, true, nil)
	if i := l.inventory(); i.Head != l.tip() || i.Branch != "main" || i.Problem != "" {
		t.Errorf("after the installation: %+v", i.Repository)
	}
	pull := l.pull(l.locked(good, plain))
	l.must(pull.Merge(l.ctx))
	l.settle()
	if i := l.inventory(); i.Head != l.tip() {
		t.Errorf("after the merge: %s, want %s", i.Head, l.tip())
	}
	if got, want := strings.Join(l.came(), "; "), "sand@2.0.0 by a pull request; tide@1.0.0"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for _, files := range []forge.Files{l.locked(good), l.locked(mended)} { // pushed one after the other
		_, err := l.repo.Push(l.ctx, forge.Change{Branch: "main", Files: files})
		l.must(err)
	}
	l.settle()
	if i := l.inventory(); i.Head != l.tip() {
		t.Errorf("after two pushes: %s, want %s", i.Head, l.tip())
	}
	if got, want := strings.Join(l.came(), "; "), "sand@2.0.0 by a pull request, gone; tide@1.0.0, gone; tide@1.0.2"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if told := l.told(); told != "" {
		t.Errorf("a check without news: %s", told)
	}
	head := l.tip()
	l.must(l.scene.Installation.Delete(l.ctx))
	l.settle()
	if _, ok, err := l.server.Store().InventoryOf(l.ctx, l.scene.Installation.ID, l.repo.ID); ok || err != nil {
		t.Errorf("there is still an inventory of %s: %v", head, err)
	}
}

func TestEvidenceThatVanishesIsToldUntilItIsBack(t *testing.T) {
	l := newStocked(t, true, nil)
	before := l.inventory()
	l.night()
	if i := l.inventory(); !i.Looked.After(before.Looked) || l.told() != "" {
		t.Errorf("looked at %v and then %v; told: %q", before.Looked, i.Looked, l.told())
	}
	l.must(l.NPM.Break("tide", npm.Fault{Kind: npm.Attestations, Status: 404}))
	l.night()
	if told := l.told(); told != "failure: 1 package in use changed: 1 without its provenance" {
		t.Error(told)
	}
	news, err := l.server.Store().NewsOf(l.ctx, l.scene.Installation.ID, l.repo.ID)
	if err != nil || len(news) != 1 || news[0].Kind != "provenance-gone" || news[0].PURL != "pkg:npm/tide@1.0.0" {
		t.Errorf("%+v, %v", news, err)
	}
	l.GitHub.ForgetRequests()
	l.night()
	if w := writes(l.asked()); len(w) > 0 {
		t.Errorf("the same news was written again: %v", w)
	}
	if again, err := l.server.Store().NewsOf(l.ctx, l.scene.Installation.ID, l.repo.ID); err != nil || len(again) != 1 || !again[0].Since.Equal(news[0].Since) {
		t.Errorf("%+v, %v", again, err)
	}
	l.NPM.Mend("tide")
	l.night()
	if told := l.told(); told != "success: All well again" {
		t.Error(told)
	}
	if runs := l.repo.LatestCheckRuns(l.tip()); len(runs) != 1 {
		t.Errorf("%d check runs", len(runs))
	}
}

func TestARegistryThatIsDownTakesNothingAway(t *testing.T) {
	l := newStocked(t, false, nil)
	before := l.inventory()
	l.must(l.NPM.Break("tide", npm.Status(503)))
	l.night()
	i := l.inventory()
	if i.Problem == "" || string(i.JSON) != string(before.JSON) || l.told() != "" {
		t.Errorf("%q, told %q", i.Problem, l.told())
	}
	l.must(l.NPM.Break("tide", npm.Fault{Kind: npm.Attestations, Status: 404}))
	l.night()
	if told := l.told(); !strings.HasPrefix(told, "failure") {
		t.Errorf("what vanished while the registry was down was not told: %q", told)
	}
}

func TestAPushWhileARegistryIsDownTakesNothingAway(t *testing.T) {
	l := newStocked(t, false, nil)
	l.must(l.NPM.Break("tide", npm.Status(503)))
	_, err := l.repo.Push(l.ctx, forge.Change{Branch: "main", Files: forge.Files{"README.md": forge.Text("x\n")}})
	l.must(err)
	l.settle()
	if i := l.inventory(); i.Head != l.tip() || i.Problem == "" || l.told() != "" {
		t.Errorf("%+v, told %q", i.Repository, l.told())
	}
	days, err := l.server.Store().CoverageOf(l.ctx, l.scene.Installation.ID, l.repo.ID, time.Time{})
	if l.must(err); len(days) == 0 || days[len(days)-1].Proven != days[len(days)-1].Packages {
		t.Errorf("%+v", days)
	}
	l.must(l.NPM.Break("tide", npm.Fault{Kind: npm.Attestations, Status: 404}))
	l.night()
	if told := l.told(); told != "failure: 1 package in use changed: 1 without its provenance" {
		t.Errorf("what vanished while the registry was down was not told: %q", told)
	}
}

func TestARepositoryThatIsGoneKeepsItsInventory(t *testing.T) {
	l := newStocked(t, false, nil)
	before := l.inventory()
	l.must(l.repo.Delete(l.ctx)) // and the event about it is lost
	l.night()
	i := l.inventory()
	if i.Head != before.Head || i.Problem == "" || !i.Looked.After(before.Looked) {
		t.Errorf("%+v", i.Repository)
	}
}

func TestMalwareInUseIsToldAtOnceBesideThePullRequestsCheck(t *testing.T) {
	l := newStocked(t, true, nil)
	// The default branch is merged into another one: its head is a pull request's, too.
	_, err := l.repo.Push(l.ctx, forge.Change{Branch: "release", Files: forge.Files{"README.md": forge.Text("x\n")}})
	l.must(err)
	_, err = l.repo.Push(l.ctx, forge.Change{Branch: "main", Files: l.locked(good, plain)})
	l.must(err)
	_, err = l.repo.OpenPull(l.ctx, forge.PullSpec{Head: "main", Base: "release"})
	l.must(err)
	l.settle()
	head := l.tip()
	l.ends(head, "success")
	l.GitHub.AddAdvisory(forge.Advisory{ID: "GHSA-aaaa-bbbb-cccc", Type: "malware", Summary: "Malware in tide", Updated: time.Now(),
		Affects: []forge.Affected{{Name: "tide", Range: ">= 1.0.0"}}})
	l.must(l.server.Malware(l.ctx))
	l.settle()
	checks := map[string]forge.CheckRun{}
	for _, run := range l.repo.LatestCheckRuns(head) {
		checks[run.Name] = run
	}
	told := checks["bonafide inventory"]
	if len(checks) != 2 || told.Conclusion != "failure" || told.Title != "1 package in use changed: 1 named as malware" ||
		!strings.Contains(told.Summary, "GHSA-aaaa-bbbb-cccc") || told.DetailsURL != "https://bonafide.example.com/r/acme/web/packages" {
		t.Errorf("%+v", told)
	}
	if own := checks["bonafide"]; own.Status != "completed" || strings.Contains(own.Title, "in use") {
		t.Errorf("the pull request's check: %+v", own)
	}
	looked := l.inventory().Looked
	l.ahead.Add(int64(time.Minute))
	l.must(l.GitHub.RerequestRun(l.ctx, told.ID))
	l.settle()
	if i := l.inventory(); !i.Looked.After(looked) {
		t.Error("a click on Re-run looked at nothing")
	}
	if runs := l.repo.LatestCheckRuns(head); len(runs) != 2 {
		t.Errorf("%d check runs", len(runs))
	}
}

func TestARepositoryThatWasNeverLookedAtIsFound(t *testing.T) {
	l := &later{}
	s := emptyStage(t, false, l.stocks)
	s.GitHub.SetFate(func(forge.Delivery) forge.Fate { return forge.Vanish })
	l.play = withFiles(s, nil)
	l.settle()
	for range 2 {
		l.must(l.server.Unlooked(l.ctx, l.scene.Installation.ID))
		l.settle()
		if i := l.inventory(); i.Head != l.tip() {
			t.Errorf("%+v", i.Repository)
		}
	}
}
