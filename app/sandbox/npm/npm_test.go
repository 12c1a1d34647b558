package npm_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/sandbox/npm"
	"github.com/bonafide-app/bonafide/app/sandbox/sigstore"
)

var now = time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)

func clock() time.Time { return now }

// shop is a registry behind a loopback server.
type shop struct {
	*npm.Registry
	*sigstore.Sigstore
	t   *testing.T
	url string
}

func open(t *testing.T) shop {
	t.Helper()
	s, err := sigstore.New(clock)
	if err != nil {
		t.Fatal(err)
	}
	r, err := npm.New(s, clock)
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, r, s)
}

func serve(t *testing.T, r *npm.Registry, s *sigstore.Sigstore) shop {
	t.Helper()
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	return shop{r, s, t, server.URL}
}

func (s shop) publish(r npm.Release) string {
	s.t.Helper()
	integrity, err := s.Registry.Publish(r)
	if err != nil {
		s.t.Fatal(err)
	}
	return integrity
}

func (s shop) get(path string, header ...string) (*http.Response, []byte) {
	s.t.Helper()
	return s.do(http.MethodGet, path, header...)
}

func (s shop) do(method, path string, header ...string) (*http.Response, []byte) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp, body
}

// version is what the tests read of a version document.
type version struct {
	Name, Version string
	Dist          struct {
		Integrity, Shasum, Tarball string
		Signatures                 []struct {
			KeyID string
			Sig   []byte
		}
		Attestations *struct {
			Provenance struct{ PredicateType string }
		}
	}
	NPMUser struct {
		Name             string
		TrustedPublisher *struct{ ID, OIDCConfigID string }
		Approver         *struct{ Name string }
	} `json:"_npmUser"`
}

func (s shop) version(path string) version {
	s.t.Helper()
	resp, body := s.get(path)
	if resp.StatusCode != http.StatusOK {
		s.t.Fatalf("%s: %s: %s", path, resp.Status, body)
	}
	return decode[version](s.t, body)
}

func decode[T any](t *testing.T, body []byte) (v T) {
	t.Helper()
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatalf("%v in %.200s", err, body)
	}
	return v
}

var built = &sigstore.Build{Repository: "lumen-js/http", Ref: "refs/tags/v4.2.0"}

func TestTheIntegrityIsThatOfTheServedTarball(t *testing.T) {
	s := open(t)
	integrity := s.publish(npm.Release{Name: "@lumen/http", Version: "4.2.0", Files: map[string]string{"lib/a.js": "1"}, PublishedAt: now.AddDate(0, 0, -9)})
	resp, tarball := s.get("/@lumen/http/-/http-4.2.0.tgz")
	sum := sha512.Sum512(tarball)
	if got := "sha512-" + base64.StdEncoding.EncodeToString(sum[:]); got != integrity {
		t.Errorf("the tarball has %s, not %s", got, integrity)
	}
	if v := s.version("/@lumen%2fhttp/4.2.0"); v.Dist.Integrity != integrity {
		t.Errorf("the document states %s, not %s", v.Dist.Integrity, integrity)
	}
	if at := resp.Header.Get("Last-Modified"); at != "Wed, 11 Nov 2026 09:30:00 GMT" {
		t.Errorf("Last-Modified is %q", at)
	}
	var names []string
	zip, err := gzip.NewReader(bytes.NewReader(tarball))
	if err != nil {
		t.Fatal(err)
	}
	for archive := tar.NewReader(zip); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		names = append(names, h.Name)
	}
	if want := []string{"package/index.js", "package/lib/a.js", "package/package.json"}; !slices.Equal(names, want) {
		t.Errorf("the tarball holds %q", names)
	}
}

