package access

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/bonafide-app/bonafide/app/mask"
)

// journey is a sign-in that is on its way. The browser carries it, sealed, in a cookie; the
// state alone goes by way of GitHub, so that what comes back is known to be from the same
// browser.
type journey struct {
	State    string    `json:"s"`
	Verifier string    `json:"v"` // PKCE, RFC 7636
	To       string    `json:"t"` // path to go on to
	Until    time.Time `json:"u"`
}

const journeyUse = "sign-in v1"

// Routes answers for signing in and out: GET /login, GET /login/callback, POST /logout.
func (g *Gate) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /login", g.login)
	mux.HandleFunc("GET /login/callback", g.callback)
	mux.HandleFunc("POST /logout", g.logout)
}

func (g *Gate) callbackURL() string { return g.PublicURL + "/login/callback" }

// ready says whether somebody may sign in now; it has answered where not.
func (g *Gate) ready(w http.ResponseWriter, r *http.Request) bool {
	switch {
	case g.PublicURL == "" || !g.SignIn:
		g.Show(w, r, http.StatusServiceUnavailable, Notice{Title: "Nobody can sign in yet", Text: []string{
			"This server does not know itself at GitHub. Its operator must set --public-url, --client-id and --client-secret-file.",
		}})
		return false
	case !g.attempts.allow(r):
		w.Header().Set("Retry-After", "60")
		g.Show(w, r, http.StatusTooManyRequests, Notice{Title: "Too many sign-ins", Text: []string{"Many people try to sign in from where you are. Wait a minute and try again."}, Again: "/login"})
		return false
	}
	return true
}

// key is what the cookies of sign-ins are sealed with.
func (g *Gate) key(ctx context.Context) ([]byte, error) {
	key, err := g.Key(ctx)
	if err == nil && len(key) < 32 {
		err = fmt.Errorf("the key for sign-ins has %d bytes instead of 32", len(key))
	}
	return key, err
}

// login sends somebody to GitHub.
func (g *Gate) login(w http.ResponseWriter, r *http.Request) {
	if !g.ready(w, r) {
		return
	}
	j := journey{State: random(), Verifier: random(), To: destination(r.URL.Query().Get("to")), Until: g.Clock().Add(SignInTime)}
	plain, err := json.Marshal(j)
	if err != nil {
		g.failed(w, r, fmt.Errorf("begin a sign-in: %w", err))
		return
	}
	key, err := g.key(r.Context())
	if err != nil {
		g.failed(w, r, fmt.Errorf("begin a sign-in: %w", err))
		return
	}
	sealed, err := seal(key, journeyUse, plain)
	if err != nil {
		g.failed(w, r, fmt.Errorf("begin a sign-in: %w", err))
		return
	}
	g.cookies.set(w, g.cookies.signIn(), base64.RawURLEncoding.EncodeToString(sealed), SignInTime)
	// GitHub checks the challenge since July 2025; an older Enterprise Server does not know
	// it and goes by the client secret alone.
	// https://github.blog/changelog/2025-07-14-pkce-support-for-oauth-and-github-app-authentication/
	sum := sha256.Sum256([]byte(j.Verifier))
	send(w, g.GitHub.SignIn(j.State, base64.RawURLEncoding.EncodeToString(sum[:]), g.callbackURL()))
}

// send sends a browser on.
func send(w http.ResponseWriter, address string) {
	h := w.Header()
	h.Set("Location", address)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(http.StatusSeeOther)
}

// callback takes who comes back from GitHub.
func (g *Gate) callback(w http.ResponseWriter, r *http.Request) {
	if !g.ready(w, r) {
		return
	}
	q := r.URL.Query()
	key, err := g.key(r.Context())
	if err != nil {
		g.failed(w, r, fmt.Errorf("end a sign-in: %w", err))
		return
	}
	j, err := g.arrived(key, read(r, g.cookies.signIn()), q.Get("state"))
	if err != nil {
		// Whatever is on its way in this browser goes on: this request may be somebody
		// else's work.
		g.Show(w, r, http.StatusBadRequest, Notice{Title: "This sign-in cannot go on", Text: []string{
			"It was not begun in this browser, was used before, or took longer than ten minutes. Nothing has changed.",
			"Sign in again from " + g.PublicURL + ".",
		}, Again: "/login"})
		return
	}
	g.cookies.clear(w, g.cookies.signIn())
	again := "/login?to=" + url.QueryEscape(j.To)
	code := q.Get("code")
	switch refusal := q.Get("error"); {
	case refusal == "access_denied":
		g.Show(w, r, http.StatusForbidden, Notice{Title: "You did not sign in", Text: []string{"At GitHub you chose not to tell this server who you are. Nothing was stored."}, Again: again})
		return
	case refusal != "":
		g.Logger.Error().Str("reason", mask.Text(cut(refusal))).Msg("GitHub refused to sign somebody in")
		g.Show(w, r, http.StatusBadGateway, Notice{Title: "You are not signed in", Text: []string{"GitHub refused to sign you in here. The operator's log has GitHub's reason."}, Again: again})
		return
	case code == "" || len(code) > MaxQuery:
		g.Show(w, r, http.StatusBadRequest, Notice{Title: "You are not signed in", Text: []string{"GitHub sent you back without a code."}, Again: again})
		return
	}
	token, err := g.GitHub.Redeem(r.Context(), code, j.Verifier, g.callbackURL())
	if errors.Is(err, ErrNone) {
		g.Show(w, r, http.StatusBadRequest, Notice{Title: "You are not signed in", Text: []string{"GitHub no longer takes the code that it sent you back with."}, Again: again})
		return
	}
	if err != nil {
		g.failed(w, r, err)
		return
	}
	person, err := g.GitHub.Person(r.Context(), token)
	if err != nil {
		g.failed(w, r, errors.Join(err, g.GitHub.Revoke(r.Context(), token)))
		return
	}
	// A new value at every sign-in: who planted a cookie here before has nothing of it.
	cookie, ends, err := g.sessions.begin(r.Context(), person, token)
	if err != nil {
		g.failed(w, r, errors.Join(err, g.GitHub.Revoke(r.Context(), token)))
		return
	}
	if before, ok := g.Viewer(r); ok {
		g.answers.forget(before.session)
		if err := g.sessions.end(r.Context(), before.session); err != nil {
			g.Logger.Error().Str("reason", mask.Text(err.Error())).Msg("the session before cannot be deleted: it ends by itself")
		}
	}
	g.Audit(r.Context(), "signed-in", person.Login, "")
	g.cookies.set(w, g.cookies.session(), cookie, ends.Sub(g.Clock()))
	send(w, g.PublicURL+j.To)
}

