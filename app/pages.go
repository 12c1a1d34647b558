package app

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/bonafide-app/bonafide/app/access"
	"github.com/bonafide-app/bonafide/app/checks"
	"github.com/bonafide-app/bonafide/app/web"
)

// pages are those for people, behind a gate that asks GitHub who may see what.
func (a *App) pages(o Options, bundles web.Bundles, userAgent string) (*web.Pages, error) {
	people, err := checks.NewPeople(a.forge, checks.PeopleConfig{
		WebURL: o.GitHubURL, APIURL: o.APIURL, ClientID: o.ClientID, Secret: o.ClientSecret, UserAgent: userAgent, Transport: o.Transport, Seen: a.called,
	})
	if err != nil {
		return nil, fmt.Errorf("signing in: %w", err)
	}
	var pages *web.Pages // made below: they ask the gate, and the gate answers with one of them
	gate, err := access.NewGate(access.Options{
		GitHub: people, Rows: a.store, Key: func(ctx context.Context) ([]byte, error) { return a.store.Key(ctx, "sign-in") },
		PublicURL: o.PublicURL, SignIn: o.ClientID != "", PublicReports: o.PublicReports,
		Show: func(w http.ResponseWriter, r *http.Request, status int, n access.Notice) {
			pages.Notice(w, r, status, n)
		},
		Audit: a.told, Clock: time.Now, Logger: part(o.Logger, "access"), // not the one that verdicts go by: tokens end in real time
	})
	if err != nil {
		return nil, fmt.Errorf("signing in: %w", err)
	}
	pages, err = web.NewPages(web.PagesOptions{
		Store: a.store, Gate: gate,
		Bundles: bundles, GitHub: o.GitHubURL, Addresses: web.Addresses(o.PublicURL), Audit: a.told, Demo: o.Demo, Clock: a.clock, Logger: part(o.Logger, "pages"),
	})
	if err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	return pages, nil
}
