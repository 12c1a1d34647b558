package access

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/time/rate"

	"github.com/bonafide-app/bonafide/app/mask"
)

// Notice is a page with a few words for who signs in or out.
type Notice struct {
	Title string
	Text  []string // paragraphs
	Again string   // address of the way to try again, "" for none
}

// Options are what a Gate is made from.
type Options struct {
	GitHub GitHub
	Rows   Rows
	// Key reads a secret of 32 bytes that all servers with this database share, for what a
	// browser carries while somebody signs in.
	Key func(ctx context.Context) ([]byte, error)
	// PublicURL is where people reach the pages, "https://bonafide.example.com". "": nobody
	// can sign in. It is the only address that anybody is sent back to.
	PublicURL string
	// SignIn says that GitHub knows this server by an id and a secret.
	SignIn bool
	// PublicReports shows public repositories to everybody.
	PublicReports bool
	// Show answers with a page.
	Show func(w http.ResponseWriter, r *http.Request, status int, n Notice)
	// Audit is told who signed in and out ("signed-in", "signed-out"); nil: nobody is told.
	Audit  func(ctx context.Context, event, who, about string)
	Clock  func() time.Time
	Logger zerolog.Logger
}

// Gate says who may see what. It is safe for concurrent use.
type Gate struct {
	Options
	sessions sessions
	cookies  cookies
	answers  *answers
	attempts *attempts
	public   *rate.Limiter // questions for people who have not signed in

	mu   sync.Mutex
	used map[string]time.Time // states of sign-ins that came back, until they are too old anyway
}

// NewGate makes a gate.
func NewGate(o Options) (*Gate, error) {
	if o.GitHub == nil || o.Rows == nil || o.Show == nil || o.Clock == nil || o.Key == nil {
		return nil, errors.New("the gate needs GitHub, a place for sessions, a key, pages and a clock")
	}
	if o.Audit == nil {
		o.Audit = func(context.Context, string, string, string) {}
	}
	return &Gate{
		Options: o, sessions: sessions{o.Rows, o.Clock}, cookies: cookies{secure: strings.HasPrefix(o.PublicURL, "https://")},
		answers: newAnswers(o.Clock), attempts: newAttempts(o.Clock), public: rate.NewLimiter(PublicASecond, PublicBurst), used: map[string]time.Time{},
	}, nil
}

// Viewer is who asks, by the request's session cookie; ok is false for somebody who has not
// signed in.
func (g *Gate) Viewer(r *http.Request) (v Viewer, ok bool) {
	v, ok, err := g.sessions.viewer(r.Context(), read(r, g.cookies.session()))
	if err != nil && r.Context().Err() == nil {
		g.Logger.Error().Str("reason", mask.Text(err.Error())).Msg("a session cannot be read: its person is taken for signed out")
	}
	return v, ok
}

// Repository is one that the viewer may read, as GitHub said at most KeepAnswer ago, or
// anybody where the server shows the reports of public repositories. known is what the
// store knows of it, nothing but a name where there is none: who has signed in has GitHub
// asked all the same, who has not has it never. The error wraps ErrNone where it is not
// there, or not to be seen by this viewer; ErrSignedOut where the session is over; another
// one where GitHub did not answer.
func (g *Gate) Repository(ctx context.Context, v Viewer, known Repository) (Repository, error) {
	if v.session == "" {
		if !g.PublicReports {
			return Repository{}, ErrNone
		}
		return g.visible(ctx, known, KeepAnswer)
	}
	if known.Owner == "" || known.Name == "" || len(known.Owner) > MaxName || len(known.Name) > MaxName {
		return Repository{}, ErrNone
	}
	seen, err := of(ctx, g.answers, question{v.session, "repository\n" + fullName(known)}, KeepAnswer, one[readable], func(ctx context.Context) (readable, error) {
		seen, err := g.GitHub.Readable(ctx, v.token, known.Owner, known.Name)
		if errors.Is(err, ErrNone) && !errors.Is(err, ErrSignedOut) {
			return readable{}, nil // an answer like another one, and kept like that
		}
		return readable{seen, err == nil}, err
	})
	switch {
	case err != nil:
		return Repository{}, g.refused(ctx, v, err)
	case !seen.ok, known.ID != 0 && known.ID != seen.ID:
		return Repository{}, ErrNone // gone, or another one that took its name
	case known.ID != 0:
		seen.Installation = known.Installation
		return seen.Repository, nil
	case known.Installation == 0:
		return Repository{}, ErrNone
	}
	// There are reports, but nothing has said the repository's number yet: it is the one
	// of this name that the installation has.
	all, err := g.Repositories(ctx, v)
	if err != nil {
		return Repository{}, err
	}
	if !slices.ContainsFunc(all, func(r Repository) bool { return r.ID == seen.ID && r.Installation == known.Installation }) {
		return Repository{}, ErrNone
	}
	seen.Installation = known.Installation
	return seen.Repository, nil
}

