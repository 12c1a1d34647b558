package review

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/provenance"
	"github.com/bonafide-app/bonafide/app/registry"
	"github.com/bonafide-app/bonafide/app/report"
)

// historian answers from a table, and counts what it was asked.
type historian struct {
	mu        sync.Mutex
	histories map[string]registry.History
	err       error
	asked     map[string]int
}

func (h *historian) History(_ context.Context, name string) (registry.History, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.asked == nil {
		h.asked = map[string]int{}
	}
	h.asked[name]++
	switch found, ok := h.histories[name]; {
	case h.err != nil:
		return registry.History{}, h.err
	case !ok && name == "boom":
		panic("boom")
	case !ok:
		return registry.History{}, registry.ErrNotFound
	default:
		return found, nil
	}
}

// left had provenance in 1.0.0, and has none since 1.0.1, published some time ago.
func left(age time.Duration) *historian {
	return &historian{histories: map[string]registry.History{"left": {Name: "left", Releases: []registry.Past{
		{Version: "1.0.0", Published: noon.AddDate(0, -3, 0), Announced: true},
		{Version: "1.0.1", Published: noon.Add(-age)},
	}}}}
}

func remembering(v Verifier, h Historian) *Reviewer {
	r := reviewer(v)
	r.historian = h
	return r
}

func bring(ids ...string) Request {
	head := packages{}
	for _, id := range ids {
		head["node_modules/"+id[:strings.LastIndexByte(id, '@')]] = public(id)
	}
	return Request{Kind: report.Diff, Policy: policy.Default(), Files: []File{{Path: "package-lock.json", Base: packages{}.lockfile(), Head: head.lockfile()}}}
}

func rules(r report.Report) (out []policy.RuleName) {
	for _, f := range r.Findings {
		if f.Severity == policy.Error {
			out = append(out, f.Rule)
		}
	}
	return out
}

func TestAnAddedReleaseIsHeldAgainstItsLine(t *testing.T) {
	v, h := proven("left@1.0.0"), left(5*24*time.Hour)
	rep, err := remembering(v, h).Review(t.Context(), bring("left@1.0.1"))
	if err != nil || rep.Conclusion != policy.Failure || !slices.Contains(rules(rep), policy.RuleProvenanceLost) || rep.Hasty != "" {
		t.Errorf("%v, %s: %+v", err, rep.Conclusion, rep.Findings)
	}
	if !maps.Equal(v.asked, map[string]int{"left@1.0.0": 1, "left@1.0.1": 1}) || h.asked["left"] != 1 {
		t.Errorf("evidence of %v, histories of %v", v.asked, h.asked)
	}
	single, err := remembering(proven("left@1.0.0"), left(5*24*time.Hour)).Releases(t.Context(),
		[]provenance.Subject{{Package: dep.Package{Ecosystem: dep.NPM, Name: "left", Version: "1.0.1"}, Standalone: true}}, policy.Default(), nil)
	if err != nil || !slices.Contains(rules(single), policy.RuleProvenanceLost) {
		t.Errorf("by itself: %v: %+v", err, single.Findings)
	}
}

