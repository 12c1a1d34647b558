package checks

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/review"
	"github.com/bonafide-app/bonafide/app/sandbox/contract"
)

// Whatever looks like a document in the source of this package is one that GitHub takes.
func TestEveryGraphQLDocumentIsValid(t *testing.T) {
	schema := contract.GraphQLForTest(t)
	given := map[string]any{"id": "PRRT_1", "subject": "PRR_1", "content": "THUMBS_UP", "owner": "acme", "name": "web", "number": 7, "after": nil}
	n := 0
	each := func(node ast.Node) bool {
		literal, is := node.(*ast.BasicLit)
		if !is || literal.Kind != token.STRING {
			return true
		}
		document, _ := strconv.Unquote(literal.Value)
		if !strings.HasPrefix(document, "mutation(") && !strings.HasPrefix(document, "query(") {
			return true
		}
		n++
		variables := maps.Clone(given)
		maps.DeleteFunc(variables, func(name string, _ any) bool { return !strings.Contains(document, "$"+name+":") })
		body, _ := json.Marshal(map[string]any{"query": document, "variables": variables})
		if err := schema.Request(body); err != nil {
			t.Errorf("%s\n%v", document, err)
		}
		return true
	}
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, source := range sources {
		if strings.HasSuffix(source, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), source, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, each)
	}
	if n != 6 {
		t.Errorf("%d documents", n)
	}
	for _, wrong := range []string{`mutation($id: ID!) { resolveThread(input: {threadId: $id}) { thread { id } } }`,
		`mutation($id: ID!) { resolveReviewThread(input: {id: $id}) { thread { id } } }`,
		`query($id: ID!) { node(id: $id) { id ... on PullRequestReviewComment { databaseId } } }`,
		`mutation($id: Int!) { resolveReviewThread(input: {threadId: $id}) { thread { id } } }`} {
		body, _ := json.Marshal(map[string]any{"query": wrong, "variables": map[string]any{"id": "x"}})
		if schema.Request(body) == nil {
			t.Errorf("%s is taken", wrong)
		}
	}
}

// answering makes the hub answer GraphQL: say is given what is asked, by its first field.
func (h *hub) answering(say func(field string, variables map[string]any) string) (asked *[]string) {
	asked = new([]string)
	h.routes["POST /graphql"] = func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		var q struct {
			Query     string
			Variables map[string]any
		}
		_ = json.Unmarshal(raw, &q)
		_, field, _ := strings.Cut(q.Query, "{\n  ")
		field, _, _ = strings.Cut(field, "(")
		*asked = append(*asked, field)
		_, _ = io.WriteString(w, say(field, q.Variables))
	}
	return asked
}

const forbidden = `{"data":{"x":null},"errors":[{"type":"FORBIDDEN","path":["x"],"message":"Resource not accessible by integration"}]}`

// threadsPage is a page of threads, of the comments with these numbers.
func threadsPage(next string, flags string, ids ...int64) string {
	var nodes []string
	for _, id := range ids {
		nodes = append(nodes, fmt.Sprintf(`{"id":"PRRT_%d",%s,"comments":{"nodes":[{"fullDatabaseId":"%d","isMinimized":false,"minimizedReason":null}]}}`, id, flags, id))
	}
	return fmt.Sprintf(`{"data":{"repository":{"pullRequest":{"reviewThreads":{"pageInfo":{"hasNextPage":%t,"endCursor":%q},"nodes":[%s]}}}}}`,
		next != "", next, strings.Join(nodes, ","))
}

const open = `"isResolved":false,"viewerCanResolve":true,"viewerCanUnresolve":false`

// mended is a hub whose pull request has a comment that is mended in second.
func mended(t *testing.T, places ...string) (h *hub, second review.Pull) {
	t.Helper()
	h = newHub(t).withPatch()
	comment(t, h.forge(), pull7, errorsAt(places...))
	h.forget()
	second = pull7
	second.HeadSHA = tip
	return h, second
}

func TestThreadsAreReadPageByPage(t *testing.T) {
	h, second := mended(t, lock+":12", lock+":40")
	a, b := h.comments[0].ID, h.comments[1].ID
	asked := h.answering(func(field string, v map[string]any) string {
		switch {
		case field == "repository" && v["after"] == nil:
			return threadsPage("c1", open, 1<<33, b)
		case field == "repository" && v["after"] == "c1":
			return threadsPage("", open, a)
		}
		return fmt.Sprintf(`{"data":{%q:{"thread":{"isResolved":true}}}}`, field)
	})
	comment(t, h.forge(), second, errorsAt())
	if want := []string{"repository", "repository", "resolveReviewThread", "resolveReviewThread"}; !slices.Equal(*asked, want) {
		t.Errorf("%q", *asked)
	}

	h, second = mended(t, lock+":12") // a list without an end is left
	pages := 0
	asked = h.answering(func(field string, _ map[string]any) string {
		if pages++; field == "repository" {
			return threadsPage(fmt.Sprint("c", pages), open, 1)
		}
		return `{"data":{"minimizeComment":{"minimizedComment":{"isMinimized":true}}}}`
	})
	comment(t, h.forge(), second, errorsAt())
	if len(*asked) != MaxThreadPages+1 {
		t.Errorf("%d requests", len(*asked))
	}
}

