package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/dep"
	"github.com/bonafide-app/bonafide/app/policy"
	"github.com/bonafide-app/bonafide/app/queue"
	"github.com/bonafide-app/bonafide/app/report"
	"github.com/bonafide-app/bonafide/app/review"
	"github.com/bonafide-app/bonafide/app/store"
	"github.com/bonafide-app/bonafide/app/upkeep"
)

// giveUpTime bounds the completion of a check that is given up. It has a time of its
// own, because the job's own may be over.
const giveUpTime = 15 * time.Second

// giveUpAgain is when a check that could not be completed is given up again.
const giveUpAgain = time.Minute

// errCrashed is what people read of a job that ended the server again and again.
var errCrashed = errors.New("the server ended again and again while it was busy with it")

// work does one job. Where the job fails for good, the check that it was about is
// completed without a verdict: it must not stay in progress.
func (a *App) work(ctx context.Context, job queue.Job, attempt queue.Attempt) error {
	if attempt.Crashed {
		return a.giveUp(ctx, job, errCrashed)
	}
	err := a.safely(ctx, job, attempt)
	var later interface{ RetryAfter() time.Duration }
	switch {
	case err == nil, !attempt.Last, errors.Is(ctx.Err(), context.Canceled): // canceled: the server is ending, or the job was interrupted
		return err
	case errors.Is(err, review.ErrSuperseded): // neither done nor failed: it is done again on what is so then
		return err
	case errors.As(err, &later) && !attempt.Final:
		return err
	}
	return a.giveUp(ctx, job, err)
}

// giveUp completes the check of a job that failed for good, or lets it say that a command
// has no answer, and returns the cause.
// Where that fails too, the error asks for another attempt.
func (a *App) giveUp(ctx context.Context, job queue.Job, cause error) error {
	if job.Kind == queue.Inventory {
		return a.overlooked(ctx, job, cause)
	}
	repo := review.Repository{Installation: job.Installation, Owner: job.Owner, Name: job.Repo, ID: job.RepositoryID}
	number, head := job.Number, job.Head
	switch job.Kind {
	case queue.Release:
		return a.releaseMissed(ctx, job, repo, cause)
	case queue.PullRequest:
		head = ""
	case queue.Close: // of a pull request that is not open: its commit says
		number = 0
	case queue.Commit, queue.MergeGroup, queue.Command, queue.Button:
	default:
		return cause
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), giveUpTime)
	defer cancel()
	err := recovered(ctx, func() error {
		if job.Reason == aged { // what stands need not fall: it comes due again
			if stands, err := a.runner.Stands(ctx, repo, number); err != nil || stands {
				return err
			}
		}
		if job.Kind == queue.Command {
			return a.unanswered(ctx, job, repo)
		}
		if job.Kind == queue.Button {
			return a.judgeAgain(ctx, job, "unanswered", "A click on a button of this check could not be answered; the operator's log says why. Click again.")
		}
		return a.runner.GiveUp(ctx, repo, number, head, cause)
	})
	if err != nil {
		after := giveUpAgain
		var later *review.Later
		limited := errors.As(err, &later) && later.Limit
		if limited {
			after = later.After
		}
		return &review.Later{After: after, Limit: limited, Reason: fmt.Sprintf("%v; the check could not be completed: %v", cause, err), Err: errors.Join(cause, err)}
	}
	return cause
}

// safely is do with panics made errors.
func (a *App) safely(ctx context.Context, job queue.Job, attempt queue.Attempt) error {
	return recovered(ctx, func() error { return a.do(ctx, job, attempt) })
}

func recovered(ctx context.Context, f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			zerolog.Ctx(ctx).Error().Interface("panic", p).Bytes("stack", debug.Stack()).Msg("panic in a job")
			err = errors.New("an internal error (a panic)")
		}
	}()
	return f()
}

