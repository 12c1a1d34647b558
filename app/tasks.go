package app

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/bonafide-app/bonafide/app/review"
	"github.com/bonafide-app/bonafide/app/store"
	"github.com/bonafide-app/bonafide/app/upkeep"
)

// Rounds are the times between two rounds of what is done again and again. 0 is the
// default, less than that is never.
type Rounds struct {
	SweepEvery     time.Duration // of GitHub's delivery log; 5 min
	SweepAge       time.Duration // of a failed delivery before it is sent again; 1 min
	ReconcileEvery time.Duration // of the open pull requests; 1 h
	WatchdogEvery  time.Duration // of the checks that were begun; 1 min
	// UnfinishedAge is how long ago a check was begun that the watchdog looks after; a
	// minute more than an attempt may take.
	UnfinishedAge time.Duration
	RejudgeEvery  time.Duration // of the verdicts that are due; 1 min
	MalwareEvery  time.Duration // of the advisories; 10 min
	TrustEvery    time.Duration // of the trust root; 5 min
	// InventoryEvery is how old what is known of a default branch may get before its packages
	// are looked at again; 24 h. Where it is less than 0 default branches are never looked at.
	InventoryEvery time.Duration
}

func (r Rounds) withDefaults() Rounds {
	return Rounds{
		SweepEvery:     cmp.Or(r.SweepEvery, 5*time.Minute),
		SweepAge:       cmp.Or(r.SweepAge, time.Minute),
		ReconcileEvery: cmp.Or(r.ReconcileEvery, time.Hour),
		WatchdogEvery:  cmp.Or(r.WatchdogEvery, time.Minute),
		UnfinishedAge:  cmp.Or(r.UnfinishedAge, jobTimeout+time.Minute),
		RejudgeEvery:   cmp.Or(r.RejudgeEvery, time.Minute),
		MalwareEvery:   cmp.Or(r.MalwareEvery, 10*time.Minute),
		TrustEvery:     cmp.Or(r.TrustEvery, 5*time.Minute),
		InventoryEvery: cmp.Or(r.InventoryEvery, 24*time.Hour),
	}
}

// tasks are what is done again and again beside the jobs.
func (a *App) tasks(o Options) []upkeep.Task {
	rounds := o.Rounds.withDefaults()
	a.inventoryEvery = rounds.InventoryEvery
	sweep := &upkeep.Sweep{Log: a.forge, Cursors: a.store, Every: rounds.SweepEvery, Age: rounds.SweepAge, Clock: time.Now}
	a.reconcile = &upkeep.Reconcile{
		Account: a.forge, Pulls: a.runner, Judged: a.store, Jobs: a.queue, Cursors: a.store, Claims: a.store,
		Every: rounds.ReconcileEvery, Clock: time.Now,
	}
	watchdog := &upkeep.Watchdog{Checks: notes{a.store}, Jobs: a.queue, Every: rounds.WatchdogEvery, Age: rounds.UnfinishedAge, Clock: time.Now}
	tasks := []upkeep.Task{
		sweep.Task(), a.reconcile.Task(), watchdog.Task(),
		{Name: "mend", Every: rounds.WatchdogEvery, Do: a.queue.Mend},
		{Name: "rejudge", Every: rounds.RejudgeEvery, AtStart: true, Do: a.rejudge},
		{Name: "malware", Every: rounds.MalwareEvery, AtStart: true, Do: a.malware},
		{Name: "trust", Every: rounds.TrustEvery, AtStart: true, Do: a.renewed},
		{Name: "inventories", Every: min(rounds.InventoryEvery, inventoryRound), Do: a.stale},
	}
	return slices.DeleteFunc(tasks, func(t upkeep.Task) bool { return t.Every < 0 })
}

// notes keep in the store which checks were begun.
type notes struct{ store *store.Store }

func (n notes) Begun(ctx context.Context, repo review.Repository, sha string) error {
	return n.store.BeginCheck(ctx, store.Unfinished{
		Installation: repo.Installation, Repository: repo.ID, Owner: repo.Owner, Repo: repo.Name, Head: sha,
	})
}

func (n notes) Ended(ctx context.Context, repo review.Repository, sha string) error {
	return n.store.EndCheck(ctx, repo.Installation, repo.ID, sha)
}

func (n notes) Again(ctx context.Context, c upkeep.Check) error {
	return n.Begun(ctx, c.Repository, c.Head)
}

func (n notes) Unfinished(ctx context.Context, before time.Time, limit int) ([]upkeep.Check, error) {
	rows, err := n.store.UnfinishedChecks(ctx, before, limit)
	var list []upkeep.Check
	for _, u := range rows {
		repo := review.Repository{Installation: u.Installation, Owner: u.Owner, Name: u.Repo, ID: u.Repository}
		list = append(list, upkeep.Check{Repository: repo, Head: u.Head, Since: u.Since})
	}
	return list, err
}
