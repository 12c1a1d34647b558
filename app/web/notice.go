package web

import (
	"net/http"

	"github.com/bonafide-app/bonafide/app/access"
)

// Notice answers with a few words for who signs in or out.
func (p *Pages) Notice(w http.ResponseWriter, r *http.Request, status int, n access.Notice) {
	p.show(w, r, status, "notice", frame{Title: n.Title, Data: n})
}

// guarded answers for every page. What another site makes a browser send changes nothing.
func (p *Pages) guarded() (http.Handler, error) {
	mux := http.NewServeMux()
	p.routes(mux)
	cross := http.NewCrossOriginProtection()
	if p.Addresses != "" { // also where a proxy in front asks us by another name
		if err := cross.AddTrustedOrigin(string(p.Addresses)); err != nil {
			return nil, err
		}
	}
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.Notice(w, r, http.StatusForbidden, access.Notice{Title: "This did not come from here", Text: []string{
			"Another site, or a browser that does not say which, asked for a change. Nothing was changed. Do it from this server's own pages.",
		}})
	}))
	return cross.Handler(mux), nil
}
