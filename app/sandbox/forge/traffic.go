package forge

import (
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Request is one request to the REST API, as it came in and was answered.
type Request struct {
	Method, Path, Query string
	Route               string // pattern, "" when unknown
	Installation        int64  // 0 without an installation token
	Body                []byte
	Status              int // 0 when the connection was cut
	Fault               bool
	At                  time.Time
}

// traffic is the log of requests and the source of faults.
type traffic struct {
	mu       sync.Mutex
	requests []Request
	fault    func(*http.Request, string) *Fault
}

func (t *traffic) record(r Request) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.requests = append(t.requests, r)
}

// Requests lists every request to the REST API so far, oldest answer first.
func (s *Server) Requests() []Request {
	s.traffic.mu.Lock()
	defer s.traffic.mu.Unlock()
	return slices.Clone(s.traffic.requests)
}

// UnknownRoutes lists the requests to addresses that this server does not have. A
// test should fail on any.
func (s *Server) UnknownRoutes() []Request {
	return slices.DeleteFunc(s.Requests(), func(r Request) bool { return r.Route != "" })
}

// ForgetRequests empties the log.
func (s *Server) ForgetRequests() {
	s.traffic.mu.Lock()
	defer s.traffic.mu.Unlock()
	s.traffic.requests = nil
}

// Fault is something that goes wrong instead of, or after, a right answer.
type Fault struct {
	Status int // answered instead of the request's own work, unless 0
	Header http.Header
	Body   string
	// After does the request's work first: the answer is lost, its effect is not.
	After bool
	// Stall answers nothing until the client gives up or the server is closed.
	Stall bool
	// Reset cuts the connection without an answer.
	Reset bool
	// Truncate cuts the connection in the middle of the right answer's body.
	Truncate bool
}

// SetFault asks fault before every request to the REST API what goes wrong with
// it; nil, and a nil answer, mean nothing does. The route is the pattern of the
// address ("POST /repos/{owner}/{repo}/check-runs"). It is called from many
// goroutines at once.
func (s *Server) SetFault(fault func(r *http.Request, route string) *Fault) {
	s.traffic.mu.Lock()
	defer s.traffic.mu.Unlock()
	s.traffic.fault = fault
}

func (t *traffic) faultFor(r *http.Request, route string) *Fault {
	t.mu.Lock()
	fault := t.fault
	t.mu.Unlock()
	if fault == nil {
		return nil
	}
	return fault(r, route)
}

// PrimaryLimit is the answer once the hour's requests are used up.
func PrimaryLimit(reset time.Time) *Fault {
	return &Fault{Status: http.StatusForbidden, Header: http.Header{
		"X-Ratelimit-Limit": {"5000"}, "X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Used": {"5000"}, "X-Ratelimit-Resource": {"core"},
		"X-Ratelimit-Reset": {strconv.FormatInt(reset.Unix(), 10)}},
		Body: `{"message":"API rate limit exceeded for installation.","documentation_url":"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api","status":"403"}`}
}

// SecondaryLimit is the answer to too much at once: 403, or 429 as GitHub also
// does, with Retry-After unless that is 0.
func SecondaryLimit(status int, retryAfter time.Duration) *Fault {
	f := &Fault{Status: status, Header: http.Header{},
		Body: `{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again.","documentation_url":"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits","status":"` + strconv.Itoa(status) + `"}`}
	if retryAfter > 0 {
		f.Header.Set("Retry-After", strconv.Itoa(int(retryAfter/time.Second)))
	}
	return f
}

// BadGateway is what stands before GitHub answering for it.
func BadGateway() *Fault {
	return &Fault{Status: http.StatusBadGateway, Header: http.Header{"Content-Type": {"text/html"}}, Body: "<html><head><title>502 Bad Gateway</title></head></html>"}
}

// Sometimes draws, by a seed, whether a request suffers one of the faults: each
// with the same chance, any with the given probability.
func Sometimes(seed uint64, probability float64, faults ...*Fault) func(*http.Request, string) *Fault {
	var mu sync.Mutex
	draw := rand.New(rand.NewPCG(seed, seed))
	return func(*http.Request, string) *Fault {
		mu.Lock()
		defer mu.Unlock()
		if len(faults) == 0 || draw.Float64() >= probability {
			return nil
		}
		return faults[draw.IntN(len(faults))]
	}
}

// play answers with a fault and returns the status, 0 if the connection was cut.
func (f *Fault) play(w http.ResponseWriter, r *http.Request, closed <-chan struct{}) (status int) {
	switch {
	case f.Stall:
		_, _ = io.Copy(io.Discard, r.Body) // so that the server notices a client that leaves
		select {
		case <-r.Context().Done():
		case <-closed:
		}
		cut(w)
		return 0
	case f.Reset:
		cut(w)
		return 0
	}
	for name, values := range f.Header {
		w.Header()[name] = values
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
	}
	w.WriteHeader(f.Status)
	_, _ = io.WriteString(w, f.Body) // an error means the client is gone
	return f.Status
}

// cut ends the connection without a word.
func cut(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if errors.Is(err, http.ErrNotSupported) {
		panic(http.ErrAbortHandler) // HTTP/2, or a recorder
	}
	if err == nil {
		_ = conn.Close()
	}
}
