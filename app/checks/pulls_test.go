package checks

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/bonafide-app/bonafide/app/review"
)

// pullJSON is a pull request of a deleted fork into a repository with a multi-select
// custom property.
func pullJSON(number int, head, state, more string) string {
	return fmt.Sprintf(`{"number":%d,"state":%q,"draft":false,"updated_at":"2026-04-30T00:00:00Z",
		"head":{"sha":%q,"label":"stranger:fix","ref":"fix","user":null,"repo":null},
		"base":{"ref":"main","sha":%q,"repo":{"id":5,"custom_properties":{"tier":["a","b"]}}}%s}`, number, state, head, base, more)
}

func TestAPullRequestFromADeletedForkIsRead(t *testing.T) {
	h := newHub(t)
	h.on("GET /repos/acme/web/pulls/7", pullJSON(7, head, "open", ""))
	got, err := h.forge().PullRequest(t.Context(), web, 7)
	want := review.Pull{Number: 7, Open: true, HeadSHA: head, BaseRef: "main", BaseSHA: base}
	if err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
}

// A job, or what was accepted, is about a repository, not about whatever has its name now.
func TestPullRequestsOfAnotherRepositoryWithTheNameAreNone(t *testing.T) {
	h := newHub(t)
	h.on("GET /repos/acme/web/pulls/7", pullJSON(7, head, "open", ""))
	h.on("GET /repos/acme/web/pulls", "["+pullJSON(7, head, "open", "")+"]")
	for id, gone := range map[int64]bool{5: false, 6: true} {
		repo := web
		repo.ID = id
		_, err := h.forge().PullRequest(t.Context(), repo, 7)
		_, listed := h.forge().OpenPulls(t.Context(), repo, head)
		if errors.Is(err, review.ErrGone) != gone || errors.Is(listed, review.ErrGone) != gone || !gone && (err != nil || listed != nil) {
			t.Errorf("%d: %v, %v", id, err, listed)
		}
	}
}

func TestOpenPullRequestsAreFoundByTheirHead(t *testing.T) {
	h := newHub(t)
	var list []string
	for n := 1; n <= 250; n++ {
		sha := fmt.Sprintf("%040x", n)
		if n == 9 || n == 205 {
			sha = head
		}
		list = append(list, pullJSON(n, sha, "open", ""))
	}
	list = append(list, pullJSON(300, head, "closed", ""))
	h.routes["GET /repos/acme/web/pulls"] = func(w http.ResponseWriter, r *http.Request) { pageOf(w, r, list) }
	got, err := h.forge().OpenPulls(t.Context(), web, head)
	if err != nil || len(got) != 2 || got[0].Number != 9 || got[1].Number != 205 || h.made("GET") != 3 {
		t.Errorf("got %+v, %v in %d calls", got, err, h.made("GET"))
	}
}

func TestMoreOpenPullRequestsThanAreListedAreAskedForByCommitAndBranch(t *testing.T) {
	h := newHub(t)
	var list []string
	for n := 1; n <= MaxPullPages*PageSize+1; n++ {
		list = append(list, pullJSON(n, base, "open", ""))
	}
	h.routes["GET /repos/acme/web/pulls"] = func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("head") == "stranger:fix" {
			pageOf(w, r, []string{pullJSON(2001, head, "open", "")})
			return
		}
		pageOf(w, r, list)
	}
	h.on("GET /repos/acme/web/commits/"+head+"/pulls", "["+pullJSON(2002, head, "open", "")+","+pullJSON(2003, head, "closed", "")+"]")
	h.on("GET /repos/acme/web/pulls/2001", pullJSON(2001, head, "open", ""))
	f := h.forge()
	if _, err := f.PullRequest(t.Context(), web, 2001); err != nil {
		t.Fatal(err)
	}
	got, err := f.OpenPulls(t.Context(), web, head)
	if err != nil || len(got) != 2 || got[0].Number != 2001 || got[1].Number != 2002 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestAllOpenPullRequestsAreListedNewestFirst(t *testing.T) {
	h := newHub(t)
	var list []string
	for n := range 150 {
		list = append(list, pullJSON(200-n, head, "open", ""))
	}
	h.routes["GET /repos/acme/web/pulls"] = func(w http.ResponseWriter, r *http.Request) {
		if q := r.URL.Query(); q.Get("sort") != "updated" || q.Get("direction") != "desc" || q.Get("state") != "open" {
			t.Errorf("asked %s", r.URL)
		}
		pageOf(w, r, list)
	}
	got, err := h.forge().AllPulls(t.Context(), web)
	if err != nil || len(got) != 150 || got[0].Number != 200 || h.made("GET") != 2 {
		t.Errorf("got %d, %v in %d calls", len(got), err, h.made("GET"))
	}
}

func TestABranchIsAskedForByItsExactName(t *testing.T) {
	h := newHub(t)
	ref := func(name string) string {
		return fmt.Sprintf(`{"ref":%q,"object":{"type":"commit","sha":%q}}`, name, tip)
	}
	h.on("GET /repos/acme/web/git/ref/heads/release/1.x", ref("refs/heads/release/1.x"))
	h.on("GET /repos/acme/web/git/ref/heads/%23100%25", ref("refs/heads/#100%"))
	h.on("GET /repos/acme/web/git/ref/heads/main", ref("refs/heads/main-2"))
	f := h.forge()
	for _, branch := range []string{"release/1.x", "#100%"} {
		if got, err := f.Tip(t.Context(), web, branch); err != nil || got != tip {
			t.Errorf("%s: %q, %v", branch, got, err)
		}
	}
	if got, err := f.Tip(t.Context(), web, "main"); err == nil {
		t.Errorf("took another branch's commit %s", got)
	}
	if _, err := f.Tip(t.Context(), web, "gone"); !errors.Is(err, review.ErrGone) {
		t.Errorf("got %v", err)
	}
	before := h.made("GET")
	for _, branch := range []string{"", "..", "a/../../../../user", "/x", "a//b"} {
		if _, err := f.Tip(t.Context(), web, branch); err == nil {
			t.Errorf("%q was taken", branch)
		}
	}
	if h.made("GET") != before {
		t.Error("a branch that is none was asked for")
	}
}

func TestAJobWithAnOddRepositoryAsksNothing(t *testing.T) {
	h := newHub(t)
	f := h.forge()
	for _, repo := range []review.Repository{{Installation: 9}, {Installation: 9, Owner: "..", Name: ".."}, {Installation: 9, Owner: "acme", Name: "."}} {
		if _, err := f.PullRequest(t.Context(), repo, 7); err == nil {
			t.Errorf("%+v was taken", repo)
		}
	}
	if h.made("") != 0 {
		t.Errorf("asked %v", h.calls)
	}
}

func pageOf(w http.ResponseWriter, r *http.Request, list []string) {
	raw := make([]rawJSON, len(list))
	for i, s := range list {
		raw[i] = rawJSON(s)
	}
	page(w, r, raw)
}

type rawJSON string

func (r rawJSON) MarshalJSON() ([]byte, error) { return []byte(r), nil }
