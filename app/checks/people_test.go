package checks_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bonafide-app/bonafide/app/access"
	"github.com/bonafide-app/bonafide/app/checks"
	"github.com/bonafide-app/bonafide/app/review"
	"github.com/bonafide-app/bonafide/app/sandbox/contract"
	"github.com/bonafide-app/bonafide/app/sandbox/forge"
)

const callback = "http://127.0.0.1:1/login/callback"

func (w *world) people() *checks.People {
	w.t.Helper()
	w.must(w.hub.SetCallbackURL(callback))
	p, err := checks.NewPeople(w.forge, checks.PeopleConfig{WebURL: w.hub.URL(), APIURL: w.hub.APIURL(), ClientID: w.hub.ClientID(), Secret: w.hub.ClientSecret(),
		UserAgent: "bonafide/test", Transport: contract.ForTest(w.t).TransportForTest(w.t, http.DefaultTransport)})
	w.must(err)
	return p
}

// signIn signs somebody in and gives back the code.
func (w *world) signIn(p *checks.People, login string) string {
	w.t.Helper()
	sum := sha256.Sum256([]byte("a verifier"))
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Get(p.SignIn("state", base64.RawURLEncoding.EncodeToString(sum[:]), callback) + "&as=" + login)
	w.must(err)
	w.must(resp.Body.Close())
	at, err := url.Parse(resp.Header.Get("Location"))
	w.must(err)
	return at.Query().Get("code")
}

func TestSigningInWithGitHub(t *testing.T) {
	w := newWorld(t)
	private, err := w.hub.CreateRepository(t.Context(), forge.RepositorySpec{Owner: "acme", Name: "secret", Private: true, Files: forge.Files{"README.md": forge.Text("1\n")}})
	w.must(err)
	p := w.people()
	w.repo.Grant("reader", "read")
	private.Grant("reader", "write")
	private.Grant("owner", "admin")
	for _, login := range []string{"owner", "reader", "stranger"} {
		w.hub.AddPerson(login)
	}

	for login, want := range map[string]struct {
		repository access.Repository
		err        error
		all        string
	}{
		"owner":    {access.Repository{ID: private.ID, Owner: "acme", Name: "secret", Private: true, Write: true, Admin: true}, nil, "secret"},
		"reader":   {access.Repository{ID: private.ID, Owner: "acme", Name: "secret", Private: true, Write: true}, nil, "web secret"},
		"stranger": {access.Repository{}, access.ErrNone, ""},
	} {
		code := w.signIn(p, login)
		token, err := p.Redeem(t.Context(), code, "a verifier", callback)
		w.must(err)
		if left := time.Until(token.Expires); left < 7*time.Hour || left > 9*time.Hour {
			t.Errorf("the token lasts %v", left)
		}
		if who, err := p.Person(t.Context(), token); err != nil || who.Login != login || who.ID == 0 {
			t.Errorf("%s is %+v, %v", login, who, err)
		}
		got, err := p.Readable(t.Context(), token, "ACME", "Secret")
		if got != want.repository || !errors.Is(err, want.err) {
			t.Errorf("%s reads %+v, %v", login, got, err)
		}
		all, err := p.AllReadable(t.Context(), token)
		var names []string
		for _, r := range all {
			names = append(names, r.Name)
			if r.Installation != w.in.ID {
				t.Errorf("of installation %d", r.Installation)
			}
		}
		if err != nil || strings.Join(names, " ") != want.all {
			t.Errorf("%s reads %v, %v", login, names, err)
		}
		if _, err := p.Redeem(t.Context(), code, "a verifier", callback); !errors.Is(err, access.ErrNone) {
			t.Errorf("a code was taken twice: %v", err)
		}
		w.must(p.Revoke(t.Context(), token))
		w.must(p.Revoke(t.Context(), token)) // it has ended
		if _, err := p.Readable(t.Context(), token, "acme", "web"); !errors.Is(err, access.ErrSignedOut) {
			t.Errorf("after it was revoked: %v", err)
		}
	}
	if _, err := p.Redeem(t.Context(), w.signIn(p, "owner"), "another verifier", callback); !errors.Is(err, access.ErrNone) {
		t.Errorf("a code of another browser: %v", err)
	}
}

