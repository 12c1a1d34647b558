package access_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/access"
	"github.com/bonafide-app/bonafide/app/checks"
	"github.com/bonafide-app/bonafide/app/sandbox/contract"
	"github.com/bonafide-app/bonafide/app/sandbox/forge"
	"github.com/bonafide-app/bonafide/app/store"
	"github.com/bonafide-app/bonafide/app/web"
)

// memory keeps sessions.
type memory struct{ sync.Map }

func (m *memory) SaveSession(_ context.Context, r access.Row) error {
	m.Store(r.Key, r)
	return nil
}

func (m *memory) Session(_ context.Context, key string) (access.Row, bool, error) {
	v, ok := m.Load(key)
	r, _ := v.(access.Row)
	return r, ok, nil
}

func (m *memory) EndSession(_ context.Context, key string) error {
	m.Delete(key)
	return nil
}

// known is a store that knows the names of repositories, and nothing else.
type known struct {
	web.Store
	all []store.Repository
}

func (k known) Named(_ context.Context, owner, name string) (store.Repository, bool, error) {
	for _, r := range k.all {
		if strings.EqualFold(r.Owner, owner) && strings.EqualFold(r.Name, name) {
			return r, true, nil
		}
	}
	return store.Repository{}, false, nil
}

// site is the pages, behind the gate, before the sandbox GitHub.
type site struct {
	t      *testing.T
	url    string
	gate   *access.Gate
	hub    *forge.Server
	secret access.Repository
}

func newSite(t *testing.T) *site {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("skipped: git is not on PATH")
	}
	judge := contract.ForTest(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	s := &site{t: t}
	var pages http.Handler
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { pages.ServeHTTP(w, r) }))
	t.Cleanup(front.Close)
	s.url = front.URL

	hooks := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }))
	t.Cleanup(hooks.Close)
	var err error
	s.hub, err = forge.New(t.TempDir(), forge.Options{Secret: "a secret for tests", WebhookURL: hooks.URL, CallbackURL: front.URL + "/login/callback"})
	must(err)
	t.Cleanup(func() { _ = s.hub.Close() })
	api := httptest.NewServer(s.hub.Handler())
	t.Cleanup(api.Close)
	must(s.hub.SetURL(api.URL))
	repo, err := s.hub.CreateRepository(t.Context(), forge.RepositorySpec{Owner: "acme", Name: "secret", Private: true, Files: forge.Files{"README.md": forge.Text("1\n")}})
	must(err)
	in, err := s.hub.Install(t.Context(), "acme")
	must(err)
	repo.Grant("ada", "admin")
	s.hub.AddPerson("ada")
	s.hub.AddPerson("sam")
	s.secret = access.Repository{Installation: in.ID, ID: repo.ID, Owner: "acme", Name: "secret"}

	transport := judge.TransportForTest(t, http.DefaultTransport)
	clients, err := checks.NewClientCreator(checks.ClientConfig{APIURL: s.hub.APIURL(), AppID: s.hub.AppID(), PrivateKey: s.hub.PrivateKeyPEM(), UserAgent: "bonafide/test", Transport: transport})
	must(err)
	asker, err := checks.New(clients, checks.Options{AppID: s.hub.AppID(), Logger: zerolog.Nop()})
	must(err)
	people, err := checks.NewPeople(asker, checks.PeopleConfig{WebURL: s.hub.URL(), APIURL: s.hub.APIURL(), ClientID: s.hub.ClientID(), Secret: s.hub.ClientSecret(), UserAgent: "bonafide/test", Transport: transport})
	must(err)
	var shown *web.Pages
	s.gate, err = access.NewGate(access.Options{
		GitHub: people, Rows: &memory{}, Key: func(context.Context) ([]byte, error) { return bytes.Repeat([]byte{1}, 32), nil }, PublicURL: front.URL, SignIn: true,
		Show: func(w http.ResponseWriter, r *http.Request, status int, n access.Notice) {
			shown.Notice(w, r, status, n)
		},
		Clock: time.Now, Logger: zerolog.Nop(),
	})
	must(err)
	shown, err = web.NewPages(web.PagesOptions{Store: known{all: []store.Repository{{Installation: in.ID, ID: repo.ID, Owner: "acme", Name: "secret"}}}, Gate: s.gate,
		GitHub: s.hub.URL(), Addresses: web.Addresses(front.URL), Clock: time.Now, Logger: zerolog.Nop()})
	must(err)
	pages, err = web.New(web.Options{Webhook: http.NotFoundHandler(), Ready: func(context.Context) error { return nil }, Health: func() map[string]string { return nil }, Pages: shown})
	must(err)
	return s
}

// visitor is somebody's browser.
type visitor struct {
	*site
	*http.Client
}

