package checks

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/review"
)

func TestUnsafeClientSettingsAreRefused(t *testing.T) {
	good := ClientConfig{APIURL: "https://api.github.com/", AppID: appID, PrivateKey: testKey(), UserAgent: "bonafide/test"}
	if _, err := NewClientCreator(good); err != nil {
		t.Fatal(err)
	}
	tests := map[string]func(*ClientConfig){
		"no address":       func(c *ClientConfig) { c.APIURL = "" },
		"plain http":       func(c *ClientConfig) { c.APIURL = "http://api.github.com/" },
		"another scheme":   func(c *ClientConfig) { c.APIURL = "file:///etc/passwd" },
		"a password in it": func(c *ClientConfig) { c.APIURL = "https://u:p@api.github.com/" },
		"a query in it":    func(c *ClientConfig) { c.APIURL = "https://api.github.com/?x=y" },
		"App id 0":         func(c *ClientConfig) { c.AppID = 0 },
		"no key":           func(c *ClientConfig) { c.PrivateKey = nil },
		"a key that is none": func(c *ClientConfig) {
			c.PrivateKey = []byte("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n")
		},
		"no user agent": func(c *ClientConfig) { c.UserAgent = "" },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			c := good
			change(&c)
			_, err := NewClientCreator(c)
			if err == nil {
				t.Fatal("taken")
			}
			if strings.Contains(err.Error(), "u:p@") {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}

func TestNoRequestLeavesForAnotherHost(t *testing.T) {
	var reached atomic.Bool
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Store(true) }))
	defer elsewhere.Close()
	h := newHub(t)
	h.routes["GET /repos/acme/web/pulls/7"] = func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL+"/pulls/7", http.StatusMovedPermanently)
	}
	if _, err := h.forge().PullRequest(t.Context(), web, 7); err == nil || reached.Load() {
		t.Errorf("followed a redirect to another host: %v, reached: %v", err, reached.Load())
	}
}

func TestARenamedRepositoryIsFollowed(t *testing.T) {
	h := newHub(t)
	h.routes["GET /repos/acme/web/pulls/7"] = func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/repositories/5/pulls/7", http.StatusMovedPermanently)
	}
	h.on("GET /repositories/5/pulls/7", pullJSON(7, head, "open", ""))
	if _, err := h.forge().PullRequest(t.Context(), web, 7); err != nil {
		t.Error(err)
	}
}

func TestAnAnswerThatDoesNotEndIsCut(t *testing.T) {
	for size, want := range map[int]error{9: nil, 10: nil, 11: errAnswerTooLarge, 1000: errAnswerTooLarge} {
		body := &capped{io.NopCloser(bytes.NewReader(make([]byte, size))), 10}
		data, err := io.ReadAll(body)
		if !errors.Is(err, want) || want == nil && len(data) != size || len(data) > 10 {
			t.Errorf("%d bytes: read %d, %v", size, len(data), err)
		}
	}
}

type closing struct {
	io.Reader
	closed *atomic.Int32
}

