package setup_test

import (
	"context"
	"errors"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide"
	"github.com/bonafide-app/bonafide/app/checks"
	"github.com/bonafide-app/bonafide/app/registered"
	"github.com/bonafide-app/bonafide/app/sandbox/contract"
	"github.com/bonafide-app/bonafide/app/sandbox/forge"
	"github.com/bonafide-app/bonafide/app/web/setup"
	"github.com/bonafide-app/bonafide/config"
)

// world is a set-up page, the sandbox's GitHub and a browser.
type world struct {
	t       *testing.T
	hub     *forge.Server
	page    *setup.Page
	browser *http.Client
	dir     string
	ended   chan error
	got     config.Registration
}

func manifest(t *testing.T) registered.Manifest {
	t.Helper()
	m, err := registered.Parse(bonafide.Manifest())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func newBrowser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar}
}

func newWorld(t *testing.T, change func(*setup.Options)) *world {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("skipped: git is not on PATH")
	}
	w := &world{t: t, dir: filepath.Join(t.TempDir(), "credentials"), ended: make(chan error, 1), browser: newBrowser(t)}
	var err error
	w.hub, err = forge.New(t.TempDir(), forge.Options{Secret: "another secret"})
	w.must(err)
	api := httptest.NewServer(w.hub.Handler())
	t.Cleanup(api.Close)
	t.Cleanup(func() { _ = w.hub.Close() })
	w.must(w.hub.SetURL(api.URL))
	var transport http.RoundTripper = http.DefaultTransport
	if judge := contract.IfThere(t); judge != nil {
		transport = judge.TransportForTest(t, transport)
	}
	convert, err := checks.Converter(checks.ClientConfig{APIURL: w.hub.APIURL(), UserAgent: "bonafide/test", Transport: transport})
	w.must(err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	w.must(err)
	o := setup.Options{
		Address: listener.Addr().String(), Manifest: manifest(t), GitHub: api.URL, PublicURL: "https://bonafide.example.com", Org: "acme",
		Convert: convert, Keep: func(r config.Registration) error { return r.Store(w.dir) }, Kept: "in the folder credentials",
		Next: "The server goes on.", Clock: time.Now, Logger: zerolog.Nop(),
	}
	if change != nil {
		change(&o)
	}
	w.page, err = setup.New(o)
	w.must(err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		var err error
		w.got, err = w.page.Run(ctx, listener)
		w.ended <- err
	}()
	t.Cleanup(func() { stop(); <-done })
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// asked is an answer with its body.
type asked struct {
	*http.Response
	text string
}

func (w *world) read(resp *http.Response, err error) asked {
	w.t.Helper()
	w.must(err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	w.must(err)
	return asked{resp, string(data)}
}

func (w *world) get(address string) asked { w.t.Helper(); return w.read(w.browser.Get(address)) }

func (w *world) post(address string, form url.Values) asked {
	w.t.Helper()
	return w.read(w.browser.PostForm(address, form))
}

func (w *world) origin() string { return strings.TrimSuffix(w.page.Link(), "/open/"+w.key()) }
func (w *world) key() string    { return w.page.Link()[strings.LastIndex(w.page.Link(), "/")+1:] }

var (
	formAction = regexp.MustCompile(`<form method="post" action="([^"]*)"`)
	hidden     = regexp.MustCompile(`name="manifest" value="([^"]*)"`)
)

// send fills in the form, and gives where the manifest goes, and it.
func (w *world) send() (action, document string) {
	w.t.Helper()
	if a := w.get(w.page.Link()); a.StatusCode != http.StatusOK || !strings.Contains(a.text, "pull_requests") {
		w.t.Fatalf("%d %s", a.StatusCode, a.text)
	}
	a := w.post(w.origin()+"/manifest", url.Values{"public_url": {"https://bonafide.example.com/"}, "name": {"Acme's bonafide"}, "org": {"acme"}})
	if a.StatusCode != http.StatusOK {
		w.t.Fatalf("%d %s", a.StatusCode, a.text)
	}
	return html.UnescapeString(formAction.FindStringSubmatch(a.text)[1]), html.UnescapeString(hidden.FindStringSubmatch(a.text)[1])
}

// confirm creates the App at GitHub and gives the way back, which is not gone yet.
func (w *world) confirm(action, document string) string {
	w.t.Helper()
	if a := w.post(action, url.Values{"manifest": {document}}); a.StatusCode != http.StatusOK || !strings.Contains(a.text, "Create GitHub App for acme") {
		w.t.Fatalf("%d %s", a.StatusCode, a.text)
	}
	stay := *w.browser
	stay.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	a := w.read(stay.PostForm(action, url.Values{"manifest": {document}, "confirmed": {"yes"}}))
	if a.StatusCode != http.StatusFound {
		w.t.Fatalf("%d %s", a.StatusCode, a.text)
	}
	return a.Header.Get("Location")
}

func TestAnAppIsMadeInThreeClicks(t *testing.T) {
	w := newWorld(t, nil)
	action, document := w.send()
	if !strings.HasPrefix(action, w.hub.URL()+"/organizations/acme/settings/apps/new?state=") {
		t.Errorf("the manifest goes to %s", action)
	}
	want := `{"name":"Acme's bonafide","url":"https://bonafide.example.com","description":"Verifies the provenance of every package that a pull request brings in.","public":false,` +
		`"hook_attributes":{"url":"https://bonafide.example.com/api/github/hook","active":true},"redirect_url":"` + w.origin() + `/callback",` +
		`"callback_urls":["https://bonafide.example.com/login/callback"],"setup_on_update":false,"request_oauth_on_install":false,` +
		`"default_permissions":{"checks":"write","contents":"read","merge_queues":"read","metadata":"read","pull_requests":"write"},` +
		`"default_events":["pull_request","pull_request_review","pull_request_review_comment","merge_group","check_run","check_suite","push","release","repository","public"]}`
	if document != want {
		t.Errorf("the manifest is\n%s", document)
	}
	a := w.get(w.confirm(action, document))
	for _, want := range []string{"Done:", "acme-s-bonafide", w.hub.URL() + "/apps/acme-s-bonafide/installations/new", "in the folder credentials", "setup --check"} {
		if a.StatusCode != http.StatusOK || !strings.Contains(a.text, want) {
			t.Errorf("%d, not %q in %s", a.StatusCode, want, a.text)
		}
	}
	w.must(<-w.ended)
	r, notes, err := config.ReadRegistration(w.dir)
	w.must(err)
	if len(notes) > 0 || r.ID != w.hub.AppID() || r.Slug != "acme-s-bonafide" || r.Owner != "acme" || r.PublicURL != "https://bonafide.example.com" || r.GitHubURL != w.hub.URL() || r.ID != w.got.ID ||
		strings.TrimSpace(r.PrivateKey.Reveal()) != strings.TrimSpace(string(w.hub.PrivateKeyPEM())) {
		t.Errorf("%+v, %q", r, notes)
	}
	for _, secret := range []string{r.PrivateKey.Reveal(), r.WebhookSecret.Reveal(), r.ClientSecret.Reveal()} {
		if strings.Contains(a.text, secret) {
			t.Error("a secret is on the last page")
		}
	}
	if _, err := w.browser.Get(w.origin()); err == nil {
		t.Error("the page is still there")
	}
}

func TestPagesAllowThemselvesNothing(t *testing.T) {
	w := newWorld(t, nil)
	first := w.get(w.page.Link())
	if icon := w.get(w.origin() + "/-/icon.svg"); !strings.Contains(first.text, `href="/-/icon.svg"`) || !strings.HasPrefix(icon.text, "<svg") {
		t.Errorf("the icon that the page names: %s", icon.text)
	}
	second := w.post(w.origin()+"/manifest", url.Values{"public_url": {"https://bonafide.example.com"}, "name": {"x"}})
	for name, tt := range map[string]struct {
		a     asked
		forms string
	}{"the first": {first, "form-action 'self';"}, "the second": {second, "form-action " + w.hub.URL() + ";"}} {
		policy := tt.a.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-") || !strings.Contains(policy, tt.forms) || strings.Contains(policy, "script") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: %s", name, policy)
		}
		if tt.a.Header.Get("Cache-Control") != "no-store" || strings.Contains(tt.a.text, "<script") || strings.Contains(tt.a.text, " style=") {
			t.Errorf("%s: %v\n%s", name, tt.a.Header, tt.a.text)
		}
	}
}

