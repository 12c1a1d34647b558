package web

import (
	"net/http"
)

// Waiting answers in the place of a server that is not set up yet: it is alive, and takes
// nothing. What GitHub sends meanwhile stays in its log.
func Waiting() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]string{"status": "alive", "setup": "not done"})
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "60")
		answer(w, http.StatusServiceUnavailable, map[string]string{"status": "not ready", "reason": "This server is being set up. The operator's terminal shows the link to go on."})
	})
	return careful(mux)
}
