package app

import (
	"context"

	"github.com/bonafide-app/bonafide/app/checks"
	"github.com/bonafide-app/bonafide/app/store"
)

// Notes are those that the App takes of its checks.
func Notes(s *store.Store) checks.Notes { return notes{s} }

// Rejudge, Malware, Renewed and Stale do one round of what is done again and again.
func (a *App) Rejudge(ctx context.Context) error { return a.rejudge(ctx) }
func (a *App) Malware(ctx context.Context) error { return a.malware(ctx) }
func (a *App) Renewed(ctx context.Context) error { return a.renewed(ctx) }
func (a *App) Stale(ctx context.Context) error   { return a.stale(ctx) }

// Unlooked makes jobs of the repositories that were never looked at.
func (a *App) Unlooked(ctx context.Context, installation int64) error {
	return a.unlooked(ctx, installation)
}

// Store is what outlives the process.
func (a *App) Store() *store.Store { return a.store }
