package setup

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"

	"github.com/bonafide-app/bonafide/app/report"
)

//go:embed pages/*.html pages/style.css
var files embed.FS

// views are the templates and the style. The style stands in every page: after the last
// one nobody is there who could be asked for it.
type views struct {
	pages map[string]*template.Template
	style template.CSS
	hash  string // of the style, for the content security policy
}

func newViews() (*views, error) {
	style, err := files.ReadFile("pages/style.css")
	if err != nil {
		return nil, fmt.Errorf("style: %w", err)
	}
	sum := sha256.Sum256(style)
	v := &views{pages: map[string]*template.Template{}, style: template.CSS(style), hash: "sha256-" + base64.StdEncoding.EncodeToString(sum[:])} //nolint:gosec // it is our own
	layout, err := template.New("layout.html").Funcs(template.FuncMap{"visible": report.Visible}).ParseFS(files, "pages/layout.html")
	if err != nil {
		return nil, fmt.Errorf("templates: %w", err)
	}
	for _, name := range []string{"begin", "send", "again", "done", "said"} {
		page, err := layout.Clone()
		if err != nil {
			return nil, fmt.Errorf("template %s: %w", name, err)
		}
		if v.pages[name], err = page.ParseFS(files, "pages/"+name+".html"); err != nil {
			return nil, fmt.Errorf("template %s: %w", name, err)
		}
	}
	return v, nil
}

// view is what every page is made from.
type view struct {
	Title string
	Style template.CSS
	Data  any
}

// show answers with a page. forms is where its forms may be sent.
func (p *Page) show(w http.ResponseWriter, status int, page, forms string, v view) {
	v.Style = p.views.style
	var b bytes.Buffer
	if err := p.views.pages[page].ExecuteTemplate(&b, "layout.html", v); err != nil {
		p.Logger.Error().Err(err).Str("page", page).Msg("a page cannot be shown")
		http.Error(w, "This page cannot be shown; the log says why.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src '"+p.views.hash+"'; img-src 'self'; "+forms+"; frame-ancestors 'none'; base-uri 'none'")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the browser is gone if this fails
}

// careful are the headers of every answer, be it a page, the way to one, or a refusal. The
// address of the link and what GitHub brings back are secrets: no other page learns them.
func careful(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// say answers with some words. back is a link to go on from, "" for none.
func (p *Page) say(w http.ResponseWriter, status int, title, words, back string) {
	p.show(w, status, "said", "form-action 'none'", view{Title: title, Data: struct{ Words, Back string }{words, back}})
}

func (p *Page) failed(w http.ResponseWriter, err error) {
	p.Logger.Error().Str("reason", err.Error()).Msg("the set-up page failed")
	p.say(w, http.StatusInternalServerError, "This did not work", "The log says why.", "/")
}
