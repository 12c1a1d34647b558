package registry

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
)

func pkg(name, version string) dep.Package {
	return dep.Package{Ecosystem: dep.NPM, Name: name, Version: version}
}

// versionDocument is what a registry answers for a release.
func versionDocument(name, version string) string {
	return fmt.Sprintf(`{"name":%q,"version":%q,"dist":{"integrity":"sha512-%s","signatures":[{"keyid":"SHA256:k","sig":"c2ln"}]}}`,
		name, version, strings.Repeat("A", 86)+"==")
}

// newNPM serves handler on loopback and makes a registry of it with the prefix.
func newNPM(t *testing.T, prefix string, handler http.HandlerFunc, options ...func(*Options)) *NPM {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return newNPMAt(t, server.URL+prefix, options...)
}

func newNPMAt(t *testing.T, address string, options ...func(*Options)) *NPM {
	t.Helper()
	o := Options{RetryWait: time.Millisecond, Registries: []string{address}}
	for _, set := range options {
		set(&o)
	}
	client, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	npm, err := NewNPM(client, address)
	if err != nil {
		t.Fatal(err)
	}
	return npm
}

func TestEveryAddressIsBuiltFromTheConfiguredOne(t *testing.T) {
	for _, prefix := range []string{"", "/", "/npm/mirror", "/npm//mirror/"} {
		t.Run(prefix, func(t *testing.T) {
			var mu sync.Mutex
			var asked []string
			npm := newNPM(t, prefix, func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				asked = append(asked, r.Method+" "+r.RequestURI)
				mu.Unlock()
				switch {
				case r.Method == http.MethodHead:
					w.Header().Set("Last-Modified", "Tue, 04 Nov 2025 10:00:00 GMT")
				case strings.Contains(r.RequestURI, "attestations"):
					io.WriteString(w, `{"attestations":[{"predicateType":"p","bundle":{"a":1}}]}`)
				default:
					io.WriteString(w, versionDocument("@scope/name", "1.0.0+build.5"))
				}
			})
			p := pkg("@scope/name", "1.0.0+build.5")
			r, err := npm.Release(t.Context(), p)
			if err != nil || r.Package != p || len(r.Signatures) != 1 {
				t.Fatalf("Release = %+v, %v", r, err)
			}
			as, err := npm.Attestations(t.Context(), p)
			if err != nil || len(as) != 1 || as[0].PredicateType != "p" || string(as[0].Bundle) != `{"a":1}` {
				t.Fatalf("Attestations = %+v, %v", as, err)
			}
			date, err := npm.PublishedAt(t.Context(), p)
			if err != nil || date.Time != time.Date(2025, 11, 4, 10, 0, 0, 0, time.UTC) || date.Source != "tarball Last-Modified" {
				t.Fatalf("PublishedAt = %+v, %v", date, err)
			}
			clean := strings.TrimSuffix(strings.ReplaceAll(prefix, "//", "/"), "/")
			want := []string{
				"GET " + clean + "/@scope%2fname/1.0.0+build.5",
				"GET " + clean + "/-/npm/v1/attestations/@scope%2fname@1.0.0+build.5",
				"HEAD " + clean + "/@scope/name/-/name-1.0.0+build.5.tgz",
			}
			if got := strings.Join(asked, "\n"); got != strings.Join(want, "\n") {
				t.Fatalf("asked\n%s\nwant\n%s", got, strings.Join(want, "\n"))
			}
		})
	}
}