func TestTheSignatureHoldsUnderThePublishedKey(t *testing.T) {
	s := open(t)
	keys := s.Keys()
	s.publish(npm.Release{Name: "old-one", Version: "1.0.0", PublishedAt: keys[0].End.AddDate(-1, 0, 0)})
	s.publish(npm.Release{Name: "new-one", Version: "1.0.0"})
	_, body := s.get("/-/npm/v1/keys")
	published := map[string][]byte{}
	for _, k := range decode[struct {
		Keys []struct {
			KeyID string
			Key   []byte
		}
	}](t, body).Keys {
		published[k.KeyID] = k.Key
	}
	for name, key := range map[string]*sigstore.Key{"old-one": keys[0], "new-one": keys[1]} {
		v := s.version("/" + name + "/1.0.0")
		sig := v.Dist.Signatures[0]
		if sig.KeyID != key.ID {
			t.Errorf("%s is signed with %s, not %s", name, sig.KeyID, key.ID)
		}
		public, err := x509.ParsePKIXPublicKey(published[sig.KeyID])
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256([]byte(name + "@1.0.0:" + v.Dist.Integrity))
		if !ecdsa.VerifyASN1(public.(*ecdsa.PublicKey), sum[:], sig.Sig) {
			t.Errorf("the signature of %s does not hold", name)
		}
	}
}

func TestAttestationsAreAnnouncedAndServed(t *testing.T) {
	s := open(t)
	s.publish(npm.Release{Name: "@lumen/http", Version: "4.2.0", Build: built})
	s.publish(npm.Release{Name: "plain", Version: "1.0.0"})
	v := s.version("/@lumen/http/4.2.0")
	if v.Dist.Attestations == nil || v.Dist.Attestations.Provenance.PredicateType != sigstore.PredicateSLSA1 {
		t.Errorf("announced: %+v", v.Dist.Attestations)
	}
	if p := v.NPMUser.TrustedPublisher; p == nil || p.ID != "github" || !strings.HasPrefix(p.OIDCConfigID, "oidc:") {
		t.Errorf("trusted publisher: %+v", p)
	}
	_, body := s.get("/-/npm/v1/attestations/@lumen%2fhttp@4.2.0")
	var types []string
	for _, a := range decode[struct {
		Attestations []struct {
			PredicateType string
			Bundle        struct{ MediaType string }
		}
	}](t, body).Attestations {
		types = append(types, a.PredicateType+" "+a.Bundle.MediaType)
	}
	want := []string{sigstore.PredicatePublish + " " + sigstore.BundleV02, sigstore.PredicateSLSA1 + " " + sigstore.BundleV03}
	if !slices.Equal(types, want) {
		t.Errorf("attestations %q", types)
	}
	if v := s.version("/plain/1.0.0"); v.Dist.Attestations != nil || v.NPMUser.TrustedPublisher != nil {
		t.Errorf("plain announces %+v by %+v", v.Dist.Attestations, v.NPMUser)
	}
	if resp, _ := s.get("/-/npm/v1/attestations/plain@1.0.0"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("plain's attestations: %s", resp.Status)
	}
}

func TestDocumentsOfAPackage(t *testing.T) {
	s := open(t)
	script := map[string]string{"postinstall": "node setup.js"}
	s.publish(npm.Release{Name: "two", Version: "1.1.0", PublishedAt: now.AddDate(0, -1, 0), Scripts: script,
		Publisher: npm.Publisher{Name: "ada", Approver: "grace"}})
	s.publish(npm.Release{Name: "two", Version: "1.0.0", PublishedAt: now.AddDate(0, -2, 0)})
	_, body := s.get("/two")
	full := decode[struct {
		DistTags map[string]string `json:"dist-tags"`
		Time     map[string]time.Time
		Versions map[string]version
	}](t, body)
	if full.DistTags["latest"] != "1.1.0" || !full.Time["1.0.0"].Equal(now.AddDate(0, -2, 0)) || len(full.Versions) != 2 {
		t.Errorf("full document: %s", body)
	}
	if a := full.Versions["1.1.0"].NPMUser.Approver; a == nil || a.Name != "grace" {
		t.Errorf("approver: %+v", a)
	}
	resp, body := s.get("/two", "Accept", "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8")
	short := decode[struct {
		Versions map[string]struct{ HasInstallScript bool }
		Time     map[string]string
	}](t, body)
	if !short.Versions["1.1.0"].HasInstallScript || short.Versions["1.0.0"].HasInstallScript || short.Time != nil {
		t.Errorf("abbreviated document: %s", body)
	}
	if got := resp.Header.Get("Content-Type"); got != "application/vnd.npm.install-v1+json" {
		t.Errorf("abbreviated document is %s", got)
	}
	if v := s.version("/two/latest"); v.Version != "1.1.0" {
		t.Errorf("latest is %s", v.Version)
	}
}

