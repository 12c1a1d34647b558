package handlers

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"runtime/debug"
	"strings"
	"sync/atomic"

	"github.com/google/uuid"
	"github.com/palantir/go-githubapp/githubapp"
	"github.com/rs/zerolog"
	"golang.org/x/sync/semaphore"

	"github.com/bonafide-app/bonafide/app/queue"
)

// Route is where GitHub delivers.
const Route = githubapp.DefaultWebhookRoute

// Endpoint receives GitHub's deliveries.
//
//	200  stored, or an event of ours that asks for nothing; ping
//	202  an event that Bonafide does not act on
//	400  a missing, weak, odd or wrong signature; a body that is not a delivery
//	405  another method than POST
//	413  over MaxBodyBytes
//	422  signed, but not what its event must be
//	500  a panic
//	503  it could not be stored, too much is being received, or the server is ending
//
// A 2xx is written only after every job of the delivery was stored.
type Endpoint struct {
	dispatcher http.Handler
	log        zerolog.Logger
	pending    *semaphore.Weighted // bytes of bodies that are held
	draining   atomic.Bool
}

// NewEndpoint makes an Endpoint. It refuses an empty secret, because with one the
// dispatcher would take every unsigned delivery.
func NewEndpoint(secret string, appID int64, q queue.Queue, log zerolog.Logger) (*Endpoint, error) {
	switch {
	case strings.TrimSpace(secret) == "":
		return nil, errors.New("the webhook secret is empty: without one anybody could send events")
	case appID <= 0:
		return nil, fmt.Errorf("the App id is %d: it must be the number that GitHub shows as App ID", appID)
	case q == nil:
		return nil, errors.New("the webhook endpoint needs a queue")
	}
	return newEndpoint(secret, All(appID, q), log), nil
}

func newEndpoint(secret string, handlers []githubapp.EventHandler, log zerolog.Logger) *Endpoint {
	return &Endpoint{log: log, pending: semaphore.NewWeighted(MaxPendingBytes), dispatcher: githubapp.NewEventDispatcher(handlers, secret,
		githubapp.WithScheduler(atOnce{}), githubapp.WithErrorCallback(refuse))}
}

// Drain refuses every further delivery, so that the server can end. GitHub's log
// keeps what is refused.
func (e *Endpoint) Drain() { e.draining.Store(true) }

func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	got := receiptOf(r.Context())
	r = r.WithContext(context.WithValue(r.Context(), logKey{}, e.log))
	if r.Method != http.MethodPost {
		got.reason = BadMethod
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "Deliveries are sent by POST.", http.StatusMethodNotAllowed)
		return
	}
	if e.draining.Load() {
		got.reason = Ending
		http.Error(w, "The server is ending.", http.StatusServiceUnavailable)
		return
	}
	// The dispatcher would fall back to SHA-1, and a "sha1=" value is taken in the
	// SHA-256 header too.
	if !signatureShape.MatchString(r.Header.Get("X-Hub-Signature-256")) {
		got.reason = BadSignature
		http.Error(w, "The X-Hub-Signature-256 header is missing or is no signature.", http.StatusBadRequest)
		return
	}
	r.Header.Del("X-Hub-Signature")
	if r.ContentLength > MaxBodyBytes {
		got.reason = TooLarge
		tooLarge(w)
		return
	}
	// Read here, because the dispatcher would answer 400 for a body that is too large.
	incoming := &metered{body: http.MaxBytesReader(w, r.Body, MaxBodyBytes), pending: e.pending}
	defer incoming.release()
	body, err := io.ReadAll(incoming)
	switch over := (*http.MaxBytesError)(nil); {
	case errors.As(err, &over):
		got.reason = TooLarge
		tooLarge(w)
		return
	case errors.Is(err, errPending):
		got.reason = Busy
		log := logger(r)
		log.Warn().Msg("refused a delivery: too much is being received")
		http.Error(w, "Too much is being received. Send it again.", http.StatusServiceUnavailable)
		return
	case err != nil:
		got.reason = Unread
		http.Error(w, "The delivery could not be read.", http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.Header.Set("X-GitHub-Delivery", deliveryID(r.Header, body))
	e.dispatcher.ServeHTTP(w, r)
}

var signatureShape = regexp.MustCompile(`^sha256=[0-9a-fA-F]{64}$`)

func tooLarge(w http.ResponseWriter) {
	http.Error(w, fmt.Sprintf("The delivery is over %d bytes.", MaxBodyBytes), http.StatusRequestEntityTooLarge)
}

// errPending is the error for a body that there is no room for.
var errPending = errors.New("too many bytes are pending")

// metered counts the bytes of a body against what may be held. It counts what came,
// not what was announced, so that an announcement alone keeps nobody out.
type metered struct {
	body    io.Reader
	pending *semaphore.Weighted
	held    int64
}

func (m *metered) Read(p []byte) (int, error) {
	n, err := m.body.Read(p)
	if n > 0 {
		if !m.pending.TryAcquire(int64(n)) {
			return 0, errPending
		}
		m.held += int64(n)
	}
	return n, err
}

func (m *metered) release() { m.pending.Release(m.held) }

// deliveryID is the delivery's GUID, which stays the same when it is sent again.
// Where the header holds none, the body stands for it.
func deliveryID(h http.Header, body []byte) string {
	if id := h.Get("X-GitHub-Delivery"); len(id) == 36 {
		if id, err := uuid.Parse(id); err == nil {
			return id.String()
		}
	}
	named := append([]byte(h.Get("X-GitHub-Event")+"\n"), body...)
	return uuid.NewHash(sha256.New(), uuid.Nil, named, 8).String()
}

// atOnce runs a handler before the delivery is answered: all it does is to store jobs.
type atOnce struct{}

func (atOnce) Schedule(ctx context.Context, d githubapp.Dispatch) (err error) {
	defer func() {
		if p := recover(); p != nil {
			log := loggerOf(ctx)
			log.Error().Str("event", d.EventType).Str("delivery", d.DeliveryID).Interface("panic", p).Bytes("stack", debug.Stack()).Msg("panic while handling a delivery")
			err = errors.New("panic")
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, StoreTimeout)
	defer cancel()
	return d.Execute(ctx)
}

// refuse answers a delivery that was not taken. What it says holds nothing of the
// payload.
func refuse(w http.ResponseWriter, r *http.Request, err error) {
	log, got := logger(r), receiptOf(r.Context())
	if got.failed != nil {
		log = got.failed.Log(loggerOf(r.Context()))
	}
	var invalid githubapp.ValidationError
	switch {
	case errors.As(err, &invalid):
		got.reason = BadSignature
		log.Warn().Err(invalid.Cause).Msg("refused a delivery: wrong signature or headers")
		http.Error(w, "The signature or a header is wrong.", http.StatusBadRequest)
	case errors.Is(err, ErrPayload):
		got.reason = BadPayload
		log.Error().Err(err).Msg("refused a delivery: the payload is not what its event must be")
		http.Error(w, "The payload is not what its event must be.", http.StatusUnprocessableEntity)
	case errors.Is(err, ErrStore):
		got.reason = NotStored
		log.Error().Err(err).Msg("refused a delivery: it could not be stored")
		http.Error(w, "The delivery could not be stored.", http.StatusServiceUnavailable)
	default:
		got.reason = Fault
		log.Error().Err(err).Msg("a delivery failed")
		http.Error(w, "Internal error.", http.StatusInternalServerError)
	}
}
