package web

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestPages(t *testing.T) {
	hook := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusTeapot) })
	var reason error
	h, err := New(Options{Webhook: hook, Ready: func(context.Context) error { return reason }, Health: func() map[string]string { return map[string]string{"version": "v1"} }})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(method, path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
		return w
	}
	if w := ask("GET", "/healthz"); w.Code != 200 || !strings.Contains(w.Body.String(), `"v1"`) {
		t.Errorf("healthz: %d %s", w.Code, w.Body)
	}
	if w := ask("GET", "/readyz"); w.Code != 200 {
		t.Errorf("readyz: %d %s", w.Code, w.Body)
	}
	reason = errors.New("the database is read-only")
	if w := ask("GET", "/readyz"); w.Code != 503 || !strings.Contains(w.Body.String(), "read-only") {
		t.Errorf("readyz of a broken server: %d %s", w.Code, w.Body)
	}
	if w := ask("GET", "/healthz"); w.Code != 200 {
		t.Errorf("a broken dependency is no reason to be killed: %d", w.Code)
	}
	for _, method := range []string{"GET", "POST"} {
		if w := ask(method, "/api/github/hook"); w.Code != http.StatusTeapot {
			t.Errorf("%s hook: %d", method, w.Code)
		}
	}
	if w := ask("GET", "/nothing"); w.Code != 404 {
		t.Errorf("unknown page: %d", w.Code)
	}
}

func TestRefusesToStartWithoutItsParts(t *testing.T) {
	if _, err := New(Options{}); err == nil {
		t.Fatal("made a server of nothing")
	}
}
