package queue

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/riverqueue/river"
	"riverqueue.com/riverui"
)

// Pages are River's own pages about the jobs, for the paths below prefix ("/jobs"). They
// show what a job is about, and can cancel, retry and delete jobs and pause queues: they
// are for operators alone, and ask nobody who they are.
func (r *River) Pages(prefix string) (http.Handler, error) {
	pages, err := r.pages(prefix)
	if err != nil {
		return nil, fmt.Errorf("queue: River's pages: %w", err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		ctx, cancel := context.WithTimeout(req.Context(), pageTime)
		defer cancel()
		pages.ServeHTTP(w, req.WithContext(ctx))
	}), nil
}

// pagesOf makes what Pages shows. It is not started: all that would do is to count the
// jobs every few seconds, also where nobody looks.
func pagesOf[TTx any](c *river.Client[TTx], log *slog.Logger) func(prefix string) (http.Handler, error) {
	return func(prefix string) (http.Handler, error) {
		return riverui.NewHandler(&riverui.HandlerOpts{Endpoints: riverui.NewEndpoints(c, nil), Logger: log, Prefix: prefix})
	}
}