func TestEveryAnswerIsCareful(t *testing.T) {
	w := newWorld(t, nil)
	for name, change := range map[string]func(*http.Request){
		"the way from the link": func(r *http.Request) { r.URL.Path = strings.TrimPrefix(w.page.Link(), w.origin()) },
		"no such page":          func(r *http.Request) { r.URL.Path = "/nothing" },
		"a cleaner address":     func(r *http.Request) { r.URL.Path = "//open/../x" },
		"another site":          func(r *http.Request) { r.Method = "POST"; r.Header.Set("Sec-Fetch-Site", "cross-site") },
		"another name":          func(r *http.Request) { r.Host = "evil.example" },
	} {
		r := httptest.NewRequest(http.MethodGet, w.origin()+"/", nil)
		change(r)
		a := httptest.NewRecorder()
		w.page.Handler().ServeHTTP(a, r)
		h := a.Header()
		if a.Code == http.StatusOK || !strings.HasPrefix(h.Get("Content-Security-Policy"), "default-src 'none'") || h.Get("X-Content-Type-Options") != "nosniff" ||
			h.Get("Referrer-Policy") != "no-referrer" || h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v", name, a.Code, h)
		}
	}
}

func TestTheLinkIsGoodForOneBrowser(t *testing.T) {
	w := newWorld(t, nil)
	if a := w.get(w.origin() + "/"); a.StatusCode != http.StatusForbidden {
		t.Errorf("without the link: %d", a.StatusCode)
	}
	if a := w.get(w.origin() + "/open/guessed"); a.StatusCode != http.StatusForbidden {
		t.Errorf("with another one: %d", a.StatusCode)
	}
	for range 2 { // the same browser may open it again
		if a := w.get(w.page.Link()); a.StatusCode != http.StatusOK || a.Request.URL.Path != "/" {
			t.Errorf("%d at %s", a.StatusCode, a.Request.URL)
		}
	}
	w.browser = newBrowser(t)
	if a := w.get(w.page.Link()); a.StatusCode != http.StatusForbidden || !strings.Contains(a.text, "another browser has opened it") {
		t.Errorf("%d %s", a.StatusCode, a.text)
	}
	if a := w.post(w.origin()+"/manifest", url.Values{"public_url": {"https://bonafide.example.com"}, "name": {"x"}}); a.StatusCode != http.StatusForbidden {
		t.Errorf("a post of a stranger: %d", a.StatusCode)
	}
}