func TestARefusalIsRememberedForTheInstallation(t *testing.T) {
	h, second := mended(t, lock+":12", lock+":40")
	asked := h.answering(func(field string, _ map[string]any) string {
		if field == "repository" {
			return threadsPage("", open, h.comments[0].ID, h.comments[1].ID)
		}
		return forbidden
	})
	f := h.forge()
	comment(t, f, second, errorsAt())
	if want := []string{"repository", "resolveReviewThread", "minimizeComment"}; !slices.Equal(*asked, want) || h.made("PATCH") != 2 {
		t.Errorf("%q, %d edits", *asked, h.made("PATCH"))
	}
	third := second
	third.HeadSHA = ancestor
	backAndMended := func() {
		comment(t, f, third, errorsAt(lock+":12"))
		comment(t, f, second, errorsAt())
	}
	backAndMended()
	h.wait(KeepDenials) // after a while it is tried again
	backAndMended()
	f.Evict(web.Installation) // and after the installation changed
	backAndMended()
	if n := strings.Count(strings.Join(*asked, " "), "minimizeComment"); n != 3 {
		t.Errorf("%q", *asked)
	}
}

func TestAnyStrangeAnswerLeavesTheTextAlone(t *testing.T) {
	for _, answer := range []string{`{}`, `null`, `{"data":null}`, `{"data":{}}`, `{"data":[]}`, `{"data":{"repository":null}}`, `{"data":{"repository":{"pullRequest":null}}}`,
		`{"errors":[{"message":"Field 'x' doesn't exist"}]}`, `{"data":null,"errors":[{"type":"NOT_FOUND","message":"gone"}]}`, `{"data":{"minimizeComment":null}}`,
		`{"data":{"repository":{"pullRequest":{"reviewThreads":{"nodes":[{"comments":{"nodes":[{"fullDatabaseId":null}]}},{}]}}}}}`, `[]`, `<html>`,
		`{"data":null,"errors":[{"type":"RATE_LIMITED","message":"API rate limit exceeded"}]}`} {
		h, second := mended(t, lock+":12")
		h.on("POST /graphql", answer)
		comment(t, h.forge(), second, errorsAt())
		if !strings.HasPrefix(h.comments[0].Body, "**Resolved in "+tip) {
			t.Errorf("%s: the comment says %s", answer, h.comments[0].Body)
		}
	}
	for _, status := range []int{403, 404, 422, 500} {
		h, second := mended(t, lock+":12")
		h.fail = func(call string, _ int) int {
			if strings.HasSuffix(call, "/graphql") {
				return status
			}
			return 0
		}
		comment(t, h.forge(), second, errorsAt())
		if h.made("PATCH") != 1 {
			t.Errorf("%d: %v", status, h.calls)
		}
	}
}

// A job that another one has taken over says so, and a comment that came back is shown
// before it is edited: who dies between leaves something to do.
func TestShowingIsTriedAgainAfterACrash(t *testing.T) {
	h, second := mended(t, lock+":12")
	resolved := false
	h.answering(func(field string, _ map[string]any) string {
		switch field {
		case "repository":
			return threadsPage("", fmt.Sprintf(`"isResolved":%t,"viewerCanResolve":%t,"viewerCanUnresolve":%t`, resolved, !resolved, resolved), h.comments[0].ID)
		case "resolveReviewThread":
			resolved = true
		case "unresolveReviewThread":
			resolved = false
		}
		return fmt.Sprintf(`{"data":{%q:{"thread":{"isResolved":%t}}}}`, field, resolved)
	})
	comment(t, h.forge(), second, errorsAt())
	if !resolved {
		t.Fatal("it is not resolved")
	}
	third := second
	third.HeadSHA = ancestor
	for die := 1; ; die++ {
		h.forget()
		h.dieAt = die
		err := h.forge().Comment(t.Context(), web, third, errorsAt(lock+":12"))
		if err == nil {
			break
		}
		var later *review.Later
		if !errors.As(err, &later) || die > 10 {
			t.Fatalf("call %d: %v", die, err)
		}
	}
	if resolved || strings.Contains(h.comments[0].Body, "Resolved in") || len(h.comments) != 1 {
		t.Errorf("resolved %v: %s", resolved, h.comments[0].Body)
	}
}
