package npm_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/bonafide-app/bonafide/app/sandbox/npm"
	"github.com/bonafide-app/bonafide/app/sandbox/sigstore"
)

func FuzzRequestPath(f *testing.F) {
	for _, path := range []string{"/", "/one", "/one/1.0.0", "/@a%2fb", "/@a/b/-/b-1.0.0.tgz", "/-/npm/v1/keys",
		"/-/npm/v1/attestations/one@1.0.0", "//", "/-/", "/@", "/%2f%2f", "/one/-/", "/%zz"} {
		f.Add(path)
	}
	s, err := sigstore.New(clock)
	if err != nil {
		f.Fatal(err)
	}
	r, err := npm.New(s, clock)
	if err != nil {
		f.Fatal(err)
	}
	if _, err := r.Publish(npm.Release{Name: "one", Version: "1.0.0"}); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, path string) {
		u := &url.URL{Path: path, RawPath: path}
		if unescaped, err := url.PathUnescape(path); err == nil {
			u.Path = unescaped
		}
		w := httptest.NewRecorder()
		r.ServeHTTP(w, &http.Request{Method: http.MethodGet, URL: u, Header: http.Header{}})
		switch {
		case w.Code != http.StatusOK && w.Code != http.StatusNotFound:
			t.Errorf("%q: status %d", path, w.Code)
		case w.Header().Get("Content-Type") == "application/json" && !json.Valid(w.Body.Bytes()):
			t.Errorf("%q: not JSON: %q", path, w.Body)
		}
	})
}