func TestPathsAsClientsWriteThem(t *testing.T) {
	s := open(t)
	s.publish(npm.Release{Name: "@lumen/http", Version: "4.2.0", Build: built})
	prefixed := httptest.NewServer(s.At("/repository/npm"))
	defer prefixed.Close()
	for path, status := range map[string]int{
		"/@lumen/http":                               200,
		"/@lumen%2fhttp":                             200,
		"/%40lumen%2Fhttp":                           200,
		"/@lumen/http/4.2.0":                         200,
		"/@lumen%2fhttp/4.2.0":                       200,
		"/@lumen/http/-/http-4.2.0.tgz":              200,
		"/@lumen%2fhttp/-/http-4.2.0.tgz":            200,
		"/-/npm/v1/attestations/@lumen%2fhttp@4.2.0": 200,
		"/-/npm/v1/attestations/@lumen/http@4.2.0":   200,
		"/-/npm/v1/keys":                             200,
		"/@lumen/http/9.9.9":                         404,
		"/@lumen/other":                              404,
		"/@lumen":                                    404,
		"/@lumen/http/-/http-9.9.9.tgz":              404,
		"/@lumen/http/-/other-4.2.0.tgz":             404,
		"/-/npm/v1/attestations/@lumen/http":         404,
		"/-/whoami":                                  404,
		"/":                                          404,
	} {
		for _, base := range []string{s.url, prefixed.URL + "/repository/npm"} {
			s := s
			s.url = base
			resp, body := s.get(path)
			if resp.StatusCode != status {
				t.Errorf("%s%s: %s, want %d", base, path, resp.Status, status)
			}
			if status == 404 && !json.Valid(body) {
				t.Errorf("%s: a 404 that is not JSON: %q", path, body)
			}
		}
	}
	if resp, _ := s.do(http.MethodPut, "/@lumen/http"); resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("PUT: %s", resp.Status)
	}
}

func TestAPrivateRegistryNamesItself(t *testing.T) {
	s := open(t)
	s.publish(npm.Release{Name: "@lumen/http", Version: "4.2.0", Build: built, OS: []string{"aix"}, BundleDependencies: []string{"one"}})
	const base = "https://npm.lumen.example/repository/team"
	handler, err := s.Private(base)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	defer server.Close()
	public := s.url
	s.url = server.URL + "/repository/team"
	v := s.version("/@lumen/http/4.2.0")
	if want := base + "/@lumen/http/-/http-4.2.0.tgz"; v.Dist.Tarball != want {
		t.Errorf("the tarball is at %s, want %s", v.Dist.Tarball, want)
	}
	for _, accept := range []string{"application/json", "application/vnd.npm.install-v1+json"} {
		_, body := s.get("/@lumen%2fhttp", "Accept", accept)
		for _, part := range []string{v.Dist.Tarball, base + "/-/npm/v1/attestations/@lumen%2fhttp@4.2.0", `"os":["aix"]`, `"bundleDependencies":["one"]`} {
			if !strings.Contains(string(body), part) {
				t.Errorf("%s lacks %s: %s", accept, part, body)
			}
		}
		if strings.Contains(string(body), sigstore.RegistryURL) {
			t.Errorf("%s names the public registry: %s", accept, body)
		}
	}
	if resp, _ := s.get(strings.TrimPrefix(v.Dist.Tarball, base)); resp.StatusCode != http.StatusOK {
		t.Errorf("its tarball: %s", resp.Status)
	}
	s.url = public
	if v := s.version("/@lumen/http/4.2.0"); !strings.HasPrefix(v.Dist.Tarball, sigstore.RegistryURL+"/@lumen/http/") {
		t.Errorf("the public one now says %s", v.Dist.Tarball)
	}
	for _, wrong := range []string{"", "npm.lumen.example", base + "/", "https://%zz"} {
		if _, err := s.Private(wrong); err == nil {
			t.Errorf("%q was taken for an address", wrong)
		}
	}
}

