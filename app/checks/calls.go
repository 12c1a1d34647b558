package checks

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Call is one request to GitHub, as metrics see it.
type Call struct {
	Method string        // "GET"
	Route  string        // of routes, else "other": never a path, whose names are without end
	Status int           // 0: there was no answer
	Took   time.Duration // until the answer's headers came
}

// routes are the templates of the paths that are called, below the API's root, as
// GitHub's description writes them.
const routes = `
/app
/app/hook/config
/app/hook/deliveries
/app/hook/deliveries/{delivery_id}
/app/hook/deliveries/{delivery_id}/attempts
/app/installations
/app/installations/{installation_id}
/app/installations/{installation_id}/access_tokens
/applications/{client_id}/token
/app-manifests/{code}/conversions
/installation/repositories
/installation/token
/login/oauth/access_token
/rate_limit
/advisories
/repos/{owner}/{repo}
/repos/{owner}/{repo}/installation
/repos/{owner}/{repo}/branches/{branch}
/repos/{owner}/{repo}/rules/branches/{branch}
/repos/{owner}/{repo}/commits/{ref}
/repos/{owner}/{repo}/commits/{ref}/check-runs
/repos/{owner}/{repo}/commits/{ref}/check-suites
/repos/{owner}/{repo}/commits/{commit_sha}/branches-where-head
/repos/{owner}/{repo}/commits/{commit_sha}/pulls
/repos/{owner}/{repo}/compare/{basehead}
/repos/{owner}/{repo}/contents/{path}
/repos/{owner}/{repo}/git/blobs/{file_sha}
/repos/{owner}/{repo}/git/matching-refs/{ref}
/repos/{owner}/{repo}/git/ref/{ref}
/repos/{owner}/{repo}/git/tags/{tag_sha}
/repos/{owner}/{repo}/git/trees/{tree_sha}
/repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}
/repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}/jobs
/repos/{owner}/{repo}/check-runs
/repos/{owner}/{repo}/check-runs/{check_run_id}
/repos/{owner}/{repo}/check-runs/{check_run_id}/annotations
/repos/{owner}/{repo}/check-suites/{check_suite_id}
/repos/{owner}/{repo}/check-suites/{check_suite_id}/check-runs
/repos/{owner}/{repo}/pulls
/repos/{owner}/{repo}/pulls/comments/{comment_id}
/repos/{owner}/{repo}/pulls/comments/{comment_id}/reactions
/repos/{owner}/{repo}/pulls/{pull_number}
/repos/{owner}/{repo}/pulls/{pull_number}/files
/repos/{owner}/{repo}/pulls/{pull_number}/reviews
/repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}
/repos/{owner}/{repo}/pulls/{pull_number}/comments
/repos/{owner}/{repo}/issues/comments/{comment_id}
/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions
/repos/{owner}/{repo}/issues/{issue_number}/comments
/repos/{owner}/{repo}/collaborators/{username}/permission
/repositories/{repository_id}
/user
/user/installations
/user/installations/{installation_id}/repositories
/graphql`

// route is the template of a path below the API's root, the first that fits. The last
// parameter of a reference or a file stands for the rest of the path.
func route(path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	for template := range strings.FieldsSeq(routes) {
		if fits(strings.Split(strings.Trim(template, "/"), "/"), parts) {
			return template
		}
	}
	return "other"
}

func fits(template, parts []string) bool {
	for i, want := range template {
		switch {
		case i >= len(parts):
			return false
		case want == "{path}", want == "{ref}" && i == len(template)-1 && template[i-2] == "git":
			return true
		case want != parts[i] && !strings.HasPrefix(want, "{"):
			return false
		}
	}
	return len(parts) == len(template)
}

// watcher tells of the requests that pass.
type watcher struct {
	api  *url.URL
	next http.RoundTripper
	seen func(Call)
}

func watch(api *url.URL, next http.RoundTripper, seen func(Call)) http.RoundTripper {
	if seen == nil {
		return next
	}
	return &watcher{api, next, seen}
}

func (w *watcher) RoundTrip(r *http.Request) (*http.Response, error) {
	began := time.Now()
	resp, err := w.next.RoundTrip(r)
	call := Call{Method: r.Method, Took: time.Since(began)}
	call.Route = route(strings.TrimPrefix(r.URL.Path, strings.TrimSuffix(w.api.Path, "/")))
	if err == nil {
		call.Status = resp.StatusCode
	}
	w.seen(call)
	return resp, err
}
