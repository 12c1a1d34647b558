package registry

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// changing is a registry whose documents have ETags.
type changing struct {
	mu           sync.Mutex
	etag         string
	deaf         bool     // it ignores If-None-Match
	always304    bool     // also where nobody asked
	asked        []string // the If-None-Match of each request, "" for none
	cacheControl string
}

func (c *changing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	had := r.Header.Get("If-None-Match")
	c.asked = append(c.asked, had)
	if c.etag != "" {
		w.Header().Set("ETag", c.etag)
	}
	w.Header().Set("Cache-Control", c.cacheControl)
	if c.always304 || had != "" && had == c.etag && !c.deaf {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	switch {
	case strings.Contains(r.RequestURI, "attestations"):
		io.WriteString(w, `{"attestations":[]}`)
	case strings.HasSuffix(r.URL.Path, "/1.0.0"):
		io.WriteString(w, versionDocument("a", "1.0.0"))
	default:
		io.WriteString(w, `{"name":"a","versions":{"1.0.0":{}}}`)
	}
}

// readers ask for each kind of document on a condition.
func readers(t *testing.T, npm *NPM) map[string]func(etag string) (string, error) {
	return map[string]func(string) (string, error){
		"release": func(etag string) (string, error) {
			r, err := npm.ReleaseIfChanged(t.Context(), pkg("a", "1.0.0"), etag)
			return r.ETag, err
		},
		"attestations": func(etag string) (string, error) {
			_, now, err := npm.AttestationsIfChanged(t.Context(), pkg("a", "1.0.0"), etag)
			return now, err
		},
		"history": func(etag string) (string, error) {
			h, err := npm.HistoryIfChanged(t.Context(), "a", etag)
			return h.ETag, err
		},
	}
}

func TestADocumentIsReadAgainOnlyWhereItChanged(t *testing.T) {
	long := `"` + strings.Repeat("x", maxETag-2) + `"`
	for name, x := range map[string]struct {
		etag, had string
		deaf      bool
		sent      string // If-None-Match
		same      bool
		states    string // the ETag of an answer
	}{
		"the same":                   {etag: `"v1"`, had: `"v1"`, sent: `"v1"`, same: true},
		"the same, weakly":           {etag: `W/"v1"`, had: `W/"v1"`, sent: `W/"v1"`, same: true},
		"another":                    {etag: `"v2"`, had: `"v1"`, sent: `"v1"`, states: `"v2"`},
		"nothing to compare":         {etag: `"v1"`, states: `"v1"`},
		"a registry that is deaf":    {etag: `"v1"`, had: `"v1"`, deaf: true, sent: `"v1"`, states: `"v1"`},
		"no ETag":                    {had: `"v1"`, sent: `"v1"`},
		"the longest ETag":           {etag: long, had: long, sent: long, same: true},
		"an ETag that is too long":   {etag: long + "x", had: long + "x"},
		"an ETag without quotes":     {etag: "v1", had: "v1"},
		"a list of ETags":            {etag: `"v1"`, had: `"v1", "v2"`, states: `"v1"`},
		"whatever there is":          {etag: `"v1"`, had: "*", states: `"v1"`},
		"an ETag with a line in it":  {etag: `"v1"`, had: "\"v1\r\nX: y\"", states: `"v1"`},
		"a quote that is alone":      {etag: `"`, had: `"`},
		"an ETag with nothing in it": {etag: `""`, had: `""`, sent: `""`, same: true},
	} {
		t.Run(name, func(t *testing.T) {
			host := &changing{etag: x.etag, deaf: x.deaf}
			npm := newNPM(t, "", host.ServeHTTP)
			for kind, read := range readers(t, npm) {
				host.asked = nil
				states, err := read(x.had)
				if errors.Is(err, ErrNotModified) != x.same || err != nil && !x.same || states != x.states {
					t.Errorf("%s: %q, %v", kind, states, err)
				}
				if len(host.asked) != 1 || host.asked[0] != x.sent {
					t.Errorf("%s: asked with %q, want %q", kind, host.asked, x.sent)
				}
			}
		})
	}
}

func TestAnAnswerThatNothingChangedIsAFailureWhereNobodyAskedThat(t *testing.T) {
	host := &changing{always304: true}
	npm := newNPM(t, "", host.ServeHTTP)
	for kind, read := range readers(t, npm) {
		_, err := read("")
		var failure *Failure
		if !errors.As(err, &failure) || errors.Is(err, ErrNotModified) || !strings.Contains(failure.Reason, "status 304") {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestWhoHasADocumentAndWhoHasNotAskForThemselves(t *testing.T) {
	host := &changing{etag: `"v1"`}
	npm := newNPM(t, "", host.ServeHTTP)
	host.mu.Lock() // until both are on their way
	had, fresh := make(chan error), make(chan error)
	go func() { _, err := npm.ReleaseIfChanged(t.Context(), pkg("a", "1.0.0"), `"v1"`); had <- err }()
	go func() { _, err := npm.Release(t.Context(), pkg("a", "1.0.0")); fresh <- err }()
	host.mu.Unlock()
	if err := <-had; !errors.Is(err, ErrNotModified) {
		t.Error(err)
	}
	if err := <-fresh; err != nil {
		t.Error(err)
	}
}

func TestAnAnswerStaysRightForAsLongAsTheRegistrySays(t *testing.T) {
	for stated, want := range map[string]time.Duration{
		"":                             0,
		"public, max-age=300":          5 * time.Minute,
		"Public,MAX-AGE=300":           5 * time.Minute,
		"max-age=99999999999999999999": maxFresh,
		"max-age=7200":                 maxFresh,
		"max-age=300, max-age=60":      time.Minute,
		"max-age=300, no-cache":        0,
		"no-store, max-age=300":        0,
		"max-age=-1":                   0,
		"max-age=soon":                 0,
		`max-age="300"`:                0,
		"s-maxage=300":                 0,
	} {
		if got := maxAge(http.Header{"Cache-Control": {stated}}); got != want {
			t.Errorf("%q: %v, want %v", stated, got, want)
		}
	}
	for age, want := range map[string]time.Duration{"100": 200 * time.Second, "300": 0, "99999999999999999999": 0, "old": 5 * time.Minute} {
		if got := maxAge(http.Header{"Cache-Control": {"max-age=300"}, "Age": {age}}); got != want {
			t.Errorf("Age %q: %v, want %v", age, got, want)
		}
	}
	host := &changing{cacheControl: "public, max-age=300"}
	npm := newNPM(t, "", host.ServeHTTP)
	r, err := npm.Release(t.Context(), pkg("a", "1.0.0"))
	h, herr := npm.History(t.Context(), "a")
	if err != nil || herr != nil || r.MaxAge != 5*time.Minute || h.MaxAge != 5*time.Minute {
		t.Errorf("%v, %v; %v, %v", r.MaxAge, err, h.MaxAge, herr)
	}
}

func FuzzStamp(f *testing.F) {
	f.Add(`W/"v1"`, "max-age=300", "1")
	f.Add(`"`, "max-age=300,,=", "-1")
	f.Fuzz(func(t *testing.T, etag, control, age string) {
		s := readStamp(http.Header{"Etag": {etag}, "Cache-Control": {control}, "Age": {age}})
		if s.maxAge < 0 || s.maxAge > maxFresh {
			t.Errorf("fresh for %v", s.maxAge)
		}
		if s.etag == "" {
			return
		}
		if s.etag != etag || len(etag) > maxETag || strings.ContainsAny(etag, "\r\n\x00 ") || strings.Count(etag, `"`) != 2 {
			t.Errorf("taken: %q", etag)
		}
	})
}