func TestHeadConditionAndCompression(t *testing.T) {
	s := open(t)
	s.publish(npm.Release{Name: "one", Version: "1.0.0", PublishedAt: now.AddDate(0, -1, 0)})
	resp, body := s.do(http.MethodHead, "/one/-/one-1.0.0.tgz")
	if resp.StatusCode != 200 || len(body) != 0 || resp.Header.Get("Last-Modified") == "" || resp.ContentLength <= 0 {
		t.Errorf("HEAD: %s, %d bytes, %v", resp.Status, len(body), resp.Header)
	}
	first, plain := s.get("/one/1.0.0", "Accept-Encoding", "identity")
	again, _ := s.get("/one/1.0.0", "Accept-Encoding", "identity", "If-None-Match", first.Header.Get("ETag"))
	if again.StatusCode != http.StatusNotModified {
		t.Errorf("the same document again: %s", again.Status)
	}
	zipped, body := s.get("/one/1.0.0", "Accept-Encoding", "gzip")
	if zipped.Header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("not compressed: %v", zipped.Header)
	}
	r, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("compressed it is another document: %v", err)
	}
}

func TestFaultsComeAndGo(t *testing.T) {
	s := open(t)
	s.publish(npm.Release{Name: "one", Version: "1.0.0"})
	s.publish(npm.Release{Name: "two", Version: "1.0.0"})
	client := &http.Client{}
	ask := func(path string) (int, http.Header, string, error) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			return 0, nil, "", err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		return resp.StatusCode, resp.Header, string(body), err
	}
	_, _, whole, _ := ask("/one/1.0.0")

	for name, c := range map[string]struct {
		fault npm.Fault
		shows func(status int, h http.Header, body string, err error) bool
	}{
		"status": {npm.Fault{Status: 429, RetryAfter: 7 * time.Second}, func(status int, h http.Header, _ string, err error) bool {
			return err == nil && status == 429 && h.Get("Retry-After") == "7"
		}},
		"stall": {npm.Fault{Stall: true}, func(_ int, _ http.Header, _ string, err error) bool {
			return errors.Is(err, context.DeadlineExceeded)
		}},
		"truncated": {npm.Fault{Truncate: true}, func(_ int, _ http.Header, _ string, err error) bool {
			return errors.Is(err, io.ErrUnexpectedEOF)
		}},
		"cut": {npm.Fault{Cut: true}, func(status int, _ http.Header, body string, err error) bool {
			return err == nil && status == 200 && body != "" && strings.HasPrefix(whole, body) && len(body) < len(whole)
		}},
		"page": {npm.HTMLPage(), func(status int, h http.Header, body string, err error) bool {
			return status == 200 && strings.HasPrefix(h.Get("Content-Type"), "text/html") && strings.Contains(body, "Sign in")
		}},
		"other JSON": {npm.OtherJSON(), func(status int, _ http.Header, body string, err error) bool {
			return status == 200 && json.Valid([]byte(body)) && !strings.Contains(body, "dist")
		}},
	} {
		if err := s.Break("one", c.fault); err != nil {
			t.Fatal(err)
		}
		client.Timeout = 0
		if c.fault.Stall {
			client.Timeout = 50 * time.Millisecond
		}
		if status, h, body, err := ask("/one/1.0.0"); !c.shows(status, h, body, err) {
			t.Errorf("%s: %d %v %q %v", name, status, h, body, err)
		}
		client.Timeout = 0
		if status, _, _, _ := ask("/two/1.0.0"); status != 200 {
			t.Errorf("%s: the other package answers %d", name, status)
		}
		s.Mend("one")
		if _, _, body, _ := ask("/one/1.0.0"); body != whole {
			t.Errorf("%s: not mended: %q", name, body)
		}
	}
}