func TestWhetherARepositoryIsPublic(t *testing.T) {
	w := newWorld(t)
	private, err := w.hub.CreateRepository(t.Context(), forge.RepositorySpec{Owner: "acme", Name: "secret", Private: true, Files: forge.Files{"README.md": forge.Text("1\n")}})
	w.must(err)
	p := w.people()
	if public, err := p.Public(t.Context(), w.in.ID, w.repo.ID, "acme", "web"); err != nil || !public {
		t.Errorf("a public one: %v, %v", public, err)
	}
	if public, err := p.Public(t.Context(), w.in.ID, private.ID, "acme", "secret"); err != nil || public {
		t.Errorf("a private one: %v, %v", public, err)
	}
	if _, err := p.Public(t.Context(), w.in.ID, private.ID, "acme", "web"); !errors.Is(err, access.ErrNone) {
		t.Errorf("one whose name another one has: %v", err)
	}
	if _, err := p.Public(t.Context(), w.in.ID, 7, "acme", "gone"); !errors.Is(err, access.ErrNone) {
		t.Errorf("one that is gone: %v", err)
	}
}

// ownKey is a key of an App.
var ownKey = sync.OnceValue(func() []byte {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
})

// oddPeople is a People whose GitHub answers as it is told.
func oddPeople(t *testing.T, h http.HandlerFunc) *checks.People {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	clients, err := checks.NewClientCreator(checks.ClientConfig{APIURL: server.URL + "/", AppID: 1, PrivateKey: ownKey(), UserAgent: "bonafide/test"})
	if err != nil {
		t.Fatal(err)
	}
	f, err := checks.New(clients, checks.Options{AppID: 1})
	if err != nil {
		t.Fatal(err)
	}
	p, err := checks.NewPeople(f, checks.PeopleConfig{WebURL: server.URL, APIURL: server.URL + "/", ClientID: "client", Secret: "secret of the client", UserAgent: "bonafide/test"})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAnswersThatAreNone(t *testing.T) {
	const token = "ghu_0123456789abcdef"
	for name, c := range map[string]struct {
		status int
		header http.Header
		body   string
		later  bool
		is     error
	}{
		"a server error":         {502, nil, "<html>", true, nil},
		"a page":                 {200, nil, "<html>" + token, true, nil},
		"another thing":          {200, nil, `{"id":0}`, true, nil},
		"no private":             {200, nil, `{"id":7,"full_name":"o/n"}`, true, nil},
		"a secondary limit":      {403, http.Header{"Retry-After": {"7"}}, `{}`, true, nil},
		"a primary limit":        {429, nil, `{}`, true, nil},
		"forbidden":              {403, nil, `{"message":"Resource protected by organization SAML enforcement."}`, false, access.ErrNone},
		"for legal reasons":      {451, nil, `{}`, false, access.ErrNone},
		"a token that is over":   {401, nil, `{"message":"Bad credentials"}`, false, access.ErrSignedOut},
		"a redirect elsewhere":   {301, http.Header{"Location": {"https://elsewhere.example/"}}, "", true, nil},
		"something not expected": {418, nil, `{}`, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			p := oddPeople(t, func(w http.ResponseWriter, r *http.Request) {
				for k, v := range c.header {
					w.Header()[k] = v
				}
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			})
			_, err := p.Readable(t.Context(), access.Token{Value: token}, "o", "n")
			var later *review.Later
			if err == nil || errors.As(err, &later) != c.later || (c.is != nil) != (errors.Is(err, access.ErrNone) || errors.Is(err, access.ErrSignedOut)) {
				t.Fatalf("%v", err)
			}
			if c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("%v", err)
			}
			if text := err.Error() + review.Cause(err); strings.Contains(text, token) {
				t.Errorf("the token is shown: %s", text)
			}
		})
	}
}