func (a *App) do(ctx context.Context, job queue.Job, attempt queue.Attempt) error {
	repo := review.Repository{Installation: job.Installation, Owner: job.Owner, Name: job.Repo, ID: job.RepositoryID}
	try := review.Try{Last: attempt.Last, Elapsed: attempt.Elapsed, Note: job.Note}
	try.Silent = job.Reason == installed
	if job.Reason == rerequested || job.Reason == commanded {
		try.Rerun, ctx = job.Delivery, review.WithFresh(ctx) // somebody doubts what stands there
	}
	try.Pins = job.Reason == pinned
	ctx = withInstallation(ctx, job.Installation)
	if job.Kind != queue.Evict { // which calls nobody
		if err := a.forge.Ready(ctx, job.Installation); err != nil {
			return err
		}
	}
	if job.Bulk {
		if err := a.forge.Spare(ctx, job.Installation); err != nil {
			return err
		}
	}
	if job.Reason == aged {
		if again, err := a.again(ctx, job); err != nil || !again {
			return err
		}
		try.Quiet, ctx = true, review.WithFresh(ctx)
	}
	switch job.Kind {
	case queue.PullRequest:
		return a.runner.PullRequest(ctx, repo, job.Number, review.Event{Head: job.EventHead, Before: job.Head, Base: job.BaseRef}, try)
	case queue.Commit:
		return a.commit(ctx, repo, job.Head, try)
	case queue.MergeGroup:
		group := review.Group{HeadSHA: job.Head, HeadRef: job.HeadRef, BaseSHA: job.Base, BaseRef: job.BaseRef}
		return a.runner.MergeGroup(ctx, repo, group, try)
	case queue.Command:
		return a.command(ctx, job, repo, try)
	case queue.Button:
		return a.button(ctx, job, repo, try)
	case queue.Retract:
		remark := review.RemarkRef{Kind: review.RemarkKind(job.RemarkKind), ID: job.Remark}
		if err := a.runner.Retract(ctx, repo, job.Number, remark); err != nil {
			return err
		}
		return a.judgeAgain(ctx, job, "retracted", "")
	case queue.Close:
		if job.Number > 0 {
			if err := a.runner.Ended(ctx, repo, job.Number); err != nil {
				return err
			}
		}
		return a.runner.Closed(ctx, repo, job.Head, try)
	case queue.Pushed:
		return a.pushed(ctx, job, repo)
	case queue.Inventory:
		return a.inventory(ctx, job, repo, try)
	case queue.Release:
		return a.release(ctx, job, repo, try, attempt.Stored)
	case queue.Renamed:
		return a.store.Rename(ctx, job.Installation, job.RepositoryID, job.Owner, job.Former, job.Repo)
	case queue.Removed:
		return a.removed(ctx, job)
	case queue.Installed:
		if job.Reason == created {
			a.begins(ctx, job.Installation, attempt.Stored)
		}
		if job.Repo == "" {
			return a.everywhere(ctx, job)
		}
		return a.installed(ctx, job, repo)
	case queue.Reconcile:
		return errors.Join(a.reconcile.Installation(ctx, job.Installation), a.unlooked(ctx, job.Installation))
	case queue.Evict:
		a.forge.Evict(job.Installation)
		if job.Reason == "deleted" {
			return a.uninstalled(ctx, job.Installation)
		}
		return nil
	}
	return fmt.Errorf("a job of the unknown kind %q", job.Kind)
}

// rerequested is the reason of a job for somebody who asked to run a check again.
const rerequested = "rerequested"

// installed is the reason of a job about a pull request that was there before we were:
// it is checked, and nobody is told.
const installed = upkeep.Installed

// commanded is the reason of a job that a command asked for.
const commanded = "command"

// command answers a command. That the check is written again is a job of its own: it
// must not fail because a command could not be answered.
func (a *App) command(ctx context.Context, job queue.Job, repo review.Repository, try review.Try) error {
	answer, err := a.runner.Command(ctx, repo, job.Number, review.Command{
		RemarkRef: review.RemarkRef{Kind: review.RemarkKind(job.RemarkKind), ID: job.Remark},
		Digest:    job.Digest, Head: job.EventHead,
	}, try)
	if err != nil || !answer.Judge {
		return err
	}
	return a.judgeAgain(ctx, job, commanded, answer.Note)
}

