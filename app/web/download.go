package web

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"

	"github.com/bonafide-app/bonafide/app/report"
)

// export answers with a report in another format: of the packages those that the list's
// filter keeps.
func (p *Pages) export(w http.ResponseWriter, r *http.Request, s sheet) {
	q, ok := queryOf(r.URL.Query())
	if !ok {
		p.nothing(w, r)
		return
	}
	for _, f := range formats() {
		if f.name != r.URL.Query().Get("format") {
			continue
		}
		var b bytes.Buffer
		if err := write(&b, f.name, report.Select(*s.report, q)); err != nil {
			p.failed(w, r, fmt.Errorf("export as %s: %w", f.name, err))
			return
		}
		part := "inventory"
		if s.number >= 0 {
			part = "pull-" + strconv.Itoa(s.number)
		}
		if s.number == 0 {
			part = "group"
		}
		p.download(w, f.media, fileName("bonafide", s.owner(), s.name(), part, s.head[:min(7, len(s.head))])+"."+f.file, b.Bytes())
		return
	}
	p.nothing(w, r)
}

func write(b *bytes.Buffer, format string, r report.Report) error {
	switch format {
	case "json":
		return report.JSON(b, r)
	case "csv":
		return report.CSV(b, r)
	case "sarif":
		return report.SARIF(b, r, "")
	}
	return report.CycloneDX(b, r, "")
}

// bundle answers with what the registry attested of a release, as it was verified.
func (p *Pages) bundle(w http.ResponseWriter, r *http.Request, s sheet) {
	row, ok := chosen(*s.report, r.URL.Query())
	if !ok || p.Bundles == nil || row.NotLookedUp != "" {
		p.nothing(w, r)
		return
	}
	document, ok, err := p.Bundles.Bundles(r.Context(), s.visit.at.Installation, row.Entry.Package, row.Evidence.Digest.Registry)
	switch {
	case err != nil:
		p.failed(w, r, err)
	case !ok:
		name, at := s.about(row.Entry.Package, row.Entry.Lockfile)
		p.show(w, r, http.StatusNotFound, "bundlegone", frame{
			Title: "Not kept any more", Crumbs: append(s.crumbs(), crumb{s.title(), s.list()}), Data: choiceView{Words: name, Address: at},
		})
	default:
		p.download(w, "application/json", fileName(row.Entry.Package.Name, row.Entry.Package.Version, "bundles")+".json", document)
	}
}

// download answers with a file to be saved.
func (p *Pages) download(w http.ResponseWriter, media, name string, content []byte) {
	h := w.Header()
	h.Set("Content-Type", media)
	h.Set("Content-Disposition", disposition(name))
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	_, _ = w.Write(content) // the client is gone if this fails
}
