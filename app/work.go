package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/bonafide-app/bonafide/app/queue"
	"github.com/bonafide-app/bonafide/app/report"
	"github.com/bonafide-app/bonafide/app/review"
	"github.com/bonafide-app/bonafide/app/store"
)

// work does one job.
func (a *App) work(ctx context.Context, job queue.Job, attempt queue.Attempt) error {
	repo := review.Repository{Installation: job.Installation, Owner: job.Owner, Name: job.Repo}
	try := review.Try{Last: attempt.Last, Elapsed: attempt.Elapsed}
	if job.Reason == "rerequested" {
		try.Rerun = job.Delivery
	}
	log := a.log.With().Str("delivery", job.Delivery).Str("kind", string(job.Kind)).Int64("installation", job.Installation).
		Str("repository", job.Owner+"/"+job.Repo).Int("pull_request", job.Number).Str("head", job.Head).Logger()
	ctx = log.WithContext(ctx)
	switch job.Kind {
	case queue.PullRequest:
		return a.runner.PullRequest(ctx, repo, job.Number, job.Head, try)
	case queue.Commit:
		return a.runner.Commit(ctx, repo, job.Head, try)
	case queue.MergeGroup:
		return a.runner.MergeGroup(ctx, repo, review.Group{HeadSHA: job.Head, BaseSHA: job.Base, BaseRef: job.BaseRef}, try)
	case queue.Close:
		return a.runner.Closed(ctx, repo, job.Head, try)
	case queue.Installed:
		return a.installed(ctx, job, repo)
	case queue.Evict:
		a.forge.Evict(job.Installation)
		if job.Reason == "deleted" {
			return a.store.Forget(ctx, job.Installation)
		}
		return nil
	}
	return fmt.Errorf("a job of the unknown kind %q", job.Kind)
}

// installed makes a job of every recently updated pull request of a new repository.
func (a *App) installed(ctx context.Context, job queue.Job, repo review.Repository) error {
	pulls, err := a.runner.Recent(ctx, repo)
	if errors.Is(err, review.ErrGone) {
		return nil
	} else if err != nil {
		return fmt.Errorf("list the pull requests of %s/%s: %w", repo.Owner, repo.Name, err)
	}
	for _, p := range pulls {
		next := job
		next.Kind, next.Number, next.Reason = queue.PullRequest, p.Number, "installed"
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
		if err := report.JSON(&doc, section.Report); err != nil {
			return fmt.Errorf("the report of %s: %w", sha, err)
		}
		err := s.store.SaveReport(ctx, store.Report{
			Installation: repo.Installation, Owner: repo.Owner, Repo: repo.Name,
			Number: section.PullRequest, Head: sha, JSON: doc.Bytes(), At: section.Report.At,
		})
		if err != nil {
			return err
		}
	}
	return nil
}
