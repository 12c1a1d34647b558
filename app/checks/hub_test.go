package checks

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/review"
)

const (
	appID = 4242
	head  = "1111111111111111111111111111111111111111"
	base  = "2222222222222222222222222222222222222222"
	tip   = "3333333333333333333333333333333333333333"
)

var (
	web = review.Repository{Installation: 9, Owner: "acme", Name: "web"}
	now = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

	testKey = sync.OnceValue(func() []byte {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	})
)

// hub plays the parts of GitHub that a Forge calls, on a loopback socket, with the
// rules that it has to reckon with. Other answers are put in its way with on.
type hub struct {
	t      *testing.T
	server *httptest.Server

	mu       sync.Mutex
	calls    []string // "GET /repos/acme/web/pulls/7"
	tokens   int
	routes   map[string]http.HandlerFunc
	fail     func(call string, nth int) int // a status instead of the answer, 0 for none
	dieAt    int                            // the number of the call that is answered 502 once
	dieDone  bool                           // and is done nevertheless
	seen     map[string]int
	runs     []*hubRun
	comments []*hubComment
	reviews  []*hubComment
	files    []map[string]any
	nextID   int64
	waited   time.Duration
	pauses   Pauses
}

type hubRun struct {
	ID                                int64
	Name, HeadSHA, Status, Conclusion string
	ExternalID, Title, Summary, Text  string
	Details                           string
	App                               any
	Annotations                       []map[string]any
}

type hubComment struct {
	ID                          int64
	Body, Login, Type, CommitID string
	Path, Subject               string
	Line, From                  int
}

func newHub(t *testing.T) *hub {
	h := &hub{t: t, routes: map[string]http.HandlerFunc{}, seen: map[string]int{}, nextID: 100}
	h.server = httptest.NewServer(h)
	t.Cleanup(h.server.Close)
	return h
}

// forge makes a Forge that calls the hub.
func (h *hub) forge() *Forge {
	h.t.Helper()
	clients, err := NewClientCreator(ClientConfig{APIURL: h.server.URL, AppID: appID, PrivateKey: testKey(), UserAgent: "bonafide/test"})
	if err != nil {
		h.t.Fatal(err)
	}
	f, err := New(clients, Options{AppID: appID, Logger: zerolog.Nop(), Clock: h.clock, Pauses: h.pauses})
	if err != nil {
		h.t.Fatal(err)
	}
	f.gates.rest = func(_ context.Context, d time.Duration) error { h.wait(d); return nil }
	f.gates.jitter = func(time.Duration) time.Duration { return 0 }
	return f
}

// clock stands still but for what is waited.
func (h *hub) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return now.Add(h.waited)
}

func (h *hub) wait(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.waited += d
}

// on answers a call with JSON.
func (h *hub) on(call, answer string) {
	h.routes[call] = func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer) }
}

func (h *hub) made(prefix string) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.calls {
		if strings.HasPrefix(c, prefix) {
			n++
		}
	}
	return n
}

// writes are the calls that change something.
func (h *hub) writes() (out []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.calls {
		if !strings.HasPrefix(c, "GET ") {
			out = append(out, c)
		}
	}
	return out
}

func (h *hub) forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls = nil
}

func (h *hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if r.Header.Get("Accept") == rawMedia {
		w.Header().Set("Content-Type", rawMedia)
	}
	if strings.HasSuffix(r.URL.Path, "/access_tokens") && h.routes["token"] == nil {
		h.tokens++
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"token":"ghs_%d","expires_at":%q}`, h.tokens, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
		return
	}
	call := r.Method + " " + r.URL.EscapedPath()
	if strings.HasSuffix(r.URL.Path, "/access_tokens") {
		call = "token"
	}
	h.calls = append(h.calls, call)
	h.seen[call]++
	if h.dieAt > 0 && len(h.calls) == h.dieAt {
		h.dieAt = 0
		if h.dieDone {
			h.play(httptest.NewRecorder(), r)
		}
		answer(w, 502, "it dies")
		return
	}
	if h.fail != nil {
		if status := h.fail(call, h.seen[call]); status != 0 {
			answer(w, status, "it fails")
			return
		}
	}
	if route, ok := h.routes[call+"?"+r.URL.RawQuery]; ok {
		route(w, r)
		return
	}
	if route, ok := h.routes[call]; ok {
		route(w, r)
		return
	}
	h.play(w, r)
}

func answer(w http.ResponseWriter, status int, message string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"message":%q,"documentation_url":"https://docs.github.com/rest"}`, message)
}

