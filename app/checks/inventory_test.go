package checks

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/review"
)

func (h *hub) home(repository string) *Forge {
	h.on("GET /repos/acme/web", repository)
	return h.forge()
}

const main = `{"id":5,"default_branch":"main","archived":false,"disabled":false}`

func TestTheDefaultBranchIsReadWithItsTip(t *testing.T) {
	h := newHub(t)
	h.on("GET /repos/acme/web/branches/main", fmt.Sprintf(`{"name":"main","commit":{"sha":%q}}`, tip))
	known := web
	known.ID = 5
	if got, err := h.home(main).Home(t.Context(), known); err != nil || got != (review.Home{Branch: "main", Head: tip}) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestABranchThatNobodyPushedToHasNoTip(t *testing.T) {
	h := newHub(t)
	if got, err := h.home(main).Home(t.Context(), web); err != nil || got != (review.Home{Branch: "main"}) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestARepositoryThatCannotBeLookedAtIsGone(t *testing.T) {
	known := web
	known.ID = 5
	for name, answer := range map[string]string{
		"archived":      `{"id":5,"default_branch":"main","archived":true}`,
		"disabled":      `{"id":5,"default_branch":"main","disabled":true}`,
		"another's now": `{"id":6,"default_branch":"main"}`,
	} {
		if _, err := newHub(t).home(answer).Home(t.Context(), known); !errors.Is(err, review.ErrGone) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := newHub(t).forge().Home(t.Context(), known); !errors.Is(err, review.ErrGone) {
		t.Errorf("there is none: %v", err)
	}
	var later *review.Later
	if _, err := newHub(t).home(`{}`).Home(t.Context(), known); !errors.As(err, &later) {
		t.Errorf("no answer to the question: %v", err)
	}
}

func TestTheWholeTreeOfACommitIsRead(t *testing.T) {
	h := newHub(t)
	h.on("GET /repos/acme/web/git/trees/"+tip, `{"sha":"`+base+`","truncated":false,"tree":[
		{"path":"package-lock.json","mode":"100644","type":"blob","sha":"`+head+`","size":3},
		{"path":"web","mode":"040000","type":"tree","sha":"`+base+`"},
		{"path":"web/yarn.lock","mode":"100644","type":"blob","sha":"`+tip+`","size":4}]}`)
	tree, err := h.forge().Tree(t.Context(), web, tip)
	if err != nil {
		t.Fatal(err)
	}
	if entries := tree.Entries(); len(entries) != 2 || entries[1].Path != "web/yarn.lock" || entries[1].ID != tip {
		t.Errorf("%+v", entries)
	}
	if _, err := h.forge().Tree(t.Context(), web, "main"); err == nil {
		t.Error("a branch was taken for a commit")
	}
}

func TestAPullRequestIsOnlyNamedWhereItAloneWasMerged(t *testing.T) {
	pull := func(number int, merged, commit, branch string) string {
		return fmt.Sprintf(`{"number":%d,"merged_at":%s,"merge_commit_sha":%q,"base":{"ref":%q}}`, number, merged, commit, branch)
	}
	const then = `"2026-04-01T10:00:00Z"`
	for name, tt := range map[string]struct {
		parent, before, pulls string
		want                  int
	}{
		"merged":                {base, base, pull(7, then, head, "main"), 7},
		"merged, and another's": {base, base, pull(7, then, head, "main") + "," + pull(8, "null", tip, "main"), 7},
		"more came at once":     {base, tip, pull(7, then, head, "main"), 0},
		"nothing known before":  {base, "", pull(7, then, head, "main"), 0},
		"pushed":                {base, base, "", 0},
		"still open":            {base, base, pull(7, "null", head, "main"), 0},
		"closed":                {base, base, pull(7, then, tip, "main"), 0},
		"into another branch":   {base, base, pull(7, then, head, "next"), 0},
		"two":                   {base, base, pull(7, then, head, "main") + "," + pull(8, then, head, "main"), 0},
	} {
		h := newHub(t)
		h.on("GET /repos/acme/web/commits/"+head, fmt.Sprintf(`{"sha":%q,"parents":[{"sha":%q}]}`, head, tt.parent))
		h.on("GET /repos/acme/web/commits/"+head+"/pulls", "["+tt.pulls+"]")
		if got, err := h.forge().CameBy(t.Context(), web, "main", tt.before, head); err != nil || got != tt.want {
			t.Errorf("%s: %d, %v, want %d", name, got, err, tt.want)
		}
	}
}

func TestTheInventorysCheckIsWrittenOnceAndChangedInPlace(t *testing.T) {
	h := newHub(t)
	f := h.forge()
	f.page = func(r review.Repository) string { return "https://bonafide.example.com/r/" + r.Owner + "/" + r.Name }
	tell := func(c policy.Conclusion, title string) {
		t.Helper()
		if err := f.PublishInventory(t.Context(), web, head, Beside{Conclusion: c, Title: title, Summary: "What it is about."}); err != nil {
			t.Fatal(err)
		}
	}
	tell(policy.Failure, "1 package changed")
	run := h.latest()
	if len(h.runs) != 1 || run.Name != "bonafide inventory" || run.Conclusion != "failure" || run.Title != "1 package changed" || !ParseExternalID(run.ExternalID).Inventory {
		t.Fatalf("%+v", run)
	}
	h.forget()
	tell(policy.Failure, "1 package changed")
	if w := h.writes(); len(w) > 0 {
		t.Errorf("the same was written again: %v", w)
	}
	tell(policy.Success, "All well again")
	if len(h.runs) != 1 || run.Conclusion != "success" || run.Title != "All well again" || run.Name != "bonafide inventory" {
		t.Errorf("%d runs, %+v", len(h.runs), run)
	}
}

func TestTheTwoChecksOfACommitDoNotTouchEachOther(t *testing.T) {
	h := newHub(t)
	f := h.forge()
	told := Beside{Conclusion: policy.Failure, Title: "1 package changed", Summary: "What it is about."}
	if err := f.PublishInventory(t.Context(), web, head, told); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := f.Standing(t.Context(), web, head); ok || err != nil {
		t.Errorf("the inventory's check stands for the pull request's: %v", err)
	}
	if _, found, err := f.GroupOf(t.Context(), web, head); found || err != nil {
		t.Errorf("it is about a merge group: %v", err)
	}
	if err := f.Cancel(t.Context(), web, head, "x"); err != nil {
		t.Fatal(err)
	}
	publish(t, f, ground, check(policy.Success, 1, 0))
	if len(h.runs) != 2 || h.runs[0].Conclusion != "failure" || h.runs[1].Conclusion != "success" || h.runs[1].Name != "bonafide" {
		t.Fatalf("%+v %+v", h.runs[0], h.runs[1])
	}
	if err := f.PublishInventory(t.Context(), web, head, told); err != nil || len(h.runs) != 2 || h.runs[1].Title == told.Title {
		t.Errorf("%v, %d runs", err, len(h.runs))
	}
}

func TestAnInventorysCheckOfAnotherAppIsLeft(t *testing.T) {
	h := newHub(t)
	h.runs = []*hubRun{{ID: 900, Name: "bonafide inventory", HeadSHA: head, Status: completed, Conclusion: "success", App: map[string]any{"id": 1}}}
	if err := h.forge().PublishInventory(t.Context(), web, head, Beside{Conclusion: policy.Failure, Title: "x", Summary: "y"}); err != nil {
		t.Fatal(err)
	}
	if len(h.runs) != 2 || h.runs[0].Conclusion != "success" {
		t.Errorf("%d runs, %+v", len(h.runs), h.runs[0])
	}
}

func TestAnInventorysCheckThatIsRefusedIsAnError(t *testing.T) {
	h := newHub(t)
	h.fail = func(call string, _ int) int {
		if call == "POST /repos/acme/web/check-runs" {
			return http.StatusForbidden
		}
		return 0
	}
	if err := h.forge().PublishInventory(t.Context(), web, head, Beside{Conclusion: policy.Failure, Title: "x", Summary: "y"}); err == nil {
		t.Error("no error")
	}
}
