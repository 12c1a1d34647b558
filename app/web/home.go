package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/bonafide-app/bonafide/app/access"
)

func (p *Pages) homeRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /{$}", p.home)
}

// homePage is what templates/home.html shows.
type homePage struct {
	SignedIn   bool
	Owners     []ownerRow
	MoreOwners int // that were not looked up
	Rows       []standing
	More       int // repositories that are not shown
	Failing    int // open pull requests that do not pass
	FailingIn  int
	News       int
	Capped     bool
}

// ownerRow is an owner of repositories that the viewer may read.
type ownerRow struct {
	Owner, Address      string
	Repositories        int
	Failing, Open, News int
	Share, Bar          string // "" where there is no inventory yet
	Packages, Proven    string
}

// home answers with what this is, and for somebody who has signed in with what they may see.
func (p *Pages) home(w http.ResponseWriter, r *http.Request) {
	v, signedIn := p.Gate.Viewer(r)
	page := homePage{SignedIn: signedIn}
	if signedIn {
		list, err := p.Gate.Repositories(r.Context(), v)
		switch {
		case errors.Is(err, access.ErrSignedOut):
			page.SignedIn = false
		case errors.Is(err, access.ErrNone):
		case err != nil:
			p.failed(w, r, err)
			return
		}
		if err := p.own(r.Context(), list, &page); err != nil {
			p.failed(w, r, err)
			return
		}
	}
	title := "Where packages come from"
	if page.SignedIn {
		title = "Your repositories"
	}
	p.show(w, r, http.StatusOK, "home", frame{Title: title, Data: page})
}

// own adds what the viewer may read: by owner, and the repositories that need somebody first.
func (p *Pages) own(ctx context.Context, readable []access.Repository, page *homePage) error {
	page.Capped = len(readable) >= maxReadable
	byOwner := make(map[string][]access.Repository)
	for _, r := range readable {
		key := strings.ToLower(r.Owner)
		byOwner[key] = append(byOwner[key], r)
	}
	owners := make([][]access.Repository, 0, len(byOwner))
	for _, o := range byOwner {
		owners = append(owners, o)
	}
	slices.SortFunc(owners, func(a, b []access.Repository) int { // where they can read most comes first
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(strings.ToLower(a[0].Owner), strings.ToLower(b[0].Owner)))
	})
	if n := len(owners); n > maxOwners {
		owners, page.MoreOwners = owners[:maxOwners], n-maxOwners
	}
	var all []standing
	for _, o := range owners {
		known, err := p.Store.Standings(ctx, o[0].Owner)
		if err != nil {
			return err
		}
		list := standingsOf(o, known)
		all = append(all, list...)
		t := totalOf(list)
		row := ownerRow{
			Owner: legible(o[0].Owner, maxShown), Address: Addresses("").Owner(o[0].Owner),
			Repositories: t.Repositories, Failing: t.Failing, Open: t.Open, News: t.News,
			Packages: figure(t.Packages), Proven: figure(t.Proven),
		}
		if t.Looked > 0 {
			row.Share, row.Bar = share(t.Proven, t.Packages), barOf(t.Proven, t.Packages)
		}
		page.Owners = append(page.Owners, row)
	}
	slices.SortStableFunc(page.Owners, func(a, b ownerRow) int {
		return cmp.Or(cmp.Compare(b.Failing, a.Failing), cmp.Compare(b.News, a.News), cmp.Compare(strings.ToLower(a.Owner), strings.ToLower(b.Owner)))
	})
	t := totalOf(all)
	page.Failing, page.FailingIn, page.News = t.Failing, t.FailingIn, t.News
	order(all, "failing")
	page.Rows = all[:min(len(all), maxHomeRows)]
	for i := range page.Rows {
		page.Rows[i].Label = page.Rows[i].Owner + "/" + page.Rows[i].Name
	}
	page.More = len(all) - len(page.Rows)
	return nil
}
