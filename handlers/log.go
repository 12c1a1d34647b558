package handlers

import (
	"context"
	"net/http"

	"github.com/rs/zerolog"
)

// logKey is where a delivery's logger is kept. Where zerolog keeps one the dispatcher
// would find it, and write lines with names of its own.
type logKey struct{}

func loggerOf(ctx context.Context) zerolog.Logger {
	if log, ok := ctx.Value(logKey{}).(zerolog.Logger); ok {
		return log
	}
	return zerolog.Nop()
}

// logger is for what is said of a delivery before it is known what it is about.
func logger(r *http.Request) zerolog.Logger {
	return loggerOf(r.Context()).With().Str("event", r.Header.Get("X-GitHub-Event")).
		Str("delivery", r.Header.Get("X-GitHub-Delivery")).Logger()
}