func TestHistoriesAreAskedOncePerPublicName(t *testing.T) {
	h := &historian{}
	head := packages{
		"node_modules/@corp/a":           `"version":"1.0.0","integrity":"` + sri("@corp/a@1.0.0") + `"`,
		"node_modules/@corp/b":           from("https://npm.corp.example", "@corp/b@1.0.0"),
		"node_modules/left":              public("left@1.0.0"),
		"node_modules/a/node_modules/le": public("le@2.0.0"),
		"node_modules/le":                public("le@1.0.0"),
		"node_modules/down":              public("down@1.0.0"),
	}
	v := proven()
	v.provenance["down@1.0.0"] = provenance.Unknown
	req := bring()
	req.Files[0].Base, req.Files[0].Head = packages{"node_modules/old": public("old@1.0.0")}.lockfile(), head.lockfile()
	if _, err := remembering(v, h).Review(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	// That the registry says nothing of down's release is not known yet when its history is asked for.
	if want := map[string]int{"left": 1, "le": 1, "down": 1}; !maps.Equal(h.asked, want) {
		t.Errorf("asked for the histories of %v", h.asked)
	}
}

func TestAnAuditAsksForHistoriesOnlyToFindWhatWasLost(t *testing.T) {
	for _, asks := range []bool{false, true} {
		h := left(60 * 24 * time.Hour)
		req := bring("left@1.0.1")
		req.Kind, req.Lost, req.Files[0].Base = report.Audit, asks, nil
		rep, err := remembering(proven("left@1.0.0"), h).Review(t.Context(), req)
		if err != nil || (h.asked["left"] == 1) != asks || slices.Contains(rules(rep), policy.RuleProvenanceLost) != asks {
			t.Errorf("%t: %v, asked %v: %+v", asks, err, h.asked, rep.Findings)
		}
	}
}

func TestAHistoryThatIsNotReadIsUnknown(t *testing.T) {
	for name, x := range map[string]struct {
		historian *historian
		id        string
		retry     bool
	}{
		"503":    {&historian{err: &registry.Failure{Reason: "the registry answered 503"}}, "left@1.0.1", true},
		"gone":   {&historian{}, "left@1.0.1", false},
		"panics": {&historian{}, "boom@1.0.1", false},
		"other":  {&historian{err: errors.New("odd")}, "left@1.0.1", true},
		"broken": {&historian{err: fmt.Errorf("left: %w", registry.ErrInvalid)}, "left@1.0.1", false},
	} {
		rep, err := remembering(proven(), x.historian).Review(t.Context(), bring(x.id))
		unknown := slices.ContainsFunc(rep.Findings, func(f policy.Finding) bool {
			return f.Rule == policy.RuleTooNew && f.Unknown && f.Severity == policy.Warning
		})
		if err != nil || rep.Conclusion != policy.Success || !unknown || rep.Retry != x.retry {
			t.Errorf("%s: %v, %s, again %t: %+v", name, err, rep.Conclusion, rep.Retry, rep.Findings)
		}
	}
}

// late has the provenance of left@1.0.1 only when it is asked for the second time, and past
// what was kept.
type late struct{ *verifier }

func (v late) Verify(ctx context.Context, s provenance.Subject) provenance.Evidence {
	if s.Package.Version == "1.0.1" {
		v.mu.Lock()
		if v.asked["left@1.0.1"] > 0 && s.Fresh {
			v.provenance["left@1.0.1"] = provenance.Verified
		}
		v.mu.Unlock()
	}
	return v.verifier.Verify(ctx, s)
}

func TestALossOfTheLastHourIsAskedAgainBeforeItIsJudged(t *testing.T) {
	v := late{proven("left@1.0.0")}
	rep, err := remembering(v, left(10*time.Minute)).Review(t.Context(), bring("left@1.0.1"))
	if err != nil || rep.Conclusion != policy.Success || v.asked["left@1.0.1"] != 2 || rep.Hasty != "" {
		t.Errorf("%v, %s, asked %v: %+v", err, rep.Conclusion, v.asked, rep.Findings)
	}

	f := scene()
	f.commits["base"] = files{"package-lock.json": locking("left@1.0.0")}
	r, err := NewRunner(f, remembering(proven("left@1.0.0"), left(10*time.Minute)), nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.PullRequest(t.Context(), repo, 7, Event{}, Try{}); !isLater(err) || len(f.finished) != 0 {
		t.Fatalf("judged at once: %v", err)
	}
	if err := r.PullRequest(t.Context(), repo, 7, Event{}, Try{Elapsed: settling}); err != nil || f.finished[0].Conclusion() != policy.Failure {
		t.Fatalf("not judged in the end: %v", err)
	}
}

func TestTooManyVersionsOfOnePackageBlindNoRule(t *testing.T) {
	h := left(5 * 24 * time.Hour)
	r := remembering(proven("left@1.0.0"), h)
	r.maxPast = 3 // of the four that both versions go through
	two := packages{"node_modules/left": public("left@1.0.1"), "node_modules/a/node_modules/left": public("left@1.0.0")}
	req := bring()
	req.Files[0].Head = two.lockfile()
	rep, err := r.Review(t.Context(), req)
	if err != nil || rep.Conclusion != policy.Failure || !slices.Contains(rules(rep), policy.RuleLockfileUnreadable) {
		t.Errorf("%v, %s, %+v", err, rep.Conclusion, rep.Findings)
	}
	r.maxPast = 4
	if rep, err := r.Review(t.Context(), req); err != nil || slices.Contains(rules(rep), policy.RuleLockfileUnreadable) {
		t.Errorf("%v, %+v", err, rep.Findings)
	}
}

// Whoever publishes twice in a row with provenance of their own is not vouched for by the
// first of the two, nor by a version from before the package had provenance.
func TestTwoReleasesInARowVouchForNobody(t *testing.T) {
	h := &historian{histories: map[string]registry.History{"left": {Name: "left", Releases: []registry.Past{
		{Version: "1.0.0", Published: noon.AddDate(0, -9, 0)},
		{Version: "1.1.0", Published: noon.AddDate(0, -3, 0), Announced: true},
		{Version: "1.1.1", Published: noon.Add(-2 * time.Hour), Announced: true},
		{Version: "1.1.2", Published: noon.Add(-time.Hour), Announced: true},
		{Version: "2.0.0", Published: noon.Add(-time.Hour), Announced: true},
	}}}}
	for name, tt := range map[string]struct{ base, head string }{"added": {"", "left@1.1.2"}, "a new line": {"", "left@2.0.0"}, "updated": {"left@1.0.0", "left@1.1.2"}} {
		for repository, want := range map[string]bool{"": false, "https://github.com/mallory/left": true} {
			v := handed{proven("left@1.1.0", "left@1.1.1", "left@1.1.2", "left@2.0.0"), map[string]string{"left@1.1.1": repository, "left@1.1.2": repository, "left@2.0.0": repository}}
			req := bring(tt.head)
			if tt.base != "" {
				req.Files[0].Base = bring(tt.base).Files[0].Head
			}
			rep, err := remembering(v, h).Review(t.Context(), req)
			if err != nil || slices.Contains(rules(rep), policy.RuleRepositoryChanged) != want {
				t.Errorf("%s, %q: %v, %+v", name, repository, err, rep.Findings)
			}
		}
	}
}
