package operator

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/registered"
	"github.com/rs/zerolog"
)

// pages makes the pages of a server on loopback, which the settings change.
func pages(t *testing.T, settings ...func(*Options)) *Pages {
	t.Helper()
	says := func(text string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) })
	}
	o := Options{
		Sections: func(context.Context) []Section {
			return []Section{{Title: "Server", Facts: []Fact{{"Version", "<v1>"}}}, {Title: "Queue", Problem: "it cannot be read"}}
		},
		Metrics: says("metrics"), Jobs: says("jobs"), Loopback: true, Clock: time.Now, Logger: zerolog.Nop(),
	}
	for _, set := range settings {
		set(&o)
	}
	p, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func ask(p *Pages, method, path string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://127.0.0.1:9464"+path, nil)
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w
}

func TestThePagesForOperators(t *testing.T) {
	p := pages(t)
	for path, want := range map[string]string{
		"/": "&lt;v1&gt;", "/style.css": "--text", "/-/icon.svg": "<svg", "/metrics": "metrics", "/jobs/": "jobs", "/jobs/api/states": "jobs",
		"/debug/pprof/": "goroutine", "/debug/pprof/goroutine?debug=1": "goroutine profile",
	} {
		if w := ask(p, "GET", path); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d: %s", path, w.Code, w.Body)
		}
	}
	page := ask(p, "GET", "/")
	if body := page.Body.String(); !strings.Contains(body, "Not known: it cannot be read") || strings.Contains(body, `href="/check"`) || strings.Contains(body, "<script") {
		t.Errorf("%s", body)
	}
	if csp := page.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") {
		t.Errorf("content security %q", csp)
	}
	if csp := ask(p, "GET", "/jobs/").Header().Get("Content-Security-Policy"); csp != "frame-ancestors 'none'" {
		t.Errorf("the jobs may be framed: %q", csp)
	}
	for _, path := range []string{"/check", "/nothing", "/debug/vars", "/debug/pprof/cmdline"} {
		if w := ask(p, "GET", path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func TestALoopbackAddressAnswersOnlyByNamesOfThisMachine(t *testing.T) {
	here := pages(t)
	everywhere := pages(t, func(o *Options) { o.Loopback = false })
	for host, want := range map[string]bool{
		"127.0.0.1:9464": true, "127.0.0.1": true, "127.8.8.8:1": true, "localhost:9464": true, "LOCALHOST": true, "[::1]:9464": true, "[::1]": true, "[::ffff:127.0.0.1]:9464": true,
		"": false, "attacker.example:9464": false, "localhost.attacker.example": false, "127.0.0.1.attacker.example": false, "10.0.0.1:9464": false, "0.0.0.0:9464": false, "[::]:9464": false,
	} {
		for _, path := range []string{"/", "/metrics", "/jobs/", "/debug/pprof/"} {
			at := func(r *http.Request) { r.Host = host }
			if w := ask(here, "GET", path, at); (w.Code == http.StatusOK) != want {
				t.Errorf("%s at %q: %d", path, host, w.Code)
			}
			if w := ask(everywhere, "GET", path, at); w.Code != http.StatusOK {
				t.Errorf("%s at %q, asked from elsewhere: %d", path, host, w.Code)
			}
		}
	}
}

func TestOtherSitesCannotEndJobs(t *testing.T) {
	p := pages(t)
	for name, tt := range map[string]struct {
		header, value string
		want          int
	}{
		"the page itself":    {"Sec-Fetch-Site", "same-origin", http.StatusOK},
		"a terminal":         {"X-None", "", http.StatusOK},
		"another site":       {"Sec-Fetch-Site", "cross-site", http.StatusForbidden},
		"an older browser":   {"Origin", "https://attacker.example", http.StatusForbidden},
		"another local port": {"Sec-Fetch-Site", "same-site", http.StatusForbidden},
	} {
		w := ask(p, "POST", "/jobs/api/jobs/delete", func(r *http.Request) { r.Header.Set(tt.header, tt.value) })
		if w.Code != tt.want {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
}

func TestOtherSitesMayLinkHereAndFetchNothing(t *testing.T) {
	p := pages(t)
	for name, tt := range map[string]struct {
		site, mode, dest string
		page, profiles   int
	}{
		"the page itself":       {"same-origin", "no-cors", "style", http.StatusOK, http.StatusOK},
		"typed by somebody":     {"none", "navigate", "document", http.StatusOK, http.StatusOK},
		"no browser":            {"", "", "", http.StatusOK, http.StatusOK},
		"a link elsewhere":      {"cross-site", "navigate", "document", http.StatusOK, http.StatusForbidden},
		"an image elsewhere":    {"cross-site", "no-cors", "image", http.StatusForbidden, http.StatusForbidden},
		"a frame elsewhere":     {"cross-site", "navigate", "iframe", http.StatusForbidden, http.StatusForbidden},
		"a script, other port":  {"same-site", "cors", "empty", http.StatusForbidden, http.StatusForbidden},
		"a link, other program": {"same-site", "navigate", "document", http.StatusOK, http.StatusForbidden},
	} {
		for path, want := range map[string]int{"/": tt.page, "/metrics": tt.page, "/jobs/": tt.page, "/debug/pprof/": tt.profiles} {
			w := ask(p, "GET", path, func(r *http.Request) {
				r.Header.Set("Sec-Fetch-Site", tt.site)
				r.Header.Set("Sec-Fetch-Mode", tt.mode)
				r.Header.Set("Sec-Fetch-Dest", tt.dest)
			})
			if h := w.Header(); w.Code != want || !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") || h.Get("X-Content-Type-Options") != "nosniff" ||
				h.Get("Cross-Origin-Resource-Policy") != "same-origin" {
				t.Errorf("%s, %s: %d %v", name, path, w.Code, h)
			}
		}
	}
}

func TestTheRegistrationIsLookedAtOnceAMinute(t *testing.T) {
	now, looks := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC), 0
	var problem error
	p := pages(t, func(o *Options) {
		o.Clock = func() time.Time { return now }
		o.Check = func(context.Context) ([]registered.Line, error) {
			looks++
			return []registered.Line{
				{Subject: "permissions", State: registered.OK, Says: "As in app.yml."},
				{Subject: "events", State: registered.Fail, Says: "push is missing.", Do: "Tick it.", At: "https://github.com/settings/apps/bonafide"},
				{Subject: "acme/<web>", State: registered.Warn, Says: "It could not be looked at.", At: "javascript:alert(1)"},
			}, problem
		}
	})
	if page := ask(p, "GET", "/").Body.String(); !strings.Contains(page, `href="/check"`) || looks != 0 {
		t.Errorf("%d looks: %s", looks, page)
	}
	body := ask(p, "GET", "/check").Body.String()
	for _, want := range []string{`✓</span>In order: permissions`, `✗</span>To change: events`, "push is missing. Tick it.", `href="https://github.com/settings/apps/bonafide"`, `!</span>To look at: acme/&lt;web&gt;`, `<time datetime="2026-05-04T12:00:00Z">2026-05-04 12:00 UTC</time>`} {
		if !strings.Contains(body, want) {
			t.Errorf("it lacks %s: %s", want, body)
		}
	}
	if strings.Contains(body, `href="javascript`) {
		t.Errorf("it leads to a script: %s", body)
	}
	if ask(p, "GET", "/check"); looks != 1 {
		t.Errorf("%d looks", looks)
	}
	now, problem = now.Add(checkAge), errors.New("GitHub refused ghs_0123456789abcdef0123456789abcdef0123")
	body = ask(p, "GET", "/check").Body.String()
	if looks != 2 || !strings.Contains(body, "could not be finished: GitHub refused") || strings.Contains(body, "ghs_0123") {
		t.Errorf("%d looks: %s", looks, body)
	}
}

func TestRefusesToStartWithoutItsParts(t *testing.T) {
	if _, err := New(Options{}); err == nil {
		t.Fatal("made pages of nothing")
	}
}
