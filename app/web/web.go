// Package web is what the server answers over HTTP: the webhook endpoint, the health
// pages, and the pages for people.
package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"time"

	"github.com/bonafide-app/bonafide/app/mask"
)

// readyTimeout bounds one look at what the server depends on: orchestrators ask
// every few seconds and give up after one or two.
const readyTimeout = 2 * time.Second

// Options are the parts that the server is made of.
type Options struct {
	// Webhook answers POST /api/github/hook, and says itself what it thinks of other
	// methods.
	Webhook http.Handler
	// Ready says why deliveries cannot be taken now, nil if they can.
	Ready func(ctx context.Context) error
	// Health is what /healthz shows beside "status": facts for operators, no secrets.
	Health func() map[string]string
	// Pages are those for people; nil: there are none.
	Pages *Pages
}

// New makes the handler of the server.
func New(o Options) (http.Handler, error) {
	if o.Webhook == nil || o.Ready == nil || o.Health == nil {
		return nil, errors.New("the web server needs a webhook handler, a readiness check and a health report")
	}
	mux := http.NewServeMux()
	mux.Handle("/api/github/hook", o.Webhook)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		facts := map[string]string{"status": "alive"}
		maps.Copy(facts, o.Health())
		answer(w, http.StatusOK, facts)
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
		defer cancel()
		if err := o.Ready(ctx); err != nil {
			answer(w, http.StatusServiceUnavailable, map[string]string{"status": "not ready", "reason": mask.Text(err.Error())})
			return
		}
		answer(w, http.StatusOK, map[string]string{"status": "ready"})
	})
	if o.Pages != nil {
		pages, err := o.Pages.guarded()
		if err != nil {
			return nil, fmt.Errorf("the pages: %w", err)
		}
		mux.Handle("/", pages)
	}
	return careful(mux), nil
}

func answer(w http.ResponseWriter, status int, body map[string]string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client is gone if this fails
}