func TestAnAnswerThatIsNotTheDocumentIsAFailure(t *testing.T) {
	zipped := func(s []byte) []byte {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Write(s)
		z.Close()
		return b.Bytes()
	}
	bomb := zipped(append(append([]byte(`{"name":"`), bytes.Repeat([]byte("a"), maxVersionDocument)...), '"', '}'))
	good := versionDocument("left-pad", "1.3.0")
	body := func(s string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, s) }
	}
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		reason  string
		after   time.Duration
	}{
		"HTML": {body("<!doctype html><title>Log in</title>"), "answered with an HTML page", 0},
		"HTML named as JSON": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, " \n<html>")
		}, "answered with an HTML page", 0},
		"text":     {body("upstream is resting"), "answered with something that is not JSON", 0},
		"empty":    {body(""), "cut its answer off", 0},
		"cut JSON": {body(good[:len(good)-9]), "cut its answer off", 0},
		"cut connection": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "5000")
			io.WriteString(w, good)
		}, "cut its answer off", 0},
		"two documents":    {body(good + good), "more than one JSON value", 0},
		"member twice":     {body(`{"name":"left-pad","version":"1.3.0","version":"1.3.0","dist":{}}`), "names a member twice", 0},
		"array":            {body(`[]`), "JSON of another shape", 0},
		"integrity number": {body(`{"name":"left-pad","version":"1.3.0","dist":{"integrity":5}}`), `at "/dist/integrity"`, 0},
		"error document":   {body(`{"error":"not today"}`), "no version document", 0},
		"no dist":          {body(`{"name":"left-pad","version":"1.3.0"}`), "no dist", 0},
		"other name":       {body(versionDocument("right-pad", "1.3.0")), `another release ("right-pad@1.3.0")`, 0},
		"other version":    {body(versionDocument("left-pad", "1.3.1")), "another release", 0},
		"too large":        {body(good + strings.Repeat(" ", maxVersionDocument)), "more than 2 MiB", 0},
		"gzip bomb": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(bomb)
		}, "more than 2 MiB", 0},
		"broken gzip": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Write([]byte("not gzip at all"))
		}, "broken compression", 0},
		"500":          {status(500, nil), "answered with status 500", 0},
		"204":          {status(204, nil), "answered with status 204", 0},
		"401":          {status(401, nil), "refused access (status 401)", 0},
		"403":          {status(403, nil), "refused access (status 403)", 0},
		"429":          {status(429, nil), "limits requests (status 429)", 0},
		"429 for long": {status(429, http.Header{"Retry-After": {"120"}}), "asks to wait 2m0s", 2 * time.Minute},
		"429 for ever": {status(429, http.Header{"Retry-After": {"99999999999999999"}}), "asks to wait 1h0m0s", time.Hour},
		"other host":   {status(302, http.Header{"Location": {"http://evil.example/left-pad/1.3.0?token=s3cret"}}), `redirects to "evil.example", which is not followed`, 0},
		"other port":   {status(302, http.Header{"Location": {"http://127.0.0.1:1/"}}), "which is not followed", 0},
		"other scheme": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://"+r.Host+"/", http.StatusFound)
		}, "which is not followed", 0},
		"redirects for ever": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }, "redirects more than 3 times", 0},
		"long integrity":     {body(`{"name":"left-pad","version":"1.3.0","dist":{"integrity":"` + strings.Repeat("x", maxIntegrity+1) + `"}}`), "an integrity of more than", 0},
		"many signatures":    {body(`{"name":"left-pad","version":"1.3.0","dist":{"signatures":[` + strings.Repeat("{},", maxSignatures) + `{}]}}`), "more than 16 signatures", 0},
	} {
		t.Run(name, func(t *testing.T) {
			npm := newNPM(t, "", test.handler)
			_, err := npm.Release(t.Context(), pkg("left-pad", "1.3.0"))
			var failure *Failure
			if !errors.As(err, &failure) || errors.Is(err, ErrNotFound) {
				t.Fatalf("got %v, want a failure", err)
			}
			if !strings.HasPrefix(failure.Reason, "the version document could not be read: 127.0.0.1 ") ||
				!strings.Contains(failure.Reason, test.reason) || failure.RetryAfter != test.after {
				t.Fatalf("got %q, wait %s; want %q, %s", failure.Reason, failure.RetryAfter, test.reason, test.after)
			}
			if strings.Contains(fmt.Sprintf("%+v %v", failure, failure.Err), "s3cret") {
				t.Fatalf("the query is in %+v", failure)
			}
		})
	}
}

func status(code int, header http.Header) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for k, v := range header {
			w.Header()[k] = v
		}
		w.WriteHeader(code)
	}
}

func TestOnly404And410AreAbsence(t *testing.T) {
	for _, code := range []int{404, 410} {
		for _, body := range []string{"", `{"error":"version not found"}`, "<html>nothing here</html>"} {
			npm := newNPM(t, "", func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(code)
				io.WriteString(w, body)
			})
			for what, ask := range map[string]func() error{
				"release":      func() error { _, err := npm.Release(t.Context(), pkg("gone", "1.0.0")); return err },
				"attestations": func() error { _, err := npm.Attestations(t.Context(), pkg("gone", "1.0.0")); return err },
				"date":         func() error { _, err := npm.PublishedAt(t.Context(), pkg("gone", "1.0.0")); return err },
			} {
				if err := ask(); !errors.Is(err, ErrNotFound) {
					t.Errorf("%d %q, %s: %v", code, body, what, err)
				}
			}
		}
	}
}

