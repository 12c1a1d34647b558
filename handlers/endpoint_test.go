package handlers

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/palantir/go-githubapp/githubapp"
	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/queue"
)

const (
	secret = "a secret of the tests"
	ours   = 4242
	head   = "1111111111111111111111111111111111111111"
	before = "2222222222222222222222222222222222222222"
	guid   = "72d3162e-cc78-11e3-81ab-4c9367dc0958"

	where  = `"installation":{"id":9},"repository":{"id":5,"full_name":"acme/web"}`
	opened = `{"action":"opened","number":7,"pull_request":{"number":7,"head":{"sha":"` + head + `"}},` + where + `}`
)

// memory is a queue that keeps its jobs, or fails.
type memory struct {
	sync.Mutex
	jobs []queue.Job
	err  error
}

func (m *memory) Enqueue(_ context.Context, job queue.Job) error {
	m.Lock()
	defer m.Unlock()
	if m.err == nil {
		m.jobs = append(m.jobs, job)
	}
	return m.err
}

func (m *memory) stored() []queue.Job {
	m.Lock()
	defer m.Unlock()
	return m.jobs
}

func sign(h func() hash.Hash, key string, body []byte) string {
	mac := hmac.New(h, []byte(key))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// delivery is a request as GitHub sends it.
func delivery(t *testing.T, to, event string, body []byte) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, to+Route, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-GitHub-Event", event)
	r.Header.Set("X-GitHub-Delivery", guid)
	r.Header.Set("X-Hub-Signature", "sha1="+sign(sha1.New, secret, body))
	r.Header.Set("X-Hub-Signature-256", "sha256="+sign(sha256.New, secret, body))
	return r
}

func send(t *testing.T, r *http.Request) *http.Response {
	t.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	return resp
}

