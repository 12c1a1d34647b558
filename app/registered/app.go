package registered

import (
	"context"
	"errors"
	"net/url"
	"time"
)

// App is the App as GitHub describes it.
type App struct {
	ID          int64
	Slug, Name  string
	URL         string // its public page
	ClientID    string
	Owner       string // login
	Organised   bool   // the owner is an organisation
	Permissions map[string]string
	Events      []string
}

// Hook is where GitHub sends the App's events, and how.
type Hook struct {
	URL         string
	ContentType string // "json"
	Insecure    bool   // the certificate is not verified
	Secret      bool   // there is one
}

// Installation is the App on one account.
type Installation struct {
	ID          int64
	Account     string // login
	Organised   bool
	Suspended   bool
	Permissions map[string]string // that the owner has accepted
}

// Repository is one of an installation.
type Repository struct{ Owner, Name string }

// Gate is what a repository demands on its default branch before something is merged.
type Gate struct {
	Branch  string
	Demands []Demand
	// Hidden says what our permissions did not let us see, "" for nothing.
	Hidden string
}

// Demand is a required check.
type Demand struct {
	Name string
	App  int64  // from which it must come; 0 is any
	From string // "a ruleset of acme/web", Protection
}

// Protection is where a demand comes from that no ruleset makes.
const Protection = "branch protection"

// ErrRefused is wrapped by what GitHub.App returns where GitHub has answered that it takes
// no such key, or knows no such App: asking again changes nothing.
var ErrRefused = errors.New("it refuses the key")

// GitHub is asked as the App. Errors are sentences for people.
type GitHub interface {
	// App is who we are there, with what GitHub's clock said: at is zero where it said
	// nothing, and may be set with an error.
	App(ctx context.Context) (a App, at time.Time, err error)
	Hook(ctx context.Context) (Hook, error)
	// Failing counts the newest deliveries, and those among them that were not taken.
	Failing(ctx context.Context) (failed, all int, err error)
	Installations(ctx context.Context) ([]Installation, error)
	Repositories(ctx context.Context, installation int64) ([]Repository, error)
	Gate(ctx context.Context, installation int64, r Repository) (Gate, error)
}

// place has the addresses of GitHub's pages where something is changed.
type place struct {
	web string // "https://github.com"
	app App
}

// settings is a page of the App's own settings: "", "/permissions".
func (p place) settings(page string) string {
	if p.app.Slug == "" {
		return p.web + "/settings/apps"
	}
	at := p.web
	if p.app.Organised {
		at += "/organizations/" + url.PathEscape(p.app.Owner)
	}
	return at + "/settings/apps/" + url.PathEscape(p.app.Slug) + page
}

// installation is the page of an installation.
func (p place) installation(in Installation) string {
	at := p.web
	if in.Organised {
		at += "/organizations/" + url.PathEscape(in.Account)
	}
	return at + "/settings/installations/" + decimal(in.ID)
}

func (p place) repository(r Repository, page string) string {
	return p.web + "/" + url.PathEscape(r.Owner) + "/" + url.PathEscape(r.Name) + page
}

// Settings is the page of a registered App's settings.
func Settings(github string, a App) string { return place{github, a}.settings("") }

// Install is the page that installs an App.
func Install(github string, a App) string {
	if a.URL != "" && within(github, a.URL) {
		return a.URL + "/installations/new"
	}
	return github + "/apps/" + url.PathEscape(a.Slug) + "/installations/new"
}

// within says that an address is one of a GitHub's pages.
func within(github, address string) bool {
	g, err := url.Parse(github)
	if err != nil {
		return false
	}
	a, err := url.Parse(address)
	return err == nil && a.Scheme == g.Scheme && a.Host == g.Host && a.User == nil && a.RawQuery == "" && a.Fragment == ""
}