func TestAPassingTroubleIsAskedAgain(t *testing.T) {
	good := versionDocument("left-pad", "1.3.0")
	for name, first := range map[string]http.HandlerFunc{
		"500": status(500, nil),
		"503": status(503, http.Header{"Retry-After": {"0"}}),
		"429": status(429, nil),
		"cut off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "5000")
			io.WriteString(w, good)
		},
		"connection closed": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int32
			npm := newNPM(t, "", func(w http.ResponseWriter, r *http.Request) {
				if asked.Add(1) <= retries {
					first(w, r)
					return
				}
				io.WriteString(w, good)
			})
			if _, err := npm.Release(t.Context(), pkg("left-pad", "1.3.0")); err != nil || asked.Load() != retries+1 {
				t.Fatalf("after %d requests: %v", asked.Load(), err)
			}
		})
	}
}

func TestALastingTroubleIsNotAskedForEver(t *testing.T) {
	for code, want := range map[int]int32{500: retries + 1, 401: 1, 404: 2, 501: 1} /* 404: the version document, then the package's */ {
		var asked atomic.Int32
		npm := newNPM(t, "", func(w http.ResponseWriter, _ *http.Request) {
			asked.Add(1)
			w.WriteHeader(code)
		})
		if _, err := npm.Release(t.Context(), pkg("a", "1.0.0")); err == nil || asked.Load() != want {
			t.Errorf("status %d: %d requests, want %d", code, asked.Load(), want)
		}
	}
}

func TestARegistryThatServesWholePackagesAloneIsRead(t *testing.T) {
	const whole = `{"name":"a","versions":{"0.9.0":{"name":"a","version":"0.9.0","dist":{"integrity":"sha512-old"}},"1.0.0":%s}}`
	for name, test := range map[string]struct {
		packument string
		found     bool
		notFound  bool
	}{
		"it has the version":     {fmt.Sprintf(whole, `{"name":"a","version":"1.0.0","dist":{"integrity":"sha512-new"}}`), true, false},
		"it has not":             {`{"name":"a","versions":{}}`, false, true},
		"nor the package":        {"", false, true},
		"another version in it":  {fmt.Sprintf(whole, `{"name":"a","version":"0.9.0","dist":{}}`), false, false},
		"another package's":      {`{"name":"b","versions":{"1.0.0":{"name":"a","version":"1.0.0","dist":{}}}}`, false, false},
		"a version that is none": {fmt.Sprintf(whole, `[]`), false, false},
		"cut in the middle":      {`{"name":"a","versions":{"1.0.0":{"name":"a"`, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			npm := newNPM(t, "", func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/a" || test.packument == "" {
					http.NotFound(w, r)
					return
				}
				io.WriteString(w, test.packument)
			})
			r, err := npm.Release(t.Context(), pkg("a", "1.0.0"))
			if (err == nil) != test.found || errors.Is(err, ErrNotFound) != test.notFound || test.found && r.Integrity != "sha512-new" {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
}

func TestThePauseIsWhatTheRegistryAsksFor(t *testing.T) {
	answer := func(after string) *http.Response { return &http.Response{Header: http.Header{"Retry-After": {after}}} }
	for _, test := range []struct {
		resp     *http.Response
		attempt  int
		from, to time.Duration
	}{
		{nil, 0, 100 * time.Millisecond, 150 * time.Millisecond},
		{nil, 1, 200 * time.Millisecond, 300 * time.Millisecond},
		{nil, 50, time.Second, 1500 * time.Millisecond},
		{answer("3"), 0, 3 * time.Second, 4500 * time.Millisecond},
		{answer("-3"), 0, 100 * time.Millisecond, 150 * time.Millisecond},
		{answer("soon"), 0, 100 * time.Millisecond, 150 * time.Millisecond},
		{answer("Tue, 04 Nov 2014 10:00:00 GMT"), 0, 100 * time.Millisecond, 150 * time.Millisecond},
	} {
		for range 20 {
			if got := pause(100*time.Millisecond, time.Second, test.attempt, test.resp); got < test.from || got > test.to {
				t.Fatalf("pause = %s, want %s to %s", got, test.from, test.to)
			}
		}
	}
}

func TestAStallEndsWithTheContextAndWithTheTimeout(t *testing.T) {
	stall := func(started chan<- struct{}) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, `{"name":`)
			w.(http.Flusher).Flush()
			if started != nil {
				close(started)
			}
			<-r.Context().Done()
		}
	}
	t.Run("context", func(t *testing.T) {
		started := make(chan struct{})
		npm := newNPM(t, "", stall(started))
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-started; cancel() }()
		_, err := npm.Release(ctx, pkg("a", "1.0.0"))
		var failure *Failure
		if !errors.As(err, &failure) || !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("timeout", func(t *testing.T) {
		npm := newNPM(t, "", stall(nil), func(o *Options) { o.Timeout = 20 * time.Millisecond })
		_, err := npm.Release(t.Context(), pkg("a", "1.0.0"))
		var failure *Failure
		if !errors.As(err, &failure) || !strings.Contains(failure.Reason, "did not answer in time") {
			t.Fatalf("got %v", err)
		}
	})
}

