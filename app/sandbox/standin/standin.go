// Package standin is a GitHub and a registry that answer from memory, each request after
// a fixed time: what the App is measured against. It knows the calls of one pull request
// and enforces no rule of GitHub: that is what package forge is for.
package standin

import (
	"bytes"
	"compress/gzip"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Server serves over TLS and HTTP/2 on loopback, as both hosts do.
type Server struct {
	*httptest.Server
	asked atomic.Int64

	mu      sync.Mutex
	unknown []string
}

// serve answers by h, each request after latency.
func serve(h http.Handler, latency time.Duration) *Server {
	s := &Server{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		if latency > 0 {
			due := time.NewTimer(latency)
			defer due.Stop()
			select {
			case <-due.C:
			case <-r.Context().Done():
				return
			}
		}
		told := &status{ResponseWriter: w}
		h.ServeHTTP(told, r)
		if told.unknown {
			s.mu.Lock()
			s.unknown = append(s.unknown, r.Method+" "+r.URL.RequestURI())
			s.mu.Unlock()
		}
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	return s
}

// Asked is how many requests there were.
func (s *Server) Asked() int64 { return s.asked.Load() }

// Unknown are the requests that there is no answer to. Where there are any, what was
// measured is not what was to be measured.
func (s *Server) Unknown() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.unknown)
}

// CertificatePEM is what a client has to trust.
func (s *Server) CertificatePEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
}

// status remembers that a request has no route, or asks for what there is not.
type status struct {
	http.ResponseWriter
	unknown bool
}

// noRoute answers what nothing here knows.
func noRoute(w http.ResponseWriter, _ *http.Request) {
	if s, ok := w.(*status); ok {
		s.unknown = true
	}
	http.Error(w, "{}", http.StatusNotFound)
}

// answer is one that is made once and sent often.
type answer struct {
	media          string
	plain, zipped  []byte
	etag, modified string
}

// answerOf compresses what is worth it.
func answerOf(media string, body []byte) *answer {
	const worth = 1 << 10
	sum := sha256.Sum256(body)
	a := &answer{media: media, plain: body, etag: `W/"` + hex.EncodeToString(sum[:16]) + `"`}
	if len(body) >= worth {
		var b bytes.Buffer
		z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
		if err != nil {
			panic(err) // it is a level
		}
		_, _ = z.Write(body) // a buffer takes everything
		_ = z.Close()
		a.zipped = b.Bytes()
	}
	return a
}

// answerJSON is answerOf a value.
func answerJSON(v any) *answer {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // answers are made of strings, numbers, maps and lists
	}
	return answerOf("application/json; charset=utf-8", body)
}

func (a *answer) write(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("ETag", a.etag)
	if a.modified != "" {
		h.Set("Last-Modified", a.modified)
	}
	if r.Header.Get("If-None-Match") == a.etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", a.media)
	body := a.plain
	if a.zipped != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = a.zipped
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the client went away: nobody is left to tell
	}
}

// blobName is what git calls a file.
func blobName(content []byte) string {
	sum := sha1.Sum(slices.Concat(fmt.Appendf(nil, "blob %d\x00", len(content)), content))
	return hex.EncodeToString(sum[:])
}

// digest is a name of 40 hex digits, as commits and trees have.
func digest(format string, args ...any) string {
	sum := sha256.Sum256(fmt.Appendf(nil, format, args...))
	return hex.EncodeToString(sum[:20])
}