func TestEveryDeliveryIsAnsweredWithTheRightStatus(t *testing.T) {
	exact := append([]byte(opened), bytes.Repeat([]byte(" "), MaxBodyBytes-len(opened))...)
	tests := []struct {
		name   string
		event  string
		body   []byte
		change func(*http.Request)
		full   bool // the queue cannot store
		want   int
		jobs   int
	}{
		{name: "stored", event: "pull_request", want: 200, jobs: 1},
		{name: "ping", event: "ping", body: []byte(`{"zen":"x"}`), want: 200},
		{name: "an event of ours that asks for nothing", event: "pull_request", body: []byte(strings.Replace(opened, "opened", "labeled", 1)), want: 200},
		{name: "an event nobody handles", event: "star", want: 202},
		{name: "no event", want: 400},
		{name: "GET", event: "pull_request", change: func(r *http.Request) { r.Method = "GET" }, want: 405},
		{name: "PUT", event: "pull_request", change: func(r *http.Request) { r.Method = "PUT" }, want: 405},
		{name: "the largest body", event: "pull_request", body: exact, want: 200, jobs: 1},
		{name: "one byte more", event: "pull_request", body: append(exact, ' '), want: 413},
		{name: "one byte more, length not told", event: "pull_request", body: append(exact, ' '), change: func(r *http.Request) { r.ContentLength = -1 }, want: 413},
		{name: "no signature", event: "pull_request", change: func(r *http.Request) { r.Header.Del("X-Hub-Signature"); r.Header.Del("X-Hub-Signature-256") }, want: 400},
		{name: "SHA-1 alone", event: "pull_request", change: func(r *http.Request) { r.Header.Del("X-Hub-Signature-256") }, want: 400},
		{name: "SHA-1 in the header for SHA-256", event: "pull_request", change: func(r *http.Request) {
			r.Header.Set("X-Hub-Signature-256", r.Header.Get("X-Hub-Signature"))
		}, want: 400},
		{name: "another secret", event: "pull_request", change: func(r *http.Request) {
			r.Header.Set("X-Hub-Signature-256", "sha256="+sign(sha256.New, "another", []byte(opened)))
		}, want: 400},
		{name: "an empty secret", event: "pull_request", change: func(r *http.Request) {
			r.Header.Set("X-Hub-Signature-256", "sha256="+sign(sha256.New, "", []byte(opened)))
		}, want: 400},
		{name: "another body", event: "pull_request", change: func(r *http.Request) {
			r.Header.Set("X-Hub-Signature-256", "sha256="+sign(sha256.New, secret, []byte(opened+" ")))
		}, want: 400},
		{name: "a signature that is no hex", event: "pull_request", change: func(r *http.Request) { r.Header.Set("X-Hub-Signature-256", "sha256=zz") }, want: 400},
		{name: "a signature that is too short", event: "pull_request", change: func(r *http.Request) { r.Header.Set("X-Hub-Signature-256", "sha256=00") }, want: 400},
		{name: "another content type", event: "pull_request", change: func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, want: 400},
		{name: "form encoded", event: "pull_request", body: []byte(url.Values{"payload": {opened}}.Encode()), change: func(r *http.Request) {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}, want: 200, jobs: 1},
		{name: "not JSON", event: "pull_request", body: []byte(`{`), want: 422},
		{name: "JSON null", event: "pull_request", body: []byte(`null`), want: 422},
		{name: "empty", event: "pull_request", body: []byte{}, want: 422},
		{name: "the body of another event", event: "check_run", body: []byte(opened), want: 422},
		{name: "nothing that is needed", event: "pull_request", body: []byte(`{"action":"opened"}`), want: 422},
		{name: "the queue cannot store", event: "pull_request", full: true, want: 503},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q := &memory{}
			if tt.full {
				q.err = errors.New("disk full")
			}
			endpoint, err := NewEndpoint(secret, ours, q, zerolog.Nop())
			if err != nil {
				t.Fatal(err)
			}
			var seen []string
			server := httptest.NewServer(Watched(endpoint, func(event, result, reason string) {
				seen = append(seen, strings.TrimSpace(event+" "+result+" "+reason))
			}))
			defer server.Close()
			body := tt.body
			if body == nil {
				body = []byte(opened)
			}
			r := delivery(t, server.URL, tt.event, body)
			if tt.change != nil {
				tt.change(r)
			}
			resp := send(t, r)
			if resp.StatusCode != tt.want {
				t.Errorf("answered %d, want %d", resp.StatusCode, tt.want)
			}
			if tt.want == http.StatusMethodNotAllowed && resp.Header.Get("Allow") != "POST" {
				t.Errorf("Allow: %q", resp.Header.Get("Allow"))
			}
			if got := len(q.stored()); got != tt.jobs {
				t.Errorf("stored %d jobs, want %d", got, tt.jobs)
			}
			server.Close() // every request has ended
			result := map[int]string{200: "ignored", 202: "ignored", 400: "refused signature", 405: "refused method", 413: "refused too_large",
				422: "refused payload", 503: "refused not_stored"}[tt.want]
			if tt.jobs > 0 {
				result = "stored"
			}
			event := tt.event
			if event == "star" || event == "" {
				event = "other"
			}
			if want := event + " " + result; !slices.Equal(seen, []string{want}) {
				t.Errorf("%q is told, want %q", seen, want)
			}
		})
	}
}

func TestUnsafeSettingsAreRefused(t *testing.T) {
	for _, s := range []string{"", " ", "\n"} {
		if _, err := NewEndpoint(s, ours, &memory{}, zerolog.Nop()); err == nil {
			t.Errorf("the secret %q was taken", s)
		}
	}
	if _, err := NewEndpoint(secret, 0, &memory{}, zerolog.Nop()); err == nil {
		t.Error("the App id 0 was taken")
	}
	if _, err := NewEndpoint(secret, ours, nil, zerolog.Nop()); err == nil {
		t.Error("no queue was taken")
	}
}