var errJourney = errors.New("no sign-in of this browser")

// arrived is the sign-in that comes back with a state: one of this browser, in time, and
// for the first time. Of several servers each remembers its own; GitHub takes a code only
// once anyway.
func (g *Gate) arrived(key []byte, cookie, state string) (journey, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(cookie)
	if err != nil {
		return journey{}, errJourney
	}
	plain, err := open(key, journeyUse, sealed)
	if err != nil {
		return journey{}, errJourney
	}
	var j journey
	now := g.Clock()
	if err := json.Unmarshal(plain, &j); err != nil || !now.Before(j.Until) ||
		subtle.ConstantTimeCompare([]byte(j.State), []byte(state)) != 1 {
		return journey{}, errJourney
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for s, until := range g.used { // as many as attempts let in until they are too old
		if !now.Before(until) {
			delete(g.used, s)
		}
	}
	if _, again := g.used[j.State]; again {
		return journey{}, errJourney
	}
	g.used[j.State] = j.Until
	return j, nil
}

// logout ends the session here and the token at GitHub.
func (g *Gate) logout(w http.ResponseWriter, r *http.Request) {
	v, ok, err := g.sessions.viewer(r.Context(), read(r, g.cookies.session()))
	g.cookies.clear(w, g.cookies.session())
	g.cookies.clear(w, g.cookies.signIn())
	if err != nil {
		g.Logger.Error().Str("reason", mask.Text(err.Error())).Msg("a session cannot be read, and so not be ended")
		g.Show(w, withoutCookies(r), http.StatusServiceUnavailable, Notice{Title: "You are signed out", Text: []string{
			"This browser is signed out. But this server's database does not answer: your session may go on elsewhere, for eight hours at most, if somebody has copied its cookie.",
		}, Again: "/login"})
		return
	}
	if !ok {
		g.Show(w, r, http.StatusOK, Notice{Title: "You are signed out", Text: []string{"You were not signed in here."}, Again: "/login"})
		return
	}
	// Who leaves before the answer is signed out all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), RevokeTime)
	defer cancel()
	g.answers.forget(v.session)
	ended := g.sessions.end(ctx, v.session)
	revoked := g.GitHub.Revoke(ctx, v.token)
	g.Audit(ctx, "signed-out", v.Login, "")
	n := Notice{Title: "You are signed out", Text: []string{"Your session has ended here, and so has what it was allowed to read at GitHub."}, Again: "/login"}
	status := http.StatusOK
	if revoked != nil {
		g.Logger.Warn().Str("reason", mask.Text(revoked.Error())).Msg("a token could not be revoked at GitHub")
		n.Text = []string{"Your session has ended here. GitHub could not be told: what it was allowed to read there ends by itself within eight hours."}
	}
	if ended != nil {
		g.Logger.Error().Str("reason", mask.Text(ended.Error())).Msg("a session cannot be deleted")
		n.Text = []string{"This browser is signed out, and what your session was allowed to read at GitHub has ended."}
		if revoked != nil {
			status = http.StatusServiceUnavailable
			n.Text = []string{"This browser is signed out. But neither this server's database nor GitHub took it in: your session may go on elsewhere, for eight hours at most, if somebody has copied its cookie."}
		}
	}
	g.Show(w, withoutCookies(r), status, n)
}

// withoutCookies is a request of nobody, for a page that follows a session.
func withoutCookies(r *http.Request) *http.Request {
	r = r.Clone(r.Context())
	r.Header.Del("Cookie")
	return r
}

// failed answers where something is out of order. The log says what.
func (g *Gate) failed(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() == nil {
		g.Logger.Error().Str("reason", mask.Text(err.Error())).Msg("somebody could not be signed in")
	}
	g.Show(w, r, http.StatusServiceUnavailable, Notice{Title: "You are not signed in", Text: []string{"GitHub, or this server's database, does not answer as it should. Try again in a minute; the operator's log says what is wrong."}, Again: "/login"})
}

// cut bounds what somebody else wrote.
func cut(s string) string { return s[:min(len(s), MaxQuery)] }
