// Package operator is what the server answers to who runs it: a page about the server,
// its metrics, its jobs and its profiles. It asks nobody who they are: whoever reaches
// the address may see all of it, and end jobs.
package operator

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/mask"
	"github.com/bonafide-app/bonafide/app/registered"
	"github.com/bonafide-app/bonafide/app/web/icon"
)

//go:embed page.html check.html frame.html style.css
var files embed.FS

// Fact is one thing that is so, as text.
type Fact struct{ Name, Value string }

// Section is a part of the page.
type Section struct {
	Title   string
	Facts   []Fact
	Problem string // why the facts are not known, "" where they are
}

// Options are what the pages are made from.
type Options struct {
	// Sections are what the page shows. They are asked for each time and must be quick.
	Sections func(ctx context.Context) []Section
	// Check holds the registered App against what it has to be; nil: that is not offered.
	Check   func(ctx context.Context) ([]registered.Line, error)
	Metrics http.Handler // answers GET /metrics
	Jobs    http.Handler // answers below /jobs/
	// Loopback says that the address is one of this machine alone. Then only names of this
	// machine are answered: a page that somebody has open must not get here by a name that
	// its owner lets point here.
	Loopback bool
	Clock    func() time.Time
	Logger   zerolog.Logger
}

// Limits of the pages.
const (
	// checkTime bounds a check of the registration: some calls of GitHub's for each repository.
	checkTime = 25 * time.Second
	// checkAge is how long a check is shown again, so that loading the page again costs
	// GitHub nothing.
	checkAge = time.Minute
	// pageTime bounds what the page asks of the database.
	pageTime = 3 * time.Second
)

// contentSecurity lets the pages have their style and their mark, and nothing else.
const contentSecurity = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"

// Pages are the pages for operators. They are safe for concurrent use.
type Pages struct {
	Options
	handler http.Handler
	views   map[string]*template.Template
	style   []byte

	checking sync.Mutex
	checked  checked // guarded by checking
}

// checked is a check that was done.
type checked struct {
	At      time.Time
	Lines   []registered.Line
	Problem string
}

// New makes the pages.
func New(o Options) (*Pages, error) {
	if o.Sections == nil || o.Metrics == nil || o.Jobs == nil || o.Clock == nil {
		return nil, errors.New("the operator's pages need what to show, metrics, jobs and a clock")
	}
	p := &Pages{Options: o, views: map[string]*template.Template{}}
	var err error
	for _, name := range []string{"page", "check"} {
		if p.views[name], err = template.ParseFS(files, "frame.html", name+".html"); err != nil {
			return nil, fmt.Errorf("the operator's pages: %w", err)
		}
	}
	if p.style, err = files.ReadFile("style.css"); err != nil {
		return nil, fmt.Errorf("the operator's pages: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.page)
	mux.HandleFunc("GET /style.css", p.sheet)
	mux.HandleFunc(icon.Route, icon.Serve)
	mux.Handle("GET /metrics", o.Metrics)
	mux.Handle("/jobs/", o.Jobs)
	if o.Check != nil {
		mux.HandleFunc("GET /check", p.check)
	}
	// Named one by one: what net/http/pprof adds to Go's default mux is never served. The
	// command line is left out, as secrets may stand in it.
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("POST /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	p.handler = http.NewCrossOriginProtection().Handler(mux)
	return p, nil
}

// ServeHTTP implements http.Handler.
func (p *Pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if p.Loopback && !loopback(r.Host) {
		http.Error(w, "This address answers only by a name of this machine: 127.0.0.1, [::1] or localhost.", http.StatusMisdirectedRequest)
		return
	}
	// No other page shows one of these inside of it: their buttons end jobs.
	h := w.Header()
	h.Set("Content-Security-Policy", "frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if foreign(r) {
		http.Error(w, "Another site asked for this. Open it yourself.", http.StatusForbidden)
		return
	}
	p.handler.ServeHTTP(w, r)
}

// foreign says whether another site has a browser fetch something from here: reading costs
// time, too, and profiles and GitHub's answers a lot of it. A link to a page that somebody
// follows is none of that.
func foreign(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "cross-site", "same-site":
		follows := r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
		return !follows || strings.HasPrefix(r.URL.Path, "/debug/")
	}
	return false
}

// loopback says whether a Host header names this machine to itself.
func loopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

func (p *Pages) page(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), pageTime)
	defer cancel()
	p.show(w, "page", struct {
		Sections []Section
		Check    bool
	}{p.Sections(ctx), p.Check != nil})
}

func (p *Pages) check(w http.ResponseWriter, r *http.Request) {
	p.checking.Lock()
	defer p.checking.Unlock()
	if now := p.Clock(); p.checked.At.IsZero() || now.Sub(p.checked.At).Abs() >= checkAge {
		ctx, cancel := context.WithTimeout(r.Context(), checkTime)
		defer cancel()
		lines, err := p.Check(ctx)
		done := checked{At: now, Lines: lines}
		if err != nil {
			done.Problem = mask.Text(err.Error())
		}
		if r.Context().Err() != nil {
			return // whoever asked is gone, and the check ended with them
		}
		p.checked = done
	}
	p.show(w, "check", p.checked)
}

func (p *Pages) sheet(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(p.style) // the client is gone if this fails
}

// show answers with a page. It is rendered before anything is sent.
func (p *Pages) show(w http.ResponseWriter, page string, data any) {
	var b bytes.Buffer
	if err := p.views[page].ExecuteTemplate(&b, "frame.html", data); err != nil {
		p.Logger.Error().Err(err).Str("page", page).Msg("a page for operators cannot be shown")
		http.Error(w, "This page cannot be shown; the log says why.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", contentSecurity)
	h.Set("Cache-Control", "no-store")
	_, _ = w.Write(b.Bytes()) // the client is gone if this fails
}