func TestADrainingEndpointRefusesAndStoresNothing(t *testing.T) {
	q := &memory{}
	endpoint, err := NewEndpoint(secret, ours, q, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(endpoint)
	defer server.Close()
	endpoint.Drain()
	if resp := send(t, delivery(t, server.URL, "pull_request", []byte(opened))); resp.StatusCode != 503 || len(q.stored()) != 0 {
		t.Errorf("answered %d, stored %v", resp.StatusCode, q.stored())
	}
}

// endless is a body that is only asked for where somebody reads it.
type endless struct{ read int64 }

func (e *endless) Read(p []byte) (int, error) {
	e.read += int64(len(p))
	return len(p), nil
}

func TestWhatIsNotSignedTakesNoMemory(t *testing.T) {
	endpoint, err := NewEndpoint(secret, ours, &memory{}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*http.Request){
		"no signature":       func(r *http.Request) { r.Header.Del("X-Hub-Signature-256") },
		"an odd signature":   func(r *http.Request) { r.Header.Set("X-Hub-Signature-256", "sha256=00") },
		"too large a length": func(r *http.Request) { r.ContentLength = MaxBodyBytes + 1 },
	} {
		body := &endless{}
		r := delivery(t, "http://server", "pull_request", nil)
		r.Body = io.NopCloser(body)
		change(r)
		w := httptest.NewRecorder()
		endpoint.ServeHTTP(w, r)
		if w.Code/100 != 4 || body.read != 0 {
			t.Errorf("%s: answered %d after %d bytes", name, w.Code, body.read)
		}
	}

	// Others have sent as much as is held at a time.
	if !endpoint.pending.TryAcquire(MaxPendingBytes - 10) {
		t.Fatal("something is held that nobody sent")
	}
	w := httptest.NewRecorder()
	endpoint.ServeHTTP(w, delivery(t, "http://server", "pull_request", []byte(opened)))
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("without room: %d", w.Code)
	}
	endpoint.pending.Release(MaxPendingBytes - 10)
	for range 3 {
		w = httptest.NewRecorder()
		endpoint.ServeHTTP(w, delivery(t, "http://server", "pull_request", []byte(opened)))
		if w.Code != http.StatusOK {
			t.Errorf("with room again: %d", w.Code)
		}
	}
	if !endpoint.pending.TryAcquire(MaxPendingBytes) {
		t.Error("what was refused or answered is still held")
	}
}

// panicking is a handler with a mistake.
type panicking struct{}

func (panicking) Handles() []string                                    { return []string{"pull_request"} }
func (panicking) Handle(context.Context, string, string, []byte) error { panic("a mistake") }

func TestAPanicIsAnsweredAndNothingElseSuffers(t *testing.T) {
	server := httptest.NewServer(newEndpoint(secret, []githubapp.EventHandler{panicking{}}, zerolog.Nop()))
	defer server.Close()
	for range 2 {
		if resp := send(t, delivery(t, server.URL, "pull_request", []byte(opened))); resp.StatusCode != 500 {
			t.Errorf("answered %d, want 500", resp.StatusCode)
		}
	}
}

func TestADeliveryKeepsItsGUIDAndGetsAStableOneWhereItHasNone(t *testing.T) {
	q := &memory{}
	endpoint, err := NewEndpoint(secret, ours, q, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(endpoint)
	defer server.Close()
	ids := []string{guid, strings.ToUpper(guid), "1700000000000", "1700000000001", "", "'; drop table jobs --"}
	for _, id := range ids {
		r := delivery(t, server.URL, "pull_request", []byte(opened))
		r.Header.Set("X-GitHub-Delivery", id)
		send(t, r)
	}
	send(t, delivery(t, server.URL, "pull_request", []byte(strings.Replace(opened, "opened", "reopened", 1))))
	r := delivery(t, server.URL, "pull_request", []byte(strings.Replace(opened, "opened", "reopened", 1)))
	r.Header.Del("X-GitHub-Delivery")
	send(t, r)

	jobs := q.stored()
	if len(jobs) != len(ids)+2 {
		t.Fatalf("stored %d jobs", len(jobs))
	}
	if jobs[0].Delivery != guid || jobs[1].Delivery != guid {
		t.Errorf("the GUID became %q and %q", jobs[0].Delivery, jobs[1].Delivery)
	}
	derived := jobs[2].Delivery
	if len(derived) != len(guid) || derived == guid {
		t.Errorf("derived %q", derived)
	}
	for i, job := range jobs[3:6] {
		if job.Delivery != derived {
			t.Errorf("the same body without a GUID became %q (%q), before %q", job.Delivery, ids[i+3], derived)
		}
	}
	if other := jobs[7].Delivery; other == derived {
		t.Error("another body became the same delivery")
	}
}
