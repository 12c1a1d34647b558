package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/bonafide-app/bonafide/app/mask"
	"github.com/bonafide-app/bonafide/app/web/icon"
)

//go:embed templates/*.html style/*.css
var files embed.FS

// contentSecurity lets a page have our own style and images, send forms to us, and nothing
// else: no script runs whatever a package calls itself.
const contentSecurity = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// views are the templates and the style. templates/layout.html has the frame of every page;
// every other file there defines "content" for the page of its name.
type views struct {
	pages map[string]*template.Template
	style []byte
	at    string // path of the style
}

func newViews() (*views, error) {
	v := &views{pages: map[string]*template.Template{}}
	layout, err := template.New("layout.html").Funcs(template.FuncMap{"style": func() string { return v.at }}).ParseFS(files, "templates/layout.html", "templates/parts*.html")
	if err != nil {
		return nil, fmt.Errorf("templates: %w", err)
	}
	names, err := fs.Glob(files, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("templates: %w", err)
	}
	for _, name := range names {
		base := strings.TrimSuffix(path.Base(name), ".html")
		if base == "layout" || strings.HasPrefix(base, "parts") {
			continue
		}
		page, err := layout.Clone()
		if err != nil {
			return nil, fmt.Errorf("template %s: %w", name, err)
		}
		if v.pages[base], err = page.ParseFS(files, name); err != nil {
			return nil, fmt.Errorf("template %s: %w", name, err)
		}
	}
	sheets, err := fs.Glob(files, "style/*.css")
	if err != nil {
		return nil, fmt.Errorf("style: %w", err)
	}
	for _, name := range sheets {
		sheet, err := files.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("style: %w", err)
		}
		v.style = append(v.style, sheet...)
	}
	sum := sha256.Sum256(v.style)
	v.at = "/-/" + hex.EncodeToString(sum[:8]) + ".css"
	return v, nil
}

func (v *views) routes(mux *http.ServeMux) {
	mux.HandleFunc(icon.Route, icon.Serve)
	mux.HandleFunc("GET "+v.at, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(v.style) // the client is gone if this fails
	})
}

// frame is what every page has around its content.
type frame struct {
	Title  string // of the document, without the product's name
	Viewer string // login of who has signed in, "" for nobody
	Demo   bool
	Crumbs []crumb // the way to this page, without it
	Data   any     // the content's
}

// crumb is a page above another one.
type crumb struct{ Name, Address string }

// show answers with a page. It is rendered before anything is sent.
func (p *Pages) show(w http.ResponseWriter, r *http.Request, status int, page string, f frame) {
	f.Demo = p.Demo
	if v, ok := p.Gate.Viewer(r); ok {
		f.Viewer = v.Login
	}
	var b bytes.Buffer
	if err := p.view.pages[page].ExecuteTemplate(&b, "layout.html", f); err != nil {
		p.Logger.Error().Err(err).Str("page", page).Msg("a page cannot be shown")
		http.Error(w, "This page cannot be shown; the operator's log says why.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", contentSecurity)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store") // what may be seen may change at any time
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the client is gone if this fails
}

// nothing answers for what is not there, and for what this viewer may not see.
func (p *Pages) nothing(w http.ResponseWriter, r *http.Request) {
	p.show(w, r, http.StatusNotFound, "nothing", frame{Title: "Nothing here"})
}

// signIn answers somebody who has not signed in, and for whom nothing is to be seen.
func (p *Pages) signIn(w http.ResponseWriter, r *http.Request) {
	p.show(w, r, http.StatusNotFound, "signin", frame{Title: "Sign in", Data: r.URL.RequestURI()})
}

// failed answers where something is out of order. The log says what.
func (p *Pages) failed(w http.ResponseWriter, r *http.Request, err error) {
	if !errors.Is(r.Context().Err(), context.Canceled) { // else the client has gone
		p.Logger.Error().Str("page", r.URL.Path).Str("reason", mask.Text(err.Error())).Msg("a page cannot be shown")
	}
	p.show(w, r, http.StatusServiceUnavailable, "failed", frame{Title: "Not now"})
}
