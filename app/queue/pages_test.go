package queue

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/store/enginetest"
)

func TestRiversPagesShowAndEndJobs(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, database string) {
		q := openQueue(t, database, Options{}, nil)
		q.enqueue(job("a"), job("b"))
		pages, err := q.Pages("/jobs")
		if err != nil {
			t.Fatal(err)
		}
		ask := func(method, path, body string) *httptest.ResponseRecorder {
			w := httptest.NewRecorder()
			r := httptest.NewRequest(method, path, strings.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			pages.ServeHTTP(w, r)
			return w
		}
		if w := ask("GET", "/jobs/", ""); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"/jobs/assets/`) {
			t.Errorf("%d: %s", w.Code, w.Body)
		}
		for _, path := range []string{"states", "queues?limit=20", "features", "autocomplete?facet=job_kind"} {
			if w := ask("GET", "/jobs/api/"+path, ""); w.Code != http.StatusOK {
				t.Errorf("%s: %d: %s", path, w.Code, w.Body)
			}
		}
		listed := func() []string {
			t.Helper()
			w := ask("GET", "/jobs/api/jobs?limit=20&state=available", "")
			var list struct {
				Data []struct {
					ID   json.Number `json:"id"`
					Args string      `json:"args"`
				}
			}
			if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil || w.Code != http.StatusOK {
				t.Fatalf("%d %v: %s", w.Code, err, w.Body)
			}
			var ids []string
			for _, j := range list.Data {
				if !strings.Contains(j.Args, `"pull_request"`) {
					t.Errorf("it is not shown what the job is about: %+v", j)
				}
				ids = append(ids, j.ID.String())
			}
			return ids
		}
		ids := listed()
		if len(ids) != 2 {
			t.Fatalf("%v", ids)
		}
		if w := ask("GET", "/jobs/api/jobs/"+ids[0], ""); w.Code != http.StatusOK {
			t.Errorf("%d: %s", w.Code, w.Body)
		}
		if w := ask("POST", "/jobs/api/jobs/cancel", fmt.Sprintf(`{"ids":[%q]}`, ids[0])); w.Code != http.StatusOK {
			t.Errorf("%d: %s", w.Code, w.Body)
		}
		if left := listed(); len(left) != 1 || left[0] != ids[1] {
			t.Errorf("%v are left of %v", left, ids)
		}
	})
}