func TestEqualRequestsAtTheSameTimeAreOne(t *testing.T) {
	const askers = 100
	var asked atomic.Int32
	answer := make(chan struct{})
	npm := newNPM(t, "", func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		<-answer
		io.WriteString(w, versionDocument("a", "1.0.0"))
	})
	impatient, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() { _, err := npm.Release(impatient, pkg("a", "1.0.0")); left <- err }()
	errs := make(chan error, askers)
	for range askers {
		go func() { _, err := npm.Release(t.Context(), pkg("a", "1.0.0")); errs <- err }()
	}
	for waiting := 0; waiting < askers+1; runtime.Gosched() { // until all have joined
		npm.client.flights.mu.Lock()
		for _, f := range npm.client.flights.open {
			waiting = f.askers
		}
		npm.client.flights.mu.Unlock()
	}
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Fatalf("the one who left got %v", err)
	}
	close(answer)
	for range askers {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
	if asked.Load() != 1 {
		t.Fatalf("%d requests", asked.Load())
	}
	if _, err := npm.Release(t.Context(), pkg("a", "1.0.0")); err != nil || asked.Load() != 2 {
		t.Fatalf("a later request was not made anew: %d, %v", asked.Load(), err)
	}
}

func TestARequestEndsWhenNobodyWaitsForIt(t *testing.T) {
	started, ended := make(chan struct{}), make(chan struct{})
	npm := newNPM(t, "", func(_ http.ResponseWriter, r *http.Request) {
		close(started)
		<-r.Context().Done()
		close(ended)
	}, func(o *Options) { o.Timeout = time.Hour })
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-started; cancel() }()
	if _, err := npm.Release(ctx, pkg("a", "1.0.0")); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	<-ended
}