// pinned is the reason of a job for somebody who asked to see the pins.
const pinned = "pins"

// button does what a click asks for; like for a command, the check is written again by a
// job of its own.
func (a *App) button(ctx context.Context, job queue.Job, repo review.Repository, try review.Try) error {
	click := review.Click{Button: review.Button(job.Clicked), Head: job.Head, Offered: job.Offered, By: job.By, ByID: job.ByID}
	answer, err := a.runner.Click(ctx, repo, job.Number, click, try)
	if err != nil {
		return err
	}
	reason := commanded
	if click.Button == review.PinsButton {
		reason = pinned
	}
	if answer.Judge {
		err = a.judgeAgain(ctx, job, reason, answer.Note)
	}
	if err == nil {
		a.clicked(job, repo, answer.Note)
	}
	return err
}

// unanswered lets the check say that a command got no answer, as silence would look like
// one. What an attempt at it stored falls.
func (a *App) unanswered(ctx context.Context, job queue.Job, repo review.Repository) error {
	remark := review.RemarkRef{Kind: review.RemarkKind(job.RemarkKind), ID: job.Remark}
	if err := a.runner.Retract(ctx, repo, job.Number, remark); err != nil {
		return err
	}
	return a.judgeAgain(ctx, job, "unanswered", "A command on this pull request could not be answered, and changes nothing; the operator's log says why. Write it again.")
}

// judgeAgain makes a job of judging a pull request's live head.
func (a *App) judgeAgain(ctx context.Context, job queue.Job, reason, note string) error {
	next := queue.Job{
		Delivery: job.Delivery + "/" + reason, Kind: queue.PullRequest, Installation: job.Installation, RepositoryID: job.RepositoryID,
		Owner: job.Owner, Repo: job.Repo, Number: job.Number, Reason: reason, Note: note,
	}
	if err := a.queue.Enqueue(ctx, next); err != nil {
		return fmt.Errorf("enqueue pull request %d: %w", job.Number, err)
	}
	return nil
}

// commit judges a commit again. An event about a check suite does not say what the
// commit is: one that no open pull request has may be a merge group's.
func (a *App) commit(ctx context.Context, repo review.Repository, sha string, try review.Try) error {
	if try.Rerun != "" {
		if err := a.releasesAgain(ctx, repo, sha, try.Rerun); err != nil {
			return err
		}
	}
	group, found, err := a.forge.GroupOf(ctx, repo, sha)
	if err != nil && !errors.Is(err, review.ErrGone) {
		return fmt.Errorf("look for what the commit is about: %w", err)
	}
	if found {
		pulls, err := a.forge.OpenPulls(ctx, repo, sha)
		if err != nil && !errors.Is(err, review.ErrGone) {
			return fmt.Errorf("look for what the commit is about: %w", err)
		}
		if err == nil && len(pulls) == 0 {
			return a.runner.MergeGroup(ctx, repo, group, try)
		}
	}
	return a.runner.Commit(ctx, repo, sha, try)
}

// everywhere makes a job of every repository of an installation.
func (a *App) everywhere(ctx context.Context, job queue.Job) error {
	repositories, err := a.forge.Repositories(ctx, job.Installation)
	if errors.Is(err, review.ErrGone) {
		return nil
	} else if err != nil {
		return fmt.Errorf("list the repositories of installation %d: %w", job.Installation, err)
	}
	for _, r := range repositories {
		next := job
		next.RepositoryID, next.Owner, next.Repo, next.Bulk = r.ID, r.Owner, r.Name, true
		if err := a.queue.Enqueue(ctx, next); err != nil {
			return fmt.Errorf("enqueue %s/%s: %w", r.Owner, r.Name, err)
		}
	}
	return nil
}

