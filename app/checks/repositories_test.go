package checks

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/report"
	"github.com/bonafide-app/bonafide/app/review"
)

func TestTheRepositoriesOfAnInstallationAreListed(t *testing.T) {
	h := newHub(t)
	list := "GET /installation/repositories"
	h.routes[list] = func(w http.ResponseWriter, r *http.Request) {
		one := func(id int, name, more string) string {
			return fmt.Sprintf(`{"id":%d,"full_name":%q%s}`, id, name, more)
		}
		repos := one(1, "acme/web", "") + "," + one(2, "acme/old", `,"archived":true`)
		if r.URL.Query().Get("page") == "2" {
			repos = one(3, "acme/app", `,"custom_properties":{"tier":["a","b"]}`) + "," + one(4, "acme/off", `,"disabled":true`)
		} else {
			w.Header().Set("Link", `<http://`+r.Host+`/installation/repositories?page=2>; rel="next"`)
		}
		fmt.Fprintf(w, `{"total_count":4,"repositories":[%s]}`, repos)
	}
	got, err := h.forge().Repositories(t.Context(), 9)
	want := []review.Repository{{Installation: 9, Owner: "acme", Name: "web", ID: 1}, {Installation: 9, Owner: "acme", Name: "app", ID: 3}}
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, %v", got, err)
	}
	for _, odd := range []string{`{}`, `[]`, `{"repositories":[{"id":1,"full_name":"acme"}]}`, `{"repositories":[{"id":1,"full_name":"acme/../x"}]}`, `{"repositories":[{"full_name":"acme/web"}]}`} {
		h.on(list, odd)
		var later *review.Later
		if got, err := h.forge().Repositories(t.Context(), 9); !errors.As(err, &later) {
			t.Errorf("%s: %v, %v", odd, got, err)
		}
	}
}

func TestARunWithoutAVerdictIsStillAboutItsGroup(t *testing.T) {
	h := newHub(t)
	f := h.forge()
	publish(t, f, "group a;b%3B@"+base+" policy@"+tip, check(policy.Success, 1, 0))
	publish(t, f, "no verdict: it failed", report.Check{Broken: "It failed."})
	g, found, err := f.GroupOf(t.Context(), web, head)
	if want := (review.Group{HeadSHA: head, BaseSHA: base, BaseRef: "a;b%3B"}); err != nil || !found || g != want {
		t.Errorf("%+v, %v, %v", g, found, err)
	}
	if _, found, err := f.GroupOf(t.Context(), web, base); found || err != nil {
		t.Errorf("a commit without runs: %v, %v", found, err)
	}
	publish(t, f, ground, check(policy.Success, 1, 0))
	if _, found, err := f.GroupOf(t.Context(), web, head); found || err != nil {
		t.Errorf("a pull request's: %v, %v", found, err)
	}
}

func TestAMissingRunIsNotTakenForAPublishedOne(t *testing.T) {
	h := newHub(t)
	f := h.forge()
	run, err := f.Begin(t.Context(), web, head, ground)
	if err != nil {
		t.Fatal(err)
	}
	h.fail = func(call string, nth int) int {
		if nth == 1 && call == fmt.Sprintf("PATCH /repos/acme/web/check-runs/%d", run.ID) {
			return http.StatusNotFound
		}
		return 0
	}
	if err := f.Finish(t.Context(), run, check(policy.Success, 1, 0)); !errors.Is(err, review.ErrGone) {
		t.Errorf("%v", err)
	}
	publish(t, f, ground, check(policy.Success, 1, 0))
	if h.latest().Conclusion != "success" {
		t.Errorf("%+v", h.latest())
	}
}
