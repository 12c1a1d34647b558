package app

import (
	"context"

	"github.com/bonafide-app/bonafide"
	"github.com/bonafide-app/bonafide/app/checks"
	"github.com/bonafide-app/bonafide/app/registered"
)

// registration makes what asks GitHub about the App itself, for the operator: what
// `bonafide setup --check` says. Each call is some requests for every repository.
func (a *App) registration(o Options) (func(context.Context) ([]registered.Line, error), error) {
	manifest, err := registered.Parse(bonafide.Manifest())
	if err != nil {
		return nil, err
	}
	asked := registered.Options{
		GitHub: a.forge.Registered(), Manifest: manifest, Check: checks.DefaultName, Web: o.GitHubURL, PublicURL: o.PublicURL,
		AppID: o.AppID, ClientID: o.ClientID, Reach: registered.Reacher("bonafide/"+o.Version, o.Route), Clock: a.clock,
	}
	return func(ctx context.Context) ([]registered.Line, error) { return registered.Check(ctx, asked) }, nil
}

// Registered holds the App, as GitHub knows it, against what it must be.
func (a *App) Registered(ctx context.Context) ([]registered.Line, error) { return a.registered(ctx) }
