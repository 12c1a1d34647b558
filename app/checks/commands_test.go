package checks

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/review"
)

func TestARemarkIsReadWhereItStands(t *testing.T) {
	const user = `"user":{"login":"keeper","id":5,"type":"User"}`
	tests := []struct {
		name, path, answer string
		ref                review.RemarkRef
		want               review.Remark
	}{
		{"a review", "pulls/7/reviews/3", `{"id":3,"node_id":"PRR_3","body":"x","state":"APPROVED",` + user + `,"pull_request_url":"https://h/repos/acme/web/pulls/7"}`,
			review.RemarkRef{Kind: review.InReview, ID: 3}, review.Remark{Author: "keeper", AuthorID: 5, Person: true, NodeID: "PRR_3", Body: "x"}},
		{"a dismissed review", "pulls/7/reviews/3", `{"id":3,"state":"DISMISSED",` + user + `,"pull_request_url":"https://h/repos/acme/web/pulls/7"}`,
			review.RemarkRef{Kind: review.InReview, ID: 3}, review.Remark{Author: "keeper", AuthorID: 5, Person: true, Withdrawn: true}},
		{"a comment", "pulls/comments/3", `{"id":3,"body":"x","user":null,"pull_request_url":"https://h/repos/acme/web/pulls/7"}`,
			review.RemarkRef{Kind: review.InReviewComment, ID: 3}, review.Remark{Body: "x"}},
		{"a bot's comment", "pulls/comments/3", `{"id":3,"user":{"login":"b[bot]","id":6,"type":"Bot"},"pull_request_url":"https://h/repos/acme/web/pulls/7"}`,
			review.RemarkRef{Kind: review.InReviewComment, ID: 3}, review.Remark{Author: "b[bot]", AuthorID: 6}},
		{"in the conversation", "issues/comments/3", `{"id":3,` + user + `,"performed_via_github_app":null,"issue_url":"https://h/repos/acme/web/issues/7"}`,
			review.RemarkRef{Kind: review.InConversation, ID: 3}, review.Remark{Author: "keeper", AuthorID: 5, Person: true}},
		{"through an App", "issues/comments/3", `{"id":3,` + user + `,"performed_via_github_app":{"id":1},"issue_url":"https://h/repos/acme/web/issues/7"}`,
			review.RemarkRef{Kind: review.InConversation, ID: 3}, review.Remark{Author: "keeper", AuthorID: 5}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHub(t)
			h.on("GET /repos/acme/web/"+tt.path, tt.answer)
			tt.want.RemarkRef, tt.want.Number = tt.ref, 7
			if got, err := h.forge().Remark(t.Context(), web, 7, tt.ref); err != nil || got != tt.want {
				t.Errorf("got %+v, %v\nwant %+v", got, err, tt.want)
			}
			h.on("GET /repos/acme/web/"+tt.path, strings.ReplaceAll(tt.answer, "s/7", "s/17"))
			if got, err := h.forge().Remark(t.Context(), web, 7, tt.ref); err == nil {
				t.Errorf("one of another pull request: %+v", got)
			}
		})
	}
}