func TestRequestsInFlightToAHostAreBounded(t *testing.T) {
	const bound, packages = 3, 30
	var now, most atomic.Int32
	npm := newNPM(t, "", func(w http.ResponseWriter, r *http.Request) {
		n := now.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		name, version, _ := strings.Cut(r.URL.Path[1:], "/")
		io.WriteString(w, versionDocument(name, version))
		now.Add(-1)
	}, func(o *Options) { o.PerHost = bound })
	var wg sync.WaitGroup
	for i := range packages {
		wg.Go(func() {
			if _, err := npm.Release(t.Context(), pkg(fmt.Sprintf("p%d", i), "1.0.0")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if most.Load() > bound {
		t.Fatalf("%d at once", most.Load())
	}
}

func TestOneOfFiveHundredFailsAlone(t *testing.T) {
	npm := newNPM(t, "", func(w http.ResponseWriter, r *http.Request) {
		name, version, _ := strings.Cut(r.URL.Path[1:], "/")
		if name == "p250" {
			w.WriteHeader(500)
			return
		}
		io.WriteString(w, versionDocument(name, version))
	})
	var good, failed atomic.Int32
	var wg sync.WaitGroup
	for i := range 500 {
		wg.Go(func() {
			r, err := npm.Release(t.Context(), pkg(fmt.Sprintf("p%d", i), "1.0.0"))
			var failure *Failure
			switch {
			case err == nil && r.Package.Name == fmt.Sprintf("p%d", i):
				good.Add(1)
			case errors.As(err, &failure):
				failed.Add(1)
			}
		})
	}
	wg.Wait()
	if good.Load() != 499 || failed.Load() != 1 {
		t.Fatalf("%d good, %d failed", good.Load(), failed.Load())
	}
}

func TestTheDateFallsThroughItsSources(t *testing.T) {
	const document = `{"_id":"@s/a","name":"@s/a","versions":{"1.0.0":{"readme":"\ud83d"}},"time":{"created":"2020-01-01T00:00:00.000Z","unpublished":{"x":1},"1.0.0":"2025-09-24T06:25:26.040Z","2.0.0":"yesterday","3.0.0":"1985-10-26T08:15:00.000Z"},"readme":"x"}`
	for name, test := range map[string]struct {
		tarball  http.HandlerFunc
		document http.HandlerFunc
		version  string
		source   string
		notFound bool
	}{
		"tarball":           {status(200, http.Header{"Last-Modified": {"Tue, 04 Nov 2025 10:00:00 GMT"}}), nil, "1.0.0", "tarball Last-Modified", false},
		"no header":         {status(200, nil), nil, "1.0.0", "registry document", false},
		"no date":           {status(200, http.Header{"Last-Modified": {"lately"}}), nil, "1.0.0", "registry document", false},
		"1985":              {status(200, http.Header{"Last-Modified": {"Sat, 26 Oct 1985 08:15:00 GMT"}}), nil, "1.0.0", "registry document", false},
		"the future":        {status(200, http.Header{"Last-Modified": {"Fri, 04 Nov 2999 10:00:00 GMT"}}), nil, "1.0.0", "registry document", false},
		"tarball elsewhere": {status(302, http.Header{"Location": {"https://cdn.example/a.tgz"}}), nil, "1.0.0", "registry document", false},
		"no HEAD":           {status(405, nil), nil, "1.0.0", "registry document", false},
		"nothing states it": {status(404, nil), nil, "9.0.0", "", true},
		"no date at all":    {status(404, nil), nil, "2.0.0", "", true},
		"date of 1985":      {status(404, nil), nil, "3.0.0", "", true},
		"neither is up":     {status(503, nil), status(503, nil), "1.0.0", "", false},
		"tarball is down":   {status(503, nil), nil, "9.0.0", "", false},
		"other package": {status(404, nil), func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, `{"name":"b","time":{"1.0.0":"2025-09-24T06:25:26.040Z"}}`)
		}, "1.0.0", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			npm := newNPM(t, "/prefix", func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.Method == http.MethodHead && r.URL.Path == "/prefix/@s/a/-/a-"+test.version+".tgz":
					test.tarball(w, r)
				case r.RequestURI == "/prefix/@s%2fa" && test.document != nil:
					test.document(w, r)
				case r.RequestURI == "/prefix/@s%2fa":
					io.WriteString(w, document)
				default:
					t.Errorf("asked for %s %s", r.Method, r.RequestURI)
				}
			})
			date, err := npm.PublishedAt(t.Context(), pkg("@s/a", test.version))
			var failure *Failure
			switch {
			case test.source != "":
				if err != nil || date.Source != test.source || date.Time.Year() != 2025 {
					t.Fatalf("got %+v, %v", date, err)
				}
			case errors.Is(err, ErrNotFound) != test.notFound, errors.As(err, &failure) == test.notFound:
				t.Fatalf("got %+v, %v", date, err)
			}
		})
	}
}

func TestARedirectOnTheSameHostIsFollowed(t *testing.T) {
	npm := newNPM(t, "/old", func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/old/") {
			http.Redirect(w, r, "/new/a/1.0.0", http.StatusMovedPermanently)
			return
		}
		io.WriteString(w, versionDocument("a", "1.0.0"))
	})
	if _, err := npm.Release(t.Context(), pkg("a", "1.0.0")); err != nil {
		t.Fatal(err)
	}
}

func TestAHostThatRedirectsToItselfInAnotherSpellingStaysOneHost(t *testing.T) {
	var asked []string
	client, err := New(Options{RetryWait: time.Millisecond, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		asked = append(asked, r.URL.Host)
		resp := &http.Response{StatusCode: http.StatusServiceUnavailable, Header: http.Header{}, Body: http.NoBody, Request: r}
		if len(asked)%2 == 1 {
			resp.StatusCode = http.StatusFound
			resp.Header.Set("Location", "https://NPM.example/elsewhere")
		}
		return resp, nil
	})})
	if err != nil {
		t.Fatal(err)
	}
	npm, err := NewNPM(client, "https://npm.example/")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := npm.Release(t.Context(), pkg("a", "1.0.0")); err == nil {
		t.Error("an answer")
	}
	if slices.Contains(asked, "NPM.example") || len(asked) != 2*(retries+1) || len(client.Hosts()) != 1 {
		t.Errorf("asked %q, hosts %v", asked, client.Hosts())
	}
}

