package forge_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/bonafide-app/bonafide/app/sandbox/forge"
)

const callback = "http://127.0.0.1:1/login/callback"

// browser asks the pages and follows nothing.
func browser(t *testing.T, address string) (*http.Response, string) {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

// authorize is where a sign-in leads.
func (w *world) authorize(q url.Values) url.Values {
	w.t.Helper()
	resp, body := browser(w.t, w.forge.URL()+"/login/oauth/authorize?"+q.Encode())
	if resp.StatusCode != http.StatusFound {
		w.t.Fatalf("%d %s", resp.StatusCode, body)
	}
	at, err := url.Parse(resp.Header.Get("Location"))
	w.must(err)
	if !strings.HasPrefix(at.String(), callback) {
		w.t.Fatalf("sent to %s", at)
	}
	return at.Query()
}

func (w *world) redeem(form url.Values) map[string]any {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.ctx, http.MethodPost, w.forge.URL()+"/login/oauth/access_token", strings.NewReader(form.Encode()))
	w.must(err)
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(r)
	w.must(err)
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		w.t.Fatalf("status %d", resp.StatusCode)
	}
	var said map[string]any
	w.must(json.NewDecoder(resp.Body).Decode(&said))
	return said
}

func (w *world) signIn(login string) string {
	w.t.Helper()
	sum := sha256.Sum256([]byte("a verifier"))
	back := w.authorize(url.Values{"client_id": {w.forge.ClientID()}, "redirect_uri": {callback}, "state": {"s"}, "as": {login},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}})
	if back.Get("state") != "s" || back.Get("code") == "" {
		w.t.Fatalf("came back with %v", back)
	}
	said := w.redeem(w.form(back.Get("code")))
	token, _ := said["access_token"].(string)
	if !strings.HasPrefix(token, "ghu_") || said["token_type"] != "bearer" || said["expires_in"] != 28800.0 {
		w.t.Fatalf("%v", said)
	}
	return token
}

func (w *world) form(code string) url.Values {
	return url.Values{"client_id": {w.forge.ClientID()}, "client_secret": {w.forge.ClientSecret()}, "code": {code}, "code_verifier": {"a verifier"}, "redirect_uri": {callback}}
}

// as asks the API with a person's token, judged by GitHub's description.
func (w *world) as(token, path string) (int, map[string]any) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.ctx, http.MethodGet, w.forge.APIURL()+path, nil)
	w.must(err)
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := w.judged.RoundTrip(r)
	w.must(err)
	defer resp.Body.Close()
	var said map[string]any
	w.must(json.NewDecoder(resp.Body).Decode(&said))
	return resp.StatusCode, said
}

func TestPeopleSeeWhatTheyMayRead(t *testing.T) {
	w := newWorld(t, func(o *forge.Options) { o.CallbackURL = callback })
	w.repo.Grant("owner", "admin")
	w.repo.Grant("reader", "read")
	for _, login := range []string{"owner", "reader", "stranger"} {
		w.forge.AddPerson(login)
	}
	for login, want := range map[string]struct {
		status, installations int
		admin                 bool
	}{"owner": {200, 1, true}, "reader": {200, 1, false}, "stranger": {404, 0, false}} {
		token := w.signIn(login)
		if status, who := w.as(token, "user"); status != 200 || who["login"] != login {
			t.Errorf("%s is %v", login, who["login"])
		}
		status, repo := w.as(token, "repos/acme/web")
		if status != want.status {
			t.Errorf("%s: %d", login, status)
		}
		if may, _ := repo["permissions"].(map[string]any); status == 200 && may["admin"] != want.admin {
			t.Errorf("%s may %v", login, may)
		}
		if _, list := w.as(token, "user/installations"); list["total_count"] != float64(want.installations) {
			t.Errorf("%s sees %v installations", login, list["total_count"])
		}
		if status, _ := w.as(token, fmt.Sprintf("user/installations/%d/repositories", w.installation.ID)); status != want.status {
			t.Errorf("%s asks for the repositories: %d", login, status)
		}
	}
	token := w.signIn("reader")
	w.forge.RevokePersonTokens("reader")
	if status, _ := w.as(token, "user"); status != 401 {
		t.Errorf("a token that was revoked: %d", status)
	}
}

func TestCodesAreTakenOnceFromWhoBeganTheSignIn(t *testing.T) {
	w := newWorld(t, func(o *forge.Options) { o.CallbackURL = callback })
	w.forge.AddPerson("reader")
	sum := sha256.Sum256([]byte("a verifier"))
	ask := url.Values{"client_id": {w.forge.ClientID()}, "redirect_uri": {callback}, "as": {"reader"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}}
	for name, c := range map[string]struct {
		change func(url.Values)
		want   any
	}{
		"as it was begun":     {func(url.Values) {}, nil},
		"another verifier":    {func(v url.Values) { v.Set("code_verifier", "another") }, "bad_verification_code"},
		"another secret":      {func(v url.Values) { v.Set("client_secret", "another") }, "incorrect_client_credentials"},
		"another destination": {func(v url.Values) { v.Set("redirect_uri", "http://127.0.0.1:2/") }, "redirect_uri_mismatch"},
		"another code":        {func(v url.Values) { v.Set("code", "another") }, "bad_verification_code"},
	} {
		form := w.form(w.authorize(ask).Get("code"))
		c.change(form)
		if said := w.redeem(form); said["error"] != c.want {
			t.Errorf("%s: %v", name, said["error"])
		}
		if c.want == nil {
			if said := w.redeem(form); said["error"] != "bad_verification_code" {
				t.Errorf("a code was taken twice: %v", said["error"])
			}
		}
	}

	ask.Set("as", "-")
	if back := w.authorize(ask); back.Get("error") != "access_denied" {
		t.Errorf("a refusal: %v", back)
	}
	ask.Set("redirect_uri", "https://elsewhere.example/")
	if back := w.authorize(ask); back.Get("error") != "redirect_uri_mismatch" {
		t.Errorf("another destination: %v", back)
	}
	ask.Del("as")
	ask.Set("redirect_uri", callback)
	if resp, body := browser(t, w.forge.URL()+"/login/oauth/authorize?"+ask.Encode()); resp.StatusCode != 200 || !strings.Contains(body, ">reader</a>") {
		t.Errorf("nobody is asked who they are: %d", resp.StatusCode)
	}
}
