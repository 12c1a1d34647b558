package access

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSigningInAndOut(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	resp := b.ask("GET", "/login?to=/r/acme/web/packages%3Fstate%3Dnone")
	at, err := url.Parse(resp.Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	back := b.ask("GET", "/login/callback?code=ada&state="+at.Query().Get("state"))
	if got := back.Header.Get("Location"); back.StatusCode != http.StatusSeeOther || got != home+"/r/acme/web/packages?state=none" {
		t.Fatalf("%d to %q", back.StatusCode, got)
	}
	sum := sha256.Sum256([]byte(w.hub.redeemed[0].Get("verifier")))
	if at.Query().Get("challenge") != base64.RawURLEncoding.EncodeToString(sum[:]) || w.hub.redeemed[0].Get("redirect") != home+"/login/callback" || at.Query().Get("redirect_uri") != home+"/login/callback" {
		t.Errorf("sent to %s, redeemed %v", at, w.hub.redeemed[0])
	}
	c := b.cookies["__Host-bonafide"]
	if c == nil || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.MaxAge != int(MaxSession/time.Second) {
		t.Fatalf("the cookie: %v", c)
	}
	if len(b.cookies) != 1 {
		t.Errorf("cookies are left: %v", b.cookies)
	}
	v, ok := b.viewer()
	if !ok || v.Login != "ada" {
		t.Fatalf("%+v %v", v, ok)
	}
	for key, row := range w.rows.all {
		if len(key) != 64 || strings.Contains(key, c.Value) {
			t.Errorf("the key tells the cookie: %s", key)
		}
		// Whole words of the plain text: three letters alone stand in random bytes by chance.
		for _, clear := range []string{`"ada"`, "token of ada", c.Value} {
			if strings.Contains(string(row.Sealed), clear) {
				t.Errorf("%q is stored in the clear: %q", clear, row.Sealed)
			}
		}
	}

	if resp := b.ask("POST", "/logout"); resp.StatusCode != http.StatusOK || w.shown.Title != "You are signed out" {
		t.Errorf("%d %v", resp.StatusCode, w.shown)
	}
	if _, ok := b.viewer(); ok || len(w.rows.all) != 0 || len(b.cookies) != 0 || !slices.Equal(w.hub.revoked, []string{"token of ada"}) {
		t.Errorf("something is left: %v %v %v", w.rows.all, b.cookies, w.hub.revoked)
	}
	b.cookies["__Host-bonafide"] = c
	if _, ok := b.viewer(); ok {
		t.Error("a cookie outlives its session")
	}
	if got := strings.Join(w.audit, ", "); got != "signed-in: ada, signed-out: ada" {
		t.Error(got)
	}
}

func TestStatesThatAreRefused(t *testing.T) {
	for name, c := range map[string]func(*world, *browser, string) string{
		"a forged one": func(_ *world, _ *browser, _ string) string { return random() },
		"none":         func(*world, *browser, string) string { return "" },
		"another browser's": func(w *world, b *browser, state string) string {
			victim := w.browser()
			victim.begin("/login")
			b.cookies = victim.cookies
			return state
		},
		"a browser without a sign-in": func(_ *world, b *browser, state string) string {
			clear(b.cookies)
			return state
		},
		"an old one": func(w *world, _ *browser, state string) string {
			w.now = w.now.Add(SignInTime)
			return state
		},
		"a cookie that was changed": func(_ *world, b *browser, state string) string {
			c := b.cookies["__Host-bonafide-signin"]
			c.Value = c.Value[:len(c.Value)-4] + "AAAA"
			return state
		},
		"two cookies": func(_ *world, b *browser, state string) string {
			b.cookies["planted"] = &http.Cookie{Name: "__Host-bonafide-signin", Value: "x"}
			return state
		},
		"a replayed one": func(_ *world, b *browser, state string) string {
			c := *b.cookies["__Host-bonafide-signin"]
			if resp := b.ask("GET", "/login/callback?code=ada&state="+state); resp.StatusCode != http.StatusSeeOther {
				b.w.t.Fatal(resp.StatusCode)
			}
			b.cookies = map[string]*http.Cookie{c.Name: &c}
			b.w.hub.redeemed = nil
			return state
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			b := w.browser()
			state := c(w, b, b.begin("/login"))
			resp := b.ask("GET", "/login/callback?code=mallory&state="+state)
			if resp.StatusCode != http.StatusBadRequest || !strings.Contains(w.shown.Text[0], "not begun in this browser") {
				t.Errorf("%d %v", resp.StatusCode, w.shown)
			}
			if len(w.hub.redeemed) != 0 || b.cookies["__Host-bonafide"] != nil {
				t.Error("a code was redeemed")
			}
		})
	}
}