func TestForgedAndReplayedStatesAreRefused(t *testing.T) {
	w := newWorld(t, nil)
	action, document := w.send()
	back := w.confirm(action, document)
	u, err := url.Parse(back)
	w.must(err)
	q := u.Query()
	right := q.Get("state")
	for name, state := range map[string]string{"none": "", "another": "AAAA", "one that is cut": right[:len(right)-1]} {
		q.Set("state", state)
		if a := w.get(w.origin() + "/callback?" + q.Encode()); a.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.text)
		}
	}
	mine := w.browser
	w.browser = newBrowser(t)
	if a := w.get(back); a.StatusCode != http.StatusForbidden {
		t.Errorf("another browser brings it: %d", a.StatusCode)
	}
	w.browser = mine
	q.Set("state", right)
	q.Set("code", "../../app")
	if a := w.get(w.origin() + "/callback?" + q.Encode()); a.StatusCode != http.StatusBadGateway || !strings.Contains(a.text, "none that GitHub gives") {
		t.Errorf("a code that is a path: %d %s", a.StatusCode, a.text)
	}
	if a := w.get(back); a.StatusCode != http.StatusForbidden {
		t.Errorf("the state is used twice: %d", a.StatusCode)
	}
	if _, _, err := config.ReadRegistration(w.dir); !errors.Is(err, config.ErrNoCredentials) {
		t.Errorf("something was stored: %v", err)
	}
}