// play is the stateful part: check runs, comments and reviews of acme/web.
func (h *hub) play(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/repos/acme/web/")
	var body map[string]any
	if r.Method != http.MethodGet {
		data, _ := io.ReadAll(r.Body)
		if err := json.Unmarshal(data, &body); err != nil {
			answer(w, 400, "Problems parsing JSON")
			return
		}
	}
	str := func(m map[string]any, k string) string { s, _ := m[k].(string); return s }
	parts := strings.Split(path, "/")
	switch {
	case r.URL.Path == "/app":
		fmt.Fprintf(w, `{"id":%d,"slug":"bonafide"}`, appID)

	case r.Method == "GET" && len(parts) == 3 && parts[0] == "commits" && parts[2] == "check-runs":
		var list []any
		for _, run := range slices.Backward(h.runs) {
			if run.HeadSHA == parts[1] && run.Name == r.URL.Query().Get("check_name") {
				list = append(list, run.json())
			}
		}
		send(w, 200, map[string]any{"total_count": len(list), "check_runs": append([]any{}, list...)})
	case r.Method == "POST" && path == "check-runs":
		h.nextID++
		run := &hubRun{ID: h.nextID, HeadSHA: str(body, "head_sha"), App: map[string]any{"id": appID, "slug": "bonafide"}}
		h.runs = append(h.runs, run)
		h.change(w, run, body, 201)
	case len(parts) >= 2 && parts[0] == "check-runs":
		id, _ := strconv.ParseInt(parts[1], 10, 64)
		i := slices.IndexFunc(h.runs, func(r *hubRun) bool { return r.ID == id })
		switch {
		case i < 0:
			answer(w, 404, "Not Found")
		case len(parts) == 3:
			page(w, r, h.runs[i].Annotations)
		case r.Method == "PATCH":
			h.change(w, h.runs[i], body, 200)
		default:
			send(w, 200, h.runs[i].json())
		}

	case r.Method == "GET" && path == "pulls/7/files":
		page(w, r, h.files)
	case r.Method == "GET" && path == "pulls/7/comments":
		page(w, r, remarks(h.comments))
	case r.Method == "GET" && path == "pulls/7/reviews":
		page(w, r, remarks(h.reviews))
	case r.Method == "POST" && path == "pulls/7/comments":
		h.nextID++
		c := &hubComment{ID: h.nextID, Body: str(body, "body"), Login: "bonafide[bot]", Type: "Bot", CommitID: str(body, "commit_id"), Path: str(body, "path"), Subject: str(body, "subject_type")}
		if c.Subject != "file" || !h.changed(c.Path) {
			answer(w, 422, "Validation Failed")
			return
		}
		h.comments = append(h.comments, c)
		h.reviews = append(h.reviews, &hubComment{ID: h.nextID, Login: c.Login, Type: "Bot", CommitID: c.CommitID})
		send(w, 201, map[string]any{"id": c.ID})
	case r.Method == "POST" && path == "pulls/7/reviews":
		var posted []*hubComment
		list, _ := body["comments"].([]any)
		for _, item := range list {
			item, _ := item.(map[string]any)
			line, _ := item["line"].(float64)
			from, _ := item["start_line"].(float64)
			c := &hubComment{Body: str(item, "body"), Login: "bonafide[bot]", Type: "Bot", CommitID: str(body, "commit_id"), Path: str(item, "path"), Subject: "line", Line: int(line), From: int(from)}
			if !h.inDiff(c.Path, c.Line) || str(item, "side") != "RIGHT" {
				answer(w, 422, "Unprocessable Entity: Line must be part of the diff")
				return
			}
			h.nextID++
			c.ID = h.nextID
			posted = append(posted, c)
		}
		if str(body, "event") != "COMMENT" || str(body, "body") == "" {
			answer(w, 422, "Validation Failed")
			return
		}
		h.comments = append(h.comments, posted...)
		h.nextID++
		h.reviews = append(h.reviews, &hubComment{ID: h.nextID, Body: str(body, "body"), Login: "bonafide[bot]", Type: "Bot", CommitID: str(body, "commit_id")})
		send(w, 200, map[string]any{"id": h.nextID})
	case r.Method == "PATCH" && strings.HasPrefix(path, "pulls/comments/"):
		for _, c := range h.comments {
			if strconv.FormatInt(c.ID, 10) == parts[2] {
				if c.Login != "bonafide[bot]" {
					answer(w, 403, "Resource not accessible by integration")
					return
				}
				c.Body = str(body, "body")
				send(w, 200, map[string]any{"id": c.ID})
				return
			}
		}
		answer(w, 404, "Not Found")
	default:
		answer(w, 404, "Not Found")
	}
}