func TestASignInGivesANewSession(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	planted := random()
	b.cookies["__Host-bonafide"] = &http.Cookie{Name: "__Host-bonafide", Value: planted}
	b.signIn("ada")
	first := b.cookies["__Host-bonafide"].Value
	if first == planted {
		t.Error("a session was fixed from outside")
	}
	b.signIn("ada")
	if second := b.cookies["__Host-bonafide"].Value; second == first || len(w.rows.all) != 1 {
		t.Errorf("the session before goes on: %d", len(w.rows.all))
	}
}

func TestWhatEndsASession(t *testing.T) {
	for name, c := range map[string]struct {
		token, lasts time.Duration // 0: the token does not end
	}{
		"its time": {0, MaxSession}, "its token": {time.Hour, time.Hour}, "its time before its token": {12 * time.Hour, MaxSession},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if c.token > 0 {
				w.hub.expires = w.now.Add(c.token)
			}
			b := w.browser()
			b.signIn("ada")
			w.now = w.now.Add(c.lasts - time.Second)
			if _, ok := b.viewer(); !ok {
				t.Error("it ended too soon")
			}
			w.now = w.now.Add(time.Second)
			if _, ok := b.viewer(); ok {
				t.Error("it goes on")
			}
		})
	}
}

func TestASessionOpensWithItsCookieOnly(t *testing.T) {
	w := newWorld(t)
	a, b := w.browser(), w.browser()
	a.signIn("ada")
	b.signIn("bob")
	// Who may write to the database puts one person's session in the place of another's.
	rowA, rowB := w.rows.all[keyOf(a.cookies["__Host-bonafide"].Value)], w.rows.all[keyOf(b.cookies["__Host-bonafide"].Value)]
	rowA.Sealed, rowA.Key = rowB.Sealed, keyOf(a.cookies["__Host-bonafide"].Value)
	w.rows.all[rowA.Key] = rowA
	if v, ok := a.viewer(); ok {
		t.Errorf("it is %s", v.Login)
	}
	if !strings.Contains(w.log.String(), "a session cannot be read") {
		t.Errorf("nobody is told: %s", w.log.String())
	}
}

func TestWhereSomebodyComesBackTo(t *testing.T) {
	for to, want := range map[string]string{
		"/r/acme/web?x=1":        "/r/acme/web?x=1",
		"/o/a%20b":               "/o/a%20b",
		"":                       "/",
		"//evil.example/":        "/",
		"/\\evil.example":        "/",
		"\\\\evil.example":       "/",
		"https://evil.example/":  "/",
		"javascript:alert(1)":    "/",
		"evil.example":           "/",
		"/a\nb":                  "/",
		"/\t/evil.example":       "/",
		"/é":                     "/",
		"/login":                 "/",
		"/login/callback?code=1": "/",
		"/logout":                "/",
		"/" + strings.Repeat("a", MaxDestination): "/",
	} {
		if got := destination(to); got != want {
			t.Errorf("%q: %q", to, got)
		}
	}
	w := newWorld(t)
	b := w.browser()
	if resp := b.ask("GET", "/login/callback?code=ada&state="+b.begin("/login?to=//evil.example")); resp.Header.Get("Location") != home+"/" {
		t.Errorf("sent to %s", resp.Header.Get("Location"))
	}
}

