package forge_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-github/v62/github"
)

// query sends a document as the installation and returns the answer, compact.
func (w *world) query(client *github.Client, document string, variables map[string]any) string {
	w.t.Helper()
	req, err := client.NewRequest(http.MethodPost, w.forge.URL()+"/api/graphql", map[string]any{"query": document, "variables": variables})
	w.must(err)
	var answer json.RawMessage
	_, err = client.Do(w.ctx, req, &answer)
	w.must(err)
	return string(answer)
}

// granted is a client whose token has these permissions for contents and pull requests.
func (w *world) granted(contents, pulls string) *github.Client {
	w.t.Helper()
	permissions := &github.InstallationPermissions{Contents: &contents, PullRequests: &pulls}
	token, _, err := w.app.Apps.CreateInstallationToken(w.ctx, w.installation.ID, &github.InstallationTokenOptions{Permissions: permissions})
	w.must(err)
	client := github.NewClient(&http.Client{Transport: w.judged}).WithAuthToken(token.GetToken())
	client.BaseURL = w.client.BaseURL
	return client
}

const (
	resolve    = `mutation($id: ID!) { resolveReviewThread(input: {threadId: $id, clientMutationId: "a"}) { clientMutationId thread { id isResolved } } }`
	unresolve  = `mutation($id: ID!) { done: unresolveReviewThread(input: {threadId: $id}) { thread { isResolved comments(first: 1) { totalCount nodes { id } } } } }`
	minimize   = `mutation($id: ID!, $why: ReportedContentClassifiers!) { minimizeComment(input: {subjectId: $id, classifier: $why}) { minimizedComment { isMinimized minimizedReason } } }`
	unminimize = `mutation($id: ID!) { unminimizeComment(input: {subjectId: $id}) { unminimizedComment { isMinimized minimizedReason } } }`
	threads    = `query($n: Int!, $first: Int!, $after: String) { repository(owner: "acme", name: "web") { pullRequest(number: $n) { reviewThreads(first: $first, after: $after) {
		totalCount pageInfo { hasNextPage endCursor } nodes { id isResolved viewerCanResolve viewerCanUnresolve comments(first: 5) { nodes { fullDatabaseId viewerCanMinimize } } } } } } }`
)

