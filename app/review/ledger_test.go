package review

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
)

// book is a ledger in memory.
type book struct {
	kept   map[int]Verdict
	doubts int
	broke  []string
}

func (b *book) Trust() string { return "root" }
func (b *book) Standing(_ context.Context, _ Repository, n int) (Verdict, bool, error) {
	v, ok := b.kept[n]
	return v, ok, nil
}
func (b *book) Keep(_ context.Context, _ Repository, v Verdict) error {
	b.kept[v.Number] = v
	return nil
}
func (b *book) Doubt(_ context.Context, _ Repository, n int, since time.Time) error {
	v := b.kept[n]
	v.Doubt = since
	b.kept[n], b.doubts = v, b.doubts+1
	return nil
}
func (b *book) Broke(_ context.Context, _ Repository, head string) error {
	b.broke = append(b.broke, head)
	for n, v := range b.kept {
		v.Digest = ""
		b.kept[n] = v
	}
	return nil
}
func (b *book) Drop(_ context.Context, _ Repository, n int) error { delete(b.kept, n); return nil }

// quiet is a pull request that was judged, with what judges it again.
type quiet struct {
	*Runner
	t        *testing.T
	forge    *forge
	verifier *verifier
	book     *book
	now      time.Time
}

func judgedOnce(t *testing.T, v *verifier) *quiet {
	q := &quiet{t: t, forge: scene(), verifier: v, book: &book{kept: map[int]Verdict{}}, now: noon}
	r, err := New(Options{Verifier: v, Concurrency: 4, Clock: func() time.Time { return q.now }})
	if err != nil {
		t.Fatal(err)
	}
	if q.Runner, err = NewRunner(q.forge, r, nil, nil, nil); err != nil {
		t.Fatal(err)
	}
	q.WithLedger(q.book)
	q.judge(Try{})
	return q
}

func (q *quiet) judge(try Try) {
	q.t.Helper()
	if err := q.PullRequest(q.t.Context(), repo, 7, Event{}, try); err != nil {
		q.t.Fatal(err)
	}
}

// wrote asserts how often the check run was begun and completed, and who was told.
func (q *quiet) wrote(begun, finished, told int) {
	q.t.Helper()
	if len(q.forge.begun) != begun || len(q.forge.finished) != finished || q.forge.comments[7] != told {
		q.t.Errorf("begun %d, finished %d, told %d times; want %d, %d, %d", len(q.forge.begun), len(q.forge.finished), q.forge.comments[7], begun, finished, told)
	}
}

func TestAQuietRunWritesOnlyWhatTurnsOutOtherwise(t *testing.T) {
	q := judgedOnce(t, lost())
	q.wrote(1, 1, 1)
	v := q.book.kept[7]
	if v.Head != "head" || v.Conclusion != policy.Failure || v.Base != "base" || v.Trust != "root" || len(v.Packages) == 0 {
		t.Errorf("kept: %+v", v)
	}
	q.forge.tips["main"], q.forge.commits["moved"] = "moved", q.forge.commits["base"]
	q.now = noon.Add(24 * time.Hour)
	q.judge(Try{Quiet: true})
	q.wrote(1, 1, 1)
	if v := q.book.kept[7]; !v.Judged.Equal(q.now) || v.Base != "moved" {
		t.Errorf("kept: %+v", v)
	}
	q.verifier.provenance["left@1.0.1"] = provenance.Verified
	q.judge(Try{Quiet: true})
	q.wrote(1, 2, 2)
	if c := q.forge.finished[1].Conclusion(); c != policy.Success {
		t.Errorf("concluded %s", c)
	}
}