func TestACodeIsGoodOnce(t *testing.T) {
	w := newWorld(t, nil)
	action, document := w.send()
	back, err := url.Parse(w.confirm(action, document))
	w.must(err)
	resp, err := http.Post(w.hub.APIURL()+"app-manifests/"+back.Query().Get("code")+"/conversions", "", nil)
	w.must(err)
	_ = resp.Body.Close()
	if a := w.get(back.String()); a.StatusCode != http.StatusBadGateway || !strings.Contains(a.text, "good once") {
		t.Errorf("%d %s", a.StatusCode, a.text)
	}
	// It can be begun again.
	action, document = w.send()
	if a := w.get(w.confirm(action, document)); a.StatusCode != http.StatusOK {
		t.Errorf("%d %s", a.StatusCode, a.text)
	}
	w.must(<-w.ended)
}

func TestAnAppThatMayDoMoreIsRefused(t *testing.T) {
	w := newWorld(t, nil)
	action, document := w.send()
	wide := strings.Replace(document, `"contents":"read"`, `"contents":"write","administration":"read"`, 1)
	a := w.get(w.confirm(action, wide))
	for _, want := range []string{"administration: read, contents: write", "Delete it at", "/organizations/acme/settings/apps/acme-s-bonafide"} {
		if a.StatusCode != http.StatusBadGateway || !strings.Contains(a.text, want) {
			t.Errorf("%d, not %q in %s", a.StatusCode, want, a.text)
		}
	}
	if _, _, err := config.ReadRegistration(w.dir); !errors.Is(err, config.ErrNoCredentials) {
		t.Errorf("it was stored: %v", err)
	}
}

func TestWhatCannotBeStoredWaits(t *testing.T) {
	full := true
	var w *world
	w = newWorld(t, func(o *setup.Options) {
		o.Keep = func(r config.Registration) error {
			if full {
				return errors.New("store the credentials: no space left on device")
			}
			return r.Store(w.dir)
		}
	})
	action, document := w.send()
	a := w.get(w.confirm(action, document))
	if a.StatusCode != http.StatusInternalServerError || !strings.Contains(a.text, "no space left") || !strings.Contains(a.text, "Try again") {
		t.Fatalf("%d %s", a.StatusCode, a.text)
	}
	full = false
	if a := w.post(w.origin()+"/keep", nil); a.StatusCode != http.StatusOK || !strings.Contains(a.text, "Done:") {
		t.Errorf("%d %s", a.StatusCode, a.text)
	}
	w.must(<-w.ended)
	if _, err := os.Stat(filepath.Join(w.dir, config.AppFile)); err != nil {
		t.Error(err)
	}
}

func TestOtherHostsAndSitesAreRefused(t *testing.T) {
	w := newWorld(t, nil)
	w.get(w.page.Link())
	ask := func(method, host string, header http.Header) int {
		r, err := http.NewRequest(method, w.origin()+"/manifest", strings.NewReader("public_url=https://bonafide.example.com&name=x"))
		w.must(err)
		r.Host = host
		r.Header = header
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return w.read(w.browser.Do(r)).StatusCode
	}
	own := strings.TrimPrefix(w.origin(), "http://")
	_, port, err := net.SplitHostPort(own)
	w.must(err)
	if got := ask("POST", own, http.Header{}); got != http.StatusOK {
		t.Errorf("ours: %d", got)
	}
	for _, host := range []string{"evil.example", "localhost", "evil.example:" + port} {
		if got := ask("POST", host, http.Header{}); got != http.StatusMisdirectedRequest {
			t.Errorf("by the name %s: %d", host, got)
		}
	}
	if got := ask("POST", own, http.Header{"Sec-Fetch-Site": {"cross-site"}}); got != http.StatusForbidden {
		t.Errorf("from another site: %d", got)
	}
	if got := ask("POST", own, http.Header{"Origin": {"https://evil.example"}}); got != http.StatusForbidden {
		t.Errorf("from another origin: %d", got)
	}
}