// roundTrip is an http.RoundTripper.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestAFaultOfOurOwnIsAFailureAndNoCrash(t *testing.T) {
	npm := newNPM(t, "", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "{}") })
	_, _, err := get(t.Context(), npm.client, npm.address("/a"), document[int]{name: "the document", limit: 10,
		decode: func(io.Reader) (int, error) { panic("out of cheese") }})
	var failure *Failure
	if !errors.As(err, &failure) || !strings.Contains(failure.Reason, "please report it") || !strings.Contains(failure.Err.Error(), "out of cheese") {
		t.Fatal(err)
	}
}

func TestNothingIsAskedForWhatNoRegistryWouldAccept(t *testing.T) {
	npm := newNPM(t, "", func(http.ResponseWriter, *http.Request) { t.Error("asked") })
	for _, p := range []dep.Package{
		pkg("", "1.0.0"), pkg("../secrets", "1.0.0"), pkg("@../x", "1.0.0"), pkg("a/b", "1.0.0"), pkg("a?x", "1.0.0"), pkg("a", "latest"),
		pkg("a", "../-/npm"), pkg("a", "1.0.0?x"), pkg("a", ""), {Ecosystem: "pypi", Name: "a", Version: "1.0.0"},
	} {
		_, releaseErr := npm.Release(t.Context(), p)
		_, attestationErr := npm.Attestations(t.Context(), p)
		_, dateErr := npm.PublishedAt(t.Context(), p)
		for _, err := range []error{releaseErr, attestationErr, dateErr} {
			if !errors.Is(err, ErrInvalid) {
				t.Errorf("%v: %v", p, err)
			}
		}
	}
}

func TestAPublicNameMayNotLeadIntoTheNetwork(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, versionDocument("a", "1.0.0"))
	}))
	t.Cleanup(server.Close)
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	address := "http://localhost:" + port

	for name, test := range map[string]struct {
		configured []string
		refused    bool
	}{
		"the same":           {[]string{"", "HTTP://LocalHost:" + port + "/prefix"}, false},
		"none":               {nil, true},
		"the public one":     {[]string{PublicNPM, "HTTPS://Registry.npmjs.org:443/"}, true},
		"another host":       {[]string{"http://127.0.0.1:" + port}, true},
		"another port":       {[]string{"http://localhost"}, true},
		"another, by scheme": {[]string{"https://localhost"}, true},
	} {
		npm := newNPMAt(t, address, func(o *Options) { o.Registries = test.configured })
		_, err := npm.Release(t.Context(), pkg("a", "1.0.0"))
		if errors.Is(err, errPrivate) != test.refused || (err != nil) != test.refused {
			t.Errorf("%s is configured: %v", name, err)
		}
		if test.refused && !strings.Contains(err.Error(), "only a configured registry may") {
			t.Errorf("%s is configured: %v", name, err)
		}
	}
	// A network may answer for the public registry, where the operator asks that one.
	if hosts, err := configuredHosts([]string{"HTTPS://Registry.npmjs.org:443/"}); err != nil || !hosts["registry.npmjs.org:443"] || len(hosts) != 1 {
		t.Errorf("%v, %v", hosts, err)
	}
	if _, err := New(Options{Registries: []string{"npm.corp/s3cret"}}); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("no address: %v", err)
	}
}

