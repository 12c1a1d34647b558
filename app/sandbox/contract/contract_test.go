package contract

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

var sha = strings.Repeat("a", 40)

func annotations(n int) string {
	one := `{"path":"a","start_line":1,"end_line":1,"annotation_level":"failure","message":"m"}`
	return "[" + strings.TrimSuffix(strings.Repeat(one+",", n), ",") + "]"
}

func TestRequestsAreHeldAgainstGitHubsDescription(t *testing.T) {
	v := ForTest(t)
	const runs = "/api/v3/repos/acme/web/check-runs"
	output := func(rest string) string { return `{"name":"x","output":{"title":"t","summary":"s"` + rest + `}}` }
	for name, c := range map[string]struct {
		method, path, body string
		wrong              string // part of the complaint, "" when the request is right
	}{
		"a check run":             {"POST", runs, `{"name":"x","head_sha":"` + sha + `","status":"in_progress"}`, ""},
		"no head_sha":             {"POST", runs, `{"name":"x"}`, "head_sha"},
		"a conclusion of its own": {"POST", runs, `{"name":"x","head_sha":"` + sha + `","status":"completed","conclusion":"great"}`, "conclusion"},
		"50 annotations":          {"PATCH", runs + "/1", output(`,"annotations":` + annotations(50)), ""},
		"51 annotations":          {"PATCH", runs + "/1", output(`,"annotations":` + annotations(51)), "maximum"},
		"nested contents":         {"GET", "/api/v3/repos/acme/web/contents/a/b/package-lock.json?ref=" + sha, "", ""},
		"compare":                 {"GET", "/repos/acme/web/compare/" + sha + "..." + sha + "?per_page=100", "", ""},
		"check runs of a commit":  {"GET", "/repos/acme/web/commits/" + sha + "/check-runs?app_id=1&filter=latest", "", ""},
		"a misspelt filter":       {"GET", "/repos/acme/web/commits/" + sha + "/check-runs?check=x", "", `"check"`},
		"token, null body":        {"POST", "/app/installations/9/access_tokens", "null\n", ""},
		"FILE in upper case":      {"POST", "/repos/acme/web/pulls/1/comments", `{"body":"x","commit_id":"` + sha + `","path":"a","subject_type":"FILE"}`, "subject_type"},
		"unknown route":           {"POST", "/repos/acme/web/nonsense", `{}`, "no such route"},
	} {
		t.Run(name, func(t *testing.T) {
			req := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
			if c.body != "" {
				req.Header.Set("Content-Type", "application/json")
			}
			_, err := v.request(req, []byte(c.body))
			switch {
			case c.wrong == "" && err != nil:
				t.Errorf("refused: %v", brief(err))
			case c.wrong != "" && (err == nil || !strings.Contains(brief(err).Error(), c.wrong)):
				t.Errorf("error %v does not name %q", err, c.wrong)
			}
		})
	}
}

// answering is a peer that gives one answer.
type answering func(*http.Request) (*http.Response, error)

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) { return a(r) }

func answer(status int, body io.Reader) answering {
	return func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json; charset=utf-8"}},
			Body: io.NopCloser(body), Request: r}, nil
	}
}

func TestResponsesAreHeldAgainstGitHubsDescription(t *testing.T) {
	v := ForTest(t)
	for name, c := range map[string]struct {
		next  answering
		wrong bool
	}{
		"a reference":          {answer(200, strings.NewReader(`{"ref":"refs/heads/main","node_id":"x","url":"http://x/","object":{"type":"commit","sha":"`+sha+`","url":"http://x/"}}`)), false},
		"a field is missing":   {answer(200, strings.NewReader(`{"ref":"refs/heads/main"}`)), true},
		"not JSON":             {answer(200, strings.NewReader(`<html>`)), true},
		"unlisted success":     {answer(206, strings.NewReader(`{}`)), true},
		"unlisted error":       {answer(403, strings.NewReader(`{"message":"no"}`)), false},
		"unlisted error, HTML": {answer(403, strings.NewReader(`<html>`)), true},
		"bad gateway":          {answer(502, strings.NewReader(`<html>`)), false},
		"broken off":           {answer(200, io.MultiReader(strings.NewReader(`{"ref"`), broken{io.ErrUnexpectedEOF})), false},
	} {
		t.Run(name, func(t *testing.T) {
			var reported []error
			client := http.Client{Transport: v.Transport(c.next, func(err error) { reported = append(reported, err) })}
			resp, err := client.Get("http://127.0.0.1/api/v3/repos/acme/web/git/ref/heads/main")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadAll(resp.Body); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("reading the body again: %v", err)
			}
			if (len(reported) > 0) != c.wrong {
				t.Errorf("reported %v", reported)
			}
		})
	}
}

func TestWebhooksAreHeldAgainstGitHubsDescription(t *testing.T) {
	v := ForTest(t)
	if err := v.Webhook("ping", []byte(`{"zen":"x","hook_id":1}`)); err != nil {
		t.Errorf("a ping: %v", err)
	}
	for _, c := range [][2]string{
		{"pull_request", `{"action":"opened","number":1}`},
		{"pull_request", `{"action":"assigned"}`},
		{"pull_request", `[`},
		{"merge_group", `{"action":"checks_requested","merge_group":{"head_sha":1}}`},
	} {
		if err := v.Webhook(c[0], []byte(c[1])); err == nil {
			t.Errorf("%s %s passes", c[0], c[1])
		}
	}
}