func TestFaultsOfOneKindOrForATime(t *testing.T) {
	s := open(t)
	s.publish(npm.Release{Name: "one", Version: "1.0.0", Build: built})
	status := func(path string) int {
		resp, _ := s.get(path)
		return resp.StatusCode
	}
	if err := s.Break("one", npm.Fault{Status: 500, Kind: npm.Attestations, Times: 2}); err != nil {
		t.Fatal(err)
	}
	if got := status("/one/1.0.0"); got != 200 {
		t.Errorf("another kind of document: %d", got)
	}
	var got []int
	for range 3 {
		got = append(got, status("/-/npm/v1/attestations/one@1.0.0"))
	}
	if !slices.Equal(got, []int{500, 500, 200}) {
		t.Errorf("twice 500, then well: %v", got)
	}
	if err := s.Break("", npm.Status(503)); err != nil {
		t.Fatal(err)
	}
	if status("/-/npm/v1/keys") != 503 || status("/one") != 503 {
		t.Error("a fault of everything leaves something out")
	}
	s.Mend("")
	if status("/-/npm/v1/keys") != 200 {
		t.Error("not mended")
	}
	for _, f := range []npm.Fault{{}, {Stall: true, Cut: true}, {Status: 7}} {
		if err := s.Break("one", f); err == nil {
			t.Errorf("%+v was taken for a fault", f)
		}
	}
}

func TestRequestsAreLogged(t *testing.T) {
	s := open(t)
	s.get("/@private%2fname")
	s.get("/@private%2fname/1.0.0")
	s.get("/-/npm/v1/attestations/other@2.0.0")
	s.do(http.MethodHead, "/third/-/third-1.0.0.tgz")
	s.get("/-/npm/v1/keys")
	if got := s.Asked(); !slices.Equal(got, []string{"@private/name", "other", "third"}) {
		t.Errorf("asked for %q", got)
	}
	want := npm.Request{Method: "HEAD", Path: "/third/-/third-1.0.0.tgz", Kind: npm.Tarball, Name: "third", Version: "1.0.0"}
	if all := s.Requests(); len(all) != 5 || all[3] != want {
		t.Errorf("requests %+v", all)
	}
	s.Forget()
	if len(s.Requests()) != 0 {
		t.Error("not forgotten")
	}
}

func TestWhatCannotBePublished(t *testing.T) {
	s := open(t)
	s.publish(npm.Release{Name: "one", Version: "1.0.0"})
	for name, r := range map[string]npm.Release{
		"no name":          {Version: "1.0.0"},
		"a path":           {Name: "../one", Version: "1.0.0"},
		"no version":       {Name: "one"},
		"a range":          {Name: "one", Version: "^1.0.0"},
		"twice":            {Name: "one", Version: "1.0.0"},
		"in the future":    {Name: "one", Version: "1.0.1", PublishedAt: now.Add(time.Hour)},
		"impossible build": {Name: "one", Version: "1.0.2", Build: &sigstore.Build{}},
		"attestations of a stranger": {Name: "one", Version: "1.0.3", Build: built,
			Forgery: npm.Forgery{ProvenanceOf: dep.Package{Ecosystem: dep.NPM, Name: "nobody", Version: "1.0.0"}}},
	} {
		if _, err := s.Registry.Publish(r); err == nil {
			t.Errorf("%s: published", name)
		}
	}
}
