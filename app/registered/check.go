package registered

import (
	"context"
	"errors"
	"time"
)

// Options say what is held against what.
type Options struct {
	GitHub   GitHub
	Manifest Manifest
	Check    string // name of our check run
	// Web is GitHub's web address, "https://github.com"; PublicURL is where this server is
	// reached, "" where it is not set.
	Web, PublicURL string
	AppID          int64
	ClientID       string                                      // "" where it is not set
	Reach          func(ctx context.Context, url string) error // is a server of ours there? see Reacher
	Clock          func() time.Time
}

// Facts are what was found out, each with why it was not.
type Facts struct {
	App    App
	AppErr error
	Skew   time.Duration // of our clock, before GitHub's where it is negative
	Timed  bool          // GitHub said a time

	Hook    Hook
	HookErr error

	Reached error

	Failed, Deliveries int
	DeliveriesErr      error

	Installations    []Installation
	InstallationsErr error
	Repositories     []RepositoryFacts
	RepositoriesErr  []error
	LeftOut          int // repositories that were not looked at
}

// RepositoryFacts are those of one repository.
type RepositoryFacts struct {
	Repository
	Gate Gate
	Err  error
}

// Check asks GitHub and the public address, and judges what it is told. What could not be
// found out is a line of its own. The error is that of a context that ended.
func Check(ctx context.Context, o Options) ([]Line, error) {
	if o.GitHub == nil || o.Reach == nil || o.Clock == nil {
		return nil, errors.New("the check of an App needs a GitHub, a way to its address and a clock")
	}
	f := ask(ctx, o)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return Judge(f, o), nil
}

// who asks who the App is, and what time it is there.
func who(ctx context.Context, o Options) (f Facts) {
	began := o.Clock()
	var at time.Time
	f.App, at, f.AppErr = o.GitHub.App(ctx)
	if !at.IsZero() {
		// GitHub's is a whole second, said at some time while we waited.
		f.Timed, f.Skew = true, began.Add(o.Clock().Sub(began)/2).Sub(at.Add(time.Second/2))
	}
	return f
}

func ask(ctx context.Context, o Options) Facts {
	f := who(ctx, o)
	if o.PublicURL != "" {
		f.Reached = o.Reach(ctx, o.PublicURL)
	}
	if f.AppErr != nil {
		return f // nothing else would be answered
	}
	f.Hook, f.HookErr = o.GitHub.Hook(ctx)
	f.Failed, f.Deliveries, f.DeliveriesErr = o.GitHub.Failing(ctx)
	f.Installations, f.InstallationsErr = o.GitHub.Installations(ctx)
	for _, in := range f.Installations {
		if in.Suspended {
			continue
		}
		repositories, err := o.GitHub.Repositories(ctx, in.ID)
		if err != nil {
			f.RepositoriesErr = append(f.RepositoriesErr, err)
			continue
		}
		for _, r := range repositories {
			if len(f.Repositories) >= maxRepositories {
				f.LeftOut++
				continue
			}
			gate, err := o.GitHub.Gate(ctx, in.ID, r)
			f.Repositories = append(f.Repositories, RepositoryFacts{r, gate, err})
		}
	}
	return f
}