func (c closing) Close() error { c.closed.Add(1); return nil }

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestARefusedTokenRequestLeavesNoBodyOpen(t *testing.T) {
	var closed atomic.Int32
	clients, err := NewClientCreator(ClientConfig{
		APIURL: "https://api.github.test/", AppID: appID, PrivateKey: testKey(), UserAgent: "bonafide/test",
		Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 404, Header: http.Header{}, Request: r,
				Body: closing{strings.NewReader(`{"message":"Not Found"}`), &closed}}, nil
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	f, err := New(clients, Options{AppID: appID})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.PullRequest(t.Context(), web, 7); !errors.Is(err, review.ErrGone) {
		t.Errorf("got %v", err)
	}
	if closed.Load() != 1 {
		t.Errorf("closed %d times", closed.Load())
	}
}

func TestARevokedTokenIsRenewedOnce(t *testing.T) {
	h := newHub(t)
	var tokens []string
	h.routes["GET /repos/acme/web/pulls/7"] = func(w http.ResponseWriter, r *http.Request) {
		tokens = append(tokens, r.Header.Get("Authorization"))
		if len(tokens) == 2 {
			answer(w, 401, "Bad credentials")
			return
		}
		_, _ = io.WriteString(w, pullJSON(7, head, "open", ""))
	}
	f := h.forge()
	for range 2 {
		if _, err := f.PullRequest(t.Context(), web, 7); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(tokens, ", "); got != "token ghs_1, token ghs_1, token ghs_2" {
		t.Error(got)
	}
	h.routes["GET /repos/acme/web/pulls/7"] = func(w http.ResponseWriter, _ *http.Request) { answer(w, 401, "Bad credentials") }
	h.forget()
	var later *review.Later
	if _, err := f.PullRequest(t.Context(), web, 7); !errors.As(err, &later) || h.made("GET") != 2 {
		t.Errorf("%v after %d calls", err, h.made("GET"))
	}
}

func TestRefusalsBecomeWhatTheForgePromises(t *testing.T) {
	const url = "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits"
	reset := "1777636860" // one minute after now
	tests := []struct {
		name    string
		call    string
		status  int
		header  map[string]string
		message string
		gone    bool
		after   time.Duration // 0: no Later
	}{
		{name: "not found", status: 404, gone: true},
		{name: "gone", status: 410, gone: true},
		{name: "blocked by law", status: 451, gone: true},
		{name: "429 with a time", status: 429, header: map[string]string{"Retry-After": "90"}, after: 90 * time.Second},
		{name: "429 without one", status: 429, after: SecondaryWait},
		{name: "429 with an absurd time", status: 429, header: map[string]string{"Retry-After": "99999999"}, after: MaxWait},
		{name: "429 with no time at all", status: 429, header: map[string]string{"Retry-After": "0"}, after: MinWait},
		{name: "429 primary", status: 429, header: map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}, after: time.Minute},
		{name: "403 primary", status: 403, header: map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}, after: time.Minute},
		{name: "403 secondary", status: 403, header: map[string]string{"Retry-After": "30"}, message: "You have exceeded a secondary rate limit", after: 30 * time.Second},
		{name: "403 secondary without a time", status: 403, message: "You have exceeded a secondary rate limit", after: SecondaryWait},
		{name: "403 secondary with the primary's reset", status: 403, header: map[string]string{"X-RateLimit-Remaining": "4000", "X-RateLimit-Reset": "4102444800"}, message: "You have exceeded a secondary rate limit", after: SecondaryWait},
		{name: "403 for lack of permission", status: 403, message: "Resource not accessible by integration"},
		{name: "500", status: 500, after: FailureWait},
		{name: "502", status: 502, after: FailureWait},
		{name: "422", status: 422},
		{name: "accepted, not ready", status: 202, after: FailureWait},
		{name: "no installation", call: "token", status: 404, gone: true},
		{name: "suspended installation", call: "token", status: 403, gone: true},
		{name: "wrong key", call: "token", status: 401, after: SecondaryWait},
		{name: "no token for now", call: "token", status: 503, after: FailureWait},
		{name: "limited at the token", call: "token", status: 429, header: map[string]string{"Retry-After": "40"}, after: 40 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHub(t)
			call := tt.call
			if call == "" {
				call = "GET /repos/acme/web/pulls/7"
			}
			h.routes[call] = func(w http.ResponseWriter, _ *http.Request) {
				for k, v := range tt.header {
					w.Header().Set(k, v)
				}
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, `{"message":"`+tt.message+`","documentation_url":"`+url+`"}`)
			}
			if tt.message != "You have exceeded a secondary rate limit" {
				h.routes[call] = func(w http.ResponseWriter, _ *http.Request) {
					for k, v := range tt.header {
						w.Header().Set(k, v)
					}
					answer(w, tt.status, tt.message)
				}
			}
			_, err := h.forge().PullRequest(t.Context(), web, 7)
			if err == nil {
				t.Fatal("no error")
			}
			if errors.Is(err, review.ErrGone) != tt.gone {
				t.Errorf("gone: %v, %v", !tt.gone, err)
			}
			var later *review.Later
			if errors.As(err, &later) != (tt.after > 0) || later != nil && later.After != tt.after {
				t.Errorf("want to wait %v, got %+v (%v)", tt.after, later, err)
			}
			if strings.Contains(err.Error(), "ghs_") || later != nil && later.Reason == "" {
				t.Errorf("the error %q", err)
			}
		})
	}
}

func TestAnAnswerThatIsNotTheDocumentAskedForIsNoAnswer(t *testing.T) {
	for name, body := range map[string]string{
		"empty":      "",
		"HTML":       "<!DOCTYPE html><title>Unicorn!</title>",
		"cut short":  `{"number":7,"state":"op`,
		"null":       "null",
		"another":    `{"id":1}`,
		"odd commit": pullJSON(7, "HEAD", "open", ""),
	} {
		t.Run(name, func(t *testing.T) {
			h := newHub(t)
			h.on("GET /repos/acme/web/pulls/7", body)
			var later *review.Later
			if p, err := h.forge().PullRequest(t.Context(), web, 7); !errors.As(err, &later) {
				t.Errorf("got %+v, %v", p, err)
			}
		})
	}
}
