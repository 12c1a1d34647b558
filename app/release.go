package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"github.com/bonafide-app/bonafide/app/checks"
	"github.com/bonafide-app/bonafide/app/queue"
	"github.com/bonafide-app/bonafide/app/released"
	"github.com/bonafide-app/bonafide/app/review"
)

// releaseBusy is when a job looks again that found another one busy with its tag: a release
// and the push of its tag come together.
const releaseBusy = 3 * time.Second

// release says on the tagged commit whether a registry has what was released there, built by
// this repository. The tag is read anew in every attempt: one that was moved is looked at
// where it is now, and of one that went nothing is said.
//
// While the registry may still get it, the check is completed as neutral and says that it
// waits: one in progress would hold up a workflow that publishes once all checks are done.
func (a *App) release(ctx context.Context, job queue.Job, repo review.Repository, try review.Try, stored time.Time) error {
	tag, ok := released.ParseTag(job.Tag)
	if !ok {
		return nil
	}
	ctx, free, held, err := leases{a.store, leaseRenew}.Take(ctx, fmt.Sprintf("release/%d/%s", repo.ID, tag.Name))
	switch {
	case err != nil:
		return fmt.Errorf("look whether another job is busy with this tag: %w", err)
	case !held:
		return &review.Later{After: releaseBusy, Reason: "another job is busy with this tag"}
	}
	defer free()
	home, err := a.forge.Home(ctx, repo)
	if errors.Is(err, review.ErrGone) {
		zerolog.Ctx(ctx).Info().Err(err).Msg("the repository is gone, or archived")
		return nil
	} else if err != nil {
		return err
	}
	p, asked, err := a.runner.Publishes(ctx, repo, home)
	if err != nil || !asked {
		return err
	}
	at, err := a.forge.Tagged(ctx, repo, tag.Name)
	if errors.Is(err, review.ErrGone) {
		return try.Gone(ctx, "the tag "+tag.Name, err)
	} else if err != nil {
		return err
	}
	if try.Rerun == "" { // of a release and the push of its tag one is enough
		if stands, err := a.forge.ReleaseStands(ctx, repo, at.Head, tag); err != nil || stands {
			return err
		}
	}
	check, again, nothing, err := a.runner.Released(ctx, repo, tag, at, home.Public, p, a.clock().Sub(stored), try)
	if err != nil || nothing {
		return err
	}
	// The tag may have been moved while the registry was asked.
	if now, err := a.forge.Tagged(ctx, repo, tag.Name); errors.Is(err, review.ErrGone) {
		return nil
	} else if err != nil {
		return err
	} else if now.Head != at.Head {
		return &review.Later{After: releaseBusy, Reason: "the tag was moved while it was looked at"}
	}
	err = a.forge.PublishRelease(ctx, repo, at.Head, tag, checks.Beside{
		Conclusion: check.Conclusion(), Title: check.Title(), Summary: check.Summary(), Again: try.Rerun != "" && again == 0,
	})
	if err != nil || again == 0 {
		return err
	}
	return &review.Later{After: again, Reason: "the registry may have more of " + tag.Name + " later", Limit: true} // somebody else is to do something first
}
