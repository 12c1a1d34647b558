package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/bonafide-app/bonafide/app"
	"github.com/bonafide-app/bonafide/app/sandbox"
	"github.com/bonafide-app/bonafide/app/store"
)

const (
	// mergedSample is what comes into the default branch before the demo's eyes, so that its
	// history says by which pull request something came.
	mergedSample = "clean-update"
	// pastDays is how far back the demo's made-up past reaches.
	pastDays = 30
)

// seedPast merges the harmless sample, waits for the inventory, and makes up what a demo
// cannot have: the coverage of the days before today. Nothing of the product invents any;
// every page of the demo says that it is one.
func seedPast(ctx context.Context, world *sandbox.World, server *app.App, scene sandbox.Scene) error {
	i := slices.IndexFunc(scene.Samples, func(o sandbox.Opened) bool { return o.Name == mergedSample })
	if i < 0 {
		return fmt.Errorf("there is no sample %s", mergedSample)
	}
	if err := server.Idle(ctx); err != nil { // the first inventory is of what was there before
		return err
	}
	if err := scene.Samples[i].Pulls[0].Merge(ctx); err != nil {
		return err
	}
	if err := world.GitHub.Flush(ctx); err != nil {
		return err
	}
	if err := server.Idle(ctx); err != nil {
		return err
	}
	kept, installation, repository := server.Database(), scene.Installation.ID, scene.Repository.ID
	known, err := kept.CoverageOf(ctx, installation, repository, time.Now().AddDate(0, 0, -1))
	if err != nil || len(known) == 0 {
		return err
	}
	return kept.SaveCoverage(ctx, installation, repository, madeUp(known[len(known)-1]))
}

// madeUp is a past that rises to today: package by package gets provenance, and now and then
// one comes in that has none.
func madeUp(today store.Coverage) (days []store.Coverage) {
	for ago := pastDays; ago > 0; ago-- {
		packages := max(today.Packages-ago/10, 0)
		days = append(days, store.Coverage{
			Day: today.Day.AddDate(0, 0, -ago), Packages: packages, Signed: max(today.Signed-ago/10, 0),
			Proven: max(min(today.Proven-today.Proven*ago/(pastDays*5/4), packages), 0),
		})
	}
	return days
}
