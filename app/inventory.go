package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/checks"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/queue"
	"github.com/bonafide-app/bonafide/app/report"
	"github.com/bonafide-app/bonafide/app/review"
	"github.com/bonafide-app/bonafide/app/stock"
	"github.com/bonafide-app/bonafide/app/store"
	"github.com/bonafide-app/bonafide/app/web"
)

// Limits of inventories, each with its reason.
const (
	// inventoryRound is how often is looked for inventories that are too old, and perInventoryRound
	// how many are made again at most: a day has room for 14,400, and registries and GitHub
	// are asked all day long instead of at once.
	inventoryRound    = 10 * time.Minute
	perInventoryRound = 100
	// perInstallation bounds the repositories of an installation that get their first
	// inventory by one round: those that were there before are found over some hours.
	perInstallation = 200
	// perAdvisory bounds the default branches that are looked at again because of one package:
	// nothing looks for those beyond before their night.
	perAdvisory = 20_000
	// inventoryBusy is when a job looks again that found another one busy with its branch.
	inventoryBusy = 3 * time.Second
	// jsonCopies is what the inventory before takes while another one is made, in sizes of its
	// JSON: it is read, and written anew.
	jsonCopies = 5
)

// The reasons of jobs about inventories.
const (
	pushedTo = "push"    // nothing is to be done where the tip was looked at already
	nightly  = "nightly" // what is known is too old
	first    = "first"   // nothing is known
	advised  = "malware" // an advisory names a package that is locked there
)

// inventoryPage makes the addresses of inventories, nil where nobody can reach them.
func inventoryPage(publicURL string) func(review.Repository) string {
	if publicURL == "" {
		return nil
	}
	return func(r review.Repository) string { return web.Addresses(publicURL).Inventory(r.Owner, r.Name) }
}

// inventory looks at what a default branch has locked. One job at a time is busy with a
// branch, and each reads the live tip: whichever is last ends with the newest.
func (a *App) inventory(ctx context.Context, job queue.Job, repo review.Repository, try review.Try) error {
	if a.inventoryEvery < 0 {
		return nil
	}
	ctx, release, held, err := leases{a.store, leaseRenew}.Take(ctx, fmt.Sprintf("inventory/%d", repo.ID))
	switch {
	case err != nil:
		return fmt.Errorf("look whether another job is busy with this branch: %w", err)
	case !held:
		return &review.Later{After: inventoryBusy, Reason: "another job is busy with the inventory of this repository"}
	}
	defer release()
	home, err := a.forge.Home(ctx, repo)
	if errors.Is(err, review.ErrGone) {
		zerolog.Ctx(ctx).Info().Err(err).Msg("the repository is gone, or archived; its inventory stays as it is")
		return a.hidden(ctx, repo)
	} else if err != nil {
		return err
	}
	before, had, err := a.store.InventoryOf(ctx, repo.Installation, repo.ID)
	if err != nil {
		return err
	}
	switch {
	case home.Head == "":
		return a.keepInventory(ctx, store.Inventory{Repository: a.row(repo, home, "Nothing was pushed to the default branch yet.")})
	case had && job.Reason == pushedTo && before.Head == home.Head && before.Branch == home.Branch && before.Problem == "":
		return nil
	}
	number := 0
	if had && before.Branch == home.Branch {
		var later *review.Later
		if number, err = a.forge.CameBy(ctx, repo, home.Branch, before.Head, home.Head); errors.As(err, &later) || ctx.Err() != nil {
			return err
		} else if err != nil {
			zerolog.Ctx(ctx).Warn().Err(err).Msg("by which pull request the branch came to its tip cannot be found out")
		}
	}
	return a.runner.Stock(ctx, repo, home, try, int64(jsonCopies*len(before.JSON)), func(ctx context.Context, found review.Stock) error {
		i, news, err := a.compared(ctx, repo, before, found, number)
		if err != nil {
			return err
		}
		// What was forgotten meanwhile must not be kept anew.
		if _, err := a.forge.Home(ctx, repo); errors.Is(err, review.ErrGone) {
			return a.hidden(ctx, repo)
		} else if err != nil {
			return err
		}
		if err := a.tell(ctx, repo, found, news, try); err != nil {
			return err
		}
		return a.keepInventory(ctx, i)
	})
}

// hidden keeps that a repository is not to be seen: where it was forgotten, nothing.
func (a *App) hidden(ctx context.Context, repo review.Repository) error {
	return a.store.Missed(ctx, repo.Installation, repo.ID, "GitHub no longer shows this repository, or it is archived.", a.clock())
}