// readable is what GitHub said of a repository, ok that there is one for this person.
type readable struct {
	Repository
	ok bool
}

func one[T any](T) int { return 1 }

// Repositories are those of the App's installations that the viewer may read, as GitHub
// said at most KeepAnswer ago; none for somebody who has not signed in.
func (g *Gate) Repositories(ctx context.Context, v Viewer) ([]Repository, error) {
	if v.session == "" {
		return nil, nil
	}
	all, err := of(ctx, g.answers, question{v.session, "repositories"}, KeepAnswer, func(l []Repository) int { return len(l) }, func(ctx context.Context) ([]Repository, error) {
		return g.GitHub.AllReadable(ctx, v.token)
	})
	if err != nil {
		return nil, g.refused(ctx, v, err)
	}
	return slices.Clone(all), nil
}

// Public says whether a repository is public now, that is KeepVisibility ago at most. It is
// for everybody: the error wraps ErrNone for all that is not public, be it not there,
// private, or not to be found out now, and takes the same time for all of them. A
// Repository that the viewer may read says itself whether it is private.
func (g *Gate) Public(ctx context.Context, known Repository) (bool, error) {
	_, err := g.visible(ctx, known, KeepVisibility)
	return err == nil, err
}

// visible is a repository that is public. Nobody learns from the answer, or from the time
// until it comes, whether there is a private one.
func (g *Gate) visible(ctx context.Context, known Repository, fresh time.Duration) (Repository, error) {
	refused := time.NewTimer(RefusalTime)
	defer refused.Stop()
	if known.ID != 0 && known.Installation != 0 {
		asked, cancel := context.WithTimeout(ctx, RefusalTime)
		defer cancel()
		public, err := of(asked, g.answers, question{"", fmt.Sprintf("public\n%d\n%d\n%s", known.Installation, known.ID, fullName(known))}, fresh, one[bool], func(ctx context.Context) (bool, error) {
			if !g.public.AllowN(g.Clock(), 1) {
				return false, errBusy
			}
			public, err := g.GitHub.Public(ctx, known.Installation, known.ID, known.Owner, known.Name)
			if errors.Is(err, ErrNone) {
				return false, nil
			}
			return public, err
		})
		switch {
		case err == nil && public:
			known.Private, known.Write, known.Admin = false, false, false
			return known, nil
		case err != nil && ctx.Err() == nil:
			g.Logger.Warn().Str("repository", known.Owner+"/"+known.Name).Str("reason", mask.Text(err.Error())).
				Msg("whether the repository is public is not known: it is not shown to people who have not signed in")
		}
	}
	select {
	case <-ctx.Done():
		return Repository{}, context.Cause(ctx)
	case <-refused.C:
		return Repository{}, ErrNone
	}
}

// errBusy is for questions beyond PublicASecond.
var errBusy = errors.New("too much is asked by people who have not signed in")

// refused ends the session whose token GitHub does not take any more.
func (g *Gate) refused(ctx context.Context, v Viewer, err error) error {
	if !errors.Is(err, ErrSignedOut) {
		return err
	}
	g.answers.forget(v.session)
	if failed := g.sessions.end(context.WithoutCancel(ctx), v.session); failed != nil {
		// GitHub refuses the token next time, too.
		g.Logger.Error().Str("reason", mask.Text(failed.Error())).Msg("a session that is over cannot be deleted")
	} else {
		g.Audit(ctx, "signed-out", v.Login, "GitHub no longer takes its token")
	}
	return err
}

func fullName(r Repository) string { return strings.ToLower(r.Owner + "/" + r.Name) }
