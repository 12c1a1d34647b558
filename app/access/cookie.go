package access

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// cookies are the two that are set: who has signed in, and where a sign-in has come to. No
// script can read them, no other site sends them with a form, and over TLS the prefix keeps
// a neighbour's domain from setting them.
// https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#name-the-__host-prefix
type cookies struct{ secure bool }

func (c cookies) session() string { return c.name("bonafide") }
func (c cookies) signIn() string  { return c.name("bonafide-signin") }

func (c cookies) name(name string) string {
	if c.secure {
		return "__Host-" + name
	}
	return name
}

func (c cookies) set(w http.ResponseWriter, name, value string, lasts time.Duration) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: max(1, int(lasts/time.Second)), Secure: c.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

func (c cookies) clear(w http.ResponseWriter, name string) {
	http.SetCookie(w, &http.Cookie{Name: name, Path: "/", MaxAge: -1, Secure: c.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// read is the value of a cookie, "" where there is none, or several of the name: one of
// them would be somebody else's.
func read(r *http.Request, name string) string {
	if all := r.CookiesNamed(name); len(all) == 1 {
		return all[0].Value
	}
	return ""
}

// destination is where somebody goes on who has signed in: a path of this server, else "/".
// What a browser could take for another server is none.
func destination(to string) string {
	u, err := url.Parse(to)
	switch {
	case err != nil, len(to) > MaxDestination,
		!strings.HasPrefix(to, "/"), strings.HasPrefix(to, "//"),
		strings.ContainsFunc(to, func(r rune) bool { return r <= ' ' || r == '\\' || r > '~' }), // as browsers drop and turn around
		u.Scheme != "", u.Host != "", u.Opaque != "", u.User != nil,
		u.Path == "/login", strings.HasPrefix(u.Path, "/login/"), u.Path == "/logout": // for ever
		return "/"
	}
	return to
}
