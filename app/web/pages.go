package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/access"
	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/store"
)

// Store is what the pages read. *store.Store implements it.
type Store interface {
	Named(ctx context.Context, owner, name string) (store.Repository, bool, error)
	Report(ctx context.Context, installation int64, owner, repo string, number int, head string) (store.Report, bool, error)
	ReportAt(ctx context.Context, installation int64, owner, repo string, number int, head string) (time.Time, bool, error)
	LastHead(ctx context.Context, installation int64, owner, repo string, number int) (string, bool, error)
	SectionsAt(ctx context.Context, installation int64, owner, repo, head string) ([]int, error)
	Runs(ctx context.Context, installation int64, owner, repo string, number, max int) ([]store.Run, error)
	InventoryOf(ctx context.Context, installation, repository int64) (store.Inventory, bool, error)
	ExceptionsOf(ctx context.Context, installation, repository int64) ([]byte, bool, error)
	CoverageOf(ctx context.Context, installation, repository int64, since time.Time) ([]store.Coverage, error)
	Arrivals(ctx context.Context, installation, repository int64, offset, max int) ([]store.Holding, error)
	NewsOf(ctx context.Context, installation, repository int64) ([]store.News, error)
	OpenPulls(ctx context.Context, installation, repository int64, max int) ([]store.Verdict, error)
	OpenAcceptances(ctx context.Context, installation, repository int64, max int) ([]store.Acceptance, error)
	Standings(ctx context.Context, owner string) ([]store.Standing, error)
	Users(ctx context.Context, owner, ecosystem, name, version string, max int) ([]store.Use, error)
	BadgeGeneration(ctx context.Context, installation, repository int64) (int64, error)
	RenewBadge(ctx context.Context, installation, repository int64) (int64, error)
	Key(ctx context.Context, name string) ([]byte, error)
}

// Gate says who may see what. *access.Gate implements it.
type Gate interface {
	// Viewer is who asks, by the request's session cookie; ok is false for somebody who has
	// not signed in.
	Viewer(r *http.Request) (v access.Viewer, ok bool)
	// Repository is one that the viewer may read now, or anybody where the server shows
	// the reports of public repositories. The error wraps access.ErrNone where it is not
	// there, or not to be seen by this viewer: the two are not told apart.
	Repository(ctx context.Context, v access.Viewer, known access.Repository) (access.Repository, error)
	// Repositories are those that the viewer may read.
	Repositories(ctx context.Context, v access.Viewer) ([]access.Repository, error)
	// Public says whether a repository is public, asked of GitHub now.
	Public(ctx context.Context, known access.Repository) (bool, error)
	// Routes answers for signing in and out: GET /login, GET /login/callback, POST /logout.
	Routes(mux *http.ServeMux)
}

// Bundles gives what a registry has attested, as it was verified: a JSON document with the
// Sigstore bundles of a release. ok is false where it is not kept any more.
type Bundles interface {
	Bundles(ctx context.Context, installation int64, p dep.Package, integrity string) (document []byte, ok bool, err error)
}

// PagesOptions are what the pages are made from.
type PagesOptions struct {
	Store     Store
	Gate      Gate
	Bundles   Bundles // nil: none can be downloaded
	GitHub    string  // GitHub's web address, "https://github.com"
	Addresses Addresses
	Audit     func(ctx context.Context, event, who, about string) // of what people changed; nil: nobody is told
	Demo      bool                                                // every page says so
	Clock     func() time.Time
	Logger    zerolog.Logger
}

// Pages are the pages for people. They are safe for concurrent use.
type Pages struct {
	PagesOptions
	view     *views
	parsed   *parsedReports
	compress func(http.Handler) http.Handler
}

// NewPages makes the pages.
func NewPages(o PagesOptions) (*Pages, error) {
	if o.Store == nil || o.Gate == nil || o.Clock == nil {
		return nil, errors.New("the pages need a store, a gate and a clock")
	}
	if o.Audit == nil {
		o.Audit = func(context.Context, string, string, string) {}
	}
	view, err := newViews()
	if err != nil {
		return nil, err
	}
	compress, err := compression()
	if err != nil {
		return nil, err
	}
	return &Pages{PagesOptions: o, view: view, parsed: newParsedReports(), compress: compress}, nil
}

// routes answers for every page. Each file of the package that has a page has a method
// that adds its routes here.
func (p *Pages) routes(outer *http.ServeMux) {
	mux := http.NewServeMux()
	outer.Handle("/", p.compress(inTime(mux)))
	mux.HandleFunc("/", p.nothing)
	p.reportRoutes(mux)
	p.Gate.Routes(mux)
	p.view.routes(mux)
	p.homeRoutes(mux)
	p.organisationRoutes(mux)
	p.repositoryRoutes(mux)
	p.historyRoutes(mux)
	p.badgeRoutes(mux)
}

// visit is one request for something of a repository that the viewer may read.
type visit struct {
	viewer   access.Viewer
	signedIn bool
	at       store.Repository
	seen     access.Repository // as GitHub describes it now
}

// visit finds the repository of a path with {owner} and {name} and asks whether the viewer
// may read it. Where there is nothing to see it has answered, and ok is false: 404, or, for
// somebody who has not signed in, the way to do so, which is the same for what is not there;
// or, for a name in another spelling, the address with the one that GitHub has.
func (p *Pages) visit(w http.ResponseWriter, r *http.Request) (v visit, ok bool) {
	v.viewer, v.signedIn = p.Gate.Viewer(r)
	at, found, err := p.Store.Named(r.Context(), r.PathValue("owner"), r.PathValue("name"))
	if err != nil {
		p.failed(w, r, err)
		return visit{}, false
	}
	if !found { // asked all the same, so that the time that it takes tells nothing
		at = store.Repository{Owner: r.PathValue("owner"), Name: r.PathValue("name")}
	}
	seen, err := p.Gate.Repository(r.Context(), v.viewer, access.Repository{Installation: at.Installation, ID: at.ID, Owner: at.Owner, Name: at.Name})
	switch {
	case errors.Is(err, access.ErrSignedOut), errors.Is(err, access.ErrNone) && !v.signedIn:
		p.signIn(w, r)
		return visit{}, false
	case errors.Is(err, access.ErrNone), err == nil && !found:
		p.nothing(w, r)
		return visit{}, false
	case err != nil:
		p.failed(w, r, err)
		return visit{}, false
	}
	if respelled(w, r, at.Owner, at.Name) {
		return visit{}, false
	}
	at.ID = cmp.Or(at.ID, seen.ID) // where only reports told of it
	v.at, v.seen = at, seen
	return v, true
}