func TestALimitIsKeptForTheTokenThatItIsOf(t *testing.T) {
	var asked atomic.Int32
	p := oddPeople(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer ghu_limited" {
			asked.Add(1)
			w.Header().Set("Retry-After", "60")
			w.WriteHeader(http.StatusForbidden)
			return
		}
		_, _ = io.WriteString(w, `{"id":7,"login":"somebody"}`)
	})
	for range 3 {
		var later *review.Later
		if _, err := p.Person(t.Context(), access.Token{Value: "ghu_limited"}); !errors.As(err, &later) || !later.Limit {
			t.Fatal(err)
		}
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
	if _, err := p.Person(t.Context(), access.Token{Value: "ghu_other"}); err != nil {
		t.Errorf("another person: %v", err)
	}
}

func TestListsOfRepositoriesEnd(t *testing.T) {
	var asked atomic.Int32
	p := oddPeople(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.URL.Path == "/user/installations" {
			_, _ = io.WriteString(w, `{"installations":[{"id":1},{"id":2,"suspended_at":"2026-01-01T00:00:00Z"}]}`)
			return
		}
		w.Header().Set("Link", fmt.Sprintf(`<http://%s%s?page=2>; rel="next"`, r.Host, r.URL.Path))
		_, _ = io.WriteString(w, `{"repositories":[`+strings.Repeat(`{"id":1,"full_name":"o/n","private":false},`, 99)+`{"id":1,"full_name":"o/n","private":false}]}`)
	})
	all, err := p.AllReadable(t.Context(), access.Token{Value: "ghu_x"})
	if err != nil || len(all) != checks.MaxReadable || asked.Load() > checks.MaxPersonPages {
		t.Errorf("%d repositories in %d requests, %v", len(all), asked.Load(), err)
	}
}

func TestNoRedirectTakesTheClientSecretElsewhere(t *testing.T) {
	var elsewhere atomic.Int32
	p := oddPeople(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/elsewhere" {
			elsewhere.Add(1)
		}
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	})
	if _, err := p.Redeem(t.Context(), "code", "verifier", callback); err == nil || strings.Contains(err.Error(), "verifier") {
		t.Errorf("a code is redeemed: %v", err)
	}
	if err := p.Revoke(t.Context(), access.Token{Value: "ghu_secretsecret"}); err == nil || strings.Contains(err.Error(), "ghu_") {
		t.Errorf("a token is revoked: %v", err)
	}
	if n := elsewhere.Load(); n != 0 {
		t.Errorf("%d requests were sent on", n)
	}
}

func TestRefusalsOfASignIn(t *testing.T) {
	for body, want := range map[string]string{
		`{"error":"bad_verification_code"}`:                                      "does not take it",
		`{"error":"incorrect_client_credentials"}`:                               "client secret",
		`{"error":"redirect_uri_mismatch"}`:                                      callback,
		`{"error":"unverified_user_email"}`:                                      "unverified_user_email",
		`{"access_token":"","token_type":"bearer"}`:                              "not a token",
		`{"access_token":"ghu_secret\nX: y","token_type":"bearer"}`:              "not a token",
		`{"access_token":"ghu_secretsecret","token_type":"mac"}`:                 "not a token",
		`{"access_token":"ghu_secretsecret","token_type":"bearer","expires_in":`: "JSON",
	} {
		p := oddPeople(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, body) })
		_, err := p.Redeem(t.Context(), "code", "verifier", callback)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "ghu_") {
			t.Errorf("%s: %v", body, err)
		}
	}
	p := oddPeople(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"access_token":"ghu_secretsecret","token_type":"bearer"}`)
	})
	if token, err := p.Redeem(t.Context(), "code", "verifier", callback); err != nil || !token.Expires.IsZero() {
		t.Errorf("a token that does not end: %v, %v", token.Expires, err)
	}
}
