package forge

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// code is what somebody is sent back with who has signed in. It is taken once.
type code struct {
	user                *user
	redirect, challenge string
	expires             time.Time
}

// personToken is what the App asks with for a person.
type personToken struct {
	user    *user
	expires time.Time
}

// ClientID is what the App signs people in with.
func (s *Server) ClientID() string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.app.client()
}

// ClientSecret proves that it is the App.
func (s *Server) ClientSecret() string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.app.clientSecret
}

// client is the client id of an App.
func (a *app) client() string { return cmp.Or(a.clientID, fmt.Sprintf("Iv23sandbox%d", a.id)) }

// SetCallbackURL says where people are sent back to.
func (s *Server) SetCallbackURL(address string) error {
	if err := checkURL(address); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.callbackURL = address
	return nil
}

// AddPerson opens the account of somebody who can sign in.
func (s *Server) AddPerson(login string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.user(login, "User")
}

// RevokePersonTokens ends every token of a person, as when they take back at GitHub what
// they allowed.
func (s *Server) RevokePersonTokens(login string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, t := range s.personTokens {
		if strings.EqualFold(t.user.login, login) {
			delete(s.personTokens, name)
		}
	}
}

// PersonTokens is how many tokens of a person hold.
func (s *Server) PersonTokens(login string) int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	n := 0
	for _, t := range s.personTokens {
		if strings.EqualFold(t.user.login, login) && t.expires.After(s.now()) {
			n++
		}
	}
	return n
}

// authorizeView is the page where somebody says who they are.
type authorizeView struct {
	App, Deny string
	People    []personRow
}

type personRow struct{ Login, Address string }

// authorize asks who signs in: there are no passwords here. With as=LOGIN nobody is asked,
// and with as=- they refused.
func (s *Server) authorize(views *template.Template) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		q := r.URL.Query()
		redirect := q.Get("redirect_uri")
		back := func(values url.Values) {
			if state := q.Get("state"); state != "" {
				values.Set("state", state)
			}
			h := w.Header()
			h.Set("Location", redirect+"?"+values.Encode())
			h.Set("Referrer-Policy", "no-referrer")
			w.WriteHeader(http.StatusFound)
		}
		refuse := func(err, description string) { back(url.Values{"error": {err}, "error_description": {description}}) }
		as := s.users[strings.ToLower(q.Get("as"))]
		switch {
		case q.Get("client_id") != s.app.client() || s.callbackURL == "":
			http.NotFound(w, r)
			return
		case redirect == "":
			redirect = s.callbackURL
		case redirect != s.callbackURL:
			redirect = s.callbackURL
			refuse("redirect_uri_mismatch", "The redirect_uri MUST match the registered callback URL for this application.")
			return
		}
		switch {
		case q.Get("code_challenge") != "" && q.Get("code_challenge_method") != "S256":
			refuse("invalid_request", "The code_challenge_method must be S256.")
		case q.Get("as") == "-":
			refuse("access_denied", "The user has denied your application access.")
		case as != nil && as.kind == "User":
			name := strings.ToLower(rand.Text()[:20])
			s.codes[name] = &code{as, redirect, q.Get("code_challenge"), s.now().Add(signInLifetime)}
			back(url.Values{"code": {name}})
		default:
			s.askWho(w, r, views)
		}
	}
}

func (s *Server) askWho(w http.ResponseWriter, r *http.Request, views *template.Template) {
	at := func(login string) string {
		q := r.URL.Query()
		q.Set("as", login)
		return "/login/oauth/authorize?" + q.Encode()
	}
	view := authorizeView{App: s.app.slug, Deny: at("-")}
	for _, u := range s.users {
		if u.kind == "User" {
			view.People = append(view.People, personRow{u.login, at(u.login)})
		}
	}
	slices.SortFunc(view.People, func(a, b personRow) int { return strings.Compare(a.Login, b.Login) })
	h := w.Header()
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Type", "text/html; charset=utf-8")
	var page bytes.Buffer
	if err := views.ExecuteTemplate(&page, "authorize.html", view); err != nil {
		http.Error(w, "the page cannot be shown: "+err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = page.WriteTo(w) // an error means that the browser left
}

// redeemCode gives a token for a code. Like GitHub's, its refusals have status 200.
func redeemCode(c *call) (reply, error) {
	form, err := url.ParseQuery(string(c.body))
	if err != nil {
		return reply{}, errProblems
	}
	answer := func(fields object) (reply, error) {
		if strings.Contains(c.r.Header.Get("Accept"), "json") {
			return ok(fields)
		}
		plain := url.Values{}
		for name, value := range fields {
			plain.Set(name, fmt.Sprint(value))
		}
		return reply{status: http.StatusOK, raw: []byte(plain.Encode()), media: "application/x-www-form-urlencoded; charset=utf-8"}, nil
	}
	refuse := func(err, description string) (reply, error) {
		return answer(object{"error": err, "error_description": description, "error_uri": "https://docs.github.com/apps/managing-oauth-apps/troubleshooting-oauth-app-access-token-request-errors"})
	}
	if form.Get("client_id") != c.app.client() || !same(form.Get("client_secret"), c.app.clientSecret) {
		return refuse("incorrect_client_credentials", "The client_id and/or client_secret passed are incorrect.")
	}
	known := c.codes[form.Get("code")]
	delete(c.codes, form.Get("code"))
	sum := sha256.Sum256([]byte(form.Get("code_verifier")))
	switch {
	case known == nil || !known.expires.After(c.now()):
		return refuse("bad_verification_code", "The code passed is incorrect or expired.")
	case form.Get("redirect_uri") != "" && form.Get("redirect_uri") != known.redirect:
		return refuse("redirect_uri_mismatch", "The redirect_uri MUST match the registered callback URL for this application.")
	case known.challenge != "" && !same(known.challenge, base64.RawURLEncoding.EncodeToString(sum[:])):
		return refuse("bad_verification_code", "The code passed is incorrect or expired.")
	}
	name := "ghu_" + rand.Text() + rand.Text()[:10]
	c.personTokens[name] = &personToken{known.user, c.now().Add(personLifetime)}
	return answer(object{"access_token": name, "expires_in": int(personLifetime / time.Second), "refresh_token": "ghr_" + rand.Text() + rand.Text() + rand.Text(),
		"refresh_token_expires_in": 15_897_600, "scope": "", "token_type": "bearer"})
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// asClient lets in who shows the App's client id and secret.
func (s *Server) asClient(route string, e endpoint) http.Handler {
	return s.serve(route, func(c *call) (reply, error) {
		id, secret, found := c.r.BasicAuth()
		if !found || id != c.app.client() || !same(secret, c.app.clientSecret) {
			return reply{}, errCredentials
		}
		if c.r.PathValue("client") != id {
			return reply{}, errMissing
		}
		return e(c)
	})
}

func revokePersonToken(c *call) (reply, error) {
	var asked struct {
		Token string `json:"access_token"`
	}
	if err := c.decode(&asked); err != nil {
		return reply{}, err
	}
	if c.personTokens[asked.Token] == nil {
		return reply{}, errMissing
	}
	delete(c.personTokens, asked.Token)
	return nothing(http.StatusNoContent)
}
