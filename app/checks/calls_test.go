package checks

import (
	"os"
	"strings"
	"testing"
)

func TestEveryOperationHasARoute(t *testing.T) {
	data, err := os.ReadFile("../../.ci/openapi/operations.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		method, path, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || method == "hook" || strings.HasPrefix(line, "#") {
			continue
		}
		filled := strings.NewReplacer("{", "x-", "}", "").Replace(path)
		if got := route(filled); got != path {
			t.Errorf("%s is counted as %s", path, got)
		}
	}
}

func TestAPathIsNeverItsOwnRoute(t *testing.T) {
	for path, want := range map[string]string{
		"/repos/o/r/git/ref/heads/a/b/c":                 "/repos/{owner}/{repo}/git/ref/{ref}",
		"/repos/o/r/contents/.github/bonafide.yml":       "/repos/{owner}/{repo}/contents/{path}",
		"/repos/o/r/commits/abc/check-runs":              "/repos/{owner}/{repo}/commits/{ref}/check-runs",
		"/app/installations/7/access_tokens":             "/app/installations/{installation_id}/access_tokens",
		"/repos/o/r/pulls/comments/7":                    "/repos/{owner}/{repo}/pulls/comments/{comment_id}",
		"/repos/o/r/somewhere/else/ghs_0123456789abcdef": "other",
		"": "other",
	} {
		if got := route(path); got != want {
			t.Errorf("%s is counted as %s", path, got)
		}
	}
}
