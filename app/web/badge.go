package web

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/bonafide-app/bonafide/app/access"
	"github.com/bonafide-app/bonafide/app/mask"
	"github.com/bonafide-app/bonafide/app/store"
)

func (p *Pages) badgeRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /badge/{owner}/{file}", p.badge)
	mux.HandleFunc("POST /r/{owner}/{name}/badge", p.renewBadge)
}

// badge answers with a repository's badge: of a public one, or to whoever has a link that
// was given out. For all else it is the same, so that nobody learns what there is.
func (p *Pages) badge(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "image/svg+xml; charset=utf-8")
	h.Set("Cache-Control", "no-cache") // GitHub's image proxy asks again each time
	h.Set("Content-Security-Policy", "default-src 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin") // it is made to stand on other sites
	last, ok, err := p.badgeFor(r)
	if err != nil && r.Context().Err() == nil {
		p.Logger.Error().Str("page", r.URL.Path).Str("reason", mask.Text(err.Error())).Msg("a badge cannot be shown")
	}
	if err != nil || !ok {
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write(unknownBadge()) // the client is gone if this fails
		return
	}
	_, _ = w.Write(badgeOf(last))
}

// badgeFor is what a badge says; ok is false where there is nothing to be seen.
func (p *Pages) badgeFor(r *http.Request) (last store.Coverage, ok bool, err error) {
	ctx, owner := r.Context(), r.PathValue("owner")
	name, isBadge := strings.CutSuffix(r.PathValue("file"), ".svg")
	if !isBadge {
		return store.Coverage{}, false, nil
	}
	at, found, err := p.Store.Named(ctx, owner, name)
	if err != nil {
		return store.Coverage{}, false, err
	}
	if !found { // asked all the same, so that the time that it takes tells nothing
		at = store.Repository{Owner: owner, Name: name}
	}
	var seen bool
	if key := r.URL.Query().Get("key"); key != "" {
		seen, err = p.holds(ctx, at, key)
	} else {
		seen, err = p.Gate.Public(ctx, access.Repository{Installation: at.Installation, ID: at.ID, Owner: at.Owner, Name: at.Name})
	}
	switch {
	case errors.Is(err, access.ErrNone), err == nil && (!seen || !found):
		return store.Coverage{}, false, nil
	case err != nil:
		return store.Coverage{}, false, err
	}
	return p.lastCoverage(ctx, at)
}

// lastCoverage is the newest figure of a repository; ok is false where there is none.
func (p *Pages) lastCoverage(ctx context.Context, at store.Repository) (c store.Coverage, ok bool, err error) {
	if at.Head == "" {
		return store.Coverage{}, false, nil
	}
	list, err := p.Store.CoverageOf(ctx, at.Installation, at.ID, at.At.Add(-24*time.Hour)) // the day of the inventory, and what came after
	if err != nil || len(list) == 0 {
		return store.Coverage{}, false, err
	}
	return list[len(list)-1], true, nil
}

// badgeKey is the key of a link: it holds for one generation of its repository. It names the installation too: what was installed anew
// begins to count again, and links of before hold no more.
func (p *Pages) badgeKey(ctx context.Context, at store.Repository, generation int64) (string, error) {
	secret, err := p.Store.Key(ctx, "badge")
	if err != nil {
		return "", fmt.Errorf("the key of badge links: %w", err)
	}
	m := hmac.New(sha256.New, secret)
	_, _ = fmt.Fprintf(m, "badge %d %d %d", at.Installation, at.ID, generation) // a hash takes everything
	return hex.EncodeToString(m.Sum(nil)), nil
}

// holds says whether a key is that of a repository's link, in constant time.
func (p *Pages) holds(ctx context.Context, at store.Repository, key string) (bool, error) {
	generation, err := p.Store.BadgeGeneration(ctx, at.Installation, at.ID)
	if err != nil {
		return false, err
	}
	want, err := p.badgeKey(ctx, at, generation)
	if err != nil {
		return false, err
	}
	return hmac.Equal([]byte(want), []byte(key)) && generation != 0, nil
}

// badgePart is the badge on a repository's page.
type badgePart struct {
	Image    string // address, "" where there is no badge that this viewer can be shown
	Alt      string
	Markdown string // "" where the server has no public address
	Private  bool
	May      bool   // make links, and revoke them
	Linked   bool   // a link was made
	Action   string // where the buttons post to
}

func (p *Pages) badgePart(ctx context.Context, v visit) (badgePart, error) {
	at := v.at
	b := badgePart{Private: v.seen.Private, May: v.signedIn && v.seen.Write, Action: Addresses("").Repository(at.Owner, at.Name) + "/badge"}
	key := ""
	if b.May {
		generation, err := p.Store.BadgeGeneration(ctx, at.Installation, at.ID)
		if err != nil {
			return badgePart{}, err
		}
		if b.Linked = generation != 0; b.Linked && b.Private {
			if key, err = p.badgeKey(ctx, at, generation); err != nil {
				return badgePart{}, err
			}
		}
	}
	if b.Private && key == "" || !pathSegment(at.Owner) || !pathSegment(at.Name) {
		return b, nil
	}
	b.Image, b.Alt = Addresses("").Badge(at.Owner, at.Name, key), "provenance of the packages of "+at.Owner+"/"+at.Name
	if p.Addresses == "" { // nobody knows where this server is reached
		return b, nil
	}
	to := p.Addresses.Repository(at.Owner, at.Name)
	b.Markdown = "[![provenance](" + p.Addresses.Badge(at.Owner, at.Name, key) + ")](" + to + ")"
	return b, nil
}

// renewBadge makes a link to the badge of a repository for somebody who may write to it. The
// link before, if there was one, is revoked by that: there is never more than one.
func (p *Pages) renewBadge(w http.ResponseWriter, r *http.Request) {
	v, ok := p.visit(w, r)
	if !ok {
		return
	}
	if !v.signedIn {
		p.signIn(w, r)
		return
	}
	if !v.seen.Write {
		p.show(w, r, http.StatusForbidden, "refused", frame{Title: "Not yours to change", Data: "Only those who may write to this repository on GitHub can make a link to its badge, or revoke one."})
		return
	}
	before, err := p.Store.BadgeGeneration(r.Context(), v.at.Installation, v.at.ID)
	if err == nil {
		_, err = p.Store.RenewBadge(r.Context(), v.at.Installation, v.at.ID)
	}
	if err != nil {
		p.failed(w, r, err)
		return
	}
	event := "badge-link-made"
	if before != 0 {
		event = "badge-link-revoked"
	}
	p.Audit(r.Context(), event, v.viewer.Login, v.at.Owner+"/"+v.at.Name)
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, Addresses("").Repository(v.at.Owner, v.at.Name)+"#badge", http.StatusSeeOther)
}
