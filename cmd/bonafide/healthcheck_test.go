package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/web"
)

func TestHealthcheckSaysWhetherTheServerIsAlive(t *testing.T) {
	waiting := httptest.NewServer(web.Waiting())
	t.Cleanup(waiting.Close)
	elsewhere := httptest.NewServer(http.RedirectHandler(waiting.URL+"/healthz", http.StatusFound))
	t.Cleanup(elsewhere.Close)
	gone := httptest.NewServer(nil)
	gone.Close()
	for _, tt := range []struct {
		name, url string
		status    int
		says      string
	}{
		{"alive", waiting.URL + "/healthz", exitPassed, ""},
		{"not ready", waiting.URL + "/readyz", exitFailed, "bonafide: not healthy: " + waiting.URL + "/readyz answers 503 Service Unavailable\n"},
		{"led elsewhere", elsewhere.URL, exitFailed, "answers 302 Found"},
		{"nobody listens", gone.URL, exitFailed, "is the server started, and does it listen there?"},
		{"no address", "127.0.0.1:8080", exitUsage, "--url 127.0.0.1:8080: give an address like http://127.0.0.1:8080/healthz"},
		{"no scheme that is asked", "file:///healthz", exitUsage, "give an address like"},
		{"not an address", "http://%", exitUsage, "give an address like"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, out, stderr := command(t, "healthcheck", "--url", tt.url)
			if status != tt.status || out != "" || !strings.Contains(stderr, tt.says) || tt.says == "" && stderr != "" {
				t.Errorf("status %d, %q, %q", status, out, stderr)
			}
		})
	}
}

// The variable names what an image's own check asks, and a proxy is not asked.
func TestHealthcheckAsksTheServerItself(t *testing.T) {
	server := httptest.NewServer(web.Waiting())
	t.Cleanup(server.Close)
	t.Setenv("BONAFIDE_HEALTHCHECK_URL", server.URL+"/healthz")
	t.Setenv("HTTP_PROXY", "http://proxy.invalid")
	if status, _, stderr := command(t, "healthcheck"); status != exitPassed {
		t.Errorf("status %d: %s", status, stderr)
	}
}
