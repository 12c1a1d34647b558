package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// packuments answers for packages, each of so many releases.
type packuments struct {
	mu                 sync.Mutex
	releases           int
	etag, cacheControl string
	status             int
	asked              []string // the If-None-Match of each request
}

func (p *packuments) RoundTrip(r *http.Request) (*http.Response, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, r.Header.Get("If-None-Match"))
	resp := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Request: r, Body: http.NoBody}
	resp.Header.Set("Cache-Control", p.cacheControl)
	if p.etag != "" {
		resp.Header.Set("ETag", p.etag)
	}
	switch {
	case p.status != 0:
		resp.StatusCode = p.status
	case p.etag != "" && p.etag == r.Header.Get("If-None-Match"):
		resp.StatusCode = http.StatusNotModified
	default:
		var b strings.Builder
		fmt.Fprintf(&b, `{"name":%q,"versions":{`, strings.TrimPrefix(r.URL.Path, "/"))
		for i := range p.releases {
			fmt.Fprintf(&b, `"1.%d.0":{},`, i)
		}
		b.WriteString(`"0.0.0":{}}}`)
		resp.Body = io.NopCloser(strings.NewReader(b.String()))
	}
	return resp, nil
}

func (p *packuments) requests() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer func() { p.asked = nil }()
	return fmt.Sprintf("%q", p.asked)
}

type scopeKey struct{}

func remembering(t *testing.T, p *packuments) *Remembered {
	t.Helper()
	client, err := New(Options{Transport: p, RetryWait: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	npm, err := NewNPM(client, "https://npm.example/")
	if err != nil {
		t.Fatal(err)
	}
	return Remember(npm, func(ctx context.Context) (string, bool) {
		scope, _ := ctx.Value(scopeKey{}).(string)
		return scope, scope != "nobody"
	})
}

func TestAHistoryIsRememberedForAsLongAsTheRegistrySays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &packuments{releases: 2, etag: `"v1"`, cacheControl: "max-age=60"}
		r := remembering(t, p)
		is := func(what, requests string, releases int) {
			t.Helper()
			h, err := r.History(t.Context(), "a")
			if err != nil || len(h.Releases) != releases+1 {
				t.Errorf("%s: %d releases, %v", what, len(h.Releases), err)
			}
			if got := p.requests(); got != requests {
				t.Errorf("%s: asked %s, want %s", what, got, requests)
			}
		}
		is("first", `[""]`, 2)
		is("at once", `[]`, 2)
		time.Sleep(time.Minute)
		is("after its time", `["\"v1\""]`, 2)
		is("asked and the same", `[]`, 2)
		p.etag, p.releases, p.cacheControl = `"v2"`, 3, "max-age=3600"
		time.Sleep(time.Minute)
		is("changed", `["\"v1\""]`, 3)
		time.Sleep(maxUnasked - 1)
		is("within five minutes", `[]`, 3)
		time.Sleep(time.Nanosecond)
		is("after five minutes", `["\"v2\""]`, 3)

		p.etag = "" // a registry without conditions, but with a time
		time.Sleep(maxUnasked)
		is("no ETag", `["\"v2\""]`, 3)
		is("no ETag, at once", `[]`, 3)
		time.Sleep(maxUnasked)
		is("no ETag, later", `[""]`, 3)
		p.cacheControl = "no-cache"
		time.Sleep(maxUnasked)
		is("neither", `[""]`, 3)
		is("neither, at once", `[""]`, 3)
		if len(r.byKey) != 0 || r.bytes != 0 {
			t.Errorf("%d kept, %d bytes", len(r.byKey), r.bytes)
		}
	})
}

func TestWhatARegistryDoesNotAnswerIsNotMadeUpFromMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &packuments{etag: `"v1"`}
		r := remembering(t, p)
		if _, err := r.History(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		var failure *Failure
		p.status = http.StatusForbidden
		if h, err := r.History(t.Context(), "a"); !errors.As(err, &failure) || h.Name != "" {
			t.Errorf("%+v, %v", h, err)
		}
		p.status = http.StatusNotFound
		if h, err := r.History(t.Context(), "a"); !errors.Is(err, ErrNotFound) || h.Name != "" || len(r.byKey) != 0 {
			t.Errorf("%+v, %v", h, err)
		}
		p.status = http.StatusNotModified // to nobody's question
		if _, err := r.History(t.Context(), "a"); !errors.As(err, &failure) {
			t.Error(err)
		}
	})
}

func TestAHistoryIsShownToNobodyOfAnotherScope(t *testing.T) {
	p := &packuments{etag: `"v1"`, cacheControl: "max-age=60"}
	r := remembering(t, p)
	for _, x := range []struct{ scope, requests string }{{"1", `[""]`}, {"1", `[]`}, {"2", `[""]`}, {"nobody", `[""]`}, {"nobody", `[""]`}, {"2", `[]`}} {
		if _, err := r.History(context.WithValue(t.Context(), scopeKey{}, x.scope), "a"); err != nil {
			t.Fatal(err)
		}
		if got := p.requests(); got != x.requests {
			t.Errorf("%s: asked %s, want %s", x.scope, got, x.requests)
		}
	}
}

func TestMemoryIsForTheHistoriesThatWereAskedForLast(t *testing.T) {
	p := &packuments{etag: `"v1"`, cacheControl: "max-age=60", releases: maxRemembered / pastBytes / 4}
	r := remembering(t, p)
	read := func(name, requests string) {
		t.Helper()
		if _, err := r.History(t.Context(), name); err != nil {
			t.Fatal(err)
		}
		if got := p.requests(); got != requests {
			t.Errorf("%s: asked %s, want %s", name, got, requests)
		}
		if r.bytes > maxRemembered || len(r.byKey) != r.recent.Len() {
			t.Errorf("%d bytes, %d of %d", r.bytes, len(r.byKey), r.recent.Len())
		}
	}
	for _, name := range []string{"a", "b", "c"} {
		read(name, `[""]`)
	}
	read("a", `[]`)
	read("d", `[""]`) // b goes
	read("a", `[]`)
	read("c", `[]`)
	read("b", `[""]`)
	p.releases = 0
	if r.keep("\nhuge", History{Name: "huge", ETag: `"v"`, Releases: make([]Past, maxRemembered/pastBytes+1)}); r.byKey["\nhuge"] != nil || len(r.byKey) != 3 {
		t.Error("a history that takes all is kept")
	}
}