func TestWhatCannotBeFoundOutAgainLetsAVerdictStand(t *testing.T) {
	v := &verifier{provenance: map[string]provenance.State{"left@1.0.0": provenance.Verified, "left@1.0.1": provenance.Verified}}
	q := judgedOnce(t, v)
	v.provenance["left@1.0.1"] = provenance.Unknown
	for _, hours := range []time.Duration{24, 25, 71} {
		q.now = noon.Add(hours * time.Hour)
		q.judge(Try{Quiet: true})
		q.wrote(1, 1, 1)
	}
	if !q.book.kept[7].Doubt.Equal(noon.Add(24*time.Hour)) || q.book.doubts != 3 {
		t.Errorf("%+v", q.book)
	}
	q.now = noon.Add(72 * time.Hour)
	q.judge(Try{Quiet: true})
	q.wrote(1, 2, 2)
	if c := q.forge.finished[1].Conclusion(); c != policy.ActionRequired {
		t.Errorf("concluded %s", c)
	}
	v.provenance["left@1.0.1"] = provenance.Verified
	q.judge(Try{Quiet: true})
	q.wrote(1, 3, 3)
	if !q.book.kept[7].Doubt.IsZero() {
		t.Error("the doubt stayed")
	}
}

func TestAnotherPolicyShowsAsSoonAsTheEvidenceCanBeHad(t *testing.T) {
	v := &verifier{provenance: map[string]provenance.State{"left@1.0.0": provenance.Verified, "left@1.0.1": provenance.Verified}}
	q := judgedOnce(t, v)
	other := policy.Default()
	other.Identity = "another"
	q.forge.policies = map[string]policy.Policy{"base": other}
	v.provenance["left@1.0.1"] = provenance.Unknown
	var later *Later
	if err := q.PullRequest(t.Context(), repo, 7, Event{}, Try{Quiet: true}); !errors.As(err, &later) || q.book.doubts != 0 {
		t.Fatalf("%v, %d doubts", err, q.book.doubts)
	}
	q.judge(Try{Quiet: true, Last: true})
	q.wrote(1, 1, 1)
	if q.book.doubts != 1 {
		t.Errorf("%d doubts", q.book.doubts)
	}
}

func TestWorseIsSaidAtOnceWhateverElseIsUnknown(t *testing.T) {
	v := &verifier{provenance: map[string]provenance.State{"left@1.0.0": provenance.Verified, "left@1.0.1": provenance.Verified}}
	q := judgedOnce(t, v)
	v.provenance["left@1.0.1"] = provenance.Invalid
	q.judge(Try{Quiet: true})
	q.wrote(1, 2, 2)
}

func TestAnOrganisationsFloorThatIsRefusedIsSaidAtOnce(t *testing.T) {
	v := &verifier{provenance: map[string]provenance.State{"left@1.0.0": provenance.Verified, "left@1.0.1": provenance.Verified}}
	q := judgedOnce(t, v)
	p := policy.Default()
	p.FloorUnread = "acme/.github cannot be read"
	q.forge.policies = map[string]policy.Policy{"base": p}
	q.judge(Try{Quiet: true})
	q.wrote(1, 2, 2)
	if c := q.forge.finished[1].Conclusion(); c != policy.ActionRequired {
		t.Errorf("concluded %s", c)
	}
}

func TestAPolicyThatBecameInvalidFailsAtOnceWhateverElseIsUnknown(t *testing.T) {
	v := &verifier{provenance: map[string]provenance.State{"left@1.0.0": provenance.Verified, "left@1.0.1": provenance.Verified}}
	q := judgedOnce(t, v)
	v.provenance["left@1.0.1"] = provenance.Unknown
	q.forge.problems = map[string]*policy.Problem{"base": {Kind: policy.PolicyInvalid, Lockfile: "bonafide.yml", Line: 2, Detail: "odd"}}
	q.judge(Try{Quiet: true})
	q.wrote(1, 2, 2)
	if c := q.forge.finished[1].Conclusion(); c != policy.Failure {
		t.Errorf("concluded %s", c)
	}
}