func TestThreadsAreResolvedAndCommentsHiddenAsGitHubLetsApps(t *testing.T) {
	w := newWorld(t)
	w.must(w.installation.SetPermissions(w.ctx, map[string]string{"metadata": "read", "contents": "write", "checks": "write", "pull_requests": "write"}))
	p := w.change("update", numbers(1, 20)+"new\n"+numbers(21, 40))
	ours, _, err := w.client.PullRequests.CreateComment(w.ctx, "acme", "web", p.Number, &github.PullRequestComment{Body: github.String("ours"), CommitID: github.String(p.HeadSHA()),
		Path: github.String("package-lock.json"), Line: github.Int(21), Side: github.String("RIGHT")})
	w.must(err)
	theirs, err := p.Remark(w.ctx, "keeper", "package-lock.json", 21, "theirs")
	w.must(err)
	reply, err := p.Reply(w.ctx, "keeper", ours.GetID(), "a reply")
	w.must(err)
	id := func(kind string, n int64) map[string]any { return map[string]any{"id": fmt.Sprint(kind, n)} }
	thread, mine, why := id("PRRT_", ours.GetID()), map[string]any{"id": ours.GetNodeID(), "why": "RESOLVED"}, "Resource not accessible by integration"
	reads, writes := w.granted("read", "write"), w.granted("write", "write")

	for step, c := range map[string]struct {
		client    *github.Client
		document  string
		variables map[string]any
		want      string
	}{
		"resolve without contents: write":   {reads, resolve, thread, why},
		"unresolve without contents: write": {reads, unresolve, thread, why},
		"no such thread":                    {writes, resolve, id("PRRT_", 1), "NOT_FOUND"},
		"a comment is no thread":            {writes, resolve, id("PRRC_", ours.GetID()), "NOT_FOUND"},
		"minimise without pulls: write":     {w.granted("write", "read"), minimize, mine, why},
		"minimise somebody's":               {writes, minimize, map[string]any{"id": fmt.Sprint("PRRC_", theirs), "why": "RESOLVED"}, why},
		"minimise a reply of somebody":      {writes, minimize, map[string]any{"id": fmt.Sprint("PRRC_", reply), "why": "SPAM"}, why},
		"show somebody's":                   {writes, unminimize, id("PRRC_", theirs), why},
		"no such pull request":              {reads, threads, map[string]any{"n": 99, "first": 1}, "NOT_FOUND"},
		"a page that is too large":          {reads, threads, map[string]any{"n": 1, "first": 101}, "EXCESSIVE_PAGINATION"},
		"a cursor of no list":               {reads, threads, map[string]any{"n": 1, "first": 1, "after": "x"}, "INVALID_CURSOR_ARGUMENTS"},
		"a field that there is not":         {w.unjudged, `query { viewer { id } }`, nil, "undefinedField"},
		"a variable that is missing":        {w.unjudged, resolve, nil, "invalid value"},
		"no document":                       {w.unjudged, `mutation {`, nil, "errors"},
	} {
		if got := w.query(c.client, c.document, c.variables); !strings.Contains(got, c.want) || !strings.Contains(got, `"errors":[`) {
			t.Errorf("%s: %s", step, got)
		}
	}
	for _, c := range p.ReviewComments() {
		if c.Resolved || c.Minimized != "" {
			t.Errorf("a refusal changed %+v", c)
		}
	}

	for _, c := range []struct {
		client    *github.Client
		document  string
		variables map[string]any
		want      string
	}{
		{reads, threads, map[string]any{"n": 1, "first": 1}, fmt.Sprintf(`"reviewThreads":{"nodes":[{"comments":{"nodes":[{"fullDatabaseId":"%d","viewerCanMinimize":true},{"fullDatabaseId":"%d","viewerCanMinimize":false}]},"id":"PRRT_%d","isResolved":false,"viewerCanResolve":false,"viewerCanUnresolve":false}],"pageInfo":{"endCursor":"1","hasNextPage":true},"totalCount":2}`, ours.GetID(), reply, ours.GetID())},
		{writes, threads, map[string]any{"n": 1, "first": 100, "after": "1"}, fmt.Sprintf(`"id":"PRRT_%d","isResolved":false,"viewerCanResolve":true,"viewerCanUnresolve":false}],"pageInfo":{"endCursor":"2","hasNextPage":false}`, theirs)},
		{writes, resolve, thread, fmt.Sprintf(`{"data":{"resolveReviewThread":{"clientMutationId":"a","thread":{"id":"PRRT_%d","isResolved":true}}}}`, ours.GetID())},
		{reads, minimize, mine, `{"minimizedComment":{"isMinimized":true,"minimizedReason":"resolved"}}`},
	} {
		if got := w.query(c.client, c.document, c.variables); !strings.Contains(got, c.want) {
			t.Errorf("%s\nwant %s", got, c.want)
		}
	}
	if c := p.ReviewComments()[0]; !c.Resolved || c.Minimized != "resolved" {
		t.Errorf("%+v", c)
	}
	if _, _, body := w.page("/acme/web/pull/1"); strings.Count(body, "· resolved") != 2 { // it and its reply
		t.Errorf("the page does not say that it is resolved\n%s", body)
	}
	for _, c := range []struct{ document, want string }{
		{unresolve, fmt.Sprintf(`{"data":{"done":{"thread":{"comments":{"nodes":[{"id":%q}],"totalCount":2},"isResolved":false}}}}`, ours.GetNodeID())},
		{unminimize, `{"unminimizedComment":{"isMinimized":false,"minimizedReason":null}}`},
	} {
		variables := thread
		if c.document == unminimize {
			variables = id("PRRC_", ours.GetID())
		}
		if got := w.query(writes, c.document, variables); !strings.Contains(got, c.want) {
			t.Errorf("%s\nwant %s", got, c.want)
		}
	}
}