func TestTheLeastOfWhatGitHubSaysIsTheRole(t *testing.T) {
	permissions := func(highest int) string {
		b := func(n int) bool { return highest >= n }
		return fmt.Sprintf(`,"permissions":{"pull":%v,"triage":%v,"push":%v,"maintain":%v,"admin":%v}`, b(1), b(2), b(3), b(4), b(5))
	}
	tests := []struct {
		permission, role, more string
		want                   review.Role
	}{
		{"admin", "admin", permissions(5), review.AdminRole},
		{"write", "maintain", permissions(4), review.MaintainRole},
		{"write", "write", permissions(3), review.WriteRole},
		{"write", "our release managers", permissions(3), review.WriteRole},
		{"write", "admin", permissions(3), review.WriteRole}, // a role may have any name
		{"read", "triage", permissions(2), review.TriageRole},
		{"read", "read", permissions(1), review.ReadRole},
		{"none", "none", permissions(0), review.NoRole},
		{"read", "read", permissions(5), review.TriageRole}, // it contradicts itself
		{"admin", "admin", "", review.AdminRole},
		{"write", "maintain", "", review.MaintainRole},
		{"write", "write", "", review.WriteRole},
		{"write", "our own", "", review.WriteRole},
		{"read", "maintain", "", review.TriageRole},
		{"", "admin", "", review.NoRole},
	}
	for _, tt := range tests {
		h := newHub(t)
		h.on("GET /repos/acme/web/collaborators/keeper/permission", fmt.Sprintf(`{"permission":%q,"role_name":%q,"user":{"login":"keeper","id":5%s}}`, tt.permission, tt.role, tt.more))
		if got, err := h.forge().Role(t.Context(), web, "keeper", 5); err != nil || got != tt.want {
			t.Errorf("%+v: %v, %v", tt, got, err)
		}
		if got, err := h.forge().Role(t.Context(), web, "keeper", 6); err != nil || got != review.NoRole {
			t.Errorf("another account of the name: %v, %v", got, err)
		}
	}
	h := newHub(t)
	if got, err := h.forge().Role(t.Context(), web, "../x", 5); err != nil || got != review.NoRole {
		t.Errorf("nobody: %v, %v", got, err)
	}
}

func TestReactionsGoWhereTheRemarkStands(t *testing.T) {
	h := newHub(t)
	var sent []string
	record := func(answer string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			raw, _ := io.ReadAll(r.Body)
			var body struct {
				Content   string
				Variables map[string]string
			}
			_ = json.Unmarshal(raw, &body)
			sent = append(sent, r.URL.Path+" "+body.Content+body.Variables["content"]+" "+body.Variables["subject"])
			_, _ = io.WriteString(w, answer)
		}
	}
	h.routes["POST /repos/acme/web/pulls/comments/3/reactions"] = record(`{"id":1}`)
	h.routes["POST /repos/acme/web/issues/comments/3/reactions"] = record(`{"id":1}`)
	h.routes["POST /graphql"] = record(`{"data":{"addReaction":{"clientMutationId":null}}}`)
	f := h.forge()
	for kind, reaction := range map[review.RemarkKind]review.Reaction{review.InReviewComment: review.Accepted, review.InConversation: review.Refused, review.InReview: review.Accepted} {
		if err := f.React(t.Context(), web, review.Remark{RemarkRef: review.RemarkRef{Kind: kind, ID: 3}, NodeID: "PRR_3"}, reaction); err != nil {
			t.Error(err)
		}
	}
	slices.Sort(sent)
	want := []string{"/graphql THUMBS_UP PRR_3", "/repos/acme/web/issues/comments/3/reactions confused ", "/repos/acme/web/pulls/comments/3/reactions +1 "}
	if !slices.Equal(sent, want) {
		t.Errorf("%q", sent)
	}
	h.on("POST /graphql", `{"data":{"addReaction":null},"errors":[{"type":"FORBIDDEN","message":"no"}]}`)
	if err := f.React(t.Context(), web, review.Remark{RemarkRef: review.RemarkRef{Kind: review.InReview}}, review.Refused); err == nil || !strings.Contains(err.Error(), "FORBIDDEN") {
		t.Errorf("%v", err)
	}
}

func TestOnlyWhatTheGroupItselfMergesIsInIt(t *testing.T) {
	// base ← a (one), b (two); two has merged x of its own.
	parents := map[string][]string{"b": {"a", "two"}, "a": {"base", "one"}, "two": {"y", "x"}, "one": {"base"}, "y": {"base"}}
	if got := mergedBetween(parents, "base", "b"); !slices.Equal(got, []string{"two", "one"}) {
		t.Errorf("%v", got)
	}
	for name, parents := range map[string]map[string][]string{
		"squashed":       {"b": {"a"}, "a": {"base"}},
		"not all listed": {"b": {"a", "two"}},
		"a circle":       {"b": {"a", "two"}, "a": {"b", "one"}},
		"another root":   {"b": {"a", "two"}, "a": {}},
	} {
		if got := mergedBetween(parents, "base", "b"); len(got) != 0 {
			t.Errorf("%s: %v", name, got)
		}
	}
}