// row is a repository as it is kept.
func (a *App) row(repo review.Repository, home review.Home, problem string) store.Repository {
	return store.Repository{
		Installation: repo.Installation, ID: repo.ID, Owner: repo.Owner, Name: repo.Name,
		Branch: home.Branch, Problem: problem, Looked: a.clock().UTC(),
	}
}

// tidings are the news, and whether there was any before.
type tidings struct {
	news []stock.News
	any  bool
}

// compared holds what was found against what the look before found.
func (a *App) compared(ctx context.Context, repo review.Repository, before store.Inventory, found review.Stock, number int) (store.Inventory, tidings, error) {
	fail := func(err error) (store.Inventory, tidings, error) { return store.Inventory{}, tidings{}, err }
	kept, err := a.store.NewsOf(ctx, repo.Installation, repo.ID)
	if err != nil {
		return fail(err)
	}
	look := stock.Look{Report: found.Report, Policy: found.Policy, First: before.Head == "", At: a.clock().UTC()}
	for _, n := range kept {
		look.Known = append(look.Known, stock.News{PURL: n.PURL, Kind: stock.Kind(n.Kind), Detail: n.Detail, Since: n.Since})
	}
	if !look.First {
		if look.Before, err = report.Read(bytes.NewReader(before.JSON)); err != nil {
			zerolog.Ctx(ctx).Error().Err(err).Msg("what is kept of the inventory before cannot be read; it is made anew, and compared with nothing")
			look.First = true
		}
	}
	told, loses := tidings{look.News(), len(kept) > 0}, look.Loses()
	if loses { // the next look is to be held against what is known for sure
		found.Report = look.Kept()
	}
	var doc bytes.Buffer
	if err := report.Compact(&doc, found.Report); err != nil {
		return fail(fmt.Errorf("the inventory of %s/%s: %w", repo.Owner, repo.Name, err))
	}
	i := store.Inventory{Repository: a.row(repo, found.Home, ""), JSON: doc.Bytes(), Holdings: holdings(found, look.At, number), Coverage: coverage(found.Report, found.Head, look.At)}
	i.Head, i.At = found.Head, look.At
	if loses && before.Head == found.Head {
		i.JSON, i.At, i.Coverage = before.JSON, before.At, coverage(look.Before, found.Head, look.At)
	}
	if loses {
		i.Problem = "Not every package could be looked at again. What is shown is what was known before."
	}
	if i.Exceptions, err = json.Marshal(append([]policy.Exception{}, found.Policy.Exceptions...)); err != nil {
		return fail(fmt.Errorf("the exceptions of %s/%s: %w", repo.Owner, repo.Name, err))
	}
	for _, n := range told.news {
		i.News = append(i.News, store.News{PURL: n.PURL, Kind: string(n.Kind), Detail: n.Detail, Since: n.Since})
	}
	return i, told, nil
}

// tell says on the branch's head what changed about packages in use, and that all is well
// again. Where nothing is to be told, nothing is written. It is told before it is kept: told
// twice, it changes nothing.
func (a *App) tell(ctx context.Context, repo review.Repository, found review.Stock, t tidings, try review.Try) error {
	if len(t.news) == 0 && !t.any {
		return nil
	}
	c := stock.Check{News: t.news, Mode: found.Policy.Mode, Branch: found.Branch, Page: a.forge.InventoryPage(repo), Demo: found.Report.Demo}
	err := a.forge.PublishInventory(ctx, repo, found.Head, checks.Beside{Conclusion: c.Conclusion(), Title: c.Title(), Summary: c.Summary(), Again: try.Rerun != ""})
	var later *review.Later
	if err == nil || !try.Last || errors.As(err, &later) || errors.Is(err, review.ErrSuperseded) || ctx.Err() != nil {
		return err
	}
	zerolog.Ctx(ctx).Error().Err(err).Msg("the check about the inventory could not be written; the page has what it would say")
	return nil
}

// holdings are the packages that a branch has locked, each once for a lockfile.
func holdings(found review.Stock, at time.Time, number int) (list []store.Holding) {
	seen := map[store.Holding]bool{}
	for _, p := range found.Report.Packages {
		h := store.Holding{
			Ecosystem: string(p.Entry.Package.Ecosystem), Name: p.Entry.Package.Name, Version: p.Entry.Package.Version, Lockfile: p.Entry.Lockfile,
			Came: at, Head: found.Head, Number: number,
		}
		if !seen[h] {
			seen[h] = true
			list = append(list, h)
		}
	}
	return list
}

