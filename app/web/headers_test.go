package web

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/report"
)

// Whatever comes back, no browser runs, frames, sniffs or keeps it: pages, downloads,
// images, the style, what the router says by itself, and refusals.
func TestEveryAnswerIsCareful(t *testing.T) {
	s := newFakeStore()
	s.put(t, 7, headSHA, large(report.Diff, 3))
	_, pages := serve(t, PagesOptions{Store: s, Gate: &fakeGate{signedIn: true, sees: true}})
	h, err := New(Options{Webhook: http.NotFoundHandler(), Ready: func(context.Context) error { return nil }, Health: func() map[string]string { return nil }, Pages: pages})
	if err != nil {
		t.Fatal(err)
	}
	style := pages.view.at
	for _, tt := range []struct {
		method, path, site string
		status             int
		cache              string
	}{
		{"GET", "/r/acme/web/pull/7", "", 200, "no-store"},
		{"GET", "/r/acme/web/pull/7/export?format=csv", "", 200, "no-store"},
		{"GET", "/r/ACME/web/pull/7", "", 307, "no-store"},
		{"GET", "/r/acme/nothing", "", 404, "no-store"},
		{"GET", "//r/acme/../acme/web", "", 307, "no-store"},
		{"GET", "/badge/acme/web.svg", "", 404, "no-cache"},
		{"GET", style, "", 200, "public, max-age=31536000, immutable"},
		{"POST", "/r/acme/web/badge", "cross-site", 403, "no-store"},
		{"PUT", "/r/acme/web/pull/7", "", 404, "no-store"},
		{"POST", "/healthz", "", 404, "no-store"},
		{"GET", "/healthz", "", 200, "no-store"},
		{"GET", "/api/github/hook", "", 404, "no-store"},
	} {
		r := httptest.NewRequest(tt.method, "/", nil)
		r.URL.Path, r.URL.RawQuery, _ = strings.Cut(tt.path, "?")
		if tt.site != "" {
			r.Header.Set("Sec-Fetch-Site", tt.site)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		got := w.Header()
		if w.Code != tt.status || !strings.HasPrefix(got.Get("Content-Security-Policy"), "default-src 'none'") || got.Get("X-Content-Type-Options") != "nosniff" ||
			got.Get("Cross-Origin-Resource-Policy") == "" || got.Get("Cache-Control") != tt.cache {
			t.Errorf("%s %s: %d %v", tt.method, tt.path, w.Code, got)
		}
	}
}