// installed makes a job of every open pull request of a new repository, and one of what its
// default branch has locked.
func (a *App) installed(ctx context.Context, job queue.Job, repo review.Repository) error {
	look := job
	look.Kind, look.Bulk = queue.Inventory, true
	if err := a.queue.Enqueue(ctx, look); err != nil {
		return fmt.Errorf("enqueue the inventory of %s/%s: %w", repo.Owner, repo.Name, err)
	}
	pulls, err := a.runner.AllPulls(ctx, repo)
	if errors.Is(err, review.ErrGone) {
		return nil
	} else if err != nil {
		return fmt.Errorf("list the pull requests of %s/%s: %w", repo.Owner, repo.Name, err)
	}
	for _, p := range pulls {
		next := job
		next.Kind, next.Number, next.EventHead, next.Reason, next.Bulk = queue.PullRequest, p.Number, p.HeadSHA, installed, true
		next.Delivery = fmt.Sprintf("%s/%d", job.Delivery, p.Number)
		if err := a.queue.Enqueue(ctx, next); err != nil {
			return fmt.Errorf("enqueue pull request %d: %w", p.Number, err)
		}
	}
	return nil
}

// saver keeps reports in the store.
type saver struct{ store *store.Store }

func (s saver) SaveCheck(ctx context.Context, repo review.Repository, sha string, check report.Check) error {
	for _, section := range check.Sections {
		var doc bytes.Buffer
		if err := report.Compact(&doc, section.Report); err != nil {
			return fmt.Errorf("the report of %s: %w", sha, err)
		}
		err := s.store.SaveReport(ctx, store.Report{
			Installation: repo.Installation, Owner: repo.Owner, Repo: repo.Name,
			Number: section.PullRequest, Head: sha, JSON: doc.Bytes(), At: section.Report.At,
			Conclusion: string(section.Report.Conclusion), Title: report.Title(section.Report),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// accepted keeps in the store what was accepted.
type accepted struct{ store *store.Store }

func (k accepted) Accept(ctx context.Context, repo review.Repository, list []review.Acceptance) error {
	var rows []store.Acceptance
	for _, a := range list {
		rows = append(rows, store.Acceptance{
			Installation: repo.Installation, Repository: repo.ID, Number: a.Number,
			Place: string(a.Kind), Remark: a.ID, Role: a.Role.String(), ByAuthor: a.ByAuthor,
			Ecosystem: string(a.Package.Ecosystem), Name: a.Package.Name, Version: a.Package.Version,
			Digest: a.Digest, Source: a.Source, Lockfile: a.Lockfile, Rule: string(a.Rule), Reason: a.Reason, By: a.By,
		})
	}
	return k.store.Accept(ctx, rows)
}

func (k accepted) Accepted(ctx context.Context, repo review.Repository, number int) ([]review.Acceptance, error) {
	rows, err := k.store.Accepted(ctx, repo.Installation, repo.ID, number)
	var list []review.Acceptance
	for _, a := range rows {
		list = append(list, review.Acceptance{
			RemarkRef: review.RemarkRef{Kind: review.RemarkKind(a.Place), ID: a.Remark},
			Role:      review.RoleOf(a.Role), ByAuthor: a.ByAuthor,
			Acceptance: policy.Acceptance{
				Package: dep.Package{Ecosystem: dep.Ecosystem(a.Ecosystem), Name: a.Name, Version: a.Version},
				Digest:  a.Digest, Source: a.Source, Lockfile: a.Lockfile, Rule: policy.RuleName(a.Rule), Reason: a.Reason, By: a.By, Number: a.Number,
			},
		})
	}
	return list, err
}

func (k accepted) Retract(ctx context.Context, repo review.Repository, number int, remark review.RemarkRef) error {
	return k.store.Retract(ctx, repo.Installation, repo.ID, number, string(remark.Kind), remark.ID)
}

func (k accepted) End(ctx context.Context, repo review.Repository, number int) error {
	return k.store.EndAcceptances(ctx, repo.Installation, repo.ID, number)
}