// change applies a request to a run by GitHub's rules: title, summary and text are
// replaced as a whole, annotations are added, 50 at most.
func (h *hub) change(w http.ResponseWriter, run *hubRun, body map[string]any, status int) {
	get := func(m map[string]any, k string, to *string) {
		if s, ok := m[k].(string); ok {
			*to = s
		}
	}
	get(body, "name", &run.Name)
	get(body, "external_id", &run.ExternalID)
	get(body, "details_url", &run.Details)
	if s, ok := body["status"].(string); ok && s != run.Status {
		run.Status, run.Conclusion = s, ""
	}
	get(body, "conclusion", &run.Conclusion)
	if run.Conclusion != "" {
		run.Status = completed
	}
	if run.Status == completed && run.Conclusion == "" || run.Name == "" {
		answer(w, 422, "Invalid request")
		return
	}
	if out, ok := body["output"].(map[string]any); ok {
		annotations, _ := out["annotations"].([]any)
		summary, _ := out["summary"].(string)
		if len(annotations) > 50 || summary == "" || len(summary) > 65535 {
			answer(w, 422, "Invalid request")
			return
		}
		run.Title, run.Summary, run.Text = "", "", ""
		get(out, "title", &run.Title)
		get(out, "summary", &run.Summary)
		get(out, "text", &run.Text)
		for _, a := range annotations {
			run.Annotations = append(run.Annotations, a.(map[string]any))
		}
	}
	send(w, status, run.json())
}

func (r *hubRun) json() map[string]any {
	var conclusion any
	if r.Conclusion != "" {
		conclusion = r.Conclusion
	}
	return map[string]any{
		"id": r.ID, "name": r.Name, "head_sha": r.HeadSHA, "status": r.Status, "conclusion": conclusion,
		"external_id": r.ExternalID, "app": r.App, "pull_requests": []any{},
		"output": map[string]any{"title": r.Title, "summary": r.Summary, "text": r.Text, "annotations_count": len(r.Annotations)},
	}
}

func remarks(list []*hubComment) []map[string]any {
	var out []map[string]any
	for _, c := range list {
		out = append(out, map[string]any{"id": c.ID, "node_id": fmt.Sprint("PRRC_", c.ID), "body": c.Body, "commit_id": c.CommitID, "path": c.Path, "user": map[string]any{"login": c.Login, "type": c.Type}})
	}
	return out
}

func (h *hub) changed(path string) bool {
	return slices.ContainsFunc(h.files, func(f map[string]any) bool { return f["filename"] == path })
}

func (h *hub) inDiff(path string, line int) bool {
	for _, f := range h.files {
		if patch, ok := f["patch"].(string); ok && f["filename"] == path {
			return hunks(patch).has(line)
		}
	}
	return false
}

// page sends one page of a list with the header that names the next.
func page[T any](w http.ResponseWriter, r *http.Request, list []T) {
	size, _ := strconv.Atoi(r.URL.Query().Get("per_page"))
	n, _ := strconv.Atoi(r.URL.Query().Get("page"))
	n = max(n, 1)
	from := min((n-1)*size, len(list))
	to := min(from+size, len(list))
	if to < len(list) {
		q := r.URL.Query()
		q.Set("page", fmt.Sprint(n+1))
		w.Header().Set("Link", fmt.Sprintf(`<http://%s%s?%s>; rel="next"`, r.Host, r.URL.Path, q.Encode()))
	}
	send(w, 200, append([]T{}, list[from:to]...))
}

func send(w http.ResponseWriter, status int, v any) {
	var out bytes.Buffer
	_ = json.NewEncoder(&out).Encode(v)
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes())
}