func (s *site) visitor() visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return visitor{s, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

func (v visitor) ask(method, address string, header ...string) (status int, body string, to *url.URL) {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, address, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := v.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	to, _ = resp.Location()
	return resp.StatusCode, string(data), to
}

// signIn goes to the GitHub and back, as somebody.
func (v visitor) signIn(login string) (status int, body string) {
	v.t.Helper()
	_, _, there := v.ask("GET", v.url+"/login?to=/o/acme")
	if there == nil || !strings.HasPrefix(there.String(), v.hub.URL()) {
		v.t.Fatalf("sent to %v", there)
	}
	_, _, back := v.ask("GET", there.String()+"&as="+login)
	if back == nil || !strings.HasPrefix(back.String(), v.url+"/login/callback?") {
		v.t.Fatalf("sent back to %v", back)
	}
	status, body, to := v.ask("GET", back.String())
	if login != "-" && (status != http.StatusSeeOther || to.String() != v.url+"/o/acme") {
		v.t.Fatalf("%d to %v: %s", status, to, body)
	}
	return status, body
}

// sees says whether GitHub lets the visitor see the secret.
func (v visitor) sees() error {
	at, err := url.Parse(v.url)
	if err != nil {
		v.t.Fatal(err)
	}
	r := httptest.NewRequest("GET", "/", nil)
	for _, c := range v.Jar.Cookies(at) {
		r.AddCookie(c)
	}
	who, _ := v.gate.Viewer(r)
	_, err = v.gate.Repository(v.t.Context(), who, v.secret)
	return err
}

func TestASecondPersonSeesNothing(t *testing.T) {
	s := newSite(t)
	ada, sam, nobody := s.visitor(), s.visitor(), s.visitor()
	ada.signIn("ada")
	sam.signIn("sam")
	if err := ada.sees(); err != nil {
		t.Errorf("who may: %v", err)
	}
	if err := sam.sees(); !errors.Is(err, access.ErrNone) {
		t.Errorf("who may not: %v", err)
	}
	if err := nobody.sees(); !errors.Is(err, access.ErrNone) {
		t.Errorf("who has not signed in: %v", err)
	}
	for _, v := range []visitor{sam, nobody} {
		for _, below := range []string{"", "/packages", "/history", "/pull/1", "/export?format=json"} {
			status, hidden, _ := v.ask("GET", s.url+"/r/acme/secret"+below)
			missing, none, _ := v.ask("GET", s.url+"/r/acme/nonesuch"+below)
			if status != http.StatusNotFound || missing != status || strings.ReplaceAll(none, "nonesuch", "secret") != hidden {
				t.Errorf("%s: %d and %d\n%s\n%s", below, status, missing, hidden, none)
			}
		}
	}
	if _, body, _ := ada.ask("GET", s.url+"/nothing"); !strings.Contains(body, "Sign out") || !strings.Contains(body, "ada") {
		t.Errorf("who has signed in is not shown: %s", body)
	}
}

func TestRefusingToSignIn(t *testing.T) {
	v := newSite(t).visitor()
	if status, body := v.signIn("-"); status != http.StatusForbidden || !strings.Contains(body, "You did not sign in") {
		t.Errorf("%d %s", status, body)
	}
}

func TestOtherSitesChangeNothing(t *testing.T) {
	s := newSite(t)
	v := s.visitor()
	v.signIn("ada")
	for name, header := range map[string][]string{
		"another site":            {"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"},
		"a neighbour":             {"Sec-Fetch-Site", "same-site", "Origin", "https://other.example.com"},
		"an older browser":        {"Origin", "https://evil.example"},
		"no origin that is named": {"Origin", "null"},
	} {
		if status, body, _ := v.ask("POST", s.url+"/logout", header...); status != http.StatusForbidden || !strings.Contains(body, "did not come from here") {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	if err := v.sees(); err != nil || s.hub.PersonTokens("ada") != 1 {
		t.Errorf("signed out from elsewhere: %v", err)
	}
	if status, body, _ := v.ask("POST", s.url+"/logout", "Sec-Fetch-Site", "same-origin", "Origin", s.url); status != http.StatusOK || !strings.Contains(body, "You are signed out") || strings.Contains(body, "Sign out</button>") {
		t.Errorf("from here: %d %s", status, body)
	}
	if s.hub.PersonTokens("ada") != 0 {
		t.Error("the token holds")
	}
	if err := v.sees(); !errors.Is(err, access.ErrNone) {
		t.Errorf("after signing out: %v", err)
	}
}

func TestWhatIsTakenBackAtGitHubEndsTheSession(t *testing.T) {
	s := newSite(t)
	v := s.visitor()
	v.signIn("ada")
	s.hub.RevokePersonTokens("ada")
	if err := v.sees(); !errors.Is(err, access.ErrSignedOut) {
		t.Errorf("%v", err)
	}
	if _, body, _ := v.ask("GET", s.url+"/nothing"); strings.Contains(body, "Sign out</button>") {
		t.Error("the session goes on")
	}
}