func TestAddressesThatAreNotConfiguredAreRefusedUnlessPublic(t *testing.T) {
	parse := func(s string) (a [3]bool) {
		ip := mustAddr(s)
		return [3]bool{mayDial(ip, false, false), mayDial(ip, true, false), mayDial(ip, true, true)}
	}
	for address, want := range map[string][3]bool{ // as a public name, a configured name, a configured literal
		"104.16.0.35":            {true, true, true},
		"2606:4700::6810:23":     {true, true, true},
		"64:ff9b::6810:23":       {true, true, true},
		"127.0.0.1":              {false, true, true},
		"::1":                    {false, true, true},
		"10.1.2.3":               {false, true, true},
		"172.16.0.1":             {false, true, true},
		"192.168.1.1":            {false, true, true},
		"100.64.0.1":             {false, true, true},
		"fd00::1":                {false, true, true},
		"::ffff:10.0.0.1":        {false, true, true},
		"64:ff9b::a00:1":         {false, true, true},
		"2002:a00:1::1":          {false, true, true},
		"169.254.169.254":        {false, false, true},
		"fe80::1":                {false, false, true},
		"::ffff:169.254.169.254": {false, false, true},
		"0.0.0.0":                {false, false, true},
		"::":                     {false, false, true},
		"224.0.0.1":              {false, false, true},
	} {
		if got := parse(address); got != want {
			t.Errorf("%s: %v, want %v", address, got, want)
		}
	}
}

func TestARegistryAddressIsNormalisedOrRefused(t *testing.T) {
	client, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"":                                PublicNPM,
		"HTTPS://Registry.NPMJS.org:443/": PublicNPM,
		"http://localhost:4873":           "http://localhost:4873",
		"http://[::1]:80/npm/":            "http://[::1]/npm",
		"https://user:s3cret@npm.corp/a/../b//c/": "https://npm.corp/b/c",
		"https://npm.corp/?token=s3cret":          "",
		"https://npm.corp/#s3cret":                "",
		"ftp://npm.corp/s3cret":                   "",
		"npm.corp/s3cret":                         "",
		"https:///s3cret":                         "",
		"https://npm.corp/a%2fb/s3cret":           "",
		"https://s3cret:x y@npm.corp":             "",
	} {
		npm, err := NewNPM(client, address)
		switch {
		case want == "" && (err == nil || strings.Contains(err.Error(), "s3cret")):
			t.Errorf("%s: %v", address, err)
		case want != "" && (err != nil || npm.Origin() != want):
			t.Errorf("%s: %v, %v", address, npm, err)
		}
	}
}

func TestCredentialsOfTheAddressAreSentAndNeverShown(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "bob" || password != "s3cret" {
			t.Errorf("got %q %q", user, password)
		}
		w.WriteHeader(http.StatusForbidden)
	}))
	npm := newNPMAt(t, strings.Replace(server.URL, "://", "://bob:s3cret@", 1))
	_, refused := npm.Release(t.Context(), pkg("a", "1.0.0"))
	server.Close()
	_, down := npm.Release(t.Context(), pkg("a", "1.0.0"))
	for _, err := range []error{refused, down} {
		var failure *Failure
		if !errors.As(err, &failure) || strings.Contains(failure.Reason+failure.Err.Error(), "s3cret") || strings.Contains(npm.Origin(), "s3cret") {
			t.Errorf("got %+v", failure)
		}
	}
	if !strings.Contains(down.Error(), "refused the connection") {
		t.Error(down)
	}
}

func TestTLSTrustsTheConfiguredCertificatesOnlyAndSpeaksHTTP2(t *testing.T) {
	var proto atomic.Value
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proto.Store(r.Proto)
		io.WriteString(w, versionDocument("a", "1.0.0"))
	}))
	server.Config.ErrorLog = discardLog()
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)

	_, err := newNPMAt(t, server.URL).Release(t.Context(), pkg("a", "1.0.0"))
	if err == nil || !strings.Contains(err.Error(), "is not trusted") {
		t.Fatalf("an unknown authority: %v", err)
	}
	file := writePEM(t, server.Certificate().Raw)
	npm := newNPMAt(t, server.URL, func(o *Options) { o.CAFile = file })
	if _, err := npm.Release(t.Context(), pkg("a", "1.0.0")); err != nil || proto.Load() != "HTTP/2.0" {
		t.Fatalf("%v over %v", err, proto.Load())
	}
	if _, err := New(Options{CAFile: file + ".missing"}); err == nil {
		t.Fatal("a missing file is taken")
	}
}

func TestGzipIsAskedForAndRead(t *testing.T) {
	npm := newNPM(t, "", func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") || !strings.HasPrefix(r.UserAgent(), "bonafide") {
			t.Errorf("asked with %v", r.Header)
		}
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		io.WriteString(z, versionDocument("a", "1.0.0"))
		z.Close()
	})
	if _, err := npm.Release(t.Context(), pkg("a", "1.0.0")); err != nil {
		t.Fatal(err)
	}
}
