package web

import (
	"context"
	"fmt"
	"net/http"

	"github.com/klauspost/compress/gzhttp"
)

// compression answers with gzip whoever takes it. Pages say what was asked for beside what
// only some may read: a little noise hides from a listener how well the two go together
// (BREACH).
func compression() (func(http.Handler) http.Handler, error) {
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(minCompressed), gzhttp.RandomJitter(jitter, 0, false))
	if err != nil {
		return nil, fmt.Errorf("compression of pages: %w", err)
	}
	return func(h http.Handler) http.Handler { return wrap(h) }, nil
}

// inTime ends what a page asks for after pageTimeout.
func inTime(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), pageTimeout)
		defer cancel()
		h.ServeHTTP(w, r.WithContext(ctx))
	})
}