func TestTheFormSaysWhatIsWrong(t *testing.T) {
	w := newWorld(t, func(o *setup.Options) { o.GitHub = "https://github.com" })
	w.get(w.page.Link())
	for _, tt := range []struct{ public, name, org, says string }{
		{"", "x", "", "public address is missing"},
		{"bonafide.example.com", "x", "", "is not one"},
		{"http://bonafide.example.com", "x", "", "must begin with https"},
		{"https://bonafide.example.com/app", "x", "", "has a path"},
		{"https://me:pw@bonafide.example.com", "x", "", "has a user"},
		{"https://localhost:8080", "x", "", "GitHub cannot reach it"},
		{"https://10.1.2.3", "x", "", "private network"},
		{"https://[::1]", "x", "", "GitHub cannot reach it"},
		{"https://bonafide.internal", "x", "", "private network"},
		{"https://bonafide.example.com", "", "", "name is missing"},
		{"https://bonafide.example.com", strings.Repeat("x", 35), "", "34 characters"},
		{"https://bonafide.example.com", "a\u202eb", "", "cannot be seen"},
		{"https://bonafide.example.com", "x", "../x", "not a name"},
	} {
		a := w.post(w.origin()+"/manifest", url.Values{"public_url": {tt.public}, "name": {tt.name}, "org": {tt.org}})
		if a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.text, tt.says) {
			t.Errorf("%+v: %d %s", tt, a.StatusCode, a.text)
		}
	}
}

func TestTheLinkExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		page, err := setup.New(setup.Options{
			Address: "127.0.0.1:1", Manifest: manifest(t), GitHub: "https://github.com", Clock: time.Now, Logger: zerolog.Nop(),
			Convert: func(context.Context, string) (registered.App, config.Registration, error) { panic("not asked") },
			Keep:    func(config.Registration) error { panic("not asked") },
		})
		if err != nil {
			t.Fatal(err)
		}
		at := func() int {
			w := httptest.NewRecorder()
			page.Handler().ServeHTTP(w, httptest.NewRequest("GET", page.Link(), nil))
			return w.Code
		}
		ended := make(chan error)
		go func() {
			_, err := page.Run(t.Context(), &silent{closed: make(chan struct{})})
			ended <- err
		}()
		time.Sleep(setup.Lifetime - time.Second)
		if got := at(); got != http.StatusSeeOther {
			t.Errorf("within the hour: %d", got)
		}
		time.Sleep(2 * time.Second)
		if got := at(); got != http.StatusGone {
			t.Errorf("after it: %d", got)
		}
		if err := <-ended; !errors.Is(err, setup.ErrExpired) {
			t.Errorf("it ended with %v", err)
		}
	})
}

// silent is a listener that nobody calls.
type silent struct{ closed chan struct{} }

func (s *silent) Accept() (net.Conn, error) { <-s.closed; return nil, net.ErrClosed }
func (s *silent) Close() error              { close(s.closed); return nil }
func (s *silent) Addr() net.Addr            { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

func TestItOpensOnThisMachineAlone(t *testing.T) {
	for _, address := range []string{"0.0.0.0:80", "10.0.0.1:80", "[::]:80", "example.com:80"} {
		_, err := setup.New(setup.Options{
			Address: address, Manifest: manifest(t), Clock: time.Now,
			Convert: func(context.Context, string) (registered.App, config.Registration, error) { panic("not asked") },
			Keep:    func(config.Registration) error { panic("not asked") },
		})
		if err == nil || !strings.Contains(err.Error(), "this machine alone") {
			t.Errorf("%s: %v", address, err)
		}
	}
}