func coverage(r report.Report, head string, at time.Time) store.Coverage {
	return store.Coverage{
		Day: at.UTC().Truncate(24 * time.Hour), Head: head,
		Packages: r.Summary.Packages, Signed: r.Summary.Signature.Verified, Proven: r.Summary.Provenance.Verified,
	}
}

// overlooked keeps that a look failed for good, and returns why. The inventory before stays.
func (a *App) overlooked(ctx context.Context, job queue.Job, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), giveUpTime)
	defer cancel()
	problem := "The last look failed; the operator's log says why."
	var later *review.Later
	if errors.As(cause, &later) {
		problem = "The last look failed: " + later.Reason
	}
	repo := review.Repository{Installation: job.Installation, Owner: job.Owner, Name: job.Repo, ID: job.RepositoryID}
	var err error
	if errors.Is(cause, review.ErrGone) {
		err = a.store.Missed(ctx, repo.Installation, repo.ID, problem, a.clock())
	} else {
		err = a.keepInventory(ctx, store.Inventory{Repository: a.row(repo, review.Home{}, problem)})
	}
	if err != nil {
		return errors.Join(cause, err)
	}
	return cause
}

// stale makes jobs of the inventories that are too old. One whose job still waits is made a
// job of once.
func (a *App) stale(ctx context.Context) error {
	list, err := a.store.StaleInventories(ctx, a.clock().Add(-a.inventoryEvery), perInventoryRound)
	if err != nil {
		return err
	}
	for _, r := range list {
		job := queue.Job{
			Delivery: fmt.Sprintf("inventory/%d/%d/%d", r.Installation, r.ID, r.Looked.UnixMilli()), Kind: queue.Inventory,
			Installation: r.Installation, RepositoryID: r.ID, Owner: r.Owner, Repo: r.Name, Reason: nightly, Bulk: true,
		}
		if err := a.queue.Enqueue(ctx, job); err != nil {
			return fmt.Errorf("enqueue the inventory of %s/%s: %w", r.Owner, r.Name, err)
		}
	}
	return nil
}

// holding makes jobs of the default branches that have a package locked, because there is
// news about it: nobody is to wait for the night.
func (a *App) holding(ctx context.Context, ecosystem, name, reason string) error {
	if a.inventoryEvery < 0 {
		return nil
	}
	list, err := a.store.Holders(ctx, ecosystem, name, perAdvisory)
	if err != nil {
		return err
	}
	for _, r := range list {
		job := queue.Job{
			Delivery: fmt.Sprintf("inventory/%d/%d/%s/%d", r.Installation, r.ID, reason, r.Looked.UnixMilli()), Kind: queue.Inventory,
			Installation: r.Installation, RepositoryID: r.ID, Owner: r.Owner, Repo: r.Name, Reason: reason, Bulk: true,
		}
		if err := a.queue.Enqueue(ctx, job); err != nil {
			return fmt.Errorf("enqueue the inventory of %s/%s: %w", r.Owner, r.Name, err)
		}
	}
	return nil
}

// unlooked makes jobs of the repositories of an installation that were never looked at: the
// App was installed on them before there were inventories, or the event was lost. One whose
// job fails gets another one on the next day.
func (a *App) unlooked(ctx context.Context, installation int64) error {
	if a.inventoryEvery < 0 {
		return nil
	}
	repositories, err := a.forge.Repositories(ctx, installation)
	if errors.Is(err, review.ErrGone) {
		return nil
	} else if err != nil {
		return fmt.Errorf("list the repositories of installation %d: %w", installation, err)
	}
	looked, err := a.store.Looked(ctx, installation)
	if err != nil {
		return err
	}
	made := 0
	for _, r := range repositories {
		if looked[r.ID] {
			continue
		}
		if made++; made > perInstallation {
			return nil
		}
		job := queue.Job{
			Delivery: fmt.Sprintf("inventory/%d/%d/first/%s", installation, r.ID, a.clock().UTC().Format(time.DateOnly)), Kind: queue.Inventory,
			Installation: installation, RepositoryID: r.ID, Owner: r.Owner, Repo: r.Name, Reason: first, Bulk: true,
		}
		if err := a.queue.Enqueue(ctx, job); err != nil {
			return fmt.Errorf("enqueue the inventory of %s/%s: %w", r.Owner, r.Name, err)
		}
	}
	return nil
}