func TestAVerdictThatCannotBeJudgedAgainFallsInTheEnd(t *testing.T) {
	for _, call := range []string{"Trees", "Tip"} {
		v := &verifier{provenance: map[string]provenance.State{"left@1.0.0": provenance.Verified, "left@1.0.1": provenance.Verified}}
		q := judgedOnce(t, v)
		q.forge.fail = func(name string) error {
			if name == call {
				return errors.New("GitHub refused it")
			}
			return nil
		}
		// lastly is what the last attempt at a quiet job comes to.
		lastly := func(after time.Duration) {
			t.Helper()
			q.now = noon.Add(after)
			err := q.PullRequest(t.Context(), repo, 7, Event{}, Try{Quiet: true, Last: true, Elapsed: time.Hour})
			if err == nil {
				return
			}
			if stands, failed := q.Stands(t.Context(), repo, 7); failed != nil {
				t.Fatal(failed)
			} else if !stands {
				if err := q.GiveUp(t.Context(), repo, 7, "", err); err != nil {
					t.Fatal(err)
				}
			}
		}
		lastly(24 * time.Hour)
		lastly(71 * time.Hour)
		if len(q.forge.finished) != 1 || !q.book.kept[7].Doubt.Equal(noon.Add(24*time.Hour)) {
			t.Fatalf("%s: completed %d times, %+v", call, len(q.forge.finished), q.book.kept[7])
		}
		lastly(72 * time.Hour)
		if n := len(q.forge.finished); n != 2 || q.forge.finished[1].Conclusion() != policy.Failure || q.forge.finished[1].Broken == "" {
			t.Errorf("%s: completed %d times: %+v", call, n, q.forge.finished[n-1])
		}
	}
}

func TestACheckWithoutAVerdictIsMendedByTheNextRun(t *testing.T) {
	q := judgedOnce(t, lost())
	if err := q.GiveUp(t.Context(), repo, 7, "", errors.New("it burned")); err != nil || len(q.book.broke) != 1 {
		t.Fatalf("%v, %v", err, q.book.broke)
	}
	q.judge(Try{Quiet: true})
	if c := q.forge.finished[len(q.forge.finished)-1]; c.Broken != "" || c.Conclusion() != policy.Failure {
		t.Errorf("%+v", c)
	}
}

// Who can make every attempt fail must not keep a verdict by it for ever.
func TestAVerdictThatIsInDoubtForTooLongDoesNotStandOnTheSameGround(t *testing.T) {
	for hours, broke := range map[time.Duration]int{47: 0, 48: 1} {
		q := judgedOnce(t, lost())
		q.forge.completed = true // the ground is the same
		v := q.book.kept[7]
		v.Doubt, q.now = noon, noon.Add(hours*time.Hour)
		q.book.kept[7] = v
		if err := q.GiveUp(t.Context(), repo, 7, "", errors.New("it burned")); err != nil || len(q.book.broke) != broke {
			t.Errorf("after %d hours: %v, %v", hours, err, q.book.broke)
		}
	}
}

func TestAPullRequestStandsThatNeedsNoVerdict(t *testing.T) {
	q := judgedOnce(t, lost())
	stands := func() bool {
		ok, err := q.Stands(t.Context(), repo, 7)
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	if !stands() {
		t.Error("the verdict does not stand")
	}
	q.forge.finished = nil
	if stands() {
		t.Error("a head without a verdict stands")
	}
	q.forge.pulls[7].Open = false
	if !stands() {
		t.Error("a closed pull request needs a verdict")
	}
}

func TestNothingStandsOnWhatIsNotOpen(t *testing.T) {
	q := judgedOnce(t, lost())
	q.forge.pulls[7].Open = false
	q.judge(Try{Quiet: true})
	if len(q.book.kept) != 0 {
		t.Errorf("%+v", q.book.kept)
	}
	q = judgedOnce(t, lost())
	delete(q.forge.pulls, 7)
	q.judge(Try{Quiet: true, Elapsed: time.Hour})
	if len(q.book.kept) != 0 {
		t.Errorf("%+v", q.book.kept)
	}
}
