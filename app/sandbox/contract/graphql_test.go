package contract

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestGraphQLIsHeldAgainstGitHubsSchema(t *testing.T) {
	schema := GraphQLForTest(t)
	const minimize = `mutation($id: ID!) { it: minimizeComment(input: {subjectId: $id, classifier: RESOLVED}) { minimizedComment { isMinimized minimizedReason } } }`
	const threads = `query($n: Int!) { repository(owner: "a", name: "b") { pullRequest(number: $n) { reviewThreads(first: 1) { nodes { id diffSide comments(first: 1) { nodes { fullDatabaseId } } } } } } }`
	id, n := map[string]any{"id": "PRRC_1"}, map[string]any{"n": 7}
	page := func(thread string) string {
		return `{"data":{"repository":{"pullRequest":{"reviewThreads":{"nodes":[` + thread + `]}}}}}`
	}
	for name, c := range map[string]struct {
		document  string
		variables map[string]any
		answer    string
		wrong     string // part of the complaint, "" where all is right
	}{
		"done":                     {minimize, id, `{"data":{"it":{"minimizedComment":{"isMinimized":true,"minimizedReason":null}}}}`, ""},
		"refused":                  {minimize, id, `{"data":{"it":null},"errors":[{"type":"FORBIDDEN","message":"no"}]}`, ""},
		"not begun":                {minimize, id, `{"errors":[{"message":"no"}]}`, ""},
		"a list":                   {threads, n, page(`{"id":"x","diffSide":"RIGHT","comments":{"nodes":[{"fullDatabaseId":"1"},null]}},null`), ""},
		"no data":                  {minimize, id, `{}`, "neither data nor errors"},
		"an error without words":   {minimize, id, `{"errors":[{}]}`, "without a message"},
		"no JSON":                  {minimize, id, `<html>`, "answer"},
		"a null that there is not": {minimize, id, `{"data":{"it":{"minimizedComment":{"isMinimized":null,"minimizedReason":null}}}}`, "isMinimized"},
		"a number for a flag":      {minimize, id, `{"data":{"it":{"minimizedComment":{"isMinimized":1,"minimizedReason":null}}}}`, "Boolean"},
		"a field is missing":       {minimize, id, `{"data":{"it":{"minimizedComment":{"isMinimized":true}}}}`, "minimizedReason is missing"},
		"more than was asked for":  {minimize, id, `{"data":{"it":{"minimizedComment":{"isMinimized":true,"minimizedReason":"x","id":"1"}}}}`, "nobody asked for id"},
		"without the alias":        {minimize, id, `{"data":{"minimizeComment":null}}`, "it is missing"},
		"a word that is none":      {threads, n, page(`{"id":"x","diffSide":"UP","comments":{"nodes":[]}}`), "DiffSide"},
		"a big number as a number": {threads, n, page(`{"id":"x","diffSide":"RIGHT","comments":{"nodes":[{"fullDatabaseId":1}]}}`), "BigInt"},
		"an object for a list":     {threads, n, `{"data":{"repository":{"pullRequest":{"reviewThreads":{"nodes":{}}}}}}`, "nodes"},
		"a variable of its own":    {minimize, map[string]any{"id": "x", "why": "y"}, `{}`, "$why"},
		"a variable is missing":    {minimize, nil, `{}`, "id"},
		"a variable of its type":   {threads, map[string]any{"n": "seven"}, `{}`, "n"},
		"a field of its own":       {`query { viewer { secret } }`, nil, `{}`, "secret"},
		"a deprecated field":       {strings.Replace(threads, "fullDatabaseId", "databaseId", 1), n, `{}`, "deprecated"},
		"two operations":           {`query a { viewer { id } } query b { viewer { id } }`, nil, `{}`, "2 operations"},
		"a fragment":               {`query { viewer { ...x } } fragment x on User { id }`, nil, `{}`, "fragments"},
		"no document":              {`query {`, nil, `{}`, "request"},
	} {
		body, err := json.Marshal(map[string]any{"query": c.document, "variables": c.variables})
		if err != nil {
			t.Fatal(err)
		}
		err = schema.exchange(body, []byte(c.answer))
		if c.wrong == "" && err != nil || c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)) {
			t.Errorf("%s: %v, want %q", name, err, c.wrong)
		}
	}
}
