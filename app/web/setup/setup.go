// Package setup is the page that makes the GitHub App: it shows what will be asked of
// GitHub and why, sends the manifest there, takes the code back, and hands on what GitHub
// gives for it. It is for one person at this machine, for an hour.
package setup

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/registered"
	"github.com/bonafide-app/bonafide/app/web/icon"
	"github.com/bonafide-app/bonafide/config"
)

// Lifetime is how long the page is there. It is that of a code of GitHub's, too.
const Lifetime = time.Hour

// ErrExpired says that nobody finished in time.
var ErrExpired = fmt.Errorf("the set-up page was open for %v, and nobody finished: start again", Lifetime)

// Options are what the page is made from.
type Options struct {
	Address  string // of the listener, "127.0.0.1:1234": the only Host that is answered
	Manifest registered.Manifest
	GitHub   string // its web address, "https://github.com"
	// PublicURL and Org fill in the form; may be "".
	PublicURL, Org string
	// Convert exchanges a code for the App. Its errors are sentences.
	Convert func(ctx context.Context, code string) (registered.App, config.Registration, error)
	// Keep stores the App, or shows it where it is to be stored. It may be called again
	// where it fails, with an error that says what to do.
	Keep func(config.Registration) error
	// Kept says where it is, for the last page: "in the folder bonafide-credentials".
	Kept string
	// Next says what the program does now, for the last page.
	Next   string
	Clock  func() time.Time
	Logger zerolog.Logger
}

// Page is the page. It is safe for concurrent use.
type Page struct {
	Options
	views   *views
	handler http.Handler
	key     string // of the link
	until   time.Time
	done    chan struct{}

	mu      sync.Mutex // guards all below
	browser string     // hash of the cookie of the one browser; "" before the link was opened
	state   string     // that GitHub is to bring back; "" where none is awaited
	form    form
	made    *made // what GitHub gave, while it is not kept
	kept    bool
	result  config.Registration
}

// form is what people fill in.
type form struct{ PublicURL, Name, Org string }

// made is an App that is not stored yet.
type made struct {
	app          registered.App
	registration config.Registration
}

// New makes the page.
func New(o Options) (*Page, error) {
	if o.Convert == nil || o.Keep == nil || o.Clock == nil || len(o.Manifest.Permissions) == 0 {
		return nil, errors.New("the set-up page needs a manifest, a way to GitHub, a place for what it gives, and a clock")
	}
	if at, err := netip.ParseAddrPort(o.Address); err != nil || !at.Addr().IsLoopback() {
		return nil, fmt.Errorf("the set-up page opens on this machine alone, and %s is another address", o.Address)
	}
	view, err := newViews()
	if err != nil {
		return nil, err
	}
	p := &Page{Options: o, views: view, key: random(), until: o.Clock().Add(Lifetime), done: make(chan struct{}), form: form{o.PublicURL, suggested(o.Org, o.PublicURL), o.Org}}
	mux := http.NewServeMux()
	mux.HandleFunc(icon.Route, icon.Serve)
	mux.HandleFunc("GET /open/{key}", p.open)
	mux.HandleFunc("GET /{$}", p.inside(p.begin))
	mux.HandleFunc("POST /manifest", p.inside(p.manifest))
	mux.HandleFunc("GET /callback", p.inside(p.callback))
	mux.HandleFunc("POST /keep", p.inside(p.keepAgain))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		p.say(w, http.StatusNotFound, "There is no such page", "Begin at the link that the terminal shows.", "")
	})
	p.handler = p.guarded(http.NewCrossOriginProtection().Handler(mux))
	return p, nil
}

// Link is where the page is opened, once.
func (p *Page) Link() string { return p.origin() + "/open/" + p.key }

func (p *Page) origin() string { return "http://" + p.Address }

// Handler answers for the page.
func (p *Page) Handler() http.Handler { return p.handler }

