package handlers

import (
	"context"
	"net/http"
	"slices"

	"github.com/bonafide-app/bonafide/app/queue"
)

// What becomes of a delivery.
const (
	Stored  = "stored"  // its jobs are
	Ignored = "ignored" // it asks for nothing
	Refused = "refused" // GitHub's log keeps it as failed
)

// Why a delivery is refused.
const (
	BadMethod    = "method"
	BadSignature = "signature" // or a header
	BadPayload   = "payload"
	TooLarge     = "too_large"
	Unread       = "unread" // the connection ended before the body did
	Busy         = "busy"   // too much is being received
	Ending       = "ending" // the server is
	NotStored    = "not_stored"
	Fault        = "fault" // ours
)

// Watched tells seen what became of each delivery that the endpoint answers: result is
// Stored, Ignored or Refused, reason says why it is refused. The event is one that
// Bonafide knows, else "other": its header is an outsider's.
func Watched(endpoint http.Handler, seen func(event, result, reason string)) http.Handler {
	known := events()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := &receipt{}
		event := r.Header.Get("X-GitHub-Event")
		if !slices.Contains(known, event) {
			event = "other"
		}
		defer func() {
			switch {
			case got.reason != "":
				seen(event, Refused, got.reason)
			case got.stored > 0:
				seen(event, Stored, "")
			default:
				seen(event, Ignored, "")
			}
		}()
		endpoint.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), receiptKey{}, got)))
	})
}

// events are those that GitHub sends without being asked for, and those that Bonafide
// acts on or that app.yml asks for.
func events() []string {
	list := []string{"ping", "github_app_authorization", "repository", "push", "release", "public"}
	for _, h := range All(0, nil) {
		list = append(list, h.Handles()...)
	}
	return list
}

// receipt notes what becomes of one delivery.
type receipt struct {
	stored int        // jobs
	failed *queue.Job // the one that could not be stored
	reason string     // why it is refused
}

type receiptKey struct{}

// receiptOf is the delivery's; one that nobody reads where nobody watches.
func receiptOf(ctx context.Context) *receipt {
	if got, ok := ctx.Value(receiptKey{}).(*receipt); ok {
		return got
	}
	return &receipt{}
}
