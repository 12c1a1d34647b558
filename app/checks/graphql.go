package checks

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/bonafide-app/bonafide/app/review"
)

// refusal is the error for a request that GraphQL answers with 200 and refuses.
type refusal struct {
	what          string
	kind, message string // "FORBIDDEN"; "" where the document itself is refused
}

func (r *refusal) Error() string {
	return fmt.Sprintf("%s: GitHub refused it: %.80s: %.200s", r.what, r.kind, r.message)
}

// forGood says whether the next request of its kind will be refused, too: a permission is
// missing, or this GitHub does not know the document.
func (r *refusal) forGood() bool {
	return r.kind == "FORBIDDEN" || r.kind == "INSUFFICIENT_SCOPES" || r.kind == ""
}

// graphQL sends a document as the repository's installation and decodes the answer's data.
// A refusal is a *refusal. It counts as writing whatever it asks: all are POSTs.
func (f *Forge) graphQL(ctx context.Context, repo review.Repository, what, document string, variables map[string]any, data any) error {
	client, err := f.clients.NewInstallationClient(repo.Installation)
	if err != nil {
		return f.failed(ctx, what, err)
	}
	var answer struct {
		Data   json.RawMessage `json:"data"`
		Errors []struct {
			Type    string `json:"type"`
			Message string `json:"message"`
		} `json:"errors"`
	}
	q := request{what: what, method: http.MethodPost, body: map[string]any{"query": document, "variables": variables}}
	if _, err := f.ask(ctx, repo.Installation, graphql(client.BaseURL), q, &answer); err != nil {
		return err
	}
	for _, e := range answer.Errors {
		if e.Type == "RATE_LIMITED" { // GraphQL says it with a 200
			return named(what, f.gates.limited(ctx, repo.Installation, f.clock(), true, &limited{primary: true}))
		}
	}
	if len(answer.Errors) > 0 {
		return &refusal{what, answer.Errors[0].Type, answer.Errors[0].Message}
	}
	const unread = "UNREADABLE"
	if len(answer.Data) == 0 || string(answer.Data) == "null" {
		return &refusal{what, unread, "the answer has no data"}
	}
	if err := json.Unmarshal(answer.Data, data); err != nil {
		return &refusal{what, unread, err.Error()}
	}
	return nil
}

// mutate sends a mutation. It is done where GitHub answers with its payload.
func (f *Forge) mutate(ctx context.Context, repo review.Repository, what, mutation string, variables map[string]any) error {
	var data map[string]json.RawMessage
	if err := f.graphQL(ctx, repo, what, mutation, variables, &data); err != nil {
		return err
	}
	for _, payload := range data {
		if string(payload) != "null" {
			return nil
		}
	}
	return &refusal{what, "UNREADABLE", "the answer does not say that it is done"}
}