// Run answers at a listener until the App is kept, and gives it. The error is ErrExpired
// after an hour, or that of the context.
func (p *Page) Run(ctx context.Context, listener net.Listener) (config.Registration, error) {
	server := &http.Server{
		Handler: p.handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: maxHeader,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	end := time.NewTimer(p.until.Sub(p.Clock()))
	defer end.Stop()
	var err error
	select {
	case <-p.done:
	case err = <-failed:
		err = fmt.Errorf("the set-up page: %w", err)
	case <-end.C:
		err = ErrExpired
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime) // the last page is on its way
	defer cancel()
	if server.Shutdown(last) != nil {
		_ = server.Close() // a browser that reads no more
	}
	if err != nil {
		return config.Registration{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.result, nil
}

// guarded answers nobody who came by another name: a page of somebody else's may have had
// it point here.
func (p *Page) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		careful(w.Header())
		switch {
		case r.Host != p.Address:
			p.say(w, http.StatusMisdirectedRequest, "This is another address", "Open the link exactly as the terminal shows it.", "")
		case !p.Clock().Before(p.until):
			p.say(w, http.StatusGone, "The link is too old", "It was good for an hour. Start the program again for another one.", "")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// cookieName is that of the one browser.
const cookieName = "bonafide_setup"

// open lets in the first browser that shows the link, and no other after it.
func (p *Page) open(w http.ResponseWriter, r *http.Request) {
	if !same(r.PathValue("key"), p.key) {
		p.say(w, http.StatusForbidden, "This link is not the right one", "Open the link exactly as the terminal shows it.", "")
		return
	}
	if p.known(r) {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.browser != "" {
		p.say(w, http.StatusForbidden, "This link was opened before", "It is good once, and another browser has opened it. If that was not you, stop the program and start it again.", "")
		return
	}
	cookie := random()
	p.browser = hash(cookie)
	// Lax, as GitHub leads back here. Not Secure: this is plain http on this machine.
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: cookie, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: int(Lifetime / time.Second)})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// known says that a request comes from the browser that opened the link.
func (p *Page) known(r *http.Request) bool {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.browser != "" && same(hash(cookie.Value), p.browser)
}

// inside lets in the browser that opened the link, and only until the App is kept.
func (p *Page) inside(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !p.known(r) {
			p.say(w, http.StatusForbidden, "Open the link first", "This page belongs to the browser that opened the link which the terminal shows.", "")
			return
		}
		p.mu.Lock()
		kept := p.kept
		p.mu.Unlock()
		if kept {
			p.say(w, http.StatusGone, "All is set up", "The App is made, and this page has no more to do.", "")
			return
		}
		next(w, r)
	}
}

// begin shows what will be asked of GitHub, and asks for the addresses.
func (p *Page) begin(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	f := p.form
	p.mu.Unlock()
	p.ask(w, http.StatusOK, f, "")
}

func (p *Page) ask(w http.ResponseWriter, status int, f form, wrong string) {
	p.show(w, status, "begin", "form-action 'self'", view{Title: "Make the GitHub App", Data: struct {
		Form     form
		Wrong    string
		Manifest registered.Manifest
		GitHub   string
		MaxName  int
	}{f, wrong, p.Manifest, p.GitHub, registered.MaxName}})
}

// manifest takes the form and shows what is sent to GitHub, with the button that sends it.
func (p *Page) manifest(w http.ResponseWriter, r *http.Request) {
	f := form{PublicURL: trimmed(r, "public_url"), Name: trimmed(r, "name"), Org: trimmed(r, "org")}
	public, err := PublicAddress(f.PublicURL, p.GitHub)
	if err == nil {
		err = errors.Join(checkName(f.Name), checkOrg(f.Org))
	}
	if err != nil {
		p.ask(w, http.StatusUnprocessableEntity, f, err.Error())
		return
	}
	f.PublicURL = public
	document, err := p.Manifest.Document(f.Name, public, p.origin()+"/callback")
	if err != nil {
		p.failed(w, err)
		return
	}
	state := random()
	p.mu.Lock()
	p.state, p.form = state, f
	p.mu.Unlock()
	github, err := url.Parse(p.GitHub)
	if err != nil {
		p.failed(w, err)
		return
	}
	// The origin alone: GitHub leads through its own pages to sign in, to which this holds too.
	p.show(w, http.StatusOK, "send", "form-action "+github.Scheme+"://"+github.Host, view{Title: "Send it to GitHub", Data: struct {
		Form                                 form
		Action, Manifest, GitHub, Hook, Back string
	}{f, registered.NewApp(p.GitHub, f.Org) + "?state=" + url.QueryEscape(state), string(document), p.GitHub, public + registered.HookPath, public + registered.SignInPath}})
}

// callback takes the code that GitHub sends the browser back with. The state is good once.
func (p *Page) callback(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	p.mu.Lock()
	right := p.state != "" && same(q.Get("state"), p.state)
	if right {
		p.state = ""
	}
	public := p.form.PublicURL
	p.mu.Unlock()
	if !right {
		p.say(w, http.StatusForbidden, "This is not the answer that was waited for", "It was not asked for here, or was used before. If GitHub has made an App, delete it there, and begin again.", "/")
		return
	}
	// A browser that leaves now must not take with it what is given only once.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), convertTime)
	defer cancel()
	app, registration, err := p.Convert(ctx, q.Get("code"))
	if err != nil {
		p.Logger.Warn().Str("reason", err.Error()).Msg("the App was not handed over")
		p.say(w, http.StatusBadGateway, "GitHub did not hand the App over", sentence(err)+" If it has made an App, delete it there ("+registered.Settings(p.GitHub, registered.App{})+"), and begin again.", "/")
		return
	}
	registration.GitHubURL, registration.PublicURL = p.GitHub, public
	if wide := p.Manifest.Wider(app.Permissions); len(wide) > 0 {
		p.Logger.Error().Strs("permissions", wide).Str("app", app.Slug).Msg("the App may do more than was asked for, and is refused")
		p.say(w, http.StatusBadGateway, "The App may do more than was asked for",
			"It has "+strings.Join(wide, ", ")+". What it could do in wrong hands is more than this program needs: it is not used, and nothing was stored. Delete it at "+registered.Settings(p.GitHub, app)+", and begin again.", "/")
		return
	}
	if err := registration.Validate(); err != nil {
		p.say(w, http.StatusBadGateway, "GitHub's answer is not complete", sentence(err)+" Nothing was stored. Delete the App at "+registered.Settings(p.GitHub, app)+", and begin again.", "/")
		return
	}
	p.mu.Lock()
	p.made = &made{app, registration}
	p.mu.Unlock()
	p.keep(w)
}

// keepAgain tries once more to store what GitHub gave.
func (p *Page) keepAgain(w http.ResponseWriter, _ *http.Request) { p.keep(w) }

// keep stores what GitHub gave. A code is good once: where there is no room, it waits here.
func (p *Page) keep(w http.ResponseWriter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.made == nil || p.kept {
		p.say(w, http.StatusConflict, "There is nothing to store", "Begin again.", "/")
		return
	}
	m := *p.made
	if err := p.Keep(m.registration); err != nil {
		p.Logger.Error().Str("reason", err.Error()).Msg("the credentials could not be stored")
		p.show(w, http.StatusInternalServerError, "again", "form-action 'self'", view{Title: "The credentials could not be stored", Data: sentence(err)})
		return
	}
	p.made, p.kept, p.result = nil, true, m.registration
	p.show(w, http.StatusOK, "done", "form-action 'none'", view{Title: "The App is made", Data: struct {
		App                                         registered.App
		Install, Settings, Kept, Next, Hook, Public string
	}{m.app, registered.Install(p.GitHub, m.app), registered.Settings(p.GitHub, m.app), p.Kept, p.Next, m.registration.PublicURL + registered.HookPath, m.registration.PublicURL}})
	close(p.done)
}

// random is a secret of 32 bytes for addresses and cookies.
func random() string {
	b := make([]byte, 32)
	rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return string(sum[:])
}

// same compares in a time that tells nothing of where they differ, nor of their length.
func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(hash(a)), []byte(hash(b))) == 1 }

// sentence is an error as one.
func sentence(err error) string {
	lines := strings.ReplaceAll(err.Error(), "\n", "; ")
	return strings.ToUpper(lines[:1]) + strings.TrimSuffix(lines[1:], ".") + "."
}