func TestWhatGitHubSaysInstead(t *testing.T) {
	for query, want := range map[string]struct {
		status int
		title  string
	}{
		"error=access_denied":         {http.StatusForbidden, "You did not sign in"},
		"error=redirect_uri_mismatch": {http.StatusBadGateway, "You are not signed in"},
		"code=stale":                  {http.StatusBadRequest, "You are not signed in"},
		"":                            {http.StatusBadRequest, "You are not signed in"},
	} {
		w := newWorld(t)
		b := w.browser()
		resp := b.ask("GET", "/login/callback?"+query+"&state="+b.begin("/login?to=/o/acme"))
		if resp.StatusCode != want.status || w.shown.Title != want.title || w.shown.Again != "/login?to=%2Fo%2Facme" {
			t.Errorf("%s: %d %+v", query, resp.StatusCode, w.shown)
		}
	}
}

func TestAServerThatNobodyCanSignInTo(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"no address": func(o *Options) { o.PublicURL = "" },
		"no client":  func(o *Options) { o.SignIn = false },
	} {
		w := newWorld(t, change)
		for _, path := range []string{"/login", "/login/callback?code=a&state=b"} {
			if resp := w.browser().ask("GET", path); resp.StatusCode != http.StatusServiceUnavailable || !strings.Contains(w.shown.Text[0], "--client-id") {
				t.Errorf("%s: %d %v", name, resp.StatusCode, w.shown)
			}
		}
	}
}

func TestOnLoopbackCookiesNeedNoTLS(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.PublicURL = "http://127.0.0.1:8080" })
	b := w.browser()
	b.signIn("ada")
	if c := b.cookies["bonafide"]; c == nil || c.Secure || !c.HttpOnly {
		t.Errorf("%v", b.cookies)
	}
}

func TestSignInsAreBounded(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	for range AttemptBurst {
		b.begin("/login")
	}
	if resp := b.ask("GET", "/login"); resp.StatusCode != http.StatusTooManyRequests {
		t.Errorf("%d", resp.StatusCode)
	}
	other := w.browser()
	other.from = "203.0.113.8:1"
	other.begin("/login")
	w.now = w.now.Add(time.Minute)
	b.begin("/login")

	proxied := newWorld(t)
	p := proxied.browser()
	p.from = "10.0.0.1:1"
	for range ServerAttemptBurst {
		p.begin("/login")
	}
	if resp := p.ask("GET", "/login"); resp.StatusCode != http.StatusTooManyRequests {
		t.Errorf("all together: %d", resp.StatusCode)
	}
}

func TestSigningOutWhereSomethingDoesNotAnswer(t *testing.T) {
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		github, store error
		status        int
		says          string
	}{
		"GitHub":    {broken, nil, http.StatusOK, "GitHub could not be told"},
		"the store": {nil, broken, http.StatusOK, "has ended"},
		"both":      {broken, broken, http.StatusServiceUnavailable, "may go on elsewhere"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			b := w.browser()
			b.signIn("ada")
			w.hub.fail = c.github
			if c.store != nil {
				w.gate.sessions.rows = endless{w.rows}
			}
			resp := b.ask("POST", "/logout")
			if resp.StatusCode != c.status || !strings.Contains(w.shown.Text[0], c.says) || len(b.cookies) != 0 || len(w.hub.revoked) != 1 {
				t.Errorf("%d %v %v", resp.StatusCode, w.shown, b.cookies)
			}
		})
	}
}

func TestSigningOutOfASessionThatCannotBeRead(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.signIn("ada")
	w.rows.fail = errors.New("broken")
	resp := b.ask("POST", "/logout")
	if resp.StatusCode != http.StatusServiceUnavailable || !strings.Contains(w.shown.Text[0], "may go on elsewhere") || len(b.cookies) != 0 {
		t.Errorf("%d %v %v", resp.StatusCode, w.shown, b.cookies)
	}
}

// endless are rows that cannot be deleted.
type endless struct{ *rows }

func (endless) EndSession(context.Context, string) error { return errors.New("read-only") }
